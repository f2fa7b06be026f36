"""Reads what the centre knows of a visit and of the counter it is at. It decides nothing, writes nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from cloud_bridge import feed
from cloud_bridge.central.answers import lines_of
from cloud_bridge.central.database import Connection
from cloud_bridge.central.fleet_state import SILENT_S
from cloud_bridge.central.phone.visit import Answer, Basket, Closed, Known, Line, Sold
from cloud_bridge.central.phone.visits import Visit

_KNOWN = """
select k.online, k.heard, a.outcome, a.code, a.session, e.received, l.body, l.heard_ms,
    s.state, s.closed_at, t.session, t.order_no, t.total_fen, t.certified_fen, t.closed_at
from counter k
left join command_answer a on a.counter = k.counter and a.command = :command
left join raw_event e on e.counter = a.counter and e.inc = a.inc and e.seq = a.seq
left join live l on l.counter = k.counter
left join session s on s.counter = k.counter
    and s.session = coalesce(a.session, case when l.command = :command then l.session end)
left join sale t on t.counter = k.counter
    and t.session = coalesce(a.session, case when l.command = :command then l.session end)
where k.counter = :counter
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A counter as its sign tells it; "": it never told."""

    counter: str
    name: str
    place: str
    hotline: str
    online: bool


def place(db: Connection, counter: str, now: datetime) -> Place | None:
    """None: the centre never heard of such a counter."""
    row = db.execute(
        "select counter, name, place, hotline, online, heard from counter where counter = ?", (counter,)
    ).fetchone()
    if row is None:
        return None
    name, where, hotline = (each or "" for each in row[1:4])
    return Place(row[0], name, where, hotline, _online(row[4], row[5], now))


def known(db: Connection, visit: Visit, now: datetime) -> Known:
    """Of ``visit``, at one moment."""
    row = db.execute(_KNOWN, {"command": visit.id, "counter": visit.counter}).fetchone()
    if row is None:
        return Known(command=visit.id, expires_s=visit.expires_s, online=False)
    online, heard, outcome, code, session, received, body, heard_ms, state, ended, sold, *sale = row
    return Known(
        command=visit.id,
        expires_s=visit.expires_s,
        online=_online(online, heard, now),
        answer=None
        if outcome is None
        else Answer(outcome=outcome, code=code, session=session, heard_ms=_ms(received)),
        basket=None if body is None else Basket(live=_live(body), heard_ms=heard_ms),
        closed=None if state is None else Closed(state=state, closed_at=ended),
        sold=None if sold is None else _sold(db, visit.counter, sold, *sale),
    )


def _sold(
    db: Connection, counter: str, session: str, order_no: str, total_fen: int, certified_fen: int, at: str
) -> Sold:
    lines = tuple(
        Line(
            tray=each.tray,
            sku=each.sku,
            name=each.name,
            count=each.count,
            price_fen=each.price_fen,
            amount_fen=each.amount_fen,
        )
        for each in lines_of(db, counter, session)
    )
    return Sold(
        order_no=order_no, total_fen=total_fen, certified_fen=certified_fen, closed_at=at, lines=lines
    )


def _online(online: int, heard: str, now: datetime) -> bool:
    """As the fleet's pages say it: a last will may be lost with the broker."""
    return bool(online) and datetime.fromisoformat(heard) >= now.astimezone(UTC) - timedelta(seconds=SILENT_S)


def _live(body: str) -> feed.Live:
    return msgspec.json.decode(body, type=feed.Live)


def _ms(received: str | None) -> int:
    return round(datetime.fromisoformat(received).timestamp() * 1000) if received else 0
