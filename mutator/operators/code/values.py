"""Numbers and texts in a program."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.another_name import another_number, another_text
from mutator.operators.code import tree
from mutator.operators.code.interface import names_option
from mutator.operators.code.reading import LANGUAGES, OPTION, SAFE
from mutator.operators.code.tree import Program
from mutator.operators.define import operator


@operator(
    "code.change-number",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    LANGUAGES,
    "{new} stands for {old} in `{line}`",
    ("package p\nvar x = 10\n", ("package p\nvar x = 11\n",), "go"),
    ("int x = 0x1F + 3;", ("int x = 0x1F + 4;",), "c"),
    (
        "const X: f64 = 1.5; const Y: u8 = 7u8;",
        ("const X: f64 = 2.5; const Y: u8 = 7u8;", "const X: f64 = 1.5; const Y: u8 = 8u8;"),
        "rust",
    ),
)
def change_number(program: Program) -> Iterator[Candidate]:
    for found in program.each(tree.NUMBER):
        said = program.said(found.node)
        match = re.fullmatch(r"(\d+)(\.\d+)?([A-Za-z_]\w*)?", said)
        if match is None or (match[1].startswith("0") and (len(match[1]) > 1 or match[3])):
            continue
        new = f"{another_number(int(match[1]))}{match[2] or ''}{match[3] or ''}"
        edit = Edit(found.node.start_byte, found.node.end_byte, new)
        fields = {
            "old": said,
            "new": new,
            "line": tree.nearby(program.text, found.node.start_byte, found.node.end_byte),
        }
        yield Candidate((edit,), fields, found.scope, check=SAFE, stated=match[1] + (match[2] or ""))


@operator(
    "code.empty-string",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    LANGUAGES,
    "an empty text is returned for {old}",
    ("function f() { return 'x'; }", ("function f() { return ''; }",), "javascript"),
)
def empty_string(program: Program) -> Iterator[Candidate]:
    for found in program.each(tree.RETURN):
        for child in found.node.named_children:
            if child.type in program.dialect.strings and len(program.said(child)) > 2:
                quote = program.said(child)[-1]
                edit = Edit(child.start_byte, child.end_byte, quote * 2)
                fields = {"old": program.short(child, 40)}
                stated = program.said(child)[1:-1]
                yield Candidate((edit,), fields, found.scope, check=SAFE, stated=stated)


@operator(
    "code.change-string",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    LANGUAGES,
    "the text {old} is written '{new}'",
    ('class A { String s = "x"; }', ('class A { String s = "X"; }',), "java"),
    ('package p\nimport "fmt"\nvar s = "Not found"\n', ('package p\nimport "fmt"\nvar s = "not found"\n',), "go"),
)
def change_string(program: Program) -> Iterator[Candidate]:
    for found in program.each(tree.STRING):
        said = program.said(found.node)
        if names_option(program, found.node):
            continue  # Under another name it is not known, which is another operator's.
        if len(said) < 3 or said[-1] not in "\"'`" or OPTION.search(said) or said.endswith('"""'):
            continue
        if any(mark in said for mark in program.dialect.expands):
            continue
        first = re.match(r"[^\"'`]*[\"'`]", said)
        if first is None or "\\" in said or "%" in said:
            continue
        words = said[first.end() : -1]
        if not re.fullmatch(r"[\w .,:;!?'-]*[A-Za-z][\w .,:;!?'-]*", words):
            continue
        new = another_text(words)
        edit = Edit(found.node.start_byte + len(first[0]), found.node.end_byte - 1, new)
        fields = {"old": program.short(found.node, 40), "new": new}
        yield Candidate((edit,), fields, found.scope, check=SAFE, stated=words)
