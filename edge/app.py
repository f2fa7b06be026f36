"""``counter run``: puts the counter's threads together and runs the engine's loop in the main one.

It decides nothing. Threads of ports and pages only put values on the engine's queue; what a step asks
for is handed on here. Who owns what stands in docs/processes.md.
"""

import json
import logging
import queue
import secrets
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Info
from prometheus_client import Counter as Tally

from cloud_bridge.feed import EngineHealth
from cloud_bridge.signed import BUILT, trusted
from edge.clock import Clock
from edge.domain.orders import Why
from edge.domain.requests import BadgeChecked, PinChecked
from edge.domain.values import Instant, SessionId, Sku
from edge.domain.view import SessionView
from edge.engine import Engine
from edge.errors import CounterError
from edge.flights import Flights
from edge.hardware.build import buses_of
from edge.hardware.port import PortThread, log_capture
from edge.hardware.signals import Job, Sweep, Unlock
from edge.lately_files import LatelyFiles
from edge.ledger.delivery import used_beyond
from edge.ledger.ledger import Ledger
from edge.ledger.outbox import Outbox
from edge.ledger.reading import Reading, session_view
from edge.ledger.renewal import renew
from edge.ledger.shelf import Shelf
from edge.ledger.supplier_reading import SupplierReading
from edge.ledger.trays import tray_of
from edge.notify import Notify
from edge.orders.clerk import Clerk
from edge.orders.desk import Trust
from edge.orders.inbox import INBOX_EVERY_S, InboxWatch
from edge.orders.machine import free_mib, machine_of
from edge.outfit.loading import Outfit
from edge.outfit.sources import Sources
from edge.outfit.watch import OutfitWatch, goods_of
from edge.pins import check_pin, whose_badge
from edge.screens.app import make_app
from edge.screens.health import Readiness
from edge.screens.server import WebThread
from edge.screens.stage import Stage
from edge.serving import (
    assortment_of,
    centre_keeps_up,
    planogram_picture,
    receipt_picture,
    sample_logins,
    staff_of,
)
from edge.told_time import ToldWatch
from edge.turn import CentreSeen, Errand, Input, Tried, Turn, VerifyBadge, VerifyPin

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 64
"""Inputs taken into one step, so that a flood cannot keep time-outs from being seen."""

CENTRE_EVERY_S = 5.0


class Broken(CounterError):
    """A thread that the counter cannot do without has ended. The service manager starts it again."""

    exit_code = 70


def run(sources: Sources, *, as_json: bool) -> int:
    """Run until SIGTERM or SIGINT. SIGHUP reads catalogue, planogram, roster and the other files again.

    Settings that the centre changes are started with anew, in the same process. Raises CounterError when it
    cannot start or a thread dies. With ``as_json`` one line on stdout says where the pages are.
    """
    clock = Clock()
    outfit, refused = sources.start()
    outfit.data.mkdir(parents=True, exist_ok=True)
    ledger = opened(outfit.data / "ledger.db", outfit.settings.counter.id, clock)
    with closing(ledger):
        clock.not_before(last_moment(ledger))
        while True:
            process = started(outfit, ledger, clock, sources, refused)
            code = process.run(as_json)
            if not process.again:
                return code
            port, as_json = process.port, False
            outfit, refused = sources.start()
            outfit = at_port(outfit, port)


def opened(path: Path, counter: str, clock: Clock) -> Ledger:
    """The ledger; one that is a copy put back goes on under a new incarnation, with an alarm."""
    kept = None
    if copy_of_before(path.parent) is not None:
        kept = renew(path, secrets.token_bytes)
        log.error("ledger_restored", alarm=True, evidence=str(kept))
    ledger = Ledger.open(path, counter, clock.now(), secrets.token_bytes)
    if kept is not None:
        ledger.raise_alarm("LEDGER_RESTORED", "ledger", "CRITICAL", kept.name, None, clock.now())
    return ledger


def copy_of_before(data: Path) -> int | None:
    """A number that the centre has under this ledger's name and this ledger has not, or has otherwise."""
    if not (data / "ledger.db").is_file():
        return None
    with closing(Outbox(data / "ledger.db")) as outbox:
        return used_beyond(data / "bridge.db", outbox)


def started(
    outfit: Outfit, ledger: Ledger, clock: Clock, sources: Sources, refused: tuple[str, ...]
) -> "Process":
    """The process of ``outfit``; of the settings before, where those of the centre do not let it start."""
    try:
        process = Process(outfit, ledger, clock, sources, refused)
    except CounterError as error:
        if not sources.undo(outfit):
            raise
        log.error("settings_taken_back", error=str(error))
        outfit, refused = sources.start()
        process = Process(outfit, ledger, clock, sources, refused)
    process.catch_signals()
    return process


class Copied(CounterError):
    """The ledger was put back from a copy. The next start gives it a new incarnation."""

    exit_code = 70


class Process:
    """The threads around the engine. Everything it starts it also stops, the pages last."""

    def __init__(
        self,
        outfit: Outfit,
        ledger: Ledger,
        clock: Clock,
        sources: Sources,
        refused: tuple[str, ...] = (),
    ) -> None:
        """refused: why ``outfit`` is that of the kept copies; (): it is that of the files."""
        self._outfit = outfit
        self._clock = clock
        self._inbox: queue.SimpleQueue[Input | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._broken: BaseException | None = None
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="worker")
        self._registry = CollectorRegistry()
        self._sweeps = Tally("counter_sweeps", "Rounds over the trays taken in", registry=self._registry)
        Info("counter_build", "The version that runs", registry=self._registry).info(
            {"version": version("smart-counter")}
        )
        self._centre_at = 0.0
        self._flights = Flights(outfit.data / "flights", outfit.settings.weighing.flight_days)
        goods, settings, overlay = goods_of(outfit), outfit.settings, outfit.overlay
        trust = Trust(settings.counter.id, trusted(settings.commands.keys), built_at())
        configured = (overlay.command, overlay.failed)
        self._engine = Engine(settings, goods, ledger, secrets.token_hex, clock.now(), trust, configured)
        self._goods, self._assortment = goods, assortment_of(goods)
        self._stage = Stage()
        self._lock_port = outfit.settings.lock.port
        self._ports = self._make_ports(outfit)
        self._web = self._make_web(outfit)
        self._files = OutfitWatch(outfit, sources.again, self._inbox.put)
        self._files.begin(refused)
        self._clerk = Clerk(self._files, sources.trial, partial(machine_of, outfit.data))
        self._orders = InboxWatch(outfit.data / "bridge.db", self._inbox.put)
        self._lately = LatelyFiles(outfit.data)
        self._told = ToldWatch(outfit.data, trust.keys, clock)
        self.again = False
        """Whether it ended to be started with other settings."""

    @property
    def port(self) -> int:
        """Of the pages."""
        return self._web.port

    def catch_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._end(None))
        signal.signal(signal.SIGHUP, lambda *_: self._worker.submit(self._files.read_again))

    def run(self, as_json: bool) -> int:
        try:
            self._web.start()
            for port in self._ports.values():
                port.start()
            if as_json:
                sys.stdout.write(json.dumps({"api": self._web.url, "screen": f"{self._web.url}/"}) + "\n")
                sys.stdout.flush()
            self._loop()
        finally:
            self._shut_down()
        if self._broken is not None:
            raise Broken(f"a thread died: {self._broken!r}") from self._broken
        return 0

    # --- the loop -----------------------------------------------------------------------------------
    def _loop(self) -> None:
        due = self._clock.now().mono
        notify = Notify()
        notify.ready()
        while not self._stop.is_set():
            inputs = self._inputs(min(due - self._clock.now().mono, INBOX_EVERY_S))
            self._sweeps.inc(sum(isinstance(item, Sweep) for item in inputs))
            now = self._clock.now()
            notify.beat(now.mono)
            turn = self._engine.step(inputs, now)
            self._carry_out(turn)
            due = turn.due
            self._look_after_threads()
            self._orders.look(now.mono)
            self._told.look()
            self._lately.show(turn.live, now.mono)
            if self._lately.is_due(now.mono):
                self._lately.tell(self._health(now))
            if now.mono >= self._centre_at:
                self._centre_at = now.mono + CENTRE_EVERY_S
                self._worker.submit(self._look_at_centre)

    def _inputs(self, wait_s: float) -> list[Input]:
        """What has come, waiting at most ``wait_s`` for the first."""
        inputs: list[Input] = []
        try:
            item = self._inbox.get(timeout=max(0.0, wait_s))
            while True:
                if item is not None:
                    inputs.append(item)
                if len(inputs) == MOST_AT_ONCE:
                    break
                item = self._inbox.get_nowait()
        except queue.Empty:
            pass
        return inputs

    def _carry_out(self, turn: Turn) -> None:
        for job in turn.jobs:
            self._submit(job)
        for check in turn.checks:
            self._worker.submit(self._check, check)
        for errand in turn.errands:
            self._worker.submit(self._run_errand, errand)
        if turn.adopted:
            self._worker.submit(self._clerk.adopt, turn.adopted)
        for flight in turn.flights:
            self._worker.submit(self._flights.keep, flight)
        for session in turn.sessions:
            self._stage.show_session(session)
        if self._engine.goods is not self._goods:
            self._goods = self._engine.goods
            self._assortment = assortment_of(self._goods)
        if turn.view is not None:
            self._stage.show(turn.view)
        if turn.restock is not None:
            self._stage.show_restock(*turn.restock)
        elif turn.signed_out:
            self._stage.show_restock(None)
        for answer in turn.answers:
            self._stage.answer(answer)
        if turn.restart:
            self._restart(turn.restart)

    def _submit(self, job: Job) -> None:
        if isinstance(job, Unlock):
            self._ports[self._lock_port].submit(job)
            return
        for port in self._ports.values():
            port.submit(job)

    def _look_after_threads(self) -> None:
        """The pages may die and the door logic goes on; with nobody at the door a fresh start is better."""
        view = self._stage.view()
        if not self._web.alive() and view is not None and view.basket is None:
            self._end(RuntimeError("the web thread ended"))

    # --- the worker -----------------------------------------------------------------------------------
    def _check(self, check: VerifyPin | VerifyBadge) -> None:
        if isinstance(check, VerifyBadge):
            self._inbox.put(BadgeChecked(check.id, whose_badge(check.badge, check.against)))
        else:
            self._inbox.put(PinChecked(check.id, check_pin(check.pin, check.against)))

    def _run_errand(self, errand: Errand) -> None:
        self._inbox.put(self._clerk.do(errand))

    def _restart(self, command: str) -> None:
        """Nobody is at the door: end, to be started with the settings of ``command``."""
        try:
            self._clerk.install(command)
        except OSError as error:
            log.error("settings_not_written", error=str(error))
            self._inbox.put(Tried(command, Why.STORAGE, str(error.strerror), failed=True))
            return
        self.again = True
        self._end(None)

    def _nobody_there(self) -> bool:
        view = self._stage.view()
        return view is not None and view.basket is None

    def _look_at_centre(self) -> None:
        try:
            if (number := copy_of_before(self._outfit.data)) is not None and self._nobody_there():
                self._end(
                    Copied(f"the centre has another event {number} of this ledger: it is an older copy")
                )
            self._inbox.put(CentreSeen(centre_keeps_up(self._outfit.data, self._clock.now().wall)))
        except CounterError as error:
            log.warning("centre_unknown", error=str(error))

    # --- making and ending ----------------------------------------------------------------------------
    def _make_ports(self, outfit: Outfit) -> dict[str, PortThread]:
        settings, ports = outfit.settings, {}
        for name, bus in buses_of(settings, outfit.path.parent).items():
            url, baud = settings.ports[name].url, settings.ports[name].baud
            debug = log.is_enabled_for(logging.DEBUG)
            ports[name] = PortThread(
                url,
                baud,
                bus,
                self._inbox.put,
                self._stop,
                capture=log_capture(name) if debug else None,
                died=self._end,
            )
        return ports

    def _make_web(self, outfit: Outfit) -> WebThread:
        settings, past = outfit.settings, Reading(outfit.data / "ledger.db")

        def names(sku: Sku) -> tuple[str, str]:
            product = self._files.outfit.catalogue.products.get(sku)
            return (product.name_zh, product.name_en) if product else (sku, sku)

        def history(session: SessionId) -> SessionView | None:
            found = past.session_of(session)
            return session_view(found, names) if found else None

        app = make_app(
            self._stage,
            self._inbox.put,
            history,
            settings,
            checks=self._readiness,
            registry=self._registry,
            version=version("smart-counter"),
            samples=sample_logins(outfit),
            curves=partial(tray_of, outfit.data / "ledger.db"),
            picture=lambda: planogram_picture(self._files.outfit),
            assortment=lambda: self._assortment,
            lying=Shelf(outfit.data / "ledger.db").lying,
            roll=lambda: staff_of(self._files.outfit),
            voice_dir=outfit.path.parent / settings.screens.voice_dir if settings.screens.voice_dir else None,
            owned=SupplierReading(outfit.data / "ledger.db").owned,
            receipt=lambda number, width: receipt_picture(self._files.outfit, number, width),
        )
        return WebThread(app, self._stage, settings.screens.host, settings.screens.port)

    def _health(self, now: Instant) -> EngineHealth:
        health = self._engine.health(self._stage.view(), now)
        return msgspec.structs.replace(health, free_mib=free_mib(self._outfit.data))

    def _readiness(self) -> Readiness:
        """From the newest view alone: the web thread asks."""
        view = self._stage.view()
        if view is None:
            return Readiness({"engine": False})
        checks = {
            "engine": True,
            "ledger": view.reason != "ledger",
            "lock": view.reason not in ("line", "lock"),
            "scales": any(tray.in_service for tray in view.trays),
        }
        return Readiness(checks, () if view.online else ("cloud",))

    def _end(self, error: BaseException | None) -> None:
        self._broken = self._broken or error
        self._stop.set()
        self._inbox.put(None)

    def _shut_down(self) -> None:
        self._stop.set()
        for port in self._ports.values():
            if port.ident is not None:
                port.join(3.0)
        self._worker.shutdown(wait=True, cancel_futures=True)
        self._orders.close()
        self._web.stop()


def at_port(outfit: Outfit, port: int) -> Outfit:
    """Where any free port was asked for, the one that was found stays."""
    if outfit.settings.screens.port:
        return outfit
    screens = msgspec.structs.replace(outfit.settings.screens, port=port)
    return replace(outfit, settings=msgspec.structs.replace(outfit.settings, screens=screens))


def last_moment(ledger: Ledger) -> datetime:
    """The latest moment that has passed for sure: no clock that nobody set may run behind it."""
    built = datetime.fromtimestamp(max(built_at(), BUILT), UTC)
    return max(built, ledger.last_time() or built)


def built_at() -> int:
    """When this program was installed, in seconds since 1970: no earlier moment can be now."""
    return int(Path(__file__).stat().st_mtime)
