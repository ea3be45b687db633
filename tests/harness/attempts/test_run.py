"""The command on the fake engine: an interrupted run goes on, what is handed in wrongly is said, difficulty is told."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import harness.attempts.run
import harness.commands.main
import harness.runs
from harness.attempts.document import schema
from harness.engine.contract import Command, Engine, EngineOptions
from harness.errors import ExitCode
from harness.lab.store import FILE
from tests.harness.fake_engine import VERIFY, Does, FakeBox, FakeEngine, rewarding
from tests.harness.tasks import HARBOR, write

OFFLINE = {**HARBOR, "task.toml": 'version = "1.0"\n[environment]\nnetwork_mode = "no-network"\n'}
Ran = tuple[int, str, str]


class _Left(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def _leave(code: int) -> None:
    raise _Left(code)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """`run(engine, "attempts", ...)`: exit code, stdout, stderr."""

    def go(engine: Engine, *arguments: object) -> Ran:
        def make(_name: str, _options: EngineOptions) -> Engine:
            return engine

        monkeypatch.setattr(harness.attempts.run, "make_engine", make)
        monkeypatch.setattr(harness.commands.main, "_leave", _leave)
        with pytest.raises(_Left) as left:
            harness.commands.main.main([*map(str, arguments), "--no-progress"])
        out = capsys.readouterr()
        return left.value.code, out.out, out.err

    return go


class Boxes(FakeEngine):
    """Pays what has `ok` in its script, or `in turn` and a word for each of its runs. `verified`: which scripts were,
    each as often as that came to its end."""

    def __init__(self) -> None:
        super().__init__([(VERIFY, self._verify)])
        self.verified: Counter[str] = Counter()
        self.interrupts: Callable[[], None] | None = None

    def _verify(self, box: FakeBox, _command: Command) -> Does:
        script = box.files.get("/solution/solve.sh", b"").decode()
        if "interrupt" in script and self.interrupts is not None:
            self.interrupts()
            while not box.closed:
                time.sleep(0.01)
        else:
            self.verified[script] += 1
        said, _, turns = script.partition("in turn ")
        said = turns.split()[self.verified[script] - 1] if turns else said
        return rewarding("1" if "ok" in said else "0")


def document(folder: Path) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((folder / "attempts.json").read_text(encoding="utf-8"))
    Draft202012Validator(json.loads(schema("attempts"))).validate(made)
    return made


def given(folder: Path, *scripts: str) -> Path:
    for number, script in enumerate(scripts):
        write(folder / f"{number}", {"solve.sh": script})
    return folder


def kept(run: Path) -> int:
    with closing(sqlite3.connect(run / "trials" / FILE)) as db:
        return int(db.execute("SELECT count(*) FROM trial").fetchone()[0])


def test_an_interrupted_run_goes_on_with_nothing_lost_and_nothing_twice(
    run: Callable[..., Ran], tmp_path: Path
) -> None:
    task = write(tmp_path / "task", OFFLINE)
    solutions = given(tmp_path / "given", "ok 1", "ok 2", "no 3", "ok interrupt", "no 5", "ok 6")
    words = ["attempts", task, "--solutions", solutions, "--jobs", "1", "-o"]
    once = Boxes()
    assert run(once, *words, tmp_path / "once")[0] == ExitCode.OK
    whole = document(tmp_path / "once")
    assert whole["summary"]["fates"]["paid"] == 4

    first, out = Boxes(), tmp_path / "out"

    def interrupt() -> None:
        patience = time.monotonic() + 60
        while kept(out) < first.verified.total() and time.monotonic() < patience:  # what has ended is to be kept first
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    first.interrupts = interrupt
    code, _, err = run(first, *words, out)
    assert (code, document(out)["unfinished"]) == (ExitCode.INTERRUPTED, ["task"])
    assert f"foolsgold attempts {task} --solutions {solutions} --jobs 1 -o {out} --resume" in err
    assert 0 < kept(out) == first.verified.total() < once.verified.total()

    second = Boxes()
    assert run(second, *words, out, "--resume")[0] == ExitCode.OK
    assert first.verified + second.verified == once.verified
    assert document(out) == whole
    assert (out / "solutions.jsonl").read_bytes() == (tmp_path / "once/solutions.jsonl").read_bytes()

    third = Boxes()
    write(solutions / "0", {"solve.sh": "no 1"})
    assert run(third, *words, out, "--resume")[0] == ExitCode.OK
    assert third.verified == {"no 1": 2}, "nothing but what was not handed in before"
    assert document(out)["summary"]["fates"]["paid"] == 3


def test_what_was_otherwise_when_it_was_observed_is_run_plainly_once_more(
    run: Callable[..., Ran], tmp_path: Path
) -> None:
    task = write(tmp_path / "task", OFFLINE)
    solutions = given(tmp_path / "given", "in turn ok ok", "in turn ok no ok", "in turn ok no no", "in turn no no")
    assert run(Boxes(), "attempts", task, "--solutions", solutions, "-o", tmp_path / "out")[0] == ExitCode.OK
    (made,) = document(tmp_path / "out")["tasks"]
    assert [(each["fate"], each["trials"]) for each in made["attempts"]] == [
        ("paid", 2), ("paid", 3), ("flaky", 3), ("refused", 2),
    ]  # fmt: skip


LOG = "tests/test_a.py::test_x FAILED\ntests/test_a.py::test_y PASSED\n==== 1 failed, 1 passed in 0.01s ====\n"


@pytest.mark.parametrize(
    ("then", "told"),
    [
        ({"tests/test_a.py::test_x": "failed", "tests/test_a.py::test_y": "passed"}, []),
        ({"test_x": "failed", "test_y": "passed"}, []),
        ({"somebody's own names": "passed"}, []),
        ({"tests/test_a.py::test_x": "error", "tests/test_a.py::test_y": "passed"}, []),
        (
            {"test_x": "passed", "test_z": "failed"},
            ["test_x passed failed", "test_y None passed", "test_z failed None"],
        ),
        ({"test_x": "failed", "test_y": "skipped"}, ["test_y skipped passed"]),
    ],
)
def test_tests_that_came_to_something_else_are_told_where_the_reward_is_the_same(
    run: Callable[..., Ran], tmp_path: Path, then: dict[str, str], told: list[str]
) -> None:
    class Reporting(Boxes):
        def _verify(self, box: FakeBox, command: Command) -> Does:
            paid = super()._verify(box, command).writes["/logs/verifier/reward.txt"].decode()
            return rewarding(paid, "" if paid == "1" else LOG)

    task = write(tmp_path / "task", OFFLINE)
    line = {"task": "task", "solution": {"solve.sh": "no"}, "recorded": {"rewards": {"reward": 0}, "tests": then}}
    write(tmp_path, {"some.jsonl": json.dumps(line)})
    _, out, _ = run(Reporting(), "attempts", task, "--solutions", tmp_path / "some.jsonl", "-o", tmp_path / "out")
    [each] = document(tmp_path / "out")["tasks"][0]["attempts"]
    assert each["fate"] == "refused"
    assert [f"{one['test']} {one['then']} {one['now']}" for one in each["other_tests"]] == told
    assert ("Paid as when it was recorded, but not for the same tests: 1" in out) is bool(told)
    assert json.loads((tmp_path / "out/solutions.jsonl").read_text())["recorded"]["tests"] == then


def test_a_run_is_not_begun_in_a_folder_that_is_there_and_does_not_go_on_without_one(
    run: Callable[..., Ran], tmp_path: Path
) -> None:
    task, solutions = write(tmp_path / "task", OFFLINE), given(tmp_path / "given", "ok")
    words = ["attempts", task, "--solutions", solutions]
    for more, said in (
        (["-o", tmp_path], "is there already.\nName a new folder; or, to go on with its run, --resume."),
        (["-o", tmp_path / "no", "--resume"], "There is no run in"),
        (["--resume"], "No run to continue is named."),
    ):
        code, _, err = run(Boxes(), *words, *more)
        assert code == ExitCode.USAGE
        assert said in err
    assert not (tmp_path / "no").exists()


def test_difficulty_is_told_by_who_solves_a_task_and_by_the_least_that_an_audit_saw_paid(
    run: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harness.runs, "make_engine", lambda _name, _options: Boxes())
    steps = "#!/bin/bash\nmkdir -p /app/a\nmkdir -p /app/b\nmkdir -p /app/c\necho ok > /app/out.txt\n"
    for name in ("all", "none", "some"):
        about = {"instruction.md": f"Write ok to /app/out.txt, for {name}.\n", "solution/solve.sh": steps}
        write(tmp_path / "tasks" / name, {**OFFLINE, **about})
    audited = tmp_path / "audited"
    run(Boxes(), "audit", tmp_path / "tasks/some", tmp_path / "tasks/all", "--probe", "least", "-o", audited)
    write(tmp_path / "tasks/all", {"instruction.md": "Another version.\n"})
    lines = [
        {"task": task, "source": source, "solution": {"solve.sh": f"{word} {number}"}}
        for task, words in {"all": ("ok", "ok"), "some": ("ok", "no"), "none": ("no", "no")}.items()
        for source, word in zip(("ada", "bob"), words, strict=True)
        for number in range(3)
    ]
    given = tmp_path / "some.jsonl"
    given.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    code, out, err = run(
        Boxes(), "attempts", tmp_path / "tasks", "--solutions", given, "--audit", audited, "-o", tmp_path / "out"
    )
    assert code == ExitCode.OK, err
    summary = document(tmp_path / "out")["summary"]
    assert (summary["solved_by_all"], summary["solved_by_none"]) == (["all"], ["none"])
    assert {source: (each["number"], each["of"]) for source, each in summary["by_source"].items()} == {
        "ada": (6, 9), "bob": (3, 9),
    }  # fmt: skip
    told = [line.split() for line in out.splitlines()]
    assert "task, hardest first    solved                       ada     bob     least that is paid".split() in told
    rows = {words[0]: " ".join(words[1:]) for words in told if words and words[0] in ("all", "none", "some")}
    assert rows["none"] == "0 of 6 (0 % to 39 %) 0 of 3 0 of 3 not known"
    assert rows["some"] == "3 of 6 (18.7 % to 81.2 %) 3 of 3 0 of 3 1 of 4 statements (trivial)"
    assert rows["all"].endswith("3 of 3 3 of 3 not known"), "what was audited is another version of it"
    order = [words[0] for words in told if words and words[0] in rows][-3:]
    assert order == ["none", "some", "all"]
    assert "Solved by every attempt: all" in out
    assert "Solved by no attempt: none" in out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "There are no solutions in given.\ndocs/attempts.md says what a folder with solutions looks like."),
        (None, "There is no given.\nName a folder or a .jsonl file."),
        ({"../given": "x"}, "There are no solutions in given.\nName a folder, or a file of JSON Lines"),
        ({"a.jsonl": '{"task": "task", "patch": "x"}\n{"task"\n'}, "given/a.jsonl, line 2: Input data was truncated"),
        (
            {"other/a/solve.sh": "ok"},
            "No solution of 1 is for one of these tasks.\nThe first says other, and the first",
        ),
        ({"a/attempt.json": "{}"}, "The solution in given/a cannot be read: it has neither a solve.sh, one diff"),
    ],
)
def test_what_is_handed_in_wrongly_is_said_before_anything_runs(
    run: Callable[..., Ran],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, str] | None,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "task", OFFLINE)
    if given is not None and "../given" in given:
        (tmp_path / "given").write_text("x", encoding="utf-8")
    elif given is not None:
        (tmp_path / "given").mkdir()
        write(tmp_path / "given", given)
    boxes = Boxes()
    code, out, err = run(boxes, "attempts", "task", "--solutions", "given", "-o", "out")
    assert (code, out) == (ExitCode.USAGE, "")
    assert said in err
    assert not boxes.log
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_run_is_said_of_each_and_the_others_are_run(run: Callable[..., Ran], tmp_path: Path) -> None:
    write(tmp_path / "task", OFFLINE)
    patch = "--- a/solve.sh\n+++ b/solve.sh\n@@ -1,2 +1,2 @@\n #!/bin/bash\n-{}\n+echo ok\n"
    given = {"fits.patch": patch.format("echo ok > /app/out.txt"), "old.patch": patch.format("echo other"),
             "cut.patch": patch[:40], "no/attempt.json": "{}", "no/x.patch": "hello"}  # fmt: skip
    write(tmp_path / "given", given)
    code, out, _ = run(Boxes(), "attempts", tmp_path / "task", "--solutions", tmp_path / "given")
    assert code == ExitCode.OK
    assert "Not judged: 3" in out
    said = " ".join(out.split())
    for why in (
        "task/old: unreadable: its patch does not fit solve.sh:",
        "task/cut: unreadable: its patch is no unified diff, or is cut short",
        "task/no: unreadable: its patch is no unified diff",
    ):
        assert why in said
