"""The peers of ``counter bench ingest``: a worker's ingest, and a bare loop that writes the same rows.

``python -m cloud_bridge.central.ingest_bench ours|bare …``; nothing to start by hand. Each says ``ready``,
waits for a line on stdin, and says in one JSON object what it took. Neither knows a broker.
"""

import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from time import monotonic, process_time
from typing import TypeVar

import click
import msgspec

from cloud_bridge import feed
from cloud_bridge.central import projections, standing
from cloud_bridge.central.database import URL, Address, Connection
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.store import RAW, Store
from cloud_bridge.central.table import Entry, Row, Table, best
from cloud_bridge.loading import loaded
from cloud_bridge.turns import Limits
from cloud_bridge.wall import now_text

T = TypeVar("T")

Bodies = tuple[str, list[bytes]]
"""A counter, and its events of one message."""


class Took(msgspec.Struct, frozen=True, kw_only=True):
    """began, ended: by the monotonic clock that all processes share. commits: seconds each.

    waited_s, held_s: for the gate, and behind it until the commit was done.
    """

    events: int
    began: float
    ended: float
    cpu_s: float
    commits: list[float]
    waited_s: float = 0.0
    held_s: float = 0.0


class TimedStore(Store):
    """A store that notes how long its gate was waited for and held."""

    waited_s = held_s = 0.0
    _since: float | None = None

    def gate(self) -> None:
        began = monotonic()
        super().gate()
        if self._since is None:
            self._since = monotonic()
            self.waited_s += self._since - began

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        self._since = None
        try:
            with super().transaction() as db:
                yield db
        finally:
            if self._since is not None:
                self.held_s += monotonic() - self._since


def of_worker(path: Path, nth: int, of: int) -> list[Bodies]:
    """The messages that a broker deals to one of ``of`` workers."""
    return msgspec.msgpack.decode(path.read_bytes(), type=list[Bodies])[nth::of]


def as_sent(messages: Sequence[Bodies]) -> Iterator[tuple[str, bytes]]:
    """Topics and payloads as a counter's bridge makes them. Raises ValueError above what a message holds."""
    for counter, bodies in messages:
        numbers, payload = loaded(list(enumerate(bodies)), Limits().batch_bytes)
        if len(numbers) < len(bodies):
            raise ValueError(f"{len(bodies)} events of {counter} are too many for one message")
        yield feed.topic(counter, "events"), payload


def rows_of(chunks: Sequence[Sequence[Bodies]]) -> list[list[tuple[Table, list[Row]]]]:
    """For each transaction the rows that ingest leaves behind of it, by table: all but marks and presence."""
    raw: list[list[Row]] = []
    entries: list[tuple[int, Entry]] = []
    for number, chunk in enumerate(chunks):
        events = [(counter, body, feed.decode(body)) for counter, bodies in chunk for body in bodies]
        received = now_text()
        raw.append([(c, e.inc, e.seq, feed.sha256(body), body, received) for c, body, e in events])
        entries += [(number, each) for c, _, e in events for each in projections.entries(c, e)]
    found = [{RAW: rows} for rows in raw]
    at = {id(entry): number for number, entry in entries}
    by_table: dict[Table, list[Entry]] = {}
    for _, entry in entries:
        by_table.setdefault(entry.table, []).append(entry)
    found[-1][standing.STREAM] = standing.folded(by_table.pop(standing.STREAM))
    for table, those in by_table.items():
        for entry in best(those):
            for into, rows in ((table, [entry.row]), *entry.parts):
                found[at[id(entry)]].setdefault(into, []).extend(rows)
    return [list(each.items()) for each in found]


# --- the two sides ----------------------------------------------------------------------------------
@click.group()
def main() -> None:
    """Parts of a benchmark; nothing to start by hand."""


_address = click.argument("address")
_path = click.argument("path", type=click.Path(path_type=Path))
_commit = click.option("--commit", type=int, required=True, help="Messages in one transaction.")


@main.command()
@_address
@_path
@_commit
@click.option("--nth", type=int, default=0)
@click.option("--of", type=int, default=1)
def ours(address: str, path: Path, commit: int, nth: int, of: int) -> None:
    """Ingest as a worker does: what arrived → rows, committed."""
    messages = of_worker(path, nth, of)
    events = sum(len(bodies) for _, bodies in messages)
    chunks = list(_chunks(list(as_sent(messages)), commit))
    with closing(TimedStore(_address_of(address))) as store:

        def work(number: int) -> None:
            ingest(store, chunks[number], now_text())

        took = _timed(events, len(chunks), work)
        _say(msgspec.structs.replace(took, waited_s=store.waited_s, held_s=store.held_s))


@main.command()
@_address
@_path
@_commit
def bare(address: str, path: Path, commit: int) -> None:
    """The same rows, ready made, into the same tables: COPY, or executemany on SQLite; commits as often."""
    messages = of_worker(path, 0, 1)
    events = sum(len(bodies) for _, bodies in messages)
    rows = rows_of(list(_chunks(messages, commit)))
    place = _address_of(address)
    Store(place).close()
    with bare_sqlite(place) if isinstance(place, Path) else bare_copy(place) as write:
        _say(_timed(events, len(rows), lambda number: write(rows[number])))


Write = Callable[[list[tuple[Table, list[Row]]]], None]


@contextmanager
def bare_sqlite(path: Path) -> Iterator[Write]:
    """Writes one transaction's rows; as durable as ours."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("pragma journal_mode=wal")
        db.execute("pragma synchronous=full")

        def write(tables: list[tuple[Table, list[Row]]]) -> None:
            db.execute("begin immediate")
            for table, rows in tables:
                marks = ", ".join("?" * len(table.columns))
                db.executemany(f"insert into {table.name} ({table.listed}) values ({marks})", rows)
            db.execute("commit")

        yield write


@contextmanager
def bare_copy(url: str) -> Iterator[Write]:
    """As ``bare_sqlite``, by COPY straight into the tables."""
    import psycopg

    with closing(psycopg.connect(url, autocommit=True)) as db:

        def write(tables: list[tuple[Table, list[Row]]]) -> None:
            with db.transaction(), db.cursor() as cursor:
                for table, rows in tables:
                    told = f"copy {table.name} ({table.listed}) from stdin".encode()
                    with cursor.copy(told) as copy:
                        for row in rows:
                            copy.write_row(row)

        yield write


def _timed(events: int, commits: int, work: Callable[[int], None]) -> Took:
    print("ready", flush=True)
    sys.stdin.readline()
    took, cpu, began = [], process_time(), monotonic()
    last = began
    for number in range(commits):
        work(number)
        now = monotonic()
        took.append(now - last)
        last = now
    return Took(events=events, began=began, ended=last, cpu_s=process_time() - cpu, commits=took)


def _chunks(items: Sequence[T], size: int) -> Iterator[list[T]]:
    waiting = iter(items)
    while chunk := list(islice(waiting, size)):
        yield chunk


def _address_of(text: str) -> Address:
    return text if text.startswith(URL) else Path(text)


def _say(took: Took) -> None:
    """And stay: a server's time is read while it still serves this process."""
    print(msgspec.json.encode(took).decode(), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
