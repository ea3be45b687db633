"""awk and jq programs: rules and stages left out, fields, comparisons, sums and numbers changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.define import operator, operators_in

LANGUAGES = frozenset({"awk", "jq"})
AWK = frozenset({"awk"})
JQ = frozenset({"jq"})


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    """word, number, field, text, pattern, mark, space."""
    text: str
    start: int
    end: int
    depth: int
    """Of braces and parentheses around it."""
    prints: bool = False
    """After `print` in its statement, where `>` writes to a file."""


@dataclass(slots=True)
class Program:
    text: str
    language: str
    tokens: list[Token]
    """Blanks and comments left out."""


_AWK_TOKEN = re.compile(
    r"(?P<space>(?:[ \t\r]|\\\n|\#[^\n]*)+)|(?P<text>\"(?:\\.|[^\"\\\n])*\")|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<field>\$(?:\d+|NF\b))|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<mark>\n|&&|\|\||==|!=|<=|>=|!~|\+\+|--|\+=|-=|\*=|/=|%=|\^=|>>|[-+*/%^<>=!~?:;,(){}\[\]$|&@])",
    re.DOTALL,
)
_AWK_PATTERN = re.compile(r"/(?:\\.|\[[^\]\n]*\]|[^/\\\n])+/")
_JQ_TOKEN = re.compile(
    r"(?P<space>(?:\s|\#[^\n]*)+)|(?P<text>\"(?:\\.|[^\"\\])*\")|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[A-Za-z_][\w:]*)|(?P<field>\.[A-Za-z_]\w*|\$\w+|@\w+)"
    r"|(?P<mark>//=?|\?//|\|=|==|!=|<=|>=|\+=|-=|\*=|/=|\.\.|[-+*/%<>=?:;,(){}\[\]|.])",
    re.DOTALL,
)
_OPERAND = frozenset({"number", "field", "word", "text"})


def parse(text: str, language: str) -> Program | None:
    tokens: list[Token] = []
    position = depth = 0
    opened: list[str] = []
    prints = False
    pattern = _AWK_TOKEN if language == "awk" else _JQ_TOKEN
    while position < len(text):
        previous = tokens[-1] if tokens else None
        operand = previous is not None and (previous.kind in _OPERAND or previous.text in (")", "]"))
        if previous is not None and previous.text in ("return", "in", "print", "case"):
            operand = False
        match = None if language == "jq" or operand else _AWK_PATTERN.match(text, position)
        kind = "pattern"
        if match is None:
            match = pattern.match(text, position)
            kind = match.lastgroup or "" if match else ""
        if match is None:
            return None
        position = match.end()
        if kind == "space":
            continue
        token = match[0]
        if token in ("(", "[", "{"):
            opened.append({"(": ")", "[": "]", "{": "}"}[token])
        elif token in (")", "]", "}") and (not opened or opened.pop() != token):
            return None
        if token in ("print", "printf"):
            prints = True
        elif token in (";", "\n", "}", "{"):
            prints = False
        depth = len(opened)
        tokens.append(Token(kind, token, match.start(), position, depth, prints))
    if opened or not tokens:
        return None
    return Program(text, language, tokens)


def _turned(program: Program, table: dict[str, str]) -> Iterator[Candidate]:
    for index, token in enumerate(program.tokens):
        if token.text not in table or token.kind not in ("mark", "word"):
            continue
        before = program.tokens[index - 1] if index else None
        if before is None or (before.kind not in _OPERAND and before.text not in (")", "]", ".")):
            continue
        if token.prints and token.text in (">", ">>", "|"):
            continue
        new = table[token.text]
        yield Candidate((Edit(token.start, token.end, new),), {"old": token.text, "new": new}, stated=token.text)


_LOGIC = {"==": "!=", "!=": "==", "&&": "||", "||": "&&", "~": "!~", "!~": "~", "and": "or", "or": "and"}
_BOUNDARY = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_SUMS = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "+=": "-=", "-=": "+=", "++": "--", "--": "++"}


@operator(
    "awk.drop-rule",
    FaultClass.DROPPED_STEP,
    Tier.COARSE,
    AWK,
    "the rule `{rule}` of the awk program is left out",
    ("NR > 1 { s += $2 }\nEND { print s }", ("END { print s }", "NR > 1 { s += $2 }\n")),
    ("{ print $1 }", ()),
)
def drop_rule(program: Program) -> Iterator[Candidate]:
    """A `pattern { action }` of several."""
    rules: list[tuple[int, int]] = []
    start: int | None = None
    for token in program.tokens:
        if token.depth == 0 and token.text in (";", "\n"):
            start = None
            continue
        if start is None:
            start = token.start
        if token.text == "}" and token.depth == 0:
            rules.append((start, token.end))
            start = None
    if len(rules) < 2:
        return
    for first, last in rules:
        words = " ".join(program.text[first:last].split())
        after = re.compile(r"[ \t]*(?:\n|;)?[ \t]*").match(program.text, last)
        yield Candidate((Edit(first, after.end() if after else last, ""),), {"rule": words[:60]})


@operator(
    "jq.drop-stage",
    FaultClass.DROPPED_STEP,
    Tier.COARSE,
    JQ,
    "the stage `{stage}` of the jq program is left out",
    (".a | sort | .[0]", ("sort | .[0]", ".a | .[0]", ".a | sort")),
)
def drop_stage(program: Program) -> Iterator[Candidate]:
    """A stage of a jq pipeline at the top."""
    pipes = [token for token in program.tokens if token.text == "|" and token.depth == 0]
    if any(token.text in ("as", "def", "reduce", "foreach", "label") for token in program.tokens):
        return
    ends = [0, *(token.end for token in pipes)]
    stops = [*(token.start for token in pipes), len(program.text)]
    if len(ends) < 2:
        return
    for index, (start, stop) in enumerate(zip(ends, stops, strict=True)):
        said = " ".join(program.text[start:stop].split())
        if index == 0:
            first, last = start, pipes[0].end
            last += len(program.text[last:]) - len(program.text[last:].lstrip())
        else:
            first = len(program.text[: pipes[index - 1].start].rstrip())
            last = len(program.text[:stop].rstrip())
        yield Candidate((Edit(first, last, ""),), {"stage": said[:60]})


@operator(
    "jq.negate-select",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    JQ,
    "`{select}` chooses the others",
    ('.[] | select(.a == "b(")', ('.[] | select(.a == "b(" | not)',)),
)
def negate_select(program: Program) -> Iterator[Candidate]:
    for index, token in enumerate(program.tokens[:-1]):
        if token.text != "select" or program.tokens[index + 1].text != "(":
            continue
        depth = program.tokens[index + 1].depth
        close = next((one for one in program.tokens[index + 2 :] if one.text == ")" and one.depth == depth - 1), None)
        if close is not None:
            said = program.text[token.start : close.end]
            yield Candidate((Edit(close.start, close.start, " | not"),), {"select": said[:60]})


@operator(
    "awk.change-field",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    AWK,
    "column {new} is read instead of {old}",
    ("{ print $1, $NF, $0 }", ("{ print $2, $NF, $0 }", "{ print $1, $NF, $1 }")),
)
def change_field(program: Program) -> Iterator[Candidate]:
    for token in program.tokens:
        if token.kind == "field" and token.text[1:].isdigit():
            new = f"${int(token.text[1:]) + 1}"
            yield Candidate((Edit(token.start, token.end, new),), {"old": token.text, "new": new})


@operator(
    "awk.turn-logic",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    LANGUAGES,
    "`{old}` becomes `{new}`",
    (
        "$1 == 2 && $2 ~ /a==b/ { print }",
        (
            "$1 != 2 && $2 ~ /a==b/ { print }",
            "$1 == 2 || $2 ~ /a==b/ { print }",
            "$1 == 2 && $2 !~ /a==b/ { print }",
        ),
        "awk",
    ),
    (".a == 1 and .b", (".a != 1 and .b", ".a == 1 or .b"), "jq"),
)
def turn_logic(program: Program) -> Iterator[Candidate]:
    return _turned(program, _LOGIC)


@operator(
    "awk.move-boundary",
    FaultClass.BOUNDARY,
    Tier.MEDIUM,
    LANGUAGES,
    "`{old}` becomes `{new}`",
    ('NR > 1 { print $1 > "f" }', ('NR >= 1 { print $1 > "f" }',), "awk"),
)
def move_boundary(program: Program) -> Iterator[Candidate]:
    return _turned(program, _BOUNDARY)


@operator(
    "awk.swap-arithmetic",
    FaultClass.ARITHMETIC,
    Tier.MEDIUM,
    LANGUAGES,
    "`{old}` becomes `{new}`",
    (
        "{ s += $1 * -2; n++ } END { print s / n }",
        (
            "{ s -= $1 * -2; n++ } END { print s / n }",
            "{ s += $1 / -2; n++ } END { print s / n }",
            "{ s += $1 * -2; n-- } END { print s / n }",
            "{ s += $1 * -2; n++ } END { print s * n }",
        ),
        "awk",
    ),
)
def swap_arithmetic(program: Program) -> Iterator[Candidate]:
    return _turned(program, _SUMS)


@operator(
    "awk.change-number",
    FaultClass.WRONG_VALUE,
    Tier.FINE,
    LANGUAGES,
    "{new} instead of {old}",
    ("NR > 1 { print x2 }", ("NR > 2 { print x2 }",), "awk"),
    (".[0]", (".[1]",), "jq"),
)
def change_number(program: Program) -> Iterator[Candidate]:
    for token in program.tokens:
        if token.kind == "number" and token.text.isdigit():
            new = str(int(token.text) + 1)
            yield Candidate((Edit(token.start, token.end, new),), {"old": token.text, "new": new})


def valid(program: Program, candidate: Candidate) -> bool:
    """Tokens are exchanged for ones of their kind, whole rules and stages dropped."""
    return True


class AwkFamily:
    name = "awk"
    languages = LANGUAGES
    operators = operators_in(globals())

    def parse(self, text: str, language: str) -> Program | None:
        return parse(text, language)

    def valid(self, tree: Program, candidate: Candidate) -> bool:
        return valid(tree, candidate)


FAMILY = AwkFamily()
