"""What several commands share: late imports, the options of settings, errors as exit codes."""

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from edge.errors import CounterError

F = TypeVar("F", bound=Callable[..., Any])


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, so that ``--help`` is quick.

    late: name → (``module:attribute``, the line that ``--help`` shows).
    """

    def __init__(self, *args: Any, late: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._late = late

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self._late})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._late:
            return super().get_command(ctx, cmd_name)
        module, attribute = self._late[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = {name: line for name, (_, line) in self._late.items()}
        rows |= {name: command.get_short_help_str(80) for name, command in self.commands.items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted(rows.items()))


def _overrides(_ctx: click.Context, _param: click.Parameter, given: tuple[str, ...]) -> dict[str, object]:
    """``("mqtt.port=1884",)`` as ``{"mqtt.port": "1884"}``."""
    pairs = [each.partition("=") for each in given]
    if wrong := [each for each, (_, equals, _value) in zip(given, pairs, strict=True) if not equals]:
        raise click.BadParameter(f"{wrong[0]!r} is not SECTION.KEY=VALUE")
    return {key.strip(): value.strip() for key, _, value in pairs}


def settings_options(command: F) -> F:
    """``--config`` and ``--set``; the command gets ``config: Path | None`` and ``overrides: dict``."""
    command = click.option(
        "--set",
        "overrides",
        multiple=True,
        callback=_overrides,
        metavar="SECTION.KEY=VALUE",
        help="Override one setting; may be given again.",
    )(command)
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        help="The settings file; without it $COUNTER_CONFIG, then /etc/counter, then ~/.config/counter.",
    )(command)


def json_option(command: F) -> F:
    """``--json``; the command gets ``as_json: bool``."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")(command)


def exit_code_of(group: click.Group, program: str, argv: Sequence[str] | None) -> int:
    """Run ``argv`` (None: the process's own); gives the exit code, 130 after Ctrl-C.

    A CounterError's text goes to stderr, one line a fault.
    """
    try:
        outcome = group.main(
            args=None if argv is None else list(argv), prog_name=program, standalone_mode=False
        )
    except CounterError as error:
        click.echo(f"{program}: {error}".replace("\n", f"\n{program}: "), err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo(f"{program}: stopped", err=True)
        return 130
    return outcome if isinstance(outcome, int) else 0


def environment() -> Mapping[str, str]:
    """The process's environment: the one place where commands look at it."""
    return os.environ
