"""The names that an instruction, or a file of the environment, shows as keys of a document. Pure.

That a word occurs somewhere is not enough: a report whose form is left open may call its entries whatever it likes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_NAME = re.compile(r"[A-Za-z_][\w-]*")
_ENCLOSED = re.compile(r"([\"'`])([A-Za-z_][\w.-]*)\1")
_CELL = re.compile(r"(?:^|[,;\t|])([A-Za-z_][\w-]*)(?=[,;\t|]|$)", re.MULTILINE)
_FIRST = re.compile(r"^[ \t]*(?:(?:[-*+\u2022]|\d+[.)])[ \t]+)?[*_`]*([A-Za-z_][\w-]*)", re.MULTILINE)
_BEFORE_COLON = re.compile(r"([A-Za-z_][\w-]*)[*_`]*[ \t]*[:=]")
_OF_KEYS = re.compile(
    r"\bjson\b|\bkeys?\b|\bfields?\b|\bpropert(?:y|ies)\b|\battributes?\b|\bmembers?\b|\bcolumns?\b", re.IGNORECASE
)
_SENTENCE = re.compile(r"\n|(?<=[.!?;])\s")


def keys_shown(instruction: str, code: Iterable[str], environment: Iterable[str]) -> frozenset[str]:
    """`code`: what the instruction sets apart as code or in quotes."""
    return frozenset((*_of_instruction(instruction, code), *_of_environment(environment)))


def _of_instruction(instruction: str, code: Iterable[str]) -> Iterator[str]:
    for text in code:
        yield from _NAME.findall(text)
    for form in (_FIRST, _BEFORE_COLON):
        yield from form.findall(instruction)
    yield from (found[2] for found in _ENCLOSED.finditer(instruction))
    for sentence in _SENTENCE.split(instruction):
        if _OF_KEYS.search(sentence):
            yield from _NAME.findall(sentence)


def _of_environment(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from (found[2] for found in _ENCLOSED.finditer(text[:200_000]))
        yield from _CELL.findall(text[:200_000])
