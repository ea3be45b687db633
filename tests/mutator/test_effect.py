from __future__ import annotations

from mutator.effect import aside, stilled
from mutator.generate import generate
from mutator.model import Candidate, Edit, FileText, Mutant, Source, SourceKind
from mutator.operators import FAMILIES
from mutator.sources import read_sources

PROGRAM = """cat > /app/tool.py <<'EOF'
import json


def names(rows):
    found = []
    for row in rows:
        if row["name"]:
            found.append(row["name"])
    return found


def main():
    with open("rows.json") as source:
        rows = json.load(source)
    with open("names.json", "w") as target:
        json.dump(names(rows), target)


if __name__ == "__main__":
    main()
EOF
apt-get install -y jq
python3 /app/tool.py
"""


def made(script: str) -> list[Mutant]:
    files = {"solve.sh": script.encode()}
    return list(generate(read_sources(files, "solve.sh"), files, FAMILIES))


def test_what_leaves_nothing_of_the_solution_is_marked() -> None:
    ruins = {mutant.sentence for mutant in made(PROGRAM) if mutant.ruins}
    assert "the step `cat > /app/tool.py <<'EOF'` is left out" in ruins
    assert "the step `python3 /app/tool.py` is left out" in ruins
    assert "`main()` does nothing" in ruins
    assert "`main()` is not called" in ruins
    assert "`json.dump(names(rows), target)` is not called" in ruins
    assert "the step `apt-get install -y jq` is left out" not in ruins
    assert not any("found.append" in sentence for sentence in ruins)


def test_a_program_that_is_run_again_is_not_lost_with_one_run() -> None:
    again = {mutant.sentence for mutant in made(PROGRAM + "python3 /app/tool.py --again\n") if mutant.ruins}
    assert "the step `python3 /app/tool.py` is left out" not in again


def test_a_branch_never_taken_and_its_only_statement_dropped_still_the_same_part() -> None:
    parts = {
        mutant.operator: mutant.stilled for mutant in made(PROGRAM) if "found.append" in mutant.before + mutant.after
    }
    branch = next(mutant for mutant in made(PROGRAM) if mutant.operator == "python.branch-never")
    assert branch.stilled == parts["python.call-dropped"] != ""


def test_a_replacement_that_does_something_stills_nothing() -> None:
    text = "a = f(1); b = 2"
    assert stilled(text, Candidate((Edit(0, 8, "pass"),))) == (0, 8)
    assert stilled(text, Candidate((Edit(0, 8, "a = g()"),))) is None
    assert stilled(text, Candidate((Edit(0, 8, "pass"),), stills=(0, 99))) == (0, len(text))


def test_usage_timing_and_a_solutions_own_tests_are_asides() -> None:
    source = Source("a.py", SourceKind.SIBLING, "python", "/app/a.py", FileText(""), 1)
    assert aside(source, "if len(sys.argv) < 2:", "if False:")
    assert aside(source, "took = time.time() - start", "took = time.time() + start")
    assert not aside(source, "if count < 2:", "if False:")
    assert aside(Source("test_a.py", SourceKind.SIBLING, "python", "/app/test_a.py", FileText(""), 1), "x = 1", "x = 2")
