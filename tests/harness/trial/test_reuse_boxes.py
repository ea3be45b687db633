"""Trials that go on from what the tests' preparation left, beside plain ones, in boxes."""

from __future__ import annotations

import errno
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.engine.bwrap import keeping
from harness.engine.bwrap.image.cache import open_cache
from harness.engine.choose import make_engine
from harness.engine.contract import Engine, EngineOptions
from harness.task.model import Task
from harness.trial.build import build
from harness.trial.plan import Built, Judge, Means, Plan, Ready, Replacement
from harness.trial.record import Kind, TrialRecord
from harness.trial.recording import make_ready
from harness.trial.runner import run_trial
from tests.conftest import Ordinary
from tests.harness.tasks import harbor, terminal_bench

pytestmark = pytest.mark.bwrap

# An installer that leaves what apt leaves: programs, links, a changed database, removed files, other modes and owners.
APT = r"""#!/bin/sh
case "$1" in
  update)
    mkdir -p /var/lib/apt/lists /var/cache/apt && date +%s%N > /var/lib/apt/lists/stamp
    echo index > /var/cache/apt/pkgcache.bin ;;
  install)
    printf '#!/bin/sh\nexec cat "$@"\n' > /usr/bin/shower && chmod 4755 /usr/bin/shower
    ln -sf shower /usr/bin/shows && ln -f /usr/bin/shower /usr/bin/also-shower
    mkdir -p /usr/share/doc/shower && chmod 750 /usr/share/doc/shower
    echo "shower $(cat /srv/counter 2>/dev/null)" >> /srv/installed
    chown 1:1 /srv/installed && rm -f /srv/old
    rm -f /srv/link && echo file > /srv/link && rm -rf /srv/folder && echo file > /srv/folder
    rm -rf /srv/tree && mkdir /srv/tree && echo new > /srv/tree/new ;;
  fail) exit 3 ;;
  serve) sleep 300 & ;;
esac
"""
DOCKERFILE = """FROM debian:bookworm-slim
COPY apt-get /usr/local/bin/apt-get
RUN echo old > /srv/old && echo target > /srv/target && ln -s target /srv/link
RUN mkdir /srv/folder /srv/tree && echo old > /srv/folder/old && echo old > /srv/tree/old
WORKDIR /app
"""
TESTS = """#!/bin/bash
set -euo pipefail
trap 'echo left at $LINENO' EXIT
show() { shower "$1"; }
echo 0 > /logs/verifier/reward.txt
apt-get update && apt-get install -y shower
export NAME=out.txt
cd /app
[ ! -e /srv/old ] && [ -k /usr/bin/shower -o -u /usr/bin/shower ] && [ /usr/bin/shower -ef /usr/bin/also-shower ]
[ "$(stat -c %a:%u /usr/share/doc/shower /srv/installed | tr '\\n' ' ')" = "750:0 644:1 " ]
[ "$(wc -l < /srv/installed)" = 1 ]
[ "$(cat /srv/target /srv/link /srv/folder | tr '\\n' ' ')" = "target file file " ] && [ "$(ls /srv/tree)" = new ]
if [ "$(show "$NAME")" = ok ]; then echo 1 > /logs/verifier/reward.txt; fi
"""
SOLVE = "#!/bin/bash\necho ok > /app/out.txt\n"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """With a cache of its own."""
    return make_engine("bwrap", EngineOptions(images={"*": "host"}, cache=tmp_path_factory.mktemp("cache")))


def made(folder: Path, tests: str = TESTS, solve: str = SOLVE, **more: str) -> Task:
    files = {"environment/Dockerfile": DOCKERFILE, "environment/apt-get": APT, "tests/test.sh": tests}
    task = harbor(folder, {**files, "solution/solve.sh": solve, **more})
    (folder / "environment/apt-get").chmod(0o755)
    return task


def ready_for(engine: Engine, task: Task) -> tuple[Built, Ready | str]:
    built = build(engine, task)
    return built, make_ready(engine, task, built, Plan(Kind.NOP).networks, cancel=threading.Event(), turn=nullcontext)


def both(engine: Engine, task: Task, kind: Kind = Kind.REFERENCE, solve: str = "") -> tuple[TrialRecord, TrialRecord]:
    built, ready = ready_for(engine, task)
    assert isinstance(ready, Ready), ready
    plan = Plan(kind, replacement=Replacement({"solve.sh": solve.encode()} if solve else {}))
    plain = run_trial(engine, task, built, plan, ready=ready)
    return plain, run_trial(
        engine, task, built, replace(plan, purpose=Judge(reuse=frozenset({Means.PREPARATION}))), ready=ready
    )


def log(record: TrialRecord) -> str:
    return record.phases[-1].log


@pytest.mark.parametrize(("kind", "reward"), [(Kind.REFERENCE, 1.0), (Kind.NOP, 0.0), (Kind.HOLLOW, 0.0)])
def test_a_trial_that_goes_on_from_there_ends_as_the_plain_one(
    tmp_path: Path, engine: Engine, kind: Kind, reward: float
) -> None:
    plain, reused = both(engine, made(tmp_path), kind)
    assert (plain.reused, reused.reused, reused.not_reused) == (False, True, "")
    assert plain.rewards == reused.rewards == {"reward": reward}
    assert log(plain) == log(reused)


def test_a_service_that_the_solution_started_still_runs(tmp_path: Path, engine: Engine) -> None:
    tests = "#!/bin/bash\napt-get install -y shower\nkill -0 $(cat /app/pid) && echo 1 > /logs/verifier/reward.txt\n"
    solve = "#!/bin/bash\nnohup sleep 100 >/dev/null 2>&1 &\necho $! > /app/pid\n"
    plain, reused = both(engine, made(tmp_path, tests, solve))
    assert reused.reused
    assert plain.rewards == reused.rewards == {"reward": 1.0}


@pytest.mark.parametrize(
    "change",
    [
        "echo mine > /usr/bin/shower",
        "echo 7 > /srv/counter; echo mine > /srv/installed",
        "printf '#!/bin/sh\\nexit 0\\n' > /usr/local/bin/apt-get",
        "rm /srv/old",
        "mkdir -p /usr/share/doc/shower",
        "rm -rf /usr/share/doc; mkdir /usr/share/doc",
        "ln -sfn /app /usr/share/doc",
        "echo x > /etc/apt/apt.conf.d/99mine",
        "echo '127.0.0.1 packages.example.org' >> /etc/hosts",
        "mkdir -p /root/.config/pip; echo > /root/.config/pip/pip.conf",
    ],
)
def test_where_the_solution_touched_what_installers_touch_the_tests_prepare_themselves(
    tmp_path: Path, engine: Engine, change: str
) -> None:
    _, record = both(engine, made(tmp_path), solve=f"{SOLVE}{change}\n")
    assert not record.reused
    assert "/" in record.not_reused


def test_the_folder_of_what_was_kept_is_not_in_the_box_for_long_and_never_to_be_written(
    tmp_path: Path, engine: Engine
) -> None:
    look = "ls -a /dev | grep kept || [ -e /app/written ] || echo 1 > /logs/verifier/reward.txt"
    tests = f"#!/bin/bash\napt-get install -y shower\n{look}\n"
    spy = "#!/bin/bash\nwhile :; do touch /dev/.kept/left/srv/mine && touch /app/written; done 2>/dev/null &\n"
    _, record = both(engine, made(tmp_path, tests), solve=spy)
    assert (record.reused, record.rewards) == (True, {"reward": 1.0})
    _, again = both(engine, made(tmp_path, tests))
    assert again.reused


@pytest.mark.parametrize(
    ("line", "why"),
    [("apt-get fail", "nothing that can be kept"), ("apt-get update; apt-get install -y x; apt-get clean", "")],
)
def test_an_installer_that_is_none_is_not_kept(tmp_path: Path, engine: Engine, line: str, why: str) -> None:
    _, ready = ready_for(engine, made(tmp_path, f"#!/bin/bash\n{line}\ncat /app/out.txt\n"))
    assert (why in ready) if isinstance(ready, str) else why == ""


@pytest.mark.parametrize(
    ("apt", "why"),
    [
        ("#!/bin/sh\nexit 3\n", "failed"),
        ("#!/bin/sh\nsleep 300 >/dev/null 2>&1 &\n", "running"),
        ("#!/bin/sh\necho more > /tests/more\n", "changed the tests"),
    ],
)
def test_a_preparation_that_fails_or_leaves_more_than_files_is_not_kept(
    tmp_path: Path, engine: Engine, apt: str, why: str
) -> None:
    task = made(tmp_path, "#!/bin/bash\napt-get update\ncat /app/out.txt\n", **{"environment/apt-get": apt})
    _, ready = ready_for(engine, task)
    assert isinstance(ready, str)
    assert why in ready


COUNTS = """#!/bin/bash
PORT=$((RANDOM + 1024))
NOW=$(date +%s%N)
apt-get install -y shower
n=$(cat /srv/count 2>/dev/null || echo 0)
echo $((n + 1)) > /srv/count
echo "$PORT $NOW $(cat /srv/count)"
echo 1 > /logs/verifier/reward.txt
"""


def test_time_random_numbers_and_counters_are_had_anew(tmp_path: Path, engine: Engine) -> None:
    task = made(tmp_path, COUNTS)
    _, one = both(engine, task)
    _, other = both(engine, task)
    assert one.reused
    assert other.reused
    (port, now, count), (port2, now2, count2) = log(one).split(), log(other).split()
    assert (port != port2, now != now2, count, count2) == (True, True, "1", "1")


def test_what_was_kept_and_then_changed_is_made_anew(tmp_path: Path, engine: Engine) -> None:
    task = made(tmp_path)
    _, first = ready_for(engine, task)
    assert isinstance(first, Ready)
    (first.kept.folder / "left/usr/bin/shower").write_text("poison")
    _, second = ready_for(engine, task)
    assert isinstance(second, Ready)
    assert "poison" not in (second.kept.folder / "left/usr/bin/shower").read_text()
    (second.kept.folder / "facts.json").write_text("{")
    _, third = ready_for(engine, task)
    assert isinstance(third, Ready)
    assert json.loads((third.kept.folder / "facts.json").read_text())["size"] == third.kept.size


def test_on_a_full_disk_nothing_is_kept_and_the_trials_go_on_without(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_given: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(keeping, "_digest", full)
    _, ready = ready_for(engine, made(tmp_path, TESTS + "# full\n"))
    assert isinstance(ready, str)
    assert "No space left" in ready
    assert list((open_cache(engine.options.cache).root / "building").iterdir()) == []  # type: ignore[attr-defined]


def test_two_that_want_the_same_at_once_make_it_once(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_here: list[Path] = []
    honest = keeping._make

    def counted(folder: Path, *given: Any) -> None:
        made_here.append(folder)
        honest(folder, *given)

    monkeypatch.setattr(keeping, "_make", counted)
    task = made(tmp_path, TESTS + "# at once\n")
    with ThreadPoolExecutor(2) as two:
        one, other = (each.result()[1] for each in [two.submit(ready_for, engine, task) for _ in range(2)])
    assert isinstance(one, Ready)
    assert isinstance(other, Ready)
    assert one.kept == other.kept
    assert len(made_here) == 1


def test_what_was_kept_is_a_layer_of_the_cache_that_is_found_again_and_removed_with_it(
    tmp_path: Path, engine: Engine
) -> None:
    task = made(tmp_path, TESTS + "# removed with the cache\n")
    _, first = ready_for(engine, task)
    _, again = ready_for(engine, task)
    assert isinstance(first, Ready)
    assert isinstance(again, Ready)
    assert first.kept == again.kept
    assert again.kept.folder.parent.parent == open_cache(engine.options.cache).root / "layers"  # type: ignore[attr-defined]
    left = first.kept.folder / "left"
    assert (left / "usr/bin/shower").exists()
    assert not (left / "var/cache/apt/pkgcache.bin").exists()
    assert not (left / "var/lib/apt/lists/stamp").exists(), "which no test asks for"
    removed = engine.clean(everything=True)
    assert any("what the tests of" in line for line in removed), removed
    assert not first.kept.folder.exists()


def test_a_script_that_reads_another_in_and_a_terminal_bench_task(tmp_path: Path, engine: Engine) -> None:
    task = terminal_bench(
        tmp_path,
        {
            "Dockerfile": DOCKERFILE,
            "apt-get": APT,
            "run-tests.sh": "#!/bin/bash\nsource $TEST_DIR/setup.sh\nbash $TEST_DIR/run.sh\n",
            "tests/setup.sh": "apt-get update\napt-get install -y shower\n",
            "tests/run.sh": (
                'w=FAILED; [ "$(shower /app/out.txt)" = ok ] && w=PASSED\n'
                'echo "=========== short test summary info ==========="\necho "$w tests/test_out.py::test_out"\n'
            ),
        },
    )
    (tmp_path / "apt-get").chmod(0o755)
    plain, reused = both(engine, task)
    assert (plain.reused, reused.reused) == (False, True), reused.not_reused
    assert plain.rewards == reused.rewards == {"reward": 1.0}
    _, nop = both(engine, task, Kind.NOP)
    assert (nop.reused, nop.rewards) == (True, {"reward": 0.0})


OF_AN_ORDINARY_USER = """
import sys, threading
from contextlib import nullcontext
from pathlib import Path
from harness.engine.choose import make_engine
from harness.engine.contract import EngineOptions
from tests.harness.trial.test_reuse_boxes import SIMPLE, both, made
folder = Path(sys.argv[1])
with make_engine("bwrap", EngineOptions(images={"*": "host"}, cache=folder / "cache")) as engine:
    plain, reused = both(engine, made(folder / "task", SIMPLE))
    print(plain.rewards, reused.rewards, reused.reused, reused.not_reused)
"""
SIMPLE = """#!/bin/bash
apt-get update
if [ "$(cat /app/out.txt)" = ok ] && [ -f /var/lib/apt/lists/stamp ]; then echo 1 > /logs/verifier/reward.txt; fi
"""


def test_it_works_for_an_ordinary_user_too(ordinary: Ordinary) -> None:
    done = ordinary.run("-c", OF_AN_ORDINARY_USER, str(ordinary.scratch / "reuse"))
    assert done.stdout.split("\n")[-2:] == ["{'reward': 1.0} {'reward': 1.0} True ", ""], done.stdout + done.stderr
