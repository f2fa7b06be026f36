"""Writes the documents for other programs under docs/. A test compares the committed files with the code."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import msgspec

from cloud_bridge import asyncapi
from cloud_bridge.central import openapi

DOCS = Path(__file__).parents[1] / "docs"


def texts() -> Mapping[str, str]:
    """File name → its whole text."""
    of = version("smart-counter")
    made = {"asyncapi.json": asyncapi.document(of), "openapi-centre.json": openapi.document(of)}
    return {
        name: msgspec.json.format(msgspec.json.encode(each)).decode() + "\n" for name, each in made.items()
    }


if __name__ == "__main__":
    for name, text in texts().items():
        (DOCS / name).write_text(text, encoding="utf-8")
