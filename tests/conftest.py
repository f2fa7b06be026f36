"""What every test gets: logs that end with it, the one Chromium that all browser tests share, and one
PostgreSQL for all that the centre's tests run on both stores.

Chromium is Debian's, named by $CHROMIUM or found on the PATH; a browser of Playwright's own is never
downloaded.
"""

import logging
import os
import shutil
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from tests import postgresql

settings.register_profile("untimed", deadline=None, max_examples=int(os.environ.get("EXAMPLES", "25")))
settings.load_profile("untimed")  # how long an example takes says how busy the machine is, not what is wrong

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
INSTALL = "apt-get update && apt-get install --no-install-recommends chromium fonts-wqy-microhei"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """For pytest-playwright's ``browser``, of which there is one a run: rooms must not start their own."""
    if not CHROMIUM:
        pytest.fail(f"Chromium is missing; install it with: {INSTALL}")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox refuses to run as root
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": sandbox}


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.Server]:
    """Where it is not installed: a failure in CI; by hand a skip that names what to install."""
    if postgresql.programs() is None:
        told = f"PostgreSQL is missing; install it with: {postgresql.INSTALL}"
        pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)
    with postgresql.running() as server:
        yield server


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Over PostgreSQL the first case of a test is run always and its further ones with the long proofs,
    unless its mark says that each asks the store something else; a page that is looked at in the browser
    over SQLite is with the long proofs, too.
    """
    seen = set()
    for item in items:
        params = (
            item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        )
        if params.get("place") != "postgresql":
            continue
        test = item.nodeid.partition("[")[0]
        again = test in seen and not item.get_closest_marker("each_case_on_postgresql")
        if again or item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.long)
        seen.add(test)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path | str:
    """An empty database of a centre, on either store: what ``Store`` takes. ``counter-central`` finds it too,
    with ``--dir tmp_path``.
    """
    if request.param == "sqlite":
        return tmp_path / "central.db"
    server = request.getfixturevalue("postgresql_server")
    url = server.empty()
    monkeypatch.setenv("COUNTER_CENTRAL_DATABASE__URL", url)
    return url


@pytest.fixture(autouse=True)
def logs_of_one_test() -> Iterator[None]:
    """Without this a logger made in one test writes into another's closed capture, in any thread."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook, warnings.showwarning
    structlog.configure(
        processors=[structlog.stdlib.render_to_log_kwargs],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    sys.excepthook, threading.excepthook, warnings.showwarning = hooks
    root.setLevel(level)
