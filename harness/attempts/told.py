"""What `foolsgold attempts` and `foolsgold regrade` say at the end: what to look at first. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tabulate import tabulate

from harness.attempts.difficulty import told_difficulty
from harness.attempts.running import Fate
from harness.judging.strength import percent
from harness.untrusted import clip, visible, wrapped

WIDTH = 100
MOST_NAMED = 20


def told(made: Mapping[str, Any], folder: Path | None) -> str:
    lines = [
        *_lists(made),
        *_told_apart(made),
        *_other_tests(made),
        "",
        *_table(made),
        *_numbers(made),
        *_rest(made, folder),
    ]
    return "\n".join(lines).strip("\n")


_LISTS = {
    "paid-but-different": "Paid, but different in a stated thing",
    "refused-but-the-same": "Refused, but the same in all that is stated",
}


def _lists(made: Mapping[str, Any]) -> Iterator[str]:
    empty = True
    for name, title in _LISTS.items():
        found = [(task, each) for task in made["tasks"] for each in task["attempts"] if each["named"] == name]
        if not found:
            continue
        empty = False
        yield f"{title}: {len(found)}"
        for task, each in found[:MOST_NAMED]:
            yield from _one(task, each)
        if len(found) > MOST_NAMED:
            yield f"  and {len(found) - MOST_NAMED} more, in the document"
        yield ""
    if empty:
        yield "Nothing that was paid is seen to differ in a stated thing, and nothing that was refused to be the same."


def _one(task: Mapping[str, Any], each: Mapping[str, Any]) -> Iterator[str]:
    about = [part for part in (f"labelled {each['label']}" if each["label"] else "", each["source"] or "") if part]
    if each["double_of"]:
        about.append(f"the same as {each['double_of']}")
    yield f"  {visible(task['name'])}/{visible(each['id'])}" + (f" ({visible(', '.join(about))})" if about else "")
    if each["named"] == "refused-but-the-same":
        yield from wrapped(f"refused: {each['why'] or ', '.join(each['failing'][:3])}", WIDTH, "    ")
        return
    if not each["missed"]:
        effect = each["effect"]
        if effect is None:
            yield "    in what it differs was not seen; that it is wrong is the label's word"
        else:
            yield from _difference(effect)
    for one in each["missed"][:2]:
        if one["requirement"]:
            of = f" of step {visible(one['step'])}" if one["step"] else ""
            place = f" (instruction{of}, line {one['line']})" if one["line"] else ""
            yield from wrapped(f'"{clip(one["requirement"], 200)}"{place}', WIDTH, "    ")
        yield from _difference(one)
    if len(each["missed"]) > 2:
        yield f"    and {len(each['missed']) - 2} more"


def _difference(one: Mapping[str, Any]) -> Iterator[str]:
    yield from wrapped(clip(one["input"], 200), WIDTH, "    ", following="      ")
    yield from wrapped(f"reference: {clip(one['expected'], 200)}", WIDTH, "      ")
    yield from wrapped(f"this: {clip(one['got'], 200)}", WIDTH, "      ")


def _told_apart(made: Mapping[str, Any]) -> Iterator[str]:
    """What nothing is judged by."""
    found = [
        (task, each)
        for fate in (Fate.ASTRAY, Fate.UNREADABLE, Fate.UNMEASURED, Fate.FLAKY)
        for task in made["tasks"]
        for each in task["attempts"]
        if each["fate"] == fate and not task["why_not"]
    ]
    for task in made["tasks"]:
        if task["why_not"]:
            yield from wrapped(f"Not run: {task['name']}: {task['why_not']}", WIDTH, "", following="  ")
    if found:
        yield f"Not judged: {len(found)}"
    for task, each in found[:MOST_NAMED]:
        yield from wrapped(
            f"{task['name']}/{each['id']}: {each['fate']}: {each['why'] or ''}", WIDTH, "  ", following="    "
        )
    if len(found) > MOST_NAMED:
        yield f"  and {len(found) - MOST_NAMED} more, in the document"


def _other_tests(made: Mapping[str, Any]) -> Iterator[str]:
    """Attempts that were paid as they were when they were recorded, and some of whose tests came to something else."""
    found = [(task, each) for task in made["tasks"] for each in task["attempts"] if each["other_tests"]]
    if found:
        yield f"Paid as when it was recorded, but not for the same tests: {len(found)}"
    for task, each in found[:MOST_NAMED]:
        said = [
            f"{one['test']}: {one['then'] or 'not reported'} then, {one['now'] or 'not reported'} now"
            for one in each["other_tests"][:3]
        ]
        more = len(each["other_tests"]) - len(said)
        text = f"{task['name']}/{each['id']}: {'; '.join(said)}{f'; and {more} more' if more else ''}"
        yield from wrapped(text, WIDTH, "  ", following="    ")
    if len(found) > MOST_NAMED:
        yield f"  and {len(found) - MOST_NAMED} more, in the document"


def _table(made: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (
            visible(clip(task["name"], 40)),
            len(task["attempts"]),
            _count(task, Fate.PAID),
            _count(task, Fate.REFUSED) + _count(task, Fate.PARTLY),
            len(task["attempts"]) - task["judged"],
            len(task["paid_but_different"]),
            len(task["refused_but_the_same"]),
        )
        for task in sorted(made["tasks"], key=_worst_first)
    ]
    headers = ("task", "attempts", "paid", "refused", "not judged", "paid wrongly", "refused wrongly")
    yield from tabulate(rows, headers, tablefmt="simple", disable_numparse=True).splitlines()
    yield ""


def _worst_first(task: Mapping[str, Any]) -> tuple[int, str]:
    return -len(task["paid_but_different"]) - len(task["refused_but_the_same"]), task["name"]


def _count(task: Mapping[str, Any], fate: Fate) -> int:
    return sum(each["fate"] == fate for each in task["attempts"])


def _numbers(made: Mapping[str, Any]) -> Iterator[str]:
    found = made["summary"]
    right, wrong = found["true_positives"], found["false_positives"]
    if right is not None:
        yield f"Labelled right: {_share(right)} were paid (true positives)."
    if wrong is not None:
        yield f"Labelled wrong: {_share(wrong)} were paid (false positives)."
    for title, bounds in (("paid", found["paid_wrongly"]), ("refused", found["refused_wrongly"])):
        if bounds is not None:
            word = "wrong" if title == "paid" else "right"
            few, many = bounds["least"], bounds["most"]
            how = f"{few}" if few == many else f"between {few} and {many}"
            yield f"Of {bounds['of']} that were {title}, {how} {'is' if how == '1' else 'are'} {word}."
    yield f"Solved: {_share(found['solved'])}."
    if len(found["by_source"]) > 1:
        for source, solved in found["by_source"].items():
            yield f"  {visible(source)}: {_share(solved)}"
    if len(made["tasks"]) > 1 or any(task["least"] is not None for task in made["tasks"]):
        yield from ("", *told_difficulty(made["tasks"]), "")
    for title, key in (("every attempt", "solved_by_all"), ("no attempt", "solved_by_none")):
        if found[key]:
            names = visible(", ".join(found[key][:8])) + (", ..." if len(found[key]) > 8 else "")
            yield from wrapped(f"Solved by {title}: {names}", WIDTH, "", following="  ")


def _share(one: Mapping[str, Any]) -> str:
    if not one["of"]:
        return "none was judged"
    interval = f"{percent(one['low'])} to {percent(one['high'])}"
    return f"{one['number']} of {one['of']} ({percent(one['share'])}; 95 % interval {interval})"


def _rest(made: Mapping[str, Any], folder: Path | None) -> Iterator[str]:
    summary = made["summary"]
    if summary["for_other_tasks"]:
        yield f"{summary['for_other_tasks']} solutions are for other tasks, and were left out."
    if made["unfinished"]:
        yield f"Interrupted: {len(made['unfinished'])} tasks were not finished."
    if folder is not None:
        yield ""
        yield f"Everything: {visible(str(folder))}"


def told_regrade(made: Mapping[str, Any]) -> str:
    lines: list[str] = []
    if made["changed"]:
        rows = [
            (
                visible(clip(f"{row['task']}/{row['id']}", 60)),
                row["label"] or "",
                _grade(row["before"]),
                _grade(row["after"]),
                visible(clip(", ".join(row["after"]["failing"][:2]), 50)),
            )
            for row in made["changed"]
        ]
        headers = ("attempt", "label", "before", "now", "fails now")
        lines += [*tabulate(rows, headers, tablefmt="simple", disable_numparse=True).splitlines(), ""]
    lines.append(
        f"{made['regraded']} attempts under the new tests: {made['not_paid_any_more']} are not paid any more, "
        f"{made['paid_now']} are paid now, {len(made['changed'])} changed in all."
    )
    for title, key in (("right", "true_positives"), ("wrong", "false_positives")):
        if made["before"][key] is not None and made["after"][key] is not None:
            before, after = (_share(made[when][key]) for when in ("before", "after"))
            lines.append(f"Labelled {title}, paid before: {before}; now: {after}.")
    for name, why in made["not_run"].items():
        lines += wrapped(f"Not run: {name}: {why}", WIDTH, "", following="  ")
    if made["without_new_tests"]:
        names = ", ".join(made["without_new_tests"])
        lines += wrapped(f"Without new tests, and left as they were: {names}", WIDTH, "", following="  ")
    return "\n".join(lines)


def _grade(one: Mapping[str, Any]) -> str:
    rewards = one["rewards"]
    if rewards is None:
        return str(one["fate"])
    said = ", ".join(f"{value:g}" if key == "reward" else f"{key} {value:g}" for key, value in rewards.items())
    return f"{one['fate']} ({visible(clip(said, 30))})"
