"""The files that may be lost: how often they are written, whole or not at all, and what a bad disk does."""

import msgspec
import pytest

from cloud_bridge.beside import Beside
from cloud_bridge.feed import EngineHealth, Live
from edge.lately_files import HEALTH, LIVE, LatelyFiles


def live(state="OPEN", total=0):
    return Live(session="s" * 32, state=state, lines=(), total_fen=total, mono_ms=1)


def test_baskets_are_written_five_times_a_second_the_last_one_always_and_the_end_at_once(tmp_path):
    beside, files, told = Beside(tmp_path), LatelyFiles(tmp_path), []
    for n in range(100):  # one second
        files.show(live(total=n) if n < 95 else None, 10 + n / 100)
        told += [each.total_fen for each in [beside.live()] if each]
    assert len(told) == 5
    assert told == sorted(told)
    files.show(None, 11.3)
    assert beside.live().total_fen == 94
    files.show(live("SETTLED", 95), 11.25)
    assert beside.live().total_fen == 95
    assert beside.live() is None


def test_a_basket_of_an_earlier_run_is_gone_at_the_start(tmp_path):
    LatelyFiles(tmp_path).show(live(), 0.0)
    LatelyFiles(tmp_path)
    assert not (tmp_path / LIVE).exists()


def test_a_disk_that_takes_nothing_disturbs_nobody(tmp_path):
    files = LatelyFiles(tmp_path / "gone")
    files.show(live(), 0.0)
    files.tell(EngineHealth(state="READY"))
    assert not (tmp_path / "gone").exists()


def test_health_is_told_every_half_minute(tmp_path):
    files = LatelyFiles(tmp_path)
    assert [t for t in range(0, 100, 5) if files.is_due(t)] == [0, 30, 60, 90]
    files.tell(EngineHealth(state="READY", free_mib=5))
    assert Beside(tmp_path).health() == EngineHealth(state="READY", free_mib=5)
    assert (tmp_path / HEALTH).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'{"session":1}', b"\xff", b" " * 70_000, b"[" * 5000])
def test_what_cannot_be_read_is_passed_over(tmp_path, body):
    beside = Beside(tmp_path)
    for name in (LIVE, HEALTH):
        (tmp_path / name).write_bytes(body)
    assert (beside.live(), beside.health()) == (None, None)


def test_both_are_what_the_feed_says(tmp_path):
    files = LatelyFiles(tmp_path)
    files.show(live(), 0.0)
    assert msgspec.json.decode((tmp_path / LIVE).read_bytes(), type=Live) == live()
