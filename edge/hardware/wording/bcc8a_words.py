"""Frames of the bcc8a lock board in words and back."""

from edge.hardware.codecs import bcc8a
from edge.hardware.codecs.checksums import xor8
from edge.hardware.wording.words import Given, Protocol, Unreadable, Words, listed, number


def _read_bcc8a(packet: bytes) -> list[Words]:
    readings = []
    if (request := bcc8a.decode_request(packet)) is not None:
        readings.append({"direction": "request", **_bcc8a_words(request)})
    if (reply := bcc8a.decode_reply(packet)) is not None:
        readings.append({"direction": "reply", **_bcc8a_words(reply)})
    if not readings:
        raise Unreadable(_why_not_bcc8a(packet))
    return readings


def _bcc8a_words(frame: bcc8a.Request | bcc8a.Reply) -> Words:
    match frame:
        case bcc8a.Open(board, lock):
            return {"purpose": "open", "board": board, "lock": lock}
        case bcc8a.OpenAll(board):
            return {"purpose": "open_all", "board": board, "lock": "all"}
        case bcc8a.Query(board, lock):
            return {"purpose": "query", "board": board, "lock": lock}
        case bcc8a.QueryAll(board):
            return {"purpose": "query_all", "board": board, "lock": "all"}
        case bcc8a.OpenAllReply(board):
            return {"purpose": "open_all_reply", "board": board, "lock": "all"}
        case bcc8a.OpenReply(board, lock, closed):
            return {
                "purpose": "open_reply",
                "board": board,
                "lock": lock,
                **_contact(closed, "opened", "not opened"),
            }
        case bcc8a.QueryReply(board, lock, closed):
            return {
                "purpose": "query_reply",
                "board": board,
                "lock": lock,
                **_contact(closed, "unlocked", "locked"),
            }
        case bcc8a.QueryAllReply(board):
            bits = [lock for lock in bcc8a.LOCKS if frame.is_closed(lock)]
            return {"purpose": "query_all_reply", "board": board, "lock": "all", "bits_closed": bits}


def _contact(closed: bool, moved: str, rests: str) -> Words:
    """The raw contact, and what it means under either wiring of a lock's feedback."""
    return {
        "state": "11" if closed else "00",
        "contact": "closed" if closed else "open",
        "if_short_when_locked": rests if closed else moved,
        "if_short_when_open": moved if closed else rests,
    }


def _why_not_bcc8a(packet: bytes) -> str:
    if not packet or packet[0] not in (bcc8a.OPEN, bcc8a.QUERY):
        return f"unknown head {packet[:1].hex().upper() or '(no bytes)'}: bcc8a frames begin with 8A or 80"
    if len(packet) not in (bcc8a.SHORT, bcc8a.LONG):
        sizes = f"{bcc8a.SHORT} bytes, the reply to query_all {bcc8a.LONG}"
        return f"wrong length {len(packet)}: bcc8a frames have {sizes}"
    if xor8(packet) != 0:
        return f"wrong checksum {packet[-1]:02X}: the XOR of the bytes before it is {xor8(packet[:-1]):02X}"
    return "checksum is right, but board, lock or function are none that bcc8a knows"


def _board(given: Given) -> int:
    return number(given, "board", bcc8a.BOARDS, 1)


def _lock(given: Given) -> int:
    return number(given, "lock", bcc8a.LOCKS)


def _closed(given: Given) -> bool:
    states = {"00": False, "0": False, "open": False, "11": True, "closed": True}
    try:
        return states[given["state"]]
    except KeyError:
        raise Unreadable("state= must be 00 (contact open) or 11 (contact closed)") from None


def _contacts(given: Given) -> int:
    return sum(1 << lock - 1 for lock in listed(given, "bits_closed", bcc8a.LOCKS))


BCC8A = Protocol(
    _read_bcc8a,
    {
        "open": ("lock= [board=1]", lambda g: bcc8a.encode(bcc8a.Open(_board(g), _lock(g)))),
        "open_all": ("[board=1]", lambda g: bcc8a.encode(bcc8a.OpenAll(_board(g)))),
        "query": ("lock= [board=1]", lambda g: bcc8a.encode(bcc8a.Query(_board(g), _lock(g)))),
        "query_all": ("[board=1]", lambda g: bcc8a.encode(bcc8a.QueryAll(_board(g)))),
        "open_reply": (
            "lock= state=00|11 [board=1]",
            lambda g: bcc8a.encode(bcc8a.OpenReply(_board(g), _lock(g), _closed(g))),
        ),
        "open_all_reply": ("[board=1]", lambda g: bcc8a.encode(bcc8a.OpenAllReply(_board(g)))),
        "query_reply": (
            "lock= state=00|11 [board=1]",
            lambda g: bcc8a.encode(bcc8a.QueryReply(_board(g), _lock(g), _closed(g))),
        ),
        "query_all_reply": (
            "[bits_closed=1,9,17] [board=1]",
            lambda g: bcc8a.encode(bcc8a.QueryAllReply(_board(g), _contacts(g))),
        ),
    },
)
