"""What the buyer's receipt and the restock's receipt (补货签收单) say, as values of this room's own.

They are filled in by whoever has them; nothing personal has a place in them. How they look is ``slips``'s. A
seal vouches for ``canonical(doc)``; see ``edge.signing``.
"""

from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from edge.domain.values import Fen
from edge.paper.issuer import Issuer

NOTHING = Fen(0)


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """certified: of a certified product. was: the price before a promotion, where it may be shown.

    discount: what a reduction of the whole purchase took off this line; ``amount`` is what is left.
    """

    name: str
    tray: str
    count: int
    unit: str
    price: Fen
    amount: Fen
    certified: bool = False
    was: Fen | None = None
    discount: Fen = NOTHING

    @property
    def full(self) -> Fen:
        """The amount before the discount."""
        return Fen(self.amount + self.discount)


@dataclass(frozen=True, slots=True)
class ReceiptDoc:
    """One sale. at: local time. certified: the part of the total that certified products make up.

    certified_word: what the programme calls them.

    state: how it is paid, in words. note: a sentence more, e.g. until when one may object.
    """

    issuer: Issuer
    order_no: str
    at: datetime
    lines: tuple[ReceiptLine, ...]
    certified: Fen
    certified_word: str
    state: str = ""
    note: str = ""

    @property
    def total(self) -> Fen:
        return Fen(sum(line.amount for line in self.lines))

    @property
    def discount(self) -> Fen:
        return Fen(sum(line.discount for line in self.lines))

    @property
    def totals(self) -> dict[str, int]:
        """What a seal says beside the document's hash."""
        return {"fen": self.total, "pieces": sum(line.count for line in self.lines)}


@dataclass(frozen=True, slots=True)
class Pulled:
    """Pieces that came off or were corrected. kind: of the stock movement. count: signed pieces."""

    kind: str
    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class RestockLine:
    """One lot of one product on one tray.

    planned, measured: pieces that were to come, and that came. weighed: what the scale said, where the
    restocker knew better; reason: why, a code or words.
    """

    tray: str
    product: str
    unit: str
    planned: int
    measured: int
    lot: str = ""
    produced_on: date | None = None
    expires_on: date | None = None
    pulled: tuple[Pulled, ...] = ()
    weighed: int | None = None
    reason: str = ""

    @property
    def difference(self) -> int:
        return self.measured - self.planned


@dataclass(frozen=True, slots=True)
class RestockDoc:
    """One restock. at: local time of the signature. signer: the office of who signed (补货员), no name."""

    issuer: Issuer
    number: str
    at: datetime
    signer: str
    lines: tuple[RestockLine, ...]
    note: str = ""

    @property
    def totals(self) -> dict[str, int]:
        pulled = (each.count for line in self.lines for each in line.pulled)
        return {
            "planned": sum(line.planned for line in self.lines),
            "measured": sum(line.measured for line in self.lines),
            "corrected": sum(pulled),
        }


def canonical(doc: ReceiptDoc | RestockDoc) -> bytes:
    """The document as bytes that are always the same: what its seal's digest is made of."""
    return msgspec.json.encode(doc, order="sorted")
