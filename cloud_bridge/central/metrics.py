"""The centre's metrics: what a worker counts, and what the tables say. Names and labels: docs/metrics.md.

No label names a buyer, a session or an event. What is told per counter is told of at most ``MOST_COUNTERS``,
those that are worst off: the fleet may have thirty thousand.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from cloud_bridge.central import fleet
from cloud_bridge.central.access_tables import attach, beside, open_access
from cloud_bridge.central.commanding_spool import waiting
from cloud_bridge.central.database import Address, Connection, open_reader
from cloud_bridge.central.outward import Reader
from cloud_bridge.status import build_info
from edge.errors import CounterError

BATCH_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
ACK_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 30.0)
MOST_COUNTERS = 500
KEPT_S = 10.0
"""How long an answer of the tables is given again: many may ask, and none may slow the pages down."""
LATELY_S = 7 * 86_400
BASE = "counter_central"

log = structlog.get_logger("centre")


@dataclass
class WorkerMetrics:
    """What one worker counts."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        of = self.registry
        build_info(f"{BASE}_build", of)
        self.events = Counter(f"{BASE}_events", "Events, by what became of them", ["result"], registry=of)
        self.batch = Histogram(
            f"{BASE}_ingest_batch_seconds", "One transaction of events", registry=of, buckets=BATCH_S
        )
        self.ack = Histogram(
            f"{BASE}_ack_seconds", "From a message's arrival to the ack of it", registry=of, buckets=ACK_S
        )
        self.held_back = Counter(
            f"{BASE}_held_back_messages", "Messages of counters over their limit, not taken", registry=of
        )
        self.connected = Gauge(f"{BASE}_broker_connected", "1: there is a session at the broker", registry=of)
        self.sessions = Counter(f"{BASE}_sessions", "Sessions begun at the broker", registry=of)
        self.disconnects = Counter(f"{BASE}_disconnects", "Sessions that ended, or never began", registry=of)
        self.refusals = Counter(
            f"{BASE}_puback_refusals", "Messages that the broker refused", ["code"], registry=of
        )
        self.lost = Counter(f"{BASE}_database_losses", "Times that the database went away", registry=of)
        for result in ("stored", "duplicate", "conflict", "dead_letter"):
            self.events.labels(result)


class FleetMetrics(Collector):
    """What the tables say, asked at each scrape. spool: where commands are handed in, None: unknown here."""

    def __init__(
        self, reader: Reader, spool: Path | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._reader, self._spool, self._clock = reader, spool, clock
        self._kept: list[GaugeMetricFamily] = []
        self._kept_at = float("-inf")

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing is asked while it is registered."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        if self._clock() - self._kept_at >= KEPT_S:
            self._kept = self._asked()
            self._kept_at = self._clock()
        return iter(self._kept)

    def _asked(self) -> list[GaugeMetricFamily]:
        found: list[GaugeMetricFamily] = []
        if self._spool is not None:
            text = "Commands handed in and not yet taken in"
            found.append(_one("spool_files", text, waiting(self._spool)))
        try:
            with self._reader() as db, db.picture():
                found += [*_fleet(db), *_commands(db), *_each(db)]
            there = 1
        except (CounterError, sqlite3.Error) as error:  # what this process counted is told all the same
            log.error("tables_unreadable", alarm=True, why=str(error))
            there = 0
        return [*found, _one("tables_readable", "1: what the tables say is told too", there)]


def reader_with_acks(address: Address) -> Reader:
    """As ``reader_of``; the connection reads the acknowledgements too, whose tables are made if need be."""

    @contextmanager
    def reading() -> Iterator[Connection]:
        if isinstance(address, str) or not beside(address).exists():
            open_access(address).close()
        with closing(open_reader(address)) as db:
            attach(db, address)
            yield db

    return reading


def _one(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{BASE}_{name}", text, value=value)


def _by(name: str, text: str, labels: list[str], rows: list[tuple[list[str], float]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"{BASE}_{name}", text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def _fleet(db: Connection) -> Iterator[GaugeMetricFamily]:
    counts = fleet.counts(db, datetime.now(UTC))
    yield _by("counters", "How many counters stand how", ["state"], [([k], n) for k, n in counts.items()])
    rows = db.execute(
        "select 'counter', a.severity, count(*) from alarm a join counter c on c.counter = a.counter"
        " and c.inc = a.inc where a.active = 1 group by a.severity"
        " union all select 'centre', severity, count(*) from centre_alarm where active = 1 group by severity"
    ).fetchall()
    alarms = [([origin, severity], n) for origin, severity, n in rows]
    yield _by("alarms", "Alarms that stand", ["origin", "severity"], alarms)
    own = db.execute("select kind, count(*) from centre_alarm where active = 1 group by kind").fetchall()
    yield _by("own_alarms", "The centre's own alarms that stand", ["kind"], [([kind], n) for kind, n in own])
    gaps = db.execute(
        "select count(*) from stream s join mark m on m.counter = s.counter and m.inc = s.inc"
        " where m.hi < s.last_seq"
    ).fetchone()
    yield _one("gap_streams", "Ledgers of which numbers are missing", int(gaps[0]))
    sums = db.execute("select coalesce(sum(backlog), 0), coalesce(sum(parked), 0) from counter").fetchone()
    yield _one("backlog_events", "Events that wait at all counters, as they said last", int(sums[0]))
    yield _one("parked_events", "Of these, the ones that were set aside", int(sums[1]))


def _commands(db: Connection) -> Iterator[GaugeMetricFamily]:
    now = int(time.time())
    rows = db.execute(
        "select coalesce(a.outcome, case when c.expires_at <= :now then 'EXPIRED'"
        " when c.published_at is null then 'PENDING' else 'SENT' end) as state, count(*)"
        " from command c left join command_answer a on a.counter = c.counter and a.command = c.id"
        " where c.issued_at > :since group by 1",
        {"now": now, "since": now - LATELY_S},
    ).fetchall()
    found = dict.fromkeys(("PENDING", "SENT", "EXPIRED", "DONE", "REFUSED", "FAILED"), 0) | dict(rows)
    states = [([state], float(n)) for state, n in found.items()]
    yield _by("commands", "Commands of the last 7 days by state", ["state"], states)


def _each(db: Connection) -> Iterator[GaugeMetricFamily]:
    """Of those that have something to tell, the worst first; of counters heard within a day."""
    since = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    for name, text, column in (
        ("counter_backlog_events", "Events that wait at one counter", "backlog"),
        ("counter_parked_events", "Events that one counter has set aside", "parked"),
        ("counter_clock_offset_seconds", "One counter's clock less the centre's", "clock_off_s"),
    ):
        rows = db.execute(
            f"select counter, {column} from counter where {column} <> 0 and heard > ?"
            f" order by abs({column}) desc, counter limit ?",
            (since, MOST_COUNTERS),
        ).fetchall()
        yield _by(name, text, ["counter"], [([counter], float(value)) for counter, value in rows])
