"""One scale as the bus sees it: what is still to be asked of it and what its answers mean. No I/O."""

from collections import deque

from edge.hardware.drivers.scale_driver import Check, ScaleDriver
from edge.hardware.exchange import Answer, Task
from edge.hardware.health import Health, Trust
from edge.hardware.signals import Fault, Misconfigured, Reading, Signal

OVERLOAD_AGAIN_S = 0.5
"""How often the status of an overloaded scale is asked."""


class Tray:
    """One scale as the rota sees it: driver, health, trust, and what is still to be asked of it."""

    def __init__(self, driver: ScaleDriver) -> None:
        self.driver = driver
        self.probe = Task(driver.probe, self._probed)
        status = driver.status
        self.status = None if status is None else Task(status, self._status_read)
        self._checks = {check: Task(check.exchange, self._checked) for check in driver.checks}
        self.alarmed = False
        self.line_up()

    def line_up(self) -> None:
        """Begin anew: the scale may be another one, or may have lost its zero."""
        self.health = Health(self.driver.tray, alarmed=self.alarmed)
        self.trust = Trust(self.driver.agree)
        self.overloaded = False
        self._to_check: deque[Check] = deque(self.driver.checks)
        self._tells_status = self.status is not None
        self.status_at = 0.0

    def unheard(self, now: float, fault: Fault | None = None) -> Reading:
        """The reading of a tray that is not asked now."""
        return Reading(self.driver.tray, now, None, fault or self.health.fault or Fault.SILENT)

    def in_passing(self, now: float) -> Task | None:
        """What is to be asked besides the weight: settings until they are proven, then the status.

        A dead scale gets its rare harmless question.
        """
        if self.health.dead:
            return self.probe if now >= (self.health.probe_at or 0.0) else None
        if not self.health.may_be_asked(now):
            return None
        if self._to_check:
            return self._checks[self._to_check[0]]
        return self.status if self._tells_status else None

    @property
    def unchecked(self) -> bool:
        """Whether settings are still to be proven and the scale answers at all."""
        return bool(self._to_check) and self.health.probe_at is None

    def _bad(self, answer: Answer) -> tuple[Signal, ...]:
        alarm = self.health.bad(answer)
        self.alarmed = self.health.alarmed
        if answer.fault is not Fault.EXCEPTION:
            self.trust.shake(must_agree=self.health.dead)
        return alarm

    def _good(self, now: float) -> tuple[Signal, ...]:
        clear = self.health.good(now)
        self.alarmed = False
        return clear

    def weighed(self, answer: Answer) -> tuple[Reading, tuple[Signal, ...]]:
        """The reading in the answer to a poll, and what it says about the scale's health."""
        if answer.reply is None:
            signals = self._bad(answer)
            return self.unheard(answer.at, answer.fault), signals
        weight = Fault.SENTINEL if self.overloaded else self.driver.weight(answer.reply)
        if isinstance(weight, Fault):
            return self.unheard(answer.at, weight), self._bad(Answer(answer.at, None, weight))
        suspect = self.trust.doubts(weight)
        return Reading(self.driver.tray, answer.at, weight, None, suspect), self._good(answer.at)

    def _probed(self, answer: Answer) -> tuple[Signal, ...]:
        if answer.reply is None and answer.late_until is not None:
            return self._bad(answer)
        self.health.probed()
        return ()

    def _status_read(self, answer: Answer) -> tuple[Signal, ...]:
        self.status_at = answer.at + OVERLOAD_AGAIN_S
        if answer.reply is not None:
            self.overloaded = self.driver.is_faulty(answer.reply)
            wrong = self.driver.wrong_decimals(answer.reply, answer.at)
            return () if wrong is None else (wrong,)
        if answer.fault is Fault.EXCEPTION:
            self._tells_status = False  # firmware before V1.1 has no status register
            return ()
        return self._bad(answer)

    def _checked(self, answer: Answer) -> tuple[Signal, ...]:
        check = self._to_check[0]
        if answer.reply is None and answer.fault is not Fault.EXCEPTION:
            return self._bad(answer)
        self._to_check.popleft()
        if answer.reply is None:
            return (Misconfigured(self.driver.tray, answer.at, check.register, None),)
        wrong = self.driver.wrong_setting(check, answer.reply, answer.at)
        return () if wrong is None else (wrong,)
