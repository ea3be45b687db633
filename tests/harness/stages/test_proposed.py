"""Variants that somebody else wrote, on an engine without boxes: which run, which are doubles, and that no number of a
task counts them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import harness.commands.main
import harness.runs
from harness.engine.contract import Engine, EngineOptions
from harness.errors import ExitCode
from harness.judging.strength import Thresholds
from harness.lab.store import Store
from harness.mutants import Wish
from harness.report.formats import FORMATS
from harness.report.html.highlight import Colours
from harness.report.html.task import task_view
from harness.report.read import schema
from harness.report.verbose import verbose
from harness.stages.equivalence import Reference
from harness.stages.mutants import Untried
from harness.stages.proposed import ToTry, told_apart
from harness.stages.result import AuditSettings, Proposed, ProposedVariant
from harness.trial.end_state import EndState
from harness.trial.plan import Replacement
from mutator.model import apply_bytes
from tests.harness.proposals.server import serving
from tests.harness.report.runs import engine
from tests.harness.tasks import HARBOR, write
from tests.harness.test_audit import INSTRUCTION, ONLY_DATA, SOLUTION, Found, audited_into, looking_at, task


def changed(name: str, old: str, new: str, breaks: str = "") -> ProposedVariant:
    """A patch on the settings' solution."""
    before = SOLUTION.splitlines()
    at = next(number for number, line in enumerate(before) if old in line)
    after = before[at].replace(old, new)
    patch = f"--- a/solve.sh\n+++ b/solve.sh\n@@ -{at + 1} +{at + 1} @@\n-{before[at]}\n+{after}\n"
    return ProposedVariant(name, "some-model", patch, what=f"{name}.", breaks=breaks)


def proposed(folder: Path, *variants: ProposedVariant, looks: tuple[str, ...] = ("debug", "hosts")) -> Found:
    settings = AuditSettings(wish=Wish(operators=ONLY_DATA), thresholds=Thresholds(least=3))
    settings = replace(settings, proposed=variants)
    with Store(folder / "run") as store:
        return audited_into(engine(looking_at(*looks)), [task(folder)], settings, store)


def of(found: Found) -> Proposed:
    [audited] = found.audited
    assert audited.proposed is not None
    return audited.proposed


def test_they_are_run_judged_and_linked_as_mutants_are(tmp_path: Path) -> None:
    made = proposed(
        tmp_path,
        changed("another port", "8080", "9999", breaks="The hosts."),
        changed("two hosts", '["alpha", "beta", "gamma"]', '{"alpha": "beta"}'),
    )
    told = {variant.id: (str(result.outcome.kind), result.requirement) for variant, result in of(made).tried}
    port, hosts = told["another port"], told["two hosts"]
    assert (port[0], hosts[0]) == ("survived", "killed")
    assert port[1] is not None
    assert port[1].text == "The key `port` is 8080."  # by what it changes, and not by what its maker says
    finding = next(one for one in made.audited[0].findings if one.id == "proposed-variant-paid")
    assert finding.severity == "warning"
    assert finding.title == (
        "1 of 2 variants that some-model meant to be wrong was paid in full, and 1 of them breaks what the "
        "instruction states"
    )


def test_nothing_of_the_task_changes_with_them(tmp_path: Path) -> None:
    with_them = proposed(tmp_path / "a", changed("another port", "8080", "9999"), changed("nothing", "debug", "debug"))
    without = proposed(tmp_path / "b")
    [one], [other] = with_them.report()["tasks"], without.report()["tasks"]
    assert one["strength"] == other["strength"]
    assert (one["verdict"], one["why"], one["survivors"]) == (other["verdict"], other["why"], other["survivors"])
    assert [each["id"] for each in one["mutants"]] == [each["id"] for each in other["mutants"]]
    assert [each["id"] for each in one["findings"] if each["id"] != "proposed-variant-paid"] == [
        each["id"] for each in other["findings"]
    ]


def test_doubles_of_each_other_of_mutants_and_of_the_reference_are_told(tmp_path: Path) -> None:
    [audited] = proposed(tmp_path / "before").audited
    mutant = next(one for one in audited.mutants if one.mutant.operator.startswith("data") and "8080" in one.diff)
    text = apply_bytes(SOLUTION.encode(), mutant.mutant.edits)
    found = of(
        proposed(
            tmp_path / "after",
            changed("another port", "8080", "9999"),
            changed("the same", "8080", "9999"),
            changed("the same, laid out otherwise", '"port": 8080', '"port":   9999'),
            changed("only laid out otherwise", '"debug": false', '"debug":  false'),
            ProposedVariant("a mutant", "somebody", files={"solve.sh": text}),
        )
    )
    port = next(result.label for variant, result in found.tried if variant.id == "another port")
    assert {one.variant.id: (one.of, one.same) for one in found.doubles} == {
        "the same": (port, "the text"),
        "the same, laid out otherwise": (port, "the compiled code"),
        "only laid out otherwise": ("reference", "the compiled code"),
        "a mutant": (mutant.label, "the text"),
    }
    assert len(found.tried) == 1


def test_what_leaves_the_same_as_another_is_its_double(tmp_path: Path) -> None:
    changes = [("8080", "9999"), ("8080", "9998"), ("8080", "9997"), ("8080", "9996")]
    found = proposed(tmp_path, *(changed(f"port {number}", *each) for number, each in enumerate(changes)))
    [audited] = found.audited
    own = next(one for one in audited.mutants if one.survived)
    a, b, c, d = of(found).results
    state, other = EndState({"/app/x": "f 1"}), EndState({"/app/x": "f 2"})
    noisy = EndState({"/app/x": "f 2", "/tmp/y": "f 3"})
    took = replace(d, records=(replace(d.records[0], same_as=f"mutant {c.label}"), *d.records[1:]))
    results = [replace(a, left=state), replace(b, left=noisy), replace(c, left=EndState(processes=("x",))), took]
    to_be = ToTry(4, tuple((variant, Untried(one, Replacement())) for variant, one in of(found).tried))
    told = told_apart(to_be, results, [replace(own, left=state)], Reference(EndState(), frozenset({"/tmp/y"})))
    assert [(one.variant.id, one.of, one.same) for one in told.doubles] == [
        ("port 0", own.label, "what it leaves"), ("port 3", c.label, "what it leaves"),
    ]  # fmt: skip
    assert [variant.id for variant, _ in told.tried] == ["port 1", "port 2"]
    alike = told_apart(to_be, [results[0], replace(b, left=other), replace(c, left=noisy), d], [], None)
    assert alike.doubles == ()  # where the reference was not seen, nobody knows what differs from run to run
    steady = Reference(state, frozenset({"/tmp/y"}))
    known = told_apart(to_be, [results[0], replace(b, left=other), replace(c, left=noisy), d], [], steady)
    assert [(one.variant.id, one.of) for one in known.doubles] == [("port 2", b.label)]


@pytest.mark.parametrize(
    ("variant", "why"),
    [
        (ProposedVariant("x", "", diff="no diff"), "its patch is no unified diff, or is cut short"),
        (ProposedVariant("x", "", files={"other.sh": b""}), "other files than the reference solution"),
        (changed("x", "8080", "80 80"), "its solve.sh does not parse"),
        (ProposedVariant("x", "", unfit="it types"), "it types"),
    ],
)
def test_what_cannot_be_run_is_counted_with_the_reason(tmp_path: Path, variant: ProposedVariant, why: str) -> None:
    found = of(proposed(tmp_path, variant))
    [(_, told)] = found.invalid
    assert why in told
    assert (found.given, found.tried) == (1, ())


def test_every_report_names_their_source(tmp_path: Path) -> None:
    made = proposed(tmp_path, changed("another port", "8080", "9999"), ProposedVariant("bad", "some-model", "no diff"))
    document = made.report()
    Draft202012Validator(json.loads(schema())).validate(document)
    [task_entry] = document["tasks"]
    [variant] = task_entry["proposed"]["variants"]
    assert variant["proposed"]["source"] == "some-model"
    view = task_view(document, task_entry, Colours())["proposed"]
    assert [(one["source"], one["name"]) for one in view["variants"]] == [("some-model", "another port")]
    assert view["said"][1] == "cannot be run: bad: its patch is no unified diff, or is cut short"
    texts = [*("".join(FORMATS[form](document, tmp_path)) for form in ("terminal", "markdown")), verbose(document)]
    for text in texts:
        said = " ".join(text.split())
        assert "2 wrong variants proposed by some-model: 1 run (0 caught, 1 paid in full), 1 that cannot be run" in said


class _Left(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def _leave(code: int) -> None:
    raise _Left(code)


Said = Callable[..., tuple[int, str, str]]


@pytest.fixture
def foolsgold(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """`foolsgold("audit", ...)`: exit code, stdout, stderr; on an engine without boxes whose tests look at two keys."""

    def go(*arguments: object) -> tuple[int, str, str]:
        def make(_name: str, _options: EngineOptions) -> Engine:
            return engine(looking_at("debug", "hosts"))

        monkeypatch.setattr(harness.runs, "make_engine", make)
        monkeypatch.setattr(harness.commands.main, "_leave", _leave)
        with pytest.raises(_Left) as left:
            harness.commands.main.main([str(each) for each in arguments])
        out = capsys.readouterr()
        return left.value.code, out.out, out.err

    return go


def test_a_folder_that_propose_wrote_is_audited_resumed_shown_and_reproduced_without_a_model(
    foolsgold: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "settings", {**HARBOR, "instruction.md": INSTRUCTION, "solution/solve.sh": SOLUTION})
    port = changed("another port", "8080", "9999")
    breaks = {"requirement": 1, "line": 3, "text": "The key `port` is 8080."}
    line: dict[str, Any] = {
        "task": "settings",
        "id": "wrong-1",
        "source": "some-model",
        "meant": "wrong",
        "patch": port.diff,
    }
    line["about"] = {"what": "The port is 9999.", "breaks": breaks, "request_sha256": "a" * 64}
    right = {"task": "settings", "id": "right-1", "meant": "right", "solution": {"solve.sh": SOLUTION}}
    other = {"task": "another", "id": "wrong-2", "meant": "wrong", "patch": port.diff}
    lines = "".join(f"{json.dumps(each)}\n" for each in (line, right, other))
    write(tmp_path / "proposed", {"candidates.jsonl": lines, "exchanges/x.json": "{}"})
    out = tmp_path / "run"
    words = ("audit", folder, "--operator", "data", "--probe", "none", "-o", out, "--no-progress", "--no-config")
    with serving() as served:
        monkeypatch.setenv("FOOLSGOLD_MODEL", "some-model")
        monkeypatch.setenv("FOOLSGOLD_MODEL_URL", served.url)
        _, without, _ = foolsgold(*words, "--json")
        assert json.loads(without)["tasks"][0]["proposed"] is None
        _, said, warned = foolsgold(*words, "--mutate-with", tmp_path / "proposed")
        assert "1 of the proposed variants are of other tasks than these." in warned
        _, again, _ = foolsgold(*words, "--mutate-with", tmp_path / "proposed/candidates.jsonl", "--resume")
        assert "1 wrong variant proposed by some-model: 1 run (0 caught, 1 paid in full)" in " ".join(said.split())
        assert again == said  # nothing ran again, and nobody was asked
        (tmp_path / "proposed/candidates.jsonl").unlink()
        report = json.loads(foolsgold("report", out, "--format", "json")[1])
        [variant] = report["tasks"][0]["proposed"]["variants"]
        assert variant["proposed"] == {
            "id": "wrong-1", "source": "some-model", "breaks": breaks["text"], "request_sha256": "a" * 64,
            "answer_sha256": None,
        }  # fmt: skip
        shown = foolsgold("show", out, variant["ref"])[1]
        assert "wrong-1 by some-model, meant to break: The key `port` is 8080." in shown
        assert f"paid, by some-model, {variant['ref']}: The port is 9999." in foolsgold("show", out, "settings")[1]
        assert foolsgold("repro", out, variant["ref"], "-o", tmp_path / "again")[0] == ExitCode.OK
        assert served.seen == []
    assert (tmp_path / "again/solution/solve.sh").read_text() == SOLUTION.replace("8080", "9999")


def test_what_is_said_to_be_wrong_nowhere_is_no_variant(foolsgold: Said, tmp_path: Path) -> None:
    folder = write(tmp_path / "settings", {**HARBOR, "instruction.md": INSTRUCTION, "solution/solve.sh": SOLUTION})
    write(tmp_path / "given/settings/right/one", {"solve.sh": SOLUTION})
    code, _, err = foolsgold(
        "audit", folder, "--mutate-with", tmp_path / "given", "-o", tmp_path / "run", "--no-config"
    )
    assert code == ExitCode.USAGE
    assert "is said to be wrong." in err
    assert not (tmp_path / "run").exists()
