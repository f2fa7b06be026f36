"""Where the engine thread and the web thread meet. It holds the newest values and decides nothing.

::

    engine thread   show, show_session, answer  ──▶ Stage ◀──  view, session, expect, listening   web thread

The engine's calls store a value and schedule a wake-up; they never wait, and they never fail because
the web thread is slow, not there yet, or gone.
"""

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Generic, NamedTuple, TypeVar

import structlog

from edge.domain.requests import Answer
from edge.domain.restock_view import RestockView
from edge.domain.values import SessionId
from edge.domain.view import SessionView, View
from edge.screens.aging import aged, aged_session

log = structlog.get_logger(__name__)

SESSIONS_KEPT = 200
"""Sessions held in memory; older ones are read from the ledger."""

T = TypeVar("T")


class Shown(NamedTuple, Generic[T]):
    """A value as it reads now. ``serial`` changes whenever the engine shows another one."""

    serial: int
    value: T


class ShownRestock(NamedTuple):
    """A supplier's visit and the secret that whoever may see it has to show."""

    view: Shown[RestockView]
    secret: str


class _Kept(NamedTuple, Generic[T]):
    serial: int
    value: T
    at: float  # time.monotonic()


def _token(view: View) -> tuple[str, int]:
    return view.token, view.token_expires_in_s


class Stage:
    """The newest view, the last sessions, and the questions that wait for an answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._serial = 0
        self._view: _Kept[View] | None = None
        self._token_at = 0.0
        self._restock: ShownRestock | None = None
        self._sessions: OrderedDict[str, _Kept[SessionView]] = OrderedDict()
        self._asked: dict[str, Future[Answer]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: set[asyncio.Event] = set()
        self._closing = False

    # The engine thread's side.

    def show(self, view: View) -> None:
        """Make ``view`` the one that pages see. The newest wins.

        A token's remaining time counts from the view that first told it, until a view tells another.
        """
        now = time.monotonic()
        with self._lock:
            self._serial += 1
            if self._view is None or _token(self._view.value) != _token(view):
                self._token_at = now
            self._view = _Kept(self._serial, view, now)
        self._wake()

    def show_session(self, view: SessionView) -> None:
        """Make ``view`` the one its opener sees. The last 200 sessions are kept."""
        with self._lock:
            self._serial += 1
            self._sessions[view.session] = _Kept(self._serial, view, time.monotonic())
            self._sessions.move_to_end(view.session)
            while len(self._sessions) > SESSIONS_KEPT:
                self._sessions.popitem(last=False)
        self._wake()

    def show_restock(self, view: RestockView | None, secret: str = "") -> None:
        """Make ``view`` what the holder of ``secret`` sees; None: nobody is signed in any more."""
        with self._lock:
            self._serial += 1
            self._restock = None if view is None else ShownRestock(Shown(self._serial, view), secret)
        self._wake()

    def answer(self, answer: Answer) -> None:
        """Hand ``answer`` to whoever asked; a late one, whose asker has left, is logged and dropped."""
        with self._lock:
            waiting = self._asked.pop(answer.id, None)
        if waiting is None or not waiting.set_running_or_notify_cancel():
            log.info("answer_without_asker", answer=type(answer).__name__)
            return
        waiting.set_result(answer)

    # Either side.

    def view(self) -> View | None:
        """The newest view, its countdowns run down to now; None before the engine's first turn."""
        shown = self.shown()
        return None if shown is None else shown.value

    def session(self, session: SessionId) -> SessionView | None:
        """The session's newest view; None when it is unknown, or too long ago for memory."""
        shown = self.shown_session(session)
        return None if shown is None else shown.value

    def shown(self) -> Shown[View] | None:
        """The newest view and its serial."""
        with self._lock:
            kept, token_at = self._view, self._token_at
        if kept is None:
            return None
        now = time.monotonic()
        return Shown(kept.serial, aged(kept.value, now - kept.at, now - token_at))

    def shown_restock(self) -> ShownRestock | None:
        """The supplier's visit as it is shown now; None: nobody is signed in."""
        with self._lock:
            return self._restock

    def shown_session(self, session: SessionId) -> Shown[SessionView] | None:
        """The session's newest view and its serial."""
        with self._lock:
            kept = self._sessions.get(session)
        if kept is None:
            return None
        return Shown(kept.serial, aged_session(kept.value, time.monotonic() - kept.at))

    # The web thread's side.

    def expect(self, request: str) -> Future[Answer]:
        """The place where the answer to ``request`` will appear. Call it before asking."""
        waiting: Future[Answer] = Future()
        with self._lock:
            self._asked[request] = waiting
        return waiting

    def forget(self, request: str) -> None:
        """Nobody waits for the answer to ``request`` any more."""
        with self._lock:
            self._asked.pop(request, None)

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on wake the streams of ``loop``, which is the running one."""
        with self._lock:
            self._loop, self._closing = loop, False

    def unbind(self) -> None:
        """The loop is about to end."""
        with self._lock:
            self._loop = None

    def end_streams(self) -> None:
        """Ask every stream to end; ``closing`` tells them."""
        with self._lock:
            self._closing = True
        self._wake()

    @property
    def closing(self) -> bool:
        return self._closing

    @property
    def askers(self) -> int:
        """How many requests wait for an answer."""
        return len(self._asked)

    @property
    def streams(self) -> int:
        """How many streams listen."""
        return len(self._listeners)

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """An event that is set after each change; the listener clears it. Only inside the loop."""
        event = asyncio.Event()
        self._listeners.add(event)
        try:
            yield event
        finally:
            self._listeners.discard(event)

    def _wake(self) -> None:
        with self._lock:
            loop = self._loop
        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(self._wake_listeners)
        except RuntimeError:  # the loop closed between the two lines: nobody is left to wake
            log.info("web_loop_gone")

    def _wake_listeners(self) -> None:
        for event in self._listeners:
            event.set()
