"""The nightly line of each tray: against what it is held, what it says, and the event it becomes. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from math import hypot, sqrt
from zoneinfo import ZoneInfo

from cloud_bridge import feed
from edge.domain.catalogue import Catalogue, Product
from edge.domain.values import Decigrams, Instant, Place, TrayId, grams, rfc3339
from edge.recognition import Weight
from edge.weighing.audit import (
    BAND_SD,
    CREEP_SHARE,
    DRIFT_G_PER_H,
    Cause,
    Line,
    Stock,
    Watched,
    audit,
    sentence,
)

LIQUID = re.compile(r"[0-9.]+ ?m?L", re.IGNORECASE)
"""How the catalogue states a liquid's content: ``500mL/瓶``, ``1.8L/桶``."""
FRESH = frozenset({"蜂产品", "肉制品", "禽蛋", "水产制品", "豆制品", "糕点"})
"""Categories that run out or dry out, though they are sold by weight or by the piece."""
LEVEL_SD_G = 0.5
"""Standard deviation of one level at rest."""
ZERO_SD_G, ZERO_WANDERS_G = 1.0, 1.0
"""How well a zero is known on the day it was seen, and how far it wanders in a day; it grows with the root of
time. A choice: wide enough for a season's temperatures, narrow enough to miss no piece of 74 g in a year."""


class Basis(StrEnum):
    """What a tray is held against."""

    EMPTY_TRAY = "EMPTY_TRAY"
    LAST_SESSION = "LAST_SESSION"
    FIRST_LEVEL = "FIRST_LEVEL"


_WORDS = {
    Basis.EMPTY_TRAY: ("对照空托盘零点", "held against the empty tray"),
    Basis.LAST_SESSION: ("对照上次会话后的重量", "held against the weight after the last session"),
    Basis.FIRST_LEVEL: ("对照开始监看时的重量", "held against the first weight that was watched"),
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A level known from before, in grams, and how many hours ago it was seen."""

    grams: float
    hours: float


@dataclass(frozen=True, slots=True)
class Night:
    """One tray, watched with the door shut. after_session, zero: None where not known."""

    tray: TrayId
    stock: tuple[Stock, ...]
    levels: Sequence[tuple[float, float]]
    after_session: Kept | None = None
    zero: Kept | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A tray's line and what it was held against."""

    line: Line
    basis: Basis


def told_of(nights: Sequence[Night], door_opened: Iterable[float]) -> list[Told]:
    """A line for each tray. door_opened: when the door contact opened without a session.

    What changed since the last session comes first; only a tray that is as it was left is held against
    its zero as well, where that is known: so pieces lost within sessions show too.
    """
    opened = tuple(door_opened)
    since = audit([_since_session(night) for night in nights], opened)
    whole = audit([_against_zero(night) or _since_session(night) for night in nights], opened)
    return [
        Told(late if early.cause is Cause.NONE else early, _basis(night, early.cause))
        for night, early, late in zip(nights, since, whole, strict=True)
    ]


def said(told: Told, since: str) -> tuple[str, str]:
    """The nightly sentence in Chinese and English. since: when watching began, local time for people."""
    zh, en = sentence(told.line)
    basis = _WORDS[told.basis]
    return f"{zh};{basis[0]},自 {since} 起监看", f"{en}; {basis[1]}, watched since {since}"


def since_words(wall: datetime, zone: ZoneInfo) -> str:
    """When watching began, for people."""
    return wall.astimezone(zone).strftime("%m-%d %H:%M")


def told_again(fact: feed.StockCounted) -> Told:
    """The line that became ``fact``; what all trays have in common is not kept."""
    line = Line(
        tray=fact.tray,
        cause=Cause(fact.cause),
        hours=fact.watched_s / 3600,
        expected=Decigrams(fact.expected_dg),
        measured=None if fact.measured_dg is None else Decigrams(fact.measured_dg),
        slow=Decigrams(fact.slow_dg),
        jump=Decigrams(fact.jump_dg),
        missing=tuple((good.sku, good.missing) for good in fact.goods if good.missing),
    )
    return Told(line, Basis(fact.basis))


def stock_of(
    tray: TrayId, on_hand: Mapping[Place, int], catalogue: Catalogue, learnt: Mapping[Place, Weight]
) -> tuple[Stock, ...]:
    """What the books say lies on ``tray``; of goods that left the catalogue nobody knows the weight."""
    booked = sorted((sku, count) for (at, sku), count in on_hand.items() if at == tray and count)
    return tuple(
        _stock(catalogue.products[sku], count, learnt.get((tray, sku)))
        for sku, count in booked
        if sku in catalogue.products
    )


def fact_of(told: Told, day: str, since: Instant, stock: Iterable[Stock], now: Instant) -> feed.StockCounted:
    """The line as an event. day: the local date of the audit."""
    line, missing = told.line, dict(told.line.missing)
    return feed.StockCounted(
        mono_ms=int(now.mono * 1000),
        tray=line.tray,
        day=day,
        cause=line.cause,
        basis=told.basis,
        since=rfc3339(since.wall),
        watched_s=round(3600 * line.hours),
        expected_dg=line.expected,
        measured_dg=line.measured,
        residual_dg=line.residual,
        slow_dg=line.slow,
        jump_dg=line.jump,
        goods=tuple(
            feed.Counted(sku=good.sku, booked=good.count, missing=missing.get(good.sku, 0)) for good in stock
        ),
    )


def _stock(product: Product, count: int, learnt: Weight | None) -> Stock:
    weight = learnt or Weight(grams(product.unit_weight), grams(product.unit_sd))
    return Stock(
        sku=product.sku,
        count=count,
        unit_g=weight.unit_g,
        sd_g=weight.sd_g,
        error_g=weight.lot_sd_g or 0.0,
        may_lose=may_lose(product),
    )


def may_lose(product: Product) -> bool:
    """Whether its pieces can lose weight by themselves: liquids, fresh and chilled goods."""
    return product.category in FRESH or LIQUID.match(product.spec) is not None


def _since_session(night: Night) -> Watched:
    """Only changes count, so that what the goods weigh and how their weights scatter does not matter."""
    load = sum(good.count * good.unit_g for good in night.stock)
    kept = night.after_session or Kept(night.levels[0][1] if night.levels else load, 0.0)
    slack = (DRIFT_G_PER_H * kept.hours + CREEP_SHARE * load) / BAND_SD
    exact = tuple(replace(good, sd_g=0.0, error_g=0.0) for good in night.stock)
    return Watched(night.tray, exact, kept.grams - load, hypot(LEVEL_SD_G, slack), night.levels)


def _against_zero(night: Night) -> Watched | None:
    if night.zero is None:
        return None
    return Watched(night.tray, night.stock, night.zero.grams, zero_sd_g(night.zero.hours), night.levels)


def zero_sd_g(hours: float) -> float:
    """Standard deviation of a zero that was seen ``hours`` ago."""
    return hypot(ZERO_SD_G, ZERO_WANDERS_G * sqrt(hours / 24))


def _basis(night: Night, cause: Cause) -> Basis:
    if cause is Cause.NONE and night.zero is not None:
        return Basis.EMPTY_TRAY
    return Basis.FIRST_LEVEL if night.after_session is None else Basis.LAST_SESSION
