"""What the settings in force ask of an audit, of its controls, mutants and probes, and of the gate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.dataset.model import AnyTask
from harness.engine.recipe.standin import must_be_there
from harness.errors import UsageError
from harness.judging.controls import ControlSettings
from harness.judging.strength import Thresholds
from harness.mutants import Wish
from harness.probes.model import Probe
from harness.report.gate import Rules
from harness.settings.catalogue import BY_NAME, DEPTHS, MANY_TASKS, NO_PROBE
from harness.settings.in_force import InForce, Values, one, table
from harness.stages.result import AuditSettings
from harness.task.model import Unusable
from harness.task.runners import runner_of


def as_set(task: AnyTask, in_force: InForce) -> AnyTask:
    """The task under the rules of its runner, and with the images that stand for its FROMs where an override names
    others than the run's."""
    if not isinstance(task, Unusable):
        values = in_force.task(task.name, task.path) if in_force.overridden else in_force.run()
        task = task.run_by(runner_of(one(values, "runner")))
    if not in_force.overridden:
        return task
    images = table(in_force.task(task.name, task.path), "image")
    if isinstance(task, Unusable) or images == table(in_force.run(), "image"):
        return task
    must_be_there(images)
    return task.on_images(images)


def overrides_json(in_force: InForce, tasks: Sequence[AnyTask], command: str) -> dict[str, Any]:
    """For a report's options: the config file, and what is in force for some tasks only."""
    if in_force.file is None:
        return {}
    run = in_force.run()
    own: dict[str, dict[str, Any]] = {}
    for task in tasks if in_force.overridden else ():
        values = in_force.task(task.name, task.path)
        different = {
            ".".join(key): value.value
            for key, value in values.items()
            if command in BY_NAME[key[0]].commands and (key not in run or run[key].value != value.value)
        }
        if different:
            own[task.name] = different
    return {"config": str(in_force.file.path), "overrides": own}


def control_settings(values: Values) -> ControlSettings:
    return ControlSettings(one(values, "repeat"), one(values, "network"), one(values, "timeout-factor"))


def wish(values: Values) -> Wish:
    return Wish(
        operators=frozenset(one(values, "operator")),
        faults=frozenset(one(values, "fault")),
        sources=frozenset(one(values, "source")),
        budget=budget(values),
        seed=one(values, "seed"),
        skipped_operators=frozenset(one(values, "skip-operator")),
        skipped_faults=frozenset(one(values, "skip-fault")),
    )


def budget(values: Values) -> int:
    exact: int | None = one(values, "budget")
    return exact if exact is not None else DEPTHS[one(values, "depth")]


def probes(values: Values) -> frozenset[Probe]:
    named = one(values, "probe")
    if named:
        return frozenset(Probe(name) for name in named if name != NO_PROBE)
    depth = one(values, "depth")
    if depth == "quick":
        return frozenset({Probe.HIDDEN, Probe.WORDS})
    return frozenset(Probe) - (frozenset() if depth == "deep" else {Probe.LEAST, Probe.CONFORM})


def thresholds(values: Values) -> Thresholds:
    found = Thresholds(**table(values, "threshold"))
    if found.adequate > found.strong:
        raise UsageError(
            f"The threshold `adequate` ({found.adequate:g}) is above `strong` ({found.strong:g}).",
            hint="A strong task is an adequate one and more.",
        )
    return found


def until_sure(values: Values, tasks: int) -> bool:
    asked: str = one(values, "until-sure")
    return tasks > MANY_TASKS if asked == "auto" else asked == "always"


def audit_settings(values: Values, tasks: int = 1) -> AuditSettings:
    """`tasks`: how many there are."""
    quick = one(values, "depth") == "quick"
    return AuditSettings(
        control_settings(values),
        wish(values),
        thresholds(values),
        first_failure=quick,
        probes=probes(values),
        least_trials=one(values, "least-trials"),
        reuse=not one(values, "no-reuse"),
        until_sure=until_sure(values, tasks),
    )


def rules(values: Values) -> Rules:
    return Rules(one(values, "fail-under"), frozenset(one(values, "fail-on")))
