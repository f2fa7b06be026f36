"""uvicorn in a thread of its own, started and stopped from another one. It knows no route."""

import asyncio
import socket
import threading

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from edge.errors import Unavailable
from edge.screens.stage import Stage

log = structlog.get_logger(__name__)

MOST_CONNECTIONS = 400
"""Above this a new one is cut off: the program needs file descriptors for its port and its ledger."""
FIRST_REQUEST_S = 10.0
"""A connection over which no whole request came by then is cut off; who sends byte by byte holds nothing."""

START_S = 10.0
STOP_S = 5.0


class PortTaken(Unavailable):
    """The pages' port cannot be listened on."""


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Answers go out in two pieces: without this the second waits up to 40 ms for the phone's ACK.
        # asyncio sets it by itself only on sockets that were made with a protocol number.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind((host, port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise PortTaken(
            f"the pages cannot listen on {host} port {port}: {error.strerror or error}; "
            "free the port or set screens.port to another one (0: any free port)"
        ) from error
    return sock


class _Bounded(H11Protocol):
    """One HTTP connection, of which there are not too many and none without a request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        else:
            self.loop.call_later(FIRST_REQUEST_S, self._cut_off_silent)

    def _cut_off_silent(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.abort()


class WebThread:
    """The web server. ``port`` is the real one once started, also when 0 was asked for."""

    def __init__(self, app: ASGIApp, stage: Stage, host: str, port: int) -> None:
        self._stage = stage
        self._host = host
        self._asked_port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=_Bounded,
                access_log=False,  # its lines hold tokens and session ids
                log_config=None,
                lifespan="off",
                loop="asyncio",
                ws="none",
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=1,
                timeout_keep_alive=30,
            )
        )
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._sock: socket.socket | None = None
        self.port = port

    @property
    def url(self) -> str:
        """The pages' address as seen from this machine."""
        host = "127.0.0.1" if self._host in ("0.0.0.0", "") else "[::1]" if self._host == "::" else self._host
        return f"http://{f'[{host}]' if ':' in host and host[0] != '[' else host}:{self.port}"

    def start(self) -> None:
        """Listen, then serve. Raises PortTaken, and Unavailable when the server does not come up."""
        self._sock = _listening(self._host, self._asked_port)
        self.port = self._sock.getsockname()[1]
        self._thread.start()
        if not self._up.wait(START_S):
            raise Unavailable(f"the web server did not start within {START_S:.0f} s")
        log.info("web_started", host=self._host, port=self.port)

    def alive(self) -> bool:
        """Whether the thread still serves."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End every stream and the thread. A second call does nothing."""
        if self._loop is None or not self._thread.is_alive():
            return
        self._server.should_exit = True
        self._stage.end_streams()
        self._thread.join(STOP_S)
        if self._thread.is_alive():
            log.warning("web_thread_did_not_stop", after_s=STOP_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._stage.unbind()
            if self._sock is not None:
                self._sock.close()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stage.bind(self._loop)
        assert self._sock is not None
        self._loop.call_soon(self._up.set)  # the socket listens already: what comes early waits in it
        await self._server.serve([self._sock])
        self._stage.unbind()
