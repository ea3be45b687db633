"""Which paid variants a reader sees first."""

from __future__ import annotations

from typing import Any

from harness.report.ranking import TOGETHER, ranked, worst


def variant(ref: str, line: int | None, tier: str = "coarse", relevance: float = 5.0) -> dict[str, Any]:
    requirement = None if line is None else {"line": line}
    return {"ref": ref, "requirement": requirement, "tier": tier, "relevance": relevance, "effect": None}


def task(name: str, *variants: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "mutants": [*variants, variant("caught", 1)], "survivors": [each["ref"] for each in variants]}


def order(of: dict[str, Any]) -> list[str]:
    return [each["ref"] for _, each in ranked(of)]


def test_what_breaks_something_stated_comes_first_then_the_coarser_then_the_surer() -> None:
    found = task(
        "t",
        variant("unstated", None, relevance=9.0),
        variant("fine", 1, "fine"),
        variant("unsure", 2, relevance=1.0),
        variant("sure", 3, relevance=8.0),
    )
    assert order(found) == ["sure", "unsure", "fine", "unstated"]


def test_no_requirement_takes_all_the_first_places() -> None:
    crowd = [variant(f"a{number}", 1, relevance=9.0 - number) for number in range(5)]
    found = order(task("t", *crowd, variant("b", 2, relevance=0.5)))
    assert found[:TOGETHER] == ["a0", "a1"]
    assert found.index("b") == TOGETHER


def test_the_worst_of_several_tasks_keep_the_order_of_their_tasks() -> None:
    report = {"tasks": [task("x", variant("x1", 1), variant("x2", None)), task("y", variant("y1", 1))]}
    found, count = worst(report, 2)
    assert [(of["name"], each["ref"]) for of, each in found] == [("x", "x1"), ("y", "y1")]
    assert count == 3
