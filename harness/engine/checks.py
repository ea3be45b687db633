"""What every engine must do: one function a check, its name the sentence that must hold."""

# ruff: noqa: S108 - these are paths in boxes

from __future__ import annotations

import os
import secrets
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from harness.engine.contract import Box, BoxSpec, Command, Engine, Exit, Image, Limits
from harness.errors import EngineError


class CheckFailed(Exception):
    pass


class NotMeasured(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Scene:
    engine: Engine
    image: Image

    @contextmanager
    def box(
        self,
        *,
        network: bool = False,
        env: Mapping[str, str] | None = None,
        workdir: str | None = None,
        user: str | None = "root",
        limits: Limits = Limits(),
        hostname: str | None = None,
    ) -> Iterator[Box]:
        spec = BoxSpec(
            self.image,
            network=network,
            env=env or {},
            workdir=workdir,
            user=user,
            limits=limits,
            entrypoint=(),
            hostname=hostname,
        )
        with self.engine.open(spec) as box:
            yield box


Check = Callable[[Scene], None]
CHECKS: dict[str, Check] = {}


def _check(function: Check) -> Check:
    CHECKS[function.__name__] = function
    return function


def _that(true: object, message: str) -> None:
    if not true:
        raise CheckFailed(message)


def _sh(
    box: Box, script: str, *, timeout: float = 30, env: Mapping[str, str] | None = None, user: str | None = None
) -> Exit:
    return box.run(Command(("sh", "-c", script), timeout, env=env or {}, user=user))


def _text(box: Box, script: str, *, user: str | None = None) -> str:
    """What a script that must succeed prints."""
    ran = _sh(box, script, user=user)
    _that(ran.status == 0, f"{script!r} ended with {ran.status}: {ran.output[-500:]!r}")
    return ran.output.decode("utf-8", "replace").strip()


def _python(box: Box, code: str, *, timeout: float = 30, user: str | None = None) -> Exit:
    if _sh(box, "command -v python3").status != 0:
        raise NotMeasured("the image has no python3")
    return box.run(Command(("python3", "-c", code), timeout, user=user))


# Commands and what comes back of them.


@_check
def exit_status_is_exact(scene: Scene) -> None:
    with scene.box() as box:
        for status in (0, 1, 7, 126, 127, 255):
            ran = _sh(box, f"exit {status}")
            _that(ran.status == status, f"exit {status} came back as {ran.status}")


@_check
def death_by_signal_is_128_and_its_number(scene: Scene) -> None:
    with scene.box() as box:
        for number in (9, 15):
            ran = _sh(box, f"kill -{number} $$; sleep 5")
            _that(ran.status == 128 + number, f"signal {number} came back as {ran.status}")


@_check
def missing_program_is_127(scene: Scene) -> None:
    with scene.box() as box:
        ran = box.run(Command(("no-such-program-here",), 10))
        _that(ran.status == 127, f"came back as {ran.status}: {ran.output!r}")


@_check
def program_without_execute_permission_is_126(scene: Scene) -> None:
    with scene.box() as box:
        _text(box, "echo true > /tmp/plain; chmod 644 /tmp/plain")
        ran = box.run(Command(("/tmp/plain",), 10))
        _that(ran.status == 126, f"came back as {ran.status}: {ran.output!r}")


@_check
def arguments_arrive_exactly(scene: Scene) -> None:
    words = ("", " ", "a b", "it's", '"$HOME"', "`id`", "back\\slash", "new\nline", "*", "-n", "ünï", "x" * 100_000)
    with scene.box() as box:
        ran = box.run(Command(("printf", "%s|", *words), 10))
        expected = "".join(f"{word}|" for word in words).encode()
        _that(ran.output == expected, f"{len(ran.output)} bytes came instead of {len(expected)}: {ran.output[:80]!r}")


@_check
def stdout_and_stderr_are_merged_in_order(scene: Scene) -> None:
    with scene.box() as box:
        ran = _sh(box, "echo one; echo two >&2; echo three; echo four >&2")
        _that(ran.output == b"one\ntwo\nthree\nfour\n", repr(ran.output))


@_check
def output_is_bytes_and_need_not_be_utf8(scene: Scene) -> None:
    with scene.box() as box:
        ran = _sh(box, r"printf '\377\376\000\200x'")
        _that(ran.output == b"\xff\xfe\x00\x80x", repr(ran.output))


@_check
def long_output_keeps_both_ends_and_counts_the_rest(scene: Scene) -> None:
    with scene.box() as box:
        ran = box.run(Command(("sh", "-c", "echo first; head -c 5000000 /dev/zero; echo last"), 60, output_limit=1000))
        _that(ran.output.startswith(b"first\n"), "the beginning is missing")
        _that(ran.output.endswith(b"last\n"), "the end is missing")
        _that(len(ran.output) == 1000, f"{len(ran.output)} bytes came back, the limit was 1000")
        _that(ran.dropped == 5_000_011 - 1000, f"{ran.dropped} bytes are said to be dropped")


@_check
def standard_input_is_empty(scene: Scene) -> None:
    with scene.box() as box:
        ran = _sh(box, "cat; echo done", timeout=10)
        _that(ran.output == b"done\n", f"{ran.status} {ran.output!r}")


@_check
def each_command_has_its_own_output(scene: Scene) -> None:
    with scene.box() as box:
        _sh(box, "(sleep 0.2; echo late) & echo early")
        ran = _sh(box, "sleep 0.5; echo second")
        _that(ran.output == b"second\n", repr(ran.output))


@_check
def command_that_kills_its_process_group_leaves_the_box_usable(scene: Scene) -> None:
    with scene.box() as box:
        _sh(box, "sleep 60 & trap '' TERM; kill 0; exit 3")
        _that(_sh(box, "echo alive").output == b"alive\n", "the next command did not run")


# Time, processes and the end.


@_check
def timeout_is_kept_and_has_no_status(scene: Scene) -> None:
    with scene.box() as box:
        began = time.monotonic()
        ran = _sh(box, "echo begun; sleep 60", timeout=0.5)
        took = time.monotonic() - began
        _that(ran.timed_out, f"it ended with {ran.status}")
        _that(took < 15, f"stopping took {took:.1f} s")
        _that(b"begun" in ran.output, "what it wrote before the timeout is lost")


@_check
def nothing_runs_in_a_box_after_a_timeout(scene: Scene) -> None:
    with scene.box() as box:
        _sh(box, "sleep 60", timeout=0.2)
        try:
            ran = _sh(box, "echo alive")
        except EngineError:
            return
        raise CheckFailed(f"a command still ran: {ran}")


@_check
def timeout_kills_grandchildren_and_daemons(scene: Scene) -> None:
    with _marked_daemon(scene) as (box, marker):
        _sh(box, "sleep 60", timeout=0.3)
        _gone(marker)


@_check
def command_may_be_left_running_at_its_timeout(scene: Scene) -> None:
    script = "trap '' INT; echo begun; while :; do date +%s%N > /tmp/alive; sleep 0.05; done"
    with scene.box() as box:
        _text(box, "sleep 60 & echo $! > /tmp/earlier")
        ran = box.run(Command(("sh", "-c", script), 2, left_running=True))
        _that(ran.timed_out and ran.left_running, f"it came back with {ran.status}")
        _that(b"begun" in ran.output, "what it wrote before the timeout is lost")
        changes = 'a=$(cat /tmp/alive); while [ "$a" = "$(cat /tmp/alive)" ]; do sleep 0.05; done'
        _that(_sh(box, changes, timeout=20).status == 0, "it was stopped")
        _that(_sh(box, "kill -0 $(cat /tmp/earlier)").status == 0, "an earlier background process was stopped")
        again = box.run(Command(("sh", "-c", "sleep 60"), 0.2, left_running=True))
        _that(again.left_running and _sh(box, "echo alive").output == b"alive\n", "it works only once")
        _that(_sh(box, "exit 3").status == 3, "the next command's status is wrong")


@_check
def close_kills_commands_left_running(scene: Scene) -> None:
    marker = f"9{secrets.randbelow(10**9):09d}"
    with scene.box() as box:
        box.run(Command(("sleep", marker), 0.2, left_running=True))
        if not _processes_with(marker):
            raise NotMeasured("processes of boxes are not visible from here")
        box.close()
        _gone(marker)


@_check
def command_that_would_be_left_running_but_ends_has_its_status(scene: Scene) -> None:
    with scene.box() as box:
        ran = box.run(Command(("sh", "-c", "echo said; exit 7"), 10, left_running=True))
        _that((ran.status, ran.output, ran.left_running) == (7, b"said\n", False), f"it came back as {ran}")


@_check
def close_kills_daemons(scene: Scene) -> None:
    with _marked_daemon(scene) as (box, marker):
        box.close()
        _gone(marker)


@contextmanager
def _marked_daemon(scene: Scene) -> Iterator[tuple[Box, str]]:
    """A box with a process that left its session and parent; its argument tells it from every other process."""
    marker = f"9{secrets.randbelow(10**9):09d}"
    with scene.box() as box:
        _text(box, f"(setsid sh -c 'trap \"\" TERM HUP; sleep {marker}' >/dev/null 2>&1 &) ; sleep 0.2")
        if not _processes_with(marker):
            raise NotMeasured("processes of boxes are not visible from here")
        yield box, marker


def _processes_with(word: str) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in entry.read_bytes().split(b"\0"):
                found.append(int(entry.parent.name))
        except OSError:
            continue  # ended in the meantime, or another user's
    return found


def _gone(marker: str) -> None:
    deadline = time.monotonic() + 5
    while (left := _processes_with(marker)) and time.monotonic() < deadline:
        time.sleep(0.02)
    _that(not left, f"processes {left} of the box still run")


@_check
def background_process_does_not_hold_the_command(scene: Scene) -> None:
    with scene.box() as box:
        began = time.monotonic()
        ran = _sh(box, "sleep 20 & echo started", timeout=10)
        _that(ran.status == 0 and time.monotonic() - began < 5, f"it came back with {ran.status} after {ran.seconds} s")


@_check
def background_process_lives_for_the_next_command(scene: Scene) -> None:
    with scene.box() as box:
        _text(box, "sleep 60 & echo $! > /tmp/pid")
        _text(box, 'kill -0 "$(cat /tmp/pid)"')


@_check
def closing_twice_is_harmless_and_a_closed_box_refuses(scene: Scene) -> None:
    with scene.box() as box:
        box.close()
        box.close()
        try:
            _sh(box, "true")
        except EngineError:
            return
        raise CheckFailed("a command ran in a closed box")


# Surroundings.


@_check
def environment_holds_what_was_asked_and_nothing_of_the_host(scene: Scene) -> None:
    marker = f"FOOLSGOLD_CHECK_{secrets.token_hex(4)}"
    os.environ[marker] = "leaked"
    try:
        with scene.box(env={"BOX": "box", "BOTH": "box"}) as box:
            # Straight from the engine: a shell in between would drop the name that is none to it.
            given = {"BOTH": "command", "ODD": "a 'b' \"c\" $d\n`e`", "with.dot": "1"}
            ran = box.run(Command(("env",), 10, env=given))
            text = ran.output.decode()
            for wanted in ("BOX=box\n", "BOTH=command\n", "ODD=a 'b' \"c\" $d\n`e`\n", "with.dot=1\n"):
                _that(wanted in text, f"{wanted!r} is missing from {text!r}")
            _that(marker not in text, "a variable of the host is visible")
            _that("\nPATH=" in f"\n{text}", "there is no PATH")
            after = _sh(box, 'echo "$BOTH"').output
            _that(after == b"box\n", f"a command's variable stayed for the next: {after!r}")
    finally:
        del os.environ[marker]


@_check
def image_environment_is_there_and_can_be_overridden(scene: Scene) -> None:
    if not scene.image.config.env:
        raise NotMeasured("the image sets no variable")
    name = min(scene.image.config.env)
    with scene.box() as box:
        found = _sh(box, f'printf %s "${name}"').output.decode()
        _that(found == scene.image.config.env[name], f"{name} is {found!r}")
    if name != "PATH":
        with scene.box(env={name: "mine"}) as box:
            _that(_sh(box, f'printf %s "${name}"').output == b"mine", f"{name} was not overridden")


@_check
def working_folder_is_made_and_kept_to(scene: Scene) -> None:
    with scene.box(workdir="/made/for this/box") as box:
        _that(_text(box, "pwd") == "/made/for this/box", "the box's workdir is not where commands start")
        ran = box.run(Command(("pwd",), 10, cwd="/tmp"))
        _that(ran.output.strip() == b"/tmp", f"cwd was not kept to: {ran.output!r}")


@_check
def home_is_the_users(scene: Scene) -> None:
    if "HOME" in scene.image.config.env:
        raise NotMeasured("the image sets HOME")
    with scene.box() as box:
        _that(_text(box, 'echo "$HOME"') == _text(box, "grep ^root: /etc/passwd | cut -d: -f6"), "HOME is not root's")


@_check
def hostname_is_as_asked(scene: Scene) -> None:
    with scene.box(hostname="goldbox") as box:
        _that(_text(box, "cat /etc/hostname /proc/sys/kernel/hostname").split() == ["goldbox"] * 2, "it is not")
        _text(box, "grep -w goldbox /etc/hosts")


@_check
def devices_and_temporary_folders_are_there(scene: Scene) -> None:
    with scene.box() as box:
        _text(box, "echo x > /dev/null && head -c 4 /dev/zero > /tmp/z && head -c 4 /dev/urandom > /dev/shm/u")
        _text(box, "test -c /dev/full && test -e /dev/fd/0 && test -c /dev/ptmx && test -d /dev/pts")
        _that(_text(box, "stat -c %a /tmp").endswith("1777"), "/tmp is not for everybody")


@_check
def pseudo_terminals_work(scene: Scene) -> None:
    with scene.box() as box:
        ran = _python(box, "import os, pty; a, b = pty.openpty(); os.write(b, b'x'); print(os.read(a, 1))")
        _that(ran.output.strip() == b"b'x'", repr(ran.output))


@_check
def new_files_have_ordinary_modes(scene: Scene) -> None:
    with scene.box() as box:
        _that(_text(box, "touch /tmp/f; mkdir /tmp/d; stat -c %a /tmp/f /tmp/d").split() == ["644", "755"], "umask")


@_check
def no_descriptors_of_the_host_are_open(scene: Scene) -> None:
    with scene.box() as box:
        found = _text(box, "ls -l /proc/self/fd | sed 1d | sed 's/.* \\([0-9]* -> .*\\)/\\1/'").splitlines()
        strange = [line for line in found if line.split()[0] not in ("0", "1", "2", "3")]
        _that(not strange, f"open: {found}")


@_check
def only_the_boxs_own_processes_are_visible(scene: Scene) -> None:
    with scene.box() as box:
        count = int(_text(box, "ls -d /proc/[0-9]* | wc -l"))
        _that(count < 20, f"{count} processes are visible")
        mine = os.getpid()
        _that(mine < 100 or _sh(box, f"test -d /proc/{mine}").status != 0, "the tool's own process is visible")


@_check
def log_folders_are_empty_mount_points_for_everybody(scene: Scene) -> None:
    with scene.box() as box:
        for path in BoxSpec(scene.image).mounts:
            _that(_text(box, f"stat -c %a {path}") == "777", f"{path} is not for everybody")
            _that(_text(box, f"ls -A {path}") == "", f"{path} is not empty")
            _text(box, f"grep -q ' {path} ' /proc/self/mounts")


# Boxes among each other.


@_check
def every_box_starts_afresh(scene: Scene) -> None:
    with scene.box() as box:
        _text(box, "echo x > /tmp/left; echo x > /logs/verifier/left; echo x > /etc/left; rm /etc/passwd")
    with scene.box() as box:
        _text(box, "! test -e /tmp/left && ! test -e /logs/verifier/left && ! test -e /etc/left && test -s /etc/passwd")


@_check
def parallel_boxes_do_not_see_each_other(scene: Scene) -> None:
    with scene.box() as one, scene.box() as two:
        _text(one, "echo secret > /tmp/one; echo secret > /dev/shm/one; sleep 4711 &")
        _text(two, "! test -e /tmp/one && ! test -e /dev/shm/one")
        _that("4711" not in _text(two, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"), "its processes are visible")


@_check
def parallel_boxes_share_no_ports(scene: Scene) -> None:
    _no_shared_ports(scene, network=False)


@_check
def parallel_boxes_with_a_network_share_no_ports(scene: Scene) -> None:
    _no_shared_ports(scene, network=True)


def _no_shared_ports(scene: Scene, *, network: bool) -> None:
    serve = (
        "import socket, time; s = socket.socket(); s.bind(('0.0.0.0', 8080)); s.listen(); print('bound', flush=True)"
    )
    probe = "import socket; socket.create_connection(('127.0.0.1', 8080), 2)"
    with _networked(scene, network) as one, _networked(scene, network) as two:
        ran = _python(one, f"import os\n{serve}\nif os.fork() == 0: time.sleep(60)")
        _that(ran.output == b"bound\n", f"could not bind: {ran.output!r}")
        _that(_python(one, probe).status == 0, "the box does not reach its own port")
        _that(_python(two, probe).status != 0, "a port of another box is reachable")
        _that(_python(two, serve).output == b"bound\n", "a port is taken by another box")


@contextmanager
def _networked(scene: Scene, network: bool) -> Iterator[Box]:
    with ExitStack() as open_boxes:
        try:
            box = open_boxes.enter_context(scene.box(network=network))
        except EngineError as error:
            if not network:
                raise
            raise NotMeasured(error.message) from error
        yield box


@_check
def boxes_can_be_opened_from_several_threads(scene: Scene) -> None:
    outputs: list[bytes] = []
    failures: list[BaseException] = []

    def one(number: int) -> None:
        try:
            with scene.box() as box:
                outputs.append(_sh(box, f"echo {number}").output)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _that(not failures, f"{failures}")
    _that(sorted(outputs) == [f"{number}\n".encode() for number in range(6)], f"{outputs}")


# Network.


@_check
def there_is_no_network_unless_asked_for(scene: Scene) -> None:
    with scene.box() as box:
        _that(_text(box, "tail -n +3 /proc/net/dev | cut -d: -f1").split() == ["lo"], "there are interfaces besides lo")


@_check
def loopback_works_and_port_80_binds(scene: Scene) -> None:
    code = (
        "import socket\ns = socket.socket(); s.bind(('127.0.0.1', 80)); s.listen()\n"
        "c = socket.create_connection(('localhost', 80)); a, _ = s.accept(); c.send(b'x'); print(a.recv(1))"
    )
    with scene.box() as box:
        ran = _python(box, code)
        _that(ran.output.strip() == b"b'x'", repr(ran.output))


@_check
def host_loopback_is_out_of_reach(scene: Scene) -> None:
    _unreachable(scene, "127.0.0.1", network=False)


@_check
def host_loopback_is_out_of_reach_with_a_network(scene: Scene) -> None:
    _unreachable(scene, "127.0.0.1", network=True)


@_check
def host_addresses_are_out_of_reach(scene: Scene) -> None:
    _unreachable(scene, _address_of_this_machine(), network=False)


@_check
def host_addresses_are_out_of_reach_with_a_network(scene: Scene) -> None:
    _unreachable(scene, _address_of_this_machine(), network=True)


def _address_of_this_machine() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.254", 9))  # sends nothing; tells which address would be used
        except OSError as error:
            raise NotMeasured("this machine has no address but loopback") from error
        return str(probe.getsockname()[0])


def _unreachable(scene: Scene, address: str, *, network: bool) -> None:
    with socket.socket() as server:
        server.bind((address, 0))
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection((address, port), 2):
            pass  # or the check would show nothing
        with _networked(scene, network) as box:
            ran = _python(box, f"import socket; socket.create_connection(({address!r}, {port}), 2)")
        if ran.status == 0 and network and scene.engine.name == "docker" and address != "127.0.0.1":
            raise NotMeasured("Docker's bridge leads to this machine's own addresses, as for every container of it")
        _that(
            ran.status not in (0, None), f"{address} of the host answers a box with{'' if network else 'out'} network"
        )


@_check
def names_are_answered_where_a_network_is_asked_for(scene: Scene) -> None:
    query = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + b"\0" + struct.pack(">HH", 2, 1)  # the root's servers
    code = (
        "import socket, re\n"
        "with open('/etc/resolv.conf') as f: server = re.search(r'^nameserver ([0-9.]+)', f.read(), re.M)[1]\n"
        "with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:\n"
        f"  s.settimeout(3); s.sendto({query!r}, (server, 53)); assert s.recv(4096)[:2] == b'\\0\\7'\n"
        "print('answered')"
    )
    try:
        exec(compile(code, "<host>", "exec"), {"print": lambda _text: None})  # noqa: S102 - the very same on the host
    except Exception as error:
        raise NotMeasured(f"this machine's own nameserver does not answer: {error}") from error
    with _networked(scene, True) as box:
        ran = _python(box, code)
    _that(ran.output == b"answered\n", repr(ran.output[-300:]))


# Users.


@_check
def commands_run_as_other_users(scene: Scene) -> None:
    with scene.box() as box:
        _needs_ids(box)
        for user, expected in (
            ("12345:54321", "12345 54321"),
            ("nobody", _text(box, "echo $(id -u nobody) $(id -g nobody)")),
        ):
            _that(_text(box, "echo $(id -u) $(id -g)", user=user) == expected, f"{user} is not {expected}")
        _that(_sh(box, "touch /etc/mine", user="nobody").status != 0, "nobody writes to /etc")
        _text(box, "touch /logs/agent/mine /tmp/mine", user="nobody")


@_check
def unknown_user_is_the_engines_error(scene: Scene) -> None:
    with scene.box() as box:
        try:
            ran = _sh(box, "true", user="nosuchuserhere")
        except EngineError:
            return
        raise CheckFailed(f"it ran: {ran}")


@_check
def owners_can_be_changed(scene: Scene) -> None:
    with scene.box() as box:
        _needs_ids(box)
        _that(_text(box, "touch /tmp/f; chown 1234:4321 /tmp/f; stat -c %u:%g /tmp/f") == "1234:4321", "chown")


def _needs_ids(box: Box) -> None:
    ids = sum(int(line.split()[2]) for line in _text(box, "cat /proc/self/uid_map").splitlines())
    if ids < 65535:
        raise NotMeasured(f"boxes have {ids} user id(s) here")


# Files.


@_check
def put_copies_files_with_their_modes(scene: Scene) -> None:
    with tempfile.TemporaryDirectory() as folder, scene.box() as box:
        source = Path(folder, "script")
        source.write_bytes(b"#!/bin/sh\necho ran\n")
        source.chmod(0o750)
        box.put(source, "/deep/er/script")
        _that(
            _text(box, "/deep/er/script; stat -c '%a %u %g' /deep/er/script").split() == ["ran", "750", "0", "0"], "no"
        )


@_check
def put_merges_folders_and_keeps_links(scene: Scene) -> None:
    with tempfile.TemporaryDirectory() as folder, scene.box() as box:
        source = Path(folder)
        (source / "sub").mkdir(mode=0o755)
        (source / "sub" / "data \xff").write_bytes(b"new")
        (source / "link").symlink_to("sub/nowhere")
        _text(box, "mkdir -p /t/sub; echo old > /t/kept; echo old > /t/sub/kept")
        box.put(source, "/t")
        _that(_text(box, "cat /t/kept /t/sub/kept; cat /t/sub/data*; readlink /t/link").split() == [
            "old", "old", "newsub/nowhere"
        ], "the folder was not merged")  # fmt: skip


@_check
def put_does_not_follow_a_planted_link_to_the_host(scene: Scene) -> None:
    with tempfile.TemporaryDirectory() as folder, scene.box() as box:
        victim = Path(folder, "victim")
        victim.write_text("safe")
        source = Path(folder, "source")
        source.write_text("broken out")
        _text(box, f"ln -s {victim} /logs/agent/oracle.txt; ln -s {folder} /logs/verifier/out")
        for target in ("/logs/agent/oracle.txt", "/logs/verifier/out/victim", f"/../../..{victim}"):
            with suppress(EngineError):  # refusing is as good
                box.put(source, target)
        _that(victim.read_text() == "safe", "a file of the host was written")


@_check
def read_returns_either_end_of_a_file(scene: Scene) -> None:
    with scene.box() as box:
        _text(box, "printf 0123456789 > /tmp/digits")
        _that(box.read("/tmp/digits") == b"0123456789", "the whole")
        _that(box.read("/tmp/digits", limit=3) == b"012", "the beginning")
        _that(box.read("/tmp/digits", limit=-3) == b"789", "the end")


@_check
def read_returns_nothing_for_what_is_no_file(scene: Scene) -> None:
    with scene.box() as box:
        _text(box, "mkfifo /tmp/fifo; mkdir /tmp/dir; ln -s loop /tmp/loop; ln -s /dev/zero /tmp/zero")
        for path in ("/tmp/none", "/tmp/dir", "/tmp/fifo", "/tmp/loop", "/tmp/zero", "/etc/passwd/x"):
            _that(box.read(path) is None, f"{path} was read")


@_check
def read_does_not_follow_a_planted_link_to_the_host(scene: Scene) -> None:
    with tempfile.TemporaryDirectory() as folder, scene.box() as box:
        secret = Path(folder, "secret")
        secret.write_text("secret")
        _text(box, f"ln -s {secret} /logs/verifier/reward.txt; ln -s /proc/1/root{secret} /logs/verifier/magic")
        _text(box, "echo inside > /in; ln -s /in /logs/verifier/inner")
        for path in ("/logs/verifier/reward.txt", "/logs/verifier/magic", f"/../../..{secret}"):
            _that(box.read(path) is None, f"{path} was read")
        _that(box.read("/logs/verifier/inner") == b"inside\n", "a link inside the box was not followed")


# Limits.


@_check
def memory_is_limited(scene: Scene) -> None:
    with scene.box(limits=Limits(memory_mb=128, disk_mb=64)) as box:
        ran = _python(box, "x = bytearray(600_000_000)\nfor i in range(0, len(x), 4096): x[i] = 1\nprint('got it')")
        _that(b"got it" not in ran.output, "600 MB were had under a limit of 128")
        _that(ran.status not in (0, None), f"it ended with {ran.status}")


@_check
def processes_are_limited(scene: Scene) -> None:
    code = (
        "import os, time\nmade = 0\ntry:\n  for _ in range(500):\n    if os.fork() == 0: time.sleep(30); os._exit(0)\n"
        "    made += 1\nexcept OSError: pass\nprint(made)"
    )
    with scene.box(limits=Limits(pids=100)) as box:
        ran = _python(box, code)
        _that(ran.status == 0 and int(ran.output) < 100, f"{ran.output!r} processes under a limit of 100")


@_check
def disk_is_limited(scene: Scene) -> None:
    with scene.box(limits=Limits(disk_mb=64)) as box:
        for path in ("/tmp/big", "/logs/verifier/big"):
            ran = _sh(box, f"head -c 200000000 /dev/zero > {path}; status=$?; rm -f {path}; exit $status", timeout=60)
            if ran.status == 0 and scene.engine.name == "docker":
                raise NotMeasured("the daemon's storage driver limits no disk here")
            _that(ran.status not in (0, None), f"200 MB were written to {path} under a limit of 64")
        _text(box, "echo small > /tmp/small")
