"""Everything one counter is set up with: its settings and the files they name, read and checked together.

What the settings mean is ``settings_check``'s knowledge; what no file can tell (ports, devices, the
ledger) is found by ``counter doctor``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast

from edge.domain import planogram as plan
from edge.domain.catalogue import Catalogue
from edge.domain.planogram import Planogram
from edge.domain.price_check import group_problems
from edge.domain.pricing import NO_PRICES, PriceList
from edge.domain.roster import Roster
from edge.domain.trace import Traces
from edge.errors import ConfigError
from edge.files import read_catalogue, read_planogram, read_roster
from edge.lint_check import linted, names_of, sentences
from edge.price_file import read_prices
from edge.settings import Files, Settings
from edge.settings_check import load_problems, roster_problems, settings_problems, tray_problems
from edge.settings_load import find_config, places, read
from edge.trace_file import read_traces
from edge.weighing.linter import CabinetReport, Level

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outfit:
    """What ``counter run`` starts with. On SIGHUP it is read again, for catalogue, planogram and roster.

    path: the settings file. data: where the ledger lives (absolute). origins: see ``settings_load``.
    lint: what the planogram linter says; None: ``weighing.lint`` is off.
    """

    settings: Settings
    path: Path
    origins: Mapping[str, str]
    data: Path
    catalogue: Catalogue
    planogram: Planogram
    roster: Roster
    lint: CabinetReport | None = None
    traces: Traces = field(default_factory=Traces)
    prices: PriceList = NO_PRICES

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the linter found and was no reason to refuse the planogram, one sentence each."""
        if self.lint is None:
            return ()
        names = names_of(self.catalogue)
        return tuple(
            each for level in (Level.ERROR, Level.WARN) for each in sentences(self.lint, names, level)
        )


def load_outfit(
    config: Path | None, *, environ: Mapping[str, str], flags: Mapping[str, object] | None = None
) -> Outfit:
    """Find, read and check everything. Raises ConfigError with every fault in one sentence each."""
    path = find_config(config, environ)
    if path is None:
        looked = ", ".join(str(each) for each in places(environ))
        raise ConfigError(f"no settings file: looked at $COUNTER_CONFIG, {looked}; name one with --config")
    walk = read(path, Settings, env_prefix="COUNTER_", environ=environ, flags=flags)
    problems, here = list(walk.problems), path.parent
    settings = cast(Settings | None, walk.parts.get(()))
    files = cast(Files, walk.parts.get(("files",), Files()))
    catalogue = planogram = roster = None
    if walk.parts:
        catalogue = _tried(read_catalogue, here / files.catalogue, problems)
        planogram = _tried(read_planogram, here / files.planogram, problems)
        roster = _tried(read_roster, here / files.roster, problems)
    traces: Traces | None = Traces()
    if files.traces and catalogue:
        skus = catalogue.products.keys()
        traces = _tried(lambda file: read_traces(file, skus), here / files.traces, problems)
    prices: PriceList | None = NO_PRICES
    if files.prices and catalogue:
        known = catalogue.products.keys()
        prices = _tried(lambda file: read_prices(file, known), here / files.prices, problems)
    problems += _misfits(path, files, settings, catalogue, planogram, roster)
    if prices and planogram:
        found = group_problems(prices, planogram.groups())
        problems += [f"{here / files.prices}: {each}" for each in found]
    report = _report(settings, planogram, catalogue)
    if report and catalogue and settings and settings.weighing.lint == "refuse":
        found = sentences(report, names_of(catalogue), Level.ERROR)
        problems += [f"{here / files.planogram}: {each}" for each in found]
    if problems or not (settings and catalogue and planogram and roster and traces is not None and prices):
        raise ConfigError(problems)
    data = Path(settings.files.data).absolute()
    return Outfit(settings, path, walk.origins, data, catalogue, planogram, roster, report, traces, prices)


def _report(
    settings: Settings | None, planogram: Planogram | None, catalogue: Catalogue | None
) -> CabinetReport | None:
    """The linter's word on files that can be read and know of each other."""
    if not (settings and planogram and catalogue) or settings.weighing.lint == "off":
        return None
    if any(facing.sku not in catalogue.products for facing in planogram.facings):
        return None  # said by name already
    return linted(settings.weighing, planogram, catalogue)


def _misfits(
    path: Path,
    files: Files,
    settings: Settings | None,
    catalogue: Catalogue | None,
    planogram: Planogram | None,
    roster: Roster | None,
) -> Iterator[str]:
    """What does not fit together, as far as the parts could be read, each sentence with its file."""
    here = path.parent
    if settings:
        yield from (f"{path}: {each}" for each in settings_problems(settings, here))
    if settings and planogram:
        yield from (f"{path}: {each}" for each in tray_problems(settings, planogram))
    if planogram and catalogue:
        yield from (f"{here / files.planogram}: {each}" for each in plan.problems_of(planogram, catalogue))
    if settings and planogram and catalogue:
        heavy = load_problems(settings, planogram, catalogue)
        yield from (f"{here / files.planogram}: {each}" for each in heavy)
    if roster:
        yield from (f"{here / files.roster}: {each}" for each in roster_problems(roster))


def _tried(read_file: Callable[[Path], T], path: Path, problems: list[str]) -> T | None:
    """The file, or None and its faults among ``problems``."""
    try:
        return read_file(path)
    except ConfigError as error:
        problems.extend(error.problems)
        return None
