"""Reads SETA's weights.json: how much each test counts."""

from __future__ import annotations

from pathlib import Path

from harness.task.documents import read_json
from harness.task.fields import as_number, show
from harness.task.files import Folder


def read_weights(folder: Folder, path: Path) -> dict[str, float]:
    """Test name -> weight; empty, with a problem, if the file is not usable."""
    data, fine = read_json(folder, path)
    if not fine:
        return {}
    if isinstance(data, dict) and len(data) == 1 and isinstance(next(iter(data.values())), dict):
        data = next(iter(data.values()))
    problems = folder.problems
    if not isinstance(data, dict) or not data:
        problems.error("bad-weights", f"{folder.name(path)} must map test names to numbers.", path)
        return {}
    weights = {}
    for name, value in data.items():
        number = None if isinstance(value, str) else as_number(value)
        if number is None or number < 0:
            problems.error("bad-weights", f"{folder.name(path)} gives {show(name)} the weight {show(value)}.", path)
            return {}
        weights[name] = number
    if sum(weights.values()) == 0:
        problems.error("bad-weights", f"{folder.name(path)} gives every test the weight 0.", path)
        return {}
    return weights
