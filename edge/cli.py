"""The command ``counter``. It parses arguments, calls a room, and turns errors into exit codes."""

import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import click

from edge.cli_options import LazyGroup, environment, exit_code_of, json_option, settings_options

LATE = {
    "bench": ("edge.bench.cli:bench", "Measure this machine: polls, sales, idling, waits of a visit."),
    "calibrate": ("edge.commands.calibrate:calibrate", "Show what was learnt of weights, or take it back."),
    "config": ("edge.commands.config:config", "Check the settings, or show where each one comes from."),
    "demo": ("edge.demo:demo", "Run a whole simulated counter on this machine."),
    "doctor": ("edge.commands.doctor:doctor", "Look for what keeps this counter from working."),
    "enrol": ("edge.commands.enrol:enrol", "Get this counter's certificate from the centre."),
    "labels": ("edge.commands.labels:labels", "Draw price tags, tray labels or the poster."),
    "ledger": ("edge.ledger.cli:ledger", "Verify, export and count what the ledger holds."),
    "lint": ("edge.commands.lint:lint_command", "Check whether goods can be told apart by weight."),
    "owed": ("edge.commands.refund:owed", "Show what buyers still owe, or say that it is paid."),
    "qr": ("edge.commands.labels:qr_command", "Show the counter's fixed code, or draw it as a sticker."),
    "receipt": ("edge.commands.receipt:receipt", "Print receipts, and check the seals on them."),
    "recognise": ("edge.commands.recognise:recognise", "Say what was taken in recorded door sessions."),
    "refund": ("edge.commands.refund:refund", "Send part of an order back to what paid it."),
    "roster": ("edge.commands.roster:roster", "Make accounts for the roster file."),
    "status": ("edge.commands.status:status", "Say how the running counter is."),
    "wire": ("edge.commands.wire:wire", "Show frames of the serial protocols in words."),
}

EPILOG = (
    "Exit codes: 0 done · 1 a check failed · 2 wrong use · 64 no such frame · 65 bad input · "
    "66 no such file · 69 device or service not there · 70 a bug · 73 cannot create · 74 ledger · "
    "75 try again later · 77 not permitted · 78 settings."
)


@click.group(
    cls=LazyGroup, late=LATE, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(version("smart-counter"), prog_name="counter")
def counter() -> None:
    """智能专柜 · The smart counter: door, scales, ledger and screens of one cabinet."""


@counter.command()
@settings_options
@json_option
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info")
def run(config: Path | None, overrides: dict[str, object], as_json: bool, log_level: str) -> int:
    """Run this counter until SIGTERM or Ctrl-C; SIGHUP reads catalogue, planogram, roster … again.

    With --json one line on stdout says when it is ready, and where its pages are.
    """
    from edge import logs
    from edge.app import run as run_counter
    from edge.clock import Clock
    from edge.outfit.sources import Sources

    logs.configure(log_level)
    sources = Sources(config, environment(), overrides, lambda: Clock().now().wall)
    return run_counter(sources, as_json=as_json)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code."""
    return exit_code_of(counter, "counter", argv)


if __name__ == "__main__":
    sys.exit(main())
