"""A whole set of configuration files in a temporary directory, to be spoilt one way at a time."""

import shutil
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[2] / "config"


@pytest.fixture
def setup(tmp_path):
    """A copy of the sample files; gives the directory."""
    place = tmp_path / "config"
    place.mkdir()
    for name in ("counter.toml", "planogram.toml", "roster.toml", "catalogue.csv"):
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
