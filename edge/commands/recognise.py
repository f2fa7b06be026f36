"""``counter recognise``: recorded door sessions in, verdicts out. It parses and prints; it judges nothing.

One session a line. ``truth`` and ``kind`` are not among the keys read, so no recogniser can see them.
"""

import json
from pathlib import Path
from typing import Any

import click
import msgspec

from edge.cli_options import json_option
from edge.domain.values import Decigrams, grams
from edge.errors import BadInput
from edge.session_lines import SessionLine, Unusable, lines_of, policy_of, rows_of, session_of, trays_of
from edge.weighing.recogniser import Recogniser
from edge.weighing.verdict import Choice, Goods, Happened, TrayVerdict, Verdict


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
def recognise(file: Path, as_json: bool) -> None:
    """Say what was taken in each recorded door session of FILE (JSON Lines).

    A line that is no session is named on stderr and the rest goes on; the exit code is then 65.
    With --json one object a session on stdout.
    """
    lines = unusable = 0
    for number, line in lines_of(file):
        lines += 1
        try:
            name, verdict = _judged(line)
        except Unusable as error:
            unusable += 1
            click.echo(f"counter: {file}:{number}: {error}", err=True)
            continue
        click.echo(json.dumps(printed(name, verdict), ensure_ascii=False) if as_json else told(name, verdict))
    if not lines:
        raise BadInput(f"{file}: holds no session; one JSON object a line is expected")
    if unusable:
        raise BadInput(f"{file}: {unusable} of {lines} lines are no session")


_LINE = msgspec.json.Decoder(SessionLine)


def _judged(line: bytes) -> tuple[str | int, Verdict]:
    """A session's name and verdict; its rows are not held. Raises ``Unusable`` naming the wrong field."""
    session = session_of(line, _LINE)
    recogniser = Recogniser(trays_of(session), policy_of(session))
    recogniser.feed_all(rows_of(session.samples))
    return session.id, recogniser.close(session.ended_s)


def printed(name: str | int, verdict: Verdict) -> dict[str, Any]:
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


def told(name: str | int, verdict: Verdict) -> str:
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
