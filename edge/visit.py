"""One door session under way: its state, its limits in time and what its trays said so far.

It decides nothing about devices or the ledger: the engine does, by the table in domain/session.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import inf

import msgspec

from edge.domain.catalogue import Catalogue
from edge.domain.planogram import Planogram
from edge.domain.records import OpenSession
from edge.domain.session import Effect, Event, State, step
from edge.domain.values import Decigrams, Fen, Instant, TrayId, grams
from edge.hardware.signals import DoorState
from edge.trays import FRESH_S
from edge.weighing.judge import Band, TrayStory, Verdict, in_doubt, judge
from edge.weighing.track import Step, TrayWatch

_NOT_WHILE_OPEN = (
    Event.BOLT_STUCK,
    Event.PULL_TIMEOUT,
    Event.RELOCK_TIMEOUT,
    Event.LATCH_TIMEOUT,
    Event.REST_TIMEOUT,
)


UNSEEN_S = 600.0
"""Above this nobody can say that what changed while the program was off was the opener's doing."""


class StepNote(msgspec.Struct, frozen=True):
    """A committed step as the journal keeps it; seconds since the session began, grams."""

    tray: str
    start: float
    end: float
    before: float
    after: float
    unseen: bool = False
    """It happened while the program was off, and may be another's doing."""


@dataclass(slots=True)
class Visit:
    """A session from grant to record.

    zero: monotonic second that its events' times count from. stock: pieces booked per tray at the
    beginning. timers: what happens by itself, and when (monotonic seconds).
    """

    facts: OpenSession
    zero: float
    catalogue: Catalogue
    planogram: Planogram
    stock: Mapping[TrayId, int]
    band: Band
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
    reopened: bool = False
    resumed: bool = False
    resumed_at: float = 0.0
    doubt: str = ""
    """Why nothing of this session is sure; "": nothing speaks against it."""
    unseen_matters: bool = False
    """What changed while the program was off may be another's doing."""
    unseen: set[TrayId] = field(default_factory=set)
    """Trays that changed so."""
    notice: str = ""
    timers: dict[Event, float] = field(default_factory=dict)
    latched_at: float = 0.0
    earlier: dict[TrayId, list[Step]] = field(default_factory=dict)
    """Steps of before a restart, from the journal."""
    lodged: frozenset[str] = frozenset()
    """Trays on which an earlier visitor left something that weighs like pieces."""
    noted: dict[TrayId, int] = field(default_factory=dict)
    """How many of each watch's steps the journal already has."""

    @property
    def prices(self) -> Mapping[TrayId, Fen]:
        return self.facts.prices

    def handle(self, event: Event) -> tuple[Effect, ...]:
        """Move to the next state; gives what must be done. Raises UnexpectedEvent."""
        self.state, effects = step(self.state, event)
        return effects

    def found_reopened(self, seen: DoorState) -> bool:
        """Whether a door that was latched before the program was off is open now, unasked."""
        return self.resumed and self.facts.latched and seen.closed is False and not self.reopened

    def shut_throughout(self, verdict: Verdict) -> bool:
        """Whether nobody saw the door open and nothing that the trays say speaks for it."""
        told = self.door_seen_open or self.resumed or self.blind
        return not told and not any(tray.count for tray in verdict.trays)

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

    def judged(self, watches: Mapping[TrayId, TrayWatch], now: float, *, closing: bool) -> Verdict:
        """What the trays say at ``now``.

        closing: a tray that still moves is doubtful. While the door is open it only is not known
        yet, so the plateau before counts.
        """
        trays = [tray for tray in self.planogram.facings if tray in self.facts.prices]
        stories = [self._story(tray, watches[tray], now, closing) for tray in trays]
        verdict = judge(stories, self.band, self.zero, filling=self.facts.kind != "BUY")
        if self.unseen_matters:
            verdict = in_doubt(verdict, "unseen", self.unseen | self._changed_unseen(watches))
        if self.doubt:
            verdict = in_doubt(verdict, self.doubt)
        if len(trays) < len(self.facts.prices):  # a tray that is no longer in the planogram tells nothing
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

    def _story(self, tray: TrayId, watch: TrayWatch, now: float, closing: bool) -> TrayStory:
        product = self.catalogue.products[self.planogram.facings[tray].sku]
        before = self.facts.before.get(tray)
        silent = watch.seen_at is None or now - watch.seen_at > FRESH_S
        return TrayStory(
            tray=tray,
            sku=product.sku,
            unit_g=grams(product.unit_weight),
            sd_g=grams(product.unit_sd),
            stock=self.stock.get(tray, 0),
            most=product.count_by_weight_max,
            before=None if before is None else grams(before),
            after=None if silent else watch.level,
            steps=[*self.earlier.get(tray, []), *watch.all_steps()],
            unsettled=closing and watch.moving,
            lodged=tray in self.lodged,
        )

    def new_notes(self, watches: Mapping[TrayId, TrayWatch]) -> list[StepNote]:
        """Steps committed since the last call, for the journal."""
        notes = []
        for tray, watch in watches.items():
            for done in watch.steps[self.noted.get(tray, 0) :]:
                notes.append(
                    StepNote(
                        tray,
                        round(done.start - self.zero, 3),
                        round(done.end - self.zero, 3),
                        round(done.before, 2),
                        round(done.after, 2),
                        unseen=self.unseen_matters and done.start <= self.resumed_at,
                    )
                )
            self.noted[tray] = len(watch.steps)
        return notes


def resumed(
    facts: OpenSession,
    now: Instant,
    catalogue: Catalogue,
    planogram: Planogram,
    stock: Mapping[TrayId, int],
    band: Band,
    watches: Mapping[TrayId, TrayWatch],
) -> Visit:
    """A session that its journal tells of, taken up again after a restart.

    The monotonic clock may be another boot's, so events count from the wall clock's difference, but
    never before the last journalled step. Each watch goes on from the last level known.
    """
    notes = [msgspec.json.decode(text, type=StepNote) for text in facts.steps]
    passed = max([0.0, (now.wall - facts.opened.wall).total_seconds(), *(note.end for note in notes)])
    visit = Visit(facts, now.mono - passed, catalogue, planogram, stock, band)
    visit.begun = visit.resumed = True
    visit.bolt_moved = visit.door_open = True
    visit.door_seen_open = facts.door_opened
    visit.resumed_at = now.mono
    visit.reopened = facts.reopened
    visit.unseen_matters = facts.latched or _dark_s(facts.last_note, now) > UNSEEN_S
    if _lies_otherwise(facts, catalogue, planogram):
        visit.doubt = "goods_changed"
    visit.unseen = {TrayId(note.tray) for note in notes if note.unseen}
    for note in notes:
        visit.earlier.setdefault(TrayId(note.tray), []).append(
            Step(visit.zero + note.start, visit.zero + note.end, note.before, note.after)
        )
    for tray, watch in watches.items():
        steps = visit.earlier.get(tray)
        before = facts.before.get(tray)
        level = steps[-1].after if steps else None if before is None else grams(Decigrams(before))
        if level is not None:
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
    lying = {tray: facing.sku for tray, facing in planogram.facings.items()}
    return facts.skus != lying or facts.catalogue != catalogue.version


def door_events(visit: Visit, seen: DoorState) -> Iterator[Event]:
    """What one look at the door means for ``visit``, in order. Unknown contacts mean nothing."""
    match visit.state:
        case State.GRANTED if seen.closed is False:
            yield Event.DOOR_OPENED
        case State.UNLOCKING:
            yield from _unlocking(visit, seen)
        case State.OPEN:
            yield from _open(visit, seen)
        case State.SETTLING if seen.closed is False:
            visit.door_open = True
            yield Event.DOOR_OPENED


def _unlocking(visit: Visit, seen: DoorState) -> Iterator[Event]:
    if seen.closed is False:
        visit.bolt_moved = visit.door_open = visit.door_seen_open = True
        yield Event.DOOR_OPENED
    elif seen.locked is False and not visit.bolt_moved:
        visit.bolt_moved = True
        yield Event.BOLT_MOVED
    elif seen.closed and seen.locked and visit.bolt_moved:
        yield Event.BOLT_BACK


def _open(visit: Visit, seen: DoorState) -> Iterator[Event]:
    if seen.closed is False:
        if not visit.door_open or not visit.door_seen_open:
            visit.door_open = visit.door_seen_open = True
            yield Event.DOOR_OPENED
    elif seen.closed:
        if visit.door_open:
            visit.door_open = False
            yield Event.DOOR_CLOSED
        if seen.locked:
            yield Event.LATCHED
