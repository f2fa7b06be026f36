"""Texts that the centre sent, in ``data/documents/KIND``, each under its SHA-256.

The ledger says which stands, and is read instead of the file that the settings name. One that is gone from
the folder stands no more: that is how a technician takes the settings' file back. A damaged one is a fault.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from edge.errors import ConfigError
from edge.ledger.planned import documents_standing
from edge.outfit.durable import put

SUFFIX = {"catalogue": ".csv", "planogram": ".toml", "prices": ".toml", "roster": ".toml"}
"""By kind, which is the file's key under ``[files]``, too."""


def path_of(data: Path, kind: str, sha256: str) -> Path:
    """Where the text of that hash is kept."""
    return data / "documents" / kind / f"{sha256}{SUFFIX[kind]}"


def keep(data: Path, kind: str, text: str) -> Path:
    """Write ``text`` for good, before anything names it. Raises OSError."""
    body = text.encode()
    path = path_of(data, kind, hashlib.sha256(body).hexdigest())
    put(path, body)
    return path


def tidy(data: Path, kind: str, wanted: Mapping[str, object]) -> None:
    """Forget the texts of ``kind`` but for those whose hashes are ``wanted``. Raises OSError."""
    for path in (data / "documents" / kind).glob(f"*{SUFFIX[kind]}"):
        if path.stem not in wanted:
            path.unlink()


def read(path: Path) -> str | None:
    """The text at ``path``, where it is there and the one that its name says."""
    try:
        body = path.read_bytes()
        return body.decode() if hashlib.sha256(body).hexdigest() == path.stem else None
    except (OSError, UnicodeDecodeError):
        return None


def standing(data: Path, trial: Mapping[str, str] | None = None) -> dict[str, Path]:
    """The texts to be read instead of the settings' files, by kind. Raises ConfigError for a damaged one.

    trial: kind → hash of texts that are to stand, on top of what the ledger says.
    """
    hashes = {**documents_standing(data / "ledger.db"), **(trial or {})}
    found = {kind: path_of(data, kind, sha256) for kind, sha256 in hashes.items() if kind in SUFFIX}
    found = {kind: path for kind, path in found.items() if path.exists()}
    if bad := [
        f"{path}: is not what the centre sent; have it sent again, or take it away to use the settings' file"
        for path in found.values()
        if read(path) is None
    ]:
        raise ConfigError(bad)
    return found
