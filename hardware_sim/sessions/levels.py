"""The levels of difficulty as one table. Knows how people and scales behave, not how a session is made.

The habits are guesses anchored on two field figures (24 % of movements are put-backs, a median of three
movements a visit) and the scales on one recorded rig (0.55 g of white noise at 10 Hz, 1 % glitches, gaps
of 0.4 to 10 s); L0 to L4 span what better and worse cabinets and busier people would do.
"""

from dataclasses import dataclass, replace

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Habits:
    """What people do. Shares are probabilities, ranges uniform.

    actions: of the first person; nothing: sessions in which no goods are touched. pause_s: between two
    movements, bunch: share of pauses that are nearly none. put_back: share of actions with a full hand;
    wrong: share of put-backs that land on another tray. two: more than one piece in a movement; quick:
    movements of a tenth of a second; touch: a squeeze before a take; lean: an arm on a tray, per action.
    """

    actions: tuple[int, int]
    nothing: float
    pause_s: Range
    bunch: float
    put_back: float
    wrong: float
    two: float
    quick: float
    touch: float
    lean: float
    two_people: float
    oddities: float = 0.0


@dataclass(frozen=True, slots=True)
class Scale:
    """What a tray's electronics add. rates_hz: one is drawn a session.

    noise_g: white, at 10 Hz; flicker_g: correlated over 0.3, 2 and 15 s; walk_g: per root second;
    drift_g: per second; creep: share of the load; corner: share of a placed mass; vibration_g: of a
    compressor, and of the door; glitch: share of readings; gaps: per second.
    """

    rates_hz: tuple[int, ...]
    noise_g: float
    flicker_g: float
    walk_g: float
    drift_g: float
    creep: float
    corner: float
    vibration_g: float
    glitch: float
    gaps: float


@dataclass(frozen=True, slots=True)
class Level:
    """apart: smallest d′ between two baskets of a tray, None for any planogram; lot: a lot's bias in sd."""

    name: str
    trays: tuple[int, int]
    skus: tuple[int, int]
    apart: float | None
    lot: float
    habits: Habits
    scale: Scale


_L3 = Level(
    "L3",
    trays=(3, 6),
    skus=(3, 6),
    apart=None,
    lot=0.8,
    habits=Habits((2, 9), 0.06, (0.25, 2.2), 0.25, 0.30, 0.25, 0.25, 0.25, 0.6, 0.10, 0.30),
    scale=Scale((10, 10, 20, 40, 80), 1.2, 0.5, 0.05, 0.020, 6e-4, 1.2e-3, 1.2, 1e-2, 0.08),
)

LEVELS = {
    level.name: level
    for level in (
        Level(
            "L0",
            trays=(3, 5),
            skus=(1, 1),
            apart=4.0,
            lot=0.0,
            habits=Habits((1, 3), 0.10, (2.5, 5.0), 0.0, 0.0, 0.0, 0.0, 0.0, 0.10, 0.0, 0.0),
            scale=Scale((10,), 0.4, 0.1, 0.01, 0.002, 2e-4, 2e-4, 0.0, 0.0, 0.0),
        ),
        Level(
            "L1",
            trays=(3, 6),
            skus=(1, 2),
            apart=4.0,
            lot=0.3,
            habits=Habits((1, 4), 0.10, (1.2, 4.0), 0.05, 0.15, 0.05, 0.05, 0.05, 0.35, 0.03, 0.05),
            scale=Scale((10, 20), 0.6, 0.2, 0.02, 0.005, 3e-4, 5e-4, 0.3, 1e-3, 0.02),
        ),
        Level(
            "L2",
            trays=(3, 6),
            skus=(2, 4),
            apart=4.0,
            lot=0.5,
            habits=Habits((1, 6), 0.08, (0.6, 3.0), 0.12, 0.25, 0.15, 0.15, 0.15, 0.5, 0.06, 0.10),
            scale=Scale((10, 10, 20, 40), 0.8, 0.3, 0.03, 0.010, 4e-4, 8e-4, 0.6, 3e-3, 0.04),
        ),
        replace(_L3, name="L3s", apart=4.0),
        _L3,
        Level(
            "L4",
            trays=(3, 6),
            skus=(2, 5),
            apart=3.0,
            lot=0.5,
            habits=Habits(
                (1, 5), 0.04, (0.5, 3.0), 0.15, 0.25, 0.25, 0.15, 0.20, 0.5, 0.15, 0.15, oddities=0.7
            ),
            scale=Scale((10, 20, 40), 0.9, 0.3, 0.04, 0.015, 5e-4, 1e-3, 0.8, 5e-3, 0.06),
        ),
    )
}
"""By name, easy to hard. L3s is L3 on trays whose baskets weigh apart; L4 adds what people should not do."""
