"""Text that a task wrote, made fit to be shown: whatever it holds, it moves no cursor and reorders no line."""

from __future__ import annotations

import textwrap


def shown(text: str, *, keep: str = "\n\t") -> str:
    """Every character that does not print, half a surrogate pair too, is spelled out; those of `keep` stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else _spelled(c) for c in text)


def visible(text: str) -> str:
    """The same on one line."""
    return shown(text.replace("\r\n", "\n")).replace("\n", " ").replace("\t", " ")


def _spelled(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def clip(text: str, width: int) -> str:
    """At most so many characters; what is cut off is marked."""
    return text if len(text) <= width else text[: max(width - 3, 0)].rstrip() + "..."


def wrapped(text: str, width: int, indent: str, *, following: str | None = None) -> list[str]:
    """One line of untrusted text as lines of at most `width`; a word longer than that, such as a path, stays whole."""
    return textwrap.wrap(
        visible(text),
        width,
        initial_indent=indent,
        subsequent_indent=indent if following is None else following,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [indent.rstrip()]
