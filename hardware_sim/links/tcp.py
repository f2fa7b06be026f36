"""The simulated line as a TCP port for ``socket://host:port``. One client at a time, like one cable.

Knows sockets, not boards. TCP has no line speed, so none is checked.
"""

import socket

from hardware_sim.errors import ConfigError

CHUNK = 4096


class TcpLink:
    """A listening port; a second client waits until the first has gone. port 0: any free one."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._listener: socket.socket | None = None
        self._client: socket.socket | None = None

    @property
    def url(self) -> str:
        return f"socket://{self._address[0]}:{self._address[1]}"

    @property
    def is_open(self) -> bool:
        return self._listener is not None

    def plug(self) -> None:
        """Listen. Raises ConfigError when the port cannot be had."""
        try:
            self._listener = socket.create_server(self._address)
        except OSError as error:
            raise ConfigError(f"cannot listen on {self.url}: {error}") from error
        self._listener.setblocking(False)
        self._address = (self._address[0], self._listener.getsockname()[1])

    def unplug(self) -> None:
        """Close the connection and stop listening."""
        self._drop()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def close(self) -> None:
        self.unplug()

    def descriptors(self) -> list[int]:
        """What to wait on: the client, or a new one when there is none."""
        waiting = self._client or self._listener
        return [waiting.fileno()] if waiting is not None else []

    def read(self) -> bytes:
        """What the client has sent; none after taking a new client or losing one."""
        if self._client is None:
            self._accept()
            return b""
        try:
            data = self._client.recv(CHUNK)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._drop()
        return data

    def write(self, data: bytes) -> None:
        """Hand ``data`` to the client; without one, or when it is gone or does not read, they are lost."""
        if self._client is None:
            return
        try:
            self._client.sendall(data)
        except OSError:
            self._drop()

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            self._client, _ = self._listener.accept()
        except BlockingIOError:
            return
        self._client.setblocking(False)
        self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
