"""Contestants at recorded sessions: the same lines for all, one after the other, or on several cores."""

import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from edge.bench.net_delta import naive, net_map
from edge.bench.ours import oracle, ours
from edge.bench.recorded import Session, session_of
from edge.bench.scores import Answer, Outcome, Tally
from edge.errors import BadInput

Contestant = Callable[[Session], Answer | None]
"""None: it cannot take part in this session (an oracle without events)."""

CONTESTANTS: dict[str, Contestant] = {
    "naive": lambda session: naive(session.recording),
    "net-MAP": lambda session: net_map(session.recording),
    "ours": ours,
    "oracle": oracle,
}
"""From floor to ceiling: rounding, the best net answer, ours, perfect steps."""

CHUNK = 8

JUDGED = "ours"
"""The contestant that is shipped: goals, oddities and the diagram are about it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A session and what each contestant made of it."""

    id: str
    kind: str
    oddity: str | None
    outcomes: dict[str, Outcome]


@dataclass(slots=True)
class Standing:
    """Tallies by kind of session and contestant, by oddity, where ours was silently wrong, and why
    lines were no session."""

    levels: dict[str, dict[str, Tally]] = field(default_factory=dict)
    oddities: dict[str, dict[str, Tally]] = field(default_factory=dict)
    silently_wrong: list[str] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)

    def add(self, judged: Judged) -> None:
        for name, outcome in judged.outcomes.items():
            self.levels.setdefault(judged.kind, {}).setdefault(name, Tally()).add(outcome)
            if judged.oddity:
                self.oddities.setdefault(judged.oddity, {}).setdefault(name, Tally()).add(outcome)
        ours = judged.outcomes.get(JUDGED)
        if ours is not None and not ours.right and not ours.answer.flagged:
            self.silently_wrong.append(judged.id)


def contest(
    lines: Iterable[tuple[str, bytes]], names: Sequence[str], jobs: int, say: Callable[[int], None]
) -> Standing:
    """Let ``names`` judge all lines. jobs: processes; say: is told how many are done, now and then.

    A line that is no session is named in ``unusable``, and the rest goes on.
    """
    standing = Standing()
    for done, judged in enumerate(_judged(((*line, tuple(names)) for line in lines), jobs), 1):
        if isinstance(judged, str):
            standing.unusable.append(judged)
        else:
            standing.add(judged)
        if done % 100 == 0:
            say(done)
    return standing


def _judged(lines: Iterable[tuple[str, bytes, tuple[str, ...]]], jobs: int) -> Iterator[Judged | str]:
    if jobs == 1:
        yield from map(judge_line, lines)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(judge_line, lines, CHUNK)


def judge_line(line: tuple[str, bytes, tuple[str, ...]]) -> Judged | str:
    """Place, bytes and contestants as what they make of it; or why the line is no session."""
    place, body, names = line
    try:
        session = session_of(body, place)
    except BadInput as error:
        return str(error)
    outcomes = {}
    for name in names:
        began = time.process_time()
        answer = CONTESTANTS[name](session)
        if answer is not None:
            spent = time.process_time() - began
            outcomes[name] = Outcome(session.truth, answer, spent, len(session.recording.samples))
    return Judged(session.recording.id, session.kind, session.oddity, outcomes)
