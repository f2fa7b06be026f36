"""How often a PIN was tried. A try is counted and committed before the PIN is looked at.

So neither a power cut nor a kill gives a free try. A lock runs on the monotonic clock; after a reboot
nobody knows how long the box was off, so a running lock starts anew for its whole time. Accounts are known
by their opaque reference; a login is never stored.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlite_utils import Database

from edge.domain.values import Instant

_READ = "SELECT tries, locked_at_ms, lock_ms, boot FROM pin_guard WHERE account = ?"
_WRITE = (
    "INSERT OR REPLACE INTO pin_guard (account, tries, locked_at_ms, lock_ms, boot) VALUES (?, ?, ?, ?, ?)"
)
BADGES = "badge"
"""Under this name tries with cards that nobody has are counted, all of them together."""

_REFERENCE = re.compile("[0-9a-f]{16,64}")
_ACCOUNTS = "SELECT account FROM pin_guard"
_CLEAR = "DELETE FROM pin_guard WHERE account = ?"


@dataclass(frozen=True, slots=True)
class Locked:
    """The account is locked; ``left_s``: seconds until it may try again."""

    left_s: float


@dataclass(frozen=True, slots=True)
class Guard:
    """One account's row. locked_at_ms: monotonic clock of ``boot``, None: not locked."""

    tries: int
    locked_at_ms: int | None
    lock_ms: int
    boot: str

    def left_s(self, now: Instant) -> float:
        """Seconds the lock still runs, 0.0 where none does."""
        if self.locked_at_ms is None:
            return 0.0
        return max(0.0, (self.locked_at_ms + self.lock_ms - _ms(now)) / 1000)

    def after_boot(self, now: Instant) -> "Guard":
        """Itself; a lock of another boot starts anew."""
        if self.boot == now.boot or self.locked_at_ms is None:
            return self
        return Guard(self.tries, _ms(now), self.lock_ms, now.boot)

    def tried(self, now: Instant, limit: int, lock_s: float) -> "Guard":
        """One try more. The ``limit``-th may still be checked, and locks the account from now on."""
        tries = 1 if self.locked_at_ms is not None else self.tries + 1
        locked_at = _ms(now) if tries >= limit else None
        return Guard(tries, locked_at, int(lock_s * 1000), now.boot)

    def taken_back(self) -> "Guard":
        """Without the last try, nor the lock that it brought."""
        return Guard(max(0, self.tries - 1), None, self.lock_ms, self.boot)


def read(db: Database, account: str) -> Guard | None:
    row = db.execute(_READ, (account,)).fetchone()
    return None if row is None else Guard(*row)


def write(db: Database, account: str, guard: Guard) -> None:
    db.execute(_WRITE, (account, guard.tries, guard.locked_at_ms, guard.lock_ms, guard.boot))


def logins(db: Database) -> list[str]:
    """Names of rows that an earlier version kept under a login."""
    names = [name for (name,) in db.execute(_ACCOUNTS).fetchall()]
    return [name for name in names if name != BADGES and not _REFERENCE.fullmatch(name)]


def by_reference(db: Database, references: Mapping[str, str]) -> None:
    """What stands under a login goes on under its reference; a login that nobody has any more is forgotten.

    references: login → reference, of every account.
    """
    for login in logins(db):
        guard, reference = read(db, login), references.get(login)
        if guard is not None and reference is not None:
            write(db, reference, guard)
        forget(db, login)


def forget(db: Database, account: str) -> None:
    db.execute(_CLEAR, (account,))


def _ms(now: Instant) -> int:
    return int(now.mono * 1000)
