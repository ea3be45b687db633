"""Copying files into a box and reading them."""

# ruff: noqa: S108 - these are paths in boxes

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

from harness.engine.checks.scene import CheckedEngine, check, sh, text, that
from harness.errors import EngineError


@check
def put_copies_files_with_their_modes(scene: CheckedEngine) -> None:
    with tempfile.TemporaryDirectory() as folder, scene.box() as box:
        source = Path(folder, "script")
        source.write_bytes(b"#!/bin/sh\necho ran\n")
        source.chmod(0o750)
        box.put(source, "/deep/er/script")
        that(text(box, "/deep/er/script; stat -c '%a %u %g' /deep/er/script").split() == ["ran", "750", "0", "0"], "no")


@check
def put_merges_folders_and_keeps_links(scene: CheckedEngine) -> None:
    with tempfile.TemporaryDirectory() as folder, scene.box() as box:
        source = Path(folder)
        (source / "sub").mkdir(mode=0o755)
        (source / "sub" / "data \xff").write_bytes(b"new")
        (source / "link").symlink_to("sub/nowhere")
        text(box, "mkdir -p /t/sub; echo old > /t/kept; echo old > /t/sub/kept")
        box.put(source, "/t")
        that(text(box, "cat /t/kept /t/sub/kept; cat /t/sub/data*; readlink /t/link").split() == [
            "old", "old", "newsub/nowhere"
        ], "the folder was not merged")  # fmt: skip


@check
def put_does_not_follow_a_planted_link_to_the_host(scene: CheckedEngine) -> None:
    with tempfile.TemporaryDirectory() as folder, scene.box() as box:
        victim = Path(folder, "victim")
        victim.write_text("safe")
        source = Path(folder, "source")
        source.write_text("broken out")
        text(box, f"ln -s {victim} /logs/agent/oracle.txt; ln -s {folder} /logs/verifier/out")
        for target in ("/logs/agent/oracle.txt", "/logs/verifier/out/victim", f"/../../..{victim}"):
            with suppress(EngineError):  # refusing is fine, too
                box.put(source, target)
        that(victim.read_text() == "safe", "a file of the host was written")


@check
def read_returns_either_end_of_a_file(scene: CheckedEngine) -> None:
    with scene.box() as box:
        text(box, "printf 0123456789 > /tmp/digits")
        that(box.read("/tmp/digits") == b"0123456789", "the whole")
        that(box.read("/tmp/digits", limit=3) == b"012", "the beginning")
        that(box.read("/tmp/digits", limit=-3) == b"789", "the end")


@check
def read_returns_nothing_for_what_is_no_file(scene: CheckedEngine) -> None:
    with scene.box() as box:
        text(box, "mkfifo /tmp/fifo; mkdir /tmp/dir; ln -s loop /tmp/loop; ln -s /dev/zero /tmp/zero")
        for path in ("/tmp/none", "/tmp/dir", "/tmp/fifo", "/tmp/loop", "/tmp/zero", "/etc/passwd/x"):
            that(box.read(path) is None, f"{path} was read")


@check
def files_alone_are_told_from_all_else(scene: CheckedEngine) -> None:
    with scene.box() as box:
        text(box, "mkdir /alone /beside; for file in a .b; do echo x > /alone/$file; echo x > /beside/$file; done")
        told = box.files_alone("/alone")
        that(told in (None, {"a", ".b"}), f"other names: {told}")
        that(box.files_alone("/nowhere") is None, "a folder that is not there")
        for what in (
            "ln -s a /beside/c",
            "mkdir /beside/c",
            "mkfifo /beside/c",
            "chown 7 /beside/a",
            "chgrp 7 /beside",
        ):
            text(box, "rm -rf /beside/c; chown -R 0:0 /beside")
            if sh(box, what).status != 0:
                continue  # its box has no other user
            that(box.files_alone("/beside") is None, f"{what} was not seen")


@check
def read_does_not_follow_a_planted_link_to_the_host(scene: CheckedEngine) -> None:
    with tempfile.TemporaryDirectory() as folder, scene.box() as box:
        secret = Path(folder, "secret")
        secret.write_text("secret")
        text(box, f"ln -s {secret} /logs/verifier/reward.txt; ln -s /proc/1/root{secret} /logs/verifier/magic")
        text(box, "echo inside > /in; ln -s /in /logs/verifier/inner")
        for path in ("/logs/verifier/reward.txt", "/logs/verifier/magic", f"/../../..{secret}"):
            that(box.read(path) is None, f"{path} was read")
        that(box.read("/logs/verifier/inner") == b"inside\n", "a link inside the box was not followed")
