"""Which verifiers can be seen to pay 1 or 0 and nothing between."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.judging.all_or_nothing import all_or_nothing
from harness.judging.outcome import Baseline
from tests.harness.tasks import harbor, terminal_bench

FULL = Baseline({"reward": 1.0}, {})
LITERALS = "if pytest /tests; then echo 1 > /logs/verifier/reward.txt; else echo 0 > /logs/verifier/reward.txt; fi\n"


@pytest.mark.parametrize(
    ("script", "decides"),
    [
        (LITERALS, True),
        ("printf '1\\n' > \"$LOGS/reward.txt\"\n", True),
        ("echo 1.0 > reward.txt # writes reward.txt\n", True),
        ("# reward.txt holds the share\necho 0 > reward.txt\n", True),
        ("echo $share > /logs/verifier/reward.txt\n", False),
        ("echo 0.5 > /logs/verifier/reward.txt\n", False),
        (f"{LITERALS}python3 /tests/score.py > /logs/verifier/reward.txt\n", False),
        ("echo '{\"reward\": 1}' > /logs/verifier/reward.json\n", False),
        ("pytest /tests\n", False),
    ],
)
def test_the_first_failing_test_decides_where_every_reward_is_a_literal(
    tmp_path: Path, script: str, decides: bool
) -> None:
    task = harbor(tmp_path / "t", {"tests/test.sh": f"#!/bin/bash\n{script}"})
    assert all_or_nothing(task, FULL) is decides


def test_a_reward_that_another_file_of_the_tests_writes_counts_too(tmp_path: Path) -> None:
    other = "open('/logs/verifier/reward.txt', 'w').write(str(share))\n"
    task = harbor(tmp_path / "t", {"tests/test.sh": f"#!/bin/bash\n{LITERALS}", "tests/score.py": other})
    assert not all_or_nothing(task, FULL)


def test_it_takes_a_reference_that_is_paid_exactly_one(tmp_path: Path) -> None:
    task = harbor(tmp_path / "t", {"tests/test.sh": f"#!/bin/bash\n{LITERALS}"})
    assert not all_or_nothing(task, None)
    assert not all_or_nothing(task, Baseline({"reward": 0.9}, {}))
    assert not all_or_nothing(task, Baseline({"reward": 1.0, "speed": 0.4}, {}))


def test_a_format_whose_runner_reads_the_tests_text_has_no_such_literal(tmp_path: Path) -> None:
    task = terminal_bench(tmp_path / "t", {"run-tests.sh": f"#!/bin/bash\n{LITERALS}"})
    assert not all_or_nothing(task, FULL)
