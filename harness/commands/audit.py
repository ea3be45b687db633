"""`foolsgold audit`, `show` and `repro`."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from harness.commands.console import print_warnings, printer
from harness.commands.gate import gate_terms
from harness.commands.options import Flags, setting_options
from harness.commands.probes import find_probe, read_again, show_probe, write_probe
from harness.commands.progress import progress
from harness.engine.choose import make_engine
from harness.engine.contract import EngineOptions
from harness.errors import ExitCode, UsageError
from harness.lab.store import Store, is_run
from harness.mutants import solution_files
from harness.report.gate import gate_text
from harness.report.html import render
from harness.report.json_stream import report_json
from harness.report.kept import audit_and_keep
from harness.report.read import REPORT, find_mutant, read_report
from harness.report.terminal import terminal
from harness.report.whole import whole
from harness.settings.file import (
    InForce,
    Values,
    as_told,
    control_settings,
    one,
    probes,
    table,
    thresholds,
    told_json,
    wish,
)
from harness.stages.result import AuditSettings
from harness.task.discover import discover
from harness.task.model import Task, Unusable
from harness.untrusted import shown, visible
from mutator.model import ByteEdit, apply_bytes

PAGE = "report.html"


@click.command(short_help="The main job: which broken variants are paid?")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@setting_options("audit")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("foolsgold-run"),
    show_default=True,
    help="The run folder: results, and where to go on.",
)
@click.option("--resume", is_flag=True, help="Go on with the run in the run folder.")
@click.option("--fresh", is_flag=True, help="Forget what the run folder holds and start anew.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON instead of the tables.")
@click.option("--no-progress", is_flag=True, help="Show no progress on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no tables: only what the gate says.")
def audit(
    paths: tuple[Path, ...],
    flags: Flags,
    folder: Path,
    resume: bool,
    fresh: bool,
    as_json: bool,
    no_progress: bool,
    quiet: bool,
) -> int:
    """Break every task's reference solution on purpose and see which broken variants its tests still pay.

    Runs the controls, then each variant in a box of its own, and confirms what was paid. Ends with a verdict for each
    task, with findings, and with report.html in the run folder. Ctrl-C loses nothing: the same command goes on.

    \b
    Examples:
      foolsgold audit tasks/my-task
      foolsgold audit tasks --engine bwrap --depth quick -o runs/today
      foolsgold audit tasks -o runs/today --resume
    """
    if resume and fresh:
        raise UsageError("--resume and --fresh say the opposite.", hint="Give one of them, or none.")
    if resume and not is_run(folder):
        raise UsageError(f"There is no run in {folder} to go on with.", hint="Leave --resume out to start one.")
    told = flags.in_force(paths)
    terms = gate_terms(told)
    tasks = [as_told(task, told) for task in discover(list(paths))]
    if not quiet:
        print_warnings(tasks, printer(sys.stderr))
    shows = not (no_progress or quiet)
    report, text = audit_into(folder, tasks, told, again=flags.words(), fresh=fresh, shows=shows)
    found = terms.judge(report)
    if as_json:
        click.echo(text)
        click.echo(gate_text(found), err=True)
    else:
        said = gate_text(found)
        click.echo(said if quiet else terminal(report, gate=said))
    if report["unfinished"]:
        words = ["foolsgold", "audit", *map(str, paths), *flags.words(), "-o", str(folder), "--resume"]
        click.echo(f"\nInterrupted: what was done is kept. Go on with\n{shlex.join(words)}", err=True)
    return found.exit_code


def audit_into(
    folder: Path,
    tasks: Sequence[Task | Unusable],
    told: InForce,
    *,
    again: Sequence[str] = (),
    fresh: bool = False,
    shows: bool = True,
) -> tuple[dict[str, Any], str]:
    """Audit the tasks into a run folder, with its reports; gives the report, and that as JSON text.

    `again` are the flags that a command to audit one of the tasks again needs."""
    values = told.run()
    settings = audit_settings(values)
    each = {task.name: audit_settings(told.task(task.name, task.path)) for task in tasks}
    options = {
        "engine": one(values, "engine"),
        "images": [f"{name}={base}" for name, base in table(values, "image").items()],
        "depth": one(values, "depth"),
        "budget": settings.wish.budget,
        "seed": settings.wish.seed,
        "operators": sorted(settings.wish.operators),
        "skipped_operators": sorted(settings.wish.skipped_operators),
        "faults": sorted(settings.wish.faults),
        "skipped_faults": sorted(settings.wish.skipped_faults),
        "sources": sorted(settings.wish.sources),
        "probes": sorted(settings.probes),
        "repeat": settings.controls.repeat,
        "network": settings.controls.network,
        "timeout_factor": settings.controls.timeout_factor,
        **told_json(told, tasks, "audit"),
    }

    def command(task: Task | Unusable) -> str:
        return shlex.join(["foolsgold", "audit", str(task.path), *again])

    engine_options = EngineOptions(images=table(values, "image"), hidden=(folder,))
    with Store(folder) as store, make_engine(one(values, "engine"), engine_options) as engine:
        if fresh:
            store.forget()
        told_so_far = progress("auditing", len(tasks), show=shows)
        try:
            audit_and_keep(
                engine,
                tasks,
                settings,
                store,
                jobs=one(values, "jobs") or os.cpu_count() or 1,
                watcher=told_so_far,
                command=command,
                options=options,
                settings_of=lambda task: each[task.name],
            )
        finally:
            told_so_far.close()
    report = read_report(folder)
    text = "".join(report_json(report))
    _write(folder / REPORT, text)
    render(report, folder / PAGE)
    return report, text


def audit_settings(values: Values) -> AuditSettings:
    quick = one(values, "depth") == "quick"
    return AuditSettings(
        control_settings(values), wish(values), thresholds(values), first_failure=quick, probes=probes(values)
    )


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(path)


@click.command(short_help="Show one broken variant, and what the tests said.")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("mutant")
def show(run: Path, mutant: str) -> int:
    """Show one mutant or probe of a run: its change, what it breaks, and what the tests said.

    MUTANT is the id that the report shows, or the beginning of it; with the task's name before it where several tasks
    share it.

    \b
    Examples:
      foolsgold show foolsgold-run 9ade5e163a
      foolsgold show foolsgold-run forge/planted-reward-json
    """
    with whole(run):
        click.echo(_shown(read_report(run), mutant))
    return ExitCode.OK


def _shown(report: dict[str, Any], name: str) -> str:
    probe = find_probe(report, name)
    if probe is not None:
        return show_probe(probe)
    task, found = find_mutant(report, name)
    place = f"{visible(found['path'])}:{found['line']}"
    lines = [
        f"{visible(found['ref'])}: {visible(found['sentence'])}",
        f"task {visible(task['name'])}, {place}, {found['operator']} ({found['fault']})",
        f"outcome: {found['outcome']}" + (f" ({visible(found['why'])})" if found["why"] else ""),
    ]
    if found["requirement"]:
        lines.append(
            f"the instruction says, line {found['requirement']['line']}: {visible(found['requirement']['text'])}"
        )
    for number, trial in enumerate(found["runs"], start=1):
        paid = trial["rewards"] if trial["rewards"] is not None else trial["problem"]
        lines.append(f"run {number}: {visible(str(paid))}, {trial['seconds']:.2f} s")
    if found["killed_by"]:
        lines.append("failed: " + ", ".join(visible(name) for name in found["killed_by"]))
    if passed := _passed(task, found):
        lines.append(f"passed over it: {', '.join(visible(name) for name in passed)}")
    lines += ["", shown(found["diff"]), "", visible(found["repro"])]
    return "\n".join(lines)


def _passed(task: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """The tests that ran on it and noticed nothing; none where the verifier reports no single tests."""
    told = found["runs"][0]["tests"] if found["runs"] else None
    return [name for name, letter in zip(task["tests"], told, strict=True) if letter == "P"] if told else []


@click.command(short_help="Write one as a task that any runner can run.")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("mutant")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The task folder to write.")
def repro(run: Path, mutant: str, output: Path) -> int:
    """Write a complete task folder whose solution is the mutant or the probe, for any runner of the format to run.

    It is the task as it is on disk now, with the changed file in the place of the real one. The task's own folder stays
    as it is.

    \b
    Examples:
      foolsgold repro foolsgold-run 9ade5e163a -o repro
      foolsgold repro foolsgold-run forge/planted-reward-json -o cheat
    """
    with whole(run):
        report = read_report(run)
        if output.exists():
            raise UsageError(f"{output} is there already.", hint="Name a folder that does not exist.")
        probe = find_probe(report, mutant)
        if probe is not None:
            said = write_probe(probe, output)
        else:
            entry, found = find_mutant(report, mutant)
            write_repro(read_again(entry), found, output)
            said = found["sentence"]
    click.echo(f"{output}: {visible(said)}")
    click.echo(f"foolsgold check {shlex.quote(str(output))}")
    return ExitCode.OK


def write_repro(task: Task, found: dict[str, Any], output: Path) -> None:
    """The task's folder with the mutated file in the place of the real one."""
    step = next(step for step in task.steps if step.name == found["step"])
    assert step.solution is not None
    mutated = mutate_again(task, found)
    shutil.copytree(task.path, output, symlinks=True)
    target = output / (step.solution.folder / found["file"]).relative_to(task.path)
    target.write_bytes(mutated)


def mutate_again(task: Task, found: dict[str, Any]) -> bytes:
    """The mutated file, from the mutant's byte edits."""
    step = next(step for step in task.steps if step.name == found["step"])
    assert step.solution is not None
    data = solution_files(step.solution)[found["file"]]
    edits = tuple(ByteEdit(edit["start"], edit["end"], bytes.fromhex(edit["new"])) for edit in found["edits"])
    return apply_bytes(data, edits)
