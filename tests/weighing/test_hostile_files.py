"""Files that nobody should write: each line is judged rightly, or refused by its number and its field."""

import contextlib
import io
import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import session_lines
from edge.cli import main
from edge.domain.values import Sku, TrayId
from edge.session_lines import CHUNK, Unusable, recording_of
from edge.weighing.recogniser import Recogniser, recognise
from edge.weighing.recording import MOST_GOODS, Stocked, StockedTray


def rows(seconds=7, grams=(-324, 0), hz=10):
    """Two still trays; at 2.5 s the loads change by ``grams``."""
    return [
        [round(n / hz + tray / 100, 3), tray, 5000.0 + (n > 2.5 * hz) * grams[tray] + (n * 7 + tray) % 3 - 1]
        for n in range(int(seconds * hz))
        for tray in range(2)
    ]


def session(**changes):
    a = {"sku": "A", "unit_g": 162.0, "tol_g": 4.5, "count": 8}
    b = {"sku": "B", "unit_g": 500.0, "tol_g": 6, "count": 2}
    trays = [{"id": "1-01", "planogram": [a]}, {"id": "1-02", "planogram": [b]}]
    return {"id": "s", "trays": trays, "samples": rows(), "truth": {"A": 2}, "kind": "made"} | changes


def line(**changes):
    return json.dumps(session(**changes)).encode()


def with_good(**changes):
    """The first tray's product, changed; None leaves a key out."""
    told = session()
    good = told["trays"][0]["planogram"][0] | changes
    told["trays"][0]["planogram"][0] = {key: value for key, value in good.items() if value != "left out"}
    return json.dumps(told).encode()


def with_row(row, at=40):
    changed = rows()
    changed.insert(at, row)
    return line(samples=changed)


def without(key):
    told = session()
    del told[key]
    return json.dumps(told).encode()


def called(body, tmp_path, *command):
    """Exit code, stdout and stderr of a command on a file of these bytes."""
    path = tmp_path / "f.jsonl"
    path.write_bytes(body)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([each if each != "FILE" else str(path) for each in command])
    return code, out.getvalue(), err.getvalue()


def recognised(body, tmp_path):
    code, out, err = called(body, tmp_path, "recognise", "FILE", "--json")
    return code, [json.loads(each) for each in out.splitlines()], err


def benched(body, tmp_path):
    command = ("bench", "recognition", "--file", "FILE", "--only", "ours", "--jobs", "1", "--json")
    return called(body, tmp_path, *command)


# --- lines that are no session ------------------------------------------------------------------------

TOWER = b"[" * 100_000
BAD = [
    pytest.param(b"{", "truncated", id="one bracket"),
    pytest.param(line()[:500], "JSON", id="half a line"),
    pytest.param(line() + b"x", "trailing", id="something after it"),
    pytest.param(line() + line(), "trailing", id="two in a line"),
    pytest.param(line() + b"\r" + line(), "trailing", id="lines that end in CR alone"),
    pytest.param(b"[" + line() + b"]", "array", id="an array"),
    pytest.param(b"id,trays,samples", "JSON", id="a table's head"),
    pytest.param(line().decode().encode("utf-16-be"), "JSON", id="another encoding"),
    pytest.param(line().replace(b'"s"', b'"\xff"'), "byte 8 is not UTF-8", id="broken UTF-8 in the name"),
    pytest.param(line().replace(b'"A"', b'"\xc3"'), "not UTF-8", id="broken UTF-8 in a product"),
    pytest.param(line().replace(b'"s"', b'"\\ud800"'), "surrogate", id="half a character"),
    pytest.param(TOWER, "array", id="a tower of brackets"),
    pytest.param(line()[:-1] + b',"more":' + TOWER, "deep", id="a tower under an unknown key"),
    pytest.param(b'{"id":"s","trays":[],"samples":' + TOWER, "deep", id="a tower of rows"),
    pytest.param(b'{"a":' * 100_000, "deep", id="a tower of objects"),
    pytest.param(without("id"), "`id`", id="no name"),
    pytest.param(without("trays"), "`trays`", id="no trays"),
    pytest.param(without("samples"), "`samples`", id="no samples"),
    pytest.param(line(id=None), "$.id", id="null for a name"),
    pytest.param(line(id=True), "$.id", id="a yes for a name"),
    pytest.param(line(trays={}), "$.trays", id="an object for trays"),
    pytest.param(line(trays=[[]]), "$.trays[0]", id="an array for a tray"),
    pytest.param(line(trays=[{"planogram": []}]), "`id`", id="a tray without a name"),
    pytest.param(line(trays=session()["trays"] * 2), "1-01 is there 2 times", id="a tray twice"),
    pytest.param(line(samples=None), "$.samples", id="null for samples"),
    pytest.param(line(samples="x"), "$.samples", id="a text for samples"),
    pytest.param(line(samples={}), "$.samples", id="an object for samples"),
    pytest.param(line(samples=[5]), "$.samples[0]", id="a number for a row"),
    pytest.param(line(samples=[[]]), "$.samples[0]", id="an empty row"),
    pytest.param(with_row([2.0, 0]), "$.samples[40]", id="a row too short"),
    pytest.param(with_row([2.0, 0, 5.0, 1, 2, 3]), "$.samples[40]", id="a row too long"),
    pytest.param(with_row([2.0, [0], 5.0]), "$.samples[40][1]", id="an array in a row"),
    pytest.param(with_row(["2.0", 0, 5.0]), "$.samples[40][0]", id="a text for a time"),
    pytest.param(with_row([True, 0, 5.0]), "$.samples[40][0]", id="a yes for a time"),
    pytest.param(with_row([2.0, None, 5.0]), "$.samples[40][1]", id="no tray"),
    pytest.param(with_row([2.0, 0.5, 5.0]), "$.samples[40][1]", id="half a tray"),
    pytest.param(with_row([2.0, False, 5.0]), "$.samples[40][1]", id="a no for a tray"),
    pytest.param(with_row([2.0, float("nan"), 5.0]), "$.samples[40][1]", id="no number for a tray"),
    pytest.param(with_row([2.0, 0, "NaN"]), "$.samples[40][2]", id="a text for grams"),
    pytest.param(with_row([2.0, 0, "]"]), "$.samples[40][2]", id="a bracket for grams"),
    pytest.param(with_row([2.0, 0, True]), "$.samples[40][2]", id="a yes for grams"),
    pytest.param(line(samples=[*rows(600), [0, 0, {}]]), "$.samples[12000][2]", id="a row far down"),
    pytest.param(line(ended_s="8"), "$.ended_s", id="a text for the end"),
]
BAD += [
    pytest.param(with_good(**{key: value}), f"$.trays[0].planogram[0].{key}", id=f"{key} {value}")
    for key, values in {
        "sku": (None, 3),
        "unit_g": (0, -162.0, float("nan"), float("inf"), 10**400, True, "162", None),
        "tol_g": (-1, float("nan"), float("inf"), True, "4.5", None),
        "count": (-1, -(2**70), 1.5, 8.0, float("nan"), True, "8", None),
    }.items()
    for value in values
]
BAD += [
    pytest.param(with_good(**{key: "left out"}), f"`{key}`", id=f"no {key}")
    for key in ("sku", "unit_g", "tol_g", "count")
]
TWO_WEIGHTS = session()
TWO_WEIGHTS["trays"][0]["planogram"] *= 2
TWO_WEIGHTS["trays"][0]["planogram"][1] = TWO_WEIGHTS["trays"][0]["planogram"][0] | {"unit_g": 170.0}
BAD.append(pytest.param(json.dumps(TWO_WEIGHTS).encode(), "$.trays[0].planogram[1]", id="two weights"))


@pytest.mark.parametrize(("body", "named"), BAD)
def test_a_line_that_is_no_session_is_named_and_the_others_are_judged(tmp_path, body, named):
    file = b"\n".join([line(id="first"), body, line(id="third")])
    code, verdicts, err = recognised(file, tmp_path)
    assert (code, [each["id"] for each in verdicts]) == (65, ["first", "third"])
    assert [each["basket"] for each in verdicts] == [{"A": 2}, {"A": 2}]
    assert "f.jsonl:2: " in err
    assert named in err
    code, out, err = benched(file, tmp_path)
    assert (code, json.loads(out)["levels"]["made"]["ours"]["exact"]["hits"]) == (65, 2)
    assert "f.jsonl line 2: " in err
    assert named in err


UNTRUE = [
    pytest.param(without("truth"), "`truth`", id="no truth"),
    pytest.param(line(truth=None), "$.truth", id="null"),
    pytest.param(line(truth={"A": -1}), "$.truth", id="less than nothing"),
    pytest.param(line(truth={"A": True}), "$.truth", id="a yes"),
    pytest.param(line(truth={"A": 1.5}), "$.truth", id="one and a half"),
    pytest.param(line(truth={"C": 1}), "C is on no tray - at `$.truth`", id="a product nobody planned"),
    pytest.param(line(kind=3), "$.kind", id="a number for the kind"),
    pytest.param(with_row([9.0, 7, 5.0], at=140), "no tray 7 - at `$.samples[140]`", id="an unknown tray"),
    pytest.param(with_row([9.0, -1, 5.0], at=140), "no tray -1 - at `$.samples[140]`", id="a tray below 0"),
    pytest.param(line(events=[[1, 7, -5, "take", "A"]]), "no tray 7 - at `$.events[0]`", id="events' tray"),
    pytest.param(
        line(events=[[float("nan"), 0, -5, "take", "A"]]), "$.events[0][0]", id="a movement at no time"
    ),
]


@pytest.mark.parametrize(("body", "named"), UNTRUE)
def test_a_benchmark_refuses_a_session_whose_truth_cannot_be(tmp_path, body, named):
    code, out, err = benched(body + b"\n" + line(), tmp_path)
    assert (code, json.loads(out)["levels"]["made"]["ours"]["exact"]["n"]) == (65, 1)
    assert "f.jsonl line 1: " in err
    assert named in err


# --- lines that are sessions, if odd ones -------------------------------------------------------------

TWICE = session()
TWICE["trays"][0]["planogram"] = [TWICE["trays"][0]["planogram"][0] | {"count": 1}] * 2
ELSEWHERE = session()
ELSEWHERE["trays"][1]["planogram"] += ELSEWHERE["trays"][0]["planogram"]
BARE = session(trays=[{"id": "1-01"}, {"id": "1-02", "planogram": []}])
MANY = {"A": 162.0} | {f"S{n}": 50.0 + n for n in range(MOST_GOODS)}
CROWDED = session()
CROWDED["trays"][0]["planogram"] = [
    {"sku": sku, "unit_g": grams, "tol_g": 3, "count": 60} for sku, grams in MANY.items()
]


def text(told):
    return json.dumps(told).encode()


RIGHT = [
    pytest.param(line(), id="nothing odd"),
    pytest.param(b"\xef\xbb\xbf" + line(), id="a byte order mark"),
    pytest.param(line() + b"\r\n\r\n", id="lines that end in CR and LF"),
    pytest.param(b"\n \n" + line(), id="blank lines"),
    pytest.param(line(id=17), id="a number for a name"),
    pytest.param(line(more={"truth": [1, {"x": None}]}, trays_seen=3), id="unknown keys"),
    pytest.param(line()[:-1] + b',"more":"\\n \xf0\x9f\x8d\x89"}', id="an unknown key in Chinese"),
    pytest.param(line(ended_s=-5), id="closed before it began"),
    pytest.param(line(ended_s=float("inf")), id="never closed"),
    pytest.param(line(samples=[row for row in rows() for _ in range(2)]), id="rows twice"),
    pytest.param(with_row([0.5, 0, 1.0], at=70), id="a row out of the past"),
    pytest.param(line(samples=rows()[:80] + rows()[:40] + rows()[80:]), id="time goes back"),
    pytest.param(with_row([2**70, 0, 5.0]), id="a row of the far future"),
    pytest.param(with_row([10**400, 0, 5.0]), id="a time of 400 digits"),
    pytest.param(with_row([2.001, 0, 4242.5]).replace(b"4242.5", b"3" * 5000), id="grams of 5,000 digits"),
    pytest.param(with_row([2.001, 0, 2**70]), id="grams beyond 64 bit"),
    pytest.param(with_row([2.001, 0, -1e300]), id="grams of a star"),
    pytest.param(with_row([None, 0, 5.0]), id="a row without a time"),
    pytest.param(with_good(tol_g=0), id="units that are all alike"),
    pytest.param(with_good(count=60), id="sixty units"),
    pytest.param(with_good(count=2**63), id="units beyond 63 bit"),
    pytest.param(with_good(count=10**400), id="units of 400 digits"),
    pytest.param(text(TWICE), id="a product twice on a tray"),
    pytest.param(text(ELSEWHERE), id="a product on two trays"),
]
RIGHT += [
    pytest.param(with_row([*row]).replace(b"4242.5", never), id=f"{never.decode()} for {what}")
    for never in (b"NaN", b"Infinity", b"-Infinity", b"null", b"1e999", b"-1e999")
    for what, row in {"grams": [2.001, 0, 4242.5], "a time": [4242.5, 0, 5000.0]}.items()
]


@pytest.mark.parametrize("body", RIGHT)
def test_what_can_be_judged_is_judged_rightly(tmp_path, body):
    code, verdicts, err = recognised(body, tmp_path)
    assert (code, err) == (0, "")
    assert [(each["verdict"], each["basket"]) for each in verdicts] == [("charge", {"A": 2})]
    code, out, _ = benched(body, tmp_path)
    assert (code, json.loads(out)["levels"]["made"]["ours"]["exact"]["hits"]) == (0, 1)


UNSURE = [
    pytest.param(line(samples=[]), "silent_tray", id="no samples"),
    pytest.param(line(samples=rows()[:1]), "silent_tray", id="one sample"),
    pytest.param(line(samples=rows()[::-1]), "silent_tray", id="backwards"),
    pytest.param(line(samples=[[0, *row[1:]] for row in rows()]), "silent_tray", id="all at once"),
    pytest.param(line(ended_s=60), "silent_tray", id="closed long after the last row"),
    pytest.param(line(samples=[[*row[:2], 1e300] for row in rows()]), "silent_tray", id="sentinels only"),
    pytest.param(with_row([9.0, 7, 5.0], at=140), "unknown_tray", id="an unknown tray"),
    pytest.param(with_row([9.0, -1, 5.0], at=140), "unknown_tray", id="a tray below 0"),
    pytest.param(with_row([9.0, 2**70, 5.0], at=140), "unknown_tray", id="a tray beyond 64 bit"),
    pytest.param(line(trays=[]), "bad_planogram", id="no trays"),
    pytest.param(text(BARE), "unexplained_removal", id="an empty planogram"),
    pytest.param(with_good(count=0), "unexplained_removal", id="none in stock"),
    pytest.param(with_good(unit_g=1e-300), "bad_planogram", id="a unit of next to nothing"),
    pytest.param(with_good(unit_g=0.01, count=10**9), "bad_planogram", id="crumbs"),
    pytest.param(with_good(unit_g=1e300), "bad_planogram", id="a unit of a star"),
    pytest.param(with_good(unit_g=2**70), "bad_planogram", id="a unit beyond 64 bit"),
    pytest.param(with_good(tol_g=1e300), "bad_planogram", id="a spread of a star"),
    pytest.param(text(CROWDED), "bad_planogram", id="more products than a tray can tell apart"),
]


@pytest.mark.parametrize(("body", "reason"), UNSURE)
def test_what_cannot_be_judged_is_reviewed_and_no_tray_is_charged(tmp_path, body, reason):
    code, (verdict,), _ = recognised(body, tmp_path)
    assert (code, verdict["verdict"]) == (0, "review")
    assert reason in verdict["reasons"]
    assert "charge" not in {tray["verdict"] for tray in verdict["trays"].values()}


def test_a_stock_of_400_digits_is_no_more_than_one_that_cannot_be_emptied(tmp_path):
    """Many units of two products: the search reckons with what all of the stock would weigh."""
    told = session(samples=rows(grams=(-162 * 5 - 413 * 4, 0)))
    good = told["trays"][0]["planogram"][0] | {"count": 10**400, "tol_g": 0.6}
    told["trays"][0]["planogram"] = [good, good | {"sku": "C", "unit_g": 413.0}]
    code, (verdict,), _ = recognised(text(told), tmp_path)
    assert (code, verdict["verdict"], verdict["basket"]) == (0, "review", {"A": 5, "C": 4})


def test_an_empty_file_holds_no_session(tmp_path):
    for body in (b"", b"\n\n", b"\xef\xbb\xbf"):
        assert recognised(body, tmp_path)[0] == 65
        assert benched(body, tmp_path)[0] == 65


def test_a_hundred_trays_of_sixty_units_are_judged(tmp_path):
    trays = [
        {"id": f"t{n}", "planogram": [{"sku": f"u{n % 3}", "unit_g": 333.0, "tol_g": 3, "count": 60}]}
        for n in range(100)
    ]
    samples = [
        [n / 4 + tray / 1e4, tray, 25_000.0 - 333.0 * 40 * (tray == 57 and n > 10)]
        for n in range(30)
        for tray in range(100)
    ]
    told = {"id": "h", "trays": trays, "samples": samples, "truth": {"u0": 40}, "kind": "made"}
    code, (verdict,), _ = recognised(text(told), tmp_path)
    assert (code, verdict["verdict"], verdict["basket"]) == (0, "charge", {"u0": 40})


def test_a_line_that_is_too_long_is_refused_and_skipped(tmp_path, monkeypatch):
    monkeypatch.setattr(session_lines, "MOST_LINE", 50_000)
    file = line(id="first") + b"\n" + b"x" * 180_000 + b"\n" + line(id="third")
    code, verdicts, err = recognised(file, tmp_path)
    assert (code, [each["id"] for each in verdicts]) == (65, ["first", "third"])
    assert "f.jsonl:2: longer than 50000 bytes" in err


def test_what_is_printed_is_utf8_whatever_the_names(tmp_path):
    """A whole program, because only there stdout has an encoding."""
    path = tmp_path / "f.jsonl"
    path.write_bytes(line(id="门\u0000\u001b").replace(b'"A"', '"香菇"'.encode()))
    run = subprocess.run(
        [sys.executable, "-m", "edge", "recognise", str(path), "--json"],
        capture_output=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONIOENCODING": "utf-8"},
        check=True,
    )
    assert json.loads(run.stdout)["basket"] == {"香菇": 2}


# --- rows, however they are cut -----------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.integers(-3, 9), st.floats(-1e6, 1e6)), max_size=40),
    st.sampled_from([None, 1, "  "]),
    st.integers(1, 80),
)
def test_rows_are_the_same_in_chunks_of_any_size(samples, indent, chunk):
    body = json.dumps(session(samples=samples), indent=indent).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session_lines, "CHUNK", chunk)
        assert recording_of(body).samples == samples


pieces = st.sampled_from(
    [b"[", b"]", b",", b"{", b"}", b'"', b"NaN", b"1e999", b"null", b"true", b"-", b"\xff", b"0", b"\\", b" "]
)


def mangled(draw, body):
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(body)))
        body = body[:at] + draw(pieces) + body[at + draw(st.integers(0, 6)) :]
    return body


SHORT = json.dumps(session(samples=rows(seconds=4, hz=5))).encode()


def mangle(data):
    try:
        recording = recording_of(mangled(data.draw, SHORT))
    except Unusable:
        return
    verdict = recognise(recording)
    planned = {good.sku: good.count for tray in recording.trays for good in tray.goods}
    assert all(amount <= planned[sku] for sku, amount in verdict.basket)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_mangled_line_is_refused_or_judged(data):
    mangle(data)


@pytest.mark.long
@settings(max_examples=20_000, deadline=None)
@given(st.data())
def test_many_mangled_lines_are_refused_or_judged(data):
    mangle(data)


# --- size ---------------------------------------------------------------------------------------------


def long_line(samples):
    """A tray's line with so many rows at 80 Hz; two units are taken after a hundred seconds."""
    out = io.BytesIO()
    out.write(line(samples=[]).removesuffix(b"}") + b',"samples":[')
    for n in range(samples):
        out.write(
            b"%b[%.4f,%d,%d.0]" % (b"," * (n > 0), n / 160, n % 2, 5000 - 324 * (n > 16_000 and n % 2 == 0))
        )
    return out.getvalue() + b"]}"


def peak_of(samples, tmp_path):
    body = long_line(samples)
    size = len(body)
    path = tmp_path / "f.jsonl"
    path.write_bytes(body)
    del body
    tracemalloc.start()
    try:
        verdicts = recognised_file(path)
        return verdicts, tracemalloc.get_traced_memory()[1], size
    finally:
        tracemalloc.stop()


def recognised_file(path):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(["recognise", str(path), "--json"]) == 0
    return json.loads(out.getvalue())


# The line as it is read, a copy of its rows, and one chunk of them as values.
ROOM = 6 * 1024 * 1024


def test_memory_is_that_of_the_line_and_of_one_chunk_of_rows(tmp_path):
    verdict, peak, size = peak_of(60_000, tmp_path)
    assert verdict["basket"] == {"A": 2}
    assert size > 15 * CHUNK
    assert peak < 3 * size + ROOM


@pytest.mark.long
def test_a_million_samples_are_judged_in_the_memory_of_their_line(tmp_path):
    verdict, peak, size = peak_of(1_000_000, tmp_path)
    assert (verdict["verdict"], verdict["basket"]) == ("charge", {"A": 2})
    assert peak < 3 * size + ROOM


# 400 steps with their explanations, and 25 s of rows for their places, whatever the session's length:
# 1.0 MB as measured.
ENGINE_ROOM = 2 * 1024 * 1024


@pytest.mark.parametrize(
    ("samples", "say"), [(9_840, "empty"), pytest.param(1_000_000, "review", marks=pytest.mark.long)]
)
def test_the_live_engine_needs_no_more_room_for_more_rows(samples, say):
    """One tray, taken from and put back on all the time, at 80 rows a second, looked at now and then."""
    good = Stocked(Sku("A"), 162.0, 4.5, 8, x_mm=100.0)
    tracemalloc.start()
    try:
        live = Recogniser([StockedTray(TrayId("1-01"), (good,), width_mm=400.0)])
        for n in range(samples):
            live.feed(n / 80, 0, 5000.0 - 162 * (n // 240 % 2) + n % 3, 200.0)
            if n % 3000 == 0:
                live.live()
        verdict = live.close()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (verdict.say, verdict.basket) == (say, ())
    assert peak < ENGINE_ROOM
