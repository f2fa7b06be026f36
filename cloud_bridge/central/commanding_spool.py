"""Where commands are handed in on the centre's own machine: a directory of its owner's, one file each.

Who may write there can read the signing key beside it, so there is nothing to log in to. The command line
puts a file, whole or not at all; the running centre takes it in within a second and removes it.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from cloud_bridge import feed
from cloud_bridge.central.commanding import Request
from edge.errors import CannotCreate

MAX_REQUEST_BYTES = 8 * 1024 * 1024
REFUSED = ".refused"
_NEW, _WHOLE = ".new", ".json"


def hand_in(directory: Path, request: Request) -> Path:
    """``request`` (it has an id) as a file that the centre will find. Raises CannotCreate."""
    path = directory / (request.id + _WHOLE)
    new = path.with_suffix(_NEW)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(new, "xb", opener=_private) as file:
            file.write(msgspec.json.encode(request))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise CannotCreate(f"{path}: {error.strerror}; the centre's own user may hand in commands") from error
    return path


def handed_in(directory: Path, limit: int = 20) -> Iterator[tuple[Path, Request | None]]:
    """The files that wait, oldest id first; None: unreadable, or too large to be one."""
    with suppress(FileNotFoundError):
        for path in sorted(directory.glob("*" + _WHOLE))[:limit]:
            yield path, _read(path)


def waiting(directory: Path) -> int:
    """How many files wait."""
    return sum(1 for _ in directory.glob("*" + _WHOLE))


def taken(path: Path) -> None:
    path.unlink(missing_ok=True)


def set_aside(path: Path) -> None:
    """It cannot become a command; a person may look at it."""
    path.replace(path.with_suffix(REFUSED))


def _read(path: Path) -> Request | None:
    if path.stat().st_size > MAX_REQUEST_BYTES:
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Request)
    except feed.BAD_JSON:
        return None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
