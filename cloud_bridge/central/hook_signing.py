"""Signatures of webhooks by the Standard Webhooks scheme, version v1: HMAC-SHA256. Pure.

Signed is ``{webhook-id}.{webhook-timestamp}.{body}``; the header ``webhook-signature`` holds one
``v1,{base64}`` for each secret, so that a secret is changed without a gap. https://www.standardwebhooks.com
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

PREFIX = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64
"""Of a secret, by the specification."""


class BadSecret(ValueError):
    """Why this text is no secret; it never shows the text."""


def secret_text(random: bytes) -> str:
    """A new secret, as both sides write it down."""
    return PREFIX + base64.b64encode(random).decode()


def secrets_in(text: str) -> tuple[bytes, ...]:
    """The secrets in a file's text, one a line, the newest first. Raises BadSecret."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not 1 <= len(lines) <= 3:
        raise BadSecret("the file must hold 1 to 3 secrets, one a line")
    return tuple(_secret(line, number) for number, line in enumerate(lines, start=1))


def _secret(line: str, number: int) -> bytes:
    try:
        found = base64.b64decode(line.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSecret(f"line {number} is no base64 after {PREFIX}") from error
    if not LEAST_BYTES <= len(found) <= MOST_BYTES:
        raise BadSecret(f"line {number} has {len(found)} bytes, {LEAST_BYTES} to {MOST_BYTES} are wanted")
    return found


def headers(secrets: Sequence[bytes], id: str, at_s: int, body: bytes) -> Mapping[str, str]:
    """The three headers. at_s: of this try, seconds since 1970; receivers refuse one that is minutes off."""
    signed = f"{id}.{at_s}.".encode() + body
    each = (hmac.new(secret, signed, hashlib.sha256).digest() for secret in secrets)
    signature = " ".join(f"v1,{base64.b64encode(mac).decode()}" for mac in each)
    return {"webhook-id": id, "webhook-timestamp": str(at_s), "webhook-signature": signature}
