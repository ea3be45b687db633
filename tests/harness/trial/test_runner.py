from __future__ import annotations

import json
import re
import shlex
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from harness.engine.contract import Command, Healthcheck, ImageConfig
from harness.engine.lists.reach import Asked, Reach
from harness.errors import EngineError, NeedsDocker
from harness.judging.outcome import Cause, Shown, showing
from harness.task.model import Task
from harness.task.network import Networks, plan_network
from harness.task.runners import runner_of
from harness.trial.boxes import LOGS
from harness.trial.build import build
from harness.trial.harbor import COLLECT
from harness.trial.plan import LeftBehind, Plan, Replacement, TimeLimits, limits_from
from harness.trial.record import Kind, PhaseName, TrialRecord, TroubleKind, record_from_json
from harness.trial.runner import run_trial
from harness.verifier.reward import RewardFault
from harness.verifier.test_report import TestStatus
from tests.harness.fake_engine import SOLVE, VERIFY, Answer, Does, FakeBox, FakeEngine, rewarding
from tests.harness.tarred import tarred, untarred
from tests.harness.tasks import harbor, terminal_bench

REMOVES = "rm -f -- /logs/verifier/reward.txt /logs/verifier/reward.json"
REFERENCE = Plan(Kind.REFERENCE, "1")
NOP = Plan(Kind.NOP)


def trial(engine: FakeEngine, task: Task, plan: Plan = REFERENCE) -> TrialRecord:
    return run_trial(engine, task, build(engine, task), plan)


def test_a_harbor_reference_runs_in_the_order_of_harbors_own_runner(tmp_path: Path) -> None:
    engine = FakeEngine([(SOLVE, Does(writes={"/logs/agent/oracle.txt": b"hi\n"})), (VERIFY, rewarding("1"))])
    record = trial(engine, harbor(tmp_path / "t"))
    assert engine.log == [
        "build Dockerfile",
        "open Dockerfile",
        "put solution /solution",
        "run bash -c '(/solution/solve.sh) > /logs/agent/oracle.txt 2>&1'",
        f"run sh -c 'mkdir -p /logs/agent; chown -hR 0:0 /logs/agent; {REMOVES}'",
        "put tests /tests",
        "run bash -c '(/tests/test.sh) > /logs/verifier/test-stdout.txt 2>&1'",
        f"run {shlex.join(('sh', '-c', COLLECT))}",
        "close",
    ]
    assert record.rewards == {"reward": 1.0}
    assert [phase.name for phase in record.phases] == [PhaseName.START, PhaseName.SOLVE, PhaseName.VERIFY]
    solve = record.phase(PhaseName.SOLVE)
    assert solve is not None
    assert (solve.log, solve.limit) == ("hi\n", 30.0)


def test_nop_uploads_no_solution_and_still_verifies(tmp_path: Path) -> None:
    engine = FakeEngine([(VERIFY, rewarding("0"))])
    record = trial(engine, harbor(tmp_path / "t"), NOP)
    assert not any("solution" in line for line in engine.log)
    assert record.rewards == {"reward": 0.0}


def test_the_solution_runs_with_its_env_as_its_user_and_the_tests_with_theirs(tmp_path: Path) -> None:
    config = (
        '[agent]\nuser = "solver"\n[verifier]\nuser = "judge"\nenv = {KEY = "v"}\n'
        '[solution]\nenv = {A = "b", DEBIAN_FRONTEND = "teletype"}\n[environment]\nworkdir = "/srv"\nenv = {E = "e"}\n'
    )
    engine = FakeEngine([(VERIFY, rewarding("1"))])
    trial(engine, harbor(tmp_path / "t", {"task.toml": config}))
    solve, verify = (
        command for _, command in engine.commands if command.argv[0] == "bash" and "2>&1" in command.argv[-1]
    )
    assert (dict(solve.env), solve.user) == ({"DEBIAN_FRONTEND": "teletype", "A": "b"}, "solver")
    assert (dict(verify.env), verify.user) == ({"KEY": "v"}, "judge")
    spec = engine.boxes[0].spec
    assert (spec.workdir, dict(spec.env)) == ("/srv", {"E": "e"})
    assert spec.open_folders == ("/logs/agent", "/logs/verifier", "/logs/artifacts")


def test_scripts_that_are_not_executable_are_made_so_as_root(tmp_path: Path) -> None:
    task = harbor(tmp_path / "t")
    (tmp_path / "t/solution/solve.sh").chmod(0o644)
    engine = FakeEngine([(VERIFY, rewarding("1"))])
    trial(engine, task)
    chmods = [(c.argv[-1], c.user) for _, c in engine.commands if "chmod" in c.argv[-1]]
    assert chmods == [("chmod +x /solution/solve.sh", "root")]


def test_a_failing_solution_is_recorded_and_verified_all_the_same(tmp_path: Path) -> None:
    engine = FakeEngine([(SOLVE, Does(status=3)), (VERIFY, rewarding("1"))])
    record = trial(engine, harbor(tmp_path / "t"))
    solve = record.phase(PhaseName.SOLVE)
    assert solve is not None
    assert solve.status == 3
    assert record.rewards == {"reward": 1.0}


def test_the_verifiers_exit_status_is_ignored(tmp_path: Path) -> None:
    engine = FakeEngine([(VERIFY, rewarding("1", status=1))])
    assert trial(engine, harbor(tmp_path / "t")).rewards == {"reward": 1.0}
    engine = FakeEngine([(VERIFY, rewarding("0", status=0))])
    assert trial(engine, harbor(tmp_path / "t")).rewards == {"reward": 0.0}


def test_reward_json_is_read_before_reward_text(tmp_path: Path) -> None:
    both = Does(writes={"/logs/verifier/reward.json": b'{"reward": 1}', "/logs/verifier/reward.txt": b"0"})
    assert trial(FakeEngine([(VERIFY, both)]), harbor(tmp_path / "t")).rewards == {"reward": 1}


@pytest.mark.parametrize(("runner", "paid"), [("harbor@0.24", 1), ("harbor@0.26", 0)])
def test_a_planted_reward_counts_where_the_runner_does_not_remove_it(tmp_path: Path, runner: str, paid: int) -> None:
    plant = Does(writes={"/logs/verifier/reward.json": b'{"reward": 1}'})
    engine = FakeEngine([(SOLVE, plant), (VERIFY, rewarding("0"))])
    task = harbor(tmp_path / "t").run_by(runner_of(runner))
    assert trial(engine, task).rewards == {"reward": paid}
    removing = [command.user for _, command in engine.commands if "rm -f -- " in command.argv[-1]]
    assert removing == ([] if paid else ["root"])


def test_no_command_runs_for_a_chore_that_would_find_nothing_to_do(tmp_path: Path) -> None:
    plant = Does(writes={"/logs/verifier/reward.json": b'{"reward": 1}'})
    for solve, removing in ((Does(), 0), (plant, 1)):
        engine = FakeEngine([(SOLVE, solve), (VERIFY, rewarding("0"))], alone=True)
        assert trial(engine, harbor(tmp_path / "t")).rewards == {"reward": 0}
        chores = [command.argv[-1] for _, command in engine.commands if command.argv[0] == "sh"]
        assert (len(chores), sum("rm -f -- " in script for script in chores)) == (removing, removing)


def test_a_folder_in_the_place_of_reward_json_is_no_reward_whatever_reward_text_says(tmp_path: Path) -> None:
    engine = FakeEngine([(re.escape("[ ! -d reward.json ]"), Does(4)), (VERIFY, rewarding("1"))])
    record = trial(engine, harbor(tmp_path / "t"))
    assert record.rewards is None
    assert record.problem is not None
    assert (record.problem.fault, "a folder" in record.problem.message) == (RewardFault.UNPARSABLE, True)


def test_nothing_is_verified_where_an_earlier_reward_cannot_be_removed(tmp_path: Path) -> None:
    refuse = Does(1, b"rm: cannot remove '/logs/verifier/reward.json': Is a directory\n")
    engine = FakeEngine([(r"rm -f -- /logs/verifier", refuse), (VERIFY, rewarding("1"))])
    record = trial(engine, harbor(tmp_path / "t"))
    assert record.rewards is None
    assert record.problem is not None
    assert record.problem.fault is RewardFault.NOT_REMOVED
    assert "Is a directory" in record.problem.message
    assert record.phase(PhaseName.VERIFY) is None
    shown = showing(record)
    assert (shown.shown, shown.cause) == (Shown.ERROR, Cause.BAD_REWARD)


@pytest.mark.parametrize(
    ("told", "collected"),
    [
        (Does(3), False),
        (Does(0, b"./out\0../../tmp/mine\0"), False),
        (Does(0, b"./a/up\0../b\0./a/out\0../../b\0"), False),
        (Does(0, b"./a/up\0../b\0./far\0/tmp/mine\0"), True),
    ],
    ids=["no folder", "a link out", "a link out of a folder in it", "links that stay, by their words"],
)
def test_a_box_of_its_own_logs_is_paid_only_where_they_can_be_copied_out(
    tmp_path: Path, told: Does, collected: bool
) -> None:
    table: list[tuple[str, Answer]] = [(re.escape(COLLECT[:30]), told), (VERIFY, rewarding("1"))]
    task = harbor(tmp_path / "t")
    engine = FakeEngine(table)
    record = trial(engine, task)
    assert record.rewards == ({"reward": 1.0} if collected else None)
    assert collected or (record.problem is not None and record.problem.fault is RewardFault.NOT_COLLECTED)
    assert (engine.boxes[0].spec.mounts, engine.boxes[0].spec.open_folders) == ((), LOGS)
    older = FakeEngine(table)
    assert trial(older, task.run_by(runner_of("harbor@0.24"))).rewards == {"reward": 1.0}
    assert (older.boxes[0].spec.mounts, older.boxes[0].spec.open_folders) == (LOGS, ())


def test_the_status_of_a_solution_that_fails_is_written_down_in_its_box(tmp_path: Path) -> None:
    engine = FakeEngine([(SOLVE, Does(3)), (VERIFY, rewarding("1"))])
    trial(engine, harbor(tmp_path / "t"))
    assert "run sh -c 'mkdir -p /logs/agent; printf 3 > /logs/agent/exit-code.txt'" in engine.log


def test_a_planted_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    task = harbor(tmp_path / "t").run_by(runner_of("harbor@0.24"))
    engine = FakeEngine([(VERIFY, rewarding("0"))], links={"reward.json": "/app/mine"})
    engine.image_files["/logs/verifier/reward.json"] = b'{"reward": 1}'
    record = trial(engine, task)
    assert record.rewards == {"reward": 0.0}
    assert [note.code for step in record.steps for note in step.notes] == ["planted-link"]
    engine = FakeEngine([(VERIFY, rewarding("0"))], links={"reward.json": "score.json"})
    engine.image_files["/logs/verifier/reward.json"] = b'{"reward": 1}'
    assert trial(engine, task).rewards == {"reward": 1}


def test_no_reward_is_a_problem_and_not_zero(tmp_path: Path) -> None:
    record = trial(FakeEngine([(VERIFY, Does(1))]), harbor(tmp_path / "t"))
    assert record.rewards is None
    assert record.problem is not None
    assert record.problem.fault is RewardFault.MISSING
    assert showing(record).shown is Shown.ERROR


def test_per_test_results_come_from_the_files_a_verifier_leaves(tmp_path: Path) -> None:
    ctrf = {"results": {"tests": [{"name": "t.py::test_a", "status": "failed", "message": "no"}]}}
    verify = Does(writes={"/logs/verifier/reward.txt": b"0", "/logs/verifier/ctrf.json": json.dumps(ctrf).encode()})
    record = trial(FakeEngine([(VERIFY, verify)]), harbor(tmp_path / "t"))
    assert [(test.name, test.status) for test in record.steps[0].report.tests] == [("t.py::test_a", TestStatus.FAILED)]


def test_a_verifier_that_hangs_ends_the_trial_with_a_timeout(tmp_path: Path) -> None:
    engine = FakeEngine([(VERIFY, Does(status=None))])
    record = trial(engine, harbor(tmp_path / "t"))
    assert record.timed_out is not None
    assert record.timed_out.name is PhaseName.VERIFY
    assert record.rewards is None
    assert showing(record).shown is Shown.TIMEOUT
    assert engine.boxes[0].closed


def test_what_a_solution_had_done_at_its_time_limit_is_verified(tmp_path: Path) -> None:
    engine = FakeEngine([(SOLVE, Does(None, writes={"/logs/agent/oracle.txt": b"so far\n"})), (VERIFY, rewarding("1"))])
    record = trial(engine, harbor(tmp_path / "t"))
    assert record.timed_out is None
    assert record.overrun is not None
    assert record.overrun.log == "so far\n"
    assert record.rewards == {"reward": 1}
    found = showing(record)
    assert (found.shown, "still ran at its time limit" in found.why) == (Shown.PAID, True)


def test_a_look_at_what_solving_leaves_ends_with_a_solution_that_hangs(tmp_path: Path) -> None:
    record = trial(FakeEngine([(SOLVE, Does(None))]), harbor(tmp_path / "t"), Plan(Kind.MUTANT, purpose=LeftBehind()))
    assert record.timed_out is not None
    assert record.state is None


def test_the_plans_time_limits_come_before_the_tasks_own(tmp_path: Path) -> None:
    engine = FakeEngine([(VERIFY, rewarding("1"))])
    plan = Plan(Kind.MUTANT, limits=TimeLimits(solve={"": 7.0}, verify={"": 9.0}))
    record = trial(engine, harbor(tmp_path / "t"), plan)
    assert [phase.limit for phase in record.phases if phase.limit] == [7.0, 9.0]


def test_a_mutants_limits_follow_the_references_measured_time(tmp_path: Path) -> None:
    engine = FakeEngine([(SOLVE, Does(seconds=10.0)), (VERIFY, rewarding("1"))])
    limits = limits_from(trial(engine, harbor(tmp_path / "t")), floor=5.0, factor=3.0)
    assert limits == TimeLimits(solve={"": 30.0}, verify={"": 5.0})


def test_a_mutants_limits_are_never_above_the_tasks_own(tmp_path: Path) -> None:
    engine = FakeEngine([(SOLVE, Does(seconds=10.0)), (VERIFY, rewarding("1"))])
    plan = Plan(Kind.REFERENCE, "1", limits=TimeLimits(solve={"": 12.0}, verify={"": 3.0}))
    limits = limits_from(trial(engine, harbor(tmp_path / "t"), plan), floor=5.0, factor=3.0)
    assert limits == TimeLimits(solve={"": 12.0}, verify={"": 3.0})


def test_the_engines_own_failure_is_trouble_and_no_result(tmp_path: Path) -> None:
    engine = FakeEngine([(SOLVE, Does(error=EngineError("the daemon is gone", hint="start it")))])
    record = trial(engine, harbor(tmp_path / "t"))
    assert record.trouble is not None
    assert (record.trouble.kind, record.trouble.hint) == (TroubleKind.ENGINE, "start it")
    engine = FakeEngine([(SOLVE, Does(error=NeedsDocker("no users here")))])
    record = trial(engine, harbor(tmp_path / "t"))
    assert record.trouble is not None
    assert record.trouble.kind is TroubleKind.UNSUPPORTED


def test_a_trial_that_was_called_off_opens_no_box(tmp_path: Path) -> None:
    engine, cancel = FakeEngine(), threading.Event()
    cancel.set()
    task = harbor(tmp_path / "t")
    record = run_trial(engine, task, build(engine, task), REFERENCE, cancel=cancel)
    assert record.trouble is not None
    assert not engine.boxes


def test_replaced_solution_files_arrive_over_the_others_with_their_modes(tmp_path: Path) -> None:
    files = {"solution/lib/helper.py": "x = 1\n", "solution/keep.txt": "kept\n"}
    task = harbor(tmp_path / "t", files)
    engine = FakeEngine([(VERIFY, rewarding("0"))])
    modes: list[int] = []
    original_put = FakeBox.put

    def put(box: FakeBox, source: Path, target: str) -> None:
        if source.name.startswith("foolsgold-"):
            modes.extend([(source / "solve.sh").stat().st_mode & 0o777, (source / "lib").stat().st_mode & 0o777])
        original_put(box, source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeBox, "put", put)
        plan = Plan(Kind.MUTANT, replacement=Replacement({"solve.sh": b"#!/bin/sh\n", "lib/helper.py": b"x = 2\n"}))
        trial(engine, task, plan)
    box = engine.boxes[0]
    assert box.files["/solution/solve.sh"] == b"#!/bin/sh\n"
    assert box.files["/solution/lib/helper.py"] == b"x = 2\n"
    assert box.files["/solution/keep.txt"] == b"kept\n"
    assert modes == [0o755, (tmp_path / "t/solution/lib").stat().st_mode & 0o777]
    assert (tmp_path / "t/solution/solve.sh").read_text().endswith("out.txt\n")


def test_a_hollow_solution_replaces_the_script_alone(tmp_path: Path) -> None:
    task = harbor(tmp_path / "t", {"solution/data.txt": "data\n"})
    engine = FakeEngine([(VERIFY, rewarding("0"))])
    trial(engine, task, Plan(Kind.HOLLOW))
    assert engine.boxes[0].files["/solution/solve.sh"] == b"#!/bin/sh\nexit 0\n"
    assert engine.boxes[0].files["/solution/data.txt"] == b"data\n"


# --- readiness

HEALTH = '[environment.healthcheck]\ncommand = "curl -f localhost"\ninterval_sec = 0\nretries = 2\n'


def test_a_healthcheck_gates_the_start(tmp_path: Path) -> None:
    answers = [Does(1), Does(0)]
    engine = FakeEngine([("curl -f", lambda _box, _command: answers.pop(0)), (VERIFY, rewarding("1"))])
    record = trial(engine, harbor(tmp_path / "t", {"task.toml": HEALTH}))
    assert record.rewards == {"reward": 1.0}
    assert record.phases[1].name is PhaseName.HEALTHCHECK


@pytest.mark.parametrize(("answer", "runs"), [(Does(7, b"refused\n"), 2), (Does(None), 1)])
def test_a_healthcheck_that_fails_or_hangs_ends_the_trial(tmp_path: Path, answer: Does, runs: int) -> None:
    engine = FakeEngine([("curl -f", answer)])
    record = trial(engine, harbor(tmp_path / "t", {"task.toml": HEALTH}))
    assert record.trouble is not None
    assert record.trouble.kind is TroubleKind.HEALTHCHECK
    assert len(engine.commands) == runs


def health_probes(engine: FakeEngine) -> list[str]:
    return [command.argv[-1] for _, command in engine.commands if "timeout -s KILL" in command.argv[2]]


IMAGE_HEALTH = ImageConfig(workdir="/app", healthcheck=Healthcheck("test -f /up", interval=0.01, retries=2))


@pytest.mark.parametrize(
    ("compose", "probe"),
    [
        (None, "test -f /up"),
        ("hostname: h", "test -f /up"),
        ("healthcheck: {test: nc -z localhost 80, interval: 10ms}", "nc -z localhost 80"),
    ],
    ids=["the image's", "the image's, with compose", "compose's"],
)
def test_a_harbor_task_starts_once_its_container_is_healthy(tmp_path: Path, compose: str | None, probe: str) -> None:
    answers = [Does(1), Does(1), Does(0)]
    engine = FakeEngine(
        [(r"timeout -s KILL", lambda _box, _command: answers.pop(0)), (VERIFY, rewarding("1"))], config=IMAGE_HEALTH
    )
    file = compose and f"services:\n  main:\n    {compose}\n"
    # Two failures that take no time are not yet what Docker calls unhealthy.
    answers[:2] = [Does(1, seconds=0.0)]
    record = trial(engine, harbor(tmp_path / "t", {"environment/docker-compose.yaml": file}))
    assert record.rewards == {"reward": 1.0}
    assert health_probes(engine) == [probe] * 2
    assert record.phases[1].name is PhaseName.HEALTHCHECK


def test_a_container_that_never_gets_healthy_ends_the_trial(tmp_path: Path) -> None:
    engine = FakeEngine([("timeout -s KILL", Does(1, b"refused\n", seconds=0.0))], config=IMAGE_HEALTH)
    record = trial(engine, harbor(tmp_path / "t"))
    assert record.trouble is not None
    assert record.trouble.kind is TroubleKind.HEALTHCHECK
    assert "refused" in record.trouble.message
    assert health_probes(engine) == ["test -f /up"] * 2


def test_a_healthcheck_switched_off_or_in_terminal_bench_gates_nothing(tmp_path: Path) -> None:
    off = "services:\n  main:\n    healthcheck: {disable: true}\n"
    table = [("timeout -s KILL", Does(1)), (VERIFY, rewarding("1"))]
    engine = FakeEngine(table, config=IMAGE_HEALTH)
    assert trial(engine, harbor(tmp_path / "t", {"environment/docker-compose.yaml": off})).rewards == {"reward": 1.0}
    engine = FakeEngine(table, config=IMAGE_HEALTH)
    trial(engine, terminal_bench(tmp_path / "tb"))
    assert health_probes(engine) == []


# --- several steps

STEPS = 'multi_step_reward_strategy = "mean"\n[[steps]]\nname = "one"\nmin_reward = 0.5\n[[steps]]\nname = "two"\n'
STEP_FILES: dict[str, str | bytes | None] = {
    "task.toml": STEPS,
    "instruction.md": None,
    "tests/test.sh": None,
    "tests/shared.py": "shared = 1\n",
    "solution/solve.sh": None,
    **{
        f"steps/{name}/{file}": text
        for name in ("one", "two")
        for file, text in {
            "instruction.md": f"Do {name}.\n",
            "solution/solve.sh": f"#!/bin/sh\n# {name}\n",
            "tests/test.sh": f"#!/bin/sh\n# {name}\n",
            "workdir/data.txt": f"{name}\n",
        }.items()
    },
}


def test_steps_run_one_after_the_other_in_one_box_with_clean_logs_and_tests(tmp_path: Path) -> None:
    seen: list[dict[str, bytes]] = []

    def verify(box: FakeBox, _command: Command) -> Does:
        seen.append(dict(box.files))
        return Does(writes={"/logs/verifier/reward.txt": b"1" if len(seen) == 1 else b"0.5"})

    def solve(box: FakeBox, _command: Command) -> Does:
        assert not any(path.startswith("/tests/") for path in box.files)
        return Does(writes={"/logs/verifier/reward.json": b'{"reward": 9}', "/tests/planted.py": b""})

    engine = FakeEngine([(VERIFY, verify), (SOLVE, solve), ("pwd", Does(output=b"/app\n"))])
    record = trial(engine, harbor(tmp_path / "t", STEP_FILES))
    assert record.rewards == {"reward": 0.75}
    assert [step.name for step in record.steps] == ["one", "two"]
    assert len(engine.boxes) == 1
    for files, name in zip(seen, ("one", "two"), strict=True):
        assert "/logs/verifier/reward.json" not in files
        assert "/tests/planted.py" not in files
        assert files["/tests/test.sh"] == f"#!/bin/sh\n# {name}\n".encode()
        assert files["/tests/shared.py"] == b"shared = 1\n"
        assert files["/app/data.txt"] == f"{name}\n".encode()


def test_a_step_below_its_min_reward_ends_the_trial(tmp_path: Path) -> None:
    engine = FakeEngine([(VERIFY, rewarding("0.25")), ("pwd", Does(output=b"/app\n"))])
    record = trial(engine, harbor(tmp_path / "t", STEP_FILES))
    assert record.rewards == {"reward": 0.25}
    assert [step.name for step in record.steps] == ["one"]
    assert "min_reward" in record.steps[0].stopped


def test_a_step_without_a_reward_ends_the_trial_and_is_left_out_of_the_mean(tmp_path: Path) -> None:
    answers = [rewarding("1"), Does(1)]
    engine = FakeEngine([(VERIFY, lambda _box, _command: answers.pop(0)), ("pwd", Does(output=b"/app\n"))])
    record = trial(engine, harbor(tmp_path / "t", STEP_FILES))
    assert record.rewards == {"reward": 1.0}
    assert record.steps[1].problem is not None
    assert showing(record).shown is Shown.ERROR


def test_a_step_whose_verifier_hangs_ends_the_trial_and_the_steps_before_are_paid(tmp_path: Path) -> None:
    answers = [rewarding("1"), Does(None)]
    engine = FakeEngine([(VERIFY, lambda _box, _command: answers.pop(0)), ("pwd", Does(output=b"/app\n"))])
    record = trial(engine, harbor(tmp_path / "t", STEP_FILES))
    assert record.rewards == {"reward": 1.0}
    assert showing(record).shown is Shown.TIMEOUT
    answers = [Does(None)]
    record = trial(engine, harbor(tmp_path / "u", STEP_FILES))
    assert record.rewards is None


def test_a_step_whose_solution_does_not_end_is_followed_by_the_next(tmp_path: Path) -> None:
    ends = [Does(None), Does(0)]
    engine = FakeEngine(
        [
            (SOLVE, lambda _box, _command: ends.pop(0)),
            (VERIFY, rewarding("1")),
            ("pwd", Does(output=b"/app\n")),
        ]
    )
    record = trial(engine, harbor(tmp_path / "t", STEP_FILES))
    assert [step.name for step in record.steps] == ["one", "two"]
    assert record.rewards == {"reward": 1.0}
    assert record.overrun is not None
    assert record.overrun.step == "one"


def test_a_failing_setup_ends_the_trial_before_its_step(tmp_path: Path) -> None:
    files = {**STEP_FILES, "steps/one/workdir/setup.sh": "#!/bin/sh\nexit 1\n"}
    engine = FakeEngine([(r"setup\.sh", Does(1, b"no seed\n")), ("pwd", Does(output=b"/app\n"))])
    record = trial(engine, harbor(tmp_path / "t", files))
    assert record.trouble is not None
    assert record.trouble.kind is TroubleKind.SETUP
    assert "no seed" in record.trouble.message


# --- a verifier of its own

SEPARATE = 'artifacts = ["/app/out", "/app/one.txt"]\n[verifier]\nenvironment_mode = "separate"\n'
APART: dict[str, str | bytes | None] = {"task.toml": SEPARATE, "tests/Dockerfile": "FROM debian:bookworm-slim\n"}


def test_a_separate_verifier_sees_artifacts_only_and_no_planted_reward(tmp_path: Path) -> None:
    plant = Does(writes={"/logs/verifier/reward.json": b'{"reward": 1}'})

    def kind(_box: FakeBox, command: Command) -> Does:
        return Does(output=b"file\n" if "one.txt" in command.argv[-1] else b"folder\n")

    def pack(_box: FakeBox, command: Command) -> Does:
        return Does(writes={"/tmp/.foolsgold-carry.tar": tarred(f"tar of {command.argv[-2]}")})

    unpacked: list[str] = []

    def unpack(box: FakeBox, _command: Command) -> Does:
        unpacked.append(untarred(box.files["/tmp/.foolsgold-carry.tar"]))
        return Does()

    table: list[tuple[str, Answer]] = [
        (SOLVE, plant), (VERIFY, rewarding("0")), ("echo folder", kind), ("tar -cf", pack), ("tar -xpf", unpack),
    ]  # fmt: skip
    engine = FakeEngine(table)
    record = trial(engine, harbor(tmp_path / "t", APART))
    assert record.rewards == {"reward": 0.0}
    assert unpacked == ["tar of /logs/artifacts", "tar of /app/out", "tar of /app"]
    main, other = engine.boxes
    assert main.closed
    assert engine.log.index("close") < len(engine.log) - 1 - engine.log[::-1].index("open Dockerfile")
    assert "/logs/verifier/reward.json" not in other.files
    assert other.spec.open_folders == ("/logs/verifier",)
    assert "put tests /tests" not in engine.log, "the verifier's image already has the tests"


def test_each_box_gets_its_own_network(tmp_path: Path) -> None:
    engine = FakeEngine([(VERIFY, rewarding("1"))])
    trial(engine, harbor(tmp_path / "t", APART), Plan(Kind.NOP, networks=Networks(main=False, verifier=True)))
    assert [box.spec.network for box in engine.boxes] == [False, True]


def _list(host: str) -> str:
    return f'network_mode = "allowlist"\nallowed_hosts = ["{host}"]\n'


def test_each_phase_has_its_own_list(tmp_path: Path) -> None:
    toml = f'version = "1.0"\n[environment]\n{_list("e")}[agent]\n{_list("a")}[verifier]\nnetwork_mode = "no-network"\n'
    engine = FakeEngine([(VERIFY, rewarding("1"))])
    task = harbor(tmp_path / "t", {"task.toml": toml})
    (networks,) = plan_network(task).tries
    trial(engine, task, replace(REFERENCE, networks=networks))
    assert engine.boxes[0].spec.reach == Reach(("e",))
    told = [line.partition(" > ")[0] for line in engine.log if line.startswith(("allow", "run bash"))]
    assert told == [
        "allow a", "run bash -c '(/solution/solve.sh)", "allow e",
        "allow nothing", "run bash -c '(/tests/test.sh)", "allow e",
    ]  # fmt: skip


def test_a_separate_verifier_has_its_own_list(tmp_path: Path) -> None:
    toml = f"{SEPARATE}\n[environment]\n{_list('e')}".replace("[verifier]\n", f"[verifier]\n{_list('v')}")
    engine = FakeEngine([(VERIFY, rewarding("1"))])
    task = harbor(tmp_path / "t", {**APART, "task.toml": toml})
    (networks,) = plan_network(task).tries
    trial(engine, task, Plan(Kind.NOP, networks=networks))
    main, other = engine.boxes
    assert main.reach == Reach(("e",))
    assert "allow v" in engine.log
    assert other.spec.reach is not None


def test_what_was_asked_for_is_in_the_record(tmp_path: Path) -> None:
    refused = Asked("x.example", 443, "tls", False, "it is not on the list")

    def answer(box: FakeBox, _command: Command) -> Does:
        box.asks.append(refused)
        return rewarding("1")

    record = trial(FakeEngine([(VERIFY, answer)]), harbor(tmp_path / "t"))
    assert record.asked == (refused,)
    assert record_from_json(record.to_json()) == record


# --- Terminal-Bench

SUMMARY = b"=== short test summary info ===\n"


def test_a_terminal_bench_reference_runs_as_terminal_bench_runs_it(tmp_path: Path) -> None:
    engine = FakeEngine([("run-tests", Does(output=SUMMARY + b"PASSED tests/t.py::test_a\n"))])
    record = trial(engine, terminal_bench(tmp_path / "t"))
    assert record.rewards == {"reward": 1.0}
    box = engine.boxes[0]
    assert box.files["/oracle/solution.sh"] == (tmp_path / "t/solution.sh").read_bytes()
    assert box.files["/tests/run-tests.sh"] == (tmp_path / "t/run-tests.sh").read_bytes()
    assert "/tests/test_out.py" in box.files
    assert not any("task.yaml" in path for path in box.files)
    solve, verify = (command for _, command in engine.commands)
    assert "bash /oracle/solution.sh" in solve.argv[-1]
    assert (solve.user, verify.user) == (None, "root")


@pytest.mark.parametrize(
    ("text", "rewards", "note"),
    [
        (SUMMARY + b"PASSED t.py::a\nFAILED t.py::b - no\n", {"reward": 0.0}, None),
        (SUMMARY + b"PASSED t.py::a\nSKIPPED [1] t.py:3: why\n", {"reward": 1.0}, "lenient-status"),
        (SUMMARY, {"reward": 1.0}, "empty-summary"),
        (b"t.py::a PASSED [100%]\n\n=== 1 passed in 0.1s ===\n", {"reward": 1.0}, "no-summary"),
        (b"bash: pytest: command not found\n", None, None),
    ],
)
def test_terminal_bench_text_is_parsed_as_its_harness_parses_it(
    tmp_path: Path, text: bytes, rewards: dict[str, float] | None, note: str | None
) -> None:
    record = trial(FakeEngine([("run-tests", Does(output=text))]), terminal_bench(tmp_path / "t"))
    assert record.rewards == rewards
    notes = [found.code for found in record.steps[0].notes if found.code != "skipped-tests"]
    assert notes == ([note] if note else [])


def test_weights_pay_for_their_share(tmp_path: Path) -> None:
    text = SUMMARY + b"PASSED t.py::test_a\nFAILED t.py::test_b - no\n"
    task = terminal_bench(tmp_path / "t", {"weights.json": '{"test_a": 0.75, "test_b": 0.25}'})
    assert trial(FakeEngine([("run-tests", Does(output=text))]), task).rewards == {"reward": 0.75}


KEYS = """
- command: cd /app
  block: true
- command: echo ok > out.txt
  min_timeout_sec: 0
- command: "x"
  append_enter: false
"""


def test_keystrokes_are_typed_into_tmux_where_the_box_has_it(tmp_path: Path) -> None:
    task = terminal_bench(tmp_path / "t", {"solution.sh": None, "solution.yaml": KEYS})
    engine = FakeEngine([("capture-pane", Does(output=b"$ x\n")), ("run-tests", Does(output=SUMMARY))])
    record = trial(engine, task)
    typed = [line for line in engine.log if "send-keys" in line]
    assert typed == [
        "run tmux send-keys -t agent 'cd /app' '; : > /tmp/.foolsgold-terminal/done.1' Enter",
        "run tmux send-keys -t agent 'echo ok > out.txt' Enter",
        "run tmux send-keys -t agent x",
    ]
    solve = record.phase(PhaseName.SOLVE)
    assert solve is not None
    assert solve.log == "$ x\n"
    assert not any("put" in line and "solution" in line for line in engine.log)


def test_without_tmux_keys_go_to_a_shell_on_a_pipe(tmp_path: Path) -> None:
    task = terminal_bench(tmp_path / "t", {"solution.sh": None, "solution.yaml": KEYS})
    engine = FakeEngine([("command -v tmux", Does(1)), ("run-tests", Does(output=SUMMARY))])
    trial(engine, task)
    typed = [command.argv[-1] for _, command in engine.commands if "printf %s" in command.argv[-1]]
    assert len(typed) == 3
    assert "cd /app; : > /tmp/.foolsgold-terminal/done.1\n" in typed[0]


def test_a_key_press_without_tmux_is_unsupported_and_not_a_wrong_solution(tmp_path: Path) -> None:
    keys = "- command: C-c\n  append_enter: false\n"
    task = terminal_bench(tmp_path / "t", {"solution.sh": None, "solution.yaml": keys})
    record = trial(FakeEngine([("command -v tmux", Does(1))]), task)
    assert record.trouble is not None
    assert record.trouble.kind is TroubleKind.UNSUPPORTED


def test_a_hollow_solution_yaml_types_nothing_and_a_mutant_types_its_own(tmp_path: Path) -> None:
    task = terminal_bench(tmp_path / "t", {"solution.sh": None, "solution.yaml": KEYS})
    engine = FakeEngine([("run-tests", Does(output=SUMMARY))])
    trial(engine, task, Plan(Kind.HOLLOW))
    assert not any("send-keys" in line for line in engine.log)
    engine = FakeEngine([("run-tests", Does(output=SUMMARY))])
    trial(engine, task, Plan(Kind.MUTANT, replacement=Replacement({"solution.yaml": b"- command: 'true'\n"})))
    assert [line for line in engine.log if "send-keys" in line] == ["run tmux send-keys -t agent true Enter"]


def test_tests_in_the_same_shell_are_parsed_with_what_the_solution_printed(tmp_path: Path) -> None:
    yaml = tmp_path / "t/task.yaml"
    task = terminal_bench(tmp_path / "t")
    yaml.write_text(yaml.read_text() + "run_tests_in_same_shell: true\n")
    task = terminal_bench(tmp_path / "t", {"task.yaml": yaml.read_text()})
    solution_tested = SUMMARY + b"FAILED t.py::early - no\n"
    table: list[tuple[str, Answer]] = [
        (r"/oracle/solution\.sh", Does(output=solution_tested)),
        ("run-tests", Does(output=SUMMARY + b"PASSED t.py::late\n")),
    ]
    engine = FakeEngine(table, config=ImageConfig(workdir="/app", user="someone"))
    record = trial(engine, task)
    assert record.rewards == {"reward": 0.0}
    assert engine.commands[-1][1].user is None


def test_a_record_is_json() -> None:
    record = TrialRecord("t", Kind.NOP, rewards={"reward": 0.5})
    assert json.loads(json.dumps(record.to_json()))["kind"] == "nop"


@pytest.mark.parametrize(
    ("config", "opened"),
    [(ImageConfig(workdir="/app"), "open before, close after"), (ImageConfig(entrypoint=("serve",)), "open after")],
)
def test_a_box_is_made_ready_before_its_turn_unless_its_own_program_runs_from_the_start(
    tmp_path: Path, config: ImageConfig, opened: str
) -> None:
    engine = FakeEngine([(VERIFY, rewarding("1"))], config=config)

    @contextmanager
    def turn() -> Iterator[None]:
        engine.log.append("turn")
        time.sleep(0.05)
        yield
        engine.log.append("turn over")

    task = harbor(tmp_path / "t")
    record = run_trial(engine, task, build(engine, task), REFERENCE, turn=turn)
    assert record.rewards == {"reward": 1.0}
    order = [line for line in engine.log if line.startswith(("open", "close", "turn"))]
    if opened == "open after":
        assert order == ["turn", "open Dockerfile", "close", "turn over"]
    else:
        assert order == ["open Dockerfile", "turn", "turn over", "close"]


def test_the_wait_for_a_turn_is_no_part_of_the_trial(tmp_path: Path) -> None:
    @contextmanager
    def turn() -> Iterator[None]:
        time.sleep(0.5)
        yield

    engine, task = FakeEngine([(VERIFY, rewarding("1"))]), harbor(tmp_path / "t")
    start = time.monotonic()
    record = run_trial(engine, task, build(engine, task), REFERENCE, turn=turn)
    assert record.seconds <= time.monotonic() - start - 0.5
