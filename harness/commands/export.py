"""`foolsgold export`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.paths import AnyPath
from harness.errors import ExitCode, UsageError
from harness.untrusted import visible


@click.command
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=AnyPath())
@click.option("-o", "--output", type=AnyPath(), required=True, help="The folder to write the tables to.")
def export(runs: tuple[Path, ...], output: Path) -> int:
    """Write runs as parquet tables for research.

    tasks.parquet, mutants.parquet and trials.parquet have a row for each of them, over all RUNs; the column `audit`
    says of which. pandas, polars and DuckDB read them; docs/research.md describes every column. Needs pyarrow, the
    extra `parquet`.

    \b
    Examples:
      foolsgold export foolsgold-run -o tables
      foolsgold export runs/monday runs/tuesday -o tables
    """
    from harness.report.read import read_report
    from harness.report.tables import write_tables
    from harness.report.whole import whole

    names = _names(runs)
    with whole(*runs):
        counts = write_tables([(name, read_report(run)) for name, run in zip(names, runs, strict=True)], output)
    for table, rows in counts.items():
        click.echo(f"{visible(str(output / table))}.parquet: {rows:,} rows")
    return ExitCode.OK


def _names(runs: tuple[Path, ...]) -> list[str]:
    """The folders' own names, or their paths where these are the same."""
    names = [run.resolve().name for run in runs]
    if len(set(names)) < len(names):
        names = [str(run) for run in runs]
    if len(set(names)) < len(names):
        raise UsageError("A run is named twice.", hint="Name each once.")
    return names
