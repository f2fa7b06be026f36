"""The engine's look into the commands that the bridge took in."""

from contextlib import closing

import msgspec
import pytest

from cloud_bridge.commands import Command
from cloud_bridge.state import State
from edge.errors import LedgerError
from edge.ledger.inbox import Cursor, Inbox

AT = "2026-11-24T03:00:00.000Z"


def ids(rows):
    return [row.id for row in rows]


class Bridge:
    """Whoever writes bridge.db."""

    def __init__(self, directory):
        self.directory = directory

    def put(self, *names):
        with closing(State(self.directory / "bridge.db")) as state, state.inbox.together():
            for name in names:
                state.inbox.put(command(name), f"jws of {name}", AT)

    def lose(self):
        for path in self.directory.glob("bridge.db*"):
            path.unlink()


def command(name):
    body = msgspec.Raw(b"{}")
    return Command(id=name, aud="T-001", nonce=name, issued=0, expires=1, kind="resume", body=body)


@pytest.fixture
def bridge(tmp_path):
    return Bridge(tmp_path)


def test_what_arrived_is_read_once_by_a_cursor_that_moves(tmp_path, bridge):
    with closing(Inbox(tmp_path / "bridge.db")) as inbox:
        assert inbox.rows(Cursor()) == []
        bridge.put("a", "b")
        first = inbox.rows(Cursor())
        assert ids(first) == ["a", "b"]
        assert (first[0].kind, first[0].jws, first[0].arrived_at) == ("resume", "jws of a", AT)
        bridge.put("c")
        assert ids(inbox.rows(first[-1].cursor)) == ["c"]
        assert ids(inbox.rows(Cursor(), limit=2)) == ["a", "b"]


def test_a_file_made_anew_is_read_from_its_start(tmp_path, bridge):
    bridge.put("a", "b")
    with closing(Inbox(tmp_path / "bridge.db")) as inbox:
        cursor = inbox.rows(Cursor())[-1].cursor
        bridge.lose()
        assert inbox.rows(cursor) == []
        bridge.put("c")
        assert ids(inbox.rows(cursor)) == ["c"]


def test_without_a_file_or_its_table_nothing_has_arrived(tmp_path):
    with closing(Inbox(tmp_path / "bridge.db")) as inbox:
        assert inbox.rows(Cursor()) == []
        (tmp_path / "bridge.db").touch()
        assert inbox.rows(Cursor()) == []


def test_a_file_that_is_none_is_named(tmp_path):
    (tmp_path / "bridge.db").write_text("no database at all, but long enough to be looked at " * 20)
    with closing(Inbox(tmp_path / "bridge.db")) as inbox, pytest.raises(LedgerError, match=r"bridge\.db"):
        inbox.rows(Cursor())
