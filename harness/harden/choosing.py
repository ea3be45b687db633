"""Which pins, and so which tests: the fewest that catch every survivor which any of them catches. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from harness.harden.model import BoxCase, Pin, Seen

MOST_PINS = 8
"""Of one test."""

Seens = Mapping[str, Seen]
"""What was seen of each case, by its id, in one box."""


def steady(pins: Iterable[Pin], right: Sequence[Seens]) -> list[Pin]:
    """Those that hold wherever a right solution was seen in their case."""
    return [pin for pin in pins if all(pin.holds(seens[pin.case.id]) for seens in right if pin.case.id in seens)]


def allowed_pins(pins: Iterable[Pin], *, unstated: bool) -> list[Pin]:
    """Those that a test may have. `unstated`: what the instruction does not state may be pinned, too."""
    return [pin for pin in pins if unstated or not pin.unstated]


def catches(pin: Pin, wrong: Mapping[str, Sequence[Seens]]) -> frozenset[str]:
    """The survivors that it tells from the reference in every box in which they were seen."""
    return frozenset(
        label
        for label, boxes in wrong.items()
        if boxes and all(pin.case.id in seens and not pin.holds(seens[pin.case.id]) for seens in boxes)
    )


def smallest(caught: Mapping[Pin, frozenset[str]]) -> dict[Pin, frozenset[str]]:
    """Greedily: what catches most first, and of these what asks least of the simplest case. A pin of a case that is
    there already costs less than another case."""
    wanted = frozenset().union(*caught.values()) if caught else frozenset()
    chosen: dict[Pin, frozenset[str]] = {}
    cases: set[str] = set()
    while wanted:
        best = max(
            caught,
            key=lambda pin: (len(caught[pin] & wanted), pin.case.id in cases, -pin.case.cost - pin.weight, pin.key),
        )
        new = caught[best] & wanted
        if not new:
            break
        chosen[best] = new
        cases.add(best.case.id)
        wanted -= new
    return _least(chosen, caught)


def _least(chosen: Mapping[Pin, frozenset[str]], caught: Mapping[Pin, frozenset[str]]) -> dict[Pin, frozenset[str]]:
    """In place of each pin the least that the same case offers for the same survivors."""
    found: dict[Pin, frozenset[str]] = {}
    for pin, labels in chosen.items():
        same = [other for other in caught if other.case.id == pin.case.id and labels <= caught[other]]
        found[min(same, key=lambda other: (other.weight, len(other.says), other.says))] = labels
    return found


def by_case(chosen: Mapping[Pin, frozenset[str]]) -> list[tuple[BoxCase, dict[Pin, frozenset[str]]]]:
    found: dict[str, dict[Pin, frozenset[str]]] = defaultdict(dict)
    for pin, labels in chosen.items():
        found[pin.case.id][pin] = labels
    return [(next(iter(pins)).case, pins) for pins in found.values()]
