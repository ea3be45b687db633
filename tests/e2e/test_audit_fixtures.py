"""`foolsgold audit` on every fixture, on both engines against one list of verdicts, survivors and findings.

`UPDATE_SNAPSHOTS=1` writes audited.json anew; what must be told right whatever the operators are stands below in words.
"""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.probes.replay.special import ALIKE
from tests.e2e.test_audit import command
from tests.e2e.test_check import BY_LOT, paid, to_be_paid

FIXTURES = Path(__file__).parents[2] / "fixtures"
SNAPSHOT = Path(__file__).parent / "audited.json"
pytestmark = pytest.mark.audits
PROBES = ("hidden", "preserving", "state", "leak", "replay", "conform", "vacuous")
"""Those that ask one question each; forging asks some thirty, and has a test of its own."""


def _cases(twin: str) -> tuple[str, ...]:
    return tuple(f"cases/{path.name}" for path in sorted((FIXTURES / "cases").iterdir()) if path.name.endswith(twin))


PARTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "cases": (_cases("faulty"), ("--depth", "quick", "--repeat", "1")),
    "telling": (
        ("cases/cleanup-dry-run-faulty", "cases/nginx-rate-limit-faulty"),
        ("--depth", "quick", "--repeat", "1"),
    ),
    "mended": (_cases("mended"), ("--depth", "quick", "--repeat", "1")),
    "formats": (("formats",), ("--depth", "quick", "--budget", "2", "--repeat", "1")),
    "probes": (
        ("probes",),
        ("--budget", "3", "--repeat", "1", *(word for probe in PROBES for word in ("--probe", probe))),
    ),
}
"""Name -> (folders, options). `telling` are some of `cases`: a program and a service."""
REPLAYED = tuple(f"cases/{case}-{twin}" for case in ("sokoban-solver", "pkg-resolver") for twin in ("faulty", "mended"))
REPLAYING = ("--budget", "1", "--repeat", "1", "--probe", "replay")
FORGEABLE = {
    "probes/beds-paid-first-faulty": ["reward-written-first"],
    "probes/degrees-faulty": [
        "conftest.py in the solver's folders",
        "early-exit",
        "shadowed-pytest",
        "spoofed-comparison",
    ],
}
"""The fixtures whose own doing it is that a reward can be forged, and by what means."""
TOLD_WITH_NOTES = {"probes"}
"""Where every finding counts. Elsewhere notes tell how many means or variants there were, which races may decide."""


@functools.cache
def audited(engine: str, part: str) -> dict[str, dict[str, Any]]:
    """Fixture -> what the report has on it, from one run over all of a part."""
    apart = {"forging": (forged_fixtures(), FORGING), "replaying": (REPLAYED, REPLAYING), "least": (tuple(LESS), LEAST)}
    apart["least of cases"] = (tuple(LESS_OF_CASES), LEAST_OF_CASES)
    folders, options = {**PARTS, **apart}[part]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            command(
                *(str(FIXTURES / each) for each in folders), *options, *AT_ONCE, "-o", f"{folder}/run", engine=engine
            ),
            capture_output=True,
            text=True,
            check=False,
            timeout=1700,
        )
        assert done.returncode in (0, 1, 3), done.stderr
        report = json.loads(Path(folder, "run", "report.json").read_text())
    return {Path(task["path"]).relative_to(FIXTURES).as_posix(): task for task in report["tasks"]}


AT_ONCE = ("--jobs", str((os.cpu_count() or 1) + 1))
"""Much of a trial is waiting."""
FORGING = ("--budget", "1", "--repeat", "1", "--probe", "forge")


STYLES = (
    "cases/ledger-off-by-one-mended",
    "formats/compiled-c",
    "formats/multi-step",
    "formats/non-root-agent",
    "formats/partial-reward-two-keys",
    "formats/plain-python-verifier",
    "formats/separate-verifier",
    "formats/separate-verifier-same-image",
    "formats/set-e-cannot-write-zero",
    "formats/terminal-bench-solution-sh",
    "probes/beds-paid-first-faulty",
    "probes/beds-paid-first-mended",
    "probes/degrees-faulty",
    "probes/degrees-mended",
)
"""One of each kind of verifier: what can be forged depends on that, and not on what the task is about."""


def forged_fixtures() -> tuple[str, ...]:
    """With FOOLSGOLD_AUDITS=all: every fixture that is sound and no faulty twin, and the ones to be forged."""
    if os.environ.get("FOOLSGOLD_AUDITS") != "all":
        return STYLES
    tasks = json.loads(SNAPSHOT.read_text())
    unsound = {name for name, task in tasks.items() if task["verdict"] in ("broken", "unsound")}
    return tuple(name for name in tasks if not (name.endswith("-faulty") or name in unsound) or name in FORGEABLE)


def parts(engine: str) -> tuple[str, ...]:
    """What the engine has a part in is the format, and how programs and services run. What tests tell apart and what
    probes find hangs little on it: docker tries the other cases and the probes where all is asked for."""
    everything = engine == "bwrap" or os.environ.get("FOOLSGOLD_AUDITS") == "all"
    return ("cases", "mended", "formats", "probes") if everything else ("telling", "formats")


def told(engine: str) -> dict[str, Any]:
    tasks = {
        name: _in_nobodys_words(_told(task, notes=part in TOLD_WITH_NOTES))
        for part in parts(engine)
        for name, task in audited(engine, part).items()
        if name not in BY_LOT
    }
    return dict(sorted(tasks.items()))


def _told(task: Mapping[str, Any], *, notes: bool = False) -> dict[str, Any]:
    severities = ("error", "warning", "unmeasured", *(["note"] if notes else []))
    by_ref = {mutant["ref"]: mutant for mutant in task["mutants"]}
    return {
        "verdict": task["verdict"],
        "labels": task["labels"],
        "survivors": sorted(
            f"{by_ref[ref]['file']}:{by_ref[ref]['line']}: {by_ref[ref]['sentence']}" for ref in task["survivors"]
        ),
        "findings": sorted(
            f"{finding['severity']}: {finding['id']}: {finding['title']}"
            if notes
            else f"{finding['id']}: {finding['title']}"
            for finding in task["findings"]
            if finding["severity"] in severities
        ),
    }


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.timeout(3600)
def test_every_fixture_has_exactly_its_verdict_survivors_and_findings(engine_name: str) -> None:
    found = told(engine_name)
    if os.environ.get("UPDATE_SNAPSHOTS") and engine_name == "bwrap":
        SNAPSHOT.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    expected = json.loads(SNAPSHOT.read_text())
    if "telling" in parts(engine_name):
        telling = PARTS["telling"][0]
        expected = {name: task for name, task in expected.items() if name.startswith("formats/") or name in telling}
    assert sorted(found) == sorted(expected)
    for name in expected:
        assert (name, found[name]) == (name, expected[name])


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.bwrap
@pytest.mark.timeout(3600)
def test_each_fixture_is_paid_in_its_audit_as_expected() -> None:
    for part in parts("bwrap"):
        for name, task in audited("bwrap", part).items():
            if name not in BY_LOT:
                assert (name, paid(task)) == (name, to_be_paid(name))


def _in_nobodys_words(found: dict[str, Any]) -> dict[str, Any]:
    """Each engine's builder has its own words for what it cannot build; where it happened is the same."""
    findings = [re.sub(r"(?<=does not build: )(\S+:\d+): .*", r"\1", line) for line in found["findings"]]
    return {**found, "findings": findings}


def faults(engine: str, name: str) -> tuple[list[str], list[str]]:
    """(sentences of the survivors, `id: title` of the findings)."""
    found = _told(audited(engine, "cases")[f"cases/{name}"])
    return found["survivors"], found["findings"]


def some(lines: list[str], *words: str) -> bool:
    return any(all(word in line for word in words) for line in lines)


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.bwrap
@pytest.mark.timeout(3600)
def test_each_case_is_told_by_its_fault() -> None:
    engine_name = "bwrap"
    survivors, findings = faults(engine_name, "nginx-rate-limit-faulty")
    assert some(survivors, "limit_req ", "left out") or some(survivors, "limit_req_zone", "left out")
    assert some(survivors, "loosened")
    assert some(findings, "stated-requirement-untested", "1 request per second")
    assert some(findings, "permissive-assertion", "in (200, 503)")

    survivors, findings = faults(engine_name, "sokoban-solver-faulty")
    assert some(survivors, '"R" is mapped like "D"')
    assert some(survivors, '"D" and "R" are swapped') or some(survivors, "are swapped in `MOVES`")
    assert some(findings, "stated-requirement")

    survivors, findings = faults(engine_name, "cleanup-dry-run-faulty")
    assert some(survivors, "`--dry-run` is not accepted")
    assert some(survivors, "`--dry-run` is accepted and ignored")
    assert some(findings, "stated-requirement-untested", "--dry-run")

    survivors, findings = faults(engine_name, "pkg-resolver-faulty")
    assert len(survivors) >= 6
    assert some(survivors, "key()") or some(survivors, "key(")
    assert some(findings, "permissive-assertion")
    assert some(findings, "hidden-requirement", "/app/pkg_resolver.py")

    _, findings = faults(engine_name, "ledger-off-by-one-faulty")
    assert some(findings, "answer-given-away")

    _, findings = faults(engine_name, "missing-sample-log-faulty")
    assert some(findings, "build-failed", "sample.log")


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.bwrap
@pytest.mark.timeout(3600)
def test_each_mended_twin_is_strong() -> None:
    found = {name: (task["verdict"], _told(task)["findings"]) for name, task in audited("bwrap", "mended").items()}
    assert found == {name: ("strong", []) for name in found}
    assert len(found) == 6


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.bwrap
@pytest.mark.timeout(1800)
def test_forging_is_held_against_those_fixtures_alone_that_make_it_possible() -> None:
    found = audited("bwrap", "forging")
    assert sorted(found) == sorted(forged_fixtures())
    assert len(found) >= len(STYLES)
    held = {
        name: [
            re.findall(r"\((.*?)\)|$", finding["title"])[0] or finding["id"]
            for finding in task["findings"]
            if finding["id"] in ("reward-forgeable", "reward-written-first") and finding["severity"] != "note"
        ]
        for name, task in found.items()
    }
    assert {name: sorted(means) for name, means in held.items() if means} == FORGEABLE
    assert {name for name, task in found.items() if "forgeable" in task["labels"]} == set(FORGEABLE)
    # Nothing is told of means that did not come about; a separate verifier sees next to nothing of the solver's box.
    assert {name for name, task in found.items() if not task["forging"]["tried"]} == set()
    unmoved = {name for name, task in found.items() if not task["forging"]["effective"]}
    assert unmoved == {"formats/separate-verifier", "formats/separate-verifier-same-image"}


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.bwrap
@pytest.mark.timeout(1800)
def test_a_table_of_answers_is_a_fault_of_the_faulty_twins_alone() -> None:
    found = audited("bwrap", "replaying")
    tables = {
        name: [
            re.split(" recorded| in answer", one["sentence"])[0]
            for one in task["probes"]
            if one["outcome"] == "survived"
        ]
        for name, task in found.items()
    }
    assert tables == {
        "cases/sokoban-solver-faulty": ["a table of 1"],
        "cases/sokoban-solver-mended": ["a table of 20"],
        "cases/pkg-resolver-faulty": ["one text is printed", "a table of 4"],
        "cases/pkg-resolver-mended": ["a table of 15"],
    }
    told = {
        name: [f"{one['severity']}: {one['title']}" for one in task["findings"] if one["id"] == "special-casing-paid"]
        for name, task in found.items()
    }
    assert told == {
        **{name: [] for name in found},
        "cases/sokoban-solver-faulty": ["warning: A table of 1 answer in the program's place is paid in full"],
        "cases/pkg-resolver-faulty": [f"warning: {ALIKE}"],
    }


LEAST = ("--budget", "1", "--repeat", "1", "--probe", "least", "--least-trials", "30")
LESS: Mapping[str, tuple[str, ...]] = {
    "probes/invoice-part-faulty": (
        "An entry that is marked `cancelled` costs nothing.",
        "If ORDER does not exist, print `no such order` and exit with status 3.",
        "With `--currency CODE` the currency's code follows behind the sum, after a blank.",
    ),
    "probes/invoice-part-mended": (),
}
"""Fixture -> what the instruction states and nobody pays for, word for word."""


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.bwrap
@pytest.mark.timeout(1800)
def test_half_of_the_work_is_held_against_faulty_twins_alone() -> None:
    found = audited("bwrap", "least")
    assert sorted(found) == sorted(LESS)
    gone = {
        name: tuple(sorted(one["text"] for one in task["least"]["requirements"] if one["visible"]))
        for name, task in found.items()
    }
    assert gone == LESS
    told = {
        name: [finding for finding in task["findings"] if finding["severity"] != "note"] for name, task in found.items()
    }
    held = {name for name, findings in told.items() if "paid-for-less" in {finding["id"] for finding in findings}}
    assert held == {name for name in LESS if name.endswith("-faulty")}


LEAST_OF_CASES = (*LEAST[:-1], "60")
LESS_OF_CASES: Mapping[str, tuple[int, ...]] = {
    "cases/pkg-resolver-faulty": (4, 5, 14, 15),
    "cases/pkg-resolver-mended": (),
    "cases/sokoban-solver-faulty": (18,),
    "cases/sokoban-solver-mended": (),
}
"""Fixture -> the lines of its instruction that nobody pays for: what is held, what is needed, and how both are told."""


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.bwrap
@pytest.mark.timeout(1800)
def test_what_the_resolver_s_word_tests_pay_for_is_less_than_half_of_it() -> None:
    found = audited("bwrap", "least of cases")
    gone = {
        name: tuple(sorted(one["line"] for one in task["least"]["requirements"] if one["visible"]))
        for name, task in found.items()
    }
    assert gone == LESS_OF_CASES
    warned = {
        name: [one["severity"] for one in task["findings"] if one["id"] == "paid-for-less"]
        for name, task in found.items()
    }
    assert warned == {name: ["warning"] if lines else [] for name, lines in LESS_OF_CASES.items()}
