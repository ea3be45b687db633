"""Pins as a shell's conditions: what tools that every Linux has can say plainly. Pure."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Sequence

from harness.harden.model import FOLDER

_STRIP = "sed 's/^[[:space:]]*//; s/[[:space:]]*$//'"


def in_shell(name: str) -> str:
    """A file of the case's own folder as a word."""
    return f'"$folder"/{shlex.quote(name)}'


def _printed(expression: str) -> str:
    """The command that prints what a Python expression is about; '' where there is none."""
    if expression == "result.stdout":
        return "printf '%s\\n' \"$out\""
    own = re.fullmatch(r"\(folder / (.+)\)\.read_text\(\)", expression)
    if own is not None:
        return f"cat {in_shell(ast.literal_eval(own[1]))}"
    left = re.fullmatch(r"Path\((.+)\)\.read_text\(\)", expression)
    return f"cat {shlex.quote(ast.literal_eval(left[1]))}" if left is not None else ""


def has_line(expression: str, line: str) -> str:
    printed = _printed(expression)
    if not printed or not _is_plain(line):
        return ""
    return f"{printed} | {_STRIP} | grep -Fxq -e {shlex.quote(line)}"


def has_lines(expression: str, lines: Sequence[str], *, unordered: bool) -> str:
    """These lines and no others, blank ones and blanks at the ends left out."""
    printed = _printed(expression)
    if not printed or not all(map(_is_plain, lines)):
        return ""
    order = " | LC_ALL=C sort" if unordered else ""
    whole = "\n".join(lines)
    return f"[ \"$({printed} | {_STRIP} | sed '/^$/d'{order})\" = {shlex.quote(whole)} ]"


def has_words(expression: str, words: Sequence[str]) -> str:
    """A line of these words and numbers, whatever stands between them."""
    printed = _printed(expression)
    if not printed or not words or not all(map(_is_plain, words)):
        return ""
    between = "[^A-Za-z0-9_]"
    line = f"{between}+".join(word.replace(".", r"\.") for word in words)
    return f"{printed} | grep -Eq -e {shlex.quote(f'^{between}*{line}{between}*$')}"


def _is_plain(line: str) -> bool:
    """What blanks are is the same to the shell's tools and to Python; the case's own folder has another name there."""
    return line.isascii() and line.isprintable() and FOLDER not in line
