"""The counter's ledger: one SQLite file of facts and events, written by the engine's thread alone."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.ledger.alarms import Alarm
    from edge.ledger.ledger import Baseline, Ledger
    from edge.ledger.pins import Locked
    from edge.ledger.sessions import AlreadyClosed

__all__ = ["Alarm", "AlreadyClosed", "Baseline", "Ledger", "Locked"]

_HOME = {
    "Alarm": "alarms",
    "AlreadyClosed": "sessions",
    "Baseline": "ledger",
    "Ledger": "ledger",
    "Locked": "pins",
}


def __getattr__(name: str) -> object:
    """The writing side is loaded when it is asked for: the bridge reads without 20 MB of sqlite-utils."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
