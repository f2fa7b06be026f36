"""``counter demo``: broker, simulated cabinet, counter, bridge and centre on one machine, in one command.

It starts programs, tells where their pages are, and watches over them. It knows the others by their
command lines alone.
"""

import fcntl
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import click

from edge.children import Child, Family, wait_ready
from edge.cli_options import environment, json_option
from edge.demo_children import (
    broker_command,
    children,
    children_environment,
    command_key,
    sample_buyer,
)
from edge.demo_files import LOOPBACK, Layout, Ports, free_ports, lan_address, lay_out
from edge.errors import Busy, CannotCreate, Unavailable

READY_S = 30.0
STOP_S = 5.0
STALE_S = 6.0
"""How long the programs of a demo that was killed may take to end by themselves."""
TEND_S = 0.2


@click.command()
@click.option(
    "--dir",
    "place",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".counter"),
    show_default=True,
    help="Where data, settings and logs are kept.",
)
@click.option(
    "--port-base", type=click.IntRange(0, 65000), default=8080, show_default=True, help="First port; 0: any."
)
@click.option(
    "--broker",
    type=click.Choice(["auto", "mosquitto", "embedded"]),
    default="auto",
    help="auto: mosquitto where it is installed.",
)
@click.option("--lan", is_flag=True, help="Let phones of this network reach the pages.")
@click.option(
    "--phone",
    type=click.Choice(["counter", "centre"]),
    default="counter",
    show_default=True,
    help="Whose page the code on the screen leads to.",
)
@json_option
def demo(place: Path, port_base: int, broker: str, lan: bool, phone: str, as_json: bool) -> int:
    """Run a whole simulated counter on this machine until Ctrl-C.

    With --json exactly one line on stdout, when everything is ready.
    """
    layout, stop = Layout(place.absolute()), threading.Event()
    with owned(layout) as lock:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        ports = free_ports(port_base, say)
        command, mqtt = broker_command(broker, layout, ports, say)
        address = lan_address() if lan else ""
        environ = children_environment(environment())
        with sample_buyer(layout, environ):
            key = command_key(layout, environ)
        centre = phone == "centre"
        counter = lay_out(layout, ports, lan=address, mqtt=mqtt, key=key, scan_at_centre=centre)
        family = Family(environ, say, keep=(lock.fileno(),))
        host = Demo(layout, Pages(ports, counter, address, centre), family, stop)
        try:
            return host.run(*children(layout, ports, command), as_json=as_json)
        finally:
            say("正在停止… · stopping…")
            family.stop(STOP_S)
            host.state.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Pages:
    """The addresses a person opens. lan: this machine's address for phones, "" without --lan.

    centre: whether phones go to the centre's page.
    """

    ports: Ports
    counter: str
    lan: str
    centre: bool = False

    def phone(self, *, centre: bool) -> str:
        """The buyer's page, at the counter or at the centre."""
        port = self.ports.centre if centre else self.ports.screen
        return f"http://{self.lan or LOOPBACK}:{port}/c/{self.counter}"

    def addresses(self) -> dict[str, str]:
        """Base URLs, and the pages among them."""
        screen, panel, centre = (
            f"http://{LOOPBACK}:{port}" for port in (self.ports.screen, self.ports.panel, self.ports.centre)
        )
        return {
            "api": screen,
            "screen": f"{screen}/",
            "phone": self.phone(centre=self.centre),
            "panel": f"{panel}/",
            "sim": panel,
            "centre": centre,
            "broker": f"mqtt://{LOOPBACK}:{self.ports.broker}",
        }


@dataclass(frozen=True, slots=True)
class Demo:
    """One run of the demo: start, tell, tend."""

    layout: Layout
    pages: Pages
    family: Family
    stop: threading.Event

    @property
    def state(self) -> Path:
        """The file that says where everything is now; process ids change when one starts again."""
        return self.layout.place / "demo.json"

    def run(self, *steps: list[Child], as_json: bool) -> int:
        """Start the steps one after the other, then tend them until told to stop."""
        began = time.monotonic()
        for step in steps:
            self._start(step, began + READY_S)
            if self.stop.is_set():
                return 0
        say(f"就绪,用时 {time.monotonic() - began:.1f} 秒 · ready")
        note = self._note()
        click.echo(note if as_json else welcome(self.pages, self.layout))
        sys.stdout.flush()
        while not self.stop.wait(TEND_S):
            if self.family.tend(time.monotonic()):
                self._note()
        return 0

    def _start(self, step: list[Child], deadline: float) -> None:
        for child in step:
            say(f"启动 {child.name}… · starting")
            self.family.start(child, time.monotonic())
        late = wait_ready(self.family, [child.name for child in step], deadline, self.stop.wait)
        if late and not self.stop.is_set():
            first = next(child for child in self.family.children if child.name == late[0])
            raise Unavailable(
                f"not ready: {', '.join(late)}. The log {first.log} ends with:\n{last_lines(first.log)}"
            )

    def _note(self) -> str:
        """Write the state file; gives what it says, one line."""
        pids = {child.name: child.pid for child in self.family.children}
        line = json.dumps({**self.pages.addresses(), "pids": pids})
        draft = self.state.with_suffix(".new")
        draft.write_text(line + "\n", encoding="utf-8")
        draft.replace(self.state)  # a reader never sees half of it
        return line


@contextmanager
def owned(layout: Layout) -> Iterator[IO[str]]:
    """Hold the directory for this demo and its programs: they inherit the lock.

    Raises Busy while another demo, or a program that a killed one left, still holds it.
    """
    try:
        layout.place.mkdir(parents=True, exist_ok=True)
        lock = (layout.place / "demo.lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise CannotCreate(f"{layout.place}: {error.strerror}; choose another place with --dir") from error
    with lock:
        if not _locked(lock):
            lock.seek(0)
            raise Busy(
                f"{layout.place} is in use by another demo (process {lock.read().strip() or '?'}), or by "
                f"what a killed one left; end those processes ({layout.place}/demo.json), or use --dir"
            )
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield lock


def _locked(lock: IO[str]) -> bool:
    """Take the lock; waits a little for programs that are ending because their demo was killed."""
    deadline = time.monotonic() + STALE_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            lock.seek(0)
            if _lives(lock.read().strip()) or time.monotonic() >= deadline:
                return False
            time.sleep(0.1)


def _lives(pid: str) -> bool:
    """Whether the process runs; one that has ended and was not waited for does not."""
    try:
        stat = Path("/proc", pid, "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return pid.isdigit() and stat.rpartition(")")[2].split()[0] != "Z"


def last_lines(log: Path, count: int = 5) -> str:
    """The end of a log, for the person whose demo does not start."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])


def welcome(pages: Pages, layout: Layout) -> str:
    """What a person sees when everything is ready."""
    from edge.paper import qr

    where, other = pages.addresses(), pages.phone(centre=not pages.centre)
    hint = "" if pages.lan else "\n(手机访问请加 --lan · for a real phone start with --lan)"
    swap = "专柜手机页 at the counter" if pages.centre else "中心手机页 at the centre "
    way = f"--phone {'counter' if pages.centre else 'centre'}"
    return f"""
专柜屏幕   counter screen  {where["screen"]}
手机页面   phone page      {where["phone"]}{hint}
{swap}  {other}  (扫码进入请加 · scan into it with {way})
柜体面板   cabinet panel   {where["panel"]}
中心       centre          {where["centre"]}/

示例账户 sample account: demo-001  PIN 246810

{qr.terminal(where["phone"])}

Ctrl-C 停止;数据在 {_short(layout.place)} · Ctrl-C stops; data in {_short(layout.place)}
"""


def _short(place: Path) -> str:
    """``./.counter`` rather than the whole path, where the place is below the working directory."""
    here = Path.cwd()
    return f"./{place.relative_to(here)}" if place.is_relative_to(here) else str(place)


def say(line: str) -> None:
    """One line for the person, on stderr: stdout is for results."""
    click.echo(line, err=True)
