"""Where a solution hangs, seen in real boxes of both engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engine.choose import make_engine
from harness.engine.contract import EngineOptions
from harness.judging.outcome import Cause, Outcome, OutcomeKind, baseline, hang, judge
from harness.trial.build import build
from harness.trial.plan import Judge, Plan, Replacement, TimeLimits
from harness.trial.record import Kind, Which
from harness.trial.runner import run_trial
from tests.conftest import stand_in
from tests.harness.tasks import HARBOR, TERMINAL_BENCH, read, write

ENDLESS = "while :; do :; done"
CASES = {
    "in the program that the tests run": (
        f"#!/bin/bash\nprintf '#!/bin/sh\\n{ENDLESS}\\n' > /app/out.txt\n",
        (OutcomeKind.TIMEOUT, None),
        "in `sh /app/out.txt`",
    ),
    "in solving": (
        f"#!/bin/bash\n{ENDLESS}\n",
        (OutcomeKind.TIMEOUT, None),
        "in `",
    ),
    "in an installer": (
        "#!/bin/bash\necho 'exec -a apt-get sleep 100' > /app/out.txt\n",
        (OutcomeKind.ERROR, Cause.SLOW),
        "all that ran were installers (apt-get 100)",
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("layout", ["harbor", "terminal-bench"])
def test_where_a_solution_hangs_decides_what_its_time_out_says(
    engine_name: str, layout: str, case: str, tmp_path: Path
) -> None:
    script, expected, says = CASES[case]
    shell = "bash" if "installer" in case else "sh"
    if layout == "harbor":
        tests = (
            f'#!/bin/bash\nif [ "$({shell} /app/out.txt)" = ok ]; then echo 1; else echo 0; fi '
            "> /logs/verifier/reward.txt\n"
        )
        files = {**HARBOR, "tests/test.sh": tests, "solution/solve.sh": "#!/bin/bash\necho 'echo ok' > /app/out.txt\n"}
        solution = "solve.sh"
    else:
        tests = (
            f'#!/bin/bash\nif [ "$({shell} /app/out.txt)" = ok ]; then word=PASSED; else word=FAILED; fi\n'
            'echo "=========== short test summary info ==========="\necho "$word tests/test_out.py::test_out"\n'
        )
        files = {**TERMINAL_BENCH, "run-tests.sh": tests, "solution.sh": "#!/bin/bash\necho 'echo ok' > /app/out.txt\n"}
        solution = "solution.sh"
    task = read(write(tmp_path / "t", files))
    short = TimeLimits({"": 3.0}, {"": 3.0})
    with make_engine(engine_name, EngineOptions(images=stand_in(engine_name))) as engine:
        built = build(engine, task)
        reference = run_trial(engine, task, built, Plan(Kind.REFERENCE, "1"))
        against = baseline([reference], run_trial(engine, task, built, Plan(Kind.NOP)))
        assert against is not None, reference
        plan = Plan(
            Kind.MUTANT,
            "hangs",
            Replacement({solution: script.encode()}),
            limits=short,
            purpose=Judge(hang=True),
            run=Which.ALONE,
        )
        record = run_trial(engine, task, built, plan)
    outcome: Outcome = hang(record, reference, judge(record, against))
    assert ((outcome.kind, outcome.cause), says in outcome.why) == (expected, True), (outcome, record.phases)
