"""``counter-central buyer``: who opens counters from the centre's phone page. Also while the centre runs."""

import getpass
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TextIO

import click
import msgspec
from argon2 import PasswordHasher

from cloud_bridge.central import trail
from cloud_bridge.central.access_tables import open_access
from cloud_bridge.central.cli import config_option, database_of, dir_option, json_option
from cloud_bridge.central.phone.buyers import Buyers
from cloud_bridge.central.roles import Who
from cloud_bridge.wall import now_text
from edge.errors import BadInput

login_argument = click.argument("login")
pin_option = click.option(
    "--pin-file",
    type=click.File(encoding="utf-8"),
    help="Its first line is the PIN, - for stdin; without it you are asked.",
)


class Desk:
    """One command's work. What it does, it does whole, with its row in the trail."""

    def __init__(self, config: Path | None, directory: Path | None) -> None:
        self._db = open_access(database_of(config, directory))
        self.buyers = Buyers(self._db, PasswordHasher())

    @contextmanager
    def doing(self, what: str, login: str) -> Iterator[str]:
        """A transaction that ends with its row of the trail; gives the time as text."""
        at, who = now_text(), Who(name=f"console:{getpass.getuser()}")
        with self._db.transaction():
            yield at
            trail.note(self._db, who, f"buyer_{what}", login, at=at, address="")

    def close(self) -> None:
        self._db.close()


@click.group()
def buyer() -> None:
    """Buyers of the centre's phone page: a login and a PIN for a reference of the counters' roster."""


@buyer.command()
@config_option
@dir_option
@login_argument
@click.option("--ref", required=True, help="The opaque reference that the counters' roster has.")
@click.option("--unit", default="", help="The opaque id of the host unit.")
@click.option("--keep", is_flag=True, help="Where there is such a login, nothing changes.")
@pin_option
def add(
    config: Path | None,
    directory: Path | None,
    login: str,
    ref: str,
    unit: str,
    keep: bool,
    pin_file: TextIO | None,
) -> int:
    """Make a buyer. Which counters it opens say their rosters."""
    with closing(Desk(config, directory)) as desk:
        if keep and desk.buyers.knows(login):
            return 0
        pin = _pin(pin_file)
        with desk.doing("add", login) as at:
            desk.buyers.add(login, ref, unit, pin, at)
    return 0


@buyer.command("list")
@config_option
@dir_option
@json_option
def listed(config: Path | None, directory: Path | None, as_json: bool) -> int:
    """Show every buyer."""
    with closing(Desk(config, directory)) as desk:
        found = desk.buyers.all()
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return 0
    for each in found:
        state = f"disabled {each.disabled_at}" if each.disabled_at else "active"
        click.echo(f"{each.login:<24} {each.ref:<34} {each.unit or '-':<16} {state}")
    return 0


@buyer.command()
@config_option
@dir_option
@login_argument
@click.option("--undo", is_flag=True, help="It may open again.")
def disable(config: Path | None, directory: Path | None, login: str, undo: bool) -> int:
    """From now on it opens nothing from the centre's page; what its rosters say stays."""
    with closing(Desk(config, directory)) as desk, desk.doing("enable" if undo else "disable", login) as at:
        desk.buyers.disable(login, None if undo else at)
    return 0


@buyer.command()
@config_option
@dir_option
@login_argument
@pin_option
def pin(config: Path | None, directory: Path | None, login: str, pin_file: TextIO | None) -> int:
    """Give it another PIN."""
    text = _pin(pin_file)
    with closing(Desk(config, directory)) as desk, desk.doing("pin", login):
        desk.buyers.set_pin(login, text)
    return 0


def _pin(file: TextIO | None) -> str:
    if file is None:
        given: str = click.prompt("PIN", hide_input=True, confirmation_prompt=True)
        return given
    line = file.readline().strip()
    if not line:
        raise BadInput(f"{file.name}: the first line, which is the PIN, is empty")
    return line
