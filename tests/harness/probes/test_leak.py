"""What an instruction's code is made of, and which files of an image give an answer or the tests away."""

from __future__ import annotations

import subprocess
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.findings import in_image
from harness.findings.given_away import joined
from harness.findings.in_image import answers_in_image, in_image_findings, told_by
from harness.findings.model import Finding, Location, Severity
from harness.mutants import Wish, task_mutants
from harness.probes.leak.attempts import compares_with_the_image, of_instruction
from harness.probes.leak.blocks import blocks, script, taken
from tests.harness.tasks import harbor, terminal_bench

TAKEN = {
    "commands": ("Run\n\n```bash\necho a > /app/b\n```\n", ["commands that are run"]),
    "a session": ("```console\n$ make\ncc x.c\n$ make install\n```\n", ["commands that are run"]),
    "commands without a language": ("```\nmkdir /app/x\necho a > /app/x/y\n```\n", ["commands that are run"]),
    "an example of output": ("It prints\n\n```\nquay 1.75 (2 readings)\n```\n", []),
    "an example of JSON": ('Like this:\n\n```json\n{"a": 1}\n```\n', []),
    "a file above its block": ("Write `/app/x.py`:\n\n```python\nprint(1)\n```\n", ["written to /app/x.py"]),
    "a file in the info string": ('```python title="/app/x.py"\nprint(1)\n```\n', ["written to /app/x.py"]),
    "a file in the first line": ("```python\n# src/x.py\nprint(1)\n```\n", ["written to src/x.py"]),
    "two files above a block": (
        "Read `a.txt` and write `b.txt`:\n```python\nprint(1)\n```\n",
        ["a program that is run"],
    ),
    "no sentence that leads to it": ("`/app/x.py` is yours.\n\n```python\nprint(1)\n```\n", ["a program that is run"]),
    "a patch": ("~~~diff\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-x\n+y\n~~~\n", ["a patch that is applied"]),
    "in a list": ("1. first\n   ```sh\n   echo a\n   ```\n", ["commands that are run"]),
    "without an end": ("```sh\necho a\n", ["commands that are run"]),
    "one by another": ("In `/app/x.py` replace `a = 1` by `a = 2`.\n", ["`a = 1` replaced by `a = 2`"]),
    "instead of": ("In /app/x.py write `b` instead of `c`.\n", ["`c` replaced by `b`"]),
    "must be": ("/app/x.py: `a[0]` must be\n`a[1]`.\n", ["`a[0]` replaced by `a[1]`"]),
    "no file to do it in": ("Replace `a = 1` by `a = 2`.\n", []),
    "nothing of the kind": ("Write a program `/app/x.py` that sorts `a` and `b`.\n", []),
}


@pytest.mark.parametrize("case", TAKEN)
def test_the_code_of_an_instruction_is_made_a_solution(case: str) -> None:
    text, wanted = TAKEN[case]
    found = taken(text)
    assert [one.action for one in found] == wanted
    assert all(text.splitlines()[one.line - 1].strip() for one in found)


def test_of_a_session_only_what_was_typed_is_run() -> None:
    (one,) = taken("```console\n$ make\ncc x.c\n$ make install\n```\n")
    assert one.script == "make\nmake install"


def test_a_replacement_is_made_as_it_is_said_whatever_its_signs(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text("a = [b*c] & d/e\nkept\n")
    text = f"In `{file}` replace `[b*c] & d/e` with `f\\\\1 & (g/h)`.\n"
    subprocess.run(["bash", "-c", script(taken(text))], check=True)
    assert file.read_text() == "a = f\\\\1 & (g/h)\nkept\n"


def test_one_piece_that_fails_or_exits_does_not_end_the_others(tmp_path: Path) -> None:
    text = f"```sh\nexit 3\n```\n```sh\nfalse\n```\nWrite `{tmp_path}/x.txt`:\n```\nINSTRUCTION\n$HOME\n```\n"
    done = subprocess.run(["bash", "-c", script(taken(text))], check=False)
    assert done.returncode == 0
    assert (tmp_path / "x.txt").read_text() == "INSTRUCTION\n$HOME\n"


MARKDOWN = st.text(alphabet=st.sampled_from("`~ab/.:$#\n \\'\"=&[*py-"), max_size=120)


@given(MARKDOWN)
def test_any_instruction_can_be_read(text: str) -> None:
    for block in blocks(text):
        assert text.splitlines()[block.line - 1].strip().startswith(("```", "~~~"))
    assert script(taken(text)).startswith("#!/bin/bash\n")


def test_a_task_gets_one_attempt_where_its_instruction_has_code_and_none_where_not(tmp_path: Path) -> None:
    code = {"instruction.md": "Do this:\n\n```bash\necho ok > /app/out.txt\n```\n"}
    (one,) = of_instruction(harbor(tmp_path / "a", code))
    assert one.label == "leak/instruction-code"
    assert b"echo ok > /app/out.txt" in one.replacement.files["solve.sh"]
    assert not one.must_be_paid
    assert list(of_instruction(harbor(tmp_path / "b"))) == []
    assert list(of_instruction(terminal_bench(tmp_path / "c"))) == []


PROGRAM = textwrap.dedent("""\
    import csv
    import sys

    rows = list(csv.DictReader(open(sys.argv[1])))
    total = sum(int(row["count"]) * int(row["price"]) for row in rows)
    print("total", total, "of", len(rows), "orders")
""").encode()
SCRIPT = (
    "solution/solve.sh",
    b"#!/bin/bash\ncp /solution/total.py /app/total.py\npython3 /app/total.py /app/orders.csv\n",
)
INSTRUCTION = "Write `/app/total.py`. It reads `/app/orders.csv`."


def answers(image: dict[str, bytes], instruction: str = INSTRUCTION, solution: str = "") -> list[tuple[str, str]]:
    outputs = {"/app/total.py": PROGRAM, "/app/result.txt": b"total 2490 of 4 orders\n", "/app/done": b"ok\n"}
    found = answers_in_image(image, outputs, SCRIPT, instruction, solution, "/app")
    return [(copy.path, copy.of) for copy in found]


@pytest.mark.parametrize(
    ("path", "data", "of"),
    [
        ("/app/.old/sum.py", PROGRAM, "/app/total.py"),
        ("/opt/job.py", b"# nightly\n" + PROGRAM.replace(b"\n\n", b"\n"), "/app/total.py"),
        ("/app/ref/solve.sh", SCRIPT[1], "solution/solve.sh"),
        ("/app/.expected", b"total 2490 of 4 orders\n", "/app/result.txt"),
    ],
)
def test_a_file_of_the_image_that_says_what_the_reference_leaves_is_an_answer(path: str, data: bytes, of: str) -> None:
    assert answers({path: data}) == [(path, of)]


@pytest.mark.parametrize(
    ("image", "instruction", "solution"),
    [
        ({"/app/orders.csv": PROGRAM}, INSTRUCTION, ""),
        ({"/app/given/x.py": PROGRAM}, "See `/app/given` for an example.", ""),
        ({"/app/given/x.py": PROGRAM}, "See given/ for an example.", ""),
        ({"/app/base.py": PROGRAM}, INSTRUCTION, "cp /app/base.py /app/total.py"),
        ({"/app/note": b"ok\n"}, INSTRUCTION, ""),
        ({"/app/other.py": b"import csv\nimport sys\n\nprint(csv, sys)\n"}, INSTRUCTION, ""),
        ({"/app/total.py": PROGRAM.replace(b"price", b"cost")}, INSTRUCTION, ""),
    ],
    ids=["named", "its folder", "its folder's name", "worked from", "too short", "another program", "to be repaired"],
)
def test_what_is_told_or_worked_from_is_material(image: dict[str, bytes], instruction: str, solution: str) -> None:
    assert answers(image, instruction, solution) == []


def test_what_the_tests_compare_with_is_the_answer_even_where_the_instruction_names_it() -> None:
    digest = b"d41d8cd98f00b204e9800998ecf8427e\n"
    image, outputs = {"/app/.right": digest}, {"/app/digest.txt": digest}
    told = "Do not read `/app/.right`."

    def found(tests: str, solution: str = "") -> list[str]:
        return [copy.path for copy in answers_in_image(image, outputs, SCRIPT, told, solution, "/app", tests)]

    assert found('assert read("/app/digest.txt") == read("/app/.right")') == ["/app/.right"]
    assert found('assert read("/app/digest.txt")') == []
    assert found('read("/app/.right")', "cp /app/.right /app/digest.txt") == []


@pytest.mark.parametrize(
    ("test", "compares"),
    [
        ('assert read("/app/digest.txt") == read("/app/.right")', True),
        ('assert read("/app/digest.txt") == read("/app/expected_digest.txt")', True),
        ('assert read("/app/digest.txt") == read("/tests/expected.txt")', False),
        ('assert read("/app/.done")', False),
        ('assert read("/app/digest.txt")', False),
    ],
)
def test_a_file_that_neither_tests_nor_solution_bring_along_is_looked_for_in_the_image(
    tmp_path: Path, test: str, compares: bool
) -> None:
    files = {"tests/test_it.py": f"def test_it():\n    {test}\n", "solution/solve.sh": "#!/bin/sh\n: > /app/.done\n"}
    task = harbor(tmp_path / "t", files)
    (step,) = task_mutants(task, Wish(budget=1))
    assert compares_with_the_image(task, step) is compares


def test_of_a_program_that_is_repaired_only_the_repair_is_the_answer() -> None:
    broken = PROGRAM.replace(b"price", b"cost")
    assert answers({"/app/total.py": broken, "/app/copy.py": broken}) == []


TEST = "def test_total():\n    assert run('/app/total.py', '/app/orders.csv') == 'total 2490 of 4 orders'\n"


def test_the_tests_in_the_image_are_told_unless_the_instruction_gives_them() -> None:
    image = {"/app/ci/check.py": TEST.encode(), "/app/ci/other.py": PROGRAM}
    (copy,) = in_image.tests_in_image(image, {"tests/test_total.py": TEST}, INSTRUCTION, "/app")
    assert (copy.path, copy.of, copy.share) == ("/app/ci/check.py", "tests/test_total.py", 1.0)
    assert in_image.tests_in_image(image, {"tests/test_total.py": TEST}, "Make ci/check.py pass.", "/app") == []


def test_the_finding_shows_both_sides_and_what_the_copy_was_paid() -> None:
    found = answers_in_image({"/opt/job.py": b"# x\n" + PROGRAM}, {"/app/total.py": PROGRAM}, SCRIPT, "", "", "/app")
    (finding,) = in_image_findings(found, [], {"/opt/job.py": "paid in full, twice"})
    assert finding.severity is Severity.WARNING
    assert finding.evidence[0] == "paid in full, twice"
    assert [text for text in finding.evidence if text.startswith("/app/total.py, line 5: total = sum(")]
    assert [text for text in finding.evidence if "\n/opt/job.py, line 6: total = sum(" in text]


@pytest.mark.parametrize(
    ("instruction", "path", "told"),
    [
        ("Read /app/in/a.csv.", "/app/in/a.csv", True),
        ("Read a.csv.", "/app/in/a.csv", True),
        ("Read /app/in.", "/app/in/b.csv", True),
        ("Read /app/.", "/app/.hidden/b.csv", False),
        ("Read /app/inner.", "/app/in/b.csv", False),
        ("Read aa.csv.", "/app/in/a.csv", False),
    ],
)
def test_a_path_is_told_by_its_name_or_a_folder_of_its_own(instruction: str, path: str, told: bool) -> None:
    assert told_by(instruction, path, {"/", "/app"}) is told


def test_one_answer_is_one_finding_with_the_witness_first() -> None:
    def finding(ident: str, evidence: str, file: str = "instruction.md") -> Finding:
        return Finding(ident, "t", Severity.WARNING, evidence, (evidence,), Location(file))

    both = [finding("answer-given-away", "text"), finding("x", "x"), finding("answer-given-away", "paid")]
    assert [one.evidence for one in joined(both)] == [("paid", "text"), ("x",)]
    apart = [finding("answer-given-away", "text"), finding("answer-given-away", "text", "steps/b/instruction.md")]
    assert joined(apart) == apart
