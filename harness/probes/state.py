"""What the reference left behind, broken after solving: does any test look at it?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import zip_longest

from harness.findings.catalogue import finding
from harness.findings.model import Finding, Severity
from harness.mutants import StepMutants
from harness.probes.model import Attempt, Attempted, Probe
from harness.trial.circumstances import Circumstances
from mutator.model import Tier
from mutator.operators.state import Output, Service, StateMutant, Stop, mutants

_STOPPED = "/dev/shm/.foolsgold-stopped"  # noqa: S108 - in the box, where nobody else is
# Some programs write their own title over their words, with any number of blanks behind it.
_LOOK = """wanted=$(sed 's/ *$//' <<'FOOLSGOLD'
{name}
FOOLSGOLD
)
same() {{
  for p in /proc/[0-9]*; do
    [ "$(tr '\\0\\n' '  ' <$p/cmdline | sed 's/ *$//')" = "$wanted" ] && echo "${{p#/proc/}}"
  done 2>/dev/null
}}
"""
# One that its parent starts anew at once has not been stopped.
_END = f"""[ -n "$(same)" ] || exit 0
for p in $(same); do kill "$p"; done
i=0; while [ -n "$(same)" ] && [ $i -lt 50 ]; do sleep 0.1; i=$((i+1)); done
sleep 0.5; : > {_STOPPED}"""


def attempts(step: StepMutants, outputs: Sequence[Output], services: Sequence[str]) -> Iterator[Attempt]:
    """The coarse faults of every output and service before any finer one, outputs in turn."""
    made = list(mutants(outputs, [Service(name.strip(), number + 2) for number, name in enumerate(services)]))
    by_path: dict[str, list[StateMutant]] = {}
    for mutant in sorted(made, key=lambda one: list(Tier).index(one.tier)):
        by_path.setdefault(mutant.path, []).append(mutant)
    for together in zip_longest(*by_path.values()):
        for mutant in together:
            if mutant is not None:
                yield _attempt(step, mutant)


def _attempt(step: StepMutants, mutant: StateMutant) -> Attempt:
    if any(isinstance(action, Stop) for action in mutant.actions):
        look = _LOOK.format(name=mutant.path)
        change = Circumstances(after=f"{look}{_END}", proof=f'{look}[ -e {_STOPPED} ] && [ -z "$(same)" ]')
    else:
        change = Circumstances(actions=mutant.actions)
    return Attempt(
        Probe.STATE,
        mutant.id,
        mutant.operator,
        mutant.sentence,
        step.step.name,
        path=mutant.path,
        circumstances=change,
    )


def findings(attempted: Sequence[Attempted], instruction: str, noticed: Collection[str]) -> Iterator[Finding]:
    """Outputs that no test looks at: every way to break them is paid. A program that solving ran or compiled is looked
    at by what it did, where a test noticed that another one did it."""
    by_path: dict[str, list[Attempted]] = {}
    for one in attempted:
        if one.attempt.probe is Probe.STATE and one.measured:
            by_path.setdefault(one.attempt.path, []).append(one)
    for path, tried in by_path.items():
        if len(tried) < 2 or not all(one.paid for one in tried):
            continue
        if path in noticed or path.rsplit("/", 1)[-1] in noticed:
            continue
        named = path in instruction or path.rsplit("/", 1)[-1] in instruction
        yield finding(
            "unchecked-output",
            f"No test looks at {path}"
            + (", which the instruction names" if named else ", which the instruction does not name either"),
            tuple(f"paid in full: {one.attempt.sentence}" for one in tried[:6]),
            severity=Severity.WARNING if named else Severity.NOTE,
            advice="Add a test that reads it." if named else "",
        )
