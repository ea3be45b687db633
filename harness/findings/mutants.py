"""What the mutants say about a task: requirements that nobody tests, tests that never notice anything. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.findings.catalogue import finding
from harness.findings.model import Finding, Place, Severity
from harness.judging.kill_matrix import Matrix
from harness.judging.outcome import COUNTED, DETECTED, OutcomeKind
from harness.task.model import Task
from mutator.relevance import FLAG, PATH, Requirement

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Seen:
    """What a finding needs of a mutant's result."""

    id: str
    step: str
    sentence: str
    place: str
    kind: OutcomeKind
    requirement: Requirement | None
    evidence: tuple[str, ...]
    relevance: float


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
    for (step, _), members in ranked:
        survivors = [one for one in members if one.kind is OutcomeKind.SURVIVED]
        if not survivors:
            continue
        requirement = survivors[0].requirement
        assert requirement is not None
        detected = sum(one.kind in DETECTED for one in members)
        said = requirement.text if len(requirement.text) <= 160 else requirement.text[:157] + "..."
        evidence = [f"{one.sentence} ({one.place}, mutant {one.id}): still paid in full" for one in survivors[:SHOWN]]
        if len(survivors) > SHOWN:
            evidence.append(f"and {len(survivors) - SHOWN} more")
        never = ", ".join(_never_named(requirement, survivors, tests))
        untested = bool(never) or not detected
        if untested:
            title = f"Stated requirement never tested: {never or _name(requirement, survivors)}"
        else:
            name = _name(requirement, survivors)
            title = f"Stated requirement tested in part ({detected} of {len(members)} mutants noticed): {name}"
        yield finding(
            "stated-requirement-untested" if untested else "stated-requirement-undertested",
            title,
            (f"the instruction says: {said}", *evidence),
            Place(_relative(task, step), requirement.line),
            severity=Severity.WARNING if _many(len(survivors), len(members)) else Severity.NOTE,
            advice="Add a test that fails for the variants below.",
        )


def _many(survivors: int, members: int) -> bool:
    """One variant that slips through may be one that nobody could tell from the reference."""
    return survivors >= 3 or 2 * survivors >= members


def _never_named(requirement: Requirement, survivors: Sequence[Seen], tests: str) -> list[str]:
    """Flags that survivors break and that no test passes: whatever was noticed of this sentence, it was not them."""
    broken = dict.fromkeys(token for one in survivors for token in one.evidence)
    flags = [token for token in broken if token.startswith("-") and requirement.tokens.get(token, 0.0) >= FLAG]
    return [flag for flag in flags if not re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", tests)]


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
            f"{len(survivors)} variant{'s' * (len(survivors) != 1)} that break nothing the instruction names "
            f"{'are' if len(survivors) != 1 else 'is'} paid in full",
            tuple(f"{one.sentence} ({one.place}, mutant {one.id})" for one in survivors[:SHOWN]),
        )


def _flaky(seen: Sequence[Seen]) -> Iterator[Finding]:
    flaky = [one for one in seen if one.kind is OutcomeKind.FLAKY]
    if flaky:
        yield finding(
            "flaky-mutants",
            f"The tests disagree with themselves on {len(flaky)} variant{'s' * (len(flaky) != 1)}",
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
