"""A real Chromium, and the counter's pages over a scripted stage in front of it.

Screenshots go to $SCREENSHOTS.
"""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from PIL import Image
from playwright.sync_api import ConsoleMessage, Page
from prometheus_client import CollectorRegistry

from edge import settings as settings_module
from edge.domain.product_view import Assortment, OnShelf
from edge.domain.records import Happened
from edge.domain.requests import (
    Accepted,
    Answer,
    AnswerRequest,
    Granted,
    OpenRequest,
    Refusal,
    Refused,
    Request,
)
from edge.domain.stock import OPENING, Held, Lot
from edge.domain.values import Decigrams, SessionId, Sku, TrayId
from edge.domain.view import (
    BasketView,
    Evidence,
    LineView,
    Moved,
    OptionView,
    PaidView,
    QuestionView,
    SessionView,
    TrayView,
    View,
)
from edge.ledger.trays import PastTray
from edge.outfit.catalogue_csv import read_catalogue
from edge.outfit.planogram_file import read_planogram
from edge.outfit.trace_file import read_traces
from edge.screens.app import make_app
from edge.screens.health import Readiness
from edge.screens.server import WebThread
from edge.screens.stage import Stage

SESSION = SessionId("5f" * 16)
IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
MOST_BYTES = 300_000
"""Of a picture in the repository."""

SETTINGS = """
[counter]
id = "AK-001"
name = "示例专柜 1 号"
place = "示例办公楼 1 层大厅"
hotline = "000-0000-0000(示例)"
[ports.main]
url = "bus"
[lock]
[scales]
units = {"1-01" = 11}
"""

# tray → SKU of the sample catalogue, pieces on hand.
GOODS = {
    "1-01": ("ZY-WATER-500", 12),
    "1-02": ("PL-TEA-125", 10),
    "1-03": ("ZY-TEA-BAG20", 12),
    "1-04": ("BH-MG-DRINK310", 16),
    "2-01": ("LG-KJ-NOOD270", 8),
    "2-02": ("LG-KJ-SPICY180", 0),
    "2-03": ("HB-WALK-250", 9),
    "2-04": ("NS-XG-200", 6),
    "3-01": ("NS-HONEY-500", 7),
    "3-02": ("HY-RICE-25", 3),
    "3-03": ("SQ-SILK-MASK", 10),
    "3-04": ("XY-HJ-SOAP100", 20),
}
OUT_OF_SERVICE = "2-04"


def rows() -> dict[str, dict[str, str]]:
    with (Path(__file__).resolve().parents[2] / "config" / "catalogue.csv").open(encoding="utf-8") as file:
        return {row["sku_id"]: row for row in csv.DictReader(file)}


def tray_view(at: str, sku: str, on_hand: int) -> TrayView:
    product = ROWS[sku]
    return TrayView(
        tray=at,
        sku=sku,
        name=product["name_zh"],
        name_en=product["name_en"],
        spec=product["spec"],
        county=product["county_zh"],
        county_en=product["county_en"],
        price_fen=int(product["price_fen"]),
        on_hand=on_hand,
        capacity=20,
        certified=True,
        expires_on="2027-04-28",
        in_service=at != OUT_OF_SERVICE,
        category=product["category"],
    )


ROWS = rows()
TRAYS = {at: tray_view(at, sku, on_hand) for at, (sku, on_hand) in GOODS.items()}


def line(at: str, count: int, sure: bool = True, evidence: Evidence | None = None) -> LineView:
    return line_of(TRAYS[at], count, sure, evidence)


def line_of(tray: TrayView, count: int, sure: bool = True, evidence: Evidence | None = None) -> LineView:
    return LineView(
        tray=tray.tray,
        sku=tray.sku,
        name=tray.name,
        name_en=tray.name_en,
        count=count,
        price_fen=tray.price_fen,
        amount_fen=tray.price_fen * count if sure else 0,
        sure=sure,
        evidence=evidence,
    )


WATER_WHY = Evidence(
    before=12,
    after=11,
    events=(
        Moved(at="2026-11-23T06:05:12Z", action="TAKE", count=2),
        Moved(at="2026-11-23T06:05:40Z", action="PUT_BACK", count=1),
    ),
)
TEA_WHY = Evidence(before=10, after=9, events=(Moved(at="2026-11-23T06:05:25Z", action="TAKE", count=1),))
ONE_WATER = (line("1-01", 1, evidence=WATER_WHY),)
WATER_AND_TEA = (*ONE_WATER, line("1-02", 1, evidence=TEA_WHY))
HALF_SURE = (*ONE_WATER, line("1-02", 1, sure=False, evidence=TEA_WHY))

# Goods that share a tray and weigh the same: the two flavours of one pack.
SPICY, SOUR = tray_view("2-02", "LG-KJ-SPICY180", 6), tray_view("2-02", "LG-KJ-SOUR180", 5)


def question(*options: tuple[LineView, ...]) -> QuestionView:
    first, second = (
        OptionView(lines=some, total_fen=sum(one.amount_fen for one in some)) for some in options
    )
    return QuestionView(options=(first, second), closes_in_s=15)


def asking(*options: tuple[LineView, ...]) -> dict:
    doubtful = tuple(msgspec.structs.replace(one, sure=False, amount_fen=0) for one in options[0])
    return {"state": "SETTLING", "lines": doubtful, "question": question(*options), "closes_in_s": 15}


# What the scale of the water said, as the ledger keeps it; of the tea's tray nothing is kept.
CURVES = {
    "1-01": PastTray(
        verdict="charge",
        curve=(
            *((0, 62_400), (97, 62_398), (98, 55_100), (99, 60_900), (100, 52_002), (270, 51_998)),
            *((271, 53_900), (274, 54_200), (276, 52_001), (378, 52_000), (380, 57_204), (880, 57_200)),
        ),
        events=(Happened(10.0, "TAKE", 2), Happened(27.3, "TOUCH", 0), Happened(38.0, "PUT_BACK", 1)),
        before=Decigrams(62_400),
        after=Decigrams(57_200),
        residual=Decigrams(4),
        pieces=(12, 11),
        door=(3.1, 85.0),
    )
}

CONFIG = Path(__file__).resolve().parents[2] / "config"
CATALOGUE = read_catalogue(CONFIG / "catalogue.csv")
ASSORTMENT = Assortment(
    CATALOGUE,
    read_planogram(CONFIG / "planogram.toml"),
    read_traces(CONFIG / "traces.toml", CATALOGUE.products.keys()),
)
SINCE = "2026-11-06T01:20:00.000Z"


def lying(sku: Sku) -> tuple[OnShelf, ...]:
    """Each product on sale lies there since the books began, and one has a second lot."""
    found = [
        OnShelf(TrayId(at), Held(Lot(), count, OPENING), SINCE)
        for at, (goods, count) in GOODS.items()
        if goods == sku and count
    ]
    if sku == "NS-HONEY-500":
        second = Lot("L20261101", date(2026, 11, 1), date(2028, 10, 31))
        found.append(OnShelf(TrayId("3-01"), Held(second, 5), "2026-11-20T02:00:00.000Z"))
    return tuple(found)


# A visit's moments: the state of counter and visit, what lies in the basket, what the page hints at.
MOMENTS: dict[str, dict] = {
    "unlocking": {"state": "UNLOCKING", "closes_in_s": 10},
    "open_nothing": {"state": "OPEN", "closes_in_s": 60},
    "open": {"state": "OPEN", "lines": WATER_AND_TEA, "closes_in_s": 42},
    "open_unsure": {"state": "OPEN", "lines": HALF_SURE, "closes_in_s": 42, "notice": "unsure"},
    "open_alarm": {"state": "OPEN", "lines": WATER_AND_TEA, "notice": "door_alarm"},
    "settling": {"state": "SETTLING", "lines": WATER_AND_TEA},
    "asking": asking((line_of(SPICY, 1),), (line_of(SOUR, 1),)),
    "asking_more": asking(
        (line("1-01", 2), line_of(SPICY, 1), line("1-02", 1)),
        (line("1-01", 2), line_of(SOUR, 1), line("1-03", 2), line("1-02", 1)),
    ),
    "asking_many": asking(
        (line_of(SPICY, 2), line("1-04", 1), line("3-01", 1)), (line_of(SOUR, 2), line("2-01", 3))
    ),
    "asking_none": asking((line("3-03", 1),), ()),
    "asking_where": asking((line_of(SPICY, 1),), (msgspec.structs.replace(line_of(SPICY, 1), tray="2-03"),)),
    "chosen": {"state": "SETTLED", "lines": (line_of(SOUR, 1),), "order_no": "AK001-20261123-000019"},
    "both": {"state": "SETTLED", "lines": (line_of(SPICY, 1), line_of(SOUR, 1)), "order_no": "AK001-1"},
    "receipt": {"state": "SETTLED", "lines": WATER_AND_TEA, "order_no": "AK001-20261123-000017"},
    "empty": {"state": "EMPTY"},
    "review": {"state": "REVIEW", "lines": HALF_SURE, "order_no": "AK001-20261123-000018"},
    "cancelled": {"state": "CANCELLED"},
}
VERDICTS = {"SETTLED": "charge", "EMPTY": "empty", "REVIEW": "review", "CANCELLED": "empty"}


class ScriptedCounter:
    """The pages of a counter whose engine plays moments on demand and refuses by PIN."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.asked: list[Request] = []
        self.version = 0
        self.refuse: Refusal | None = None
        self.today = date(2026, 11, 24)
        self.asks = False
        self.web: WebThread | None = None
        self.port = 0
        self.start_web()
        self.idle()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start_web(self) -> None:
        """Start the pages; after a stop, on the port that they had."""
        app = make_app(
            self.stage,
            self.ask,
            lambda _session: None,
            settings_module.decode(SETTINGS.encode()),
            checks=lambda: Readiness({"engine": True}),
            registry=CollectorRegistry(),
            version="0.1.0",
            samples=("demo-001", "demo-002"),
            curves=lambda _session, tray: CURVES.get(tray),
            assortment=lambda: ASSORTMENT,
            lying=lying,
            today=lambda: self.today,
        )
        self.web = WebThread(app, self.stage, "127.0.0.1", self.port)
        self.web.start()
        self.port = self.web.port

    def stop_web(self) -> None:
        """The counter's web thread is gone; the engine is not."""
        if self.web is not None:
            self.web.stop()
            self.web = None

    def ask(self, request: Request) -> None:
        self.asked.append(request)
        self.stage.answer(self._answer(request))

    def _answer(self, request: Request) -> Answer:
        if isinstance(request, AnswerRequest):
            return self._answered(request)
        if not isinstance(request, OpenRequest):
            return Accepted(request.id)
        if self.refuse is not None:
            return Refused(request.id, self.refuse)
        self.play("unlocking")
        return Granted(request.id, SESSION)

    def _answered(self, request: AnswerRequest) -> Answer:
        """The first answer settles; what comes later is not asked for any more."""
        if not self.asks:
            return Refused(request.id, Refusal.NOT_ASKED)
        self.asks = False
        return Accepted(request.id)

    def show(self, **changes: object) -> None:
        self.version += 1
        view = View(
            version=self.version,
            counter="AK-001",
            name="示例专柜 1 号",
            place="示例办公楼 1 层大厅",
            hotline="000-0000-0000(示例)",
            state="READY",
            reason="",
            trays=tuple(TRAYS.values()),
            basket=None,
            online=True,
            token=f"k7Qm2xV9cR4t-{self.version}",
            token_expires_in_s=30,
        )
        self.stage.show(msgspec.structs.replace(view, **changes))

    def shared_trays(self) -> tuple[TrayView, ...]:
        """The trays with two goods on 2-02, in the planogram's order."""
        shared = {SPICY.tray: (SPICY, SOUR)}
        return tuple(one for tray in TRAYS.values() for one in shared.get(tray.tray, (tray,)))

    def idle(self) -> None:
        self.refuse = None
        self.today = date(2026, 11, 24)
        self.show()

    def moment_state(self, moment: str) -> str:
        return MOMENTS[moment]["state"]

    def play(
        self,
        moment: str,
        online: bool = True,
        paid: tuple[PaidView, ...] = (),
        refunded_fen: int = 0,
        **more: object,
    ) -> None:
        """Show the session to its opener and the basket to everybody. paid, refunded_fen: his alone."""
        changes = {
            "lines": (),
            "notice": "",
            "closes_in_s": None,
            "order_no": None,
            "question": None,
            **MOMENTS[moment],
            **more,
        }
        self.asks = changes["question"] is not None
        total = sum(one.amount_fen for one in changes["lines"])
        final = changes["state"] in VERDICTS
        self.stage.show_session(
            SessionView(
                session=SESSION,
                kind="BUY",
                total_fen=total,
                certified_fen=total,
                verdict=VERDICTS.get(changes["state"]),
                opened_at="2026-11-23T06:05:02Z",
                closed_at="2026-11-23T06:06:30Z" if final else None,
                paid=paid,
                refunded_fen=refunded_fen,
                **changes,
            )
        )
        basket = BasketView(kind="BUY", total_fen=total, **changes)
        on_sale = self.shared_trays() if self.asks else tuple(TRAYS.values())
        self.show(state="BUSY", online=online, trays=on_sale, basket=basket)


@pytest.fixture(scope="session")
def counter() -> Iterator[ScriptedCounter]:
    """One counter for all page tests; each test plays what it needs."""
    made = ScriptedCounter()
    yield made
    made.stop_web()


@pytest.fixture
def fresh(counter: ScriptedCounter) -> ScriptedCounter:
    """The counter, idle again and with nothing asked."""
    if counter.web is None:
        counter.start_web()
    counter.idle()
    counter.asked.clear()
    return counter


@pytest.fixture
def watched() -> Iterator[Callable[..., Page]]:
    """``watched(page)``: what goes wrong on it fails the test, once it is over.

    own: where it may load from. all_words: any warning of the browser counts, not only its policy's. To fail
    within Playwright's callback would end the browser of all tests.
    """
    wrong: list[str] = []

    def watch(page: Page, own: str = "", *, all_words: bool = False) -> Page:
        def hear(said: ConsoleMessage) -> None:
            if "Content Security Policy" in said.text or (all_words and said.type in ("error", "warning")):
                wrong.append(said.text)

        page.on("pageerror", lambda error: wrong.append(f"error on the page: {error}"))
        page.on("console", hear)
        if own:
            page.on("request", lambda r: None if own in r.url else wrong.append(f"asked elsewhere: {r.url}"))
        return page

    yield watch
    assert not wrong, wrong


@pytest.fixture
def picture() -> Callable[..., None]:
    """Saves a screenshot under a name in $SCREENSHOTS; without it nobody looks, so none is taken."""
    place = os.environ.get("SCREENSHOTS")

    def take(page: Page, name: str, full: bool = False) -> None:
        if place:
            Path(place).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(place) / f"{name}.png", full_page=full)

    return take


@pytest.fixture
def readme_picture() -> Callable[..., None]:
    """Takes a picture for the READMEs, with README_IMAGES=1; 256 colours are plenty for flat pages."""

    def take(page: Page, name: str, whole: bool = False) -> None:
        if os.environ.get("README_IMAGES") != "1":
            return
        page.wait_for_timeout(600)  # transitions have ended
        taken = Image.open(BytesIO(page.screenshot(full_page=whole))).convert("RGB")
        IMAGES.mkdir(parents=True, exist_ok=True)
        path = IMAGES / name
        taken.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
        assert path.stat().st_size <= MOST_BYTES, name

    return take


@pytest.fixture
def run_demo() -> Iterator[Callable[..., dict]]:
    """``run_demo(folder, *words)``: the demo's programs over that folder; gives what it tells of itself."""
    processes: list[subprocess.Popen[str]] = []

    def start(folder: Path, *words: str) -> dict:
        command = [sys.executable, "-m", "edge", "demo", "--json", "--dir", str(folder), "--port-base", "0"]
        processes.append(subprocess.Popen([*command, *words], stdout=subprocess.PIPE, text=True))
        output = processes[-1].stdout
        assert output is not None
        line = output.readline()
        assert line, "the demo did not start; its words stand above"
        return json.loads(line)

    yield start
    for process in processes:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=15)
