"""The cabinet panel in a real Chromium: what a person can see, reach and do."""

import shutil
from random import Random

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from hardware_sim.config import load
from hardware_sim.links.pty import PtyLink
from hardware_sim.runner import Runner
from hardware_sim.server import Server
from hardware_sim.web import app
from hardware_sim.world import World

pytestmark = pytest.mark.browser

SIZES = [
    pytest.param((390, 844), id="phone", marks=pytest.mark.long),
    pytest.param((1080, 1920), id="counter"),
    pytest.param((1440, 900), id="desktop", marks=pytest.mark.long),
]
SMALL_TEXT = """() => [...document.querySelectorAll("body *")].filter((e) => e.offsetParent && e.innerText
    && parseFloat(getComputedStyle(e).fontSize) < 18).map((e) => e.outerHTML.slice(0, 80))"""
SMALL_TARGETS = """() => [...document.querySelectorAll("button, select, input")].filter((e) => {
    const box = e.getBoundingClientRect(); return box.width && (box.width < 60 || box.height < 60)
  }).map((e) => e.outerHTML.slice(0, 80))"""


@pytest.fixture
def cabinet(config):
    return config


@pytest.fixture
def runner(cabinet, tmp_path):
    runner = Runner(World(cabinet, 1), PtyLink(tmp_path / "bus", 38400, Random(1)))
    runner.start()
    yield runner
    runner.stop()


@pytest.fixture
def open_panel(browser: Browser, runner):
    server = Server(app(runner), "127.0.0.1", 0)
    server.start()
    contexts = []

    def opened(size=(1440, 900)) -> Page:
        contexts.append(browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="zh-CN"))
        page = contexts[-1].new_page()
        page.goto(server.url)
        expect(page.locator(".tray")).to_have_count(12)
        return page

    yield opened
    for context in contexts:
        context.close()
    server.stop()


def tell(runner: Runner, do: str, **more) -> dict:
    return runner.act({"do": do, **more}).result(timeout=2)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("door", ["closed", pytest.param("open", marks=pytest.mark.long)])
def test_everything_is_readable_and_reachable(open_panel, runner, size, door):
    page = open_panel(size)
    if door == "open":
        tell(runner, "force_door")
        tell(runner, "put", tray="1-02", grams=80)
        tell(runner, "take", tray="1-01", count=3)
        tell(runner, "fault", name="overload", tray="1-01")
        expect(page.locator(".chip")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.evaluate(SMALL_TEXT) == []
    assert page.evaluate(SMALL_TARGETS) == []
    found = Axe().run(page).response["violations"]
    assert [rule["id"] for rule in found if rule["impact"] in ("serious", "critical")] == []


@pytest.mark.long
def test_a_locked_door_says_why_it_stays_shut(open_panel):
    page = open_panel()
    page.locator("#next").click()
    expect(page.locator("#message")).to_contain_text("门锁着")
    expect(page.locator("#lamp-bolt")).to_contain_text("锁住")


def test_goods_are_taken_and_put_back_by_clicks(open_panel, runner):
    page = open_panel((390, 844))
    tell(runner, "force_door")
    water = page.locator(".tray").first
    expect(water).to_be_enabled()
    water.click()
    expect(page.locator("#hand-title")).to_contain_text("1 件")
    water.click()
    expect(page.locator("#hand-title")).to_contain_text("2 件")
    page.locator(".chip").first.click()
    page.get_by_role("button", name="1-01 原位").click()
    expect(page.locator("#hand-title")).to_contain_text("1 件")
    page.locator("#next").click()
    expect(page.locator("#lamp-door")).to_contain_text("关着")
    assert runner.state().result(2)["hand"] == {"ZY-WATER-500": 1}


def test_it_can_be_used_by_keyboard_alone(open_panel, runner):
    page = open_panel()
    tell(runner, "force_door")
    expect(page.locator(".tray").first).to_be_enabled()
    page.locator(".tray").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(1)
    assert page.evaluate("document.activeElement.className") == "tray"
    page.locator(".chip").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(0)


@pytest.mark.long
def test_a_fault_is_switched_on_and_off_and_the_language_changes(open_panel, runner):
    page = open_panel()
    switch = page.get_by_role("switch").first
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")
    assert runner.state().result(2)["faults"] == ["bolt_stuck"]
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    page.get_by_role("button", name="English").click()
    expect(page.locator("h1")).to_have_text("Simulated cabinet")
    expect(page.locator(".tray .name").first).to_have_text("Ziyang Se mineral water")


SHARED = """
[[tray]]
id = "2-02"
sku = "LG-KJ-SOUR180"
opening = 3
"""


class TestOfGoodsThatShareATray:
    @pytest.fixture
    def cabinet(self, sim_toml, tmp_path):
        for name in ("sim.toml", "catalogue.csv", "planogram.toml"):
            shutil.copyfile(sim_toml.with_name(name), tmp_path / name)
        with (tmp_path / "planogram.toml").open("a", encoding="utf-8") as plan:
            plan.write(SHARED)
        return load(tmp_path / "sim.toml")

    def test_both_are_named_counted_and_told_apart(self, open_panel, runner):
        page = open_panel()
        shared = page.locator(".tray", has_text="2-02")
        expect(shared.locator(".name")).to_have_text("岚皋魔芋素毛肚(香辣) / 岚皋魔芋素毛肚(酸辣)")
        expect(shared.locator(".count")).to_have_text("8 件 + 3 件")
        expect(shared.locator(".piece.second")).to_have_count(3)
        expect(shared.locator(".piece.other")).to_have_count(0)
        assert page.evaluate(SMALL_TEXT) == []

    @pytest.mark.long
    def test_which_one_is_taken_is_asked_and_both_come_home(self, open_panel, runner):
        page = open_panel()
        tell(runner, "force_door")
        shared = page.locator(".tray", has_text="2-02")
        expect(shared).to_be_enabled()
        shared.click()
        expect(page.locator("#where-title")).to_have_text("哪一种？")
        expect(page.locator("#never")).to_have_text("取消")
        page.locator("#places").get_by_role("button", name="(酸辣)").click()
        expect(page.locator(".chip")).to_have_text(["岚皋魔芋素毛肚(酸辣)"])
        assert runner.state().result(2)["hand"] == {"LG-KJ-SOUR180": 1}
        page.locator(".chip").click()
        page.get_by_role("button", name="2-02 原位").click()
        expect(page.locator(".chip")).to_have_count(0)
        assert runner.state().result(2)["hand"] == {}

    @pytest.mark.long
    def test_a_restock_asks_which_one_comes(self, open_panel, runner):
        page = open_panel()
        tell(runner, "force_door")
        page.locator("#tray").select_option("2-02")
        page.locator("#restock button").click()
        page.locator("#places").get_by_role("button", name="(酸辣)").click()
        expect(page.locator(".tray", has_text="2-02").locator(".piece.second")).to_have_count(4)
