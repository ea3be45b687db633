"""Which paid variants accuse nobody by themselves."""

from __future__ import annotations

import pytest

from harness.findings.slight import only_refuses, only_shown, own_options, slight
from mutator.relevance import requirements

READS = "It reads each record of the file and prints how many there are."
REFUSES = "It refuses a record that is cut short."


def said(operator: str, diff: str = "", text: str = READS, sentence: str = "", *, same: bool = False) -> bool:
    (requirement,) = requirements(text)
    return slight(operator, sentence, diff, requirement, (), same=same)


@pytest.mark.parametrize(
    ("operator", "same", "expected"),
    [("code.drop-entry", True, True), ("code.drop-entry", False, False), ("code.drop-statement", True, False)],
)
def test_an_entry_that_nothing_ever_gives_accuses_nobody(operator: str, same: bool, expected: bool) -> None:
    assert said(operator, same=same) is expected


BOUNDS = "--- a.py\n+++ a.py\n@@ -1,3 +1,3 @@\n for i in range(n):\n-    if at + 2 > len(data):\n+    if False:\n{}\n"


@pytest.mark.parametrize(
    ("diff", "text", "expected"),
    [
        (BOUNDS.format("         break"), READS, True),
        (BOUNDS.format("         raise ValueError(at)"), READS, True),
        (BOUNDS.format("         break"), REFUSES, False),
        (BOUNDS.format("         total += 1"), READS, False),
        (BOUNDS.format("         break").replace("len(data)", "limit"), READS, False),
    ],
)
def test_a_look_whether_there_is_more_to_read_accuses_no_sentence_that_says_nothing_of_refusing(
    diff: str, text: str, expected: bool
) -> None:
    assert said("python.branch-never", diff, text) is expected


@pytest.mark.parametrize(
    ("line", "text", "expected"),
    [
        ("main(sys.argv[1]) if len(sys.argv) > 1 else 0", READS, True),
        ("[ $# -gt 1 ] || exit 2", READS, True),
        ("if len(args) < 1 {", READS, True),
        ("main(sys.argv[1]) if len(sys.argv) > 1 else 0", "Without a path it prints 0.", False),
        ("main(sys.argv[1]) if len(rows) > 1 else 0", READS, False),
    ],
)
def test_how_many_arguments_there_are_matters_only_where_a_sentence_speaks_of_them(
    line: str, text: str, expected: bool
) -> None:
    assert said("python.boundary", f"-{line}\n+other", text) is expected


@pytest.mark.parametrize(
    ("sentence", "text", "expected"),
    [
        ("`limit_req zone=a burst=10` loses `burst=10`", "Allow 10 requests per second.", True),
        ("`limit_req zone=a burst=10` is tightened: burst=1 for burst=10", "Allow bursts, burst=10.", False),
        ("`limit_req zone=a` is left out: requests are not rate limited here", "Allow 10 requests per second.", False),
    ],
)
def test_an_option_of_a_limit_that_a_sentence_does_not_name_accuses_nobody_of_it(
    sentence: str, text: str, expected: bool
) -> None:
    assert said("nginx.some", text=text, sentence=sentence) is expected


FORM = 'The output has the format [{"word": "ab", "count": N}, ...], the longest first.'


@pytest.mark.parametrize(
    ("evidence", "diff", "only"),
    [
        (("word",), '-found.sort(key=lambda one: one["word"])', True),
        (("word", "count", "format"), "-if word not in seen and count > 1:\n+if count > 1:", True),
        (("word", "count"), '-found.append({"word": word, "count": 1})', False),
        (("count",), '-found.append({"word": word, "count": 1})\n+found.append({"word": word})', False),
        (("count",), '-row["count"] = len(rows)', False),
        (("word",), '--- a\n-row = {"word": a}\n+row = {"word": b}', True),
        # The sentence itself speaks of it.
        (("longest", "word"), '-found.sort(key=lambda one: one["word"])', False),
    ],
)
def test_words_of_a_record_that_is_shown_tie_only_what_writes_its_keys(
    evidence: tuple[str, ...], diff: str, only: bool
) -> None:
    assert only_shown(FORM, evidence, diff) is only


def test_a_sentence_without_a_record_shows_none() -> None:
    assert not only_shown("Count every word.", ("word",), "-words.sort()")


def test_an_option_that_only_stands_around_what_is_changed_is_none_of_it() -> None:
    evidence = ("--db", "--dry-run", "path")
    assert own_options(evidence, "if len(args) < 1 {\n") == ("path",)
    assert own_options(evidence, "if not args.dry_run:\n") == ("--dry-run", "path")
    assert own_options(evidence, 'die("usage: tool [--db PATH]")') == ("path",)
    assert own_options(evidence, 'flag("--db")') == ("--db", "path")
    # As a word, not as letters of another one.
    assert own_options(("--out",), "without(path)") == ()
    assert own_options(("--out",), "write(outPath)") == ("--out",)


USAGE = """--- a.go
+++ a.go
@@ -1,5 +1,2 @@
 \tflag.Parse()
-\tif *in == "" {
-\t\tfail(2, "--in is required")
-\t}
 \tread(*in)"""


@pytest.mark.parametrize(
    ("operator", "diff", "text", "expected"),
    [
        ("code.never", USAGE, "`tool --in PATH [--out PATH]`", True),
        ("code.never", USAGE, "Without `--in` it is refused with an error.", False),
        ("code.never", USAGE.replace("fail(2,", "copy(out,"), "`tool --in PATH`", False),
        ("code.drop-statement", USAGE, "`tool --in PATH`", False),
        ("code.never", USAGE.replace("-\t\tfail", "-\t\tcopy(a)\n-\t\tfail"), "`tool --in PATH`", False),
    ],
)
def test_a_check_that_only_refuses_is_no_matter_of_a_usage_line(
    operator: str, diff: str, text: str, expected: bool
) -> None:
    (requirement,) = requirements(text)
    assert only_refuses(operator, diff, requirement) is expected
