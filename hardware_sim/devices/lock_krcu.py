"""The Kerong lock boards: KR-CU12/16 and KR-CU48. They know frames, not doors.

What a channel's coil and contact are wired to is given to them. A wrong checksum or another board's number
gets silence. After an unlock a KR-CU16 is busy and ignores the next one until it is told command 38.
"""

from collections.abc import Mapping

from edge.hardware.codecs import krcu16, krcu48
from hardware_sim.devices.lock_channel import Channel, Channels

ANSWER_S = 0.005
PULSE_S = 0.3
"""Pulse and the reading of the contacts behind it."""
PULSE_MS = 550
"""As set at the factory, for whoever asks."""
STEP_S = 0.35
"""Between two locks of "unlock all"."""

Replies = list[tuple[float, bytes]]


class LockKrcu16:
    """board: 0-9. infrared: bits of what the infrared inputs see, bit 0 is lock 1."""

    name = "lock"

    def __init__(self, board: int, channels: Mapping[int, Channel], infrared: int = 0) -> None:
        self._board = board
        self._channels = Channels(channels)
        self._infrared = infrared
        self._decoder = krcu16.RequestDecoder()
        self._busy = False

    def feed(self, data: bytes, now: float) -> Replies:
        replies: Replies = []
        for request in self._decoder.feed(data):
            if request.address == krcu16.BROADCAST or request.address >> 4 == self._board:
                replies += self._answer(request, now)
        return replies

    def boot(self, now: float) -> None:
        self._decoder.reset()
        self._busy = False

    def _answer(self, request: krcu16.Request, now: float) -> Replies:
        """An answer carries the board's own address, whatever lock was meant."""
        match request:
            case krcu16.Command(_, krcu16.ASK):
                return self._status(krcu16.STATUS, now + ANSWER_S)
            case krcu16.Command(_, krcu16.ASK_ALL):
                return self._status(krcu16.STATUS_TO_ALL, now + ANSWER_S)
            case krcu16.Command(at, krcu16.UNLOCK) if at != krcu16.BROADCAST:
                return self._unlock([(at & 0x0F) + 1], now)
            case krcu16.Command(_, krcu16.UNLOCK_ALL):
                return self._unlock(list(krcu16.LOCKS), now)
            case krcu16.Command(_, krcu16.PULSE_REPLY):
                self._busy = False
            case krcu16.Command(at, krcu16.PULSE, b""):
                words = (PULSE_MS // 10).to_bytes(2, "big")
                reply = krcu16.Command(at, krcu16.PULSE_REPLY, words)
                return [(now + ANSWER_S, krcu16.encode(reply))]
        return []

    def _unlock(self, locks: list[int], now: float) -> Replies:
        if self._busy:
            return []
        self._busy = True
        for place, lock in enumerate(locks):
            self._channels.pulse(lock, now + place * STEP_S)
        return self._status(krcu16.STATUS, now + PULSE_S + (len(locks) - 1) * STEP_S)

    def _status(self, command: int, at: float) -> Replies:
        own = krcu16.address(self._board)
        reply = krcu16.Status(own, command, self._channels.contacts(at), self._infrared)
        return [(at, krcu16.encode(reply))]


class LockKrcu48:
    """without_length: this board leaves the length byte out of its status."""

    name = "lock"

    def __init__(self, device: int, channels: Mapping[int, Channel], *, without_length: bool = False) -> None:
        self._device = device
        self._channels = Channels(channels)
        self._without_length = without_length
        self._decoder = krcu48.RequestDecoder()

    def feed(self, data: bytes, now: float) -> Replies:
        requests = (request for request in self._decoder.feed(data) if request.device == self._device)
        replies = (self._answer(request, now) for request in requests)
        return [(due, krcu48.encode(reply)) for due, reply in replies]

    def boot(self, now: float) -> None:
        self._decoder.reset()

    def _answer(self, request: krcu48.Request, now: float) -> tuple[float, krcu48.Reply]:
        match request:
            case krcu48.Open(device, lock):
                self._channels.pulse(lock, now)
                return now + PULSE_S, krcu48.OpenReply(device, lock, krcu48.DONE)
            case krcu48.Ask(device):
                contacts = self._channels.contacts(now + ANSWER_S)
                if self._without_length:
                    return now + ANSWER_S, krcu48.StatusWithoutLength(device, contacts.to_bytes(6, "little"))
                return now + ANSWER_S, krcu48.Status(device, contacts)
