"""Wall time as text, for records. Deadlines are monotonic and do not come from here."""

from datetime import UTC, datetime


def now_text() -> str:
    """The present moment, RFC 3339 in UTC with milliseconds, cut: ``2026-11-23T06:05:00.123Z``."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
