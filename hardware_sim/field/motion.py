"""What hands and the cabinet do to a plate: forces in grams over seconds. Knows no scale and no goods.

Hands move with the least jerk (Flash and Hogan 1985): position over time is 10x³ − 15x⁴ + 6x⁵.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, pi, sin
from random import Random


@dataclass(frozen=True, slots=True)
class Force:
    """Grams on the plate from ``start`` to ``end`` (s); ``after`` stays, ``held`` strains the cell."""

    start: float
    end: float
    shape: Callable[[float], float]
    after: float = 0.0
    held: float = 0.0


def least_jerk(x: float) -> float:
    """Way covered, 0…1, at share ``x`` of the time."""
    x = min(1.0, max(0.0, x))
    return x * x * x * (10.0 - 15.0 * x + 6.0 * x * x)


def moved(start: float, seconds: float, grams: float) -> Force:
    """A load that comes (or goes, when negative) on the plate for good."""
    return Force(start, start + seconds, lambda t: grams * least_jerk((t - start) / seconds), after=grams)


def bump(start: float, seconds: float, grams: float) -> Force:
    """A contact: half a sine squared, as two soft bodies give."""
    return Force(start, start + seconds, lambda t: grams * sin(pi * (t - start) / seconds) ** 2)


def press(rng: Random, start: float, seconds: float, grams: float, tremor: float) -> Force:
    """A hand or elbow that rests: on and off with least jerk, swaying and trembling in between."""
    rise = min(0.4 * seconds, rng.uniform(0.12, 0.5))
    quick, slow, phase = rng.uniform(8.0, 12.0), rng.uniform(0.3, 0.8), rng.uniform(0, 2 * pi)

    def shape(t: float) -> float:
        edge = least_jerk((t - start) / rise) * least_jerk((start + seconds - t) / rise)
        sway = 1.0 + 0.08 * sin(2 * pi * slow * t + phase) + tremor * sin(2 * pi * quick * t)
        return grams * edge * sway

    return Force(start, start + seconds, shape, held=grams)


def dragged(rng: Random, start: float, seconds: float, grams: float) -> Force:
    """Stick and slip: a pack pulled over the plate loads it and lets go, several times."""
    period = rng.uniform(0.04, 0.12)
    return Force(start, start + seconds, lambda t: grams * (((t - start) / period) % 1.0 - 0.5))


def rolling(rng: Random, start: float, grams: float) -> Force:
    """A bottle that rolls to and fro until friction stops it: the corner load swings and dies."""
    hz, calm, seconds = rng.uniform(0.6, 1.6), rng.uniform(0.4, 0.9), rng.uniform(1.2, 2.5)
    swing = grams * rng.uniform(0.003, 0.012) + 1.0

    def shape(t: float) -> float:
        return (
            swing
            * exp(-(t - start) / calm)
            * sin(2 * pi * hz * (t - start))
            * least_jerk((start + seconds - t) / 0.3)
        )

    return Force(start, start + seconds, shape)


def shaken(rng: Random, start: float, grams: float) -> Force:
    """The frame rings (door, bolt, a kick): what stands on the plate is thrown up and down."""
    hz, calm = rng.uniform(5.0, 14.0), rng.uniform(0.06, 0.2)
    return Force(
        start, start + 5 * calm, lambda t: grams * exp(-(t - start) / calm) * sin(2 * pi * hz * (t - start))
    )


def trundle(rng: Random, start: float, seconds: float, grams: float) -> Force:
    """A lorry or a lift passes: slow beats that swell and fade."""
    one, two = rng.uniform(3.0, 5.0), rng.uniform(5.5, 9.0)

    def shape(t: float) -> float:
        swell = sin(pi * (t - start) / seconds) ** 2
        return grams * swell * (0.6 * sin(2 * pi * one * t) + 0.4 * sin(2 * pi * two * t))

    return Force(start, start + seconds, shape)


def lifted(rng: Random, start: float, seconds: float, grams: float, squeeze_g: float) -> list[Force]:
    """A pack leaves: fingers press it down, it may stick to the plate, then the hand bears it."""
    grip = rng.uniform(0.3, 0.9) * seconds
    forces = [bump(start, grip, squeeze_g)]
    if rng.random() < 0.3:
        forces.append(dragged(rng, start + 0.3 * grip, 0.7 * grip, min(60.0, 0.15 * grams)))
    forces.append(moved(start + 0.6 * grip, seconds, -grams))
    return forces


def lowered(rng: Random, start: float, seconds: float, grams: float, hand_g: float) -> list[Force]:
    """A pack arrives: a knock of its speed, the load as the hand lets go, the hand resting on it a moment."""
    knock = bump(start, rng.uniform(0.03, 0.09), grams * rng.uniform(0.05, 0.8))
    forces = [knock, moved(start, seconds, grams)]
    if rng.random() < 0.5:
        forces.append(bump(start + 0.3 * seconds, rng.uniform(0.3, 0.8), hand_g))
    return forces


def end_of(forces: list[Force]) -> float:
    """When the last of these (one or more) forces has gone."""
    return max(force.end for force in forces)
