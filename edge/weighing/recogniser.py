"""Recognition of one door session: fed live, one row at a time, or from a recording, with the same result.

It joins stage 1 (a ``Stepper`` a tray) to stage 2 (the search) and knows neither wire nor ledger.
Memory is bounded: a window and a plateau a tray, at most ``Policy.most_steps`` steps, one beam.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from edge.weighing.beam import START, advanced, in_order, searched
from edge.weighing.decision import Doubt, decided
from edge.weighing.hypotheses import Hypothesis
from edge.weighing.policy import Policy
from edge.weighing.position import Moments
from edge.weighing.recording import Book, Recording, Row, StockedTray
from edge.weighing.smooth import LATEST_S
from edge.weighing.stepper import Stepper
from edge.weighing.steps import Ending, Step
from edge.weighing.verdict import Reason, Verdict

SMALLEST_OF_UNIT = 0.4
SMALLEST_REST_G = 10.0
"""What the levels say beyond the journalled steps counts from here: share of the lightest unit, or grams."""
RESUMED_VAR = 8.0
"""Variance of a level on either side of a power cut, grams squared."""


@dataclass(frozen=True, slots=True)
class Journal:
    """What must outlive a power cut: each tray's level at the start (None: not yet known) and the steps."""

    first: tuple[float | None, ...]
    steps: tuple[Step, ...]


class Recogniser:
    """Follows one door session from before the bolt moves until after the door is closed."""

    def __init__(self, trays: Sequence[StockedTray], policy: Policy | None = None) -> None:
        self._policy = policy or Policy()
        self._book = Book(trays)
        self._steps: list[Step] = []
        self._of_tray: list[int | None] = [None] * len(trays)
        self._dropped = self._unknown = False
        self._beam: Sequence[Hypothesis] = START
        self._searched = 0
        self._began = self._ended = -LATEST_S
        self._steppers = tuple(
            Stepper(index, self._book.lightest[index], tray.gain_share, self._commit)
            for index, tray in enumerate(trays)
        )
        self._moments = tuple(Moments() if lanes else None for lanes in self._book.lanes)
        self._adds = tuple(stepper.add for stepper in self._steppers)

    @property
    def steps(self) -> Sequence[Step]:
        """Committed steps as they were measured; the last of a tray still lacks its plateau's end."""
        return tuple(self._steps)

    def feed(self, at: float, tray: int, grams: float, x_mm: float | None = None) -> None:
        """One row of one tray. Rows that cannot be are gaps; a tray that is not planned is remembered.

        x_mm: the point the load acts on, across the lanes, where it is known.
        """
        if at > self._ended:
            self._told(at)
        if 0 <= tray < len(self._adds):
            if x_mm is not None and (moments := self._moments[tray]):
                moments.add(at, grams, x_mm)
            self._adds[tray](at, grams)
        else:
            self._unknown = True

    def feed_all(self, samples: Iterable[Row]) -> None:
        """``feed`` for each of ``samples``."""
        feed = self.feed
        for row in samples:
            feed(*row)

    def live(self) -> Verdict:
        """What the basket looks like now. Provisional: steps still being measured are in it.

        Steps that nothing to come can change any more are searched once, not at every call.
        """
        self._search_settled()
        pending = [self._placed(step) for stepper in self._steppers if (step := stepper.provisional())]
        beam = self._beam_after([*self._steps, *pending])
        endings = [Ending(stepper.first, stepper.level, False, False) for stepper in self._steppers]
        return decided(beam, endings, self._doubts(), self._book, self._policy)

    def close(self, at: float | None = None) -> Verdict:
        """The verdict, once the door is closed and the trays rest. at: now, on the samples' clock.

        Nothing may be fed afterwards.
        """
        if at is not None and at > self._ended:
            self._told(at)
        endings = [stepper.close(self._began, self._ended) for stepper in self._steppers]
        beam = self._beam_after(self._steps)
        return decided(beam, endings, self._doubts(), self._book, self._policy)

    def rested(self) -> float | None:
        """Seconds that all trays have been at rest up to their last values; None while one moves."""
        rests = [stepper.rested() for stepper in self._steppers]
        known = [rest for rest in rests if rest is not None]
        return min(known, default=0.0) if len(known) == len(rests) else None

    def journal(self) -> Journal:
        """What to keep so that ``resumed`` can settle the session after a power cut."""
        return Journal(tuple(stepper.first for stepper in self._steppers), tuple(self._steps))

    def _beam_after(self, steps: Sequence[Step]) -> Sequence[Hypothesis]:
        """The beam after ``steps``, of which the first few, in order, have been searched already."""
        return searched(self._beam, in_order(steps)[self._searched :], self._book, self._policy)

    def _search_settled(self) -> None:
        """Search the steps that are followed by one of their own tray and by nothing earlier to come."""
        horizon = min((stepper.quiet_until for stepper in self._steppers), default=-LATEST_S)
        steps = in_order(self._steps)
        last = {step.tray: place for place, step in enumerate(steps)}
        for place in range(self._searched, len(steps)):
            step = steps[place]
            if place == last[step.tray] or step.at >= horizon:
                break
            self._beam = advanced(self._beam, step, self._book, self._policy, last=False)
            self._searched = place + 1

    def _told(self, at: float) -> None:
        if not (isfinite(at) and at < LATEST_S):
            return
        if self._began == -LATEST_S:
            self._began = at
        self._ended = at

    def _commit(self, step: Step, again: bool) -> None:
        if again:
            place = self._of_tray[step.tray]
            if place is not None:
                was = self._steps[place]
                self._steps[place] = replace(step, x_mm=was.x_mm, x_var=was.x_var)
        elif len(self._steps) < self._policy.most_steps:
            self._of_tray[step.tray] = len(self._steps)
            self._steps.append(self._placed(step))
        else:
            self._of_tray[step.tray], self._dropped = None, True

    def _placed(self, step: Step) -> Step:
        moments = self._moments[step.tray]
        return moments.placed(step) if moments else step

    def _doubts(self) -> list[Doubt]:
        doubts: list[Doubt] = []
        if self._book.faults or not self._book.trays:
            doubts.append((None, Reason.BAD_PLANOGRAM))
        if self._unknown:
            doubts.append((None, Reason.UNKNOWN_TRAY))
        if self._dropped:
            doubts.append((None, Reason.TOO_MANY_STEPS))
        return doubts


def recognise(recording: Recording, policy: Policy | None = None) -> Verdict:
    """The verdict on a whole recorded session: the same that a live ``Recogniser`` gave."""
    recogniser = Recogniser(recording.trays, policy)
    recogniser.feed_all(recording.samples)
    return recogniser.close(recording.ended)


def resumed(
    trays: Sequence[StockedTray],
    journal: Journal,
    levels: Mapping[int, float],
    at: float,
    policy: Policy | None = None,
) -> Verdict:
    """The verdict after a power cut: journalled steps, and one pseudo-event a tray for the rest.

    levels: each tray's level now, grams, by index; a tray without one is silent. at: now, on the
    journal's clock. Net weights alone would leave 1.6 % silently wrong at the method's level L2.
    """
    policy, book = policy or Policy(), Book(trays)
    steps, endings = list(journal.steps), []
    for tray, first in enumerate(journal.first):
        now = levels.get(tray)
        endings.append(Ending(first, now, unstable=False, silent=first is None or now is None))
        if first is None or now is None:
            continue
        rest = now - first - sum(step.delta for step in journal.steps if step.tray == tray)
        if abs(rest) > max(SMALLEST_REST_G, SMALLEST_OF_UNIT * book.lightest[tray]):
            steps.append(Step(tray, at, at, 0.0, rest, RESUMED_VAR, RESUMED_VAR, gain_share=0.0, rest=True))
    beam = searched(START, in_order(steps), book, policy)
    return decided(beam, endings, [], book, policy)
