"""Which files an instruction asks for, and which it only speaks of because they are given. Pure."""

from __future__ import annotations

import re

_SENTENCE = re.compile(r"(?<=[.!?:])\s+|\n\s*\n|\n(?=[ \t]*(?:[-*+]|\d+[.)])\s)")
_READING = re.compile(
    r"\b(?:read(?:s|ing)?|from|us(?:e|es|ing)|given|load(?:s|ing)?|pars(?:e|es|ing)|see|per|according to|consult"
    r"|(?:documented|described|defined|listed|shown|specified) in|based on|like|located (?:at|in)|against)\b",
    re.IGNORECASE,
)
_WRITING = re.compile(
    r"\b(?:writ(?:e|es|ing|ten)|creat(?:e|es|ing|ed)|produc\w+|output\w*|generat\w+|sav(?:e|es|ing|ed)|stor(?:e|es|ing|ed)"
    r"|emit\w*|into|to|build\w*|put\w*|plac\w+|leav\w+|cop(?:y|ies|ied)|link\w*|add\w*|updat\w+|mak(?:e|es|ing)"
    r"|implement\w*|must|should|shall|need\w*|fix\w*|edit\w*|chang\w+|configur\w+|install\w*|set|append\w*|deliver\w*"
    r"|remov\w+|delet\w+|mov(?:e|es|ing|ed)|renam\w+|mention\w*|redirect\w*)\b",
    re.IGNORECASE,
)
_THERE = re.compile(
    r"\bthere(?:'s| is| are)\b"
    r"|\b[Ww]e (?:also |have )*\w+ed\b"
    r"|\b(?:is|are|was|were|lives?|lies?) (?:now |currently |archived |located )*(?:at|in|under)\b",
    re.IGNORECASE,
)


_IN_COMMAND = re.compile(r"/[\w.-]+(?: [\w<>./-]+)* $")
"""What a program is started with may be read or written."""
_HOLDS = re.compile(r"[`'\"]? (?:also )?(?:holds|contains|has|is|comes|lists|gives)\b")
"""A sentence that tells of what is there."""


def only_given(path: str, instruction: str) -> bool:
    """Whether wherever the instruction names the file it is something to read, or something that is there."""
    name = path.rsplit("/", 1)[-1]
    named = re.compile(rf"{re.escape(path)}(?![\w/-])|(?<![\w./-]){re.escape(name)}(?![\w/-])")
    mentions = [
        (sentence[: found.start()], sentence[found.end() :])
        for sentence in _SENTENCE.split(instruction)
        for found in named.finditer(sentence)
        if not _IN_COMMAND.search(sentence[: found.start()])
    ]
    return bool(mentions) and all(_is_given(before, after) for before, after in mentions)


def _is_given(before: str, after: str) -> bool:
    """By what its sentence says before and after the file's name."""
    before = re.sub(r"\b[A-Z]{2,}\b", "", before)  # CREATE TABLE asks for nothing
    reading, writing, there = (_last(form, before) for form in (_READING, _WRITING, _THERE))
    if writing < 0 and re.search(r"[A-Za-z]", before) and _HOLDS.match(after):
        return True
    return max(reading, there) > writing


def _last(form: re.Pattern[str], text: str) -> int:
    return max((found.start() for found in form.finditer(text)), default=-1)
