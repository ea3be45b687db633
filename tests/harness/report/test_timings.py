"""Where the time went, added up and as a table."""

from __future__ import annotations

from typing import Any

from harness.judging.timings import timings
from harness.report.timings import timings_table
from harness.trial.record import Kind, Phase, PhaseName, TrialRecord

TRIAL = TrialRecord(
    "t",
    Kind.MUTANT,
    phases=(
        Phase(PhaseName.START, "", 0.1),
        Phase(PhaseName.SOLVE, "", 1.0),
        Phase(PhaseName.PREPARE, "", 0.2),
        Phase(PhaseName.VERIFY, "", 2.0),
    ),
    seconds=3.5,
    waited=4.0,
)


def test_every_second_of_a_trial_is_counted_once() -> None:
    found = timings(5.0, 6.0, [TRIAL, TRIAL])
    assert (found.trials, found.building, found.preparing, found.solving, found.verifying) == (2, 5.0, 6.6, 2.0, 4.0)
    assert (found.rest, found.waiting) == (0.4, 8.0)


def test_the_table_has_a_line_for_each_task_and_one_for_all() -> None:
    def entry(name: str, solving: float) -> dict[str, Any]:
        columns = ("building", "preparing", "solving", "verifying", "rest", "waiting")
        return {"name": name, "timings": {"trials": 3, "seconds": {**dict.fromkeys(columns, 1.0), "solving": solving}}}

    table = timings_table({"tasks": [entry("a", 2.0), entry("b\x1b", 3.5), {"name": "c", "timings": None}]})
    lines = [line.split() for line in table.splitlines()[3:]]
    assert [line[-7:] for line in lines] == [
        ["3", "1.0", "1.0", "2.0", "1.0", "1.0", "1.0"],
        ["3", "1.0", "1.0", "3.5", "1.0", "1.0", "1.0"],
        ["6", "2.0", "2.0", "5.5", "2.0", "2.0", "2.0"],
    ]
    assert "\x1b" not in table
    assert "no times" in timings_table({"tasks": []})
