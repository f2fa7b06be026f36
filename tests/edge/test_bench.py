"""The benchmark's own arithmetic, its far end and its shopper; what it measures is asserted nowhere."""

import json
import os
import socket
import threading
import time
from collections import Counter
from random import Random

import click
import pytest

from edge.bench import cli as bench_cli
from edge.bench.asking import Caller, Stream
from edge.bench.figures import Report, Target, latencies_ms, percentile, ratio, spread
from edge.bench.idle import cpu_ticks, memory_mb, sweeps_in
from edge.bench.responder import WEIGHT, answer
from edge.bench.shopper import plan
from edge.bench.tables import text_of
from edge.bench.visits import BOLT_OWN_S, BUYERS, charged, stock_of, taken, wrong_charge
from edge.bench.wire import PACINGS, UNITS, Stopwatch, bare, bench_serial, far_end, ours
from edge.cli import main
from edge.domain.roster import PinHash
from edge.domain.values import Decigrams, TrayId
from edge.errors import Unavailable
from edge.hardware.drivers.scale_modbus32 import ScaleModbus32
from edge.hardware.profiles import loading
from edge.hardware.signals import DoorState, Fault, Reading, Sweep
from edge.outfit.planogram_file import read_roster
from edge.pins import check_pin
from hardware_sim.door import DRAW_S

PERCENTILES = [
    ([], 0.95, None),
    ([7.0], 0.95, 7.0),
    ([1.0, 2.0, 3.0, 4.0], 0.5, 2.0),
    ([float(n) for n in range(1, 101)], 0.95, 95.0),
    ([float(n) for n in range(1, 21)], 0.95, 19.0),
    ([3.0, 1.0, 2.0], 1.0, 3.0),
]


@pytest.mark.parametrize(("values", "share", "found"), PERCENTILES)
def test_a_percentile_is_a_value_that_was_measured(values, share, found):
    assert percentile(values, share) == found


def test_rows_hold_median_and_both_ends():
    assert spread([3.0, 1.04, 2.0], "x") == {"x": 2.0, "x_min": 1.0, "x_max": 3.0}
    row = {"from_to": "a → b", "n": 2, "p50_ms": 100.0, "p95_ms": 200.0, "max_ms": 200.0}
    assert latencies_ms("a → b", [0.2, 0.1]) == row
    assert latencies_ms("a → b", [])["p95_ms"] is None


def test_a_ratio_compares_rounds_before_it_takes_the_median():
    assert ratio([2.0, 30.0, 8.0], [1.0, 10.0, 2.0]) == 3.0


def test_a_report_is_a_table_with_goals_and_limits():
    report = Report(
        name="serial",
        what="polls",
        rows=(
            {"who": "ours", "polls_s": 1234.5, "n": None},
            {"who": "bare pyserial", "polls_s": 9.0, "n": 1},
        ),
        targets=(Target(what="CPU", target="≤ 1.5", found=1.25),),
        not_included=("pacing",),
    )
    assert text_of(report).splitlines() == [
        "serial: polls",
        "who            polls_s  n",
        "ours           1,234.5  –",
        "bare pyserial      9.0  1",
        "",
        "goal  target  found",
        "CPU   ≤ 1.5    1.25",
        "",
        "not included: pacing",
    ]


# --- serial ----------------------------------------------------------------------------------------
def test_the_far_end_says_what_a_transmitter_would():
    scale = ScaleModbus32(TrayId("1-01"), 11, loading.load("modbus32"))
    reply = scale.weigh.judge(answer(scale.weigh.request))
    assert scale.weight(reply) == Decigrams(WEIGHT * 10)
    for check in scale.checks:
        settled = check.exchange.judge(answer(check.exchange.request))
        assert scale.wrong_setting(check, settled, 0.0) is None
    status = scale.status.judge(answer(scale.status.request))
    assert not scale.is_faulty(status)
    assert scale.wrong_decimals(status, 0.0) is None
    assert answer(b"\x0b\x03\x00\x50\x00\x02\x00\x00") == b""


@pytest.mark.parametrize("run", [bare, ours], ids=["bare", "ours"])
def test_both_sides_poll_the_same_far_end(run):
    with far_end(PACINGS[0]) as url:
        took = run(url, PACINGS[0], 24, warm=12)
    assert took.polls >= 24
    assert took.wall_s > 0
    assert took.cpu_s > 0


def sweep(*weights):
    readings = (Reading(TrayId(f"1-{n}"), 0.0, w, None if w else Fault.SILENT) for n, w in enumerate(weights))
    return Sweep(tuple(readings))


def test_the_stopwatch_counts_good_readings_after_the_first_ones():
    watch = Stopwatch(skip=2, count=3)
    watch.put(DoorState(0.0, True, True))
    watch.put(sweep(Decigrams(1), None))
    assert (watch.polls, watch.marks) == (1, [])
    watch.put(sweep(Decigrams(1), Decigrams(1)))
    watch.put(sweep(None, None))
    assert not watch.done.is_set()
    watch.put(sweep(Decigrams(1), Decigrams(1)))
    assert watch.done.is_set()
    watch.put(sweep(Decigrams(1), Decigrams(1)))
    assert watch.took().polls == 2


def test_the_command_prints_one_object_and_leaves_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(bench_cli, "configure", lambda level: None)
    quick = (1, lambda n, place, say: bench_serial(n, rounds=2, warm_sweeps=1, say=say))
    monkeypatch.setitem(bench_cli.BENCHES, "serial", quick)
    assert main(["bench", "serial", "--json", "--n", "12", "--dir", str(tmp_path)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert told["machine"]["cores"] == os.cpu_count()
    rows = told["serial"]["rows"]
    assert {(row["who"], row["line"]) for row in rows} == {
        (who, pacing.name) for who in ("ours", "bare pyserial") for pacing in PACINGS
    }
    assert all(row["polls_s_min"] <= row["polls_s"] <= row["polls_s_max"] for row in rows)
    slow = {row["who"]: row["sweep_ms"] for row in rows if row["line"] == PACINGS[-1].name}
    wire_ms = len(UNITS) * 17 * PACINGS[-1].character_s * 1000
    assert min(slow.values()) > wire_ms, "no line is faster than its own speed"
    assert list(tmp_path.iterdir()) == []


def test_a_table_is_printed_without_json(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(bench_cli, "configure", lambda level: None)
    report = Report(name="ledger", what="sales", rows=({"n": 7},), targets=(), not_included=())
    monkeypatch.setitem(bench_cli.BENCHES, "ledger", (1, lambda n, place, say: report))
    assert main(["bench", "ledger", "--dir", str(tmp_path)]) == 0
    assert "ledger: sales\nn\n7\n" in capsys.readouterr().out


def test_a_place_that_may_not_be_written_is_named(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(bench_cli, "configure", lambda level: None)

    def refuses(self, **_):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(type(tmp_path), "mkdir", refuses)
    assert main(["bench", "ledger", "--dir", str(tmp_path / "no")]) == 73
    assert "--dir" in capsys.readouterr().err


def test_the_command_is_known_to_help(capsys):
    assert main(["bench", "--help"]) == 0
    assert "serial" in capsys.readouterr().out
    assert isinstance(bench_cli.bench, click.Command)


# --- idle ------------------------------------------------------------------------------------------
def test_cpu_and_memory_are_read_from_proc():
    stat = "4711 (a) name (x)) S 1 4711 4711 0 -1 4194304 900 0 3 0 250 31 0 0 20 0 4 0 12345 1 2 3"
    assert cpu_ticks(stat) == 281
    status = "Name:\tpython\nVmPeak:\t  300000 kB\nVmHWM:\t   50000 kB\nVmRSS:\t   40000 kB\nThreads:\t4\n"
    assert memory_mb(status) == {"rss_mb": 41.0, "peak_mb": 51.2}


def test_sweeps_are_found_among_the_metrics():
    assert sweeps_in("# TYPE counter_sweeps_total counter\ncounter_sweeps_total 1.2e+03\nx 1\n") == 1200.0
    with pytest.raises(Unavailable, match="counter_sweeps_total"):
        sweeps_in("x 1\n")


# --- visits ----------------------------------------------------------------------------------------
def test_a_shopper_takes_only_what_is_there_and_returns_only_what_was_taken():
    trays = {"1-01": ("WATER", 2), "1-02": ("TEA", 1), "1-03": ("RICE", 0)}
    emptied = returned = 0
    for seed in range(300):
        visit = plan(Random(seed), trays)
        left, hand = {tray: count for tray, (_, count) in trays.items()}, Counter()
        for move in visit.moves:
            tray, count = move.act["tray"], move.act["count"]
            assert move.act["sku"] == trays[tray][0]
            hand[tray] += count if move.act["do"] == "take" else -count
            left[tray] -= count if move.act["do"] == "take" else -count
            assert min(hand[tray], left[tray]) >= 0
            returned += move.act["do"] == "put_back"
            emptied += left[tray] == 0
        assert visit.taken == dict(+hand)
        assert (visit.open.act["do"], visit.close.act["do"] in ("slam", "close_door")) == ("open_door", True)
    assert emptied
    assert returned
    assert plan(Random(5), trays) == plan(Random(5), trays)


def line(tray, count, price=350, amount=None):
    return {
        "tray": tray,
        "count": count,
        "price_fen": price,
        "amount_fen": price * count if amount is None else amount,
    }


def receipt(verdict, *lines, total=None):
    total = sum(each["amount_fen"] for each in lines) if total is None else total
    return {"session": "s", "verdict": verdict, "lines": lines, "total_fen": total}


CHARGES = {
    "right": (receipt("charge", line("1-01", 2), line("1-02", 1)), {"1-01": 2, "1-02": 1}, False),
    "nothing taken, nothing charged": (receipt("empty"), {}, False),
    "one too many": (receipt("charge", line("1-01", 2)), {"1-01": 1}, True),
    "one too few": (receipt("charge", line("1-01", 1)), {"1-01": 2}, True),
    "another tray": (receipt("charge", line("1-02", 1)), {"1-01": 1}, True),
    "taken for nothing": (receipt("empty"), {"1-01": 1}, True),
    "the rest to review": (receipt("review", line("1-01", 1)), {"1-01": 1, "1-02": 3}, False),
    "wrong beside a review": (receipt("review", line("1-01", 2)), {"1-01": 1, "1-02": 3}, True),
    "a doubt costs nothing": (receipt("review", line("1-01", 2, amount=0)), {"1-01": 1}, False),
    "a total that is no sum": (receipt("charge", line("1-01", 2), total=350), {"1-01": 2}, True),
}


@pytest.mark.parametrize(("told", "truth", "wrong"), CHARGES.values(), ids=CHARGES.keys())
def test_a_charge_is_held_against_what_was_truly_taken(told, truth, wrong):
    assert (wrong_charge(told, truth) is not None) == wrong


def test_the_truth_is_what_is_gone_from_the_trays():
    before = {"trays": [{"id": "1-01", "goods": {"WATER": 5}}, {"id": "1-02", "goods": {"TEA": 2}}]}
    after = {"trays": [{"id": "1-01", "goods": {"WATER": 3}}, {"id": "1-02", "goods": {"TEA": 2}}]}
    assert taken(stock_of(before), stock_of(after)) == {"1-01": 2}
    assert charged(receipt("charge", line("1-01", 2), line("1-02", 1, amount=0))) == {"1-01": 2}


def test_what_the_benchmark_knows_of_others_is_true(setup):
    assert BOLT_OWN_S == DRAW_S
    roster = read_roster(setup / "roster.toml")
    for login, pin in BUYERS:
        stored = roster.accounts[login].pin
        assert isinstance(stored, PinHash)
        assert check_pin(pin, stored)


# --- asking ----------------------------------------------------------------------------------------
@pytest.fixture
def server():
    """Answers each connection with what it is given and keeps it open; gives (url, answers)."""
    answers, ended = [], threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            while True:
                connection, _ = listening.accept()
                with connection:
                    if not connection.recv(65536):
                        return
                    connection.sendall(answers.pop(0))
                    ended.wait(10)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", answers
        ended.set()
        socket.create_connection(listening.getsockname()).close()
        thread.join(10)


def test_a_stream_gives_the_first_event_that_fits_and_when_it_came(server):
    url, answers = server
    events = b'retry: 1\n\nid: 1\ndata: {"n": 1}\n\n: here\n\ndata: {"n": 2}\n\ndata: {"n": 3}\n\n'
    answers.append(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + events)
    began = time.monotonic()
    stream = Stream(url, "/live", cookie="a=b")
    at, found = stream.first(lambda event: event["n"] > 1, began + 10)
    assert found == {"n": 2}
    assert began < at <= time.monotonic()
    assert stream.first(lambda event: event["n"] > 3, time.monotonic()) is None
    stream.close()
    assert not stream.is_alive()


def test_an_answer_that_is_not_200_is_an_error_with_its_words(server):
    url, answers = server
    answers.append(b'HTTP/1.1 503 No\r\nContent-Length: 15\r\n\r\n{"code":"STOP"}')
    caller = Caller(url)
    with pytest.raises(Unavailable, match=r"/x: 503 .*STOP"):
        caller.get("/x")
    caller.close()


def test_nobody_there_is_said():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(Unavailable, match="does not answer"):
        Caller(f"http://127.0.0.1:{port}")


# --- the whole -------------------------------------------------------------------------------------
@pytest.mark.long
@pytest.mark.parametrize("name", ["idle", "visit", "ledger", "serial"])
def test_each_benchmark_runs_to_its_end(name, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(bench_cli, "configure", lambda level: None)
    assert main(["bench", name, "--json", "--n", "5", "--dir", str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)[name]
    assert all(row for row in told["rows"])
    assert None not in [target["found"] for target in told["targets"]]
    assert list(tmp_path.iterdir()) == []
