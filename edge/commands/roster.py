"""``counter roster``: makes the lines of an account. It asks for PIN and badge and never shows them."""

import json
import re
import secrets
from typing import Any

import click

from edge.cli_options import json_option
from edge.domain.roster import PinHash
from edge.domain.values import Kind
from edge.pins import SALT_BYTES, hash_pin, new_pin_hash

MIN_PIN = 6
MIN_BADGE = 6


@click.group()
def roster() -> None:
    """Make accounts for the roster file."""


@roster.command("hash")
@click.argument("login")
@click.option(
    "--kind", "kinds", multiple=True, default=["BUY"], type=click.Choice([each.value for each in Kind])
)
@click.option("--quota-fen", type=click.IntRange(min=0), help="What the account may spend in all, in fen.")
@click.option("--title", help="What the sign-in shows: a role or a supplier, never a person's name.")
@click.option("--supplier", "suppliers", multiple=True, help="Id of a supplier whose goods it may handle.")
@click.option("--unit", help="Opaque id of the host unit.")
@click.option("--staff", is_flag=True, default=None, help="The unit knows who this is and their age.")
@click.option("--badge", is_flag=True, help="Ask for a card's number as well.")
@click.option("--badge-salt", help="Salt (32 hex digits) of the other badges: checked faster together.")
@json_option
def hash_(login: str, badge: bool, badge_salt: str | None, as_json: bool, **given: Any) -> None:
    """Ask for LOGIN's PIN and print its lines for roster.toml, with a fresh random reference."""
    pin = _digits("PIN", MIN_PIN)
    card = _digits("badge", MIN_BADGE) if badge or badge_salt else None
    account = {"login": login, "ref": secrets.token_hex(16), **given, "pin": _pair(new_pin_hash(pin))}
    if card is not None:
        salt = _salt(badge_salt) if badge_salt else secrets.token_bytes(SALT_BYTES)
        account["badge"] = _pair(hash_pin(card, salt=salt))
    if as_json:
        click.echo(json.dumps(account))
        return
    told = {key: value for key, value in account.items() if value not in (None, ())}
    click.echo("\n".join(["[[account]]", *(f"{key} = {_toml(value)}" for key, value in told.items())]))


def _digits(what: str, least: int) -> str:
    typed: str = click.prompt(what, hide_input=True, confirmation_prompt=True, err=True)
    if len(typed) < least or not (typed.isascii() and typed.isdigit()):
        raise click.UsageError(f"a {what} has at least {least} digits and nothing else")
    return typed


def _salt(given: str) -> bytes:
    if not re.fullmatch(f"[0-9a-f]{{{2 * SALT_BYTES}}}", given):
        raise click.UsageError(f"--badge-salt has {2 * SALT_BYTES} hex digits, as in the roster file")
    return bytes.fromhex(given)


def _pair(made: PinHash) -> dict[str, str]:
    return {"salt": made.salt.hex(), "hash": made.hash.hex()}


def _toml(value: object) -> str:
    """A text, a number, a flag, a list of texts or a table of texts, on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
