"""Task folders written on the spot: a whole one, and what a test changes in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.task.model import Problem, ProblemSeverity, Task, Unusable

Files = Mapping[str, str | bytes | None]
"""Path -> content; None takes the file away."""

HARBOR: dict[str, str | bytes | None] = {
    "task.toml": 'schema_version = "1.4"\n',
    "instruction.md": "Write hello to /app/out.txt.\n",
    "environment/Dockerfile": "FROM debian:12\n",
    "solution/solve.sh": "#!/bin/sh\necho hello > /app/out.txt\n",
    "tests/test.sh": "#!/bin/sh\ngrep -q hello /app/out.txt && echo 1 > /logs/verifier/reward.txt\n",
}

COMPOSE = """\
services:
  client:
    build:
      dockerfile: Dockerfile
    image: ${T_BENCH_TASK_DOCKER_CLIENT_IMAGE_NAME}
    container_name: ${T_BENCH_TASK_DOCKER_CLIENT_CONTAINER_NAME}
    command: ["sh", "-c", "sleep infinity"]
    environment:
      - TEST_DIR=${T_BENCH_TEST_DIR}
    volumes:
      - ${T_BENCH_TASK_LOGS_PATH}:${T_BENCH_CONTAINER_LOGS_PATH}
      - ${T_BENCH_TASK_AGENT_LOGS_PATH}:${T_BENCH_CONTAINER_AGENT_LOGS_PATH}
"""

TERMINAL_BENCH: dict[str, str | bytes | None] = {
    "task.yaml": "instruction: Write hello to /app/out.txt.\ndifficulty: easy\n",
    "Dockerfile": "FROM debian:12\n",
    "docker-compose.yaml": COMPOSE,
    "solution.sh": "#!/bin/bash\necho hello > /app/out.txt\n",
    "run-tests.sh": "#!/bin/bash\npytest $TEST_DIR/test_outputs.py -rA\n",
    "tests/test_outputs.py": "def test_out():\n    assert open('/app/out.txt').read() == 'hello\\n'\n",
}


def write(root: Path, base: Files, changes: Files | None = None) -> Path:
    for name, content in {**base, **(changes or {})}.items():
        if content is not None:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def usable(result: Task | Unusable) -> Task:
    assert isinstance(result, Task), [problem.message for problem in result.problems]
    return result


def errors(result: Task | Unusable) -> list[Problem]:
    return [problem for problem in result.problems if problem.severity is ProblemSeverity.ERROR]


def codes(result: Task | Unusable) -> list[str]:
    return [problem.code for problem in result.problems]
