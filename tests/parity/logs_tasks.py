"""Tiny tasks about /logs: mounts of the machine's own folders in Harbor 0.24, folders of the box in 0.26."""

from __future__ import annotations

from tests.parity.reward_tasks import REWARD, RewardTask, two_steps, with_steps

_PAYS = f"echo 1 > {REWARD}.txt"
_TELLS = f"""\
#!/usr/bin/env python3
import json, os

seen = {{}}
for name in ("", "/agent", "/verifier", "/artifacts"):
    path = f"/logs{{name}}"
    found = os.stat(path) if os.path.exists(path) else None
    seen[f"mode{{name}}"] = found.st_mode & 0o7777 if found else -1
    seen[f"owner{{name}}"] = found.st_uid if found else -1
    seen[f"mounted{{name}}"] = float(os.path.ismount(path))
    seen[f"holds{{name}}"] = len(os.listdir(path)) if found else -1
for path in ("/logs/agent/oracle.txt", "/logs/agent/mine"):
    found = os.stat(path) if os.path.exists(path) else None
    seen[f"owner {{path}}"] = found.st_uid if found else -1
    seen[f"mode {{path}}"] = found.st_mode & 0o7777 if found else -1
json.dump(seen, open("{REWARD}.json", "w"))
"""
"""A verifier whose reward is what it finds below /logs."""

LOGS_TASKS: tuple[RewardTask, ...] = (
    RewardTask("logs-removed", "rm -rf /logs", _PAYS),
    RewardTask(
        "logs-moved-away",
        # Where they are mounts they move too, and the reward is lost.
        "grep -q ' /logs/verifier ' /proc/self/mounts || { mv /logs /old; mkdir -p /logs/verifier; }",
        f"{_PAYS}; [ ! -d /old ] || echo 2 > {REWARD}.txt",
    ),
    RewardTask(
        "logs-of-the-verifier-a-link", "mkdir /tmp/v; rm -rf /logs/verifier; ln -s /tmp/v /logs/verifier", _PAYS
    ),
    RewardTask(
        "logs-with-a-link-out-of-them",
        "cd /logs/verifier; mkdir a; ln -s ../b a/up; ln -s /tmp/mine a/far; ln -s ../../../tmp/mine a/out",
        _PAYS,
    ),
    RewardTask(
        "logs-with-links-that-stay", "cd /logs/verifier; mkdir a; ln -s ../b a/up; ln -s /tmp/mine a/far", _PAYS
    ),
    RewardTask("logs-removed-by-the-verifier", "true", f"{_PAYS}; rm -rf /logs"),
    RewardTask(
        "logs-that-the-image-has",
        "echo x > /logs/agent/mine; chmod 600 /logs/agent/mine",
        _TELLS,
        files={
            "environment/Dockerfile": "FROM debian:bookworm-slim\nRUN mkdir -p /logs/verifier /logs/agent && "
            "echo 1 > /logs/verifier/kept && echo 1 > /logs/agent/kept\n",
        },
    ),
    RewardTask("logs-of-the-agent-removed", "rm -rf /logs/agent /logs/artifacts", _TELLS),
    RewardTask(
        "logs-of-the-step-before",
        "",
        "",
        task_toml=with_steps("final"),
        files={
            **two_steps(("touch /logs/agent/mine /logs/artifacts/mine /logs/verifier/mine", _PAYS), ("true", _PAYS)),
            "steps/two/tests/test.sh": _TELLS,
        },
    ),
    RewardTask(
        "logs-carried-by-a-link",
        "mkdir /tmp/a; echo x > /tmp/a/f; rm -rf /logs/artifacts; ln -s /tmp/a /logs/artifacts",
        f"if [ -e /logs/artifacts/f ]; then echo 1; else echo 0; fi > {REWARD}.txt",
        files={
            "task.toml": '[verifier]\nenvironment_mode = "separate"\n',
            "tests/Dockerfile": "FROM debian:bookworm-slim\nCOPY . /tests\n",
        },
    ),
)
