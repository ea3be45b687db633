"""From the functions that the tests call to cases: the same calls again, and the same with other arguments. Pure.

Arguments keep their kind: whatever is in a changed one was in one of the tests', or lies just beside it, and what had
the same length in all of them keeps it.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from posixpath import basename, dirname
from random import Random
from typing import Any

from harness.harden.model import BoxCase
from harness.harden.varying import atoms_of, changed_value
from harness.trial.watching.calls import Call, Called

MOST_OWN, MOST_NAMED, MOST_CHANGED, MOST_STEPS, MOST_OF_ONE = 40, 20, 80, 30, 24


@dataclass(frozen=True, slots=True)
class FunctionStart:
    """What a test called of one module, one after the other: a function alone, or an object's methods."""

    root: str
    """The folder that has the module, as Python's path has it."""
    module: str
    steps: tuple[Called, ...]

    @property
    def key(self) -> tuple[Any, ...]:
        return self.root, self.module, tuple((step.name, step.args, step.named) for step in self.steps)

    @property
    def cost(self) -> int:
        return sum(len(step.name) + len(" ".join(step.args)) + 20 for step in self.steps)

    def case(self, ident: str, how: str, cost: int) -> BoxCase:
        steps = [
            {"name": one.name, "args": list(one.args), "named": dict(one.named), "makes": one.makes}
            | {"on": one.on >= 0 and not one.makes}
            for one in self.steps
        ]
        first = self.steps[0]
        where = {"root": self.root, "module": self.module, "imports": first.name}
        body = {**where, "cwd": first.cwd, "python": first.python, "steps": steps}
        return BoxCase(ident, "call", body, how, cost)


def function_cases(calls: Iterable[Call], instruction: str, seed: int) -> Iterator[BoxCase]:
    found = function_starts(calls)
    for number, start in enumerate(found[:MOST_OWN]):
        yield start.case(f"call-{number}", "as the tests call it", start.cost)
    named = list(islice(_never_called(found, instruction), MOST_NAMED))
    for number, start in enumerate(named, start=1):
        yield start.case(f"call-named-{number}", "as the instruction names it", start.cost + 20)
    changed = islice(_changed([*found, *named], Random(seed)), MOST_CHANGED)
    for number, (how, start) in enumerate(changed, start=1):
        yield start.case(f"call-changed-{number}", how, start.cost + 40)


def function_starts(calls: Iterable[Call]) -> list[FunctionStart]:
    """Each once, in the order of the tests."""
    together: dict[tuple[Any, ...], list[Called]] = {}
    for number, call in enumerate(calls):
        called = call.called
        if called is not None:
            alone = (number,) if called.on < 0 else ()
            together.setdefault((call.test, called.file, called.on, *alone), []).append(called)
    starts = []
    for steps in together.values():
        place = _place(steps[0])
        if place is not None and (steps[0].on < 0 or steps[0].makes):
            starts.append(FunctionStart(*place, tuple(steps[:MOST_STEPS])))
    return list({start.key: start for start in reversed(starts)}.values())[::-1]


def _place(called: Called) -> tuple[str, str] | None:
    """The folder on Python's path and the module's name there. None where no name could import it."""
    if not called.file.endswith(".py"):
        return None
    parts = called.module.split(".")
    path = called.file.removesuffix(".py").removesuffix("/__init__")
    if path.endswith("/" + "/".join(parts)):
        return path[: -len("/".join(parts)) - 1] or "/", called.module
    stem = basename(path)
    return (dirname(path), stem) if stem.isidentifier() and not keyword.iskeyword(stem) else None


# --- what the instruction names and no test calls

_SIGNATURE = re.compile(r"(?<![\w.])([a-z_]\w*)\(((?:[a-z_]\w*)?(?:, ?[a-z_]\w*)*)\)")


def _never_called(found: Sequence[FunctionStart], instruction: str) -> Iterator[FunctionStart]:
    """Functions and methods as the instruction writes them, with what the tests give to others of the same module:
    where it has the same name there, else at the same place."""
    signatures = {
        name: [each.strip() for each in names.split(",") if each] for name, names in _SIGNATURE.findall(instruction)
    }
    seen = {step.name for start in found for step in start.steps}
    for name, parameters in signatures.items():
        if name in seen:
            continue
        for start in found:
            offers = [step for step in start.steps if not step.makes] or list(start.steps)
            args = [_offered(parameter, at, offers, signatures) for at, parameter in enumerate(parameters)]
            if None in args:
                continue
            step = replace(start.steps[-1], name=name, args=tuple(map(str, args)), named=(), makes=False)
            before = start.steps if start.steps[0].makes else ()
            yield replace(start, steps=(*before, step))


def _offered(parameter: str, at: int, offers: Sequence[Called], signatures: Mapping[str, Sequence[str]]) -> str | None:
    for step in offers:
        names = signatures.get(step.name, ())
        if parameter in names and names.index(parameter) < len(step.args):
            return step.args[names.index(parameter)]
    return next((step.args[at] for step in offers if at < len(step.args)), None)


# --- other arguments


def _changed(found: Sequence[FunctionStart], rng: Random) -> Iterator[tuple[str, FunctionStart]]:
    """Of each function in turn, so that none takes all the places."""
    seen = {start.key for start in found}
    kinds: dict[tuple[str, ...], list[FunctionStart]] = {}
    for start in found:
        kinds.setdefault((start.root, start.module, start.steps[0].name), []).append(start)
    makers = [_of_kind(alike, _Examples(found), rng) for alike in kinds.values()]
    while makers:
        for maker in list(makers):
            new = next((each for each in maker if each[1].key not in seen), None)
            if new is None:
                makers.remove(maker)
                continue
            seen.add(new[1].key)
            yield new


def _of_kind(alike: Sequence[FunctionStart], examples: _Examples, rng: Random) -> Iterator[tuple[str, FunctionStart]]:
    for start in alike:
        for step in {step.name: step for step in start.steps[1:]}.values():
            yield "on a new object", replace(start, steps=(start.steps[0], step))
    for start in islice(_in_turn(alike), MOST_OF_ONE * len(alike)):
        at = rng.randrange(len(start.steps))
        step = start.steps[at]
        if len(start.steps) > 2 and rng.random() < 0.4:
            yield "with other steps", replace(start, steps=_other_steps(start.steps, rng))
        elif step.args:
            which = rng.randrange(len(step.args))
            value = examples.other(step.name, which, ast.literal_eval(step.args[which]), rng)
            args = (*step.args[:which], repr(value), *step.args[which + 1 :])
            changed = (*start.steps[:at], replace(step, args=args), *start.steps[at + 1 :])
            yield "with another argument", replace(start, steps=changed)


def _in_turn(alike: Sequence[FunctionStart]) -> Iterator[FunctionStart]:
    while True:
        yield from alike


def _other_steps(steps: tuple[Called, ...], rng: Random) -> tuple[Called, ...]:
    """One after the object's making left out, done twice, or before its neighbour."""
    at = rng.randrange(1, len(steps))
    how = rng.choice(("less", "twice", "swapped"))
    if how == "less":
        return (*steps[:at], *steps[at + 1 :])
    if how == "twice" or at + 1 == len(steps):
        return (*steps[:at], steps[at], *steps[at:])
    return (*steps[:at], steps[at + 1], steps[at], *steps[at + 2 :])


class _Examples:
    """What the tests gave each function at each place."""

    def __init__(self, found: Sequence[FunctionStart]) -> None:
        self._values: dict[tuple[str, int], list[Any]] = {}
        for start in found:
            for step in start.steps:
                for at, written in enumerate(step.args):
                    self._values.setdefault((step.name, at), []).append(ast.literal_eval(written))

    def other(self, name: str, at: int, value: Any, rng: Random) -> Any:
        known = self._values[name, at]
        same = [each for each in known if type(each) is type(value) and each != value]
        if same and rng.random() < 0.2:
            return rng.choice(same)
        atoms = [atom for each in known for atom in atoms_of(each)]
        fixed = len({len(each) for each in known if isinstance(each, list | tuple | str)}) <= 1 < len(known)
        return changed_value(value, atoms, rng, fixed=fixed)


# --- less of the same


def fewer_steps(case: BoxCase) -> Iterator[BoxCase]:
    """The case without one of the steps that follow an object's making, or without those behind it."""
    steps = case.body["steps"] if case.kind == "call" else []
    for at, (step, _) in enumerate(pairwise(steps)):
        if not step["makes"]:
            less = [*steps[:at], *steps[at + 1 :]]
            yield BoxCase(f"{case.id}-less-{at}", "call", {**case.body, "steps": less}, case.how, case.cost - 20)
