"""What of a function's answers a test may pin, each thing by itself, with its assertion. Pure."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.harden.choosing import Seens
from harness.harden.leaves import leaves_of
from harness.harden.model import BoxCase, Pin, Seen
from harness.harden.pins import MOST_LEAVES, Pins
from harness.harden.sides import called
from harness.judging.stated import StatedOutput


@dataclass(frozen=True, slots=True)
class Answers:
    """What the tests get of the solution's functions."""

    exact: frozenset[str] = frozenset()
    """Functions of which the tests have every answer as it is: then its order and its very letters are what they ask
    for already."""
    kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Function -> the types of its answers."""


class CallPins(Pins):
    """Everything that could be pinned of a case of calls."""

    def __init__(self, case: BoxCase, stated: StatedOutput, given: str, answers: Answers) -> None:
        super().__init__(case, stated, given)
        self.answers = answers

    def of(self, seen: Seen) -> Iterator[Pin]:
        if "trouble" in seen or not seen.get("ends"):
            return
        given, steps = self.case.body["steps"], seen["steps"]
        raised = len(steps) - 1 if steps and "raises" in steps[-1] else len(given)
        body = {**self.case.body, "steps": given[:raised]}
        self.case = BoxCase(self.case.id, "call", body, self.case.how, self.case.cost)
        for at, said in enumerate(steps[:raised]):
            if not given[at]["makes"] and "value" in said:
                yield from self._of_value(at, ast.literal_eval(said["value"]), listed=said["listed"])
        if raised < len(given):
            yield self._of_error(raised, given[raised], steps[raised]["raises"])

    def _expression(self, at: int, *, listed: bool = False) -> str:
        name = f"results[{at}]" if self.case.body["steps"][0]["makes"] else "result"
        return f"{name}.tolist()" if listed else name

    def _of_error(self, at: int, step: Mapping[str, Any], name: str) -> Pin:
        named = re.search(rf"\b{re.escape(name)}\b", self.stated.instruction) is not None
        on = "made." if step["on"] else ""
        return self.pin(
            f"{called(step)[:80]} raises {name}",
            (f"with pytest.raises({name}):", f"    {on}{called(step)}"),
            lambda s: s["steps"][at].get("raises") == name,
            9,
            "" if named and hasattr(builtins, name) else f"that it raises {name}",
            ["pytest"],
        )

    def _of_value(self, at: int, value: Any, *, listed: bool) -> Iterator[Pin]:
        other = self._other_kind(at, value)
        expression, says = self._expression(at, listed=listed), called(self.case.body["steps"][at])[:80]
        leaves = [((), value)] if _is_matrix(value) else list(_leaves(value))
        for path, leaf in leaves[:MOST_LEAVES]:
            yield self._of_leaf(at, expression, says, path, leaf, other, in_tuple=isinstance(value, tuple))
        if len(leaves) > 1 and len(leaves) <= MOST_LEAVES and not any(isinstance(leaf, float) for _, leaf in leaves):
            skipped = int(isinstance(value, tuple))
            unknown = next((u for path, leaf in leaves if (u := self._unknown_leaf(at, path[skipped:], leaf))), "")
            yield self.pin(
                f"{says} is {_short(value)}",
                [f"assert {expression} == {value!r}"],
                _holds(at, lambda found: _alike(found, value)),
                15,
                other or unknown,
            )
        if isinstance(value, list) and len(value) > 1 and len({type(each) for each in value}) == 1:
            yield from self._of_any_order(at, expression, says, value, other)

    def _of_leaf(
        self, at: int, expression: str, says: str, path: tuple[Any, ...], value: Any, other: str, *, in_tuple: bool
    ) -> Pin:
        where = "".join(f"[{key!r}]" for key in path)
        named = (self.case.body["steps"][at]["name"], *path)
        needs: list[str] = []
        if isinstance(value, float):
            code, needs = f"assert math.isclose({expression}{where}, {value!r}, {self._limits(named)})", ["math"]
        elif value is None or isinstance(value, bool):
            code = f"assert {expression}{where} is {value}"
        else:
            code = f"assert {expression}{where} == {value!r}"
        place = f" at {'.'.join(map(str, path))}" if path else ""
        return self.pin(
            f"{says} is {_short(value)}{place}",
            [code],
            _holds(at, lambda found: self._same(_inside(found, path), value, named)),
            10 + len(path),
            other or self._unknown_leaf(at, path[1:] if in_tuple else path, value),
            needs,
        )

    def _of_any_order(self, at: int, expression: str, says: str, value: list[Any], other: str) -> Iterator[Pin]:
        if not isinstance(value[0], str | int):
            return
        unknown = next((u for each in value if (u := self._unknown_leaf(at, (), each))), "")
        yield self.pin(
            f"{says} is {_short(sorted(value))}, in any order",
            [f"assert sorted({expression}) == {sorted(value)!r}"],
            _holds(at, lambda found: sorted(found) == sorted(value)),
            14,
            other or unknown,
        )

    def _unknown_leaf(self, at: int, path: tuple[Any, ...], value: Any) -> str:
        if isinstance(value, tuple) or _is_matrix(value):  # where something stands is what it says
            inside = [leaf for each in value for _, leaf in leaves_of(list(each) if isinstance(each, tuple) else each)]
            return next((u for leaf in inside if (u := self._unknown_leaf(at, (), leaf))), "")
        exactly = self.case.body["steps"][at]["name"] in self.answers.exact
        if exactly and not self.stated.many and not (isinstance(value, str) and self._is_new_wording(value)):
            return ""
        if isinstance(value, str) and " " in value.strip() and not self._shown(value):
            return f"the text {value[:60]!r}"
        return self._unknown_value(path, value)

    def _other_kind(self, at: int, value: Any) -> str:
        """On other input than the tests', an answer of a kind that they never get: what it is for, nobody has said."""
        known = self.answers.kinds.get(self.case.body["steps"][at]["name"])
        kind = type(value).__name__
        if _is_of_tests(self.case) or kind in (known or {kind} - {"NoneType"}):
            return ""
        return "" if re.search(rf"\b{value}\b", self.stated.instruction) and value is None else f"that it gives {kind}"

    def _is_new_wording(self, text: str) -> bool:
        """Several words, of which one is nowhere in the instruction or the arguments: a message, perhaps."""
        return " " in text.strip() and bool(self.stated.unknown(text, self.given))

    def _shown(self, text: str) -> bool:
        """As it is: by the instruction, or as one of the arguments is but for capital letters."""
        given = {each.casefold() for each in self._texts()}
        return self.stated.fixed(text) or self.stated.exactly(text) or text.casefold() in given

    def _texts(self) -> set[str]:
        return {
            leaf
            for step in self.case.body["steps"]
            for written in (*step["args"], *step["named"].values())
            for _, leaf in leaves_of(ast.literal_eval(written))
            if isinstance(leaf, str)
        }


def answers_of(cases: Sequence[BoxCase], seens: Seens, tests: str) -> Answers:
    written = set(_literals(tests))
    every: dict[str, list[bool]] = {}
    kinds: dict[str, set[str]] = {}
    for case in cases:
        if case.kind != "call" or not _is_of_tests(case):
            continue
        for step, said in zip(case.body["steps"], seens.get(case.id, {}).get("steps", ()), strict=False):
            if "value" in said:
                kinds.setdefault(step["name"], set()).add(_kind(said["value"]))
                if said["value"] != "None":
                    every.setdefault(step["name"], []).append(said["value"] in written)
    exact = frozenset(name for name, found in every.items() if all(found))
    return Answers(exact, {name: frozenset(found) for name, found in kinds.items()})


def _is_of_tests(case: BoxCase) -> bool:
    return "-changed-" not in case.id and "-named-" not in case.id


def _kind(written: str) -> str:
    return type(ast.literal_eval(written)).__name__


def _literals(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant | ast.List | ast.Tuple | ast.Dict | ast.Set):
            try:
                yield repr(ast.literal_eval(node))
            except (ValueError, TypeError, RecursionError):
                continue


def _leaves(value: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, tuple) and value:
        for at, each in enumerate(value):
            for path, leaf in leaves_of(each):
                yield (at, *path), leaf
    else:
        yield from leaves_of(value)


def _is_matrix(value: Any) -> bool:
    """Rows of plain values, of one length: where something stands is what it says."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(row, list | tuple) and len(row) == len(value[0]) for row in value)
        and not any(isinstance(each, list | tuple | dict | float) for row in value for each in row)
    )


def _holds(at: int, right: Callable[[Any], bool]) -> Callable[[Seen], bool]:
    return lambda seen: right(ast.literal_eval(seen["steps"][at]["value"]))


def _inside(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def _alike(found: Any, value: Any) -> bool:
    return bool(found == value) and type(found) is type(value)


def _short(value: Any) -> str:
    said = repr(value)
    return said if len(said) <= 60 else f"{said[:57]}..."
