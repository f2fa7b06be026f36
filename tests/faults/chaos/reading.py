"""What stands in the files of counters and centre, read as another process would."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

PATIENCE_S = 15.0


def rows(path: Path, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Rows of a file that others write; [] while it is not there. A file being recovered is asked again."""
    deadline = time.monotonic() + PATIENCE_S
    while path.exists():
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as db:
                return db.execute(sql, parameters).fetchall()
        except sqlite3.OperationalError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.1)
    return []
