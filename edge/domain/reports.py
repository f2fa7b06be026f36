"""Faults of the counter that anyone may report: what about, what of the text is kept, and how often. Pure."""

import re
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from edge.domain.redact import HIDDEN, redacted

MAX_TEXT = 200


class About(StrEnum):
    """What is at fault. Stable: pages, alarms and the centre's words rely on them."""

    DOOR = "DOOR"
    SCREEN = "SCREEN"
    PRICE = "PRICE"
    GOODS = "GOODS"
    HYGIENE = "HYGIENE"


@dataclass(frozen=True, slots=True)
class FaultReport:
    """Somebody says that something is wrong. text: redacted, at most 200 characters; "": nothing more."""

    id: str
    about: About
    text: str = ""

    @property
    def subject(self) -> str:
        """The alarm's subject: the same words twice are one alarm, other words are another one."""
        if not self.text:
            return self.about.value
        return f"{self.about} {sha256(self.text.encode()).hexdigest()[:8]}"


_NUMBERS = re.compile(
    r"""
      (?:https?://|www\.)\S+                    # addresses of pages
    | \d(?:[\s().+-]?\d){4,}                    # five digits or more: PINs, numbers of any kind
    | [零〇一二三四五六七八九幺]{6,}            # the same in words
    """,
    re.VERBOSE | re.IGNORECASE,
)


def reportable(text: str) -> str:
    """``text`` in one line, without numbers and addresses of people or pages, at most 200 characters.

    Stricter than ``redacted``: a stranger may write here what a PIN is. A name cannot be told from other
    words; pages therefore ask not to write any.
    """
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return _NUMBERS.sub(HIDDEN, redacted(line))[:MAX_TEXT]


@dataclass(slots=True)
class ReportLimit:
    """How many reports are taken: so many from one address in ``per_s`` seconds, so many in all in ``day_s``.

    It keeps the times of what it took, at most ``in_all`` of them.
    """

    each: int = 3
    per_s: float = 600.0
    in_all: int = 30
    day_s: float = 86_400.0
    _taken: deque[tuple[float, str]] = field(default_factory=deque)

    def wait_s(self, address: str, now: float) -> float:
        """Takes a report of ``address`` at ``now`` (monotonic second) and gives 0, or how long to wait."""
        while self._taken and self._taken[0][0] <= now - self.day_s:
            self._taken.popleft()
        own = [at for at, who in self._taken if who == address and at > now - self.per_s]
        if len(self._taken) >= self.in_all:
            return self._taken[0][0] + self.day_s - now
        if len(own) >= self.each:
            return own[-self.each] + self.per_s - now
        self._taken.append((now, address))
        return 0.0
