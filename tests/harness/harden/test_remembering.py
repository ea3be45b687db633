"""What a hardening that was interrupted has of its trials when it goes on."""

from __future__ import annotations

from pathlib import Path

from harness.harden.remembering import FOLDER, forget, is_unfinished, remembering
from harness.trial.plan import key_of
from harness.trial.record import Kind, TrialRecord
from harness.trial.watching.calls import Call, Called, Observed

CALLED = Called("/app/shop.py", "shop", "put", ("'fig'",), (("most", "2"),), 0, cwd="/app", python="/usr/bin/python3")
RECORD = TrialRecord("t", Kind.REFERENCE, "harden", observed=Observed(calls=(Call("call", "put", called=CALLED),)))


def run(output: Path, seed: int, name: str = "t", record: TrialRecord | None = None) -> list[TrialRecord]:
    """What is known of a task when it begins; then one more trial is put."""
    with remembering(output, {"seed": seed}, ["t", "t, tests 0"]) as memory:
        known = memory.begin_task(name, "digest", "setting")
        if record is not None:
            memory.put_trial(record)
        return [known[key] for key in known]


def test_the_same_hardening_goes_on_with_every_trial_that_had_ended(tmp_path: Path) -> None:
    assert run(tmp_path, 1, record=RECORD) == []
    assert is_unfinished(tmp_path)
    assert run(tmp_path, 1) == [RECORD]
    assert [key_of(each) for each in run(tmp_path, 1)] == [key_of(RECORD)]
    assert run(tmp_path, 1, "t, tests 0") == []


def test_another_hardening_begins_anew(tmp_path: Path) -> None:
    run(tmp_path, 1, record=RECORD)
    assert run(tmp_path, 2) == []
    assert run(tmp_path, 1) == []


def test_nothing_is_left_where_everything_is_written(tmp_path: Path) -> None:
    run(tmp_path, 1, record=RECORD)
    forget(tmp_path)
    assert not is_unfinished(tmp_path)
    assert not (tmp_path / FOLDER).exists()
