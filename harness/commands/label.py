"""`foolsgold label`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from harness.commands.paths import AnyPath
from harness.errors import ExitCode, UsageError
from harness.untrusted import visible


@click.command
@click.argument("paths", nargs=-1, required=True, type=AnyPath())
@click.option("--verify", is_flag=True, help="Say which labels no longer fit their tasks; PATHS are tasks.")
@click.option("--key", type=AnyPath(), default=None, help="Sign with this Ed25519 key; with --verify, whose to expect.")
@click.option("--jsonl", type=AnyPath(), default=None, help="Write all labels to this file, none beside the tasks.")
@click.option("--parquet", type=AnyPath(), default=None, help="The same as a table, a row for each task.")
@click.option("--card", type=AnyPath(), default=None, help="Write a section for the dataset's page, in Markdown.")
@click.option("--croissant", type=AnyPath(), default=None, help="Write Croissant metadata of the --jsonl.")
@click.option("--badge", type=AnyPath(), default=None, help="Write a badge, an SVG.")
def label(
    paths: tuple[Path, ...],
    verify: bool,
    key: Path | None,
    jsonl: Path | None,
    parquet: Path | None,
    card: Path | None,
    croissant: Path | None,
    badge: Path | None,
) -> int:
    """Write what an audit found beside each task, with digests of what it is about.

    PATHS is the run folder of a `foolsgold audit`; with --verify, tasks or folders of them, and a .jsonl of labels if
    they are not beside the tasks. docs/labels.md.

    \b
    Examples:
      foolsgold label foolsgold-run
      foolsgold label foolsgold-run --key key.pem --jsonl labels.jsonl --croissant croissant.json
      foolsgold label --verify tasks
    """
    if verify:
        if jsonl or parquet or card or croissant or badge:
            raise UsageError("--verify writes nothing.", hint="Leave out the files.")
        return _verify(paths, key)
    if len(paths) != 1:
        raise UsageError("Labels are made of one run.", hint="Give one run folder, or --verify and tasks.")
    if croissant is not None and jsonl is None:
        raise UsageError("--croissant describes the file of --jsonl.", hint="Give both.")
    report, labels, missing = _made(paths[0], key, beside=jsonl is None and parquet is None)
    _write_all(report, labels, jsonl=jsonl, parquet=parquet, card=card, croissant=croissant, badge=badge)
    for line in missing:
        click.echo(line, err=True)
    click.echo(f"{len(labels)} of {len(labels) + len(missing)} tasks are labelled.")
    return ExitCode.UNMEASURED if missing else ExitCode.OK


def _verify(paths: Sequence[Path], key: Path | None) -> int:
    from harness.report.label.files import fits
    from harness.report.label.signing import public_key

    found = list(fits(paths, public_key(key) if key is not None else None))
    if not found:
        raise UsageError("There are no tasks whose labels could fit.", hint="Name tasks, or a folder of them.")
    wrong = [each for each in found if each.problem]
    for each in wrong:
        click.echo(f"{visible(each.task)}: {each.problem}")
    click.echo(f"{len(found) - len(wrong)} of {len(found)} labels fit.")
    return ExitCode.BELOW_BAR if wrong else ExitCode.OK


def _made(run: Path, key: Path | None, *, beside: bool) -> tuple[dict[str, Any], list[dict[str, Any]], list[str]]:
    """The report, its labels, and a line for each task that gets none."""
    from harness.report.label.files import beside_file, labels_of, write_jsonl, written_beside
    from harness.report.label.signing import private_key, signed
    from harness.report.read import read_report

    report = read_report(run)
    signs = private_key(key) if key is not None else None
    labels: list[dict[str, Any]] = []
    missing: list[str] = []
    packed: dict[Path, list[dict[str, Any]]] = {}
    for path, made in labels_of(report):
        if isinstance(made, str):
            missing.append(f"{visible(path.name)} gets no label: {made}.")
            continue
        labels.append(signed(made, signs) if signs is not None else made)
        source = labels[-1].get("source")
        if source is not None:
            packed.setdefault(Path(source["file"]), []).append(labels[-1])
        elif beside:
            written_beside(path, labels[-1])
    for file, of_file in packed.items() if beside else ():
        write_jsonl(beside_file(file), of_file)
    return report, labels, missing


def _write_all(report: Mapping[str, Any], labels: Sequence[Mapping[str, Any]], **files: Path | None) -> None:
    import hashlib
    import json

    from harness.report.formats import write_whole
    from harness.report.label.card import badge, card
    from harness.report.label.croissant import croissant
    from harness.report.label.files import write_jsonl, write_parquet

    jsonl, parquet = files["jsonl"], files["parquet"]
    if jsonl is not None:
        write_jsonl(jsonl, labels)
    if parquet is not None:
        write_parquet(parquet, labels)
    if files["croissant"] is not None and jsonl is not None:
        digest = hashlib.sha256(jsonl.read_bytes()).hexdigest()
        about = croissant(f"{jsonl.stem}", jsonl.name, digest, len(labels), report["foolsgold"])
        write_whole([json.dumps(about, indent=2), "\n"], files["croissant"])
    if files["card"] is not None:
        write_whole([card(report, labels)], files["card"])
    if files["badge"] is not None:
        write_whole([badge(labels)], files["badge"])
