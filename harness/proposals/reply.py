"""What an endpoint answers, read: chat completions in one JSON document or as a stream of events. Pure, and bounded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.proposals.spending import Tokens

MOST_BYTES = 8 << 20
"""Of one answer as it comes; a longer one is not read to its end."""


class BadReply(Exception):
    """What came is no answer. `again` says whether asking once more may help."""

    def __init__(self, reason: str, *, again: bool = False, code: str = "") -> None:
        super().__init__(reason)
        self.reason, self.again, self.code = reason, again, code


@dataclass(frozen=True, slots=True)
class Reply:
    text: str
    finish: str = ""
    """The endpoint's own word: stop, length, content_filter."""
    refusal: str = ""
    model: str = ""
    """Which model answered, as the endpoint says."""
    tokens: Tokens | None = None

    @property
    def refused(self) -> bool:
        return bool(self.refusal) or self.finish == "content_filter"


def whole_reply(data: bytes) -> Reply:
    """Raises BadReply."""
    found = _document(data)
    _raise_error(found)
    choice = _first(found.get("choices"))
    if choice is None:
        raise BadReply("its JSON is no chat completion")
    message = choice.get("message")
    if not isinstance(message, dict):
        raise BadReply("its JSON is no chat completion")
    return Reply(
        _content(message.get("content")),
        _word(choice.get("finish_reason")),
        _word(message.get("refusal")),
        _word(found.get("model")),
        _usage(found.get("usage")),
    )


@dataclass(slots=True)
class Events:
    """A stream of events as its bytes come. Raises BadReply for what is none."""

    taken: int = 0
    ended: bool = False
    """It said that this was all."""
    _left: bytearray = field(default_factory=bytearray)
    _data: list[bytes] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)
    _refusal: list[str] = field(default_factory=list)
    _finish: str = ""
    _model: str = ""
    _tokens: Tokens | None = None

    def feed(self, data: bytes) -> None:
        self.taken += len(data)
        if self.taken > MOST_BYTES:
            raise BadReply(f"it is longer than {MOST_BYTES >> 20} MB")
        self._left += data
        if b"\n" in data:
            *lines, self._left = self._left.split(b"\n")
            for line in lines:
                self._line(bytes(line).rstrip(b"\r"))

    @property
    def text(self) -> str:
        return "".join(self._text)

    def reply(self) -> Reply:
        """After the last bytes. An answer that neither ended nor was finished was cut off."""
        self._line(bytes(self._left).rstrip(b"\r"))
        self._line(b"")
        if not self.ended and not self._finish:
            raise BadReply("the connection ended before the answer did", again=True)
        return Reply(self.text, self._finish, "".join(self._refusal), self._model, self._tokens)

    def _line(self, line: bytes) -> None:
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        elif not line and self._data:
            data, self._data = b"\n".join(self._data), []
            self._event(data)

    def _event(self, data: bytes) -> None:
        if data.strip() == b"[DONE]":
            self.ended = True
            return
        found = _document(data)
        _raise_error(found)
        self._model = _word(found.get("model")) or self._model
        self._tokens = _usage(found.get("usage")) or self._tokens
        choice = _first(found.get("choices"))
        if choice is None:  # the last event holds the usage and no choice
            return
        delta = choice.get("delta")
        if isinstance(delta, dict):
            self._text.append(_content(delta.get("content")))
            self._refusal.append(_word(delta.get("refusal")))
        self._finish = _word(choice.get("finish_reason")) or self._finish


def error_of(data: bytes) -> tuple[str, str]:
    """(code, message) of an endpoint's error; its text where it is no JSON."""
    try:
        _raise_error(_document(data))
    except BadReply as error:
        if error.code != "bad-json":
            return error.code, error.reason
    return "", data.decode("utf-8", "replace")


def _document(data: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadReply("its JSON cannot be read", again=True, code="bad-json") from error
    if not isinstance(found, dict):
        raise BadReply("its JSON is no chat completion")
    return found


def _raise_error(found: Mapping[str, Any]) -> None:
    error = found.get("error")
    if not error:
        return
    if isinstance(error, dict):
        code = error.get("code") or error.get("type")
        raise BadReply(_word(error.get("message")) or "an error", again=True, code=_word(code) or str(code))
    raise BadReply(_word(error) or "an error", again=True)


def _first(choices: Any) -> Mapping[str, Any] | None:
    return choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else None


def _content(value: Any) -> str:
    """A text, or the texts of several parts."""
    if isinstance(value, list):
        return "".join(_word(part.get("text")) for part in value if isinstance(part, dict))
    return _word(value)


def _word(value: Any) -> str:
    """JSON can spell half a surrogate pair, which no file can hold."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _usage(value: Any) -> Tokens | None:
    if not isinstance(value, dict):
        return None
    prompt, answer = _count(value.get("prompt_tokens")), _count(value.get("completion_tokens"))
    return Tokens(prompt, answer) if prompt is not None and answer is not None else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 50 else None
