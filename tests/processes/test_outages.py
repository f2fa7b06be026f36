"""Broker, centre, bridge or serial line go away during sales and come back: nothing is lost or doubled."""

import signal
import threading
import time
from contextlib import ExitStack

import pytest

pytestmark = pytest.mark.processes

WATER, TEA, BAGS, DRINK = "1-01", "1-02", "1-03", "1-04"
TRAYS = (WATER, BAGS, DRINK)
EACH_TIME_S = 0.3
"""Between two kills of a program that the demo starts again."""


class Away:
    """One program of the demo that does not do its work while this is entered.

    how: ``stopped`` (it hangs, its connections stay), ``stopped, then killed`` (what it held is lost
    too), ``killed`` (each time it is started again it is killed again).
    """

    def __init__(self, demo, program, how):
        self.demo, self.program, self.how = demo, program, how
        self.over = threading.Event()
        self.killer = threading.Thread(target=self.kill_again)

    def kill_again(self):
        while not self.over.wait(EACH_TIME_S):
            self.demo.kill(self.program)

    def __enter__(self):
        if self.how == "killed":
            self.demo.kill(self.program)
            self.killer.start()
        else:
            self.demo.signal(self.program, signal.SIGSTOP)

    def __exit__(self, *_):
        self.over.set()
        if self.how == "killed":
            self.killer.join()
        elif self.how == "stopped":
            self.demo.signal(self.program, signal.SIGCONT)
        else:
            self.demo.kill(self.program)


ALL = ("broker", "centre", "bridge")
HOW = ("stopped", "stopped, then killed", "killed")
OUTAGES = [
    pytest.param(ALL, "stopped, then killed", id="all of them stopped, then killed"),
    *(
        pytest.param((program,), how, id=f"{program} {how}", marks=pytest.mark.long)
        for program in ALL
        for how in HOW
    ),
]


@pytest.mark.parametrize(("programs", "how"), OUTAGES)
def test_three_sales_of_an_outage_are_at_the_centre_once_when_it_is_over(demo, programs, how):
    before, sold_before = demo.lies(), len(demo.rows("ledger.db", "SELECT n FROM sale"))
    with ExitStack() as away:
        for program in programs:
            away.enter_context(Away(demo, program, how))
        made = demo.ledger_events()
        receipts = [demo.buys(tray) for tray in TRAYS]
        assert {receipt["state"] for receipt in receipts} == {"SETTLED"}
        events = demo.ledger_events()
        assert not (events.keys() - made.keys()) <= demo.centre_events().keys(), "the outage was none"
    demo.arrives()
    assert {n: demo.centre_events()[n] for n in events} == events
    assert demo.taken(before) == dict.fromkeys(TRAYS, 1)
    sales = demo.centre_sales()
    assert len(sales) == sold_before + len(TRAYS)
    orders = [sale["order_no"] for sale in reversed(sales)][sold_before:]
    assert orders == [receipt["order_no"] for receipt in receipts]


def unplugged(demo):
    return "line" in demo.counter()["reason"] or any(not t["in_service"] for t in demo.counter()["trays"])


def test_a_plug_pulled_while_the_door_is_open_ends_in_the_right_sale(demo):
    before = demo.lies()
    session = demo.opens()
    demo.does("take", tray=WATER, count=2)
    demo.until(lambda: demo.basket(session) == {WATER: 2}, "the basket")
    demo.does("fault", name="line_gone")
    demo.until(lambda: unplugged(demo), "the counter misses its line")
    demo.does("take", tray=TEA, count=1)
    demo.does("put_back", tray=WATER, sku="ZY-WATER-500", count=1)
    demo.does("clear", name="line_gone")
    demo.until(lambda: demo.basket(session) == {WATER: 1, TEA: 1}, "what happened unseen is in the basket")
    demo.does("close_door")
    receipt = demo.closed(session)
    assert receipt["state"] == "SETTLED"
    demo.agrees(receipt, before)


@pytest.mark.long
def test_a_door_shut_while_the_plug_is_out_is_settled_once_it_is_back(demo):
    before = demo.lies()
    session = demo.opens()
    demo.does("take", tray=DRINK, count=1)
    demo.until(lambda: demo.basket(session) == {DRINK: 1}, "the basket")
    demo.does("fault", name="line_gone")
    demo.until(lambda: unplugged(demo), "the counter misses its line")
    demo.does("close_door")
    time.sleep(1.0)
    assert demo.phone.session(session).json()["verdict"] is None
    demo.does("clear", name="line_gone")
    receipt = demo.closed(session)
    assert receipt["state"] == "SETTLED"
    demo.agrees(receipt, before)
