"""Forged solutions in real boxes: what they change stays there, and no run, task or neighbour sees any of it."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from harness.engine.contract import BoxSpec, Command, Engine
from harness.judging.outcome import OutcomeKind, baseline, judge
from harness.lab.store import Store
from harness.probes.forge.attempts import attempts
from harness.probes.forge.facts import FORGE
from harness.probes.model import Attempted
from harness.task.model import Task
from harness.task.runners import RUNNERS
from harness.trial.build import build
from harness.trial.plan import Plan
from harness.trial.record import Kind
from harness.trial.runner import run_trial
from tests.harness.tasks import harbor, read, terminal_bench

VERIFIER = """#!/bin/bash
cd /app
cat out.txt
python3 -m pytest -rA /tests/test_out.py
if python3 /tests/look.py; then echo 1 > /logs/verifier/reward.txt; else echo 0 > /logs/verifier/reward.txt; fi
"""
FILES = {
    "task.toml": 'version = "1.0"\n[agent]\ntimeout_sec = 30\n[environment]\nstorage_mb = 64\n',
    "solution/solve.sh": "#!/bin/bash\necho ok > out.txt\ncat > /app/sums.py <<'PY'\ndef one():\n    return 1\nPY\n",
    "tests/test.sh": VERIFIER,
    "tests/look.py": "import sys\nsys.path.insert(0, '/app')\nfrom sums import one\nsys.exit(one() != 1)\n",
    "tests/test_out.py": "def test_out():\n    assert open('/app/out.txt').read() == 'ok\\n'\n",
    "tests/expected_out.txt": "ok\n",
}
PLACES = ("/", "/app", "/tests", "/logs", "/etc", "/root", "/tmp", "/usr/local/bin", "/usr/local/sbin", "/usr/bin")


def host() -> dict[str, object]:
    """What the attacks would change if one got out of its box."""
    library, packages = sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")
    names = {place: _names(Path(place)) for place in PLACES if place != "/tmp"}
    files = [
        Path(name)
        for name in ("/etc/ld.so.preload", "/etc/environment", "/root/.bashrc", "/root/.profile", "/root/.bash_profile")
    ]
    every = {str(file): sha256(file.read_bytes()).hexdigest() if file.is_file() else None for file in files}
    forged = [str(path) for folder in (library, packages) for path in Path(folder).glob("*custom*.py")]
    forged += [str(path) for path in Path(packages).glob("*forged*")]
    return {"names": names, "files": every, "forged": sorted(forged), "marked": Path(FORGE).exists()}


def _names(folder: Path) -> list[str] | None:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else None


def _inside(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def left_running() -> Iterator[str]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if f"sh {FORGE}/" in words and folder.name != str(os.getpid()):
            yield words


@pytest.mark.bwrap
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("format_name", ["harbor", "terminal-bench"])
def test_no_forged_solution_reaches_the_host_the_task_the_run_or_another_box(
    bwrap_engine: Engine, tmp_path: Path, format_name: str
) -> None:
    if format_name == "harbor":
        task = harbor(tmp_path / "task", FILES)
    else:
        # If a text mentions pytest, the attacks on pytest are tried, too.
        task = terminal_bench(tmp_path / "task", {"tests/notes.txt": "pytest\n", "tests/expected_out.txt": "ok\n"})
    built = build(bwrap_engine, task)
    with Store(tmp_path / "run") as store, bwrap_engine.open(BoxSpec(image=built.main)) as neighbour:
        store.begin_task(task.name, task.digest, "")
        store.put_trial(run_trial(bwrap_engine, task, built, Plan(Kind.REFERENCE, "1")))
        seen = neighbour.run(Command(("sh", "-c", _LOOK), 30.0)).output
        before, of_task, of_run = host(), _inside(tmp_path / "task"), _inside(tmp_path / "run")
        found = list(_tried(bwrap_engine, task))
        assert neighbour.run(Command(("sh", "-c", _LOOK), 30.0)).output == seen
        assert _inside(tmp_path / "run") == of_run
    assert host() == before
    assert _inside(tmp_path / "task") == of_task
    assert list(left_running()) == []
    # A payload that does nothing reaches nothing: these did something.
    met = {one.attempt.id for one in found if one.effective}
    assert len(found) >= 15
    assert {"path-bash", "path-cat"} <= met, met
    assert {"path-bash"} <= {one.attempt.id for one in found if one.paid}


_LOOK = f"""ls -A {" ".join(PLACES)} {FORGE} 2>&1
grep -l '[f]oolsgold-forge/daemon' /proc/[0-9]*/cmdline 2>/dev/null
cat /etc/environment /etc/ld.so.preload"""


def _tried(engine: Engine, task: Task) -> Iterator[Attempted]:
    built = build(engine, task)
    reference = run_trial(engine, task, built, Plan(Kind.REFERENCE, "1"))
    against = baseline([reference], run_trial(engine, task, built, Plan(Kind.NOP)))
    assert against is not None, reference
    for attempt in attempts(task, against.reference):
        plan = Plan(Kind.PROBE, attempt.label, attempt.replacement, circumstances=attempt.circumstances)
        record = run_trial(engine, task, built, plan)
        assert record.trouble is None or record.trouble.kind == "not-made", (attempt.id, record.trouble)
        yield Attempted(attempt, judge(record, against), (record,))


def test_a_change_that_was_not_made_is_not_measured(engine: Engine, tmp_path: Path) -> None:
    """An agent without rights cannot write where tools are found: that shows nothing about the verifier."""
    user = "RUN useradd --create-home worker && mkdir -p /app && chmod 777 /app\n"
    changes = {
        "task.toml": 'version = "1.0"\n[agent]\ntimeout_sec = 30\nuser = "worker"\n',
        "environment/Dockerfile": f"FROM debian:bookworm-slim\n{user}WORKDIR /app\n",
    }
    task = harbor(tmp_path / "task", changes).run_by(RUNNERS[0])
    built = build(engine, task)
    reference = run_trial(engine, task, built, Plan(Kind.REFERENCE, "1"))
    against = baseline([reference], run_trial(engine, task, built, Plan(Kind.NOP)))
    assert against is not None, reference
    found = {}
    for attempt in attempts(task, against.reference):
        if attempt.id in ("path-bash", "planted-reward-json", "planted-reward-txt"):
            plan = Plan(Kind.PROBE, attempt.label, attempt.replacement, circumstances=attempt.circumstances)
            record = run_trial(engine, task, built, plan)
            one = Attempted(attempt, judge(record, against), (record,))
            found[attempt.id] = (one.outcome.kind, one.made, one.effective)
    assert found == {
        "path-bash": (OutcomeKind.ERROR, False, None),
        "planted-reward-json": (OutcomeKind.SURVIVED, True, True),
        "planted-reward-txt": (OutcomeKind.KILLED, True, False),
    }


Files = dict[str, str | bytes | None]
OK = '[ "$(cat /app/out.txt 2>/dev/null)" = ok ]'
KEYS = "- command: echo ok > /app/out.txt\n  append_enter: true\n  block: true\n"
SAME_SHELL = (
    "instruction: Write ok to /app/out.txt.\nparser_name: pytest\nmax_agent_timeout_sec: 30\n"
    "max_test_timeout_sec: 20\nrun_tests_in_same_shell: true\n"
)
PASSED_OR_NOTHING = f"#!/bin/bash\nif {OK}; then echo '=== short test summary info ==='; echo PASSED t.py::t; fi\n"
LOOK = """from pathlib import Path

ok = Path("/app/out.txt").exists()
Path("/logs/verifier/reward.txt").write_text(f"{ok:d}")
"""
REPORTED = (
    f"#!/bin/bash\n{OK} && echo '{{\"failed\": 0}}' > /logs/verifier/ctrf.json\n"
    "if grep -q '\"failed\": 0' /logs/verifier/ctrf.json; then echo 1; else echo 0; fi > /logs/verifier/reward.txt\n"
)
COMPARED = (
    "#!/bin/bash\nsleep 3\n"  # a copy takes its time on a busy machine
    "if cmp /app/report.json /tests/expected_report.json; then echo 1; else echo 0; fi > /logs/verifier/reward.txt\n"
)
PAID_FIRST = (
    "#!/bin/bash\necho 1 > /logs/verifier/reward.txt\n{}\n"
    'if [ "$(sh /app/out.sh)" != ok ]; then echo 0 > /logs/verifier/reward.txt; fi\n'
)
PROGRAM: Files = {
    "instruction.md": "Write a program /app/out.sh that prints ok.\n",
    "solution/solve.sh": "#!/bin/bash\ncat > /app/out.sh <<'SH'\necho ok\nSH\n",
}
APART: Files = {
    "task.toml": 'version = "1.0"\nartifacts = ["/app/out.sh"]\n[verifier]\nenvironment_mode = "separate"\n',
    "tests/Dockerfile": "FROM debian:bookworm-slim\nCOPY . /tests\n",
}
IN_IMAGE: Files = {
    "environment/Dockerfile": "FROM debian:bookworm-slim\nWORKDIR /app\nCOPY solve.sh /opt/task/solve.sh\n",
    "environment/solve.sh": "#!/bin/bash\necho ok > /app/out.txt\n",
}
REPORT: Files = {
    "instruction.md": "Write `{}` to /app/report.json.\n",
    "solution/solve.sh": "#!/bin/bash\necho '{}' > /app/report.json\n",
    "tests/expected_report.json": "{}\n",
    "tests/test.sh": COMPARED,
}
PAID: dict[str, tuple[str, Files, set[str]]] = {
    "an expected answer": ("harbor", REPORT, {"expected-answer", "path-cmp"}),
    "a report that is read": ("harbor", {"tests/test.sh": REPORTED}, {"planted-ctrf", "path-grep"}),
    "a solution in the image": ("harbor", IN_IMAGE, {"reference-in-image"}),
    "plain Python": (
        "harbor",
        {"tests/test.sh": "#!/bin/sh\npython3 /tests/look.py\n", "tests/look.py": LOOK},
        {"sitecustomize", "usercustomize", "pth-file", "path-python3", "path-bash", "reward-daemon"},
    ),
    "a reward before the look, ended by a process": (
        "harbor",
        {"tests/test.sh": PAID_FIRST.format("sleep 1")},
        {"reward-written-first"},
    ),
    "a reward before the look, ended by a program": (
        "harbor",
        {**PROGRAM, **APART, "tests/test.sh": PAID_FIRST.format("")},
        {"reward-written-first"},
    ),
    "a login shell": ("terminal", {}, {"startup-files-runner", "path-bash"}),
    "keys": ("terminal", {"solution.sh": None, "solution.yaml": KEYS}, {"startup-files-runner", "path-bash"}),
    "the same shell": (
        "terminal",
        {"task.yaml": SAME_SHELL, "run-tests.sh": PASSED_OR_NOTHING},
        {"printed-summary", "startup-files-runner"},
    ),
}


@pytest.mark.parametrize("name", PAID)
def test_an_attack_is_paid_where_a_verifier_falls_for_it(engine: Engine, tmp_path: Path, name: str) -> None:
    """What the pair of fixtures does not show, so that no payload breaks unseen."""
    kind, changes, wanted = PAID[name]
    task = (harbor if kind == "harbor" else terminal_bench)(tmp_path / "task", changes)
    assert wanted <= _paid(engine, task, wanted)


def test_steps_are_forged_together(engine: Engine, fixtures_folder: Path) -> None:
    task = read(fixtures_folder / "formats" / "multi-step")
    assert _paid(engine, task, {"path-bash"}) == {"path-bash"}


def _paid(engine: Engine, task: Task, wanted: set[str]) -> set[str]:
    built = build(engine, task)
    reference = run_trial(engine, task, built, Plan(Kind.REFERENCE, "1"))
    against = baseline([reference], run_trial(engine, task, built, Plan(Kind.NOP)))
    assert against is not None, reference
    paid = set()
    for attempt in attempts(task, against.reference):
        if attempt.id in wanted:
            plan = Plan(Kind.PROBE, attempt.label, attempt.replacement, circumstances=attempt.circumstances)
            record = run_trial(engine, task, built, plan)
            assert record.effective, (attempt.id, record)
            if judge(record, against).kind is OutcomeKind.SURVIVED:
                paid.add(attempt.id)
    return paid
