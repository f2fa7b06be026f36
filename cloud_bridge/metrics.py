"""The bridge's metrics, on a registry of its own. Names and labels are those of docs/metrics.md.

No label names a buyer, a session or an event; codes are those of MQTT and of ``signed``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from cloud_bridge.ranges import Covered
from cloud_bridge.status import build_info

ACK_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
MOST_WAITING = 1000


@dataclass
class BridgeMetrics:
    """Everything that a bridge tells of itself. One for each process."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        of, base = self.registry, "counter_bridge"
        build_info(f"{base}_build", of)
        self.backlog = Gauge(f"{base}_backlog_events", "Events that the centre has not acked", registry=of)
        self.parked = Gauge(f"{base}_parked_events", "Of these, the ones that were set aside", registry=of)
        self.rejected = Gauge(f"{base}_rejected_events", "Events that the centre refused", registry=of)
        self.connected = Gauge(f"{base}_broker_connected", "1: there is a session at the broker", registry=of)
        self.sessions = Counter(f"{base}_sessions", "Sessions begun at the broker", registry=of)
        self.disconnects = Counter(f"{base}_disconnects", "Sessions that ended, or never began", registry=of)
        self.refusals = Counter(
            f"{base}_puback_refusals", "Messages that the broker refused", ["code"], registry=of
        )
        self.messages = Counter(f"{base}_published_messages", "Messages of events given to paho", registry=of)
        self.bytes = Counter(f"{base}_published_bytes", "Bytes of these messages", registry=of)
        self.ack = Histogram(
            f"{base}_ack_seconds",
            "From publishing an event to its ack",
            registry=of,
            buckets=ACK_S,
        )
        self._refused = Gauge(
            f"{base}_refused_commands", "Texts that were no command to obey, by code", ["code"], registry=of
        )
        self._waiting: dict[int, float] = {}

    def published(self, seqs: tuple[int, ...], size: int, now: float) -> None:
        """The newest event of each message is timed, from the first time that it is sent."""
        self.messages.inc()
        self.bytes.inc(size)
        if len(self._waiting) < MOST_WAITING:
            self._waiting.setdefault(seqs[-1], now)

    def covered(self, by: Covered, now: float) -> None:
        for seq in [seq for seq in self._waiting if seq in by]:
            self.ack.observe(now - self._waiting.pop(seq))

    def refused(self, by_code: Mapping[str, int]) -> None:
        for code, count in by_code.items():
            self._refused.labels(code).set(count)
