"""What stands in the databases of counters and centre, read as another process would."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

Place = Path | str
"""A SQLite file, or the URL of a PostgreSQL database."""

PATIENCE_S = 15.0
CONNECT_S = 2
_NOT_NOW = (sqlite3.OperationalError, psycopg.OperationalError, psycopg.errors.UndefinedTable)


class Unreadable(Exception):
    """It does not answer: being recovered, frozen, killed, not made yet."""


def rows(
    place: Place, sql: str, *parameters: object, patience_s: float = PATIENCE_S
) -> list[tuple[Any, ...]]:
    """Rows of a database that others write; [] while there is no such file. Raises Unreadable in the end."""
    deadline = time.monotonic() + patience_s
    while isinstance(place, str) or place.exists():
        try:
            return _asked(place, sql, parameters)
        except _NOT_NOW as error:
            if time.monotonic() >= deadline:
                raise Unreadable(f"{place}: {error}") from error
            time.sleep(0.1)
    return []


def _asked(place: Place, sql: str, parameters: tuple[object, ...]) -> list[tuple[Any, ...]]:
    if isinstance(place, Path):
        with closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True, timeout=10)) as db:
            return db.execute(sql, parameters).fetchall()
    with psycopg.connect(place, connect_timeout=CONNECT_S, options="-c statement_timeout=10s") as db:
        return db.execute(sql.replace("?", "%s").encode(), parameters).fetchall()
