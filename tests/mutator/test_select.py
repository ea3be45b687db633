from __future__ import annotations

from dataclasses import replace

import pytest

from mutator.model import ByteEdit, Edit, FaultClass, FileText, Mutant, Source, SourceKind, Tier
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


def test_coarse_and_medium_mutants_share_a_budget_and_fine_ones_come_last() -> None:
    lines = iter(range(1000))
    mixed = [
        replace(mutant, line=next(lines), operator=f"python.{place % 6}")
        for place, mutant in enumerate([*many(20, Tier.FINE), *many(20, Tier.MEDIUM), *many(20, Tier.COARSE)])
    ]
    tiers = [entry.mutant.tier for entry in select(mixed, NONE, {"s": "python"}, budget=12).chosen]
    assert Tier.FINE not in tiers
    assert min(tiers.count(Tier.COARSE), tiers.count(Tier.MEDIUM)) >= 4


def test_every_stated_requirement_has_a_mutant_before_any_has_two() -> None:
    relevance = Relevance("- `--quick` is fast.\n- `--loud` is heard.\n- `--dry-run` removes nothing.\n")
    flags = ("--quick", "--quick", "--quick", "--loud", "--dry-run")
    told = [
        replace(ONE, id=f"{flag}{n}", before=f'x("{flag}", {n})', after=f"x({n})", line=n, digest=f"{n}", scope=f"f{n}")
        for n, flag in enumerate(flags)
    ]
    chosen = select(told, relevance, {"s": "python"}, budget=3).chosen
    assert {entry.links[0].requirement for entry in chosen} == {0, 1, 2}


def test_an_operator_gets_a_tenth_of_a_budget_while_others_have_anything_to_give() -> None:
    crowd = [replace(mutant, operator="python.loud", fault=FaultClass.BOUNDARY) for mutant in many(50)]
    others = [
        replace(
            ONE, id=f"o{n}", operator=f"python.{n}", line=100 + n, after=f"b = {n}", digest=f"o{n}", tier=Tier.MEDIUM
        )
        for n in range(40)
    ]
    chosen = select([*crowd, *others], NONE, {"s": "python"}, budget=40).chosen
    assert sum(entry.mutant.operator == "python.loud" for entry in chosen) == 4


def test_what_leaves_nothing_of_a_solution_is_not_chosen_and_where_nothing_is_worth_a_trial_the_list_is_empty() -> None:
    ruins = [replace(mutant, id=f"ruin{n}", ruins=True, digest=f"r{n}") for n, mutant in enumerate(many(3))]
    others = [replace(mutant, line=50 + n, scope=f"g{n}") for n, mutant in enumerate(many(3, Tier.FINE))]
    found = select([*ruins, *others], NONE, {"s": "python"})
    assert (found.chosen, found.left, found.poor) == ((), 0, 6)
    assert ids([*ruins, ONE]) == ["m0"]
    assert len(ids([*ruins, *others], budget=None)) == 6


def test_what_takes_the_effect_of_the_same_part_is_one_mutant() -> None:
    never = replace(ONE, stilled="10-20")
    gone = replace(ONE, id="m1", line=2, before="b = 1", after="pass", digest="d1", stilled="10-20")
    elsewhere = replace(gone, id="m2", source="t", file="other.sh", digest="d2", before="c = 1")
    assert select([never, gone, elsewhere], NONE, {"s": "python"}).duplicates == {"m1": "m0"}


def test_a_command_and_the_program_written_in_it_are_one_mutant() -> None:
    outer = replace(ONE, edits=(ByteEdit(0, 40, b""),), stilled="0-40")
    inner = replace(
        ONE, id="m1", source="s2", edits=(ByteEdit(10, 38, b""),), stilled="0-28", digest="d1", after="a = 3"
    )
    small = replace(inner, id="m2", edits=(ByteEdit(10, 14, b""),), stilled="0-4", digest="d2", after="a = 4")
    assert select([outer, inner, small], NONE, {"s": "python"}).duplicates == {"m1": "m0"}


def test_changed_words_count_only_where_the_instruction_states_them() -> None:
    relevance = Relevance("The server listens on port 8080 and says `Not found`.")
    mutants = [
        replace(ONE, id=words, stated=words, line=n, before=f"x = {words!r}", after="x = ''", digest=words)
        for n, words in enumerate(("8080", "9090", "Not found", "1", "nobody\nport", "'Not found'"))
    ]
    tiers = {
        entry.mutant.id: entry.mutant.tier for entry in select(mutants, relevance, {"s": "python"}, budget=None).chosen
    }
    assert tiers == {
        "8080": Tier.COARSE,
        "9090": Tier.FINE,
        "Not found": Tier.COARSE,
        "1": Tier.FINE,
        "nobody\nport": Tier.COARSE,
        "'Not found'": Tier.COARSE,
    }


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


SERVED = Relevance(
    "- Files older than `MAX_AGE` days are removed.\n- The report goes to `/srv/report.txt`.\n",
    [
        Source(
            "solve.sh",
            SourceKind.SCRIPT,
            "shell",
            "",
            FileText("find -mtime +$MAX_AGE -delete\nls > /srv/report.txt\n"),
            1,
        )
    ],
)
AGED = replace(ONE, id="aged", line=1, before="find -mtime +$MAX_AGE -delete", after="", digest="aged")
REPORTED = replace(ONE, id="reported", line=2, before="ls > /srv/report.txt", after="ls", digest="reported")


def chosen_of(mutants: list[Mutant], budget: int = 20) -> list[str]:
    return [entry.mutant.id for entry in select(mutants, SERVED, {"s": "shell"}, budget=budget).chosen]


def test_what_alone_breaks_a_served_requirement_is_chosen_though_it_is_a_detail() -> None:
    detail = replace(REPORTED, tier=Tier.FINE)
    assert chosen_of([*many(40), AGED, detail])[:2] in (["aged", "reported"], ["reported", "aged"])


def test_what_breaks_everything_or_nothing_covers_nothing() -> None:
    blunt = replace(REPORTED, blunt=True)
    assert "reported" not in chosen_of([*many(40), AGED, blunt])
    assert chosen_of([AGED, blunt]) == ["aged"]
    assert chosen_of([blunt]) == []


def test_a_second_copy_of_a_program_is_not_broken_a_second_time() -> None:
    copy = replace(ONE, id="copy", source="t", file="tool.py", before="a  =  1", after="a  =  2", digest="copy")
    assert select([ONE, copy], NONE, {"s": "python", "t": "python"}).duplicates == {"copy": "m0"}
    elsewhere = replace(copy, scope="g")
    assert select([ONE, elsewhere], NONE, {"s": "python", "t": "python"}).duplicates == {}


def test_a_list_ends_where_what_is_left_is_not_worth_a_trial_however_short_it_is() -> None:
    few = many(5)
    rare = [replace(each, id=f"r{n}", digest=f"r{n}", line=900 + n, unlikely=True) for n, each in enumerate(many(20))]
    details = [replace(each, id=f"d{n}", digest=f"d{n}", line=700 + n) for n, each in enumerate(many(20, Tier.FINE))]
    found = select([*few, *rare, *details], NONE, {"s": "python"}, budget=20)
    assert {entry.mutant.id for entry in found.chosen} == {each.id for each in few}
    assert (found.left, found.poor) == (0, 40)
    fewer = select([*few, *rare, *details], NONE, {"s": "python"}, budget=3)
    assert (len(fewer.chosen), fewer.left, fewer.poor) == (3, 2, 40)


def test_who_wants_all_of_them_gets_those_too_that_are_not_worth_a_trial() -> None:
    rare = [replace(each, id=f"r{n}", digest=f"r{n}", line=900 + n, unlikely=True) for n, each in enumerate(many(20))]
    every = [*many(5), *rare]
    assert len(select(every, NONE, {"s": "python"}, budget=None).chosen) == 25
    named = select(every, NONE, {"s": "python"}, budget=20, whole=True)
    assert (len(named.chosen), named.left, named.poor) == (20, 5, 0)


def test_a_dozen_of_a_table_are_enough() -> None:
    one = replace(AGED, fault=FaultClass.SWAPPED_MAPPING, operator="python.mapping-swapped", tier=Tier.MEDIUM)
    table = [
        replace(one, id=f"t{n}", digest=f"t{n}", after=f"find -size {n}", edits=(ByteEdit(n, n + 1, b"x"),))
        for n in range(19)
    ]
    assert len(chosen_of([*table, REPORTED])) == 13
    assert len(chosen_of([*(replace(each, line=each.edits[0].start) for each in table), REPORTED])) == 20


def test_four_of_one_function_with_one_kind_of_fault_that_break_one_sentence_are_enough() -> None:
    alike = [
        replace(AGED, id=f"t{n}", digest=f"t{n}", after=f"find -size {n}", line=n + 1, operator=f"x.{n}")
        for n in range(9)
    ]
    assert len(chosen_of(alike)) == 4
    assert len(chosen_of([replace(each, scope=f"f{n % 3}") for n, each in enumerate(alike)])) == 9
    assert len(chosen_of([replace(each, scope="") for each in alike])) == 9


@pytest.mark.parametrize(
    ("before", "worth"),
    [
        ("    port = 35", True),
        ("    def wait(self, port=35, tries=9):", True),
        ("    if port >= 35:", True),
        ("    length = 8 + port + 35", False),
        ("    length = 35 * port", False),
    ],
)
def test_a_number_that_stands_everywhere_ties_what_is_set_or_compared_and_no_part_of_a_sum(
    before: str, worth: bool
) -> None:
    number = replace(ONE, operator="python.number", before=before, after=before.replace("35", "70"), stated="35")
    (entry,) = select([number], Relevance("The port is 35."), {"s": "python"}, budget=None).chosen
    assert entry.links
    assert entry.aside is not worth


def test_a_sample_that_is_there_to_be_tried_asks_for_nothing() -> None:
    given = replace(ONE, before='open("/data/orbit.csv")', after='open("")', operator="python.path")
    for said, worth in (("A sample file to test with is /data/orbit.csv.", False), ("Read /data/orbit.csv.", True)):
        (entry,) = select([given], Relevance(said), {"s": "python"}, budget=None).chosen
        assert entry.links
        assert entry.aside is not worth


@pytest.mark.parametrize(
    ("operator", "before", "after"),
    [
        ("python.assignment-dropped", "text = text.replace(old, new)", "pass"),
        ("python.assignment-dropped", "rows = rows.filter(known)", "pass"),
        ("python.branch-never", "elif kind == 16:", "elif False:"),
        ("code.never", 'if (kind == "held") {', "if (false) {"),
        ("python.order", "for x in sorted(rows, key=last):", "for x in list(rows):"),
        ("shell.drop-step", "rm /etc/init.d/watcher", ""),
        ("shell.drop-step", "pkill -9 watcher", ""),
        ("python.off-by-one", "for n in range(9):", "for n in range(8):"),
    ],
)
def test_an_edit_a_case_and_a_step_that_stays_count_without_a_sentence(operator: str, before: str, after: str) -> None:
    mutant = replace(ONE, operator=operator, scope="", before=before, after=after)
    other = replace(mutant, before="total = first + second", operator="python.assignment-dropped")
    for each, aside in ((mutant, False), (other, True)):
        (entry,) = select([each], Relevance("Everything is well."), {"s": "text"}, budget=None).chosen
        assert entry.aside is aside


def test_two_details_are_enough_for_a_requirement_that_nothing_else_breaks() -> None:
    fine = replace(AGED, tier=Tier.FINE)
    details = [replace(fine, id=f"d{n}", digest=f"d{n}", after=f"find -size {n}") for n in range(9)]
    chosen = select([*many(12), *details], SERVED, {"s": "shell"}, budget=20).chosen
    assert [entry.mutant.tier for entry in chosen if entry.mutant.id.startswith("d")].count(Tier.MEDIUM) == 2


def test_what_hardly_anybody_writes_is_not_first_because_of_the_sentence_that_it_breaks() -> None:
    rare = replace(AGED, id="rare", unlikely=True, tier=Tier.MEDIUM)
    aside = replace(ONE, id="aside", operator="python.branch-never", line=5, before="if a:", digest="x")
    assert chosen_of([rare, aside]) == []
    everything = select([rare, aside], SERVED, {"s": "shell"}, budget=None).chosen
    assert [entry.mutant.id for entry in everything] == ["aside", "rare"]


MAGIC = replace(
    ONE,
    id="magic",
    operator="python.guard-disarmed",
    before='    if data[:4] != b"MARK":',
    after="    if False:",
    digest="k",
)


def test_whether_a_file_is_of_its_kind_counts_where_the_instruction_says_what_becomes_of_another() -> None:
    for said, behind in (("The `MARK` begins a file.", True), ("A file without `MARK` is rejected.", False)):
        entry = select([MAGIC], Relevance(said), {"s": "python"}, budget=None).chosen[0]
        assert entry.links
        assert entry.mutant.unlikely is behind


@pytest.mark.parametrize(
    ("operator", "before"),
    [
        ("python.guard-disarmed", "    if not MARK:"),
        ("python.guard-disarmed", "    if len(MARK) < 9:"),
        ("code.drop-guard", "    if (MARK.isEmpty()) return"),
        ("python.raise-dropped", '    raise ValueError("MARK")'),
        ("code.drop-raise", '    throw new Error("MARK")'),
    ],
)
def test_a_guard_of_inputs_counts_where_the_instruction_speaks_of_other_inputs(operator: str, before: str) -> None:
    guard = replace(ONE, operator=operator, before=before, after="")
    for said, behind in (("A `MARK` begins each of them.", True), ("An empty `MARK` is skipped.", False)):
        entry = select([guard], Relevance(said), {"s": "text"}, budget=None).chosen[0]
        assert entry.mutant.unlikely is behind


def hollow(name: str) -> Mutant:
    return replace(ONE, id=name, fault=FaultClass.HOLLOW_FUNCTION, scope=name, blunt=True, line=len(name), digest=name)


def test_of_the_functions_that_an_instruction_names_the_only_one_is_the_whole_program() -> None:
    def blunt(said: str) -> list[str]:
        entries = select([hollow("load_rows"), hollow("sum_up")], Relevance(said), {}, budget=None).chosen
        return sorted(entry.mutant.id for entry in entries if entry.mutant.blunt)

    assert blunt("Write `load_rows(path)`.") == ["load_rows", "sum_up"]
    assert blunt("Write `load_rows(path)` and `sum_up(rows)`.") == []


def test_an_operator_beyond_its_share_is_taken_for_a_requirement_that_no_likelier_one_breaks() -> None:
    lines = [f"- Entries named `KEY_{number}` stay as they were.\n" for number in range(8)]
    relevance = Relevance(
        "".join(lines),
        [Source("s", SourceKind.SIBLING, "shell", "", FileText("".join(f"keep $KEY_{n}\n" for n in range(8))), 1)],
    )
    ours = [
        replace(ONE, id=f"k{n}", line=n + 1, scope=f"g{n}", before=f"keep $KEY_{n}", after="", digest=f"k{n}")
        for n in range(8)
    ]
    rare = [
        replace(each, id=f"r{each.id}", operator="x.other", digest=f"r{each.id}", unlikely=True, after="#")
        for each in ours
    ]
    others = [replace(each, operator=f"nginx.o{n}") for n, each in enumerate(many(12))]
    chosen = [entry.mutant.id for entry in select([*ours, *rare, *others], relevance, {}, budget=20).chosen]
    assert chosen[:8] == sorted(chosen[:8])
    assert all(each.startswith("k") for each in chosen[:8])


def test_the_same_change_of_the_same_words_one_mode_and_one_option_are_worth_a_trial_once() -> None:
    again = replace(AGED, id="again", digest="again", line=9)
    assert chosen_of([AGED, again]) == ["aged"]
    left = replace(AGED, id="left", digest="left", line=3, before="chmod 600 /srv/key", after="")
    wide = replace(left, id="wide", digest="wide", after="chmod 644 /srv/key")
    assert [entry.aside for entry in select([left, wide], NONE, {"s": "shell"}, budget=None).chosen] == [False, True]
    option = replace(AGED, id="o1", digest="o1", fault=FaultClass.MISSING_FLAG, sentence="`-z` is not passed to tar")
    other = replace(option, id="o2", digest="o2", line=5, before="tar -z b", after="tar b")
    assert chosen_of([option, other]) == ["o1"]


@pytest.mark.parametrize(
    ("said", "behind"),
    [("Write a short report to /srv/x.json.", True), ("`why` tells the cause, in /srv/x.json.", False)],
)
def test_what_a_report_says_counts_only_where_it_is_stated(said: str, behind: bool) -> None:
    source = Source("x.json", SourceKind.SIBLING, "json", "/srv/x.json", FileText('{"why": "full"}\n'), 1)
    entry = replace(
        ONE,
        operator="data.drop-entry",
        source=source.id,
        target=source.target,
        before='{"why": "full"}',
        after="{}",
        changes=(Edit(1, 14, ""),),
    )
    (chosen,) = select([entry], Relevance(said, [source]), {source.id: "json"}, budget=None).chosen
    assert chosen.links
    assert chosen.mutant.unlikely is behind
