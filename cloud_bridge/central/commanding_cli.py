"""``counter-central keys`` and ``counter-central command``: the signing key, and orders to counters."""

import getpass
import json
import os
import re
import sys
import time
from contextlib import closing
from pathlib import Path
from secrets import token_bytes
from typing import Any

import click
import msgspec

from cloud_bridge import signed
from cloud_bridge.central import commanding_query as query
from cloud_bridge.central import commanding_spool as spool
from cloud_bridge.central.cli import config_option, dir_option, json_option
from cloud_bridge.central.commanding import NOTHING, Invalid, Request, body_of, ulid
from cloud_bridge.central.commanding_keys import make_key, read_key
from cloud_bridge.central.database import Connection, open_reader
from cloud_bridge.central.settings import Settings, address_of, command_places
from cloud_bridge.commands import BODIES, Document
from cloud_bridge.documents import MAX_TEXT_BYTES
from edge.errors import BadInput, NoInput
from edge.outfit.settings_load import find_config, load

LOOK_S = 0.2
TAKEN_IN_S = 3.0
"""A running centre takes a command in within half a second."""
_SPAN = re.compile(r"(\d{1,7})([smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}

UNANSWERED = 75


def span(_context: click.Context, _option: click.Parameter, text: str | None) -> int:
    """``10m`` as seconds; 0 where nothing is given."""
    if text is None:
        return 0
    found = _SPAN.fullmatch(text)
    if found is None or not int(found[1]):
        raise click.BadParameter(f"{text!r} is no span like 90s, 10m, 2h or 1d")
    return int(found[1]) * _SECONDS[found[2]]


@click.command()
@config_option
@dir_option
@json_option
def keys(config: Path | None, directory: Path | None, as_json: bool) -> int:
    """Show the key that signs commands, as counters trust it; make it where there is none yet.

    The line goes under [commands] of each counter's settings. The private half never leaves its file.
    """
    settings = _settings(config)
    path, _ = command_places(settings, address_of(settings.database, directory))
    key = read_key(path) if path.exists() else make_key(path)
    public = key.public_key()
    text, name = signed.public_text(public), signed.key_id(public)
    if as_json:
        click.echo(json.dumps({"key": text, "kid": name, "file": str(path)}))
    else:
        click.echo(f'[commands]\nkeys = ["{text}"]  # {name}')
    return 0


@click.command()
@config_option
@dir_option
@json_option
@click.argument("kind", type=click.Choice(sorted(BODIES)))
@click.option("--counter", "counters", multiple=True, required=True, help="May be given again.")
@click.option("--body", help="What is asked, as a JSON object; instead of the options below.")
@click.option("--file", "file", type=click.Path(path_type=Path, dir_okay=False), help="Of a document.")
@click.option("--version", help="Of a document; without it the beginning of its SHA-256.")
@click.option("--reason", help="Of a lockout, a resume, a recall, a tray.")
@click.option("--tray")
@click.option("--out/--in", "out", default=None, help="Take the tray out of sale, or back.")
@click.option("--sku")
@click.option("--lot")
@click.option("--lifted", is_flag=True, default=None, help="Lift the recall.")
@click.option("--token", help="What the counter's screen shows (unlock).")
@click.option("--buyer", help="Opaque reference (unlock).")
@click.option("--value", "values", multiple=True, metavar="SECTION.KEY=VALUE", help="Of config.")
@click.option("--inc", help="The ledger's incarnation (resend).")
@click.option("--first", type=int)
@click.option("--last", type=int)
@click.option("--expires", callback=span, metavar="SPAN", help="How long it may be obeyed: 90s, 10m, 2h, 1d.")
@click.option("--wait", is_flag=True, help="Until it is answered or has expired.")
def command(
    config: Path | None,
    directory: Path | None,
    as_json: bool,
    kind: str,
    counters: tuple[str, ...],
    body: str | None,
    file: Path | None,
    version: str | None,
    expires: int,
    wait: bool,
    **given: Any,
) -> int:
    """Order something of counters; prints the command's id and, with --wait, the answer.

    Exit code with --wait: 0 done, 1 refused or failed, 75 not answered in time.
    """
    settings = _settings(config)
    address = address_of(settings.database, directory)
    key, place = command_places(settings, address)
    read_key(key)  # without one nothing would ever leave
    wanted = _body(kind, body, given)
    requests = [
        Request(
            id=ulid(time.time_ns() // 10**6, token_bytes(10)),
            counter=counter,
            kind=kind,
            body=msgspec.Raw(wanted),
            text=_text(kind, file),
            version=version or "",
            expires_s=expires,
            by=f"console:{getpass.getuser()}",
        )
        for counter in counters
    ]
    for request in requests:
        spool.hand_in(place, request)
        if not as_json:
            click.echo(request.id)
    with closing(open_reader(address)) as db:
        shown = [_followed(db, place, request, wait) for request in requests]
    return _told(shown, as_json, wait)


def _followed(db: Connection, place: Path, request: Request, wait: bool) -> list[query.Shown]:
    """What became of ``request``: as soon as it is taken in, or (``wait``) when nothing is open any more."""
    patience = time.monotonic() + TAKEN_IN_S
    while True:
        found = query.request(db, request.id, int(time.time()))
        if found and (not wait or all(each.state not in ("PENDING", "SENT") for each in found)):
            return found
        if (place / request.id).with_suffix(spool.REFUSED).exists():
            raise Invalid(f"{request.id}: the centre could not make a command of it; its log says why")
        if not found and time.monotonic() > patience:
            click.echo(f"{request.id}: waits for the centre, which does not run", err=True)
            if not wait:
                return []
            patience = float("inf")
        time.sleep(LOOK_S)


def _told(shown: list[list[query.Shown]], as_json: bool, wait: bool) -> int:
    rows = [each for found in shown for each in found]
    if as_json:
        click.echo(msgspec.json.encode(rows).decode())
    elif wait:
        for each in rows:
            answer = each.answer
            words = [each.id, each.counter, each.state]
            words += [answer.code, answer.detail, answer.report] if answer else []
            click.echo(" ".join(word for word in words if word))
    sys.stdout.flush()
    states = {each.state for each in rows}
    if not wait or states <= {"DONE"}:
        return 0
    return 1 if states & {"REFUSED", "FAILED"} else UNANSWERED


def _body(kind: str, body: str | None, given: dict[str, Any]) -> bytes:
    """The body in JSON, checked; empty for a document, whose text is its body."""
    values = given.pop("values")
    options = {name: value for name, value in given.items() if value is not None}
    if values:
        options["values"] = dict(_pair(each) for each in values)
    if BODIES[kind] is Document:
        if body or options:
            raise click.UsageError(f"{kind} takes --file")
        return bytes(NOTHING)
    if body is None:
        fields = BODIES[kind].__struct_fields__
        if odd := sorted(options.keys() - set(fields)):
            raise click.UsageError(f"{kind} takes no --{odd[0]}")
        body = msgspec.json.encode(options).decode()
    elif options:
        raise click.UsageError("either --body or the options it stands for")
    return msgspec.json.encode(body_of(BODIES[kind], body.encode("utf-8", "replace")))


def _pair(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} is not SECTION.KEY=VALUE", param_hint="--value")
    try:
        return key, msgspec.json.decode(value)
    except msgspec.DecodeError:
        return key, value


def _text(kind: str, file: Path | None) -> str:
    if (BODIES[kind] is Document) != (file is not None):
        raise click.UsageError(f"{kind} takes {'its text: --file' if file is None else 'no --file'}")
    if file is None:
        return ""
    try:
        if file.stat().st_size > MAX_TEXT_BYTES:
            raise BadInput(f"{file}: more than {MAX_TEXT_BYTES} bytes")
        return file.read_bytes().decode("utf-8")  # line ends as they are: the hash is of every byte
    except OSError as error:
        raise NoInput(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: byte {error.start} is not UTF-8; save the file as UTF-8") from error


def _settings(config: Path | None) -> Settings:
    path = find_config(config, os.environ, name="central", variable="COUNTER_CENTRAL_CONFIG")
    return load(path, Settings, env_prefix="COUNTER_CENTRAL_", environ=os.environ).value
