"""What comes over a real connection, however bad it is, is an answer or a reason, within bounds."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

import harness.proposals.asking
from harness.proposals.asking import Answered, Asker, Request, Unanswered, asked_pause, asker
from harness.proposals.endpoint import Endpoint
from harness.proposals.reply import MOST_BYTES
from harness.proposals.spending import Budget, Prices, Purse, Tokens
from tests.harness.proposals.server import (
    LAST,
    USAGE,
    Answer,
    Exchanged,
    completion,
    events,
    piece,
    plain,
    serving,
    status,
    streamed,
)

KEY = "sk-a-key-that-nobody-may-see-0123456789"
ASKED = Request("d" * 64, {"model": "m", "messages": [], "max_tokens": 500}, Tokens(1000, 500, estimated=True))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness.proposals.asking, "WAITS", (0.01,))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def ask(endpoint: Endpoint, purse: Purse | None = None, *, times: int = 1) -> list[Answered | Unanswered]:
    async def one(asks: Asker) -> Answered | Unanswered:
        try:
            return await asks.ask(ASKED)
        except Unanswered as error:
            return error

    async def run() -> list[Answered | Unanswered]:
        async with asker(endpoint, purse or Purse(Budget())) as asks:
            return list(await asyncio.gather(*(one(asks) for _ in range(times))))

    return asyncio.run(run())


def answered(*answers: Answer, stream: bool = True, seconds: float = 30.0, key: str = KEY) -> tuple[Answered, int]:
    with serving(*answers) as served:
        (found,) = ask(Endpoint(served.url, key, stream, seconds))
        assert isinstance(found, Answered), found
        return found, len(served.seen)


def unanswered(*answers: Answer, stream: bool = True, seconds: float = 30.0) -> tuple[Unanswered, int]:
    with serving(*answers) as served:
        (found,) = ask(Endpoint(served.url, KEY, stream, seconds))
        assert isinstance(found, Unanswered), found
        return found, len(served.seen)


# --- answers


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_is_read_whole_with_what_it_cost(stream: bool) -> None:
    text = "two lines\nund ein Wört 🎉\n"
    found, count = answered(streamed(text) if stream else plain(text), stream=stream)
    assert (found.reply.text, found.reply.finish, found.reply.model) == (text, "stop", "m-1")
    assert (found.tokens, found.tries, count) == (Tokens(1000, 200), 1, 1)


@pytest.mark.parametrize("stream", [True, False])
def test_the_request_is_a_chat_completion_with_the_key_in_its_header_alone(stream: bool) -> None:
    with serving(plain("x")) as served:
        ask(Endpoint(served.url, KEY, stream))
    [seen] = served.seen
    assert seen.path == "/v1/chat/completions"
    assert seen.headers["Authorization"] == f"Bearer {KEY}"
    own = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    assert seen.body == {**ASKED.body, **own}


def test_without_a_key_none_is_sent() -> None:
    with serving(plain("x")) as served:
        ask(Endpoint(served.url))
    assert "Authorization" not in served.seen[0].headers


def test_a_stream_is_read_however_it_is_cut_into_pieces() -> None:
    data = events(piece("é1"), piece("2"), piece(finish="length"), LAST).replace(b"\n", b"\r\n")

    def answer(each: Exchanged) -> None:
        each.begin("text/event-stream")
        for at in range(len(data)):
            each.write(data[at : at + 1])

    found, _ = answered(answer)
    assert (found.reply.text, found.reply.finish, found.tokens) == ("é12", "length", Tokens(1000, 200))


def test_who_does_not_stream_is_understood_where_a_stream_was_asked_for() -> None:
    assert answered(plain("whole"))[0].reply.text == "whole"


def test_a_stream_that_says_it_is_done_is_not_waited_for() -> None:
    going = threading.Event()

    def answer(each: Exchanged) -> None:
        each.begin("text/event-stream")
        each.write(events(piece("all"), piece(finish="stop")))
        going.wait(60)

    try:
        assert answered(answer)[0].reply.text == "all"
    finally:
        going.set()


def test_tokens_that_are_not_told_are_estimated_and_said_to_be() -> None:
    found, _ = answered(lambda each: each.send(completion("x" * 30, usage=None)), stream=False)
    assert found.tokens == Tokens(1000, 10, estimated=True)
    lie = {"prompt_tokens": -5, "completion_tokens": True}
    found, _ = answered(lambda each: each.send(completion("x" * 30, usage=lie)), stream=False)
    assert found.tokens.estimated


@pytest.mark.parametrize(
    "data", [completion(None, refusal="I will not."), completion("", finish="content_filter")], ids=["said", "filtered"]
)
def test_a_refusal_is_an_answer_and_not_asked_for_again(data: bytes) -> None:
    found, count = answered(lambda each: each.send(data), stream=False)
    assert found.reply.refused
    assert count == 1


def test_a_refusal_in_a_stream_is_put_together() -> None:
    data = events(piece(refusal="I will "), piece(refusal="not."), piece(finish="stop"))
    found, _ = answered(lambda each: each.send(data, kind="text/event-stream"))
    assert (found.reply.refusal, found.reply.refused) == ("I will not.", True)


def test_half_a_surrogate_pair_can_be_stored() -> None:
    found, _ = answered(lambda each: each.send(completion("a\ud800b")), stream=False)
    assert found.reply.text == "a?b"


# --- once more


def cut(each: Exchanged) -> None:
    each.begin("text/event-stream")
    each.write(events(piece("half of "), done=False))


def cut_in_json(each: Exchanged) -> None:
    each.begin("application/json", length=5000)
    each.write(completion("half")[:20])


def reset(each: Exchanged) -> None:
    each.handler.connection.shutdown(socket.SHUT_RDWR)


PASSING: dict[str, Answer] = {
    "429": status(429, "slow down"),
    "500": status(500),
    "503 in HTML": lambda each: each.send(b"<h1>busy</h1>", kind="text/html", status=503),
    "529": status(529),
    "cut in a stream": cut,
    "cut in JSON": cut_in_json,
    "cut at once": reset,
    "bad JSON": lambda each: each.send(b'{"choices": [}'),
    "deep JSON": lambda each: each.send(b"[" * 200_000),
    "bad JSON in a stream": lambda each: each.send(b"data: {\n\n", kind="text/event-stream"),
    "an error in a stream": lambda each: each.send(
        events({"error": {"message": "overloaded"}}, done=False), kind="text/event-stream"
    ),
    "nothing in a stream": lambda each: each.send(b"", kind="text/event-stream"),
}


@pytest.mark.parametrize("bad", PASSING.values(), ids=PASSING)
def test_what_may_pass_is_asked_again(bad: Answer) -> None:
    found, count = answered(bad, bad, streamed("at last"))
    assert (found.reply.text, found.tries, count) == ("at last", 3, 3)


@pytest.mark.parametrize("bad", PASSING.values(), ids=PASSING)
def test_what_does_not_pass_is_given_up_within_bounds(bad: Answer) -> None:
    found, count = unanswered(bad)
    assert count == 5
    assert found.reason.endswith("tried 5 times")
    assert not found.for_all


def test_a_half_answer_counts_as_spent_by_estimate() -> None:
    purse = Purse(Budget())
    with serving(cut, streamed("whole")) as served:
        ask(Endpoint(served.url), purse)
    assert purse.spent == Tokens(2000, 203, estimated=True)


def test_an_answer_that_takes_too_long_is_cut_and_asked_for_again() -> None:
    going = threading.Event()

    def slow(each: Exchanged) -> None:
        each.begin("text/event-stream")
        while not going.wait(0.02):
            each.write(events(piece("."), done=False))

    try:
        found, count = unanswered(slow, seconds=0.3)
    finally:
        going.set()
    assert (found.reason, count) == ("no whole answer within 0.3 s; tried 5 times", 5)


def test_where_nobody_listens_it_says_so() -> None:
    with socket.socket() as held:  # bound and not listening: nobody else gets the port
        held.bind(("127.0.0.1", 0))
        (found,) = ask(Endpoint(f"http://127.0.0.1:{held.getsockname()[1]}/v1", KEY))
    assert isinstance(found, Unanswered)
    assert found.reason.startswith("no connection: ")


# --- pauses


def test_the_pause_that_the_endpoint_asks_for_is_kept_by_every_request() -> None:
    times: list[float] = []

    def limited(each: Exchanged) -> None:
        times.append(time.monotonic())
        status(429, Retry_After="1")(each)

    def then(each: Exchanged) -> None:
        times.append(time.monotonic())
        plain("x")(each)

    with serving(limited, limited, then) as served:
        found = ask(Endpoint(served.url), times=2)
    assert all(isinstance(each, Answered) for each in found)
    assert min(times[2:]) - min(times[:2]) >= 1.0


def test_a_pause_that_is_too_long_ends_the_asking() -> None:
    found, count = unanswered(status(429, "come back tomorrow", Retry_After="86400"))
    assert (found.for_all, count) == (True, 1)
    assert found.reason == "status 429: come back tomorrow; it wants a pause of 86400 s"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("1.5", 1.5),
        ("Mon, 30 Nov 2026 10:00:30 GMT", 30.0),
        ("Mon, 30 Nov 2026 09:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("٣", None),
        ("Mon, 99 Nov 2026 99:00:00 GMT", None),
    ],
)
def test_a_pause_is_a_number_or_a_date(text: str, seconds: float | None) -> None:
    assert asked_pause(text, datetime(2026, 11, 30, 10, tzinfo=UTC)) == seconds


# --- not once more


NEVER: dict[str, tuple[Answer, str, bool]] = {
    "400": (status(400, "too long a prompt"), "status 400: too long a prompt", False),
    "401": (status(401, "who are you"), "status 401: who are you", True),
    "404": (status(404, "no such model"), "status 404: no such model", True),
    "quota": (status(429, "pay first", "insufficient_quota"), "status 429: pay first", True),
    "302": (
        lambda each: each.send(b"", status=302, Location="http://127.0.0.1:9/elsewhere"),
        "status 302: it points elsewhere, and the key goes nowhere else",
        True,
    ),
    "HTML": (
        lambda each: each.send(b"<h1>Welcome</h1>", kind="text/html"),
        "the answer cannot be used: its content type is text/html",
        False,
    ),
    "no completion": (
        lambda each: each.send(b'{"choices": []}'),
        "the answer cannot be used: its JSON is no chat completion",
        False,
    ),
    "no object": (
        lambda each: each.send(b"[1]"),
        "the answer cannot be used: its JSON is no chat completion",
        False,
    ),
    "gzip": (
        lambda each: each.send(gzip.compress(b"x" * 10_000_000), Content_Encoding="gzip"),
        "the answer cannot be used: it is compressed, which was not asked for",
        False,
    ),
}


@pytest.mark.parametrize(("bad", "reason", "for_all"), NEVER.values(), ids=NEVER)
def test_what_will_not_pass_is_asked_once(bad: Answer, reason: str, for_all: bool) -> None:
    found, count = unanswered(bad)
    assert (found.reason, found.for_all, count) == (reason, for_all, 1)


def _endless(line: bytes) -> Callable[[str], tuple[Answer, list[int]]]:
    def make(kind: str) -> tuple[Answer, list[int]]:
        sent = [0]

        def answer(each: Exchanged) -> None:
            each.begin(kind)
            while sent[0] < 40 * MOST_BYTES:
                each.write(line)
                sent[0] += len(line)

        return answer, sent

    return make


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("text/event-stream", events(piece("x" * 60_000), done=False)),
        ("text/event-stream", b"x" * 60_000),
        ("application/json", b" " * 60_000),
    ],
    ids=["events", "one line", "JSON"],
)
def test_an_answer_without_end_is_not_read_to_its_end(kind: str, line: bytes) -> None:
    answer, sent = _endless(line)(kind)
    found, count = unanswered(answer)
    assert (found.reason, count) == ("the answer cannot be used: it is longer than 8 MB", 1)
    assert sent[0] < 40 * MOST_BYTES


# --- the key


def test_the_key_is_in_nothing_that_comes_back() -> None:
    parts = [piece(KEY[:10]), piece(KEY[10:] + " is yours"), piece(finish="stop")]
    found, _ = answered(lambda each: each.send(events(*parts), kind="text/event-stream"))
    assert found.reply.text == "[key] is yours"
    found, _ = answered(lambda each: each.send(completion(None, refusal=f"not for {KEY}")), stream=False)
    assert found.reply.refusal == "not for [key]"
    for bad in (status(401, f"{KEY} is wrong"), status(400, f"{KEY} is wrong")):
        assert unanswered(bad)[0].reason.endswith("[key] is wrong")
    said = json.dumps({"error": {"message": f"{KEY} is overloaded"}}).encode()
    assert "[key] is overloaded" in unanswered(lambda each: each.send(said))[0].reason


def test_the_key_is_in_no_text_of_the_endpoint() -> None:
    endpoint = Endpoint("http://127.0.0.1:1/v1", KEY)
    assert KEY not in repr(endpoint) + str(endpoint)


def test_a_placeholder_for_a_key_spoils_no_answer() -> None:
    assert answered(plain("if EMPTY: pass"), key="EMPTY")[0].reply.text == "if EMPTY: pass"


def test_a_proxy_that_cannot_be_used_is_said_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "nonsense://user:secret@127.0.0.1:9")
    with pytest.raises(Exception, match="proxy that the environment names") as caught:
        ask(Endpoint("http://127.0.0.1:1/v1"))
    assert "secret" not in str(caught.value)


# --- budgets


def test_nothing_is_sent_that_may_exceed_the_budget() -> None:
    purse = Purse(Budget(tokens=2_600))
    with serving(plain("x")) as served:
        found = ask(Endpoint(served.url), purse, times=4)
    # Each may take 1,500 and takes 1,200: the others wait for the first, and then there is too little left.
    assert [isinstance(each, Answered) for each in found].count(True) == 1
    assert all(each.spared for each in found if isinstance(each, Unanswered))
    assert purse.spent.sum == 1_200 <= 2_600
    assert len(served.seen) == 1


def test_what_was_held_and_not_used_is_free_again() -> None:
    purse = Purse(Budget(tokens=2_700))
    with serving(plain("x")) as served:
        found = ask(Endpoint(served.url), purse, times=4)
    assert [isinstance(each, Answered) for each in found].count(True) == 2
    assert (purse.spent.sum, len(served.seen)) == (2_400, 2)


def test_a_budget_in_money_goes_by_the_prices() -> None:
    prices = Prices(10.0, 100.0)
    assert prices.of(Tokens(USAGE["prompt_tokens"], USAGE["completion_tokens"])) == pytest.approx(0.03)
    purse = Purse(Budget(cost=0.09, prices=prices))  # each may take 0.06 and takes 0.03
    with serving(plain("x")) as served:
        ask(Endpoint(served.url), purse, times=4)
    assert len(served.seen) == 2


def test_a_further_try_is_within_the_budget_too() -> None:
    purse = Purse(Budget(tokens=1_600))
    with serving(cut) as served:
        (found,) = ask(Endpoint(served.url), purse)
    assert isinstance(found, Unanswered)
    assert found.spared
    assert len(served.seen) == 1
    assert "after: the answer cannot be used: the connection ended before the answer did" in found.reason
