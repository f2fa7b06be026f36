"""The bridge's process: one loop that owns the MQTT session and bridge.db and reads the ledger.

It decides nothing about what to send (``uplink``) or how to connect (``link``). The engine never
waits for it; killed at any moment, it starts again from what bridge.db says and sends the rest.
"""

import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from math import inf
from pathlib import Path
from random import Random
from threading import Event as Flag
from time import monotonic

import msgspec
import structlog

from cloud_bridge import feed, packing, signed
from cloud_bridge.beside import Beside
from cloud_bridge.commands import Command, Resend
from cloud_bridge.downlink import Downlink, Trust
from cloud_bridge.link import Arrived, Broker, Down, Event, Link, Message, Published, Up, Wake
from cloud_bridge.metrics import BridgeMetrics
from cloud_bridge.state import FILE, Kept, State
from cloud_bridge.status import Pulse, StatusPort, has_room
from cloud_bridge.turns import CentreIs, Connected, Disconnected, Input, Limits, Note, Outbox, PubAck, Publish
from cloud_bridge.uplink import Parked, Uplink
from cloud_bridge.wall import now_text
from edge.errors import NoInput
from edge.notify import Notify

LEDGER = "ledger.db"
POLL_S = 0.15
"""How often the ledger is asked for new rows: a sale is to be on the centre's page within a second."""
HEALTH_S = 30.0
HEALTH_BEHIND_S = 300.0
"""So much later at most while a backlog is brought up; it is what tells the centre of the backlog."""
WAIT_FOR_LEDGER_S = 0.5
MEASURE_S = 5.0
"""How often gauges are set, which costs a look at both files."""
FORGET_S = 10.0
"""How often it is looked whose commands' texts need not be kept any more."""

log = structlog.get_logger("bridge")


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a bridge needs to know. data: the directory of ledger.db and bridge.db.

    sign: the counter's name, place and hotline, for whoever scans its code at the centre.
    """

    counter: str
    data: Path
    broker: Broker
    window: int
    trust: Trust
    replay_per_s: int = 400
    sign: tuple[str, str, str] = ("", "", "")
    status_port: int = 0
    """On the loopback, 0: none."""


class Bridge:
    """One step of the loop is ``turn``; it never blocks."""

    def __init__(
        self,
        plan: Plan,
        outbox: Outbox,
        state: State,
        link: Link,
        random: Random,
        metrics: BridgeMetrics | None = None,
    ) -> None:
        self._plan, self._outbox, self._state, self._link = plan, outbox, state, link
        self._inc = outbox.incarnation()
        self._kept = state.kept(self._inc)
        self.uplink = Uplink(
            outbox,
            random,
            Limits(window=plan.window, replay_per_s=plan.replay_per_s or inf),
            covered=self._kept.covered,
            parked={seq: Parked(code, retry_at=0.0) for seq, code in self._kept.parked.items()},
            rejects=dict(self._kept.rejects),
        )
        self._downlink = Downlink(state.inbox, plan.trust)
        self._forget_at = 0.0
        self._refs: dict[int, int] = {}
        self._since = now_text()
        self._health_at = 0.0
        self._beside = Beside(plan.data)
        self._file = 0
        self._told_backlog = 0
        self._told_down = ""
        self._birth_may_be_lost = False
        self._metrics = metrics or BridgeMetrics()
        self.pulse = Pulse()
        self._measure_at = 0.0
        self._centre_there = False

    def turn(self, events: list[Event], now: float) -> float:
        """Take what arrived, publish what is due. Gives the time of the next turn."""
        redial = self._link.turn(now)
        inputs = [found for event in events if (found := self._input(event, now)) is not None]
        turn = self.uplink.turn(inputs, now)
        self._keep()
        for event in events:  # the broker may forget an ack only after bridge.db has it
            if isinstance(event, Arrived) and not self._is_command(event):
                self._link.acknowledge(event)
        self._take_commands()
        if turn.asks:
            self._say_birth()
        self._forget_answered(now)
        for publish in turn.publishes:
            self._publish(publish)
        for note in turn.notes:
            self._tell(note)
        self._health(now)
        self._live()
        self._measure(now)
        if turn.stalled:
            log.warning("no_mark_for_long", action="new client", unmarked_s=self.uplink.limits.stalled_s)
            self._link.events.put(Down(self._link.session, "no mark from the centre"))
        return now if self._downlink.is_busy() else min(turn.due, redial)

    def reads_the_ledger(self) -> bool:
        """False: another file lies in the ledger's place; the bridge is to be started again, on that one."""
        try:
            found = (self._plan.data / LEDGER).stat().st_ino
        except FileNotFoundError:
            return True
        self._file = self._file or found
        if found != self._file:
            log.warning("ledger_replaced", action="ends, to be started again")
        return found == self._file

    def last_words(self) -> Message:
        return presence(self._plan.counter, feed.Presence(online=False))

    # --- inputs ---------------------------------------------------------------------------------
    def _input(self, event: Event, now: float) -> Input | None:
        match event:
            case Up():
                return self._up(event, now)
            case Down():
                return self._down(event, now)
            case Published(session, mid, code) if session == self._link.session:
                if code:
                    self._metrics.refusals.labels(f"0x{code:02x}").inc()
                ref = self._refs.pop(mid, None)
                return None if ref is None else PubAck(ref, code)
            case Arrived() if self._is_command(event):
                self._downlink.offer(event)
            case Arrived(session, topic, body) if session == self._link.session:
                return self._arrived(topic, body)
        return None

    def _up(self, up: Up, now: float) -> Input | None:
        if not self._link.noted_up(up, now):
            return None
        log.info("broker_up", receive_maximum=up.receive_maximum, max_packet=up.max_packet)
        self._told_down, self._health_at = "", now
        self._metrics.sessions.inc()
        room = up.receive_maximum - 1  # what is told of ourselves awaits a PUBACK beside the events
        self._birth_may_be_lost = room < 1
        self._say_birth()
        return Connected(max(1, room), up.max_packet)

    def _say_birth(self) -> None:
        birth = presence(self._plan.counter, self._birth())
        self._link.publish(replace(birth, may_be_lost=self._birth_may_be_lost))

    def _down(self, down: Down, now: float) -> Input | None:
        dial_at = self._link.noted_down(down, now)
        if dial_at is None:
            return None
        self._metrics.disconnects.inc()
        self._centre_there = False
        level = log.debug if self._told_down == down.why else log.error if down.hopeless else log.warning
        level("broker_down", why=down.why, alarm=down.hopeless, again_in_s=round(dial_at - now, 1))
        if down.hopeless and self._told_down != down.why:
            self._state.alarm("broker_refuses", msgspec.json.encode({"why": down.why}).decode(), now_text())
        self._told_down = down.why
        self._refs.clear()
        return Disconnected(down.code)

    def _arrived(self, topic: str, body: bytes) -> Input | None:
        try:
            if topic == feed.CENTRE_STATE:
                self._centre_there = msgspec.json.decode(body, type=feed.Presence).online
                return CentreIs(self._centre_there)
            return msgspec.json.decode(body, type=feed.Ack)
        except feed.BAD_JSON as error:
            log.warning("unreadable_from_centre", topic=topic, error=str(error))
            return None

    # --- commands -------------------------------------------------------------------------------
    def _is_command(self, event: Arrived) -> bool:
        return event.topic == feed.topic(self._plan.counter, "commands")

    def _take_commands(self) -> None:
        taken = self._downlink.turn(now_text())
        for message in taken.handled:
            self._link.acknowledge(message)
        for command in taken.commands:
            log.info("command_arrived", id=command.id, kind=command.kind)
            self._also_act(command)
        if taken.refused:
            self._tell(Note("command_refused", dict(taken.refused), alarm=True))

    def _forget_answered(self, now: float) -> None:
        if now >= self._forget_at:
            self._forget_at = now + FORGET_S
            self._downlink.forget(self._outbox.answered)

    def _also_act(self, command: Command) -> None:
        """Sending again is the bridge's part of a ``resend``; the engine answers it."""
        body = signed.body_of(command)
        if isinstance(body, Resend) and body.inc == self._inc:
            self.uplink.resend(body.first, body.last)

    # --- outputs --------------------------------------------------------------------------------
    def _publish(self, publish: Publish) -> None:
        mid = self._link.publish(
            Message(
                feed.topic(self._plan.counter, "events"),
                publish.body,
                content_type=packing.content_type(publish.body),
            )
        )
        if mid is not None:
            self._refs[mid] = publish.ref
            self._metrics.published(publish.seqs, len(publish.body), monotonic())

    def _keep(self) -> None:
        uplink = self.uplink
        parked = {seq: row.code for seq, row in uplink.parked.items()}
        now = Kept(uplink.covered, parked, dict(uplink.rejects))
        if now != self._kept:
            self._state.keep(self._inc, now, now_text())
            self._kept = now

    def _tell(self, note: Note) -> None:
        if not note.alarm:
            log.info(note.event, **note.fields)
            return
        log.error(note.event, alarm=True, **note.fields)
        self._state.alarm(note.event, msgspec.json.encode(note.fields).decode(), now_text())

    def _health(self, now: float) -> None:
        """Telemetry, every so often and at once when a backlog that was told of is gone; events go first."""
        caught_up = self._told_backlog > 0 and self.uplink.backlog() == 0
        if not self._link.is_up() or (now < self._health_at and not caught_up):
            return
        if not self.uplink.telemetry_may_pass() and now < self._health_at + HEALTH_BEHIND_S:
            return
        self._health_at, self._told_backlog = now + HEALTH_S, self.uplink.backlog()
        health = feed.Health(
            backlog=self._told_backlog,
            through=self.uplink.covered.through,
            parked=len(self.uplink.parked),
            version=_version(),
            refused=sum(self._state.inbox.refusals().values()),
            engine=self._beside.health(),
            at=now_text(),
        )
        topic = feed.topic(self._plan.counter, "health")
        self._link.publish(Message(topic, msgspec.json.encode(health), may_be_lost=True))

    def _measure(self, now: float) -> None:
        """For those who look at this process from outside: its loop turns, and what would fail."""
        self._metrics.covered(self.uplink.covered, monotonic())
        up = self._link.is_up()
        checks = {"broker": up, "centre": self._centre_there, "disk": has_room(self._plan.data)}
        self.pulse.beat(monotonic(), checks)
        if now < self._measure_at:
            return
        self._measure_at = now + MEASURE_S
        told = self._metrics
        told.connected.set(up)
        told.backlog.set(self.uplink.backlog())
        told.parked.set(len(self.uplink.parked))
        told.rejected.set(len(self.uplink.rejects))
        told.refused(self._state.inbox.refusals())

    def _live(self) -> None:
        """The open door's basket, each time that it is another."""
        live = self._beside.live()
        if live is not None and self._link.is_up():
            topic = feed.topic(self._plan.counter, "live")
            self._link.publish(Message(topic, msgspec.json.encode(live), may_be_lost=True))

    def _birth(self) -> feed.Presence:
        name, place, hotline = (each or None for each in self._plan.sign)
        return feed.Presence(
            online=True,
            since=self._since,
            boot=_boot(),
            version=_version(),
            inc=self._inc,
            name=name,
            place=place,
            hotline=hotline,
        )


def presence(counter: str, what: feed.Presence) -> Message:
    """The retained message that tells whether ``counter`` is there."""
    return Message(feed.topic(counter, "presence"), msgspec.json.encode(what), retain=True)


def run(plan: Plan, open_outbox: Callable[[Path], Outbox], stop: Flag, random: Random) -> None:
    """Serve until ``stop`` is set by SIGTERM or SIGINT; then leave within a second."""
    link = _link(plan, random)

    def leave(*_: object) -> None:
        stop.set()
        link.events.put(Wake())  # reentrant, so a signal may call it

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    notify = Notify()
    notify.ready()
    outbox = _wait_for(plan.data / LEDGER, open_outbox, stop, notify)
    if outbox is None:
        return
    state = State(plan.data / FILE)
    try:
        metrics = BridgeMetrics()
        bridge = Bridge(plan, outbox, state, link, random, metrics)
        port = StatusPort(plan.status_port, bridge.pulse, metrics.registry) if plan.status_port else None
        if port:
            log.info("status_port", url=port.start())
        log.info("bridge_started", counter=plan.counter, backlog=bridge.uplink.backlog())
        _loop(bridge, link, stop, notify)
        link.close(bridge.last_words())
        if port:
            port.stop()
    finally:
        state.close()
    log.info("bridge_stopped")


def _loop(bridge: Bridge, link: Link, stop: Flag, notify: Notify) -> None:
    events: list[Event] = []
    while not stop.is_set() and bridge.reads_the_ledger():
        notify.beat(monotonic())
        due = bridge.turn(events, monotonic())
        events = link.wait(min(max(due - monotonic(), 0.0), POLL_S))


def _wait_for(path: Path, open_outbox: Callable[[Path], Outbox], stop: Flag, notify: Notify) -> Outbox | None:
    told = False
    while not stop.is_set():
        notify.beat(monotonic())
        try:
            return open_outbox(path)
        except NoInput as error:
            if not told:
                log.info("no_ledger_yet", why=str(error))
            told = True
        stop.wait(WAIT_FOR_LEDGER_S)
    return None


def _link(plan: Plan, random: Random) -> Link:
    will = presence(plan.counter, feed.Presence(online=False))
    leaves = ("acks", "commands")
    topics = (*(feed.topic(plan.counter, leaf) for leaf in leaves), feed.CENTRE_STATE)
    return Link(plan.broker, plan.counter, will, topics, random)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()


def _version() -> str:
    return version("smart-counter")
