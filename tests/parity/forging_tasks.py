"""Tasks that are open to means of forging a reward, and each means as a task of its own for any runner: its solution is
in the place of the reference."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.probes.forge.attempts import attempts
from harness.task.discover import discover
from harness.task.model import Task
from harness.task.runners import Runner
from tests.parity.reward_tasks import REWARD

READY = "foolsgold-parity-forging"
RECIPE = (
    "FROM python:3.12-slim-bookworm\n"
    # Older ones read a conftest.py in every folder above the tests.
    "RUN pip install --no-cache-dir pytest==8.4.2 && pip install --no-cache-dir --target /opt/older pytest==7.2.2\n"
    "RUN mkdir -p /opt/src /app/lib && printf '#!/bin/sh\\necho exit 0 > /app/lib/tool.sh\\n' > /opt/src/solve.sh\n"
    "WORKDIR /app/lib\n"
)
FAULTY = Path(__file__).parents[2] / "fixtures/probes/degrees-faulty"
_DEGREES = (FAULTY / "solution/solve.sh").read_text(encoding="utf-8")
_TESTS = "import sys\nsys.path.insert(0, '/app/lib')\n" + (FAULTY / "tests/test_degrees.py").read_text(encoding="utf-8")
_PAYS = f"then reward=1; else reward=0; fi\necho $reward > {REWARD}.txt\n"
# What races against the verifier is waited for, so that no machine is too slow for it.
_UNTIL = "#!/bin/bash\nfor i in $(seq 1200); do {} && break; sleep 0.1; done\n"


@dataclass(frozen=True, slots=True)
class Open:
    """A task, and the means that are tried on it."""

    means: tuple[str, ...]
    solve: str
    files: Mapping[str, str]
    toml: str = ""


OPEN: Mapping[str, Open] = {
    "in-tests": Open(
        (
            "conftest-above",
            "conftest-in-tests",
            "pytest-ini-in-tests",
            "startup-files-pytest-addopts",
            "tests-bound",
        ),
        _DEGREES,
        {
            "tests/test.sh": "#!/bin/bash\ntouch ~/.bashrc; . ~/.bashrc\ncd /tests\n"
            f"if PYTHONPATH=/opt/older:$PYTHONPATH python3 -m pytest -rA test_degrees.py; {_PAYS}",
            "tests/test_degrees.py": _TESTS,
        },
    ),
    "waits": Open(
        ("tests-deleted", "tests-edited"),
        _DEGREES,
        {
            "tests/test.sh": _UNTIL.format("! cmp -s /tests/test_degrees.py /tests/kept.txt")
            + f"python3 -m pytest -rA /tests\nstatus=$?\nif [ $status = 0 ] || [ $status = 5 ]; {_PAYS}",
            "tests/test_degrees.py": _TESTS,
            "tests/kept.txt": _TESTS,
        },
    ),
    "runs-long": Open(
        ("runner-killed",),
        _DEGREES,
        {"tests/test.sh": f"#!/bin/bash\nsleep 120\nif false; {_PAYS}"},
    ),
    "pays-first": Open(
        ("reward-written-first",),
        _DEGREES,
        {"tests/test.sh": f"#!/bin/bash\necho 1 > {REWARD}.txt\nsleep 120\necho 0 > {REWARD}.txt\n"},
    ),
    "tool": Open(
        ("exit-zero", "reference-in-image"),
        "#!/bin/bash\ncat > /app/lib/tool.sh <<'SH'\n#!/bin/sh\necho 100\nexit 0\nSH\n",
        {"tests/test.sh": f"#!/bin/bash\nif sh /app/lib/tool.sh; {_PAYS}"},
    ),
    "answer": Open(
        ("expected-answer",),
        "#!/bin/bash\ncat > /app/lib/answer.txt <<'TXT'\n100\nTXT\n",
        {
            "tests/test.sh": _UNTIL.format("[ -e /app/lib/answer.txt ]")
            + f"if cmp -s /tests/answer.txt /app/lib/answer.txt; {_PAYS}",
            "tests/answer.txt": "100\n",
        },
    ),
    "report": Open(
        ("planted-ctrf",),
        _DEGREES,
        {"tests/test.sh": f"#!/bin/bash\nif grep -q passed /logs/verifier/ctrf.json; {_PAYS}"},
    ),
    "small-disk": Open(
        ("full-disk",),
        _DEGREES,
        {
            "tests/test.sh": _UNTIL.format("! head -c 65536 /dev/zero > /logs/verifier/more.$i")
            # As a script does that writes what it found to another file first.
            + f"echo 0 > /logs/verifier/found && cp /logs/verifier/found {REWARD}.txt\n"
        },
        toml="storage_mb = 64\n",
    ),
}
"""Those on which what cannot matter for the fixture does."""


def write_open(name: str, folder: Path) -> None:
    task = OPEN[name]
    files = {
        "task.toml": f'schema_version = "1.1"\n[environment]\ndocker_image = "{READY}"\n{task.toml}',
        "instruction.md": "Write /app/lib/degrees.py with to_celsius.\n",
        "environment/Dockerfile": RECIPE,
        "solution/solve.sh": task.solve,
        **task.files,
    }
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def write_faulty(folder: Path) -> None:
    shutil.copytree(FAULTY, folder)
    toml = folder / "task.toml"
    ready = f'[environment]\ndocker_image = "{READY}"\n'
    text = toml.read_text(encoding="utf-8").replace("[environment]\n", ready)
    # Its limits are for a machine with nothing else to do.
    toml.write_text(re.sub(r"^timeout_sec = .*", "timeout_sec = 600.0", text, flags=re.MULTILINE), encoding="utf-8")


def write_forged(source: Path, target: Path, runner: Runner, means: tuple[str, ...] = ()) -> list[str]:
    """Each means that is tried on the task under that runner, as a task below `target`; their names."""
    (task,) = discover([source])
    assert isinstance(task, Task)
    names = []
    for attempt in attempts(task.run_by(runner), {"reward": 1.0}):
        if means and attempt.id not in means:
            continue
        names.append(attempt.id)
        shutil.copytree(source, target / attempt.id)
        for name, content in attempt.replacement.files.items():
            (target / attempt.id / "solution" / name).write_bytes(content)
    return names
