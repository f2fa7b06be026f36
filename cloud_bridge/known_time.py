"""What time it is while the machine's clock is not to be believed: the centre's signed word, counted on.

It connects to nothing by itself: ``post`` does, and blocks. A box without a clock battery boots in 1970,
and then no certificate is valid yet: it could never reach what would tell it the time.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from cloud_bridge import enrolment as said
from cloud_bridge.signed import Keys
from edge.errors import Unavailable

LONGEST_ANSWER_S = 10.0
"""An answer that took longer may be somebody holding it back; the time in it would be old."""
BUILT = datetime(2026, 11, 1, tzinfo=UTC)
"""This program did not exist before: no honest centre says so."""
FRESH_S = 6 * 3600.0
"""Then it is asked again: a monotonic clock drifts, too."""


class KnownTime:
    """``judge`` is a ``tls.Judge``. synced: whether the machine's clock is right; mono: seconds, monotonic.

    post: see ``edge.identity.poster``. keep: is given what was told, and what ``mono`` showed then.
    """

    def __init__(
        self,
        keys: Keys,
        post: Callable[[str, bytes], bytes],
        synced: Callable[[], bool],
        mono: Callable[[], float],
        keep: Callable[[said.SignedTime, float], None] = lambda told, mono: None,
    ) -> None:
        self._keys, self._post, self._synced, self._mono = keys, post, synced, mono
        self._keep = keep
        self._told: tuple[datetime, float] | None = None

    def judge(self) -> Callable[[], datetime] | None:
        """None while the machine's clock is right, else ``now``."""
        return None if self._synced() else self.now

    def now(self) -> datetime:
        """Raises Unavailable where the centre does not tell."""
        if self._told is None or self._mono() - self._told[1] > FRESH_S:
            self._told = self._asked()
        return self._told[0] + timedelta(seconds=self._mono() - self._told[1])

    def known(self) -> datetime | None:
        """As ``now`` if the centre told it before; it asks nobody."""
        told = self._told
        return None if told is None else told[0] + timedelta(seconds=self._mono() - told[1])

    def _asked(self) -> tuple[datetime, float]:
        nonce, begun = secrets.token_hex(16), self._mono()
        answer = self._post(said.TIME, msgspec.json.encode(said.AskTime(nonce=nonce)))
        took = self._mono() - begun
        try:
            told = msgspec.json.decode(answer, type=said.SignedTime)
            at = datetime.fromtimestamp(told.time, UTC)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError, OverflowError, OSError) as error:
            raise Unavailable(f"the clock is not set, and this is no time: {error}") from error
        if told.nonce != nonce or not said.is_signed(told, self._keys.values()):
            raise Unavailable(
                "the clock is not set, and who told the time is not our centre; tell the centre"
            )
        if took > LONGEST_ANSWER_S or at < BUILT:
            raise Unavailable(f"the clock is not set, and the time told ({at}) is old; set the clock")
        self._keep(told, begun + took)
        return at, begun + took
