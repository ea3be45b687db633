"""Parsing, places and local checks of Python sources."""

from __future__ import annotations

import libcst as cst
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mutator.model import Candidate, Edit, apply
from mutator.operators.python import FAMILY
from mutator.operators.python import tree as tree_module
from mutator.operators.python.tree import PythonTree, parse


def tree_of(text: str) -> PythonTree:
    tree = parse(text)
    assert tree is not None
    return tree


def names(tree: PythonTree) -> list[tuple[str, str]]:
    return [(node.value, tree.code(node).strip("() ")) for node in tree.every(cst.Name)]


@pytest.mark.parametrize(
    "text",
    [
        "x = (a)\r\nif x:\r\n\ty = b\r\n",
        "\ufeffx = a\ny = b\n",
        "é = 'ü' + ñ\nx = é\n",
        "x = 1\n\x0c\n\x0cdef f(a):\n    return a\n",
        "x = a\ry = b\r",
        "x = a",
        "    x = é\n    y = x\n",
        "y = a\n    z = b\n",
        "a=b, c=d",
        "'k': a, 'l': b",
        "elif a:\n    b()\n",
        "except A:\n    b()\n",
        "def f(x=a):",
        "port = $PORT + a\nhost = ${HOST}\n",
        "async def f():\n    async with a as b:\n        await b\n",
        "match a:\n    case [b, *c] if d:\n        pass\n",
        "x = a if b else c\ny = [d for e in f if g]\n",
        "type A = int\ndef f[T](a: T) -> T:\n    return f'{a['k']}'\n",
    ],
)
def test_every_name_lies_where_the_tree_says(text: str) -> None:
    found = names(tree_of(text))
    assert found
    for name, code in found:
        assert code.replace("$", "_").replace("{", "_").replace("}", "_") == name or code in ("$PORT", "${HOST}")


@pytest.mark.parametrize("text", ["print 'a'\n", "def f(:\n", "x = (1\n", "a\0b", "(" * 3000, "-" * 9000 + "1"])
def test_what_is_not_python_3_is_not_parsed(text: str) -> None:
    assert parse(text) is None


def test_imports_docstrings_annotations_and_the_main_guard_are_left_alone() -> None:
    text = (
        '"""Doc 1."""\nimport os, sys\nfrom a import b\n__all__ = ["f"]\n__version__ = "1.0"\n'
        'def f(x: "int" = y) -> "str":\n    """Doc 2."""\n'
        'if __name__ == "__main__":\n    pass\nif TYPE_CHECKING:\n    x = "q"\n'
    )
    tree = tree_of(text)
    assert [node.value for node in tree.every(cst.SimpleString)] == []
    edits = [edit for op in FAMILY.operators for candidate in op.propose(tree) for edit in candidate.edits]
    assert edits == []


@pytest.mark.parametrize(
    ("text", "part", "head"),
    [
        ("if a:\n    b\nelif c:\n    d\n", "c", "elif c:"),
        ("try:\n    a\nexcept B as e:\n    c\n", "B", "except B as e:"),
        ("match a:\n    case B.c if d:\n        e\n", "d", "case B.c if d:"),
        ("match aa:\n    case 1:\n        e\n", "aa", "match aa:"),
        ("@deco(a)\ndef f(x=bb):\n    c\n", "bb", "@deco(a)\ndef f(x=bb):"),
        ("while x:\n    if y: zz; w\n", "zz", "zz; w"),
        ("def f():\n    return [\n        aa,\n    ]\n", "aa", "return [\n        aa,\n    ]"),
    ],
)
def test_the_check_of_an_edit_is_the_smallest_statement_or_head_around_it(text: str, part: str, head: str) -> None:
    tree = tree_of(text)
    node = next(node for node in tree.every(cst.Name) if node.value == part)
    candidate = tree.mutant(node, tree.replace(node, "new"))
    assert candidate.check is not None
    assert text[slice(*candidate.check)] == head
    assert tree.valid(candidate)
    assert not tree.valid(tree.mutant(node, tree.replace(node, "not")))


@pytest.mark.parametrize("text", ["cases = [1]\n", "    exceptions = [1]\n", "def f():\n    elif_ = 1\n"])
def test_a_name_that_begins_like_a_clause_is_no_clause(text: str) -> None:
    tree = tree_of(text)
    number = tree.every(cst.Integer)[-1]
    assert tree.valid(tree.mutant(number, tree.replace(number, "2")))


def test_a_mutant_of_newer_grammar_than_the_running_python_is_checked_by_libcst() -> None:
    tree = tree_of("type A = int\nx = f'{a['k']}'\n")
    name = next(node for node in tree.every(cst.Name) if node.value == "a")
    assert tree.valid(tree.mutant(name, tree.replace(name, "b")))
    assert not tree.valid(tree.mutant(name, tree.replace(name, "b b")))


def test_edits_of_two_statements_are_checked_on_the_whole_text() -> None:
    tree = tree_of("a = 1\nb = 2\n")
    good = Candidate((Edit(4, 5, "3"), Edit(10, 11, "4")))
    bad = Candidate((Edit(4, 5, "3"), Edit(10, 11, ")")))
    assert (tree.valid(good), tree.valid(bad)) == (True, False)


def test_edits_of_several_statements_are_each_checked_where_they_stand() -> None:
    text = "def f(a):\n    return a\n\n\n@d(a)\ndef g(a=1):\n    if a: b(a)\n    return a\n"
    tree = tree_of(text)
    last = text.rindex("a")
    for place, new, holds in (("f(a)", "f(b)", True), ("g(a=1)", "g(a 1)", False), ("b(a)", "b(a", False)):
        start = text.index(place)
        candidate = Candidate((Edit(start, start + len(place), new), Edit(last, last + 1, "c")), check=(0, len(text)))
        assert tree.valid(candidate) is holds


LONG = (
    "TABLE = {\n" + "".join(f'    "k{n}": (f(a{n}, b={n}), f"{{g({n})}}", [{n}, -{n}]),\n' for n in range(90)) + "}\n"
)


def test_an_entry_of_a_long_table_is_checked_alone_and_what_passes_is_a_program() -> None:
    tree = tree_of(LONG)
    for operator in FAMILY.operators:
        for candidate in operator.propose(tree):
            assert tree.valid(candidate)
            compile(apply(LONG, candidate.edits), "<mutant>", "exec")
    number = next(node for node in tree.every(cst.Integer) if node.value == "50")
    for new in ("1, 2 3", ")", "x=", "*"):
        assert not tree.valid(tree.mutant(number, tree.replace(number, new)))


_SHAPES = {
    "functions": "def f{n}(a, b={n}):\n    if a > {n}:\n        raise ValueError(a)\n    return [a + {n}, args.x{n}]\n",
    "flat": "x{n} = y + {n}\nfor i in range(x{n}):\n    z = x{n}\n    use(z, i, {n})\n",
    "options": "p.add_argument('--x{n}', default={n})\nprint(args.x{n})\n",
    "table": '    "k{n}": ({n}, -{n}),\n',
    "class": "    def f{n}(self):\n        self.a{n} = {n}\n        return self.a{n}\n",
}
_FRAMES = {"table": ("T = {{\n", "}}\n"), "class": ("class C:\n", "")}


@pytest.mark.parametrize("shape", _SHAPES)
def test_what_is_parsed_to_check_mutants_grows_with_the_text_and_not_faster(
    shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parsed(count: int) -> float:
        before, after = _FRAMES.get(shape, ("", ""))
        text = (before + "".join(_SHAPES[shape].format(n=n) for n in range(10, 10 + count)) + after).replace("{{", "{")
        tree = tree_of(text.replace("}}", "}"))
        read: list[int] = []

        def count_in(code: str) -> bool:
            read.append(len(code))
            return True

        monkeypatch.setattr(tree_module, "parses", count_in)
        for operator in FAMILY.operators:
            for candidate in operator.propose(tree):
                tree.valid(candidate)
        monkeypatch.undo()
        return sum(read) / len(tree.text)

    assert parsed(800) < 1.6 * parsed(200)


_PIECES = st.sampled_from(
    [
        *("if x:", "elif y:", "else:", "for a in b:", "def f(a, *, b=1):", "class A(B):", "try:", "except E as e:"),
        *("    ", "\t", "        ", "\n", "\n", "\n", "\r\n", "\x0c", "\ufeff", "; ", "\\\n", "return", "yield x"),
        *('"""doc"""', "'é'", 'f"{x:.2f}"', "x = 1", "x += a", "f(a, b=c)", "[i for i in x if i]", "{'a': 1, 'b': 2}"),
        *(
            "p.add_argument('--x', action='store_true')",
            "with lock:",
            "raise E",
            "a < b",
            "match x:",
            "case 1:",
            "$PORT",
        ),
        *(
            "range(n)",
            "x[1:]",
            "sorted(a, key=lambda p: (-p, q))",
            "(",
            ")",
            "lambda: 0",
            "await x",
            "@d\n",
            "del x[0]",
        ),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(_PIECES, max_size=14).map("".join)))
def test_no_operator_raises_on_any_text_and_every_edit_lies_within_it(text: str) -> None:
    tree = FAMILY.parse(text, "python")
    if tree is None:
        return
    for operator in FAMILY.operators:
        for candidate in operator.propose(tree):
            FAMILY.valid(tree, candidate)
            operator.sentence.format_map(candidate.fields)
            ends = [0, *(place for edit in candidate.edits for place in (edit.start, edit.end)), len(text)]
            assert ends == sorted(ends)
            assert apply(text, candidate.edits) != text


@settings(max_examples=200, deadline=None)
@given(st.lists(_PIECES, max_size=14).map("".join), st.sampled_from([5, 2000]))
def test_what_passes_the_local_check_parses_as_a_whole(text: str, long: int) -> None:
    tree = FAMILY.parse(text, "python")
    if tree is None or "$" in text or not _compiles(text):
        return
    with pytest.MonkeyPatch.context() as patch:
        # Rows of short tables apart, too, as those of long ones are.
        patch.setattr(tree_module, "_LONG", long)
        for operator in FAMILY.operators:
            for candidate in operator.propose(tree):
                if FAMILY.valid(tree, candidate):
                    assert parse(apply(text, candidate.edits)) is not None


def _compiles(text: str) -> bool:
    tree = parse(text)
    return tree is not None and tree.is_whole


@settings(max_examples=200, deadline=None)
@given(st.lists(_PIECES, max_size=10).map("".join))
def test_the_places_of_a_text_with_odd_characters_are_those_of_its_plain_twin(text: str) -> None:
    tree = parse(text)
    if tree is None:
        return
    for node in tree.every(cst.SimpleString, cst.Integer):
        assert isinstance(node, cst.SimpleString | cst.Integer)
        assert tree.text[slice(*tree.span(node))].replace("\x0c", " ") == node.value.replace("\x0c", " ")
