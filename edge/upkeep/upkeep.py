"""What the counter does for itself between sessions: learns weights, looks at its planogram, watches nights.

It joins calibration, linter and night watch for the engine, which alone calls it.
"""

from collections.abc import Mapping
from datetime import time
from zoneinfo import ZoneInfo

from edge.alarms import AlarmBook
from edge.domain.records import ClosedSession
from edge.domain.reports import FaultReport
from edge.domain.values import Instant, Place, grams
from edge.ledger.ledger import Ledger
from edge.recognition import Weight, stocked
from edge.settings import Settings
from edge.trays import Trays
from edge.turn import Goods
from edge.upkeep.calibration import Calibration, Zero
from edge.upkeep.fault_reports import FaultReports
from edge.upkeep.filing import Filing
from edge.upkeep.lint_watch import LintWatch
from edge.upkeep.neglect import Neglect
from edge.upkeep.night import Lying, NightWatch
from edge.upkeep.night_lines import zero_sd_g
from edge.weighing.measured import Empty, measured_stock


class Upkeep:
    """Nothing here is urgent: a session under way is never kept waiting, and learns from no other."""

    def __init__(
        self, settings: Settings, ledger: Ledger, alarms: AlarmBook, trays: Trays, now: Instant
    ) -> None:
        zone, at = ZoneInfo(settings.counter.timezone), time.fromisoformat(settings.weighing.audit_at)
        self._ledger, self._trays = ledger, trays
        self._calibration = Calibration(ledger, alarms)
        self._lint = LintWatch(alarms, settings.weighing)
        self._reports = FaultReports(alarms)
        self._filing = Filing(settings.counter, alarms)
        self._neglect = Neglect(settings.policy.abandoned_days, ledger, alarms)
        self._night = NightWatch(ledger, alarms, trays, zone, at, now)

    def learnt(self, goods: Goods) -> Mapping[Place, Weight]:
        """What pieces weigh, where the counter knows better than the catalogue."""
        return self._calibration.weights_for(goods.planogram, goods.catalogue)

    def recorded(self, closed: ClosedSession, whole: bool) -> None:
        """A session stands in the ledger. whole: it was seen from end to end."""
        self._calibration.hear(closed, self._ledger.on_hand(), whole)
        self._reports.recorded(closed)
        self._neglect.recorded(closed)

    def hear_report(self, report: FaultReport, now: Instant) -> None:
        """Somebody says that something is wrong with the counter."""
        self._reports.hear(report, now)

    def session_over(self) -> None:
        """Nobody is at the door any more, whether or not something was recorded."""
        self._night.session_over()

    def door_open(self, now: Instant) -> None:
        """The door contact is open, and no session asked for it."""
        self._night.door_open(now)

    def applied(self, goods: Goods, now: Instant) -> None:
        """Other goods are planned or priced from now on; their stock was booked."""
        self._calibration.look_at_stock()
        self._lint.look(goods.planogram, goods.catalogue, self.learnt(goods), now)

    def idle(self, goods: Goods, now: Instant) -> None:
        """No session is under way. Called at every step."""
        if self._calibration.settle(goods.catalogue, now):
            self._lint.look(goods.planogram, goods.catalogue, self.learnt(goods), now)
        self._filing.look(now)
        self._neglect.look(goods.planogram, self._ledger.on_hand(), now)
        self._night.look(now)
        if self._night.due(now):
            self._night.audit(self._lying(goods), now)

    def measured(self, goods: Goods, now: Instant) -> dict[Place, int | None]:
        """Pieces on the trays by weight alone, for a stock-take; None where the weight does not tell."""
        empty = {tray: _empty(zero, now) for tray, zero in self._calibration.zeros.items()}
        levels = {tray: grams(level) for tray, level in self._trays.rest_levels(now.mono).items()}
        lying = stocked(goods.planogram, goods.catalogue, self._ledger.on_hand(), self.learnt(goods))
        return measured_stock(lying, levels, empty)

    def _lying(self, goods: Goods) -> Lying:
        return Lying(goods.catalogue, self._ledger.on_hand(), self.learnt(goods), self._calibration.zeros)


def _empty(zero: Zero, now: Instant) -> Empty:
    hours = max(0.0, (now.wall - zero.at).total_seconds() / 3600)  # the clock may have been set back
    return Empty(grams(zero.level), zero_sd_g(hours))
