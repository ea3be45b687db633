"""Solutions from what is given away: the instruction's own code, and files of the image copied to their place."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from harness.findings.catalogue import finding
from harness.findings.in_image import Copy, answers_in_image, in_image_findings, tests_in_image
from harness.findings.model import Finding, Location
from harness.mutants import StepMutants
from harness.probes.forge.attempts import in_its_place
from harness.probes.forge.facts import names_of_tests
from harness.probes.leak.blocks import script, taken
from harness.probes.model import Attempt, Attempted, Probe
from harness.task.model import Step, Task
from harness.task.texts import relative, verifier_texts
from harness.trial.end_state import EndState, outputs_of
from harness.trial.image_survey import Survey
from harness.trial.plan import Replacement
from mutator.model import short_id

INSTRUCTION = "instruction-code"
SHOWN = 6


def of_instruction(task: Task) -> Iterator[Attempt]:
    """For tasks of one step: the code in one step's instruction is no answer to the next step."""
    if len(task.steps) > 1 or task.steps[0].solution is None:
        return
    pieces = taken(task.steps[0].instruction)
    if pieces:
        yield Attempt(
            Probe.LEAK,
            INSTRUCTION,
            f"{Probe.LEAK}.{INSTRUCTION}",
            "nothing is done but to run the instruction's own code",
            "",
            because="none of it is the solver's own work",
            replacement=Replacement(in_its_place(task, script(pieces))),
        )


_EXPECTED = re.compile(
    r"[\"'](/(?!tests?/|logs/|solution/|oracle/|tmp/|proc/|dev/|usr/|etc/)(?:[\w.-]+/)*"
    r"(?:\.[\w.-]+|[\w.-]*(?:expected|golden|answer|truth|oracle|solution|correct)[\w.-]*))[\"']",
    re.IGNORECASE,
)


def compares_with_the_image(task: Task, step: StepMutants) -> bool:
    """Whether the tests name a hidden file, or a file whose name says that it is the expected one. It must not be a
    file of the tests, nor one that the solution names."""
    solution = "\n".join(data.decode("utf-8", "replace") for data in step.files.values())
    texts = verifier_texts(task, step.step).values()
    return any(found not in solution for text in texts for found in _EXPECTED.findall(text))


def copies(task: Task, step: StepMutants, left: EndState, image: Survey) -> tuple[list[Copy], list[Copy]]:
    """(answers, tests) that the image holds."""
    solution = step.step.solution
    assert solution is not None
    name = solution.script.relative_to(solution.folder).as_posix()
    texts = "\n".join(data.decode("utf-8", "replace") for data in step.files.values())
    outputs = {one.path: one.data for one in outputs_of(left)}
    files = image.files()
    whole = relative(task, solution.script), step.files.get(name, b"")
    tests = {
        path: text for path, text in verifier_texts(task, step.step).items() if _holds_tests(step.step, path, text)
    }
    said = "\n".join(verifier_texts(task, step.step).values())
    instruction = step.step.instruction
    return (
        answers_in_image(files, outputs, whole, instruction, texts, image.workdir, said),
        tests_in_image(files, tests, instruction, image.workdir),
    )


def _holds_tests(step: Step, path: str, text: str) -> bool:
    return path.endswith(step.verifier.script.rpartition("/")[2]) or any(names_of_tests(path, text))


def of_image(task: Task, answers: Sequence[Copy]) -> Iterator[Attempt]:
    """Each answer that was found is copied to its place; a solution's script is run."""
    for copy in answers:
        found = shlex.quote(copy.path)
        if copy.of.startswith("/"):
            to = shlex.quote(copy.of)
            text = f'mkdir -p "$(dirname {to})"\ncp {found} {to}'
            sentence = f"nothing is done but to copy {copy.path} to {copy.of}"
        else:
            text = f"bash {found}"
            sentence = f"nothing is done but to run {copy.path}"
        yield Attempt(
            Probe.LEAK,
            short_id(copy.path, copy.of),
            f"{Probe.LEAK}.image-file",
            sentence,
            "",
            because="the image had the whole answer",
            path=copy.path,
            replacement=Replacement(in_its_place(task, f"#!/bin/bash\n# {sentence.capitalize()}.\n{text}\nexit 0\n")),
        )


def findings(
    task: Task, attempted: Sequence[Attempted], answers: Sequence[Copy], tests: Sequence[Copy]
) -> Iterator[Finding]:
    mine = [one for one in attempted if one.attempt.probe is Probe.LEAK]
    for one in mine:
        if one.attempt.id == INSTRUCTION and one.paid:
            yield _given_away(task, one)
    yield from in_image_findings(answers, tests, _witnesses([one for one in mine if one.attempt.path]))


def _witnesses(mine: Sequence[Attempted]) -> Mapping[str, str]:
    results = {}
    for one in mine:
        what = one.attempt.sentence
        if one.paid:
            results[one.attempt.path] = f"paid in full, twice, where {what} ({one.attempt.label})"
        elif one.measured:
            results[one.attempt.path] = f"not paid in full where {what} ({one.attempt.label})"
    return results


def _given_away(task: Task, one: Attempted) -> Finding:
    step = task.steps[0]
    pieces = taken(step.instruction)
    taken_over = [f"line {piece.line}: {piece.action}" for piece in pieces[:SHOWN]]
    if len(pieces) > SHOWN:
        taken_over.append(f"and {len(pieces) - SHOWN} more")
    evidence = f"paid in full, twice, where {one.attempt.sentence} ({one.attempt.label}): {'; '.join(taken_over)}"
    return finding(
        "answer-given-away",
        "The instruction gives the answer away: its own code, run as the solution, is paid in full",
        (evidence,),
        Location(relative(task, step.instruction_file), pieces[0].line),
    )
