"""Small tasks written to a folder, read by the real loaders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.task.discover import discover
from harness.task.model import Task

HARBOR: Mapping[str, str] = {
    "task.toml": 'version = "1.0"\n[agent]\ntimeout_sec = 30\n[verifier]\ntimeout_sec = 20\n',
    "instruction.md": "Write ok to /app/out.txt.\n",
    "environment/Dockerfile": "FROM debian:bookworm-slim\nWORKDIR /app\n",
    "solution/solve.sh": "#!/bin/bash\necho ok > /app/out.txt\n",
    "tests/test.sh": (
        "#!/bin/bash\n"
        'if [ "$(cat /app/out.txt 2>/dev/null)" = ok ]; then echo 1; else echo 0; fi > /logs/verifier/reward.txt\n'
    ),
}

TERMINAL_BENCH: Mapping[str, str] = {
    "task.yaml": (
        "instruction: Write ok to /app/out.txt.\nparser_name: pytest\nmax_agent_timeout_sec: 30\n"
        "max_test_timeout_sec: 20\n"
    ),
    "Dockerfile": "FROM debian:bookworm-slim\nWORKDIR /app\n",
    "docker-compose.yaml": (
        "services:\n  client:\n    build: .\n    image: ${T_BENCH_TASK_DOCKER_CLIENT_IMAGE_NAME}\n"
        "    container_name: ${T_BENCH_TASK_DOCKER_CLIENT_CONTAINER_NAME}\n    command: [sh, -c, sleep infinity]\n"
        "    environment:\n      - TEST_DIR=${T_BENCH_TEST_DIR}\n    volumes:\n"
        "      - ${T_BENCH_TASK_LOGS_PATH}:${T_BENCH_CONTAINER_LOGS_PATH}\n"
    ),
    "solution.sh": "#!/bin/bash\necho ok > /app/out.txt\n",
    "run-tests.sh": (
        "#!/bin/bash\n"
        'if [ "$(cat /app/out.txt 2>/dev/null)" = ok ]; then word=PASSED; else word=FAILED; fi\n'
        'echo "=========== short test summary info ==========="\necho "$word tests/test_out.py::test_out"\n'
    ),
    "tests/test_out.py": "def test_out():\n    assert open('/app/out.txt').read() == 'ok\\n'\n",
}


def write(folder: Path, files: Mapping[str, str | bytes | None]) -> Path:
    """Write the files below `folder`; scripts are executable. None leaves one out."""
    for name, content in files.items():
        if content is None:
            continue
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o755 if name.endswith(".sh") else 0o644)
    return folder


def harbor(folder: Path, changes: Mapping[str, str | bytes | None] | None = None) -> Task:
    return read(write(folder, {**HARBOR, **(changes or {})}))


def terminal_bench(folder: Path, changes: Mapping[str, str | bytes | None] | None = None) -> Task:
    return read(write(folder, {**TERMINAL_BENCH, **(changes or {})}))


def read(folder: Path) -> Task:
    (task,) = discover([folder])
    assert isinstance(task, Task), task.problems
    return task
