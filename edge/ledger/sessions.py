"""Door sessions in the ledger: the journal of an open one, and the one transaction that closes it.

It writes what it is given; what was taken and what it costs was decided before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from sqlite_utils import Database

from cloud_bridge import feed
from edge.domain.orders import Ended, Outcome
from edge.domain.records import (
    ClosedSession,
    Happened,
    OpenSession,
    RestockLine,
    Sale,
    SaleLine,
    TrayEvidence,
)
from edge.domain.values import Instant, Pieces, Place, SessionId, rfc3339
from edge.errors import LedgerError
from edge.ledger import intake, orders, quota
from edge.ledger.chain import CLK, Chain
from edge.ledger.ids import order_no
from edge.ledger.stock import move

GRANTED, PULSE, DOOR_OPENED, STEP = "granted", "pulse", "door_opened", "step"
LATCHED, REOPENED, SHEET, LET_IN = "latched", "reopened", "sheet", "let_in"
"""Notes the ledger itself understands; others are kept as they come."""

_JOURNAL = "INSERT INTO session_journal (session, note, body, at, mono_ms, boot) VALUES (?, ?, ?, ?, ?, ?)"
_LAST_GRANTED = (
    "SELECT g.session, g.body FROM"
    " (SELECT session, body FROM session_journal WHERE note = 'granted' ORDER BY n DESC LIMIT 1) g"
    " WHERE NOT EXISTS (SELECT 1 FROM session WHERE id = g.session)"
)
_NOTES = "SELECT note, body, at, mono_ms, boot FROM session_journal WHERE session = ? ORDER BY n"
_CLOSED = "SELECT 1 FROM session WHERE id = ?"
_KNOWN = "SELECT 1 FROM session_journal WHERE session = ? UNION ALL SELECT 1 FROM session WHERE id = ?"
_SESSION = (
    "INSERT INTO session (id, kind, state, verdict, opener, reasons, opened, closed, boot, clk, catalogue,"
    " channel) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_EVIDENCE = (
    "INSERT INTO tray_evidence (session, tray, verdict, goods, before_dg, after_dg, delta_dg, residual_dg,"
    " reasons, events, alternatives, curve) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SALE = (
    "INSERT INTO sale (n, order_no, session, buyer, total_fen, certified_fen, discount_fen, prices)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_LINE = (
    "INSERT INTO sale_line (sale, line, tray, sku, name, count, price_fen, list_price_fen, discount_fen,"
    " promotion, amount_fen, certified, county, supplier) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_APPEALED = "SELECT 1 FROM appeal WHERE session = ?"
_APPEAL = "INSERT INTO appeal (session, reason, at) VALUES (?, ?, ?)"

_json = msgspec.json.Encoder()
_open_sessions = msgspec.json.Decoder(OpenSession)
_EMPTY_LIST = "[]"


class AlreadyClosed(LedgerError):
    """A session is closed once; nothing was changed."""


def text(value: object) -> str:
    """``value`` as JSON text."""
    return _json.encode(value).decode()


def begin(db: Database, chain: Chain, session: OpenSession) -> None:
    """The grant, with everything that a restart needs: weights before, prices, catalogue.

    With ``session.pulsed`` the intent to move the bolt is noted with it; a command that asked for it is
    answered with it, so that no restart carries it out again.
    """
    note(db, chain, session.id, GRANTED, session)
    if session.pulsed:
        note(db, chain, session.id, PULSE, {})
    if session.command:
        orders.end(db, chain, (Ended(session.command, "unlock", Outcome.DONE, session=session.id),), ())


def note(db: Database, chain: Chain, session: SessionId, name: str, body: object) -> None:
    """One line of the journal. The schema refuses it for a session that is closed or was not granted."""
    now = chain.now
    db.execute(_JOURNAL, (session, name, text(body), chain.at, chain.mono_ms, now.boot))


def unfinished(db: Database) -> OpenSession | None:
    """The session that was granted and not closed, as its journal tells it."""
    row = db.execute(_LAST_GRANTED).fetchone()
    if row is None:
        return None
    session = _granted(row[1])
    notes = db.execute(_NOTES, (session.id,)).fetchall()
    names = {name for name, *_ in notes}
    *_, at, mono_ms, boot = notes[-1]
    return replace(
        session,
        pulsed=PULSE in names,
        door_opened=DOOR_OPENED in names,
        steps=tuple(body for name, body, *_ in notes if name == STEP),
        latched=_shut_for_good([name for name, *_ in notes]),
        reopened=REOPENED in names,
        sheet=tuple(body for name, body, *_ in notes if name == SHEET),
        last_note=Instant(mono_ms / 1000, datetime.fromisoformat(at), boot),
    )


def _shut_for_good(names: Sequence[str]) -> bool:
    """Whether the door was latched, and the restocker not let in once more since."""
    last = max((n for n, name in enumerate(names) if name == LATCHED), default=-1)
    return last >= 0 and LET_IN not in names[last:]


def _granted(body: str) -> OpenSession:
    """A grant as journalled; earlier versions named one product, and its price, a tray."""
    try:
        return _open_sessions.decode(body)
    except msgspec.ValidationError:
        old = msgspec.json.decode(body)
        skus, prices = old["skus"], old["prices"]
        old["skus"] = {tray: [sku] for tray, sku in skus.items()}
        old["prices"] = {skus[tray]: price for tray, price in prices.items() if tray in skus}
        return _open_sessions.decode(_json.encode(old))


def close(db: Database, chain: Chain, closed: ClosedSession, on_hand: Mapping[Place, int]) -> str | None:
    """Everything a session leaves behind, and its events; gives the number of its sale, or of its restock.

    on_hand: pieces booked before. The schema refuses a session that is closed already.
    """
    opened, shut = rfc3339(closed.opened.wall), rfc3339(closed.closed.wall)
    db.conn.executemany(_EVIDENCE, [_evidence_row(closed.id, tray, on_hand) for tray in closed.trays])
    db.execute(_SESSION, _session_row(closed, opened, shut))
    number = None if closed.sale is None else _sell(db, chain, closed, closed.sale, opened, shut)
    chain.append(_session_closed(chain, closed, opened, shut, number), closed.id)
    move(db, chain, closed.movements, closed.id)
    intake.write(db, chain.at, closed.id, closed.intake)
    if closed.restock is not None:
        number = _document_no(db, chain)
        chain.append(_restock_finished(chain, number, closed, closed.restock, opened, shut), number)
    return number


def _document_no(db: Database, chain: Chain) -> str:
    """Restocks are numbered as they are closed; the one that is being closed counts already."""
    (n,) = db.execute("SELECT count(*) FROM session WHERE kind = 'RESTOCK'").fetchone()
    return order_no(chain.identity.counter, chain.identity.incarnation, n, "R")


def _restock_finished(
    chain: Chain, number: str, closed: ClosedSession, lines: Sequence[RestockLine], opened: str, shut: str
) -> feed.RestockFinished:
    return feed.RestockFinished(
        mono_ms=chain.mono_ms,
        document=number,
        session=closed.id,
        signer=closed.signer or closed.opener,
        lines=msgspec.convert(msgspec.to_builtins(lines), tuple[feed.RestockLine, ...]),
        opened_at=opened,
        closed_at=shut,
    )


def is_closed(db: Database, session: SessionId) -> bool:
    """Whether its end is recorded."""
    return db.execute(_CLOSED, (session,)).fetchone() is not None


def knows(db: Database, session: SessionId) -> bool:
    """Whether the session was granted or closed here."""
    return db.execute(_KNOWN, (session, session)).fetchone() is not None


def appeal(db: Database, chain: Chain, session: SessionId, reason: str) -> bool:
    """The opener disputes a closed session; the first reason stays. False: no closed session of that id."""
    if not is_closed(db, session):
        return False
    if not db.execute(_APPEALED, (session,)).fetchone():
        db.execute(_APPEAL, (session, reason, chain.at))
        fact = feed.AlarmRaised(
            mono_ms=chain.mono_ms,
            kind="APPEAL",
            subject=session,
            severity="MINOR",
            detail=reason,
            session=session,
        )
        chain.append(fact, session)
    return True


def _session_row(closed: ClosedSession, opened: str, shut: str) -> tuple[Any, ...]:
    return (
        closed.id,
        closed.kind.value,
        closed.state,
        closed.verdict,
        closed.opener,
        _list(closed.reasons),
        opened,
        shut,
        closed.closed.boot,
        CLK[closed.closed.clk],
        closed.catalogue,
        closed.channel,
    )


def _evidence_row(session: SessionId, tray: TrayEvidence, on_hand: Mapping[Place, int]) -> tuple[Any, ...]:
    goods = [
        {"sku": sku, "count": count, "booked": on_hand.get((tray.tray, sku), 0)} for sku, count in tray.goods
    ]
    return (
        session,
        tray.tray,
        tray.verdict,
        _list(goods),
        tray.before,
        tray.after,
        tray.delta,
        tray.residual,
        _list(tray.reasons),
        _list(tray.events),
        _list(_alternatives(tray)),
        _list(tray.curve),
    )


def _list(values: Sequence[object]) -> str:
    return text(values) if values else _EMPTY_LIST


def _sell(db: Database, chain: Chain, closed: ClosedSession, sale: Sale, opened: str, shut: str) -> str:
    n = chain.next_sale()
    number = order_no(chain.identity.counter, chain.identity.incarnation, n)
    total, certified = sale.total, sale.certified
    db.conn.executemany(_LINE, [(n, i, *_line_row(line)) for i, line in enumerate(sale.lines, 1)])
    fact = feed.SaleSettled(
        mono_ms=chain.mono_ms,
        session=closed.id,
        order_no=number,
        buyer=closed.opener,
        channel=closed.channel,
        lines=tuple([_line_fact(line) for line in sale.lines]),
        total_fen=total,
        certified_fen=certified,
        catalogue=closed.catalogue,
        opened_at=opened,
        closed_at=shut,
        discount_fen=sale.discount,
        prices=sale.prices,
    )
    fact = quota.write_sale(db, chain, sale, n, closed.opener, fact)
    row = (n, number, closed.id, closed.opener, total, certified, sale.discount, sale.prices)
    db.execute(_SALE, row)
    chain.append(fact, number)
    return number


def _line_row(line: SaleLine) -> tuple[Any, ...]:
    return (
        line.tray,
        line.sku,
        line.name,
        line.count,
        line.price,
        line.price if line.list_price is None else line.list_price,
        line.discount,
        line.promotion,
        line.amount,
        int(line.certified),
        line.county,
        line.supplier,
    )


def _line_fact(line: SaleLine) -> feed.Line:
    return feed.Line(
        tray=line.tray,
        sku=line.sku,
        name=line.name,
        count=line.count,
        price_fen=line.price,
        amount_fen=line.amount,
        certified=line.certified,
        county=line.county,
        supplier=line.supplier,
        supplier_id=line.supplier_id,
        supply_price_fen=line.supply_price,
        list_price_fen=line.list_price,
        discount_fen=line.discount,
        promotion=line.promotion,
    )


def _session_closed(
    chain: Chain, closed: ClosedSession, opened: str, shut: str, number: str | None
) -> feed.SessionClosed:
    fact = feed.SessionClosed(
        mono_ms=chain.mono_ms,
        session=closed.id,
        kind=closed.kind.value,
        state=closed.state,
        opener=closed.opener,
        verdict=closed.verdict,
        reasons=closed.reasons,
        trays=tuple([_verdict(tray, len(closed.trays)) for tray in closed.trays]),
        opened_at=opened,
        closed_at=shut,
        order_no=number,
    )
    return feed.fitting(fact)


def _verdict(tray: TrayEvidence, trays: int) -> feed.TrayVerdict:
    return feed.TrayVerdict(
        tray=tray.tray,
        verdict=tray.verdict,
        goods=_goods(tray.goods),
        before_dg=tray.before,
        after_dg=tray.after,
        delta_dg=tray.delta,
        residual_dg=tray.residual,
        reasons=tray.reasons,
        alternatives=_alternatives(tray),
        curve=tray.curve,
        events=happenings(tray.events, trays),
    )


def happenings(events: Sequence[Happened], trays: int) -> tuple[feed.Happening, ...]:
    """The first of one tray's ``events`` as the feed tells them. trays: with how many it shares the room."""
    return tuple(
        [
            feed.Happening(t_ds=round(each.t * 10), action=each.action, count=each.count, sku=each.sku)
            for each in events[: max(1, feed.MOST_HAPPENINGS // trays)]
        ]
    )


def _goods(goods: Pieces) -> tuple[feed.Goods, ...]:
    return tuple([feed.Goods(sku=sku, count=count) for sku, count in goods])


def _alternatives(tray: TrayEvidence) -> tuple[feed.Alternative, ...]:
    return tuple(
        [feed.Alternative(goods=_goods(each.goods), permille=each.permille) for each in tray.alternatives]
    )
