"""What is done to a trial besides solving and verifying: other surroundings, and changes to what solving left."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.engine.contract import Box, Command
from mutator.operators.preserving import Touch
from mutator.operators.state import Action, Chmod, Remove, Stop, Write

PATIENCE = 60.0
_BROUGHT = "/dev/shm/.foolsgold-brought"  # noqa: S108 - in the box, where nobody else is


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Empty for every control and every mutant of the solution's text."""

    env: Mapping[str, str] = field(default_factory=dict)
    """Of every process of the box. `$PATH` in a value is the box's own."""
    hostname: str = ""
    before: str = ""
    """Run by root's shell before solving."""
    after: str = ""
    """Run by root's shell between solving and verifying."""
    actions: tuple[Action | Touch, ...] = ()
    """Done to what solving left, in this order."""
    proof: str = ""
    """Run by root's shell before verifying: where it fails, the change was not made and the trial tells nothing."""
    seen: str = ""
    """The same, but run the way that the format runs a solution: whether one would see the surroundings."""
    effect: str = ""
    """Run by root's shell after verifying: whether the verifier came upon the change."""

    @property
    def any(self) -> bool:
        return self != Circumstances()

    @property
    def around(self) -> bool:
        """Whether more is changed than files that solving left: a trial so says nothing of others, nor they of it."""
        return bool(self.env or self.hostname or self.before or self.effect)

    @property
    def changes(self) -> bool:
        """Whether anything is done, as opposed to looked at."""
        return replace(self, proof="", seen="", effect="").any


def make_before(box: Box, wanted: Circumstances) -> None:
    if wanted.before:
        box.run(Command(("sh", "-c", wanted.before), PATIENCE, user="root"))


def make_after(box: Box, wanted: Circumstances) -> str:
    """Why the change could not be made, '' where it was."""
    if wanted.after:
        box.run(Command(("sh", "-c", wanted.after), PATIENCE, user="root"))
    for action in wanted.actions:
        script = _script(box, action)
        done = box.run(Command(("sh", "-c", script), PATIENCE, user="root"))
        if done.status != 0:
            said = done.output.decode("utf-8", "replace").strip().splitlines()[-1:]
            return said[0] if said else f"`{script[:80]}` ended with {done.status}"
    if wanted.proof:
        done = box.run(Command(("sh", "-c", wanted.proof), PATIENCE, user="root"))
        if done.status != 0:
            return f"`{wanted.proof[:120]}` ended with {done.status}"
    return ""


def took_effect(box: Box, wanted: Circumstances) -> bool | None:
    """None where there is no telling."""
    if not wanted.effect:
        return None
    return box.run(Command(("sh", "-c", wanted.effect), PATIENCE, user="root")).status == 0


def _script(box: Box, action: Action | Touch) -> str:
    match action:
        case Write(path, data):
            with tempfile.TemporaryDirectory(prefix="foolsgold-") as folder:
                brought = Path(folder, "brought")
                brought.write_bytes(data)
                box.put(brought, _BROUGHT)
            # Into the file that is there: its owner and mode stay.
            return f"cat {_BROUGHT} > {shlex.quote(path)} && rm -f {_BROUGHT}"
        case Remove(path):
            return f"rm -rf -- {shlex.quote(path)}"
        case Chmod(path, mode):
            return f"chmod {mode:o} -- {shlex.quote(path)}"
        case Touch(path, seconds):
            return f"touch -d @{seconds} -- {shlex.quote(path)}"
        case Stop(pid):
            return (
                f"kill {pid} && i=0 && while kill -0 {pid} 2>/dev/null && [ $i -lt 50 ]; do sleep 0.1; i=$((i+1)); done"
            )
