"""Digital load cells that answer a broadcast in one burst, cell by cell. Sends nothing, decides nothing.

A frame is told by its address, never by its place. A cell that was missing is neither awaited nor believed
until it has answered a question of its own.
"""

from collections.abc import Mapping

from edge.domain.values import Decigrams, TrayId, decigrams
from edge.hardware.codecs import x0502
from edge.hardware.codecs.checksums import sum8
from edge.hardware.drivers.scale_driver import Check, ScaleDriver, Scales
from edge.hardware.exchange import Answer, Exchange, Form, Gathering, Verdict
from edge.hardware.signals import Fault, Misconfigured

DEADLINE_S, WORST_S, HOLD_S = 0.1, 0.15, 1.0
"""Chosen, as for the Modbus transmitters; the wire's own time is that of all cells up to the last address."""


class Cell(ScaleDriver):
    """One cell. Its tracking, which swallows slow changes, must be off; reading that is harmless, too."""

    def __init__(self, tray: TrayId, address: int) -> None:
        self.tray = tray
        self.address = address
        self.agree = decigrams(1.0)
        self.probe = _tracking(address)
        self.checks = (Check(x0502.TRACKING, self.probe),)

    def weight(self, reply: bytes) -> Decigrams | Fault:
        frame = x0502.decode_reply(reply)
        tenths = frame.tenths if isinstance(frame, x0502.Weight) else None
        return Fault.SENTINEL if tenths is None else Decigrams(tenths)

    def wrong_setting(self, check: Check, reply: bytes, at: float) -> Misconfigured | None:
        value = reply[3]
        return None if value == 0 else Misconfigured(self.tray, at, check.register, value)


class ScaleX0502(Scales):
    """All cells of a line."""

    def __init__(self, units: Mapping[TrayId, int]) -> None:
        self._units = units
        self._cells = tuple(Cell(tray, address) for tray, address in units.items())

    @property
    def drivers(self) -> tuple[ScaleDriver, ...]:
        return self._cells

    def question(self, awaited: frozenset[TrayId]) -> Gathering:
        addresses = {self._units[tray] for tray in awaited}

        def find(got: bytes) -> Verdict:
            return got if addresses <= _heard(got).keys() else x0502.LONG

        def last(got: bytes) -> bytes | Fault:
            if addresses & _heard(got).keys():
                return got
            return Fault.SHORT if got else Fault.SILENT

        return Gathering(
            request=x0502.encode(x0502.Request(x0502.BROADCAST, x0502.READ, x0502.WEIGHT, 5)),
            size=x0502.LONG * max(self._units.values()),
            find=find,
            last=last,
            deadline=DEADLINE_S,
            worst=WORST_S,
            hold=HOLD_S,
            least=x0502.LONG,
            busy=0.0,
        )

    def part(self, answer: Answer, tray: TrayId) -> Answer:
        if answer.reply is None:
            return answer
        address = self._units[tray]
        said = _heard(answer.reply).get(address, set())
        if len(said) == 1:
            return Answer(answer.at, x0502.encode(next(iter(said))))
        if said:  # two cells with one address, or an old answer beside a new one
            return Answer(answer.at, None, Fault.WRONG_UNIT, answer.late_until)
        damaged = bytes([address, x0502.READ_REPLY, x0502.WEIGHT]) in answer.reply
        return Answer(answer.at, None, Fault.CHECKSUM if damaged else Fault.SILENT, answer.late_until)


def _heard(got: bytes) -> dict[int, set[x0502.Weight]]:
    """What each address says in a burst."""
    said: dict[int, set[x0502.Weight]] = {}
    for frame in x0502.ReplyDecoder().feed(got):
        if isinstance(frame, x0502.Weight):
            said.setdefault(frame.address, set()).add(frame)
    return said


def _tracking(address: int) -> Exchange:
    head = bytes([address, x0502.READ_REPLY, x0502.TRACKING])
    return Exchange(
        request=x0502.encode(x0502.Request(address, x0502.READ, x0502.TRACKING, 5)),
        reply=Form(head, x0502.SHORT, lambda packet: sum8(packet[:-1]) == packet[-1]),
        deadline=DEADLINE_S,
        worst=WORST_S,
        hold=HOLD_S,
        stranger=lambda got: any(frame.address != address for frame in x0502.ReplyDecoder().feed(got)),
        least=x0502.SHORT,
    )
