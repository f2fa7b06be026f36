"""Documents are claims: links lead somewhere, generated pages are those of the code, tables are complete."""

import importlib.util
import re
from pathlib import Path

import msgspec
import pytest

from edge import errors
from edge.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PICTURES = {"counter-screen.png", "phone-receipt.png", "panel.png", "centre.png"}
"""Taken by the browser tests, so they may be missing in a young checkout."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_are_there(page):
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    missing = [
        link for link in links if not (page.parent / link).exists() and Path(link).name not in PICTURES
    ]
    assert missing == []


def test_the_session_page_is_drawn_from_the_table():
    spec = importlib.util.spec_from_file_location("session_page", ROOT / "tools" / "session_page.py")
    drawn = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(drawn)
    assert drawn.PAGE.read_text(encoding="utf-8") == drawn.page()


def test_every_setting_is_in_the_operators_table():
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `\[(\w+)(?:\.NAME)?\]` \| (.*) \|$", text, re.MULTILINE))
    for section in msgspec.structs.fields(Settings):
        kind = section.type if isinstance(section.type, type) else section.type.__args__[1]
        for each in msgspec.structs.fields(kind):
            assert f"`{each.name}`" in rows[section.name], f"[{section.name}] {each.name}"


def test_every_exit_code_is_in_the_operators_table():
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    kinds = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)]
    for code in {0, 1, 2, *(each.exit_code for each in kinds)}:
        assert re.search(rf"^\| {code} \|", text, re.MULTILINE), code


def test_decisions_have_their_four_parts():
    for page in (ROOT / "docs" / "decisions").glob("*.md"):
        parts = re.findall(r"^\*\*(\w[\w ]*)\.\*\*", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert parts == ["Context", "Decision", "Consequence", "Out of scope"], page.name


def test_both_readmes_show_the_same_commands():
    chinese, english = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.en.md"))
    commands = re.compile(r"(?:^|`)(make [a-z]+(?: ARGS=(?:[a-z-]+|\"[a-z -]+\"))?)(?:`|$| +#)", re.MULTILINE)
    assert commands.findall(chinese) == commands.findall(english)
    assert len(commands.findall(chinese)) == 8
