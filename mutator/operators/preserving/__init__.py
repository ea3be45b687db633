"""Solutions that a fair verifier must pay: the reference with its text, its outputs or its circumstances changed and
what it does kept. A rejected one shows a verifier that is too narrow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mutator.generate import Tally, generate
from mutator.model import Family, Mutant, Source
from mutator.operators.preserving import code, python, shell
from mutator.operators.preserving.outputs import OPERATORS as OUTPUT_OPERATORS
from mutator.operators.preserving.outputs import OutputVariant, Touch, output_variants
from mutator.operators.preserving.promise import Preserving, Promise
from mutator.operators.preserving.runs import OPERATORS as RUN_OPERATORS
from mutator.operators.preserving.runs import RunVariant, run_variants

__all__ = [
    "CODE_OPERATORS",
    "FAMILIES",
    "OUTPUT_OPERATORS",
    "RUN_OPERATORS",
    "CodeVariant",
    "OutputVariant",
    "Preserving",
    "Promise",
    "RunVariant",
    "Touch",
    "code_variants",
    "output_variants",
    "run_variants",
]

FAMILIES: tuple[Family, ...] = (python.FAMILY, shell.FAMILY, code.FAMILY)
"""Apart from the families of faults: none of these makes a wrong solution."""
CODE_OPERATORS: tuple[Preserving, ...] = (*python.OPERATORS, *shell.OPERATORS, *code.OPERATORS)
_PROMISES = {one.operator.id: one.promise for one in CODE_OPERATORS}


@dataclass(frozen=True, slots=True)
class CodeVariant:
    """A mutant of fault class `none`: it is run like any other."""

    mutant: Mutant
    promise: Promise


def code_variants(
    sources: Sequence[Source], files: Mapping[str, bytes], instruction: str, *, tally: Tally | None = None
) -> Iterator[CodeVariant]:
    """Every variant of what the solution leaves in the box, surest first. `tally` tells what was not offered."""
    made = []
    for mutant in generate(eligible(sources), files, FAMILIES, tally=tally):
        promise = _PROMISES[mutant.operator]
        if promise.asked(instruction) or (mutant.operator == python.HELPERS.operator.id and _shared(mutant, sources)):
            continue
        made.append(CodeVariant(mutant, promise))
    yield from sorted(made, key=lambda one: one.promise.depends_on_instruction)


_EDITS = re.compile(
    r"\b(?:sed|patch|perl|awk|grep|ed|ex|replace|read_text|sha\d*sum|md5sum|wc|diff|cmp|git|head|tail)\b"
)


def eligible(sources: Sequence[Source]) -> list[Source]:
    """Sources that become a file in the box which the rest of the solution does not read or edit as text."""
    return [source for source in sources if _is_product(source) and not _is_read(source, sources)]


def _is_product(source: Source) -> bool:
    return bool(source.target) and not source.target.startswith(("/solution/", "/oracle/"))


def _is_read(source: Source, sources: Sequence[Source]) -> bool:
    name = source.target.rsplit("/", 1)[-1]
    edited = any(one.target == source.target and one is not source for one in sources)
    return edited or any(
        name in line and _EDITS.search(line)
        for other in sources
        if other is not source
        for line in _outside(other, source).splitlines()
    )


def _outside(other: Source, source: Source) -> str:
    """The text of another source, without this one where it lies within it."""
    return other.text.replace(source.text, "", 1) if len(source.text) > 1 else other.text


def _shared(mutant: Mutant, sources: Sequence[Source]) -> bool:
    """Whether a renamed helper is spoken of elsewhere in the solution."""
    gone = set(re.findall(r"\w+", mutant.before)) - set(re.findall(r"\w+", mutant.after))
    others = [
        _outside(one, source)
        for source in sources
        if source.id == mutant.source
        for one in sources
        if one is not source
    ]
    return any(gone & set(re.findall(r"\w+", text)) for text in others)
