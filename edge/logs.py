"""Sets up structured logs: one JSON object a line on stderr, secrets and personal fields blanked.

Every line has ``at`` (RFC 3339 UTC), ``level``, ``logger`` and ``event``; what else it has is its event's.
What libraries log, warnings and exceptions that nobody caught are such lines too.
"""

import logging
import re
import sys
import threading
import warnings
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, TextIO

import structlog

HIDDEN = frozenset(
    {
        "pin",
        "token",
        "buyer",
        "account",
        "password",
        "secret",
        "authorization",
        "cookie",
        "csrf",
        "jws",
        "phone",
    }
)
"""Fields whose values never reach a log: secrets, and who bought."""

SECRET = re.compile(
    r"\bsc_[\w-]{8,}"  # an API token
    r"|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"  # a signed command, or any other JWS
    r"|\bwhsec_[\w+/=-]{8,}"  # a webhook's secret
    r"|(?i:\bbearer)\s+\S+"
    r"|(?<=://)[^\s/@]+(?=@)"  # user and password of a URL
    r"|(?<!\d)1[3-9]\d{9}(?!\d)"  # a Chinese mobile number
    r"|(?<!\d)[1-9]\d{16}[\dXx](?!\d)"  # an identity card's number
)
"""What is blanked wherever it stands in a text: an error's words may quote what they are about."""

TOO_TALKATIVE = ("uvicorn.access", "aiohttp.access", "httpx")
"""Their lines hold paths with tokens and session ids; our servers make none, and nobody turns them on."""

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank the hidden fields, at any depth."""
    return {key: "…" if key in HIDDEN else _cleaned(value) for key, value in event.items()}


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return SECRET.sub("…", value)
    if isinstance(value, dict):
        return {key: "…" if key in HIDDEN else _cleaned(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(inner) for inner in value]
    return value


def configure(level: str = "info") -> None:
    """Logs of this process, ours and foreign libraries', as JSON on stderr. level: a key of ``LEVELS``."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
        redact,
    ]
    last = structlog.processors.JSONRenderer(ensure_ascii=False)
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    logging.basicConfig(handlers=[output], level=LEVELS[level], force=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    for name in TOO_TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.excepthook = _died
    threading.excepthook = _thread_died
    warnings.showwarning = _warned


def _died(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    structlog.get_logger("process").error("died", exc_info=(kind, error, trace))


def _thread_died(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        name = args.thread.name if args.thread else ""
        told = (args.exc_type, args.exc_value, args.exc_traceback)
        structlog.get_logger("process").error("thread_died", thread=name, exc_info=told)


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    where = f"{filename}:{lineno}"
    structlog.get_logger("process").warning("warned", why=str(message), kind=category.__name__, where=where)
