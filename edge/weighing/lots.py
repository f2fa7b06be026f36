"""The names under which weights of lots are learnt, and what a new planogram takes off the books. Pure.

A lot of a delivery is called by its number. Goods that came without one are called after the restock that
brought them: one delivery is of one production, most often.
"""

from collections.abc import Iterator, Mapping

from edge.domain.planogram import Planogram
from edge.domain.records import Movement
from edge.domain.stock import OPENING, UNKNOWN, Held, Lots
from edge.domain.values import Place

__all__ = ["OPENING", "UNKNOWN", "name_of", "named", "out_of_place"]


def name_of(held: Held) -> str:
    """Never ""."""
    return held.lot.name or held.came


def named(held: Lots) -> tuple[tuple[str, int], ...]:
    """The lots' names and their pieces, each name once, in the order in which they came."""
    pieces: dict[str, int] = {}
    for each in held:
        pieces[name_of(each)] = pieces.get(name_of(each), 0) + each.count
    return tuple(pieces.items())


def out_of_place(lying: Mapping[Place, Lots], planogram: Planogram) -> Iterator[Movement]:
    """Movements that take off the books what was planned before and ``planogram`` has no place for.

    What came by no restock is a stray, whatever is planned around it: it stays.
    """
    for (tray, sku), held in lying.items():
        if sku in planogram.skus(tray):
            continue
        for each in held:
            if each.came != UNKNOWN:
                lot, why = each.lot, "another product is planned here"
                yield Movement(
                    tray, sku, "ADJUST", -each.count, why, lot.name, lot.produced_on, lot.expires_on
                )
