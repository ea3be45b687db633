"""The environment in which commands run."""

# ruff: noqa: S108 - these are paths in boxes

from __future__ import annotations

import os
import secrets

from harness.engine.checks.scene import CheckedEngine, NotMeasured, check, python, sh, text, that
from harness.engine.contract import BoxSpec, Command


@check
def environment_holds_what_was_asked_and_nothing_of_the_host(scene: CheckedEngine) -> None:
    marker = f"FOOLSGOLD_CHECK_{secrets.token_hex(4)}"
    os.environ[marker] = "leaked"
    try:
        with scene.box(env={"BOX": "box", "BOTH": "box"}) as box:
            # Without a shell in between, which would drop the name that no shell variable can have.
            given = {"BOTH": "command", "ODD": "a 'b' \"c\" $d\n`e`", "with.dot": "1"}
            ran = box.run(Command(("env",), 10, env=given))
            text = ran.output.decode()
            for wanted in ("BOX=box\n", "BOTH=command\n", "ODD=a 'b' \"c\" $d\n`e`\n", "with.dot=1\n"):
                that(wanted in text, f"{wanted!r} is missing from {text!r}")
            that(marker not in text, "a variable of the host is visible")
            that("\nPATH=" in f"\n{text}", "there is no PATH")
            after = sh(box, 'echo "$BOTH"').output
            that(after == b"box\n", f"a command's variable stayed for the next: {after!r}")
    finally:
        del os.environ[marker]


@check
def image_environment_is_there_and_can_be_overridden(scene: CheckedEngine) -> None:
    if not scene.image.config.env:
        raise NotMeasured("the image sets no variable")
    name = min(scene.image.config.env)
    with scene.box() as box:
        found = sh(box, f'printf %s "${name}"').output.decode()
        that(found == scene.image.config.env[name], f"{name} is {found!r}")
    if name != "PATH":
        with scene.box(env={name: "mine"}) as box:
            that(sh(box, f'printf %s "${name}"').output == b"mine", f"{name} was not overridden")


@check
def working_folder_is_made_and_kept_to(scene: CheckedEngine) -> None:
    with scene.box(workdir="/made/for this/box") as box:
        that(text(box, "pwd") == "/made/for this/box", "the box's workdir is not where commands start")
        ran = box.run(Command(("pwd",), 10, cwd="/tmp"))
        that(ran.output.strip() == b"/tmp", f"the command did not start in its cwd: {ran.output!r}")


@check
def home_is_the_users(scene: CheckedEngine) -> None:
    if "HOME" in scene.image.config.env:
        raise NotMeasured("the image sets HOME")
    with scene.box() as box:
        that(text(box, 'echo "$HOME"') == text(box, "grep ^root: /etc/passwd | cut -d: -f6"), "HOME is not root's")


@check
def hostname_is_as_asked(scene: CheckedEngine) -> None:
    with scene.box(hostname="goldbox") as box:
        for file in ("/etc/hostname", "/proc/sys/kernel/hostname"):  # Podman ends the first without a line's end
            that(text(box, f"cat {file}").strip() == "goldbox", f"it is not in {file}")
        text(box, "grep -w goldbox /etc/hosts")


@check
def devices_and_temporary_folders_are_there(scene: CheckedEngine) -> None:
    with scene.box() as box:
        text(box, "echo x > /dev/null && head -c 4 /dev/zero > /tmp/z && head -c 4 /dev/urandom > /dev/shm/u")
        text(box, "test -c /dev/full && test -e /dev/fd/0 && test -c /dev/ptmx && test -d /dev/pts")
        that(text(box, "stat -c %a /tmp").endswith("1777"), "/tmp is not for everybody")


@check
def pseudo_terminals_work(scene: CheckedEngine) -> None:
    with scene.box() as box:
        ran = python(box, "import os, pty; a, b = pty.openpty(); os.write(b, b'x'); print(os.read(a, 1))")
        that(ran.output.strip() == b"b'x'", repr(ran.output))


@check
def new_files_have_ordinary_modes(scene: CheckedEngine) -> None:
    with scene.box() as box:
        that(text(box, "touch /tmp/f; mkdir /tmp/d; stat -c %a /tmp/f /tmp/d").split() == ["644", "755"], "umask")


@check
def no_descriptors_of_the_host_are_open(scene: CheckedEngine) -> None:
    with scene.box() as box:
        found = text(box, "ls -l /proc/self/fd | sed 1d | sed 's/.* \\([0-9]* -> .*\\)/\\1/'").splitlines()
        strange = [line for line in found if line.split()[0] not in ("0", "1", "2", "3")]
        that(not strange, f"open: {found}")


@check
def only_the_boxs_own_processes_are_visible(scene: CheckedEngine) -> None:
    with scene.box() as box:
        count = int(text(box, "set -- /proc/[0-9]*; echo $#"))
        that(count < 20, f"{count} processes are visible")
        mine = os.getpid()
        that(mine < 100 or sh(box, f"test -d /proc/{mine}").status != 0, "the tool's own process is visible")


@check
def log_folders_are_empty_mount_points_for_everybody(scene: CheckedEngine) -> None:
    with scene.box() as box:
        for path in BoxSpec(scene.image).mounts:
            that(text(box, f"stat -c %a {path}") == "777", f"{path} is not for everybody")
            that(text(box, f"ls -A {path}") == "", f"{path} is not empty")
            text(box, f"grep -q ' {path} ' /proc/self/mounts")
    network = bool(scene.engine.always_network())
    own = BoxSpec(
        scene.image, network=network, user="root", entrypoint=(), mounts=("/opt",), open_folders=("/logs/mine", "/etc")
    )
    with scene.engine.open(own) as box:
        that(text(box, "stat -c %a /opt").strip() == "777", "what is mounted over a folder is not for everybody")
        that(text(box, "stat -c %a /logs/mine /etc").split() == ["777", "777"], "its own are not for everybody")
        text(box, "test -s /etc/passwd && touch /logs/mine/here && rm -r /logs/mine && test ! -e /logs/mine")
