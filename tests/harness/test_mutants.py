"""From a task to the mutants that an audit would run first."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.mutants import LONGEST_DIFF, Wish, diff, mutated_file, solution_files, task_mutants
from harness.task.discover import discover
from harness.task.model import Solution, Task
from mutator.model import ByteEdit, Mutant
from mutator.sources import Skipped
from tests.mutator.test_select import ONE

FIXTURES = Path(__file__).parents[2] / "fixtures"
CASES = FIXTURES / "cases"


def task_at(path: Path) -> Task:
    (found,) = discover([path])
    assert isinstance(found, Task)
    return found


def first(name: str, count: int = 20) -> list[tuple[Mutant, str]]:
    """The first mutants of a case, each with its diff, by the way that `foolsgold mutants` and the audit go."""
    (step,) = task_mutants(task_at(CASES / name), Wish(budget=count))
    assert 0 < len(step.selection.chosen) <= count
    return [(entry.mutant, diff(step.files, entry.mutant)) for entry in step.selection.chosen]


def changed(shown: str) -> tuple[str, str]:
    """What goes and what comes."""
    lines = shown.splitlines()[2:]
    gone, come = ("\n".join(line[1:] for line in lines if line.startswith(sign)) for sign in "-+")
    return gone, come


NAMED: dict[str, dict[str, Callable[[str, str], object]]] = {
    "nginx-rate-limit": {
        "limit_req is dropped": lambda gone, come: re.match(r"\s*limit_req\b", gone) and not come,
        "its rate is loosened": lambda gone, come: "rate=1r/s" in gone and re.search(r"rate=\d{2,}r/s", come),
        "its burst is loosened": lambda gone, come: "burst=4" in gone and re.search(r"burst=\d{2,}", come),
    },
    "sokoban-solver": {
        "R is mapped like D": lambda gone, come: '"D": (1, 0)' in come and '"R": (1, 0)' in come,
        "L and R are swapped": lambda gone, come: '"L": (0, 1)' in come and '"R": (0, -1)' in come,
        "U and D are swapped": lambda gone, come: '"U": (1, 0)' in come and '"D": (-1, 0)' in come,
    },
    "cleanup-dry-run": {
        "--dry-run is not accepted": lambda gone, come: 'add_argument("--dry-run"' in gone and "set_defaults" in come,
        "--dry-run is ignored": lambda gone, come: "args.dry_run" in gone and "args.dry_run" not in come,
    },
    "pkg-resolver": {
        "versions are compared as texts": lambda gone, come: "int(" in gone and "int(" not in come,
        "versions are compared the other way": lambda gone, come: re.search(r"key\(.*\) [<>] key\(", gone) and come,
        "held packages are not kept back": lambda gone, come: 'package.get("hold")' in gone,
        "packages with unmet needs are not kept back": lambda gone, come: "kept" in gone,
    },
}  # fmt: skip


@pytest.mark.parametrize("twin", ["faulty", "mended"])
@pytest.mark.parametrize(("case", "fault"), [(case, fault) for case, faults in NAMED.items() for fault in faults])
def test_the_fault_that_a_case_is_about_is_among_its_first_twenty_mutants(case: str, fault: str, twin: str) -> None:
    found = [mutant.sentence for mutant, shown in first(f"{case}-{twin}") if NAMED[case][fault](*changed(shown))]
    assert found, [mutant.sentence for mutant, _ in first(f"{case}-{twin}")]


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.iterdir()))
def test_a_diff_says_exactly_what_the_mutated_file_holds(name: str) -> None:
    for step in task_mutants(task_at(CASES / name), Wish(budget=None)):
        for entry in step.selection.chosen:
            before = step.files[entry.mutant.file].decode().splitlines()
            after = mutated_file(step.files, entry.mutant).decode().splitlines()
            assert _patched(before, diff(step.files, entry.mutant)) == after


def _patched(lines: list[str], shown: str) -> list[str]:
    result, at = [], 0
    for line in shown.splitlines()[2:]:
        if match := re.match(r"@@ -(\d+)(?:,(\d+))? ", line):
            start = int(match[1]) - (match[2] != "0")
            result += lines[at:start]
            at = start
        elif line.startswith("+"):
            result.append(line[1:])
        else:
            assert line[1:] == lines[at]
            at += 1
            if line.startswith(" "):
                result.append(line[1:])
    return result + lines[at:]


def test_links_and_huge_files_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "solve.sh").write_text("true\n")
    (tmp_path / "link.sh").symlink_to("/etc/passwd")
    with (tmp_path / "huge.bin").open("wb") as out:
        out.truncate(40 << 20)
    solution = Solution(tmp_path, tmp_path / "solve.sh", "/solution")
    skipped: list[Skipped] = []
    assert list(solution_files(solution, skipped)) == ["solve.sh"]
    assert skipped == [Skipped("huge.bin", "larger than 32 MB")]


def test_a_diff_of_very_many_lines_is_cut_short_and_says_so() -> None:
    files = {"rows.csv": b"".join(b"%03d\n" % row for row in range(1000))}
    mutant = replace(ONE, file="rows.csv", edits=(ByteEdit(40, 3600, b""),))
    lines = diff(files, mutant).splitlines()
    assert len(lines) == LONGEST_DIFF + 1
    assert lines[-1] == "\\ 497 lines more"
