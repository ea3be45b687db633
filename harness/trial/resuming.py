"""Lets a trial's tests go on from what their preparation left on the controls, where the solution left that alone."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.engine.changes import Changes
from harness.engine.contract import Box
from harness.task.model import Step
from harness.trial.plan import Means
from harness.trial.record import Kind, Phase, PhaseName, TrialRecord
from harness.trial.session import DEFAULT_PATH, Session, write_like
from harness.trial.untouched import why_not

Scripts = Mapping[str, str]


def resume(session: Session, box: Box) -> Scripts:
    """Put what was kept into the box, before the tests are; gives the tests' scripts that go on from there, none where
    they prepare themselves."""
    if not session.may_use(Means.PREPARATION):
        return {}
    ready = session.ready
    if ready is None:
        session.not_reused = "nothing was kept here"
        return {}
    start = time.monotonic()
    done = box.changes()
    if done is not None and session.begun is not None:
        done = session.begun.changed(session.done, done)
    image, environment = session.built.main, session.task.environment
    path = environment.env.get("PATH") or image.config.env.get("PATH") or DEFAULT_PATH
    session.not_reused = (
        "what the solution changed cannot be told"
        if done is None
        else why_not(without_solution(done, session), ready.kept.changes, path, ready.preparation.statements)
    )
    if session.not_reused:
        return {}
    box.give(ready.kept)
    session.phases.append(Phase(PhaseName.PREPARE, "", round(time.monotonic() - start, 4)))
    return ready.preparation.resumed()


def same_end(session: Session, box: Box) -> TrialRecord | None:
    """An earlier trial that left just what this one has left, of which the verdict is taken."""
    ends = session.ends
    if ends is None or not ends.looks(session.plan):
        return None
    session.end = box.end(ends.look(session.plan))
    if session.done and session.plan.kind is Kind.REFERENCE:
        path = ends.differing(session.end) if session.end is not None else "what cannot be looked at"
        session.not_begun = f"what it leaves is not the same: {path}" if path else ""
    if session.end is None or not session.may_use(Means.END):
        return None
    found = ends.same(session.end, session.plan)
    if found is not None:
        verified = found.phase(PhaseName.VERIFY)
        assert verified is not None
        session.same_as = f"{found.kind} {found.label}".strip()
        session.phases.append(replace(verified, seconds=0.0))
    return found


def without_solution(done: Changes, session: Session) -> Changes:
    """Without the solution's own files, which lie where the format's runner puts them."""
    solution = session.task.steps[0].solution
    if solution is None:
        return done
    target = solution.target.rstrip("/")
    entries = {path: what for path, what in done.entries.items() if not f"{path}/".startswith(f"{target}/")}
    return Changes(entries, done.passed)


def put_scripts(session: Session, box: Box, scripts: Scripts) -> None:
    """Over the tests' own."""
    if scripts:
        put_over(box, session.task.steps[0], scripts)


def put_over(box: Box, step: Step, scripts: Scripts) -> None:
    verifier = step.verifier
    with tempfile.TemporaryDirectory(prefix="foolsgold-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for path, text in scripts.items():
            inside = [one for one in reversed(verifier.folders) if (one / path).is_file()]
            given = [source.parent for source, target in verifier.extra_files if target == f"/tests/{path}"]
            write_like((given or inside)[0], path, text.encode("utf-8", "surrogateescape"), folder)
            if path == verifier.script.removeprefix("/tests/"):
                (folder / path).chmod((folder / path).stat().st_mode | 0o111)
        box.put(folder, "/tests")
