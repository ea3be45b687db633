"""What still runs in a box when a phase has come to its time limit: is it the solution's program, or an installer?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from posixpath import basename

from harness.engine.contract import Box, Command

LONGEST, MOST = 160, 12
"""Characters of a command line, and how many of them are kept."""
_PATIENCE = 60.0

_LIST = r"""for p in /proc/[0-9]*; do
  while read -r key value; do
    case $key in PPid:) parent=$value; break ;; esac
  done <$p/status
  words=$(tr '\0\n' '  ' <$p/cmdline) && [ -n "$words" ] && echo "${p#/proc/} $parent $words"
done 2>/dev/null; true"""

_INSTALLERS = frozenset(
    "apt apt-get apk aptitude bundle cargo composer conda curl dpkg gem git mamba npm npx pip pip3 pnpm uv uvx wget "
    "yarn".split()
)
_SHELLS = frozenset("bash dash sh".split())
_OF_APT = re.compile(r"^/usr/lib/apt/|^/var/lib/dpkg/")
_PIP = re.compile(r"\bpython[\d.]* -m (?:pip|venv|ensurepip)\b")
_FETCHES = re.compile(r"\b(?:go (?:get|mod|install)|dotnet restore|mvn\b.* -B\b)")
_OWN_MACHINE = re.compile(r"\b(?:localhost|127\.0\.0\.1|0\.0\.0\.0)\b|\[::1\]")


def running(box: Box, script: str) -> tuple[str, ...]:
    """The command lines of everything that the script started and that has started nothing itself."""
    done = box.run(Command(("sh", "-c", _LIST), _PATIENCE, user="root"))
    processes: dict[str, tuple[str, str]] = {}
    for line in done.output.decode("utf-8", "replace").splitlines():
        pid, _, rest = line.partition(" ")
        parent, _, words = rest.partition(" ")
        processes[pid] = parent, words.strip()
    return tuple(dict.fromkeys(line[:LONGEST] for line in _ends(processes, script)))[:MOST]


def _ends(processes: Mapping[str, tuple[str, str]], script: str) -> Iterator[str]:
    children: dict[str, list[str]] = {}
    for pid, (parent, _) in processes.items():
        children.setdefault(parent, []).append(pid)
    begun = [pid for pid, (_, words) in processes.items() if script in words]
    inside, left = set(begun), list(begun)
    while left:
        for child in children.get(left.pop(), []):
            if child not in inside:
                inside.add(child)
                left.append(child)
    for pid in processes:
        if pid in inside and not children.get(pid):
            yield processes[pid][1]


def place(lines: Sequence[str]) -> str:
    """The first of them that is no installer and fetches nothing; '' where there is none."""
    return next((line for line in lines if not _installs(line)), "")


def _installs(line: str) -> bool:
    words = line.split()
    if words and basename(words[0]) in _SHELLS and len(words) > 1 and not words[1].startswith("-"):
        words = words[1:]  # the installer's own script, or a package's
    program = basename(words[0]) if words else ""
    # A request to the box itself waits for the solution's own service.
    if program in _INSTALLERS and not _OWN_MACHINE.search(line):
        return True
    return bool(_OF_APT.match(" ".join(words)) or _PIP.search(line) or _FETCHES.search(line))
