"""``/healthz``, ``/readyz`` and ``/metrics``: for service managers and monitors. It judges nothing itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@dataclass(frozen=True, slots=True)
class Readiness:
    """checks: what selling depends on, by name. degraded: what is missing and does not stop selling."""

    checks: Mapping[str, bool]
    degraded: tuple[str, ...] = field(default=())

    @property
    def ready(self) -> bool:
        return all(self.checks.values())


def routes(checks: Callable[[], Readiness], registry: CollectorRegistry) -> list[Route]:
    """The three paths. ``checks`` is called in the web thread and must not block."""

    async def healthz(_request: Request) -> Response:
        return _json({"status": "ok"}, 200)

    async def readyz(_request: Request) -> Response:
        found = checks()
        body = {"ready": found.ready, "checks": dict(found.checks), "degraded": list(found.degraded)}
        return _json(body, 200 if found.ready else 503)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


def _json(body: Mapping[str, object], status: int) -> Response:
    return Response(
        msgspec.json.encode(body), status, {"Cache-Control": "no-store"}, media_type="application/json"
    )
