"""Whether a person with the planogram beside the curves could tell what happened. Knows no recogniser.

Used on ``core`` and ``hard`` (and, for its quiet ends, on ``nothing``): a story that fails is told anew.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations_with_replacement

from hardware_sim.field.goods import Good, sd, weight
from hardware_sim.field.scene import Event, Scene
from hardware_sim.field.story import QUIET_AFTER_S, QUIET_BEFORE_S, Story, measuring, settling

LEVEL_S = (
    0.5  # a level needs this much, or three readings of a slow line, after plate and filter have settled
)
NEARER = 1.0  # sd by which the true explanation must fit better than any other


def decidable(story: Story) -> bool:
    """Quiet ends, nothing equal exchanged, and each unsettled stretch has one explanation that fits best."""
    return quiet_ends(story) and all(
        _told(story, number, events)
        for number in range(len(story.scene.trays))
        for events in stretches(story, number)
    )


def quiet_ends(story: Story) -> bool:
    """The first 1.0 s and the last 1.5 s are untouched."""
    forces = [force for tray in story.scene.forces for force in tray]
    last = story.until - QUIET_AFTER_S
    return all(force.start >= QUIET_BEFORE_S and force.end <= last for force in forces)


def stretches(story: Story, number: int) -> Iterator[list[Event]]:
    """Events of a tray by unsettled stretch: what no level lies between, seen through gaps."""
    calm = settling(story.scales[number]) + max(LEVEL_S, 3.0 / story.scene.habits.poll_hz[0])
    spans = [(force.start, force.end) for force in story.scene.forces[number]]
    spans += [(start, end) for tray, start, end in story.gaps if tray == number]
    events = [event for event in story.scene.events if event.tray == number and event.delta_g]
    edges: list[list[float]] = []
    for start, end in sorted(spans):
        if edges and start < edges[-1][1] + calm:
            edges[-1][1] = max(edges[-1][1], end)
        else:
            edges.append([start, end])
    for start, end in edges:
        if inside := [event for event in events if start <= event.t <= end]:
            yield inside


def _told(story: Story, number: int, events: list[Event]) -> bool:
    scene = story.scene
    by_sku = {good.sku: good for tray in scene.trays for good in tray.goods}
    if any(not event.sku for event in events):
        return len(events) == 1  # a melon alone; nothing else in the same stretch
    net: Counter[Good] = Counter()
    for event in events:
        net[by_sku[event.sku]] += 1 if event.delta_g > 0 else -1
    net = Counter({good: n for good, n in net.items() if n})
    if not net:
        return len({event.sku for event in events}) == 1
    if len({event.delta_g > 0 for event in events}) > 1 and len({event.sku for event in events}) > 1:
        return False  # an exchange
    true = Counter({good: abs(n) for good, n in net.items()})
    rivals = scene.trays[number].goods if min(net.values()) < 0 else _held(scene, by_sku, events[0].t)
    grams = abs(sum(event.delta_g for event in events))
    return _stands_out(story, true, rivals, grams)


def _held(scene: Scene, by_sku: dict[str, Good], t: float) -> list[Good]:
    """Goods in somebody's hand at a time: what could be coming back."""
    held: Counter[str] = Counter()
    for event in scene.events:
        if event.t < t and event.sku:
            held[event.sku] += 1 if event.delta_g < 0 else -1
    return [by_sku[sku] for sku, n in held.items() if n > 0]


def _stands_out(story: Story, true: Counter[Good], rivals: list[Good], grams: float) -> bool:
    # Nobody suspects four packs where two explain it; where three went in one grip, one more is looked at.
    habits, most = story.scene.habits, 2 if true.total() <= 2 else true.total() + 1
    measured = measuring(habits, grams)
    off = abs(grams - weight(true)) / sd(true, Counter(), measured)
    for n in range(most + 1):
        for units in combinations_with_replacement(rivals, n):
            other = Counter(units)
            if other == true:
                continue
            if abs(weight(other) - weight(true)) < habits.apart * sd(other, true, measured):
                return False
            if abs(grams - weight(other)) / sd(other, Counter(), measured) < off + NEARER:
                return False
    return True
