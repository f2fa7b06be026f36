"""What outlives the simulator's process: goods with their true weights, the hand, the door.

Knows the file's shape. The physical world does not reset when a process dies; noise, faults and
movements on the way do.
"""

from pathlib import Path

import msgspec

from hardware_sim.errors import ConfigError
from hardware_sim.goods import Piece
from hardware_sim.physics import Cabinet

Lying = tuple[str | None, float]
"""A piece: its sku (None: foreign) and its true weight in grams."""


class SavedTray(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    offset_g: float
    pieces: tuple[Lying, ...]


class Saved(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    trays: dict[str, SavedTray]
    hand: tuple[Lying, ...]
    carried: tuple[Lying, ...]
    brought: tuple[Lying, ...]
    door_open: bool
    locked: bool


def saved(cabinet: Cabinet, now: float) -> Saved:
    """The cabinet as it stands at ``now``."""
    return Saved(
        trays={
            tray.id: SavedTray(offset_g=tray.offset_g, pieces=_lying(tray.pieces))
            for tray in cabinet.trays.values()
        },
        hand=_lying(cabinet.hand),
        carried=_lying(cabinet.carried),
        brought=_lying(cabinet.brought),
        door_open=cabinet.door.is_open,
        locked=cabinet.door.locked(now),
    )


def restore(cabinet: Cabinet, found: Saved, now: float) -> None:
    """Put the cabinet as it was found; trays that the file does not know keep their opening goods."""
    for name, tray in cabinet.trays.items():
        if name in found.trays:
            tray.offset_g = found.trays[name].offset_g
            tray.pieces[:] = _pieces(found.trays[name].pieces)
    cabinet.hand[:] = _pieces(found.hand)
    cabinet.carried[:] = _pieces(found.carried)
    cabinet.brought[:] = _pieces(found.brought)
    cabinet.door.restore(found.door_open, found.locked, now)


def read(path: Path) -> Saved | None:
    """The state in ``path``, None when there is no such file. Raises ConfigError when it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Saved)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(f"{path}: {error}; remove it to begin with the opening goods") from error


def write(path: Path, state: Saved) -> None:
    """Replace ``path`` at once: a reader sees the old state or the new one, never half of one.

    Enough against a killed process; it is not meant to survive a power cut of the machine.
    """
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(msgspec.json.encode(state))
    fresh.replace(path)


def _lying(pieces: list[Piece]) -> tuple[Lying, ...]:
    return tuple((piece.sku, piece.grams) for piece in pieces)


def _pieces(lying: tuple[Lying, ...]) -> list[Piece]:
    return [Piece(sku, grams) for sku, grams in lying]
