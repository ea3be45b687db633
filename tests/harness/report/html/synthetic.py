"""Reports of any size, made up: as report.json has them, with as much to tell and as little alike as real ones."""

from __future__ import annotations

import difflib
import hashlib
import random
from collections import Counter
from typing import Any

from harness.judging.strength import wilson
from harness.report.dataset import dataset

OUTCOMES = (
    "killed", "idle", "timeout", "survived", "partial", "equivalent", "harmless", "invalid", "error", "flaky",
)  # fmt: skip
FAULTS = (
    "missing-flag", "swapped-mapping", "noop-guard", "dropped-step", "hollow-function", "config-loosened",
    "dropped-output", "corrupted-output", "wrong-target", "wrong-logic", "boundary", "arithmetic", "wrong-value",
)  # fmt: skip
THRESHOLDS = {
    "strong": 0.9, "adequate": 0.75, "least": 6, "few": 3, "telling": 6, "spread": 0.5, "errors": 0.25, "stated": 0.9,
    "sure": 0.95, "trivial": 3, "small": 12,
}  # fmt: skip
SYLLABLES = [a + b for a in "bcdfghklmnprstvz" for b in ("a", "e", "i", "o", "u", "ar", "en", "ist", "or", "um")]


class Author:
    """Writes words, sentences and code that do not repeat themselves much."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.known = [self.fresh() for _ in range(120)]

    def fresh(self) -> str:
        return "".join(self.random.choices(SYLLABLES, k=self.random.randint(1, 3)))

    def word(self) -> str:
        return self.random.choice(self.known) if self.random.random() < 0.8 else self.fresh()

    def sentence(self, words: int = 12) -> str:
        said = " ".join(self.word() for _ in range(words))
        return f"{said.capitalize()} `{self.word()}_{self.word()}` {self.random.randint(2, 9999)}."

    def line(self) -> str:
        word, number = self.word, self.random.randint(0, 999)
        return self.random.choice(
            (
                f"    {word()} = {word()}({word()}, {number})",
                f"    if {word()} < {number}: return {word()}[{word()!r}]",
                f"    {word()}.{word()}({word()!r}, {word()}={number})  # {word()} {word()}",
                f"    for {word()} in {word()}.{word()}(): {word()} += {number}",
            )
        )


def report(tasks: int, mutants: int, *, seed: int = 0, tests: int = 12) -> dict[str, Any]:
    """`mutants` for each task."""
    made = [task(number, mutants, tests, seed) for number in range(tasks)]
    outcomes = Counter(one["outcome"] for each in made for one in each["mutants"])
    verdicts = Counter(one["verdict"] for one in made)
    words = ("strong", "adequate", "weak", "unsound", "broken", "flaky", "unmeasured")
    return {
        "schema": "foolsgold.report/1",
        "foolsgold": "0.1.0",
        "python": "3.11.2",
        "run": "runs/made-up",
        "engine": "docker",
        "engine_version": "28.0.1",
        "seed": seed,
        "options": {"engine": "docker", "depth": "standard", "budget": mutants, "images": []},
        "thresholds": THRESHOLDS,
        "rules": {"time_floor": 10.0, "time_factor": 5.0, "sampled_kills": 10},
        "interrupted": False,
        "seconds": 3600.5,
        "summary": {
            "tasks": tasks,
            "verdicts": {word: verdicts[word] for word in words},
            "mutants": tasks * mutants,
            "outcomes": {word: outcomes[word] for word in OUTCOMES},
            "training": {"substantial": 0, "small": (tasks + 1) // 2, "trivial": tasks // 2, "unknown": 0},
            "dataset": dataset(made),
        },
        "tasks": made,
        "unfinished": [],
    }


def task(number: int, mutants: int, tests: int, seed: int) -> dict[str, Any]:
    author = Author(seed * 1_000_003 + number)
    chance = author.random
    name = f"{author.word()}-{author.fresh()}-{number:04d}"
    path = f"/data/tasks/{name}"
    weakness = chance.random() ** 2 * 0.8
    said = [author.sentence() for _ in range(14)]
    code = ["#!/usr/bin/env python3", *(line for _ in range(8) for line in _function(author))]
    names = [f"test_outputs.py::test_{author.fresh()}_{author.fresh()}" for _ in range(tests)]
    weights = [(name, chance.random() ** 2) for name in names]
    made = [_mutant(author, name, code, said, weights, weakness) for _ in range(mutants)]
    strength = _strength(made)
    share = strength["share"]["value"]
    verdict = "unmeasured" if share is None else "strong" if share >= 0.9 else "adequate" if share >= 0.75 else "weak"
    # A test fails for the untouched environment as it does for a hollow solution.
    failing = {name: author.sentence(6) for name in names}
    kills = {one["id"]: sorted(one["killed_by"]) for one in made if one["outcome"] == "killed"}
    alone = {killers[0] for killers in kills.values() if len(killers) == 1}
    noticed = {name for killers in kills.values() for name in killers}
    survived = [one for one in made if one["outcome"] == "survived"]
    return {
        "name": name,
        "path": path,
        "format": chance.choice(("harbor", "terminal-bench")),
        "runner": "harbor@0.26",
        "digest": hashlib.sha256(name.encode()).hexdigest(),
        "verdict": verdict,
        "why": f"{share or 0:.1%} of {strength['share']['counted']} broken variants were caught; 90 % is strong",
        "labels": chance.sample(["over-strict", "forgeable", "given-away"], number % 3),
        "thresholds": THRESHOLDS,
        "engine": {
            "fidelity": chance.choice(("image", "host")),
            "base": "python:3.12-slim",
            "image": hashlib.sha256(f"{name}-image".encode()).hexdigest(),
            "notes": [],
        },
        "steps": [_step(author, said, made, names)],
        "strength": strength,
        "until_sure": None,
        "measured": ["broken environment", "wrong reference", "weak reward", "untested requirement"],
        "findings": [_finding(author, name, path, one) for one in survived[:4]],
        "leads": [],
        "probes": [],
        "forging": {"tried": 31, "effective": 22, "paid": 3, "paid_by_default": 2, "not_measured": 4}
        if number % 2
        else None,
        "training": _training(number),
        "least": _least(said) if number % 2 else None,
        "watched": {"why_not": "the verifier does not use pytest", "reference": None, "untouched": None},
        "tests": names,
        "mutants": made,
        "survivors": [one["ref"] for one in survived],
        "files": [
            {
                "step": "",
                "file": "solve.py",
                "path": "solution/solve.py",
                "language": "python",
                "encoding": "utf-8",
                "bytes": len("\n".join(code)),
                "text": "\n".join(code) + "\n",
            }
        ],
        "not_run": [
            {"step": "", "generated": mutants + 31, "duplicates": 3, "invalid": 1, "beyond_budget": 27, "skipped": []}
        ],
        "matrix": {
            "tests": names,
            "kills": kills,
            "vacuous": [name for name in names if name not in noticed],
            "decorative": [name for name in names if name in noticed and name not in alone],
            "enough": [name for name in names if name in alone],
        },
        "controls": {
            "reference": [_control(author, failing, "reference", str(run + 1)) for run in range(3)],
            "nop": _control(author, failing, "nop"),
            "hollow": _control(author, failing, "hollow"),
            "reference_at_the_end": _control(author, failing, "reference", "last"),
        },
        "seconds": round(chance.uniform(10, 900), 3),
        "timings": {
            "trials": 9,
            "seconds": {
                "building": 1.25,
                "preparing": 2.0,
                "solving": 3.5,
                "verifying": 9.0,
                "rest": 0.5,
                "waiting": 0.0,
            },
        },
        "reuse": {
            "why_not": "",
            "statements": ["apt-get update"],
            "size": 4_000_000,
            "trials": 4,
            "plain": 1,
            "reasons": [],
            "disagreed": "",
            "seconds": {"saved": 30.0, "spent": 9.0},
            "beginning": {"statements": ["pip install flask"], "trials": 2, "why_not": "", "seconds": {"saved": 8.0}},
            "same_end": {"trials": 3, "why_not": "", "seconds": {"saved": 5.0}},
        },
        "internal_error": None,
    }


SIZE = {"lines": 60, "statements": 40, "steps": 3, "files": 1}
ENOUGH = {"lines": 6, "statements": 3, "steps": 1, "files": 1}


def _training(number: int) -> dict[str, Any]:
    value, because = ("trivial", ["few statements are enough"]) if number % 2 else ("small", [])
    return {
        "value": value,
        "why": "3 statements of 40 are enough",
        "because": because,
        "reference": SIZE,
        "enough": ENOUGH if number % 2 else None,
    }


def _least(said: list[str]) -> dict[str, Any]:
    def stated(index: int, first: int, **more: Any) -> dict[str, Any]:
        kept = {"lost": True, "visible": False, "words": [], "effect": None, "probe": None, "edits": []}
        work = [{"file": "solve.py", "lines": [[first, first + 2]]}]
        return {"index": index, "line": index + 3, "text": said[index], "work": work, **kept, **more}

    effect = {"input": "python3 /app/a.py --all", "expected": "3", "got": "0", "others": 0}
    return {
        "step": "",
        "why_not": None,
        "trials": 60,
        "complete": False,
        "needed": 2,
        "reference": SIZE,
        "enough": ENOUGH,
        "probe": "least/0123456789",
        "edits": [{"file": "solve.py", "start": 0, "end": 9, "new": ""}],
        "gone": [{"file": "solve.py", "lines": [[2, 9], [12, 12]]}],
        "left": [{"file": "solve.py", "text": "echo done\n"}],
        "requirements": [
            stated(0, 2, visible=True, effect=effect),
            stated(1, 5, visible=True, words=["--all"]),
            stated(2, 12),
            stated(3, 20, lost=False),
        ],
        "rewards": [{"share": 0.5, "lines": 4}],
        "others": [],
    }


def _function(author: Author) -> list[str]:
    head = f"def {author.fresh()}({author.word()}, {author.word()}):"
    return ["", "", head, *(author.line() for _ in range(author.random.randint(4, 10)))]


def _mutant(
    author: Author, task: str, code: list[str], said: list[str], tests: list[tuple[str, float]], weakness: float
) -> dict[str, Any]:
    chance = author.random
    places = [place for place, line in enumerate(code) if line.startswith("    ")]
    place = chance.choice(places)
    changed = f"{code[place].rstrip()} and {author.word()}" if chance.random() < 0.5 else author.line()
    after = [*code[:place], changed, *code[place + 1 :]]
    diff = "\n".join(difflib.unified_diff(code, after, "solve.py", "solve.py", lineterm="", n=2))
    ident = f"{chance.getrandbits(40):010x}"
    roll = chance.random()
    outcome = "survived" if roll < weakness else "timeout" if roll > 0.99 else "error" if roll > 0.98 else "killed"
    bias = chance.random()
    killers = [name for name, weight in tests if weight > bias] if outcome == "killed" else []
    if outcome == "killed" and not killers:
        killers = [chance.choice(tests)[0]]
    sentence = f"`{code[place].strip()}` becomes `{changed.strip()}`"
    index = chance.randrange(len(said))
    letters = "".join("F" if name in killers else "P" for name, _ in tests)
    runs = 3 if outcome == "survived" else 1
    return {
        "id": ident,
        "step": "",
        "operator": f"python.{author.known[0]}",
        "fault": chance.choice(FAULTS),
        "tier": chance.choice(("coarse", "medium", "fine")),
        "file": "solve.py",
        "line": place + 1,
        "source": "solve.py:script",
        "target": "/solution/solve.py",
        "scope": author.word(),
        "sentence": sentence,
        "edits": [{"start": place * 40, "end": place * 40 + 9, "new": "616e64"}],
        "diff": diff,
        "requirement": {"text": said[index], "line": index + 1, "file": "instruction.md"},
        "relevance": round(chance.uniform(1, 20), 3),
        "evidence": [author.word(), author.word()],
        "ref": ident,
        "path": "solution/solve.py",
        "location": {"line": place + 1, "column": 5, "end_line": place + 1, "end_column": 9},
        "outcome": outcome,
        "why": f"{killers[0]}: AssertionError: assert {author.word()!r} == {author.fresh()!r}" if killers else None,
        "gap": 1.0 if outcome == "killed" else 0.0,
        "killed_by": killers,
        "tests_not_run": [],
        "crashed": False,
        "cause": None,
        "log": None if killers else "\n".join(f"{name} PASSED" for name, _ in tests)[-1500:],
        "effect": None,
        "runs": [
            {
                "run": ("first", "confirmation", "repeat")[run],
                "shown": "unpaid" if killers else "paid",
                "rewards": {"reward": 0.0 if killers else 1.0},
                "problem": None,
                "tests": letters,
                "phases": [
                    {"name": phase, "step": "", "seconds": round(chance.random() * 9, 4), "status": 0, "limit": 600.0,
                     "oom": False}
                    for phase in ("start", "solve", "verify")
                ],
                "seconds": round(chance.uniform(0.3, 30), 4),
                "network": False,
            }
            for run in range(runs)
        ],
        "repro": f"foolsgold repro runs/made-up {ident} -o repro-{ident}",
    }  # fmt: skip


def _strength(mutants: list[dict[str, Any]]) -> dict[str, Any]:
    def share(ones: list[dict[str, Any]]) -> dict[str, Any]:
        counted = [one for one in ones if one["outcome"] in ("killed", "timeout", "survived")]
        detected = sum(one["outcome"] != "survived" for one in counted)
        low, high = wilson(detected, len(counted))
        value = round(detected / len(counted), 4) if counted else None
        return {
            "detected": float(detected),
            "counted": len(counted),
            "value": value,
            "low": round(low, 4),
            "high": round(high, 4),
        }

    outcomes = Counter(one["outcome"] for one in mutants)
    return {
        "share": share(mutants),
        "stated": share(mutants),
        "by_outcome": {word: outcomes[word] for word in OUTCOMES},
        "by_fault": {
            fault: share([one for one in mutants if one["fault"] == fault])
            for fault in sorted({one["fault"] for one in mutants})
        },
        "by_assertion": outcomes["killed"],
        "by_crash": 0,
        "unexplained": 0,
        "requirements": 0,
        "requirements_caught": 0,
        "mean_gap": 0.5,
    }


def _step(author: Author, said: list[str], mutants: list[dict[str, Any]], names: list[str]) -> dict[str, Any]:
    text = "\n".join(said) + "\n"
    requirements = []
    at = 0
    for index, sentence in enumerate(said):
        mine = [one for one in mutants if one["requirement"]["line"] == index + 1]
        paid = [one for one in mine if one["outcome"] == "survived"]
        state = (
            "not-probed" if not mine else "tested" if not paid else "in-part" if len(paid) < len(mine) else "untested"
        )
        requirements.append(
            {
                "index": index,
                "text": sentence,
                "heading": "",
                "line": index + 1,
                "start": at,
                "end": at + len(sentence),
                "state": state,
                "mutants": [one["id"] for one in mine],
                "also": [],
            }
        )
        at += len(sentence) + 1
    lines = ["import json"]
    functions = []
    for name in names:
        function = name.rpartition("::")[2]
        body = [
            f"def {function}():",
            *(author.line() for _ in range(4)),
            f"    assert {author.word()} == {author.word()!r}",
        ]
        first = len(lines) + 3
        lines += ["", "", *body]
        functions.append(
            {
                "name": function,
                "line": first,
                "end_line": first + len(body) - 1,
                "asserts": [{"line": first + len(body) - 1, "end_line": first + len(body) - 1}],
            }
        )
    return {
        "name": "",
        "instruction": {"path": "instruction.md", "text": text},
        "requirements": requirements,
        "tests": [{"path": "tests/test_outputs.py", "text": "\n".join(lines) + "\n", "functions": functions}],
    }


def _finding(author: Author, task: str, path: str, mutant: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": author.random.choice(("stated-requirement-untested", "stated-requirement-undertested")),
        "task": task,
        "severity": "warning",
        "title": f"Stated requirement never tested: {mutant['requirement']['text']}",
        "evidence": [f"paid in full: {mutant['sentence']} (solve.py:{mutant['line']}, mutant {mutant['id']})"],
        "place": {"file": "instruction.md", "line": mutant["requirement"]["line"]},
        "advice": "Add a test that fails for each of these variants.",
        "command": f"foolsgold audit {path}",
        "fingerprint": mutant["id"] + "000000",
    }


def _control(author: Author, failing: dict[str, str], kind: str, label: str = "") -> dict[str, Any]:
    paid = kind == "reference"
    seconds = [round(author.random.uniform(0.05, 4), 4) for _ in range(3)]
    log = "\n".join(f"{name} PASSED" if paid else f"{name} FAILED\nE   {said}" for name, said in failing.items())
    tests = [
        {"name": name, "status": "passed" if paid else "failed", "message": "" if paid else said,
         "seconds": round(author.random.uniform(0, 1), 3)}
        for name, said in failing.items()
    ]  # fmt: skip
    return {
        "shown": "paid" if paid else "unpaid",
        "why": None if paid else next(iter(failing.values())),
        "cause": None,
        "evidence": "nothing",
        "task": "",
        "kind": kind,
        "label": label,
        "engine": "docker",
        "fidelity": "image",
        "network": False,
        "rewards": {"reward": float(paid)},
        "problem": None,
        "trouble": None,
        "phases": [
            {"name": name, "step": "", "seconds": took, "status": 0, "limit": 600.0, "oom": False,
             "log": log if name == "verify" else ""}
            for name, took in zip(("start", "solve", "verify"), seconds, strict=True)
        ],
        "steps": [
            {
                "name": "",
                "rewards": {"reward": float(paid)},
                "problem": None,
                "report": {"source": "ctrf", "tests": tests, "tally": None, "collection_errors": []},
                "proof": {"evidence": "nothing", "line": ""},
                "solve_proof": {"evidence": "nothing", "line": ""},
                "signs": [],
                "stopped": "",
                "notes": [],
            }
        ],
        "seconds": round(sum(seconds), 4),
    }  # fmt: skip
