"""What the formats say, beyond being well formed."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from harness.report.junit import junit
from harness.report.rows import cell, mutants_csv, tasks_csv, trials_csv
from harness.report.sarif import ROOT, sarif
from harness.report.stryker import stryker
from harness.report.terminal import terminal
from harness.report.verbose import verbose
from mutator.model import ByteEdit, apply_bytes
from tests.harness.report.conftest import Report, parsed, whole
from tests.harness.report.runs import KINDS, engine, run, tasks, written
from tests.harness.report.test_snapshots import small
from tests.harness.test_audit import INSTRUCTION, SOLUTION, looking_at


def results(report: dict[str, Any], root: Path) -> list[dict[str, Any]]:
    [one] = parsed(sarif(report, root))["runs"]
    found: list[dict[str, Any]] = one["results"]
    return found


def uri(result: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = result["locations"][0]["physicalLocation"]["artifactLocation"]
    return found


def test_sarif_has_a_result_for_every_finding_survivor_and_lead_at_its_level() -> None:
    report = small()
    found = results(report, Path("/work"))
    told = [(one["ruleId"], one["level"]) for one in found]
    assert told == [
        ("stated-requirement-untested", "warning"),
        ("build-failed", "error"),
        ("survivor/dropped-output", "warning"),
        ("survivor/wrong-value", "warning"),
        ("lead/lenient-status", "note"),
        ("lead/no-assertion", "note"),
    ]


def test_what_could_not_be_found_out_is_open_and_has_no_level(report: Report, tmp_path: Path) -> None:
    [one] = results(report("engine_gone"), tmp_path)
    assert (one["ruleId"], one["kind"], one["level"]) == ("engine-failed", "open", "none")


def test_sarif_places_are_relative_to_the_root_and_whole_addresses_elsewhere() -> None:
    inside = {str(uri(one)) for one in results(small(), Path("/work"))}
    assert str({"uri": "tasks/a/solution/solve.sh", "uriBaseId": ROOT}) in inside
    assert uri(results(small(), Path("/else"))[0]) == {"uri": "file:///work/tasks/a/instruction.md"}


def test_sarif_places_are_the_mutated_text(report: Report, tmp_path: Path) -> None:
    made = report("survivors")
    for task in made["tasks"]:
        [file] = task["files"]
        lines = file["text"].split("\n")
        for mutant in task["mutants"]:
            place, edits = mutant["location"], mutant["edits"]
            head = "\n".join(lines[: place["line"] - 1]) + "\n" * (place["line"] > 1)
            assert len((head + lines[place["line"] - 1][: place["column"] - 1]).encode()) == edits[0]["start"]


def test_every_sarif_rule_has_help_and_every_result_points_at_its_own(report: Report, tmp_path: Path) -> None:
    for kind in KINDS:
        [one] = parsed(sarif(report(kind), tmp_path))["runs"]
        rules = one["tool"]["driver"]["rules"]
        assert all(rule["help"]["text"] and rule["shortDescription"]["text"] for rule in rules)
        assert all(rules[found["ruleIndex"]]["id"] == found["ruleId"] for found in one["results"])


def test_fingerprints_stay_when_lines_above_are_added_and_differ_within_a_run(tmp_path: Path) -> None:
    def prints(name: str, script: str, instruction: str) -> dict[str, list[str]]:
        files = {"solution/solve.sh": script, "instruction.md": instruction}
        made = tasks(tmp_path / name, "same", files=files)
        report = written(run(engine(looking_at("hosts")), made, tmp_path / name / "run"))
        found: dict[str, list[str]] = {}
        for one in results(report, tmp_path):
            found.setdefault(one["ruleId"], []).append(one["partialFingerprints"]["foolsgold/v1"])
        return found

    before = prints("before", SOLUTION, INSTRUCTION)
    after = prints(
        "after", SOLUTION.replace("#!/bin/bash\n", "#!/bin/bash\n# a comment\n\n"), f"Hello.\n\n{INSTRUCTION}"
    )
    assert before == after
    every = [each for found in before.values() for each in found]
    assert len(every) > 4
    assert len(set(every)) == len(every)


def test_sarif_says_that_a_run_was_cut_short(report: Report, tmp_path: Path) -> None:
    [one] = parsed(sarif(report("interrupted"), tmp_path))["runs"]
    [invocation] = one["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [said["level"] for said in invocation["toolExecutionNotifications"]] == ["warning", "warning"]


@pytest.mark.parametrize("kind", ["survivors", "two_keys"])
def test_a_stryker_replacement_at_its_place_gives_the_mutated_file(report: Report, kind: str) -> None:
    made = report(kind)
    edits = {
        f"{task['name']}/{mutant['id']}": tuple(
            ByteEdit(edit["start"], edit["end"], bytes.fromhex(edit["new"])) for edit in mutant["edits"]
        )
        for task in made["tasks"]
        for mutant in task["mutants"]
    }
    for file in parsed(stryker(made))["files"].values():
        lines = file["source"].split("\n")
        for mutant in file["mutants"]:
            at = [
                len("".join(f"{line}\n" for line in lines[: place["line"] - 1])) + place["column"] - 1
                for place in (mutant["location"]["start"], mutant["location"]["end"])
            ]
            changed = file["source"][: at[0]] + mutant["replacement"] + file["source"][at[1] :]
            assert changed.encode() == apply_bytes(file["source"].encode(), edits[mutant["id"]])


def test_stryker_columns_count_as_its_viewer_does(tmp_path: Path) -> None:
    script = SOLUTION.replace('"port"', '"\U0001f600": 1, "port"')
    made = tasks(tmp_path, "wide", files={"solution/solve.sh": script})
    [file] = parsed(stryker(written(run(engine(looking_at("hosts")), made, tmp_path / "run"))))["files"].values()
    [mutant] = [one for one in file["mutants"] if one["description"] == "`port` is 0, not 8080"]
    start = mutant["location"]["start"]
    units = file["source"].split("\n")[start["line"] - 1].encode("utf-16-le")
    assert units[: 2 * start["column"] - 2].decode("utf-16-le").endswith('"port": ')
    assert mutant["replacement"] == ""


def test_stryker_counts_as_the_report_does(report: Report) -> None:
    made = report("survivors")
    statuses = [one["status"] for file in parsed(stryker(made))["files"].values() for one in file["mutants"]]
    outcomes = made["summary"]["outcomes"]
    assert (statuses.count("Killed"), statuses.count("Survived")) == (outcomes["killed"], outcomes["survived"])


def test_junit_fails_for_a_task_below_the_bar_and_for_each_survivor(report: Report) -> None:
    made = report("survivors")
    failed = [
        case.get("name")
        for case in ET.fromstring(whole(junit(made))).iter("testcase")
        if case.find("failure") is not None
    ]
    below = [task["name"] for task in made["tasks"] if task["verdict"] in ("weak", "unsound", "broken", "flaky")]
    assert failed.count("verdict") == len(below)
    assert len(failed) - len(below) == made["summary"]["outcomes"]["survived"] > 0
    [verdict] = [
        case for case in ET.fromstring(whole(junit(report("unpaid")))).iter("testcase") if case.get("name") == "verdict"
    ]
    assert verdict.find("failure") is not None
    [first, *_] = ET.fromstring(whole(junit(report("engine_gone")))).iter("testcase")
    assert first.find("error") is not None


def test_csv_has_a_row_for_each_mutant_each_task_and_each_trial(report: Report) -> None:
    made = report("survivors")
    [mutants, tasks_, trials] = [
        list(csv.DictReader(io.StringIO(whole(text))))
        for text in (mutants_csv(made), tasks_csv(made), trials_csv(made))
    ]
    assert len(tasks_) == 2
    assert len(mutants) == made["summary"]["mutants"]
    runs = sum(len(mutant["runs"]) for task in made["tasks"] for mutant in task["mutants"])
    assert len(trials) == runs + 2 * (2 + 1 + 1 + 1)
    assert {row["kind"] for row in trials} >= {"reference", "nop", "hollow", "mutant"}
    survivors = [row for row in trials if row["outcome"] == "survived"]
    assert {row["run"] for row in survivors} == {"first", "confirmation", "repeat"}
    assert all((row["passed"], row["failed"]) == ("2", "0") for row in survivors)


@pytest.mark.parametrize(
    ("value", "written_"),
    [
        ("=1+1", "'=1+1"), ("-x", "'-x"), ("@a", "'@a"), (" \t=1", "' \t=1"), ("'x", "''x"), ("\uff1d1", "'\uff1d1"),
        ("a=b", "a=b"), (-1.5, -1.5), (None, None), ("a\x00b", "a\\x00b"),
    ],
)  # fmt: skip
def test_a_cell_is_no_formula_and_an_apostrophe_taken_away_gives_the_text(value: object, written_: object) -> None:
    assert cell(value) == written_


def test_the_letters_of_a_run_are_its_tests(report: Report) -> None:
    [task, _] = report("survivors")["tasks"]
    assert task["tests"] == ["tests/test_a.py::test_debug", "tests/test_a.py::test_hosts"]
    told = {mutant["sentence"]: {one["tests"] for one in mutant["runs"]} for mutant in task["mutants"]}
    assert told["`port` is left out"] == {"PP"}
    assert told["`hosts` is left out"] == {"PF"}
    assert {one["tests"] for one in report("two_keys")["tasks"][0]["mutants"][0]["runs"]} <= {
        "PFP",
        "FPP",
        "PPF",
        "FFF",
    }


def test_the_terminal_says_how_far_an_interrupted_run_is() -> None:
    assert "Interrupted: 1 of 3 tasks unfinished" in terminal(small())
    assert "c: 4 of 12 broken variants tried, 1 of them paid so far" in verbose(small())


def times(value: Any, key: str = "") -> set[str]:
    """Keys under which something that looks like a time stands."""
    if isinstance(value, dict):
        return {found for name, each in value.items() for found in times(each, name)}
    if isinstance(value, list):
        return {found for each in value for found in times(each, key)}
    return {key} if "second" in key or "time" in key else set()


def test_times_stand_under_one_name_only(report: Report) -> None:
    made = report("survivors")
    assert times(made) - {"time_floor", "time_factor", "timeout"} == {"seconds"}
