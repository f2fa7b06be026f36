"""``counter roster``: makes the lines of an account. It asks for the PIN and never shows it."""

import json
import secrets

import click

from edge.cli_options import json_option
from edge.domain.values import Kind
from edge.pins import new_pin_hash

MIN_PIN = 6


@click.group()
def roster() -> None:
    """Make accounts for the roster file."""


@roster.command("hash")
@click.argument("login")
@click.option(
    "--kind", "kinds", multiple=True, default=["BUY"], type=click.Choice([each.value for each in Kind])
)
@click.option("--quota-fen", type=click.IntRange(min=0), help="What the account may spend in all, in fen.")
@json_option
def hash_(login: str, kinds: tuple[str, ...], quota_fen: int | None, as_json: bool) -> None:
    """Ask for LOGIN's PIN and print its lines for roster.toml, with a fresh random reference."""
    pin = click.prompt("PIN", hide_input=True, confirmation_prompt=True, err=True)
    if len(pin) < MIN_PIN or not (pin.isascii() and pin.isdigit()):
        raise click.UsageError(f"a PIN has at least {MIN_PIN} digits and nothing else")
    made = new_pin_hash(pin)
    pair = {"salt": made.salt.hex(), "hash": made.hash.hex()}
    reference = secrets.token_hex(16)
    if as_json:
        account = {"login": login, "ref": reference, "kinds": kinds, "quota_fen": quota_fen, "pin": pair}
        click.echo(json.dumps(account))
        return
    lines = [
        "[[account]]",
        f'login = "{login}"',
        f'ref = "{reference}"',
        f"kinds = {json.dumps(list(kinds))}",
    ]
    if quota_fen is not None:
        lines.append(f"quota_fen = {quota_fen}")
    lines.append(f'pin = {{ salt = "{pair["salt"]}", hash = "{pair["hash"]}" }}')
    click.echo("\n".join(lines))
