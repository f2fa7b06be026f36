"""The contract of enrolment: the one-time code, and what counter and centre say. Pure; chance is an argument.

A code is what a person carries from the centre to a counter:
``SECRET`` (80 random bits, which the centre keeps as a hash) and the first 80 bits of the authority's
fingerprint, so that the counter knows a false centre by its answer. Crockford's base 32, in groups of 4.
"""

import hashlib
from collections.abc import Iterable

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge.errors import BadInput

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PART_BYTES = 10
PART_CHARS = 16
_LOOK_ALIKES = str.maketrans("OIL", "011", "- \t\r\n")

ENROL, RENEW, TIME, REVOKED = "/api/v1/enrol", "/api/v1/renew", "/api/v1/time", "/api/v1/ca.crl"
"""Paths at the centre; all but the last are POST."""


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A body of a request: unknown fields are refused."""


class Enrol(Said, frozen=True, kw_only=True):
    """csr: PEM, whose common name is the counter's id."""

    code: str
    csr: str


class Renew(Said, frozen=True, kw_only=True):
    """signature: ECDSA with SHA-256 over ``csr`` by the key of ``certificate``, DER."""

    certificate: str
    csr: str
    signature: bytes


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    port: int


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """What the centre gives a counter. commands: the public keys of its orders, as settings hold them."""

    counter: str
    certificate: str
    ca: str
    broker: Broker
    commands: tuple[str, ...]


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """bundle: a ``Bundle`` as JSON. signature: the authority's over it, ECDSA with SHA-256, DER."""

    bundle: bytes
    signature: bytes


class AskTime(Said, frozen=True, kw_only=True):
    """nonce: 32 hex digits that nobody could know."""

    nonce: str


class SignedTime(msgspec.Struct, frozen=True, kw_only=True):
    """time: whole seconds since 1970, UTC. signature: Ed25519 over ``time_text`` with the key of orders."""

    nonce: str
    time: int
    signature: bytes


TIME_FILE = "time.json"
"""Beside the ledger; the bridge writes it, the engine reads it, and either may find it gone."""


class ToldTime(msgspec.Struct, frozen=True, kw_only=True):
    """What the bridge was told and left for the engine, when the clock of ``boot`` showed ``mono_ms``."""

    boot: str
    mono_ms: int
    told: SignedTime


def is_signed(told: SignedTime, keys: Iterable[Ed25519PublicKey]) -> bool:
    """Whether it comes from one of ``keys``."""
    for key in keys:
        try:
            key.verify(told.signature, time_text(told.nonce, told.time))
        except InvalidSignature:
            continue
        return True
    return False


def time_text(nonce: str, time: int) -> bytes:
    """What is signed: no order can look like it, for an order's text has no blank."""
    return f"smart counter time v1\n{nonce}\n{time}".encode()


def code_of(secret: bytes, fingerprint: bytes) -> str:
    """What is shown once. secret: 10 random bytes. fingerprint: SHA-256 of the authority's certificate."""
    if len(secret) != PART_BYTES:
        raise ValueError(f"a secret has {PART_BYTES} bytes, not {len(secret)}")
    text = _written(secret) + _written(fingerprint[:PART_BYTES])
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def hash_of(code: str) -> str:
    """What the centre keeps of ``code``, or finds it by. Raises BadInput where it is no code."""
    return hashlib.sha256(_plain(code)[:PART_CHARS].encode()).hexdigest()


def vouches_for(code: str, fingerprint: bytes) -> bool:
    """Whether ``code`` was given out by the authority of this fingerprint. Raises BadInput."""
    return _plain(code)[PART_CHARS:] == _written(fingerprint[:PART_BYTES])


def _plain(code: str) -> str:
    text = code.upper().translate(_LOOK_ALIKES)
    if len(text) != 2 * PART_CHARS or not set(text) <= set(ALPHABET):
        raise BadInput(f"a code has {2 * PART_CHARS} letters and digits in groups of four; type it again")
    return text


def _written(part: bytes) -> str:
    number = int.from_bytes(part, "big")
    return "".join(ALPHABET[number >> shift & 31] for shift in range(len(part) * 8 - 5, -1, -5))
