"""`foolsgold demo`: an audit that needs only foolsgold."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from harness.commands.paths import AnyPath
from harness.errors import EngineUnavailable, ExitCode


@click.command
@click.option(
    "-o",
    "--output",
    "folder",
    type=AnyPath(),
    default=Path("foolsgold-demo"),
    show_default=True,
    help="The folder for the tasks and the run.",
)
@click.option("--no-progress", is_flag=True, help="Show no progress on stderr.")
def demo(folder: Path, no_progress: bool) -> int:
    """Audit two small tasks that come with foolsgold, and explain what happened.

    Both ask for the same program, but the tests of one check only half of the instruction. Takes less than a minute on
    the embedded engine, needs no network, and leaves the tasks and the report for you to read.

    \b
    Examples:
      foolsgold demo
      foolsgold demo -o /tmp/demo
    """
    from harness.commands.progress import progress
    from harness.demo import RUN, explained, unpack
    from harness.report.terminal import terminal
    from harness.runs import audit_tasks
    from harness.settings.in_force import InForce, Level, Value
    from harness.task.discover import discover

    tasks = unpack(folder)
    click.echo(f"Auditing the two tasks in {tasks}.", err=True)
    wanted = {"engine": _engine(), "depth": "quick", "repeat": 2}
    in_force = InForce(flags={(name,): Value(value, Level.FLAG) for name, value in wanted.items()})
    found = discover([tasks])
    with closing(progress("auditing", len(found), show=not no_progress)) as watcher:
        report = audit_tasks(folder / RUN, found, in_force, fresh=True, watcher=watcher)
    if report["unfinished"]:
        click.echo("Interrupted. `foolsgold demo` starts again.", err=True)
        return ExitCode.INTERRUPTED
    if not all(task["strength"] for task in report["tasks"]):
        # This machine is the reason. The report says more, and there is nothing to explain.
        click.echo(terminal(report))
        return ExitCode.UNMEASURED
    click.echo(explained(report, folder))
    return ExitCode.OK


def _engine() -> str:
    """The embedded engine, which needs no image; if it cannot be used, any that can."""
    from harness.engine.choose import make_engine
    from harness.engine.contract import EngineOptions

    try:
        with make_engine("bwrap", EngineOptions()):
            return "bwrap"
    except EngineUnavailable:
        return "auto"
