"""The one tree of errors that reach a person. It knows exit codes; it does not know who raises what.

::

    CounterError                70  a fault of ours that has no better place below
    ├─ BadInput                 65  a file or frame that was handed in cannot be read
    ├─ NoInput                  66  a file that was named is not there
    ├─ DeviceError              69  a device on the wire does not do its work
    │  ├─ NoAnswer                  silence: it may or may not have heard
    │  ├─ Refused                   it heard and said no
    │  ├─ BadAnswer                 it answered, and the answer is worth nothing
    │  └─ LineGone                  the port itself is not there, or went away
    ├─ Unavailable              69  another program this one needs is not there
    ├─ CannotCreate             73  a file or directory cannot be made
    ├─ LedgerError              74  the ledger cannot be read or written
    ├─ Busy                     75  somebody else is at it; try again later
    ├─ NotPermitted             77  the system does not allow it
    └─ ConfigError              78  the settings, or a file they name, are wrong

Silence and refusal are two classes because they call for two answers: what stayed silent may be
asked again by a query, what refused must not be asked the same thing again.
The numbers are those of BSD's ``sysexits.h``; usage errors of the command line are 2
(click's), and 64 where ``counter wire`` does not know a frame.
"""

from collections.abc import Sequence
from typing import ClassVar


class CounterError(Exception):
    """An error whose text a person can act on: it names the thing, the place and the remedy."""

    exit_code: ClassVar[int] = 70


class BadInput(CounterError):
    """A file, a frame or an argument's value that was handed in cannot be read."""

    exit_code = 65


class NoInput(CounterError):
    """A file that was named is not there or may not be read."""

    exit_code = 66


class DeviceError(CounterError):
    """A device on the wire does not do its work."""

    exit_code = 69


class NoAnswer(DeviceError):
    """Silence: the device may or may not have heard. Only a query can tell."""


class Refused(DeviceError):
    """The device heard and said no."""


class BadAnswer(DeviceError):
    """The device answered, and the answer is worth nothing (checksum, length, wrong unit)."""


class LineGone(DeviceError):
    """The serial port is not there, or went away."""


class Unavailable(CounterError):
    """Another program or service that this one needs is not there."""

    exit_code = 69


class CannotCreate(CounterError):
    """A file or directory cannot be made."""

    exit_code = 73


class LedgerError(CounterError):
    """The ledger cannot be read or written; nothing was sold since."""

    exit_code = 74


class Busy(CounterError):
    """Somebody else holds what is needed; trying again later may work."""

    exit_code = 75


class NotPermitted(CounterError):
    """The operating system does not allow it."""

    exit_code = 77


class ConfigError(CounterError):
    """The settings, or a file they name, are wrong. ``problems``: every fault found, one sentence each."""

    exit_code = 78

    def __init__(self, problems: Sequence[str] | str) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))
