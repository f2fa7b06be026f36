"""The webhook sender's metrics. A label names a receiver by its id: people add those, one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge

from cloud_bridge.central.hook_rules import Step
from cloud_bridge.central.hook_store import ACTIVE, DISABLED, Subscription
from cloud_bridge.status import build_info

BASE = "counter_webhooks"


@dataclass
class HookMetrics:
    """One for each process."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        of = self.registry
        build_info(f"{BASE}_build", of)
        self.deliveries = Counter(f"{BASE}_deliveries", "Posts by what follows", ["result"], registry=of)
        self._receivers = Gauge(f"{BASE}_receivers", "Receivers by state", ["state"], registry=of)
        self._behind = Gauge(
            f"{BASE}_behind_events",
            "Events between a receiver's cursor and the newest",
            ["receiver"],
            registry=of,
        )
        self._dead = Gauge(
            f"{BASE}_dead_letters", "Events that a receiver refused", ["receiver"], registry=of
        )
        for step in Step:
            self.deliveries.labels(step.value.lower())

    def show(self, hooks: Sequence[Subscription], newest: int, dead: dict[str, int]) -> None:
        for state in (ACTIVE, DISABLED):
            self._receivers.labels(state.lower()).set(sum(each.state == state for each in hooks))
        for gauge in (self._behind, self._dead):
            gauge.clear()
        for each in hooks:
            self._behind.labels(each.id).set(max(newest - each.cursor, 0))
            self._dead.labels(each.id).set(dead.get(each.id, 0))
