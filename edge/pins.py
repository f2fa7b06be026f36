"""Makes and checks hashes of PINs and badges. It knows scrypt; it counts no tries and knows no accounts."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import replace

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


def whose_badge(number: str, badges: Mapping[str, PinHash]) -> str | None:
    """The key of the one badge that carries ``number``; None: nobody's, or more than one is like it.

    All of them are looked at, whoever it is. As slow as ``check_pin`` for each salt and cost among them:
    badges that share a salt (``counter roster hash --badge-salt``) cost one hash in all.
    """
    made: dict[PinHash, bytes] = {}
    found = []
    for key, stored in (badges or {"": NOBODY}).items():
        cost = replace(stored, hash=b"")
        if cost not in made:
            made[cost] = _scrypt(number, cost)
        if hmac.compare_digest(made[cost], stored.hash) and badges:
            found.append(key)
    return found[0] if len(found) == 1 else None


def _scrypt(pin: str, cost: PinHash) -> bytes:
    memory = 128 * cost.r * (cost.n + cost.p + 2)  # RFC 7914 §2: what OpenSSL has to be allowed
    return hashlib.scrypt(
        pin.encode(), salt=cost.salt, n=cost.n, r=cost.r, p=cost.p, maxmem=memory, dklen=HASH_BYTES
    )
