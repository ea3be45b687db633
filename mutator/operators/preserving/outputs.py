"""What the reference left behind, written otherwise: the same data in other bytes, for the audit to put there after
solving and before verifying.

Pure like `mutator.operators.state`, whose actions it uses: it reads the outputs and says what to do to them.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mutator.model import short_id
from mutator.operators.preserving.promise import BYTES, Promise
from mutator.operators.state import Action, Chmod, Output, Write

LARGE = 1_000_000
NUMBERS = 5_000


@dataclass(frozen=True, slots=True)
class Touch:
    """Set the time of last change, in seconds since 1970."""

    path: str
    seconds: int


@dataclass(frozen=True, slots=True)
class OutputOperator:
    id: str
    sentence: str
    promise: Promise


@dataclass(frozen=True, slots=True)
class OutputVariant:
    """What is done to the outputs between solving and verifying. All actions, in order, or it is not measured."""

    id: str
    operator: OutputOperator
    path: str
    """The output it changes, '' for several."""
    actions: tuple[Action | Touch, ...]
    sentence: str

    @property
    def promise(self) -> Promise:
        return self.operator.promise


_LINE_ENDS = (
    rf"{BYTES}|\b(?:trailing|final|last) (?:newline|line ?(?:break|feed|end))|\bnothing else\b"
    r"|\b(?:no|without|single|one) (?:a |any )?(?:trailing |final )?(?:newline|blank line)|\b(?:blank|empty) line"
)
_NUMBERS = (
    rf"{BYTES}|\bdecimal|\binteger|\bwhole number|\bdigits?\b|\bround|\bprecision|\bformat(?:ted)?\b|%\.\d|\.\df\b"
    r"|\bcount\b|\bnumber of\b"
)
_LAYOUT = rf"{BYTES}|\bindent|\bpretty|\bcompact|\bminified|\bsingle line|\bone line\b|\bper line\b|\bsort_keys\b"
_KEY_ORDER = (
    rf"{BYTES}|\bkeys?\b[^.]{{0,60}}\b(?:order|sorted|alphabetical)|\bsort_keys\b|\bin (?:this|the following) order\b"
    r"|\b(?:order|sorted|alphabetical)[^.]{0,60}\bkeys?\b"
)
_ONE_FILE = (
    r"\b(?:single|one|only) (?:file|script|module)\b|\bself-contained\b|\bno other files?\b|\bnothing else\b"
    r"|\blines? of code\b"
)
_AGE = (
    r"\b(?:mtime|timestamps?|modified|modification time|newer|older|recent|age|days?|hours?|incremental|rebuil[dt]"
    r"|make)\b"
)
_SHARED = "/tmp"  # noqa: S108  # the box's own, where everybody may write
_CLEAN = rf"{_SHARED}\b|\btemporary files?\b|\bclean(?:ed)? up\b"

KEYS = OutputOperator(
    "preserving.json-key-order",
    "{path} has the keys of its objects in another order",
    Promise("the JSON value", "an object of JSON has no order of its keys", unless=_KEY_ORDER),
)
INDENT = OutputOperator(
    "preserving.json-indent",
    "{path} is laid out {how}",
    Promise("the JSON value", "JSON does not read blanks between its tokens", unless=_LAYOUT),
)
FRACTION = OutputOperator(
    "preserving.json-fraction",
    "{path} has its fractions with one more zero: {new} for {old}",
    Promise("the JSON value", "2.5 and 2.50 are one number", unless=rf"{BYTES}|%\.\d|\.\df\b"),
)
NO_NEWLINE = OutputOperator(
    "preserving.no-final-newline",
    "{path} does not end its last line",
    Promise("every line", "most programs read a last line with and without its end alike", True, _LINE_ENDS),
)
NEWLINE = OutputOperator(
    "preserving.final-newline",
    "{path} ends its last line",
    Promise("every line", "a text file's last line commonly has an end", True, _LINE_ENDS),
)
BLANK_LINE = OutputOperator(
    "preserving.final-blank-line",
    "{path} has an empty line at its end",
    Promise("every line with something on it", "an empty last line carries nothing", True, _LINE_ENDS),
)
NUMBER = OutputOperator(
    "preserving.number-text",
    "{path} says {new} for {old}",
    Promise("the number", "a number may be written with more zeros after its point", True, _NUMBERS),
)
WRAPPER = OutputOperator(
    "preserving.wrapper",
    "{path} hands over to {real}, where the program itself now is",
    Promise(
        "what the program does, its interpreter, mode and arguments",
        "the wrapper runs the program's text under the same name",
        True,
        _ONE_FILE,
    ),
)
EXTRA_FILES = OutputOperator(
    "preserving.extra-files",
    f"{_SHARED} holds files of somebody else",
    Promise("every output", f"{_SHARED} is everybody's", unless=_CLEAN),
)
TIMES = OutputOperator(
    "preserving.older-files",
    "all that the solution wrote is a day older",
    Promise(
        "the content of every output",
        "when a file was written is not what is in it",
        True,
        _AGE,
    ),
)
_EXACTNESS = (
    rf"{BYTES}|\bexact|\bidentical\b|\bprecis|\bdecimal|\bdigits?\b|\bround|\btoleranc|\bwithin\b|\bformat(?:ted)?\b"
    r"|%\.\d|\.\df\b|\bfull precision\b|\bverbatim\b|\bunchanged\b|\bcop(?:y|ied)\b"
)
_ORDER = (
    rf"{BYTES}|\border|\bsort|\bascending|\bdescending|\balphabet|\bchronolog|\bsequen|\brank|\btop\b|\bfirst\b|\blast\b"
    r"|\bthen\b|\bnext\b|\bfollow|\bsteps?\b|\bmoves?\b|\bpath\b|\broute\b|\btime|\blog\b|\bline \d|\bhead|\bformat\b"
)
DIGITS = OutputOperator(
    "preserving.last-digits",
    "{path} has its numbers off in the last of their digits: {new} for {old}",
    Promise(
        "each number to one part in a hundred million million",
        "the last digits of a sum hang on the order in which it is summed up",
        True,
        _EXACTNESS,
    ),
)
ROUNDED = OutputOperator(
    "preserving.rounded",
    "{path} has its long numbers rounded to ten digits: {new} for {old}",
    Promise("each number to ten digits", "nobody says how many digits are wanted", True, _EXACTNESS),
)
ROWS = OutputOperator(
    "preserving.row-order",
    "{path} has its {what} in the opposite order",
    Promise("every row", "no order is asked for", True, _ORDER),
)
OPERATORS = (
    KEYS, INDENT, FRACTION, NO_NEWLINE, NEWLINE, BLANK_LINE, NUMBER, DIGITS, ROUNDED, ROWS, WRAPPER, EXTRA_FILES, TIMES
)  # fmt: skip

_TEXTS = frozenset({"txt", "md", "csv", "tsv", "log", "json", "out", "yaml", "yml", "ini", "html", "xml", "sql", ""})
_NUMBER = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*")
DAY = 86_400


def output_variants(outputs: Sequence[Output], instruction: str, *, now: int = 0) -> Iterator[OutputVariant]:
    """Every variant that the instruction does not forbid, surest first. `now`: seconds since 1970, for older files."""
    ordered = sorted(outputs, key=lambda output: output.path)
    made = [one for output in ordered for one in _of_file(output)]
    made.append(_variant(EXTRA_FILES, "", tuple(Write(f"{_SHARED}/{name}", data) for name, data in _SOMEBODY_ELSE)))
    if ordered and now > DAY:
        made.append(_variant(TIMES, "", tuple(Touch(output.path, now - DAY) for output in ordered)))
    fair = [one for one in made if not one.promise.asked(instruction)]
    yield from sorted(fair, key=lambda one: one.promise.depends_on_instruction)


_SOMEBODY_ELSE = (("notes-of-somebody.txt", b"tea, milk\n"), ("numbers-of-somebody.json", b'{"left": 1, "right": 2}\n'))


def _of_file(output: Output) -> Iterator[OutputVariant]:
    path, data = output.path, output.data
    if output.mode & 0o111:
        yield from _wrapped(output)
    if len(data) > LARGE or b"\0" in data or not data.strip():
        return
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    if path.endswith(".json"):
        yield from _json(path, text)
    if _ending(path) in _VALUES:
        yield from _long_numbers(path, text)
        yield from _rows(path, text)
    if data.startswith(b"#!") or _ending(path) not in _TEXTS:
        return
    newline = "\r\n" if text.endswith("\r\n") else "\n"
    number = _NUMBER.fullmatch(text)
    if number:
        said = number[1]
        new = said + ("0" if "." in said else ".0")
        yield _variant(NUMBER, path, (Write(path, text.replace(said, new, 1).encode()),), new=new, old=said)
    if text.endswith("\n") and not text.endswith(("\n\n", "\n\r\n")):
        yield _variant(NO_NEWLINE, path, (Write(path, text.removesuffix(newline).encode()),))
        yield _variant(BLANK_LINE, path, (Write(path, (text + newline).encode()),))
    elif not text.endswith("\n"):
        yield _variant(NEWLINE, path, (Write(path, (text + newline).encode()),))


_VALUES = frozenset({"txt", "csv", "tsv", "json", "out", ""})
_LONG = re.compile(r"(?<![\w.])-?(?=(?:\d\.?){15})\d+\.\d+(?:[eE][+-]?\d+)?(?![\w.])")
"""A number with all the digits that a float has: it was worked out, and nobody rounded it."""
ULPS = 4


def _long_numbers(path: str, text: str) -> Iterator[OutputVariant]:
    found = [match[0] for match in _LONG.finditer(text)][:NUMBERS]
    for operator, change in ((DIGITS, _moved), (ROUNDED, _rounded)):
        changed = [(old, change(old)) for old in found]
        old, new = next(((old, new) for old, new in changed if old != new), ("", ""))
        if old:
            whole = _LONG.sub(lambda match, change=change: change(match[0]), text)  # type: ignore[misc]
            yield _variant(operator, path, (Write(path, whole.encode()),), new=new, old=old)


def _moved(number: str) -> str:
    value = float(number)
    for _ in range(ULPS):
        value = math.nextafter(value, math.inf)
    return repr(value)


def _rounded(number: str) -> str:
    return repr(float(f"{float(number):.10g}"))


def _rows(path: str, text: str) -> Iterator[OutputVariant]:
    """The lines of a text, behind the header of a table; the objects of a list."""
    if path.endswith(".json"):
        try:
            value = json.loads(text, parse_int=_Raw, parse_float=_Raw, parse_constant=_Raw, object_pairs_hook=_pairs)
        except (ValueError, RecursionError):
            return
        if isinstance(value, list) and len(value) > 1 and all(isinstance(one, dict) for one in value):
            indent = 2 if "\n" in text.strip() else None
            said = _written(value[::-1], indent, 0, ascii_only=text.isascii(), turned=False)
            end = text[len(text.rstrip()) :]
            yield _variant(ROWS, path, (Write(path, (said + end).encode()),), what="objects")
        return
    table = _ending(path) in ("csv", "tsv")
    lines = text.splitlines(keepends=True)
    head, rows = (lines[:1], lines[1:]) if table else ([], lines)
    # Rows that hold quotes may go on in the next line, and texts have paragraphs.
    if len(rows) < 2 or rows[0] == rows[-1] or not rows[-1].endswith("\n") or any(not row.strip() for row in rows):
        return
    if '"' not in text:
        turned = "".join([*head, *rows[::-1]])
        yield _variant(ROWS, path, (Write(path, turned.encode()),), what="rows" if table else "lines")


class _Raw(str):
    """A number as it is written: read as a float it might be written otherwise."""

    __slots__ = ()


class _TwoOfAName(ValueError):
    pass


def _json(path: str, text: str) -> Iterator[OutputVariant]:
    try:
        value = json.loads(text, parse_int=_Raw, parse_float=_Raw, parse_constant=_Raw, object_pairs_hook=_pairs)
    except (ValueError, RecursionError):
        return
    if not isinstance(value, dict | list):
        return
    end = text[len(text.rstrip()) :]
    lines = "\n" in text.strip()
    written = text.isascii()

    def said(one: object, indent: int | None, *, turned: bool = False) -> bytes:
        return (_written(one, indent, 0, ascii_only=written, turned=turned) + end).encode()

    same_way = said(value, 2 if lines else None)
    turned = said(value, 2 if lines else None, turned=True)
    if turned != same_way:
        yield _variant(KEYS, path, (Write(path, turned),))
    other = said(value, None if lines else 2)
    if other != text.encode() and (lines or other.count(b"\n") > 1):
        yield _variant(INDENT, path, (Write(path, other),), how="on one line" if lines else "over several lines")
    fractions = list(_FRACTION.finditer(text))[:NUMBERS]
    real = [match for match in fractions if match[1] is not None]
    if real:
        new = _FRACTION.sub(lambda match: match[0] if match[1] is None else f"{match[1]}0{match[2] or ''}", text)
        yield _variant(
            FRACTION, path, (Write(path, new.encode()),), new=f"{real[0][1]}0{real[0][2] or ''}", old=real[0][0]
        )


_FRACTION = re.compile(r'"(?:[^"\\]|\\.)*"|(-?\d+\.\d+)([eE][+-]?\d+)?')
"""A string, which is left alone, or a number with a point."""


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _TwoOfAName
    return found


def _written(value: object, indent: int | None, depth: int, *, ascii_only: bool, turned: bool) -> str:
    """JSON text; `turned`: keys in the opposite order."""
    inner = "\n" + " " * (indent * (depth + 1)) if indent is not None else ""
    outer = "\n" + " " * (indent * depth) if indent is not None else ""
    comma = "," + inner if indent is not None else ", "

    def below(one: object) -> str:
        return _written(one, indent, depth + 1, ascii_only=ascii_only, turned=turned)

    if isinstance(value, _Raw):
        return str(value)
    if isinstance(value, dict):
        keys = list(value)[::-1] if turned else list(value)
        parts = [f"{json.dumps(key, ensure_ascii=ascii_only)}: {below(value[key])}" for key in keys]
        return f"{{{inner}{comma.join(parts)}{outer}}}" if parts else "{}"
    if isinstance(value, list):
        return f"[{inner}{comma.join(below(one) for one in value)}{outer}]" if value else "[]"
    return json.dumps(value, ensure_ascii=ascii_only)


_PYTHON = re.compile(rb"#![^\n]*\bpython[\d.]*\s*(?:-[a-zA-Z]+\s*)?\r?\n")
_SHELL = re.compile(rb"#![^\n]*\b(?:ba|da|z|k)?sh\b[^\n]*\n")


def _wrapped(output: Output) -> Iterator[OutputVariant]:
    """In the program's own language, so that it may be run by name, by its interpreter, or imported."""
    path, data = output.path, output.data
    real = f"{path}.real"
    if "'" in path or '"' in path or "\\" in path or "\n" in path:
        return
    first = data[: data.find(b"\n") + 1]
    if _PYTHON.match(data):
        if not _is_python(data):
            return
        body = f'exec(compile(open("{real}", "rb").read(), "{real}", "exec"))\n'
    elif _SHELL.match(data):
        if b"BASH_SOURCE" in data or b"LINENO" in data:
            return
        body = f". '{real}'\n"
    else:
        return
    actions = (
        Write(real, data),
        Chmod(real, output.mode),
        Write(path, first + body.encode()),
        Chmod(path, output.mode),
    )
    yield _variant(WRAPPER, path, actions, real=real)


def _is_python(data: bytes) -> bool:
    """Python that does not look at its own text."""
    from mutator.operators.preserving.program import read

    try:
        program = read(data.decode())
    except UnicodeDecodeError:
        return False
    if program is None or program.looks_at_itself or program.imports & {"multiprocessing", "concurrent"}:
        return False
    return not any(
        isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in ast.walk(program.module)
    )


def _ending(path: str) -> str:
    name = path.rsplit("/", 1)[-1]
    return name.rsplit(".", 1)[-1].lower() if "." in name else ""


def _variant(operator: OutputOperator, path: str, actions: tuple[Action | Touch, ...], **fields: str) -> OutputVariant:
    identity = short_id(operator.id, path, *(repr(action) for action in actions if not isinstance(action, Touch)))
    return OutputVariant(identity, operator, path, actions, operator.sentence.format(path=path, **fields))
