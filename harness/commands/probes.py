"""`foolsgold show` and `repro` for a probe: `forge/reward-daemon` of a run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.mutants import solution_files
from harness.probes.again import SeenBefore, attempt_again
from harness.probes.least.attempts import replacement, written_again
from harness.probes.model import Attempt, Probe
from harness.report.least import edits_of
from harness.report.read import Matches, task_folder
from harness.report.stored import stored_trials
from harness.task.discover import discover
from harness.task.model import Task, Unusable
from harness.task.runners import runner_of
from harness.trial.plan import OUTPUTS
from harness.trial.record import Which
from harness.trial.standins import RECORDED
from harness.untrusted import shown, visible
from harness.verifier.reward import Rewards

Found = tuple[dict[str, Any], dict[str, Any]]


def label(probe: dict[str, Any]) -> str:
    return "/".join(part for part in (probe["probe"], probe["step"], probe["id"]) if part)


def find_probe(report: dict[str, Any], name: str) -> Found | None:
    """(task, probe) for a label or its beginning, or for task/label if several tasks share the label; None if the name
    is not a probe's."""
    exact, begun = Matches(), Matches()
    for task in report["tasks"]:
        for probe in task.get("probes") or []:
            own_label = label(probe)
            if name in (own_label, f"{task['name']}/{own_label}"):
                exact.add(task, probe, f"{task['name']}/{own_label}")
            elif "/" in name and (own_label.startswith(name) or f"{task['name']}/{own_label}".startswith(name)):
                begun.add(task, probe, f"{task['name']}/{own_label}")
    found = exact if exact.count else begun
    if found.count > 1:
        raise UsageError(
            f"{visible(name)} names several probes: {found.names()}.",
            hint="Put the task's name before it, or write more of it.",
        )
    if not found.count and name.partition("/")[0] in set(Probe):
        raise UsageError(
            f"No probe {visible(name)} in this run.", hint='report.json lists them under "probes", each with its id.'
        )
    return found.first


def read_again(entry: dict[str, Any]) -> Task:
    """Read the task of a report again. An error if it has changed since."""
    folder = task_folder(entry)
    if not folder.is_dir():
        raise UsageError(
            f"The task {entry['name']} is not in {folder}, where it was audited.",
            hint="Give this command where you have it, in a folder above it as in a checkout, or put it back there.",
        )
    [task] = discover([folder])
    if isinstance(task, Unusable):
        raise UsageError(f"{folder} is no usable task any more: {task.problems[0].message}")
    if task.digest != entry["digest"]:
        raise UsageError(f"{folder} has changed since the run, so the run's files may not fit.", hint="Audit it again.")
    return task.run_by(runner_of(entry["runner"])) if entry.get("runner") else task


def show_probe(found: Found, run: Path | None = None) -> str:
    """`run`: the run's folder."""
    entry, probe = found
    lines = [
        f"{visible(label(probe))}: {visible(probe['sentence'])}",
        f"task {visible(entry['name'])}, {probe['operator']}, must {'' if probe['must_be_paid'] else 'not '}be paid"
        + (f": {visible(probe['because'])}" if probe["because"] else ""),
        f"outcome: {probe['outcome']}" + (f" ({visible(probe['why'])})" if probe["why"] else ""),
    ]
    for number, trial in enumerate(probe["runs"], start=1):
        paid = trial["rewards"] if trial["rewards"] is not None else trial["problem"]
        lines.append(f"run {number}: {visible(str(paid))}")
    if probe["killed_by"]:
        lines.append("failed: " + ", ".join(visible(name) for name in probe["killed_by"]))
    try:
        attempt = _again(entry, probe, run)
    except UsageError as error:
        return "\n".join([*lines, "", error.message])
    for name, data in attempt.replacement.files.items():
        lines += ["", f"--- {visible(name)}", shown(data.decode("utf-8", "replace")).rstrip()]
    around = attempt.circumstances
    for what, text in (
        ("root, before solving", around.before),
        ("root, after solving", around.after),
        ("check by root before verifying", around.proof),
        ("check by the solving user", around.seen),
    ):
        lines += ["", f"--- {what}", shown(text).rstrip()] if text else []
    lines += [f"environment: {visible(name)}={visible(value)}" for name, value in around.env.items()]
    return "\n".join(lines)


def write_probe(found: Found, output: Path, run: Path | None = None) -> str:
    """Write the task's folder with the probe's solution in place of the reference; returns a sentence about it. `run`:
    the run's folder."""
    entry, probe = found
    attempt = _again(entry, probe, run)
    if attempt.circumstances.changes or not attempt.replacement.files:
        raise UsageError(
            f"{label(probe)} runs the reference in other circumstances, which a task folder cannot express.",
            hint="`foolsgold show` shows what is done to the box.",
        )
    task = read_again(entry)
    shutil.copytree(task.path, output, symlinks=True)
    for step in task.steps:
        if attempt.replacement.step not in (None, step.name) or step.solution is None:
            continue
        for name, data in attempt.replacement.files.items():
            original = step.solution.folder / name
            target = output / original.relative_to(task.path)
            if original.exists() or len(task.steps) == 1:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
    return attempt.sentence


def _again(entry: dict[str, Any], probe: dict[str, Any], run: Path | None) -> Attempt:
    if probe["probe"] == Probe.LEAST:
        return _least_again(read_again(entry), entry, probe)
    if probe["probe"] == Probe.REPLAY and not probe["made"]:
        raise UsageError(f"{label(probe)} was not made in that run: {visible(str(probe['why']))}.")
    seen = _seen(run, entry["name"]) if run is not None and probe["probe"] == Probe.REPLAY else SeenBefore()
    attempt = attempt_again(read_again(entry), label(probe), _paid(entry), seen)
    if attempt is None:
        raise UsageError(
            f"{label(probe)} needs files that a box had in that run, which a task folder cannot express.",
            hint="`foolsgold show` shows what it changes.",
        )
    return attempt


def _least_again(task: Task, entry: dict[str, Any], probe: dict[str, Any]) -> Attempt:
    """From the edits in the report: to find it again would take all of its trials."""
    edits = edits_of(entry, label(probe))
    step = next(step for step in task.steps if step.name == probe["step"])
    if edits is None or step.solution is None:
        raise UsageError(f"The run does not say what {label(probe)} leaves out.", hint="Audit the task again.")
    files = written_again(solution_files(step.solution), edits)
    put = replacement(task, step, files)
    return Attempt(Probe.LEAST, probe["id"], probe["operator"], probe["sentence"], step.name, replacement=put)


def _seen(run: Path, task: str) -> SeenBefore:
    """What the run's store has of what the reference left, and of what the tests ran of it."""
    left = next((one.state for one in stored_trials(run, task, OUTPUTS) if one.run is Which.FIRST and one.state), None)
    records = (one.recorded for one in stored_trials(run, task, RECORDED) if one.run is Which.FIRST)
    return SeenBefore(left, next(filter(None, records), None))


def _paid(entry: dict[str, Any]) -> Rewards:
    """The reference's reward in that run: the smallest value of each key, as in the audit."""
    runs = [run["rewards"] for run in entry["controls"]["reference"] if run["rewards"]]
    return {key: min(run.get(key, 0) for run in runs) for key in runs[0]} if runs else {}
