"""[lock] settings that no board of the named kind can have are refused with the remedy."""

from pathlib import Path

import pytest

from edge.errors import CounterError
from edge.outfit.loading import load_outfit
from tests.hardware.test_lock_visits import BOARDS, config_with

WRONG = [
    ("lock.bcc8a", {"board": 33}, "lock.board 33: lock.bcc8a boards are 1 to 32; correct it"),
    ("lock.bcc8a", {"reed": 25}, "lock.reed 25: lock.bcc8a has channels 1 to 24; correct it"),
    ("lock.krcu", {"board": 10}, "lock.board 10: lock.krcu boards are 0 to 9; correct it"),
    ("lock.krcu", {"lock": 17}, "lock.lock 17: lock.krcu has channels 1 to 16; correct it"),
    ("lock.modbus", {"bolt": 8}, "lock.reed and lock.bolt are both input 8"),
    ("lock.modbus", {"board": 0}, "lock.board 0: lock.modbus boards are 1 to 247; correct it"),
    ("lock.modbus", {"board": 12}, "unit 12 is the lock board's on the same line"),
    ("lock.modbus", {"lock": 48}, "lock.lock 48: lock.modbus has channels 1 to 32"),
    ("lock.modbus", {"pulse_ms": 150}, "lock.pulse_ms 150 does not fit"),
    ("lock.winnsen", {"board": 5}, "lock.board 5: lock.winnsen boards are 1 to 4; correct it"),
    (
        "lock.winnsen",
        {"rest_s": 3.0},
        "lock.rest_s 3: lock.winnsen boards refuse a second pulse for about 15 s",
    ),
    ("lock.wkly", {"board": 32}, "lock.board 32: lock.wkly boards are 0 to 31; correct it"),
    ("lock.krcu48", {"reed": 48}, "lock.reed and lock.lock are both channel 48"),
]


@pytest.mark.parametrize(("driver", "keys", "said"), WRONG)
def test_a_board_or_channel_that_there_is_not_is_refused(tmp_path: Path, driver, keys, said):
    config = config_with(tmp_path, driver, {**BOARDS[driver], **keys})
    with pytest.raises(CounterError, match=said):
        load_outfit(config / "counter.toml", environ={})


@pytest.mark.parametrize("driver", BOARDS)
def test_what_the_visits_are_made_with_is_accepted(tmp_path: Path, driver):
    config = config_with(tmp_path, driver, BOARDS[driver])
    assert load_outfit(config / "counter.toml", environ={}).settings.lock.driver == driver


@pytest.mark.parametrize(("driver", "unit"), [("lock.bcc8a", 128), ("lock.bcc8a", 138), ("lock.krcu", 2)])
def test_a_scale_whose_unit_looks_like_the_lock_board_is_refused_on_its_line(tmp_path: Path, driver, unit):
    config = config_with(tmp_path, driver, BOARDS[driver])
    text = (config / "counter.toml").read_text("utf-8").replace('"1-02" = 12', f'"1-02" = {unit}')
    (config / "counter.toml").write_text(text, "utf-8")
    with pytest.raises(CounterError, match=f"unit {unit} begins like the lock board's frames"):
        load_outfit(config / "counter.toml", environ={})
