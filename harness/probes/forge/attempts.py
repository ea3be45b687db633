"""Forged rewards: each attack as a whole solution, and the findings about attacks that were paid."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import yaml

from harness.findings.catalogue import finding
from harness.findings.model import Finding, Severity
from harness.judging.outcome import OutcomeKind
from harness.probes.forge.facts import FORGE, ForgeFacts, facts_of
from harness.probes.forge.means import Attack, NotTried
from harness.probes.forge.plan import plan
from harness.probes.model import Attempt, Attempted, Probe
from harness.task.model import Task
from harness.task.runners import Runner
from harness.trial.circumstances import Circumstances
from harness.trial.plan import Replacement
from harness.verifier.reward import Pay, Rewards, pay

TYPED = 900
"""Characters of a line that is typed into a terminal, which may cut longer lines."""


def attempts(task: Task, rewards: Rewards) -> Iterator[Attempt]:
    facts = facts_of(task, rewards)
    if facts is None:
        return
    for one in plan(facts):
        if isinstance(one, Attack):
            yield Attempt(
                Probe.FORGE,
                one.id,
                f"{Probe.FORGE}.{one.id}",
                one.sentence,
                "",
                because="none of the work is done",
                replacement=Replacement(in_its_place(task, solution(one))),
                circumstances=Circumstances(proof=one.proof, effect=one.effect),
                attack=one,
            )


def solution(attack: Attack) -> str:
    """The whole script that replaces the reference."""
    about = textwrap.fill(
        f"None of the work is done here. Instead, {attack.sentence}.", 110, initial_indent="# ", subsequent_indent="# "
    )
    return f"#!/bin/sh\n{about}\nmkdir -p {FORGE} && chmod 1777 {FORGE}\n{attack.script}\nexit 0\n"


def in_its_place(task: Task, script: str) -> Mapping[str, bytes]:
    """Replaces every step's script by this one. If a step has keys for a terminal, the keys type the script."""
    found: dict[str, bytes] = {}
    for step in task.steps:
        if step.solution is not None:
            name = step.solution.script.relative_to(step.solution.folder).as_posix()
            found[name] = _keys(script) if step.solution.script.suffix in (".yaml", ".yml") else script.encode()
    return found


def _keys(script: str) -> bytes:
    coded = base64.b64encode(script.encode()).decode()
    lines = [f"mkdir -p {FORGE}; rm -f {FORGE}/typed"]
    lines += [f"printf %s {part} >> {FORGE}/typed" for part in textwrap.wrap(coded, TYPED)]
    lines.append(f"base64 -d {FORGE}/typed > {FORGE}/solution.sh; bash {FORGE}/solution.sh")
    keys = [
        {"command": line, "min_timeout_sec": 0.0, "max_timeout_sec": 60.0, "block": True, "append_enter": True}
        for line in lines
    ]
    return (
        b"# None of the work is done here; the typed text is a script in base64.\n"
        + yaml.safe_dump(keys, sort_keys=False, width=10_000).encode()
    )


def findings(task: Task, attempted: Sequence[Attempted], rewards: Rewards) -> Iterator[Finding]:
    found = forging(attempted)
    facts = facts_of(task, rewards)
    if found is None or facts is None:
        return
    yield from _by_the_task([one for one in found.paid if not _attack(one).default], task.runner)
    yield from _by_default([one for one in found.paid if _attack(one).default], task.runner)
    yield _count(found, facts)


def _attack(one: Attempted) -> Attack:
    assert one.attempt.attack is not None
    return one.attempt.attack


def _by_the_task(paid: Sequence[Attempted], runner: Runner) -> Iterator[Finding]:
    families: dict[str, list[Attempted]] = {}
    for one in paid:
        families.setdefault(_attack(one).family, []).append(one)
    for family, members in families.items():
        first = _attack(members[0])
        yield finding(
            first.finding,
            _TITLES[first.finding].format(family=family, sentence=first.sentence),
            (
                *(
                    f"{one.attempt.label} was paid twice though none of the work is done"
                    + (f": {one.attempt.sentence}" if len(members) > 1 or first.finding != "reward-forgeable" else "")
                    for one in members
                ),
                *_versions(members, runner),
                "the task itself is the cause: the format does not leave this open",
            ),
            severity=Severity.WARNING,
            advice=first.close,
        )


_TITLES: Mapping[str, str] = {
    "reward-forgeable": "The reward can be forged ({family}): {sentence}, and is paid in full",
    "reward-written-first": "The verifier writes its reward before it looks: ended then, it pays for nothing",
}


def _by_default(paid: Sequence[Attempted], runner: Runner) -> Iterator[Finding]:
    if not paid:
        return
    whys: dict[str, list[str]] = {}
    for one in paid:
        whys.setdefault(_attack(one).default, []).append(one.attempt.id)
    yield finding(
        "reward-forgeable",
        f"The reward can be forged by {len(paid)} attack{'' if len(paid) == 1 else 's'} to which the format's defaults "
        "leave every such task open",
        (
            *(f"{why}: {', '.join(ids)}" for why, ids in whys.items()),
            "each was paid twice though none of the work is done",
            *_versions(paid, runner),
        ),
        severity=Severity.NOTE,
        advice=next(iter(dict.fromkeys(_attack(one).close for one in paid))),
    )


def _versions(paid: Sequence[Attempted], runner: Runner) -> Iterator[str]:
    yield f"the trials followed the rules of {runner.title}"
    said: dict[str, list[str]] = {}
    for one in paid:
        said.setdefault(_attack(one).versions, []).append(one.attempt.id)
    yield from (f"{', '.join(ids)}: {words}" for words, ids in said.items() if words)


def unpaid(one: Attempted) -> bool:
    """Whether the verifier ended and did not pay in full. If the tests could not even start, this is so only if the
    verifier wrote a reward of 0; without any reward it is unknown."""
    if one.outcome.kind in (OutcomeKind.KILLED, OutcomeKind.PARTIAL, OutcomeKind.TIMEOUT):
        return True
    last = one.records[-1].rewards if one.records else None
    return one.outcome.kind is OutcomeKind.ERROR and last is not None and pay(last) is Pay.NOTHING


@dataclass(frozen=True, slots=True)
class Forging:
    """All attacks that were tried, in four groups."""

    paid: tuple[Attempted, ...]
    met: tuple[Attempted, ...]
    """The verifier met the change and did not pay in full."""
    never: tuple[Attempted, ...]
    """The change was there, but the verifier never met it."""
    unknown: tuple[Attempted, ...]
    """Not measured: the change was not made, or the attack crashed or differed from run to run. The task resisted
    nothing."""

    @property
    def counts(self) -> dict[str, int]:
        groups = (self.paid, self.met, self.never, self.unknown)
        return {
            "tried": sum(map(len, groups)),
            "effective": len(self.paid) + len(self.met),
            "paid": len(self.paid),
            "paid_by_default": sum(bool(_attack(one).default) for one in self.paid),
            "not_measured": len(self.unknown),
        }


def forging(attempted: Sequence[Attempted]) -> Forging | None:
    """None if no attack was tried."""
    tried = [one for one in attempted if one.attempt.probe is Probe.FORGE]
    if not tried:
        return None
    paid = [one for one in tried if one.paid and not (_attack(one).only_met and one.effective is False)]
    never = [one for one in tried if one not in paid and one.made and one.effective is False]
    met = [one for one in tried if unpaid(one) and one.effective is not False]
    measured = {one.attempt.id for one in (*paid, *met, *never)}
    return Forging(tuple(paid), tuple(met), tuple(never), tuple(one for one in tried if one.attempt.id not in measured))


def _count(found: Forging, facts: ForgeFacts) -> Finding:
    paid, met, never, unknown = found.paid, found.met, found.never, found.unknown
    partly = [one for one in (*met, *never, *unknown) if one.outcome.kind is OutcomeKind.PARTIAL]
    counts = found.counts
    reasons: dict[str, list[str]] = {}
    for each in plan(facts):
        if isinstance(each, NotTried):
            reasons.setdefault(each.why, []).append(each.id)
    left = sum(map(len, reasons.values()))
    lines = [
        *_line("paid", paid),
        *_line("of those that were not paid in full, paid in part", partly),
        *_line("met by the verifier, and not paid in full", met),
        *_line("there, but never met by the verifier", never),
        *(f"not measured: {one.attempt.id}: {_unknown(one)}" for one in unknown),
        *(f"cannot matter here: {', '.join(ids)}: {why}" for why, ids in reasons.items()),
    ]
    return finding(
        "forging-tried",
        f"Of {counts['tried']} attacks on the reward {counts['effective']} took effect and {len(paid)} "
        f"{'was' if len(paid) == 1 else 'were'} paid; {len(unknown)} could not be measured, and {left} more cannot "
        "matter here",
        lines,
        advice="",
    )


def _unknown(one: Attempted) -> str:
    """Why an attack was not measured: a change that was not made shows nothing about the verifier."""
    if one.made:
        return one.outcome.why
    unmade = _attack(one).unmade
    return f"the change could not be made: {unmade}" if unmade else one.outcome.why


def _line(what: str, which: Sequence[Attempted]) -> Iterator[str]:
    if which:
        yield f"{what}: {', '.join(one.attempt.id for one in which)}"
