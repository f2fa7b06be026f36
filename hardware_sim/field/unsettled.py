"""Situations no scale can settle, or nobody should be charged for: the group ``review``.

Each says how a visit goes wrong; ``truth`` stays what is to be charged.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations_with_replacement
from random import Random

from hardware_sim.field import motion
from hardware_sim.field.goods import Good, Unit, declared, good, sd, stocked, unit, weight
from hardware_sim.field.habits import CORE, HARD, Habits
from hardware_sim.field.scene import Tray, tray
from hardware_sim.field.story import Story, begun, cabinet, ended, measuring, thinking

PLAIN = replace(CORE, trays=(2, 5), touch=0.0, lean=0.0)


def review(rng: Random) -> Story:
    """One of ``UNSETTLED``, at an ordinary or (one in three) a poor scale."""
    name = rng.choice(sorted(UNSETTLED))
    poor = replace(HARD, trays=PLAIN.trays, goods=PLAIN.goods, lift_s=PLAIN.lift_s, apart=PLAIN.apart)
    habits = rng.choice((PLAIN, PLAIN, poor))
    return UNSETTLED[name](rng, habits, [name])


def _with(rng: Random, habits: Habits, goods: list[Good]) -> list[Tray]:
    """A cabinet whose first tray holds these goods."""
    trays = cabinet(rng, habits)
    trays[0] = tray(rng, 0, goods, stocked(rng, goods))
    return trays


def _some(story: Story, t: float, number: int, count: int) -> float:
    """Any ``count`` packs of a tray, one by one."""
    rng, scene = story.scene.rng, story.scene
    for _ in range(count):
        units = scene.trays[number].units
        t = scene.take(t, number, [rng.choice(units)]) + thinking(rng, scene.habits)
    return t


def _closed(story: Story, t: float, truth: Counter[str] | None = None) -> Story:
    story.truth = story.scene.owed() if truth is None else truth
    return ended(story, t)


def _twins(rng: Random, habits: Habits, oddities: list[str]) -> Story:
    one = good(rng, 90)
    two = declared(rng, "FS-91000", one.unit_g + 0.3 * rng.uniform(-1, 1) * one.sd_g, one.sd_g)
    story, t = begun(rng, habits, oddities, _with(rng, habits, [one, two]))
    return _closed(story, _some(story, t, 0, rng.randint(1, 2)))


def _sums(rng: Random, habits: Habits, oddities: list[str]) -> Story:
    """Two goods together weigh what a third does; either the two are taken in one grip, or the third."""
    one, two = (declared(rng, f"FS-9{n}000", rng.uniform(60.0, 600.0), rng.uniform(0.8, 3.0)) for n in (1, 2))
    both = declared(rng, "FS-93000", one.unit_g + two.unit_g + rng.uniform(-0.5, 0.5), one.sd_g)
    story, t = begun(rng, habits, oddities, _with(rng, habits, [one, two, both]))
    wanted = rng.choice(([one.sku, two.sku], [both.sku]))
    units = [next(unit for unit in story.scene.trays[0].units if unit.sku == sku) for sku in wanted]
    return _closed(story, story.scene.take(t, 0, units) + thinking(rng, habits))


def _foreign(rng: Random, habits: Habits, oddities: list[str]) -> Story:
    story, t = begun(rng, habits, oddities, cabinet(rng, habits))
    t = _some(story, t, rng.randrange(len(story.scene.trays)), rng.randint(0, 2))
    thing = Unit("", rng.uniform(50.0, 1500.0))
    t = story.scene.add(t, rng.randrange(len(story.scene.trays)), thing, "foreign")
    return _closed(story, t + thinking(rng, habits))


def _swap(rng: Random, habits: Habits, oddities: list[str]) -> Story:
    """A pack goes, something of another weight is left in its place."""
    story, t = begun(rng, habits, oddities, cabinet(rng, habits))
    number = rng.randrange(len(story.scene.trays))
    pack = rng.choice(story.scene.trays[number].units)
    t = story.scene.take(t, number, [pack]) + rng.uniform(0.2, 4.0)
    thing = Unit("", pack.grams * rng.choice((rng.uniform(0.4, 0.85), rng.uniform(1.15, 1.6))))
    return _closed(story, story.scene.add(t, number, thing, "foreign") + thinking(rng, habits))


def _eaten(rng: Random, habits: Habits, oddities: list[str]) -> Story:
    story, t = begun(rng, habits, oddities, cabinet(rng, habits))
    number = rng.randrange(len(story.scene.trays))
    pack = rng.choice(story.scene.trays[number].units)
    t = story.scene.take(t, number, [pack]) + rng.uniform(5.0, 25.0)
    rest = Unit(pack.sku, pack.grams * rng.uniform(0.3, 0.9))
    return _closed(story, story.scene.add(t, number, rest, "partial") + thinking(rng, habits))


def _silent(rng: Random, habits: Habits, oddities: list[str]) -> Story:
    """A tray falls silent before, or just after, something is taken from it."""
    story, t = begun(rng, habits, oddities, cabinet(rng, habits))
    number = rng.randrange(len(story.scene.trays))
    story.silent[number] = t + rng.uniform(-0.4, 0.2)
    t = _some(story, t, number, rng.randint(1, 2))
    return _closed(story, t)


def _saturated(rng: Random, habits: Habits, oddities: list[str]) -> Story:
    """A tray loaded beyond what its scale shows: a part of the pack that leaves is not seen.

    Some of it is, and fits no pack: else nobody could tell.
    """
    story, t = begun(rng, habits, oddities, cabinet(rng, habits))
    number = rng.randrange(len(story.scene.trays))
    place, scale = story.scene.trays[number], story.scales[number]
    pack = rng.choice(place.units)
    shares = (rng.uniform(0.2, 0.85) for _ in range(200))
    seen_g = next(
        (g for g in (pack.grams * share for share in shares) if _strange(g, place, habits)), 0.5 * pack.grams
    )
    ceiling = scale.zero_g + story.scene.loads[number] - (pack.grams - seen_g)
    story.scales[number] = replace(scale, ceiling_g=round(ceiling, 1))
    return _closed(story, story.scene.take(t, number, [pack]) + thinking(rng, habits))


def _pressing(rng: Random, habits: Habits, oddities: list[str]) -> Story:
    """A hand rests on a tray when the door falls to, and still does when the record ends."""
    story, t = begun(rng, habits, oddities, cabinet(rng, habits))
    number = rng.randrange(len(story.scene.trays))
    t = _some(story, t, number, 1)
    story = _closed(story, t)
    hand = motion.press(rng, t, story.until - t + 5.0, rng.uniform(100.0, 2500.0), habits.tremor)
    story.scene.forces[number].append(hand)
    return story


def _unplanned(rng: Random, habits: Habits, oddities: list[str]) -> Story:
    """The tray holds a good that its planogram does not name, and that is what is taken."""
    trays = cabinet(rng, habits)
    number = rng.randrange(len(trays))
    strangers = (good(rng, 90) for _ in range(200))
    stranger = next(one for one in strangers if _strange(one.unit_g, trays[number], habits))
    trays[number].units = [unit(rng, stranger) for _ in range(4)]
    trays[number].booked = Counter(dict.fromkeys(trays[number].booked, 4))
    story, t = begun(rng, habits, oddities, trays)
    return _closed(story, _some(story, t, number, rng.randint(1, 2)), Counter())


def _strange(grams: float, place: Tray, habits: Habits) -> bool:
    """Whether this weight cannot be taken for nothing, nor for up to four packs of what is planned."""
    baskets = (Counter(units) for n in range(5) for units in combinations_with_replacement(place.goods, n))
    measured = measuring(habits, grams)
    return all(abs(grams - weight(b)) >= habits.apart * sd(b, Counter(), measured) for b in baskets)


def _beyond(rng: Random, habits: Habits, oddities: list[str]) -> Story:
    """More stands there, and is taken, than is booked."""
    one = declared(rng, "FS-94000", rng.uniform(80.0, 500.0), rng.uniform(0.8, 3.0))
    trays = _with(rng, habits, [one])
    booked = rng.randint(1, 3)
    trays[0].units = [unit(rng, one) for _ in range(booked + 2)]
    trays[0].booked = Counter({one.sku: booked})
    story, t = begun(rng, habits, oddities, trays)
    return _closed(story, _some(story, t, 0, booked + rng.randint(1, 2)))


def _armful(rng: Random, habits: Habits, oddities: list[str]) -> Story:
    """Five to ten packs of several goods leave in one go."""
    goods = [declared(rng, f"FS-9{n}000", rng.uniform(50.0, 700.0), rng.uniform(0.8, 4.0)) for n in range(4)]
    story, t = begun(rng, habits, oddities, _with(rng, habits, goods))
    units = story.scene.trays[0].units
    armful = rng.sample(units, min(len(units), rng.randint(5, 10)))
    return _closed(story, story.scene.take(t, 0, armful, 1.6) + thinking(rng, habits))


UNSETTLED: dict[str, Callable[[Random, Habits, list[str]], Story]] = {
    "equal-twins": _twins,
    "colliding-sums": _sums,
    "foreign-left": _foreign,
    "swap": _swap,
    "partly-eaten": _eaten,
    "silent-tray": _silent,
    "saturated-tray": _saturated,
    "pressing-at-the-end": _pressing,
    "unplanned-good": _unplanned,
    "more-than-booked": _beyond,
    "armful": _armful,
}
