"""The ingest worker: one loop that owns the MQTT session and the database's writing connection.

Order, never another: rows → COMMIT → acknowledge to the broker → publish the centre's acks. Whatever
lies in the queue when a transaction begins goes into it.
"""

from collections.abc import Callable
from random import Random
from threading import Event as Flag
from time import monotonic, time, time_ns

import msgspec
import structlog

from cloud_bridge import feed
from cloud_bridge.central import presence
from cloud_bridge.central.commanding_post import Post
from cloud_bridge.central.database import Lost
from cloud_bridge.central.fair import Buckets, counter_of
from cloud_bridge.central.gap_watch import GapWatch
from cloud_bridge.central.ingest import Outcome, ingest, standing
from cloud_bridge.central.live import LiveBook
from cloud_bridge.central.metrics import WorkerMetrics
from cloud_bridge.central.own_alarm_watch import Watch
from cloud_bridge.central.store import Store, Stream
from cloud_bridge.link import SHARED_PREFIX, Arrived, Broker, Down, Event, Link, Message, Published, Up
from cloud_bridge.status import Pulse
from cloud_bridge.uplink import NOBODY_LISTENS
from cloud_bridge.wall import now_text
from edge.notify import Notify

EVENTS_FILTER = SHARED_PREFIX + "counters/+/events"
LIVE_FILTER = SHARED_PREFIX + "counters/+/live"
FILTERS = (EVENTS_FILTER, "counters/+/presence", "counters/+/health", LIVE_FILTER, feed.CENTRE_STATE)

MESSAGES_PER_COMMIT = 500
POST_S = 0.5
"""How often commands are looked for: an unlock is waited for by somebody in front of a door."""

log = structlog.get_logger("centre")


class Worker:
    """``turn`` takes what arrived; ``changed`` is called after each commit that pages may show."""

    def __init__(
        self,
        store: Store,
        link: Link,
        changed: Callable[[], None],
        post: Post | None = None,
        *,
        watch: Watch | None = None,
        buckets: Buckets | None = None,
        gaps: GapWatch | None = None,
        metrics: WorkerMetrics | None = None,
    ) -> None:
        self._store, self._link, self._changed, self._post = store, link, changed, post
        self._watch, self._buckets, self._gaps = watch, buckets, gaps
        self._metrics = metrics or WorkerMetrics()
        self.pulse = Pulse()
        self._database_there = True
        self._post_at = 0.0
        self._live = LiveBook()
        self._born: dict[str, Stream] = {}
        """Who came online and has not been told yet how its ledger stands here."""
        self._since = now_text()
        self._told_down = ""

    def turn(self, events: list[Event], now: float) -> float:
        """One step; gives the time of the next. It blocks for the commits and for nothing else."""
        due = self._link.turn(now)
        arrived: list[Arrived] = []
        for event in events:
            match event:
                case Up():
                    self._up(event, now)
                case Down():
                    self._down(event, now)
                case Published(code=code):
                    self._refused(code)
                case Arrived() if self._is_over_limit(event, now):
                    self._metrics.held_back.inc()
                    self._link.acknowledge(event)  # to the broker alone: its counter will send it again
                case Arrived(topic=topic) if topic.endswith("/live"):
                    self._hear_live(event)
                case Arrived():
                    arrived.append(event)
        try:
            for start in range(0, len(arrived), MESSAGES_PER_COMMIT):
                self._commit(arrived[start : start + MESSAGES_PER_COMMIT])
            self._answer_births()
            self._write_live(now)
            self._look_at_post(now)
            self._look_for_alarms(now)
            self._database_there = True
        except Lost as error:  # nothing was acknowledged: the broker gives it to another worker, or counters
            self._database_there = False
            self._metrics.lost.inc()
            again = self._link.drop(now)  # send it again; the next statement opens the database anew
            log.error("database_lost", alarm=True, why=str(error), again_in_s=round(again - now, 1))
        self._metrics.connected.set(self._link.is_up())
        self.pulse.beat(monotonic(), {"broker": self._link.is_up(), "database": self._database_there})
        written_at = self._live.due(now)
        return due if written_at is None else min(due, written_at)

    def _is_over_limit(self, message: Arrived, now: float) -> bool:
        counter = counter_of(message.topic)
        if self._buckets is None or not counter:
            return False
        return not self._buckets.admits(counter, len(message.body), now)

    def _hear_live(self, message: Arrived) -> None:
        """It may be lost, so the broker need not keep it until it is written."""
        if not self._live.hear(message.topic, message.body, time_ns() // 10**6):
            log.warning("unreadable", topic=message.topic)
        self._link.acknowledge(message)

    def _write_live(self, now: float) -> None:
        """Pages look by themselves: to wake all of them for each step of each basket is too much."""
        if self._live.is_due(now):
            with self._store.transaction() as db:
                self._live.write(db, now, time_ns() // 10**6)

    def _look_at_post(self, now: float) -> None:
        if self._post is not None and now >= self._post_at:
            self._post_at = now + POST_S
            if self._gaps is not None and self._link.is_up():
                self._gaps.look(int(time()))
            for message in self._post.look(int(time()), up=self._link.is_up()):
                self._link.publish(message)

    def _look_for_alarms(self, now: float) -> None:
        if self._watch is not None and self._watch.look(now, int(time()), up=self._link.is_up()):
            self._changed()

    def last_words(self) -> Message:
        return state(feed.Presence(online=False))

    def _commit(self, arrived: list[Arrived]) -> None:
        received = now_text()
        events = [(each.topic, each.body) for each in arrived if each.topic.endswith("/events")]
        others = [each for each in arrived if not each.topic.endswith("/events")]
        outcome = self._ingest(events, received) if events else Outcome()
        if others:
            self._note_others(others, received)
        for each in arrived:
            self._link.acknowledge(each)
        self._publish_acks(outcome.acks)
        now = monotonic()
        for each in arrived:
            if each.at and each.topic.endswith("/events"):
                self._metrics.ack.observe(max(now - each.at, 0.0))
        self._tell(outcome)
        self._changed()

    def _ingest(self, events: list[tuple[str, bytes]], received: str) -> Outcome:
        with self._metrics.batch.time():
            outcome = ingest(self._store, events, received)
        counts = {"stored": outcome.stored, "duplicate": outcome.known}
        counts |= {"conflict": len(outcome.conflicts), "dead_letter": len(outcome.dead)}
        for result, count in counts.items():
            self._metrics.events.labels(result).inc(count)
        return outcome

    def _refused(self, code: int) -> None:
        """0x10 says that a counter is not there, which is no refusal of ours."""
        if code and code != NOBODY_LISTENS:
            self._metrics.refusals.labels(f"0x{code:02x}").inc()

    def _answer_births(self) -> None:
        """How each ledger stands. Retained births may come before the SUBACK; they are answered after it."""
        if not self._born or not self._link.is_up():
            return
        with self._store.transaction():
            answers = {counter: [standing(self._store, born)] for counter, born in self._born.items()}
        self._born.clear()
        self._publish_acks(answers)

    def _publish_acks(self, found: dict[str, list[feed.Ack]]) -> None:
        for counter, acks in found.items():
            for ack in acks:
                self._link.publish(Message(feed.topic(counter, "acks"), msgspec.json.encode(ack)))

    def _note_others(self, arrived: list[Arrived], received: str) -> None:
        states = [each for each in arrived if each.topic == feed.CENTRE_STATE]
        with self._store.transaction() as db:
            for each in arrived:
                if each not in states and not presence.note(db, each.topic, each.body, received):
                    log.warning("unreadable", topic=each.topic)
                if self._watch and (birth := presence.birth(each.topic, each.body)):
                    self._watch.born(*birth, monotonic())
                if (born := presence.born(each.topic, each.body)) is not None:
                    self._born[born.counter] = born
        for each in states:
            self._correct_state(each.body)

    def _correct_state(self, body: bytes) -> None:
        """Another worker's last will says that the centre is gone; it is not, we are here."""
        if b"false" in body and self._link.is_up():
            self._link.publish(self._birth())

    def _birth(self) -> Message:
        return state(feed.Presence(online=True, since=self._since))

    def _up(self, up: Up, now: float) -> None:
        if self._link.noted_up(up, now):
            log.info("broker_up")
            self._metrics.sessions.inc()
            self._told_down = ""
            self._link.publish(self._birth())

    def _down(self, down: Down, now: float) -> None:
        dial_at = self._link.noted_down(down, now)
        if dial_at is None:
            return
        self._metrics.disconnects.inc()
        level = log.debug if self._told_down == down.why else log.error if down.hopeless else log.warning
        level("broker_down", why=down.why, alarm=down.hopeless, again_in_s=round(dial_at - now, 1))
        self._told_down = down.why

    def _tell(self, outcome: Outcome) -> None:
        for stream, seq in outcome.conflicts:
            log.error("conflict", alarm=True, counter=stream.counter, inc=stream.inc, seq=seq)
        for letter in outcome.dead:
            if self._buckets is not None:
                self._buckets.charge(letter.counter, len(letter.body), monotonic())
            log.error("dead_letter", alarm=True, counter=letter.counter, code=letter.code, why=letter.why)
        log.debug("ingested", stored=outcome.stored, known=outcome.known)


def state(now: feed.Presence) -> Message:
    """The retained message that tells counters whether the centre itself is there."""
    return Message(feed.CENTRE_STATE, msgspec.json.encode(now), retain=True)


def link(broker: Broker, worker_id: str, random: Random) -> Link:
    """The worker's session: shared subscription, acknowledged by hand, the centre's last will."""
    return Link(broker, worker_id, state(feed.Presence(online=False)), FILTERS, random)


def loop(worker: Worker, link: Link, stop: Flag) -> None:
    """Serve until ``stop``; then say so on ``centre/state``."""
    events: list[Event] = []
    notify = Notify()
    notify.ready()
    while not stop.is_set():
        notify.beat(monotonic())
        due = worker.turn(events, monotonic())
        events = link.wait(min(max(due - monotonic(), 0.0), POST_S))
    link.close(worker.last_words())
