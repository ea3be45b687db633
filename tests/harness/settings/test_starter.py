"""`foolsgold init`: it says what is there, and the file it writes is one that foolsgold reads."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.commands.config import config
from harness.commands.init import init
from harness.errors import UsageError
from harness.settings.catalogue import BY_NAME
from harness.settings.file import read_config
from harness.settings.starter import CONTROLS, described, look
from harness.task.discover import discover
from tests.harness.tasks import HARBOR, write

FIXTURES = Path(__file__).parents[3] / "fixtures"


@pytest.fixture(autouse=True)
def _no_engine_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.machine.doctor.chosen", lambda wanted, options: ("bwrap", "no Docker daemon answers"))


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "tasks"
    for name in ("plain-python-verifier", "no-network"):
        shutil.copytree(FIXTURES / "formats" / name, folder / name)
    write(folder / "broken", {"task.toml": "x"})
    return folder


def ask(*words: str | Path) -> Result:
    return CliRunner().invoke(init, [str(word) for word in words], catch_exceptions=False, standalone_mode=False)


def test_it_says_what_is_there_and_writes_a_file_that_is_in_force(dataset: Path) -> None:
    said = ask(dataset).stdout
    assert "Tasks: 3 (2 harbor)." in said
    assert "1 cannot be used:\n    broken: " in said
    assert "Engine: bwrap, because no Docker daemon answers." in said
    assert re.search(r"about \d+ trials", said)
    assert f"foolsgold audit {dataset}" in said
    shown = CliRunner().invoke(config, [str(dataset)], catch_exceptions=False, standalone_mode=False)
    assert re.search(rf"depth +standard +{re.escape(str(dataset))}/foolsgold.toml:\d+", shown.output)


def uncommented(text: str) -> str:
    """With every setting that is only proposed."""
    return re.sub(r"^# (?=[\w-]+ = |\[|\")", "", text, flags=re.MULTILINE)


def test_what_the_file_proposes_are_settings_with_values_they_may_have(dataset: Path) -> None:
    ask(dataset)
    file = dataset / "foolsgold.toml"
    text = uncommented(file.read_text())
    named = tomllib.loads(text).keys()
    assert named - BY_NAME.keys() == {"override"}
    assert {"engine", "depth", "jobs", "fail-under", "fail-on", "baseline", "image"} <= named
    file.write_text(text)
    found = read_config(file)
    assert len(found.overrides) == 1
    assert found.values[("image", "python:3.12-*")].value == "host"


def test_a_file_that_is_there_stays_unless_it_is_forced(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = dataset / "foolsgold.toml"
    file.write_text("# mine\n")
    with pytest.raises(UsageError, match="is there already"):
        init.main([str(dataset)], standalone_mode=False)
    assert "Tasks: " in capsys.readouterr().out
    assert file.read_text() == "# mine\n"
    ask(dataset, "--force")
    assert "depth" in tomllib.loads(file.read_text())


def test_beside_a_pyproject_with_settings_none_is_written(dataset: Path) -> None:
    (dataset / "pyproject.toml").write_text('[tool.foolsgold]\ndepth = "quick"\n')
    with pytest.raises(UsageError, match=r"has a \[tool.foolsgold\]"):
        ask(dataset, "--force")
    assert not (dataset / "foolsgold.toml").exists()


def test_a_tasks_own_folder_gets_no_file_but_its_parent_does(dataset: Path) -> None:
    ask(dataset / "no-network")
    assert (dataset / "foolsgold.toml").exists()
    assert not (dataset / "no-network/foolsgold.toml").exists()


def test_a_folder_without_tasks_is_an_error_and_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no task"):
        ask(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_tasks_names_move_no_cursor(tmp_path: Path) -> None:
    write(tmp_path / "tasks/a\x1b[2J", {"task.toml": "x"})
    write(tmp_path / "tasks/b", HARBOR)
    said = ask(tmp_path / "tasks").stdout
    assert "\x1b" not in said
    assert "\x1b" not in (tmp_path / "tasks/foolsgold.toml").read_text()


def test_the_estimate_counts_trials_and_time(dataset: Path) -> None:
    found = look(discover([dataset]), least=8)
    assert found.sampled == 2
    assert found.trials == round(2 * (CONTROLS + 1.3 * found.mutants))
    said = " ".join(described(found, engine="docker", why="a Docker daemon answers.", jobs=1).split())
    assert f"1 s: {found.trials} s" in said or f"1 s: {round(found.trials / 60)} min" in said


def test_a_large_dataset_is_sampled_and_says_so(tmp_path: Path) -> None:
    for number in range(45):
        write(tmp_path / f"tasks/t{number:02}", HARBOR)
    found = look(discover([tmp_path / "tasks"]), least=8)
    assert (len(found.tasks), found.sampled) == (45, 20)
    assert "(in 20 of them that were looked at)" in " ".join(described(found, engine="", why="x", jobs=2).split())
