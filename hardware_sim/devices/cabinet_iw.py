"""The iw cabinet controller: one door with a motor's bolt, up to twenty trays, a temperature probe.

It does one thing at a time and answers behind it. Its inputs are looked at every 10 ms and count once they
have stayed so for 100 ms. A bolt that does not come where it should goes back to where it was.
"""

from collections.abc import Callable, Mapping

from edge.hardware.codecs import iw
from hardware_sim.door import Door
from hardware_sim.tray import Felt

WEIGHT_S, INPUT_S, TARE_S, MOTOR_S, SETTING_S = 0.035, 0.02, 0.5, 0.98, 0.5
LOOK_S, DEBOUNCE_LOOKS = 0.01, 10
MOST_G = 32_767
MAKER, SOFTWARE = bytes([1, 1]), bytes([1, 2, 3])

Loads = Mapping[int, Callable[[float], Felt]]
"""What the cell in each place, from 1, feels at a time."""


class CabinetIw:
    """door: one whose bolt has a motor. loads: the places that have a tray.

    celsius: what the probe finds at a time; None: it is broken.
    """

    def __init__(
        self,
        door: Door,
        loads: Loads,
        celsius: Callable[[float], float | None] = lambda now: 22.0,
        name: str = "lock",
    ) -> None:
        self.name = name
        self._door = door
        self._loads = loads
        self._celsius = celsius
        self._zero_g = dict.fromkeys(loads, 0.0)
        self._span = dict.fromkeys(loads, 1.0)
        self._shut = door.reed_closed(0.0)
        self._setting_c = 8
        self._compressor = 0
        self._decoder = iw.RequestDecoder()

    def feed(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        replies = []
        for request in self._decoder.feed(data):
            due, words = self._answer(request, now)
            replies.append((due, iw.encode(iw.Reply(request.code, words))))
        return replies

    def boot(self, now: float) -> None:
        """Zero points and spans are in flash: they stay."""
        self._decoder.reset()

    def _answer(self, request: iw.Request, now: float) -> tuple[float, bytes]:
        match request.code:
            case iw.WEIGHT:
                at = now + WEIGHT_S
                places = range(1, iw.MOST_TRAYS + 1) if request.data[0] == iw.ALL else (request.data[0],)
                return at, b"".join(iw.grams_of(self._grams(place, at)) for place in places)
            case iw.COUNT:
                return now + INPUT_S, bytes([max(self._loads, default=0)])
            case iw.TARE:
                return now + TARE_S, self._tared(request.data[0], 0, now + TARE_S)
            case iw.CALIBRATE:
                grams = int.from_bytes(request.data[1:], "big", signed=True)
                return now + TARE_S, self._tared(request.data[0], grams, now + TARE_S)
            case iw.DOOR:
                return now + INPUT_S, bytes([iw.CLOSED if self._is_shut(now + INPUT_S) else iw.OPEN])
            case iw.BOLT:
                return now + INPUT_S, bytes([iw.IN if self._door.locked(now + INPUT_S) else iw.DRAWN])
            case iw.UNLOCK:
                self._door.pulse(now)
                return now + MOTOR_S, _done(not self._door.locked(now + MOTOR_S))
            case iw.LOCK:
                self._door.throw(now)
                return now + MOTOR_S, _done(self._door.locked(now + MOTOR_S))
            case iw.MAKER:
                return now + INPUT_S, MAKER
            case iw.VERSION:
                return now + INPUT_S, SOFTWARE
        return self._climate(request, now)

    def _climate(self, request: iw.Request, now: float) -> tuple[float, bytes]:
        match request.code:
            case iw.TEMPERATURE:
                found = self._celsius(now)
                degrees = iw.FAULTY_PROBE if found is None else round(found)
                return now + INPUT_S, b"".join(
                    each.to_bytes(1, "big", signed=True) for each in (self._setting_c, degrees)
                )
            case iw.SET_TEMPERATURE:
                self._setting_c = int.from_bytes(request.data, "big", signed=True)
                return now + SETTING_S, _done(True)
            case iw.COMPRESSOR:
                self._compressor = request.data[0]
                return now + INPUT_S, request.data
        return now + INPUT_S, b""  # a code it does not know comes back bare

    def _grams(self, place: int, at: float) -> int | None:
        """A place without a tray reads 0; a cell beyond its range is a fault."""
        if place not in self._loads:
            return 0
        felt = self._loads[place](at)
        grams = round((felt.grams - self._zero_g[place]) * self._span[place])
        return None if felt.overload or abs(grams) > MOST_G else grams

    def _tared(self, place: int, grams: int, at: float) -> bytes:
        """Make what lies on ``place`` read ``grams``: its zero point, or its span."""
        if place not in self._loads:
            return _done(False)
        felt = self._loads[place](at).grams
        if grams == 0:
            self._zero_g[place] = felt
        elif felt == self._zero_g[place]:
            return _done(False)
        else:
            self._span[place] = grams / (felt - self._zero_g[place])
        return _done(True)

    def _is_shut(self, at: float) -> bool:
        looks = {self._door.reed_closed(at - LOOK_S * back) for back in range(DEBOUNCE_LOOKS)}
        if len(looks) == 1:
            self._shut = looks.pop()
        return self._shut


def _done(well: bool) -> bytes:
    return bytes([iw.DONE if well else iw.FAILED])
