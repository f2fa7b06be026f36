"""``counter-central webhook`` and ``webhooks``: who is sent the events, and the process that sends them."""

import getpass
import os
import secrets
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from random import SystemRandom
from threading import Event as Flag
from urllib.parse import urlsplit

import click
import msgspec

from cloud_bridge import feed
from cloud_bridge.central import cli, hook_batch, hook_signing, hook_store, trail
from cloud_bridge.central.access_tables import open_access
from cloud_bridge.central.cli import FILE, config_option, dir_option, json_option
from cloud_bridge.central.database import Connection
from cloud_bridge.central.hook_post import BadTarget, Target, checked
from cloud_bridge.central.hook_sender import alone, attempt, serve
from cloud_bridge.central.hook_store import Hooks, Subscription
from cloud_bridge.central.outward_query import newest_number
from cloud_bridge.central.roles import Who
from cloud_bridge.wall import now_text
from edge import logs
from edge.errors import BadInput, NoInput, Unavailable

id_argument = click.argument("id")


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One subscription as ``webhook list`` tells it. waiting: numbers between its cursor and the newest."""

    subscription: Subscription
    waiting: int
    dead_letters: tuple[hook_store.DeadLetter, ...]


@click.group()
def webhook() -> None:
    """Who is sent the events as they arrive: add a receiver, try it, see what it refused."""


@webhook.command()
@config_option
@dir_option
@json_option
@click.argument("url")
@click.option("--types", default="", help="Event types, parted by commas; all without it.")
@click.option("--counter", default="", help="Events of this counter only.")
@click.option(
    "--secret-file", type=FILE, required=True, help="Made where there is none; the receiver gets its text."
)
@click.option("--ca-file", type=FILE, help="Certificates (PEM) to trust instead of the system's.")
@click.option("--allow-private", is_flag=True, help="The receiver is in our own network; plain http may be.")
@click.option("--from-start", is_flag=True, help="Send all that is stored too, not only what comes.")
def add(
    config: Path | None,
    directory: Path | None,
    as_json: bool,
    url: str,
    types: str,
    counter: str,
    secret_file: Path,
    ca_file: Path | None,
    allow_private: bool,
    from_start: bool,
) -> int:
    """Send events to URL from now on. Its messages are signed as standardwebhooks.com says."""
    wanted = tuple(each.strip() for each in types.split(",") if each.strip())
    if unknown := set(wanted) - set(feed.TYPES.values()):
        raise click.BadParameter(f"no such type: {', '.join(sorted(unknown))}", param_hint="--types")
    if counter and not feed.COUNTER_ID.fullmatch(counter):
        raise click.BadParameter(f"{counter} is no counter's id", param_hint="--counter")
    try:
        checked(Target(url, allow_private))
    except BadTarget as error:
        raise click.BadParameter(str(error), param_hint="URL") from error
    _secret(secret_file)
    with closing(_reader(config, directory)) as db, _hooks(config, directory) as hooks:
        made = Subscription(
            id=secrets.token_hex(4),
            url=url,
            types=wanted,
            counter=counter,
            secret_file=str(secret_file.resolve()),
            ca_file=str(ca_file.resolve()) if ca_file else "",
            allow_private=allow_private,
            state=hook_store.ACTIVE,
            why="",
            cursor=0 if from_start else newest_number(db),
            apart_to=0,
            round=0,
            failures=0,
            failing_since=None,
            made_at=now_text(),
            delivered_at=None,
        )
        hooks.add(made)
    _note(config, directory, "add", made.id, urlsplit(url).hostname or "")
    click.echo(msgspec.json.encode(made).decode() if as_json else f"{made.id}  after {made.cursor}  {url}")
    return 0


@webhook.command("list")
@config_option
@dir_option
@json_option
def list_(config: Path | None, directory: Path | None, as_json: bool) -> int:
    """Every receiver: how far it is, what went wrong, what it refused. Exit code 1 where one is disabled."""
    with closing(_reader(config, directory)) as db, _hooks(config, directory) as hooks:
        newest = newest_number(db)
        told = [
            Listed(
                subscription=each,
                waiting=max(newest - each.cursor, 0),
                dead_letters=tuple(hooks.dead(each.id)),
            )
            for each in hooks.all()
        ]
    click.echo(msgspec.json.encode(told).decode() if as_json else _text(told))
    return 1 if any(each.subscription.state == hook_store.DISABLED for each in told) else 0


@webhook.command()
@config_option
@dir_option
@id_argument
def test(config: Path | None, directory: Path | None, id: str) -> int:
    """Send a signed message without events now, and say what came back."""
    with _hooks(config, directory) as hooks:
        to = _one(hooks, id)
    at_s = int(time.time())
    outcome = attempt(to, f"msg_{to.id}_test_{at_s}", hook_batch.test_body(now_text()), at_s)
    if outcome.status is None or not 200 <= outcome.status < 300:
        raise Unavailable(f"{to.url}: {outcome.why}")
    click.echo(f"{to.url}: {outcome.why}")
    return 0


@webhook.command()
@config_option
@dir_option
@id_argument
def remove(config: Path | None, directory: Path | None, id: str) -> int:
    """Forget a receiver with its dead letters. A message under way may still arrive."""
    with _hooks(config, directory) as hooks:
        hooks.remove(_one(hooks, id).id)
    _note(config, directory, "remove", id)
    return 0


@webhook.command()
@config_option
@dir_option
@id_argument
@click.option("--dead", is_flag=True, help="The events that it refused.")
@click.option("--from", "number", type=click.IntRange(1), help="Everything from this number on.")
def replay(config: Path | None, directory: Path | None, id: str, dead: bool, number: int | None) -> int:
    """Send again, under new message ids; a disabled receiver is enabled. Without options only that."""
    with _hooks(config, directory) as hooks:
        to = _one(hooks, id)
        if number is not None:
            hooks.replay_from(to.id, number)
        if dead:
            click.echo(f"{hooks.replay_dead(to.id)} dead letters will be sent again")
        if number is None and not dead:
            hooks.enable(to.id)
    _note(config, directory, "replay", id, f"dead: {dead}, from: {number or '-'}")
    return 0


@click.command()
@config_option
@dir_option
def webhooks(config: Path | None, directory: Path | None) -> int:
    """Send the events to all receivers until SIGTERM or Ctrl-C; one such process for each file."""
    logs.configure()
    stop = Flag()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with alone(_path(config, directory)), _hooks(config, directory) as hooks:
        port = cli._settings(config).webhooks.status_port
        serve(hooks, lambda: closing(_reader(config, directory)), stop, SystemRandom(), port)
    return 0


def _note(config: Path | None, directory: Path | None, what: str, id: str, detail: str = "") -> None:
    """A row of the audit trail. Who may run the command is the centre's own user; a URL may hold a secret."""
    who = Who(name=f"console:{getpass.getuser()}")
    with closing(open_access(cli.database_of(config, directory))) as db, db.transaction():
        trail.note(db, who, f"webhook_{what}", id, at=now_text(), address="", detail=detail)


def _secret(path: Path) -> None:
    """Make the file where there is none; raises BadInput where it holds no secret."""
    try:
        if not path.exists():
            line = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(line, "w", encoding="utf-8") as file:
                file.write(hook_signing.secret_text(secrets.token_bytes(32)) + "\n")
        hook_signing.secrets_in(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise NoInput(f"{path}: {error}") from error
    except hook_signing.BadSecret as error:
        raise BadInput(f"{path}: {error}") from error


def _text(told: Sequence[Listed]) -> str:
    lines = []
    for each in told:
        to = each.subscription
        what = ",".join(to.types) or "all types"
        lines.append(f"{to.id}  {to.state}  {to.url}  {what}  cursor {to.cursor}, {each.waiting} behind")
        if to.why:
            lines.append(f"    failed {to.failures} times since {to.failing_since}: {to.why}")
        lines += [f"    refused: number {letter.number}, {letter.why}" for letter in each.dead_letters]
    return "\n".join(lines) or "no receivers"


def _one(hooks: Hooks, id: str) -> Subscription:
    found = hooks.one(id)
    if found is None:
        raise NoInput(f"there is no receiver {id}; `{cli.PROGRAM} webhook list` names them")
    return found


def _path(config: Path | None, directory: Path | None) -> Path:
    if directory is not None:
        return directory / hook_store.FILE
    return Path(cli._settings(config).webhooks.path)


@contextmanager
def _hooks(config: Path | None, directory: Path | None) -> Iterator[Hooks]:
    with closing(Hooks(_path(config, directory))) as hooks:
        yield hooks


def _reader(config: Path | None, directory: Path | None) -> Connection:
    return cli._reader(config, directory)
