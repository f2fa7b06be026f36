"""One RS-485 pair: who may speak when, and what the others hear. Knows bytes and times, no protocol.

Ten bits a character (8N1). Half duplex: whoever speaks is deaf meanwhile, and where two speak at once the
overlapping characters of both are garbage. Time is an argument; late calls are caught up in order.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol, runtime_checkable

from hardware_sim.errors import LineGone

BITS_A_CHARACTER = 10
BOOT_S = 2.0
"""From power to a board that listens."""
EPSILON_S = 1e-9
REMEMBERED = 300
"""Characters' time after which a burst can no longer overlap anything: longer than the longest frame."""

Reply = tuple[float, bytes]
"""When a board begins to speak, and what it says."""


class Device(Protocol):
    """A board on the pair. name: ``lock`` or the tray's id."""

    @property
    def name(self) -> str: ...

    def feed(self, data: bytes, now: float) -> list[Reply]:
        """What the board answers to ``data``, whose last character ended at ``now``."""

    def boot(self, now: float) -> None:
        """Power is back: what the board forgets, it has forgotten."""


@runtime_checkable
class Talker(Protocol):
    """A board that speaks unasked, every ``every_s`` seconds."""

    every_s: float

    def says(self, now: float) -> list[Reply]:
        """What it says at ``now``."""


class Wiretap(Protocol):
    """What stands between master and boards: the wire's faults."""

    gone: bool
    echo: bool

    def to_devices(self, data: bytes, random: Random) -> bytes: ...

    def to_master(self, device: str, replies: list[Reply], random: Random) -> list[Reply]: ...


class Line(Protocol):
    """One end of a serial line. All times are seconds of one clock that never goes back.

    ``send`` and ``receive`` raise LineGone while the plug is out.
    """

    def send(self, data: bytes, now: float) -> None:
        """Put ``data`` on the wire; its first character starts now or behind what is still being sent."""

    def receive(self, now: float) -> bytes:
        """What has fully arrived by ``now`` and was not fetched yet."""

    def next_due(self) -> float | None:
        """When to look again: the end of the reply under way or the next event; None: nothing is coming."""


@dataclass(slots=True)
class Burst:
    """Characters without a gap. ``chars``: -1 stands for a character its listener was deaf for."""

    sender: int
    start: float
    char_s: float
    chars: list[int]
    fetched: int = 0
    end: float = field(init=False)

    def __post_init__(self) -> None:
        self.end = self.start + len(self.chars) * self.char_s

    def arrived(self, now: float) -> int:
        """How many characters have ended by ``now``."""
        return max(0, min(len(self.chars), int((now - self.start) / self.char_s + 1e-6)))

    def overlap(self, other: "Burst") -> range:
        """Places of the characters that were in the air together with ``other``."""
        places = [
            place
            for place in range(len(self.chars))
            if self.start + place * self.char_s < other.end - EPSILON_S
            and self.start + (place + 1) * self.char_s > other.start + EPSILON_S
        ]
        return range(places[0], places[-1] + 1) if places else range(0)

    def heard(self) -> bytes:
        return bytes(char for char in self.chars if char >= 0)


MASTER = -1


@dataclass(order=True, slots=True)
class _Event:
    at: float
    order: int
    burst: Burst | None = field(compare=False, default=None)
    """The master's burst that the boards have now heard."""
    speaker: int = field(compare=False, default=MASTER)
    says: bytes = field(compare=False, default=b"")


class Bus:
    """The pair with its boards: a ``Line`` for whoever is the master."""

    def __init__(self, devices: Sequence[Device], baud: int, random: Random, tap: Wiretap) -> None:
        self._devices = tuple(devices)
        self._char_s = BITS_A_CHARACTER / baud
        self._random = random
        self._tap = tap
        self._events: list[_Event] = []
        self._orders = 0
        self._air: list[Burst] = []
        self._incoming: list[Burst] = []
        self._free_at: dict[int, float] = {}
        self._dark_until = float("-inf")
        self._talkers = {n: device for n, device in enumerate(self._devices) if isinstance(device, Talker)}
        self._talks_at: dict[int, float] = {}

    def send(self, data: bytes, now: float) -> None:
        self._check_plug()
        self._advance(now)
        if not data:
            return
        burst = self._speak(MASTER, data, now)
        if self._tap.echo:
            self._incoming.append(burst)
        self._push(_Event(burst.end, 0, burst=burst))

    def receive(self, now: float) -> bytes:
        self._check_plug()
        self._advance(now)
        got = bytearray()
        for burst in self._incoming:
            arrived = burst.arrived(now)
            got += bytes(char for char in burst.chars[burst.fetched : arrived] if char >= 0)
            burst.fetched = max(burst.fetched, arrived)
        self._incoming = [burst for burst in self._incoming if burst.fetched < len(burst.chars)]
        return bytes(got)

    def next_due(self) -> float | None:
        if self._incoming:
            return min(burst.end for burst in self._incoming)
        return self._events[0].at if self._events else None

    def power_cut(self, seconds: float, now: float) -> None:
        """No current for ``seconds``: boards fall silent in mid-word and boot for 2 s once it is back."""
        self._advance(now)
        self._dark_until = now + seconds + BOOT_S
        self._events = [event for event in self._events if event.speaker == MASTER]
        heapq.heapify(self._events)
        for burst in self._incoming:
            if burst.sender != MASTER:
                del burst.chars[max(burst.fetched, burst.arrived(now)) :]
        self._push(_Event(self._dark_until, 0))

    def clear(self) -> None:
        """The plug was pulled: what was in the air is lost."""
        self._incoming = []
        self._air = []

    def _check_plug(self) -> None:
        if self._tap.gone:
            raise LineGone("the line is unplugged: clear the fault line_gone to plug it in")

    def _push(self, event: _Event) -> None:
        self._orders += 1
        event.order = self._orders
        heapq.heappush(self._events, event)

    def _advance(self, now: float) -> None:
        if len(self._talks_at) < len(self._talkers):
            self._begin_to_talk(now)
        while self._events and self._events[0].at <= now + EPSILON_S:
            event = heapq.heappop(self._events)
            if event.burst is not None:
                self._hear(event.burst, event.at)
            elif event.speaker != MASTER and not event.says:
                self._talk(event.speaker, event.at)
            elif event.speaker != MASTER:
                self._incoming.append(self._speak(event.speaker, event.says, event.at))
            else:
                for device in self._devices:
                    device.boot(event.at)
                self._begin_to_talk(event.at)

    def _begin_to_talk(self, now: float) -> None:
        """Whoever speaks unasked begins (again)."""
        for number in self._talkers:
            self._talk_next(number, now)

    def _talk_next(self, number: int, at: float) -> None:
        self._talks_at[number] = at
        self._push(_Event(at, 0, speaker=number))

    def _talk(self, number: int, now: float) -> None:
        """A talker's turn; one that was overtaken by a power cut is over."""
        if self._talks_at[number] != now:
            return
        talker = self._talkers[number]
        for due, says in self._tap.to_master(self._devices[number].name, talker.says(now), self._random):
            if says:
                self._push(_Event(max(due, now), 0, speaker=number, says=says))
        self._talk_next(number, now + talker.every_s)

    def _hear(self, burst: Burst, now: float) -> None:
        """All boards have heard ``burst``; their answers get their time."""
        if now < self._dark_until:
            return
        data = self._tap.to_devices(burst.heard(), self._random)
        for number, device in enumerate(self._devices):
            heard = self._undeaf(number, burst, data)
            replies = self._tap.to_master(device.name, device.feed(heard, now), self._random)
            for due, says in replies:
                if says:
                    self._push(_Event(max(due, now), 0, speaker=number, says=says))

    def _undeaf(self, number: int, burst: Burst, data: bytes) -> bytes:
        """``data`` without what board ``number`` could not hear because it spoke itself."""
        if self._free_at.get(number, float("-inf")) <= burst.start:
            return data
        own = [other for other in self._air if other.sender == number]
        deaf = {place for other in own for place in burst.overlap(other)}
        return bytes(char for place, char in enumerate(data) if place not in deaf)

    def _speak(self, sender: int, data: bytes, at: float) -> Burst:
        start = max(at, self._free_at.get(sender, at))
        burst = Burst(sender, start, self._char_s, list(data))
        self._free_at[sender] = burst.end
        self._air = [other for other in self._air if other.end > start - REMEMBERED * self._char_s]
        for other in self._air:
            if other.sender != sender and other.end > start + EPSILON_S and other.start < burst.end:
                self._collide(burst, other)
        self._air.append(burst)
        return burst

    def _collide(self, one: Burst, other: Burst) -> None:
        for burst, against in ((one, other), (other, one)):
            deaf = against.sender == MASTER and not self._tap.echo
            for place in burst.overlap(against):
                burst.chars[place] = -1 if deaf else self._garbage(burst.chars[place])

    def _garbage(self, char: int) -> int:
        return char if char < 0 else char ^ self._random.randrange(1, 256)
