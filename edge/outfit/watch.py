"""Reads the files again when asked, keeps copies of what was accepted, and tells the engine of both.

It lives on the worker's thread. What was refused changes nothing; a recall alone does not wait for the rest.
"""

from collections.abc import Callable
from dataclasses import replace

import structlog

from edge.errors import ConfigError, CounterError
from edge.outfit.applied import Applied
from edge.outfit.loading import Outfit, named
from edge.outfit.planogram_file import read_recalls
from edge.turn import FilesRead, Goods, Input

log = structlog.get_logger(__name__)


class OutfitWatch:
    """outfit: what was accepted last; ``put`` takes it to the engine."""

    def __init__(self, outfit: Outfit, reload: Callable[[], Outfit], put: Callable[[Input], None]) -> None:
        self.outfit = outfit
        self._reload = reload
        self._put = put
        self._applied = Applied(outfit.data)

    def begin(self, refused: tuple[str, ...]) -> None:
        """The counter starts. refused: why ``outfit`` is that of the copies; (): it is that of the files."""
        warn(self.outfit)
        for problem in refused:
            log.error("files_refused", problem=problem)
        if not refused:
            self._keep(self.outfit)
        self._put(FilesRead(refused))

    def read_again(self) -> None:
        """Take up the files as they are now, whole or not at all."""
        try:
            outfit = self._reload()
        except CounterError as error:
            log.error("files_refused", error=str(error))
            self._put(FilesRead(tuple(str(error).splitlines())))
            self._recall()
            return
        log.info("files_read_again", catalogue=outfit.catalogue.version)
        self.outfit = outfit
        warn(outfit)
        self._put(FilesRead(()))
        self._put(goods_of(outfit))
        self._keep(outfit)

    def adopt(self, outfit: Outfit) -> None:
        """The engine works by ``outfit`` already: a document of the centre is part of it."""
        self.outfit = outfit
        warn(outfit)
        self._keep(outfit)

    def _recall(self) -> None:
        """A recall has a file of its own: another's fault does not put it off."""
        outfit = self.outfit
        path = named(outfit.settings.files, outfit.path.parent).get("recalls")
        try:
            recalls = read_recalls(path) if path else outfit.recalls
        except ConfigError:  # it is among what was refused
            return
        if recalls == outfit.recalls or path is None:
            return
        log.info("recalls_read_again", recalls=len(recalls.lots))
        self.outfit = replace(outfit, recalls=recalls)
        self._put(goods_of(self.outfit))
        if copies := self._applied.files():
            self._keep(replace(self.outfit, files={**copies, "recalls": path}, stamps={}))

    def _keep(self, outfit: Outfit) -> None:
        try:
            if not self._applied.keep(outfit.files, outfit.stamps or None):
                log.warning("copies_not_kept", why="a file changed while it was read; send SIGHUP again")
        except OSError as error:
            log.error("copies_not_kept", why=str(error))


def goods_of(outfit: Outfit) -> Goods:
    """What is for sale, for the engine."""
    return Goods(
        outfit.catalogue,
        outfit.planogram,
        outfit.roster,
        traces=outfit.traces,
        prices=outfit.prices,
        recalls=outfit.recalls,
        deliveries=outfit.deliveries,
        draft=outfit.draft,
    )


def warn(outfit: Outfit) -> None:
    """Say in the log what was found in the files and let pass."""
    for said in outfit.warnings:
        log.warning("planogram", version=outfit.planogram.version, said=said)
