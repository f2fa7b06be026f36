"""The token in the screen's QR: one use, replaced every so often, aged on the monotonic clock."""

from collections.abc import Callable
from dataclasses import dataclass, field

from edge.domain.requests import Refusal

_REMEMBERED = 256
"""Spent and aged tokens kept to tell REPLAY from BAD_TOKEN; older ones are simply unknown."""


@dataclass(slots=True)
class TokenBook:
    """Issues and redeems. A token dies with the process: nothing is stored, no clock is trusted.

    new_s: a token is replaced after this many seconds on the screen.
    ttl_s: an issued token stays good this long, so that a phone that just scanned is not late.
    draw: gives a fresh unguessable token (128 bits or more).
    """

    new_s: float
    ttl_s: float
    draw: Callable[[], str]
    _issued: dict[str, float] = field(default_factory=dict)
    _dead: dict[str, None] = field(default_factory=dict)
    _current: str = ""

    def current(self, now: float) -> str:
        """The token that the screen shows at ``now`` (monotonic seconds)."""
        if self._current not in self._issued or now - self._issued[self._current] >= self.new_s:
            self._current = self.draw()
            self._issued[self._current] = now
            self._forget(now)
        return self._current

    def replaced_in(self, now: float) -> float:
        """Seconds until the screen's token is replaced by itself."""
        issued = self._issued.get(self._current)
        return 0.0 if issued is None else max(0.0, issued + self.new_s - now)

    def check(self, token: str, now: float) -> Refusal | None:
        """Why ``token`` opens nothing at ``now``; None: it is good. Does not use it up."""
        issued = self._issued.get(token)
        if issued is not None and now - issued <= self.ttl_s:
            return None
        return Refusal.REPLAY if issued is not None or token in self._dead else Refusal.BAD_TOKEN

    def redeem(self, token: str, now: float) -> Refusal | None:
        """As ``check``; a good token is used up."""
        refusal = self.check(token, now)
        if refusal is None:
            self._bury(token)
        return refusal

    def _forget(self, now: float) -> None:
        for token in [t for t, issued in self._issued.items() if now - issued > self.ttl_s]:
            self._bury(token)

    def _bury(self, token: str) -> None:
        del self._issued[token]
        self._dead[token] = None
        while len(self._dead) > _REMEMBERED:
            del self._dead[next(iter(self._dead))]
