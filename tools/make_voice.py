"""Makes the tones that stand in for spoken prompts: ``edge/assets/voice/tones/KEY.wav``.

There are no recordings of a voice in this project. Each key has a melody of its own, so that who hears
them daily tells them apart: rising is good, falling is a no, the same note again and again asks for
something. The output is committed; run this only to change a melody. The standard library is enough.
"""

import math
import struct
import wave
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "edge" / "assets" / "voice" / "tones"
RATE = 11_025
LOUD = 0.6
FADE_S = 0.012
"""Each note swells and fades for so long: a hard edge clicks."""

C, D, E, F, G, A, B = 523.25, 587.33, 659.26, 698.46, 783.99, 880.0, 987.77
HIGH = 2.0
REST = 0.0

Notes = tuple[tuple[float, float], ...]
"""Hertz and seconds."""

MELODIES: dict[str, Notes] = {
    "welcome": ((C, 0.14), (E, 0.14), (G, 0.26)),
    "open": ((G, 0.12), (C * HIGH, 0.24)),
    "close_door": ((A, 0.16), (REST, 0.08), (A, 0.16), (REST, 0.08), (A, 0.16)),
    "door_long": ((A, 0.12), (E, 0.12), (A, 0.12), (E, 0.12), (A, 0.12), (E, 0.24)),
    "settled": ((C, 0.1), (E, 0.1), (G, 0.1), (C * HIGH, 0.3)),
    "empty": ((E, 0.16), (C, 0.26)),
    "review": ((G, 0.16), (E, 0.16), (G, 0.26)),
    "cancelled": ((G, 0.14), (E, 0.14), (C, 0.26)),
    "ask": ((E, 0.12), (REST, 0.04), (B, 0.3)),
    "wrong_place": ((D, 0.18), (REST, 0.06), (C, 0.3)),
    "foreign": ((F, 0.12), (REST, 0.05), (F, 0.12), (REST, 0.05), (C, 0.28)),
    "restock_wrong_goods": ((D, 0.14), (REST, 0.04), (D, 0.14), (REST, 0.04), (C / HIGH, 0.3)),
    "restock_over_capacity": ((C, 0.1), (D, 0.1), (E, 0.1), (C / HIGH, 0.3)),
    "restock_done": ((G, 0.1), (A, 0.1), (B, 0.1), (C * HIGH, 0.14), (REST, 0.04), (C * HIGH, 0.2)),
}


def samples(notes: Notes) -> bytes:
    """The notes as unsigned bytes, ``RATE`` a second."""
    out = bytearray()
    for hertz, seconds in notes:
        count = round(seconds * RATE)
        for n in range(count):
            edge = min(n, count - n) / RATE
            swell = min(1.0, edge / FADE_S) * LOUD if hertz else 0.0
            wave_at = (
                math.sin(2 * math.pi * hertz * n / RATE) * 0.8
                + math.sin(4 * math.pi * hertz * n / RATE) * 0.2
            )
            out += struct.pack("B", 128 + round(127 * swell * wave_at))
    return bytes(out)


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    for key, notes in MELODIES.items():
        with wave.open(str(TARGET / f"{key}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(1)
            file.setframerate(RATE)
            file.writeframes(samples(notes))


if __name__ == "__main__":
    main()
