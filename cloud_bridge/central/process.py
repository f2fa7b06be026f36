"""The centre's process: builds the parts and runs them. The worker has the main thread, the pages another.

Either may run alone, so that workers and pages are as many as each needs.
"""

import signal
from collections.abc import Callable
from pathlib import Path
from random import Random
from secrets import token_bytes
from threading import Event as Flag
from time import monotonic

import structlog
from argon2 import PasswordHasher
from prometheus_client import CollectorRegistry

from cloud_bridge.central import worker
from cloud_bridge.central.access import Limits
from cloud_bridge.central.app import Site, Web
from cloud_bridge.central.commanding import Request
from cloud_bridge.central.commanding_post import Pen, Post
from cloud_bridge.central.commanding_routes import Commands
from cloud_bridge.central.commanding_spool import hand_in
from cloud_bridge.central.database import Address, open_reader
from cloud_bridge.central.fair import Buckets
from cloud_bridge.central.gap_watch import GapWatch, gap_signs
from cloud_bridge.central.metrics import FleetMetrics, WorkerMetrics, reader_with_acks
from cloud_bridge.central.outward import reader_of
from cloud_bridge.central.own_alarm_watch import Watch, floods
from cloud_bridge.central.projecting import rebuild
from cloud_bridge.central.settings import Settings, command_places, patience
from cloud_bridge.central.store import Store
from cloud_bridge.central.trust.office import office_of
from cloud_bridge.central.trust.web import Counterside
from cloud_bridge.enrolment import Broker
from cloud_bridge.link import Wake, broker_of
from cloud_bridge.status import StatusPort
from edge.notify import Notify

BEAT_S = 0.5

log = structlog.get_logger("centre")


def serve(
    settings: Settings,
    database: Address,
    stop: Flag,
    ready: Callable[[str | None], None],
    random: Random,
    *,
    pages: bool = True,
) -> None:
    """Take in, and with ``pages`` show, until ``stop`` (SIGTERM and SIGINT set it).

    ``ready`` is told the base URL, None without pages.
    """
    store = Store(database)
    if store.is_renewed():
        with store.transaction() as db:
            rebuild(db)
            store.note_rebuilt()
        log.info("projections_renewed")
    link = worker.link(broker_of(settings.mqtt), settings.worker.id, random)

    def leave(*_: object) -> None:
        stop.set()
        link.events.put(Wake())  # reentrant, so a signal may call it

    _on_signals(leave)
    key, spool = command_places(settings, database)
    metrics = WorkerMetrics()
    web = _web(settings, database, link.is_up, metrics.registry) if pages else None
    ready(web.start() if web else None)
    pen = Pen(key, token_bytes)
    post = Post(store, pen, spool)
    buckets = Buckets(settings.worker.counter_per_s)
    hooks, silent_s = Path(settings.webhooks.path), settings.worker.silent_min * 60
    seen = [lambda: floods(buckets, settings.worker.id, monotonic()), lambda: gap_signs(store.db)]
    watch = Watch(store, database, silent_s, hooks, seen)
    gaps = GapWatch(
        store, pen.issuer, settings.worker.id, random, patience(settings.gaps), settings.gaps.look_s
    )
    changed = web.changed if web else lambda: None
    taking = worker.Worker(
        store, link, changed, post, watch=watch, buckets=buckets, gaps=gaps, metrics=metrics
    )
    port = settings.worker.status_port
    told = StatusPort(port, taking.pulse, metrics.registry) if port else None
    if told:
        log.info("status_port", url=told.start())
    try:
        worker.loop(taking, link, stop)
    finally:
        if told:
            told.stop()
        if web:
            web.stop()
        watch.close()
        store.close()
    log.info("centre_stopped")


def show(settings: Settings, database: Address, stop: Flag, ready: Callable[[str], None]) -> None:
    """Only the pages and the API, beside workers of their own; until ``stop``.

    Whether the broker is there is the workers' to say. Commands wait in the spool for a worker that reads it.
    """
    if isinstance(database, Path):
        open_reader(database).close()  # raises NoInput where there is none
    else:
        Store(database).close()  # on a server its tables are made by whoever comes first
    _on_signals(lambda *_: stop.set())
    web = _web(settings, database, lambda: True)
    ready(web.start())
    notify = Notify()
    notify.ready()
    try:
        while not stop.wait(BEAT_S):
            notify.beat(monotonic())
    finally:
        web.stop()
    log.info("centre_stopped")


def _on_signals(leave: Callable[..., None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)


def _web(
    settings: Settings,
    database: Address,
    broker_up: Callable[[], bool],
    registry: CollectorRegistry | None = None,
) -> Web:
    web = settings.web
    site = site_of(settings, database, broker_up, registry=registry)
    return Web(site, web.host, web.port, web.proxy)


def site_of(
    settings: Settings,
    database: Address,
    broker_up: Callable[[], bool],
    hasher: PasswordHasher | None = None,
    registry: CollectorRegistry | None = None,
) -> Site:
    """The whole application as it is served. hasher: None for the real one. registry: of what else counts."""
    web = settings.web
    limits = Limits(idle_s=web.idle_min * 60, absolute_s=web.absolute_h * 3600)
    trust = counterside(settings, database)
    key, spool = command_places(settings, database)

    def submit(request: Request) -> None:
        hand_in(spool, request)

    commands = Commands(reader_of(database), submit)
    registry = registry or CollectorRegistry()
    registry.register(FleetMetrics(reader_with_acks(database), spool))
    return Site(
        database,
        broker_up,
        anonymous=web.anonymous,
        limits=limits,
        more=[*trust.routes(), *commands.routes()],
        submit=submit,
        hasher=hasher,
        may_sign=key.is_file,
        samples=settings.phone.samples,
        registry=registry,
    )


def counterside(settings: Settings, database: Address) -> Counterside:
    """What counters ask of the centre before they have a certificate."""
    office = office_of(settings, database.parent if isinstance(database, Path) else None)
    broker = Broker(host=settings.trust.broker_host, port=settings.trust.broker_port)
    return Counterside(office, command_places(settings, database)[0], broker)
