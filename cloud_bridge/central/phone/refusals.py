"""Why the centre's page sends no unlock: stable codes, the counter's own where they say the same."""

from cloud_bridge.central.problems import Problem

_REFUSALS: dict[str, tuple[int, str]] = {
    "BAD_FIELD": (422, "A field of the request is wrong"),
    "KEY_MISSING": (400, "Send an Idempotency-Key of 8 to 64 characters, the same for a repeat"),
    "KEY_REUSED": (422, "This Idempotency-Key came with another request: take a new one"),
    "UNKNOWN_COUNTER": (404, "The centre never heard of this counter: scan the code on its screen"),
    "OFFLINE": (503, "The counter is off the network: nothing was sent; scan again later"),
    "NO_KEY": (503, "The centre has no key to sign with: counter-central keys"),
    "CENTRE_BUSY": (503, "Many sign in at this moment: try again in a minute"),
    "BAD_PIN": (401, "Unknown login or wrong PIN: type them again"),
    "BLOCKED": (429, "Too many wrong PINs: try again in a quarter of an hour"),
    "TOO_MANY_VISITS": (429, "Too many visits by this buyer: try again in a quarter of an hour"),
    "TOO_MANY_STREAMS": (503, "Too many streams: ask for the visit itself every two seconds"),
    "NO_VISIT": (404, "There is no such visit for this browser"),
}
CODES = tuple(_REFUSALS)


def refused(code: str, more: str = "") -> Problem:
    """What to raise. more: what is at fault, for whoever writes a program."""
    status, says = _REFUSALS[code]
    return Problem(status, code, says, f"{says}: {more}" if more else says)
