"""Register maps as the simulated transmitter sees them: the same files that the counter reads, read apart.

Reads only what a device needs; what a map must say is the counter's business.
"""

from pathlib import Path
from typing import Literal

import msgspec

from edge.hardware import codecs
from hardware_sim.errors import ConfigError

PACKAGED = Path(next(iter(codecs.__path__))).parent / "profiles"
WORDS = {"int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "float32": 2}


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table of the file; keys that are none of the device's business are passed over."""


class Poll(Table, frozen=True, kw_only=True):
    address: int
    count: int
    function: int = 3
    reply_words: int | None = None
    refused: bool = False


class Value(Table, frozen=True, kw_only=True):
    offset: int
    type: Literal["int16", "uint16", "int32", "uint32", "float32"]
    scale: float
    division_g: float
    word_order: Literal["high_first", "low_first"] = "high_first"
    sentinels: tuple[int, ...] = ()


class Flag(Table, frozen=True, kw_only=True):
    bit: int
    name: str = ""


class Stable(Table, frozen=True, kw_only=True):
    bit: int
    when: int


class Decimals(Table, frozen=True, kw_only=True):
    mask: int
    value: int


class Status(Table, frozen=True, kw_only=True):
    address: int | None = None
    offset: int | None = None
    stable: Stable | None = None
    faults: tuple[Flag, ...] = ()
    decimals: Decimals | None = None


class Zeroed(Table, frozen=True, kw_only=True):
    address: int


class Command(Table, frozen=True, kw_only=True):
    kind: str
    function: int
    address: int
    words: int = 1
    value: int | None = None


class Profile(Table, frozen=True, kw_only=True):
    """One transmitter's map."""

    name: str
    read: Poll
    value: Value
    status: Status | None = None
    probe: Poll | None = None
    must_be_zero: tuple[Zeroed, ...] = ()
    command: tuple[Command, ...] = ()

    @property
    def status_at(self) -> int | None:
        """The status word's register; None: the map knows none."""
        if self.status is None:
            return None
        offset = self.status.offset or 0
        return self.read.address + offset if self.status.address is None else self.status.address


def load(name: str, here: Path) -> Profile:
    """The map called ``name``: a packaged one, or a TOML file relative to ``here``. Raises ConfigError."""
    path = here / name if name.endswith(".toml") else PACKAGED / f"{name}.toml"
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Profile)
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise ConfigError(f"{path}: no usable register map: {error}") from error
