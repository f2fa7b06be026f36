"""Rows of the ledger's calibration table as the learner's values, and back. It decides nothing."""

from datetime import datetime
from math import sqrt

from edge.domain.catalogue import Product
from edge.domain.values import Decigrams, SessionId, Sku, TrayId, grams
from edge.ledger.calibrations import Calibrated, Known, Seen
from edge.weighing.learning import Change, Declared, LotWeight, Observation, Restock, SingleTake, Why
from edge.weighing.lessons import Lesson

PPM = 1_000_000
ZERO_SD_MG = 1000
"""Standard deviation of a level taken as an empty tray's: display step, noise and return to minimum load."""


def declared_of(product: Product | None) -> Declared | None:
    if product is None or not product.unit_sd:
        return None
    return Declared(product.sku, grams(product.unit_weight), 3 * grams(product.unit_sd))


def unit_row(lesson: Lesson, lot: str, change: Change, session: SessionId) -> Calibrated:
    return Calibrated(
        kind="UNIT",
        why=change.why.value,
        tray=lesson.tray,
        sku=lesson.sku,
        lot=lot,
        old=of_lot(change.old),
        new=of_lot(change.new),
        seen=seen(lesson.seen),
        session=session,
    )


def zero_row(tray: TrayId, why: str, old: Known, new: Known, session: SessionId) -> Calibrated:
    return Calibrated("ZERO", why, tray, Sku(""), "", old, new, session=session)


def of_zero(level: Decigrams) -> Known:
    return Known(100 * level, None, ZERO_SD_MG)


def of_lot(lot: LotWeight) -> Known:
    return Known(lot.mean_mg, lot.sd_mg, lot.error_mg, lot.units)


def lot_weight(row: Calibrated, known: Known, at: datetime) -> LotWeight:
    return LotWeight(row.sku, row.lot, known.mg or 0, known.sd_mg or 0, known.error_mg or 0, known.units, at)


def seen(of: Observation) -> Seen:
    error_mg = round(1000 * sqrt(of.var_g2))
    if isinstance(of, Restock):
        return Seen(round(1000 * of.gain_g), error_mg, of.count, PPM)
    return Seen(round(1000 * of.loss_g), error_mg, 1, round(PPM * of.sure))


def observation(row: Calibrated) -> Observation:
    assert row.seen is not None
    change_g, var_g2 = row.seen.mg / 1000, (row.seen.error_mg / 1000) ** 2
    if row.why == Why.RESTOCK:
        return Restock(row.seen.count, change_g, var_g2, trusted=True)
    return SingleTake(change_g, var_g2, row.seen.ppm / PPM)


def told(row: Calibrated) -> dict[str, object]:
    """A row as a log line's fields."""
    subject = {"tray": row.tray, "sku": row.sku, "lot": row.lot[:8]}
    return {**{k: v for k, v in subject.items() if v}, "why": row.why, "was_mg": row.old.mg, "mg": row.new.mg}
