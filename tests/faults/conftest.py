"""A stage of real processes around a broker, for tests that break one certain thing."""

import time

import pytest

from tests.faults.chaos.stage import Plan, Stage


@pytest.fixture
def staged(tmp_path):
    """staged(writers, rate, …): everything of that Plan started; taken down when the test ends."""
    made = []

    def start(writers: int = 1, rate: float = 1200, cabinets: int = 0, **more: object) -> Stage:
        plan = Plan(tmp_path, 1, writers, rate, cabinets, 48, **more)
        made.append(Stage(plan))
        made[-1].start()
        return made[-1]

    yield start
    for stage in made:
        stage.close()


@pytest.fixture(scope="session")
def until():
    """until(true, what, stage): tend the stage until it is true; a limit so that a broken build ends."""

    def wait(true, what, stage, limit_s=30.0):
        deadline = time.monotonic() + limit_s
        while not true():
            assert time.monotonic() < deadline, f"{what} did not come true in {limit_s} s"
            stage.wait(0.05)

    return wait
