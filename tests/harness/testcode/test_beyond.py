"""Which tests look at more than what files hold."""

from __future__ import annotations

import pytest

from harness.testcode.beyond import reads_logs, reads_solution, reads_times

NAMES = ("/solution", "solve.sh")


@pytest.mark.parametrize(
    "text",
    [
        "os.path.getmtime(p)",
        "p.stat().st_mtime_ns",
        "find /app -newer /tmp/x",
        "[ a -nt b ]",
        "stat -c '%s %Y' f",
        "stat f",
        "ls -la /app",
        "find . -mmin -5",
        "Last-Modified",
    ],
)
def test_times_of_files(text: str) -> None:
    assert reads_times([text])


@pytest.mark.parametrize(
    "text",
    ["datetime.now()", "stat --format=%a f", "os.stat(f).st_mode", "time.time()", "a status of 5", "runtime", "--nt"],
)
def test_other_times(text: str) -> None:
    assert not reads_times([text])


@pytest.mark.parametrize(
    "text",
    [
        "open('/solution/x')",
        "cat ../solve.sh",
        "find / -name x",
        "grep -r x /",
        'subprocess.run(["find", "/", "-name", "x"])',
        'os.walk("/")',
        "Path('/').rglob('*')",
        "glob.glob('/*/x')",
        'os.path.join("/", "sol" + "ution")',
    ],
)
def test_the_solutions_own_files(text: str) -> None:
    assert reads_solution([text], NAMES)


@pytest.mark.parametrize(
    "text",
    ['client.get("/")', 'a.split("/")', "find /app -name x", 'Path("/app") / "x"', "the solution", "my/solution.py"],
)
def test_other_files(text: str) -> None:
    assert not reads_solution([text], NAMES)


def test_logs() -> None:
    assert reads_logs(["cat /logs/agent/oracle.txt"])
    assert reads_logs(["glob('/logs/*/x')"])
    assert not reads_logs(["echo 1 > /logs/verifier/reward.txt"])
