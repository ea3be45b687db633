"""What a program does and when: statements left out, conditions turned round."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from mutator.model import Candidate, Edit, FaultClass, Tier
from mutator.operators.code import tree
from mutator.operators.code.reading import (
    LANGUAGES,
    RELATIONS,
    branch_of,
    called,
    condition_of,
    condition_text,
    has_else,
    innermost,
    is_guard,
    stands_alone,
    statement,
)
from mutator.operators.code.tree import Program, whole_lines
from mutator.operators.define import operator


@operator(
    "code.never",
    FaultClass.DROPPED_STEP,
    Tier.COARSE,
    LANGUAGES,
    "what should happen when `{condition}` never does",
    (
        "function f(dry) {\n  if (dry) {\n    log(1);\n  }\n  go();\n}\n",
        ("function f(dry) {\n  go();\n}\n",),
        "javascript",
    ),
    ("package p\nfunc f() {\n\tif dry {\n\t\tx()\n\t}\n\ty()\n}\n", ("package p\nfunc f() {\n\ty()\n}\n",), "go"),
    ("void f(void) {\n  if (v) x();\n  y();\n}\n", ("void f(void) {\n  y();\n}\n",), "c"),
    (
        "fun f() {\n  if (v) x()\n  val a = if (v) 1 else 2\n}\n",
        ("fun f() {\n  val a = if (v) 1 else 2\n}\n",),
        "kotlin",
    ),
    ("sub f { if ($v) { x(); }\n z(); }\n", ("sub f { \n z(); }\n",), "perl"),
)
def never(program: Program) -> Iterator[Candidate]:
    """An `if` that does something and has no `else`: what it does never happens."""
    for found in program.each(tree.IF):
        node = found.node
        if is_guard(program, node):
            continue
        if has_else(program, node) or (node.parent and "else" in node.parent.type):
            continue
        if node.type in ("unless", "if_modifier", "unless_modifier") or not _is_statement(program, node):
            continue
        condition = condition_of(node)
        if condition is not None and "let_" in condition.type:
            continue
        fields = {"condition": condition_text(program, node)}
        gone = whole_lines(program, statement(node))
        yield Candidate((gone,), fields, found.scope, stills=branch_of(node))


def _is_statement(program: Program, node: Node) -> bool:
    outer = statement(node)
    parent = outer.parent
    if program.language == "kotlin":
        return stands_alone(program, outer)
    if parent is None or not (stands_alone(program, outer) or parent.type == "block"):
        return False
    # The last expression of a Rust or Ruby block is its value.
    if program.language in ("rust", "ruby"):
        return parent.named_children[-1].id != outer.id or outer.type == "expression_statement"
    return True


@operator(
    "code.drop-raise",
    FaultClass.ERROR_HANDLING,
    Tier.MEDIUM,
    LANGUAGES,
    "`{statement}` does not happen",
    (
        "function f() {\n  try { a(); } catch (e) {\n    throw e;\n  }\n}\n",
        ("function f() {\n  try { a(); } catch (e) {\n  }\n}\n",),
        "javascript",
    ),
    ("package p\nfunc f() {\n\tpanic(1)\n}\n", ("package p\nfunc f() {\n}\n",), "go"),
    ("class A { void f() { throw new E(); } }", ("class A { void f() {  } }",), "java"),
)
def drop_raise(program: Program) -> Iterator[Candidate]:
    """An exception or a fatal exit outside a guard (a guard is dropped whole)."""
    seen = [(found.node, found.scope) for found in program.each(tree.RAISE)]
    for found in program.each(tree.STATEMENT):
        inner = innermost(found.node)
        if called(program, inner) in program.dialect.raising and stands_alone(program, found.node):
            seen.append((found.node, found.scope))
    for node, scope in sorted(seen, key=lambda item: item[0].start_byte):
        if node.parent is not None and (
            stands_alone(program, node) or node.parent.type in ("switch_case", "switch_default")
        ):
            yield Candidate((whole_lines(program, node),), {"statement": program.short(node)}, scope)


_NOISE = re.compile(
    r"^(?:await\s+)?(?:console\.|log\.|logger\.|logging\.|fmt\.Print|fmt\.Fprint(?:ln|f)?\(os\.Stderr|print(?:ln|f)?\b|"
    r"e?println!|puts\b|System\.(?:out|err)\.|Console\.|Debug\.|error_log\(|io\.stderr|std::c(?:out|err)|warn\b|fprintf\(stderr|perror)"
)


@operator(
    "code.drop-statement",
    FaultClass.DROPPED_STEP,
    Tier.MEDIUM,
    LANGUAGES,
    "`{statement}` is left out",
    (
        "function f() {\n  a.b(1);\n  x = 2;\n  console.log('hi');\n}\n",
        (
            "function f() {\n  x = 2;\n  console.log('hi');\n}\n",
            "function f() {\n  a.b(1);\n  console.log('hi');\n}\n",
            "function f() {\n  a.b(1);\n  x = 2;\n}\n",
        ),
        "javascript",
    ),
    (
        "package p\nfunc f() {\n\tdefer mu.Unlock()\n\ts.x = 1\n\tn++\n}\n",
        (
            "package p\nfunc f() {\n\ts.x = 1\n\tn++\n}\n",
            "package p\nfunc f() {\n\tdefer mu.Unlock()\n\tn++\n}\n",
            "package p\nfunc f() {\n\tdefer mu.Unlock()\n\ts.x = 1\n}\n",
        ),
        "go",
    ),
    (
        "fn f() {\n    v.push(1);\n    x = 2;\n    go()\n}\n",
        ("fn f() {\n    x = 2;\n    go()\n}\n", "fn f() {\n    v.push(1);\n    go()\n}\n"),
        "rust",
    ),
    ("void f(void) { a(1); x = 2; }", ("void f(void) {  x = 2; }", "void f(void) { a(1);  }"), "c"),
    (
        "class A { void f() { a(); x = 2; } }",
        ("class A { void f() {  x = 2; } }", "class A { void f() { a();  } }"),
        "java",
    ),
    ("def f\n  a(1)\n  x = 2\n  x\nend\n", ("def f\n  x = 2\n  x\nend\n", "def f\n  a(1)\n  x\nend\n"), "ruby"),
    (
        "sub f { a(1); my $y = 2; $x = 2; }\n",
        ("sub f {  my $y = 2; $x = 2; }\n", "sub f { a(1); my $y = 2;  }\n"),
        "perl",
    ),
)
def drop_statement(program: Program) -> Iterator[Candidate]:
    for found in program.each(tree.STATEMENT):
        node, said = found.node, program.said(found.node)
        if not stands_alone(program, node) or _declares(said) or _is_wrapped_control(node):
            continue
        inner = innermost(node)
        if inner.type in program.dialect.exits or called(program, inner) in program.dialect.raising:
            continue
        noise = _NOISE.match(said) is not None
        call = (
            "call" in inner.type or "invocation" in inner.type or inner.type in ("await_expression", "defer_statement")
        )
        tier = Tier.FINE if noise and _is_message(said) else Tier.COARSE if call else Tier.MEDIUM
        yield Candidate((whole_lines(program, node),), {"statement": program.short(node)}, found.scope, tier=tier)


def _is_message(said: str) -> bool:
    return re.search(r"[\"'`]", said) is not None


def _declares(said: str) -> bool:
    return re.match(r"(?:my|our|local|let|const|var|auto)\b|[\"']use strict", said) is not None


def _is_wrapped_control(node: Node) -> bool:
    """Rust wraps if, match and loops in expression statements, Perl wraps statement modifiers."""
    inner = innermost(node)
    return inner.type.startswith(("if_", "match_", "while_", "for_", "loop_", "postfix_", "unsafe_")) or (
        inner.type in ("block", "macro_definition", "string", "string_literal")
    )


@operator(
    "code.negate-condition",
    FaultClass.WRONG_LOGIC,
    Tier.FINE,
    LANGUAGES,
    "`{condition}` is taken the other way round",
    ("if (a > 1) x(); else y();", ("if (!(a > 1)) x(); else y();",), "javascript"),
    ("while (!done) x();", ("while (done) x();",), "javascript"),
    ("package p\nfunc f() { if a > 1 { x() } }\n", ("package p\nfunc f() { if !(a > 1) { x() } }\n",), "go"),
    (
        "fn f() { if a > 1 { x() } if let Some(b) = c { y() } }",
        ("fn f() { if !(a > 1) { x() } if let Some(b) = c { y() } }",),
        "rust",
    ),
    ("int f(void) { return a ? 1 : 2; }", ("int f(void) { return !(a) ? 1 : 2; }",), "c"),
    ("x if a > 1\n", ("x if !(a > 1)\n",), "ruby"),
    ("if ($a) { x(); }\n", ("if (!($a)) { x(); }\n",), "perl"),
)
def negate_condition(program: Program) -> Iterator[Candidate]:
    for kind in (tree.IF, tree.LOOP, tree.TERNARY):
        for found in program.each(kind):
            condition = condition_of(found.node)
            if condition is None or "let_" in condition.type or not program.said(condition).strip():
                continue
            if _compares(program, condition):
                continue  # `relation` says the same in fewer words
            fields = {"condition": condition_text(program, found.node)}
            yield Candidate(_negation(program, condition), fields, found.scope)


def _compares(program: Program, condition: Node) -> bool:
    """`a == b`, and nothing more."""
    while condition.type.startswith("parenthesized") and condition.named_child_count == 1:
        condition = condition.named_children[0]
    operator = condition.child_by_field_name("operator")
    if operator is None or condition.type not in program.dialect.binaries:
        return False
    said = program.said(operator)
    return (program.dialect.relations.get(said) or RELATIONS.get(said, ("", "")))[0] == "relation"


def _negation(program: Program, condition: Node) -> tuple[Edit, ...]:
    start, end = condition.start_byte, condition.end_byte
    if program.text[start] == "(" and program.text[end - 1] == ")":
        start, end = start + 1, end - 1
    said = program.text[start:end]
    bare = said.strip()
    if bare.startswith("!") and not bare.startswith("!=") and re.fullmatch(r"![\w.$@%]+(?:\([^()]*\))?", bare):
        at = start + said.index("!")
        return (Edit(at, at + 1, ""),)
    before, after = program.dialect.negation
    return (Edit(start, start, before), Edit(end, end, after))
