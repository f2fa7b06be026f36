"""``counter status``: how the running counter is, asked of its own pages; or what its last night was like.

Only the latter reads the ledger.
"""

import json
import urllib.error
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import click
import msgspec

from edge.cli_options import environment, json_option, settings_options
from edge.errors import Unavailable
from edge.ledger.counted import last_night
from edge.outfit.settings_load import find_config, load_settings
from edge.settings import Settings
from edge.upkeep.night_lines import said, since_words, told_again
from edge.weighing.audit import Cause

ASK_S = 3.0


@click.command()
@settings_options
@click.option("--url", help="Where the counter's pages are; default: the settings' host and port.")
@click.option("--audit", is_flag=True, help="Instead, the last night's line of each tray, from the ledger.")
@json_option
def status(
    config: Path | None, overrides: dict[str, object], url: str | None, audit: bool, as_json: bool
) -> int:
    """Say how the running counter is: selling or not and why, door, trays, centre.

    Exit code 1 when it does not sell, 69 when it does not answer. With --audit it need not run; exit code
    1 when a tray was not in order.
    """
    if audit:
        path = find_config(config, environment())
        return _night(load_settings(path, environ=environment(), flags=overrides).value, as_json)
    if url is None:
        screens = load_settings(config, environ=environment(), flags=overrides).value.screens
        url = f"http://{screens.host}:{screens.port}"
    counter, ready = _asked(f"{url}/api/v1/counter"), _asked(f"{url}/readyz")
    if as_json:
        click.echo(json.dumps({"counter": counter, "ready": ready}, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(counter, ready)))
    return 0 if counter["state"] != "OUT_OF_ORDER" else 1


def _night(settings: Settings, as_json: bool) -> int:
    """The last audit's lines, in Chinese and English. Raises NoInput where there is no ledger."""
    facts, zone = last_night(Path(settings.files.data) / "ledger.db"), ZoneInfo(settings.counter.timezone)
    if as_json:
        click.echo(json.dumps([msgspec.to_builtins(fact) for fact in facts], ensure_ascii=False))
    elif not facts:
        click.echo(f"no audit yet: the first comes at {settings.weighing.audit_at}")
    for fact in () if as_json else facts:
        for sentence in said(told_again(fact), since_words(datetime.fromisoformat(fact.since), zone)):
            click.echo(sentence)
    return 1 if any(fact.cause != Cause.NONE for fact in facts) else 0


def _lines(counter: dict[str, Any], ready: dict[str, Any]) -> list[str]:
    out = [tray["tray"] for tray in counter["trays"] if not tray["in_service"]]
    failed = [name for name, well in ready["checks"].items() if not well]
    return [
        f"{counter['counter']} {counter['name']}: {counter['state']} {counter.get('reason', '')}".rstrip(),
        f"trays: {len(counter['trays'])}, out of service: {', '.join(out) or 'none'}",
        f"checks failed: {', '.join(failed) or 'none'}",
        f"degraded: {', '.join(ready['degraded']) or 'none'}",
    ]


def _asked(url: str) -> dict[str, Any]:
    """The JSON at ``url``, also of an answer 503. Raises Unavailable."""
    try:
        with _opened(url) as answer:
            body: dict[str, Any] = json.load(answer)
            return body
    except (OSError, ValueError) as error:
        raise Unavailable(
            f"{url}: {error}; the counter does not answer: is it running, and is screens.port right?"
        ) from error


def _opened(url: str) -> IO[bytes]:
    """The answer's body; "not ready" (503) is an answer too."""
    try:
        answer: IO[bytes] = urllib.request.urlopen(url, timeout=ASK_S)
    except urllib.error.HTTPError as error:
        if error.code != 503:
            raise
        return error
    return answer
