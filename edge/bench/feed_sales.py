"""Ledgers full of sales as counters have them, for the benches of the feed. Sample goods, 示例."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from edge.domain.records import ClosedSession, Happened, Movement, Sale, SaleLine, TrayEvidence
from edge.domain.values import BuyerRef, Clk, Decigrams, Fen, Instant, Kind, SessionId, Sku, TrayId
from edge.ledger.ledger import Ledger
from edge.ledger.space import Space

COUNTER = "BENCH-1"
SINCE = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
GOODS = (("ZY-WATER-500", "示例天然山泉水 500 ml", 350), ("SX-APPLE-6", "示例苹果 6 枚", 1980))
MORE = (("X-COLA-330", "示例汽水 330 ml", 300), ("ZY-TEA-50", "示例富硒绿茶 50 g", 4800))


ALARM_EVERY = 20
"""Visits; somebody then leaves the door open for a while."""


def filled(path: Path, sales: int, seed: int = 1, counter: str = COUNTER) -> None:
    """Write ``sales`` settled visits: of one to three trays, so of three to five events each; and alarms.

    The same seed and counter: the same events, but for those a ledger that is there already chains them to.
    """
    random_bytes = Random(f"{counter} {seed}").randbytes
    ledger = Ledger.open(path, counter, _moment(0), random_bytes, Space(path.parent, reserve_bytes=0))
    try:
        for number, visit in enumerate(visits(sales, seed), start=1):
            now = _moment(number)
            ledger.close_session(visit, now)
            if number % ALARM_EVERY == 0:
                ledger.raise_alarm("DOOR_OPEN", "door", "MAJOR", "180 s", visit.id, now)
                ledger.clear_alarm("DOOR_OPEN", "door", now)
    finally:
        ledger.close()


def visits(sales: int, seed: int) -> Iterator[ClosedSession]:
    """The same seed: the same visits."""
    random = Random(seed)
    for number in range(1, sales + 1):
        yield _visit(random, number)


def _moment(number: int) -> Instant:
    return Instant(number * 300.0, SINCE + timedelta(seconds=number * 300), "bench", Clk.SYNCED)


def _visit(random: Random, number: int) -> ClosedSession:
    picked = [
        (TrayId(f"1-{tray:02d}"), *random.choice(GOODS + MORE), random.randint(1, 2))
        for tray in sorted(random.sample(range(1, 13), random.choice((1, 1, 2, 3))))
    ]
    lines = tuple(
        SaleLine(tray, Sku(sku), name, count, Fen(fen), Fen(fen * count), True, "紫阳县", "示例供应商")
        for tray, sku, name, fen, count in picked
    )
    return ClosedSession(
        id=SessionId(random.randbytes(16).hex()),
        kind=Kind.BUY,
        state="SETTLED",
        opener=BuyerRef(f"b-{random.randrange(2**24):06x}"),
        verdict="charge",
        reasons=(),
        opened=_moment(number),
        closed=_moment(number),
        catalogue="0123456789abcdef",
        channel="UNIT_HELP",
        trays=tuple(_evidence(random, TrayId(tray), Sku(sku), count) for tray, sku, _, _, count in picked),
        sale=Sale(lines),
        movements=tuple(
            Movement(tray, Sku(sku), "SALE", -count, lot=f"L2026{random.randrange(30):02d}")
            for tray, sku, _, _, count in picked
        ),
    )


def _evidence(random: Random, tray: TrayId, sku: Sku, count: int) -> TrayEvidence:
    before = random.randint(20_000, 60_000)
    after, t = before - count * 5_130 + random.randint(-9, 9), random.uniform(2, 6)
    curve = ((0, before), (round(t * 10), before), (round(t * 10) + 8, after))
    happened = tuple(Happened(round(t + 0.4 * at, 1), "TAKE", 1, sku) for at in range(count))
    return TrayEvidence(
        tray,
        "charge",
        ((sku, count),),
        Decigrams(before),
        Decigrams(after),
        Decigrams(random.randint(-9, 9)),
        (),
        happened,
        curve=curve,
    )
