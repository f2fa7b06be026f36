"""The control port's web server in a thread: a socket, uvicorn, start and stop. Knows no page."""

import socket
import threading

import uvicorn
from starlette.applications import Starlette

from hardware_sim.errors import ConfigError

START_S = 5.0


class Server:
    """Serves ``app`` on ``host``; port 0: any free one, then told by ``url``."""

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        try:
            self._socket = socket.create_server((host, port))
            # Else the second piece of an answer waits up to 40 ms for the asker's ACK.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {host}:{port}: {error}; choose another --http port"
            ) from error
        self.url = f"http://{host}:{self._socket.getsockname()[1]}"
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1, ws="none"
            )
        )
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="sim-web", daemon=True)

    def start(self) -> None:
        """Return once pages are served. The socket listens already, so early callers only wait."""
        self._thread.start()
        self._begun.wait(START_S)

    def stop(self) -> None:
        self._uvicorn.should_exit = True
        self._thread.join(timeout=2.0)
        self._socket.close()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def _serve(self) -> None:
        self._begun.set()
        self._uvicorn.run(sockets=[self._socket])
