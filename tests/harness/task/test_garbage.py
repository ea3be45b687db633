"""No file, whatever is in it, does worse to a loader than a problem."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import tomlkit
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.task.discover import discover
from harness.task.documents import plain
from harness.task.model import Task, Unusable
from tests.harness.task.folders import COMPOSE, HARBOR, TERMINAL_BENCH, write

FILES = [
    (HARBOR, "task.toml"),
    (HARBOR, "environment/docker-compose.yaml"),
    (HARBOR, "environment/.env"),
    (HARBOR, "weights.json"),
    (HARBOR, "instruction.md"),
    (HARBOR, "solution/solve.sh"),
    (TERMINAL_BENCH, "task.yaml"),
    (TERMINAL_BENCH, "docker-compose.yaml"),
    (TERMINAL_BENCH, "solution.yaml"),
    (TERMINAL_BENCH, "weights.json"),
]

KEYS = st.sampled_from(
    "steps name verifier environment agent solution env healthcheck command interval_sec artifacts source exclude"
    " metadata task timeout_sec user network_mode allowed_hosts docker_image memory cpus gpus os collect"
    " min_reward test 1 services main client build context dockerfile args target volumes networks deploy resources"
    " limits tmpfs type entrypoint env_file path instruction descriptions description key block append_enter"
    " x-y <<".split()
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.text(max_size=8),
    st.sampled_from(["${A:-b}", "${", "none", "separate", "5s", "2G", "/tests", "../..", "CMD", "main", "a\0b", "~/x"]),
)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=25
)


def read(base: dict[str, str | bytes | None], name: str, data: bytes) -> None:
    with TemporaryDirectory() as folder:
        changes: dict[str, str | bytes | None] = {name: data}
        if name == "solution.yaml":
            changes["solution.sh"] = None
        (result,) = discover([write(Path(folder), base, changes)])
    assert isinstance(result, Task) or result.problems
    for problem in result.problems:
        assert problem.message.encode()
        assert problem.line is None or problem.line > 0
    if isinstance(result, Task):
        json.dumps(result.metadata, allow_nan=False).encode()
    assert isinstance(result, Task | Unusable)


def as_toml(tree: object) -> bytes:
    def without_null(value: object) -> object:
        if isinstance(value, dict):
            return {key: without_null(item) for key, item in value.items() if item is not None}
        if isinstance(value, list):
            return [without_null(item) for item in value if item is not None]
        return value

    data = without_null(tree)
    return tomlkit.dumps(data if isinstance(data, dict) else {"steps": data or []}).encode("utf-8", "replace")


def as_yaml(tree: object) -> bytes:
    return bytes(yaml.safe_dump(tree, encoding="utf-8", allow_unicode=True))


def as_json(tree: object) -> bytes:
    return json.dumps(plain(tree)).encode()


def writer(name: str) -> Callable[[object], bytes]:
    return {"toml": as_toml, "json": as_json}.get(name.rpartition(".")[2], as_yaml)


@pytest.mark.parametrize(("base", "name"), FILES, ids=[name for _, name in FILES])
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.binary(max_size=200))
def test_any_bytes_in_any_file_are_survived(base: dict[str, str | bytes | None], name: str, data: bytes) -> None:
    read(base, name, data)


@pytest.mark.parametrize(("base", "name"), FILES, ids=[name for _, name in FILES])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree=TREES)
def test_any_well_formed_nonsense_is_survived(base: dict[str, str | bytes | None], name: str, tree: object) -> None:
    read(base, name, writer(name)(tree))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(section=st.sampled_from(["environment", "verifier", "agent", "solution", "task", "metadata"]), tree=TREES)
def test_any_value_in_any_section_is_survived(section: str, tree: object) -> None:
    read(HARBOR, "task.toml", as_toml({section: tree}))
    read(HARBOR, "task.toml", as_toml({"steps": [{"name": "a", section: tree}]}))
    read(HARBOR, "task.toml", as_toml({"verifier": {"environment": {section: tree}}}))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree=st.dictionaries(KEYS, TREES))
def test_any_service_is_survived(tree: object) -> None:
    read(TERMINAL_BENCH, "docker-compose.yaml", as_yaml({"services": {"client": tree}}))


@settings(max_examples=50, deadline=None)
@given(cut=st.integers(0, len(COMPOSE)), data=st.text(max_size=10))
def test_a_compose_file_cut_anywhere_is_survived(cut: int, data: str) -> None:
    read(TERMINAL_BENCH, "docker-compose.yaml", (COMPOSE[:cut] + data + COMPOSE[cut + 3 :]).encode())
