"""Past sessions and sales as values, for pages and people. Read-only; rows never leave this file.

Each call opens its own connection, so any thread may call. Grams stay behind: only pieces are shown.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from cloud_bridge import feed
from edge.domain.quota import Scheme
from edge.domain.records import NOTHING_OFF, Happened
from edge.domain.values import BuyerRef, Fen, SessionId, Sku, rfc3339
from edge.domain.view import Evidence, LineView, Moved, PaidView, SessionView
from edge.ledger import quota, refunds
from edge.ledger.reader import ledger_errors, open_reader

NOTHING_BACK = Fen(0)
_happened = msgspec.json.Decoder(tuple[Happened, ...])

_SESSION = (
    "SELECT s.id, s.kind, s.state, s.verdict, s.opener, s.opened, s.closed, x.n, x.order_no, x.total_fen,"
    " x.certified_fen, EXISTS (SELECT 1 FROM appeal a WHERE a.session = s.id)"
    " FROM session s LEFT JOIN sale x ON x.session = s.id"
)
_LINES = (
    "SELECT tray, sku, name, count, price_fen, amount_fen, nullif(list_price_fen, price_fen), discount_fen"
    " FROM sale_line WHERE sale = ? ORDER BY line"
)
_TRAYS = "SELECT tray, verdict, goods, events FROM tray_evidence WHERE session = ? ORDER BY tray"
_PRICES = "SELECT json_extract(body, '$.prices') FROM session_journal WHERE session = ? AND note = 'granted'"


class _Goods(msgspec.Struct, frozen=True):
    sku: Sku
    count: int
    booked: int


_goods = msgspec.json.Decoder(tuple[_Goods, ...])
_prices = msgspec.json.Decoder(dict[str, Fen])
"""By product; in a session of an earlier version by tray."""


@dataclass(frozen=True, slots=True)
class _Tray:
    verdict: str
    goods: tuple[_Goods, ...]
    events: tuple[Happened, ...]

    def booked(self, sku: Sku) -> int:
        """Pieces on the books before the session."""
        return next((each.booked for each in self.goods if each.sku == sku), 0)

    def told(self, sku: Sku) -> tuple[Happened, ...]:
        """What happened to this product, and what was nobody's."""
        return tuple(event for event in self.events if event.sku in (sku, None))


_UNSEEN = _Tray("charge", (), ())


@dataclass(frozen=True, slots=True)
class PastLine:
    """One line. before: pieces booked on the tray; count: pieces taken, a guess where ``sure`` is False.

    list_price: None where ``price`` is the list price. discount: within ``amount`` already.
    """

    tray: str
    sku: Sku
    name: str
    count: int
    price: Fen
    amount: Fen
    sure: bool
    before: int
    after: int
    events: tuple[Happened, ...]
    list_price: Fen | None = None
    discount: Fen = NOTHING_OFF


@dataclass(frozen=True, slots=True)
class PastSession:
    """A closed session. name of an unsure line: "" (the catalogue has it)."""

    id: SessionId
    kind: str
    state: str
    verdict: str
    opener: BuyerRef
    opened: datetime
    closed: datetime
    lines: tuple[PastLine, ...]
    order_no: str | None
    total: Fen
    certified: Fen
    appealed: bool
    paid: tuple[feed.Paid, ...] = ()
    refunded: Fen = NOTHING_BACK


class Reading:
    """What the ledger at ``path`` remembers. Any thread may ask."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def session_of(self, id: SessionId) -> PastSession | None:
        """The closed session ``id``; None for one that is open or unknown."""
        found = self._sessions(f"{_SESSION} WHERE s.id = ?", id)
        return found[0] if found else None

    def sale_of(self, order_no: str) -> PastSession | None:
        """The session of the sale ``order_no``; None where there is none."""
        found = self._sessions(f"{_SESSION} WHERE x.order_no = ?", order_no)
        return found[0] if found else None

    def last_sales(self, limit: int) -> list[PastSession]:
        """The sessions of the last sales, newest first."""
        return self._sessions(f"{_SESSION} WHERE x.n IS NOT NULL ORDER BY x.n DESC LIMIT ?", limit)

    def _sessions(self, sql: str, parameter: object) -> list[PastSession]:
        with ledger_errors(self._path), closing(open_reader(self._path)) as conn:
            conn.execute("BEGIN")  # one snapshot: a session and its lines belong together
            return [_session(conn, row) for row in conn.execute(sql, (parameter,)).fetchall()]


def session_view(past: PastSession, names: Callable[[Sku], tuple[str, str]]) -> SessionView:
    """What its opener sees. names: a product's Chinese and English name (the catalogue's)."""
    return SessionView(
        session=past.id,
        kind=past.kind,
        state=past.state,
        lines=tuple(_line_view(past, line, names) for line in past.lines),
        total_fen=past.total,
        discount_fen=sum(line.discount for line in past.lines),
        certified_fen=past.certified,
        order_no=past.order_no,
        verdict=past.verdict,
        notice="unsure" if past.verdict == "review" else "",
        closes_in_s=None,
        opened_at=rfc3339(past.opened),
        closed_at=rfc3339(past.closed),
        appeal="received" if past.appealed else None,
        paid=tuple(_paid_view(each) for each in past.paid if each.scheme != Scheme.ACCOUNT),
        refunded_fen=past.refunded,
    )


def _paid_view(paid: feed.Paid) -> PaidView:
    return PaidView(scheme=paid.scheme, fen=paid.fen, owed=paid.owed, left_fen=paid.left_fen)


def _line_view(past: PastSession, line: PastLine, names: Callable[[Sku], tuple[str, str]]) -> LineView:
    name_zh, name_en = names(line.sku)
    moved = tuple(
        Moved(at=rfc3339(past.opened + timedelta(seconds=e.t)), action=e.action, count=e.count)
        for e in line.events
    )
    return LineView(
        tray=line.tray,
        sku=line.sku,
        name=line.name or name_zh,
        name_en=name_en,
        count=line.count,
        price_fen=line.price,
        amount_fen=line.amount,
        sure=line.sure,
        evidence=Evidence(before=line.before, after=line.after, events=moved),
        list_price_fen=line.list_price,
        discount_fen=line.discount,
    )


def _session(conn: sqlite3.Connection, row: tuple[object, ...]) -> PastSession:
    id, kind, state, verdict, opener, opened, closed, n, order_no, total, certified, appealed = row
    return PastSession(
        id=SessionId(str(id)),
        kind=str(kind),
        state=str(state),
        verdict=str(verdict),
        opener=BuyerRef(str(opener)),
        opened=datetime.fromisoformat(str(opened)),
        closed=datetime.fromisoformat(str(closed)),
        lines=_lines(conn, id, n),
        order_no=None if order_no is None else str(order_no),
        total=Fen(total if isinstance(total, int) else 0),
        certified=Fen(certified if isinstance(certified, int) else 0),
        appealed=bool(appealed),
        paid=() if order_no is None else quota.paid_of(conn, str(order_no)),
        refunded=Fen(0) if order_no is None else refunds.refunded(conn, str(order_no)),
    )


def _lines(conn: sqlite3.Connection, session: object, sale: object) -> tuple[PastLine, ...]:
    trays = {
        tray: _Tray(verdict, _goods.decode(goods), _happened.decode(events))
        for tray, verdict, goods, events in conn.execute(_TRAYS, (session,))
    }
    sold = [
        replace(
            _line(tray, trays.get(tray, _UNSEEN), sku, name, count, price, amount),
            list_price=listed,
            discount=discount,
        )
        for tray, sku, name, count, price, amount, listed, discount in conn.execute(_LINES, (sale,))
    ]
    row = conn.execute(_PRICES, (session,)).fetchone()
    prices = _prices.decode(row[0]) if row and row[0] else {}
    unsure = [
        _line(tray, told, each.sku, "", each.count, prices.get(each.sku, prices.get(tray, Fen(0))), None)
        for tray, told in trays.items()
        if told.verdict == "review"
        for each in told.goods
        if each.count
    ]
    return (*sold, *unsure)


def _line(
    tray: str, told: _Tray, sku: Sku, name: str, count: int, price: Fen, amount: Fen | None
) -> PastLine:
    """amount: None for a line that is not sure, which costs nothing."""
    before = told.booked(sku)
    return PastLine(
        tray,
        sku,
        name,
        count,
        price,
        Fen(0) if amount is None else amount,
        amount is not None,
        before,
        before - count,
        told.told(sku),
    )
