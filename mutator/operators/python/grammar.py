"""What is Python and what is not: whole programs, pieces of them, texts with characters that parsers stumble over."""

from __future__ import annotations

import ast
import re

import libcst as cst

from mutator.quiet import quietly

FRAGMENTS = (
    ("", ""),
    ("if 1:\n", ""),
    ("if 1: pass\n", ""),
    ("try: pass\n", ""),
    ("", " pass"),
    ("_(", ")"),
    ("{", "}"),
    ("[", "]"),
)
"""What to put around a piece of a program to make it a program."""

_DEEPEST = 150
"""libcst's parser ends the whole process on brackets nested some thousands deep; Python itself refuses 200."""


UNREADABLE = (cst.ParserSyntaxError, cst.CSTValidationError, RecursionError, UnicodeError, ValueError)


def opening(piece: str, indent: str) -> str:
    """What must stand before a clause or an indented statement."""
    clause = re.match(r"(case|elif|except)\b", piece)
    kind = clause.group() if clause else ""
    if kind == "case" and indent:
        return "match 0:\n"
    block = "if 1:\n" if indent else ""
    before = {"elif": f"{indent}if 1: pass\n", "except": f"{indent}try: pass\n"}
    return block + before.get(kind, "")


def shell_names(text: str) -> str:
    """What an unquoted here-document leaves to the shell, `$PORT` and `${PORT}`, as names of the same length."""
    text = re.sub(r"\$\{(\w+)\}", r"__\1_", text)
    return re.sub(r"\$(?=[A-Za-z_])", "_", text)


def same_length(text: str) -> str | None:
    """The text with what libcst cannot read (BOM, form feeds, lone carriage returns) replaced one for one."""
    if "\0" in text:
        return None
    if text.startswith("\ufeff"):
        # A blank there would indent the first line.
        text = "\n" + text[1:]
    if "\x0c" in text:
        text = re.sub(r"(?m)^\x0c", "\n", text).replace("\x0c", " ")
    if "\r" in text:
        text = re.sub(r"\r(?!\n)", "\n", text)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return re.sub("[\ud800-\udfff]", "?", text)
    return text


def later_indent(text: str) -> str:
    """The white space that a piece cut out in mid-line has lost on its first line."""
    found = re.search(r"\n([ \t]+)\S", text)
    return found.group(1) if found else " "


def parses(code: str) -> bool:
    with quietly():
        # Invalid escapes and `1if x` are warned about while parsing.
        try:
            compile(code, "<mutant>", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        except (SyntaxError, ValueError, MemoryError, RecursionError, OverflowError):
            return False
    return True


def shallow(code: str) -> bool:
    """Whether libcst can be trusted with a text that this Python does not parse."""
    depth = 0
    for bracket in re.findall(r"[(\[{}\])]", code):
        depth = depth + 1 if bracket in "([{" else max(depth - 1, 0)
        if depth > _DEEPEST:
            return False
    return len(re.findall(r"\belif\b|\blambda\b|\bnot\b|\bif\b", code)) < 5000 and not re.search(r"[-+~* ]{999}", code)


def newer_parses(code: str) -> bool:
    try:
        cst.parse_module(code)
    except UNREADABLE:
        return False
    return True


def string_value(source: str) -> str | None:
    found = re.match(r"([a-zA-Z]*)('''|\"\"\"|'|\")", source)
    if found is None or "b" in found.group(1).lower():
        return None
    quote = found.group(2)
    inner = source[found.end() : -len(quote)]
    if "\\" not in inner or "r" in found.group(1).lower():
        return inner
    with quietly():
        try:
            value = ast.literal_eval(source)
        except (SyntaxError, ValueError):
            return None
    return value if isinstance(value, str) else None
