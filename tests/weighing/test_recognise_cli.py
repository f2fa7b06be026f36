"""``counter recognise``: its file format, its output to the letter, and what it does with bad lines."""

import json

import pytest

from edge.cli import main
from edge.weighing.recogniser import recognise

GOOD = {
    "id": "s-17",
    "trays": [
        {"id": "1-01", "planogram": [{"sku": "A", "unit_g": 162.0, "tol_g": 4.5, "count": 8}]},
        {"id": "1-02", "planogram": [{"sku": "B", "unit_g": 500.0, "tol_g": 6, "count": 2}], "more": 1},
    ],
    "truth": {"A": 2},
    "kind": "L2",
}


@pytest.fixture
def session(film):
    visit = film([("A", 162.0, 4.5, 8)], [("B", 500.0, 6.0, 2)]).load(2, 0, -324).load(5, 1, -500)
    visit.load(8, 1, 500)
    return GOOD | {"samples": [list(row) for row in visit.recording().samples]}


@pytest.fixture
def run(tmp_path, capsys):
    def lines_of(*lines, options=("--json",)):
        path = tmp_path / "sessions.jsonl"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        code = main(["recognise", str(path), *options])
        out, err = capsys.readouterr()
        return code, out, err

    return lines_of


def test_a_session_s_verdict_has_the_agreed_keys_and_no_other(run, session):
    code, out, err = run(json.dumps(session))
    (verdict,) = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert list(verdict) == ["id", "verdict", "basket", "margin", "trays", "events", "reasons"]
    assert (verdict["id"], verdict["verdict"], verdict["basket"]) == ("s-17", "charge", {"A": 2})
    assert verdict["reasons"] == []
    assert verdict["margin"] > 3.5
    tray = verdict["trays"]["1-01"]
    assert list(tray) == ["verdict", "delta_g", "residual_g", "alternatives"]
    assert tray["verdict"] == "charge"
    assert tray["delta_g"] == pytest.approx(-324, abs=2)
    assert tray["residual_g"] == pytest.approx(0, abs=2)
    assert tray["alternatives"][0]["basket"] == {"A": 2}
    assert verdict["trays"]["1-02"]["verdict"] == "empty"
    assert [list(event) for event in verdict["events"]] == [["t", "tray", "action", "sku", "count"]] * 3
    assert [event["action"] for event in verdict["events"]] == ["TAKE", "TAKE", "PUT_BACK"]


def test_the_truth_in_a_line_is_not_read(run, session):
    lied = session | {"truth": {"B": 2}, "kind": ["nonsense"]}
    assert run(json.dumps(session))[1] == run(json.dumps(lied))[1]


def test_a_person_is_told_in_words(run, session):
    code, out, _ = run(json.dumps(session), options=())
    assert code == 0
    assert "s-17  charge  2 × A" in out
    assert "tray 1-02  PUT_BACK  1 × B" in out


BAD_LINES = [
    pytest.param("{", "JSON", id="no json"),
    pytest.param('{"id":3.5}', "$.id", id="a fraction for a name"),
    pytest.param("[]", "array", id="no object"),
    pytest.param(json.dumps(GOOD), "samples", id="no samples"),
    pytest.param(json.dumps(GOOD | {"samples": [[0, 0]]}), "$.samples[0]", id="a row too short"),
    pytest.param(json.dumps(GOOD | {"samples": [[0, "a", 1]]}), "$.samples[0][1]", id="no index"),
    pytest.param('{"id":"x","trays":' + "[" * 100_000, "$.trays[0]", id="a tower of brackets"),
    pytest.param('"\\ud800"', "", id="half a character"),
]


def stocked(**changes):
    good = {"sku": "A", "unit_g": 162.0, "tol_g": 4.5, "count": 8} | changes
    return json.dumps(GOOD | {"trays": [{"id": "1-01", "planogram": [good]}], "samples": []})


BAD_LINES += [
    pytest.param(stocked(unit_g=0), "unit_g", id="goods of no weight"),
    pytest.param(stocked(unit_g=float("inf")), "unit_g", id="goods of endless weight"),
    pytest.param(stocked(unit_g=float("nan")), "unit_g", id="a weight that is none"),
    pytest.param(stocked(count=-1), "count", id="less than none in stock"),
    pytest.param(stocked(tol_g=None), "tol_g", id="no spread"),
    pytest.param(
        json.dumps(GOOD | {"trays": GOOD["trays"] + GOOD["trays"][:1], "samples": []}),
        "1-01 is there 2 times",
        id="a tray twice",
    ),
]


@pytest.mark.parametrize(("line", "named"), BAD_LINES)
def test_a_bad_line_is_named_and_the_rest_goes_on(run, session, line, named):
    code, out, err = run(line, json.dumps(session))
    assert code == 65
    assert "sessions.jsonl:1: " in err
    assert named in err
    assert "1 of 2 lines" in err
    assert [json.loads(each)["id"] for each in out.splitlines()] == ["s-17"]


@pytest.mark.parametrize("never", ["NaN", "Infinity", "-Infinity", "null", "1e999"])
def test_grams_that_are_none_are_gaps(run, session, never):
    rows = [row for row in session["samples"] if row[1] == 0]
    with_gaps = session | {"samples": session["samples"] + [[rows[-1][0] + 0.001, 0, 4242.0]]}
    code, out, _ = run(json.dumps(with_gaps).replace("4242.0", never))
    assert code == 0
    assert out == run(json.dumps(session))[1]


def test_the_same_product_twice_on_a_tray_is_one_product(run, session):
    twice = json.loads(json.dumps(session))
    (good,) = twice["trays"][0]["planogram"]
    twice["trays"][0]["planogram"] = [good | {"count": 1}, good | {"count": 1}]
    code, out, _ = run(json.dumps(twice))
    assert code == 0
    assert json.loads(out)["basket"] == {"A": 2}
    twice["trays"][0]["planogram"][0]["unit_g"] = 170
    code, _, err = run(json.dumps(twice))
    assert code == 65
    assert "A is there twice, with two weights" in err


def test_an_empty_file_and_a_missing_one_are_two_faults(run, tmp_path, capsys):
    assert run(" ")[0] == 65
    assert main(["recognise", str(tmp_path / "none.jsonl")]) == 66
    assert "none.jsonl" in capsys.readouterr().err


def test_the_command_and_the_room_agree(run, session, film):
    visit = film([("A", 162.0, 4.5, 8)], [("B", 500.0, 6.0, 2)]).load(2, 0, -324).load(5, 1, -500)
    verdict = recognise(visit.load(8, 1, 500).recording())
    printed = json.loads(run(json.dumps(session))[1])
    assert printed["margin"] == round(verdict.margin, 3)
    assert printed["basket"] == dict(verdict.basket)
