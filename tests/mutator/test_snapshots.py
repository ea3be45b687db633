"""Every mutant of every snippet and fixture, as kept in snapshots/. UPDATE_SNAPSHOTS=1 writes them anew."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from mutator.generate import Tally, generate
from mutator.model import Mutant, Source, SourceKind
from mutator.operators import FAMILIES, families
from mutator.sources import Skipped, read_sources
from tests.mutator.solutions import EVERY, Folder, snippets

SNAPSHOTS = Path(__file__).parent / "snapshots"
UPDATE = bool(os.environ.get("UPDATE_SNAPSHOTS"))


@cache
def made(name: str) -> tuple[list[Source], list[Mutant], Tally, list[Skipped]]:
    folder = next(folder for folder in EVERY if folder.name == name)
    skipped: list[Skipped] = []
    tally = Tally()
    sources = read_sources(folder.files, folder.script, skipped=skipped)
    return sources, list(generate(sources, folder.files, families(folder.instruction), tally=tally)), tally, skipped


def listing(folder: Folder) -> str:
    """One line a mutant, under its source: id, line, operator, fault class, tier, sentence, scope."""
    sources, mutants, tally, skipped = made(folder.name)
    lines = []
    for source in sources:
        target = f" -> {source.target}" if source.target else ""
        unread = " (not parsed)" if source.id in tally.unparsed else ""
        unread = " (no operators)" if source.id in tally.unspoken else unread
        lines.append(f"{source.id} [{source.kind}, {source.language}]{target}{unread}")
        lines += [_line(mutant) for mutant in mutants if mutant.source == source.id]
    lines += [f"not a source: {each.file}: {each.reason}" for each in skipped]
    counts = tally.operators.values()
    lines.append(
        f"{len(mutants)} mutants, {sum(count.invalid for count in counts)} invalid, "
        f"{sum(count.unwritable for count in counts)} unwritable, {sum(count.skipped for count in counts)} skipped"
    )
    return "".join(f"{line}\n" for line in lines)


def _line(mutant: Mutant) -> str:
    scope = f"  [{mutant.scope}]" if mutant.scope else ""
    words = (mutant.id, f"{mutant.line:>4}", mutant.operator, mutant.fault, mutant.tier, mutant.sentence)
    return "  " + " ".join(words) + scope


@pytest.mark.parametrize("folder", EVERY, ids=lambda folder: folder.name)
def test_the_mutants_of_a_solution_are_exactly_as_kept(folder: Folder) -> None:
    path = SNAPSHOTS / f"{folder.name}.txt"
    text = listing(folder)
    if UPDATE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert path.exists(), f"no snapshot {path}: run the test with UPDATE_SNAPSHOTS=1 and read what it wrote"
    assert text.splitlines() == path.read_text().splitlines()


def test_no_snapshot_is_kept_of_what_is_gone() -> None:
    known = {f"{folder.name}.txt" for folder in EVERY}
    kept = {path.relative_to(SNAPSHOTS).as_posix(): path for path in SNAPSHOTS.rglob("*.txt")}
    if UPDATE:
        for name in kept.keys() - known:
            kept.pop(name).unlink()
    assert kept.keys() - known == set()


def test_a_sentence_is_one_line_that_ends_without_a_stop() -> None:
    for folder in EVERY:
        for mutant in made(folder.name)[1]:
            assert mutant.sentence.isprintable(), mutant
            assert mutant.sentence == mutant.sentence.strip(), mutant


def test_the_snippets_show_every_kind_of_source_every_language_and_every_operator() -> None:
    names = [folder.name for folder in snippets()]
    assert len(names) >= 60
    sources = [source for name in names for source in made(name)[0]]
    mutants = [mutant for name in names for mutant in made(name)[1]]
    unread = {each for name in names for each in made(name)[2].unparsed}
    assert set(SourceKind) - {source.kind for source in sources} == set()
    spoken = {language for family in FAMILIES for language in family.languages}
    assert spoken - {source.language for source in sources if source.id not in unread} == set()
    every = {operator.id for family in FAMILIES for operator in family.operators}
    assert every - {mutant.operator for mutant in mutants} == set()
    # What solutions are written in, whatever the families happen to speak.
    assert set(LANGUAGES) - {source.language for source in sources} == set()


LANGUAGES = (
    "shell python nginx json yaml toml ini csv env systemd cron dockerfile sql javascript typescript tsx go rust c cpp "
    "java ruby perl awk sed jq diff text kotlin csharp php lua hcl makefile"
).split()
