"""Trials that begin on what the reference's first statements left, beside plain ones, in boxes."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

import pytest

from harness.engine.choose import make_engine
from harness.engine.contract import Engine, EngineOptions
from harness.task.model import Task
from harness.trial import beginnings
from harness.trial.beginnings import make_beginning
from harness.trial.build import build
from harness.trial.ends import Ends
from harness.trial.plan import Begun, Built, Judge, Means, Plan, Replacement
from harness.trial.record import Kind, TrialRecord
from harness.trial.runner import run_trial
from tests.harness.tasks import harbor, terminal_bench

pytestmark = pytest.mark.bwrap

SOLVE = r"""#!/bin/bash
set -euo pipefail
cd /srv && mkdir -p work/deep
export NAME=value
umask 027
greet() { echo "hello $1"; }
date +%N > /srv/work/when; sleep 0.4
rm -rf /srv/tree && mkdir /srv/tree && echo new > /srv/tree/new
cat > /srv/work/text <<EOF
$NAME
EOF
rm /srv/old; chown 1:1 /srv/work/text; mkdir /srv/work/empty
sleep 0.4
echo one >> /srv/count
mv /srv/work/deep /srv/work/moved
greet "$NAME" > /app/out.txt
echo "$(pwd) $(umask) $(wc -l < /srv/count) $LINENO" >> /app/out.txt
python3 -c 'import os; os.rename("/srv/work/moved", "/srv/work/again")'
"""
TESTS = """#!/bin/bash
[ "$(cat /app/out.txt)" = "hello value
/srv 0027 1 17" ] && [ "$(cat /srv/work/text)" = value ] && [ ! -e /srv/old ] && [ -d /srv/work/again ] &&
  [ "$(ls /srv/tree)" = new ] && [ "$(stat --format=%a:%u /srv/work/text)" = 640:1 ]
if [ $? -eq 0 ]; then echo 1 > /logs/verifier/reward.txt; else echo 0 > /logs/verifier/reward.txt; fi
"""
DOCKERFILE = (
    "FROM debian:bookworm-slim\nRUN echo old > /srv/old && mkdir /srv/tree && touch /srv/tree/old\nWORKDIR /app\n"
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return make_engine("bwrap", EngineOptions(images={"*": "host"}, cache=tmp_path_factory.mktemp("cache")))


def made(folder: Path, solve: str = SOLVE, tests: str = TESTS) -> Task:
    return harbor(folder, {"environment/Dockerfile": DOCKERFILE, "tests/test.sh": tests, "solution/solve.sh": solve})


def begin(engine: Engine, task: Task) -> tuple[Built, Begun | str]:
    built, networks = build(engine, task), Plan(Kind.NOP).networks
    never = threading.Event()
    return built, make_beginning(
        engine, task, built, networks, most=99, token=token_hex(8), cancel=never, turn=nullcontext
    )


def run(
    engine: Engine, task: Task, built: Built, begun: Begun, text: str = "", ends: Ends | None = None
) -> TrialRecord:
    solution = task.steps[0].solution
    assert solution is not None
    plan = Plan(Kind.REFERENCE, purpose=Judge(reuse=frozenset({Means.BEGINNING})))
    if text:
        plan = replace(plan, kind=Kind.MUTANT, replacement=Replacement({solution.script.name: text.encode()}))
    return run_trial(engine, task, built, plan, begun=begun, ends=ends)


def test_a_variant_begins_on_the_last_layer_that_it_shares_and_ends_as_a_plain_one(
    tmp_path: Path, engine: Engine
) -> None:
    task = made(tmp_path)
    built, begun = begin(engine, task)
    assert isinstance(begun, Begun), begun
    assert len(begun.layers) >= 2
    last = begun.layers[-1][0]
    shared = run(engine, task, built, begun, f"{SOLVE}# more\n")
    longer = run(engine, task, built, begun, SOLVE.replace("sleep 0.4\necho", "sleep 0.4 0.01\necho"))
    late = run(engine, task, built, begun, SOLVE.replace("hello", "goodbye"))
    middle = run(engine, task, built, begun, SOLVE.replace("/srv/old; chown", "/srv/old; chown -h"))
    early = run(engine, task, built, begun, SOLVE.replace("cd /srv && mkdir", "cd /srv && mkdir -v"))
    assert [record.rewards for record in (shared, middle, early)] == [{"reward": 1.0}] * 3
    assert late.rewards == {"reward": 0.0}
    assert longer.begun < last
    assert (shared.begun, early.begun) == (last, 0)
    assert 0 < middle.begun < last
    assert late.begun == 0  # a function of the first lines
    assert shared.phases[1].seconds < 0.4 < early.phases[1].seconds
    assert shared.reused


def test_what_it_leaves_is_what_a_plain_run_leaves(tmp_path: Path, engine: Engine) -> None:
    task = made(tmp_path, f"{SOLVE.rpartition('python3')[0]}mkdir /srv/work/again\n")
    built, begun = begin(engine, task)
    assert isinstance(begun, Begun), begun
    ends = Ends(task)
    for label in ("1", "2"):
        run_trial(engine, task, built, Plan(Kind.REFERENCE, label), ends=ends)
    record = run(engine, task, built, begun, ends=ends)
    assert (record.not_begun, record.rewards, record.begun > 0) == ("", {"reward": 1.0}, True)
    _, other = begin(engine, task)
    assert isinstance(other, Begun)
    (other.layers[-1][1].folder / "left/srv/work/text").write_text("poison\n")
    assert "/srv/work/text" in run(engine, task, built, other, ends=ends).not_begun


def test_what_was_kept_is_of_one_audit_and_dropped_with_it(tmp_path: Path, engine: Engine) -> None:
    task = made(tmp_path)
    _, one = begin(engine, task)
    _, other = begin(engine, task)
    assert isinstance(one, Begun)
    assert isinstance(other, Begun)
    assert {kept.folder for _, kept in one.layers}.isdisjoint(kept.folder for _, kept in other.layers)
    for key in one.keys:
        engine.drop(key)
    assert not any(kept.folder.exists() for _, kept in one.layers)
    assert all(kept.folder.exists() for _, kept in other.layers)


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ('python3 -c \'import subprocess as s; s.Popen(["sleep", "50"])\' >/dev/null 2>&1', 1),
        ("cp /bin/false /app/no; /app/no || true; /app/no", 3),
        ("touch /solution/more", 0),
        ("touch /dev/shm/more", 0),
        ("echo more > /logs/artifacts/more", 0),
        ("rm -r /logs/artifacts", 0),
        ("echo 127.0.0.1 more >> /etc/hosts", 0),
        ("echo x > /app/a; ln /app/a /app/b", 0),
        ("exec 2>/app/log", 1),
        ("VERSION=$(cat /app/v)", 1),
        ("touch /app/b &", 1),
        ("shopt -s extglob; cd /app; pushd /srv >/dev/null", 1),
        ("for f in a b; do mkdir /app/$f; done && cd /app/$f && f=a; touch here", 0),
        ("ln -s /srv /app/now; cd /app/now; ln -sfn /tmp /app/now", 0),
        ("declare -a f=(); for f in a b; do touch /app/$f; done; touch /app/c", 1),
    ],
)
def test_a_statement_that_leaves_more_than_files_ends_the_beginning(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch, line: str, kept: int
) -> None:
    monkeypatch.setattr(beginnings, "EACH", 100.0)
    task = made(tmp_path, f"#!/bin/bash\necho 1 > /app/v\n{line}\n")
    _, begun = begin(engine, task)
    done = begun.layers[-1][0] if isinstance(begun, Begun) else 0
    assert done == kept


LOOPS = r"""#!/bin/bash
set -eu
trap 'echo bye >> /app/out.txt' EXIT
all() { for word in "$@"; do echo "$word" >> /app/out.txt; done; }
cd /app
for name in one 'two "$x" `y`'; do
  echo "$name" >> out.txt
done
if [ -s out.txt ]; then for inner in 1 2; do echo $inner >> out.txt; done; fi
all x "$name"
set -a; for seen in a b; do touch $seen; done; set +a
sleep 0.4
for letter in {a..c}; do python3 -c 'import os; print(os.environ["seen"])' >> out.txt; done
for path in /app/*; do [ -s "$path" ]; done || true
sleep 0.4
echo "$name,$inner,$word,$letter,$path,$seen" >> out.txt
nothing_of_that=1
"""


def test_what_a_loop_leaves_in_its_variable_is_there_for_whoever_goes_on(tmp_path: Path, engine: Engine) -> None:
    told = r"""cat /app/out.txt >&2
[ "$(cat /app/out.txt)" = "$(printf '%s\n' one 'two "$x" `y`' 1 2 x 'two "$x" `y`' b b b \
  'two "$x" `y`,2,two "$x" `y`,c,/app/out.txt,b' bye)" ]
"""
    tests = f"#!/bin/bash\n{told}{TESTS[TESTS.index('if [ $?') :]}"
    task = made(tmp_path, LOOPS, tests)
    built, begun = begin(engine, task)
    assert isinstance(begun, Begun), begun
    assert len(begun.layers) == 3
    plain = run_trial(engine, task, built, Plan(Kind.REFERENCE))
    first = run(engine, task, built, begun, LOOPS.replace("{a..c}", "{a..c} "))
    last = run(engine, task, built, begun, LOOPS.replace("of_that", "of_this"))
    other = run(engine, task, built, begun, LOOPS.replace("$name,$inner", "$inner,$name"))
    paid, unpaid = {"reward": 1.0}, {"reward": 0.0}
    assert [record.rewards for record in (plain, first, last, other)] == [paid, paid, paid, unpaid]
    assert 0 < first.begun < other.begun < last.begun


def test_a_terminal_bench_task_too(tmp_path: Path, engine: Engine) -> None:
    files = {"Dockerfile": DOCKERFILE, "solution.sh": SOLVE}
    tests = TESTS.replace(
        "if [ $? -eq 0 ]",
        'echo "=== short test summary info ==="; [ $? ] && echo "PASSED tests/t.py::t"\nif [ $? -eq 0 ]',
    )
    task = terminal_bench(tmp_path, {**files, "run-tests.sh": tests})
    built, begun = begin(engine, task)
    assert isinstance(begun, Begun), begun
    record = run(engine, task, built, begun, f"{SOLVE}# more\n")
    assert (record.begun, record.rewards) == (begun.layers[-1][0], {"reward": 1.0})
