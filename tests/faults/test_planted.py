"""Every fault that was thought of is planted into the product once; a proof we rely on has to find each.

The proofs are those of the other rooms, run again with the fault in place: they must fail, and not for want
of a fixture. What needs processes to show is planted in ``test_controls`` and ``test_power_cut`` as well.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.careless.planted import FAULTS

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
SIMULATION = "tests/cloud_bridge/test_simulation.py", "every_event_arrives"
UPLINK, INGEST = "tests/cloud_bridge/test_uplink.py", "tests/cloud_bridge/test_ingest.py"
SIGNED = "tests/cloud_bridge/test_signed.py"
POWER, VISITS = "tests/journeys/test_power.py", "tests/journeys/test_visits.py"
PROOFS = {
    "ack on PUBACK": SIMULATION,
    "0x10 counted as sent": SIMULATION,
    "0x87 ignored": (UPLINK, "denial"),
    "no resend": SIMULATION,
    "all below the highest ack is freed": SIMULATION,
    "what the centre forgot is not sent again": ("tests/cloud_bridge/test_forgotten.py", "first_ack"),
    "a poison row blocks the outbox": (UPLINK, "poison"),
    "a command's signature is not checked": (SIGNED, "refused_under_its_code"),
    "a command may come twice": (SIGNED, "serve_once"),
    "mark = highest, not contiguous": (INGEST, "the_mark_equals"),
    "acknowledged before the commit": ("tests/cloud_bridge/test_worker.py", "commit"),
    "insert without a conflict rule": (INGEST, "same_event_again"),
    "a conflict is not decided by the hash": (INGEST, "other_bytes"),
    "a projection counts duplicates": (INGEST, "three_copies"),
    "a poison event blocks its counter": (INGEST, "holds_nothing_up"),
    "synchronous=NORMAL": ("tests/faults/test_power_cut.py", "loses_no_committed_sale and 60"),
    "sale and event in two transactions": ("tests/ledger/test_histories.py", "books_stay_whole"),
    "numbers from the wall clock": ("tests/ledger/test_sessions.py", "one_transaction"),
    "pulse before the intent": (POWER, "somewhere"),
    "pulse again after a restart": (POWER, "somewhere"),
    "settled twice": (VISITS, "charges_what_truly_left"),
    "deadlines on the wall clock": ("tests/journeys/test_attacks.py", "wall_clock"),
    "a code on the screen serves twice": ("tests/journeys/test_attacks.py", "two_with_one_token"),
    "a ledger put back keeps its incarnation": ("tests/ledger/test_renewal.py", "shows_the_copy"),
    "no reserve on the disk": ("tests/ledger/test_guards.py", "an_open_session_is_still_recorded"),
}
"""Fault → the proof's file, and which of its tests."""


def test_every_fault_has_its_proof():
    assert PROOFS.keys() == FAULTS.keys()


@pytest.mark.parametrize("fault", PROOFS)
def test_the_proof_finds_what_is_planted(fault):
    file, which = PROOFS[fault]
    words = ["-q", "-x", "-n", "0", "-p", "no:cacheprovider", "-m", "not long", "-k", which, file]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.faults.careless.plugin", *words],
        cwd=ROOT,
        env={**os.environ, "PLANTED": fault},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    last = done.stdout.strip().rpartition("\n")[2]
    assert done.returncode == 1, f"not found, or never looked for: {last}"
    assert " failed" in last, done.stdout[-3000:]
    assert " error" not in last, done.stdout[-3000:]
