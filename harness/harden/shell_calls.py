"""The programs that a shell script of tests starts, read from its text: what it says in plain words. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping

from harness.trial.watching.calls import Call
from mutator.shell.commands import Command, read_commands
from mutator.shell.syntax import read_shell

_CONSTANT = re.compile(
    r"^[ \t]*(?:readonly |export |local )?([A-Za-z_]\w*)=('[^'\n]*'|\"[^\"$`\n]*\"|[\w./:@%+-]+)\s*$", re.MULTILINE
)
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")


def shell_calls(text: str) -> list[Call]:
    """Each once, in the order of the script. What is given to a program on its standard input is not known."""
    try:
        commands = read_commands(read_shell(text))
    except RecursionError:
        return []
    constants = _constants(text)
    found: dict[tuple[str, ...], None] = {}
    for command in commands:
        argv = _argv(command, text, constants)
        if argv and command.stage == 0 and not _is_fed(command, text):
            found.setdefault(argv)
    return [Call("run", shlex.join(argv), "", argv) for argv in found]


def _is_fed(command: Command, text: str) -> bool:
    return any(
        redirect.op.startswith("<") and (redirect.target is None or text[slice(*redirect.target)] != "/dev/null")
        for redirect in command.redirects
    )


def _argv(command: Command, text: str, constants: Mapping[str, str]) -> tuple[str, ...]:
    """Nothing where one of the words is worked out by the shell."""
    words = [_word(text[start:end], constants) for start, end in command.words]
    return tuple(word for word in words if word is not None) if None not in words else ()


def _word(word: str, constants: Mapping[str, str]) -> str | None:
    if word.startswith("'") and word.endswith("'") and word.count("'") == 2:
        return word[1:-1]
    plain = _VARIABLE.sub(lambda found: constants.get(found[1] or found[2], found[0]), word)
    if re.search(r"[$`*?~\\{]", plain):
        return None
    try:
        [read] = shlex.split(plain)
    except ValueError:
        return None
    return read


def _constants(text: str) -> dict[str, str]:
    """Variables that are given one plain value, once."""
    every: dict[str, set[str]] = {}
    for name, value in _CONSTANT.findall(text):
        every.setdefault(name, set()).add(value.strip("'\""))
    assigned = _assigned(text)
    return {name: next(iter(values)) for name, values in every.items() if len(values) == 1 and assigned[name] == 1}


def _assigned(text: str) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for name in re.findall(r"\b([A-Za-z_]\w*)\+?=|\bfor ([A-Za-z_]\w*)\b|\bread (?:-\w+ )*([A-Za-z_]\w*)\b", text):
        for each in filter(None, name):
            found[each] = found.get(each, 0) + 1
    return found


def calls_of_scripts(texts: Mapping[str, str]) -> Iterator[Call]:
    """`texts`: the verifier's by path."""
    for path, text in texts.items():
        if is_shell(path, text):
            yield from shell_calls(text)


def is_shell(path: str, text: str) -> bool:
    return path.endswith(".sh") or re.match(r"#!\s*\S*(?:/|env )(?:ba|da|k)?sh\b", text) is not None


def functions_of(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"(?m)^\s*(?:function\s+)?([A-Za-z_][\w-]*)\s*\(\)", text))


def rewards_of(text: str) -> set[str]:
    """What a script writes as the reward, as far as it is written in plain words."""
    return {found.strip("'\"") for found in _REWARD.findall(text)}


_REWARD = re.compile(r"(?:echo|printf)\s+(?:-n\s+|'%s(?:\\n)?'\s+)?(\S+)\s*>\s*[\"']?/logs/verifier/reward\.txt")
