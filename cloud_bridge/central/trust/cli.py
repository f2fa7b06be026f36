"""Commands of ``counter-central`` about trust: authority, codes, revocation, broker files."""

import json
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from cloud_bridge.central.settings import Settings
from cloud_bridge.central.trust import broker_files, cut
from cloud_bridge.central.trust import office as trust
from cloud_bridge.central.trust.office import Office, office_of, written
from cloud_bridge.central.trust.registry import Issued
from edge.errors import CannotCreate, Unavailable
from edge.outfit.settings_load import find_config, load

F = TypeVar("F", bound=Callable[..., Any])
DIRECTORY = click.Path(path_type=Path, file_okay=False)
SERVER_CERTIFICATE, SERVER_KEY = "server.crt", "server.key"


def _options(command: F) -> F:
    """``--config``, ``--dir`` and ``--json``."""
    for option in (
        click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="The settings file."),
        click.option(
            "--dir", "directory", type=DIRECTORY, help="The centre's data; the authority is in pki/."
        ),
        click.option("--json", "as_json", is_flag=True, help="JSON on stdout."),
    ):
        command = option(command)
    return command


@click.group()
def ca() -> None:
    """The centre's own certificate authority: who it is and whom it has vouched for."""


@ca.command()
@_options
def init(config: Path | None, directory: Path | None, as_json: bool) -> int:
    """Make the authority, once. Back the directory up, and let nobody read it."""
    office = office_of(_settings(config), directory)
    office.make(_now())
    _say({"authority": str(office.place)}, f"authority made in {office.place}; back it up offline", as_json)
    return 0


@ca.command("list")
@_options
def listed(config: Path | None, directory: Path | None, as_json: bool) -> int:
    """Every certificate that was given out, and what became of it."""
    issued = office_of(_settings(config), directory).issued()
    rows = [_row(each) for each in issued]
    text = "\n".join("  ".join(str(value or "-") for value in row.values()) for row in rows)
    _say(rows, text, as_json)
    return 0


@ca.command()
@_options
@click.argument("name")
@click.option("--to", "place", type=DIRECTORY, required=True, help="Where worker.crt, .key and ca.crt go.")
def worker(config: Path | None, directory: Path | None, as_json: bool, name: str, place: Path) -> int:
    """A certificate for one of the centre's workers; its name is its [worker] id."""
    office = office_of(_settings(config), directory)
    papers = office.worker(name, _now())
    _into(place, {"worker.crt": papers.certificate, "worker.key": papers.key, "ca.crt": _ca(office)})
    _say({"worker": name, "dir": str(place)}, f"certificate of {name} in {place}", as_json)
    return 0


@click.command()
@_options
@click.argument("counter")
@click.option("--hours", type=click.IntRange(1, 24 * 14), default=24, help="How long the code is good.")
def enrol(config: Path | None, directory: Path | None, as_json: bool, counter: str, hours: int) -> int:
    """A one-time code for COUNTER, to be typed there: `counter enrol --centre URL --code CODE`.

    It replaces a code that was given before and not used. The centre keeps its hash alone.
    """
    now = _now()
    code = office_of(_settings(config), directory).code(counter, now, timedelta(hours=hours))
    until = (now + timedelta(hours=hours)).isoformat(timespec="minutes")
    told = {"counter": counter, "code": code, "expires": until}
    _say(told, f"{code}\nfor {counter}, once, until {until}", as_json)
    return 0


@click.command()
@_options
@click.argument("counter")
@click.option("--reason", default="", help="Why; kept with the certificate.")
@click.option(
    "--offline", is_flag=True, help="The broker is not running: write the list and leave it at that."
)
def revoke(
    config: Path | None, directory: Path | None, as_json: bool, counter: str, reason: str, offline: bool
) -> int:
    """Take COUNTER's certificates back and end its session; done when the broker was seen to refuse.

    Ends with 69 where the broker does not follow: the counter may then still be connected.
    """
    settings = _settings(config)
    office = office_of(settings, directory)
    if offline:
        taken = _revoked(office, settings, counter, reason)
        _say({"counter": counter, "certificates": taken}, f"{counter}: {taken} certificates revoked", as_json)
        return 0
    door = cut.door_of(
        settings.trust.broker_host, settings.trust.broker_port, office.place, settings.trust.pid_file
    )

    def take_back(probe: str) -> None:
        office.revoke(probe, "probe", _now())
        _revoked(office, settings, counter, reason)

    seconds = cut.revoke_live(door, lambda name, role: office.tool(name, role, _now()), take_back, counter)
    told = {"counter": counter, "cut_after_s": round(seconds, 2)}
    _say(told, f"{counter}: refused by the broker, its session ended after {seconds:.1f} s", as_json)
    return 0


@click.command("broker-config")
@_options
@click.option("--to", "place", type=DIRECTORY, required=True, help="The broker's directory for these files.")
@click.option("--host", "hosts", multiple=True, required=True, help="Name or address of the broker; repeat.")
@click.option("--port", type=click.IntRange(1, 65535), default=8883)
@click.option("--address", default="", help="Listen on this address only.")
@click.option("--worker", "workers", multiple=True, default=("centre-1",), help="A worker's name; repeat.")
@click.option("--pid-file", default="", help="Where mosquitto writes its process id.")
def broker_config(
    config: Path | None,
    directory: Path | None,
    as_json: bool,
    place: Path,
    hosts: Sequence[str],
    port: int,
    address: str,
    workers: Sequence[str],
    pid_file: str,
) -> int:
    """Write mosquitto.conf, its access list, a server certificate and the authority's lists to --to.

    emqx-acl.conf is the same access list for a cluster of EMQX (config/cluster).
    """
    office = office_of(_settings(config), directory)
    papers = office.server(hosts, _now())
    _into(
        place,
        {
            "mosquitto.conf": broker_files.config(str(place.resolve()), port, address, pid_file).encode(),
            "counter.acl": broker_files.acl(workers).encode(),
            "emqx-acl.conf": broker_files.emqx_acl(workers).encode(),
            "ca.crt": _ca(office),
            "ca.crl": (office.place / trust.CRL).read_bytes(),
            SERVER_CERTIFICATE: papers.certificate,
            SERVER_KEY: papers.key,
        },
    )
    _say(
        {"dir": str(place)},
        f"broker files in {place}; start it with mosquitto -c {place}/mosquitto.conf",
        as_json,
    )
    return 0


COMMANDS: tuple[click.Command, ...] = (ca, enrol, revoke, broker_config)


def _revoked(office: Office, settings: Settings, name: str, reason: str) -> int:
    taken = office.revoke(name, reason, _now())
    if settings.trust.broker_dir:
        target = Path(settings.trust.broker_dir) / trust.CRL
        try:
            written(target, (office.place / trust.CRL).read_bytes())
        except OSError as error:
            raise Unavailable(
                f"{target}: {error}; the list is in {office.place}: copy it to the broker and reload it"
            ) from error
    return len(taken)


def _into(place: Path, files: dict[str, bytes]) -> None:
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, body in files.items():
            written(place / name, body, mode=0o600 if name.endswith(".key") else 0o644)
    except OSError as error:
        raise CannotCreate(f"{place}: {error}; give a directory this user may write") from error


def _ca(office: Office) -> bytes:
    return (office.place / trust.CA).read_bytes()


def _row(each: Issued) -> dict[str, str]:
    def day(at: int | None) -> str:
        return "" if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")

    return {
        "name": each.name,
        "role": each.role,
        "serial": each.serial,
        "issued": day(each.issued_at),
        "ends": day(each.not_after),
        "revoked": day(each.revoked_at),
        "reason": each.reason or "",
    }


def _say(told: object, text: str, as_json: bool) -> None:
    click.echo(json.dumps(told, ensure_ascii=False) if as_json else text)


def _settings(config: Path | None) -> Settings:
    path = find_config(config, os.environ, name="central", variable="COUNTER_CENTRAL_CONFIG")
    return load(path, Settings, env_prefix="COUNTER_CENTRAL_", environ=os.environ).value


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
