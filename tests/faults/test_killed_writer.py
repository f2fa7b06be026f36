"""A writer killed within its commit while the bridge reads: from the next start on all see one ledger."""

import subprocess
import sys
from contextlib import closing

import pytest

from edge.clock import Clock
from edge.ledger.outbox import Outbox
from tests.faults.chaos.writer import settle

pytestmark = pytest.mark.processes

COUNTER = "W-001"
SELLS = """
import sys
from pathlib import Path
from random import Random
from edge.clock import Clock
from tests.faults.chaos.writer import opened, visit
random, ledger = Random(1), opened(Path(sys.argv[1]), "W-001", Clock())
close = ledger.close_session
def slowly(*words):
    print("closes", flush=True)
    sys.stdin.readline()
    return close(*words)
ledger.close_session = slowly
while True:
    visit(ledger, Clock(), random)
    print("closed", flush=True)
"""


def last(place):
    with closing(Outbox(place / "ledger.db")) as outbox:
        return outbox.last_seq()


@pytest.fixture
def killed(tmp_path):
    """The directory of a writer killed when the end of a visit was in the log and not in the index that
    readers share; and the bridge's connection, open all the while."""
    command = [sys.executable, "-c", SELLS, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as seller:

        def comes_to(word):
            assert seller.stdout.readline() == f"{word}\n"

        def close_it():
            seller.stdin.write("\n")
            seller.stdin.flush()
            comes_to("closed")

        comes_to("closes")
        with closing(Outbox(tmp_path / "ledger.db")) as bridge:
            close_it()
            comes_to("closes")
            seen, index = bridge.last_seq(), (tmp_path / "ledger.db-shm").read_bytes()
            close_it()
            seller.kill()
            seller.wait()
            with (tmp_path / "ledger.db-shm").open("r+b") as shared:
                shared.write(index)  # as it was when the kill came
            assert bridge.last_seq() == seen
            yield tmp_path, bridge


def test_after_the_next_start_no_event_appears_that_the_bridge_was_not_shown(killed):
    place, bridge = killed
    settle(place, COUNTER, Clock())
    seen = bridge.last_seq()
    bridge.close()
    assert last(place) == seen


def test_without_that_start_a_visit_nobody_was_told_of_appears_once_nobody_is_connected(killed):
    place, bridge = killed
    seen = bridge.last_seq()
    bridge.close()
    assert last(place) > seen
