"""Every means by which a solution that does none of the work may try to be paid, or why it cannot matter for a task."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from harness.probes.forge import payloads
from harness.probes.forge.facts import FORGE, MARK, Facts
from harness.task.model import Format

LOGS = "/logs/verifier"
OWN_BOX = "the verifier has a box of its own, and nothing of it is carried there"


@dataclass(frozen=True, slots=True)
class Means:
    id: str
    family: str
    """What its finding is named by; several means may share it."""
    sentence: str
    """What the solution does instead of the work."""
    script: str
    """The change, as a POSIX shell script."""
    proof: str
    """Shell: whether the change is there before verifying."""
    effect: str = f"[ -e {MARK} ]"
    """Shell: whether the verifier came upon it."""
    default: str = ""
    """Why the format lets it, whatever the task; '' where the task need not."""
    close: str = ""


@dataclass(frozen=True, slots=True)
class NotTried:
    id: str
    why: str


Plan = Means | NotTried


def plan(facts: Facts) -> Iterator[Plan]:
    """Each means once, most telling first."""
    for make in (
        _planted_rewards,
        _reward_daemon,
        _conftest,
        _configs,
        _shadowed_module,
        _spoof,
        _do_nothing_programs,
        _expected_answer,
        _reference_in_image,
        _printed_summary,
        _startup_files,
        _tests_edited,
        _python_start,
        _plugin,
        _tools,
        _shell,
        _runner_killed,
        _preload,
        _full_disk,
    ):
        yield from make(facts)


def plant(path: str, text: str) -> str:
    """A shell command that writes a file, whatever was there."""
    quoted = f'"{path}"' if "$" in path else shlex.quote(path)
    return f"rm -f {quoted}\ncat > {quoted} <<'FORGED_FILE'\n{text.rstrip(chr(10))}\nFORGED_FILE"


def _daemon(body: str) -> str:
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


_ALIVE = f'kill -0 "$(cat {FORGE}/pid)"'

_SHARED = (
    "The verifier runs in the box that the solution had to itself, and the format's default leaves there whatever "
    "it did"
)
_SEPARATE = 'Verify in a box of its own (`environment_mode = "separate"` in Harbor).'


def _planted_rewards(facts: Facts) -> Iterator[Plan]:
    if facts.format is Format.TERMINAL_BENCH:
        for name in ("planted-reward-json", "planted-reward-txt", "planted-ctrf"):
            yield NotTried(name, "the runner reads the reward from the tests' text and from no file")
        return
    if facts.separate or facts.several:
        why = OWN_BOX if facts.separate else "between the steps the runner empties the folder of the rewards"
        for name in ("planted-reward-json", "planted-reward-txt", "planted-ctrf"):
            yield NotTried(name, why)
        return
    left = "Harbor does not empty /logs/verifier before a verifier in the solver's own box"
    yield _planted("reward.json", payloads.reward_json(facts), "planted-reward-json", f"{left}, and reads it first")
    text = payloads.reward_text(facts)
    if text:
        yield _planted("reward.txt", text, "planted-reward-txt", "")
    else:
        yield NotTried("planted-reward-txt", "the reward has several names, and reward.txt holds one number")
    # Reading it back is another thing than having it written.
    if re.search(r"ctrf", re.sub(r"--ctrf[= ]\s*\S+", "", facts.everything)):
        yield _planted("ctrf.json", payloads.ctrf(facts), "planted-ctrf", "")
    else:
        yield NotTried("planted-ctrf", "the verifier reads no test report")


def _planted(name: str, text: str, ident: str, default: str) -> Means:
    path = f"{LOGS}/{name}"
    same = f"cmp -s {path} {FORGE}/{name}"
    return Means(
        ident,
        ident,
        f"it writes a {name} that tells of success before the verifier runs",
        "\n".join([plant(f"{FORGE}/{name}", text), f"cp {FORGE}/{name} {path}"]),
        same,
        same,
        default,
        f"Begin the verifier's script with `rm -rf {LOGS}/reward.* {LOGS}/ctrf.json`, and let it write a reward "
        "however it ends.",
    )


def _reward_daemon(facts: Facts) -> Iterator[Plan]:
    ident = "reward-daemon"
    if facts.format is Format.TERMINAL_BENCH:
        yield NotTried(ident, "the runner reads the reward from the tests' text and from no file")
        return
    if facts.separate:
        yield NotTried(ident, OWN_BOX)
        return
    loop = f"while :; do\n  if [ -e {LOGS}/test-stdout.txt ]; then sh {FORGE}/pay; else sleep 0.02; fi\ndone"
    yield Means(
        ident,
        ident,
        "a process that it leaves behind writes the reward anew, over and over, while and after the verifier runs",
        "\n".join([plant(f"{FORGE}/pay", payloads.pay(facts)), _daemon(loop)]),
        _ALIVE,
        default=f"{_SHARED}, processes too",
        close=_SEPARATE,
    )


def _conftest(facts: Facts) -> Iterator[Plan]:
    tests, around = "conftest-in-tests", "conftest-around"
    if not facts.pytest:
        yield from (NotTried(name, "the verifier does not use pytest") for name in (tests, around))
        return
    yield from _in_tests(facts, tests, "conftest.py", {"conftest.py": payloads.PLUGIN})
    yield from _around(facts, around, "conftest.py", {"conftest.py": payloads.PLUGIN})


def _in_tests(facts: Facts, ident: str, family: str, files: dict[str, str]) -> Iterator[Plan]:
    (name,) = files
    if facts.separate or facts.several:
        why = OWN_BOX if facts.separate else "between the steps the runner empties /tests"
        yield NotTried(ident, why)
    elif any(path.endswith(f"tests/{name}") for path in facts.texts):
        yield NotTried(ident, f"the task has a tests/{name} of its own, which takes the place of a planted one")
    else:
        runner = "Harbor" if facts.format is Format.HARBOR else "terminal-bench"
        path = f"/tests/{name}"
        yield Means(
            ident,
            f"{family} in /tests",
            f"it leaves a {name} in /tests, where the tests are put later",
            "\n".join(["mkdir -p /tests", plant(path, files[name])]),
            f"grep -q foolsgold {path}",
            default=f"{runner} does not empty /tests before it puts the tests there",
            close="Begin the verifier's script by deleting what is not the task's own in /tests, or verify in a box of "
            "its own.",
        )


def _around(facts: Facts, ident: str, family: str, files: dict[str, str], default: str = "") -> Iterator[Plan]:
    """In the working folder and the folders above it, or in the folders that are carried to the verifier's box."""
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
        where = "the working folder and those above it"
        lines += [
            "at=$(pwd)",
            f'echo "$at" > {FORGE}/at',
            f'while :; do cp {FORGE}/{name} "$at/{name}"; [ "$at" != / ] || break; at=$(dirname "$at"); done',
        ]
        proof = f'cmp -s {FORGE}/{name} "$(cat {FORGE}/at)/{name}"'
    yield Means(
        ident,
        f"{family} in the solver's folders",
        f"it leaves a {name} in {where}",
        "\n".join(lines),
        proof,
        default="" if facts.separate else default,
        close="Run the tests from a folder that the solution cannot write, with `--rootdir`, `-c /dev/null` and "
        "`--confcutdir` set to it.",
    )


_SETTINGS = (
    "pytest takes its settings from the folders above the tests, and else from where it is started: by the format's "
    "default the solver could write in both"
)


def _configs(facts: Facts) -> Iterator[Plan]:
    for name, text in payloads.configs().items():
        stem = name.replace(".", "-")
        if not facts.pytest:
            yield NotTried(f"{stem}-around", "the verifier does not use pytest")
        elif facts.by_name:
            yield NotTried(f"{stem}-around", "every test's result is read by name, and a setting makes up none")
        else:
            if name == "pytest.ini":
                yield from _in_tests(facts, f"{stem}-in-tests", "a pytest setting", {name: text})
            yield from _around(facts, f"{stem}-around", "a pytest setting", {name: text}, _SETTINGS)


def _shadowed_module(facts: Facts) -> Iterator[Plan]:
    ident = "shadowed-pytest"
    if not re.search(r"python[\d.]*\s+(?:-\w+\s+)*-m\s+pytest", facts.shell):
        yield NotTried(ident, "the verifier does not run `python -m pytest`")
        return
    if facts.separate:
        yield NotTried(ident, OWN_BOX)
        return
    module = f'import os\nimport sys\n\nos.execv("/bin/sh", ["sh", "{FORGE}/fake", *sys.argv[1:]])\n'
    yield Means(
        ident,
        ident,
        "it leaves a pytest.py in the working folder, which `python -m pytest` takes for pytest",
        "\n".join([plant(f"{FORGE}/fake", payloads.fake_runner(facts)), plant("$(pwd)/pytest.py", module), _here()]),
        f'grep -q forge "$(cat {FORGE}/at)/pytest.py"',
        close="Call `pytest`, or `python -P -m pytest`, and from a folder that the solution cannot write.",
    )


def _here() -> str:
    return f"pwd > {FORGE}/at"


def _spoof(facts: Facts) -> Iterator[Plan]:
    ident = "spoofed-comparison"
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
        yield NotTried(ident, "the tests import no module that the solution writes")
    elif not facts.reaches(paths[0]):
        yield NotTried(ident, OWN_BOX)
    else:
        yield Means(
            ident,
            ident,
            f"{', '.join(paths)} gives back an object that equals whatever it is compared with",
            "\n".join(_write(path, payloads.SPOOF) for path in paths),
            _all(f"grep -q foolsgold {shlex.quote(path)}" for path in paths),
            close="Run the solution in a process of its own and compare what it prints, or check the type first.",
        )


def _do_nothing_programs(facts: Facts) -> Iterator[Plan]:
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
    yield Means(
        ident,
        ident,
        "each file that is wanted is there: programs do nothing but exit with 0, all others are empty",
        "\n".join(_write(path, programs.get(facts.targets[path], ""), "755") for path in paths),
        _all(f"[ -e {shlex.quote(path)} ]" for path in paths),
        _all(f"[ -e {shlex.quote(path)} ]" for path in paths),
        close="Compare what the program prints or writes, not only how it ends.",
    )


def _write(path: str, text: str, mode: str = "644") -> str:
    folder = shlex.quote(str(PurePosixPath(path).parent))
    body = plant(path, text) if text else f": > {shlex.quote(path)}"
    return f"mkdir -p {folder}\n{body}\nchmod {mode} {shlex.quote(path)}"


def _all(tests: Iterator[str]) -> str:
    return " && ".join(tests)


_NOT_DATA = (".py", ".sh", ".js", ".ts", ".toml", ".cfg", ".ini", ".md", "Dockerfile")


def _expected_answer(facts: Facts) -> Iterator[Plan]:
    """A file among the tests that is named like one that the solution must write."""
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
        yield NotTried(ident, "no file among the tests is named like one that is asked for")
    elif facts.separate:
        yield NotTried(ident, OWN_BOX)
    else:
        lines = ["while [ ! -e " + shlex.quote(facts.script) + " ]; do :; done"]
        for name, to in pairs:
            lines.append(
                f"from=$(find /tests -name {shlex.quote(name)} | head -n 1); mkdir -p "
                f"{shlex.quote(str(PurePosixPath(to).parent))}; "
                f'[ -z "$from" ] || {{ cp "$from" {shlex.quote(to)}; : > {MARK}; }}'
            )
        loop = "\n".join([lines[0], "while :; do", *lines[1:], "sleep 0.02", "done"])
        yield Means(
            ident,
            ident,
            f"a process that it leaves behind copies {', '.join(name for name, _ in pairs)} to where the answer "
            "belongs once the tests are there",
            _daemon(loop),
            _ALIVE,
            close="Keep no whole answer among the tests, or verify in a box of its own.",
        )


def _reference_in_image(facts: Facts) -> Iterator[Plan]:
    """Found out in the box: where there is none, the change is not made."""
    find = (
        "find / -xdev \\( -path /proc -o -path /sys -o -path /solution -o -path /oracle -o -path "
        f"{FORGE} \\) -prune -o -type f \\( -name solve.sh -o -name solution.sh \\) -print 2> /dev/null"
    )
    yield Means(
        "reference-in-image",
        "reference-in-image",
        "it looks in the image for a solve.sh or solution.sh and runs that",
        f'{find} | while read -r found; do\n  echo "$found" >> {FORGE}/found; sh "$found" || bash "$found"\ndone',
        f"[ -s {FORGE}/found ]",
        f"[ -s {FORGE}/found ]" if not facts.separate else "",
        close="Leave the solution out of the image's build context, or name it in .dockerignore.",
    )


def _printed_summary(facts: Facts) -> Iterator[Plan]:
    ident = "printed-summary"
    if facts.format is not Format.TERMINAL_BENCH:
        yield NotTried(ident, "the runner does not read the reward from a text")
    elif not facts.same_shell:
        yield NotTried(ident, "the tests run in a terminal of their own, and what the solution prints is not read")
    else:
        yield Means(
            ident,
            ident,
            "it prints the summary of tests that passed",
            payloads.said(payloads.summary(facts)) + f"\n: > {MARK}",
            f"[ -e {MARK} ]",
            close="Leave out `run_tests_in_same_shell`.",
        )


def _startup_files(facts: Facts) -> Iterator[Plan]:
    runner, addopts = "startup-files-runner", "startup-files-pytest-addopts"
    yield NotTried(
        "startup-files-pythonstartup", "PYTHONSTARTUP is for Python at a prompt, and the verifier starts none"
    )
    if not facts.reads_startup_files or facts.separate:
        why = OWN_BOX if facts.separate else "no shell of the verifier reads a startup file"
        yield from (NotTried(name, why) for name in (runner, addopts))
        return
    terminal = facts.format is Format.TERMINAL_BENCH
    default = "terminal-bench runs the tests from a login shell, which reads the solver's startup files"
    close = _SEPARATE if not terminal else "Nothing in the task does; run it by a format with a verifier apart."
    if terminal:
        function = f"bash() {{ sh {FORGE}/pay; }}"
        yield Means(
            runner,
            "startup files",
            "it puts a function called `bash` in .bashrc and .profile, so that the tests' script is never run",
            "\n".join([plant(f"{FORGE}/pay", payloads.pay(facts)), _into_startup_files(function)]),
            f"grep -q forge {_HOME}/.bashrc",
            default=default,
            close=close,
        )
    else:
        yield NotTried(runner, "the runner does not start the verifier from a login shell")
    if not facts.pytest:
        yield NotTried(addopts, "the verifier does not use pytest")
        return
    lines = f"export PYTHONPATH={FORGE} PYTEST_ADDOPTS='-p {payloads.MODULE}'"
    yield Means(
        addopts,
        "startup files",
        "it sets PYTEST_ADDOPTS in /etc/environment, .bashrc, .profile and .bash_profile",
        "\n".join(
            [
                plant(f"{FORGE}/{payloads.MODULE}.py", payloads.PLUGIN),
                _into_startup_files(lines),
                f"printf '%s\\n' PYTHONPATH={FORGE} 'PYTEST_ADDOPTS=-p {payloads.MODULE}' >> /etc/environment",
            ]
        ),
        f"grep -q forge {_HOME}/.bashrc",
        default=default if terminal else "",
        close=close,
    )


_HOME = f'"$(cat {FORGE}/home)"'


def _into_startup_files(line: str) -> str:
    return (
        f'echo "$HOME" > {FORGE}/home\n'
        'for file in .bashrc .profile .bash_profile; do\n  touch "$HOME/$file"\n'
        f'  {{ echo {shlex.quote(line + f" # {FORGE}")}; cat "$HOME/$file"; }} > {FORGE}/startup\n'
        f'  cat {FORGE}/startup > "$HOME/$file"\ndone'
    )


def _tests_edited(facts: Facts) -> Iterator[Plan]:
    names = ("tests-edited", "tests-deleted", "tests-bound")
    if facts.separate:
        yield from (NotTried(name, OWN_BOX) for name in names)
        return
    wait = f"while [ ! -e {facts.script} ]; do :; done"
    trivial = payloads.trivial_tests(facts)
    lines = [f"mkdir -p {FORGE}/tests", plant(f"{FORGE}/pay", payloads.pay(facts))]
    lines += [plant(f"{FORGE}/tests/{name}", text) for name, text in trivial.items()]
    swap = (
        f"cmp -s {FORGE}/pay {facts.script} || {{ cp {FORGE}/pay {facts.script}.new; chmod 755 {facts.script}.new; "
        f"mv -f {facts.script}.new {facts.script}; }}\n"
        f"for file in {FORGE}/tests/*; do\n"
        '  for old in $(find /tests -name "${file##*/}"); do cmp -s "$file" "$old" || cp "$file" "$old"; done\ndone'
    )
    yield Means(
        names[0],
        names[0],
        "a process that it leaves behind puts tests that always pass in the place of the task's own",
        "\n".join([*lines, _daemon(f"{wait}\nwhile :; do\n{swap}\nsleep 0.02\ndone")]),
        _ALIVE,
        default=f"{_SHARED}, processes too",
        close=_SEPARATE,
    )
    delete = f'find /tests -type f ! -path {facts.script} | while read -r file; do rm -f "$file"; : > {MARK}; done'
    yield Means(
        names[1],
        names[1],
        "a process that it leaves behind deletes the tests once they are there",
        _daemon(f"{wait}\nwhile :; do\n{delete}\nsleep 0.02\ndone"),
        _ALIVE,
        close="Let the verifier pay nothing where fewer tests ran than there are.",
    )
    bind = f"{wait}\nmount --bind {FORGE}/tests /tests && : > {MARK}\nwhile :; do sleep 1; done"
    yield Means(
        names[2],
        names[2],
        "a process that it leaves behind binds a folder with other tests over /tests",
        "\n".join(
            [
                *lines,
                f"cp {FORGE}/pay {FORGE}/tests/{PurePosixPath(facts.script).name}; chmod 755 {FORGE}/tests/*",
                f"mkdir -p {FORGE}/bound; mount --bind {FORGE}/tests {FORGE}/bound || exit 0",
                _daemon(bind),
            ]
        ),
        f"[ -e {FORGE}/pid ] && {_ALIVE}",
        default=f"{_SHARED}, and this box lets it mount",
        close=_SEPARATE,
    )


def _python_start(facts: Facts) -> Iterator[Plan]:
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
        yield Means(
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
            default=_SHARED,
            close=_SEPARATE,
        )


def _plugin(facts: Facts) -> Iterator[Plan]:
    ident = "plugin-by-entry-point"
    if not facts.pytest or facts.separate:
        yield NotTried(ident, OWN_BOX if facts.separate else "the verifier does not use pytest")
        return
    name = payloads.MODULE
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    look = f'import importlib.metadata as m; assert list(m.distribution("{name}").entry_points)'
    yield Means(
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
        default=_SHARED,
        close=_SEPARATE,
    )


_FIRST = """first=
IFS=:
for folder in $PATH; do if [ -z "$first" ] && mkdir -p "$folder" && [ -w "$folder" ]; then first=$folder; fi; done
unset IFS"""


def _before(tool: str, text: str) -> str:
    """Stand before a tool on PATH; where it is in the very first folder, in its place."""
    return "\n".join(
        [
            f"real=$(which {tool} 2> /dev/null || command -v {tool})",
            'case "$real" in "$first"/*) mv -f "$real" "$real.real"; real=$real.real ;; /*) ;; *) real= ;; esac',
            f'echo "$real" > {FORGE}/real-{tool}',
            plant(f"$first/{tool}", text),
            f'chmod 755 "$first/{tool}"; echo "$first/{tool}" > {FORGE}/at-{tool}',
        ]
    )


def _in_place(tool: str) -> str:
    """Asked by nothing but the shell itself, for the tool may be one that is asked with."""
    return f'read -r at < {FORGE}/at-{tool} && [ -x "$at" ] && rm -f {MARK}'


def _tools(facts: Facts) -> Iterator[Plan]:
    if facts.separate:
        yield NotTried("path", OWN_BOX)
        return
    if not facts.tools:
        yield NotTried("path", "the verifier's script calls no tool")
    for tool in facts.tools:
        yield Means(
            f"path-{tool}",
            "a tool replaced on PATH",
            f"it puts a `{tool}` before the real one on PATH that always tells of success",
            "\n".join(
                [
                    plant(f"{FORGE}/pay", payloads.pay(facts)),
                    plant(f"{FORGE}/fake", payloads.fake_runner(facts)),
                    plant(f"{FORGE}/installer", payloads.INSTALLER),
                    _FIRST,
                    _before(tool, payloads.wrapper(facts, tool)),
                ]
            ),
            _in_place(tool),
            default=f"{_SHARED}, its tools too",
            close=_SEPARATE,
        )


def _shell(facts: Facts) -> Iterator[Plan]:
    ident = "path-bash"
    if facts.separate:
        yield NotTried(ident, OWN_BOX)
        return
    runner = "Harbor" if facts.format is Format.HARBOR else "terminal-bench"
    yield Means(
        ident,
        "a tool replaced on PATH",
        "it puts a `bash` before the real one on PATH that does not run the verifier's script",
        "\n".join(
            [
                plant(f"{FORGE}/pay", payloads.pay(facts)),
                _FIRST,
                _before("bash", payloads.shell_wrapper(facts.script)),
            ]
        ),
        _in_place("bash"),
        default=f"{runner} starts the verifier by `bash`, whichever comes first on PATH",
        close=_SEPARATE,
    )


def _runner_killed(facts: Facts) -> Iterator[Plan]:
    ident = "runner-killed"
    text = payloads.reward_text(facts)
    if facts.format is Format.TERMINAL_BENCH:
        yield NotTried(ident, "without the tests' text there is no reward")
    elif facts.separate:
        yield NotTried(ident, OWN_BOX)
    elif not text or facts.several:
        yield NotTried(ident, "no planted reward.txt is there to stay")
    else:
        pattern = re.sub(r"/(\w)", r"/[\1]", facts.script)
        find = f"grep -l '{pattern}' /proc/[0-9]*/cmdline 2> /dev/null | cut -d / -f 3"
        loop = f"while :; do\n  for p in $({find}); do kill -9 $p && : > {MARK}; done\n  sleep 0.01\ndone"
        yield Means(
            ident,
            ident,
            "it writes a reward.txt, and a process that it leaves behind kills the verifier before that writes one",
            "\n".join([f"echo {text} > {LOGS}/reward.txt", _daemon(loop)]),
            f"{_ALIVE} && [ -s {LOGS}/reward.txt ]",
            default=f"{_SHARED}, processes and a reward too",
            close=_SEPARATE,
        )


def _preload(facts: Facts) -> Iterator[Plan]:
    ident = "preloaded-library"
    if facts.separate:
        yield NotTried(ident, OWN_BOX)
        return
    if facts.by_name:
        yield NotTried(ident, "every test's result is read by name, and an exit status makes up none")
        return
    yield Means(
        ident,
        ident,
        "it has a library loaded into every program by /etc/ld.so.preload, which makes the tests end with 0",
        "\n".join(
            [
                "cc=$(command -v cc || command -v gcc || command -v clang) || exit 0",
                plant(f"{FORGE}/preload.c", payloads.PRELOAD),
                f'"$cc" -shared -fPIC -o {FORGE}/preload.so {FORGE}/preload.c || exit 0',
                f"echo {FORGE}/preload.so >> /etc/ld.so.preload",
            ]
        ),
        f"[ -s {FORGE}/preload.so ] && grep -q {FORGE} /etc/ld.so.preload",
        default=_SHARED,
        close=_SEPARATE,
    )


def _full_disk(facts: Facts) -> Iterator[Plan]:
    """Only where the box's disk is as small as the task says, which the script looks at first: it must not fill a
    disk that is anybody else's."""
    ident = "full-disk"
    text = payloads.reward_text(facts)
    if facts.format is Format.TERMINAL_BENCH or not text:
        yield NotTried(ident, "no planted reward.txt is there to stay")
    elif facts.separate or facts.several:
        yield NotTried(ident, OWN_BOX if facts.separate else "between the steps the runner empties the folder")
    elif not 0 < facts.disk_mb <= 1024:
        yield NotTried(ident, "the task's boxes have no small disk of their own that could be filled")
    else:
        most = facts.disk_mb * 21 // 20
        size = f"df -Pm {LOGS} | awk 'NR == 2 {{ print $2 }}'"
        yield Means(
            ident,
            ident,
            "it writes a reward.txt and fills the disk, so that no other can be written",
            "\n".join(
                [
                    f'[ "$({size})" -le {most} ] || exit 0',
                    f"echo {text} > {LOGS}/reward.txt; ln {LOGS}/reward.txt {LOGS}/.kept",
                    f": > {FORGE}/filled; cat /dev/zero > {LOGS}/.fill 2> /dev/null",
                ]
            ),
            f"[ -e {FORGE}/filled ] && ! head -c 65536 /dev/zero > {LOGS}/.more",
            f"! head -c 65536 /dev/zero > {LOGS}/.more",
            close="Write the reward to another name and move it into place, or verify in a box of its own.",
        )
