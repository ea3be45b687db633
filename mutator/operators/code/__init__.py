"""Compiled and scripting languages through tree-sitter, one grammar wheel each, and SQL through its tokens."""

from __future__ import annotations

from mutator.operators.code.operators import FAMILY

__all__ = ["FAMILY"]
