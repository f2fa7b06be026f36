"""``python -m tests.faults.chaos``: the whole feed as real processes, broken at random; then the sums.

Same seed, same faults in the same order; when they hit depends on the machine. Exit 0: nothing lost,
doubled or differing. Otherwise the seed is printed and the directory kept.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random, SystemRandom

from tests.faults.chaos import yardstick
from tests.faults.chaos.menu import MENU, Fault, Undo
from tests.faults.chaos.people import People
from tests.faults.chaos.reading import rows
from tests.faults.chaos.stage import Plan, Stage
from tests.faults.chaos.summary import counters_table, faults_table, visits_line

EVERY_S = (0.3, 2.2)
"""Between the beginnings of two faults."""
MOST_AT_ONCE = 3
TELL_EVERY_S = 10.0
DRAINED_S = 10.0
"""What is to be at the centre so long after the last fault."""
PATIENCE_S = 120.0
WARM_UP_S = 3.0


class Run:
    """One run: faults on, faults off, and the sums."""

    def __init__(self, plan: Plan, seconds: float) -> None:
        self.plan, self.seconds = plan, seconds
        self.random = Random(plan.seed)
        self.stage = Stage(plan)
        self.done: Counter[str] = Counter()
        self.problems: list[str] = []
        self.people: People | None = None
        self.drained_s: float | None = None
        self._under_way: list[tuple[float, str, str, Undo]] = []
        self._began = time.monotonic()

    def run(self) -> bool:
        try:
            self.stage.start()
            if self.plan.cabinet:
                ledger = self.stage.counters[0].ledger
                self.people = People(
                    self.stage.api, self.stage.sim, ledger, Random(f"{self.plan.seed}/people")
                )
                self.people.start()
            self.stage.wait(WARM_UP_S)
            self._faults()
            self._calm()
            self._sums()
        finally:
            self.stage.close()
        return not self.problems

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
        self.done[fault.name] += 1
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
        if self.people:
            self.people.over.set()
        last_fault = time.monotonic()
        self.drained_s = self.stage.drained(last_fault, PATIENCE_S)
        if self.drained_s is None:
            self.problems.append(f"not drained in {PATIENCE_S:g} s after the last fault")
        elif self.drained_s > DRAINED_S:
            self.problems.append(
                f"drained {self.drained_s:.1f} s after the last fault, not in {DRAINED_S:g} s"
            )
        if self.people:
            self._wait_for_people()
            self.stage.programs["engine"].stop()  # first, or it notes that its line is gone
            if self.stage.drained(time.monotonic(), PATIENCE_S) is None:
                self.problems.append("the last visit's events did not arrive")

    def _wait_for_people(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while self.people is not None and self.people.is_alive() and time.monotonic() < deadline:
            self.stage.wait(0.2)
        if self.people is not None and self.people.is_alive():
            self.problems.append("the last visit did not end")

    # --- the sums ------------------------------------------------------------------------------------------
    def _sums(self) -> None:
        centre = self.stage.central_db
        self.problems += self.stage.problems()
        if self.people:
            self.problems += self.people.problems
        print(faults_table(self.done, any(disk.mounted for disk in self.stage.disks.values())))
        print(counters_table([yardstick.compare(member, centre) for member in self.stage.counters]))
        if self.people:
            print(visits_line(self.people.visits, self.people.turned_away))
        late = "never" if self.drained_s is None else f"{self.drained_s:.1f} s after the last fault"
        print(f"drained {late}", flush=True)

    def _tell(self) -> None:
        centre = rows(self.stage.central_db, "SELECT count(*) FROM raw_event")
        visits = len(self.people.visits) if self.people else 0
        print(
            f"{time.monotonic() - self._began:6.0f} s  {sum(self.done.values()):4} faults"
            f"  {sum(member.last() for member in self.stage.counters):6} events made"
            f"  {centre[0][0] if centre else 0:6} at the centre  {visits:3} visits",
            flush=True,
        )


def main() -> int:
    words = argparse.ArgumentParser(prog="chaos", description=__doc__)
    words.add_argument(
        "--seconds", type=float, default=1860, help="how long things break (default: 31 minutes)"
    )
    words.add_argument("--seed", type=int, default=None)
    words.add_argument("--writers", type=int, default=3, help="counters that only sell")
    words.add_argument("--rate", type=float, default=100, help="visits a minute of each of them")
    words.add_argument("--no-cabinet", action="store_true", help="without the real counter")
    words.add_argument("--bridge", default="cloud_bridge", help="another bridge's module, as a control")
    words.add_argument("--dir", type=Path, default=None, help="kept; without it a temporary one")
    given = words.parse_args()
    seed = given.seed if given.seed is not None else SystemRandom().randrange(1_000_000)
    place = given.dir or Path(tempfile.mkdtemp(prefix="chaos-"))
    place.mkdir(parents=True, exist_ok=True)
    disk_mb = 48 + int(given.seconds / 60 * 12)
    plan = Plan(
        place.absolute(), seed, given.writers, given.rate, not given.no_cabinet, disk_mb, given.bridge
    )
    print(f"SEED={seed} in {place}", flush=True)
    run = Run(plan, given.seconds)
    sound = run.run()
    for problem in run.problems:
        print(f"WRONG: {problem}")
    print(f"{'sound' if sound else 'NOT SOUND'}: SEED={seed}" + ("" if sound else f", kept in {place}"))
    if sound and given.dir is None:
        shutil.rmtree(place)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
