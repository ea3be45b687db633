"""`foolsgold demo`: an audit that needs nothing but foolsgold."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.audit import audit_into
from harness.demo import RUN, explained, unpack
from harness.engine.choose import make_engine
from harness.engine.contract import EngineOptions
from harness.errors import EngineUnavailable, ExitCode
from harness.report.terminal import terminal
from harness.settings.file import InForce, Level, Value
from harness.task.discover import discover


@click.command(short_help="See it work on two small tasks of its own.")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("foolsgold-demo"),
    show_default=True,
    help="The folder for the tasks and the run.",
)
@click.option("--no-progress", is_flag=True, help="Show no progress on stderr.")
def demo(folder: Path, no_progress: bool) -> int:
    """Audit two small tasks that come with foolsgold, and explain what happened.

    They ask for the same program; the tests of one leave out half of what the instruction says. Takes less than a
    minute on the embedded engine, needs no network, and leaves the tasks and the report for you to look at.

    \b
    Examples:
      foolsgold demo
      foolsgold demo -o /tmp/demo
    """
    tasks = unpack(folder)
    click.echo(f"Auditing the two tasks in {tasks}.", err=True)
    wanted = {"engine": _engine(), "depth": "quick", "repeat": 2}
    told = InForce(flags={(name,): Value(value, Level.FLAG) for name, value in wanted.items()})
    report, _ = audit_into(folder / RUN, discover([tasks]), told, fresh=True, shows=not no_progress)
    if report["unfinished"]:
        click.echo("Interrupted. `foolsgold demo` starts anew.", err=True)
        return ExitCode.INTERRUPTED
    if not all(task["strength"] for task in report["tasks"]):
        # Something about this machine: the report says what, and nothing is explained that did not happen.
        click.echo(terminal(report))
        return ExitCode.UNMEASURED
    click.echo(explained(report, folder))
    return ExitCode.OK


def _engine() -> str:
    """The embedded one, which needs no image; where it cannot be used, whatever can."""
    try:
        with make_engine("bwrap", EngineOptions()):
            return "bwrap"
    except EngineUnavailable:
        return "auto"
