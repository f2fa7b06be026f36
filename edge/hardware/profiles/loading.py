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
    """The one read of a poll."""

    function: ReadFunction
    address: Address
    count: Annotated[int, Meta(ge=1, le=125)]


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
    function: ReadFunction
    address: Address
    every_s: Seconds
    stable: Stable
    faults: tuple[Flag, ...] = ()
    decimals: Decimals | None = None


class MustBeZero(Table, frozen=True, kw_only=True):
    """A holding register that must read 0 before the tray may sell."""

    address: Address
    name: str


class Profile(Table, frozen=True, kw_only=True):
    """One transmitter's register map."""

    name: str
    line: Line
    read: Poll
    value: Value
    status: Status
    must_be_zero: tuple[MustBeZero, ...] = ()


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
    if value.offset + WORDS[value.type] > read.count:
        yield f"value.offset: {value.type} at {value.offset} does not fit into read.count = {read.count}"
    if value.scale == 0:
        yield "value.scale: 0 makes every weight 0"
    if (read.function, read.count) == (profile.status.function, 1):
        yield "read.count: 1 register like status: after a time-out their answers could be confused"
    if line.worst_s < line.deadline_s:
        yield "line.worst_s: must not be below line.deadline_s"
