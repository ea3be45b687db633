"""What tells each survivor from the reference, in a test or in none; or what was tried. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.harden.choosing import catches
from harness.harden.model import Pin
from harness.harden.results import Hardened, Known, ToldApart
from harness.harden.sides import sides


def witnesses(known: Known, result: Hardened, why: str) -> None:
    """Adds them to the result. `why`: why the step has no new test; '' where it has one."""
    for label, seens in known.wrong.items():
        if not seens or not known.tried:
            continue  # what was not seen to the end is not said to be alike
        if label in result.caught:
            written = [pin for each in result.kept if label in each.proof.catches for pin in each.test.pins]
            found = [pin for pin in written if label in catches(pin, {label: seens})]
        else:
            found = [pin for pin in known.pins if label in catches(pin, {label: seens})]
        if found:
            result.told[label] = _told_apart(known, result, label, found, why)
            result.alike.pop(label, None)
            result.untried.pop(label, None)
        elif label not in result.caught and known.programs and not known.tried.keys() - {"look"}:
            result.untried[label] = "what the tests give its programs is not known, so none of them was run"
        elif label not in result.caught and label not in result.untried:
            tried = ", ".join(f"{known.tried[kind]} {name}" for kind, name in _KINDS.items() if known.tried.get(kind))
            result.alike[label] = "; ".join(filter(None, (result.alike.get(label), tried)))


_KINDS = {
    "own": "own tests on other input",
    "run": "runs",
    "call": "calls",
    "look": "look at files",
    "ask": "requests",
}


def _told_apart(known: Known, result: Hardened, label: str, found: Sequence[Pin], why: str) -> ToldApart:
    best = min(found, key=lambda pin: (bool(pin.unstated), pin.case.cost + pin.weight))
    reason = "" if label in result.caught else why or "no test of it could be proven"
    if reason and best.unstated:
        reason = f"pins-unstated: {best.unstated}"
    seen = sides(best.case, known.reference[best.case.id], known.wrong[label][0][best.case.id])
    return ToldApart(best.case.how, best.says, seen, reason, bool(reason and best.unstated))
