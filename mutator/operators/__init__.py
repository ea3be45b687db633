"""Every family of operators, in the order in which their mutants are listed."""

from __future__ import annotations

from mutator.model import Family
from mutator.operators import data, nginx

FAMILIES: tuple[Family, ...] = (nginx.FAMILY, data.FAMILY)
