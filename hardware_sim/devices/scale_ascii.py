"""Bench scales that speak text: one that is asked in MT-SICS, one that says its weight over and over."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from edge.hardware.codecs import ascii_stgs, mt_sics
from hardware_sim.tray import Felt

WORK_S = 0.02
SERIAL = "0000000001"

Load = Callable[[float], Felt]
Replies = list[tuple[float, bytes]]


@dataclass(slots=True)
class SicsScale:
    """name: the tray; load: what its cell feels at a time, noise included. Shows whole grams."""

    name: str
    load: Load
    _zero_g: float = 0.0
    _tare_g: float = 0.0
    _decoder: mt_sics.RequestDecoder = field(default_factory=mt_sics.RequestDecoder)

    def feed(self, data: bytes, now: float) -> Replies:
        answers = (self._answer(command.text, now) for command in self._decoder.feed(data))
        return [(now + WORK_S, mt_sics.encode(answer)) for answer in answers]

    def boot(self, now: float) -> None:
        self._decoder.reset()
        self._tare_g = 0.0

    def _answer(self, text: str, now: float) -> mt_sics.Reply:
        felt = self.load(now)
        match text:
            case "S" | "SI" | "SIR":
                return self._weight(felt, wait=text == "S")
            case "Z" | "ZI":
                self._zero_g = felt.grams
                return mt_sics.bare("Z", "A")
            case "T" | "TI":
                self._tare_g = felt.grams - self._zero_g
                return mt_sics.weight_of("T", "S", Decimal(round(self._tare_g)))
            case "I4" | "@":
                return mt_sics.Reply(f'I4 A "{SERIAL}"', "I4", "A")
        return mt_sics.Reply("ES", "ES", "")

    def _weight(self, felt: Felt, wait: bool) -> mt_sics.Reply:
        if felt.overload:
            return mt_sics.bare("S", "+")
        if felt.moving and wait:
            return mt_sics.bare("S", "I")
        grams = Decimal(round(felt.grams - self._zero_g - self._tare_g))
        return mt_sics.weight_of("S", "D" if felt.moving else "S", grams)


@dataclass(slots=True)
class StgsScale:
    """Speaks unasked, every ``every_s``."""

    name: str
    load: Load
    every_s: float = 0.1

    def feed(self, data: bytes, now: float) -> Replies:
        return []

    def boot(self, now: float) -> None:
        return

    def says(self, now: float) -> Replies:
        """The line that is said at ``now``."""
        felt = self.load(now)
        status = "OL" if felt.overload else ("US" if felt.moving else "ST")
        kilograms = None if felt.overload else Decimal(round(felt.grams)) / 1000
        return [(now, ascii_stgs.encode(ascii_stgs.line_of(status, "GS", kilograms)))]
