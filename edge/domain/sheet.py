"""What a restocker types in a visit, in order: the last word counts, and can be taken back at once. Pure."""

from dataclasses import dataclass

from edge.domain.restock_view import SetCount, SetLot, SetPull, SetStock
from edge.domain.values import Place

UNDO_S = 10.0
"""How long the last change can be taken back."""

Edit = SetLot | SetCount | SetPull | SetStock


@dataclass(frozen=True, slots=True)
class Told:
    """All that the restocker said about one product on one tray; the last word counts."""

    lot: SetLot | None = None
    count: SetCount | None = None
    pull: SetPull | None = None
    stock: SetStock | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was typed so far, in order, each with its monotonic second."""

    edits: tuple[tuple[Edit, float], ...] = ()

    def changed(self, edit: Edit, at: float) -> "Sheet":
        return Sheet((*self.edits, (edit, at)))

    def undone(self, now: float) -> "Sheet | None":
        """Without the last change; None: there is none, or it stands for longer than ``UNDO_S``."""
        if not self.edits or now - self.edits[-1][1] > UNDO_S:
            return None
        return Sheet(self.edits[:-1])

    def told(self, place: Place) -> Told:
        found = Told()
        for edit, _ in self.edits:
            if (edit.tray, edit.sku) == place:
                found = _with(found, edit)
        return found


def _with(told: Told, edit: Edit) -> Told:
    match edit:
        case SetLot():
            return Told(edit, told.count, told.pull, told.stock)
        case SetCount():
            return Told(told.lot, edit if edit.count is not None else None, told.pull, told.stock)
        case SetPull():
            return Told(told.lot, told.count, edit, told.stock)
        case SetStock():
            return Told(told.lot, told.count, told.pull, edit if edit.count is not None else None)
