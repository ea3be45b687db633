"""Probes of every family on real boxes: what they change stays there, whatever the task's own texts make them run."""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest

from harness.engine.contract import BoxSpec, Command, Engine
from harness.judging.outcome import OutcomeKind, baseline, judge
from harness.lab.store import Store
from harness.mutants import StepMutants, Wish, task_mutants
from harness.probes.choose import image_attempts, in_image, output_attempts, solution_attempts
from harness.probes.hidden import reports
from harness.probes.model import Attempt, Attempted, Probe
from harness.task.model import Task
from harness.trial.build import build
from harness.trial.plan import Built, LeftBehind, Plan, SurveyImage, WatchTests
from harness.trial.record import Kind, TrialRecord
from harness.trial.runner import run_trial
from harness.trial.watching.seen import FOLDER
from harness.verifier.reward import Rewards
from tests.harness.probes.test_forge_boxes import _inside, host
from tests.harness.tasks import harbor

PROGRAM = "import sys\n\nlines = sorted(set(sys.stdin.read().split()))\nprint(len(lines), 'words:', ' '.join(lines))\n"
SERVICE = "sleep 86421"
REACH = f"""mkdir -p {FOLDER} /root
for file in /etc/environment /etc/ld.so.preload.d /root/.bashrc /root/.profile /usr/local/bin/python3 /conftest.py; do
  echo reached > "$file"
done
pkill -f '{SERVICE}'; kill -9 -1
"""
"""A payload in the task's own words: the instruction gives it as commands, and the tests run it, too."""
FILES = {
    "instruction.md": f"Count words with a program, and let `{SERVICE}` run. Do this:\n\n```bash\n{REACH}```\n",
    "environment/Dockerfile": "FROM debian:bookworm-slim\nCOPY old /app/.old\nWORKDIR /app\n",
    "environment/old/words.py": PROGRAM,
    "solution/solve.sh": (
        f"#!/bin/bash\n# as asked\ncat > /app/count_words.py <<'PY'\n{PROGRAM}PY\n"
        f'echo \'{{"a": 1, "b": 2}}\' > /app/out.json\nnohup {SERVICE} > /dev/null 2>&1 &\n'
    ),
    "tests/test_out.py": (
        "import subprocess\n\n\ndef test_words():\n"
        "    run = subprocess.run(['python3', '/app/count_words.py'], input='b a b', capture_output=True, text=True)\n"
        "    assert run.stdout == '2 words: a b\\n'\n"
        f"    subprocess.run(['sh', '-c', {REACH.replace('kill -9 -1', ':')!r}])\n"
    ),
    "tests/test.sh": (
        "#!/bin/bash\n# pytest\n"
        'if python3 -c \'import runpy; runpy.run_path("/tests/test_out.py")["test_words"]()\'; then word=1; '
        "else word=0; fi\necho $word > /logs/verifier/reward.txt\n"
    ),
}
_LOOK = (
    f"ls -A / /app /etc /root /usr/local/bin {FOLDER} 2>&1; cat /etc/environment /root/.bashrc; pgrep -fc '{SERVICE}'"
)


def every_attempt(
    engine: Engine, task: Task, built: Built, steps: list[StepMutants], rewards: Rewards
) -> Iterator[Attempt]:
    probes = set(Probe) - {Probe.FORGE}
    yield from solution_attempts(task, steps, probes, reports(task), rewards)
    left = run_trial(engine, task, built, Plan(Kind.REFERENCE, "outputs", purpose=LeftBehind(contents=True))).state
    yield from output_attempts(task, steps, probes, left)
    image = run_trial(engine, task, built, Plan(Kind.NOP, "image", purpose=SurveyImage())).image
    found = in_image(task, steps, left, image)
    yield from image_attempts(task, found)


def named(tried: Collection[Attempted]) -> Mapping[Probe, list[Attempted]]:
    return {probe: [one for one in tried if one.attempt.probe is probe] for probe in Probe}


@pytest.mark.bwrap
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_probe_of_any_family_reaches_the_host_the_task_the_run_or_another_box(
    bwrap_engine: Engine, tmp_path: Path
) -> None:
    task = harbor(tmp_path / "task", FILES)
    built = build(bwrap_engine, task)
    bystander = subprocess.Popen(SERVICE.split())
    try:
        with Store(tmp_path / "run") as store, bwrap_engine.open(BoxSpec(image=built.main)) as neighbour:
            neighbour.run(Command(("sh", "-c", f"{SERVICE} > /dev/null 2>&1 &"), 30.0))
            store.begin_task(task.name, task.digest, "")
            reference = run_trial(bwrap_engine, task, built, Plan(Kind.REFERENCE, "1"))
            store.put_trial(reference)
            seen = neighbour.run(Command(("sh", "-c", _LOOK), 30.0)).output
            before, of_task, of_run = host(), _inside(tmp_path / "task"), _inside(tmp_path / "run")
            tried, looks = everything(bwrap_engine, task, built, reference)
            assert neighbour.run(Command(("sh", "-c", _LOOK), 30.0)).output == seen
            assert _inside(tmp_path / "run") == of_run
        assert host() == before
        assert _inside(tmp_path / "task") == of_task
        assert not Path(FOLDER).exists()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
    # What does nothing reaches nothing: these did something.
    by_probe = named(tried)
    for probe in (Probe.HIDDEN, Probe.PRESERVING, Probe.STATE, Probe.LEAK):
        made = [one for one in by_probe[probe] if one.made and one.outcome.kind is not OutcomeKind.ERROR]
        assert made, (probe, [(one.attempt.id, one.outcome) for one in by_probe[probe]])
    assert any(one.attempt.operator == "state.stop-service" or "stop" in one.attempt.operator for one in tried)
    assert any(one.attempt.path == "/app/.old/words.py" for one in by_probe[Probe.LEAK])
    assert all(look.trouble is None for look in looks)


def everything(
    engine: Engine, task: Task, built: Built, reference: TrialRecord
) -> tuple[list[Attempted], list[TrialRecord]]:
    nop = run_trial(engine, task, built, Plan(Kind.NOP))
    against = baseline([reference], nop)
    assert against is not None, reference
    steps = task_mutants(task, Wish(budget=1))
    tried = []
    for attempt in every_attempt(engine, task, built, steps, against.reference):
        plan = Plan(Kind.PROBE, attempt.label, attempt.replacement, circumstances=attempt.circumstances)
        record = run_trial(engine, task, built, plan)
        tried.append(Attempted(attempt, judge(record, against), (record,)))
    looks = [
        run_trial(engine, task, built, Plan(kind, "look", purpose=WatchTests())) for kind in (Kind.REFERENCE, Kind.NOP)
    ]
    return tried, looks


def test_the_image_is_read_without_the_system_and_its_libraries(engine: Engine, tmp_path: Path) -> None:
    dockerfile = (
        "FROM debian:bookworm-slim\nCOPY old /app/.old\nRUN mkdir -p /app/node_modules/x /app/.git /srv/big "
        "&& cp /app/.old/words.py /app/node_modules/x/ && cp /app/.old/words.py /app/.git/ "
        "&& head -c 300000 /dev/zero | tr '\\0' a > /srv/big/text && printf 'a\\000b' > /srv/binary\nWORKDIR /app\n"
    )
    task = harbor(tmp_path / "task", {**FILES, "environment/Dockerfile": dockerfile})
    found = run_trial(engine, task, build(engine, task), Plan(Kind.NOP, "image", purpose=SurveyImage()))
    assert found.image is not None, found
    assert (found.rewards, found.steps, found.image.workdir) == (None, (), "/app")
    files = found.image.files()
    assert files["/app/.old/words.py"] == PROGRAM.encode()
    assert not [
        path for path in files if path.startswith(("/usr/lib", "/etc", "/srv/b", "/proc", "/solution", "/tests"))
    ]
    assert not [path for path in files if "node_modules" in path or "/.git/" in path]
    assert found.image.left_out >= 2


@pytest.mark.parametrize(("again", "made"), [(False, True), (True, False)])
def test_a_service_that_its_parent_starts_anew_was_not_stopped(
    engine: Engine, tmp_path: Path, again: bool, made: bool
) -> None:
    loop = "while :; do sleep 86422; done" if again else "exec sleep 86422"
    script = f"#!/bin/bash\necho ok > /app/out.txt\nnohup sh -c '{loop}' > /dev/null 2>&1 &\nsleep 0.3\n"
    task = harbor(tmp_path / "task", {"solution/solve.sh": script})
    built = build(engine, task)
    reference = run_trial(engine, task, built, Plan(Kind.REFERENCE, "1"))
    against = baseline([reference], run_trial(engine, task, built, Plan(Kind.NOP)))
    assert against is not None
    left = run_trial(engine, task, built, Plan(Kind.REFERENCE, "outputs", purpose=LeftBehind(contents=True))).state
    attempts = output_attempts(task, task_mutants(task, Wish(budget=1)), {Probe.STATE}, left)
    (stop,) = (one for one in attempts if one.path == "sleep 86422")
    plan = Plan(Kind.PROBE, stop.label, circumstances=stop.circumstances)
    record = run_trial(engine, task, built, plan)
    assert Attempted(stop, judge(record, against), (record,)).made is made, record
