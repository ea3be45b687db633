"""`foolsgold mutants` and `foolsgold operators`, end to end, and the pages about them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.commands.main import cli, main
from mutator.model import FaultClass
from mutator.operators import FAMILIES
from mutator.operators.state import OPERATORS as STATE_OPERATORS

ROOT = Path(__file__).parents[2]
NGINX = "fixtures/cases/nginx-rate-limit-mended"
RESOLVER = "fixtures/cases/pkg-resolver-mended"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The exit code, output and errors of a command, called in the root of the repository."""
    monkeypatch.chdir(ROOT)

    def called(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return called


def listed(run: Run, *arguments: str) -> dict[str, Any]:
    code, out, err = run("mutants", *arguments, "--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["schema"] == "foolsgold.mutants/1"
    step: dict[str, Any] = document["tasks"][0]["steps"][0]
    return step


def ids(step: dict[str, Any]) -> list[str]:
    return [mutant["id"] for mutant in step["mutants"]]


def test_where_nothing_is_worth_a_trial_the_list_is_empty_and_says_so(run: Run) -> None:
    task = "fixtures/probes/degrees-mended"
    code, out, err = run("mutants", task)
    assert (code, err) == (0, "")
    poor = listed(run, task)["not_worth_a_trial"]
    assert ids(listed(run, task)) == []
    assert out.splitlines()[1:] == [
        f"  nothing here is worth a trial of its own: `foolsgold mutants --all` lists {poor} others."
    ]
    assert len(ids(listed(run, task, "--all"))) == poor > 1


def test_the_table_has_a_row_for_each_mutant_in_the_order_of_the_json(run: Run) -> None:
    code, out, err = run("mutants", NGINX)
    assert (code, err) == (0, "")
    rows = [line.split()[0] for line in out.splitlines() if re.match(r"[0-9a-f]{10} ", line)]
    assert rows == ids(listed(run, NGINX))
    assert out.splitlines()[1].split() == "id place operator fault relevance what is wrong with it".split()


def test_the_same_command_lists_the_same(run: Run) -> None:
    assert run("mutants", RESOLVER, "--diff") == run("mutants", RESOLVER, "--diff")


def test_operator_fault_and_source_choose(run: Run) -> None:
    everything = listed(run, NGINX, "--all")["mutants"]
    cases: list[tuple[tuple[str, ...], Callable[[dict[str, Any]], bool]]] = [
        (("--operator", "nginx.drop-guard"), lambda each: each["operator"] == "nginx.drop-guard"),
        (("--operator", "nginx"), lambda each: each["operator"].startswith("nginx.")),
        (("--operator", "sed", "--operator", "shell"), lambda each: each["operator"].startswith(("sed.", "shell."))),
        (("--skip-operator", "nginx"), lambda each: not each["operator"].startswith("nginx.")),
        (("--fault", "noop-guard"), lambda each: each["fault"] == "noop-guard"),
        (("--skip-fault", "noop-guard"), lambda each: each["fault"] != "noop-guard"),
        (("--source", "site.conf"), lambda each: "site.conf" in each["source"]),
        (("--fault", "noop-guard", "--operator", "nginx.loosen-limit"), lambda each: "loosen" in each["operator"]),
    ]
    for arguments, fits in cases:
        chosen = listed(run, NGINX, "--all", *arguments)["mutants"]
        assert chosen
        assert {each["id"] for each in chosen} == {each["id"] for each in everything if fits(each)}, arguments


def test_a_budget_is_the_beginning_of_the_whole_list(run: Run) -> None:
    every = listed(run, NGINX, "--all")
    some = listed(run, NGINX, "--budget", "7")
    assert ids(some) == ids(every)[:7]
    assert some["beyond_budget"] + some["not_worth_a_trial"] == len(ids(every)) - 7
    assert some["not_worth_a_trial"] > 0
    assert (every["beyond_budget"], every["not_worth_a_trial"]) == (0, 0)
    assert len(ids(every)) == every["generated"] - len(every["duplicates"])
    quick = listed(run, NGINX, "--depth", "quick")
    assert ids(quick) == ids(every)[:20]
    standard = listed(run, NGINX)
    assert (ids(standard), standard["beyond_budget"]) == (ids(every)[: 31 - standard["not_worth_a_trial"]], 0)


def test_another_seed_changes_the_order_and_not_the_mutants(run: Run) -> None:
    one, two = (ids(listed(run, RESOLVER, "--all", "--seed", seed)) for seed in ("0", "1"))
    assert one != two
    assert set(one) == set(two)


def test_the_diff_is_of_the_real_file_and_says_what_is_broken(run: Run) -> None:
    code, out, _ = run("mutants", NGINX, "--diff", "--operator", "nginx.drop-guard")
    assert code == 0
    script = (ROOT / NGINX / "solution" / "solve.sh").read_text().splitlines()
    gone = [line[1:] for line in out.splitlines() if line.startswith("-") and not line.startswith("---")]
    assert gone
    assert set(gone) <= set(script)
    assert "\n--- solve.sh\n+++ solve.sh\n@@ " in out
    assert "\n  breaks: " in out


def test_what_is_left_out_is_counted(run: Run, tmp_path: Path) -> None:
    task = tmp_path / "task"
    (task / "solution").mkdir(parents=True)
    (task / "tests").mkdir()
    (task / "environment").mkdir()
    (task / "task.toml").write_text('version = "1.0"\n')
    (task / "instruction.md").write_text("Do it.\n")
    (task / "environment" / "Dockerfile").write_text("FROM debian:12\n")
    (task / "tests" / "test.sh").write_text("true\n")
    (task / "solution" / "solve.sh").write_text(
        "cp -r /a /b  # foolsgold: skip\ncat > /app/x.json <<'EOF'\n{broken\nEOF\nbc <<< '1 + 1' > /app/two\n"
        "echo 'PORT=80' > /app/.env\ntouch /app/.env\n"
    )
    (task / "solution" / "notes.md").write_text("unused\n")
    step = listed(run, str(task), "--all")
    assert step["operators"]["shell.drop-flag"] == {"mutants": 0, "invalid": 0, "pragma": 1}
    assert step["skipped_by_pragma"] == sum(each["pragma"] for each in step["operators"].values()) > 1
    assert step["invalid"] == sum(each["invalid"] for each in step["operators"].values()) > 0
    assert {each["what"]: each["reason"] for each in step["not_mutated"]} == {
        "notes.md": "not used by the script",
        "solve.sh:inline:bc": "no operator knows bc",
        "solve.sh:heredoc:/app/x.json": "does not parse as json",
    }
    code, out, _ = run("mutants", str(task))
    assert code == 0
    assert f" {step['invalid']} invalid," in out
    assert f" {step['skipped_by_pragma']} skipped by a pragma" in out
    assert "not mutated: notes.md: not used by the script" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--operator", "shell.drop-flg"), "Did you mean `shell.drop-flag`"),
        (("--operator", "ngnix"), "Did you mean `nginx`"),
        (("--fault", "noop-gaurd"), "Did you mean `noop-guard`"),
        (("--skip-fault", "missing-flags"), "Did you mean `missing-flag`"),
        (("--operator", "zzz"), "`foolsgold operators` lists them"),
        (("--all", "--budget", "3"), "--all shows every mutant"),
        (("--all", "--depth", "quick"), "--all shows every mutant"),
        (("--source", "nothing.conf"), "There are: solve.sh:heredoc:/etc/nginx/conf.d/site.conf"),
        (("--budget", "0"), "0 is not in the range"),
        (("--budget", "many"), "not a valid integer"),
        (("--seed", "x"), "not a valid integer"),
        (("--colour",), "No such option"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_meant_and_ends_with_2(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    code, out, err = run("mutants", NGINX, *arguments)
    assert code == 2
    assert said in err
    assert not re.search(r"^[0-9a-f]{10} ", out, re.MULTILINE)


def test_a_path_without_a_task_ends_with_2(run: Run, tmp_path: Path) -> None:
    code, _, err = run("mutants", str(tmp_path / "nowhere"))
    assert code == 2
    assert str(tmp_path / "nowhere") in err


def test_every_operator_is_listed_in_every_form(run: Run) -> None:
    every = [op.id for family in FAMILIES for op in family.operators] + [op.id for op in STATE_OPERATORS]
    code, out, _ = run("operators")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[2:]] == every
    code, out, _ = run("operators", "--json")
    described = json.loads(out)["operators"]
    assert [each["id"] for each in described] == every
    assert all(each["sentence"] and each["fault"] in set(FaultClass) for each in described)
    code, out, _ = run("operators", "--markdown")
    assert [name for name in every if f"### {name}\n" not in out and f"| `{name}` |" not in out] == []


def test_the_page_of_the_operators_is_as_the_command_writes_it(run: Run) -> None:
    _, out, _ = run("operators", "--markdown")
    page = (ROOT / "docs" / "operators.md").read_text()
    assert page.splitlines() == out.splitlines(), "foolsgold operators --markdown > docs/operators.md"


def test_the_examples_of_the_page_are_what_the_command_prints(run: Run) -> None:
    page = (ROOT / "docs" / "mutants.md").read_text()
    examples = re.findall(r"```console\n\$ foolsgold ([^\n]*)\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 2
    for command, shown in examples:
        code, out, _ = run(*shlex.split(command))
        assert code == 0
        assert [line.rstrip() for line in out.strip().splitlines()] == [line.rstrip() for line in shown.splitlines()]


def test_the_page_names_every_option(run: Run) -> None:
    page = (ROOT / "docs" / "mutants.md").read_text()
    for name in ("mutants", "operators"):
        for parameter in cli.commands[name].params:
            for option in parameter.opts:
                if option.startswith("--") and option != "--help":
                    assert option in page, option
