"""The worker's part in commands: takes in what was handed in, publishes what is due, follows refused deltas.

A command is published when it was issued, when its counter comes online, and now and then until it is
answered or has expired, never after. Publishing it twice does no harm: the counter knows it by its id.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_bridge import feed
from cloud_bridge.central import commanding_spool as spool
from cloud_bridge.central.commanding import CENTRE, OPEN, Invalid, Issuer, Request, TooLate
from cloud_bridge.central.commanding_keys import read_key
from cloud_bridge.central.database import Connection, Unfit
from cloud_bridge.central.store import Store
from cloud_bridge.link import Message
from edge.errors import ConfigError, NoInput

AT_ONCE = 50
"""Commands published in one look; at 48 KiB each that is 2.4 MB."""
AGAIN_S = (15, 60, 300, 1800)
"""After how many seconds without an answer a command is published again; the last one repeats."""

log = structlog.get_logger("centre.commands")


@dataclass(frozen=True, slots=True)
class Due:
    """A command to be published now. left_s: how long it may still be obeyed. times: published before."""

    id: str
    counter: str
    jws: str
    left_s: int
    times: int


class Pen:
    """The key when it is needed: one that is made later is found without a restart."""

    def __init__(self, path: Path, random: Callable[[int], bytes]) -> None:
        self.path, self._random = path, random
        self._told = False

    def issuer(self) -> Issuer | None:
        """None while there is no usable key; the log says so once."""
        try:
            key: Ed25519PrivateKey = read_key(self.path)
        except (NoInput, ConfigError) as error:
            if not self._told:
                log.info("no_command_key", why=str(error))
            self._told = True
            return None
        self._told = False
        return Issuer(key, self._random)


class Post:
    """One for each worker. ``look`` is called each second or so, from the worker's thread."""

    def __init__(self, store: Store, pen: Pen, directory: Path) -> None:
        self._store, self._pen, self._directory = store, pen, directory

    def look(self, now: int, *, up: bool) -> list[Message]:
        """What to publish, already noted as published. now: seconds since 1970. up: is a broker there?"""
        self._take_in(now)
        if follows(self._store.db, now) and (issuer := self._pen.issuer()):
            with self._store.transaction() as db:
                for refused in follows(db, now):
                    follow(db, issuer, refused, now)
        if not up or not due(self._store.db, now):
            return []
        with self._store.transaction() as db:
            found = due(db, now)
            for each in found:
                note_published(db, each, now)
        for each in found:
            log.info("command_published", id=each.id, counter=each.counter, times=each.times + 1)
        return [message(each) for each in found]

    def ask_again(self, counter: str, inc: str, first: int, last: int, now: int) -> str | None:
        """Have ``counter`` send events ``first`` to ``last`` of ``inc`` again: the command's id.

        A transaction of its own. None: it is under way already, or there is no key to sign with.
        """
        issuer = self._pen.issuer()
        if issuer is None:
            return None
        with self._store.transaction() as db:
            return issuer.resend(db, counter, inc, first, last, now)

    def _take_in(self, now: int) -> None:
        for path, request in spool.handed_in(self._directory):
            issuer = self._pen.issuer()
            if issuer is None:
                return
            try:
                if request is None:
                    raise Invalid("this is no request")
                with self._store.transaction() as db:
                    ids = issuer.issue(db, request, now)
            except TooLate as error:
                log.error("command_too_late", alarm=True, id=path.stem, why=str(error))
                spool.taken(path)
                continue
            except (Invalid, Unfit) as error:
                log.error("command_not_issued", alarm=True, file=path.name, why=str(error))
                spool.set_aside(path)
                continue
            log.info("command_issued", ids=ids, kind=request.kind, counter=request.counter, by=request.by)
            spool.taken(path)


def due(db: Connection, now: int) -> list[Due]:
    """What is to be published now, oldest first."""
    rows = db.execute(
        f"select c.id, c.counter, c.jws, c.expires_at - ?, c.times from command c"
        f" where c.next_at <= ? and {OPEN} order by c.issued_at, c.id limit ?",
        (now, now, now, AT_ONCE),
    )
    return [Due(*row) for row in rows]


def note_published(db: Connection, what: Due, now: int) -> None:
    """Inside a transaction."""
    db.execute(
        "update command set published_at = ?, times = ?, next_at = ? where id = ?",
        (now, what.times + 1, now + AGAIN_S[min(what.times, len(AGAIN_S) - 1)], what.id),
    )


def message(what: Due) -> Message:
    """It is dropped by the broker where nobody came to fetch it in time."""
    topic = feed.topic(what.counter, "commands")
    return Message(topic, what.jws.encode("ascii"), expiry_s=what.left_s)


def follows(db: Connection, now: int) -> list[str]:
    """The deltas that were refused because their base is unknown, and that nothing followed yet."""
    rows = db.execute(
        "select distinct c.request from command c"
        " join command_answer a on a.counter = c.counter and a.command = c.id"
        " where c.base is not null and c.followed = 0 and c.expires_at > ? and a.code = 'BASE_UNKNOWN'",
        (now,),
    )
    return [row[0] for row in rows]


def follow(db: Connection, issuer: Issuer, request: str, now: int) -> None:
    """Send the document of ``request`` whole, unless a later one is on its way; inside a transaction."""
    counter, kind, sha256, issued, expires = db.execute(
        "select counter, kind, sha256, issued_at, expires_at from command where request = ? limit 1",
        (request,),
    ).fetchone()
    db.execute("update command set followed = 1 where request = ?", (request,))
    later = db.execute(
        "select 1 from command where counter = ? and kind = ? and request <> ? and issued_at >= ? and id > ?",
        (counter, kind, request, issued, request),
    ).fetchone()
    if later:
        return
    version, text = db.execute("select version, body from document where sha256 = ?", (sha256,)).fetchone()
    whole = Request(
        counter=counter, kind=kind, text=text, version=version, expires_s=max(expires - now, 1), by=CENTRE
    )
    ids = issuer.issue(db, whole, now, whole=True)
    log.info("snapshot_follows", request=request, ids=ids, counter=counter, kind=kind)
