"""A trial under way: boxes, phases, time limits and the solution's files, as both formats' trials need them."""

from __future__ import annotations

import re
import shlex
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from harness.engine.box_end import BoxEnd
from harness.engine.contract import Box, BoxSpec, Command, Engine, Exit, Healthcheck, Image, Kept
from harness.engine.lists.reach import Asked, Reach
from harness.engine.services import ServiceFailed, not_healthy, wait_until_healthy
from harness.task.model import Environment, Network, Solution, Step, Task
from harness.task.texts import verifier_texts
from harness.trial.boxes import LOGS, box_spec, healthcheck_of, open_services, walled
from harness.trial.circumstances import make_after, make_before, took_effect
from harness.trial.end_state import Before, EndState, changes, look, look_beside, with_services
from harness.trial.ends import Ends
from harness.trial.hanging import running
from harness.trial.image_survey import Survey, survey
from harness.trial.observed import after_verifying, run_besides, run_cases
from harness.trial.plan import (
    Begun,
    Built,
    Judge,
    LeftBehind,
    Means,
    Observe,
    Plan,
    Ready,
    RecordPrograms,
    SurveyImage,
    TightenTests,
    TryClaims,
    Turn,
    WatchTests,
)
from harness.trial.record import Kind, Note, Phase, PhaseName, StepRecord, Trouble, TroubleKind
from harness.trial.standins import Recorded, install, read_recorded
from harness.trial.watching import noted, seen
from harness.trial.watching.calls import RECORDER, Call, Observed, read_calls
from harness.trial.watching.noted import Notes, read_notes
from harness.trial.watching.seen import FOLDER, TOLD, WatchedTests, read_watched
from harness.verifier.log import read_log, signs, solve_trouble
from harness.verifier.reward import RewardProblem, Rewards
from harness.verifier.test_report import MOST_TESTS, TestReport, TestStatus, plain, shortened

LOG_KEPT = 6_000
"""Characters of a phase's log that a record keeps: its end."""
LOG_READ = 1 << 20
"""Bytes of a log that are read for results and evidence: its end."""
LOOK_READ = 8 << 20
"""Bytes of what the plugin tells that are read."""
CHORE = 60.0
"""Seconds for a command of the harness's own, such as chmod."""
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_CALLS_GO = re.compile(r"\bgo\s+test\b|\bgotestsum\b")
_PLUGINS = Path(__file__).parent / "watching"
# Whoever runs the tests has to be able to write what they told. Verifiers often set PYTHONPATH themselves, so the
# plugin is among a user's own packages, too, with those that users have already.
_BRING = f"""cd {FOLDER} && chmod 755 . && : > {TOLD} && chmod 666 {TOLD} && mkdir -p kept && chmod 777 kept
for minor in 7 8 9 10 11 12 13 14 15; do
  site=lib/python3.$minor/site-packages
  mkdir -p $site && ln -sf {FOLDER}/*.py $site/ && ls -d /root/.local/$site /home/*/.local/$site > $site/own.pth
done 2>/dev/null; true"""
# For tests that are a Python program of their own: whatever Python is started on a file of /tests loads the recorder.
_PLAIN = (
    'import os; c = open("/proc/self/cmdline", "rb").read() if os.environ.get("FOOLSGOLD_TEXTS") else b""; '
    f'b"/tests/" in c and b"pytest" not in c and __import__("{RECORDER}").plain()'
)
_BRING_PLAIN = f"""cd {FOLDER} && for site in lib/python3.*/site-packages; do
  printf '%s\\n' {shlex.quote(_PLAIN)} >$site/foolsgold.pth
done"""
HOLLOW_SCRIPT = b"#!/bin/sh\nexit 0\n"


class Stop(Exception):
    """The trial ends here; the record says why."""

    def __init__(self, trouble: Trouble | None = None) -> None:
        super().__init__()
        self.trouble = trouble
        self.rewards: Rewards | RewardProblem | None = None
        """What the runner pays for the steps before."""


class Session:
    """A trial under way: the phases so far, and how the two formats' runners make more."""

    def __init__(
        self,
        engine: Engine,
        task: Task,
        built: Built,
        plan: Plan,
        cancel: threading.Event,
        turn: Turn,
        ready: Ready | None = None,
        ends: Ends | None = None,
        begun: Begun | None = None,
    ) -> None:
        self.engine = engine
        self.task = task
        self.built = built
        self.plan = plan
        self.cancel = cancel
        self.phases: list[Phase] = []
        self.steps: list[StepRecord] = []
        self.state: EndState | None = None
        self.effective: bool | None = None
        self.looked: WatchedTests | None = None
        self.notes: Notes | None = None
        self.image: Survey | None = None
        self.observed: Observed | None = None
        self.observed_before: list[Observed] = []
        self.recorded: Recorded | None = None
        self.claims: tuple[Call, ...] | None = None
        self.ready = ready
        """What the tests may go on from."""
        self.not_reused = ""
        self.ends = ends
        """What earlier trials of the task left, and came to."""
        self.beside: dict[str, Box] = {}
        """The services beside the one that is solved in."""
        self.end: BoxEnd | None = None
        """What solving left in the box, where that is to be told."""
        self.begun, self.done = begun, 0
        """What the solution may go on from, and how many of its statements this one need not run."""
        self.not_begun = ""
        self.same_as = ""
        """The trial of which it took the verdict."""
        self.asked: dict[Asked, None] = {}
        self.waited = 0.0
        """Seconds for its turn, which are no part of the trial."""
        self._turn = turn
        self._has_turn = False

    @property
    def leaves(self) -> LeftBehind | None:
        """Set where the trial is to see what solving leaves behind, and nothing else."""
        purpose = self.plan.purpose
        return purpose if isinstance(purpose, LeftBehind) else None

    @property
    def observes(self) -> Observe | None:
        """Set where the trial is to be observed."""
        purpose = self.plan.purpose
        return purpose if isinstance(purpose, Observe) else None

    def may_use(self, means: Means) -> bool:
        return self.plan.may_use(means)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until it is this trial's turn to run the task's programs; it may have it already."""
        with ExitStack() as held:
            if not self._has_turn:
                start = time.monotonic()
                held.enter_context(self._turn())
                self._has_turn = True
                self.waited += time.monotonic() - start
                held.callback(setattr, self, "_has_turn", False)
            if self.cancel.is_set():
                raise Stop(Trouble(TroubleKind.ENGINE, "interrupted"))
            yield

    @property
    def main_spec(self) -> BoxSpec:
        """The box that the solution runs in, as it is asked for."""
        environment, networks = self.task.environment, self.plan.networks
        reach = networks.reach(environment.network)
        return self._spec(self.built.main, environment, networks.main, LOGS, reach)

    def open_main(self) -> AbstractContextManager[Box]:
        """The box that the solution runs in."""
        on: tuple[Kept, ...] = ()
        step = self.task.steps[0]
        if self.begun is not None and self.may_use(Means.BEGINNING) and step.solution is not None:
            files = self.replaced(step.solution, step.name)
            script = step.solution.script
            name = script.relative_to(step.solution.folder).as_posix()
            if files.keys() <= {name} and not self.plan.circumstances.any:
                text = files.get(name, script.read_bytes())
                self.done, on = self.begun.shared(text.decode("utf-8", "surrogateescape"))
        return self.open(self.built.main, self.task.environment, network=self.plan.networks.main, on=on)

    @contextmanager
    def open(
        self,
        image: Image,
        environment: Environment,
        *,
        network: bool,
        step: str = "",
        logs: tuple[str, ...] = LOGS,
        on: tuple[Kept, ...] = (),
    ) -> Iterator[Box]:
        """A box of that environment, started as the runner starts it, with its files in place."""
        if self.cancel.is_set():
            raise Stop(Trouble(TroubleKind.ENGINE, "interrupted"))
        start = time.monotonic()
        reach = self.plan.networks.reach(environment.network)
        spec = replace(self._spec(image, environment, network, logs, reach), on=on)
        # A box whose own program runs from its start is not made ready before its turn.
        with (
            self.turn() if spec.main or environment.sidecars else nullcontext(),
            self._opened(spec, environment, step) as box,
        ):
            for source, target in environment.files:
                box.put(source, target or environment.workdir or image.config.workdir or "/")
            self.phases.append(Phase(PhaseName.START, step, round(time.monotonic() - start, 4)))
            if self.task.format.waits_until_healthy:
                check = healthcheck_of(image, environment)
                if check is not None:
                    self.wait_until_healthy(box, check, image.config.shell, step, environment.recipe.timeout)
            yield box

    @contextmanager
    def phase(self, box: Box, environment: Environment, policy: Network | None) -> Iterator[None]:
        """Meanwhile the box has the network of a phase that has a policy of its own."""
        networks = self.plan.networks
        usual = networks.reach(environment.network)
        reach = networks.reach(policy) if policy is not None else usual
        on = networks.main if environment is self.task.environment else networks.verifier
        if not on or reach is None or usual is None or reach == usual:
            yield
            return
        box.allow(reach)
        yield
        box.allow(usual)

    @contextmanager
    def _opened(self, spec: BoxSpec, environment: Environment, step: str) -> Iterator[Box]:
        if not environment.sidecars:
            with self.engine.open(spec) as box:
                yield from self._watched(box)
            return
        prefix = "" if environment is self.task.environment else f"{step}/"
        try:
            with open_services(
                self.engine,
                spec,
                environment,
                {name.removeprefix(prefix): image for name, image in self.built.sidecars.items()},
                walled=walled(self.task),
                all_healthy=self.task.format.waits_until_healthy,
                pause=self.cancel.wait,
                meet=self.beside.__setitem__ if not prefix else None,
            ) as box:
                yield from self._watched(box)
        except ServiceFailed as error:
            raise Stop(Trouble(TroubleKind.HEALTHCHECK, str(error))) from error

    def _watched(self, box: Box) -> Iterator[Box]:
        try:
            yield box
        finally:
            self.asked |= dict.fromkeys(box.asked())

    def run(
        self,
        box: Box,
        command: Command,
        name: PhaseName,
        step: str,
        *,
        log: Callable[[Exit], str] | None = None,
        script: str = "",
    ) -> tuple[Exit, str]:
        """A phase of the trial: its exit and its whole log. Ends the trial where it ran out of time and nothing is left
        that could go on. `script`: what the command runs, by which its processes are known."""
        looks = bool(script) and isinstance(self.plan.purpose, Judge) and self.plan.purpose.hang
        done = box.run(replace(command, left_running=True) if looks else command)
        there = running(box, script) if looks and done.left_running else ()
        gone = done.timed_out and not done.left_running  # and the box's files with it
        text = done.output.decode("utf-8", "replace") if log is None or gone else log(done)
        seconds, kept = round(done.seconds, 4), plain(text)[-LOG_KEPT:]
        self.phases.append(Phase(name, step, seconds, done.status, command.timeout, done.oom, kept, there))
        if gone or (done.timed_out and not command.left_running):
            raise Stop
        return done, text

    def chore(self, box: Box, script: str, *, user: str | None = "root", cwd: str | None = None) -> Exit:
        """A command of the harness's own, which is no phase."""
        return box.run(Command(("sh", "-c", script), CHORE, user=user, cwd=cwd))

    def empty(self, box: Box, folder: str, *, open_to_all: bool = False) -> None:
        """Make a folder that is there and empty, without replacing one that is."""
        d = shlex.quote(folder)
        script = (
            f"if [ -L {d} ] || {{ [ -e {d} ] && [ ! -d {d} ]; }}; then rm -rf {d}; fi; "
            f"mkdir -p {d} && rm -rf {d}/..?* {d}/.[!.]* {d}/*"
        )
        self.chore(box, f"{script}; chmod 777 {d}" if open_to_all else script)

    def healthcheck(self, box: Box, check: Healthcheck, step: str, user: str | None) -> None:
        """Harbor's rule: failures in the start period do not count; a check that hangs fails at once."""
        start = time.monotonic()
        failures = 0
        while True:
            counts = time.monotonic() - start >= check.start_period
            limit = max(1.0, float(int(check.timeout)))
            done = box.run(Command(("bash", "-c", check.command), limit, user=user))
            if done.status == 0:
                break
            failures += counts
            text = plain(done.output.decode("utf-8", "replace")).strip()
            if done.timed_out or failures >= check.retries:
                seconds = round(time.monotonic() - start, 4)
                self.phases.append(
                    Phase(PhaseName.HEALTHCHECK, step, seconds, done.status or 1, limit, done.oom, text[-LOG_KEPT:])
                )
                how = (
                    f"did not end within {limit:g} s"
                    if done.timed_out
                    else f"failed {failures} times, at last with status {done.status}"
                )
                raise Stop(
                    Trouble(
                        TroubleKind.HEALTHCHECK,
                        f"the healthcheck `{check.command}` {how}" + (f": {text.splitlines()[-1]}" if text else ""),
                    )
                )
            if self.cancel.wait(check.interval if counts else check.start_interval):
                raise Stop(Trouble(TroubleKind.ENGINE, "interrupted"))
        self.phases.append(Phase(PhaseName.HEALTHCHECK, step, round(time.monotonic() - start, 4)))

    def wait_until_healthy(self, box: Box, check: Healthcheck, shell: tuple[str, ...], step: str, limit: float) -> None:
        """What `docker compose up --wait` waits for."""
        found = wait_until_healthy(box, check, shell, limit, self.cancel.wait)
        if found is None:
            raise Stop(Trouble(TroubleKind.ENGINE, "interrupted"))
        waited, seconds, done = found
        if done.status == 0:
            self.phases.append(Phase(PhaseName.HEALTHCHECK, step, round(waited, 4)))
            return
        text = plain(done.output.decode("utf-8", "replace")).strip()
        self.phases.append(
            Phase(PhaseName.HEALTHCHECK, step, round(waited, 4), done.status or 1, seconds, done.oom, text[-LOG_KEPT:])
        )
        raise Stop(Trouble(TroubleKind.HEALTHCHECK, not_healthy(check, found)))

    def put_solution(self, box: Box, solution: Solution, step: str) -> None:
        """The solution folder, then the replaced files over it, with the modes of the originals."""
        if self.plan.replacement_in(step).alone:
            self.chore(box, f"mkdir -p {shlex.quote(solution.target)}")
        elif solution.only:
            for name in solution.only:
                box.put(solution.folder / name, f"{solution.target}/{name}")
        else:
            put_folder(box, solution.folder, solution.target, solution.left_out)
        files = self.replaced(solution, step)
        if self.begun is not None and self.done:
            name = solution.script.relative_to(solution.folder).as_posix()
            text = files.get(name, solution.script.read_bytes()).decode("utf-8", "surrogateescape")
            files[name] = self.begun.beginning.going_on(text, self.done).encode("utf-8", "surrogateescape")
        if files:
            with tempfile.TemporaryDirectory(prefix="foolsgold-") as folder:
                for name, content in files.items():
                    write_like(solution.folder, name, content, Path(folder))
                box.put(Path(folder), solution.target)

    def replaced(self, solution: Solution, step: str) -> dict[str, bytes]:
        if self.plan.kind is Kind.HOLLOW:
            return {solution.script.relative_to(solution.folder).as_posix(): HOLLOW_SCRIPT}
        replacement = self.plan.replacement_in(step)
        if replacement.step not in (None, step):
            return {}
        files = dict(replacement.files)
        if replacement.step is None and len(self.task.steps) > 1:
            files = {name: content for name, content in files.items() if (solution.folder / name).is_file()}
        return files

    def _spec(
        self, image: Image, environment: Environment, network: bool, logs: tuple[str, ...], reach: Reach | None
    ) -> BoxSpec:
        mounted = self.task.runner.mounts_logs
        return self._elsewhere(box_spec(image, environment, network, logs, reach, mounted=mounted))

    def _elsewhere(self, spec: BoxSpec) -> BoxSpec:
        """The box in the trial's own circumstances."""
        wanted = self.plan.circumstances
        path = spec.env.get("PATH") or spec.image.config.env.get("PATH") or DEFAULT_PATH
        env = {name: value.replace("$PATH", path) for name, value in wanted.env.items()}
        return replace(spec, env={**spec.env, **env}, hostname=wanted.hostname or spec.hostname)

    def look(self, box: Box) -> Before | None:
        """Remember how its services are before solving, where what that leaves is to be seen."""
        if not (self.leaves or self.observes):
            return None
        look_beside(self.beside)
        return look(box)

    def change_before(self, box: Box) -> None:
        make_before(box, self.plan.circumstances)

    def change_after(self, box: Box, as_solver: Callable[[str], Command]) -> None:
        """Ends the trial where the change that it is about was not made. `as_solver`: the line run like a solution."""
        why = make_after(box, self.plan.circumstances)
        seen = self.plan.circumstances.seen
        if seen and not why and box.run(as_solver(seen)).status != 0:
            why = "a solution that ran here would not have seen it"
        if why:
            raise Stop(Trouble(TroubleKind.NOT_MADE, f"the change was not made: {why}"))

    def look_for_effect(self, box: Box) -> None:
        """Of several steps it is enough that one came upon the change."""
        found = took_effect(box, self.plan.circumstances)
        if found is not None:
            self.effective = found or bool(self.effective)

    def look_at_image(self, box: Box) -> None:
        """Ends the trial where this is all that it is for."""
        if isinstance(self.plan.purpose, SurveyImage):
            self.image = survey(box, self.task.environment.workdir or self.built.main.config.workdir)
            raise Stop

    def bring_plugin(self, box: Box, step: Step) -> str:
        """What the shell that starts the verifier has to do first, '' for nothing. The tests are there already."""
        purpose = self.plan.purpose
        if isinstance(purpose, TightenTests):
            plugin = noted.PLUGIN
            self._rewrite_tests(box, step, purpose.files.get(step.name, {}))
        elif isinstance(purpose, WatchTests):
            plugin = seen.PLUGIN
        elif isinstance(purpose, Observe):
            plugin = RECORDER
        else:
            return ""
        box.put(_PLUGINS / f"{plugin}.py", f"{FOLDER}/{plugin}.py")
        self.chore(box, _BRING)
        texts = ""
        if isinstance(purpose, Observe) and purpose.texts:
            self.chore(box, _BRING_PLAIN)
            texts = "export FOOLSGOLD_TEXTS=1; "
        return (
            f"{texts}export FOOLSGOLD_LOOK={TOLD} PYTHONUSERBASE={FOLDER} "
            f'PYTHONPATH="{FOLDER}${{PYTHONPATH:+:$PYTHONPATH}}" '
            f'PYTEST_PLUGINS="${{PYTEST_PLUGINS:+$PYTEST_PLUGINS,}}{plugin}"; '
        )

    def _rewrite_tests(self, box: Box, step: Step, files: Mapping[str, bytes]) -> None:
        for folder in step.verifier.folders:
            own = {name: content for name, content in files.items() if (folder / name).is_file()}
            with tempfile.TemporaryDirectory(prefix="foolsgold-") as written:
                for name, content in own.items():
                    write_like(folder, name, content, Path(written))
                if own:
                    box.put(Path(written), "/tests")

    def read_plugin(self, box: Box, step: Step) -> None:
        if isinstance(self.plan.purpose, WatchTests):
            found = read_watched(box.read(TOLD, limit=LOOK_READ), step.name)
            self.looked = found if self.looked is None else self.looked.and_then(found)
        elif isinstance(self.plan.purpose, TightenTests):
            notes = read_notes(box.read(TOLD, limit=LOOK_READ), step.name)
            self.notes = notes if self.notes is None else self.notes.and_then(notes)
        elif self.observed is not None:
            self.observed = replace(self.observed, calls=read_calls(box.read(TOLD, limit=LOOK_READ)))

    def solved(self, box: Box, step: Step, before: Before | None) -> None:
        """See what solving changed, where that is to be seen. Ends the trial where this is all that it is for."""
        if self.leaves is not None and self.leaves.step in ("", step.name):
            self.state = self._changed(box, step, before, keep=self.leaves.contents)
            raise Stop
        if self.observes is not None:
            self.observed_before += [self.observed] if self.observed is not None else []
            self.observed = Observed(self._changed(box, step, before, keep=True), step=step.name)
        purpose = self.plan.purpose
        if isinstance(purpose, TryClaims):
            self.claims = run_besides(box, purpose.commands, step.agent_user)
            raise Stop
        if isinstance(purpose, RecordPrograms):
            workdir = self.task.environment.workdir or self.built.main.config.workdir or "/"
            why = install(box, purpose.standins, purpose.watch, workdir)
            if why:
                raise Stop(Trouble(TroubleKind.NOT_MADE, why))

    def _changed(self, box: Box, step: Step, before: Before | None, *, keep: bool) -> EndState | None:
        target = step.solution.target if step.solution is not None else "/solution"
        left = changes(box, before, target, keep=keep) if before is not None else None
        return with_services(left, self.beside) if left is not None else None

    def verified(self, box: Box, user: str | None) -> None:
        """See what is there when the verifier has ended, in the box that was solved in."""
        if self.observes is not None and self.observed is not None:
            after = after_verifying(box, self.observed.left, self.observes.paths)
            ran = run_besides(box, self.observes.besides, user)
            self.observed = replace(self.observed, after=after, besides=ran)
        if isinstance(self.plan.purpose, RecordPrograms):
            self.recorded = read_recorded(box)

    def do_cases(self, box: Box, user: str | None) -> None:
        """Where the tests have run. Ends the trial where a later step would tell nothing more."""
        if self.observes is None or self.observed is None or not self.observes.cases:
            return
        last = self.task.steps[-1].name
        if self.observed.step == (self.observes.step or last):
            self.observed = replace(self.observed, cases=run_cases(box, self.observes.cases, user))
            if self.observed.step != last:
                raise Stop

    def verifier_env(self, step: Step) -> dict[str, str]:
        env, separate = step.verifier.env, step.verifier.separate
        if not (isinstance(self.plan.purpose, Judge) and self.plan.purpose.first_failure):
            return dict(env)
        image = self.built.main if separate is None else self.built.verifiers[step.name]
        given = {**image.config.env, **(separate or self.task.environment).env, **env}
        calls_go = any(map(_CALLS_GO.search, verifier_texts(self.task, step).values()))
        stops = {"PYTEST_ADDOPTS": "-x", **({"GOFLAGS": "-failfast"} if calls_go else {})}
        return {**env, **{name: f"{given.get(name, '')} {option}".strip() for name, option in stops.items()}}

    def solve_limit(self, step: Step) -> float:
        return self.plan.limits.solve.get(step.name, step.agent_timeout)

    def verify_limit(self, step: Step) -> float:
        return self.plan.limits.verify.get(step.name, step.verifier.timeout)


def put_folder(box: Box, source: Path, target: str, left_out: Sequence[Path]) -> None:
    """Copy a folder into the box without what is left out of it."""
    if not left_out:
        box.put(source, target)
        return
    gone = frozenset(left_out)
    with tempfile.TemporaryDirectory(prefix="foolsgold-") as scratch:
        kept = Path(scratch, source.name)
        shutil.copytree(
            source, kept, symlinks=True, ignore=lambda place, names: {one for one in names if Path(place, one) in gone}
        )
        box.put(kept, target)


def write_like(original: Path, name: str, content: bytes, folder: Path) -> None:
    """Write `name` below `folder` with the modes that it and its parents have below `original`."""
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    for path in (target, *target.parents):
        if path == folder.parent:
            break
        twin = original / path.relative_to(folder)
        path.chmod(twin.stat().st_mode & 0o7777 if twin.exists() else 0o755)


def step_record(
    session: Session,
    name: str,
    rewards: Rewards | RewardProblem,
    report: TestReport,
    text: str,
    solve_log: str | None,
    *,
    oom: bool,
    full: bool,
    notes: tuple[Note, ...],
) -> StepRecord:
    lenient = [test.name for test in report.tests if test.status is TestStatus.SKIPPED]
    if lenient and not isinstance(rewards, RewardProblem):
        were = "test was" if len(lenient) == 1 else "tests were"
        notes += (Note("skipped-tests", f"{len(lenient)} {were} skipped: {', '.join(lenient[:5])}"),)
    if len(report.tests) > MOST_TESTS:
        told = (
            f"the tests report {len(report.tests):,} results: the first {MOST_TESTS:,} and those that failed are kept"
        )
        notes += (Note("many-tests", told),)
    return StepRecord(
        name,
        None if isinstance(rewards, RewardProblem) else rewards,
        rewards if isinstance(rewards, RewardProblem) else None,
        shortened(report),
        read_log(text, report, oom=oom, full=full, known=session.plan.known),
        solve_trouble(solve_log or ""),
        signs(text),
        notes=notes,
    )
