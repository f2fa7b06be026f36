"""The Winnsen lock board. It knows frames, not doors.

It answers an unlock after the pulse; a lock that was pulsed refuses the next pulse for COOLS_S and says so.
Another station gets silence.
"""

from collections.abc import Mapping

from edge.hardware.codecs import winnsen
from hardware_sim.devices.lock_channel import Channel, Channels

TURN_S = 0.015
"""From a request to the answer: the board turns its transceiver round."""
PULSE_S, SETTLE_S = 0.75, 0.05
COOLS_S = 15.0


class LockWinnsen:
    """station: 1-4."""

    name = "lock"

    def __init__(self, station: int, channels: Mapping[int, Channel]) -> None:
        self._station = station
        self._channels = Channels(channels)
        self._cool_at: dict[int, float] = {}
        self._decoder = winnsen.RequestDecoder()

    def feed(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        requests = (request for request in self._decoder.feed(data) if request.station == self._station)
        replies = (self._answer(request, now) for request in requests)
        return [(due, winnsen.encode(reply)) for due, reply in replies]

    def boot(self, now: float) -> None:
        self._decoder.reset()
        self._cool_at.clear()

    def _answer(self, request: winnsen.Request, now: float) -> tuple[float, winnsen.Reply]:
        station, lock = request.station, request.lock
        if isinstance(request, winnsen.Ask):
            return now + TURN_S, winnsen.AskReply(station, lock, self._state(lock, now + TURN_S))
        if now < self._cool_at.get(lock, now):
            return now + TURN_S, winnsen.UnlockReply(station, lock, winnsen.COOLING)
        self._cool_at[lock] = now + COOLS_S
        self._channels.pulse(lock, now)
        done = now + PULSE_S + SETTLE_S
        return done, winnsen.UnlockReply(station, lock, self._state(lock, done))

    def _state(self, lock: int, at: float) -> int:
        return winnsen.CLOSED if self._channels.closed(lock, at) else winnsen.OPEN
