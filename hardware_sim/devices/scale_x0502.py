"""One x0502 digital load cell. To a broadcast it answers in its own turn, by its address."""

from collections.abc import Callable
from dataclasses import dataclass, field

from edge.hardware.codecs import x0502
from hardware_sim.tray import Felt

WORK_S = 0.002
ONE_GRAM = 3
"""The division code."""


@dataclass(slots=True)
class X0502Cell:
    """name: the tray; character_s: how long a character takes on the line. tracking: as it is set."""

    name: str
    address: int
    load: Callable[[float], Felt]
    character_s: float
    tracking: int = 0
    _zero_g: float = 0.0
    _decoder: x0502.RequestDecoder = field(default_factory=x0502.RequestDecoder)

    def feed(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        replies = []
        for request in self._decoder.feed(data):
            if request.address in (self.address, x0502.BROADCAST):
                frame = self._answer(request, now)
                if frame is not None:
                    replies.append((now + WORK_S + self._turn(request), x0502.encode(frame)))
        return replies

    def boot(self, now: float) -> None:
        """A zero that was set is lost."""
        self._decoder.reset()
        self._zero_g = 0.0

    def _turn(self, request: x0502.Request) -> float:
        before = self.address - 1 if request.address == x0502.BROADCAST else 0
        return before * (x0502.LONG + 0.5) * self.character_s

    def _answer(self, request: x0502.Request, now: float) -> x0502.Reply | None:
        felt = self.load(now)
        match request.function, request.register:
            case x0502.READ, x0502.WEIGHT:
                return self._weight(felt)
            case x0502.READ, x0502.TRACKING:
                return x0502.Answer(self.address, x0502.READ_REPLY, x0502.TRACKING, self.tracking)
            case x0502.SET, x0502.TRACKING:
                self.tracking = request.info
            case x0502.SET, x0502.ZERO:
                self._zero_g = felt.grams
            case _:
                return None
        return x0502.Answer(self.address, x0502.SET_REPLY, request.register, x0502.DONE)

    def _weight(self, felt: Felt) -> x0502.Weight:
        grams = round(felt.grams - self._zero_g)
        status = x0502.FIXED | felt.overload << x0502.OVER_BIT | (not felt.moving) << x0502.STABLE_BIT
        status |= (grams == 0) << x0502.AT_ZERO_BIT
        return x0502.Weight(self.address, status, ONE_GRAM | (0x80 if grams < 0 else 0), abs(grams))
