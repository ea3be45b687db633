"""Several boxes side by side: their names, order, health, volumes and end."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from harness.engine.checks.processes import gone, processes_with
from harness.engine.checks.scene import CheckedEngine, CheckFailed, NotMeasured, check, python, sh, text, that
from harness.engine.contract import Box, BoxSpec, Healthcheck, Member, Until, Volume
from harness.engine.services import Companion, ServiceFailed, opened

_SERVE = (
    "import socket, sys, time\n"
    "open_to_all, own = (socket.create_server((host, port)) for host, port in (('', 7000), ('127.0.0.1', 7001)))\n"
    "open('/serving', 'w').close()\n"
    "while True:\n"
    "  with open_to_all.accept()[0] as s:\n"
    "    if s.recv(9) == b'end':\n"
    "      sys.exit(3)\n"
    "    s.sendall(b'here')\n"
)
_ASK = "import socket; s = socket.create_connection(({!r}, {}), 3); s.sendall({!r}); print(s.recv(9).decode())"
_SERVING = Healthcheck("test -e /serving", interval=0.05, timeout=5.0, retries=400)
_DATA = (Volume("data", "/data"),)
_MADE = "/made/here"


def _side(
    scene: CheckedEngine,
    name: str,
    *command: str,
    awaits: Mapping[str, Until] | None = None,
    health: Healthcheck | None = None,
    member: Member | None = None,
) -> Companion:
    spec = BoxSpec(scene.image, user="root", mounts=(), folders=(_MADE,), entrypoint=(), command=command)
    return Companion(spec, member or Member(name), awaits or {}, health)


@contextmanager
def _beside(
    scene: CheckedEngine, *sides: Companion, awaits: Mapping[str, Until] | None = None, member: Member | None = None
) -> Iterator[Box]:
    """A box beside others, which waits until each is healthy that has a healthcheck."""
    scene.without_network()
    spec = BoxSpec(scene.image, user="root", entrypoint=())
    wanted = awaits or {side.member.name: Until.HEALTHY for side in sides if side.check}
    with opened(scene.engine, [Companion(spec, member or Member("main"), wanted), *sides], "main", limit=60) as box:
        yield box


@check
def services_have_names_and_loopbacks_of_their_own(scene: CheckedEngine) -> None:
    scene.must_have_python()
    member = Member("side", ("other-name",))
    side = _side(scene, "side", "python3", "-c", _SERVE, health=_SERVING, member=member)
    with _beside(scene, side) as box:
        for name in ("side", "other-name"):
            ran = python(box, _ASK.format(name, 7000, b"hello"))
            that(ran.output == b"here\n", f"{name}: {ran.output[-300:]!r}")
        for host, port in (("localhost", 7000), ("side", 7001)):
            that(python(box, _ASK.format(host, port, b"hello")).status, f"{host}:{port} answers")


@check
def services_are_closed_to_each_other(scene: CheckedEngine) -> None:
    """What the file does not let them have in common they have not: files, processes, memory."""
    word = secrets.token_hex(8)
    script = "echo mine >/dev/shm/mine; touch /serving; while sleep 1; do :; done"
    side = _side(scene, "side", "sh", "-c", script, word, health=_SERVING, member=Member("side", shares=True))
    with _beside(scene, side, member=Member("main", shares=True)) as box:
        for path in ("/serving", "/dev/shm/mine"):  # noqa: S108 - in the box, where nobody else is
            that(sh(box, f"test -e {path}").status, f"{path} of another service is there")
        seen = f"grep -qs '[{word[0]}]{word[1:]}' /proc/[0-9]*/cmdline"
        that(sh(box, seen).status, "a process of another service is seen")


@check
def services_without_a_network_of_their_own_share_one(scene: CheckedEngine) -> None:
    scene.must_have_python()
    member = Member("side", shares=True)
    side = _side(scene, "side", "python3", "-c", _SERVE, health=_SERVING, member=member)
    with _beside(scene, side, member=Member("main", shares=True)) as box:
        for port in (7000, 7001):
            made = python(box, f"import socket; socket.create_connection(('localhost', {port}), 3)")
            that(made.status == 0, f"{port}: {made.output[-300:]!r}")


@check
def services_start_in_their_order(scene: CheckedEngine) -> None:
    """The last of them stands first in the list; one is healthy late; one has to end first."""
    done = Until.COMPLETED
    first = f"chmod 711 /bare; cd {_MADE} && echo a >>/data/order"
    bare = Volume("bare", "/bare")
    late = "echo b >>/data/order; sleep 0.3; echo healthy >>/data/order; touch /serving; exec sleep infinity"
    sides = (
        _side(scene, "b", "sh", "-c", late, awaits={"a": done}, health=_SERVING, member=Member("b", volumes=_DATA)),
        _side(scene, "a", "sh", "-c", first, member=Member("a", volumes=(*_DATA, bare))),
    )
    seen = Member("main", volumes=(Volume("data", "/seen", writable=False), bare))
    with _beside(scene, *sides, member=seen) as box:
        order = text(box, "cat /seen/order").split()
        that(order == ["a", "b", "healthy"], f"the order was {order}")
        that(sh(box, "echo x >/seen/order").status, "a volume that is read-only was written to")
        that(text(box, "stat -c %a /bare").strip() == "711", "what a service did to an empty volume was undone")


@check
def services_that_never_get_healthy_stop_the_start(scene: CheckedEngine) -> None:
    never = Healthcheck("exit 1", interval=0.05, timeout=5.0, retries=2)
    dies = ("sh", "-c", "exit 3")
    for side in (_side(scene, "side", "sleep", "infinity", health=never), _side(scene, "side", *dies)):
        try:
            with _beside(scene, side, awaits={"side": Until.HEALTHY if side.check else Until.COMPLETED}):
                pass
        except ServiceFailed:
            continue
        raise CheckFailed("the main box started beside a service that had failed")


@check
def services_end_with_their_main_process(scene: CheckedEngine) -> None:
    scene.must_have_python()
    command = "sh -c 'while sleep 0.05; do echo x >>/data/beat; done' & exec python3 -c \"$0\""
    side = _side(scene, "side", "sh", "-c", command, _SERVE, health=_SERVING, member=Member("side", volumes=_DATA))
    with _beside(scene, side, member=Member("main", volumes=_DATA)) as box:
        python(box, _ASK.format("side", 7000, b"end"))
        same = "a=$(wc -l </data/beat); sleep 0.2; [ $a = $(wc -l </data/beat) ]"
        still = f"for i in $(seq 100); do {same} && exit; done; exit 1"
        that(sh(box, still).status == 0, "what a service had started outlived its main process")
        that(python(box, _ASK.format("side", 7000, b"hello")).status, "a service that has ended answers")


@check
def services_begin_afresh_and_leave_nothing(scene: CheckedEngine) -> None:
    word = secrets.token_hex(8)
    few = Healthcheck("test -e /serving", interval=0.1, timeout=5.0, retries=100)
    for _ in range(2):
        script = "test -e /was || test -e /data/was || touch /was /data/was /serving; while sleep 1; do :; done"
        side = _side(scene, "side", "sh", "-c", script, word, health=few, member=Member("side", volumes=_DATA))
        with _beside(scene, side, member=Member("main", volumes=_DATA)) as box:
            that(sh(box, "test -e /data/was").status == 0, "a volume does not show what another service wrote")
            if not processes_with(word):
                raise NotMeasured("the processes of its boxes are not seen from here")
        gone(word)
