"""The operators on code, the same for every language that has a dialect."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from tree_sitter import Node

from mutator.model import Candidate, Edit, FaultClass, Operator, Tier
from mutator.operators.code import tree
from mutator.operators.code.defaults import early_return
from mutator.operators.code.dialects import DIALECTS
from mutator.operators.code.examples import EXAMPLES
from mutator.operators.code.tree import Program, valid, whole_lines

LANGUAGES = frozenset(DIALECTS)
SAFE = (0, 0)
"""An edit that cannot break the parse: one token for another of its kind."""
MANY = 12


def hollow_function(program: Program) -> Iterator[Candidate]:
    for found in program.each(tree.FUNCTION):
        name = tree.name_of(program, found.node)
        for edit, value in early_return(program, found.node):
            fields = {"name": f"`{name}`" if name else _anonymous(program, found.node), "returns": _returns(value)}
            scope = f"{found.scope}.{name}" if found.scope and name else name or found.scope
            yield Candidate((edit,), fields, scope)


def _returns(value: str) -> str:
    return f" and returns {value}" if value != "nothing" else ""


def _anonymous(program: Program, node: Node) -> str:
    """A function without a name, by what it is given to: a route, an event, a callback."""
    call = (
        node.parent.parent if node.parent is not None and node.parent.type in ("arguments", "argument_list") else None
    )
    callee = _callee(program, call) if call is not None else ""
    if call is None or not callee or "\n" in callee:
        return "an anonymous function"
    given = call.child_by_field_name("arguments")
    first = given.named_children[0] if given is not None and given.named_children else None
    key = program.short(first, 30) if first is not None and first.type in program.dialect.strings else ""
    return f"the function given to `{callee}({key})`" if key else f"the function given to `{callee}()`"


_PASSED_ON = re.compile(r"\w*err\w* != nil|err", re.IGNORECASE)
"""A check that only hands an error on: seldom reached, so seldom worth an early place."""


def drop_guard(program: Program) -> Iterator[Candidate]:
    for found in program.each(tree.IF):
        if _is_guard(program, found.node):
            said = _condition_text(program, found.node)
            tier = Tier.MEDIUM if _PASSED_ON.fullmatch(said) else None
            fields = {"condition": f"not {said}" if "unless" in found.node.type else said}
            yield Candidate((whole_lines(program, _statement(found.node)),), fields, found.scope, tier=tier)


def _statement(node: Node) -> Node:
    """The statement an `if` expression makes up, where the grammar wraps it in one."""
    parent = node.parent
    if parent is not None and parent.type == "expression_statement" and parent.named_child_count == 1:
        return parent
    return node


def _is_guard(program: Program, node: Node) -> bool:
    if node.parent is not None and node.parent.type in ("else_clause", "else"):
        return False
    if node.child_by_field_name("alternative") is not None or any(
        child.type in ("else", "elsif", "else_clause") for child in node.named_children
    ):
        return False
    body = node.child_by_field_name("consequence") or node.child_by_field_name("body")
    body = body or node.child_by_field_name("block")
    if body is None:
        body = node.named_children[0] if node.type == "postfix_conditional_expression" else None
    return body is not None and _ends(program, body)


def _ends(program: Program, body: Node) -> bool:
    """Whether the last thing a branch does is to leave: the branch then guards what follows it."""
    last = body
    while True:
        if last.type in program.dialect.exits or last.type in program.dialect.raises:
            return True
        if _callee(program, last) in program.dialect.raising:
            return True
        children = [child for child in last.named_children if child.type not in program.dialect.comments]
        wrappers = ("block", "statement_block", "compound_statement", "statement_list", "then", "expression_statement")
        if last.type not in wrappers or not children:
            return False
        last = children[-1]


def _callee(program: Program, node: Node) -> str:
    if node.type not in (
        "call_expression", "call", "method_invocation", "function_call_expression", "macro_invocation",
        "ambiguous_function_call_expression",
    ):  # fmt: skip
        return ""
    if node.type == "method_invocation":
        owner, name = node.child_by_field_name("object"), node.child_by_field_name("name")
        return f"{program.said(owner)}.{program.said(name)}" if owner and name else ""
    if node.type == "macro_invocation":
        macro = node.child_by_field_name("macro")
        return f"{program.said(macro)}!" if macro else ""
    function = node.child_by_field_name("function") or node.child_by_field_name("method")
    return program.said(function) if function is not None else ""


def _condition(node: Node) -> Node | None:
    return node.child_by_field_name("condition")


def _condition_text(program: Program, node: Node) -> str:
    condition = _condition(node)
    text = program.short(condition) if condition is not None else program.short(node)
    return text[1:-1].strip() if text.startswith("(") and text.endswith(")") else text


_NOISE = re.compile(
    r"^(?:await\s+)?(?:console\.|log\.|logger\.|logging\.|fmt\.Print|fmt\.Fprint(?:ln|f)?\(os\.Stderr|print(?:ln|f)?\b|"
    r"e?println!|puts\b|System\.(?:out|err)\.|std::c(?:out|err)|warn\b|fprintf\(stderr|perror)"
)


def drop_statement(program: Program) -> Iterator[Candidate]:
    for found in program.each(tree.STATEMENT):
        node, said = found.node, program.said(found.node)
        if not _stands_alone(program, node) or _declares(said) or _is_wrapped_control(node):
            continue
        inner = _inner(node)
        if inner.type in program.dialect.exits or _callee(program, inner) in program.dialect.raising:
            continue
        noise = _NOISE.match(said) is not None
        call = (
            "call" in inner.type or "invocation" in inner.type or inner.type in ("await_expression", "defer_statement")
        )
        tier = Tier.FINE if noise and _is_message(said) else Tier.COARSE if call else Tier.MEDIUM
        yield Candidate((whole_lines(program, node),), {"statement": program.short(node)}, found.scope, tier=tier)


def _inner(node: Node) -> Node:
    inner = node
    while inner.type == "expression_statement" and inner.named_child_count:
        inner = inner.named_children[0]
    return inner


def _is_message(said: str) -> bool:
    return re.search(r"[\"'`]", said) is not None


def _stands_alone(program: Program, node: Node) -> bool:
    """A statement in a list of statements, not an operand or the only thing a brace-less branch has."""
    parent = node.parent
    if parent is None:
        return False
    if program.language == "ruby":
        if parent.type not in ("program", "body_statement", "then", "else", "do", "block_body", "begin", "when"):
            return False
        return not (parent.type == "body_statement" and parent.named_children[-1].id == node.id)
    return parent.type in (
        "program", "statement_block", "block", "statement_list", "compound_statement", "source_file", "switch_case",
        "case_statement", "switch_block_statement_group", "constructor_body", "switch_default", "class_static_block",
    )  # fmt: skip


def _declares(said: str) -> bool:
    return re.match(r"(?:my|our|local|let|const|var|auto)\b|[\"']use strict", said) is not None


def _is_wrapped_control(node: Node) -> bool:
    """Rust wraps if, match and loops in expression statements, Perl wraps statement modifiers."""
    inner = _inner(node)
    return inner.type.startswith(("if_", "match_", "while_", "for_", "loop_", "postfix_", "unsafe_")) or (
        inner.type in ("block", "macro_definition", "string", "string_literal")
    )


_CONDITIONS = {"unless": "if", "if": "unless", "unless_modifier": "if", "if_modifier": "unless"}


def negate_condition(program: Program) -> Iterator[Candidate]:
    for kind in (tree.IF, tree.LOOP, tree.TERNARY):
        for found in program.each(kind):
            condition = _condition(found.node)
            if condition is None or "let_" in condition.type or not program.said(condition).strip():
                continue
            if _compares(program, condition):
                continue  # `relation` says the same in fewer words
            yield Candidate(
                _negation(program, condition), {"condition": _condition_text(program, found.node)}, found.scope
            )


def _compares(program: Program, condition: Node) -> bool:
    """`a == b`, and nothing more."""
    while condition.type.startswith("parenthesized") and condition.named_child_count == 1:
        condition = condition.named_children[0]
    operator = condition.child_by_field_name("operator")
    if operator is None or condition.type not in program.dialect.binaries:
        return False
    return _RELATIONS.get(program.said(operator), ("",))[0] == "relation"


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


def never(program: Program) -> Iterator[Candidate]:
    """An `if` that does something and has no `else`: what it does never happens."""
    for found in program.each(tree.IF):
        node = found.node
        if _is_guard(program, node):
            continue
        if node.child_by_field_name("alternative") is not None or (node.parent and "else" in node.parent.type):
            continue
        if node.type in ("unless", "if_modifier", "unless_modifier") or not _is_statement(program, node):
            continue
        condition = _condition(node)
        if condition is not None and "let_" in condition.type:
            continue
        yield Candidate(
            (whole_lines(program, _statement(node)),), {"condition": _condition_text(program, node)}, found.scope
        )


def _is_statement(program: Program, node: Node) -> bool:
    outer = _statement(node)
    parent = outer.parent
    if parent is None or not (_stands_alone(program, outer) or parent.type == "block"):
        return False
    # The last expression of a Rust or Ruby block is its value.
    if program.language in ("rust", "ruby"):
        return parent.named_children[-1].id != outer.id or outer.type == "expression_statement"
    return True


_RELATIONS = {
    "<": ("boundary", "<="), "<=": ("boundary", "<"), ">": ("boundary", ">="), ">=": ("boundary", ">"),
    "==": ("relation", "!="), "!=": ("relation", "=="), "===": ("relation", "!=="), "!==": ("relation", "==="),
    "eq": ("relation", "ne"), "ne": ("relation", "eq"), "lt": ("boundary", "le"), "gt": ("boundary", "ge"),
    "le": ("boundary", "lt"), "ge": ("boundary", "gt"), "=~": ("relation", "!~"), "!~": ("relation", "=~"),
    "+": ("arithmetic", "-"), "-": ("arithmetic", "+"), "*": ("arithmetic", "/"), "/": ("arithmetic", "*"),
    "%": ("arithmetic", "*"), "<<": ("arithmetic", ">>"), ">>": ("arithmetic", "<<"), "**": ("arithmetic", "*"),
    "&&": ("logic", "||"), "||": ("logic", "&&"), "and": ("logic", "or"), "or": ("logic", "and"), "??": ("logic", "&&"),
    "&": ("arithmetic", "|"), "|": ("arithmetic", "&"), "^": ("arithmetic", "&"),
}  # fmt: skip
_REVERSED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _binaries(program: Program, kind: str) -> Iterator[Candidate]:
    for found in program.each(tree.BINARY):
        operator = found.node.child_by_field_name("operator")
        if operator is None:
            operator = next((child for child in found.node.children if not child.is_named), None)
        if operator is None:
            continue
        said = program.said(operator)
        known = _RELATIONS.get(said)
        if known is None or known[0] != kind:
            continue
        operands = [child for child in found.node.named_children if child.type not in program.dialect.comments]
        if kind == "arithmetic" and any(_is_text(program, operand) for operand in operands):
            continue
        if said in ("<<", ">>") and (program.language in ("cpp", "ruby") or kind != "arithmetic"):
            continue  # streams and appends
        fields = {"old": said, "new": known[1], "expression": program.short(found.node)}
        yield Candidate((Edit(operator.start_byte, operator.end_byte, known[1]),), fields, found.scope, check=SAFE)


def _is_text(program: Program, node: Node) -> bool:
    if node.type in program.dialect.strings or node.type == "template_string":
        return True
    return node.type in program.dialect.binaries and any(_is_text(program, child) for child in node.named_children)


def boundary(program: Program) -> Iterator[Candidate]:
    yield from _binaries(program, "boundary")


def relation(program: Program) -> Iterator[Candidate]:
    yield from _binaries(program, "relation")


def reverse_comparison(program: Program) -> Iterator[Candidate]:
    for candidate in _binaries(program, "boundary"):
        old = candidate.fields["old"]
        if old in _REVERSED:
            edit = candidate.edits[0]
            fields = {**candidate.fields, "new": _REVERSED[old]}
            yield Candidate((Edit(edit.start, edit.end, _REVERSED[old]),), fields, candidate.scope, check=SAFE)


def arithmetic(program: Program) -> Iterator[Candidate]:
    yield from _binaries(program, "arithmetic")


def logic(program: Program) -> Iterator[Candidate]:
    yield from _binaries(program, "logic")


def _entries(program: Program, found: tree.Found) -> tuple[str, tuple[int, int]] | None:
    """Key and value span of an entry of a map literal."""
    node = found.node
    key = node.child_by_field_name("key")
    value = node.child_by_field_name("value")
    children = [child for child in node.named_children if child.type not in program.dialect.comments]
    if len(children) < 2:
        return None
    key = key or children[0]
    value = value or children[-1]
    return program.short(key, 30), (value.start_byte, value.end_byte)


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
                if parent.type not in ("array_expression", "initializer_list") or len(named) < 2:
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


def swap_entries(program: Program) -> Iterator[Candidate]:
    for scope, members in _tables(program):
        for (_, one, first), (_, two, second) in pairwise(members):
            first_text, second_text = program.text[slice(*first)], program.text[slice(*second)]
            if first_text != second_text and _shape(first_text) == _shape(second_text):
                edits = (Edit(*first, second_text), Edit(*second, first_text))
                yield Candidate(edits, {"one": one, "two": two}, scope)


def duplicate_entry(program: Program) -> Iterator[Candidate]:
    for scope, members in _tables(program):
        for (_, one, first), (_, two, second) in pairwise(members):
            first_text, second_text = program.text[slice(*first)], program.text[slice(*second)]
            if first_text != second_text and _shape(first_text) == _shape(second_text):
                yield Candidate((Edit(*second, first_text),), {"one": one, "two": two}, scope)


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
                    yield Candidate((Edit(max(start, 0), end, ""),), {"key": key}, scope)
                    continue
                yield Candidate((Edit(node.start_byte, end, ""),), {"key": key}, scope)
            elif before is not None and program.said(before) == ",":
                yield Candidate((Edit(before.start_byte, node.end_byte, ""),), {"key": key}, scope)


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
    if label is None:
        label = next((child for child in node.named_children if child.type == "switch_label"), None)
        if label is not None and not label.named_children:
            return None
        label = label.named_children[0] if label is not None else None
    if label is None or program.said(label).strip() in ("_", "default"):
        return None
    return label


def drop_raise(program: Program) -> Iterator[Candidate]:
    """An exception or a fatal exit outside a guard (a guard is dropped whole)."""
    seen = [(found.node, found.scope) for found in program.each(tree.RAISE)]
    for found in program.each(tree.STATEMENT):
        inner = _inner(found.node)
        if _callee(program, inner) in program.dialect.raising and _stands_alone(program, found.node):
            seen.append((found.node, found.scope))
    for node, scope in sorted(seen, key=lambda item: item[0].start_byte):
        if node.parent is not None and (
            _stands_alone(program, node) or node.parent.type in ("switch_case", "switch_default")
        ):
            yield Candidate((whole_lines(program, node),), {"statement": program.short(node)}, scope)


_FLAG = re.compile(r"(?<![\w-])--[A-Za-z][\w-]*")
_FLAG_CALLS = re.compile(
    r"(?:flag|pflag|Flags\(\)|PersistentFlags\(\)|fs|flagSet|flags)\.(?:Bool|String|Int|Duration|Float64|Uint)\w*$"
    r"|(?:^|\.|::)(?:long|addOption|GetOptions|getBoolean|has_arg|opt_present|hasOption|boolean|option)$"
)


def missing_flag(program: Program) -> Iterator[Candidate]:
    """The name under which a command-line option is known becomes another: the option is not there any more."""
    for found in program.each(tree.STRING):
        said = program.said(found.node)
        match = _FLAG.search(said)
        if match is not None:
            at = found.node.start_byte + match.end()
            yield Candidate((Edit(at, at, "-off"),), {"flag": match[0]}, found.scope, check=SAFE)
            continue
        bare = said.strip("\"'`")
        if not re.fullmatch(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", bare) or len(said) < len(bare) + 2:
            continue
        if _names_option(program, found.node):
            at = found.node.end_byte - 1
            yield Candidate((Edit(at, at, "-off"),), {"flag": f"--{bare}"}, found.scope, check=SAFE)


def _names_option(program: Program, node: Node) -> bool:
    parent = node.parent
    if parent is None:
        return False
    if parent.type == "initializer_list":  # struct option of getopt_long
        return re.search(r"\b(?:no|required|optional)_argument\b", program.said(parent)) is not None
    call = parent.parent if parent.type in ("argument_list", "arguments") else parent
    if call is None:
        return False
    function = call.child_by_field_name("function") or call.child_by_field_name("method")
    function = function or call.child_by_field_name("name")
    if function is None or _FLAG_CALLS.search(program.said(function)) is None:
        return False
    strings = [child for child in parent.named_children if child.type in program.dialect.strings]
    return bool(strings) and strings[0].id == node.id


def change_number(program: Program) -> Iterator[Candidate]:
    for found in program.each(tree.NUMBER):
        said = program.said(found.node)
        match = re.fullmatch(r"(\d+)(\.\d+)?([A-Za-z_]\w*)?", said)
        if match is None or (match[1].startswith("0") and (len(match[1]) > 1 or match[3])):
            continue
        new = f"{int(match[1]) + 1}{match[2] or ''}{match[3] or ''}"
        edit = Edit(found.node.start_byte, found.node.end_byte, new)
        fields = {
            "old": said,
            "new": new,
            "line": tree.nearby(program.text, found.node.start_byte, found.node.end_byte),
        }
        yield Candidate((edit,), fields, found.scope, check=SAFE)


def flip_boolean(program: Program) -> Iterator[Candidate]:
    for found in program.each(tree.BOOLEAN):
        said = program.said(found.node)
        if said in ("true", "false"):
            new = "false" if said == "true" else "true"
            edit = Edit(found.node.start_byte, found.node.end_byte, new)
            fields = {
                "old": said,
                "new": new,
                "line": tree.nearby(program.text, found.node.start_byte, found.node.end_byte),
            }
            yield Candidate((edit,), fields, found.scope, check=SAFE)


def change_string(program: Program) -> Iterator[Candidate]:
    for found in program.each(tree.STRING):
        said = program.said(found.node)
        if len(said) < 3 or said[-1] not in "\"'`" or _FLAG.search(said) or "${" in said or "#{" in said:
            continue
        at = found.node.end_byte - 1
        fields = {"old": program.short(found.node, 40)}
        yield Candidate((Edit(at, at, "_other"),), fields, found.scope, check=SAFE)


def empty_string(program: Program) -> Iterator[Candidate]:
    for found in program.each(tree.RETURN):
        for child in found.node.named_children:
            if child.type in program.dialect.strings and len(program.said(child)) > 2:
                quote = program.said(child)[-1]
                edit = Edit(child.start_byte, child.end_byte, quote * 2)
                yield Candidate((edit,), {"old": program.short(child, 40)}, found.scope, check=SAFE)


def _operator(name: str, fault: FaultClass, tier: Tier, sentence: str, propose: object) -> Operator:
    assert callable(propose)
    return Operator(f"code.{name}", fault, tier, LANGUAGES, sentence, propose, EXAMPLES[name])


OPERATORS: tuple[Operator, ...] = (
    _operator("missing-flag", FaultClass.MISSING_FLAG, Tier.COARSE, "the option `{flag}` does not exist", missing_flag),
    _operator("drop-guard", FaultClass.NOOP_GUARD, Tier.COARSE, "nothing is refused when `{condition}`", drop_guard),
    _operator(
        "hollow-function",
        FaultClass.HOLLOW_FUNCTION,
        Tier.COARSE,
        "{name} does nothing{returns}",
        hollow_function,
    ),
    _operator(
        "swap-entries",
        FaultClass.SWAPPED_MAPPING,
        Tier.COARSE,
        "{one} and {two} are mapped the wrong way round",
        swap_entries,
    ),
    _operator(
        "duplicate-entry", FaultClass.SWAPPED_MAPPING, Tier.COARSE, "{two} is mapped like {one}", duplicate_entry
    ),
    _operator(
        "swap-cases", FaultClass.SWAPPED_MAPPING, Tier.COARSE, "the cases {one} and {two} are swapped", swap_cases
    ),
    _operator("drop-entry", FaultClass.DROPPED_OUTPUT, Tier.COARSE, "the entry {key} is left out", drop_entry),
    _operator("never", FaultClass.DROPPED_STEP, Tier.COARSE, "what should happen when `{condition}` never does", never),
    _operator("drop-raise", FaultClass.ERROR_HANDLING, Tier.MEDIUM, "`{statement}` does not happen", drop_raise),
    _operator("drop-statement", FaultClass.DROPPED_STEP, Tier.MEDIUM, "`{statement}` is left out", drop_statement),
    _operator(
        "negate-condition",
        FaultClass.WRONG_LOGIC,
        Tier.MEDIUM,
        "`{condition}` is taken the other way round",
        negate_condition,
    ),
    _operator("flip-boolean", FaultClass.WRONG_VALUE, Tier.MEDIUM, "{new} stands for {old} in `{line}`", flip_boolean),
    _operator("boundary", FaultClass.BOUNDARY, Tier.MEDIUM, "`{expression}` compares with {new}", boundary),
    _operator(
        "reverse-comparison",
        FaultClass.WRONG_LOGIC,
        Tier.MEDIUM,
        "`{expression}` compares with {new}",
        reverse_comparison,
    ),
    _operator("relation", FaultClass.WRONG_LOGIC, Tier.MEDIUM, "`{expression}` compares with {new}", relation),
    _operator("logic", FaultClass.WRONG_LOGIC, Tier.MEDIUM, "`{expression}` joins with {new}", logic),
    _operator("arithmetic", FaultClass.ARITHMETIC, Tier.MEDIUM, "`{expression}` computes with {new}", arithmetic),
    _operator(
        "change-number", FaultClass.WRONG_VALUE, Tier.MEDIUM, "{new} stands for {old} in `{line}`", change_number
    ),
    _operator("empty-string", FaultClass.WRONG_VALUE, Tier.MEDIUM, "an empty text is returned for {old}", empty_string),
    _operator("change-string", FaultClass.WRONG_VALUE, Tier.FINE, "another text stands for {old}", change_string),
)


class Code:
    name = "code"
    languages = LANGUAGES
    operators = OPERATORS

    def parse(self, text: str, language: str) -> Program | None:
        return tree.parse(text, language)

    def valid(self, tree: Program, candidate: Candidate) -> bool:
        return valid(tree, candidate)


FAMILY = Code()
