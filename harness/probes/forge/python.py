"""Attacks that change what Python and pytest do when the tests run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from harness.probes.forge import payloads
from harness.probes.forge.facts import FORGE, ForgeFacts
from harness.probes.forge.means import (
    OWN_BOX,
    SEPARATE,
    SHARED,
    Attack,
    NotTried,
    Plan,
    plant,
)


def conftest(facts: ForgeFacts) -> Iterator[Plan]:
    tests, above, around = "conftest-in-tests", "conftest-above", "conftest-around"
    if not facts.pytest:
        yield from (NotTried(name, "the verifier does not use pytest") for name in (tests, above, around))
        return
    yield from _in_tests(facts, tests, "conftest.py", {"conftest.py": payloads.PLUGIN})
    if facts.separate:
        yield NotTried(above, OWN_BOX)
    else:
        yield Attack(
            above,
            "conftest.py above /tests",
            "it leaves a conftest.py in /, above the tests",
            plant("/conftest.py", payloads.PLUGIN),
            "grep -q foolsgold /conftest.py",
            default="some versions of pytest read a conftest.py in every folder above the tests, and by the format's "
            "default the solver could write there",
            close="Set `--confcutdir` to the tests' own folder, or verify in a box of its own.",
            unmade="the solution may not write in /",
        )
    yield from _around(facts, around, "conftest.py", {"conftest.py": payloads.PLUGIN})


def _in_tests(facts: ForgeFacts, ident: str, family: str, files: dict[str, str]) -> Iterator[Plan]:
    (name,) = files
    if facts.separate or facts.several:
        why = OWN_BOX if facts.separate else "between the steps the runner empties /tests"
        yield NotTried(ident, why)
    elif any(path.endswith(f"tests/{name}") for path in facts.texts):
        yield NotTried(ident, f"the task has a tests/{name} of its own, which replaces a planted one")
    else:
        path = f"/tests/{name}"
        yield Attack(
            ident,
            f"{family} in /tests",
            f"it leaves a {name} in /tests, where the tests are put later",
            "\n".join(["mkdir -p /tests", plant(path, files[name])]),
            f"grep -q foolsgold {path}",
            default=f"{facts.format.runner} does not empty /tests before it puts the tests there",
            close="Begin the verifier's script by deleting what is not the task's own in /tests, or verify in a box of "
            "its own.",
        )


def _around(facts: ForgeFacts, ident: str, family: str, files: dict[str, str], default: str = "") -> Iterator[Plan]:
    """Plant a file in the working folder and the folders above it, or in the folders that are carried to the verifier's
    box."""
    (name,) = files
    if facts.separate and not facts.folders:
        yield NotTried(ident, OWN_BOX)
        return
    lines = [plant(f"{FORGE}/{name}", files[name])]
    if facts.separate:
        where = "every folder that is carried to the verifier"
        lines += [f"mkdir -p {shlex.quote(to)}; cp {FORGE}/{name} {shlex.quote(to)}/{name}" for to in facts.folders]
        proof = f"cmp -s {FORGE}/{name} {shlex.quote(facts.folders[0])}/{name}"
    else:
        # A file in / is above every test: for a conftest.py that is a separate attack.
        last = "" if name == "conftest.py" else f"; cp {FORGE}/{name} /{name}"
        where = "the working folder and those above it" + (", but not in /" if name == "conftest.py" else "")
        lines += [
            "at=$(pwd)",
            f'echo "$at" > {FORGE}/at',
            f'while [ "$at" != / ]; do cp {FORGE}/{name} "$at/{name}"; at=$(dirname "$at"); done{last}',
        ]
        proof = f'cmp -s {FORGE}/{name} "$(cat {FORGE}/at)/{name}"'
    yield Attack(
        ident,
        f"{family} in the solver's folders",
        f"it leaves a {name} in {where}",
        "\n".join(lines),
        proof,
        default="" if facts.separate else default,
        unmade="the working folder is /, or the solution may not write there",
        close="Run the tests from a folder that the solution cannot write, with `--rootdir`, `-c /dev/null` and "
        "`--confcutdir` set to it.",
    )


_SETTINGS = (
    "pytest reads its settings from the folders above the tests, or else from the folder where it is started: by the "
    "format's default the solver could write in both"
)


def configs(facts: ForgeFacts) -> Iterator[Plan]:
    for name, text in payloads.configs().items():
        stem = name.replace(".", "-")
        if not facts.pytest:
            yield NotTried(f"{stem}-around", "the verifier does not use pytest")
        elif facts.by_name:
            yield NotTried(
                f"{stem}-around", "the reward needs the names of tests in the output, which a setting cannot produce"
            )
        else:
            if name == "pytest.ini":
                yield from _in_tests(facts, f"{stem}-in-tests", "a pytest setting", {name: text})
            yield from _around(facts, f"{stem}-around", "a pytest setting", {name: text}, _SETTINGS)


def shadowed_module(facts: ForgeFacts) -> Iterator[Plan]:
    ident = "shadowed-pytest"
    if not re.search(r"python[\d.]*\s+(?:-\w+\s+)*-m\s+pytest", facts.shell):
        yield NotTried(ident, "the verifier does not run `python -m pytest`")
        return
    if facts.separate:
        yield NotTried(ident, OWN_BOX)
        return
    module = f'import os\nimport sys\n\nos.execv("/bin/sh", ["sh", "{FORGE}/fake", *sys.argv[1:]])\n'
    yield Attack(
        ident,
        ident,
        "it leaves a pytest.py in the working folder, which `python -m pytest` takes for pytest",
        "\n".join([plant(f"{FORGE}/fake", payloads.fake_runner(facts)), plant("$(pwd)/pytest.py", module), _here()]),
        f'grep -q forge "$(cat {FORGE}/at)/pytest.py"',
        close="Call `pytest`, or `python -P -m pytest`, and from a folder that the solution cannot write.",
    )


def _here() -> str:
    return f"pwd > {FORGE}/at"


def python_start(facts: ForgeFacts) -> Iterator[Plan]:
    python = "python=$(command -v python3 || command -v python) || exit 0\n"
    wheres = {
        "sitecustomize": (
            "a sitecustomize.py in Python's own library",
            "import sysconfig; print(sysconfig.get_path('stdlib') + '/sitecustomize.py')",
        ),
        "usercustomize": (
            "a usercustomize.py in the user's own library",
            "import site; print(site.getusersitepackages() + '/usercustomize.py')",
        ),
        "pth-file": (
            "a .pth file in Python's library of packages",
            "import sysconfig; print(sysconfig.get_path('purelib') + '/forged.pth')",
        ),
    }
    for ident, (what, where) in wheres.items():
        if not facts.python or facts.separate:
            yield NotTried(ident, OWN_BOX if facts.separate else "the verifier does not use Python")
            continue
        put = plant("$path", payloads.python_start(facts))
        if ident == "pth-file":
            put = "\n".join(
                [
                    plant(f"{FORGE}/start.py", payloads.python_start(facts)),
                    plant("$path", f"import sys; exec(open('{FORGE}/start.py').read())"),
                ]
            )
        yield Attack(
            ident,
            ident,
            f"it leaves {what}, which runs whenever Python starts and makes its tests pass",
            "\n".join(
                [
                    plant(f"{FORGE}/pay", payloads.pay(facts)),
                    plant(f"{FORGE}/{payloads.MODULE}.py", payloads.PLUGIN),
                    f'{python}path=$("$python" -c "{where}") || exit 0',
                    'mkdir -p "$(dirname "$path")"',
                    put,
                ]
            ),
            f"{python.replace('exit 0', 'exit 1')}\"$python\" -c 'import sys; sys._foolsgold_forged'",
            default=SHARED,
            unmade="the box has no Python before the verifier runs, or the solution may not write in its library",
            close=SEPARATE,
        )


def plugin(facts: ForgeFacts) -> Iterator[Plan]:
    ident = "plugin-by-entry-point"
    if not facts.pytest or facts.separate:
        yield NotTried(ident, OWN_BOX if facts.separate else "the verifier does not use pytest")
        return
    name = payloads.MODULE
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    look = f'import importlib.metadata as m; assert list(m.distribution("{name}").entry_points)'
    yield Attack(
        ident,
        ident,
        "it installs a pytest plugin by an entry point",
        "\n".join(
            [
                "python=$(command -v python3 || command -v python) || exit 0",
                f'to=$("$python" -c "{where}") || exit 0',
                f'mkdir -p "$to/{name}-1.dist-info"',
                plant(f"$to/{name}.py", payloads.PLUGIN),
                plant(f"$to/{name}-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"),
                plant(f"$to/{name}-1.dist-info/entry_points.txt", f"[pytest11]\n{name} = {name}\n"),
            ]
        ),
        f"$(command -v python3 || command -v python) -c '{look}'",
        default=SHARED,
        unmade="the box has no Python before the verifier runs, or the solution may not write in its library",
        close=SEPARATE,
    )
