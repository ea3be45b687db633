from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from harness.commands.main import cli
from harness.errors import UsageError
from harness.settings.catalogue import SETTINGS, Setting, ValueKind, operator_names
from harness.settings.file import find_config, read_config
from harness.settings.in_force import InForce, Key, Level, Value, one, table, task_matches
from harness.settings.meaning import as_set, budget, control_settings, rules, thresholds, wish
from harness.task.model import Task
from tests.harness.tasks import HARBOR, harbor, write


def file(folder: Path, text: str, name: str = "foolsgold.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def flag(**values: Any) -> dict[Key, Value]:
    return {(name.replace("_", "-"),): Value(value, Level.FLAG, f"--{name}") for name, value in values.items()}


def told(tmp_path: Path, text: str, flags: Mapping[Key, Value] | None = None) -> InForce:
    return InForce(read_config(file(tmp_path, text)), flags or {})


# --- precedence

TOP = "repeat = 5\n"
OVERRIDE = '[[override]]\ntasks = ["a"]\nrepeat = 7\n'
LATER = '[[override]]\ntasks = ["*"]\nrepeat = 9\n'


@pytest.mark.parametrize(
    ("text", "flags", "value", "level", "line"),
    [
        ("", {}, 3, Level.DEFAULT, None),
        (TOP, {}, 5, Level.FILE, 1),
        (OVERRIDE, {}, 7, Level.OVERRIDE, 3),
        (TOP + OVERRIDE, {}, 7, Level.OVERRIDE, 4),
        (TOP + OVERRIDE + LATER, {}, 9, Level.OVERRIDE, 7),
        (TOP + LATER + OVERRIDE, {}, 7, Level.OVERRIDE, 7),
        (TOP + OVERRIDE, flag(repeat=2), 2, Level.FLAG, None),
        (TOP, flag(repeat=3), 3, Level.FLAG, None),
    ],
)
def test_a_flag_wins_over_an_override_over_the_file_over_the_default(
    tmp_path: Path, text: str, flags: Mapping[Key, Value], value: int, level: Level, line: int | None
) -> None:
    found = told(tmp_path, text, flags).task("a", tmp_path / "a")[("repeat",)]
    assert (found.value, found.level) == (value, level)
    if line is not None:
        assert found.where.endswith(f"foolsgold.toml:{line}")


def test_an_override_says_nothing_about_other_tasks_or_the_run(tmp_path: Path) -> None:
    found = told(tmp_path, TOP + OVERRIDE)
    assert one(found.task("b", tmp_path / "b"), "repeat") == 5
    assert one(found.run(), "repeat") == 5


def test_tables_are_put_together_key_by_key_and_lists_are_replaced(tmp_path: Path) -> None:
    text = (
        'fault = ["missing-flag"]\n[image]\n"a" = "host"\n"b" = "host"\n'
        '[[override]]\ntasks = ["x"]\nfault = ["boundary"]\nimage = { "b" = "other" }\n'
    )
    found = told(tmp_path, text, {("image", "a"): Value("mine", Level.FLAG)}).task("x", tmp_path / "x")
    assert table(found, "image") == {"a": "mine", "b": "other"}
    assert one(found, "fault") == ("boundary",)


@pytest.mark.parametrize(
    ("text", "flags", "expected"),
    [
        ("", {}, 60),
        ('depth = "deep"\n', {}, 250),
        ('depth = "deep"\nbudget = 7\n', {}, 7),
        ("budget = 7\n", flag(depth="quick"), 20),
        ('budget = 7\n[[override]]\ntasks = ["a"]\ndepth = "deep"\n', {}, 250),
        ('depth = "deep"\n', flag(budget=4), 4),
    ],
)
def test_a_depth_puts_aside_a_budget_from_below_it(
    tmp_path: Path, text: str, flags: Mapping[Key, Value], expected: int
) -> None:
    assert budget(told(tmp_path, text, flags).task("a", tmp_path / "a")) == expected


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("nginx", True),
        ("ngin?", True),
        ("cases/nginx", True),
        ("sets/cases/*", True),
        ("sets/*", True),
        ("./sets/cases/nginx/", True),
        ("cases", False),
        ("other/nginx", False),
        ("*/other", False),
    ],
)
def test_a_pattern_names_a_task_by_name_folder_or_path(tmp_path: Path, pattern: str, matches: bool) -> None:
    assert task_matches(pattern, "cases/nginx", tmp_path / "sets/cases/nginx", tmp_path) is matches


# --- what cannot be


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("budgte = 3\n", 1, "no setting `budgte`", "`budget`"),
        ("# x\n\ntimeout_factor = 2\n", 3, "no setting `timeout_factor`", "`timeout-factor`"),
        ('budget = "3"\n', 1, "must be a whole number", ""),
        ("budget = true\n", 1, "is true and must be a whole number", ""),
        ("budget = 0\n", 1, "must be at least 1", ""),
        ("timeout-factor = 0\n", 1, "must be between 0.01 and 1000", ""),
        ("fail-under = 101\n", 1, "must be between 0 and 100", ""),
        ('engine = "dockre"\n', 1, "cannot be 'dockre'", "`docker`"),
        ('fail-on = "nop-paid"\n', 1, "must be a list of texts", ""),
        ('fail-on = ["nop-payed"]\n', 1, "no", "`nop-paid`"),
        ('operator = ["pythn"]\n', 1, "operator", "`python`"),
        ('fault = ["mising-flag"]\n', 1, "fault class", "`missing-flag`"),
        ("[threshold]\nadequat = 0.5\n", 2, "adequat", "`adequate`"),
        ("[threshold]\nstrong = 2\n", 2, "between 0 and 1", ""),
        ("[threshold]\nleast = 0.5\n", 2, "whole number", ""),
        ("threshold = 3\n", 1, "is no table", ""),
        ('[accept]\nnop-paid = " "\n', 2, "Why it is accepted", ""),
        ('[image]\n"a" = ";"\n', 2, "names no base", ""),
        ('[[override]]\ntasks = ["a"]\njobs = 3\n', 3, "cannot be overridden", "top"),
        ('[[override]]\ntasks = ["a"]\n[[override]]\ntasks = ["b"]\nbudgt = 3\n', 5, "`budgt`", "`budget`"),
        ("[[override]]\nrepeat = 3\n", 1, "which tasks", "tasks = "),
        ("override = 3\n", 1, "no list of tables", "[[override]]"),
    ],
)
def test_what_cannot_be_is_an_error_with_its_line_and_a_way_out(
    tmp_path: Path, text: str, line: int, message: str, hint: str
) -> None:
    path = file(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        read_config(path)
    assert caught.value.message.startswith(f"{path}:{line}: ")
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_pyproject_lines_are_counted_in_its_own_tables(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        '[project]\nname = "x"\n[tool.foolsgold]\nrepeat = 4\n[[tool.foolsgold.override]]\ntasks = ["a"]\nbudgte = 1\n',
        "pyproject.toml",
    )
    with pytest.raises(UsageError, match=r"pyproject\.toml:7: there is no setting `budgte`"):
        read_config(path)


@pytest.mark.parametrize(("text", "message"), [("repeat = \n", "is not TOML"), ("\x00", "is not TOML")])
def test_a_file_that_is_not_toml_is_said_so(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_config(file(tmp_path, text))


def test_adequate_may_not_lie_above_strong(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="above"):
        thresholds(told(tmp_path, "[threshold]\nadequate = 0.95\n").run())


# --- finding the file


def test_the_file_is_looked_for_from_the_path_upwards_and_then_from_where_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    tasks = tmp_path / "far/tasks"
    write(tasks / "a", HARBOR)
    assert find_config([tasks]) is None
    mine = file(here, "")
    assert find_config([tasks]) == mine
    above = file(tmp_path / "far", "[tool.foolsgold]\n", "pyproject.toml")
    assert find_config([tasks / "a"]) == above
    nearer = file(tasks, "")
    assert find_config([tasks / "a"]) == nearer


def test_a_task_does_not_set_the_terms_of_its_own_audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a", HARBOR)
    file(tmp_path / "a", "fail-under = 0\n")
    assert find_config([tmp_path / "a"]) is None
    assert find_config([tmp_path / "a/tests"]) is None


def test_a_pyproject_that_says_nothing_of_us_is_passed_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    above = file(tmp_path, "")
    file(tmp_path / "sub", '[project]\nname = "foolsgold-tasks"\n', "pyproject.toml")
    assert find_config([tmp_path / "sub"]) == above


def test_two_files_for_one_run_are_an_error(tmp_path: Path) -> None:
    for name in ("a", "b"):
        file(tmp_path / name, "")
    with pytest.raises(UsageError, match="different config files"):
        find_config([tmp_path / "a", tmp_path / "b"])
    file(tmp_path / "a", "[tool.foolsgold]\n", "pyproject.toml")
    with pytest.raises(UsageError, match="has both"):
        find_config([tmp_path / "a"])


# --- what the program makes of it


@pytest.mark.parametrize(("kind", "said"), [("FIFO", "a FIFO"), ("folder", "a folder"), ("link", "a link that leads")])
def test_a_config_file_that_is_none_is_told_and_not_passed_over(tmp_path: Path, kind: str, said: str) -> None:
    (tmp_path / "a").mkdir()
    file = tmp_path / "foolsgold.toml"
    if kind == "FIFO":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    else:
        file.symlink_to(file.name)
    with pytest.raises(UsageError, match=f"foolsgold.toml is {said}"):
        find_config([tmp_path / "a"])


def test_every_setting_reaches_what_it_sets(tmp_path: Path) -> None:
    text = (
        'repeat = 4\nnetwork = "off"\ntimeout-factor = 2\nbudget = 9\nseed = 5\noperator = ["shell"]\n'
        'skip-operator = ["python"]\nfault = ["boundary"]\nskip-fault = ["wrong-value"]\nsource = ["x"]\n'
        'fail-under = 70\nfail-on = ["nop-paid"]\n[threshold]\nleast = 3\n'
    )
    values = told(tmp_path, text).run()
    controls, wished, asked = control_settings(values), wish(values), rules(values)
    assert (controls.repeat, controls.network, controls.timeout_factor) == (4, "off", 2.0)
    assert (wished.budget, wished.seed, wished.sources) == (9, 5, frozenset({"x"}))
    assert (wished.operators, wished.skipped_operators) == (frozenset({"shell"}), frozenset({"python"}))
    assert (wished.faults, wished.skipped_faults) == (frozenset({"boundary"}), frozenset({"wrong-value"}))
    assert (asked.fail_under, asked.fail_on) == (70.0, frozenset({"nop-paid"}))
    assert thresholds(values).least == 3


def test_paths_in_a_file_are_relative_to_it(tmp_path: Path) -> None:
    values = told(tmp_path, 'baseline = "sub/known.toml"\n[image]\n"*" = "./root.tar"\n').run()
    assert one(values, "baseline") == str(tmp_path / "sub/known.toml")
    assert table(values, "image") == {"*": str(tmp_path / "root.tar")}


def test_a_task_can_stand_on_an_image_of_its_own(tmp_path: Path) -> None:
    found = told(tmp_path, '[image]\n"*" = "host"\n[[override]]\ntasks = ["b"]\nimage = { "*" = "mine" }\n')
    plain, own = (as_set(harbor(tmp_path / name), found) for name in "ab")
    assert isinstance(plain, Task)
    assert isinstance(own, Task)
    assert plain.environment.recipe.images == {}
    assert own.environment.recipe.images == {"*": "mine"}


def test_a_dataset_and_one_of_its_tasks_can_name_their_runner(tmp_path: Path) -> None:
    text = 'runner = "harbor@0.24"\n[[override]]\ntasks = ["b"]\nrunner = "harbor@0.26"\n'
    found = told(tmp_path, text)
    tasks = [as_set(harbor(tmp_path / name), found) for name in "ab"]
    assert [str(task.runner) for task in tasks if isinstance(task, Task)] == ["harbor@0.24", "harbor@0.26"]
    with pytest.raises(UsageError, match="runner"):
        told(tmp_path, 'runner = "harbor@0.25"\n')


# --- the command line


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, list(arguments), standalone_mode=False)
    if isinstance(result.exception, UsageError):
        return int(result.exception.exit_code), str(result.exception)
    if result.exception is not None:
        raise result.exception
    return int(result.return_value or 0), result.stdout


def test_config_prints_what_is_in_force_and_where_it_comes_from(tmp_path: Path) -> None:
    write(tmp_path / "tasks/a", HARBOR)
    path = file(tmp_path, 'repeat = 5\n[[override]]\ntasks = ["a"]\nbudget = 3\n[[override]]\ntasks = ["b"]\n')
    code, out = run("config", str(tmp_path / "tasks"), "--config", str(path), "--jobs", "2", "--json")
    found = json.loads(out)
    said = {one["name"]: (one["value"], one["level"], one["where"]) for one in found["settings"]}
    assert code == 0
    assert found["file"] == str(path)
    assert said["repeat"] == (5, "file", f"{path}:1")
    assert said["jobs"] == (2, "flag", "--jobs")
    assert said["network"] == ("auto", "default", None)
    [task] = found["tasks"]
    assert [(one["name"], one["value"], one["where"]) for one in task["settings"]] == [("budget", 3, f"{path}:4")]
    assert found["unmatched_overrides"] == [f"{path}:5"]
    _, text = run("config", str(tmp_path / "tasks"), "--config", str(path))
    assert f"{path}:5: this override matches no task here." in text


def test_a_config_file_changes_what_a_command_does(tmp_path: Path) -> None:
    write(tmp_path / "tasks/a", {**HARBOR, "solution/solve.sh": "#!/bin/bash\nuseradd ann\ncrontab /app/a\nls -l z\n"})
    _, out = run("mutants", str(tmp_path / "tasks"), "--json")
    [everything] = json.loads(out)["tasks"]
    file(tmp_path, '[[override]]\ntasks = ["tasks/a"]\nbudget = 1\n')
    _, out = run("mutants", str(tmp_path / "tasks"), "--json")
    [limited] = json.loads(out)["tasks"]
    _, out = run("mutants", str(tmp_path / "tasks"), "--json", "--no-config")
    [without] = json.loads(out)["tasks"]
    assert len(limited["steps"][0]["mutants"]) == 1 < len(everything["steps"][0]["mutants"])
    assert without == everything


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("audit", "x", "--fail-on", "nop-payd"), "`nop-paid`"),
        (("audit", "x", "--operator", "shel"), "`shell`"),
        (("audit", "x", "--threshold", "stron=1"), "`strong`"),
        (("audit", "x", "--threshold", "strong=high"), "is not a number"),
        (("audit", "x", "--image", "debian"), "FROM=BASE"),
        (("audit", "x", "--accept", "nop-paid"), "FINDING=REASON"),
        (("audit", "x", "--config", __file__, "--no-config"), "contradict each other"),
        (("audit", "x", "--config", __file__), "is not TOML"),
    ],
)
def test_flags_are_held_to_the_same_rules(arguments: tuple[str, ...], message: str) -> None:
    code, said = run(*arguments)
    assert code == 2
    assert message in said


ONLY_FLAGS = {
    "--config": "names the file itself",
    "--sample": "is about this one run",
    "--record-network": "is --network record",
    "--by": "is about this one sample",
    "--shard": "is about this one machine",
    "--changed-since": "is about this one change",
    "--partial": "is the question of this one merger",
    "--no-config": "is about the file itself",
    "--output": "names where this one result goes",
    "--format": "is the shape of this one result",
    "--verbose": "is the length of this one result",
    "--timings": "is the shape of this one result",
    "--fail-on-weaker": "is the question of this one comparison",
    "--schema": "prints something else altogether",
    "--root": "belongs to where one format is read",
    "--json": "is the shape of this one result",
    "--markdown": "is the shape of this one result",
    "--diff": "is the shape of this one result",
    "--no-progress": "is about this one terminal",
    "--quiet": "is about this one terminal",
    "--resume": "is about this one run",
    "--fresh": "is about this one run",
    "--force": "is about this one file",
    "--all": "is about this one call",
    "--mutate-with": "names what somebody wrote for this one run",
    "--task": "is about this one run",
    "--solutions": "names solutions to the tasks of this one run",
    "--tests": "names the new tests of this one run",
    "--audit": "names a run beside this one",
    "--right": "names solutions to the tasks of this one run",
    "--times": "is the proof of these new tests",
    "--pins-unstated": "is the question of these new tests",
    "--check": "is what is run of these new tests",
    "--no-audit": "is what is run of these new tests",
    "--dry-run": "is about this one call",
    "--in-place": "names where this one result goes",
    "--kind": "is what is asked for this one time",
    "--number": "is what is asked for this one time",
    "--environment": "says what of the tasks leaves this machine",
    "--model-url": "says where a key goes, which no dataset's file may",
    "--model-key-file": "names a secret",
    "--answer-tokens": "is about this one call",
    "--answer-seconds": "is about this one endpoint",
    "--at-once": "is about this one endpoint",
    "--no-stream": "is about this one endpoint",
    "--offline": "is about this one call",
    "--verify": "is the question about these labels",
    "--key": "names a secret, or who is trusted with these labels",
    "--jsonl": "names where this one result goes",
    "--parquet": "names where this one result goes",
    "--card": "names where this one result goes",
    "--croissant": "names where this one result goes",
    "--badge": "names where this one result goes",
    "--versions": "runs nothing",
    "--version": "runs nothing",
    "--help": "runs nothing",
}
"""Flags that no config file has, and why."""

OTHERWISE = {("harden", "--budget"): "is a number of trials, not of mutants"}
"""Flags that are called like a setting and are something else, and why."""


def test_every_option_is_a_setting_or_has_a_reason_not_to_be() -> None:
    settings = {f"--{setting.name}": setting for setting in SETTINGS}
    found: set[str] = set()
    for name, command in cli.commands.items():
        for parameter in command.params:
            if not isinstance(parameter, click.Option):
                continue
            long = next(word for word in parameter.opts if word.startswith("--"))
            found.add(long)
            assert (long in settings) != (long in ONLY_FLAGS), f"{name} {long}"
            if long in settings and (name, long) not in OTHERWISE:
                assert name in settings[long].commands or name == "config", f"{name} {long}"
    assert set(settings) <= found


VALUES = {
    ValueKind.INTEGER: "2",
    ValueKind.TEXT: '"blob"',
    ValueKind.NUMBER: "2.0",
    ValueKind.PATH: '"x.toml"',
    ValueKind.SWITCH: "true",
}


def toml_of(name: str) -> str:
    setting = next(setting for setting in SETTINGS if setting.name == name)
    known = min(setting.known()) if setting.known is not None else "x"
    match setting.kind:
        case ValueKind.CHOICE:
            return f'{name} = "{setting.choices[-1]}"\n'
        case ValueKind.TEXT if setting.default:
            return f'{name} = "{setting.default}"\n'
        case ValueKind.LIST:
            return f'{name} = ["{known}"]\n'
        case ValueKind.TABLE:
            return f'{name} = {{ "{known}" = "y" }}\n'
        case ValueKind.NUMBERS:
            return f'{name} = {{ "{known}" = 0.5 }}\n'
        case kind:
            return f"{name} = {VALUES[kind]}\n"


@pytest.mark.parametrize("name", [setting.name for setting in SETTINGS])
def test_every_setting_can_stand_in_a_file_and_per_task_ones_in_an_override(tmp_path: Path, name: str) -> None:
    setting = next(setting for setting in SETTINGS if setting.name == name)
    text = toml_of(name)
    assert {key[0] for key in read_config(file(tmp_path, text)).values} == {name}
    override = file(tmp_path, f'[[override]]\ntasks = ["a"]\n{text}')
    if setting.per_task:
        [found] = read_config(override).overrides
        assert {key[0] for key in found.values} == {name}
    else:
        with pytest.raises(UsageError, match="cannot be overridden"):
            read_config(override)


def test_families_stand_for_their_operators() -> None:
    names = operator_names()
    assert {"shell", "python"} <= names
    assert all("." in name or any(other.startswith(f"{name}.") for other in names) for name in names)


# --- the page

PAGE = Path(__file__).parents[3] / "docs/config.md"


def row(setting: Setting) -> str:
    """How the page's table has a setting."""
    value = " or ".join(f"`{choice}`" for choice in setting.choices) or setting.kind.value
    if not math.isinf(setting.low) and not math.isinf(setting.high):
        value += f", {setting.low:g} to {setting.high:g}"
    elif setting.known is not None:
        value += f" ({setting.what})"
    default = "" if setting.default is None or setting.table else f"`{setting.default}`"
    commands = ", ".join(name for name in cli.commands if name in setting.commands)
    return f"| `{setting.name}` | {value} | {default} | {'yes' if setting.per_task else ''} | {commands} |"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_the_page_has_every_setting_as_it_is(setting: Setting) -> None:
    assert row(setting) in PAGE.read_text().splitlines()


def test_the_page_names_every_flag_that_no_file_has() -> None:
    section = PAGE.read_text().partition("## Flags only")[2]
    assert set(re.findall(r"`(--[\w-]+)`", section)) == set(ONLY_FLAGS)


def test_the_file_on_the_page_can_be_read(tmp_path: Path) -> None:
    [text] = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    found = InForce(read_config(file(tmp_path, text)))
    values = found.task("slow-build", tmp_path / "vendor/slow-build")
    assert (one(values, "fail-under"), one(values, "budget"), one(values, "timeout-factor")) == (60, 10, 3)
    assert list(table(values, "accept")) == ["reference-flaky"]
