"""The port thread on real pseudo-terminals and sockets. Waits end with what is awaited, never by a time."""

import os
import pty
import queue
import re
import select
import socket
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.hardware import port as port_module
from edge.hardware.bus import Bus
from edge.hardware.codecs import bcc8a, modbus_rtu
from edge.hardware.port import PortThread, arrived, open_port
from edge.hardware.signals import LineState, Pace, SetPace, Signal, Sweep, Unlock, UnlockDone, Unlocked

PATIENCE_S = 10.0
"""How long a test waits for something before it calls it missing."""


class Station(threading.Thread):
    """The peer behind file descriptor ``fd``: answers each request as soon as it is whole."""

    def __init__(self, fd: int, peer) -> None:
        super().__init__(daemon=True)
        self._fd, self._peer = fd, peer
        self._ended = threading.Event()
        self._locks, self._scales = bcc8a.RequestDecoder(), modbus_rtu.RequestDecoder()

    def run(self) -> None:
        while not self._ended.is_set():
            ready, _, _ = select.select([self._fd], [], [], 0.02)
            if not ready:
                continue
            try:
                received = os.read(self._fd, 256)
            except OSError:
                return
            if not received:
                return
            frames = [bcc8a.encode(f) for f in self._locks.feed(received)]
            frames += [modbus_rtu.encode(f) for f in self._scales.feed(received)]
            for request in frames:
                for due, piece in self._peer.hear(request, time.monotonic()):
                    time.sleep(max(0.0, due - time.monotonic()))
                    os.write(self._fd, piece)

    def stop(self) -> None:
        self._ended.set()
        self.join(PATIENCE_S)


class Cable:
    """A pseudo-terminal with a symlink, like an adapter under /dev/serial/by-id."""

    def __init__(self, link: Path, peer) -> None:
        self.link, self._peer = link, peer
        self.plug()

    def plug(self) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self._station = Station(self._master, self._peer)
        self._station.start()
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(self._slave))

    def unplug(self) -> None:
        self._station.stop()
        os.close(self._master)
        os.close(self._slave)


class Listener:
    """Where the thread's signals go."""

    def __init__(self) -> None:
        self.queue: queue.Queue[Signal] = queue.Queue()

    def wait_for(self, wanted: Callable[[Signal], bool]) -> Signal:
        until = time.monotonic() + PATIENCE_S
        while True:
            signal = self.queue.get(timeout=max(0.0, until - time.monotonic()))
            if wanted(signal):
                return signal


def is_good_sweep(signal: Signal) -> bool:
    return isinstance(signal, Sweep) and all(r.weight is not None and not r.suspect for r in signal.readings)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def start(lock, scales, listener, monkeypatch) -> Iterator[Callable[..., PortThread]]:
    """Starts port threads; stops and joins them at the end."""
    monkeypatch.setattr(port_module, "FIRST_BACK_OFF_S", 0.05)
    stop, threads = threading.Event(), []

    def start(url: str, bus: Bus | None = None, **more) -> PortThread:
        bus = bus or Bus("main", lock, scales, baud=38400, idle_hz=20, busy_hz=20)
        thread = PortThread(url, 38400, bus, listener.queue.put, stop, **more)
        threads.append(thread)
        thread.start()
        return thread

    yield start
    stop.set()
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


@pytest.fixture
def cable(tmp_path, peer) -> Iterator[Cable]:
    cable = Cable(tmp_path / "bus", peer)
    yield cable
    cable.unplug()


def test_weights_come_over_a_pseudo_terminal(start, cable, listener):
    thread = start(str(cable.link))
    sweep = listener.wait_for(is_good_sweep)
    assert [reading.weight for reading in sweep.readings] == [11000, 12000, 13000]
    assert thread.alive()


def test_an_unlock_reaches_the_board_once(start, cable, listener, peer):
    thread = start(str(cable.link))
    listener.wait_for(is_good_sweep)
    thread.submit(SetPace(Pace.BUSY))
    thread.submit(Unlock("job-1", time.monotonic() + PATIENCE_S))
    done = listener.wait_for(lambda signal: isinstance(signal, UnlockDone))
    assert (done.job, done.outcome) == ("job-1", Unlocked.ACCEPTED)
    listener.wait_for(is_good_sweep)
    assert len(peer.asked(b"\x8a")) == 1


def test_a_port_that_is_unplugged_and_replugged_behind_its_symlink_is_used_again(start, cable, listener):
    thread = start(str(cable.link))
    listener.wait_for(is_good_sweep)
    cable.unplug()
    down = listener.wait_for(lambda signal: isinstance(signal, LineState) and not signal.up)
    assert str(cable.link) in down.reason
    thread.submit(Unlock("too-late", time.monotonic() + PATIENCE_S))
    gone = listener.wait_for(lambda signal: isinstance(signal, UnlockDone))
    assert gone.outcome is Unlocked.LINE_GONE
    cable.plug()
    listener.wait_for(lambda signal: isinstance(signal, LineState) and signal.up)
    listener.wait_for(is_good_sweep)


def test_a_port_that_is_not_there_at_the_start_is_reported_once_and_waited_for(
    start, tmp_path, listener, peer
):
    start(str(tmp_path / "bus"))
    down = listener.wait_for(lambda signal: isinstance(signal, LineState))
    assert not down.up
    cable = Cable(tmp_path / "bus", peer)
    up = listener.wait_for(lambda signal: isinstance(signal, LineState))
    assert up.up
    listener.wait_for(is_good_sweep)
    cable.unplug()


# pyserial leaves a socket that the peer closed to the garbage collector (protocol_socket.close).
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_weights_come_over_a_socket_and_again_after_it_broke(start, listener, peer):
    with socket.create_server(("127.0.0.1", 0)) as server:
        start(f"socket://127.0.0.1:{server.getsockname()[1]}")
        for _ in range(2):
            connection, _ = server.accept()
            station = Station(connection.fileno(), peer)
            station.start()
            listener.wait_for(is_good_sweep)
            station.stop()
            connection.close()
            listener.wait_for(lambda signal: isinstance(signal, LineState) and not signal.up)


def test_what_lies_in_the_port_s_buffer_is_thrown_away_before_a_request(start, cable, listener, peer, scales):
    forged = modbus_rtu.encode(modbus_rtu.ReadReply(11, 3, b"\0\0\x03\xe7"))

    def spoil(request: bytes, reply: bytes):
        return [(0.0, reply + forged)] if request.startswith(b"\x0b\x03\0\x50") else None

    peer.spoil = spoil
    start(str(cable.link), Bus("main", None, scales[:1], baud=38400, idle_hz=20, busy_hz=20))
    weights = {listener.wait_for(is_good_sweep).readings[0].weight for _ in range(5)}
    assert weights == {11000}


def test_everything_on_the_wire_can_be_captured(start, cable, listener):
    seen: list[tuple[str, bytes]] = []
    start(str(cable.link), capture=lambda at, direction, data: seen.append((direction, data)))
    listener.wait_for(is_good_sweep)
    assert seen[0] == ("tx", bytes.fromhex("80010033b2"))
    assert b"".join(data for direction, data in seen[:3] if direction == "rx") == bytes.fromhex(
        "800100000333b1"
    )


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_says_so_and_answers_jobs_no_more(start, cable, listener):
    deaths: queue.Queue[BaseException] = queue.Queue()

    def fail(at: float, direction: str, data: bytes) -> None:
        raise RuntimeError("a fault of ours")

    thread = start(str(cable.link), capture=fail, died=deaths.put)
    assert str(deaths.get(timeout=PATIENCE_S)) == "a fault of ours"
    thread.join(PATIENCE_S)
    assert not thread.alive()
    down = listener.wait_for(lambda signal: isinstance(signal, LineState) and not signal.up)
    assert "a fault of ours" in down.reason
    thread.submit(Unlock("nobody-there", time.monotonic() + PATIENCE_S))
    assert listener.wait_for(lambda s: isinstance(s, UnlockDone)).outcome is Unlocked.LINE_GONE


def test_a_read_takes_all_that_is_there_and_tells_a_port_that_is_gone():
    master, slave = pty.openpty()
    tty.setraw(slave)
    port = open_port(os.ttyname(slave), 38400)
    try:
        os.write(master, b"answer, and more")
        assert arrived(port, 6) == b"answer, and more"
        assert arrived(port, 6) == b""
        os.close(master)
        with pytest.raises(OSError, match=re.escape(port.port) + "|Input/output error"):
            arrived(port, 6)
    finally:
        port.close()
        os.close(slave)


def test_a_port_without_a_descriptor_is_read_as_well():
    port = open_port("loop://", 38400)
    port.write(b"answer")
    assert arrived(port, 6) == b"answer"
    port.close()
