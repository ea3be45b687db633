"""report.html in a real browser, opened from disk. The fixture holds that nothing is complained of or fetched."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import expect

from harness.report.addresses import addressed
from harness.report.first import standing, what_first
from harness.report.words import weakness
from tests.harness.report.conftest import Report as ReportOf
from tests.harness.report.html.conftest import Open, Opened
from tests.harness.report.html.synthetic import report
from tests.harness.report.test_any_text import NASTY, poisoned

pytestmark = pytest.mark.browser

SCREENSHOTS = os.environ.get("FOOLSGOLD_SCREENSHOTS", "")
"""A folder for pictures of both pages in both colours at both widths, for a person to look at."""
ROWS = "#list tbody tr"
NAMES = "#list tbody th a"
Task = dict[str, Any]


@pytest.fixture(scope="module")
def many() -> dict[str, Any]:
    return report(130, 12)


def paid(task: Task) -> set[str]:
    return {one["fault"] for one in task["mutants"] if one["outcome"] in ("survived", "partial")}


def count(opened: Opened) -> int:
    found = re.match(r"([\d,]+)", opened.page.locator("#counted").inner_text())
    assert found is not None
    return int(found[1].replace(",", ""))


def open_all(opened: Opened) -> None:
    """Also what is made only when something around it is opened."""
    for _ in range(3):
        opened.page.evaluate("document.querySelectorAll('details').forEach((element) => { element.open = true; })")
        opened.until("[...document.querySelectorAll('details[open]')].every((one) => one.childElementCount > 1)")


def first_paid(found: dict[str, Any]) -> tuple[Task, Task]:
    return next(
        (task, one) for task in found["tasks"] for one in task["mutants"] if one["outcome"] == "survived"
    )  # fmt: skip


# --- the dataset page


def test_the_overview_counts_what_the_report_counts_and_lists_the_weakest_first(
    opened: Open, many: dict[str, Any]
) -> None:
    page = opened(many)
    for word, number in many["summary"]["verdicts"].items():
        if number:
            assert page.texts(f'[data-filter="verdict"][data-value="{word}"] .count') == [str(number)]
    [task] = [task for task in many["tasks"] if task["name"] == page.texts(NAMES)[0]]
    assert weakness(task) == min(weakness(each) for each in many["tasks"])
    for row in many["summary"]["dataset"]:
        cells = page.page.locator(".panel tr", has_text=row["meaning"]).locator("td").all_inner_texts()
        assert cells[0] == f"{len(row['tasks'])} of {row['measured']}"


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("verdict", lambda task: task["verdict"], lambda task, value: task["verdict"] == value),
        (
            "finding",
            lambda task: task["findings"][0]["id"],
            lambda task, value: value in {finding["id"] for finding in task["findings"]},
        ),
        ("fault", lambda task: min(paid(task)), lambda task, value: value in paid(task)),
        ("format", lambda task: task["format"], lambda task, value: task["format"] == value),
        (
            "engine",
            lambda task: f"docker, {task['engine']['fidelity']}",
            lambda task, value: f"docker, {task['engine']['fidelity']}" == value,
        ),
    ],
)
def test_a_filter_lists_exactly_the_tasks_that_are_like_that(
    opened: Open,
    many: dict[str, Any],
    name: str,
    value: Callable[[Task], str],
    wanted: Callable[[Task, str], bool],
) -> None:
    task, _ = first_paid(many)
    page = opened(many)
    page.page.locator(f'#filters [name="{name}"]').select_option(value(task))
    expected = {one["name"] for one in many["tasks"] if wanted(one, value(task))}
    assert 0 < len(expected) < len(many["tasks"])
    assert count(page) == len(expected)
    assert set(page.texts(NAMES)) <= expected


def test_text_is_looked_for_in_names_and_in_what_is_said_of_a_task(opened: Open, many: dict[str, Any]) -> None:
    task, mutant = first_paid(many)
    page = opened(many)
    page.page.locator("#f-text").fill(task["name"].upper())
    assert page.texts(NAMES) == [task["name"]]
    page.page.locator("#f-text").fill(mutant["sentence"])
    assert task["name"] in page.texts(NAMES)
    page.page.locator("#f-text").fill("no such words anywhere")
    expect(page.page.locator("#list .empty")).to_be_visible()
    page.page.get_by_role("button", name="Clear", exact=True).click()
    assert count(page) == len(many["tasks"])


def test_a_verdict_and_a_row_of_the_dataset_table_filter_the_list(opened: Open, many: dict[str, Any]) -> None:
    page = opened(many)
    page.page.locator('[data-filter="verdict"][data-value="weak"]').click()
    assert count(page) == many["summary"]["verdicts"]["weak"]
    row = next(row for row in many["summary"]["dataset"] if row["tasks"])
    page.page.locator(f'[data-filter="row"][data-value="{row["row"]}"]').click()
    assert count(page) == len(row["tasks"])


def test_filters_stand_in_the_address(opened: Open, many: dict[str, Any]) -> None:
    page = opened(many, "#?verdict=weak&sort=name")
    assert count(page) == many["summary"]["verdicts"]["weak"]
    weak = sorted(task["name"] for task in many["tasks"] if task["verdict"] == "weak")
    assert page.texts(NAMES) == weak[: len(page.texts(NAMES))]


def _outcomes(*names: str) -> Callable[[Task], Any]:
    return lambda task: sum(task["strength"]["by_outcome"][name] for name in names)


WORDS = ["unsound", "weak", "broken", "flaky", "unmeasured", "adequate", "strong"]


@pytest.mark.parametrize(
    ("column", "key"),
    [
        ("Task", lambda task: task["name"]),
        ("Verdict", lambda task: WORDS.index(task["verdict"])),
        ("Strength", lambda task: task["strength"]["share"]["value"]),
        ("Stated", lambda task: task["strength"]["stated"]["value"]),
        ("Caught", _outcomes("killed", "timeout")),
        ("Paid", _outcomes("survived", "partial")),
        ("Left out", _outcomes("equivalent", "harmless", "invalid", "error", "flaky")),
        ("Tried", lambda task: len(task["mutants"])),
        ("Findings", lambda task: len({finding["id"] for finding in task["findings"]})),
        ("Format", lambda task: task["format"]),
        ("Engine", lambda task: task["engine"]["fidelity"]),
        ("Time", lambda task: task["seconds"]),
    ],
)
def test_every_column_sorts_both_ways(
    opened: Open, many: dict[str, Any], column: str, key: Callable[[Task], Any]
) -> None:
    page = opened(many)
    keys = {task["name"]: key(task) for task in many["tasks"]}
    header = page.page.locator("#list th[role=columnheader]", has_text=column)
    seen = set()
    for _ in range(2):
        header.get_by_role("button").click()
        way = header.get_attribute("aria-sort")
        shown = [keys[name] for name in page.texts(NAMES)]
        assert shown == sorted(keys.values(), reverse=way == "descending")[: len(shown)]
        seen.add(way)
    assert seen == {"ascending", "descending"}


def test_rows_are_made_as_they_are_scrolled_to_and_all_of_them_to_print(opened: Open, many: dict[str, Any]) -> None:
    page = opened(many, height=700)
    before = page.page.locator(ROWS).count()
    assert before < len(many["tasks"])
    page.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.until(f"document.querySelectorAll('#list tbody tr').length > {before}")
    page.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.page.locator(ROWS).count() == len(many["tasks"])
    assert page.page.evaluate("document.documentElement.dataset.theme") == "light"


def test_a_window_that_is_taller_than_the_first_rows_is_filled(opened: Open, many: dict[str, Any]) -> None:
    page = opened(many, height=8000)
    page.until("document.querySelectorAll('#list tbody tr').length > 60")


# --- a task's page


def test_a_task_is_opened_and_left_again_where_it_stood(opened: Open, many: dict[str, Any]) -> None:
    page = opened(many)
    name = page.texts(NAMES)[3]
    page.page.locator(NAMES).nth(3).click()
    expect(page.page.locator("#task-title")).to_have_text(name)
    expect(page.page.locator("#overview")).to_be_hidden()
    page.page.go_back()
    expect(page.page.locator("#overview")).to_be_visible()
    assert page.page.evaluate("document.activeElement.textContent") == name


def test_the_next_task_is_the_next_of_the_filtered_list(opened: Open, many: dict[str, Any]) -> None:
    page = opened(many, "#?verdict=strong&sort=name")
    names = page.texts(NAMES)
    page.page.locator(NAMES).first.click()
    page.page.get_by_role("link", name="Next").click()
    expect(page.page.locator("#task-title")).to_have_text(names[1])


def test_a_deep_link_opens_the_mutant_with_its_diff_its_command_and_what_the_verifier_said(
    opened: Open, many: dict[str, Any]
) -> None:
    task = many["tasks"][-1]
    mutant = next(one for one in task["mutants"] if one["outcome"] == "killed")
    page = opened(many, f"#{task['name']}/{mutant['id']}")
    row = page.page.locator(f"#m-{mutant['id']}")
    expect(row).to_have_attribute("open", "")
    expect(row.locator("summary").first).to_be_focused()
    removed = [line[1:].strip() for line in mutant["diff"].split("\n")[3:] if line.startswith("-")]
    added = [line[1:].strip() for line in mutant["diff"].split("\n")[3:] if line.startswith("+")]
    assert [text.removeprefix("- ").strip() for text in row.locator("del").all_inner_texts()] == removed
    assert [text.removeprefix("+ ").strip() for text in row.locator("ins").all_inner_texts()] == added
    expect(row).to_contain_text(mutant["why"])
    expect(row).to_contain_text(mutant["requirement"]["text"].partition("`")[0])
    expect(row.locator(".command code")).to_have_text(mutant["repro"])


def test_a_link_to_what_is_not_there_says_so(opened: Open, many: dict[str, Any]) -> None:
    page = opened(many, "#no-such-task")
    expect(page.page.locator("#trouble")).to_contain_text("no task no-such-task")
    page.go(f"#{many['tasks'][0]['name']}/0000000000")
    expect(page.page.locator("#trouble")).to_contain_text("no variant 0000000000")


def test_every_kind_of_run_can_be_looked_at(opened: Open, report: ReportOf) -> None:
    from tests.harness.report.runs import KINDS

    for kind in KINDS:
        found = report(kind)
        page = opened(found)
        for task in found["tasks"]:
            page.go(f"#{task['name']}")
            expect(page.page.locator("#task-title")).to_have_text(task["name"])
            open_all(page)


def test_tasks_with_the_same_mutants_and_names_with_slashes_have_links_of_their_own(
    opened: Open, many: dict[str, Any]
) -> None:
    found = report(2, 12)
    first, second = found["tasks"]
    second["mutants"], second["survivors"] = first["mutants"], first["survivors"]
    for requirement in second["steps"][0]["requirements"]:
        requirement["mutants"] = requirement["also"] = []
    first["name"], second["name"] = "group/a task #1", "group"
    ident = first["mutants"][0]["id"]
    page = opened(found, f"#group/{ident}")
    expect(page.page.locator("#task-title")).to_have_text("group")
    page.go(f"#group/a%20task%20%231/{ident}")
    expect(page.page.locator("#task-title")).to_have_text("group/a task #1")
    expect(page.page.locator(f"#m-{ident}")).to_have_attribute("open", "")


def test_requirements_lead_to_their_mutants_and_show_what_became_of_them(opened: Open, many: dict[str, Any]) -> None:
    task, _ = first_paid(many)
    page = opened(many, f"#{task['name']}")
    states = [said["state"] for said in task["steps"][0]["requirements"]]
    for state in set(states):
        assert page.page.locator(f".instruction mark.m-{state}").count() == states.count(state)
    untested = next(said for said in task["steps"][0]["requirements"] if said["state"] in ("untested", "in-part"))
    page.page.locator(f".instruction button.s-{untested['state']}").first.click()
    links = page.page.locator(".requirements details[open] a")
    assert links.count() == len(untested["mutants"])
    links.first.click()
    expect(page.page.locator(".mutant[open]")).to_have_count(1)


def test_labels_stand_beside_the_verdict_in_the_list_and_on_the_page(opened: Open, many: dict[str, Any]) -> None:
    task = next(task for task in many["tasks"] if task["labels"] and task["forging"])
    page = opened(many, f"#{task['name']}")
    chips = page.page.locator(".title .chip")
    assert chips.all_inner_texts() == [task["verdict"], *task["labels"]]
    counts = task["forging"]
    fact = page.page.locator(".facts div", has_text="Forged rewards")
    assert f"{counts['paid']} paid" in fact.inner_text()
    assert f"{counts['tried']} attacks tried" in fact.inner_text()
    assert f"{counts['not_measured']} not measured" in fact.inner_text()
    page.go(f"#text={task['name']}")
    row = page.page.locator(".list tbody tr", has_text=task["name"]).first
    assert row.locator(".c-verdict .chip").all_inner_texts() == [task["verdict"], *task["labels"]]


def test_the_margin_of_the_reference_names_the_mutants_of_each_line(opened: Open, many: dict[str, Any]) -> None:
    task, mutant = first_paid(many)
    page = opened(many, f"#{task['name']}")
    same = [
        one
        for one in task["mutants"]
        if one["outcome"] == "survived" and one["location"]["line"] == mutant["location"]["line"]
    ]
    line = page.page.locator(".source .line").filter(
        has=page.page.locator(".number", has_text=re.compile(f"^{mutant['location']['line']}$"))
    )
    line.locator("button.o-survived").click()
    assert page.page.locator(".here a").count() == len(same)


def test_what_is_not_needed_is_greyed_all_of_it_or_requirement_by_requirement(
    opened: Open, many: dict[str, Any]
) -> None:
    task = next(task for task in many["tasks"] if task["least"])
    page = opened(many, f"#{task['name']}").page

    def greyed() -> list[int]:
        return sorted(int(text) for text in page.locator(".source .unneeded .number").all_text_contents())

    for fold in page.locator(".source .fold").all():
        fold.click()
    whole = [line for one in task["least"]["gone"] for first, last in one["lines"] for line in range(first, last + 1)]
    assert greyed() == whole
    stated = task["least"]["requirements"][1]
    page.locator(".least button", has_text=f"line {stated['line']}: gone, and seen to be").click()
    [[first, last]] = stated["work"][0]["lines"]
    assert greyed() == list(range(first, last + 1))
    page.locator(".least button", has_text="Grey nothing").click()
    assert greyed() == []


def test_the_matrix_shows_who_noticed_what(opened: Open, many: dict[str, Any]) -> None:
    task = many["tasks"][5]
    page = opened(many, f"#{task['name']}")
    rows = page.page.locator(".grid tbody tr")
    assert rows.count() == len(task["tests"])
    patterns = {
        (one["outcome"], one["runs"][0]["tests"])
        for one in task["mutants"]
        if one["outcome"] in ("killed", "survived", "timeout", "partial")
    }
    for at, name in enumerate(task["tests"]):
        noticed = sum(letters[at] in "FE" for _, letters in patterns)
        cells = rows.nth(at).locator(".cell span")
        assert cells.count() == len(patterns) + 2
        hits = [cells.nth(column).get_attribute("class") for column in range(2, cells.count())]
        assert sum(kind in ("hit", "only") for kind in hits) == noticed
        word = rows.nth(at).locator(".kind").inner_text().strip()
        assert (word == "never fails") == (name in task["matrix"]["vacuous"])
        assert (word == "never alone") == (name in task["matrix"]["decorative"])
    page.page.locator(".grid thead button").first.click()
    expect(page.page.locator("[aria-live] a").first).to_be_visible()


def test_a_test_shows_its_assertion(opened: Open, many: dict[str, Any]) -> None:
    task = many["tasks"][0]
    page = opened(many, f"#{task['name']}")
    page.page.locator(".test-list details").first.locator("summary").click()
    [function] = [one for one in task["steps"][0]["tests"][0]["functions"] if task["tests"][0].endswith(one["name"])]
    lines = task["steps"][0]["tests"][0]["text"].split("\n")
    expect(page.page.locator(".test-list .assert").first).to_have_text(
        lines[function["asserts"][0]["line"] - 1].rstrip()
    )


@pytest.mark.parametrize("allowed", [True, False])
def test_a_command_is_copied(opened: Open, many: dict[str, Any], allowed: bool) -> None:
    task, mutant = first_paid(many)
    page = opened(
        many, f"#{task['name']}/{mutant['id']}", permissions=("clipboard-read", "clipboard-write") if allowed else ()
    )
    if not allowed:
        page.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('closed')); }")
        page.page.evaluate("addEventListener('copy', () => { window.copied = getSelection().toString(); })")
    page.page.locator(f"#m-{mutant['id']} .copy").click()
    expect(page.page.locator(f"#m-{mutant['id']} .copy")).to_have_text("Copied")
    told = page.page.evaluate("navigator.clipboard.readText()") if allowed else page.page.evaluate("window.copied")
    assert told == mutant["repro"]


@pytest.mark.parametrize("place", ["moved", "it's moved & more"])
def test_commands_name_the_folder_in_which_the_page_lies_by_now(
    opened: Open, many: dict[str, Any], tmp_path: Path, place: str
) -> None:
    """Also after `mv`, and in a downloaded folder."""
    task, mutant = first_paid(many)
    moved = tmp_path / place
    moved.mkdir()
    here = {**addressed(many, str(tmp_path)), "run": str(tmp_path)}
    here["tasks"] = list(here["tasks"])
    page = opened(here, f"#{task['name']}/{mutant['id']}", moved_to=moved)
    [said] = page.texts(f"#m-{mutant['id']} .command code")
    assert shlex.split(said)[:4] == ["foolsgold", "repro", str(moved), mutant["ref"]]
    page.go("")
    first = page.page.locator("#overview .command code").first.text_content() or ""
    assert shlex.split(first)[:3] == ["foolsgold", "show", str(moved)]
    # A page that was written elsewhere names the run as it was named then.
    page = opened(addressed(many, "elsewhere/run"), f"#{task['name']}/{mutant['id']}", moved_to=moved)
    [said] = page.texts(f"#m-{mutant['id']} .command code")
    assert shlex.split(said)[2] == "elsewhere/run"


# --- by keyboard, in both colours, at both widths


def test_everything_on_the_way_to_a_command_works_by_keyboard(opened: Open, many: dict[str, Any]) -> None:
    task, mutant = first_paid(many)
    page = opened(many)
    keyboard = page.page.keyboard

    def tab_to(condition: str) -> None:
        for _ in range(250):
            keyboard.press("Tab")
            if page.page.evaluate(f"document.activeElement.matches({condition!r})"):
                return
        raise AssertionError(f"{condition} was not reached")

    tab_to("#skip")
    keyboard.press("Enter")
    assert page.page.evaluate("document.activeElement.id") == "main"
    tab_to("#f-text")
    keyboard.type(task["name"])
    tab_to("#list th button")
    keyboard.press("Enter")
    expect(page.page.locator("#list th[aria-sort]")).to_have_count(1)
    tab_to("#list tbody a")
    keyboard.press("Enter")
    expect(page.page.locator("#task-title")).to_be_focused()
    tab_to(f"[id='m-{mutant['id']}'] > summary")
    keyboard.press("Enter")
    tab_to(f"[id='m-{mutant['id']}'] .copy")
    outline = page.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


@pytest.mark.parametrize(("width", "height"), [(375, 812), (1400, 1000)])
def test_what_to_do_first_and_the_top_of_the_list_are_on_the_first_screen(
    opened: Open, many: dict[str, Any], width: int, height: int
) -> None:
    page = opened(many, width=width, height=height)
    page.page.reload()
    page.page.wait_for_selector("html[data-ready]")
    first = what_first(standing(many, task) for task in many["tasks"])
    assert first is not None
    top = page.page.locator(".first")
    assert top.locator(".look a").inner_text() == first.weakest.name
    assert top.locator(".wanted > li").count() == len(first.missing) == 3
    for at, test in enumerate(first.missing):
        item = top.locator(".wanted > li").nth(at)
        expect(item.locator("summary")).to_contain_text(test.says.partition("`")[0])
        item.locator("summary").click()
        expect(item.locator(".command code")).to_have_text(test.command)
        item.locator("summary").click()
    for selector in (".look", ".wanted > li >> nth=2", "#list tbody tr >> nth=0"):
        box = page.page.locator(selector).bounding_box()
        assert box is not None
        assert box["y"] + 20 < height, selector


def test_a_tasks_page_begins_with_the_tests_to_write_and_its_numbers_add_up(opened: Open, many: dict[str, Any]) -> None:
    task = next(task for task in many["tasks"] if len(standing(many, task).missing) == 3)
    page = opened(many, f"#{task['name']}")
    for at, test in enumerate(standing(many, task).missing):
        expect(page.page.locator("#task .wanted > li").nth(at)).to_contain_text(test.says.partition("`")[0])
    tried = page.page.locator(".facts div", has_text="Tried").first.inner_text()
    whole, parts = tried.partition("=")[0], tried.partition("=")[2]
    assert int(re.findall(r"\d+", whole)[0]) == sum(map(int, re.findall(r"\d+", parts))) == len(task["mutants"])


def test_where_the_time_went_is_shown_of_a_task_and_of_all(opened: Open, many: dict[str, Any]) -> None:
    whole = opened(many).page
    whole.locator("#statistics > summary").click()
    panel = whole.locator("section", has=whole.locator("#times-title"))
    expect(panel.locator("tr", has_text="verifying")).to_contain_text(f"{9.0 * len(many['tasks']):,.1f}")
    page = opened(many, f"#{many['tasks'][0]['name']}").page
    section = page.locator("#task section", has_text="Where the time went")
    expect(section.locator("tr", has_text="verifying")).to_contain_text("9")
    expect(section).to_contain_text("9 trials")
    expect(section).to_contain_text("3 trials left what an earlier one had left")


WIDTHS = (375, 1600)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def script(name: str) -> str:
    return Path(__file__).with_name(f"{name}.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_contrast_labels_and_width_hold_in_both_colours_at_both_widths(
    opened: Open, many: dict[str, Any], width: int, scheme: Literal["light", "dark"]
) -> None:
    task, mutant = first_paid(many)
    page = opened(many, width=width, height=900, scheme=scheme)
    for name, address in (("dataset", ""), ("task", f"#{task['name']}"), ("mutant", f"#{task['name']}/{mutant['id']}")):
        page.go(address)
        assert page.page.evaluate("document.documentElement.dataset.theme") == scheme
        if SCREENSHOTS:
            page.page.screenshot(path=Path(SCREENSHOTS) / f"{name}-{width}-{scheme}.png", full_page=name != "mutant")
        open_all(page)
        assert page.page.evaluate("document.documentElement.scrollWidth") == width
        assert page.page.evaluate(script("low_contrast")) == []
        assert page.page.evaluate(script("nameless")) == []


@pytest.mark.parametrize("writes", [True, False], ids=["storage", "storage-too-late"])
def test_colours_can_be_chosen_and_outlive_a_reload(opened: Open, many: dict[str, Any], writes: bool) -> None:
    page = opened(many)
    if not writes:
        page.page.evaluate("Storage.prototype.setItem = () => {}")
    page.page.locator("#theme").select_option("dark")
    assert page.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 23, 26)"
    # A filter writes the page's address anew, and must leave the choice where it is.
    page.page.locator("#f-text").fill("x")
    # By the page itself, in order behind what it has just told the browser: a driver's reload can overtake that.
    with page.page.expect_navigation():
        page.page.evaluate("location.reload()")
    page.page.wait_for_selector("html[data-ready]")
    assert page.page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.page.locator("#theme").input_value() == "dark"


def test_the_later_choice_of_colours_counts(opened: Open, many: dict[str, Any]) -> None:
    page = opened(many)
    page.page.locator("#theme").select_option("dark")
    # As if the report had been opened once more meanwhile, and light been chosen there. A browser stores when it can.
    store = "localStorage.setItem('foolsgold-colours', JSON.stringify({ value: 'light', at: Date.now() + 1000 }))"
    stored = "JSON.parse(localStorage.getItem('foolsgold-colours') ?? '{}').value === 'light'"
    for _ in range(20):
        page.page.evaluate(store)
        page.page.reload()
        page.page.wait_for_selector("html[data-ready]")
        if page.page.evaluate(stored):
            break
    assert page.page.evaluate(stored)
    assert page.page.evaluate("document.documentElement.dataset.theme") == "light"


def test_headings_do_not_skip_a_level_and_ids_are_unique(opened: Open, many: dict[str, Any]) -> None:
    page = opened(many)
    for address in ("", f"#{many['tasks'][0]['name']}"):
        page.go(address)
        levels = [
            int(level)
            for level in page.page.evaluate(
                "[...document.querySelectorAll('h1,h2,h3')].filter((e) => e.checkVisibility()).map((e) => e.tagName[1])"
            )
        ]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        ids = page.page.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
        assert len(ids) == len(set(ids))


def test_it_prints_on_white_without_what_is_only_for_the_screen(opened: Open, many: dict[str, Any]) -> None:
    page = opened(many, f"#{many['tasks'][0]['name']}", scheme="dark")
    printed = page.page.pdf()
    assert printed.startswith(b"%PDF")
    page.page.emulate_media(media="print")
    page.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for selector in (".jump", ".crumbs", "#theme"):
        expect(page.page.locator(selector)).to_be_hidden()


# --- untrusted text


@pytest.mark.parametrize("text", ["<script>window.run = 1</script>", "<img src=x onerror='window.run = 1'>", *NASTY])
def test_texts_of_a_task_are_shown_and_never_run(opened: Open, text: str) -> None:
    found = poisoned(text)
    page = opened(found)
    names = page.page.locator(NAMES)
    for at in range(names.count()):
        page.go("")
        names.nth(at).click()
        page.page.wait_for_selector("#task:not([hidden])")
        for _ in range(2):
            open_all(page)
        assert page.page.evaluate("window.run") is None
        assert page.page.locator("#task script, #task img, #task iframe, #task object, #task style").count() == 0
        for address in page.page.evaluate(
            "[...document.querySelectorAll('a')].map((each) => each.getAttribute('href'))"
        ):
            assert address.startswith("#")
    if text.startswith("<"):
        assert text in page.page.inner_text("#task-title")


def test_a_line_of_two_million_characters_is_shown_when_it_is_asked_for(opened: Open) -> None:
    found = report(2, 8)
    task = found["tasks"][0]
    line = "x" * 1_999_990 + "the-end"
    task["files"][0]["text"] = f"{line}\n{task['files'][0]['text']}"
    task["mutants"][0]["diff"] = f"--- a\n+++ a\n@@ -1 +1 @@\n-{line}\n+y"
    task["mutants"][0]["sentence"] = line
    task["steps"][0]["instruction"]["text"] = line
    task["steps"][0]["requirements"] = []
    page = opened(found, f"#{task['name']}/{task['mutants'][0]['id']}")
    assert page.page.evaluate("document.documentElement.scrollWidth") == 1600
    removed = page.page.locator(".mutant del")
    assert len(removed.inner_text()) < 3000
    removed.get_by_role("button", name="more characters").click()
    assert removed.inner_text().endswith("the-end")
