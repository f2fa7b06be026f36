"""A small counter's worth of facts: sessions, movements and instants made from numbers."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from edge.domain.records import (
    ClosedSession,
    Happened,
    Intake,
    Movement,
    OpenSession,
    Sale,
    SaleLine,
    TrayEvidence,
)
from edge.domain.values import BuyerRef, Clk, Decigrams, Fen, Instant, Kind, SessionId, Sku, TrayId
from edge.ledger.calibrations import Calibrated, Known, Seen
from edge.ledger.ledger import Ledger
from edge.ledger.space import Space

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
TRAYS = tuple(TrayId(f"1-{n:02d}") for n in (1, 2, 3))
SKU = Sku("SX-0001")
PRICE = Fen(350)


class Facts:
    """Makes values; holds nothing."""

    trays = TRAYS

    def at(self, seconds: float, boot: str = "boot-1") -> Instant:
        return Instant(100.0 + seconds, START + timedelta(seconds=seconds), boot, Clk.SYNCED)

    def id(self, n: int) -> SessionId:
        return SessionId(f"{n:032x}")

    def opened(self, n: int, seconds: float = 0.0) -> OpenSession:
        return OpenSession(
            id=self.id(n),
            kind=Kind.BUY,
            opener=BuyerRef("b-1"),
            opened=self.at(seconds),
            catalogue="0123456789abcdef",
            before=dict.fromkeys(TRAYS, Decigrams(60000)),
            prices={SKU: PRICE},
        )

    def closed(self, n: int, took: dict[str, int] | None = None, seconds: float = 0.0) -> ClosedSession:
        """A visit that took ``took`` (tray → pieces), all of it sure. {}: nothing."""
        took = {"1-01": 1} if took is None else took
        lines = tuple(
            SaleLine(
                TrayId(t), SKU, "山泉水(示例)", c, PRICE, Fen(PRICE * c), t == "1-01", "样例县", "示例社"
            )
            for t, c in took.items()
        )
        return ClosedSession(
            id=self.id(n),
            kind=Kind.BUY,
            state="SETTLED" if took else "EMPTY",
            opener=BuyerRef("b-1"),
            verdict="charge" if took else "empty",
            reasons=(),
            opened=self.at(seconds),
            closed=self.at(seconds + 20),
            catalogue="0123456789abcdef",
            channel="UNIT_HELP",
            trays=tuple(self.evidence(t, took.get(t, 0)) for t in reversed(TRAYS)),
            sale=Sale(lines) if lines else None,
            movements=tuple(Movement(TrayId(t), SKU, "SALE", -c) for t, c in took.items()),
        )

    def evidence(self, tray: str, count: int, verdict: str = "", **more: object) -> TrayEvidence:
        found = TrayEvidence(
            tray=TrayId(tray),
            verdict=verdict or ("charge" if count else "empty"),
            goods=((SKU, count),) if count else (),
            before=Decigrams(60000),
            after=Decigrams(60000 - 5500 * count),
            residual=Decigrams(2),
            reasons=("noise",) if verdict == "review" else (),
            events=(Happened(2.5, "TAKE", count, SKU),) if count else (),
        )
        return replace(found, **more)

    def restock(self, count: int = 10, tray: str = "1-01") -> Movement:
        return Movement(TrayId(tray), SKU, "RESTOCK", count, "opening stock")

    def taken_in(self, qty: int = 10, **more: object) -> Intake:
        """Ten bottles of a lot that keeps until the end of May 2027."""
        found = Intake(
            sku=SKU,
            name="山泉水(示例)",
            spec="500ml",
            qty=qty,
            lot="L-1",
            produced_on=date(2026, 11, 1),
            shelf_life_days=210,
            expires_on=date(2027, 5, 30),
            taken_in_on=date(2026, 11, 23),
            supplier="示例社",
            supplier_address="样例县示例镇",
            supplier_contact="示例",
            document="示例-检-1",
        )
        return replace(found, **more)

    def weighed(self, mg: int = 551_000) -> Calibrated:
        """A piece of the opening stock weighs ``mg``, as a sure take has shown."""
        old, new = Known(550_000, 2_000, 700, 0), Known(mg, 2_000, 650, 1)
        seen = Seen(mg, 1_400, 1, 999_000)
        return Calibrated("UNIT", "single_take", TRAYS[0], SKU, "opening", old, new, seen, session=self.id(1))


@pytest.fixture(scope="session")
def facts() -> Facts:
    return Facts()


Opener = Callable[..., Ledger]


@pytest.fixture(scope="session")
def open_at(facts: Facts) -> Opener:
    """Opens a ledger with seeded chance and a reserve of one page, so that tests leave no heap of files."""

    def opened(path: Path, counter: str = "XA-001", space: Space | None = None, seed: int = 1) -> Ledger:
        space = space or Space(path.parent, reserve_bytes=4096, selling_bytes=0)
        return Ledger.open(path, counter, facts.at(0), Random(f"{path}{seed}").randbytes, space)

    return opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path, open_at: Opener) -> Iterator[Ledger]:
    with closing(open_at(path)) as opened:
        yield opened
