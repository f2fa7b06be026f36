"""A process's own loopback port: ``/healthz``, ``/readyz`` and ``/metrics``. It judges nothing itself.

Served by one thread, one request at a time: a monitor that stalls holds up other monitors for two seconds and
nobody else.
"""

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from os import W_OK, access, statvfs
from pathlib import Path
from time import monotonic

import msgspec
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Info, generate_latest

from edge.errors import Unavailable

HOST = "127.0.0.1"

log = structlog.get_logger("status")
STALE_S = 30.0
"""A loop that has not turned for so long hangs; its service manager's watchdog says the same."""


ROOM_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class Pulse:
    """What a main loop leaves for the port's thread: when it turned last, and what would fail now."""

    at: float = field(default_factory=monotonic)
    checks: Mapping[str, bool] = field(default_factory=dict)

    def beat(self, now: float, checks: Mapping[str, bool]) -> None:
        """``checks`` is never changed afterwards: the other thread reads it."""
        self.at, self.checks = now, checks

    def is_alive(self, now: float) -> bool:
        return now - self.at < STALE_S


def has_room(place: Path) -> bool:
    """Whether files can be written in ``place``: it is there, ours to write, and not full."""
    try:
        free = statvfs(place)
    except OSError:
        return False
    return free.f_bavail * free.f_frsize >= ROOM_BYTES and access(place, W_OK)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    kind: str = "application/json"


def health(pulse: Pulse, now: float) -> Answer:
    """200: the loop turns."""
    alive = pulse.is_alive(now)
    return Answer(200 if alive else 503, msgspec.json.encode({"status": "ok" if alive else "hangs"}))


def readiness(checks: Mapping[str, bool], degraded: tuple[str, ...] = ()) -> Answer:
    """200: it would work now. The body names what is not ready, and what is missing and stops nothing."""
    missing = [name for name, good in checks.items() if not good]
    body = {
        "ready": not missing,
        "status": "unready" if missing else "ready",
        "checks": dict(checks),
        "not_ready": missing,
        "degraded": list(degraded),
    }
    return Answer(503 if missing else 200, msgspec.json.encode(body))


def metrics(registry: CollectorRegistry) -> Answer:
    return Answer(200, generate_latest(registry), CONTENT_TYPE_LATEST)


def build_info(name: str, registry: CollectorRegistry) -> None:
    """``name``_info{version} 1."""
    Info(name, "The version that runs", registry=registry).info({"version": version("smart-counter")})


class StatusPort:
    """The thread that serves. Unavailable where the port is taken."""

    def __init__(self, port: int, pulse: Pulse, registry: CollectorRegistry) -> None:
        routes: dict[str, Callable[[], Answer]] = {
            "/healthz": lambda: health(pulse, monotonic()),
            "/readyz": lambda: readiness({"loop": pulse.is_alive(monotonic()), **pulse.checks}),
            "/metrics": lambda: metrics(registry),
        }

        class Desk(BaseHTTPRequestHandler):
            timeout = 2.0

            def do_GET(self) -> None:
                make = routes.get(self.path.partition("?")[0])
                answer = make() if make else Answer(404, b'{"status":"no such path"}')
                self.send_response_only(answer.status)
                self.send_header("Content-Type", answer.kind)
                self.send_header("Content-Length", str(len(answer.body)))
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *args: object) -> None:
                """Who asks how we are is no news."""

        class Server(HTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                """A monitor that hung up asks again; anything else is a fault of ours, and it is told."""
                if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
                    log.error("status_port_failed", exc_info=True)

        try:
            self._server = Server((HOST, port), Desk)
        except OSError as error:
            raise Unavailable(
                f"cannot listen on {HOST}:{port} ({error}); choose another status_port"
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="status", daemon=True)

    def start(self) -> str:
        """Serve; gives the base URL."""
        self._thread.start()
        return f"http://{HOST}:{self._server.server_address[1]}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=2.0)
