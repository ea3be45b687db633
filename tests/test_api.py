"""The Python API: its names, what it takes and gives, and that docs/api.md is true of it."""

from __future__ import annotations

import ast
import asyncio
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import foolsgold
import harness.runs
from harness.engine.contract import Command, Engine
from harness.errors import EngineError, NeedsDocker, UsageError
from harness.settings.catalogue import SETTINGS
from harness.task.model import Unusable
from tests.harness.fake_engine import SOLVE, VERIFY, Does, FakeBox, FakeEngine
from tests.harness.stages.test_controls import GOOD
from tests.harness.tasks import HARBOR, write

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "fixtures/cases"
PAGE = (ROOT / "docs/api.md").read_text()


@dataclass(frozen=True)
class Block:
    code: str
    engine: bool
    runs: bool


def blocks() -> Iterator[Block]:
    """The page's Python, each with the mark before it."""
    for mark, code in re.findall(r"(?:<!-- (.*?) -->\n)?```python\n(.*?)```", PAGE, re.DOTALL):
        yield Block(code, mark == "engine", not mark.startswith("not run"))


def run_page(*, results: bool) -> int:
    """Run the page from top to bottom; where a line says what it gives (`# ->`), that is held to it. Blocks that need
    an engine are held to it only with `results`. Gives how many lines were."""
    names: dict[str, Any] = {}
    held = 0
    for block in blocks():
        if not block.runs:
            compile(block.code, "docs/api.md", "exec")
            continue
        lines = block.code.splitlines()
        for statement in ast.parse(block.code).body:
            source = ast.get_source_segment(block.code, statement)
            assert source is not None
            if not isinstance(statement, ast.Expr):
                exec(source, names)
                continue
            value = eval(source, names)
            _, arrow, said = lines[(statement.end_lineno or 0) - 1].partition("  # -> ")
            if arrow and (results or not block.engine):
                assert repr(value) == said, source
                held += 1
    return held


@pytest.fixture
def page_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("cleanup-dry-run-faulty", "cleanup-dry-run-mended"):
        shutil.copytree(FIXTURES / name, tmp_path / "tasks" / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """Pays whatever has solved at all."""
    engine = FakeEngine(GOOD)
    monkeypatch.setattr(harness.runs, "make_engine", lambda name, options: engine)
    return engine


def test_the_page_runs(page_folder: Path, fake: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_page(results=False) == 7
    assert (page_folder / "runs/today/report.html").exists()
    assert (page_folder / "today.csv").exists()
    assert capsys.readouterr().err == ""


@pytest.mark.bwrap
@pytest.mark.timeout(900)
def test_the_page_is_true_on_a_real_engine(page_folder: Path) -> None:
    assert run_page(results=True) == 13


def test_the_names_are_these_and_the_page_has_each() -> None:
    assert foolsgold.__all__ == [
        "ExitCode",
        "FoolsgoldError",
        "Report",
        "TaskMutants",
        "__version__",
        "audit",
        "check",
        "discover",
        "mutants",
        "report",
    ]
    for name in foolsgold.__all__:
        assert getattr(foolsgold, name) is not None
        assert f"`{name}" in PAGE
    with pytest.raises(AttributeError, match="no attribute 'cli'"):
        foolsgold.cli  # noqa: B018


def test_importing_it_loads_nothing() -> None:
    code = (
        "import sys, foolsgold; print([name for name in sys.modules if name.startswith(('harness.', 'mutator', 'c'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = ast.literal_eval(done.stdout)
    assert not [name for name in loaded if name.startswith(("harness", "mutator", "click"))]


def test_a_notebook_has_an_event_loop_already(page_folder: Path, fake: Engine) -> None:
    async def cell() -> foolsgold.Report:
        assert foolsgold.check("tasks", jobs=1).checked
        return foolsgold.audit("tasks", "run", budget=1, jobs=1)

    beside = asyncio._get_running_loop()  # a browser test before this one leaves its own in this thread
    asyncio._set_running_loop(None)
    try:
        assert len(asyncio.run(cell()).tasks) == 2
    finally:
        asyncio._set_running_loop(beside)


def test_an_audit_goes_on_and_a_fresh_one_starts_anew(page_folder: Path, fake: FakeEngine) -> None:
    def trials(**arguments: Any) -> int:
        before = len(fake.log)
        foolsgold.audit("tasks", "run", budget=2, **arguments)
        return sum("/tests/" in line for line in fake.log[before:])

    assert trials() > 0
    assert trials() == 0
    assert trials(fresh=True) > 0


def test_what_discover_found_can_be_given_on(page_folder: Path, fake: Engine) -> None:
    found = foolsgold.discover("tasks")
    assert [one.task.name for one in foolsgold.check(found[:1]).checked] == ["cleanup-dry-run-faulty"]
    both = [found[0], *foolsgold.discover("tasks/cleanup-dry-run-faulty")]
    with pytest.raises(UsageError, match="2 tasks have the name cleanup-dry-run-faulty"):
        foolsgold.mutants(both)


def test_a_task_that_cannot_be_read_is_in_the_list(tmp_path: Path) -> None:
    write(tmp_path / "a", {**HARBOR, "task.toml": "not toml ["})
    [only] = foolsgold.mutants(tmp_path)
    assert isinstance(only.task, Unusable)
    assert (only.mutants, [problem.code for problem in only.task.problems]) == ((), ["bad-toml"])


def test_a_report_and_an_error_can_be_pickled(page_folder: Path, fake: Engine) -> None:
    found = foolsgold.audit("tasks", "run", budget=1)
    before = found.tasks, found.text()
    again = pickle.loads(pickle.dumps(found))
    shutil.rmtree("run")  # as on another machine
    assert (again.run, again.tasks, again.text()) == (found.run, *before)
    for error in (UsageError("a", hint="b"), NeedsDocker("a", where="c"), EngineError("a")):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), vars(again)) == (type(error), vars(error))


def test_a_report_is_written_in_every_format_and_shows_itself_in_a_notebook(page_folder: Path, fake: Engine) -> None:
    from harness.report.formats import FORMATS

    found = foolsgold.audit("tasks", "run", budget=1)
    for form in FORMATS:
        found.write("out", form)
        assert Path("out").read_text() == found.text(form)
    found.write("out")
    assert Path("out").read_text().startswith("<!doctype html>")
    assert found._repr_markdown_() == found.text("markdown")
    assert "verdict" not in repr(found)
    with pytest.raises(UsageError, match="no format 'pdf'"):
        found.text("pdf")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"engine": "chroot"}, "engine cannot be 'chroot'"),
        ({"jobs": 0}, "jobs is 0 and must be between 1 and 256"),
        ({"settings": {"probes": ["forge"]}}, "audit has no setting 'probes'"),
        ({"settings": {"fail-under": 80}}, "audit has no setting 'fail-under'"),
        ({"settings": {"image": "host"}}, "image is 'host' and must be a table"),
        ({"settings": {"threshold": {"adequat": 0.5}}}, "threshold adequat names the threshold 'adequat'"),
    ],
)
def test_a_wrong_setting_is_named(page_folder: Path, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        foolsgold.audit("tasks", "run", **arguments)
    assert not Path("run").exists()


def test_every_setting_of_an_audit_can_be_given_and_a_config_file_is_weaker(page_folder: Path, fake: Engine) -> None:
    from harness.api import _for

    Path("own.toml").write_text('budget = 3\nseed = 7\n[[override]]\ntasks = ["*-mended"]\nbudget = 1\n')
    found = foolsgold.audit("tasks", "run", seed=8, config="own.toml")
    assert found.document["options"]["seed"] == 8
    made = [len(task["mutants"]) for task in found.document["tasks"]]
    assert made == [3, 1], [(task["why"], task["internal_error"], task["not_run"]) for task in found.document["tasks"]]
    names = {setting.name for setting in SETTINGS if _for(setting, "audit")}
    assert {"image", "repeat", "network", "timeout-factor", "operator", "probe", "threshold"} <= names
    assert not {"fail-under", "fail-on", "accept", "baseline"} & names


def test_a_config_file_that_nobody_names_is_not_read(page_folder: Path) -> None:
    Path("foolsgold.toml").write_text("budget = 1\n")
    assert len(foolsgold.mutants("tasks/cleanup-dry-run-faulty")[0].mutants) > 1


def test_ctrl_c_gives_what_was_finished(page_folder: Path, fake: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = threading.Event()
    monkeypatch.setattr(fake, "close", closed.set)

    class Stopping(harness.runs.Silent):
        def done(self, done: Any) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            assert closed.wait(60)

    found = foolsgold.audit("tasks", "run", budget=1, jobs=1, watcher=Stopping())
    assert found.document["interrupted"]
    assert len(found.tasks) == 1
    assert found.gate().exit_code == foolsgold.ExitCode.INTERRUPTED
    again = foolsgold.audit("tasks", "run", budget=1, jobs=1)
    assert len(again.tasks) == 2


def test_a_task_that_pays_for_nothing_is_below_the_bar(page_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def paid(_box: FakeBox, _command: Command) -> Does:
        return Does(0, writes={"/logs/verifier/reward.txt": b"1"})

    monkeypatch.setattr(
        harness.runs, "make_engine", lambda name, options: FakeEngine([(SOLVE, Does()), (VERIFY, paid)])
    )
    checked = foolsgold.check("tasks")
    assert checked.exit_code == foolsgold.ExitCode.BELOW_BAR


def test_nothing_is_printed(page_folder: Path, fake: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    foolsgold.mutants("tasks")
    foolsgold.check("tasks")
    foolsgold.audit("tasks", "run", budget=1).gate()
    assert capsys.readouterr() == ("", "")
