"""Packs and what lies on a tray: declared weights, lots, single units. Knows nothing of scales or hands."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log, sqrt
from random import Random

HEAVIEST_TRAY_G = 12_000.0
LOT = 0.35  # sd of a lot's mean, in sd of one unit
# Gross weight and sd, g, of packs in config/catalogue.csv (sample data, 示例数据).
PACKS = (
    (162.0, 1.5), (74.0, 1.1), (228.0, 2.3), (306.0, 2.5), (652.0, 8.8), (512.0, 3.8),
    (414.0, 3.0), (519.0, 3.8), (1095.0, 10.2), (191.0, 1.7), (88.0, 1.4), (278.0, 2.3),
    (260.0, 2.3), (202.0, 2.1), (890.0, 10.5), (350.0, 2.5), (2760.0, 30.4), (840.0, 9.1),
    (114.0, 1.2), (48.0, 0.7), (96.0, 1.3), (212.0, 2.3), (745.0, 7.2), (148.0, 1.3),
    (106.0, 1.1), (2532.0, 9.4), (1725.0, 6.3), (540.0, 3.8), (292.0, 2.3), (310.0, 2.3),
    (418.0, 4.8), (1012.0, 3.8),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Good:
    """One SKU as the planogram declares it (g), with the true mean of the lot on the shelf."""

    sku: str
    unit_g: float
    sd_g: float
    lot_g: float
    natural: bool


@dataclass(slots=True)
class Unit:
    """One pack: its weight, its place on the plate (−1…1 from the middle), and since when it is there."""

    sku: str
    grams: float
    x: float = 0.0
    y: float = 0.0
    since: float = 0.0


def good(rng: Random, number: int) -> Good:
    """A pack of the sample catalogue, or one of any weight from 40 g to 3 kg (log-uniform)."""
    natural = rng.random() < 0.2
    if rng.random() < 0.4:
        unit, sd = rng.choice(PACKS)
        natural = False
    else:
        unit = exp(rng.uniform(log(40.0), log(3000.0)))
        sd = unit * rng.uniform(0.015, 0.03) if natural else 0.3 + unit * rng.uniform(0.003, 0.01)
    return declared(rng, f"FS-{number:02d}{rng.randrange(1000):03d}", unit, sd, natural)


def declared(rng: Random, sku: str, unit_g: float, sd_g: float, natural: bool = False) -> Good:
    """A good of this weight. Its lot is off by at most a third of the tolerance, which is three sd."""
    sd_g = round(sd_g, 2)
    off = max(-1.0, min(1.0, rng.gauss(0.0, LOT)))
    return Good(sku, round(unit_g, 1), sd_g, round(unit_g, 1) + off * sd_g, natural)


def unit(rng: Random, of: Good) -> Unit:
    """One pack. Filled packs spread evenly to both sides; what grew is skewed, or has more outliers."""
    if not of.natural:
        away = max(-3.0, min(3.0, rng.gauss(0.0, 0.95)))
    elif rng.random() < 0.5:
        away = max(-2.5, min(4.0, (rng.gammavariate(6.0, 1.0) - 6.0) / sqrt(6.0)))
    else:
        away = max(-4.0, min(4.0, rng.gauss(0.0, 0.8) / sqrt(rng.gammavariate(4.0, 0.25))))
    return Unit(of.sku, of.lot_g + away * of.sd_g, rng.uniform(-1, 1), rng.uniform(-1, 1))


def stocked(rng: Random, goods: list[Good]) -> list[Unit]:
    """Units of these goods on one tray: two to ten each, fewer when heavy."""
    room = HEAVIEST_TRAY_G / len(goods)
    return [
        unit(rng, of) for of in goods for _ in range(max(1, min(rng.randint(2, 10), int(room / of.unit_g))))
    ]


def weight(counts: Mapping[Good, int]) -> float:
    """Declared grams of these counts; negative counts are units put back."""
    return sum(good.unit_g * n for good, n in counts.items())


def sd(a: Mapping[Good, int], b: Mapping[Good, int], measuring_g: float) -> float:
    """Combined sd, g, of two rival explanations: their units, their lots, and the measuring."""
    variance = measuring_g**2
    for counts in (a, b):
        variance += sum(abs(n) * good.sd_g**2 + (n * LOT * good.sd_g) ** 2 for good, n in counts.items())
    return sqrt(variance)
