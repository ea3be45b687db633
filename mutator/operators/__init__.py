"""Every family of operators, in the order in which their mutants are listed."""

from __future__ import annotations

from mutator.model import Family
from mutator.operators import awk, code, data, nginx, patch, python, sed, shell, stated
from mutator.operators.code import sql

FAMILIES: tuple[Family, ...] = (
    shell.FAMILY,
    sed.FAMILY,
    awk.FAMILY,
    patch.FAMILY,
    python.FAMILY,
    nginx.FAMILY,
    data.FAMILY,
    code.FAMILY,
    sql.FAMILY,
    stated.FAMILY,
)


def families(instruction: str) -> tuple[Family, ...]:
    """Every family, those that look at the instruction with this one."""
    return tuple(each.told(instruction) if isinstance(each, stated.StatedFamily) else each for each in FAMILIES)
