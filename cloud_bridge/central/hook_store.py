"""The file of webhooks: subscriptions with their cursors, dead letters, what is to be sent again.

The sender and the commands of ``counter-central webhook`` write it in turns, so it keeps SQLite's rollback
journal and not WAL, which one process would have to own. Secrets are not in it, only where they lie.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from cloud_bridge.database import BUSY_MS, Newer
from edge.errors import CannotCreate

FILE = "webhooks.db"
ACTIVE, DISABLED = "ACTIVE", "DISABLED"

MIGRATIONS = (
    """
create table subscription (
    id text primary key, url text not null, types text not null, counter text not null,
    secret_file text not null, ca_file text not null, allow_private integer not null,
    state text not null, why text not null, cursor integer not null, apart_to integer not null,
    round integer not null, failures integer not null, failing_since text,
    made_at text not null, delivered_at text
) strict;
create table dead_letter (
    subscription text not null references subscription (id) on delete cascade,
    number integer not null, why text not null, at text not null,
    primary key (subscription, number)
) strict, without rowid;
create table again (
    subscription text not null references subscription (id) on delete cascade,
    number integer not null,
    primary key (subscription, number)
) strict, without rowid
""",
)


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """types: event types, empty: all. counter: "" means all. cursor: the last number that is done with.

    apart_to: up to this number events go one by one, because a batch with it was refused. round: how often a
    person had events sent again, part of a message's id. failures: in a row.
    """

    id: str
    url: str
    types: tuple[str, ...]
    counter: str
    secret_file: str
    ca_file: str
    allow_private: bool
    state: str
    why: str
    cursor: int
    apart_to: int
    round: int
    failures: int
    failing_since: str | None
    made_at: str
    delivered_at: str | None


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """An event that the receiver did not want. number: of the event at this centre."""

    subscription: str
    number: int
    why: str
    at: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """A receiver that wants a person. name: id and host."""

    name: str
    why: str
    disabled: bool


LOOK_S = 0.2


def troubles(path: Path) -> list[Trouble]:
    """Receivers that are disabled, and those with dead letters; for a look from outside the sender.

    Nothing where there is no file, and where it cannot be read this moment.
    """
    if not path.is_file():
        return []
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=LOOK_S)) as db:
            disabled = db.execute(
                "select id, url, why from subscription where state = ?", (DISABLED,)
            ).fetchall()
            dead = db.execute(
                "select s.id, s.url, count(*) from dead_letter d join subscription s on s.id = d.subscription"
                " group by s.id, s.url"
            ).fetchall()
    except sqlite3.OperationalError:
        return []
    return [
        *(Trouble(f"{id} {urlsplit(url).hostname}", why, True) for id, url, why in disabled),
        *(Trouble(f"{id} {urlsplit(url).hostname}", f"{count} events", False) for id, url, count in dead),
    ]


_NAMES = tuple(each.name for each in msgspec.structs.fields(Subscription))


class Hooks:
    """The open file. Each method is one transaction."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None, timeout=BUSY_MS / 1000)
        except (OSError, sqlite3.OperationalError) as error:
            raise CannotCreate(f"{path}: {error}; give a directory this user may write") from error
        try:
            for pragma in ("journal_mode=delete", "synchronous=extra", "foreign_keys=on"):
                self._db.execute(f"pragma {pragma}")
            self._migrate(path)
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        self._db.close()

    def add(self, made: Subscription) -> None:
        values = msgspec.structs.asdict(made) | {"types": ",".join(made.types)}
        marks = ", ".join("?" * len(_NAMES))
        with self._writing():
            self._db.execute(
                f"insert into subscription ({', '.join(_NAMES)}) values ({marks})",
                [values[name] for name in _NAMES],
            )

    def all(self) -> list[Subscription]:
        """Oldest first."""
        rows = self._db.execute(f"select {', '.join(_NAMES)} from subscription order by made_at, id")
        return [_subscription(row) for row in rows]

    def one(self, id: str) -> Subscription | None:
        return next((each for each in self.all() if each.id == id), None)

    def remove(self, id: str) -> bool:
        with self._writing():
            return self._db.execute("delete from subscription where id = ?", (id,)).rowcount == 1

    def delivered(self, was: Subscription, through: int, at: str | None) -> None:
        """Everything up to ``through`` is done with. at: of a delivery, None: there was nothing for it.

        Where a command has moved the cursor meanwhile, that holds.
        """
        with self._writing():
            self._db.execute(
                "update subscription set cursor = ?, failures = 0, failing_since = null, why = '',"
                " delivered_at = coalesce(?, delivered_at) where id = ? and cursor = ?",
                (through, at, was.id, was.cursor),
            )

    def skipped(self, was: Subscription, through: int) -> None:
        """Nothing up to ``through`` is for it."""
        with self._writing():
            self._db.execute(
                "update subscription set cursor = ? where id = ? and cursor = ?",
                (through, was.id, was.cursor),
            )

    def failed(
        self, was: Subscription, why: str, at: str, *, apart_to: int = 0, disabled: bool = False
    ) -> None:
        """One more failure in a row. apart_to: 0 leaves it. disabled: until a person enables it."""
        with self._writing():
            self._db.execute(
                "update subscription set failures = failures + 1, failing_since = coalesce(failing_since, ?),"
                " why = ?, apart_to = max(apart_to, ?), state = ? where id = ? and cursor = ?",
                (at, why[:300], apart_to, DISABLED if disabled else was.state, was.id, was.cursor),
            )

    def set_aside(self, was: Subscription, number: int, why: str, at: str) -> None:
        """The receiver does not want this event; those behind it pass."""
        with self._writing():
            self._db.execute(
                "insert into dead_letter (subscription, number, why, at) values (?, ?, ?, ?)"
                " on conflict (subscription, number) do update set why = excluded.why, at = excluded.at",
                (was.id, number, why[:300], at),
            )
            self._db.execute("delete from again where subscription = ? and number = ?", (was.id, number))
            self._db.execute(
                "update subscription set cursor = max(cursor, ?), failures = 0, failing_since = null"
                " where id = ? and cursor = ?",
                (number, was.id, was.cursor),
            )

    def dead(self, id: str) -> list[DeadLetter]:
        rows = self._db.execute(
            "select subscription, number, why, at from dead_letter where subscription = ? order by number",
            (id,),
        )
        return [DeadLetter(subscription=s, number=n, why=w, at=at) for s, n, w, at in rows]

    def again(self, id: str) -> list[int]:
        """Numbers that a person wants sent once more."""
        rows = self._db.execute("select number from again where subscription = ? order by number", (id,))
        return [number for (number,) in rows]

    def sent_again(self, id: str, numbers: Sequence[int], at: str) -> None:
        """These were taken: they are no dead letters any more."""
        with self._writing():
            for table in ("again", "dead_letter"):
                self._db.executemany(
                    f"delete from {table} where subscription = ? and number = ?", [(id, n) for n in numbers]
                )
            self._db.execute(
                "update subscription set failures = 0, failing_since = null, why = '', delivered_at = ?"
                " where id = ?",
                (at, id),
            )

    def replay_dead(self, id: str) -> int:
        """Send its dead letters again; gives how many there are."""
        with self._writing():
            self._enable(id, anew=True)
            put = self._db.execute(
                "insert into again (subscription, number) select subscription, number from dead_letter"
                " where subscription = ? on conflict do nothing",
                (id,),
            )
            return put.rowcount

    def replay_from(self, id: str, number: int) -> None:
        """Send everything from ``number`` on again."""
        with self._writing():
            self._enable(id, anew=True)
            self._db.execute(
                "update subscription set cursor = ?, apart_to = 0 where id = ?", (number - 1, id)
            )

    def enable(self, id: str) -> None:
        with self._writing():
            self._enable(id, anew=False)

    def _enable(self, id: str, *, anew: bool) -> None:
        self._db.execute(
            "update subscription set state = ?, failures = 0, failing_since = null, why = '',"
            " round = round + ? where id = ?",
            (ACTIVE, int(anew), id),
        )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._db.execute("begin immediate")
        try:
            yield
            self._db.execute("commit")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise

    def _migrate(self, path: Path) -> None:
        with self._writing():
            version = int(self._db.execute("pragma user_version").fetchone()[0])
            if version > len(MIGRATIONS):
                raise Newer(f"{path}: has schema {version}, this program knows {len(MIGRATIONS)}")
            for script in MIGRATIONS[version:]:
                for statement in script.split(";\n"):
                    self._db.execute(statement)
            self._db.execute(f"pragma user_version={len(MIGRATIONS)}")


def _subscription(row: Sequence[object]) -> Subscription:
    values = dict(zip(_NAMES, row, strict=True))
    values["types"] = [each for each in str(values["types"]).split(",") if each]
    return msgspec.convert(values, Subscription, strict=False)
