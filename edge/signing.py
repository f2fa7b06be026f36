"""The counter's own Ed25519 key, and short signed texts that can be checked without a network.

It knows keys and the form of a seal; what a document says and how it is drawn is ``edge.paper``'s.
A seal is ``SC1.BODY.SIGNATURE``, both parts base64url: BODY is a ``Payload`` as canonical JSON (keys in
order, no blanks), and the signature covers ``SC1.BODY`` as it stands. So it fits a QR code and a line.
"""

import base64
import binascii
import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.errors import BadInput, CannotCreate, ConfigError, NoInput, NotPermitted

KEY_FILE = "signing.key"
FORM = "SC1"
KEY_BYTES = 32
OTHERS = 0o077


class Forged(BadInput):
    """A sealed text that must not be believed; the text says why."""


class Payload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a seal vouches for. digest: SHA-256 of the whole document, base64url. totals: fen and pieces."""

    kind: str = msgspec.field(name="k")
    counter: str = msgspec.field(name="c")
    number: str = msgspec.field(name="n")
    digest: str = msgspec.field(name="h")
    totals: dict[str, int] = msgspec.field(name="t")


class Signer:
    """A key that signs. The private half never leaves it."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @property
    def public_key(self) -> bytes:
        """The 32 bytes of RFC 8032 that others verify with."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature (RFC 8032)."""
        return self._key.sign(message)

    def seal(self, payload: Payload) -> str:
        """``payload`` as a sealed text."""
        body = f"{FORM}.{_coded(msgspec.json.encode(payload, order='sorted'))}"
        return f"{body}.{_coded(self.sign(body.encode()))}"


def open_signer(data: Path) -> Signer:
    """The key in the data directory, made there (mode 0600) the first time.

    Raises CannotCreate when it cannot be made, else as ``read_signer``. A damaged key is never replaced
    unasked: what it signed would lose its proof.
    """
    if not (data / KEY_FILE).exists():
        _make(data / KEY_FILE)
    return read_signer(data)


def read_signer(data: Path) -> Signer:
    """The key that is there already.

    Raises NoInput when there is none, NotPermitted when others may read it or this user may not, ConfigError
    when it is damaged.
    """
    path = data / KEY_FILE
    try:
        mode = path.stat().st_mode
        body = path.read_bytes()
    except FileNotFoundError as error:
        raise NoInput(f"{path}: there is no signing key here; give the public key with --key") from error
    except OSError as error:
        raise NotPermitted(f"{path}: cannot be read ({error.strerror}); run as the counter's user") from error
    if mode & OTHERS:
        raise NotPermitted(
            f"{path}: others may read the signing key (mode {mode & 0o777:04o}); chmod 600 it, and if "
            "somebody may have read it, move it away: a new one is made at the next start"
        )
    return Signer(_private(path, body))


def _private(path: Path, body: bytes) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(body, password=None)
    except (ValueError, TypeError) as error:
        raise _damaged(path, "is no private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _damaged(path, "is a key of another kind than Ed25519")
    return key


def _damaged(path: Path, what: str) -> ConfigError:
    return ConfigError(
        f"{path}: the signing key {what}; put it back from the backup, or move it away: a new one is made at "
        "the next start, and what was signed before is verified with the old public key"
    )


def _make(path: Path) -> None:
    """A new key under ``path``, whole or not at all; one that somebody made meanwhile is kept."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(part, path)  # unlike a rename it never replaces
        part.unlink()
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise CannotCreate(
            f"{path}: the signing key cannot be made ({error.strerror}); is the data directory writable?"
        ) from error


def key_text(public_key: bytes) -> str:
    """A public key as people pass it on: 43 characters, base64url."""
    return _coded(public_key)


def key_of(text: str) -> bytes:
    """The public key in ``text``. Raises BadInput when it is none."""
    try:
        key = _decoded(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise BadInput(f"{text.strip()[:60]!r} is no public key; it has 43 characters: counter receipt key")
    return key


def key_name(public_key: bytes) -> str:
    """Eight hex digits by which a person tells two keys apart."""
    return hashlib.sha256(public_key).hexdigest()[:8]


def digest(document: bytes) -> str:
    """SHA-256 of a document's canonical bytes, as ``Payload.digest`` holds it."""
    return _coded(hashlib.sha256(document).digest())


def verified(text: str, public_key: bytes) -> Payload:
    """What the seal ``text`` vouches for. Raises Forged with the reason when it vouches for nothing."""
    form, _, rest = text.strip().partition(".")
    body, _, signature = rest.partition(".")
    if form != FORM or not body or not signature:
        raise Forged(f"this is no sealed receipt: it does not look like {FORM}.….…")
    try:
        said, proof = _decoded(body), _decoded(signature)
    except ValueError as error:
        raise Forged(f"the seal is damaged: {error}") from error
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(proof, f"{form}.{body}".encode())
    except InvalidSignature as error:
        raise Forged(
            f"the signature is not that of key {key_name(public_key)}: the receipt was changed, or another "
            "counter signed it"
        ) from error
    try:
        return msgspec.json.decode(said, type=Payload)
    except msgspec.DecodeError as error:
        raise Forged(f"the signature is right, and what it signs is no receipt: {error}") from error


def _coded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    """Base64url without padding; ValueError on anything else, other spellings of the same bytes included."""
    try:
        value = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"{text[:12]}… is not base64url") from error
    if _coded(value) != text:
        raise ValueError(f"{text[:12]}… is not base64url as this counter writes it")
    return value
