"""What the bus needs of a scale's driver, whatever the scale. Sends nothing, decides nothing."""

from dataclasses import dataclass
from math import inf
from typing import Protocol

from edge.domain.values import Decigrams, TrayId
from edge.hardware.exchange import Answer, Question
from edge.hardware.signals import Fault, Misconfigured


@dataclass(frozen=True, slots=True)
class Check:
    """A setting that must be 0, and the question that shows it."""

    register: int
    exchange: Question


class ScaleDriver(Protocol):
    """One tray's scale.

    probe: a harmless question for after a time-out. Its answer is thrown away and cannot be taken for a
    weight; where a scale has no such question, ``worst`` of its weighing is its ``hold``.
    agree: how far two readings of a load at rest may differ and still agree.
    status: tells apart from the weight whether it is worth anything, asked every ``status_every_s``.
    checks: settings to be proven before the tray may sell.
    """

    tray: TrayId
    agree: Decigrams
    probe: Question
    status: Question | None = None
    status_every_s: float = inf
    checks: tuple[Check, ...] = ()

    def weight(self, reply: bytes) -> Decigrams | Fault:
        """The weight in an answer to the weighing; SENTINEL where it means "unknown"."""
        ...

    def is_faulty(self, reply: bytes) -> bool:
        """Whether the answer to ``status`` says that the weight is worthless (overload, overflow)."""
        return False

    def wrong_decimals(self, reply: bytes, at: float) -> Misconfigured | None:
        """What the answer to ``status`` says against the scale factor; None: nothing."""
        return None

    def wrong_setting(self, check: Check, reply: bytes, at: float) -> Misconfigured | None:
        """What the answer to ``check`` says against selling from this tray; None: nothing."""
        return None


class Scales(Protocol):
    """Scales that are weighed with one question: one of them, or all that hear a broadcast.

    asks: False where they speak unasked and are only listened to; they have their line to themselves.
    one_device: they answer together or not at all; the health of the first of them is the device's.
    """

    asks: bool = True
    one_device: bool = False

    @property
    def drivers(self) -> tuple[ScaleDriver, ...]:
        """The scales, tray by tray."""
        ...

    def question(self, awaited: frozenset[TrayId]) -> Question:
        """What weighs the trays of ``awaited``; what others say meanwhile is not waited for."""
        ...

    def part(self, answer: Answer, tray: TrayId) -> Answer:
        """What ``answer`` says of one of the trays that were awaited."""
        return answer


class LoneScale(ScaleDriver, Scales, Protocol):
    """A scale that is asked by itself. weigh: the question, always the same."""

    weigh: Question

    @property
    def drivers(self) -> tuple[ScaleDriver, ...]:
        return (self,)

    def question(self, awaited: frozenset[TrayId]) -> Question:
        return self.weigh
