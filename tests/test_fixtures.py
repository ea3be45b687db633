"""The fixtures say about themselves what is true: on disk, in expected.toml and in the README's table."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from harness.task.discover import discover
from harness.task.model import Task

FIXTURES = Path(__file__).parent.parent / "fixtures"
EXPECTED: dict[str, Any] = tomllib.loads((FIXTURES / "expected.toml").read_text())
ON_DISK = sorted(
    f"{group}/{path.name}"
    for group in ("cases", "formats", "probes")
    for path in (FIXTURES / group).iterdir()
    if path.is_dir()
)
PAIRS = sorted(name.removesuffix("-mended") for name in ON_DISK if name.endswith("-mended"))
FAULT_LIES_IN = {
    "probes/balance-guessable": {"instruction.md", "solution/solve.sh", "tests/test_balance.py"},
    "probes/wordlist-claims": {"solution/solve.sh", "tests/test_wordlist.py"},
    "cases/cleanup-dry-run": {"tests/test_tidy.py"},
    "cases/ledger-off-by-one": {"instruction.md"},
    "cases/missing-sample-log": {"environment/sample.log"},
    "cases/nginx-rate-limit": {"tests/test_site.py"},
    "cases/pkg-resolver": {"instruction.md", "tests/test_resolver.py"},
    "cases/sokoban-solver": {"tests/test_sokoban.py"},
    "probes/degrees": {"tests/Dockerfile", "tests/test.sh", "tests/test_degrees.py"},
    "probes/beds-paid-first": {"tests/test.sh"},
    "probes/invoice-part": {"tests/check_invoice.py"},
    "probes/levels-in-image": {
        "environment/Dockerfile",
        "environment/.pipeline/station_means.py",
        "environment/.pipeline/test_station_means.py",
    },
    "probes/meters-unheeded": {"tests/test_meters.py", "tests/test.sh"},
    "probes/orders-vacuous": {"tests/test_totals.py"},
    "probes/stock-strict": {"tests/test_stock.py"},
    "probes/tides-shape": {"tests/test_tides.py"},
    "probes/words-unchecked": {"tests/test_words.py"},
}


def test_every_fixture_has_its_expectation_and_no_other_does() -> None:
    assert sorted(EXPECTED) == ON_DISK


@pytest.mark.parametrize("name", ON_DISK)
def test_the_first_line_and_the_readme_show_the_same(name: str) -> None:
    file = next(path for path in (FIXTURES / name / "task.toml", FIXTURES / name / "task.yaml") if path.exists())
    shows = file.read_text().splitlines()[0].removeprefix("# Shows: ")
    row = next(line for line in (FIXTURES / "README.md").read_text().splitlines() if line.startswith(f"| `{name}` |"))
    assert row.split(" | ")[1] == shows
    said = [word for word in row.split(" | ")[3].rstrip(" |").split(", ") if word != "fine"]
    assert said == [f"`{finding}`" for finding in EXPECTED[name]["findings"]]


@pytest.mark.parametrize("name", ON_DISK)
def test_a_fixture_loads_without_a_problem(name: str) -> None:
    (task,) = discover([FIXTURES / name])
    assert isinstance(task, Task)
    assert task.problems == ()


@pytest.mark.parametrize("name", PAIRS)
def test_a_pair_differs_in_its_fault_alone(name: str) -> None:
    faulty, mended = (_files(FIXTURES / f"{name}-{half}") for half in ("faulty", "mended"))
    different = {path for path in faulty.keys() | mended.keys() if faulty.get(path) != mended.get(path)}
    assert different - {"task.toml"} == FAULT_LIES_IN[name]


def _files(folder: Path) -> dict[str, bytes]:
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found
