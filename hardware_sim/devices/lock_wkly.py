"""The Yunchuan lock board. It knows frames, not doors.

It also says unasked when a contact has changed. It looks at its contacts whenever something is said on the
pair, which on a line with a master is all the time; what it says then may fall into somebody else's answer.
A wrong checksum or another board's number gets silence.
"""

from collections.abc import Mapping

from edge.hardware.codecs import wkly
from hardware_sim.devices.lock_channel import Channel, Channels

ANSWER_S = 0.01
PULSE_S = 0.3
"""Pulse and the reading of the contact behind it."""
STEP_S = 0.35
"""Between two locks of "one by one"."""
DEBOUNCE_S, SAYS_AFTER_S = 0.1, 0.03
"""A contact counts once it has stayed so for so long; then the board takes some time to say it."""
CHANNELS = 12

Replies = list[tuple[float, bytes]]


class LockWkly:
    """board: 0-31. base: what the first channel is called on the wire."""

    name = "lock"

    def __init__(self, board: int, base: int, channels: Mapping[int, Channel], size: int = CHANNELS) -> None:
        self._board = board
        self._base = base
        self._channels = Channels(channels)
        self._size = size
        self._known: dict[int, bool] = {}
        self._decoder = wkly.RequestDecoder()

    def feed(self, data: bytes, now: float) -> Replies:
        replies = self._changes(now)
        for request in self._decoder.feed(data):
            if request.board == self._board:
                due, words = self._answer(request, now)
                replies.append((due, wkly.encode(wkly.Answer(self._board, request.command, words))))
        return replies

    def boot(self, now: float) -> None:
        self._decoder.reset()
        self._known.clear()

    def _changes(self, now: float) -> Replies:
        """What the board says of contacts that have changed and come to rest."""
        said: Replies = []
        for number in self._channels.wired:
            looks = {self._channels.closed(number, now - DEBOUNCE_S * step / 5) for step in range(6)}
            closed = self._channels.closed(number, now)
            if len(looks) > 1 or self._known.get(number) == closed:
                continue
            if number in self._known:
                words = bytes([number - 1 + self._base, _state(closed)])
                said.append((now + SAYS_AFTER_S, wkly.encode(wkly.Answer(self._board, wkly.CHANGED, words))))
            self._known[number] = closed
        return said

    def _answer(self, request: wkly.Command, now: float) -> tuple[float, bytes]:
        match request.command:
            case wkly.OPEN:
                self._pulse(request.data[0], now)
                return now + PULSE_S, self._one(request.data[0], now + PULSE_S)
            case wkly.ASK:
                return now + ANSWER_S, self._one(request.data[0], now + ANSWER_S)
            case wkly.ASK_ALL:
                at = now + ANSWER_S
                states = [_state(self._channels.closed(n, at)) for n in range(1, self._size + 1)]
                return at, bytes([wkly.OK, self._size, *states])
            case wkly.OPEN_SOME:
                return self._several(list(request.data[1:]), now, 0.0)
            case wkly.OPEN_EACH:
                return self._several(list(request.data[1:]), now, STEP_S)
            case wkly.OPEN_ALL:
                return self._several([n + self._base for n in range(self._size)], now, STEP_S)
        return now + ANSWER_S, bytes([wkly.OK, request.data[0]])

    def _several(self, channels: list[int], now: float, step: float) -> tuple[float, bytes]:
        for place, channel in enumerate(channels):
            self._pulse(channel, now + place * step)
        return now + PULSE_S + (len(channels) - 1) * step, bytes([wkly.OK])

    def _pulse(self, channel: int, at: float) -> None:
        self._channels.pulse(channel - self._base + 1, at)

    def _one(self, channel: int, at: float) -> bytes:
        number = channel - self._base + 1
        if not 1 <= number <= self._size:
            return bytes([wkly.FAILED, channel, wkly.ERROR])
        return bytes([wkly.OK, channel, _state(self._channels.closed(number, at))])


def _state(closed: bool) -> int:
    return wkly.IS_CLOSED if closed else wkly.IS_OPEN
