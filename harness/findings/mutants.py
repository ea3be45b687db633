"""What the mutants say about a task: requirements that nobody tests, tests that never notice anything. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.findings.catalogue import finding
from harness.findings.model import Finding, Location, Severity
from harness.findings.requirements import Coverage, Seen, Tested, how_tested, stated
from harness.judging.kill_matrix import Matrix
from harness.judging.outcome import COUNTED, OutcomeKind
from harness.task.model import Task
from mutator.relevance import FLAG, PATH, Requirement

SHOWN = 5
MOST = 8
"""Requirements of a task that are told one by one."""


def mutant_findings(
    task: Task, seen: Sequence[Seen], matrix: Matrix | None, tests: str, command: str
) -> tuple[Finding, ...]:
    """`tests`: the verifier's own text."""
    found = [*_requirements(task, seen, tests), *_elsewhere(seen), *_flaky(seen)]
    if matrix is not None:
        found += _tests(matrix)
    return tuple(replace(one, task=task.name, command=command) for one in found)


def _requirements(task: Task, seen: Sequence[Seen], tests: str) -> Iterator[Finding]:
    groups: dict[tuple[str, int], list[Seen]] = {}
    for one in seen:
        if one.requirement is not None and one.kind in COUNTED:
            groups.setdefault((one.step, one.requirement.index), []).append(one)
    ranked = sorted(groups.items(), key=lambda item: -max(one.relevance for one in item[1]))
    loose: list[tuple[str, Requirement, Tested]] = []
    for (step, _), members in ranked:
        requirement, found = members[0].requirement, how_tested(members, tests)
        assert requirement is not None
        if found.paid:
            loose.append((step, requirement, found))
    # Those that nobody doubts come first, so that the list may end.
    loose.sort(key=lambda item: _severity(item[2]) is not Severity.WARNING)
    for step, requirement, found in loose[:MOST]:
        yield _requirement(task, step, requirement, found)
    if len(loose) > MOST:
        yield finding(
            "stated-requirement-undertested",
            f"{len(loose) - MOST} more stated requirements are tested in part or never",
            tuple(_name(requirement, found.paid) for _, requirement, found in loose[MOST : MOST + SHOWN]),
            severity=Severity.NOTE,
        )


def _requirement(task: Task, step: str, requirement: Requirement, found: Tested) -> Finding:
    name = ", ".join(found.unused) or _name(requirement, found.paid)
    if found.state is Coverage.UNTESTED:
        title = f"Stated requirement never tested: {name}"
    else:
        title = f"Stated requirement tested in part ({found.caught} of {found.counted} broken variants caught): {name}"
    return finding(
        "stated-requirement-untested" if found.state is Coverage.UNTESTED else "stated-requirement-undertested",
        title,
        tuple(_evidence(task, step, requirement, found)),
        Location(_relative(task, step), requirement.line),
        severity=_severity(found),
    )


def _severity(found: Tested) -> Severity:
    """One variant that slips through may be one that nobody could tell from the reference, or one that breaks another
    sentence: alone it accuses nobody, unless a name ties it to this one or nothing else that breaks this one was
    caught. One that changes what serves another sentence accuses nobody of this one."""
    paid = [one for one in found.paid if one.telling]
    survivors = len(paid)
    if found.unused or survivors >= 3 or (survivors == 2 and 2 * survivors >= found.counted):
        return Severity.WARNING
    surely = survivors > 0 and (found.state is Coverage.UNTESTED or any(one.named for one in paid))
    return Severity.WARNING if surely else Severity.NOTE


def _evidence(task: Task, step: str, requirement: Requirement, found: Tested) -> Iterator[str]:
    instruction = next(each.instruction for each in task.steps if each.name == step)
    said = stated(instruction, requirement.text, requirement.line)
    yield f'the instruction says: "{said if len(said) <= 160 else said[:157] + "..."}"'
    if found.unused and found.caught:
        yield (
            f"no test uses {', '.join(found.unused)}; {found.caught} of {found.counted} variants that break this "
            "sentence were caught for another reason"
        )
    for one in found.paid[:SHOWN]:
        yield f"paid in full: {one.sentence} ({one.place}, mutant {one.id})"
    if len(found.paid) > SHOWN:
        yield f"and {len(found.paid) - SHOWN} more"


def _name(requirement: Requirement, survivors: Sequence[Seen]) -> str:
    """What a person would call it: its flags or paths where the survivors touch them, else the sentence."""
    shared = [token for one in survivors for token in one.evidence if requirement.tokens.get(token, 0.0) >= PATH]
    flags = [token for token in dict.fromkeys(shared) if requirement.tokens[token] >= FLAG and token.startswith("-")]
    if flags:
        return ", ".join(flags[:3])
    return requirement.text if len(requirement.text) <= 90 else requirement.text[:87] + "..."


def _relative(task: Task, step: str) -> str:
    file = next(each for each in task.steps if each.name == step).instruction_file
    try:
        return file.relative_to(task.path).as_posix()
    except ValueError:
        return file.as_posix()


def _elsewhere(seen: Sequence[Seen]) -> Iterator[Finding]:
    survivors = [one for one in seen if one.kind is OutcomeKind.SURVIVED and one.requirement is None]
    if survivors:
        yield finding(
            "unstated-behaviour-untested",
            f"{len(survivors)} broken variant{'s' * (len(survivors) != 1)} that "
            f"{'break' if len(survivors) != 1 else 'breaks'} nothing the instruction names "
            f"{'were' if len(survivors) != 1 else 'was'} paid in full",
            tuple(f"{one.sentence} ({one.place}, mutant {one.id})" for one in survivors[:SHOWN]),
        )


def _flaky(seen: Sequence[Seen]) -> Iterator[Finding]:
    flaky = [one for one in seen if one.kind is OutcomeKind.FLAKY]
    if flaky:
        yield finding(
            "flaky-mutants",
            f"The same tests paid {len(flaky)} broken variant{'s' * (len(flaky) != 1)} in one run and not in another",
            tuple(f"{one.sentence} ({one.place}, mutant {one.id})" for one in flaky[:SHOWN]),
        )


def _tests(matrix: Matrix) -> Iterator[Finding]:
    if matrix.vacuous:
        yield finding(
            "test-never-fails",
            f"{len(matrix.vacuous)} of {len(matrix.tests)} tests passed for every variant and for an untouched "
            "environment",
            tuple(matrix.vacuous[:SHOWN]),
            # A few are guards of what was there before; where most are, the rest carry the reward alone.
            severity=Severity.WARNING if 2 * len(matrix.vacuous) > len(matrix.tests) else Severity.NOTE,
        )
