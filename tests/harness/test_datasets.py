"""Datasets from end to end, on an engine without boxes: packed tasks audited, samples, copies, shards put together."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import foolsgold
import harness.runs
from harness.commands.main import cli
from harness.errors import ExitCode, UsageError
from harness.lab.merging import merge
from tests.harness.dataset.packing import dataset, numbered, parquet, tarred
from tests.harness.fake_engine import FakeEngine
from tests.harness.stages.test_controls import GOOD
from tests.harness.tasks import write

FIXTURES = Path(__file__).parents[2] / "fixtures/cases"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeEngine:
    """Pays whatever has solved at all."""
    engine = FakeEngine(GOOD)
    monkeypatch.setattr(harness.runs, "make_engine", lambda name, options: engine)
    monkeypatch.chdir(tmp_path)
    return engine


def run(*words: str | Path) -> str:
    done = CliRunner().invoke(cli, [*map(str, words)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in (ExitCode.OK, ExitCode.BELOW_BAR, ExitCode.UNMEASURED), done.output
    return done.output


def audit(*words: str | Path, output: str = "run") -> dict[str, Any]:
    run("audit", *words, "-o", output, "--budget", "2", "--probe", "none", "--no-config", "-q", "-j", "2")
    found: dict[str, Any] = json.loads(Path(output, "report.json").read_text())
    return found


def rows(file: Path, count: int) -> Path:
    cells = [tarred(numbered(number)) for number in range(count)]
    kinds = ["even" if number % 4 else "odd" for number in range(count)]
    return parquet(file, cells, path=[f"t-{number}" for number in range(count)], kind=kinds)


def test_packed_tasks_are_audited_like_folders_and_nothing_of_them_is_left(
    tmp_path: Path, fake: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    rows(tmp_path / "train.parquet", 5)
    for number in range(5):
        write(tmp_path / "train" / f"t-{number}", numbered(number))
    packed, folders = audit("train.parquet"), audit("train", output="other")
    assert [task["name"] for task in packed["tasks"]] == [f"train/t-{number}" for number in range(5)]
    for one, other in zip(packed["tasks"], folders["tasks"], strict=True):
        assert (one["digest"], one["verdict"]) == (other["digest"], other["verdict"])
        assert len(one["mutants"]) == len(other["mutants"]) > 0
        assert one["strength"] == other["strength"]
        assert all(finding["command"] != other["path"] for finding in one["findings"])
    assert packed["tasks"][3]["source"] == {"file": str(tmp_path / "train.parquet"), "member": None, "row": 3}
    assert packed["tasks"][3]["path"] == str(tmp_path / "train.parquet/3")
    assert "/tmp/" not in re.sub(re.escape(str(tmp_path)) + r"/(?!tmp/)", "", json.dumps(packed))
    assert not [path for path in (tmp_path / "tmp").rglob("*") if path.is_file()]


def test_a_packed_task_that_cannot_be_had_is_unmeasured_and_the_others_are_audited(
    tmp_path: Path, fake: FakeEngine
) -> None:
    parquet(tmp_path / "x.parquet", [b"nothing", tarred(numbered(1))])
    found = audit("x.parquet")
    assert [task["verdict"] for task in found["tasks"]] == ["unmeasured", found["tasks"][1]["verdict"]]
    assert [finding["id"] for finding in found["tasks"][0]["findings"]] == ["damaged-archive"]
    assert found["tasks"][1]["mutants"]


def test_a_run_of_packed_tasks_goes_on_where_it_was(tmp_path: Path, fake: FakeEngine) -> None:
    rows(tmp_path / "train.parquet", 4)
    audit("train.parquet")
    before = len(fake.commands)
    audit("train.parquet", "--resume")
    assert len(fake.commands) == before


def test_check_and_mutants_take_packed_tasks(tmp_path: Path, fake: FakeEngine) -> None:
    rows(tmp_path / "train.parquet", 3)
    assert run("check", "train.parquet", "-q").startswith("3 tasks checked on fake")
    listed = json.loads(run("mutants", "train.parquet/1", "--json"))
    assert [task["task"] for task in listed["tasks"]] == ["train/t-1"]
    assert listed["tasks"][0]["steps"][0]["mutants"]
    refused = CliRunner().invoke(cli, ["mutants", "train.parquet", "--source", "nix"])
    assert isinstance(refused.exception, UsageError)
    assert "no source has this in its name" in refused.exception.message


def test_a_sample_is_told_and_speaks_for_all(tmp_path: Path, fake: FakeEngine) -> None:
    rows(tmp_path / "train.parquet", 40)
    found = audit("train.parquet", "--sample", "8", "--by", "kind", "--seed", "7")
    assert found["selection"]["sentence"] == (
        "8 of 40 tasks were drawn at random with seed 7, from each `kind` (2) by its size; shares of tasks are "
        "estimates for all 40."
    )
    assert [(one["name"], one["tasks"], one["sampled"]) for one in found["selection"]["sample"]["strata"]] == [
        ("even", 30, 6), ("odd", 10, 2),
    ]  # fmt: skip
    assert len(found["tasks"]) == 8
    row = found["summary"]["dataset"][0]
    assert (row["measured"], row["speaks_for"], row["share"], row["low"]) == (8, 40, 0.0, 0.0)
    # Wilson's of eight of unlimited many is 0.324: to have seen a fifth of all makes it surer.
    assert 0.2 < row["high"] < 0.324
    assert [(one["name"], one["measured"], one["tasks"]) for one in row["by"]] == [("even", 6, 30), ("odd", 2, 10)]
    assert {task["stratum"] for task in found["tasks"]} == {"even", "odd"}
    again = audit("train.parquet", "--sample", "8", "--by", "kind", "--seed", "7", output="again")
    assert [task["name"] for task in again["tasks"]] == [task["name"] for task in found["tasks"]]
    for form in ("terminal", "markdown"):
        assert "8 of 40 tasks were drawn at random" in " ".join(run("report", "run", "--format", form).split())
    assert "stratum" in run("report", "run", "--verbose")
    page = Path("run/report.html").read_text(encoding="utf-8")
    assert "The same for each stratum of the sample" in page
    assert '<td>odd</td><td class="n">0 of 2</td><td class="n">10</td>' in page


def test_the_same_task_twice_is_audited_once_and_counted(tmp_path: Path, fake: FakeEngine) -> None:
    dataset(tmp_path / "tasks", ["a", "c"])
    shutil.copytree(tmp_path / "tasks/a", tmp_path / "tasks/b")
    found = audit("tasks")
    assert [task["name"] for task in found["tasks"]] == ["a", "c"]
    assert found["copies"] == [{"name": "b", "path": str(tmp_path / "tasks/b"), "of": "a", "how": "exact"}]
    assert found["summary"]["tasks"] == 2
    assert found["summary"]["dataset"][0]["measured"] == 3
    assert not found["unfinished"]
    assert "1 with the same files as another" in " ".join(run("report", "run").split())
    every = audit("tasks", "--duplicates", "each")
    assert [task["name"] for task in every["tasks"]] == ["a", "b", "c"]
    assert every["copies"] == []


def test_the_same_task_under_other_names_is_found_where_it_is_looked_for(tmp_path: Path, fake: FakeEngine) -> None:
    text = (
        "Read `/app/{0}.csv` and write the sum of its second column to `/app/{0}_total.txt`, with a line end. "
        "Lines that begin with a hash sign are comments, and an empty file has the sum zero. Change nothing else."
    )
    for name, word in (("a", "sales"), ("b", "rainfall")):
        write(tmp_path / "tasks" / name, numbered(0, {"instruction.md": text.format(word)}))
    other = "Sort the lines of the log by their date, the newest first, and keep what else is in it.\n"
    write(tmp_path / "tasks/c", numbered(0, {"instruction.md": other}))
    assert audit("tasks")["copies"] == []
    found = audit("tasks", "--duplicates", "near", output="near")
    assert [(copy["name"], copy["of"], copy["how"]) for copy in found["copies"]] == [("b", "a", "near")]


# --- shards


def differences(one: Any, other: Any, at: str = "") -> list[str]:
    """Where two documents differ."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [each for key in one for each in differences(one[key], other[key], f"{at}/{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [each for place, (a, b) in pairs for each in differences(a, b, f"{at}/{place}")]
    return [] if one == other else [f"{at}: {str(one)[:200]} != {str(other)[:200]}"]


def same(report: dict[str, Any]) -> Any:
    """The report without what two runs of the same differ in: times, and where the run lies."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: without(each)
                for key, each in value.items()
                if key not in ("seconds", "timings", "run", "repro", "reuse") and not key.endswith("seconds")
            }
        if isinstance(value, str):
            return value.replace(f"foolsgold show {report['run']} ", "foolsgold show RUN ")
        return [without(each) for each in value] if isinstance(value, list) else value

    return without(report)


def test_shards_put_together_are_the_whole_run(tmp_path: Path, fake: FakeEngine) -> None:
    shutil.copytree(FIXTURES, tmp_path / "tasks", symlinks=True)
    shutil.copytree(FIXTURES / "cleanup-dry-run-faulty", tmp_path / "tasks" / "zz-again", symlinks=True)
    whole = audit("tasks")
    assert len(whole["tasks"]) > 8
    assert [copy["name"] for copy in whole["copies"]] == ["zz-again"]
    for number in range(1, 5):
        part = audit("tasks", "--shard", f"{number}/4", output=f"part-{number}")
        assert part["selection"]["shard"] == f"{number}/4"
    # The order in which they are named is nobody's concern.
    said = run("merge", *(f"part-{number}" for number in (3, 1, 4, 2)), "-o", "merged")
    assert f"4 runs, {len(whole['tasks'])} tasks" in said
    merged = json.loads(Path("merged/report.json").read_text())
    assert differences(same(merged), same(whole)) == []
    assert run("compare", "run", "merged").count("stronger") <= 1
    assert run("gate", "merged", "--no-config") == run("gate", "run", "--no-config")
    counts = {}
    for folder in ("run", "merged"):
        with sqlite3.connect(Path(folder, "run.db")) as db:
            counts[folder] = [db.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("trial", "mutant")]
        db.close()
    assert counts["run"] == counts["merged"]


def test_a_merged_run_can_be_gone_on_with(tmp_path: Path, fake: FakeEngine) -> None:
    dataset(tmp_path / "tasks", ["a", "b", "c"])
    for number in (1, 2):
        audit("tasks", "--shard", f"{number}/2", output=f"part-{number}")
    run("merge", "part-1", "part-2", "-o", "merged")
    before = len(fake.commands)
    assert [task["name"] for task in audit("tasks", "--resume", output="merged")["tasks"]] == ["a", "b", "c"]
    assert len(fake.commands) == before


def test_a_copy_in_another_shard_is_found_when_they_are_put_together(tmp_path: Path, fake: FakeEngine) -> None:
    dataset(tmp_path / "tasks", ["a"])
    for name in ("b", "c", "d"):
        shutil.copytree(tmp_path / "tasks/a", tmp_path / "tasks" / name)
    whole = audit("tasks")
    for number in (1, 2):
        assert len(audit("tasks", "--shard", f"{number}/2", output=f"part-{number}")["tasks"]) == 1
    run("merge", "part-2", "part-1", "-o", "merged")
    merged = json.loads(Path("merged/report.json").read_text())
    assert merged["copies"] == whole["copies"]
    assert [copy["of"] for copy in merged["copies"]] == ["a", "a", "a"]
    assert differences(same(merged), same(whole)) == []


def test_what_is_no_part_of_one_run_is_not_put_together(tmp_path: Path, fake: FakeEngine) -> None:
    dataset(tmp_path / "tasks", ["a", "b", "c"])
    audit("tasks", "--shard", "1/2", output="one")
    audit("tasks", "--shard", "2/2", output="two")
    audit("tasks", "--shard", "2/2", "--repeat", "2", output="other")
    audit("tasks", output="all")

    def refused(*runs: str, **more: Any) -> str:
        with pytest.raises(UsageError) as caught:
            merge([Path(one) for one in runs], Path("merged"), **more)
        assert not Path("merged/run.db").exists()
        return caught.value.message

    assert refused("one") == "There is no run of the shards 2/2."
    assert "differ in options: repeat" in refused("one", "other")
    assert "differ in selection: found" in refused("one", "all")
    assert refused("one", "two", "two") == "Two of these runs are the same shard."
    assert "The task a is in all and in" in refused("all", "all")
    assert "no run in nothing" in refused("one", "nothing")
    [said] = merge([Path("one")], Path("part"), partial=True)
    assert said == "The shards 2/2 are missing: their tasks are not in it."
    assert foolsgold.report("part").document["selection"]["shard"] == "1/2"
    with pytest.raises(UsageError, match="There is a run in part"):
        merge([Path("one"), Path("two")], Path("part"))


def test_an_interrupted_shard_leaves_the_whole_unfinished(tmp_path: Path, fake: FakeEngine) -> None:
    dataset(tmp_path / "tasks", ["a", "b", "c"])
    for number in (1, 2):
        audit("tasks", "--shard", f"{number}/2", output=f"part-{number}")
    with sqlite3.connect("part-2/run.db") as db:
        db.execute("UPDATE task SET result = NULL, brief = NULL")
        db.execute("UPDATE meta SET value = 'null' WHERE key = 'seconds'")
    db.close()
    assert "1 of 3 tasks unfinished" in run("merge", "part-1", "part-2", "-o", "merged")
    found = foolsgold.report("merged").document
    assert found["interrupted"]
    assert [task["name"] for task in found["unfinished"]] == ["b"]
    assert foolsgold.report("merged").gate().exit_code == ExitCode.INTERRUPTED


@pytest.mark.parametrize("text", ["0/4", "5/4", "x", "1/0", "-1/4"])
def test_a_shard_that_is_none_is_the_users_mistake(tmp_path: Path, fake: FakeEngine, text: str) -> None:
    dataset(tmp_path / "tasks", ["a"])
    done = CliRunner().invoke(cli, ["audit", "tasks", f"--shard={text}"])
    assert isinstance(done.exception, UsageError) or done.exit_code == ExitCode.USAGE


def test_python_chooses_like_the_command_line(tmp_path: Path, fake: FakeEngine) -> None:
    rows(tmp_path / "train.parquet", 20)
    tasks = foolsgold.discover("train.parquet", sample=4, by="kind", seed=7)
    assert tasks.selection is not None
    found = foolsgold.audit(tasks, "run", budget=1, settings={"probe": ["none"]})
    assert [task.name for task in tasks] == list(found.tasks)
    assert found.document["selection"]["sample"]["size"] == 4
    [only] = foolsgold.mutants(foolsgold.discover("train.parquet/3"), budget=2)
    assert len(only.mutants) > 0
    assert only.diff(only.mutants[0])
