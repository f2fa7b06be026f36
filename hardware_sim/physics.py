"""The cabinet and the person before it: door, trays, hand.

Knows what can be done to a cabinet and what cannot; knows no protocol and no command language.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from hardware_sim.door import Door
from hardware_sim.errors import Impossible
from hardware_sim.goods import Piece, Product, piece_of
from hardware_sim.tray import Ringing, Tray

SLAM_G = (50.0, 300.0)
SLAM_S = (0.3, 1.0)
CLOSE_G = (3.0, 15.0)
CLOSE_S = (0.2, 0.4)


@dataclass(slots=True)
class Cabinet:
    """hand: taken and not yet carried away; carried: gone for good.

    A visitor leaves with what is in the hand. Nothing shows that moment, so the next opening of the
    door counts as it: a new visit begins with empty hands.
    brought: pieces that came from outside (restocking, foreign objects).
    """

    door: Door
    trays: Mapping[str, Tray]
    products: Mapping[str, Product]
    random: Random
    hand: list[Piece] = field(default_factory=list)
    carried: list[Piece] = field(default_factory=list)
    brought: list[Piece] = field(default_factory=list)

    def open_door(self, now: float) -> None:
        """Pull the door. Raises Impossible while the hook holds it."""
        if self.door.locked(now):
            raise Impossible("DOOR_LOCKED", "the hook bolt holds the door: unlock it first, or force_door")
        self.force_door(now)

    def force_door(self, now: float) -> None:
        """Pull the door open whatever holds it; a broken-open hook stays in its locked place."""
        if self.door.is_open:
            raise Impossible("DOOR_OPEN", "the door is open already: close_door first")
        self.carried += self.hand
        self.hand = []
        self.door.open(now, self.random)

    def close_door(self, now: float) -> None:
        self._shut(now, CLOSE_G, CLOSE_S)

    def slam(self, now: float) -> None:
        """Throw the door shut: all trays ring 50–300 g for 0.3–1 s."""
        self._shut(now, SLAM_G, SLAM_S)

    def take(self, tray: str, pieces: Callable[[Sequence[Piece]], list[Piece]], now: float) -> None:
        """Move the chosen pieces from the tray into the hand."""
        source = self._reachable(tray)
        for piece in pieces(source.pieces):
            source.remove(piece, now)
            self.hand.append(piece)

    def put_back(self, tray: str, pieces: Callable[[Sequence[Piece]], list[Piece]], now: float) -> None:
        """Put the chosen pieces out of the hand onto the tray; each weighs what it weighed."""
        target = self._reachable(tray)
        for piece in pieces(self.hand):
            self.hand.remove(piece)
            target.add(piece, now)

    def bring(self, tray: str, sku: str, count: int, now: float) -> None:
        """Put ``count`` new pieces from outside onto the tray (restocking)."""
        target = self._reachable(tray)
        product = self.products.get(sku)
        if product is None:
            raise Impossible(
                "NO_SUCH_PRODUCT", f"no product {sku} in the catalogue: see products in /sim/state"
            )
        for _ in range(count):
            self._bring(target, piece_of(product, self.random), now)

    def bring_foreign(self, tray: str, grams: float, now: float) -> None:
        """Put something onto the tray that the counter does not sell."""
        self._bring(self._reachable(tray), Piece(None, grams), now)

    def move(self, tray: str, to: str, pieces: Callable[[Sequence[Piece]], list[Piece]], now: float) -> None:
        """Carry the chosen pieces from one tray to another."""
        source, target = self._reachable(tray), self._reachable(to)
        for piece in pieces(source.pieces):
            source.remove(piece, now)
            target.add(piece, now)

    def lean(self, tray: str, grams: float, seconds: float, now: float) -> None:
        self.tray(tray).lean(grams, seconds, now)

    def tray(self, name: str) -> Tray:
        """Raises Impossible when there is no such tray."""
        if name not in self.trays:
            raise Impossible("NO_SUCH_TRAY", f"no tray {name}: this cabinet has {', '.join(self.trays)}")
        return self.trays[name]

    def _reachable(self, name: str) -> Tray:
        tray = self.tray(name)
        if not self.door.is_open:
            raise Impossible("DOOR_CLOSED", f"tray {name} is behind the closed door: open_door first")
        return tray

    def _bring(self, tray: Tray, piece: Piece, now: float) -> None:
        self.brought.append(piece)
        tray.add(piece, now)

    def _shut(self, now: float, grams: tuple[float, float], seconds: tuple[float, float]) -> None:
        if not self.door.is_open:
            raise Impossible("DOOR_CLOSED", "the door is closed already")
        self.door.close(now, self.random)
        lasts = self.random.uniform(*seconds)
        for tray in self.trays.values():
            strength = self.random.uniform(*grams)
            tray.ring(Ringing(now, strength, lasts, self.random.uniform(6.0, 14.0)))


def top(count: int, sku: str | None, place: str) -> Callable[[Sequence[Piece]], list[Piece]]:
    """Chooses the ``count`` pieces that lie uppermost, of any product or of ``sku`` only.

    Raises Impossible when there are not so many.
    """

    def choose(pieces: Sequence[Piece]) -> list[Piece]:
        fit = [piece for piece in reversed(pieces) if piece.sku is not None and sku in (None, piece.sku)]
        if len(fit) < count:
            what = sku or "goods"
            raise Impossible("NOT_THERE", f"{place} holds {len(fit)} of {what}, not {count}")
        return fit[:count]

    return choose


def foreign_of(grams: float, place: str) -> Callable[[Sequence[Piece]], list[Piece]]:
    """Chooses the foreign object of that weight. Raises Impossible when there is none."""

    def choose(pieces: Sequence[Piece]) -> list[Piece]:
        for piece in reversed(pieces):
            if piece.sku is None and abs(piece.grams - grams) < 0.05:
                return [piece]
        raise Impossible("NOT_THERE", f"{place} holds no foreign object of {grams:g} g")

    return choose
