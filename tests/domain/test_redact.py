"""What tells of a person does not reach the ledger; what tells of an order does."""

import pytest

from edge.domain.redact import HIDDEN, redacted

# Numbers of nobody: 138 0013 8000 is a carrier's service line, the identity numbers are GB 11643's examples.
PERSONAL = [
    pytest.param("我的电话13800138000请回电", "我的电话●●●请回电", id="mobile"),
    pytest.param("138 0013 8000", HIDDEN, id="mobile in groups"),
    pytest.param("138-0013-8000", HIDDEN, id="mobile with hyphens"),
    pytest.param("1 3 8 0 0 1 3 8 0 0 0", HIDDEN, id="digit by digit"),
    pytest.param("+8613800138000。", "●●●。", id="with the country"),
    pytest.param("+86 138 0013 8000 谢谢", "●●● 谢谢", id="with the country, in groups"),
    pytest.param("008613800138000", HIDDEN, id="with 00"),
    pytest.param("８６１３８００１３８０００", HIDDEN, id="full-width with 86"),
    pytest.param("１３８００１３８０００", HIDDEN, id="full-width"),
    pytest.param("打0915-3210000或(0915)3210000", "打●●●或●●●", id="fixed line"),
    pytest.param("010 8888 8888", HIDDEN, id="fixed line in groups"),
    pytest.param("400-810-0000", HIDDEN, id="service line"),
    pytest.param("身份证11010519491231002X。", "身份证●●●。", id="identity number with X"),
    pytest.param("440524188001010014", HIDDEN, id="identity number"),
    pytest.param("110105 19491231 002x", HIDDEN, id="identity number in groups"),
    pytest.param("110105491231002", HIDDEN, id="old identity number"),
    pytest.param("发到 someone.else@example.invalid 吧", "发到 ●●● 吧", id="mail"),
    pytest.param("a@b.cn,13800138000", "●●●,●●●", id="two of them"),
    pytest.param("someone＠example。cn", HIDDEN, id="mail with full-width signs"),
]

HARMLESS = [
    "只拿了1瓶,扣了2瓶",
    "订单 XA-001-e4e7-000001 多扣 3.50 元",
    "2026-12-01 12:30 在 2-03 托盘",
    "12345",
    "扣了 1280 元,应为 128 元",
    "6901234567892",
    "",
]


@pytest.mark.parametrize(("text", "shown"), PERSONAL)
def test_what_tells_of_a_person_is_taken_out(text, shown):
    assert redacted(text) == shown


@pytest.mark.parametrize("text", HARMLESS)
def test_what_tells_of_an_order_stays(text):
    assert redacted(text) == text


@pytest.mark.parametrize(("text", "shown"), PERSONAL)
def test_doing_it_twice_changes_nothing(text, shown):
    assert redacted(redacted(text)) == shown
