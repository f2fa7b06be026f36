"""``counter refund`` and ``counter owed``: a sale corrected, and a debt settled, at the counter itself.

They pay nothing out and take nothing in: a refund goes back to what paid, a debt was paid elsewhere. Free
text loses telephones and other numbers of persons before it is kept.
"""

import json
import secrets
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import click

from edge.cli_options import environment, json_option, settings_options
from edge.clock import Clock
from edge.domain.redact import redacted
from edge.domain.values import Fen, Instant, yuan
from edge.errors import BadInput, NoInput
from edge.ledger.ledger import Ledger
from edge.ledger.quota import read_owed
from edge.ledger.refunds import NoRefund, Returned
from edge.outfit.loading import load_outfit

T = TypeVar("T")

reason_option = click.option("--reason", required=True, help="Why; kept for good, no names or telephones.")


@click.command()
@settings_options
@click.argument("order_no")
@click.option("--fen", type=click.IntRange(min=1), required=True, help="How much goes back, in fen.")
@click.option("--line", type=click.IntRange(min=1), help="Only of this line of the order, from 1.")
@click.option("--pieces", type=click.IntRange(min=1), help="So many of that line count as not sold.")
@reason_option
@json_option
def refund(
    config: Path | None,
    overrides: dict[str, object],
    order_no: str,
    fen: int,
    line: int | None,
    pieces: int | None,
    reason: str,
    as_json: bool,
) -> None:
    """Send part of order ORDER_NO back to what paid it: the same quota, or the buyer's own way of paying.

    What paid last goes back first. Pieces that count as not sold are nobody's due; without --pieces the
    supplier is paid as before. The ledger has one writer, so the counter must be stopped (exit code 75 while
    it runs).
    """
    if pieces is not None and line is None:
        raise click.UsageError("--pieces needs the --line they are of")

    def work(ledger: Ledger, now: Instant) -> Returned:
        return ledger.refund(order_no, Fen(fen), _kept(reason), now, line=line, pieces=pieces or 0)

    try:
        done = _written(config, overrides, work)
    except NoRefund as error:
        raise BadInput(str(error)) from error
    parts = [{"scheme": part.scheme, "quota": part.quota, "fen": part.fen} for part in done.parts]
    if as_json:
        told = {"refund": done.n, "order_no": done.order_no, "fen": done.fen, "to": parts}
        click.echo(json.dumps(told))
        return
    for part in done.parts:
        click.echo(f"{done.order_no}: {yuan(part.fen)} → {' '.join((part.scheme, part.quota)).strip()}")


@click.group()
def owed() -> None:
    """Show what buyers have still to pay themselves, or say that they did."""


@owed.command("list")
@settings_options
@json_option
def list_(config: Path | None, overrides: dict[str, object], as_json: bool) -> None:
    """Print every order of which something is owed. It reads the ledger only; the counter may run."""
    outfit = load_outfit(config, environ=environment(), flags=overrides)
    for order_no, fen in read_owed(_ledger(outfit.data)).items():
        click.echo(
            json.dumps({"order_no": order_no, "fen": fen}) if as_json else f"{order_no}: {yuan(Fen(fen))}"
        )


@owed.command()
@settings_options
@click.argument("order_no")
@reason_option
@json_option
def paid(
    config: Path | None, overrides: dict[str, object], order_no: str, reason: str, as_json: bool
) -> None:
    """Say that the buyer has paid, elsewhere, what they owed of ORDER_NO: they may open the door again.

    The counter must be stopped (exit code 75 while it runs).
    """
    fen = _written(config, overrides, lambda ledger, now: ledger.settle(order_no, _kept(reason), now))
    if not fen:
        raise BadInput(f"order {order_no}: nothing is owed of it; see counter owed list")
    click.echo(json.dumps({"order_no": order_no, "fen": fen}) if as_json else f"{order_no}: {yuan(fen)}")


def _written(config: Path | None, overrides: dict[str, object], work: Callable[[Ledger, Instant], T]) -> T:
    outfit = load_outfit(config, environ=environment(), flags=overrides)
    path, now = _ledger(outfit.data), Clock().now()
    with closing(Ledger.open(path, outfit.settings.counter.id, now, secrets.token_bytes)) as ledger:
        if ledger.unfinished() is not None:
            raise BadInput("a door session is unfinished: run the counter until it is settled, then again")
        return work(ledger, now)


def _kept(reason: str) -> str:
    kept = redacted(reason.strip())
    if not kept:
        raise click.UsageError("--reason must say why")
    return kept


def _ledger(data: Path) -> Path:
    path = data / "ledger.db"
    if not path.is_file():
        raise NoInput(f"{path}: no ledger here yet; `counter run` makes it")
    return path
