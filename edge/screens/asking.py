"""How the web thread asks the engine: a request goes out, its answer comes back or nothing does."""

import asyncio
from collections.abc import Callable

import structlog

from edge.domain.requests import Answer, Request
from edge.screens.stage import Stage

log = structlog.get_logger(__name__)

ASK_S = 5.0
"""How long a request waits for the engine, which answers within its turn or once a PIN is checked."""

Ask = Callable[[Request], None]
"""Puts a request on the engine's queue and returns at once."""


async def answer_to(request: Request, stage: Stage, ask: Ask, ask_s: float = ASK_S) -> Answer | None:
    """The engine's answer, or None when it stays silent."""
    waiting = asyncio.wrap_future(stage.expect(request.id))
    try:
        ask(request)
        return await asyncio.wait_for(waiting, ask_s)
    except TimeoutError:
        log.warning("engine_silent", request=type(request).__name__)
        return None
    finally:
        stage.forget(request.id)
