"""Memory, processes and disk."""

# ruff: noqa: S108 - these are paths in boxes

from __future__ import annotations

from harness.engine.checks.scene import CheckedEngine, check, python, sh, text, that
from harness.engine.contract import Limits


@check
def memory_is_limited(scene: CheckedEngine) -> None:
    with scene.box(limits=Limits(memory_mb=128, disk_mb=64)) as box:
        ran = python(box, "x = bytearray(600_000_000)\nfor i in range(0, len(x), 4096): x[i] = 1\nprint('got it')")
        if b"got it" in ran.output:
            scene.excuse("memory_is_limited")
        that(b"got it" not in ran.output, "a program got 600 MB under a limit of 128")
        that(ran.status not in (0, None), f"it ended with {ran.status}")


@check
def processes_are_limited(scene: CheckedEngine) -> None:
    code = (
        "import os, time\nmade = 0\ntry:\n  for _ in range(500):\n    if os.fork() == 0: time.sleep(30); os._exit(0)\n"
        "    made += 1\nexcept OSError: pass\nprint(made)"
    )
    with scene.box(limits=Limits(pids=100)) as box:
        ran = python(box, code)
        if ran.status == 0 and ran.output.strip() == b"500":
            scene.excuse("processes_are_limited")
        that(ran.status == 0 and int(ran.output) < 100, f"{ran.output!r} processes under a limit of 100")


@check
def disk_is_limited(scene: CheckedEngine) -> None:
    with scene.box(limits=Limits(disk_mb=64)) as box:
        for path in ("/tmp/big", "/logs/verifier/big"):
            ran = sh(box, f"head -c 200000000 /dev/zero > {path}; status=$?; rm -f {path}; exit $status", timeout=60)
            if ran.status == 0:
                scene.excuse("disk_is_limited")
            that(ran.status not in (0, None), f"200 MB were written to {path} under a limit of 64")
        text(box, "echo small > /tmp/small")
