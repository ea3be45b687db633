from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.check import Checked, run_check
from harness.engine.contract import Command
from harness.engine.lists.reach import NO_TCP, NOT_LISTED, Asked, Reach
from harness.errors import BuildFailed, EngineError, NeedsDocker
from harness.findings.controls import Standing, standing
from harness.findings.model import Finding, Severity
from harness.judging.controls import Controls, ControlSettings
from harness.lab.workers import Threads
from harness.task.network import Extent, Networks
from harness.trial.record import Kind, Which
from tests.harness.fake_engine import SOLVE, VERIFY, Answer, Does, FakeBox, FakeEngine, rewarding
from tests.harness.tasks import harbor

OFFLINE = 'version = "1.0"\n[environment]\nnetwork_mode = "no-network"\n'
PUBLIC = 'version = "1.0"\n[environment]\nnetwork_mode = "public"\n'
FAILED = "=== short test summary info ===\nFAILED t.py::test_a - assert 1 == 2\n=== 1 failed in 0.1s ===\n"
NO_HOST = "curl: (6) Could not resolve host: astral.sh\n/tests/test.sh: line 3: uvx: command not found\n"


def verifier(**rewards: Does) -> Answer:
    """Answers by what was done before: `solved`, `hollow` or `nop`."""

    def answer(box: FakeBox, _command: Command) -> Does:
        script = box.files.get("/solution/solve.sh")
        kind = "nop" if script is None else "hollow" if b"exit 0" in script else "solved"
        return rewards.get(kind, rewards.get("nop", rewarding("0")))

    return answer


def in_turn(answers: list[Does]) -> Answer:
    """One of these for each run of the reference; whatever else runs is paid nothing."""

    def answer(box: FakeBox, _command: Command) -> Does:
        script = box.files.get("/solution/solve.sh")
        return rewarding("0") if script is None or b"exit 0" in script else answers.pop(0)

    return answer


GOOD: list[tuple[str, Answer]] = [(VERIFY, verifier(solved=rewarding("1"), nop=rewarding("0", FAILED)))]


class Silent:
    def doing(self, task: str, what: str) -> None:
        pass

    def done(self, checked: Checked) -> None:
        pass


def checked(
    folder: Path,
    engine: FakeEngine,
    changes: Mapping[str, str | bytes | None] | None = None,
    *,
    repeat: int = 3,
    network: str = "auto",
    jobs: int = 1,
) -> tuple[Controls, dict[str, Finding]]:
    task = harbor(folder / "t", {"task.toml": OFFLINE, **(changes or {})})
    settings = ControlSettings(repeat, network)
    workers = Threads.here(engine, jobs)
    done = run_check(workers, [task], settings, watcher=Silent(), command=lambda task: "foolsgold check t", options={})
    (checked,) = done.checked
    assert not checked.internal, checked.internal
    assert checked.controls is not None
    controls = checked.controls
    return controls, {finding.id: finding for finding in checked.findings}


def test_a_sound_task_has_no_findings(tmp_path: Path) -> None:
    controls, found = checked(tmp_path, FakeEngine(GOOD))
    assert found == {}
    assert [record.label for record in controls.references] == ["1", "2", "3"]
    assert controls.nop is not None
    assert controls.hollow is not None
    assert controls.hollow.kind is Kind.HOLLOW


@pytest.mark.parametrize(
    ("solved", "nop", "expected"),
    [
        (rewarding("0", FAILED), rewarding("0"), {"reference-unpaid": Severity.ERROR}),
        (rewarding("0.5"), rewarding("0"), {"reference-partly-paid": Severity.ERROR}),
        (rewarding("2"), rewarding("0"), {"reward-out-of-range": Severity.ERROR}),
        (rewarding("1"), rewarding("1"), {"nop-paid": Severity.ERROR}),
        (rewarding("1"), rewarding("0.5"), {"nop-partly-paid": Severity.ERROR}),
        (rewarding("1"), rewarding("-1"), {"reward-out-of-range": Severity.ERROR}),
        (rewarding("x"), rewarding("0"), {"reward-unreadable": Severity.ERROR}),
        (Does(1), rewarding("0"), {"verifier-never-ran": Severity.ERROR}),
        (rewarding("1"), Does(1), {"no-zero-reward": Severity.WARNING}),
        (Does(1), Does(1), {"verifier-never-ran": Severity.ERROR}),
        (rewarding("1"), Does(0), {}),
        (rewarding("0", NO_HOST), rewarding("0", NO_HOST), {"verifier-never-ran": Severity.UNMEASURED}),
        (rewarding("1"), rewarding("0", NO_HOST), {"nop-unmeasured": Severity.UNMEASURED}),
        (rewarding("1"), Does(None), {"nop-timeout": Severity.WARNING}),
        (Does(None), rewarding("0"), {"reference-timeout": Severity.ERROR}),
        (
            rewarding('{"correctness": 1, "speed": 0.8}', name="reward.json"),
            rewarding('{"correctness": 0, "speed": 0.1}', name="reward.json"),
            {"reference-partly-paid": Severity.WARNING, "nop-partly-paid": Severity.WARNING},
        ),
    ],
)
def test_the_controls_find(tmp_path: Path, solved: Does, nop: Does, expected: dict[str, Severity]) -> None:
    _, found = checked(tmp_path, FakeEngine([(VERIFY, verifier(solved=solved, nop=nop))]))
    assert {name: finding.severity for name, finding in found.items()} == expected


def turns(answers: dict[str, list[Does]]) -> Answer:
    """One of these for each run of a kind, the last for all that follow."""

    def answer(box: FakeBox, _command: Command) -> Does:
        script = box.files.get("/solution/solve.sh")
        kind = "nop" if script is None else "hollow" if b"exit 0" in script else "solved"
        left = answers.get(kind, [rewarding("0")])
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


@pytest.mark.parametrize("slow", ["solved", "nop", "hollow"])
def test_a_control_that_did_not_end_on_a_busy_machine_runs_alone(tmp_path: Path, slow: str) -> None:
    ends = rewarding("1") if slow == "solved" else rewarding("0")
    answers = {"solved": [rewarding("1")], slow: [Does(None), ends]}
    engine = FakeEngine([(VERIFY, turns(answers))])
    controls, found = checked(tmp_path, engine, {"task.toml": OFFLINE + "[verifier]\ntimeout_sec = 20\n"}, repeat=1)
    assert found == {}
    records = [*controls.references, controls.nop, controls.hollow]
    assert [one.kind for one in records if one is not None and one.run is Which.ALONE] == [
        {"solved": Kind.REFERENCE, "nop": Kind.NOP, "hollow": Kind.HOLLOW}[slow]
    ]


def test_a_control_with_a_long_limit_is_not_waited_for_twice(tmp_path: Path) -> None:
    verified: list[Command] = []

    def answer(box: FakeBox, command: Command) -> Does:
        verified.append(command)
        script = box.files.get("/solution/solve.sh", b"exit 0")
        return rewarding("0") if b"exit 0" in script else Does(None)

    long = {"task.toml": OFFLINE + "[verifier]\ntimeout_sec = 301\n"}
    controls, found = checked(tmp_path, FakeEngine([(VERIFY, answer)]), long, repeat=1)
    assert list(found) == ["reference-timeout"]
    assert controls.references[0].run is Which.FIRST
    assert len(verified) == 3  # reference, nop and hollow, each once


@pytest.mark.parametrize(("reward", "severity"), [("1", Severity.WARNING), ("0", Severity.ERROR)])
def test_a_reference_that_does_not_end_is_told_of_though_it_is_paid(
    tmp_path: Path, reward: str, severity: Severity
) -> None:
    engine = FakeEngine(
        [
            (SOLVE, Does(None, writes={"/logs/agent/oracle.txt": b"serving\n"})),
            (VERIFY, verifier(solved=rewarding(reward), nop=rewarding("0"))),
        ]
    )
    _, found = checked(tmp_path, engine)
    assert {name: finding.severity for name, finding in found.items()} == {"reference-timeout": severity}
    assert found["reference-timeout"].evidence == ("serving",)


def test_an_unpaid_reference_names_the_failing_tests_and_their_messages(tmp_path: Path) -> None:
    engine = FakeEngine(
        [(SOLVE, Does(4, writes={"/logs/agent/oracle.txt": b"boom\n"})), (VERIFY, rewarding("0", FAILED))]
    )
    _, found = checked(tmp_path, engine)
    assert found["reference-unpaid"].evidence == ("test_a: assert 1 == 2", "the solution ended with status 4: boom")
    assert found["reference-unpaid"].command == "foolsgold check t"


@pytest.mark.parametrize(("why", "severity"), [("", Severity.ERROR), ("There is none.", Severity.UNMEASURED)])
def test_a_reference_without_the_gpu_that_its_task_asks_for_says_nothing_of_the_task(
    tmp_path: Path, why: str, severity: Severity, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine([(VERIFY, rewarding("0", FAILED))])
    monkeypatch.setattr(engine, "no_gpus", lambda: why)
    _, found = checked(tmp_path, engine, {"task.toml": 'version = "1.0"\n[environment]\ngpus = 2\n'})
    assert found["reference-unpaid"].severity is severity
    assert ("a GPU" in found["reference-unpaid"].advice) == bool(why)
    assert {box.spec.gpus for box in engine.boxes} == {2}


def test_rewards_that_differ_between_repeats_are_flaky(tmp_path: Path) -> None:
    answers = [rewarding("1"), rewarding("0", FAILED), rewarding("1")]
    _, found = checked(tmp_path, FakeEngine([(VERIFY, in_turn(answers))]))
    assert list(found) == ["reference-flaky"]
    assert "1, 0, 1" in found["reference-flaky"].title
    assert found["reference-flaky"].evidence == ("failed in some run: test_a",)


def test_a_run_that_the_network_failed_makes_nothing_flaky_whatever_reward_was_written_then(tmp_path: Path) -> None:
    answers = [rewarding("1"), rewarding("0", NO_HOST), rewarding("1")]
    _, found = checked(tmp_path, FakeEngine([(VERIFY, in_turn(answers))]))
    assert {name: finding.severity for name, finding in found.items()} == {"verifier-never-ran": Severity.UNMEASURED}


def test_a_measure_among_several_keys_may_vary_and_a_verdict_may_not(tmp_path: Path) -> None:
    def run(folder: str, *rewards: str) -> dict[str, Finding]:
        answers = [rewarding(text, name="reward.json") for text in rewards]
        return checked(tmp_path / folder, FakeEngine([(VERIFY, in_turn(answers))]))[1]

    varying = [f'{{"correctness": 1, "speed": {speed}}}' for speed in (1.4, 1.5, 1.6)]
    assert "reference-flaky" not in run("a", *varying)
    assert "reference-flaky" in run("b", varying[0], '{"correctness": 0, "speed": 1.5}', varying[2])


def test_a_hollow_solution_that_is_paid_is_told_only_where_doing_nothing_is_not(tmp_path: Path) -> None:
    paid = rewarding("1")
    table: list[tuple[str, Answer]] = [(VERIFY, verifier(solved=paid, hollow=paid, nop=rewarding("0")))]
    assert list(checked(tmp_path / "a", FakeEngine(table))[1]) == ["hollow-paid"]
    assert list(checked(tmp_path / "b", FakeEngine([(VERIFY, paid)]))[1]) == ["nop-paid"]


def test_a_verifier_that_cannot_write_a_zero_is_shown_its_set_e(tmp_path: Path) -> None:
    engine = FakeEngine([(VERIFY, verifier(solved=rewarding("1"), nop=Does(1)))])
    _, found = checked(tmp_path, engine, {"tests/test.sh": "#!/bin/bash\n# run\nset -euo pipefail\npytest\n"})
    assert str(found["no-zero-reward"].place) == "tests/test.sh:3"


# --- building

LINE = "RUN pip install nope"


@pytest.mark.parametrize(
    ("error", "code", "severity"),
    [
        (BuildFailed("no such file", file="Dockerfile", line=3, instruction=LINE), "build-failed", Severity.ERROR),
        (BuildFailed("no such file", certain=False), "build-failed", Severity.UNMEASURED),
        (BuildFailed("failed", output="Temporary failure in name resolution"), "build-failed", Severity.UNMEASURED),
        (NeedsDocker("--mount=type=ssh", where="Dockerfile:2"), "needs-docker", Severity.UNMEASURED),
        (EngineError("no space"), "engine-failed", Severity.UNMEASURED),
    ],
)
def test_a_task_that_does_not_build(tmp_path: Path, error: Exception, code: str, severity: Severity) -> None:
    controls, found = checked(tmp_path, FakeEngine(build_error=error))
    assert (list(found), found[code].severity) == ([code], severity)
    assert controls.references == ()


def test_a_build_failure_shows_the_line_and_the_builders_own_words(tmp_path: Path) -> None:
    error = BuildFailed("pip failed", file="Dockerfile", line=3, instruction=LINE, output="a\nNo match\n")
    found = checked(tmp_path, FakeEngine(build_error=error))[1]["build-failed"]
    assert (str(found.place), found.evidence) == ("environment/Dockerfile:3", (LINE, "a", "No match"))


def test_on_a_stand_in_a_missing_tool_says_nothing_about_the_task(tmp_path: Path) -> None:
    engine = FakeEngine(
        [(VERIFY, rewarding("0", "/tests/test.sh: line 3: pytest: command not found\n"))], fidelity="host"
    )
    _, found = checked(tmp_path, engine)
    assert found["verifier-never-ran"].severity is Severity.UNMEASURED
    assert "not on the image that the task names" in found["verifier-never-ran"].evidence[0]


def test_engine_trouble_in_every_run_leaves_the_task_unmeasured(tmp_path: Path) -> None:
    _, found = checked(tmp_path, FakeEngine([(SOLVE, Does(error=EngineError("gone"))), (VERIFY, rewarding("0"))]))
    assert {finding.severity for finding in found.values()} == {Severity.UNMEASURED}


# --- the network


def paid_only_online(log: str) -> FakeEngine:
    def answer(box: FakeBox, _command: Command) -> Does:
        solved = "/solution/solve.sh" in box.files and b"exit 0" not in box.files["/solution/solve.sh"]
        if not box.spec.network:
            return rewarding("0", log)
        return rewarding("1" if solved else "0", FAILED)

    return FakeEngine([(VERIFY, answer)])


DEFAULT = {"task.toml": 'version = "1.0"\n'}


def test_a_reference_paid_without_a_network_keeps_all_trials_without(tmp_path: Path) -> None:
    engine = FakeEngine(GOOD)
    controls, found = checked(tmp_path, engine, DEFAULT)
    assert controls.prepared.networks == Networks()
    assert found == {}
    assert not any(box.spec.network for box in engine.boxes)


@pytest.mark.parametrize("log", [NO_HOST, "assertion failed\n"])
def test_a_reference_paid_only_with_a_network_gives_it_to_all_later_trials(tmp_path: Path, log: str) -> None:
    engine = paid_only_online(log)
    controls, found = checked(tmp_path, engine, DEFAULT)
    assert controls.prepared.networks == Networks(main=True)
    assert [record.network for record in controls.references] == [True, True, True]
    assert controls.nop is not None
    assert controls.nop.network
    assert {name: finding.severity for name, finding in found.items()} == {"network-needed": Severity.NOTE}


@pytest.mark.parametrize("online", [True, False])
def test_where_a_script_fetches_something_both_networks_are_tried_side_by_side(tmp_path: Path, online: bool) -> None:
    """Each waits for the other: one after the other would not end. What was not needed does not count."""
    honest, both, waited = paid_only_online(NO_HOST), threading.Barrier(2, timeout=30), set[bool]()

    def verify(box: FakeBox, command: Command) -> Does:
        if box.spec.network not in waited and "/solution/solve.sh" in box.files:
            waited.add(box.spec.network)
            both.wait()
        answer = honest.table[0][1]
        assert callable(answer)
        return answer(box, command) if online else rewarding("1" if "/solution/solve.sh" in box.files else "0", FAILED)

    installs = {**DEFAULT, "tests/test.sh": "#!/bin/bash\n# once:\napt-get install -y curl\n"}
    controls, _ = checked(tmp_path, FakeEngine([(VERIFY, verify)]), installs, repeat=1, jobs=2)
    assert controls.prepared.networks == Networks(main=online)
    assert [record.network for record in controls.references] == [online]
    assert (controls.prepared.offline is not None) == online


@pytest.mark.parametrize("script", ["# apt-get install curl", "python3 -m pytest", "echo curling"])
def test_what_asks_no_network_is_never_given_one_before_it_failed_without(tmp_path: Path, script: str) -> None:
    engine = FakeEngine(GOOD)
    checked(tmp_path, engine, {**DEFAULT, "tests/test.sh": f"#!/bin/bash\n{script}\n"}, jobs=2)
    assert not any(box.spec.network for box in engine.boxes)


def test_luck_is_not_taken_for_the_network(tmp_path: Path) -> None:
    answers = [rewarding("0", "assertion failed\n")] + [rewarding("1")] * 4 + [rewarding("0")] * 2
    engine = FakeEngine([(VERIFY, lambda _box, _command: answers.pop(0))])
    controls, found = checked(tmp_path, engine, DEFAULT)
    assert controls.prepared.networks == Networks()
    assert list(found) == ["reference-flaky"]


def test_a_task_that_declares_no_network_never_gets_one(tmp_path: Path) -> None:
    for mode in ("auto", "on", "off"):
        engine = paid_only_online(NO_HOST)
        _, found = checked(tmp_path / mode, engine, network=mode)
        assert not any(box.spec.network for box in engine.boxes)
        assert list(found) == ["verifier-never-ran"]


def test_a_task_that_declares_a_public_network_gets_it_at_once(tmp_path: Path) -> None:
    engine = paid_only_online(NO_HOST)
    controls, found = checked(tmp_path, engine, {"task.toml": PUBLIC})
    assert all(box.spec.network for box in engine.boxes)
    assert controls.prepared.offline is None
    assert found == {}
    engine = paid_only_online(NO_HOST)
    checked(tmp_path, engine, {"task.toml": PUBLIC}, network="off")
    assert not any(box.spec.network for box in engine.boxes)


LISTED = 'version = "1.0"\n[environment]\nnetwork_mode = "allowlist"\nallowed_hosts = ["pypi.org"]\n'


def asks(*asked: Asked, reward: str = "1") -> FakeEngine:
    def answer(box: FakeBox, _command: Command) -> Does:
        box.asks += asked
        solved = "/solution/solve.sh" in box.files and b"exit 0" not in box.files["/solution/solve.sh"]
        return rewarding(reward if solved else "0", FAILED)

    return FakeEngine([(VERIFY, answer)])


def test_a_task_with_a_list_runs_with_its_list_at_once(tmp_path: Path) -> None:
    engine = paid_only_online(NO_HOST)
    controls, found = checked(tmp_path, engine, {"task.toml": LISTED})
    assert controls.prepared.networks == Networks(main=True, extent=Extent.LISTED)
    assert {box.spec.reach for box in engine.boxes} == {Reach(("pypi.org",))}
    assert found == {}
    engine = paid_only_online(NO_HOST)
    checked(tmp_path / "off", engine, {"task.toml": LISTED}, network="off")
    assert not any(box.spec.network for box in engine.boxes)


def test_what_the_reference_asks_for_beside_its_list_is_a_finding(tmp_path: Path) -> None:
    listed = Asked("pypi.org", 443, "tls", True)
    refused = (Asked("files.example", 0, "dns", False, NOT_LISTED), Asked("10.1.1.1", 80, "http", False, NOT_LISTED))
    datagrams = Asked("", 0, "udp", False, NO_TCP)
    _, found = checked(tmp_path / "unpaid", asks(listed, *refused, datagrams, reward="0"), {"task.toml": LISTED})
    assert found["unlisted-host"].severity is Severity.ERROR
    assert found["unlisted-host"].title.startswith("The reference asks for files.example, 10.1.1.1,")
    assert found["unlisted-host"].evidence == (
        "asked for the address of files.example (dns)",
        "asked for 10.1.1.1, port 80 (http)",
        "sent something to somebody by UDP, in vain",
    )
    _, found = checked(tmp_path / "paid", asks(listed, *refused), {"task.toml": LISTED})
    assert {name: each.severity for name, each in found.items()} == {"unlisted-host": Severity.NOTE}
    _, found = checked(
        tmp_path / "elsewhere", asks(listed, Asked("pypi.org", 443, "tls", False, "private")), {"task.toml": LISTED}
    )
    assert found == {}
    _, found = checked(tmp_path / "datagrams", asks(listed, datagrams), {"task.toml": LISTED})
    assert found == {}


def test_a_recorded_network_reaches_everything_and_becomes_a_list(tmp_path: Path) -> None:
    engine = asks(Asked("pypi.org", 443, "tls", True), Asked("pypi.org", 0, "dns", True))
    _, found = checked(tmp_path, engine, {"task.toml": LISTED}, network="record")
    assert {box.spec.reach for box in engine.boxes} == {Reach(anything=True)}
    assert found["hosts-used"].evidence == ('network_mode = "allowlist"', 'allowed_hosts = ["pypi.org"]')
    engine = asks(Asked("pypi.org", 0, "dns", False, "this machine finds no such name"))
    _, found = checked(tmp_path / "vain", engine, {"task.toml": LISTED}, network="record")
    assert found["hosts-used"].evidence == (
        'network_mode = "no-network"',
        "in vain: asked for the address of pypi.org (dns): this machine finds no such name",
    )
    engine = asks()
    _, found = checked(tmp_path / "none", engine, {"task.toml": OFFLINE}, network="record")
    assert not any(box.spec.network for box in engine.boxes)
    assert found["hosts-used"].title == "The reference uses no host."


def test_the_standing_is_the_gravest_finding() -> None:
    def finding(severity: Severity) -> Finding:
        return Finding("x", "t", severity, "x")

    assert standing([]) is Standing.GOOD
    assert standing([finding(Severity.NOTE), finding(Severity.WARNING)]) is Standing.GOOD
    assert standing([finding(Severity.UNMEASURED), finding(Severity.WARNING)]) is Standing.UNMEASURED
    assert standing([finding(Severity.UNMEASURED), finding(Severity.ERROR)]) is Standing.BELOW_BAR
