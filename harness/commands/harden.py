"""`foolsgold harden`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from harness.commands.options import Flags, setting_options
from harness.commands.paths import AnyPath
from harness.errors import ExitCode, UsageError


@click.command
@click.argument("run", type=AnyPath())
@click.option("-o", "--output", type=AnyPath(), help="The folder to write: whole tasks, patches and harden.json.")
@click.option("--task", "tasks", multiple=True, metavar="NAME", help="Only this task; may be given several times.")
@click.option(
    "--right",
    "rights",
    multiple=True,
    type=AnyPath(),
    metavar="DIR",
    help="A right solution by other means, which no new test may refuse: a solution folder, DIR/TASK for each task, or "
    "what `foolsgold attempts -o` wrote, of which those count that are labelled right and were paid.",
)
@click.option(
    "--times", default=5, show_default=True, type=click.IntRange(1, 100), help="Runs of the reference as proof."
)
@click.option("--budget", type=click.IntRange(20), help="The most trials of a task. [default: what its audit took]")
@click.option("--pins-unstated", is_flag=True, help="Keep tests that pin what the instruction does not state.")
@click.option("--check", is_flag=True, help="Run the hardened tasks' controls only, in place of their audit.")
@click.option("--no-audit", is_flag=True, help="Do not audit the hardened tasks again.")
@click.option("--dry-run", is_flag=True, help="Show the new tests and write nothing.")
@click.option("--in-place", is_flag=True, help="Write the new tests into the tasks' own folders, too.")
@click.option("--no-progress", is_flag=True, help="Show no progress on stderr.")
@setting_options("harden")
def harden(run: Path, output: Path | None, flags: Flags, no_progress: bool, **given: Any) -> int:
    """Write the tests that a finished audit shows to be missing, each proven.

    For each task of which something wrong was paid: new tests that catch it, as a whole task folder and as a patch for
    `git apply`. A test is kept if it passes on the reference every time, on every right variant and on every solution
    that --right names, and fails on what was paid wrongly. The tasks' own folders stay as they are. After an
    interruption the same command goes on where it was.

    \b
    Examples:
      foolsgold harden foolsgold-run -o hardened
      foolsgold harden foolsgold-run -o hardened --right other-solutions
      foolsgold harden foolsgold-run --dry-run
    """
    from harness.commands.progress import progress
    from harness.harden.run import HardenWish, after, harden_targets, settings_of, targets, write_document
    from harness.harden.told import told, told_test
    from harness.report.read import read_report
    from harness.report.whole import whole

    _must_go_together(given)
    _must_be_new(output, dry_run=given["dry_run"])
    with whole(run):
        report = read_report(run)
        _must_have_ended(report)
        in_force = settings_of(report, flags.values)
        asked = HardenWish(
            output or Path(),
            given["tasks"],
            given["rights"],
            given["times"],
            given["budget"],
            given["pins_unstated"],
            _after(given),
            given["dry_run"],
            given["in_place"],
        )
        found = targets(report, asked, in_force.run())
    if not asked.dry_run:
        asked.output.mkdir(parents=True, exist_ok=True)
    with closing(progress("hardening", len(found), show=not no_progress)) as watcher:
        done, ended = harden_targets(found, asked, in_force, watcher.doing)
    if not ended:
        click.echo(_interrupted(len(done), len(found), dry_run=asked.dry_run), err=True)
        return ExitCode.INTERRUPTED
    again = after(found, done, asked, in_force)
    folder = None if asked.dry_run else asked.output
    made = write_document(report, found, done, again, folder)
    if asked.dry_run:
        _show_tests(made, told_test)
    click.echo(told(made, folder))
    return _exit_code(made)


_APART = (("check", "no_audit"), ("check", "dry_run"), ("in_place", "dry_run"))
"""Flags of which one asks for what the other leaves out."""


def _must_go_together(given: Mapping[str, Any]) -> None:
    for one, other in _APART:
        if given[one] and given[other]:
            words = " and ".join(f"--{name.replace('_', '-')}" for name in (one, other))
            raise UsageError(f"{words} do not go together.", hint="Leave one of them out.")


def _must_be_new(output: Path | None, *, dry_run: bool) -> None:
    from harness.harden.remembering import is_unfinished

    if output is None and not dry_run:
        raise UsageError("No folder to write to is named.", hint="Name a new folder with -o, or give --dry-run.")
    if output is not None and output.exists() and not is_unfinished(output):
        raise UsageError(f"{output} is there already.", hint="Name a folder that does not exist.")


def _interrupted(done: int, tasks: int, *, dry_run: bool) -> str:
    said = f"Interrupted when {done} of {tasks} tasks were done"
    if dry_run:
        return f"{said}; of --dry-run nothing is kept."
    return f"{said}. The same command goes on from here: every trial that has ended is kept."


def _must_have_ended(report: Mapping[str, Any]) -> None:
    left = len(report["unfinished"])
    if left and not any(True for _ in report["tasks"]):
        raise UsageError("No task of this run has ended.", hint="`foolsgold audit ... --resume` finishes it.")
    if left:
        click.echo(f"{left} unfinished tasks of the run are left out.", err=True)


def _after(given: Mapping[str, Any]) -> Any:
    from harness.harden.run import After

    if given["no_audit"] or given["dry_run"]:
        return After.NOTHING
    return After.CHECK if given["check"] else After.AUDIT


def _exit_code(made: Mapping[str, Any]) -> ExitCode:
    broken = [task["internal_error"] for task in made["tasks"] if task["internal_error"]]
    if not broken:
        return ExitCode.OK
    click.echo(f"{broken[0]}\nThis is a bug in foolsgold; please report it with the lines above.", err=True)
    return ExitCode.INTERNAL


def _show_tests(made: Mapping[str, Any], told_test: Any) -> None:
    for task in made["tasks"]:
        for test in task["tests"]:
            click.echo(told_test(task, test), nl=False)
    sys.stdout.flush()
