"""Attacks that replace the answer, or find a copy of it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import PurePosixPath

from harness.probes.forge import payloads
from harness.probes.forge.facts import FORGE, MARK, ForgeFacts
from harness.probes.forge.means import (
    ALIVE,
    OWN_BOX,
    Attack,
    NotTried,
    Plan,
    all_of,
    daemon,
    write_file,
)


def imported_modules(facts: ForgeFacts) -> Iterator[Plan]:
    """What a module of the solution can do to the process of the tests that import it."""
    spoofed, early = "spoofed-comparison", "early-exit"
    imported = set(re.findall(r"(?m)^\s*(?:import|from)\s+(\w+)", facts.everything))
    by_path = "importlib" in facts.everything or "runpy" in facts.everything
    paths = [
        path
        for path, language in facts.targets.items()
        if language == "python"
        and path.endswith(".py")
        and (PurePosixPath(path).stem in imported or (by_path and PurePosixPath(path).name in facts.everything))
    ]
    if not paths:
        yield from (NotTried(one, "the tests import no module that the solution writes") for one in (spoofed, early))
    elif not facts.reaches(paths[0]):
        yield from (NotTried(one, OWN_BOX) for one in (spoofed, early))
    else:
        yield Attack(
            spoofed,
            spoofed,
            f"{', '.join(paths)} returns an object that equals whatever it is compared with",
            "\n".join(write_file(path, payloads.SPOOF) for path in paths),
            all_of(f"grep -q foolsgold {shlex.quote(path)}" for path in paths),
            close="Run the solution in a process of its own and compare what it prints, or check the type first.",
        )
        yield Attack(
            early,
            early,
            f"{', '.join(paths)} ends the process that imports it, with status 0 and before any test",
            "\n".join(write_file(path, payloads.EARLY_EXIT) for path in paths),
            all_of(f"grep -q foolsgold {shlex.quote(path)}" for path in paths),
            close="Pay only where the results say that every test ran, or run the solution in a process of its own.",
        )


def do_nothing_programs(facts: ForgeFacts) -> Iterator[Plan]:
    ident = "exit-zero"
    programs = {
        "python": "#!/usr/bin/env python3\nraise SystemExit(0)\n",
        "shell": "#!/bin/sh\nexit 0\n",
        "javascript": "process.exit(0);\n",
    }
    paths = [path for path in facts.targets if facts.reaches(path)]
    if not any(facts.targets[path] in programs for path in paths):
        yield NotTried(ident, "the reference writes no program" if not facts.targets or paths else OWN_BOX)
        return
    yield Attack(
        ident,
        ident,
        "it writes every file that is asked for: programs only exit with 0, all other files are empty",
        "\n".join(write_file(path, programs.get(facts.targets[path], ""), "755") for path in paths),
        all_of(f"[ -e {shlex.quote(path)} ]" for path in paths),
        all_of(f"[ -e {shlex.quote(path)} ]" for path in paths),
        close="Compare what the program prints or writes, not only how it ends.",
    )


_NOT_DATA = (".py", ".sh", ".js", ".ts", ".toml", ".cfg", ".ini", ".md", "Dockerfile")


def expected_answer(facts: ForgeFacts) -> Iterator[Plan]:
    """Uses a file of the tests whose name is that of a file that the solution must write."""
    ident = "expected-answer"
    wanted = dict.fromkeys((*facts.targets, *re.findall(r"(/[\w./-]+/[\w.-]+\.\w+)", facts.instruction)))
    pairs: list[tuple[str, str]] = []
    for path in facts.texts:
        name = PurePosixPath(path).name
        if name.endswith(_NOT_DATA) or "tests/" not in path:
            continue
        plain = re.sub(r"(?i)[._-]?(expected|golden?|answer|truth|solution|reference|correct)[._-]?", "", name)
        pairs += [(name, to) for to in wanted if PurePosixPath(to).name in (name, plain)]
    if not pairs:
        yield NotTried(ident, "no file of the tests has the name of a file that the solution must write")
    elif facts.separate:
        yield NotTried(ident, OWN_BOX)
    else:
        lines = ["while [ ! -e " + shlex.quote(facts.script) + " ]; do :; done"]
        for name, to in pairs:
            lines.append(
                f"from=$(find /tests -name {shlex.quote(name)} | head -n 1); mkdir -p "
                f"{shlex.quote(str(PurePosixPath(to).parent))}; "
                # Moved into place, so that no reader sees half a file.
                f'[ -z "$from" ] || {{ cp "$from" {shlex.quote(to + ".new")}; '
                f"mv -f {shlex.quote(to + '.new')} {shlex.quote(to)}; : > {MARK}; }}"
            )
        loop = "\n".join([lines[0], "while :; do", *lines[1:], "sleep 0.02", "done"])
        yield Attack(
            ident,
            ident,
            f"a process that it leaves behind copies {', '.join(name for name, _ in pairs)} to the place of "
            "the answer once the tests are there",
            daemon(loop),
            ALIVE,
            close="Keep no complete answer among the tests, or verify in a box of its own.",
        )


_NO_SOLUTION = ("/proc", "/sys", "/usr/lib", "/usr/share", "/solution", "/oracle")
"""Folders that are not searched: no image has a solution there by mistake, or every box has its own."""


def reference_in_image(facts: ForgeFacts) -> Iterator[Plan]:
    """The search happens in the box: without such a file the change is not made."""
    aside = " -o ".join(f"-path {folder}" for folder in (*_NO_SOLUTION, FORGE))
    find = (
        f"find / -xdev \\( {aside} \\) -prune -o -type f "
        "\\( -name solve.sh -o -name solution.sh \\) -print 2> /dev/null"
    )
    yield Attack(
        "reference-in-image",
        "reference-in-image",
        "it looks in the image for a solve.sh or solution.sh and runs that",
        f'{find} | while read -r found; do\n  echo "$found" >> {FORGE}/found; sh "$found" || bash "$found"\ndone',
        f"[ -s {FORGE}/found ]",
        f"[ -s {FORGE}/found ]" if not facts.separate else "",
        unmade="the image holds no file of that name",
        close="Leave the solution out of the image's build context, or name it in .dockerignore.",
    )
