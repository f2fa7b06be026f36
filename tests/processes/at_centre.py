"""A phone on the mobile network: it knows the centre, and nothing of the counter's own address."""

import uuid

import httpx

from tests.processes.conftest import COUNTER, PINS, Demo, until


class CentrePhone:
    """One buyer's browser: it keeps its cookies."""

    def __init__(self, demo: Demo) -> None:
        self.http = httpx.Client(base_url=demo.told["centre"], timeout=10, trust_env=False)

    def asks(self, token: str, key: str = "", buyer: str = "demo-001") -> httpx.Response:
        wish = {"counter": COUNTER, "token": token, "buyer": buyer, "pin": PINS[buyer]}
        return self.http.post(
            "/api/v1/visits", json=wish, headers={"Idempotency-Key": key or str(uuid.uuid4())}
        )

    def visit(self, id: str) -> dict:
        return self.http.get(f"/api/v1/visits/{id}").json()

    def comes_to(self, id: str, *states: str) -> dict:
        return until(lambda: (found := self.visit(id))["state"] in states and found, f"{states}")
