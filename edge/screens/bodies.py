"""Bodies and answers of the API, as msgspec Structs: checked on the way in, told by the OpenAPI document."""

from collections.abc import Callable
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from edge.domain.view import TrayView, View
from edge.screens.problems import problem

MAX_BODY = 16 * 1024


class OpenBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/v1/sessions``. buyer: the account's login; token: what the screen's QR holds."""

    kind: Literal["BUY", "RESTOCK", "SERVICE"]
    token: Annotated[str, Meta(min_length=1, max_length=200)]
    buyer: Annotated[str, Meta(min_length=1, max_length=64)]
    pin: Annotated[str, Meta(max_length=32)] = ""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """It was done; what came of it is in the next view."""


class AppealBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/v1/sessions/{id}/appeal``."""

    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class AnswerBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST …/answer``. choice: number of the option from 0; null: neither, so that people look at it."""

    choice: Literal[0, 1] | None


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """The answer is recorded; the session's next view shows what came of it."""

    choice: Literal[0, 1] | None


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """The session exists. Its id is a secret between the counter and whoever opened it."""

    session: str


class Appealed(msgspec.Struct, frozen=True, kw_only=True):
    appeal: str


class ScreenToken(msgspec.Struct, frozen=True, kw_only=True):
    """What the screen's QR holds now; url: the whole of its text."""

    token: str
    url: str
    expires_in_s: int


class CounterBody(msgspec.Struct, frozen=True, kw_only=True):
    """``GET /api/v1/counter``."""

    counter: str
    name: str
    place: str
    hotline: str
    state: str
    reason: str
    shut: str
    """Why buyers are not let in though it works, a refusal's code; "": they are."""
    online: bool
    version: int
    trays: tuple[TrayView, ...]


def counter_body(view: View) -> CounterBody:
    """What anyone may know of the counter: no token, no basket."""
    return CounterBody(
        counter=view.counter,
        name=view.name,
        place=view.place,
        hotline=view.hotline,
        state=view.state,
        reason=view.reason,
        shut=view.shut,
        online=view.online,
        version=view.version,
        trays=view.trays,
    )


T = TypeVar("T")


async def read(request: Request, kind: type[T]) -> T | Response:
    """The request's body as a ``kind``, or the problem with it."""
    return await read_with(request, msgspec.json.Decoder(kind).decode)


async def read_with(request: Request, decode: Callable[[bytes], T]) -> T | Response:
    """The request's body as msgspec's ``decode`` has it, or the problem with it."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            return problem("TOO_LARGE", headers={"Connection": "close"})
    try:
        return decode(body)
    except msgspec.ValidationError as error:
        return problem("BAD_FIELD", str(error), _field(str(error)))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return problem("BAD_JSON", str(error))


def _field(sentence: str) -> str:
    """The field that a msgspec sentence is about.

    It ends with ``- at `$.pin` `` for a wrong value, and quotes an unknown or missing field's name.
    """
    quoted = sentence.split("`")[1::2]
    if quoted and quoted[-1].startswith("$."):
        return quoted[-1].removeprefix("$.")
    return quoted[-1] if " field `" in sentence else ""


def answer(body: msgspec.Struct | tuple[msgspec.Struct, ...], status: int = 200) -> Response:
    """``body`` as JSON that no cache keeps."""
    return Response(
        msgspec.json.encode(body), status, {"Cache-Control": "no-store"}, media_type="application/json"
    )
