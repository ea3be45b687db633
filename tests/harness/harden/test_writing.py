"""Tests as they are written: they run, and the patch applies."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.harden.brought import beside_tests
from harness.harden.model import BoxCase, Pin
from harness.harden.pins import Pins
from harness.harden.writing import name_of, patch_of, style_of, with_tests, write_test
from harness.judging.stated import read_stated

OWN = '"""Tests."""\n\nimport os\n\n\ndef test_there():\n    assert os.path.exists("/")\n'
ECHO = "import sys, pathlib\nfor line in pathlib.Path(sys.argv[1]).read_text().split():\n    print('name:', line)\n"


def case(program: Path) -> BoxCase:
    files = [{"path": "in/names.txt", "text": "ada bob", "age": 0}]
    argv = [sys.executable, str(program), "{folder}/in/names.txt"]
    return BoxCase(
        "run-0", "run", {"argv": argv, "cwd": "{folder}", "stdin": "", "files": files}, "as the tests call it", 10
    )


def chosen(case: BoxCase, out: str) -> list[Pin]:
    seen: dict[str, Any] = {"ends": True, "status": 0, "out": out, "err": "", "files": {"in/names.txt": "ada bob"}}
    found = Pins(case, read_stated("Print `name: NAME` for each.", []), "ada bob").of(seen)
    return [pin for pin in found if "these lines" in pin.says]


@pytest.mark.parametrize(("program", "passes"), [(ECHO, True), (ECHO.replace("'name:'", "'Name:'"), False)])
@pytest.mark.parametrize("by_pytest", [True, False])
def test_a_written_test_tells_right_from_wrong(tmp_path: Path, program: str, passes: bool, by_pytest: bool) -> None:
    (tmp_path / "echo.py").write_text(program)
    one = case(tmp_path / "echo.py")
    style = style_of(OWN, pytest=by_pytest)
    test = write_test(one, chosen(one, "name: ada\nname: bob\n"), ["a"], "Print `name: NAME` for each.", style, [])
    path = tmp_path / "test_it.py"
    path.write_text(with_tests(OWN, [test]))
    if by_pytest:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path)]
    else:
        command = [sys.executable, "-c", f"import test_it; test_it.test_there(); test_it.{test.name}(1, 2)"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is passes, done.stdout + done.stderr
    assert '# "Print `name: NAME` for each."' in path.read_text()


def test_a_patch_applies_and_touches_the_tests_only(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text(OWN.rstrip("\n"))
    after = OWN + "\n\ndef test_more():\n    assert True\n"
    patch = patch_of({"tests/test_a.py": (OWN.rstrip("\n"), after)})
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch, text=True, check=True)
    assert (tmp_path / "tests" / "test_a.py").read_text() == after


def test_new_tests_stand_before_the_file_runs_itself() -> None:
    own = f'{OWN}\n\nif __name__ == "__main__":\n    test_there()\n'
    one = BoxCase("left", "look", {"paths": ["/x"]}, "what solving leaves", 10)
    pin = Pin(one, "/x is there", ("assert Path('/x').exists()",), lambda seen: True, 1, needs=frozenset({"pathlib"}))
    text = with_tests(own, [write_test(one, [pin], ["a"], "", style_of(own, pytest=True), [])])
    compile(text, "test", "exec")
    assert text.index("def test_x_is_there") < text.index("if __name__")
    assert text.startswith('"""Tests."""\n\nimport os\nfrom pathlib import Path\n')


@pytest.mark.parametrize(
    ("own", "top"),
    [
        ("import os\nfrom a import b\n", "import os\nimport sys\nfrom a import b\nfrom pathlib import Path\n"),
        ("from a import b\n", "import sys\nfrom a import b\nfrom pathlib import Path\n"),
        ("import os\n", "import os\nimport sys\nfrom pathlib import Path\n"),
        ("from __future__ import x\n", "from __future__ import x\nimport sys\nfrom pathlib import Path\n"),
        ("X = 1\n", "import sys\nfrom pathlib import Path\nX = 1\n"),
    ],
)
def test_imports_stand_where_their_kind_stands(own: str, top: str) -> None:
    one = BoxCase("left", "look", {"paths": ["/x"]}, "what solving leaves", 10)
    pin = Pin(one, "x", ("assert sys",), lambda seen: True, 1, needs=frozenset({"pathlib", "sys"}))
    text = with_tests(own, [write_test(one, [pin], ["a"], "", style_of(own, pytest=True), [])])
    assert text.startswith(top)


def test_names_are_the_requirement_s_and_none_is_taken_twice() -> None:
    first = name_of("`--dry-run` removes nothing and prints what would be removed.", "", [])
    assert first == "test_dry_run_removes_nothing_and_prints_what_would_be_removed"
    assert name_of("`--dry-run` removes nothing and prints what would be removed.", "", [first]) == f"{first}_2"


@pytest.mark.parametrize("content", [b"", b"\xff\0", bytes(range(256)) * 20, random.Random(1).randbytes(3001)])
def test_data_lies_beside_the_tests_and_the_patch_brings_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "size.py").write_text("import pathlib, sys\nprint(sum(pathlib.Path(sys.argv[1]).read_bytes()))\n")
    files = [{"path": "in.img", "text": content.decode("latin-1"), "age": 0, "binary": True}]
    argv = [sys.executable, str(tmp_path / "size.py"), "{folder}/in.img"]
    one = BoxCase("run-0", "run", {"argv": argv, "cwd": "", "stdin": "", "files": files}, "as the tests call it", 10)
    pin = Pin(one, "it adds", (f"assert int(result.stdout) == {sum(content)}",), lambda seen: True, 1)
    test = write_test(one, [pin], ["a"], "It adds.", style_of(OWN, pytest=True), [])
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_it.py").write_text(OWN)
    changed = {"tests/test_it.py": (OWN, with_tests(OWN, [test]))}
    patch = patch_of(changed, beside_tests("tests/test_it.py", [test]))
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch, text=True, check=True)
    (brought,) = (path for path in (tmp_path / "tests").iterdir() if path.suffix == ".img")
    assert brought.read_bytes() == content
    command = [sys.executable, "-c", f"import pathlib, test_it; test_it.{test.name}(pathlib.Path({str(tmp_path)!r}))"]
    subprocess.run(command, cwd=tmp_path / "tests", check=True)
