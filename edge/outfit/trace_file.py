"""Reads the traces that the settings name (``files.traces``). It knows the format, not what it means."""

from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from edge.domain.trace import Leg, Trace, Traces, problems_of, traces_of
from edge.domain.values import Sku
from edge.errors import ConfigError
from edge.outfit.settings_load import load
from edge.settings import Section

Text = Annotated[str, Meta(max_length=200)]


class LegTable(Section, frozen=True, kw_only=True):
    """One ``[[trace.leg]]``, in the order of the way."""

    from_place: Text = msgspec.field(name="from")
    to_place: Text = msgspec.field(name="to")
    on: date | None = None


class TraceTable(Section, frozen=True, kw_only=True):
    """One ``[[trace]]``: a lot of a product. What is not known is left out."""

    sku: str
    lot: Text = ""
    produced_at: Text = ""
    produced_on: date | None = None
    stored_at: Text = ""
    stored_since: date | None = None
    mark: Text = ""
    team: Text = ""
    leg: tuple[LegTable, ...] = ()


class TracesFile(Section, frozen=True, kw_only=True):
    trace: tuple[TraceTable, ...] = ()


def read_traces(path: Path, skus: Collection[Sku]) -> Traces:
    """The traces in ``path``; skus: the catalogue's. Raises ConfigError with every fault."""
    file = load(path, TracesFile, env_prefix="", environ={}).value
    traces = [_trace(each) for each in file.trace]
    if found := [f"{path}: {each}" for each in problems_of(traces, skus)]:
        raise ConfigError(found)
    return traces_of(traces)


def _trace(table: TraceTable) -> Trace:
    return Trace(
        sku=Sku(table.sku),
        lot=table.lot.strip(),
        produced_at=table.produced_at.strip(),
        produced_on=table.produced_on,
        stored_at=table.stored_at.strip(),
        stored_since=table.stored_since,
        legs=tuple(Leg(each.from_place, each.to_place, each.on) for each in table.leg),
        mark=table.mark.strip(),
        team=table.team.strip(),
    )
