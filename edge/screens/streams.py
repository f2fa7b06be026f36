"""Server-sent events: the whole state on connect, then the newest on each change. No page logic."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import msgspec
from starlette.responses import StreamingResponse

from edge.screens.stage import Shown, Stage

COMMENT_S = 15.0
RETRY_MS = 1000
MAX_STREAMS = 100
"""Open streams in all; a page holds one. More is refused, so that a fleet of tabs cannot fill memory."""
OWN_STREAMS = 4
"""Further ones for the counter's own screen, which strangers' tabs must not shut out."""


T = TypeVar("T", bound=msgspec.Struct)


def event(serial: str, body: bytes) -> bytes:
    """One event; ``body``: JSON without line ends."""
    return b"id: %s\ndata: %s\n\n" % (serial.encode(), body)


async def _changes(
    stage: Stage,
    newest: Callable[[], Shown[T] | None],
    event_id: Callable[[Shown[T]], str],
    comment_s: float,
    goes_on: Callable[[], bool],
) -> AsyncIterator[bytes]:
    yield b"retry: %d\n\n" % RETRY_MS
    sent = -1
    with stage.listening() as changed:
        while not stage.closing and goes_on():
            changed.clear()
            shown = newest()
            if shown is not None and shown.serial != sent:
                sent = shown.serial
                yield event(event_id(shown), msgspec.json.encode(shown.value))
            try:
                await asyncio.wait_for(changed.wait(), comment_s)
            except TimeoutError:
                yield b": here\n\n"


def stream(
    stage: Stage,
    newest: Callable[[], Shown[T] | None],
    event_id: Callable[[Shown[T]], str],
    comment_s: float = COMMENT_S,
    goes_on: Callable[[], bool] = lambda: True,
) -> StreamingResponse:
    """A response that follows ``newest`` while it ``goes_on``. comment_s: seconds between signs of life."""
    return StreamingResponse(
        _changes(stage, newest, event_id, comment_s, goes_on),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def comment_every(beat: str | None) -> float:
    """Seconds between comments as a page asks for with ``?beat=``; 15 where it does not.

    Pages ask for 2: they call a stream lost after 5 s of silence.
    """
    if beat is None or not beat.isascii() or not beat.isdigit():
        return COMMENT_S
    return float(min(max(int(beat), 1), int(COMMENT_S)))
