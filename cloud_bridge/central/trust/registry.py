"""pki.db: which codes and certificates were given out. It knows no key and no X.509.

Short transactions by whoever holds the directory (the web process enrols, the command line revokes), so the
journal is the classic one, safe with several writers. Times are whole seconds since 1970, UTC.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.errors import CannotCreate, NoInput

BUSY_MS = 5000

TABLES = """
create table if not exists code (
    hash text primary key, counter text not null, made_at integer not null, expires integer not null,
    used_at integer, csr_hash text, serial text
) strict;
create table if not exists certificate (
    serial text primary key, name text not null, role text not null, issued_at integer not null,
    not_after integer not null, pem text not null, revoked_at integer, reason text
) strict;
create table if not exists failure (at integer not null, source text not null) strict;
"""


@dataclass(frozen=True, slots=True)
class Code:
    """A one-time code as it is remembered: by its hash. csr_hash, serial: what it was used for."""

    counter: str
    expires: int
    used_at: int | None
    csr_hash: str | None
    serial: str | None


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate that was given out. role: counter, worker, server, cut or probe."""

    serial: str
    name: str
    role: str
    issued_at: int
    not_after: int
    pem: str
    revoked_at: int | None
    reason: str | None


class Registry:
    """Every method but ``transaction`` runs inside one, on the connection that it gave."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def make(self) -> None:
        """Raises CannotCreate."""
        try:
            with closing(sqlite3.connect(self._path, isolation_level=None)) as db:
                db.executescript(TABLES)
        except sqlite3.Error as error:
            raise CannotCreate(f"{self._path}: {error}; give a directory this user may write") from error
        self._path.chmod(0o600)

    @contextmanager
    def transaction(self) -> Iterator["Entries"]:
        """BEGIN IMMEDIATE … COMMIT; nothing of it after an error. Raises NoInput where there is no file."""
        if not self._path.is_file():
            raise NoInput(f"{self._path}: no authority here; make one with `counter-central ca init`")
        with closing(sqlite3.connect(self._path, isolation_level=None)) as db:
            db.execute(f"pragma busy_timeout={BUSY_MS}")
            db.execute("pragma synchronous=extra")
            db.execute("begin immediate")
            try:
                yield Entries(db)
                db.execute("commit")
            except BaseException:
                if db.in_transaction:
                    db.execute("rollback")
                raise


class Entries:
    """The rows, inside a transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    # --- codes ----------------------------------------------------------------------------------
    def add_code(self, hash: str, counter: str, now: int, expires: int) -> None:
        """One code a counter: what was given before and not used is worth nothing from now on."""
        self._db.execute("delete from code where counter = ? and used_at is null", (counter,))
        self._db.execute(
            "insert into code (hash, counter, made_at, expires) values (?, ?, ?, ?)",
            (hash, counter, now, expires),
        )

    def code(self, hash: str) -> Code | None:
        row = self._db.execute(
            "select counter, expires, used_at, csr_hash, serial from code where hash = ?", (hash,)
        ).fetchone()
        return None if row is None else Code(*row)

    def use_code(self, hash: str, now: int, csr_hash: str, serial: str) -> None:
        self._db.execute(
            "update code set used_at = ?, csr_hash = ?, serial = ? where hash = ?",
            (now, csr_hash, serial, hash),
        )

    def drop_codes(self, counter: str) -> None:
        self._db.execute("delete from code where counter = ?", (counter,))

    # --- tries that failed ------------------------------------------------------------------------
    def failures(self, source: str, since: int) -> int:
        """How many of ``source`` from ``since`` on; older ones of everybody are forgotten."""
        self._db.execute("delete from failure where at < ?", (since,))
        row = self._db.execute("select count(*) from failure where source = ?", (source,)).fetchone()
        return int(row[0])

    def add_failure(self, source: str, now: int) -> None:
        self._db.execute("insert into failure (at, source) values (?, ?)", (now, source))

    # --- certificates -----------------------------------------------------------------------------
    def add_certificate(self, new: Issued) -> None:
        self._db.execute(
            "insert into certificate (serial, name, role, issued_at, not_after, pem)"
            " values (?, ?, ?, ?, ?, ?)",
            (new.serial, new.name, new.role, new.issued_at, new.not_after, new.pem),
        )

    def certificates(self, name: str | None = None, role: str | None = None) -> list[Issued]:
        """Oldest first, of ``name`` or of all."""
        rows = self._db.execute(
            "select serial, name, role, issued_at, not_after, pem, revoked_at, reason from certificate"
            " where (?1 is null or name = ?1) and (?2 is null or role = ?2) order by issued_at, serial",
            (name, role),
        )
        return [Issued(*row) for row in rows]

    def certificate(self, serial: str) -> Issued | None:
        return next((each for each in self.certificates() if each.serial == serial), None)

    def revoke(self, serial: str, now: int, reason: str) -> None:
        self._db.execute(
            "update certificate set revoked_at = ?, reason = ? where serial = ? and revoked_at is null",
            (now, reason, serial),
        )
