"""The tables of bridge.db that hold commands: what arrived and may be obeyed, and what was refused.

One writer, the bridge. It judges nothing (``downlink`` does); the engine reads ``inbox`` by itself
(``edge.ledger.inbox``). A row in ``inbox`` stays: its id and nonce are never taken a second time. Its text
goes once the engine has answered it, and when nobody may obey it any more; its hash stays.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cloud_bridge.commands import Command
from cloud_bridge.database import writing

KEPT_REFUSED = 1000
"""Refused texts that are kept, the latest; the sum by code counts all of them."""
HEAD_CHARS = 200

TABLES = """
create table inbox_file (id text not null) strict;
insert into inbox_file values (lower(hex(randomblob(8))));
create table inbox (
    n integer primary key, id text not null unique, nonce text not null unique, kind text not null,
    jws text not null, issued integer not null, arrived_at text not null
) strict;
create trigger inbox_stays before update on inbox begin select raise(abort, 'the inbox only grows'); end;
create trigger inbox_is_kept before delete on inbox begin select raise(abort, 'the inbox only grows'); end;
create table refused (
    n integer primary key, hash text not null unique, code text not null, why text not null,
    bytes integer not null, head text not null, times integer not null default 1,
    first_at text not null, last_at text not null
) strict;
create table refusals (code text primary key, times integer not null) strict
"""

TEXTS_GO = """
drop trigger inbox_stays;
create trigger inbox_stays before update of n, id, nonce, kind, issued, arrived_at on inbox
    begin select raise(abort, 'the inbox only grows'); end;
create trigger inbox_texts_go before update of jws on inbox when new.jws <> ''
    begin select raise(abort, 'the inbox only grows'); end
"""
"""A command's text may go (a roster holds what must not stay); that it was here stays."""

HASHES = """
alter table inbox add column hash text not null default '';
create index inbox_texts on inbox (n) where jws <> '';
drop trigger inbox_texts_go;
create trigger inbox_texts_go before update of jws, hash on inbox
    when new.jws <> '' or (old.hash <> '' and new.hash <> old.hash)
    begin select raise(abort, 'the inbox only grows'); end
"""
"""hash: SHA-256 of the text, 64 hex digits; "" where an earlier program dropped the text."""


@dataclass(frozen=True, slots=True)
class RefusedText:
    """A text that was not obeyed. hash: its SHA-256. head: how it began, ASCII."""

    hash: str
    code: str
    why: str
    bytes: int
    head: str


class Inbox:
    """The writing side. ``name in inbox``: whether a command of this id or nonce is here."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    @contextmanager
    def together(self) -> Iterator[None]:
        """All that is put inside is committed at once, or none of it."""
        with writing(self._db):
            yield

    def __contains__(self, name: object) -> bool:
        found = self._db.execute("select 1 from inbox where id = ?1 or nonce = ?1", (name,))
        return found.fetchone() is not None

    def brought_by(self, id: str, jws: str) -> bool:
        """Whether this very text brought command ``id``; True where nothing is left to tell by."""
        row = self._db.execute("select jws, hash from inbox where id = ?", (id,)).fetchone()
        return row is not None and (row[1] == _hash(jws) or (not row[1] and row[0] in ("", jws)))

    def with_text(self, limit: int) -> list[str]:
        """Ids of at most ``limit`` commands whose text is here, oldest first."""
        asked = "select id from inbox where jws <> '' order by n limit ?"
        return [id for (id,) in self._db.execute(asked, (limit,))]

    def forget_texts(self, commands: Iterable[str]) -> None:
        """Inside ``together``: these were answered; whoever was in their text is here no more."""
        for id in commands:
            (text,) = self._db.execute("select jws from inbox where id = ?", (id,)).fetchone()
            self._db.execute("update inbox set jws = '', hash = ? where id = ?", (_hash(text), id))

    def latest_issue(self) -> int:
        """When the newest command here was issued: seconds since 1970, signed by the centre; 0: none is."""
        return int(self._db.execute("select coalesce(max(issued), 0) from inbox").fetchone()[0])

    def refusals(self) -> dict[str, int]:
        """How many texts were refused, by code."""
        return refusals(self._db)

    def put(self, command: Command, jws: str, at: str) -> None:
        """Inside ``together``."""
        self._db.execute(
            "insert into inbox (id, nonce, kind, jws, issued, arrived_at, hash) values (?, ?, ?, ?, ?, ?, ?)",
            (command.id, command.nonce, command.kind, jws, command.issued, at, _hash(jws)),
        )

    def drop_texts(self, issued_before: int) -> None:
        """Inside ``together``: of commands that nobody may obey any more."""
        self._db.execute("update inbox set jws = '' where issued < ? and jws <> ''", (issued_before,))

    def put_refused(self, text: RefusedText, at: str) -> None:
        """Inside ``together``."""
        self._db.execute(
            "insert into refused (hash, code, why, bytes, head, first_at, last_at)"
            " values (?, ?, ?, ?, ?, ?, ?)"
            " on conflict (hash) do update set times = times + 1, last_at = excluded.last_at",
            (text.hash, text.code, text.why, text.bytes, text.head, at, at),
        )
        self._db.execute("delete from refused where n <= (select max(n) from refused) - ?", (KEPT_REFUSED,))
        self.count_refused(text.code, 1)

    def count_refused(self, code: str, times: int) -> None:
        """Inside ``together``."""
        self._db.execute(
            "insert into refusals (code, times) values (?, ?)"
            " on conflict (code) do update set times = times + excluded.times",
            (code, times),
        )


@dataclass(frozen=True, slots=True)
class Looked:
    """What a person asks of the inbox. last: (id, kind, arrived at), newest first; so is last_refused."""

    arrived: int
    last: list[tuple[str, str, str]]
    refused: dict[str, int]
    last_refused: list[tuple[str, str, int, str]]


def looked(db: sqlite3.Connection, limit: int = 10) -> Looked:
    """Of any connection to a bridge.db, also an older program's. last_refused: (code, why, times, at)."""
    if not db.execute("select 1 from sqlite_master where name = 'inbox_file'").fetchone():
        return Looked(0, [], {}, [])
    arrived = db.execute("select count(*) from inbox").fetchone()[0]
    last = db.execute("select id, kind, arrived_at from inbox order by n desc limit ?", (limit,))
    latest = db.execute(
        "select code, why, times, last_at from refused order by last_at desc, n desc limit ?", (limit,)
    )
    return Looked(arrived, last.fetchall(), refusals(db), latest.fetchall())


def refusals(db: sqlite3.Connection) -> dict[str, int]:
    """As ``Inbox.refusals``, on any connection to the file."""
    return dict(db.execute("select code, times from refusals order by code").fetchall())


def _hash(jws: str) -> str:
    return hashlib.sha256(jws.encode()).hexdigest()
