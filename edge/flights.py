"""The flight recorder: every door session's raw weights, a line a session, a file a day, for some days.

What is written is the recorded-session format that ``counter recognise`` reads; a recording says nothing
about who opened.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

import msgspec
import structlog

from edge.weighing.policy import Policy
from edge.weighing.recording import Recording, StockedTray

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Flight:
    """A finished session's recording, and the thresholds it was settled by.

    kind: what it was for. day: the local business day it ended on.
    """

    recording: Recording
    policy: Policy
    kind: str
    day: date


def line_of(flight: Flight) -> bytes:
    """One session as a line of JSON, its new-line included."""
    recording = flight.recording
    session = {
        "id": recording.id,
        "kind": flight.kind,
        "trays": [_tray(tray) for tray in recording.trays],
        "samples": recording.samples,
        "ended_s": recording.ended,
        **_thresholds(flight.policy),
    }
    return msgspec.json.encode(session) + b"\n"


def _new_line(file: BinaryIO) -> bytes:
    """What ends a line that a full disk or a power cut left unfinished, so that it spoils no other."""
    if file.seek(0, SEEK_END) == 0:
        return b""
    file.seek(-1, SEEK_END)
    return b"" if file.read(1) == b"\n" else b"\n"


def _thresholds(policy: Policy) -> dict[str, object]:
    """Only where they are not the usual ones."""
    told = {name: getattr(policy, name) for name in ("sure_p", "fit_z", "swap_z", "bulk_units")}
    usual = {name: getattr(Policy(), name) for name in told}
    return {} if told == usual else {"policy": told}


def _tray(tray: StockedTray) -> dict[str, object]:
    planned = [
        {
            "sku": good.sku,
            "unit_g": good.unit_g,
            "tol_g": good.tol_g,
            "count": good.count,
            **({} if good.lot_sd_g is None else {"lot_sd_g": good.lot_sd_g}),
        }
        for good in tray.goods
    ]
    return {"id": tray.tray, "planogram": planned}


class Flights:
    """The folder of recordings. Its owner is the worker thread. days: how long a file is kept."""

    def __init__(self, folder: Path, days: int) -> None:
        self._folder = folder
        self._days = days

    def keep(self, flight: Flight) -> None:
        """Append the recording to its day's file, and forget the files that are too old.

        A recording that cannot be written is logged: it is evidence, not the sale.
        """
        try:
            self._folder.mkdir(exist_ok=True)
            with (self._folder / f"{flight.day.isoformat()}.jsonl").open("a+b") as file:
                file.write(_new_line(file) + line_of(flight))
            self._forget(flight.day - timedelta(days=self._days))
        except OSError as error:
            log.error("recording_not_written", folder=str(self._folder), error=str(error))

    def _forget(self, before: date) -> None:
        for path in self._folder.glob("????-??-??.jsonl"):
            if path.stem < before.isoformat():
                path.unlink()
