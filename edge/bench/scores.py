"""What contestants got right: shares with intervals, confidence against truth, cost. Pure.

A session counts as flagged if any of its trays is not charged.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from edge.bench.figures import percentile
from edge.bench.shares import Basket, Share, share
from edge.bench.thresholds import Threshold, Trial, Tried, thresholds

EDGES = (0.5, 0.9, 0.95, 0.97, 0.99, 0.995)
"""Where bins of the said probability end; the last one ends at 1."""
SURE_P = 0.97


@dataclass(frozen=True, slots=True)
class Answer:
    """What a contestant says. baskets: best first. p: of the best, None where it cannot tell.

    charged: of a flagged session, what the trays that are sure are charged all the same; None: nothing.
    stage1_s: what of its time went into reading the samples. trial: what other thresholds would make of it.
    """

    baskets: Sequence[Basket]
    flagged: bool = False
    p: float | None = None
    charged: Basket | None = None
    stage1_s: float | None = None
    trial: Trial | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """One contestant at one session."""

    truth: Basket
    answer: Answer
    cpu_s: float
    samples: int

    @property
    def best(self) -> dict[str, int]:
        return _plain(self.answer.baskets[0]) if self.answer.baskets else {}

    @property
    def right(self) -> bool:
        return self.best == _plain(self.truth)


class Bin(msgspec.Struct, frozen=True):
    """Baskets said to be right with a probability from ``above`` on. said: mean; right: observed share."""

    above: float
    n: int
    said: float
    right: Share


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """One contestant at one level.

    exact: best basket is the truth, flagged or not. items: units right of units named or true.
    overcharged, undercharged: any unit too many, too few. silently_*: wrong (too many) and not flagged.
    nothing_charged: of sessions without sale, those charged anything. flagged_or_right: of all.
    charged_over: any unit too many is charged, be it by the sure trays of a flagged session.
    top3: truth among the best three. right_unflagged, right_sure: right among those not flagged, and
    among those also said to be right with p ≥ 0.97.
    """

    exact: Share
    items: Share
    overcharged: Share
    undercharged: Share
    review: Share
    silently_wrong: Share
    silently_over: Share
    charged_over: Share
    nothing_charged: Share
    flagged_or_right: Share
    top3: Share
    right_unflagged: Share
    right_sure: Share
    ms_mean: float
    ms_p50: float
    ms_p99: float
    us_per_sample: float
    stage1_us_per_sample: float | None
    reliability: tuple[Bin, ...]
    thresholds: tuple[Threshold, ...]


@dataclass(slots=True)
class Tally:
    """Counts outcomes one by one; ``score`` gives what they come to."""

    n: int = 0
    samples: int = 0
    hits: dict[str, int] = field(default_factory=dict)
    items_right: int = 0
    items_all: int = 0
    cpu_s: list[float] = field(default_factory=list)
    stage1_s: float | None = None
    said: list[tuple[float, bool]] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        answer, truth = outcome.answer, _plain(outcome.truth)
        best = outcome.best
        skus = best.keys() | truth.keys()
        over = any(best.get(sku, 0) > truth.get(sku, 0) for sku in skus)
        under = any(best.get(sku, 0) < truth.get(sku, 0) for sku in skus)
        right, flagged = outcome.right, answer.flagged
        charged = best if not flagged else _plain(answer.charged or {})
        charged_over = any(count > truth.get(sku, 0) for sku, count in charged.items())
        sure = not flagged and (answer.p is None or answer.p >= SURE_P)
        self.n += 1
        self.samples += outcome.samples
        self.cpu_s.append(outcome.cpu_s)
        self.items_right += sum(min(best.get(sku, 0), truth.get(sku, 0)) for sku in skus)
        self.items_all += sum(max(best.get(sku, 0), truth.get(sku, 0)) for sku in skus)
        if answer.stage1_s is not None:
            self.stage1_s = (self.stage1_s or 0.0) + answer.stage1_s
        if answer.p is not None:
            self.said.append((answer.p, right))
        if answer.trial is not None:
            self.tried.append(Tried(answer.trial, best, truth))
        for name, holds in (
            ("exact", right),
            ("over", over),
            ("under", under),
            ("review", flagged),
            ("silent", not right and not flagged),
            ("silent_over", over and not flagged),
            ("nothing", not truth),
            ("charged_over", charged_over),
            ("nothing_charged", not truth and bool(charged)),
            ("top3", any(_plain(basket) == truth for basket in answer.baskets[:3])),
            ("right_unflagged", right and not flagged),
            ("sure", sure),
            ("right_sure", right and sure),
        ):
            self.hits[name] = self.hits.get(name, 0) + holds

    def score(self) -> Score:
        """Of one outcome or more."""
        of_all = {name: share(hits, self.n) for name, hits in self.hits.items()}
        silent = self.hits["silent"]
        return Score(
            exact=of_all["exact"],
            items=share(self.items_right, self.items_all),
            overcharged=of_all["over"],
            undercharged=of_all["under"],
            review=of_all["review"],
            silently_wrong=of_all["silent"],
            silently_over=of_all["silent_over"],
            charged_over=of_all["charged_over"],
            nothing_charged=share(self.hits["nothing_charged"], self.hits["nothing"]),
            flagged_or_right=share(self.n - silent, self.n),
            top3=of_all["top3"],
            right_unflagged=share(self.hits["right_unflagged"], self.n - self.hits["review"]),
            right_sure=share(self.hits["right_sure"], self.hits["sure"]),
            ms_mean=round(sum(self.cpu_s) / self.n * 1000, 3),
            ms_p50=_ms(self.cpu_s, 0.5),
            ms_p99=_ms(self.cpu_s, 0.99),
            us_per_sample=self._us_per_sample(sum(self.cpu_s)),
            stage1_us_per_sample=None if self.stage1_s is None else self._us_per_sample(self.stage1_s),
            reliability=reliability(self.said),
            thresholds=thresholds(self.tried),
        )

    def _us_per_sample(self, seconds: float) -> float:
        return round(seconds / max(1, self.samples) * 1e6, 3)


def reliability(said: Iterable[tuple[float, bool]]) -> tuple[Bin, ...]:
    """Said probabilities against what came true, bin by bin; empty bins are left out."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for p, right in said:
        bins.setdefault(bisect_right(EDGES, p), []).append((p, right))
    return tuple(
        Bin(
            (0.0, *EDGES)[place],
            len(found),
            round(sum(p for p, _ in found) / len(found), 4),
            share(sum(right for _, right in found), len(found)),
        )
        for place, found in sorted(bins.items())
    )


def _plain(basket: Basket) -> dict[str, int]:
    return {sku: count for sku, count in basket.items() if count}


def _ms(seconds: Sequence[float], at: float) -> float:
    return round((percentile(seconds, at) or 0.0) * 1000, 3)
