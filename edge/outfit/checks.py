"""Whether the parts of an outfit fit each other: sentences, each with the file that it is about.

A planogram in force is judged more mildly than one to come: what lapses in it is blocked where it lies.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from edge.domain import planogram as plan
from edge.domain.catalogue import Catalogue, is_dear
from edge.domain.gate import NO_RECALLS, Recalls
from edge.domain.planogram import Planogram
from edge.domain.roster import Roster
from edge.domain.values import yuan
from edge.outfit.planogram_file import Draft
from edge.outfit.policies import gate_policy
from edge.outfit.settings_check import (
    load_problems,
    roster_goods_problems,
    roster_problems,
    settings_problems,
    tray_problems,
)
from edge.settings import Settings
from edge.upkeep.lint_check import linted, names_of, sentences
from edge.weighing.linter import CabinetReport, Level


@dataclass(frozen=True, slots=True)
class Parts:
    """What could be read, None: it could not. known: planograms that were in force already.

    known_version: the ledger's word for that, where no copies are kept yet. today: None: dates do not matter.
    """

    settings: Settings | None
    catalogue: Catalogue | None
    planogram: Planogram | None
    roster: Roster | None
    draft: Draft | None = None
    recalls: Recalls | None = NO_RECALLS
    known: Collection[Planogram] = ()
    known_version: str | None = None
    today: date | None = None

    def is_known(self, planogram: Planogram) -> bool:
        return planogram in self.known or planogram.version == self.known_version


def misfits(path: Path, at: Mapping[str, Path], parts: Parts) -> Iterator[str]:
    """What does not fit together, as far as the parts could be read. path: the settings file."""
    settings, catalogue = parts.settings, parts.catalogue
    fine = True
    if settings:
        found = list(settings_problems(settings, path.parent))
        fine = not found
        yield from (f"{path}: {each}" for each in found)
    if parts.planogram:
        yield from _planogram(path, at["planogram"], parts.planogram, parts, fine)
    if parts.draft:
        yield from _planogram(path, at["planogram_draft"], parts.draft.planogram, parts, fine)
        if parts.planogram and parts.draft.planogram.version == parts.planogram.version:
            yield f"{at['planogram_draft']}: has the version of {at['planogram']}; give it another"
    if parts.roster:
        yield from (f"{at['roster']}: {each}" for each in roster_problems(parts.roster, settings))
    if parts.roster and catalogue:
        yield from (f"{at['roster']}: {each}" for each in roster_goods_problems(parts.roster, catalogue))
    if settings and catalogue and settings.weighing.lint == "refuse":
        for file, report in reports(at, parts):
            yield from (f"{file}: {each}" for each in sentences(report, names_of(catalogue), Level.ERROR))


def reports(at: Mapping[str, Path], parts: Parts) -> Iterator[tuple[Path, CabinetReport]]:
    """The linter's word on each planogram whose products are known, with its file."""
    settings, catalogue = parts.settings, parts.catalogue
    draft = parts.draft.planogram if parts.draft else None
    for what, planogram in (("planogram", parts.planogram), ("planogram_draft", draft)):
        if not (settings and catalogue and planogram) or settings.weighing.lint == "off":
            continue
        if all(facing.sku in catalogue.products for facing in planogram.facings):
            yield at[what], linted(settings.weighing, planogram, catalogue)


def remarks(catalogue: Catalogue, settings: Settings) -> Iterator[str]:
    """What is no reason to refuse a catalogue and has to be looked at."""
    guard = settings.policy.price_guard_pct
    for product in catalogue.products.values():
        if is_dear(product, guard) and product.ref_price is not None:
            usual = yuan(product.ref_price)
            yield f"{product.sku} costs {yuan(product.price)}, more than {guard} % above the usual {usual}"
        if product.unproven:
            said = ", ".join(product.unproven)
            yield f"{product.sku} claims {said} without a document; it is not shown"


def lapsed(parts: Parts) -> Iterator[str]:
    """What lies in a planogram in force and may not be sold as things are."""
    if parts.settings and parts.catalogue and parts.planogram and parts.is_known(parts.planogram):
        yield from _refusals(parts.planogram, parts, parts.settings, parts.catalogue)


def _planogram(
    path: Path, file: Path, planogram: Planogram, parts: Parts, settings_fine: bool
) -> Iterator[str]:
    settings, catalogue = parts.settings, parts.catalogue
    if settings:
        yield from (f"{path}: {each}" for each in tray_problems(settings, planogram))
    if catalogue:
        yield from (f"{file}: {each}" for each in plan.problems_of(planogram, catalogue))
    if settings and catalogue:
        if settings_fine and not parts.is_known(planogram):
            yield from (f"{file}: {each}" for each in _refusals(planogram, parts, settings, catalogue))
        yield from (f"{file}: {each}" for each in load_problems(settings, planogram, catalogue))


def _refusals(planogram: Planogram, parts: Parts, settings: Settings, catalogue: Catalogue) -> Iterator[str]:
    recalls = parts.recalls or NO_RECALLS
    yield from plan.refusals_of(planogram, catalogue, gate_policy(settings), parts.today, recalls)
