"""One tray's cell, converter and transmitter: forces in, values with their times out. Knows no goods.

Cell: span error, hysteresis (play), creep (stretched exponential), temperature.
Converter: noise, hum folded down, steps. Transmitter: its own filter and its own rate.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, pi, sin, sqrt
from random import Random

from hardware_sim.field.habits import Habits
from hardware_sim.field.motion import Force
from hardware_sim.field.plate import DT_S, plate

COARSE_S = 0.25  # creep and temperature are slow
PLAY_G = 300.0  # load change after which hysteresis has turned round


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """One tray's scale for one session. Grams, seconds, hertz."""

    span: float
    zero_g: float
    plate_hz: float
    damping: float
    hysteresis_g: float
    creep: float
    creep_s: float
    creep_shape: float
    slope_g_s: float
    warm_up_g: float
    warm_up_s: float
    noise_g: float
    flicker_g: float
    hum_g: float
    mains_hz: float
    vibration_g: float
    vibration_hz: float
    converter_g: float
    convert_hz: float
    mean_of: int  # conversions in the moving average; 0: one pole instead
    pole: float
    jump_g: float  # a change beyond this empties the filter, as many transmitters do; 0: never
    latch: int  # conversions per new value on the line
    step_g: float
    ceiling_g: float


def drawn(rng: Random, habits: Habits, step_g: float) -> Scale:
    """One scale. Sources: OIML R60 C3 (creep 2.5e-4, hysteresis), platform cells (span), habits."""
    convert = rng.choice((10.0, 20.0, 40.0, 80.0)) * rng.uniform(0.97, 1.03)
    memory = rng.uniform(*habits.memory_s)
    poled = rng.random() < 0.5
    return Scale(
        span=1.0 + rng.gauss(0.0, 4e-4),
        zero_g=rng.uniform(-60.0, 900.0),
        plate_hz=rng.uniform(6.0, 22.0),
        damping=rng.uniform(0.05, 0.25),
        hysteresis_g=rng.uniform(0.0, 0.5),
        creep=rng.uniform(0.5e-4, 4e-4) * rng.choice((1.0, 1.0, -0.5)),
        creep_s=rng.uniform(15.0, 120.0),
        creep_shape=rng.uniform(0.45, 0.8),
        slope_g_s=rng.uniform(-1.0, 1.0) * habits.slope_g_s,
        warm_up_g=rng.uniform(*habits.warm_up_g) * rng.choice((-1.0, 1.0)),
        warm_up_s=rng.uniform(40.0, 200.0),
        noise_g=rng.uniform(*habits.noise_g),
        flicker_g=rng.uniform(*habits.flicker_g),
        hum_g=rng.uniform(*habits.hum_g),
        mains_hz=50.0 + rng.gauss(0.0, 0.03),
        vibration_g=rng.uniform(*habits.vibration_g),
        vibration_hz=rng.uniform(11.0, 25.0),
        converter_g=rng.choice((0.01, 0.05, 0.2)),
        convert_hz=convert,
        mean_of=0 if poled else max(1, round(memory * convert)),
        pole=1.0 - exp(-1.0 / (convert * memory / 3.0)),
        jump_g=rng.choice((0.0, 0.0, 25.0)),
        latch=rng.choice([n for n in (1, 2, 4, 8) if convert / n >= 4.7]),
        step_g=step_g,
        ceiling_g=20_000.0,
    )


def values(
    rng: Random, scale: Scale, load_g: float, forces: list[Force], until: float
) -> list[tuple[float, float]]:
    """(time, grams shown) whenever the transmitter has a new value, from 0 s to ``until``."""
    out = []
    filtered = _filtered(scale, _converted(rng, scale, load_g, forces, until))
    for number, (t, value) in enumerate(filtered):
        if number % scale.latch == 0:
            out.append((t, round(round(min(value, scale.ceiling_g) / scale.step_g) * scale.step_g, 2)))
    return out


def _slow(scale: Scale, forces: list[Force], until: float) -> list[float]:
    """Creep and temperature, every ``COARSE_S``."""
    strains = [(force.end, force.after) for force in forces if force.after]
    strains += [(force.start, force.held) for force in forces if force.held]
    strains += [(force.end, -force.held) for force in forces if force.held]
    out = []
    for i in range(int(until / COARSE_S) + 3):
        t = i * COARSE_S
        crept = sum(
            grams * (1.0 - exp(-(((t - at) / scale.creep_s) ** scale.creep_shape)))
            for at, grams in strains
            if t > at
        )
        out.append(scale.creep * crept + scale.slope_g_s * t - scale.warm_up_g * exp(-t / scale.warm_up_s))
    return out


def _converted(
    rng: Random, scale: Scale, load_g: float, forces: list[Force], until: float
) -> Iterator[tuple[float, float]]:
    swinging, slow = plate(scale.plate_hz, scale.damping, load_g, forces, until), _slow(scale, forces, until)
    hold, wander = load_g, rng.gauss(0.0, scale.flicker_g)
    keep = exp(-1.0 / (scale.convert_hz * rng.uniform(2.0, 20.0)))
    fresh = scale.flicker_g * sqrt(1.0 - keep * keep)
    hum, shake = 2 * pi * scale.mains_hz, 2 * pi * scale.vibration_hz
    t = rng.uniform(0.0, 1.0 / scale.convert_hz)
    while t < until:
        y = swinging[int(t / DT_S)]
        hold = min(max(hold, y - PLAY_G), y + PLAY_G)
        wander = keep * wander + rng.gauss(0.0, fresh)
        part, at = t / COARSE_S % 1.0, int(t / COARSE_S)
        value = scale.span * (y + scale.hysteresis_g / PLAY_G * (hold - y)) + scale.zero_g
        value += slow[at] * (1.0 - part) + slow[at + 1] * part + wander + rng.gauss(0.0, scale.noise_g)
        value += scale.hum_g * sin(hum * t) + scale.vibration_g * sin(shake * t)
        yield t, round(value / scale.converter_g) * scale.converter_g
        t += 1.0 / scale.convert_hz


def _filtered(scale: Scale, conversions: Iterator[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    recent: deque[float] = deque(maxlen=max(1, scale.mean_of))
    shown, total, off = 0.0, 0.0, 0
    for t, value in conversions:
        off = off + 1 if recent and scale.jump_g and abs(value - shown) > scale.jump_g else 0
        if off >= 2:
            recent.clear()
            total = 0.0
        if len(recent) == recent.maxlen:
            total -= recent[0]
        fresh = not recent
        recent.append(value)
        total += value
        if scale.mean_of:
            shown = total / len(recent)
        else:
            shown = value if fresh else shown + scale.pole * (value - shown)
        yield t, shown
