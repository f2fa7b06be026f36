"""``counter-central account``: who has a login. It writes the access file, also while the centre runs."""

import getpass
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TextIO

import click
import msgspec
from argon2 import PasswordHasher

from cloud_bridge.central import trail
from cloud_bridge.central.access import Access, Limits
from cloud_bridge.central.access_tables import open_access
from cloud_bridge.central.cli import config_option, database_of, dir_option, json_option
from cloud_bridge.central.roles import Role, Who
from cloud_bridge.wall import now_text
from edge.errors import BadInput

DAY_S = 86_400

name_argument = click.argument("name")
password_option = click.option(
    "--password-file",
    type=click.File(encoding="utf-8"),
    help="Its first line is the password, - for stdin; without it you are asked.",
)


class Desk:
    """One command's work on the access file. What it does, it does whole, with its row in the trail."""

    def __init__(self, config: Path | None, directory: Path | None) -> None:
        self._db = open_access(database_of(config, directory))
        self.access = Access(self._db, PasswordHasher(), Limits(idle_s=0, absolute_s=0))
        self.now_s = int(time.time())

    @contextmanager
    def doing(self, what: str, name: str, detail: str = "") -> Iterator[str]:
        """A transaction that ends with its row of the trail; gives the time as text."""
        at, who = now_text(), Who(name=f"console:{getpass.getuser()}")
        with self._db.transaction():
            yield at
            trail.note(self._db, who, f"account_{what}", name, at=at, address="", detail=detail)

    def close(self) -> None:
        self._db.close()


@click.group()
def account() -> None:
    """Logins of the centre's pages and API: who they are and what they may."""


@account.command()
@config_option
@dir_option
@name_argument
@click.option("--role", type=click.Choice([str(each) for each in Role]), required=True)
@click.option(
    "--supplier", default="", help="With --role supplier: whose goods it sees (the catalogue's id)."
)
@click.option("--no-password", is_flag=True, help="For a program: it gets a token and no password.")
@password_option
def add(
    config: Path | None,
    directory: Path | None,
    name: str,
    role: str,
    supplier: str,
    no_password: bool,
    password_file: TextIO | None,
) -> int:
    """Make an account."""
    password = None if no_password else _password(password_file)
    with closing(Desk(config, directory)) as desk, desk.doing("add", name, role) as at:
        desk.access.add(name, Role(role), supplier, password, at)
    return 0


@account.command("list")
@config_option
@dir_option
@json_option
def listed(config: Path | None, directory: Path | None, as_json: bool) -> int:
    """Show every account with its role and the ids of its tokens."""
    with closing(Desk(config, directory)) as desk:
        found = desk.access.accounts(desk.now_s)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return 0
    for each in found:
        state = f"disabled {each.disabled_at}" if each.disabled_at else "active"
        tokens = " ".join(each.tokens) or "-"
        click.echo(f"{each.name:<24} {each.role:<11} {each.supplier or '-':<10} {state}  tokens: {tokens}")
    return 0


@account.command()
@config_option
@dir_option
@name_argument
@click.option("--undo", is_flag=True, help="It may log in again.")
def disable(config: Path | None, directory: Path | None, name: str, undo: bool) -> int:
    """From now on it may nothing: open pages and tokens of it end too."""
    what = "enable" if undo else "disable"
    with closing(Desk(config, directory)) as desk, desk.doing(what, name) as at:
        desk.access.disable(name, None if undo else at)
    return 0


@account.command()
@config_option
@dir_option
@name_argument
@password_option
def password(config: Path | None, directory: Path | None, name: str, password_file: TextIO | None) -> int:
    """Give it another password; its open pages have to log in again."""
    text = _password(password_file)
    with closing(Desk(config, directory)) as desk, desk.doing("password", name):
        desk.access.set_password(name, text)
    return 0


@account.command()
@config_option
@dir_option
@json_option
@name_argument
@click.option(
    "--days", type=click.IntRange(1, 3650), default=365, show_default=True, help="How long it is good."
)
@click.option("--revoke", metavar="ID", help="Instead: this token counts no more.")
def token(
    config: Path | None, directory: Path | None, as_json: bool, name: str, days: int, revoke: str | None
) -> int:
    """Make a token for a program (Authorization: Bearer …). It is shown once and kept nowhere."""
    with closing(Desk(config, directory)) as desk:
        if revoke is not None:
            with desk.doing("revoke", name, revoke) as at:
                desk.access.revoke_token(name, revoke, at)
            return 0
        with desk.doing("token", name, f"{days} d") as at:
            id, text = desk.access.make_token(name, desk.now_s + days * DAY_S, at)
    told = msgspec.json.encode({"id": id, "token": text, "days": days}).decode()
    click.echo(told if as_json else text)
    return 0


def _password(file: TextIO | None) -> str:
    if file is None:
        given: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return given
    line = file.readline().rstrip("\r\n")
    if not line:
        raise BadInput(f"{file.name}: the first line, which is the password, is empty")
    return line
