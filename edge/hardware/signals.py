"""What crosses between the bus and the engine: signals up, jobs down. Values only.

Times are seconds of the monotonic clock that the caller of ``Bus.step`` gives.
"""

from dataclasses import dataclass
from enum import StrEnum

from edge.domain.values import Decigrams, TrayId


class Fault(StrEnum):
    """Why a device's answer is worth nothing. Never collapsed into one."""

    SILENT = "silent"
    SHORT = "short"
    CHECKSUM = "checksum"
    EXCEPTION = "exception"
    ECHO = "echo"
    WRONG_UNIT = "wrong_unit"
    SENTINEL = "sentinel"
    LINE_GONE = "line_gone"


@dataclass(frozen=True, slots=True)
class Reading:
    """What one tray's scale says, or why it says nothing.

    weight: None means unknown; it never stands for 0 g.
    suspect: taken after a time-out or a reopened port; may be shown, never bills.
    """

    tray: TrayId
    at: float
    weight: Decigrams | None
    fault: Fault | None = None
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class Sweep:
    """The readings of one round over the trays that were due, in the order asked."""

    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class DoorState:
    """Reed and bolt as one query saw them; None: the board did not say."""

    at: float
    closed: bool | None
    locked: bool | None


class Unlocked(StrEnum):
    """How the pulse of one unlock job ended. ACCEPTED says only that the board took the command."""

    ACCEPTED = "accepted"
    NO_FEEDBACK = "no_feedback"
    """The board answered, but its contact says the bolt did not move."""
    SILENT = "silent"
    """No usable answer: the pulse may or may not have fired. Only a query can tell."""
    EXPIRED = "expired"
    """The job's deadline had passed before its turn came; nothing was sent."""
    LINE_GONE = "line_gone"
    """The port was gone before anything was sent."""


@dataclass(frozen=True, slots=True)
class UnlockDone:
    job: str
    at: float
    outcome: Unlocked


@dataclass(frozen=True, slots=True)
class DeviceAlarm:
    """A device's health changed. ``device``: ``lock`` or a tray's id; ``fault`` None: it is back."""

    device: str
    at: float
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class LineState:
    """The port was opened or went away."""

    port: str
    at: float
    up: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """A scale is set so that it may falsify weights: its tray may not sell until that is put right.

    register: the address read. value: what it holds; None: the device refuses to tell.
    """

    tray: TrayId
    at: float
    register: int
    value: int | None


Signal = Sweep | DoorState | UnlockDone | DeviceAlarm | LineState | Misconfigured


@dataclass(frozen=True, slots=True)
class Unlock:
    """Pulse the bolt once. ``job`` names it in ``UnlockDone``; never sent after ``deadline``.

    every: pulse all locks of the board, one after the other, for service; nothing else is asked meanwhile.
    """

    job: str
    deadline: float
    every: bool = False


class Pace(StrEnum):
    """How often trays and door are asked."""

    IDLE = "idle"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class SetPace:
    pace: Pace


Job = Unlock | SetPace
