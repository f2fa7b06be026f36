"""What the centre answers to counters that ask for a certificate or for the time. It decides nothing.

Nobody logs in here: a code, a good certificate's key or nothing secret at all stands for it.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from cloud_bridge import enrolment as said
from cloud_bridge.central.commanding_keys import read_key
from cloud_bridge.central.guard import Guarded, address_of, guarded
from cloud_bridge.central.problems import Problem
from cloud_bridge.central.trust.office import CA, CRL, Office, Refused
from cloud_bridge.signed import public_text
from edge.errors import ConfigError, CounterError, NoInput

log = structlog.get_logger("centre")

T = TypeVar("T", bound=said.Said)
MOST_BYTES = 16 * 1024
NONCE = frozenset("0123456789abcdef")


class Counterside:
    """key: the file of the key that signs orders. broker: as counters reach it."""

    def __init__(
        self, office: Office, key: Path, broker: said.Broker, now: Callable[[], datetime] | None = None
    ) -> None:
        self._office, self._key, self._broker = office, key, broker
        self._now = now or (lambda: datetime.now(UTC))

    def routes(self) -> list[Guarded]:
        posted = partial(guarded, permission=None, methods=("POST",), may_send=MOST_BYTES)
        return [
            posted(said.ENROL, self.enrol),
            posted(said.RENEW, self.renew),
            posted(said.TIME, self.time),
            guarded(said.REVOKED, self.revoked, None),
        ]

    async def enrol(self, request: Request) -> Response:
        asked = await _asked(request, said.Enrol)
        act = partial(self._office.enrol, asked.code, asked.csr.encode(), address_of(request))
        return await self._sealed(request, "enrolled", act)

    async def renew(self, request: Request) -> Response:
        asked = await _asked(request, said.Renew)
        act = partial(self._office.renew, asked.certificate.encode(), asked.csr.encode(), asked.signature)
        return await self._sealed(request, "renewed", act)

    async def time(self, request: Request) -> Response:
        """The time, signed for this one question: for a counter that cannot believe its own clock."""
        asked = await _asked(request, said.AskTime)
        if len(asked.nonce) != 32 or not set(asked.nonce) <= NONCE:
            raise Problem(422, "bad_nonce", "Bad nonce", "nonce must be 32 hex digits")
        try:
            key = await asyncio.to_thread(read_key, self._key)
        except (NoInput, ConfigError) as error:
            log.error("no_key_for_time", alarm=True, why=str(error))
            raise Problem(503, "no_key", "No key", "the centre has no key to sign with") from error
        now = int(self._now().timestamp())
        signature = key.sign(said.time_text(asked.nonce, now))
        return _json(said.SignedTime(nonce=asked.nonce, time=now, signature=signature))

    async def revoked(self, _request: Request) -> Response:
        """The list of revoked certificates, for brokers elsewhere."""
        try:
            text = await asyncio.to_thread((self._office.place / CRL).read_bytes)
        except OSError as error:
            raise Problem(503, "no_authority", "No authority", "this centre has no authority yet") from error
        return Response(text, media_type="application/x-pem-file")

    async def _sealed(
        self, request: Request, what: str, act: Callable[[datetime], tuple[str, bytes]]
    ) -> Response:
        try:
            name, certificate = await asyncio.to_thread(act, self._now())
            bundle = await asyncio.to_thread(self._bundle, name, certificate)
            sealed = said.Sealed(bundle=bundle, signature=self._office.signature(bundle))
        except Refused as error:
            log.warning("certificate_refused", code=error.code, address=address_of(request))
            raise Problem(error.status, error.code.lower(), "No certificate", str(error)) from error
        except CounterError as error:
            log.error("no_certificate", alarm=True, why=str(error))
            raise Problem(503, "no_authority", "No authority", "this centre cannot do that now") from error
        log.info(what, counter=name)
        return _json(sealed)

    def _bundle(self, name: str, certificate: bytes) -> bytes:
        try:
            keys: tuple[str, ...] = (public_text(read_key(self._key).public_key()),)
        except NoInput:
            keys = ()  # a centre that gives no orders
        return msgspec.json.encode(
            said.Bundle(
                counter=name,
                certificate=certificate.decode(),
                ca=(self._office.place / CA).read_text("ascii"),
                broker=self._broker,
                commands=keys,
            )
        )


async def _asked(request: Request, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(422, "bad_body", "Bad body", str(error)[:200]) from error


def _json(value: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
