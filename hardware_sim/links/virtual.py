"""The simulated line in the caller's own process and time: a serial port without a descriptor.

Knows a ``Line`` and a clock that is moved by hand; waiting costs nothing, so days pass in seconds.
"""

from hardware_sim.bus import Line


class Clock:
    """Simulated seconds. ``clock()`` gives the time, ``sleep`` and ``until`` move it."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.until(self.now + max(0.0, seconds))

    def until(self, at: float) -> None:
        """Go on to ``at``; never back."""
        self.now = max(self.now, at)


def ask(line: Line, clock: Clock, request: bytes, wait_s: float) -> bytes:
    """Send ``request`` and give all that arrives until the line is quiet or ``wait_s`` have passed."""
    deadline = clock() + wait_s
    line.send(request, clock())
    got = b""
    while (due := line.next_due()) is not None and due <= deadline:
        clock.until(due)
        got += line.receive(clock())
    if not got:
        clock.until(deadline)
    return got
