"""A page's view of a server: requests on one kept connection, and event streams that note arrivals."""

import http.client
import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from edge.errors import Unavailable

TIMEOUT_S = 10.0
DATA = b"data: "


def _connection(base: str, timeout_s: float | None) -> http.client.HTTPConnection:
    parts = urlsplit(base)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)
    try:
        connection.connect()
    except OSError as error:
        raise Unavailable(f"{base} does not answer: {error}") from error
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class Caller:
    """One kept connection to the server at ``base``."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._connection = _connection(base, TIMEOUT_S)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any, str]:
        """Status, JSON answer, and the cookie it sets ("": none). Raises Unavailable."""
        text = None if body is None else json.dumps(body)
        headers = {} if text is None else {"Content-Type": "application/json"}
        try:
            self._connection.request(method, path, text, headers)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"{self._base}{path}: {error!r}") from error
        return answer.status, json.loads(content), (answer.headers["set-cookie"] or "").partition(";")[0]

    def get(self, path: str) -> Any:
        """The JSON at ``path``. Raises Unavailable for anything but 200."""
        status, found, _ = self.ask("GET", path)
        if status != 200:
            raise Unavailable(f"{self._base}{path}: {status} {found}")
        return found

    def close(self) -> None:
        self._connection.close()


class Stream(threading.Thread):
    """Follows the event stream at ``path``; each event is kept with the moment of its arrival."""

    def __init__(self, base: str, path: str, cookie: str = "") -> None:
        super().__init__(name="stream", daemon=True)
        self._connection = _connection(base, None)
        self._connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        self._socket = self._connection.sock  # an endless answer takes it away from the connection
        self._answer = self._connection.getresponse()
        if self._answer.status != 200:
            raise Unavailable(f"{base}{path}: {self._answer.status}")
        self._events: queue.SimpleQueue[tuple[float, Any]] = queue.SimpleQueue()
        self.start()

    def run(self) -> None:
        with suppress(OSError, http.client.HTTPException, ValueError):  # closed by us, or the server ended
            for line in self._answer:
                if line.startswith(DATA):
                    self._events.put((time.monotonic(), json.loads(line.removeprefix(DATA))))

    def first(self, fits: Callable[[Any], bool], until: float) -> tuple[float, Any] | None:
        """The next event that ``fits`` and when it came; None if none has by ``until`` (monotonic).

        Events that do not fit are gone.
        """
        while True:
            try:
                at, found = self._events.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                return None
            if fits(found):
                return at, found

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self.join(TIMEOUT_S)
        self._connection.close()
