"""Buyers who open counters from the centre's page: a login and a PIN for a reference that rosters know.

It knows no name, number or face, and no HTTP; time is an argument. Whether a buyer may open a counter says
that counter's roster.
"""

import re
from collections.abc import Callable
from functools import cached_property
from secrets import token_hex

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cloud_bridge.central import tries
from cloud_bridge.central.database import Connection
from edge.errors import BadInput

LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
REF = re.compile(r"[0-9A-Za-z_-]{1,64}")
UNIT = re.compile(r"[0-9A-Za-z._-]{0,64}")
PIN = re.compile(r"[0-9]{6,12}")

LOGIN_TRIES, ADDRESS_TRIES = 5, 60
"""Wrong PINs within ``tries.WINDOW_S``, for each login and for each address. A mobile network puts thousands
behind one address, so there only what was wrong is counted in the end."""


class Buyer(msgspec.Struct, frozen=True, kw_only=True):
    """As ``buyer list`` shows it. ref: opaque, as on rosters. unit: the host unit's opaque id, "": none."""

    login: str
    ref: str
    unit: str
    made_at: str
    disabled_at: str | None


class Buyers:
    """Over one connection. Each writing method joins a transaction, but ``counted``, which is one."""

    def __init__(self, db: Connection, hasher: PasswordHasher) -> None:
        self.db, self._hasher = db, hasher

    # --- who there is ---------------------------------------------------------------------------
    def add(self, login: str, ref: str, unit: str, pin: str, at: str) -> None:
        """Raises BadInput."""
        if not LOGIN.fullmatch(login):
            raise BadInput(f"{login!r}: a login is 1 to 32 of a-z 0-9 . _ -, a letter or digit first")
        if not REF.fullmatch(ref):
            raise BadInput(
                f"{ref!r}: a reference is 1 to 64 of A-Z a-z 0-9 _ -, as the counters' roster has it"
            )
        if not UNIT.fullmatch(unit):
            raise BadInput(f"{unit!r}: a unit's id is at most 64 of A-Z a-z 0-9 . _ -")
        hashed = self._hashed(pin)
        put = self.db.execute(
            "insert into buyer (login, ref, pin, unit, made_at) values (?, ?, ?, ?, ?)"
            " on conflict do nothing",
            (login, ref, hashed, unit, at),
        )
        if put.rowcount != 1:
            raise BadInput(f"{login}: that login, or that reference, has a buyer already; see `buyer list`")

    def all(self) -> list[Buyer]:
        rows = self.db.execute("select login, ref, unit, made_at, disabled_at from buyer order by login")
        return [_buyer(row) for row in rows]

    def knows(self, login: str) -> bool:
        return self.db.execute("select 1 from buyer where login = ?", (login,)).fetchone() is not None

    def set_pin(self, login: str, pin: str) -> None:
        """Raises BadInput."""
        self._change(login, "update buyer set pin = ? where login = ?", self._hashed(pin))

    def disable(self, login: str, at: str | None) -> None:
        """From now on it opens nothing; None: it may again. Raises BadInput."""
        self._change(login, "update buyer set disabled_at = ? where login = ?", at)

    # --- at the door ----------------------------------------------------------------------------
    def counted(self, login: str, address: str, now_s: int) -> tries.Counted:
        """Count a try at ``login``'s PIN, before it is checked."""
        of_login = tries.Subject(f"buyer {login[:64]}", LOGIN_TRIES)
        return tries.count(self.db, (of_login, tries.Subject(_from(address), ADDRESS_TRIES)), now_s)

    def right(self, login: str, pin: str) -> Callable[[], bool]:
        """The question whether that is the PIN, to be asked in any thread: it takes a tenth of a second.

        For a login that is not there it takes the same time.
        """
        row = self.db.execute("select pin from buyer where login = ?", (login,)).fetchone()
        hashed = row[0] if row else ""
        return lambda: self._verified(hashed, pin)

    def admitted(self, login: str, address: str, now_s: int) -> Buyer | None:
        """Whose PIN was right; the tries before it are forgotten. None: disabled meanwhile."""
        row = self.db.execute(
            "select login, ref, unit, made_at, disabled_at from buyer where login = ?", (login,)
        ).fetchone()
        if row is None or row[4] is not None:
            return None
        tries.forget(self.db, f"buyer {login}")
        tries.take_back(self.db, _from(address), now_s)
        return _buyer(row)

    # --- within ---------------------------------------------------------------------------------
    @cached_property
    def _nobodys(self) -> str:
        """Stands for the PIN of who has none; made with the first question, whoever that is about."""
        return self._hasher.hash(token_hex(16))

    def _verified(self, hashed: str, pin: str) -> bool:
        nobodys = self._nobodys
        try:
            return self._hasher.verify(hashed or nobodys, pin[:64])
        except (VerificationError, InvalidHashError):
            return False

    def _hashed(self, pin: str) -> str:
        if not PIN.fullmatch(pin):
            raise BadInput("a PIN is 6 to 12 digits")
        if len(set(pin)) == 1 or pin in "0123456789876543210":
            raise BadInput("a PIN is no row of equal or consecutive digits")
        return self._hasher.hash(pin)

    def _change(self, login: str, sql: str, value: str | None) -> None:
        if self.db.execute(sql, (value, login)).rowcount != 1:
            raise BadInput(f"{login}: no such buyer; `buyer list` shows them")


def _from(address: str) -> str:
    return f"buyer from {tries.network(address)}"


def _buyer(row: tuple[str, str, str, str, str | None]) -> Buyer:
    login, ref, unit, made_at, disabled_at = row
    return Buyer(login=login, ref=ref, unit=unit, made_at=made_at, disabled_at=disabled_at)
