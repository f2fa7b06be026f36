"""Where goods come from, lot by lot: the five stages that a product card shows. It guesses nothing.

A stage of which nothing was registered stays empty, and pages say so (未登记).
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import pairwise

from edge.domain.values import Sku


class Stage(StrEnum):
    """The stages of the whole course (全流程: 生产、储存、流通、销售、品牌), in this order."""

    PRODUCTION = "PRODUCTION"
    STORAGE = "STORAGE"
    TRANSPORT = "TRANSPORT"
    SALE = "SALE"
    BRAND = "BRAND"


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg of the way to the counter. on: the local day of its arrival."""

    from_place: str
    to_place: str
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """What was registered of one lot; "", None and () mean: nothing. lot "": the opening stock.

    mark: brand or geographical indication. team: village or village team (驻村工作队) behind the product,
    never a person. The stage SALE is not here: the ledger knows when a lot was put on the shelf.
    """

    sku: Sku
    lot: str
    produced_at: str = ""
    produced_on: date | None = None
    stored_at: str = ""
    stored_since: date | None = None
    legs: tuple[Leg, ...] = ()
    mark: str = ""
    team: str = ""


@dataclass(frozen=True, slots=True)
class Traces:
    """All traces of a counter's goods."""

    by_lot: Mapping[tuple[Sku, str], Trace] = field(default_factory=dict)

    def of(self, sku: Sku, lot: str) -> Trace | None:
        """What is registered of that lot; None: nothing at all."""
        return self.by_lot.get((sku, lot))


def traces_of(traces: Iterable[Trace]) -> Traces:
    return Traces({(each.sku, each.lot): each for each in traces})


_TEAM = re.compile(r"村|社区|工作队|镇|乡|village|team", re.IGNORECASE)
"""What the name of a village or of a team holds; the name of a person holds none of it."""


def problems_of(traces: Iterable[Trace], skus: Collection[Sku]) -> Iterator[str]:
    """Sentences naming everything that cannot be right. skus: the catalogue's."""
    seen: set[tuple[Sku, str]] = set()
    for number, trace in enumerate(traces, 1):
        where = f"trace[{number}] ({trace.sku}, lot {trace.lot or 'of the opening stock'})"
        if trace.sku not in skus:
            yield f"{where}: the product is not in the catalogue; correct the sku or take the trace out"
        if (trace.sku, trace.lot) in seen:
            yield f"{where}: stands here already; keep one"
        seen.add((trace.sku, trace.lot))
        yield from (f"{where}: {each}" for each in _faults(trace))


def _faults(trace: Trace) -> Iterator[str]:
    if trace.team and (not _TEAM.search(trace.team) or re.search(r"\d{5,}", trace.team)):
        yield f"team {trace.team!r} must be a village or a village team, never a person or a number"
    for number, leg in enumerate(trace.legs, 1):
        if not leg.from_place.strip() or not leg.to_place.strip():
            yield f"leg[{number}] needs both from and to; leave the leg out where one is not known"
    days = [("produced_on", trace.produced_on), ("stored_since", trace.stored_since)]
    days += [(f"leg[{number}].on", leg.on) for number, leg in enumerate(trace.legs, 1)]
    known = [(name, day) for name, day in days if day is not None]
    for (before, earlier), (after, later) in pairwise(known):
        if later < earlier:
            yield f"{after} {later} is before {before} {earlier}; correct one of them"
