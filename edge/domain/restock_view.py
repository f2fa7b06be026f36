"""What the restocker's screen shows and what can be asked from it: values that pages and API send as JSON.

Grams never appear but in one hint about wrong goods: the counter weighs to count, not to sell by weight.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

TraySku = tuple[str, str]
"""(tray, sku)."""

Reason = Literal["EXPIRED", "DAMAGED", "RECALLED", "RETURNED"]
"""Why goods leave the shelf. All but RETURNED are written off; those go back to their supplier."""

Text = Annotated[str, Meta(max_length=64)]
Day = Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Count = Annotated[int, Meta(ge=0, le=999)]


class LotView(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of one delivery on a tray. state: GREEN YELLOW RED BLACK NONE by the days left."""

    lot: str
    produced_on: str | None
    expires_on: str | None
    count: int
    state: str
    days_left: int | None


class TileView(msgspec.Struct, frozen=True, kw_only=True):
    """One product on one tray, as the restocker sees it.

    before: pieces booked when the task began. brought, pulled: pieces put in and taken out, by weight or as
    typed. now: what is there by that. wanted: the suggestion, par − on hand − in transit, at most what fits.
    source: the node it ships from (市县镇村), "": not known. sure: the weights say the count; False: type it.
    state, expires_on, days_left: of the lot that ends first. lot: of what is brought, the last one's unless
    typed. counted: pieces found by a stock-take, None: none was made; proposed: what the weight says lies
    there, None: it cannot tell. problems: codes, the weightiest first; those in ``blocking`` keep the task
    from being finished. seen_g: what one piece of wrong goods weighs, 0: nothing wrong was put in.
    """

    tray: str
    sku: str
    name: str
    name_en: str
    spec: str
    category: str
    supplier: str
    price_fen: int
    before: int
    brought: int
    pulled: int
    now: int
    par: int
    capacity: int
    wanted: int
    source: str
    sure: bool
    moving: bool
    in_service: bool
    state: str
    expires_on: str | None
    days_left: int | None
    lots: tuple[LotView, ...]
    lot: str
    produced_on: str | None
    lot_expires_on: str | None
    shelf_life_days: int | None
    pull_reason: str
    typed: int | None
    """Pieces brought as typed by the restocker; None: as weighed."""
    weighed: int
    """Pieces brought by weight."""
    reason: str
    counted: int | None
    proposed: int | None
    problems: tuple[str, ...]
    blocking: tuple[str, ...]
    seen_g: int = 0


class RestockView(msgspec.Struct, frozen=True, kw_only=True):
    """A supplier's visit. stage: LIST (before the door) OPENING OPEN SETTLING SHEET DONE.

    title: the account's, never a person's name. notice, closes_in_s: as in BasketView. draft: version of a
    planogram that waits to be applied, "": none. blockers: (code, tray) of all that keeps the task from being
    finished. undo: what the last change was and for how many more seconds it can be taken back.
    document: number of the signed receipt, "": not finished.
    """

    version: int
    stage: str
    title: str
    tiles: tuple[TileView, ...]
    notice: str = ""
    closes_in_s: int | None = None
    draft: str = ""
    blockers: tuple[tuple[str, str], ...] = ()
    undo: str = ""
    undo_left_s: int = 0
    document: str = ""
    reason: str = ""
    """Why the door cannot be opened just now, a code of ``Refusal``; "": it can."""
    suppliers: tuple[str, ...] | None = None
    """Ids of those whose goods the account may handle, (): all; None: not told, and then nobody's."""


# --- what is asked from the page: POST /api/v1/restock, one of these, told apart by ``do`` ---------------
class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """One tap."""


class OpenDoor(Act, frozen=True, kw_only=True, tag="open"):
    """Open the door, or open it once more from the sheet."""


class SetLot(Act, frozen=True, kw_only=True, tag="lot"):
    """Of what is brought to a tray. expires_on: null where the label names none (spirits, vinegar)."""

    tray: Text
    sku: Text
    lot: Text
    produced_on: Day | None = None
    expires_on: Day | None = None


class SetCount(Act, frozen=True, kw_only=True, tag="count"):
    """Pieces brought, where the restocker knows better than the scale; count null: as weighed."""

    tray: Text
    sku: Text
    count: Count | None
    reason: Text = ""


class SetPull(Act, frozen=True, kw_only=True, tag="pull"):
    """Why pieces were taken out of a tray, and how many; count null: as weighed, or all that had to go."""

    tray: Text
    sku: Text
    reason: Reason
    count: Count | None = None


class SetStock(Act, frozen=True, kw_only=True, tag="stock"):
    """A stock-take: so many pieces lie there now; count null: none is made."""

    tray: Text
    sku: Text
    count: Count | None
    reason: Text = ""


class Undo(Act, frozen=True, kw_only=True, tag="undo"):
    """Take the last change back."""


class ApplyDraft(Act, frozen=True, kw_only=True, tag="draft"):
    """Apply the planogram that waits, before the door opens."""


class Finish(Act, frozen=True, kw_only=True, tag="finish"):
    """Sign the sheet: it is booked, sent and printed."""


class Leave(Act, frozen=True, kw_only=True, tag="leave"):
    """Sign out; only while nothing is under way."""


class Here(Act, frozen=True, kw_only=True, tag="here"):
    """Whoever is signed in still reads; nothing else happens."""


RestockAct = OpenDoor | SetLot | SetCount | SetPull | SetStock | Undo | ApplyDraft | Finish | Leave | Here


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/v1/staff``, at the counter's own screen: an account and its PIN, or a badge's number."""

    account: Annotated[str, Meta(max_length=64)] = ""
    pin: Annotated[str, Meta(max_length=32)] = ""
    badge: Annotated[str, Meta(max_length=64)] = ""


class StaffView(msgspec.Struct, frozen=True, kw_only=True):
    """One who may sign in at the screen: chosen by title, told by PIN."""

    account: str
    title: str
