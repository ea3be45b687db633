"""Tiny tasks about one rule of the reward each: forged, broken and odd rewards, time limits, and where things run.

They need nothing in their image but sh, bash and python3, and both runners get them word for word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

REWARD = "/logs/verifier/reward"
READY = "foolsgold-parity"
"""The image of the tasks that need no other, built once for all of them."""
RECIPE = "FROM debian:bookworm-slim\nWORKDIR /app\n"


@dataclass(frozen=True, slots=True)
class RewardTask:
    """A reference and a verifier, as the lines of their scripts or, with a shebang, as whole files."""

    name: str
    solve: str
    verify: str
    task_toml: str = ""
    """Added to the sections below, or, with `[[steps]]`, after them."""
    agent_timeout: float = 30.0
    verifier_timeout: float = 30.0
    files: Mapping[str, str] = field(default_factory=dict)
    """More files of the task folder, or others in place of the usual ones."""


_OF_LISTS = ("notes.md", "keep.md", "top.txt", "deep/top.txt", "data/keep.md", "other/notes.md", "other/mine")


def _writes(content: str, *, to: str = "txt") -> str:
    """A verifier that pays exactly this, whatever was solved."""
    return f"printf '%s' '{content}' > {REWARD}.{to}"


_PROBE = f"""\
#!/usr/bin/env python3
import json, os, stat, sys

def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode) if os.path.exists(path) else -1

def count(path):
    return len(os.listdir(path)) if os.path.isdir(path) else -1

at_solve = json.load(open("/tmp/at_solve.json")) if os.path.exists("/tmp/at_solve.json") else {{}}
seen = {{
    "frontend": float(os.environ.get("DEBIAN_FRONTEND") == "noninteractive"),
    "solution_env": float(os.environ.get("WHO") == "solver"),
    "verifier_env": float(os.environ.get("WHO") == "judge"),
    "environment_env": float(os.environ.get("WHERE") == "yard"),
    "image_env": float(os.environ.get("FROM_IMAGE") == "kept"),
    "home_is_root": float(os.environ.get("HOME") == "/root"),
    "workdir": float(os.getcwd() == "/yard"),
    "uid": os.getuid(),
    "umask": os.umask(0o022),
    "tty_in": float(os.isatty(0)),
    "input_bytes": len(sys.stdin.buffer.read()),
    "tests": count("/tests"),
    "solution": count("/solution"),
    "oracle": count("/oracle"),
    "logs_agent": count("/logs/agent"),
    "logs_verifier": count("/logs/verifier"),
    "logs_artifacts": count("/logs/artifacts"),
    "mode_agent": mode("/logs/agent"),
    "mode_verifier": mode("/logs/verifier"),
    "mode_artifacts": mode("/logs/artifacts"),
    "mode_solve": mode("/solution/solve.sh") & 0o111,
    "mode_sibling": mode("/solution/sibling.txt"),
    "planted_test": float(os.path.exists("/tests/planted.txt")),
}}
if "solve" in sys.argv[0]:
    os.makedirs("/tests", exist_ok=True)
    open("/tests/planted.txt", "w").close()
    json.dump(seen, open("/tmp/at_solve.json", "w"))
    print("solved")
else:
    log = open("/logs/agent/oracle.txt").read() if os.path.exists("/logs/agent/oracle.txt") else ""
    seen["solve_log"] = float(log == "solved\\n")
    seen.update({{f"{{key}}_at_solve": value for key, value in at_solve.items()}})
    json.dump(seen, open("{REWARD}.json", "w"))
"""

_TWO_STEPS = """
[[steps]]
name = "one"
{one}
[[steps]]
name = "two"
"""


_COLLECT = """
[[verifier.collect]]
command = "{}"
timeout_sec = 2
"""


def with_steps(strategy: str = "mean", one: str = "") -> str:
    return f'multi_step_reward_strategy = "{strategy}"\n' + _TWO_STEPS.format(one=one)


def two_steps(one: tuple[str, str], two: tuple[str, str]) -> dict[str, str]:
    """(solve, verify) of two steps."""
    files = {}
    for name, (solve, verify) in {"one": one, "two": two}.items():
        files[f"steps/{name}/instruction.md"] = f"Step {name}.\n"
        files[f"steps/{name}/solution/solve.sh"] = f"#!/bin/bash\n{solve}\n"
        files[f"steps/{name}/tests/test.sh"] = f"#!/bin/bash\n{verify}\n"
    return files


REWARD_TASKS: tuple[RewardTask, ...] = (
    RewardTask("planted-json-beats-text", f"""echo '{{"reward": 1}}' > {REWARD}.json""", _writes("0")),
    RewardTask(
        "planted-text-survives-an-early-death", f"echo 1 > {REWARD}.txt", f"set -e\nfalse\necho 0 > {REWARD}.txt"
    ),
    RewardTask("written-text-replaces-planted-text", f"echo 1 > {REWARD}.txt", _writes("0")),
    RewardTask("planted-link-out-of-the-folder", f"echo 1 > /tmp/mine; ln -s /tmp/mine {REWARD}.json", _writes("0")),
    RewardTask("missing", "true", "true"),
    RewardTask("empty-text", "true", _writes("")),
    RewardTask("empty-json-beside-good-text", "true", f"{_writes('1')}; : > {REWARD}.json"),
    RewardTask("text-of-blanks", "true", _writes("  ")),
    RewardTask("text-with-blanks-around", "true", _writes("  0.5\n\n")),
    RewardTask("text-nan", "true", _writes("nan")),
    RewardTask("text-word", "true", _writes("true")),
    RewardTask("text-in-python-spelling", "true", _writes("1_0e-1")),
    RewardTask("text-not-utf8", "true", f"printf '1\\377' > {REWARD}.txt"),
    RewardTask("json-true", "true", _writes('{"reward": true}', to="json")),
    RewardTask("json-nan", "true", _writes('{"reward": NaN}', to="json")),
    RewardTask("json-list", "true", _writes("[1]", to="json")),
    RewardTask("json-bare-number", "true", _writes("1", to="json")),
    RewardTask("json-nested", "true", _writes('{"reward": {"a": 1}}', to="json")),
    RewardTask("json-number-as-text", "true", _writes('{"reward": "1"}', to="json")),
    RewardTask("json-without-keys", "true", _writes("{}", to="json")),
    RewardTask("json-several-keys", "true", _writes('{"speed": 2.5, "reward": -1, "size": 0}', to="json")),
    RewardTask("json-with-a-bom", "true", f"printf '\\357\\273\\277{{\"reward\": 1}}' > {REWARD}.json"),
    RewardTask(
        "solve-fails-after-its-work", "echo done > /tmp/done; exit 3", f"cat /tmp/done && echo 1 > {REWARD}.txt"
    ),
    RewardTask("verifier-pays-and-fails", "true", f"echo 1 > {REWARD}.txt; exit 7"),
    RewardTask("verifier-says-0-and-exits-0", "true", f"echo 0 > {REWARD}.txt; exit 0"),
    RewardTask(
        "solve-hangs-after-its-work",
        "echo done > /tmp/done; sleep 600",
        f"if [ -e /tmp/done ]; then echo 1; else echo 0; fi > {REWARD}.txt",
        agent_timeout=3.0,
    ),
    RewardTask(
        "solve-runs-on-while-it-is-verified",
        "echo $$ > /tmp/solving; sleep 600",
        f"if kill -0 $(cat /tmp/solving); then echo 1; else echo 0; fi > {REWARD}.txt",
        agent_timeout=3.0,
    ),
    RewardTask(
        "solve-finishes-while-it-is-verified",
        "sleep 6; echo done > /tmp/done",
        f"for i in $(seq 100); do test -e /tmp/done && break; sleep 0.1; done; cat /tmp/done && echo 1 > {REWARD}.txt",
        agent_timeout=3.0,
    ),
    RewardTask(
        "planted-folder-in-place-of-json",
        f"mkdir {REWARD}.json; echo 1 > {REWARD}.txt",
        f"echo 1 > {REWARD}.txt",
    ),
    RewardTask(
        "a-process-pays-while-it-is-verified",
        # Over what is there, so that nobody reads an empty file.
        f"(while sleep 0.02; do echo 1 1<> {REWARD}.txt; done) > /dev/null 2>&1 &",
        f"echo 0 > {REWARD}.txt; sleep 1",
    ),
    RewardTask("collecting-hangs", "true", _writes("1"), task_toml=_COLLECT.format("sleep 600")),
    RewardTask("collecting-fails", "true", _writes("1"), task_toml=_COLLECT.format("exit 3")),
    RewardTask("verifier-hangs-after-paying", "true", f"echo 1 > {REWARD}.txt; sleep 600", verifier_timeout=3.0),
    RewardTask(
        "where-things-run",
        _PROBE,
        _PROBE,
        task_toml='[environment.env]\nWHERE = "yard"\n[solution.env]\nWHO = "solver"\n[verifier.env]\nWHO = "judge"\n',
        files={
            "environment/Dockerfile": "FROM debian:bookworm-slim\nENV FROM_IMAGE=kept\nWORKDIR /yard\n",
            "solution/sibling.txt": "beside\n",
            "tests/more/data.txt": "deep\n",
        },
    ),
    RewardTask(
        "steps-start-with-empty-logs",
        "",
        "",
        task_toml=with_steps(),
        files=two_steps(
            (f"echo 1 > {REWARD}.txt; echo here > /tmp/first", "true"),
            (f"echo 1 > {REWARD}.txt", f"test -e /tmp/first && echo 0.5 > {REWARD}.txt"),
        ),
    ),
    RewardTask(
        "steps-mean-of-different-keys",
        "",
        "",
        task_toml=with_steps(),
        files=two_steps(
            ("true", _writes('{"a": 1, "b": 1}', to="json")),
            ("true", _writes('{"b": 0.5, "c": 3}', to="json")),
        ),
    ),
    RewardTask(
        "steps-final",
        "",
        "",
        task_toml=with_steps("final"),
        files=two_steps(("true", _writes("1")), ("true", _writes("0.25"))),
    ),
    RewardTask(
        "steps-go-on-after-a-solve-that-hangs",
        "",
        "",
        task_toml=with_steps(),
        files=two_steps(("sleep 600", _writes("0.5")), ("true", _writes("1"))),
        agent_timeout=3.0,
    ),
    RewardTask(
        "carried-modes-and-links",
        "umask 0; mkdir -p /app/out/deep /app/out/shut; cd /app/out; echo x | tee plain own deep/b > all\n"
        "chmod 4755 plain; chmod 600 own; chmod 666 all; chmod 751 deep/b; chmod 700 shut; chmod 777 deep\n"
        "ln -s plain inside; ln -s /app/out/plain absolute; ln -s ../plain deep/up; ln plain hard",
        f"export LC_ALL=C; cd /app/out; find . -printf '%p %y %m %l\\n' | sort | cksum | cut -d' ' -f1 > {REWARD}.txt",
        files={
            "task.toml": 'artifacts = ["/app/out"]\n[verifier]\nenvironment_mode = "separate"\n',
            "tests/Dockerfile": "FROM debian:bookworm-slim\nCOPY . /tests\n",
        },
    ),
    RewardTask(
        "left-out-by-its-own-lists",
        "ls -A /solution /solution/lib > /app/solution",
        f"{{ cat /app/solution; cd /tests; find . -type f; }} | LC_ALL=C sort | cksum | cut -d' ' -f1 > {REWARD}.txt",
        files={
            "tests/.harborignore": "*.md\n!keep.md\ndata/\n/top.txt\n",
            **dict.fromkeys((f"tests/{name}" for name in _OF_LISTS), "x"),
            "tests/other/.harborignore": "!notes.md\nmine\n",
            "solution/.harborignore": "draft*\n!draft-2\nlib/*.o\n",
            **dict.fromkeys((f"solution/{name}" for name in ("draft", "draft-2", "lib/a.o", "lib/a.c")), "x"),
        },
    ),
    RewardTask(
        "steps-end-where-a-verifier-hangs",
        "",
        "",
        task_toml=with_steps(one="[steps.verifier]\ntimeout_sec = 30.0\n") + "[steps.verifier]\ntimeout_sec = 3.0\n",
        files=two_steps(("true", _writes("1")), ("true", f"echo 1 > {REWARD}.txt; sleep 600")),
    ),
    RewardTask(
        "steps-end-below-the-least-reward",
        "",
        "",
        task_toml=with_steps(one="min_reward = 0.5\n"),
        files=two_steps(("true", _writes("0.25")), ("true", _writes("1"))),
    ),
)


def write_task(task: RewardTask, folder: Path) -> None:
    head, _, steps = task.task_toml.partition("[[steps]]")
    strategy = head if steps else ""
    # One with a Dockerfile of its own is built.
    ready = "" if any(name.endswith("Dockerfile") for name in task.files) else f'docker_image = "{READY}"\n'
    toml = (
        f'schema_version = "1.1"\n{strategy}\n[agent]\ntimeout_sec = {task.agent_timeout}\n'
        f"[verifier]\ntimeout_sec = {task.verifier_timeout}\n"
        f"[environment]\n{ready}" + (f"[[steps]]{steps}" if steps else task.task_toml)
    )
    files = {
        "task.toml": toml,
        "instruction.md": f"A task about the reward: {task.name}.\n",
        "environment/Dockerfile": RECIPE,
    }
    if not steps:
        files["solution/solve.sh"] = _script(task.solve)
        files["tests/test.sh"] = _script(task.verify)
    for name, text in {**files, **task.files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _script(lines: str) -> str:
    return lines if lines.startswith("#!") else f"#!/bin/bash\n{lines}\n"
