"""How far one device is to be believed and how often it is worth asking. Time is an argument."""

from dataclasses import dataclass

from edge.domain.values import Decigrams
from edge.hardware.exchange import Answer
from edge.hardware.signals import DeviceAlarm, Fault

ALARM_AFTER = 3
"""Bad answers in a row that make a device faulty (the rule of the cabinet boards' own texts)."""

BACK_OFF_S = 10.0
"""A device that stays silent is asked once in so many seconds: each try costs the others a deadline."""


@dataclass(slots=True)
class Health:
    """What the last answers of one device say about it.

    misses: bad answers in a row; silences: those of them in a row that cost a deadline.
    dead: silent ALARM_AFTER times in a row. not_before: when it may be asked again. probe_at: when a
    harmless question whose answer is thrown away is due; None: none is owed.
    """

    device: str
    misses: int = 0
    silences: int = 0
    fault: Fault | None = None
    dead: bool = False
    alarmed: bool = False
    not_before: float = 0.0
    probe_at: float | None = None

    def bad(self, answer: Answer) -> tuple[DeviceAlarm, ...]:
        """Take note of an answer that is worth nothing; the alarm it raises, if any."""
        self.fault = answer.fault
        self.misses += 1
        if answer.late_until is None:
            self.silences = 0
        else:
            self._missed(answer.at, answer.late_until)
        if self.alarmed or self.misses < ALARM_AFTER:
            return ()
        self.alarmed = True
        return (DeviceAlarm(self.device, answer.at, self.fault),)

    def _missed(self, now: float, late_until: float) -> None:
        again = self.probe_at is not None
        self.silences += 1
        self.dead = self.silences >= ALARM_AFTER
        self.not_before = now + BACK_OFF_S if self.dead else late_until
        self.probe_at = self.not_before if again or self.dead else now

    def probed(self) -> None:
        """The device answered the harmless question: it may be asked in earnest again."""
        self.probe_at = None
        self.not_before = 0.0 if self.dead else self.not_before
        self.dead = False

    def good(self, now: float) -> tuple[DeviceAlarm, ...]:
        """Take note of a good answer; the all-clear it gives, if any."""
        self.misses, self.silences, self.fault = 0, 0, None
        if not self.alarmed:
            return ()
        self.alarmed = False
        return (DeviceAlarm(self.device, now, None),)

    def may_be_asked(self, now: float) -> bool:
        """Whether questions in earnest are allowed now."""
        return self.probe_at is None and now >= self.not_before


@dataclass(slots=True)
class Trust:
    """Whether a scale's readings may bill. within: how far two readings may differ and still agree."""

    within: Decigrams
    _sure: bool = False
    _must_agree: bool = True
    _last: Decigrams | None = None

    def shake(self, *, must_agree: bool) -> None:
        """Doubt the next reading; with ``must_agree`` all of them until two in a row agree."""
        self._must_agree = must_agree or (self._must_agree and not self._sure)
        self._sure = False
        self._last = None

    def doubts(self, weight: Decigrams) -> bool:
        """Whether this good reading is still suspect."""
        if self._sure:
            return False
        last, self._last = self._last, weight
        self._sure = last is not None and (not self._must_agree or abs(weight - last) <= self.within)
        return not self._sure
