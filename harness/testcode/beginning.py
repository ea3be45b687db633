"""A solution's first statements: which of them leave only files, so that variants which have them as they are can go on
from there. Pure.

The script that goes on starts at its own beginning, as the tests' script does that need not install again: what only
leaves files is empty in it, what only changes the shell (`cd`, `export`, `set -e`, functions) is done again. What does
both, or may depend on anything else than files, ends the beginning. A loop does both, in one way that is known: its
variable keeps its last value, which is given to the script that goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import NamedTuple

from tree_sitter import Node

from mutator.shell.syntax import ShellTree, read_shell

REACHED = "/dev/shm/.foolsgold-reached"  # noqa: S108 - in the box, where nobody else is
"""In the box, after each statement that ended: its number."""
STATE = "/dev/shm/.foolsgold-shell"  # noqa: S108
"""In the box, with the number behind it: the shell as it then was."""

_BASH = re.compile(r"#! ?(?:/usr)?/bin/(?:env )?bash(?: -[eux]+)?[ \t]*\n")
_UNSTEADY = re.compile(
    r"\$\{?(?:[$!_-]|S?RANDOM|SECONDS|BASHPID|BASH_\w+|EPOCH\w+|LINENO|PIPESTATUS|PPID|FUNCNAME|DIRSTACK)(?!\w)"
)
_ODD = re.compile(
    r"\b(?:lastpipe|expand_aliases|PROMPT_COMMAND|BASH_ENV|PIPESTATUS|BASH_SOURCE|RANDOM|SECONDS)\b|\$\{?0\b|:=|\(\(|\$\["
)
"""Words whose meaning depends on what ran before, or that change what others mean."""
_LOOKS_BACK = re.compile(r"PIPESTATUS|\$\{?_(?!\w)|lastpipe|expand_aliases|BASH_ENV|BASH_SOURCE|\$\{?0(?!\d)")
_SUBSTITUTES = re.compile(r"\$\(|`|[<>]\(")
_SHELL = frozenset("cd pushd popd set shopt umask trap".split())
"""Builtins that change the shell, and nothing else."""
_SET = re.compile(r"set(?:\s+[-+][a-zA-Z]*o\s+\w+|\s+[-+][a-zA-Z]+)+")
_WATCHES = re.compile(r"\b(?:DEBUG|ERR|RETURN)\b")
_SAYS = frozenset("echo printf true false : test [ pwd type break continue".split())
_BUILTINS = frozenset(
    ". source alias bg bind builtin caller command compgen complete compopt coproc declare dirs disown enable eval "
    "exec exit export fc fg getopts hash help history jobs kill let local logout mapfile read readarray readonly "
    "return shift suspend time times typeset ulimit unalias unset wait".split()
)
_NAME = re.compile(r"[\w./+-]+")
_COMPOUND = frozenset(
    "list if_statement elif_clause else_clause for_statement while_statement do_group compound_statement "
    "negated_command case_statement case_item".split()
)


class _Act(Enum):
    FILES = "leaves files and nothing else"
    SHELL = "changes the shell and nothing else"
    SAYS = "prints, or asks"
    STOP = "may do both, or anything"


class Piece(NamedTuple):
    """Left out by whoever goes on behind its statement."""

    start: int
    end: int
    sets: tuple[str, ...] = ()
    """Variables of its loops, which keep a value."""


class Statement(NamedTuple):
    start: int
    end: int
    after: int
    """Where the next line, or the next statement of the same line, begins: bodies of here-documents lie before it."""
    pieces: tuple[Piece, ...]
    """None where it is done again."""

    @property
    def sets(self) -> frozenset[str]:
        return frozenset(name for piece in self.pieces for name in piece.sets)


@dataclass(frozen=True, slots=True)
class Beginning:
    text: str
    statements: tuple[Statement, ...]
    values: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    """How many statements are done by then -> the variables that the last of them sets, and their values, quoted for
    bash; once it has run."""

    def knowing(self, number: int, told: bytes) -> Beginning:
        """With the values that the shell told behind statement `number`."""
        names = self.statements[number - 1].sets
        found = {name: value for name, value in _values(told) if name in names}
        return replace(self, values={**self.values, number: found}) if found else self

    def shared(self, other: str) -> int:
        """How many of the statements another text has as they are, and at the same place."""
        ends = [one.after + (self.text[one.after : one.after + 1] in ("\n", "")) for one in self.statements]
        return sum(other[:end] == self.text[:end] for end in ends)

    def upto(self, most: int) -> Beginning | None:
        """Only the first statements; None where nothing of them can be left out."""
        few = self.statements[:most]
        while few and not few[-1].pieces:
            few = few[:-1]
        return replace(self, statements=few) if few else None

    def going_on(self, text: str, done: int) -> str:
        """The text with what the first `done` statements left taken for granted; every line keeps its number."""
        for number in range(done, 0, -1):
            values = self.values.get(number, {})
            for start, end, sets in reversed(self.statements[number - 1].pieces):
                sets_again = " ".join(f"{name}={values[name]}" for name in sets if name in values)
                text = text[:start] + (sets_again or ":") + "\n" * text.count("\n", start, end) + text[end:]
        return text

    def recorded(self, done: int, last: int, seconds: float) -> str:
        """The text that goes on behind the first `done` statements, and tells after each how far it came and how its
        shell is. It ends behind statement `last`, or when it has taken so long."""
        text = self.text
        limit = int(seconds * 1_000_000)
        for number in range(last, done, -1):
            at = self.statements[number - 1].after
            ends = _END if number == last else _STOP_LATER.format(limit=limit)
            text = text[:at] + _CHECK.format(number=number, tell=_tell(number), ends=ends) + text[at:]
        first = self.statements[done].start
        begins = (
            "_foolsgold_from=${EPOCHREALTIME:-0}\n_foolsgold_ran=(/proc/[0-9]*)\n_foolsgold_ran=${#_foolsgold_ran[@]}\n"
        )
        text = text[:first] + f"{_tell(done)}\n{begins}" + text[first:]
        return self.going_on(text, done)

    def asked(self, done: int) -> str:
        """The text that goes on behind the first `done` statements, and only tells how its shell is."""
        at = self.statements[done - 1].after
        return self.going_on(self.text[:at] + f"\n{_tell(done)}\nkill -KILL $BASHPID\n" + self.text[at:], done)


_CHECK = (
    "\n[ $? -eq 0 ] || kill -KILL $BASHPID\n_foolsgold_now=(/proc/[0-9]*)\n"
    "[ ${{#_foolsgold_now[@]}} -le $_foolsgold_ran ] || kill -KILL $BASHPID\n"
    "{tell}\nprintf {number} >" + REACHED + "\n{ends}\n"
)
_END = f"printf ' whole' >>{REACHED}; kill -KILL $BASHPID"
_STOP_LATER = (
    "unset _foolsgold_now; _foolsgold_now=${{EPOCHREALTIME:-0}}\n"
    "if [ $((10#${{_foolsgold_now/[.,]/}} - 10#${{_foolsgold_from/[.,]/}})) -ge {limit} ]; then " + f"{_END}; fi"
)


# `pwd` says where the folder's name leads by now: a shell that is elsewhere is not the same as any other.
_PARTS = (
    'declare -p; declare -f; set +o; shopt -p; umask; pwd -P; [ . -ef "$PWD" ] || echo $RANDOM$RANDOM; trap -p; alias'
)


def _tell(number: int) -> str:
    return f"{{ {_PARTS}; }} >{STATE}-{number} 2>&1"


_VALUE = re.compile(rb"""^declare -[-ilrtux]+ (\w+)=("(?:[^"\\\n]|\\.)*"|\$'(?:[^'\\\n]|\\.)*')$""", re.MULTILINE)


def _values(told: bytes) -> Iterator[tuple[str, str]]:
    """Variables whose value stands on one line of what `declare -p` told."""
    for name, value in _VALUE.findall(told):
        yield name.decode(), value.decode("utf-8", "surrogateescape")


_OF_THE_MOMENT = re.compile(
    rb"declare -\S+ (?:_|_foolsgold\w*|BASHPID|BASH_(?:LINENO|COMMAND|ARGC|ARGV|ARGV0|SOURCE)|EPOCH\w+|LINENO|"
    rb"PIPESTATUS|PPID|S?RANDOM|SECONDS|FUNCNAME|SHLVL|COLUMNS|LINES|HOSTNAME)(?:=|$)"
)


def shell_state(told: bytes) -> tuple[bytes, ...]:
    """What `declare -p` and the like told, without what is never the same."""
    return tuple(line for line in told.splitlines() if not _OF_THE_MOMENT.match(line))


def beginning_of(text: str) -> Beginning | None:
    """None where the script does not begin with such statements."""
    if not (_BASH.match(text) or not text.startswith("#!")) or "\r" in text or "\0" in text or _LOOKS_BACK.search(text):
        return None
    tree = read_shell(text)
    reader = _Reader(tree)
    try:
        statements = tuple(reader.statements())
    except RecursionError:
        return None
    return Beginning(text, statements).upto(len(statements))


class _Reader:
    def __init__(self, tree: ShellTree) -> None:
        self.tree = tree
        self.functions: dict[str, list[Node]] = {}
        for node in _every(tree.root):
            if node.type == "function_definition":
                name = self.text(node.children[0 if self.text(node.children[0]) != "function" else 1])
                self.functions.setdefault(name, []).append(node)
        self._calls: dict[str, set[_Act]] = {}

    def text(self, node: Node) -> str:
        return self.tree.text[node.start_byte : node.end_byte]

    def statements(self) -> list[Statement]:
        found: list[Statement] = []
        nodes = [node for node in self.tree.root.children if node.type not in ("comment", ";", "\n")]
        for node, following in zip(nodes, [*nodes[1:], None], strict=False):
            if following is not None and following.type == "&":
                break
            one = self._statement(node, following)
            if one is None:
                break
            found.append(one)
        return found

    def _statement(self, node: Node, following: Node | None) -> Statement | None:
        start, end = node.start_byte, node.end_byte
        whole, text = self.tree.text, self.tree.text[start:end]
        if node.type in ("ERROR", "&") or node.has_error or self.tree.misread(start, end) or _ODD.search(text):
            return None
        bodies = [one for one in self.tree.heredocs if start <= one.operator < end]
        close = max((one.close for one in bodies), default=end)
        rest = re.match(r"[ \t]*(?:;(?!;))?[ \t]*(?:#[^\n]*)?", whole[end:])
        assert rest is not None
        after = end + len(rest[0])
        if bodies:
            if whole[after : after + 1] != "\n" or (following is not None and following.start_byte < close):
                return None  # more stands on the line whose bodies follow
            after = close
        elif whole[after : after + 1] not in ("\n", "") and not rest[0].strip().startswith(";"):
            return None
        members = _conjunction(node)
        acts = [self._acts(member) for member in members]
        if any(_Act.STOP in one for one in acts):
            return None
        if not any(_Act.FILES in one for one in acts):
            return Statement(start, end, after, ())
        if any({_Act.FILES, _Act.SHELL} <= one for one in acts):
            return None
        if any(_Act.SHELL in one for one in acts):
            if bodies:
                return None
            pieces = tuple(
                Piece(member.start_byte, member.end_byte, self._sets(member))
                for member, one in zip(members, acts, strict=True)
                if _Act.FILES in one
            )
            return Statement(start, end, after, pieces)
        return Statement(start, end, after, (Piece(start, max(end, close), self._sets(node)),))

    def _sets(self, node: Node) -> tuple[str, ...]:
        """Variables of loops in it, and in every function where it may call one."""
        inside = [one for one in _every(node) if one.type in ("for_statement", "command")]
        calls = any(self.text(one.children[0]) in self.functions for one in inside if one.type == "command")
        bodies = [body for each in self.functions.values() for body in each] if calls else []
        loops = [one for each in (node, *bodies) for one in _every(each) if one.type == "for_statement"]
        names = [self.text(child) for one in loops for child in one.children if child.type == "variable_name"]
        return tuple(sorted(set(names)))

    def _acts(self, node: Node) -> set[_Act]:
        if not node.is_named:
            return {_Act.STOP} if node.type in ("&", "coproc") else set()
        text = self.text(node)
        match node.type:
            case "comment" | "word" | "variable_name" | "heredoc_redirect":
                return set()
            case "command":
                return self._command(node, text)
            case "pipeline" | "subshell":
                stop = _UNSTEADY.search(text) or any(one.type in ("&", "ERROR") for one in _every(node))
                return {_Act.STOP if stop else _Act.FILES}
            case "redirected_statement":
                return self._redirected(node)
            case "declaration_command" if text.startswith("local "):
                return {_Act.STOP if _UNSTEADY.search(text) else _Act.FILES}  # gone with the function
            case "variable_assignment" | "variable_assignments" | "declaration_command" | "unset_command":
                return {_Act.STOP if self._depends(text) or "=(" in text else _Act.SHELL}
            case "function_definition":
                return {_Act.SHELL}
            case "test_command":
                return {_Act.STOP if _UNSTEADY.search(text) else _Act.FILES}
        if node.type not in _COMPOUND:
            return {_Act.STOP} if node.type not in _WORDS else set()
        acts = set().union(*(self._acts(child) for child in node.children))
        if node.type == "for_statement":
            acts.add(_Act.FILES)  # where it only says something, what it goes through may not be what it was
        if node.type == "list" or acts <= {_Act.FILES, _Act.SAYS} or _Act.STOP in acts:
            return acts
        return {_Act.STOP}  # what it does to the shell may depend on files

    def _depends(self, text: str) -> bool:
        return bool(_SUBSTITUTES.search(text) or _UNSTEADY.search(text))

    def _command(self, node: Node, text: str) -> set[_Act]:
        words = [self.text(child) for child in node.children if child.type != "variable_assignment" and child.is_named]
        if not words or not _NAME.fullmatch(words[0]) or _UNSTEADY.search(text):
            return {_Act.STOP}
        name = words[0]
        if name in self.functions:
            return self._call(name)
        assigns = any(child.type == "variable_assignment" for child in node.children)
        if name in _SHELL:
            odd = assigns or _SUBSTITUTES.search(text) or (name == "trap" and _WATCHES.search(text))
            return {_Act.STOP if odd or (name == "set" and not _SET.fullmatch(text)) else _Act.SHELL}
        if name in _BUILTINS or (name == "printf" and "-v" in words):
            return {_Act.STOP}
        if name in _SAYS:
            return {_Act.FILES} if _SUBSTITUTES.search(text) or name in ("test", "[") else {_Act.SAYS}
        return {_Act.FILES}

    def _call(self, name: str) -> set[_Act]:
        """Of a function of the script's own, which has to be as harmless as what may stand in its place."""
        if name not in self._calls:
            self._calls[name] = {_Act.STOP}  # of one that calls itself
            bodies = self.functions[name]
            if len(bodies) == 1 and not _ODD.search(self.text(bodies[0])):
                acts = set().union(*(self._acts(child) for child in bodies[0].children if child.is_named))
                self._calls[name] = acts if acts <= {_Act.FILES, _Act.SAYS} else {_Act.STOP}
        return self._calls[name]

    def _redirected(self, node: Node) -> set[_Act]:
        acts: set[_Act] = set()
        for child in node.children:
            if child.type in ("file_redirect", "herestring_redirect", "heredoc_redirect"):
                said = self.text(child)
                if "<(" in said or ">(" in said or _UNSTEADY.search(said):
                    return {_Act.STOP}
                if not re.search(r"/dev/null\s*$|>&\s*[12]\s*$", said):
                    acts.add(_Act.FILES)
            else:
                acts |= self._acts(child)
        return acts


_WORDS = frozenset(
    "command_name string raw_string ansi_c_string concatenation simple_expansion expansion command_substitution number "
    "regex binary_expression unary_expression test_operator extglob_pattern brace_expression file_redirect "
    "herestring_redirect string_content translated_string variable_assignment".split()
)


def _conjunction(node: Node) -> list[Node]:
    """The members of `a && b && c`; else the node itself."""
    if node.type != "list":
        return [node]
    left, operator, *right = [child for child in node.children if child.type != "comment"]
    if operator.type != "&&" or (left.type == "list" and len(_conjunction(left)) == 1):
        return [node]
    return [*_conjunction(left), *right]


def _every(node: Node) -> list[Node]:
    stack, found = [node], []
    while stack:
        one = stack.pop()
        found.append(one)
        stack += one.children
    return found
