"""Strays of which it is sure which goods they are: no others of their weight lay where they were taken. Pure.

A basket is sure whichever of two goods of one weight was carried to another tray: neither left. Which of
them lies there now is not, and who takes it would pay for the other. What was taken from there in the same
session is told by the basket itself.
"""

from collections.abc import Iterator, Sequence
from math import hypot

from edge.domain.values import Sku, TrayId
from edge.weighing.recording import Stocked, StockedTray
from edge.weighing.verdict import Action, Happened, Stray, Verdict

APART_SD = 4.0
"""Units of two goods whose means are nearer than this many standard deviations may be taken for each other:
a cut in the middle is then beyond two of either."""


def sure_strays(found: Verdict, trays: Sequence[StockedTray]) -> Iterator[Stray]:
    """Of the strays of ``found`` those that can be booked. trays: what was booked before."""
    goods = {good.sku: good for tray in trays for good in tray.goods}
    lying = {tray.tray: {good.sku for good in tray.goods if good.count} for tray in trays}
    for event in found.events:
        if event.action is Action.MISPLACED and event.sku is not None:
            lying[event.tray].add(event.sku)
    left = {(tray.tray, sku) for tray in found.trays for sku, _ in tray.goods}
    for stray in found.strays:
        others = {sku for tray in _taken_from(stray.sku, found.events) for sku in lying[tray]} - {stray.sku}
        if (stray.lies_on, stray.sku) in left or not any(
            _alike(goods[stray.sku], goods[other]) for other in others
        ):
            yield stray


def _taken_from(sku: Sku, events: Sequence[Happened]) -> Iterator[TrayId]:
    return (event.tray for event in events if event.action is Action.TAKE and event.sku == sku)


def _alike(one: Stocked, other: Stocked) -> bool:
    return abs(one.unit_g - other.unit_g) < APART_SD * hypot(one.tol_g / 3, other.tol_g / 3)
