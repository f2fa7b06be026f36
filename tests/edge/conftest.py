"""Configuration files in a temporary directory, to be spoilt one way at a time; waiting for processes."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[2] / "config"


BESIDE = ("planogram", "roster", "traces", "deliveries")


@pytest.fixture
def setup(tmp_path):
    """A copy of the sample files; gives the directory."""
    place = tmp_path / "config"
    place.mkdir()
    for name in ("counter.toml", "catalogue.csv", *(f"{each}.toml" for each in BESIDE)):
        shutil.copy(SAMPLE / name, place / name)
    return place


@pytest.fixture
def spoil():
    """``spoil(path, old, new)``: replace ``old``, which must be there, by ``new``."""

    def replace(path: Path, old: str, new: str) -> None:
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{path.name} has no {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return replace


@pytest.fixture
def until():
    """``until(condition, seconds)``: wait for it; fails when it did not come in time."""

    def wait(condition: Callable[[], object], seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.01)

    return wait


@pytest.fixture
def runs():
    """``runs(pid)``: whether the process is there and no zombie."""

    def look(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except FileNotFoundError:
            return False

    return look
