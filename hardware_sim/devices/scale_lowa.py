"""A shelf multiplexer of the LOWA type with up to eight cells, each measured five times a second."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from edge.hardware.codecs import lowa
from hardware_sim.tray import Felt

WORK_S = 0.01
MEASURES_S = 0.2
CHANNELS = 8
MODEL = "H1103"


class LowaMux:
    """name: the tray of its first cell. loads: what the cell on each channel (from 0) feels at a time."""

    def __init__(self, name: str, mux: int, loads: Mapping[int, Callable[[float], Felt]]) -> None:
        self.name = name
        self._mux = f"{mux:03d}"
        self._loads = loads
        self._zero_g = dict.fromkeys(loads, 0.0)
        self._decoder = lowa.RequestDecoder()

    def feed(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        replies = []
        for request in self._decoder.feed(data):
            reply = self._answer(request, now) if request.mux == self._mux else None
            if reply is not None:
                replies.append((now + WORK_S, lowa.encode(reply)))
        return replies

    def boot(self, now: float) -> None:
        self._decoder.reset()

    def _answer(self, request: lowa.Request, now: float) -> lowa.Reply | None:
        channel = int(request.channel, 36) if request.channel is not None else 0
        match request.command:
            case lowa.WEIGH:
                return lowa.single(*self._weight(channel, now))
            case lowa.LIST:
                return lowa.list_of(tuple(self._weight(number, now) for number in range(CHANNELS)))
            case lowa.MODEL:
                return lowa.Reply(MODEL)
            case lowa.ZERO if channel in self._loads:
                self._zero_g[channel] = self._loads[channel](now).grams
                return lowa.Reply("OK")
        return None

    def _weight(self, channel: int, now: float) -> tuple[Decimal, str]:
        if channel not in self._loads:
            return lowa.NO_CELL, lowa.NOT_CONNECTED
        felt = self._loads[channel](now - now % MEASURES_S)
        if felt.overload:
            return Decimal("0.000"), lowa.MEMORY
        kilograms = Decimal(round(felt.grams - self._zero_g[channel])) / 1000
        return kilograms, lowa.MOVING if felt.moving else lowa.OK
