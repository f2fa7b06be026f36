"""Metrics and readiness of the feed's processes: what is told is true, and docs say the same."""

import json
import os
import re
import urllib.error
import urllib.request
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from cloud_bridge import feed
from cloud_bridge.central import metrics, presence
from cloud_bridge.central.fair import Buckets
from cloud_bridge.central.hook_metrics import HookMetrics
from cloud_bridge.central.hook_rules import Step
from cloud_bridge.central.metrics import FleetMetrics, WorkerMetrics, reader_with_acks
from cloud_bridge.central.store import Store
from cloud_bridge.central.worker import Worker
from cloud_bridge.link import Arrived, Published
from cloud_bridge.metrics import BridgeMetrics
from cloud_bridge.ranges import Covered
from cloud_bridge.status import STALE_S, Pulse, StatusPort, health, readiness

ROOT = Path(__file__).parents[2]
RULES = ROOT / "config" / "prometheus-rules.yml"
ROW = re.compile(r"^\| `(counter_\w+)` \| ((?:`\w+`(?:, )?)*) ?\|", re.MULTILINE)
FORBIDDEN = {"buyer", "session", "order", "order_no", "event", "seq", "inc", "account", "sku", "url"}


def described():
    text = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    return {name: frozenset(re.findall(r"`(\w+)`", labels)) for name, labels in ROW.findall(text)}


def engines_names():
    """The engine's are made where it starts: read from its source, so that no device is needed here."""
    made = re.compile(r'(Tally|Info)\(\s*"(counter_\w+)",\s*"[^"]*"(?:,\s*\["(\w+)"\])?')
    found = {}
    for file in ("edge/app.py", "edge/screens/app.py"):
        for kind, name, label in made.findall((ROOT / file).read_text("utf-8")):
            labels = {"version"} if kind == "Info" else {label} - {""}
            found[name + ("_info" if kind == "Info" else "_total")] = frozenset(labels)
    return found


def names_of(registry):
    """Name as it is written → labels, of all families, also of those that have no sample yet."""
    found = {}
    for collector in registry._collector_to_names:
        for family in collector.collect():
            kind = {"counter": "_total", "info": "_info"}.get(family.type, "")
            labels = {label for sample in family.samples for label in sample.labels} - {"le"}
            labels |= set(getattr(collector, "_labelnames", ())) | set(getattr(family, "_labelnames", ()))
            found[family.name + kind] = frozenset(labels)
    return found


@pytest.fixture
def store(place):
    with closing(Store(place)) as made:
        yield made


@pytest.fixture
def registries(store, place, tmp_path):
    worker = WorkerMetrics()
    worker.registry.register(FleetMetrics(reader_with_acks(place), tmp_path))
    return [BridgeMetrics().registry, worker.registry, HookMetrics().registry]


def test_the_documents_table_is_what_the_programs_tell(registries):
    told = engines_names()
    for registry in registries:
        told |= names_of(registry)
    assert told == described()


def test_names_are_as_prometheus_has_them_and_no_label_grows_without_end():
    for name, labels in described().items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        assert not labels & FORBIDDEN, name
    of_one = {name for name, labels in described().items() if "counter" in labels}
    assert len(of_one) == 3
    assert all(name.startswith("counter_central_counter_") for name in of_one)


def test_the_sample_alerts_ask_for_metrics_that_there_are():
    text = "\n".join(
        line for line in RULES.read_text("utf-8").splitlines() if not line.lstrip().startswith("#")
    )
    asked = set(re.findall(r"\bcounter_\w+", text))
    bare = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    assert bare <= set(described())
    assert len(asked) > 10
    for label in re.findall(r"by \((\w+)\)", text):
        assert label in {"le", *set().union(*described().values())}


# --- what is told is true -----------------------------------------------------------------------
def value(registry, name, **labels):
    return registry.get_sample_value(name, labels)


class Told:
    """A link that takes every word."""

    session = 1

    def turn(self, now):
        return now + 1

    def is_up(self):
        return True

    def acknowledge(self, message):
        pass

    def publish(self, message):
        pass


def test_a_worker_counts_events_by_what_became_of_them(store, make):
    told = WorkerMetrics()
    worker = Worker(store, Told(), lambda: None, buckets=Buckets(1000), metrics=told)
    bodies = make.sales(3)
    other = make.chain([make.sale(1, total_fen=1)])[0]
    messages = [*bodies, bodies[0], other, b"junk"]
    topic = "counters/T-001/events"
    worker.turn([Arrived(1, topic, body, n, 1, at=1.0) for n, body in enumerate(messages, 1)], 1.0)
    worker.turn([Published(1, 9, 0x87), Published(1, 10, 0x10)], 2.0)
    results = {name: value(told.registry, "counter_central_events_total", result=name) for name in RESULTS}
    assert results == RESULTS
    assert value(told.registry, "counter_central_ack_seconds_count") == len(messages)
    assert value(told.registry, "counter_central_puback_refusals_total", code="0x87") == 1
    assert value(told.registry, "counter_central_puback_refusals_total", code="0x10") is None
    assert worker.pulse.checks == {"broker": True, "database": True}


RESULTS = {"stored": 3, "duplicate": 1, "conflict": 1, "dead_letter": 1}


def hear(store, counter, **health):
    heard = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    values = {"backlog": 0, "through": 0, "parked": 0, "version": "1"} | health
    with store.transaction() as db:
        for leaf, body in (("presence", feed.Presence(online=True)), ("health", feed.Health(**values))):
            assert presence.note(db, f"counters/{counter}/{leaf}", msgspec.json.encode(body), heard)


def test_the_tables_tell_of_the_fleet_and_of_single_counters_only_what_is_off(
    store, place, tmp_path, monkeypatch
):
    monkeypatch.setattr(metrics, "MOST_COUNTERS", 2)
    for n, backlog in enumerate([0, 5, 7000, 300], 1):
        hear(store, f"C-{n}", backlog=backlog)
    (tmp_path / "01.json").write_text("{}")
    registry = CollectorRegistry()
    now = [0.0]
    registry.register(FleetMetrics(reader_with_acks(place), tmp_path, lambda: now[0]))
    assert value(registry, "counter_central_counters", state="ONLINE") == 2
    assert value(registry, "counter_central_counters", state="DEGRADED") == 2
    assert value(registry, "counter_central_backlog_events") == 7305
    assert value(registry, "counter_central_spool_files") == 1
    each = {
        name: value(registry, "counter_central_counter_backlog_events", counter=name)
        for name in ("C-1", "C-2", "C-3", "C-4")
    }
    assert each == {"C-1": None, "C-2": None, "C-3": 7000, "C-4": 300}
    hear(store, "C-3", backlog=0)
    assert value(registry, "counter_central_backlog_events") == 7305  # asked again only after a while
    now[0] += metrics.KEPT_S
    assert value(registry, "counter_central_backlog_events") == 305


def test_without_the_tables_what_the_process_counted_is_told_all_the_same(tmp_path):
    told = WorkerMetrics()
    told.registry.register(FleetMetrics(reader_with_acks(tmp_path / "central.db"), tmp_path))
    assert value(told.registry, "counter_central_tables_readable") == 0
    assert value(told.registry, "counter_central_events_total", result="stored") == 0


def test_a_bridge_times_an_event_from_its_first_publishing_to_the_ack():
    told = BridgeMetrics()
    told.published((1, 2, 3), 100, 10.0)
    told.published((1, 2, 3), 100, 12.0)  # again
    told.covered(Covered(2), 13.0)
    assert value(told.registry, "counter_bridge_ack_seconds_count") == 0
    told.covered(Covered(3), 14.0)
    assert value(told.registry, "counter_bridge_ack_seconds_sum") == 4.0
    assert value(told.registry, "counter_bridge_published_bytes_total") == 200


def test_every_outcome_of_a_post_is_counted_from_nought():
    registry = HookMetrics().registry
    for step in Step:
        assert value(registry, "counter_webhooks_deliveries_total", result=step.value.lower()) == 0


# --- the port -----------------------------------------------------------------------------------
def test_what_is_not_ready_is_named():
    found = readiness({"broker": False, "disk": True}, ("voice",))
    assert found.status == 503
    assert json.loads(found.body) == {
        "ready": False,
        "status": "unready",
        "checks": {"broker": False, "disk": True},
        "not_ready": ["broker"],
        "degraded": ["voice"],
    }
    assert readiness({"broker": True}).status == 200


def test_a_loop_that_hangs_is_not_alive():
    pulse = Pulse(at=100.0)
    assert health(pulse, 100.0 + STALE_S - 1).status == 200
    assert health(pulse, 100.0 + STALE_S).status == 503


def ask(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_port_answers_three_paths_and_no_other(free_port):
    pulse, told = Pulse(), BridgeMetrics()
    pulse.beat(pulse.at, {"broker": False})
    port = StatusPort(free_port(), pulse, told.registry)
    url = port.start()
    try:
        assert ask(f"{url}/healthz") == (200, '{"status":"ok"}')
        status, body = ask(f"{url}/readyz")
        assert (status, json.loads(body)["not_ready"]) == (503, ["broker"])
        families = {each.name for each in text_string_to_metric_families(ask(f"{url}/metrics?x=1")[1])}
        assert "counter_bridge_sessions" in families
        assert ask(f"{url}/other")[0] == 404
    finally:
        port.stop()


@pytest.mark.processes
def test_bridge_and_worker_say_how_they_are_while_they_run(rig, until, free_port, monkeypatch):
    bridge, worker = free_port(), free_port()
    monkeypatch.setitem(os.environ, "COUNTER_BRIDGE__STATUS_PORT", str(bridge))
    monkeypatch.setitem(os.environ, "COUNTER_CENTRAL_WORKER__STATUS_PORT", str(worker))

    def ready(port):
        try:
            return ask(f"http://127.0.0.1:{port}/readyz")[0] == 200
        except OSError:
            return False

    rig.start_centre()
    until(lambda: ready(worker), "worker ready")
    rig.start_bridge()
    rig.sell(5)
    until(lambda: rig.mark() == 5 and ready(bridge), "bridge ready")

    def sample(port, name, **labels):
        families = text_string_to_metric_families(ask(f"http://127.0.0.1:{port}/metrics")[1])
        return sum(s.value for f in families for s in f.samples if s.name == name and s.labels == labels)

    assert sample(worker, "counter_central_events_total", result="stored") == 5
    assert sample(bridge, "counter_bridge_ack_seconds_count") >= 1
    assert sample(worker, "counter_central_counters", state="ONLINE") == 1
    rig.broker.kill()
    until(lambda: not ready(worker) and not ready(bridge), "both not ready without a broker")
    assert json.loads(ask(f"http://127.0.0.1:{bridge}/readyz")[1])["not_ready"][0] == "broker"
    assert ask(f"http://127.0.0.1:{bridge}/healthz")[0] == 200
