"""`foolsgold attempts`."""

from __future__ import annotations

import json
import shlex
import sys
from contextlib import closing, nullcontext
from pathlib import Path

import click

from harness.commands.options import Choosing, Flags, choosing_options, setting_options
from harness.commands.paths import AnyPath
from harness.errors import ExitCode


@click.command
@click.argument("paths", nargs=-1, required=True, type=AnyPath())
@click.option(
    "--solutions",
    multiple=True,
    required=True,
    type=AnyPath(),
    metavar="DIR",
    help="A folder or .jsonl file with solutions, in any form that docs/attempts.md names; may be given several times.",
)
@click.option("-o", "--output", type=AnyPath(), help="The folder to write: attempts.json and solutions.jsonl.")
@click.option(
    "--audit",
    "audited",
    type=AnyPath(),
    metavar="RUN",
    help="A finished audit of the same tasks, which says how little of each reference is paid.",
)
@click.option("--resume", is_flag=True, help="Continue the run in the folder; fail if there is none.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of the text.")
@click.option("--no-progress", is_flag=True, help="Show no progress on stderr.")
@setting_options("attempts")
@choosing_options
def attempts(
    paths: tuple[Path, ...],
    solutions: tuple[Path, ...],
    output: Path | None,
    flags: Flags,
    choosing: Choosing,
    audited: Path | None,
    resume: bool,
    as_json: bool,
    no_progress: bool,
) -> int:
    """Judge the tests of the tasks in PATHS by solutions from elsewhere.

    Each runs like a broken variant: what is paid and differs from the reference in something that the instruction
    states is named, and so is what is refused and does not. Recorded trials of Harbor's and Terminal-Bench's are done
    again in a box first; one that does not end where it ended then is told apart. With -o an interrupted run loses
    nothing: the same command with --resume goes on.

    \b
    Examples:
      foolsgold attempts tasks --solutions solutions -o attempts
      foolsgold attempts tasks --solutions solutions -o attempts --resume
      foolsgold attempts tasks/my-task --solutions jobs/2026-11-30 -o attempts
      foolsgold attempts tasks --solutions candidates.jsonl --json
    """
    from harness.attempts.run import must_fit, run_attempts, run_folder, targets_of, write_run
    from harness.attempts.told import told
    from harness.commands.console import print_warnings, printer
    from harness.commands.progress import progress
    from harness.settings.meaning import as_set

    must_fit(output, resume=resume)
    in_force = flags.in_force(paths)
    tasks = [as_set(task, in_force) for task in choosing.tasks(paths, in_force)]
    found, others = targets_of(tasks, solutions)
    print_warnings([target.task for target in found], printer(sys.stderr))
    kept = run_folder(output, found) if output is not None else nullcontext()
    with kept as memory, closing(progress("attempting", len(found), show=not no_progress)) as watcher:
        made = run_attempts(
            found, in_force, watcher.doing, places=solutions, other_tasks=others, memory=memory, audit=audited
        )
        if output is not None:
            write_run(output, made)
    click.echo(json.dumps(made, indent=2) if as_json else told(made, output))
    say_bugs(made)
    if made["unfinished"] and output is not None:
        given = [word for place in solutions for word in ("--solutions", str(place))]
        given += ["--audit", str(audited)] if audited is not None else []
        words = ["attempts", *map(str, paths), *given, *flags.words(), *choosing.words(), "-o", str(output), "--resume"]
        click.echo(f"\nAll trials so far are kept. Continue with\n{shlex.join(['foolsgold', *words])}", err=True)
    return ExitCode(made["exit_code"])


def say_bugs(made: dict[str, object]) -> None:
    tasks = made["tasks"]
    assert isinstance(tasks, list)
    broken = [task["internal_error"] for task in tasks if task["internal_error"]]
    if broken:
        click.echo(f"{broken[0]}\nThis is a bug in foolsgold; please report it with the lines above.", err=True)
