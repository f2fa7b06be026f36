"""One question on the wire and how its answer is judged. Knows no device and no clock."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge.hardware.signals import Fault, Signal

Verdict = bytes | int | Fault
"""Of the bytes so far: the reply (noise cut off), or how many bytes are still wanted, or what is wrong."""


class Question(Protocol):
    """What the bus needs of a question, however its answer is found.

    request: what is sent; empty: the device speaks unasked and is only listened to.
    size: bytes of the whole answer. least: bytes of the shortest one.
    deadline, worst, hold: see ``Exchange``. busy: seconds after the wire's own time during which somebody
    may still speak although the answer is whole.
    """

    @property
    def request(self) -> bytes: ...
    @property
    def size(self) -> int: ...
    @property
    def least(self) -> int: ...
    @property
    def deadline(self) -> float: ...
    @property
    def worst(self) -> float: ...
    @property
    def hold(self) -> float: ...
    @property
    def busy(self) -> float | None: ...

    def judge(self, got: bytes) -> Verdict:
        """The verdict on the bytes that came so far."""
        ...

    def overdue(self, got: bytes) -> bytes | Fault:
        """What to make of ``got`` once the deadline has passed; bytes: all the answer there will be."""
        ...


@dataclass(frozen=True, slots=True)
class Form:
    """One form that an answer may have. sound: whether ``size`` bytes pass their checks."""

    head: bytes
    size: int
    sound: Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request with everything needed to judge its answer.

    least: bytes of the shortest answer, an exception included.
    deadline: seconds after the wire's own time within which the whole answer must be here.
    worst: seconds after the send (and the wire's own time) within which the device may still answer.
    hold: seconds after the send during which no request with the same form of answer may follow a
    time-out. stranger: whether the bytes hold a whole frame that somebody else sent.
    """

    request: bytes
    reply: Form
    deadline: float
    worst: float
    hold: float
    stranger: Callable[[bytes], bool]
    refusal: Form | None = None
    least: int = 5
    busy: float | None = None

    @property
    def size(self) -> int:
        """Bytes of the answer when it is no refusal."""
        return self.reply.size

    def judge(self, got: bytes) -> Verdict:
        """The verdict on the bytes that came so far; a frame that fits is found behind noise, too."""
        reply = self.reply
        if len(got) == reply.size and got.startswith(reply.head) and reply.sound(got):
            return got
        if self._is_echo(got) and not self.request.startswith(reply.head):
            return Fault.ECHO
        return self._search(got)

    def overdue(self, got: bytes) -> Fault:
        """What to call ``got`` once the deadline has passed without a reply in it."""
        if self._is_echo(got):
            return Fault.ECHO
        if self.stranger(got):
            return Fault.WRONG_UNIT
        return Fault.SHORT if any(self._begins(got[at:]) for at in range(len(got))) else Fault.SILENT

    def _is_echo(self, got: bytes) -> bool:
        return got.startswith(self.request)

    def _begins(self, rest: bytes) -> bool:
        """Whether ``rest`` is the beginning of an answer, at least of its first two bytes."""
        return any(rest.startswith(form.head[:2]) for form in self._forms())

    def _forms(self) -> tuple[Form, ...]:
        return (self.reply,) if self.refusal is None else (self.reply, self.refusal)

    def _search(self, got: bytes) -> Verdict:
        damaged, want = False, self.least
        for at in range(len(got)):
            for form in self._forms():
                rest = got[at : at + form.size]
                if rest.startswith(form.head):
                    if len(rest) < form.size:
                        want = form.size - len(rest)
                    elif form.sound(rest):
                        return Fault.EXCEPTION if form is self.refusal else rest
                    else:
                        damaged = True
                elif form.head.startswith(rest):
                    want = min(want, self.least - len(rest))
        if damaged:
            return Fault.ECHO if self._is_echo(got) else Fault.CHECKSUM
        return want


@dataclass(frozen=True, slots=True)
class Gathering:
    """A question whose answer a codec finds: lines of text, or frames of several devices in a burst.

    find: of the bytes so far, the answer, or how many bytes are still wanted, or what is wrong.
    last: the same once the deadline has passed. The other fields: see ``Question``.
    """

    request: bytes
    size: int
    find: Callable[[bytes], Verdict]
    last: Callable[[bytes], bytes | Fault]
    deadline: float
    worst: float
    hold: float
    least: int = 1
    busy: float | None = None

    def judge(self, got: bytes) -> Verdict:
        """The verdict on the bytes that came so far; the request itself is no part of an answer."""
        return Fault.ECHO if self._is_echo(got) else self.find(got)

    def overdue(self, got: bytes) -> bytes | Fault:
        """What to make of ``got`` once the deadline has passed."""
        return Fault.ECHO if self._is_echo(got) else self.last(got)

    def _is_echo(self, got: bytes) -> bool:
        return bool(self.request) and got.startswith(self.request)


@dataclass(frozen=True, slots=True)
class BusTurn:
    """What one step of the bus wants of its shell.

    send: bytes to write now, after throwing away what the port holds; empty: nothing.
    want: bytes that make the next step worth its time; 0: none are expected.
    ripe: monotonic time before which those bytes cannot all be here (the wire's own time).
    due: monotonic time at which step must be called even if nothing came.
    fresh: what the port holds is older than the question and must be thrown away before listening.
    """

    send: bytes
    signals: tuple[Signal, ...]
    want: int
    due: float
    ripe: float = 0.0
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """How a question ended. reply: None where ``fault`` says why there is none.

    late_until: None, or the monotonic time until which an answer (or the rest of it) may still come and
    be taken for that of a later request with the same form.
    """

    at: float
    reply: bytes | None
    fault: Fault | None = None
    late_until: float | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A question, who hears how it ended, and who hears that the line went away in the middle."""

    exchange: Question
    done: Callable[[Answer], tuple[Signal, ...]]
    gone: Callable[[float], tuple[Signal, ...]] | None = None
