"""What the controls say about a task. Pure: records in, findings out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from harness.errors import BuildFailed, FoolsgoldError, NeedsDocker
from harness.findings.catalogue import finding
from harness.findings.hosts import host_findings, unlisted
from harness.findings.model import Finding, Location, Severity
from harness.judging.controls import Controls
from harness.judging.outcome import Cause, Showing, Shown, showing
from harness.task.model import GPU, Step, Task
from harness.trial.record import Phase, PhaseName, TrialRecord
from harness.verifier.log import NEVER_RAN, Evidence, solve_trouble
from harness.verifier.reward import Pay, Rewards, decisive, full_marks, pay
from harness.verifier.test_report import BAD, short

FAILING_SHOWN = 8
LOG_SHOWN = 6


class Standing(StrEnum):
    """Where a task stands after its controls."""

    GOOD = "good"
    BELOW_BAR = "below-bar"
    UNMEASURED = "unmeasured"


def standing(findings: Sequence[Finding]) -> Standing:
    severities = {finding.severity for finding in findings}
    if Severity.ERROR in severities:
        return Standing.BELOW_BAR
    return Standing.UNMEASURED if Severity.UNMEASURED in severities else Standing.GOOD


def control_findings(controls: Controls, command: str = "") -> tuple[Finding, ...]:
    """Everything worth telling, the gravest first. `command` is what runs this task's controls again."""
    found = [
        replace(each, task=controls.task.name, command=each.command or command)
        for each in (*_build(controls), *_reference(controls), *_untouched(controls), *_notes(controls))
    ]
    order = list(Severity)
    return tuple(sorted(found, key=lambda each: order.index(each.severity)))


# --- the environment


def _build(controls: Controls) -> Iterator[Finding]:
    error = controls.prepared.build_error
    if error is None:
        return
    if isinstance(error, BuildFailed):
        yield _build_failed(controls.task, error)
    elif isinstance(error, NeedsDocker):
        yield finding(
            "needs-docker",
            f"This engine cannot build its environment: {error.message}",
            (error.where,),
            place=_place(controls.task, error.where),
            advice=error.hint,
        )
    else:
        yield _engine(error)


def _engine(error: FoolsgoldError) -> Finding:
    return finding("engine-failed", f"The engine failed: {error.message}", advice=error.hint or _RETRY)


_RETRY = "Run it again; `foolsgold doctor` checks the engine itself."


def _build_failed(task: Task, error: BuildFailed) -> Finding:
    # An install that fails with the network working is the Dockerfile's own fault: a wrong name or version.
    machine = solve_trouble(error.output).evidence in (Evidence.NETWORK, Evidence.DISK_FULL)
    certain = error.certain and not machine
    advice = error.hint or "Mend the Dockerfile at that line."
    if error.no_network:
        advice = error.no_network
    elif machine:
        advice = "The network, a package index or the disk failed the build: mend that, and run it again."
    elif not error.certain:
        advice = (
            "A stand-in stands for the image that the task names, so this may not be the task's fault: build it with "
            "--engine docker where the image can be had."
        )
    tail = [line for line in error.output.strip().splitlines() if line.strip()][-LOG_SHOWN:]
    return finding(
        "build-failed",
        f"The environment does not build: {error.message}",
        (error.instruction, *tail),
        place=_place(task, f"{error.file}:{error.line}" if error.line else error.file),
        severity=Severity.ERROR if certain else Severity.UNMEASURED,
        advice=advice,
    )


def _place(task: Task, where: str) -> Location | None:
    """The engine's `file:line` as a path in the task: engines name a file as its build context does."""
    if not where:
        return None
    file, _, line = where.rpartition(":")
    if not (file and line.isdecimal()):
        file, line = where, ""
    environments = [task.environment, *(step.verifier.separate for step in task.steps if step.verifier.separate)]
    for recipe in (environment.recipe for environment in environments):
        found = [recipe.context / file]
        if recipe.dockerfile is not None and recipe.dockerfile.name == Path(file).name:
            found.insert(0, recipe.dockerfile)
        inside = [path for path in found if path.is_file() and path.is_relative_to(task.path)]
        if inside:
            file = inside[0].relative_to(task.path).as_posix()
            break
    return Location(file, int(line) if line else None)


# --- the reference


def _reference(controls: Controls) -> Iterator[Finding]:
    records = controls.references
    if not records:
        return
    shown = [showing(record) for record in records]
    telling = [item for item in shown if item.shown is not Shown.ERROR]
    worst = next((index for index, item in enumerate(shown) if item.shown is not Shown.PAID), 0)
    record, first = records[worst], shown[worst]
    if telling and (disagreement := _disagreement(records, shown)):
        yield disagreement
    elif first.shown is Shown.ERROR:
        yield _reference_error(controls, record, first)
    elif first.shown is Shown.TIMEOUT:
        yield _timeout(controls, record, first)
    elif first.shown is Shown.OVERPAID:
        yield finding(
            "reward-out-of-range",
            f"The reference is paid {_rewards(record)}, which is more than 1.",
            advice="Write 1 for a full solution: trainers take rewards as they are, unclamped.",
            place=_script(controls.task.steps[-1]),
        )
    elif first.shown is not Shown.PAID:
        yield _unpaid(controls, record, first)
    yield from host_findings(controls, paid=all(item.shown is Shown.PAID for item in shown))
    slow = next((record.overrun for record in records if record.overrun is not None), None)
    if slow is not None and first.shown is Shown.PAID:
        yield _paid_before_its_end(slow)
    if all(item.shown is Shown.PAID for item in shown) and _network_needed(controls):
        yield finding(
            "network-needed",
            "The reference is paid only with a network, so every trial of this task gets one.",
            _why_offline(controls),
        )


def _network_needed(controls: Controls) -> bool:
    return controls.prepared.offline is not None and controls.prepared.networks.any


def _why_offline(controls: Controls) -> tuple[str, ...]:
    offline = controls.prepared.offline
    return (f"without: {showing(offline).why}",) if offline is not None and showing(offline).why else ()


def _disagreement(records: Sequence[TrialRecord], shown: Sequence[Showing]) -> Finding | None:
    """Runs of the same reference that were paid differently. Measures of several may differ above 0."""
    pairs = zip(records, shown, strict=True)
    words = [_rewards(record) if record.rewards is not None else item.shown for record, item in pairs]
    different = {item.shown for item in shown} - {Shown.ERROR}
    # What the network or the disk did to a run says nothing of the tests, whatever reward they wrote then.
    values = {
        tuple(sorted(_fixed(record.rewards).items()))
        for record, item in zip(records, shown, strict=True)
        if record.rewards is not None and item.cause is not Cause.MACHINE
    }
    if len(different) < 2 and len(values) < 2:
        return None
    failing = dict.fromkeys(
        short(test.name)
        for record in records
        for step in record.steps
        for test in step.report.tests
        if test.status in BAD
    )
    return finding(
        "reference-flaky",
        f"The reference is not paid the same every time: {', '.join(words)}.",
        tuple(f"failed in some run: {name}" for name in list(failing)[:FAILING_SHOWN]),
    )


def _fixed(rewards: Rewards) -> Rewards:
    """The keys that must not vary: all of a single-key reward; of several those at exactly 0 or 1."""
    keys = decisive(rewards)
    if len(keys) == 1:
        return keys
    return {key: value if value in (0, 1) else -1 for key, value in keys.items()}


def _reference_error(controls: Controls, record: TrialRecord, item: Showing) -> Finding:
    fidelity_doubt = _stand_in(controls)
    match item.cause:
        case Cause.ENGINE:
            return finding(
                "engine-failed",
                f"The engine failed: {item.why}",
                advice=(record.trouble.hint if record.trouble else "") or _RETRY,
            )
        case Cause.UNSUPPORTED:
            return finding(
                "unsupported",
                f"This task cannot be run here: {item.why}",
                advice=record.trouble.hint if record.trouble else "",
            )
        case Cause.NO_SOLUTION:
            return finding("no-solution", f"There is nothing to run: {item.why}.")
        case Cause.HEALTHCHECK | Cause.SETUP:
            return finding(
                "environment-not-ready",
                f"The environment does not come up: {item.why}",
                fidelity_doubt,
                severity=Severity.UNMEASURED if fidelity_doubt else Severity.ERROR,
            )
        case Cause.MACHINE:
            return finding(
                "verifier-never-ran",
                f"{_no_result(item.evidence)}: {item.why}",
                (*controls.prepared.network_plan.notes, *_log_tail(record)),
                severity=Severity.UNMEASURED,
                advice=_machine_advice(controls, item),
            )
        case Cause.BAD_REWARD:
            return finding(
                "reward-unreadable",
                f"The reference's reward cannot be read: {item.why}",
                _log_tail(record),
                place=_script(controls.task.steps[-1]),
            )
        case _:
            return finding(
                "verifier-never-ran",
                f"{_no_result(item.evidence)}: {item.why}",
                (*fidelity_doubt, *_log_tail(record)),
                place=_script(controls.task.steps[-1]),
                severity=Severity.UNMEASURED if fidelity_doubt else Severity.ERROR,
            )


def _no_result(evidence: Evidence) -> str:
    """What is known of the tests: that they did not run is said only where something shows it."""
    if evidence in (Evidence.DISK_FULL, Evidence.OUT_OF_MEMORY):
        return "The tests came to no result on the reference"
    return "The tests did not run on the reference" if evidence in NEVER_RAN else "The reference gets no reward"


def _machine_advice(controls: Controls, item: Showing) -> str:
    if item.evidence in (Evidence.NETWORK, Evidence.INSTALL_FAILED):
        if controls.prepared.network_plan.lacking:
            return controls.prepared.network_plan.lacking
        if not controls.prepared.networks.any:
            return (
                "The verifier needs a network and the task has none here: install the test tools in the Dockerfile, "
                "or let the task declare a public network."
            )
        if item.evidence is Evidence.INSTALL_FAILED:
            return "Install the test tools in the Dockerfile, where a failure shows before anything is judged." + (
                " A stand-in base may be what refuses them: --engine docker takes the image itself."
                if _stand_in(controls)
                else ""
            )
        if unlisted(controls):
            return "Its list of hosts lacks what it asks for: name that in allowed_hosts, or do without."
        return "The network was on and did not answer: mend the connection or the package index, and run it again."
    if item.evidence is Evidence.DISK_FULL:
        return "Give boxes more disk, or let the task declare storage_mb."
    return "Give boxes more memory, or let the task declare memory_mb."


def _timeout(controls: Controls, record: TrialRecord, item: Showing) -> Finding:
    phase = record.overrun or record.timed_out
    what = "solution" if phase is not None and phase.name is PhaseName.SOLVE else "verifier"
    return finding(
        "reference-timeout",
        f"The reference's {what} does not end in time: {item.why}.",
        (*_stand_in(controls), *(_tail(phase) if phase is not None else ())),
        severity=Severity.ERROR,
    )


def _paid_before_its_end(slow: Phase) -> Finding:
    return finding(
        "reference-timeout",
        f"The reference is paid, but its solution still runs at its time limit of {slow.limit:g} s.",
        _tail(slow),
        severity=Severity.WARNING,
        advice="Start what keeps running in the background: as it is, every run of this task takes the whole limit.",
    )


def _unpaid(controls: Controls, record: TrialRecord, item: Showing) -> Finding:
    several = record.rewards is not None and len(decisive(record.rewards)) > 1
    partial = item.shown is Shown.PARTIAL
    lenient = partial and several and record.rewards is not None and bool(full_marks(record.rewards))
    lacks = _lacking(controls)
    lines = [*_failing(record)]
    if not lines and item.why:
        lines.append(item.why)
    lines += [
        f"the solution's own log: {step.solve_proof.line}"
        for step in record.steps
        if step.solve_proof.evidence is not Evidence.NOTHING
    ]
    solve = record.phase(PhaseName.SOLVE)
    if solve is not None and solve.status not in (0, None):
        lines.append(f"the solution ended with status {solve.status}: {_last(solve.log)}")
    if not lines:
        lines += _log_tail(record)
    advice = "Mend the solution or the tests: one of them is wrong."
    no_network = controls.prepared.network_plan.lacking if _wanted_a_network(record) else ""
    if no_network:
        advice = no_network
    elif lacks:
        advice = f"The task asks for {', '.join(lacks)}, which no box here has; that is the likelier reason."
    elif lenient:
        advice = "Fine where the lower number is a measure; otherwise mend the solution or the tests."
    elif _stand_in(controls):
        advice += " The base is a stand-in here: confirm with the image itself."
    paid = f"paid {_rewards(record)}" if record.rewards is not None else "not paid"
    return finding(
        "reference-partly-paid" if partial else "reference-unpaid",
        f"The reference is {paid}{' only' if partial else ''}.",
        (*lines, *_stand_in(controls)),
        severity=Severity.WARNING if lenient else Severity.UNMEASURED if lacks or no_network else Severity.ERROR,
        advice=advice,
    )


def _lacking(controls: Controls) -> list[str]:
    """What the task asks for and its boxes had not."""
    built = controls.prepared.built
    had = {GPU} if built is not None and not built.no_gpus else set()
    return [what for what in controls.task.environment.lacks if what not in had]


def _wanted_a_network(record: TrialRecord) -> bool:
    return any(step.solve_proof.evidence in (Evidence.NETWORK, Evidence.INSTALL_FAILED) for step in record.steps)


def _stand_in(controls: Controls) -> tuple[str, ...]:
    built = controls.prepared.built
    if built is None or built.main.fidelity == "image":
        return ()
    stands = "this machine's own root" if built.main.fidelity == "host" else "a stand-in"
    return (f"it ran on {stands} ({built.main.base}), not on the image that the task names",)


def _failing(record: TrialRecord) -> list[str]:
    tests = [test for step in record.steps for test in step.report.failing]
    lines = [f"{short(test.name)}: {test.message}".rstrip(": ") for test in tests[:FAILING_SHOWN]]
    return [*lines, f"and {len(tests) - FAILING_SHOWN} more"] if len(tests) > FAILING_SHOWN else lines


def _log_tail(record: TrialRecord) -> tuple[str, ...]:
    if not record.phases:
        return ()
    return _tail(record.phases[-1])


def _tail(phase: Phase) -> tuple[str, ...]:
    lines = [line.rstrip() for line in phase.log.splitlines() if line.strip()]
    return tuple(lines[-LOG_SHOWN:])


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it printed nothing"


def _rewards(record: TrialRecord) -> str:
    rewards = record.rewards or {}
    if list(rewards) == ["reward"]:
        return f"{rewards['reward']:g}"
    return "{" + ", ".join(f"{key}: {value:g}" for key, value in rewards.items()) + "}"


# --- the controls that do nothing


def _untouched(controls: Controls) -> Iterator[Finding]:
    nop, hollow = controls.nop, controls.hollow
    if nop is not None:
        yield from _nop(controls, nop)
    if hollow is not None:
        paid = _paid_for_nothing(hollow)
        if paid is not None and (nop is None or _paid_for_nothing(nop) is None):
            yield finding(
                "hollow-paid",
                f"A solution that exits at once is paid {_rewards(hollow)}, although doing nothing is not.",
                severity=paid,
            )
    # A verifier that never writes one says nothing of what it does where the work is not done.
    writes = any(record.rewards is not None for record in controls.references)
    if writes and any(record is not None and _cannot_write_zero(record) for record in (nop, hollow)):
        step = controls.task.steps[-1]
        yield finding(
            "no-zero-reward",
            "The verifier writes no reward where the work is not done: a wrong solution gets an error instead of 0.",
            tuple(showing(record).why for record in (nop, hollow) if record is not None)[:1],
            place=_set_e(step) or _script(step),
        )


def _paid_for_nothing(record: TrialRecord) -> Severity | None:
    if record.rewards is None:
        return None
    keys = decisive(record.rewards)
    if pay(record.rewards) is Pay.NOTHING:
        return None
    # Of several keys a measure may well be above 0 for the untouched environment, as long as another says 0.
    return Severity.WARNING if len(keys) > 1 and min(keys.values()) <= 0 else Severity.ERROR


def _nop(controls: Controls, nop: TrialRecord) -> Iterator[Finding]:
    item = showing(nop)
    severity = _paid_for_nothing(nop)
    if severity is not None:
        full = item.shown in (Shown.PAID, Shown.OVERPAID)
        yield finding(
            "nop-paid" if full else "nop-partly-paid",
            f"Doing nothing is paid {_rewards(nop)}.",
            tuple(f"passes on the untouched environment: {name}" for name in _passing(nop)),
            severity=severity,
        )
    if nop.rewards is not None and min(decisive(nop.rewards).values(), default=0) < 0:
        yield finding(
            "reward-out-of-range",
            f"Doing nothing is paid {_rewards(nop)}, which is less than 0.",
            place=_script(controls.task.steps[-1]),
            advice="Write 0 for no solution: trainers take rewards as they are, unclamped.",
        )
    reference_ran = any(showing(record).shown is not Shown.ERROR for record in controls.references)
    if item.shown is Shown.ERROR and reference_ran:
        yield finding(
            "nop-unmeasured",
            f"It could not be found out what doing nothing is paid: {item.why}",
            _log_tail(nop),
        )
    if item.shown is Shown.TIMEOUT:
        yield finding(
            "nop-timeout",
            f"The verifier hangs where nothing was done: {item.why}.",
            _log_tail(nop),
        )


def _passing(record: TrialRecord) -> list[str]:
    names = [short(t.name) for step in record.steps for t in step.report.tests if t.status not in BAD]
    return names[:FAILING_SHOWN]


def _cannot_write_zero(record: TrialRecord) -> bool:
    verify = record.phase(PhaseName.VERIFY)
    return (
        record.rewards is None
        and showing(record).shown is Shown.UNPAID
        and verify is not None
        and verify.status != 0
        and any(step.problem is not None and step.problem.fault == "missing" for step in record.steps)
    )


def _script(step: Step) -> Location | None:
    found = _script_file(step)
    return Location(found[0]) if found else None


def _script_file(step: Step) -> tuple[str, str] | None:
    """The verifier's script: its path relative to the task folder, and its text."""
    inside = step.verifier.script.removeprefix("/tests/")
    for folder in reversed(step.verifier.folders):
        path = folder / inside
        if path.is_file():
            below = "/".join(folder.parts[-3:] if folder.parent.parent.name == "steps" else folder.parts[-1:])
            return f"{below}/{inside}", path.read_text("utf-8", "replace")
    return None


def _set_e(step: Step) -> Location | None:
    found = _script_file(step)
    if found is None:
        return None
    for number, line in enumerate(found[1].splitlines(), 1):
        if re.match(r"\s*set\s+(?:-\w*e\w*|-o\s+errexit)\b", line) or (
            number == 1 and re.match(r"#!.*sh\s+-\w*e", line)
        ):
            return Location(found[0], number)
    return None


# --- how the reward came to be


_GRAVE_NOTES = {"empty-summary", "planted-link"}


def _notes(controls: Controls) -> Iterator[Finding]:
    told: dict[str, Finding] = {}
    for record in (*controls.references, controls.nop, controls.hollow):
        for step in record.steps if record is not None else ():
            for note in step.notes:
                severity = (
                    Severity.NOTE
                    if note.code in ("skipped-tests", "many-tests")
                    else Severity.ERROR
                    if note.code in _GRAVE_NOTES and record is not None and record.rewards
                    else Severity.WARNING
                )
                said = f"{note.text[:1].upper()}{note.text[1:]}."
                told.setdefault(note.code, finding(note.code, said, severity=severity, advice=""))
    yield from told.values()
    for text in controls.prepared.network_plan.notes:
        yield finding("network-policy", text, advice="")
    for record in controls.references[:1]:
        for step in record.steps:
            if step.problem is not None and record.rewards is not None:
                yield finding(
                    "step-without-reward",
                    f"Step {step.name} gives no reward, and the runner takes the mean of the others: "
                    f"{_rewards(record)}.",
                    (step.problem.message,),
                )
