"""The bolt and the door's reed on a Kerong board, in the counter's words. Sends nothing, decides nothing.

The reed is wired to the hook contact of a second lock of the board. Both boards answer an unlock and a
question with frames that a late answer could be taken for, so after a time-out the line is left alone for
WORST_S, and nothing is asked before.
"""

from collections.abc import Callable, Sequence

from edge.hardware.codecs import krcu16, krcu48
from edge.hardware.codecs.checksums import sum8
from edge.hardware.drivers.lock_driver import LockDriver
from edge.hardware.exchange import Exchange, Form
from edge.hardware.signals import DoorState, Unlocked

DEADLINE_S, WORST_S = 1.0, 1.5
"""Drivers in the field wait 1.0 s for any answer; half as long again is when none can come any more."""

EVERY_DEADLINE_S = 12.0
"""All locks fire one after the other before a KR-CU16 answers; how fast is to be verified."""

CLEAR_S = 0.1
"""So long a field driver waits after it cleared a board's "busy"; what comes meanwhile is thrown away."""

Sound = Callable[[bytes], bool]


class LockKrcu16(LockDriver):
    """KR-CU12 and KR-CU16. The answer to an unlock is the board's status.

    locked_when_closed, shut_when_closed: what a closed contact means for bolt and door.
    """

    def __init__(
        self, board: int, lock: int, reed: int, *, locked_when_closed: bool, shut_when_closed: bool
    ) -> None:
        self._lock, self._reed = lock, reed
        self._locked_when, self._shut_when = locked_when_closed, shut_when_closed
        whole, one = krcu16.address(board), krcu16.address(board, lock)
        to_all = krcu16.Command(krcu16.BROADCAST, krcu16.ASK_ALL)
        self.unlock = _asking(krcu16.Command(one, krcu16.UNLOCK), krcu16.STATUS, board)
        every = krcu16.Command(whole, krcu16.UNLOCK_ALL)
        self.unlock_every = _asking(every, krcu16.STATUS, board, EVERY_DEADLINE_S)
        self.looks = (_asking(krcu16.Command(whole, krcu16.ASK), krcu16.STATUS, board),)
        self.probe = _asking(to_all, krcu16.STATUS_TO_ALL, board)
        self.after_unlock = _clearing(one)

    def outcome(self, reply: bytes) -> Unlocked:
        locked = self._state(reply, 0.0).locked
        return Unlocked.ACCEPTED if locked is False else Unlocked.NO_FEEDBACK

    def door(self, replies: Sequence[bytes], at: float) -> DoorState:
        return self._state(replies[0], at)

    def contacts(self, replies: Sequence[bytes]) -> tuple[bool, ...]:
        status = krcu16.decode_reply(replies[0])
        if not isinstance(status, krcu16.Status):
            return ()
        return tuple(status.is_closed(lock) for lock in krcu16.LOCKS)

    def _state(self, reply: bytes, at: float) -> DoorState:
        status = krcu16.decode_reply(reply)
        if not isinstance(status, krcu16.Status):
            return DoorState(at, None, None)
        return DoorState(
            at,
            closed=status.is_closed(self._reed) == self._shut_when,
            locked=status.is_closed(self._lock) == self._locked_when,
        )


class LockKrcu48(LockDriver):
    """KR-CU48. Arguments as for LockKrcu16.

    It has but one harmless question, the look itself: what could be taken for its answer is waited out.
    """

    def __init__(
        self, device: int, lock: int, reed: int, *, locked_when_closed: bool, shut_when_closed: bool
    ) -> None:
        self._lock, self._reed = lock, reed
        self._locked_when, self._shut_when = locked_when_closed, shut_when_closed
        head = bytes([krcu48.HEAD, device])
        opened = Form(bytes([*head, lock - 1]), krcu48.SHORT, _sound_as(krcu48.OpenReply))
        status = Form(bytes([*head, 0, krcu48.DONE]), krcu48.LONG, _sound_as(krcu48.Status))
        self.unlock = self._exchange(krcu48.Open(device, lock), opened)
        self.looks = (self._exchange(krcu48.Ask(device), status),)
        self.probe = self.looks[0]

    def outcome(self, reply: bytes) -> Unlocked:
        answer = krcu48.decode_reply(reply)
        done = isinstance(answer, krcu48.OpenReply) and answer.code == krcu48.DONE
        return Unlocked.ACCEPTED if done else Unlocked.NO_FEEDBACK

    def door(self, replies: Sequence[bytes], at: float) -> DoorState:
        status = krcu48.decode_reply(replies[0])
        if not isinstance(status, krcu48.Status):
            return DoorState(at, None, None)
        return DoorState(
            at,
            closed=status.is_closed(self._reed) == self._shut_when,
            locked=status.is_closed(self._lock) == self._locked_when,
        )

    def contacts(self, replies: Sequence[bytes]) -> tuple[bool, ...]:
        status = krcu48.decode_reply(replies[0])
        if not isinstance(status, krcu48.Status):
            return ()
        return tuple(status.is_closed(lock) for lock in krcu48.LOCKS)

    def _exchange(self, request: krcu48.Request, form: Form) -> Exchange:
        def stranger(got: bytes) -> bool:
            return any(reply.device != request.device for reply in krcu48.ReplyDecoder(request).feed(got))

        return _exchange(krcu48.encode(request), form, stranger)


def _asking(request: krcu16.Command, answer: int, board: int, deadline: float = DEADLINE_S) -> Exchange:
    """An exchange answered by the board's status. An unlock's answer may carry the lock's address."""

    def sound(packet: bytes) -> bool:
        reply = krcu16.decode_reply(packet)
        return isinstance(reply, krcu16.Status) and (reply.command, reply.address >> 4) == (answer, board)

    def stranger(got: bytes) -> bool:
        return any(reply.address >> 4 != board for reply in krcu16.ReplyDecoder().feed(got))

    head = bytes([krcu16.HEAD, krcu16.address(board), answer])
    by_lock = request.command == krcu16.UNLOCK and request.address != krcu16.address(board)
    return _exchange(
        krcu16.encode(request), Form(head[:1] if by_lock else head, krcu16.LONGEST, sound), stranger, deadline
    )


def _sound_as(kind: type[krcu48.Reply]) -> Sound:
    return lambda packet: sum8(packet[:-1]) == packet[-1] and isinstance(krcu48.decode_reply(packet), kind)


def _exchange(request: bytes, reply: Form, stranger: Sound, deadline: float = DEADLINE_S) -> Exchange:
    worst = deadline + WORST_S - DEADLINE_S
    return Exchange(
        request, reply, deadline=deadline, worst=worst, hold=worst, stranger=stranger, least=reply.size
    )


def _clearing(address: int) -> Exchange:
    """The command that ends a board's "busy". Whether it is answered, and how, is to be verified."""
    request = krcu16.encode(krcu16.Command(address, krcu16.PULSE_REPLY))
    never = Form(request[:3] + b"\xff\xff", krcu16.LONGEST, lambda packet: False)
    return Exchange(
        request, never, deadline=CLEAR_S, worst=CLEAR_S, hold=0.0, stranger=lambda got: False, least=1
    )
