"""A whole requirement left out: every statement of a source that serves one sentence of the instruction, at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mutator.model import Candidate, Edit, FaultClass, FileText, Mutant, Operator, Source, SourceKind, Tier
from mutator.operators.stated.document import Told, operator
from mutator.operators.stated.languages import EVERY
from mutator.relevance import Relevance

_LEAVES_OUT = frozenset(
    "shell.drop-service shell.drop-cron shell.drop-edit shell.drop-export shell.drop-option python.call-dropped"
    " python.deletion-dropped python.branch-never python.guard-disarmed python.check-dropped python.filter-dropped"
    " python.header-dropped python.registration-dropped nginx.drop-guard nginx.drop-directive nginx.drop-block"
    " code.drop-guard code.drop-statement code.never sql.drop-statement sql.drop-constraint sed.drop-command".split()
)
"""Operators that take a whole statement or directive away, or keep it from ever running. What is only an entry of a
record is broken by itself, and without the steps of a script nothing is there at all."""
_RESULT = re.compile(
    r"`[\w.]*\b(?:write\w*|append|dump\w*|save|print\w*|add|extend|put|push|Encode|Print\w*|Fprint\w*)\("
)
"""What collects or writes the results: as broken without it as doing nothing."""
_SERVES = re.compile(r"(?:listen|root|server|http|events)\b")
"""Directives without which nothing is served."""
_NOISE = re.compile(
    r"\berr\w*\b|len\((?:\w*[aA]rgs|parts|argv)\)|\bargc\b|\.execute\w*\([\"']+\s*SELECT|\.(?:Query|query)\w*\("
)
"""What only hands an error on, counts arguments, or asks for what is used next."""
_LARGEST_SHARE = 0.25
"""Of a source's text, or of all that may be left out: what takes more is as broken as doing nothing."""
_SURE, _CLEAR = 2.5, 0.8
"""How strong a link must be, and how far behind it the next one stays."""
_PLACES = 8
_ONE_THING = 400
"""Characters; a longer sentence states several requirements, and without all of them nothing works."""
_MOST = 400
"""Statements that are looked up in one source."""

_REFUSES_TWICE = """package main

func add(o Order) {
	if o.customer_id == "" {
		os.Exit(2)
	}
	total += o.Amount
}

func addAll(all []Order) {
	for _, o := range all {
		add(o)
		seen(o.ID)
	}
}

func parse(line []string) Order {
	if customer_id(line) == "" {
		os.Exit(2)
	}
	return order(line)
}

func main() {
	add(parse(read()))
	show(total)
	done("all orders are read")
}
"""
_REFUSES_NEVER = """package main

func add(o Order) {
	total += o.Amount
}

func addAll(all []Order) {
	for _, o := range all {
		add(o)
		seen(o.ID)
	}
}

func parse(line []string) Order {
	return order(line)
}

func main() {
	add(parse(read()))
	show(total)
	done("all orders are read")
}
"""


@operator(
    "stated.requirement",
    FaultClass.DROPPED_STEP,
    Tier.COARSE,
    EVERY - {"csv", "text", "diff"},
    "all that serves this is left out: {requirement}",
    (
        "go",
        "- Read the orders.\n- Orders without a `customer_id` are refused with exit status 2.\n- Print the total.",
        _REFUSES_TWICE,
        (_REFUSES_NEVER,),
    ),
)
def requirement(told: Told) -> Iterator[Candidate]:
    source = Source("_", SourceKind.SIBLING, told.language, "", FileText(told.text), 1)
    relevance = Relevance(told.instruction.requirements, [source])
    if len(relevance.requirements) < 2:
        return
    groups: dict[int, list[Candidate]] = {}
    looked_up = 0
    for made_by, candidate in _removals(told):
        looked_up += 1
        links = relevance.links(_as_mutant(made_by, source, candidate))
        if not links or links[0].score < _SURE or any(each.score > _CLEAR * links[0].score for each in links[1:]):
            continue
        stated = relevance.requirements[links[0].requirement]
        if not stated.leads and is_sentence(stated.text) and len(stated.text) <= _ONE_THING:
            groups.setdefault(links[0].requirement, []).append(candidate)
    for index in sorted(groups):
        edits = united([candidate.edits for candidate in groups[index]])
        lines = {told.text.count("\n", 0, edit.start) for edit in edits}
        if not 1 < len(lines) <= _PLACES or len(groups[index]) > max(_LARGEST_SHARE * looked_up, 3):
            continue
        if _share(told.text, edits) <= _LARGEST_SHARE:
            text = " ".join(relevance.requirements[index].text.split())
            yield Candidate(edits, {"requirement": text if len(text) <= 120 else f"{text[:119]}…"})


def is_sentence(text: str) -> bool:
    """Whether a requirement says something, and is no signature or example."""
    plain = re.sub(r"`[^`]*`", " ", text)
    return text[:1] not in "{[<" and len(re.findall(r"\b[A-Za-z]{2,}\b", plain)) > 3


def _removals(told: Told) -> Iterator[tuple[Operator, Candidate]]:
    count = 0
    for made_by in told.family.operators:
        if made_by.id not in _LEAVES_OUT or told.language not in made_by.languages:
            continue
        for candidate in made_by.propose(told.tree):
            count += 1
            if count > _MOST:
                return
            said = (
                candidate.fields.get("call")
                or candidate.fields.get("statement")
                or candidate.fields.get("condition", "")
            )
            fine = (candidate.tier or made_by.tier) is Tier.FINE or _SERVES.match(candidate.fields.get("directive", ""))
            if not fine and not _RESULT.match(f"`{said}") and not _NOISE.search(said):
                yield made_by, candidate


def _as_mutant(made_by: Operator, source: Source, candidate: Candidate) -> Mutant:
    return Mutant(
        "", made_by.id, made_by.fault, made_by.tier, source.id, source.file, "", candidate.scope, 1, (), "", "", "", "",
        changes=candidate.edits,
    )  # fmt: skip


def united(several: Sequence[tuple[Edit, ...]]) -> tuple[Edit, ...]:
    """All of the edits at once. Of two that overlap the wider one stands for both."""
    kept: list[Edit] = []
    for edit in sorted((edit for edits in several for edit in edits), key=lambda edit: (edit.start, -edit.end)):
        if kept and edit.start < kept[-1].end:
            if edit.end > kept[-1].end:
                kept[-1] = replace(kept[-1], end=edit.end) if not kept[-1].new and not edit.new else kept[-1]
            continue
        if not kept or edit != kept[-1]:
            kept.append(edit)
    return tuple(kept)


def _share(text: str, edits: Sequence[Edit]) -> float:
    gone = sum(edit.end - edit.start for edit in edits)
    return gone / max(len(text), 1)
