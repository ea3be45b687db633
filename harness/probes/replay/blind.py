"""One text in answer to every call of a program: whatever it is given, it says all that the reference ever said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from harness.mutants import StepMutants
from harness.probes.forge.attempts import in_its_place
from harness.probes.model import Attempt, Probe
from harness.probes.replay.whole import Material, written
from harness.task.model import Task
from harness.trial.plan import Replacement
from harness.trial.standins import PLACE, Recorded, RecordedCall
from mutator.operators.state import Output

ID = "blind"
LARGEST = 64 << 10
"""Bytes of all answers of a program."""
_RUN = f"""#!/bin/sh
# Answers every call of a program alike: what it is given is not looked at.
# usage: run NUMBER INTERPRETER PROGRAM [WORD]...
cat {PLACE}/out.$1
cat {PLACE}/err.$1 >&2
exit $(cat {PLACE}/status.$1)
"""


def attempt(task: Task, step: StepMutants, of: Material, recorded: Recorded) -> Attempt | None:
    """None where the programs write files, or no program is asked for two things."""
    calls = recorded.calls()
    if not of.programs or any(call.wrote for call in calls):
        return None
    by_program = {number: [call for call in calls if call.program == number] for number in range(len(of.programs))}
    if max(len({call.out for call in of_one}) for of_one in by_program.values()) < 2:
        return None
    files = [file for number, of_one in by_program.items() for file in _files(number, of_one)]
    if sum(len(file.data) for file in files) > LARGEST:
        return None
    names = ", ".join(one.path for one in of.programs)[:200]
    what = f"one text is printed in answer to each of {len(calls)} calls of {names}"
    script = written(of, [Output(f"{PLACE}/run", _RUN.encode(), 0o755), *files], what)
    return Attempt(
        Probe.REPLAY,
        ID,
        f"{Probe.REPLAY}.{ID}",
        what,
        step.step.name,
        because="what the program is given is not looked at",
        replacement=Replacement(in_its_place(task, script)),
    )


def _files(number: int, calls: Sequence[RecordedCall]) -> Iterator[Output]:
    status = Counter(call.status for call in calls).most_common(1)[0][0] if calls else 0
    yield Output(f"{PLACE}/out.{number}", b"".join(dict.fromkeys(call.out for call in calls)), 0o644)
    yield Output(f"{PLACE}/err.{number}", b"".join(dict.fromkeys(call.err for call in calls)), 0o644)
    yield Output(f"{PLACE}/status.{number}", f"{status}\n".encode(), 0o644)
