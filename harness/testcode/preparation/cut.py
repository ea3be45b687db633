"""Cuts a tests' script in two: the preparation, which ends before the first statement that may depend on the solution,
and the rest. Of the preparation only the statements that install are ever left out; all others are done again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from posixpath import basename
from typing import NamedTuple

from tree_sitter import Node

from harness.testcode.preparation.commands import KNOWN, Act, act_of, asks
from mutator.shell.syntax import ShellTree, read_shell

DONE = "/dev/shm/.foolsgold-prepared"  # noqa: S108 - in the box, where nobody else is
"""Made in the box when a recorded preparation has come to its end."""

_SHELL = re.compile(r"#! ?/(?:usr/)?bin/(?:env )?(?:ba|da)?sh(?: -[euxo]+(?: pipefail)?)?\s*\n")
_TESTS = re.compile(r"(?:/tests|\$TEST_DIR|\$\{TEST_DIR\})/([\w.-]+(?:/[\w.-]+)*)")
_ENVIRONMENTS = re.compile(
    r"(?:(?:\$HOME|\$\{HOME\}|~|/root)/\.(?:local/bin|cargo)/env|[\w./${}~-]*bin/activate|/etc/os-release)"
)
_OWN_PATH = re.compile(r"\$(?:0|\{?BASH_SOURCE(?:\[0\])?\}?)(?![\w])")
_ONLY_ITS_FOLDER = re.compile(r"(?:dirname|readlink -f|realpath)\s+(?:--\s+)?[\"']?\$(?:0|\{?BASH_SOURCE(?:\[0\])?\}?)")
_RUNS_UV = re.compile(r"(?m)(?:^|[\s;&|(\"'/])(?:uvx|uv (?:run|tool run))\s")
_COMPOUND = frozenset(
    "list redirected_statement if_statement elif_clause else_clause for_statement while_statement do_group subshell "
    "compound_statement negated_command case_statement case_item c_style_for_statement".split()
)
_FUNCTIONS = re.compile(r"(?m)(?:^|[;&|{]|\b(?:then|do|else)\b)\s*(?:function\s+([\w-]+)|([\w-]+)\s*\(\s*\))")
_GIVEN = frozenset({"HOME", "TEST_DIR", "PATH"})
"""Variables that the format's runner and the image set."""
_STEERING = re.compile(
    r"(?:PIP|UV|NPM|npm|CARGO|RUSTUP|APT|CONDA|XDG|LD|GIT|CURL|SSL)_|GO[A-Z]+$|PYTHON|VIRTUAL_ENV|HOME$|TMPDIR"
)
_PLACE_OF_TOOLS = re.compile(r"(?:/usr/|/opt/|/root/\.|/tests(?:/|$)|\$\{?(?:HOME\}?/\.|TEST_DIR)|https?://)")
_DEEPEST = 3


class Span(NamedTuple):
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Preparation:
    """What of a script only installs."""

    script: str
    """Its path below /tests."""
    texts: Mapping[str, str]
    """Path below /tests -> what the script and the files that it reads in say."""
    kept: Mapping[str, tuple[Span, ...]]
    """Of each of them, the statements that only install."""
    checked: Mapping[str, tuple[Span, ...]]
    """The statements that have to end with 0 for it all to count."""
    end: tuple[str, int]
    """In which of them, and where, the preparation ends."""
    warms_uv: bool
    """The rest runs tools through uv, which fetches what it lacks."""

    @property
    def statements(self) -> tuple[str, ...]:
        return tuple(self.texts[name][start:end] for name, spans in self.kept.items() for start, end in spans)

    def resumed(self) -> dict[str, str]:
        """The files with nothing in the place of what was kept; every line keeps its number."""
        changed = {}
        for name, spans in self.kept.items():
            text = self.texts[name]
            for start, end in sorted(spans, reverse=True):
                text = text[:start] + ":" + "\n" * text.count("\n", start, end) + text[end:]
            changed[name] = text
        return changed

    def recorded(self) -> dict[str, str]:
        """The files so that they end where the preparation does, and before that where a part of it fails."""
        added: dict[str, list[tuple[int, str]]] = {}
        for name, spans in self.checked.items():
            text = self.texts[name]
            for _, end in spans:
                semicolon = re.match(r"[ \t]*;", text[end:])
                at = end + (semicolon.end() if semicolon else 0)
                added.setdefault(name, []).append((at, "\n[ $? -eq 0 ] || kill -KILL $$\n"))
        added.setdefault(self.end[0], []).append((self.end[1], f"\nprintf done >{DONE}; kill -KILL $$\n"))
        changed = {}
        for name, places in added.items():
            text = self.texts[name]
            for at, more in sorted(places, key=lambda one: one[0], reverse=True):
                text = text[:at] + more + text[at:]
            changed[name] = text
        return changed


def preparation_of(script: str, files: Mapping[str, str]) -> Preparation | None:
    """None where there is nothing to keep. `script`: its path below /tests; `files`: the tests' texts by such paths."""
    text = files.get(script, "")
    if not (_SHELL.match(text) or not text.startswith("#!")) or not text.strip():
        return None
    cutter = _Cutter(files)
    try:
        if cutter.file(script, 0):
            cutter.end = script, len(text)
    except (RecursionError, _Odd):
        return None
    assert cutter.end is not None
    warms = any(_RUNS_UV.search(said[cutter.end[1] if name == cutter.end[0] else 0 :]) for name, said in files.items())
    kept = {name: tuple(spans) for name, spans in cutter.kept.items() if spans}
    if not (kept or warms) or not all(_unread(name, cutter) for name in kept):
        return None
    checked = {name: tuple(spans) for name, spans in cutter.checked.items() if spans}
    return Preparation(script, {name: files[name] for name in cutter.trees}, kept, checked, cutter.end, warms)


def _unread(name: str, cutter: _Cutter) -> bool:
    """Nobody but the shell reads the file, which is not the same while its preparation is kept."""
    for other, tree in cutter.trees.items():
        said = _without_comments(tree)
        if other == name and len(_OWN_PATH.findall(said)) != len(_ONLY_ITS_FOLDER.findall(said)):
            return False
        if len(re.findall(rf"(?<![\w.-]){re.escape(basename(name))}", said)) > (cutter.read_by.get(name) == other):
            return False
    return True


def _without_comments(tree: ShellTree) -> str:
    text = tree.text
    for node in reversed(list(_every(tree.root))):
        if node.type == "comment":
            text = text[: node.start_byte] + text[node.end_byte :]
    return text


def _every(node: Node) -> Iterator[Node]:
    stack = [node]
    found = []
    while stack:
        one = stack.pop()
        found.append(one)
        stack += one.children
    return iter(sorted(found, key=lambda one: one.start_byte))


class _Odd(Exception):
    """The text is none that the grammar and the shell surely read alike."""


@dataclass
class _Cutter:
    files: Mapping[str, str]
    trees: dict[str, ShellTree] = field(default_factory=dict)
    kept: dict[str, list[Span]] = field(default_factory=dict)
    checked: dict[str, list[Span]] = field(default_factory=dict)
    read_by: dict[str, str] = field(default_factory=dict)
    end: tuple[str, int] | None = None

    def file(self, name: str, depth: int) -> bool:
        """True where the preparation goes on behind it; else `end` says where it ends."""
        text = self.files[name]
        if "\r" in text or "\0" in text or name in self.trees:
            raise _Odd
        if KNOWN & {one or other for one, other in _FUNCTIONS.findall(text)}:
            raise _Odd
        tree = read_shell(text)
        self.trees[name] = tree
        self.kept[name], self.checked[name] = [], []
        children = [child for child in tree.root.children if child.type not in ("comment", ";", "\n")]
        for child, following in zip(children, [*children[1:], None], strict=False):
            if child.type == "&" or (following is not None and following.type == "&"):
                self.end = name, child.start_byte
                return False
            if not self._statement(name, tree, child, depth):
                self.end = self.end or (name, child.start_byte)
                return False
        return True

    def _statement(self, name: str, tree: ShellTree, node: Node, depth: int) -> bool:
        if any(node.start_byte <= at < node.end_byte for at in tree.by_operator) or tree.misread(*_span(node)):
            return False
        if any(_steers_installers(one, tree) for one in _every(node) if one.type == "variable_assignment"):
            return False
        other = self._other(tree, node)
        if other is not None:
            return self._reads(name, other[0], other[1], node, depth)
        members = _conjunction(node)
        acts = [_acts(member, tree) for member in members]
        if all(one <= {Act.NEUTRAL, Act.AGAIN} for one in acts):
            return True
        if all(_whole(one) for one in acts):
            self.kept[name] += [_span(member) for member, one in zip(members, acts, strict=True) if Act.INSTALL in one]
            self.checked[name].append(_span(node))
            return True
        acts = [set().union(*acts)]
        if _whole(acts[0]) and Act.INSTALL in acts[0]:
            self.kept[name].append(_span(node))
            self.checked[name].append(_span(node))
            return True
        return False

    def _other(self, tree: ShellTree, node: Node) -> tuple[str, bool] | None:
        """The file of the tests' own that a statement reads in (True) or runs as a script of its own (False)."""
        if node.type != "command":
            return None
        words = _words(node, tree)
        if len(words) != 2 or words[0] not in ("source", ".", "bash", "sh"):
            return None
        found = _TESTS.fullmatch(words[1])
        path = found[1] if found else ""
        return (path, words[0] in ("source", ".")) if path in self.files else None

    def _reads(self, name: str, other: str, same_shell: bool, node: Node, depth: int) -> bool:
        if depth >= _DEEPEST or other in self.trees:
            return False
        self.read_by[other] = name
        if self.file(other, depth + 1):
            self.checked[name].append(_span(node))
            return True
        if same_shell and self.kept[other]:
            return False
        # What another shell does by halves cannot be cut: the preparation ends before it.
        del self.kept[other], self.checked[other], self.trees[other]
        self.end = None
        return False


def _whole(acts: set[Act]) -> bool:
    """Left out or done again as one: it does not both install and change the shell."""
    return Act.STOP not in acts and not {Act.INSTALL, Act.AGAIN} <= acts


def _conjunction(node: Node) -> list[Node]:
    """The members of `a && b && c`; else the node itself."""
    if node.type != "list":
        return [node]
    left, operator, *right = [child for child in node.children if child.type != "comment"]
    return (
        [*_conjunction(left), *right]
        if operator.type == "&&" and (left.type != "list" or len(_conjunction(left)) > 1)
        else [node]
    )


def _acts(
    node: Node, tree: ShellTree, *, whole: Node | None = None, fed: bool = False, feeds: bool = False
) -> set[Act]:
    whole = whole or node
    kind = node.type
    if not node.is_named:
        return {Act.STOP} if kind in ("&", "coproc") else set()
    if kind == "comment":
        return set()
    if kind == "command":
        return _command(node, tree, fed, feeds)
    if kind == "pipeline":
        return _pipeline(node, tree, whole)
    if kind in ("declaration_command", "unset_command", "function_definition"):
        return {Act.AGAIN, *(() if kind == "function_definition" else _inside(node, tree))}
    if kind in ("variable_assignment", "variable_assignments"):
        return _inside(node, tree) | (set() if _nobody_else_names(node, tree, whole) else {Act.AGAIN})
    if kind == "test_command":
        return {asks(_text(node, tree)), *_inside(node, tree)}
    if kind == "file_redirect":
        return _redirect(node, tree)
    if kind in _COMPOUND:
        more = set() if kind != "for_statement" or _nobody_else_names(node, tree, whole) else {Act.AGAIN}
        return more.union(*(_acts(child, tree, whole=whole, fed=fed, feeds=feeds) for child in node.children))
    if "heredoc" in kind or "herestring" in kind or kind in ("ERROR", "process_substitution"):
        return {Act.STOP}
    return _inside(node, tree)


def _command(node: Node, tree: ShellTree, fed: bool, feeds: bool) -> set[Act]:
    words = _words(node, tree)
    redirects = set().union(*(_redirect(child, tree) for child in node.children if child.type == "file_redirect"))
    if words and words[0] in ("source", "."):
        act = Act.AGAIN if len(words) == 2 and _ENVIRONMENTS.fullmatch(words[1]) else Act.STOP
    else:
        act = act_of(words, fed=fed, feeds=feeds)
    if any("heredoc" in child.type or "herestring" in child.type for child in node.children):
        act = Act.STOP
    inside = _inside(node, tree)
    if act is Act.INSTALL and (inside - {Act.NEUTRAL} or not _named(_text(node, tree)) <= _settled(tree)):
        act = Act.STOP
    return {act} | inside | redirects


def _steers_installers(node: Node, tree: ShellTree) -> bool:
    """A setting of an installer is made of something else than a text or a tool's place."""
    name, _, value = _text(node, tree).partition("=")
    if not _STEERING.match(name):
        return False
    value = value.strip("\"'")
    return "`" in value or "$(" in value or not (_PLACE_OF_TOOLS.match(value) or "/" not in value)


def _named(text: str) -> set[str]:
    """Variables that a text names; `$1`, `$@` and the like among them."""
    return set(re.findall(r"\$\{?[!#]?(\w+|[@*?#!$-])", re.sub(r"'[^'\"]*'", "", text)))


def _settled(tree: ShellTree) -> set[str]:
    """Variables that have one value, whatever the solution left: each time the script sets them it is to a text."""
    values: dict[str, list[str]] = {}
    for node in _every(tree.root):
        if node.type == "variable_assignment":
            name, _, value = _text(node, tree).partition("=")
            values.setdefault(name, []).append(value)
        elif node.type == "for_statement":
            values.setdefault(_text(node.children[1], tree), []).append("$@")
    settled = {*_GIVEN}
    for _ in values:
        settled |= {
            name
            for name, texts in values.items()
            if name not in _GIVEN
            and all("`" not in text and "$(" not in text and _named(text) <= settled for text in texts)
        }
    return settled - {name for name in _GIVEN if name in values and name != "PATH"}


def _pipeline(node: Node, tree: ShellTree, whole: Node) -> set[Act]:
    stages = [child for child in node.children if child.is_named and child.type != "comment"]
    acts: set[Act] = set()
    fed = False
    for number, stage in enumerate(stages):
        here = _acts(stage, tree, whole=whole, fed=fed, feeds=number < len(stages) - 1)
        fed = Act.INSTALL in here
        acts |= here
    return acts


def _inside(node: Node, tree: ShellTree) -> set[Act]:
    """What the commands within words do, such as `$(dirname "$0")`."""
    acts: set[Act] = set()
    stack = [*node.children]
    while stack:
        one = stack.pop()
        if one.type == "command_substitution":
            here = set().union(*(_acts(child, tree) for child in one.children))
            acts |= {Act.STOP} if Act.INSTALL in here else here
        elif one.type == "process_substitution":
            acts.add(Act.STOP)
        elif one.type != "file_redirect":
            stack += one.children
    return acts


def _redirect(node: Node, tree: ShellTree) -> set[Act]:
    text = _text(node, tree)
    target = text.lstrip("0123456789&<>| \t").strip("\"'")
    if "<" in text:
        return {Act.STOP} if "<<" in text else {Act.AGAIN}
    if target in ("/dev/null", "1", "2", "") or re.search(r">&\s*[12-]$", text):
        return set()
    if re.match(r"/logs/|/dev/std(?:out|err)$", target):
        return {Act.AGAIN}
    return {Act.AGAIN} if ">>" not in text and target.startswith("/etc/apt/") else {Act.STOP}


def _nobody_else_names(node: Node, tree: ShellTree, whole: Node) -> bool:
    """The variables that it sets are named nowhere but in the statement that it is in."""
    if node == whole and node.type != "for_statement":
        return False
    names = [_text(one, tree) for one in _every(node) if one.type == "variable_name"]
    outside = tree.text[: whole.start_byte] + tree.text[whole.end_byte :]
    return not any(re.search(rf"\b{re.escape(name)}\b", outside) for name in names)


def _words(node: Node, tree: ShellTree) -> list[str]:
    named = [
        child for child in node.children if child.is_named and child.type not in ("variable_assignment", "comment")
    ]
    return [_unquoted(_text(child, tree)) for child in named if "redirect" not in child.type]


def _unquoted(text: str) -> str:
    return (
        text[1:-1]
        if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
        else text.replace('"', "").replace("'", "")
    )


def _text(node: Node, tree: ShellTree) -> str:
    return tree.text[node.start_byte : node.end_byte]


def _span(node: Node) -> Span:
    return Span(node.start_byte, node.end_byte)
