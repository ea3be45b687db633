"""Two small tasks that need no network, and what an audit of them showed, in ten lines."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.report.ranking import ranked
from harness.untrusted import visible, wrapped

FAULTY, MENDED = "prune-faulty", "prune-mended"
TASKS, RUN = "tasks", "run"
"""Where in the demo's folder the tasks and the run are."""


def unpack(folder: Path) -> Path:
    """Write the tasks into `folder`, for a user to read and to change; those of an earlier demo are replaced."""
    tasks = folder / TASKS
    ours = (tasks / FAULTY).is_dir()
    if folder.exists() and not ours and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already, and no demo's.", hint="Name another folder with -o.")
    try:
        with resources.as_file(resources.files(__name__) / TASKS) as source:
            for name in (FAULTY, MENDED):
                shutil.rmtree(tasks / name, ignore_errors=True)
                shutil.copytree(source / name, tasks / name, ignore=shutil.ignore_patterns("__pycache__"))
                # An archive that was unpacked by other means than pip may have lost them.
                for script in (tasks / name).rglob("*.sh"):
                    script.chmod(0o755)
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written: {error.strerror or error}.", hint="Name another folder with -o."
        ) from error
    return tasks


def explained(report: Mapping[str, Any], folder: Path, *, width: int = 80) -> str:
    """What the demo did and what it found. Every number comes from the run."""
    faulty, mended = (_task(report, name) for name in (FAULTY, MENDED))
    tasks = folder / TASKS
    kept = "not paid" if _unpaid(faulty) and _unpaid(mended) else "PAID"
    many = [len(task["mutants"]) for task in (faulty, mended)]
    diff = _command("diff", "-r", tasks / FAULTY / "tests", tasks / MENDED / "tests")
    page = f"     {visible(str(folder / RUN / 'report.html'))}"
    lines = [
        f"Two tasks ask for the same program and have the same solution; only their tests differ: {tasks}",
        f"Controls first: the solution was paid in {_runs(faulty)} and {_runs(mended)} runs, doing nothing was {kept}.",
        f"Then the solution was broken on purpose, in {many[0]} and {many[1]} ways, each with a sentence saying how.",
        "Each broken variant was solved and verified like any answer to the task, in a box of its own.",
        f"{FAULTY} paid {_paid(faulty)} of them like the solution itself. Its verdict: {faulty['verdict']}.",
        _example(report, faulty),
        f"{MENDED} paid {_paid(mended)} of them. Its verdict: {mended['verdict']}.",
        f"What made the difference is the tests that were added:\n{diff}",
        f"The report shows which requirement is tested by what, and every variant:\n{page}",
        "Your own tasks:\n     foolsgold init path/to/tasks\n     foolsgold audit path/to/tasks",
    ]
    shown = []
    for number, line in enumerate(lines, start=1):
        said, _, commands = line.partition("\n")
        shown += wrapped(f"{number:>2}. {said}", width, "", following="    ")
        shown += [commands] if commands else []
    return "\n".join(shown)


def _example(report: Mapping[str, Any], task: Mapping[str, Any]) -> str:
    worst = ranked(task)
    if not worst:
        return "There is no example of one that was paid."
    _, mutant = worst[0]
    requirement = mutant["requirement"]
    although = f' Yet the instruction says: "{requirement["text"].strip()}"' if requirement else ""
    return f"For example, this one was paid: {mutant['sentence']}.{although}"


def _command(*words: str | Path) -> str:
    return f"     {visible(shlex.join(map(str, words)))}"


def _task(report: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(task for task in report["tasks"] if task["name"] == name)
    return found


def _runs(task: Mapping[str, Any]) -> str:
    references = task["controls"]["reference"]
    paid = sum(run["shown"] == "paid" for run in references)
    return f"{paid} of {len(references)}"


def _unpaid(task: Mapping[str, Any]) -> bool:
    nop = task["controls"]["nop"]
    return nop is not None and nop["shown"] == "unpaid"


def _paid(task: Mapping[str, Any]) -> str:
    return f"{len(task['survivors'])} of {len(task['mutants'])}"
