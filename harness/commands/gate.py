"""`foolsgold gate` and `baseline`: judge a run again, and write down what it would take to let it pass."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import click

from harness.commands.options import Flags, setting_options
from harness.errors import ExitCode, UsageError
from harness.report.gate import Accepted, Entry, Gate, Rules, gate_json, gate_text, only_finished
from harness.report.gate import gate as judge
from harness.report.read import read_report
from harness.report.whole import whole
from harness.settings.accepted import HEAD, about, baseline_text, read_baseline
from harness.settings.file import InForce, one, rules


@dataclass(frozen=True, slots=True)
class GateTerms:
    """The rules and what is accepted, read before anything runs."""

    told: InForce
    accepted: tuple[Accepted, ...] = ()
    root: Path = Path()
    """What paths in the baseline are relative to."""

    def judge(self, report: Entry) -> Gate:
        return judge(report, self._rules, self._accepted)

    def _rules(self, task: Entry) -> Rules:
        return rules(self.told.task(task["name"], Path(task["path"])))

    def _accepted(self, task: Entry) -> list[Accepted]:
        path = Path(task["path"])
        values = self.told.task(task["name"], path)
        listed = about(self.accepted, task["name"], path, self.root)
        return listed + [
            Accepted("*", finding=key[1], reason=value.value, where=value.where)
            for key, value in values.items()
            if key[0] == "accept"
        ]


def gate_terms(told: InForce, *, reasons: bool = True) -> GateTerms:
    name = one(told.run(), "baseline")
    if name is None:
        return GateTerms(told)
    path = Path(name)
    return GateTerms(told, read_baseline(path, reasons=reasons), _folder(path))


def _folder(path: Path) -> Path:
    return Path(os.path.abspath(path)).parent  # noqa: PTH100 - normalises without following links, as discovery does


@click.command(short_help="Judge a finished run again, by other rules.")
@click.argument("run", type=click.Path(path_type=Path))
@setting_options("gate")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of lines.")
def gate(run: Path, flags: Flags, as_json: bool) -> int:
    """Judge a finished run again, by other rules or another baseline. Nothing runs.

    One line says why for each task that does not pass, and the exit code is the gravest: 0 all pass, 1 one fails, 3 one
    could not be measured.

    \b
    Examples:
      foolsgold gate foolsgold-run --fail-under 80
      foolsgold gate foolsgold-run --fail-on nop-paid --baseline accepted.toml
    """
    with whole(run):
        report = read_report(run)
        found = gate_terms(flags.in_force(_task_paths(report))).judge(report)
    click.echo(json.dumps(gate_json(found), indent=2, ensure_ascii=True) if as_json else gate_text(found))
    return found.exit_code


@click.command(short_help="Write down what is known and accepted.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write."
)
@setting_options("baseline")
def baseline(run: Path, output: Path, flags: Flags) -> int:
    """Write down what keeps the tasks of a run from passing the gate, for somebody to give the reasons.

    What the file holds already stays as it is. An entry without a reason is an error wherever the file is used.

    \b
    Examples:
      foolsgold baseline foolsgold-run -o accepted.toml
      foolsgold baseline foolsgold-run -o accepted.toml --fail-under 80
    """
    with whole(run):
        report = read_report(run)
        only_finished(report, "baseline")
        found = gate_terms(flags.in_force(_task_paths(report)), reasons=False).judge(report)
        known = read_baseline(output, reasons=False) if output.exists() else ()
        text = baseline_text(report, found, output, known)
    try:
        before = output.read_text(encoding="utf-8") if output.exists() else HEAD
        if before and not before.endswith("\n"):
            before += "\n"
        output.write_text(f"{before}\n{text}" if text else before, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{output} cannot be written: {error.strerror or error}.", hint="Name another file."
        ) from error
    added = text.count("[[")
    missing = added + sum(not entry.reason for entry in known)
    click.echo(f"{output}: {added} added, {len(known)} kept, {missing} without a reason", err=True)
    return ExitCode.OK


def _task_paths(report: Entry) -> list[Path]:
    """Where the tasks were, as far as that is still there: a report may come from another machine."""
    return [Path(task["path"]) for task in report["tasks"] if Path(task["path"]).is_dir()]
