"""How far the centre has acknowledged, as the bridge's file says. The bridge may be dead or new."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from edge.ledger.reader import BUSY_MS, ledger_errors

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
    with ledger_errors(bridge_db), closing(_connect(bridge_db)) as conn:
        if not conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'mark'").fetchone():
            return None
        if inc is None:
            row = conn.execute(_MARK).fetchone()
        else:
            row = conn.execute("SELECT inc, through, at FROM mark WHERE inc = ?", (inc,)).fetchone()
    return None if row is None else Acknowledged(row[0], row[1], datetime.fromisoformat(row[2]))


def _connect(path: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)
    conn.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    return conn
