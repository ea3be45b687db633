from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

import harness
from harness.commands.main import cli
from harness.errors import ExitCode, UsageError
from harness.findings.catalogue import FINDINGS
from harness.lab.store import Planned, Store
from harness.report.document import SCHEMA
from harness.report.gate import Accepted, Gate, GateState, Rules, gate, gate_json, gate_text, judge
from harness.settings.accepted import about, read_baseline

THRESHOLDS = {"strong": 0.9, "adequate": 0.75, "least": 8, "telling": 6, "spread": 0.5, "errors": 0.25, "stated": 0.9}
UNTESTED = "stated-requirement-untested"


def mutant(ident: str, outcome: str = "killed", gap: float = 0.0) -> dict[str, Any]:
    return {
        "id": ident,
        "ref": ident,
        "outcome": outcome,
        "gap": gap,
        "path": "solution/solve.sh",
        "line": 3,
        "sentence": f"mutant {ident} is\x1b[31m broken",
    }


def finding(ident: str, severity: str = "warning", *mutants: str, title: str = "What it says.") -> dict[str, Any]:
    evidence = [f"a variant (solve.sh:1, mutant {each}): still paid" for each in mutants]
    return {"id": ident, "severity": severity, "title": title, "evidence": evidence}


def task(
    verdict: str,
    *mutants: dict[str, Any],
    findings: Sequence[dict[str, Any]] = (),
    name: str = "a",
    internal: str | None = None,
    thresholds: dict[str, float] | None = None,
) -> dict[str, Any]:
    return {
        "name": name,
        "path": f"/tasks/{name}",
        "verdict": verdict,
        "why": f"it is {verdict}",
        "thresholds": thresholds or THRESHOLDS,
        "mutants": list(mutants),
        "findings": list(findings),
        "internal_error": internal,
    }


def caught(caught: int, paid: int) -> list[dict[str, Any]]:
    return [mutant(f"k{number}") for number in range(caught)] + [
        mutant(f"s{number}", "survived") for number in range(paid)
    ]


def accept(finding: str = "", mutant: str = "", task: str = "*") -> Accepted:
    return Accepted(task, finding, mutant, "known", "accepted.toml:1")


STRONG, WEAK = task("strong", *caught(10, 0)), task("weak", *caught(5, 5))
NOP = task("unsound", findings=[finding("nop-paid", "error")])
TWO_ERRORS = task("unsound", findings=[finding("nop-paid", "error"), finding("reward-out-of-range", "error")])
NO_ENGINE = task("unmeasured", findings=[finding("needs-docker", "unmeasured")])
TOO_FEW = task("unmeasured", *caught(3, 0))
GAPS = task("adequate", *caught(3, 0), mutant("p", "partial", 0.5), mutant("e", "error"))
TWO_HOLES = task(
    "adequate", *caught(8, 2), findings=[finding(UNTESTED, "warning", "s0"), finding(UNTESTED, "warning", "s1")]
)


@pytest.mark.parametrize(
    ("entry", "rules", "accepted", "state"),
    [
        (STRONG, Rules(), (), GateState.PASSED),
        (STRONG, Rules(100), (), GateState.PASSED),
        (WEAK, Rules(), (), GateState.FAILED),
        (WEAK, Rules(50), (), GateState.PASSED),
        (WEAK, Rules(50.1), (), GateState.FAILED),
        (GAPS, Rules(87.5), (), GateState.PASSED),
        (GAPS, Rules(87.6), (), GateState.FAILED),
        (WEAK, Rules(), [accept(mutant="s0")], GateState.FAILED),
        (WEAK, Rules(), [accept(mutant=f"s{number}") for number in range(4)], GateState.PASSED),
        (WEAK, Rules(84), [accept(mutant=f"s{number}") for number in range(4)], GateState.FAILED),
        (WEAK, Rules(100), [accept(mutant=f"s{number}") for number in range(5)], GateState.PASSED),
        ({**WEAK, "thresholds": {**THRESHOLDS, "adequate": 0.5}}, Rules(), [accept(mutant="s0")], GateState.PASSED),
        (NOP, Rules(), (), GateState.FAILED),
        (NOP, Rules(0), (), GateState.FAILED),
        (NOP, Rules(), [accept("nop-paid")], GateState.PASSED),
        (TWO_ERRORS, Rules(), [accept("nop-paid")], GateState.FAILED),
        (task("broken"), Rules(), (), GateState.FAILED),
        (task("flaky"), Rules(), [accept("nop-paid")], GateState.FAILED),
        (task("strong", *caught(9, 0), findings=[finding("x", "error")]), Rules(), (), GateState.FAILED),
        (NO_ENGINE, Rules(), (), GateState.UNMEASURED),
        (NO_ENGINE, Rules(100), (), GateState.UNMEASURED),
        (NO_ENGINE, Rules(), [accept("needs-docker")], GateState.PASSED),
        (TOO_FEW, Rules(), [accept("needs-docker")], GateState.UNMEASURED),
        (NO_ENGINE, Rules(fail_on=frozenset({"needs-docker"})), (), GateState.FAILED),
        (TWO_HOLES, Rules(), (), GateState.PASSED),
        (TWO_HOLES, Rules(fail_on=frozenset({UNTESTED})), (), GateState.FAILED),
        (TWO_HOLES, Rules(fail_on=frozenset({UNTESTED})), [accept(UNTESTED)], GateState.PASSED),
        (TWO_HOLES, Rules(fail_on=frozenset({UNTESTED})), [accept(UNTESTED, "s0")], GateState.FAILED),
        (
            TWO_HOLES,
            Rules(fail_on=frozenset({UNTESTED})),
            [accept(UNTESTED, "s0"), accept(UNTESTED, "s1")],
            GateState.PASSED,
        ),
        (TWO_HOLES, Rules(81), [accept(UNTESTED, "s0"), accept(UNTESTED, "s1")], GateState.FAILED),
        (task("unmeasured", internal="Traceback"), Rules(), (), GateState.INTERNAL),
    ],
)
def test_a_task_is_held_against_the_rules(
    entry: dict[str, Any], rules: Rules, accepted: Sequence[Accepted], state: GateState
) -> None:
    found = judge(entry, rules, accepted)
    assert found.state is state
    assert bool(found.reasons) == (state is not GateState.PASSED)


def held(*tasks: dict[str, Any], accepted: Sequence[Accepted] = (), interrupted: bool = False) -> Gate:
    report = {"tasks": list(tasks), "interrupted": interrupted, "unfinished": []}
    return gate(
        report,
        lambda _: Rules(),
        lambda entry: about(accepted, entry["name"], Path(entry["path"]), Path("/tasks")),
    )


NOP_TOO = {**NOP, "name": "n"}
INTERNAL = task("unmeasured", internal="Traceback", name="i")


@pytest.mark.parametrize(
    ("tasks", "interrupted", "code"),
    [
        ((STRONG,), False, ExitCode.OK),
        ((), False, ExitCode.OK),
        ((STRONG, {**NO_ENGINE, "name": "n"}), False, ExitCode.UNMEASURED),
        ((WEAK, {**NO_ENGINE, "name": "n"}), False, ExitCode.BELOW_BAR),
        ((WEAK, INTERNAL), False, ExitCode.INTERNAL),
        ((WEAK, INTERNAL), True, ExitCode.INTERRUPTED),
    ],
)
def test_the_gravest_task_decides_the_exit_code(
    tasks: tuple[dict[str, Any], ...], interrupted: bool, code: ExitCode
) -> None:
    assert held(*tasks, interrupted=interrupted).exit_code is code


@pytest.mark.parametrize(
    ("entry", "accepted", "why"),
    [
        (WEAK, accept(mutant="s0"), ""),
        (WEAK, accept(mutant="k0"), "killed now"),
        (WEAK, accept(mutant="zz"), "no such mutant"),
        (NOP, accept("nop-paid"), ""),
        (STRONG, accept("nop-paid"), "no such finding"),
        (TWO_HOLES, accept(UNTESTED, "s0"), ""),
        (TWO_HOLES, accept(UNTESTED, "k1"), "no such finding with that mutant"),
        (NO_ENGINE, accept(mutant="zz"), ""),
        (STRONG, accept("nop-paid", task="other"), ""),
    ],
)
def test_an_entry_that_lets_nothing_pass_is_stale(entry: dict[str, Any], accepted: Accepted, why: str) -> None:
    stale = held(entry, accepted=[accepted]).stale
    assert bool(stale) == bool(why)
    assert all(why in one.why for one in stale)


def test_an_entry_for_several_tasks_is_stale_when_it_is_of_use_in_none() -> None:
    entry = accept("nop-paid")
    other = {**STRONG, "name": "b"}
    assert held(NOP, other, accepted=[entry]).stale == ()
    [stale] = held(STRONG, other, accepted=[entry]).stale
    assert stale.entry is entry
    assert "accepted.toml:1: stale entry, *: nop-paid: the task has no such finding any more" in gate_text(
        held(STRONG, other, accepted=[entry])
    )


def test_each_task_that_does_not_pass_has_one_line_that_says_why() -> None:
    colours = task("weak", *caught(1, 9), name="c\x1b[31m")
    lines = gate_text(held(STRONG, {**NOP, "name": "n"}, colours, {**NO_ENGINE, "name": "u"})).splitlines()
    assert lines == [
        "gate: n fails: nop-paid: What it says.",
        "gate: c\\x1b[31m fails: weak: it is weak",
        "gate: u is unmeasured: it is unmeasured",
        "gate: 1 of 4 tasks pass (exit code 1)",
    ]


def test_a_strength_just_below_the_bar_does_not_look_as_if_it_were_on_it() -> None:
    entry = task("adequate", *caught(7999, 2001))
    assert judge(entry, Rules(80), ()).reasons == ("strength 79.9 % of 10000 mutants; at least 80 % is asked for",)


def test_the_json_has_rules_reasons_and_what_was_accepted() -> None:
    found = gate_json(held(NOP, accepted=[accept("nop-paid")]))
    assert found["tasks"][0]["state"] == "passed"
    assert found["tasks"][0]["accepted"] == [
        {"task": "*", "finding": "nop-paid", "mutant": None, "reason": "known", "where": "accepted.toml:1"}
    ]
    assert found["exit_code"] == 0


# --- runs that did not end


def unfinished_run(folder: Path, *names: str) -> Path:
    """As Ctrl-C leaves it: one task is done, and these are not."""
    folder.mkdir()
    left = [{"name": name, "path": f"/tasks/{name}", "progress": None} for name in names]
    made = {"schema": SCHEMA, "tasks": [{**STRONG, "name": "done"}], "interrupted": True, "unfinished": left}
    (folder / "report.json").write_text(json.dumps(made))
    return folder


def test_the_gate_names_the_tasks_of_a_run_that_are_unfinished(tmp_path: Path) -> None:
    folder = unfinished_run(tmp_path / "run", "b", "c\x1b[31m")
    code, said = foolsgold("gate", str(folder))
    assert code == ExitCode.INTERRUPTED
    assert said.splitlines() == [
        "gate: b is unfinished: the audit has not come to its end",
        "gate: c\\x1b[31m is unfinished: the audit has not come to its end",
        "gate: 1 of 3 tasks pass, 2 unfinished (exit code 130)",
    ]
    code, said = foolsgold("gate", str(folder), "--json")
    states = {one["name"]: one["state"] for one in json.loads(said)["tasks"]}
    assert (code, states) == (130, {"done": "passed", "b": "unfinished", "c\x1b[31m": "unfinished"})


def test_thousands_of_unfinished_tasks_are_counted_and_not_listed(tmp_path: Path) -> None:
    _, said = foolsgold("gate", str(unfinished_run(tmp_path / "run", *(f"t{number}" for number in range(2000)))))
    assert said.splitlines()[10:] == [
        "gate: 1990 more are unfinished",
        "gate: 1 of 2001 tasks pass, 2000 unfinished (exit code 130)",
    ]


def test_an_audit_that_was_killed_before_it_wrote_a_report_does_not_pass(tmp_path: Path) -> None:
    with Store(tmp_path / "run") as store:
        store.set_meta({"options": {"engine": "bwrap", "seed": 3}})
    code, said = foolsgold("gate", str(tmp_path / "run"))
    assert code == ExitCode.INTERRUPTED
    assert said.splitlines() == [
        "gate: the audit has not come to its end",
        "gate: 0 of 0 tasks pass (exit code 130)",
    ]
    with Store(tmp_path / "run") as store:
        store.begin_run([Planned("a", "/a", "0" * 64)], {})
    code, said = foolsgold("gate", str(tmp_path / "run"))
    assert code == ExitCode.INTERRUPTED
    assert "gate: a is unfinished" in said


def test_no_baseline_is_made_of_a_run_that_did_not_end(tmp_path: Path) -> None:
    accepted = tmp_path / "accepted.toml"
    code, said = foolsgold("baseline", str(unfinished_run(tmp_path / "run", "b")), "-o", str(accepted))
    assert code == ExitCode.UNMEASURED
    assert "has not come to its end, so no baseline is made of it. Unfinished: b." in said
    assert "--resume" in said
    assert not accepted.exists()


def test_an_entry_about_an_unfinished_task_is_not_stale(tmp_path: Path) -> None:
    accepted = tmp_path / "accepted.toml"
    accepted.write_text('[[accepted]]\ntask = "b"\nfinding = "nop-paid"\nreason = "r"\n')
    _, said = foolsgold("gate", str(unfinished_run(tmp_path / "run", "b")), "--baseline", str(accepted))
    assert "stale" not in said


# --- the baseline file


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ('[[accepted]]\ntask = "a"\nfinding = "nop-paid"\n', 1, "no reason", "why"),
        ('[[accepted]]\ntask = "a"\nfinding = "nop-paid"\nreason = "  "\n', 4, "no reason", "why"),
        ('[[accepted]]\nfinding = "nop-paid"\nreason = "r"\n', 1, "names no task", "task ="),
        ('[[accepted]]\ntask = "a"\nreason = "r"\n', 1, "neither a finding nor a mutant", ""),
        ('[[accepted]]\ntask = "a"\nfinding = "nop-payed"\nreason = "r"\n', 3, "`nop-payed`", "`nop-paid`"),
        ('[[accepted]]\ntask = "a"\nmutat = "x"\nreason = "r"\n', 3, "no `mutat`", "`mutant`"),
        ("[[accepted]]\ntask = 3\n", 2, "is no text", ""),
        ('[[acepted]]\ntask = "a"\n', 1, "no `acepted`", "[[accepted]]"),
        ('accepted = "a"\n', 1, "no list of tables", ""),
    ],
)
def test_what_is_no_entry_is_an_error_with_its_line(
    tmp_path: Path, text: str, line: int, message: str, hint: str
) -> None:
    path = tmp_path / "accepted.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_baseline(path)
    assert caught.value.message.startswith(f"{path}:{line}: ")
    assert message in caught.value.message
    assert hint in caught.value.hint


def run_folder(folder: Path, *tasks: dict[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "report.json").write_text(
        json.dumps({"schema": SCHEMA, "tasks": tasks, "interrupted": False, "unfinished": []})
    )
    return folder


def foolsgold(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, list(arguments), standalone_mode=False)
    if isinstance(result.exception, UsageError):
        return int(result.exception.exit_code), str(result.exception)
    if result.exception is not None:
        raise result.exception
    return int(result.return_value or 0), result.stdout


@pytest.mark.parametrize("flags", [(), ("--fail-under", "100"), ("--fail-under", "81", "--fail-on", UNTESTED)])
def test_a_written_baseline_with_reasons_lets_the_same_run_pass_and_nothing_in_it_is_stale(
    tmp_path: Path, flags: tuple[str, ...]
) -> None:
    odd = task("weak", *caught(2, 8), name='odd "[*] \\ näme 🎉')
    run = str(run_folder(tmp_path / "run", {**WEAK, "name": "w"}, {**TWO_HOLES, "name": "h"}, NOP, odd))
    path = tmp_path / "accepted.toml"
    assert foolsgold("gate", run, *flags)[0] == 1
    assert foolsgold("baseline", run, "-o", str(path), *flags)[0] == 0
    code, said = foolsgold("gate", run, *flags, "--baseline", str(path))
    assert (code, "has no reason" in said) == (2, True)
    path.write_text(path.read_text().replace('reason = ""', 'reason = "known"'))
    code, said = foolsgold("gate", run, *flags, "--baseline", str(path))
    assert code == 0, said
    assert "stale" not in said


def test_no_entry_of_a_written_baseline_can_be_spared(tmp_path: Path) -> None:
    run = str(run_folder(tmp_path / "run", task("weak", *caught(8, 2)), NOP_TOO))
    path = tmp_path / "accepted.toml"
    foolsgold("baseline", run, "-o", str(path), "--fail-under", "100")
    head, *entries = path.read_text().replace('reason = ""', 'reason = "known"').split("[[accepted]]")
    assert len(entries) == 3
    for left_out in range(len(entries)):
        path.write_text(head + "".join(f"[[accepted]]{one}" for n, one in enumerate(entries) if n != left_out))
        assert foolsgold("gate", run, "--fail-under", "100", "--baseline", str(path))[0] == 1


def test_writing_a_baseline_again_keeps_what_it_holds_and_adds_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    run = str(run_folder(tmp_path / "run", NOP))
    foolsgold("baseline", run, "-o", str(path))
    path.write_text("# mine\n" + path.read_text().replace('reason = ""', 'reason = "because"'))
    before = path.read_text()
    foolsgold("baseline", run, "-o", str(path))
    assert path.read_text() == before
    foolsgold("baseline", str(run_folder(tmp_path / "run", TWO_ERRORS)), "-o", str(path))
    assert path.read_text().startswith(before)
    entries = tomllib.loads(path.read_text())["accepted"]
    assert [(entry["finding"], entry["reason"]) for entry in entries] == [
        ("nop-paid", "because"),
        ("reward-out-of-range", ""),
    ]


def test_the_entries_name_tasks_by_their_path_below_the_file(tmp_path: Path) -> None:
    entry = {**NOP, "name": "x", "path": str(tmp_path / "tasks/deep/x")}
    foolsgold("baseline", str(run_folder(tmp_path / "run", entry)), "-o", str(tmp_path / "accepted.toml"))
    [found] = tomllib.loads((tmp_path / "accepted.toml").read_text())["accepted"]
    assert found["task"] == "tasks/deep/x"


def test_a_config_file_sets_the_gate_per_task_and_accepts_with_a_reason(tmp_path: Path) -> None:
    run = str(run_folder(tmp_path / "run", {**WEAK, "name": "w"}, {**NOP, "name": "n"}))
    config = tmp_path / "c.toml"
    config.write_text(
        '[[override]]\ntasks = ["w"]\nfail-under = 40\n[[override]]\ntasks = ["n"]\n'
        'accept = { nop-paid = "pays a base rate" }\n'
    )
    code, said = foolsgold("gate", run, "--config", str(config), "--json")
    assert code == 0, said
    tasks = {one["name"]: one for one in json.loads(said)["tasks"]}
    assert tasks["w"]["fail_under"] == 40
    assert tasks["n"]["accepted"][0]["reason"] == "pays a base rate"
    assert foolsgold("gate", run, "--config", str(config), "--fail-under", "90")[0] == 1


# --- the list of findings


def ids_in_code() -> set[str]:
    """First arguments of what makes findings, notes and problems."""
    makers = {"Finding", "finding", "Problem", "Note", "error", "warning", "_lack"}
    found = set()
    for path in Path(harness.__file__).parent.rglob("*.py"):
        # The demo's tasks are code that is looked at, not run.
        if "engine" in path.parts or "tasks" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in makers:
                found |= {
                    constant.value
                    for constant in ast.walk(node.args[0])
                    if isinstance(constant, ast.Constant) and isinstance(constant.value, str) and "-" in constant.value
                }
    return found


def test_every_finding_in_the_code_can_be_named_in_a_gate() -> None:
    found = ids_in_code()
    assert len(found) > 40
    assert found <= set(FINDINGS), found - set(FINDINGS)


def test_every_finding_that_can_be_named_is_in_the_code() -> None:
    files = Path(harness.__file__).parent.rglob("*.py")
    code = "".join(path.read_text() for path in files if path.name != "catalogue.py")
    assert [ident for ident in FINDINGS if f'"{ident}"' not in code] == []


# --- the page

PAGE = Path(__file__).parents[3] / "docs/ci.md"


def test_the_baseline_on_the_page_can_be_read(tmp_path: Path) -> None:
    [text] = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    path = tmp_path / "accepted.toml"
    path.write_text(text)
    assert [(entry.finding, entry.mutant) for entry in read_baseline(path)] == [
        ("", "9ade5e163a"),
        ("nop-partly-paid", ""),
    ]


@pytest.mark.parametrize("name", ["gate", "baseline"])
def test_the_page_has_every_option_of_its_commands(name: str) -> None:
    page = PAGE.read_text() + (PAGE.parent / "config.md").read_text()
    for parameter in cli.commands[name].params:
        if isinstance(parameter, click.Option):
            assert any(word in page for word in parameter.opts), parameter.name


def test_the_page_names_every_step_of_the_example() -> None:
    workflow = (PAGE.parents[1] / "examples/github-actions/foolsgold.yml").read_text()
    for name in re.findall(r"- name: (.*)", workflow):
        assert f"| {name} |" in PAGE.read_text()
