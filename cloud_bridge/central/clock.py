"""The centre's business time: Asia/Shanghai, UTC+8 without summer time. Pure."""

from datetime import UTC, datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
DAY_MS = 86_400_000


def day_of(now: datetime) -> tuple[int, int]:
    """The business day that ``now`` (aware) lies in, as [from, to) in milliseconds since 1970."""
    midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    start = round(midnight.timestamp() * 1000)
    return start, start + DAY_MS


def shown(text: str, *, seconds: bool = False) -> str:
    """RFC 3339 text as pages show it: ``2026-11-23 14:05`` in Asia/Shanghai; unreadable text unchanged."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def day_start_ms(day: datetime) -> int:
    """Midnight of the calendar day that ``day`` (naive) names, in milliseconds since 1970."""
    return round(day.replace(tzinfo=SHANGHAI).timestamp() * 1000)
