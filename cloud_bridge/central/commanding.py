"""Issues commands: checks what is asked, signs it, and keeps it until it is answered or has expired.

It publishes nothing (``commanding_post`` does). Times are whole seconds since 1970. A document goes as
what changed against the text that the counter last applied, or whole where that is not known.
"""

import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_bridge import documents, feed
from cloud_bridge.central.commanding_schema import APPLIED, COMMAND_ANSWER
from cloud_bridge.central.database import Connection
from cloud_bridge.central.table import Entry
from cloud_bridge.commands import BODIES, Body, Command, Document, Resend, Unlock
from cloud_bridge.signed import LONGEST_S, sign
from edge.errors import BadInput

EXPIRES_S = {"unlock": 60, "diagnostics": 3600, "resend": 3600}
"""How long a command may be obeyed where nobody says."""
EXPIRES_ELSE_S = 86_400
CENTRE = "centre"
"""Who issues what nobody asked for: a snapshot after a refused delta, a range that is missing."""
MAX_DETAIL = 500

OPEN = (
    "c.expires_at > ? and not exists"
    " (select 1 from command_answer a where a.counter = c.counter and a.command = c.id)"
)
"""SQL: the command ``c`` may still be obeyed and is not answered. Takes the present moment."""

NOTHING = msgspec.Raw(b"null")
"""No body."""

_ULID = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Invalid(BadInput):
    """What is asked can be no command; the text says why."""


class TooLate(Invalid):
    """It was to be obeyed by a moment that has passed; nobody waits for it any more."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody wants of one counter.

    id: 26 characters; asking twice under one id is asking once, "": a new one. body: of the kind's form.
    text, version: of a document instead of a body. expires_s: 0: the kind's own. until: seconds since 1970
    from which it must be obeyed no more, however long it lay before it was issued; 0: it may lie.
    """

    counter: str
    kind: str
    body: msgspec.Raw = NOTHING
    text: str = ""
    version: str = ""
    expires_s: int = 0
    id: str = ""
    by: str = ""
    until: int = 0


class Issuer:
    """The centre's pen. random: gives so many random bytes."""

    def __init__(self, key: Ed25519PrivateKey, random: Callable[[int], bytes]) -> None:
        self._key, self._random = key, random

    def new_id(self, now: int) -> str:
        return ulid(now * 1000, self._random(10))

    def issue(self, db: Connection, request: Request, now: int, *, whole: bool = False) -> tuple[str, ...]:
        """The ids of the commands that ``request`` became; inside a transaction. Raises Invalid, TooLate.

        whole: a document goes as a snapshot, whatever the counter has.
        """
        name = request.id or self.new_id(now)
        known = db.execute("select id from command where request = ? order by id", (name,)).fetchall()
        if known:
            return tuple(row[0] for row in known)
        expires = min(now + _lifetime(request), request.until or 2**53)
        if expires <= now:
            raise TooLate(f"{request.kind} for {request.counter} lay for {now - request.until} s too long")
        ids: list[str] = []
        for body in bodies_of(db, request, whole=whole):
            id = name if not ids else self.new_id(now)
            command = Command(
                id=id,
                aud=request.counter,
                nonce=self._random(16).hex(),
                issued=now,
                expires=expires,
                kind=request.kind,
                body=msgspec.Raw(msgspec.json.encode(body)),
            )
            _keep(db, command, body, name, request.by, self._sign(command))
            ids.append(id)
        return tuple(ids)

    def _sign(self, command: Command) -> str:
        try:
            return sign(command, self._key)
        except ValueError as error:
            raise Invalid(str(error)) from error

    def resend(self, db: Connection, counter: str, inc: str, first: int, last: int, now: int) -> str | None:
        """Ask ``counter`` for events ``first`` to ``last`` of ``inc`` again; inside a transaction.

        None, where such a command is under way already: it is asked again once that one was answered or has
        expired.
        """
        asked = Resend(inc=inc, first=first, last=last)
        body = msgspec.json.encode(asked)
        under_way = db.execute(
            f"select c.id from command c where c.counter = ? and c.kind = 'resend' and c.body = ? and {OPEN}",
            (counter, body.decode(), now),
        ).fetchone()
        if under_way:
            return None
        request = Request(counter=counter, kind="resend", body=msgspec.Raw(body), by=CENTRE)
        return self.issue(db, request, now)[0]


def bodies_of(db: Connection, request: Request, *, whole: bool = False) -> Iterator[Body]:
    """What is to be signed for ``request``: one body, or the parts of a document. Raises Invalid."""
    body = checked(request)
    if body is None:
        yield from _parts(db, request, whole)
    else:
        yield body


def checked(request: Request) -> Body | None:
    """The body that ``request`` asks for, None for a document given as a text. Raises Invalid.

    What is right here is issued; only a text may still turn out to be too large.
    """
    kind = BODIES.get(request.kind)
    if kind is None:
        raise Invalid(f"{request.kind!r} is no kind of command; there are: {', '.join(sorted(BODIES))}")
    if not feed.COUNTER_ID.fullmatch(request.counter):
        raise Invalid(f"{request.counter!r} is no counter's id")
    _lifetime(request)
    body = b"{}" if bytes(request.body) == bytes(NOTHING) else bytes(request.body)
    if kind is Document and body == b"{}":
        if not request.text:
            raise Invalid(f"{request.kind} needs its text")
        return None
    if request.text or request.version:
        raise Invalid(f"{request.kind} takes a body, no text")
    return body_of(kind, body)


def body_of(kind: type[Body], data: bytes | msgspec.Raw) -> Body:
    """``data`` (JSON) as a body of ``kind``. Raises Invalid."""
    try:
        value = plain(msgspec.json.decode(data))
        body: Body = msgspec.convert(value, kind)
    except (*feed.BAD_JSON, msgspec.ValidationError) as error:
        raise Invalid(f"body: {error}") from error
    return body


def plain(value: Any) -> Any:
    """``value`` with its texts in one Unicode form (NFC). Raises Invalid on characters no counter takes."""
    if isinstance(value, str):
        text = unicodedata.normalize("NFC", value)
        if any(unicodedata.category(c) in ("Cc", "Cs", "Cf", "Zl", "Zp") for c in text):
            raise Invalid("body: a control character stands in a text")
        return text
    if isinstance(value, dict):
        return {plain(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def came_online(db: Connection, counter: str, now: int) -> None:
    """What ``counter`` may have missed is published again at once; inside a transaction."""
    db.execute(
        f"update command as c set next_at = ? where c.counter = ? and c.published_at is not null and {OPEN}",
        (now, counter, now),
    )


def last_text(db: Connection, counter: str, kind: str) -> str | None:
    """The text of ``kind`` that ``counter`` has in force, as far as it told; None: not known.

    What it applied by itself (a file changed at the counter) is known by its version only.
    """
    done = db.execute(
        "select c.sha256 from command c"
        " join command_answer a on a.counter = c.counter and a.command = c.id"
        " where c.counter = ? and c.kind = ? and a.outcome = 'DONE' and c.sha256 is not null"
        " order by c.issued_at desc, c.id desc limit 1",
        (counter, kind),
    ).fetchone()
    if done is None:
        return None
    row = db.execute("select body from document where sha256 = ?", (done[0],)).fetchone()
    return None if row is None else str(row[0])


def _parts(db: Connection, request: Request, whole: bool) -> tuple[Document, ...]:
    try:
        sha256 = documents.digest(request.text)
        version = plain(request.version) or sha256[:16]
        base = None if whole else last_text(db, request.counter, request.kind)
        parts = documents.shortest(base, request.text, version)
    except documents.BadDocument as error:
        raise Invalid(f"{request.kind}: {error}") from error
    if len(version) > 64:
        raise Invalid("a version has at most 64 characters")
    db.execute(
        "insert into document (sha256, kind, version, body) values (?, ?, ?, ?) on conflict do nothing",
        (sha256, request.kind, version, request.text),
    )
    return parts


def _lifetime(request: Request) -> int:
    seconds = request.expires_s or EXPIRES_S.get(request.kind, EXPIRES_ELSE_S)
    if not 1 <= seconds <= LONGEST_S:
        raise Invalid(f"a command lives 1 to {LONGEST_S} seconds, not {seconds}")
    return seconds


def _keep(db: Connection, command: Command, body: Body, request: str, by: str, jws: str) -> None:
    shown = b"{}" if isinstance(body, Unlock) else msgspec.json.encode(body)  # a list names no buyer
    sha256 = base = None
    if isinstance(body, Document):  # its data is in the JWS, and the text is kept once
        sha256, base = body.sha256, body.base
        shown = msgspec.json.encode(msgspec.structs.replace(body, data=""))
    db.execute(
        "insert into command (id, request, counter, kind, body, jws, sha256, base, issued_by, issued_at,"
        " expires_at, next_at, published_at, times, followed)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null, 0, 0)",
        (
            *(command.id, request, command.aud, command.kind, shown.decode(), jws, sha256, base),
            *(by, command.issued, command.expires, command.issued),
        ),
    )


def ulid(ms: int, random: bytes) -> str:
    """26 characters that sort by ``ms`` (since 1970). random: 10 bytes."""
    number = (ms & (1 << 48) - 1) << 80 | int.from_bytes(random, "big")
    return "".join(_ULID[number >> shift & 31] for shift in range(125, -1, -5))


# --- projections --------------------------------------------------------------------------------------
def answered(counter: str, event: feed.Envelope, fact: feed.CommandAnswered) -> Entry:
    """The row of an answer; of two for one command the lower (inc, seq) counts."""
    row = (
        *(counter, fact.command, event.inc, event.seq, fact.kind, fact.outcome, fact.code),
        *(fact.detail[:MAX_DETAIL], fact.session, fact.report, event.time),
    )
    return Entry(COMMAND_ANSWER, row)


def applied(counter: str, event: feed.Envelope, kind: str, version: str) -> Entry:
    """What a counter has in force since ``event``; the highest number of an incarnation counts."""
    return Entry(APPLIED, (counter, event.inc, kind, event.seq, version, event.time))
