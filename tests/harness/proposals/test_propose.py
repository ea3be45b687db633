"""The command, against a server of our own: what is sent, stored, counted and ended, and that nothing else is sent."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import harness.commands.main
import harness.proposals.asking
from harness.errors import ExitCode
from tests.harness.proposals.server import (
    Answer,
    Exchanged,
    candidates,
    completion,
    plain,
    serving,
    status,
    streamed,
)
from tests.harness.tasks import HARBOR, write
from tests.test_layout import modules

KEY = "sk-a-key-that-nobody-may-see-0123456789"
MODEL = "some-model"
Ran = tuple[int, str, str]

ONE = {"files": {"solve.sh": "#!/bin/bash\necho OK > /app/out.txt\n"}, "breaks": "R1", "what": "In capitals."}
TWO = {"files": {"solve.sh": "#!/bin/bash\nprintf ok > /app/out.txt\n"}, "breaks": "R1", "what": "No end of line."}
GOOD = streamed(candidates(ONE, TWO))


class _Left(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def _leave(code: int) -> None:
    raise _Left(code)


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three tasks, in the folder that the command runs in."""
    for name in "abc":
        write(tmp_path / "tasks" / name, {**HARBOR, "instruction.md": f"Write ok to /app/out.txt, for {name}.\n"})
    monkeypatch.chdir(tmp_path)
    return tmp_path / "tasks"


@pytest.fixture
def propose(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """`propose(url, "tasks", ...)`: exit code, stdout, stderr. With '' no variable names an endpoint."""
    monkeypatch.setattr(harness.proposals.asking, "WAITS", (0.01,))
    monkeypatch.setattr(harness.commands.main, "_leave", _leave)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)

    def go(url: str, *arguments: str) -> Ran:
        for name, value in (("", MODEL), ("_URL", url), ("_KEY", KEY)):
            monkeypatch.setenv(f"FOOLSGOLD_MODEL{name}", value if url else "")
        with pytest.raises(_Left) as left:
            harness.commands.main.main(["propose", *arguments])
        out = capsys.readouterr()
        return left.value.code, out.out, out.err

    return go


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "candidates.jsonl").read_text().splitlines()]


def document(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "propose.json").read_text())
    return found


WRONG = ("tasks", "--kind", "wrong", "-o", "out")


def test_candidates_are_written_as_attempts_take_them(propose: Callable[..., Ran], tasks: Path) -> None:
    with serving(GOOD) as served:
        code, out, err = propose(served.url, *WRONG)
    assert (code, len(served.seen)) == (ExitCode.OK, 3), err
    found = lines(Path("out"))
    assert [line["task"] for line in found] == ["a", "a", "b", "b", "c", "c"]
    first = found[0]
    assert set(first) == {"task", "id", "source", "meant", "patch", "about"}
    assert (first["source"], first["meant"]) == (MODEL, "wrong")
    assert "+echo OK > /app/out.txt" in first["patch"].splitlines()
    assert first["about"]["what"] == "In capitals."
    assert first["about"]["breaks"] == {
        "requirement": 1, "line": 1, "text": "Write ok to /app/out.txt, for a.",
    }  # fmt: skip
    assert first["about"]["answered_by"] == "m-1"
    stored = json.loads(Path("out/exchanges", f"{first['about']['request_sha256']}.json").read_text())
    assert stored["answer_sha256"] == first["about"]["answer_sha256"]
    assert stored["request"]["messages"] == served.seen[0].body["messages"] or len(served.seen) == 3
    assert "foolsgold attempts TASKS --solutions out/candidates.jsonl" in out
    assert "Spent: 3,000 tokens in, 600 out." in out


def test_attempts_are_whole_solutions_whose_truth_nobody_knows(propose: Callable[..., Ran], tasks: Path) -> None:
    numbers = iter(range(1, 9))

    def attempt(each: Exchanged) -> str:
        return candidates({"files": {"solve.sh": f"echo {next(numbers)} > /app/out.txt\n"}})(each)

    with serving(streamed(attempt)) as served:
        propose(served.url, "tasks/a", "--kind", "attempt", "--number", "4", "-o", "out", "--at-once", "1")
    found = lines(Path("out"))
    assert [line["solution"]["solve.sh"] for line in found] == [f"echo {n} > /app/out.txt\n" for n in (1, 2, 3, 4)]
    assert all("meant" not in line and "label" not in line for line in found)
    assert len({each.prompt for each in served.seen}) == 1


def test_what_is_stored_is_not_asked_again_and_made_again_without_a_model(
    propose: Callable[..., Ran], tasks: Path
) -> None:
    with serving(GOOD) as served:
        propose(served.url, *WRONG)
        made = Path("out/candidates.jsonl").read_bytes()
        code, out, _ = propose(served.url, *WRONG)
    assert (code, len(served.seen)) == (ExitCode.OK, 3)
    assert "Spent: 0 tokens in, 0 out." in out
    Path("out/candidates.jsonl").unlink()
    code, _, err = propose("", *WRONG, "--offline", "--model", MODEL)
    assert (code, err) == (ExitCode.OK, "")
    assert Path("out/candidates.jsonl").read_bytes() == made
    assert document(Path("out"))["stored"]["prompt"] == 3_000


def test_another_endpoint_is_asked_itself(propose: Callable[..., Ran], tasks: Path) -> None:
    with serving(GOOD) as first, serving(GOOD) as second:
        propose(first.url, *WRONG)
        propose(second.url, *WRONG)
    assert len(second.seen) == 3


def test_offline_what_is_not_stored_is_missing_and_said_so(propose: Callable[..., Ran], tasks: Path) -> None:
    with serving(GOOD) as served:
        propose(served.url, "tasks/a", "--kind", "wrong", "-o", "out")
    code, out, _ = propose("", *WRONG, "--offline", "--model", MODEL)
    assert code == ExitCode.UNMEASURED
    assert "wrong: 2 unanswered: it was not asked" in out


def test_an_exchange_that_was_changed_is_refused(propose: Callable[..., Ran], tasks: Path) -> None:
    with serving(GOOD) as served:
        propose(served.url, "tasks/a", "--kind", "wrong", "-o", "out")
        [path] = Path("out/exchanges").iterdir()
        path.write_text(path.read_text().replace("capitals", "CAPITALS"))
        for words in ((), ("--offline",)):
            code, _, err = propose(served.url, "tasks/a", "--kind", "wrong", "-o", "out", *words)
            assert code == ExitCode.USAGE
            assert "is not the exchange that was stored there" in err


def test_everything_that_came_is_counted(propose: Callable[..., Ran], tasks: Path) -> None:
    same = {**ONE, "what": "The same in other words."}
    broken = {**ONE, "breaks": "R77"}
    answers: dict[str, Answer] = {
        "a": plain(candidates(ONE, same, broken, TWO)),
        "b": lambda each: each.send(completion(None, refusal="I will not.")),
        "c": status(400, "the prompt is too long"),
    }

    def by_task(each: Exchanged) -> None:
        answers[next(name for name in "abc" if f"for {name}." in each.prompt)](each)

    with serving(by_task) as served:
        code, out, err = propose(served.url, *WRONG, "--no-stream")
    assert code == ExitCode.UNMEASURED
    assert document(Path("out"))["kinds"]["wrong"] == {
        "requests": 3,
        "answered": 2,
        "refused": 1,
        "candidates": 2,
        "doubles": 1,
        "invalid": 1,
        "invalid_because": {"it names no requirement that there is": 1},
        "unanswered": 1,
        "unanswered_because": {"status 400: the prompt is too long": 1},
    }
    assert "wrong: 1 unanswered: status 400: the prompt is too long" in out
    assert "b: wrong: 1,000 + 200 tokens" in err
    assert "refused" in err


def test_a_budget_ends_it_cleanly_and_a_larger_one_goes_on(propose: Callable[..., Ran], tasks: Path) -> None:
    words = (*WRONG, "--answer-tokens", "500", "--at-once", "1")
    with serving(GOOD) as served:
        code, out, err = propose(served.url, *words, "--model-tokens", "2600")
        assert code == ExitCode.OK, err
        assert document(Path("out"))["spent"] == {"prompt": 2000, "answer": 400, "estimated": False, "cost": None}
        assert "It ended early: the budget has no room for a request of up to" in err
        assert len(lines(Path("out"))) == 4
        assert "wrong: 1 unanswered: the budget has no room for a request" in out
        code, _, err = propose(served.url, *words, "--model-tokens", "2600")
    assert (code, len(served.seen), len(lines(Path("out")))) == (ExitCode.OK, 3, 6)


def test_a_budget_in_money_ends_it_too(propose: Callable[..., Ran], tasks: Path) -> None:
    prices = ("--model-price-in", "1", "--model-price-out", "10")  # 0.003 an answer, and at most some 0.006
    with serving(GOOD) as served:
        code, out, _ = propose(
            served.url, *WRONG, "--answer-tokens", "500", "--at-once", "1", *prices, "--model-cost", "0.0061"
        )
    assert (code, len(served.seen)) == (ExitCode.OK, 1)
    assert "Spent: 1,000 tokens in, 200 out, 0.0030 by the prices given." in out


def test_what_is_the_same_for_all_is_said_once_and_ends_it(propose: Callable[..., Ran], tasks: Path) -> None:
    with serving(status(401, "who are you")) as served:
        code, _, err = propose(served.url, *WRONG, "--at-once", "1")
    assert (code, len(served.seen)) == (ExitCode.UNMEASURED, 1)
    assert "It ended early: status 401: who are you." in err


def test_three_in_a_row_that_come_to_nothing_end_it(propose: Callable[..., Ran], tasks: Path) -> None:
    with serving(status(400, "unknown field max_tokens")) as served:
        code, _, err = propose(
            served.url, "tasks/a", "--kind", "attempt", "--number", "9", "-o", "out", "--at-once", "1"
        )
    assert (code, len(served.seen)) == (ExitCode.UNMEASURED, 3)
    assert "3 requests in a row came to nothing: status 400: unknown field max_tokens" in err


def test_ctrl_c_keeps_what_was_answered_and_the_same_command_goes_on(propose: Callable[..., Ran], tasks: Path) -> None:
    going = threading.Event()

    def interrupt(each: Exchanged) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        going.wait(60)

    with serving(GOOD, interrupt, GOOD) as served:
        code, _, err = propose(served.url, *WRONG, "--at-once", "1")
        going.set()
        assert code == ExitCode.INTERRUPTED
        assert "It ended early: it was interrupted." in err
        assert [line["task"] for line in lines(Path("out"))] == ["a", "a"]
        code, _, err = propose(served.url, *WRONG, "--at-once", "1")
    assert (code, len(served.seen), len(lines(Path("out")))) == (ExitCode.OK, 4, 6)


def test_the_key_is_written_nowhere(propose: Callable[..., Ran], tasks: Path) -> None:
    leaky = [
        status(500, f"{KEY} met an error"),
        streamed(lambda each: f"Your key is {KEY}.\n{candidates({**ONE, 'what': KEY})(each)}"),
        status(400, f"{KEY} again"),
        lambda each: each.send(completion(None, refusal=f"Not for {KEY}.")),
    ]
    with serving(*leaky) as served:
        code, out, err = propose(served.url, *WRONG, "--at-once", "1")
    assert code == ExitCode.UNMEASURED
    assert all(each.headers["Authorization"] == f"Bearer {KEY}" for each in served.seen)
    assert "[key] again" in out
    assert lines(Path("out"))[0]["about"]["what"] == "[key]"
    assert KEY not in out + err
    written = [path for path in Path().rglob("*") if path.is_file()]
    assert len(written) > 10
    assert [path for path in written if KEY.encode() in path.read_bytes()] == []


def test_a_key_can_come_from_a_file(propose: Callable[..., Ran], tasks: Path) -> None:
    Path("key").write_text("another-key\n")
    with serving(GOOD) as served:
        propose(served.url, *WRONG, "--model-key-file", "key")
    assert {each.headers["Authorization"] for each in served.seen} == {"Bearer another-key"}


# --- what is asked for


def test_a_dry_run_prints_the_prompts_and_the_most_it_may_cost_and_sends_nothing(
    propose: Callable[..., Ran], tasks: Path
) -> None:
    with serving(GOOD) as served:
        code, out, _ = propose(
            served.url, "tasks", "--kind", "wrong", "--kind", "attempt", "--number", "2", "--dry-run",
            "--model-price-in", "1", "--model-price-out", "10", "--answer-tokens", "1000", "--model-tokens", "5000",
        )  # fmt: skip
        assert (code, served.seen) == (ExitCode.OK, [])
        assert not Path("out").exists()
        propose(served.url, "tasks", "--kind", "wrong", "--number", "2", "--answer-tokens", "1000", "-o", "out")
    for each in served.seen:
        assert all(message["content"] in out for message in each.body["messages"])
    assert "9 requests." in out
    assert "at most 9,000 out" in out
    assert "At most 0.09 by the prices given." in out
    assert "That may be more than the budget allows" in out
    assert out.endswith("Nothing was sent.\n")


def test_a_dry_run_needs_no_endpoint_and_no_model(propose: Callable[..., Ran], tasks: Path) -> None:
    code, out, err = propose("", "tasks", "--kind", "right", "--dry-run")
    assert (code, err) == (ExitCode.OK, "")
    assert out.count("--- user") == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--dry-run", "--offline"), "contradict each other"),
        (("-o", "tasks", "--model", "m"), "holds no proposals"),
        (("--model", "m"), "No folder to write to is named"),
        (("-o", "out"), "No model is named"),
        (("-o", "out", "--model", "m"), "No endpoint is named"),
        (("-o", "new", "--model", "m", "--offline"), "holds no stored answers"),
        (("-o", "out", "--model", "m", "--model-url", "https://me:secret@host/v1"), "is none that can be asked"),
        (("-o", "out", "--model", "m", "--model-url", "https://host/v1?key=secret"), "is none that can be asked"),
        (("-o", "out", "--model", "m", "--model-url", "ftp://host/secret"), "is none that can be asked"),
        (("-o", "out", "--model", "m", "--model-url", "http://host:secret/"), "is none that can be asked"),
        (("-o", "out", "--model", "m", "--model-url", "http://x/v1", "--model-key-file", "none"), "cannot be read"),
        (("-o", "out", "--model", "m", "--model-url", "http://x/v1", "--model-key-file", "empty"), "is empty"),
        (("-o", "out", "--model", "m", "--model-url", "http://x/v1", "--model-key-file", "odd"), "is no key"),
        (("-o", "out", "--model", "m", "--model-cost", "1"), "needs the endpoint's prices"),
        (("-o", "out", "--model", "m", "--model-price-in", "1"), "One price is not enough"),
        (("-o", "out", "--model", "m", "--model-option", "messages=[]"), "is no option of a model here"),
        (("-o", "out", "--model", "m", "--dry-run", "--model-option", "max_tokens=many"), "whole number of tokens"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_before_anything_is_sent_and_no_secret_is_said(
    propose: Callable[..., Ran], tasks: Path, words: tuple[str, ...], said: str
) -> None:
    Path("empty").write_text("\n")
    Path("odd").write_text("secret\nsecret\n")
    code, out, err = propose("", "tasks", "--kind", "wrong", *words)
    assert code == ExitCode.USAGE
    assert said in err
    assert "secret" not in out + err
    assert not Path("out").exists()


def test_options_are_fields_of_the_request_and_belong_to_its_digest(propose: Callable[..., Ran], tasks: Path) -> None:
    words = ("tasks/a", "--kind", "wrong", "-o", "out")
    options = ("--model-option", "max_completion_tokens=99", "--model-option", "reasoning_effort=low")
    with serving(GOOD) as served:
        propose(served.url, *words)
        propose(served.url, *words, *options, "--model-option", "temperature=0.5")
    plain_body, body = (each.body for each in served.seen)
    assert plain_body["max_tokens"] == 16_000
    assert (body["max_completion_tokens"], body["reasoning_effort"], body["temperature"]) == (99, "low", 0.5)
    assert "max_tokens" not in body


def test_a_config_file_may_name_the_model_and_the_budget_and_nothing_that_says_where_the_key_goes(
    propose: Callable[..., Ran], tasks: Path
) -> None:
    Path("foolsgold.toml").write_text('model = "theirs"\nmodel-tokens = 100\n')
    with serving(GOOD) as served:
        code, _, err = propose(served.url, *WRONG)
        assert (code, served.seen) == (ExitCode.OK, [])
        assert "Asking theirs at" in err
        for name in ("model-url", "model-key-file"):
            Path("foolsgold.toml").write_text(f'{name} = "x"\n')
            code, _, err = propose(served.url, *WRONG)
            assert code == ExitCode.USAGE
            assert f"there is no setting `{name}`" in err
    assert served.seen == []


def test_without_the_library_it_says_what_to_install(
    propose: Callable[..., Ran], tasks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    code, _, err = propose("http://127.0.0.1:9/v1", *WRONG)
    assert code == ExitCode.USAGE
    assert "pip install 'foolsgold[model]'" in err
    assert not Path("out").exists()
    assert propose("", "tasks", "--kind", "wrong", "--dry-run")[0] == ExitCode.OK


# --- and nothing is asked that was not asked for


def test_only_propose_knows_models_and_only_one_module_of_it_sends() -> None:
    who: dict[str, set[str]] = {"httpx": set(), "harness.proposals": set()}
    for module, path in modules().items():
        text = path.read_text()
        for node in ast.walk(ast.parse(text)) if "httpx" in text or "proposals" in text else ():
            named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            named += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in named:
                for known, users in who.items():
                    if name == known or name.startswith(f"{known}."):
                        users.add(module)
    assert who["httpx"] == {"harness.proposals.asking"}
    outside = {module for module in who["harness.proposals"] if not module.startswith("harness.proposals.")}
    assert outside == {"harness.commands.propose"}


WITHOUT_A_NETWORK = """
import sys

def watch(event, arguments):
    # Boxes and event loops have sockets of this machine's own, whose addresses are texts.
    if event == "socket.getaddrinfo" or (event == "socket.connect" and isinstance(arguments[1], tuple)):
        sys.stderr.write("somebody wants a network\\n")
        raise RuntimeError

sys.addaudithook(watch)
from harness.__main__ import main
main()
"""


@pytest.mark.parametrize(
    "words",
    [
        ("propose", "tasks", "--kind", "attempt", "--dry-run"),
        ("propose", "tasks", "--kind", "wrong", "-o", "out", "--offline"),
        pytest.param(
            tuple("audit tasks/a --engine bwrap --image *=host --network off --budget 1 --probe none -o run".split()),
            marks=pytest.mark.bwrap,
        ),
    ],
    ids=lambda words: words[-1].strip("-"),
)
def test_with_every_variable_set_nothing_is_sent_where_it_was_not_asked_for(
    tasks: Path, words: tuple[str, ...]
) -> None:
    Path("out/exchanges").mkdir(parents=True)
    with serving(GOOD) as served:
        env = {**os.environ, "FOOLSGOLD_MODEL": MODEL, "FOOLSGOLD_MODEL_URL": served.url, "FOOLSGOLD_MODEL_KEY": KEY}
        env["PYTHONPATH"] = str(Path(__file__).parents[3])
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT_A_NETWORK, *words],
            env=env, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode in (ExitCode.OK, ExitCode.UNMEASURED), done.stderr
    assert done.stdout
    assert "somebody wants a network" not in done.stderr
    assert served.seen == []


def test_the_watch_does_see_who_asks(tasks: Path) -> None:
    """Else the test above would pass for want of looking."""
    with serving(GOOD) as served:
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT_A_NETWORK, "propose", *WRONG, "--model", MODEL, "--model-url", served.url],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert "somebody wants a network" in done.stderr
    assert served.seen == []
