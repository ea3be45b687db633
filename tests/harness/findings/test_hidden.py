"""Demands that nobody told the solver are leads; what was told, written, passed in or worked out is none."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.judging.outcome import Outcome, OutcomeKind
from harness.probes.hidden import findings, step_hidden
from harness.probes.model import Attempt, Attempted, Probe
from harness.task.discover import discover
from harness.task.model import Task
from harness.testcode.demands import HiddenReport, hidden_requirements
from harness.trial.record import Kind, Phase, PhaseName, TrialRecord

FIXTURES = Path(__file__).parents[3] / "fixtures"

INSTRUCTION = "Summarise the sales of `/app/sales.csv` as JSON. The program is a command-line tool."
ENVIRONMENT = {"Dockerfile": b"FROM python:3.12-slim\nWORKDIR /app\n", "sales.csv": b"region,amount\nnorth,3\n"}


def report(
    test: str,
    solution: str,
    *,
    instruction: str = INSTRUCTION,
    name: str = "test_it.py",
    environment: Mapping[str, bytes] = ENVIRONMENT,
) -> HiddenReport:
    return hidden_requirements(
        {name: textwrap.dedent(test).encode()},
        instruction,
        environment,
        {"solve.sh": textwrap.dedent(solution).encode()},
    )


def leads(found: HiddenReport) -> list[tuple[str, str]]:
    assert found.unread == ()
    return sorted((str(lead.demand.kind), lead.demand.text) for lead in found.leads)


PYTHON: dict[str, tuple[str, str, list[tuple[str, str]]]] = {
    "a path put together from constants": (
        """
        import json
        from pathlib import Path
        OUT = Path("/app") / "out"
        REPORT = OUT / "digest.json"
        def test_it():
            assert REPORT.exists()
        """,
        "mkdir -p out; echo '{}' > out/digest.json",
        [("path", "/app/out/digest.json")],
    ),
    "a path in an f-string, a loop and os.path.join": (
        """
        import os
        BASE = "/app/out"
        def test_it():
            for name in ["alpha", "beta"]:
                assert os.path.exists(os.path.join(BASE, f"{name}.xml"))
        """,
        "touch /app/out/alpha.xml /app/out/beta.xml",
        [("path", "/app/out/alpha.xml"), ("path", "/app/out/beta.xml")],
    ),
    "parametrised names": (
        """
        import pytest
        @pytest.mark.parametrize("name", ["gamma.xml"])
        def test_it(name):
            assert open("/app/" + name).read()
        """,
        "touch gamma.xml",
        [("path", "/app/gamma.xml")],
    ),
    "options of the program, passed through a helper": (
        """
        import subprocess
        def tool(*arguments):
            return subprocess.run(["python3", "/app/sales.csv.py", *arguments], check=False)
        def test_it():
            assert tool("--group-by", "region").returncode == 0
        """,
        "cat > /app/x.py <<'E'\nparser.add_argument('--group-by')\nE\n",
        [("flag", "--group-by")],
    ),
    "options in a line for the shell": (
        """
        import os
        def test_it():
            assert os.system("cd /app && python3 /app/summary.py --compact > /tmp/out") == 0
        """,
        "echo --compact > /app/summary.py",
        [("path", "/app/summary.py"), ("flag", "--compact")],
    ),
    "keys of what the solution wrote": (
        """
        import json
        REQUIRED = ["grand_total", "per_area"]
        def load():
            with open("/app/sales.csv") as file:
                return json.load(file)
        def test_it():
            data = load()
            for key in REQUIRED:
                assert key in data
            assert data["entries"][0]["qty"] == 3
        """,
        """python3 -c 'json.dump({"grand_total": 1, "per_area": {}, "entries": [{"qty": 3}]})'""",
        [("key", "grand_total"), ("key", "per_area"), ("key", "entries"), ("key", "qty")],
    ),
    "columns of a table": (
        """
        import csv
        def test_it():
            with open("/app/sales.csv") as file:
                rows = list(csv.DictReader(file))
            assert rows[0]["turnover"] == "3"
        """,
        "echo region,turnover > sales.csv",
        [("column", "turnover")],
    ),
    "a status of a program and one of a server": (
        """
        import subprocess, requests
        def test_it():
            result = subprocess.run(["python3", "x"], check=False)
            assert result.returncode == 17
            assert requests.post("http://localhost:4321/intake", json={}).status_code == 201
        """,
        "echo 'sys.exit(17); send(201); listen(4321); /intake'",
        [("port", "4321"), ("url", "/intake"), ("status", "17"), ("status", "201")],
    ),
    "a message": (
        """
        import subprocess
        def test_it():
            result = subprocess.run(["python3", "x"], capture_output=True, check=False)
            assert "nothing to aggregate" in result.stderr.lower()
        """,
        "echo 'print(\"Nothing to aggregate\")'",
        [("message", "nothing to aggregate")],
    ),
    "a threshold": (
        "def test_it():\n    accuracy = measure()\n    assert accuracy >= 0.87\n",
        "train",
        [("number", "0.87")],
    ),
    "an imported function": (
        """
        import sys
        sys.path.insert(0, "/app")
        def test_it():
            from summary import condense
            assert condense([]) == {}
        """,
        "cat > /app/summary.py <<'E'\ndef condense(rows):\n    return {}\nE\n",
        [("name", "summary"), ("name", "summary.condense")],
    ),
    "attributes of an imported module": (
        "import summary\ndef test_it():\n    assert summary.condense([]) == {}\n",
        "cat > /app/summary.py <<'E'\ndef condense(rows):\n    return {}\nE\n",
        [("name", "summary"), ("name", "summary.condense")],
    ),
    "a listing of a folder": (
        """
        from pathlib import Path
        def test_it():
            assert sorted(p.name for p in Path("/app").iterdir()) == ["sales.csv", "tally.json"]
        """,
        "echo > tally.json",
        [("file-name", "tally.json")],
    ),
    "labels of a report's lines, and a file in /tmp": (
        """
        from pathlib import Path
        def test_it():
            content = Path("/tmp/verdict.xml").read_text()
            lines = [line for line in content.splitlines() if line.startswith("live_units=")]
            assert len(lines) == 1
            assert "dead_units: " in content
        """,
        "echo live_units=3 dead_units: 4 > /tmp/verdict.xml",
        [("path", "/tmp/verdict.xml"), ("key", "live_units"), ("key", "dead_units")],
    ),
    "a command line in a variable": (
        """
        import subprocess, sys
        def test_it():
            command = [sys.executable, "/app/squash.py", "--dense"]
            assert subprocess.run(command, check=False).returncode == 0
        """,
        "cp squash.py /app; echo --dense",
        [("path", "/app/squash.py"), ("flag", "--dense")],
    ),
    "a check by hand": (
        """
        import sys
        from pathlib import Path
        if not Path("/app/squash.xml").exists():
            sys.exit("FAIL: no squash.xml")
        """,
        "touch squash.xml",
        [("path", "/app/squash.xml")],
    ),
    # --- none of these is a demand that the solver was not told
    "the test writes the file itself": (
        """
        from pathlib import Path
        def test_it(tmp_path):
            Path("/app/input.xml").write_text("<a/>")
            with open("/app/other.xml", "w") as file:
                file.write("x")
            assert Path("/app/input.xml").exists() and open("/app/other.xml").read()
            assert (tmp_path / "here.xml").exists()
        """,
        "cat /app/input.xml /app/other.xml here.xml",
        [],
    ),
    "what must not be there": (
        """
        from pathlib import Path
        def test_it():
            assert not Path("/app/scratch.xml").exists()
            assert "secret_key" not in json.loads(Path("/app/sales.csv").read_text())
        """,
        "rm scratch.xml; echo secret_key",
        [],
    ),
    "what the tests bring themselves": (
        """
        import json
        from pathlib import Path
        EXPECTED = json.loads(Path("/tests/expected.json").read_text())
        def test_it():
            assert EXPECTED["whatever_key"] == 1
            assert Path("/tests/data/whatever_key.xml").exists()
        """,
        "echo whatever_key whatever_key.xml",
        [],
    ),
    "an answer worked out, not named by the reference": (
        """
        import json
        from pathlib import Path
        def test_it():
            assert json.loads(Path("/app/sales.csv").read_text())["north_pole"] == 3
        """,
        "python3 make.py",
        [],
    ),
    "data the test passes in": (
        """
        import json, subprocess
        def ask(data):
            done = subprocess.run(["python3", "x"], input=json.dumps(data), capture_output=True, text=True, check=False)
            return json.loads(done.stdout)
        def test_it():
            answer = ask({"kiwi": 1, "plum": 2})
            assert answer["kiwi"] == 1
        """,
        "echo '{\"kiwi\": 0}'",
        [],
    ),
    "conventions": (
        """
        import subprocess
        def test_it():
            assert subprocess.run(["python3", "/app/sales.csv", "--help"], check=False).returncode == 0
            assert subprocess.run(["curl", "-sf", "--max-time", "3", "x"], check=False).returncode == 2
        """,
        "echo --help -sf --max-time 2",
        [],
    ),
    "explanations of a failed test": (
        """
        from pathlib import Path
        def test_it():
            assert Path("/app/sales.csv").exists(), "write it to /app/elsewhere.xml with kept back totals"
            print(open, "/app/elsewhere.xml")
        """,
        "touch /app/elsewhere.xml",
        [],
    ),
    "one of several will do, or nothing need be there": (
        """
        import json
        from pathlib import Path
        def test_it():
            data = json.loads(Path("/app/sales.csv").read_text())
            assert "grand_sum" in data or "total_sum" in data
            if "extra_part" in data:
                assert data
            if not Path("/app/cache.xml").exists():
                return
        """,
        'echo \'{"grand_sum": 1, "total_sum": 2, "extra_part": 3}\' > cache.xml',
        [],
    ),
    "another module of the interpreter": (
        """
        import subprocess, sys
        def test_it():
            subprocess.run([sys.executable, "-m", "pytest", "--strict-markers"], check=False)
        """,
        "echo --strict-markers -m",
        [],
    ),
    "an error that must come": (
        """
        import pytest, socket
        def test_it():
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", 4321))
        """,
        "echo 4321",
        [],
    ),
}


@pytest.mark.parametrize("case", PYTHON)
def test_python_tests_are_read(case: str) -> None:
    test, solution, wanted = PYTHON[case]
    assert leads(report(test, solution)) == sorted(wanted)


SHELL = {
    "files, programs and addresses": (
        """
        #!/bin/bash
        OUT=/app/out
        for side in east west; do
            [ -s "$OUT/$side.xml" ] || exit 1
        done
        python3 /app/summary.py --compact "$OUT/east.xml"
        curl -sf http://localhost:4321/intake
        """,
        "touch east.xml west.xml; echo --compact > summary.py; listen 4321 /intake",
        [
            ("path", "/app/out/east.xml"),
            ("path", "/app/out/west.xml"),
            ("path", "/app/summary.py"),
            ("flag", "--compact"),
            ("port", "4321"),
            ("url", "/intake"),
        ],
    ),
    "what it writes, removes or expects gone": (
        """
        mkdir -p /app/made; echo x > /app/made.xml
        cat /app/made.xml
        [ ! -e /app/gone.xml ] && rm -f /app/old.xml
        pytest -rA --tb=short /tests/test_x.py
        """,
        "echo /app/made.xml /app/gone.xml /app/old.xml --tb",
        [],
    ),
}


@pytest.mark.parametrize("case", SHELL)
def test_shell_tests_are_read(case: str) -> None:
    test, solution, wanted = SHELL[case]
    assert leads(report(test, solution, name="test.sh")) == sorted(wanted)


def test_javascript_tests_are_read() -> None:
    test = """
        const fs = require('fs');
        const path = require('path');
        const OUT = path.join('/app', 'out');
        const { execSync } = require('child_process');
        test('it works', async () => {
          fs.writeFileSync('/app/in.xml', 'x');
          expect(fs.existsSync(`${OUT}/digest.json`)).toBe(true);
          expect(fs.existsSync('/app/never.xml')).not.toBe(true);
          execSync('node /app/summary.js --compact');
          const res = await fetch(`http://localhost:4321/intake`);
          expect(res.status).toBe(201);
          expect(await res.json()).toHaveProperty('grand_total');
          expect(!fs.existsSync('/app/gone.xml')).toBe(true);
        });
        """
    solution = "in.xml digest.json never.xml summary.js --compact 4321 /intake 201 grand_total gone.xml"
    assert leads(report(test, solution, name="it.test.js")) == sorted(
        [
            ("path", "/app/out/digest.json"),
            ("path", "/app/summary.js"),
            ("flag", "--compact"),
            ("key", "grand_total"),
            ("port", "4321"),
            ("url", "/intake"),
            ("status", "201"),
        ]
    )


@pytest.mark.parametrize(
    ("instruction", "told"),
    [
        ("Write `/app/out/day-totals.json`.", True),
        ("Write out/day-totals.json in the working folder.", True),
        ("The file is called day-totals.json.", True),
        ("Write <name>-totals.json for each.", True),
        ("Write the totals of the day.", False),
        ("Write other-day-totals.json.bak", True),
    ],
)
def test_a_path_is_told_by_its_tail_or_pattern_not_by_its_words(instruction: str, told: bool) -> None:
    test = "def test_it():\n    open('/app/out/day-totals.json')\n"
    assert (leads(report(test, "touch day-totals.json", instruction=instruction)) == []) is told


@pytest.mark.parametrize(
    ("instruction", "key", "told"),
    [
        ("Give the total revenue.", "total_revenue", True),
        ("Give the totalRevenue.", "total_revenue", True),
        ("Give all counts.", "count", True),
        ("Give the revenue and the total.", "total_revenue", False),
        ("It has the field `amount`.", "amount", True),
        ("It has a field.", "amount_due", False),
    ],
)
def test_a_key_is_told_in_any_spelling(instruction: str, key: str, told: bool) -> None:
    test = f"import json\ndef test_it():\n    assert json.loads(open('/app/x').read())['{key}']\n"
    found = report(test, f"echo '{{\"{key}\": 1}}'", instruction=instruction)
    assert (leads(found) == []) is told


@pytest.mark.parametrize(
    ("instruction", "told"),
    [
        ("At least 87 percent.", True),
        ("An accuracy of 0.870 or more.", True),
        ("At least 87%.", True),
        ("Be accurate.", False),
    ],
)
def test_a_number_is_told_in_any_unit(instruction: str, told: bool) -> None:
    test = "def test_it():\n    assert accuracy() >= 0.87\n"
    assert (leads(report(test, "train", instruction=instruction)) == []) is told


def test_thousands_and_number_words_are_numbers() -> None:
    test = "def test_it():\n    result = run()\n    assert result.returncode == 1200\n    assert result.code == 7\n"
    assert leads(report(test, "1200 7", instruction="Exit with 1,200, else with seven.")) == []


def test_what_the_environment_holds_is_told() -> None:
    test = "import json\ndef test_it():\n    assert json.load(open('/app/stock.xml'))['shelf_mark']\n"
    assert len(report(test, "stock.xml 'shelf_mark'").leads) == 2
    told = {"data/stock.xml": b"<x/>", "notes.txt": b"the shelf_mark of a book"}
    assert report(test, "stock.xml 'shelf_mark'", environment=told).leads == ()


def test_the_witness_renames_a_program_and_its_imports_in_every_file() -> None:
    test = b"import subprocess\ndef test_it():\n    subprocess.run(['python3', '/app/digest_maker.py'])\n"
    solution = {
        "solve.sh": b"#!/bin/sh\ncp /solution/digest_maker.py /solution/main.py /app/\npython3 -m digest_maker\n",
        "digest_maker.py": b"x = 1\n",
        "main.py": b"import digest_maker\nfrom digest_maker import x\ndigest_makers = 2\n",
    }
    (lead,) = hidden_requirements({"t.py": test}, "Make a digest.", {}, solution).leads
    assert lead.witness is not None
    assert (lead.witness.old, lead.witness.new) == ("/app/digest_maker.py", "/app/digest_maker_2.py")
    files = lead.witness.files
    assert files["solve.sh"] == solution["solve.sh"].replace(b"digest_maker", b"digest_maker_2")
    assert files["main.py"].startswith(b"import digest_maker_2\nfrom digest_maker_2 import x\ndigest_makers = 2\n")
    assert files["digest_maker_2.py"] == b"x = 1\n"


def test_a_name_put_together_at_run_time_has_no_witness() -> None:
    test = "def test_it():\n    assert accuracy() >= 0.87\n"
    (lead,) = report(test, "train").leads
    assert lead.witness is None
    assert "rejected" in lead.confirmed_by


def test_fixtures_hide_exactly_one_path() -> None:
    hidden = {}
    for task in discover([FIXTURES]):
        if not isinstance(task, Task):
            continue
        for step in task.steps:
            if step.solution is None:
                continue
            found = step_hidden(task, step)
            assert found.unread == ()
            if found.leads:
                hidden[task.name] = found.leads
    assert list(hidden) == ["cases/pkg-resolver-faulty"]
    (lead,) = hidden["cases/pkg-resolver-faulty"]
    assert (lead.id, lead.demand.text) == ("hidden-path", "/app/pkg_resolver.py")
    assert (lead.demand.file, lead.demand.line) == ("tests/test_resolver.py", 9)
    assert lead.witness is not None
    assert b"tee /app/pkg_resolver_2.py >" in lead.witness.files["solve.sh"]


def test_files_that_cannot_be_read_are_counted() -> None:
    found = hidden_requirements({"a.py": b"def (", "b.py": b"\xff\xfe", "c.txt": b"", "d.py": b"x = 1"}, "", {}, {})
    assert [(one.file, one.reason) for one in found.unread] == [
        ("a.py", "not Python: SyntaxError"),
        ("b.py", "not UTF-8"),
    ]


_PIECES = st.sampled_from(
    [line for test, _, _ in PYTHON.values() for line in textwrap.dedent(test).splitlines()]
    + ["assert x[", "f'{a!r:{b}}'", "'''", "-" * 300, "(" * 150, "a = a + a", "for a in a: a", "\0", "$(", "<<E", "${a"]
)
_BYTES = st.binary(max_size=80) | st.lists(_PIECES, max_size=20).map(lambda lines: "\n".join(lines).encode())


@settings(max_examples=200, deadline=None)
@given(_BYTES, st.sampled_from(["t.py", "t.sh", "t.js", "t.ts", "t.bats"]), st.text(max_size=40), _BYTES)
def test_any_bytes_are_a_report_and_never_an_exception(data: bytes, name: str, instruction: str, other: bytes) -> None:
    found = hidden_requirements({name: data}, instruction, {"f": other}, {"solve.sh": other, "t.py": data})
    assert found.demands == found.stated + found.elsewhere + len(found.leads)
    for lead in found.leads:
        assert lead.sentence
        assert lead.confirmed_by
        for file, edits in (lead.witness.edits if lead.witness else {}).items():
            assert all(one.end <= two.start for one, two in pairwise(edits)), file


def test_five_thousand_lines_are_read() -> None:
    body = "\n\n".join(
        f"""def test_number_{index}(tmp_path):
    data = json.loads(Path(OUT, f"part-{index}.json").read_text())
    result = run("--option-{index}", str(tmp_path))
    for key in ["a{index}", "b", "c"]:
        assert key in data
        assert data[key]["inner"] == KEYS[key]
    assert result.returncode == 0 and "some message here" in result.stdout
    assert os.path.exists(os.path.join(OUT, "x" + str({index})))"""
        for index in range(570)
    )
    head = "import json, os, subprocess\nfrom pathlib import Path\nOUT = '/app/out'\nKEYS = {}\n\n"
    head += "def run(*a):\n    return subprocess.run(['/app/t.py', *a])\n\n"
    test = (head + body).encode()
    assert test.count(b"\n") > 5_000
    found = hidden_requirements(
        {"t.py": test}, "words " * 2000, {"e": b"data " * 50_000}, {"solve.sh": b"echo a1 " * 3000}
    )
    assert found.demands > 1_000


@pytest.mark.parametrize(
    ("path", "instruction", "hidden"),
    [
        ("/app/solve.py", "Write a program that sorts.", True),
        ("/app/solve.py", "Put it in solve dot py inside app.", False),
        ("/app/solve.py", "Write the solve script in Python.", False),
        ("/app/sales_digest.json", "Leave the digest of the sales as JSON.", False),
        ("/app/sales_digest.json", f"The digest. {'Some more words. ' * 20}As JSON, of sales.", True),
        ("/app/sales_digest.json", "Leave the digest as JSON.", True),
        ("/etc/nginx/nginx.conf", "Let the server listen.", False),
        ("/etc/nginx/conf.d/shop.conf", "Let the server listen.", True),
        ("/usr/local/lib/digest/made.xml", "Let it run.", True),
        ("/root/.ssh/authorized_keys", "Let Anna in.", False),
    ],
)
def test_a_path_that_a_program_dictates_or_that_other_words_tell_is_none(
    path: str, instruction: str, hidden: bool
) -> None:
    test = f"from pathlib import Path\ndef test_it():\n    assert Path({path!r}).read_text()\n"
    found = report(test, f"echo x > {path}", instruction=instruction, environment={})
    assert bool(found.leads) is hidden


@pytest.mark.parametrize(
    ("demand", "solution", "renamed"),
    [
        ("subprocess.run(['/app/tool.py', '--keep-going'])", 'case "$1" in --keep-going) a;; esac', True),
        ("subprocess.run(['/app/tool.py', '--keep-going'])", "p.add_argument('--keep-going')\nargs.keep_going", False),
        ("json.load(open('/app/sales.csv'))['tally_sum']", "print(json.dumps({'tally_sum': tally_sum}))", True),
        ("json.load(open('/app/sales.csv'))['tally_sum']", "put('tally_sum', one.tally_sum)", False),
        ("json.load(open('/app/sales.csv'))['tally_sum']", "{'tally_sum': 0}, {tally_sum: 1}", False),
        ("open('/app/tally.xml').read()", "echo > /app/tally.xml", True),
        ("open('/app/tally.xml').read()", "echo > /app/tally.xml; cp /app/tally.xml.new x", False),
        ("open('/app/tally.xml').read()", "echo > /app/tally.xml; name='tally'; open(f'{name}.xml')", False),
    ],
)
def test_a_name_about_which_the_solution_would_disagree_with_itself_has_no_witness(
    demand: str, solution: str, renamed: bool
) -> None:
    test = f"import json, subprocess\ndef test_it():\n    assert {demand}\n"
    wanted = ("--keep-going", "tally_sum", "/app/tally.xml")
    (lead,) = (each for each in report(test, solution).leads if each.demand.text in wanted)
    assert (lead.witness is not None) is renamed


def _tried(status: int, killed_by: tuple[str, ...], function: str = "test_it") -> Attempted:
    (lead,) = report(f"def {function}():\n    assert open('/app/tally.xml').read()\n", "echo > /app/tally.xml").leads
    attempt = Attempt(Probe.HIDDEN, "x", "hidden.path", "s", "", lead=lead)
    record = TrialRecord("t", Kind.PROBE, phases=(Phase(PhaseName.SOLVE, "", 1.0, status),))
    return Attempted(attempt, Outcome(OutcomeKind.KILLED, killed_by=killed_by), (record,))


@pytest.mark.parametrize(
    ("status", "killed_by", "told"),
    [
        (0, ("test_it.py::test_it",), True),
        (0, ("test_it.py::test_it[a]", "test_it.py::test_b"), True),
        (0, (), True),
        (0, ("test_it.py::test_it_all",), False),
        (1, ("test_it.py::test_it",), False),
    ],
)
def test_a_renamed_reference_that_does_not_work_by_itself_is_no_witness(
    status: int, killed_by: tuple[str, ...], told: bool
) -> None:
    assert bool(list(findings([_tried(status, killed_by)]))) is told


def test_a_name_in_a_helper_may_be_any_tests() -> None:
    assert list(findings([_tried(0, ("test_it.py::test_it",), "read")]))
