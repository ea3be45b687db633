"""The demands of shell tests: files that they read or check, programs that they run, addresses that they request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from harness.testcode.demands import words
from harness.testcode.demands.model import Demand, DemandKind, Reading, Unread
from mutator.shell.commands import read_commands
from mutator.shell.syntax import ShellTree, read_shell

_READS = frozenset(
    "cat grep egrep fgrep zgrep diff cmp test [ [[ wc head tail stat file jq awk sed cut sort md5sum sha256sum"
    " readlink ls find source . xxd od strings tar unzip sqlite3 xmllint yq less tee-check".split()
)
_WRITES = frozenset("mkdir touch rm rmdir tee ln install chmod chown cp mv truncate export cd echo printf set".split())
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")


def read_shell_tests(file: str, text: str) -> Reading | Unread:
    tree = read_shell(text)
    if tree.root.has_error and text.count("\n") < 2 and len(text) > 2_000:
        return Unread(file, "not a shell script")
    lines = text.splitlines()
    variables = _variables(text)
    found: list[Demand] = []
    given: set[str] = set()
    written: set[str] = set()
    functions = frozenset(re.findall(r"(?m)^\s*(?:function\s+)?([\w-]+)\s*\(\)", text))
    try:
        commands = read_commands(tree)
    except RecursionError:
        return Unread(file, "nested too deeply")
    for command in commands:
        said = [_expanded(_unquoted(text[start:end]), variables) for start, end in command.words]
        line = text.count("\n", 0, command.start) + 1
        code = " ".join(lines[line - 1].split())[:160] if line <= len(lines) else ""
        for redirect in command.redirects:
            if redirect.target is not None and ">" in redirect.op:
                written.update(_expanded(_unquoted(text[slice(*redirect.target)]), variables))
        if said and said[0] and said[0][0] in functions:
            continue
        for kind, demanded in _demands(said, written):
            found.append(Demand(kind, demanded, file, line, command.function, code))
        if said and said[0] and said[0][0] in ("echo", "printf"):
            given.update(
                word.lower() for one in said[1:] for each in one for word in re.findall(r"[A-Za-z]+|\d+", each)
            )
    for start, end in _conditions(tree):
        said_there = text[start:end]
        line = text.count("\n", 0, start) + 1
        if not re.search(r"(?:^|\s)!\s", text[max(start - 2, 0) : end]):
            code = " ".join(said_there.split())[:160]
            for word in said_there.split():
                for one in _expanded(_unquoted(word), variables):
                    demanded_path = words.path(one)
                    if demanded_path is not None:
                        found.append(Demand(*demanded_path, file, line, "", code))
    return Reading(tuple(one for one in found if one.text not in written), frozenset(given))


def _conditions(tree: ShellTree) -> Iterator[tuple[int, int]]:
    """`[ ... ]` and `[[ ... ]]`."""
    stack = [tree.root]
    while stack:
        node = stack.pop()
        if node.type == "test_command":
            yield node.start_byte, node.end_byte
        else:
            stack += reversed(node.named_children)


def _demands(said: list[list[str]], written: set[str]) -> list[words.Found]:
    if not said or not said[0]:
        return []
    name = said[0][0].rsplit("/", 1)[-1] if "/" not in said[0][0] or words.path(said[0][0]) is None else said[0][0]
    plain = [one[0] if one else "\0" for one in said]
    if name in ("[", "[[", "test", "!") and "!" in plain:
        return []
    found: list[words.Found | None] = []
    if name in _WRITES:
        last = said[-1] if len(said) > 2 else []
        if name in ("mkdir", "touch", "tee", "rm", "rmdir"):
            written.update(text for one in said[1:] for text in one)
        elif name in ("cp", "mv", "ln", "install"):
            written.update(last)
            found += [words.path(text) for one in said[1:-1] for text in one]
    elif name in ("curl", "wget", "http", "nc"):
        for one in said[1:]:
            for text in one:
                found += list(words.url(text if "://" in text else f"http://{text}"))
        if name == "nc" and len(plain) > 2 and plain[-1].isdigit():
            found.append((DemandKind.PORT, plain[-1]))
    elif name in _READS:
        found += [words.path(text) for one in said[1:] for text in one]
    elif name not in ("pytest", "pip", "pip3", "apt-get", "apt", "uvx", "uv", "return", "exit", "local", "trap"):
        found += list(words.arguments(plain))
    return [one for one in found if one is not None]


def _variables(text: str) -> Mapping[str, list[str]]:
    """Assignments of constants, and loops over them."""
    found: dict[str, list[str]] = {}
    for match in re.finditer(r"(?m)(?:^|[;&(\s])([A-Za-z_]\w*)=(\"[^\"\n]*\"|'[^'\n]*'|[^\s;&|()\"']*)", text):
        found.setdefault(match[1], []).append(_unquoted(match[2]))
    for match in re.finditer(r"(?m)\bfor\s+([A-Za-z_]\w*)\s+in\s+([^;\n]+?)\s*(?:;|\n)", text):
        found.setdefault(match[1], []).extend(_unquoted(word) for word in match[2].split() if "$" not in word)
    return found


def _expanded(text: str, variables: Mapping[str, list[str]], depth: int = 0) -> list[str]:
    """Every text that it may expand to; an unknown variable is a NUL."""
    match = _VARIABLE.search(text)
    if match is None or depth > 4:
        return [re.sub(r"\$[({].*", "\0", text)]
    found: list[str] = []
    for value in variables.get(match[1], ["\0"])[:12] or ["\0"]:
        if f"${match[1]}" in value or f"${{{match[1]}" in value:
            value = "\0"
        found += _expanded(text[: match.start()] + value + text[match.end() :], variables, depth + 1)
    return found[:24]


def _unquoted(text: str) -> str:
    return re.sub(r"[\"']", "", text)
