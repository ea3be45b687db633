"""Which languages the stated family speaks: all that a family with a grammar or a reader of lines speaks."""

from __future__ import annotations

from mutator.model import Family
from mutator.operators import awk, code, data, nginx, python, sed, shell
from mutator.operators.code import sql

SPEAKERS: tuple[Family, ...] = (
    shell.FAMILY, python.FAMILY, nginx.FAMILY, data.FAMILY, code.FAMILY, sql.FAMILY, sed.FAMILY, awk.FAMILY
)  # fmt: skip
EVERY: frozenset[str] = frozenset().union(*(family.languages for family in SPEAKERS))
