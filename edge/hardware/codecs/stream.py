"""Finding frames in a stream of bytes. Knows no protocol: each codec gives it two functions.

``size_of(data)`` tells how long the frame is that begins with ``data``: 0 when none begins so, None
when more bytes are needed to tell. ``parse(packet)`` gives the frame, or None when it is damaged.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

Frame = TypeVar("Frame")


class FrameStream(Generic[Frame]):
    """Bytes in, frames out. Noise is skipped and counted, never raised.

    The earliest whole and undamaged frame wins, so bytes that only look like the beginning of a
    longer frame do not hold up the one behind them. ``limit`` is the longest frame there is: never
    more than that is kept.
    """

    def __init__(
        self, size_of: Callable[[bytes], int | None], parse: Callable[[bytes], Frame | None], limit: int
    ) -> None:
        self._size_of = size_of
        self._parse = parse
        self._limit = limit
        self._kept = b""
        self.noise = 0
        """Bytes skipped so far."""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that ``data`` completes, in their order on the wire."""
        self._kept += data
        frames: list[Frame] = []
        while (found := self._next()) is not None:
            frames.append(found)
        return frames

    def reset(self) -> None:
        """Forget what was kept; for whoever knows that the line has been silent."""
        self.noise += len(self._kept)
        self._kept = b""

    @property
    def pending(self) -> int:
        """Bytes kept, waiting for the rest of a frame; always below the longest frame's length."""
        return len(self._kept)

    def _next(self) -> Frame | None:
        kept, hopeful = self._kept, None
        for at in range(len(kept)):
            size = self._size_of(kept[at : at + self._limit])
            if size == 0:
                continue
            if size is None or at + size > len(kept):
                hopeful = at if hopeful is None else hopeful
                continue
            frame = self._parse(kept[at : at + size])
            if frame is not None:
                self._drop(at, size)
                return frame
        self._drop(len(kept) if hopeful is None else hopeful, 0)
        return None

    def _drop(self, noise: int, frame: int) -> None:
        self.noise += noise
        self._kept = self._kept[noise + frame :]
