"""What arrives on the counter's command topic: judged, committed to the inbox, and only then acknowledged.

It obeys nothing itself: the engine reads the inbox and judges once more. Texts that are refused are kept,
counted and alarmed. A flood of them waits in a bounded queue and takes a bounded part of each turn, so
that events go on; what does not fit the queue is counted and dropped (the centre sends again).
"""

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cloud_bridge.commands import MAX_COMMAND_BYTES, Command
from cloud_bridge.inbox import HEAD_CHARS, Inbox, RefusedText
from cloud_bridge.link import Arrived
from cloud_bridge.signed import BUILT, LONGEST_S, Keys, Refused, check

A_TURN = 16
"""Judged in one turn: some 5 ms beside the commit."""
WAITING_BYTES = 1024 * 1024
MOST_TEXTS = 500
"""Commands that wait for the engine's answer and are looked after at once."""
FLOOD = "FLOOD"
"""The code of what came while the queue was full."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Who may command whom. wall: seconds since 1970, None while the clock is not synchronised."""

    counter: str
    keys: Keys
    wall: Callable[[], int | None]


@dataclass(slots=True)
class Taken:
    """What one turn did, committed. handled: for the broker to forget. refused: by code, of this turn."""

    handled: list[Arrived] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


class Downlink:
    """``offer`` what arrives, ``turn`` when it is time."""

    def __init__(self, inbox: Inbox, trust: Trust) -> None:
        self._inbox, self._trust = inbox, trust
        self._waiting: deque[Arrived] = deque()
        self._bytes = 0
        self._flooded: list[Arrived] = []

    def offer(self, message: Arrived) -> None:
        if self._bytes + len(message.body) > WAITING_BYTES and self._waiting:
            self._flooded.append(message)
            return
        self._waiting.append(message)
        self._bytes += len(message.body)

    def is_busy(self) -> bool:
        """Whether something waits for the next turn."""
        return bool(self._waiting or self._flooded)

    def turn(self, at: str) -> Taken:
        """Judge a few of those that wait. at: RFC 3339 UTC."""
        taken = Taken()
        if not self.is_busy():
            return taken
        with self._inbox.together():
            for _ in range(min(A_TURN, len(self._waiting))):
                message = self._waiting.popleft()
                self._bytes -= len(message.body)
                self._judge(message, taken, at)
            wall = self._trust.wall()
            if taken.commands and wall is not None:
                self._inbox.drop_texts(wall - LONGEST_S)
            if self._flooded:
                self._inbox.count_refused(FLOOD, len(self._flooded))
                taken.refused[FLOOD] += len(self._flooded)
        taken.handled += self._flooded
        self._flooded = []
        return taken

    def forget(self, answered: Callable[[Sequence[str]], set[str]]) -> None:
        """Drop the texts of commands that the engine has answered. answered: says which of these were."""
        waiting = self._inbox.with_text(MOST_TEXTS)
        if waiting and (over := answered(waiting)):
            with self._inbox.together():
                self._inbox.forget_texts(sorted(over))

    def _judge(self, message: Arrived, taken: Taken, at: str) -> None:
        taken.handled.append(message)
        try:
            command = self._checked(message.body)
        except Refused as refused:
            if refused.code == "ID_REUSED" and self._inbox.brought_by(refused.why, _text(message.body)):
                return  # the same command once more: the centre sends until it hears an answer
            self._inbox.put_refused(_kept(message.body, refused), at)
            taken.refused[refused.code] += 1
            return
        self._inbox.put(command, _text(message.body), at)
        taken.commands.append(command)

    def _checked(self, body: bytes) -> Command:
        return check(
            body,
            keys=self._trust.keys,
            counter=self._trust.counter,
            wall=self._trust.wall(),
            floor=max(BUILT, self._inbox.latest_issue()),
            seen=self._inbox,
        )


def _text(body: bytes) -> str:
    return body[:MAX_COMMAND_BYTES].decode("ascii", "replace")


def _kept(body: bytes, refused: Refused) -> RefusedText:
    head = body[:HEAD_CHARS].decode("ascii", "backslashreplace")
    why = refused.why.encode("utf-8", "replace").decode("utf-8")
    return RefusedText(hashlib.sha256(body).hexdigest(), refused.code, why, len(body), head)
