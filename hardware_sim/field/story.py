"""A visit from the bolt to the closed door: what a story is, its frame, and the cabinets it plays in."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from random import Random

from hardware_sim.field.goods import Good, good, sd, stocked, weight
from hardware_sim.field.habits import Habits
from hardware_sim.field.motion import end_of
from hardware_sim.field.scale import Scale, drawn
from hardware_sim.field.scene import Scene, Tray, tray

QUIET_BEFORE_S = 1.0
QUIET_AFTER_S = 1.5


@dataclass(slots=True)
class Story:
    """All of one session but its rows. ``truth`` is what is to be charged."""

    oddities: list[str]
    scene: Scene
    scales: list[Scale]
    until: float = 0.0
    truth: Counter[str] = field(default_factory=Counter)
    gaps: list[tuple[int, float, float]] = field(default_factory=list)
    silent: dict[int, float] = field(default_factory=dict)


def begun(rng: Random, habits: Habits, oddities: list[str], trays: list[Tray]) -> tuple[Story, float]:
    """A story whose bolt has moved and whose door stands open, and the time of the first reach."""
    scene = Scene(rng, habits, trays)
    step = rng.choice(habits.steps_g)
    story = Story(oddities, scene, [drawn(rng, habits, step) for _ in trays])
    bolt = scene.shake(rng.uniform(1.05, 2.0), 0.15)
    door = scene.shake(bolt + rng.uniform(0.1, 1.5), 0.4)
    return story, door + rng.uniform(0.5, 3.0)


def ended(story: Story, t: float) -> Story:
    """The door falls shut (most let it slam), the scales come to rest, the record stops."""
    rng = story.scene.rng
    forces = [force for tray in story.scene.forces for force in tray]
    shut = story.scene.shake(max(t, end_of(forces)) + rng.uniform(0.5, 1.5), rng.choice((0.3, 1.0, 1.0, 3.0)))
    memory = max(settling(scale) for scale in story.scales)
    story.until = shut + memory + QUIET_AFTER_S + rng.uniform(0.2, 2.0)
    story.scene.events.sort()
    _holes(story)
    return story


def cabinet(rng: Random, habits: Habits, most: int = 2) -> list[Tray]:
    """Trays whose goods weigh apart: baskets of up to ``most`` units differ by ``apart`` combined sd."""
    trays: list[Tray] = []
    shelf: list[Good] = []
    for number in range(rng.randint(*habits.trays)):
        twice = shelf and rng.random() < 0.06
        first = rng.choice(shelf) if twice else good(rng, 10 * number)
        goods = [first]
        wanted = rng.choices(range(1, len(habits.goods) + 1), habits.goods)[0]
        for _ in range(60):
            if len(goods) == wanted:
                break
            other = good(rng, 10 * number + len(goods))
            if told_apart([*goods, other], most, habits):
                goods.append(other)
        shelf += goods[1:] if twice else goods
        trays.append(tray(rng, number, goods, stocked(rng, goods)))
    return trays


def told_apart(goods: list[Good], most: int, habits: Habits) -> bool:
    """Whether every two baskets of up to ``most`` units of these goods weigh apart."""
    baskets = [Counter(units) for n in range(most + 1) for units in combinations_with_replacement(goods, n)]
    return all(
        abs(weight(a) - weight(b)) >= habits.apart * sd(a, b, measuring(habits, max(weight(a), weight(b))))
        for number, a in enumerate(baskets)
        for b in baskets[:number]
    )


def measuring(habits: Habits, grams: float) -> float:
    """Sd, g, of one change as a patient eye reads it: noise, division, corner load and span of ``grams``."""
    step = max(habits.steps_g)
    noise = 0.5 * habits.noise_g[1] + habits.flicker_g[1] + 0.3
    return float((2 * noise**2 + step**2 / 6 + (8e-4 * grams) ** 2) ** 0.5)


def thinking(rng: Random, habits: Habits) -> float:
    """Seconds between two acts."""
    shortest, median = habits.pause_s
    return shortest + median * min(6.0, rng.lognormvariate(0.0, 0.8))


def settling(scale: Scale) -> float:
    """Seconds after which plate and filter show a new load."""
    length = scale.mean_of if scale.mean_of else 4.0 / scale.pole
    return length / scale.convert_hz + 4.0 / (scale.damping * 6.28 * scale.plate_hz)


def _holes(story: Story) -> None:
    rng = story.scene.rng
    for _ in range(rng.randint(*story.scene.habits.gaps)):
        length = rng.uniform(0.4, 2.0)
        latest = story.until - QUIET_AFTER_S - length
        if latest > QUIET_BEFORE_S:
            start = rng.uniform(QUIET_BEFORE_S, latest)
            story.gaps.append((rng.randrange(len(story.scene.trays)), start, start + length))
