"""What the counter worked by, for whoever looks at the ledger's file before it is opened."""

from contextlib import closing
from pathlib import Path

from cloud_bridge import feed
from edge.errors import LedgerError, NoInput
from edge.ledger.reader import ledger_errors, open_reader

_LAST = "SELECT body FROM event WHERE type = ? ORDER BY seq DESC LIMIT 1"

_DOCUMENTS = "SELECT subject, detail FROM standing WHERE kind = 'DOCUMENT'"


def planogram_version(path: Path) -> str | None:
    """The version applied last; None: none ever was, or the ledger does not say.

    A ledger at fault is no fault of the planogram: whoever opens it to write will be told.
    """
    try:
        with closing(open_reader(path)) as conn, ledger_errors(path):
            row = conn.execute(_LAST, (feed.TYPES[feed.PlanogramApplied],)).fetchone()
    except (NoInput, LedgerError):
        return None
    fact = feed.fact_of(feed.decode(row[0])) if row else None
    return fact.version if isinstance(fact, feed.PlanogramApplied) else None


def documents_standing(path: Path) -> dict[str, str]:
    """Kind → SHA-256 of the texts of the centre that are in force; {}: none, or the ledger does not say."""
    try:
        with closing(open_reader(path)) as conn, ledger_errors(path):
            if not conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'standing'").fetchone():
                return {}
            return dict(conn.execute(_DOCUMENTS).fetchall())
    except (NoInput, LedgerError):
        return {}
