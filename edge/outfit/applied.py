"""Copies of the files that the counter works by: a later start goes on with them where the files are bad.

A set of copies is a folder with a manifest, made whole before it gets its name; ``current`` names the one in
use. Whatever a power cut leaves behind, one whole set stays. It knows files, not what stands in them.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

MANIFEST = "set.json"
CURRENT = "current"
MAKING = "making.tmp"


Stamp = tuple[int, int, int]
"""Of a file: when it was changed (ns), its size, its inode."""


def stamps_of(files: Mapping[str, Path]) -> dict[str, Stamp]:
    """What tells whether files are still those that were read; a file that is not there has (0, 0, 0)."""
    return {what: _stamp(path) for what, path in files.items()}


def _stamp(path: Path) -> Stamp:
    try:
        seen = path.stat()
    except OSError:  # reading it will say why
        return (0, 0, 0)
    return (seen.st_mtime_ns, seen.st_size, seen.st_ino)


class _Copy(msgspec.Struct, frozen=True):
    name: str
    sha256: str


class _Manifest(msgspec.Struct, frozen=True):
    files: dict[str, _Copy]


class Applied:
    """Sets of copies under ``data/applied``. Only ``counter run`` writes, one call at a time."""

    def __init__(self, data: Path) -> None:
        self._root = data / "applied"

    def files(self) -> dict[str, Path]:
        """The copies of the newest whole set, by what they are (``catalogue``, …); none: {}."""
        for folder in self._sets():
            if (manifest := _whole(folder)) is not None:
                return {what: folder / copy.name for what, copy in manifest.files.items()}
        return {}

    def keep(self, files: Mapping[str, Path], stamps: Mapping[str, Stamp] | None = None) -> bool:
        """Make copies of ``files`` the current set, all of them or none. Raises OSError.

        stamps: of when they were read; False, and nothing is kept, where one is another file by now.
        The set before it stays as well, so that a disk that loses a file has another to offer.
        """
        bodies = {what: path.read_bytes() for what, path in sorted(files.items())}
        if stamps is not None and stamps_of(files) != stamps:
            return False
        copies = {
            what: _Copy(f"{what}{files[what].suffix}", hashlib.sha256(body).hexdigest())
            for what, body in bodies.items()
        }
        manifest = msgspec.json.encode(_Manifest(copies))
        folder = self._root / hashlib.sha256(manifest).hexdigest()[:16]
        before = next(iter(self._sets()), None)
        if _whole(folder) is None:
            self._make(folder, manifest, {copies[what].name: body for what, body in bodies.items()})
        _replace(self._root / CURRENT, folder.name.encode())
        for other in self._folders():
            if other not in (folder, before):
                shutil.rmtree(other)
        return True

    def _make(self, folder: Path, manifest: bytes, bodies: Mapping[str, bytes]) -> None:
        making = self._root / MAKING
        for left in (making, folder):  # of a power cut, or spoilt since
            shutil.rmtree(left, ignore_errors=True)
        making.mkdir(mode=0o700, parents=True)
        for name, body in {**bodies, MANIFEST: manifest}.items():
            _write(making / name, body)
        _sync(making)
        making.rename(folder)
        _sync(self._root)

    def _sets(self) -> Iterator[Path]:
        """The current set first, then the others, the newest first."""
        try:
            current = (self._root / CURRENT).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            current = ""
        folders = sorted(self._folders(), key=lambda each: each.stat().st_mtime_ns, reverse=True)
        yield from sorted(folders, key=lambda each: each.name != current)

    def _folders(self) -> list[Path]:
        if not self._root.is_dir():
            return []
        return [each for each in self._root.iterdir() if each.is_dir() and each.name != MAKING]


def _whole(folder: Path) -> _Manifest | None:
    """The manifest of a set of which every copy is there and as it was written."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=_Manifest)
        for copy in manifest.files.values():
            if hashlib.sha256((folder / copy.name).read_bytes()).hexdigest() != copy.sha256:
                return None
    except (OSError, msgspec.DecodeError):
        return None
    return manifest


def _write(path: Path, body: bytes) -> None:
    """PIN hashes may be among what is written: it is the owner's alone."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, body: bytes) -> None:
    making = path.with_name(f"{path.name}.tmp")
    _write(making, body)
    making.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Names in a folder are on the disk only after this."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
