"""`foolsgold audit`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.commands.options import Choosing, Flags, choosing_options, setting_options
from harness.commands.paths import AnyPath
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.dataset.select import Chosen
    from harness.settings.in_force import InForce
    from harness.stages.result import ProposedFor


@click.command
@click.argument("paths", nargs=-1, required=True, type=AnyPath())
@setting_options("audit")
@choosing_options
@click.option(
    "-o",
    "--output",
    "folder",
    type=AnyPath(),
    default=Path("foolsgold-run"),
    show_default=True,
    help="The run folder: holds the results, and lets an audit continue.",
)
@click.option(
    "--mutate-with",
    "proposed",
    multiple=True,
    type=AnyPath(),
    metavar="FOLDER|FILE",
    help="Run the wrong variants in it, too, such as a model's that `foolsgold propose` wrote. No model is asked here. "
    "May be given several times.",
)
@click.option("--resume", is_flag=True, help="Continue the run in the run folder; fail if there is none.")
@click.option("--fresh", is_flag=True, help="Delete what is in the run folder and start again.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON instead of the tables.")
@click.option("--no-progress", is_flag=True, help="Show no progress on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no tables: only the result of the gate.")
@click.option("--timings", is_flag=True, help="Say as well where each task's time went.")
@click.option("--verbose", is_flag=True, help="End with every finding and its evidence, not with one screen.")
def audit(
    paths: tuple[Path, ...],
    flags: Flags,
    choosing: Choosing,
    folder: Path,
    proposed: tuple[Path, ...],
    resume: bool,
    fresh: bool,
    as_json: bool,
    no_progress: bool,
    quiet: bool,
    timings: bool,
    verbose: bool,
) -> int:
    """Break every task's reference solution on purpose and see which broken variants are paid all the same.

    Runs the controls, then each variant in a box of its own, and confirms what was paid. Ends with a verdict for each
    task, with findings, and with report.html in the run folder. Ctrl-C loses nothing: the same command continues.

    \b
    Examples:
      foolsgold audit tasks/my-task
      foolsgold audit tasks --engine bwrap --depth quick -o runs/today
      foolsgold audit tasks -o runs/today --resume
      foolsgold audit data/*.parquet --sample 200 --by source --seed 7
      foolsgold audit tasks --mutate-with proposed
    """
    from harness.attempts.variants import read_variants
    from harness.commands.console import print_warnings, printer
    from harness.report.gate import gate_text
    from harness.settings.meaning import as_set
    from harness.settings.terms import gate_terms

    if resume:
        _check_run(folder, fresh=fresh)
    in_force = flags.in_force(paths)
    terms = gate_terms(in_force)
    tasks = choosing.tasks(paths, in_force).each(lambda task: as_set(task, in_force))
    if not quiet:
        print_warnings(tasks, printer(sys.stderr))
    again = [*flags.words(), *_words(proposed)]
    variants = read_variants([task.name for task in tasks], proposed) if proposed else None
    if variants is not None and variants.others and not quiet:
        click.echo(f"{variants.others} of the proposed variants are of other tasks than these.", err=True)
    report = _audited(folder, tasks, in_force, again, variants, fresh=fresh, show=not (no_progress or quiet))
    judged = terms.judge(report)
    verdict = gate_text(judged)
    _echo(report, verdict, as_json=as_json, quiet=quiet, verbose=verbose)
    if timings:
        _echo_timings(report, err=as_json)
    if report["unfinished"]:
        words = ["foolsgold", "audit", *map(str, paths), *again, *choosing.words(), "-o", report["run"], "--resume"]
        click.echo(f"\nInterrupted. All results so far are kept. Continue with\n{shlex.join(words)}", err=True)
    return judged.exit_code


def _audited(
    folder: Path,
    tasks: Chosen,
    in_force: InForce,
    flags: Sequence[str],
    proposed: ProposedFor | None,
    *,
    fresh: bool,
    show: bool,
) -> dict[str, Any]:
    from harness.commands.progress import progress
    from harness.runs import audit_tasks

    told: list[str] = []
    with closing(progress("auditing", len(tasks), show=show)) as watcher:
        report = audit_tasks(
            folder,
            tasks,
            in_force,
            flags=flags,
            fresh=fresh,
            watcher=watcher,
            nodes=watcher.nodes,
            tell=told.append,
            proposed=proposed,
        )
    click.echo("".join(f"{line}\n" for line in told), nl=False, err=True)
    return report


def _echo(report: Mapping[str, Any], verdict: str, *, as_json: bool, quiet: bool, verbose: bool) -> None:
    if as_json:
        _echo_json(report)
        click.echo(verdict, err=True)
    else:
        click.echo(verdict if quiet else _ending(report, verdict, verbose=verbose))


def _words(proposed: tuple[Path, ...]) -> list[str]:
    return [word for place in proposed for word in ("--mutate-with", str(place))]


def _check_run(folder: Path, *, fresh: bool) -> None:
    """That there is one to continue."""
    from harness.lab.store import is_run

    if fresh:
        raise UsageError("--resume and --fresh contradict each other.", hint="Give one of them, or none.")
    if not is_run(folder):
        raise UsageError(f"There is no run in {folder} to continue.", hint="Leave --resume out to start one.")


def _echo_json(report: Mapping[str, Any]) -> None:
    from harness.report.formats import gathered
    from harness.report.json_stream import report_json

    for data in gathered(report_json(report)):
        click.echo(data, nl=False)


def _ending(report: Mapping[str, Any], verdict: str, *, verbose: bool) -> str:
    from harness.report.terminal import terminal
    from harness.report.verbose import verbose as long_form

    return (long_form if verbose else terminal)(report, gate=verdict)


def _echo_timings(report: Mapping[str, Any], *, err: bool) -> None:
    from harness.report.timings import timings_table

    click.echo(timings_table(report), err=err)
