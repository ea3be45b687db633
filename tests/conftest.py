"""Fixtures every test may use.

Mark a test with what it needs: `bwrap`, `docker`, `network`, `parity`, `browser`, `ray`, `openenv`. Where that is
missing the test is skipped with the reason and the reasons are listed at the end of the run; with FOOLSGOLD_CI=1 it
fails instead, so that nothing is skipped unseen.

- `bwrap_engine`, `docker_engine`: one engine of each kind for the whole session, every `FROM` mapped to a stand-in.
- `engine`: runs the test once with each of the two, already marked. `engine_name` alone gives just the name.
- `stand_in(name)`: the `--image` mapping for an engine: the host's root for bwrap, FOOLSGOLD_TEST_IMAGE for docker.
- `recipe_of`: a Dockerfile's text and files to a Recipe in a folder of its own.
- `test_image`: the name in FOOLSGOLD_TEST_IMAGE, an image with bash, python3, git and curl, made by .ci/run.
- `ordinary`: runs Python as a user without rights, on a copy of this checkout that user can read.
- FOOLSGOLD_OPENENV: a folder with openenv and pydantic for this Python, for the tests of its graders.
- FOOLSGOLD_HARBOR_PYTHON: a Python 3.12+ with harbor 0.24 installed, for the parity tests.
- FOOLSGOLD_NEWEST_HARBOR: a folder with the newest harbor that is known, which that Python can run.

`.ci/run prepare` makes all of it and prints the settings.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from harness.engine.choose import make_engine
from harness.engine.contract import Engine, EngineOptions, Recipe
from harness.errors import FoolsgoldError

CI = os.environ.get("FOOLSGOLD_CI") == "1"
CHROMIUM = os.environ.get("FOOLSGOLD_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
# How long an example takes says more about the machine than about the code. CI tries the same ones every time.
settings.register_profile("foolsgold", deadline=None, derandomize=CI, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("foolsgold")
TEST_IMAGE = os.environ.get("FOOLSGOLD_TEST_IMAGE", "foolsgold-ci-base")

RecipeOf = Callable[..., Recipe]


def stand_in(engine_name: str) -> Mapping[str, str]:
    return {"*": TEST_IMAGE if engine_name == "docker" else "host"}


def _missing_engine(name: str) -> str:
    try:
        with make_engine(name, EngineOptions(images=stand_in(name))) as engine:
            report = engine.report()
    except FoolsgoldError as error:
        return str(error)
    return "" if report.usable else " ".join(report.lines)


def _missing_bwrap() -> str:
    return _missing_engine("bwrap")


def _missing_docker() -> str:
    missing = _missing_engine("docker")
    if missing:
        return missing
    found = subprocess.run(["docker", "image", "inspect", TEST_IMAGE], capture_output=True, check=False)
    return "" if found.returncode == 0 else f"no image {TEST_IMAGE}; run .ci/run or set FOOLSGOLD_TEST_IMAGE"


def _missing_network() -> str:
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir", "--dest", folder]
        answer = subprocess.run([*pip, "iniconfig"], capture_output=True, check=False, text=True)
    return "" if answer.returncode == 0 else f"the package index does not answer: {answer.stderr.strip()[-300:]}"


def _missing_parity() -> str:
    missing = _missing_docker()
    if missing:
        return missing
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0:
        return "`docker compose` (version 2) is not installed"
    python = os.environ.get("FOOLSGOLD_HARBOR_PYTHON", "")
    if not python or shutil.which(python) is None:
        return "FOOLSGOLD_HARBOR_PYTHON does not name a Python with harbor installed"
    if not Path(os.environ.get("FOOLSGOLD_NEWEST_HARBOR", "/nowhere"), "harbor").is_dir():
        return "FOOLSGOLD_NEWEST_HARBOR does not name a folder with the newest harbor"
    return ""


def _missing_browser() -> str:
    return "" if CHROMIUM else "no chromium on PATH; install it or set FOOLSGOLD_CHROMIUM"


def _missing_ray() -> str:
    return "" if find_spec("ray") else "ray is not installed; pip install 'foolsgold[ray]'"


def _missing_openenv() -> str:
    folder = os.environ.get("FOOLSGOLD_OPENENV", "")
    return (
        "" if folder and Path(folder, "openenv").is_dir() else "FOOLSGOLD_OPENENV does not name a folder with openenv"
    )


_NEEDS: Mapping[str, Callable[[], str]] = {
    "bwrap": cache(_missing_bwrap),
    "docker": cache(_missing_docker),
    "network": cache(_missing_network),
    "parity": cache(_missing_parity),
    "browser": cache(_missing_browser),
    "ray": cache(_missing_ray),
    "openenv": cache(_missing_openenv),
}

AUDITS = bool(os.environ.get("FOOLSGOLD_AUDITS") or os.environ.get("UPDATE_SNAPSHOTS"))


def pytest_configure(config: pytest.Config) -> None:
    """Of several processes none is left with the slowest file at the end: those of tests/e2e come first, as they are
    named, and not last, as few tests would have it."""
    config.option.loadscopereorder = False
    # A shell starts what runs in its background deaf to Ctrl-C, which these tests are about.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Audits of every fixture take minutes an engine: they run where FOOLSGOLD_AUDITS=1 asks for them, and are counted
    as deselected elsewhere. FOOLSGOLD_AUDITS=all tries every probe on docker too, and to forge each
    fixture's reward, not that of one of each kind."""
    if not AUDITS:
        left_out = [item for item in items if item.get_closest_marker("audits") is not None]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item.get_closest_marker("audits") is None]


_not_run: Counter[str] = Counter()


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, missing in _NEEDS.items():
        if item.get_closest_marker(marker) is None:
            continue
        reason = missing()
        if reason and CI:
            pytest.fail(f"{marker}: {reason}", pytrace=False)
        if reason:
            pytest.skip(f"{marker}: {reason}")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        marker = next((name for name in _NEEDS if name in report.keywords), "other")
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        _not_run[f"{marker} test(s) did not run: {reason.removeprefix('Skipped: ')}"] += 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    if CI and _not_run and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _not_run:
        terminalreporter.section("not run" + (": an error with FOOLSGOLD_CI=1" if CI else ""), red=CI, yellow=not CI)
        for reason, count in sorted(_not_run.items()):
            terminalreporter.line(f"{count} {reason}")


@pytest.fixture(scope="session")
def test_image() -> str:
    return TEST_IMAGE


@pytest.fixture(scope="session")
def _engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Engine]]:
    made: dict[str, Engine] = {}

    def get(name: str) -> Engine:
        if name not in made:
            options = EngineOptions(images=stand_in(name), cache=tmp_path_factory.mktemp(f"{name}-cache"))
            made[name] = make_engine(name, options)
        return made[name]

    yield get
    for engine in made.values():
        engine.close()


@pytest.fixture(
    params=[pytest.param("bwrap", marks=pytest.mark.bwrap), pytest.param("docker", marks=pytest.mark.docker)]
)
def engine_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def engine(engine_name: str, _engines: Callable[[str], Engine]) -> Engine:
    return _engines(engine_name)


@pytest.fixture(scope="session")
def bwrap_engine(_engines: Callable[[str], Engine]) -> Engine:
    """Mark the test `bwrap`."""
    return _engines("bwrap")


@pytest.fixture(scope="session")
def docker_engine(_engines: Callable[[str], Engine]) -> Engine:
    """Mark the test `docker`."""
    return _engines("docker")


@pytest.fixture
def recipe_of(tmp_path_factory: pytest.TempPathFactory) -> RecipeOf:
    """`recipe_of("FROM debian\\n...", {"name": "text"})`: a fresh context folder with that Dockerfile and files."""

    def make(dockerfile: str, files: Mapping[str, str | bytes] | None = None) -> Recipe:
        context = tmp_path_factory.mktemp("context")
        for name, content in {"Dockerfile": dockerfile, **(files or {})}.items():
            path = context / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return Recipe(context=context, dockerfile=context / "Dockerfile")

    return make


@pytest.fixture(scope="session")
def fixtures_folder() -> Path:
    return Path(__file__).parent.parent / "fixtures"


@dataclass(frozen=True, slots=True)
class Ordinary:
    """A user without rights: this one, or for root the one FOOLSGOLD_ORDINARY_USER names."""

    prefix: tuple[str, ...]
    python: str
    source: Path
    """The checkout, or a copy of it, where harness, mutator and tests can be imported."""
    scratch: Path
    """A folder the user owns, below folders everybody may enter."""

    def imports(self) -> Mapping[str, str]:
        """What is imported is compiled once, in a folder of the user's."""
        return {"PYTHONPATH": str(self.source), "PYTHONPYCACHEPREFIX": str(self.scratch.with_name("compiled"))}

    def run(
        self, *arguments: str, timeout: float = 120, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """`python ARGUMENTS...` as that user, in `source`."""
        home = {"HOME": str(self.scratch), "TMPDIR": str(self.scratch), "XDG_RUNTIME_DIR": ""}
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "LANG", "PATH"))}
        return subprocess.run(
            [*self.prefix, self.python, *arguments],
            cwd=self.source,
            env={**kept, **home, **self.imports(), **(env or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


@pytest.fixture(scope="session")
def ordinary() -> Iterator[Ordinary]:
    with tempfile.TemporaryDirectory(prefix="foolsgold-ordinary-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        scratch, compiled = folder / "scratch", folder / "compiled"
        scratch.mkdir()
        compiled.mkdir()
        checkout = Path(__file__).parent.parent
        if os.geteuid() != 0:
            yield Ordinary((), sys.executable, checkout, scratch)
            return
        user = os.environ.get("FOOLSGOLD_ORDINARY_USER", "nobody")
        python = os.environ.get("FOOLSGOLD_ORDINARY_PYTHON", sys.executable)
        shutil.chown(scratch, user)
        shutil.chown(compiled, user)
        for part in ("harness", "mutator", "tests", "fixtures", "pyproject.toml"):
            source, copy = checkout / part, folder / "source" / part
            if source.is_dir():
                shutil.copytree(source, copy, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy)
        subprocess.run(["chmod", "-R", "a+rX", folder / "source"], check=True)
        prefix = ("setpriv", f"--reuid={user}", f"--regid={_group(user)}", "--init-groups", "--inh-caps=-all")
        made = Ordinary(prefix, python, folder / "source", scratch)
        # It starts itself, too: what the first start may read by its caller's rights, the second may not.
        again = "import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True)"
        works = made.run("-c", f"import click, docker, tomlkit; import harness.engine.contract; {again}")
        if works.returncode != 0:
            reason = f"{python} is of no use to the user {user}; `.ci/run prepare` makes one: {works.stderr[-300:]}"
            if CI:
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason)
        yield made


def _group(user: str) -> int:
    return pwd.getpwnam(user).pw_gid
