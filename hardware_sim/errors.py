"""What can go wrong in the simulator: one tree, the type says whose fault it is.

SimError
├── ConfigError   the files do not describe a cabinet      (exit 78)
├── Impossible    nobody could do that to a real cabinet   (HTTP 409)
├── Malformed     the command is not one of the known acts (HTTP 422)
└── LineGone      the plug is out; also an OSError, as on a real port
"""


class SimError(Exception):
    exit_code = 70


class ConfigError(SimError):
    exit_code = 78


class Impossible(SimError):
    """code: a stable word for programs, e.g. ``DOOR_LOCKED``; the text says what to do first."""

    exit_code = 65

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Malformed(SimError):
    exit_code = 65


class LineGone(SimError, OSError):
    exit_code = 69
