"""The counter's simple counting as a contestant: plateaus, and whole pieces of one product a tray."""

from collections import Counter

from edge.bench.scores import Answer
from edge.weighing.judge import Band, TrayStory, Verdict, judge
from edge.weighing.recording import Recording, StockedTray
from edge.weighing.track import TrayWatch

FIRST_S = 1.0
POLL_S = 0.09
"""A counter polls a tray about ten times a second; faster recordings are thinned to that."""
MOST = 15


def counting(recording: Recording) -> Answer:
    """What counting would charge. A tray of several products counts as the one that explains it best."""
    watches = [TrayWatch(min((good.unit_g for good in tray.goods), default=80.0)) for tray in recording.trays]
    before: list[float | None] = [None] * len(watches)
    due = [0.0] * len(watches)
    began = recording.samples[0][0] if recording.samples else 0.0
    for at, tray, grams in recording.samples:
        if at < due[tray]:
            continue
        due[tray] = at + POLL_S
        watches[tray].add(at, grams)
        if before[tray] is None and at >= began + FIRST_S and not watches[tray].moving:
            before[tray] = watches[tray].level
            watches[tray].forget_steps()
    verdicts = [
        _told(tray, watch, level, began)
        for tray, watch, level in zip(recording.trays, watches, before, strict=True)
        if tray.goods
    ]
    basket: Counter[str] = Counter()
    for verdict in verdicts:
        for line in verdict.trays:
            basket[str(line.sku)] += max(0, line.count)
    return Answer([dict(basket)], any(verdict.verdict == "review" for verdict in verdicts))


def _told(tray: StockedTray, watch: TrayWatch, before: float | None, began: float) -> Verdict:
    """The verdict by the product with the fewest doubts and the smallest rest."""
    options = []
    for good in tray.goods:
        story = TrayStory(
            tray=tray.tray,
            sku=good.sku,
            unit_g=good.unit_g,
            sd_g=good.tol_g / 3,
            stock=good.count,
            most=MOST,
            before=before,
            after=watch.level,
            steps=watch.all_steps(),
            unsettled=watch.moving,
        )
        options.append(judge([story], Band(), began))
    return min(options, key=lambda verdict: (len(verdict.reasons), abs(verdict.trays[0].residual or 0)))
