"""Where what goes: the feed's topics, who is there, and what the centre holds. Pure."""

import re

import msgspec

COUNTER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,23}")
"""A counter's id stands in topics, file names and order numbers."""


def topic(counter: str, leaf: str) -> str:
    """``counters/{counter}/{leaf}``; leaf: events presence live health acks commands."""
    return f"counters/{counter}/{leaf}"


CENTRE_STATE = "centre/state"


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    seq: int
    code: str


MAX_HAVE = 64
"""Ranges named in one ack; the lowest, so that what is left over shrinks from below."""


class Ack(msgspec.Struct, frozen=True, kw_only=True):
    """What the centre holds after its commit.

    through: every seq from 1 to here. have: further closed ranges. reject: held, but unreadable or
    in conflict; these count as delivered so that nothing behind them waits.
    """

    inc: str
    through: int
    have: tuple[tuple[int, int], ...] = ()
    reject: tuple[Rejected, ...] = ()
    tip: tuple[int, str] | msgspec.UnsetType = msgspec.UNSET
    """In the answer to a birth: the highest event stored and its hash, which stands for all below it."""


class Presence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who is there. inc: a counter's ledger; the centre answers such a birth with an ack of how it stands.

    name, place, hotline: of a counter, as its screen shows them, for whoever scans its code.
    """

    online: bool
    since: str | None = None
    boot: str | None = None
    version: str | None = None
    inc: str | None = None
    name: str | None = None
    place: str | None = None
    hotline: str | None = None
