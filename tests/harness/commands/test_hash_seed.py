from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_list_of_mutants_is_the_same_whatever_the_hash_seed() -> None:
    listed = set()
    for seed in ("0", "1", "5"):
        command = [sys.executable, "-m", "harness", "mutants", "fixtures/cases", "--json"]
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        )
        listed.add(done.stdout)
    assert len(listed) == 1
