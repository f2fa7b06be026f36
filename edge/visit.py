"""One door session under way: its state, its limits in time and what its trays said so far.

It decides nothing about devices or the ledger: the engine does, by the table in domain/session.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf

import msgspec

from edge.domain.catalogue import Catalogue
from edge.domain.planogram import Planogram
from edge.domain.records import OpenSession
from edge.domain.restock import Row
from edge.domain.session import Effect, Event, State, step
from edge.domain.sheet import Sheet
from edge.domain.stock import Lots
from edge.domain.values import BuyerRef, Instant, Kind, Place, Sku, TrayId, grams
from edge.domain.verdict import NOTHING, Verdict, in_doubt
from edge.hardware.signals import DoorState
from edge.recognition import LEAD_S, Noted, Option, Recognition, journal_of, lying_on
from edge.restocking.journal import sheet_of
from edge.trays import FRESH_S, Trays
from edge.weighing.filling import Band, Filled, Lying, counted
from edge.weighing.track import Step, TrayWatch

_NOT_WHILE_OPEN = (
    Event.BOLT_STUCK,
    Event.PULL_TIMEOUT,
    Event.RELOCK_TIMEOUT,
    Event.LATCH_TIMEOUT,
    Event.REST_TIMEOUT,
    Event.ANSWER_TIMEOUT,
)

_UNEXPLAINED = frozenset({"foreign_object", "ambiguous", "steps_disagree"})
"""What lies on a tray after a restart and nothing explains may be any other's goods: carried in the dark."""

UNSEEN_S = 600.0
"""Above this nobody can say that what changed while the program was off was the opener's doing."""

PROOF_S = 1.0
"""A bolt that is still in so shortly before its limit is stuck."""


@dataclass(slots=True)
class Visit:
    """A session from grant to record.

    zero: monotonic second that its events' times count from. stock: pieces booked at the beginning.
    lots: of which lots these pieces are. recognition: what the weights say of a visit that may take goods.
    timers: what happens by itself, and when (monotonic seconds).
    """

    facts: OpenSession
    zero: float
    catalogue: Catalogue
    planogram: Planogram
    stock: Mapping[Place, int]
    band: Band
    recognition: Recognition
    lots: Mapping[Place, Lots] = field(default_factory=dict)
    state: State = State.IDLE
    begun: bool = False
    """The ledger knows of it."""
    bolt_moved: bool = False
    door_open: bool = False
    door_seen_open: bool = False
    blind: bool = False
    """Nobody could tell whether the bolt moved or came back."""
    door_unknown: bool = True
    """The last look at the door told nothing, or there was none yet."""
    unlocked: bool = False
    """By the last look the bolt is not out."""
    reopened: bool = False
    resumed: bool = False
    resumed_at: float = 0.0
    doubt: str = ""
    """Why nothing of this session is sure; "": nothing speaks against it."""
    unseen_matters: bool = False
    """What changed while the program was off may be another's doing."""
    unseen: set[TrayId] = field(default_factory=set)
    """Trays that changed so."""
    told_unseen: set[TrayId] = field(default_factory=set)
    """Of these, those that the journal has."""
    notice: str = ""
    timers: dict[Event, float] = field(default_factory=dict)
    latched_at: float = 0.0
    lodged: frozenset[TrayId] = frozenset()
    """Trays on which an earlier visitor left something that is no goods of ours."""
    blocked: frozenset[TrayId] = frozenset()
    """Trays with goods that may not be sold, at any moment of the visit: nothing of them is charged."""
    verdict: Verdict = NOTHING
    """What was decided, once the door was shut."""
    earlier: dict[TrayId, list[Step]] = field(default_factory=dict)
    """Steps of before a restart, from the journal: a restock is counted from them."""
    question: tuple[Option, Option] | None = None
    """What the buyer is asked just now."""
    sheet: Sheet = field(default_factory=Sheet)
    """What the restocker typed."""
    signing: bool = False
    """A restock is counted and waits for its signature."""
    let_in_until: float = 0.0
    """Until then (monotonic) the restocker may open the door once more, as asked."""
    signed: tuple[Row, ...] | None = None
    """The sheet as it was signed."""
    signer: BuyerRef | None = None
    """Who signed it: maybe another than who began."""

    @property
    def asking(self) -> bool:
        """Whether the counter waits for a person's word, and not for the scales."""
        return self.question is not None or self.signing

    def handle(self, event: Event) -> tuple[Effect, ...]:
        """Move to the next state; gives what must be done. Raises UnexpectedEvent."""
        self.state, effects = step(self.state, event)
        return effects

    def found_reopened(self, seen: DoorState) -> bool:
        """Whether a door that was latched before the program was off is open now, unasked."""
        return self.resumed and self.facts.latched and seen.closed is False and not self.reopened

    def is_untold_by(self, seen: DoorState) -> bool:
        """Whether this look tells nothing of bolt or door.

        Of a pulsed bolt that is in, only a look at the end of its time tells that it is stuck: before, it may
        still move, and later it may have fallen in again.
        """
        limit = self.timers.get(Event.BOLT_STUCK, inf) if self.state is State.UNLOCKING else inf
        untimely = bool(seen.locked) and limit < inf and not limit - PROOF_S <= seen.at <= limit
        return seen.closed is None or seen.locked is None or untimely

    def shut_throughout(self, verdict: Verdict) -> bool:
        """Whether nobody saw the door open and nothing that the trays say speaks for it."""
        told = self.door_seen_open or self.resumed or self.blind
        return not told and not any(tray.goods for tray in verdict.trays)

    def due(self, now: float) -> list[Event]:
        """Time-outs that have come, earliest first; each is taken off."""
        events = sorted((at, event) for event, at in self.timers.items() if at <= now)
        for _, event in events:
            del self.timers[event]
        return [event for _, event in events]

    def watch_open_door(self, now: float, warn_s: float, alarm_s: float) -> None:
        """The door is open (again): the limits of a shut door end, those of its being open begin once."""
        begun = Event.OPEN_TOO_LONG in self.timers or self.notice in ("door_long", "door_alarm")
        for event in _NOT_WHILE_OPEN:
            self.timers.pop(event, None)
        if self.notice == "latch":
            self.notice = ""
        if not begun:
            self.timers[Event.OPEN_LONG] = now + warn_s
            self.timers[Event.OPEN_TOO_LONG] = now + alarm_s

    def live(self, trays: Trays, now: float) -> Verdict:
        """What the trays say while the door is open; what still moves counts as it was before."""
        if self.facts.kind is Kind.RESTOCK:
            return self._counted(trays, now, closing=False)
        return self._doubted(self.recognition.live(levels_of(trays, now)), trays)

    def decide(self, trays: Trays, now: float) -> None:
        """The door is shut and the trays rest: what was taken, or brought, and what is to be asked."""
        weighed = self.recognition.close(now, levels_of(trays, now, resting=True))
        if self.facts.kind is Kind.SERVICE:
            self.verdict = NOTHING
            return
        if self.facts.kind is Kind.RESTOCK:
            weighed = self._counted(trays, now, closing=True)
        self.verdict = self._doubted(weighed, trays)
        if self.facts.kind is Kind.BUY and self.verdict == weighed:
            self.question = self.recognition.options()

    def answered(self, choice: int, trays: Trays) -> Verdict:
        """The verdict by the buyer's answer: the number of the explanation that is right."""
        return self._doubted(self.recognition.answered(choice), trays)

    def reopen(self) -> None:
        """The door opened again after it had been latched."""
        self.reopened, self.question = True, None
        self.recognition.reopen()

    def go_back(self) -> None:
        """The restocker is at the trays again: what was counted is counted anew when the door is shut."""
        self.signing, self.let_in_until = False, 0.0
        self.recognition.reopen()

    def news(self) -> Noted | None:
        """What the journal has to keep and has not yet."""
        unseen, self.told_unseen = self.unseen - self.told_unseen, set(self.unseen)
        return self.recognition.news(unseen)

    def _doubted(self, verdict: Verdict, trays: Trays) -> Verdict:
        """``verdict`` with the doubts that no weight tells of."""
        if self.unseen_matters:
            self.unseen |= self._changed_unseen(trays.watches)
            verdict = in_doubt(verdict, "unseen", self.unseen)
        if self.facts.kind is Kind.BUY:
            verdict = in_doubt(verdict, "not_weighed", self.facts.skus.keys() - self.facts.before.keys())
            verdict = in_doubt(verdict, "lodged_object", self.lodged)
            verdict = in_doubt(verdict, "blocked_goods", self.blocked)
            verdict = in_doubt(verdict, "too_many_to_count", self._too_many(verdict))
        if not self.door_seen_open and not self.resumed:
            verdict = in_doubt(verdict, "door_unseen")
        if self.reopened:
            verdict = in_doubt(verdict, "reopened")
        if self.resumed and any(_UNEXPLAINED.intersection(tray.reasons) for tray in verdict.trays):
            verdict = in_doubt(verdict, "unseen")
        if self.doubt:
            verdict = in_doubt(verdict, self.doubt)
        if not self.facts.skus.keys() <= self.planogram.trays.keys():
            return replace(verdict, verdict="review", reasons=(*verdict.reasons, "tray_gone"))
        return verdict

    def _changed_unseen(self, watches: Mapping[TrayId, TrayWatch]) -> set[TrayId]:
        """Trays whose first step since the restart began in the dark before it."""
        firsts = {tray: watch.all_steps()[:1] for tray, watch in watches.items()}
        return {
            tray
            for tray, steps in firsts.items()
            for step in steps
            if step.start <= self.resumed_at and abs(step.delta) > watches[tray].leave_g
        }

    def _too_many(self, verdict: Verdict) -> set[TrayId]:
        """Trays from which more went in one movement than stays countable, as the catalogue says."""
        products = self.catalogue.products
        return {
            tray.tray
            for tray in verdict.trays
            for event in tray.events
            if event.action == "TAKE" and event.sku
            if event.count > products[event.sku].count_by_weight_max
        }

    def _counted(self, trays: Trays, now: float, *, closing: bool) -> Verdict:
        """A restock. closing: a tray that still moves is doubtful; before, it only is not known yet."""
        known = [tray for tray in self.planogram.trays if tray in self.facts.skus]
        filled = [self._filled(tray, trays.watches[tray], now, closing) for tray in known]
        return counted(filled, self.band, self.zero)

    def _filled(self, tray: TrayId, watch: TrayWatch, now: float, closing: bool) -> Filled:
        silent = watch.seen_at is None or now - watch.seen_at > FRESH_S
        before = self.facts.before.get(tray)
        return Filled(
            tray=tray,
            goods=[*self._planned(tray), *self._strayed(tray)],
            before=None if before is None else grams(before),
            after=None if silent else watch.level,
            steps=[*self.earlier.get(tray, ()), *watch.all_steps()],
            unsettled=closing and watch.moving,
        )

    def _planned(self, tray: TrayId) -> list[Lying]:
        return [self._lying(tray, sku, astray=False) for sku in self.planogram.skus(tray)]

    def _strayed(self, tray: TrayId) -> list[Lying]:
        """What buyers put there: staff carry it home."""
        booked = lying_on(tray, self.planogram, self.catalogue, self.stock)
        planned = self.planogram.skus(tray)
        return [self._lying(tray, sku, astray=True) for sku in booked if sku not in planned]

    def _lying(self, tray: TrayId, sku: Sku, *, astray: bool) -> Lying:
        product = self.catalogue.products[sku]
        unit_g, sd_g = grams(product.unit_weight), grams(product.unit_sd)
        return Lying(sku, unit_g, sd_g, self.stock.get((tray, sku), 0), product.count_by_weight_max, astray)


def levels_of(trays: Trays, now: float, *, resting: bool = False) -> dict[TrayId, float]:
    """The last level of each tray that speaks, in grams. resting: only of those that do not move."""
    return {
        tray: watch.level
        for tray, watch in trays.watches.items()
        if watch.level is not None and watch.seen_at is not None and now - watch.seen_at <= FRESH_S
        if not (resting and watch.moving)
    }


def resumed(
    facts: OpenSession,
    now: Instant,
    catalogue: Catalogue,
    planogram: Planogram,
    stock: Mapping[Place, int],
    band: Band,
    recognition: Recognition,
    trays: Trays,
) -> Visit:
    """A session that its journal tells of, taken up again after a restart.

    The monotonic clock may be another boot's, so events count from the wall clock's difference, but
    never before the last journalled step. Each watch goes on from the last level known. The visit is
    judged by its journalled steps and what the levels say beyond them.
    """
    notes = [msgspec.json.decode(text, type=Noted) for text in facts.steps]
    same_trays = list(facts.skus) == list(planogram.trays)  # else the journal's numbers are other trays'
    journal = journal_of(notes if same_trays else ())
    seen_s = max((step.ended - LEAD_S for step in journal.steps), default=0.0)
    passed = max(0.0, (now.wall - facts.opened.wall).total_seconds(), seen_s)
    recognition.take_up(journal, now.mono - passed, facts.before)
    visit = Visit(facts, now.mono - passed, catalogue, planogram, stock, band, recognition)
    visit.earlier = recognition.earlier()
    visit.begun = visit.resumed = True
    visit.bolt_moved = visit.door_open = True
    visit.door_seen_open = facts.door_opened
    visit.resumed_at = now.mono
    visit.reopened = facts.reopened
    visit.sheet = sheet_of(facts.sheet)
    visit.unseen_matters = facts.latched or _dark_s(facts.last_note, now) > UNSEEN_S
    if _lies_otherwise(facts, catalogue, planogram):
        visit.doubt = "goods_changed"
    visit.unseen = {TrayId(tray) for note in notes for tray in note.unseen}
    known = recognition.last_levels()
    for tray, watch in trays.watches.items():
        if (level := known.get(tray)) is not None:
            watch.resume(level, now.mono)
    return visit


def _dark_s(last: Instant | None, now: Instant) -> float:
    """Seconds since the journal's last note; infinity where no clock can tell."""
    if last is None:
        return inf
    if last.boot == now.boot:
        return now.mono - last.mono
    passed = (now.wall - last.wall).total_seconds()
    return passed if passed >= 0 else inf


def _lies_otherwise(facts: OpenSession, catalogue: Catalogue, planogram: Planogram) -> bool:
    """Whether goods or their data are not those that the session began with."""
    lying = {tray: planogram.skus(tray) for tray in planogram.trays}
    return facts.skus != lying or facts.catalogue != catalogue.version
