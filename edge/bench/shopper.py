"""A random, honest visitor: what is taken and put back, in which order, at which pace. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

PULL_S = (0.3, 0.9)
"""From the bolt to the hand that pulls the door."""
REACH_S = (0.8, 2.0)
"""From one movement of the hand to the next."""
MOVES = (0, 1, 1, 2, 2, 2, 3, 4)
"""How many movements, each as likely as it stands here; none: somebody who only looks."""
PUT_BACK = 0.25
SLAM = 0.15
MOST_PIECES = 3


@dataclass(frozen=True, slots=True)
class Move:
    """An act of the cabinet's control port, ``after_s`` seconds after the one before it."""

    after_s: float
    act: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """open, then moves, then close. taken: pieces that are gone from each tray in the end."""

    open: Move
    moves: tuple[Move, ...]
    close: Move
    taken: Mapping[str, int]


def plan(random: Random, trays: Mapping[str, tuple[str, int]]) -> Plan:
    """A visit at trays that hold (sku, pieces)."""
    taken: Counter[str] = Counter()
    moves = []
    for _ in range(random.choice(MOVES)):
        back = taken.total() > 0 and random.random() < PUT_BACK
        room = taken if back else {tray: pieces - taken[tray] for tray, (_, pieces) in trays.items()}
        full = sorted(tray for tray, pieces in room.items() if pieces > 0)
        if not full:
            break
        tray = random.choice(full)
        count = random.randint(1, min(MOST_PIECES, room[tray]))
        taken[tray] += -count if back else count
        act = {"do": "put_back" if back else "take", "tray": tray, "sku": trays[tray][0], "count": count}
        moves.append(Move(random.uniform(*REACH_S), act))
    return Plan(
        open=Move(random.uniform(*PULL_S), {"do": "open_door"}),
        moves=tuple(moves),
        close=Move(random.uniform(*REACH_S), {"do": "slam" if random.random() < SLAM else "close_door"}),
        taken=dict(+taken),
    )
