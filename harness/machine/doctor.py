"""`foolsgold doctor`: which engine is used here and why, and the self-check of each engine that can be used."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness import __version__
from harness.engine.choose import ENGINES, make_engine
from harness.engine.contract import Engine, EngineOptions, EngineReport, Recipe
from harness.engine.selfcheck import CheckOutcome, CheckResult, run_selfcheck
from harness.errors import EngineUnavailable, ExitCode, FoolsgoldError, UsageError
from harness.machine.advice import Advice

SCHEMA = "foolsgold.doctor/1"
BASE = "debian:bookworm-slim"


@dataclass(frozen=True, slots=True)
class EngineExamined:
    """One engine: its own report, and the results of the self-check."""

    report: EngineReport
    checks: tuple[CheckResult, ...] = ()
    not_checked: str = ""
    """Why no check was run; '' if checks were run."""

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        return tuple(check for check in self.checks if check.outcome is CheckOutcome.FAILED)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    wanted: str
    """The engine asked for: auto, bwrap or docker."""
    used: str
    """The engine that a run with these options uses; '' if there is none."""
    why: str
    engines: tuple[EngineExamined, ...]
    advice: tuple[Advice, ...] = ()
    """What is missing, with the commands that mend it."""

    @property
    def exit_code(self) -> ExitCode:
        """Success if the engine that would be used exists and keeps its contract."""
        for one in self.engines:
            if one.report.name == self.used:
                return ExitCode.BELOW_BAR if one.failed else ExitCode.UNMEASURED if one.not_checked else ExitCode.OK
        return ExitCode.UNMEASURED


def examine(
    wanted: str, options: EngineOptions, on_result: Callable[[str, CheckResult], None] | None = None
) -> Diagnosis:
    """Examine the engine that the user named, or all engines for `auto`."""
    used, why = chosen(wanted, options)
    names = [name for name in ENGINES if name != "auto"] if wanted == "auto" else [wanted]
    return Diagnosis(wanted, used, why, tuple(_examine(name, options, on_result) for name in names))


def chosen(wanted: str, options: EngineOptions) -> tuple[str, str]:
    """(the engine that would be used, why); ('', what is missing) if there is none."""
    try:
        with make_engine(wanted, options) as engine:
            used = engine.name
    except UsageError:
        raise
    except FoolsgoldError as error:
        return "", str(error)
    if wanted != "auto":
        return used, "you named it"
    if used == "docker":
        return used, "a Docker daemon answers"
    if any(base.partition(";")[0].strip() == "host" for base in options.images.values()):
        return used, "a FROM is mapped to this machine's own root, which only bwrap can use as a base"
    return used, "no Docker daemon answers"


def no_network(engine: str, before: str = "") -> str:
    """Behind `before`, why that engine's boxes can have no network here and what to install; '' where they can."""
    if not engine:
        return ""
    with make_engine(engine, EngineOptions()) as made:
        said = made.no_network()
    return f"{before}{said}" if said else ""


def _examine(name: str, options: EngineOptions, on_result: Callable[[str, CheckResult], None] | None) -> EngineExamined:
    try:
        engine = make_engine(name, options)
    except FoolsgoldError as error:
        return EngineExamined(EngineReport(name, False, "", tuple(str(error).splitlines())))
    with engine:
        report = engine.report()
        if not report.usable:
            return EngineExamined(report)
        try:
            with _recipe() as recipe:
                image = engine.build(recipe)
        except FoolsgoldError as error:
            return EngineExamined(report, (), f"there is no image to check it with: {error}")
        checks = run_selfcheck(engine, image, on_result=(lambda check: on_result(name, check)) if on_result else None)
        return EngineExamined(report, tuple(checks))


@contextmanager
def _recipe() -> Iterator[Recipe]:
    """The smallest image: the base itself."""
    with tempfile.TemporaryDirectory(prefix="foolsgold-") as folder:
        dockerfile = Path(folder) / "Dockerfile"
        dockerfile.write_text(f"FROM {BASE}\n")
        yield Recipe(Path(folder), dockerfile)


def usable_engines(names: Sequence[str], options: EngineOptions, *, must: bool) -> Iterator[Engine]:
    """Each engine that can be used here; closed afterwards. With `must`, an engine that cannot be used is an error."""
    for name in names:
        try:
            engine = make_engine(name, options)
        except EngineUnavailable:
            if must:
                raise
            continue
        with engine:
            yield engine


def doctor_json(found: Diagnosis) -> dict[str, Any]:
    return {"schema": SCHEMA, "foolsgold": __version__, "exit_code": int(found.exit_code), **asdict(found)}
