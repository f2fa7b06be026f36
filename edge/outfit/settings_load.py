"""Reads settings of any msgspec Struct from flags, environment, one TOML file and the Struct's defaults.

It knows layers and types, and collects every fault before it gives up; what a value means is checked
elsewhere (``settings_check``). First found wins::

    flag  >  PREFIX_SECTION__KEY in the environment  >  the centre's overlay  >  file  >  the Struct's default
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from edge.errors import ConfigError
from edge.outfit.overlay import Overlay, read_overlay
from edge.outfit.settings_walk import Leaf, Tree, Walk, tree_of
from edge.settings import Files, Settings

T = TypeVar("T")

PROGRAMS = ("COUNTER_CENTRAL_", "COUNTER_SIM_")
"""Prefixes of other programs' variables: ``COUNTER_`` alone does not claim them."""


CENTRE = "centre"
"""How the origin of a setting begins that the centre changed; its command follows."""


@dataclass(frozen=True, slots=True)
class Loaded(Generic[T]):
    """Settings and where each came from.

    path: the file that was read, None where there was none. origins: ``section.key`` → ``flag``,
    ``env NAME``, ``centre COMMAND`` or ``file PATH``; a key that is missing here has its default.
    """

    value: T
    path: Path | None
    origins: Mapping[str, str]


def find_config(
    config: Path | None,
    environ: Mapping[str, str],
    *,
    name: str = "counter",
    variable: str = "COUNTER_CONFIG",
) -> Path | None:
    """The settings file that counts; None where no place has one.

    ``config`` (the flag) > ``$variable`` > ``/etc/counter/NAME.toml`` >
    ``$XDG_CONFIG_HOME/counter/NAME.toml`` (default ``~/.config``). The first two are taken as named,
    there or not: a wrong path is a fault, never a reason to look elsewhere.
    """
    if config is not None:
        return config
    if named := environ.get(variable):
        return Path(named)
    return next((path for path in places(environ, name) if path.is_file()), None)


def places(environ: Mapping[str, str], name: str = "counter") -> tuple[Path, Path]:
    """Where a settings file is looked for when none is named, best first."""
    home = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME") or "/") / ".config")
    return Path(f"/etc/counter/{name}.toml"), home / "counter" / f"{name}.toml"


def load(
    path: Path | None,
    kind: type[T],
    *,
    env_prefix: str,
    environ: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
) -> Loaded[T]:
    """The settings as ``kind``, or ConfigError with one sentence for every fault of key and type.

    flags: ``{"section.key": value}``; None values are flags that were not given.
    """
    walk = read(path, kind, env_prefix=env_prefix, environ=environ, flags=flags)
    if walk.problems:
        raise ConfigError(walk.problems)
    return Loaded(cast(T, walk.parts[()]), path, walk.origins)


def read(
    path: Path | None,
    kind: type[Any],
    *,
    env_prefix: str,
    environ: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
    overlay: Overlay | None = None,
) -> Walk:
    """Like ``load``, but gives the faults and the parts that are right: ``parts[()]`` is the whole."""
    walk = Walk(str(path) if path else "settings")
    tree = _file(path, walk.problems) if path else {}
    if walk.problems:  # what else would be missing is no fault of its own
        return walk
    if overlay is not None:
        _lay(tree, overlay)
    for name, keys, text in _from_environment(kind, env_prefix, environ):
        _put(tree, keys, Leaf(text, f"env {name}", text=True))
    for place, value in (flags or {}).items():
        if value is not None:
            _put(tree, place.split("."), Leaf(value, "flag", text=isinstance(value, str)))
    walk.struct(kind, tree, ())
    return walk


def load_settings(
    path: Path | None, *, environ: Mapping[str, str], flags: Mapping[str, object] | None = None
) -> Loaded[Settings]:
    """The counter's settings; raises ConfigError. With the files they name: ``loading.load_outfit``."""
    walk, _ = read_settings(path, environ=environ, flags=flags)
    if walk.problems:
        raise ConfigError(walk.problems)
    return Loaded(cast(Settings, walk.parts[()]), path, walk.origins)


def read_settings(
    path: Path | None,
    *,
    environ: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
    overlay: Overlay | None = None,
) -> tuple[Walk, Overlay]:
    """Like ``read`` of the counter's settings, with what the centre changed, and that itself.

    overlay: instead of the one in the data directory, which only the other layers can name.
    """
    walk = read(path, Settings, env_prefix="COUNTER_", environ=environ, flags=flags)
    if overlay is None:
        try:
            overlay = read_overlay(data_of(walk))
        except ConfigError as error:
            walk.problems.extend(error.problems)
            return walk, Overlay()
    if overlay.values and walk.parts:
        walk = read(path, Settings, env_prefix="COUNTER_", environ=environ, flags=flags, overlay=overlay)
    return walk, overlay


def data_of(walk: Walk) -> Path:
    """The data directory, as far as the settings could be read."""
    return Path(cast(Files, walk.parts.get(("files",), Files())).data).absolute()


def _file(path: Path, problems: list[str]) -> Tree:
    try:
        return tree_of(tomllib.loads(path.read_text(encoding="utf-8")), f"file {path}")
    except FileNotFoundError:
        problems.append(f"{path}: there is no such file; name another with --config")
    except OSError as error:
        problems.append(f"{path}: cannot be read ({error.strerror}); check its owner and rights")
    except UnicodeDecodeError as error:
        problems.append(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8")
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{path}: is not TOML: {error}")
    return {}


def _from_environment(
    kind: type[Any], prefix: str, environ: Mapping[str, str]
) -> list[tuple[str, list[str], str]]:
    """Variables that are settings: those with ``__`` after the prefix, and the Struct's own keys."""
    found = []
    others = [other for other in PROGRAMS if other != prefix and other.startswith(prefix)]
    for name in sorted(environ):
        place = name.removeprefix(prefix).lower().split("__")
        is_setting = len(place) > 1 or place[0] in kind.__struct_fields__
        ours = name.startswith(prefix) and not name.startswith(tuple(others))
        if ours and all(place) and is_setting:
            found.append((name, place, environ[name]))
    return found


def _lay(tree: Tree, overlay: Overlay) -> None:
    """Lists are texts in TOML, as in the environment; everything else is of its type already."""
    for name, value in overlay.values.items():
        listed = isinstance(value, str) and value.startswith("[")
        _put(tree, name.split("."), Leaf(value, f"{CENTRE} {overlay.command}".strip(), text=listed))


def _put(tree: Tree, place: Sequence[str], leaf: Leaf) -> None:
    """Lay ``leaf`` over what ``tree`` has at ``place``."""
    *sections, key = place
    for section in sections:
        inner = tree.get(section)
        if not isinstance(inner, dict):
            inner = tree[section] = {}
        tree = inner
    tree[key] = leaf
