"""The bolt and the door's reed on a bcc8a board, in the counter's words. Sends nothing, decides nothing."""

from collections.abc import Callable, Sequence

from edge.hardware.codecs import bcc8a
from edge.hardware.codecs.checksums import xor8
from edge.hardware.drivers.lock_driver import LockDriver
from edge.hardware.exchange import Exchange, Form
from edge.hardware.signals import DoorState, Unlocked

# Seconds. A board answers a query within 200 ms and an "open" after its pulse of at most 1 s
# (the board's text); the deadlines add the batches of USB adapters and a margin.
QUERY_DEADLINE, QUERY_WORST, QUERY_HOLD = 0.75, 0.2, 1.0
OPEN_DEADLINE, OPEN_WORST = 1.5, 1.0
EVERY_DEADLINE, EVERY_WORST = 12.0, 10.0


_ANSWERS = {
    bcc8a.Open: bcc8a.OpenReply,
    bcc8a.OpenAll: bcc8a.OpenAllReply,
    bcc8a.Query: bcc8a.QueryReply,
    bcc8a.QueryAll: bcc8a.QueryAllReply,
}


class LockBcc8a(LockDriver):
    """One bolt and one reed on channels of the same board.

    feedback_when_locked, reed_when_closed: ``short`` or ``open``, how the contacts are wired.
    """

    def __init__(
        self, board: int, lock: int, reed: int, *, feedback_when_locked: str, reed_when_closed: str
    ) -> None:
        self._lock = lock
        self._reed = reed
        self._locked_when = feedback_when_locked == "short"
        self._shut_when = reed_when_closed == "short"
        self.unlock = _exchange(bcc8a.Open(board, lock), bytes([bcc8a.OPEN, board, lock]))
        self.unlock_every = _exchange(bcc8a.OpenAll(board), bytes([bcc8a.OPEN, board, bcc8a.ALL]))
        self.looks = (_exchange(bcc8a.QueryAll(board), bytes([bcc8a.QUERY, board])),)
        self.probe = _exchange(bcc8a.Query(board, lock), bytes([bcc8a.QUERY, board, lock]))
        """Its answer has another length than that of the look."""

    def outcome(self, reply: bytes) -> Unlocked:
        """What the answer to ``unlock`` is worth: never more than "the board took the command"."""
        answer = bcc8a.decode_reply(reply)
        if isinstance(answer, bcc8a.OpenAllReply):
            return Unlocked.ACCEPTED
        moved = isinstance(answer, bcc8a.OpenReply) and answer.closed != self._locked_when
        return Unlocked.ACCEPTED if moved else Unlocked.NO_FEEDBACK

    def door(self, replies: Sequence[bytes], at: float) -> DoorState:
        """Bolt and reed among the 24 contacts."""
        answer = bcc8a.decode_reply(replies[0])
        if not isinstance(answer, bcc8a.QueryAllReply):
            return DoorState(at, None, None)
        return DoorState(
            at,
            closed=answer.is_closed(self._reed) == self._shut_when,
            locked=answer.is_closed(self._lock) == self._locked_when,
        )

    def contacts(self, replies: Sequence[bytes]) -> tuple[bool, ...]:
        answer = bcc8a.decode_reply(replies[0])
        if not isinstance(answer, bcc8a.QueryAllReply):
            return ()
        return tuple(answer.is_closed(lock) for lock in bcc8a.LOCKS)


def _exchange(request: bcc8a.Request, head: bytes) -> Exchange:
    deadline, worst, hold = _times(request)
    return Exchange(
        request=bcc8a.encode(request),
        reply=Form(head, bcc8a.reply_size(request), _sound(request)),
        least=bcc8a.SHORT,
        deadline=deadline,
        worst=worst,
        hold=hold,
        stranger=_stranger(request, head),
    )


def _times(request: bcc8a.Request) -> tuple[float, float, float]:
    """Deadline, the latest answer, and how long no such request may follow a time-out."""
    match request:
        case bcc8a.Open():
            return OPEN_DEADLINE, OPEN_WORST, 0.0
        case bcc8a.OpenAll():
            return EVERY_DEADLINE, EVERY_WORST, 0.0
        case _:
            return QUERY_DEADLINE, QUERY_WORST, QUERY_HOLD


def _sound(request: bcc8a.Request) -> Callable[[bytes], bool]:
    kind = _ANSWERS[type(request)]
    return lambda packet: xor8(packet) == 0 and isinstance(bcc8a.decode_reply(packet), kind)


def _stranger(request: bcc8a.Request, head: bytes) -> Callable[[bytes], bool]:
    """Whether another board or another lock answered."""

    def stranger(got: bytes) -> bool:
        replies = bcc8a.ReplyDecoder(request).feed(got)
        return any(not bcc8a.encode(reply).startswith(head) for reply in replies)

    return stranger
