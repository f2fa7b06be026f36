"""What can be broken, by name: each fault is a small object on the wire or a switch in the cabinet.

Knows the menu and how each one spoils bytes or mechanics; does not know when somebody wants it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from edge.hardware.codecs.checksums import crc16_modbus, xor8
from hardware_sim.bus import Reply
from hardware_sim.door import Door
from hardware_sim.errors import Impossible, Malformed
from hardware_sim.tray import Tray


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that is on. probability and seconds mean what the menu says for this name."""

    name: str
    tray: str | None = None
    probability: float = 1.0
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "tray": self.tray,
            "probability": self.probability,
            "seconds": self.seconds,
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu. tray: it concerns one tray, which must be named."""

    name: str
    zh: str
    en: str
    tray: bool = False
    probability: float | None = None
    seconds: float | None = None


MENU: Mapping[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry(
            "bolt_stuck", "锁舌卡住：收到开锁脉冲也不动", "The bolt is stuck: it does not follow the pulse"
        ),
        Entry("not_latching", "关门后锁不上", "The bolt does not engage when the door is closed"),
        Entry("stuck_reed", "门磁卡住：一直报告现在的状态", "The reed contact is stuck where it is now"),
        Entry("tray_silent", "这个托盘的秤不回答", "This tray's scale does not answer", tray=True),
        Entry("tray_unstable", "这个托盘的秤一直不稳", "This tray's scale never settles", tray=True),
        Entry("overload", "这个托盘的秤报告超载", "This tray's scale reports overload", tray=True),
        Entry("line_gone", "通信线被拔掉", "The serial line is unplugged"),
        Entry("drop", "回答整条丢失", "Whole replies are lost", probability=0.2),
        Entry(
            "drop_request",
            "请求整条丢失，设备没有听到",
            "Whole requests are lost: boards hear nothing",
            probability=0.2,
        ),
        Entry("flip", "回答里个别位翻转", "Single bits of replies flip, per byte", probability=0.02),
        Entry("noise", "回答前有杂波字节", "Line noise stands in front of replies", probability=0.5),
        Entry(
            "late", "回答迟到，超过等待时间", "Replies come after the time-out", probability=1.0, seconds=0.6
        ),
        Entry("wrong_crc", "回答的校验码错误", "Replies carry a wrong checksum", probability=1.0),
        Entry("truncate", "回答缺少结尾", "The end of replies is missing", probability=0.5),
        Entry("duplicate", "回答重复发送", "Replies are sent twice", probability=0.5),
        Entry("wrong_unit", "回答带着别的设备号", "Replies carry another unit's number", probability=0.5),
        Entry("echo", "转换器回送主机自己发的字节", "The adapter gives back what the master sends"),
    )
}

WIRE = ("drop", "flip", "noise", "late", "wrong_crc", "truncate", "duplicate", "wrong_unit")


class Faults:
    """The faults that are on, in the order they were set. Also the bus's wiretap."""

    def __init__(self, door: Door, trays: Mapping[str, Tray]) -> None:
        self._door = door
        self._trays = trays
        self._on: dict[tuple[str, str | None], Fault] = {}
        self.gone = False
        self.echo = False

    @property
    def active(self) -> tuple[Fault, ...]:
        return tuple(self._on.values())

    def set(self, fault: Fault, now: float) -> None:
        """Switch ``fault`` on, or on again with other numbers. Raises Malformed, Impossible."""
        entry = entry_of(fault.name)
        if entry.tray != (fault.tray is not None):
            raise Malformed(f"fault {fault.name}: " + ("name a tray" if entry.tray else "takes no tray"))
        if fault.tray is not None and fault.tray not in self._trays:
            raise Impossible("NO_SUCH_TRAY", f"no tray {fault.tray}")
        self._on[fault.name, fault.tray] = fault
        self._apply(now)

    def clear(self, name: str, tray: str | None, now: float) -> None:
        """Switch off ``name`` (on ``tray`` only, when given); off already is fine. Raises Malformed."""
        entry_of(name)
        for key in [key for key in self._on if key[0] == name and tray in (None, key[1])]:
            del self._on[key]
        self._apply(now)

    def to_devices(self, data: bytes, random: Random) -> bytes:
        """What the boards hear of a request: all of it or nothing."""
        lost = self._on.get(("drop_request", None))
        return b"" if lost is not None and random.random() < lost.probability else data

    def to_master(self, device: str, replies: list[Reply], random: Random) -> list[Reply]:
        if not replies or not self._on:
            return replies
        if self.silences(device):
            return []
        for fault in self._on.values():
            if fault.name in WIRE:
                replies = [spoilt for reply in replies for spoilt in _spoil(fault, reply, random)]
        return replies

    def silences(self, tray: str) -> bool:
        """Whether this tray's scale says nothing."""
        return ("tray_silent", tray) in self._on

    def _apply(self, now: float) -> None:
        """Bring the cabinet's switches into line with what is on."""
        names = {fault.name for fault in self._on.values()}
        self.gone = "line_gone" in names
        self.echo = "echo" in names
        self._door.stuck = "bolt_stuck" in names
        self._door.jammed = "not_latching" in names
        if "stuck_reed" not in names:
            self._door.reed_stuck = None
        elif self._door.reed_stuck is None:
            self._door.reed_stuck = self._door.reed_closed(now)
        for tray in self._trays.values():
            tray.unstable = ("tray_unstable", tray.id) in self._on
            tray.overload = ("overload", tray.id) in self._on


def entry_of(name: str) -> Entry:
    """The menu's line for ``name``. Raises Malformed when there is none."""
    if name not in MENU:
        raise Malformed(f"no fault {name}: choose from {', '.join(MENU)}")
    return MENU[name]


def _spoil(fault: Fault, reply: Reply, random: Random) -> list[Reply]:
    """What becomes of one reply under one fault of the wire."""
    due, data = reply
    if fault.name == "flip":
        return [(due, bytes(_flip(byte, fault.probability, random) for byte in data))]
    if not data or random.random() >= fault.probability:
        return [reply]
    match fault.name:
        case "drop":
            return []
        case "noise":
            return [(due, random.randbytes(random.randint(1, 3)) + data)]
        case "late":
            return [(due + fault.seconds, data)]
        case "wrong_crc":
            return [(due, data[:-1] + bytes([data[-1] ^ random.randrange(1, 256)]))]
        case "truncate":
            return [(due, data[: random.randrange(len(data))])]
        case "duplicate":
            return [(due, data + data)]
        case _:
            return [(due, _from_another(data))]


def _flip(byte: int, probability: float, random: Random) -> int:
    return byte ^ 1 << random.randrange(8) if random.random() < probability else byte


def _from_another(data: bytes) -> bytes:
    """The reply as the next unit or board would send it: a valid checksum under a wrong number."""
    if crc16_modbus(data) == 0:
        bare = bytes([data[0] % 247 + 1]) + data[1:-2]
        return bare + crc16_modbus(bare).to_bytes(2, "little")
    bare = data[:1] + bytes([data[1] % 99 + 1]) + data[2:-1]
    return bare + bytes([xor8(bare)])
