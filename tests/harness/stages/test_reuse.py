"""An audit that may reuse what the tests install: proven on the controls, and given up at the first disagreement."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

import harness.audit
import harness.lab.workers
import harness.stages.reuse
from harness.engine.box_end import BoxEnd, EndLook
from harness.engine.changes import FILE, Changes
from harness.engine.contract import Box, BoxSpec, Command, ImageConfig, Keeping, Kept, NotKept
from harness.judging.controls import ControlSettings
from harness.judging.outcome import OutcomeKind
from harness.judging.strength import Thresholds, Verdict
from harness.lab.lab import Place
from harness.mutants import Wish
from harness.report.verbose import verbose
from harness.stages.mutants import Runs, Terms, Untried, try_first
from harness.stages.result import Audited, AuditSettings
from harness.task.model import Task
from harness.testcode.beginning import beginning_of
from harness.trial.plan import Begun
from harness.trial.record import TrialRecord, Which
from tests.harness.fake_engine import SOLVE, VERIFY, Does, FakeBox, FakeEngine
from tests.harness.stages.test_controls import PUBLIC
from tests.harness.tasks import harbor
from tests.harness.test_audit import INSTRUCTION, LOG, ONLY_DATA, SOLUTION, looking_at, only, run, solve

TESTS = "#!/bin/bash\napt-get update\napt-get install -y curl\npython3 /tests/look.py\n"
PAYS_ALL_OR_NOTHING = f"""{TESTS}if [ $? -eq 0 ]; then echo 1 > /logs/verifier/reward.txt
else echo 0 > /logs/verifier/reward.txt; fi
"""
GIVEN = "/given"
Verify = Callable[[FakeBox, Command], Does]


class KeepingBox(FakeBox):
    def changes(self) -> Changes:
        return Changes({path: FILE for path in self.files if path.startswith("/app/")})

    def give(self, kept: Kept) -> None:
        self.files[GIVEN] = b""


class KeepingEngine(FakeEngine):
    """Its tests take a second less where what they install is given to them."""

    def __init__(self, verify: Verify, *, refuses: str = "") -> None:
        def timed(box: FakeBox, command: Command) -> Does:
            does = verify(box, command)
            return Does(does.status, does.output, does.writes, seconds=0.2 if GIVEN in box.files else 2.0)

        super().__init__([(SOLVE, solve), (VERIFY, timed)])
        self.refuses = refuses

    def open(self, spec: BoxSpec) -> Box:
        box = KeepingBox(self, spec)
        self.boxes.append(box)
        return box

    def keep(self, key: str, about: str, spec: BoxSpec, what: Keeping) -> Kept:
        if self.refuses:
            raise NotKept(self.refuses)
        return Kept(Path("/kept"), Changes({"/usr/bin/curl": FILE}), 4_000_000)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness.stages.reuse, "FEWEST", 1)


def task(folder: Path, tests: str = TESTS) -> Task:
    files = {"instruction.md": INSTRUCTION, "solution/solve.sh": SOLUTION, "tests/test.sh": tests, "task.toml": PUBLIC}
    return harbor(folder / "t", files)


def audited(
    folder: Path,
    engine: FakeEngine,
    *,
    reuse: bool = True,
    tests: str = TESTS,
    first_failure: bool = False,
    sampled: int = 1,
) -> Audited:
    settings = AuditSettings(
        ControlSettings(repeat=3),
        Wish(operators=ONLY_DATA),
        Thresholds(least=3),
        sampled_kills=sampled,
        reuse=reuse,
        first_failure=first_failure,
    )
    return only(run(engine, [task(folder, tests)], folder / "run", settings=settings))


def outcomes(found: Audited) -> dict[str, OutcomeKind]:
    return {one.label: one.outcome.kind for one in found.mutants}


def references(found: Audited) -> tuple[TrialRecord, ...]:
    assert found.controls is not None
    return found.controls.references


def reusing(found: Audited, which: Which) -> set[bool]:
    return {record.reused for one in found.mutants for record in one.records if record.run is which}


def test_first_runs_reuse_and_every_survivor_and_sampled_kill_has_a_plain_run(tmp_path: Path) -> None:
    found = audited(tmp_path, KeepingEngine(looking_at("port", "debug")))
    plain = audited(tmp_path / "plain", KeepingEngine(looking_at("port", "debug")), reuse=False)
    assert outcomes(found) == outcomes(plain)
    assert {OutcomeKind.SURVIVED, OutcomeKind.KILLED} <= set(outcomes(found).values())
    assert (reusing(found, Which.FIRST), reusing(found, Which.CONFIRM)) == ({True}, {False})
    assert reusing(plain, Which.FIRST) == {False}
    assert found.reuse is not None
    assert found.reuse.why_not == ""
    assert found.reuse.statements == ("apt-get update", "apt-get install -y curl")
    assert found.reuse.trials == sum(record.reused for one in found.mutants for record in one.records)
    assert found.reuse.saved == pytest.approx(1.8 * found.reuse.trials, abs=0.2)
    assert found.timings is not None
    assert plain.timings is not None
    assert found.timings.verifying < plain.timings.verifying


def test_only_first_controls_and_what_is_to_be_confirmed_install_anything(tmp_path: Path) -> None:
    """The reference's repetitions, the controls of the early end, and what is never judged go on from what was kept."""
    engine = KeepingEngine(looking_at("port"))
    installed: list[bool] = []
    answer = engine.table[1][1]

    def counted(box: FakeBox, command: Command) -> Does:
        installed.append(GIVEN not in box.files)
        assert callable(answer)
        return answer(box, command)

    engine.table[1] = VERIFY, counted
    found = audited(tmp_path, engine, tests=PAYS_ALL_OR_NOTHING, first_failure=True, sampled=10**9)
    assert [record.reused for record in references(found)] == [False, True, True]
    survived = [one for one in found.mutants if one.outcome.kind is OutcomeKind.SURVIVED]
    assert survived
    plain = ("reference", "nop", "hollow", *("confirmation" for _ in survived), "the reference at the end")
    assert sum(installed) == len(plain)
    assert all("first failure" in one.records[0].purpose for one in found.mutants)


@pytest.mark.parametrize("calls", ["go test ./...", "python3 /tests/look.py"])
def test_what_stops_at_the_first_failure_keeps_the_options_that_it_was_given(tmp_path: Path, calls: str) -> None:
    honest, given = looking_at("port"), {"GOFLAGS": "-mod=mod", "PYTEST_ADDOPTS": "-q"}
    engine = FakeEngine([(SOLVE, solve), (VERIFY, honest)], config=ImageConfig(workdir="/app", env=given))
    seen: set[tuple[str, str]] = set()

    def verify(box: FakeBox, command: Command) -> Does:
        seen.add((command.env.get("PYTEST_ADDOPTS", ""), command.env.get("GOFLAGS", "")))
        return honest(box, command)

    engine.table[1] = VERIFY, verify
    audited(tmp_path, engine, tests=f"{PAYS_ALL_OR_NOTHING}# {calls}\n", first_failure=True)
    assert seen == {("", ""), ("-q -x", "-mod=mod -failfast" if calls.startswith("go") else "")}


def test_the_reference_repeats_plainly_where_nothing_is_reused(tmp_path: Path) -> None:
    refused = audited(tmp_path, KeepingEngine(looking_at("port"), refuses="the disk is full"))
    unasked = audited(tmp_path / "plain", KeepingEngine(looking_at("port")), reuse=False)
    for found in (refused, unasked):
        assert {one.label: one.reused for one in references(found)} == dict.fromkeys("123", False)


def test_a_reference_that_is_not_always_paid_is_found_out_on_what_was_kept(tmp_path: Path) -> None:
    honest = looking_at("port")
    ran: Iterator[int] = count()

    def verify(box: FakeBox, command: Command) -> Does:
        paid = _right(box.files.get("/app/settings.json", b""))
        return honest(_with(box, b"{}") if GIVEN in box.files and paid and next(ran) > 0 else box, command)

    found = audited(tmp_path, KeepingEngine(verify))
    assert found.verdict is Verdict.FLAKY
    assert not found.mutants


def test_a_control_that_ends_otherwise_means_that_nothing_is_reused(tmp_path: Path) -> None:
    honest = looking_at("port")

    def verify(box: FakeBox, command: Command) -> Does:
        return Does(writes={"/logs/verifier/reward.txt": b"1"}) if GIVEN in box.files else honest(box, command)

    found = audited(tmp_path, KeepingEngine(verify))
    assert reusing(found, Which.FIRST) == {False}
    assert found.reuse is not None
    assert "control did not end the same" in found.reuse.why_not


@pytest.mark.parametrize("wrongly", [OutcomeKind.KILLED, OutcomeKind.SURVIVED])
def test_a_plain_run_that_says_otherwise_has_everything_run_again_plainly(tmp_path: Path, wrongly: OutcomeKind) -> None:
    """Right on the controls, and wrong about one variant."""
    honest = looking_at("port", "debug")

    def verify(box: FakeBox, command: Command) -> Does:
        left = box.files.get("/app/settings.json", b"")
        wrong = GIVEN in box.files and left and not _right(left)
        return honest(_with(box, SETTINGS if wrongly is OutcomeKind.SURVIVED else b"{}") if wrong else box, command)

    found = audited(tmp_path, KeepingEngine(verify))
    plain = audited(tmp_path / "plain", KeepingEngine(honest), reuse=False)
    assert outcomes(found) == outcomes(plain)
    assert not any(record.reused for one in found.mutants for record in one.records)
    assert found.reuse is not None
    assert found.reuse.disagreed in outcomes(found)
    assert not any(record.reused for record in references(found))
    assert found.last is not None
    assert found.last.label == "last again"


SETTINGS = b'{"port": 8080, "debug": false, "hosts": ["alpha", "beta", "gamma"]}'


def _right(settings: bytes) -> bool:
    try:
        return bool(json.loads(settings) == json.loads(SETTINGS))
    except ValueError:
        return False


def _with(box: FakeBox, settings: bytes) -> FakeBox:
    other = FakeBox(box.engine, box.spec)
    other.files = {**box.files, "/app/settings.json": settings}
    return other


def test_what_tests_install_is_kept_beside_the_control_that_does_nothing(tmp_path: Path) -> None:
    """Each waits for the other: one after the other would not end."""
    honest, both, first = looking_at("port"), threading.Barrier(2, timeout=30), threading.Lock()

    def verify(box: FakeBox, command: Command) -> Does:
        if not box.spec.network:
            return Does(1)
        if "/solution/solve.sh" not in box.files and GIVEN not in box.files and first.acquire(blocking=False):
            both.wait()
        return honest(box, command)

    class Waits(KeepingEngine):
        def keep(self, key: str, about: str, spec: BoxSpec, what: Keeping) -> Kept:
            both.wait()
            return super().keep(key, about, spec, what)

    files = {"instruction.md": INSTRUCTION, "solution/solve.sh": SOLUTION, "tests/test.sh": TESTS}
    settings = AuditSettings(ControlSettings(repeat=3), Wish(operators=ONLY_DATA), Thresholds(least=3))
    engine = Waits(verify)
    found = only(run(engine, [harbor(tmp_path / "t", files)], tmp_path / "run", settings=settings))
    assert found.reuse is not None
    assert found.reuse.why_not == ""
    assert [record.reused for record in references(found)] == [False, True, True]


def test_the_reference_at_the_end_runs_on_what_was_kept_beside_its_plain_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: dict[str, asyncio.Event] = {"at_the_end": asyncio.Event(), "last_on_kept": asyncio.Event()}

    def waiting(name: str) -> Callable[..., Awaitable[object]]:
        honest = getattr(harness.audit, name)

        async def work(*given: object) -> object:
            begun[name].set()
            for other in begun.values():
                await asyncio.wait_for(other.wait(), 30)
            return await honest(*given)

        return work

    for name in begun:
        monkeypatch.setattr(harness.audit, name, waiting(name))
    found = audited(tmp_path, KeepingEngine(looking_at("port")))
    assert found.reuse is not None
    assert found.reuse.why_not == ""


def test_what_is_run_again_plainly_in_any_case_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ranks: dict[str, int] = {}

    async def noted(place: Place, untried: Untried, terms: Terms, settings: AuditSettings, rank: int) -> Runs:
        ranks[untried.result.label] = rank
        return await try_first(place, untried, terms, settings, rank)

    monkeypatch.setattr(harness.audit, "try_first", noted)
    found = audited(tmp_path, KeepingEngine(looking_at("port", "debug")), sampled=3)
    again = {one.label for one in found.mutants if Which.CONFIRM in {record.run for record in one.records}}
    killed = {one.label for one in found.mutants if one.outcome.kind is OutcomeKind.KILLED}
    assert again & killed
    assert killed - again
    assert {ranks[label] for label in again & killed} == {0}
    assert 0 not in [ranks[label] for label in killed - again if label != found.mutants[0].label]


def test_what_is_not_kept_is_said_and_nothing_is_reused(tmp_path: Path) -> None:
    found = audited(tmp_path, KeepingEngine(looking_at("port"), refuses="the disk is full"))
    assert found.reuse is not None
    assert "the disk is full" in found.reuse.why_not
    assert reusing(found, Which.FIRST) == {False}


def test_the_report_says_what_was_reused_and_what_it_saved(tmp_path: Path) -> None:
    engine = KeepingEngine(looking_at("port"))
    settings = AuditSettings(ControlSettings(repeat=2), Wish(operators=ONLY_DATA), Thresholds(least=3))
    report = run(engine, [task(tmp_path)], tmp_path / "run", settings=settings).report()
    [entry] = report["tasks"]
    assert entry["reuse"]["statements"] == ["apt-get update", "apt-get install -y curl"]
    assert entry["timings"]["trials"] > len(entry["mutants"])
    assert "was kept once (4 MB) and reused by" in " ".join(verbose(report).split())


class EndingBox(KeepingBox):
    """What it is said to have left is the port alone."""

    def end(self, look: EndLook) -> BoxEnd | None:
        try:
            left = json.loads(self.files.get("/app/settings.json", b"0"))
        except ValueError:
            left = "nothing that can be read"
        return BoxEnd({"port": repr(left.get("port") if isinstance(left, dict) else left)})


class EndingEngine(KeepingEngine):
    kind = EndingBox

    def open(self, spec: BoxSpec) -> Box:
        box = self.kind(self, spec)
        self.boxes.append(box)
        return box


def taken(found: Audited) -> dict[str, str]:
    return {one.label: one.records[0].same_as for one in found.mutants if one.records[0].same_as}


def ending(found: Audited) -> Mapping[str, object]:
    assert found.reuse is not None
    return found.reuse.same_end


def test_what_leaves_the_same_takes_the_verdict_and_what_leaves_the_references_is_equivalent(tmp_path: Path) -> None:
    refusing = EndingEngine(looking_at("port"), refuses="nothing is kept here")
    found = audited(tmp_path, refusing)
    plain = audited(tmp_path / "plain", EndingEngine(looking_at("port")), reuse=False)
    survived = {label for label, kind in outcomes(plain).items() if kind is OutcomeKind.SURVIVED}
    assert survived
    assert outcomes(found) == outcomes(plain) | dict.fromkeys(survived, OutcomeKind.EQUIVALENT)
    assert {label for label, of in taken(found).items() if of.startswith("reference")} == survived
    assert set(taken(found).values()) > {"reference 1"}
    assert ending(found) == {"trials": len(taken(found)), "why_not": "", "seconds": {"saved": 2.0 * len(taken(found))}}
    assert not taken(plain)


def test_an_end_that_does_not_tell_all_that_the_tests_see_is_found_out(tmp_path: Path) -> None:
    """A plain run of what was taken for equivalent is not paid: everything that took a verdict is run again."""
    found = audited(tmp_path, EndingEngine(looking_at("port", "debug"), refuses="nothing is kept here"))
    plain = audited(tmp_path / "plain", EndingEngine(looking_at("port", "debug")), reuse=False)
    assert outcomes(found) == outcomes(plain)
    assert not taken(found)
    assert "said otherwise" in str(ending(found)["why_not"])


def test_controls_that_leave_the_same_and_are_paid_otherwise_prove_nothing(tmp_path: Path) -> None:
    honest = looking_at("port")
    ran: Iterator[int] = count()

    def verify(box: FakeBox, command: Command) -> Does:
        does = honest(box, command)
        more = f"tests/test_a.py::test_luck {'PASSED' if next(ran) else 'FAILED'}\n".encode()
        return replace(does, writes={**does.writes, LOG: more + does.writes[LOG]})

    found = audited(tmp_path, EndingEngine(verify, refuses="nothing is kept here"))
    assert not taken(found)
    assert "left the same, but other results of /tests/test_a.py::test_luck" in str(ending(found)["why_not"])


LONG = SOLUTION.replace("cat >", "apt-get install -y nginx\ncat >", 1)


class BeginningEngine(EndingEngine):
    """Its solution takes a second less where a box begins with what its first statement leaves."""

    def __init__(self, verify: Verify) -> None:
        super().__init__(verify, refuses="nothing is kept here")
        self.table[0] = SOLVE, self._solve

    @staticmethod
    def _solve(box: FakeBox, command: Command) -> Does:
        return replace(solve(box, command), seconds=0.2 if box.spec.on else 2.0)


@pytest.fixture
def beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    begins = beginning_of(LONG)
    assert begins is not None
    begun = Begun(begins, ((1, Kept(Path("/kept"), Changes({}), 1)),), "token", ("key",), 0.5, {1: 1.8})
    monkeypatch.setattr(harness.lab.workers, "make_beginning", lambda *_args, **_more: begun)


def of_long(folder: Path, engine: FakeEngine, *, reuse: bool = True, sampled: int = 1) -> Audited:
    files = {"instruction.md": INSTRUCTION, "solution/solve.sh": LONG, "tests/test.sh": TESTS}
    settings = AuditSettings(
        ControlSettings(repeat=2), Wish(operators=ONLY_DATA), Thresholds(least=3), sampled_kills=sampled, reuse=reuse
    )
    return only(run(engine, [harbor(folder / "t", files)], folder / "run", settings=settings))


def begun_in(found: Audited) -> Mapping[str, object]:
    assert found.reuse is not None
    return found.reuse.beginning


@pytest.mark.usefixtures("beginning")
def test_variants_begin_on_what_the_first_statements_left(tmp_path: Path) -> None:
    found = of_long(tmp_path, BeginningEngine(looking_at("port")))
    firsts = {record.begun for one in found.mutants for record in one.records if record.run is Which.FIRST}
    others = {record.begun for one in found.mutants for record in one.records if record.run is Which.CONFIRM}
    assert (firsts, others) == ({1}, {0})
    assert begun_in(found)["statements"] == ["apt-get install -y nginx"]
    assert begun_in(found)["why_not"] == ""
    assert begun_in(found)["seconds"] == {"saved": pytest.approx(1.8 * int(str(begun_in(found)["trials"])))}


@pytest.mark.usefixtures("beginning")
def test_a_beginning_that_leaves_other_files_than_a_plain_run_is_not_used(tmp_path: Path) -> None:
    class Differs(EndingBox):
        def end(self, look: EndLook) -> BoxEnd | None:
            end = super().end(look)
            return BoxEnd({**end.entries, "/app/more": "x"}) if end is not None and self.spec.on else end

    engine = BeginningEngine(looking_at("port"))
    engine.kind = Differs
    found = of_long(tmp_path, engine)
    assert not any(record.begun for one in found.mutants for record in one.records)
    assert "is not the same: /app/more" in str(begun_in(found)["why_not"])


@pytest.mark.usefixtures("beginning")
def test_a_beginning_with_which_a_variant_ends_otherwise_has_all_run_again_plainly(tmp_path: Path) -> None:
    honest = looking_at("port", "debug")

    def verify(box: FakeBox, command: Command) -> Does:
        left = box.files.get("/app/settings.json", b"")
        return honest(_with(box, SETTINGS) if box.spec.on and left and not _right(left) else box, command)

    found = of_long(tmp_path, BeginningEngine(verify))
    plain = of_long(tmp_path / "plain", BeginningEngine(honest), reuse=False)
    assert outcomes(found) == outcomes(plain)
    assert not any(record.reused for one in found.mutants for record in one.records)
    assert "said otherwise" in str(begun_in(found)["why_not"])


@pytest.mark.usefixtures("beginning")
def test_a_beginning_that_grows_too_old_is_found_out_by_the_reference_at_the_end(tmp_path: Path) -> None:
    """Every run behind the first that began there sees what has grown old."""
    honest = looking_at("port")
    ran: Iterator[int] = count()

    def verify(box: FakeBox, command: Command) -> Does:
        return honest(_with(box, b"{}") if len(box.spec.on) > 0 and next(ran) > 0 else box, command)

    never = 10**9
    found = of_long(tmp_path, BeginningEngine(verify), sampled=never)
    plain = of_long(tmp_path / "plain", BeginningEngine(honest), reuse=False, sampled=never)
    assert outcomes(found) == outcomes(plain)
    assert found.reuse is not None
    assert found.reuse.disagreed == "the reference"
