"""A supplier's own goods over HTTP: the page's JSON and its table, for whoever is signed in. No rules here.

Whose goods may be seen is told by the engine's view of who is signed in, never by the request: a request can
only narrow it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from edge.domain.own_goods import Owned, OwnGoods
from edge.domain.product_view import Assortment
from edge.domain.requests import Refusal
from edge.domain.statement import statements_csv
from edge.domain.supplier_page import first_day, own_skus, supplier_view
from edge.domain.supplier_view import Scope, SupplierView
from edge.screens.bodies import answer
from edge.screens.problems import problem
from edge.screens.restock_api import seen
from edge.screens.stage import Stage

FIRST_YEAR, LAST_YEAR = 2000, 2199
BOM = "\ufeff"
"""Tells Excel that the file is UTF-8."""

Now = Callable[[], datetime]


def nothing_owned(_suppliers: frozenset[str] | None, _skus: frozenset[str], _since: datetime) -> OwnGoods:
    """For pages without a ledger behind them."""
    return OwnGoods()


@dataclass(frozen=True, slots=True)
class SupplierApi:
    """assortment: what is in force, None before the engine's first turn. owned: called in a worker thread.

    now: aware. zone: in which days begin and end.
    """

    stage: Stage
    assortment: Callable[[], Assortment | None]
    owned: Owned
    now: Now
    zone: ZoneInfo

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/api/v1/restock/statement", self.statement),
            Route("/api/v1/restock/statement.csv", self.table),
        ]

    async def statement(self, request: Request) -> Response:
        found = await self._view(request)
        return found if isinstance(found, Response) else answer(found)

    async def table(self, request: Request) -> Response:
        """What is due, as a file that a spreadsheet opens."""
        found = await self._view(request)
        if isinstance(found, Response):
            return found
        name = f"statement-{found.from_day}-{found.to_day}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        text = BOM + statements_csv(found.statements)
        return Response(text.encode(), headers=headers, media_type="text/csv; charset=utf-8")

    async def _view(self, request: Request) -> SupplierView | Response:
        shown, assortment = seen(self.stage, request), self.assortment()
        if shown is None or shown.value.suppliers is None:
            return problem(Refusal.NOT_SIGNED_IN)
        if assortment is None:
            return problem("STARTING")
        now = self.now()
        today = now.astimezone(self.zone).date()
        days = _days(request, today)
        if isinstance(days, Response):
            return days
        own = shown.value.suppliers
        scope = Scope(shown.value.title, frozenset(own) or None, request.query_params.get("supplier", ""))
        if scope.chosen and not scope.holds(scope.chosen):
            return problem("NOT_YOURS")
        since = datetime.combine(first_day(days, today), time(), self.zone)
        owned = await asyncio.to_thread(self.owned, scope.shown, own_skus(assortment, scope), since)
        view = self.stage.view()
        unsigned = shown.value.stage == "SHEET"
        trays = view.trays if view else ()
        return supplier_view(scope, assortment, owned, trays, days, now, self.zone, unsigned)


def utc_now() -> datetime:
    return datetime.now(UTC)


def _days(request: Request, today: date) -> tuple[date, date] | Response:
    """[from, to): as asked; else the current month up to now."""
    asked = request.query_params
    days = []
    for name, usual in (("from", today.replace(day=1)), ("to", today + timedelta(days=1))):
        text = asked.get(name)
        try:
            day = usual if text is None else date.fromisoformat(text)
        except ValueError:
            return problem("BAD_FIELD", f"{name}: a day like 2026-11-24", name)
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            return problem("BAD_FIELD", f"{name}: a day from {FIRST_YEAR} to {LAST_YEAR}", name)
        days.append(day)
    if days[1] <= days[0]:
        return problem("BAD_FIELD", "to: the day after the last one, later than from", "to")
    return days[0], days[1]
