"""What every report for people says in the same words: counts that add up, places, how far a task is. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.judging.strength import percent
from harness.report.by_source import KEYS
from harness.untrusted import visible

WEAKEST_FIRST = ("unsound", "weak", "broken", "flaky", "unmeasured", "adequate", "strong")
"""Verdicts, what somebody has to look at first."""


def weakness(task: Mapping[str, Any]) -> tuple[int, float]:
    """What tasks are sorted by, the weakest first: by verdict, then by what was caught."""
    share = (task["strength"] or {}).get("share") or {}
    return WEAKEST_FIRST.index(task["verdict"]), share["value"] if share.get("counted") else 1.0


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of a task's broken variants. The eight make up all that were tried."""

    caught: int
    """While something of the task still worked, or hanging."""
    idle: int
    """Caught as if nothing were done."""
    paid: int
    in_part: int
    equivalent: int
    harmless: int
    """Other than the solution in nothing that matters."""
    invalid: int
    unclear: int

    @property
    def left_out(self) -> int:
        return self.equivalent + self.harmless + self.invalid + self.unclear

    @property
    def tried(self) -> int:
        return self.caught + self.idle + self.paid + self.in_part + self.left_out


def counts(outcomes: Mapping[str, int]) -> Counts:
    """`outcomes` are a strength's or a summary's numbers by outcome."""
    return Counts(
        outcomes["killed"] + outcomes["timeout"],
        outcomes["idle"],
        outcomes["survived"],
        outcomes["partial"],
        outcomes["equivalent"],
        outcomes["harmless"],
        outcomes["invalid"],
        outcomes["error"] + outcomes["flaky"],
    )


def added_up(found: Counts) -> str:
    """Every variant that was tried, in a sentence whose numbers add up."""
    parts = [f"{found.caught} caught"]
    parts += [f"{found.idle} caught as if nothing were done"] if found.idle else []
    parts += [f"{found.paid} paid in full"]
    parts += [f"{found.in_part} paid in part (counted by what they lost)"] if found.in_part else []
    parts += [f"{found.equivalent} equivalent to the solution"] if found.equivalent else []
    parts += [f"{found.harmless} with no difference that matters"] if found.harmless else []
    parts += [f"{found.invalid} invalid"] if found.invalid else []
    parts += [f"{found.unclear} unclear"] if found.unclear else []
    return f"{found.tried} broken variant{'' if found.tried == 1 else 's'} tried: {', '.join(parts)}"


def effect_lines(mutant: Mapping[str, Any]) -> list[str]:
    """What a survivor does otherwise than the solution; nothing where nobody looked."""
    effect = mutant["effect"]
    if effect is None:
        return []
    if not effect["measured"]:
        return ["no effect could be measured: nothing that the tests run, ask, call or leave differs"]
    others = effect["others"]
    more = f" (and {others} more difference{'' if others == 1 else 's'})" if others else ""
    return [
        f"effect of:  {visible(effect['input'])}{more}",
        f"  expected: {visible(effect['expected'])}",
        f"  got:      {visible(effect['got'])}",
    ]


def share_of(strength: Mapping[str, Any] | None) -> str:
    share = (strength or {}).get("share")
    return percent(share["value"]) if share and share["counted"] else "-"


def interval(share: Mapping[str, Any]) -> str:
    return f"{share['low']:.0%} to {share['high']:.0%}".replace("%", " %")


def place(finding: Mapping[str, Any]) -> str:
    where = finding["place"]
    if not where:
        return ""
    return f"{visible(where['file'])}:{where['line']}" if where["line"] else visible(where["file"])


def how_far(task: Mapping[str, Any]) -> str:
    progress = task["progress"]
    if progress is None or not progress["trials"]:
        return "not begun"
    if not progress["mutants"]:
        return f"{progress['trials']} trial{'' if progress['trials'] == 1 else 's'} of its controls"
    return f"{progress['tried']} of {progress['mutants']} broken variants tried, {progress['paid']} of them paid so far"


def training_words(task: Mapping[str, Any]) -> str:
    """How much work the task asks for; '' where nobody knows anything of that."""
    found = task["training"]
    return f"training value {found['value']}: {found['why']}" if found is not None else ""


def least_words(task: Mapping[str, Any]) -> str:
    """How much of the reference is enough; '' where nobody looked."""
    found = task["least"]
    if found is None:
        return ""
    if found["why_not"]:
        return f"how little is enough was not measured: {found['why_not']}"
    enough, whole = found["enough"], found["reference"]
    said = f"{enough['lines']} of {whole['lines']} lines are enough"
    said += f" ({enough['statements']} of {whole['statements']} statements, {enough['steps']} of {whole['steps']} steps"
    said += f", {enough['files']} of {whole['files']} files)" if whole["files"] > 1 else ")"
    lost = sum(one["lost"] for one in found["requirements"])
    said += f"; {lost} stated requirement{' is' if lost == 1 else 's are'} gone" if lost else ""
    others = [f"{one['enough']['lines']} others ({one['probe']})" for one in found.get("others", ())]
    said += f"; so are {' and '.join(others)}, without something that these need" if others else ""
    return said if found["complete"] else f"{said}; the trials ended before every part was tried"


def trained(summary: Mapping[str, Any]) -> str:
    """The tasks by training value; '' where it is known of none."""
    words = [f"{count} {word}" for word, count in summary["training"].items() if count]
    known = any(count for word, count in summary["training"].items() if word != "unknown")
    return f"Training value: {', '.join(words)}." if known else ""


DATASET = ("of these tasks", "tasks", "share", "95 %", "not measured")


def how_chosen(selection: Mapping[str, Any]) -> str:
    """What of a dataset was run, in a sentence or two."""
    parts = []
    total = selection["found"]
    if selection["changed_since"] is not None:
        changed = selection["changed"]
        parts.append(f"{changed:,} of {many(total)} changed since {selection['changed_since']}.")
        total = changed
    if (sample := selection["sample"]) is not None:
        strata = sample["strata"]
        taken = sum(one["sampled"] for one in strata)
        among = f", from each `{sample['by']}` ({len(strata):,}) by its size" if sample["by"] else ""
        parts.append(
            f"{taken:,} of {many(total)} were drawn at random with seed {sample['seed']}{among}; shares of tasks are "
            f"estimates for all {total:,}."
        )
    if selection["shard"] is not None:
        parts.append(f"This is shard {selection['shard']} of them.")
    return " ".join(parts)


def many(tasks: int) -> str:
    return f"{tasks:,} task{'' if tasks == 1 else 's'}"


def chosen(report: Mapping[str, Any]) -> str:
    """How a run's tasks were chosen, and which of them are others again; '' where it is simply all of them."""
    said = [report["selection"]["sentence"]] if report.get("selection") else []
    if copies := report.get("copies"):
        exact = sum(one["how"] == "exact" for one in copies)
        near = len(copies) - exact
        words = [f"{exact:,} with the same files as another"] if exact else []
        words += [f"{near:,} with nearly the same instruction and tests"] if near else []
        said.append(f"Not audited again, and counted with their like: {' and '.join(words)}.")
    return " ".join(said)


def strata_rows(report: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The dataset table for each stratum of a sample that has several."""
    return [
        (
            row["row"],
            one["name"],
            f"{one['found']} of {one['measured']}",
            f"{one['tasks']:,}",
            percent(one["share"]) if one["share"] is not None else "not measured",
            interval(one) if one["share"] is not None else "",
        )
        for row in report["summary"]["dataset"]
        for one in (row.get("by") or ())
        if len(row["by"]) > 1
    ]


STRATA = ("of these tasks", "stratum", "sampled", "tasks", "share", "95 %")


def source_rows(report: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Of each source that pays although tests did not pass, or did not end, how many trials that were; [] where there
    is none."""
    return [
        (
            row["source"],
            f"{len(row['tasks'])} of {row['measured']}",
            percent(row["share"]),
            interval(row),
            *(f"{row['paid_trials'].get(key, 0):,}" for key in ("all", *KEYS)),  # older reports count fewer ways
        )
        for row in report["summary"].get("by_source", ())
        if row["tasks"]
    ]


SOURCES = (
    "paid though tests did not pass", "tasks", "share", "95 %", "paid trials", "failed", "skipped", "none ran",
    "early exit", "paid first",
)  # fmt: skip


def dataset_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """A share of tasks that nobody measured is not 0."""
    unknown = str(len(row["not_measured"]))
    if row["share"] is None:
        return row["row"], "-", "not measured", "", unknown
    return row["row"], str(len(row["tasks"])), percent(row["share"]), interval(row), unknown


def forging_words(found: Mapping[str, int]) -> str:
    paid, default = found["paid"], found["paid_by_default"]
    by_default = f" ({'all' if default == paid else default} by what the format leaves open)" if default else ""
    return (
        f"{found['tried']} attacks on the reward tried, {found['effective']} took effect, {paid} "
        f"paid{by_default}, {found['not_measured']} not measured"
    )


def gone(report: Mapping[str, Any]) -> str:
    """How much of an interrupted run is missing, and how far that is."""
    begun = [task["progress"] for task in report["unfinished"] if task["progress"]]
    tried, paid = (sum(one[key] for one in begun) for key in ("tried", "paid"))
    far = f", {tried} of their broken variants tried and {paid} of them paid so far" if tried else ""
    return f"Interrupted: {len(report['unfinished'])} of {report['summary']['tasks']} tasks unfinished{far}."


def without_work(task: Mapping[str, Any]) -> list[str]:
    """What came of handing in nothing but what the reference left, and of what the instruction claims."""
    probes = [one for one in task["probes"] if one["probe"] == "replay"]
    unmade = [one["why"] for one in probes if one["id"] == "recorded" and not one["made"]]
    told = [f"no replay was made: {why}" for why in unmade]
    tried = [one for one in probes if one["outcome"] not in ("error", "flaky", "invalid")]
    if tried:
        paid = [one["id"] for one in tried if one["outcome"] == "survived"]
        others = [one for one in paid if one != "recorded"][:6]
        again = ["what the reference left, written again (recorded)"] if "recorded" in paid else []
        named = f": {', and '.join([*again, *([', '.join(others)] if others else [])])}" if paid else ""
        told.append(f"{len(tried)} solutions without work were handed in, {len(paid)} paid in full{named}")
    if task.get("claims"):
        states = [one["state"] for one in task["claims"]]
        counts = ", ".join(f"{states.count(state)} {word}" for state, word in _STATES)
        told.append(f"{len(states)} claims of the instruction: {counts}")
    return told


_STATES = (("holds", "hold"), ("broken", "broken"), ("not-tried", "not tried"))
