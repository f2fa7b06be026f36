"""People at a counter whose power may fail at any moment: they wait, sign in again, tap again, go away.

They know what lies on the trays and what the screens say. What is right they leave to who looks on.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

from edge.domain.requests import Accepted, Answer, Refused, RestockRequest, SignedIn, SignInRequest
from edge.domain.restock_view import (
    Finish,
    Leave,
    OpenDoor,
    RestockAct,
    SetCount,
    SetLot,
    SetPull,
    SetStock,
    TileView,
)
from edge.domain.values import Kind
from hardware_sim.errors import Impossible
from tests.journeys.conftest import PINS, Rig

STAFF, BUYER = "demo-restock", "demo-001"
_OUT_WITH_IT = frozenset({"EXPIRED_LOT", "RECALLED_LOT", "OVER_CAPACITY", "WRONG_GOODS"})
"""What only hands can mend."""
_A_WORD = frozenset(
    {"PULL_REASON_MISSING", "COUNT_DIFFERS", "REASON_MISSING", "MORE_THAN_BOOKED", "UNSURE", "SILENT"}
)
_COUNTED = frozenset(
    {"REASON_MISSING", "UNSURE", "SILENT", "WRONG_GOODS", "EXPIRED_LOT", "RECALLED_LOT", "MORE_THAN_BOOKED"}
)
"""What a count by hand settles, once hands have done what they can."""
_ANOTHER_LOT = frozenset({"LOT_MISSING", "PRODUCED_LATER", "EXPIRED", "BLOCK_WINDOW"})

Place = tuple[str, str]


def lying(rig: Rig) -> Counter[Place]:
    """Pieces by tray and product, as they truly lie."""
    return Counter(
        {(tray["id"], sku): n for tray in rig.state["trays"] for sku, n in tray["goods"].items() if n}
    )


@contextmanager
def power(rig: Rig, cut: int | None) -> Iterator[None]:
    """The power fails at the ``cut``-th effect from now, once, if it comes to that; then it is back."""
    rig.effects, rig.cut_at = 0, cut
    yield
    rig.cut_at = None
    assert rig.run_until(lambda: rig.starts_at is None, 10.0)
    rig.run(0.5)


def hands(rig: Rig, do: str, **words: Any) -> None:
    """Something that may have become impossible, and is left undone then."""
    with suppress(Impossible):
        rig.world.act({"do": do, **words}, rig.now)
    rig.run(1.5)


def answered(rig: Rig, id: str) -> Answer | None:
    """None: the power failed before the answer came."""
    rig.engine_due = rig.now
    rig.run_until(lambda: id in rig.answers, 6.0)
    rig.run_until(lambda: rig.starts_at is None, 5.0)
    return rig.answers.get(id)


def let_in(rig: Rig) -> bool | Refused:
    """A buyer asks for the door; False: it did not move, and they go."""
    id = rig.send(BUYER)
    moved = rig.run_until(lambda: rig.state["bolt"] == "unlocked", 4.0)
    answer = rig.answers.get(id)
    return answer if isinstance(answer, Refused) else moved


def shop(rig: Rig, acts: list[tuple[str, dict[str, Any]]]) -> None:
    """Behind the open door; an act that is no hand's is a call."""
    hands(rig, "open_door")
    for do, words in acts:
        hands(rig, do, **words)
    hands(rig, "close_door")
    assert rig.run_until(lambda: idle(rig), 60.0), rig.view


def idle(rig: Rig) -> bool:
    """Whether the counter runs, and nobody's session is under way."""
    return rig.starts_at is None and rig.ledger.unfinished() is None and rig.view.state != "BUSY"


def open_sheet(rig: Rig) -> bool:
    """Whether a restock is under way."""
    under_way = rig.ledger.unfinished()
    return under_way is not None and under_way.kind is Kind.RESTOCK


class Restocker:
    """Whoever fills the counter: opens, carries, types, signs; after a power cut from the start again."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.tapped = 0
        self.pulls_typed: set[Place] = set()
        """Where a number of pieces taken away was typed in this visit."""

    # --- at the screen --------------------------------------------------------------------------------
    def signed_in(self) -> bool:
        rig = self.rig
        for _ in range(3):
            if rig.run_until(lambda: rig.task is not None, 0.2):
                return True
            self.tapped += 1
            id = f"staff-{self.tapped}"
            rig.inbox.append(SignInRequest(id, STAFF, PINS[STAFF], ""))
            assert isinstance(answered(rig, id), SignedIn | None), rig.answers[id]
        return rig.task is not None

    def tap(self, act: RestockAct) -> Answer | None:
        """One tap, made again once by who had to sign in anew. None: nobody knows what came of it."""
        for _ in range(2):
            if not self.signed_in():
                return None
            self.tapped += 1
            id = f"tap-{self.tapped}"
            self.rig.inbox.append(RestockRequest(id, self.rig.secret, act))
            answer = answered(self.rig, id)
            if isinstance(answer, Accepted) and isinstance(act, SetPull) and act.count is not None:
                self.pulls_typed.add((act.tray, act.sku))
            if answer is not None and not (isinstance(answer, Refused) and answer.code == "NOT_SIGNED_IN"):
                self.rig.run(0.05)
                return answer
        return None

    def begin(self, acts: list[tuple[str, dict[str, Any]]]) -> bool:
        """Open, do ``acts``, shut. False: the door did not move, and nothing is under way."""
        if not open_sheet(self.rig):
            self.pulls_typed.clear()
        self.tap(OpenDoor())
        rig = self.rig
        if not rig.run_until(lambda: rig.state["bolt"] == "unlocked", 4.0):
            rig.run_until(lambda: rig.starts_at is None, 5.0)
            return False
        hands(rig, "open_door")
        for do, words in acts:
            hands(rig, do, **words)
        hands(rig, "close_door")
        return True

    def at_sheet(self) -> bool:
        """Wait for it, signed in. False: no restock is under way any more."""
        rig = self.rig
        for _ in range(3):
            rig.run_until(lambda: rig.starts_at is None, 5.0)
            if not open_sheet(rig):
                return False
            if self.signed_in() and rig.run_until(
                lambda: rig.task is not None and rig.task.stage == "SHEET", 20.0
            ):
                return True
        raise AssertionError(rig.task)

    def sign(self, seen: dict[Place, TileView]) -> None:
        """Mend what keeps the sheet from being signed, as often as it takes, and sign it.

        seen: gets the tiles of the sheet that was signed.
        """
        for _ in range(9):
            if not self.at_sheet():
                return
            assert self.rig.task is not None
            if not self.rig.task.blockers:
                seen.clear()
                seen.update({(tile.tray, tile.sku): tile for tile in self.rig.task.tiles})
                self.tap(Finish())
            else:
                self._mend()
        raise AssertionError(f"cannot be signed: {self.rig.task and self.rig.task.blockers}")

    def leave(self) -> None:
        if self.rig.task is not None:
            self.tap(Leave())

    # --- what keeps it from being signed -----------------------------------------------------------------
    def _mend(self) -> None:
        task = self.rig.task
        assert task is not None
        stopped = [tile for tile in task.tiles if tile.blocking]
        if out := [act for tile in stopped for act in self._out(tile)]:
            self.begin(out)
        for tile in [] if out else stopped:
            for edit in self._typed(tile):
                self.tap(edit)

    def _out(self, tile: TileView) -> Iterator[tuple[str, dict[str, Any]]]:
        """What hands do about it: all of it out, or what is too much."""
        here = lying(self.rig)
        if "WRONG_GOODS" in tile.blocking:
            for (tray, sku), n in here.items():
                if tray == tile.tray and sku != tile.sku:
                    yield "take", {"tray": tray, "sku": sku, "count": n}
        if tile.typed is not None or tile.counted not in (None, here[tile.tray, tile.sku]):
            return
        codes = set(tile.blocking)
        papers = codes - _OUT_WITH_IT - _ANOTHER_LOT - _A_WORD
        if codes & {"EXPIRED_LOT", "RECALLED_LOT"} or papers or (codes & _ANOTHER_LOT and not tile.brought):
            count = here[tile.tray, tile.sku]
        else:
            count = tile.now - tile.capacity if "OVER_CAPACITY" in codes else 0
        if 0 < count <= here[tile.tray, tile.sku]:
            yield "take", {"tray": tile.tray, "sku": tile.sku, "count": count}

    def _typed(self, tile: TileView) -> Iterator[SetLot | SetCount | SetPull | SetStock]:
        codes = set(tile.blocking)
        place: dict[str, Any] = {"tray": tile.tray, "sku": tile.sku}
        truly = lying(self.rig)[tile.tray, tile.sku]
        by_hand = codes - _ANOTHER_LOT - _A_WORD  # what papers forbid is in by the word alone, or by hand
        if by_hand and (tile.typed is not None or tile.counted not in (None, truly)):
            yield SetCount(**place, count=None)
            yield SetStock(**place, count=None)
            return
        if codes & _ANOTHER_LOT:
            self.tapped += 1
            made = (self.rig.instant.wall - timedelta(days=2)).date().isoformat()
            until = (self.rig.instant.wall + timedelta(days=300)).date().isoformat()
            yield SetLot(**place, lot=f"N-{self.tapped}", produced_on=made, expires_on=until)
        if "PULL_REASON_MISSING" in codes:
            yield SetPull(**place, reason="RETURNED")
        if "MORE_THAN_BOOKED" in codes:
            yield SetPull(**place, reason="DAMAGED", count=tile.before)
        if "COUNT_DIFFERS" in codes:
            yield SetCount(**place, count=tile.typed, reason="counted twice")
        if tile.counted is not None and tile.counted != truly:
            yield SetStock(**place, count=None)
        elif codes & _COUNTED:
            yield SetStock(**place, count=truly, reason="counted by hand")
