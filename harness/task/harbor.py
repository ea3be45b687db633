"""Harbor's task layout: task.toml, instruction.md, environment/, solution/, tests/, or steps/<name>/ of the last three.

The rules are those of Harbor 0.24 to 0.26; where these differ, runners.py beside this says how.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.engine.contract import Healthcheck, Limits, Recipe
from harness.task import scripts
from harness.task.built import COMPOSE, CONFIG, SERVICE, built_environment
from harness.task.documents import plain, read_toml
from harness.task.fields import Fields, as_number, show
from harness.task.files import Folder, read_part
from harness.task.model import (
    GPU,
    NO_TIME_LIMIT,
    Environment,
    FormatSpec,
    Hook,
    Network,
    NetworkMode,
    Scoring,
    Solution,
    Step,
    Task,
    Unusable,
    Verifier,
    has,
)
from harness.task.problems import Problems
from harness.task.runners import newest
from harness.task.unsent import unsent
from harness.task.weights import read_weights

PARTS = ("instruction.md", "environment", "solution", "tests", "steps")

_MUST_STAY = (CONFIG, "weights.json", *PARTS, "environment/Dockerfile", f"environment/{COMPOSE}")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMG])")
_MEGABYTES = {"K": 1 / 1024, "M": 1.0, "G": 1024.0}
_CANARY = re.compile(r"(<!--.*canary.*-->|#.*canary.*)", re.IGNORECASE)
_BAD_STEP_NAME = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_WRITES_REWARD = re.compile(rb"\breward\.(txt|json)\b")


def load(path: Path, name: str) -> Task | Unusable:
    """Read the task in `path`. Raises nothing, whatever the folder contains."""
    problems = Problems()
    folder = Folder(path, problems)
    task = _Loader(folder).task(name)
    digest = folder.survey(_must_stay)
    if task is None or problems.fatal:
        return Unusable(name, path, tuple(problems.found))
    gone = unsent(folder, tuple(step.name for step in task.steps))
    task = replace(task, digest=digest, unsent=gone, problems=tuple(problems.found))
    return task.run_by(task.runner)


HARBOR = FormatSpec(
    name="harbor",
    title="Harbor",
    runner="Harbor",
    config=CONFIG,
    parts=PARTS,
    load=load,
    reward_file=True,
    login_shell=False,
    waits_until_healthy=True,
)


def _must_stay(relative: str) -> bool:
    return relative in _MUST_STAY or relative.startswith(("tests/", "solution/", "steps/"))


@dataclass(frozen=True, slots=True)
class _Config:
    """The sections of task.toml, all read before any other file is examined."""

    environment: Environment
    image: str | None
    """[environment].docker_image; the recipe depends on the files, too."""
    build_timeout: float


@dataclass(frozen=True, slots=True)
class _VerifierConfig:
    timeout: float
    env: Mapping[str, str]
    user: str | None
    network: Network | None
    mode: str | None
    own: _Config | None
    collect: tuple[Hook, ...]


@dataclass(frozen=True, slots=True)
class _Common:
    """Values that all steps share, or that a step uses if it has none of its own."""

    config: _Config
    environment: Environment | None
    verifier: _VerifierConfig
    solution_env: Mapping[str, str]
    agent_timeout: float
    agent_user: str | None
    agent_network: Network | None
    excludes: Mapping[str, tuple[str, ...]]


class _Loader:
    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.problems = folder.problems

    def task(self, name: str) -> Task | None:
        document = read_toml(self.folder, self.folder.path(CONFIG))
        if document is None:
            return None
        root = Fields(document, self.problems, document.data)
        root.known("schema_version", "version")
        source = root.text("source")
        package = root.section("task")
        package.known("name", "version", "description", "authors", "keywords")
        metadata = root.raw("metadata")
        strategy = root.choice("multi_step_reward_strategy", ("mean", "final")) or "mean"
        artifacts, excludes = self._artifacts(root)
        config = self._environment(root.section("environment"))
        agent = root.section("agent")
        common = _Common(
            config=config,
            environment=self._built(config, self.folder.path("environment")),
            verifier=self._verifier_config(root.section("verifier")),
            solution_env=root.section("solution").environment("env"),
            agent_timeout=agent.seconds("timeout_sec", NO_TIME_LIMIT),
            agent_user=agent.user("user"),
            agent_network=self._phase_network(agent),
            excludes=excludes,
        )
        tables = root.tables("steps")
        names: set[str] = set()
        steps = [self._step(fields, names, common) for fields in tables] if tables else [self._only_step(common)]
        kept: dict[str, Any] = plain(metadata) if isinstance(metadata, dict) else {}
        if metadata is not None and not isinstance(metadata, dict):
            root.bad("metadata", "must be a table.")
        kept |= {"task": plain(document.data["task"])} if isinstance(document.data.get("task"), dict) else {}
        kept |= {"source": source} if source else {}
        kept |= dict(root.unknown())
        if common.environment is None or self.problems.fatal:
            return None
        return Task(
            name=name,
            path=self.folder.root,
            format=HARBOR,
            runner=newest(HARBOR.name),
            environment=common.environment,
            steps=tuple(step for step in steps if step is not None),
            digest="",
            reward_strategy=strategy,
            artifacts=artifacts,
            metadata=kept,
        )

    def _only_step(self, common: _Common) -> Step:
        instruction = self.folder.path("instruction.md")
        return Step(
            name="",
            instruction=self._instruction(instruction),
            instruction_file=instruction,
            solution=self._solution(None, common.solution_env),
            verifier=self._verifier(common, None, None),
            agent_timeout=common.agent_timeout,
            agent_user=common.agent_user,
            agent_network=common.agent_network,
            excludes=common.excludes,
        )

    # The sections of task.toml

    def _environment(self, fields: Fields) -> _Config:
        config = fields.document.file
        system = fields.choice("os", ("linux", "windows"))
        if system == "windows":
            self.problems.error(
                "needs-windows", f"{fields.name('os')} is windows; boxes are Linux.", config, fields.line("os"),
            )  # fmt: skip
        lacks = []
        gpus = int(fields.number("gpus", 0))
        fields.known("gpu_types", "mcp_servers", "skills_dir")
        if gpus:
            lacks.append(GPU)
            self.problems.warning("needs-gpu", _no_such("gpus", GPU, fields), config, fields.line("gpus"))
        if fields.raw("tpu"):
            lacks.append("a TPU")
            self.problems.warning("needs-tpu", _no_such("tpu", "a TPU", fields), config, fields.line("tpu"))
        return _Config(
            Environment(
                recipe=Recipe(self.folder.path("environment")),
                env=fields.environment("env"),
                workdir=fields.text("workdir") or None,
                network=self._network(fields),
                limits=Limits(
                    memory_mb=self._size(fields, "memory_mb", "memory"),
                    cpus=fields.number("cpus", 0.0),
                    disk_mb=self._size(fields, "storage_mb", "storage"),
                ),
                gpus=gpus,
                healthcheck=self._healthcheck(fields),
                lacks=tuple(lacks),
            ),
            image=fields.text("docker_image") or None,
            build_timeout=fields.seconds("build_timeout_sec", 600.0),
        )

    def _size(self, fields: Fields, key: str, older: str) -> int:
        value = fields.raw(older)
        megabytes = int(fields.number(key, 0))
        if not isinstance(value, str):
            if value is not None:
                fields.odd(older, f"is {show(value)} without a unit: Harbor ignores it. Use {key}.")
            return megabytes
        match = _SIZE.fullmatch(value.strip().upper().removesuffix("B").removesuffix("I"))
        if match is None:
            fields.bad(older, f"must be a size such as 2G or 512M, not {show(value)}.")
            return megabytes
        found = int(float(match[1]) * _MEGABYTES[match[2]])
        if megabytes and megabytes != found:
            fields.bad(older, f"is {found} MB and {key} {megabytes} MB; Harbor refuses the two.")
        return megabytes or found

    def _network(self, fields: Fields) -> Network:
        allowed = fields.flag("allow_internet")
        mode = fields.choice("network_mode", tuple(mode.value for mode in NetworkMode))
        hosts = fields.strings("allowed_hosts")
        if mode is None:
            if hosts:
                fields.odd("allowed_hosts", 'counts only with network_mode = "allowlist"; Harbor refuses it.')
            elif allowed is not None:
                return Network(NetworkMode.PUBLIC if allowed else NetworkMode.NONE, declared=True)
            return Network()
        return self._mode(fields, mode, hosts)

    def _phase_network(self, fields: Fields) -> Network | None:
        mode = fields.choice("network_mode", tuple(mode.value for mode in NetworkMode))
        hosts = fields.strings("allowed_hosts")
        return self._mode(fields, mode, hosts) if mode is not None else None

    def _mode(self, fields: Fields, mode: str, hosts: tuple[str, ...]) -> Network:
        if hosts and mode != NetworkMode.ALLOWLIST:
            fields.odd("allowed_hosts", 'counts only with network_mode = "allowlist"; Harbor refuses it.')
            hosts = ()
        return Network(NetworkMode(mode), tuple(host.strip().lower().rstrip(".") for host in hosts), declared=True)

    def _healthcheck(self, fields: Fields) -> Healthcheck | None:
        check = fields.table("healthcheck")
        if check is None:
            return None
        command = check.text("command")
        if not command:
            check.bad("command", "is missing: a healthcheck is a command.")
        return Healthcheck(
            command or "true",
            interval=check.number("interval_sec", 5.0),
            timeout=check.seconds("timeout_sec", 30.0),
            start_period=check.number("start_period_sec", 0.0),
            start_interval=check.number("start_interval_sec", 5.0),
            retries=max(1, int(check.number("retries", 3))),
        )

    def _verifier_config(self, fields: Fields) -> _VerifierConfig:
        mode = fields.choice("environment_mode", ("shared", "separate"))
        own = fields.table("environment")
        if own is not None and mode == "shared":
            fields.bad("environment_mode", 'is "shared" although [verifier.environment] is there; Harbor refuses that.')
        hooks = []
        for hook in fields.tables("collect"):
            command = hook.text("command")
            service = hook.text("service", SERVICE)
            if not command:
                hook.bad("command", "is missing.")
            elif service != SERVICE:
                hook.odd("service", f"is {show(service)}: only {SERVICE} runs here, so the hook does not.")
            else:
                hooks.append(Hook(command, hook.seconds("timeout_sec", 60.0), hook.user("user")))
        return _VerifierConfig(
            timeout=fields.seconds("timeout_sec", 600.0),
            env=fields.environment("env"),
            user=fields.user("user"),
            network=self._phase_network(fields),
            mode=mode or ("separate" if own is not None else None),
            own=self._environment(own) if own is not None else None,
            collect=tuple(hooks),
        )

    def _artifacts(self, fields: Fields) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
        paths = []
        excludes = {}
        for entry in fields.entries("artifacts"):
            if isinstance(entry, str):
                source: str | None = entry
            else:
                source = entry.text("source")
                entry.known("destination")
                service = entry.text("service", SERVICE)
                patterns = entry.strings("exclude")
                if service != SERVICE:
                    entry.odd("service", f"is {show(service)}: only {SERVICE} runs here, so it is not collected.")
                    continue
                if source and patterns:
                    excludes[source] = patterns
            if not source or "\0" in source or ".." in source.split("/"):
                fields.bad("artifacts", f"holds {show(source)}, which cannot be collected.")
            else:
                paths.append(source)
        return tuple(paths), excludes

    # The files

    def _instruction(self, path: Path) -> str:
        if not os.path.lexists(path):
            self.problems.error("missing-instruction", f"{self.folder.name(path)} is not there.", path)
            return ""
        text = self.folder.text(path, code="binary-instruction")
        if text is None:
            return ""
        lines = text.replace("\r\n", "\n").split("\n")
        start = 0
        while start < len(lines) and _CANARY.fullmatch(lines[start].strip()):
            start += 1
        while start < len(lines) and not lines[start].strip():
            start += 1
        text = "\n".join(lines[start:])
        if not text.strip():
            self.problems.warning("empty-instruction", f"{self.folder.name(path)} is empty.", path)
        return read_part(text, self.folder.name(path), path, self.problems)

    def _solution(self, step: str | None, env: Mapping[str, str]) -> Solution | None:
        """A step's own solution if it has the folder, else the task's."""
        place = self.folder.path("solution")
        if step is not None and "solution" in self.folder.names(self.folder.path("steps", step)):
            place = self.folder.path("steps", step, "solution")
        script = place / "solve.sh"
        if self.folder.shut(place):
            return None
        if not os.path.lexists(script):
            others = self.folder.names(place)
            beside = f"; there is only {', '.join(others[:5])}" if others else ""
            whose = f"Step {step} has" if step is not None else "The task has"
            self.problems.error(
                "missing-solution", f"{whose} no {self.folder.name(script)}{beside}: without a reference nothing "
                "can be measured.", script,
            )  # fmt: skip
            return None
        if not scripts.look_at(self.folder, script, direct=True):
            return None
        return Solution(place, script, "/solution", env)

    def _built(self, config: _Config, place: Path, key: str = "environment") -> Environment | None:
        return built_environment(self.folder, config.environment, config.image, config.build_timeout, place, key)

    def _verifier(self, common: _Common, step: str | None, of_step: _VerifierConfig | None) -> Verifier:
        """The task's [verifier], overridden by a step's."""
        config = common.verifier
        first = of_step or config
        shared_tests = self.folder.path("tests")
        own_tests = self.folder.path("steps", step, "tests") if step is not None else None
        separate = None
        owns_tests = False
        if ((of_step.mode if of_step else None) or config.mode) == "separate":
            separate, owns_tests = self._separate(config, of_step, own_tests, common.config)
        folders = tuple(place for place in (shared_tests, own_tests) if place and self.folder.is_folder(place))
        if not owns_tests:
            self._test_script(own_tests, shared_tests)
        weights, scoring = self._weights(folders)
        return Verifier(
            folders=() if owns_tests else folders,
            script="/tests/test.sh",
            scoring=scoring,
            # A step has its own time limit or the format's; the task's does not apply to it.
            timeout=first.timeout,
            env={**config.env, **(of_step.env if of_step else {})},
            user=first.user or config.user,
            network=first.network or config.network,
            separate=separate,
            owns_tests=owns_tests,
            weights=weights,
            collect=config.collect + (of_step.collect if of_step else ()),
        )

    def _separate(
        self, config: _VerifierConfig, of_step: _VerifierConfig | None, own_tests: Path | None, task: _Config
    ) -> tuple[Environment | None, bool]:
        """(the verifier's environment, whether its image contains the tests)."""
        settings = (of_step.own if of_step else None) or config.own or task
        candidates = [(config.own, self.folder.path("tests"))]
        if of_step is not None and own_tests is not None:
            candidates.insert(0, (of_step.own, own_tests))
        for own, place in candidates:
            if own is not None and own.image:
                return self._built(replace(settings, image=own.image), place, "verifier.environment"), True
            if any(self.folder.is_file(place / name) for name in ("Dockerfile", COMPOSE)):
                return self._built(replace(settings, image=None), place, "verifier.environment"), True
        return self._built(replace(settings, image=task.image), self.folder.path("environment")), False

    def _test_script(self, own: Path | None, shared: Path) -> None:
        places = [place / "test.sh" for place in (own, shared) if place is not None]
        for script in places:
            if os.path.lexists(script):
                scripts.look_at(self.folder, script, direct=True)
                return
        if any(self.folder.shut(script.parent) for script in places):
            return
        names = " or ".join(self.folder.name(script) for script in places)
        self.problems.error("missing-tests", f"There is no {names}, so nothing can be paid.", places[0])

    def _weights(self, folders: tuple[Path, ...]) -> tuple[dict[str, float], Scoring]:
        """The weights of SETA's second dataset. If the tests write a reward themselves, that reward counts."""
        path = self.folder.path("weights.json")
        if not os.path.lexists(path):
            return {}, Scoring.REWARD_FILE
        weights = read_weights(self.folder, path)
        writes = any(_WRITES_REWARD.search(data) for place in folders for data in self._scripts(place))
        return weights, Scoring.REWARD_FILE if writes or not weights else Scoring.WEIGHTS

    def _scripts(self, place: Path) -> Iterator[bytes]:
        for path in (place / name for name in self.folder.names(place)):
            if path.suffix in (".sh", ".py") and self.folder.is_file(path):
                yield self.folder.read(path) or b""

    def _step(self, fields: Fields, names: set[str], common: _Common) -> Step | None:
        name = fields.text("name")
        agent = fields.section("agent")
        of_step = self._verifier_config(fields.section("verifier"))
        healthcheck = self._healthcheck(fields)
        min_reward = self._min_reward(fields)
        artifacts, own_excludes = self._artifacts(fields)
        agent_timeout = agent.seconds("timeout_sec", common.agent_timeout)
        agent_user = agent.user("user") or common.agent_user
        agent_network = self._phase_network(agent) or common.agent_network
        if not name or _bad_step_name(name):
            fields.bad("name", f"is {show(name)}: it must be a plain folder name.")
            return None
        key = unicodedata.normalize("NFC", name).casefold()
        if key in names:
            fields.bad("name", f"is {show(name)} a second time.")
            return None
        names.add(key)
        place = self.folder.path("steps", name)
        if not self.folder.is_folder(place):
            self.problems.error("missing-step", f"The folder {self.folder.name(place)} of step {name} is not there.",
                                fields.document.file, fields.line("name"))  # fmt: skip
            return None
        instruction = place / "instruction.md"
        workdir = place / "workdir"
        setup = workdir / "setup.sh"
        if self.folder.is_file(setup):
            scripts.look_at(self.folder, setup, direct=False)
        return Step(
            name=name,
            instruction=self._instruction(instruction),
            instruction_file=instruction,
            solution=self._solution(name, common.solution_env),
            verifier=self._verifier(common, name, of_step),
            agent_timeout=agent_timeout,
            agent_user=agent_user,
            agent_network=agent_network,
            workdir_files=workdir if self.folder.is_folder(workdir) else None,
            setup=setup if self.folder.is_file(setup) else None,
            healthcheck=healthcheck,
            min_reward=min_reward,
            artifacts=artifacts,
            excludes={**common.excludes, **own_excludes},
        )

    def _min_reward(self, fields: Fields) -> dict[str, float]:
        value = fields.raw("min_reward")
        if value is None:
            return {}
        found = {
            name: as_number(item) for name, item in (value if isinstance(value, dict) else {"reward": value}).items()
        }
        if any(number is None for number in found.values()):
            fields.bad("min_reward", "must be a number or a table of numbers.")
        return {str(name): number for name, number in found.items() if number is not None}


def _no_such(key: str, what: str, fields: Fields) -> str:
    return f"{fields.name(key)} asks for {what}; {has(what)}, and without a reference that fails proves nothing."


def _bad_step_name(name: str) -> bool:
    return (
        not name.strip()
        or name in (".", "..")
        or name.endswith((".", " "))
        or _BAD_STEP_NAME.search(name) is not None
        or len(name.encode("utf-8", "surrogatepass")) > 255
    )
