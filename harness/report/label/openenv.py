"""Graders for OpenEnv's validation: each answers from the task's label, runs nothing, and skips where none fits.

OpenEnv finds them by the entry-point group `openenv.validation.graders`; docs/labels.md says how each is measured.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from harness.errors import FoolsgoldError
from harness.report.label.files import beside, read_label
from harness.report.label.parts import changed, digests
from harness.report.label.signing import signature_problem
from harness.task.discover import discover
from harness.task.model import Task

if TYPE_CHECKING:  # whoever calls a grader has it; nobody else needs it
    from openenv.validation import CheckResult, Level, NormalizedManifest, ProviderCapability, Subject

Answer = tuple[bool | None, dict[str, Any], str]
"""Whether it holds, None where that was not measured; what was measured; and the reason in a sentence."""
_LEAKS = ("answer-given-away", "answer-in-image", "tests-in-image")
_CHEATS = ("forge", "leak", "replay", "words")
"""Probes that do none of the work."""


class _FromLabel:
    """What OpenEnv's protocol asks of a grader. Any package with tests that foolsgold has audited will do."""

    check_id: ClassVar[str]
    level_name: ClassVar[str] = "SEMANTIC"
    requires_capabilities: ClassVar[frozenset[str]] = frozenset()
    requires_provider: ClassVar[frozenset[ProviderCapability]] = frozenset()
    depends_on: ClassVar[tuple[str, ...]] = ()
    remediation: ClassVar[str]

    @property
    def level(self) -> Level:
        from openenv.validation import Level

        return Level[self.level_name]

    def applies_to(self, manifest: NormalizedManifest) -> bool:
        return True

    def run(self, subject: Subject) -> CheckResult:
        started = time.monotonic()
        root = Path(subject.root).resolve()
        label, why = _label(root)
        if label is None:
            again = f"foolsgold audit {root} -o RUN, then foolsgold label RUN"
            return self._result("skip", started, {}, [why], again)
        holds, measured, said = self.answer(label, subject.manifest)
        status = "skip" if holds is None else "pass" if holds else "fail"
        remediation = self.remediation if holds is False else None
        return self._result(status, started, measured, [said, f"foolsgold {label['tool']['version']}"], remediation)

    @abstractmethod
    def answer(self, label: Mapping[str, Any], manifest: NormalizedManifest) -> Answer: ...

    def _result(
        self, status: str, started: float, measured: dict[str, Any], evidence: list[str], advice: str | None
    ) -> CheckResult:
        from openenv.validation import CheckResult, CheckStatus

        return CheckResult(
            check_id=self.check_id,
            status=CheckStatus(status),
            measured=measured,
            evidence=evidence,
            remediation=advice,
            duration_s=time.monotonic() - started,
        )


def _label(root: Path) -> tuple[dict[str, Any] | None, str]:
    """The label beside the task, if it is about what is there now; else why there is none."""
    try:
        label = read_label(beside(root))
        task = next(iter(discover([root])), None)
    except FoolsgoldError as error:
        return None, error.message
    if label is None:
        return None, f"there is no {beside(root).name} beside the task"
    if not isinstance(task, Task) or task.path != root:
        return None, "it is no task that foolsgold can read"
    problem = signature_problem(label, None)
    if problem:
        return None, f"the label does not count: {problem}"
    parts = changed(label["digests"], digests(task))
    return (None, f"{' and '.join(parts)} changed since it was labelled") if parts else (label, "")


class OracleMax(_FromLabel):
    check_id = "semantic.oracle_max"
    remediation = "Mend the reference solution or the tests until every run of it is paid in full."

    def answer(self, label: Mapping[str, Any], manifest: NormalizedManifest) -> Answer:
        rewards = [_least(each) for each in label["rewards"]["reference"]]
        if not rewards or None in rewards:
            return None, {"runs": len(rewards)}, "the reference gave no reward in some run"
        lowest = min(reward for reward in rewards if reward is not None)
        tolerance = manifest.reward.oracle_tolerance
        measured = {"oracle_reward": lowest, "declared_tolerance": tolerance, "runs": len(rewards)}
        return lowest >= _most(manifest) - tolerance, measured, f"the reference's lowest reward is {lowest:g}"


class FloorGap(_FromLabel):
    check_id = "semantic.floor_gap"
    remediation = "Make the tests fail on the untouched environment, and on a solution that does nothing."

    def answer(self, label: Mapping[str, Any], manifest: NormalizedManifest) -> Answer:
        floors = [_highest(label["rewards"][name]) for name in ("nop", "hollow")]
        known = [floor for floor in floors if floor is not None]
        if not known:
            return None, {}, "nothing is known of what doing nothing earns"
        gap, margin = _most(manifest) - max(known), manifest.reward.floor_margin
        measured = {"floor": max(known), "gap": gap, "declared_margin": margin}
        return gap >= margin, measured, f"doing nothing earns {max(known):g}"


class CanaryFloor(_FromLabel):
    check_id = "semantic.canary_floor"
    remediation = "`foolsgold show RUN TASK` shows the broken variants that are paid, and which tests to write."

    def answer(self, label: Mapping[str, Any], manifest: NormalizedManifest) -> Answer:
        """The canaries are the broken variants of the reference: each is known to be wrong."""
        share = label["strength"]
        if share is None or label["verdict"] == "unmeasured" or not share["counted"]:
            return None, {}, "too few broken variants were tried"
        measured = {"canaries": share["counted"], "paid": label["survivors"], "caught": share["value"]}
        return label["survivors"] == 0, measured, f"{label['survivors']} of {share['counted']} broken variants are paid"


class NoSolutionLeakage(_FromLabel):
    check_id = "semantic.no_solution_leakage"
    remediation = "Take the answer out of the instruction and the image, and the tests out of the image."

    def answer(self, label: Mapping[str, Any], manifest: NormalizedManifest) -> Answer:
        if not label["rewards"]["reference"]:
            return None, {}, "what the image holds was not looked at"
        found = [name for name in _LEAKS if label["findings"].get(name) in ("error", "warning")]
        paid = label["attempts"].get("leak", {"paid": 0})["paid"]
        said = f"found: {', '.join(found)}" if found else "no answer and no tests were found where the work begins"
        return not found and not paid, {"findings": found, "leaks_paid": paid}, said


class VerifierDeterminism(_FromLabel):
    check_id = "semantic.verifier_determinism"
    remediation = "Make the tests' result depend on nothing but the work: no races, clocks, ports or networks."

    def answer(self, label: Mapping[str, Any], manifest: NormalizedManifest) -> Answer:
        rewards = label["rewards"]["reference"]
        if len(rewards) < 2 or None in rewards:
            return None, {"runs": len(rewards)}, "fewer than two runs of the reference gave a reward"
        same = all(reward == rewards[0] for reward in rewards) and label["verdict"] != "flaky"
        said = "every run was paid the same" if same else "runs of one solution were paid differently"
        return same, {"runs": len(rewards), "distinct": len({str(reward) for reward in rewards})}, said


class AdversarialFloor(_FromLabel):
    check_id = "statistical.adversarial_floor"
    level_name = "STATISTICAL"
    remediation = "`foolsgold show RUN TASK` shows how the reward is forged, and what stops it."

    def answer(self, label: Mapping[str, Any], manifest: NormalizedManifest) -> Answer:
        tried, paid = _cheats(label, ("forge",))
        if not tried:
            return None, {}, "no attempt to forge the reward was tried"
        return paid == 0, {"attempts": tried, "paid": paid}, f"{paid} of {tried} attempts to forge the reward are paid"


class GameabilityGap(_FromLabel):
    check_id = "statistical.gameability_gap"
    level_name = "STATISTICAL"
    remediation = AdversarialFloor.remediation

    def answer(self, label: Mapping[str, Any], manifest: NormalizedManifest) -> Answer:
        """Between the reference and the best of what does none of the work."""
        tried, paid = _cheats(label, _CHEATS)
        honest = [_least(each) for each in label["rewards"]["reference"]]
        idle = [_highest(label["rewards"][name]) for name in ("nop", "hollow")]
        if not tried or not honest or None in honest:
            return None, {}, "no attempt that does none of the work was tried"
        lowest = min(reward for reward in honest if reward is not None)
        best = (
            lowest if paid else max((reward for reward in idle if reward is not None), default=manifest.reward.range[0])
        )
        gap, margin = lowest - best, manifest.reward.floor_margin
        measured = {"attempts": tried, "paid": paid, "gap": gap, "declared_margin": margin}
        return gap >= margin, measured, f"{paid} of {tried} attempts that do none of the work are paid"


def _cheats(label: Mapping[str, Any], probes: Iterable[str]) -> tuple[int, int]:
    counts = [label["attempts"][probe] for probe in probes if probe in label["attempts"]]
    return sum(each["tried"] for each in counts), sum(each["paid"] for each in counts)


def _least(rewards: Mapping[str, float] | None) -> float | None:
    return min(rewards.values()) if rewards else None


def _highest(rewards: Mapping[str, float] | None) -> float | None:
    return max(rewards.values()) if rewards else None


def _most(manifest: NormalizedManifest) -> float:
    most: float = manifest.reward.range[1]
    return most
