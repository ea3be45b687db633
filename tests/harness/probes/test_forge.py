"""Which attacks on the reward are tried, what their solutions are, and the findings about those that were paid."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pytest
import yaml

from harness.findings.labels import labels
from harness.findings.model import Finding, Label, Severity
from harness.judging.outcome import Cause, Outcome, OutcomeKind
from harness.probes.forge import payloads
from harness.probes.forge.attempts import attempts, findings
from harness.probes.forge.facts import ForgeFacts, facts_of, names_of_tests, runs
from harness.probes.forge.means import Attack, NotTried
from harness.probes.forge.plan import plan
from harness.probes.model import Attempt, Attempted
from harness.task.harbor import HARBOR
from harness.task.model import Task
from harness.task.runners import RUNNERS
from harness.trial.record import Kind, TrialRecord
from tests.harness.tasks import harbor, read, terminal_bench

ROOT = Path(__file__).parents[3]
PAID = {"reward": 1.0}
PYTEST = {
    "tests/test.sh": "#!/bin/bash\ncurl -LsSf https://host/uv/install.sh | sh\nsource $HOME/.local/bin/env\n"
    "uvx --with pytest pytest /tests/test_out.py -rA\n"
    "if [ $? -eq 0 ]; then echo 1; else echo 0; fi > /logs/verifier/reward.txt\n",
    "tests/test_out.py": "def test_out():\n    assert open('/app/out.txt').read() == 'ok\\n'\n",
}
SEPARATE = 'version = "1.0"\nartifacts = ["/app/out"]\n[verifier]\nenvironment_mode = "separate"\n'
KEYS = "- command: echo ok > /app/out.txt\n  append_enter: true\n"
MODULE = {
    "solution/solve.sh": "#!/bin/bash\ncat > /app/sums.py <<'PY'\ndef total(a, b):\n    return a + b\nPY\n",
    "tests/test.sh": "#!/bin/bash\ncd /app && python3 -m pytest /tests/test_sums.py\n",
    "tests/test_sums.py": "from sums import total\n\n\ndef test_total():\n    assert total(1, 2) == 3\n",
}


def tasks(folder: Path) -> dict[str, Task]:
    keys = {"solution.sh": None, "solution.yaml": KEYS}
    return {
        "plain": harbor(folder / "plain"),
        "pytest": harbor(folder / "pytest", PYTEST),
        "module": harbor(folder / "module", MODULE),
        "separate": harbor(folder / "separate", {**PYTEST, "task.toml": SEPARATE}),
        "terminal": terminal_bench(folder / "terminal"),
        "keys": terminal_bench(folder / "keys", keys),
        "steps": read(ROOT / "fixtures" / "formats" / "multi-step"),
        "degrees": read(ROOT / "fixtures" / "probes" / "degrees-mended"),
    }


def facts(task: Task) -> ForgeFacts:
    found = facts_of(task, PAID)
    assert found is not None
    return found


def ids(task: Task) -> tuple[set[str], dict[str, str]]:
    """(tried, not tried -> why)."""
    every = list(plan(facts(task)))
    return {one.id for one in every if isinstance(one, Attack)}, {
        one.id: one.why for one in every if isinstance(one, NotTried)
    }


def test_each_attack_is_tried_or_has_its_reason_and_none_is_both(tmp_path: Path) -> None:
    for name, task in tasks(tmp_path).items():
        every = [one.id for one in plan(facts(task))]
        assert len(every) == len(set(every)), name
        assert len(every) > 20


def test_attacks_that_cannot_matter_are_not_tried(tmp_path: Path) -> None:
    found = {name: ids(task) for name, task in tasks(tmp_path).items()}
    tried, left = found["plain"]
    assert {"reward-daemon", "runner-killed", "path-cat", "path-bash"} <= tried
    planted = {"planted-reward-json", "planted-reward-txt"}
    assert {left[name] for name in planted} == {
        "Harbor 0.26 removes reward.json and reward.txt before the verifier runs"
    }
    assert planted <= ids(tasks(tmp_path / "older")["plain"].run_by(RUNNERS[0]))[0]
    assert left["conftest-in-tests"] == left["plugin-by-entry-point"] == "the verifier does not use pytest"
    assert {"sitecustomize", "startup-files-runner", "spoofed-comparison", "early-exit", "path-curl"}.isdisjoint(tried)

    tried, _ = found["pytest"]
    assert {"conftest-in-tests", "conftest-around", "pytest-ini-around", "sitecustomize", "path-uvx"} <= tried
    assert "path-curl" in tried
    assert "shadowed-pytest" not in tried

    tried, left = found["module"]
    assert {"shadowed-pytest", "spoofed-comparison", "early-exit", "exit-zero"} <= tried

    tried, left = found["separate"]
    assert tried == {
        "conftest-around",
        "pytest-ini-around",
        "pyproject-toml-around",
        "tox-ini-around",
        "setup-cfg-around",
        "reference-in-image",
    }
    assert "box of its own" in left["planted-reward-json"]

    for name in ("terminal", "keys"):
        tried, left = found[name]
        assert {"startup-files-runner", "path-bash", "tests-edited"} <= tried
        assert "output of the tests" in left["planted-reward-json"]
    _, left = ids(read(ROOT / "fixtures" / "formats" / "terminal-bench-solution-sh"))
    assert "names of tests" in left["pytest-ini-around"]

    tried, left = found["steps"]
    assert "empties" in left["planted-reward-json"]
    assert "reward-daemon" in tried


def test_a_tasks_own_conftest_takes_the_place_of_a_planted_one(tmp_path: Path) -> None:
    tried, left = ids(harbor(tmp_path, {**PYTEST, "tests/conftest.py": "import pytest\n"}))
    assert "of its own" in left["conftest-in-tests"]
    assert "conftest-around" in tried


@pytest.mark.parametrize(
    ("files", "is_tried"),
    [
        ({"tests/expected_report.json": "{}"}, True),
        ({"tests/data/report.json": "{}"}, True),
        ({"tests/other.json": "{}"}, False),
    ],
)
def test_an_answer_among_the_tests_is_known_by_its_name(
    tmp_path: Path, files: dict[str, str | bytes | None], is_tried: bool
) -> None:
    task = harbor(tmp_path, {"instruction.md": "Write the totals to /app/out/report.json.\n", **files})
    assert ("expected-answer" in ids(task)[0]) is is_tried


@pytest.mark.parametrize(
    ("line", "is_tried"),
    [
        ("pip install pytest-json-ctrf==0.3.5; pytest --ctrf /logs/verifier/ctrf.json /tests", False),
        ("pytest --ctrf=/logs/verifier/ctrf.json /tests; jq .results /logs/verifier/ctrf.json", True),
    ],
)
def test_a_test_report_is_planted_where_the_verifier_reads_one(tmp_path: Path, line: str, is_tried: bool) -> None:
    task = harbor(tmp_path, {"tests/test.sh": f"#!/bin/bash\n{line}\n"})
    assert ("planted-ctrf" in ids(task)[0]) is is_tried


@pytest.mark.parametrize(
    ("script", "tool", "found"),
    [
        ("pytest /tests", "pytest", True),
        ("if pytest -q; then echo 1; fi", "pytest", True),
        ("cd /app && timeout 60 python3 -m pytest", "python3", True),
        ("result=$(cat /app/out)", "cat", True),
        ("A=1 node x.js", "node", True),
        ("pip install pytest", "pytest", False),
        ("echo the test is over", "test", False),
        ("/usr/bin/python3 x.py", "python3", False),
        ("cat-like tool", "cat", False),
    ],
)
def test_a_tool_is_replaced_where_a_script_runs_it(script: str, tool: str, found: bool) -> None:
    assert runs(script, tool) is found


def test_test_functions_are_read_from_what_parses_and_what_does_not() -> None:
    text = "class TestA:\n    def test_b(self): pass\n\nasync def test_c(): pass\n\ndef other(): pass\n"
    assert list(names_of_tests("test_x.py", text)) == ["TestA::test_b", "test_c"]
    assert list(names_of_tests("test_x.py", "def test_a():\n  x = = 1\n")) == ["test_a"]
    assert list(names_of_tests("test_x.txt", "def test_a(): pass\n")) == []


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_every_solution_is_a_script_that_the_shells_can_read(tmp_path: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell}")
    for task in tasks(tmp_path).values():
        for attempt in attempts(task, PAID):
            for name, data in attempt.replacement.files.items():
                if not name.endswith(".yaml"):
                    read_by(shell, data.decode(), attempt.id)
            for text in (attempt.circumstances.proof, attempt.circumstances.effect):
                read_by(shell, text, attempt.id)
    own = facts(tasks(tmp_path / "again")["pytest"])
    for text in (payloads.fake_runner(own), payloads.pay(own), payloads.INSTALLER, payloads.shell_wrapper("/t.sh")):
        read_by(shell, text, "payload")
    for tool in own.tools:
        read_by(shell, payloads.wrapper(own, tool), tool)


def read_by(shell: str, text: str, name: str) -> None:
    done = subprocess.run([shell, "-n"], input=text, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), f"{name}: {text}"


def test_python_can_read_every_text_that_is_planted_for_it(tmp_path: Path) -> None:
    own = facts(tasks(tmp_path)["pytest"])
    for text in (payloads.PLUGIN, payloads.SPOOF, payloads.python_start(own), *payloads.trivial_tests(own).values()):
        ast.parse(text)


def test_an_attempt_is_nothing_but_another_solution(tmp_path: Path) -> None:
    for task in tasks(tmp_path).values():
        for attempt in attempts(task, PAID):
            assert not attempt.circumstances.changes
            assert attempt.circumstances.proof
            assert not attempt.must_be_paid
            assert attempt.replacement.files
            assert attempt.label == f"forge/{attempt.id}"


def test_keys_type_the_script_in_lines_that_a_terminal_takes(tmp_path: Path) -> None:
    attempt = next(iter(attempts(tasks(tmp_path)["keys"], PAID)))
    keys = yaml.safe_load(attempt.replacement.files["solution.yaml"])
    assert all(len(key["command"]) < 1000 for key in keys)
    assert keys[-1]["command"].endswith("solution.sh")


def test_a_forged_reward_says_what_the_reference_is_paid(tmp_path: Path) -> None:
    own = facts_of(harbor(tmp_path).run_by(RUNNERS[0]), {"correctness": 1, "speed": 1})
    assert own is not None
    every = {one.id: one for one in plan(own)}
    json_one, text_one = every["planted-reward-json"], every["planted-reward-txt"]
    assert isinstance(json_one, Attack)
    assert '{"correctness": 1, "speed": 1}' in json_one.script
    assert isinstance(text_one, NotTried)


# --- what is said


def tried(
    task: Task, paid: Sequence[str] = (), kinds: Mapping[str, tuple[OutcomeKind, bool | None]] = MappingProxyType({})
) -> list[Attempted]:
    """Every attempt killed although it was met, but for the given ones."""
    found = []
    for attempt in attempts(task, PAID):
        kind, effective = kinds.get(attempt.id, (OutcomeKind.KILLED, True))
        kind = OutcomeKind.SURVIVED if attempt.id in paid else kind
        cause = Cause.NOT_MADE if kind is OutcomeKind.ERROR else None
        found.append(_attempted(attempt, Outcome(kind, "why", cause=cause), effective))
    return found


def _attempted(attempt: Attempt, outcome: Outcome, effective: bool | None) -> Attempted:
    return Attempted(attempt, outcome, (TrialRecord("t", Kind.PROBE, effective=effective),))


def said(task: Task, attempted: Sequence[Attempted]) -> tuple[list[Finding], Finding]:
    *paid, count = findings(task, attempted, PAID)
    assert count.id == "forging-tried"
    return paid, count


def test_nothing_is_said_where_nothing_was_tried(tmp_path: Path) -> None:
    assert list(findings(harbor(tmp_path), [], PAID)) == []


def test_what_the_formats_defaults_leave_open_is_one_note_and_the_tasks_own_doing_a_warning_each(
    tmp_path: Path,
) -> None:
    task = harbor(tmp_path, PYTEST).run_by(RUNNERS[0])
    paid, _ = said(task, tried(task, ["planted-reward-txt", "planted-reward-json", "sitecustomize", "conftest-around"]))
    own = [finding for finding in paid if finding.severity is Severity.WARNING]
    (default,) = [finding for finding in paid if finding.severity is Severity.NOTE]
    assert {finding.id for finding in paid} == {"reward-forgeable"}
    assert [re.search(r"\((.*?)\)", finding.title)[1] for finding in own] == [  # type: ignore[index]  # it is there
        "planted-reward-txt",
        "conftest.py in the solver's folders",
    ]
    assert all(finding.advice for finding in paid)
    assert "2 attacks" in default.title
    pays_no_more = "Harbor removes that file before the verifier runs since 0.26, and pays this no more"
    assert f"planted-reward-txt: {pays_no_more}" in own[0].evidence
    assert f"planted-reward-json: {pays_no_more}" in default.evidence
    assert all("the trials followed the rules of Harbor 0.24" in finding.evidence for finding in paid)
    assert "sitecustomize" in "\n".join(default.evidence)


def test_a_verifier_that_writes_its_reward_before_it_looks_is_told_of_where_it_was_ended_in_between(
    tmp_path: Path,
) -> None:
    task, ident = harbor(tmp_path, MODULE), "reward-written-first"
    ([told], count) = said(task, tried(task, [ident]))
    assert (told.id, told.severity) == (ident, Severity.WARNING)
    assert "its programs (/app/sums.py) and a process that it leaves behind end the verifier" in told.evidence[0]
    assert list(labels([told])) == [Label.FORGEABLE]
    assert f"paid: {ident}" in count.evidence
    # Paid without having been ended: for something else, and no fault of that kind.
    everything = tried(task, [ident])
    unmet = [
        one if one.attempt.id != ident else _attempted(one.attempt, one.outcome, effective=False) for one in everything
    ]
    (paid, count) = said(task, unmet)
    assert paid == []
    assert f"there, but never met by the verifier: {ident}" in count.evidence


def test_the_count_parts_paid_met_never_met_and_not_measured(tmp_path: Path) -> None:
    task = harbor(tmp_path, PYTEST).run_by(RUNNERS[0])
    attempted = tried(
        task,
        ["planted-reward-json"],
        {
            "conftest-in-tests": (OutcomeKind.KILLED, False),
            "tests-bound": (OutcomeKind.ERROR, None),
            "reward-daemon": (OutcomeKind.FLAKY, True),
        },
    )
    paid, count = said(task, attempted)
    assert len(paid) == 1
    every = "\n".join(count.evidence)
    assert re.search(r"^paid: planted-reward-json$", every, re.MULTILINE)
    assert re.search(r"^there, but never met by the verifier: conftest-in-tests$", every, re.MULTILINE)
    assert re.search(r"^not measured: tests-bound: the change could not be made", every, re.MULTILINE)
    assert re.search(r"^not measured: reward-daemon", every, re.MULTILINE)
    assert f"Of {len(attempted)} attacks" in count.title
    assert "1 was paid; 2 could not be measured" in count.title


@pytest.mark.parametrize("kind", [OutcomeKind.ERROR, OutcomeKind.FLAKY, OutcomeKind.INVALID])
def test_a_probe_that_showed_nothing_never_counts_as_resisted(tmp_path: Path, kind: OutcomeKind) -> None:
    task = harbor(tmp_path)
    attempted = tried(task, kinds={one.id: (kind, None) for one in attempts(task, PAID)})
    paid, count = said(task, attempted)
    assert paid == []
    assert f"0 took effect and 0 were paid; {len(attempted)} could not be measured" in count.title


def test_the_page_on_threats_names_every_attack(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "threats.md").read_text()
    every = {one.id for task in tasks(tmp_path).values() for one in plan(facts(task)) if not one.id.startswith("path-")}
    assert sorted(one for one in every | {"path-TOOL", "path-bash"} if f"`{one}`" not in page and one != "path") == []


def test_facts_of_a_verifier_apart_are_read_from_its_own_image(tmp_path: Path) -> None:
    own = facts(tasks(tmp_path)["degrees"])
    assert own.format is HARBOR
    assert own.separate
    assert own.pytest
    assert own.reaches("/app/lib/degrees.py")
    assert not own.reaches("/app/other")
