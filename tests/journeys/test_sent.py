"""What the centre sends: documents and settings, in force whole at an idle moment or not at all."""

import json
import shutil
from datetime import UTC, datetime

import msgspec
import pytest

from cloud_bridge.commands import Document
from cloud_bridge.documents import delta, digest, snapshot
from edge.outfit import documents
from edge.outfit.overlay import path_of, read_overlay
from edge.outfit.sources import Sources
from tests.journeys.centre import Centre
from tests.journeys.conftest import CONFIG, Rig

WATER, WATERS = "1-01", "ZY-WATER-500"
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.fixture
def config(tmp_path):
    shutil.copytree(CONFIG, tmp_path / "config")
    return tmp_path / "config"


@pytest.fixture
def centre(tmp_path, config):
    return served(tmp_path / "data", config)


def served(data, config, **flags):
    """A counter that reads its files, and the worker for what the centre sends."""
    data.mkdir(exist_ok=True)
    flags = {"files.data": str(data)} | flags
    sources = Sources(config / "counter.toml", {}, flags, lambda: NOW)
    rig = Rig(data, 1, sources.again(), config)
    rig.sources = sources
    return Centre(rig)


def reborn(centre):
    centre.rig.kill()
    centre.rig.start()
    centre.rig.run(8.0)


def send(centre, kind, parts):
    """Every part, each a command of its own; gives their ids."""
    return [centre.send(kind, **msgspec.to_builtins(part)) for part in parts]


def sent(centre, kind, text, base=None):
    """Send a text and wait; gives the answer."""
    parts = snapshot(text, "v2") if base is None else delta(base, text, "v2")
    return centre.answer(send(centre, kind, parts)[-1])


def text_of(name):
    return (CONFIG / name).read_bytes().decode()


def dearer(text, fen=380):
    """The catalogue with water at another price."""
    lines = text.splitlines(keepends=True)
    head = lines[0].strip().split(",")
    row = next(i for i, line in enumerate(lines) if f"{WATERS}," in line)
    cells = lines[row].rstrip("\n").split(",")
    before = cells[head.index("price_fen")]
    cells[head.index("price_fen")] = str(fen)
    if "price_yuan" in head:
        cells[head.index("price_yuan")] = f"{fen / 100:.2f}"
    assert before.isdigit()
    lines[row] = ",".join(cells) + "\n"
    return "".join(lines)


def price(centre, tray=WATER):
    return next(each.price_fen for each in centre.rig.view.trays if each.tray == tray)


CATALOGUE = text_of("catalogue.csv")
DEARER = dearer(CATALOGUE)
FEWER = "".join(CATALOGUE.splitlines(keepends=True)[:2])


class TestO6Documents:
    """New goods and prices from the centre, while nobody is at the door."""

    @pytest.mark.parametrize("base", [None, CATALOGUE])
    def test_a_catalogue_is_in_force_at_an_idle_moment_and_after_a_restart(self, centre, base):
        before = price(centre)
        assert sent(centre, "catalogue", DEARER, base)["outcome"] == "DONE"
        for _ in range(2):
            centre.rig.run(0.5)
            assert price(centre) == 380 != before
            applied = centre.rig.events("catalogue.applied.v1")[-1]["version"]
            assert applied == digest(DEARER)[:16]
            reborn(centre)
        assert centre.rig.visit(("take", {"tray": WATER, "count": 1})).total_fen == 380

    def test_at_an_open_door_it_waits_and_the_price_is_that_of_the_door(self, centre):
        rig, before = centre.rig, price(centre)
        session = rig.open()
        rig.act("open_door")
        (id,) = send(centre, "catalogue", snapshot(DEARER, "v2"))
        rig.act("take", tray=WATER, count=1)
        rig.run(3.0)
        assert centre.answers(id) == []
        rig.act("close_door", wait=0.0)
        assert rig.settled(session).total_fen == before
        assert centre.said(id) == ("DONE", "")
        rig.run(0.5)
        assert price(centre) == 380

    def test_parts_come_in_any_order_and_all_are_answered(self, centre):
        pieces = cut(snapshot(DEARER, "v2"), 3)
        ids = send(centre, "catalogue", [pieces[2], pieces[0]])
        centre.rig.run(2.0)
        assert [centre.answers(id) for id in ids] == [[], []]
        reborn(centre)
        ids += send(centre, "catalogue", [pieces[1]])
        assert [centre.said(id) for id in ids] == [("DONE", "")] * 3
        assert centre.rig.query("SELECT * FROM command_text") == []

    def test_parts_that_stay_alone_are_refused_once_a_later_one_is_whole(self, centre):
        (id, *_) = send(centre, "catalogue", cut(snapshot(dearer(CATALOGUE, 390), "v1"), 2)[:1])
        assert sent(centre, "catalogue", DEARER)["outcome"] == "DONE"
        assert centre.said(id) == ("REFUSED", "SUPERSEDED")

    @pytest.mark.parametrize(
        ("kind", "text", "told"),
        [
            ("catalogue", "nonsense", ["catalogue", "columns are missing"]),
            ("catalogue", dearer(CATALOGUE, 0), ["price_fen"]),
            (
                "catalogue",
                "".join(CATALOGUE.splitlines(keepends=True)[:2]),
                ["planogram.toml: tray 1-01", "deliveries.toml: delivery 9"],
            ),
            ("planogram", text_of("planogram.toml").replace('"1-01"', '"7-07"', 1), ["7-07"]),
            ("prices", '[[price]]\nsku = "NONE"\nfrom = 2026-01-01T00:00:00\nfen = 1\n', ["NONE"]),
            ("roster", 'account = [{login = "zhang-san"}]', ["account"]),
        ],
    )
    def test_what_is_not_right_changes_nothing_and_every_reason_is_told(self, centre, kind, text, told):
        before = centre.rig.engine.goods
        answer = sent(centre, kind, text)
        assert (answer["outcome"], answer["code"]) == ("REFUSED", "BAD_DOCUMENT")
        assert all(word in answer["detail"] for word in told), answer["detail"]
        assert "zhang-san" not in answer["detail"]
        assert centre.rig.engine.goods == before
        assert not list((centre.rig.folder / "documents" / kind).glob("*.*"))

    def test_a_delta_on_another_text_is_refused(self, centre):
        answer = sent(centre, "catalogue", DEARER, base="sku_id\n")
        assert (answer["outcome"], answer["code"]) == ("REFUSED", "BASE_UNKNOWN")

    def test_a_hash_that_is_not_the_texts_is_refused(self, centre):
        (part,) = snapshot(DEARER, "v2")
        wrong = msgspec.structs.replace(part, sha256="0" * 64)
        assert centre.said(send(centre, "catalogue", [wrong])[0]) == ("REFUSED", "BAD_DOCUMENT")

    def test_a_disk_that_does_not_keep_it_is_told_and_nothing_changes(self, centre, monkeypatch):
        monkeypatch.setattr(documents, "read", lambda path: None)
        answer = sent(centre, "catalogue", DEARER)
        assert (answer["outcome"], answer["code"]) == ("FAILED", "STORAGE")
        assert price(centre) != 380

    def test_prices_planogram_and_roster_come_the_same_way_and_stand_together(self, centre):
        prices = f'[[price]]\nsku = "{WATERS}"\nfrom = 2026-01-01T00:00:00\nfen = 345\n'
        assert sent(centre, "prices", prices)["outcome"] == "DONE"
        roster = text_of("roster.toml")
        assert sent(centre, "roster", roster + "\n")["outcome"] == "DONE"
        planogram = text_of("planogram.toml").replace('version = "', 'version = "centre-', 1)
        assert sent(centre, "planogram", planogram)["outcome"] == "DONE"
        reborn(centre)
        goods = centre.rig.engine.goods
        assert price(centre) == 345
        assert goods.planogram.version.startswith("centre-")
        assert set(centre.rig.outfit.files) >= {"prices", "roster", "planogram"}
        assert b"demo-restock" not in (centre.rig.folder / "ledger.db").read_bytes()

    def test_one_that_is_taken_away_stands_no_more_and_a_damaged_one_is_a_fault(self, centre):
        before = price(centre)
        sent(centre, "catalogue", DEARER)
        (kept,) = (centre.rig.folder / "documents" / "catalogue").glob("*.csv")
        kept.write_text("damaged")
        _, refused = centre.rig.sources.start()
        assert any("not what the centre sent" in each for each in refused)
        kept.unlink()
        reborn(centre)
        assert price(centre) == before


def cut(parts, pieces):
    """The same stream in more parts."""
    (part,) = parts
    size = -(-len(part.data) // pieces // 4) * 4
    data = [part.data[i : i + size] for i in range(0, len(part.data), size)]
    return [
        Document(version=part.version, sha256=part.sha256, data=each, part=n, of=len(data))
        for n, each in enumerate(data, 1)
    ]


class TestConfig:
    def test_it_is_in_force_after_a_fresh_start_and_shown_with_its_origin(self, centre):
        rig = centre.rig
        id = centre.send("config", values={"policy.expired_tray": "mask", "session.ask_s": 7})
        assert centre.said(id) == ("DONE", "")
        for _ in range(2):
            settings = rig.outfit.settings
            assert (settings.policy.expired_tray, settings.session.ask_s) == ("mask", 7)
            assert rig.outfit.origins["session.ask_s"] == f"centre {id}"
            reborn(centre)
        assert rig.visit(("take", {"tray": WATER, "count": 1})).verdict == "charge"

    def test_a_list_comes_as_text(self, centre):
        assert centre.order("config", values={"policy.hours": '["mon-sun 00:00-00:01"]'})["outcome"] == "DONE"
        centre.rig.run(3.0)
        assert centre.rig.view.shut == "CLOSED"

    @pytest.mark.parametrize(
        ("values", "told"),
        [
            ({"mqtt.host": "evil.invalid"}, ["mqtt.host may not"]),
            ({"commands.keys": "[]"}, ["commands.keys may not"]),
            ({"files.catalogue": "/etc/passwd"}, ["files.catalogue may not"]),
            ({"session.pin_tries": 10**6, "screens.voice": 3}, ["pin_tries", "voice"]),
            ({"session.ask_s": 5, "screens.voice": "shout"}, ["screens.voice", "one of"]),
            ({"policy.alcohol": True}, ["unit_staff"]),
            ({"policy.hours": "[1]"}, ["policy.hours"]),
        ],
    )
    def test_one_wrong_value_and_nothing_is_changed(self, centre, values, told):
        answer = centre.order("config", values=values)
        assert (answer["outcome"], answer["code"]) == ("REFUSED", "BAD_CONFIG")
        assert all(word in answer["detail"] for word in told), answer["detail"]
        assert not path_of(centre.rig.folder).exists()

    def test_what_the_counter_says_otherwise_wins_and_the_centre_is_told(self, tmp_path, config):
        centre = served(tmp_path / "data", config, **{"session.ask_s": 9.0})
        assert centre.order("config", values={"session.ask_s": 5})["code"] == "OVERRIDDEN"

    def test_at_an_open_door_it_waits(self, centre):
        rig = centre.rig
        session = rig.open()
        rig.act("open_door")
        id = centre.send("config", values={"session.ask_s": 5})
        rig.run(3.0)
        assert centre.answers(id) == []
        rig.act("close_door", wait=0.0)
        rig.settled(session)
        assert centre.said(id) == ("DONE", "")

    def test_settings_with_which_the_counter_does_not_start_are_taken_back(self, centre, config):
        rig = centre.rig
        assert centre.order("config", values={"session.ask_s": 5})["outcome"] == "DONE"
        install = rig.clerk.__class__.install

        def and_then_it_does_not_fit(clerk, command):
            install(clerk, command)
            overlay = read_overlay(rig.folder)
            spoilt = msgspec.structs.replace(overlay, values=overlay.values | {"policy.alcohol": True})
            path_of(rig.folder).write_bytes(msgspec.json.encode(spoilt))

        rig.clerk.__class__.install = and_then_it_does_not_fit
        try:
            answer = centre.order("config", values={"session.ask_s": 8})
        finally:
            rig.clerk.__class__.install = install
        assert (answer["outcome"], answer["code"]) == ("FAILED", "SELF_CHECK")
        assert rig.outfit.settings.session.ask_s == 5
        reborn(centre)
        assert rig.outfit.settings.session.ask_s == 5


class TestDiagnostics:
    def test_it_says_how_the_counter_is_and_nothing_of_a_person(self, centre):
        rig = centre.rig
        rig.visit(("take", {"tray": WATER, "count": 1}))
        rig.ledger.raise_alarm("FAULT_REPORT", "SCREEN", "MINOR", "王大山 13800138000", None, rig.instant)
        answer = centre.order("diagnostics")
        report = json.loads(answer["report"])
        assert len(answer["report"].encode()) <= 24 * 1024
        assert report["versions"]["sqlite"]
        assert report["disk"]["free_mib"] > 0
        assert report["backlog"]["events"] > 0
        assert [each["tray"] for each in report["trays"]] == list(rig.outfit.planogram.trays)
        assert report["alarms"][0]["kind"] == "FAULT_REPORT"
        assert report["settings"]["session.ask_s"] == 15.0
        accounts = rig.outfit.roster.accounts.values()
        personal = [*(a.login for a in accounts), *(a.ref for a in accounts), *rig.sessions]
        personal += ["246810", "王大山", "13800138000", rig.outfit.settings.counter.hotline]
        personal += [a.pin.hash.hex() for a in accounts]
        assert [each for each in personal if each in answer["report"]] == []


# --- the power fails ---------------------------------------------------------------------------------
def few(steps: range) -> list[object]:
    """Every fourth step; those between run with the long proofs."""
    return [n if n % 4 == 1 else pytest.param(n, marks=pytest.mark.long) for n in steps]


@pytest.mark.parametrize("cut_at", few(range(1, 13)))
def test_a_power_cut_at_any_step_of_a_document_ends_with_it_in_force(centre, cut_at):
    rig = centre.rig
    rig.effects, rig.cut_at = 0, cut_at
    (id,) = send(centre, "catalogue", snapshot(DEARER, "v2"))
    rig.run(10.0)
    rig.cut_at = None
    rig.run(8.0)
    assert [each["outcome"] for each in centre.answers(id)] == ["DONE"]
    assert price(centre) == 380
    assert rig.events("catalogue.applied.v1")[-1]["version"] == digest(DEARER)[:16]


@pytest.mark.parametrize("cut_at", few(range(1, 13)))
def test_a_power_cut_at_any_step_of_settings_ends_with_them_in_force(centre, cut_at):
    rig = centre.rig
    rig.effects, rig.cut_at = 0, cut_at
    id = centre.send("config", values={"session.ask_s": 5})
    rig.run(10.0)
    rig.cut_at = None
    rig.run(8.0)
    assert [each["outcome"] for each in centre.answers(id)] == ["DONE"]
    assert rig.outfit.settings.session.ask_s == 5
