"""Everything one counter is set up with: its settings and the files they name, read and checked together.

What the settings mean is ``settings_check``'s knowledge; what no file can tell (ports, devices, the
ledger) is found by ``counter doctor``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edge.domain.catalogue import Catalogue
from edge.domain.delivery import Delivery
from edge.domain.gate import NO_RECALLS, Recalls
from edge.domain.planogram import Planogram
from edge.domain.price_check import group_problems
from edge.domain.pricing import NO_PRICES, PriceList
from edge.domain.roster import Roster
from edge.domain.trace import Traces
from edge.errors import CannotCreate, ConfigError
from edge.ledger.planned import planogram_version
from edge.outfit.applied import Applied, Stamp, stamps_of
from edge.outfit.checks import Parts, lapsed, misfits, remarks, reports
from edge.outfit.delivery_file import read_deliveries
from edge.outfit.documents import standing
from edge.outfit.overlay import NO_OVERLAY, Overlay, write_overlay
from edge.outfit.planogram_file import read_catalogue, read_draft, read_planogram, read_recalls, read_roster
from edge.outfit.price_file import read_prices
from edge.outfit.settings_load import data_of, find_config, places, read_settings
from edge.outfit.trace_file import read_traces
from edge.settings import Files, Settings
from edge.upkeep.lint_check import names_of, sentences
from edge.weighing.linter import CabinetReport, Level

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outfit:
    """What ``counter run`` starts with. On SIGHUP it is read again, for all but the settings.

    path: the settings file. data: where the ledger lives (absolute). origins: see ``settings_load``.
    lint: what the planogram linter says; None: ``weighing.lint`` is off. draft: the planogram that waits for
    the next restock. files: what was read, by its key under ``[files]``; stamps: of just before. noted: what
    is wrong and no reason to refuse anything, beside the linter's. overlay: settings that the centre changed.
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
    recalls: Recalls = NO_RECALLS
    draft: Planogram | None = None
    files: Mapping[str, Path] = field(default_factory=dict)
    stamps: Mapping[str, Stamp] = field(default_factory=dict)
    noted: tuple[str, ...] = ()
    overlay: Overlay = NO_OVERLAY
    deliveries: tuple[Delivery, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was found and was no reason to refuse the files, one sentence each."""
        if self.lint is None:
            return self.noted
        names = names_of(self.catalogue)
        levels = (Level.ERROR, Level.WARN)
        return (*self.noted, *(each for level in levels for each in sentences(self.lint, names, level)))


def load_outfit(
    config: Path | None,
    *,
    environ: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
    now: datetime | None = None,
    kept: Mapping[str, Path] | None = None,
    documents: Mapping[str, str] | None = None,
    overlay: Overlay | None = None,
) -> Outfit:
    """Find, read and check everything. Raises ConfigError with every fault in one sentence each.

    now: aware; on its local day certificates are judged, None: dates do not matter. kept: copies to be read
    instead of the files that the settings name. documents: kind → SHA-256 of texts of the centre that are to
    be tried; overlay: settings likewise, None: those that stand.
    """
    path = find_config(config, environ)
    if path is None:
        looked = ", ".join(str(each) for each in places(environ))
        raise ConfigError(f"no settings file: looked at $COUNTER_CONFIG, {looked}; name one with --config")
    walk, overlay = read_settings(path, environ=environ, flags=flags, overlay=overlay)
    problems = list(walk.problems)
    settings = cast(Settings | None, walk.parts.get(()))
    files, data = cast(Files, walk.parts.get(("files",), Files())), data_of(walk)
    at = dict(kept) if kept else _named_or_sent(files, path.parent, data, documents, problems)
    stamps = stamps_of(at)
    catalogue = planogram = roster = draft = None
    recalls: Recalls | None = NO_RECALLS
    if walk.parts:
        catalogue = _tried(read_catalogue, at["catalogue"], problems)
        planogram = _tried(read_planogram, at["planogram"], problems)
        roster = _tried(read_roster, at["roster"], problems)
        draft = _tried(read_draft, at["planogram_draft"], problems) if "planogram_draft" in at else None
        recalls = _tried(read_recalls, at["recalls"], problems) if "recalls" in at else NO_RECALLS
    traces: Traces | None = Traces()
    if "traces" in at and catalogue:
        skus = catalogue.products.keys()
        traces = _tried(lambda file: read_traces(file, skus), at["traces"], problems)
    prices = _prices(at, catalogue, planogram, problems)
    deliveries: tuple[Delivery, ...] | None = ()
    if "deliveries" in at and catalogue:
        skus = catalogue.products.keys()
        deliveries = _tried(lambda file: read_deliveries(file, skus), at["deliveries"], problems)
    today = _local_day(settings, now)
    version, known = _in_force(data)
    parts = Parts(settings, catalogue, planogram, roster, draft, recalls, known, version, today)
    problems += misfits(path, at, parts)
    if problems or not (settings and catalogue and planogram and roster and prices):
        raise ConfigError(problems)
    assert recalls is not None
    assert traces is not None
    assert deliveries is not None
    found = dict(reports(at, parts))
    if draft and draft.now:
        planogram, lint, waiting = draft.planogram, found.get(at["planogram_draft"]), None
    else:
        lint, waiting = found.get(at["planogram"]), draft.planogram if draft else None
    noted = (*remarks(catalogue, settings), *lapsed(parts))
    return Outfit(
        settings=settings,
        path=path,
        origins=walk.origins,
        data=data,
        catalogue=catalogue,
        planogram=planogram,
        roster=roster,
        lint=lint,
        traces=traces,
        prices=prices,
        recalls=recalls,
        deliveries=deliveries,
        draft=waiting,
        files=at,
        stamps=stamps,
        noted=noted,
        overlay=overlay,
    )


def load_or_kept(
    config: Path | None,
    *,
    environ: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
    now: datetime | None = None,
) -> tuple[Outfit, tuple[str, ...]]:
    """The outfit to start with, and what was wrong with the files where it is that of the kept copies.

    Raises ConfigError with the files' faults where there are no copies, or they do not fit the settings.
    Recalls are taken from their file wherever it can be read: they must not wait for another one's repair.
    Settings of the centre that are the fault are taken back for good.
    """
    try:
        return load_outfit(config, environ=environ, flags=flags, now=now), ()
    except ConfigError as error:
        problems = error.problems
    path = find_config(config, environ)
    if path is None:
        raise ConfigError(problems)
    walk, overlay = read_settings(path, environ=environ, flags=flags)
    if overlay.command and undone(config, overlay, data_of(walk), environ=environ, flags=flags, now=now):
        return load_or_kept(config, environ=environ, flags=flags, now=now)
    files = cast(Files, walk.parts.get(("files",), Files()))
    kept = Applied(data_of(walk)).files()
    if not kept or walk.problems:
        raise ConfigError(problems)
    recalls = named(files, path.parent).get("recalls")
    if recalls and _tried(read_recalls, recalls, []) is not None:
        kept["recalls"] = recalls
    try:
        return load_outfit(config, environ=environ, flags=flags, now=now, kept=kept), problems
    except ConfigError as error:
        also = (f"the copies kept of before do not fit either: {each}" for each in error.problems)
        raise ConfigError([*problems, *also]) from error


def undone(
    config: Path | None,
    overlay: Overlay,
    data: Path,
    *,
    environ: Mapping[str, str],
    flags: Mapping[str, object] | None,
    now: datetime | None,
) -> bool:
    """Take back what the centre changed last, where all can be read without it. Raises CannotCreate."""
    before = overlay.undone()
    try:
        load_outfit(config, environ=environ, flags=flags, now=now, overlay=before)
    except ConfigError:
        return False
    try:
        write_overlay(data, before)
    except OSError as error:
        raise CannotCreate(f"{data}: its settings cannot be taken back: {error.strerror}") from error
    return True


def _named_or_sent(
    files: Files, here: Path, data: Path, trial: Mapping[str, str] | None, problems: list[str]
) -> dict[str, Path]:
    """The files to be read: those that the settings name, and above them what the centre sent.

    A planogram of the centre stands above the settings' draft as well.
    """
    at = named(files, here)
    try:
        sent = standing(data, trial)
    except ConfigError as error:
        problems += error.problems
        return at
    if "planogram" in sent:
        at.pop("planogram_draft", None)
    return at | sent


def named(files: Files, here: Path) -> dict[str, Path]:
    """The files that the settings name, by their key, without the data directory and those not named."""
    keys = [key for key in files.__struct_fields__ if key != "data" and getattr(files, key)]
    return {key: here / str(getattr(files, key)) for key in keys}


def _in_force(data: Path) -> tuple[str | None, tuple[Planogram, ...]]:
    """The planograms that the counter works by: those of the copies, or the version that its ledger names."""
    copies = Applied(data).files()
    if not copies:
        return planogram_version(data / "ledger.db"), ()
    planogram = _tried(read_planogram, copies["planogram"], []) if "planogram" in copies else None
    draft = _tried(read_draft, copies["planogram_draft"], []) if "planogram_draft" in copies else None
    return None, tuple(each for each in (planogram, draft and draft.planogram) if each)


def _local_day(settings: Settings | None, now: datetime | None) -> date | None:
    """None where dates do not matter, or the time zone, a fault of its own, is not known."""
    if settings is None or now is None:
        return None
    try:
        return now.astimezone(ZoneInfo(settings.counter.timezone)).date()
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _prices(
    at: Mapping[str, Path], catalogue: Catalogue | None, planogram: Planogram | None, problems: list[str]
) -> PriceList | None:
    """The prices; None where they are at fault, or there is no catalogue to read them by."""
    if "prices" not in at:
        return NO_PRICES
    if catalogue is None:
        return None
    known = catalogue.products.keys()
    prices = _tried(lambda file: read_prices(file, known), at["prices"], problems)
    if prices and planogram:
        found = group_problems(prices, planogram.groups())
        problems += [f"{at['prices']}: {each}" for each in found]
    return prices


def _tried(read_file: Callable[[Path], T], path: Path, problems: list[str]) -> T | None:
    """The file, or None and its faults among ``problems``."""
    try:
        return read_file(path)
    except ConfigError as error:
        problems.extend(error.problems)
        return None
