"""Reads the roster file: who may open, and with what. It knows its format and inner rules, no other file."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from edge.domain.roster import Account, PinHash, Roster
from edge.domain.values import BuyerRef, Fen, Kind
from edge.errors import ConfigError
from edge.settings import Section
from edge.settings_load import load

Id = Annotated[str, Meta(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
WholeFen = Annotated[int, Meta(ge=0)]


class PinTable(Section, frozen=True, kw_only=True):
    """scrypt n = 2^14, r = 8, p = 1. salt: 16 bytes, hash: 32 bytes, both in hex."""

    salt: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    hash: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class AccountTable(Section, frozen=True, kw_only=True):
    """One ``[[account]]`` of the roster file. ref: what the ledger keeps instead of a person.

    title: for the sign-in at the counter's screen, the name of a role or a supplier and never a person's.
    suppliers: supplier_id values of the catalogue. badge: a card's number, hashed like a PIN.
    """

    login: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,31}$")]
    ref: Annotated[str, Meta(pattern="^[0-9a-f]{16,64}$")]
    kinds: Annotated[tuple[Kind, ...], Meta(min_length=1)]
    pin: PinTable
    quota_fen: WholeFen | None = None
    title: Annotated[str, Meta(max_length=20)] = ""
    suppliers: tuple[Id, ...] = ()
    badge: PinTable | None = None
    unit: Id | None = None
    staff: bool = False


class RosterFile(Section, frozen=True, kw_only=True):
    account: tuple[AccountTable, ...]


def read_roster(path: Path) -> Roster:
    """The accounts in ``path``. Raises ConfigError; no PIN hash is ever part of its text."""
    file = load(path, RosterFile, env_prefix="", environ={}).value
    if problems := [f"{path}: {each}" for each in _problems(file)]:
        raise ConfigError(problems)
    return Roster({each.login: _account(each) for each in file.account})


def _account(table: AccountTable) -> Account:
    return Account(
        login=table.login,
        ref=BuyerRef(table.ref),
        kinds=frozenset(table.kinds),
        pin=_hash(table.pin),
        quota=None if table.quota_fen is None else Fen(table.quota_fen),
        title=table.title.strip(),
        suppliers=table.suppliers,
        badge=None if table.badge is None else _hash(table.badge),
        unit=table.unit or "",
        staff=table.staff,
    )


def _hash(table: PinTable) -> PinHash:
    return PinHash(salt=bytes.fromhex(table.salt), hash=bytes.fromhex(table.hash))


def _problems(file: RosterFile) -> Iterator[str]:
    if not file.account:
        yield "has no [[account]]; nobody could open the door. Add one: counter roster hash"
    for what, values in (("login", [a.login for a in file.account]), ("ref", [a.ref for a in file.account])):
        for value, times in Counter(values).items():
            if times > 1:
                yield f"{what} {value} is used by {times} accounts; each needs its own"
    for account in file.account:
        if account.suppliers and Kind.RESTOCK not in account.kinds:
            yield f'{account.login}: suppliers is for who restocks; add "RESTOCK" to kinds or leave it out'
        if account.staff and account.unit is None:
            yield f"{account.login}: staff = true needs the unit that knows them; add unit"
