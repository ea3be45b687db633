"""The command line: a thin layer over functions that Python can call. Each command is a module that is imported only
when the command runs: `foolsgold --help` and shell completion import none of them."""

from __future__ import annotations

import io
import os
import platform
import signal
import sys
import time
import traceback
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from harness import __version__
from harness.engine.choose import call_off
from harness.engine.leftovers import own_scratch
from harness.errors import FULL, ExitCode, FoolsgoldError, UsageError, no_bug

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "demo": "See it work on two small tasks that come with it.",
    "init": "Describe your tasks, and write a config file.",
    "doctor": "Which engine works here, and what is missing.",
    "check": "Are the tasks sound: reference paid, nothing else?",
    "audit": "The main job: which broken variants are paid?",
    "show": "List findings and paid variants, or show one.",
    "harden": "Write the tests that a run shows to be missing.",
    "attempts": "Judge the tests by solutions from elsewhere.",
    "regrade": "Pay attempts again, under new tests.",
    "repro": "Write a variant as a task that any runner can run.",
    "report": "Show a run again, or as HTML, SARIF, CSV and more.",
    "label": "Write results beside the tasks, signed if wanted.",
    "compare": "Compare two runs task by task.",
    "merge": "Put the runs of all shards together as one.",
    "export": "Write runs as parquet tables for research.",
    "gate": "Judge a finished run again, by other rules.",
    "baseline": "Write the known findings to a file, to accept them.",
    "config": "Which settings are in force, and from where.",
    "propose": "Ask a model for candidate solutions of tasks.",
    "mutants": "List the broken variants, without running any.",
    "operators": "List what makes broken variants, with examples.",
    "clean": "Remove what crashed runs left behind.",
    "completion": "Complete commands in bash, zsh or fish.",
}
"""In the order in which a user needs them. Each is the function of the same name in harness/commands/<name>.py."""


class Commands(MutableMapping[str, click.Command]):
    """Command by name; each is imported on first access."""

    def __init__(self) -> None:
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            short_help = COMMANDS[name]
            command: click.Command = getattr(import_module(f"harness.commands.{name}"), name)
            command.short_help = short_help
            self._loaded[name] = command
        return self._loaded[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)

    def __contains__(self, name: object) -> bool:
        return name in COMMANDS


class Group(click.Group):
    """Lists its commands from the table above, in the help and for completion, without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        names = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return names + click.Command.shell_complete(self, ctx, incomplete)


def _print_version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    click.echo(f"foolsgold, version {__version__}")
    click.echo(f"Python {platform.python_version()} on {platform.system()} {platform.release()}, {platform.machine()}")
    context.exit()


@click.group(
    cls=Group,
    commands=Commands(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version. `foolsgold doctor --versions` shows the engines' too.",
)
def cli() -> None:
    """Measure whether the tests of a coding task can tell right from wrong.

    Breaks the reference solution of each task on purpose, runs the task's own tests on every broken variant, and
    reports which of them were paid all the same. NO_COLOR turns colours off.

    \b
    Examples:
      foolsgold demo
      foolsgold init path/to/tasks
      foolsgold check path/to/tasks
      foolsgold audit path/to/tasks
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script: every outcome has its exit code, and only a bug shows a traceback."""
    _stopped.clear()
    _open_streams()
    before = {number: signal.signal(number, _interrupt) for number in _signals()}
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout is sys.__stdout__:
        sys.stdout = _output(sys.stdout)
    code: int
    try:
        with own_scratch(), _called_off():
            _somewhere(sys.argv[1:] if arguments is None else arguments)
            code = int(cli.main(arguments, prog_name="foolsgold", standalone_mode=False) or 0)
            sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        code = ExitCode.USAGE
    except FoolsgoldError as error:
        code = _say(error)
    except (KeyboardInterrupt, click.Abort):
        with suppress(OSError):  # the terminal may be gone
            click.echo("Interrupted.", err=True)
        code = ExitCode.INTERRUPTED
    except Exception as error:
        if isinstance(error, OSError) and error.errno in FULL:
            where = f" with {error.filename}" if error.filename else ", to which it writes,"
            click.echo(f"foolsgold: The disk{where} is full. Make room and start again.", err=True)
            _leave(ExitCode.UNMEASURED)
        known = no_bug(error)
        if known is not None:
            _leave(_say(known))
        traceback.print_exc()
        click.echo("This is a bug in foolsgold; please report it with the lines above.", err=True)
        code = ExitCode.INTERNAL
    try:
        _leave(code)
    finally:  # a caller from Python goes on after this
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)


def _say(error: FoolsgoldError) -> ExitCode:
    try:
        from harness.commands.console import print_error, printer

        print_error(error, printer(sys.stderr))
    except OSError:  # no file can be opened any more
        click.echo(f"foolsgold: {error}", err=True)
    return error.exit_code


def _open_streams() -> None:
    """Where a standard stream is closed, what is written to it goes nowhere; a file that is opened must not get its
    number, and be written to instead."""
    closed = []
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)  # the lowest number that is free
            closed.append(name)
        if getattr(sys, name) is None:
            stream = open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for good
            setattr(sys, name, stream)
    if "stdout" in closed:
        click.echo("foolsgold: Standard output is closed: what would be shown goes nowhere.", err=True)


def _somewhere(arguments: Sequence[str]) -> None:
    """Every path is relative to a folder, which may be gone."""
    try:
        Path.cwd()
    except FileNotFoundError as error:
        if not {"-h", "--help", "--version"}.intersection(arguments) and "_FOOLSGOLD_COMPLETE" not in os.environ:
            raise UsageError(
                "The folder that you are in is not there any more.", hint="Go to one that is, such as with `cd`."
            ) from error


def _signals() -> tuple[signal.Signals, ...]:
    """What asks the program to end; under `nohup` a terminal that goes away does not."""
    hangup = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    return (signal.SIGTERM, signal.SIGINT, *([signal.SIGHUP] if hangup else []))


PATIENCE = 3.0
"""Seconds after the first Ctrl-C from which another one ends the process at once."""
_stopped: list[float] = []
"""The time of the first Ctrl-C."""


class _Output(io.FileIO):
    """Stdout. If the reader has gone, as after `| head`, the rest is dropped and the exit code stays the command's
    own."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), self.fileno())
            if isinstance(error, BrokenPipeError):
                return memoryview(data).nbytes
            raise


def _output(stdout: io.TextIOWrapper) -> io.TextIOWrapper:
    raw = _Output(stdout.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), stdout.encoding, stdout.errors, line_buffering=stdout.line_buffering
    )


def _interrupt(number: int, _frame: FrameType | None) -> None:
    """The first Ctrl-C starts a clean end, which takes a moment; a second one right after it must not interrupt
    that."""
    if number == signal.SIGHUP:
        _forget_the_terminal()
    if not _stopped:
        _stopped.append(time.monotonic())
        raise KeyboardInterrupt
    if time.monotonic() - _stopped[0] > PATIENCE:
        if (progress := sys.modules.get("harness.commands.progress")) is not None:
            progress.give_back()
        os._exit(ExitCode.INTERRUPTED)


def _forget_the_terminal() -> None:
    """It is gone, and whoever writes to it fails: what is still said goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        if os.isatty(descriptor):
            os.dup2(nowhere, descriptor)
    os.close(nowhere)


@contextmanager
def _called_off() -> Iterator[None]:
    """After a Ctrl-C, end the work in threads that cannot be waited for."""
    try:
        yield
    finally:
        if _stopped:
            call_off(0.7)


def _leave(code: int) -> None:
    """Exit at once after an interrupt: a thread may still be waiting for a build that cannot be called off."""
    if code == ExitCode.INTERRUPTED:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
