"""Who may open the door, and how a PIN is kept. The check itself is slow and done by a worker."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge.domain.values import BuyerRef, Fen, Kind


@dataclass(frozen=True, slots=True)
class PinHash:
    """scrypt of a PIN (RFC 7914): n, r, p as given to ``hashlib.scrypt``; salt 16, hash 32 bytes."""

    salt: bytes
    hash: bytes
    n: int = 2**14
    r: int = 8
    p: int = 1


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the roster. ``login`` is typed or chosen; ``ref`` is what the ledger keeps.

    quota: fen this account may spend in all at this counter, None: no limit.
    """

    login: str
    ref: BuyerRef
    kinds: frozenset[Kind]
    pin: PinHash
    quota: Fen | None = None


@dataclass(frozen=True, slots=True)
class Roster:
    accounts: Mapping[str, Account]
    """By login."""
