"""Signs commands and checks them, strictly. Pure: keys, times and what was seen before are arguments.

A command on the wire is a JWS in compact form: header ``{"alg":"Ed25519","kid":…}``, payload a ``Command``
as JSON, ``kid`` the first 16 hex digits of the SHA-256 of the raw public key. The cryptography is the
library's; everything a lenient reader would let pass is refused here, before it is looked into.
"""

import base64
import binascii
import hashlib
import json
import math
import unicodedata
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any, NoReturn, TypeVar

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jwt.algorithms import OKPAlgorithm
from jwt.api_jws import PyJWS

from cloud_bridge.commands import ALGORITHM, BODIES, MAX_COMMAND_BYTES, Body, Command

AHEAD_S = 120
"""How far the issuer's clock may be ahead of ours."""
BUILT = 1_793_491_200
"""2026-11-01, UTC: no clock below it is right, and no command that expired before it was ever meant."""
DEEPEST = 16
"""Levels of nesting in a command; an honest one has 3."""
LONGEST_S = 31 * 86_400
"""From issue to expiry. Nonces are remembered longer than that."""

Keys = Mapping[str, Ed25519PublicKey]
"""By key id."""

_jws = PyJWS(algorithms=[])
_jws.register_algorithm(ALGORITHM, OKPAlgorithm())

T = TypeVar("T")


class Refused(ValueError):
    """This must not be obeyed. code: stable, one of ``CODES``; the text says more, for a person."""

    def __init__(self, code: str, why: str = "") -> None:
        super().__init__(f"{code}: {why}" if why else code)
        self.code, self.why = code, why


CODES = (
    "OVERSIZED",  # more bytes than MAX_COMMAND_BYTES
    "MALFORMED",  # not three parts of canonical base64url, or a header that is none
    "ALGORITHM",  # another one than ours, "none" included
    "UNKNOWN_KEY",  # its key id is not among the trusted ones
    "SIGNATURE",  # does not fit key and text
    "JSON",  # no JSON, or JSON that two readers could read differently: a key twice, NaN, 1e999
    "TEXT",  # a control, bidirectional or lone surrogate character in a string
    "FIELDS",  # one missing, unknown or of a wrong type
    "AUDIENCE",  # meant for another counter
    "LIFETIME",  # expires before it was issued, or lives longer than LONGEST_S
    "EXPIRED",
    "NOT_YET_VALID",  # issued in the future
    "ID_REUSED",
    "NONCE_REUSED",
    "KIND",  # nothing this version knows
    "BODY",  # not of its kind's form
)


# --- keys ---------------------------------------------------------------------------------------
def public_text(key: Ed25519PublicKey) -> str:
    """The raw public key as settings hold it: 43 characters of base64url."""
    return _coded(key.public_bytes_raw())


def key_id(key: Ed25519PublicKey) -> str:
    """16 hex digits."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def trusted(texts: Iterable[str]) -> Keys:
    """The keys that ``public_text`` made ``texts`` of. Raises ValueError naming the wrong one."""
    keys: dict[str, Ed25519PublicKey] = {}
    for text in texts:
        try:
            key = Ed25519PublicKey.from_public_bytes(_decoded(text))
        except (ValueError, Refused) as error:
            raise ValueError(f"{text!r} is no Ed25519 public key in base64url") from error
        keys[key_id(key)] = key
    return keys


# --- signing ------------------------------------------------------------------------------------
def sign(command: Command, key: Ed25519PrivateKey) -> str:
    """``command`` as it travels. Raises ValueError above MAX_COMMAND_BYTES."""
    header = {"kid": key_id(key.public_key()), "typ": None}
    text = _jws.encode(msgspec.json.encode(command), key, algorithm=ALGORITHM, headers=header)
    if len(text) > MAX_COMMAND_BYTES:
        raise ValueError(f"command {command.id} has {len(text)} bytes, the limit is {MAX_COMMAND_BYTES}")
    return text


# --- checking -----------------------------------------------------------------------------------
def check(
    jws: str | bytes, *, keys: Keys, counter: str, wall: int | None, floor: int, seen: Container[str]
) -> Command:
    """The command in ``jws``, if it is to be obeyed by ``counter`` now. Raises Refused.

    wall: seconds since 1970, None while the clock is not synchronised; then ``floor`` stands in, the latest
    moment known to have passed, and nothing can be called not yet valid. seen: ids and nonces of all
    commands before. Of ID_REUSED and NONCE_REUSED ``why`` is the id or nonce itself.
    """
    command = read(jws, keys)
    if command.aud != counter:
        _refuse("AUDIENCE", f"for {command.aud}")
    for name, code in ((command.id, "ID_REUSED"), (command.nonce, "NONCE_REUSED")):
        if name in seen:
            _refuse(code, name)
    if not 0 < command.expires - command.issued <= LONGEST_S:
        _refuse("LIFETIME", f"from {command.issued} to {command.expires}")
    if command.expires <= (floor if wall is None else wall):
        _refuse("EXPIRED", f"at {command.expires}")
    if wall is not None and command.issued > wall + AHEAD_S:
        _refuse("NOT_YET_VALID", f"issued at {command.issued}")
    body_of(command)
    return command


def read(jws: str | bytes, keys: Keys) -> Command:
    """The command in ``jws``, proven to come from one of ``keys`` and well formed; nothing else is checked.

    Raises Refused.
    """
    head, payload, _ = _parts(jws)
    header = _strict_json(_decoded(head), "header")
    if not isinstance(header, dict) or header.get("alg") != ALGORITHM:
        _refuse("ALGORITHM", "not " + ALGORITHM)
    if header.keys() != {"alg", "kid"}:
        _refuse("MALFORMED", "the header has other members than alg and kid")
    kid = header["kid"]
    key = keys.get(kid) if isinstance(kid, str) else None
    if key is None:
        _refuse("UNKNOWN_KEY", str(kid)[:16])
    try:
        _jws.decode(_as_bytes(jws), key, algorithms=[ALGORITHM])
    except jwt.InvalidTokenError as error:
        raise Refused("SIGNATURE", str(error)) from error
    body = _decoded(payload)
    _no_odd_text(_strict_json(body, "payload"))
    return _converted(msgspec.json.decode, body, Command, "FIELDS")


def body_of(command: Command) -> Body:
    """What is asked, as its kind's struct. Raises Refused with KIND or BODY."""
    kind = BODIES.get(command.kind)
    if kind is None:
        _refuse("KIND", command.kind[:32])
    return _converted(msgspec.json.decode, command.body, kind, "BODY")


def _parts(jws: str | bytes) -> tuple[str, str, str]:
    if len(jws) > MAX_COMMAND_BYTES:
        _refuse("OVERSIZED", f"{len(jws)} bytes")
    try:
        text = _as_bytes(jws).decode("ascii")
    except UnicodeError:
        _refuse("MALFORMED", "not ASCII")
    parts = text.split(".")
    if len(parts) != 3:
        _refuse("MALFORMED", f"{len(parts)} parts")
    for part in parts:
        _decoded(part)
    return parts[0], parts[1], parts[2]


def _as_bytes(jws: str | bytes) -> bytes:
    return jws.encode() if isinstance(jws, str) else jws


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _decoded(text: str) -> bytes:
    """Bytes of base64url without padding; the one text that codes them, or Refused."""
    try:
        data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True)
    except (UnicodeError, binascii.Error):
        _refuse("MALFORMED", "not base64url")
    if _coded(data) != text:
        _refuse("MALFORMED", "not canonical base64url")
    return data


def _strict_json(data: bytes, what: str) -> Any:
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_without_doubles,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise Refused("JSON", f"{what}: {error}"[:200]) from error


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is no finite number")
    return value


def _no_odd_text(value: Any, depth: int = 0) -> None:
    """Refuses characters that make a text look like another one or break out of a line."""
    if depth > DEEPEST:
        _refuse("JSON", f"nested deeper than {DEEPEST}")
    if isinstance(value, str):
        if any(unicodedata.category(c) in ("Cc", "Cs", "Cf", "Zl", "Zp") for c in value):
            _refuse("TEXT", "a control character")
    elif isinstance(value, dict):
        for key, inner in value.items():
            _no_odd_text(key, depth + 1)
            _no_odd_text(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _no_odd_text(inner, depth + 1)


def _converted(decode: Callable[..., Any], data: bytes | msgspec.Raw, kind: type[T], code: str) -> T:
    try:
        found: T = decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(code, str(error)[:200]) from error
    return found


def _refuse(code: str, why: str) -> NoReturn:
    raise Refused(code, why)
