"""Reads the prices file: price versions and promotions, in TOML. What they mean: ``edge.domain.pricing``."""

import hashlib
from collections.abc import Container
from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.domain.price_check import problems_of
from edge.domain.pricing import PriceList, PriceVersion, Promotion, PromotionKind, Step, When
from edge.domain.values import Fen, Sku
from edge.errors import ConfigError
from edge.outfit.settings_load import load
from edge.settings import Section

Weekday = Literal["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
Hours = Annotated[str, Meta(pattern=f"^{_CLOCK}-{_CLOCK}$")]

_LABELS = {
    PromotionKind.LIMITED_TIME: ("限时特惠", "Limited offer"),
    PromotionKind.TIME_OF_DAY: ("时段特惠", "Offer now"),
    PromotionKind.NEAR_EXPIRY: ("临期特惠", "Short-dated"),
}


class PriceTable(Section, frozen=True, kw_only=True):
    """One ``[[price]]``: what a product costs from a moment on. from: local time, without an offset."""

    sku: str
    begins: datetime = msgspec.field(name="from")
    fen: int


class StepTable(Section, frozen=True, kw_only=True):
    over_fen: int
    minus_fen: int


class PromotionTable(Section, frozen=True, kw_only=True):
    """One ``[[promotion]]``. skus: none are all goods. label_zh, label_en: "": said by its kind."""

    id: str
    kind: PromotionKind
    label_zh: Annotated[str, Meta(max_length=16)] = ""
    label_en: Annotated[str, Meta(max_length=32)] = ""
    skus: tuple[str, ...] = ()
    begins: datetime | None = msgspec.field(name="from", default=None)
    ends: datetime | None = msgspec.field(name="to", default=None)
    weekdays: tuple[Weekday, ...] = ()
    hours: Hours | None = None
    fen: int | None = None
    percent: int | None = None
    days_left: int | None = None
    steps: tuple[StepTable, ...] = ()
    stacks: bool = False


class PriceFile(Section, frozen=True, kw_only=True):
    price: tuple[PriceTable, ...] = ()
    promotion: tuple[PromotionTable, ...] = ()


def read_prices(path: Path, known: Container[Sku]) -> PriceList:
    """The prices in ``path``; its version is a hash of its bytes. Raises ConfigError with every fault.

    known: the catalogue's products.
    """
    file = load(path, PriceFile, env_prefix="", environ={}).value
    prices: dict[Sku, tuple[PriceVersion, ...]] = {}
    for each in sorted(file.price, key=lambda each: each.begins.isoformat()):
        sku = Sku(each.sku)
        prices[sku] = (*prices.get(sku, ()), PriceVersion(each.begins, Fen(each.fen)))
    version = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    found = PriceList(version, prices, tuple(_promotion(each) for each in file.promotion))
    if problems := [f"{path}: {each}" for each in problems_of(found, known)]:
        raise ConfigError(problems)
    return found


def _promotion(table: PromotionTable) -> Promotion:
    steps = tuple(Step(Fen(each.over_fen), Fen(each.minus_fen)) for each in table.steps)
    zh, en = _LABELS.get(table.kind) or _steps_said(steps)
    return Promotion(
        id=table.id,
        kind=table.kind,
        zh=table.label_zh or zh,
        en=table.label_en or en,
        skus=tuple(Sku(each) for each in table.skus),
        when=When(
            begins=table.begins,
            ends=table.ends,
            weekdays=tuple(sorted({_WEEKDAYS.index(each) for each in table.weekdays})),
            hours=_hours(table.hours) if table.hours else None,
        ),
        fixed=None if table.fen is None else Fen(table.fen),
        percent=table.percent,
        days_left=table.days_left,
        steps=steps,
        stacks=table.stacks,
    )


def _hours(text: str) -> tuple[time, time]:
    first, last = (time.fromisoformat(each) for each in text.split("-"))
    return first, last


def _steps_said(steps: tuple[Step, ...]) -> tuple[str, str]:
    """What a full reduction is called, from its own numbers: 满30减5."""
    zh = "、".join(f"满{_yuan(step.over)}减{_yuan(step.minus)}" for step in steps)
    en = ", ".join(f"¥{_yuan(step.minus)} off ¥{_yuan(step.over)}+" for step in steps)
    return zh, en


def _yuan(fen: Fen) -> str:
    """30, 9.9, 0.05."""
    yuan, cents = divmod(fen, 100)
    return f"{yuan}.{cents:02d}".rstrip("0").rstrip(".") if cents else str(yuan)
