"""Bolt, reed and trays of one iw cabinet controller, in the counter's words. Sends nothing, decides nothing.

The bolt is drawn and thrown by a motor: it stays drawn until the controller is told to throw it. Every answer
carries the code that was asked; all trays are weighed by one question.
"""

from collections.abc import Mapping, Sequence

from edge.domain.values import Decigrams, TrayId, decigrams
from edge.hardware.codecs import iw
from edge.hardware.codecs.checksums import crc16_modbus
from edge.hardware.drivers.lock_driver import LockDriver
from edge.hardware.drivers.scale_driver import Check, ScaleDriver, Scales
from edge.hardware.exchange import Answer, Exchange, Form
from edge.hardware.signals import DoorState, Fault, Misconfigured, Unlocked

_MOTOR = (iw.UNLOCK, iw.LOCK)
MOTOR_TIMES_S = (1.3, 1.05, 0.0)
LOOK_TIMES_S = (0.1, 0.15, 1.0)
"""Deadline, the latest answer, and how long no such request may follow a time-out.

The controller answers for its motor within 990 ms and for everything asked here within 40 ms; the rest is for
USB adapters.
"""


class LockIw(LockDriver):
    """The controller's one door."""

    def __init__(self) -> None:
        self.unlock = _exchange(iw.UNLOCK)
        self.throw = _exchange(iw.LOCK)
        self.looks = (_exchange(iw.BOLT), _exchange(iw.DOOR))
        self.probe = _exchange(iw.VERSION)

    def outcome(self, reply: bytes) -> Unlocked:
        return Unlocked.ACCEPTED if reply[2] == iw.DONE else Unlocked.NO_FEEDBACK

    def door(self, replies: Sequence[bytes], at: float) -> DoorState:
        bolt, reed = (reply[2] for reply in replies)
        return DoorState(
            at,
            closed={iw.CLOSED: True, iw.OPEN: False}.get(reed),
            locked={iw.IN: True, iw.DRAWN: False}.get(bolt),
        )


class _Place(ScaleDriver):
    """One tray, by its place from 1. A place beyond the controller's trays reads 0 g for ever."""

    def __init__(self, tray: TrayId, number: int) -> None:
        self.tray = tray
        self.agree = decigrams(1.0)
        self.probe = _exchange(iw.VERSION)
        self.checks = (Check(iw.COUNT, _exchange(iw.COUNT)),)
        self._number = number

    def weight(self, reply: bytes) -> Decigrams | Fault:
        """Of the two bytes that are this tray's."""
        grams = iw.grams_in(reply)
        return Fault.SENTINEL if grams is None else decigrams(grams)

    def wrong_setting(self, check: Check, reply: bytes, at: float) -> Misconfigured | None:
        count = reply[2]
        return None if count >= self._number else Misconfigured(self.tray, at, check.register, count)


class ScalesIw(Scales):
    """The controller's trays. The first of them stands for the controller: its health is that of all."""

    one_device = True

    def __init__(self, places: Mapping[TrayId, int]) -> None:
        self._places = places
        self._trays = tuple(_Place(tray, number) for tray, number in places.items())
        self._weigh = _exchange(iw.WEIGHT, bytes([iw.ALL]))

    @property
    def drivers(self) -> tuple[ScaleDriver, ...]:
        return self._trays

    def question(self, awaited: frozenset[TrayId]) -> Exchange:
        return self._weigh

    def part(self, answer: Answer, tray: TrayId) -> Answer:
        if answer.reply is not None:
            at = 2 * self._places[tray]
            return Answer(answer.at, answer.reply[at : at + 2])
        leads = tray == self._trays[0].tray
        return answer if leads else Answer(answer.at, None, answer.fault)


def _exchange(code: int, data: bytes = b"") -> Exchange:
    """An exchange with the controller. One that does not know ``code`` says too little: a short answer."""
    request = iw.Request(code, data)
    deadline, worst, hold = MOTOR_TIMES_S if code in _MOTOR else LOOK_TIMES_S
    size = iw.reply_size(request)

    def stranger(got: bytes) -> bool:
        return any(reply.code != code for reply in iw.ReplyDecoder().feed(got))

    return Exchange(
        request=iw.encode(request),
        reply=Form(bytes([iw.ADDRESS, code]), size, lambda packet: crc16_modbus(packet) == 0),
        least=size,
        deadline=deadline,
        worst=worst,
        hold=hold,
        stranger=stranger,
    )
