"""What a load cell and its converter make of a force: rows of (second, grams). Knows no goods."""

from itertools import accumulate
from math import exp, pi, sin, sqrt
from random import Random

from hardware_sim.sessions.levels import Range, Scale
from hardware_sim.sessions.mechanics import HZ
from hardware_sim.sessions.visit import log_uniform

CREEP = ((0.5, 2.5), (0.3, 25.0), (0.2, 250.0))
"""Shares of the creep and their time constants in seconds."""
POLE_S: Range = (0.04, 0.10)
GAIN_SD = 5e-4
OFFSET_G = 40.0
JITTER_S = 0.0015
FLICKER_TAU_S = (0.3, 2.0, 15.0)
FLICKER_PART = 1 / 1.7
"""Each of the three correlated noises has this share of the flicker: together about all of it."""
VIBRATION_HZ: Range = (5.0, 24.0)
GLITCH_G: Range = (20.0, 20_000.0)
GAP_S: Range = (0.3, 1.2)
WHOLE_S = 0.8
"""No gap in the first and the last part of a record."""
CAPACITY_G = (-2_000.0, 20_000.0)

Row = tuple[float, float]


def readings(force: list[float], scale: Scale, rate_hz: int, random: Random) -> list[Row]:
    """What a tray says of ``force`` (100 Hz) in whole grams, at ``rate_hz`` with its own phase and gaps."""
    times = _times(len(force), rate_hz, random)
    weights = _weighed(_followed(force, random), times, scale.creep, random)
    noises = _noises(times, scale, rate_hz, random)
    rows = [(at, weight + noise) for at, weight, noise in zip(times, weights, noises, strict=True)]
    return [
        (at, float(round(_glitched(grams, scale.glitch, random))))
        for at, grams in _whole(rows, scale, random)
    ]


def _times(length: int, rate_hz: int, random: Random) -> list[float]:
    """Milliseconds as a reader's clock has them, always one after the other."""
    end, period = (length - 2) / HZ, 1 / rate_hz
    phase = random.uniform(0.0, period)
    count = int((end - phase) * rate_hz)
    jitter = (max(-2.5, min(2.5, random.gauss(0.0, 1.0))) * JITTER_S for _ in range(count))
    return [round(max(0.0, phase + number * period + off), 3) for number, off in enumerate(jitter)]


def _followed(force: list[float], random: Random) -> list[float]:
    """The converter's own filter, one pole."""
    share = 1 - exp(-1 / HZ / random.uniform(*POLE_S))
    low, high = CAPACITY_G
    clipped = (low if grams < low else high if grams > high else grams for grams in force)
    return list(accumulate(clipped, lambda was, grams: was + share * (grams - was)))


def _weighed(force: list[float], times: list[float], creep: float, random: Random) -> list[float]:
    """Loads between the hundredths, with creep, gain and an offset that means nothing."""
    gain, offset = 1 + random.gauss(0.0, GAIN_SD), random.uniform(-OFFSET_G, OFFSET_G)
    slow, fast, lazy = force[0], force[0], force[0]
    (share_a, tau_a), (share_b, tau_b), (share_c, tau_c) = CREEP
    found, before = [], 0.0
    for at in times:
        place = at * HZ
        low = int(place)
        load = force[low] + (place - low) * (force[low + 1] - force[low])
        spell, before = at - before, at
        fast += (1 - exp(-spell / tau_a)) * (load - fast)
        slow += (1 - exp(-spell / tau_b)) * (load - slow)
        lazy += (1 - exp(-spell / tau_c)) * (load - lazy)
        crept = creep * (share_a * fast + share_b * slow + share_c * lazy)
        found.append(offset + gain * (load + crept))
    return found


def _noises(times: list[float], scale: Scale, rate_hz: int, random: Random) -> list[float]:
    """White, correlated, wandering, sloping and shaken, in grams."""
    gauss = random.gauss
    part = scale.flicker_g * FLICKER_PART
    keeps = [exp(-1 / rate_hz / tau) for tau in FLICKER_TAU_S]
    kicks = [part * sqrt(1 - keep**2) for keep in keeps]
    one, two, three = (gauss(0.0, part) for _ in keeps)
    white, walk = scale.noise_g * sqrt(rate_hz / 10), scale.walk_g / sqrt(rate_hz)
    slope, place = gauss(0.0, scale.drift_g), 0.0
    swing = 2 * pi * random.uniform(*VIBRATION_HZ)
    phase = random.uniform(0.0, 2 * pi)
    found = []
    for at in times:
        one = keeps[0] * one + gauss(0.0, kicks[0])
        two = keeps[1] * two + gauss(0.0, kicks[1])
        three = keeps[2] * three + gauss(0.0, kicks[2])
        place += gauss(0.0, walk)
        shaken = scale.vibration_g * sin(swing * at + phase)
        found.append(gauss(0.0, white) + one + two + three + place + slope * at + shaken)
    return found


def _whole(rows: list[Row], scale: Scale, random: Random) -> list[Row]:
    """The rows outside gaps."""
    if not scale.gaps or not rows:
        return rows
    end, at, kept = rows[-1][0] - WHOLE_S, WHOLE_S, rows
    while (at := at + random.expovariate(scale.gaps)) < end:
        until = min(end, at + random.uniform(*GAP_S))
        kept = [row for row in kept if not at <= row[0] < until]
        at = until
    return kept


def _glitched(grams: float, share: float, random: Random) -> float:
    if not share or random.random() >= share:
        return grams
    return grams + random.choice((-1.0, 1.0)) * log_uniform(GLITCH_G, random)
