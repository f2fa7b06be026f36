"""Sends what arrived to those who subscribed: in order within a subscription, at least once.

One loop decides and writes; posts run in threads, one at a time for each subscription, so that a slow
receiver holds up nobody else.
"""

import fcntl
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from threading import Event as Flag

import structlog

from cloud_bridge.central import hook_batch, hook_rules, hook_signing
from cloud_bridge.central.hook_batch import Batch
from cloud_bridge.central.hook_metrics import HookMetrics
from cloud_bridge.central.hook_post import Answer, BadTarget, NotReached, Target, post
from cloud_bridge.central.hook_rules import Step, Tried
from cloud_bridge.central.hook_store import ACTIVE, Hooks, Subscription
from cloud_bridge.central.outward import Reader
from cloud_bridge.central.outward_query import newest_number
from cloud_bridge.status import Pulse, StatusPort
from cloud_bridge.wall import now_text
from edge.errors import Busy
from edge.notify import Notify

POSTS = 16
"""Receivers that are posted to at the same time."""
SHOW_S = 5.0
LOOK_S = 0.5
"""How often is looked for something new."""

Post = Callable[[Target, Mapping[str, str], bytes], Answer]

log = structlog.get_logger("webhooks")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one try. status None: no answer; why says the reason in words."""

    status: int | None
    why: str
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class _Flight:
    to: Subscription
    batch: Batch
    future: "Future[Outcome]"


@dataclass(slots=True)
class Sender:
    """``turn`` does one step. wall_s: seconds since 1970; now, in ``turn``: monotonic seconds."""

    hooks: Hooks
    reader: Reader
    pool: ThreadPoolExecutor
    random: Random
    post: Post = post
    wall_s: Callable[[], float] = time.time
    metrics: HookMetrics = field(default_factory=HookMetrics)
    _flights: dict[str, _Flight] = field(default_factory=dict)
    _due: dict[str, float] = field(default_factory=dict)
    _refusals: dict[str, tuple[str, int]] = field(default_factory=dict)

    def turn(self, now: float) -> None:
        """Take the outcomes of finished posts, then begin those that are due."""
        for id, flight in list(self._flights.items()):
            if flight.future.done():
                del self._flights[id]
                self._take(flight, flight.future.result(), now)
        for each in self.hooks.all():
            if each.state == ACTIVE and each.id not in self._flights and self._due.get(each.id, 0.0) <= now:
                self._begin(each, now)

    def is_busy(self) -> bool:
        """Whether a post is under way."""
        return bool(self._flights)

    def show(self) -> None:
        """Set what the gauges tell; a look at both files."""
        hooks = self.hooks.all()
        with self.reader() as db:
            newest = newest_number(db) if hooks else 0
        self.metrics.show(hooks, newest, {each.id: len(self.hooks.dead(each.id)) for each in hooks})

    def finish(self) -> None:
        """Wait for the posts under way and keep what came of them."""
        for flight in self._flights.values():
            self._take(flight, flight.future.result(), time.monotonic())
        self._flights.clear()

    def _begin(self, to: Subscription, now: float) -> None:
        batch = self._next(to)
        if batch is None:
            self._due[to.id] = now + LOOK_S
            return
        self._flights[to.id] = _Flight(to, batch, self.pool.submit(self._try, to, batch))

    def _next(self, to: Subscription) -> Batch | None:
        with self.reader() as db:
            for number in self.hooks.again(to.id):
                found = hook_batch.again(db, to, number)
                if found is not None:
                    return found
            found_or_end = hook_batch.next_batch(db, to)
        if isinstance(found_or_end, Batch):
            return found_or_end
        if found_or_end != to.cursor:
            self.hooks.skipped(to, found_or_end)
        return None

    def _try(self, to: Subscription, batch: Batch) -> Outcome:
        """In a thread of the pool: no state is touched here."""
        return attempt(to, batch.id, batch.body, int(self.wall_s()), self.post)

    def _take(self, flight: _Flight, outcome: Outcome, now: float) -> None:
        to, batch, at = flight.to, flight.batch, now_text()
        step = hook_rules.step(self._tried(to, batch, outcome))
        self.metrics.deliveries.labels(step.value.lower()).inc()
        failures = to.failures + 1
        match step:
            case Step.DELIVERED:
                self._delivered(to, batch, at)
                self._due[to.id] = now
                return
            case Step.ASIDE:
                self.hooks.set_aside(to, batch.numbers[0], outcome.why, at)
                log.error("webhook_dead_letter", alarm=True, subscription=to.id, number=batch.numbers[0])
                failures = 1
            case Step.DISABLED:
                self.hooks.failed(to, outcome.why, at, disabled=True)
                log.error("webhook_disabled", alarm=True, subscription=to.id, why=outcome.why)
            case Step.APART:
                self.hooks.failed(to, outcome.why, at, apart_to=batch.numbers[-1])
            case Step.AGAIN:
                self.hooks.failed(to, outcome.why, at)
        pause = hook_rules.wait_s(failures, outcome.retry_after_s, self.random)
        self._due[to.id] = now + pause
        log.warning("webhook_failed", subscription=to.id, why=outcome.why, again_in_s=round(pause, 1))

    def _delivered(self, to: Subscription, batch: Batch, at: str) -> None:
        self._refusals.pop(to.id, None)
        if batch.anew:
            self.hooks.sent_again(to.id, batch.numbers, at)
        else:
            self.hooks.delivered(to, batch.through, at)

    def _tried(self, to: Subscription, batch: Batch, outcome: Outcome) -> Tried:
        refusals = 0
        if hook_rules.is_refusal(outcome.status):
            id, before = self._refusals.get(to.id, ("", 0))
            refusals = before + 1 if id == batch.id else 1
            self._refusals[to.id] = (batch.id, refusals)
        since = to.failing_since
        failing_s = self.wall_s() - datetime.fromisoformat(since).timestamp() if since else 0.0
        return Tried(outcome.status, len(batch.numbers), refusals, failing_s)


def attempt(to: Subscription, id: str, body: bytes, at_s: int, send: Post = post) -> Outcome:
    """Sign and send once; whatever goes wrong is told, not raised."""
    try:
        secrets = hook_signing.secrets_in(Path(to.secret_file).read_text("utf-8"))
        target = Target(to.url, to.allow_private, to.ca_file)
        answer = send(target, hook_signing.headers(secrets, id, at_s, body), body)
    except (OSError, UnicodeDecodeError) as error:
        return Outcome(None, f"secret file {to.secret_file}: {error}")
    except (hook_signing.BadSecret, BadTarget, NotReached) as error:
        return Outcome(None, str(error))
    return Outcome(answer.status, f"HTTP {answer.status}", answer.retry_after_s)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Nobody else sends from this file: two senders would mix up the order. Raises Busy."""
    with path.with_name(path.name + ".lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"{path}: another process sends from it; stop that one first") from None
        yield


def serve(hooks: Hooks, reader: Reader, stop: Flag, random: Random, status_port: int = 0) -> None:
    """Send until ``stop``; posts under way are waited for, at most their time-out. status_port 0: none."""
    pulse = Pulse()
    with ThreadPoolExecutor(POSTS, "webhook") as pool:
        sender = Sender(hooks, reader, pool, random)
        port = StatusPort(status_port, pulse, sender.metrics.registry) if status_port else None
        if port:
            log.info("status_port", url=port.start())
        _loop(sender, stop, pulse)
        sender.finish()
        if port:
            port.stop()


def _loop(sender: Sender, stop: Flag, pulse: Pulse) -> None:
    notify, show_at = Notify(), 0.0
    notify.ready()
    while not stop.is_set():
        now = time.monotonic()
        notify.beat(now)
        sender.turn(now)
        if now >= show_at:
            show_at = now + SHOW_S
            sender.show()
        pulse.beat(now, {"database": True, "webhooks": True})  # a turn without both ends the process
        stop.wait(0.05 if sender.is_busy() else LOOK_S / 2)
