"""``counter status``: how the running counter is, asked of its own pages. It opens no file of the ledger."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any

import click

from edge.cli_options import environment, json_option, settings_options
from edge.errors import Unavailable
from edge.settings_load import load_settings

ASK_S = 3.0


@click.command()
@settings_options
@click.option("--url", help="Where the counter's pages are; default: the settings' host and port.")
@json_option
def status(config: Path | None, overrides: dict[str, object], url: str | None, as_json: bool) -> int:
    """Say how the running counter is: selling or not and why, door, trays, centre.

    Exit code 1 when it does not sell, 69 when it does not answer.
    """
    if url is None:
        screens = load_settings(config, environ=environment(), flags=overrides).value.screens
        url = f"http://{screens.host}:{screens.port}"
    counter, ready = _asked(f"{url}/api/v1/counter"), _asked(f"{url}/readyz")
    if as_json:
        click.echo(json.dumps({"counter": counter, "ready": ready}, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(counter, ready)))
    return 0 if counter["state"] != "OUT_OF_ORDER" else 1


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
