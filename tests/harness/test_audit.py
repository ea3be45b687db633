"""The audit on an engine without boxes, whose verifier looks at some of what the solution writes."""

from __future__ import annotations

import json
import re
import shlex
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.dataset.duplicates import TaskCopy
from harness.dataset.model import AnyTask
from harness.engine.contract import Command
from harness.errors import EngineError, UsageError
from harness.judging.controls import ControlSettings
from harness.judging.outcome import CAUGHT, Cause, Outcome, OutcomeKind, Shown, showing
from harness.judging.strength import Thresholds, Verdict
from harness.lab.store import Store
from harness.lab.workers import Threads
from harness.mutants import Wish
from harness.report.stored import stored_report
from harness.report.terminal import terminal
from harness.runs import audit_and_keep
from harness.stages.result import Audited, AuditSettings
from harness.task.model import Task, Unusable
from harness.trial.record import Kind, TrialRecord, Which
from tests.harness.fake_engine import SOLVE, VERIFY, Does, FakeBox, FakeEngine
from tests.harness.tasks import harbor, write

INSTRUCTION = """\
Write `/app/settings.json`.

- The key `port` is 8080.
- The key `debug` is false.
- The key `hosts` lists `alpha`, `beta` and `gamma`.
"""
SOLUTION = """\
#!/bin/bash
cat > /app/settings.json <<'EOF'
{
  "port": 8080,
  "debug": false,
  "hosts": ["alpha", "beta", "gamma"]
}
EOF
"""
LOG, REWARD = "/logs/verifier/test-stdout.txt", "/logs/verifier/reward.txt"
ONLY_DATA = frozenset({"data"})


def task(folder: Path, name: str = "settings") -> Task:
    return harbor(folder / name, {"instruction.md": INSTRUCTION, "solution/solve.sh": SOLUTION})


def solve(box: FakeBox, command: Command) -> Does:
    script = box.files["/solution/solve.sh"].decode()
    body = re.search(r"<<'EOF'\n(.*)^EOF$", script, re.DOTALL | re.MULTILINE)
    return Does(writes={"/app/settings.json": body[1].encode()} if body else {})


def looking_at(*keys: str) -> Callable[[FakeBox, Command], Does]:
    """A verifier that compares these keys, and reports a test for each."""
    expected = {"port": 8080, "debug": False, "hosts": ["alpha", "beta", "gamma"]}

    def verify(box: FakeBox, command: Command) -> Does:
        try:
            found: Any = json.loads(box.files.get("/app/settings.json", b"{}"))
        except ValueError:
            found = {}
        passed = {key: isinstance(found, dict) and found.get(key) == expected[key] for key in keys}
        log = "".join(f"tests/test_a.py::test_{key} {'PASSED' if ok else 'FAILED'}\n" for key, ok in passed.items())
        failed = sum(not ok for ok in passed.values())
        closing = f"==== {failed} failed, {len(keys) - failed} passed in 0.01s ====\n"
        reward = b"1" if not failed else b"0"
        return Does(1 if failed else 0, writes={LOG: (log + closing).encode(), REWARD: reward})

    return verify


class Watch:
    """Counts what is done, and may end the run at some point as a crash would."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.outcomes: list[Outcome] = []
        self.stop_after = stop_after
        self.audited: list[Audited] = []

    def doing(self, task: str, what: str) -> None:
        pass

    def planned(self, task: str, mutants: int) -> None:
        pass

    def tried(self, task: str, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def done(self, audited: Audited | TaskCopy) -> None:
        assert isinstance(audited, Audited)
        self.audited.append(audited)


@dataclass(frozen=True)
class Found:
    """What a run told, and where it is kept."""

    folder: Path
    whole: bool
    audited: tuple[Audited, ...]

    def report(self, named: str = "run") -> dict[str, Any]:
        """As every format has it, and as it comes back from a file."""
        found = stored_report(self.folder, named)
        read: dict[str, Any] = json.loads(json.dumps({**found, "tasks": list(found["tasks"])}, allow_nan=False))
        return read


def audited_into(
    engine: FakeEngine,
    tasks: Sequence[Task | Unusable],
    settings: AuditSettings,
    store: Store,
    *,
    jobs: int = 2,
    watcher: Watch | None = None,
    options: Mapping[str, Any] | None = None,
    command: Callable[[AnyTask], str] = lambda task: task.name,
) -> Found:
    watcher = watcher or Watch()
    workers = Threads.here(engine, jobs)
    whole = audit_and_keep(workers, tasks, settings, store, watcher=watcher, command=command, options=options or {})
    order = [task.name for task in tasks]
    audited = sorted(watcher.audited, key=lambda one: order.index(one.task.name))
    return Found(store.folder, whole, tuple(audited))


def run(
    engine: FakeEngine,
    tasks: list[Task | Unusable],
    folder: Path,
    *,
    settings: AuditSettings | None = None,
    jobs: int = 2,
) -> Found:
    settings = settings or AuditSettings(ControlSettings(repeat=2), Wish(operators=ONLY_DATA), Thresholds(least=3))
    with Store(folder) as store:
        return audited_into(engine, tasks, settings, store, jobs=jobs)


def engine_looking_at(*keys: str) -> FakeEngine:
    return FakeEngine([(SOLVE, solve), (VERIFY, looking_at(*keys))])


def only(found: Found) -> Audited:
    [audited] = found.audited
    return audited


def without_times(found: Found) -> Any:
    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strip(each) for key, each in value.items() if "seconds" not in key}
        return [strip(each) for each in value] if isinstance(value, list) else value

    return strip(found.report())


def test_tests_that_look_at_everything_make_a_strong_task(tmp_path: Path) -> None:
    audited = only(run(engine_looking_at("port", "debug", "hosts"), [task(tmp_path)], tmp_path / "run"))
    assert (audited.verdict, audited.survivors) == (Verdict.STRONG, ())
    assert audited.strength is not None
    assert audited.strength.share.counted == len(audited.mutants) > 10
    assert audited.strength.by_assertion == audited.strength.share.counted
    assert audited.findings == ()


def test_what_no_test_looks_at_survives_and_is_named_with_the_requirement(tmp_path: Path) -> None:
    audited = only(run(engine_looking_at("debug", "hosts"), [task(tmp_path)], tmp_path / "run"))
    assert audited.verdict in (Verdict.WEAK, Verdict.ADEQUATE)
    assert {survivor.mutant.sentence for survivor in audited.survivors} >= {
        "`port` is left out",
        "`port` is 0, not 8080",
    }
    [finding] = [finding for finding in audited.findings if finding.id == "stated-requirement-untested"]
    assert finding.title == "Stated requirement never tested: The key `port` is 8080."
    assert str(finding.place) == "instruction.md:3"
    assert any("`port` is 0, not 8080" in line for line in finding.evidence)


def test_every_survivor_was_run_three_times_and_a_sample_of_kills_twice(tmp_path: Path) -> None:
    settings = AuditSettings(ControlSettings(repeat=1), Wish(operators=ONLY_DATA), sampled_kills=1)
    audited = only(run(engine_looking_at("port", "debug"), [task(tmp_path)], tmp_path / "run", settings=settings))
    runs = {
        kind: {len(result.records) for result in audited.mutants if result.outcome.kind is kind} for kind in OutcomeKind
    }
    assert runs[OutcomeKind.SURVIVED] == {3}
    assert runs[OutcomeKind.KILLED] == {2}


def test_a_task_whose_reference_is_not_paid_gets_no_mutants(tmp_path: Path) -> None:
    engine = FakeEngine([(SOLVE, Does()), (VERIFY, looking_at("port"))])
    audited = only(run(engine, [task(tmp_path)], tmp_path / "run"))
    assert (audited.verdict, audited.mutants) == (Verdict.BROKEN, ())


def test_a_task_whose_tests_cannot_run_on_the_reference_is_broken(tmp_path: Path) -> None:
    never = Does(status=127, output=b"/tests/test.sh: line 3: pytest: command not found\n", writes={REWARD: b"0"})
    audited = only(run(FakeEngine([(SOLVE, solve), (VERIFY, never)]), [task(tmp_path)], tmp_path / "run"))
    assert [finding.id for finding in audited.findings if finding.severity == "error"] == ["verifier-never-ran"]
    assert (audited.verdict, audited.mutants) == (Verdict.BROKEN, ())


def test_a_task_that_pays_doing_nothing_is_unsound_and_gets_no_mutants(tmp_path: Path) -> None:
    paid = Does(writes={REWARD: b"1", LOG: b"1 passed in 0.1s\n"})
    audited = only(run(FakeEngine([(SOLVE, solve), (VERIFY, paid)]), [task(tmp_path)], tmp_path / "run"))
    assert (audited.verdict, audited.mutants) == (Verdict.UNSOUND, ())


def test_a_reference_that_is_no_longer_paid_at_the_end_voids_the_kills(tmp_path: Path) -> None:
    honest = looking_at("port", "debug", "hosts")
    verified = []

    def verify(box: FakeBox, command: Command) -> Does:
        verified.append(box)
        # The clock has moved on by the time of the last run.
        if len(verified) > total:
            return Does(
                1,
                writes={
                    REWARD: b"0",
                    LOG: b"tests/a.py::test_date FAILED\n1 failed in 0.1s\n",
                },
            )
        return honest(box, command)

    total = 10_000
    first = only(run(FakeEngine([(SOLVE, solve), (VERIFY, verify)]), [task(tmp_path)], tmp_path / "one", jobs=1))
    assert first.verdict is Verdict.STRONG
    total = len(verified) - 1
    verified.clear()
    audited = only(run(FakeEngine([(SOLVE, solve), (VERIFY, verify)]), [task(tmp_path)], tmp_path / "two", jobs=1))
    assert audited.verdict is Verdict.UNMEASURED
    assert "reference-not-paid-at-the-end" in {finding.id for finding in audited.findings}
    assert audited.last_failed is None, "nothing says that it could be fetched the next time"


def test_a_reference_at_the_end_that_could_not_fetch_something_runs_once_more(tmp_path: Path) -> None:
    honest = looking_at("port", "debug", "hosts")
    offline = Does(1, writes={REWARD: b"0", LOG: b"curl: (6) Could not resolve host: example.org\n"})
    first, times = 10_000, 1
    verified = []

    def verify(box: FakeBox, command: Command) -> Does:
        verified.append(box)
        return offline if first <= len(verified) < first + times else honest(box, command)

    engine = FakeEngine([(SOLVE, solve), (VERIFY, verify)])
    run(engine, [task(tmp_path)], tmp_path / "one", jobs=1)
    first = len(verified)
    verified.clear()
    found = run(engine, [task(tmp_path)], tmp_path / "two", jobs=1)
    assert only(found).verdict is Verdict.STRONG
    controls = found.report()["tasks"][0]["controls"]
    assert "Could not resolve host" in json.dumps(controls["reference_at_the_end_not_fetched"]["phases"])
    assert controls["reference_at_the_end"]["shown"] == "paid"
    verified.clear()
    times = 2
    assert only(run(engine, [task(tmp_path)], tmp_path / "three", jobs=1)).verdict is Verdict.UNMEASURED


@pytest.mark.parametrize(
    ("does", "cause"),
    [
        (Does(error=EngineError("the daemon went away")), Cause.ENGINE),
        (
            Does(1, writes={LOG: b"curl: (6) Could not resolve host: example.org\n"}),
            Cause.MACHINE,
        ),
        (
            Does(1, writes={LOG: b"OSError: [Errno 28] No space left on device\n"}),
            Cause.MACHINE,
        ),
        (
            Does(127, writes={LOG: b"/tests/test.sh: line 3: pytest: command not found\n"}),
            Cause.NEVER_RAN,
        ),
        (Does(137, oom=True, writes={LOG: b"Killed\n"}), Cause.MACHINE),
        (
            Does(
                5,
                writes={
                    LOG: b"collected 0 items\n==== no tests ran in 0.01s ====\n",
                    REWARD: b"0",
                },
            ),
            Cause.NEVER_RAN,
        ),
    ],
    ids=["engine", "network", "disk", "tool", "memory", "no-tests"],
)
def test_a_verifier_that_did_not_run_for_a_mutant_is_never_a_kill(tmp_path: Path, does: Does, cause: Cause) -> None:
    honest = looking_at("port", "debug", "hosts")

    def verify(box: FakeBox, command: Command) -> Does:
        if b'"port": 0' in box.files.get("/app/settings.json", b""):
            if does.error is not None:
                raise does.error
            return does
        return honest(box, command)

    audited = only(run(FakeEngine([(SOLVE, solve), (VERIFY, verify)]), [task(tmp_path)], tmp_path / "run"))
    [hit] = [result for result in audited.mutants if result.mutant.sentence == "`port` is 0, not 8080"]
    assert (hit.outcome.kind, hit.outcome.cause) == (OutcomeKind.ERROR, cause)
    assert len(hit.records) == 2
    assert all(other.outcome.kind is OutcomeKind.KILLED for other in audited.mutants if other is not hit)


def test_two_runs_of_the_same_seed_give_the_same_report_but_for_times(tmp_path: Path) -> None:
    reports = [
        without_times(run(engine_looking_at("port"), [task(tmp_path)], tmp_path / name)) for name in ("one", "two")
    ]
    assert reports[0] == reports[1]


def test_a_finished_trial_is_not_run_again(tmp_path: Path) -> None:
    first = run(engine_looking_at("port"), [task(tmp_path)], tmp_path / "run")
    engine = engine_looking_at("port")
    second = run(engine, [task(tmp_path)], tmp_path / "run")
    assert engine.boxes == []
    assert without_times(first) == without_times(second)


def test_a_changed_task_is_run_again(tmp_path: Path) -> None:
    made = task(tmp_path)
    run(engine_looking_at("port"), [made], tmp_path / "run")
    write(made.path, {"tests/extra.txt": "x"})
    engine = engine_looking_at("port")
    run(engine, [task(tmp_path)], tmp_path / "run")
    assert engine.boxes


class Crash(BaseException):
    """Stands for the tool's sudden end."""


@pytest.mark.parametrize("after", [1, 3, 4, 7, 12, 19, 26])
def test_a_run_that_ended_anywhere_goes_on_to_the_same_results(tmp_path: Path, after: int) -> None:
    uninterrupted = engine_looking_at("port")
    whole = run(uninterrupted, [task(tmp_path)], tmp_path / "whole")
    count = threading.Lock()
    left = [after]

    def dying(box: FakeBox, command: Command) -> Does:
        with count:
            left[0] -= 1
            if left[0] < 0:
                raise Crash
        return solve(box, command)

    with pytest.raises(Crash):
        run(FakeEngine([(SOLVE, dying), (VERIFY, looking_at("port"))]), [task(tmp_path)], tmp_path / "cut", jobs=1)
    engine = engine_looking_at("port")
    resumed = run(engine, [task(tmp_path)], tmp_path / "cut")
    assert without_times(resumed) == without_times(whole)
    assert solves(engine) == solves(uninterrupted) - after


def solves(engine: FakeEngine) -> int:
    return sum(bool(re.search(SOLVE, line)) for line in engine.log)


def test_two_audits_do_not_share_a_run_folder(tmp_path: Path) -> None:
    with Store(tmp_path / "run"), pytest.raises(UsageError, match="Another audit is writing"):
        Store(tmp_path / "run")


def test_a_task_folder_is_the_same_before_and_after(tmp_path: Path) -> None:
    made = task(tmp_path)
    before = {path: path.read_bytes() for path in made.path.rglob("*") if path.is_file()}
    run(engine_looking_at("port"), [made], tmp_path / "run")
    assert {path: path.read_bytes() for path in made.path.rglob("*") if path.is_file()} == before


def test_the_first_mutants_of_every_task_run_before_any_tasks_last(tmp_path: Path) -> None:
    engine = engine_looking_at("port", "debug", "hosts")
    run(engine, [task(tmp_path, "a"), task(tmp_path, "b")], tmp_path / "run", jobs=1)
    order = [line.split("/")[-3] for line in [str(box.spec.image.id) for box in engine.boxes]]
    middle = order[10:-10]
    assert middle.count("a") == pytest.approx(len(middle) / 2, abs=2)
    assert "a" in middle[: len(middle) // 2]
    assert "b" in middle[: len(middle) // 2]


def test_the_terminal_names_the_survivors_and_what_to_do(tmp_path: Path) -> None:
    found = run(engine_looking_at("debug", "hosts"), [task(tmp_path)], tmp_path / "run")
    said = terminal(found.report("the-run"))
    assert "`port` is left out" in said
    assert '"The key `port` is 8080." (instruction.md:3)' in said
    assert "foolsgold show the-run" in said


def test_controls_are_kept_as_trials_of_their_own(tmp_path: Path) -> None:
    run(engine_looking_at("port"), [task(tmp_path)], tmp_path / "run")
    with Store(tmp_path / "run") as store:
        kinds = [key.kind for key in store.trials("settings")]
    assert {Kind.REFERENCE, Kind.NOP, Kind.HOLLOW, Kind.MUTANT} <= set(kinds)


def complaining(line: str, *, reference: bool) -> Callable[[FakeBox, Command], Does]:
    """A verifier that says the line before everything else: for every solution, or for all but the reference."""

    def verify(box: FakeBox, command: Command) -> Does:
        does = looking_at("port", "debug", "hosts")(box, command)
        if does.writes[REWARD] == b"0":
            return Does(1, writes={**does.writes, LOG: f"{line}\nFAIL\n".encode()})
        return Does(0, writes={**does.writes, LOG: f"{line}\n".encode() + does.writes[LOG]}) if reference else does

    return verify


COMPLAINT = "E: Unable to locate package fancy"


@pytest.mark.parametrize(("reference", "runs"), [(True, 2), (False, 1)])
def test_idle_controls_beside_the_first_reference_run_again_where_it_excuses_their_complaints(
    tmp_path: Path, reference: bool, runs: int
) -> None:
    engine = FakeEngine([(SOLVE, solve), (VERIFY, complaining(COMPLAINT, reference=reference))])
    settings = AuditSettings(ControlSettings(repeat=2, network="off"), Wish(operators=ONLY_DATA), Thresholds(least=3))
    audited = only(run(engine, [task(tmp_path)], tmp_path / "run", settings=settings))
    unsolved = [box for box in engine.boxes if "/solution/solve.sh" not in box.files]
    assert len(unsolved) == runs
    assert audited.controls is not None
    assert audited.controls.nop is not None
    assert showing(audited.controls.nop).shown is (Shown.UNPAID if reference else Shown.ERROR)


def test_a_reference_that_hung_is_not_repeated_even_where_it_would_run_beside_the_first(tmp_path: Path) -> None:
    def hang(box: FakeBox, command: Command) -> Does:
        time.sleep(0.1)  # so that what is beside it has its box and waits for a turn
        return Does(None, seconds=600.0)

    engine = FakeEngine([(SOLVE, solve), (VERIFY, hang)])
    settings = AuditSettings(ControlSettings(repeat=3, network="off"))
    audited = only(run(engine, [task(tmp_path)], tmp_path / "run", settings=settings, jobs=1))
    assert audited.verdict is Verdict.BROKEN
    commands = [(box, shlex.join(command.argv)) for box, command in engine.commands]
    verified = [box.files.get("/solution/solve.sh") for box, line in commands if re.search(VERIFY, line)]
    assert verified.count(SOLUTION.encode()) == 2  # once more alone, with a nop beside it
    assert len(verified) == 5  # nop and hollow, too


def test_a_reference_that_hung_without_a_network_is_run_with_one(tmp_path: Path) -> None:
    def verify(box: FakeBox, command: Command) -> Does:
        return looking_at("port", "debug", "hosts")(box, command) if box.spec.network else Does(None, seconds=600.0)

    engine = FakeEngine([(SOLVE, solve), (VERIFY, verify)])
    audited = only(run(engine, [task(tmp_path)], tmp_path / "run"))
    assert audited.verdict is Verdict.STRONG


def test_the_reference_runs_last_after_everything_that_may_be_a_kill(tmp_path: Path) -> None:
    done: list[tuple[str, str, str]] = []

    class Order(Store):
        def put_trial(self, record: TrialRecord) -> None:
            # So that what does not wait comes first.
            time.sleep(0.1 if record.run is Which.CONFIRM else 0.0)
            done.append((str(record.kind), record.label, record.run))
            super().put_trial(record)

    settings = AuditSettings(ControlSettings(repeat=1), Wish(operators=ONLY_DATA), sampled_kills=1)
    engine = engine_looking_at("debug")
    with Order(tmp_path / "run") as store:
        found = audited_into(engine, [task(tmp_path)], settings, store, jobs=4)
    audited = only(found)
    kills = {result.mutant.id for result in audited.mutants if result.outcome.kind in CAUGHT}
    [last] = [number for number, (kind, _, _) in enumerate(done) if kind == Kind.IDENTITY]
    assert {label for kind, label, _ in done[:last] if kind == Kind.MUTANT} >= kills
    assert not {label for kind, label, _ in done[last:] if kind == Kind.MUTANT} & kills
    assert len(kills) >= 2
