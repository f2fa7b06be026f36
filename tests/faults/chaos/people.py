"""Visits at the real counter: a person who scans, takes and leaves whatever answers or does not.

What the simulator knows to have left the trays is compared, visit by visit, with what was charged.
"""

import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import httpx

from tests.faults.chaos.reading import rows

PINS = {"demo-001": "246810", "demo-002": "135791", "demo-003": "112358"}
DOOR_S = 45.0
"""So long somebody tries to get in before giving up."""
END_S = 90.0
"""So long a visit may take to be closed in the ledger once the door is shut and nothing breaks any more."""
PULL_S = 3.0
ALARM_S = 3.0
"""After a visit that was cancelled: until the trays are compared with what they held before."""
_UNFINISHED = "SELECT session FROM session_journal WHERE session NOT IN (SELECT id FROM session)"
_CHARGED = "SELECT tray, sum(count) FROM sale_line GROUP BY tray"
_MOVED = "SELECT subject FROM alarm WHERE kind = 'GOODS_MOVED' AND state = 'raised'"
_ENDED = "SELECT id, state FROM session ORDER BY n"


@dataclass(frozen=True)
class Visit:
    """What one visit came to. Pieces by tray. states: of the sessions that ended in it."""

    number: int
    states: tuple[str, ...]
    charged: dict[str, int]
    taken: dict[str, int]
    alarmed: frozenset[str] = frozenset()
    """Trays of which an alarm says that goods moved when no session saw it; of a cancelled visit only."""

    @property
    def cancelled_and_told(self) -> bool:
        """The engine could not look before the door was shut again: uncharged, and an alarm says so."""
        return "CANCELLED" in self.states and not self.charged and self.taken.keys() <= self.alarmed

    @property
    def unsure(self) -> bool:
        return "REVIEW" in self.states

    def problem(self) -> str:
        """ "" where ledger and simulator agree; a review charges at most what was taken."""
        if not self.states:
            return f"visit {self.number}: the door was open and no session knows it"
        if any(count > self.taken.get(tray, 0) for tray, count in self.charged.items()):
            return f"visit {self.number}: charged {self.charged}, taken {self.taken}"
        if self.cancelled_and_told:
            return ""
        if not self.unsure and self.charged != self.taken:
            return f"visit {self.number} ({self.states}): charged {self.charged}, taken {self.taken}"
        return ""


class People(threading.Thread):
    """One visit after another until ``over`` is set; then the last one comes to its end."""

    def __init__(self, api: str, sim: str, ledger: Path, random: Random) -> None:
        super().__init__(name="people", daemon=True)
        self.over = threading.Event()
        self.visits: list[Visit] = []
        self.problems: list[str] = []
        self.turned_away: Counter[str] = Counter()
        self._ledger, self._random = ledger, random
        self._api = httpx.Client(base_url=api, timeout=3.0, trust_env=False)
        self._sim = httpx.Client(base_url=sim, timeout=10.0, trust_env=False)

    def run(self) -> None:
        with self._api, self._sim:
            while not self.over.is_set():
                try:
                    self._visit(len(self.visits) + 1)
                except (httpx.HTTPError, KeyError, ValueError) as error:
                    self.problems.append(f"visit {len(self.visits) + 1}: {error!r}")
                    return

    # --- one visit --------------------------------------------------------------------------------
    def _visit(self, number: int) -> None:
        before, charged_before = self._lies(), dict(rows(self._ledger, _CHARGED))
        old = {id for id, _ in rows(self._ledger, _ENDED)}
        if not self._gets_in():
            return
        self._shops(before)
        while not (self._tries("close_door") or self._state()["door"] == "closed"):
            time.sleep(0.1)
        if not self._closed():
            self.problems.append(f"visit {number}: not closed {END_S:g} s after the last fault")
            self.over.set()
            return
        lies, charged = self._lies(), dict(rows(self._ledger, _CHARGED))
        states = tuple(state for id, state in rows(self._ledger, _ENDED) if id not in old)
        visit = Visit(number, states, _change(charged, charged_before), _change(before, lies))
        if visit.problem() and "CANCELLED" in states:
            time.sleep(ALARM_S)
            visit = replace(visit, alarmed=self._alarmed())
        self.visits.append(visit)
        if told := visit.problem():
            self.problems.append(told)

    def _gets_in(self) -> bool:
        """Ask for the door and pull it, until it opens."""
        deadline = time.monotonic() + DOOR_S
        buyer = self._random.choice(list(PINS))
        while time.monotonic() < deadline and not self.over.is_set():
            self._asks(buyer)
            pull_until = time.monotonic() + PULL_S
            while time.monotonic() < pull_until:
                if self._tries("open_door"):
                    return True
                time.sleep(0.1)
        self.turned_away["the door never opened"] += 1
        return False

    def _asks(self, buyer: str) -> None:
        """Scan and PIN; who gets no answer, or a refusal, does not know why and only looks at the door."""
        with suppress(httpx.HTTPError, ValueError, KeyError):
            token = self._api.get("/api/v1/screen/token").json()["token"]
            body = {"kind": "BUY", "token": token, "buyer": buyer, "pin": PINS[buyer]}
            answer = self._api.post("/api/v1/sessions", json=body)
            if answer.status_code != 201:
                self.turned_away[str(answer.json()["code"])] += 1

    def _shops(self, before: dict[str, int]) -> None:
        """Take, think better of it. Of trays that are nearly empty everything is put back."""
        for tray in self._random.sample(sorted(before), self._random.randint(0, 2)):
            self._dwells()
            count = self._random.randint(1, 2)
            scarce = before[tray] <= 2
            if before[tray] < count or not self._tries("take", tray=tray, count=count):
                continue
            if scarce or self._random.random() < 0.4:
                self._dwells()
                for _ in range(count if scarce else 1):
                    while not self._tries("put_back", tray=tray):
                        time.sleep(0.1)
        self._dwells()

    def _closed(self) -> bool:
        """While things break it may take any time: an engine killed again before it is up settles nothing."""
        deadline = float("inf")
        while time.monotonic() < deadline:
            if not rows(self._ledger, _UNFINISHED):
                return True
            if self.over.is_set():
                deadline = min(deadline, time.monotonic() + END_S)
            time.sleep(0.1)
        return False

    # --- what they can do and see -------------------------------------------------------------------
    def _tries(self, do: str, **words: Any) -> bool:
        return self._sim.post("/sim/act", json={"do": do, **words}).status_code == 200

    def _state(self) -> dict[str, Any]:
        found: dict[str, Any] = self._sim.get("/sim/state").json()
        return found

    def _lies(self) -> dict[str, int]:
        """Pieces of each tray's own product that truly lie on it."""
        return {tray["id"]: tray["goods"].get(tray["sku"], 0) for tray in self._state()["trays"]}

    def _alarmed(self) -> frozenset[str]:
        """Trays of which an alarm of moved goods stands."""
        return frozenset(tray for (tray,) in rows(self._ledger, _MOVED))

    def _dwells(self) -> None:
        time.sleep(self._random.uniform(0.1, 1.2))


def _change(more: dict[str, int], less: dict[str, int]) -> dict[str, int]:
    """more − less, where they differ."""
    return {key: n - less.get(key, 0) for key, n in more.items() if n != less.get(key, 0)}
