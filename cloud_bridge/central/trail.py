"""The audit trail: who did what, when, from where, and what came of it. Rows are added and never changed."""

import msgspec

from cloud_bridge.central.database import Connection
from cloud_bridge.central.roles import Who

MOST_TEXT = 200
"""Characters of one field; what is longer is cut, so that nobody fills the disk through a form."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One row. outcome: DONE or REFUSED. who: an account, ``console:USER`` for commands, "" unknown."""

    n: int = 0
    at: str
    who: str
    role: str
    what: str
    subject: str
    address: str
    outcome: str
    detail: str = ""


def note(
    db: Connection,
    who: Who,
    what: str,
    subject: str,
    *,
    at: str,
    address: str,
    outcome: str = "DONE",
    detail: str = "",
) -> None:
    """Add a row; inside the transaction of what it tells of, where there is one."""
    texts = (who.name, who.role or "", what, subject, address, outcome, detail)
    db.execute(
        "insert into trail (at, who, role, what, subject, address, outcome, detail)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        (at, *(each[:MOST_TEXT] for each in texts)),
    )


def entries(db: Connection, *, limit: int, before: int | None = None, who: str = "") -> list[Entry]:
    """Newest first. before: rows of a lower number; who: of this account only, "": of all."""
    rows = db.execute(
        "select n, at, who, role, what, subject, address, outcome, detail from trail"
        " where n < ? and (? = '' or who = ?) order by n desc limit ?",
        (before or 2**62, who, who, limit),
    )
    names = msgspec.structs.fields(Entry)
    return [Entry(**{field.name: value for field, value in zip(names, row, strict=True)}) for row in rows]
