"""Assertions of JavaScript and TypeScript tests that are too lenient. Only leads, like those of Python."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from harness.testcode.assertions.lead import Lead, LeadKind, TestFunction
from mutator.operators.code.dialects import parser
from mutator.operators.twin import ascii_twin

_TESTS = re.compile(r"^(?:it|test|specify|Deno\.test)(?:\.only|\.concurrent|\.each\b.*)?$", re.DOTALL)
_SKIPPED = re.compile(
    r"^(?:xit|xtest|xdescribe|(?:it|test|describe)\.(?:skip|todo|skipIf|failing|fixme)\b.*)$", re.DOTALL
)
_ASSERTS = re.compile(
    r"\b(?:expect|assert\w*|should|strictEqual|deepEqual|deepStrictEqual|throws|rejects|fail)\s*[(.]|\bt\.\w+\("
)
_THROWS = re.compile(r"\bthrow\b|process\.exit\(|\bfail\(")
_CHAIN = re.compile(r"^expect\((?P<what>.*)\)\s*\.(?P<how>not\.)?(?P<to>\w+)\((?P<wanted>.*)\)$", re.DOTALL)
_OUTPUT = re.compile(r"stdout|stderr|output|\btext\b|\bbody\b|\bhtml\b|\blogs?\b|content", re.IGNORECASE)
_CONSTANT = re.compile(r"^(?:true|false|\d+(?:\.\d+)?|'[^']*'|\"[^\"]*\")$")

Raw = tuple[LeadKind, int, str]


def read_javascript_tests(file: str, text: str) -> list[TestFunction]:
    """Every `it` and `test`; for a script without them, the script itself."""
    root = parser("typescript" if file.endswith("ts") else "javascript").parse(ascii_twin(text)).root_node
    found: list[TestFunction] = []
    for node in _every(root):
        if node.type != "call_expression":
            continue
        callee = _callee(text, node)
        arguments = _arguments(node)
        name = text[arguments[0].start_byte + 1 : arguments[0].end_byte - 1] if arguments else ""
        if _SKIPPED.match(callee) and arguments:
            raw: list[Raw] = [(LeadKind.SKIPS, node.start_byte, f"{callee}({name!r}, ...)")]
            found.append(_test(file, text, name, node, raw))
        elif _TESTS.match(callee) and len(arguments) > 1 and arguments[-1].type in _FUNCTIONS:
            found.append(_test(file, text, name, node, list(_leads(text, arguments[-1]))))
    if not found and _ASSERTS.search(text):
        found.append(_test(file, text, file.rsplit("/", 1)[-1], root, list(_leads(text, root))))
    return found


def _test(file: str, text: str, name: str, node: Node, raws: list[Raw]) -> TestFunction:
    leads = dict.fromkeys(
        Lead(kind, file, text.count("\n", 0, at) + 1, name, " ".join(code.split())[:120]) for kind, at, code in raws
    )
    line = text.count("\n", 0, node.start_byte) + 1
    return TestFunction(file, name, line, text[node.start_byte : node.end_byte], tuple(leads))


_FUNCTIONS = frozenset({"arrow_function", "function_expression", "function"})


def _leads(text: str, body: Node) -> Iterator[Raw]:
    source = text[body.start_byte : body.end_byte]
    if not _ASSERTS.search(source) and not _THROWS.search(source):
        yield LeadKind.NO_ASSERTION, body.start_byte, ""
    expects: list[tuple[Node, re.Match[str]]] = []
    for node in _every(body):
        code = text[node.start_byte : node.end_byte]
        if node.type == "call_expression":
            match = _CHAIN.match(code)
            if match is not None:
                expects.append((node, match))
                kind = _of_expect(match)
                if kind is not None:
                    yield kind, node.start_byte, code
            elif re.match(r"assert(?:\.ok)?\(\s*(?:true|1)\s*[,)]", code):
                yield LeadKind.ALWAYS_TRUE, node.start_byte, code
            elif re.match(r"(?:this|t|ctx)\.skip\(", code):
                yield LeadKind.SKIPS, node.start_byte, code
        elif node.type == "try_statement" and _swallows(text, node):
            yield LeadKind.SWALLOWED, node.start_byte, "try { ... } catch { }"
        elif node.type == "if_statement":
            branch = node.child_by_field_name("consequence")
            inner = text[branch.start_byte : branch.end_byte] if branch is not None else ""
            if re.fullmatch(r"\{?\s*(?:console\.\w+\([^;]*\);?\s*)?return\s*;?\s*\}?", inner):
                yield LeadKind.SKIPS, node.start_byte, code
    if expects and not re.search(r"\bassert\w*\s*[(.]", source) and all(_existence(match) for _, match in expects):
        first, match = expects[0]
        yield LeadKind.EXISTENCE_ONLY, first.start_byte, match[0]


def _of_expect(match: re.Match[str]) -> LeadKind | None:
    what, to, wanted = match["what"].strip(), match["to"], match["wanted"].strip()
    if match["how"]:
        return None
    if _CONSTANT.match(what) and to in ("toBe", "toEqual", "toBeTruthy", "toBeDefined", "toStrictEqual"):
        return LeadKind.ALWAYS_TRUE
    listed = re.fullmatch(r"\[([\d\s,]+)\]", what)
    if listed and to in ("toContain", "toContainEqual", "toInclude"):
        numbers = [int(number) for number in re.findall(r"\d+", listed[1])]
        if any(number < 400 for number in numbers) and any(400 <= number < 600 for number in numbers):
            return LeadKind.LENIENT_STATUS
    if to in ("toBe", "toEqual", "toBeTruthy") and "||" in what:
        statuses = [int(number) for number in re.findall(r"===?\s*(\d{3})\b", what)]
        if any(number < 400 for number in statuses) and any(number >= 400 for number in statuses):
            return LeadKind.LENIENT_STATUS
        if len(re.findall(r"\.(?:includes|match|test|indexOf)\(", what)) > 1:
            return LeadKind.EITHER_SUBSTRING
    if to == "toMatch" and re.match(r"/.*\w\|\w.*/", wanted):
        return LeadKind.EITHER_SUBSTRING
    if (
        to in ("toContain", "toMatch", "toInclude")
        and _OUTPUT.search(what)
        and re.match(r"['\"/][\w :.-]+['\"/]i?$", wanted)
    ):
        return LeadKind.LOOSE_SUBSTRING
    if to == "toBeCloseTo" and re.search(r",\s*(?:0|-\d+)$", wanted):
        return LeadKind.WIDE_TOLERANCE
    return None


def _existence(match: re.Match[str]) -> bool:
    to, what = match["to"], match["what"]
    if to in ("toBeDefined", "toBeTruthy") or (match["how"] and to in ("toBeNull", "toBeUndefined")):
        return not re.search(r"[<>=]=?|\.(?:includes|test|match|every|some)\(", what)
    return to in ("toBe", "toEqual") and re.search(r"\b(?:existsSync|isFile|isDirectory)\(", what) is not None


def _swallows(text: str, node: Node) -> bool:
    body, handler = node.child_by_field_name("body"), node.child_by_field_name("handler")
    if body is None or handler is None or not _ASSERTS.search(text[body.start_byte : body.end_byte]):
        return False
    caught = text[handler.start_byte : handler.end_byte]
    return not _ASSERTS.search(caught) and not _THROWS.search(caught)


def _callee(text: str, node: Node) -> str:
    function = node.child_by_field_name("function")
    return text[function.start_byte : function.end_byte] if function is not None else ""


def _arguments(node: Node) -> list[Node]:
    found = node.child_by_field_name("arguments")
    return [child for child in found.named_children if child.type != "comment"] if found is not None else []


def _every(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack += reversed(node.named_children)
