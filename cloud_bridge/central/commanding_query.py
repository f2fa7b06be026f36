"""Commands with their answers, as pages, the API and the command line show them. Read-only."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from cloud_bridge.central.database import Connection

_SHOWN = """
select c.id, c.request, c.counter, c.kind, c.body, c.issued_by, c.issued_at, c.expires_at, c.published_at,
    c.times, a.outcome, a.code, a.detail, a.session, a.report, a.answered_at
from command c left join command_answer a on a.counter = c.counter and a.command = c.id
"""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the counter said. outcome: DONE REFUSED FAILED. at: by the counter's clock."""

    outcome: str
    code: str
    detail: str
    session: str | None
    report: str
    at: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A command. state: PENDING SENT EXPIRED, or its answer's outcome. body: JSON, a document's without
    its data. request: the id of the first part, where a document came in several. times: published.
    """

    id: str
    request: str
    counter: str
    kind: str
    body: msgspec.Raw
    issued_by: str
    issued_at: str
    expires_at: str
    published_at: str | None
    times: int
    state: str
    answer: Answer | None


def commands(
    db: Connection, now: int, *, counter: str | None = None, before: str = "", limit: int = 50
) -> list[Shown]:
    """Newest first. before: the id of the last one of the page before."""
    where = [
        *(["c.counter = ?"] if counter else []),
        *(["(c.issued_at, c.id) < (select issued_at, id from command where id = ?)"] if before else []),
    ]
    sql = _SHOWN + (f"where {' and '.join(where)} " if where else "")
    params = [each for each in (counter, before) if each]
    rows = db.execute(sql + "order by c.issued_at desc, c.id desc limit ?", (*params, limit))
    return [_shown(row, now) for row in rows]


def request(db: Connection, name: str, now: int) -> list[Shown]:
    """All commands that one request became, first part first; []: the centre has not taken it in."""
    rows = db.execute(_SHOWN + "where c.request = ? order by c.issued_at, c.id", (name,))
    return [_shown(row, now) for row in rows]


def _shown(row: Any, now: int) -> Shown:
    id, name, counter, kind, body, by, issued, expires, published, times, outcome, *answer = row
    code, detail, session, report, at = answer
    return Shown(
        id=id,
        request=name,
        counter=counter,
        kind=kind,
        body=msgspec.Raw(body.encode()),
        issued_by=by,
        issued_at=_moment(issued),
        expires_at=_moment(expires),
        published_at=None if published is None else _moment(published),
        times=times,
        state=outcome or _state(expires, published, now),
        answer=None
        if outcome is None
        else Answer(outcome=outcome, code=code, detail=detail, session=session, report=report, at=at),
    )


def _state(expires: int, published: int | None, now: int) -> str:
    if expires <= now:
        return "EXPIRED"
    return "PENDING" if published is None else "SENT"


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
