"""What an answer means for a subscription: go on, try again, take apart, set aside, give up. Pure.

A receiver that is away keeps its place: nothing is skipped, however long it takes. Only what it refuses is
set aside, one event at a time, after ``TRIES`` refusals.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

TRIES = 5
FIRST_WAIT_S, MOST_WAIT_S = 2.0, 3600.0
GIVE_UP_S = 5 * 86_400
"""A subscription that failed for so long, without one success, is disabled, and an alarm says so."""
ASKS_TO_WAIT = frozenset({408, 425, 429})


class Step(StrEnum):
    """DELIVERED: the cursor moves. AGAIN: the same once more, later. APART: the same, event by event.

    ASIDE: into the dead letters, the cursor moves. DISABLED: nothing is sent until a person enables it.
    """

    DELIVERED = "DELIVERED"
    AGAIN = "AGAIN"
    APART = "APART"
    ASIDE = "ASIDE"
    DISABLED = "DISABLED"


@dataclass(frozen=True, slots=True)
class Tried:
    """status: the answer's, None: there was none. events: in the batch. tries: refusals of it, this one too.

    failing_s: since when nothing was delivered, 0: this is the first failure.
    """

    status: int | None
    events: int
    tries: int
    failing_s: float


def step(tried: Tried) -> Step:
    """What to do after one try."""
    status = tried.status
    if status is not None and 200 <= status < 300:
        return Step.DELIVERED
    if status == 410:
        return Step.DISABLED
    if is_refusal(status):
        if tried.events > 1:
            return Step.APART
        return Step.ASIDE if tried.tries >= TRIES else Step.AGAIN
    return Step.DISABLED if tried.failing_s >= GIVE_UP_S else Step.AGAIN


def is_refusal(status: int | None) -> bool:
    """The receiver was there and did not want this: not away, not busy, and no redirect."""
    return status is not None and 400 <= status < 500 and status not in ASKS_TO_WAIT


def wait_s(failures: int, retry_after_s: int | None, random: Random) -> float:
    """Seconds until the next try: doubled each time, jittered between half and whole, at most an hour.

    failures: in a row, from 1.
    """
    backoff: float = min(FIRST_WAIT_S * 2 ** min(failures - 1, 20), MOST_WAIT_S)
    jittered = backoff * (0.5 + random.random() / 2)
    return max(jittered, float(min(retry_after_s or 0, MOST_WAIT_S)))
