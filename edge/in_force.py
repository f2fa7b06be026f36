"""Puts other goods in force in the ledger: what was applied is told, and the books follow the planogram."""

from collections.abc import Sequence

from cloud_bridge.feed import CatalogueApplied, PlanogramApplied
from edge.domain.orders import Change, Ended
from edge.domain.planogram import Planogram
from edge.domain.records import Movement
from edge.domain.values import Instant
from edge.ledger.ledger import Ledger
from edge.turn import Goods
from edge.weighing.lots import out_of_place


def put_in_force(
    goods: Goods, ledger: Ledger, now: Instant, ended: Sequence[Ended] = (), changes: Sequence[Change] = ()
) -> None:
    """Opening stock is booked once, when the ledger has none.

    A new planogram takes off the books what was planned before and has no place in it: until the tray is
    filled anew, nothing that leaves it can be sure. Strays stay booked where they lie. ended, changes: the
    answers of commands that brought the goods, told in one transaction with them. Raises LedgerError.
    """
    before, planogram = ledger.planogram(), goods.planogram
    opened = ledger.open_stock(_opening(planogram), now)
    if not opened and before != planogram.version:
        ledger.move_stock(list(out_of_place(ledger.lots(), planogram)), None, now)
    _tell(goods, ledger, now, ended, changes)


def _tell(
    goods: Goods, ledger: Ledger, now: Instant, ended: Sequence[Ended], changes: Sequence[Change]
) -> None:
    """Last, so that a power cut before it has all of it done once more."""
    catalogue, planogram, mono_ms = goods.catalogue, goods.planogram, int(now.mono * 1000)
    applied = CatalogueApplied(mono_ms=mono_ms, version=catalogue.version, products=len(catalogue.products))
    planned = PlanogramApplied(mono_ms=mono_ms, version=planogram.version, trays=len(planogram.trays))
    ledger.record_facts([(applied, "catalogue"), (planned, "planogram")], now, ended, changes)


def _opening(planogram: Planogram) -> list[Movement]:
    return [
        Movement(f.tray, f.sku, "RESTOCK", f.opening, "opening stock", expires_on=f.expires_on)
        for f in planogram.facings
        if f.opening
    ]
