"""The command line: a thin face over what Python can call."""

from __future__ import annotations

import errno
import io
import json
import os
import shlex
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import click

from harness.check import CheckRun, run_check
from harness.commands.audit import audit, repro, show
from harness.commands.completion import completion
from harness.commands.config import config
from harness.commands.console import print_check, print_error, print_warnings, printer
from harness.commands.demo import demo
from harness.commands.gate import baseline, gate
from harness.commands.init import init
from harness.commands.mutants import mutants, operators
from harness.commands.options import Flags, setting_options
from harness.commands.progress import give_back, progress
from harness.commands.report import compare, report
from harness.engine.choose import ENGINES, call_off, make_engine
from harness.engine.contract import EngineOptions
from harness.engine.leftovers import own_scratch
from harness.errors import ExitCode, FoolsgoldError
from harness.report.check import check_json
from harness.settings.file import as_told, control_settings, one, table, told_json
from harness.task.discover import discover


class Group(click.Group):
    """Shows commands in the order in which a user meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


def _print_versions(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from harness.machine.versions import versions

    click.echo(versions())
    context.exit()


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_versions,
    help="Show the version, and those of the engines.",
)
def cli() -> None:
    """Measure whether the tests of a coding task can tell right from wrong.

    Breaks the reference solution of each task on purpose, runs the task's own tests on every broken variant, and says
    which of them were paid all the same. Colours are left out where NO_COLOR is set.

    \b
    Examples:
      foolsgold demo
      foolsgold init path/to/tasks
      foolsgold check path/to/tasks
      foolsgold audit path/to/tasks
    """


@cli.command(short_help="Are the tasks sound: reference paid, nothing else?")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@setting_options("check")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of the table.")
@click.option("--no-progress", is_flag=True, help="Show no progress on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no table: only what is not good, and the sum.")
def check(paths: tuple[Path, ...], flags: Flags, as_json: bool, no_progress: bool, quiet: bool) -> int:
    """Run the controls of every task in PATHS.

    The reference must be paid in full, every time; doing nothing, and a solution that exits at once, must not be paid.

    \b
    Examples:
      foolsgold check tasks/my-task
      foolsgold check tasks --engine bwrap --repeat 5 --jobs 4
      foolsgold check tasks --json > check.json
    """
    told = flags.in_force(paths)
    values = told.run()
    tasks = [as_told(task, told) for task in discover(list(paths))]
    settings = control_settings(values)
    again = flags.words()
    if not quiet:
        print_warnings(tasks, printer(sys.stderr))
    with make_engine(one(values, "engine"), EngineOptions(images=table(values, "image"))) as engine:
        told_so_far = progress("checking", len(tasks), show=not (no_progress or quiet))
        try:
            run = run_check(
                engine,
                tasks,
                settings,
                jobs=one(values, "jobs") or os.cpu_count() or 1,
                watcher=told_so_far,
                command=lambda task: shlex.join(["foolsgold", "check", str(task.path), *again]),
                options={
                    "engine": one(values, "engine"),
                    "images": [f"{name}={base}" for name, base in table(values, "image").items()],
                    "repeat": settings.repeat,
                    "network": settings.network,
                    "timeout_factor": settings.timeout_factor,
                    **told_json(told, tasks, "check"),
                },
                settings_of=lambda task: control_settings(told.task(task.name, task.path)),
            )
        finally:
            told_so_far.close()
        if as_json:
            click.echo(json.dumps(check_json(run), indent=2, ensure_ascii=True, allow_nan=False))
        else:
            print_check(run, printer(), quiet=quiet)
        if run.unfinished:
            _say_how_to_go_on(run, again)
    return run.exit_code


def _say_how_to_go_on(run: CheckRun, again: Sequence[str]) -> None:
    left = shlex.join([str(task.path) for task in run.unfinished])
    done = len(run.checked)
    click.echo(
        f"\nInterrupted: {done} of {done + len(run.unfinished)} tasks were checked and are shown above. To check the "
        f"rest:\nfoolsgold check {left} {shlex.join(again)}".rstrip(),
        err=True,
    )


@cli.command(short_help="Which engine works here, and what is missing.")
@setting_options("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of the table.")
def doctor(flags: Flags, as_json: bool) -> int:
    """Say which engine will be used and why, what is missing, and prove that the engine keeps its contract.

    What is missing comes with the command that installs it.

    \b
    Examples:
      foolsgold doctor
      foolsgold doctor --engine bwrap --image '*=host'
    """
    from harness.machine.advice import advise
    from harness.machine.doctor import doctor_json, examine, print_doctor
    from harness.machine.facts import facts

    values = flags.in_force().run()
    options = EngineOptions(images=table(values, "image"))
    found = replace(examine(one(values, "engine"), options), advice=advise(facts(options)))
    if as_json:
        click.echo(json.dumps(doctor_json(found), indent=2))
    else:
        print_doctor(found, printer())
    return found.exit_code


@cli.command(short_help="Remove what crashed runs left behind.")
@setting_options("clean")
@click.option("--all", "everything", is_flag=True, help="Caches and images too, not only leftovers of crashed runs.")
def clean(flags: Flags, everything: bool) -> int:
    """Remove what crashed runs left behind.

    Boxes die with the process that made them; control groups, folders and containers may outlive a kill.

    \b
    Examples:
      foolsgold clean
      foolsgold clean --engine docker --all
    """
    from harness.machine.doctor import usable_engines

    values = flags.in_force().run()
    engine_name, options = one(values, "engine"), EngineOptions(images=table(values, "image"))
    removed: list[str] = []
    for name in ENGINES[1:] if engine_name == "auto" else (engine_name,):
        for engine in usable_engines([name], options, must=engine_name != "auto"):
            removed += [f"{engine.name}: {what}" for what in engine.clean(everything=everything)]
    for line in removed:
        click.echo(line)
    count = sum(not line.partition(": ")[2].startswith("kept ") for line in removed)
    click.echo(f"{count} thing{'' if count == 1 else 's'} removed.", err=True)
    return ExitCode.OK


for command in (
    demo, init, doctor, check, audit, show, repro, report, compare, gate, baseline, config, mutants, operators, clean,
    completion,
):  # fmt: skip
    cli.commands.pop(command.name or "", None)
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script: every end has its exit code, and no error shows a traceback that is not a bug."""
    _stopped.clear()
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGTERM, signal.SIGINT)}
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout is sys.__stdout__:
        sys.stdout = _output(sys.stdout)
    code: int
    try:
        with own_scratch(), _called_off():
            code = int(cli.main(arguments, prog_name="foolsgold", standalone_mode=False) or 0)
            sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        code = ExitCode.USAGE
    except FoolsgoldError as error:
        print_error(error, printer(sys.stderr))
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted.", err=True)
        code = ExitCode.INTERRUPTED
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            where = f" with {error.filename}" if error.filename else ", to which it writes,"
            click.echo(f"foolsgold: The disk{where} is full. Make room and start again.", err=True)
            _leave(ExitCode.UNMEASURED)
        traceback.print_exc()
        click.echo("This is a bug in foolsgold; please report it with the lines above.", err=True)
        code = ExitCode.INTERNAL
    try:
        _leave(code)
    finally:  # whoever called this from Python goes on
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)


PATIENCE = 3.0
"""Seconds after which another Ctrl-C ends it at once, whatever is left."""
_stopped: list[float] = []
"""When the user stopped it."""


class _Output(io.FileIO):
    """Where the reader went away, as `| head` does, the rest goes nowhere and the exit code stays the command's own."""

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


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """The first begins the end, which takes a moment; impatience must not keep it from tidying up."""
    if not _stopped:
        _stopped.append(time.monotonic())
        raise KeyboardInterrupt
    if time.monotonic() - _stopped[0] > PATIENCE:
        give_back()
        os._exit(ExitCode.INTERRUPTED)


@contextmanager
def _called_off() -> Iterator[None]:
    """Where the user stopped it, nothing goes on in threads that nobody can wait for."""
    try:
        yield
    finally:
        if _stopped:
            call_off(0.7)


def _leave(code: int) -> None:
    """Exit at once after an interrupt: a thread may still be waiting for a build that cannot be called off."""
    if code == ExitCode.INTERRUPTED:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
