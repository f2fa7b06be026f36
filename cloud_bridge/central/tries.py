"""Tries at a secret, counted before they are judged: a program that is killed between the two gains no guess.

It knows tables and no HTTP; time, in whole seconds, is an argument.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from cloud_bridge.central.database import Connection

WINDOW_S = 15 * 60
"""How long a try counts."""

_BACK = "back "


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose tries are counted: a name's, an address's. most: within ``WINDOW_S``."""

    name: str
    most: int


@dataclass(frozen=True, slots=True)
class Counted:
    """fits: the secret may be checked. first: where it may not, whether this is the first time."""

    fits: bool
    first: bool


def count(db: Connection, subjects: Sequence[Subject], now_s: int) -> Counted:
    """Count one try against each of ``subjects``, before anything is checked. A transaction of its own.

    One try above the limit is still written down, so that the refusal is told once and not each time.
    """
    with db.transaction():
        db.execute("delete from login_try where at_s <= ?", (now_s - WINDOW_S,))
        counts = [_tries(db, each) for each in subjects]
        fits = all(n < each.most for n, each in zip(counts, subjects, strict=True))
        for n, each in zip(counts, subjects, strict=True):
            if fits or n == each.most:
                db.execute("insert into login_try (subject, at_s) values (?, ?)", (each.name, now_s))
    over = any(n == each.most for n, each in zip(counts, subjects, strict=True))
    return Counted(fits, not fits and over)


def forget(db: Connection, subject: str) -> None:
    """Whoever it is gave the right secret. Joins a transaction."""
    db.execute("delete from login_try where subject = ?", (subject,))


def take_back(db: Connection, subject: str, at_s: int) -> None:
    """One try of ``subject``, whom many share, was no guess. Joins a transaction."""
    db.execute("insert into login_try (subject, at_s) values (?, ?)", (_BACK + subject, at_s))


def network(address: str) -> str:
    """What one person has of addresses: one of IPv4, 2**64 of IPv6."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:64]
    return str(ip_network(f"{found}/{32 if found.version == 4 else 64}", strict=False).network_address)


def _tries(db: Connection, subject: Subject) -> int:
    made = "select count(*) from login_try where subject = ?"
    return sum(
        sign * int(db.execute(made, (name,)).fetchone()[0])
        for sign, name in ((1, subject.name), (-1, _BACK + subject.name))
    )
