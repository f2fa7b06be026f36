"""The flight recorder: a file a day for so many days, in lines that ``counter recognise`` reads."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from edge import session_lines
from edge.cli import main
from edge.domain.values import Sku, TrayId
from edge.flights import Flight, Flights, line_of
from edge.recognition import policy_of
from edge.session_lines import SessionLine, recording_of, session_of
from edge.settings import Weighing
from edge.weighing.policy import Policy
from edge.weighing.recogniser import recognise
from edge.weighing.recording import Recording, Stocked, StockedTray

TODAY = date(2026, 11, 24)
USUAL = Policy()
TRAYS = (
    StockedTray(
        TrayId("1-01"), (Stocked(Sku("WATER"), 519.0, 11.4, 12), Stocked(Sku("TEA"), 191.0, 5.1, 0, 0.4))
    ),
    StockedTray(TrayId("1-02"), ()),
)


def rows(taken_g):
    """Twelve seconds of two still trays; after five the first one is lighter."""
    for tick in range(120):
        yield tick / 10, 0, 6228.0 + tick % 2 / 10 - (taken_g if tick >= 50 else 0.0)
        yield tick / 10 + 0.05, 1, -3.5


def flight(day=TODAY, name="5f" * 16, ended=12.5, kind="BUY", policy=USUAL):
    return Flight(Recording(name, TRAYS, tuple(rows(1038.0)), ended), policy, kind, day)


def kept(folder):
    return {
        path.name: [json.loads(line)["id"] for line in path.read_bytes().splitlines()]
        for path in folder.iterdir()
    }


@pytest.mark.parametrize("ended", [12.5, None])
def test_a_line_read_back_is_the_recording(ended):
    recording = flight(ended=ended).recording
    found = recording_of(line_of(flight(ended=ended)))
    assert replace(found, samples=tuple(found.samples)) == recording
    assert recognise(found) == recognise(recording)


@pytest.mark.parametrize(
    "stated",
    [{}, {"sure_p": 0.99}, {"sure_p": 0.95}, {"fit_z": 3.0, "swap_z": 2.5, "bulk_units": 3}],
)
def test_a_line_read_back_has_the_thresholds_of_the_counter_that_recorded(stated):
    policy = policy_of(Weighing(**stated))
    line = json.loads(line_of(flight(policy=policy)))
    assert ("policy" in line) == bool(stated)
    session = session_of(line_of(flight(policy=policy)), msgspec.json.Decoder(SessionLine))
    assert session_lines.policy_of(session) == policy


def test_the_files_are_judged_by_the_command(tmp_path, capsys):
    Flights(tmp_path / "recordings", 30).keep(flight())
    assert main(["recognise", str(tmp_path / "recordings" / "2026-11-24.jsonl"), "--json"]) == 0
    (verdict,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (verdict["id"], verdict["verdict"], verdict["basket"]) == ("5f" * 16, "charge", {"WATER": 2})


def test_a_line_says_what_the_session_was_for_and_nothing_of_who_opened():
    line = line_of(flight(kind="RESTOCK"))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    session = json.loads(line)
    assert session.keys() == {"id", "kind", "trays", "samples", "ended_s"}
    assert session["kind"] == "RESTOCK"
    assert [good.keys() for good in session["trays"][0]["planogram"]] == [
        {"sku", "unit_g", "tol_g", "count"},
        {"sku", "unit_g", "tol_g", "count", "lot_sd_g"},
    ]


def test_each_day_has_a_file_and_each_session_a_line(tmp_path):
    flights = Flights(tmp_path, 30)
    for day, name in ((TODAY, "a"), (TODAY, "b"), (TODAY + timedelta(days=1), "c")):
        flights.keep(flight(day, name))
    Flights(tmp_path, 30).keep(flight(TODAY + timedelta(days=1), "d"))  # another start of the program
    assert kept(tmp_path) == {"2026-11-24.jsonl": ["a", "b"], "2026-11-25.jsonl": ["c", "d"]}


def test_files_are_forgotten_when_they_are_too_old_and_no_others(tmp_path):
    for name in ("2026-11-16.jsonl", "2026-11-17.jsonl", "2025-12-31.jsonl", "notes.jsonl", "2025-01-01.txt"):
        (tmp_path / name).write_text("")
    Flights(tmp_path, 7).keep(flight())
    assert {path.name for path in tmp_path.iterdir()} == {
        "2026-11-17.jsonl",
        "2026-11-24.jsonl",
        "notes.jsonl",
        "2025-01-01.txt",
    }


@pytest.mark.parametrize("place", ["file", "file/below", "missing/below"])
def test_a_place_that_takes_nothing_is_logged_and_the_sale_goes_on(tmp_path, place):
    (tmp_path / "file").write_text("in the way")
    with capture_logs() as logs:
        Flights(tmp_path / place, 30).keep(flight())
    (told,) = logs
    assert (told["event"], told["log_level"]) == ("recording_not_written", "error")
    assert told["folder"] == str(tmp_path / place)
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_full_disk_is_logged_and_the_sale_goes_on(tmp_path):
    (tmp_path / "2026-11-24.jsonl").symlink_to(Path("/dev/full"))
    with capture_logs() as logs:
        Flights(tmp_path, 30).keep(flight())
    assert "No space left" in logs[0]["error"]
