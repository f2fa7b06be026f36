"""Where a counter's outfit comes from, to be read as often as need be: at the start, again, and for trial."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from edge.outfit.loading import Outfit, load_or_kept, load_outfit, undone
from edge.outfit.overlay import Overlay


@dataclass(frozen=True, slots=True)
class Sources:
    """What the command line and the environment say. wall: the present moment, aware."""

    config: Path | None
    environ: Mapping[str, str]
    flags: Mapping[str, object] | None
    wall: Callable[[], datetime]

    def start(self) -> tuple[Outfit, tuple[str, ...]]:
        """See ``load_or_kept``."""
        return load_or_kept(self.config, environ=self.environ, flags=self.flags, now=self.wall())

    def again(self) -> Outfit:
        """The files as they are now. Raises ConfigError."""
        return self.trial(None, None)

    def trial(self, documents: Mapping[str, str] | None, overlay: Overlay | None) -> Outfit:
        """The same with documents or settings of the centre that do not stand yet. Raises ConfigError."""
        return load_outfit(
            self.config,
            environ=self.environ,
            flags=self.flags,
            now=self.wall(),
            documents=documents,
            overlay=overlay,
        )

    def undo(self, outfit: Outfit) -> bool:
        """Take back what the centre changed last in the settings; False: there is nothing to take back."""
        if not outfit.overlay.command:
            return False
        return undone(
            self.config,
            outfit.overlay,
            outfit.data,
            environ=self.environ,
            flags=self.flags,
            now=self.wall(),
        )
