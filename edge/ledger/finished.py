"""Finished restocks as the ledger keeps them: events without rows of their own. It changes nothing."""

from contextlib import closing
from pathlib import Path

from cloud_bridge import feed
from edge.ledger.reader import ledger_errors, open_reader

_OF_NUMBER = "SELECT body FROM event WHERE type = ? AND json_extract(body, '$.data.document') = ?"


def restock_of(path: Path, number: str) -> feed.RestockFinished | None:
    """The restock whose document has that number; None: there is none. Raises NoInput, LedgerError."""
    with ledger_errors(path), closing(open_reader(path)) as conn:
        row = conn.execute(_OF_NUMBER, (feed.TYPES[feed.RestockFinished], number)).fetchone()
    if row is None:
        return None
    fact = feed.fact_of(feed.decode(row[0]))
    assert isinstance(fact, feed.RestockFinished)
    return fact
