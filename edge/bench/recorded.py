"""Recorded door sessions, read for benchmarks: from a file, or from the simulator run as another program.

A recogniser is given ``recording`` of a session; truth, kind and events stay on this side.
"""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import msgspec

from edge.domain.values import Sku, TrayId
from edge.errors import BadInput, NoInput, Unavailable
from edge.weighing.recording import Recording, Stocked, StockedTray

LEVELS = ("L0", "L1", "L2", "L3s", "L3", "L4")


class Planned(msgspec.Struct, frozen=True):
    """tol_g: three standard deviations of one unit."""

    sku: str
    unit_g: Annotated[float, msgspec.Meta(gt=0)]
    tol_g: Annotated[float, msgspec.Meta(ge=0)]
    count: Annotated[int, msgspec.Meta(ge=0)]


class Planogram(msgspec.Struct, frozen=True):
    id: str
    planogram: tuple[Planned, ...]


class Session(msgspec.Struct, frozen=True):
    """One line. events: second, tray, grams, action, sku ("A+B" for several) of each physical movement."""

    id: str | int
    trays: tuple[Planogram, ...]
    samples: list[tuple[float, int, float]]
    truth: dict[str, int]
    kind: str = "file"
    events: list[tuple[float, int, float, str, str | None]] | None = None
    oddity: str | None = None

    @property
    def recording(self) -> Recording:
        """What a recogniser may see."""
        trays = tuple(
            StockedTray(
                TrayId(tray.id),
                tuple(Stocked(Sku(good.sku), good.unit_g, good.tol_g, good.count) for good in tray.planogram),
            )
            for tray in self.trays
        )
        return Recording(str(self.id), trays, self.samples)


_decoder = msgspec.json.Decoder(Session)


def session_of(line: bytes, place: str) -> Session:
    """The session in ``line``. Raises BadInput naming ``place`` and the field."""
    try:
        session = _decoder.decode(line)
    except msgspec.DecodeError as error:
        raise BadInput(f"{place}: {error}; wanted is a recorded session with truth") from error
    for number, (_, tray, _) in enumerate(session.samples):
        if not 0 <= tray < len(session.trays):
            raise BadInput(f"{place}: there is no tray {tray} - at `$.samples[{number}]`")
    return session


def lines_of(path: Path) -> Iterator[tuple[str, bytes]]:
    """Place and bytes of each line of ``path`` that is not blank. Raises NoInput."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield f"{path} line {number}", line
    except OSError as error:
        raise NoInput(f"{path}: {error.strerror}") from error


def made_lines(levels: Iterable[str], n: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Place and bytes of ``n`` sessions a level, as the simulator makes them up meanwhile.

    Raises Unavailable with what it said where it does not go through.
    """
    for level in levels:
        command = ["-m", "hardware_sim", "generate", "--level", level, "--n", str(n), "--seed", str(seed)]
        with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            number = 0
            try:
                for number, line in enumerate(process.stdout, 1):
                    yield f"{level} seed {seed} line {number}", line
            finally:
                if number < n:
                    process.terminate()
        if process.returncode or number < n:
            raise Unavailable(
                f"the simulator made {number} of {n} sessions and ended with {process.returncode}"
            )
