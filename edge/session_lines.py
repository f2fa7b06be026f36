"""Recorded door sessions as lines of JSON: read strictly, in bounded memory, faults named by field.

One session a line. It judges nothing, and what a caller does not name among the keys is not read, so that
a recogniser never sees ``truth`` or ``kind``. Rows are decoded a few thousand at a time.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from edge.domain.values import Sku, TrayId
from edge.errors import NoInput
from edge.weighing.policy import Policy
from edge.weighing.recording import Recording, Row, Stocked, StockedTray

MOST_LINE = 256 * 1024 * 1024
"""Bytes. Ten trays at 80 rows a second take 24 MB in a quarter of an hour; a longer line is no session."""
CHUNK = 64 * 1024
"""Bytes of rows that are decoded at a time."""
LONGEST_INT = 18
"""Digits. An integer of more is read as a float: as a weight it is none, as an index there is no such."""


class StockedLine(msgspec.Struct, frozen=True):
    """Units of one product on a tray; tol_g: three standard deviations of one unit.

    lot_sd_g: error common to the units of a lot, where the lot has been weighed. x_mm: middle of its lane.
    """

    sku: str
    unit_g: Annotated[float, msgspec.Meta(gt=0)]
    tol_g: Annotated[float, msgspec.Meta(ge=0)]
    count: Annotated[int, msgspec.Meta(ge=0)]
    lot_sd_g: Annotated[float, msgspec.Meta(ge=0)] | None = None
    x_mm: float | None = None


class TrayLine(msgspec.Struct, frozen=True):
    """width_mm: across the lanes, for trays whose cells are read one by one."""

    id: str
    planogram: tuple[StockedLine, ...] = ()
    width_mm: Annotated[float, msgspec.Meta(gt=0)] | None = None


class PolicyLine(msgspec.Struct, frozen=True, kw_only=True):
    """The thresholds of the counter that recorded, where they are not the usual ones: see ``Policy``."""

    sure_p: Annotated[float, msgspec.Meta(gt=0, lt=1)] = Policy().sure_p
    fit_z: Annotated[float, msgspec.Meta(gt=0)] = Policy().fit_z
    swap_z: Annotated[float, msgspec.Meta(gt=0)] = Policy().swap_z
    bulk_units: Annotated[int, msgspec.Meta(ge=2)] = Policy().bulk_units


class SessionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line. samples: as they stand there, for ``rows_of``.

    ended_s: when the door session was closed, where that was later than the last row. A silent tray is
    told by it.
    """

    id: str | int
    trays: tuple[TrayLine, ...]
    samples: msgspec.Raw
    ended_s: float | None = None
    policy: PolicyLine = PolicyLine()


class RowLine(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    """Seconds, tray index, grams; null, NaN and 1e999 among seconds and grams are gaps.

    x_mm, y_mm: the point the load acts on, across the lanes and along them, where cells are read one by one.
    """

    at: float | None
    tray: int
    grams: float | None
    x_mm: float | None = None
    y_mm: float | None = None


Line = TypeVar("Line", bound=SessionLine)


class Unusable(Exception):
    """Why a line is no session, naming the field."""


def lines_of(file: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that hold something, with their numbers from 1; of one that is too long only so much.

    Raises NoInput.
    """
    try:
        with file.open("rb") as lines:
            number = 0
            while line := lines.readline(MOST_LINE + 1):
                number += 1
                rest = line
                while len(rest) > MOST_LINE and not rest.endswith(b"\n"):
                    rest = lines.readline(MOST_LINE + 1)
                if line.strip():
                    yield number, line
    except OSError as error:
        raise NoInput(f"{file}: {error.strerror or error}") from error


def session_of(line: bytes, decoder: msgspec.json.Decoder[Line]) -> Line:
    """The session in ``line``, its rows not yet looked at. Raises ``Unusable``."""
    if len(line) > MOST_LINE:
        raise Unusable(f"longer than {MOST_LINE} bytes: no session takes so much")
    line = line.removeprefix(b"\xef\xbb\xbf")
    try:
        return decoder.decode(line)
    except UnicodeDecodeError as error:
        raise Unusable(_not_utf8(line)) from error
    except RecursionError as error:
        raise Unusable("no JSON object of ours: nested too deeply") from error
    except msgspec.ValidationError as error:
        raise Unusable(str(error)) from error
    except msgspec.DecodeError as error:
        spoken = _NO_JSON.sub(lambda found: found[0] if found[0].startswith(b'"') else b"null", line)
        if spoken == line:
            raise Unusable(f"no JSON object: {error}") from error
    return session_of(spoken, decoder)


_NO_JSON = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b')
"""Strings, which stay, and what other programs write for numbers and JSON does not have."""


def _not_utf8(line: bytes) -> str:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"no JSON object: byte {error.start} is not UTF-8"
    return "no JSON object: a text is not UTF-8"


def trays_of(session: SessionLine) -> tuple[StockedTray, ...]:
    """What was planned. Raises ``Unusable``."""
    for name, count in Counter(tray.id for tray in session.trays).items():
        if count > 1:
            raise Unusable(f"{name} is there {count} times - at `$.trays`")
    return tuple(
        StockedTray(
            TrayId(tray.id), tuple(_stocked(tray, f"$.trays[{place}].planogram")), width_mm=tray.width_mm
        )
        for place, tray in enumerate(session.trays)
    )


def _stocked(tray: TrayLine, place: str) -> Iterator[Stocked]:
    seen: dict[str, StockedLine] = {}
    for index, good in enumerate(tray.planogram):
        weights = ("unit_g", good.unit_g), ("tol_g", good.tol_g), ("lot_sd_g", good.lot_sd_g or 0.0)
        for field, value in weights:
            if not isfinite(value):
                raise Unusable(f"{value} is no weight - at `{place}[{index}].{field}`")
        same = seen.setdefault(good.sku, good)
        if (same.unit_g, same.tol_g) != (good.unit_g, good.tol_g):
            raise Unusable(f"{good.sku} is there twice, with two weights - at `{place}[{index}]`")
        yield Stocked(Sku(good.sku), good.unit_g, good.tol_g, good.count, good.lot_sd_g, good.x_mm)


def policy_of(session: SessionLine) -> Policy:
    """The thresholds the session was settled by."""
    told = session.policy
    return Policy(sure_p=told.sure_p, fit_z=told.fit_z, swap_z=told.swap_z, bulk_units=told.bulk_units)


def rows_of(samples: msgspec.Raw) -> Iterator[Row]:
    """The rows that are no gaps, in the order they stand there. Raises ``Unusable`` naming the row."""
    body = bytes(samples)
    first = 0
    for chunk in _chunks(body):
        rows = _decoded(chunk, first, body)
        first += len(rows)
        for row in rows:
            if row.at is not None and row.grams is not None:
                if row.x_mm is None:
                    yield row.at, row.tray, row.grams
                else:
                    yield row.at, row.tray, row.grams, row.x_mm


def _chunks(body: bytes) -> Iterator[bytes]:
    """Arrays of some whole rows each: a row holds no array, so every bracket ends one."""
    if not body.startswith(b"["):
        yield body
        return
    begin, end = 1, len(body) - 1
    while begin < end:
        close = body.find(b"]", begin + CHUNK, end)
        stop = close + 1 if close >= 0 else end
        yield b"[%b]" % body[begin:stop]
        begin = body.find(b",", stop, end) + 1 or end


_ROWS = msgspec.json.Decoder(list[RowLine])


def _decoded(chunk: bytes, first: int, body: bytes) -> list[RowLine]:
    """The rows of ``chunk``. first: the number of its first row in ``body``."""
    try:
        return _ROWS.decode(chunk)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass  # a number out of range, which is a gap, or a fault to be named
    try:
        return msgspec.convert(json.loads(chunk, parse_int=_whole), list[RowLine])
    except msgspec.ValidationError as error:
        raise Unusable(_in_place(str(error), first)) from error
    except (ValueError, RecursionError):
        pass  # cut where a row held an array: the whole names it
    try:
        return _ROWS.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Unusable(_in_place(str(error), 0)) from error


def _whole(digits: str) -> float:
    return int(digits) if len(digits) <= LONGEST_INT else float(digits)


def _in_place(error: str, first: int) -> str:
    """What msgspec says of some rows, said of the line."""
    named = re.sub(r"`\$\[(\d+)\]", lambda found: f"`$.samples[{first + int(found[1])}]", error)
    return named if named != error else f"{error.removesuffix(' - at `$`')} - at `$.samples`"


_LINE = msgspec.json.Decoder(SessionLine)


def recording_of(line: bytes) -> Recording:
    """The session in one line, with all its rows. Raises ``Unusable`` naming the field that is wrong."""
    session = session_of(line, _LINE)
    return Recording(str(session.id), trays_of(session), list(rows_of(session.samples)), session.ended_s)
