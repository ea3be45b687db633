"""All cases of a task, the pins of each, and which of them an answer may hang on. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from harness.harden.brought import brought, known_files
from harness.harden.cases import PASSING, ask_cases, look_case, paths_in, run_cases_of, starts
from harness.harden.choosing import Seens
from harness.harden.fixed_places import PlacedStart, placed_cases, placed_starts, with_outputs
from harness.harden.function_cases import function_cases
from harness.harden.function_pins import Answers, CallPins
from harness.harden.given_folders import with_copies
from harness.harden.kin import kin_in, well_formed
from harness.harden.model import FOLDER, BoxCase, Pin
from harness.harden.own import own_cases, own_pins
from harness.harden.pins import Pins, is_program
from harness.harden.shell_calls import calls_of_scripts
from harness.harden.tests_of import ExtendedFile, instruction_of
from harness.judging.stated import StatedOutput
from harness.task.model import Step, Task
from harness.task.texts import environment_contents, verifier_contents, verifier_texts
from harness.trial.watching.calls import Observed


def cases_of(
    task: Task, step: Step, observed: Observed, environment: Mapping[str, str], found: ExtendedFile, seed: int
) -> list[BoxCase]:
    texts = verifier_texts(task, step)
    instruction = instruction_of(task, step)
    left = observed.left.entries if observed.left is not None else {}
    files = [path for path, entry in left.items() if entry.startswith(("f ", "l "))]
    calls = (*(observed.calls or ()), *(calls_of_scripts(texts) if found.script else ()))
    given = known_files(environment_contents(task))
    known = {**given, **known_files(verifier_contents(task, step))}
    own = list(own_cases(task, step, found, known, seed)) if found.pytest else []
    started = starts(calls, files)
    placed: list[PlacedStart] = []
    if observed.left is not None and not found.script:
        bare = [(one.argv, one.cwd, one.stdin) for one in started if not one.files and FOLDER not in " ".join(one.argv)]
        placed = placed_starts(bare, paths_in(instruction), observed.left, given)
    named = paths_in(instruction)
    looked = [path for path in files if _is_output(path) and not _is_kept_aside(path, named)]
    looked += [path for path in named if not path.startswith(_NO_OUTPUT)]  # of a program only that it is there
    if observed.left is not None and not found.script:
        started = [*started, *with_copies(started, observed.left, given)]
    runs = list(run_cases_of(started, instruction, environment, seed))
    if observed.left is not None and not found.script:
        runs = list(with_outputs(runs, named, observed.left))
    every = [
        *own,
        look_case(looked[:200]),
        *ask_cases(calls, instruction),
        *function_cases(calls, instruction, seed),
        *runs,
        *placed_cases(placed, seed),
    ]
    return formed_as_the_tests(every, every, instruction)


def formed_as_the_tests(cases: Sequence[BoxCase], known: Iterable[BoxCase], instruction: str) -> list[BoxCase]:
    """Without what gives a program objects that lack what theirs always have. `known`: with the tests' own cases."""
    holds = well_formed((case for case in known if re.fullmatch(r"run-\d+", case.id)), kin_in(instruction))
    return [case for case in cases if holds(case)]


def asks_for_programs(task: Task, step: Step, observed: Observed, stated: StatedOutput) -> bool:
    entries = observed.left.entries if observed.left is not None else {}
    tests = verifier_texts(task, step).values()
    left = [path for path, entry in entries.items() if _is_program(path, entry)]
    return any(stated.names(path) or any(path in text for text in tests) for path in left)


def _is_program(path: str, entry: str) -> bool:
    mode = re.match(r"f (\d+) ", entry)
    return mode is not None and (is_program(path) or bool(int(mode[1], 8) & 0o111))


def _is_kept_aside(path: str, named: Collection[str]) -> bool:
    """In a hidden folder, where programs keep what they need again, unless the instruction speaks of it."""
    hidden = "/." in path.rpartition("/")[0] or "/__pycache__/" in path
    return hidden and not any(path == each or path.startswith(f"{each}/") for each in named)


def _is_output(path: str) -> bool:
    """A program's text is no output: what it does is one."""
    return not is_program(path) and not path.startswith(_NO_OUTPUT)


_NO_OUTPUT = (f"{PASSING}/", "/tests", "/logs")


def unambiguous(cases: Sequence[BoxCase], right: Sequence[Seens]) -> list[BoxCase]:
    """Without the cases whose answer hangs on something that an answer should not hang on."""
    twins = {case.twin for case in cases if case.twin}
    return [
        case
        for case in cases
        if case.id not in twins
        and (not case.twin or all(_answers(seens, case.id) == _answers(seens, case.twin) for seens in right))
    ]


def _answers(seens: Seens, ident: str) -> object:
    seen = seens.get(ident, {})
    return seen.get("status"), seen.get("out")


def pins_of(case: BoxCase, stated: StatedOutput, seens: Seens, answers: Answers) -> list[Pin]:
    seen = seens[case.id]
    if case.kind == "call":
        arguments = " ".join(" ".join((*step["args"], *step["named"].values())) for step in case.body["steps"])
        return list(CallPins(case, stated, arguments, answers).of(seen))
    if case.kind == "own":
        return list(own_pins(case, seen))
    given = ""
    if case.kind == "run":
        body = case.body
        texts = [file["path"] if file.get("binary") else f"{file['path']} {file['text']}" for file in brought(case)]
        given = " ".join([*body["argv"], body["stdin"], *texts])
    return list(Pins(case, stated, given).of(seen))
