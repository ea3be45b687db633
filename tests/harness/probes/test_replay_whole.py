"""Replays: what is written in place of the work, which tasks have none, and when a paid one is a fault."""

# ruff: noqa: E501 - tables of whole texts
from __future__ import annotations

import tarfile
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from harness.engine.contract import Engine
from harness.findings.model import Severity
from harness.judging.outcome import Cause, Outcome, OutcomeKind
from harness.mutants import StepMutants, Wish, task_mutants
from harness.probes.again import SeenBefore, attempt_again
from harness.probes.model import Attempted
from harness.probes.replay import blind, special, whole
from harness.probes.replay.attempts import NotMade
from harness.report.words import without_work
from harness.task.model import Task
from harness.trial.build import build
from harness.trial.end_state import EndState
from harness.trial.plan import Built, LeftBehind, Plan, RecordPrograms
from harness.trial.record import Kind
from harness.trial.runner import run_trial
from harness.trial.standins import Recorded, table_of
from tests.harness.tasks import harbor

ADDS = "import sys\n\nprint(sum(int(word) for word in open(sys.argv[1])))\n"


def left(files: Mapping[str, str | bytes], *, mode: str = "644", processes: tuple[str, ...] = ()) -> EndState:
    data = {path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()}
    outputs = {path: b64encode(each).decode() for path, each in data.items()}
    return EndState(dict.fromkeys(files, f"f {mode} 0 0  x"), processes, outputs)


def planned(tmp_path: Path, state: EndState, changes: Mapping[str, str] | None = None) -> whole.Material | NotMade:
    task = harbor(tmp_path, changes)
    return whole.material(task, step_of(task), state)


def step_of(task: Task) -> StepMutants:
    [step] = task_mutants(task, Wish(budget=1))
    return step


NONE = {
    "a service": (left({"/app/a.json": "{}"}, processes=("python3 server.py",)), "the reference leaves a service running"),
    "the time": (left({"/app/a.py": "import time\n\nprint(time.time())\n"}), "a program reads the time (`time.time(`)"),
    "the day": (left({"/app/a.sh": "#!/bin/sh\necho $(date +%F)\n"}, mode="755"), "a program reads the time (`$(date`)"),
    "randomness": (left({"/app/a.py": "import random\n\nprint(random.random())\n"}), "a program reads randomness"),
    "a server": (left({"/app/a.py": "from http.server import HTTPServer\n\nHTTPServer()\n"}), "a program is a server"),
    "the system": (left({"/etc/app.ini": "a = 1\n"}), "/etc/app.ini belongs to the system"),
    "another's text": (left({"/app/Dockerfile": "FROM x\nRUN a\n"}), "/app/Dockerfile is dockerfile"),
    "many files": (left({f"/app/{n}.txt": "x" for n in range(99)}), "the reference leaves 99 files"),
    "nothing": (EndState({"/app": "d 755 0 0  x"}), "the reference leaves no file"),
}  # fmt: skip


@pytest.mark.parametrize(("state", "why"), NONE.values(), ids=NONE)
def test_what_cannot_be_repeated_has_no_replay_and_the_reason_is_said(
    tmp_path: Path, state: EndState, why: str
) -> None:
    found = planned(tmp_path, state)
    assert isinstance(found, NotMade)
    assert found.why.startswith(why)


def test_outputs_with_the_time_of_their_making_have_no_replay(tmp_path: Path) -> None:
    for text in (f"made on {datetime.now(UTC).date()}\n", f"{datetime.now(UTC).timestamp():.3f}\n"):
        found = planned(tmp_path, left({"/app/log.txt": text}))
        assert isinstance(found, NotMade)
        assert "has the time of its making in it" in found.why
    assert isinstance(planned(tmp_path, left({"/app/log.txt": "1999-12-31 1234567\n"})), whole.Material)


def test_a_bare_shell_is_no_service(tmp_path: Path) -> None:
    assert isinstance(planned(tmp_path, left({"/app/a.json": "{}"}, processes=("/bin/sh ",))), whole.Material)


def test_a_seeded_program_may_be_repeated(tmp_path: Path) -> None:
    seeded = "import random\n\nrandom.seed(4)\nprint(random.random())\n"
    assert isinstance(planned(tmp_path, left({"/app/a.py": seeded})), whole.Material)


def test_what_is_no_program_is_written_as_it_is_and_sources_are_emptied(tmp_path: Path) -> None:
    found = planned(
        tmp_path, left({"/app/a.json": "{}", "/app/b.png": b"\x89\xff", "/app/c.c": "int main;", "/app/d.py": ADDS})
    )
    assert isinstance(found, whole.Material)
    assert [one.path for one in found.data] == ["/app/a.json", "/app/b.png"]
    assert [(one.path, one.data) for one in found.emptied] == [("/app/c.c", b"")]
    assert [one.path for one in found.programs] == ["/app/d.py"]
    assert "sys.argv" in found.programs[0].text
    assert "sum(" not in found.programs[0].text


def test_tests_that_build_from_the_sources_leave_nothing_to_repeat(tmp_path: Path) -> None:
    state = left({"/app/c.c": "int main;"})
    found = planned(tmp_path, state, {"tests/test.sh": "#!/bin/bash\ngcc /app/c.c -o /tmp/c && /tmp/c\n"})
    assert found == NotMade("the tests build a program of their own from what the reference leaves")


TABLE = Recorded({"0123456789abcdef-0/key": "", "0123456789abcdef-0/out": b64encode(b"7\n").decode()})


def test_two_records_have_to_agree() -> None:
    other = replace(TABLE, files={**TABLE.files, "0123456789abcdef-0/out": b64encode(b"8\n").decode()})
    assert whole.unrecorded(TABLE, TABLE) == ""
    assert "answered otherwise" in whole.unrecorded(TABLE, other)
    assert whole.unrecorded(None, TABLE).startswith("the reference is not paid")
    assert whole.unrecorded(TABLE, replace(TABLE, trouble=("a service",))) == "a service"
    assert whole.unrecorded(Recorded(), Recorded()) == "the tests run no program of the solution's"


def test_the_table_is_the_same_bytes_for_the_same_record() -> None:
    data = table_of(TABLE)
    assert data == table_of(Recorded(dict(reversed(list(TABLE.files.items())))))
    with tarfile.open(fileobj=BytesIO(data)) as packed:
        assert packed.getnames() == ["table/0123456789abcdef-0/key", "table/0123456789abcdef-0/out"]


# --- when a paid replay is a fault

GENERAL = "Write `/app/adds.py`, a program that takes a file and prints the sum of its lines.\n"


def told(tmp_path: Path, instruction: str, table: special.Table | None) -> list[tuple[str, Severity]]:
    task = harbor(tmp_path, {"instruction.md": instruction})
    paid = Attempted(whole.not_made(step_of(task)), Outcome(OutcomeKind.SURVIVED))
    unpaid = replace(paid, outcome=Outcome(OutcomeKind.KILLED))
    unmade = replace(paid, outcome=Outcome(OutcomeKind.ERROR, cause=Cause.NOT_MADE))
    assert list(special.findings(task, [unpaid], table)) == []
    assert list(special.findings(task, [unmade], table)) == []
    return [(one.id, one.severity) for one in special.findings(task, [paid], table)]


def test_a_few_answers_for_a_general_program_are_a_fault(tmp_path: Path) -> None:
    few = special.Table(("adds.py a",), (), takes_input=True)
    many = special.Table(tuple("abcdef"), tuple("abcdef"), takes_input=True)
    fixed = special.Table(("adds.py",), (), takes_input=False)
    assert told(tmp_path, GENERAL, few) == [("special-casing-paid", Severity.WARNING)]
    assert told(tmp_path, GENERAL, many) == []
    assert told(tmp_path, "Write `/app/adds.py`.\n", few) == [("special-casing-paid", Severity.WARNING)]
    assert told(tmp_path, "Write `/app/adds.py`.\n", fixed) == []


def test_data_written_again_is_a_fault_only_where_other_data_is_announced(tmp_path: Path) -> None:
    assert told(tmp_path, GENERAL, None) == []
    unseen = "Sum up the lines. It will be tested with hidden input files.\n"
    assert told(tmp_path, unseen, None) == [("special-casing-paid", Severity.WARNING)]


def test_only_what_nobody_had_before_is_an_input_of_the_tests(tmp_path: Path) -> None:
    def recorded(*lines: str) -> Recorded:
        key = b64encode("\n".join(lines).encode()).decode()
        return Recorded({"0123456789abcdef-0/key": key}, known=("a" * 64,))

    def own(*lines: str) -> int:
        return len(special.table(recorded(*lines), "Try it with 17 boats.").own)

    assert own("program:0", "word:--fast", "word:17", f"file {'a' * 64}", "in:/app") == 0
    assert [own("word:18"), own(f"file {'b' * 64}"), own(f"stdin {'b' * 64}"), own(f"in {'b' * 64}")] == [1, 1, 1, 1]


def test_the_report_says_why_a_task_has_no_replay_and_never_counts_it_as_resisted() -> None:
    def probe(ident: str, outcome: str, why: str = "") -> dict[str, object]:
        return {"probe": "replay", "id": ident, "outcome": outcome, "made": outcome != "error", "why": why}

    faked = {"probes": [probe("recorded", "survived"), probe("shape-zeros", "survived")], "claims": None}
    again = "what the reference left, written again (recorded)"
    assert without_work(faked) == [f"2 solutions without work were handed in, 2 paid in full: {again}, and shape-zeros"]
    unmade = {"probes": [probe("recorded", "error", "a program reads the time")], "claims": None}
    assert without_work(unmade) == ["no replay was made: a program reads the time"]
    tried = {
        "probes": [probe("recorded", "survived"), probe("shape-zeros", "killed")],
        "claims": [{"state": state} for state in ("holds", "holds", "broken", "not-tried")],
    }
    assert without_work(tried) == [
        "2 solutions without work were handed in, 1 paid in full: what the reference left, written again (recorded)",
        "4 claims of the instruction: 2 hold, 1 broken, 1 not tried",
    ]


def call(number: int, program: int, out: str, *more: str, status: int = 0) -> dict[str, str]:
    files = {"key": f"program:{program}\nword:{number}", "out": out, "err": "", "status": str(status)}
    named = {**files, **dict.fromkeys(more, "")}
    return {f"{number:016x}-0/{name}": b64encode(text.encode()).decode() for name, text in named.items()}


def test_a_status_that_a_box_made_up_is_a_failure() -> None:
    for said in ("", "no number", "-1", "9" * 5000, "\u0663"):
        made = {**call(1, 0, "3\n"), "0000000000000001-0/status": b64encode(said.encode()).decode()}
        assert [one.status for one in Recorded(made).calls()] == [1]
    assert [one.status for one in Recorded(call(1, 0, "3\n", status=97)).calls()] == [97]


def alike(tmp_path: Path, *calls: Mapping[str, str]) -> bytes | None:
    task = harbor(tmp_path)
    of = whole.material(task, step_of(task), left({"/app/adds.py": ADDS}))
    assert isinstance(of, whole.Material)
    made = blind.attempt(task, step_of(task), of, Recorded({key: one for each in calls for key, one in each.items()}))
    return next(iter(made.replacement.files.values())) if made is not None else None


def test_one_text_answers_every_call_with_all_that_was_ever_said(tmp_path: Path) -> None:
    made = alike(tmp_path, call(1, 0, "3\n"), call(2, 0, "4\n"), call(3, 0, "3\n", status=1))
    assert made is not None
    assert b64encode(b"3\n4\n") in made
    assert b64encode(b"0\n") in made
    assert b"int(word)" not in made


@pytest.mark.parametrize(
    ("calls", "why"),
    [
        ((call(1, 0, "3\n"), call(2, 0, "3\n")), "it says the same to all of them"),
        ((call(1, 0, "3\n"), call(2, 0, "4\n", "1.tar")), "it writes a file"),
        ((call(1, 0, "3\n"), call(2, 0, "4\n", "1.gone")), "it removes a file"),
        ((call(1, 0, "3" * 70_000), call(2, 0, "4\n")), "it says too much"),
        ((), "it is not asked"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_there_is_none_where(tmp_path: Path, calls: tuple[dict[str, str], ...], why: str) -> None:
    assert alike(tmp_path, *calls) is None, why


def test_one_text_for_every_call_is_a_fault_of_tests_that_give_the_program_something(tmp_path: Path) -> None:
    task = harbor(tmp_path, {"instruction.md": "Write `/app/adds.py`.\n"})
    one = Attempted(replace(whole.not_made(step_of(task)), id=blind.ID), Outcome(OutcomeKind.SURVIVED))
    paid = [one, Attempted(whole.not_made(step_of(task)), Outcome(OutcomeKind.SURVIVED))]
    [found] = special.findings(task, paid, special.Table(("adds a", "adds b"), (), True))
    assert (found.title, found.severity) == (special.ALIKE, Severity.WARNING)
    assert found.evidence[1] == "what the tests ask: `adds a`; `adds b`"
    assert list(special.findings(task, paid, special.Table(("adds a", "adds b"), (), False))) == []
    refused = [replace(one, outcome=Outcome(OutcomeKind.KILLED))]
    assert list(special.findings(task, refused, special.Table(("adds a",), (), True))) == []


# --- in a box

PROGRAMS = {
    "solution/solve.sh": (
        f"#!/bin/bash\ncat > /app/adds.py <<'PY'\n{ADDS}PY\n"
        "cat > /app/tidy.sh <<'SH'\n#!/bin/sh\nrm \"$1\"\nmkdir -p made\necho \"${2:-none}\" > made/said\n"
        "cat >> made/said\nexit 3\nSH\nchmod +x /app/tidy.sh\n"
    ),
    "tests/test.sh": (
        "#!/bin/bash\ncd \"$(mktemp -d)\"\nprintf '3\\n4\\n' > numbers\ntouch old\n"
        "[ \"$(python3 /app/adds.py numbers)\" = 7 ] && good=1\n"
        "echo more | /app/tidy.sh old word; [ $? = 3 ] && [ ! -e old ] && "
        "[ \"$(cat made/said)\" = \"$(printf 'word\\nmore')\" ] && [ \"$good\" = 1 ] && paid=1\n"
        "echo ${paid:-0} > /logs/verifier/reward.txt\n"
    ),
}  # fmt: skip


@pytest.fixture
def programs(bwrap_engine: Engine, tmp_path: Path) -> tuple[Task, Built]:
    task = harbor(tmp_path / "task", PROGRAMS)
    return task, build(bwrap_engine, task)


@pytest.mark.bwrap
def test_a_table_of_what_the_tests_ran_is_paid_and_has_no_answer_to_anything_else(
    bwrap_engine: Engine, programs: tuple[Task, Built], tmp_path: Path
) -> None:
    task, built = programs
    step = step_of(task)
    state = run_trial(
        bwrap_engine, task, built, Plan(Kind.REFERENCE, "outputs", purpose=LeftBehind(contents=True))
    ).state
    assert state is not None
    of = whole.material(task, step, state)
    assert isinstance(of, whole.Material)
    record = run_trial(bwrap_engine, task, built, Plan(Kind.REFERENCE, purpose=RecordPrograms(of.programs, of.watch)))
    assert (record.trouble, record.rewards) == (None, {"reward": 1.0})
    assert record.recorded is not None
    assert (len(record.recorded.calls()), record.recorded.trouble) == (2, ())

    attempt = whole.attempt(task, step, of, record.recorded)
    assert attempt_again(task, attempt.label, {}, SeenBefore(state, record.recorded)) == attempt
    assert blind.attempt(task, step, of, record.recorded) is None
    (text,) = attempt.replacement.files.values()
    assert b"int(word)" not in text
    paid = run_trial(bwrap_engine, task, built, Plan(Kind.PROBE, attempt.label, attempt.replacement))
    assert paid.rewards == {"reward": 1.0}

    other = harbor(
        tmp_path / "other", {**PROGRAMS, "tests/test.sh": PROGRAMS["tests/test.sh"].replace("'3\\n4\\n'", "'4\\n3\\n'")}
    )
    varied = run_trial(bwrap_engine, other, built, Plan(Kind.PROBE, attempt.label, attempt.replacement))
    assert varied.rewards == {"reward": 0.0}


@pytest.mark.bwrap
@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ("cd /app && python3 -c 'import adds' 2>/dev/null", "the tests import a program and call its functions"),
        ("mkfifo /tmp/f; (sleep 9 > /tmp/f &) ; timeout 1 python3 /app/adds.py /tmp/f", "a program still ran"),
    ],
)
def test_what_no_table_can_answer_is_no_record(bwrap_engine: Engine, tmp_path: Path, line: str, trouble: str) -> None:
    files = {**PROGRAMS, "tests/test.sh": f"#!/bin/bash\n{line}\necho 1 > /logs/verifier/reward.txt\n"}
    task = harbor(tmp_path / "task", files)
    built = build(bwrap_engine, task)
    state = run_trial(
        bwrap_engine, task, built, Plan(Kind.REFERENCE, "outputs", purpose=LeftBehind(contents=True))
    ).state
    assert state is not None
    of = whole.material(task, step_of(task), state)
    assert isinstance(of, whole.Material)
    record = run_trial(bwrap_engine, task, built, Plan(Kind.REFERENCE, purpose=RecordPrograms(of.programs, of.watch)))
    assert record.recorded is not None
    assert record.recorded.trouble[0].startswith(trouble)


WORDS = {
    "instruction.md": "Write `/app/adds.py`, which prints the sum of the lines of the file that it is given.\n",
    "solution/solve.sh": f"#!/bin/bash\ncat > /app/adds.py <<'PY'\n{ADDS}PY\n",
    "tests/test.sh": (
        "#!/bin/bash\ncd \"$(mktemp -d)\"\nprintf '3\\n4\\n' > a\nprintf '5\\n' > b\n"
        "python3 /app/adds.py a | SEVEN && python3 /app/adds.py b | FIVE && paid=1\n"
        "echo ${paid:-0} > /logs/verifier/reward.txt\n"
    ),
}


@pytest.mark.bwrap
@pytest.mark.parametrize(("look", "reward"), [("grep -q {}", 1.0), ("diff -q - <(echo {})", 0.0)])
def test_one_text_is_paid_by_tests_that_look_for_words(
    bwrap_engine: Engine, tmp_path: Path, look: str, reward: float
) -> None:
    tests = WORDS["tests/test.sh"].replace("SEVEN", look.format(7)).replace("FIVE", look.format(5))
    task = harbor(tmp_path / "task", {**WORDS, "tests/test.sh": tests})
    built = build(bwrap_engine, task)
    step = step_of(task)
    leaves = Plan(Kind.REFERENCE, "outputs", purpose=LeftBehind(contents=True))
    state = run_trial(bwrap_engine, task, built, leaves).state
    assert state is not None
    of = whole.material(task, step, state)
    assert isinstance(of, whole.Material)
    record = run_trial(bwrap_engine, task, built, Plan(Kind.REFERENCE, purpose=RecordPrograms(of.programs, of.watch)))
    assert record.recorded is not None
    attempt = blind.attempt(task, step, of, record.recorded)
    assert attempt is not None
    assert attempt_again(task, attempt.label, {}, SeenBefore(state, record.recorded)) == attempt
    paid = run_trial(bwrap_engine, task, built, Plan(Kind.PROBE, attempt.label, attempt.replacement))
    assert paid.rewards == {"reward": reward}
