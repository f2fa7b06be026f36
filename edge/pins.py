"""Makes and checks PIN hashes. It knows scrypt; it does not count tries or know accounts."""

import hashlib
import hmac
import secrets

from edge.domain.roster import PinHash

SALT_BYTES = 16
HASH_BYTES = 32

NOBODY = PinHash(salt=bytes(SALT_BYTES), hash=bytes(HASH_BYTES))
"""Stands in for an unknown account, so that asking for one takes as long as a wrong PIN."""


def hash_pin(pin: str, *, salt: bytes) -> PinHash:
    """scrypt of ``pin`` at the cost that ``PinHash`` names by default."""
    return PinHash(salt=salt, hash=_scrypt(pin, PinHash(salt=salt, hash=b"")))


def new_pin_hash(pin: str) -> PinHash:
    """``hash_pin`` with a fresh random salt."""
    return hash_pin(pin, salt=secrets.token_bytes(SALT_BYTES))


def check_pin(pin: str, stored: PinHash | None) -> bool:
    """Whether ``pin`` is the one that was hashed. None (no such account) takes as long, and is False.

    Slow on purpose (tens of milliseconds, 16 MiB): call it from a worker, never from the engine.
    """
    known = stored or NOBODY
    matches = hmac.compare_digest(_scrypt(pin, known), known.hash)
    return matches and stored is not None


def _scrypt(pin: str, cost: PinHash) -> bytes:
    memory = 128 * cost.r * (cost.n + cost.p + 2)  # RFC 7914 §2: what OpenSSL has to be allowed
    return hashlib.scrypt(
        pin.encode(), salt=cost.salt, n=cost.n, r=cost.r, p=cost.p, maxmem=memory, dklen=HASH_BYTES
    )
