"""Which of an attempt's differences from the reference the instruction states. Pure.

A right solution by other means differs too: in its own wording, its own files, what it does with senseless input. Only
what the instruction itself fixes is held against it, so that what is named is worth a look.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.judging.effects import Difference
from harness.judging.stated import StatedOutput, words_of
from harness.judging.volatile import steady
from harness.trial.watching.calls import Call, Observed
from mutator.relevance import Relevance

_OPTION = re.compile(r"--?[A-Za-z][\w-]*$")
_NEGATIVE = re.compile(r"-\d+$")
MOST_PATHS = 40
_SPAN = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Missed:
    """Something stated in which a solution differs from the reference."""

    requirement: str
    """The sentence of the instruction; '' where it is not clear which one says so."""
    line: int
    """Of the instruction; 0 where no sentence is known."""
    input: str
    expected: str
    got: str
    step: str = ""
    """Of a task of several steps the one whose instruction says so."""


def missed(found: Sequence[Difference], stated: StatedOutput, relevance: Relevance) -> list[Missed]:
    """The plainest of each requirement."""
    kept: dict[tuple[str, int], Missed] = {}
    for each in found:
        if _is_stated(each, stated):
            sentence, line = _sentence(each, relevance)
            kept.setdefault((sentence, line), Missed(sentence, line, each.input, each.expected, each.got))
    return list(kept.values())


def _is_stated(found: Difference, stated: StatedOutput) -> bool:
    if found.right is not None and found.given is not None:
        return _call_is_stated(found.kind, found.right, found.given, stated)
    if found.kind in ("missing", "more"):
        return stated.names(found.path)
    if found.kind == "content" and found.texts is not None:
        right, given = found.texts
        return stated.names(found.path) and _lines_are_stated(right, given, words_of(right), stated)
    return False


def _call_is_stated(kind: str, right: Call, given: Call, stated: StatedOutput) -> bool:
    if kind == "besides" and not _makes_sense(right, stated):
        return False
    worked = right.status in (0, None) or (kind == "ask" and right.status is not None and right.status < 400)
    if right.status != given.status:
        twisted = kind == "besides" and right.what.endswith(")")
        if worked and not twisted:
            return True  # a use that works fails
        if right.status is None or not stated.number(right.status):
            return False
        return kind == "ask" or any(stated.exactly(line) for line in _lines(right.err) + _lines(right.out))
    words = words_of(
        " ".join([*right.argv, right.what, right.stdin, *(each.text for each in right.given if not each.binary)])
    )
    if _lines_are_stated(right.out, given.out, words, stated):
        return True
    if steady(right.wrote) != steady(given.wrote):
        return worked
    return right.err != given.err and any(stated.exactly(line) for line in _only(right.err, given.err))


def _makes_sense(call: Call, stated: StatedOutput) -> bool:
    """A command that nobody but foolsgold ran: its options are the instruction's, and its numbers could be."""
    options = [word for word in call.argv[1:] if _OPTION.match(word)]
    if any(word not in stated.instruction for word in options):
        return False
    return not any(_NEGATIVE.match(word) for word in call.argv)


def _lines_are_stated(right: str, given: str, words: set[str], stated: StatedOutput) -> bool:
    """Whether a line that only one of them prints is one that the instruction fixes."""
    if steady(right) == steady(given):
        return False
    mine, theirs = _only(right, given), _only(given, right)
    if stated.any_order and sorted(_lines(right)) == sorted(_lines(given)):
        return False
    if not mine and not theirs:  # the same lines in another order
        return not stated.many and all(stated.exactly(line) or stated.loosely(line, words) for line in _lines(right))
    return (
        any(stated.exactly(line) or stated.loosely(line, words) for line in mine)
        or any(stated.fixed(line) for line in theirs)
        or (not mine and any(stated.exactly(line) for line in theirs))
    )


def _lines(text: str) -> list[str]:
    return [line for line in steady(text).splitlines() if line.strip()]


def _only(text: str, other: str) -> list[str]:
    theirs = set(_lines(other))
    return [line for line in _lines(text) if line not in theirs]


_PATH = re.compile(r"(?<![\w./-])/(?:[\w.-]+/)*[\w-][\w.-]*\w")


def named_paths(instruction: str) -> tuple[str, ...]:
    """Absolute paths that it names: what is to be gone is among them as well."""
    return tuple(dict.fromkeys(found[0] for found in _PATH.finditer(instruction)))[:MOST_PATHS]


def there_or_not(first: Observed, second: Observed, other: Observed, paths: Sequence[str]) -> list[Difference]:
    """Of paths that are there in the end with the reference and not with the other, or the other way round. What the
    reference removes is nowhere else to be seen."""
    if first.after is None or second.after is None or other.after is None:
        return []
    found = []
    for path in paths:
        mine, again, theirs = (path in seen.after.entries for seen in (first, second, other) if seen.after is not None)
        if mine == again != theirs:
            words = ("is there", "is gone")
            found.append(Difference("more" if theirs else "missing", path, words[theirs], words[mine], path=path))
    return found


# --- by which sentence


def _sentence(found: Difference, relevance: Relevance) -> tuple[str, int]:
    """By the rules that link a mutant to what it breaks, from what tells most to what tells less."""
    for text in _told(found):
        links = relevance.of_text(text)
        if links:
            requirement = relevance.requirements[links[0].requirement]
            return requirement.text, requirement.line
    return _that_shows(found, relevance)


def _told(found: Difference) -> Iterator[str]:
    right = found.right
    if right is not None:
        options = " ".join(word for word in right.argv[1:] if _OPTION.match(word))
        yield "\n".join(filter(None, (options, *_only(right.out, found.given.out if found.given else "")[:5])))
        yield f"{found.input}\n{found.expected}"
    else:
        yield f"{found.path}\n{found.expected}"
        yield found.path


def _that_shows(found: Difference, relevance: Relevance) -> tuple[str, int]:
    """The sentence that shows, as code, the most of what is seen."""
    seen = f"{found.input} {found.expected} {found.got}"
    best = max(
        relevance.requirements,
        key=lambda each: sum(len(span[1]) for span in _SPAN.finditer(each.text) if span[1] in seen),
        default=None,
    )
    if best is None or not any(span[1] in seen for span in _SPAN.finditer(best.text)):
        return "", 0
    return best.text, best.line
