"""A PostgreSQL server that is made for one run, killed and frozen with all its processes, and started again.

It commits durably, as in production: what the centre acknowledged must survive its death.
"""

import os
import pwd
import signal
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests import postgresql
from tests.faults.chaos.programs import Program

USER = "nobody"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "min_wal_size": "32MB",
    "max_wal_size": "64MB",
}


def made_place() -> Path:
    """A directory that the server's user can reach, too: those of a test belong to one user alone."""
    place = Path(tempfile.mkdtemp(prefix="chaos-pg-", dir="/tmp"))
    place.chmod(0o755)
    return place


@dataclass
class Server(Program):
    """The postmaster and its processes, which leave its process group."""

    def family(self) -> list[int]:
        """Its processes; the postmaster is not among them."""
        return _children(self.process.pid) if self.process else []

    def kill_one(self, random: Random) -> None:
        """kill -9 of one of its processes: the postmaster ends the others and recovers."""
        if found := self.family():
            _tell([random.choice(found)], signal.SIGKILL)
            self.kills += 1

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)  # first, so that it forks no more
        _tell(self.family(), signal.SIGSTOP)

    def thaw(self) -> None:
        _tell(self.family(), signal.SIGCONT)
        self._signal(signal.SIGCONT)

    def _die(self) -> None:
        self._signal(signal.SIGSTOP)
        family = self.family()
        self._signal(signal.SIGKILL)
        _tell(family, signal.SIGKILL)


def server(place: Path, port: int, log: Path) -> Server:
    """A new server below ``place``, not started yet. Raises AssertionError where it is not installed."""
    programs = postgresql.programs()
    assert programs, f"PostgreSQL is not installed; run: {postgresql.INSTALL}"
    home = place / "pg"
    home.mkdir()
    if os.geteuid() == 0:
        user = pwd.getpwnam(USER)
        os.chown(home, user.pw_uid, user.pw_gid)
    made = [str(programs / "initdb"), "-D", str(home / "data"), "-U", "counter", "-A", "trust"]
    command = _as_nobody([*made, "-E", "UTF8", "--locale=C", "-N"])
    subprocess.run(command, check=True, capture_output=True)
    given = [f"-c{key}={value}" for key, value in {**SETTINGS, "port": str(port)}.items()]
    run = _as_nobody([str(programs / "postgres"), "-D", str(home / "data"), *given])
    return Server("postgresql", "database", run, log, stopping=signal.SIGINT)


def _as_nobody(command: list[str]) -> list[str]:
    """PostgreSQL refuses root. A change of user unties its life from ours: setpriv ties it again."""
    if os.geteuid() != 0:
        return command
    return [
        *("setpriv", f"--reuid={USER}", "--regid=nogroup", "--clear-groups", "--pdeathsig", "KILL"),
        *command,
    ]


def _children(pid: int) -> list[int]:
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            with suppress(OSError):  # it ended meanwhile
                parent = (each / "stat").read_text().rpartition(")")[2].split()[1]
                if int(parent) == pid:
                    found.append(int(each.name))
    return found


def _tell(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
