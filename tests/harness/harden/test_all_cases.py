"""Which files are looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.harden.all_cases import cases_of
from harness.harden.tests_of import ExtendedFile
from harness.trial.end_state import EndState
from harness.trial.watching.calls import Observed
from tests.harness.tasks import harbor


@pytest.mark.parametrize(
    ("path", "instruction", "looked"),
    [
        ("/app/out.txt", "Write it.", True),
        ("/root/.cache/built/ab-d", "Build it.", False),
        ("/app/__pycache__/tool.cpython-311.bin", "Build it.", False),
        ("/root/.ssh/authorized", "Let the key in, in /root/.ssh/authorized.", True),
        ("/root/.config/tool/one", "Set it up in /root/.config/tool.", True),
        ("/app/.hidden", "Write it.", True),
        ("/app/tool.py", "Write it.", False),
        ("/app/tool.py", "Copy it to /app/tool.py.", True),
    ],
)
def test_what_a_program_keeps_for_itself_is_not_looked_at(
    tmp_path: Path, path: str, instruction: str, looked: bool
) -> None:
    task = harbor(tmp_path, {"instruction.md": instruction})
    observed = Observed(EndState({path: "f 644 aa"}, ()))
    place = ExtendedFile("tests/test_it.py", "", pytest=True)
    (look,) = [case for case in cases_of(task, task.steps[0], observed, {}, place, 0) if case.kind == "look"]
    assert (path in look.body["paths"]) is looked
