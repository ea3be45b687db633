"""A report.json that is none is somebody's mistake (exit code 2), never a bug of foolsgold's (70)."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from harness.commands.baseline import baseline
from harness.commands.compare import compare
from harness.commands.gate import gate
from harness.commands.report import report
from harness.commands.repro import repro
from harness.commands.show import show
from harness.errors import UsageError
from harness.report.formats import FORMATS, HTML
from harness.report.read import read_report, schema
from harness.report.whole import whole, wrong_with
from tests.harness.commands.test_report import ask, saved
from tests.harness.report.test_schemas import violations
from tests.harness.report.test_snapshots import small

WHOLE = small()
MUTANT = WHOLE["tasks"][0]["survivors"][0]


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*at, key)
            yield from places(inner, (*at, key))


PLACES = [place for place in places(WHOLE) if place != ("schema",)]
GONE = object()


def broken(place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    made = copy.deepcopy(WHOLE)
    *outer, last = place
    holder: Any = made
    for key in outer:
        holder = holder[key]
    if value is GONE:
        del holder[last]
    else:
        holder[last] = value
    return made


COMMANDS: list[tuple[Any, tuple[str, ...]]] = [
    *((report, ("--format", form)) for form in FORMATS),
    (report, ("--format", HTML, "-o", "page.html")),
    (gate, ("--no-config",)),
    (baseline, ("--no-config", "-o", "accepted.toml")),
    (show, (MUTANT,)),
    (repro, (MUTANT, "-o", "repro")),
]


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(PLACES),
    st.sampled_from([GONE, None, [], {}, "x", -1, [None], {"x": None}]),
    st.sampled_from(COMMANDS),
)
def test_a_report_broken_anywhere_is_the_reports_fault(
    tmp_path_factory: pytest.TempPathFactory, place: tuple[Any, ...], value: Any, command: tuple[Any, tuple[str, ...]]
) -> None:
    made = broken(place, value)
    if command[0] is baseline:  # which is made of finished runs only
        made |= {"interrupted": False, "unfinished": []}
    assume(violations(made, json.loads(schema())))
    folder = tmp_path_factory.mktemp("broken")
    run = saved(folder / "run", made)
    words = [str(folder / word) if word in ("page.html", "accepted.toml", "repro") else word for word in command[1]]
    try:
        ask(command[0], run, *words)
    except UsageError as error:
        # These also look at the tasks' folders, which are not there.
        assert wrong_with(run / "report.json") or command[0] in (repro, baseline), error  # noqa: PT017


def test_what_is_wrong_by_the_schema_is_wrong_by_a_whole_validator(tmp_path: Path) -> None:
    for place in PLACES[::61]:
        for value in (GONE, None, "x"):
            made = broken(place, value)
            said = wrong_with(saved(tmp_path / "run", made) / "report.json")
            assert not said or " names " in said or " has results " in said or violations(made, json.loads(schema()))
    assert wrong_with(saved(tmp_path / "run", WHOLE) / "report.json") == ""


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("tasks", 0, "mutants", 0, "diff"), GONE, "tasks[0].mutants[0] has no `diff`"),
        (("tasks", 0, "mutants"), None, "tasks[0].mutants is null"),
        (("tasks", 1), "x", 'tasks[1] is "x"'),
        (("summary",), GONE, "it has no `summary`"),
    ],
)
def test_the_message_names_the_file_and_the_place(
    tmp_path: Path, place: tuple[Any, ...], value: Any, said: str
) -> None:
    run = saved(tmp_path / "run", broken(place, value))
    with pytest.raises(UsageError, match="no whole report") as raised:
        ask(report, run, "--format", HTML, "-o", tmp_path / "page.html")
    assert raised.value.message == f"{run}/report.json is no whole report: {said}."
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("summary", "more"), 1, "summary has `more`, which no report has"),
        (("interrupted",), "yes", 'interrupted is "yes"'),
        (("tasks", 0, "controls"), [], "tasks[0].controls is []"),
        (("summary", "mutants"), -1, "summary.mutants is -1"),
        (("schema",), "foolsgold.report/9", "schema is not 'foolsgold.report/1'"),
        (("summary", "verdicts", "weak"), GONE, "summary.verdicts has no `weak`"),
    ],
)
def test_what_no_reader_stumbles_over_is_named_as_well(
    tmp_path: Path, place: tuple[Any, ...], value: Any, said: str
) -> None:
    assert wrong_with(saved(tmp_path / "run", broken(place, value)) / "report.json") == said


@pytest.mark.parametrize("form", [HTML, "terminal"])
def test_a_report_that_was_cut_short_is_no_bug(tmp_path: Path, form: str) -> None:
    run = saved(tmp_path / "run", WHOLE)
    text = (run / "report.json").read_text()
    for end in (0, 1, len(text) // 3, len(text) // 2, len(text) - 1):
        (run / "report.json").write_text(text[:end])
        with pytest.raises(UsageError, match="cannot be read"):
            ask(report, run, "--format", form, "-o", tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_a_whole_reports_trouble_is_not_blamed_on_it(tmp_path: Path) -> None:
    run = saved(tmp_path / "run", WHOLE)
    with pytest.raises(KeyError), whole(run):
        raise KeyError("a bug of ours")


def test_two_reports_are_compared_and_the_broken_one_is_named(tmp_path: Path) -> None:
    good = saved(tmp_path / "good", WHOLE)
    bad = saved(tmp_path / "bad", broken(("tasks", 0, "mutants"), "x"))
    with pytest.raises(UsageError, match=r"bad/report\.json is no whole report"):
        ask(compare, good, bad)


def test_a_page_is_the_same_whether_its_tasks_were_read_at_once_or_one_by_one(tmp_path: Path) -> None:
    from harness.report.html import render

    run = saved(tmp_path / "run", WHOLE)
    ask(report, run, "--format", HTML, "-o", tmp_path / "page.html")
    render(read_report(run), tmp_path / "at-once.html")
    assert (tmp_path / "page.html").read_bytes() == (tmp_path / "at-once.html").read_bytes()
