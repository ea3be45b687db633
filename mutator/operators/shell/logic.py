"""How a script decides: functions and loops emptied, conditions and tests turned, stages and cases left out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import lru_cache

from tree_sitter import Node

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.define import operator
from mutator.operators.shell.document import Marked, Script, gap
from mutator.operators.shell.steps import LANGUAGES, SCRIPT, named, only_looks

Span = tuple[int, int]


def _span(node: Node) -> Span:
    return node.start_byte, node.end_byte


def _statements(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type not in ("comment", "heredoc_body")]


def _emptied(script: Script, body: Node) -> tuple[Edit, ...] | None:
    """The statements of a body replaced by `:`."""
    inside = _statements(body)
    if not inside:
        return None
    start, end = inside[0].start_byte, inside[-1].end_byte
    end = start + len(script.text[start:end].rstrip())
    return None if script.text[start:end] in (":", "true") else script.emptied(start, end)


@operator(
    "shell.hollow-function",
    FaultClass.HOLLOW_FUNCTION,
    Tier.COARSE,
    LANGUAGES,
    "the function {name} does nothing",
    ("f() {\n  a\n  b <<X\nq\nX\n}\nf\n", ("f() {\n  :\n}\nf\n",)),
    ("function g { :; }\n", ()),
)
def hollow_function(script: Script) -> Iterator[Candidate]:
    for marked in script.functions:
        body = marked.node.child_by_field_name("body")
        if body is None or body.type not in ("compound_statement", "subshell"):
            continue
        edits = _emptied(script, body)
        if edits:
            name = marked.function
            # What is asked for by what it prints only leaves an empty word behind.
            asked = name in _asked(script.plain)
            stills = (0, len(script.text)) if name == "main" else None
            tier = Tier.FINE if asked else None
            yield Candidate(edits, {"name": name}, name, _span(marked.node), tier, stills)


@lru_cache(maxsize=8)
def _asked(text: str) -> frozenset[str]:
    """The first words of command substitutions."""
    return frozenset(re.findall(r"(?:\$\(|<\()\s*(\w+)", text))


@operator(
    "shell.empty-loop",
    FaultClass.WRONG_LOGIC,
    Tier.COARSE,
    LANGUAGES,
    "the body of `{loop}` is empty",
    ("for f in a b; do\n  cp $f x\n  y\ndone\n", ("for f in a b; do\n  :\ndone\n",)),
    ("while read x; do a; done < f\n", ("while read x; do :; done < f\n",)),
)
def empty_loop(script: Script) -> Iterator[Candidate]:
    for marked in script.loops:
        body = marked.node.child_by_field_name("body")
        edits = _emptied(script, body) if body is not None and body.type == "do_group" else None
        if edits and body is not None:
            header = script.said(marked.node.start_byte, body.start_byte).rstrip("; ")
            tier = Tier.FINE if only_looks(script, *_span(marked.node)) else None
            yield Candidate(edits, {"loop": header}, marked.function, _span(marked.node), tier)


@operator(
    "shell.negate-condition",
    FaultClass.WRONG_LOGIC,
    Tier.FINE,
    LANGUAGES,
    "the condition `{condition}` is turned round",
    (
        "if [ -f a ]; then b; elif ! c; then d; fi\n",
        ("if ! [ -f a ]; then b; elif ! c; then d; fi\n", "if [ -f a ]; then b; elif c; then d; fi\n"),
    ),
    (
        "if a && b; then c; fi\nwhile x; do y; done\n",
        (
            "if ! { a && b; }; then c; fi\nwhile x; do y; done\n",
            "if a && b; then c; fi\nwhile ! x; do y; done\n",
        ),
    ),
    skips=SCRIPT,
)
def negate_condition(script: Script) -> Iterator[Candidate]:
    for marked in script.conditions:
        node = marked.node
        start, end = _span(node)
        if node.type == "test_command" and _turnable(node):
            continue
        fields = {"condition": script.said(start, end)}
        edits: tuple[Edit, ...]
        if node.type == "negated_command":
            after = re.compile(r"!\s*").match(script.plain, start)
            edits = (Edit(start, after.end() if after else start + 1, ""),)
        elif node.type == "list":
            edits = (Edit(start, start, "! { "), Edit(end, end, "; }"))
        elif node.type in ("command", "test_command", "pipeline", "redirected_statement", "compound_statement"):
            edits = (Edit(start, start, "! "),)
        else:
            continue
        yield Candidate(edits, fields, marked.function, (start, end))


def _turnable(node: Node) -> bool:
    """A test with one sign in it, which another operator turns."""
    inner = node.named_children
    signs = (
        [child for child in inner[0].children if not child.is_named or child.type == "test_operator"] if inner else []
    )
    return (
        len(inner) == 1
        and inner[0].type == "binary_expression"
        and [sign.type for sign in signs] != []
        and all(sign.text is not None and sign.text.decode() in _EQUAL for sign in signs)
    )


_TESTS = frozenset(
    {"[", "[[", "test", "grep", "command", "id", "which", "getent", "type", "diff", "cmp", "pgrep", "systemctl"}
)


@operator(
    "shell.swap-and-or",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    LANGUAGES,
    "`{left} {old} {right}` becomes `{left} {new} {right}`",
    (
        "[ -f a ] && rm a\ngrep -q x f || echo x >> f\na && b\nc || true\n",
        (
            "[ -f a ] || rm a\ngrep -q x f || echo x >> f\na && b\nc || true\n",
            "[ -f a ] && rm a\ngrep -q x f && echo x >> f\na && b\nc || true\n",
        ),
    ),
    skips=SCRIPT,
)
def swap_and_or(script: Script) -> Iterator[Candidate]:
    """Where the left side is a test; steps joined by `&&` are drop-step's."""
    for chain in script.chains:
        for index, (start, end, mark) in enumerate(chain.operators):
            left, right = chain.parts[index], chain.parts[index + 1]
            command = script.by_start.get(left[0])
            name = named(script, command)[0] if command else ""
            tests = name in _TESTS or script.plain.startswith(("[", "((", "!"), left[0])
            if not tests or script.said(*right) in ("true", ":"):
                continue
            new = "||" if mark == "&&" else "&&"
            fields = {"old": mark, "new": new, "left": script.said(*left, 40), "right": script.said(*right, 40)}
            yield Candidate((Edit(start, end, new),), fields, chain.function, (chain.start, chain.end))


_FILTERS = frozenset(
    {
        "sort",
        "uniq",
        "head",
        "tail",
        "grep",
        "egrep",
        "fgrep",
        "awk",
        "gawk",
        "sed",
        "cut",
        "tr",
        "jq",
        "wc",
        "rev",
        "tac",
    }
    | {
        "nl",
        "paste",
        "column",
        "fold",
        "xargs",
        "base64",
        "gzip",
        "gunzip",
        "zcat",
        "iconv",
        "envsubst",
        "shuf",
        "expand",
    }
)


@operator(
    "shell.drop-stage",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    LANGUAGES,
    "the stage `{stage}` of the pipeline is left out",
    (
        "cat f | sort -u | head -n 3 > o\na | tee x\n",
        ("cat f | head -n 3 > o\na | tee x\n", "cat f | sort -u > o\na | tee x\n"),
    ),
    ("n=$(ls | wc -l)\n", ("n=$(ls)\n",)),
)
def drop_stage(script: Script) -> Iterator[Candidate]:
    for command in script.commands:
        if command.stage == 0 or not command.words:
            continue
        name, _ = named(script, command)
        before = command.stages[command.stage - 1]
        if name not in _FILTERS or any(one.heredoc for one in (*command.redirects, *before.redirects)):
            continue
        end = command.words[-1][1]
        if any(redirect.start < end for redirect in command.redirects):
            continue
        fields = {"stage": script.said(command.start, end)}
        first = command.stages[0]
        check = (first.start, command.stages[-1].end)
        yield Candidate((Edit(before.end, end, ""),), fields, command.function, check)


_BOUNDARY = {
    "-gt": "-ge", "-ge": "-gt", "-lt": "-le", "-le": "-lt", "<": "<=", "<=": "<", ">": ">=", ">=": ">",
}  # fmt: skip
_EQUAL = {"-eq": "-ne", "-ne": "-eq", "=": "!=", "==": "!=", "!=": "=", "=~": "! =~", "-z": "-n", "-n": "-z"}
_SUMS = {
    "+": "-",
    "-": "+",
    "*": "+",
    "/": "*",
    "%": "/",
    "++": "--",
    "--": "++",
    "**": "*",
    "+=": "-=",
    "-=": "+=",
    "*=": "+=",
}


def _arithmetic(node: Node) -> bool:
    above = node.parent
    while above is not None and above.type in (
        "binary_expression", "unary_expression", "parenthesized_expression", "postfix_expression", "ternary_expression"
    ):  # fmt: skip
        above = above.parent
    return above is not None and above.type in ("arithmetic_expansion", "compound_statement", "c_style_for_statement")


def _enclosing(node: Node) -> Span:
    """The smallest part that parses by itself."""
    above = node.parent
    while above is not None and above.type not in (
        "test_command", "compound_statement", "arithmetic_expansion", "c_style_for_statement", "command", "program"
    ):  # fmt: skip
        above = above.parent
    return _span(above) if above is not None else _span(node)


def _tests(script: Script) -> Iterator[tuple[Marked, Span, str, bool, Span]]:
    """Operators of [ ], [[ ]], (( )) and `test` in the order of the text: (marked, span, text, arithmetic, check)."""
    for marked in script.tests:
        span = _span(marked.node)
        yield marked, span, script.text[slice(*span)], _arithmetic(marked.node), _enclosing(marked.node)


def _test_words(script: Script) -> Iterator[tuple[str, Span, str, Span]]:
    for command in script.commands:
        words = script.words(command)
        if words[:1] in (["test"], ["["]):
            for span, word in zip(command.words[1:], words[1:], strict=True):
                yield command.function, span, word, (command.start, command.end)


def _turned(script: Script, table: dict[str, str], *, arithmetic: bool | None, words: bool) -> Iterator[Candidate]:
    found: list[tuple[Span, Candidate]] = []
    for marked, span, old, sums, check in _tests(script):
        if old not in table or (arithmetic is not None and sums != arithmetic):
            continue
        if not sums and old in ("<", ">"):
            continue
        if sums and old == "=":
            continue
        edit, new = Edit(*span, table[old]), table[old]
        if old == "=~":
            if marked.node.parent is None or not marked.node.parent.named_children:
                continue
            edit, old, new = _no_match(script, marked.node.parent)
        fields = {"old": old, "new": new, "test": script.said(*check, 50)}
        found.append((span, Candidate((edit,), fields, marked.function, check)))
    if words:
        for function, span, old, check in _test_words(script):
            if old in table and old.startswith(("-", "=", "!=")):
                fields = {"old": old, "new": table[old], "test": script.said(*check, 50)}
                found.append((span, Candidate((Edit(*span, table[old]),), fields, function, check)))
    found.sort(key=lambda item: item[0])
    yield from (candidate for _, candidate in found)


def _no_match(script: Script, comparison: Node) -> tuple[Edit, str, str]:
    """`! a =~ b`, since what is an expression on the right of `=~` is none behind `!=`."""
    left = comparison.named_children[0]
    while left.type == "binary_expression" and any(child.type in ("&&", "||") for child in left.children):
        left = left.named_children[-1]  # The grammar reads `a && b =~ c` from the left.
    start, end = left.start_byte, comparison.end_byte
    said = script.said(start, end)
    negated = re.compile(r"!\s+").match(script.plain, start)
    if negated is not None:
        return Edit(start, negated.end(), ""), said, script.said(negated.end(), end)
    return Edit(start, start, "! "), said, f"! {said}"


@operator(
    "shell.move-boundary",
    FaultClass.BOUNDARY,
    Tier.MEDIUM,
    LANGUAGES,
    "`{old}` becomes `{new}` in `{test}`",
    (
        "[ $a -gt 3 ]\n[[ $b -le 2 && $c < d ]]\ntest $x -lt 1\n",
        (
            "[ $a -ge 3 ]\n[[ $b -le 2 && $c < d ]]\ntest $x -lt 1\n",
            "[ $a -gt 3 ]\n[[ $b -lt 2 && $c < d ]]\ntest $x -lt 1\n",
            "[ $a -gt 3 ]\n[[ $b -le 2 && $c < d ]]\ntest $x -le 1\n",
        ),
    ),
    ("for ((i=0; i<3; i++)); do a; done\n", ("for ((i=0; i<=3; i++)); do a; done\n",)),
    ("while (( i >= 10 )); do a; done\n", ("while (( i > 10 )); do a; done\n",)),
)
def move_boundary(script: Script) -> Iterator[Candidate]:
    return _turned(script, _BOUNDARY, arithmetic=None, words=True)


@operator(
    "shell.negate-test",
    FaultClass.WRONG_LOGIC,
    Tier.FINE,
    LANGUAGES,
    "`{old}` becomes `{new}` in `{test}`",
    (
        '[ "$a" = x ] && [ -z "$b" ]\n(( a == 2 ))\n',
        (
            '[ "$a" != x ] && [ -z "$b" ]\n(( a == 2 ))\n',
            '[ "$a" = x ] && [ -n "$b" ]\n(( a == 2 ))\n',
            '[ "$a" = x ] && [ -z "$b" ]\n(( a != 2 ))\n',
        ),
    ),
    ("[[ $a =~ ^(x|y)$ ]]\n", ("[[ ! $a =~ ^(x|y)$ ]]\n",)),
)
def negate_test(script: Script) -> Iterator[Candidate]:
    return _turned(script, _EQUAL, arithmetic=None, words=True)


@operator(
    "shell.swap-arithmetic",
    FaultClass.ARITHMETIC,
    Tier.MEDIUM,
    LANGUAGES,
    "`{old}` becomes `{new}` in `{test}`",
    (
        "x=$((a + b * 2))\n(( i++ ))\n",
        ("x=$((a - b * 2))\n(( i++ ))\n", "x=$((a + b + 2))\n(( i++ ))\n"),
    ),
)
def swap_arithmetic(script: Script) -> Iterator[Candidate]:
    for candidate in _turned(script, _SUMS, arithmetic=True, words=False):
        # The count of a loop that runs the other way never ends.
        if candidate.fields["old"] not in ("++", "--"):
            yield candidate


# case


def _items(marked: Marked) -> list[Node]:
    return [child for child in marked.node.named_children if child.type == "case_item"]


def _option(script: Script, marked: Marked, pattern: str) -> str:
    """As a person would pass it: getopts hands out letters."""
    return f"-{pattern}" if _is_letter(script, marked, pattern) else pattern


def _pattern(script: Script, item: Node) -> str:
    end = next((child.start_byte for child in item.children if child.type == ")"), item.start_byte)
    return script.text[item.start_byte : end].strip().lstrip("(").strip()


def _body(item: Node) -> list[Node]:
    inside = False
    found: list[Node] = []
    for child in item.children:
        if inside and child.is_named and child.type != "comment":
            found.append(child)
        inside = inside or child.type == ")"
    return found


def _is_option(script: Script, marked: Marked, pattern: str) -> bool:
    """`--dry-run)` or, within getopts, `n)`."""
    if pattern.strip("'\"").startswith("-") and len(pattern.strip("'\"")) > 1:
        return True
    return _is_letter(script, marked, pattern)


def _is_letter(script: Script, marked: Marked, pattern: str) -> bool:
    above = marked.node.parent
    header = (
        script.plain[above.parent.start_byte : marked.node.start_byte] if above is not None and above.parent else ""
    )
    return bool(re.fullmatch(r"[A-Za-z]", pattern)) and "getopts" in header


def _whole_item(script: Script, item: Node) -> Span:
    """The item with its blank line space."""
    start = script.text.rfind("\n", 0, item.start_byte) + 1
    newline = script.text.find("\n", item.end_byte)
    if (
        not script.plain[start : item.start_byte].strip()
        and newline >= 0
        and not script.plain[item.end_byte : newline].strip()
    ):
        return start, newline + 1
    return item.start_byte, item.end_byte


@operator(
    "shell.drop-option",
    FaultClass.MISSING_FLAG,
    Tier.COARSE,
    LANGUAGES,
    "the option {flag} is not known",
    ('case "$1" in\n  --dry-run) D=1 ;;\n  *) x ;;\nesac\n', ('case "$1" in\n  *) x ;;\nesac\n',)),
)
def drop_option(script: Script) -> Iterator[Candidate]:
    for marked in script.cases:
        for item in _items(marked):
            pattern = _pattern(script, item)
            if _is_option(script, marked, pattern) and len(_items(marked)) > 1:
                edits = script.removal(*_whole_item(script, item))
                flag = _option(script, marked, pattern)
                yield Candidate(edits, {"flag": flag}, marked.function, _span(marked.node))


@operator(
    "shell.ignore-option",
    FaultClass.MISSING_FLAG,
    Tier.COARSE,
    LANGUAGES,
    "the option {flag} is accepted and ignored",
    (
        'case "$1" in\n  -n|--dry-run) D=1; shift ;;\n  -h) usage ;;\n  b) x ;;\nesac\n',
        ('case "$1" in\n  -n|--dry-run) shift ;;\n  -h) usage ;;\n  b) x ;;\nesac\n',),
    ),
    (
        "while getopts nv o; do\n case $o in\n  n) D=1;;\n  v) V=1;;\n esac\ndone\n",
        (
            "while getopts nv o; do\n case $o in\n  n) :;;\n  v) V=1;;\n esac\ndone\n",
            "while getopts nv o; do\n case $o in\n  n) D=1;;\n  v) :;;\n esac\ndone\n",
        ),
    ),
)
def ignore_option(script: Script) -> Iterator[Candidate]:
    for marked in script.cases:
        for item in _items(marked):
            pattern = _pattern(script, item)
            body = _body(item)
            kept = [node for node in body if re.match(r"shift\b", script.plain[node.start_byte : node.end_byte])]
            if not _is_option(script, marked, pattern) or not body or len(kept) == len(body):
                continue
            text = script.text[body[0].start_byte : body[-1].end_byte]
            if re.search(r"\b(usage|help|exit)\b", text):
                continue
            new = "; ".join(script.text[slice(*_span(node))] for node in kept) or ":"
            edits = script.removal(body[0].start_byte, body[-1].end_byte, new)
            flag = _option(script, marked, pattern)
            yield Candidate(edits, {"flag": flag}, marked.function, _span(marked.node))


@operator(
    "shell.drop-case",
    FaultClass.SWAPPED_MAPPING,
    Tier.MEDIUM,
    LANGUAGES,
    "the case {pattern} is left out",
    ("case $x in\n  a) b;;\n  *) c;;\nesac\n", ("case $x in\n  *) c;;\nesac\n", "case $x in\n  a) b;;\nesac\n")),
)
def drop_case(script: Script) -> Iterator[Candidate]:
    for marked in script.cases:
        items = _items(marked)
        for item in items:
            pattern = _pattern(script, item)
            if len(items) < 2 or _is_option(script, marked, pattern):
                continue
            edits = script.removal(*_whole_item(script, item))
            yield Candidate(edits, {"pattern": pattern}, marked.function, _span(marked.node))


@operator(
    "shell.swap-cases",
    FaultClass.SWAPPED_MAPPING,
    Tier.COARSE,
    LANGUAGES,
    "the cases {one} and {two} are swapped",
    ("case $x in\n  a) b 1;;\n  c) d;;\n  *) e;;\nesac\n", ("case $x in\n  a) d;;\n  c) b 1;;\n  *) e;;\nesac\n",)),
)
def swap_cases(script: Script) -> Iterator[Candidate]:
    for marked in script.cases:
        items = _items(marked)
        for first, second in itertools.pairwise(items):
            one, two = _body(first), _body(second)
            if not one or not two:
                continue
            spans = [(body[0].start_byte, body[-1].end_byte) for body in (one, two)]
            texts = [script.text[slice(*span)] for span in spans]
            patterns = [_option(script, marked, _pattern(script, item)) for item in (first, second)]
            if texts[0] == texts[1] or any(list(script.bodies(*span)) for span in spans) or patterns[1] == "*":
                continue
            if any(text.strip() == "shift" for text in texts):
                continue
            edits = (Edit(*spans[0], texts[1]), Edit(*spans[1], texts[0]))
            yield Candidate(edits, {"one": patterns[0], "two": patterns[1]}, marked.function, _span(marked.node))


@operator(
    "shell.drop-else",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    LANGUAGES,
    "`{condition}` has no else branch",
    ("if a; then b; else c; fi\n", ("if a; then b; fi\n",)),
    skips=SCRIPT,
)
def drop_else(script: Script) -> Iterator[Candidate]:
    seen: set[int] = set()
    for marked in script.conditions:
        statement = marked.node.parent
        if statement is None or statement.type != "if_statement" or statement.start_byte in seen:
            continue
        seen.add(statement.start_byte)
        for child in statement.named_children:
            if child.type == "else_clause":
                edits = script.removal(gap(script, child.start_byte), child.end_byte)
                fields = {"condition": script.said(*_span(marked.node))}
                yield Candidate(edits, fields, marked.function, _span(statement))
