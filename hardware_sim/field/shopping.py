"""Ordinary and busy visits, and visits that take nothing: the groups ``core``, ``hard`` and ``nothing``."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from hardware_sim.field import motion
from hardware_sim.field.goods import Unit
from hardware_sim.field.habits import CORE, HARD, Habits, troubled
from hardware_sim.field.scene import Scene
from hardware_sim.field.story import Story, begun, cabinet, ended, thinking


def core(rng: Random) -> Story:
    """Calm shopping at an ordinary scale."""
    return _visit(rng, CORE, ["shopping"])


def hard(rng: Random) -> Story:
    """Busy shopping with one to three troubles, told apart by weight all the same."""
    names, habits = troubled(rng)
    return _visit(rng, habits, names)


def nothing(rng: Random) -> Story:
    """The door was opened and nothing left the cabinet."""
    name = rng.choice(sorted(NOTHING))
    habits = rng.choice((CORE, HARD))
    habits = replace(habits, goods=CORE.goods, trays=(1, 6))
    story, t = begun(rng, habits, [name], cabinet(rng, habits))
    for _ in range(rng.randint(1, 3)):
        t = NOTHING[name](story.scene, t) + thinking(rng, habits)
    return ended(story, t)


def _visit(rng: Random, habits: Habits, oddities: list[str]) -> Story:
    many = habits.several + habits.quick_return + habits.two_hands + habits.people - 1
    story, t = begun(rng, habits, oddities, cabinet(rng, habits, 3 if many > 0.2 else 2))
    scene = story.scene
    cursors = [t + who * rng.uniform(0.3, 3.0) for who in range(habits.people)]
    for _ in range(rng.randint(*habits.actions)):
        who = cursors.index(min(cursors))
        cursors[who] = _act(scene, cursors[who]) + thinking(rng, habits)
    story.truth = scene.owed()
    return ended(story, max(cursors))


def _act(scene: Scene, t: float) -> float:
    rng, habits = scene.rng, scene.habits
    if rng.random() < habits.touch:
        t = scene.touch(t, rng.randrange(len(scene.trays))) + rng.uniform(0.3, 1.0)
    if rng.random() < habits.lean:
        t = scene.lean(t, rng.randrange(len(scene.trays)), rng.uniform(0.8, 4.0)) + rng.uniform(0.8, 1.6)
    held = [(tray, unit) for tray, unit in scene.hand if unit.since <= t]
    if held and rng.random() < habits.put_back:
        return _put_back(scene, t, *rng.choice(held))
    if rng.random() < habits.lean_over:
        scene.lean(t - rng.uniform(0.1, 0.8), rng.randrange(len(scene.trays)), rng.uniform(1.5, 5.0))
    return _take(scene, t)


def _take(scene: Scene, t: float) -> float:
    rng, habits = scene.rng, scene.habits
    stocked = [number for number, tray in enumerate(scene.trays) if _own(scene, number, t)]
    if not stocked:
        return t
    number = rng.choice(stocked)
    units = _own(scene, number, t)
    if rng.random() < habits.quick_return:
        return _looked_at(scene, t, number, rng.choice(units))
    count = min(len(units), rng.choice((2, 2, 3))) if rng.random() < habits.several else 1
    end = scene.take(t, number, rng.sample(units, count))
    if rng.random() < habits.two_hands:
        other = rng.choice(stocked)
        if left := _own(scene, other, t):
            end = max(end, scene.take(t + rng.uniform(0.0, 0.3), other, [rng.choice(left)]))
    return end


def _own(scene: Scene, number: int, t: float) -> list[Unit]:
    """Packs that stand on a tray and belong there; a stray one is left alone."""
    tray = scene.trays[number]
    return [unit for unit in tray.units if unit.sku in tray.booked and unit.since <= t]


def _looked_at(scene: Scene, t: float, number: int, unit: Unit) -> float:
    t = scene.take(t, number, [unit], 0.7) + scene.rng.uniform(0.1, 1.2)
    return scene.put(t, number, unit, hurry=0.7)


def _put_back(scene: Scene, t: float, home: int, unit: Unit) -> float:
    rng = scene.rng
    others = [number for number in range(len(scene.trays)) if number != home]
    if others and rng.random() < scene.habits.wrong_tray:
        return scene.put(t, rng.choice(others), unit, "misplaced")
    return scene.put(t, home, unit)


def _touches(scene: Scene, t: float) -> float:
    return scene.touch(t, scene.rng.randrange(len(scene.trays)))


def _leans(scene: Scene, t: float) -> float:
    return scene.lean(t, scene.rng.randrange(len(scene.trays)), scene.rng.uniform(0.8, 8.0))


def _returns(scene: Scene, t: float) -> float:
    number = scene.rng.randrange(len(scene.trays))
    unit = scene.rng.choice(scene.trays[number].units)
    t = scene.take(t, number, [unit]) + scene.rng.uniform(0.2, 8.0)
    return scene.put(t, number, unit)


def _melon(scene: Scene, t: float) -> float:
    """Something of the buyer's own is set down and taken along again."""
    rng, number = scene.rng, scene.rng.randrange(len(scene.trays))
    melon = Unit("", rng.uniform(300.0, 3000.0))
    t = scene.add(t, number, melon, "foreign") + rng.uniform(1.0, 15.0)
    return scene.remove(t, number, melon, "foreign")


def _slam(scene: Scene, t: float) -> float:
    return scene.shake(t, scene.rng.uniform(1.0, 5.0))


def _trembles(scene: Scene, t: float) -> float:
    seconds = scene.rng.uniform(2.0, 8.0)
    for forces in scene.forces:
        forces.append(motion.trundle(scene.rng, t, seconds, scene.rng.uniform(2.0, 20.0)))
    return t + seconds


def _shoves(scene: Scene, t: float) -> float:
    return scene.shove(t, scene.rng.randrange(len(scene.trays)))


NOTHING: dict[str, Callable[[Scene, float], float]] = {
    "touches": _touches,
    "leans": _leans,
    "take-and-return": _returns,
    "melon": _melon,
    "slam": _slam,
    "vibration": _trembles,
    "goods-moved": _shoves,
}
