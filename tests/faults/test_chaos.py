"""Kills, freezes, partitions, full disks, one after the other; then ledgers, centre and simulator agree."""

import os
import subprocess
import sys
from pathlib import Path
from random import SystemRandom

import pytest

pytestmark = [pytest.mark.processes, pytest.mark.chaos]

ROOT = Path(__file__).parents[2]
SECONDS = float(os.environ.get("CHAOS_SECONDS", "60"))
"""Beside the start, the draining and the sums: some 20 s more, on a machine that does nothing else."""
SEED = os.environ.get("CHAOS_SEED") or str(SystemRandom().randrange(1_000_000))


STORES = ["postgres", pytest.param("sqlite", marks=pytest.mark.long)]
"""Every run on the store with more that can break: two workers, a server; SQLite with the long proofs."""


@pytest.mark.parametrize("store", STORES)
def test_nothing_is_lost_doubled_or_differing_whatever_broke(tmp_path, store):
    words = ["--store", store, "--seconds", str(SECONDS), "--seed", SEED, "--writers", "2"]
    words += ["--dir", str(tmp_path / "chaos")]
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.chaos", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout[-2000:]
