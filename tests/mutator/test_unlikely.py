"""Which mutants stand behind the others because hardly anybody writes them, or because little works with them."""

from __future__ import annotations

import pytest

from mutator.generate import generate
from mutator.model import FileText, Mutant, Source, SourceKind, apply_bytes
from mutator.operators import FAMILIES
from mutator.operators.another_name import another_name, another_text
from mutator.relevance import Link
from mutator.worth import Stated


def made(text: str, language: str, kind: SourceKind | None = None) -> list[Mutant]:
    kind = kind or (SourceKind.SCRIPT if language == "shell" else SourceKind.SIBLING)
    source = Source("solution", kind, language, "/app/solution", FileText(text), 1)
    return list(generate([source], {"solution": text.encode()}, FAMILIES))


GO = """package p

type Book struct {
	rows map[string]int
	name string
}

func NewBook() *Book {
	return &Book{
		rows: make(map[string]int),
		name: "book",
	}
}
"""
PYTHON = """def count(cells, nx, ny):
    total = 0
    for x, y in cells:
        if 0 <= x < nx and 0 <= y < ny:
            total += 1
    return total


def load(path):
    rows = []
    for row in open(path):
        rows.append(row.strip())
    return rows


def biggest(rows, most=40):
    if len(rows) >= 5:
        return sorted(rows)[:most]
    return rows
"""
SCRIPT = """WORK=/tmp/work
cp -a /solution/. "$WORK"
rm -rf /app/build
cmake -S /app -B /app/build
cp /solution/a /app/a
cp /solution/b /app/b
"""


SEARCH = """import struct


def parse(data):
    off = 4
    sx, kind = struct.unpack_from("<ff", data, off)
    off += 8
    return float(sx), kind


def middle(values):
    m = len(values)
    return values[m // 2] if m % 2 else 0.5 * (values[m // 2 - 1] + values[m // 2])


def grown(cells, nx, noise):
    floor = 4.0 * noise
    seen = set()
    best = None
    low = cells[0]
    for x in cells:
        if x not in seen:
            seen.add(x)
        if best is None or x > best:
            best = x
        if x < low:
            low = x
    top = cells[: max(1, min(8, len(cells)))]
    level = sum(top) / len(top)
    if level <= floor:
        return low
    if abs(level - floor) < 1e-9:
        return level
    if 0 <= low < nx:
        return level - floor
    return best
"""
LAYOUT = """class Layout {
    fun place() {
        var offset = 0
        for (child in children) {
            offset += child.margin
            child.start = offset
            offset += child.width
        }
    }
}
"""


ROOM = """package main

func pack(rows []byte) int {
	buf := make([]byte, 0, 8+len(rows))
	put(buf)
	return total(8+len(rows))
}
"""


@pytest.mark.parametrize(
    ("text", "language", "operator", "after", "behind"),
    [
        (GO, "go", "code.drop-entry", '&Book{\n\t\tname: "book"', True),
        (GO, "go", "code.drop-entry", "make(map[string]int),\n\t}", False),
        (PYTHON, "python", "python.branch-never", "if False:\n            total", True),
        (PYTHON, "python", "python.guard-disarmed", "if False:\n        return sorted", False),
        (PYTHON, "python", "python.call-dropped", "in open(path):\n        pass", True),
        (PYTHON, "python", "python.arithmetic", "total -= 1", True),
        (SEARCH, "python", "python.term-dropped", "return level\n    return best", False),
        (SEARCH, "python", "python.term-dropped", "else (values", True),
        (SEARCH, "python", "python.conversion-dropped", "return sx, kind", True),
        (SEARCH, "python", "python.branch-never", "if False:\n            seen", True),
        (SEARCH, "python", "python.branch-never", "if False:\n            best", True),
        (SEARCH, "python", "python.branch-never", "if False:\n            low", True),
        (SEARCH, "python", "python.clamp-dropped", "max(1, len(cells))", True),
        (SEARCH, "python", "python.aggregation", "len(top) / len(top)", True),
        (SEARCH, "python", "python.boundary", "level < floor", True),
        (SEARCH, "python", "python.conversion-dropped", "if (level - floor) < 1e-9", True),
        (SEARCH, "python", "python.boundary", "0 < low < nx", True),
        ("n = int(len(rows))\n", "python", "python.conversion-dropped", "n = len(rows)", True),
        ("n = int(rows)\n", "python", "python.conversion-dropped", "n = rows", False),
        ("known = set(rows)\nknown.add(1)\n", "python", "python.conversion-dropped", "known = rows", True),
        ("known = set(rows)\nprint(known)\n", "python", "python.conversion-dropped", "known = rows", False),
        ("for (let i = 0; i < a.length; i++) { f(a[i]); }\n", "javascript", "code.boundary", "<=", True),
        ("if (a < limit) { f(a); }\n", "javascript", "code.boundary", "<=", False),
        (LAYOUT, "kotlin", "code.drop-statement", "{\n            child.start", False),
        (
            LAYOUT.replace("child.start", "children[offset]"),
            "kotlin",
            "code.drop-statement",
            "{\n            child",
            True,
        ),
        (PYTHON, "python", "python.number", "most=41", True),
        (SCRIPT, "shell", "shell.drop-flag", "cmake -B /app/build", True),
        (SCRIPT, "shell", "shell.drop-step", "work\nrm -rf /app/build", True),
        (SCRIPT, "shell", "shell.drop-step", '"$WORK"\ncmake', True),
        (SCRIPT, "shell", "shell.drop-step", "build\ncp /solution/b", False),
        ('MOVES = {"U": (-1, 0), "D": (1, 0)}\n', "python", "python.mapping-swapped", '"U": (1, 0)', False),
        ('PAIRS = [("a = 1", "a = f(2)"), ("b = 1", "b = f(3)")]\n', "python", "python.mapping-swapped", "", True),
        ("best = max(1e-9, x)\n", "python", "python.clamp-dropped", "best", True),
        ("best = max(3, x)\n", "python", "python.clamp-dropped", "best", False),
        (ROOM, "go", "code.term-dropped", "0, len(rows))", True),
        (ROOM, "go", "code.term-dropped", "total(len(rows))", False),
    ],
)
def test_what_hardly_anybody_writes_stands_behind(
    text: str, language: str, operator: str, after: str, behind: bool
) -> None:
    mutants = [each for each in made(text, language) if each.operator == operator]
    found = [each for each in mutants if after in apply_bytes(text.encode(), each.edits).decode()]
    assert found, [apply_bytes(text.encode(), each.edits).decode() for each in mutants]
    assert {each.unlikely for each in found} == {behind}


READS = """def rows(path):
    with open(path) as file:
        text = file.read()
    return text.split()


def total(found):
    last = found[-1]
    return sum(found) - last


print(total(rows("a")), total(rows("b")))
"""
GRID = """def place(x, y, z, nx, ny):
    at = x + nx * (y + ny * z)
    volume = x * y * z
    return at, volume
"""
PARTS = """fun read(parts: List<String>, most: Int) {
    if (parts.size >= 4) put(parts)
    if (most >= 4) put(parts)
}
"""
TOLD = """low = [v for v in values if v < 3]
if low:
    put(low)
if wanted:
    put(wanted)
plt.title("Load")
plt.savefig("load.png")
"""
PRINTS = """low = values[3]
print(f"Starting {low}")
print(f"total {low}")
"""
LIMIT = """package p

func check(n int) error {
	var head [8]byte
	if n > 7 {
		return fmt.Errorf("at most %d", 7+len(head))
	}
	return nil
}
"""
UNPACKED = """first = struct.unpack_from("<I", data, 8)[0]
second = data.split()[0]
print(int(first))
print(int(second))
"""


@pytest.mark.parametrize(
    ("text", "language", "operator", "after", "behind"),
    [
        ("cp a b\npython3 /app/solve.py x\n", "shell", "shell.drop-step", "cp a b\n", True),
        ("cp a b\npython3 -m app.solve x\n", "shell", "shell.drop-step", "cp a b\n", True),
        ("cp a b\npython3 -m app.solve x &\n", "shell", "shell.drop-", "cp a b\n", False),
        ("python3 a.py > a.txt\npython3 b.py > b.txt\n", "shell", "shell.drop-step", "a.txt\n", False),
        ("cp a b\nbash /app/build.sh\nbash b.sh x\n", "shell", "shell.drop-step", "b\nbash b.sh x", True),
        ("python3 /app/t.py --all x\n", "shell", "shell.drop-flag", "t.py x", True),
        ("sort -u x > y\n", "shell", "shell.drop-flag", "sort x", False),
        ("cat > main.go <<'E'\npackage main\nE\ncp a b\n", "shell", "shell.drop-step", "cp a b\n", True),
        ("cat > main.txt <<'E'\npackage main\nE\ncp a b\n", "shell", "shell.drop-step", "cp a b\n", False),
        ("cat > tool.sh <<'E'\n#!/bin/sh\nls\nE\ncp a b\n", "shell", "shell.drop-step", "cp a b\n", True),
        ("cat > tool.sh <<'E'\nls\nE\ncp a b\n", "shell", "shell.drop-step", "cp a b\n", False),
        ('REPORT="a.txt"\ncp x "$REPORT"\n', "shell", "shell.drop-step", "cp x", True),
        (READS, "python", "python.function-hollow", "def rows(path):\n    return", True),
        (READS, "python", "python.function-hollow", "def total(found):\n    return", False),
        ("def f(x):\n    return x * 2\n\n\nprint(f(3))\n", "python", "python.function-hollow", "", True),
        ("def f(x):\n    return x * 2\n", "python", "python.function-hollow", "", False),
        (GRID, "python", "python.term-dropped", "volume = x * y * z", True),
        (GRID, "python", "python.term-dropped", "volume = x * y\n", False),
        (PARTS, "kotlin", "code.boundary", "parts.size > 4", True),
        (PARTS, "kotlin", "code.boundary", "most > 4", False),
        (TOLD, "python", "python.branch-never", "if False:\n    put(low)", True),
        (TOLD, "python", "python.branch-never", "if False:\n    put(wanted)", False),
        (TOLD, "python", "python.call-dropped", "pass\nplt.savefig", True),
        (TOLD, "python", "python.call-dropped", "put(low)\nif wanted:\n    pass", False),
        (PRINTS, "python", "python.print-dropped", "pass\nprint", True),
        (PRINTS, "python", "python.print-dropped", '}")\npass', False),
        (LIMIT, "go", "code.change-number", "[9]byte", True),
        (LIMIT, "go", "code.change-number", "8+len(head)", True),
        (LIMIT, "go", "code.change-number", "n > 8", False),
        (UNPACKED, "python", "python.conversion-dropped", "print(first)", True),
        (UNPACKED, "python", "python.conversion-dropped", "print(second)", False),
    ],
)
def test_what_is_the_only_one_of_its_kind_or_by_the_way_stands_behind(
    text: str, language: str, operator: str, after: str, behind: bool
) -> None:
    found = [
        each
        for each in made(text, language)
        if each.operator.startswith(operator) and after in apply_bytes(text.encode(), each.edits).decode()
    ]
    assert found
    assert {each.unlikely for each in found} == {behind}


def test_a_program_that_only_looks_whether_the_solution_works_stands_behind() -> None:
    look = "rows = open('/app/rows').read().split()\nassert len(rows) == 7\n"
    assert {each.unlikely for each in made(look, "python", SourceKind.INLINE)} == {True}
    assert False in {each.unlikely for each in made(f"{look}out.write_text(rows)\n", "python", SourceKind.INLINE)}


def test_one_off_is_no_rare_mistake_in_a_line_that_a_repair_puts_there() -> None:
    line = "for index in range(len(rows)):\n    put(rows[index])\n"
    for kind, behind in ((SourceKind.SIBLING, True), (SourceKind.REPLACEMENT, False)):
        found = [each.unlikely for each in made(line, "python", kind) if each.operator == "python.off-by-one"]
        assert set(found) == {behind}


def test_no_letter_of_an_address_is_written_in_another_case() -> None:
    for address in ("http://host/Page is up", "HTTP://HOST", "Ann@host.org wrote"):
        assert another_name(address) == another_text(address) == address
    assert another_text("Not found") == "not found"


@pytest.mark.parametrize(
    ("text", "instruction", "aside"),
    [
        ('build("/tmp/a.bin", "/tmp/b.bin")\n', "Write build(store, index).", True),
        ('build("/tmp/a.bin", "/app/b.bin")\n', "Write build(store, index).", False),
        ('build("/tmp/a.bin", "/tmp/b.bin")\n', "Build /tmp/b.bin from /tmp/a.bin by build().", False),
    ],
)
def test_a_call_on_temporary_files_only_tries_what_was_made(text: str, instruction: str, aside: bool) -> None:
    (mutant,) = [each for each in made(text, "python") if each.operator == "python.call-dropped"]
    stated = Stated([instruction], [mutant])
    assert stated.placed(mutant, (Link(0, 4.0, ("build",)),)).aside is aside
