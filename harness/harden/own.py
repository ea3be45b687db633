"""The task's own tests on other input: whether the answer is right is for their own checks to say. Pure.

What a test compares with a number of its own (`len(moves) == 4`) is asked anew of the reference for each input; all
other checks stay as they are, and an input on which the reference fails one of them is no case.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from random import Random

from harness.harden.brought import to_body
from harness.harden.model import BoxCase, Pin, Seen
from harness.harden.tests_of import ExtendedFile
from harness.harden.varying import varied_data, varied_texts
from harness.task.model import Step, Task
from harness.trial.watching.calls import Given

MOST = 60
SEEDS = (1, 2, 3, 11)
NOTE = "foolsgold_note"


@dataclass(frozen=True, slots=True)
class OwnTest:
    name: str
    body: str
    """Its statements, dedented."""
    numbers: tuple[tuple[int, int, str], ...]
    """Where the body has a number that an answer is compared with: start, end, and what is compared with it."""
    names: frozenset[str]
    """That it uses."""
    arguments: tuple[str, ...]
    parameter: str = ""
    """Of a test that runs once for each of some paths: its argument."""
    paths: tuple[tuple[str, bool], ...] = ()
    """These paths, and whether each is a Path."""


Input = tuple[OwnTest, str, dict[str, str], tuple[Given, ...]]
"""Which test, how its input is changed, what stands for it where, and the files that are brought."""


def own_cases(task: Task, step: Step, place: ExtendedFile, known: Mapping[str, Given], seed: int) -> Iterator[BoxCase]:
    """`known`: the files of the environment and of the tests by path."""
    tree = ast.parse(place.text)
    module = _in_box(task, step, place.path)
    constants = _constants(tree)
    inputs = [source for test in _tests(tree, place.text) for source in _inputs(test, constants, known, Random(seed))]
    for number, (test, how, replaced, given) in enumerate(islice(in_turn(inputs), MOST), start=1):
        moved = {name: value for name, value in replaced.items() if name in constants}
        body = _with_literals(test, replaced, constants)
        yield BoxCase(
            f"own-{number}",
            "own",
            {
                "module": module,
                "function": test.name,
                "set": moved,
                "files": [to_body(file) for file in given],
                "source": _recording(test, body),
                "code": body,
                "numbers": [list(each) for each in test.numbers] if body == test.body else [],
                "arguments": list(test.arguments),
            },
            f"the task's own test {test.name}, {how}",
            20 + sum(len(file.text) for file in given),
        )


def in_turn(sources: Iterable[Iterator[Input]]) -> Iterator[Input]:
    """One of each, so that none takes all the places."""
    left = list(sources)
    while left:
        for source in list(left):
            found = next(source, None)
            if found is None:
                left.remove(source)
            else:
                yield found


def own_pins(case: BoxCase, seen: Seen) -> Iterator[Pin]:
    """One: the test passes, with the numbers that the reference comes to."""
    if seen.get("passed") is not True:
        return
    notes = seen.get("notes", [])
    code, moved = str(case.body["code"]), 0
    numbers = case.body["numbers"]
    if len(notes) != len(numbers) or not all(isinstance(note, int) and not isinstance(note, bool) for note in notes):
        return
    for (start, end, _), note in zip(numbers, notes, strict=True):
        code = code[: start + moved] + str(note) + code[end + moved :]
        moved += len(str(note)) - (end - start)

    def holds(other: Seen) -> bool:
        return other.get("passed") is True and other.get("notes", []) == notes

    pinned = BoxCase(case.id, case.kind, {**case.body, "code": code}, case.how, case.cost)
    yield Pin(pinned, f"{case.body['function']} passes", (), holds, 1)


# --- reading the tests


def _tests(tree: ast.Module, text: str) -> Iterator[OwnTest]:
    lines, constants = text.splitlines(keepends=True), _constants(tree)
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
            continue
        parameter, paths = _parameter(node, constants)
        arguments = tuple(argument.arg for argument in node.args.args if argument.arg != parameter)
        if (node.decorator_list and not parameter) or not set(arguments) <= {"tmp_path"}:
            continue
        if node.args.vararg or node.args.kwonlyargs:
            continue
        first = node.body[1:] if _is_text(node.body[0]) else node.body
        if not first:
            continue
        body = textwrap.dedent("".join(lines[first[0].lineno - 1 : node.end_lineno]))
        names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
        yield OwnTest(node.name, body, tuple(_numbers(body)), frozenset(names), arguments, parameter, paths)


def _parameter(node: ast.FunctionDef, constants: Mapping[str, ast.expr]) -> tuple[str, tuple[tuple[str, bool], ...]]:
    """Of a test that pytest runs once for each of some paths, and has no other decorator."""
    if len(node.decorator_list) != 1 or not isinstance(call := node.decorator_list[0], ast.Call):
        return "", ()
    if ast.unparse(call.func) not in ("pytest.mark.parametrize", "mark.parametrize") or len(call.args) != 2:
        return "", ()
    name, values = call.args
    paths = _paths(constants.get(values.id, values) if isinstance(values, ast.Name) else values)
    if not isinstance(name, ast.Constant) or name.value not in {one.arg for one in node.args.args} or not paths:
        return "", ()
    return str(name.value), paths


def _paths(node: ast.expr) -> tuple[tuple[str, bool], ...]:
    """Of a list of nothing but paths."""
    if not isinstance(node, ast.List | ast.Tuple):
        return ()
    found = tuple(map(_path, node.elts))
    return tuple(path for path in found if path is not None) if None not in found else ()


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _numbers(body: str) -> Iterator[tuple[int, int, str]]:
    starts = [0]
    for line in body.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node in ast.parse(body).body:  # a number in a loop is compared several times
        if not isinstance(node, ast.Assert) or not isinstance(node.test, ast.Compare):
            continue
        left, right = node.test.left, node.test.comparators[0]
        if len(node.test.ops) != 1 or not isinstance(node.test.ops[0], ast.Eq) or not _is_number(right):
            continue
        said = ast.get_source_segment(body, left) or ""
        if "returncode" in said or "status" in said or not said.isascii() or node.lineno != node.test.end_lineno:
            continue
        end_col = right.end_col_offset or right.col_offset
        yield starts[right.lineno - 1] + right.col_offset, starts[right.lineno - 1] + end_col, said


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool)


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    return {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    }


def _inputs(
    test: OwnTest, constants: Mapping[str, ast.expr], known: Mapping[str, Given], rng: Random
) -> Iterator[Iterator[Input]]:
    """A source of inputs for each file that the test works on."""
    if test.parameter:
        for path, is_path in test.paths:
            yield _moved(test, test.parameter, path, "{}" if is_path else "str({})", known, rng)
    for name in sorted(test.names & constants.keys()):
        value = constants[name]
        one = _path(value)
        for path, is_path in [one] if one is not None else [] if test.parameter else _paths(value):
            put = "{}" if is_path else "str({})"
            yield _moved(test, name, path, put if one is not None else f"[{put}]", known, rng)
        if "seed" in name.lower() and _is_number(value):
            yield iter([(test, f"with the seed {seed}", {name: str(seed)}, ()) for seed in SEEDS])
    literals = [node.value for node in ast.walk(ast.parse(test.body)) if isinstance(node, ast.Constant)]
    for literal in dict.fromkeys(each for each in literals if isinstance(each, str)):
        if literal.startswith("/"):
            yield _moved(test, literal, literal, "str({})", known, rng)


def _moved(test: OwnTest, name: str, path: str, put: str, known: Mapping[str, Given], rng: Random) -> Iterator[Input]:
    """`put`: how the path of the changed file is written for `name`."""
    for how, file in _changed(path, _file_of(path, known), rng):
        yield test, f"its map or file {how}", {name: put.format(f"folder / {file.path!r}")}, (file,)


def _path(node: ast.expr) -> tuple[str, bool] | None:
    """A path in the box, and whether it is a Path."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("/"):
        return node.value, False
    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Path" and len(node.args) == 1:
        inner = _path(node.args[0])
        return (inner[0], True) if inner is not None else None
    return None


def _file_of(path: str, known: Mapping[str, Given]) -> Given | None:
    """The file that is at this path in the box, as far as its name tells."""
    name = path.rsplit("/", 1)[-1]
    same = [file for each, file in known.items() if each.rsplit("/", 1)[-1] == name]
    exact = [file for each, file in known.items() if path.endswith(f"/{each}")]
    return exact[0] if len(exact) == 1 else same[0] if len(same) == 1 else None


def _changed(path: str, file: Given | None, rng: Random) -> Iterator[tuple[str, Given]]:
    if file is None or not file.text or path.endswith((".py", ".sh")) or (not file.binary and len(file.text) > 20_000):
        return
    here = Given(path.rsplit("/", 1)[-1], file.text, binary=file.binary)
    if file.binary:
        for how, text in varied_data(file.text, rng):
            yield how, replace(here, text=text)
        return
    for how, files in varied_texts((here,), rng):
        yield how, files[0]


# --- what is run


def _with_literals(test: OwnTest, replaced: Mapping[str, str], constants: Mapping[str, ast.expr]) -> str:
    body = test.body
    for literal, value in replaced.items():
        if literal == test.parameter:
            body = f"{literal} = {value}\n{body}"
        elif literal not in constants:
            for quote in ('"', "'"):
                body = body.replace(f"{quote}{literal}{quote}", value)
    return body


def _recording(test: OwnTest, body: str) -> str:
    """The test as a function that notes what is compared with a number, and does not compare."""
    text = body
    if body == test.body:
        tree = ast.parse(body)
        for node in reversed(tree.body):
            if isinstance(node, ast.Assert) and isinstance(node.test, ast.Compare) and _is_one(node, body, test):
                said = ast.get_source_segment(body, node.test.left)
                start, end = _span(body, node)
                text = text[:start] + f"{NOTE}({said})" + text[end:]
    arguments = ", ".join(dict.fromkeys(["folder", *test.arguments]))
    return f"def {test.name}({arguments}):\n" + textwrap.indent(text, "    ")


def _is_one(node: ast.Assert, body: str, test: OwnTest) -> bool:
    start, end = _span(body, node)
    return any(start <= at < end for at, _, _ in test.numbers)


def _span(body: str, node: ast.stmt) -> tuple[int, int]:
    lines = body.splitlines(keepends=True)
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: (node.end_lineno or node.lineno) - 1])) + (node.end_col_offset or 0)
    return start, end


def _in_box(task: Task, step: Step, path: str) -> str:
    whole = task.path / path
    for folder in step.verifier.folders:
        if whole.is_relative_to(folder):
            return f"/tests/{whole.relative_to(folder).as_posix()}"
    return next((target for source, target in step.verifier.extra_files if source == whole), f"/tests/{path}")
