"""What every test gets: logs that go through the logging module and are as they were when it ends."""

import logging
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def logs_of_one_test() -> Iterator[None]:
    """Without this a logger made in one test writes into another's closed capture, in any thread."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    structlog.configure(
        processors=[structlog.stdlib.render_to_log_kwargs],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
