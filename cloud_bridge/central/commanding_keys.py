"""The centre's signing key: one file, its owner's alone. It signs nothing."""

import base64
import binascii
import os
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.errors import CannotCreate, ConfigError, NoInput

OTHERS = 0o077


def make_key(path: Path) -> Ed25519PrivateKey:
    """A new key in a new file, mode 0600. Raises CannotCreate, also where there is a file already."""
    key = Ed25519PrivateKey.generate()
    text = base64.urlsafe_b64encode(key.private_bytes_raw())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CannotCreate(f"{path}: {error.strerror}; a key is made where there is none yet") from error
    try:
        os.write(file, text + b"\n")
        os.fsync(file)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise CannotCreate(f"{path}: {error.strerror}") from error
    finally:
        os.close(file)
    return key


def read_key(path: Path) -> Ed25519PrivateKey:
    """Raises NoInput where there is none, ConfigError where others may read it or it is no key."""
    try:
        mode = path.stat().st_mode
        text = path.read_bytes().strip()
    except FileNotFoundError as error:
        raise NoInput(f"{path}: no key to sign commands with; `counter-central keys` makes one") from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    if mode & OTHERS:
        raise ConfigError(f"{path}: others may read it; chmod 600, or make a new key and trust that one")
    try:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text, b"-_", validate=True))
    except (ValueError, binascii.Error) as error:
        raise ConfigError(f"{path}: this is no signing key; `counter-central keys` makes one") from error
