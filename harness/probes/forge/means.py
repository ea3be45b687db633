"""The parts of an attack on the reward, and shell code that several attacks use."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from harness.probes.forge.facts import FORGE, MARK

LOGS = "/logs/verifier"


OWN_BOX = "the verifier has a box of its own, and nothing of it is carried there"


SHARED = (
    "The verifier runs in the solution's own box, and the format's default leaves everything there that the solution "
    "did"
)


SEPARATE = 'Verify in a box of its own (`environment_mode = "separate"` in Harbor).'


ALIVE = f'kill -0 "$(cat {FORGE}/pid)"'


@dataclass(frozen=True, slots=True)
class Attack:
    id: str
    family: str
    """The name in its finding; several attacks may share it."""
    sentence: str
    """What the solution does instead of the work."""
    script: str
    """The change, as a POSIX shell script."""
    proof: str
    """Shell: whether the change is there before verifying."""
    effect: str = f"[ -e {MARK} ]"
    """Shell: whether the verifier met it."""
    default: str = ""
    """Why the format leaves every task open to it; '' if it does not."""
    close: str = ""
    versions: str = ""
    """Which versions of the runner do not pay it, in words, where that is known by running them."""
    unmade: str = ""
    """The reason if the change cannot be made; '' if there is no typical one."""
    finding: str = "reward-forgeable"
    """The id of the finding about it, where the task itself is the cause."""
    only_met: bool = False
    """Where the verifier did not meet it, it is something else that is paid."""


@dataclass(frozen=True, slots=True)
class NotTried:
    id: str
    why: str


Plan = Attack | NotTried


def plant(path: str, text: str) -> str:
    """A shell command that writes a file, replacing whatever was there."""
    quoted = f'"{path}"' if "$" in path else shlex.quote(path)
    return f"rm -f {quoted}\ncat > {quoted} <<'FORGED_FILE'\n{text.rstrip(chr(10))}\nFORGED_FILE"


def write_file(path: str, text: str, mode: str = "644") -> str:
    folder = shlex.quote(str(PurePosixPath(path).parent))
    body = plant(path, text) if text else f": > {shlex.quote(path)}"
    return f"mkdir -p {folder}\n{body}\nchmod {mode} {shlex.quote(path)}"


def daemon(body: str) -> str:
    """A process that outlives the solution."""
    return "\n".join(
        [
            plant(f"{FORGE}/daemon", f"echo $$ > {FORGE}/pid\n{body}"),
            "if command -v setsid > /dev/null; then",
            f"  setsid sh {FORGE}/daemon < /dev/null > /dev/null 2>&1 &",
            "else",
            f"  nohup sh {FORGE}/daemon < /dev/null > /dev/null 2>&1 &",
            "fi",
            f"i=0; while [ ! -s {FORGE}/pid ] && [ $i -lt 100 ]; do sleep 0.02; i=$((i + 1)); done",
        ]
    )


def all_of(tests: Iterator[str]) -> str:
    return " && ".join(tests)
