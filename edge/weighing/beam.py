"""The search over the steps of all trays together: which hypotheses survive, and what they weigh. Pure."""

from collections.abc import Iterable, Sequence
from heapq import nlargest
from math import exp, log1p

from edge.weighing.explain import Explainer
from edge.weighing.hand import order_of
from edge.weighing.hypotheses import Claim, Hypothesis, follow, key_of
from edge.weighing.policy import Policy
from edge.weighing.recording import Book
from edge.weighing.steps import Step

CLAIMS_A_PLACE = 6
"""Claims worked out for each place in the beam: many of them merge."""

START = (Hypothesis(0.0),)


def in_order(steps: Iterable[Step]) -> list[Step]:
    """Steps of all trays as they happened; what the closing levels say beyond them comes last."""
    return sorted(steps, key=lambda step: (step.rest, step.at, step.tray, step.began))


def searched(
    beam: Sequence[Hypothesis], steps: Sequence[Step], book: Book, policy: Policy
) -> list[Hypothesis]:
    """What ``beam`` becomes by all of ``steps``, given in order: the likeliest hypothesis first."""
    last = {step.tray: place for place, step in enumerate(steps)}
    for place, step in enumerate(steps):
        beam = advanced(beam, step, book, policy, last=last[step.tray] == place)
    return list(beam)


def advanced(
    beam: Sequence[Hypothesis], step: Step, book: Book, policy: Policy, *, last: bool
) -> list[Hypothesis]:
    """What ``beam`` becomes by one step. last: no later step of its tray is known."""
    explainer = Explainer(step, book, last)
    best = float("-inf")
    claims: list[Claim] = []
    for source in beam:
        floor = best - policy.drop_nats
        for claim in explainer.claims(source, floor):
            if claim.weight > floor:
                claims.append(claim)
                if claim.weight > best:
                    best = claim.weight
                    floor = best - policy.drop_nats
    if not claims:
        return list(beam)
    likely = [claim for claim in claims if claim.weight > best - policy.drop_nats]
    kept = nlargest(CLAIMS_A_PLACE * policy.beam, likely, key=lambda claim: claim.weight)
    merged = _merged([follow(claim, step, book) for claim in kept])
    merged.sort(key=lambda each: (-each.weight, [order_of(item) for item in each.hand], each.changes))
    return merged[: policy.beam]


def _merged(hypotheses: Iterable[Hypothesis]) -> list[Hypothesis]:
    """One for each state, the better path kept; given and given back by falling weight."""
    states: dict[object, Hypothesis] = {}
    for each in hypotheses:
        key = key_of(each)
        same = states.get(key)
        if same is None:
            states[key] = each
        else:
            states[key] = same._replace(weight=same.weight + log1p(exp(each.weight - same.weight)))
    return list(states.values())
