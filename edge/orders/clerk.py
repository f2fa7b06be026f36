"""The worker's side of commands: puts documents together, tries them and settings out, looks at the machine.

It lives on the worker's thread and decides nothing: whether and when something is put in force is the
engine's matter. What it tries is read from the disk by the functions that a start uses.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from cloud_bridge.commands import Document
from cloud_bridge.documents import BadDocument, digest, joined
from edge.domain.orders import Why
from edge.errors import ConfigError
from edge.orders.allowed import problems_of
from edge.outfit import documents
from edge.outfit.loading import Outfit
from edge.outfit.overlay import Overlay, Value, read_overlay, write_overlay
from edge.outfit.settings_load import CENTRE
from edge.outfit.watch import OutfitWatch, goods_of
from edge.turn import Errand, Examine, Examined, Tried, TryConfig, TryDocument

log = structlog.get_logger(__name__)

Trial = Callable[[Mapping[str, str] | None, Overlay | None], Outfit]
"""Read everything as a start would, with these documents (kind → SHA-256) and these changed settings."""

_PERSONAL = re.compile(r'^\s*(?:login|ref|title|unit)\s*=\s*"([^"]+)"', re.MULTILINE)


class Clerk:
    """watch: the files in use. machine: what the machine says of itself."""

    def __init__(self, watch: OutfitWatch, trial: Trial, machine: Callable[[], Mapping[str, object]]) -> None:
        self._watch = watch
        self._trial = trial
        self._machine = machine
        self._data = watch.outfit.data
        self._tried: dict[str, tuple[str, str, Outfit]] = {}
        self._overlays: dict[str, Overlay] = {}

    def do(self, errand: Errand) -> Tried | Examined:
        """The answer to ``errand``, for the engine."""
        match errand:
            case TryDocument():
                return self._document(errand)
            case TryConfig(command=command, values=values):
                return self._config(command, values)
            case Examine(command=command):
                return Examined(command, self._machine())

    def adopt(self, command: str) -> None:
        """The document of ``command`` is in force: what pages and later starts go by follows."""
        if command not in self._tried:
            return
        kind, sha256, outfit = self._tried.pop(command)
        before = self._watch.outfit.files.get(kind)
        self._watch.adopt(outfit)
        self._tidy(kind, {sha256: None, before.stem if before else "": None})

    def install(self, command: str) -> None:
        """The settings of ``command``, to be started with. Raises OSError."""
        write_overlay(self._data, self._overlays.pop(command))

    # --- documents ------------------------------------------------------------------------------------
    def _document(self, asked: TryDocument) -> Tried:
        first = asked.commands[0]
        try:
            text = joined(_parts(asked), lambda sha256: self._base(asked.kind, sha256))
        except BadDocument as error:
            code = Why.BASE_UNKNOWN if error.code == Why.BASE_UNKNOWN else Why.BAD_DOCUMENT
            return Tried(first, code, str(error))
        except ValueError as error:
            return Tried(first, Why.BAD_DOCUMENT, str(error))
        try:
            path = documents.keep(self._data, asked.kind, text)
        except OSError as error:
            return Tried(first, Why.STORAGE, str(error.strerror), failed=True)
        if documents.read(path) != text:
            return Tried(first, Why.STORAGE, "what was written is not what was read back", failed=True)
        try:
            outfit = self._trial({asked.kind: asked.sha256}, None)
        except ConfigError as error:
            self._tidy(asked.kind, self._in_use(asked.kind))
            said = _told(error, path, asked.kind, text).replace(f"{self._watch.outfit.path.parent}/", "")
            return Tried(first, Why.BAD_DOCUMENT, said)
        self._tried = {first: (asked.kind, asked.sha256, outfit)}
        return Tried(first, goods=goods_of(outfit))

    def _base(self, kind: str, sha256: str) -> str | None:
        """The text in force, or one that is kept, where it is the one of that hash."""
        path = self._watch.outfit.files.get(kind)
        if path is not None:
            try:
                text = path.read_bytes().decode()
            except (OSError, UnicodeDecodeError):
                text = ""
            if digest(text) == sha256:
                return text
        return documents.read(documents.path_of(self._data, kind, sha256))

    def _in_use(self, kind: str) -> dict[str, None]:
        path = self._watch.outfit.files.get(kind)
        return {path.stem: None} if path is not None else {}

    def _tidy(self, kind: str, wanted: Mapping[str, None]) -> None:
        try:
            documents.tidy(self._data, kind, wanted)
        except OSError as error:
            log.warning("documents_not_tidied", kind=kind, why=str(error))

    # --- settings ---------------------------------------------------------------------------------------
    def _config(self, command: str, values: Mapping[str, Value]) -> Tried:
        if problems := list(problems_of(values)):
            return Tried(command, Why.BAD_CONFIG, "\n".join(problems))
        try:
            overlay = read_overlay(self._data).changed(command, values)
            outfit = self._trial(None, overlay)
        except ConfigError as error:
            said = "\n".join(error.problems).replace(f"{self._watch.outfit.path.parent}/", "")
            return Tried(command, Why.BAD_CONFIG, said)
        if hidden := [name for name in values if not outfit.origins.get(name, "").startswith(CENTRE)]:
            return Tried(command, Why.OVERRIDDEN, f"set otherwise at the counter: {', '.join(hidden)}")
        self._overlays = {command: overlay}
        return Tried(command)


def _parts(asked: TryDocument) -> list[Document]:
    return [
        Document(
            version=asked.version,
            sha256=asked.sha256,
            base=asked.base,
            part=number,
            of=len(asked.parts),
            data=data,
        )
        for number, data in enumerate(asked.parts, 1)
    ]


def _told(error: ConfigError, path: Path, kind: str, text: str) -> str:
    """Every reason, without the machine's paths; of a roster without what names its accounts."""
    said = "\n".join(error.problems).replace(str(path), kind)
    for number, personal in enumerate(_PERSONAL.findall(text) if kind == "roster" else (), 1):
        said = said.replace(personal, f"#{number}")
    return said
