"""Fakes: what is kept of an output, what is not, and which tasks have none."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.judging.outcome import Outcome, OutcomeKind
from harness.mutants import Wish, task_mutants
from harness.probes.model import Attempt, Attempted
from harness.probes.replay.attempts import NotMade, attempts, data_of, findings, script
from harness.probes.replay.attempts import judged as replay_judged
from harness.probes.replay.shape import Filling, fake, nonsense
from harness.trial.end_state import EndState
from mutator.operators.state import Output
from tests.harness.tasks import harbor


def _indented(text: str) -> str:
    return json.dumps(json.loads(text), indent=2) + "\n"


FAKES = {
    "JSON": (
        "a.json",
        _indented('{"name": "Norrvik", "levels": [1.84, -0.35], "count": 3, "open": true, "note": null}'),
        _indented('{"name": "Opsswjl", "levels": [2.95, -1.46], "count": 4, "open": false, "note": null}'),
        _indented('{"name": "", "levels": [0.0, 0.0], "count": 0, "open": false, "note": null}'),
    ),
    "JSON in one line": ("a.json", '{"a": 1, "b": [22]}', '{"a": 2, "b": [33]}', '{"a": 0, "b": [0]}'),
    "JSON without blanks": ("a.json", '{"a":1,"b":[2,9]}', '{"a":2,"b":[3,1]}', '{"a":0,"b":[0,0]}'),
    "JSON lines": (
        "a.jsonl",
        '{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n',
        '{"a": 2, "b": "y"}\n{"a": 3, "b": "z"}\n',
        '{"a": 0, "b": ""}\n{"a": 0, "b": ""}\n',
    ),
    "a table": (
        "a.csv",
        'item,price\nrope,3.5\n"x, y",12\n',
        'item,price\nspqf,4.6\n"y, z",23\n',
        "item,price\n,0.0\n,0\n",
    ),
    "a table without a header": ("out.txt", "4;7\n5;8\n", "5;8\n6;9\n", "0;0\n0;0\n"),
    "names and values": ("a.txt", "total: 38\nname = Ada L\n", "total: 49\nname = Beb M\n", "total: 0\nname = \n"),
    "words": ("a.txt", "first line\nsecond line\n", "gjstu mjof\ntfdpoe mjof\n", "\n\n"),
    "a number": ("a.txt", "412\n17\n", "523\n28\n", "0\n0\n"),
}  # fmt: skip


@pytest.mark.parametrize(("path", "text", "nonsensical", "zeros"), FAKES.values(), ids=FAKES)
def test_a_shape_keeps_its_names_and_loses_its_values(path: str, text: str, nonsensical: str, zeros: str) -> None:
    for filling, made in ((Filling.NONSENSE, nonsensical), (Filling.ZEROS, zeros)):
        found = fake(path, text.encode(), filling)
        assert found is not None
        assert (found[0], found[1] > 1) == (made.encode(), True)


@pytest.mark.parametrize(
    ("instruction", "made"),
    [
        (
            'For example: `{"files": 100, "mean": <number>, "kind": "<kind>"}`',
            '{"files": 100, "mean": 6.6, "kind": "spqf"}',
        ),
        ('{\n  "files" : 100,\n  "kind": "rope"\n}', '{"files": 100, "mean": 6.6, "kind": "rope"}'),
        ('"files": 1000, 100 files', '{"files": 211, "mean": 6.6, "kind": "spqf"}'),
    ],
)
def test_what_an_example_gives_a_key_stays_where_that_is_the_fake(instruction: str, made: str) -> None:
    text = b'{"files": 100, "mean": 5.5, "kind": "rope"}'
    found = fake("a.json", text, Filling.STATED, instruction)
    assert found is not None
    assert found[0].decode() == made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("2024-05-19", "2031-10-24"),
        ("2024-05-19T23:59:01Z", "2031-10-24T23:59:01Z"),
        ("09:45", "14:02"),
        ("deadbeef01", "cdfcadde34"),
        ("Yes", "No"),
        ("TRUE", "FALSE"),
        ("99.5 %", "11.6 %"),
        ("naïve", "obïwf"),
    ],
)
def test_nonsense_is_of_the_same_kind(text: str, made: str) -> None:
    assert nonsense(text) == made


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"\n\n", b"{}", b"[null]"])
def test_what_has_no_values_has_no_fake(data: bytes) -> None:
    assert fake("out", data, Filling.NONSENSE) is None


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e6, 1e6) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(values.filter(lambda value: isinstance(value, dict | list)), st.sampled_from(Filling))
def test_a_fake_of_json_is_json_of_the_same_shape(value: object, filling: Filling) -> None:
    made = fake("a.json", json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"), filling)
    if made is not None:
        assert _shape(json.loads(made[0])) == _shape(value)
        assert json.loads(made[0]) != value or made[1]


def _shape(value: object) -> object:
    if isinstance(value, dict):
        return {key: _shape(each) for key, each in value.items()}
    return [_shape(each) for each in value] if isinstance(value, list) else type(value).__name__


cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=6)


@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=2, max_size=5))
def test_a_fake_of_a_table_is_a_table_of_the_same_size(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([["one", "two", "three"], *rows])
    made = fake("a.csv", text.getvalue().encode(), Filling.NONSENSE)
    if made is not None:
        found = list(csv.reader(io.StringIO(made[0].decode())))
        assert found[0] == ["one", "two", "three"]
        assert [len(row) for row in found] == [3] * (len(rows) + 1)


# --- which tasks have one


def left(files: Mapping[str, str], *, mode: str = "644", **other: str) -> EndState:
    entries = dict.fromkeys(files, f"f {mode} 0 0  x")
    return EndState(
        {**entries, **other}, outputs={path: b64encode(text.encode()).decode() for path, text in files.items()}
    )


DATA = {"/app/out.json": '{"a": 1, "b": 2}'}


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (EndState({}, ("python3 server.py",)), "the reference leaves a program running"),
        (left({"/app/tool.py": "print(1)\n"}), "the reference leaves no data in a text"),
        (left({"/etc/app.ini": "a = 1"}), "the reference leaves no data in a text"),
        (left(DATA, mode="755"), "the reference leaves no data in a text"),
        (EndState({"/app": "d 755 0 0  x"}), "the reference leaves no data in a text"),
    ],
)
def test_a_task_whose_work_is_no_data_has_no_fake(state: EndState, why: str) -> None:
    assert data_of(state) == NotMade(why)


BESIDE: Mapping[str, EndState] = {
    "a link": left(DATA, **{"/app/link": "l 777 0 0 /x "}),
    "what is too large": left(DATA, **{"/app/big.csv": "f 644 0 0  x"}),
    "the system's": left({**DATA, "/etc/app.ini": "a = 1"}),
    "a program": left({**DATA, "/app/tool.py": "print(1)\n"}),
    "a script": left({**DATA, "/app/tool": "#!/bin/sh\necho 1\n"}),
}


@pytest.mark.parametrize("state", BESIDE.values(), ids=BESIDE)
def test_what_is_no_data_is_left_out_of_a_fake(state: EndState, tmp_path: Path) -> None:
    found = data_of(state)
    assert not isinstance(found, NotMade)
    assert ([one.path for one in found.outputs], found.alone) == (["/app/out.json"], False)
    # Nobody speaks of it, so it may be by the way.
    assert fakes(tmp_path / "a", state) == []
    asked = fakes(tmp_path / "b", state, "Write out.json.")
    assert [one.id for one in asked] == ["shape-nonsense", "shape-zeros"]
    for one in asked:
        (text,) = one.replacement.files.values()
        assert b"/app/out.json" in text
        assert b"tool" not in text


def fakes(tmp_path: Path, state: EndState, instruction: str = "") -> list[Attempt]:
    task = harbor(tmp_path, {"instruction.md": instruction} if instruction else {})
    [step] = task_mutants(task, Wish(budget=1))
    return list(attempts(task, step, state))


def test_noise_and_folders_are_no_part_of_a_fake(tmp_path: Path) -> None:
    found = fakes(tmp_path, left({**DATA, "/tmp/make.py": "print(1)\n"}, **{"/app": "d 755 0 0  x"}))
    assert [one.id for one in found] == ["shape-nonsense", "shape-zeros"]
    for one in found:
        (text,) = one.replacement.files.values()
        assert b"/app/out.json" in text
        assert b"make.py" not in text


def test_where_the_values_are_anybodys_choice_nonsense_may_be_right(tmp_path: Path) -> None:
    assert len(fakes(tmp_path / "a", left(DATA), "Write the two sums to out.json.")) == 2
    assert fakes(tmp_path / "b", left(DATA), "Write two random numbers to out.json.") == []
    assert fakes(tmp_path / "c", left(DATA), "Write any text to out.json.") == []


def test_what_an_example_gives_is_one_more_fake_where_it_gives_anything(tmp_path: Path) -> None:
    state = left({"/app/out.json": '{"a": 1, "b": 2, "c": 3}'})
    given = fakes(tmp_path / "a", state, 'Write `{"a": 1, "b": ..., "c": ...}` to out.json.')
    assert [one.id for one in given] == ["shape-nonsense", "shape-zeros", "shape-stated"]
    nothing = fakes(tmp_path / "b", state, 'Write `{"a": ..., "b": ..., "c": ...}` to out.json.')
    assert [one.id for one in nothing] == ["shape-nonsense", "shape-zeros"]
    # One value that is left to be worked out may be right by chance.
    most = fakes(tmp_path / "c", state, 'Write `{"a": 1, "b": 2, "c": ...}` to out.json.')
    assert [one.id for one in most] == ["shape-nonsense", "shape-zeros"]


def test_an_empty_output_is_written_as_it_is_and_one_of_another_kind_ends_it(tmp_path: Path) -> None:
    assert len(fakes(tmp_path / "a", left({**DATA, "/app/done": ""}))) == 2
    # There is no other nonsense like it, but it can be empty.
    found = fakes(tmp_path / "b", left({**DATA, "/app/odd.txt": "§ § § §\n"}))
    assert [one.id for one in found] == ["shape-zeros"]


def test_a_lone_answer_is_no_part_of_a_fake_and_makes_none_by_itself(tmp_path: Path) -> None:
    found = fakes(tmp_path / "a", left({**DATA, "/app/count.txt": "12\n"}))
    assert len(found) == 2
    assert all(b64encode(b"12\n") not in next(iter(one.replacement.files.values())) for one in found)
    assert fakes(tmp_path / "b", left({"/app/count.txt": "12\n"})) == []


def test_the_script_writes_exactly_these_files(tmp_path: Path) -> None:
    outputs = [Output(f"{tmp_path}/a b/x.json", b'{"a": 1}', 0o640), Output(f"{tmp_path}/y", b"", 0o600)]
    subprocess.run(["sh", "-c", script(outputs, "none of it")], check=True)
    for one in outputs:
        assert Path(one.path).read_bytes() == one.data
        assert Path(one.path).stat().st_mode & 0o777 == one.mode


def test_values_that_the_reference_itself_writes_otherwise_each_time_are_free(tmp_path: Path) -> None:
    tried = [Attempted(one, Outcome(OutcomeKind.SURVIVED)) for one in fakes(tmp_path, left(DATA))]
    assert replay_judged(tried, left(DATA), left(DATA)) == tried
    # What else it leaves may differ as it likes.
    assert replay_judged(tried, left(DATA), left({**DATA, "/app/tool.py": "print(1)\n"})) == tried
    for again in (left({"/app/out.json": '{"a": 1, "b": 3}'}), None):
        free = replay_judged(tried, left(DATA), again)
        assert [one.made for one in free] == [False, False]
        assert list(findings(free)) == []


def test_only_what_was_paid_is_held_against_a_task(tmp_path: Path) -> None:
    nonsensical, zeros = fakes(tmp_path, left(DATA))
    survived, killed = Outcome(OutcomeKind.SURVIVED), Outcome(OutcomeKind.KILLED)
    assert list(findings([Attempted(nonsensical, killed), Attempted(zeros, killed)])) == []
    [found] = findings([Attempted(nonsensical, survived), Attempted(zeros, killed)])
    assert found.id == "shape-only-paid"
    assert len(found.evidence) == 1
    assert "nonsense" in found.evidence[0]
