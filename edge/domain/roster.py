"""Who may open the door, and how a PIN is kept. The check itself is slow and done by a worker."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge.domain.quota import Quota
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
    title: how the sign-in names the account, a role or a supplier and never a person; "": its login.
    suppliers: ids of those whose goods a restocker may handle; (): all. badge: scrypt of a card's number.
    unit: opaque id of the host unit, "": none. quotas: what the unit lets it spend.
    staff: the unit knows who this is and that they are of age.
    """

    login: str
    ref: BuyerRef
    kinds: frozenset[Kind]
    pin: PinHash
    quota: Fen | None = None
    title: str = ""
    suppliers: tuple[str, ...] = ()
    badge: PinHash | None = None
    unit: str = ""
    staff: bool = False
    quotas: tuple[Quota, ...] = ()

    def __post_init__(self) -> None:
        if not self.title:
            object.__setattr__(self, "title", self.login)

    def may_handle(self, supplier: str) -> bool:
        """Whether goods of the supplier with this id may be put in and taken out by this account."""
        return not self.suppliers or supplier in self.suppliers


@dataclass(frozen=True, slots=True)
class Roster:
    accounts: Mapping[str, Account]
    """By login."""

    def of(self, ref: BuyerRef) -> Account | None:
        """The account that the ledger knows as ``ref``."""
        return next((each for each in self.accounts.values() if each.ref == ref), None)
