"""The recognition benchmark: its arithmetic, its contestants on cases one can check by hand, its command."""

import itertools
import json
from math import exp, sqrt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from edge.bench.contest import CONTESTANTS, contest
from edge.bench.diagram import draw
from edge.bench.net_delta import log_prior, naive, net_map, tray_posterior
from edge.bench.ours import oracle, ours
from edge.bench.recorded import lines_of, made_lines, session_of
from edge.bench.scores import Answer, Outcome, Tally, reliability
from edge.bench.shares import wilson
from edge.cli import main
from edge.errors import BadInput, CannotCreate, NoInput, Unavailable
from edge.weighing.recording import Stocked


def line(trays, steps=(), truth=None, seconds=8.0, **more):
    """A still recording at 10 Hz. trays: (sku, unit_g, count) of each. steps: (second, tray, grams)."""
    rows = [
        (
            round(n / 10 + tray / 100, 3),
            tray,
            5000.0 + sum(g for t, k, g in steps if k == tray and t <= n / 10),
        )
        for n in range(int(seconds * 10))
        for tray in range(len(trays))
    ]
    planogram = [
        {
            "id": f"1-{tray + 1:02}",
            "planogram": [{"sku": s, "unit_g": g, "tol_g": 6.0, "count": c} for s, g, c in goods],
        }
        for tray, goods in enumerate(trays)
    ]
    told = {"id": "s", "trays": planogram, "samples": rows, "truth": truth or {}, **more}
    return json.dumps(told).encode()


def session(*args, **kwargs):
    return session_of(line(*args, **kwargs), "here")


ONE_EACH = [[("A", 100.0, 8)], [("B", 250.0, 5)]]
MIXED = [[("A", 100.0, 8), ("B", 250.0, 5)]]

# --- arithmetic -------------------------------------------------------------------------------------

# R. G. Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3.
PUBLISHED = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0, 0.1611),
    (1, 29, 0.0061, 0.1718),
]


@pytest.mark.parametrize(("hits", "n", "low", "high"), PUBLISHED)
def test_intervals_are_those_published(hits, n, low, high):
    assert wilson(hits, n) == pytest.approx((low, high), abs=6e-5)


def test_of_nothing_everything_is_possible():
    assert wilson(0, 0) == (0.0, 1.0)


def tallied(*outcomes):
    tally = Tally()
    for truth, answer in outcomes:
        tally.add(Outcome(truth, answer, cpu_s=0.002, samples=100))
    return tally.score()


CASES = [
    pytest.param({"A": 1}, Answer([{"A": 1}]), {"exact"}, id="right"),
    pytest.param({"A": 1}, Answer([{"A": 1, "B": 0}]), {"exact"}, id="a zero is no unit"),
    pytest.param({"A": 1}, Answer([{"A": 1}], True), {"exact", "review"}, id="right and flagged"),
    pytest.param(
        {"A": 1},
        Answer([{"A": 2}]),
        {"overcharged", "silently_wrong", "silently_over", "charged_over"},
        id="one too many",
    ),
    pytest.param({"A": 2}, Answer([{"A": 1}]), {"undercharged", "silently_wrong"}, id="one too few"),
    pytest.param(
        {"A": 1},
        Answer([{"B": 1}], True, charged={"B": 1}),
        {"overcharged", "undercharged", "review", "charged_over"},
        id="flagged, and a tray that passed for sure charged wrongly",
    ),
    pytest.param(
        {"A": 1}, Answer([{"B": 1}], True), {"overcharged", "undercharged", "review"}, id="wrong and flagged"
    ),
    pytest.param(
        {},
        Answer([{"A": 1}]),
        {"overcharged", "silently_wrong", "silently_over", "charged_over", "nothing_charged"},
        id="charged for nothing",
    ),
    pytest.param({}, Answer([{"A": 1}], True), {"overcharged", "review"}, id="nothing taken, flagged"),
    pytest.param({}, Answer([]), {"exact"}, id="an answer without a basket is an empty one"),
]
COUNTED = (
    "exact",
    "overcharged",
    "undercharged",
    "review",
    "silently_wrong",
    "silently_over",
    "charged_over",
    "nothing_charged",
)


@pytest.mark.parametrize(("truth", "answer", "holds"), CASES)
def test_an_answer_counts_as(truth, answer, holds):
    score = tallied((truth, answer))
    assert {name for name in COUNTED if getattr(score, name).hits} == holds


def test_items_are_those_in_common_of_those_in_either():
    score = tallied(({"A": 2, "B": 1}, Answer([{"A": 1, "C": 1}])), ({"A": 1}, Answer([{"A": 1}])))
    assert (score.items.hits, score.items.n) == (2, 5)


def test_the_truth_may_be_third_but_not_fourth_to_be_among_the_top_three():
    three = Answer([{"A": 1}, {"B": 1}, {"C": 1}, {"D": 1}])
    assert tallied(({"C": 1}, three), ({"D": 1}, three)).top3.hits == 1


def test_cost_is_told_by_session_and_by_sample():
    score = tallied(*[({}, Answer([{}], stage1_s=0.0001))] * 4)
    assert (score.ms_p50, score.us_per_sample, score.stage1_us_per_sample) == (2.0, 20.0, 1.0)


def test_confidence_is_compared_with_what_came_true_bin_by_bin():
    said = [(0.96, True), (0.965, False), (0.999, True), (1.0, True), (0.3, False)]
    bins = [(each.above, each.n, each.said, each.right.hits) for each in reliability(said)]
    assert bins == [(0.0, 1, 0.3, 0), (0.95, 2, 0.9625, 1), (0.995, 2, 0.9995, 2)]


# --- contestants ------------------------------------------------------------------------------------

CLEAR = [
    pytest.param(ONE_EACH, [(3, 0, -200.0), (5, 1, -250.0)], {"A": 2, "B": 1}, id="one product a tray"),
    pytest.param(ONE_EACH, [(3, 0, -100.0), (5, 0, 100.0)], {}, id="taken and put back"),
    pytest.param(ONE_EACH, [], {}, id="nothing"),
]


@pytest.mark.parametrize("name", ["naive", "net-MAP", "ours"])
@pytest.mark.parametrize(("trays", "steps", "truth"), CLEAR)
def test_whoever_can_count_is_right_where_anybody_must_be(name, trays, steps, truth):
    answer = CONTESTANTS[name](session(trays, steps))
    assert {sku: n for sku, n in answer.baskets[0].items() if n} == truth
    assert not answer.flagged


def test_naive_makes_two_goods_several_of_one_and_is_sure():
    answer = naive(session(MIXED, [(3, 0, -100.0), (5, 0, -250.0)]).recording)
    assert answer.baskets[0] != {"A": 1, "B": 1}
    assert not answer.flagged


def test_the_best_net_answer_finds_both():
    answer = net_map(session(MIXED, [(3, 0, -100.0), (5, 0, -250.0)]).recording)
    assert answer.baskets[0] == {"A": 1, "B": 1}
    assert answer.p > 0.97


def test_the_best_net_answer_flags_what_two_baskets_explain_alike():
    alike = [[("A", 100.0, 8), ("B", 200.0, 8)]]
    answer = net_map(session(alike, [(3, 0, -200.0)]).recording)
    assert answer.flagged
    assert {"A": 2} in answer.baskets
    assert {"B": 1} in answer.baskets


@pytest.mark.parametrize("grams", [137.0, -137.0])
def test_what_no_basket_weighs_is_flagged_by_the_best_net_answer(grams):
    assert net_map(session(ONE_EACH, [(3, 0, grams)]).recording).flagged


def test_the_net_cannot_see_a_unit_on_the_wrong_tray_and_ours_does():
    """B goes from its tray to A's: nothing left the counter."""
    moved = session(ONE_EACH, [(3, 1, -250.0), (5, 0, 250.0)], seconds=9)
    assert net_map(moved.recording).baskets[0] != {}
    assert ours(moved).baskets[0] == {}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(60, 900), st.integers(1, 4)), min_size=1, max_size=3),
    st.integers(0, 1500),
)
def test_the_search_for_net_baskets_leaves_out_none_that_matters(goods, gone):
    stocked = [Stocked(f"S{n}", float(grams), 6.0, count) for n, (grams, count) in enumerate(goods)]
    options, fits = tray_posterior(stocked, float(gone))
    logs = {}
    for counts in itertools.product(*(range(good.count + 1) for good in stocked)):
        grams = sum(n * good.unit_g for n, good in zip(counts, stocked, strict=True))
        own = 4.05 * sum(counts) + 0.1225 * 4.05 * sum(n * n for n in counts)
        variance = 2.25 + (0.0011 * gone) ** 2 + own
        z = (gone - grams) / sqrt(variance)
        if abs(z) <= 6:
            density = (0.975 * exp(-z * z / 2) + 0.025 / 3 * exp(-z * z / 18)) / sqrt(variance)
            logs[counts] = density * exp(log_prior(counts))
    if not fits:
        return
    best = {f"S{n}": count for n, count in enumerate(max(logs, key=logs.get)) if count}
    chances = sorted((value / sum(logs.values()) for value in logs.values()), reverse=True)
    if len(chances) == 1 or chances[0] > chances[1] + 1e-9:
        assert options[0][1] == best
    # Baskets further off than six deviations may be looked at too: they can only take from the first.
    assert options[0][0] <= chances[0] + 1e-4


def test_the_oracle_is_told_every_movement_by_its_own():
    events = [
        [3.0, 0, -100.0, "take", "A"],
        [3.1, 0, -250.0, "take", "B"],
        [3.2, 0, 100.0, "put", "A"],
    ]
    told = session(MIXED, [(3, 0, -250.0)], truth={"B": 1}, events=events)
    answer = oracle(told)
    assert answer.baskets[0] == {"B": 1}
    assert not answer.flagged


def test_without_events_there_is_no_oracle():
    assert oracle(session(ONE_EACH)) is None


def test_no_contestant_is_shown_the_truth():
    """A recording has no room for it."""
    recording = session(ONE_EACH, truth={"A": 3}, kind="L2").recording
    assert set(type(recording).__slots__) == {"id", "trays", "samples", "ended"}


# --- sessions from files and from the simulator -------------------------------------------------------

UNREADABLE = [
    pytest.param(b"{", "truncated", id="half a line"),
    pytest.param(b'{"id":1,"trays":[],"samples":[]}', "truth", id="no truth"),
    pytest.param(line(ONE_EACH).replace(b"5000.0", b'"heavy"', 1), r"\$\.samples\[0\]\[2\]", id="no weight"),
    pytest.param(line([[("A", 0.0, 1)]]), r"unit_g|planogram\[0\]", id="goods that weigh nothing"),
    pytest.param(line(ONE_EACH).replace(b"[0.01, 1,", b"[0.01, 7,"), r"\$\.samples\[1\]", id="no such tray"),
]


@pytest.mark.parametrize(("body", "named"), UNREADABLE)
def test_a_line_that_is_no_session_is_refused_by_place_and_field(body, named):
    with pytest.raises(BadInput, match=f"f.jsonl line 3: .*{named}"):
        session_of(body, "f.jsonl line 3")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(NoInput, match=r"none\.jsonl"):
        list(lines_of(tmp_path / "none.jsonl"))


def test_the_simulator_makes_as_many_as_asked_and_says_if_it_cannot(capfd):
    kinds = [session_of(body, place).kind for place, body in made_lines(["L0", "L1"], 2, 11)]
    assert kinds == ["L0", "L0", "L1", "L1"]
    with pytest.raises(Unavailable, match="0 of 1 sessions"):
        list(made_lines(["L9"], 1, 11))
    assert "L9" in capfd.readouterr().err


def test_two_processes_find_what_one_finds():
    lines = list(made_lines(["L1"], 12, 12))
    alone, together = (contest(lines, ["naive", "ours"], jobs, lambda _: None) for jobs in (1, 2))
    for name, tally in alone.levels["L1"].items():
        assert tally.hits == together.levels["L1"][name].hits
        assert tally.said == together.levels["L1"][name].said


def test_where_ours_was_silently_wrong_is_told():
    wrong = line(ONE_EACH, [(3, 0, -100.0)], truth={"A": 2})
    standing = contest([("f line 1", wrong)], ["naive", "ours"], 1, lambda _: None)
    assert standing.silently_wrong == ["s"]


# --- the command --------------------------------------------------------------------------------------


def test_the_command_judges_a_file_and_draws(tmp_path, capsys):
    path, plot = tmp_path / "f.jsonl", tmp_path / "r.png"
    lines = [
        line(ONE_EACH, [(3, 0, -100.0)], truth={"A": 1}, kind="core"),
        line(ONE_EACH, truth={}, kind="core"),
        line(ONE_EACH, [(3, 1, -500.0)], truth={"B": 2}),
    ]
    path.write_bytes(b"\n".join(lines) + b"\n\n")
    arguments = ["bench", "recognition", "--file", str(path), "--jobs", "1", "--plot", str(plot), "--json"]
    assert main(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["levels"].keys() == {"core", "file"}
    assert found["levels"]["core"].keys() == {"naive", "net-MAP", "ours"}
    assert found["levels"]["core"]["ours"]["exact"] | {"low": 0, "high": 0} == {
        "hits": 2,
        "n": 2,
        "percent": 100.0,
        "low": 0,
        "high": 0,
    }
    with Image.open(plot) as image:
        assert image.size == (720, 720)


def test_the_command_shows_floor_and_ceiling_beside_ours(capsys):
    assert main(["bench", "recognition", "--level", "L0", "--n", "4", "--seed", "13", "--jobs", "1"]) == 0
    out = capsys.readouterr().out
    assert [row.split()[1] for row in out.splitlines() if row.startswith("L0 ")][: len(CONTESTANTS)] == list(
        CONTESTANTS
    )
    assert "charged without a sale" in out


def test_trays_of_four_cells_are_a_level_beside_the_plain_one(capsys):
    command = ["bench", "recognition", "--level", "L0", "--n", "2", "--cells", "4", "--only", "ours"]
    assert main([*command, "--jobs", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["levels"]
    assert {name: scores["ours"]["exact"]["n"] for name, scores in found.items()} == {
        "L0": 2,
        "L0 four cells": 2,
    }


REFUSED = [
    pytest.param(b"", "no session in it", 65, id="an empty file"),
    pytest.param(b"{}\n", "line 1", 65, id="no session"),
    pytest.param(None, "No such file", 66, id="no file"),
]


@pytest.mark.parametrize(("body", "named", "code"), REFUSED)
def test_what_cannot_be_judged_is_refused(tmp_path, capsys, body, named, code):
    path = tmp_path / "f.jsonl"
    if body is not None:
        path.write_bytes(body)
    assert main(["bench", "recognition", "--file", str(path), "--jobs", "1"]) == code
    assert named in capsys.readouterr().err


RECORD = Path(__file__).parents[1] / "weighing" / "data" / "coffee_pot"


def test_a_real_load_cell_s_record_has_all_its_steps_and_no_other(capsys):
    """46 minutes of a rig whose steps are known; licence and source beside them."""
    assert main(["bench", "recognition", "--record", str(RECORD), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(each["known"], each["found"], each["false"]) for each in found["record"]] == [
        (26, 26, 0),
        (5, 5, 0),
        (0, 0, 0),
        (2, 2, 0),
    ]
    assert [(t["target"], t["found"]) for t in found["targets"]] == [("33", 33), ("0", 0)]
    assert found["levels"] == {}


def test_a_record_s_steps_are_told_from_false_ones(tmp_path, capsys):
    levels = [0.0] * 40 + [500.0] * 40 + [300.0] * 40
    rows = "".join(f"{1e9 + n / 10},{grams}\n" for n, grams in enumerate(levels))
    (tmp_path / "a.csv").write_text(f"unix_time_s,grams\n{rows}", encoding="utf-8")
    labels = [
        {"after_s": 3.5, "before_s": 4.5, "delta_g": 495.0},
        {"after_s": 9, "before_s": 10, "delta_g": 7},
    ]
    (tmp_path / "steps.json").write_text(json.dumps({"a.csv": {"steps": labels}}), encoding="utf-8")
    assert main(["bench", "recognition", "--record", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    head, row = (line.split() for line in out.splitlines() if line.startswith(("file", "a.csv")))
    assert dict(zip(head, row, strict=True)) == {
        "file": "a.csv",
        "minutes": "0.2",
        "rows": "120",
        "known": "2",
        "found": "1",
        "missed": "1",
        "false": "1",
        "worst_g": "5.0",
    }


NO_RECORD = [
    pytest.param({}, 66, "steps.json", id="no steps"),
    pytest.param({"steps.json": "{"}, 65, "steps.json", id="half a file of steps"),
    pytest.param({"steps.json": '{"a.csv":{"steps":[]}}'}, 66, "a.csv", id="no such file"),
    pytest.param({"steps.json": '{"a.csv":{"steps":[]}}', "a.csv": ""}, 65, "no row", id="an empty file"),
    pytest.param({"steps.json": '{"a.csv":{"steps":[]}}', "a.csv": "1,x"}, 65, "a.csv", id="words"),
    pytest.param({"steps.json": '{"a.csv":{"steps":[]}}', "a.csv.gz": "1,2"}, 65, "a.csv", id="not packed"),
]


@pytest.mark.parametrize(("files", "code", "named"), NO_RECORD)
def test_a_record_that_cannot_be_read_is_named(tmp_path, capsys, files, code, named):
    for name, body in files.items():
        (tmp_path / name).write_text(body, encoding="utf-8")
    assert main(["bench", "recognition", "--record", str(tmp_path)]) == code
    assert named in capsys.readouterr().err


def test_a_diagram_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(CannotCreate, match="--plot"):
        draw({}, tmp_path / "none" / "r.png")


def test_the_machine_s_benchmarks_keep_their_names(capsys):
    assert main(["bench", "nonsense"]) == 2
    assert "serial" in capsys.readouterr().err
    assert main(["bench", "--help"]) == 0
    assert "recognition" in capsys.readouterr().out


# --- the gate -----------------------------------------------------------------------------------------

# Least exact and most silently wrong of 200, in sessions: what the published shares and luck allow.
GATE = {"L0": (199, 0), "L1": (196, 1), "L2": (190, 2), "L3s": (156, 6), "L3": (132, 6), "L4": (142, 26)}


@pytest.mark.long
@pytest.mark.parametrize("level", GATE)
def test_recognition_is_no_worse_than_published(level):
    """Two hundred sessions of each level, on a seed that nobody tunes on."""
    names = ["naive", "net-MAP", "ours"]
    standing = contest(made_lines([level], 200, 6), names, 1, lambda _: None)
    scores = {name: tally.score() for name, tally in standing.levels[level].items()}
    least, most = GATE[level]
    assert scores["ours"].exact.hits >= least
    assert scores["ours"].silently_wrong.hits <= most
    assert scores["ours"].nothing_charged.hits == 0
    assert scores["naive"].exact.hits <= scores["net-MAP"].exact.hits <= scores["ours"].exact.hits
