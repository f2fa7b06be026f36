"""How often the lock may be pulsed: a solenoid's coil has to cool down between two pulses."""

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Coil:
    """rest_s: seconds between two pulses; a_minute: pulses in sixty seconds at most."""

    rest_s: float
    a_minute: int
    _pulses: deque[float] = field(default_factory=deque)

    def pulsed(self, now: float) -> None:
        """A pulse goes out at monotonic second ``now``."""
        self._pulses.append(now)

    def is_hot(self, now: float) -> bool:
        """Whether another pulse at ``now`` would be one too many."""
        while self._pulses and now - self._pulses[0] >= 60.0:
            self._pulses.popleft()
        if not self._pulses:
            return False
        return now - self._pulses[-1] < self.rest_s or len(self._pulses) >= self.a_minute
