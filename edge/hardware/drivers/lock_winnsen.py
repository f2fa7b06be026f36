"""The bolt and the door's reed on a Winnsen board, in the counter's words. Sends nothing, decides nothing.

The reed is wired to the contact of a second lock. A look takes two questions, as the board tells of one lock
at a time; and two looks must agree, as nothing in an answer shows that it arrived as it was sent.
"""

from collections.abc import Sequence

from edge.hardware.codecs import winnsen
from edge.hardware.drivers.lock_driver import LockDriver
from edge.hardware.exchange import Exchange, Form
from edge.hardware.signals import DoorState, Unlocked

UNLOCK_DEADLINE_S, UNLOCK_WORST_S = 1.5, 1.0
"""The answer comes after the pulse of 750 ms and 50 ms more; both have a margin for USB adapters."""

ASK_DEADLINE_S, ASK_WORST_S, ASK_HOLD_S = 0.3, 0.3, 1.0

COOLS_S = 15.0
"""So long the board refuses a pulse once it says that it cools down (duty cycle of its coils)."""


class LockWinnsen(LockDriver):
    """locked_when_closed, shut_when_closed: what the board's "closed" means for bolt and door."""

    agree = 2

    def __init__(
        self, station: int, lock: int, reed: int, *, locked_when_closed: bool, shut_when_closed: bool
    ) -> None:
        self._locked_when, self._shut_when = locked_when_closed, shut_when_closed
        another = next(number for number in winnsen.LOCKS if number not in (lock, reed))
        self.unlock = _exchange(winnsen.Unlock(station, lock), UNLOCK_DEADLINE_S, UNLOCK_WORST_S, 0.0)
        self.looks = (self._asking(station, lock), self._asking(station, reed))
        self.probe = self._asking(station, another)
        """Of a lock that nobody looks at: its answer carries another number."""

    def outcome(self, reply: bytes) -> Unlocked:
        answer = winnsen.decode_reply(reply)
        moved = answer is not None and answer.status == self._moved
        return Unlocked.ACCEPTED if moved else Unlocked.NO_FEEDBACK

    def rest_s(self, reply: bytes) -> float:
        answer = winnsen.decode_reply(reply)
        return COOLS_S if answer is not None and answer.status == winnsen.COOLING else 0.0

    def door(self, replies: Sequence[bytes], at: float) -> DoorState:
        bolt, reed = (_is_closed(reply) for reply in replies)
        return DoorState(
            at,
            closed=None if reed is None else reed == self._shut_when,
            locked=None if bolt is None else bolt == self._locked_when,
        )

    @property
    def _moved(self) -> int:
        return winnsen.OPEN if self._locked_when else winnsen.CLOSED

    @staticmethod
    def _asking(station: int, lock: int) -> Exchange:
        return _exchange(winnsen.Ask(station, lock), ASK_DEADLINE_S, ASK_WORST_S, ASK_HOLD_S)


def _is_closed(reply: bytes) -> bool | None:
    answer = winnsen.decode_reply(reply)
    if answer is None or answer.status == winnsen.COOLING:
        return None
    return answer.status == winnsen.CLOSED


def _exchange(request: winnsen.Request, deadline: float, worst: float, hold: float) -> Exchange:
    """An exchange whose answer is of the same function, station and lock."""
    unlocks = isinstance(request, winnsen.Unlock)
    function = (winnsen.UNLOCK if unlocks else winnsen.ASK) | winnsen.REPLY
    kind = winnsen.UnlockReply if unlocks else winnsen.AskReply

    def sound(packet: bytes) -> bool:
        reply = winnsen.decode_reply(packet)
        return isinstance(reply, kind) and reply.lock == request.lock

    def stranger(got: bytes) -> bool:
        others = winnsen.ReplyDecoder().feed(got)
        return any((reply.station, reply.lock) != (request.station, request.lock) for reply in others)

    head = bytes([winnsen.HEAD, winnsen.ANSWER, function, request.station])
    head += bytes([request.lock]) if unlocks else b""
    return Exchange(
        request=winnsen.encode(request),
        reply=Form(head, winnsen.ANSWER, sound),
        least=winnsen.ANSWER,
        deadline=deadline,
        worst=worst,
        hold=hold,
        stranger=stranger,
    )
