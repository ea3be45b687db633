"""Which paid variants accuse a sentence: read from a task's own texts and from what was seen of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.judging.effects import Effect, Measured
from harness.judging.outcome import Outcome, OutcomeKind
from harness.mutants import Wish, diff, task_mutants
from harness.stages.result import MutantResult
from harness.stages.verdict import seen
from tests.harness.tasks import harbor

INSTRUCTION = (
    "- Write the number of rows to `/app/out.json`, with the key `rows`.\n- You may also write `/app/seen.csv`.\n"
)
SOLUTION = """\
#!/bin/bash
python3 - <<'PY'
import json

rows = open("/app/in.csv").read().splitlines()
open("/app/seen.csv", "w").write("\\n".join(rows))
json.dump({"rows": len(rows), "status": "done"}, open("/app/out.json", "w"))
PY
"""


def results(tmp_path: Path, effect: Effect | None) -> dict[str, MutantResult]:
    """By their sentences, all of them paid."""
    task = harbor(tmp_path, {"instruction.md": INSTRUCTION, "solution/solve.sh": SOLUTION})
    (step,) = task_mutants(task, Wish())
    found = {}
    for chosen in step.selection.chosen:
        mutant, links = chosen.mutant, chosen.links
        requirement = step.relevance.requirements[links[0].requirement] if links else None
        shown, paid = diff(step.files, mutant), Outcome(OutcomeKind.SURVIVED)
        result = MutantResult("", mutant, links, requirement, shown, paid, (), effect=Measured(effect))
        found[mutant.sentence] = result
    return found


@pytest.mark.parametrize(
    ("path", "beside"), [("/app/out.json", False), ("/app/in-between.txt", True), ("python3 /app/tool.py", False)]
)
def test_a_difference_in_a_file_that_the_instruction_lacks_accuses_nobody(
    tmp_path: Path, path: str, beside: bool
) -> None:
    found = results(tmp_path, Effect(path, "is there", "is not written"))
    (key,) = [sentence for sentence in found if '"rows" is missing' in sentence]
    assert seen(found[key], INSTRUCTION).beside is beside


def test_neither_what_is_only_allowed_nor_a_key_of_no_name_accuses_a_sentence(tmp_path: Path) -> None:
    found = results(tmp_path, Effect("/app/out.json", "`a`", "`b`"))
    told = {sentence: seen(result, INSTRUCTION).beside for sentence, result in found.items()}
    assert {sentence[:24]: beside for sentence, beside in told.items()} == {
        '`json.dump({"rows": len(': False,
        '`open("/app/seen.csv", "': True,
        '"status" is missing from': True,
        '"rows" is missing from t': False,
    }
