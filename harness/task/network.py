"""Which boxes of a task get a network, and what of it. Pure.

The whole network of a box cannot be changed while it runs, so the phases that share a box get the same. If one of them
declares none, the box has none; else if one declares `public`, the box has the network. If the task declares nothing
(the formats' default is public), the reference runs without a network first, and all other trials have one only if that
fails.

Where a phase allows some hosts only, each phase gets what it declares: a list can be changed while its box runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from harness.engine.lists.reach import Reach
from harness.task.model import Network, NetworkMode, Task

RECORD = "record"
MODES = ("auto", "on", "off", RECORD)


class Extent(StrEnum):
    """What a box reaches that has a network."""

    WHOLE = "whole"
    LISTED = "listed"
    """What each phase's own policy lets through."""
    RECORDED = "recorded"
    """Every host by TCP, and which is written down."""


@dataclass(frozen=True, slots=True)
class Networks:
    """Whether the main box, and the separate verifier's box, have a network."""

    main: bool = False
    verifier: bool = False
    extent: Extent = Extent.WHOLE

    @property
    def any(self) -> bool:
        return self.main or self.verifier

    def reach(self, policy: Network) -> Reach | None:
        """What a phase with that policy reaches; None is everything, unwatched."""
        if self.extent is Extent.WHOLE:
            return None
        if policy.mode is NetworkMode.NONE:
            return Reach()
        anything = self.extent is Extent.RECORDED or policy.mode is NetworkMode.PUBLIC
        return Reach(anything=True) if anything else Reach(policy.hosts)


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    tries: tuple[Networks, ...]
    """One or two: the reference runs with each in turn until it is paid."""
    notes: tuple[str, ...] = ()
    lacking: str = ""
    """Why boxes get no network that they would have had, where this machine can make none, and what to install."""


def plan_network(
    task: Task, mode: str = "auto", lacking: str = "", always: str = "", no_lists: str = ""
) -> NetworkPlan:
    """`mode` is the user's setting: `off` gives no task a network, `on` gives one to all tasks that do not forbid it.

    `lacking` is why this machine can make none, where it cannot: the task is run without, which most need no more than.
    `always` is why boxes are never without one: a task that allows one has it, and the boxes of any other are refused.
    `no_lists` is why no box's network can keep to a list.
    """
    main, verifier = _policies(task)
    if mode != "off" and not always and (mode == RECORD or _listed([*main, *verifier])):
        extent = Extent.RECORDED if mode == RECORD else Extent.LISTED
        return _watched(Networks(_some(main), _some(verifier), extent), main, verifier, no_lists)
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


def _policies(task: Task) -> tuple[list[Network], list[Network]]:
    """Of the phases in the main box, and of those in a separate verifier's."""
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
    return main, verifier


def _watched(asked: Networks, main: list[Network], verifier: list[Network], no_lists: str) -> NetworkPlan:
    if no_lists and asked.any:
        return NetworkPlan(
            (Networks(),), (f"It keeps to a list of hosts and was run without a network. {no_lists}",), no_lists
        )
    open_too = any(_listed(box) and any(p.mode is NetworkMode.PUBLIC for p in box) for box in (main, verifier))
    notes = (
        "A phase of it has the whole network in a box that keeps to a list in another: it reaches every host, by TCP.",
    )
    return NetworkPlan((asked,), notes if open_too and asked.extent is Extent.LISTED else ())


def _listed(policies: Iterable[Network]) -> bool:
    return any(policy.mode is NetworkMode.ALLOWLIST for policy in policies)


def _some(policies: Iterable[Network]) -> bool:
    return any(policy.mode is not NetworkMode.NONE for policy in policies)


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
        notes.append(f"It allows some hosts only ({hosts or 'none named'}), which is not kept to here.")
    return notes
