"""Runs a whole ``counter demo`` as another program, for as long as a benchmark needs it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from edge.children import dies_with
from edge.errors import Unavailable

STOP_S = 15.0


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo says of itself when it is ready: base URLs, process ids by program."""

    api: str
    sim: str
    centre: str
    pids: dict[str, int]


@contextmanager
def running_demo(place: Path) -> Iterator[tuple[Told, float]]:
    """A demo in ``place`` on free ports; gives what it told and the seconds until it was ready.

    Raises Unavailable, with the end of what it said, where it does not start.
    """
    command = [sys.executable, "-m", "edge", "demo", "--json", "--dir", str(place), "--port-base", "0"]
    words, began = place.with_name(f"{place.name}.log"), time.monotonic()
    with words.open("wb") as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, preexec_fn=dies_with(os.getpid())
        )
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                said = words.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise Unavailable(f"the demo did not start; run `counter demo` to see why. It said:\n{said}")
            yield msgspec.json.decode(line, type=Told), time.monotonic() - began
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
