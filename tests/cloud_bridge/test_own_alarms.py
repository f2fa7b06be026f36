"""The centre's own alarms: raised by what is seen, acknowledged on the fleet page, over when it is over."""

import asyncio
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
import pytest
from argon2 import PasswordHasher

from cloud_bridge import feed
from cloud_bridge.central import fleet, presence
from cloud_bridge.central.access import Access, Limits
from cloud_bridge.central.access_tables import open_access
from cloud_bridge.central.answers import alarms as on_the_overview
from cloud_bridge.central.app import Site
from cloud_bridge.central.hook_store import ACTIVE, Hooks, Subscription
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.own_alarm_watch import LOOK_S, SETTLED_S, Watch
from cloud_bridge.central.own_alarms import HAPPENED, LINGERS_S, SEEN_S, SEVERITY, Kind, Row, Sign, changes
from cloud_bridge.central.roles import Role
from cloud_bridge.central.store import Store
from cloud_bridge.central.twins import WINDOW_S, Birth, Births, are_two, birth
from cloud_bridge.central.words import WORDS

ROOT = Path(__file__).parents[2]
NOW_S = 1_795_000_000
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

# --- the rule -----------------------------------------------------------------------------------
GAP, FLOOD, CONFLICT = Kind.GAP, Kind.FLOOD, Kind.CONFLICT


def row(kind, *, number=7, active=True, age_s=0, detail=""):
    return Row(kind, "T-001", "", number, active, detail, NOW_S - age_s)


def sign(kind, **more):
    return Sign(kind, "T-001", **more)


RULE = [
    pytest.param([sign(GAP)], [], (), ["raised"], id="a state that is new"),
    pytest.param([sign(GAP)], [row(GAP)], (), [], id="it goes on"),
    pytest.param([sign(GAP, detail="+1")], [row(GAP)], (), ["seen"], id="it goes on and says more"),
    pytest.param([], [row(GAP)], (), ["cleared"], id="it is over"),
    pytest.param([sign(GAP, raises=False)], [], (), [], id="not sure enough to raise"),
    pytest.param([sign(GAP, raises=False)], [row(GAP)], (), [], id="sure enough to let it stand"),
    pytest.param([], [row(FLOOD)], (), [], id="another worker may still see it"),
    pytest.param(
        [sign(FLOOD)], [row(FLOOD, age_s=SEEN_S)], (), ["seen"], id="others are told that it goes on"
    ),
    pytest.param([], [row(FLOOD, age_s=LINGERS_S[FLOOD])], (), ["cleared"], id="nobody saw it for long"),
    pytest.param([sign(CONFLICT, number=8)], [], (), ["raised"], id="it happened"),
    pytest.param([sign(CONFLICT, number=8)], [row(CONFLICT)], (), ["raised"], id="it happened again"),
    pytest.param([sign(CONFLICT, number=7)], [row(CONFLICT)], (), [], id="told already"),
    pytest.param([], [row(CONFLICT)], (), [], id="what happened stands until somebody has seen it"),
    pytest.param([], [row(CONFLICT)], (CONFLICT,), ["cleared"], id="somebody has seen it"),
    pytest.param(
        [sign(CONFLICT, number=8)], [row(CONFLICT)], (CONFLICT,), ["raised"], id="seen, and happened again"
    ),
    pytest.param(
        [sign(CONFLICT, number=7)], [row(CONFLICT, active=False)], (), [], id="over and told already"
    ),
]


@pytest.mark.parametrize(("signs", "kept", "acked", "wanted"), RULE)
def test_what_is_seen_changes_what_stands(signs, kept, acked, wanted):
    keys = frozenset((kind, "T-001", "") for kind in acked)
    found = changes(signs, kept, keys, NOW_S)
    assert [name for name in ("raised", "seen", "cleared") if getattr(found, name)] == wanted


def test_every_kind_has_a_severity_words_in_both_languages_and_its_line_for_operators():
    manual = (ROOT / "docs" / "operations.md").read_text("utf-8")
    for kind in Kind:
        assert SEVERITY[kind] in ("CRITICAL", "MAJOR", "MINOR")
        assert all(WORDS[kind])
        assert f"**{kind}**" in manual, kind


# --- two machines -------------------------------------------------------------------------------
TWINS = [
    pytest.param("", False, id="nobody"),
    pytest.param("AAAA", False, id="one that redials"),
    pytest.param("ABCD", False, id="one that is started again and again"),
    pytest.param("AABBC", False, id="redials and restarts"),
    pytest.param("ABA", False, id="a message that came twice"),
    pytest.param("ABAB", True, id="two in turns"),
    pytest.param("AABBAAB", True, id="two that redial"),
    pytest.param("ABCAB", True, id="three"),
]


@pytest.mark.parametrize(("order", "two"), TWINS)
def test_who_comes_back_after_another_is_a_second_one(order, two):
    assert are_two([Birth(float(n), (who, who, who)) for n, who in enumerate(order)]) is two


def test_births_are_forgotten_after_a_while_and_their_memory_is_bounded():
    births = Births()
    one, other = (birth(0.0, feed.Presence(online=True, boot=name, since=name)) for name in "AB")
    for n, who in enumerate((one, other) * 50):
        births.note("T-001", Birth(float(n), who.who))
    assert set(births.twins(100.0)) == {"T-001"}
    assert births.twins(100.0 + WINDOW_S) == {}
    assert births._of == {}


# --- the centre ---------------------------------------------------------------------------------
class Centre:
    """A store, its watch with a clock of the test's, and the pages."""

    def __init__(self, place, directory, make):
        self.place, self.make, self.directory = place, make, directory
        self.store = Store(place)
        self.signs = []
        hooks = directory / "webhooks.db"
        self.watch = Watch(self.store, place, 3600, hooks, [lambda: self.signs])
        self.access = Access(open_access(place), QUICK, Limits(idle_s=600, absolute_s=3600))
        self.access.add("technician-1", Role.TECHNICIAN, "", "示例 password 1", "2026-11-24T02:00:00Z")
        self.site = Site(place, lambda: True, hasher=QUICK)
        self.now = 0.0

    def look(self, later_s=LOOK_S, up=True):
        self.now += later_s
        return self.watch.look(self.now, NOW_S + int(self.now), up=up)

    def hear(self, counter="T-001", at_s=0, **health):
        heard = datetime.fromtimestamp(NOW_S + at_s, UTC).isoformat(timespec="milliseconds")
        body = msgspec.json.encode(
            feed.Health(**{"backlog": 0, "through": 0, "parked": 0, "version": "1"} | health)
        )
        with self.store.transaction() as db:
            assert presence.note(db, f"counters/{counter}/health", body, heard.replace("+00:00", "Z"))

    def alarms(self, counter=None):
        return [(each.kind, each.counter) for each in fleet.alarms(self.site.db, counter)]

    def acknowledge(self, kind):
        (alarm,) = [each for each in fleet.alarms(self.site.db) if each.kind == kind]
        names = ("counter", "inc", "kind", "subject", "seq")
        token = self.access.make_token("technician-1", 2**40, "2026-11-24T02:00:00Z")[1]

        async def asked():
            transport = httpx.ASGITransport(self.site.app())
            headers = {"authorization": f"Bearer {token}"}
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1", headers=headers
            ) as client:
                page = (await client.get("/fleet", params={"lang": "en"})).text
                fields = {name: str(getattr(alarm, name)) for name in names}
                return page, (
                    await client.post("/fleet/acknowledge", data=fields | {"note": "示例"})
                ).status_code

        return asyncio.run(asked())

    def close(self):
        self.watch.close()
        self.site.close()
        self.access.db.close()
        self.store.close()


@pytest.fixture
def centre(place, tmp_path, make):
    with closing(Centre(place, tmp_path, make)) as made:
        yield made


EVENTS = "counters/T-001/events"


def test_a_conflict_is_acknowledged_on_the_fleet_page_and_stands_again_when_it_happens_again(centre):
    one, other = centre.make.sales(1)[0], centre.make.chain([centre.make.sale(1, total_fen=1)])[0]
    third = centre.make.chain([centre.make.sale(1, total_fen=2)])[0]
    ingest(centre.store, [(EVENTS, one), (EVENTS, other)], "2026-11-24T02:00:00Z")
    centre.look()
    assert centre.alarms() == [("CONFLICT", "T-001")]
    assert [each.kind for each in on_the_overview(centre.site.db)] == ["CONFLICT"]
    assert fleet.counter(centre.site.db, "T-001", datetime.now(UTC)).urgent == 1
    page, status = centre.acknowledge("CONFLICT")
    assert (status, "Same number, other content" in page) == (303, True)
    centre.look()
    assert centre.alarms() == []
    ingest(centre.store, [(EVENTS, third)], "2026-11-24T02:00:00Z")
    centre.look()
    assert centre.alarms() == [("CONFLICT", "T-001")]
    assert fleet.alarms(centre.site.db)[0].who == ""


def test_unreadable_bytes_are_one_alarm_a_counter_and_code(centre):
    ingest(centre.store, [(EVENTS, b"junk %d" % n) for n in range(5)], "2026-11-24T02:00:00Z")
    centre.look()
    assert [(each.kind, each.subject, each.detail) for each in fleet.alarms(centre.site.db)] == [
        ("DEAD_LETTER", "envelope", "+5")
    ]


def test_commands_refused_at_a_counter_are_shown_and_an_alarm_only_when_they_rise(centre):
    centre.hear(refused=2)
    centre.look()
    assert centre.alarms("T-001") == [("COMMANDS_REFUSED", "T-001")]
    assert fleet.counter(centre.site.db, "T-001", datetime.now(UTC)).refused == 2
    assert centre.acknowledge("COMMANDS_REFUSED")[1] == 303
    centre.look()
    centre.hear(refused=2)
    centre.look()
    assert centre.alarms() == []
    centre.hear(refused=0)  # a new bridge.db counts from nothing
    centre.hear(refused=1)
    centre.look()
    assert centre.alarms() == [("COMMANDS_REFUSED", "T-001")]


def test_silence_is_an_alarm_once_the_worker_has_listened_for_a_while_and_ends_with_a_word(centre):
    centre.hear(at_s=-4000)
    centre.look()
    assert centre.alarms() == []  # perhaps it was us who were away
    centre.look(SETTLED_S)
    assert centre.alarms() == [("SILENT_COUNTER", "T-001")]
    page, _ = centre.acknowledge("SILENT_COUNTER")
    (alarm,) = fleet.alarms(centre.site.db)
    assert "Last heard" in page
    assert alarm.detail not in page  # times of the page are Beijing's
    centre.look(up=False)
    centre.look()
    assert centre.alarms() == [("SILENT_COUNTER", "T-001")]
    centre.hear(at_s=int(centre.now))
    centre.look()
    assert centre.alarms() == []


def test_two_machines_on_one_identity_are_an_alarm_that_outlives_the_quarrel_for_a_while(centre):
    pair = [feed.Presence(online=True, boot=name * 8, since=name, inc=name * 16) for name in "ab"]
    for n in range(4):
        centre.watch.born("T-001", pair[n % 2], centre.now + n)
    centre.look()
    (alarm,) = fleet.alarms(centre.site.db)
    assert (alarm.kind, alarm.severity) == ("TWO_COUNTERS", "CRITICAL")
    assert "aaaaaaaa" in alarm.detail
    assert "bbbbbbbb" in alarm.detail
    centre.look(WINDOW_S)
    assert centre.alarms() == [("TWO_COUNTERS", "T-001")]
    centre.look(LINGERS_S[Kind.TWO_COUNTERS])
    assert centre.alarms() == []


def hook(id, **changes):
    values = dict.fromkeys(("counter", "ca_file", "why"), "")
    values |= dict.fromkeys(("cursor", "apart_to", "round", "failures"), 0)
    values |= {
        "id": id,
        "url": "https://erp.example/x?key=abc",
        "types": (),
        "secret_file": "s",
        "state": ACTIVE,
    }
    values |= {"allow_private": False, "failing_since": None, "made_at": "1", "delivered_at": None}
    return Subscription(**values | changes)


def test_a_disabled_webhook_and_refused_events_stand_until_a_person_has_dealt_with_them(centre):
    with closing(Hooks(centre.directory / "webhooks.db")) as hooks:
        hooks.add(hook("one"))
        hooks.add(hook("two"))
        hooks.failed(hooks.one("one"), "HTTP 410", "1", disabled=True)
        hooks.set_aside(hooks.one("two"), 3, "HTTP 422", "1")
        centre.look()
        assert sorted((each.kind, each.subject) for each in fleet.alarms(centre.site.db)) == [
            ("WEBHOOK_DISABLED", "one erp.example"),
            ("WEBHOOK_REFUSED", "two erp.example"),
        ]
        assert "abc" not in str(fleet.alarms(centre.site.db))
        assert centre.acknowledge("WEBHOOK_DISABLED")[1] == 303
        assert len(centre.alarms()) == 2  # acknowledged, and it stands
        hooks.enable("one")
        hooks.remove("two")
    centre.look(LINGERS_S[Kind.WEBHOOK_DISABLED])
    assert centre.alarms() == []


def test_what_happened_is_told_once_also_by_a_worker_that_starts_anew(centre):
    ingest(centre.store, [(EVENTS, b"junk")], "2026-11-24T02:00:00Z")
    centre.look()
    number = fleet.alarms(centre.site.db)[0].seq
    with closing(Watch(centre.store, centre.place, 3600, None)) as other:
        assert other.look(0.0, NOW_S + 100, up=True) is False
    assert fleet.alarms(centre.site.db)[0].seq == number
    assert Kind.DEAD_LETTER in HAPPENED
