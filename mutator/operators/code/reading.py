"""What several operators ask of a node: what it calls, whether it guards, whether it may go."""

from __future__ import annotations

import re

from tree_sitter import Node

from mutator.operators.code.dialects import DIALECTS
from mutator.operators.code.tree import Program

LANGUAGES = frozenset(DIALECTS)
SAFE = (0, 0)
"""An edit that cannot break the parse: one token for another of its kind."""
MANY = 12


RELATIONS = {
    "<": ("boundary", "<="), "<=": ("boundary", "<"), ">": ("boundary", ">="), ">=": ("boundary", ">"),
    "==": ("relation", "!="), "!=": ("relation", "=="), "===": ("relation", "!=="), "!==": ("relation", "==="),
    "eq": ("relation", "ne"), "ne": ("relation", "eq"), "lt": ("boundary", "le"), "gt": ("boundary", "ge"),
    "le": ("boundary", "lt"), "ge": ("boundary", "gt"), "=~": ("relation", "!~"), "!~": ("relation", "=~"),
    "+": ("arithmetic", "-"), "-": ("arithmetic", "+"), "*": ("arithmetic", "/"), "/": ("arithmetic", "*"),
    "%": ("arithmetic", "*"), "<<": ("arithmetic", ">>"), ">>": ("arithmetic", "<<"), "**": ("arithmetic", "*"),
    "&&": ("logic", "||"), "||": ("logic", "&&"), "and": ("logic", "or"), "or": ("logic", "and"), "??": ("logic", "&&"),
    "&": ("arithmetic", "|"), "|": ("arithmetic", "&"), "^": ("arithmetic", "&"),
}  # fmt: skip


OPTION = re.compile(r"(?<![\w-])--[A-Za-z][\w-]*")


def statement(node: Node) -> Node:
    """The statement an `if` expression makes up, where the grammar wraps it in one."""
    parent = node.parent
    if parent is not None and parent.type == "expression_statement" and parent.named_child_count == 1:
        return parent
    return node


def branch_of(node: Node) -> tuple[int, int] | None:
    """What happens if the condition holds."""
    body = node.child_by_field_name("consequence") or node.child_by_field_name("body")
    return (body.start_byte, body.end_byte) if body is not None else None


def is_guard(program: Program, node: Node) -> bool:
    if node.parent is not None and node.parent.type in ("else_clause", "else"):
        return False
    if has_else(program, node):
        return False
    body = node.child_by_field_name("consequence") or node.child_by_field_name("body")
    if program.language == "kotlin":
        body = _branches(program, node)[0] if _branches(program, node) else None
    body = body or node.child_by_field_name("block")
    if body is None:
        body = node.named_children[0] if node.type == "postfix_conditional_expression" else None
    return body is not None and _ends(program, body)


def has_else(program: Program, node: Node) -> bool:
    if program.language == "kotlin":
        return len(_branches(program, node)) > 1
    return node.child_by_field_name("alternative") is not None or any(
        child.type in ("else", "elsif", "else_clause") for child in node.named_children
    )


def _branches(program: Program, node: Node) -> list[Node]:
    """Kotlin's grammar names only the condition of an `if`."""
    condition = condition_of(node)
    return [
        child
        for child in node.named_children
        if child.type not in program.dialect.comments and (condition is None or child.id != condition.id)
    ]


def _ends(program: Program, body: Node) -> bool:
    """Whether the last thing a branch does is to leave: the branch then guards what follows it."""
    last = body
    while True:
        if last.type in program.dialect.exits or last.type in program.dialect.raises:
            return True
        if called(program, last) in program.dialect.raising or program.said(last) in ("break", "continue"):
            return True
        children = [child for child in last.named_children if child.type not in program.dialect.comments]
        wrappers = ("block", "statement_block", "compound_statement", "statement_list", "then", "expression_statement")
        if last.type not in wrappers or not children:
            return False
        last = children[-1]


def called(program: Program, node: Node) -> str:
    if node.type not in (
        "call_expression", "call", "method_invocation", "function_call_expression", "macro_invocation",
        "ambiguous_function_call_expression", "invocation_expression", "function_call",
    ):  # fmt: skip
        return ""
    if node.type == "method_invocation":
        owner, name = node.child_by_field_name("object"), node.child_by_field_name("name")
        return f"{program.said(owner)}.{program.said(name)}" if owner and name else ""
    if node.type == "macro_invocation":
        macro = node.child_by_field_name("macro")
        return f"{program.said(macro)}!" if macro else ""
    function = node.child_by_field_name("function") or node.child_by_field_name("method")
    if function is None and program.language == "lua":
        function = node.child_by_field_name("name")
    if function is None and program.language == "kotlin":
        function = node.named_children[0] if node.named_children else None
    return program.said(function) if function is not None else ""


def condition_of(node: Node) -> Node | None:
    return node.child_by_field_name("condition")


def condition_text(program: Program, node: Node) -> str:
    condition = condition_of(node)
    text = program.short(condition) if condition is not None else program.short(node)
    return text[1:-1].strip() if text.startswith("(") and text.endswith(")") else text


def innermost(node: Node) -> Node:
    inner = node
    while inner.type == "expression_statement" and inner.named_child_count:
        inner = inner.named_children[0]
    return inner


def stands_alone(program: Program, node: Node) -> bool:
    """A statement in a list of statements, not an operand or the only thing a brace-less branch has."""
    parent = node.parent
    if parent is None:
        return False
    if program.language == "ruby":
        if parent.type not in ("program", "body_statement", "then", "else", "do", "block_body", "begin", "when"):
            return False
        return not (parent.type == "body_statement" and parent.named_children[-1].id == node.id)
    if program.language == "kotlin" and parent.type == "block" and parent.parent is not None:
        holder = parent.parent
        if holder.type in ("function_body", "for_statement", "while_statement", "do_while_statement"):
            return True
        # The last expression of a branch may be the value of the whole.
        holder = holder.parent if holder.type == "when_entry" and holder.parent is not None else holder
        return parent.named_children[-1].id != node.id or stands_alone(program, holder)
    return parent.type in (
        "program", "statement_block", "block", "statement_list", "compound_statement", "source_file", "switch_case",
        "case_statement", "switch_block_statement_group", "constructor_body", "switch_default", "class_static_block",
        "switch_section", "global_statement", "colon_block", "default_statement", "chunk",
    )  # fmt: skip
