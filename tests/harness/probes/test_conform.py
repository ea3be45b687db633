"""The reference against its own instruction: what is read as a claim, what is not, and what breaks one."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.engine.contract import Engine
from harness.findings.model import Severity
from harness.probes.conform.claims import claims
from harness.probes.conform.findings import findings
from harness.probes.conform.judge import command, in_box, judged
from harness.probes.conform.model import (
    Check,
    ClaimState,
    Exists,
    HasColumns,
    HasCount,
    HasKeys,
    HasMode,
    IsFormat,
    IsSorted,
    Lacks,
    ListensOn,
    Responds,
    Runs,
    Says,
    StatedClaim,
)
from harness.trial.build import build
from harness.trial.end_state import EndState
from harness.trial.plan import Plan, TryClaims
from harness.trial.record import Kind
from harness.trial.runner import run_trial
from harness.trial.watching.calls import Call
from tests.harness.tasks import harbor

EXAMPLE = """Write `/app/out.json`:

```json
{"count": 3, "names": ["a", "b"], "best": {"name": "x", "score": 0.5}, ...}
```
"""
OPTIONAL = """Write `/app/out.csv.json`:

```json
{"count": 3, "note": "few"}
```

`note` is only present when there is something to say.
"""
LISTED = """Write `/app/out.json` with these keys:

- `count` (integer): how many there are.
- `note` (string, optional): only if there is something to say.
- `names` (list): who they are.
"""
SESSION = """```console
$ python3 /app/tool.py 3
six
```
"""
STATED: Mapping[str, tuple[str, list[Check]]] = {
    "a file": ("Write the sum to `/app/sum.txt`.\n", [Exists("/app/sum.txt")]),
    "a file of a format": (
        "Save it as `/app/sum.yaml`.\n",
        [Exists("/app/sum.yaml"), IsFormat("/app/sum.yaml", "yaml")],
    ),
    "an example": (
        EXAMPLE,
        [
            Exists("/app/out.json"),
            IsFormat("/app/out.json", "json"),
            HasKeys(
                "/app/out.json",
                ("count", "names", "best", "best.name", "best.score"),
                ("number", "list", "object", "text", "number"),
            ),
        ],
    ),
    "an example with what may be left out": (
        OPTIONAL,
        [
            Exists("/app/out.csv.json"),
            IsFormat("/app/out.csv.json", "json"),
            HasKeys("/app/out.csv.json", ("count",), ("number",)),
        ],
    ),
    "a list of keys": (
        LISTED,
        [
            Exists("/app/out.json"),
            IsFormat("/app/out.json", "json"),
            HasKeys("/app/out.json", ("count", "names"), ("number", "list")),
        ],
    ),
    "keys in a sentence": (
        "The report in `/app/out.json` has exactly these keys: `a`, `b` and `c`.\n",
        [HasKeys("/app/out.json", ("a", "b", "c"), only=True)],
    ),
    "columns": (
        "`/app/out.csv` has the columns `name`, `age` and `town`.\n",
        [HasColumns("/app/out.csv", ("name", "age", "town"))],
    ),
    "columns in one span": (
        "`/app/out.csv` has the header `name,age,town`.\n",
        [HasColumns("/app/out.csv", ("name", "age", "town"))],
    ),
    "a count": ("`/app/out.txt` has exactly three lines.\n", [HasCount("/app/out.txt", 3, "lines")]),
    "a mode": ("`/app/key.pem` must have mode `600`.\n", [HasMode("/app/key.pem", 0o600)]),
    "what must not be there": ("`/app/a.py` must not contain `eval`.\n", [Lacks("/app/a.py", "eval")]),
    "a text": (
        'Create `/app/a.txt` containing the text "all is well".\n',
        [Exists("/app/a.txt"), Says("/app/a.txt", "all is well")],
    ),
    "order": ("`/app/a.txt` has one name per line, sorted alphabetically.\n", [IsSorted("/app/a.txt")]),
    "a port": ("The server is running on port 8080.\n", [ListensOn(8080)]),
    "a request": (
        "`http://localhost:8080/up` returns `204`.\n",
        [Responds("http://localhost:8080/up", 204)],
    ),
    "a status": (
        "`python3 /app/tool.py /app/none.txt` exits with status 2.\n",
        [Runs("python3 /app/tool.py /app/none.txt", 2, None, ("/app/tool.py", "/app/none.txt"))],
    ),
    "an output": (
        "Running `/app/tool.sh` prints `ready`.\n",
        [Runs("/app/tool.sh", None, "ready", ("/app/tool.sh",))],
    ),
    "a session": (SESSION, [Runs("python3 /app/tool.py 3", None, "six", ("/app/tool.py",))]),
}


@pytest.mark.parametrize(("instruction", "checks"), STATED.values(), ids=STATED)
def test_what_is_stated_plainly_is_read(instruction: str, checks: list[Check]) -> None:
    assert [one.check for one in claims(instruction) if one.plain] == checks


@pytest.mark.parametrize(
    "instruction",
    [
        "If there is none, write `/app/none.txt`.\n",
        "Write a script that writes `/app/out.json` each time it is run.\n",
        "The script should save its results to `/app/out.csv`.\n",
        "Write `/app/a.txt` or `/app/b.txt`.\n",
        "Build: `/app/make.sh` does it.\n",
        "Run `whoami` into `/app/who.log`.\n",
        "Write the index into <folder>/index.bin.\n",
        "Write one file a user, `/app/out/<name>.txt`.\n",
        "Run `python3 /app/tool.py FILE` to try it.\n",
        "`python3 /app/tool.py <file>` prints `ok`.\n",
        "`/app/out.csv` has exactly 20 rows per user.\n",
        "Currently `python3 /app/tool.py /app/in.txt` prints `wrong`.\n",
        "`/app/notes.log` shows `level=0` twice.\n",
        "You know the fields `a`, `b` and `c` of the format from `/app/sample.json`.\n",
        "Create a service that has one endpoint: /status.\n",
        "Add a route `/status` and a handler for it.\n",
        "Create an environment from the list of packages in /app/project.\n",
        "Create an archive of the entire '/app/old.d/' folder.\n",
        "Create `/app/key.tmp` first.\nAt the end `/app/key.tmp` is deleted.\n",
        "Implement logging of each request to `/var/log/service/access.log`.\n",
        "The verifier runs as a user of its own and sets `/app/data` to mode 700.\n",
        "The service is configured to listen on port 5000, but nobody can reach it.\n",
        "Write a script `tidy.sh` that:\n\n- Save its counts to `/app/counts.json`\n- Save it to `/app/a.txt`\n",
        "The tool should:\n1. Create the folder `/app/made.d`\n2. Write `/app/made.d/list.txt`\n",
    ],
)
def test_what_depends_on_something_is_no_plain_claim(instruction: str) -> None:
    assert [one.check for one in claims(instruction) if one.plain] == []


def left(files: Mapping[str, str], *processes: str) -> EndState:
    entries = dict.fromkeys(files, "f 644 0 0  x")
    return EndState(entries, processes, {path: b64encode(text.encode()).decode() for path, text in files.items()})


def state(check: Check, text: str) -> tuple[ClaimState, str]:
    path = getattr(check, "path", "/app/x")
    [one] = judged([StatedClaim("It is so.", 1, check)], left({path: text}), {})
    return one.state, one.got


HOLDS, BROKEN, NOT_TRIED = ClaimState.HOLDS, ClaimState.BROKEN, ClaimState.NOT_TRIED
ROWS = json.dumps([{"a": 1, "b": 2}, {"a": 1}])


@pytest.mark.parametrize(
    ("check", "text", "expected"),
    [
        (HasKeys("/x.json", ("a", "b")), '{"a": 1, "b": 2, "c": 3}', (HOLDS, "")),
        (HasKeys("/x.json", ("a", "b")), '{"a": 1}', (BROKEN, "no b")),
        (HasKeys("/x.json", ("a", "b")), ROWS, (BROKEN, "no [1].b")),
        (HasKeys("/x.json", ("a", "b")), '{"x": {"a": 1}, "y": {"a": 1, "b": 1}}', (BROKEN, "no x.b")),
        (HasKeys("/x.json", ("a", "b", "c")), '{"a": 1}', (NOT_TRIED, "")),
        (HasKeys("/x.json", ("a",), ("number",)), '{"a": "1"}', (BROKEN, "a is text, not number")),
        (HasKeys("/x.json", ("a",), ("number",)), '{"a": null}', (HOLDS, "")),
        (HasKeys("/x.json", ("a.[].b", "a.[].c")), '{"a": [{"b": 1, "c": 1}, {"b": 2}]}', (BROKEN, "no a[1].c")),
        (HasKeys("/x.json", ("a",), only=True), '{"a": 1, "b": 2}', (BROKEN, "b is more")),
        (HasColumns("/x.csv", ("a", "b")), "a,b\n1,2\n", (HOLDS, "a, b")),
        (HasColumns("/x.csv", ("a", "b")), "b,a\n1,2\n", (BROKEN, "b, a")),
        (HasCount("/x.txt", 2, "lines"), "1\n2\n", (HOLDS, "2")),
        (HasCount("/x.csv", 2, "rows"), "a\n1\n2\n", (HOLDS, "2")),
        (HasCount("/x.csv", 2, "rows"), "a\n1\n2\n3\n", (BROKEN, "4")),
        (HasCount("/x.json", 1, "entries"), "[1, 2]", (BROKEN, "2")),
        (HasCount("/x.json", 1, "entries"), '{"a": 1}', (NOT_TRIED, "")),
        (Lacks("/x.py", "eval"), "a = 1\neval(a)\n", (BROKEN, "eval(a)")),
        (Says("/x.txt", "all is well"), "all is well\n", (HOLDS, "all is well")),
        (Says("/x.txt", "all is well"), "all is lost\n", (BROKEN, "all is lost")),
        (IsSorted("/x.txt"), "a\nc\nb\n", (BROKEN, "'c' before 'b'")),
        (IsFormat("/x.jsonl", "jsonl"), "{}\n[]\n", (HOLDS, "")),
        (IsFormat("/x.toml", "toml"), "a = \n", (BROKEN, "Invalid value (at line 1, column 5)")),
    ],
)
def test_a_file_keeps_a_claim_or_breaks_it(check: Check, text: str, expected: tuple[ClaimState, str]) -> None:
    assert state(check, text) == expected


def test_what_the_reference_did_not_leave_is_not_tried() -> None:
    [one] = judged([StatedClaim("It is so.", 1, Lacks("/app/a.py", "x"))], EndState(), {})
    assert one.state is NOT_TRIED


RUN = Runs("python3 /app/tool.py", inputs=("/app/tool.py",))


@pytest.mark.parametrize(
    ("check", "call", "expected"),
    [
        (Runs("/app/tool.py", 2), Call("run", "", status=2), HOLDS),
        (Runs("/app/tool.py", 2), Call("run", "", status=1), BROKEN),
        (Runs("/app/tool.py", None, "a  b"), Call("run", "", status=0, out="a b\n"), HOLDS),
        (Runs("/app/tool.py", None, "a b"), Call("run", "", status=0, out="a\n"), BROKEN),
        (RUN, Call("run", "", status=0), HOLDS),
        (RUN, Call("run", "", status=1, err="Traceback (most recent call last):\nKeyError: 'a'\n"), BROKEN),
        (RUN, Call("run", "", status=1, err="nothing to do\n"), NOT_TRIED),
        (RUN, Call("run", "", status=119), NOT_TRIED),
        (RUN, Call("run", ""), NOT_TRIED),
        (Runs("/app/tool.py", 0), Call("run", "", status=137), NOT_TRIED),
        (Exists("/app/tool.py"), Call("run", "", status=1), BROKEN),
        (HasMode("/app/tool.py", 0o755), Call("run", "", status=0, out="644\n"), BROKEN),
    ],
)
def test_a_command_keeps_a_claim_or_breaks_it(check: Check, call: Call, expected: ClaimState) -> None:
    [one] = judged([StatedClaim("It is so.", 1, check)], left({"/app/tool.py": ""}), {check: call})
    assert one.state is expected


@pytest.mark.parametrize(
    ("err", "plain"),
    [
        ("Traceback (most recent call last):\nTypeError: 'int' object is not iterable\n", True),
        ("tool.py: error: unrecognized arguments: --fast\n", True),
        ("Traceback (most recent call last):\nsqlite3.OperationalError: no such table: boats\n", False),
        ("Traceback (most recent call last):\nFileNotFoundError: [Errno 2] No such file or directory: '/in'\n", False),
        ("Traceback (most recent call last):\nModuleNotFoundError: No module named 'boats'\n", False),
        ("Traceback (most recent call last):\nConnectionRefusedError: [Errno 111] Connection refused\n", False),
        ("/app/tool.sh: line 3: jq: command not found\n", False),
    ],
)
def test_a_command_that_lacks_something_from_elsewhere_breaks_nothing_plainly(err: str, plain: bool) -> None:
    call = Call("run", "", status=1, err=err)
    [one] = judged([StatedClaim("It is so.", 1, RUN)], left({"/app/tool.py": ""}), {RUN: call})
    assert (one.state, one.claim.plain) == (BROKEN, plain)


@pytest.mark.parametrize(
    ("text", "plain"), [("open('/app/out.json', 'w')", False), ("print(1)", True), ("open(folder / 'out.json')", False)]
)
def test_a_file_that_a_program_of_the_solution_names_may_be_written_when_that_runs(text: str, plain: bool) -> None:
    wanted = Exists("/app/out.json")
    call = Call("run", "", status=1)
    [one] = judged([StatedClaim("It is so.", 1, wanted)], left({"/app/tool.py": text}), {wanted: call})
    assert (one.state, one.claim.plain) == (BROKEN, plain)


def test_only_what_the_reference_left_is_run_and_only_what_runs_is_asked() -> None:
    wanted = [StatedClaim("", 1, each) for each in (Runs("/app/other.py"), RUN, ListensOn(80), Exists("/app/a"))]
    assert [one.check for one in in_box(wanted, left({"/app/tool.py": ""}))] == [Exists("/app/a"), RUN]
    assert len(in_box(wanted, left({"/app/tool.py": ""}, "nginx"))) == 3


def test_what_is_plain_is_a_fault_and_the_rest_a_note(tmp_path: Path) -> None:
    task = harbor(tmp_path)
    plain = StatedClaim("There are two lines.", 3, HasCount("/a", 2, "lines"))
    lead = StatedClaim("There may be two lines.", 4, HasCount("/a", 2, "lines"), plain=False)
    tried = judged([plain, lead], left({"/a": "1\n"}), {})
    found = list(findings(task, tried))
    assert [(one.id, one.severity) for one in found] == [
        ("reference-breaks-instruction", Severity.WARNING),
        ("reference-breaks-instruction", Severity.NOTE),
    ]
    assert found[0].evidence == ("line 3: There are two lines. | /a: expected 2 lines, got 1",)
    assert list(findings(task, judged([plain], left({"/a": "1\n2\n"}), {}))) == []


SERVES = """#!/bin/bash
cat > /app/tool.sh <<'SH'
#!/bin/sh
echo "got $1"
exit 4
SH
chmod 750 /app/tool.sh
cd /app && nohup python3 -m http.server 8077 >/dev/null 2>&1 &
"""


@pytest.mark.bwrap
def test_claims_are_tried_in_the_box_that_was_solved_in(bwrap_engine: Engine, tmp_path: Path) -> None:
    task = harbor(tmp_path / "task", {"solution/solve.sh": SERVES})
    tried: dict[Check, ClaimState] = {
        Exists("/app/tool.sh"): HOLDS,
        Exists("/app/none"): BROKEN,
        HasMode("/app/tool.sh", 0o750): HOLDS,
        HasMode("/app/tool.sh", 0o755): BROKEN,
        HasMode("/app/none", 0o755): NOT_TRIED,
        ListensOn(8077): HOLDS,
        ListensOn(8078): BROKEN,
        Runs("/app/tool.sh a", 4, "got a"): HOLDS,
        Runs("cd /app && ./tool.sh a", 0): BROKEN,
        Runs("/app/tool.sh /app/none", 4, inputs=("/app/none",)): NOT_TRIED,
    }
    stated = [StatedClaim("", 1, each) for each in tried]
    wanted = in_box(stated, left({"/app/tool.sh": ""}, "python3"))
    plan = Plan(Kind.REFERENCE, "claims", purpose=TryClaims(tuple(command(one.check) for one in wanted)))
    record = run_trial(bwrap_engine, task, build(bwrap_engine, task), plan)
    assert record.trouble is None
    assert record.claims is not None
    calls = {one.check: call for one, call in zip(wanted, record.claims, strict=True)}
    found = judged(stated, left({"/app/tool.sh": ""}, "python3"), calls)
    assert {one.claim.check: one.state for one in found} == tried
