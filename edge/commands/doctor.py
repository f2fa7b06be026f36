"""``counter doctor``: looks at this machine for what keeps a counter from working. It changes nothing."""

import json
import os
import shutil
import socket
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from edge.cli_options import environment, json_option, settings_options
from edge.errors import ConfigError, NoInput, NotPermitted
from edge.ledger.reader import read_only
from edge.outfit.loading import Outfit, load_outfit
from edge.settings import Mqtt
from edge.signing import KEY_FILE, key_name, read_signer

OK, ADVICE, FAULT = "ok", "advice", "fault"
MARKS = {OK: "✓", ADVICE: "!", FAULT: "✗"}
NEEDS_SQLITE = (3, 37, 0)
"""STRICT tables."""
WAL_RESET_FIXED = (3, 51, 3)
"""Older versions may damage a WAL database that two connections write and checkpoint at once
(sqlite.org/wal.html, “The WAL-Reset Bug”); every file here has one writer, so this is advice."""
FREE_FAULT, FREE_ADVICE = 200 * 2**20, 2**30
"""Bytes; selling itself stops later, at ``edge.ledger.space``'s 64 MiB: there is time to make room."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One look. state: ok | advice | fault. remedy: what to do, "" where nothing is to be done."""

    name: str
    state: str
    found: str
    remedy: str = ""


@click.command()
@settings_options
@json_option
def doctor(config: Path | None, overrides: dict[str, object], as_json: bool) -> int:
    """Look for what keeps this counter from working. Exit 1 where something is at fault."""
    findings = list(examine(config, environment(), overrides))
    healthy = all(each.state != FAULT for each in findings)
    if as_json:
        report = {"ok": healthy, "findings": [asdict(each) for each in findings]}
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        for each in findings:
            click.echo(f"{MARKS[each.state]} {each.name}: {each.found}")
            if each.remedy:
                click.echo(f"    → {each.remedy}")
    return 0 if healthy else 1


def examine(
    config: Path | None, environ: Mapping[str, str], overrides: Mapping[str, object]
) -> Iterator[Finding]:
    """Every look, the machine first, then what the settings name."""
    yield python(sys.version_info[:3])
    yield sqlite(sqlite3.sqlite_version_info)
    try:
        outfit = load_outfit(config, environ=environ, flags=overrides)
    except ConfigError as error:
        for problem in error.problems:
            yield Finding("settings", FAULT, problem, "correct it, then: counter config check")
        return
    yield Finding("settings", OK, f"{outfit.path} and the files it names are right")
    yield from ports(outfit)
    yield disk(outfit.data)
    yield ledger(outfit.data / "ledger.db")
    yield signing_key(outfit.data)
    yield broker(outfit.settings.mqtt)


def python(found: tuple[int, ...]) -> Finding:
    name = ".".join(map(str, found))
    if found < (3, 11):
        return Finding("python", FAULT, name, "install Python 3.11 or newer")
    return Finding("python", OK, name)


def sqlite(found: tuple[int, ...]) -> Finding:
    name = ".".join(map(str, found))
    if found < NEEDS_SQLITE:
        return Finding("sqlite", FAULT, name, "the ledger needs SQLite 3.37 or newer")
    if found < WAL_RESET_FIXED:
        remedy = (
            "open ledger.db and bridge.db with nothing that writes beside the counter and its bridge "
            "(WAL-reset bug before 3.51.3); take SQLite 3.51.3 when the system offers it"
        )
        return Finding("sqlite", ADVICE, name, remedy)
    return Finding("sqlite", OK, name)


def ports(outfit: Outfit) -> Iterator[Finding]:
    """Each serial line: a device file must be there and be ours to use; network lines are not dialled."""
    for name, line in outfit.settings.ports.items():
        label = f"port {name}"
        if "://" in line.url:
            yield Finding(
                label, OK, f"{line.url} (a network line; not dialled, it may serve one caller only)"
            )
        elif not Path(line.url).exists():
            remedy = f"plug in the adapter, or correct ports.{name}.url; there are: {_adapters()}"
            yield Finding(label, FAULT, f"{line.url} is not there", remedy)
        elif not os.access(line.url, os.R_OK | os.W_OK):
            remedy = "add this user to the group dialout, then log in again"
            yield Finding(label, FAULT, f"{line.url} may not be used by this user", remedy)
        else:
            yield Finding(label, OK, line.url)


def _adapters() -> str:
    found = sorted(str(each) for each in Path("/dev/serial/by-id").glob("*"))
    return ", ".join(found) or "no USB serial adapters"


def disk(data: Path) -> Finding:
    """Room where the ledger lives, told before the counter has to stop selling."""
    place = next(each for each in (data, *data.parents) if each.exists())
    if not os.access(place, os.W_OK):
        return Finding("data", FAULT, f"{place} may not be written by this user", "change its owner")
    free = shutil.disk_usage(place).free
    found = f"{data}, {free // 2**20} MiB free"
    if free < FREE_FAULT:
        return Finding("data", FAULT, found, "make room: the ledger must never be dropped")
    if free < FREE_ADVICE:
        return Finding("data", ADVICE, found, "make room before it runs short")
    return Finding("data", OK, found)


def ledger(path: Path) -> Finding:
    """SQLite's own quick check, read-only."""
    if not path.exists():
        return Finding("ledger", OK, f"{path} is not there yet; the first run makes it")
    try:
        with closing(read_only(path)) as db:
            answer = str(db.execute("PRAGMA quick_check").fetchone()[0])
    except sqlite3.Error as error:
        answer = str(error)
    if answer == "ok":
        return Finding("ledger", OK, f"{path} passes quick_check")
    remedy = "stop the counter, copy the file away, run: counter ledger verify"
    return Finding("ledger", FAULT, f"{path}: {answer}", remedy)


def signing_key(data: Path) -> Finding:
    """The key that receipts are signed with: whole, and nobody else's to read."""
    try:
        signer = read_signer(data)
    except NoInput:
        return Finding("signing key", OK, f"{data / KEY_FILE} is not there yet; the first receipt makes it")
    except (NotPermitted, ConfigError) as error:
        found, _, remedy = str(error).partition("; ")
        return Finding("signing key", FAULT, found, remedy)
    return Finding("signing key", OK, f"key {key_name(signer.public_key)}; keep a copy of it in the backup")


def broker(mqtt: Mqtt) -> Finding:
    """Whether something listens there. Selling goes on without it, so it is never a fault."""
    where = f"{mqtt.host}:{mqtt.port}"
    try:
        with socket.create_connection((mqtt.host, mqtt.port), timeout=2):
            return Finding("broker", OK, f"{where} listens")
    except OSError as error:
        remedy = "start it, or correct mqtt.host and mqtt.port; until then sales wait in the outbox"
        return Finding("broker", ADVICE, f"{where}: {error.strerror or error}", remedy)
