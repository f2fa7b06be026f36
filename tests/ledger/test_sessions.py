from contextlib import closing
from dataclasses import replace

import pytest

from cloud_bridge import feed
from edge.domain.records import Sale, SaleLine
from edge.errors import LedgerError
from edge.ledger.outbox import Outbox
from edge.ledger.sessions import AlreadyClosed
from edge.ledger.verify import verify


def told(path):
    """The events so far, as (type, subject, fact)."""
    with closing(Outbox(path)) as outbox:
        events = [feed.decode(body) for _, body in outbox.events(0, 1000)]
    return [(event.type, event.subject, feed.fact_of(event)) for event in events]


def test_a_settled_session_is_one_transaction_with_its_sale_stock_and_events(ledger, path, facts):
    ledger.open_stock([facts.restock(10), facts.restock(5, "1-02")], facts.at(0))
    ledger.begin_session(facts.opened(1), facts.at(1))

    order_no = ledger.close_session(facts.closed(1, {"1-01": 2, "1-02": 1}), facts.at(30))

    assert order_no == f"XA-001-{ledger.incarnation[:4]}-000001"
    assert ledger.on_hand() == {("1-01", "SX-0001"): 8, ("1-02", "SX-0001"): 4}
    assert ledger.spent("b-1") == 1050
    assert ledger.unfinished() is None
    events = told(path)
    assert [(kind, subject) for kind, subject, _ in events] == [
        ("stock.moved.v1", "1-01"),
        ("stock.moved.v1", "1-02"),
        ("sale.settled.v1", order_no),
        ("session.closed.v1", facts.id(1)),
        ("stock.moved.v1", "1-01"),
        ("stock.moved.v1", "1-02"),
    ]
    sale, session, moved = events[2][2], events[3][2], events[4][2]
    assert (sale.order_no, sale.total_fen, sale.certified_fen) == (order_no, 1050, 700)
    assert [(line.tray, line.count, line.amount_fen) for line in sale.lines] == [
        ("1-01", 2, 700),
        ("1-02", 1, 350),
    ]
    assert (session.state, session.order_no, session.trays[2].delta_dg) == ("SETTLED", order_no, -11000)
    assert (moved.kind, moved.count, moved.session) == ("SALE", -2, facts.id(1))
    assert verify(path) == []


@pytest.mark.parametrize("state", ["EMPTY", "CANCELLED", "REVIEW"])
def test_a_session_without_a_sale_has_no_order_number(ledger, path, facts, state):
    closed = replace(facts.closed(1, {}), state=state, verdict="review" if state == "REVIEW" else "empty")
    assert ledger.close_session(closed, facts.at(30)) is None
    assert [kind for kind, _, _ in told(path)] == ["session.closed.v1"]
    assert ledger.spent("b-1") == 0


def test_closing_a_session_twice_raises_and_changes_nothing(ledger, path, facts):
    first = ledger.close_session(facts.closed(1), facts.at(30))
    before = told(path)
    with pytest.raises(AlreadyClosed):
        ledger.close_session(facts.closed(1, {"1-02": 3}), facts.at(31))
    assert told(path) == before
    assert ledger.on_hand() == {("1-01", "SX-0001"): -1}
    assert ledger.can_sell()
    assert ledger.close_session(facts.closed(2), facts.at(40)) == first.replace("000001", "000002")


def test_a_session_cut_off_is_rebuilt_from_its_journal_after_a_restart(path, open_at, facts):
    with closing(open_at(path)) as ledger:
        ledger.begin_session(facts.opened(1), facts.at(1))
        for note, body in [
            ("pulse", {}),
            ("unlocked", {"outcome": "accepted"}),
            ("door_opened", {}),
            ("step", {"tray": "1-01", "level_dg": 54500}),
            ("step", {"tray": "1-02", "level_dg": 50000}),
        ]:
            ledger.journal(facts.id(1), note, body, facts.at(2))
    with closing(open_at(path)) as ledger:
        assert ledger.unfinished() == replace(
            facts.opened(1),
            pulsed=True,
            door_opened=True,
            steps=('{"tray":"1-01","level_dg":54500}', '{"tray":"1-02","level_dg":50000}'),
        )
        ledger.close_session(facts.closed(1), facts.at(50))
        assert ledger.unfinished() is None


def test_a_grant_alone_says_that_no_pulse_was_sent(ledger, facts):
    ledger.begin_session(facts.opened(1), facts.at(1))
    assert ledger.unfinished() == facts.opened(1)


@pytest.mark.parametrize(
    ("act", "why"),
    [
        pytest.param(
            lambda led, f: led.begin_session(f.opened(2), f.at(2)),
            "another session is open",
            id="second grant",
        ),
        pytest.param(
            lambda led, f: led.journal(f.id(7), "pulse", {}, f.at(2)),
            "was not granted",
            id="unknown session",
        ),
        pytest.param(
            lambda led, f: led.journal(f.id(0), "step", {}, f.at(2)), "session is closed", id="closed session"
        ),
        pytest.param(
            lambda led, f: led.begin_session(f.opened(0), f.at(2)), "session is closed", id="granted again"
        ),
    ],
)
def test_the_journal_takes_only_what_fits_the_one_open_session(ledger, facts, act, why):
    ledger.begin_session(facts.opened(0), facts.at(0))
    ledger.close_session(facts.closed(0), facts.at(0))
    ledger.begin_session(facts.opened(1), facts.at(1))
    with pytest.raises(LedgerError, match=why):
        act(ledger, facts)
    assert ledger.unfinished() == facts.opened(1)


def test_a_line_whose_amount_is_not_count_times_price_is_refused_whole(ledger, path, facts):
    line = facts.closed(1).sale.lines[0]
    wrong = replace(facts.closed(1), sale=Sale((replace(line, amount=line.amount + 1),)))
    with pytest.raises(LedgerError, match="CHECK"):
        ledger.close_session(wrong, facts.at(30))
    assert told(path) == []
    assert not ledger.knows(facts.id(1))


def test_a_sale_without_lines_is_refused(ledger, facts):
    with pytest.raises(LedgerError, match="sum of its lines"):
        ledger.close_session(replace(facts.closed(1), sale=Sale(())), facts.at(30))


def test_an_event_above_the_feeds_limit_is_refused_and_nothing_is_written(ledger, path, facts):
    long = SaleLine("1-01", "SX-0001", "名" * 20000, 1, 350, 350, True, "县", "社")
    with pytest.raises(ValueError, match="the limit is"):
        ledger.close_session(replace(facts.closed(1), sale=Sale((long,))), facts.at(30))
    assert told(path) == []
    assert ledger.close_session(facts.closed(1), facts.at(31))


def test_an_appeal_is_recorded_once_and_told_to_the_centre(ledger, path, facts):
    ledger.close_session(facts.closed(1), facts.at(30))
    assert ledger.appeal(facts.id(1), "没拿", facts.at(60))
    assert ledger.appeal(facts.id(1), "还是没拿", facts.at(61))
    alarms = [(subject, fact) for kind, subject, fact in told(path) if kind == "alarm.raised.v1"]
    assert [(s, f.kind, f.detail, f.session) for s, f in alarms] == [
        (facts.id(1), "APPEAL", "没拿", facts.id(1))
    ]
    assert ledger.alarms() == ()
    assert verify(path) == []


@pytest.mark.parametrize("granted", [False, True])
def test_there_is_no_appeal_before_the_session_is_closed(ledger, facts, granted):
    if granted:
        ledger.begin_session(facts.opened(1), facts.at(0))
    assert not ledger.appeal(facts.id(1), "没拿", facts.at(60))
    assert ledger.knows(facts.id(1)) is granted


def test_spending_is_the_sum_of_an_accounts_sales(ledger, facts):
    ledger.close_session(facts.closed(1, {"1-01": 2}), facts.at(30))
    ledger.close_session(replace(facts.closed(2), opener="b-2"), facts.at(60))
    ledger.close_session(facts.closed(3, {"1-03": 1}), facts.at(90))
    assert [ledger.spent(ref) for ref in ("b-1", "b-2", "b-3")] == [1050, 350, 0]
