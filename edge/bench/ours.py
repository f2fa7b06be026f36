"""The shipped recogniser as a contestant, and the oracle: the same search over perfectly measured steps."""

import time
from collections import Counter
from collections.abc import Iterable
from random import Random

from edge.bench.recorded import Session
from edge.bench.scores import Answer
from edge.bench.thresholds import TrayTrial, Trial
from edge.weighing.beam import START, in_order, searched
from edge.weighing.decision import decided
from edge.weighing.policy import Policy
from edge.weighing.recogniser import Recogniser
from edge.weighing.recording import Book
from edge.weighing.steps import Ending, Step
from edge.weighing.verdict import Goods, Reason, Say, Verdict

NOISE_G = 1.0
"""Standard deviation of the oracle's steps: that of two good plateaus."""


def ours(session: Session) -> Answer:
    """What ``counter recognise`` says, with the time its first stage took."""
    recording = session.recording
    began = time.process_time()
    recogniser = Recogniser(recording.trays)
    recogniser.feed_all(recording.samples)
    spent = time.process_time() - began
    return _answer(recogniser.close(recording.ended), spent)


def oracle(session: Session) -> Answer | None:
    """What the search would say if every take and put had its own step; None without events."""
    if session.events is None:
        return None
    random, book, policy = Random(f"oracle/{session.recording.id}"), Book(session.recording.trays), Policy()
    steps = [_step(tray, at, grams + random.gauss(0.0, NOISE_G)) for at, tray, grams, _, _ in session.events]
    beam = searched(START, in_order(steps), book, policy)
    return _answer(decided(beam, _endings(steps, len(session.recording.trays)), [], book, policy), None)


def _step(tray: int, at: float, grams: float) -> Step:
    half = NOISE_G**2 / 2
    return Step(tray, at, at, 0.0, grams, half, half, gain_share=0.0)


def _endings(steps: list[Step], trays: int) -> list[Ending]:
    sums = [sum(step.delta for step in steps if step.tray == tray) for tray in range(trays)]
    return [Ending(0.0, whole, unstable=False, silent=False) for whole in sums]


def _answer(verdict: Verdict, stage1_s: float | None) -> Answer:
    charged: Counter[str] = Counter()
    for tray in verdict.trays:
        if tray.say is Say.CHARGE:
            charged.update(_plain(tray.goods))
    baskets = [_plain(verdict.basket), *(_plain(choice.goods) for choice in verdict.alternatives[1:])]
    return Answer(baskets, verdict.say is Say.REVIEW, verdict.p, dict(charged), stage1_s, _trial(verdict))


def _trial(verdict: Verdict) -> Trial:
    trays = tuple(
        TrayTrial(tray.alternatives[0].p, _barred(tray.reasons), _plain(tray.goods)) for tray in verdict.trays
    )
    return Trial(verdict.p, verdict.posterior, verdict.mixed, _barred(verdict.reasons), trays)


def _barred(reasons: Iterable[Reason]) -> bool:
    return any(reason is not Reason.AMBIGUOUS for reason in reasons)


def _plain(goods: Goods) -> dict[str, int]:
    return {str(sku): count for sku, count in goods}
