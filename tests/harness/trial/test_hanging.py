"""What is said to hang: the solution's program, and never an installer or the shell that waits for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import pytest

from harness.engine.contract import Box, Command
from harness.trial.hanging import LONGEST, MOST, place, running


@pytest.mark.parametrize(
    "line",
    [
        "apt-get update",
        "/usr/bin/apt-get install -y curl",
        "/usr/lib/apt/methods/http",
        "sh /var/lib/dpkg/info/tzdata.postinst configure",
        "/bin/sh /var/lib/dpkg/info/tzdata.postinst configure",
        "curl -LsSf https://example.org/install.sh",
        "python3 -m pip install pytest",
        "/opt/venv/bin/python3.12 -m venv /tmp/x",
        "bash /usr/local/bin/npm ci",
        "uvx --with pytest pytest /tests",
        "go mod download",
        "",
    ],
)
def test_an_installer_is_no_place_where_a_solution_hangs(line: str) -> None:
    assert place([line]) == ""


@pytest.mark.parametrize(
    "line",
    [
        "python3 /app/serve.py",
        "bash /solution/solve.sh",
        "bash -c while :; do :; done",
        "curl -s http://localhost:8080/wait",
        "wget http://127.0.0.1/",
        "curl http://[::1]:80/",
        "python3 /tests/test_pip.py",
        "go run main.go",
        "cat",
    ],
)
def test_anything_else_is(line: str) -> None:
    assert place(["apt-get update", line, "sleep 3"]) == line


@dataclass
class Listing:
    """A box that knows its processes and nothing else."""

    output: bytes
    asked: list[Command] = field(default_factory=list)

    def run(self, command: Command) -> Listing:
        self.asked.append(command)
        return self


def told(*processes: str) -> tuple[str, ...]:
    return running(cast(Box, Listing("\n".join(processes).encode())), "/tests/test.sh")


def test_of_a_tree_of_processes_the_last_ones_are_told() -> None:
    assert told(
        "1 0 sh -c sleep infinity",
        "7 1 bash -c (/tests/test.sh) > log",
        "8 7 bash /tests/test.sh",
        "9 8 python3 /app/serve.py",
        "10 8 sleep 600",
        "11 1 a service of somebody else",
    ) == ("python3 /app/serve.py", "sleep 600")


def test_what_cannot_be_read_is_left_out_and_long_lines_are_cut() -> None:
    many = [f"{number} 7 {number:03d} {'x' * 400}" for number in range(100, 140)]
    found = told("", "7 1 bash /tests/test.sh", *many)
    assert len(found) == MOST
    assert {len(line) for line in found} == {LONGEST}


def test_a_script_that_has_ended_hangs_nowhere() -> None:
    assert told("1 0 sh -c sleep infinity", "11 1 python3 /app/serve.py") == ()
