"""How far the centre has acknowledged, as the bridge's file says. The bridge may be dead or new."""

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

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
