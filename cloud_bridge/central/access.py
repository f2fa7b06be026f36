"""Accounts, their passwords, tokens and logins. It knows no HTTP; time, in whole seconds, is an argument.

Of a token or a login only the hash is kept: who reads the file learns nothing that opens a door.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from functools import cached_property
from secrets import token_hex, token_urlsafe

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cloud_bridge.central.database import Connection
from cloud_bridge.central.roles import NOBODY, Role, Who
from cloud_bridge.central.tries import Subject, count, forget, network
from edge.errors import BadInput

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
SHORTEST = 10
"""Characters of a password; NIST SP 800-63B asks for 8 at least, and these accounts open doors."""
LONGEST = 200

ACCOUNT_TRIES, ADDRESS_TRIES = 5, 20
"""Logins tried without success, per name and per address, until the oldest is ``WINDOW_S`` old."""

TOUCH_S = 60
"""How often a login's last use is written down."""
TOKEN_HEAD = "sc_"
"""Makes a leaked token findable in logs and repositories."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """As ``account list`` shows it. tokens: those that are good."""

    name: str
    role: str
    supplier: str
    made_at: str
    disabled_at: str | None
    password: bool
    tokens: tuple[str, ...]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long a login is good, without use and at all, in seconds."""

    idle_s: int
    absolute_s: int


class Access:
    """What is known of accounts, over one connection; each writing method is one transaction or joins one."""

    def __init__(self, db: Connection, hasher: PasswordHasher, limits: Limits) -> None:
        self.db, self._hasher, self._limits = db, hasher, limits
        self._key = bytes(db.execute("select value from secret where name = 'signing'").fetchone()[0])

    # --- accounts -------------------------------------------------------------------------------
    def add(self, name: str, role: Role, supplier: str, password: str | None, at: str) -> None:
        """A new account; password None: it has none, and only tokens serve it. Raises BadInput."""
        if not NAME.fullmatch(name):
            raise BadInput(f"{name!r}: a name is 1 to 32 of a-z 0-9 . _ -, a letter or digit first")
        if (role is Role.SUPPLIER) != bool(supplier):
            raise BadInput(f"{name}: the supplier's id goes with the role supplier, and with no other")
        hashed = "" if password is None else self._hashed(name, password)
        put = self.db.execute(
            "insert into account (name, role, supplier, password, made_at) values (?, ?, ?, ?, ?)"
            " on conflict do nothing",
            (name, str(role), supplier, hashed, at),
        )
        if put.rowcount != 1:
            raise BadInput(
                f"{name}: there is such an account already; `account password` changes its password"
            )

    def accounts(self, now_s: int) -> list[Account]:
        rows = self.db.execute(
            "select name, role, supplier, made_at, disabled_at, password from account order by name"
        ).fetchall()
        return [
            Account(
                name=row[0],
                role=row[1],
                supplier=row[2],
                made_at=row[3],
                disabled_at=row[4],
                password=bool(row[5]),
                tokens=tuple(
                    id
                    for (id,) in self.db.execute(
                        "select id from token where account = ? and revoked_at is null and expires_s > ?"
                        " order by id",
                        (row[0], now_s),
                    )
                ),
            )
            for row in rows
        ]

    def disable(self, name: str, at: str | None) -> None:
        """From now on it may nothing: its logins end and its tokens count no more. None: it may again."""
        self._there(name)
        self.db.execute("update account set disabled_at = ? where name = ?", (at, name))
        self._end_logins(name)

    def set_password(self, name: str, password: str) -> None:
        """Its logins end. Raises BadInput."""
        self._there(name)
        hashed = self._hashed(name, password)
        self.db.execute("update account set password = ? where name = ?", (hashed, name))
        self._end_logins(name)

    def make_token(self, name: str, expires_s: int, at: str) -> tuple[str, str]:
        """A token's short id, and the token itself, which is nowhere kept."""
        self._there(name)
        id, text = token_hex(4), TOKEN_HEAD + token_urlsafe(32)
        self.db.execute(
            "insert into token (id, hash, account, made_at, expires_s) values (?, ?, ?, ?, ?)",
            (id, _hash(text), name, at, expires_s),
        )
        return id, text

    def revoke_token(self, name: str, id: str, at: str) -> None:
        """It counts no more. Raises BadInput where the account has none of that id."""
        changed = self.db.execute(
            "update token set revoked_at = coalesce(revoked_at, ?) where account = ? and id = ?",
            (at, name, id),
        )
        if changed.rowcount != 1:
            raise BadInput(f"{name}: has no token {id}; `account list` shows them")

    # --- logging in -----------------------------------------------------------------------------
    def try_counted(self, name: str, address: str, now_s: int) -> bool:
        """Count a try before anything is checked. False: too many, do not check. One transaction."""
        of_name = Subject(f"name {name[:64]}", ACCOUNT_TRIES)
        whence = Subject(f"from {network(address)}", ADDRESS_TRIES)
        counted = count(self.db, (of_name, whence), now_s)
        self.newly_refused = counted.first
        return counted.fits

    def right(self, name: str, password: str) -> Callable[[], bool]:
        """The question whether that is the password, to be asked in any thread: it takes a tenth of a second.

        For a name that is not there, or has no password, it takes the same time.
        """
        row = self.db.execute("select password from account where name = ?", (name,)).fetchone()
        hashed = row[0] if row else ""
        return lambda: self._verified(hashed, password)

    @cached_property
    def _nobodys(self) -> str:
        """Stands for the password of who has none; made with the first question, whoever that is about."""
        return self._hasher.hash(token_hex(16))

    def enter(self, name: str, address: str, now_s: int) -> str | None:
        """A new login of who gave the right password: its cookie. None: disabled. Joins a transaction."""
        found = self.db.execute(
            "select 1 from account where name = ? and disabled_at is null and password <> ''", (name,)
        ).fetchone()
        if found is None:
            return None
        forget(self.db, f"name {name}")
        self.db.execute("delete from login where begun_s <= ?", (now_s - self._limits.absolute_s,))
        id = token_urlsafe(32)
        self.db.execute(
            "insert into login (hash, account, begun_s, seen_s, address) values (?, ?, ?, ?, ?)",
            (_hash(id), name, now_s, now_s, address),
        )
        return f"{id}.{self.mac('login', id)}"

    def leave(self, session: str) -> None:
        self.db.execute("delete from login where hash = ?", (session,))

    # --- who is that ----------------------------------------------------------------------------
    def who_of_cookie(self, cookie: str, now_s: int, *, touch: bool) -> Who:
        """NOBODY for what is forged, ended, idle too long or too old. touch: this is use, and counts."""
        id, _, mac = cookie.partition(".")
        if not hmac.compare_digest(mac.encode(), self.mac("login", id).encode()):
            return NOBODY
        session = _hash(id)
        row = self.db.execute(
            "select a.name, a.role, a.supplier, l.begun_s, l.seen_s from login l"
            " join account a on a.name = l.account where l.hash = ? and a.disabled_at is null",
            (session,),
        ).fetchone()
        if row is None or now_s >= min(row[3] + self._limits.absolute_s, row[4] + self._limits.idle_s):
            return NOBODY
        if touch and now_s >= row[4] + TOUCH_S:
            with self.db.transaction():
                self.db.execute("update login set seen_s = ? where hash = ?", (now_s, session))
        return Who(row[0], Role(row[1]), row[2], "cookie", session)

    def who_of_token(self, token: str, now_s: int) -> Who:
        row = self.db.execute(
            "select a.name, a.role, a.supplier from token t join account a on a.name = t.account"
            " where t.hash = ? and t.revoked_at is null and t.expires_s > ? and a.disabled_at is null",
            (_hash(token), now_s),
        ).fetchone()
        return NOBODY if row is None else Who(row[0], Role(row[1]), row[2], "token")

    def mac(self, purpose: str, text: str) -> str:
        """What only this centre can have made of ``text``: HMAC-SHA256, cut to 16 bytes, base64url."""
        made = hmac.digest(self._key, f"{purpose} {text}".encode(), "sha256")[:16]
        return base64.urlsafe_b64encode(made).decode().rstrip("=")

    # --- within ---------------------------------------------------------------------------------
    def _there(self, name: str) -> None:
        if self.db.execute("select 1 from account where name = ?", (name,)).fetchone() is None:
            raise BadInput(f"{name}: no such account; `account list` shows them")

    def _end_logins(self, name: str) -> None:
        self.db.execute("delete from login where account = ?", (name,))

    def _hashed(self, name: str, password: str) -> str:
        if not SHORTEST <= len(password) <= LONGEST or password.lower() == name:
            raise BadInput(f"a password has {SHORTEST} to {LONGEST} characters and is not the account's name")
        return self._hasher.hash(password)

    def _verified(self, hashed: str, password: str) -> bool:
        nobodys = self._nobodys
        try:
            return self._hasher.verify(hashed or nobodys, password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False


def _hash(secret: str) -> str:
    """Of 256 random bits; such a secret needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
