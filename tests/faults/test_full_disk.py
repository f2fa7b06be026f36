"""A disk without a byte left, at either end: nothing is charged or acknowledged that is not written."""

import resource
import time
from contextlib import suppress

import httpx
import pytest

from tests.faults.chaos.people import PINS
from tests.faults.chaos.reading import rows
from tests.faults.chaos.stage import CENTRE

pytestmark = [pytest.mark.processes, pytest.mark.chaos, pytest.mark.long]

WATER = "1-01"
BACK_S = 15.0
"""Until a counter sells again once there is room; what is asked for is 5 s, on a machine of its own."""


@pytest.fixture
def counter(staged, until):
    """A real counter in its simulated cabinet, ready to sell, on a disk of its own."""
    stage = staged(writers=0, cabinets=1)
    if not all(disk.mounted for disk in stage.disks.values()):
        pytest.skip("a disk of its own needs a tmpfs, which this user may not mount")
    with Counter(stage, until) as made:
        made.until(made.is_ready, "the counter sells")
        yield made


class Counter:
    """What a buyer, the screen and the simulator say of one counter."""

    def __init__(self, stage, until):
        self.stage, self._until = stage, until
        (self.cabinet,) = stage.cabinets
        self.ledger, self.disk = self.cabinet.member.ledger, stage.disks[self.cabinet.member.id]
        self.api = httpx.Client(base_url=self.cabinet.api, timeout=10.0, trust_env=False)
        self.sim = httpx.Client(base_url=self.cabinet.sim, timeout=10.0, trust_env=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.api.close()
        self.sim.close()

    def until(self, true, what):
        self._until(true, what, self.stage)

    def screen(self):
        """What the screen shows: the state, and why it is out of order."""
        told = self.api.get("/api/v1/counter").json()
        return told["state"], told.get("reason", "")

    def page(self):
        """What the buyer's page says of the visit: how it stands, and what there is to say about it."""
        told = self.api.get(f"/api/v1/sessions/{self.session}").json()
        return told["state"], told["notice"]

    def is_ready(self):
        with suppress(httpx.TransportError):
            return self.screen() == ("READY", "")
        return False

    def asks(self):
        token = self.api.get("/api/v1/screen/token").json()["token"]
        body = {"kind": "BUY", "token": token, "buyer": "demo-001", "pin": PINS["demo-001"]}
        return self.api.post("/api/v1/sessions", json=body)

    def acts(self, do, **words):
        return self.sim.post("/sim/act", json={"do": do, **words}).status_code == 200

    def opens(self):
        granted = self.asks()
        assert granted.status_code == 201
        self.session = granted.json()["session"]
        self.until(lambda: self.acts("open_door"), "the door opens")

    def takes_and_shuts(self):
        assert self.acts("take", tray=WATER, count=2)
        self.stage.wait(1.5)
        self.until(lambda: self.acts("close_door"), "the door is shut")

    def sold(self):
        return rows(self.ledger, "SELECT tray, count FROM sale_line ORDER BY sale, line")


def test_on_a_full_disk_nobody_gets_in_the_screen_says_why_and_it_sells_again_when_there_is_room(counter):
    counter.disk.fill()
    counter.until(lambda: counter.screen() == ("OUT_OF_ORDER", "ledger"), "the screen says so")
    assert "账本暂时无法写入" in counter.api.get("/strings.json").text  # reason_ledger: the page's own words
    refused = counter.asks()
    assert (refused.status_code, refused.json()["code"]) == (503, "OUT_OF_ORDER")
    assert not counter.acts("open_door")
    assert counter.sold() == []
    counter.disk.free()
    began = time.monotonic()
    counter.until(counter.is_ready, "it sells again")
    assert time.monotonic() - began < BACK_S
    counter.opens()
    counter.takes_and_shuts()
    counter.until(lambda: counter.sold() == [(WATER, 2)], "the sale is in the ledger")


def test_a_door_that_was_open_when_the_disk_filled_up_ends_in_its_sale(counter):
    counter.opens()
    counter.disk.fill()
    counter.takes_and_shuts()
    counter.until(lambda: counter.sold() == [(WATER, 2)], "the reserve takes the sale")
    counter.until(lambda: counter.screen() == ("OUT_OF_ORDER", "ledger"), "the screen says so")
    counter.disk.free()
    counter.until(counter.is_ready, "it sells again")
    assert counter.stage.drained(time.monotonic(), 30.0) is not None


def test_a_sale_that_the_disk_refuses_is_charged_to_nobody_until_it_is_written(counter):
    """Every write of the engine fails, those of its log too; SQLite takes that for a fault of the disk."""
    counter.opens()
    engine = counter.stage.programs[counter.cabinet.engine]
    limits = resource.prlimit(engine.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    counter.takes_and_shuts()
    counter.until(lambda: counter.page()[1] == "ledger", "the page says so")
    assert counter.page() == ("SETTLING", "ledger"), "thanked for a purchase that is not written"
    assert counter.screen()[0] == "BUSY"
    assert counter.asks().status_code >= 400
    assert counter.sold() == []
    resource.prlimit(engine.process.pid, resource.RLIMIT_FSIZE, limits)
    counter.until(lambda: counter.sold() == [(WATER, 2)], "the sale is written")
    assert not engine.ended, "it ended by itself"
    engine.kill(away_s=0.0)  # such a ledger is opened again before anything more is sold
    counter.until(counter.is_ready, "it sells again")
    assert counter.stage.drained(time.monotonic(), 30.0) is not None


@pytest.mark.parametrize(("store", "workers"), [("sqlite", 1), ("postgres", 2)])
def test_a_centre_without_room_acknowledges_nothing_and_loses_nothing(staged, until, store, workers):
    stage = staged(writers=2, store=store, workers=workers)
    disk = stage.disks[CENTRE]
    if not disk.mounted:
        pytest.skip("a disk of its own needs a tmpfs, which this user may not mount")
    first, _ = stage.counters
    until(lambda: stage.mark(first.id) > 20, "the first events at the centre", stage)
    disk.fill()
    if isinstance(stage.central_db, str):
        stage.wait(6.0)  # its log of changes has room of its own, for a while
    acknowledged = bridge_knows(first)
    goal = acknowledged + 200
    until(lambda: first.last() > goal, "200 events more in the ledger", stage)
    stage.wait(2.0)
    held = stage.mark(first.id)
    assert bridge_knows(first) <= max(held, acknowledged), "acknowledged, and not stored"
    disk.free()
    stage.stop_selling()
    assert stage.drained(time.monotonic(), 30.0) is not None
    assert stage.problems() == []


def bridge_knows(member):
    found = rows(member.data / "bridge.db", "SELECT coalesce(max(through), 0) FROM mark")
    return int(found[0][0]) if found else 0
