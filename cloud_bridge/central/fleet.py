"""Questions about counters for the fleet's pages: how they stand, alarms, trays, sessions. Reads only.

Pages of rows come from one query each, so that 30,000 counters are shown as quickly as ten. The connection
reads the acknowledgements too (``access_tables.attach``).
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from cloud_bridge.central.database import Connection
from cloud_bridge.central.fleet_state import CASE, SILENT_S, Standing

ROWS = 50
MOST_ALARMS = 50

_GRAVE = "when k.who is null and a.severity in ('CRITICAL', 'MAJOR') then 1 else 0 end"
_ALARMS = (
    "al as (select a.counter, a.inc, count(*) as n, sum(case " + _GRAVE + ") as grave from alarm a"
    " left join alarm_ack k on k.counter = a.counter and k.inc = a.inc and k.kind = a.kind"
    " and k.subject = a.subject and k.seq = a.seq where a.active = 1 group by a.counter, a.inc),"
    " own as (select a.counter, count(*) as n, sum(case " + _GRAVE + ") as grave from centre_alarm a"
    " left join alarm_ack k on k.counter = a.counter and k.inc = '' and k.kind = a.kind"
    " and k.subject = a.subject and k.seq = a.number where a.active = 1 group by a.counter),"
    " missing as (select counter, count(*) as n from gap where asks > 0 or alarm <> '' group by counter)"
)
"""Few counters have any of these, so they are summed up once and joined, not looked up for each counter."""
_FACTS = (
    "select c.counter, c.online, c.heard, c.since, coalesce(c.version, '') as version,"
    " coalesce(c.inc, '') as inc,"
    " coalesce(c.backlog, 0) as backlog, coalesce(c.parked, 0) as parked, c.clock_off_s, c.clk,"
    " coalesce(al.n, 0) + coalesce(own.n, 0) as standing,"
    " coalesce(al.grave, 0) + coalesce(own.grave, 0) as urgent, c.refused, coalesce(missing.n, 0) as gap"
    " from counter c left join al on al.counter = c.counter and al.inc = c.inc"
    " left join own on own.counter = c.counter left join missing on missing.counter = c.counter"
)
_SOLD = "coalesce((select max(x.sold_ms) from stream x where x.counter = s.counter), 0)"
_SHOWN = (
    "s.counter, s.online, s.heard, s.since, s.version, s.inc, s.backlog, s.parked, s.clock_off_s, s.clk,"
    f" s.standing, s.urgent, s.refused, s.gap, {_SOLD}, s.state"
)
_RANK = "case state when 'ALARM' then 0 when 'OFFLINE' then 1 when 'DEGRADED' then 2 else 3 end"
SORTS = {
    "state": f"{_RANK}, counter",
    "counter": "counter",
    "backlog": "backlog desc, counter",
    "clock": "coalesce(abs(clock_off_s), -1) desc, counter",
    "sale": f"{_SOLD}, counter",
    "version": "version, counter",
}
"""What rows may be sorted by: name → SQL. The longest without a sale comes first."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One counter. sold_at: of its last sale; clock_off_s: its clock less the centre's, None: not told.

    clk: unsynced (nobody set its clock since it was started) synced or held; "": not told.
    """

    counter: str
    state: Standing
    online: bool
    heard: str
    since: str | None
    version: str
    inc: str
    backlog: int
    parked: int
    clock_off_s: int | None
    clk: str
    standing: int
    urgent: int
    refused: int
    gap: bool
    sold_at: str | None


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """A page of counters. counts: how many of all that were searched stand how. total: of those shown."""

    rows: list[Row]
    counts: dict[str, int]
    total: int
    offset: int


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """A standing alarm; seq: which raising of it. who, acked_at, note: its acknowledgement, "": none.

    inc "": the centre's own alarm; counter "" then: about no counter.
    """

    counter: str
    inc: str
    kind: str
    subject: str
    seq: int
    severity: str
    detail: str
    at: str
    who: str = ""
    acked_at: str = ""
    note: str = ""


class Tray(msgspec.Struct, frozen=True, kw_only=True):
    """What lies on one tray by the books. expires_on: of the first lot."""

    tray: str
    goods: tuple[tuple[str, int], ...]
    expires_on: str | None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    session: str
    kind: str
    state: str
    order_no: str | None
    closed_at: str


def fleet(
    db: Connection, now: datetime, *, search: str = "", state: str = "", sort: str = "state", offset: int = 0
) -> Fleet:
    """Counters whose id or version has ``search`` in it and who stand in ``state`` ("": any)."""
    given = _given(now) | {"like": f"%{_escaped(search.lower())}%"}
    like = "where lower(c.counter) like :like escape '!' or lower(c.version) like :like escape '!'"
    facts = f"{_FACTS} {like}" if search else _FACTS
    cte = f"with {_ALARMS}, f as ({facts}), s as (select f.*, {CASE} as state from f)"
    counted = db.execute(f"{cte} select state, count(*) from s group by state", given).fetchall()
    counts = {each.value: 0 for each in Standing} | {name: int(n) for name, n in counted}
    of_state = "where state = :state" if state in counts else ""
    rows = db.execute(
        f"{cte} select {_SHOWN} from s {of_state} order by {SORTS[sort]} limit :limit offset :offset",
        given | {"state": state, "limit": ROWS, "offset": offset},
    ).fetchall()
    total = counts[state] if state in counts else sum(counts.values())
    return Fleet(rows=[_row(each) for each in rows], counts=counts, total=total, offset=offset)


def counts(db: Connection, now: datetime) -> dict[str, int]:
    """How many counters stand how."""
    rows = db.execute(
        f"with {_ALARMS}, f as ({_FACTS}) select {CASE} as state, count(*) from f group by 1", _given(now)
    ).fetchall()
    return {each.value: 0 for each in Standing} | {name: int(n) for name, n in rows}


def counter(db: Connection, name: str, now: datetime) -> Row | None:
    """One counter; None where the centre never heard of it."""
    found = db.execute(
        f"with {_ALARMS}, f as ({_FACTS} where c.counter = :name),"
        f" s as (select f.*, {CASE} as state from f) select {_SHOWN} from s",
        _given(now) | {"name": name},
    ).fetchone()
    return None if found is None else _row(found)


def alarms(db: Connection, name: str | None = None) -> list[Alarm]:
    """What stands, of one counter or of all: first what nobody acknowledged, the gravest, the newest."""
    rows = db.execute(
        "select a.counter, a.inc, a.kind, a.subject, a.seq, a.severity, a.detail, a.at,"
        " coalesce(k.who, ''), coalesce(k.at, ''), coalesce(k.note, '') from ("
        "select x.counter, x.inc, x.kind, x.subject, x.seq, x.severity, x.detail, x.at from alarm x"
        " join counter c on c.counter = x.counter and c.inc = x.inc where x.active = 1"
        " union all select counter, '', kind, subject, number, severity, detail, at from centre_alarm"
        " where active = 1) a"
        " left join alarm_ack k on k.counter = a.counter and k.inc = a.inc and k.kind = a.kind"
        " and k.subject = a.subject and k.seq = a.seq"
        " where (:name is null or a.counter = :name)"
        " order by case when k.who is null then 0 else 1 end, case a.severity when 'CRITICAL' then 0"
        " when 'MAJOR' then 1 else 2 end, a.at desc, a.counter, a.kind, a.subject limit :most",
        {"name": name, "most": MOST_ALARMS},
    )
    names = [field.name for field in msgspec.structs.fields(Alarm)]
    return [Alarm(**dict(zip(names, row, strict=True))) for row in rows]


def standing(db: Connection, counter: str, inc: str, kind: str, subject: str, seq: int) -> bool:
    """Whether that raising of the alarm stands now. inc "": of the centre's own."""
    if not inc:
        own = db.execute(
            "select 1 from centre_alarm where counter = ? and kind = ? and subject = ? and number = ?"
            " and active = 1",
            (counter, kind, subject, seq),
        ).fetchone()
        return own is not None
    found = db.execute(
        "select 1 from alarm where counter = ? and inc = ? and kind = ? and subject = ? and seq = ?"
        " and active = 1",
        (counter, inc, kind, subject, seq),
    ).fetchone()
    return found is not None


def trays(db: Connection, counter: str) -> list[Tray]:
    """By the books: Σ of the movements, by tray."""
    rows = db.execute(
        "select m.tray, coalesce((select max(x.name) from sale_line x where x.sku = m.sku), m.sku),"
        " sum(m.count),"
        " (select min(l.expires_on) from stock_lot l where l.counter = m.counter and l.tray = m.tray"
        " and l.sku = m.sku and l.on_hand > 0)"
        " from stock_move m where m.counter = ?"
        " group by m.counter, m.tray, m.sku order by m.tray, 3 desc, m.sku",
        (counter,),
    ).fetchall()
    found: dict[str, Tray] = {}
    for tray, name, count, expires_on in rows:
        before = found.get(tray, Tray(tray=tray, goods=(), expires_on=None))
        if before.goods and not count:
            continue  # lay there once; an empty tray still names what was last there
        dates = [each for each in (before.expires_on, expires_on) if each]
        found[tray] = Tray(
            tray=tray, goods=(*before.goods, (name, int(count))), expires_on=min(dates, default=None)
        )
    return list(found.values())


def sessions(db: Connection, counter: str, limit: int = 12) -> list[Session]:
    rows = db.execute(
        "select session, kind, state, order_no, closed_at from session where counter = ?"
        " order by closed_ms desc limit ?",
        (counter, limit),
    )
    return [Session(session=s, kind=k, state=t, order_no=o, closed_at=at) for s, k, t, o, at in rows]


def _given(now: datetime) -> dict[str, Any]:
    before = now.astimezone(UTC) - timedelta(seconds=SILENT_S)
    return {"silent_before": before.isoformat(timespec="milliseconds").replace("+00:00", "Z")}


def _escaped(text: str) -> str:
    return text[:64].replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _row(row: Any) -> Row:
    (
        name,
        online,
        heard,
        since,
        version,
        inc,
        backlog,
        parked,
        clock,
        clk,
        stand,
        urgent,
        refused,
        gap,
        sold,
        state,
    ) = row
    return Row(
        counter=name,
        state=Standing(state),
        online=bool(online),
        heard=heard,
        since=since,
        version=version,
        inc=inc,
        backlog=backlog,
        parked=parked,
        clock_off_s=clock,
        clk=clk,
        standing=stand,
        urgent=urgent,
        refused=refused,
        gap=bool(gap),
        sold_at=datetime.fromtimestamp(sold / 1000, UTC).isoformat() if sold else None,
    )
