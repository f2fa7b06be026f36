"""Reads what the settings name: planogram, draft, recalls. It knows their formats and their inner rules.

Whether they fit each other and the settings is checked by ``edge.outfit.loading``.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from edge.domain.gate import Recalls
from edge.domain.planogram import Facing, Planogram, planogram_of
from edge.domain.values import Sku, TrayId
from edge.errors import ConfigError
from edge.outfit.catalogue_csv import read_catalogue as read_catalogue
from edge.outfit.roster_file import read_roster as read_roster
from edge.outfit.settings_load import load
from edge.settings import Section

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
    reorder: Pieces = 0


class PlanogramFile(Section, frozen=True, kw_only=True):
    version: str
    tray: tuple[TrayTable, ...]


class DraftFile(PlanogramFile, frozen=True, kw_only=True):
    """A planogram that is to come. apply: at once, or when a restocker says so."""

    apply: Literal["now", "next_restock"]


class RecallTable(Section, frozen=True, kw_only=True):
    """One ``[[recall]]``. lot: as its delivery named it, "": every lot. reason: for people."""

    sku: str
    lot: str = ""
    reason: str = ""


class RecallsFile(Section, frozen=True, kw_only=True):
    recall: tuple[RecallTable, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A planogram that is to come. now: without waiting for a restock."""

    planogram: Planogram
    now: bool


def read_planogram(path: Path) -> Planogram:
    """The trays in ``path``, shelf by shelf from the top, left to right. Raises ConfigError."""
    return _planogram(path, load(path, PlanogramFile, env_prefix="", environ={}).value)


def read_draft(path: Path) -> Draft:
    """The planogram to come in ``path``, a planogram file with the key ``apply``. Raises ConfigError."""
    file = load(path, DraftFile, env_prefix="", environ={}).value
    return Draft(_planogram(path, file), file.apply == "now")


def read_recalls(path: Path) -> Recalls:
    """The recalls in ``path``. A product that the catalogue does not hold may be among them."""
    file = load(path, RecallsFile, env_prefix="", environ={}).value
    _refuse(
        path, ("a [[recall]] has no sku; name the product" for each in file.recall if not each.sku.strip())
    )
    return Recalls(frozenset((Sku(each.sku.strip()), each.lot.strip() or None) for each in file.recall))


def _planogram(path: Path, file: PlanogramFile) -> Planogram:
    _refuse(path, _planogram_problems(file))
    facings = (
        Facing(
            TrayId(each.id),
            Sku(each.sku),
            each.capacity,
            each.par,
            each.opening,
            each.expires_on,
            each.group,
            each.reorder,
        )
        for each in sorted(file.tray, key=lambda each: tuple(int(part) for part in each.id.split("-")))
    )
    return planogram_of(file.version, facings)


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
        if each.reorder > each.par:
            yield f"tray {each.id}: reorder {each.reorder} is more than its par {each.par}"
