"""What a probability of the search is worth: how often baskets said to be right with it were. Pure.

The search trusts its priors and takes the steps for what they seem; movements without rest between them
make it surer than it should be, most where one movement took several products. The table was fitted by
``counter bench recognition --fit`` on tuning seeds of the levels L2, L3s and L3 and of the field family's
hard group (docs/recognition.md); no published figure uses them. It never makes anything surer.
"""

from bisect import bisect_right
from itertools import pairwise
from math import exp, log
from typing import NamedTuple

LEAST_ERROR = 1e-12
"""Below this an error is as good as none."""


class Knot(NamedTuple):
    """said: what the search gives for the basket being wrong. found: how often such baskets were."""

    said: float
    found: float


ONE_PRODUCT: tuple[Knot, ...] = (
    Knot(1.0, 1.0),
    Knot(0.9, 0.9),
    Knot(0.5, 0.5),
    Knot(0.2, 0.23),
    Knot(0.1, 0.13),
    Knot(0.05, 0.072),
    Knot(0.02, 0.033),
    Knot(0.01, 0.019),
    Knot(0.005, 0.01),
    Knot(0.002, 0.0048),
    Knot(0.001, 0.0026),
    Knot(0.0001, 0.00037),
    Knot(1e-06, 7.4e-06),
    Knot(1e-12, 5.8e-11),
)
SEVERAL_PRODUCTS: tuple[Knot, ...] = (
    Knot(1.0, 1.0),
    Knot(0.9, 0.9),
    Knot(0.5, 0.5),
    Knot(0.2, 0.28),
    Knot(0.1, 0.18),
    Knot(0.05, 0.12),
    Knot(0.02, 0.067),
    Knot(0.01, 0.042),
    Knot(0.005, 0.027),
    Knot(0.002, 0.015),
    Knot(0.001, 0.0091),
    Knot(0.0001, 0.0019),
    Knot(1e-06, 8.5e-05),
    Knot(1e-12, 7.2e-09),
)
"""For sessions without, and with, a movement that took several products; errors fall from row to row."""


def calibrated(p: float, mixed: bool) -> float:
    """The share of right baskets among those that the search holds to be right with ``p``.

    mixed: a movement took several products. Between the table's rows logarithms are interpolated.
    """
    knots = SEVERAL_PRODUCTS if mixed else ONE_PRODUCT
    error = 1 - p
    if error <= LEAST_ERROR:
        return p
    place = bisect_right(knots, -error, key=lambda knot: -knot.said)
    above, below = knots[place - 1], knots[min(place, len(knots) - 1)]
    if above.said == below.said:
        return 1 - above.found
    part = log(above.said / error) / log(above.said / below.said)
    return 1 - exp(log(above.found) + part * log(below.found / above.found))


def _falls(knots: tuple[Knot, ...]) -> bool:
    return all(a.said > b.said and a.found >= b.found >= b.said for a, b in pairwise(knots))


assert _falls(ONE_PRODUCT)
assert _falls(SEVERAL_PRODUCTS)
