"""The table of docs/sizing.md is what the script computes."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def script():
    spec = importlib.util.spec_from_file_location("size_of_a_centre", ROOT / "tools" / "size.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_documents_table_is_the_scripts():
    made = script()
    text = (ROOT / "docs" / "sizing.md").read_text("utf-8")
    shown = text.partition("<!-- size -->\n")[2].partition("\n<!-- /size -->")[0]
    assert shown == made.table([made.size(n, made.Given()) for n in made.COUNTERS])


def test_ten_times_the_counters_are_ten_times_the_events_and_no_less_of_anything():
    made = script()
    small, large = (made.size(n, made.Given()) for n in (3_000, 30_000))
    assert large.events_a_day == 10 * small.events_a_day
    assert all(getattr(large, name) >= getattr(small, name) for _, name in made.ROWS)
