"""Commands, their statuses and their output."""

# ruff: noqa: S108 - these are paths in boxes

from __future__ import annotations

from harness.engine.checks.scene import CheckedEngine, check, sh, text, that
from harness.engine.contract import Command


@check
def exit_status_is_exact(scene: CheckedEngine) -> None:
    with scene.box() as box:
        for status in (0, 1, 7, 126, 127, 255):
            ran = sh(box, f"exit {status}")
            that(ran.status == status, f"exit {status} came back as {ran.status}")


@check
def death_by_signal_is_128_and_its_number(scene: CheckedEngine) -> None:
    with scene.box() as box:
        for number in (9, 15):
            ran = sh(box, f"kill -{number} $$; sleep 5")
            that(ran.status == 128 + number, f"signal {number} came back as {ran.status}")


@check
def missing_program_is_127(scene: CheckedEngine) -> None:
    with scene.box() as box:
        ran = box.run(Command(("no-such-program-here",), 10))
        that(ran.status == 127, f"came back as {ran.status}: {ran.output!r}")


@check
def program_without_execute_permission_is_126(scene: CheckedEngine) -> None:
    with scene.box() as box:
        text(box, "echo true > /tmp/plain; chmod 644 /tmp/plain")
        ran = box.run(Command(("/tmp/plain",), 10))
        that(ran.status == 126, f"came back as {ran.status}: {ran.output!r}")


@check
def arguments_arrive_exactly(scene: CheckedEngine) -> None:
    words = ("", " ", "a b", "it's", '"$HOME"', "`id`", "back\\slash", "new\nline", "*", "-n", "ünï", "x" * 100_000)
    with scene.box() as box:
        ran = box.run(Command(("printf", "%s|", *words), 10))
        expected = "".join(f"{word}|" for word in words).encode()
        that(ran.output == expected, f"{len(ran.output)} bytes came instead of {len(expected)}: {ran.output[:80]!r}")


@check
def stdout_and_stderr_are_merged_in_order(scene: CheckedEngine) -> None:
    with scene.box() as box:
        ran = sh(box, "echo one; echo two >&2; echo three; echo four >&2")
        that(ran.output == b"one\ntwo\nthree\nfour\n", repr(ran.output))


@check
def output_is_bytes_and_need_not_be_utf8(scene: CheckedEngine) -> None:
    with scene.box() as box:
        ran = sh(box, r"printf '\377\376\000\200x'")
        that(ran.output == b"\xff\xfe\x00\x80x", repr(ran.output))


@check
def long_output_keeps_both_ends_and_counts_the_rest(scene: CheckedEngine) -> None:
    with scene.box() as box:
        ran = box.run(Command(("sh", "-c", "echo first; head -c 5000000 /dev/zero; echo last"), 60, output_limit=1000))
        that(ran.output.startswith(b"first\n"), "the beginning is missing")
        that(ran.output.endswith(b"last\n"), "the end is missing")
        that(len(ran.output) == 1000, f"{len(ran.output)} bytes came back, the limit was 1000")
        that(ran.dropped == 5_000_011 - 1000, f"{ran.dropped} bytes are reported as dropped")


@check
def standard_input_is_empty(scene: CheckedEngine) -> None:
    with scene.box() as box:
        ran = sh(box, "cat; echo done", timeout=10)
        that(ran.output == b"done\n", f"{ran.status} {ran.output!r}")


@check
def each_command_has_its_own_output(scene: CheckedEngine) -> None:
    with scene.box() as box:
        sh(box, "(sleep 0.2; echo late) & echo early")
        ran = sh(box, "sleep 0.5; echo second")
        that(ran.output == b"second\n", repr(ran.output))


@check
def command_that_kills_its_process_group_leaves_the_box_usable(scene: CheckedEngine) -> None:
    with scene.box() as box:
        sh(box, "sleep 60 & trap '' TERM; kill 0; exit 3")
        that(sh(box, "echo alive").output == b"alive\n", "the next command did not run")
