"""One run: everything started, faults on, faults off, the sums."""

import time
from collections import Counter
from random import Random

from tests.faults.chaos import yardstick
from tests.faults.chaos.menu import MENU, Fault, Undo
from tests.faults.chaos.people import People
from tests.faults.chaos.reading import rows
from tests.faults.chaos.report import Report, visits_of
from tests.faults.chaos.stage import Plan, Stage

EVERY_S = (0.3, 2.2)
"""Between the beginnings of two faults."""
MOST_AT_ONCE = 3
TELL_EVERY_S = 10.0
DRAINED_S = 10.0
"""What is to be at the centre so long after the last fault."""
PATIENCE_S = 120.0
WARM_UP_S = 1.0
_SOLD = "SELECT tray, sum(count) FROM sale_line WHERE counter = ? GROUP BY tray"


class Run:
    """One run; ``run`` fills the report."""

    def __init__(self, plan: Plan, seconds: float, report: Report) -> None:
        self.plan, self.seconds, self.report = plan, seconds, report
        self.random = Random(plan.seed)
        self.stage = Stage(plan)
        self.done: Counter[str] = Counter()
        self.people: list[People] = []
        self._under_way: list[tuple[float, str, str, Undo]] = []
        self._began = time.monotonic()

    def run(self) -> Report:
        try:
            self.stage.start()
            for cabinet in self.stage.cabinets:
                random = Random(f"{self.plan.seed}/people/{cabinet.member.id}")
                self.people.append(People(cabinet.api, cabinet.sim, cabinet.member.ledger, random))
                self.people[-1].start()
            self.stage.wait(WARM_UP_S)
            self._faults()
            self._calm()
            self._sums()
        finally:
            self.stage.close()
        self.report.ended(time.monotonic() - self._began)
        return self.report

    # --- faults on -----------------------------------------------------------------------------------
    def _faults(self) -> None:
        end, tell_at, next_at = time.monotonic() + self.seconds, 0.0, 0.0
        while (now := time.monotonic()) < end:
            self.stage.tend()
            self._end_those_due(now)
            if now >= next_at and len(self._under_way) < MOST_AT_ONCE:
                self._begin_one(now)
                next_at = now + self.random.uniform(*EVERY_S)
            if now >= tell_at:
                tell_at = now + TELL_EVERY_S
                self._tell()
            time.sleep(0.05)

    def _begin_one(self, now: float) -> None:
        fault = self.random.choices(MENU, [each.weight for each in MENU])[0]
        busy = {target for _, _, target, _ in self._under_way}
        targets = [target for target in fault.targets(self.stage) if target not in busy]
        if not targets:
            return
        target = self.random.choice(targets)
        undo = fault.begin(self.stage, target, self.random)
        self._note(fault, target)
        self._under_way.append((now + self.random.uniform(*fault.lasts), fault.name, target, undo))

    def _note(self, fault: Fault, target: str) -> None:
        where = f" at {target}" if fault.name == "disk full" else ""
        self.done[fault.name + where] += 1
        with (self.plan.place / "faults.log").open("a", encoding="utf-8") as log:
            print(f"{time.monotonic() - self._began:8.2f} {fault.name} {target}", file=log)

    def _end_those_due(self, now: float) -> None:
        for each in [each for each in self._under_way if each[0] <= now]:
            each[3]()
            self._under_way.remove(each)

    # --- faults off ------------------------------------------------------------------------------------
    def _calm(self) -> None:
        """No more faults and no more sales: what is in the ledgers has to arrive."""
        self._end_those_due(float("inf"))
        self.stage.stop_selling()
        for each in self.people:
            each.over.set()
        drained_s = self.stage.drained(time.monotonic(), PATIENCE_S)
        self.report.drained_s = drained_s
        if drained_s is None:
            self._wrong(f"not drained in {PATIENCE_S:g} s after the last fault")
        elif drained_s > DRAINED_S:
            self._wrong(f"drained {drained_s:.1f} s after the last fault, not in {DRAINED_S:g} s")
        if self.people:
            self._wait_for_people()
            for cabinet in self.stage.cabinets:
                self.stage.programs[cabinet.engine].stop()  # first, or it notes that its line is gone
            if self.stage.drained(time.monotonic(), PATIENCE_S) is None:
                self._wrong("the last visit's events did not arrive")

    def _wait_for_people(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while any(each.is_alive() for each in self.people) and time.monotonic() < deadline:
            self.stage.wait(0.2)
        if any(each.is_alive() for each in self.people):
            self._wrong("the last visit did not end")

    # --- the sums ------------------------------------------------------------------------------------------
    def _sums(self) -> None:
        centre, report = self.stage.central_db, self.report
        report.problems += self.stage.problems()
        for cabinet, people in zip(self.stage.cabinets, self.people, strict=True):
            report.problems += people.problems
            self._as_the_simulator_knows(cabinet.member.id, people)
        report.faults = dict(self.done)
        if not any(disk.mounted for disk in self.stage.disks.values()):
            report.not_run.append("disk full: this user may not mount a tmpfs")
        report.counters = [yardstick.compare(member, centre) for member in self.stage.counters]
        visits = [visit for each in self.people for visit in each.visits]
        turned_away: Counter[str] = sum((each.turned_away for each in self.people), Counter())
        report.visits = visits_of(visits, turned_away)

    def _as_the_simulator_knows(self, id: str, people: People) -> None:
        """Pieces that the centre has as sold beside those that left the trays and were not in doubt."""
        charged: Counter[str] = sum((Counter(each.charged) for each in people.visits), Counter())
        sold = {tray: int(count) for tray, count in rows(self.stage.central_db, _SOLD, id)}
        if sold != charged:
            self._wrong(f"{id}: the centre has {sold} as sold, the visits came to {dict(charged)}")

    def _wrong(self, what: str) -> None:
        self.report.problems.append(what)

    def _tell(self) -> None:
        frozen = any(name == "freeze postgresql" for _, name, _, _ in self._under_way)
        centre = [] if frozen else self.stage.at_the_centre("SELECT count(*) FROM raw_event")
        visits = sum(len(each.visits) for each in self.people)
        print(
            f"{time.monotonic() - self._began:6.0f} s  {sum(self.done.values()):4} faults"
            f"  {sum(member.last() for member in self.stage.counters):6} events made"
            f"  {centre[0][0] if centre else '?':>6} at the centre  {visits:3} visits",
            flush=True,
        )
