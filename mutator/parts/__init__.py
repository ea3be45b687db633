"""A solution cut into parts that can be left out: files, steps, functions and statements, one within another. Pure.

`cut_solution(files, sources)` finds the parts; `Cut.without(...)` writes the solution without some of them.
"""

from mutator.parts.cut import cut_solution
from mutator.parts.model import Cut, Part, PartKind

__all__ = ["Cut", "Part", "PartKind", "cut_solution"]
