from __future__ import annotations

from pathlib import Path

import pytest

from harness.engine.contract import KEEP_ALIVE, Healthcheck, Limits
from harness.task.compose import RUNNER_FOLDER, Service
from harness.task.compose_file import read_service
from harness.task.files import Folder
from harness.task.model import Network, NetworkMode, ProblemSeverity
from harness.task.problems import Problems


def read(root: Path, service: str, *, rest: str = "", **variables: str) -> tuple[Service, Problems]:
    """A compose file whose only service has the lines of `service`."""
    lines = "".join(f"    {line}\n" for line in service.splitlines())
    path = root / "docker-compose.yaml"
    path.write_text(f"services:\n  main:\n{lines}{rest}")
    problems = Problems()
    return read_service(Folder(root, problems), path, "main", variables, any_name=False), problems


def clean(root: Path, service: str, *, rest: str = "", **variables: str) -> Service:
    found, problems = read(root, service, rest=rest, **variables)
    assert problems.found == []
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A", "1"),
        ("${A}", "1"),
        ("x${A}y$$A", "x1y$A"),
        ("${NO-d}${NO:-e}", "de"),
        ("${EMPTY-d}|${EMPTY:-e}", "|e"),
        ("${A:+yes}${NO:+yes}${EMPTY+there}", "yesthere"),
        ("${NO:-${A}${B:-}}", "1"),
        ("${A:?must be set}", "1"),
        ("100$ and ${", "100$ and ${"),
    ],
)
def test_variables_are_spelled_out_as_compose_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: str
) -> None:
    for name in ("A", "B", "NO", "EMPTY"):
        monkeypatch.delenv(name, raising=False)
    found = clean(tmp_path, f"environment: ['X={text}']", A="1", EMPTY="")
    assert found.env == {"X": expected}


def test_an_unset_variable_is_empty_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOOLSGOLD_UNSET", raising=False)
    found, problems = read(tmp_path, "hostname: a$FOOLSGOLD_UNSET")
    assert found.hostname == "a"
    assert [(problem.code, problem.severity) for problem in problems.found] == [
        ("missing-variable", ProblemSeverity.WARNING)
    ]


def test_a_demanded_variable_that_is_unset_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOOLSGOLD_UNSET", raising=False)
    _, problems = read(tmp_path, "hostname: ${FOOLSGOLD_UNSET:?a key}")
    assert [(problem.code, problem.severity) for problem in problems.found] == [
        ("missing-variable", ProblemSeverity.ERROR)
    ]
    assert "a key" in problems.found[0].message


def test_this_machines_variables_are_taken_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOLSGOLD_HERE", "secret")
    found, problems = read(tmp_path, "hostname: $FOOLSGOLD_HERE")
    assert found.hostname == "secret"
    assert [problem.code for problem in problems.found] == ["host-variable"]
    assert "secret" not in problems.found[0].message


def test_the_env_file_beside_it_sets_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOOLSGOLD_A", raising=False)
    (tmp_path / ".env").write_text("# said\nexport FOOLSGOLD_A='x y'  \nFOOLSGOLD_B=z # why\n\nbroken\n")
    assert clean(tmp_path, "environment: {A: $FOOLSGOLD_A, B: $FOOLSGOLD_B}").env == {"A": "x y", "B": "z"}


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("environment:\n  A: on\n  B: 012\n  C: 1.10\n  D:\n  E: ''", {"A": "on", "B": "012", "C": "1.10", "E": ""}),
        ("environment: [A=1, B=a=b, FOOLSGOLD_UNSET]", {"A": "1", "B": "a=b"}),
        ("env_file: one.env\nenvironment: [B=3]", {"A": "1", "B": "3"}),
        ("env_file: [one.env, {path: gone.env, required: false}]", {"A": "1", "B": "2"}),
    ],
)
def test_the_environment_is_text_in_every_spelling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: str, expected: dict[str, str]
) -> None:
    monkeypatch.delenv("D", raising=False)
    (tmp_path / "one.env").write_text("A=1\nB=2\n")
    assert clean(tmp_path, service).env == expected


@pytest.mark.parametrize(
    ("service", "command"),
    [
        ("hostname: x", None),
        ("command: sleep infinity", KEEP_ALIVE),
        ("command: ['bash', '-c', 'exec sleep infinity']", KEEP_ALIVE),
        ("command: tail -f /dev/null", KEEP_ALIVE),
        ("command: /bin/bash", ("/bin/bash",)),
        ("command: /bin/bash\ntty: true", KEEP_ALIVE),
        ("command: sh\nstdin_open: true", KEEP_ALIVE),
        ("command: sh -c 'nginx && sleep infinity'", ("sh", "-c", "nginx && sleep infinity")),
        ("command: ['/start.sh', 80]", ("/start.sh", "80")),
    ],
)
def test_a_command_that_only_waits_is_told_from_one_that_works(
    tmp_path: Path, service: str, command: tuple[str, ...] | None
) -> None:
    assert clean(tmp_path, service).command == command


def test_an_entrypoint_may_be_taken_away(tmp_path: Path) -> None:
    assert clean(tmp_path, "entrypoint: []").entrypoint == ()
    assert clean(tmp_path, "entrypoint: /init --now").entrypoint == ("/init", "--now")


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("test: curl -f localhost", Healthcheck("curl -f localhost", interval=30.0)),
        ("test: [CMD, test, -e, 'a b']\ninterval: 1m30s", Healthcheck("test -e 'a b'", interval=90.0)),
        ("test: [CMD-SHELL, a || b]\ntimeout: 500ms\nretries: 7", Healthcheck("a || b", 30.0, 0.5, retries=7)),
        ("test: [CMD, x]\nstart_period: 2s\nstart_interval: 1s", Healthcheck("x", 30.0, 30.0, 2.0, 1.0)),
        ("test: [NONE]", None),
        ("disable: true", None),
    ],
)
def test_healthchecks_are_read_in_every_form(tmp_path: Path, test: str, expected: Healthcheck | None) -> None:
    lines = "".join(f"\n  {line}" for line in test.splitlines())
    service = clean(tmp_path, f"healthcheck:{lines}")
    assert (service.healthcheck, service.image_healthcheck) == (expected, False)


def test_without_a_healthcheck_of_its_own_a_service_keeps_the_images(tmp_path: Path) -> None:
    assert clean(tmp_path, "hostname: x").image_healthcheck


@pytest.mark.parametrize(
    ("service", "limits"),
    [
        ("mem_limit: 4g\ncpus: 1.5\npids_limit: 200", Limits(memory_mb=4096, cpus=1.5, pids=200)),
        ("mem_limit: 1073741824", Limits(memory_mb=1024)),
        ("deploy: {resources: {limits: {cpus: '0.5', memory: 512MB, pids: 9}}}", Limits(512, 0.5, 9)),
        ("deploy: {resources: {limits: {memory: $NONE}}}", Limits()),
    ],
)
def test_limits_are_read_from_both_places(tmp_path: Path, service: str, limits: Limits) -> None:
    assert clean(tmp_path, service, NONE="").limits == limits


@pytest.mark.parametrize(
    ("service", "rest", "mode"),
    [
        ("network_mode: none", "", NetworkMode.NONE),
        ("network_mode: bridge", "", NetworkMode.PUBLIC),
        ("networks: [inner]", "networks:\n  inner:\n    internal: true\n", NetworkMode.NONE),
        ("networks: [inner, outer]", "networks:\n  inner: {internal: true}\n  outer:\n", NetworkMode.PUBLIC),
    ],
)
def test_networks_without_a_way_out_are_no_network(tmp_path: Path, service: str, rest: str, mode: NetworkMode) -> None:
    assert clean(tmp_path, service, rest=rest).network == Network(mode, declared=mode is NetworkMode.NONE)


def test_volumes_become_what_a_box_can_have(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    service = """\
volumes:
  - $LOGS:/logs
  - cache:/var/cache
  - /anonymous
  - ./data:/data:ro
  - {type: tmpfs, target: /scratch}
tmpfs: ["/run:size=64m"]"""
    found, problems = read(tmp_path, service, rest="volumes:\n  cache:\n", LOGS=RUNNER_FOLDER)
    assert found.mounts == ("/logs", "/scratch", "/run")
    assert found.files == ((tmp_path / "data", "/data"),)
    assert [problem.code for problem in problems.found] == ["bind-mount"]


@pytest.mark.parametrize(
    ("service", "code", "lack"),
    [
        ("privileged: true", "needs-privileges", "a privileged container"),
        ("cap_add: [NET_ADMIN, SYS_PTRACE]", "needs-privileges", "the capabilities NET_ADMIN, SYS_PTRACE"),
        ("devices: ['/dev/kvm:/dev/kvm']", "needs-privileges", "host devices"),
        ("security_opt: ['seccomp:unconfined']", "needs-privileges", "the security options seccomp:unconfined"),
        ("pid: host", "needs-privileges", "pid 'host'"),
        ("network_mode: host", "needs-privileges", "the host's network"),
        ("gpus: all", "needs-gpu", "a GPU"),
        ("runtime: nvidia", "needs-gpu", "a GPU"),
        ("deploy: {resources: {reservations: {devices: [{driver: nvidia}]}}}", "needs-gpu", "a GPU"),
        (
            "volumes: ['/var/run/docker.sock:/var/run/docker.sock']", "needs-host-path",
            "the host path '/var/run/docker.sock' at /var/run/docker.sock",
        ),
        ("volumes: ['../x:/x']", "needs-host-path", "the host path '../x' at /x"),
    ],
)  # fmt: skip
def test_what_no_box_has_is_remembered_and_warned_about(tmp_path: Path, service: str, code: str, lack: str) -> None:
    found, problems = read(tmp_path, service)
    assert found.lacks == (lack,)
    assert [(problem.code, problem.severity, problem.line) for problem in problems.found] == [
        (code, ProblemSeverity.WARNING, 3)
    ]


@pytest.mark.parametrize(
    ("service", "rest", "code"),
    [
        ("depends_on: [db]", "", "bad-value"),
        ("volumes_from: [db]", "", "multi-container"),
        ("network_mode: service:vpn", "", "multi-container"),
        ("extends: {file: base.yaml, service: main}", "", "compose-unsupported"),
        ("image: x", "include: [other.yaml]\n", "compose-unsupported"),
        ("build: https://example.org/repo.git", "", "compose-unsupported"),
        ("build: {dockerfile_inline: FROM x}", "", "compose-unsupported"),
        ("build: ../..", "", "path-escapes"),
        ("env_file: /etc/environment", "", "path-escapes"),
        ("env_file: gone.env", "", "bad-value"),
        ("healthcheck: {test: [curl, x]}", "", "bad-value"),
        ("healthcheck: {test: x, interval: soon}", "", "bad-value"),
        ("mem_limit: lots", "", "bad-value"),
        ('command: "\'"', "", "bad-value"),
        ("environment: 3", "", "bad-value"),
        ("volumes: ['a:b']", "", "bad-value"),
        ("volumes: {a: b}", "", "bad-value"),
    ],
)
def test_what_cannot_be_said_of_one_box_is_an_error(tmp_path: Path, service: str, rest: str, code: str) -> None:
    _, problems = read(tmp_path, service, rest=rest)
    assert [(problem.code, problem.severity) for problem in problems.found] == [(code, ProblemSeverity.ERROR)]


def test_a_service_that_waits_for_its_profile_does_not_count(tmp_path: Path) -> None:
    assert clean(tmp_path, "image: x", rest="  tools:\n    image: y\n    profiles: [debug]\n").image == "x"


def test_keys_without_a_counterpart_are_warned_about_and_those_without_a_bearing_are_not(tmp_path: Path) -> None:
    service = "ports: ['80:80']\nrestart: always\nlabels: {a: b}\nx-note: hi\ndns: 1.1.1.1\nshiny: true\n"
    _, problems = read(tmp_path, service)
    assert [(problem.code, problem.line) for problem in problems.found] == [("compose-ignored", 7), ("unknown-key", 8)]


def test_yaml_merge_keys_work(tmp_path: Path) -> None:
    service = "<<: *base\nhostname: mine"
    path = tmp_path / "docker-compose.yaml"
    lines = "".join(f"    {line}\n" for line in service.splitlines())
    path.write_text(f"x-base: &base\n  user: me\n  hostname: theirs\nservices:\n  main:\n{lines}")
    problems = Problems()
    found = read_service(Folder(tmp_path, problems), path, "main", {}, any_name=False)
    assert (found.user, found.hostname, problems.found) == ("me", "mine", [])
