"""Columns of the catalogue: a text in, a value out. A ValueError's text ends the sentence about the fault."""

from datetime import date
from decimal import Decimal, InvalidOperation

CERT_STATUSES = ("ACTIVE", "PENDING", "SUSPENDED", "EXPIRED", "NONE")


def filled(value: str) -> str:
    if not value:
        raise ValueError("is empty; fill it in")
    return value


def whole(value: str) -> int:
    """A count: ASCII digits only, so that ``1e3``, ``１２`` and ``3.5`` are refused."""
    if not (value.isascii() and value.isdigit()):
        raise ValueError("must be a whole number ≥ 0")
    return int(value)


def positive(value: str) -> int:
    if (number := whole(value) if value.isascii() and value.isdigit() else 0) < 1:
        raise ValueError("must be a whole number ≥ 1")
    return number


def tenths(value: str) -> int:
    """Grams with at most one decimal, as whole tenths; more than 0."""
    try:
        number = Decimal(value) * 10
    except InvalidOperation:
        number = Decimal(0)
    if not number.is_finite() or number <= 0 or number != int(number):
        raise ValueError("must be grams > 0 with at most one decimal")
    return int(number)


def flag(value: str) -> bool:
    if value not in ("0", "1"):
        raise ValueError("must be 0 or 1")
    return value == "1"


def cert_status(value: str) -> str:
    if value not in CERT_STATUSES:
        raise ValueError(f"must be one of {', '.join(CERT_STATUSES)}")
    return value


def day(value: str) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise ValueError("must be a day like 2027-12-31, or empty") from None


def whole_or_none(value: str) -> int | None:
    return whole(value)


def county_code(value: str) -> str:
    """Six digits of GB/T 2260."""
    if not (len(value) == 6 and value.isascii() and value.isdigit()):
        raise ValueError("must have 6 digits, like 610924")
    return value


def seven(value: str) -> tuple[bool, ...]:
    if len(value) != 7 or set(value) - {"0", "1"}:
        raise ValueError("must be seven times 0 or 1, one for each gate")
    return tuple(each == "1" for each in value)


def seven_days(value: str) -> tuple[date | None, ...]:
    days = tuple(day(each.strip()) for each in value.split(";"))
    if len(days) != 7:
        raise ValueError("must be seven days with ; between them, an empty one has no end")
    return days
