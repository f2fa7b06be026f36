"""Reads what is on its way to the counter: an optional TOML file with one delivery of a product a table."""

from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from edge.domain.delivery import Delivery
from edge.domain.stock import Lot
from edge.domain.values import Sku
from edge.errors import ConfigError
from edge.outfit.settings_load import load
from edge.settings import Section


class DeliveryTable(Section, frozen=True, kw_only=True):
    """One ``[[delivery]]``. node: where it ships from; level: which of the four levels that is."""

    sku: str
    count: Annotated[int, Meta(ge=1)]
    lot: Annotated[str, Meta(max_length=64)]
    produced_on: date | None = None
    expires_on: date | None = None
    node: str = ""
    level: str = ""
    in_transit: bool = False


class DeliveriesFile(Section, frozen=True, kw_only=True):
    version: str
    delivery: tuple[DeliveryTable, ...] = ()


def read_deliveries(path: Path, known: Collection[Sku]) -> tuple[Delivery, ...]:
    """The deliveries in ``path``, in its order. Raises ConfigError. known: the catalogue's products."""
    file = load(path, DeliveriesFile, env_prefix="", environ={}).value
    if found := [f"{path}: {each}" for each in _problems(file, known)]:
        raise ConfigError(found)
    return tuple(
        Delivery(
            Sku(each.sku),
            each.count,
            Lot(each.lot, each.produced_on, each.expires_on),
            " · ".join(part for part in (each.node, each.level) if part),
            each.in_transit,
        )
        for each in file.delivery
    )


def _problems(file: DeliveriesFile, known: Collection[Sku]) -> Iterator[str]:
    for number, each in enumerate(file.delivery, 1):
        if each.sku not in known:
            yield f"delivery {number}: product {each.sku} is not in the catalogue"
        if each.produced_on and each.expires_on and each.expires_on < each.produced_on:
            yield f"delivery {number}: {each.sku} expires before it was made; correct one of the dates"
