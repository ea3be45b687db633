"""What leaves what an earlier trial left takes its verdict, in boxes; and what only looks the same does not."""

from __future__ import annotations

from pathlib import Path

import pytest

import harness.trial.ends
from harness.engine.choose import make_engine
from harness.engine.contract import Engine, EngineOptions
from harness.task.model import Task
from harness.trial.build import build
from harness.trial.circumstances import Circumstances
from harness.trial.ends import Ends
from harness.trial.plan import Judge, Means, Plan, Replacement
from harness.trial.record import Kind, PhaseName, TrialRecord
from harness.trial.runner import run_trial
from tests.harness.tasks import harbor, terminal_bench

pytestmark = pytest.mark.bwrap

SOLVE = "#!/bin/bash\necho ok > /app/out.txt\nsleep 0.05\necho more > /app/more.txt\n"
TESTS = """#!/bin/bash
if [ "$(cat /app/out.txt)" = ok ]; then echo 1 > /logs/verifier/reward.txt; else echo 0 > /logs/verifier/reward.txt; fi
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return make_engine("bwrap", EngineOptions(images={"*": "host"}, cache=tmp_path_factory.mktemp("cache")))


@pytest.fixture(autouse=True)
def however_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness.trial.ends, "LEAST", 0.0)


def made(folder: Path, tests: str = TESTS, **more: str) -> Task:
    files = {"environment/Dockerfile": "FROM debian:bookworm-slim\nWORKDIR /app\n", "tests/test.sh": tests}
    return harbor(folder, {**files, "solution/solve.sh": SOLVE, **more})


NORMAL = Circumstances()


def runs(engine: Engine, task: Task, *solutions: str, around: Circumstances = NORMAL) -> list[TrialRecord]:
    """The reference, and then a variant of each text, each of which may take the verdict of those before."""
    built, ends, name = build(engine, task), Ends(task), task.steps[0].solution
    assert name is not None
    plans = [Plan(Kind.REFERENCE, "1")]
    plans += [
        Plan(
            Kind.MUTANT,
            str(number),
            Replacement({name.script.name: text.encode()}),
            circumstances=around,
            purpose=Judge(reuse=frozenset({Means.END})),
        )
        for number, text in enumerate(solutions)
    ]
    return [run_trial(engine, task, built, plan, ends=ends) for plan in plans]


def test_the_same_end_takes_the_same_verdict_and_is_not_verified(tmp_path: Path, engine: Engine) -> None:
    wrong = SOLVE.replace("ok", "no")
    _, equal, first, second = runs(engine, made(tmp_path), f"{SOLVE}# as it is\n", wrong, f"{wrong}# again\n")
    assert (equal.same_as, equal.rewards) == ("reference 1", {"reward": 1.0})
    assert (first.same_as, first.rewards) == ("", {"reward": 0.0})
    assert (second.same_as, second.rewards) == ("mutant 1", {"reward": 0.0})
    assert second.reused
    assert second.seconds_of(PhaseName.VERIFY) == 0.0 < first.seconds_of(PhaseName.VERIFY)
    assert second.steps == first.steps
    assert second.end == first.end != equal.end


def test_a_terminal_bench_task_too(tmp_path: Path, engine: Engine) -> None:
    summary = 'echo "=========== short test summary info ==========="\necho "$w tests/test_out.py::test_out"\n'
    look = 'w=FAILED; [ "$(cat /app/out.txt)" = ok ] && w=PASSED\n'
    files = {"Dockerfile": "FROM debian:bookworm-slim\nWORKDIR /app\n", "solution.sh": SOLVE}
    task = terminal_bench(tmp_path, {**files, "run-tests.sh": f"#!/bin/bash\n{look}{summary}"})
    wrong = SOLVE.replace("ok", "no")
    _, equal, _, again = runs(engine, task, f"{SOLVE}#\n", wrong, f"{wrong}#\n")
    assert (equal.same_as, equal.rewards) == ("reference 1", {"reward": 1.0})
    assert (again.same_as, again.rewards) == ("mutant 1", {"reward": 0.0})


OTHER_ENDS = (
    "echo x >> /app/more.txt",
    "chmod 600 /app/more.txt",
    "chown 1:1 /app/more.txt",
    "ln -f /app/out.txt /app/more.txt",
    "rm /app/more.txt; ln -s out.txt /app/more.txt",
    "rm /app/more.txt",
    "rm -rf /usr/share/doc",
    "sleep 0.05; touch /app/out.txt",  # older than the other, and now newer
    "touch -d 2020-01-01 /app/out.txt",
    "sleep 100 >/dev/null 2>&1 &",
    "echo x > /dev/shm/x",
    "echo x > /logs/artifacts/x",
    "echo 127.0.0.1 x >> /etc/hosts",
    "truncate -s 1M /app/more.txt",
    "mkdir /app/empty",
    "date +%N >> /app/more.txt",
)


def test_what_is_not_just_the_same_is_verified(tmp_path: Path, engine: Engine) -> None:
    *others, same = runs(engine, made(tmp_path), *[f"{SOLVE}{more}\n" for more in OTHER_ENDS], f"{SOLVE}echo said\n")[
        1:
    ]
    assert {more: record.same_as for more, record in zip(OTHER_ENDS, others, strict=True)} == dict.fromkeys(
        OTHER_ENDS, ""
    )
    assert same.same_as == "reference 1"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("stat -c %Y /app/out.txt", ""),
        ("[ /app/out.txt -nt /app/more.txt ] || true", ""),
        ("python3 -c 'import os; os.path.getmtime(\"/app/out.txt\")'", ""),
        ("find / -name '*.sh' >/dev/null 2>&1", ""),
        ("grep -q x /solution/solve.sh || true", ""),
        ("cat /logs/agent/oracle.txt", "echo said"),
        ("cat /logs/*/*.txt", "echo said"),
    ],
)
def test_tests_that_look_at_more_than_files_verify_each(tmp_path: Path, engine: Engine, line: str, said: str) -> None:
    *_, record = runs(engine, made(tmp_path, f"{TESTS}{line}\n"), f"{SOLVE}# other\n{said}\n")
    assert record.same_as == ""


def test_what_leads_to_the_solutions_own_folder_is_not_the_same(tmp_path: Path, engine: Engine) -> None:
    link = f"{SOLVE}ln -s /solution/solve.sh /app/tool\n"
    wrapped = f"{SOLVE}echo exec /solution/solve.sh > /app/tool\n"
    *_, one, other, third, fourth = runs(engine, made(tmp_path), link, f"{link}#\n", wrapped, f"{wrapped}#\n")
    assert [record.same_as for record in (one, other, third, fourth)] == [""] * 4


def test_other_surroundings_while_verifying_are_not_the_same(tmp_path: Path, engine: Engine) -> None:
    task = made(tmp_path)
    assert runs(engine, task, SOLVE, around=Circumstances(env={"TZ": "UTC"}))[1].same_as == ""
    assert runs(engine, task, SOLVE, around=Circumstances(after="true"))[1].same_as == "reference 1"


def test_what_python_compiled_is_the_same_whenever_it_was(tmp_path: Path, engine: Engine) -> None:
    compiled = f"{SOLVE}cd /app; echo 'x = 1' > m.py; sleep 1.1; python3 -c 'import m'\n"
    stale = f"{compiled}sleep 0.05; echo 'x = 1' > m.py\n"
    *_, one, other, third = runs(engine, made(tmp_path), compiled, f"{compiled}#\n", stale)
    assert (one.same_as, other.same_as, third.same_as) == ("", "mutant 0", "")
