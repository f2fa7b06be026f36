"""Between a restock's visit and its sheet: what the journal keeps of it and what the weights say. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec

from edge.domain.records import TrayEvidence
from edge.domain.restock import Row, Weighed
from edge.domain.sheet import Edit, Sheet
from edge.domain.values import Sku, grams
from edge.domain.verdict import Verdict

_SILENT = frozenset({"silent_tray"})
_WRONG = frozenset({"foreign_object"})


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the journal: a change, or (edit None) that the last one was taken back."""

    edit: Edit | None = None


def note_of(edit: Edit | None) -> Mapping[str, object]:
    """What the journal keeps of ``edit``."""
    kept: dict[str, object] = msgspec.to_builtins(Note(edit))
    return kept


def sheet_of(notes: Iterable[str]) -> Sheet:
    """The sheet as journalled (JSON). After a restart nothing can be taken back any more."""
    edits: list[Edit] = []
    for text in notes:
        note = msgspec.json.decode(text, type=Note)
        if note.edit is not None:
            edits.append(note.edit)
        elif edits:
            edits.pop()
    return Sheet(tuple((edit, float("-inf")) for edit in edits))


def weighed_of(tray: TrayEvidence | None, sku: Sku, level_g: float | None, alone: bool = True) -> Weighed:
    """What ``tray`` says of ``sku``. alone: no other product moved on it, so that the residual is its own."""
    if tray is None:
        return Weighed(problem="SILENT", load_g=level_g)
    return Weighed(
        left=dict(tray.goods).get(sku, 0),
        taken=sum(each.count for each in tray.events if each.action == "TAKE" and each.sku == sku),
        problem=_problem(tray) if tray.verdict == "review" else "",
        residual_g=grams(tray.residual) if tray.residual is not None and alone else 0.0,
        load_g=level_g,
    )


def _problem(tray: TrayEvidence) -> str:
    """Wrong goods are what came. What went, and was no goods of the tray, leaves only the count unsure."""
    reasons = frozenset(tray.reasons)
    if reasons & _SILENT:
        return "SILENT"
    came = tray.residual is None or tray.residual < 0
    return "WRONG_GOODS" if reasons & _WRONG and came else "UNSURE"


def signed_verdict(weighed: Verdict, rows: Iterable[Row]) -> Verdict:
    """What a signed restock comes to. A tray whose count was typed otherwise teaches no weight."""
    rows = tuple(rows)
    typed = {row.facing.tray for row in rows if row.told.count and row.brought != row.weighed}
    trays = tuple(_typed(tray) if tray.tray in typed else tray for tray in weighed.trays)
    touched = any(row.touched for row in rows)
    return replace(weighed, verdict="charge" if touched else "empty", trays=trays)


def _typed(tray: TrayEvidence) -> TrayEvidence:
    return replace(tray, verdict="review", reasons=(*tray.reasons, "typed_count"))
