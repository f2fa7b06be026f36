"""One tray's mechanics: what lies on it, and what its load cell feels at any time. Knows no protocol.

The cell's answer to a load is first-order settling plus one damped oscillation, as measured on shelf cells;
a hand leaning on the tray and the ringing of a slammed door are added on top.
"""

from dataclasses import dataclass, field
from math import exp, pi, sin
from random import Random

from hardware_sim.goods import Piece

SETTLE_S = 0.120
SWAY_HZ = 8.0
SWAY_S = 0.15
SWAY_SHARE = 0.25
SWAY_MAX_G = 120.0
NOISE_G = 0.15
FULL_G = 15_000.0
STILL_G = 1.0
"""A swing below this is not seen as movement: one division of the display."""
FORGET_S = 3.0
"""By then a load change of 15 kg has settled to well below a microgram."""
UNSTABLE_G = 25.0


@dataclass(frozen=True, slots=True)
class Change:
    """A load change of ``grams`` at ``at``."""

    at: float
    grams: float

    def residual(self, now: float) -> float:
        """How far the cell is still from the truth because of this change, in grams, signed."""
        age = now - self.at
        if not 0.0 <= age < FORGET_S:
            return 0.0
        sway = min(SWAY_SHARE * abs(self.grams), SWAY_MAX_G)
        return -self.grams * exp(-age / SETTLE_S) + sway * exp(-age / SWAY_S) * sin(2 * pi * SWAY_HZ * age)

    def envelope(self, now: float) -> float:
        """The largest swing that this change can still cause from ``now`` on, in grams."""
        age = now - self.at
        if not 0.0 <= age < FORGET_S:
            return 0.0
        sway = min(SWAY_SHARE * abs(self.grams), SWAY_MAX_G)
        return abs(self.grams) * exp(-age / SETTLE_S) + sway * exp(-age / SWAY_S)


@dataclass(frozen=True, slots=True)
class Ringing:
    """The cabinet shakes: ``grams`` at its strongest, gone after ``seconds``."""

    at: float
    grams: float
    seconds: float
    hertz: float

    def envelope(self, now: float) -> float:
        age = now - self.at
        return self.grams * exp(-4.0 * age / self.seconds) if 0.0 <= age < self.seconds else 0.0

    def swing(self, now: float) -> float:
        return self.envelope(now) * sin(2 * pi * self.hertz * (now - self.at))


@dataclass(frozen=True, slots=True)
class Lean:
    """Somebody rests a hand on the tray from ``start`` to ``end``; a hand never keeps quite still."""

    start: float
    end: float
    grams: float

    def load(self, now: float) -> float:
        if not self.start <= now < self.end:
            return 0.0
        return self.grams * (1.0 + 0.03 * sin(2 * pi * 1.7 * (now - self.start)))

    def edges(self) -> tuple[Change, Change]:
        return Change(self.start, self.grams), Change(self.end, -self.grams)


@dataclass(frozen=True, slots=True)
class Felt:
    """What the cell feels: grams before display rounding; moving: not yet at rest."""

    grams: float
    moving: bool
    overload: bool


@dataclass(slots=True)
class Tray:
    """offset_g: the scale's constant zero error; nobody outside the tray knows it."""

    id: str
    offset_g: float = 0.0
    pieces: list[Piece] = field(default_factory=list)
    unstable: bool = False
    overload: bool = False
    _changes: list[Change] = field(default_factory=list)
    _ringing: list[Ringing] = field(default_factory=list)
    _leans: list[Lean] = field(default_factory=list)

    def add(self, piece: Piece, now: float) -> None:
        self._forget(now)
        self.pieces.append(piece)
        self._changes.append(Change(now, piece.grams))

    def remove(self, piece: Piece, now: float) -> None:
        """Take away this very piece. Raises ValueError when it is not here."""
        self._forget(now)
        self.pieces.remove(piece)
        self._changes.append(Change(now, -piece.grams))

    def lean(self, grams: float, seconds: float, now: float) -> None:
        self._forget(now)
        self._leans.append(Lean(now, now + seconds, grams))

    def ring(self, ringing: Ringing) -> None:
        self._forget(ringing.at)
        self._ringing.append(ringing)

    def true_g(self) -> float:
        """What truly lies here, without zero error, hands and swings."""
        return sum(piece.grams for piece in self.pieces)

    def felt(self, now: float) -> Felt:
        """The cell's answer at ``now``, without noise."""
        changes = self._all_changes()
        swing = sum(change.residual(now) for change in changes)
        swing += sum(ringing.swing(now) for ringing in self._ringing)
        if self.unstable:
            swing += UNSTABLE_G * sin(2 * pi * 1.3 * now) + 0.4 * UNSTABLE_G * sin(2 * pi * 3.1 * now)
        load = self.true_g() + sum(lean.load(now) for lean in self._leans)
        grams = self.offset_g + load + swing
        return Felt(grams, self._moves(changes, now), self.overload or grams > FULL_G)

    def sampled(self, now: float, random: Random) -> Felt:
        """``felt`` with the converter's white noise: 0.15 g rms at 10 samples a second."""
        felt = self.felt(now)
        return Felt(felt.grams + random.gauss(0.0, NOISE_G), felt.moving, felt.overload)

    def _moves(self, changes: list[Change], now: float) -> bool:
        swing = sum(change.envelope(now) for change in changes)
        swing += sum(ringing.envelope(now) for ringing in self._ringing)
        leaning = any(lean.start <= now < lean.end for lean in self._leans)
        return self.unstable or leaning or swing > STILL_G

    def _all_changes(self) -> list[Change]:
        return self._changes + [edge for lean in self._leans for edge in lean.edges()]

    def _forget(self, now: float) -> None:
        self._changes = [change for change in self._changes if now - change.at < FORGET_S]
        self._ringing = [ringing for ringing in self._ringing if now - ringing.at < ringing.seconds]
        self._leans = [lean for lean in self._leans if now - lean.end < FORGET_S]
