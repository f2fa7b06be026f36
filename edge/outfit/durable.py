"""Writes a file so that a power cut leaves the old one or the new one, whole. It knows no contents."""

import os
from pathlib import Path


def put(path: Path, body: bytes) -> None:
    """``body`` under ``path``, its owner's alone, its folder made where it is missing. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    making = path.with_name(f"{path.name}.tmp")
    with open(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    making.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # names in a folder are on the disk only after this
    finally:
        os.close(folder)
