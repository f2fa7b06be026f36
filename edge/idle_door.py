"""The door while no session runs: forced entry, a bolt that is not out, and what changed unseen."""

from collections.abc import Mapping

from edge.alarms import AlarmBook
from edge.domain.values import Decigrams, Instant, TrayId
from edge.hardware.signals import DoorState
from edge.trays import Trays, changes


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
        self._before: dict[TrayId, Decigrams] | None = dict(before) or None
        self._while = "while the counter was off"
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

        unexplained: the weights before it where it charged and explained nothing, as it was cancelled.
        """
        if self._before is None:  # else the door was forced while the session waited to be written
            self._before = dict(unexplained) or None
            self._while = "in a session that was cancelled"
        self._shut_at = self._unlocked_since = None

    def session_begins(self, now: Instant) -> None:
        """Say what changed unseen while it can still be told from what the visitor will take."""
        if self._before is not None:
            self._tell(self._before, now)

    def follow_up(self, now: Instant) -> None:
        """Once the door is shut and everything rests: say what changed unseen, and clear."""
        if self._shut_at is None:
            return
        if self._before is None:
            self._alarms.clear("FORCED_ENTRY", "door", now)
        elif self._trays.all_rest(now.mono, since=self._shut_at):
            self._tell(self._before, now)

    def _tell(self, before: Mapping[TrayId, Decigrams], now: Instant) -> None:
        self._before = None
        for tray, gained_g in changes(before, self._trays.rest_levels(now.mono)).items():
            if abs(gained_g) > self._change_g:
                self._alarms.raise_("GOODS_MOVED", tray, "MAJOR", f"{gained_g:+.0f} g {self._while}", now)
        self._alarms.clear("FORCED_ENTRY", "door", now)

    def _forced(self, now: Instant) -> None:
        if self._before is None:
            self._before = self._trays.last_levels()
            self._while = "while the door was open without a session"
        self._alarms.raise_("FORCED_ENTRY", "door", "CRITICAL", "the door opened unasked", now)
