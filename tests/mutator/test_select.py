from __future__ import annotations

from dataclasses import replace

from mutator.model import ByteEdit, FaultClass, Mutant, Tier
from mutator.relevance import Relevance
from mutator.select import REFERENCE, canonical, select

NONE = Relevance("")
ONE = Mutant(
    id="m0",
    operator="python.x",
    fault=FaultClass.WRONG_VALUE,
    tier=Tier.COARSE,
    source="s",
    file="solve.sh",
    target="",
    scope="f",
    line=1,
    edits=(ByteEdit(0, 1, b"x"),),
    sentence="",
    before="a = 1",
    after="a = 2",
    digest="d0",
)


def many(count: int, tier: Tier = Tier.COARSE) -> list[Mutant]:
    return [
        replace(ONE, id=f"{tier}{n}", tier=tier, line=n, scope=f"f{n % 3}", after=f"a = {n + 5}", digest=f"{tier}{n}")
        for n in range(count)
    ]


def ids(mutants: list[Mutant], budget: int | None = 60, seed: int = 0) -> list[str]:
    chosen = select(mutants, NONE, {"s": "python"}, budget=budget, seed=seed).chosen
    return [entry.mutant.id for entry in chosen]


def test_a_budget_takes_the_first_of_all_there_are() -> None:
    everything = many(1300)
    every = ids(everything, budget=None)
    assert sorted(every) == sorted(mutant.id for mutant in everything)
    for budget in (1, 60, 999, 1000, 1001, 1200):
        assert ids(everything, budget=budget) == every[:budget]


def test_mutants_of_the_same_text_run_once_and_the_coarser_one_stays() -> None:
    fine = replace(ONE, id="fine", tier=Tier.FINE)
    selection = select([fine, ONE], NONE, {"s": "python"})
    assert [entry.mutant.id for entry in selection.chosen] == ["m0"]
    assert selection.duplicates == {"fine": "m0"}


def test_mutants_of_the_same_program_run_once() -> None:
    other = replace(ONE, id="m1", after="a = 1 + 1  # two", digest="d1")
    assert select([ONE, other], NONE, {"s": "python"}).duplicates == {"m1": "m0"}
    assert select([ONE, other], NONE, {"s": "ruby"}).duplicates == {}


def test_a_mutant_that_is_the_reference_in_other_words_is_dropped() -> None:
    same = replace(ONE, after="a = (1)  # still")
    assert select([same], NONE, {"s": "python"}).duplicates == {"m0": REFERENCE}


def test_part_of_a_statement_is_compared_by_its_tokens() -> None:
    assert canonical("elif a==1 :  # x", "python") == canonical("elif a == 1:", "python")
    assert canonical("elif a == 1:", "python") != canonical("elif a == 2:", "python")


def test_data_is_compared_as_data() -> None:
    assert canonical('{"a": 1, "b": 2}', "json") == canonical('{"b":2,"a":1}', "json")


def test_coarse_mutants_run_before_finer_ones() -> None:
    lines = iter(range(1000))
    mixed = [
        replace(mutant, line=next(lines))
        for mutant in [*many(3, Tier.FINE), *many(3, Tier.MEDIUM), *many(3, Tier.COARSE)]
    ]
    assert [name.rstrip("0123456789") for name in ids(mixed)] == ["coarse"] * 3 + ["medium"] * 3 + ["fine"] * 3


def test_a_budget_is_spread_over_fault_classes_and_scopes() -> None:
    crowd = many(50)
    lone = replace(ONE, id="lone", fault=FaultClass.NOOP_GUARD, scope="guard", line=99, digest="lone", after="b = 3")
    assert "lone" in ids([*crowd, lone], budget=5)
    scopes = {entry.mutant.scope for entry in select(crowd, NONE, {"s": "python"}, budget=3).chosen}
    assert scopes == {"f0", "f1", "f2"}


def test_the_most_relevant_come_first() -> None:
    relevance = Relevance("The option `--dry-run` removes nothing. Other things are said here too.")
    stated = replace(ONE, id="stated", before='x("--dry-run")', after="x()", line=7, digest="s")
    chosen = select([*many(9), stated], relevance, {"s": "python"}).chosen
    assert chosen[0].mutant.id == "stated"
    assert chosen[0].links


def test_the_same_seed_gives_the_same_order_and_a_budget_is_a_beginning_of_it() -> None:
    crowd = many(30)
    assert ids(crowd, seed=1) == ids(crowd, seed=1)
    assert ids(crowd, seed=1) != ids(crowd, seed=2)
    assert ids(crowd, seed=1)[:7] == ids(crowd, seed=1, budget=7)
    assert select(crowd, NONE, {}, budget=7).left == 23


def test_a_header_is_compared_with_what_its_test_decides() -> None:
    assert canonical("if (a == 1):", "python") == canonical("if a == 1:", "python")
    assert canonical("if a == 1:", "python") != canonical("if not a == 1:", "python")
    assert canonical("while a:", "python") != canonical("while True:", "python")
    assert canonical("for x in y:", "python") != canonical("for x in ():", "python")
