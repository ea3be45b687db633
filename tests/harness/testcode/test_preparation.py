"""Where a tests' script ends to prepare, and what of that is left out when it goes on from what was kept."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.testcode.preparation.commands import Act, act_of
from harness.testcode.preparation.cut import DONE, Preparation, preparation_of

INSTALLER = "https://tools.example.org/install.sh"


def cut(text: str, **files: str) -> Preparation | None:
    others = {f"{name}.sh": said for name, said in files.items()}
    return preparation_of("test.sh", {"test.sh": text, **others})


def kept(text: str, **files: str) -> list[str]:
    found = cut(text, **files)
    return list(found.statements) if found is not None else []


@pytest.mark.parametrize(
    ("line", "act"),
    [
        ("apt-get update", Act.INSTALL),
        ("sudo -E apt-get install -y curl git", Act.INSTALL),
        ("apt-get install -y ./here.deb", Act.STOP),
        ("apk add --no-cache curl", Act.INSTALL),
        ("pip install pytest==8.4.1", Act.INSTALL),
        ("python3 -m pip install -q pytest", Act.INSTALL),
        ("pip install -r /tests/requirements.txt", Act.INSTALL),
        ("pip install -r requirements.txt", Act.STOP),
        ("pip install -e .", Act.STOP),
        ("pip install ./wheel.whl", Act.STOP),
        ("pip install /app", Act.STOP),
        (".venv/bin/pip install pytest", Act.STOP),
        ("/opt/venv/bin/pip install pytest", Act.INSTALL),
        ("uv pip install --system pytest", Act.INSTALL),
        ("uv add pytest==8.4.1", Act.INSTALL),
        ("uv sync", Act.STOP),
        ("uv run pytest", Act.STOP),
        ("uvx pytest", Act.STOP),
        ("npm install -g jest", Act.INSTALL),
        ("npm install", Act.STOP),
        ("npm ci", Act.STOP),
        ("go install example.org/tool@v1.2.3", Act.INSTALL),
        ("go install ./...", Act.STOP),
        ("go build", Act.STOP),
        ("cargo install nextest", Act.INSTALL),
        ("cargo install --path .", Act.STOP),
        ("cargo build", Act.STOP),
        ("gem install rspec", Act.INSTALL),
        (f"curl -LsSf {INSTALLER} -o /tmp/install.sh", Act.INSTALL),
        ("curl http://localhost:8080/ -o /tmp/page", Act.STOP),
        ("curl http://127.0.0.1/ -o /tmp/page", Act.STOP),
        ("curl http://web:8080/ -o /tmp/page", Act.STOP),
        ("rm -rf /var/lib/apt/lists/*", Act.INSTALL),
        ("rm -rf /app/build", Act.AGAIN),
        ("rm -rf /tmp/data", Act.AGAIN),  # of the solution's making, perhaps
        ("rm /app/build", Act.STOP),
        ("chmod 777 /tmp/data", Act.STOP),
        ("curl https://tools.example.org/data.json -o /tmp/data.json", Act.STOP),
        ("cp /tests/tool /usr/local/bin/tool", Act.INSTALL),
        ("cp /app/out.txt /tmp/out.txt", Act.STOP),
        ("make", Act.STOP),
        ("./build.sh", Act.STOP),
        ("python3 /app/serve.py", Act.STOP),
        ("python3 -c 'import pytest'", Act.STOP),
        ("pytest --version", Act.NEUTRAL),
        ("cat /app/out.txt", Act.AGAIN),
        ("mkdir -p /logs/verifier", Act.AGAIN),
        ("cp /tests/data /tmp/data", Act.STOP),
        ("mkdir /app/new", Act.STOP),
        ("apt-get install -y tool-$RANDOM", Act.STOP),
    ],
)
def test_what_a_command_is(line: str, act: Act) -> None:
    assert act_of(line.split()) is act


USUAL = f"""#!/bin/bash
apt-get update
apt-get install -y curl

curl -LsSf {INSTALLER} | sh

source $HOME/.local/bin/env
uvx --with pytest==8.4.1 pytest /tests/test_outputs.py
if [ $? -eq 0 ]; then echo 1 > /logs/verifier/reward.txt; else echo 0 > /logs/verifier/reward.txt; fi
"""


def test_the_usual_script_is_cut_before_its_tests_and_every_line_keeps_its_number() -> None:
    found = cut(USUAL)
    assert found is not None
    assert found.statements == ("apt-get update", "apt-get install -y curl", f"curl -LsSf {INSTALLER} | sh")
    assert found.warms_uv
    resumed = found.resumed()["test.sh"]
    assert resumed.splitlines()[7:] == USUAL.splitlines()[7:]
    assert [line for line in resumed.splitlines()[:7] if line] == [
        "#!/bin/bash", ":", ":", ":", "source $HOME/.local/bin/env",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("set -e\napt-get update && apt-get install -y a\nmake\n", ["apt-get update", "apt-get install -y a"]),
        ("cd /app && pip install pytest\npytest\n", ["pip install pytest"]),
        ("apt-get update || true\npytest\n", ["apt-get update || true"]),
        ("pip install pytest || { echo no; exit 1; }\npytest\n", ["pip install pytest || { echo no; exit 1; }"]),
        (
            "if ! command -v curl >/dev/null; then\n  apt-get update\n  apt-get install -y curl\nfi\npytest\n",
            ["if ! command -v curl >/dev/null; then\n  apt-get update\n  apt-get install -y curl\nfi"],
        ),
        ("for i in 1 2 3; do apt-get update && break; sleep 1; done\npytest\n",
         ["for i in 1 2 3; do apt-get update && break; sleep 1; done"]),
        ("python3 -c 'import pytest' 2>/dev/null || pip install pytest\npytest\n",
         ["python3 -c 'import pytest' 2>/dev/null || pip install pytest"]),
        ("pip install pytest 2>&1 | tail -1\npytest\n", ["pip install pytest 2>&1 | tail -1"]),
        ("export UV_INSTALL_DIR=/usr/local/bin PIP_QUIET=1\npip install x\npytest\n", ["pip install x"]),
        ("pip install a\nV=$(curl -s https://tools.example.org/v)\npip install b==$V\npytest\n", ["pip install a"]),
        ("V=8.4.1\nexport W=$V\npip install pytest==$W\npytest\n", ["pip install pytest==$W"]),
        ('pip install -r "$TEST_DIR/requirements.txt"\npytest\n', ['pip install -r "$TEST_DIR/requirements.txt"']),
    ],
)  # fmt: skip
def test_what_is_kept(text: str, statements: list[str]) -> None:
    assert kept(text) == statements


@pytest.mark.parametrize(
    "text",
    [
        "ANSWER=$(curl -s https://tools.example.org/latest)\npip install tool==$ANSWER\n",  # what a network says today
        "if curl -sf https://tools.example.org/; then pip install tool; fi\n",
        "make\napt-get update\n",  # it may depend on what the solution left
        "apt-get update &\npytest\n",
        "if [ -f /app/out.txt ]; then pip install pytest; fi\npytest\n",
        "if grep -q x /app/out.txt; then pip install pytest; fi\npytest\n",
        "if ! command -v uv; then pip install uv; export A=1; fi\npytest\n",
        "for i in 1 2; do apt-get update; done\necho $i\n",
        "pip install $(cat /app/packages.txt)\npytest\n",
        "pip install pytest < /app/answers\n",
        "pip install -r /dev/stdin <<EOF\npytest\nEOF\n",
        "apt-get update\r\npytest\r\n",
        "#!/usr/bin/env python3\nprint()\n",
        "pip install pytest\ncp /tests/test.sh /app/\n",  # somebody else reads the script
        "pip install pytest\ntail -5 \"$0\"\n",
        "pip install pytest > /app/log.txt\n",
        "pip() { true; }\npip install pytest\n",
        "V=$(cat /app/version)\npip install pytest==$V\n",
        "V=1\nif [ -f /app/x ]; then V=$(cat /app/x); fi\npip install pytest==$V\n",
        "pip install $1\n",
        "export PIP_CONSTRAINT=/app/constraints.txt\npip install pytest\n",
        "PYTHONPATH=$(cat /app/path) pip install pytest\n",
        "export HOME=/app\npip install pytest\n",
        "pip install $PACKAGES\n",
        "for p in $(ls /app); do pip install $p; done\n",
        "function apt-get { true; }\napt-get update\n",
    ],
)  # fmt: skip
def test_in_doubt_nothing_is_kept(text: str) -> None:
    assert kept(text) == []


def test_files_that_the_script_reads_in_are_cut_too() -> None:
    setup = "apt-get update\nuv init\nuv add pytest\n"
    found = cut("source $TEST_DIR/setup.sh\nbash $TEST_DIR/run.sh\n", setup=setup, run="uv run pytest\n")
    assert found is not None
    assert found.statements == ("apt-get update", "uv init", "uv add pytest")
    assert set(found.resumed()) == {"setup.sh"}
    assert found.end == ("test.sh", len("source $TEST_DIR/setup.sh\n"))


def test_a_preparation_that_ends_within_a_file_that_is_read_in_ends_there() -> None:
    found = cut("source /tests/setup.sh\napt-get clean\n", setup="apt-get update\nmake\n")
    assert found is not None
    assert (found.statements, found.end) == (("apt-get update",), ("setup.sh", len("apt-get update\n")))


def test_what_another_shell_does_by_halves_is_not_cut() -> None:
    assert kept("bash /tests/setup.sh\npytest\n", setup="apt-get update\nmake\n") == []
    assert kept("bash /tests/setup.sh\npytest\n", setup="apt-get update\n") == ["apt-get update"]


def test_both_ways_to_run_it_are_shell_that_runs(tmp_path: Path) -> None:
    """The recorded one ends where the preparation does, or where a part of it fails; the other does the rest."""
    script = "set -eu\ntrap 'echo trapped' EXIT\nA=1\napt-get update; apt-get clean;\nexport B=$A\necho rest $B\nmake\n"
    found = cut(script)
    assert found is not None

    def said(text: str, status: int) -> tuple[str, bool]:
        done = tmp_path / "done"
        done.unlink(missing_ok=True)
        tools = f"apt-get() {{ echo tool $1; return {status}; }}; make() {{ echo made; }}\n"
        ran = subprocess.run(["bash", "-c", tools + text.replace(DONE, str(done))], capture_output=True, text=True)
        return ran.stdout, done.exists()

    assert said(found.recorded()["test.sh"], 0) == ("tool update\ntool clean\nrest 1\n", True)
    assert said(found.recorded()["test.sh"], 1)[1] is False
    assert said(found.resumed()["test.sh"], 0) == ("rest 1\nmade\ntrapped\n", False)
