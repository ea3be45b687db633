"""The demands of JavaScript and TypeScript tests: files read or required, programs run, URLs requested, properties."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from tree_sitter import Node

from harness.testcode.demands import words
from harness.testcode.demands.model import Demand, DemandKind, Reading, Unread
from mutator.operators.code.dialects import parser
from mutator.operators.twin import ascii_twin

_WRITES = re.compile(r"^(?:write|append|mkdir|rm|unlink|copyFile|cp|symlink|rename|chmod|truncate|mkdtemp)")
_READS = re.compile(r"^(?:read|exists|stat|lstat|access|open|createReadStream|readdir|require|import|resolve)")
_RUNS = re.compile(r"^(?:exec|execSync|execFile|execFileSync|spawn|spawnSync|fork|\$)$")
_ASKS = re.compile(r"^(?:fetch|get|post|put|delete|patch|request|goto|head|axios)$")
_STATUS = re.compile(r"(?:status|statusCode|exitCode|code)$")
_SAYS = re.compile(r"^(?:log|error|warn|describe|it|test|beforeAll|beforeEach|afterAll|afterEach|fail|skip)$")


def read_javascript(file: str, text: str) -> Reading | Unread:
    language = "typescript" if file.endswith("ts") else "javascript"
    tree = parser(language).parse(ascii_twin(text))
    root = tree.root_node
    if root.has_error and sum(child.is_error for child in root.children) > 5 + text.count("\n") // 20:
        return Unread(file, f"not {language}")
    reader = _Reader(file, text)
    reader.collect(root)
    reader.walk(root)
    return Reading(tuple(one for one in reader.found if one.text not in reader.written), frozenset(reader.given))


class _Reader:
    def __init__(self, file: str, text: str) -> None:
        self.file, self.text = file, text
        self.lines = text.splitlines()
        self.constants: dict[str, str] = {}
        self.found: list[Demand] = []
        self.given: set[str] = set()
        self.written: set[str] = set()

    def text_of(self, node: Node) -> str:
        return self.text[node.start_byte : node.end_byte]

    def collect(self, root: Node) -> None:
        """Constants of the file: `const OUT = path.join('/app', 'out')`."""
        for node in _every(root):
            if node.type == "variable_declarator":
                name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
                text = self.value(value) if value is not None else None
                if name is not None and name.type == "identifier" and text is not None and "\0" not in text:
                    self.constants.setdefault(self.text_of(name), text)

    def value(self, node: Node, depth: int = 0) -> str | None:
        """A text, with a NUL for parts that are only known when the test runs; None if it is not a text."""
        if depth > 20:
            return None
        kind = node.type
        if kind == "string":
            return self.text_of(node)[1:-1]
        if kind == "number":
            return self.text_of(node)
        if kind == "identifier":
            return self.constants.get(self.text_of(node))
        if kind == "template_string":
            parts: list[str] = []
            at = node.start_byte + 1
            for child in node.named_children:
                if child.type == "template_substitution":
                    inner = self.value(child.named_children[0], depth + 1) if child.named_children else None
                    parts += (self.text[at : child.start_byte], inner if inner is not None else "\0")
                    at = child.end_byte
            return "".join([*parts, self.text[at : node.end_byte - 1]])
        if kind == "binary_expression":
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            operator = node.child_by_field_name("operator")
            if left is None or right is None or operator is None or self.text_of(operator) != "+":
                return None
            both = self.value(left, depth + 1), self.value(right, depth + 1)
            return None if both == (None, None) else "".join(one if one is not None else "\0" for one in both)
        if kind == "call_expression" and re.search(r"\b(?:join|resolve)$", self._callee(node)):
            values = [self.value(one, depth + 1) for one in _arguments(node)]
            if values and values[0] is not None and "path" in self._callee(node):
                return posixpath.join(*(one if one is not None else "\0" for one in values))
        return None

    def _callee(self, node: Node) -> str:
        function = node.child_by_field_name("function")
        return self.text_of(function) if function is not None else ""

    def walk(self, root: Node) -> None:
        stack: list[tuple[Node, str, bool]] = [(root, "", False)]
        while stack:
            node, test, negated = stack.pop()
            if node.type == "call_expression":
                callee = self._callee(node)
                name = re.split(r"[.?\s]", callee)[-1]
                arguments = _arguments(node)
                if name in ("it", "test") and arguments:
                    test = self.value(arguments[0]) or test
                negated = negated or ".not." in callee
                for kind, text in self._demands(node, callee, name, arguments) if not negated else ():
                    line = self.text.count("\n", 0, node.start_byte) + 1
                    code = " ".join(self.lines[line - 1].split())[:160] if line <= len(self.lines) else ""
                    self.found.append(Demand(kind, text, self.file, line, test, code))
                if name not in ("toBe", "toEqual", "toContain", "toMatch", "equal", "strictEqual"):
                    self._give(arguments)
            elif node.type == "unary_expression" and self.text_of(node).startswith("!"):
                negated = True
            stack += [(child, test, negated) for child in reversed(node.named_children)]

    def _demands(self, node: Node, callee: str, name: str, arguments: list[Node]) -> Iterator[words.Found]:
        texts = [text for one in arguments if (text := self.value(one)) is not None]
        if _SAYS.match(name):
            return
        if _WRITES.match(name):
            self.written.update(texts[-1:] if name.startswith(("copy", "cp", "rename", "symlink")) else texts[:1])
            return
        if _RUNS.match(name) and texts:
            listed = next((one for one in arguments if one.type == "array"), None)
            if listed is not None:
                values = [self.value(one) for one in listed.named_children]
                yield from words.arguments([texts[0], *(one if one is not None else "\0" for one in values)])
            else:
                yield from words.command_line(texts[0])
            return
        if _READS.match(name) or callee in ("require", "import"):
            for text in texts:
                found = words.path(text)
                if found is not None:
                    yield found
        if _ASKS.match(name):
            for text in texts[:1]:
                yield from words.url(text)
        if name == "toHaveProperty" and texts and re.fullmatch(r"[A-Za-z_][\w-]*", texts[0]):
            yield DemandKind.KEY, texts[0]
        expected = self._expected(node)
        compares = name in ("toBe", "toEqual", "toStrictEqual") and expected is not None
        if compares and _STATUS.search(expected or "") and texts and texts[0].isdigit():
            yield DemandKind.STATUS, texts[0]
        if name in ("equal", "strictEqual") and len(arguments) > 1 and _STATUS.search(self.text_of(arguments[0])):
            value = self.value(arguments[1])
            if value is not None and value.isdigit():
                yield DemandKind.STATUS, value

    def _expected(self, node: Node) -> str | None:
        """`res.status` of `expect(res.status).toBe(201)`."""
        match = re.match(r"expect\(([^()]*(?:\([^()]*\))?[^()]*)\)", self.text_of(node))
        return match[1].strip() if match else None

    def _give(self, arguments: list[Node]) -> None:
        for one in arguments:
            if one.type in ("string", "template_string", "object", "array"):
                self.given.update(word.lower() for word in re.findall(r"[A-Za-z]+|\d+", self.text_of(one)[:5_000]))


def _arguments(node: Node) -> list[Node]:
    found = node.child_by_field_name("arguments")
    return [child for child in found.named_children if child.type != "comment"] if found is not None else []


def _every(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack += reversed(node.named_children)
