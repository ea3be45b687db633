"""An audit of a task that stops when its verdict can hardly change any more, on an engine without boxes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.engine.contract import Command
from harness.judging.controls import ControlSettings
from harness.judging.strength import Verdict
from harness.lab.store import Store
from harness.mutants import Wish
from harness.report.stored import stored_report
from harness.settings.in_force import InForce, Level, Value
from harness.settings.meaning import audit_settings
from harness.stages.result import AuditSettings
from harness.task.model import Task
from tests.harness.fake_engine import SOLVE, VERIFY, Does, FakeBox, FakeEngine
from tests.harness.tasks import harbor
from tests.harness.test_audit import REWARD, Found, audited_into, solve

KEYS = {f"{letter}{word}": number * 7 + 11 for number, (letter, word) in enumerate(
    (letter, word) for letter in "abcdef" for word in ("port", "size", "rate", "age", "step")
)}  # fmt: skip
SETTINGS = AuditSettings(
    ControlSettings(repeat=1), Wish(budget=60, sources=frozenset({"settings"})), probes=frozenset(), until_sure=True
)


def task(folder: Path) -> Task:
    lines = "".join(f"- The key `{key}` is {value}.\n" for key, value in KEYS.items())
    text = json.dumps(KEYS, indent=2)
    return harbor(
        folder / "settings",
        {
            "instruction.md": f"Write `/app/settings.json`.\n\n{lines}",
            "solution/solve.sh": f"#!/bin/bash\ncat > /app/settings.json <<'EOF'\n{text}\nEOF\n",
        },
    )


def looking_at(share: float) -> Any:
    """A verifier that compares the first of the keys, and says which."""
    keys = list(KEYS)[: int(share * len(KEYS))]

    def verify(box: FakeBox, command: Command) -> Does:
        try:
            found: Any = json.loads(box.files.get("/app/settings.json", b"{}"))
        except ValueError:
            found = {}
        passed = {key: isinstance(found, dict) and found.get(key) == KEYS[key] for key in keys}
        failed = sum(not ok for ok in passed.values())
        log = "".join(f"tests/test_a.py::test_{key} {'PASSED' if ok else 'FAILED'}\n" for key, ok in passed.items())
        log += f"==== {failed} failed, {len(keys) - failed} passed in 0.01s ====\n"
        return Does(
            1 if failed else 0,
            writes={"/logs/verifier/test-stdout.txt": log.encode(), REWARD: b"0" if failed else b"1"},
        )

    return verify


def audited(tmp_path: Path, share: float, settings: AuditSettings = SETTINGS, jobs: int = 2) -> tuple[Found, Any]:
    engine = FakeEngine([(SOLVE, solve), (VERIFY, looking_at(share))])
    folder = tmp_path / f"run-{share}-{settings.until_sure}-{jobs}-{settings.wish.seed}"
    with Store(folder) as store:
        found = audited_into(engine, [task(tmp_path)], settings, store, jobs=jobs)
    (entry,) = stored_report(folder)["tasks"]
    return found, entry


@pytest.mark.parametrize(("share", "word"), [(1.0, Verdict.STRONG), (0.2, Verdict.WEAK)])
def test_it_stops_where_all_variants_would_say_the_same(tmp_path: Path, share: float, word: Verdict) -> None:
    _, every = audited(tmp_path, share, replace(SETTINGS, until_sure=False))
    assert every["until_sure"] is None
    assert every["verdict"] == word
    _, few = audited(tmp_path, share)
    assert few["verdict"] == word
    sure = few["until_sure"]
    assert sure["ran"] == len(few["mutants"]) < sure["of"] == len(every["mutants"])
    assert sure["low"] <= every["strength"]["share"]["value"] <= sure["high"]
    assert re.search(rf"; {sure['ran']} of {sure['of']} were run", few["why"])
    outcomes = {mutant["id"]: mutant["outcome"] for mutant in every["mutants"]}
    assert all(outcomes[mutant["id"]] == mutant["outcome"] for mutant in few["mutants"])


def test_what_is_near_a_bound_runs_to_its_end(tmp_path: Path) -> None:
    _, found = audited(tmp_path, 0.77)
    assert found["until_sure"] is None
    assert "were run" not in found["why"]


def test_the_same_seed_counts_the_same_variants_however_many_run_at_once(tmp_path: Path) -> None:
    one, many = (audited(tmp_path, 0.3, jobs=jobs)[1] for jobs in (1, 8))
    assert [mutant["id"] for mutant in one["mutants"]] == [mutant["id"] for mutant in many["mutants"]]
    assert one["until_sure"] == many["until_sure"] is not None
    other = audited(tmp_path, 0.3, replace(SETTINGS, wish=replace(SETTINGS.wish, seed=1)))[1]
    assert {mutant["id"] for mutant in other["mutants"]} != {mutant["id"] for mutant in one["mutants"]}


def test_hardly_more_is_run_than_counts(tmp_path: Path) -> None:
    """What may run ahead is bounded by how much runs at once."""
    boxes = []
    for settings in (SETTINGS, replace(SETTINGS, until_sure=False)):
        engine = FakeEngine([(SOLVE, solve), (VERIFY, looking_at(0.2))])
        with Store(tmp_path / f"run-{settings.until_sure}") as store:
            found = audited_into(engine, [task(tmp_path)], settings, store, jobs=1)
        boxes.append(len(engine.boxes))
        if settings.until_sure:
            sure = found.audited[0].sureness
    assert sure is not None
    assert boxes[0] <= boxes[1] - (sure.of - sure.ran - 2)


@pytest.mark.parametrize(
    ("asked", "tasks", "stops"),
    [("auto", 50, False), ("auto", 51, True), ("always", 1, True), ("never", 1000, False)],
)
def test_it_is_the_way_of_many_tasks_unless_asked_otherwise(asked: str, tasks: int, stops: bool) -> None:
    values = InForce(flags={("until-sure",): Value(asked, Level.FLAG)}).run()
    assert audit_settings(values, tasks).until_sure is stops
