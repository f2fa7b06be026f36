"""A whole counter in one thread on a virtual clock: engine, bus, boards and physics, no sleep, one seed.

``Rig`` is the shell of app.py and of the simulator with the threads taken out. What the simulator knows
to be true is the yardstick of every journey.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from cloud_bridge.feed import Live
from edge.domain.records import Movement
from edge.domain.requests import (
    Accepted,
    Answer,
    AnswerRequest,
    AppealRequest,
    BadgeChecked,
    Granted,
    OpenRequest,
    PinChecked,
    Refused,
    Request,
    RestockRequest,
    SignedIn,
    SignInRequest,
)
from edge.domain.restock_view import Finish, Leave, OpenDoor, RestockAct, RestockView, TileView
from edge.domain.stock import leaving
from edge.domain.values import Clk, Instant, Kind
from edge.domain.view import SessionView, View
from edge.engine import Engine
from edge.flights import Flight
from edge.hardware.build import buses_of
from edge.ledger.ledger import Ledger
from edge.orders.clerk import Clerk
from edge.orders.desk import Trust
from edge.orders.machine import machine_of
from edge.outfit.loading import Outfit, load_outfit
from edge.outfit.sources import Sources
from edge.outfit.watch import OutfitWatch, goods_of
from edge.pins import check_pin, whose_badge
from edge.turn import Goods, Input, VerifyBadge, VerifyPin
from hardware_sim.config import load as load_sim
from hardware_sim.world import World

CONFIG = Path(__file__).parents[2] / "config"
BORN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PINS = {"demo-001": "246810", "demo-restock": "135790"}


def _checked(check: VerifyPin | VerifyBadge) -> PinChecked | BadgeChecked:
    if isinstance(check, VerifyBadge):
        return BadgeChecked(check.id, whose_badge(check.badge, check.against))
    return PinChecked(check.id, check_pin(check.pin, check.against))


class PowerCut(BaseException):
    """The process ends here. Not an Exception, so that nothing hides it."""


class Rig:
    """The counter of ``config/`` in its simulated cabinet. Time only moves in ``run``."""

    def __init__(self, folder: Path, seed: int, outfit: Outfit, config: Path = CONFIG) -> None:
        self.folder = folder
        self.outfit = outfit
        self.now = 1000.0
        self.boot = "boot-1"
        self.clk = Clk.UNSYNCED
        self.off = timedelta()
        """How far the wall clock is from the world's time."""
        self.random = Random(f"{seed}/rig")
        self.world = World(load_sim(config / "sim.toml"), seed, now=self.now)
        self.views: list[View] = []
        self.sessions: dict[str, SessionView] = {}
        self.lives: list[Live] = []
        self.flights: dict[str, Flight] = {}
        self.answers: dict[str, Answer] = {}
        self.asked = 0
        self.inbox: list[Input] = []
        self.effects = 0
        self.cut_at: int | None = None
        self.starts_at: float | None = None
        self.unlocks_sent = 0
        self.swallow_checks = False
        self.task: RestockView | None = None
        self.secret = ""
        self.trust: Trust | None = None
        self.configured = ("", "")
        self.on_start: Callable[[], None] = lambda: None
        self.sources: Sources | None = None
        self.clerk: Clerk | None = None
        self.start()

    # --- the process ---------------------------------------------------------------------------
    def start(self) -> None:
        """Start the program: everything it knows comes from its files."""
        self.ledger = Ledger.open(
            self.folder / "ledger.db", self.outfit.settings.counter.id, self.instant, self.random.randbytes
        )
        self._cut_around_commits(self.ledger)
        if self.sources is not None:
            self._read(self.sources)
        self.goods = goods_of(self.outfit)
        self.engine = Engine(
            self.outfit.settings,
            self.goods,
            self.ledger,
            self._hex,
            self.instant,
            self.trust,
            self.configured,
        )
        (self.bus,) = buses_of(self.outfit.settings).values()
        self.bus.line_up(self.now)
        self.bus_due = self.engine_due = self.now
        self.inbox.clear()
        self.plugged = True
        self.on_start()

    def _read(self, sources: Sources) -> None:
        """As app.py does: files, documents and settings of the centre, and the worker for its commands."""
        self.outfit, _ = sources.start()
        self.configured = (self.outfit.overlay.command, self.outfit.overlay.failed)
        watch = OutfitWatch(self.outfit, sources.again, self.inbox.append)
        self.clerk = Clerk(watch, sources.trial, lambda: machine_of(self.folder))

    def kill(self) -> None:
        """The process ends at once; what it had not committed is gone."""
        self.ledger.close()
        self.task, self.secret = None, ""

    def effect(self) -> None:
        """Called at each step and on both sides of each commit: where the power may fail."""
        self.effects += 1
        if self.effects == self.cut_at:
            raise PowerCut

    def _cut_around_commits(self, ledger: Ledger) -> None:
        attempt = ledger._attempt

        def cut(*words: Any) -> Any:
            self.effect()
            done = attempt(*words)
            self.effect()
            return done

        ledger._attempt = cut

    def _crash(self, back_in_s: float = 3.0) -> None:
        self.kill()
        self.starts_at = self.now + back_in_s

    def _hex(self, size: int) -> str:
        return self.random.randbytes(size).hex()

    @property
    def instant(self) -> Instant:
        return Instant(self.now, BORN + timedelta(seconds=self.now) + self.off, self.boot, self.clk)

    # --- time ------------------------------------------------------------------------------------
    def run(self, seconds: float) -> None:
        self.run_until(lambda: False, seconds)

    def skip(self, seconds: float) -> None:
        """Let time pass in one leap, as if the machine had slept: only for long waits without traffic."""
        self.now += seconds
        self.bus_due = self.engine_due = self.now
        self.run(2.0)

    def run_until(self, done: Callable[[], bool], limit_s: float) -> bool:
        """Let time pass until ``done`` or the limit; gives whether it was done."""
        end = self.now + limit_s
        while not done():
            if self.starts_at is not None:
                self._stay_dead(end)
                if self.starts_at is not None:
                    return done()
                continue
            arriving = self.world.line.next_due() if self.plugged else None
            following = [self.bus_due, self.engine_due, arriving or end]
            self.now = max(self.now, min(end, *following))
            try:
                self._turn()
            except PowerCut:
                self._crash()
            if self.now >= end:
                return done()
        return True

    def _stay_dead(self, end: float) -> None:
        assert self.starts_at is not None
        self.now = max(self.now, min(end, self.starts_at))
        self.world.line.receive(self.now)  # boards go on talking to nobody
        if self.now >= self.starts_at:
            self.starts_at = None
            try:
                self.start()
            except PowerCut:
                self._crash()

    def _turn(self) -> None:
        self._plug()
        heard = self.world.line.receive(self.now) if self.plugged else b""
        if heard or self.now >= self.bus_due:
            turn = self.bus.step(heard, self.now)
            self.inbox += turn.signals
            if turn.send and self.plugged:
                self.unlocks_sent += turn.send[0] == 0x8A
                self.world.line.send(turn.send, self.now)
            self.bus_due = max(turn.due, self.now + 1e-6)
        if self.inbox or self.now >= self.engine_due:
            self._step()

    def _plug(self) -> None:
        if self.world.unplugged and self.plugged:
            self.plugged = False
            self.bus.line_down(self.now, "unplugged")
        elif not self.world.unplugged and not self.plugged:
            self.plugged = True
            self.bus.line_up(self.now)
            self.bus_due = self.now

    def _step(self) -> None:
        self.effect()
        inputs, self.inbox = self.inbox, []
        turn = self.engine.step(inputs, self.instant)
        for job in turn.jobs:
            self.bus.submit(job)
            self.bus_due = self.now
        for check in [] if self.swallow_checks else turn.checks:
            self.inbox.append(_checked(check))
        for errand in turn.errands if self.clerk else []:
            self.inbox.append(self.clerk.do(errand))
            self.effect()
        if turn.adopted and self.clerk:
            self.clerk.adopt(turn.adopted)
        for answer in turn.answers:
            self.answers[answer.id] = answer
        if turn.live is not None:
            self.lives.append(turn.live)
        for session in turn.sessions:
            self.sessions[session.session] = session
        for flight in turn.flights:
            self.flights[flight.recording.id] = flight
        if turn.view is not None:
            self.views.append(turn.view)
        if turn.restock is not None or turn.signed_out:
            self.task, self.secret = turn.restock or (None, "")
        if turn.restart and self.clerk:
            self.clerk.install(turn.restart)
            self.effect()
            self.kill()
            self.start()
            return
        # What is due within less than the clock's own step would never come: time would stand still.
        self.engine_due = max(turn.due, self.now + 1e-6) if not self.inbox else self.now

    # --- people ----------------------------------------------------------------------------------
    @property
    def view(self) -> View:
        return self.views[-1]

    def ready(self) -> "Rig":
        """Wait until the counter sells and its trays have been quiet for a while."""
        assert self.run_until(lambda: bool(self.views) and self.view.state == "READY", 20), self.view.reason
        self.run(2.0)
        return self

    def ask(
        self,
        account: str = "demo-001",
        pin: str | None = None,
        token: str | None = None,
        kind: Kind = Kind.BUY,
        key: str | None = None,
    ) -> Answer:
        """Ask for the door, as the phone page does; gives the counter's answer."""
        id = self.send(account, pin, token, kind, key)
        assert self.run_until(lambda: id in self.answers, 5.0)
        return self.answers[id]

    def send(
        self,
        account: str = "demo-001",
        pin: str | None = None,
        token: str | None = None,
        kind: Kind = Kind.BUY,
        key: str | None = None,
    ) -> str:
        """Put the question and go on; gives its id."""
        self.asked += 1
        id = f"ask-{self.asked}"
        pin = PINS.get(account, "") if pin is None else pin
        token = self.view.token if token is None else token
        self.inbox.append(OpenRequest(id, kind, token, account, pin, key or id))
        self.engine_due = self.now
        return id

    def open(self, **words: Any) -> str:
        """Ask and be let in; gives the session's id once the bolt has moved."""
        answer = self.ask(**words)
        assert isinstance(answer, Granted), answer
        assert self.run_until(lambda: self.state["bolt"] == "unlocked", 3.0)
        return answer.session

    # --- the supplier's staff ------------------------------------------------------------------------
    def sign_in(self, account: str = "demo-restock", pin: str | None = None, badge: str = "") -> Answer:
        """Sign in at the counter's screen."""
        pin = PINS.get(account, "") if pin is None else pin
        return self._asked(lambda id: SignInRequest(id, account, "" if badge else pin, badge))

    def tap(self, act: RestockAct) -> Answer:
        """One tap of whoever is signed in; gives the counter's answer."""
        return self._asked(lambda id: RestockRequest(id, self.secret, act))

    def taps(self, *acts: RestockAct) -> None:
        """Taps that are all accepted."""
        for act in acts:
            answer = self.tap(act)
            assert isinstance(answer, Accepted), (act, answer)

    def tile(self, tray: str, sku: str | None = None) -> TileView:
        assert self.task is not None
        return next(t for t in self.task.tiles if t.tray == tray and sku in (None, t.sku))

    def stage(self, stage: str, limit_s: float = 10.0) -> RestockView:
        """Wait until the restocker's screen shows this."""
        reached = self.run_until(lambda: self.task is not None and self.task.stage == stage, limit_s)
        assert reached, self.task and (self.task.stage, self.task.blockers)
        assert self.task is not None
        return self.task

    def fill(self, *acts: tuple[str, dict[str, Any]]) -> RestockView:
        """Sign in, open, do ``acts``, shut; gives the sheet that waits for its signature."""
        self.begin_restock()
        for do, words in acts:
            self.act(do, **words)
        self.act("close_door", wait=0.0)
        return self.stage("SHEET")

    def sign(self) -> None:
        """Sign the sheet, once it is there, and go."""
        self.stage_of_staff("SHEET")
        self.taps(Finish())
        self.stage("DONE")
        self.taps(Leave())

    def stage_of_staff(self, stage: str) -> None:
        """Wait for it as whoever opened the door, who may not have signed in at the screen."""
        self.secret = self.staff_secret
        self.stage(stage, 25.0)

    @property
    def staff_secret(self) -> str:
        """Of whoever signed in last, by opening the door or at the screen."""
        secrets = [a.secret for a in self.answers.values() if isinstance(a, Granted | SignedIn) and a.secret]
        return secrets[-1]

    def begin_restock(self) -> None:
        """Sign in and open the door."""
        assert isinstance(self.sign_in(), SignedIn)
        self.open_again()

    def open_again(self) -> None:
        """Whoever is signed in opens the door, at first or from the sheet."""
        self.taps(OpenDoor())
        assert self.run_until(lambda: self.state["bolt"] == "unlocked", 3.0)
        self.act("open_door")

    def restock(self, *acts: tuple[str, dict[str, Any]]) -> str:
        """A whole restock without exceptions; gives its document's number."""
        self.fill(*acts)
        self.taps(Finish())
        return self.stage("DONE").document

    def _asked(self, request: Callable[[str], Request]) -> Answer:
        self.asked += 1
        id = f"asked-{self.asked}"
        self.inbox.append(request(id))
        self.engine_due = self.now
        assert self.run_until(lambda: id in self.answers, 5.0)
        self.run(0.05)
        return self.answers[id]

    def reprice(self, tray: str, price_fen: int) -> None:
        """Another catalogue arrives, in which this tray's product costs ``price_fen``."""
        (sku,) = self.outfit.planogram.skus(tray)
        products = dict(self.goods.catalogue.products)
        products[sku] = replace(products[sku], price=price_fen)
        self._bring(replace(self.goods, catalogue=replace(self.goods.catalogue, products=products)))

    def expire(self, tray: str) -> None:
        """This tray's goods, wherever they lie, turn out to be of a lot that expired yesterday."""
        skus = self.goods.planogram.skus(tray)
        yesterday = (self.instant.wall - timedelta(days=1)).date()
        for place, held in self.ledger.lots().items():
            if place[1] in skus:
                count = sum(each.count for each in held)
                gone = leaving(held, *place, "ADJUST", count, "counted anew")
                kind = "RESTOCK" if place[0] == tray else "MISPLACED"
                found = Movement(*place, kind, count, "counted anew", "OLD", expires_on=yesterday)
                self.ledger.move_stock([*gone, found], None, self.instant)

    def replan(self, skus: Mapping[str, str]) -> None:
        """Another planogram arrives, in which these trays hold other products."""
        trays = dict(self.goods.planogram.trays)
        for tray, sku in skus.items():
            trays[tray] = (replace(trays[tray][0], sku=sku),)
        planogram = replace(self.goods.planogram, version="another", trays=trays)
        self._bring(replace(self.goods, planogram=planogram))

    def limit(self, login: str, quota: int) -> None:
        """Another roster arrives, in which this account may spend no more than ``quota`` fen."""
        accounts = dict(self.goods.roster.accounts)
        accounts[login] = replace(accounts[login], quota=quota)
        self._bring(replace(self.goods, roster=replace(self.goods.roster, accounts=accounts)))

    def _bring(self, goods: Goods) -> None:
        self.goods = goods
        self.inbox.append(goods)
        self.engine_due = self.now
        self.run(0.1)

    def refused(self, **words: Any) -> str:
        answer = self.ask(**words)
        assert isinstance(answer, Refused), answer
        return answer.code

    def answer(self, choice: int | None, session: str | None = None) -> Answer:
        """Tap one of two explanations, on the screen or (with ``session``) on the phone."""
        self.asked += 1
        id = f"answer-{self.asked}"
        self.inbox.append(AnswerRequest(id, session, choice))
        self.engine_due = self.now
        assert self.run_until(lambda: id in self.answers, 2.0)
        return self.answers[id]

    def appeal(self, session: str, reason: str) -> Answer:
        self.inbox.append(AppealRequest("appeal", session, reason))
        self.engine_due = self.now
        assert self.run_until(lambda: "appeal" in self.answers, 2.0)
        return self.answers["appeal"]

    def act(self, do: str, wait: float = 1.5, **words: Any) -> None:
        """Do something at the cabinet, then let ``wait`` seconds pass."""
        self.world.act({"do": do, **words}, self.now)
        self.run(wait)

    def act_dead(self, do: str, **words: Any) -> None:
        """Do something at the cabinet while no program looks on; two seconds pass."""
        self.now += 1.0
        self.world.act({"do": do, **words}, self.now)
        self.now += 1.0

    @property
    def state(self) -> dict[str, Any]:
        return self.world.state(self.now)

    def closed(self, session: str) -> bool:
        view = self.sessions.get(session)
        return view is not None and view.closed_at is not None

    def settled(self, session: str, limit_s: float = 10.0) -> SessionView:
        """Wait for the session's record."""
        assert self.run_until(lambda: self.closed(session), limit_s), self.sessions.get(session)
        return self.sessions[session]

    def visit(self, *acts: tuple[str, dict[str, Any]]) -> SessionView:
        """One whole visit: open, ``acts``, close, settle."""
        session = self.open()
        self.act("open_door")
        for do, words in acts:
            self.act(do, **words)
        self.act("close_door", wait=0.0)
        return self.settled(session)

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Rows of the ledger's file, read as another process would."""
        with closing(sqlite3.connect(f"file:{self.folder / 'ledger.db'}?mode=ro", uri=True)) as db:
            return db.execute(sql, parameters).fetchall()

    # --- the yardstick -----------------------------------------------------------------------------
    def truly_on(self) -> dict[str, int]:
        """Pieces that lie on each tray."""
        return {tray["id"]: sum(tray["goods"].values()) for tray in self.state["trays"]}

    def sold(self) -> dict[tuple[str, str], int]:
        """Pieces that every sale so far charged, by tray and product."""
        rows = self.query("SELECT tray, sku, sum(count) FROM sale_line GROUP BY tray, sku")
        return {(tray, sku): count for tray, sku, count in rows}

    def charged(self) -> dict[str, int]:
        """Pieces that every sale so far charged, by tray."""
        totals: dict[str, int] = {}
        for tray, count in self.query("SELECT tray, sum(count) FROM sale_line GROUP BY tray"):
            totals[tray] = count
        return totals

    def events(self, type: str) -> list[Mapping[str, Any]]:
        rows = self.query("SELECT body FROM event WHERE type = ? ORDER BY seq", type)
        return [json.loads(body)["data"] for (body,) in rows]

    def alarm_kinds(self) -> set[str]:
        return {event["kind"] for event in self.events("alarm.raised.v1")}


@pytest.fixture(scope="session")
def outfit() -> Outfit:
    return load_outfit(CONFIG / "counter.toml", environ={})


@pytest.fixture
def rig(tmp_path: Path, outfit: Outfit) -> Rig:
    return Rig(tmp_path, 1, outfit).ready()


@pytest.fixture
def shared_rig(tmp_path: Path) -> Callable[..., Rig]:
    """A counter in which some trays hold several products: tray → {product: pieces}."""

    def make(trays: Mapping[str, Mapping[str, int]], seed: int = 1) -> Rig:
        folder = tmp_path / f"shared-{seed}"
        config = folder / "config"
        shutil.copytree(CONFIG, config)
        text = (CONFIG / "planogram.toml").read_text(encoding="utf-8")
        head, *tables = text.split("[[tray]]")
        kept = [table for table in tables if not any(f'id = "{tray}"' in table for tray in trays)]
        new = [
            f'\nid = "{tray}"\nsku = "{sku}"\ncapacity = {count}\npar = {count}\nopening = {count}\n'
            for tray, goods in trays.items()
            for sku, count in goods.items()
        ]
        planogram = "[[tray]]".join([head, *kept, *new])
        (config / "planogram.toml").write_text(planogram, encoding="utf-8")
        with (config / "counter.toml").open("a", encoding="utf-8") as settings:
            settings.write('\n[weighing]\nlint = "warn"\n')  # some of these the linter would refuse
        outfit = load_outfit(config / "counter.toml", environ={})
        return Rig(folder, seed, outfit, config).ready()

    return make


@pytest.fixture
def make_rig(tmp_path: Path, outfit: Outfit) -> Callable[[int], Rig]:
    return lambda seed: Rig(tmp_path, seed, outfit).ready()


@pytest.fixture
def rig_of(tmp_path: Path) -> Callable[[Outfit], Rig]:
    """A counter that is set up with this."""
    return lambda outfit: Rig(tmp_path, 1, outfit).ready()
