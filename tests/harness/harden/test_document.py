"""harden.json and report.html of values: what is in them, by the schema, and that a task's text is never markup."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.harden.document import document, schema
from harness.harden.model import BoxCase, Survivor, Written
from harness.harden.page import page
from harness.harden.proving import Proven
from harness.harden.results import Hardened, ProvenTest, ToldApart, Wanted
from harness.harden.sides import Sides, sides
from harness.harden.told import told
from harness.judging.controls import ControlSettings
from tests.harness.report.test_any_text import NASTY
from tests.harness.tasks import harbor

RUN = {"argv": ["/app/greet", "ada"], "cwd": "", "stdin": "", "files": [{"path": "in", "text": "x\n", "age": 0}]}
CASE = BoxCase("run-0", "run", RUN, "as the tests call it", 10)


def survivor(label: str, sentence: str = "`--loud` is ignored") -> Survivor:
    return Survivor(label, f"t/{label}", sentence, "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n", "It greets.", {})


def strength(verdict: str, detected: int) -> dict[str, Any]:
    share = {"detected": detected, "counted": 4, "value": detected / 4, "low": 0.1, "high": 0.9}
    return {"name": "t", "path": "t", "digest": "d", "verdict": verdict, "why": "", "strength": {"share": share},
            "mutants": [], "findings": [], "timings": None}  # fmt: skip


def made(tmp_path: Path, text: str = "plain") -> dict[str, Any]:
    task = harbor(tmp_path)
    test = Written("test_greets", text, CASE, (), f"def test_greets():\n    assert {text!r}\n", (), ("one",))
    proof = Proven((5, 5), ("one",), (3, 3), (2, 2), "fails")
    hardened = Hardened(
        task,
        changed={"tests/test_a.py": ("a\n", "b\n")},
        kept=[ProvenTest(test, proof, "tests/test_a.py")],
        thrown=[
            ProvenTest(replace(test, name="test_b"), replace(proof, refused="it fails on none"), "tests/test_a.py")
        ],
        told={
            "one": ToldApart("as the tests call it", text, Sides(text, f"right {text}", f"wrong {text}")),
            "two": ToldApart("x", "y", Sides("a", "b", "c"), "pins-unstated: the words z", unstated=True),
            "three": ToldApart("x", "y", Sides("a", "b", "c"), "no test of it could be proven"),
        },
        alike={"four": "3 runs"},
        caught={"one": ["test_greets"]},
    )
    labels = ("one", "two", "three", "four", "five")
    wanted = Wanted(tuple(survivor(label, text) for label in labels), ControlSettings(2, "auto", 1.0))
    found = document({"run": "run"}, [(strength("weak", 1), wanted, hardened)], {"t": strength("strong", 4)})
    plain: dict[str, Any] = json.loads(json.dumps(found))
    return plain


def test_every_survivor_has_its_fate_and_the_schema_is_kept(tmp_path: Path) -> None:
    found = made(tmp_path)
    Draft202012Validator(json.loads(schema())).validate(found)
    fates = {each["id"]: each["fate"] for each in found["tasks"][0]["survivors"]}
    assert fates == {
        "one": "caught",
        "two": "pins-unstated",
        "three": "witness-only",
        "four": "probably-equivalent",
        "five": "not-tried",
    }


def test_the_figure_before_and_after_is_over_what_was_audited_again(tmp_path: Path) -> None:
    totals = made(tmp_path)["totals"]
    assert totals["before"] == {"detected": 1, "counted": 4, "score": 0.25}
    assert totals["after"] == {"detected": 4, "counted": 4, "score": 1.0}
    assert "25 % of 4 were caught before, and 100 % of 4 are now." in told(made(tmp_path / "again"), None)


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        assert not any(name.startswith("on") or name in ("src", "style") for name, _ in attrs)


def elements(text: str) -> list[str]:
    parser = Elements()
    parser.feed(text)
    return parser.found


def test_no_text_of_a_task_becomes_markup(tmp_path: Path) -> None:
    usual = elements(page(made(tmp_path)))
    for number, text in enumerate((*filter(None, NASTY), "</script><img src=x onerror=alert(1)>", "'\"><b>")):
        shown = page(made(tmp_path / str(number), text))
        assert elements(shown) == usual
        shown.encode("utf-8")


def test_the_page_shows_both_sides_the_proof_and_the_patch(tmp_path: Path) -> None:
    shown = page(made(tmp_path, "hello"))
    for expected in (
        "right hello",
        "wrong hello",
        "passes in 5 of 5 runs",
        "passes on 3 of 3",
        'data-copies="patch-1"',
    ):
        assert expected in shown
    assert "-a\n+b\n" in shown


@pytest.mark.parametrize(
    ("case", "right", "wrong", "expected"),
    [
        (
            CASE,
            {"ends": True, "status": 0, "out": "hi\n", "err": "", "files": {"in": "x\n"}},
            {"ends": True, "status": 1, "out": "", "err": "no\n", "files": {}},
            ("status 0\nhi\nin:\nx", "status 1\nstandard error:\nno\nin is not there"),
        ),
        (
            CASE,
            {"ends": True, "status": 0, "out": "", "err": "", "files": {}},
            {"ends": False},
            ("status 0\nin is not there", "it does not end"),
        ),
        (
            BoxCase("left", "look", {"paths": ["/a", "/b"]}, "", 1),
            {"/a": {"kind": "file", "mode": "644", "text": "x"}, "/b": {"kind": "none"}},
            {"/a": {"kind": "none"}, "/b": {"kind": "none"}},
            ("/a (file, mode 644):\nx", "/a is not there"),
        ),
        (
            BoxCase("own-1", "own", {"files": [], "numbers": [[0, 1, "len(moves)"]]}, "", 1),
            {"passed": True, "notes": [7]},
            {"passed": False, "why": "AssertionError: L walks into a wall"},
            ("its checks pass\nlen(moves) is 7", "it fails: AssertionError: L walks into a wall"),
        ),
        (
            BoxCase(
                "burst-0",
                "ask",
                {
                    "host": "localhost",
                    "port": 80,
                    "steps": [{"method": "GET", "path": "/", "times": 9, "client": "127.1.0.1"}, {"sleep": 2}],
                },
                "",
                1,
            ),
            {"steps": [{"counts": {"200": 4, "429": 5}, "slow": False, "body": ""}, {}]},
            {"steps": [{"counts": {"200": 9}, "slow": True, "body": ""}, {}]},
            (
                "GET / from 127.1.0.1, 9 times: 200: 4, 429: 5",
                "GET / from 127.1.0.1, 9 times: 200: 9, held back",
            ),
        ),
    ],
)
def test_both_sides_show_what_differs(
    case: BoxCase, right: dict[str, Any], wrong: dict[str, Any], expected: tuple[str, str]
) -> None:
    found = sides(case, right, wrong)
    assert (found.reference, found.survivor) == expected
