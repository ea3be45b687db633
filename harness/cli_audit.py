"""`foolsgold audit`, `show` and `repro`."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from pathlib import Path
from typing import Any

import click

from harness.audit import Audited, AuditRun, AuditSettings
from harness.audit import audit as run_audit
from harness.cli_options import engine_options, read_images
from harness.console import AuditBar
from harness.controls import ControlSettings
from harness.engine.choose import make_engine
from harness.engine.contract import EngineOptions
from harness.errors import ExitCode, UsageError
from harness.mutants import Wish, solution_files
from harness.network import MODES
from harness.outcome import Outcome
from harness.report.document import document
from harness.report.read import REPORT, find_mutant, read_report
from harness.report.terminal import terminal
from harness.report.untrusted import shown, visible
from harness.store import Store, is_run
from harness.strength import Verdict
from harness.task.discover import discover
from harness.task.model import Task, Unusable
from mutator.model import ByteEdit, apply_bytes

DEPTHS = {"quick": 20, "standard": 60, "deep": 250}


class _Quiet:
    def doing(self, task: str, what: str) -> None:
        pass

    def planned(self, task: str, mutants: int) -> None:
        pass

    def tried(self, task: str, outcome: Outcome) -> None:
        pass

    def done(self, audited: Audited) -> None:
        pass


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@engine_options
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("foolsgold-run"),
    show_default=True,
    help="The run folder: results, and where to go on.",
)
@click.option(
    "--depth",
    type=click.Choice(list(DEPTHS)),
    default="standard",
    show_default=True,
    help="How many mutants a task gets: 20, 60 or 250.",
)
@click.option("--budget", type=click.IntRange(min=1), default=None, help="How many mutants a task gets, exactly.")
@click.option("--seed", type=int, default=0, show_default=True, help="Breaks ties between mutants worth the same.")
@click.option("--operator", "operators", multiple=True, metavar="ID", help="Only this operator or family of operators.")
@click.option("--fault", "faults", multiple=True, metavar="CLASS", help="Only this fault class.")
@click.option("--repeat", type=click.IntRange(1, 100), default=3, show_default=True, help="Runs of the reference.")
@click.option(
    "--jobs", "-j", type=click.IntRange(1, 256), default=None, help="Trials at once. [default: the number of cores]"
)
@click.option("--network", type=click.Choice(MODES), default="auto", show_default=True, help="As for check.")
@click.option(
    "--timeout-factor",
    type=click.FloatRange(0.01, 1000),
    default=1.0,
    show_default=True,
    help="Times the tasks' own time limits.",
)
@click.option("--resume", is_flag=True, help="Go on with the run in the run folder.")
@click.option("--fresh", is_flag=True, help="Forget what the run folder holds and start anew.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON instead of the tables.")
@click.option("--no-progress", is_flag=True, help="Show no progress on stderr.")
def audit(
    paths: tuple[Path, ...],
    engine_name: str,
    images: tuple[str, ...],
    folder: Path,
    depth: str,
    budget: int | None,
    seed: int,
    operators: tuple[str, ...],
    faults: tuple[str, ...],
    repeat: int,
    jobs: int | None,
    network: str,
    timeout_factor: float,
    resume: bool,
    fresh: bool,
    as_json: bool,
    no_progress: bool,
) -> int:
    """Break every task's reference solution on purpose and see which broken variants its tests still pay.

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
    tasks = discover(list(paths))
    wish = Wish(
        frozenset(operators), frozenset(faults), budget=budget if budget is not None else DEPTHS[depth], seed=seed
    )
    settings = AuditSettings(ControlSettings(repeat, network, timeout_factor), wish)
    options = {
        "engine": engine_name,
        "images": list(images),
        "depth": depth,
        "budget": wish.budget,
        "seed": seed,
        "operators": list(operators),
        "faults": list(faults),
        "repeat": repeat,
        "network": network,
        "timeout_factor": timeout_factor,
    }
    with Store(folder) as store, make_engine(engine_name, EngineOptions(images=read_images(images))) as engine:
        if fresh:
            store.forget()
        store.set_meta({"options": options})
        bar = None if no_progress else AuditBar(len(tasks))
        try:
            run = run_audit(
                engine,
                tasks,
                settings,
                store,
                jobs=jobs or os.cpu_count() or 1,
                watcher=bar or _Quiet(),
                command=lambda task: shlex.join(["foolsgold", "audit", str(task.path)]),
                options=options,
            )
        finally:
            if bar is not None:
                bar.close()
    report = document(run, str(folder))
    text = json.dumps(report, indent=2, ensure_ascii=True, allow_nan=False)
    _write(folder / REPORT, text)
    click.echo(text if as_json else terminal(report))
    if run.unfinished:
        words = ["foolsgold", "audit", *map(str, paths), "-o", str(folder), "--resume"]
        click.echo(f"\nInterrupted: what was done is kept. Go on with\n{shlex.join(words)}", err=True)
    return exit_code(run)


def exit_code(run: AuditRun) -> ExitCode:
    """The first that applies of: interrupted, internal error, below the bar, unmeasured, good."""
    if run.unfinished:
        return ExitCode.INTERRUPTED
    if any(one.internal for one in run.audited):
        return ExitCode.INTERNAL
    verdicts = {one.verdict for one in run.audited}
    if verdicts - {Verdict.STRONG, Verdict.ADEQUATE, Verdict.UNMEASURED}:
        return ExitCode.BELOW_BAR
    return ExitCode.UNMEASURED if Verdict.UNMEASURED in verdicts else ExitCode.OK


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(path)


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("mutant")
def show(run: Path, mutant: str) -> int:
    """Show one mutant of a run: its change, what it breaks, and what the tests said.

    \b
    Example:
      foolsgold show foolsgold-run 9ade5e163a
    """
    task, found = find_mutant(read_report(run), mutant)
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
    lines += ["", shown(found["diff"]), "", visible(found["repro"])]
    click.echo("\n".join(lines))
    return ExitCode.OK


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("mutant")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The task folder to write.")
def repro(run: Path, mutant: str, output: Path) -> int:
    """Write a complete task folder whose solution is the mutant, for any runner of the format to run.

    \b
    Example:
      foolsgold repro foolsgold-run 9ade5e163a -o repro
    """
    entry, found = find_mutant(read_report(run), mutant)
    if output.exists():
        raise UsageError(f"{output} is there already.", hint="Name a folder that does not exist.")
    [task] = discover([Path(entry["path"])])
    if isinstance(task, Unusable):
        raise UsageError(f"{entry['path']} is no usable task any more: {task.problems[0].message}")
    if task.digest != entry["digest"]:
        raise UsageError(
            f"{entry['path']} has changed since the run, so the mutant may not fit.", hint="Audit it again."
        )
    write_repro(task, found, output)
    click.echo(f"{output}: {visible(found['sentence'])}")
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
