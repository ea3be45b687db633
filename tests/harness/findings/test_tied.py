"""What ties a paid variant to a sentence: what it takes away, or only what stands around that."""

from __future__ import annotations

import pytest

from harness.findings.tied import (
    asks_for_no_order,
    asks_for_no_word,
    asks_nothing,
    of_no_seen_effect,
    only_around,
    still_says,
    taken_away,
    unnamed_entry,
)
from mutator.relevance.removes import cleans_up

REPORT = "json.dump({'rows': rows, 'status': code}, open('/app/fix_report.json', 'w'))"


@pytest.mark.parametrize(
    ("before", "after", "evidence", "expected"),
    [
        # The report's path stands around the key that is gone.
        (REPORT, REPORT.replace(", 'status': code", ""), ("/app/fix_report.json", "report"), True),
        (REPORT, REPORT.replace(", 'status': code", ""), ("/app/fix_report.json", "status"), False),
        (REPORT, "pass", ("/app/fix_report.json", "report"), False),
        ("return count * width * DENSITY", "return count * width", ("width",), True),
        ("return count * width * DENSITY", "return count * DENSITY", ("width",), False),
        ("words = text.lower().split()", "words = text.split()", ("letter case", "words"), False),
        ("for row in sorted(rows):", "for row in list(rows):", ("order", "rows"), False),
        # No name is taken away, so only what stands around can tell.
        ("if size > limit:", "if size >= limit:", ("limit",), False),
        ("enabled = True", "enabled = False", ("enabled",), False),
        ("if (known(tx)) return;", "", ("BEGIN",), True),
    ],
)
def test_a_variant_that_takes_names_away_is_tied_by_one_of_them(
    before: str, after: str, evidence: tuple[str, ...], expected: bool
) -> None:
    assert only_around(before, after, evidence) is expected


def test_what_is_taken_away_is_told_piece_by_piece() -> None:
    assert taken_away("a = left + right", "a = left").split() == ["+", "right"]
    assert taken_away("a = left", "a = left or right") == ""


@pytest.mark.parametrize(
    ("operator", "sentence", "text", "evidence", "expected"),
    [
        ("python.output-key-dropped", '"code" is missing from `report`', "Write a report to /app/r.json.", (), True),
        ("python.output-key-dropped", '"row_count" is missing from `report`', "It has the row count.", (), False),
        ("data.drop-entry", "`beta` is left out", "Write a note of what you did.", (), True),
        ("data.drop-entry", "`beta` is left out", "Write it to `/app/fix-beta_report.json`.", (), True),
        ("data.swap-values", "`oldPages` and `newPages` have each other's values", "It names old_pages.", (), False),
        # The example below a sentence is part of it.
        ("python.output-key-dropped", '"total" is missing from `out`', "It has this form:", ("total",), False),
        ("python.limit-loosened", "the limit `rate` is 1.0 instead of 0.001", "It has 4 states.", (), True),
        ("code.drop-entry", "the entry High is left out", "High weighs 1.0.", (), False),
        ("python.call-dropped", "`dump(report)` is not called", "Write a report.", (), False),
    ],
)
def test_an_entry_that_nobody_asked_for_by_name_is_anybodys_choice(
    operator: str, sentence: str, text: str, evidence: tuple[str, ...], expected: bool
) -> None:
    assert unnamed_entry(operator, sentence, text, evidence) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mend the byte-order issue, and look orders up by `order_id`.", True),
        ("Each order has a price.", True),
        ("In order to pass, list the rows.", True),
        ("List the rows in ascending order.", False),
        ("Rows are ordered by name.", False),
        ("Sort them by name.", False),
        ("Newest first.", False),
        ("Keep the order of the input.", False),
    ],
)
def test_only_a_sentence_about_the_order_of_things_is_broken_by_another_one(text: str, expected: bool) -> None:
    assert asks_for_no_order("python.order", text) is expected
    assert not asks_for_no_order("python.filter-dropped", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Your work is checked on other files, and `/app/samples` will be removed.", True),
        ("The report is written to /app/samples/out.json.", True),
        ("Remove /app/samples when done.", False),
        ("Pack /app/samples and then delete it.", False),
        ("After this, /app/samples must be absent.", False),
        ("It deletes the old samples.", False),
    ],
)
def test_what_others_remove_is_no_work_that_is_left_out(text: str, expected: bool) -> None:
    assert cleans_up("rm -rf /app/samples", "", text) is expected
    assert not cleans_up("cp a /app/samples", "", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("You can try it on `data/sample.csv`, which has 500 points.", True),
        ("You may also write supplementary tables under `/app/out`.", True),
        ("You still can't search every key.", True),
        ("You will be provided with a script that runs the tests.", True),
        ("If you need a manifest, write it to `/app/manifest.json`.", True),
        ("You have a sample file at `/app/data/scene.bin`.", True),
        ("You have to write the sum to `/app/out.txt`.", False),
        ("Logging to the terminal is okay.", True),
        ("Mend mux.kt, the only file you should touch; leave main.kt as it is.", True),
        ("The samples give you the names of both sides.", True),
        ("Do not modify main.kt or state.kt.", True),
        ("It must not contain a password.", False),
        ("A user can list the rooms.", False),
        ("Do not print the header twice.", False),
        ("Only one request a second is allowed for each address.", False),
        ("An optional `--keep PATTERN` spares the files that match.", False),
        ("A summary of the run is optional.", True),
        ("With `--dry-run`, do not delete anything.", False),
        ("Print what would be removed and never delete a file when `dry` is set.", False),
        ("The program must not modify files outside FOLDER.", False),
        ("Write the sum to `/app/out.txt`.", False),
        ("There is a second page.", True),
        ("There are three kinds of records in `/srv/data`.", True),
        ("The data set has four columns.", True),
        ("The provided archive contains two folders.", True),
        ("The input file `/srv/in.csv` has a header.", True),
        ("There must be a second page.", False),
        ("There should be a second page.", False),
        ("There is exactly one line for a user.", False),
        ("There is a line for each user.", False),
        ("There is no trailing newline.", False),
        ("There is an option `-q` that says less.", False),
        ("There are two columns in the output.", False),
        ("The table has two columns.", False),
        ("The archive contains a manifest.", False),
        ("The repository must contain a licence.", False),
        ("The image has to hold `curl`.", False),
    ],
)
def test_what_is_only_allowed_given_or_to_be_left_alone_is_broken_by_no_variant(text: str, expected: bool) -> None:
    assert asks_nothing(text) is expected


def test_a_line_that_is_not_printed_breaks_only_what_asks_for_words() -> None:
    assert asks_for_no_word("python.print-dropped", "rotatable_bonds (integer)")
    assert not asks_for_no_word("python.print-dropped", "It prints the number of bonds.")
    assert not asks_for_no_word("python.call-dropped", "rotatable_bonds (integer)")


@pytest.mark.parametrize(
    ("operator", "seen", "expected"),
    [
        ("python.boundary", False, True),
        ("python.boundary", True, False),
        ("python.flag-unchecked", False, True),
        ("python.conversion-dropped", False, True),
        # Of what is missing altogether nothing is seen where no test asks for it.
        ("python.function-hollow", False, False),
        ("code.missing-flag", False, False),
    ],
)
def test_what_is_changed_a_little_accuses_nobody_where_nothing_is_seen_of_it(
    operator: str, seen: bool, expected: bool
) -> None:
    assert of_no_seen_effect(operator, seen=seen) is expected


@pytest.mark.parametrize(
    ("operator", "text", "evidence", "expected"),
    [
        ("data.truncate", "Mention the file `rates.cfg` in the body.", ("rates.cfg", "rates"), True),
        ("data.drop-entry", "It must contain a heading `Usage`.", ("usage",), False),
        ("data.truncate", "Write how `rates.cfg` is read.", ("rates.cfg",), False),
        ("shell.drop-step", "Mention the file `rates.cfg` in the body.", ("rates.cfg",), False),
        ("data.truncate", "Mention the file `rates.cfg` in the body.", (), False),
    ],
)
def test_a_text_that_still_says_it_breaks_no_sentence_that_asks_for_a_mention(
    operator: str, text: str, evidence: tuple[str, ...], expected: bool
) -> None:
    assert still_says(operator, text, evidence, "# Rates\n\nThe script reads rates.cfg.\n") is expected
