"""Many counters on one machine: the real uplink and the real MQTT session over outboxes in memory.

It knows no cabinet. A process takes up to ``A_PROCESS`` counters: paho waits with select(2), which takes
no file descriptor above 1023, and a client has three.
"""

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.queues import Queue
from random import Random
from statistics import quantiles
from typing import Any

import msgspec

from cloud_bridge import feed
from cloud_bridge.bridge import presence
from cloud_bridge.link import Arrived, Broker, Down, Event, Link, Message, Published, Up
from cloud_bridge.packing import content_type
from cloud_bridge.turns import CentreIs, Connected, Disconnected, Input, Limits, PubAck, Publish
from cloud_bridge.uplink import Uplink

A_PROCESS = 200
TURN_S = 0.05
AT = "2026-11-24T02:00:00Z"


class Told(msgspec.Struct):
    """What one process saw. Seconds of the machine's monotonic clock. acked: (made, wait) by event."""

    ups: list[tuple[int, float]] = []
    downs: list[tuple[int, float]] = []
    acked: list[tuple[float, float]] = []
    unacked: int = 0


@dataclass
class Outbox:
    """Events made as time passes, numbered and chained as a ledger does it."""

    counter: str
    inc: str
    bodies: list[bytes] = field(default_factory=list)

    def incarnation(self) -> str:
        return self.inc

    def last_seq(self) -> int:
        return len(self.bodies)

    def events(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        return list(enumerate(self.bodies[after : after + limit], start=after + 1))

    def answered(self, commands: Sequence[str]) -> set[str]:
        """None: these counters obey nothing."""
        return set()

    def sell(self) -> None:
        """One more sale. Sample goods, 示例."""
        seq = len(self.bodies) + 1
        line = feed.Line(
            tray="1-01",
            sku="ZY-WATER-500",
            name="示例水",
            count=1,
            price_fen=350,
            amount_fen=350,
            certified=True,
            county="紫阳县",
            supplier="示例供应商",
        )
        sale = feed.SaleSettled(
            mono_ms=seq * 1000,
            session=f"{self.inc}{seq:016x}",
            order_no=f"{self.counter}-{seq:06d}",
            buyer="sample-buyer",
            channel="UNIT_HELP",
            lines=(line,),
            total_fen=350,
            certified_fen=350,
            catalogue="sample-1",
            opened_at=AT,
            closed_at=AT,
        )
        event = feed.encode(
            sale,
            counter=self.counter,
            id=f"{self.inc}{seq:010d}",
            time=AT,
            subject=sale.session,
            inc=self.inc,
            seq=seq,
            boot="sample-boot",
            clk=1,
            prev=feed.sha256(self.bodies[-1]) if self.bodies else feed.GENESIS,
        )
        self.bodies.append(event)


class Member:
    """One counter of the fleet: sells now and then, and carries its events to the centre."""

    def __init__(
        self, number: int, broker: Broker, every_s: float, seed: int, now: float, told: Told
    ) -> None:
        self._random = Random(f"{seed}/{number}")
        self._number, self._told, self._every_s = number, told, every_s
        self._counter = f"F-{number:05d}"
        self._outbox = Outbox(self._counter, f"{self._random.getrandbits(64):016x}")
        topics = (feed.topic(self._counter, "acks"), feed.CENTRE_STATE)
        will = presence(self._counter, feed.Presence(online=False))
        self._link = Link(broker, self._counter, will, topics, self._random)
        self._uplink = Uplink(self._outbox, self._random, Limits())
        self._refs: dict[int, int] = {}
        self._made: dict[int, float] = {}
        self._start_at = now + self._random.uniform(0, 10)  # people do not switch all on at once
        self._sell_at = self._start_at + self._random.uniform(0, every_s)

    def turn(self, now: float, *, selling: bool) -> None:
        if now < self._start_at:
            return
        if selling and now >= self._sell_at:
            self._outbox.sell()
            self._made[self._outbox.last_seq()] = now
            self._sell_at = now + self._random.uniform(0.5, 1.5) * self._every_s
        events = self._link.wait(0.0)
        self._link.turn(now)
        inputs = [found for event in events if (found := self._input(event, now)) is not None]
        for publish in self._uplink.turn(inputs, now).publishes:
            self._publish(publish)
        for seq in [seq for seq in self._made if seq in self._uplink.covered]:
            made = self._made.pop(seq)
            self._told.acked.append((made, now - made))

    def end(self) -> None:
        self._told.unacked += len(self._made)
        self._link.close(presence(self._counter, feed.Presence(online=False)), 0.0)

    def _input(self, event: Event, now: float) -> Input | None:
        match event:
            case Up() if self._link.noted_up(event, now):
                self._told.ups.append((self._number, now))
                self._link.publish(presence(self._counter, feed.Presence(online=True, inc=self._outbox.inc)))
                return Connected(event.receive_maximum, event.max_packet)
            case Down() if self._link.noted_down(event, now) is not None:
                self._told.downs.append((self._number, now))
                self._refs.clear()
                return Disconnected()
            case Published(session, mid, code) if session == self._link.session:
                ref = self._refs.pop(mid, None)
                return None if ref is None else PubAck(ref, code)
            case Arrived(_, topic, body):
                self._link.acknowledge(event)
                if topic == feed.CENTRE_STATE:
                    return CentreIs(msgspec.json.decode(body, type=feed.Presence).online)
                return msgspec.json.decode(body, type=feed.Ack)
        return None

    def _publish(self, publish: Publish) -> None:
        message = Message(
            feed.topic(self._counter, "events"),
            publish.body,
            content_type=content_type(publish.body),
        )
        mid = self._link.publish(message)
        if mid is not None:
            self._refs[mid] = publish.ref


def _some(
    numbers: range, broker: Broker, every_s: float, seed: int, seconds: float, out: "Queue[bytes]"
) -> None:
    """One process's counters, for ``seconds`` and then until all is acknowledged, at most 30 s more."""
    began, told = time.monotonic(), Told()
    members = [Member(number, broker, every_s, seed, began, told) for number in numbers]
    while (now := time.monotonic()) < began + seconds + 30.0:
        selling = now < began + seconds
        if not selling and not any(member._made for member in members):
            break
        for member in members:
            member.turn(now, selling=selling)
        time.sleep(max(0.0, now + TURN_S - time.monotonic()))
    for member in members:
        member.end()
    out.put(msgspec.json.encode(told))


def fleet(n: int, broker: Broker, every_s: float, seed: int, seconds: float) -> dict[str, Any]:
    """Run ``n`` counters for ``seconds``; each sells every ``every_s`` on average. Gives the figures."""
    spawn = multiprocessing.get_context("spawn")
    out: Queue[bytes] = spawn.Queue()
    parts = [range(first, min(first + A_PROCESS, n + 1)) for first in range(1, n + 1, A_PROCESS)]
    words = (broker, every_s, seed, seconds, out)
    children = [spawn.Process(target=_some, args=(part, *words), daemon=True) for part in parts]
    for child in children:
        child.start()
    told = [msgspec.json.decode(out.get(timeout=seconds + 120), type=Told) for _ in children]
    for child in children:
        child.join(10.0)
    return figures(n, told)


def figures(n: int, told: list[Told]) -> dict[str, Any]:
    """``back_s``: from the first session lost to the last counter back; None: none was lost, or not all came.

    ack_p50_s, ack_p99_s: of sales made while all were connected. storm_*: of those made from the loss on
    until all were back.
    """
    ups = sorted((at, number) for each in told for number, at in each.ups)
    downs = sorted((at, number) for each in told for number, at in each.downs)
    acked = [pair for each in told for pair in each.acked]
    first = {number: at for at, number in reversed(ups)}
    all_up = max(first.values(), default=float("inf"))
    lost = [at for at, _ in downs if at > all_up]
    down_at = lost[0] if lost else float("inf")
    back = {number: at for at, number in reversed(ups) if at > down_at}
    back_at = max(back.values(), default=down_at)
    gone = {number for at, number in downs if at > all_up}
    calm = [wait for made, wait in acked if all_up <= made < down_at - 5 or made > back_at]
    storm = [wait for made, wait in acked if down_at - 5 <= made <= back_at]
    return {
        "counters": n,
        "connected": len(first),
        "lost_sessions": len(gone),
        "back": len(back),
        "back_s": round(back_at - down_at, 1) if gone and gone <= back.keys() else None,
        "half_back_s": round(sorted(back.values())[len(back) // 2] - down_at, 1) if back else None,
        "events": len(acked),
        "unacked": sum(each.unacked for each in told),
        **dict(_waits("ack", calm)),
        **dict(_waits("storm", storm)),
    }


def _waits(name: str, waits: list[float]) -> Iterator[tuple[str, float | None]]:
    cuts = quantiles(waits, n=100) if len(waits) > 1 else None
    for percent in (50, 99):
        yield f"{name}_p{percent}_s", None if cuts is None else round(cuts[percent - 1], 2)
