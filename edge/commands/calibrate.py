"""``counter calibrate``: what was learnt of the goods' weights, and how to take a piece of it back."""

import json
import secrets
from contextlib import closing
from pathlib import Path

import click
import msgspec

from edge.cli_options import environment, json_option, settings_options
from edge.clock import Clock
from edge.errors import NoInput
from edge.ledger.calibrations import Calibrated, Known, read_history
from edge.ledger.ledger import Ledger
from edge.outfit.loading import Outfit, load_outfit
from edge.upkeep.calibration_undo import standing
from edge.upkeep.calibration_undo import undo as undone


@click.group()
def calibrate() -> None:
    """Show what was learnt of unit weights and of empty trays, or take a change back."""


@calibrate.command()
@settings_options
@click.option("--sku", help="Only this product's rows.")
@json_option
def history(config: Path | None, overrides: dict[str, object], sku: str | None, as_json: bool) -> None:
    """Print every change, the oldest first. It reads the ledger only; the counter may run."""
    path = _ledger(load_outfit(config, environ=environment(), flags=overrides))
    rows = read_history(path)
    stand = standing(rows)
    for row in rows:
        if sku is not None and row.sku != sku:
            continue
        if as_json:
            click.echo(json.dumps({**msgspec.to_builtins(row), "stands": row.n in stand}, ensure_ascii=False))
        else:
            click.echo(f"{_line(row)}{'' if row.n in stand else '  (undone)'}")


@calibrate.command()
@settings_options
@click.argument("number", type=click.IntRange(min=1))
@json_option
def undo(config: Path | None, overrides: dict[str, object], number: int, as_json: bool) -> None:
    """Take change NUMBER back: its lot, or its tray, is then known as if that had not been seen.

    The ledger has one writer, so the counter must be stopped (exit code 75 while it runs). Undoing an
    undoing brings the change back.
    """
    outfit = load_outfit(config, environ=environment(), flags=overrides)
    path, now = _ledger(outfit), Clock().now()
    with closing(Ledger.open(path, outfit.settings.counter.id, now, secrets.token_bytes)) as ledger:
        row = undone(ledger, outfit.catalogue, number, now)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(row), ensure_ascii=False))
    else:
        click.echo(_line(row))


def _ledger(outfit: Outfit) -> Path:
    path = outfit.data / "ledger.db"
    if not path.is_file():
        raise NoInput(f"{path}: no ledger here yet; `counter run` makes it")
    return path


def _line(row: Calibrated) -> str:
    subject = (
        f"{row.sku}, lot {row.lot[:8]} (tray {row.tray})" if row.kind == "UNIT" else f"tray {row.tray} empty"
    )
    why = f"undoes {row.undoes}" if row.undoes else row.why
    return f"{row.n:>5}  {row.at}  {subject}: {_grams(row.old)} → {_grams(row.new)}  [{why}]"


def _grams(known: Known) -> str:
    if known.mg is None:
        return "not known"
    return f"{known.mg / 1000:.2f} g" + (f" ± {known.error_mg / 1000:.2f}" if known.error_mg else "")
