"""Register maps from TOML files, checked whole. Knows what a map must say, not what it is used for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.errors import ConfigError

Address = Annotated[int, Meta(ge=0, le=0xFFFF)]
Bit = Annotated[int, Meta(ge=0, le=15)]
Seconds = Annotated[float, Meta(gt=0, le=60)]
ReadFunction = Literal[3, 4]

WORDS = {"int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "float32": 2}
"""Registers that each type of value takes."""

RANGES = {
    "int16": range(-(1 << 15), 1 << 15),
    "uint16": range(1 << 16),
    "int32": range(-(1 << 31), 1 << 31),
    "uint32": range(1 << 32),
}
"""Digits that a value of each type can have; a float can have any."""


class ProfileError(ConfigError):
    """A register map that cannot be used; says the file, the key and what is wrong."""


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file: unknown keys are refused."""


class Line(Table, frozen=True, kw_only=True):
    """Times of the device; see ``Exchange``."""

    deadline_s: Seconds
    worst_s: Seconds
    hold_s: Annotated[float, Meta(ge=0, le=60)]


class Poll(Table, frozen=True, kw_only=True):
    """One read. address: as on the wire, counted from 0."""

    function: ReadFunction = 3
    address: Address
    count: Annotated[int, Meta(ge=1, le=125)]
    reply_words: Annotated[int, Meta(ge=1, le=125)] | None = None
    """Registers that really come back, where a device answers more than it was asked for."""
    refused: bool = False
    """The device does not have these registers, and its refusal is the answer."""

    @property
    def words(self) -> int:
        """Registers in the answer."""
        return self.count if self.reply_words is None else self.reply_words


class Value(Table, frozen=True, kw_only=True):
    """Where the weight lies in the poll's answer. offset: registers. grams = digits × scale."""

    offset: Annotated[int, Meta(ge=0)]
    type: Literal["int16", "uint16", "int32", "uint32", "float32"]
    word_order: Literal["high_first", "low_first"] = "high_first"
    scale: float
    division_g: Annotated[float, Meta(gt=0)]
    sentinels: tuple[int, ...] = ()


class Flag(Table, frozen=True, kw_only=True):
    """A bit of the status word that means "no usable weight" while it is 1."""

    bit: Bit
    name: str


class Stable(Table, frozen=True, kw_only=True):
    """The status bit that tells rest from motion, and its value at rest."""

    bit: Bit
    when: Literal[0, 1]


class Decimals(Table, frozen=True, kw_only=True):
    """The part of the status word that must read ``value``, or the scale factor is wrong."""

    mask: Annotated[int, Meta(ge=1, le=0xFFFF)]
    value: Annotated[int, Meta(ge=0, le=0xFFFF)]


class Status(Table, frozen=True, kw_only=True):
    """The status word: in the poll's answer at ``offset``, or read apart at ``address`` now and then."""

    function: ReadFunction = 3
    address: Address | None = None
    offset: Annotated[int, Meta(ge=0)] | None = None
    every_s: Seconds = 3.0
    stable: Stable | None = None
    faults: tuple[Flag, ...] = ()
    decimals: Decimals | None = None


class MustBeZero(Table, frozen=True, kw_only=True):
    """A holding register that must read 0 before the tray may sell."""

    address: Address
    name: str


class Command(Table, frozen=True, kw_only=True):
    """A write that people may want to see or make with ``counter wire``; the counter itself sends none.

    value: what is written; None: whoever makes the frame says it. words: registers that it takes.
    """

    name: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]*$")]
    kind: Literal["zero", "tare", "calibrate", "config"]
    function: Literal[6, 16]
    address: Address
    words: Literal[1, 2] = 1
    value: Annotated[int, Meta(ge=0, le=0xFFFFFFFF)] | None = None


class Profile(Table, frozen=True, kw_only=True):
    """One transmitter's register map."""

    name: str
    line: Line
    read: Poll
    value: Value
    status: Status | None = None
    probe: Poll | None = None
    """What is asked after a time-out, where that is not the status word: its answer has another length than
    the weight's, or it is a refusal."""
    must_be_zero: tuple[MustBeZero, ...] = ()
    command: tuple[Command, ...] = ()

    @property
    def harmless(self) -> Poll:
        """The question for after a time-out."""
        if self.probe is not None:
            return self.probe
        if self.status is None:
            raise ProfileError(f"profile {self.name}: neither probe nor status to ask after a time-out")
        offset = self.status.offset or 0
        address = self.read.address + offset if self.status.address is None else self.status.address
        return Poll(function=self.status.function, address=address, count=1)


def load(name: str, here: Path = Path()) -> Profile:
    """The profile called ``name``: a packaged one, or the path of a TOML file, relative to ``here``.

    Raises ProfileError naming the file, the key and the fault.
    """
    path = here / name if name.endswith(".toml") else Path(__file__).with_name(f"{name}.toml")
    try:
        profile = msgspec.toml.decode(path.read_bytes(), type=Profile)
    except FileNotFoundError as error:
        known = ", ".join(sorted(p.stem for p in Path(__file__).parent.glob("*.toml")))
        raise ProfileError(f"{path}: no such profile; packaged ones: {known}") from error
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise ProfileError(f"{path}: {error}") from error
    if problems := list(problems_of(profile)):
        raise ProfileError([f"{path}: {problem}" for problem in problems])
    return profile


def problems_of(profile: Profile) -> Iterator[str]:
    """Sentences naming everything in ``profile`` that contradicts itself."""
    value, read, line = profile.value, profile.read, profile.line
    if value.offset + WORDS[value.type] > read.words:
        yield f"value.offset: {value.type} at {value.offset} does not fit into read.count = {read.words}"
    if value.scale == 0:
        yield "value.scale: 0 makes every weight 0"
    for sentinel in value.sentinels:
        if value.type in RANGES and sentinel not in RANGES[value.type]:
            yield f"value.sentinels: {sentinel} never stands in {value.type}; 0xFFFF in int16 is -1"
    if line.worst_s < line.deadline_s:
        yield "line.worst_s: must not be below line.deadline_s"
    yield from _status_problems(profile)
    names = [command.name for command in profile.command]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"command: {name} is there twice"


def _status_problems(profile: Profile) -> Iterator[str]:
    status, read = profile.status, profile.read
    if status is None and profile.probe is None:
        yield "probe: without a status word, say what harmless read may follow a time-out"
        return
    if status is not None and (status.address is None) == (status.offset is None):
        yield "status: give either address (read apart) or offset (within the poll's answer)"
        return
    if status is not None and status.offset is not None:
        if status.offset >= read.words:
            yield f"status.offset: {status.offset} does not fit into read.count = {read.words}"
        if status.decimals is not None:
            yield "status.decimals: only for a status word that is read apart, at status.address"
    harmless = profile.harmless
    if not harmless.refused and (harmless.words, harmless.function) == (read.words, read.function):
        what = "probe" if profile.probe is not None else "status"
        confused = "after a time-out their answers could be confused"
        yield f"read.count: {read.words} register(s) like {what}: {confused}"
