"""Settings that the centre changed: one file, ``data/config/overlay.json``, laid over the settings' file.

It holds what stands, and what stood before it, so that settings with which the counter does not start can
be taken back. It knows no meaning of a setting.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from edge.errors import ConfigError
from edge.outfit.durable import put

Value = str | int | float | bool


class Overlay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """values: dotted name → value, by ``command``. before: those of before it. failed: the command whose
    values were taken back last, "": none.
    """

    command: str = ""
    values: dict[str, Value] = {}
    before: dict[str, Value] = {}
    failed: str = ""

    def changed(self, command: str, values: Mapping[str, Value]) -> "Overlay":
        """With what ``command`` says on top. The same command again changes nothing."""
        if command == self.command:
            return self
        return Overlay(command=command, values={**self.values, **values}, before=self.values)

    def undone(self) -> "Overlay":
        """Without what was changed last."""
        return Overlay(values=self.before, before=self.before, failed=self.command)


NO_OVERLAY = Overlay()


def path_of(data: Path) -> Path:
    return data / "config" / "overlay.json"


def read_overlay(data: Path) -> Overlay:
    """What the centre changed; nothing where there is no file. Raises ConfigError for one that is damaged."""
    path = path_of(data)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Overlay)
    except FileNotFoundError:
        return NO_OVERLAY
    except (OSError, msgspec.DecodeError) as error:
        text = f"{path}: cannot be read ({error}); take it away to use the settings' file alone"
        raise ConfigError(text) from error


def write_overlay(data: Path, overlay: Overlay) -> None:
    """Whole or not at all. Raises OSError."""
    put(path_of(data), msgspec.json.encode(overlay))
