"""A counter's engine without a cabinet: sells with the real ledger, a visit at a time, until it is killed.

``python -m tests.faults.chaos.writer DIR COUNTER SEED VISITS_A_MINUTE [MOST]``. What it was told is committed
it writes to ``told``, one line a sale: the yardstick of this counter, as the simulator is of the real one.
"""

import os
import sys
import time
from contextlib import closing
from pathlib import Path
from random import Random

from edge.clock import Clock
from edge.domain.records import ClosedSession, Movement, OpenSession, Sale, SaleLine, TrayEvidence
from edge.domain.values import BuyerRef, Decigrams, Fen, Instant, Kind, SessionId, Sku, TrayId
from edge.errors import LedgerError
from edge.ledger.ledger import Ledger
from edge.ledger.space import Space

TOLD = "told"
GOODS = {
    TrayId("1-01"): (Sku("ZY-WATER-500"), "天然山泉水(示例)", Fen(350), True, Decigrams(5200)),
    TrayId("1-02"): (Sku("PL-TEA-125"), "平利绿茶(示例)", Fen(6800), True, Decigrams(1450)),
    TrayId("2-01"): (Sku("LG-KJ-NOOD270"), "挂面(示例)", Fen(990), True, Decigrams(2800)),
    TrayId("2-02"): (Sku("X-COLA-330"), "汽水(示例)", Fen(300), False, Decigrams(3500)),
}
OPENING = 1_000_000
"""Pieces on each tray at first: nobody restocks here."""
RESERVE, SELLING = 512 * 1024, 1024 * 1024
"""As ``edge.ledger.space``, but small, because the disks of these tests are."""


def visit(ledger: Ledger, clock: Clock, random: Random) -> str | None:
    """One visit as the engine writes it: grant, pulse, end. Gives the order's number or None."""
    id, opened = SessionId(f"{random.getrandbits(128):032x}"), clock.now()
    prices = {sku: price for sku, _, price, _, _ in GOODS.values()}
    before = {tray: Decigrams(500_000) for tray in GOODS}
    buyer = BuyerRef("sample-buyer")
    ledger.begin_session(
        OpenSession(id, Kind.BUY, buyer, opened, "sample", before, prices, pulsed=True), opened
    )
    ledger.journal(id, "door_opened", {}, clock.now())
    taken = {tray: random.choice([0, 0, 1, 1, 2]) for tray in GOODS}
    return ledger.close_session(_closed(id, opened, clock.now(), taken), clock.now())


def _closed(id: SessionId, opened: Instant, closed: Instant, taken: dict[TrayId, int]) -> ClosedSession:
    bought = {tray: count for tray, count in taken.items() if count}
    return ClosedSession(
        id=id,
        kind=Kind.BUY,
        state="SETTLED" if bought else "EMPTY",
        opener=BuyerRef("sample-buyer"),
        verdict="charge" if bought else "empty",
        reasons=(),
        opened=opened,
        closed=closed,
        catalogue="sample",
        channel="UNIT_HELP",
        trays=tuple(_evidence(tray, count) for tray, count in taken.items()),
        sale=Sale(tuple(_line(tray, count) for tray, count in bought.items())) if bought else None,
        movements=tuple(Movement(tray, GOODS[tray][0], "SALE", -count) for tray, count in bought.items()),
    )


def _evidence(tray: TrayId, count: int) -> TrayEvidence:
    sku, _, _, _, grams = GOODS[tray]
    before = Decigrams(500_000)
    after, goods = Decigrams(before - count * grams), ((sku, count),) if count else ()
    return TrayEvidence(tray, "charge" if count else "empty", goods, before, after, Decigrams(0))


def _line(tray: TrayId, count: int) -> SaleLine:
    sku, name, price, certified, _ = GOODS[tray]
    return SaleLine(tray, sku, name, count, price, Fen(price * count), certified, "样例县", "示例合作社")


def opened(directory: Path, counter: str, clock: Clock) -> Ledger:
    """The ledger, its books opened, and a visit that a kill cut off cancelled."""
    space = Space(directory, reserve_bytes=RESERVE, selling_bytes=SELLING)
    ledger = Ledger.open(directory / "ledger.db", counter, clock.now(), os.urandom, space)
    lies = [Movement(tray, sku, "RESTOCK", OPENING) for tray, (sku, *_) in GOODS.items()]
    ledger.open_stock(lies, clock.now())
    if (left := ledger.unfinished()) is not None:
        now = clock.now()
        cancelled = ClosedSession(
            left.id,
            Kind.BUY,
            "CANCELLED",
            left.opener,
            "empty",
            ("power_lost",),
            left.opened,
            now,
            "sample",
            "UNIT_HELP",
            (),
            None,
        )
        ledger.close_session(cancelled, now)
    return ledger


def settle(directory: Path, counter: str, clock: Clock) -> None:
    """After a kill: open the ledger once more, as every next start does.

    Killed within a commit, the log has it and the index that readers share (``-shm``) does not. To those who
    are connected it has not happened; it would, once nobody is and the index is made anew from the log. A
    start ends that: it writes on from what readers see. Nobody was told of such a commit.
    """
    opened(directory, counter, clock).close()


def sell(directory: Path, counter: str, random: Random, pause_s: float, most: int) -> None:
    """Visit after visit; on a full disk the ledger refuses, and is asked again later."""
    clock, told = Clock(), os.open(directory / TOLD, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with closing(opened(directory, counter, clock)) as ledger:
        visits = 0
        while not most or visits < most:
            time.sleep(random.uniform(0, 2 * pause_s))
            if not ledger.can_sell():
                continue
            number = visit(ledger, clock, random)
            visits += 1
            if number is not None:
                os.write(told, f"{number}\n".encode())
            if visits % 20 == 0:
                ledger.checkpoint()
        ledger.checkpoint()


def main(argv: list[str]) -> int:
    directory, counter, seed, a_minute = Path(argv[0]), argv[1], argv[2], float(argv[3])
    most = int(argv[4]) if len(argv) > 4 else 0
    try:
        sell(directory, counter, Random(f"{seed}/{time.time_ns()}"), 60 / a_minute if a_minute else 0.0, most)
    except LedgerError as error:
        print(error, file=sys.stderr)
        return 74  # as after a fault of the disk: the one who started it starts it again
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
