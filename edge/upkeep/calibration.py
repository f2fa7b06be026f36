"""What the counter knows of its goods' weights and of its trays empty, beyond the catalogue.

It asks ``weighing.learning`` after each recorded session, keeps every change in the ledger, and says what
the recogniser is to be given. The ledger says which lots lie where. The engine's thread owns it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from edge.alarms import AlarmBook
from edge.domain.catalogue import Catalogue
from edge.domain.planogram import Planogram
from edge.domain.records import ClosedSession
from edge.domain.session import State
from edge.domain.stock import Lots
from edge.domain.values import Decigrams, Instant, Kind, Place, SessionId, Sku, TrayId
from edge.errors import LedgerError
from edge.ledger.calibrations import Calibrated, Known
from edge.ledger.ledger import Ledger
from edge.recognition import Weight
from edge.upkeep.calibration_rows import declared_of, lot_weight, of_zero, told, unit_row, zero_row
from edge.upkeep.known_weights import unit_of, weights_of
from edge.weighing.learning import (
    Alarm,
    Change,
    LotWeight,
    alarm_of,
    learnt,
)
from edge.weighing.lessons import Lesson, emptied, lessons_of
from edge.weighing.lots import UNKNOWN, named

log = structlog.get_logger(__name__)

SEVERITY = {"LIGHT_LOT": "MAJOR", "HEAVY_LOT": "MINOR", "UNLIKE_UNIT": "MINOR", "COUNT_DOUBTED": "MINOR"}
"""Alarms about a product's weight; the subject is the product."""


@dataclass(frozen=True, slots=True)
class Zero:
    """What a tray shows when nothing lies on it, and since when that is known (UTC)."""

    level: Decigrams
    at: datetime


class Calibration:
    """Unit weights by lot, and trays' zeros. Every method is quick; ``settle`` alone writes."""

    def __init__(self, ledger: Ledger, alarms: AlarmBook) -> None:
        self._ledger = ledger
        self._alarms = alarms
        self._units: dict[tuple[Sku, str], LotWeight] = {}
        self._zeros: dict[TrayId, Zero] = {}
        self._heard: list[tuple[ClosedSession, Mapping[Place, int], Mapping[Place, Lots], bool]] = []
        """What was recorded, and pieces and lots as they were booked after it."""
        self._lots: Mapping[Place, Lots] = {}
        self._told: dict[tuple[str, Sku], str] = {}
        """Alarm and product → the lot it was raised for, since the program started."""
        for row in ledger.calibrated():
            self._keep(row, datetime.fromisoformat(row.at))
        self.look_at_stock()

    @property
    def zeros(self) -> Mapping[TrayId, Zero]:
        """Trays whose zero is known: they were sold empty and nobody has worked on them since."""
        return self._zeros

    def look_at_stock(self) -> None:
        """Find out anew which lots lie where: stock was moved by something else than a session."""
        self._lots = self._ledger.lots()

    def weights_for(self, planogram: Planogram, catalogue: Catalogue) -> dict[Place, Weight]:
        """What was learnt of the goods that lie on trays, strays included; where nothing was, no entry.

        Never further from the catalogue than its tolerance. A session keeps what it began with.
        """
        return weights_of(self._units, self._lots, planogram, catalogue)

    def hear(self, closed: ClosedSession, on_hand: Mapping[Place, int], whole: bool) -> None:
        """A session was recorded; ``settle`` makes something of it.

        on_hand: pieces booked after it. whole: no power cut hid a part of it; else it moves lots and teaches
        nothing, as what drifted in the dark is in its weights.
        """
        self._heard.append((closed, dict(on_hand), self._ledger.lots(), whole))

    def settle(self, catalogue: Catalogue, now: Instant) -> frozenset[Sku]:
        """Learn from the sessions heard; gives the products whose weight is another now.

        Nothing of a session is learnt where the ledger refuses it: knowing less is no harm.
        """
        heard, self._heard = self._heard, []
        moved: set[Sku] = set()
        for closed, on_hand, lots, whole in heard:
            rows = list(self._rows(closed, on_hand, catalogue, now)) if whole else []
            self._lots = lots
            if not rows or not self._written(rows, now):
                continue
            for row in rows:
                self._keep(row, now.wall)
                log.info("calibrated", **told(row))
            moved |= {row.sku for row in rows if row.kind == "UNIT" and row.old.mg != row.new.mg}
            self._judge({row.sku for row in rows if row.kind == "UNIT"}, catalogue, closed.id, now)
        return frozenset(moved)

    def _rows(
        self, closed: ClosedSession, on_hand: Mapping[Place, int], catalogue: Catalogue, now: Instant
    ) -> Iterator[Calibrated]:
        yield from self._unit_rows(closed, catalogue, now)
        yield from self._zero_rows(closed, on_hand)

    # --- unit weights -------------------------------------------------------------------------------
    def _unit_rows(self, closed: ClosedSession, catalogue: Catalogue, now: Instant) -> Iterator[Calibrated]:
        """The rows that ``closed`` makes; each lot's later lesson follows from its earlier one."""
        fresh: dict[tuple[Sku, str], LotWeight] = {}
        for lesson in lessons_of(closed):
            lot = self._lot_of(lesson, closed)
            declared = declared_of(catalogue.products.get(lesson.sku))
            if lot is None or declared is None:
                continue
            key = lesson.sku, lot
            before = fresh.get(key) or unit_of(self._units, lesson.sku, lot, declared)
            change = learnt(before, declared, lesson.seen, now.wall)
            if change.new == change.old:
                self._not_learnt(lesson, change, closed.id, now)
                continue
            fresh[key] = change.new
            yield unit_row(lesson, lot, change, closed.id)

    def _lot_of(self, lesson: Lesson, closed: ClosedSession) -> str | None:
        """The lot that ``lesson`` is about; None: nobody can tell which of several it was."""
        if closed.kind is Kind.RESTOCK:
            return _brought(lesson, closed)
        held = named(self._lots.get((lesson.tray, lesson.sku), ()))
        return held[0][0] if len(held) == 1 and held[0][0] != UNKNOWN else None

    def _not_learnt(self, lesson: Lesson, change: Change, session: SessionId, now: Instant) -> None:
        log.info("weight_not_learnt", tray=lesson.tray, sku=lesson.sku, why=change.why.value)
        if change.alarm is not None:
            self._raise(change.alarm, session, now)

    def _judge(self, skus: Iterable[Sku], catalogue: Catalogue, session: SessionId, now: Instant) -> None:
        """Alarms for lots of ``skus`` that do not weigh what is declared; the all-clear for the others."""
        for sku in sorted(skus):
            declared = declared_of(catalogue.products.get(sku))
            held = {lot for (_, of), held in self._lots.items() if of == sku for lot, _ in named(held)}
            known = [self._units[sku, lot] for lot in sorted(held) if (sku, lot) in self._units]
            stand = [alarm for each in known if declared and (alarm := alarm_of(each, declared))]
            for alarm in stand:
                self._raise(alarm, session, now)
            for kind in SEVERITY.keys() - {alarm.kind for alarm in stand}:
                lot = self._told.get((kind, sku))
                if lot is None or lot in held or (sku, lot) in self._units:  # a delivery in doubt stands
                    self._alarms.clear(kind, sku, now)

    def _raise(self, alarm: Alarm, session: SessionId, now: Instant) -> None:
        detail = (
            f"lot {alarm.lot[:8]}: a piece weighs {alarm.seen_mg / 1000:.1f} g,"
            f" declared {alarm.declared_mg / 1000:.1f} g"
        )
        self._told[alarm.kind, Sku(alarm.sku)] = alarm.lot
        self._alarms.raise_(alarm.kind, alarm.sku, SEVERITY[alarm.kind], detail, now, session=session)

    # --- empty trays --------------------------------------------------------------------------------
    def _zero_rows(self, closed: ClosedSession, on_hand: Mapping[Place, int]) -> Iterator[Calibrated]:
        """Trays sold empty show their zero; after a technician's visit nobody knows it any more."""
        if closed.kind is Kind.SERVICE and closed.state != State.CANCELLED:
            for tray, zero in self._zeros.items():
                yield zero_row(tray, "serviced", of_zero(zero.level), Known(), closed.id)
            return
        for tray, level in emptied(closed, on_hand):
            if tray in self._alarms.subjects("FOREIGN_OBJECT"):
                continue  # something that is no goods of ours still lies there
            before = self._zeros.get(tray)
            old = Known() if before is None else of_zero(before.level)
            yield zero_row(tray, "emptied", old, of_zero(level), closed.id)

    # --- the ledger ---------------------------------------------------------------------------------
    def _written(self, rows: list[Calibrated], now: Instant) -> bool:
        try:
            self._ledger.calibrate(rows, now)
        except LedgerError as error:
            log.error("calibration_not_written", error=str(error))
            return False
        return True

    def _keep(self, row: Calibrated, at: datetime) -> None:
        if row.kind == "UNIT":
            self._units[row.sku, row.lot] = lot_weight(row, row.new, at)
        elif row.new.mg is None:
            self._zeros.pop(row.tray, None)
        else:
            self._zeros[row.tray] = Zero(Decigrams(round(row.new.mg / 100)), at)


def _brought(lesson: Lesson, closed: ClosedSession) -> str | None:
    """The name of the lot that a restock brought to the lesson's tray.

    None: it brought several, or something else was done there, so that the weight is not of one lot alone.
    """
    place = lesson.tray, lesson.sku
    moved = [each for each in closed.movements if (each.tray, each.sku) == place]
    if not moved:  # in doubt, and so not booked
        return closed.id
    if {each.kind for each in moved} != {"RESTOCK"} or len({each.lot for each in moved}) > 1:
        return None
    return moved[0].lot or closed.id
