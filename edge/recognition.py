"""Recognition of one door session: from sweeps to evidence per tray, live and when the door is shut.

It joins the recogniser (pure weighing) to the session's own words: planogram, booked stock, tray
evidence. It keeps the session's recording, so that what was settled can be replayed to the same verdict.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from edge.domain.catalogue import Catalogue
from edge.domain.planogram import Planogram
from edge.domain.records import Alternative, Happened, Stray, TrayEvidence
from edge.domain.values import Decigrams, Pieces, Place, SessionId, Sku, TrayId, decigrams, grams
from edge.domain.verdict import Verdict, verdict_of
from edge.hardware.signals import Reading
from edge.settings import Weighing
from edge.weighing import recogniser as recognising
from edge.weighing.curve import MOST, curve_of
from edge.weighing.lookalikes import sure_strays
from edge.weighing.policy import Policy
from edge.weighing.recogniser import Journal, Recogniser
from edge.weighing.recording import Recording, Sample, Stocked, StockedTray
from edge.weighing.steps import Step
from edge.weighing.track import Step as Plain
from edge.weighing.verdict import Reason, TrayVerdict
from edge.weighing.verdict import Verdict as Recognised

LEAD_S = 3.0
"""A recording's clock begins this long before the grant: what the trays said before the bolt moved."""

MOST_SAMPLES = 200_000
"""Rows kept of one session (half an hour of twelve trays); the recogniser itself needs none of them."""

MOST_POINTS = 800
"""Of all curves of a session together: an event of the feed has room for 32 kB, a point takes 15 bytes."""

FOREIGN, BOUGHT = "foreign_object", "buyer_said"
"""Reasons of a tray: something lies there that is no goods of ours; the buyer said which goods left."""

_WORDS = {Reason.FOREIGN_LEFT: FOREIGN}
"""Where pages and reports have another word for a reason."""

_ASKABLE = {Reason.AMBIGUOUS, Reason.BULK}
"""Doubts that the buyer can settle; the others are about what no buyer can be asked."""


class Noted(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the journal gets in one line: levels at the start once, and steps by their number."""

    first: tuple[float | None, ...] | None = None
    steps: dict[int, Step] = {}
    unseen: tuple[str, ...] = ()
    """Trays that changed while the program was off, and may be another's doing."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of the explanations a buyer may choose from: what left each tray."""

    goods: tuple[tuple[TrayId, Pieces], ...]


@dataclass(slots=True)
class Recognition:
    """One session's trays in the planogram's order. Times are the monotonic clock's seconds.

    zero: the moment of the grant. before: levels that the journal kept. journalled: of a session resumed
    after a restart, which is judged from its journalled steps and its levels.
    """

    trays: tuple[StockedTray, ...]
    zero: float
    policy: Policy = field(default_factory=Policy)
    before: Mapping[TrayId, Decigrams] = field(default_factory=dict)
    journalled: Journal | None = None
    samples: list[Sample] = field(default_factory=list)
    ended: float | None = None
    _recogniser: Recogniser = field(init=False)
    _index: dict[TrayId, int] = field(init=False)
    _told: Journal | None = None
    _heard: int = 0
    _live: tuple[int, Verdict] | None = None
    _closed: Recognised | None = None

    def __post_init__(self) -> None:
        self._recogniser = Recogniser(self.trays, self.policy)
        self._index = {tray.tray: number for number, tray in enumerate(self.trays)}

    def clock(self, mono: float) -> float:
        """``mono`` on the recording's clock, to the millisecond."""
        return round(mono - self.zero + LEAD_S, 3)

    def hear(self, readings: Iterable[Reading]) -> None:
        """Good readings in time order; unknown and suspect ones are gaps, and a gap is no weight."""
        for reading in readings:
            index = self._index.get(reading.tray)
            if self._closed is not None or index is None or reading.weight is None or reading.suspect:
                continue
            sample = (self.clock(reading.at), index, grams(reading.weight))
            if sample[0] < 0:
                continue
            self._heard += 1
            self._recogniser.feed(*sample)
            if len(self.samples) < MOST_SAMPLES:
                self.samples.append(sample)

    def live(self, levels: Mapping[TrayId, float]) -> Verdict:
        """What the trays say while the door is open. levels: grams now, used after a restart only."""
        if self.journalled is not None:
            return self._verdict(self._resumed(levels, 0.0), curves=False)
        if self._live is None or self._live[0] != self._heard:
            self._live = self._heard, self._verdict(self._recogniser.live(), curves=False)
        return self._live[1]

    def close(self, now: float, levels: Mapping[TrayId, float]) -> Verdict:
        """What was taken, once the door is shut and the trays rest.

        levels: grams now, used after a restart only. Nothing is heard afterwards unless ``reopen``ed.
        """
        self.ended = self.clock(now)
        if self.journalled is not None:
            self._closed = self._resumed(levels, self.ended)
        else:
            self._closed = self._recogniser.close(self.ended)
        return self._verdict(self._closed, curves=True)

    def reopen(self) -> None:
        """The door opened again before the session ended: go on as if it had not been shut."""
        self.ended = self._closed = None
        self._recogniser = Recogniser(self.trays, self.policy)
        self._recogniser.feed_all(self.samples)

    def options(self) -> tuple[Option, Option] | None:
        """The two explanations between which the buyer may choose; None: there is nothing to ask.

        Only where two together are as sure as one has to be, and nothing else speaks against them.
        """
        found = self._closed
        if found is None or self.journalled is not None or not self.whole or len(found.alternatives) < 2:
            return None
        doubts = {*found.reasons, *(reason for tray in found.trays for reason in tray.reasons)}
        first, second = found.alternatives[:2]
        if not doubts or doubts - _ASKABLE or first.p + second.p < self.policy.sure_p:
            return None
        return Option(first.trays), Option(second.trays)

    def answered(self, number: int) -> Verdict:
        """The verdict by the buyer's answer: the number of one of the ``options``."""
        options = self.options()
        assert options is not None
        assert self._closed is not None
        chosen = dict(options[number].goods)
        found = self._verdict(self._closed, curves=True)
        trays = tuple(_as_said(tray, chosen.get(tray.tray, ())) for tray in found.trays)
        strays = self._strays(self._closed)  # of the first explanation; the other may have moved others
        known = found.strays if number else strays
        return verdict_of(trays, tuple(s if s in known else replace(s, sure=False) for s in strays))

    def news(self, unseen: Iterable[TrayId] = ()) -> Noted | None:
        """What the journal has to keep and has not yet; None: nothing."""
        if self.journalled is not None:
            return Noted(unseen=tuple(sorted(unseen))) if unseen else None
        journal, told = self._recogniser.journal(), self._told
        if journal == told:
            return None
        self._told = journal
        known = dict(enumerate(told.steps)) if told else {}
        return Noted(
            first=None if told and journal.first == told.first else journal.first,
            steps={n: step for n, step in enumerate(journal.steps) if known.get(n) != step},
        )

    def recording(self, id: SessionId) -> Recording:
        """The whole session: recognising it again gives the same verdict."""
        return Recording(id, self.trays, tuple(self.samples), self.ended)

    @property
    def whole(self) -> bool:
        """Whether the recording holds everything: neither cut short nor broken by a restart."""
        return self.journalled is None and len(self.samples) < MOST_SAMPLES

    def _resumed(self, levels: Mapping[TrayId, float], at: float) -> Recognised:
        assert self.journalled is not None
        firsts = self.journalled.first or (None,) * len(self.trays)
        first = tuple(
            known if known is not None else self._before_g(tray.tray)
            for known, tray in zip(firsts, self.trays, strict=True)
        )
        now = {self._index[tray]: level for tray, level in levels.items() if tray in self._index}
        journal = Journal(first, self.journalled.steps)
        return recognising.resumed(self.trays, journal, now, at, self.policy)

    def take_up(self, journal: Journal, zero: float, before: Mapping[TrayId, Decigrams]) -> None:
        """Go on after a restart: what was heard is gone, what was journalled is not."""
        self.journalled, self.zero, self.before = journal, zero, before

    def earlier(self) -> dict[TrayId, list[Plain]]:
        """Of a session taken up again: the journalled steps, on the monotonic clock."""
        assert self.journalled is not None
        shift = self.zero - LEAD_S
        steps: dict[TrayId, list[Plain]] = {}
        for step in self.journalled.steps:
            plain = Plain(step.began + shift, step.ended + shift, step.before, step.after)
            steps.setdefault(self.trays[step.tray].tray, []).append(plain)
        return steps

    def last_levels(self) -> dict[TrayId, float]:
        """Of a resumed session: the last level known of each tray, in grams."""
        assert self.journalled is not None
        known = {tray: level for tray in self._index if (level := self._before_g(tray)) is not None}
        first = zip(self.trays, self.journalled.first, strict=False)
        known |= {tray.tray: level for tray, level in first if level is not None}
        return known | {self.trays[step.tray].tray: step.after for step in self.journalled.steps}

    def _before_g(self, tray: TrayId) -> float | None:
        before = self.before.get(tray)
        return None if before is None else grams(before)

    # --- in the session's words -------------------------------------------------------------------
    def _verdict(self, found: Recognised, *, curves: bool) -> Verdict:
        trays = tuple(self._evidence(tray, tuple(_events(found, tray.tray))) for tray in found.trays)
        if curves:
            trays = self._with_curves(trays)
        also = [_WORDS.get(reason, reason) for reason in found.reasons]
        return verdict_of(
            trays, self._strays(found), also if any(t.verdict == "review" for t in trays) else ()
        )

    def _strays(self, found: Recognised) -> tuple[Stray, ...]:
        sure = set(sure_strays(found, self.trays))
        return tuple(Stray(s.sku, s.units, s.came_from, s.lies_on, s in sure) for s in found.strays)

    def _evidence(self, tray: TrayVerdict, events: tuple[Happened, ...]) -> TrayEvidence:
        before = self._before(tray)
        return TrayEvidence(
            tray=tray.tray,
            verdict=tray.say,
            goods=tray.goods,
            before=before,
            after=None if before is None or tray.delta is None else Decigrams(before + tray.delta),
            residual=tray.residual,
            reasons=tuple(_WORDS.get(reason, str(reason)) for reason in tray.reasons),
            events=events,
            alternatives=tuple(Alternative(each.goods, round(1000 * each.p)) for each in tray.alternatives),
        )

    def _with_curves(self, trays: tuple[TrayEvidence, ...]) -> tuple[TrayEvidence, ...]:
        """``trays`` with the course of those on which something happened."""
        shown = {self._index[t.tray]: t.tray for t in trays if t.verdict != "empty" or t.events}
        rows: dict[int, list[tuple[float, float]]] = {index: [] for index in shown}
        for at, index, weight in self.samples:
            if index in rows:
                rows[index].append((at - LEAD_S, weight))
        most = max(2, min(MOST, MOST_POINTS // max(1, len(shown))))
        curves = {shown[index]: curve_of(course, most) for index, course in rows.items()}
        return tuple(replace(tray, curve=curves.get(tray.tray, ())) for tray in trays)

    def _before(self, tray: TrayVerdict) -> Decigrams | None:
        known = self.before.get(tray.tray)
        if known is not None or tray.delta is None:
            return known
        first = self._recogniser.journal().first[self._index[tray.tray]]
        return None if first is None else decigrams(first)


def journal_of(notes: Iterable[Noted]) -> Journal:
    """What the journal's lines say together; the later line about a step holds."""
    first: tuple[float | None, ...] = ()
    steps: dict[int, Step] = {}
    for note in notes:
        first = note.first if note.first is not None else first
        steps |= note.steps
    return Journal(first, tuple(steps[number] for number in sorted(steps)))


def _events(found: Recognised, tray: TrayId) -> Iterator[Happened]:
    for event in found.events:
        if event.tray == tray:
            yield Happened(round(event.at - LEAD_S, 3), event.action, event.count, event.sku)


def _as_said(tray: TrayEvidence, goods: Pieces) -> TrayEvidence:
    """The tray as the buyer's answer has it."""
    if tray.verdict != "review" and tray.goods == goods:
        return tray
    said = "charge" if goods else "empty"
    return replace(tray, verdict=said, goods=goods, reasons=(*tray.reasons, BOUGHT))


def policy_of(weighing: Weighing) -> Policy:
    """The thresholds that the settings state."""
    return Policy(
        sure_p=weighing.sure_p,
        fit_z=weighing.fit_z,
        swap_z=weighing.swap_z,
        bulk_units=weighing.bulk_units,
    )


@dataclass(frozen=True, slots=True)
class Weight:
    """What one piece weighs, in grams: mean, standard deviation, and that of the lot's common error.

    lot_sd_g: None where the lot has never been weighed.
    """

    unit_g: float
    sd_g: float
    lot_sd_g: float | None = None


def stocked(
    planogram: Planogram,
    catalogue: Catalogue,
    on_hand: Mapping[Place, int],
    learnt: Mapping[Place, Weight],
) -> tuple[StockedTray, ...]:
    """The planogram's trays with what is booked on them, strays of other trays included."""
    return tuple(
        StockedTray(
            tray,
            tuple(
                _stocked(catalogue, sku, on_hand.get((tray, sku), 0), learnt.get((tray, sku)))
                for sku in lying_on(tray, planogram, catalogue, on_hand)
            ),
        )
        for tray in planogram.trays
    )


def lying_on(
    tray: TrayId, planogram: Planogram, catalogue: Catalogue, on_hand: Mapping[Place, int]
) -> list[Sku]:
    """The products planned on ``tray``, and those of other trays that are booked there."""
    planned = planogram.skus(tray)
    strays = [sku for (at, sku), count in on_hand.items() if at == tray and count > 0 and sku not in planned]
    return [*planned, *(sku for sku in strays if sku in catalogue.products)]


def _stocked(catalogue: Catalogue, sku: Sku, count: int, learnt: Weight | None) -> Stocked:
    product = catalogue.products[sku]
    weight = learnt or Weight(grams(product.unit_weight), grams(product.unit_sd))
    return Stocked(sku, weight.unit_g, 3 * weight.sd_g, max(0, count), weight.lot_sd_g)
