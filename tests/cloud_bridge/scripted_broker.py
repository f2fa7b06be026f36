"""A broker that does what a test tells it: enough MQTT for one client, over a real socket, and no manners.

Every packet that came is kept as (kind, …) in ``seen``, by session. ``Script`` says how it answers.
"""

import socket
import struct
import threading
from contextlib import closing, suppress
from dataclasses import dataclass, field

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, DISCONNECT = 1, 2, 3, 4, 8, 9, 12, 14


def varint(n: int) -> bytes:
    out = bytearray()
    while True:
        n, digit = n >> 7, n & 127
        out.append(digit | (0x80 if n else 0))
        if not n:
            return bytes(out)


def packet(kind: int, body: bytes, flags: int = 0) -> bytes:
    return bytes([kind << 4 | flags]) + varint(len(body)) + body


def publish(topic: str, payload: bytes, mid: int) -> bytes:
    """A QoS 1 PUBLISH of MQTT 5 to the client."""
    name = topic.encode()
    return packet(PUBLISH, struct.pack(">H", len(name)) + name + struct.pack(">HB", mid, 0) + payload, 2)


@dataclass(frozen=True)
class Sent:
    """What a client's PUBLISH held. alias: whether a topic alias stood in its properties."""

    topic: str
    body: bytes
    qos: int
    mid: int
    dup: bool
    alias: bool


@dataclass
class Script:
    """How the broker answers. connack: reason code; properties: of the CONNACK, encoded.

    old: it speaks MQTT 3.1.1 and says so. silent_to: kinds of packet that get no answer.
    puback(Sent) → reason code, None (no answer) or bytes that are sent before the connection is closed.
    centre(Sent) → what follows the PUBACK.
    """

    connack: int = 0
    properties: bytes = b""
    old: bool = False
    silent_to: tuple[int, ...] = ()
    granted: int = 1
    session_present: bool = False
    puback: object = None
    centre: object = None
    after_suback: bytes = b""


@dataclass
class ScriptedBroker:
    script: Script = field(default_factory=Script)
    sessions: list = field(default_factory=list)
    _open: list = field(default_factory=list)

    def __post_init__(self):
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        self._threads = [threading.Thread(target=self._admit, daemon=True)]
        self._threads[0].start()

    def sent(self, session=-1):
        """The messages with events of a session, in the order they came."""
        seen = self.sessions[session] if self.sessions else []
        return [what for kind, what in seen if kind == PUBLISH and what.topic.endswith("/events")]

    def everything(self):
        return [each for seen in self.sessions for each in seen]

    def say(self, data: bytes):
        self._open[-1].sendall(data)

    def hang_up(self):
        with suppress(OSError):
            self._open[-1].shutdown(socket.SHUT_RDWR)

    def close(self):
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _admit(self):
        while True:
            try:
                line, _ = self._door.accept()
            except OSError:
                return
            self.sessions.append([])
            self._open.append(line)
            thread = threading.Thread(target=self._serve, args=(line, self.sessions[-1]), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, line, seen):
        with closing(line), suppress(OSError, EOFError):
            while True:
                first, body = self._packet(line)
                answer, last = self._answer(first, body, seen)
                line.sendall(answer)
                if last:
                    return

    @staticmethod
    def _packet(line):
        def take(count):
            data = b""
            while len(data) < count:
                more = line.recv(count - len(data))
                if not more:
                    raise EOFError
                data += more
            return data

        first, length, shift = take(1)[0], 0, 0
        while True:
            digit = take(1)[0]
            length |= (digit & 127) << shift
            shift += 7
            if not digit & 128:
                return first, take(length)

    def _answer(self, first, body, seen):
        kind, script = first >> 4, self.script
        what = _sent(first, body) if kind == PUBLISH else body
        seen.append((kind, what))
        if kind in script.silent_to:
            return b"", False
        if kind == CONNECT:
            if script.old:
                return packet(CONNACK, b"\x00\x01"), True
            properties = varint(len(script.properties)) + script.properties
            return packet(
                CONNACK, bytes([script.session_present, script.connack]) + properties
            ), script.connack != 0
        if kind == SUBSCRIBE:
            count = body[3:].count(b"\x01")  # subscription options: QoS 1
            return packet(
                SUBACK, body[:2] + b"\x00" + bytes([script.granted]) * count
            ) + script.after_suback, False
        if kind == PUBLISH and what.qos:
            return self._puback(what)
        if kind == PINGREQ:
            return packet(13, b""), False
        return b"", kind == DISCONNECT

    def _puback(self, what):
        code = self.script.puback(what) if self.script.puback else 0
        if code is None:
            return b"", False
        if isinstance(code, bytes):
            return code, True
        more = self.script.centre(what) if self.script.centre and what.topic.endswith("/events") else b""
        return packet(PUBACK, struct.pack(">HBB", what.mid, code, 0)) + more, False


def _sent(first: int, body: bytes) -> Sent:
    length = struct.unpack_from(">H", body)[0]
    topic, at, qos, mid = body[2 : 2 + length].decode(), 2 + length, first >> 1 & 3, 0
    if qos:
        mid, at = struct.unpack_from(">H", body, at)[0], at + 2
    size = body[at]  # of the properties; below 128 here
    properties = body[at + 1 : at + 1 + size]
    return Sent(topic, body[at + 1 + size :], qos, mid, bool(first & 8), properties[:1] == b"\x23")
