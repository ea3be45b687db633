"""Several services of a compose file."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engine.contract import KEEP_ALIVE, Healthcheck, Member, Until, Volume
from harness.task.compose import Service
from harness.task.compose_file import read_service
from harness.task.files import Folder
from harness.task.model import Beside, ProblemSeverity
from harness.task.problems import Problems

WHOLE = """
services:
  main:
    depends_on:
      api: {condition: service_healthy}
      gone: {condition: service_started, required: false}
    volumes: ["data:/data:ro", "own:/own"]
  api:
    build: {context: ./api, args: {A: "${B:-b}"}, target: t}
    command: serve --port 80
    entrypoint: ["/bin/run"]
    environment: [NAME=api]
    expose: ["80"]
    ports: ["80:80"]
    user: "4711"
    working_dir: /srv
    hostname: host
    container_name: the-api
    restart: on-failure:3
    depends_on: [init]
    tmpfs: /scratch
    volumes:
      - {type: volume, source: data, target: /var/data}
      - ./api/conf:/etc/conf:ro
    networks:
      front: {aliases: [web]}
      back:
    healthcheck: {test: [CMD, ask, it], interval: 200ms, retries: 7}
  init:
    image: tool:1
    network_mode: none
    command: ["sh", "-c", "sleep infinity"]
  later:
    image: tool:1
    profiles: [debug]
networks:
  front:
  back: {internal: true, driver: bridge}
volumes:
  data:
  own: {}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "api" / "conf").mkdir(parents=True)
    (tmp_path / "api" / "Dockerfile").write_text("FROM x\n")
    return tmp_path


def read(root: Path, text: str) -> tuple[Service, Problems]:
    path = root / "docker-compose.yaml"
    path.write_text(text)
    problems = Problems()
    return read_service(Folder(root, problems), path, "main", {}, any_name=False), problems


def test_every_service_becomes_an_environment_that_knows_how_it_stands(root: Path) -> None:
    found, problems = read(root, WHOLE)
    assert [problem.code for problem in problems.found] == ["bind-mount"]
    data = Volume("data", "/data", writable=False)
    assert found.beside == Beside(Member("main", shares=True, volumes=(data,)), {"api": Until.HEALTHY})
    assert found.internal == {"back"}
    api, init = found.sidecars
    assert api.beside == Beside(
        Member("api", ("web", "the-api"), ("front", "back"), volumes=(Volume("data", "/var/data"),)),
        {"init": Until.STARTED},
        restarts=True,
    )
    assert init.beside == Beside(Member("init", networks=()))
    assert (api.recipe.context, api.recipe.dockerfile) == (root / "api", root / "api" / "Dockerfile")
    assert (api.recipe.build_args, api.recipe.target, init.recipe.image) == ({"A": "b"}, "t", "tool:1")
    assert (api.entrypoint, api.command) == (("/bin/run",), ("serve", "--port", "80"))
    assert init.command == KEEP_ALIVE
    assert (api.env, api.user, api.workdir, api.hostname) == ({"NAME": "api"}, "4711", "/srv", "host")
    assert (api.files, api.mounts) == (((root / "api" / "conf", "/etc/conf"),), ("/scratch",))
    assert (found.folders, api.folders, init.folders) == (("/data", "/own"), ("/var/data",), ())
    assert api.service_healthcheck == Healthcheck("ask it", interval=0.2, timeout=30, retries=7)


@pytest.mark.parametrize(
    ("selected", "there"),
    [("", ["db"]), ("debug", ["db", "one"]), ("other, trace", ["db", "one", "two"]), ("*", ["db", "one", "two"])],
)
def test_a_service_with_profiles_is_there_if_one_of_them_is_selected(
    root: Path, selected: str, there: list[str]
) -> None:
    (root / ".env").write_text(f"COMPOSE_PROFILES={selected}\n")
    rest = "  one:\n    image: x\n    profiles: [debug, trace]\n  two:\n    image: x\n    profiles: [trace]\n"
    found, _ = read(root, beside("image: x", rest))
    assert [one.beside.member.name for one in found.sidecars if one.beside is not None] == there


def beside(lines: str, rest: str = "") -> str:
    indented = "".join(f"    {line}\n" for line in lines.splitlines())
    return f"services:\n  main:\n    image: m\n  db:\n{indented}{rest}"


@pytest.mark.parametrize(
    ("lines", "code", "says", "line"),
    [
        ("image: x\ndns: 1.1.1.1", "compose-unsupported", "services.db.dns has no counterpart", 6),
        ("image: x\nextra_hosts: ['a:1.2.3.4']", "compose-unsupported", "services.db.extra_hosts has", 6),
        ("image: x\nread_only: true", "compose-unsupported", "services.db.read_only has", 6),
        ("image: x\nscale: 2", "compose-unsupported", "services.db.scale has", 6),
        ("image: x\ndeploy: {replicas: 2}", "compose-unsupported", "services.db.deploy.replicas is", 6),
        ("image: x\nprivileged: true", "compose-unsupported", "services.db.privileged asks for a privileged", 6),
        ("image: x\ncap_add: [NET_ADMIN]", "compose-unsupported", "services.db.cap_add asks for", 6),
        ("image: x\ngpus: all", "compose-unsupported", "services.db.gpus asks for a GPU", 6),
        ("image: x\nvolumes: ['/etc:/x']", "compose-unsupported", "services.db.volumes asks for the host path", 6),
        ("image: x\nnetwork_mode: host", "compose-unsupported", "services.db.network_mode asks for", 6),
        ("image: x\nnetwork_mode: service:main", "multi-container", "services.db.network_mode is", 6),
        ("image: x\nlinks: [main]", "multi-container", "services.db.links needs", 6),
        ("image: x\nshiny: true", "compose-unsupported", "services.db.shiny is not known", 6),
        ("image: x\nnetworks: {a: {ipv4_address: 10.0.0.2}}", "compose-unsupported", "services.db.networks.a has", 6),
        ("image: x\nvolumes: [{type: volume, source: a, target: /a, volume: {nocopy: true}}]", "compose-unsupported",
         "services.db.volumes has options", 6),
        ("image: x\ndepends_on: [nobody]", "bad-value", "services.db.depends_on names 'nobody'", 6),
        ("image: x\ndepends_on: [db]", "bad-value", "services.db.depends_on names 'db'", 6),
        ("image: x\ndepends_on: {main: {condition: often}}", "bad-value", "has a condition for 'main'", 6),
        ("image: x\ndepends_on: {main: {condition: service_healthy}}", "compose-unsupported", "waits until main", 6),
        ("command: x", "bad-value", "services.db.image is missing", 4),
        ("build: ./nothing", "bad-value", "services.db.build has no nothing/Dockerfile", 5),
    ],
)  # fmt: skip
def test_what_no_box_follows_is_refused_by_name_and_line(
    root: Path, lines: str, code: str, says: str, line: int
) -> None:
    _, problems = read(root, beside(lines))
    wrong = [each for each in problems.found if each.severity is ProblemSeverity.ERROR]
    assert [(each.code, each.line) for each in wrong] == [(code, line)]
    assert says in wrong[0].message


@pytest.mark.parametrize(
    ("rest", "says"),
    [
        ("networks: {a: {external: true}}\n", "networks.a.external is not supported"),
        ("networks: {a: {ipam: {config: []}}}\n", "networks.a.ipam is not supported"),
        ("networks: {a: {driver: macvlan}}\n", "networks.a.driver is 'macvlan'"),
        ("volumes: {a: {driver_opts: {type: nfs}}}\n", "volumes.a.driver_opts is not supported"),
    ],
)
def test_networks_and_volumes_from_elsewhere_are_refused(root: Path, rest: str, says: str) -> None:
    _, problems = read(root, beside("image: x", rest))
    assert [(each.code, each.line) for each in problems.found] == [("compose-unsupported", 6)]
    assert says in problems.found[0].message


def test_services_that_wait_for_each_other_are_refused(root: Path) -> None:
    text = beside("image: x\ndepends_on: [other]", "  other:\n    image: x\n    depends_on: [db]\n")
    _, problems = read(root, text)
    assert [(each.code, each.line) for each in problems.found] == [("bad-value", 6), ("bad-value", 9)]


@pytest.mark.parametrize(("mode", "codes"), [("", ["compose-unsupported"] * 2), (":ro", [])])
def test_a_folder_that_two_services_bind_would_be_two_copies(root: Path, mode: str, codes: list[str]) -> None:
    text = "services:\n  main:\n    volumes: ['./api:/a']\n  db:\n    image: x\n    volumes: ['./api/conf:/b']\n"
    _, problems = read(root, text.replace("/a'", f"/a{mode}'").replace("/b'", f"/b{mode}'"))
    assert [each.code for each in problems.found if each.severity is ProblemSeverity.ERROR] == codes
