"""Watches the trays while nobody is let in, and once a local day says of each whether it kept its weight.

It decides when to look and when to tell; what a night means is ``weighing.audit``'s. Levels live in memory
and are bounded; a restart forgets them, and the line says since when it watched.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog

from edge.alarms import AlarmBook
from edge.domain.catalogue import Catalogue
from edge.domain.values import Instant, Place, TrayId, grams
from edge.errors import LedgerError
from edge.ledger.ledger import Baseline, Ledger
from edge.recognition import Weight
from edge.trays import Trays
from edge.upkeep.calibration import Zero
from edge.upkeep.night_lines import Kept, Night, Told, fact_of, said, since_words, stock_of, told_of
from edge.weighing.audit import SEVERITY, Cause

log = structlog.get_logger(__name__)

EVERY_S = 300.0
"""Between two levels: slow causes take hours, and quick ones stay."""
MOST_LEVELS = 300
"""Levels kept of a tray: a day of them."""
PATIENCE_S = 10.0
"""How long a tray that moves is waited for; then the others are noted without it."""
LEAST_S = 600.0
"""Watched for less than this, a tray tells nothing of a night: it may still creep from its last load."""
STALE_S = 2 * EVERY_S + PATIENCE_S
"""A tray whose last level is older than this is silent."""
RETRY_S = 60.0
TOLD_BY_OTHERS = frozenset({Cause.NONE, Cause.FORCED_DOOR})
"""No alarm of the night's own: a forced door has had its alarm, FORCED_ENTRY, when it was opened."""


@dataclass(frozen=True, slots=True)
class Lying:
    """What the books and the calibration say, at the moment of the audit."""

    catalogue: Catalogue
    on_hand: Mapping[Place, int]
    learnt: Mapping[Place, Weight]
    zeros: Mapping[TrayId, Zero]


class NightWatch:
    """at: local time of the audit. It is late where a session, or too short a watch, is in the way."""

    def __init__(
        self, ledger: Ledger, alarms: AlarmBook, trays: Trays, zone: ZoneInfo, at: time, now: Instant
    ) -> None:
        self._ledger = ledger
        self._alarms = alarms
        self._trays = trays
        self._zone = zone
        self._at = at
        self._levels: dict[TrayId, deque[tuple[float, float]]] = {}
        self._opened: deque[float] = deque(maxlen=MOST_LEVELS)
        self._since = now
        self._begun = True
        self._look_at = now.mono
        self._retry_at = now.mono
        counted = ledger.last_counted()
        self._told = date.fromisoformat(counted) if counted else self._day(now)

    def session_over(self) -> None:
        """The door is shut again and everything was weighed: the watch begins anew with the next look."""
        self._begun = False

    def door_open(self, now: Instant) -> None:
        """The door contact is open, and no session asked for it."""
        self._opened.append(now.mono)

    def due(self, now: Instant) -> bool:
        """Whether the day's audit has come and enough was watched for it."""
        watched = self._begun and now.mono - self._since.mono >= LEAST_S and now.mono >= self._retry_at
        return watched and self._day(now) != self._told

    def look(self, now: Instant) -> None:
        """Note the trays' levels when it is time to. To be called while no session is under way."""
        if not self._begun:
            self._begin(now, {})
            self._begun, self._look_at = True, now.mono
        if now.mono < self._look_at:
            return
        if not self._trays.all_rest(now.mono) and now.mono < self._look_at + PATIENCE_S:
            return
        self._look_at = now.mono + EVERY_S
        for tray, level in self._trays.rest_levels(now.mono).items():
            kept = self._levels.setdefault(tray, deque(maxlen=MOST_LEVELS))
            kept.append((now.mono, grams(level)))

    def audit(self, lying: Lying, now: Instant) -> None:
        """The day's line for each tray: to the ledger, to the log, and as an alarm where it deserves one."""
        self._drop_stale(now)
        left = _left_by_the_last(self._ledger.baselines())
        nights = [self._night(tray, lying, left.get(tray), now) for tray in self._trays.watches]
        told = told_of(nights, self._opened)
        day = self._day(now)
        facts = [
            fact_of(line, day.isoformat(), self._since, night.stock, now)
            for line, night in zip(told, nights, strict=True)
        ]
        try:
            self._ledger.record_facts([(fact, fact.tray) for fact in facts], now)
        except LedgerError as error:
            log.error("night_not_written", error=str(error))
            self._retry_at = now.mono + RETRY_S
            return
        for line in told:
            self._tell(line, now)
        self._told = day
        self._begin(now, {tray: levels[-1] for tray, levels in self._levels.items()})

    # --- within -------------------------------------------------------------------------------------
    def _begin(self, now: Instant, levels: Mapping[TrayId, tuple[float, float]]) -> None:
        self._since = now
        self._levels = {tray: deque([level], maxlen=MOST_LEVELS) for tray, level in levels.items()}
        self._opened.clear()

    def _day(self, now: Instant) -> date:
        """The local date whose audit is the latest that should have been told."""
        local = now.wall.astimezone(self._zone)
        return local.date() if local.time() >= self._at else local.date() - timedelta(days=1)

    def _drop_stale(self, now: Instant) -> None:
        fresh = {tray: levels for tray, levels in self._levels.items() if now.mono - levels[-1][0] <= STALE_S}
        self._levels = fresh

    def _night(self, tray: TrayId, lying: Lying, baseline: Baseline | None, now: Instant) -> Night:
        zero = lying.zeros.get(tray)
        return Night(
            tray=tray,
            stock=stock_of(tray, lying.on_hand, lying.catalogue, lying.learnt),
            levels=tuple(self._levels.get(tray, ())),
            after_session=None if baseline is None else _kept(grams(baseline.weight), baseline.at, now),
            zero=None if zero is None else _kept(grams(zero.level), zero.at, now),
        )

    def _tell(self, told: Told, now: Instant) -> None:
        zh, en = said(told, since_words(self._since.wall, self._zone))
        line = told.line
        log.info("night", tray=line.tray, cause=line.cause.value, basis=told.basis.value, said=zh)
        for cause in SEVERITY:
            if cause is not line.cause:
                self._alarms.clear(cause, line.tray, now)
        if line.cause in TOLD_BY_OTHERS or (line.cause is Cause.SILENT and self._silence_is_told(line.tray)):
            return
        self._alarms.raise_(line.cause, line.tray, SEVERITY[line.cause], en, now)

    def _silence_is_told(self, tray: str) -> bool:
        """Whether an alarm of the device or of its line stands already."""
        return tray in self._alarms.subjects("SENSOR_LOST") or bool(self._alarms.subjects("LINE_GONE"))


def _left_by_the_last(baselines: Mapping[TrayId, Baseline]) -> dict[TrayId, Baseline]:
    """The weights that the last session left. A tray that did not rest when it ended has only an older one,
    and since then goods may have been sold."""
    newest = max((each.at for each in baselines.values()), default=None)
    return {tray: each for tray, each in baselines.items() if each.at == newest}


def _kept(level_g: float, at: datetime, now: Instant) -> Kept:
    """Hours by the wall clock, which may have been set back: never less than 0."""
    return Kept(level_g, max(0.0, (now.wall - at).total_seconds() / 3600))
