"""Alarms: one row for each (kind, subject), raised or cleared. It does not decide what is alarming."""

from dataclasses import dataclass

from sqlite_utils import Database

from cloud_bridge import feed
from edge.domain.values import SessionId
from edge.ledger.chain import Chain

_STATE = "SELECT state, severity, detail FROM alarm WHERE kind = ? AND subject = ?"
_PUT = (
    "INSERT INTO alarm (kind, subject, severity, detail, session, state, since)"
    " VALUES (?, ?, ?, ?, ?, 'raised', ?)"
    " ON CONFLICT (kind, subject) DO UPDATE SET severity = excluded.severity, detail = excluded.detail,"
    " session = excluded.session, since = iif(state = 'raised', since, excluded.since), state = 'raised'"
)
_CLEAR = "UPDATE alarm SET state = 'cleared', since = ? WHERE kind = ? AND subject = ?"
_RAISED = (
    "SELECT kind, subject, severity, detail, session, since FROM alarm WHERE state = 'raised'"
    " ORDER BY since, kind, subject"
)


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm that stands. since: RFC 3339, UTC."""

    kind: str
    subject: str
    severity: str
    detail: str
    session: SessionId | None
    since: str


def stands_as(db: Database, kind: str, subject: str) -> tuple[str, str, str] | None:
    """(state, severity, detail) of an alarm that was raised at least once."""
    row: tuple[str, str, str] | None = db.execute(_STATE, (kind, subject)).fetchone()
    return row


def put(db: Database, chain: Chain, alarm: feed.AlarmRaised, new: bool) -> None:
    """The row as ``alarm`` says; the event only where the alarm did not stand before."""
    row = (alarm.kind, alarm.subject, alarm.severity, alarm.detail, alarm.session, chain.at)
    db.execute(_PUT, row)
    if new:
        chain.append(alarm, alarm.subject)


def clear(db: Database, chain: Chain, kind: str, subject: str) -> None:
    db.execute(_CLEAR, (chain.at, kind, subject))
    chain.append(feed.AlarmCleared(mono_ms=chain.mono_ms, kind=kind, subject=subject), subject)


def raised(db: Database) -> tuple[Alarm, ...]:
    """The alarms that stand, oldest first."""
    return tuple(Alarm(*row) for row in db.execute(_RAISED))
