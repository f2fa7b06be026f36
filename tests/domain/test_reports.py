"""Reports of faults: what of a text is kept, and how many are taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.domain.redact import HIDDEN
from edge.domain.reports import MAX_TEXT, About, FaultReport, ReportLimit, reportable

KEPT = [
    pytest.param("左边的门  关不上\n\t了", "左边的门 关不上 了", id="one line"),
    pytest.param("请打 138 0000-0000 找我", f"请打 {HIDDEN} 找我", id="a telephone in groups"),
    pytest.param("密码246810不对", f"密码{HIDDEN}不对", id="a PIN"),
    pytest.param("电话１３８００００００００", f"电话{HIDDEN}", id="full-width digits"),
    pytest.param("一三八零零零零零零零零", HIDDEN, id="digits in words"),
    pytest.param("write to a.b@example.org", f"write to {HIDDEN}", id="an address"),
    pytest.param("see https://example.org/x?y=1", f"see {HIDDEN}", id="a page"),
    pytest.param(
        "2-03 托盘 3 件，标价 9.90 元", "2-03 托盘 3 件，标价 9.90 元", id="what a fault needs stays"
    ),
]


@pytest.mark.parametrize(("text", "kept"), KEPT)
def test_numbers_and_addresses_of_people_are_struck_out(text, kept):
    assert reportable(text) == kept


@given(st.text(max_size=400))
def test_what_is_kept_is_short_printable_and_holds_no_long_number(text):
    kept = reportable(text)
    assert len(kept) <= MAX_TEXT
    assert kept.isprintable()
    assert reportable(kept) == kept
    digits = "".join("d" if char.isdecimal() else "-" for char in kept)
    assert "ddddd" not in digits


def test_the_same_words_are_one_alarm_and_other_words_another():
    plain, dark = FaultReport("1", About.SCREEN), FaultReport("2", About.SCREEN, "黑屏")
    assert plain.subject == "SCREEN"
    assert dark.subject == FaultReport("3", About.SCREEN, "黑屏").subject
    assert len({plain.subject, dark.subject, FaultReport("4", About.SCREEN, "花屏").subject}) == 3


def test_one_address_may_report_three_times_in_ten_minutes():
    limit = ReportLimit()
    assert [limit.wait_s("a", at) for at in (0.0, 10.0, 20.0)] == [0, 0, 0]
    assert limit.wait_s("a", 30.0) == 570.0
    assert limit.wait_s("b", 30.0) == 0, "another address is not kept waiting"
    assert limit.wait_s("a", 600.5) == 0


def test_all_addresses_together_may_report_thirty_times_a_day():
    limit = ReportLimit()
    assert [limit.wait_s(f"10.0.0.{n}", float(n)) for n in range(30)] == [0.0] * 30
    assert limit.wait_s("10.0.1.1", 100.0) == 86_300.0
    assert limit.wait_s("10.0.1.1", 86_400.0) == 0
