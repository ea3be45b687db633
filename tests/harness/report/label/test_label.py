from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.dataset.find import discover as discover_all
from harness.errors import UsageError
from harness.judging.controls import ControlSettings
from harness.judging.strength import Thresholds
from harness.lab.store import Store
from harness.lab.workers import Threads
from harness.mutants import Wish
from harness.report.label.card import badge, card
from harness.report.label.croissant import croissant
from harness.report.label.document import columns
from harness.report.label.files import SUFFIX, beside, fits, labels_of, read_label, write_jsonl, written_beside
from harness.report.label.parts import PARTS, changed, digests
from harness.report.label.signing import private_key, public_key, signature_problem, signed
from harness.report.read import read_report
from harness.runs import audit_and_keep
from harness.stages.result import AuditSettings
from harness.task.discover import discover
from harness.task.model import Task
from tests.harness.fake_engine import SOLVE, VERIFY, FakeEngine
from tests.harness.tasks import harbor, terminal_bench
from tests.harness.test_audit import ONLY_DATA, Watch, looking_at, solve, task


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """An audit of two tasks in `tasks`."""
    (tmp_path / "tasks").mkdir()
    tasks: list[Any] = [task(tmp_path / "tasks", "a"), task(tmp_path / "tasks", "b")]
    settings = AuditSettings(ControlSettings(repeat=2), Wish(operators=ONLY_DATA, seed=7), Thresholds(least=3))
    engine = FakeEngine([(SOLVE, solve), (VERIFY, looking_at("port"))])
    with Store(tmp_path / "run") as store:
        audit_and_keep(
            Threads.here(engine, 2),
            tasks,
            settings,
            store,
            watcher=Watch(),
            command=lambda one: one.name,
            options={},
        )
    return tmp_path / "run"


def made(run: Path) -> list[tuple[Path, dict[str, Any]]]:
    found = []
    for path, label in labels_of(read_report(run)):
        assert isinstance(label, dict), label
        found.append((path, label))
    return found


def key(folder: Path, name: str = "key.pem") -> Path:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    secret = Ed25519PrivateKey.generate()
    path = folder / name
    path.write_bytes(secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = secret.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path.with_suffix(".pub").write_bytes(public)
    return path


# --- what a label is about


EDITS: tuple[tuple[str, str], ...] = (
    ("instruction", "instruction.md"),
    ("tests", "tests/test.sh"),
    ("solution", "solution/solve.sh"),
    ("environment", "environment/Dockerfile"),
    ("environment", "task.toml"),
)


@pytest.mark.parametrize(("part", "file"), EDITS)
def test_each_file_of_a_task_is_in_one_part(tmp_path: Path, part: str, file: str) -> None:
    before = digests(harbor(tmp_path / "t"))
    path = tmp_path / "t" / file
    path.write_text(f"{path.read_text()}\n# more\n")
    (after,) = discover([tmp_path / "t"])
    assert isinstance(after, Task)
    assert changed(before, digests(after)) == [part]


def test_modes_names_and_links_count_too(tmp_path: Path) -> None:
    before = digests(harbor(tmp_path / "t", {"tests/data": "x"}))
    changes: tuple[Callable[[Path], object], ...] = (
        lambda tests: (tests / "data").chmod(0o755),
        lambda tests: (tests / "data").rename(tests / "other"),
        lambda tests: (tests / "other").write_text("y"),
        lambda tests: (tests / "link").symlink_to("test.sh"),
    )
    for change in changes:
        change(tmp_path / "t/tests")
        (after,) = discover([tmp_path / "t"])
        assert isinstance(after, Task)
        assert changed(before, digests(after)) == ["tests"]
        before = digests(after)


def test_the_parts_of_a_terminal_bench_task(tmp_path: Path) -> None:
    before = digests(terminal_bench(tmp_path / "t"))
    for name, part in (("solution.sh", "solution"), ("run-tests.sh", "tests"), ("task.yaml", "instruction")):
        path = tmp_path / "t" / name
        path.write_text(f"{path.read_text()}\n# more\n")
        (after,) = discover([tmp_path / "t"])
        assert isinstance(after, Task), after.problems
        assert changed(before, digests(after)) == [part]
        before = digests(after)


# --- labels


def test_a_label_says_what_the_audit_found_and_of_what(run: Path) -> None:
    (_, label), _ = made(run)
    report = read_report(run)
    entry = next(iter(report["tasks"]))
    assert label["verdict"] == entry["verdict"]
    assert label["strength"]["value"] == entry["strength"]["share"]["value"]
    assert label["strength"]["low"] <= label["strength"]["value"] < label["strength"]["high"]
    assert label["survivors"] == len(entry["survivors"]) > 0
    assert set(label["findings"]) == {finding["id"] for finding in entry["findings"]}
    assert (label["seed"], label["engine"]["name"], label["engine"]["fidelity"]) == (7, "fake", "image")
    assert label["rewards"] == {"reference": [{"reward": 1.0}] * 3, "nop": {"reward": 0.0}, "hollow": {"reward": 0.0}}
    assert label["runner"] == entry["runner"] == "harbor@0.26"
    assert label["digests"]["task"] == entry["digest"]
    assert set(label["digests"]) == {"task", *PARTS}


def test_a_label_lies_beside_its_task_and_changes_nothing_of_it(run: Path) -> None:
    for path, label in made(run):
        written_beside(path, label)
        assert read_label(beside(path)) == label
    tasks = run.parent / "tasks"
    assert sorted(path.name for path in tasks.glob(f"*{SUFFIX}")) == [f"a{SUFFIX}", f"b{SUFFIX}"]
    assert [each.problem for each in fits([tasks], None)] == ["", ""]


def test_what_was_changed_after_the_audit_gets_no_label(run: Path) -> None:
    (run.parent / "tasks/a/tests/test.sh").write_text("exit 0\n")
    answers = [label for _, label in labels_of(read_report(run))]
    assert answers[0] == "it was changed since the audit"
    assert isinstance(answers[1], dict)


def test_verify_names_the_part_that_changed_and_what_has_no_label(run: Path) -> None:
    for path, label in made(run):
        written_beside(path, label)
    tasks = run.parent / "tasks"
    (tasks / "a/tests/test.sh").write_text("exit 0\n")
    beside(tasks / "b").unlink()
    assert {each.task: each.problem for each in fits([tasks], None)} == {
        "a": "tests changed since it was labelled",
        "b": "it has no label",
    }


def test_labels_in_one_file_are_matched_by_name(run: Path) -> None:
    labels = run.parent / "labels.jsonl"
    write_jsonl(labels, [label for _, label in made(run)])
    (run.parent / "tasks/b/instruction.md").write_text("Something else.\n")
    assert {each.task: each.problem for each in fits([run.parent / "tasks", labels], None)} == {
        "a": "",
        "b": "instruction changed since it was labelled",
    }


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "foolsgold.label/2", "digests": {}}', "\0"])
def test_what_is_no_label_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "x").write_text(text)
    with pytest.raises(UsageError, match="x"):
        read_label(tmp_path / "x")


# --- signatures


def test_a_signature_holds_for_the_label_as_it_was_signed_and_by_its_key_alone(run: Path, tmp_path: Path) -> None:
    one, other = key(tmp_path), key(tmp_path, "other.pem")
    ((_, label), *_) = made(run)
    whole = signed(label, private_key(one))
    by = public_key(one.with_suffix(".pub"))
    assert public_key(one) == by
    assert signature_problem(whole, None) == signature_problem(whole, by) == ""
    assert signature_problem(json.loads(json.dumps(whole, indent=1)), by) == ""
    assert signature_problem({**whole, "verdict": "strong "}, by) == "it was changed after it was signed"
    assert signature_problem(whole, public_key(other)) == "it is signed by another key"
    assert signature_problem(label, by) == "it is not signed"
    assert signature_problem(label, None) == ""
    broken = {**whole, "signature": {**whole["signature"], "value": "zz"}}
    assert signature_problem(broken, by) == "its signature cannot be read"


def test_a_forged_label_does_not_fit(run: Path, tmp_path: Path) -> None:
    by = key(tmp_path)
    for path, label in made(run):
        written_beside(path, signed(label, private_key(by)))
    target = beside(run.parent / "tasks/a")
    target.write_text(target.read_text().replace('"survivors": ', '"survivors": 1'))
    assert [each.problem for each in fits([run.parent / "tasks"], public_key(by))] == [
        "it was changed after it was signed",
        "",
    ]


@pytest.mark.parametrize("text", ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    with pytest.raises(UsageError, match="openssl genpkey"):
        private_key(tmp_path / "key")


# --- the command


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    from harness.commands.main import main

    def run(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        return int(str(ended.value.code)), out, err

    return run


def test_label_and_verify_on_the_command_line(run: Path, call: Callable[..., tuple[int, str, str]]) -> None:
    tasks, by = run.parent / "tasks", key(run.parent)
    assert call("label", run, "--key", by)[:2] == (0, "2 of 2 tasks are labelled.\n")
    assert call("label", "--verify", tasks, "--key", by.with_suffix(".pub"))[:2] == (0, "2 of 2 labels fit.\n")
    (tasks / "a/solution/solve.sh").write_text("true\n")
    code, out, _ = call("label", "--verify", tasks)
    assert (code, out) == (1, "a: solution changed since it was labelled\n1 of 2 labels fit.\n")
    code, out, err = call("label", run)
    assert (code, out) == (3, "1 of 2 tasks are labelled.\n")
    assert err == "a gets no label: it was changed since the audit.\n"


def test_one_file_leaves_nothing_beside_the_tasks(run: Path, call: Callable[..., tuple[int, str, str]]) -> None:
    folder = run.parent
    words = ["--jsonl", folder / "l.jsonl", "--card", folder / "card.md", "--badge", folder / "b.svg"]
    assert call("label", run, *words, "--croissant", folder / "c.json")[0] == 0
    assert list((folder / "tasks").glob(f"*{SUFFIX}")) == []
    labels = [json.loads(line) for line in (folder / "l.jsonl").read_text().splitlines()]
    assert [label["task"] for label in labels] == ["a", "b"]
    about = json.loads((folder / "c.json").read_text())
    assert about["distribution"][0]["contentUrl"] == "l.jsonl"
    assert "## Test strength" in (folder / "card.md").read_text()
    assert call("label", run, "--croissant", folder / "c.json")[0] == 2
    assert call("label", "--verify", run, "--badge", folder / "b.svg")[0] == 2


# --- what a dataset says of itself


def test_a_card_counts_verdicts_and_faults(run: Path) -> None:
    said = card(read_report(run), [label for _, label in made(run)])
    verdict = made(run)[0][1]["verdict"]
    assert "2 tasks were audited" in said
    assert f"| {verdict} | 2 |" in said
    assert "| untested requirement | " in said
    assert "95 % interval" in said


def test_a_badge_is_an_image_of_its_own(run: Path) -> None:
    labels = [label for _, label in made(run)]
    for these, said in (
        (labels[:1], f"{labels[0]['verdict']}, {labels[0]['strength']['value']:.0%}"),
        (labels, "of 2 strong or adequate"),
        ([{**labels[0], "verdict": "<&>", "strength": None}], "<&>"),
    ):
        root = ET.fromstring(badge(these))
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert any(said in (text.text or "") for text in root.iter("{http://www.w3.org/2000/svg}text"))
        assert "href" not in badge(these)


def test_croissant_describes_the_file_field_by_field(run: Path, tmp_path: Path) -> None:
    about = croissant("labels", "labels.jsonl", "0" * 64, 2, "1")
    (records,) = about["recordSet"]
    label = made(run)[0][1]
    for field in records["field"]:
        value: Any = label[field["source"]["extract"]["column"]]
        if "transform" in field["source"]:
            value = value[field["source"]["transform"]["jsonPath"]]
        kinds = {"sc:Text": str, "sc:Float": float, "sc:Integer": int}
        assert isinstance(value, kinds[field["dataType"]]), field["name"]


def test_a_row_for_a_table_has_no_nesting(run: Path) -> None:
    row = columns(made(run)[0][1])
    assert row["task"] == "a"
    assert row["foolsgold_verdict"] == made(run)[0][1]["verdict"]
    assert all(not isinstance(value, dict) for value in row.values())
    assert len(row["foolsgold_digest_tests"]) == 64


def test_a_table_has_a_row_for_each_task_and_types_of_its_own(
    run: Path, call: Callable[..., tuple[int, str, str]]
) -> None:
    from pyarrow.parquet import read_table

    assert call("label", run, "--parquet", run.parent / "labels.parquet")[0] == 0
    rows = read_table(run.parent / "labels.parquet").to_pylist()
    assert rows == [columns(label) for _, label in made(run)]
    assert list((run.parent / "tasks").glob(f"*{SUFFIX}")) == []


def test_labels_of_packed_tasks_lie_beside_their_file_and_name_their_rows(
    tmp_path: Path, call: Callable[..., tuple[int, str, str]]
) -> None:
    import tarfile

    import pyarrow
    from pyarrow.parquet import read_table, write_table

    cells = []
    for name in "ab":
        made_of = task(tmp_path / "folders", name).path
        with tarfile.open(tmp_path / f"{name}.tar", "w") as tar:
            tar.add(made_of, ".")
        cells.append((tmp_path / f"{name}.tar").read_bytes())
    rows = tmp_path / "rows.parquet"
    write_table(pyarrow.table({"task_binary": cells}), rows)
    tasks = discover_all([rows])
    settings = AuditSettings(ControlSettings(repeat=1), Wish(operators=ONLY_DATA), Thresholds(least=3))
    engine = FakeEngine([(SOLVE, solve), (VERIFY, looking_at("port"))])
    with Store(tmp_path / "run") as store:
        audit_and_keep(
            Threads.here(engine, 2), tasks, settings, store, watcher=Watch(), command=lambda one: one.name, options={}
        )
    assert call("label", tmp_path / "run")[:2] == (0, "2 of 2 tasks are labelled.\n")
    assert call("label", "--verify", rows)[:2] == (0, "2 of 2 labels fit.\n")
    assert call("label", tmp_path / "run", "--parquet", tmp_path / "labels.parquet")[0] == 0
    told = read_table(tmp_path / "labels.parquet").to_pylist()
    assert [(row["source_file"], row["source_row"]) for row in told] == [(str(rows), 0), (str(rows), 1)]
    write_table(pyarrow.table({"task_binary": cells[::-1]}), rows)
    assert call("label", "--verify", rows)[0] == 0  # both rows hold the same
    with tarfile.open(tmp_path / "a.tar", "a") as tar:
        tar.add(tmp_path / "folders/a/tests", "tests/more")
    write_table(pyarrow.table({"task_binary": [(tmp_path / "a.tar").read_bytes(), cells[1]]}), rows)
    code, out, _ = call("label", "--verify", rows)
    assert (code, out.splitlines()[-1]) == (1, "1 of 2 labels fit.")
    assert "tests changed since it was labelled" in out
