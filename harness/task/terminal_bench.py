"""Terminal-Bench 1's task layout, and SETA's first dataset, which adds weights.json to it.

task.yaml, Dockerfile, docker-compose.yaml with the service `client`, solution.sh or solution.yaml, run-tests.sh and
tests/. The rules are those of terminal-bench 0.2.18.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from harness.engine.contract import Recipe
from harness.task import scripts
from harness.task.compose import RUNNER_FOLDER, Service
from harness.task.compose_file import environment_of, read_service
from harness.task.documents import Document, parse_yaml, plain, read_yaml
from harness.task.fields import Fields, show
from harness.task.files import Folder, read_part
from harness.task.model import (
    Environment,
    FormatSpec,
    Keys,
    Scoring,
    Solution,
    Step,
    Task,
    Unusable,
    Verifier,
)
from harness.task.problems import Problems
from harness.task.runners import newest
from harness.task.weights import read_weights

CONFIG = "task.yaml"
COMPOSE = "docker-compose.yaml"
SERVICE = "client"
PARSER = "pytest"

_OTHER_PARSERS = ("swebench", "swelancer", "mlebench", "sweperf")
PARTS = ("Dockerfile", COMPOSE, "solution.sh", "solution.yaml", "run-tests.sh", "tests")

_ABOUT = (
    "author_name", "author_email", "difficulty", "category", "tags", "estimated_duration_sec",
    "expert_time_estimate_min", "junior_time_estimate_min", "disable_asciinema",
)  # fmt: skip

_VARIABLES = {
    "T_BENCH_TASK_DOCKER_CLIENT_CONTAINER_NAME": "client",
    "T_BENCH_TASK_DOCKER_CLIENT_IMAGE_NAME": "client",
    "T_BENCH_TASK_DOCKER_NAME_PREFIX": "task",
    "T_BENCH_CONTAINER_LOGS_PATH": "/logs",
    "T_BENCH_CONTAINER_AGENT_LOGS_PATH": "/agent-logs",
    "T_BENCH_TEST_DIR": "/tests",
    "T_BENCH_TASK_LOGS_PATH": RUNNER_FOLDER,
    "T_BENCH_TASK_AGENT_LOGS_PATH": RUNNER_FOLDER,
}


def load(path: Path, name: str) -> Task | Unusable:
    """Read the task in `path`. Raises nothing, whatever the folder contains."""
    problems = Problems()
    folder = Folder(path, problems)
    task = _Loader(folder).task(name)
    digest = folder.survey(_must_stay)
    if task is None or problems.fatal:
        return Unusable(name, path, tuple(problems.found))
    return replace(task, digest=digest, problems=tuple(problems.found))


TERMINAL_BENCH = FormatSpec(
    name="terminal-bench",
    title="Terminal-Bench 1",
    runner="terminal-bench",
    config=CONFIG,
    parts=PARTS,
    load=load,
    reward_file=False,
    login_shell=True,
    waits_until_healthy=False,
)


def _must_stay(relative: str) -> bool:
    return relative in (CONFIG, "weights.json", *PARTS) or relative.startswith("tests/")


class _Loader:
    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.problems = folder.problems

    def task(self, name: str) -> Task | None:
        document = read_yaml(self.folder, self.folder.path(CONFIG))
        if document is None:
            return None
        fields = Fields(document, self.problems, document.data)
        fields.known(*_ABOUT)
        instruction = self._instruction(fields)
        agent_timeout = fields.seconds("max_agent_timeout_sec", 360.0)
        test_timeout = fields.seconds("max_test_timeout_sec", 60.0)
        same_shell = bool(fields.flag("run_tests_in_same_shell"))
        parser = self._parser(fields)
        metadata = {key: plain(document.data[key]) for key in _ABOUT if document.data.get(key) is not None}
        metadata |= dict(fields.unknown())
        environment = self._environment()
        solution = self._solution()
        verifier = self._verifier(test_timeout, same_shell, parser)
        if environment is None:
            return None
        step = Step(
            name="",
            instruction=instruction,
            instruction_file=document.file,
            solution=solution,
            verifier=verifier,
            agent_timeout=agent_timeout,
        )
        return Task(
            name=name,
            path=self.folder.root,
            format=TERMINAL_BENCH,
            runner=newest(TERMINAL_BENCH.name),
            environment=environment,
            steps=(step,),
            digest="",
            metadata=metadata,
        )

    def _instruction(self, fields: Fields) -> str:
        text = fields.text("instruction")
        if text is None:
            text = self._described(fields)
        else:
            fields.known("descriptions", "description")
        if text is None:
            self.problems.error("missing-instruction", f"{CONFIG} has no instruction.", fields.document.file)
            return ""
        if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
            self.problems.error(
                "binary-instruction", f"The instruction in {CONFIG} contains characters that cannot occur in text.",
                fields.document.file, fields.line("instruction"),
            )  # fmt: skip
        if not text.strip():
            self.problems.warning(
                "empty-instruction", f"The instruction in {CONFIG} is empty.", fields.document.file,
                fields.line("instruction"),
            )  # fmt: skip
        return read_part(text, f"The instruction in {CONFIG}", fields.document.file, self.problems)

    def _described(self, fields: Fields) -> str | None:
        """The instruction of an older task: a list of descriptions, of which the one with the key `base` counts."""
        found = [(entry.text("key"), entry.text("description")) for entry in fields.tables("descriptions")]
        texts = {key: text for key, text in reversed(found) if text is not None}
        chosen = texts.get("base", next((text for _, text in found if text is not None), None))
        return fields.text("description") if chosen is None else chosen

    def _parser(self, fields: Fields) -> str:
        parser = fields.text("parser_name", PARSER) or PARSER
        if parser != PARSER:
            known = "foolsgold reads pytest's only" if parser in _OTHER_PARSERS else "terminal-bench does not know it"
            self.problems.error(
                "unsupported-parser", f"parser_name is {show(parser)}: {known}.", fields.document.file,
                fields.line("parser_name"),
            )  # fmt: skip
        return parser

    def _environment(self) -> Environment | None:
        root = self.folder.root
        compose = root / COMPOSE
        if not os.path.lexists(compose):
            if not self.folder.is_file(root / "Dockerfile"):
                self.problems.error("missing-environment", f"There is neither {COMPOSE} nor Dockerfile.", root)
                return None
            self.problems.warning(
                "missing-compose",
                f"There is no {COMPOSE}: terminal-bench does not start this task; its Dockerfile is built as it is.",
                root,
            )
            return Environment(Recipe(root, root / "Dockerfile"), env={"TEST_DIR": "/tests"})
        service = read_service(self.folder, compose, SERVICE, _VARIABLES, any_name=True)
        recipe = self._recipe(service, compose)
        if recipe is None:
            return None
        return replace(
            environment_of(service, recipe),
            network=service.network,
            gpus=service.gpus,
            compose=compose,
            beside=service.beside,
            sidecars=service.sidecars,
            internal=service.internal,
            lacks=service.lacks,
        )

    def _recipe(self, service: Service, compose: Path) -> Recipe | None:
        if not service.builds:
            if service.image:
                return Recipe(self.folder.root, image=service.image)
            if not self.problems.fatal:
                self.problems.error("missing-environment", f"{COMPOSE} neither builds nor names an image.", compose)
            return None
        if service.context is None:
            return None
        dockerfile = Path(os.path.normpath(service.context / (service.dockerfile or "Dockerfile")))
        if not self.folder.is_file(dockerfile):
            self.problems.error(
                "missing-environment", f"{self.folder.name(dockerfile)} is not there to build from.", compose
            )
            return None
        return Recipe(service.context, dockerfile, build_args=service.args, target=service.target)

    def _solution(self) -> Solution | None:
        root = self.folder.root
        script, keys = root / "solution.sh", root / "solution.yaml"
        if os.path.lexists(script):
            if not scripts.look_at(self.folder, script, direct=False):
                return None
            return Solution(root, script, "/oracle", only=(script.name,))
        if os.path.lexists(keys):
            return Solution(root, keys, "/oracle", keys=self._keys(keys), only=(keys.name,))
        self.problems.error(
            "missing-solution",
            "There is neither solution.sh nor solution.yaml: without a reference nothing can be measured.",
            root,
        )
        return None

    def _keys(self, path: Path) -> tuple[Keys, ...]:
        text = self.folder.text(path)
        if text is None:
            return ()
        data, fine = parse_yaml(self.folder, path, text)
        if not fine:
            return ()
        if not isinstance(data, list) or not data:
            self.problems.error("bad-value", f"{path.name} must be a list of commands.", path, 1)
            return ()
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        nodes = node.value if isinstance(node, yaml.SequenceNode) else []
        # The reader has removed a byte order mark.
        bom = 3 if (self.folder.read(path) or b"").startswith(b"\xef\xbb\xbf") else 0
        document = Document(path, {}, lambda where: _line(nodes, where))
        found = []
        for index, entry in enumerate(data):
            if not isinstance(entry, dict):
                self.problems.error(
                    "bad-value", f"Entry {index + 1} of {path.name} must be a mapping with a command.", path,
                    _line(nodes, (index,)),
                )  # fmt: skip
                continue
            fields = Fields(document, self.problems, entry, (index,))
            command = fields.text("command")
            if command is None:
                fields.bad("command", "is missing.")
                continue
            found.append(
                Keys(
                    command=command,
                    min_timeout=fields.number("min_timeout_sec", 0.0),
                    max_timeout=fields.seconds("max_timeout_sec", 180.0),
                    block=bool(fields.flag("block")),
                    append_enter=fields.flag("append_enter") is not False,
                    span=_span(text, nodes[index], bom),
                )
            )
            for _ in fields.unknown():
                pass
        return tuple(found)

    def _verifier(self, timeout: float, same_shell: bool, parser: str) -> Verifier:
        root = self.folder.root
        script = root / "run-tests.sh"
        if not os.path.lexists(script):
            self.problems.error("missing-tests", "There is no run-tests.sh, so nothing can be paid.", script)
        else:
            scripts.look_at(self.folder, script, direct=False)
        weights: dict[str, float] = {}
        if os.path.lexists(root / "weights.json"):
            weights = read_weights(self.folder, root / "weights.json")
        return Verifier(
            folders=(root / "tests",) if self.folder.is_folder(root / "tests") else (),
            script="/tests/run-tests.sh",
            scoring=Scoring.WEIGHTS if weights else Scoring.PYTEST_TEXT,
            timeout=timeout,
            # A new shell runs as root, whoever the container's user is; the same shell runs as the solver.
            user=None if same_shell else "root",
            weights=weights,
            parser=parser,
            same_shell=same_shell,
            extra_files=((script, "/tests/run-tests.sh"),),
        )


def _scalar(node: yaml.Node) -> yaml.Node | None:
    """The `command` of one entry."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == "command"), None)


def _line(nodes: list[Any], where: tuple[str | int, ...]) -> int | None:
    if where and isinstance(where[0], int) and where[0] < len(nodes):
        return int(nodes[where[0]].start_mark.line) + 1
    return None


def _span(text: str, node: yaml.Node, bom: int) -> tuple[int, int] | None:
    scalar = _scalar(node)
    if scalar is None or scalar.start_mark is None or scalar.end_mark is None:
        return None
    start, end = scalar.start_mark.index, scalar.end_mark.index
    before = len(text[:start].encode()) + bom
    return before, before + len(text[start:end].encode())
