"""The whole of `foolsgold propose`: what is asked of each task, asked as far as the budget goes, and what came of it.

Candidates are made from stored exchanges only, so that a later call with the same folder makes the same ones, also
without a model.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from harness.dataset.model import AnyTask, looked_at
from harness.errors import UsageError
from harness.proposals.asking import Asker, Request, Unanswered, asker
from harness.proposals.candidates import Candidate, read_answer
from harness.proposals.endpoint import Endpoint
from harness.proposals.prompts import Asking, NotAsked, Prompt, prompts
from harness.proposals.spending import NOTHING, Budget, Purse, Tokens, estimated_tokens
from harness.proposals.stored import Exchange, Exchanges, request_digest, write_whole
from harness.task.model import Unusable
from harness.untrusted import visible

SCHEMA = "foolsgold.propose/1"
DOCUMENT, EXCHANGES = "propose.json", "exchanges"
LARGEST_FILE = 48 << 20
"""Of candidates: `foolsgold attempts` reads files of somewhat more than that."""
IN_A_ROW = 3
"""So many requests that come to nothing, with no answer between, end the asking."""


@dataclass(frozen=True, slots=True)
class ProposeWish:
    model: str
    kinds: tuple[Asking, ...]
    number: int = 3
    environment: bool = False
    answer_tokens: int = 16_000
    options: Mapping[str, Any] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt for a task, as a request."""

    task: str
    prompt: Prompt
    sample: int
    request: Request


@dataclass(slots=True)
class Outcomes:
    """What became of the questions: filled in while they are asked, and whole at any time."""

    asked: int = 0
    unanswered: dict[str, str] = field(default_factory=dict)
    """Request digest -> why it has no answer."""
    failed: int = 0
    """Requests that came to nothing, not for want of budget."""
    ended: str = ""
    """Why no more was asked, where that was not for having asked everything."""
    spent: Tokens = NOTHING
    in_a_row: int = 0


Said = Callable[[str], None]


def questions(tasks: Iterable[AnyTask], wish: ProposeWish) -> Iterator[Question | tuple[str, str]]:
    """What is asked, a task at a time, or (task, why nothing of a kind is asked of it)."""
    for given in tasks:
        with looked_at(given, Path(tempfile.gettempdir())) as task:
            if isinstance(task, Unusable):
                yield task.name, "it cannot be read: `foolsgold check` says why"
                continue
            for kind in wish.kinds:
                try:
                    made = prompts(task, kind, wish.number, environment=wish.environment)
                except NotAsked as error:
                    yield task.name, f"{kind}: {error.reason}"
                    continue
                for sample, prompt in enumerate(made):
                    yield Question(task.name, prompt, sample, _request(prompt, sample, wish))


def _request(prompt: Prompt, sample: int, wish: ProposeWish) -> Request:
    body: dict[str, Any] = {
        "model": wish.model,
        "messages": [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.text}],
    }
    # Of the two names that endpoints have for it, some refuse the one and some the other.
    if "max_completion_tokens" not in wish.options:
        body["max_tokens"] = wish.answer_tokens
    body |= wish.options
    most = body.get("max_completion_tokens", body.get("max_tokens"))
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise UsageError("The longest answer is to be a whole number of tokens.", hint="Such as --answer-tokens 16000.")
    prompt_tokens = estimated_tokens(prompt.system) + estimated_tokens(prompt.text)
    return Request(request_digest(body, sample), body, Tokens(prompt_tokens, most, estimated=True))


async def ask_all(
    tasks: Sequence[AnyTask], wish: ProposeWish, endpoint: Endpoint, output: Path, found: Outcomes, said: Said
) -> None:
    """Ask what has no stored answer from this endpoint. Whenever it ends, `found` and the exchanges are whole."""
    kept = Exchanges(output / EXCHANGES)
    purse = Purse(wish.budget)
    waiting = (one for one in questions(tasks, wish) if isinstance(one, Question) and not _known(kept, one, endpoint))
    under_way: dict[str, asyncio.Task[None]] = {}
    async with asker(endpoint, purse) as asks:
        output.mkdir(parents=True, exist_ok=True)
        try:
            while not found.ended:
                for one in islice(waiting, endpoint.at_once - len(under_way)):
                    digest = one.request.digest
                    if digest not in under_way:
                        under_way[digest] = asyncio.create_task(_ask(asks, one, endpoint, kept, found, said))
                if not under_way:
                    return
                await asyncio.wait(under_way.values(), return_when=asyncio.FIRST_COMPLETED)
                for digest in [digest for digest, task in under_way.items() if task.done()]:
                    under_way.pop(digest).result()
        finally:
            # What is under way when asking ends is let go: it would be paid for either way, and is not waited for.
            for task in under_way.values():
                task.cancel()
            await asyncio.gather(*under_way.values(), return_exceptions=True)
            found.spent = purse.spent


def _known(kept: Exchanges, one: Question, endpoint: Endpoint) -> bool:
    there = kept.get(one.request.digest)
    return there is not None and there.url == endpoint.url


async def _ask(asks: Asker, one: Question, endpoint: Endpoint, kept: Exchanges, found: Outcomes, said: Said) -> None:
    name = f"{visible(one.task)}: {one.prompt.kind}"
    try:
        answer = await asks.ask(one.request)
    except Unanswered as error:
        reason = error.reason
        found.unanswered[one.request.digest] = reason
        if error.spared:
            found.ended = found.ended or f"{reason} of up to {one.request.most.sum:,} tokens"
            return
        found.failed += 1
        said(f"{name}: no answer: {reason}")
        found.in_a_row += 1
        if error.for_all or found.in_a_row >= IN_A_ROW:
            found.ended = reason if error.for_all else f"{IN_A_ROW} requests in a row came to nothing: {reason}"
        return
    found.asked += 1
    found.in_a_row = 0
    now = datetime.now(UTC).isoformat(timespec="seconds")
    kept.put(Exchange(one.request.body, one.sample, endpoint.url, answer.reply, answer.tokens, now))
    about = "estimated " if answer.tokens.estimated else ""
    tries = f", {answer.tries} tries" if answer.tries > 1 else ""
    said(
        f"{name}: {answer.tokens.prompt:,} + {answer.tokens.answer:,} {about}tokens, {answer.seconds:.1f} s{tries}"
        + (", refused" if answer.reply.refused else "")
    )


# --- what came of it


@dataclass(slots=True)
class _Kind:
    requests: int = 0
    answered: int = 0
    refused: int = 0
    candidates: int = 0
    doubles: int = 0
    invalid: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)

    def json(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "answered": self.answered,
            "refused": self.refused,
            "candidates": self.candidates,
            "doubles": self.doubles,
            "invalid": sum(self.invalid.values()),
            "invalid_because": dict(self.invalid.most_common()),
            "unanswered": sum(self.unanswered.values()),
            "unanswered_because": dict(self.unanswered.most_common()),
        }


def write_candidates(
    tasks: Sequence[AnyTask], wish: ProposeWish, output: Path, found: Outcomes, *, url: str = ""
) -> dict[str, Any]:
    """Make candidates.jsonl and propose.json from the exchanges that are stored; the latter is returned."""
    kept = Exchanges(output / EXCHANGES)
    kinds = {kind: _Kind() for kind in wish.kinds}
    left_out: list[dict[str, str]] = []
    seen: set[tuple[str, str]] = set()
    files = _CandidateFiles(output)
    stored = NOTHING
    for one in questions(tasks, wish):
        if isinstance(one, tuple):
            left_out.append({"task": one[0], "reason": one[1]})
            continue
        kind = kinds[one.prompt.kind]
        kind.requests += 1
        exchange = kept.get(one.request.digest)
        if exchange is None:
            kind.unanswered[found.unanswered.get(one.request.digest, "it was not asked")] += 1
            continue
        stored += exchange.tokens
        kind.answered += 1
        if exchange.reply.refused:
            kind.refused += 1
            continue
        made, invalid = read_answer(one.prompt, exchange.reply.text)
        kind.invalid.update(invalid)
        for candidate in made:
            if (one.task, candidate.digest) in seen:
                kind.doubles += 1
                continue
            seen.add((one.task, candidate.digest))
            kind.candidates += 1
            files.put(_line(one, candidate, exchange))
    names = files.close()
    document = {
        "schema": SCHEMA,
        "model": wish.model,
        "url": url or None,
        "options": dict(wish.options),
        "kinds": {kind: counts.json() for kind, counts in kinds.items()},
        "left_out": left_out,
        "spent": _spent(wish, found.spent),
        "stored": _spent(wish, stored),
        "ended": found.ended or None,
        "files": names,
    }
    write_whole(output / DOCUMENT, json.dumps(document, indent=1, ensure_ascii=True) + "\n")
    return document


def _line(one: Question, candidate: Candidate, exchange: Exchange) -> str:
    about: dict[str, Any] = {
        "kind": candidate.kind,
        "what": candidate.what,
        "request_sha256": exchange.digest,
        "answer_sha256": exchange.answer_digest,
    }
    if candidate.breaks is not None:
        text = visible(candidate.breaks.text)[:2000]
        about["breaks"] = {"requirement": candidate.breaks.index + 1, "line": candidate.breaks.line, "text": text}
    if exchange.reply.model and exchange.reply.model != exchange.request["model"]:
        about["answered_by"] = exchange.reply.model[:200]
    line: dict[str, Any] = {"task": one.task, "id": candidate.id, "source": exchange.request["model"]}
    if candidate.kind is not Asking.ATTEMPT:
        line["meant"] = str(candidate.kind)
    line |= {"patch": candidate.patch} if candidate.patch else {"solution": dict(candidate.files)}
    return json.dumps({**line, "about": about}, ensure_ascii=False) + "\n"


def _spent(wish: ProposeWish, tokens: Tokens) -> dict[str, Any]:
    prices = wish.budget.prices
    return {**asdict(tokens), "cost": round(prices.of(tokens), 6) if prices is not None else None}


class _CandidateFiles:
    """candidates.jsonl, and further ones where it would be too large to be read. Written whole or not at all."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self._names: list[str] = []
        self._lines: list[str] = []
        self._size = 0

    def put(self, line: str) -> None:
        size = len(line.encode())
        if self._lines and self._size + size > LARGEST_FILE:
            self._write()
        self._lines.append(line)
        self._size += size

    def close(self) -> list[str]:
        self._write()
        for path in self._output.glob("candidates*.jsonl"):
            if path.name not in self._names:
                path.unlink()
        return self._names

    def _write(self) -> None:
        number = len(self._names) + 1
        name = "candidates.jsonl" if number == 1 else f"candidates-{number}.jsonl"
        write_whole(self._output / name, "".join(self._lines))
        self._names.append(name)
        self._lines, self._size = [], 0
