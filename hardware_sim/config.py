"""What cabinet is simulated: config/sim.toml, with weights from the catalogue and goods from the planogram.

Reads those three files itself: the simulator must not share the counter's reading of them.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from hardware_sim.errors import ConfigError
from hardware_sim.goods import Product

BOARDS = {
    "lock.bcc8a": (range(1, 100), range(1, 25)),
    "lock.krcu": (range(10), range(1, 17)),
    "lock.krcu48": (range(256), range(1, 49)),
    "lock.modbus": (range(1, 248), range(1, 33)),
    "lock.winnsen": (range(1, 5), range(1, 17)),
    "lock.wkly": (range(32), range(1, 13)),
    "cabinet.iw": (range(1, 2), range(1, 49)),
}
"""The numbers that a lock board of each kind can have, and its channels."""

UNITS = {
    "scale.modbus32": range(1, 248),
    "scale.ascii": range(1, 2),
    "scale.x0502": range(1, 49),
    "scale.lowa": range(10_000),
    "cabinet.iw": range(1, 21),
}
"""The numbers that a scale of each kind can have."""

MAIN = "main"
"""What the counter calls the line of ``[line]``."""

T = TypeVar("T")
Contact = Literal["short", "open"]
LockKind = Literal[
    "lock.bcc8a", "lock.krcu", "lock.krcu48", "lock.modbus", "lock.winnsen", "lock.wkly", "cabinet.iw"
]
Channel = Annotated[int, Meta(ge=1, le=48)]
Unit = Annotated[int, Meta(ge=0, le=9999)]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file: unknown keys are refused."""


class LineTable(Section, frozen=True, kw_only=True):
    link: str
    baud: Annotated[int, Meta(ge=300, le=921600)] = 38400


class FilesTable(Section, frozen=True, kw_only=True):
    catalogue: str = "catalogue.csv"
    planogram: str = "planogram.toml"


class LockTable(Section, frozen=True, kw_only=True):
    driver: LockKind = "lock.bcc8a"
    board: Annotated[int, Meta(ge=0, le=255)] = 1
    lock: Channel = 1
    channel_base: Literal[0, 1] = 0
    """lock.wkly: what the board calls its first channel."""
    bolt: Channel = 1
    """lock.modbus: the input of the bolt's contact, as reed is the input of the door's."""
    feedback_when_locked: Contact = "short"
    reed: Channel = 2
    reed_when_closed: Contact = "short"


class DoorTable(Section, frozen=True, kw_only=True):
    relock_after_s: Annotated[float, Meta(gt=0.2)] = 9.5


class ScalesTable(Section, frozen=True, kw_only=True):
    driver: Literal["scale.modbus32", "scale.ascii", "scale.x0502", "scale.lowa", "cabinet.iw"] = (
        "scale.modbus32"
    )
    dialect: Literal["mt_sics", "stgs"] = "mt_sics"
    """scale.ascii: answers MT-SICS, or says its weight over and over."""
    profile: str = "modbus32"
    """scale.modbus32: a packaged register map, or a TOML file relative to this one."""
    units: dict[str, Unit]
    ports: dict[str, str] = {}
    """Tray → its line in [lines], where that is not the one of [line]."""

    def line_of(self, tray: str) -> str:
        """The name of the line that this tray's scale is on."""
        return self.ports.get(tray, MAIN)


class HttpTable(Section, frozen=True, kw_only=True):
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 0


class SimFile(Section, frozen=True, kw_only=True):
    line: LineTable
    scales: ScalesTable
    lines: dict[str, LineTable] = {}
    """Further lines, by what the counter calls their ports."""
    files: FilesTable = FilesTable()
    lock: LockTable = LockTable()
    door: DoorTable = DoorTable()
    http: HttpTable = HttpTable()


class Facing(msgspec.Struct, frozen=True, kw_only=True):
    """What the simulator reads of a planogram's tray; it leaves the rest to the counter."""

    id: str
    sku: str
    opening: Annotated[int, Meta(ge=0)]


class PlanogramFile(msgspec.Struct, frozen=True, kw_only=True):
    tray: tuple[Facing, ...]


@dataclass(frozen=True, slots=True)
class Config:
    """The cabinet, whole: ``facings`` in the cabinet's order, each with a scale and a known product.

    Goods that share a tray have a facing each.
    """

    file: SimFile
    products: Mapping[str, Product]
    facings: tuple[Facing, ...]
    here: Path = Path()
    """Where the file lies."""


def load(path: Path) -> Config:
    """The cabinet that ``path`` describes. Raises ConfigError naming every fault of meaning at once."""
    file = _decoded(path, SimFile)
    products = _products(path.parent / file.files.catalogue)
    facings = _decoded(path.parent / file.files.planogram, PlanogramFile).tray
    if problems := list(_problems(file, products, facings)):
        raise ConfigError(f"{path}: " + "; ".join(problems))
    return Config(file, products, facings, path.parent)


def _problems(file: SimFile, products: Mapping[str, Product], facings: tuple[Facing, ...]) -> Iterator[str]:
    scales, units = file.scales, file.scales.units
    if len({(scales.line_of(tray), unit) for tray, unit in units.items()}) != len(units):
        yield "[scales.units] two trays have one unit number: both would answer at once"
    for tray, unit in units.items():
        if unit not in UNITS[scales.driver]:
            allowed = UNITS[scales.driver]
            yield f"[scales.units] {tray}: {scales.driver} has numbers {allowed.start}…{allowed.stop - 1}"
    for tray, line in scales.ports.items():
        if line != MAIN and line not in file.lines:
            yield f"[scales.ports] {tray}: there is no line {line} under [lines]"
    boards, channels = BOARDS[file.lock.driver]
    if file.lock.board not in boards or not {file.lock.lock, file.lock.reed} <= set(channels):
        yield (
            f"[lock] {file.lock.driver} has boards {boards.start}…{boards.stop - 1} and "
            f"channels {channels.start}…{channels.stop - 1}"
        )
    if file.lock.driver == "lock.modbus":
        if file.lock.bolt == file.lock.reed:
            yield "[lock] bolt and reed share an input: give the reed another one"
    elif file.lock.lock == file.lock.reed:
        yield "[lock] lock and reed share a channel: give the reed another one"
    if scales.driver == "cabinet.iw" and (file.lock.driver != "cabinet.iw" or scales.ports):
        yield "[scales] cabinet.iw weighs on the lock's board: name that driver in [lock], too, and no ports"
    placed = {facing.id for facing in facings}
    for tray in units.keys() - placed:
        yield f"tray {tray} has a scale but no place in the planogram"
    for facing in facings:
        if facing.id not in units:
            yield f"tray {facing.id} of the planogram has no unit in [scales.units]"
        if facing.sku not in products:
            yield f"tray {facing.id}: product {facing.sku} is not in the catalogue"


def _products(path: Path) -> dict[str, Product]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return {row["sku_id"]: _product(row) for row in csv.DictReader(lines)}
    except (OSError, UnicodeDecodeError, KeyError, ValueError) as error:
        raise ConfigError(f"{path}: cannot read the catalogue: {error!r}") from error


def _product(row: dict[str, str]) -> Product:
    return Product(
        sku=row["sku_id"],
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        unit_g=float(row["gross_weight_g"]),
        sd_g=float(row["gross_sd_g"]),
    )


def _decoded(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=kind)
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
