from __future__ import annotations

import pytest

from harness.engine.recipe.standin import StandIn, find_stand_in, parse_stand_in
from harness.errors import UsageError


@pytest.mark.parametrize(
    ("key", "reference"),
    [
        ("python:3.12-slim", "python:3.12-slim"),
        ("python:3.12-slim", "docker.io/library/python:3.12-slim"),
        ("docker.io/library/python:3.12-slim", "python:3.12-slim"),
        ("python:3.12-slim", "python:3.12-slim@sha256:" + "0" * 64),
        ("debian", "debian:latest"),
        ("debian:latest", "debian"),
        ("ghcr.io/x/t-bench:20250624", "ghcr.io/x/t-bench:20250624"),
        ("python:*", "python:3.9"),
        ("*", "anything/at:all"),
    ],
)
def test_a_mapping_matches_every_spelling_of_its_image(key: str, reference: str) -> None:
    assert find_stand_in({key: "stand-in"}, reference) == StandIn("stand-in")


@pytest.mark.parametrize(
    ("key", "reference"), [("python:3.12", "python:3.13"), ("python", "python:3.12"), ("*", "scratch"), ("b", "a/b")]
)
def test_another_image_is_not_matched(key: str, reference: str) -> None:
    assert find_stand_in({key: "stand-in"}, reference) is None


def test_the_exact_name_wins_over_patterns_and_the_longest_pattern_over_the_star() -> None:
    images = {"*": "star", "python:*": "pattern", "python:3.12": "exact", "scratch": "empty"}
    found = [find_stand_in(images, name) for name in ("python:3.12", "python:3.13", "debian", "scratch")]
    assert [each.base for each in found if each] == ["exact", "pattern", "star", "empty"]


def test_settings_follow_the_base_after_semicolons() -> None:
    text = "debian:12; ENV A=b=c ;WORKDIR /app;USER dev;env B="
    assert parse_stand_in(text) == StandIn("debian:12", {"A": "b=c", "B": ""}, "/app", "dev")


@pytest.mark.parametrize("text", ["", ";USER x", "a;ENV b", "a;WORKDIR app", "a;CMD x", "a;USER"])
def test_a_mapping_that_says_nothing_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_stand_in(text)


def test_only_what_looks_like_a_path_is_one() -> None:
    assert parse_stand_in("rootfs").path is None
    assert str(parse_stand_in("./rootfs").path) == "rootfs"
