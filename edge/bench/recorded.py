"""Recorded door sessions, read for benchmarks: from a file, or from the simulator run as another program.

A recogniser is given ``recording`` of a session; truth, kind and events stay on this side.
"""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from edge import session_lines
from edge.errors import BadInput, Unavailable
from edge.session_lines import SessionLine, Unusable
from edge.weighing.recording import Recording, StockedTray

LEVELS = ("L0", "L1", "L2", "L3s", "L3", "L4")

Event = tuple[float, int, float, str, str | None]
"""Second, tray, grams, action, sku ("A+B" for several) of one physical movement."""


class TrueLine(SessionLine, frozen=True, kw_only=True):
    """One line of a recorded session whose truth is known."""

    truth: dict[str, Annotated[int, msgspec.Meta(ge=0)]]
    kind: str = "file"
    events: tuple[Event, ...] | None = None
    oddity: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A recording, which a recogniser may see, and what is known besides."""

    recording: Recording
    truth: dict[str, int]
    kind: str = "file"
    events: tuple[Event, ...] | None = None
    oddity: str | None = None


_LINE = msgspec.json.Decoder(TrueLine)


def session_of(line: bytes, place: str) -> Session:
    """The session in ``line``. Raises BadInput naming ``place`` and the field."""
    try:
        told = session_lines.session_of(line, _LINE)
        trays = session_lines.trays_of(told)
        rows = list(session_lines.rows_of(told.samples))
        _check_trays("samples", (row[1] for row in rows), len(trays))
        _check_trays("events", (tray for _, tray, _, _, _ in told.events or ()), len(trays))
        _check_truth(told.truth, trays)
    except Unusable as error:
        raise BadInput(f"{place}: {error}; wanted is a recorded session with truth") from error
    recording = Recording(str(told.id), trays, rows, told.ended_s)
    return Session(recording, told.truth, told.kind, told.events, told.oddity)


def _check_trays(field: str, indices: Iterable[int], trays: int) -> None:
    for number, tray in enumerate(indices):
        if not 0 <= tray < trays:
            raise Unusable(f"there is no tray {tray} - at `$.{field}[{number}]`")


def _check_truth(truth: Iterable[str], trays: Iterable[StockedTray]) -> None:
    """What nobody planned cannot be charged: such a truth is a slip of whoever wrote it."""
    planned = {good.sku for tray in trays for good in tray.goods}
    if strange := sorted(set(truth) - planned):
        raise Unusable(f"{strange[0]} is on no tray - at `$.truth`")


def lines_of(path: Path) -> Iterator[tuple[str, bytes]]:
    """Place and bytes of each line of ``path`` that is not blank. Raises NoInput."""
    for number, line in session_lines.lines_of(path):
        yield f"{path} line {number}", line


def made_lines(levels: Iterable[str], n: int, seed: int, cells: int = 1) -> Iterator[tuple[str, bytes]]:
    """Place and bytes of ``n`` sessions a level, as the simulator makes them up meanwhile. cells: a tray.

    Raises Unavailable with what it said where it does not go through.
    """
    for level in levels:
        command = ["-m", "hardware_sim", "generate", "--level", level, "--n", str(n), "--seed", str(seed)]
        command += ["--cells", str(cells)]
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
