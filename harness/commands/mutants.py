"""`foolsgold mutants`: lists what an audit would break, and how, without running anything."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.commands.options import Choosing, Flags, choosing_options, setting_options
from harness.commands.paths import AnyPath
from harness.errors import UsageError
from harness.settings.in_force import one

if TYPE_CHECKING:
    from harness.mutants import StepMutants
    from harness.task.model import Task, Unusable
    from mutator.worth import Chosen

SCHEMA = "foolsgold.mutants/1"


@click.command
@click.argument("paths", nargs=-1, required=True, type=AnyPath())
@setting_options("mutants")
@choosing_options
@click.option("--all", "everything", is_flag=True, help="Every distinct mutant, whatever it is worth.")
@click.option("--diff", "with_diff", is_flag=True, help="Show the change of each mutant.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON to standard output.")
def mutants(
    paths: tuple[Path, ...],
    flags: Flags,
    choosing: Choosing,
    everything: bool,
    with_diff: bool,
    as_json: bool,
) -> None:
    """List the broken variants of each task's reference solution, in the order in which they would run.

    Each has its id, place, operator, fault, how surely it breaks what the instruction says, and a sentence. Sources
    that were not mutated are listed with the reason. Nothing is run.

    \b
    Examples:
      foolsgold mutants tasks/my-task
      foolsgold mutants tasks/my-task --diff --fault missing-flag
      foolsgold mutants tasks --all --json > mutants.json
    """
    from harness.dataset.model import looked_at
    from harness.mutants import must_name_sources, task_mutants
    from harness.runs import wanted_sources
    from harness.settings.meaning import wish
    from harness.task.model import Unusable

    if everything and not {("budget",), ("depth",)}.isdisjoint(flags.values):
        raise UsageError(
            "--all shows every mutant, but --budget and --depth limit their number.", hint="Give one of them."
        )
    in_force = flags.in_force(paths)
    listed: list[dict[str, Any]] = []
    tasks = choosing.tasks(paths, in_force)
    must_name_sources(wanted_sources(tasks, in_force))
    for given in tasks:
        wanted = wish(in_force.task(given.name, given.path))
        with looked_at(given, Path(tempfile.gettempdir())) as task:
            if isinstance(task, Unusable):
                listed.append({"task": task.name, "problems": [problem.message for problem in task.problems]})
                if not as_json:
                    _say_unusable(task)
                continue
            made = task_mutants(task, replace(wanted, budget=None) if everything else wanted)
            if as_json:
                listed.append({"task": task.name, "digest": task.digest, "steps": [_as_json(step) for step in made]})
            else:
                _show(task, made, with_diff)
    if as_json:
        click.echo(json.dumps({"schema": SCHEMA, "seed": one(in_force.run(), "seed"), "tasks": listed}, indent=2))


def _say_unusable(task: Unusable) -> None:
    click.echo(f"{task.name}: cannot be read", err=True)
    for problem in task.problems:
        click.echo(f"  {problem.file}: {problem.message}", err=True)


def _show(task: Task, steps: Sequence[StepMutants], with_diff: bool) -> None:
    from tabulate import tabulate

    from harness.mutants import diff, nothing_worth

    if not steps:
        click.echo(f"{task.name}: no reference solution to break")
        return
    for step in steps:
        if not step.sources and step.unwished:
            continue
        title = f"{task.name}, step {step.step.name}" if step.step.name else task.name
        chosen = step.selection.chosen
        selection = step.selection
        left_out = f"{len(selection.duplicates)} duplicates, {step.tally.invalid} invalid, {selection.left} over budget"
        left_out += f", {selection.poor} not worth a trial" if selection.poor else ""
        left_out += f", {step.tally.pragma} skipped by a pragma" if step.tally.pragma else ""
        click.echo(f"{title}: {len(chosen)} of {step.generated} mutants ({left_out})")
        for what, why in _left_alone(step):
            click.echo(f"  not mutated: {what}: {why}")
        if not chosen:
            click.echo(f"  {nothing_worth(selection.poor)}.")
            continue
        if with_diff:
            for entry in chosen:
                click.echo(f"\n{entry.mutant.id}  {entry.mutant.place}  {entry.mutant.operator}")
                click.echo(f"{entry.mutant.sentence}{_linked(step, entry)}")
                click.echo(diff(step.files, entry.mutant))
            continue
        rows = [
            (
                entry.mutant.id,
                entry.mutant.place,
                entry.mutant.operator,
                entry.mutant.fault.value,
                f"{entry.links[0].score:.1f}" if entry.links else "",
                entry.mutant.sentence,
            )
            for entry in chosen
        ]
        headers = ("id", "place", "operator", "fault", "relevance", "what is wrong with it")
        click.echo(tabulate(rows, headers=headers, disable_numparse=True))
        click.echo()


def _left_alone(step: StepMutants) -> list[tuple[str, str]]:
    """The parts of the solution without mutants, and why."""
    languages = {source.id: source.language for source in step.sources}
    found = [(skipped.file, skipped.reason) for skipped in step.skipped]
    found += [(source, f"no operator knows {languages[source]}") for source in step.tally.unspoken]
    found += [(source, f"does not parse as {languages[source]}") for source in step.tally.unparsed]
    return found


def _linked(step: StepMutants, entry: Chosen) -> str:
    if not entry.links:
        return ""
    requirement = step.relevance.requirements[entry.links[0].requirement]
    return f"\n  breaks: {requirement.text}"


def _as_json(step: StepMutants) -> dict[str, Any]:
    from harness.mutants import diff

    return {
        "name": step.step.name,
        "sources": [
            {
                "id": source.id,
                "kind": source.kind,
                "language": source.language,
                "target": source.target,
                "line": source.line,
            }
            for source in step.sources
        ],
        "not_mutated": [{"what": what, "reason": why} for what, why in _left_alone(step)],
        "generated": step.generated,
        "duplicates": dict(step.selection.duplicates),
        "invalid": step.tally.invalid,
        "skipped_by_pragma": step.tally.pragma,
        "operators": {
            name: {"mutants": count.emitted, "invalid": count.invalid + count.unwritable, "pragma": count.skipped}
            for name, count in sorted(step.tally.operators.items())
            if count.emitted or count.invalid or count.unwritable or count.skipped
        },
        "beyond_budget": step.selection.left,
        "not_worth_a_trial": step.selection.poor,
        "mutants": [
            {
                "id": entry.mutant.id,
                "file": entry.mutant.file,
                "line": entry.mutant.line,
                "source": entry.mutant.source,
                "target": entry.mutant.target,
                "scope": entry.mutant.scope,
                "operator": entry.mutant.operator,
                "fault": entry.mutant.fault,
                "tier": entry.mutant.tier,
                "sentence": entry.mutant.sentence,
                "diff": diff(step.files, entry.mutant),
                "requirements": [
                    {
                        "text": step.relevance.requirements[link.requirement].text,
                        "line": step.relevance.requirements[link.requirement].line,
                        "score": link.score,
                        "evidence": list(link.evidence),
                    }
                    for link in entry.links
                ],
            }
            for entry in step.selection.chosen
        ],
    }
