"""A story as the host wrote it down: polls, jitter, late values, holes, wild readings. No physics."""

from collections.abc import Iterator
from random import Random

from hardware_sim.field.scale import values
from hardware_sim.field.story import QUIET_AFTER_S, QUIET_BEFORE_S, Story

MOST_ROWS_A_SECOND = 400.0  # what a 115200 baud line carries; a wide cabinet is polled more slowly

Row = tuple[float, int, float]


def rows(rng: Random, story: Story) -> list[Row]:
    """(t, tray, grams) in time order."""
    habits, count = story.scene.habits, len(story.scene.trays)
    fastest = MOST_ROWS_A_SECOND / count
    sweep = min(fastest, _between(rng, *habits.poll_hz))
    found: list[Row] = []
    for number in range(count):
        hz = min(fastest, _between(rng, *habits.poll_hz)) if habits.apart_in_time else sweep
        lag = rng.uniform(0.0, 1.0 / hz) if habits.apart_in_time else number / count / hz
        shown = values(
            rng, story.scales[number], story.scene.loads[number], story.scene.forces[number], story.until
        )
        found += _read(rng, shown, number, list(_polls(rng, story, number, hz, lag)))
    return sorted(_wild(rng, story, found))


def _between(rng: Random, low: float, high: float) -> float:
    return float(low * (high / low) ** rng.random())


def _polls(rng: Random, story: Story, number: int, hz: float, lag: float) -> Iterator[float]:
    """Times at which this tray was read. A hole is a missing row."""
    holes = [(start, end) for tray, start, end in story.gaps if tray == number]
    stop = story.silent.get(number, story.until)
    jitter = story.scene.habits.jitter
    i = 0
    while (t := lag + (i + jitter * rng.uniform(0.0, 0.9)) / hz) < stop:
        i += 1
        if not any(start < t < end for start, end in holes):
            yield round(t, 4)


def _read(rng: Random, shown: list[tuple[float, float]], number: int, polls: list[float]) -> Iterator[Row]:
    """The newest value at each poll; a transmitter slower than the polls repeats itself."""
    lag, at = rng.uniform(0.0, 0.03), 0
    for t in polls:
        while at + 1 < len(shown) and shown[at + 1][0] <= t - lag:
            at += 1
        yield t, number, shown[at][1]


def _wild(rng: Random, story: Story, found: list[Row]) -> Iterator[Row]:
    share = story.scene.habits.glitches
    for t, number, grams in found:
        if share and QUIET_BEFORE_S < t < story.until - QUIET_AFTER_S and rng.random() < share:
            grams = round(grams + rng.choice((-1.0, 1.0)) * 20.0 * 1000.0 ** rng.random(), 1)
        yield t, number, grams
