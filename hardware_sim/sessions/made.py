"""One made-up session as the line that recorders write. The same level, seed and number: the same bytes."""

from collections.abc import Iterator, Sequence
from heapq import merge
from random import Random

import msgspec

from hardware_sim.sessions.levels import Level
from hardware_sim.sessions.mechanics import forces
from hardware_sim.sessions.oddities import odd
from hardware_sim.sessions.position import WIDTH_MM, lane_mm, moments, noise_of, placed
from hardware_sim.sessions.sensor import readings
from hardware_sim.sessions.stock import Cabinet, Product, stocked_cabinet
from hardware_sim.sessions.visit import (
    FIRST_S,
    LOOK,
    LOOK_S,
    OPENED_S,
    Change,
    Deed,
    Shopper,
    Visit,
    handle,
    loiter,
    play,
)

SECOND_S = (0.5, 3.0)
SECOND_DEEDS = (1, 3)
TOL_SD = 3
"""A recording's ``tol_g`` is three standard deviations of one piece."""


def session_lines(
    level: Level, goods: Sequence[Product], seed: int, first: int, n: int, cells: bool = False
) -> Iterator[bytes]:
    """``n`` sessions from number ``first`` on, one JSON object each, without line ends."""
    for number in range(first, first + n):
        yield session_line(level, goods, seed, number, cells)


def session_line(
    level: Level, goods: Sequence[Product], seed: int, number: int, cells: bool = False
) -> bytes:
    """Session ``number`` of ``seed``: trays, samples, truth, kind, events, and oddity where there was one.

    cells: rows say where the load acts, and the planogram where the lanes are; all else stays the same.
    """
    random = Random(f"{seed}/{level.name}/{number}")
    cabinet = stocked_cabinet(level, goods, random)
    loads_g = [cabinet.grams(tray) for tray in range(len(cabinet.units))]
    visit = _visit(level, cabinet, random)
    told: dict[str, object] = {
        "id": f"{level.name}-{seed}-{number}",
        "trays": _trays(cabinet, cells),
        "samples": _samples(visit, loads_g, Random(f"{seed}/{level.name}/{number}/cells") if cells else None),
        "truth": visit.truth,
        "kind": f"{level.name} four cells" if cells else level.name,
        "events": [_event(change) for change in sorted(visit.changes, key=_moment)],
    }
    if visit.oddity:
        told["oddity"] = visit.oddity
    return msgspec.json.encode(told)


def _visit(level: Level, cabinet: Cabinet, random: Random) -> Visit:
    visit = Visit(level, cabinet, random, random.uniform(*OPENED_S))
    begin = visit.opened + visit.between(FIRST_S)
    if random.random() < LOOK:
        begin += random.expovariate(1 / LOOK_S)
    if random.random() < level.habits.nothing:
        visit.shoppers.append(Shopper(begin, [loiter] * random.randint(0, 2)))
    else:
        visit.shoppers.append(Shopper(begin, _deeds(level, random)))
        if random.random() < level.habits.two_people:
            deeds: list[Deed] = [handle] * random.randint(*SECOND_DEEDS)
            visit.shoppers.append(Shopper(begin + visit.between(SECOND_S), deeds))
    play(visit)
    return visit


def _deeds(level: Level, random: Random) -> list[Deed]:
    deeds: list[Deed] = [handle] * random.randint(*level.habits.actions)
    if random.random() < level.habits.oddities:
        deeds.insert(random.randint(0, len(deeds)), odd)
    return deeds


def _trays(cabinet: Cabinet, cells: bool) -> list[dict[str, object]]:
    return [
        {
            "id": f"{tray // 10 + 1}-{tray % 10 + 1:02}",
            "planogram": [
                {
                    "sku": slot.product.sku,
                    "unit_g": slot.product.mean_g,
                    "tol_g": TOL_SD * slot.product.sd_g,
                    "count": slot.count,
                }
                | ({"x_mm": lane_mm(slots, place)} if cells else {})
                for place, slot in enumerate(slots)
            ],
        }
        | ({"width_mm": WIDTH_MM} if cells else {})
        for tray, slots in enumerate(cabinet.slots)
    ]


def _samples(visit: Visit, loads_g: Sequence[float], cells: Random | None) -> list[tuple[float | None, ...]]:
    """cells: chance of what four cells add; None: the whole tray's weight alone."""
    scale, random = visit.level.scale, visit.random
    before = random.getstate()
    force = forces(visit, loads_g)
    rate_hz = random.choice(scale.rates_hz)
    streams = [readings(each, scale, rate_hz, random) for each in force]
    if cells is None:
        return list(merge(*([(at, tray, grams) for at, grams in rows] for tray, rows in enumerate(streams))))
    random.setstate(before)
    turning = moments(visit, visit.cabinet, loads_g, cells)
    noise_g = noise_of(scale.noise_g, rate_hz)
    return list(
        merge(
            *(
                [(at, tray, grams, x) for at, grams, x in placed(rows, turning[tray], noise_g, cells)]
                for tray, rows in enumerate(streams)
            )
        )
    )


def _moment(change: Change) -> float:
    """When a movement counts: a fall where it begins, a rise where it ends."""
    return change.at if change.grams < 0 else change.end


def _event(change: Change) -> tuple[float, int, float, str, str | None]:
    moment, grams = round(_moment(change), 3), round(change.grams, 2)
    return (moment, change.tray, grams, change.action, change.sku)
