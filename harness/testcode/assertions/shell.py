"""Checks of shell tests that are too lenient, read from syntax trees. Only leads, like those of Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename

from tree_sitter import Node

from harness.testcode.assertions.lead import Lead, LeadKind, TestFunction
from mutator.shell.commands import Command, read_commands
from mutator.shell.syntax import ShellTree, read_shell

_REWARD = re.compile(r"/logs/verifier/reward\.(?:txt|json)|\$\{?REWARD\w*\}?")
_CHECKS = re.compile(
    r"^(?:pytest(?:-3)?|py\.test|uvx|go|cargo|npm|npx|node|jest|mvn|gradle|bats|python3?|diff|cmp|grep|test|\[|\[\[)$"
)
_STATUS_TEST = re.compile(r"(\$\{?\w+\}?)[\"']?\s*(?:==?|-eq)\s*[\"']?(\d{1,3})\b")
_ALTERNATIVES = re.compile(r"\^?\(?(\d{3})(?:\\?\|(\d{3}))+\)?\$?")
_ERREXIT = re.compile(r"^#!.*\s-\w*e|^\s*set\s+-\w*e|^\s*set\s+(?:-\w+\s+)*-o\s+errexit", re.MULTILINE)
"""Makes the script end at the first command that fails, so that later commands are not reached."""
_PLAIN_WORD = re.compile(r"^[\w ,:.-]{1,40}$")

Raw = tuple[LeadKind, int, str]


def read_shell_checks(file: str, text: str) -> list[TestFunction]:
    """The script as one test, and each of its functions as one. Nothing if the text is not a shell script."""
    tree = read_shell(text)
    try:
        commands = read_commands(tree)
    except RecursionError:
        return []
    groups: dict[str, list[tuple[int, Raw]]] = {"": []}
    starts: dict[str, int] = {"": 0}
    for start, function, raw in _leads(tree, commands):
        groups.setdefault(function, []).append((start, raw))
        starts.setdefault(function, start)
    found = []
    bodies = _bodies(tree) if len(groups) > 1 else {}
    for function, raws in groups.items():
        name = function or basename(file)
        leads = dict.fromkeys(
            Lead(kind, file, text.count("\n", 0, at) + 1, name, " ".join(code.split())[:120])
            for _, (kind, at, code) in sorted(raws, key=lambda one: one[0])
        )
        body = text if not function else bodies.get(function, "")
        found.append(TestFunction(file, name, text.count("\n", 0, starts[function]) + 1, body, tuple(leads)))
    return sorted(found, key=lambda one: one.line)


def _bodies(tree: ShellTree) -> dict[str, str]:
    """The text of each function, by its name; the first of a name counts."""
    found: dict[str, str] = {}
    for node in _every(tree.root):
        name = node.child_by_field_name("name") if node.type == "function_definition" else None
        if name is not None:
            found.setdefault(tree.text[name.start_byte : name.end_byte], tree.text[node.start_byte : node.end_byte])
    return found


def _leads(tree: ShellTree, commands: list[Command]) -> Iterator[tuple[int, str, Raw]]:
    text = tree.text
    conditional = [(node.start_byte, node.end_byte) for node in _every(tree.root) if node.type in _CONDITIONAL]
    pipefail = "pipefail" in text
    # Commands after it are only reached if no earlier one failed.
    errexit = re.search(r"(?m)^\s*set\s+(?:-\w*e|-o\s+errexit|[^\n;]*\s-\w*e\w*\b)|^#!.*\s-\w*e\w*\s*$", text)
    rewards: list[tuple[Command, bool]] = []
    for command in commands:
        words = [text[start:end] for start, end in command.words]
        name = words[0].strip("\"'") if words else ""
        whole = text[command.start : command.end]

        def lead(kind: LeadKind, at: Command = command, code: str = whole) -> tuple[int, str, Raw]:
            return at.start, at.function, (kind, at.start, code)

        if any(
            redirect.target is not None and ">" in redirect.op and _REWARD.search(text[slice(*redirect.target)])
            for redirect in command.redirects
        ):
            surely = not any(start <= command.start < end for start, end in conditional) and not command.function
            surely = surely and not (errexit and errexit.start() < command.start)
            rewards.append((command, surely and _pays(words)))
        if name in ("grep", "egrep", "rg") and any(re.match(r"-\w*q|--quiet", word) for word in words):
            pattern = _pattern(words)
            if re.search(r"\w\\?\|\w", pattern):
                mixed = _ALTERNATIVES.fullmatch(pattern)
                yield lead(LeadKind.LENIENT_STATUS if mixed and _mixed(pattern) else LeadKind.EITHER_SUBSTRING)
            elif _PLAIN_WORD.match(pattern) and not any(re.match(r"-\w*[xw]", word) for word in words[1:]):
                yield lead(LeadKind.LOOSE_SUBSTRING)
        if command.stage < len(command.stages) - 1 and _CHECKS.match(basename(name)) and not pipefail:
            last = text[command.stages[-1].start : command.stages[-1].end]
            if re.match(r"(?:tee|cat|tail|head|sed|awk)\b", last):
                yield lead(LeadKind.UNUSED_RESULT, code=f"{whole} | {last}")
        if name == "exit" and words[1:2] == ["0"] and any(start <= command.start < end for start, end in conditional):
            yield lead(LeadKind.SKIPS, code=_around(tree, command.start))
    for node in _every(tree.root):
        source = text[node.start_byte : node.end_byte]
        function = _function_of(tree, node)
        if node.type == "list":
            yield from ((node.start_byte, function, raw) for raw in _of_list(tree, node))
        elif node.type == "test_command" and "=~" in source:
            match = _ALTERNATIVES.search(source)
            if match and _mixed(match[0]):
                yield node.start_byte, function, (LeadKind.LENIENT_STATUS, node.start_byte, source)
    if rewards and all(pays for _, pays in rewards) and not _ERREXIT.search(text):
        command = rewards[-1][0]
        yield command.start, "", (LeadKind.ALWAYS_TRUE, command.start, text[command.start : command.end])
    yield from _existence(tree, commands)


_CONDITIONAL = frozenset(
    {"if_statement", "while_statement", "for_statement", "case_statement", "list", "c_style_for_statement"}
)


def _pays(words: list[str]) -> bool:
    """`echo 1`: the written reward is a constant above 0."""
    source = " ".join(word.strip("\"'") for word in words[1:] if not word.startswith("-"))
    return "$" not in source and re.search(r"[1-9]", source) is not None


def _pattern(words: list[str]) -> str:
    plain = [word for word in words[1:] if not word.startswith("-")]
    for index, word in enumerate(words[:-1]):
        if word in ("-e", "--regexp") or re.fullmatch(r"-\w*e", word):
            return words[index + 1].strip("\"'")
    return plain[0].strip("\"'") if plain else ""


def _of_list(tree: ShellTree, node: Node) -> Iterator[Raw]:
    """`check || true` ignores a failure; `[ $code = 200 ] || [ $code = 503 ]` accepts success and failure."""
    text = tree.text
    source = text[node.start_byte : node.end_byte]
    parts = [child for child in node.children if child.is_named and child.type != "comment"]
    operators = [text[child.start_byte : child.end_byte] for child in node.children if not child.is_named]
    if len(parts) != 2 or "||" not in operators:
        return
    first, second = (text[part.start_byte : part.end_byte].strip() for part in parts)
    if re.fullmatch(r"true|:|exit 0|return 0", second) and _CHECKS.match(first.split(maxsplit=1)[0]):
        yield LeadKind.SWALLOWED, node.start_byte, source
    found = _STATUS_TEST.findall(source)
    if len(found) > 1 and len({name for name, _ in found}) == 1 and _mixed(" ".join(value for _, value in found)):
        yield LeadKind.LENIENT_STATUS, node.start_byte, source


def _mixed(source: str) -> bool:
    numbers = [int(number) for number in re.findall(r"\d{1,3}", source)]
    if all(100 <= number < 600 for number in numbers):
        return any(number < 400 for number in numbers) and any(number >= 400 for number in numbers)
    return len(set(numbers)) > 1 and 0 in numbers


def _existence(tree: ShellTree, commands: list[Command]) -> Iterator[tuple[int, str, Raw]]:
    """Conditions that only check that files exist, if the script has no other check."""
    tests = [node for node in _every(tree.root) if node.type == "test_command"]
    plain = [tree.text[node.start_byte : node.end_byte] for node in tests]
    statuses = [source for source in plain if re.search(r"\$\?|-eq|-ne|=", source)]
    others = [
        command
        for command in commands
        if command.words
        and tree.text[slice(*command.words[0])] not in ("[", "[[", "test")
        and _CHECKS.match(basename(tree.text[slice(*command.words[0])]))
        and not command.captured
    ]
    if plain and not statuses and not others and all(re.match(r"\[\[?\s*-[efdsrx]\s", source) for source in plain):
        yield (
            tests[0].start_byte,
            _function_of(tree, tests[0]),
            (LeadKind.EXISTENCE_ONLY, tests[0].start_byte, plain[0]),
        )


def _function_of(tree: ShellTree, node: Node) -> str:
    up = node.parent
    while up is not None:
        if up.type == "function_definition":
            name = up.child_by_field_name("name")
            return tree.text[name.start_byte : name.end_byte] if name is not None else ""
        up = up.parent
    return ""


def _around(tree: ShellTree, at: int) -> str:
    start = tree.text.rfind("\n", 0, max(tree.text.rfind("\n", 0, at), 0)) + 1
    end = tree.text.find("\n", at)
    return tree.text[start : end if end >= 0 else len(tree.text)].strip()


def _every(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack += reversed(node.named_children)
