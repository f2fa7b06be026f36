"""Stories as lines of the recorded format, one JSON object each. Same group, seed and number: same bytes."""

import json
from collections.abc import Callable, Iterator
from random import Random

from hardware_sim.errors import SimError
from hardware_sim.field import shopping, unsettled
from hardware_sim.field.fair import decidable
from hardware_sim.field.rows import rows
from hardware_sim.field.story import Story

TRIES = 500
GROUPS: dict[str, Callable[[Random], Story]] = {
    "core": shopping.core,
    "hard": shopping.hard,
    "review": unsettled.review,
    "nothing": shopping.nothing,
}
AS_THEY_COME = frozenset({"review"})  # nobody could tell: nothing to check


def story(group: str, rng: Random) -> Story:
    """The first fair story of a group that ``rng`` tells. Raises SimError when none of 500 was."""
    for _ in range(TRIES):
        told = GROUPS[group](rng)
        if group in AS_THEY_COME or decidable(told):
            return told
    raise SimError(f"field sessions: none of {TRIES} stories of group {group} was fair; loosen habits.py")


def session(group: str, seed: int, number: int) -> dict[str, object]:
    """One session, ready to be written."""
    rng = Random(f"field/{group}/{seed}/{number}")
    told = story(group, rng)
    return {
        "id": f"field-{group}-{seed}-{number}",
        "kind": group,
        "oddity": told.oddities[0],
        "oddities": told.oddities,
        "trays": [
            {
                "id": tray.id,
                "planogram": [
                    {
                        "sku": good.sku,
                        "unit_g": good.unit_g,
                        "tol_g": round(3 * good.sd_g, 2),
                        "count": tray.booked[good.sku],
                    }
                    for good in tray.goods
                ],
            }
            for tray in told.scene.trays
        ],
        "samples": rows(rng, told),
        "truth": dict(sorted(told.truth.items())),
        "events": [list(event) for event in told.scene.events],
    }


def session_lines(group: str, seed: int, first: int, count: int) -> Iterator[bytes]:
    """``count`` sessions from number ``first`` on; none depends on those before it."""
    for number in range(first, first + count):
        text = json.dumps(session(group, seed, number), ensure_ascii=False, separators=(",", ":"))
        yield text.encode()
