"""What one unit of a lot weighs, learnt from what is sure: counted restocks and sure single takes. Pure.

It never learns from what is in doubt, never strays further from the catalogue than its tolerance, and
gives every change as a value (old, new, why) that can be stored, taken back and replayed. Weights are
whole milligrams, so that what is stored holds no float; observations come in grams.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from math import isfinite, sqrt

from edge.weighing.recording import LOT_SHARE

SURE = 0.995
"""A take teaches only if its explanation is at least this probable."""
MEMORY = 20
"""Units whose spread the memory spans: each later one counts for 1/20."""
CLIP = 3.0
"""A single unit moves the mean as if it lay at most this many standard deviations away."""
SPREAD_LEAST, SPREAD_MOST = 0.5, 3.0
"""Bounds of a learnt spread in declared ones. Sure takes are those near the mean, so they show too small
a spread; and a spread taken for half its size costs five times more silent errors than the reverse."""
LIGHT_SHARE, LIGHT_TOLERANCES = 0.02, 2 / 3
"""Further than this share from the declared weight, or this part of its tolerance, is worth an alarm."""
SIGNIFICANT = 2.0
"""… if it is so by this many standard deviations of what is known of its mean."""


class Why(StrEnum):
    """Why a lot's weight changed, or why it was left as it was."""

    RESTOCK = "restock"
    SINGLE_TAKE = "single_take"
    UNDONE = "undone"
    NOT_SURE = "not_sure"
    NOT_COUNTED = "not_counted"
    COUNT_AMBIGUOUS = "count_ambiguous"
    OUT_OF_TOLERANCE = "out_of_tolerance"


@dataclass(frozen=True, slots=True)
class Declared:
    """What the catalogue says of one unit. tol_g: three standard deviations of one unit, more than 0."""

    sku: str
    unit_g: float
    tol_g: float

    def __post_init__(self) -> None:
        if not (self.unit_g > 0 and self.tol_g > 0):
            raise ValueError(f"{self.sku}: unit_g {self.unit_g} and tol_g {self.tol_g} must be more than 0 g")

    @property
    def sd_g(self) -> float:
        return self.tol_g / 3


@dataclass(frozen=True, slots=True)
class LotWeight:
    """What is known of one lot's units, in milligrams.

    mean_mg, sd_mg: of one unit. error_mg: standard deviation of what is not known of the mean, common
    to all its units. units: how many stand behind it, 0: only the catalogue. since: the last change.
    """

    sku: str
    lot: str
    mean_mg: int
    sd_mg: int
    error_mg: int
    units: int = 0
    since: datetime | None = None

    @property
    def mean_g(self) -> float:
        return self.mean_mg / 1000

    @property
    def sd_g(self) -> float:
        return self.sd_mg / 1000

    @property
    def error_g(self) -> float:
        return self.error_mg / 1000


@dataclass(frozen=True, slots=True)
class Restock:
    """``count`` units of one lot were put on a tray and counted by a person.

    gain_g: what the tray gained. var_g2: variance of that measurement. trusted: nothing about the
    session is in doubt, and the count stands on a delivery note or was confirmed on the screen.
    """

    count: int
    gain_g: float
    var_g2: float
    trusted: bool


@dataclass(frozen=True, slots=True)
class SingleTake:
    """One unit left a tray, alone in its movement.

    sure: the posterior of that explanation; flagged: any reason for review named the tray.
    """

    loss_g: float
    var_g2: float
    sure: float
    flagged: bool = False


Observation = Restock | SingleTake


@dataclass(frozen=True, slots=True)
class Alarm:
    """A lot that does not weigh what is declared. kind: LIGHT_LOT | HEAVY_LOT | UNLIKE_UNIT | COUNT_DOUBTED.

    UNLIKE_UNIT: one unit lies so far off that it is another product. COUNT_DOUBTED: another count than
    the one stated would explain the weight.
    """

    kind: str
    sku: str
    lot: str
    declared_mg: int
    seen_mg: int


@dataclass(frozen=True, slots=True)
class Change:
    """One observation and what it did. ``old == new`` where nothing was learnt; ``why`` says so."""

    at: datetime
    why: Why
    old: LotWeight
    new: LotWeight
    seen: Observation | None
    alarm: Alarm | None = None


def unlearnt(declared: Declared, lot: str) -> LotWeight:
    """A lot of which only the catalogue is known."""
    sd = _mg(declared.sd_g)
    return LotWeight(declared.sku, lot, _mg(declared.unit_g), sd, round(LOT_SHARE * sd))


def learnt(old: LotWeight, declared: Declared, seen: Observation, at: datetime) -> Change:
    """What ``seen`` teaches about ``old``. Never raises for what was seen: the doubtful teaches nothing."""
    if isinstance(seen, Restock):
        return _from_restock(old, declared, seen, at)
    return _from_take(old, declared, seen, at)


def replayed(declared: Declared, lot: str, seen: Iterable[tuple[datetime, Observation]]) -> list[Change]:
    """The lot's whole history again, e.g. without one observation that turned out wrong."""
    changes: list[Change] = []
    now = unlearnt(declared, lot)
    for at, each in seen:
        changes.append(learnt(now, declared, each, at))
        now = changes[-1].new
    return changes


def undone(now: LotWeight, change: Change, at: datetime) -> Change:
    """The last change taken back. Raises ValueError where ``change`` is not the last one."""
    if now != change.new:
        raise ValueError(f"{now.sku}, lot {now.lot}: only the last change can be undone; replay without it")
    return Change(at, Why.UNDONE, now, change.old, None)


def mixed(lots: Sequence[tuple[LotWeight, int]]) -> LotWeight:
    """Several lots of one product on one tray, with the units of each: the wider spread holds.

    The mean is weighted by units; the lots' distance from it counts as what is not known of the mean.
    Raises ValueError without a lot, or with units below 0.
    """
    if not lots or any(units < 0 for _, units in lots):
        raise ValueError("mixed: at least one lot, and no units below 0")
    if len(lots) == 1:
        return lots[0][0]
    total = sum(units for _, units in lots) or len(lots)
    shares = [(lot, (units / total if any(u for _, u in lots) else 1 / len(lots))) for lot, units in lots]
    mean = sum(share * lot.mean_mg for lot, share in shares)
    between = sum(share * (lot.mean_mg - mean) ** 2 for lot, share in shares)
    return LotWeight(
        sku=lots[0][0].sku,
        lot="+".join(lot.lot for lot, _ in lots),
        mean_mg=round(mean),
        sd_mg=max(lot.sd_mg for lot, _ in lots),
        error_mg=round(sqrt(max(lot.error_mg for lot, _ in lots) ** 2 + between)),
        units=min(lot.units for lot, _ in lots),
    )


def _from_restock(old: LotWeight, declared: Declared, seen: Restock, at: datetime) -> Change:
    counted = seen.count >= 1 and _measured(seen.gain_g, seen.var_g2)
    if not seen.trusted:
        return Change(
            at, Why.NOT_SURE, old, old, seen, _off_beyond_doubt(old, declared, seen) if counted else None
        )
    if not counted:
        return Change(at, Why.NOT_COUNTED, old, old, seen)
    unit_g = seen.gain_g / seen.count
    if abs(unit_g - declared.unit_g) > declared.tol_g:
        kind = "COUNT_DOUBTED" if _fits(declared, seen, _nearest(declared, seen)) else _side(unit_g, declared)
        return Change(at, Why.OUT_OF_TOLERANCE, old, old, seen, _alarm(kind, old, declared, unit_g))
    if _fits_another(declared, seen):
        return Change(at, Why.COUNT_AMBIGUOUS, old, old, seen)
    error_g = sqrt(seen.var_g2 / seen.count**2 + old.sd_g**2 / seen.count)
    mean_g, error_g = _combined(old, unit_g, max(error_g, 0.001))
    new = replace(old, mean_mg=_mg(mean_g), error_mg=_mg(error_g), units=old.units + seen.count, since=at)
    return _bounded(Change(at, Why.RESTOCK, old, new, seen), declared)


def _fits_another(declared: Declared, seen: Restock) -> bool:
    """Whether one unit more or fewer than stated would lie within the tolerance too."""
    return _fits(declared, seen, seen.count - 1) or _fits(declared, seen, seen.count + 1)


def _off_beyond_doubt(old: LotWeight, declared: Declared, seen: Restock) -> Alarm | None:
    """The alarm of a restock that teaches nothing and yet can only be a lot of another weight: a short lot
    of many pieces fits no count well, but one best by far."""
    unit_g = seen.gain_g / seen.count
    error_g = sqrt(seen.var_g2 / seen.count**2 + declared.sd_g**2 / seen.count)
    off = abs(unit_g - declared.unit_g) - SIGNIFICANT * error_g
    if (
        _nearest(declared, seen) != seen.count
        or _fits_another(declared, seen)
        or off <= _alarm_limit(declared)
    ):
        return None
    return _alarm(_side(unit_g, declared), old, declared, unit_g)


def _nearest(declared: Declared, seen: Restock) -> int:
    return round(seen.gain_g / declared.unit_g)


def _fits(declared: Declared, seen: Restock, count: int) -> bool:
    return count > 0 and abs(seen.gain_g / count - declared.unit_g) <= declared.tol_g


def _side(unit_g: float, declared: Declared) -> str:
    return "LIGHT_LOT" if unit_g < declared.unit_g else "HEAVY_LOT"


def _combined(old: LotWeight, unit_g: float, error_g: float) -> tuple[float, float]:
    """Mean and error of what was known and what is seen. The catalogue alone is no knowledge of a lot:
    stale unit weights, not scales, make most reviews."""
    if not old.units:
        return unit_g, error_g
    known, come = 1 / max(old.error_g, 0.001) ** 2, 1 / error_g**2
    return (known * old.mean_g + come * unit_g) / (known + come), 1 / sqrt(known + come)


def _from_take(old: LotWeight, declared: Declared, seen: SingleTake, at: datetime) -> Change:
    if seen.flagged or not seen.sure > SURE or not _measured(seen.loss_g, seen.var_g2):
        return Change(at, Why.NOT_SURE, old, old, seen)
    if not abs(seen.loss_g - declared.unit_g) <= 2 * declared.tol_g:
        return Change(
            at, Why.OUT_OF_TOLERANCE, old, old, seen, _alarm("UNLIKE_UNIT", old, declared, seen.loss_g)
        )
    share = max(1 / MEMORY, old.error_g**2 / (old.error_g**2 + old.sd_g**2 + seen.var_g2))
    spread = sqrt(old.sd_g**2 + old.error_g**2 + seen.var_g2)
    off = max(-CLIP * spread, min(CLIP * spread, seen.loss_g - old.mean_g))
    own = max(0.0, off * off - seen.var_g2)
    sd = sqrt(old.sd_g**2 + (own - old.sd_g**2) / MEMORY)
    new = replace(
        old,
        mean_mg=_mg(old.mean_g + share * off),
        sd_mg=_mg(min(SPREAD_MOST * declared.sd_g, max(SPREAD_LEAST * declared.sd_g, sd))),
        error_mg=_mg(max(_error_after(old, share, seen.var_g2), 0.001)),
        units=old.units + 1,
        since=at,
    )
    return _bounded(Change(at, Why.SINGLE_TAKE, old, new, seen), declared)


def _error_after(old: LotWeight, share: float, var_g2: float) -> float:
    """Error of the mean after one more unit counted with ``share``."""
    return sqrt(((1 - share) * old.error_g) ** 2 + share**2 * (old.sd_g**2 + var_g2))


def _bounded(change: Change, declared: Declared) -> Change:
    """``change`` kept within the tolerance, with the alarm that its new mean deserves."""
    low, high = declared.unit_g - declared.tol_g, declared.unit_g + declared.tol_g
    mean = min(max(change.new.mean_g, low), high)
    new = change.new if mean == change.new.mean_g else replace(change.new, mean_mg=_mg(mean))
    return replace(change, new=new, alarm=alarm_of(new, declared))


def alarm_of(lot: LotWeight, declared: Declared) -> Alarm | None:
    """The alarm that a lot's learnt weight deserves: clearly more than 2 % from what is declared."""
    off = abs(lot.mean_g - declared.unit_g)
    if not lot.units or off - SIGNIFICANT * lot.error_g <= _alarm_limit(declared):
        return None
    return _alarm(_side(lot.mean_g, declared), lot, declared, lot.mean_g)


def _alarm_limit(declared: Declared) -> float:
    return min(LIGHT_SHARE * declared.unit_g, LIGHT_TOLERANCES * declared.tol_g)


def _alarm(kind: str, lot: LotWeight, declared: Declared, seen_g: float) -> Alarm:
    return Alarm(kind, lot.sku, lot.lot, _mg(declared.unit_g), _mg(seen_g))


def _measured(value_g: float, var_g2: float) -> bool:
    return isfinite(value_g) and value_g > 0 and isfinite(var_g2) and var_g2 >= 0


def _mg(value_g: float) -> int:
    return round(value_g * 1000)
