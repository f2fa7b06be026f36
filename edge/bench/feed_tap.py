"""Stands between a client and its broker and counts what the client publishes, in whole MQTT packets."""

import socket
import threading
from contextlib import suppress
from types import TracebackType

PUBLISH = 3


class Tap:
    """``port``: where the client connects instead. Bytes pass unchanged in both directions."""

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._sent: list[bytearray] = []
        self._lines: list[socket.socket] = []

    def __enter__(self) -> "Tap":
        threading.Thread(target=self._admit, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in (self._door, *self._lines):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def published(self) -> int:
        """Bytes of all PUBLISH packets with events so far: fixed header, topic, properties and payload."""
        return sum(
            len(packet)
            for sent in self._sent
            for packet in packets(bytes(sent))
            if packet[0] >> 4 == PUBLISH and b"/events" in packet[:64]
        )

    def _admit(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                broker = socket.create_connection(("127.0.0.1", self._broker_port))
                self._lines += (client, broker)
                self._sent.append(bytearray())
                for ends in ((client, broker, self._sent[-1]), (broker, client, bytearray())):
                    threading.Thread(target=_pass, args=ends, daemon=True).start()


def _pass(source: socket.socket, target: socket.socket, kept: bytearray) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            kept += data
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def packets(sent: bytes) -> list[bytes]:
    """The whole MQTT packets in what a client sent (MQTT 5, 2.1): a byte, the rest's length, the rest."""
    found, at = [], 0
    while at < len(sent):
        end, length, shift = at + 1, 0, 0
        while end < len(sent) and sent[end] & 128:
            length |= (sent[end] & 127) << shift
            end, shift = end + 1, shift + 7
        if end >= len(sent):
            break
        end += 1 + (length | sent[end] << shift)
        if end > len(sent):
            break
        found.append(sent[at:end])
        at = end
    return found
