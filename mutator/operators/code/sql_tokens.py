"""SQL in any dialect, cut into tokens and statements.

sqlglot's tokenizer wants to know the dialect and stops at the rows of a psql dump, and the grammar knows about half of
what dialects have beside the standard: where it reads a statement, it must read the mutant, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from mutator.grammars import grammar_parser
from mutator.operators.twin import ascii_twin

_TOKEN = re.compile(
    r"""(?P<skip>\s+|--[^\n]*|/\*.*?\*/|^\.[^\n]*$|^\\[^\n]*$)
    |(?P<text>'(?:[^']|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|"(?:[^"]|"")*"|`[^`]*`|\[[A-Za-z_][^\]\n]*\])
    |(?P<number>\d+(?:\.\d+)?)
    |(?P<word>[A-Za-z_][A-Za-z_0-9$]*)
    |(?P<mark><>|<=|>=|!=|==|\|\||::|->>|->|:=|.)""",
    re.DOTALL | re.VERBOSE | re.MULTILINE,
)
LARGE = 2_000_000


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    word: str
    """In upper case, for words."""
    start: int
    end: int
    depth: int
    statement: int


@dataclass
class Script:
    text: str
    tokens: list[Token]
    starts: list[int]
    """Index of each statement's first token."""
    copied: list[tuple[int, int, int]]
    """(statement, start, end) of the rows that a `COPY ... FROM stdin` of a dump is followed by."""
    read: dict[int, bool] = field(default_factory=dict)

    def scope(self, token: Token) -> str:
        return self.scope_of(token.statement)

    def scope_of(self, statement: int) -> str:
        first = self.tokens[self.starts[statement]]
        return f"statement {statement + 1} ({first.word or first.text})"

    @cached_property
    def offsets(self) -> list[int]:
        """Where each statement begins, and where the text ends."""
        return [*(self.tokens[start].start for start in self.starts), len(self.text)]

    def reads(self, statement: int) -> bool:
        """Whether the grammar reads it as it is."""
        if statement not in self.read:
            self.read[statement] = reads(self.text[slice(*self.offsets[statement : statement + 2])])
        return self.read[statement]


def reads(text: str) -> bool:
    return not grammar_parser("tree_sitter_sql").parse(ascii_twin(text)).root_node.has_error


_VERBS = frozenset(
    "SELECT INSERT UPDATE DELETE CREATE ALTER DROP WITH BEGIN COMMIT ROLLBACK PRAGMA GRANT REVOKE REPLACE MERGE "
    "TRUNCATE EXPLAIN VACUUM SET USE VALUES COPY ANALYZE END START ATTACH".split()
)


def parse(text: str, language: str) -> Script | None:
    if len(text) > LARGE:
        return None
    tokens: list[Token] = []
    starts: list[int] = []
    copied: list[tuple[int, int, int]] = []
    depth = statement = position = 0
    fresh = True
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return None
        position = match.end()
        kind = match.lastgroup or "mark"
        if kind == "tag":
            kind = "text"
        if match["skip"] is not None:
            continue
        said = match[0]
        if said == ")":
            depth = max(depth - 1, 0)
        if fresh:
            starts.append(len(tokens))
            fresh = False
        word = said.upper() if match["word"] is not None else ""
        tokens.append(Token(kind, said, word, match.start(), match.end(), depth, statement))
        if said == "(":
            depth += 1
        if said == ";" and depth == 0:
            rows = _ROWS.match(text, position) if tokens[starts[-1]].word == "COPY" else None
            if rows is not None and [one.word for one in tokens[-3:-1]] == ["FROM", "STDIN"]:
                copied.append((statement, *rows.span("rows")))
                position = rows.end()
            statement += 1
            fresh = True
    if not any(tokens[start].word in _VERBS for start in starts):
        return None
    return Script(text, tokens, starts, copied)


_ROWS = re.compile(r"[ \t]*\n(?P<rows>(?:(?!\\\.)[^\n]*\n)*)\\\.")
