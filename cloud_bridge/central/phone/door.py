"""Asks for a door: who is it, may he, is the counter there; then one unlock is handed in for one key.

Nothing is handed in before everything is known and written down. It knows requests as values and no HTTP.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from argon2 import PasswordHasher

from cloud_bridge import feed
from cloud_bridge.central import commanding, trail
from cloud_bridge.central.database import Connection
from cloud_bridge.central.guard import Gate
from cloud_bridge.central.phone import visits
from cloud_bridge.central.phone.buyers import Buyer, Buyers
from cloud_bridge.central.phone.facts import Place, place
from cloud_bridge.central.phone.refusals import refused
from cloud_bridge.central.phone.visits import Visit
from cloud_bridge.central.roles import NOBODY
from cloud_bridge.commands import Unlock
from cloud_bridge.wall import now_text

BY = "phone"
"""Who issues an unlock, in the list of commands: it names no buyer."""
KEY = re.compile(r"[!-~]{8,64}")
AT_ONCE = 2
"""PINs checked at the same time; each takes 64 MiB of memory."""
WAITING = 20


class VisitWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is posted. token: of the counter's screen. buyer: the login."""

    counter: str
    token: str
    buyer: str
    pin: str


@dataclass(frozen=True, slots=True)
class Asked:
    """address: whence. id: of the visit, if it is a new one. now_s: since 1970."""

    wish: VisitWish
    key: str
    address: str
    id: str
    now: datetime

    @property
    def now_s(self) -> int:
        return int(self.now.timestamp())


class Doorman:
    """db: the reader. submit: hands a command in. may_sign: whether there is a key to sign it with.

    is_up: whether the centre itself reaches the broker, as far as this process knows.
    """

    def __init__(
        self,
        db: Callable[[], Connection],
        submit: Callable[[commanding.Request], object],
        may_sign: Callable[[], bool],
        is_up: Callable[[], bool],
        hasher: PasswordHasher,
    ) -> None:
        self._db, self._submit, self._hasher = db, submit, hasher
        self._may_sign, self._is_up = may_sign, is_up
        self._checking = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def open(self, gate: Gate, asked: Asked) -> Visit:
        """The visit of this wish and key. Raises Problem."""
        wish = _fitting(asked)
        self._is_there(wish.counter, asked.now)
        buyers = Buyers(gate.db, self._hasher)
        buyer = await self._admitted(buyers, asked)
        with gate.db.transaction() as db:
            try:
                visit = visits.begin(
                    db,
                    id=asked.id,
                    buyer=buyer.ref,
                    key=asked.key,
                    counter=wish.counter,
                    token=wish.token,
                    now_s=asked.now_s,
                )
            except visits.Reused as error:
                raise refused("KEY_REUSED") from error
            except visits.TooMany as error:
                raise refused("TOO_MANY_VISITS") from error
        if visit.id == asked.id:
            self._submit(_unlock(visit, wish.token, buyer))
        return visit

    def place(self, counter: str, now: datetime) -> Place | None:
        """The counter as a buyer sees it; a centre that is cut off reaches none. None: unknown."""
        with self._db().picture() as db:
            found = place(db, counter, now)
        return replace(found, online=found.online and self._is_up()) if found else None

    def _is_there(self, counter: str, now: datetime) -> None:
        """Said at once, before a PIN is asked for or anything is sent."""
        found = self.place(counter, now)
        if found is None:
            raise refused("UNKNOWN_COUNTER")
        if not self._may_sign():
            raise refused("NO_KEY")
        if not found.online:
            raise refused("OFFLINE")

    async def _admitted(self, buyers: Buyers, asked: Asked) -> Buyer:
        """Counted, then checked, then told: the same words whatever was wrong."""
        login = asked.wish.buyer
        if self._waiting >= WAITING:
            raise refused("CENTRE_BUSY")
        counted = buyers.counted(login, asked.address, asked.now_s)
        if counted.first:
            self._note_blocked(buyers, login, asked)
        if not counted.fits:
            raise refused("BLOCKED")
        self._waiting += 1
        try:
            async with self._checking:
                right = await asyncio.to_thread(buyers.right(login, asked.wish.pin))
        finally:
            self._waiting -= 1
        if right:
            with buyers.db.transaction():
                if (buyer := buyers.admitted(login, asked.address, asked.now_s)) is not None:
                    return buyer
        raise refused("BAD_PIN")

    @staticmethod
    def _note_blocked(buyers: Buyers, login: str, asked: Asked) -> None:
        """Once for each lock-out; what else people type as a login may be their PIN."""
        whose = login if buyers.knows(login) else "(unknown)"
        told = {"at": now_text(), "address": asked.address, "outcome": "REFUSED", "detail": "too_many"}
        with buyers.db.transaction():
            trail.note(buyers.db, NOBODY, "buyer_pin", whose, **told)


def _fitting(asked: Asked) -> VisitWish:
    wish = asked.wish
    if not KEY.fullmatch(asked.key):
        raise refused("KEY_MISSING")
    if not feed.COUNTER_ID.fullmatch(wish.counter):
        raise refused("UNKNOWN_COUNTER")
    for name, value, most in (("token", wish.token, 64), ("buyer", wish.buyer, 64), ("pin", wish.pin, 32)):
        if not 1 <= len(value) <= most or not value.isascii() or not value.isprintable():
            raise refused("BAD_FIELD", name)
    return wish


def _unlock(visit: Visit, token: str, buyer: Buyer) -> commanding.Request:
    body = msgspec.json.encode(Unlock(token=token, buyer=buyer.ref))
    return commanding.Request(
        counter=visit.counter,
        kind="unlock",
        body=msgspec.Raw(body),
        id=visit.id,
        by=BY,
        expires_s=visits.EXPIRES_S,
        until=visit.expires_s,
    )
