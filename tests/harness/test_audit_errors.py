"""No error is ever silent, and nothing that merely failed to happen is taken for a result."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import harness.audit
import harness.check
import harness.stages.settling
from harness.check import Checked, run_check
from harness.engine.contract import Command, Healthcheck, ImageConfig
from harness.errors import EngineError, ExitCode
from harness.judging.controls import ControlSettings
from harness.judging.outcome import Cause, OutcomeKind
from harness.judging.strength import Thresholds
from harness.lab.workers import Threads
from harness.mutants import Wish
from harness.report.gate import Rules, gate
from harness.stages.result import AuditSettings, MutantResult
from harness.trial.end_state import EndState
from harness.trial.record import Which
from tests.harness.fake_engine import SOLVE, VERIFY, Does, FakeBox, FakeEngine
from tests.harness.tasks import harbor
from tests.harness.test_audit import (
    INSTRUCTION,
    ONLY_DATA,
    SOLUTION,
    Found,
    engine_looking_at,
    looking_at,
    only,
    run,
    solve,
    task,
)

KEYS = ("port", "debug", "hosts")
LISTING = r"PPid"


def raising(*_arguments: object, **_named: object) -> Any:
    raise ZeroDivisionError("a bug")


STAGES = (
    "text_findings", "at_first", "run_controls", "baseline", "sound", "task_mutants", "terms_of", "mutants_of",
    "and_repeated", "to_try", "told_apart", "mutant_json", "may_stop_early", "may_reuse", "try_first",
    "confirm", "left_behind", "reference_left", "compared", "run_probes", "reprinted", "with_effect",
    "reference_observed", "tighten", "still_the_same", "at_the_end", "last_on_kept", "sampled",
    "verdict_of", "of_the_start",
)  # fmt: skip


CALLING = (harness.audit, harness.stages.settling)
"""Whose calls are broken on purpose."""


@pytest.mark.parametrize("stage", STAGES)
def test_an_error_in_any_stage_is_told_once_and_the_other_tasks_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    calls = next(module for module in CALLING if hasattr(module, stage))
    honest = getattr(calls, stage)

    def broken(*given: object) -> Any:
        return (raising if _about_the_first(given) else honest)(*given)

    async def left(*_given: object) -> EndState:
        return EndState()  # what an engine without files cannot say

    if stage == "reference_left":
        monkeypatch.setattr(calls, "left_behind", left)
    monkeypatch.setattr(calls, stage, broken)
    settings = AuditSettings(
        ControlSettings(repeat=1), Wish(operators=ONLY_DATA), Thresholds(least=3), first_failure=True, proposed=()
    )
    tasks = [task(tmp_path, "a"), task(tmp_path, "b")]
    found = run(engine_looking_at("port"), list(tasks), tmp_path / "run", settings=settings)
    told_once(found, "a")


def _about_the_first(given: tuple[object, ...]) -> bool:
    """Whether a call is about the task `a`, by any of what it is given; what says nothing of a task is the first's."""
    for each in given:
        for one in (each, getattr(each, "task", None), getattr(getattr(each, "prepared", None), "task", None)):
            name = getattr(one, "name", None)
            if name in ("a", "b"):
                return bool(name == "a")
    return True


def told_once(found: Found, *broken: str) -> None:
    report = found.report()
    assert [entry["name"] for entry in report["tasks"]] == ["a", "b"]
    internal = {entry["name"] for entry in report["tasks"] if entry["internal_error"]}
    assert internal >= set(broken)
    assert [one.task.name for one in found.audited] == ["a", "b"]
    for entry in report["tasks"]:
        if entry["internal_error"]:
            assert "ZeroDivisionError: a bug" in entry["internal_error"]
            assert [finding["id"] for finding in entry["findings"]] == ["internal-error"]
    assert gate(report, lambda _: Rules(), lambda _: ()).exit_code == ExitCode.INTERNAL


def test_the_stages_that_are_broken_on_purpose_are_all_there_are() -> None:
    """Whatever audit.py and settling.py call by a name of their own, but for the lab, values and what only waits."""
    called = {
        name
        for module in CALLING
        for name, value in vars(module).items()
        if inspect.isfunction(value) and not name.startswith("_") and value.__module__.startswith("harness.")
    }
    # The first two are only called where runs disagree; test_reuse.py has them.
    not_stages = {
        "plainly",
        "repeated",
        "audit",
        "audit_task",
        "side_by_side",
        "in_time",
        "unusable",
        "internal_error",
        "verdict_of_controls",
    }
    assert called - set(STAGES) <= not_stages


def test_an_error_in_the_verdict_of_a_broken_task_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness.audit, "verdict_of_controls", raising)
    engine = FakeEngine([(SOLVE, Does()), (VERIFY, looking_at("port"))])
    told_once(run(engine, [task(tmp_path, "a"), task(tmp_path, "b")], tmp_path / "run"), "a", "b")


def test_an_idle_control_that_fails_by_a_bug_beside_a_hopeless_reference_ends_the_task_once(tmp_path: Path) -> None:
    def build(name: str) -> Any:
        config = 'version = "1.0"\n[environment]\nnetwork_mode = "no-network"\n'
        return harbor(
            tmp_path / name, {"instruction.md": INSTRUCTION, "solution/solve.sh": SOLUTION, "task.toml": config}
        )

    def verify(box: FakeBox, command: Command) -> Does:
        raise ZeroDivisionError("a bug")

    def sick(box: FakeBox, command: Command) -> Does:
        return Does(1 if len(box.engine.boxes) < 2 else 0)

    check = Healthcheck("probe-me", interval=0.01, timeout=1.0, retries=1)
    engine = FakeEngine([("probe-me", sick), (SOLVE, solve), (VERIFY, verify)], config=ImageConfig(healthcheck=check))
    found = run(engine, [build("a")], tmp_path / "run", jobs=1)
    assert len(found.audited) == 1


def test_check_tells_a_bug_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness.check, "control_findings", raising)
    done: list[Checked] = []

    class Watch:
        def doing(self, task: str, what: str) -> None:
            pass

        def done(self, checked: Checked) -> None:
            done.append(checked)

    tasks = [task(tmp_path, "a"), task(tmp_path, "b")]
    found = run_check(
        Threads.here(engine_looking_at("port"), 2),
        tasks,
        ControlSettings(repeat=1),
        watcher=Watch(),
        command=lambda task: task.name,
        options={},
    )
    assert sorted(one.task.name for one in done) == ["a", "b"]
    assert found.exit_code == ExitCode.INTERNAL
    assert all("a bug" in one.internal for one in found.checked)


def test_a_kill_whose_first_run_was_the_engines_error_still_says_which_tests_noticed(tmp_path: Path) -> None:
    """One such mutant must not make every test look as though it had not run."""
    honest = looking_at(*KEYS)
    failed: list[FakeBox] = []

    def verify(box: FakeBox, command: Command) -> Does:
        if b'"port": 0' in box.files.get("/app/settings.json", b"") and not failed:
            failed.append(box)
            raise EngineError("the daemon went away")
        does = honest(box, command)
        log = does.writes["/logs/verifier/test-stdout.txt"]
        return Does(
            does.status,
            writes={**does.writes, "/logs/verifier/test-stdout.txt": b"tests/test_a.py::test_idle PASSED\n" + log},
        )

    audited = only(run(FakeEngine([(SOLVE, solve), (VERIFY, verify)]), [task(tmp_path)], tmp_path / "run"))
    [hit] = [one for one in audited.mutants if one.mutant.sentence == "`port` is 0, not 8080"]
    assert failed
    assert (hit.outcome.kind, hit.shown) == (OutcomeKind.KILLED, (OutcomeKind.ERROR, OutcomeKind.KILLED))
    assert [one.title for one in audited.findings if one.id == "test-never-fails"] != []


# --- what does not end


def hanging(*, listing: bytes, ends: Callable[[FakeBox, Command], bool]) -> FakeEngine:
    """One variant's verifier hangs unless `ends` says otherwise; then it pays by what it finds."""
    honest = looking_at("debug", "hosts")

    def verify(box: FakeBox, command: Command) -> Does:
        wrong = b'"port": 0' in box.files.get("/app/settings.json", b"")
        return Does(None) if wrong and not ends(box, command) else honest(box, command)

    return FakeEngine([(SOLVE, solve), (VERIFY, verify), (LISTING, Does(output=listing))])


def hung(engine: FakeEngine, folder: Path, longest_hang: float = 300.0, **settings: Any) -> MutantResult:
    controls = ControlSettings(repeat=1, longest_hang=longest_hang)
    wanted = AuditSettings(controls, Wish(operators=ONLY_DATA), Thresholds(least=3), **settings)
    audited = only(run(engine, [task(folder)], folder / "run", settings=wanted))
    [hit] = [one for one in audited.mutants if one.mutant.sentence == "`port` is 0, not 8080"]
    return hit


PROGRAM = b"7 1 bash -c (/tests/test.sh) > log\n8 7 python3 /app/serve.py\n"
INSTALLER = b"7 1 bash -c (/tests/test.sh) > log\n8 7 bash /tests/test.sh\n9 8 apt-get update\n"


def test_a_variant_that_hangs_again_alone_in_a_program_of_its_own_is_caught(tmp_path: Path) -> None:
    hit = hung(hanging(listing=PROGRAM, ends=lambda box, command: False), tmp_path)
    assert (hit.outcome.kind, [record.run for record in hit.records]) == (
        OutcomeKind.TIMEOUT,
        [Which.FIRST, Which.ALONE],
    )
    assert "in `python3 /app/serve.py`" in hit.outcome.why


def test_a_variant_that_was_only_slow_is_what_it_is_paid_at_the_tasks_own_limit(tmp_path: Path) -> None:
    hit = hung(hanging(listing=PROGRAM, ends=lambda box, command: command.timeout >= 20), tmp_path, floor=5.0)
    assert hit.outcome.kind is OutcomeKind.SURVIVED
    assert [record.run for record in hit.records] == [Which.FIRST, Which.ALONE, Which.CONFIRM]


@pytest.mark.parametrize(
    ("listing", "says"), [(INSTALLER, "installers (apt-get update)"), (b"", "nobody knows in what")]
)
def test_what_hangs_in_an_installer_or_nobody_knows_where_is_unclear(tmp_path: Path, listing: bytes, says: str) -> None:
    hit = hung(hanging(listing=listing, ends=lambda box, command: False), tmp_path)
    assert (hit.outcome.kind, hit.outcome.cause) == (OutcomeKind.ERROR, Cause.SLOW)
    last = hit.records[-1]
    assert last.run is Which.ALONE
    assert hit.shown == (OutcomeKind.ERROR, OutcomeKind.ERROR)
    assert says in hit.outcome.why


def test_what_hangs_while_the_reference_beside_it_hangs_too_is_unclear(tmp_path: Path) -> None:
    honest = looking_at("debug", "hosts")
    hung: list[FakeBox] = []
    beside: list[FakeBox] = []

    def verify(box: FakeBox, command: Command) -> Does:
        if b'"port": 0' in box.files.get("/app/settings.json", b""):
            hung.append(box)
            return Does(None)
        # The first reference that is judged after the variant has hung is the one that runs beside it.
        judged = "FOOLSGOLD_LOOK" not in command.argv[-1]
        if hung and judged and not beside and box.files["/solution/solve.sh"] == SOLUTION.encode():
            beside.append(box)
            return Does(None)
        return honest(box, command)

    engine = FakeEngine([(SOLVE, solve), (VERIFY, verify), (LISTING, Does(output=PROGRAM))])
    settings = AuditSettings(
        ControlSettings(repeat=1), Wish(operators=ONLY_DATA), Thresholds(least=3), floor=5.0, sampled_kills=10**9
    )
    [audited] = run(engine, [task(tmp_path)], tmp_path / "run", settings=settings, jobs=1).audited
    [hit] = [one for one in audited.mutants if one.mutant.sentence == "`port` is 0, not 8080"]
    assert hit.records[-1].run is Which.ALONE
    assert (hit.outcome.kind, hit.outcome.cause) == (OutcomeKind.ERROR, Cause.SLOW)
    assert "and so did the reference beside it" in hit.outcome.why


def test_what_would_take_too_long_to_confirm_is_unclear_and_says_so(tmp_path: Path) -> None:
    hit = hung(hanging(listing=PROGRAM, ends=lambda box, command: False), tmp_path, longest_hang=10.0)
    assert (hit.outcome.kind, hit.outcome.cause) == (OutcomeKind.ERROR, Cause.SLOW)
    assert [record.run for record in hit.records] == [Which.FIRST]


def test_a_run_that_does_not_end_makes_nothing_flaky(tmp_path: Path) -> None:
    verified: list[float] = []

    def ends(box: FakeBox, command: Command) -> bool:
        verified.append(command.timeout)
        return len(verified) != 2  # its confirmation, on a busy machine

    hit = hung(hanging(listing=PROGRAM, ends=ends), tmp_path)
    assert hit.outcome.kind is OutcomeKind.SURVIVED
    assert OutcomeKind.ERROR in hit.shown
