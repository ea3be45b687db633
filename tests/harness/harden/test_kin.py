"""Words that are listed side by side, and what they go with."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from harness.harden.all_cases import formed_as_the_tests
from harness.harden.cases import run_cases_of, starts
from harness.harden.kin import kin_in, some_kin, with_kin
from harness.harden.model import BoxCase
from harness.trial.watching.calls import Call, Given

INSTRUCTION = "Each part has a state: `0=gap 1=set 2=kept`, and a level (low, mid, high)."


@pytest.mark.parametrize(
    ("instruction", "word", "others"),
    [
        (INSTRUCTION, "gap", {"set", "kept"}),
        (INSTRUCTION, "low", {"mid", "high"}),
        ("The kind is one of `low`, `mid` or `high`.", "mid", {"low", "high"}),
        ("Kinds include low,mid,high, values are numbers.", "high", {"low", "mid"}),
        ("It lies in /app/low/mid/high.", "low", set()),
        ("Ada and Bob.", "Ada", set()),
    ],
)
def test_words_of_one_list_are_kin(instruction: str, word: str, others: set[str]) -> None:
    assert set(kin_in(instruction).get(word, ())) == others


def test_one_word_at_a_time_stands_in_place_of_another() -> None:
    found = list(with_kin({"parts": [{"state": "gap", "n": 1}, {"state": "gap"}]}, {"gap": ("set",)}))
    assert [(old, new) for old, new, _ in found] == [("gap", "set")] * 2
    assert found[1][2] == {"parts": [{"state": "gap", "n": 1}, {"state": "set"}]}
    made = [some_kin(["gap", "other"], {"gap": ("set",)}, Random(seed)) for seed in range(40)]
    assert ["set", "other"] in made
    assert ["gap", "other"] in made


def given_on_standard_input(document: Any) -> list[BoxCase]:
    call = Call("run", "/app/tool", "t", ("/app/tool",), "/app", stdin=json.dumps(document))
    return list(run_cases_of(starts([call], ["/app/tool"]), INSTRUCTION, {}, 0))


def test_what_a_program_reads_on_standard_input_is_varied_like_a_file() -> None:
    cases = given_on_standard_input({"parts": [{"level": "low", "n": 3}, {"level": "mid", "n": 5}]})
    changed = [case for case in cases if case.id.startswith("changed-") and not case.id.endswith("-twin")]
    documents = [json.loads(case.body["stdin"]) for case in changed]
    assert {"parts": [{"level": "high", "n": 3}, {"level": "mid", "n": 5}]} in documents
    assert any(part["n"] not in (3, 5) for document in documents for part in document["parts"])
    assert all(case.twin and not case.body["files"] for case in changed)


def test_lines_on_standard_input_are_varied() -> None:
    call = Call("run", "/app/tool", "t", ("/app/tool",), "/app", stdin="a\nb\nc\n")
    cases = list(run_cases_of(starts([call], ["/app/tool"]), INSTRUCTION, {}, 0))
    assert {"a\nb\n", "b\nc\n"} <= {case.body["stdin"] for case in cases}


def test_an_object_has_what_all_of_its_kind_have_in_the_tests() -> None:
    document = {"parts": [{"state": "gap"}, {"state": "kept", "data": "x"}]}
    cases = formed_as_the_tests(given_on_standard_input(document), given_on_standard_input(document), INSTRUCTION)
    parts = [part for case in cases for part in json.loads(case.body["stdin"])["parts"]]
    assert {"state": "set"} in parts
    assert not any(part["state"] == "kept" and "data" not in part for part in parts)


def test_documents_beside_other_data_are_varied_too() -> None:
    given = (Given("/tmp/a/one.json", '[{"n": 3}, {"n": 5}]'), Given("/tmp/a/two.bin", "\x00\xff", binary=True))
    call = Call("run", "/app/tool", "t", ("/app/tool", "/tmp/a"), "/app", inputs=(("k", "/tmp/a"),), given=given)
    cases = list(run_cases_of(starts([call], ["/app/tool"]), INSTRUCTION, {}, 0))
    changed = [case for case in cases if case.how == "with another value"]
    assert len({case.body["files"][0]["text"] for case in changed}) > 5
    assert {case.body["files"][1]["text"] for case in changed} == {"\x00\xff"}


def test_lists_that_belong_together_stay_as_long_as_each_other() -> None:
    document = {"head": ["a", "b", "c"], "rows": [[1, 2, 3], [4, 5, 6]]}
    own = given_on_standard_input(document)
    (case, *_) = own
    for rows, holds in (([[1, 2], [4, 5]], False), ([[7, 2, 3]], True)):
        other = BoxCase("x", "run", {**case.body, "stdin": json.dumps({**document, "rows": rows})}, "", 1)
        assert (formed_as_the_tests([other], own, INSTRUCTION) == [other]) is holds
