"""The contract of commands: what the centre may ask of a counter. Pure; both banks and the engine import it.

A command travels on ``counters/{counter}/commands`` as a JWS in compact form (RFC 7515), signed with
Ed25519 (RFC 8037, named as RFC 9864 does); its payload is a ``Command`` as JSON. Never a shell: every
kind is a body below.
"""

import msgspec

ALGORITHM = "Ed25519"
MAX_COMMAND_BYTES = 48 * 1024
"""Of the whole JWS; a document that is larger comes in parts."""


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked. Unknown fields are refused: half understood is not understood."""


class Unlock(Body, frozen=True, kw_only=True):
    """Open for a sale that was begun at the centre. token: what the counter's screen shows, used up by this.

    buyer: opaque reference, known to the counter's roster. At most once, never again after a restart.
    """

    token: str
    buyer: str


class Document(Body, frozen=True, kw_only=True):
    """One part of a versioned file, applied whole or not at all.

    sha256: of the whole text in UTF-8, which is the version's proof. base: sha256 of the text that a delta
    starts from, None: a snapshot. part ``part`` of ``of``, from 1. data: base64 of a piece of the zlib
    stream of the text, or of the delta (``cloud_bridge.documents``).
    """

    version: str
    sha256: str
    data: str
    base: str | None = None
    part: int = 1
    of: int = 1


class Recall(Body, frozen=True, kw_only=True):
    """Stop selling ``lot`` of ``sku`` ("": every lot) at once; lifted: sell it again."""

    sku: str
    reason: str
    lot: str = ""
    lifted: bool = False


class Lockout(Body, frozen=True, kw_only=True):
    """No door opens for buyers until ``resume``. An open door's session ends as it would."""

    reason: str


class Resume(Body, frozen=True, kw_only=True):
    """End a lockout."""

    reason: str


class TrayOutOfService(Body, frozen=True, kw_only=True):
    """Take one tray out of sale, or back into it."""

    tray: str
    out: bool
    reason: str


class Config(Body, frozen=True, kw_only=True):
    """Settings by dotted name (``policy.offline_hours``), of a list of allowed ones; applied as a whole."""

    values: dict[str, str | int | float | bool]


class Resend(Body, frozen=True, kw_only=True):
    """Send events ``first`` to ``last`` of ``inc`` again."""

    inc: str
    first: int
    last: int


class Diagnostics(Body, frozen=True, kw_only=True):
    """A report without personal data, in the answer."""


BODIES: dict[str, type[Body]] = {
    "unlock": Unlock,
    "catalogue": Document,
    "planogram": Document,
    "prices": Document,
    "roster": Document,
    "recall": Recall,
    "lockout": Lockout,
    "resume": Resume,
    "tray_out_of_service": TrayOutOfService,
    "config": Config,
    "resend": Resend,
    "diagnostics": Diagnostics,
}


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is signed. id: 26 characters (ULID). aud: the counter. nonce: 32 hex digits, never used before.

    issued, expires: whole seconds since 1970, UTC. body: of ``BODIES[kind]``.
    """

    id: str
    aud: str
    nonce: str
    issued: int
    expires: int
    kind: str
    body: msgspec.Raw
