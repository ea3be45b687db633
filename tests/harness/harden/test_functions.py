"""Functions of the solution's that the tests call: written down, called again with other arguments, and pinned."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from harness.harden.function_cases import fewer_steps, function_cases, function_starts
from harness.harden.function_pins import Answers, CallPins, answers_of
from harness.harden.model import BoxCase, Pin
from harness.harden.varying import changed_value
from harness.harden.writing import style_of, with_tests, write_test
from harness.judging.stated import read_stated
from harness.trial.watching.calls import Call, Called, read_calls

WATCHING = Path(__file__).parents[3] / "harness" / "trial" / "watching"
SHOP = """\
import json


def total(prices, tax=0):
    return sum(prices) + tax


def total_of(*prices):
    return sum(prices)


class Basket:
    def __init__(self, most):
        self.most, self.things = most, []

    def put(self, thing):
        if len(self.things) == self.most:
            raise ValueError(thing)
        self.things.append(thing)
        return len(self.things)
"""
TESTS = """\
import sys

sys.path.insert(0, {folder!r})
from shop import Basket, total, total_of


def test_total():
    assert total([1, 2, 3]) == 6
    assert total([5], 2) == 7
    assert total_of(1, 2) == 3
    assert total(iter([1])) == 1


def test_basket():
    basket = Basket(2)
    other = Basket(1)
    assert basket.put("pear") == 1
    assert other.put("fig") == 1
    assert basket.put("plum") == 2
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Called]]:
    """The folder of the module, and what a real run of the tests told."""
    folder = tmp_path_factory.mktemp("app")
    tests = tmp_path_factory.mktemp("tests")
    (folder / "shop.py").write_text(SHOP)
    (tests / "test_shop.py").write_text(TESTS.format(folder=str(folder)))
    around = {"FOOLSGOLD_LOOK": str(tests / "told"), "FOOLSGOLD_TEXTS": "1", "PYTHONPATH": str(WATCHING)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "foolsgold_record", "-p", "no:cacheprovider", str(tests)]
    subprocess.run(command, env={"PATH": "/usr/bin:/bin", **around}, cwd=tests, check=True, capture_output=True)
    calls = read_calls((tests / "told").read_bytes())
    assert calls is not None
    return folder, [call.called for call in calls if call.called is not None]


def test_calls_are_written_down_with_their_values(recorded: tuple[Path, list[Called]]) -> None:
    folder, calls = recorded
    said = [(each.name, each.args, each.on, each.makes) for each in calls]
    assert said == [
        ("total", ("[1, 2, 3]",), -1, False),
        ("total", ("[5]", "2"), -1, False),
        ("Basket", ("2",), 0, True),
        ("Basket", ("1",), 1, True),
        ("put", ("'pear'",), 0, False),
        ("put", ("'fig'",), 1, False),
        ("put", ("'plum'",), 0, False),
    ]
    assert {(each.file, each.module) for each in calls} == {(str(folder / "shop.py"), "shop")}


def test_the_methods_of_an_object_are_one_case(recorded: tuple[Path, list[Called]]) -> None:
    starts = function_starts(Call("call", "", "t", called=each) for each in recorded[1])
    assert [[step.name for step in start.steps] for start in starts] == [
        ["total"],
        ["total"],
        ["Basket", "put", "put"],
        ["Basket", "put"],
    ]


def run(cases: list[BoxCase], tmp_path: Path) -> dict[str, Any]:
    given = {"seconds": 60, "patience": 20, "cases": [case.to_json() for case in cases]}
    (tmp_path / "given.json").write_text(json.dumps(given))
    command = [sys.executable, str(WATCHING / "foolsgold_cases.py"), str(tmp_path / "given.json")]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return {said["id"]: said["seen"] for said in map(json.loads, done.stdout.splitlines())}


def case_of(folder: Path, *steps: tuple[str, str]) -> BoxCase:
    """Of `name, argument`; a name in capitals makes the object of which the rest are methods."""
    makes = steps[0][0].istitle()
    found = [
        Called(str(folder / "shop.py"), "shop", name, (argument,), (), 0 if makes else -1, makes and number == 0)
        for number, (name, argument) in enumerate(steps)
    ]
    (start,) = function_starts(Call("call", "", "t", called=replace(each, python=sys.executable)) for each in found)
    return start.case("call-0", "as the tests call it", 10)


FULL = (("Basket", "1"), ("put", "'fig'"), ("put", "'pear'"))


@pytest.mark.parametrize(
    ("steps", "broken", "says"),
    [
        ((("total", "[4, 6]"),), ("sum(prices)", "prices[0]"), "total([4, 6]) is 10"),
        (FULL[:2], ("len(self.things)\n", "0\n"), "put('fig') is 1"),
        (FULL, ("== self.most", "> self.most"), "put('pear') raises ValueError"),
    ],
)
def test_a_written_test_tells_a_right_function_from_a_wrong_one(
    tmp_path: Path, steps: tuple[tuple[str, str], ...], broken: tuple[str, str], says: str
) -> None:
    app = tmp_path / "app"
    app.mkdir()
    (app / "shop.py").write_text(SHOP)
    case = case_of(app, *steps)
    seen = run([case], tmp_path)["call-0"]
    stated = read_stated("`total` adds prices. A full basket raises ValueError.", [])
    pin = next(pin for pin in CallPins(case, stated, "fig pear", Answers()).of(seen) if pin.says == says)
    assert not pin.unstated
    assert pin.holds(seen)
    own = '"""Tests."""\n\n\ndef test_there():\n    assert True\n'
    test = write_test(pin.case, [pin], ["a"], "A requirement.", style_of(own, pytest=True), [])
    (tmp_path / "test_it.py").write_text(with_tests(own, [test]))
    command = [sys.executable, "-c", f"import test_it; test_it.{test.name}()"]
    right = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert right.returncode == 0, right.stderr
    (app / "shop.py").write_text(SHOP.replace(*broken))
    assert not pin.holds(run([case], tmp_path)["call-0"])
    wrong = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "AssertionError" in wrong.stderr or "DID NOT RAISE" in wrong.stderr


def test_changed_calls_are_of_the_tests_kind_and_others_than_theirs(recorded: tuple[Path, list[Called]]) -> None:
    cases = list(function_cases((Call("call", "", "t", called=each) for each in recorded[1]), "", 0))
    own = [case.body["steps"] for case in cases if "changed" not in case.id]
    changed = [case.body["steps"] for case in cases if "changed" in case.id]
    assert len(own) == 4
    assert len(changed) > 20
    assert not [steps for steps in changed if steps in own]
    for steps in changed:
        assert steps[0]["name"] in ("total", "Basket")
        if steps[0]["name"] == "total":
            assert all(isinstance(each, int) and each >= 0 for each in ast.literal_eval(steps[0]["args"][0]))


def test_what_the_instruction_names_and_no_test_calls_is_called_with_what_others_get() -> None:
    total = Called("/app/shop.py", "shop", "total", ("[1, 2]", "3"))
    basket = Called("/app/shop.py", "shop", "Basket", ("2",), on=0, makes=True)
    calls = [Call("call", "", "t", called=each) for each in (total, basket)]
    said = "`total(prices, tax)` adds; `least(prices)` and `tax_of(tax)` give one; `take()`; `other.thing(prices)`."
    cases = [case for case in function_cases(calls, said, 0) if case.id.startswith("call-named")]
    steps = [[(step["name"], step["args"]) for step in case.body["steps"]] for case in cases]
    assert [("least", ["[1, 2]"])] in steps
    assert [("tax_of", ["3"])] in steps
    assert [("Basket", ["2"]), ("take", [])] in steps
    assert not [step for each in steps for step in each if step[0] in ("total", "thing")]


@pytest.mark.parametrize("seed", range(40))
def test_what_had_one_length_in_all_tests_keeps_it(seed: int) -> None:
    value = [[8, 6], [6, 4]]
    other = changed_value(value, [8, 6, 4, 7], Random(seed), fixed=True)
    assert [len(row) for row in other] == [2, 2]


def test_each_method_is_called_on_a_new_object() -> None:
    found = [("Basket", "2", True), ("put", "'fig'", False), ("take", "'fig'", False)]
    calls = [Called("/app/shop.py", "shop", name, (value,), (), 0, makes) for name, value, makes in found]
    cases = function_cases((Call("call", "", "t", called=each) for each in calls), "", 0)
    assert ["Basket", "take"] in [[step["name"] for step in case.body["steps"]] for case in cases]


def test_a_call_of_an_object_may_be_left_out() -> None:
    case = case_of(Path("/app"), *FULL)
    assert [[step["name"] for step in less.body["steps"]] for less in fewer_steps(case)] == [["Basket", "put"]]


def pins_of(value: Any, instruction: str, answers: Answers, ident: str = "call-0") -> Mapping[str, str]:
    """What is pinned of a function that gives this -> what of it is not stated."""
    case = replace(case_of(Path("/app"), ("total", "'ada bob'")), id=ident)
    seen = {"ends": True, "steps": [{"value": repr(value), "listed": False}]}
    found: list[Pin] = list(CallPins(case, read_stated(instruction, []), "ada bob", answers).of(seen))
    return {pin.code[0]: pin.unstated for pin in found}


@pytest.mark.parametrize(
    ("value", "instruction", "exact", "code", "stated"),
    [
        (3, "Count them.", False, "assert result == 3", True),
        (3, "Estimate their number.", False, "assert result == 3", False),
        (None, "Say nothing.", False, "assert result is None", True),
        ("no such name", "Look it up.", False, "assert result == 'no such name'", False),
        ("no such name", "Say `no such name`.", False, "assert result == 'no such name'", True),
        ("bob ada", "Turn it.", False, "assert result == 'bob ada'", False),
        ("bob ada", "Turn it.", True, "assert result == 'bob ada'", True),
        ("it failed", "Turn it.", True, "assert result == 'it failed'", False),
        (["bob", "ada"], "Split it.", False, "assert result == ['bob', 'ada']", False),
        (["bob", "ada"], "Split it.", False, "assert sorted(result) == ['ada', 'bob']", True),
        (["ada", "bob"], "Split it, sorted.", False, "assert result == ['ada', 'bob']", True),
        ([[1, 2], [3, 4]], "Turn the grid.", False, "assert result == [[1, 2], [3, 4]]", True),
        (("bob", 2), "Give name and number.", False, "assert result == ('bob', 2)", True),
        ({"ada": 1}, "Count them; any valid answer will do.", False, "assert result['ada'] == 1", False),
    ],
)
def test_a_value_is_pinned_where_it_is_stated(
    value: Any, instruction: str, exact: bool, code: str, stated: bool
) -> None:
    found = pins_of(value, instruction, Answers(frozenset({"total"}) if exact else frozenset()))
    assert (found[code] == "") is stated, found


def test_functions_whose_answers_the_tests_have_as_they_are() -> None:
    case = case_of(Path("/app"), ("total", "'ada bob'"))
    seens = {"call-0": {"ends": True, "steps": [{"value": "['bob', 'ada']", "listed": False}]}}
    assert answers_of([case], seens, "assert total('ada bob') == ['bob', 'ada']").exact == {"total"}
    assert answers_of([case], seens, "assert set(total('ada bob')) == {'bob', 'ada'}").exact == frozenset()
    assert answers_of([case], seens, "").kinds == {"total": {"list"}}
    assert answers_of([replace(case, id="call-changed-1")], seens, "") == Answers()


@pytest.mark.parametrize(
    ("ident", "value", "instruction", "stated"),
    [
        ("call-changed-1", None, "Count them.", False),
        ("call-changed-1", None, "Count them; None where there are none.", True),
        ("call-changed-1", 3, "Count them.", True),
        ("call-named-1", None, "Count them.", False),
        ("call-0", None, "Count them.", True),
    ],
)
def test_an_answer_of_another_kind_than_the_tests_get_is_pinned_only_where_it_is_stated(
    ident: str, value: Any, instruction: str, stated: bool
) -> None:
    answers = Answers(kinds={} if "named" in ident else {"total": frozenset({"int"})})
    (unstated,) = pins_of(value, instruction, answers, ident).values()
    assert (unstated == "") is stated
