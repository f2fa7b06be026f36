"""Goods on trays: which products share a tray, how many of each, and what each piece truly weighs."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path
from random import Random

from hardware_sim.errors import ConfigError
from hardware_sim.goods import CUT_SD
from hardware_sim.sessions.levels import Level

_REFERENCE = """
74/1 84/1 88/1.25 112/1 112/1.75 116/1 121/2 133/2 141/1 168/1.25 176/3.5 201/2 213/2.5 226/3.5 228/4.5
264/3 281/5.5 296/2 296/2.5 322/4.5 332/2 341/2.5 356/2 374/1.5 389/2.5 391/4.5 431/3 436/7 452/3 516/3
524/6 529/2 538/8 561/3 688/13 768/4.5 986/7 1022/6 1024/5.5 1764/7 2020/35 2540/11
"""
HEAVY_G = 900.0
MOST_G = 13_000.0
"""Goods on one tray of 20 kg: the rest is for tray and hands."""
TRIES = 5000
SIGMA_M_G = 2.0
"""What a scale adds to the gap of two baskets when a planogram is checked."""
LOT_SHARE = 0.35


@dataclass(frozen=True, slots=True)
class Product:
    """mean_g, sd_g: gross weight of one piece."""

    sku: str
    mean_g: float
    sd_g: float


@dataclass(slots=True, eq=False)
class Unit:
    """One piece. home: index of the tray it was last taken from."""

    sku: str
    grams: float
    home: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A product's place on a tray and how many are booked there."""

    product: Product
    count: int


@dataclass(slots=True)
class Cabinet:
    """slots: the planogram, tray by tray. units: what lies there now. Good for one session: it is emptied."""

    slots: list[list[Slot]]
    units: list[list[Unit]]

    def stocked(self, at_least: int = 1) -> list[int]:
        """Trays with that many pieces on them."""
        return [tray for tray, units in enumerate(self.units) if len(units) >= at_least]

    def grams(self, tray: int) -> float:
        return sum(unit.grams for unit in self.units[tray])


REFERENCE = tuple(
    Product(f"R{number:02}", *(float(part) for part in text.split("/")))
    for number, text in enumerate(_REFERENCE.split(), 1)
)
"""42 products from 74 g to 2.5 kg, gross mean and sd, as packed county goods have them."""


def from_catalogue(path: Path) -> tuple[Product, ...]:
    """The products of a ``catalogue.csv`` that may stand in a counter. Raises ConfigError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row.get("counter_ok", "1") == "1"]
        goods = [Product(r["sku_id"], float(r["gross_weight_g"]), float(r["gross_sd_g"])) for r in rows]
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{path}: {error!r}; wanted are columns sku_id, gross_weight_g, gross_sd_g"
        ) from error
    if len(goods) < 6 or any(each.mean_g <= 0 or each.sd_g <= 0 for each in goods):
        raise ConfigError(f"{path}: wanted are six or more products with positive gross_weight_g, gross_sd_g")
    return tuple(goods)


def stocked_cabinet(level: Level, goods: Sequence[Product], random: Random) -> Cabinet:
    """A cabinet as the restocker leaves it."""
    cabinet = Cabinet([], [])
    for tray in range(random.randint(*level.trays)):
        slots = _slots(_choice(level, goods, random), random)
        cabinet.slots.append(slots)
        cabinet.units.append([unit for slot in slots for unit in _units(slot, tray, level.lot, random)])
    return cabinet


def _choice(level: Level, goods: Sequence[Product], random: Random) -> list[Product]:
    """Products of one tray; drawn again until all its small baskets can be told apart, if they must be."""
    wanted = random.randint(*level.skus)
    for _ in range(TRIES):
        chosen = random.sample(goods, wanted)
        if _fit(chosen) and (level.apart is None or told_apart(chosen, level.apart)):
            return chosen
    raise ConfigError(f"no {wanted} of {len(goods)} products can share a tray ({level.name})")


def _fit(products: Sequence[Product]) -> bool:
    """Whether the fewest pieces of each leave the tray room for hands."""
    return sum(product.mean_g * _counts(product)[0] for product in products) <= MOST_G


def _counts(product: Product) -> tuple[int, int]:
    return (2, 10) if product.mean_g < HEAVY_G else (1, 4)


def told_apart(products: Sequence[Product], apart: float) -> bool:
    """Whether every one product, and every two, weigh ``apart`` standard deviations from every other one."""
    singles = [_weighed((one,)) for one in products]
    pairs = [_weighed(pair) for pair in combinations_with_replacement(products, 2)]
    noise = SIGMA_M_G**2
    return all(
        (grams - other) ** 2 >= apart**2 * (variance + spread + noise)
        for number, (grams, variance) in enumerate(singles, 1)
        for other, spread in (*singles[number:], *pairs)
    )


def _weighed(basket: Sequence[Product]) -> tuple[float, float]:
    """Mean and variance of a basket's weight: each piece's own, and what a lot's pieces have in common."""
    own = sum(each.sd_g**2 for each in basket)
    lots = sum((basket.count(each) * each.sd_g * LOT_SHARE) ** 2 for each in set(basket))
    return sum(each.mean_g for each in basket), own + lots


def _slots(products: Sequence[Product], random: Random) -> list[Slot]:
    while True:
        slots = [Slot(product, random.randint(*_counts(product))) for product in products]
        if sum(slot.count * slot.product.mean_g for slot in slots) <= MOST_G:
            return slots


def _units(slot: Slot, tray: int, lot: float, random: Random) -> Iterator[Unit]:
    product = slot.product
    bias = random.gauss(0.0, lot * product.sd_g)
    for _ in range(slot.count):
        while abs(deviation := random.gauss(0.0, 1.0)) > CUT_SD:
            pass
        yield Unit(product.sku, product.mean_g + bias + product.sd_g * deviation, tray)
