"""What a restocker types, made fit to be kept: signs that can be read, days that a label can bear. Pure."""

import unicodedata
from datetime import date

import msgspec

from edge.domain.redact import redacted
from edge.domain.restock_view import SetCount, SetLot, SetStock
from edge.domain.sheet import Edit

FIRST, LAST = date(2000, 1, 1), date(2099, 12, 31)
"""Days that stand on goods. Beyond them a shelf life could not be reckoned any more."""


def senseless(edit: Edit) -> str:
    """Why ``edit`` cannot be meant; "": it can."""
    if not isinstance(edit, SetLot):
        return ""
    try:
        produced, expires = (date.fromisoformat(day) if day else None for day in _days(edit))
    except ValueError:
        return "no such day in the calendar"
    if not all(FIRST <= day <= LAST for day in (produced, expires) if day):
        return f"no label bears such a day; from {FIRST} to {LAST}"
    if produced and expires and expires < produced:
        return "it cannot expire before it was made"
    return ""


def kept(edit: Edit) -> Edit:
    """``edit`` with readable words, and without what its reason may tell of a person.

    A lot's number is the maker's and stays whole.
    """
    if isinstance(edit, SetLot):
        return msgspec.structs.replace(edit, lot=readable(edit.lot))
    if isinstance(edit, SetCount | SetStock):
        return msgspec.structs.replace(edit, reason=redacted(readable(edit.reason)))
    return edit


def readable(text: str) -> str:
    """``text`` in one line, without signs that nobody sees: controls, marks of direction, stray halves."""
    shown = (" " if sign.isspace() else sign for sign in text)
    return " ".join("".join(s for s in shown if unicodedata.category(s)[0] != "C").split())


def _days(edit: SetLot) -> tuple[str | None, str | None]:
    return edit.produced_on, edit.expires_on
