"""The generic lock board (heads 8A, 80): pulses coils, reads contacts. Knows frames, not doors.

What a channel's coil and contact are wired to is given to it. A wrong checksum or another board's number gets
silence; the answer to "open" comes after the pulse and holds the contact as it is then.
"""

from collections.abc import Mapping

from edge.hardware.codecs import bcc8a
from hardware_sim.devices.lock_channel import Channel, Channels

QUERY_S = 0.002
PULSE_S = 0.25
"""Pulse and the reading of the feedback contact behind it."""
OPEN_ALL_STEP_S = 0.35
"""Locks fire one by one."""
CHANNELS = 24


class LockBoard:
    """board: its DIP address; channels: what is wired, by channel number 1–24; the others read open."""

    name = "lock"

    def __init__(self, board: int, channels: Mapping[int, Channel]) -> None:
        self._board = board
        self._channels = Channels(channels)
        self._decoder = bcc8a.RequestDecoder()

    def feed(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        replies = []
        for request in self._decoder.feed(data):
            if request.board == self._board:
                due, reply = self._answer(request, now)
                replies.append((due, bcc8a.encode(reply)))
        return replies

    def boot(self, now: float) -> None:
        self._decoder.reset()

    def _answer(self, request: bcc8a.Request, now: float) -> tuple[float, bcc8a.Reply]:
        match request:
            case bcc8a.Open(board, lock):
                self._channels.pulse(lock, now)
                return now + PULSE_S, bcc8a.OpenReply(board, lock, self._channels.closed(lock, now + PULSE_S))
            case bcc8a.OpenAll(board):
                for lock in range(1, CHANNELS + 1):
                    self._channels.pulse(lock, now + (lock - 1) * OPEN_ALL_STEP_S)
                return now + CHANNELS * OPEN_ALL_STEP_S, bcc8a.OpenAllReply(board)
            case bcc8a.Query(board, lock):
                return now + QUERY_S, bcc8a.QueryReply(
                    board, lock, self._channels.closed(lock, now + QUERY_S)
                )
            case bcc8a.QueryAll(board):
                return now + QUERY_S, bcc8a.QueryAllReply(board, self._channels.contacts(now + QUERY_S))
