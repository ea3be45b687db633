"""Boxes do not affect one another."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from harness.engine.checks.scene import CheckedEngine, NotMeasured, check, python, sh, text, that
from harness.engine.contract import Box
from harness.errors import EngineError


@check
def every_box_starts_afresh(scene: CheckedEngine) -> None:
    with scene.box() as box:
        text(box, "echo x > /tmp/left; echo x > /logs/verifier/left; echo x > /etc/left; rm /etc/passwd")
    with scene.box() as box:
        text(box, "! test -e /tmp/left && ! test -e /logs/verifier/left && ! test -e /etc/left && test -s /etc/passwd")


@check
def parallel_boxes_do_not_see_each_other(scene: CheckedEngine) -> None:
    with scene.box() as one, scene.box() as two:
        text(one, "echo secret > /tmp/one; echo secret > /dev/shm/one; sleep 4711 &")
        text(two, "! test -e /tmp/one && ! test -e /dev/shm/one")
        that("4711" not in text(two, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"), "its processes are visible")


@check
def parallel_boxes_share_no_ports(scene: CheckedEngine) -> None:
    _no_shared_ports(scene, network=False)


@check
def parallel_boxes_with_a_network_share_no_ports(scene: CheckedEngine) -> None:
    _no_shared_ports(scene, network=True)


def _no_shared_ports(scene: CheckedEngine, *, network: bool) -> None:
    serve = (
        "import socket, time; s = socket.socket(); s.bind(('0.0.0.0', 8080)); s.listen(); print('bound', flush=True)"
    )
    probe = "import socket; socket.create_connection(('127.0.0.1', 8080), 2)"
    with _networked(scene, network) as one, _networked(scene, network) as two:
        ran = python(one, f"import os\n{serve}\nif os.fork() == 0: time.sleep(60)")
        that(ran.output == b"bound\n", f"could not bind: {ran.output!r}")
        that(python(one, probe).status == 0, "the box does not reach its own port")
        that(python(two, probe).status != 0, "a port of another box is reachable")
        that(python(two, serve).output == b"bound\n", "a port is taken by another box")


@contextmanager
def _networked(scene: CheckedEngine, network: bool) -> Iterator[Box]:
    with ExitStack() as open_boxes:
        try:
            box = open_boxes.enter_context(scene.box(network=network))
        except EngineError as error:
            if not network:
                raise
            raise NotMeasured(error.message) from error
        yield box


@check
def boxes_can_be_opened_from_several_threads(scene: CheckedEngine) -> None:
    outputs: list[bytes] = []
    failures: list[BaseException] = []

    def one(number: int) -> None:
        try:
            with scene.box() as box:
                outputs.append(sh(box, f"echo {number}").output)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    that(not failures, f"{failures}")
    that(sorted(outputs) == [f"{number}\n".encode() for number in range(6)], f"{outputs}")
