"""The channels of one shelf multiplexer of the LOWA type. Sends nothing, decides nothing.

All channels are read at once. An answer does not say which multiplexer it is from: after a time-out the whole
line rests until a late one cannot come any more; then the model is asked for, whose answer has no weights.
"""

from collections.abc import Callable, Mapping

from edge.domain.values import Decigrams, TrayId, decigrams
from edge.hardware.codecs import lowa
from edge.hardware.drivers.scale_driver import ScaleDriver, Scales
from edge.hardware.exchange import Answer, Gathering, Verdict
from edge.hardware.signals import Fault

DEADLINE_S = 0.2
"""The device answers within 50 ms; the rest is for adapters that deliver in batches."""
LIST_WORST_S, MODEL_WORST_S, HOLD_S = 1.0, 0.25, 1.0
LEAST_GAP_S = 0.005
"""Silence before a request, by the device's manual."""
CHANNELS = 8


class Channel(ScaleDriver):
    """One channel; its number counts from 0."""

    def __init__(self, tray: TrayId, mux: str, number: int) -> None:
        self.tray = tray
        self.agree = decigrams(1.0)
        self.probe = _asking(lowa.Request(lowa.MODEL, mux), lambda reply: not reply.weights, 9, MODEL_WORST_S)
        self._number = number

    def weight(self, reply: bytes) -> Decigrams | Fault:
        said = lowa.decode_reply(reply)
        weights = () if said is None else said.weights
        if self._number >= len(weights) or (kilograms := weights[self._number].kilograms) is None:
            return Fault.SENTINEL
        return Decigrams(int(kilograms * 10_000))


class ScaleLowa(Scales):
    """One multiplexer. The first of its trays stands for the device: its health is that of all."""

    one_device = True

    def __init__(self, mux: int, channels: Mapping[TrayId, int]) -> None:
        name = f"{mux:03d}"
        self._channels = tuple(Channel(tray, name, number) for tray, number in channels.items())
        size = 6 + lowa.EACH * CHANNELS
        self._list = _asking(
            lowa.Request(lowa.LIST, name), lambda reply: bool(reply.weights), size, LIST_WORST_S
        )

    @property
    def drivers(self) -> tuple[ScaleDriver, ...]:
        return self._channels

    def question(self, awaited: frozenset[TrayId]) -> Gathering:
        return self._list

    def part(self, answer: Answer, tray: TrayId) -> Answer:
        leads = tray == self._channels[0].tray
        return answer if answer.reply is not None or leads else Answer(answer.at, None, answer.fault)


def _asking(request: lowa.Request, fits: Callable[[lowa.Reply], bool], size: int, worst: float) -> Gathering:
    def find(got: bytes) -> Verdict:
        for reply in lowa.ReplyDecoder().feed(got):
            if fits(reply):
                return lowa.encode(reply)
        return 1

    def last(got: bytes) -> bytes | Fault:
        if got.endswith(lowa.END):
            return Fault.CHECKSUM
        return Fault.SHORT if got else Fault.SILENT

    return Gathering(lowa.encode(request), size, find, last, deadline=DEADLINE_S, worst=worst, hold=HOLD_S)
