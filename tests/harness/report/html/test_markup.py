"""What is written, without a browser: no text of a task ever becomes markup."""

from __future__ import annotations

import base64
import json
import re
import zlib
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harness.mutants import diff
from harness.report.html import SCRIPTS, render
from harness.report.html.diffs import folded, unfolded
from harness.report.html.highlight import Colours, runs
from harness.report.html.pack import clean, packed
from harness.report.html.task import task_view
from mutator.model import ByteEdit, FaultClass, Mutant, Tier
from tests.harness.report.html.synthetic import report
from tests.harness.report.test_any_text import NASTY, anything, poisoned

PAGE = files("harness.report.html") / "page"


class Skeleton(HTMLParser):
    """Elements and the names of their attributes, in order, with what may hold a link or a script."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        for name, value in attrs:
            assert not name.startswith("on"), (tag, name)
            assert name != "style", tag
            # To a place in the page itself and nowhere else.
            assert name != "href" or (value or "").startswith("#"), value
            assert name != "src", tag

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}", ()))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data[:80]}")


def skeleton(found: dict[str, Any], out: Path) -> list[tuple[str, tuple[str, ...]]]:
    render(found, out)
    parser = Skeleton()
    parser.feed(out.read_text(encoding="utf-8"))
    parser.close()
    return parser.tags


def unpacked(block: str) -> Any:
    return json.loads(zlib.decompress(base64.b85decode(block.replace(",", "<").replace(".", "&"))))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(anything)
@example("</script><script>alert(1)</script>")
@example("<!--<script>")
@example("]]></style><img src=x onerror=alert(1)>")
@example('" onfocus=alert(1) autofocus x="')
@example("{{ 7 * 7 }}{% raw %}")
def test_no_text_in_any_field_changes_the_markup(tmp_path: Path, text: str) -> None:
    plain = skeleton(poisoned("x"), tmp_path / "plain.html")
    assert skeleton(poisoned(text), tmp_path / "page.html") == plain


@pytest.mark.parametrize("text", NASTY)
def test_nasty_texts_do_not_change_the_markup(tmp_path: Path, text: str) -> None:
    assert skeleton(poisoned(text), tmp_path / "page.html") == skeleton(poisoned("x"), tmp_path / "plain.html")


json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | anything,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(anything, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(json_like)
def test_a_block_has_no_sign_of_markup_and_comes_back_as_it_was_shown(value: Any) -> None:
    block = packed(value)
    assert not set("<&'\"/\\\n") & set(block)
    assert unpacked(block) == clean(value)


def test_a_block_holds_every_mutant_with_its_diff(tmp_path: Path) -> None:
    found = report(1, 40)
    [task] = found["tasks"]
    view = task_view(found, task, Colours())
    columns = view["mutants"]["columns"]
    lines = {file["path"]: file["text"].split("\n") for file in view["files"]}
    known = {one["id"]: one for one in task["mutants"]}
    assert sorted(columns["id"]) == sorted(known)
    for at, ident in enumerate(columns["id"]):
        one = known[ident]
        shown = columns["diff"][at]
        whole = unfolded(shown, lines[one["path"]]) if isinstance(shown, list) else shown.split("\n")[2:]
        assert whole == one["diff"].split("\n")[2:]
        assert ident.join(view["mutants"]["repros"][columns["repro"][at]]) == one["repro"]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_diff_told_by_its_files_lines_is_the_diff(data: st.DataObject) -> None:
    text = data.draw(st.lists(st.sampled_from(["", "a", "b = 1", "-x", "+y", "@@ z"]), max_size=12).map("\n".join))
    raw = text.encode()
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, len(raw)))
    new = data.draw(st.sampled_from([b"", b"c", b"c\nd", b"\n", b"-- e"]))
    edit = ByteEdit(start, end, new)
    mutant = Mutant(
        "0123456789", "op", FaultClass.BOUNDARY, Tier.FINE, "f:script", "f", "f", "", 1, (edit,), "", "", "", ""
    )  # fmt: skip
    told = diff({"f": raw}, mutant)
    shown = folded(told, text)
    whole = unfolded(shown, text.split("\n")) if isinstance(shown, list) else shown.split("\n")[2:]
    assert whole == told.split("\n")[2:]


@settings(max_examples=60, deadline=None)
@given(anything, st.sampled_from(["python", "shell", "yaml", "c", "no-such-language"]))
def test_colours_never_reach_beyond_the_text(text: str, language: str) -> None:
    lengths = [int(length) for length in re.findall(r"[a-z](\d+)", runs(text, language))]
    assert sum(lengths) <= len(text)


def test_code_has_colours_and_what_is_too_large_has_none() -> None:
    assert runs("def f():\n    return 1", "python").startswith("k3p1f1")
    assert runs("x" * 100_000, "python") == ""
    assert Colours(left=3).runs("def f(): pass", "python", "") == ""


def test_the_pages_own_files_stand_in_it_unescaped_and_make_no_markup_of_text() -> None:
    for name in [*(f"{script}.js" for script in SCRIPTS), "report.css"]:
        text = (PAGE / name).read_text(encoding="utf-8")
        assert "</" not in text, name
        assert "<!--" not in text, name
        for way in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "srcdoc",
            "fetch(",
            "url(",
        ):
            assert way not in text, (name, way)
        assert set(re.findall(r"https?://[^\"' ]+", text)) <= {"http://www.w3.org/2000/svg"}, name
    known = {f"{script}.js" for script in SCRIPTS} | {"report.css"}
    assert {each.name for each in PAGE.iterdir()} == known


def test_the_same_report_is_the_same_file(tmp_path: Path) -> None:
    for name in ("one.html", "two.html"):
        render(report(3, 10), tmp_path / name)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.write_text("the old one")
    broken = report(2, 5)
    del broken["tasks"][1]["mutants"]
    with pytest.raises(KeyError):
        render(broken, out)
    assert out.read_text() == "the old one"
    assert list(tmp_path.iterdir()) == [out]
