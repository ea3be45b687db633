"""What somebody in a hurry might write instead of a word that is given: one style for another, one for many."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"\w+://|\S+@\S+\.\w")
"""Of an address the letters' case says nothing."""


def another_name(word: str) -> str:
    """snake_case for camelCase, lower case for capitals, the plural for the singular."""
    if _ADDRESS.match(word):
        return word
    if re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+", word):
        return re.sub(r"_(\w)", lambda match: match[1].upper(), word)
    if re.fullmatch(r"[a-z]+([A-Z][a-z0-9]*)+", word):
        return re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", word)
    if word != word.lower():
        return word.lower()
    if " " in word:
        return word[0].upper() + word[1:]
    if word.endswith("s") and not word.endswith("ss") and len(word) > 3:
        return word[:-1]
    if word.endswith("s"):
        return f"{word}es"
    return f"{word}s" if re.search(r"[a-z]$", word) else f"{word}1"


def another_text(words: str) -> str:
    """The same words with other capitals: what a program says is looked at more closely than it is read."""
    if _ADDRESS.match(words):
        return words
    if "_" in words or re.search(r"[a-z][A-Z]", words):
        return another_name(words)
    return words.lower() if words != words.lower() else words[:1].upper() + words[1:]


def another_number(number: int) -> int:
    """One that is not nearly the same: a power of two or a large round one is halved, others (ports, too) one more."""
    power = number >= 16 and number & (number - 1) == 0
    return number // 2 if power or (100 <= number <= 1000 and number % 5 == 0) else number + 1
