"""The least that is paid, looked for by an audit on an engine without boxes: what is told, kept and never believed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import pytest

from harness.commands.probes import find_probe, show_probe, write_probe
from harness.engine.contract import Command
from harness.judging.controls import ControlSettings
from harness.judging.outcome import OutcomeKind
from harness.judging.strength import Thresholds
from harness.judging.training import FEW, Needed, TrainingValue, training
from harness.lab.store import Store
from harness.mutants import Wish
from harness.probes.least.findings import findings
from harness.probes.model import Probe
from harness.stages.result import Audited, AuditSettings
from harness.task.model import Task
from tests.harness.fake_engine import SOLVE, VERIFY, Does, FakeBox, FakeEngine
from tests.harness.tasks import harbor
from tests.harness.test_audit import LOG, REWARD, Found, audited_into, only

INSTRUCTION = """\
Set the machine up.

- Let the clock of the machine run in the zone `Europe/Vilnius`.
- Create the user `courier` with the shell `/bin/dash` for deliveries.
- Rotate the parcel log every seven days.
"""
SOLUTION = """\
#!/bin/bash
set-zone Europe/Vilnius
echo "zone is set"
add-user courier --shell /bin/dash
rotate parcel.log 7
"""
SETTINGS = AuditSettings(
    ControlSettings(repeat=2), Wish(budget=1), Thresholds(least=1), probes=frozenset({Probe.LEAST}), least_trials=60
)


def task(folder: Path) -> Task:
    return harbor(folder / "machine", {"instruction.md": INSTRUCTION, "solution/solve.sh": SOLUTION})


def solve(box: FakeBox, command: Command) -> Does:
    return Does(writes={"/app/done": box.files["/solution/solve.sh"]})


def wanting(*said: str) -> Callable[[FakeBox, Command], Does]:
    """A verifier that wants these commands to have run."""

    def verify(box: FakeBox, command: Command) -> Does:
        done = box.files.get("/app/done", b"").decode()
        failed = [each for each in said if each not in done]
        log = "".join(f"FAILED t.py::test_{at}\n" for at, _ in enumerate(failed))
        log += f"==== {len(failed)} failed, {len(said) - len(failed)} passed in 0.01s ====\n"
        return Does(1 if failed else 0, writes={LOG: log.encode(), REWARD: b"0" if failed else b"1"})

    return verify


def audited(folder: Path, verify: Callable[[FakeBox, Command], Does], trials: int = 60) -> tuple[Audited, Found]:
    engine = FakeEngine([(SOLVE, solve), (VERIFY, verify)])
    with Store(folder / "run") as store:
        found = audited_into(engine, [task(folder)], replace(SETTINGS, least_trials=trials), store)
    return only(found), found


def severities(one: Audited) -> list[str]:
    return [finding.severity for finding in one.findings if finding.id == "paid-for-less"]


def test_what_is_enough_is_told_with_what_is_gone(tmp_path: Path) -> None:
    one, _ = audited(tmp_path, wanting("set-zone"))
    least = one.least
    assert least is not None
    assert least.complete
    assert (least.whole.lines, least.enough.lines) == (5, 2)  # the first line says what runs it
    assert (least.whole.steps, least.enough.steps) == (4, 1)
    lost = {each.requirement.text.split()[0]: each for each in least.lost}
    assert "Create" in lost
    assert lost["Create"].visible
    assert {"courier", "/bin/dash"} <= set(lost["Create"].words)
    assert "Let" not in lost
    assert severities(one) == ["warning"]


def test_each_piece_of_it_is_needed(tmp_path: Path) -> None:
    """What is left is tried without each of its commands, by the verifier itself."""
    wanted = ("set-zone", "rotate parcel.log")
    one, _ = audited(tmp_path, wanting(*wanted))
    assert one.least is not None
    left = one.least.attempted[0].attempt.replacement.files["solve.sh"].decode()
    pieces = [line for line in left.splitlines() if not line.startswith("#")]
    assert [line.split()[0] for line in pieces] == ["set-zone", "rotate"]
    for piece in pieces:
        assert any(word not in left.replace(piece, "") for word in wanted)


IN_STEPS = {
    "task.toml": 'schema_version = "1.1"\n[[steps]]\nname = "zone"\n[[steps]]\nname = "rest"\n',
    "instruction.md": None,
    "solution/solve.sh": None,
    "tests/test.sh": None,
    "steps/zone/instruction.md": "Set the machine's clock to the zone `Europe/Riga`.\n",
    "steps/zone/solution/solve.sh": "#!/bin/bash\nset-zone Europe/Riga\n",
    "steps/zone/tests/test.sh": "#!/bin/bash\n",
    "steps/rest/instruction.md": INSTRUCTION,
    "steps/rest/solution/solve.sh": SOLUTION,
    "steps/rest/tests/test.sh": "#!/bin/bash\n",
}


def test_of_several_steps_the_least_of_the_last_is_looked_for(tmp_path: Path) -> None:
    engine = FakeEngine([(SOLVE, solve), (VERIFY, wanting("set-zone"))])
    with Store(tmp_path / "run") as store:
        found = audited_into(engine, [harbor(tmp_path / "machine", IN_STEPS)], SETTINGS, store)
    one = only(found)
    assert one.least is not None
    assert (one.least.why_not, one.least.step) == ("", "rest")
    assert (one.least.whole.lines, one.least.enough.lines) == (7, 4)  # with the two of the step before
    attempt = one.least.attempted[0].attempt
    assert attempt.replacement.step == "rest"
    assert attempt.replacement.files["solve.sh"].decode() == "#!/bin/bash\nset-zone Europe/Vilnius\n"
    assert "Create" in {each.requirement.text.split()[0] for each in one.least.lost}
    probe = find_probe(found.report(str(tmp_path / "run")), one.least.label)
    assert probe is not None
    write_probe(probe, tmp_path / "less")
    for step, text in (
        ("zone", IN_STEPS["steps/zone/solution/solve.sh"]),
        ("rest", "#!/bin/bash\nset-zone Europe/Vilnius\n"),
    ):
        assert (tmp_path / "less/steps" / step / "solution/solve.sh").read_text() == text


def test_where_all_of_it_is_needed_nothing_is_told(tmp_path: Path) -> None:
    one, _ = audited(tmp_path, wanting("set-zone", "zone is set", "add-user", "rotate"))
    assert one.least is not None
    assert one.least.complete
    assert one.least.enough == one.least.whole
    assert severities(one) == []


def test_what_nobody_asked_for_is_a_note_where_it_is_much(tmp_path: Path) -> None:
    one, _ = audited(tmp_path / "a", wanting("set-zone", "add-user", "rotate"))
    assert one.least is not None
    assert one.least.lost == ()
    assert severities(one) == []
    (least,) = [replace(one.least, enough=replace(one.least.whole, lines=lines)) for lines in (2,)]
    assert [each.severity for each in findings(task(tmp_path / "b"), least)] == ["note"]


def test_a_verifier_that_says_now_this_now_that_has_measured_nothing(tmp_path: Path) -> None:
    right = wanting("set-zone", "add-user", "rotate", "zone is set")
    seen: set[str] = set()

    def verify(box: FakeBox, command: Command) -> Does:
        """Pays whatever has a zone the first time that it sees it, and only the whole from then on."""
        done = box.files.get("/app/done", b"").decode()
        first = "set-zone" in done and done not in seen
        seen.add(done)
        return wanting("set-zone")(box, command) if first else right(box, command)

    one, found = audited(tmp_path, verify)
    assert one.least is not None
    assert not one.least.measured
    assert "not again" in one.least.why_not
    assert severities(one) == []
    assert one.training is not None
    assert one.training.value is TrainingValue.SMALL  # of what is known without it
    [entry] = found.report("r")["tasks"]
    assert entry["least"]["why_not"]
    assert entry["training"]["enough"] is None


def in_part(box: FakeBox, command: Command) -> Does:
    """A verifier that pays a third for each of three commands."""
    done = box.files.get("/app/done", b"").decode()
    found = sum(each in done for each in ("set-zone", "add-user", "rotate"))
    log = f"==== {3 - found} failed, {found} passed in 0.01s ====\n"
    return Does(0, writes={LOG: log.encode(), REWARD: f"{found / 3:.4f}".encode() if found < 3 else b"1"})


def test_of_a_reward_in_steps_the_least_of_each_step_is_looked_for(tmp_path: Path) -> None:
    one, found = audited(tmp_path, in_part)
    assert one.least is not None
    assert one.least.complete
    assert [(round(each.share, 2), each.lines, each.complete) for each in one.least.rewards] == [
        (0.33, 2, True),
        (0.67, 3, True),
    ]
    [entry] = found.report("r")["tasks"]
    assert [each["lines"] for each in entry["least"]["rewards"]] == [2, 3]
    assert len(one.least.searched) < entry["least"]["trials"] <= SETTINGS.least_trials


def test_where_the_trials_end_the_report_says_so(tmp_path: Path) -> None:
    one, _ = audited(tmp_path, wanting("set-zone"), trials=8)
    assert one.least is not None
    assert one.least.trials <= 8 + 2 * 4
    if not one.least.complete:
        [finding] = [each for each in one.findings if each.id == "paid-for-less"]
        assert "the trials ended before" in finding.evidence[0]


def test_a_run_goes_on_without_one_trial_anew(tmp_path: Path) -> None:
    first, _ = audited(tmp_path, wanting("set-zone"))
    engine = FakeEngine([(SOLVE, solve), (VERIFY, wanting("set-zone"))])
    with Store(tmp_path / "run") as store:
        again = only(audited_into(engine, [task(tmp_path)], SETTINGS, store))
    assert again.least == first.least
    assert [line for line in engine.log if line.startswith("open")] == []


def test_it_is_shown_and_written_as_a_task_from_the_report_alone(tmp_path: Path) -> None:
    one, found = audited(tmp_path, wanting("set-zone"))
    assert one.least is not None
    report = found.report(str(tmp_path / "run"))
    probe = find_probe(report, one.least.label)
    assert probe is not None
    assert "set-zone Europe/Vilnius" in show_probe(probe)
    write_probe(probe, tmp_path / "less")
    written = (tmp_path / "less/solution/solve.sh").read_bytes()
    assert written == one.least.attempted[0].attempt.replacement.files["solve.sh"]
    assert (tmp_path / "less/tests/test.sh").is_file()
    [stated] = [each for each in one.least.lost if each.requirement.text.startswith("Create")]
    alone = find_probe(report, stated.label)
    assert alone is not None
    write_probe(alone, tmp_path / "alone")
    gone = SOLUTION.replace("add-user courier --shell /bin/dash\n", "")
    assert (tmp_path / "alone/solution/solve.sh").read_text() == gone


def test_every_attempt_that_is_held_against_the_task_ran_twice(tmp_path: Path) -> None:
    one, _ = audited(tmp_path, wanting("set-zone"))
    assert one.least is not None
    for attempted in one.least.attempted:
        assert attempted.outcome.kind is OutcomeKind.SURVIVED
        assert len(attempted.records) >= 2
        assert any(record.purpose == "judge" for record in attempted.records)


LIMITS = Thresholds(trivial=3, small=12)


@pytest.mark.parametrize(
    ("whole", "needed", "paid", "value", "because"),
    [
        (40, Needed(3, 3, True), (), TrainingValue.TRIVIAL, (FEW,)),
        (40, Needed(4, 4, True), (), TrainingValue.SMALL, ()),
        (40, Needed(12, 0, False), (), TrainingValue.SMALL, ()),
        (40, Needed(13, 13, False), (), TrainingValue.SUBSTANTIAL, ()),
        (40, Needed(13, 5, True), (), TrainingValue.SUBSTANTIAL, ()),
        (40, Needed(30, 5, False), (), TrainingValue.UNKNOWN, ()),
        (40, None, (), TrainingValue.UNKNOWN, ()),
        (2, None, (), TrainingValue.TRIVIAL, (FEW,)),
        (12, None, (), TrainingValue.SMALL, ()),
        (0, None, (), TrainingValue.UNKNOWN, ()),
        (40, Needed(30, 30, True), ("a fake is paid",), TrainingValue.TRIVIAL, ("a fake is paid",)),
    ],
)
def test_the_training_value_is_what_was_measured(
    whole: int, needed: Needed | None, paid: Collection[str], value: TrainingValue, because: tuple[str, ...]
) -> None:
    found = training(whole, needed, tuple(paid), LIMITS)
    assert (found.value, found.because) == (value, because)
