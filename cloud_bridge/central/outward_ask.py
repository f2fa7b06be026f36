"""A request's parameters → what is asked of a list. Pure."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from cloud_bridge.central.clock import SHANGHAI
from cloud_bridge.central.outward_sources import Filter, Kind, Source

MAX_LIMIT, LIMIT = 1000, 50
MAX_WAIT_S = 30
MAX_NUMBER = 2**62
MAX_TEXT = 200
FORMATS = {"json": "application/json", "jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
_KEYS = msgspec.json.Decoder(tuple[str, ...])


class BadParameter(ValueError):
    """What is wrong with a parameter, for the one who asked."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted of one list. filters: values by name, as the database compares them.

    number: the cursor of lists by arrival; place: that of the others. newest: from the last to the first.
    form: a key of FORMATS, "": as ``Accept`` says.
    """

    filters: Mapping[str, Any]
    limit: int = LIMIT
    number: int | None = None
    place: tuple[str, ...] | None = None
    newest: bool = False
    wait_s: int = 0
    form: str = ""


def parameters(source: Source) -> tuple[str, ...]:
    """The names that ``asked`` knows for this list."""
    ordered = ("order", "wait") if source.by_arrival else ()
    return ("after", "limit", "format", *ordered, *(each.name for each in source.filters))


def asked(source: Source, given: Mapping[str, str]) -> Asked:
    """Read every parameter; raises BadParameter, also on a name that this list does not know."""
    known = parameters(source)
    for name in given:
        if name not in known:
            raise BadParameter(f"{name[:40]!r} is not known here; known: {', '.join(known)}")
    newest = _newest(source, given.get("order"))
    wait_s = _whole(given, "wait", 0, 0, MAX_WAIT_S)
    if wait_s and newest:
        raise BadParameter("wait needs order=oldest: only what is new can be waited for")
    form = given.get("format", "")
    if form and form not in FORMATS:
        raise BadParameter(f"format is one of {', '.join(FORMATS)}")
    told = [each for each in source.filters if given.get(each.name)]
    return Asked(
        filters={each.name: _value(each, given[each.name]) for each in told},
        limit=_whole(given, "limit", LIMIT, 1, MAX_LIMIT),
        number=_whole(given, "after", 0, 0, MAX_NUMBER) if source.by_arrival and "after" in given else None,
        place=_place(source, given["after"]) if not source.by_arrival and "after" in given else None,
        newest=newest,
        wait_s=wait_s,
        form=form,
    )


def place_text(values: tuple[str, ...]) -> str:
    """The cursor of a list that is not by arrival: opaque text for a URL."""
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).rstrip(b"=").decode()


def _newest(source: Source, order: str | None) -> bool:
    if order not in (None, "newest", "oldest"):
        raise BadParameter("order is newest or oldest")
    return source.by_arrival and (order or ("oldest" if source.name == "events" else "newest")) == "newest"


def _place(source: Source, text: str) -> tuple[str, ...]:
    try:
        found = _KEYS.decode(base64.urlsafe_b64decode(text[:1000] + "=" * (-len(text[:1000]) % 4)))
    except (binascii.Error, ValueError) as error:
        raise BadParameter("after is no cursor of this list; take it from Feed-Cursor") from error
    if len(found) != len(source.keys) or not all(_storable(each) for each in found):
        raise BadParameter("after is the cursor of another list")
    return found


def _whole(given: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not least <= int(text[:20]) <= most:
        raise BadParameter(f"{name} must be a number from {least} to {most}")
    return int(text)


def _storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _value(each: Filter, text: str) -> Any:
    if len(text) > MAX_TEXT or not _storable(text):
        raise BadParameter(f"{each.name} must be readable text of at most {MAX_TEXT} characters")
    if each.kind == "flag":
        if text not in ("0", "1"):
            raise BadParameter(f"{each.name} is 0 or 1")
        return int(text)
    if each.kind == "texts":
        return frozenset(part.strip() for part in text.split(","))
    return _moment(each.name, each.kind, text) if each.kind in ("ms", "moment") else text


def _moment(name: str, kind: Kind, text: str) -> int | str:
    """A day begins at midnight in Shanghai; a moment without a zone is refused."""
    try:
        moment = datetime.fromisoformat(text)
        if len(text) == len("2026-11-24"):
            moment = moment.replace(tzinfo=SHANGHAI)
        if moment.tzinfo is None:
            raise BadParameter(f"{name} needs a zone: 2026-11-24T08:00:00+08:00, or a day: 2026-11-24")
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        if isinstance(error, BadParameter):
            raise
        raise BadParameter(f"{name} must be a day (2026-11-24) or an RFC 3339 moment") from error
    if kind == "ms":
        return round(moment.timestamp() * 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
