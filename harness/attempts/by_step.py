"""Attempts at tasks of several steps: what each step leaves and does otherwise than the reference's does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from posixpath import dirname

from harness.attempts.missed import Missed, missed, named_paths, there_or_not
from harness.judging.effects import About, Difference, differences
from harness.judging.stated import StatedOutput, read_stated
from harness.lab.lab import IDLE, Place
from harness.stages.effects import Pattern
from harness.stages.mutants import Terms
from harness.task.model import Step, Task
from harness.task.texts import environment_texts
from harness.trial.end_state import NOISE, EndState, same, unsteady
from harness.trial.plan import Observe, Plan
from harness.trial.record import Kind, TrialRecord
from harness.trial.watching.calls import Observed
from mutator.relevance import Relevance


@dataclass(frozen=True, slots=True)
class StepPattern:
    """The reference in one step, as it was observed twice, and what the step's instruction states."""

    step: Step
    pattern: Pattern
    stated: StatedOutput
    relevance: Relevance


@dataclass(frozen=True, slots=True)
class OtherSteps:
    """In what an attempt differs from the reference, over all steps."""

    same_end: bool
    """Every step leaves exactly what the reference leaves."""
    found: tuple[Difference, ...]
    harmless: str
    """Why none of it matters, where that is so in every step that differs."""
    missed: tuple[Missed, ...]
    unseen: str
    """What of it was not seen, and why; '' where every step was, from beginning to end."""

    @property
    def whole(self) -> bool:
        return not self.unseen


def observation(task: Task) -> Observe:
    """What is looked at in each step. Nothing is run besides: it would be there in the next step."""
    paths = dict.fromkeys(path for step in task.steps for path in named_paths(step.instruction))
    return Observe(paths=tuple(paths), texts=True)


async def reference_in_steps(place: Place, terms: Terms) -> Mapping[str, StepPattern] | None:
    """Step -> the reference in it; None where it could not be seen in each."""
    task, purpose = place.task, observation(place.task)
    seen: list[Mapping[str, Observed]] = []
    for number in (1, 2):
        plan = Plan(
            Kind.REFERENCE,
            f"observed in steps {number}",
            networks=terms.networks,
            limits=terms.own_limits,
            known=terms.known,
            purpose=purpose,
        )
        record = await place.trial(plan, IDLE)
        paid = record.rewards is not None and all(
            record.rewards.get(key, 0) >= least for key, least in terms.against.reference.items()
        )
        seen.append(in_steps(record, whole=paid))
    first, second = seen
    if not all(step.name in each for step in task.steps for each in seen):
        return None
    texts = list(environment_texts(task))
    return {
        step.name: StepPattern(
            step,
            Pattern(first[step.name], second[step.name], purpose),
            read_stated(step.instruction, texts),
            Relevance(step.instruction),
        )
        for step in task.steps
    }


def in_steps(record: TrialRecord, *, whole: bool) -> dict[str, Observed]:
    """Step -> what was observed in it; what the tests did only where the trial was paid as without being observed."""
    observed = [*record.observed_before, *([record.observed] if record.observed is not None else [])]
    kept = observed if whole else [replace(each, after=None, calls=None, besides=()) for each in observed]
    return {each.step: each for each in kept if each.left is not None or each.calls is not None}


def left_in_the_end(seen: Mapping[str, Observed]) -> EndState | None:
    """All that solving left, as the last step that wrote it did."""
    entries: dict[str, str] = {}
    for each in seen.values():
        if each.left is None:
            return None
        entries |= each.left.entries
    return EndState(entries) if seen else None


def compared_in_steps(patterns: Mapping[str, StepPattern], seen: Mapping[str, Observed]) -> OtherSteps:
    """`seen` may lack the last steps: what is not paid enough ends there."""
    found: list[Difference] = []
    reasons: list[str] = []
    broken: list[Missed] = []
    same_end = seen.keys() == patterns.keys()
    unseen: list[str] = []
    for name, known in patterns.items():
        other = seen.get(name)
        if other is None:
            unseen.append(f"step {name} did not run, for the trial ended before it, or could not be seen")
            continue
        pattern = known.pattern
        same_end = same_end and other.left is not None and leaves_the_same(pattern, other.left)
        if other.calls is None or pattern.first.calls is None:
            unseen.append(f"what the tests of step {name} run, ask and call could not be seen")
        elif unseen_removals(pattern, other):
            unseen.append(f"what is gone from a folder in step {name} could not be told")
        seen_to_differ, harmless = differences(
            pattern.first, pattern.second, other, About(known.step.instruction, "", "")
        )
        more = _without_folders(seen_to_differ)
        kept = there_or_not(pattern.first, pattern.second, other, named_paths(known.step.instruction))
        added = [each for each in kept if all(each.path != one.path for one in more)]
        found += [*more, *added]
        if added or (more and not harmless):
            broken += [replace(each, step=name) for each in missed([*more, *added], known.stated, known.relevance)]
            reasons.append("")
        elif more:
            reasons.append(harmless)
    harmless = reasons[0] if reasons and all(reasons) else ""
    return OtherSteps(same_end, tuple(found), harmless, tuple(broken), "; ".join(unseen))


def _without_folders(found: Sequence[Difference]) -> list[Difference]:
    """Without those that what is in them explains: a folder is written where something in it is."""
    below = {str(parent) for each in found for parent in PurePosixPath(each.path).parents}
    return [each for each in found if not each.path or each.path not in below]


def leaves_the_same(pattern: Pattern, state: EndState) -> bool:
    """False where two runs of the reference do not either, or something goes on running."""
    first, second = pattern.first.left, pattern.second.left
    aside = unsteady(first, second) if first is not None and second is not None else None
    return first is not None and aside is not None and same(first, state, aside)


def unseen_removals(pattern: Pattern, seen: Observed) -> bool:
    """Whether a folder has other names in it than with the reference, and no file tells why: what was removed on one
    side only is no entry of its own."""
    first, second, other = pattern.first.left, pattern.second.left, seen.left
    if first is None or second is None or other is None:
        return True
    entries = {*first.entries, *other.entries}
    explained = {dirname(path) for path in entries if (path in first.entries) != (path in other.entries)}
    return any(
        first.entries.get(path) != other.entries.get(path)
        for path in entries
        if first.entries.get(path) == second.entries.get(path)
        and path not in explained
        and not NOISE.search(path)
        and all(state.entries.get(path, "d ").startswith("d ") for state in (first, other))
    )
