"""Sample programs that say what they do on standard output, rich in what renaming and rewriting could get wrong."""

PROGRAMS = {
    "counting": '''#!/usr/bin/env python3
"""Counts words."""
import sys
import collections

LIMIT = 3  # at most
NAMES = ["a", "b"]


def _clean(word):
    """Lower case."""
    return word.strip(".,").lower()


def count(words, least=1):
    """How often each word is there."""
    found = collections.Counter()
    skipped = 0
    for word in words:
        cleaned = _clean(word)
        if cleaned not in NAMES:
            found[cleaned] += 1
        else:
            skipped += 1
    # only the frequent ones
    common = {word: n for word, n in found.items() if n >= least}
    return common, skipped


for least in range(LIMIT):
    common, skipped = count(sys.argv[1].split(), least)
    print(f"{least=} {sorted(common.items())!r} {skipped:>3}")
''',
    "closures": """
import functools
import math


def outer(values):
    total = 0
    step = 2
    label = "sum"

    def add(value, step=step):
        nonlocal total
        total += value * step
        return total

    def show(prefix):
        text = f"{prefix}{label}: {total:{step}d}"
        return text

    for value in values:
        add(value)
    squares = [value * step for value in range(step)]
    pairs = {key: step for key in squares if key is not None}
    best = max(squares, key=lambda value: -value)
    if (last := len(squares)) != 0:
        squares[last - 1] += 1
    with open("/dev/null") as handle:
        text = handle.read()
    try:
        math.sqrt(-1)
    except ValueError as error:
        text = str(error)
    del last
    return show("> "), squares, pairs, best, text, functools.reduce(lambda a, b: a + b, squares)


print(outer([1, 2, 3]))
""",
    "classes": '''
class Account:
    """Holds money."""

    rate = 0.5
    names = []

    def __init__(self, owner, balance=0):
        self.owner = owner
        self.balance = balance

    def __eq__(self, other):
        return False

    def grow(self, years):
        """Compound."""
        balance = self.balance
        for year in range(years):
            interest = balance * self.rate
            balance = balance + interest
        if not self.owner == "nobody":
            self.names.append(self.owner)
        return dict(balance=balance, owner=self.owner)


def helper(x): "Twice."; return 2 * x


def first(rows):
    class Row:
        size = len(rows)
        wide = size > 1
    match rows:
        case [one, *rest]:
            answer = one
        case _:
            answer = None
    return answer, Row.size


print(Account("ann", 100).grow(3), helper(4), first([7, 8]), Account.names)
''',
    "non-ascii": """
import json
import re

wörter = ["größe", "straße"]  # Wörter


def länge(wort):
    größe = len(wort)
    zähler = 0
    zähler += größe * 0
    zähler = 0
    zähler += 1
    return f"{wort}: {größe} {zähler}"


print([länge(w) for w in wörter if w not in ("x",)], json.dumps(1), re.escape("-"))
""",
}
ARGUMENTS = ["the a dog, The b Dog. a cat"]
