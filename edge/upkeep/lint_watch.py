"""Looks at the planogram again when a learnt weight has moved: goods that now weigh alike are told.

The files were linted by the catalogue's weights before they were applied; only what collides by the learnt
weights and did not by those is news.
"""

from collections.abc import Iterator

from edge.alarms import AlarmBook
from edge.domain.catalogue import Catalogue
from edge.domain.planogram import Planogram
from edge.domain.values import Instant
from edge.settings import Weighing
from edge.upkeep.lint_check import Learnt, capacity_g, names_of, plans_of
from edge.upkeep.lint_words import Names, cross, pair
from edge.weighing.linter import TrayPlan, cross_pairs, nearest_pairs
from edge.weighing.tray_plan import counted_as_one

DOUBT = "PLANOGRAM_DOUBT"
"""Alarm on a tray: by what was learnt, a take from it may not be told from another."""


class LintWatch:
    """Raises PLANOGRAM_DOUBT on trays, and clears it where goods are told apart again."""

    def __init__(self, alarms: AlarmBook, weighing: Weighing) -> None:
        self._alarms = alarms
        self._capacity_g = capacity_g(weighing)
        self._off = weighing.lint == "off"

    def look(self, planogram: Planogram, catalogue: Catalogue, learnt: Learnt, now: Instant) -> None:
        """Compare the planogram by ``learnt`` weights with the same by the catalogue's; milliseconds."""
        if self._off:
            return
        names = names_of(catalogue)
        before = dict(_collisions(plans_of(planogram, catalogue, self._capacity_g, {}), names))
        found = dict(_collisions(plans_of(planogram, catalogue, self._capacity_g, learnt), names))
        news: dict[str, str] = {}
        for key in found.keys() - before.keys():
            tray, sentence = key[0], found[key]
            news[tray] = min(sentence, news.get(tray, sentence))
        for tray in self._alarms.subjects(DOUBT) - news.keys():
            self._alarms.clear(DOUBT, tray, now)
        for tray, sentence in sorted(news.items()):
            self._alarms.raise_(DOUBT, tray, "WARNING", sentence, now)


def _collisions(plans: list[TrayPlan], names: Names) -> Iterator[tuple[tuple[str, ...], str]]:
    """(tray and what collides there, the sentence in English)."""
    for plan in plans:
        if len(plan.goods) > 1:
            goods = [good for good in counted_as_one(plan.goods) if good.count]
            for near in (each for each in nearest_pairs(goods, plan.noise_g) if each.level):
                key = (plan.tray, *(f"{sku}×{count}" for sku, count in (*near.one, ("|", 0), *near.other)))
                yield key, pair(near, names)[1]
    for far in cross_pairs(plans):
        for tray in (far.tray, far.other_tray):
            yield (tray, far.tray, far.sku, far.other_tray, far.other_sku), cross(far, names)[1]
