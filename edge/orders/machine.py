"""What the machine says of itself for a report: versions, room on the disk, backlog. Nothing of a person."""

import platform
import shutil
import sqlite3
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from edge.errors import CounterError
from edge.ledger.delivery import acknowledged
from edge.ledger.outbox import Outbox

_PACKAGES = ("smart-counter", "msgspec", "paho-mqtt", "pyserial", "sqlite-utils", "cryptography")


def machine_of(data: Path) -> dict[str, object]:
    """For the bundle. What cannot be told is null."""
    return {
        "versions": {
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "system": platform.platform(),
            **{name: version(name) for name in _PACKAGES},
        },
        "disk": {"free_mib": free_mib(data), "files_kib": _sizes(data)},
        "backlog": _backlog(data),
    }


def free_mib(data: Path) -> int | None:
    """Room where the ledger lives, in MiB."""
    try:
        return shutil.disk_usage(data).free // 2**20
    except OSError:
        return None


def _sizes(data: Path) -> dict[str, int]:
    found = {}
    for name in ("ledger.db", "ledger.db-wal", "bridge.db", "bridge.db-wal"):
        try:
            found[name] = (data / name).stat().st_size // 1024
        except OSError:  # it is not there
            continue
    return found


def _backlog(data: Path) -> dict[str, object] | None:
    """Events that the centre has not acknowledged yet, and since when nothing was heard."""
    try:
        with closing(Outbox(data / "ledger.db")) as outbox:
            mark = acknowledged(data / "bridge.db", outbox.incarnation())
            last = outbox.last_seq()
    except CounterError:
        return None
    through = mark.through if mark else 0
    return {"events": last - through, "last_ack": mark.at.isoformat() if mark else None}
