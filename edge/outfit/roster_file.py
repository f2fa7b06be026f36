"""Reads the roster file: who may open, and with what. It knows its format and inner rules, no other file."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from edge.domain.quota import REFUSED, Quota, Scheme
from edge.domain.roster import Account, PinHash, Roster
from edge.domain.values import BuyerRef, Fen, Kind
from edge.errors import ConfigError
from edge.outfit.settings_load import load
from edge.settings import Section

Id = Annotated[str, Meta(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
WholeFen = Annotated[int, Meta(ge=0)]


class PinTable(Section, frozen=True, kw_only=True):
    """scrypt n = 2^14, r = 8, p = 1. salt: 16 bytes, hash: 32 bytes, both in hex."""

    salt: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    hash: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class QuotaTable(Section, frozen=True, kw_only=True):
    """One ``[[quota]]``: what each account that names it may spend. A new period is a quota with a new id.

    cap_fen: a person. valid_to: the last day. counties: names or codes of origin; []: from anywhere.
    lapse: to whom an unused amount falls.
    """

    id: Id
    scheme: Scheme
    unit: Id
    cap_fen: Annotated[int, Meta(ge=1)]
    valid_from: date
    valid_to: date
    certified_only: bool = True
    counties: tuple[str, ...] = ()
    lapse: str = "unit"


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
    quotas: tuple[Id, ...] = ()


class RosterFile(Section, frozen=True, kw_only=True):
    account: tuple[AccountTable, ...]
    quota: tuple[QuotaTable, ...] = ()


def read_roster(path: Path) -> Roster:
    """The accounts in ``path``. Raises ConfigError; no PIN hash is ever part of its text."""
    file = load(path, RosterFile, env_prefix="", environ={}).value
    if problems := [f"{path}: {each}" for each in _problems(file)]:
        raise ConfigError(problems)
    quotas = {each.id: _quota(each) for each in file.quota}
    return Roster({each.login: _account(each, quotas) for each in file.account})


def _quota(table: QuotaTable) -> Quota:
    return Quota(
        id=table.id,
        scheme=table.scheme,
        unit=table.unit,
        cap=Fen(table.cap_fen),
        valid_from=table.valid_from,
        valid_to=table.valid_to,
        certified_only=table.certified_only,
        counties=frozenset(table.counties),
    )


def _account(table: AccountTable, quotas: Mapping[str, Quota]) -> Account:
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
        quotas=tuple(quotas[each] for each in table.quotas),
    )


def _hash(table: PinTable) -> PinHash:
    return PinHash(salt=bytes.fromhex(table.salt), hash=bytes.fromhex(table.hash))


def _problems(file: RosterFile) -> Iterator[str]:
    if not file.account:
        yield "has no [[account]]; nobody could open the door. Add one: counter roster hash"
    named = {
        "login": [each.login for each in file.account],
        "ref": [each.ref for each in file.account],
    }
    for what, values in named.items():
        for value, times in Counter(values).items():
            if times > 1:
                yield f"{what} {value} is used by {times} accounts; each needs its own"
    for account in file.account:
        yield from _account_problems(account, {each.id: each for each in file.quota})
    for id, times in Counter(each.id for each in file.quota).items():
        if times > 1:
            yield f"quota {id} stands there {times} times; keep one, or give the other its own id"
    for quota in file.quota:
        yield from (f"quota {quota.id}: {each}" for each in _quota_problems(quota))


def _account_problems(account: AccountTable, quotas: Mapping[str, QuotaTable]) -> Iterator[str]:
    who = account.login
    if account.suppliers and Kind.RESTOCK not in account.kinds:
        yield f'{who}: suppliers is for who restocks; add "RESTOCK" to kinds or leave it out'
    if account.staff and account.unit is None:
        yield f"{who}: staff = true needs the unit that knows them; add unit"
    if account.quotas and Kind.BUY not in account.kinds:
        yield f'{who}: quotas are for who buys; add "BUY" to kinds or leave them out'
    for id in account.quotas:
        if id not in quotas:
            yield f"{who}: there is no quota {id}; add a [[quota]] with that id"
        elif quotas[id].unit != account.unit:
            yield f"{who}: quota {id} is of unit {quotas[id].unit}, the account of {account.unit or 'none'}"


def _quota_problems(quota: QuotaTable) -> Iterator[str]:
    if why := REFUSED.get(quota.scheme):
        yield why
    if quota.valid_to < quota.valid_from:
        yield f"ends on {quota.valid_to}, before it begins on {quota.valid_from}"
    if quota.lapse != "unit":
        yield f'lapse = "{quota.lapse}": what is not used falls back to the unit; leave it out'
