"""What a program maps to what: entries and cases left out or mixed up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from tree_sitter import Node

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.code import tree
from mutator.operators.code.reading import LANGUAGES, MANY
from mutator.operators.code.tree import Program
from mutator.operators.define import operator


def _entries(program: Program, found: tree.Found) -> tuple[str, tuple[int, int]] | None:
    """Key and value span of an entry of a map literal."""
    node = found.node
    key = node.child_by_field_name("key")
    value = node.child_by_field_name("value")
    children = [child for child in node.named_children if child.type not in program.dialect.comments]
    if program.language == "kotlin":  # `a to b`, given to mapOf
        inner = children[0] if len(children) == 1 and children[0].type == "infix_expression" else None
        children = inner.named_children if inner is not None and len(inner.named_children) == 3 else []
        if len(children) != 3 or program.said(children[1]) != "to":
            return None
    if len(children) < 2 or (node.type == "assignment_expression" and not _initializes(node)):
        return None
    key = key or children[0]
    value = value or children[-1]
    return program.short(key, 30), (value.start_byte, value.end_byte)


_LISTS = frozenset({"array_expression", "initializer_list", "initializer_expression"})


def _initializes(node: Node) -> bool:
    """`["a"] = 1` and `A = 1` of C# are entries only within the braces that a new object is followed by."""
    return node.parent is not None and node.parent.type == "initializer_expression"


def _tables(program: Program) -> Iterator[tuple[str, list[tuple[tree.Found, str, tuple[int, int]]]]]:
    """Literals that map several keys to values: map literals, and lists of pairs."""
    groups: dict[int, list[tuple[tree.Found, str, tuple[int, int]]]] = {}
    for kind in (tree.PAIR, tree.ROW):
        for found in program.each(kind):
            parent = found.node.parent
            if parent is None:
                continue
            if kind == tree.ROW:
                named = found.node.named_children
                if parent.type not in _LISTS or len(named) < 2:
                    continue
                if named[0].type not in program.dialect.strings | program.dialect.numbers | {"char_literal"}:
                    continue
            entry = _entries(program, found)
            if entry is not None:
                groups.setdefault(parent.id, []).append((found, *entry))
    for members in groups.values():
        if len(members) > 1:
            yield members[0][0].scope, members[:MANY]


def _shape(value: str) -> str:
    """What kind of value it is: entries of a record, unlike those of a mapping, differ in it and cannot be mixed up."""
    if value[:1] in "\"'`":
        return "text"
    if re.fullmatch(r"[-+]?[\d.][\w.]*", value):
        return "number"
    if re.fullmatch(r"true|false", value, re.IGNORECASE):
        return "truth"
    if re.fullmatch(r"[$@%&*:]*\w+(?:(?:\.|::|->)\w+)*", value):
        return "name"
    return re.split(r"[({]", value, maxsplit=1)[0].strip() if value[:1] not in "[{(" else value[:1]


_TYPED = frozenset({"go", "c", "cpp", "java", "rust", "typescript"})


def _tier(program: Program, value: str) -> Tier | None:
    """Names may be of unlike types, and then nothing is built."""
    return Tier.FINE if _shape(value) == "name" and program.language in _TYPED else None


@operator(
    "code.swap-entries",
    FaultClass.SWAPPED_MAPPING,
    Tier.COARSE,
    LANGUAGES,
    "{one} and {two} are mapped the wrong way round",
    ("const m = {U: [0, 1], D: [1, 0]};", ("const m = {U: [1, 0], D: [0, 1]};",), "javascript"),
    (
        'package p\nvar m = map[string]int{"a": 1, "b": 2}\n',
        ('package p\nvar m = map[string]int{"a": 2, "b": 1}\n',),
        "go",
    ),
    ('let m = [("a", 1), ("b", 2)];', ('let m = [("a", 2), ("b", 1)];',), "rust"),
    ('val m = mapOf("a" to 1, "b" to 2)\n', ('val m = mapOf("a" to 2, "b" to 1)\n',), "kotlin"),
    ('var m = new D { ["a"] = 1, ["b"] = 2 };', ('var m = new D { ["a"] = 2, ["b"] = 1 };',), "csharp"),
    ('$m = ["a" => 1, "b" => 2];', ('$m = ["a" => 2, "b" => 1];',), "php"),
    ('m = {a = 1, ["b"] = 2}', ('m = {a = 2, ["b"] = 1}',), "lua"),
    ("std::map<char, int> m = {{'a', 1}, {'b', 2}};", ("std::map<char, int> m = {{'a', 2}, {'b', 1}};",), "cpp"),
    ("m = { 'a' => 1, b: 2 }\n", ("m = { 'a' => 2, b: 1 }\n",), "ruby"),
)
def swap_entries(program: Program) -> Iterator[Candidate]:
    for scope, members in _tables(program):
        for (_, one, first), (_, two, second) in pairwise(members):
            first_text, second_text = program.text[slice(*first)], program.text[slice(*second)]
            if first_text != second_text and _shape(first_text) == _shape(second_text):
                edits = (Edit(*first, second_text), Edit(*second, first_text))
                yield Candidate(edits, {"one": one, "two": two}, scope, tier=_tier(program, first_text))


@operator(
    "code.duplicate-entry",
    FaultClass.SWAPPED_MAPPING,
    Tier.COARSE,
    LANGUAGES,
    "{two} is mapped like {one}",
    ("const m = {U: [0, 1], D: [1, 0]};", ("const m = {U: [0, 1], D: [0, 1]};",), "javascript"),
)
def duplicate_entry(program: Program) -> Iterator[Candidate]:
    for scope, members in _tables(program):
        for (_, one, first), (_, two, second) in pairwise(members):
            first_text, second_text = program.text[slice(*first)], program.text[slice(*second)]
            if first_text != second_text and _shape(first_text) == _shape(second_text):
                fields = {"one": one, "two": two}
                yield Candidate((Edit(*second, first_text),), fields, scope, tier=_tier(program, first_text))


@operator(
    "code.swap-cases",
    FaultClass.SWAPPED_MAPPING,
    Tier.COARSE,
    LANGUAGES,
    "the cases {one} and {two} are swapped",
    (
        "switch (a) { case 'u': x(); break; case 'd': y(); break; default: z(); }",
        ("switch (a) { case 'd': x(); break; case 'u': y(); break; default: z(); }",),
        "javascript",
    ),
    (
        "package p\nfunc f() { switch a { case 1: x()\n case 2: y() } }\n",
        ("package p\nfunc f() { switch a { case 2: x()\n case 1: y() } }\n",),
        "go",
    ),
    (
        "fn f() { match a { 'u' => x(), 'd' => y(), _ => z() } }",
        ("fn f() { match a { 'd' => x(), 'u' => y(), _ => z() } }",),
        "rust",
    ),
    (
        "class A { void f() { switch (a) { case 1: x(); break; case 2: y(); break; } } }",
        ("class A { void f() { switch (a) { case 2: x(); break; case 1: y(); break; } } }",),
        "java",
    ),
    (
        "void f(void) { switch (a) { case 'u': x(); break; case 'd': y(); } }",
        ("void f(void) { switch (a) { case 'd': x(); break; case 'u': y(); } }",),
        "c",
    ),
    ("case a\nwhen 1 then x\nwhen 2 then y\nend\n", ("case a\nwhen 2 then x\nwhen 1 then y\nend\n",), "ruby"),
)
def swap_cases(program: Program) -> Iterator[Candidate]:
    groups: dict[int, list[tree.Found]] = {}
    for found in program.each(tree.CASE):
        if found.node.parent is not None:
            groups.setdefault(found.node.parent.id, []).append(found)
    for members in groups.values():
        labelled = [(member, label) for member in members if (label := _label(program, member.node)) is not None]
        for (first, one), (_, two) in list(pairwise(labelled))[:MANY]:
            one_text, two_text = program.said(one), program.said(two)
            if one_text != two_text and not (program.language == "rust" and _binds(one_text + two_text)):
                edits = (Edit(one.start_byte, one.end_byte, two_text), Edit(two.start_byte, two.end_byte, one_text))
                fields = {"one": program.short(one, 30), "two": program.short(two, 30)}
                yield Candidate(edits, fields, first.scope)


def _binds(pattern: str) -> bool:
    """A pattern of Rust that gives names to what it matches: nothing else fits its arm."""
    return (
        re.search(r"[({@]", pattern) is not None
        or re.search(r"(?<![\w:\"'])[a-z_]\w*(?![\w:\"'])", pattern) is not None
    )


def _label(program: Program, node: Node) -> Node | None:
    label = node.child_by_field_name("value") if node.type != "match_arm" else node.child_by_field_name("pattern")
    if label is None:
        label = node.child_by_field_name("pattern")
    if label is None:  # Kotlin, PHP and C#
        label = node.child_by_field_name("condition") or node.child_by_field_name("conditional_expressions")
    if label is None and node.type in ("switch_section", "switch_expression_arm"):
        return next((child for child in node.named_children if child.type == "constant_pattern"), None)
    if label is None:
        label = next((child for child in node.named_children if child.type == "switch_label"), None)
        if label is not None and not label.named_children:
            return None
        label = label.named_children[0] if label is not None else None
    if label is None or program.said(label).strip() in ("_", "default"):
        return None
    return label


@operator(
    "code.drop-entry",
    FaultClass.DROPPED_OUTPUT,
    Tier.COARSE,
    LANGUAGES,
    "the entry {key} is left out",
    ("const m = {\n  a: 1,\n  b: 2,\n};\n", ("const m = {\n  b: 2,\n};\n", "const m = {\n  a: 1,\n};\n"), "javascript"),
    ("f({a: 1, b: 2});", ("f({b: 2});", "f({a: 1});"), "javascript"),
    ('let m = [("a", 1), ("b", 2)];', ('let m = [("b", 2)];', 'let m = [("a", 1)];'), "rust"),
)
def drop_entry(program: Program) -> Iterator[Candidate]:
    for scope, members in _tables(program):
        for found, key, _ in members:
            node = found.node
            after = node.next_sibling
            before = node.prev_sibling
            if after is not None and program.said(after) == ",":
                following = after.next_sibling
                end = after.end_byte
                if following is not None and "\n" not in program.text[end : following.start_byte]:
                    end = following.start_byte if following.is_named else end
                elif not program.text[program.text.rfind("\n", 0, node.start_byte) + 1 : node.start_byte].strip():
                    start = program.text.rfind("\n", 0, node.start_byte)
                    yield Candidate((Edit(max(start, 0), end, ""),), {"key": key}, scope, stated=key)
                    continue
                yield Candidate((Edit(node.start_byte, end, ""),), {"key": key}, scope, stated=key)
            elif before is not None and program.said(before) == ",":
                yield Candidate((Edit(before.start_byte, node.end_byte, ""),), {"key": key}, scope, stated=key)
