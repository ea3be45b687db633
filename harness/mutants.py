"""From a task to its mutants: reads the solution, asks the mutator, and keeps what was asked for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial

from harness.errors import UsageError
from harness.task.model import Solution, Step, Task
from harness.task.texts import environment_files, is_left_out
from mutator.generate import Tally, generate
from mutator.model import ByteEdit, Mutant, Operator, Source, apply_bytes
from mutator.operators import families
from mutator.relevance import Relevance
from mutator.select import Selection, anywhere, select
from mutator.sources import Before, Skipped, read_sources

TOO_LARGE = 32 << 20
"""Bytes beyond which a solution's file is left alone: no person wrote it by hand."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which mutants are wanted. Empty sets want all."""

    operators: frozenset[str] = frozenset()
    faults: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    budget: int | None = 60
    seed: int = 0
    skipped_operators: frozenset[str] = frozenset()
    skipped_faults: frozenset[str] = frozenset()

    def operator(self, operator: Operator) -> bool:
        if operator.fault in self.skipped_faults or any(_named(operator.id, each) for each in self.skipped_operators):
            return False
        return (not self.operators or any(_named(operator.id, wished) for wished in self.operators)) and (
            not self.faults or operator.fault in self.faults
        )

    @property
    def names(self) -> bool:
        """Whether it says by name which operators or faults are wanted: then all of theirs are."""
        return bool(self.operators or self.faults)

    @property
    def in_part(self) -> bool:
        """Whether it leaves out operators, faults or sources."""
        return self.names or bool(self.sources or self.skipped_operators or self.skipped_faults)

    def source(self, source: Source) -> bool:
        return not self.sources or any(wished in source.id for wished in self.sources)


def _named(operator: str, wished: str) -> bool:
    """`python` and `python.hollow-function` both name python.hollow-function."""
    return operator == wished or operator.startswith(f"{wished}.")


@dataclass(frozen=True, slots=True)
class StepMutants:
    step: Step
    files: Mapping[str, bytes]
    sources: tuple[Source, ...]
    relevance: Relevance
    selection: Selection
    generated: int
    tally: Tally
    skipped: tuple[Skipped, ...] = field(default=())
    unwished: tuple[str, ...] = ()
    """Sources that `Wish.sources` left out."""


def task_mutants(task: Task, wish: Wish) -> list[StepMutants]:
    """The mutants of every step that has a solution; the budget is one step's. What several steps do alike is broken
    in the first of them that lists it."""
    before = Before(partial(environment_files, task))
    elsewhere: dict[str, str] = {}
    made: list[StepMutants] = []
    for step in task.steps:
        if step.solution is None:
            continue
        made.append(step_mutants(step, step.solution, wish, before, elsewhere))
        if not wish.names:
            elsewhere |= {anywhere(entry.mutant): entry.mutant.id for entry in made[-1].selection.chosen}
    return made


def must_name_sources(wanted: Iterable[tuple[Task, Set[str]]]) -> None:
    """Raise UsageError where what `--source` wants of some tasks is in the name of no source of theirs."""
    texts: dict[str, list[tuple[Task, Set[str]]]] = {}
    for task, names in wanted:
        if names:
            texts.setdefault(", ".join(sorted(names)), []).append((task, names))
    for text, asked in texts.items():
        there: set[str] = set()
        for task, names in asked:
            ids = _source_ids(task)
            if any(name in each for name in names for each in ids):
                break
            there.update(ids)
        else:
            some = sorted(there)
            more = f" and {len(some) - 20} more" if len(some) > 20 else ""
            raise UsageError(
                f"--source {text}: no source has this in its name.", hint=f"There are: {', '.join(some[:20])}{more}."
            )


def _source_ids(task: Task) -> list[str]:
    ids: list[str] = []
    before = Before(partial(environment_files, task))
    for solution in (step.solution for step in task.steps):
        if solution is not None:
            script = solution.script.relative_to(solution.folder).as_posix()
            ids += [source.id for source in read_sources(solution_files(solution), script, before=before)]
    return ids


def step_mutants(
    step: Step, solution: Solution, wish: Wish, before: Before, elsewhere: Mapping[str, str]
) -> StepMutants:
    skipped: list[Skipped] = []
    files = solution_files(solution, skipped)
    script = solution.script.relative_to(solution.folder).as_posix()
    everything = read_sources(files, script, skipped=skipped, before=before)
    sources = tuple(source for source in everything if wish.source(source))
    unwished = tuple(source.id for source in everything if not wish.source(source))
    tally = Tally()
    made = list(generate(sources, files, families(step.instruction), accept=wish.operator, tally=tally))
    relevance = Relevance(step.instruction, sources)
    languages = {source.id: source.language for source in sources}
    selection = select(
        made, relevance, languages, budget=wish.budget, seed=wish.seed, whole=wish.names, elsewhere=elsewhere
    )
    return StepMutants(step, files, sources, relevance, selection, len(made), tally, tuple(skipped), unwished)


def nothing_worth(poor: int) -> str:
    """Why a list is empty. `poor`: how many mutants there are all the same."""
    if not poor:
        return "no broken variant can be made of the solution"
    others = "one other" if poor == 1 else f"{poor} others"
    return f"nothing here is worth a trial of its own: `foolsgold mutants --all` lists {others}"


def solution_files(solution: Solution, skipped: list[Skipped] | None = None) -> dict[str, bytes]:
    """What reaches the box, by its path in the solution folder; links and huge files are not mutated."""
    found: dict[str, bytes] = {}
    only = solution.only or ((solution.script.name,) if solution.keys else ())
    paths = [solution.folder / name for name in only] if only else sorted(solution.folder.rglob("*"))
    for path in paths:
        if not path.is_file() or path.is_symlink() or is_left_out(path, solution.left_out):
            continue
        name = path.relative_to(solution.folder).as_posix()
        if path.stat().st_size <= TOO_LARGE:
            found[name] = path.read_bytes()
        elif skipped is not None:
            skipped.append(Skipped(name, f"larger than {TOO_LARGE >> 20} MB"))
    return found


def mutated_file(files: Mapping[str, bytes], mutant: Mutant) -> bytes:
    return apply_bytes(files[mutant.file], mutant.edits)


LONGEST_DIFF = 400
"""Lines of a diff; of one that takes away a hundred thousand rows nobody reads more."""


def diff(files: Mapping[str, bytes], mutant: Mutant, context: int = 2) -> str:
    """The least unified diff of the real file; of a very long one the beginning, and how much there is besides."""
    data = files[mutant.file]
    start, end = mutant.edits[0].start, mutant.edits[-1].end
    for _ in range(context + 1):
        start = data.rfind(b"\n", 0, max(start, 0))
    for _ in range(context + 2):
        end = data.find(b"\n", end) + 1 or len(data)
    start += 1
    moved = tuple(ByteEdit(edit.start - start, edit.end - start, edit.new) for edit in mutant.edits)
    old = [_shown(line) for line in _lines(data[start:end])]
    new = [_shown(line) for line in _lines(apply_bytes(data[start:end], moved))]
    lines: Sequence[str] = list(difflib.unified_diff(old, new, mutant.file, mutant.file, lineterm="", n=context))
    low = data.count(b"\n", 0, start)
    shown = [_moved(line, low) for line in lines[:LONGEST_DIFF]]
    if len(lines) > LONGEST_DIFF:
        shown.append(f"\\ {len(lines) - LONGEST_DIFF:,} lines more")
    return "\n".join(shown)


def _lines(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def _shown(line: bytes) -> str:
    return line.rstrip(b"\r").decode("utf-8", "backslashreplace")


def _moved(line: str, by: int) -> str:
    """A hunk's header, counted from the top of the file and not of the part that was compared."""
    if not line.startswith("@@"):
        return line
    parts = line.split(" ")
    for index in (1, 2):
        start, _, count = parts[index][1:].partition(",")
        parts[index] = f"{parts[index][0]}{int(start) + by}{',' + count if count else ''}"
    return " ".join(parts)
