"""Pins: what each holds of, and what it pins that is not stated."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from harness.harden.choosing import allowed_pins, catches, smallest, steady
from harness.harden.model import BoxCase, Pin
from harness.harden.pins import Pins
from harness.judging.stated import read_stated

INSTRUCTION = "Print one line `NAME: COUNT` for each name of the file, or write `count` and `mean` as JSON."


def case(ident: str = "run-0", **more: Any) -> BoxCase:
    body = {"argv": ["/app/count"], "cwd": "", "stdin": "", "files": [], **more}
    return BoxCase(ident, "run", body, "as the tests call it", 10)


def seen(out: str, status: int = 0, err: str = "", files: dict[str, str] | None = None) -> dict[str, Any]:
    return {"ends": True, "status": status, "out": out, "err": err, "files": files or {}}


def pins(right: dict[str, Any], instruction: str = INSTRUCTION, **more: Any) -> list[Pin]:
    return list(Pins(case(**more), read_stated(instruction, []), "ada bob").of(right))


def caught(found: list[Pin], wrong: dict[str, Any]) -> list[Pin]:
    return [pin for pin in found if not pin.unstated and catches(pin, {"wrong": [{"run-0": wrong}]})]


def test_a_line_that_is_wrong_is_caught_by_that_line() -> None:
    found = caught(pins(seen("ada: 3\nbob: 4\n")), seen("ada: 3\nbob: 5\n"))
    assert "it prints the line 'bob: 4'" in [pin.says for pin in found]
    assert "it prints the line 'ada: 3'" not in [pin.says for pin in found]


def test_an_order_is_pinned_only_where_the_instruction_speaks_of_one() -> None:
    right, wrong = seen("ada: 3\nbob: 4\n"), seen("bob: 4\nada: 3\n")
    assert caught(pins(right, f"{INSTRUCTION} They are sorted by name."), wrong)
    assert not caught(pins(right), wrong)
    assert not caught(pins(right, f"{INSTRUCTION} They come in any order."), wrong)
    more = seen("bob: 4\nada: 3\nada: 3\n")
    assert [pin.says for pin in caught(pins(right), more)] == ["it prints these lines and no others"]


def test_what_a_list_of_objects_has_is_pinned_in_whatever_order_it_comes() -> None:
    def listed(*names: str) -> dict[str, Any]:
        return seen(json.dumps({"count": 2, "items": [{"name": name} for name in names]}))

    instruction = "Write `count` and `items`, each with its `name`, as JSON."
    found = pins(listed("ada", "bob"), instruction)
    assert not caught(found, listed("bob", "ada"))
    (pin,) = caught(found, listed("bob", "bob"))
    assert pin.says == "it prints ada, bob at items.each.name, in any order"
    done: dict[str, Any] = {"result": SimpleNamespace(stdout=listed("bob", "ada")["out"]), "json": json}
    exec("\n".join(pin.code), done)
    done["result"].stdout = listed("ada")["out"]
    with pytest.raises(AssertionError):
        exec("\n".join(pin.code), done)
    assert caught(pins(listed("ada", "bob"), f"{instruction} Sort the items."), listed("bob", "ada"))


def test_rows_in_another_order_are_another_table_only_where_one_is_spoken_of() -> None:
    right, wrong = seen("name,count\nada,3\nbob,4\n"), seen("name,count\nbob,4\nada,3\n")
    instruction = "Print `name,count` as a table with a head."
    assert not caught(pins(right, instruction), wrong)
    assert caught(pins(right, instruction), seen("name,count\nada,3\nbob,4\nada,3\n"))
    assert caught(pins(right, f"{instruction} The names are in alphabetic order."), wrong)


def test_what_is_in_no_list_is_pinned_however_long_the_lists_are() -> None:
    def listed(mean: int) -> dict[str, Any]:
        return seen(json.dumps({"items": [{"count": number} for number in range(500)], "mean": mean}))

    assert [pin.says for pin in caught(pins(listed(7)), listed(8))] == ["it prints 7 at mean"]


def test_a_number_may_be_spelled_otherwise_and_json_laid_out_otherwise() -> None:
    right = seen(json.dumps({"count": 3, "mean": 1.5}))
    found = pins(right)
    assert not caught(found, seen('{\n "mean": 1.50000000001,\n "count": 3\n}'))
    assert [pin.says for pin in caught(found, seen('{"count": 3, "mean": 1.7}'))] == ["it prints 1.5 at mean"]


def test_the_reference_s_own_wording_is_not_stated() -> None:
    found = pins(seen("Processing finished successfully\n"))
    assert all(pin.unstated for pin in found if pin.says.startswith("it prints"))


def test_what_is_not_stated_is_pinned_only_where_it_is_asked_for() -> None:
    found = pins(seen("Processing finished successfully\n"))
    assert [pin.says for pin in allowed_pins(found, unstated=False)] == ["it ends well"]
    assert allowed_pins(found, unstated=True) == found


def test_a_status_is_stated_only_where_it_is_named() -> None:
    assert not caught(pins(seen("", 2)), seen("", 1))
    assert caught(pins(seen("", 2), f"{INSTRUCTION} Otherwise exit with status 2."), seen("", 1))


def test_what_a_program_leaves_of_its_input_is_pinned() -> None:
    files = [{"path": "old.log", "text": "x", "age": 0}]
    found = pins(seen("", files={}), files=files)
    assert [pin.says for pin in caught(found, seen("", files={"old.log": "x"}))] == ["old.log is removed"]


def test_a_pin_is_steady_only_if_it_holds_of_everything_right() -> None:
    found = pins(seen("ada: 3\nbob: 4\n"))
    kept = steady(found, [{"run-0": seen("ada: 3\nbob: 4\n")}, {"run-0": seen("ada: 3\nbob: 9\n")}])
    assert "it prints the line 'ada: 3'" in [pin.says for pin in kept]
    assert "it prints the line 'bob: 4'" not in [pin.says for pin in kept]


def test_what_was_not_seen_catches_nothing() -> None:
    (pin, *_) = pins(seen("ada: 3\n"))
    assert catches(pin, {"a": [], "b": [{}], "c": [{"run-0": {"ends": False}}]}) == {"c"}


def test_the_fewest_pins_that_ask_least_are_chosen() -> None:
    found = pins(seen("ada: 3\nbob: 4\n"))
    wrong = {"one": [{"run-0": seen("ada: 1\nbob: 4\n")}], "other": [{"run-0": seen("ada: 2\nbob: 4\n")}]}
    chosen = smallest({pin: labels for pin in found if (labels := catches(pin, wrong))})
    assert [(pin.says, sorted(labels)) for pin, labels in chosen.items()] == [
        ("it prints the line 'ada: 3'", ["one", "other"])
    ]


def test_digits_that_were_worked_out_are_not_pinned_and_those_of_the_input_are() -> None:
    right, wrong = seen("ada: 1.2345\n"), seen("ada: 1.5\n")
    assert not caught(pins(right), wrong)
    files = [{"path": "in.txt", "text": "ada 1.2345", "age": 0}]
    found = Pins(case(files=files), read_stated(INSTRUCTION, []), "ada 1.2345").of(right)
    assert caught(list(found), wrong)


def test_what_is_no_prose_is_pinned_as_it_is() -> None:
    found = pins(seen("\0ada\0\0"), "Write the data to stdout; holes are zeros.")
    (pin,) = (pin for pin in found if "result.stdout ==" in pin.code[0])
    assert pin.code == ("assert result.stdout == '\\x00ada\\x00\\x00'",)
    assert pin.unstated == ""
    assert not pin.holds(seen("\0ada"))
    program = {"/app/tool": {"kind": "file", "mode": "755", "text": "#!/bin/sh\necho data\n"}}
    look = BoxCase("left", "look", {"paths": ["/app/tool"]}, "what solving leaves", 60)
    says = [pin.says for pin in Pins(look, read_stated("Write `/app/tool`, which echoes data.", []), "").of(program)]
    assert says == ["/app/tool is there", "/app/tool has the mode 755", "/app/tool is executable"]


@pytest.mark.parametrize(
    ("instruction", "stated"),
    [
        ("Count the entries. Write a short report of what you did to /app/out.json.", False),
        ("Count the entries. Write JSON with the entries to /app/out.json.", True),
        ("Count the entries and write them to /app/out.json:\n\n- entries: how many there are", True),
        ("Write to /app/out.json how many there are, as `entries`.", True),
        ("Count the entries. Write an entry_count to /app/out.json as JSON.", False),
    ],
)
def test_a_key_is_stated_where_it_is_shown_as_one(instruction: str, stated: bool) -> None:
    """That its words occur somewhere does not make it the only name."""
    found = caught(pins(seen('{"entries": 2}'), instruction), seen('{"entries": 3}'))
    assert bool(found) is stated


def test_a_key_of_the_input_is_stated() -> None:
    assert caught(pins(seen('{"ada": 2}'), "Count each."), seen('{"ada": 3}'))


@pytest.mark.parametrize(
    ("key", "instruction", "wrong", "told"),
    [
        ("global_std", "the standard deviation `global_std`", 5.04, False),  # by one less
        ("global_std", "the standard deviation `global_std`", 50.0, True),
        ("global_std", "the population standard deviation `global_std`", 5.04, True),
        ("mean", "the `mean`", 5.04, True),
        ("p95", "the 95th percentile `p95`", 5.04, False),
        ("p95", "the 95th percentile `p95`, by nearest rank", 5.04, True),
    ],
)
def test_of_two_usual_definitions_neither_is_pinned_unless_one_is_named(
    key: str, instruction: str, wrong: float, told: bool
) -> None:
    found = caught(pins(seen(json.dumps({key: 5.0})), f"Write {instruction} as JSON."), seen(json.dumps({key: wrong})))
    assert bool(found) is told


@pytest.mark.parametrize(("name", "told"), [("README.md", False), ("notes.txt", True)])
def test_how_a_document_is_worded_is_nobody_s_requirement(name: str, told: bool) -> None:
    path = f"/app/{name}"
    look = BoxCase("left", "look", {"paths": [path]}, "what solving leaves", 60)
    right, wrong = ({path: {"kind": "file", "mode": "644", "text": text}} for text in ("/app/run\n", "none\n"))
    found = Pins(look, read_stated(f"Write `{path}`, which says how to start `/app/run`.", []), "").of(right)
    assert bool([pin for pin in found if not pin.unstated and catches(pin, {"wrong": [{"left": wrong}]})]) is told


def look_at(path: str, instruction: str, text: str | None) -> list[str]:
    look = BoxCase("left", "look", {"paths": [path]}, "what solving leaves", 60)
    right = {path: {"kind": "file", "mode": "644", "text": "print(1)\n"}}
    wrong = {path: {"kind": "none"} if text is None else {"kind": "file", "mode": "644", "text": text}}
    found = Pins(look, read_stated(instruction, []), "").of(right)
    return [pin.says for pin in found if not pin.unstated and catches(pin, {"wrong": [{"left": wrong}]})]


def test_of_a_program_only_that_it_is_there_is_pinned() -> None:
    assert look_at("/app/tool.py", "Copy `print(1)` to /app/tool.py.", None) == ["/app/tool.py is there"]
    assert look_at("/app/tool.py", "Copy `print(1)` to /app/tool.py.", "print(2)\n") == []


def test_a_file_that_the_instruction_only_gives_is_not_pinned() -> None:
    assert look_at("/app/a.txt", "Leave `print(1)` in /app/a.txt.", None)
    assert not look_at("/app/a.txt", "Print `print(1)`, as it is read from /app/a.txt.", None)
