"""A PostgreSQL server of one's own, from the system's programs: for a measurement or a test, then gone.

It knows no table. PostgreSQL refuses to run as root, so root runs it as nobody, who has to reach its files.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from edge.errors import Unavailable

INSTALL = "apt-get update && apt-get install -y --no-install-recommends postgresql"
USER = "counter"
TRIES = 200
"""Of a connection, 0.1 s each at most, until the server takes it."""


def programs() -> Path | None:
    """Where initdb and postgres are; the newest version's. None: not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda each: int(each.parts[4]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else None


class Server:
    """``url(name)`` of a database; ``start``, ``stop`` and ``kill`` the postmaster.

    settings: of postgresql.conf, beside its defaults, which keep what was committed (fsync). sockets: a
    directory with a short name, because a socket's path has at most 107 bytes. Raises Unavailable.
    """

    def __init__(self, directory: Path, sockets: Path, settings: Mapping[str, str]) -> None:
        found = programs()
        if found is None:
            raise Unavailable(f"PostgreSQL is not installed; run: {INSTALL}")
        self._programs, self._sockets, self._settings = found, sockets, settings
        self._data, self._log = str(directory / "data"), directory / "log"
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            for each in (directory, sockets):
                os.chown(each, nobody.pw_uid, nobody.pw_gid)
        self.run("initdb", "-D", self._data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N")

    @property
    def pid(self) -> int:
        """Of the postmaster, whose children serve the connections."""
        return int(Path(self._data, "postmaster.pid").read_text().split()[0])

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{USER}@/{database}?host={self._sockets}"

    def made(self, database: str) -> str:
        """The URL of a new, empty database of that name."""
        self.run("createdb", "-h", str(self._sockets), "-U", USER, database)
        return self.url(database)

    def start(self) -> None:
        given = [f"-c{key}={value}" for key, value in self._settings.items()]
        command = [self._program("postgres"), "-D", self._data, "-k", str(self._sockets), *given]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(_as_nobody(command), stdout=log, stderr=log)
        self.run("pg_isready", "-h", str(self._sockets), "-U", USER, "-t", "20", tries=TRIES)

    def kill(self) -> None:
        """As a dying machine would, as far as processes go."""
        assert self._process
        os.kill(self.pid, 9)
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        if self._process:
            self.run("pg_ctl", "-D", self._data, "stop", "-m", "immediate")
            self._process.wait()
            self._process = None

    def run(self, name: str, *arguments: str, tries: int = 1) -> str:
        """What one of PostgreSQL's programs prints. Raises Unavailable where it fails each time."""
        command = _as_nobody([self._program(name), *arguments])
        for _ in range(tries):
            done = subprocess.run(command, capture_output=True, text=True, cwd="/")
            if done.returncode == 0:
                return done.stdout
        raise Unavailable(f"{name}: {done.stdout}{done.stderr}".strip())

    def _program(self, name: str) -> str:
        return str(self._programs / name)


def _as_nobody(command: list[str]) -> list[str]:
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]


@contextmanager
def running(directory: Path, **settings: str) -> Iterator[Server]:
    """A started server with its files in ``directory``, which is left; it ends as in a power cut."""
    with tempfile.TemporaryDirectory(prefix="counter-pg-") as sockets:
        server = Server(directory, Path(sockets), settings)
        try:
            server.start()
            yield server
        finally:
            server.stop()
