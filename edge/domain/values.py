"""The words every room shares: money, weight, names, time. No rules, no I/O."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from enum import StrEnum
from typing import NewType

Fen = NewType("Fen", int)
"""Money: whole fen (1/100 yuan). There is no float in the ledger."""

Decigrams = NewType("Decigrams", int)
"""Weight: whole tenths of a gram, signed."""

Sku = NewType("Sku", str)
TrayId = NewType("TrayId", str)
"""``shelf-tray``, e.g. ``2-03``: shelf from the top, tray from the left, both from 1."""

Place = tuple[TrayId, Sku]
"""Where a product lies: goods of several products may share a tray, and a stray may lie anywhere."""

Pieces = tuple[tuple[Sku, int], ...]
"""Pieces by product, in the order of the SKUs, none of them 0."""

SessionId = NewType("SessionId", str)
"""32 hex digits drawn at random: whoever opened the door is told it, nobody else."""

BuyerRef = NewType("BuyerRef", str)
"""Opaque reference of an account; never a name, a number of a person or a telephone."""


class Kind(StrEnum):
    """What a door session is for."""

    BUY = "BUY"
    RESTOCK = "RESTOCK"
    SERVICE = "SERVICE"


class Clk(StrEnum):
    """How far the wall clock may be trusted: the feed's ``clk`` is the index of these."""

    UNSYNCED = "unsynced"
    SYNCED = "synced"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment, as given to the core by the shell.

    mono: seconds on the monotonic clock, for every duration and deadline.
    wall: aware datetime in UTC, for records only.
    boot: the kernel's boot id (monotonic times of two boots do not compare).
    clk: trust in ``wall``.
    """

    mono: float
    wall: datetime
    boot: str
    clk: Clk = Clk.UNSYNCED


def grams(value: Decigrams) -> float:
    """``value`` in grams, for people and for the recorded-session format."""
    return value / 10


def decigrams(value: float) -> Decigrams:
    """``value`` grams as whole tenths, half away from zero."""
    return Decigrams(int(value * 10 + (0.5 if value >= 0 else -0.5)))


def yuan(value: Fen) -> str:
    """``value`` as a price tag shows it: ``¥3.50``. Never rounds."""
    sign = "-" if value < 0 else ""
    return f"{sign}¥{abs(value) // 100}.{abs(value) % 100:02d}"


def rfc3339(wall: datetime) -> str:
    """``wall`` (aware) in UTC with milliseconds, cut: ``2026-11-23T06:05:00.123Z``."""
    return wall.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def days_after(day: date, days: int) -> date:
    """``day`` and ``days`` (>= 0) more, at most the last day that the calendar has."""
    return day + timedelta(days=days) if days <= (date.max - day).days else date.max


def months_after(day: date, months: int) -> date:
    """The same day ``months`` later; the month's last day where it has no such one.

    9999-12-31, by which people mean "for ever", stays the last of all days.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > MAXYEAR:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
