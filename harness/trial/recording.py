"""Runs the preparation of a task's tests once, on the image before anybody solved anything, and keeps what it left."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from harness.engine.contract import Box, BoxSpec, Command, Engine, Keeping, NotKept
from harness.errors import EngineError
from harness.task.harbor import HARBOR
from harness.task.model import Step, Task
from harness.task.network import Networks
from harness.task.terminal_bench import TERMINAL_BENCH
from harness.task.texts import verifier_texts
from harness.testcode.preparation.cut import DONE, Preparation, preparation_of
from harness.trial import harbor, terminal_bench
from harness.trial.end_state import processes
from harness.trial.plan import Built, Plan, Ready, Turn
from harness.trial.record import Kind
from harness.trial.resuming import put_over
from harness.trial.session import Session

_LARGEST_SCRIPT = 200_000
_PATIENCE = 60.0
_LONGEST = 600.0
"""Seconds that a preparation may take at least."""
_UV = ("/root/.cache/uv", "/root/.local/share/uv")
"""What uv fetches to run a tool. What it built of somebody's sources is not among it."""
_MADE_AGAIN = ("/var/cache/apt/pkgcache.bin", "/var/cache/apt/srcpkgcache.bin")
"""80 MB that apt makes of its lists whenever it misses them, and tests hardly ever call it again."""
_APT_LISTS = ("/var/lib/apt/lists",)
"""Another 80 MB, which nobody but apt reads."""
_CALLS_APT = re.compile(r"\bapt\b|aptitude|apt_pkg|install-deps")
_LOOK = "cd /tests && find . -printf '%p %y %s %m %T@\\n' | sort | sha256sum"


@dataclass(frozen=True, slots=True)
class _Format:
    put_tests: Callable[[Session, Box, Step], None]
    command: Callable[[Session, Step], Command]


_FORMATS: Mapping[str, _Format] = {
    HARBOR.name: _Format(harbor.put_tests, harbor.verifier_command),
    TERMINAL_BENCH.name: _Format(terminal_bench.put_tests, terminal_bench.verifier_command),
}


def preparation_in(task: Task) -> Preparation | None:
    """What of the tests' script can be kept; None where nothing is, or where it is not this simple."""
    step = task.steps[0]
    verifier = step.verifier
    if len(task.steps) > 1 or step.name or verifier.separate is not None or verifier.owns_tests or verifier.same_shell:
        return None
    if verifier.left_out:
        return None
    files: dict[str, str] = {}
    for folder in verifier.folders:
        for path in sorted(folder.rglob("*.sh")):
            if path.is_file() and path.stat().st_size <= _LARGEST_SCRIPT:
                files[path.relative_to(folder).as_posix()] = path.read_bytes().decode("utf-8", "surrogateescape")
    for source, target in verifier.extra_files:
        if target.startswith("/tests/") and source.suffix == ".sh":
            files[target.removeprefix("/tests/")] = source.read_bytes().decode("utf-8", "surrogateescape")
    return preparation_of(verifier.script.removeprefix("/tests/"), files)


def calls_apt(task: Task, preparation: Preparation) -> bool:
    """Whether tests that go on from what was kept may call apt once more."""
    resumed = {preparation.texts[name]: text for name, text in preparation.resumed().items()}
    texts = (resumed.get(text, text) for text in verifier_texts(task, task.steps[0]).values())
    lines = (line for text in texts for line in text.splitlines() if not line.lstrip().startswith("#"))
    return any(_CALLS_APT.search(line) for line in lines)


def make_ready(
    engine: Engine, task: Task, built: Built, networks: Networks, *, cancel: threading.Event, turn: Turn
) -> Ready | str:
    """Or why nothing is kept."""
    preparation = preparation_in(task)
    if preparation is None:
        return "the tests' script installs nothing that can be kept"
    session = Session(engine, task, built, Plan(Kind.NOP, networks=networks), cancel, turn)
    spec = session.main_spec
    if task.environment.sidecars:
        return "what the tests prepare may reach its sidecars, which are not kept"
    if spec.main or task.environment.files:
        return "the image runs a program of its own, or mounts files"
    if spec.reach is not None:
        return "its network keeps to a list of hosts, which may be another for the tests"
    recording = _Recording(session, preparation, _FORMATS[task.format.name])
    started = time.monotonic()
    try:
        with session.turn():
            kept = engine.keep(
                _key(session, spec, preparation, recording.what.aside),
                f"what the tests of {task.name} install",
                spec,
                recording.what,
            )
    except (NotKept, EngineError) as error:
        return f"what the tests prepare was not kept: {error}"
    if kept is None:
        return f"the {engine.name} engine keeps nothing"
    return Ready(kept, preparation, round(time.monotonic() - started, 4))


def _key(session: Session, spec: BoxSpec, preparation: Preparation, aside: Sequence[str]) -> str:
    """Packages age: what was kept yesterday is not what is installed today."""
    step = session.task.steps[0]
    verifier = step.verifier
    facts: list[object] = [session.task.digest, spec.image.id, sorted(spec.env.items()), spec.workdir, spec.user]
    facts += [spec.network, sorted(verifier.env.items()), verifier.user, sorted(preparation.recorded().items())]
    facts += [datetime.now(UTC).date().isoformat(), sorted(preparation.resumed().items()), aside]
    return repr(facts)


class _Recording:
    def __init__(self, session: Session, preparation: Preparation, form: _Format) -> None:
        self.session, self.preparation, self.form = session, preparation, form
        self.step = session.task.steps[0]

    @property
    def what(self) -> Keeping:
        solution = self.step.solution
        lists = () if calls_apt(self.session.task, self.preparation) else _APT_LISTS
        aside = ("/tests", solution.target if solution is not None else "/solution", *_MADE_AGAIN, *lists)
        warm = self.preparation.warms_uv and self.step.verifier.user in (None, "root", "0")
        return Keeping(self.prepare, aside, self.run_on if warm else None, _UV if warm else ())

    def prepare(self, box: Box) -> None:
        if not self.preparation.kept:
            return
        self.form.put_tests(self.session, box, self.step)
        put_over(box, self.step, self.preparation.recorded())
        before, ran = self._told(box, _LOOK), processes(box)
        done = box.run(self._command())
        if done.timed_out or box.read(DONE) != b"done":
            raise NotKept("a part of it failed, or it ended early")
        if self._told(box, _LOOK) != before:
            raise NotKept("it changed the tests")
        still = processes(box)
        if ran is None or still is None or still - ran:
            raise NotKept("it left something running")

    def run_on(self, box: Box) -> None:
        """Run the rest on what was prepared: what uv fetches by then is fetched."""
        self.form.put_tests(self.session, box, self.step)
        put_over(box, self.step, self.preparation.resumed())
        if box.run(self._command()).timed_out:
            raise NotKept("the tests did not end")
        self._told(box, "rm -rf /root/.cache/uv/sdists-v*")

    def _command(self) -> Command:
        """With more patience than a trial has: nothing is judged by it."""
        command = self.form.command(self.session, self.step)
        return replace(command, timeout=max(command.timeout, _LONGEST))

    def _told(self, box: Box, script: str) -> bytes:
        done = box.run(Command(("sh", "-c", script), _PATIENCE, user="root"))
        if done.status != 0:
            raise NotKept("the image lacks the tools to look at it")
        return done.output
