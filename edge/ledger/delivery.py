"""How far the centre has acknowledged, as the bridge's file says. The bridge may be dead or new."""

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from edge.ledger.outbox import Outbox
from edge.ledger.reader import ledger_errors, read_only

_MARK = "SELECT inc, through, at FROM mark ORDER BY at DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The centre holds events 1 … ``through`` of incarnation ``inc``; learnt ``at`` (UTC)."""

    inc: str
    through: int
    at: datetime


def acknowledged(bridge_db: Path, inc: str | None = None) -> Acknowledged | None:
    """The mark of ``inc``, or the newest of any; None while the bridge has heard none.

    Raises LedgerError where the file is there and cannot be read.
    """
    if not bridge_db.is_file():
        return None
    with ledger_errors(bridge_db), closing(read_only(bridge_db)) as conn:
        if not conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'mark'").fetchone():
            return None
        if inc is None:
            row = conn.execute(_MARK).fetchone()
        else:
            row = conn.execute("SELECT inc, through, at FROM mark WHERE inc = ?", (inc,)).fetchone()
    return None if row is None else Acknowledged(row[0], row[1], datetime.fromisoformat(row[2]))


def used_beyond(bridge_db: Path, outbox: Outbox) -> int | None:
    """A number the centre has under this ledger's name and the ledger has not, or has otherwise; None: none.

    Then the ledger is an older copy of itself. bridge.db is asked first: what stands there was in the ledger
    before, so what is sold between the two questions proves nothing. Raises LedgerError.
    """
    inc = outbox.incarnation()
    told = _one(bridge_db, _OTHERS, inc)
    highest = _one(bridge_db, _HIGHEST, inc)
    last = outbox.last_seq()
    if told is not None:
        return told
    return highest if highest is not None and highest > last else None


def others_from(bridge_db: Path, inc: str, last_seq: int) -> int | None:
    """From which number on the ledger's events of ``inc`` are others than the centre's; None: none is.

    The lowest that the centre refused; where it was not asked, the first above the mark. A mark of
    ``last_seq`` or more says that nothing was written since the copy was put back.
    """
    if (refused := _one(bridge_db, _REFUSED, inc)) is not None:
        return refused
    mark = _one(bridge_db, "SELECT through FROM mark WHERE inc = ?1", inc)
    return None if mark is None or mark >= last_seq else mark + 1


_REFUSED = "SELECT min(seq) FROM reject WHERE inc = ?1 AND code = 'conflict'"
_OTHERS = (
    f"SELECT max(n) FROM (SELECT ({_REFUSED}) AS n UNION ALL SELECT json_extract(detail, '$.mark') FROM alarm"
    " WHERE kind IN ('other_event_at_centre', 'mark_above_our_last') AND json_extract(detail, '$.inc') = ?1)"
)
_HIGHEST = (
    "SELECT max(n) FROM (SELECT through AS n FROM mark WHERE inc = ?1"
    " UNION ALL SELECT high FROM have WHERE inc = ?1)"
)


def _one(bridge_db: Path, sql: str, inc: str) -> int | None:
    if not bridge_db.is_file():
        return None
    with ledger_errors(bridge_db), closing(read_only(bridge_db)) as conn:
        if not conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'alarm'").fetchone():
            return None
        row = conn.execute(sql, (inc,)).fetchone()
        return None if row is None or row[0] is None else int(row[0])
