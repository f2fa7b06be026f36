"""The fleet at the centre: how counters stand, alarms acknowledged, the twin, commands sent from a page."""

import asyncio
import html
import os
import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import httpx
import msgspec
import pytest
from argon2 import PasswordHasher

from cloud_bridge import feed
from cloud_bridge.central import fleet, presence
from cloud_bridge.central.access import Access, Limits
from cloud_bridge.central.access_tables import open_access
from cloud_bridge.central.app import Site, Web
from cloud_bridge.central.fleet_state import BACKLOG, CLOCK_OFF_S, SILENT_S, Facts, Standing, standing_of
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.roles import Role
from cloud_bridge.central.store import Store

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
NOW = datetime.now(UTC)
PASSWORD = "示例 password 1"
AT = "2026-11-24T02:00:00Z"

FINE = {"online": True, "silent_s": 10}
STANDINGS = [
    (Standing.ONLINE, {}),
    (Standing.ONLINE, {"backlog": BACKLOG}),
    (Standing.ONLINE, {"clock_off_s": -CLOCK_OFF_S}),
    (Standing.ONLINE, {"silent_s": SILENT_S}),
    (Standing.DEGRADED, {"backlog": BACKLOG + 1}),
    (Standing.DEGRADED, {"parked": 1}),
    (Standing.DEGRADED, {"gap": True}),
    (Standing.DEGRADED, {"standing": 1}),
    (Standing.DEGRADED, {"clock_off_s": CLOCK_OFF_S + 1}),
    (Standing.DEGRADED, {"clock_off_s": -CLOCK_OFF_S - 1}),
    (Standing.OFFLINE, {"online": False}),
    (Standing.OFFLINE, {"silent_s": SILENT_S + 1}),
    (Standing.OFFLINE, {"online": False, "backlog": 9999, "standing": 1}),
    (Standing.ALARM, {"standing": 1, "urgent": 1}),
    (Standing.ALARM, {"standing": 1, "urgent": 1, "online": False}),
]


@pytest.mark.parametrize(("wanted", "facts"), STANDINGS)
def test_how_a_counter_stands(wanted, facts):
    assert standing_of(Facts(**FINE | facts)) == wanted


class Centre:
    """A centre's pages over one counter's events, and one login of each role."""

    def __init__(self, place, make, url=False):
        self.make, self.place, self.store = make, place, Store(place)
        self.submitted = []
        self.site = Site(
            place,
            lambda: True,
            limits=Limits(idle_s=600, absolute_s=3600),
            hasher=QUICK,
            submit=self.submitted.append,
        )
        self.access = Access(open_access(place), QUICK, Limits(idle_s=600, absolute_s=3600))
        for role in Role:
            self.access.add(f"{role}-1", role, "S005" if role is Role.SUPPLIER else "", PASSWORD, AT)
        self.facts = []
        self.web = Web(self.site, "127.0.0.1", 0) if url else None
        self.url = self.web.start() if self.web else ""

    def receive(self, *facts):
        before = len(self.facts)
        self.facts += facts
        bodies = self.make.chain(self.facts)[before:]
        ingest(self.store, [("counters/T-001/events", body) for body in bodies], NOW.isoformat())
        if self.web:
            self.web.changed()

    def hear(self, counter="T-001", **changes):
        heard = NOW.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        health = {"backlog": 0, "through": 1, "parked": 0, "version": "0.1.0", "at": heard} | changes
        with self.store.transaction() as db:
            for leaf, body in (("presence", feed.Presence(online=True)), ("health", feed.Health(**health))):
                body = msgspec.json.encode(body)
                taken = presence.note(db, f"counters/{counter}/{leaf}", body, heard)
                assert taken == ("\0" not in changes.get("version", "") or leaf == "presence")

    def reader(self):
        return self.site.db

    def as_role(self, role):
        token = self.access.make_token(f"{role}-1", 2**40, AT)[1]
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://127.0.0.1",
            headers={"authorization": f"Bearer {token}"},
        )

    @property
    def app(self):
        if not hasattr(self, "_app"):
            self._app = self.site.app()
        return self._app

    def close(self):
        if self.web:
            self.web.stop()
        else:
            self.site.close()
        self.access.db.close()
        self.store.close()


@pytest.fixture
def centre(place, make):
    with closing(Centre(place, make)) as made:
        yield made


def alarm(n=1, severity="MAJOR", **changes):
    return feed.AlarmRaised(
        mono_ms=n, kind="NOT_LOCKED", subject="door", severity=severity, detail="示例", **changes
    )


CLEARED = feed.AlarmCleared(mono_ms=9, kind="NOT_LOCKED", subject="door")


def test_the_query_stands_by_the_rule_for_every_mixture(centre):
    """The same rule in SQL: every combination of what it looks at."""
    wanted = {}
    axes = product((0, 1), (10, SILENT_S + 60), (0, 1, 2), (0, BACKLOG + 1), (0, 1), (None, 0, -61, 61))
    with centre.store.transaction() as db:
        for n, (online, silent_s, alarms, backlog, parked, clock) in enumerate(axes):
            name = f"C-{n:04d}"
            heard = (
                (NOW - timedelta(seconds=silent_s)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            )
            db.execute(
                "insert into counter (counter, inc, online, backlog, parked, clock_off_s, heard)"
                " values (?, 'i', ?, ?, ?, ?, ?)",
                (name, online, backlog, parked, clock, heard),
            )
            if alarms:
                db.execute(
                    "insert into alarm (counter, inc, kind, subject, seq, active, severity, detail, at)"
                    " values (?, 'i', 'LEAK', 't', 1, 1, ?, '', 'x')",
                    (name, "MINOR" if alarms == 1 else "CRITICAL"),
                )
            facts = Facts(
                online=bool(online),
                silent_s=silent_s,
                urgent=int(alarms == 2),
                standing=int(alarms > 0),
                backlog=backlog,
                parked=parked,
                clock_off_s=clock,
            )
            wanted[name] = standing_of(facts)
    found, offset = {}, 0
    while page := fleet.fleet(centre.reader(), NOW, sort="counter", offset=offset).rows:
        found |= {row.counter: row.state for row in page}
        offset += len(page)
    assert found == wanted
    counts = fleet.fleet(centre.reader(), NOW).counts
    assert counts == {each: list(wanted.values()).count(each) for each in Standing}


def test_counters_are_found_filtered_sorted_and_paged(centre):
    for n in range(1, 120):
        centre.hear(f"AK-{n:03d}", backlog=n)
    db = centre.reader()
    first = fleet.fleet(db, NOW, sort="backlog")
    assert (len(first.rows), first.total, first.rows[0].counter) == (fleet.ROWS, 119, "AK-119")
    assert [row.counter for row in fleet.fleet(db, NOW, search="k-00", sort="counter").rows][:2] == [
        "AK-001",
        "AK-002",
    ]
    assert fleet.fleet(db, NOW, search="%").total == 0
    assert fleet.fleet(db, NOW, state="ALARM").total == 0
    assert len(fleet.fleet(db, NOW, offset=100).rows) == 19


def test_the_clocks_difference_is_kept_and_an_older_counter_tells_none(centre):
    told = (NOW + timedelta(seconds=90)).isoformat()
    centre.hear("AK-001", at=told)
    centre.hear("AK-002", at="")
    rows = {row.counter: row.clock_off_s for row in fleet.fleet(centre.reader(), NOW).rows}
    assert rows == {"AK-001": 90, "AK-002": None}


@pytest.mark.each_case_on_postgresql
@pytest.mark.parametrize("body", [b'{"backlog":99999999999999999999', b'{"version":"a\\u0000","backlog":1'])
def test_telemetry_that_no_store_takes_is_left_out_and_breaks_nothing(centre, body):
    body = body + (b"" if b"version" in body else b',"version":"x"') + b',"through":1,"parked":0}'
    with centre.store.transaction() as db:
        assert not presence.note(db, "counters/T-001/health", body, AT)
        assert presence.note(db, "counters/T-001/presence", b'{"online":true}', AT)


def form_of(text, action):
    form = re.search(rf'<form method="post" action="{action}".*?</form>', text, re.S)[0]
    return {k: html.unescape(v) for k, v in re.findall(r'name="(\w+)" value="([^"]*)"', form)}


def test_an_alarm_is_acknowledged_once_with_a_name_and_stands_again_when_it_is_raised_again(centre):
    centre.hear()
    centre.receive(alarm())

    async def journey():
        async with centre.as_role(Role.TECHNICIAN) as client:
            fields = form_of((await client.get("/fleet")).text, "/fleet/acknowledge")
            done = await client.post("/fleet/acknowledge", data=fields | {"note": "已到场"})
            assert done.status_code == 303
        async with centre.as_role(Role.OPERATOR) as client:
            await client.post("/fleet/acknowledge", data=fields)  # too late: the first one counts
        (acked,) = fleet.alarms(centre.reader(), "T-001")
        assert (acked.who, acked.note) == ("technician-1", "已到场")
        assert fleet.counter(centre.reader(), "T-001", NOW).state == Standing.DEGRADED
        centre.receive(CLEARED, alarm(2))
        (again,) = fleet.alarms(centre.reader(), "T-001")
        assert again.who == ""
        assert fleet.counter(centre.reader(), "T-001", NOW).state == Standing.ALARM
        async with centre.as_role(Role.TECHNICIAN) as client:
            return (await client.post("/fleet/acknowledge", data=fields)).status_code

    assert asyncio.run(journey()) == 409
    rows = centre.access.db.execute("select who, what, subject, detail from trail").fetchall()
    assert rows == [("technician-1", "acknowledge", "T-001 NOT_LOCKED door", "已到场")]


ORDERS = [
    pytest.param(Role.OPERATOR, {"kind": "lockout", "reason": "检修", "sure": "1"}, "sent", id="lockout"),
    pytest.param(Role.TECHNICIAN, {"kind": "diagnostics"}, "sent", id="diagnostics"),
    pytest.param(
        Role.TECHNICIAN,
        {"kind": "tray_out_of_service", "tray": "1-01", "out": "1", "reason": "坏了", "sure": "1"},
        "sent",
        id="tray",
    ),
    pytest.param(
        Role.OPERATOR, {"kind": "recall", "sku": "X", "reason": "召回", "sure": "1"}, "sent", id="recall"
    ),
    pytest.param(Role.OPERATOR, {"kind": "lockout", "reason": "检修"}, "wrong", id="not sure"),
    pytest.param(Role.OPERATOR, {"kind": "shell", "reason": "x"}, "wrong", id="no such kind"),
    pytest.param(
        Role.OPERATOR, {"kind": "resume", "reason": "a\u202eb"}, "wrong", id="a text that turns round"
    ),
    pytest.param(
        Role.TECHNICIAN,
        {"kind": "recall", "sku": "X", "reason": "x", "sure": "1"},
        403,
        id="not a technician's",
    ),
    pytest.param(Role.AUDITOR, {"kind": "diagnostics"}, 403, id="an auditor changes nothing"),
]


@pytest.mark.parametrize(("role", "fields", "outcome"), ORDERS)
def test_commands_are_handed_in_by_who_may_and_every_one_is_in_the_trail(centre, role, fields, outcome):
    centre.hear()

    async def journey():
        async with centre.as_role(role) as client:
            return await client.post("/fleet/T-001/command", data=fields)

    answer = asyncio.run(journey())
    if outcome == 403:
        assert answer.status_code == 403
    else:
        assert outcome in answer.headers["location"]
    assert [(each.kind, each.by) for each in centre.submitted] == (
        [(fields["kind"], f"{role}-1")] if outcome == "sent" else []
    )
    rows = centre.access.db.execute("select who, outcome from trail").fetchall()
    if fields.get("sure") or fields["kind"] != "lockout":
        assert rows == [(f"{role}-1", "DONE" if outcome == "sent" else "REFUSED")]


def test_the_twin_shows_the_cabinet_as_it_hangs(centre, make):
    centre.hear()
    moved = [("1-01", "X-COLA-330", 4), ("1-02", "ZY-WATER-500", 0), ("2-01", "X-COLA-330", 2)]
    centre.receive(
        make.sale(1),
        *(
            feed.StockMoved(
                mono_ms=n,
                movement=f"m{n}",
                tray=tray,
                sku=sku,
                kind="RESTOCK",
                count=count,
                expires_on="2027-01-01",
            )
            for n, (tray, sku, count) in enumerate(moved)
        ),
    )

    async def journey():
        async with centre.as_role(Role.OPERATOR) as client:
            return (await client.get("/fleet/T-001?lang=en")).text

    text = asyncio.run(journey())
    assert text.count('<ul class="shelf">') == 2
    assert "示例汽水" in text
    assert "× 4" in text
    assert text.count('class="bare"') == 1
    assert 'name="sure"' in text


def test_a_supplier_sees_its_own_goods_and_nothing_of_others(centre, make):
    line = make.sale(1).lines[0]
    mine = {"supplier_id": "S005", "sku": "MINE-1", "name": "示例蜂蜜", "supply_price_fen": 100}
    other = {"supplier_id": "S006", "sku": "OTHER-1", "name": "示例别家"}
    replace = msgspec.structs.replace
    lines = (replace(line, **mine), replace(line, **other))
    now = datetime.now(UTC).isoformat()
    centre.receive(
        make.sale(1, lines=lines, closed_at=now),
        *(
            feed.StockMoved(mono_ms=n, movement=f"m{n}", tray="1-01", sku=sku, kind="RESTOCK", count=3)
            for n, sku in enumerate(("MINE-1", "OTHER-1"))
        ),
    )

    async def journey():
        async with centre.as_role(Role.SUPPLIER) as client:
            page, told = (await client.get("/own")).text, (await client.get("/api/v1/own")).json()
            others = [
                (await client.get(path)).status_code
                for path in ("/fleet", "/restocks", "/api/v1/sales", "/trail")
            ]
            return page, told, others

    page, told, others = asyncio.run(journey())
    assert "示例蜂蜜" in page
    assert "别家" not in page
    assert [row["sku"] for row in told["statement"]["rows"]] == ["MINE-1"]
    assert [(each["sku"], each["on_hand"]) for each in told["lying"]] == [("MINE-1", 3)]
    assert others == [403] * 4


EVIL = [  # what a store may not take first
    pytest.param("a\u0000\u0007\u001b[31mb", id="control characters"),
    pytest.param("<script>alert(1)</script><img src=x onerror=alert(1)>", id="HTML"),
    pytest.param("'; drop table sale; --", id="SQL"),
    pytest.param("\u202egnp.exe\u2066", id="turned round"),
    pytest.param("{{ 7 * 7 }}{% raw %}", id="template"),
]


@pytest.mark.parametrize("evil", EVIL)
def test_what_counters_write_into_text_fields_breaks_no_page_and_runs_nowhere(centre, make, evil):
    session, line = "5f" * 16, make.sale(1).lines[0]
    replace = msgspec.structs.replace
    dirty = replace(
        line, tray=evil, sku=evil, name=evil, county=evil, supplier=evil, promotion=evil, supplier_id="S005"
    )
    facts = (
        make.sale(1, lines=(dirty,), order_no=evil, channel=evil, buyer=evil, unit=evil, catalogue=evil),
        alarm(severity=evil),
        feed.AlarmRaised(mono_ms=1, kind=evil, subject=evil, severity="MAJOR", detail=evil),
        feed.AlarmRaised(mono_ms=1, kind="APPEAL", subject=evil, severity="MAJOR", detail=f"count: {evil}"),
        feed.StockMoved(
            mono_ms=1,
            movement=evil,
            tray=evil,
            sku=evil,
            kind="RESTOCK",
            count=1,
            lot=evil,
            reason=evil,
            expires_on=evil,
        ),
        feed.SessionClosed(
            mono_ms=2,
            session=session,
            kind=evil,
            state="REVIEW",
            opener=evil,
            verdict=evil,
            reasons=(evil,),
            order_no=evil,
            trays=(
                feed.TrayVerdict(
                    tray=evil,
                    verdict=evil,
                    goods=(feed.Goods(sku=evil, count=1),),
                    before_dg=1,
                    after_dg=1,
                    delta_dg=0,
                    residual_dg=0,
                    reasons=(evil,),
                ),
            ),
            opened_at="2026-11-24T06:00:00Z",
            closed_at="2026-11-24T06:01:00Z",
        ),
        feed.RestockFinished(
            mono_ms=3,
            document=evil,
            session=session,
            signer=evil,
            opened_at=AT,
            closed_at=AT,
            lines=(
                feed.RestockLine(
                    tray=evil,
                    sku=evil,
                    planned=1,
                    weighed=1,
                    brought=1,
                    now=1,
                    pull_reason=evil,
                    reason=evil,
                    lot=evil,
                ),
            ),
        ),
    )
    centre.receive(*facts)
    centre.hear(version=evil)
    names = {"session": session, "counter": "T-001", "tray": "1-01"}

    async def journey():
        seen = []
        for role in (Role.OPERATOR, Role.AUDITOR, Role.SUPPLIER):
            async with centre.as_role(role) as client:
                for route in centre.site.routes():
                    path = getattr(route, "path", "")
                    if "GET" not in (getattr(route, "methods", None) or ()) or path.endswith("live"):
                        continue
                    path = re.sub(r"{(\w+)(:\w+)?}", lambda m: names.get(m[1], "1"), path)
                    for lang in ("zh", "en"):
                        answer = await client.get(
                            path, params={"lang": lang} if not path.startswith("/api") else None
                        )
                        seen.append(
                            (path, answer.status_code, answer.headers.get("content-type", ""), answer.text)
                        )
        return seen

    seen = asyncio.run(journey())
    assert [(path, status) for path, status, _, _ in seen if status >= 500] == []
    assert {path for path, status, _, _ in seen if status == 200} >= {
        "/",
        "/fleet",
        "/fleet/T-001",
        "/reviews",
        "/restocks",
        "/own",
    }
    for path, status, kind, text in seen:
        if kind.startswith("text/html") and status == 200:
            assert "<img src=x" not in text, path
            assert "<script>" not in text, path
    kept = "select (select count(*) from sale) + (select count(*) from dead_letter)"
    assert centre.store.db.execute(kept).fetchone()[0] >= 1  # no store loses it; PostgreSQL takes no NUL


# --- in a browser -----------------------------------------------------------------------------------
@pytest.fixture
def live(tmp_path, make):
    with closing(Centre(tmp_path / "central.db", make, url=True)) as made:
        made.hear()
        made.hear("AK-007", backlog=900)
        made.receive(make.sale(1), alarm())
        for n, (tray, sku, count) in enumerate(
            [("1-01", "X-COLA-330", 4), ("1-02", "ZY-WATER-500", 9), ("2-01", "X-COLA-330", 0)]
        ):
            made.receive(
                feed.StockMoved(
                    mono_ms=n,
                    movement=f"m{n}",
                    tray=tray,
                    sku=sku,
                    kind="RESTOCK",
                    count=count,
                    expires_on="2027-01-01",
                )
            )
        yield made


def log_in(tab, url, name):
    """By keyboard alone: the cursor stands in the first field."""
    tab.goto(url)
    tab.keyboard.type(name)
    tab.keyboard.press("Tab")
    tab.keyboard.type(PASSWORD)
    tab.keyboard.press("Enter")


SIZES = {"phone": (390, 844), "desk": (1440, 900)}


@pytest.mark.browser
@pytest.mark.parametrize(
    ("lang", "size"), [("zh", "desk"), pytest.param("en", "phone", marks=pytest.mark.long)]
)
def test_one_logs_in_by_keyboard_and_acknowledges_an_alarm(live, browser, picture, lang, size):
    from axe_playwright_python.sync_playwright import Axe

    width, height = SIZES[size]
    tab = browser.new_page(viewport={"width": width, "height": height}, locale="zh-CN")
    wrong = []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.goto(f"{live.url}/login?lang={lang}")
    picture(tab, f"login-{lang}-{size}", full=True)
    log_in(tab, f"{live.url}/fleet", "operator-1")
    tab.wait_for_url("**/fleet")
    for path in ("/fleet", "/fleet/T-001", "/", "/fleet"):
        tab.goto(live.url + path)
        picture(tab, f"{path.strip('/').replace('/', '-') or 'overview'}-{lang}-{size}", full=True)
        assert tab.evaluate("document.documentElement.scrollWidth") == width, path
        found = Axe().run(tab, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == [], path
    tab.get_by_role("textbox", name=re.compile("备注|Note")).fill("示例：已派人")
    tab.get_by_role("button", name=re.compile("确认|Acknowledge")).click()
    tab.wait_for_selector("text=operator-1 ·")
    picture(tab, f"acknowledged-{lang}-{size}", full=True)
    tab.get_by_role("button", name=re.compile("退出|Log out")).click()
    tab.wait_for_url("**/login")
    assert wrong == []
    tab.close()


@pytest.mark.browser
def test_a_new_alarm_appears_by_itself_and_a_dangerous_command_is_asked_for_twice(live, browser, picture):
    tab = browser.new_page(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    log_in(tab, f"{live.url}/fleet/T-001", "operator-1")
    tab.wait_for_selector("#h-trays")
    live.receive(feed.AlarmRaised(mono_ms=5, kind="FORCED_ENTRY", subject="door", severity="CRITICAL"))
    tab.wait_for_selector("text=异常开门")
    tab.click("summary:has-text('停止售卖')")
    tab.fill("#lockout-reason", "示例检修")
    tab.click("button:has-text('发送 · 停止售卖')")
    assert live.submitted == []  # the box is not ticked
    tab.check("input[name=sure] >> nth=0")
    picture(tab, "order", full=True)
    tab.click("button:has-text('发送 · 停止售卖')")
    tab.wait_for_selector("text=命令已交给中心")
    assert [(each.kind, each.by) for each in live.submitted] == [("lockout", "operator-1")]
    tab.close()


@pytest.fixture
def picture():
    """Saves a screenshot in $SCREENSHOTS, for people to look at."""
    place = os.environ.get("SCREENSHOTS")

    def take(page, name, full=False):
        if place:
            Path(place).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=Path(place) / f"{name}.png", full_page=full)

    return take
