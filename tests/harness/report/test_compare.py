from __future__ import annotations

from typing import Any

import pytest

from harness.report.compare import Change, compare, compared
from tests.harness.report.conftest import Report


def mutant(ident: str, outcome: str, gap: float = 0.0) -> dict[str, Any]:
    return {
        "id": ident, "ref": ident, "step": "", "sentence": f"{ident} is left out", "path": "solution/solve.sh",
        "line": 1, "outcome": outcome, "gap": gap,
    }  # fmt: skip


def task(verdict: str, *mutants: dict[str, Any], digest: str = "0", findings: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "name": "t", "verdict": verdict, "why": verdict, "digest": digest, "mutants": list(mutants),
        "strength": {"share": {}} if mutants else None,
        "findings": [{"id": "x", "severity": "error", "title": one, "fingerprint": one} for one in findings],
    }  # fmt: skip


def run(*tasks: dict[str, Any], unfinished: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    return {
        "run": "r", "foolsgold": "1", "engine": "bwrap", "engine_version": "1", "seed": 0, "thresholds": {},
        "rules": {}, "options": {}, "interrupted": bool(unfinished), "tasks": list(tasks),
        "unfinished": [{"name": name} for name in unfinished], **changes,
    }  # fmt: skip


def only(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    [found] = compare(before, after)["tasks"]
    return dict(found)


KILLED, SURVIVED = mutant("a", "killed"), mutant("a", "survived")


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (task("weak"), task("adequate"), Change.STRONGER),
        (task("broken"), task("weak"), Change.STRONGER),
        (task("strong"), task("unsound"), Change.WEAKER),
        (task("strong", KILLED), task("unmeasured"), Change.NOT_COMPARABLE),
        (task("unmeasured"), task("strong", KILLED), Change.NOT_COMPARABLE),
        (task("unmeasured"), task("unmeasured"), Change.UNCHANGED),
        (task("broken"), task("flaky"), Change.UNCHANGED),
        (task("strong", KILLED), task("strong", KILLED), Change.UNCHANGED),
        (task("strong", KILLED), task("strong", SURVIVED), Change.WEAKER),
        (task("strong", SURVIVED), task("strong", KILLED), Change.STRONGER),
        (task("strong", SURVIVED), task("strong", mutant("a", "timeout")), Change.STRONGER),
        (task("strong", mutant("a", "partial", 0.4)), task("strong", mutant("a", "partial", 0.3)), Change.WEAKER),
        (task("strong", KILLED), task("strong", mutant("a", "error")), Change.NOT_COMPARABLE),
        (task("strong", KILLED), task("strong", mutant("b", "killed")), Change.NOT_COMPARABLE),
        (
            task("strong", KILLED, mutant("b", "survived")),
            task("strong", SURVIVED, mutant("b", "killed")),
            Change.UNCHANGED,
        ),
        (task("strong", KILLED), task("strong", KILLED, mutant("b", "survived")), Change.UNCHANGED),
    ],
)
def test_a_task_is_stronger_or_weaker_by_its_verdict_and_then_by_the_mutants_in_both_runs(
    old: dict[str, Any], new: dict[str, Any], change: Change
) -> None:
    found = compare(run(old), run(new))
    assert found["tasks"][0]["change"] == change
    assert found["counts"] == {each.value: int(each is change) for each in Change}


def test_a_task_in_one_run_only_is_new_or_gone_but_not_where_the_other_run_was_cut_short() -> None:
    assert only(run(), run(task("weak")))["change"] == Change.NEW
    assert only(run(task("weak")), run())["change"] == Change.GONE
    assert only(run(task("weak")), run(unfinished=("t",)))["change"] == Change.NOT_COMPARABLE
    assert only(run(unfinished=("t",)), run(task("weak")))["change"] == Change.NOT_COMPARABLE
    found = compare(run(unfinished=("t",)), run(unfinished=("t",)))
    assert found["counts"][Change.NOT_COMPARABLE] == 1
    assert "t: not comparable (neither of the runs came to its end)" in "".join(compared(found))
    assert only(run(), run(unfinished=("t",)))["change"] == Change.NOT_COMPARABLE


def test_survivors_and_findings_gained_and_lost_are_named() -> None:
    old = task("weak", KILLED, mutant("b", "survived"), mutant("c", "survived"), findings=("same", "old"))
    new = task("weak", SURVIVED, mutant("b", "killed"), mutant("d", "survived"), digest="1", findings=("same", "new"))
    found = only(run(old), run(new))
    assert [(one["id"], one["in_the_other_run"]) for one in found["survivors_gained"]] == [("a", "killed"), ("d", None)]
    assert [(one["id"], one["in_the_other_run"]) for one in found["survivors_lost"]] == [("b", "killed"), ("c", None)]
    assert [one["title"] for one in found["findings_gained"]] == ["new"]
    assert [one["title"] for one in found["findings_lost"]] == ["old"]
    assert found["edited"] is True


def test_what_was_not_tried_is_not_said_to_be_noticed_now() -> None:
    old = task("weak", KILLED, mutant("b", "survived"), mutant("c", "survived"))
    new = task("weak", SURVIVED, mutant("b", "killed"), mutant("d", "survived"))
    said = compared(compare(run(old), run(new)))
    assert "paid now, killed before: a is left out" in said
    assert "paid now, not tried before: d is left out" in said
    assert "paid before, killed now: b is left out" in said
    assert "paid before, not tried now: c is left out" in said
    assert compared(compare(run(old), run())).splitlines()[2:] == ["t: gone (only in the first run)"]


def test_settings_that_may_be_the_reason_are_named() -> None:
    before = run(seed=1, options={"budget": 20, "images": []})
    after = run(engine="docker", options={"budget": 60, "images": []})
    assert compare(before, after)["differ"] == ["engine", "seed", "options.budget"]


def test_a_run_beside_itself_is_unchanged(report: Report) -> None:
    for kind in ("healthy", "survivors", "broken", "unmeasured", "named_like_markup"):
        found = compare(report(kind), report(kind))
        assert {one["change"] for one in found["tasks"]} == {Change.UNCHANGED}
        assert not any(one[key] for one in found["tasks"] for key in ("survivors_gained", "findings_lost", "edited"))


@pytest.mark.parametrize("option", ["budget", "operators", "sources"])
def test_what_tried_other_variants_is_neither_stronger_nor_weaker(option: str) -> None:
    before = run(task("weak", SURVIVED), options={option: 20})
    after = run(task("strong", KILLED), options={option: 60})
    for one, other in ((before, after), (after, before)):
        found = only(one, other)
        assert found["change"] == Change.NOT_COMPARABLE
        assert option in found["why"]
    assert only(before, {**before, "options": {option: 60}})["change"] == Change.UNCHANGED
    assert only(before, {**after, "options": before["options"]})["change"] == Change.STRONGER
