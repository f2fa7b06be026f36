"""The benchmark of the feed: what it counts, and that it runs; how fast anything is, is asserted nowhere."""

import json
import socket
import threading
from contextlib import closing

import pytest

from edge.bench.feed_sales import filled, visits
from edge.bench.feed_tap import Tap, packets
from edge.cli import main
from edge.ledger.outbox import Outbox

SHORT = b"\x30\x03abc"
LONG = b"\x32\xc8\x01" + b"x" * 200
STREAMS = [
    pytest.param(b"", [], id="nothing"),
    pytest.param(SHORT + LONG, [SHORT, LONG], id="two packets, one with a length of two bytes"),
    pytest.param(b"\xc0\x00" + SHORT, [b"\xc0\x00", SHORT], id="an empty one first"),
    pytest.param(SHORT + LONG[:-1], [SHORT], id="the last one not whole yet"),
    pytest.param(SHORT + LONG[:2], [SHORT], id="cut inside a length"),
]


@pytest.mark.parametrize(("sent", "found"), STREAMS)
def test_a_stream_is_taken_apart_into_whole_packets(sent, found):
    assert packets(sent) == found


def test_the_tap_passes_everything_on_and_counts_events_alone():
    def event(topic):
        body = len(topic).to_bytes(2, "big") + topic + b"\x00\x01\x00payload"
        return bytes([0x32, len(body)]) + body

    sent = event(b"counters/B/presence") + event(b"counters/B/events")
    with closing(socket.create_server(("127.0.0.1", 0))) as broker, Tap(broker.getsockname()[1]) as tap:
        got = []
        thread = threading.Thread(target=lambda: got.append(_all_of(broker)))
        thread.start()
        with socket.create_connection(("127.0.0.1", tap.port)) as client:
            client.sendall(sent)
        thread.join(5)
        assert got == [sent]
        assert tap.published() == len(event(b"counters/B/events"))


def _all_of(broker):
    line, _ = broker.accept()
    with closing(line):
        return b"".join(iter(lambda: line.recv(4096), b""))


def test_the_same_seed_makes_the_same_visits_and_each_is_a_chained_sale(tmp_path):
    assert list(visits(5, 1)) == list(visits(5, 1)) != list(visits(5, 2))
    filled(tmp_path / "ledger.db", 5)
    with closing(Outbox(tmp_path / "ledger.db")) as outbox:
        bodies = [json.loads(body) for _, body in outbox.events(0, 100)]
    assert sum(each["type"] == "sale.settled.v1" for each in bodies) == 5
    assert all(each["data"]["total_fen"] > 0 for each in bodies if each["type"] == "sale.settled.v1")


@pytest.mark.processes
@pytest.mark.long
def test_the_benchmark_runs_and_reports_rates_and_bytes(tmp_path, capsys):
    assert main(["bench", "feed", "--n", "40", "--json", "--dir", str(tmp_path)]) == 0
    found = json.loads(capsys.readouterr().out)["feed"]
    assert [row["who"] for row in found["rows"]][:2] == ["ours", "bare paho"]
    figures = {each["what"]: each["found"] for each in found["targets"]}
    assert 50 < figures["catching up, bytes an event"] < 400
    assert figures["live, bytes an event"] > figures["catching up, bytes an event"]


@pytest.mark.processes
@pytest.mark.long
def test_a_counter_catches_up_and_time_bytes_and_cpu_are_reported(tmp_path, capsys):
    told = ["bench", "feed", "--catch-up", "60", "--store", "sqlite", "--json", "--dir", str(tmp_path)]
    assert main(told) == 0
    (row,) = json.loads(capsys.readouterr().out)["feed"]["rows"]
    assert (row["store"], row["events"] >= 40) == ("sqlite", True)
    assert 50 < row["bytes_event"] < 400
    assert row["events_s"] > 0
    assert row["centre_cpu_us"] > 0
