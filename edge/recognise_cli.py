"""``counter recognise``: recorded door sessions in, verdicts out. It parses and prints; it judges nothing.

One session a line. ``truth`` and ``kind`` are not among the keys read, so no recogniser can see them.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import click
import msgspec

from edge.cli_options import json_option
from edge.domain.values import Decigrams, Sku, TrayId, grams
from edge.errors import BadInput, NoInput
from edge.weighing.recogniser import recognise as recognised
from edge.weighing.recording import Recording, Stocked, StockedTray
from edge.weighing.verdict import Choice, Goods, Happened, TrayVerdict, Verdict


class StockedLine(msgspec.Struct, frozen=True):
    """Units of one product on a tray; tol_g: three standard deviations of one unit."""

    sku: str
    unit_g: Annotated[float, msgspec.Meta(gt=0)]
    tol_g: Annotated[float, msgspec.Meta(ge=0)]
    count: Annotated[int, msgspec.Meta(ge=0)]


class TrayLine(msgspec.Struct, frozen=True):
    id: str
    planogram: tuple[StockedLine, ...] = ()


class SessionLine(msgspec.Struct, frozen=True):
    """One line of the file. samples: seconds, tray index, grams (null and NaN are gaps).

    ended_s: when the door session was closed, where that was later than the last row. A silent tray is
    told by it.
    """

    id: str
    trays: tuple[TrayLine, ...]
    samples: Sequence[tuple[float | None, int, float | None]]
    ended_s: float | None = None


class Unusable(Exception):
    """Why a line is no session, naming the field."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
def recognise(file: Path, as_json: bool) -> None:
    """Say what was taken in each recorded door session of FILE (JSON Lines).

    A line that is no session is named on stderr and the rest goes on; the exit code is then 65.
    With --json one object a session on stdout.
    """
    lines = unusable = 0
    for number, line in _lines(file):
        lines += 1
        try:
            recording = recording_of(line)
        except Unusable as error:
            unusable += 1
            click.echo(f"counter: {file}:{number}: {error}", err=True)
            continue
        verdict = recognised(recording)
        if as_json:
            click.echo(json.dumps(printed(recording.id, verdict), ensure_ascii=False))
        else:
            click.echo(told(recording.id, verdict))
    if not lines:
        raise BadInput(f"{file}: holds no session; one JSON object a line is expected")
    if unusable:
        raise BadInput(f"{file}: {unusable} of {lines} lines are no session")


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that hold something, with their numbers from 1."""
    try:
        with file.open("rb") as lines:
            yield from ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    except OSError as error:
        raise NoInput(f"{file}: {error.strerror or error}") from error


_LINE = msgspec.json.Decoder(SessionLine)


def recording_of(line: bytes) -> Recording:
    """The session in one line. Raises ``Unusable`` naming the field that is wrong."""
    session = _session_of(line)
    for name, count in Counter(tray.id for tray in session.trays).items():
        if count > 1:
            raise Unusable(f"trays: {name} is there {count} times")
    trays = tuple(
        StockedTray(TrayId(tray.id), tuple(_stocked(tray, f"trays[{place}]")))
        for place, tray in enumerate(session.trays)
    )
    rows = [(t, tray, g) for t, tray, g in session.samples if t is not None and g is not None]
    return Recording(session.id, trays, rows, session.ended_s)


def _session_of(line: bytes) -> SessionLine:
    try:
        return _LINE.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _lenient(line)


def _lenient(line: bytes) -> SessionLine:
    """Other programs write NaN and 1e999, which JSON has not: in a row they are gaps. Or the line is bad."""
    try:
        return msgspec.convert(json.loads(line), SessionLine)
    except msgspec.ValidationError as error:
        raise Unusable(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise Unusable(f"no JSON object: {error}") from error


def _stocked(tray: TrayLine, place: str) -> Iterator[Stocked]:
    seen: dict[str, StockedLine] = {}
    for index, good in enumerate(tray.planogram):
        for field, value in (("unit_g", good.unit_g), ("tol_g", good.tol_g)):
            if not isfinite(value):
                raise Unusable(f"{place}.planogram[{index}].{field}: {value} is no weight")
        same = seen.setdefault(good.sku, good)
        if (same.unit_g, same.tol_g) != (good.unit_g, good.tol_g):
            raise Unusable(f"{place}.planogram[{index}]: {good.sku} is there twice, with two weights")
        yield Stocked(Sku(good.sku), good.unit_g, good.tol_g, good.count)


def printed(name: str, verdict: Verdict) -> dict[str, Any]:
    """The verdict as one JSON object."""
    return {
        "id": name,
        "verdict": verdict.say,
        "basket": dict(verdict.basket),
        "margin": round(verdict.margin, 3),
        "trays": {tray.tray: _printed_tray(tray) for tray in verdict.trays},
        "events": [_printed_event(event) for event in verdict.events],
        "reasons": list(verdict.reasons),
    }


def _printed_tray(tray: TrayVerdict) -> dict[str, Any]:
    return {
        "verdict": tray.say,
        "delta_g": _grams(tray.delta),
        "residual_g": _grams(tray.residual),
        "alternatives": [_printed_choice(choice) for choice in tray.alternatives],
    }


def _printed_choice(choice: Choice) -> dict[str, Any]:
    return {"basket": dict(choice.goods), "p": round(choice.p, 4)}


def _printed_event(event: Happened) -> dict[str, Any]:
    return {
        "t": round(event.at, 3),
        "tray": event.tray,
        "action": event.action,
        "sku": event.sku,
        "count": event.count,
    }


def _grams(value: Decigrams | None) -> float | None:
    return None if value is None else grams(value)


def told(name: str, verdict: Verdict) -> str:
    """The verdict for a person, one line for the session and one for each tray that is part of it."""
    why = f"  because {', '.join(verdict.reasons)}" if verdict.reasons else ""
    lines = [f"{name}  {verdict.say}  {_goods(verdict.basket)}  margin {verdict.margin:.1f}{why}"]
    for tray in verdict.trays:
        if tray.goods or tray.reasons:
            change = "no level" if tray.delta is None else f"{grams(tray.delta):+.1f} g"
            doubt = f"  ({', '.join(tray.reasons)})" if tray.reasons else ""
            lines.append(f"  tray {tray.tray}  {tray.say}  {_goods(tray.goods)}  {change}{doubt}")
    lines += [f"  {_event(event)}" for event in verdict.events]
    return "\n".join(lines)


def _goods(goods: Goods) -> str:
    return ", ".join(f"{count} × {sku}" for sku, count in goods) or "nothing"


def _event(event: Happened) -> str:
    what = f"  {event.count} × {event.sku}" if event.sku else ""
    return f"{event.at:8.2f} s  tray {event.tray}  {event.action}{what}"
