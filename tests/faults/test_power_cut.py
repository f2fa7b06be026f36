"""No committed sale is lost in a power cut with the ledger's settings; with a weaker one it is, and is seen.

On a made-up disk that keeps a random half of what was not synced; as root also on a real ext4, shut down.
"""

import fcntl
import os
import struct
import subprocess
import sys
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from random import Random

import apsw
import pytest

from edge.ledger.store import SETTINGS
from tests.faults.chaos.reading import rows
from tests.faults.crash_vfs import Cut, Disk

ROOT = Path(__file__).parents[2]
names = (f"disk-{number}" for number in count(1))
WEAKER = {**SETTINGS, "synchronous": 1}
STATES = 60


def opened(disk, settings):
    db = apsw.Connection("ledger.db", vfs=disk.name)
    db.execute("pragma locking_mode = exclusive")  # so that no shared memory is needed
    for name, value in settings.items():
        db.execute(f"pragma {name} = {value}").fetchall()
    return db


def sells_until_the_power_goes(settings, random):
    """Commits sales with an event each; gives the disk and how many sales were told as committed."""
    disk, told = Disk(next(names)), 0
    db = opened(disk, settings)
    db.execute(
        "create table sale (n integer primary key); create table event (seq integer primary key, body)"
    )
    db.execute("pragma wal_checkpoint(truncate)").fetchall()
    disk.left = random.randint(2, 60)
    try:
        while True:
            db.execute("begin immediate")
            db.execute("insert into sale values (?)", (told + 1,))
            db.execute("insert into event values (?, ?)", (told + 1, random.randbytes(700)))
            db.execute("commit")
            told += 1
            if random.random() < 0.05:
                db.execute("pragma wal_checkpoint(passive)").fetchall()
    except Cut:
        return disk, told


def lost_or_damaged(settings, random):
    """Sales that were told and are gone after the cut; −1 for a damaged file."""
    disk, told = sells_until_the_power_goes(settings, random)
    db = opened(disk.after_a_cut(next(names), random), settings)
    if db.execute("pragma integrity_check").fetchall() != [("ok",)]:
        return -1
    (sales,), (events,) = (db.execute(f"select count(*) from {t}").fetchone() for t in ("sale", "event"))
    assert sales == events, "half a transaction"
    return max(0, told - sales)


@pytest.mark.parametrize("states", [STATES, pytest.param(3000, marks=pytest.mark.long)], ids=["60", "3000"])
def test_a_power_cut_loses_no_committed_sale(states):
    assert [lost_or_damaged(SETTINGS, Random(seed)) for seed in range(states)] == [0] * states


def test_with_synchronous_normal_the_same_cuts_lose_sales():
    found = [lost_or_damaged(WEAKER, Random(seed)) for seed in range(STATES)]
    assert sum(each > 0 for each in found) > STATES / 2


# --- a real file system, shut down under a real ledger -----------------------------------------------
EXT4_IOC_SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, 2
SELLER = ["tests.faults.chaos.writer"]
WEAKER_SELLER = ["tests.faults.careless", "synchronous=NORMAL", *SELLER]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a file system of its own needs root")


@contextmanager
def ext4(image, place):
    subprocess.run(["mount", "-o", "loop", image, place], check=True)
    try:
        yield
    finally:
        for _ in range(50):
            if subprocess.run(["umount", place], capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.1)


def lost_on_ext4(tmp_path, number, module):
    """Sells for a moment on a file system of its own, shuts that down, and counts what is gone."""
    image, place, told = (tmp_path / f"{number}-{name}" for name in ("image", "mount", "told"))
    with image.open("wb") as file:
        file.truncate(48 << 20)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    place.mkdir()
    with ext4(image, place):
        (place / "told").symlink_to(told)
        (place / "data").mkdir()
        os.sync()
        words = [*module, str(place), "W-001", str(number), "0"]
        seller = subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, stderr=subprocess.DEVNULL)
        while not told.exists() or told.stat().st_size < 500:
            time.sleep(0.01)
        fd = os.open(place, os.O_RDONLY)
        fcntl.ioctl(fd, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        os.close(fd)
        seller.kill()
        seller.wait()
    with ext4(image, place):
        sold = {order for (order,) in rows(place / "ledger.db", "SELECT order_no FROM sale")}
        assert rows(place / "ledger.db", "PRAGMA integrity_check") == [("ok",)]
    return len(set(told.read_text().split()[:-1]) - sold)


@pytest.mark.long
@pytest.mark.processes
@needs_root
def test_a_file_system_shut_down_under_the_ledger_loses_no_committed_sale(tmp_path):
    found = [lost_on_ext4(tmp_path, number, SELLER) for number in range(20)]
    assert found == [0] * 20


@pytest.mark.long
@pytest.mark.processes
@needs_root
def test_a_file_system_shut_down_under_synchronous_normal_loses_sales(tmp_path):
    assert any(lost_on_ext4(tmp_path, number, WEAKER_SELLER) for number in range(20))
