"""The nine things of level L4 that people should not do, each a deed of one person."""

from collections.abc import Iterator

from hardware_sim.sessions.levels import Range
from hardware_sim.sessions.stock import Unit
from hardware_sim.sessions.visit import TREMOR, Deed, Load, Shopper, Visit, grab

FOREIGN_G: Range = (30.0, 900.0)
LIGHTER: Range = (0.4, 0.9)
"""A swapped-in thing's weight as a share of what it is to pass for."""
SAME_G = 3.0
LEFT_OVER: Range = (0.2, 0.85)
PRESS: Range = (0.8, 1.2)
PRESS_S: Range = (3.0, 6.0)
BULK = (4, 9)
BULK_S: Range = (0.3, 0.8)


def foreign_left(visit: Visit, person: Shopper) -> Iterator[None]:
    """Something is put down and forgotten."""
    tray = visit.random.randrange(len(visit.cabinet.units))
    visit.load(person, tray, visit.between(FOREIGN_G), "foreign", None)
    yield from ()


def foreign_removed(visit: Visit, person: Shopper) -> Iterator[None]:
    """Something is put down and taken away again."""
    tray, grams = visit.random.randrange(len(visit.cabinet.units)), visit.between(FOREIGN_G)
    visit.load(person, tray, grams, "foreign", None)
    person.at += visit.pause()
    yield
    visit.unload(person, tray, grams)


def swap_other(visit: Visit, person: Shopper) -> Iterator[None]:
    """Goods go, something lighter comes in their place."""
    unit = _taken(visit, person)
    yield from _replaced(visit, person, unit, unit.grams * visit.between(LIGHTER))


def swap_same(visit: Visit, person: Shopper) -> Iterator[None]:
    """Goods go, something of nearly their weight comes in their place: no scale can tell."""
    unit = _taken(visit, person)
    yield from _replaced(visit, person, unit, unit.grams + visit.random.uniform(-SAME_G, SAME_G))


def partly_eaten(visit: Visit, person: Shopper) -> Iterator[None]:
    """Goods come back opened and lighter."""
    unit = _taken(visit, person)
    yield from _replaced(visit, person, unit, unit.grams * visit.between(LEFT_OVER))


def relocation(visit: Visit, person: Shopper) -> Iterator[None]:
    """Goods are put where others belong."""
    unit = _taken(visit, person)
    others = [tray for tray in range(len(visit.cabinet.units)) if tray != unit.home]
    person.at += visit.pause()
    yield
    visit.put(person, visit.random.choice(others), [unit])


def press_take(visit: Visit, person: Shopper) -> Iterator[None]:
    """A hand presses about as hard as the goods weigh while the other takes them."""
    tray = visit.random.choice(visit.cabinet.stocked())
    unit = visit.random.choice(visit.cabinet.units[tray])
    seconds, began = visit.between(PRESS_S), person.at
    press = Load(began, seconds, tray, unit.grams * visit.between(PRESS), visit.between(TREMOR))
    visit.loads.append(press)
    person.at = began + visit.random.uniform(0.4, seconds - 1.4)
    yield
    if unit in visit.cabinet.units[tray]:
        visit.take(person, tray, [unit])
    person.at = max(person.at, press.end)


def cycles(visit: Visit, person: Shopper) -> Iterator[None]:
    """One piece is taken and put back three times; every other person takes it in the end."""
    unit = _taken(visit, person)
    home = unit.home
    for turn in range(3):
        person.at += visit.pause()
        yield
        visit.put(person, home, [unit])
        if turn < 2 or visit.random.random() < 0.5:
            person.at += visit.pause()
            yield
            if unit not in visit.cabinet.units[home]:
                return
            visit.take(person, home, [unit])


def bulk(visit: Visit, person: Shopper) -> Iterator[None]:
    """Four to nine pieces at once."""
    size = visit.random.randint(*BULK)
    trays = visit.cabinet.stocked(size) or visit.cabinet.stocked()
    tray = visit.random.choice(trays)
    visit.take(person, tray, grab(visit, tray, size), visit.between(BULK_S))
    yield from ()


def _taken(visit: Visit, person: Shopper) -> Unit:
    tray = visit.random.choice(visit.cabinet.stocked())
    unit = visit.random.choice(visit.cabinet.units[tray])
    visit.take(person, tray, [unit])
    return unit


def _replaced(visit: Visit, person: Shopper, unit: Unit, grams: float) -> Iterator[None]:
    person.hand.remove(unit)
    person.kept.append(unit)
    person.at += visit.pause()
    yield
    visit.load(person, unit.home, grams, "foreign", None)


ODDITIES: dict[str, Deed] = {
    each.__name__: each
    for each in (
        foreign_left,
        foreign_removed,
        swap_other,
        swap_same,
        partly_eaten,
        relocation,
        press_take,
        cycles,
        bulk,
    )
}
"""By the name that a session's ``oddity`` carries; all equally likely."""


def odd(visit: Visit, person: Shopper) -> Iterator[None]:
    """One of them, noted in the visit; nothing where everything has been taken."""
    name = visit.random.choice(list(ODDITIES))
    if visit.cabinet.stocked():
        visit.oddity = name
        yield from ODDITIES[name](visit, person)
