"""A Harbor trial: the order and the rules of Harbor's own runner with its oracle (or nop), in the task's version."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from harness.engine.contract import Box, Command, Exit
from harness.task.model import Scoring, Step
from harness.task.texts import is_left_out
from harness.task.unsent import IGNORE
from harness.trial.acting import act
from harness.trial.artifacts import carried, restore
from harness.trial.boxes import LOGS
from harness.trial.ends import EXIT_CODE, SOLVE_LOG
from harness.trial.record import Kind, Note, PhaseName, StepRecord, Trouble, TroubleKind
from harness.trial.resuming import put_scripts, resume, same_end
from harness.trial.session import CHORE, LOG_READ, Session, Stop, put_folder, step_record
from harness.verifier.log import solve_trouble
from harness.verifier.reward import (
    REWARD_LIMIT,
    RewardFault,
    RewardProblem,
    Rewards,
    combine,
    gate,
    read_rewards,
    weighted,
)
from harness.verifier.test_report import passed_by_name, read_report

AGENT_LOGS = "/logs/agent"
VERIFIER_LOGS = "/logs/verifier"
REWARDS = ("reward.json", "reward.txt")
TEST_LOG = f"{VERIFIER_LOGS}/test-stdout.txt"
REPORT_LIMIT = 4 << 20
REPORTS_READ = 12


def harbor_trial(session: Session) -> Rewards | RewardProblem:
    multi = len(session.task.steps) > 1 or session.task.steps[0].name != ""
    said: list[Rewards | RewardProblem] = []
    with ExitStack() as boxes:
        box = boxes.enter_context(session.open_main())
        with session.turn():
            if session.task.environment.healthcheck is not None:
                session.healthcheck(box, session.task.environment.healthcheck, "", None)
            session.look_at_image(box)
            for index, step in enumerate(session.task.steps):
                last = index == len(session.task.steps) - 1
                if multi:
                    if not session.task.runner.mounts_logs:
                        session.empty(box, AGENT_LOGS, open_to_all=True)
                    _prepare(session, box, step)
                before = session.look(box)
                session.change_before(box)
                with session.phase(box, session.task.environment, step.agent_network):
                    solve_log = _solve(session, box, step)
                session.change_after(box, partial(_as_solver, step))
                session.solved(box, step, before)
                for hook in step.verifier.collect:
                    _collect(session, box, step, hook.command, hook.timeout, hook.user)
                try:
                    if step.verifier.separate is not None:
                        record = _verify_apart(session, box, step, boxes if last else None, solve_log)
                    else:
                        if multi:
                            session.empty(box, VERIFIER_LOGS, open_to_all=True)
                            session.empty(box, "/tests")
                        with session.phase(box, session.task.environment, step.verifier.network):
                            record = _verify(session, box, step, solve_log)
                        session.verified(box, step.verifier.user)
                        session.do_cases(box, step.verifier.user)
                except Stop as stop:
                    if said and stop.trouble is None:
                        stop.rewards = combine(session.task.reward_strategy, [*said, _silence()])
                    raise
                said.append(record.rewards if record.rewards is not None else record.problem or _silence())
                stopped = _stops(said[-1], step) if multi and not last else ""
                session.steps.append(_with_stop(record, stopped))
                if stopped:
                    break
                if multi and not last:
                    _clear_up(session, box, step)
    return combine(session.task.reward_strategy, said) if multi else said[0]


def _clear_up(session: Session, box: Box, step: Step) -> None:
    """The runner moves a step's logs away where they are its own folders, and clears what a shared verifier left."""
    shared = step.verifier.separate is None
    if session.task.runner.mounts_logs:
        for folder in LOGS:
            session.empty(box, folder, open_to_all=True)
    elif shared:
        session.empty(box, VERIFIER_LOGS, open_to_all=True)
    if shared:
        session.empty(box, "/tests")


def _silence() -> RewardProblem:
    missing = read_rewards(None, None)
    assert isinstance(missing, RewardProblem)
    return missing


def _with_stop(record: StepRecord, stopped: str) -> StepRecord:
    return replace(record, stopped=stopped) if stopped else record


def _stops(rewards: Rewards | RewardProblem, step: Step) -> str:
    """A step without a reward ends the trial, and so does one below its min_reward."""
    if isinstance(rewards, RewardProblem):
        return f"step {step.name} has no reward"
    return gate(rewards, step.min_reward)


def _prepare(session: Session, box: Box, step: Step) -> None:
    """A step's own files, setup.sh and healthcheck; a failure ends the trial before the step is verified."""
    if step.workdir_files is not None:
        where = box.run(Command(("bash", "-c", "pwd"), 60.0, user=step.agent_user))
        workdir = where.output.decode("utf-8", "replace").strip() or "/"
        box.put(step.workdir_files, workdir)
        if step.setup is not None:
            script = f"{workdir.rstrip('/')}/setup.sh"
            command = Command(
                ("bash", "-c", f"bash {shlex.quote(script)}"), session.solve_limit(step), user=step.agent_user
            )
            done, text = session.run(box, command, PhaseName.SETUP, step.name)
            if done.status != 0:
                last = text.strip().splitlines()[-1:] or [""]
                raise Stop(
                    Trouble(TroubleKind.SETUP, f"setup.sh of step {step.name} ended with {done.status}: {last[0]}")
                )
    if step.healthcheck is not None:
        session.healthcheck(box, step.healthcheck, step.name, step.agent_user)


def _solve(session: Session, box: Box, step: Step) -> str | None:
    """Upload and run the solution; None where the control has none to run."""
    if session.plan.kind is Kind.NOP:
        return None
    actions = session.plan.actions_in(step.name)
    if actions is not None:
        return act(session, box, step, actions)[1]
    solution = step.solution
    if solution is None:
        where = f"step {step.name}" if step.name else "the task"
        raise Stop(Trouble(TroubleKind.NO_SOLUTION, f"{where} has no reference solution to run"))
    _must_be_sent(solution.script, solution.left_out)
    session.put_solution(box, solution, step.name)
    script = f"{solution.target}/{solution.script.relative_to(solution.folder).as_posix()}"
    make_executable(session, box, script, solution.script)
    command = solve_command(session, step)
    done, text = session.run(
        box, command, PhaseName.SOLVE, step.name, log=lambda done: _log(box, SOLVE_LOG, done), script=script
    )
    if done.status:
        # Beside its log, as the runner writes it down. Where /logs is gone there is nothing to write it to yet.
        put_back = "" if session.task.runner.mounts_logs else f"mkdir -p {AGENT_LOGS}; "
        session.chore(box, f"{put_back}printf {done.status} > {EXIT_CODE}")
    return text


def _must_be_sent(script: Path, left_out: Sequence[Path]) -> None:
    if script.exists() and is_left_out(script, left_out):
        raise Stop(
            Trouble(
                TroubleKind.UNSUPPORTED,
                f"its own {IGNORE} leaves out {script.name}, and the format's runner refuses that",
                f"Let it name {script.name} no more.",
            )
        )


def solve_command(session: Session, step: Step) -> Command:
    solution = step.solution
    assert solution is not None
    script = f"{solution.target}/{solution.script.relative_to(solution.folder).as_posix()}"
    return Command(
        ("bash", "-c", f"({shlex.quote(script)}) > {SOLVE_LOG} 2>&1"),
        session.solve_limit(step),
        env={"DEBIAN_FRONTEND": "noninteractive", **solution.env},
        user=step.agent_user,
        left_running=not session.leaves,
    )


def _as_solver(step: Step, line: str) -> Command:
    return Command(("bash", "-c", line), CHORE, user=step.agent_user)


def make_executable(session: Session, box: Box, script: str, original: Path) -> None:
    """chmod +x, as the runner does; needless where the file arrives executable for all."""
    if script.endswith(".sh") and original.stat().st_mode & 0o111 != 0o111:
        session.chore(box, f"chmod +x {shlex.quote(script)}")


def _log(box: Box, path: str, done: Exit) -> str:
    """A log file of the box and, where the command printed past it, that too (such as a missing bash)."""
    return ((box.read(path, limit=-LOG_READ) or b"") + done.output).decode("utf-8", "replace")


def _collect(session: Session, box: Box, step: Step, command: str, timeout: float, user: str | None) -> None:
    what = Command(("bash", "-c", command), max(1.0, timeout), user=user, left_running=True)
    session.run(box, what, PhaseName.COLLECT, step.name)


def _verify_apart(session: Session, box: Box, step: Step, boxes: ExitStack | None, solve_log: str | None) -> StepRecord:
    """Verify in the verifier's own environment; the main box is closed first where no later step needs it."""
    assert step.verifier.separate is not None
    with carried(session, box, step) as artifacts:
        if boxes is not None:
            boxes.close()
        with session.open(
            session.built.verifiers[step.name],
            step.verifier.separate,
            network=session.plan.networks.verifier,
            step=step.name,
            logs=(VERIFIER_LOGS,),
        ) as other:
            if not session.task.runner.mounts_logs:
                session.empty(other, VERIFIER_LOGS, open_to_all=True)
            restore(session, other, step, artifacts)
            with session.phase(other, step.verifier.separate, step.verifier.network):
                record = _verify(session, other, step, solve_log)
            session.do_cases(other, step.verifier.user)
            return record


def put_tests(session: Session, box: Box, step: Step) -> None:
    verifier = step.verifier
    if not verifier.owns_tests:
        for one in verifier.folders:
            _must_be_sent(one / verifier.script.removeprefix("/tests/"), verifier.left_out)
        for folder in verifier.folders:
            put_folder(box, folder, "/tests", verifier.left_out)
        for source, target in verifier.extra_files:
            box.put(source, target)
        _make_tests_executable(session, box, step)
    else:
        session.chore(box, f"chmod +x {shlex.quote(verifier.script)}")


def verifier_command(session: Session, step: Step, first: str = "") -> Command:
    """`first`: what the shell that starts the verifier has to do before."""
    return Command(
        ("bash", "-c", f"{first}({shlex.quote(step.verifier.script)}) > {TEST_LOG} 2>&1"),
        session.verify_limit(step),
        env=session.verifier_env(step),
        user=step.verifier.user,
    )


def _verify(session: Session, box: Box, step: Step, solve_log: str | None) -> StepRecord:
    verifier = step.verifier
    before = same_end(session, box)
    if before is not None:
        return replace(before.steps[0], solve_proof=solve_trouble(solve_log or ""))
    done = _before_tests(session, box, step)
    if done is not None and done.status != 0:
        return _not_verified(session, step, done, solve_log)
    goes_on = resume(session, box)
    put_tests(session, box, step)
    put_scripts(session, box, goes_on)
    command = verifier_command(session, step, session.bring_plugin(box, step))
    done, text = session.run(
        box, command, PhaseName.VERIFY, step.name, log=lambda done: _log(box, TEST_LOG, done), script=verifier.script
    )
    listing = box.listing(VERIFIER_LOGS)
    notes: list[Note] = []
    files = {
        name: box.read(f"{VERIFIER_LOGS}/{name}", limit=REWARD_LIMIT) if _reaches(name, listing, notes) else None
        for name in REWARDS
    }
    session.look_for_effect(box)
    session.read_plugin(box, step)
    report = read_report(_report_files(box, listing), text)
    rewards = read_rewards(files["reward.json"], files["reward.txt"])
    rewards = _no_reward(session, box, listing) or rewards
    if verifier.scoring is Scoring.WEIGHTS:
        rewards = weighted(verifier.weights, passed_by_name(report.tests))
    return step_record(
        session, step.name, rewards, report, text, solve_log, oom=done.oom, full=box.full(), notes=tuple(notes)
    )


def _before_tests(session: Session, box: Box, step: Step) -> Exit | None:
    """What the runner does to the logs before the tests are there; None where it leaves them as they are."""
    runner = session.task.runner
    if not runner.removes_rewards:
        return None
    # It has copied the agent's logs out, and puts them back as root's.
    puts_back = not runner.mounts_logs and step.verifier.separate is None
    there = box.files_alone(VERIFIER_LOGS)
    if there is not None and there.isdisjoint(REWARDS) and not (puts_back and box.files_alone(AGENT_LOGS) is None):
        return None  # A command in the box would find nothing to do.
    script = f"rm -f -- {VERIFIER_LOGS}/reward.txt {VERIFIER_LOGS}/reward.json"
    if puts_back:
        script = f"mkdir -p {AGENT_LOGS}; chown -hR 0:0 {AGENT_LOGS}; {script}"
    return session.chore(box, script)


# Prints the links in there, each with where it leads.
COLLECT = f"""cd {VERIFIER_LOGS} 2>/dev/null || exit 3
find . -type l -exec sh -c 'for link; do printf "%s\\0%s\\0" "$link" "$(readlink "$link")"; done' sh {{}} + 2>/dev/null
[ ! -d reward.json ] || exit 4"""


def _no_reward(session: Session, box: Box, listing: Mapping[str, str]) -> RewardProblem | None:
    """Why the runner reads no reward, whatever the verifier wrote."""
    copied = not session.task.runner.mounts_logs
    if (not copied and "reward.json" in listing) or box.files_alone(VERIFIER_LOGS) is not None:
        return None
    done = session.chore(box, COLLECT)
    if copied and done.status == 3:
        return RewardProblem(RewardFault.NOT_COLLECTED, f"{VERIFIER_LOGS} is no folder that the runner can copy out")
    words = done.output.decode("utf-8", "replace").split("\0")
    for link, target in zip(words[::2], words[1::2], strict=False):
        if copied and _leads_out(link, target):
            why = f"the runner does not copy out a folder with a link that leads out of it: {link[2:]} to {target}"
            return RewardProblem(RewardFault.NOT_COLLECTED, why)
    # The runner takes whatever is called so before it looks at reward.txt, and cannot read a folder.
    if done.status == 4:
        return RewardProblem(RewardFault.UNPARSABLE, "reward.json is a folder, and no file with a reward")
    return None


def _leads_out(link: str, target: str) -> bool:
    """By its words alone, and an absolute one counts as if it began at the link's own folder, as for `docker cp`."""
    where = posixpath.normpath(posixpath.join("/", "in", posixpath.dirname(link), target.lstrip("/")))
    return where != "/in" and not where.startswith("/in/")


def _not_verified(session: Session, step: Step, done: Exit, solve_log: str | None) -> StepRecord:
    said = done.output.decode("utf-8", "replace").strip() or f"it ended with {done.status}"
    problem = RewardProblem(
        RewardFault.NOT_REMOVED, f"the runner verifies nothing where it cannot remove an earlier reward: {said}"
    )
    report = read_report({}, "")
    return step_record(session, step.name, problem, report, "", solve_log, oom=done.oom, full=False, notes=())


def _make_tests_executable(session: Session, box: Box, step: Step) -> None:
    script = step.verifier.script
    inside = script.removeprefix("/tests/")
    original = next((folder / inside for folder in reversed(step.verifier.folders) if (folder / inside).exists()), None)
    if original is None:
        session.chore(box, f"chmod +x {shlex.quote(script)}")
    else:
        make_executable(session, box, script, original)


def _reaches(name: str, listing: Mapping[str, str], notes: list[Note]) -> bool:
    """Whether the runner sees this file. It reads it outside the box, where a link that leaves the folder is broken."""
    target = listing.get(name)
    if not target:
        return target is not None
    if target.startswith("/") or ".." in target.split("/"):
        notes.append(Note("planted-link", f"{name} is a link to {target}, which the format's runner cannot follow"))
        return False
    return True


def _report_files(box: Box, listing: Mapping[str, str]) -> dict[str, bytes]:
    names = [
        name
        for name, target in sorted(listing.items())
        if not target and name.endswith((".xml", ".json")) and not name.startswith("reward")
    ]
    # A CTRF or JUnit file is called so most of the time; those come first where there are many.
    names.sort(key=lambda name: not any(word in name.lower() for word in ("ctrf", "junit", "report", "result")))
    found = {name: box.read(f"{VERIFIER_LOGS}/{name}", limit=REPORT_LIMIT) for name in names[:REPORTS_READ]}
    return {name: data for name, data in found.items() if data}
