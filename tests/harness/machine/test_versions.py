"""`foolsgold doctor --versions`, and the scripts that complete its commands."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from harness import __version__
from harness.errors import EngineUnavailable
from harness.machine.versions import versions

FOOLSGOLD = [sys.executable, "-c", "from harness.commands.main import main; main()"]


def foolsgold(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FOOLSGOLD, *words], env={**os.environ, **env}, capture_output=True, text=True, check=False, timeout=60
    )


def test_each_engine_says_its_version_or_why_not() -> None:
    def missing() -> str:
        raise EngineUnavailable("No daemon\nanswers.")

    def wrong() -> str:
        raise ValueError("x\x1b")

    said = versions({"a": lambda: "1.2", "b": missing, "c": wrong}).splitlines()
    assert said[0] == f"foolsgold, version {__version__}"
    assert said[2:] == [
        "a: 1.2",
        "b: not usable here. No daemon answers. `foolsgold doctor` says what to do.",
        "c: not usable here: ValueError: x\\x1b",
    ]


def test_an_engine_that_hangs_is_not_waited_for() -> None:
    ever = threading.Event()

    def hangs() -> str:
        ever.wait(60)
        return ""

    said = versions({"a": hangs, "b": hangs, "c": lambda: "1"}, seconds=0.2)
    ever.set()
    assert said.splitlines()[2:] == ["a: no answer within 0.2 s", "b: no answer within 0.2 s", "c: 1"]


def test_a_daemon_that_takes_the_call_and_never_answers_does_not_hold_the_version_up(tmp_path: object) -> None:
    import socket

    path = f"{tmp_path}/docker.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        done = foolsgold("doctor", "--versions", DOCKER_HOST=f"unix://{path}")
    assert done.returncode == 0
    assert done.stdout.startswith(f"foolsgold, version {__version__}\n")
    assert "\ndocker: n" in done.stdout


@pytest.mark.parametrize(
    ("shell", "sign"),
    [("bash", "complete -o nosort -F"), ("zsh", "#compdef foolsgold"), ("fish", "complete --no-files")],
)
def test_a_shell_gets_its_script(shell: str, sign: str) -> None:
    done = foolsgold("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert sign in done.stdout
    assert "_FOOLSGOLD_COMPLETE" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_that_is_here_takes_its_script(shell: str) -> None:
    script = foolsgold("completion", shell).stdout
    try:
        done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        assert shell != "bash"
        return
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "at", "expected"),
    [
        ("foolsgold au", "1", "audit"),
        ("foolsgold audit --de", "2", "--depth"),
        ("foolsgold audit --depth q", "3", "quick"),
        ("foolsgold completion z", "2", "zsh"),
    ],
)
def test_commands_options_and_values_are_completed(words: str, at: str, expected: str) -> None:
    done = foolsgold(_FOOLSGOLD_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=at)
    assert [line.partition(",")[2] for line in done.stdout.split()] == [expected]
    assert done.stderr == ""
