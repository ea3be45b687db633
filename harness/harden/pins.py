"""What of the reference's behaviour in a case a test may pin, each thing by itself, with its assertion. Pure."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.harden.brought import json_document
from harness.harden.data_pins import data_pins, digest_pins
from harness.harden.inside_pins import inside_pins
from harness.harden.leaves import EACH, MOST_TOGETHER, each_at, every_at, leaves_of, value_at
from harness.harden.model import BoxCase, Pin, Read, Seen
from harness.harden.shell_pins import has_line, has_lines, has_words, in_shell
from harness.judging.asked_files import only_given
from harness.judging.stated import StatedOutput, tokens, words_of

LONGEST_LINE, MOST_LINES, MOST_LEAVES = 400, 80, 120
_NEWLINE = "\n"


def _get(*keys: Any) -> Read:
    return lambda seen: value_at(seen, keys)


def _equals(read: Read, value: Any) -> Callable[[Seen], bool]:
    return lambda seen: bool(read(seen) == value)


def _differs(read: Read, value: Any) -> Callable[[Seen], bool]:
    return lambda seen: bool(read(seen) != value)


def _contains(read: Read, value: Any) -> Callable[[Seen], bool]:
    return lambda seen: value in read(seen)


def _lacks(read: Read, value: Any) -> Callable[[Seen], bool]:
    return lambda seen: value not in read(seen)


class Pins:
    """Everything that could be pinned of one case."""

    def __init__(self, case: BoxCase, stated: StatedOutput, given: str) -> None:
        """`given`: the text of the case's own input."""
        self.case, self.stated, self.given = case, stated, words_of(given)
        self._numbers = frozenset({*tokens(given), *tokens(stated.instruction)})

    def of(self, seen: Seen) -> Iterator[Pin]:
        if "trouble" in seen:
            return
        if self.case.kind == "run":
            yield from self._of_run(seen)
        elif self.case.kind == "look":
            yield from self._of_states(seen)
        elif self.case.kind == "ask":
            yield from self._of_ask(seen)

    def pin(
        self,
        says: str,
        code: Sequence[str],
        holds: Callable[[Seen], bool],
        weight: int,
        unstated: str = "",
        needs: Sequence[str] = (),
        sh: str = "",
    ) -> Pin:
        def safely(seen: Seen) -> bool:
            try:
                return holds(seen)
            except (KeyError, IndexError, TypeError, ValueError, AttributeError, csv.Error, RecursionError):
                return False

        return Pin(self.case, says, tuple(code), safely, weight, unstated or self.case.unstated, frozenset(needs), sh)

    # --- programs

    def _of_run(self, seen: Seen) -> Iterator[Pin]:
        if not seen.get("ends"):
            return
        if "data" in seen:
            self.case = replace(self.case, body={**self.case.body, "data": True})
        status = seen["status"]
        if status == 0:
            yield self.pin(
                "it ends well",
                ["assert result.returncode == 0"],
                lambda s: s["status"] == 0,
                2,
                sh='[ "$status" -eq 0 ]',
            )
        else:
            why = "" if status > 0 and self._status_stated(status) else f"that it exits with {status}"
            yield self.pin(
                f"it exits with {status}",
                [f"assert result.returncode == {status}"],
                lambda s: s["status"] == status,
                2,
                why,
                sh=f'[ "$status" -eq {status} ]',
            )
        # What a program says where it refuses is its own wording, unless the instruction has the very words.
        only_fixed = status != 0
        if "data" in seen:
            yield from data_pins(self, seen["data"])
        else:
            yield from self.of_text(
                "result.stdout", "it prints", lambda s: s["out"], seen["out"], only_fixed=only_fixed
            )
        if seen["err"].strip():
            yield from self.of_text("result.stderr", "it complains", _get("err"), seen["err"], only_fixed=True)
        yield from self._of_files(seen)
        if "left" in seen:
            yield from self._of_states(seen, "left")

    def _status_stated(self, status: int) -> bool:
        return (
            re.search(
                rf"\b(?:status|code|exits?|return\w*)\b[^.\n]{{0,40}}(?<![\w.]){status}(?![\w.]*\d)",
                self.stated.instruction,
                re.IGNORECASE,
            )
            is not None
        )

    def _of_files(self, seen: Seen) -> Iterator[Pin]:
        before = {file["path"]: before_of(file) for file in self.case.body["files"]}
        for name in sorted({*before, *seen["files"]}):
            there, text = name in seen["files"], seen["files"].get(name, "")
            path = f"folder / {name!r}"
            if there and name in before:
                yield self.pin(
                    f"{name} stays",
                    [f"assert ({path}).exists()"],
                    _contains(_get("files"), name),
                    5,
                    sh=f"[ -e {in_shell(name)} ]",
                )
                if text == before[name] and not text.startswith("sha256 "):
                    yield self.pin(
                        f"{name} stays as it is",
                        [f"assert ({path}).read_text() == {text!r}"],
                        _equals(_get("files", name), text),
                        6,
                    )
            elif not there:
                yield self.pin(
                    f"{name} is removed",
                    [f"assert not ({path}).exists()"],
                    _lacks(_get("files"), name),
                    5,
                    sh=f"[ ! -e {in_shell(name)} ]",
                )
            else:
                why = "" if self._file_named(name) else f"the file {name}"
                yield self.pin(
                    f"{name} is written",
                    [f"assert ({path}).exists()"],
                    _contains(_get("files"), name),
                    5,
                    why,
                    sh=f"[ -e {in_shell(name)} ]",
                )
            if there and text != before.get(name):
                if not text.startswith("sha256 "):
                    yield from self.of_text(f"({path}).read_text()", f"{name} has", _get("files", name), text)
                why = "" if self._file_named(name) else f"the file {name}"
                yield from inside_pins(self, path, name, _get("inside", name), seen, why)

    def _file_named(self, name: str) -> bool:
        argv = " ".join(self.case.body["argv"])
        return self.stated.names(name) or name in argv

    # --- texts

    def of_text(
        self, expression: str, says: str, read: Read, text: str, *, only_fixed: bool = False, why: str = ""
    ) -> Iterator[Pin]:
        document = json_document(text)
        if document is not None and not only_fixed:
            yield from self._of_json(expression, says, read, document, why)
            return
        if _DATA.search(text) and "\r" not in text and len(text) <= LONGEST_DATA and not only_fixed:
            yield self._of_data(expression, says, read, text, why)
            return
        rows = _table(text, self.stated)
        if rows is not None and not only_fixed and not self.stated.many:
            yield from self._of_table(expression, says, read, rows, why)
        yield from self._of_lines(expression, says, read, text, only_fixed, why)

    def _of_data(self, expression: str, says: str, read: Read, text: str, why: str) -> Pin:
        """What is no prose is what it is: a form or an order of lines has no meaning for it."""
        unknown = self.stated.unknown(text, self.given)
        many = "one of several right answers" if self.stated.many else ""
        return self.pin(
            f"{says} {text[:60]!r}",
            [f"assert {expression} == {text!r}"],
            _equals(read, text),
            12,
            why or many or (f"the words {', '.join(sorted(unknown)[:4])}" if unknown else ""),
        )

    def _of_lines(self, expression: str, says: str, read: Read, text: str, only_fixed: bool, why: str) -> Iterator[Pin]:
        lines = text.splitlines()
        if len(lines) > MOST_LINES:
            return
        forms: list[str] = []
        for line in dict.fromkeys(lines):
            if not line.strip() or len(line) > LONGEST_LINE:
                continue
            stripped = line.strip()
            exactly = self.stated.fixed(line) or (
                not only_fixed and self.stated.exactly(line) and not self.is_estimate(line)
            )
            if exactly:
                forms.append(line)
                yield self.pin(
                    f"{says} the line {stripped!r}",
                    [f"assert {stripped!r} in [line.strip() for line in {expression}.splitlines()]"],
                    _contains(lambda s: [each.strip() for each in read(s).splitlines()], stripped),
                    10,
                    why,
                    sh=has_line(expression, stripped),
                )
                continue
            unknown = self._unknown(line, only_fixed)
            yield self._of_tokens(expression, says, read, line, why or unknown)
        yield from self._of_whole(expression, says, read, lines, set(forms), only_fixed, why)

    def _unknown(self, line: str, only_fixed: bool) -> str:
        if self.stated.many or only_fixed:
            return f"the line {line.strip()[:80]!r}"
        words = self.stated.unknown(line, self.given)
        if words:
            return f"the words {', '.join(sorted(words)[:4])}"
        if self.is_estimate(line):
            return "the digits of a number that need not be exact"
        return "" if tokens(line) else f"the line {line.strip()[:80]!r}"

    def is_estimate(self, line: str) -> bool:
        """It has a number that may be another in another right answer."""
        worked_out = [token for token in tokens(line) if token not in self._numbers]
        numbers = [token for token in worked_out if token.lstrip("-")[:1].isdigit()]
        return bool(numbers) and (
            self.stated.estimated or self.stated.tolerance is not None or any("." in number for number in numbers)
        )

    def _of_tokens(self, expression: str, says: str, read: Read, line: str, why: str) -> Pin:
        found = tokens(line)
        return self.pin(
            f"{says} {' '.join(found)}",
            [
                f"lines = [re.findall({_TOKENS!r}, line) for line in {expression}.splitlines()]",
                f"assert {found!r} in lines",
            ],
            lambda s: found in [tokens(each) for each in read(s).splitlines()],
            14,
            why,
            ["re"],
            has_words(expression, found),
        )

    def _of_whole(
        self, expression: str, says: str, read: Read, lines: Sequence[str], forms: set[str], only_fixed: bool, why: str
    ) -> Iterator[Pin]:
        """All lines together: their order, and that there are no others."""
        full = [line.strip() for line in lines if line.strip()]
        if not full or any(len(line) > LONGEST_LINE for line in full) or len(full) > 40:
            return
        unordered = self.stated.unordered
        first, last = ("sorted(", ")") if unordered else ("", "")
        expected = sorted(full) if unordered else full

        def put(found: list[Any]) -> list[Any]:
            return sorted(found) if unordered else found

        if all(line in forms for line in lines if line.strip()):
            yield self.pin(
                f"{says} these lines and no others",
                [
                    f"lines = [line.strip() for line in {expression}.splitlines() if line.strip()]",
                    f"assert {first}lines{last} == {expected!r}",
                ],
                lambda s: put([each.strip() for each in read(s).splitlines() if each.strip()]) == expected,
                30,
                why,
                sh=has_lines(expression, expected, unordered=unordered),
            )
            return
        unknown = next((u for line in full if line not in forms and (u := self._unknown(line, only_fixed))), "")
        words = put([tokens(line) for line in full])
        yield self.pin(
            f"{says} these lines and no others, by their words",
            [
                f"lines = [re.findall({_TOKENS!r}, line) for line in {expression}.splitlines() if line.strip()]",
                f"assert {first}lines{last} == {words!r}",
            ],
            lambda s: put([tokens(each) for each in read(s).splitlines() if each.strip()]) == words,
            34,
            why or unknown,
            ["re"],
        )

    def _of_json(self, expression: str, says: str, read: Read, document: Any, why: str) -> Iterator[Pin]:
        # What hangs on no list first: it says most in least, and there is least of it.
        leaves = sorted(leaves_of(document), key=lambda leaf: sum(isinstance(key, int) for key in leaf[0]))
        yield from self._of_lists(expression, says, read, leaves, why)
        for path, value in leaves[:MOST_LEAVES]:
            where = "".join(f"[{key!r}]" for key in path)
            unknown = why or self._unknown_value(path, value)
            if isinstance(value, float):
                near = f"math.isclose(found{where}, {value!r}, {self._limits(path)})"
                code, needs = [f"found = json.loads({expression})", f"assert {near}"], ["json", "math"]
            else:
                compared = f"is {value}" if value is None or isinstance(value, bool) else f"== {value!r}"
                code, needs = [f"found = json.loads({expression})", f"assert found{where} {compared}"], ["json"]
            yield self.pin(
                f"{says} {value!r} at {'.'.join(map(str, path)) or 'its top'}",
                code,
                self._at_leaf(read, path, value),
                12,
                unknown,
                needs,
            )

    def _of_lists(
        self, expression: str, says: str, read: Read, leaves: Sequence[tuple[tuple[Any, ...], Any]], why: str
    ) -> Iterator[Pin]:
        """All that is at one place of the objects of a list, in whatever order they come."""
        together: dict[tuple[Any, ...], list[Any]] = {}
        for path, value in leaves:
            if any(isinstance(key, int) for key in path):
                together.setdefault(tuple(EACH if isinstance(key, int) else key for key in path), []).append(value)
        for place, values in together.items():
            if len(values) > MOST_TOGETHER or len({type(value) for value in values}) > 1:
                continue
            if not isinstance(values[0], str | int) or isinstance(values[0], bool):
                continue
            unknown = why or next((u for value in values if (u := self._unknown_value(place, value))), "")
            yield self.pin(
                f"{says} {', '.join(map(str, sorted(values)))[:80]} at {'.'.join(map(str, place))}, in any order",
                [f"found = json.loads({expression})", f"assert sorted({each_at(place)}) == {sorted(values)!r}"],
                every_at(read, place, sorted(values)),
                13,
                unknown,
                ["json"],
            )

    def _at_leaf(self, read: Read, path: Sequence[Any], value: Any) -> Callable[[Seen], bool]:
        return lambda seen: self._same(value_at(json.loads(read(seen)), path), value, path)

    def _same(self, found: Any, expected: Any, path: Sequence[Any]) -> bool:
        if isinstance(expected, float) and isinstance(found, int | float) and not isinstance(found, bool):
            return math.isclose(found, expected, rel_tol=self._relative(path), abs_tol=self._absolute())
        return bool(found == expected) and isinstance(found, bool) == isinstance(expected, bool)

    def _limits(self, path: Sequence[Any]) -> str:
        return f"rel_tol={self._relative(path)}, abs_tol={self._absolute()}"

    def _relative(self, path: Sequence[Any]) -> float:
        """Of a spread both definitions are right (by the count, by one less) unless the instruction says which."""
        tolerance = self.stated.tolerance
        stated = tolerance.relative if tolerance is not None and tolerance.relative is not None else _RELATIVE
        name = " ".join(str(key) for key in path)
        if self.stated.says_which_spread:
            return stated
        return max(stated, next((apart for words, apart in _SPREADS if words.search(name)), 0.0))

    def _absolute(self) -> float:
        tolerance = self.stated.tolerance
        return tolerance.absolute if tolerance is not None and tolerance.absolute is not None else 1e-6

    def _unknown_value(self, path: Sequence[Any], value: Any) -> str:
        if self.stated.many:
            return "one of several right answers"
        if _QUANTILE.search(" ".join(map(str, path))) and not self.stated.says_which_quantile:
            return "which of the usual quantiles it is"
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and self.stated.estimated and (self.stated.tolerance is None or isinstance(value, int)):
            return "a number that need not be exact"
        if self.stated.unordered and any(isinstance(key, int) for key in path):
            return "an order"
        keys = [key for key in path if isinstance(key, str) and key is not EACH]
        if open_key := next((key for key in keys if self.stated.unknown_key(key, self.given)), ""):
            return f"the key {open_key}"
        words = self.stated.unknown(value, self.given) if isinstance(value, str) else set()
        return f"the words {', '.join(sorted(words)[:4])}" if words else ""

    def _of_table(self, expression: str, says: str, read: Read, rows: list[list[str]], why: str) -> Iterator[Pin]:
        """Rows by value: quotes and line ends are nobody's business."""
        if any(self.is_estimate(" ".join(row)) for row in rows[1:]):
            why = why or "the digits of a number that need not be exact"
        for row in rows[:MOST_LINES]:
            unknown = self.stated.unknown(" ".join(row), self.given)
            yield self.pin(
                f"{says} the row {','.join(row)}",
                [f"assert {row!r} in list(csv.reader({expression}.splitlines()))"],
                _contains(lambda s: list(csv.reader(read(s).splitlines())), row),
                11,
                why or (f"the words {', '.join(sorted(unknown)[:4])}" if unknown else ""),
                ["csv"],
            )
        if len(rows) <= 40:
            unknown = self.stated.unknown(" ".join(" ".join(row) for row in rows), self.given)
            kind, put = ("sorted", sorted) if self.stated.unordered else ("list", list)
            yield self.pin(
                f"{says} these rows and no others",
                [f"assert {kind}(csv.reader({expression}.splitlines())) == {put(rows)!r}"],
                lambda s: put(csv.reader(read(s).splitlines())) == put(rows),
                31,
                why or (f"the words {', '.join(sorted(unknown)[:4])}" if unknown else ""),
                ["csv"],
            )

    # --- files

    def _of_states(self, seen: Seen, *keys: str) -> Iterator[Pin]:
        for path, state in value_at(seen, keys).items():
            kind, why = state["kind"], self._unasked(path)
            wording = why or ("how a document is worded" if path.endswith(_FOR_PEOPLE) else "")
            code, there = f"Path({path!r})", kind != "none"
            yield self.pin(
                f"{path} is {'there' if there else 'not there'}",
                [f"assert {'' if there else 'not '}{code}.exists()"],
                (_differs if there else _equals)(_get(*keys, path, "kind"), "none"),
                4,
                why,
                ["pathlib"],
                f"[ {'' if there else '! '}-e {shlex.quote(path)} ]",
            )
            mode = state.get("mode")
            if mode is not None and kind == "file" and self.case.kind == "look":
                yield from self._of_mode(path, mode, why)
            yield from inside_pins(self, code, path, _get(*keys, path, "inside"), seen, why)
            if state.get("text", "") is None and not state.get("inside"):
                yield from digest_pins(self, code, path, _get(*keys, path, "digest"), state["digest"], why)
            text = state.get("text")
            if text is not None and not is_program(path, text):  # which may be written in any way
                read = _get(*keys, path, "text")
                for pin in self.of_text(f"{code}.read_text()", f"{path} has", read, text, why=wording):
                    yield replace(pin, needs=pin.needs | {"pathlib"})

    def _unasked(self, path: str) -> str:
        asked = self.stated.names(path) and not only_given(path, self.stated.instruction)
        return "" if asked else f"the file {path}"

    def _of_mode(self, path: str, mode: str, why: str) -> Iterator[Pin]:
        stated = re.search(rf"(?<!\d)0?{mode}(?!\d)", self.stated.instruction) is not None
        yield self.pin(
            f"{path} has the mode {mode}",
            [f"assert Path({path!r}).stat().st_mode & 0o7777 == 0o{mode}"],
            lambda s: s[path].get("mode") == mode,
            8,
            why or ("" if stated else f"the mode {mode}"),
            ["pathlib"],
            f'[ "$(stat -c %a {shlex.quote(path)})" = {mode} ]',
        )
        if int(mode, 8) & 0o111:
            executable = re.search(r"\bexecutable\b", self.stated.instruction, re.IGNORECASE) is not None
            yield self.pin(
                f"{path} is executable",
                [f"assert os.access({path!r}, os.X_OK)"],
                lambda s: bool(int(s[path]["mode"], 8) & 0o111),
                7,
                why or ("" if executable else "that it is executable"),
                ["os"],
                f"[ -x {shlex.quote(path)} ]",
            )

    # --- servers

    def _of_ask(self, seen: Seen) -> Iterator[Pin]:
        for at, (step, said) in enumerate(zip(self.case.body["steps"], seen["steps"], strict=False)):
            if not said:
                continue
            counts: Mapping[str, int] = said["counts"]
            known = all(each.isdigit() and (each == "200" or self.stated.number(int(each))) for each in counts)
            what = f"{step['method']} {step['path']}" + (f" {step['times']} times" if step["times"] > 1 else "")
            yield self.pin(
                f"{what} is answered with {_counted(counts)} (request {at + 1})",
                [f"assert answers[{at}].counts == { ({int(k): v for k, v in counts.items() if k.isdigit()})!r}"],
                _equals(_get("steps", at, "counts"), counts),
                16 + at,
                "" if known else f"the status {_counted(counts)}",
            )
            if not said["slow"] and step["times"] > 1:
                delay = re.search(r"\bdelay|\bat once\b|\bimmediate", self.stated.instruction, re.IGNORECASE)
                yield self.pin(
                    f"{what} is not held back (request {at + 1})",
                    [f"assert answers[{at}].seconds < 0.75"],
                    _equals(_get("steps", at, "slow"), False),
                    20,
                    "" if delay else "how fast it answers",
                )
            if step["times"] == 1 and len(seen["steps"]) == 1:
                yield from self._of_answer(said)

    def _of_answer(self, said: Mapping[str, Any]) -> Iterator[Pin]:
        for name, value in sorted(said["headers"].items()):
            named = re.search(rf"\b{re.escape(name).replace('-', '[- ]')}\b", self.stated.instruction, re.IGNORECASE)
            shown = value in self.stated.instruction or not words_of(value) - self.stated.words
            yield self.pin(
                f"the header {name} is {value!r}",
                [f"assert answers[0].headers[{name!r}] == {value!r}"],
                _equals(_get("steps", 0, "headers", name), value),
                18,
                "" if named and shown else f"the header {name}",
            )
        yield from self.of_text("answers[0].body", "the answer has", lambda s: s["steps"][0]["body"], said["body"])


_TOKENS = r"-?\d+(?:\.\d+)?|[A-Za-z_][\w-]*"
_RELATIVE = 1e-6
_SPREADS = (
    (re.compile(r"std|stddev|st_?dev|deviation|sigma", re.IGNORECASE), 0.3),
    (re.compile(r"variance|(?<![a-z])var(?![a-z])", re.IGNORECASE), 0.5),
)
"""What names a spread, and how far the two definitions of it are apart for two numbers, where they are farthest."""
_PROGRAMS = (".py", ".sh", ".js", ".ts", ".rb", ".pl", ".go", ".rs", ".c", ".h", ".cpp", ".java", ".pyc", ".so", ".o")


def is_program(path: str, text: str = "") -> bool:
    return path.endswith(_PROGRAMS) or text.startswith("#!")


_QUANTILE = re.compile(r"(?<![a-z\d])p\d\d(?!\d)|percentile|quantile|quartile", re.IGNORECASE)
_DATA = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
"""In no text for people."""
LONGEST_DATA = 1_000
_FOR_PEOPLE = (".md", ".rst", ".adoc")


def before_of(file: Mapping[str, Any]) -> str:
    """What is seen of a file that is left as it was brought."""
    if not file.get("binary"):
        return str(file["text"])
    return "sha256 " + hashlib.sha256(file["text"].encode("latin-1")).hexdigest()


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{status} ({count})" if count > 1 else status for status, count in sorted(counts.items()))


def _table(text: str, stated: StatedOutput) -> list[list[str]] | None:
    """Rows of the same length of at least two cells, under a head that the instruction has the words of."""
    lines = text.splitlines()
    if len(lines) < 2 or "," not in lines[0] or len(lines) > 200:
        return None
    try:
        rows = list(csv.reader(io.StringIO(text)))
    except csv.Error:
        return None
    rows = [row for row in rows if row]
    if len({len(row) for row in rows}) != 1 or len(rows[0]) < 2 or words_of(" ".join(rows[0])) - stated.words:
        return None
    return rows
