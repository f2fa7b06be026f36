"""The door while no session runs: forced entry, a bolt that is not out, and what changed unseen."""

from collections.abc import Mapping

from edge.alarms import AlarmBook
from edge.closing import LODGED
from edge.domain.values import Decigrams, Instant, Kind, TrayId
from edge.hardware.signals import DoorState
from edge.trays import Trays, changes

LODGED_LEAST_G, LODGED_OF_UNIT = 10.0, 0.4
"""A tray that gained so much unseen, in grams and as a share of its lightest piece, holds what nobody sold or
brought: who takes it away has bought nothing. The recogniser counts what it did not see from here, too."""


class IdleDoor:
    """Raises and clears the alarms of an unattended door.

    change_g: smallest change of a tray worth telling. grace_s: how long a shut door may take to latch.
    before: the last weights an earlier run of the program saw; what differs from them is told.
    """

    def __init__(
        self,
        alarms: AlarmBook,
        trays: Trays,
        change_g: float,
        grace_s: float,
        before: Mapping[TrayId, Decigrams],
    ) -> None:
        self._alarms = alarms
        self._trays = trays
        self._change_g = change_g
        self._grace_s = grace_s
        self._before = {tray: (weight, "while the counter was off") for tray, weight in before.items()}
        self._shut_at: float | None = None
        self._unlocked_since: float | None = None

    def see(self, seen: DoorState, now: Instant) -> None:
        """One look at the door."""
        if seen.closed is False:
            self._shut_at = self._unlocked_since = None
            self._forced(now)
        elif seen.closed and seen.locked:
            self._shut_at = self._shut_at or now.mono
            self._unlocked_since = None
            self._alarms.clear("NOT_LOCKED", "lock", now)
            self._alarms.clear("BOLT_STUCK", "lock", now)
        elif seen.closed and seen.locked is False:
            self._unlocked_since = self._unlocked_since or now.mono
            if now.mono - self._unlocked_since >= self._grace_s:
                self._alarms.raise_("NOT_LOCKED", "lock", "CRITICAL", "the bolt is not out", now)

    def session_over(self, unexplained: Mapping[TrayId, Decigrams]) -> None:
        """A session has ended; the door is looked at afresh.

        unexplained: the weights before it of trays of which it neither charged nor explained anything, as
        it was cancelled or they were silent.
        """
        told = "in a session that was cancelled, or while the tray was silent"
        self._await({tray: (weight, told) for tray, weight in unexplained.items()})
        self._shut_at = self._unlocked_since = None

    def session_begins(self, kind: Kind, now: Instant) -> None:
        """Say what changed unseen while it can still be told from what the visitor will take.

        Staff see for themselves what lies on a silent tray, and may change it.
        """
        if self._before:
            self._tell(now)
        if kind is not Kind.BUY:
            self._before = {}

    def follow_up(self, now: Instant) -> None:
        """Once the door is shut and everything rests: say what changed unseen, and clear."""
        if self._shut_at is None:
            return
        if not self._before:
            self._alarms.clear("FORCED_ENTRY", "door", now)
        elif self._trays.all_rest(now.mono, since=self._shut_at):
            self._tell(now)

    def _await(self, before: Mapping[TrayId, tuple[Decigrams, str]]) -> None:
        """To be told once the trays rest; what is waited for already began earlier."""
        self._before = {**before, **self._before}

    def _tell(self, now: Instant) -> None:
        """Of silent trays it is said when they speak again."""
        awaited, alive = self._before, self._trays.in_service(now.mono)
        self._before = {tray: known for tray, known in awaited.items() if not alive.get(tray, True)}
        before = {tray: weight for tray, (weight, _) in awaited.items()}
        for tray, gained_g in changes(before, self._trays.rest_levels(now.mono)).items():
            if abs(gained_g) > self._change_g:
                self._alarms.raise_(
                    "GOODS_MOVED", tray, "MAJOR", f"{gained_g:+.0f} g {awaited[tray][1]}", now
                )
            if gained_g > max(LODGED_LEAST_G, LODGED_OF_UNIT * self._trays.watches[tray].unit_g):
                self._alarms.raise_(LODGED, tray, "MINOR", "something came to it that nobody brought", now)
        self._alarms.clear("FORCED_ENTRY", "door", now)

    def _forced(self, now: Instant) -> None:
        levels = self._trays.last_levels().items()
        self._await({tray: (level, "while the door was open without a session") for tray, level in levels})
        self._alarms.raise_("FORCED_ENTRY", "door", "CRITICAL", "the door opened unasked", now)
