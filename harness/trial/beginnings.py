"""Runs a solution's first statements once and keeps what they left in layers: variants begin on the last they share.

A layer ends where enough time has passed, and before a statement that fails or leaves something running. That the shell
is the same for whoever goes on from a layer is seen from what it says of itself there and where it ran through.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from harness.engine.contract import Box, BoxSpec, Command, Engine, Keeping, Kept, NotKept
from harness.errors import EngineError
from harness.task.harbor import HARBOR
from harness.task.model import Step, Task
from harness.task.network import Networks
from harness.task.terminal_bench import TERMINAL_BENCH
from harness.testcode.beginning import REACHED, STATE, Beginning, beginning_of, shell_state
from harness.trial import harbor, terminal_bench
from harness.trial.end_state import processes
from harness.trial.plan import Begun, Built, Plan, Replacement, Turn
from harness.trial.record import Kind
from harness.trial.session import CHORE, Session

EACH = 0.3
"""Seconds that the statements of a layer take, at least."""
MOST = 12
_SOLVE: Mapping[str, Callable[[Session, Step], Command]] = {
    HARBOR.name: harbor.solve_command,
    TERMINAL_BENCH.name: terminal_bench.solve_command,
}
# Of what is not kept: what lies there has to be as it was.
_LOOK = (
    "find {target} -printf '%p %y %s %m %T@\\n' | sort; "
    "find /logs ! -name oracle.txt -printf '%p %y %m\\n' | sort; "
    "find /dev/mqueue -type f; find /dev/shm -mindepth 1 ! -name '.foolsgold-*'; "
    "cat /etc/hosts /etc/hostname /etc/resolv.conf; "
    "cat /proc/sysvipc/shm /proc/sysvipc/sem /proc/sysvipc/msg"
)


class _Early(NotKept):
    """The statement behind `reached` is none that can be kept."""

    def __init__(self, reached: int, why: str) -> None:
        super().__init__(why)
        self.reached = reached


def make_beginning(
    engine: Engine,
    task: Task,
    built: Built,
    networks: Networks,
    *,
    most: int,
    token: str,
    cancel: threading.Event,
    turn: Turn,
) -> Begun | str:
    """Or why nothing is kept. `most`: how many statements are worth it; `token`: names the audit, of which what is kept
    is."""
    step = task.steps[0]
    solution = step.solution
    if len(task.steps) > 1 or step.name or solution is None or solution.keys:
        return "the task has several steps, or no script that solves it"
    text = solution.script.read_bytes().decode("utf-8", "surrogateescape")
    whole = beginning_of(text)
    beginning = whole.upto(most) if whole is not None else None
    if beginning is None:
        return "the solution does not begin with statements that leave files only"
    session = Session(engine, task, built, Plan(Kind.REFERENCE, networks=networks), cancel, turn)
    environment = task.environment
    healthy = environment.healthcheck or environment.service_healthcheck or built.main.config.healthcheck
    if environment.sidecars:
        return "a solution may change what its sidecars hold, which is not kept"
    if session.main_spec.main or environment.files or healthy:
        return "the image runs a program of its own, mounts files, or has to be healthy first"
    if session.main_spec.reach is not None:
        return "its network keeps to a list of hosts, which may be another for the solution"
    started = time.monotonic()
    recording = _Recording(session, beginning, token)
    try:
        with session.turn():
            recording.run()
    except (NotKept, EngineError) as error:
        recording.why = str(error)
    if not recording.layers:
        recording.drop()
        return f"what the solution's first statements leave was not kept: {recording.why}"
    took = round(time.monotonic() - started, 4)
    return Begun(recording.beginning, tuple(recording.layers), token, tuple(recording.keys), took, recording.saves)


class _Recording:
    def __init__(self, session: Session, beginning: Beginning, token: str) -> None:
        self.session, self.beginning, self.token = session, beginning, token
        self.step = session.task.steps[0]
        self.layers: list[tuple[int, Kept]] = []
        """With how many statements are done by then."""
        self.keys: list[str] = []
        self.why = ""
        self.saves: dict[int, float] = {}
        self._shell: dict[int, tuple[bytes, ...]] = {}

    def run(self) -> None:
        """Raises NotKept or EngineError where it cannot go further; what is in `layers` then is good."""
        every = len(self.beginning.statements)
        while (done := self.done) < every and len(self.layers) < MOST:
            try:
                reached, kept = self._layer(done, every)
            except _Early as early:
                if early.reached <= done:
                    raise
                reached, kept = self._layer(done, early.reached)
                every = reached
            self.layers.append((reached, kept))
            if not self._goes_on():
                self.layers.pop()
                raise NotKept("a shell that goes on from there is not the same")

    @property
    def done(self) -> int:
        return self.layers[-1][0] if self.layers else 0

    def drop(self) -> None:
        for key in self.keys:
            self.session.engine.drop(key)

    def _on(self) -> BoxSpec:
        return replace(self.session.main_spec, on=tuple(kept for _, kept in self.layers))

    def _layer(self, done: int, last: int) -> tuple[int, Kept]:
        reached = 0

        def do(box: Box) -> None:
            nonlocal reached
            reached = self._record(box, done, last)

        solution = self.step.solution
        assert solution is not None
        key = repr((self.token, self.session.task.digest, done, last))
        self.keys.append(key)
        about = f"what the solution of {self.session.task.name} begins with"
        kept = self.session.engine.keep(key, about, self._on(), Keeping(do, (solution.target,), stacks=True))
        if kept is None:
            raise NotKept(f"the {self.session.engine.name} engine keeps nothing")
        if not reached:
            raise NotKept("somebody else has kept it")
        return reached, kept

    def _record(self, box: Box, done: int, last: int) -> int:
        self._bring(box, self.beginning.recorded(done, last, EACH))
        before, ran = self._look(box), processes(box)
        ran_for = box.run(_SOLVE[self.session.task.format.name](self.session, self.step)).seconds
        told = (box.read(REACHED) or b"0").split()
        reached = int(told[0])
        if told[1:] != [b"whole"]:
            raise _Early(reached, "a statement fails, or leaves something running")
        if self._look(box) != before:
            raise NotKept("it changed the solution's own files, logs or shared memory")
        still = processes(box)
        if ran is None or still is None or still - ran:
            raise NotKept("it left something running")
        self.saves[reached] = round(self.saves.get(done, 0.0) + ran_for, 4)
        for number in range(done + 1, reached + 1):
            if self.beginning.statements[number - 1].sets:
                self.beginning = self.beginning.knowing(number, self._told_at(box, number))
        self._shell[reached] = shell_state(self._told_at(box, reached))
        return reached

    def _goes_on(self) -> bool:
        done = self.done
        with self.session.engine.open(self._on()) as box:
            self._bring(box, self.beginning.asked(done))
            box.run(_SOLVE[self.session.task.format.name](self.session, self.step))
            return shell_state(self._told_at(box, done)) == self._shell[done]

    def _told_at(self, box: Box, number: int) -> bytes:
        told = box.read(f"{STATE}-{number}", limit=4 << 20)
        if not told:
            raise NotKept("the shell does not tell how it is")
        return told

    def _bring(self, box: Box, text: str) -> None:
        solution = self.step.solution
        assert solution is not None
        name = solution.script.relative_to(solution.folder).as_posix()
        self.session.plan = replace(
            self.session.plan, replacement=Replacement({name: text.encode("utf-8", "surrogateescape")})
        )
        self.session.put_solution(box, solution, self.step.name)
        harbor.make_executable(self.session, box, f"{solution.target}/{name}", solution.script)

    def _look(self, box: Box) -> bytes:
        solution = self.step.solution
        assert solution is not None
        script = f"{{ {_LOOK.format(target=solution.target)}; }} 2>/dev/null | sha256sum"
        done = box.run(Command(("sh", "-c", script), CHORE, user="root"))
        if done.status != 0:
            raise NotKept("the image lacks the tools to look at it")
        return done.output
