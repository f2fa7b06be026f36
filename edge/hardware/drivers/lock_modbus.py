"""Bolt and reed on a Modbus relay board, in the counter's words. Sends nothing, decides nothing.

A relay gives the bolt its pulse, which the board itself times; two inputs carry the bolt's contact and the
door's reed. A board whose inputs act on its relays ("linkage" and the like) would open the door by itself:
that mode is looked for when the line comes up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge.hardware.codecs import modbus_relay, modbus_rtu
from edge.hardware.codecs.checksums import crc16_modbus
from edge.hardware.drivers.lock_driver import LockCheck, LockDriver
from edge.hardware.exchange import Exchange, Form
from edge.hardware.signals import DoorState, Unlocked

DEADLINE_S, WORST_S, HOLD_S = 0.25, 0.25, 1.0
"""Boards answer within their reply delay and 20 ms; the deadline adds batches of USB adapters."""

INPUTS_AT_ONCE = 8
"""Boards have their inputs in eights."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """What is where, from 1: relay of the coil, inputs of the bolt's contact and of the reed.

    locked_when_closed, shut_when_closed: what a closed input means. pulse_ms: whole steps of 100.
    """

    relay: int
    bolt: int
    reed: int
    pulse_ms: int
    locked_when_closed: bool
    shut_when_closed: bool


class LockModbus(LockDriver):
    """unit: 1-247."""

    def __init__(self, unit: int, wiring: Wiring) -> None:
        self._wiring = wiring
        steps = wiring.pulse_ms // modbus_relay.FLASH_STEP_MS
        flash = modbus_relay.FLASH_ON + wiring.relay - 1
        self._count = -(-max(wiring.bolt, wiring.reed) // INPUTS_AT_ONCE) * INPUTS_AT_ONCE
        self.unlock = _exchange(modbus_rtu.WriteOne(unit, 5, flash, steps))
        self.looks = (_exchange(modbus_rtu.Read(unit, 2, modbus_relay.INPUT, self._count)),)
        self.probe = _exchange(modbus_rtu.Read(unit, 1, modbus_relay.COIL, INPUTS_AT_ONCE))
        self.checks = tuple(
            LockCheck(register, _exchange(modbus_rtu.Read(unit, 3, register, 1)))
            for register in sorted({modbus_relay.MODES + n - 1 for n in (wiring.bolt, wiring.reed)})
        )

    def outcome(self, reply: bytes) -> Unlocked:
        """The board repeats the request, whatever the bolt does."""
        return Unlocked.ACCEPTED

    def door(self, replies: Sequence[bytes], at: float) -> DoorState:
        answer = modbus_rtu.decode_reply(replies[0])
        if not isinstance(answer, modbus_rtu.ReadReply):
            return DoorState(at, None, None)
        inputs = answer.bits(self._count)
        return DoorState(
            at,
            closed=inputs[self._wiring.reed - 1] == self._wiring.shut_when_closed,
            locked=inputs[self._wiring.bolt - 1] == self._wiring.locked_when_closed,
        )

    def contacts(self, replies: Sequence[bytes]) -> tuple[bool, ...]:
        answer = modbus_rtu.decode_reply(replies[0])
        return answer.bits(self._count) if isinstance(answer, modbus_rtu.ReadReply) else ()

    def checked(self, reply: bytes) -> int:
        return int.from_bytes(reply[3:5], "big")


def _exchange(request: modbus_rtu.Read | modbus_rtu.WriteOne) -> Exchange:
    size = modbus_rtu.reply_size(request)
    wire = modbus_rtu.encode(request)
    reads = isinstance(request, modbus_rtu.Read)
    return Exchange(
        request=wire,
        reply=Form(bytes([*wire[:2], size - 5]) if reads else wire[:6], size, _is_sound),
        refusal=Form(bytes([request.unit, request.function | modbus_rtu.REFUSED]), 5, _is_sound),
        least=modbus_rtu.SHORTEST,
        deadline=DEADLINE_S,
        worst=WORST_S,
        hold=HOLD_S if reads else 0.0,
        stranger=_stranger(request.unit),
    )


def _is_sound(packet: bytes) -> bool:
    return crc16_modbus(packet) == 0


def _stranger(unit: int) -> Callable[[bytes], bool]:
    return lambda got: any(reply.unit != unit for reply in modbus_rtu.ReplyDecoder().feed(got))
