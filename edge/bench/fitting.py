"""Fits the table that turns the search's probabilities into shares of right baskets. Pure.

Only sessions that nothing but the probability decides about are looked at. The odds of being wrong are
found = exp(shift) · said ** slope, the two by maximum likelihood (Platt 1999, "Probabilistic outputs for
support vector machines"); nothing becomes surer than the search said.
"""

from collections.abc import Iterable, Sequence
from math import exp, log, log1p

from edge.bench.thresholds import Tried
from edge.weighing.calibrated import LEAST_ERROR, Knot

SAID = (0.9, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 1e-4, 1e-6, LEAST_ERROR)
"""Errors at which the table has a row."""
STEPS = (0.5, 0.1, 0.02, 0.005)
SURELY_RIGHT = 1e-7
"""Errors below are not told apart: of so sure ones nobody will ever see enough."""


def fitted(tried: Iterable[Tried], mixed: bool) -> list[Knot]:
    """The table for sessions with (``mixed``) or without a movement that took several products."""
    seen = [
        (_odds(max(SURELY_RIGHT, 1 - each.trial.posterior)), each.right)
        for each in tried
        if not each.trial.barred and each.trial.mixed is mixed and each.trial.posterior > 0
    ]
    shift, slope = _best(seen)
    knots = [Knot(1.0, 1.0)]
    for said in SAID:
        odds = shift + slope * _odds(said)
        found = float(f"{1 / (1 + exp(-odds)):.2g}")
        knots.append(Knot(said, min(knots[-1].found, max(said, found))))
    return knots


def _odds(error: float) -> float:
    """The logarithm of the odds of being wrong."""
    error = min(error, 1 - SURELY_RIGHT)
    return log(error / (1 - error))


def _best(seen: Sequence[tuple[float, bool]]) -> tuple[float, float]:
    """Shift and slope of the greatest likelihood, found by walking downhill."""
    place = (0.0, 1.0)
    for step in STEPS:
        while True:
            shift, slope = place
            near = [(shift + a * step, slope + b * step / 4) for a in (-1, 0, 1) for b in (-1, 0, 1)]
            best = min(near, key=lambda at: (_surprise(seen, *at), at))
            if _surprise(seen, *best) >= _surprise(seen, *place) - 1e-9:
                break
            place = best
    return place


def _surprise(seen: Sequence[tuple[float, bool]], shift: float, slope: float) -> float:
    """Nats by which what came true surprises."""
    return sum(log1p(exp((1 if right else -1) * (shift + slope * odds))) for odds, right in seen)
