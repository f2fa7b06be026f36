"""One-time codes: what a person carries from the centre to a counter. Pure; chance is an argument.

``SECRET`` (80 random bits, which the centre keeps as a hash) and the first 80 bits of the authority's
fingerprint, so that the counter knows a false centre by its answer. Crockford's base 32, in groups of 4.
"""

import hashlib

from edge.errors import BadInput

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PART_BYTES = 10
PART_CHARS = 16
_LOOK_ALIKES = str.maketrans("OIL", "011", "- \t\r\n")


def code_of(secret: bytes, fingerprint: bytes) -> str:
    """What is shown once. secret: 10 random bytes. fingerprint: SHA-256 of the authority's certificate."""
    if len(secret) != PART_BYTES:
        raise ValueError(f"a secret has {PART_BYTES} bytes, not {len(secret)}")
    text = _written(secret) + _written(fingerprint[:PART_BYTES])
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def hash_of(code: str) -> str:
    """What the centre keeps of ``code``, or finds it by. Raises BadInput where it is no code."""
    return hashlib.sha256(_plain(code)[:PART_CHARS].encode()).hexdigest()


def vouches_for(code: str, fingerprint: bytes) -> bool:
    """Whether ``code`` was given out by the authority of this fingerprint. Raises BadInput."""
    return _plain(code)[PART_CHARS:] == _written(fingerprint[:PART_BYTES])


def _plain(code: str) -> str:
    text = code.upper().translate(_LOOK_ALIKES)
    if len(text) != 2 * PART_CHARS or not set(text) <= set(ALPHABET):
        raise BadInput(f"a code has {2 * PART_CHARS} letters and digits in groups of four; type it again")
    return text


def _written(part: bytes) -> str:
    number = int.from_bytes(part, "big")
    return "".join(ALPHABET[number >> shift & 31] for shift in range(len(part) * 8 - 5, -1, -5))
