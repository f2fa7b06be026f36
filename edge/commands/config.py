"""``counter config``: checks the settings, and shows each value with where it came from."""

import json
from collections.abc import Mapping
from pathlib import Path

import click

from edge.cli_options import environment, json_option, settings_options
from edge.clock import Clock
from edge.errors import ConfigError
from edge.outfit.loading import load_outfit
from edge.outfit.settings_flat import flat
from edge.outfit.settings_load import find_config, load_settings


@click.group()
def config() -> None:
    """Check the settings, or show where each one comes from."""


@config.command()
@settings_options
@json_option
def check(config: Path | None, overrides: dict[str, object], as_json: bool) -> int:
    """Read the settings and every file they name; print all faults at once. Exit 78 where there are any."""
    try:
        outfit = load_outfit(config, environ=environment(), flags=overrides, now=Clock().now().wall)
    except ConfigError as error:
        if as_json:
            click.echo(json.dumps({"ok": False, "problems": error.problems}, ensure_ascii=False))
        else:
            for problem in error.problems:
                click.echo(problem, err=True)
            click.echo(f"{len(error.problems)} fault(s)", err=True)
        return error.exit_code
    trays, products = len(outfit.planogram.trays), len(outfit.catalogue.products)
    accounts = len(outfit.roster.accounts)
    if as_json:
        found = {
            "ok": True,
            "path": str(outfit.path),
            "trays": trays,
            "products": products,
            "accounts": accounts,
            "warnings": outfit.warnings,
        }
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        for warning in outfit.warnings:
            click.echo(f"{outfit.path}: {warning}", err=True)
        click.echo(f"{outfit.path}: right. {trays} trays, {products} products, {accounts} accounts")
    return 0


@config.command()
@settings_options
@click.option("--origin", is_flag=True, help="Add where each value comes from.")
@json_option
def show(config: Path | None, overrides: dict[str, object], origin: bool, as_json: bool) -> None:
    """Print every setting, defaults included. Secrets are never shown."""
    path = find_config(config, environment())
    loaded = load_settings(path, environ=environment(), flags=overrides)
    rows = {place: (value, loaded.origins.get(place, "default")) for place, value in flat(loaded.value)}
    if as_json:
        values: Mapping[str, object] = {
            place: {"value": value, "origin": came} if origin else value
            for place, (value, came) in rows.items()
        }
        click.echo(json.dumps(values, ensure_ascii=False))
        return
    for place, (value, came) in rows.items():
        line = f"{place} = {json.dumps(value, ensure_ascii=False)}"
        click.echo(f"{line:<56} # {came}" if origin else line)
