"""A Terminal-Bench 1 trial: the order and the rules of terminal-bench 0.2.18's own harness with its oracle."""

from __future__ import annotations

import shlex
import time
from contextlib import ExitStack
from dataclasses import replace

import yaml

from harness.engine.contract import Box, Command
from harness.task.model import Keys, Scoring, Step
from harness.trial.acting import act
from harness.trial.record import Kind, Note, Phase, PhaseName, Trouble, TroubleKind
from harness.trial.resuming import put_scripts, resume, same_end
from harness.trial.session import CHORE, LOG_KEPT, Session, Stop, step_record
from harness.trial.terminal import Terminal
from harness.verifier.log import solve_trouble
from harness.verifier.reward import RewardFault, RewardProblem, Rewards, weighted
from harness.verifier.test_report import Resolution, TestReport, parse_text, passed_by_name, plain, terminal_bench

TEXT_READ = 4 << 20


def terminal_bench_trial(session: Session) -> Rewards | RewardProblem:
    step = session.task.steps[0]
    with ExitStack() as boxes:
        box = boxes.enter_context(session.open_main())
        with session.turn():
            session.look_at_image(box)
            before = session.look(box)
            session.change_before(box)
            terminal, solve_log = _solve(session, box, step)
            session.change_after(box, lambda line: login_shell(line, CHORE, user=step.agent_user))
            session.solved(box, step, before)
            earlier = same_end(session, box)
            if earlier is not None:
                session.steps.append(replace(earlier.steps[0], solve_proof=solve_trouble(solve_log or "")))
                assert earlier.rewards is not None
                return earlier.rewards
            goes_on = resume(session, box)
            put_tests(session, box, step)
            put_scripts(session, box, goes_on)
            text, oom = _verify(session, box, step, terminal, solve_log)
            session.look_for_effect(box)
            session.read_plugin(box, step)
            session.verified(box, step.verifier.user or "root")
            full = box.full()
    report = parse_text(text)
    rewards, notes = score(step, text, report)
    session.steps.append(
        step_record(session, step.name, rewards, report, text, solve_log, oom=oom, full=full, notes=notes)
    )
    return rewards


def put_tests(_session: Session, box: Box, step: Step) -> None:
    for folder in step.verifier.folders:
        box.put(folder, "/tests")
    for source, target in step.verifier.extra_files:
        box.put(source, target)


def verifier_command(session: Session, step: Step, first: str = "") -> Command:
    """Where the tests have a shell of their own."""
    user = step.agent_user if step.verifier.same_shell else step.verifier.user or "root"
    return login_shell(f"{first}bash {shlex.quote(step.verifier.script)}", session.verify_limit(step), user=user)


def _solve(session: Session, box: Box, step: Step) -> tuple[Terminal | None, str | None]:
    """Session solution.sh, or type solution.yaml's keys; the terminal is kept for tests that share its shell."""
    if session.plan.kind is Kind.NOP:
        return None, None
    if session.plan.actions is not None:
        return act(session, box, step, session.plan.actions)
    solution = step.solution
    if solution is None:
        raise Stop(Trouble(TroubleKind.NO_SOLUTION, "the task has no reference solution to run"))
    if solution.script.suffix == ".sh":
        session.put_solution(box, solution, step.name)
        script = f"{solution.target}/{solution.script.name}"
        command = solve_command(session, step)
        return None, session.run(box, command, PhaseName.SOLVE, step.name, script=script)[1]
    keys = solution.keys
    replaced = session.replaced(solution, step.name).get(solution.script.name)
    if session.plan.kind is Kind.HOLLOW:
        keys = ()
    elif replaced is not None:
        keys = _read_keys(replaced)
    return _type(session, box, step, keys)


def solve_command(session: Session, step: Step) -> Command:
    """Of a solution that is a script."""
    solution = step.solution
    assert solution is not None
    # Tests that are typed into the same shell never start behind a solution that does not end.
    goes_on = not session.leaves and not step.verifier.same_shell
    line = f"bash {shlex.quote(f'{solution.target}/{solution.script.name}')}"
    return login_shell(line, session.solve_limit(step), user=step.agent_user, left_running=goes_on)


def _read_keys(data: bytes) -> tuple[Keys, ...]:
    """The keys of a replaced solution.yaml, with terminal-bench's own defaults."""
    entries = yaml.safe_load(data)
    return tuple(
        Keys(
            str(entry["command"]),
            float(entry.get("min_timeout_sec", 0.0)),
            float(entry.get("max_timeout_sec", 180.0)),
            bool(entry.get("block", False)),
            bool(entry.get("append_enter", True)),
        )
        for entry in entries
    )


def _type(session: Session, box: Box, step: Step, keys: tuple[Keys, ...]) -> tuple[Terminal, str]:
    start = time.monotonic()
    limit = session.solve_limit(step)
    terminal = Terminal(box, step.agent_user)
    status: int | None = 0
    for key in keys:
        left = limit - (time.monotonic() - start)
        if left <= 0:
            status = None
            break
        if not terminal.type(key, left, session.cancel):
            # The runner stops typing here and goes on to the tests.
            status = 124 if time.monotonic() - start < limit else None
            break
    text = terminal.text()
    seconds = round(time.monotonic() - start, 4)
    session.phases.append(Phase(PhaseName.SOLVE, step.name, seconds, status, limit, log=plain(text)[-LOG_KEPT:]))
    if status is None and session.leaves:
        raise Stop
    return terminal, text


def _verify(
    session: Session, box: Box, step: Step, terminal: Terminal | None, solve_log: str | None
) -> tuple[str, bool]:
    """The text that the runner would parse, and whether memory ran out."""
    first = session.bring_plugin(box, step)
    limit = session.verify_limit(step)
    if step.verifier.same_shell and terminal is not None:
        start = time.monotonic()
        line = f"{first}bash {shlex.quote(step.verifier.script)}"
        ended = terminal.type(Keys(line, max_timeout=limit, block=True), limit, session.cancel)
        text = terminal.text()
        seconds = round(time.monotonic() - start, 4)
        status = 0 if ended else None
        session.phases.append(Phase(PhaseName.VERIFY, step.name, seconds, status, limit, log=plain(text)[-LOG_KEPT:]))
        if not ended:
            raise Stop
        return text, False
    shell = verifier_command(session, step, first)
    done, text = session.run(box, shell, PhaseName.VERIFY, step.name, script=step.verifier.script)
    # One shell is one screen: what the solution printed is parsed too.
    return (f"{solve_log or ''}\n{text}" if step.verifier.same_shell else text), done.oom


def login_shell(line: str, timeout: float, *, user: str | None, left_running: bool = False) -> Command:
    """A line as typed into a fresh terminal: a login shell that reads its profile and bashrc. What the shell itself
    says about having no terminal is dropped; what the line prints is not."""
    inner = f"{{ {line}; }} 2>&1"
    return Command(
        ("sh", "-c", f"exec bash -lic {shlex.quote(inner)} 2>/dev/null"),
        timeout,
        user=user,
        output_limit=TEXT_READ,
        left_running=left_running,
    )


def score(step: Step, text: str, report: TestReport) -> tuple[Rewards | RewardProblem, tuple[Note, ...]]:
    """The reward by the task's rule, with a note wherever that rule pays for something other than passed tests."""
    if step.verifier.scoring is Scoring.WEIGHTS:
        rewards = weighted(step.verifier.weights, _results(text, report))
        return rewards, ()
    found = terminal_bench(text, step.verifier.parser)
    if found.results is None:
        return _without_summary(found, report)
    notes: tuple[Note, ...] = ()
    if not found.results:
        notes = (Note("empty-summary", "the tests' summary lists no result, which the runner counts as resolved"),)
    elif found.lenient:
        notes = (
            Note("lenient-status", f"counted as passed though skipped or expected to fail: {', '.join(found.lenient)}"),
        )
    return {"reward": 1.0 if found.resolved else 0.0}, notes


def _results(text: str, report: TestReport) -> dict[str, bool]:
    found = terminal_bench(text, "pytest")
    return dict(found.results) if found.results else passed_by_name(report.tests)


def _without_summary(found: Resolution, report: TestReport) -> tuple[Rewards | RewardProblem, tuple[Note, ...]]:
    """pytest without -rA prints no summary when all passed: its closing count then says so just as surely."""
    tally = report.tally
    if report.source == "pytest" and tally is not None and tally.finished and not report.bad and tally.passed:
        note = Note(
            "no-summary",
            f"{found.error}, so the runner's own parser gives no result; read as resolved from pytest's closing count "
            f"of {tally.passed} passed. Session pytest with -rA.",
        )
        return {"reward": 1.0}, (note,)
    return RewardProblem(RewardFault.NO_RESULTS, found.error), ()
