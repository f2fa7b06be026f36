"""The contract of commands: what the centre may ask of a counter. Pure; both banks and the engine import it.

A command travels on ``counters/{counter}/commands`` as a JWS in compact form (RFC 7515), signed with
Ed25519 (RFC 8037, named as RFC 9864 does); its payload is a ``Command`` as JSON. Never a shell: every
kind is a body below.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

ALGORITHM = "Ed25519"
MAX_COMMAND_BYTES = 48 * 1024
"""Of the whole JWS; a document that is larger comes in parts."""
MAX_PARTS = 64

Name = Annotated[str, Meta(min_length=1, max_length=64)]
Reason = Annotated[str, Meta(max_length=200)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Positive = Annotated[int, Meta(ge=1, le=2**53)]
Part = Annotated[int, Meta(ge=1, le=MAX_PARTS)]
Key = Annotated[str, Meta(pattern="^[a-z_]{1,32}([.][a-z_]{1,32}){1,3}$")]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked. Unknown fields are refused: half understood is not understood."""


class Unlock(Body, frozen=True, kw_only=True):
    """Open for a sale that was begun at the centre. token: what the counter's screen shows, used up by this.

    buyer: opaque reference, known to the counter's roster. At most once, never again after a restart.
    """

    token: Name
    buyer: Name


class Document(Body, frozen=True, kw_only=True):
    """One part of a versioned file, applied whole or not at all.

    sha256: of the whole text in UTF-8, which is the version's proof. base: sha256 of the text that a delta
    starts from, None: a snapshot. part ``part`` of ``of``, from 1. data: base64 of a piece of the zlib
    stream of the text, or of the delta (``cloud_bridge.documents``).
    """

    version: Name
    sha256: Sha256
    data: Annotated[str, Meta(max_length=MAX_COMMAND_BYTES, pattern="^[A-Za-z0-9+/]*={0,2}$")]
    base: Sha256 | None = None
    part: Part = 1
    of: Part = 1

    def __post_init__(self) -> None:
        if self.part > self.of:
            raise ValueError(f"part {self.part} of {self.of}")


class Recall(Body, frozen=True, kw_only=True):
    """Stop selling ``lot`` of ``sku`` ("": every lot) at once; lifted: sell it again."""

    sku: Name
    reason: Reason
    lot: Annotated[str, Meta(max_length=64)] = ""
    lifted: bool = False


class Lockout(Body, frozen=True, kw_only=True):
    """No door opens for buyers until ``resume``. An open door's session ends as it would."""

    reason: Reason


class Resume(Body, frozen=True, kw_only=True):
    """End a lockout."""

    reason: Reason


class TrayOutOfService(Body, frozen=True, kw_only=True):
    """Take one tray out of sale, or back into it."""

    tray: Name
    out: bool
    reason: Reason


class Config(Body, frozen=True, kw_only=True):
    """Settings by dotted name (``policy.offline_hours``), of a list of allowed ones; applied as a whole."""

    values: Annotated[
        dict[Key, Annotated[str, Meta(max_length=200)] | int | float | bool],
        Meta(min_length=1, max_length=50),
    ]


class Resend(Body, frozen=True, kw_only=True):
    """Send events ``first`` to ``last`` of ``inc`` again."""

    inc: Annotated[str, Meta(pattern="^[0-9A-Za-z-]{1,64}$")]
    first: Positive
    last: Positive

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError(f"from {self.first} to {self.last}")


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

    id: Annotated[str, Meta(pattern="^[0-9A-HJKMNP-TV-Z]{26}$")]
    aud: Annotated[str, Meta(pattern="^[A-Za-z0-9][A-Za-z0-9-]{0,23}$")]
    nonce: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    issued: Annotated[int, Meta(ge=0, le=2**53)]
    expires: Annotated[int, Meta(ge=0, le=2**53)]
    kind: Name
    body: msgspec.Raw
