"""``counter enrol``: the counter's certificate, with a code of the centre, or renewed by the one it has."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from edge.cli_options import environment, json_option, settings_options
from edge.errors import CannotCreate
from edge.identity import PLACE, RENEW_BEFORE, Centre, Identity, poster
from edge.outfit.settings_load import find_config, load_settings

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@settings_options
@json_option
@click.option("--centre", "url", default="", help="The centre's address, like https://centre.example.")
@click.option("--code", default="", help="The one-time code; `counter-central enrol COUNTER` shows it.")
@click.option(
    "--ca", type=FILE, help="Who vouches for the centre's HTTPS, if not one that this system knows."
)
@click.option("--again", is_flag=True, help="This counter has a certificate: replace it.")
@click.option("--renew", is_flag=True, help="No code: renew the certificate once less than 60 days are left.")
@click.option("--plain-http", is_flag=True, help="Send the code over HTTP: in a network of your own only.")
def enrol(
    config: Path | None,
    overrides: dict[str, object],
    as_json: bool,
    url: str,
    code: str,
    ca: Path | None,
    again: bool,
    renew: bool,
    plain_http: bool,
) -> int:
    """Get this counter's certificate from the centre. The private key is made here and stays here.

    Afterwards set the lines that it prints in the settings, and start the bridge again.
    """
    path = find_config(config, environment())
    settings = load_settings(path, environ=environment(), flags=overrides).value
    identity = Identity(Path(settings.files.data) / PLACE)
    if renew:
        known = identity.centre()
        if identity.ends() - datetime.now(UTC) > RENEW_BEFORE:
            _say(known, identity, as_json, "not due yet")
            return 0
        address = url or settings.mqtt.centre or known.centre
        _say(identity.renew(poster(address, ca, plain=True)), identity, as_json, "renewed")
        return 0
    if not url or not code:
        raise click.UsageError("--centre and --code go together; --renew needs neither")
    if identity.is_there() and not again:
        raise CannotCreate(f"{identity.place}: this counter has a certificate; --again replaces it")
    got = identity.enrol(settings.counter.id, code, url, poster(url, ca, plain=plain_http))
    _say(got, identity, as_json, "enrolled")
    return 0


def _say(centre: Centre, identity: Identity, as_json: bool, what: str) -> None:
    ends = identity.ends().isoformat(timespec="seconds")
    told = {
        "counter": centre.counter,
        "what": what,
        "ends": ends,
        "broker": f"{centre.broker.host}:{centre.broker.port}",
        "commands": list(centre.commands),
    }
    if as_json:
        click.echo(json.dumps(told))
        return
    click.echo(f"{centre.counter}: {what}; the certificate is good until {ends}. In the settings:\n")
    click.echo(f'[mqtt]\nhost = "{centre.broker.host}"\nport = {centre.broker.port}\ntls = true\n')
    click.echo(f"[commands]\nkeys = {json.dumps(list(centre.commands))}")
