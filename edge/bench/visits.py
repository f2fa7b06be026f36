"""``bench visit``: random visits at a whole simulated counter, through HTTP alone, and how long people wait.

What the simulator knows to be true is the yardstick of every charge. Waits count from just before a
request is sent to the moment its effect is seen: the figures hold HTTP and the looking, too.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from edge.bench.asking import Caller, Stream
from edge.bench.figures import Cell, Report, Target, in_ms, latencies_ms, percentile
from edge.bench.running import Told, running_demo
from edge.bench.shopper import Move, Plan, plan
from edge.errors import Unavailable

PER_DEMO = 25
"""Visits before a fresh demo: by then shelves run low, and sample buyers near their quotas."""
BUYERS = (("demo-001", "246810"), ("demo-002", "135791"))
"""Of the sample roster, whose PINs are public."""
FIRST_S = 3.0
"""A counter that has just started does not know its weights yet: the first visitor comes later."""
LOOK_S = 0.005
BOLT_OWN_S = 0.2
"""From the pulse until the simulated hook is drawn: the bolt's own time, part of every wait for it."""
PATIENCE_S = 20.0
COME_AGAIN = ("BUSY", "TOO_SOON")
COME_AGAIN_S, LONGEST_QUEUE_S = 2.0, 90.0
"""A visitor who is told to wait asks again after so long, with a new code; the wait before is not ours."""


@dataclass(slots=True)
class Seen:
    """Everything that the visits showed. Seconds; bad: sentences about charges that are not the truth."""

    answered: list[float] = field(default_factory=list)
    bolt: list[float] = field(default_factory=list)
    basket: list[float] = field(default_factory=list)
    receipt: list[float] = field(default_factory=list)
    centre: list[float] = field(default_factory=list)
    visits: int = 0
    sales: int = 0
    reviews: int = 0
    lost: int = 0
    turned_away: int = 0
    bad: list[str] = field(default_factory=list)


def bench_visit(
    visits: int, directory: Path, seed: int = 1, say: Callable[[str], None] = lambda _: None
) -> Report:
    """So many visits, in demos of ``PER_DEMO`` each under ``directory``. The same seed: the same visitors."""
    random, seen = Random(seed), Seen()
    for number, start in enumerate(range(0, visits, PER_DEMO)):
        with (
            running_demo(directory / f"demo-{number}") as (told, _),
            closing(Visitor(told, random)) as visitor,
        ):
            time.sleep(FIRST_S)
            for at in range(start, min(start + PER_DEMO, visits)):
                say(f"visit {at + 1} of {visits}")
                visitor.visit(*BUYERS[at % len(BUYERS)], seen)
    return _report(seen, seed)


class Visitor:
    """A phone, a hand and an eye on the centre, for one demo."""

    def __init__(self, told: Told, random: Random) -> None:
        self._told, self._random = told, random
        self._counter, self._sim = Caller(told.api), Caller(told.sim)
        self._centre = Stream(told.centre, "/live")

    def close(self) -> None:
        self._counter.close()
        self._sim.close()
        self._centre.close()

    def visit(self, buyer: str, pin: str, seen: Seen) -> None:
        """One visit, from the code on the screen to the sale at the centre."""
        before = stock_of(self._sim.get("/sim/state"))
        plan_ = plan(self._random, self._for_sale(before))
        path, cookie = self._open(buyer, pin, seen)
        with closing(Stream(self._told.api, f"{path}/live", cookie)) as phone:
            self._shop(plan_, phone, seen)
            receipt = self._leave(plan_, phone, seen)
        seen.visits += 1
        if receipt is None:
            seen.lost += 1
            return
        self._judge(receipt, taken(before, stock_of(self._sim.get("/sim/state"))), seen)

    def _for_sale(self, stock: Mapping[str, Counter[str]]) -> dict[str, tuple[str, int]]:
        trays = self._counter.get("/api/v1/counter")["trays"]
        return {each["tray"]: (each["sku"], stock[each["tray"]][each["sku"]]) for each in trays}

    def _open(self, buyer: str, pin: str, seen: Seen) -> tuple[str, str]:
        asked, session, cookie = self._ask(buyer, pin, seen)
        seen.answered.append(time.monotonic() - asked)
        while self._sim.get("/sim/state")["bolt"] != "unlocked":
            if time.monotonic() - asked > PATIENCE_S:
                raise Unavailable(f"the bolt did not move within {PATIENCE_S:.0f} s")
            time.sleep(LOOK_S)
        seen.bolt.append(time.monotonic() - asked)
        return f"/api/v1/sessions/{session}", cookie

    def _ask(self, buyer: str, pin: str, seen: Seen) -> tuple[float, str, str]:
        """When the request that was granted was sent, its session, and the cookie that opens it."""
        until = time.monotonic() + LONGEST_QUEUE_S
        while True:
            token = self._counter.get("/api/v1/screen/token")["token"]
            body = {"kind": "BUY", "token": token, "buyer": buyer, "pin": pin}
            asked = time.monotonic()
            status, answer, cookie = self._counter.ask("POST", "/api/v1/sessions", body)
            if status == 201:
                return asked, answer["session"], cookie
            if answer["code"] not in COME_AGAIN or asked > until:
                raise Unavailable(f"the counter does not open: {status} {answer}")
            seen.turned_away += 1
            time.sleep(COME_AGAIN_S)

    def _do(self, move: Move) -> float:
        """Wait, act, and give the moment just before the act."""
        time.sleep(move.after_s)
        began = time.monotonic()
        status, answer, _ = self._sim.ask("POST", "/sim/act", dict(move.act))
        if status != 200:
            raise Unavailable(f"the cabinet does not {move.act}: {status} {answer}")
        return began

    def _shop(self, plan_: Plan, phone: Stream, seen: Seen) -> None:
        """Take and put back; after each movement the phone must come to show the basket."""
        self._do(plan_.open)
        held: Counter[str] = Counter()
        waiting: tuple[float, dict[str, int]] | None = None
        for move in plan_.moves:
            began = self._do_watched(move, phone, waiting, seen)
            held[move.act["tray"]] += move.act["count"] * (1 if move.act["do"] == "take" else -1)
            waiting = began, dict(+held)
        self._do_watched(Move(plan_.close.after_s, {}), phone, waiting, seen)

    def _do_watched(
        self, move: Move, phone: Stream, waiting: tuple[float, dict[str, int]] | None, seen: Seen
    ) -> float:
        """Let the pause before ``move`` pass with an eye on the phone, then act (if there is an act)."""
        until = time.monotonic() + move.after_s
        if waiting is not None:
            since, held = waiting
            shown = phone.first(lambda view: charged(view) == held, until)
            if shown is not None:
                seen.basket.append(shown[0] - since)
        pause = max(0.0, until - time.monotonic())
        if move.act:
            return self._do(Move(pause, move.act))
        time.sleep(pause)
        return time.monotonic()

    def _leave(self, plan_: Plan, phone: Stream, seen: Seen) -> dict[str, Any] | None:
        """Shut the door and wait for the receipt, then for the sale at the centre."""
        shut = self._do(Move(0.0, plan_.close.act))
        found = phone.first(lambda view: view["verdict"] is not None, shut + PATIENCE_S)
        if found is None:
            return None
        at, receipt = found
        seen.receipt.append(at - shut)
        if receipt["order_no"] is not None:
            seen.sales += 1
            arrived = self._centre.first(
                lambda sale: sale.get("order_no") == receipt["order_no"], at + PATIENCE_S
            )
            seen.lost += arrived is None
            if arrived is not None:
                seen.centre.append(max(0.0, arrived[0] - at))
        return dict(receipt)

    def _judge(self, receipt: Mapping[str, Any], truth: Mapping[str, int], seen: Seen) -> None:
        seen.reviews += receipt["verdict"] == "review"
        if (wrong := wrong_charge(receipt, truth)) is not None:
            seen.bad.append(wrong)


def stock_of(state: Mapping[str, Any]) -> dict[str, Counter[str]]:
    """What truly lies on each tray: pieces by product."""
    return {tray["id"]: Counter(tray["goods"]) for tray in state["trays"]}


def taken(before: Mapping[str, Counter[str]], after: Mapping[str, Counter[str]]) -> dict[str, int]:
    """Pieces gone from each tray that lost any."""
    gone = {tray: (goods - after[tray]).total() for tray, goods in before.items()}
    return {tray: count for tray, count in gone.items() if count}


def charged(view: Mapping[str, Any]) -> dict[str, int]:
    """Pieces charged, by tray, in a session as its opener sees it."""
    return {line["tray"]: line["count"] for line in view["lines"] if line["amount_fen"] > 0}


def wrong_charge(receipt: Mapping[str, Any], truth: Mapping[str, int]) -> str | None:
    """What is wrong with a receipt; None: nothing. A tray under review may be left out, never be more."""
    found = charged(receipt)
    owed = {tray: count for tray, count in truth.items() if tray in found or receipt["verdict"] != "review"}
    total = sum(line["price_fen"] * found.get(line["tray"], 0) for line in receipt["lines"])
    if found == owed and total == receipt["total_fen"]:
        return None
    return f"{receipt['session']}: charged {found} and {receipt['total_fen']} fen, truly taken {dict(truth)}"


def _report(seen: Seen, seed: int) -> Report:
    names = ("visits", "sales", "reviews", "lost", "turned_away")
    told = ", ".join(f"{getattr(seen, name)} {name.replace('_', ' ')}" for name in names)
    p95 = {name: in_ms(percentile(getattr(seen, name), 0.95)) for name in ("bolt", "receipt", "centre")}
    wrong: Cell = f"{len(seen.bad)}: {'; '.join(seen.bad)}" if seen.bad else 0
    return Report(
        name="visit",
        what=f"{told}; random visitors, seed {seed}, through HTTP at `counter demo`",
        rows=(
            latencies_ms("request → granted (the PIN's hash included)", seen.answered),
            latencies_ms("request → bolt moved", seen.bolt),
            latencies_ms(
                "  of it ours, the bolt's own 200 ms less", [each - BOLT_OWN_S for each in seen.bolt]
            ),
            latencies_ms("hand → basket on the phone, the load's swing included", seen.basket),
            latencies_ms("door closed → receipt on the phone", seen.receipt),
            latencies_ms("receipt → sale at the centre's page", seen.centre),
        ),
        targets=(
            Target(what="request → bolt, p95 ms", target="≤ 300", found=p95["bolt"]),
            Target(what="closed → receipt, p95 ms", target="≤ 2,000", found=p95["receipt"]),
            Target(what="sale → centre, p95 ms", target="≤ 1,000", found=p95["centre"]),
            Target(what="wrong charges", target="0", found=wrong),
            Target(what="visits to review, %", target="≤ 2", found=_share(seen.reviews, seen.visits)),
        ),
        not_included=(
            "TLS, a phone's radio, an SD card; the far end's boards and people share this machine's cores",
            f"looking costs up to {LOOK_S * 1000:.0f} ms and an HTTP round trip, both counted as ours",
        ),
    )


def _share(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None
