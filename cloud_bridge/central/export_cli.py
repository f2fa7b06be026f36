"""``counter-central export``: the lists of the read API as files. Each file is there whole, or as it was."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import click
import msgspec

from cloud_bridge.central.cli import config_option, database_of, dir_option, json_option
from cloud_bridge.central.database import Connection, open_reader
from cloud_bridge.central.outward_ask import FORMATS, MAX_LIMIT, Asked, BadParameter, asked
from cloud_bridge.central.outward_form import head, text_of
from cloud_bridge.central.outward_query import page
from cloud_bridge.central.outward_sources import SOURCES, Source
from edge.domain.tables import csv_text
from edge.errors import CannotCreate

Rows = Sequence[msgspec.Struct]
FILTERS = {each.name: each.says for source in SOURCES.values() for each in source.filters}
TOLD_EVERY = 10_000
"""Rows between two lines of progress."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One file. cursor: what to give the read API as ``after`` (oldest first) for what came later."""

    list: str
    path: str
    rows: int
    cursor: str


def filter_options(command: Callable[..., int]) -> Callable[..., int]:
    """An option for each filter of any list, as the read API has them."""
    for name, says in reversed(FILTERS.items()):
        command = click.option(f"--{name.replace('_', '-')}", name, help=says)(command)
    return command


@click.command()
@config_option
@dir_option
@json_option
@click.argument("lists", nargs=-1, type=click.Choice(list(SOURCES)))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=".", help="Where files go.")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="csv", show_default=True)
@filter_options
def export(
    config: Path | None,
    directory: Path | None,
    as_json: bool,
    lists: Sequence[str],
    out: Path,
    form: str,
    **filters: str | None,
) -> int:
    """Write LISTS as files, oldest first; without any, all lists that know the filters given."""
    given = {name: value for name, value in filters.items() if value}
    wanted = [(source, _asked(source, given)) for source in _sources(lists, given)]
    told = []
    with closing(open_reader(database_of(config, directory))) as db:
        for source, first in wanted:
            written = _written(db, source, first, out / f"{source.file}.{form}", form)
            told.append(written)
            if not as_json:
                click.echo(f"{written.path}  {written.rows}")
    if as_json:
        click.echo(msgspec.json.encode(told))
    return 0


def _sources(lists: Sequence[str], given: Mapping[str, str]) -> list[Source]:
    """Those that are named, else those that know every filter; says which are left out."""
    if lists:
        return [SOURCES[name] for name in dict.fromkeys(lists)]
    fit = [each for each in SOURCES.values() if given.keys() <= {known.name for known in each.filters}]
    if left := [name for name, each in SOURCES.items() if each not in fit]:
        click.echo(f"not written, for they know no such filter: {', '.join(left)}", err=True)
    if not fit:
        raise click.UsageError(f"no list knows all of: {', '.join(given)}")
    return fit


def _asked(source: Source, given: Mapping[str, str]) -> Asked:
    order = {"order": "oldest"} if source.by_arrival else {}
    try:
        return asked(source, {**given, **order, "limit": str(MAX_LIMIT)})
    except BadParameter as error:
        raise click.UsageError(f"{source.name}: {error}") from error


def _written(db: Connection, source: Source, first: Asked, path: Path, form: str) -> Written:
    """Beside its place, then into it: whoever reads the file never finds half of one."""
    rows, cursor = 0, ""
    try:
        with _replacing(path) as file:
            file.write(opening(source, form))
            for found, after in pages(db, source, first):
                file.write(continued(source, found, form, rows > 0))
                if (rows + len(found)) // TOLD_EVERY > rows // TOLD_EVERY:
                    click.echo(f"{source.name}: {rows + len(found)} rows", err=True)
                rows, cursor = rows + len(found), after
            file.write(b"]\n" if form == "json" else b"")
    except OSError as error:
        raise CannotCreate(f"{path}: {error.strerror or error}; choose another --out") from error
    click.echo(f"{source.name}: {rows} rows in {path}", err=True)
    return Written(list=source.name, path=str(path), rows=rows, cursor=cursor)


def pages(db: Connection, source: Source, first: Asked) -> Iterator[tuple[Rows, str]]:
    """All rows, each page with the cursor behind it."""
    wanted, more = first, True
    while more:
        found = page(db, source, wanted)
        yield found.rows, found.cursor
        more = found.more
        wanted = following(source, first, found.cursor) if more else wanted


def following(source: Source, first: Asked, cursor: str) -> Asked:
    """``first``, behind the cursor."""
    place = asked(source, {"after": cursor})
    return replace(first, number=place.number, place=place.place)


def opening(source: Source, form: str) -> bytes:
    """What stands before the first row."""
    return {"json": b"[", "jsonl": b"", "csv": csv_text(head(source), []).encode()}[form]


def continued(source: Source, rows: Rows, form: str, is_later: bool) -> bytes:
    """The rows of one page, to be put behind those before."""
    text = text_of(source, rows, form)
    if form == "json":
        return (b"," if is_later and rows else b"") + text[1:-1]
    return text.removeprefix(opening(source, form))


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
