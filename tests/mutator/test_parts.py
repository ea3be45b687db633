"""A solution cut into parts: what goes with each, and that any of them may go together."""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Callable

import pytest
from ruamel.yaml import YAML

from mutator.parts import Cut, cut_solution
from mutator.parts.model import code_lines
from mutator.parts.python import python_holds, unbound
from mutator.sources import read_sources
from tests.mutator.solutions import EVERY, Folder


def cut(files: dict[str, str], script: str = "solve.sh") -> Cut:
    data = {name: text.encode() for name, text in files.items()}
    return cut_solution(data, read_sources(data, script), script)


def left_without(files: dict[str, str], *said: str) -> str:
    """The script without the parts whose first lines begin so."""
    found = cut(files)
    indices = [next(part.index for part in found.parts if part.said.startswith(each)) for each in said]
    written = found.without(found.whole(indices))
    assert written is not None
    return written.get("solve.sh", files["solve.sh"].encode()).decode()


def heredoc(program: str) -> dict[str, str]:
    return {"solve.sh": f"cat > /app/a.py <<'E'\n{program}E\necho done\n"}


LEFT_OUT = [
    ("a = 1\n# why b\nb = 2\n", ["b = 2"], "a = 1\n"),
    ("def f():\n    x()\n    y()\n", ["x()"], "def f():\n    y()\n"),
    ("def f():\n    x()\n    y()\n", ["x()", "y()"], "def f():\n    pass\n"),
    ('def f():\n    """Why."""\n    x()\n', ["x()"], 'def f():\n    """Why."""\n'),
    ("@wrapped\ndef f():\n    x()\nb = 2\n", ["@wrapped"], "b = 2\n"),
    ("if a:\n    x()\nelse:\n    y()\n", ["else:"], "if a:\n    x()\n"),
    (
        "if a:\n    x()\nelif b:\n    y()\nelse:\n    z()\n",
        ["z()"],
        "if a:\n    x()\nelif b:\n    y()\nelse:\n    pass\n",
    ),
    ("if a: x()\n", ["x()"], "if a: pass\n"),
    ("a = 1; b = 2\n", ["b = 2"], "a = 1; pass\n"),
    ("try:\n    x()\nexcept A:\n    y()\nexcept B:\n    z()\n", ["except A"], "try:\n    x()\nexcept B:\n    z()\n"),
]


@pytest.mark.parametrize(("program", "gone", "left"), LEFT_OUT)
def test_a_statement_goes_and_leaves_a_program(program: str, gone: list[str], left: str) -> None:
    assert left_without(heredoc(program), *gone) == heredoc(left)["solve.sh"]


STEPS = [
    ("a\nb\n", ["a"], "b\n"),
    ("if t; then\n  a\n  b\nfi\n", ["a", "b"], "if t; then\n  :\nfi\n"),
    ("a && b && c\n", ["b"], "a && true && c\n"),
    ("cat > f <<'E'\none\nE\nb\n", ["cat"], "b\n"),
    ("f() {\n  a\n}\nf\n", ["f() {"], "f\n"),
]


@pytest.mark.parametrize(("script", "gone", "left"), STEPS)
def test_a_step_goes_and_leaves_a_script(script: str, gone: list[str], left: str) -> None:
    assert left_without({"solve.sh": script}, *gone) == left


DATA = {
    "json": '{\n  "a": 1,\n  "b": {"x": [1, 2, 3], "y": 2},\n  "c": [\n    {"k": 1},\n    {"k": 2}\n  ]\n}\n',
    "yaml": "a: 1\nb:\n  - name: x\n    v: 2\n  - name: y\nc: {x: 1, y: 2}\n",
    "toml": "a = 1\nb = [1, 2]\n\n[c]\nx = 1\ny = {p = 1, q = 2}\n\n[d]\nz = 3\n",
}
ENTRIES = [
    ("json", ['"a"'], {"b": {"x": [1, 2, 3], "y": 2}, "c": [{"k": 1}, {"k": 2}]}),
    ("json", ['"b"', '"c"'], {"a": 1}),
    ("json", ['"a"', '"b"'], {"c": [{"k": 1}, {"k": 2}]}),
    ("json", ['"x"', '{"k": 1}', "2"], {"a": 1, "b": {"y": 2}, "c": [{"k": 2}]}),
    ("json", ["1", "3"], {"a": 1, "b": {"x": [2], "y": 2}, "c": [{"k": 1}, {"k": 2}]}),
    ("yaml", ["a: 1", "- name: y", "y: 2"], {"b": [{"name": "x", "v": 2}], "c": {"x": 1}}),
    ("yaml", ["name: x", "c:"], {"a": 1, "b": [{"v": 2}, {"name": "y"}]}),
    ("toml", ["a = 1", "[d]", "q = 2"], {"b": [1, 2], "c": {"x": 1, "y": {"p": 1}}}),
]
READ: dict[str, Callable[[str], object]] = {"json": json.loads, "yaml": YAML(typ="safe").load, "toml": tomllib.loads}


@pytest.mark.parametrize(("form", "gone", "left"), ENTRIES)
def test_an_entry_goes_and_leaves_data(form: str, gone: list[str], left: dict[str, object]) -> None:
    name = f"a.{form}"
    found = cut({"solve.sh": f"cp /solution/{name} /app/\n", name: DATA[form]})
    entries = [part for part in found.parts if part.kind == "statement"]
    indices = [next(part.index for part in entries if part.said.startswith(each)) for each in gone]
    written = found.without(found.whole(indices))
    assert written is not None
    assert READ[form](written[name].decode()) == left


@pytest.mark.parametrize("form", sorted(DATA))
def test_any_entries_may_go_together(form: str) -> None:
    found = cut({"solve.sh": f"cat > /app/a.{form} <<'E'\n{DATA[form]}E\n"})
    entries = [part.index for part in found.parts if part.kind == "statement"]
    seeded = random.Random(form)
    for share in (0.1, 0.3, 0.6, 0.9) * 25:
        assert found.without(found.whole(each for each in entries if seeded.random() < share)) is not None


def test_long_lists_of_data_are_not_cut() -> None:
    found = cut({"solve.sh": "cp /solution/a.json /app/\n", "a.json": json.dumps(list(range(500)))})
    assert sorted(part.kind for part in found.parts) == ["file", "step"]


def test_what_goes_as_a_whole_takes_along_what_is_within_it() -> None:
    found = cut(heredoc("a = 1\nb = 2\n"))
    step = next(part for part in found.parts if part.said.startswith("cat"))
    assert {found.parts[index].said for index in found.within[step.index]} == {"a = 1", "b = 2"}


def test_a_file_beside_the_script_is_emptied() -> None:
    found = cut({"solve.sh": "cp /solution/a.py /app/\n", "a.py": "x = 1\n"})
    file = next(part for part in found.parts if part.kind == "file")
    assert found.without(found.whole([file.index])) == {"a.py": b""}


def test_configuration_patches_and_other_languages_are_cut_too() -> None:
    files = {
        "solve.sh": "cp /solution/site.conf /etc/nginx/conf.d/\ngo run /solution/a.go\npatch -p1 < /solution/a.patch\n",
        "site.conf": "server {\n    listen 80;\n    limit_req zone=a;\n}\n",
        "a.go": "package main\n\nfunc used() int {\n\treturn 1\n}\n\nfunc main() {\n\tput(used())\n\tput(2)\n}\n",
        "a.patch": "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-1\n+2\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-1\n+2\n",
    }
    said = {part.said for part in cut(files).parts}
    assert {"limit_req zone=a;", "put(2)", "func used() int {", "--- a/y"} <= said


@pytest.mark.parametrize("solution", EVERY, ids=lambda each: each.name)
def test_any_parts_may_go_together(solution: Folder) -> None:
    found = cut_solution(solution.files, read_sources(solution.files, solution.script), solution.script)
    seeded = random.Random(solution.name)
    made = 0
    for share in (0.1, 0.3, 0.6) * 4:
        removed = found.whole(part.index for part in found.parts if seeded.random() < share)
        written = found.without(removed)
        made += written is not None
        texts = found.texts(removed) or {}
        for source, text in texts.items():
            if found.sources[source].language == "python" and written is not None:
                assert python_holds(text)
    assert made >= 10, f"{12 - made} of 12 could not be written"


def test_names_that_nobody_gives_a_value() -> None:
    program = "import json\ndef f(a, *b):\n    for c in a:\n        print(json, a, b, c, d)\n"
    assert unbound(program) == {"d"}
    assert unbound(program.replace("import json\n", "")) == {"d", "json"}


def test_lines_that_do_something() -> None:
    assert code_lines("#!/bin/sh\n# why\n\na = 1  # what\n// no\n/* no */\n-- no\n--flag\n") == 3
