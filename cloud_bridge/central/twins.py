"""Two counters on one identity: they throw each other off the broker and come back in turns. Pure.

A program that starts anew has another ``since``, a machine another ``boot``, and neither ever comes back.
So whoever comes back after somebody else was there in between is a second one with the same certificate.
It has to happen twice: a broker may repeat one message.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from cloud_bridge import feed

WINDOW_S = 300.0
"""Births looked at together: two that throw each other off meet again within the bridge's back-off, 60 s."""
RETURNS = 2
MOST_BIRTHS = 12
MOST_COUNTERS = 50_000


@dataclass(frozen=True, slots=True)
class Birth:
    """Somebody said that it is there. at: monotonic seconds."""

    at: float
    who: tuple[str, str, str]


def birth(at: float, now: feed.Presence) -> Birth:
    return Birth(at, (now.boot or "", now.since or "", now.inc or ""))


def returns(births: Sequence[Birth]) -> int:
    """How often somebody came back after another one had been there. births: oldest first."""
    seen: set[tuple[str, str, str]] = set()
    count, last = 0, None
    for each in births:
        if each.who != last and each.who in seen:
            count += 1
        seen.add(each.who)
        last = each.who
    return count


def are_two(births: Sequence[Birth]) -> bool:
    return returns(births) >= RETURNS


@dataclass(slots=True)
class Births:
    """The latest births of each counter, in bounded memory."""

    _of: dict[str, deque[Birth]] = field(default_factory=dict)

    def note(self, counter: str, born: Birth) -> None:
        if counter not in self._of and len(self._of) >= MOST_COUNTERS:
            del self._of[next(iter(self._of))]
        self._of.setdefault(counter, deque(maxlen=MOST_BIRTHS)).append(born)

    def twins(self, now: float) -> dict[str, str]:
        """Counters that are two now, with what tells them apart."""
        found: dict[str, str] = {}
        for counter, births in list(self._of.items()):
            while births and now - births[0].at > WINDOW_S:
                births.popleft()
            if not births:
                del self._of[counter]
            elif are_two(list(births)):
                found[counter] = " / ".join(sorted({_told(each) for each in births}))[:200]
        return found


def _told(born: Birth) -> str:
    boot, since, inc = born.who
    return f"inc {inc[:16] or '-'} boot {boot[:8] or '-'} since {since or '-'}"
