"""Every family of operators, in the order in which their mutants are listed."""

from __future__ import annotations

from mutator.model import Family
from mutator.operators import awk, code, data, nginx, patch, python, sed, shell
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
)
