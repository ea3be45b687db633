"""New tests for a shell script of tests: functions at its end, of which one that fails takes the reward away. Pure."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterable, Sequence

from harness.harden.model import FOLDER, BoxCase, Pin, Written
from harness.harden.writing import QUOTE, Style, name_of

_LAST = """\
for check in {names}; do
    if "$check"; then
        echo "PASS: $check"
    else
        echo "FAIL: $check"
        echo 0 > /logs/verifier/reward.txt
    fi
done
"""


def write_shell_test(
    case: BoxCase, pins: Sequence[Pin], catches: Sequence[str], requirement: str, style: Style, taken: Iterable[str]
) -> Written:
    name = name_of(requirement, pins[0].says, {*style.names, *taken}).removeprefix("test_")
    said = " ".join(requirement.split())
    quote = [f"# {line}" for line in textwrap.wrap(f'"{said}"' if said else "", QUOTE)]
    body = [*(_start(case) if case.kind == "run" else []), " &&\n    ".join(dict.fromkeys(pin.sh for pin in pins))]
    # A subshell, so that nothing of it is left for what comes after.
    code = "\n".join([*quote, f"{name}() (", *(f"    {line}" for line in body), ")"]) + "\n"
    return Written(name, requirement, case, tuple(pins), code, (), tuple(sorted(catches)))


def _start(case: BoxCase) -> list[str]:
    body = case.body
    lines = []
    if body["files"] or FOLDER in " ".join([*body["argv"], body["cwd"]]):
        lines.append("folder=$(mktemp -d)")
        lines += [f"mkdir -p {_word(f'{FOLDER}/{each}')}" for each in _folders(body["files"])]
        for file in body["files"]:
            place = _word(f"{FOLDER}/{file['path']}")
            lines.append(f"printf %s {shlex.quote(file['text'])} > {place}")
            if file["age"]:
                lines.append(f'touch -d "@$(($(date +%s) - {file["age"]}))" {place}')
    start = " ".join(_word(word) for word in body["argv"])
    start += " 2> /dev/null < /dev/null" if not body["stdin"] else " 2> /dev/null"
    if body["stdin"]:
        start = f"printf %s {shlex.quote(body['stdin'])} | {start}"
    if body["cwd"]:
        start = f"cd {_word(body['cwd'])} && {start}"
    return [*lines, f"out=$({start})", "status=$?"]


def _folders(files: Sequence[dict[str, str]]) -> list[str]:
    return sorted({file["path"].rpartition("/")[0] for file in files} - {""})


def _word(word: str) -> str:
    """{folder} is the variable, all else is quoted as far as it has to be."""
    return '"$folder"'.join(shlex.quote(part) if part else "" for part in word.split(FOLDER)) or "''"


def with_shell_tests(text: str, tests: Sequence[Written]) -> str:
    """The script with the tests at its end, before a last `exit`."""
    names = " ".join(test.name for test in tests)
    new = "\n" + "\n".join(test.code for test in tests) + "\n" + _LAST.format(names=names)
    end = re.search(r"^exit\b[^\n]*\n*\Z", text, re.MULTILINE)
    if end is None:
        return text.rstrip("\n") + "\n" + new
    return text[: end.start()].rstrip("\n") + "\n" + new + "\n" + text[end.start() :]
