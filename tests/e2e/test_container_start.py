"""How a task's container comes up: its entrypoint, its command and its healthcheck, as the format's runner has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.test_check import HARBOR_OFFLINE, check, findings
from tests.harness.tasks import TERMINAL_BENCH, write

SERVE = "sh -c 'echo serving as $$(id -un) in $$(pwd) with $$MODE > /tmp/said; sleep 1; touch /tmp/up; exec sleep 600'"
READY = "#!/bin/bash\ncat /tmp/said > /app/out.txt; test -e /tmp/up && echo up >> /app/out.txt\n"
WANTS = (
    "#!/bin/bash\n"
    'if [ "$(cat /app/out.txt)" = "$(printf "serving as nobody in /app/sub with dev\\nup")" ]; then echo 1; '
    "else cat /app/out.txt; echo 0; fi > /logs/verifier/reward.txt\n"
)
DOCKERFILE = "FROM debian:bookworm-slim\nWORKDIR /app/sub\nRUN chmod 777 /app /app/sub\n"
COMPOSE = f"""services:
  main:
    command: {SERVE}
    user: nobody
    environment: {{MODE: dev}}
    healthcheck: {{test: [CMD, test, -e, /tmp/up], interval: 1s, retries: 20}}
"""


def test_a_harbor_tasks_compose_file_starts_its_service_and_waits_until_it_is_healthy(
    engine_name: str, tmp_path: Path
) -> None:
    changes = {
        "environment/Dockerfile": DOCKERFILE,
        "environment/docker-compose.yaml": COMPOSE,
        "solution/solve.sh": READY,
        "tests/test.sh": WANTS,
    }
    code, document = check(
        engine_name, str(write(tmp_path / "t", {**HARBOR_OFFLINE, **changes})), "--repeat", "1", "--network", "off"
    )
    assert (code, document["tasks"][0]["findings"]) == (0, [])


@pytest.mark.parametrize("healthy", [True, False])
def test_the_images_healthcheck_gates_the_start(engine_name: str, tmp_path: Path, healthy: bool) -> None:
    dockerfile = (
        "FROM debian:bookworm-slim\nWORKDIR /app\n"
        'ENTRYPOINT ["sh", "-c", "(sleep 1; touch /up) & exec \\"$@\\"", "x"]\n'
        f"HEALTHCHECK --interval=2s --retries=3 CMD test -e {'/up' if healthy else '/never'}\n"
    )
    solve = "#!/bin/bash\ntest -e /up && echo ok > /app/out.txt\n"
    files = {**HARBOR_OFFLINE, "environment/Dockerfile": dockerfile, "solution/solve.sh": solve}
    code, document = check(engine_name, str(write(tmp_path / "t", files)), "--repeat", "1", "--network", "off")
    told = findings(document["tasks"][0])
    assert (code, list(told)) == ((0, []) if healthy else (3, ["environment-not-ready"]))


def test_a_terminal_bench_service_runs_its_command_and_a_healthcheck_gates_nothing(
    engine_name: str, tmp_path: Path
) -> None:
    compose = (
        "services:\n  client:\n    build: .\n    entrypoint: [/enter, first]\n    command: [second]\n"
        "    healthcheck: {test: exit 1, interval: 1s, retries: 1}\n"
    )
    enter = '#!/bin/sh\necho "$@" > /tmp/words\nexec sleep 600\n'
    files = {
        **TERMINAL_BENCH,
        "Dockerfile": "FROM debian:bookworm-slim\nWORKDIR /app\nCOPY --chmod=755 enter /enter\n",
        "docker-compose.yaml": compose,
        "enter": enter,
        "solution.sh": '#!/bin/bash\nsleep 0.5; [ "$(cat /tmp/words)" = "first second" ] && echo ok > /app/out.txt\n',
    }
    code, document = check(engine_name, str(write(tmp_path / "t", files)), "--repeat", "1", "--network", "off")
    assert (code, document["tasks"][0]["findings"]) == (0, [])


def test_a_container_that_ends_at_once_is_told_and_is_no_reward(engine_name: str, tmp_path: Path) -> None:
    compose = "services:\n  main:\n    command: sh -c 'echo no licence >&2; exit 4'\n"
    files = {
        **HARBOR_OFFLINE,
        "environment/docker-compose.yaml": compose,
        "solution/solve.sh": "#!/bin/bash\nsleep 1\n",
    }
    code, document = check(engine_name, str(write(tmp_path / "t", files)), "--repeat", "1", "--network", "off")
    assert code == 3
    assert "no licence" in str(document["tasks"][0]["findings"])
