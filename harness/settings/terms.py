"""What a run is judged by: the gate's rules for each task, and what is accepted of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.report.gate import Accepted, Entry, Gate, Rules, gate
from harness.settings.accepted import about, read_baseline
from harness.settings.in_force import InForce, one
from harness.settings.meaning import rules
from harness.task.files import absolute


@dataclass(frozen=True, slots=True)
class GateTerms:
    """The rules and what is accepted, read before anything runs."""

    in_force: InForce
    accepted: tuple[Accepted, ...] = ()
    root: Path = Path()
    """What paths in the baseline are relative to."""

    def judge(self, report: Entry) -> Gate:
        return gate(report, self._rules, self._accepted)

    def _rules(self, task: Entry) -> Rules:
        return rules(self.in_force.task(task["name"], Path(task["path"])))

    def _accepted(self, task: Entry) -> list[Accepted]:
        path = Path(task["path"])
        values = self.in_force.task(task["name"], path)
        listed = about(self.accepted, task["name"], path, self.root)
        return listed + [
            Accepted("*", finding=key[1], reason=value.value, where=value.where)
            for key, value in values.items()
            if key[0] == "accept"
        ]


def gate_terms(in_force: InForce, *, reasons: bool = True) -> GateTerms:
    """With `reasons`, an entry of the baseline that gives none is a UsageError."""
    name = one(in_force.run(), "baseline")
    if name is None:
        return GateTerms(in_force)
    path = Path(name)
    return GateTerms(in_force, read_baseline(path, reasons=reasons), absolute(path).parent)


def task_folders(report: Entry) -> list[Path]:
    """Where the tasks were, as far as that is still there: a report may come from another machine."""
    return [Path(task["path"]) for task in report["tasks"] if Path(task["path"]).is_dir()]
