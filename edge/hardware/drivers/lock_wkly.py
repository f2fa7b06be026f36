"""The bolt and the door's reed on a Yunchuan board, in the counter's words. Sends nothing, decides nothing.

The reed is wired to the contact of a second channel. What the board says unasked is listened to in all that
comes over the line; it can collide with an answer and be lost, so the door is asked all the same.
"""

from collections.abc import Sequence

from edge.hardware.codecs import wkly
from edge.hardware.codecs.checksums import xor8
from edge.hardware.drivers.lock_driver import LockDriver
from edge.hardware.exchange import Exchange, Form
from edge.hardware.signals import DoorState, Unlocked

_TIMES = {wkly.ASK: (0.25, 0.2, 1.0), wkly.OPEN: (0.7, 0.35, 0.0), wkly.OPEN_ALL: (12.0, 11.5, 0.0)}
"""Deadline, the latest answer, and how long no such request may follow a time-out; seconds.

A board answers a query within 100 ms and an unlock within 350 ms for each lock, of which it may have 32; the
rest is for USB adapters.
"""


class LockWkly(LockDriver):
    """lock, reed: channels from 1. base: what the first channel is called on the wire, 0 or 1.

    locked_when_closed, shut_when_closed: what the board's "closed" means for bolt and door.
    """

    speaks_unasked = True

    def __init__(
        self,
        board: int,
        lock: int,
        reed: int,
        *,
        base: int,
        locked_when_closed: bool,
        shut_when_closed: bool,
    ) -> None:
        self._board = board
        self._bolt_at, self._reed_at = lock - 1 + base, reed - 1 + base
        self._locked_when, self._shut_when = locked_when_closed, shut_when_closed
        another = next(n for n in range(base, base + 3) if n not in (self._bolt_at, self._reed_at))
        self.unlock = _exchange(board, wkly.OPEN, self._bolt_at)
        self.unlock_every = _exchange(board, wkly.OPEN_ALL, None)
        self.looks = (
            _exchange(board, wkly.ASK, self._bolt_at),
            _exchange(board, wkly.ASK, self._reed_at),
        )
        self.probe = _exchange(board, wkly.ASK, another)
        """Of a channel that nobody looks at: its answer carries another number."""
        self._listening = wkly.ReplyDecoder()

    def outcome(self, reply: bytes) -> Unlocked:
        answer = wkly.decode_reply(reply)
        if answer is not None and answer.command == wkly.OPEN_ALL:
            return Unlocked.ACCEPTED if answer.ok else Unlocked.NO_FEEDBACK
        return Unlocked.ACCEPTED if self._told(answer, 0.0).locked is False else Unlocked.NO_FEEDBACK

    def door(self, replies: Sequence[bytes], at: float) -> DoorState:
        bolt, reed = (self._told(wkly.decode_reply(reply), at) for reply in replies)
        return DoorState(at, closed=reed.closed, locked=bolt.locked)

    def heard(self, received: bytes, at: float) -> Sequence[DoorState]:
        """What the board said of bolt or reed unasked, between or within answers."""
        unasked = (
            answer
            for answer in self._listening.feed(received)
            if (answer.board, answer.command) == (self._board, wkly.CHANGED)
        )
        told = [self._told(answer, at) for answer in unasked]
        return [door for door in told if (door.closed, door.locked) != (None, None)]

    def _told(self, answer: wkly.Answer | None, at: float) -> DoorState:
        """Of bolt or reed what one answer says; None: nothing."""
        closed = None if answer is None else answer.is_closed
        if answer is None or closed is None:
            return DoorState(at, None, None)
        return DoorState(
            at,
            closed=(closed == self._shut_when) if answer.channel == self._reed_at else None,
            locked=(closed == self._locked_when) if answer.channel == self._bolt_at else None,
        )


def _exchange(board: int, command: int, channel: int | None) -> Exchange:
    """An exchange about one channel, or all; its answer carries board, command and channel."""
    request = wkly.Command(board, command, b"" if channel is None else bytes([channel]))
    deadline, worst, hold = _TIMES[command]
    size = wkly.reply_size(request)

    def sound(packet: bytes) -> bool:
        if xor8(packet) != 0:
            return False
        answer = wkly.decode_reply(packet)
        return answer is not None and (channel is None or answer.channel == channel)

    def stranger(got: bytes) -> bool:
        replies = wkly.ReplyDecoder().feed(got)
        return any((reply.board, reply.command) != (board, command) for reply in replies)

    return Exchange(
        request=wkly.encode(request),
        reply=Form(wkly.MAGIC + bytes([size, board, command]), size, sound),
        least=size,
        deadline=deadline,
        worst=worst,
        hold=hold,
        stranger=stranger,
    )
