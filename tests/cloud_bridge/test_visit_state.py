"""What a visit at the centre has come to: a table of facts, and what holds for all of them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge import feed
from cloud_bridge.central.phone.visit import (
    FINAL,
    Answer,
    Basket,
    Closed,
    Known,
    Line,
    Sold,
    State,
    shown,
)

COMMAND, SESSION = "C1", "s1"
T = 1_800_000_000
WATER = Line(tray="1-01", sku="W", name="示例水", count=2, price_fen=350, amount_fen=700)
DOUBT = Line(tray="1-02", sku="T", name="示例茶", count=1, price_fen=9600, amount_fen=0, sure=False)


def live(state, *lines, session=SESSION, command=COMMAND):
    told = tuple(feed.LiveLine(**msgspec.structs.asdict(line)) for line in lines)
    total = sum(line.amount_fen for line in lines)
    return feed.Live(session=session, state=state, lines=told, total_fen=total, mono_ms=1, command=command)


def basket(*told, at=5, **words):
    return Basket(live=live(*told, **words), heard_ms=(T + at) * 1000)


def answer(outcome="DONE", code="", session=SESSION):
    return Answer(outcome=outcome, code=code, session=session, heard_ms=(T + 2) * 1000)


SOLD = Sold(order_no="AK-001-000001", total_fen=700, certified_fen=700, closed_at="z", lines=(WATER,))


def closed(state):
    return Closed(state=state, closed_at="z")


def of(*, now=T + 3, online=True, **facts):
    return shown(Known(command=COMMAND, expires_s=T + 20, online=online, **facts), now)


OTHER = {"session": "s2", "command": ""}
TABLE = [
    ({}, State.SENT, {"left_s": 17}),
    ({"online": False}, State.OFFLINE, {"left_s": 17}),
    ({"now": T + 29}, State.SENT, {"left_s": 0}),
    ({"now": T + 30}, State.EXPIRED, {}),
    ({"now": T + 30, "online": False}, State.EXPIRED, {}),
    ({"now": T + 90, "answer": answer()}, State.ANSWERED, {}),
    ({"answer": answer("REFUSED", "BUSY", None)}, State.REFUSED, {"code": "BUSY"}),
    ({"answer": answer("FAILED", "NOT_OPENED", None)}, State.REFUSED, {"code": "NOT_OPENED"}),
    ({"basket": basket("OPEN", WATER, **OTHER)}, State.SENT, {"lines": (), "total_fen": 0}),
    ({"basket": basket("UNLOCKING")}, State.ANSWERED, {}),
    ({"basket": basket("OPEN", WATER, DOUBT)}, State.OPEN, {"lines": (WATER, DOUBT), "total_fen": 700}),
    ({"answer": answer(), "basket": basket("OPEN", command="")}, State.OPEN, {}),
    ({"basket": basket("SETTLING", WATER)}, State.CLOSED, {"charged": False, "total_fen": 700}),
    ({"basket": basket("SETTLED", WATER)}, State.CLOSED, {"charged": False}),
    ({"answer": answer(), "basket": basket("OPEN", at=1, **OTHER)}, State.ANSWERED, {}),
    ({"answer": answer(), "basket": basket("OPEN", at=3, **OTHER)}, State.CLOSED, {"lines": ()}),
    ({"answer": answer(), "closed": closed("SETTLED")}, State.CLOSED, {"total_fen": 0}),
    ({"answer": answer(), "sold": SOLD}, State.RECEIPT, {"order_no": "AK-001-000001"}),
    ({"closed": closed("SETTLED"), "sold": SOLD}, State.RECEIPT, {"total_fen": 700, "charged": True}),
    ({"closed": closed("EMPTY"), "basket": basket("OPEN", WATER)}, State.EMPTY, {"lines": ()}),
    ({"closed": closed("CANCELLED")}, State.CANCELLED, {"total_fen": 0}),
    (
        {"closed": closed("REVIEW"), "basket": basket("REVIEW", WATER, DOUBT)},
        State.REVIEW,
        {"lines": (DOUBT,), "total_fen": 0, "charged": True},
    ),
    (
        {"closed": closed("REVIEW"), "sold": SOLD, "basket": basket("REVIEW", WATER, DOUBT)},
        State.REVIEW,
        {"lines": (WATER, DOUBT), "total_fen": 700, "order_no": "AK-001-000001"},
    ),
]


@pytest.mark.parametrize(("facts", "state", "more"), TABLE)
def test_a_visit_is_shown_by_what_is_known_of_it(facts, state, more):
    found = of(**facts)
    assert found.state is state
    assert {name: getattr(found, name) for name in more} == more


answers = st.none() | st.builds(
    answer, st.sampled_from(["DONE", "REFUSED", "FAILED"]), st.sampled_from(["", "BUSY"])
)
baskets = st.none() | st.builds(
    basket,
    st.sampled_from(["GRANTED", "UNLOCKING", "OPEN", "SETTLING", "SETTLED", "REVIEW"]),
    st.sampled_from([WATER, DOUBT]),
    at=st.integers(0, 90),
    session=st.sampled_from([SESSION, "s2"]),
    command=st.sampled_from([COMMAND, "", "C2"]),
)
ends = st.none() | st.sampled_from(["SETTLED", "EMPTY", "REVIEW", "CANCELLED"]).map(closed)
facts_of = st.fixed_dictionaries(
    {
        "now": st.integers(T, T + 120),
        "online": st.booleans(),
        "answer": answers,
        "basket": baskets,
        "closed": ends,
        "sold": st.none() | st.just(SOLD),
    }
)


@given(facts_of)
def test_nothing_is_charged_but_what_the_ledger_sold_and_no_stranger_s_basket_is_shown(facts):
    found = of(**facts)
    if found.charged:
        assert found.total_fen == (SOLD.total_fen if facts["sold"] else 0)
        assert sum(line.amount_fen for line in found.lines if line.sure) == found.total_fen
    assert (found.order_no is None) == (facts["sold"] is None)
    alien = facts["basket"] and facts["basket"].live.session == "s2"
    if alien and facts["basket"].live.command != COMMAND:
        assert not found.lines or facts["sold"]


@given(facts_of, st.integers(0, 10_000), st.booleans(), baskets)
def test_an_end_stays_whatever_the_clock_and_the_lossy_feed_say_later(facts, seconds, online, later):
    before = of(**facts)
    after = of(**facts | {"now": facts["now"] + seconds, "online": online, "basket": later})
    if before.state in FINAL:
        assert (after.state, after.code, after.total_fen) == (before.state, before.code, before.total_fen)
    if facts["answer"] or facts["closed"] or facts["sold"]:
        assert after.state not in (State.SENT, State.EXPIRED, State.OFFLINE)


def test_line_has_what_the_feed_tells_of_one():
    assert Line.__struct_fields__ == feed.LiveLine.__struct_fields__
