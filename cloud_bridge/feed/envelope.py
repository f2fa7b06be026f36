"""An event's bytes: the envelope around a fact, its chain, and batches of events. Pure.

Events are CloudEvents 1.0 in structured JSON with the extensions ``inc seq boot clk prev``. An event
is serialised once, in the transaction that made the fact, and never again: its SHA-256 is part of
the next event (``prev``), so one changed byte is named by the chain.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from cloud_bridge.feed import older
from cloud_bridge.feed.facts import MAX_FACT_BYTES, TYPES, Fact

MAX_EVENT_BYTES = MAX_FACT_BYTES + 1024
GENESIS = "0" * 64
"""``prev`` of the first event of an incarnation."""

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
BATCH_CONTENT_TYPE = "application/cloudevents-batch+json; charset=utf-8"


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """One event. ``data`` is decoded by ``fact_of`` according to ``type``."""

    specversion: str
    id: str
    source: str
    type: str
    time: str
    subject: str
    datacontenttype: str
    inc: str
    seq: int
    boot: str
    clk: int
    prev: str
    data: msgspec.Raw


def sha256(body: bytes) -> str:
    """The chain's link: SHA-256 of an event's bytes as sent, 64 hex digits."""
    return hashlib.sha256(body).hexdigest()


class Unreadable(ValueError):
    """These bytes are no event of this contract; the message says where."""


BAD_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""All that msgspec raises on bytes from outside; nesting 10,000 deep is a RecursionError."""

_envelopes = msgspec.json.Decoder(Envelope)
_facts: dict[str, Any] = {name: msgspec.json.Decoder(kind) for kind, name in TYPES.items()}


def encode(
    fact: Fact,
    *,
    counter: str,
    id: str,
    time: str,
    subject: str,
    inc: str,
    seq: int,
    boot: str,
    clk: int,
    prev: str,
) -> bytes:
    """The event's bytes, as they are stored and sent. Raises ValueError above MAX_EVENT_BYTES."""
    body = msgspec.json.encode(
        Envelope(
            specversion="1.0",
            id=id,
            source=f"/counters/{counter}",
            type=TYPES[type(fact)],
            time=time,
            subject=subject,
            datacontenttype="application/json",
            inc=inc,
            seq=seq,
            boot=boot,
            clk=clk,
            prev=prev,
            data=msgspec.Raw(msgspec.json.encode(fact)),
        )
    )
    if len(body) > MAX_EVENT_BYTES:
        raise ValueError(f"event {seq} has {len(body)} bytes, the limit is {MAX_EVENT_BYTES}")
    return body


def decode(body: bytes) -> Envelope:
    """The envelope in ``body``. Raises Unreadable."""
    try:
        return _envelopes.decode(body)
    except BAD_JSON as error:
        raise Unreadable(str(error)) from error


def fact_of(event: Envelope) -> Fact | None:
    """The event's fact, also of an older form; None for an unknown type. Raises Unreadable."""
    decoder = _facts.get(event.type)
    if decoder is None:
        return None
    try:
        fact: Fact = decoder.decode(event.data)
    except BAD_JSON as error:
        before = _fact_of_older(event)
        if before is None:
            raise Unreadable(f"{event.type}: {error}") from error
        return before
    return fact


def _fact_of_older(event: Envelope) -> Fact | None:
    renewed = older.FORMS.get(event.type)
    if renewed is None:
        return None
    try:
        fact: Fact = _facts[event.type].decode(renewed(event.data))
    except BAD_JSON:
        return None  # not of the older form either: the first error says what is wrong
    return fact


def batch(bodies: Sequence[bytes]) -> bytes:
    """One CloudEvents JSON batch of events, their bytes untouched."""
    return b"[" + b",".join(bodies) + b"]"


def unbatch(body: bytes) -> list[bytes]:
    """The events' bytes in a batch, exactly as they were put in. Raises Unreadable."""
    try:
        return [bytes(raw) for raw in msgspec.json.decode(body, type=list[msgspec.Raw])]
    except BAD_JSON as error:
        raise Unreadable(f"batch: {error}") from error
