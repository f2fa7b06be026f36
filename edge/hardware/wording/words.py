"""What saying frames in words takes, whatever the protocol. Knows no frame."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Words = dict[str, object]
"""One reading of a frame: ``direction``, ``purpose`` and the frame's fields by name."""

Given = Mapping[str, str]
"""The k=v of the command line."""


class Unreadable(ValueError):
    """Why bytes are no frame, or words make none."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """read: bytes → readings, at least one, or Unreadable. purposes: name → (keys shown, builder)."""

    read: Callable[[bytes], list[Words]]
    purposes: Mapping[str, tuple[str, Callable[[Given], bytes]]]


def number(given: Given, key: str, allowed: range, default: int | None = None) -> int:
    """The whole number at ``key`` (decimal, or hexadecimal with 0x). Raises Unreadable."""
    text = given.get(key)
    if text is None and default is not None:
        return default
    try:
        value = int(text or "", 0)
    except ValueError:
        raise Unreadable(f"{key}: {text!r} is no whole number" if text else f"{key}= is missing") from None
    if value not in allowed:
        raise Unreadable(f"{key}: {value} is not within {allowed.start}…{allowed.stop - 1}")
    return value


def listed(given: Given, key: str, allowed: range) -> set[int]:
    """The whole numbers at ``key``, separated by commas; none where it is missing. Raises Unreadable."""
    named = [part for part in given.get(key, "").split(",") if part]
    return {number({key: part}, key, allowed) for part in named}


def bytes_of(text: str) -> bytes:
    """The bytes that ``text`` writes in hexadecimal; spaces, commas, colons and 0x are allowed.

    Raises Unreadable.
    """
    bare = text.replace("0x", " ").replace("0X", " ").replace(",", " ").replace(":", " ")
    try:
        return bytes.fromhex("".join(part.zfill(2) if len(part) == 1 else part for part in bare.split()))
    except ValueError:
        raise Unreadable(f"{text!r} is not hexadecimal: write bytes as 8A 01 01 11 9B") from None


def keys_of(shown: str) -> set[str]:
    """The keys in a purpose's help text, e.g. ``lock= [board=1]`` → lock, board."""
    return {part.strip("[]").partition("=")[0] for part in shown.split()}
