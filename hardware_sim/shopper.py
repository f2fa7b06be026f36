"""A shopper out of a hat: what one visitor does at the open cabinet, and what is truly taken. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

REACH_S = (0.9, 3.0)
"""From one movement of the hand to the next."""
LOOK_S = (1.0, 6.0)
PUT_BACK = 0.25
"""How many of the visitors who hold something put a piece of it back."""
SLAM = 0.15
MOST_ON_A_TRAY = 3
MOST_MOVES = 4


@dataclass(frozen=True, slots=True)
class Visit:
    """steps: (seconds after the step before, act for ``POST /sim/act``), from opening the door to closing it.

    taken: pieces gone from each tray in the end, by tray; none means the visitor only looked.
    """

    steps: tuple[tuple[float, dict[str, Any]], ...]
    taken: Mapping[str, int]


def visit(random: Random, trays: Mapping[str, int]) -> Visit:
    """One visit at a cabinet whose ``trays`` hold so many pieces each.

    Goods go back only where they came from: the default shopper is honest.
    """
    steps: list[tuple[float, dict[str, Any]]] = [(random.uniform(0.3, 2.0), {"do": "open_door"})]
    taken: Counter[str] = Counter()
    for _ in range(random.randint(0, MOST_MOVES)):
        if taken.total() and random.random() < PUT_BACK:
            tray = random.choice(sorted(+taken))
            count = random.randint(1, taken[tray])
            steps.append((random.uniform(*LOOK_S), {"do": "put_back", "tray": tray, "count": count}))
            taken[tray] -= count
        elif full := [tray for tray, pieces in trays.items() if pieces > taken[tray]]:
            tray = random.choice(full)
            count = random.randint(1, min(MOST_ON_A_TRAY, trays[tray] - taken[tray]))
            steps.append((random.uniform(*REACH_S), {"do": "take", "tray": tray, "count": count}))
            taken[tray] += count
    close = "slam" if random.random() < SLAM else "close_door"
    steps.append((random.uniform(*REACH_S), {"do": close}))
    return Visit(tuple(steps), dict(+taken))
