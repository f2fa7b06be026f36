"""``counter demo`` with its five real programs, a visitor who talks HTTP to it, and the yardstick.

What the simulator knows to be true is compared with the receipt, the ledger's file and the centre.
"""

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from edge.ledger.verify import verify

COUNTER = "AK-001"
PINS = {"demo-001": "246810", "demo-002": "135791", "demo-003": "112358"}
PROGRAMS = ("bridge", "broker", "centre", "counter", "sim")
PATIENCE_S = 60.0
"""For things that must happen; generous, because other work may share the machine."""

Said = dict[str, Any]


def until(done: Callable[[], Any], what: str, limit_s: float = PATIENCE_S) -> Any:
    """Ask again until ``done()`` is true; gives what it gave. An end that does not answer is asked again."""
    deadline = time.monotonic() + limit_s
    while True:
        with suppress(httpx.TransportError):
            if found := done():
                return found
        assert time.monotonic() < deadline, f"{what}: not within {limit_s:g} s"
        time.sleep(0.05)


def lives(pid: int) -> bool:
    """Whether the process runs: one that is a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@dataclass(slots=True)
class Phone:
    """One buyer's browser: it keeps its cookies."""

    http: httpx.Client

    def token(self) -> str:
        """What the screen's QR code holds now."""
        answer = self.http.get("/api/v1/screen/token")
        answer.raise_for_status()
        return str(answer.json()["token"])

    def ask(
        self, buyer: str = "demo-001", pin: str | None = None, token: str | None = None, key: str = ""
    ) -> httpx.Response:
        """Ask for the door; gives the counter's answer as it came."""
        body = {
            "kind": "BUY",
            "token": self.token() if token is None else token,
            "buyer": buyer,
            "pin": PINS[buyer] if pin is None else pin,
        }
        return self.http.post("/api/v1/sessions", json=body, headers={"Idempotency-Key": key} if key else {})

    def session(self, id: str) -> httpx.Response:
        return self.http.get(f"/api/v1/sessions/{id}")


class Demo:
    """One directory and the demo that runs in it."""

    until = staticmethod(until)
    lives = staticmethod(lives)

    def __init__(self, place: Path) -> None:
        self.place = place
        self.process: subprocess.Popen[str] | None = None
        self.told: Said = {}
        self._clients: list[httpx.Client] = []

    # --- processes -------------------------------------------------------------------------------
    def start(self, selling: bool = True) -> Said:
        """Start the programs; gives the JSON line that the demo prints once they are ready.

        selling: also wait until the counter sells, which it does not while its door is open.
        """
        command = [sys.executable, "-m", "edge", "demo", "--json", "--dir", str(self.place)]
        self.process = subprocess.Popen([*command, "--port-base", "0"], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the demo did not start; its words stand above"
        self.told = json.loads(line)
        self.sim, self.centre = (self._client(self.told[end]) for end in ("sim", "centre"))
        self.phone = self.another_phone()
        if selling:
            self.sells()
        return self.told

    def stop(self) -> str:
        """SIGTERM; gives what the demo still said on stdout."""
        for client in self._clients:
            client.close()
        self._clients.clear()
        process, self.process = self.process, None
        if process is None or process.stdout is None:
            return ""
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=15)
        return rest

    def pids(self) -> dict[str, int]:
        """Process ids as the state file has them now: a program that just died still stands in it."""

        def read() -> Any:
            with suppress(json.JSONDecodeError):  # it is being written
                return json.loads((self.place / "demo.json").read_text(encoding="utf-8"))["pids"]

        found: dict[str, int] = until(read, "demo.json")
        return found

    def signal(self, program: str, number: signal.Signals) -> int:
        """Send a signal to one program of this demo; gives its process id, 0 where it is dead already."""
        pid = self.pids()[program]
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            return pid
        return 0

    def kill(self, *programs: str) -> None:
        for program in programs:
            self.signal(program, signal.SIGKILL)

    def heals(self) -> None:
        """All five programs run again and the counter sells."""
        until(lambda: all(pid and lives(pid) for pid in self.pids().values()), "all programs run")
        until(self.state, "the simulator answers")
        until(lambda: self.centre.get("/readyz").status_code == 200, "the centre is ready")
        self.sells()

    def _client(self, base: str) -> httpx.Client:
        self._clients.append(httpx.Client(base_url=base, timeout=10.0, trust_env=False))
        return self._clients[-1]

    def another_phone(self) -> Phone:
        """A browser that nobody bought with yet."""
        return Phone(self._client(self.told["api"]))

    # --- the counter -----------------------------------------------------------------------------
    def counter(self) -> Said:
        answer = self.phone.http.get("/api/v1/counter")
        found: Said = answer.json()
        return found if answer.status_code == 200 else {"state": found.get("code"), "reason": ""}

    def sells(self) -> None:
        """Nobody is at the door and every tray is weighed."""

        def does() -> bool:
            counter = self.counter()
            return counter["state"] == "READY" and all(tray["in_service"] for tray in counter["trays"])

        until(does, "the counter sells")

    # --- the visitor -----------------------------------------------------------------------------
    def state(self) -> Said:
        """What the simulator knows to be true."""
        answer = self.sim.get("/sim/state")
        answer.raise_for_status()
        found: Said = answer.json()
        return found

    def act(self, do: str, **words: Any) -> httpx.Response:
        return self.sim.post("/sim/act", json={"do": do, **words})

    def does(self, do: str, **words: Any) -> None:
        """An act that must be possible."""
        answer = self.act(do, **words)
        assert answer.status_code == 200, answer.text

    def lies(self) -> dict[str, int]:
        """Pieces of each tray's own product that truly lie on it."""
        return {tray["id"]: tray["goods"].get(tray["sku"], 0) for tray in self.state()["trays"]}

    def opens(self, buyer: str = "demo-001") -> str:
        """Scan, PIN, pull the door; gives the session's id."""
        return self.pulls(self.granted(buyer=buyer))

    def granted(self, **words: Any) -> str:
        """Ask until the counter is no longer busy, as people do; gives the session's id."""

        def ask() -> Any:
            answer = self.phone.ask(**words)
            return None if answer.json().get("code") == "BUSY" else answer

        answer: httpx.Response = until(ask, "the counter is not busy")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["session"])

    def pulls(self, session: str) -> str:
        """The door of a session that was granted. Nobody shuts a door before the counter saw it open."""
        until(lambda: self.state()["bolt"] == "unlocked", "the bolt moves")
        self.does("open_door")
        until(lambda: self.phone.session(session).json()["state"] == "OPEN", "the counter sees the open door")
        return session

    def basket(self, session: str) -> dict[str, int]:
        """What the phone shows as taken, by tray."""
        return {line["tray"]: line["count"] for line in self.phone.session(session).json()["lines"]}

    def closed(self, session: str) -> Said:
        """Wait for the receipt."""

        def look() -> Any:
            answer = self.phone.session(session)
            return answer.json() if answer.status_code == 200 and answer.json()["verdict"] else None

        found: Said = until(look, "the receipt")
        return found

    def buys(self, tray: str, count: int = 1, buyer: str = "demo-001") -> Said:
        """A plain visit; gives the receipt."""
        session = self.opens(buyer)
        self.does("take", tray=tray, count=count)
        until(lambda: self.basket(session) == {tray: count}, "the basket")
        self.does("close_door")
        return self.closed(session)

    # --- what was written --------------------------------------------------------------------------
    def rows(self, file: str, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Rows of ledger.db or central.db, read as another process would."""
        with closing(sqlite3.connect(f"file:{self.place / file}?mode=ro", uri=True, timeout=10)) as db:
            return db.execute(sql, parameters).fetchall()

    def charged(self) -> dict[str, int]:
        """Pieces that all sales so far charged, by tray, as the ledger has them."""
        return dict(self.rows("ledger.db", "SELECT tray, sum(count) FROM sale_line GROUP BY tray"))

    def sessions(self) -> dict[str, str]:
        """Closed sessions and their states, as the ledger has them, oldest first."""
        return dict(self.rows("ledger.db", "SELECT id, state FROM session ORDER BY n"))

    def ledger_events(self) -> dict[int, str]:
        """Number → SHA-256 of the event's bytes, at the counter."""
        return {n: _sha256(body) for n, body in self.rows("ledger.db", "SELECT seq, body FROM event")}

    def centre_events(self) -> dict[int, str]:
        """The same as the centre has them. One ledger, so one incarnation."""
        rows = self.rows("central.db", "SELECT seq, body FROM raw_event WHERE counter = ?", COUNTER)
        found = {n: _sha256(body) for n, body in rows}
        assert len(found) == len(rows), "an event came twice into the centre's table"
        return found

    def centre_sales(self) -> list[Said]:
        """The centre's sales, newest first."""
        answer = self.centre.get("/api/v1/sales", params={"counter": COUNTER, "limit": 500})
        answer.raise_for_status()
        found: list[Said] = answer.json()
        return found

    def arrives(self) -> None:
        """The centre comes to hold exactly the ledger's events, byte for byte, and sales; the chain holds."""
        until(lambda: self.ledger_events().keys() <= self.centre_events().keys(), "all events at the centre")
        ledger, centre = self.ledger_events(), self.centre_events()
        assert {n: centre[n] for n in ledger} == ledger
        assert max(centre) <= max(self.ledger_events()), "the centre has events that the ledger never made"
        for aside in ("conflict", "dead_letter"):
            assert self.rows("central.db", f"SELECT * FROM {aside}") == []
        sold = self.rows("ledger.db", "SELECT order_no, total_fen FROM sale ORDER BY n")
        assert sorted((sale["order_no"], sale["total_fen"]) for sale in self.centre_sales()) == sorted(sold)

        assert verify(self.place / "ledger.db") == []

    def agrees(self, receipt: Said, before: Mapping[str, int]) -> None:
        """Receipt, ledger and centre say what truly left the trays since ``before``, and nothing else."""
        taken = self.taken(before)
        assert {line["tray"]: line["count"] for line in receipt["lines"] if line["sure"]} == taken
        lines = "SELECT tray, sum(l.count) FROM sale_line l JOIN sale s ON s.n = l.sale WHERE session = ?"
        assert dict(self.rows("ledger.db", f"{lines} GROUP BY tray", receipt["session"])) == taken
        self.arrives()
        sales = [sale for sale in self.centre_sales() if sale["session"] == receipt["session"]]
        assert [{line["tray"]: line["count"] for line in sale["lines"]} for sale in sales] == [taken]
        assert [(sale["order_no"], sale["total_fen"], sale["certified_fen"]) for sale in sales] == [
            (receipt["order_no"], receipt["total_fen"], receipt["certified_fen"])
        ]

    def taken(self, before: Mapping[str, int]) -> dict[str, int]:
        """Pieces that truly left the trays since ``before``; trays that lost nothing are not named."""
        return {tray: before[tray] - left for tray, left in self.lies().items() if left != before[tray]}


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for the tests of a module."""
    made = Demo(tmp_path_factory.mktemp("demo"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def demo(running: Demo) -> Iterator[Demo]:
    """The module's demo, selling; a test that failed with the door open spoils none after it."""
    running.heals()
    yield running
    if until(running.state, "the simulator answers")["door"] == "open":
        running.act("close_door")


@pytest.fixture
def fresh_demo(tmp_path: Path) -> Iterator[Demo]:
    """A demo of its own, not started yet, for a test that stops it."""
    made = Demo(tmp_path / "demo")
    yield made
    made.stop()
