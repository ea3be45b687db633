"""What serves a stated requirement: by its words, by what it asks for, and by its links."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.judging.effects import Effect
from harness.mutants import Wish, task_mutants
from harness.probes.least.model import cut_of
from harness.probes.least.serving import asked, lost_words, quoted, serving, speaks_of
from tests.harness.tasks import harbor

INSTRUCTION = """\
Write `/app/plan.py`, which plans a week.

- Days that are closed print `closed: DAY (reason)`.
- Entries are sorted by name.
- If the file is missing, exit with status 3.
- Be nice.
"""
SOLUTION = """\
#!/bin/bash
cat > /app/plan.py <<'PY'
import sys
from pathlib import Path

path = Path(sys.argv[1])
if not path.exists():
    sys.exit(3)
days = path.read_text().split()
days.sort()
for day in days:
    if day == "sunday":
        print(f"closed: {day} (reason)")
    print(day)
print("done")
PY
"""


def test_words_and_what_is_asked_for_lead_to_the_parts_that_have_them(tmp_path: Path) -> None:
    task = harbor(tmp_path / "t", {"instruction.md": INSTRUCTION, "solution/solve.sh": SOLUTION})
    (step,) = task_mutants(task, Wish(budget=1))
    cut = cut_of(step)
    found = serving(step, cut)
    by_words = {group.words: {cut.parts[index].said for index in group.parts} for group in found.groups if group.words}
    assert by_words[("~order",)] == {"days.sort()"}
    assert by_words[("~exit status",)] == {"sys.exit(3)"}
    assert by_words[("closed:", "reason")] == {'print(f"closed: {day} (reason)")'}
    texts = [step.relevance.requirements[group.requirement].text for group in found.groups]
    assert "Be nice." not in texts
    for group in found.groups:
        assert found.lost(group, cut.whole(range(len(cut.parts))))
        assert not found.lost(group, frozenset())


def test_what_is_only_told_to_whoever_runs_the_script_serves_nothing(tmp_path: Path) -> None:
    said = {
        "instruction.md": "- Write a class `Stacker`.\n- You may also write `notes.txt`.\n",
        "solution/solve.sh": (
            "#!/bin/bash\necho 'class Stacker is next'\ncp a b\nls > notes.txt\necho Stacker > name.txt\n"
        ),
    }
    (step,) = task_mutants(harbor(tmp_path / "t", said), Wish(budget=1))
    cut = cut_of(step)
    by_words = {group.words: {cut.parts[index].said for index in group.parts} for group in serving(step, cut).groups}
    assert by_words[("Stacker",)] == {"echo Stacker > name.txt"}
    # What may be left out is nobody's requirement.
    assert ("notes.txt",) not in by_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("`kept back: NAME OLD (held)` is printed", ["kept back:", "held"]),
        ("With `--dry-run` nothing goes", ["--dry-run"]),
        ("write /app/out/report.json", ["/app/out/report.json"]),
        ('print "all is well" at last', ["all is well"]),
        ("`U` and `D`", []),
        ("`tidy.py [--force] FOLDER`", ["tidy.py"]),
    ],
)
def test_what_a_sentence_quotes_is_cut_at_its_placeholders(text: str, words: list[str]) -> None:
    assert quoted(text) == words


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("Exit with status 2 where it fails.", ["~exit status"]),
        ("Every status is shown on exit.", []),
        ("It exits with a non-zero code.", ["~exit status"]),
        ("Round to two decimal places.", ["~rounding"]),
        ("Sort the names; the mode is 0600.", ["~order", "~permissions"]),
        ("Fast mode is nice.", []),
    ],
)
def test_what_a_sentence_asks_for_is_known_by_few_words(text: str, concepts: list[str]) -> None:
    assert asked(text) == concepts


def test_words_are_lost_where_no_file_has_them_any_more() -> None:
    gone = 'print("no such order")\nsys.exit(3)'
    assert lost_words(["no such order", "~exit status"], gone, ["print(1)"]) == ("no such order", "exit status")
    assert lost_words(["no such order", "~exit status"], gone, ["print('no such order')"]) == ("exit status",)
    assert lost_words(["order"], "reorder-it", ["x"]) == ()


@pytest.mark.parametrize(
    ("text", "effect", "speaks"),
    [
        ("The key must have mode 600.", Effect("/app/key.pem", "has mode 600", "has mode 644"), True),
        ("The key must have mode 600.", Effect("/app/check.py", "has mode 755", "has mode 644"), False),
        ("Sort the report by date.", Effect("/app/report.csv", "`2`", "`1`"), True),
        ("Sort the list by date.", Effect("/app/made.csv", "`2`", "`1`"), False),
        ("Sort the list by date.", Effect("/app/tool.py list", "prints `2`", "prints `1`"), True),
    ],
)
def test_a_difference_of_a_file_is_of_the_requirement_that_names_it(text: str, effect: Effect, speaks: bool) -> None:
    assert speaks_of(text, effect) is speaks


def test_a_called_function_is_named_without_its_brackets() -> None:
    assert quoted("`titled(s)` returns it") == ["titled"]


def test_what_a_solver_may_not_do_is_not_gone_with_less_work(tmp_path: Path) -> None:
    forbidden = INSTRUCTION.replace("- Be nice.", "- Do not print `closed: sunday` twice.")
    task = harbor(tmp_path / "t", {"instruction.md": forbidden, "solution/solve.sh": SOLUTION})
    (step,) = task_mutants(task, Wish(budget=1))
    served = serving(step, cut_of(step)).groups
    assert not any("Do not" in step.relevance.requirements[group.requirement].text for group in served)
