"""The search for the least: on programs whose needed lines are known, so that every answer can be checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from harness.probes.least.search import Answer, FoundLeast, Search, Variant
from mutator.parts import Cut, cut_solution
from mutator.sources import read_sources

LINES = 40


def script(lines: int = LINES) -> str:
    return "#!/bin/bash\n" + "".join(f"step{number} x\n" for number in range(lines))


def cut(text: str) -> Cut:
    files = {"solve.sh": text.encode()}
    return cut_solution(files, read_sources(files, "solve.sh"), "solve.sh")


Says = Callable[[str], Answer]


def found_by(
    text: str, says: Says, most: int = 1000, groups: Mapping[int, frozenset[int]] | None = None
) -> tuple[FoundLeast, list[Variant], str]:
    solution = cut(text)
    asked: list[Variant] = []
    running = Search(solution, groups or {}, most).run()
    answer: Answer | None = None
    while True:
        try:
            variant = next(running) if answer is None else running.send(answer)
        except StopIteration as end:
            found: FoundLeast = end.value
            left = (solution.without(found.removed) or {}).get("solve.sh", text.encode()).decode()
            return found, asked, left
        asked.append(variant)
        answer = says(variant.files["solve.sh"].decode())


def needing(*numbers: int) -> Says:
    return lambda text: Answer.PAID if all(f"step{each} x\n" in text for each in numbers) else Answer.UNPAID


@pytest.mark.parametrize("needed", [(), (7,), (0, 39), (3, 4, 5), tuple(range(0, 40, 4)), tuple(range(40))])
def test_exactly_what_is_needed_is_left(needed: tuple[int, ...]) -> None:
    found, asked, left = found_by(script(), needing(*needed))
    wanted = "#!/bin/bash\n" + "".join(f"step{each} x\n" for each in needed)
    if needed:
        assert left == wanted
        assert found.complete
        assert len(found.needed) == len(needed)
    else:  # the controls say that nothing at all is not paid: something is left
        assert left.count("step") == 1
    assert found.trials == len(asked)


def test_few_trials_are_enough_where_little_is_needed() -> None:
    _, asked, _ = found_by(script(), needing(7))
    assert len(asked) <= 16


def test_nothing_is_tried_twice_nor_what_lacks_all_that_something_unpaid_lacks() -> None:
    says = needing(3, 17, 31)
    _, asked, _ = found_by(script(), says)
    assert len({variant.digest for variant in asked}) == len(asked)
    unpaid: list[frozenset[int]] = []
    for variant in asked:
        if variant.last:
            break
        assert not any(each <= variant.removed for each in unpaid)
        if says(variant.files["solve.sh"].decode()) is Answer.UNPAID:
            unpaid.append(variant.removed)


def test_each_piece_that_is_left_is_needed() -> None:
    says = needing(3, 17, 31)
    found, _, _ = found_by(script(), says)
    solution = cut(script())
    for part in solution.parts:
        if part.index not in found.removed:
            written = solution.without(found.removed | {part.index})
            assert written is not None
            assert says(written["solve.sh"].decode()) is Answer.UNPAID


def test_where_the_trials_end_it_says_so_and_what_it_has_is_paid() -> None:
    says = needing(*range(0, 40, 3))
    found, asked, left = found_by(script(), says, most=12)
    assert len(asked) == found.trials == 12
    assert not found.complete
    assert says(left) is Answer.PAID


def test_what_could_not_be_measured_is_neither_left_out_nor_called_needed() -> None:
    def says(text: str) -> Answer:
        if "step5 x" not in text:
            return Answer.UNKNOWN
        return needing(7)(text)

    found, _, left = found_by(script(10), says)
    assert "step5 x" in left
    assert "step7 x" in left
    assert not found.complete
    solution = cut(script(10))
    assert {solution.parts[index].said for index in found.untried} >= {"step5 x"}
    assert {solution.parts[index].said for index in found.needed} == {"step7 x"}


def test_what_serves_a_requirement_goes_first_and_all_of_it() -> None:
    solution = cut(script())
    group = frozenset(part.index for part in solution.parts if part.said in ("step2 x", "step30 x"))
    needed = frozenset(part.index for part in solution.parts if part.said == "step7 x")
    found, asked, _ = found_by(script(), needing(7), groups={4: group, 9: needed})
    assert asked[0].removed == group
    assert asked[1].removed == needed
    assert found.groups == {4: group}
    assert group <= found.removed


def test_what_was_missed_only_for_its_users_goes_with_them() -> None:
    """Without the option alone the program stops; without what reads it as well, nobody misses it."""

    def says(text: str) -> Answer:
        reads, has = "step4 x" in text, "step2 x" in text
        return Answer.PAID if "step7 x" in text and (has or not reads) else Answer.UNPAID

    solution = cut(script(10))
    alone = frozenset(part.index for part in solution.parts if part.said == "step2 x")
    found, asked, left = found_by(script(10), says, groups={0: alone})
    assert asked[0].removed == alone
    assert "step2 x" not in left
    assert found.complete


PROGRAM = """cat > /app/a.py <<'E'
import json
import sys

def load(path):
    return json.load(open(path))

def check(found):
    return found["a"]

found = load(sys.argv[1])
check(found)
print(len(found))
E
"""


def test_what_the_rest_of_a_program_uses_is_not_taken_from_it_before_its_users() -> None:
    def says(text: str) -> Answer:
        program = text.split("<<'E'\n")[-1]
        needs = ["import json", "import sys", "def load", "return json", "found = load", "print(len"]
        return Answer.PAID if all(each in program for each in needs) else Answer.UNPAID

    found, asked, left = found_by(PROGRAM, says)
    assert "check" not in left
    assert found.complete
    assert not any(
        b"import json" not in text and b"json.load" in text for text in (each.files["solve.sh"] for each in asked)
    ), "what defines a name goes with what uses it"
    assert len(asked) <= 8
