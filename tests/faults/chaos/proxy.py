"""A bad network between two programs: late, cut, silent, sliced; of MQTT also doubled and out of order.

It knows where one MQTT packet ends and which are PUBLISH packets; it reads none of them. One thread
runs all paths; ``Weather`` is a plain value that any thread may change.
"""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any

PUBLISH = 3
LOOK_S = 0.05
"""How often a blocked direction looks whether it is free again."""


@dataclass
class Weather:
    """How a path is just now. Fine as made; chances are between 0 and 1, times in seconds."""

    latency_s: float = 0.0
    jitter_s: float = 0.0
    double: float = 0.0
    """Chance that a PUBLISH comes twice."""
    late: float = 0.0
    """Chance that a PUBLISH is held back ``late_s``, so that others overtake it."""
    late_s: float = 1.0
    slice: int = 0
    """Bytes written at a time; 0: all."""
    blocked: frozenset[str] = frozenset()
    """Directions, ``up`` and ``down``, in which nothing moves while the connection stays."""
    refusing: bool = False
    """New connections are closed at once."""
    swallow: int = 0
    """So many of the next messages with events go no further, though the sender is told that they arrived."""


@dataclass
class Path:
    """One listening port in front of ``far_port``. ``port`` is known once it listens.

    mqtt: whether it carries that; of anything else bytes keep their order.
    """

    name: str
    far_port: int
    random: Random
    mqtt: bool = True
    weather: Weather = field(default_factory=Weather)
    port: int = 0
    packets: int = 0
    doubled: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def listen(self) -> None:
        self._server = server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]

    def shut(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    def cut(self) -> None:
        """End every connection with a reset, whatever was under way."""
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.weather.refusing:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.far_port)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, far_writer}
        pumps = [self._pump("up", reader, far_writer, writer), self._pump("down", far_reader, writer, None)]
        tasks = {asyncio.create_task(pump) for pump in pumps}
        self._tasks |= tasks
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks -= tasks
        self._open -= {writer, far_writer}
        for each in (writer, far_writer):
            each.transport.abort()

    async def _pump(
        self,
        way: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        back: asyncio.StreamWriter | None,
    ) -> None:
        """Packets of one direction; ends when either side is gone. back: to the sender."""
        due: list[tuple[float, int, bytes]] = []
        order, woken, last = count(), asyncio.Event(), 0.0
        sender = asyncio.create_task(self._send(way, due, woken, writer))
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                while not sender.done():
                    packet = await (_packet(reader) if self.mqtt else _some(reader))
                    if back is not None and self.weather.swallow and (answer := _puback(packet)):
                        self.weather.swallow -= 1
                        back.write(answer)
                        continue
                    for at in self._times(packet, last):
                        heappush(due, (at, next(order), packet))
                        last = last if self.mqtt and packet[0] >> 4 == PUBLISH else max(last, at)
                    woken.set()
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    def _times(self, packet: bytes, last: float) -> list[float]:
        """When to send it on; twice for a doubled one."""
        now, weather = asyncio.get_running_loop().time(), self.weather
        at = max(now + weather.latency_s + self.random.uniform(0, weather.jitter_s), last)
        self.packets += 1
        if not self.mqtt or packet[0] >> 4 != PUBLISH:
            return [at]
        if self.random.random() < weather.late:
            at += weather.late_s * self.random.random()
        if self.random.random() >= weather.double:
            return [at]
        self.doubled += 1
        return [at, at + weather.late_s * self.random.random()]

    async def _send(
        self,
        way: str,
        due: list[tuple[float, int, bytes]],
        woken: asyncio.Event,
        writer: asyncio.StreamWriter,
    ) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            while True:
                if not due:
                    woken.clear()
                    await woken.wait()
                elif way in self.weather.blocked:
                    await asyncio.sleep(LOOK_S)
                elif (wait := due[0][0] - loop.time()) > 0:
                    await asyncio.sleep(min(wait, LOOK_S))
                else:
                    await self._write(heappop(due)[2], writer)

    async def _write(self, packet: bytes, writer: asyncio.StreamWriter) -> None:
        size = self.weather.slice or len(packet)
        for start in range(0, len(packet), size):
            writer.write(packet[start : start + size])
            await writer.drain()
            if size < len(packet):
                await asyncio.sleep(0.001)


async def _some(reader: asyncio.StreamReader) -> bytes:
    """Whatever bytes came."""
    if found := await reader.read(64 * 1024):
        return found
    raise asyncio.IncompleteReadError(b"", 1)


def _puback(packet: bytes) -> bytes | None:
    """The answer to a message with events (QoS 1; MQTT 5, 3.3 and 3.4); None: it is another packet."""
    if packet[0] >> 4 != PUBLISH or packet[0] >> 1 & 3 != 1:
        return None
    start = next(n for n in range(1, 5) if packet[n] < 128) + 3
    end = start + int.from_bytes(packet[start - 2 : start], "big")
    return b"\x40\x02" + packet[end : end + 2] if packet[start:end].endswith(b"/events") else None


async def _packet(reader: asyncio.StreamReader) -> bytes:
    """One MQTT control packet: type, length in base 128, the rest (MQTT 5, 2.1)."""
    head = await reader.readexactly(1)
    length = shift = 0
    while True:
        digit = await reader.readexactly(1)
        head += digit
        length |= (digit[0] & 127) << shift
        shift += 7
        if digit[0] < 128:
            return head + await reader.readexactly(length)


class Proxy(threading.Thread):
    """The thread in which all paths run."""

    def __init__(self) -> None:
        super().__init__(name="proxy", daemon=True)
        self._loop = asyncio.new_event_loop()
        self._paths: list[Path] = []

    def run(self) -> None:
        self._loop.run_forever()

    def open(self, path: Path) -> None:
        """Begin to listen; ``path.port`` is set when this returns."""
        self._do(path.listen())
        self._paths.append(path)

    def cut(self, path: Path) -> None:
        self._loop.call_soon_threadsafe(path.cut)

    def close(self) -> None:
        async def end() -> None:
            for path in self._paths:
                path.shut()
                path.cut()
            await asyncio.sleep(LOOK_S)  # so that those who served them see it and end
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._do(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self.join(5.0)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10.0)
