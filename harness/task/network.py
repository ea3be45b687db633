"""Which boxes of a task get a network. Pure.

A box's network cannot be changed or filtered while it runs, so the phases that share a box get the same network. If one
of them declares none, the box has none; else if one declares `public`, the box has the network. If the task declares
nothing (the formats' default is public) or allows some hosts only, the reference runs without a network first, and
with one only if that fails.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.task.model import Network, NetworkMode, Task

MODES = ("auto", "on", "off")


@dataclass(frozen=True, slots=True)
class Networks:
    """Whether the main box, and the separate verifier's box, have a network."""

    main: bool = False
    verifier: bool = False

    @property
    def any(self) -> bool:
        return self.main or self.verifier


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    tries: tuple[Networks, ...]
    """One or two: the reference runs with each in turn until it is paid."""
    notes: tuple[str, ...] = ()
    lacking: str = ""
    """Why boxes get no network that they would have had, where this machine can make none, and what to install."""


def plan_network(task: Task, mode: str = "auto", lacking: str = "", always: str = "") -> NetworkPlan:
    """`mode` is the user's setting: `off` gives no task a network, `on` gives one to all tasks that do not forbid it.

    `lacking` is why this machine can make none, where it cannot: the task is run without, which most need no more than.
    `always` is why boxes are never without one: a task that allows one has it, and the boxes of any other are refused.
    """
    main: list[Network] = [task.environment.network]
    verifier: list[Network] = []
    for step in task.steps:
        main += [step.agent_network] if step.agent_network else []
        inside = step.verifier.separate
        its_own = [step.verifier.network] if step.verifier.network else []
        if inside is None:
            main += its_own
        else:
            verifier += [inside.network, *its_own]
    first = Networks(_first(main), _first(verifier))
    most = Networks(_most(main), _most(verifier))
    notes = tuple(dict.fromkeys(_notes(main) + _notes(verifier)))
    if always and most.any and mode != "off":
        return NetworkPlan((most,), (*notes, f"It ran with a network: {always}."))
    if mode == "off":
        return NetworkPlan((Networks(),), notes)
    if lacking and most.any:
        ran = (f"It asks for a network and was run without. {lacking}",) if first.any or mode == "on" else ()
        return NetworkPlan((Networks(),), (*notes, *ran), lacking)
    if mode == "on" or first == most:
        return NetworkPlan((most,), notes)
    return NetworkPlan((first, most), notes)


def _first(policies: Iterable[Network]) -> bool:
    policies = list(policies)
    return _most(policies) and any(p.declared and p.mode is NetworkMode.PUBLIC for p in policies)


def _most(policies: Iterable[Network]) -> bool:
    policies = list(policies)
    return bool(policies) and all(policy.mode is not NetworkMode.NONE for policy in policies)


def _notes(policies: list[Network]) -> list[str]:
    notes = []
    modes = {policy.mode for policy in policies}
    if NetworkMode.NONE in modes and any(p.declared and p.mode is not NetworkMode.NONE for p in policies):
        notes.append(
            "Its phases ask for different networks in one box; the box has none, because one of them forbids it."
        )
    elif NetworkMode.ALLOWLIST in modes:
        hosts = ", ".join(dict.fromkeys(host for policy in policies for host in policy.hosts))
        notes.append(
            f"It allows some hosts only ({hosts or 'none named'}); boxes cannot filter by host, so it runs without a "
            "network, or with the whole network if the reference is not paid without one."
        )
    return notes
