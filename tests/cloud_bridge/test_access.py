"""Who may see and do what at the centre: accounts, logins, the guard over every route, the audit trail."""

import asyncio
import re
import shutil
from contextlib import closing

import httpx
import psycopg
import pytest
from argon2 import PasswordHasher
from starlette.routing import Mount

from cloud_bridge.central import cli, tries
from cloud_bridge.central.access import Access, Limits
from cloud_bridge.central.access_tables import FILE, beside, open_access
from cloud_bridge.central.database import Unfit
from cloud_bridge.central.guard import SAFE, Guarded
from cloud_bridge.central.process import site_of
from cloud_bridge.central.roles import MAY, NOBODY, WRITES, Permission, Role, Who
from cloud_bridge.central.settings import FILE as DATABASE
from cloud_bridge.central.settings import Settings, Web
from cloud_bridge.central.store import Store
from edge.errors import BadInput

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""The real function at its least cost; the real parameters take a tenth of a second."""
PASSWORD = "示例 password 1"
AT = "2026-11-24T02:00:00Z"
LIMITS = Limits(idle_s=600, absolute_s=3600)
BASE = "http://127.0.0.1"


class Centre:
    """A centre's pages in this process, its accounts, and a clock one can turn."""

    def __init__(self, database, anonymous=""):
        self.database = database
        web = Web(anonymous=anonymous, idle_min=LIMITS.idle_s // 60, absolute_h=LIMITS.absolute_s // 3600)
        self.site = site_of(Settings(web=web), self.database, lambda: True, QUICK)
        self.now = 1_000_000
        self.site._gate._now_s = lambda: self.now
        self.app = self.site.app()
        self.access = Access(open_access(self.database), QUICK, LIMITS)

    def client(self, base=BASE, address="192.0.2.7", **headers):
        transport = httpx.ASGITransport(self.app, client=(address, 5000))
        return httpx.AsyncClient(transport=transport, base_url=base, headers=headers)

    def token(self, name):
        return self.access.make_token(name, self.now + 100, AT)[1]

    def trail(self):
        rows = self.access.db.execute("select who, what, subject, outcome, detail from trail order by n")
        return [tuple(row) for row in rows]

    def close(self):
        self.access.db.close()
        self.site.close()


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    """The two files with one account of each role; tests get copies."""
    directory = tmp_path_factory.mktemp("made")
    Store(directory / DATABASE).close()
    with closing(open_access(directory / DATABASE)) as db:
        access = Access(db, QUICK, LIMITS)
        for role in Role:
            access.add(f"{role}-1", role, "S005" if role is Role.SUPPLIER else "", PASSWORD, AT)
    return directory


@pytest.fixture
def folder(tmp_path, made_once):
    for name in (DATABASE, FILE):
        shutil.copy(made_once / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def centre(folder):
    with closing(Centre(folder / DATABASE)) as made:
        yield made


@pytest.fixture
def open_centre(folder):
    """As the demo has it: who gives no login looks as an auditor does."""
    with closing(Centre(folder / DATABASE, anonymous="auditor")) as made:
        yield made


def run(journey):
    return asyncio.run(journey)


async def log_in(client, name="operator-1", password=PASSWORD, onward=""):
    page = await client.get("/login", params={"next": onward} if onward else None)
    fields = dict(re.findall(r'name="(csrf|next)" value="([^"]*)"', page.text))
    return await client.post("/login", data={**fields, "name": name, "password": password})


def csrf_of(page):
    return re.search(r'data-csrf="([^"]+)"', page.text)[1]


# --- the table ----------------------------------------------------------------------------------
WITH_ID = {"session": "5f" * 16, "tray": "1-01", "counter": "T-001", "id": "1", "visit": "1"}


OPEN = {
    "/": "leads to the login or to the page that one may see",
    "/login": "where one logs in",
    "/logout": "ends what the cookie names",
    "/healthz": "service managers ask",
    "/readyz": "service managers ask",
    "/api/v1/enrol": "a one-time code stands for a login",
    "/api/v1/renew": "a good certificate's key stands for a login",
    "/api/v1/time": "signed for whoever asks: a counter without a clock",
    "/api/v1/ca.crl": "brokers elsewhere; the list is public",
    "/c/T-001": "a buyer's page: it holds nothing of anybody",
    "/strings.json": "the words of that page",
    "/api/v1/places/T-001": "what stands on the counter for all to read",
    "/api/v1/visits": "a buyer's PIN stands for a login",
    "/api/v1/visits/1": "the cookie that came with the visit stands for a login",
    "/api/v1/visits/1/stream": "the same",
}
"""Every path that anybody may ask for, and why. A route that is new and asks for nothing is not in it."""


def routes(site):
    """Each path of the whole application with one method, and what it asks for."""
    found = []
    for route in site.app()._app.routes:
        if isinstance(route, Mount):
            assert route.path == "/static", f"{route} is mounted past the guard"
            continue
        assert isinstance(route, Guarded), f"{route} is not behind the guard"
        path = re.sub(r"{(\w+)(:\w+)?}", lambda m: WITH_ID[m[1]], route.path)
        found += [(path, method, route.permission) for method in route.methods - {"HEAD"}]
    return found


def test_the_table_is_of_every_route_that_is_served_and_what_asks_for_nothing_is_listed(centre):
    found = routes(centre.site)
    assert {path for path, _, permission in found if permission is None} == set(OPEN)
    assert {"/fleet", "/api/v1/sales", "/api/v1/commands", "/api/v1/enrol"} <= {path for path, _, _ in found}


def test_every_route_lets_in_whom_the_table_names_and_nobody_else(centre):
    """Every route × every role × nobody. Past the guard is any answer but 401 and 403."""

    async def asked():
        wrong = []
        people = {None: {}} | {
            role: {"authorization": f"Bearer {centre.token(f'{role}-1')}"} for role in Role
        }
        async with centre.client() as client:
            for path, method, permission in routes(centre.site):
                if path.endswith("/live"):
                    continue  # it answers without end; test_an_open_stream… asks for it
                for role, headers in people.items():
                    answer = await client.request(method, path, headers=headers)
                    may = permission is None or (role is not None and permission in MAY[role])
                    refused = 401 if role is None else 403
                    own_check = path in ("/login", "/logout")
                    if not own_check and (answer.status_code == refused) == may:
                        wrong.append((path, method, role, answer.status_code))
        return wrong

    assert run(asked()) == []


def test_with_an_anonymous_role_nobody_in_particular_may_look_as_it_does_and_change_nothing(open_centre):
    async def asked():
        async with open_centre.client() as client:
            return {
                (path, method): (await client.request(method, path)).status_code
                for path, method, permission in routes(open_centre.site)
                if not path.endswith(("/live", "/login", "/logout")) and permission is not None
            }

    table = {(path, method): permission for path, method, permission in routes(open_centre.site)}
    for (path, method), status in run(asked()).items():
        may = table[path, method] in MAY[Role.AUDITOR] and table[path, method] not in WRITES
        assert (status == 401) == (not may), (path, method, status)


def test_what_changes_something_is_a_write_and_no_anonymous_role_ever_has_it(centre):
    for path, method, permission in routes(centre.site):
        if method not in SAFE and path not in OPEN:
            assert permission in WRITES, path
    assert not any(Who(role=role).may(each) for role in Role for each in WRITES)


def test_every_permission_is_somebodys_and_the_auditor_changes_nothing():
    assert set(Permission) == set().union(*MAY.values())
    assert not MAY[Role.AUDITOR] & WRITES
    assert MAY[Role.SUPPLIER] == {Permission.SEE_OWN_GOODS}


# --- logging in ---------------------------------------------------------------------------------
def test_a_login_leads_where_one_wanted_to_go_and_ends_with_logging_out(centre):
    async def journey():
        async with centre.client() as client:
            asked = await client.get("/restocks?counter=T-001", headers={"accept": "text/html"})
            assert (asked.status_code, asked.headers["location"]) == (
                303,
                "/login?next=%2Frestocks%3Fcounter%3DT-001",
            )
            answer = await log_in(client, onward="/restocks?counter=T-001")
            assert (answer.status_code, answer.headers["location"]) == (303, "/restocks?counter=T-001")
            page = await client.get("/restocks")
            assert page.status_code == 200
            assert "operator-1" in page.text
            kept = dict(client.cookies)
            await client.post("/logout", data={"csrf": csrf_of(page)})
            client.cookies.update(kept)  # who copied the cookie has nothing either
            assert (await client.get("/restocks")).status_code == 401

    run(journey())
    assert centre.trail() == [
        ("operator-1", "login", "operator-1", "DONE", ""),
        ("operator-1", "logout", "operator-1", "DONE", ""),
    ]


ONWARD = ["//evil.example/", "/\\evil.example", "https://evil.example/", "javascript:alert(1)", "/a\nb", "x"]


@pytest.mark.parametrize("onward", ONWARD)
def test_a_login_leads_nowhere_else(centre, onward):
    async def journey():
        async with centre.client() as client:
            return await log_in(client, onward=onward)

    assert run(journey()).headers["location"] == "/"


@pytest.mark.parametrize(
    ("role", "home"),
    [(Role.OPERATOR, "/"), (Role.AUDITOR, "/"), (Role.REVIEWER, "/reviews")],
)
def test_each_role_comes_to_its_own_first_page(centre, role, home):
    async def journey():
        async with centre.client() as client:
            answer = await log_in(client, f"{role}-1")
            assert (await client.get(answer.headers["location"])).status_code == 200
            return answer.headers["location"]

    assert run(journey()) == home


COOKIES = [
    pytest.param("http://127.0.0.1", "counter-login", False, id="this machine"),
    pytest.param("https://centre.example", "__Host-counter-login", True, id="TLS"),
    pytest.param("http://centre.example", "__Host-counter-login", True, id="plain and far"),
]


@pytest.mark.parametrize(("base", "name", "secure"), COOKIES)
def test_the_cookie_is_out_of_reach_of_scripts_other_sites_and_plain_lines(centre, base, name, secure):
    async def journey():
        async with centre.client(base) as client:
            page = await client.get("/login")
            form = re.search(r'name="csrf" value="([^"]*)"', page.text)[1]
            id = re.search(r"counter-form=([^;]+)", page.headers["set-cookie"])[1]
            return await client.post(
                "/login",
                data={"csrf": form, "name": "operator-1", "password": PASSWORD},
                headers={"cookie": f"counter-form={id}"},
            )

    (cookie,) = [
        each for each in run(journey()).headers.get_list("set-cookie") if each.startswith(name + "=")
    ]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    assert ("Secure" in cookie) == secure


def test_a_login_ends_unused_after_its_idle_time_and_used_after_its_whole_time(centre):
    async def journey():
        async with centre.client() as client:
            await log_in(client)
            seen = []
            for step in (599, 599, 599, 599, 599, 599, 599):
                centre.now += step
                seen.append((await client.get("/restocks")).status_code)
            async with centre.client() as other:
                await log_in(other)
                centre.now += 600
                return seen, (await other.get("/restocks")).status_code

    seen, idle = run(journey())
    assert seen == [200, 200, 200, 200, 200, 200, 401]
    assert idle == 401


def test_what_a_page_fetches_by_itself_keeps_no_login_alive(centre):
    async def journey():
        async with centre.client() as client:
            await log_in(client)
            for _ in range(2):
                centre.now += 400
                last = await client.get("/parts")
            return last.status_code

    assert run(journey()) == 401


ENDS = {
    "disabled": lambda access: access.disable("operator-1", AT),
    "another password": lambda access: access.set_password("operator-1", "another 密码 2"),
}


@pytest.mark.parametrize("end", ENDS)
def test_open_pages_end_when_the_account_is(centre, end):
    async def journey():
        async with centre.client() as client:
            await log_in(client)
            assert (await client.get("/restocks")).status_code == 200
            ENDS[end](centre.access)
            return (await client.get("/restocks")).status_code, (await log_in(client)).status_code

    assert run(journey()) == (401, 401)


def test_tokens_end_when_disabled_revoked_or_old(centre):
    async def status(token):
        async with centre.client(authorization=f"Bearer {token}") as client:
            return (await client.get("/api/v1/sales")).status_code

    id, revoked = centre.access.make_token("operator-1", centre.now + 100, AT)
    of_disabled, old = centre.token("auditor-1"), centre.token("operator-1")
    assert [run(status(each)) for each in (revoked, of_disabled, old)] == [200, 200, 200]
    centre.access.revoke_token("operator-1", id, AT)
    centre.access.disable("auditor-1", AT)
    assert [run(status(each)) for each in (revoked, of_disabled, old)] == [401, 401, 200]
    centre.now += 100
    assert run(status(old)) == 401
    assert run(status("sc_" + "x" * 43)) == 401


def test_a_bad_token_or_a_forged_cookie_is_nobody_even_where_strangers_may_look(open_centre):
    async def journey():
        async with open_centre.client(authorization="Bearer nonsense") as client:
            bad = (await client.get("/api/v1/sales")).status_code
        async with open_centre.client(cookie="counter-login=abc.def") as client:
            return bad, (await client.get("/api/v1/sales")).status_code

    assert run(journey()) == (401, 200)  # an ended login looks as strangers do


def test_of_a_token_and_a_login_only_hashes_are_kept(centre):
    async def journey():
        async with centre.client() as client:
            await log_in(client)
            return client.cookies["counter-login"]

    cookie, token = run(journey()), centre.token("operator-1")
    kept = beside(centre.database).read_bytes()
    assert token.encode() not in kept
    assert cookie.split(".")[0].encode() not in kept
    assert PASSWORD.encode() not in kept
    assert beside(centre.database).stat().st_mode & 0o777 == 0o600


# --- guessing -----------------------------------------------------------------------------------
def test_the_sixth_guess_at_a_name_is_not_even_checked_and_neither_is_the_right_one(centre, mocker):
    checked = mocker.spy(Access, "_verified")

    async def journey():
        async with centre.client() as client:
            tried = [(await log_in(client, password="wrong " * 3)).status_code for _ in range(8)]
            late = (await log_in(client)).status_code
            centre.now += tries.WINDOW_S
            return tried, late, (await log_in(client)).status_code

    assert run(journey()) == ([401] * 5 + [429] * 3, 429, 303)
    assert checked.call_count == 6
    outcomes = [detail for _, what, _, _, detail in centre.trail() if what == "login"]
    assert outcomes == ["wrong"] * 5 + ["too_many", ""]


def test_one_address_has_twenty_guesses_over_all_names_and_leaves_others_theirs(centre):
    async def journey():
        async with centre.client(address="2001:db8::1") as client:
            tried = [(await log_in(client, f"nobody-{n}")).status_code for n in range(22)]
        async with centre.client(address="2001:db8::ffff") as neighbour:  # one person's own /64
            same = (await log_in(neighbour)).status_code
        async with centre.client(address="2001:db8:1::1") as client:
            return tried, same, (await log_in(client)).status_code

    tried, same, other = run(journey())
    assert tried == [401] * 20 + [429] * 2
    assert (same, other) == (429, 303)


def test_a_try_is_counted_before_it_is_checked(centre, mocker):
    """A crash between the two must not give a guess for nothing."""
    seen = []

    def look(*_):
        with closing(open_access(centre.database)) as db:
            seen.append(db.execute("select count(*) from login_try").fetchone()[0])

    mocker.patch.object(Access, "_verified", look)

    async def journey():
        async with centre.client() as client:
            await log_in(client)

    run(journey())
    assert seen == [2]  # by name and by address


def test_an_unknown_name_is_checked_like_a_known_one_and_kept_out_of_the_trail(centre, mocker):
    checked = mocker.spy(Access, "_verified")

    async def journey():
        async with centre.client() as client:
            return await log_in(client, "my-secret-typed-here"), await log_in(client, password="wrong" * 3)

    unknown, wrong = run(journey())
    assert checked.call_count == 2
    assert unknown.status_code == wrong.status_code
    assert re.sub(r'value="[^"]*"', "", unknown.text) == re.sub(r'value="[^"]*"', "", wrong.text)
    assert [subject for _, _, subject, _, _ in centre.trail()] == ["(unknown)", "operator-1"]


# --- other sites' pages -------------------------------------------------------------------------
FOREIGN = [
    pytest.param({}, {}, id="no token of the form"),
    pytest.param({}, {"csrf": "guessed"}, id="a guessed one"),
    pytest.param({"sec-fetch-site": "cross-site"}, None, id="another site, as the browser says"),
    pytest.param({"sec-fetch-site": "same-site"}, None, id="a neighbour on the same domain"),
    pytest.param({"origin": "https://evil.example"}, None, id="another origin"),
]


@pytest.mark.parametrize(("headers", "fields"), FOREIGN)
def test_another_sites_page_logs_nobody_out(centre, headers, fields):
    async def journey():
        async with centre.client() as client:
            await log_in(client)
            csrf = csrf_of(await client.get("/restocks"))
            data = {"csrf": csrf} if fields is None else fields
            refused = await client.post("/logout", data=data, headers=headers)
            return refused.status_code, (await client.get("/restocks")).status_code

    assert run(journey()) == (403, 200)


def test_nobody_is_logged_in_by_another_sites_form(centre):
    async def journey():
        async with centre.client() as attacker:
            theirs = re.search(r'name="csrf" value="([^"]*)"', (await attacker.get("/login")).text)[1]
        async with centre.client() as victim:
            await victim.get("/login")
            return await victim.post(
                "/login", data={"csrf": theirs, "name": "operator-1", "password": PASSWORD}
            )

    assert run(journey()).status_code == 403


# --- bodies, headers ----------------------------------------------------------------------------
def test_a_body_that_is_too_large_is_refused_whatever_it_says_of_itself(centre):
    async def pieces():
        for _ in range(200):
            yield b"x" * 1000

    async def journey():
        async with centre.client() as client:
            told = await client.post("/login", content=b"x" * 5000)
            untold = await client.post("/login", content=pieces())
            return told.status_code, untold.status_code

    assert run(journey()) == (413, 413)


@pytest.mark.parametrize("path", ["/login", "/healthz", "/static/page.css", "/nothing", "/api/v1/sales"])
def test_every_answer_carries_the_headers(centre, path):
    async def journey():
        async with centre.client("https://centre.example") as client:
            return (await client.get(path)).headers

    headers = run(journey())
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["strict-transport-security"]
    assert headers.get("cache-control") == ("no-cache" if path.startswith("/static") else "no-store")


# --- the trail ----------------------------------------------------------------------------------
def test_rows_of_the_trail_are_never_changed(centre):
    with centre.access.db.transaction():
        centre.access.db.execute(
            "insert into trail (at, who, role, what, subject, address, outcome, detail)"
            " values ('t', 'w', '', 'x', '', '', 'DONE', '')"
        )
    for change in ("update trail set who = 'me'", "delete from trail"):
        with pytest.raises(Unfit, match="append-only"):
            centre.access.db.execute(change)
    with pytest.raises(Unfit, match="append-only"):
        centre.access.db.execute(
            "insert or replace into trail (n, at, who, role, what, subject, address, outcome, detail)"
            " values (1, 't', 'me', '', 'x', '', '', 'DONE', '')"
        )


def test_the_auditors_page_shows_who_did_what_and_what_was_refused(centre):
    async def journey():
        async with centre.client() as client:
            await log_in(client, "reviewer-1")
            await client.get("/restocks")  # is not a reviewer's
        async with centre.client(authorization=f"Bearer {centre.token('auditor-1')}") as client:
            page = await client.get("/trail?who=reviewer-1&lang=en")
            return page.text, (await client.get("/api/v1/trail")).json()

    html, rows = run(journey())
    assert "not permitted" in html
    assert [(row["who"], row["what"], row["outcome"]) for row in rows] == [
        ("reviewer-1", "see_restocks", "REFUSED"),
        ("reviewer-1", "login", "DONE"),
    ]
    assert rows[0]["address"] == "192.0.2.7"


# --- the command --------------------------------------------------------------------------------
def test_accounts_are_made_by_the_command_also_while_the_centre_runs(centre, capsys, tmp_path):
    password = tmp_path / "password"
    password.write_text("示例 long enough\n", encoding="utf-8")
    place = ["--dir", str(tmp_path)]
    cli.main(["account", "add", "示例", *place, "--role", "operator", "--no-password"])
    assert "a name is" in capsys.readouterr().err
    assert (
        cli.main(["account", "add", "new-1", *place, "--role", "operator", "--password-file", str(password)])
        == 0
    )
    assert cli.main(["account", "token", "new-1", *place]) == 0
    token = capsys.readouterr().out.strip()

    async def journey():
        async with centre.client() as client:
            entered = await log_in(client, "new-1", "示例 long enough")
        async with centre.client(authorization=f"Bearer {token}") as client:
            before = (await client.get("/api/v1/counters")).status_code
            assert cli.main(["account", "disable", "new-1", *place]) == 0
            return entered.status_code, before, (await client.get("/api/v1/counters")).status_code

    assert run(journey()) == (303, 200, 401)
    assert cli.main(["account", "list", *place]) == 0
    assert "new-1" in capsys.readouterr().out
    done = [(what, subject) for who, what, subject, _, _ in centre.trail() if who.startswith("console:")]
    assert done == [("account_add", "new-1"), ("account_token", "new-1"), ("account_disable", "new-1")]


WRONG = [
    pytest.param(lambda a: a.add("x", Role.SUPPLIER, "", None, AT), id="a supplier of nothing"),
    pytest.param(lambda a: a.add("x", Role.OPERATOR, "S1", None, AT), id="an operator of a supplier"),
    pytest.param(lambda a: a.add("x", Role.OPERATOR, "", "short", AT), id="a short password"),
    pytest.param(
        lambda a: a.add("operator-one", Role.OPERATOR, "", "Operator-One", AT), id="the name itself"
    ),
    pytest.param(lambda a: a.add("operator-1", Role.OPERATOR, "", None, AT), id="there already"),
    pytest.param(lambda a: a.disable("nobody", AT), id="not there"),
    pytest.param(lambda a: a.revoke_token("operator-1", "0000", AT), id="no such token"),
]


@pytest.mark.parametrize("act", WRONG)
def test_what_makes_no_sense_is_refused_with_a_remedy(centre, act):
    with pytest.raises(BadInput):
        act(centre.access)


def test_on_either_store_people_log_in_and_the_trail_stays(place):
    Store(place).close()
    with closing(Centre(place)) as centre:
        centre.access.add("operator-1", Role.OPERATOR, "", PASSWORD, AT)

        async def journey():
            async with centre.client() as client:
                wrong = (await log_in(client, password="wrong " * 3)).status_code
                right = (await log_in(client)).status_code
                page = await client.get("/restocks")
                await client.post("/logout", data={"csrf": csrf_of(page)})
                return wrong, right, page.status_code, (await client.get("/restocks")).status_code

        assert run(journey()) == (401, 303, 200, 401)
        assert [row[1:] for row in centre.trail()] == [
            ("login", "operator-1", "REFUSED", "wrong"),
            ("login", "operator-1", "DONE", ""),
            ("logout", "operator-1", "DONE", ""),
        ]
        for change in ("update trail set who = 'me'", "delete from trail"):
            with pytest.raises((Unfit, psycopg.Error), match="append-only"):
                centre.access.db.execute(change)


def test_a_forged_cookie_is_nobody(centre):
    with centre.access.db.transaction():
        cookie = centre.access.enter("operator-1", "", centre.now)
    assert centre.access.who_of_cookie(cookie, centre.now, touch=False).name == "operator-1"
    for bad in ("", ".", cookie[:-1], "x" + cookie, cookie.split(".")[0], cookie.split(".")[0] + ".é"):
        assert centre.access.who_of_cookie(bad, centre.now, touch=False) == NOBODY
