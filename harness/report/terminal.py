"""What `foolsgold audit` prints at the end: the verdicts, the survivors that matter most, and what to do next."""

from __future__ import annotations

from typing import Any

from tabulate import tabulate

SURVIVORS = 10
SENTENCE = 110


def terminal(report: dict[str, Any]) -> str:
    parts = [verdicts(report), *survivors(report), *findings(report), *dataset_rows(report), *next_steps(report)]
    return "\n".join(part for part in parts if part)


def visible(text: str) -> str:
    """Control characters of a task's text are shown, not sent to the terminal."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text.replace("\n", " "))


def verdicts(report: dict[str, Any]) -> str:
    rows = []
    for task in report["tasks"]:
        strength = task["strength"]
        share = strength["share"] if strength else None
        outcomes = strength["by_outcome"] if strength else {}
        detected = outcomes.get("killed", 0) + outcomes.get("timeout", 0)
        rows.append(
            (
                visible(task["name"]),
                task["verdict"],
                f"{share['value']:.0%} ({share['low']:.0%}-{share['high']:.0%})" if share and share["counted"] else "-",
                f"{detected}/{share['counted']}" if share else "-",
                outcomes.get("survived", 0) if outcomes else "-",
                outcomes.get("error", 0) + outcomes.get("flaky", 0) if outcomes else "-",
                task["engine"]["fidelity"] or "-",
                visible(task["why"])[:SENTENCE],
            )
        )
    headers = ("task", "verdict", "strength", "caught", "paid", "unclear", "base", "why")
    return tabulate(rows, headers=headers, disable_numparse=True) + "\n"


def survivors(report: dict[str, Any]) -> list[str]:
    """The broken variants that were paid, those that break what is stated first, over all tasks."""
    found = []
    for task in report["tasks"]:
        by_id = {mutant["id"]: mutant for mutant in task["mutants"]}
        found += [(task["name"], by_id[ident]) for ident in task["survivors"]]
    if not found:
        return []
    found.sort(key=lambda item: -item[1]["relevance"])
    many = len(found)
    lines = [f"{many} broken variant{'s were' if many != 1 else ' was'} paid like the reference:"]
    for name, mutant in found[:SURVIVORS]:
        lines.append(f"\n  {mutant['id']}  {visible(name)}  {visible(mutant['file'])}:{mutant['line']}")
        lines.append(f"    {visible(mutant['sentence'])}")
        if mutant["requirement"]:
            lines.append(f"    although: {visible(mutant['requirement']['text'])[:200]}")
    if many > SURVIVORS:
        lines.append(
            f"\n  and {many - SURVIVORS} more: `foolsgold report {report['run']} --format markdown` has them all"
        )
    return [*lines, ""]


def findings(report: dict[str, Any]) -> list[str]:
    told = [
        (task["name"], finding)
        for task in report["tasks"]
        for finding in task["findings"]
        if finding["severity"] in ("error", "unmeasured", "warning")
    ]
    if not told:
        return []
    lines = ["Findings:"]
    for name, finding in told:
        where = f" ({finding['place']})" if finding["place"] else ""
        lines.append(f"\n  {finding['severity']}: {visible(name)}: {visible(finding['title'])}{visible(where)}")
        lines += [f"    {visible(line)[:240]}" for line in finding["evidence"][:4]]
        if finding["advice"]:
            lines.append(f"    -> {visible(finding['advice'])}")
    return [*lines, ""]


def dataset_rows(report: dict[str, Any]) -> list[str]:
    if len(report["tasks"]) < 2:
        return []
    rows = [
        (row["row"], len(row["tasks"]), f"{row['share']:.0%}", f"{row['low']:.0%}-{row['high']:.0%}")
        for row in report["summary"]["dataset"]
        if row["share"] is not None
    ]
    return [tabulate(rows, headers=("of these tasks", "tasks", "share", "95 %"), disable_numparse=True), ""]


def next_steps(report: dict[str, Any]) -> list[str]:
    run = report["run"]
    ids = [ident for task in report["tasks"] for ident in task["survivors"]]
    lines = [f"Report: {run}/report.json"]
    if ids:
        lines.append(f"See one: foolsgold show {run} {ids[0]}")
        lines.append(f"Run one anywhere: foolsgold repro {run} {ids[0]} -o repro-{ids[0]}")
    return lines
