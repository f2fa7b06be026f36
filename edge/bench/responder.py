"""The far end of a pseudo-terminal for the benchmark: a transmitter that answers reads, and no more.

A program of its own, so that its work is not counted as ours. It knows no weights and no faults.
"""

import os
import sys
import time
from functools import cache

from edge.hardware.codecs.modbus_rtu import Read, ReadReply, decode_request, encode, registers

REQUEST_BYTES = 8
WEIGHT = 1234
"""Grams on every tray, for ever."""


@cache
def answer(packet: bytes) -> bytes:
    """What a transmitter says to a whole request; made once for each.

    Two registers hold the weight (int32, high word first), a single one (settings, status) holds 0.
    """
    request = decode_request(packet)
    if not isinstance(request, Read):
        return b""
    words = (0,) * (request.count - 1) + (WEIGHT if request.count == 2 else 0,)
    return encode(ReadReply(request.unit, request.function, registers(words)))


def serve(fd: int, character_s: float, silence_s: float) -> None:
    """Answer on ``fd`` until it is closed at the other end.

    character_s: time of one character on the wire; silence_s: what a device waits for to know that a
    request has ended. 0 for both: at once.
    """
    heard = b""
    while data := os.read(fd, 256):
        began = time.monotonic()
        heard += data
        while len(heard) >= REQUEST_BYTES:
            packet, heard = heard[:REQUEST_BYTES], heard[REQUEST_BYTES:]
            reply = answer(packet)
            wire_s = (len(packet) + len(reply)) * character_s + silence_s
            if (wait := began + wire_s - time.monotonic()) > 0:
                time.sleep(wait)
            os.write(fd, reply)


if __name__ == "__main__":
    serve(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
