"""What other thresholds of the probability would review and charge wrongly, from one run's answers. Pure."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from edge.bench.shares import Basket, Share, share

THRESHOLDS = (0.90, 0.95, 0.955, 0.97, 0.98, 0.99, 0.995)


class TrayTrial(NamedTuple):
    """One tray's part. barred: it is reviewed whatever its probability ``p``."""

    p: float
    barred: bool
    goods: Basket


class Trial(NamedTuple):
    """One session as thresholds see it. posterior, mixed: see ``Verdict``; barred: reviewed anyway."""

    p: float
    posterior: float
    mixed: bool
    barred: bool
    trays: tuple[TrayTrial, ...]

    def flagged(self, threshold: float) -> bool:
        return self.barred or self.p < threshold

    def charged(self, threshold: float) -> Basket:
        """Units of the trays that are charged: of all where the session is sure, else of the sure ones."""
        trays = [tray for tray in self.trays if not tray.barred and tray.p >= threshold]
        if not self.flagged(threshold):
            trays = list(self.trays)
        elif not self.barred and len(trays) == len(self.trays):
            trays.remove(min(trays, key=lambda tray: tray.p))
        charged: Counter[str] = Counter()
        for tray in trays:
            charged.update(tray.goods)
        return charged


class Tried(NamedTuple):
    """A trial with what was guessed and what was true."""

    trial: Trial
    best: Basket
    truth: Basket

    @property
    def right(self) -> bool:
        return self.best == self.truth


class Threshold(msgspec.Struct, frozen=True):
    """What a policy with ``sure_p`` = ``p`` does: sessions reviewed, wrong without review, and charged a
    unit too many, be it by the sure trays of a session under review."""

    p: float
    review: Share
    silently_wrong: Share
    charged_over: Share


def thresholds(tried: Sequence[Tried]) -> tuple[Threshold, ...]:
    """One row for each of ``THRESHOLDS``; none where nothing was tried."""
    return tuple(_row(p, tried) for p in THRESHOLDS) if tried else ()


def _row(p: float, tried: Sequence[Tried]) -> Threshold:
    n = len(tried)
    return Threshold(
        p,
        share(sum(each.trial.flagged(p) for each in tried), n),
        share(sum(not each.right and not each.trial.flagged(p) for each in tried), n),
        share(sum(_over(each.trial.charged(p), each.truth) for each in tried), n),
    )


def _over(charged: Basket, truth: Basket) -> bool:
    return any(count > truth.get(sku, 0) for sku, count in charged.items())
