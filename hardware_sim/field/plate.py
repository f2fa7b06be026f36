"""A tray's plate on its cell, a damped spring: forces in, what reaches the cell out. Knows no electronics."""

from math import cos, exp, pi, sin, sqrt

from hardware_sim.field.motion import Force

DT_S = 0.005

Turn = tuple[float, float, float, float]


def plate(hz: float, damping: float, load_g: float, forces: list[Force], until: float) -> list[float]:
    """Grams the plate passes on to the cell, every ``DT_S``."""
    count = int(until / DT_S) + 2
    out = [load_g] * count
    ring = 5.0 / (damping * 2 * pi * hz)
    turn = _turn(hz, damping)
    for first, last in _windows(forces, ring, count):
        _swing(turn, load_g, forces, out, first, last)
    return out


def _windows(forces: list[Force], ring: float, count: int) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for force in sorted(forces, key=lambda force: force.start):
        first, last = int(force.start / DT_S), min(count, int((force.end + ring) / DT_S) + 1)
        if spans and first <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(last, spans[-1][1]))
        elif first < count:
            spans.append((first, last))
    return spans


def _swing(turn: Turn, load_g: float, forces: list[Force], out: list[float], first: int, last: int) -> None:
    """Fill one lively stretch and the calm after it. Exact steps of y″ + 2ζωy′ + ω²(y − load) = 0."""
    a, b, c, d = turn
    away = speed = 0.0
    before = load_g + sum(force.after for force in forces if force.end <= first * DT_S)
    here = [force for force in forces if first * DT_S < force.end and force.start < last * DT_S]
    load = before
    for i in range(first, last):
        t = i * DT_S
        now = before
        for force in here:
            if t >= force.end:
                now += force.after
            elif t > force.start:
                now += force.shape(t)
        away += load - now
        away, speed = a * away + b * speed, c * away + d * speed
        load = now
        out[i] = load + away
    rest = before + sum(force.after for force in here)
    out[last:] = [rest] * (len(out) - last)


def _turn(hz: float, damping: float) -> Turn:
    w = 2 * pi * hz
    sigma, own = damping * w, w * sqrt(1.0 - damping**2)
    fade, cosine, sine = exp(-sigma * DT_S), cos(own * DT_S), sin(own * DT_S)
    across = fade * sine / own
    return fade * cosine + sigma * across, across, -w * w * across, fade * cosine - sigma * across
