"""Reads what the settings name: catalogue, planogram, roster. It knows their formats and their inner rules.

Whether they fit each other and the settings is checked by ``edge.outfit``.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from edge.catalogue_csv import read_catalogue as read_catalogue
from edge.domain.planogram import Facing, Planogram, planogram_of
from edge.domain.roster import Account, PinHash, Roster
from edge.domain.values import BuyerRef, Fen, Kind, Sku, TrayId
from edge.errors import ConfigError
from edge.settings import Section
from edge.settings_load import load

Pieces = Annotated[int, Meta(ge=0)]
TRAY_ID = re.compile(r"[1-9][0-9]?-[0-9]{2}")


class TrayTable(Section, frozen=True, kw_only=True):
    """One ``[[tray]]`` of the planogram file: goods that share a tray have a table each, with one id."""

    id: str
    sku: str
    capacity: Annotated[int, Meta(ge=1)]
    par: Pieces
    opening: Pieces
    expires_on: date | None = None
    group: str = ""


class PlanogramFile(Section, frozen=True, kw_only=True):
    version: str
    tray: tuple[TrayTable, ...]


class PinTable(Section, frozen=True, kw_only=True):
    """scrypt n = 2^14, r = 8, p = 1. salt: 16 bytes, hash: 32 bytes, both in hex."""

    salt: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    hash: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class AccountTable(Section, frozen=True, kw_only=True):
    """One ``[[account]]`` of the roster file. ref: what the ledger keeps instead of a person."""

    login: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,31}$")]
    ref: Annotated[str, Meta(pattern="^[0-9a-f]{16,64}$")]
    kinds: Annotated[tuple[Kind, ...], Meta(min_length=1)]
    pin: PinTable
    quota_fen: Pieces | None = None


class RosterFile(Section, frozen=True, kw_only=True):
    account: tuple[AccountTable, ...]


def read_planogram(path: Path) -> Planogram:
    """The trays in ``path``, shelf by shelf from the top, left to right. Raises ConfigError."""
    file = load(path, PlanogramFile, env_prefix="", environ={}).value
    _refuse(path, _planogram_problems(file))
    facings = (
        Facing(
            TrayId(each.id), Sku(each.sku), each.capacity, each.par, each.opening, each.expires_on, each.group
        )
        for each in sorted(file.tray, key=lambda each: tuple(int(part) for part in each.id.split("-")))
    )
    return planogram_of(file.version, facings)


def read_roster(path: Path) -> Roster:
    """The accounts in ``path``. Raises ConfigError; no PIN hash is ever part of its text."""
    file = load(path, RosterFile, env_prefix="", environ={}).value
    _refuse(path, _roster_problems(file))
    return Roster({each.login: _account(each) for each in file.account})


def _account(table: AccountTable) -> Account:
    quota = None if table.quota_fen is None else Fen(table.quota_fen)
    pin = PinHash(salt=bytes.fromhex(table.pin.salt), hash=bytes.fromhex(table.pin.hash))
    return Account(table.login, BuyerRef(table.ref), frozenset(table.kinds), pin, quota)


def _refuse(path: Path, problems: Iterable[str]) -> None:
    if found := [f"{path}: {each}" for each in problems]:
        raise ConfigError(found)


def _planogram_problems(file: PlanogramFile) -> Iterator[str]:
    if not file.tray:
        yield "has no [[tray]]; add one for each scale"
    for (tray, sku), times in Counter((each.id, each.sku) for each in file.tray).items():
        if times > 1:
            yield f"tray {tray} has {sku} {times} times; keep one, with the sum of its pieces"
    for each in file.tray:
        if not TRAY_ID.fullmatch(each.id):
            yield f"tray id {each.id!r} must be shelf-tray, like 2-03"
        if each.par > each.capacity:
            yield f"tray {each.id}: par {each.par} is more than its capacity {each.capacity}"


def _roster_problems(file: RosterFile) -> Iterator[str]:
    if not file.account:
        yield "has no [[account]]; nobody could open the door. Add one: counter roster hash"
    for what, values in (("login", [a.login for a in file.account]), ("ref", [a.ref for a in file.account])):
        for value, times in Counter(values).items():
            if times > 1:
                yield f"{what} {value} is used by {times} accounts; each needs its own"
