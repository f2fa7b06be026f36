"""What people do in one door session, as movements in time. It moves units; it knows no forces.

Every movement takes place at its start: whoever comes next finds what the one before left.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import exp, log
from random import Random

from hardware_sim.sessions.levels import Level, Range
from hardware_sim.sessions.stock import Cabinet, Unit

OPENED_S: Range = (1.2, 2.2)
"""The door opens this long after the record begins: scales need a quiet second."""
FIRST_S: Range = (0.5, 1.5)
REACTION_S = 0.35
BUNCH_S: Range = (0.05, 0.35)
THINK, THINK_S = 0.12, 8.0
LOOK, LOOK_S = 0.40, 6.0
"""Shares of pauses with a think, and of visits with a look around first; mean seconds."""
CLOSE_S: Range = (0.3, 1.2)
AFTER_S: Range = (2.2, 3.2)
"""From the last movement to the closing door; from there to the end of the record."""
SQUEEZE_S: Range = (0.15, 0.6)
SQUEEZE_G: Range = (40.0, 400.0)
LEAN_S: Range = (0.6, 5.0)
LEAN_G: Range = (150.0, 4000.0)
TREMOR: Range = (0.01, 0.08)
TAKE_S: Range = (0.12, 0.6)
QUICK_TAKE_S: Range = (0.05, 0.15)
PUT_S: Range = (0.08, 0.35)
QUICK_PUT_S: Range = (0.04, 0.12)


@dataclass(frozen=True, slots=True)
class Change:
    """A load that changed for good. grams: signed. action: take, put or foreign; sku "A+B" for several."""

    at: float
    seconds: float
    tray: int
    grams: float
    action: str
    sku: str | None

    @property
    def end(self) -> float:
        return self.at + self.seconds


@dataclass(frozen=True, slots=True)
class Load:
    """A hand on a tray for a while. tremor: its share; None for a squeeze, which comes and goes at once."""

    at: float
    seconds: float
    tray: int
    grams: float
    tremor: float | None

    @property
    def end(self) -> float:
        return self.at + self.seconds


@dataclass(slots=True)
class Shopper:
    """One person. hand: what may still go back; kept: charged whatever comes (eaten from, swapped)."""

    at: float
    deeds: "list[Deed]"
    hand: list[Unit] = field(default_factory=list)
    kept: list[Unit] = field(default_factory=list)


@dataclass(slots=True)
class Visit:
    """The session as it grows; ``closed`` and ``seconds`` are set at its end."""

    level: Level
    cabinet: Cabinet
    random: Random
    opened: float
    changes: list[Change] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    shoppers: list[Shopper] = field(default_factory=list)
    oddity: str | None = None
    closed: float = 0.0
    seconds: float = 0.0

    @property
    def truth(self) -> dict[str, int]:
        """What is to be charged: all that left, and all that was used."""
        gone = [unit for person in self.shoppers for unit in (*person.hand, *person.kept)]
        return dict(sorted(Counter(unit.sku for unit in gone).items()))

    def between(self, bounds: Range) -> float:
        return self.random.uniform(*bounds)

    def pause(self) -> float:
        """From the end of a movement to the next one."""
        habits = self.level.habits
        if self.random.random() < habits.bunch:
            return self.between(BUNCH_S)
        think = self.random.expovariate(1 / THINK_S) if self.random.random() < THINK else 0.0
        return REACTION_S + self.between(habits.pause_s) + think

    def take(self, person: Shopper, tray: int, units: list[Unit], seconds: float | None = None) -> None:
        """Take ``units`` off ``tray``, perhaps after a squeeze; they are in the hand then."""
        if self.random.random() < self.level.habits.touch:
            self.squeeze(person, tray)
        for unit in units:
            self.cabinet.units[tray].remove(unit)
            unit.home = tray
        person.hand += units
        grams = sum(unit.grams for unit in units)
        self._change(person, tray, -grams, "take", _named(units), seconds or self._pace(TAKE_S, QUICK_TAKE_S))

    def put(self, person: Shopper, tray: int, units: list[Unit]) -> None:
        """Put ``units`` of the hand on ``tray``, where anybody may take them again."""
        for unit in units:
            person.hand.remove(unit)
        self.cabinet.units[tray] += units
        self.load(person, tray, sum(unit.grams for unit in units), "put", _named(units))

    def load(self, person: Shopper, tray: int, grams: float, action: str, sku: str | None) -> None:
        """Lay something on ``tray``."""
        self._change(person, tray, grams, action, sku, self._pace(PUT_S, QUICK_PUT_S))

    def unload(self, person: Shopper, tray: int, grams: float) -> None:
        """Take back what was no goods."""
        self._change(person, tray, -grams, "foreign", None, self._pace(TAKE_S, QUICK_TAKE_S))

    def squeeze(self, person: Shopper, tray: int) -> None:
        load = Load(person.at, self.between(SQUEEZE_S), tray, log_uniform(SQUEEZE_G, self.random), None)
        self.loads.append(load)
        person.at = load.end

    def lean(self, at: float, tray: int) -> None:
        grams, tremor = log_uniform(LEAN_G, self.random), self.between(TREMOR)
        self.loads.append(Load(max(at, self.opened + 0.2), self.between(LEAN_S), tray, grams, tremor))

    def _pace(self, usual: Range, quick: Range) -> float:
        return self.between(quick if self.random.random() < self.level.habits.quick else usual)

    def _change(
        self, person: Shopper, tray: int, grams: float, action: str, sku: str | None, seconds: float
    ) -> None:
        self.changes.append(Change(person.at, seconds, tray, grams, action, sku))
        person.at += seconds


Deed = Callable[[Visit, Shopper], Iterator[None]]
"""Something a person does, from the person's time on; it moves that time, and yields wherever others
whose time has come may act before it goes on."""


def log_uniform(bounds: Range, random: Random) -> float:
    return exp(random.uniform(log(bounds[0]), log(bounds[1])))


def _named(units: list[Unit]) -> str:
    return "+".join(sorted(unit.sku for unit in units))


def handle(visit: Visit, person: Shopper) -> Iterator[None]:
    """An ordinary action: put something back, or take something; at times with an arm on a tray."""
    habits, random, began = visit.level.habits, visit.random, person.at
    if person.hand and random.random() < habits.put_back:
        tray = _put_back(visit, person)
    else:
        tray = _take(visit, person)
    if random.random() < habits.lean:
        away = random.random() < 0.5
        leant = random.randrange(len(visit.cabinet.units)) if away else tray
        visit.lean(began + random.uniform(-0.6, 1.0), leant)
    yield from ()


def loiter(visit: Visit, person: Shopper) -> Iterator[None]:
    """A touch or an arm on a tray, and no goods moved."""
    tray = visit.random.randrange(len(visit.cabinet.units))
    if visit.random.random() < 0.5:
        visit.squeeze(person, tray)
    else:
        visit.lean(person.at, tray)
        person.at = visit.loads[-1].end
    yield from ()


def _put_back(visit: Visit, person: Shopper) -> int:
    habits, random = visit.level.habits, visit.random
    first = random.choice(person.hand)
    mates = [unit for unit in person.hand if unit is not first and unit.home == first.home]
    units = [first, random.choice(mates)] if mates and random.random() < 0.15 else [first]
    tray = first.home
    if random.random() < habits.wrong:
        tray = random.choice([other for other in range(len(visit.cabinet.units)) if other != tray])
    visit.put(person, tray, units)
    return tray


def _take(visit: Visit, person: Shopper) -> int:
    habits, random = visit.level.habits, visit.random
    stocked = visit.cabinet.stocked()
    if not stocked:
        return 0
    tray = random.choice(stocked)
    size = 1
    if random.random() < habits.two:
        size = 2 if random.random() < 0.8 else 3
    visit.take(person, tray, grab(visit, tray, size))
    return tray


def grab(visit: Visit, tray: int, size: int) -> list[Unit]:
    """Up to ``size`` units of ``tray``; half of those of several are of one product."""
    lying = visit.cabinet.units[tray]
    if size > 1 and visit.random.random() < 0.5:
        sku = visit.random.choice(lying).sku
        lying = [unit for unit in lying if unit.sku == sku]
    return visit.random.sample(lying, min(size, len(lying)))


def play(visit: Visit) -> None:
    """Let all shoppers do what they came for, in the order of time, and close the door."""
    lives = [(person, _life(visit, person)) for person in visit.shoppers]
    while lives:
        soonest = min(lives, key=lambda each: each[0].at)
        if next(soonest[1], DONE) is DONE:
            lives.remove(soonest)
    ends = [each.end for each in visit.changes] + [each.end for each in visit.loads]
    visit.closed = max([visit.opened + FIRST_S[0], *ends]) + visit.between(CLOSE_S)
    visit.seconds = visit.closed + visit.between(AFTER_S)


DONE = object()


def _life(visit: Visit, person: Shopper) -> Iterator[None]:
    for number, deed in enumerate(person.deeds):
        if number:
            person.at += visit.pause()
            yield
        yield from deed(visit, person)
