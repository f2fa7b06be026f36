"""Broker, centre, bridge or serial line go away during sales and come back: nothing is lost or doubled."""

import signal
import threading
import time

import pytest

WATER, TEA, BAGS, DRINK = "1-01", "1-02", "1-03", "1-04"
TRAYS = (WATER, BAGS, DRINK)
EACH_TIME_S = 0.3


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


OUTAGES = [
    pytest.param("broker", "stopped, then killed", id="broker hangs and loses all"),
    pytest.param("centre", "stopped, then killed", id="centre hangs and dies"),
    pytest.param("bridge", "stopped, then killed", id="bridge hangs and dies"),
    pytest.param("broker", "stopped", id="broker hangs", marks=pytest.mark.long),
    pytest.param("broker", "killed", id="broker dies again and again", marks=pytest.mark.long),
    pytest.param("centre", "stopped", id="centre hangs", marks=pytest.mark.long),
    pytest.param("centre", "killed", id="centre dies again and again", marks=pytest.mark.long),
    pytest.param("bridge", "killed", id="bridge dies again and again", marks=pytest.mark.long),
    pytest.param("bridge", "stopped", id="bridge hangs", marks=pytest.mark.long),
]


@pytest.mark.parametrize(("program", "how"), OUTAGES)
def test_sales_made_in_an_outage_are_at_the_centre_once_when_it_is_over(demo, program, how):
    trays = TRAYS if program != "bridge" else TRAYS[:1]  # the lock rests after ten openings in a minute
    before, sold_before = demo.lies(), len(demo.rows("ledger.db", "SELECT n FROM sale"))
    with Away(demo, program, how):
        made = demo.ledger_events()
        receipts = [demo.buys(tray) for tray in trays]
        assert {receipt["state"] for receipt in receipts} == {"SETTLED"}
        events = demo.ledger_events()
        assert not set(events) - set(made) & set(demo.centre_events()), "the outage was none"
    demo.arrives()
    assert {n: demo.centre_events()[n] for n in events} == events
    assert demo.taken(before) == dict.fromkeys(trays, 1)
    sales = demo.centre_sales()
    assert len(sales) == sold_before + len(trays)
    orders = [sale["order_no"] for sale in reversed(sales)][sold_before:]
    assert orders == [receipt["order_no"] for receipt in receipts]
    demo.heals()


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
    demo.sells()


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
    demo.sells()
