"""report.json: the one document that every other format is made of."""

from __future__ import annotations

import platform
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from harness import __version__
from harness.findings.catalogue import ENVIRONMENT, GIVEN_AWAY, MISMATCH, REFERENCE, REQUIREMENT, REWARD, TRAINING
from harness.findings.labels import labels
from harness.findings.model import Finding, Severity
from harness.findings.unheeded import paid_trials
from harness.judging.controls import Controls
from harness.judging.kill_matrix import Matrix, results
from harness.judging.outcome import OutcomeKind, Shown, showing
from harness.judging.strength import Verdict
from harness.judging.training import TrainingValue
from harness.mutants import StepMutants
from harness.probes.conform.model import TriedClaim
from harness.probes.forge.attempts import forging
from harness.probes.least.model import Least
from harness.probes.model import Attempted
from harness.report.by_source import ENDED, WAYS, by_source
from harness.report.check import trial_json
from harness.report.dataset import dataset
from harness.report.least import least_json, training_json
from harness.report.proposed import proposed_json
from harness.report.steps import steps_json
from harness.stages.result import Audited, AuditSettings, MutantResult, mutant_json
from harness.stages.verdict import kill_matrix
from harness.task.model import Task, TaskSource, Unusable
from harness.testcode.assertions.lead import Lead
from harness.trial.record import PhaseName, TrialRecord
from harness.trial.watching.seen import SeenTest
from harness.verifier.reward import RewardProblem
from harness.verifier.test_report import TestStatus
from mutator.model import ByteEdit, SourceKind

SCHEMA = "foolsgold.report/1"
LONGEST_FILE = 256 << 10
"""Bytes beyond which a solution's file is named in the report and not shown."""
LOG_SHOWN = 1500
"""Characters of the verifier's log that are told of a mutant that it did not catch."""


def brief_of(one: Audited, entry: Mapping[str, Any]) -> dict[str, Any]:
    """What the summary over all tasks needs of one."""
    outcomes = Counter(result.outcome.kind.value for result in one.mutants)
    return {
        "name": entry["name"],
        "path": entry["path"],
        "verdict": entry["verdict"],
        "measured": entry["measured"],
        "findings": [{"id": finding["id"], "severity": finding["severity"]} for finding in entry["findings"]],
        "outcomes": outcomes,
        "training": entry["training"],
        "paid_trials": _paid_trials(one),
    }


def _paid_trials(one: Audited) -> dict[str, int]:
    """How many trials of broken variants, and of attacks that end the verifier, were paid, and in how many of them
    which tests did not pass, or who ended it."""
    controls = one.controls
    paid = [record for result in one.mutants for record in result.paid]
    found = paid_trials(controls.references, paid) if controls is not None else Counter[str]()
    forged = tried.paid if (tried := forging(one.probes)) is not None else ()
    for each in forged:
        if each.attempt.id in ENDED:
            found[each.attempt.id] += len(each.records)
    return {"all": found.total(), **{name: found[ident] for ident, name in {**WAYS, **ENDED}.items()}}


def summary(
    briefs: Sequence[Mapping[str, Any]],
    unfinished: int,
    copies: Sequence[Mapping[str, Any]] = (),
    selection: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    sample = selection["sample"] if selection is not None else None
    verdicts = Counter(one["verdict"] for one in briefs)
    training = Counter(one["training"]["value"] for one in briefs if one["training"] is not None)
    outcomes: Counter[str] = sum((Counter(one["outcomes"]) for one in briefs), Counter())
    return {
        "tasks": len(briefs) + unfinished,
        "verdicts": {verdict.value: verdicts[verdict] for verdict in Verdict},
        "mutants": outcomes.total(),
        "outcomes": {kind.value: outcomes[kind] for kind in OutcomeKind},
        "training": {value.value: training[value] for value in TrainingValue},
        "dataset": dataset(briefs, copies, sample),
        "by_source": by_source(briefs, sample),
    }


def run_facts(engine: str, engine_version: str, settings: AuditSettings) -> dict[str, Any]:
    """What is the same for every task of a run."""
    return {
        "foolsgold": __version__,
        "python": platform.python_version(),
        "engine": engine,
        "engine_version": engine_version or None,
        "seed": settings.wish.seed,
        "thresholds": asdict(settings.thresholds),
        "rules": {
            "time_floor": settings.floor,
            "time_factor": settings.factor,
            "sampled_kills": settings.sampled_kills,
            "longest_hang": settings.controls.longest_hang,
        },
    }


def _measured(one: Audited) -> list[str]:
    """Rows of the dataset table whose answer is known for this task, whatever it is."""
    controls = one.controls
    unsure = {finding.id for finding in one.findings if finding.severity is Severity.UNMEASURED}
    found = []
    if controls is not None and controls.prepared.built is not None and not unsure & _ENVIRONMENT_UNSURE:
        found.append(ENVIRONMENT)
    if controls is not None and any(showing(record).shown is not Shown.ERROR for record in controls.references):
        found.append(REFERENCE)
    if one.strength is not None and one.verdict is not Verdict.UNMEASURED:
        found += [REWARD, REQUIREMENT]
    if isinstance(one.task, Task) and not one.internal and any(step.solution for step in one.task.steps):
        found.append(GIVEN_AWAY)
    if one.strength is not None and one.looked_for_hidden:
        found.append(MISMATCH)
    if one.training is not None and one.training.value is not TrainingValue.UNKNOWN:
        found.append(TRAINING)
    return found


_ENVIRONMENT_UNSURE = {"build-failed", "environment-not-ready", "engine-failed", "unsupported"}


def entry_of(one: Audited) -> dict[str, Any]:
    """A task's part of the report, but for what depends on the others and on where the run folder is read: the `ref`
    and `repro` of a mutant, and `survivors`, which are labels here."""
    task, controls = one.task, one.controls
    found = kill_matrix(controls, one.mutants) if controls and one.mutants else None
    steps = {step.step.name: step for step in one.steps}
    tests = _tests(one)
    return {
        "name": task.name,
        "path": str(task.shown_path),
        "source": _source(task.source),
        "format": task.format.name if isinstance(task, Task) else None,
        "runner": str(task.runner) if isinstance(task, Task) else None,
        "digest": task.digest if isinstance(task, Task) else None,
        "verdict": one.verdict,
        "why": one.why,
        "labels": list(labels(one.findings)),
        "thresholds": asdict(one.thresholds),
        "engine": _engine(controls),
        "steps": steps_json(one),
        "strength": one.strength.to_json() if one.strength else None,
        "until_sure": asdict(one.sureness) if one.sureness is not None else None,
        "measured": _measured(one),
        "findings": list(_findings(one.findings)),
        "leads": [_lead(task, lead) for lead in one.leads],
        "probes": [_probe(attempted, tests) for attempted in one.probes],
        "training": training_json(one),
        "least": least_json(one),
        "forging": tried.counts if (tried := forging(one.probes)) is not None else None,
        "claims": [_claim(each) for each in one.claims] if one.claims is not None else None,
        "watched": _watched(one),
        "tests": tests,
        "mutants": [_mutant(result, steps[result.step], task, found, tests) for result in one.mutants],
        "survivors": [result.label for result in one.survivors],
        "proposed": proposed_json(one, lambda result: _mutant(result, steps[result.step], task, found, tests)),
        "files": [_file(step, name, task) for step in one.steps for name in _shown_files(step, one.least)],
        "not_run": [_not_run(step) for step in one.steps],
        "matrix": _matrix(found) if found else None,
        "controls": _controls(controls, one) if controls else None,
        "seconds": one.seconds,
        "timings": _timed(asdict(one.timings), *_TIMES) if one.timings else None,
        "reuse": _timed(asdict(one.reuse), "saved", "spent") if one.reuse else None,
        "internal_error": one.internal or None,
    }


def _source(source: TaskSource | None) -> dict[str, Any] | None:
    if source is None:
        return None
    return {"file": str(source.file), "member": None if source.row is not None else source.member, "row": source.row}


_TIMES = ("building", "preparing", "solving", "verifying", "rest", "waiting")


def _timed(values: dict[str, Any], *times: str) -> dict[str, Any]:
    """With its times under `seconds`, the one name that times have."""
    seconds = {name: values.pop(name) for name in times}
    return {**values, "seconds": seconds}


def _engine(controls: Controls | None) -> dict[str, Any]:
    built = controls.prepared.built if controls else None
    return {
        "fidelity": built.main.fidelity if built else None,
        "base": built.main.base if built else None,
        "image": built.main.id if built else None,
        "notes": list(built.notes) if built else [],
    }


def _not_run(step: StepMutants) -> dict[str, Any]:
    return {
        "step": step.step.name,
        "generated": step.generated,
        "duplicates": len(step.selection.duplicates),
        "invalid": step.tally.invalid,
        "beyond_budget": step.selection.left,
        "skipped": [{"file": skipped.file, "reason": skipped.reason} for skipped in step.skipped],
    }


def _matrix(found: Matrix) -> dict[str, Any]:
    return {
        "tests": list(found.tests),
        "kills": {ident: sorted(names) for ident, names in found.kills.items()},
        "vacuous": list(found.vacuous),
        "decorative": list(found.decorative),
        "enough": list(found.enough),
    }


def _controls(controls: Controls, one: Audited) -> dict[str, Any]:
    failed = one.last_failed
    return {
        "reference": [_control(record) for record in controls.references],
        "nop": _control(controls.nop) if controls.nop else None,
        "hollow": _control(controls.hollow) if controls.hollow else None,
        "reference_at_the_end": _control(one.last) if one.last else None,
        **({"reference_at_the_end_not_fetched": _control(failed)} if failed else {}),
    }


_OF_OTHERS = frozenset(
    "run purpose state effective looked notes image observed observed_before recorded claims not_reused waited end "
    "same_as begun not_begun asked".split()
)
"""What is the same for every control's record."""


def _control(record: TrialRecord) -> dict[str, Any]:
    """A control's whole record, logs included: they are few, and everything else is measured against them."""
    kept = {key: value for key, value in trial_json(record).items() if key not in _OF_OTHERS}
    return {**kept, **_refused(record)}


def _refused(record: TrialRecord) -> dict[str, Any]:
    refused = [asdict(one) for one in record.asked if not one.let]
    return {"refused": refused} if refused else {}


# --- mutants and the files they change


def _mutant(
    result: MutantResult,
    step: StepMutants,
    task: Task | Unusable,
    found: Matrix | None,
    tests: Sequence[str],
) -> dict[str, Any]:
    outcome = result.outcome
    kept = mutant_json(result)
    if kept["requirement"] is not None:
        kept["requirement"]["file"] = _relative(step.step.instruction_file, task)
    return {
        **kept,
        "path": _path(step, result.mutant.file, task),
        "location": location(step.files[result.mutant.file], result.mutant.edits),
        "outcome": outcome.kind,
        "why": outcome.why or None,
        "gap": round(outcome.gap, 4),
        "killed_by": list(outcome.killed_by),
        "tests_not_run": _tests_not_run(result, found),
        "crashed": outcome.crashed,
        "cause": outcome.cause,
        "log": _log(result),
        "effect": _effect(result),
        "runs": [_run(record, tests) for record in result.records],
    }


def _effect(result: MutantResult) -> dict[str, Any] | None:
    """None where nobody looked, or where it does not matter: then `why` has the reason."""
    if result.effect is None or not result.survived:
        return None
    effect = result.effect.effect
    return {
        "measured": effect is not None,
        "input": effect.input if effect else None,
        "expected": effect.expected if effect else None,
        "got": effect.got if effect else None,
        "others": effect.others if effect else 0,
    }


def _probe(one: Attempted, tests: Sequence[str]) -> dict[str, Any]:
    attempt, outcome = one.attempt, one.outcome
    return {
        "probe": attempt.probe,
        "id": attempt.id,
        "operator": attempt.operator,
        "step": attempt.step,
        "sentence": attempt.sentence,
        "because": attempt.because or None,
        "must_be_paid": attempt.must_be_paid,
        "sure": attempt.sure,
        "output": attempt.path or None,
        "outcome": outcome.kind,
        "why": outcome.why or None,
        "cause": outcome.cause,
        "gap": round(outcome.gap, 4),
        "killed_by": list(outcome.killed_by),
        "made": one.made,
        "effective": one.effective,
        "runs": [_run(record, tests) for record in one.records],
    }


def _claim(one: TriedClaim) -> dict[str, Any]:
    return {
        "sentence": one.claim.sentence,
        "line": one.claim.line,
        "what": type(one.claim.check).__name__,
        "plain": one.claim.plain,
        "state": one.state,
        "how": one.how,
        "expected": one.expected or None,
        "got": one.got or None,
    }


def _watched(one: Audited) -> dict[str, Any]:
    """What each test was seen to reach in the probing runs."""
    looks = {"reference": one.looked.reference, "untouched": one.looked.untouched}
    return {
        "why_not": one.looked.why or None,
        **{name: [_seen(test) for test in look.tests] if look else None for name, look in looks.items()},
    }


def _seen(test: SeenTest) -> dict[str, Any]:
    return {
        "step": test.step,
        "test": test.name,
        "outcome": test.outcome,
        "why": test.why or None,
        "held": len(test.passed),
        "failed": len(test.failed),
        "other_checks": test.checks,
        "ended_in_line": test.ended or None,
    }


LETTERS = {
    TestStatus.PASSED: "P",
    TestStatus.FAILED: "F",
    TestStatus.ERROR: "E",
    TestStatus.SKIPPED: "s",
    TestStatus.XFAILED: "x",
    TestStatus.XPASSED: "X",
    TestStatus.OTHER: "?",
}
NOT_REPORTED = "-"


def _run(record: TrialRecord, tests: Sequence[str]) -> dict[str, Any]:
    found, told = showing(record), results(record)
    letters = (LETTERS[told[test]] if test in told else NOT_REPORTED for test in tests)
    return {
        "run": record.run,
        "shown": found.shown,
        "rewards": dict(record.rewards) if record.rewards is not None else None,
        "problem": _problem(record.trouble.message if record.trouble else "", record.problem),
        "tests": "".join(letters) if told else None,
        "phases": [
            {
                "name": phase.name,
                "step": phase.step,
                "seconds": phase.seconds,
                "status": phase.status,
                "limit": phase.limit,
                "oom": phase.oom,
            }
            for phase in record.phases
        ],
        "seconds": record.seconds,
        "network": record.network,
        **({"same_as": record.same_as} if record.same_as else {}),
        **({"begun": record.begun} if record.begun else {}),
        **({"host": record.host} if record.host else {}),
        **_refused(record),
    }


def _tests(one: Audited) -> list[str]:
    """Every test that any trial of the task reports: those of the reference first, in its order."""
    controls = one.controls
    if controls is None:
        return []
    records = [*controls.references, controls.nop, controls.hollow, one.last]
    records += [record for result in one.mutants for record in result.records]
    records += one.proposed.records if one.proposed is not None else ()
    records += [record for attempted in one.probes for record in attempted.records]
    return list(dict.fromkeys(name for record in records if record is not None for name in results(record)))


def _log(result: MutantResult) -> str | None:
    """The end of what the verifier printed, where a failing test does not say it already."""
    if result.outcome.kind in (OutcomeKind.KILLED, OutcomeKind.IDLE) or not result.records:
        return None
    phases = [phase for phase in result.records[-1].phases if phase.name is PhaseName.VERIFY]
    return phases[-1].log[-LOG_SHOWN:] or None if phases else None


def _problem(trouble: str, problem: RewardProblem | None) -> str | None:
    return trouble or (problem.message if problem else None)


def _tests_not_run(result: MutantResult, found: Matrix | None) -> list[str] | None:
    """The reference's tests that did not report for the mutant; None where no test of it is known."""
    reported = results(result.telling) if result.records else {}
    if found is None or not reported:
        return None
    return [name for name in found.tests if name not in reported]


def _shown_files(step: StepMutants, least: Least | None) -> list[str]:
    """Those that a mutant changes, or that the least lacks something of."""
    changed = {chosen.mutant.file for chosen in step.selection.chosen}
    if least is not None and least.step == step.step.name:
        changed |= {name for one in least.attempted for name in one.attempt.replacement.files}
    return [name for name in step.files if name in changed]


def _file(step: StepMutants, name: str, task: Task | Unusable) -> dict[str, Any]:
    data = step.files[name]
    whole = (SourceKind.SCRIPT, SourceKind.SIBLING, SourceKind.PATCH)
    language = next((one.language for one in step.sources if one.file == name and one.kind in whole), "text")
    encoding = encoding_of(data)
    return {
        "step": step.step.name,
        "file": name,
        "path": _path(step, name, task),
        "language": language,
        "encoding": encoding,
        "bytes": len(data),
        "text": data.decode(encoding) if len(data) <= LONGEST_FILE else None,
    }


def encoding_of(data: bytes) -> str:
    """One in which the file's text says its bytes exactly."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def location(data: bytes, edits: Sequence[ByteEdit]) -> dict[str, int]:
    """Where a mutant's edits begin and end, in lines and characters from 1; the end is the first character after."""
    encoding = encoding_of(data)

    def place(offset: int) -> tuple[int, int]:
        line = data.count(b"\n", 0, offset) + 1
        start = data.rfind(b"\n", 0, offset) + 1
        return line, len(data[start:offset].decode(encoding, "replace")) + 1

    (line, column), (end_line, end_column) = place(edits[0].start), place(edits[-1].end)
    return {"line": line, "column": column, "end_line": end_line, "end_column": end_column}


def _path(step: StepMutants, name: str, task: Task | Unusable) -> str:
    assert step.step.solution is not None
    return _relative(step.step.solution.folder / name, task)


def _relative(path: Path, task: Task | Unusable) -> str:
    return path.relative_to(task.path).as_posix() if path.is_relative_to(task.path) else path.as_posix()


# --- findings


def _findings(findings: Sequence[Finding]) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for finding in findings:
        key = _key(finding)
        seen[key] += 1
        yield {
            **asdict(finding),
            "place": asdict(finding.place) if finding.place else None,
            "fingerprint": _digest(f"{key}\0{seen[key]}"),
        }


def _lead(task: Task | Unusable, lead: Lead) -> dict[str, Any]:
    key = "\0".join((task.name, lead.kind, lead.file, lead.test, lead.code))
    return {
        "id": lead.kind,
        "file": lead.file,
        "line": lead.line,
        "test": lead.test,
        "code": lead.code,
        "sentence": lead.sentence,
        "fingerprint": _digest(key),
    }


def _digest(key: str) -> str:
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _key(finding: Finding) -> str:
    """What makes it the same finding in another run: its kind, file and words, but no count, time or line."""
    words = re.sub(r"\d+", "#", finding.title)
    return "\0".join((finding.task, finding.id, finding.place.file if finding.place else "", words))
