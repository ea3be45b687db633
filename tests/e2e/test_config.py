"""A config file on real boxes: each task runs by its own settings, and the report says which."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.harness.tasks import HARBOR, write

FOOLSGOLD = [sys.executable, "-c", "from harness.commands.main import main; main()"]
TASK = {
    **HARBOR,
    "task.toml": 'version = "1.0"\n[agent]\ntimeout_sec = 60\n[environment]\nnetwork_mode = "no-network"\n',
    "solution/solve.sh": "#!/bin/bash\nmkdir -p /app/a /app/b\necho ok > /app/out.txt\necho 3 > /app/b/n\n",
}
RED = {
    **TASK,
    "tests/test.sh": "#!/bin/bash\n"
    'if [ "$COLOUR" = red ] && [ -s /app/out.txt ]; then echo 1; else echo 0; fi > /logs/verifier/reward.txt\n',
}
CONFIG = """\
engine = "bwrap"
repeat = 1
budget = 2
[image]
"*" = "host"
[threshold]
least = 1
[[override]]
tasks = ["sets/red"]
image = { "*" = "host;ENV COLOUR=red" }
budget = 1
repeat = 2
threshold = { adequate = 0.1 }
"""


def foolsgold(folder: Path, *arguments: str) -> tuple[int, Any, str]:
    words = [*FOOLSGOLD, *arguments, "--json", "--no-progress"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=200)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


@pytest.mark.bwrap
def test_each_task_runs_by_its_own_settings(tmp_path: Path) -> None:
    write(tmp_path / "sets/plain", TASK)
    write(tmp_path / "sets/red", RED)
    (tmp_path / "foolsgold.toml").write_text(CONFIG)
    _, report, said = foolsgold(tmp_path, "audit", "sets", "-o", "run")
    assert f"Settings from {tmp_path / 'foolsgold.toml'}" in said
    tasks = {task["name"]: task for task in report["tasks"]}
    # Without its own environment variable its reference would not be paid.
    assert {name: len(task["mutants"]) for name, task in tasks.items()} == {"plain": 2, "red": 1}
    assert {name: len(task["controls"]["reference"]) for name, task in tasks.items()} == {"plain": 1, "red": 2}
    assert {name: task["thresholds"]["adequate"] for name, task in tasks.items()} == {"plain": 0.75, "red": 0.1}
    assert report["options"]["config"] == str(tmp_path / "foolsgold.toml")
    assert report["options"]["overrides"] == {
        "red": {"image.*": "host;ENV COLOUR=red", "budget": 1, "repeat": 2, "threshold.adequate": 0.1}
    }
    code, checked, _ = foolsgold(tmp_path, "check", "sets")
    assert (code, checked["summary"]["good"]) == (0, 2)
    assert checked["options"]["overrides"] == {"red": {"image.*": "host;ENV COLOUR=red", "repeat": 2}}
    code, checked, _ = foolsgold(tmp_path, "check", "sets", "--no-config", "--engine", "bwrap", "--image", "*=host")
    assert (code, checked["summary"]["good"]) == (1, 1)
