"""How people, goods and scales usually are: every range a session draws from, with its reason.

Knows numbers only. ``CORE`` is a calm shopper at an ordinary scale, ``HARD`` a busy one at a poor scale;
``TROUBLES`` are single complaints, of which a hard session has one to three.
"""

from dataclasses import dataclass, replace
from random import Random
from typing import Any

Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """Ranges are (lowest, highest) and drawn per session or per act; shares are probabilities of an act."""

    # The cabinet. A module has up to six trays; two modules on one line up to sixteen.
    trays: tuple[int, int]
    goods: tuple[float, ...]  # how often a tray holds 1, 2, … goods: one good a tray is the rule in shops
    apart: float  # what can be handled in one go differs by at least this many combined sd
    # People. Lifting takes a calm hand 0.3–0.9 s (least-jerk reach, peak speed 1.9 × mean), a hasty 0.12 s.
    actions: tuple[int, int]
    pause_s: Range  # between acts: shortest, and median of what comes on top (log-normal, people read labels)
    lift_s: Range
    squeeze_g: Range  # fingers press a pack down before they lift it; soft bags take more
    tremor: float  # share of a held force, at 8–12 Hz (physiological) on a 0.5 Hz sway
    touch: float
    lean: float
    lean_g: Range = (150.0, 4000.0)  # a resting hand to an elbow with some body weight
    put_back: float
    wrong_tray: float = 0.0  # of the put-backs
    several: float = 0.0  # takes of two or three in one grip
    two_hands: float = 0.0  # takes that have a second one beside them within 0.3 s
    quick_return: float = 0.0  # lifted, looked at for under a second, put down
    roll: float = 0.0  # bottles laid down that go on rolling
    people: int = 1
    lean_over: float = 0.0  # share of takes during which another arm rests on some tray
    # Scales. 1 g is what transmitters show; a second in the middle must do, so filters remember ≤ 0.6 s.
    poll_hz: Range  # a sweep of a 9600 baud line gives about 5 Hz, a broadcast at 115200 up to 80
    jitter: float  # of the poll period: other traffic on the line
    apart_in_time: bool = False  # trays on their own transmitters, each with its own rate
    noise_g: Range  # of one conversion; a 24-bit converter has 0.05, cheap boards with long wires 1–2
    flicker_g: Range  # slow wander over 2–20 s: air, 1/f
    hum_g: Range  # 50 Hz, sampled by the conversion and folded down to a beat
    steps_g: tuple[float, ...]  # display divisions, drawn evenly
    memory_s: Range  # what the transmitter's own filter remembers
    slope_g_s: float = (
        0.004  # temperature: 1 g/°C for cheap cells, an office warms 8 °C a day; door open more
    )
    warm_up_g: Range = (0.0, 0.0)  # after switch-on a zero walked 13 g in seven minutes
    vibration_g: Range = (0.0, 0.3)  # compressor, 11–25 Hz
    glitches: float = 0.0  # share of rows with a wild value
    gaps: tuple[int, int] = (0, 0)  # holes in single trays' rows, 0.4–2 s


CORE = Habits(
    trays=(1, 6),
    goods=(0.75, 0.25),
    apart=5.0,
    actions=(1, 4),
    pause_s=(1.6, 1.8),
    lift_s=(0.3, 0.9),
    squeeze_g=(10.0, 250.0),
    tremor=0.02,
    touch=0.15,
    lean=0.08,
    put_back=0.12,
    poll_hz=(5.0, 20.0),
    jitter=0.03,
    noise_g=(0.1, 0.9),
    flicker_g=(0.0, 0.3),
    hum_g=(0.0, 0.3),
    steps_g=(0.1, 0.5, 1.0, 1.0, 1.0),
    memory_s=(0.05, 0.4),
)

HARD = replace(
    CORE,
    trays=(2, 8),
    goods=(0.3, 0.4, 0.2, 0.1),
    apart=4.0,
    actions=(2, 7),
    pause_s=(0.9, 1.0),
    lift_s=(0.2, 0.7),
    squeeze_g=(20.0, 500.0),
    tremor=0.04,
    touch=0.2,
    lean=0.1,
    put_back=0.2,
    several=0.1,
    poll_hz=(5.0, 25.0),
    jitter=0.08,
    noise_g=(0.2, 1.4),
    flicker_g=(0.1, 0.5),
    hum_g=(0.0, 0.6),
    steps_g=(1.0, 1.0, 2.0),
    memory_s=(0.05, 0.55),
    slope_g_s=0.02,
    vibration_g=(0.0, 0.8),
)

# One complaint each: what a hard session changes in HARD.
TROUBLES: dict[str, dict[str, Any]] = {
    "hasty": {"pause_s": (0.35, 0.4), "lift_s": (0.12, 0.35)},
    "two-hands": {"two_hands": 0.5},
    "two-people": {"people": 2},
    "wrong-tray": {"put_back": 0.4, "wrong_tray": 0.5},
    "several": {"several": 0.5},
    "mixed": {"goods": (0.0, 0.4, 0.35, 0.25)},
    "quick-return": {"quick_return": 0.4},
    "glitches": {"glitches": 0.01},
    "gaps": {"gaps": (1, 3)},
    "drift": {"slope_g_s": 0.08},
    "warm-up": {"warm_up_g": (4.0, 14.0)},
    "coarse": {"steps_g": (2.0, 5.0)},
    "slow-line": {"poll_hz": (4.0, 5.0)},
    "fast-line": {"poll_hz": (40.0, 80.0), "trays": (2, 5)},
    "own-rates": {"apart_in_time": True, "jitter": 0.25},
    "noisy": {"noise_g": (1.2, 2.2), "hum_g": (0.3, 1.0)},
    "tremor": {"tremor": 0.12, "lean": 0.3},
    "rolling": {"roll": 0.6},
    "vibration": {"vibration_g": (1.0, 3.5)},
    "long": {"pause_s": (2.0, 14.0), "actions": (4, 9)},
    "many-trays": {"trays": (10, 16), "poll_hz": (4.0, 12.0)},
    "lean-over": {"lean_over": 0.5},
}


def troubled(rng: Random) -> tuple[list[str], Habits]:
    """A hard session's complaints, and what they make of ``HARD``; where two differ, the last counts."""
    names = rng.sample(sorted(TROUBLES), rng.choice((1, 1, 2, 2, 3)))
    changes = {key: value for name in names for key, value in TROUBLES[name].items()}
    return names, replace(HARD, **changes)
