"""The thread that owns one serial port: opens, writes, reads and closes it. Decides nothing: the bus does.

Other threads only call ``submit`` and ``alive``; what the bus signals goes out through ``put``.
"""

import io
import os
import queue
import select
import termios
import threading
import time
from collections.abc import Callable

import serial
import structlog

from edge.hardware.bus import Bus
from edge.hardware.exchange import BusTurn
from edge.hardware.signals import Job, Signal, Unlock, UnlockDone, Unlocked

log = structlog.get_logger(__name__)

READ_S = 0.05
"""The port's read time-out, set once: each change of it goes through the driver's settings."""

MOST_READ = 512
"""Bytes taken at once; twice the longest frame."""

WRITE_S = 1.0
"""A line that takes nothing for so long is gone."""

FIRST_BACK_OFF_S, LONGEST_BACK_OFF_S = 0.5, 10.0
LONGEST_WAIT_S = 0.5
"""How long the thread may not look at the stop event."""

SHORT_WAIT_S = 0.004
"""So short a wait (the idle gap) is slept through: waiting on the queue costs more than it gains."""

MOST_JOBS = 32
HANGS_AFTER_S = 5.0
"""A turn takes far less; a thread that is silent for so long hangs in a driver (USB in D-state)."""

GONE = (OSError, termios.error)
"""What a port raises when it is gone. SerialException is an OSError; termios.error is not one."""

Capture = Callable[[float, str, bytes], None]
"""Called with (monotonic time, ``tx`` or ``rx``, bytes) for everything on the wire."""


def log_capture(port_name: str) -> Capture:
    """A capture that logs the wire's bytes as hex at DEBUG."""

    def capture(at: float, direction: str, data: bytes) -> None:
        log.debug("wire", port=port_name, at=at, direction=direction, hex=data.hex())

    return capture


def open_port(url: str, baud: int) -> serial.SerialBase:
    """The port at ``url``: a device path, ``socket://host:port`` or ``rfc2217://host:port``.

    Raises OSError or termios.error when it is not there, ValueError for a URL of an unknown kind.
    """
    port = serial.serial_for_url(url, do_not_open=True)
    port.baudrate = baud
    port.timeout = READ_S
    if "://" not in url:
        port.exclusive = True
    if not url.startswith("rfc2217://"):  # pyserial has no write time-out there and refuses one
        port.write_timeout = WRITE_S
    port.open()
    return port


def arrived(port: serial.SerialBase, want: int) -> bytes:
    """What has come, waiting up to READ_S for the first of it; empty: nothing came.

    Takes all that is there in one go, where pyserial's own read takes what was asked for and is entered
    again for the rest. Raises OSError when the port is gone.
    """
    try:
        descriptor = port.fileno()
    except io.UnsupportedOperation:  # rfc2217:// has a thread of its own between us and its socket
        received: bytes = port.read(want)
        return received
    if not select.select([descriptor], [], [], READ_S)[0]:
        return b""
    try:
        received = os.read(descriptor, MOST_READ)
    except BlockingIOError:  # the kernel was wrong: nothing is there after all
        return b""
    if not received:
        raise OSError(f"{port.port} is gone: ready to be read, and nothing there")
    return received


class PortThread(threading.Thread):
    """Runs ``bus`` on the port at ``url`` until ``stop_event`` is set; reopens it whenever it goes away.

    put: called from this thread with each signal; must not block. died: called from this thread with the
    exception that ends it against its will.
    """

    def __init__(
        self,
        url: str,
        baud: int,
        bus: Bus,
        put: Callable[[Signal], None],
        stop_event: threading.Event,
        clock: Callable[[], float] = time.monotonic,
        *,
        capture: Capture | None = None,
        died: Callable[[BaseException], None] | None = None,
    ) -> None:
        super().__init__(name=f"port-{bus.port_name}", daemon=True)
        self._url, self._baud, self._bus = url, baud, bus
        self._put, self._stop_event, self._clock = put, stop_event, clock
        self._capture, self._died = capture, died
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._last_turn = clock()
        self._reported_gone = False

    def submit(self, job: Job) -> None:
        """Hand ``job`` to the bus. What the thread cannot take any more is answered with LINE_GONE."""
        ended = self.ident is not None and not self.is_alive()
        if not ended and self._jobs.qsize() < MOST_JOBS:
            self._jobs.put(job)
            return
        log.error("port_takes_no_jobs", port=self._bus.port_name)
        if isinstance(job, Unlock):
            self._put(UnlockDone(job.job, self._clock(), Unlocked.LINE_GONE))

    def alive(self) -> bool:
        """Whether the thread runs and has taken a turn lately."""
        return self.is_alive() and self._clock() - self._last_turn < HANGS_AFTER_S

    def run(self) -> None:
        try:
            self._keep_open()
        except BaseException as error:
            log.critical("port_thread_died", port=self._bus.port_name, error=repr(error))
            self._lose(f"the port's thread died: {error!r}")
            if self._died is not None:
                self._died(error)
            raise

    def _keep_open(self) -> None:
        back_off = FIRST_BACK_OFF_S
        while not self._stop_event.is_set():
            heard = self._serve_once()
            back_off = FIRST_BACK_OFF_S if heard else min(2 * back_off, LONGEST_BACK_OFF_S)
            self._wait_closed(back_off)

    def _serve_once(self) -> bool:
        """Open the port and serve it until it goes away; whether anything was heard on it."""
        heard = False
        try:
            port = open_port(self._url, self._baud)
        except GONE as error:
            self._lose(f"{self._url}: {error}")
            return False
        try:
            log.info("port_up", port=self._bus.port_name, url=self._url)
            self._reported_gone = False
            port.reset_input_buffer()
            self._bus.line_up(self._clock())
            received = b""
            while not self._stop_event.is_set():
                received = self._turn(port, received)
                heard = heard or bool(received)
        except GONE as error:
            self._lose(f"{self._url}: {error}")
        finally:
            _close(port)
        return heard

    def _turn(self, port: serial.SerialBase, received: bytes) -> bytes:
        """One step of the bus and what it wants done; the bytes that came meanwhile."""
        now = self._last_turn = self._clock()
        turn = self._bus.step(received, now)
        for signal in turn.signals:
            self._put(signal)
        if turn.send or turn.fresh:
            port.reset_input_buffer()
        if turn.send:
            port.write(turn.send)
            self._captured("tx", turn.send)
        if not turn.want:
            self._wait_for_job(turn.due)
            return b""
        return self._read(port, turn)

    def _read(self, port: serial.SerialBase, turn: BusTurn) -> bytes:
        early = turn.ripe - self._clock()
        if early > 0:
            time.sleep(early)
        received = arrived(port, turn.want)
        if received:
            self._captured("rx", received)
        self._take_jobs()
        return received

    def _captured(self, direction: str, data: bytes) -> None:
        if self._capture is not None:
            self._capture(self._clock(), direction, data)

    def _wait_for_job(self, until: float) -> None:
        wait = min(until - self._clock(), LONGEST_WAIT_S)
        if 0 < wait <= SHORT_WAIT_S:
            time.sleep(wait)
        elif wait > 0:
            try:
                self._bus.submit(self._jobs.get(timeout=wait))
            except queue.Empty:
                return
        self._take_jobs()

    def _take_jobs(self) -> None:
        while not self._jobs.empty():
            self._bus.submit(self._jobs.get_nowait())

    def _wait_closed(self, seconds: float) -> None:
        """Let time pass without a port; jobs that come meanwhile are answered."""
        until = self._clock() + seconds
        while not self._stop_event.is_set() and self._clock() < until:
            self._report(self._clock())
            self._wait_for_job(until)

    def _lose(self, reason: str) -> None:
        now = self._clock()
        if not self._reported_gone:
            log.warning("port_gone", port=self._bus.port_name, reason=reason)
            self._reported_gone = True
            self._bus.line_down(now, reason)
        self._report(now)

    def _report(self, now: float) -> None:
        self._last_turn = now
        for signal in self._bus.step(b"", now).signals:
            self._put(signal)


def _close(port: serial.SerialBase) -> None:
    try:
        port.close()
    except GONE as error:
        log.debug("close_failed", error=str(error))
