"""Text that a task wrote, where it is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.untrusted import clip, shown, visible, wrapped


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plain, ünïcode and 漢字", "plain, ünïcode and 漢字"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("a\u202eb\u2028c", "a\\u202eb\\u2028c"),
        ("\U000e0041\udc80", "\\U000e0041\\udc80"),
        ("one\n\ttwo", "one\n\ttwo"),
    ],
)
def test_what_would_move_a_cursor_or_turn_a_line_round_is_spelled_out(text: str, said: str) -> None:
    assert shown(text) == said


def test_who_shows_names_keeps_no_tab() -> None:
    assert shown("a\tb\nc", keep="\n") == "a\\x09b\nc"


@given(st.text())
def test_one_line_stays_one_line_and_prints(text: str) -> None:
    assert visible(text).isprintable()


@given(st.text(), st.integers(0, 40))
def test_what_is_cut_off_is_marked(text: str, width: int) -> None:
    assert clip(text, width) == text or clip(text, width).endswith("...")
    assert len(clip(text, width)) <= max(width, 3)


def test_a_long_word_stays_whole() -> None:
    assert wrapped("see /a/very/long/path/to/it here", 10, "  ") == ["  see", "  /a/very/long/path/to/it", "  here"]
    assert wrapped("", 10, "  ") == [""]
