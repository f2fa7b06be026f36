"""The planogram linter as the counter uses it: the linter's view of the files, and its findings as sentences.

It knows no command line and no picture; what refuses a planogram is the setting ``weighing.lint``.
"""

from collections.abc import Iterator, Mapping

from edge.domain.catalogue import Catalogue
from edge.domain.planogram import Facing, Planogram
from edge.domain.values import Place, grams
from edge.recognition import Weight
from edge.settings import Weighing
from edge.upkeep import lint_words as words
from edge.weighing.linter import CabinetReport, Good, Level, TrayPlan, TrayReport, lint

SATURATION = 1.5
"""A scale for ``weighing.max_load_g`` of goods still shows half as much again: the safe overload of load
cells is 150 % of their rated load. ``counter lint --capacity`` states it where a maker says otherwise."""

Learnt = Mapping[Place, Weight]


def linted(weighing: Weighing, planogram: Planogram, catalogue: Catalogue) -> CabinetReport:
    """The linter's report by the catalogue's weights; the two must fit each other."""
    return lint(plans_of(planogram, catalogue, capacity_g(weighing), {}))


def capacity_g(weighing: Weighing) -> float:
    """The largest load that a tray's scale can still show."""
    return SATURATION * weighing.max_load_g


def plans_of(planogram: Planogram, catalogue: Catalogue, capacity_g: float, learnt: Learnt) -> list[TrayPlan]:
    """The linter's view of ``planogram``: each tray as full as it may be.

    learnt: weights to be used instead of the catalogue's.
    """
    return [
        TrayPlan(tray, tuple(_good(facing, catalogue, learnt) for facing in facings), capacity_g)
        for tray, facings in planogram.trays.items()
    ]


def names_of(catalogue: Catalogue) -> words.Names:
    return {sku: (product.name_zh, product.name_en) for sku, product in catalogue.products.items()}


def sentences(report: CabinetReport, names: words.Names, level: Level) -> Iterator[str]:
    """What the linter found at ``level``: a sentence for each fault, with its tray and its remedy."""
    for tray in report.trays:
        for found in tray.findings:
            if found.level is level:
                zh, en = _said(tray, found.code, words.finding(found, names), names)
                remedy = words.REMEDIES[found.code]
                yield f"tray {tray.tray}: {en}; {remedy[1]} ({zh};{remedy[0]})"


def _said(tray: TrayReport, code: str, said: tuple[str, str], names: words.Names) -> tuple[str, str]:
    """Of goods that weigh alike the worst pair is named: its sentence says more than the rule's."""
    return words.pair(tray.pairs[0], names) if code == "near_pair" and tray.pairs else said


def _good(facing: Facing, catalogue: Catalogue, learnt: Learnt) -> Good:
    product = catalogue.products[facing.sku]
    declared_g, known = grams(product.unit_weight), learnt.get((facing.tray, facing.sku))
    return Good(
        sku=facing.sku,
        unit_g=known.unit_g if known else declared_g,
        sd_g=known.sd_g if known else grams(product.unit_sd),
        count=facing.capacity,
        price_fen=product.price,
        group=facing.group or None,
        declared_g=declared_g,
        lot_sd_g=known.lot_sd_g if known else None,
    )
