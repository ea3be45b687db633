"""What untrusted code may try from inside a box. Each attack says whether it got through; none may.

An attack also runs where it must get through (on the bare host, or in a box without that wall), which shows that it
would be noticed. Run as a program, this file runs them all and prints JSON: the tests do that as an ordinary user.
"""

from __future__ import annotations

import json
import os
import resource
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from harness.engine.bwrap.box import cgroups, launcher, processes, sandbox
from harness.engine.bwrap.engine import BwrapEngine
from harness.engine.contract import Command, EngineOptions, Limits

THROUGH = "GOT THROUGH"
ROOT = os.geteuid() == 0


@dataclass(frozen=True)
class Try:
    boxed: bool
    """It got through the box."""
    bare: bool | None
    """It got through where nothing holds it; None where this person cannot do it anywhere."""
    said: str = ""


Attack = Callable[[], Try]
ATTACKS: dict[str, Attack] = {}


def attack(function: Attack) -> Attack:
    ATTACKS[function.__name__] = function
    return function


def in_box(code: str, *, limits: Limits = Limits(), timeout: float = 60) -> tuple[bool, str]:
    with sandbox.start([Path("/")], mounts=("/logs/verifier",), limits=limits) as box:
        ran = box.run(Command(("python3", "-c", code), timeout))
    text = ran.output.decode("utf-8", "replace")
    return THROUGH in text, text


def on_host(code: str) -> bool:
    ran = subprocess.run(["python3", "-c", code], capture_output=True, text=True, timeout=60, check=False)
    return THROUGH in ran.stdout


def both(code: str, *, bare: bool = True) -> Try:
    """`code` prints THROUGH when it gets what it wants."""
    boxed, said = in_box(code)
    return Try(boxed, on_host(code) if bare else None, said)


def reads(path: Path) -> str:
    return f"open({str(path)!r}, 'rb').read(1); print({THROUGH!r})"


@contextmanager
def secret_in(folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="foolsgold-test-", dir=folder) as made:
        path = Path(made, "secret")
        path.write_text("secret")
        yield path


@attack
def read_a_home() -> Try:
    with secret_in(Path.home()) as path:
        return both(reads(path))


@attack
def read_a_temporary_file_of_the_host() -> Try:
    with secret_in(Path("/var/tmp")) as path:
        return both(reads(path))


@attack
def read_passwords() -> Try:
    code = (
        "fields = [line.split(':')[1] for line in open('/etc/shadow')]\n"
        f"print({THROUGH!r} if any(f not in ('*', '!') for f in fields) or not fields else 'none')"
    )
    boxed, said = in_box(code)
    return Try(boxed, None, said)


@attack
def read_a_file_of_etc_that_is_not_for_everybody() -> Try:
    if not ROOT:
        return both(reads(Path("/etc/shadow-")), bare=False)
    path = Path("/etc", f"foolsgold-test-{secrets.token_hex(4)}")
    path.touch(mode=0o600)
    try:
        path.write_text("secret")
        launcher.stop()  # what is hidden is decided when the first box stands
        return both(reads(path))
    finally:
        path.unlink()


@attack
def read_the_run_folder() -> Try:
    return both(reads(launcher.shared().run.path / "log").replace("read(1)", "read()"))


@attack
def read_the_folder_of_an_audit() -> Try:
    """The host's /usr/local is shown, and a folder of the tool's own in it is not, though it was named by a link."""
    if not ROOT:
        return both(reads(Path("/usr/local/foolsgold-test/run.db")), bare=False)
    with secret_in(Path("/usr/local")) as path, tempfile.TemporaryDirectory() as elsewhere:
        link = Path(elsewhere, "run")
        link.symlink_to(path.parent)
        with BwrapEngine(EngineOptions(hidden=(link,))):
            return both(reads(path))


@attack
def see_what_the_host_keeps() -> Try:
    code = (
        "import os\n"
        "shown = set('app bin boot dev etc gnu home lib lib32 lib64 libx32 logs media mnt nix opt proc root'.split())\n"
        "strange = set(os.listdir('/')) - shown - set('run sbin srv sys tmp usr var'.split())\n"
        "folders = ['/' + name for name in ('home', 'root', 'srv', 'mnt', 'media', 'boot', 'tmp')]\n"
        "full = [path for path in folders if os.access(path, os.R_OK) and os.listdir(path)]\n"
        f"print({THROUGH!r} if strange or full else 'clean', strange, full)"
    )
    with secret_in(Path("/tmp")):
        return both(code)


@attack
def read_another_box() -> Try:
    find = (
        "import glob\n"
        "for path in glob.glob('/proc/[0-9]*/root/tmp/secret') + ['/tmp/secret', '/dev/shm/secret']:\n"
        f"  try: open(path).read(); print({THROUGH!r})\n"
        "  except OSError: pass"
    )
    with sandbox.start([Path("/")]) as victim:
        victim.run(Command(("sh", "-c", "echo s > /tmp/secret; echo s > /dev/shm/secret; sleep 60 &"), 10))
        boxed, said = in_box(find)
        own = victim.run(Command(("python3", "-c", find), 10))
        return Try(boxed, THROUGH in own.output.decode(), said)


@attack
def use_a_daemons_socket() -> Try:
    with tempfile.TemporaryDirectory(dir="/run" if ROOT else None) as folder, socket.socket(socket.AF_UNIX) as server:
        path = f"{folder}/docker.sock"
        server.bind(path)
        server.listen()
        Path(path).chmod(0o666)
        paths = [path, "/var/run/docker.sock", "/run/docker.sock"]
        code = (
            "import socket\n"
            f"for path in {paths!r}:\n"
            f"  try: socket.socket(socket.AF_UNIX).connect(path); print({THROUGH!r})\n"
            "  except OSError: pass"
        )
        return both(code)


@attack
def mount_a_filesystem() -> Try:
    code = (
        "import subprocess, ctypes, os\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        f"if subprocess.run(['mount', '-t', 'tmpfs', 'none', '/mnt']).returncode == 0: print({THROUGH!r})\n"
        f"if libc.syscall(430, b'tmpfs', 0) >= 0: print({THROUGH!r}, 'fsopen')\n"
        f"if libc.unshare(0x10000000) == 0: print({THROUGH!r}, 'user namespace')\n"
        f"if libc.umount2(b'/dev/shm', 2) == 0: print({THROUGH!r}, 'umount')"
    )
    boxed, said = in_box(code)
    words = ["unshare", "-m"] if ROOT else ["unshare", "-Urm"]
    bare = subprocess.run([*words, "python3", "-c", code], capture_output=True, text=True, check=False)
    return Try(boxed, THROUGH in bare.stdout, said)


@attack
def open_a_block_device() -> Try:
    device = Path("/").stat().st_dev
    code = (
        "import os, stat, tempfile\n"
        "path = tempfile.mkdtemp() + '/disk'\n"
        f"os.mknod(path, stat.S_IFBLK | 0o600, {device})\n"
        f"print({THROUGH!r}); os.unlink(path)"
    )
    return both(code, bare=ROOT and os.major(device) != 0)


@attack
def trace_a_process_of_the_host() -> Try:
    with subprocess.Popen(["sleep", "60"]) as victim:
        code = (
            "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
            f"libc.ptrace.argtypes = [ctypes.c_long] * 4\n"
            f"if libc.ptrace(16, {victim.pid}, 0, 0) == 0: print({THROUGH!r}); libc.ptrace(17, {victim.pid}, 0, 0)"
        )
        try:
            return both(code, bare=ROOT)
        finally:
            victim.kill()


@attack
def call_the_kernels_dangerous_sides() -> Try:
    # Arguments that make each fail harmlessly where it is allowed: the point is which error comes back.
    calls = "(175, 'init_module'), (313, 'finit_module'), (246, 'kexec_load'), (321, 'bpf'), (298, 'perf_event_open'), "
    calls += "(250, 'keyctl'), (304, 'open_by_handle_at'), (425, 'io_uring_setup'), (323, 'userfaultfd'), "
    calls += "(167, 'swapon'), (155, 'pivot_root'), (308, 'setns'), (442, 'mount_setattr'), (163, 'acct')"
    code = (
        "import ctypes, platform\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "assert platform.machine() == 'x86_64'\n"
        f"for number, name in ({calls}):\n"
        "  args = [ctypes.c_long(-1)] * 5 if name != 'acct' else [b'/nonexistent/x'] + [ctypes.c_long(-1)] * 4\n"
        "  if libc.syscall(number, *args) >= 0 or ctypes.get_errno() not in (1, 38): "
        f"print({THROUGH!r}, name, ctypes.get_errno())"
    )
    return both(code)


@attack
def talk_to_the_hypervisor() -> Try:
    code = f"import socket; socket.socket(40, socket.SOCK_STREAM); print({THROUGH!r})"
    boxed, said = in_box(code)
    return Try(boxed, None, said)


@attack
def turn_the_machines_knobs() -> Try:
    files = [
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/vm/drop_caches",
        "/proc/sysrq-trigger",
        "/proc/sys/net/ipv4/ip_forward",
    ]
    code = (
        "import os\n"
        f"for path in {files!r}:\n"
        f"  try: os.close(os.open(path, os.O_WRONLY)); print({THROUGH!r}, path)\n"
        "  except OSError: pass"
    )
    return both(code, bare=ROOT)


@attack
def change_the_hosts_devices() -> Try:
    before = Path("/dev/null").stat().st_mode
    _boxed, said = in_box("import os\nos.chmod('/dev/null', 0o600)")
    after = Path("/dev/null").stat().st_mode
    if after != before:
        Path("/dev/null").chmod(before & 0o7777)
    return Try(after != before, None, said)


@attack
def get_back_privileges() -> Try:
    """Through a set-uid program, as another user where the box has others, else as root without capabilities."""
    code = (
        "import os, shutil, subprocess\n"
        "os.chmod(shutil.copy('/usr/bin/env', '/env'), 0o4755)\n"
        'ask = \'import os; print(*[l.split()[1] for l in open("/proc/self/status") if l.startswith("CapEff")])\'\n'
        "become = ['setpriv', '--reuid=65534', '--clear-groups'] if os.path.exists('/usr/bin/setpriv') else []\n"
        "ran = subprocess.run([*become, '/env', 'python3', '-c', ask], capture_output=True, text=True)\n"
        "own = next(l.split()[1] for l in open('/proc/self/status') if l.startswith('CapPrm'))\n"
        f"if ran.returncode == 0 and int(ran.stdout, 16) & ~int(own, 16): print({THROUGH!r}, ran.stdout)\n"
        f"if ran.returncode == 0 and become and int(ran.stdout, 16): print({THROUGH!r}, ran.stdout)\n"
        f"if int(own, 16) & (1 << 21 | 1 << 12 | 1 << 27 | 1 << 16): print({THROUGH!r}, own)"
    )
    boxed, said = in_box(code)
    return Try(boxed, None, said)


@attack
def reach_the_hosts_loopback() -> Try:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        return both(f"import socket; socket.create_connection(('127.0.0.1', {port}), 2); print({THROUGH!r})")


@attack
def outlive_the_box() -> Try:
    marker = f"7{secrets.randbelow(10**9):09d}"
    daemon = ["setsid", "sh", "-c", f"trap '' TERM HUP; sleep {marker}"]
    with sandbox.start([Path("/")]) as box:
        box.run(
            Command(("sh", "-c", f"setsid sh -c 'trap \"\" TERM HUP; sleep {marker}' >/dev/null 2>&1 & sleep .2"), 10)
        )
        alive_before = running(marker)
    boxed = running(marker)
    bare = subprocess.Popen(daemon, stdout=subprocess.DEVNULL)
    time.sleep(0.2)
    try:
        return Try(boxed or not alive_before, running(marker))
    finally:
        os.killpg(bare.pid, signal.SIGKILL)
        bare.wait()


def running(word: str) -> bool:
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if word.encode() in entry.read_bytes().split(b"\0"):
                return True
    return False


@attack
def fill_the_memory() -> Try:
    code = f"x = bytearray(400_000_000)\nfor i in range(0, len(x), 4096): x[i] = 1\nprint({THROUGH!r})"
    boxed, said = in_box(code, limits=Limits(memory_mb=100, disk_mb=32))
    return Try(boxed, in_box(code, limits=Limits(memory_mb=800, disk_mb=32))[0], said)


@attack
def bomb_with_forks() -> Try:
    code = (
        "import os, time\nmade = 0\ntry:\n  while made < 300:\n"
        "    if os.fork() == 0: time.sleep(20); os._exit(0)\n    made += 1\nexcept OSError: pass\n"
        f"print({THROUGH!r} if made >= 300 else made)"
    )
    boxed, said = in_box(code, limits=Limits(pids=100))
    return Try(boxed, in_box(code, limits=Limits(pids=1000))[0], said)


@attack
def fill_the_disk() -> Try:
    code = "\n".join(
        f"try:\n  f = open({path!r}, 'wb')\n"
        f"  for _ in range(100): f.write(bytes(1 << 20))\n  f.close(); print({THROUGH!r})\n"
        "except OSError: pass\nimport os; os.unlink(f.name)"
        for path in ("/tmp/big", "/logs/verifier/big", "/big", "/etc/big", "/dev/big", "/dev/shm/big", "/run/big")
    )
    boxed, said = in_box(code, limits=Limits(disk_mb=50))
    return Try(boxed, in_box(code, limits=Limits(disk_mb=400))[0], said)


@attack
def write_through_a_link_planted_in_the_logs() -> Try:
    with tempfile.TemporaryDirectory() as folder:
        victim, source = Path(folder, "victim"), Path(folder, "source")
        victim.write_text("safe")
        source.write_text("broken out")
        with sandbox.start([Path("/")], mounts=("/logs/agent",)) as box:
            box.run(Command(("sh", "-c", f"ln -s {victim} /logs/agent/oracle.txt; ln -s {folder} /logs/agent/dir"), 10))
            for target in ("/logs/agent/oracle.txt", "/logs/agent/dir/victim"):
                with suppress(Exception):
                    box.put(source, target)
            read = box.read("/logs/agent/dir/victim")
        # The same path, opened by a host that trusts it.
        link = Path(folder, "oracle.txt")
        link.symlink_to(victim)
        boxed = victim.read_text() != "safe" or read == b"safe"
        link.write_text("broken out")
        return Try(boxed, victim.read_text() != "safe")


@attack
def reach_bubblewrap_through_the_images_environment() -> Try:
    with tempfile.TemporaryDirectory() as folder:
        trace = {"LD_DEBUG": "libs", "LD_DEBUG_OUTPUT": f"{folder}/trace"}
        with sandbox.start([Path("/")], env=trace) as box:
            box.run(Command(("true",), 10))
        boxed = bool(os.listdir(folder))
        subprocess.run(["/bin/true"], env=trace, check=True)
        return Try(boxed, bool(os.listdir(folder)))


_SHELL = """import os, signal
p = os.getpid()
while p != 1:
    last, p = p, int(open(f"/proc/{p}/stat").read().rsplit(")")[1].split()[1])
"""
"""In a box: `last` is the process between its first one and the command, for which the tool waits."""


@attack
def hold_up_the_tool_by_stopping_its_shell() -> Try:
    code = f"{_SHELL}os.kill(last, signal.SIGSTOP)"

    def held() -> bool:
        with sandbox.start([Path("/")]) as box:
            return box.run(Command(("python3", "-c", code), 6, left_running=True)).status is None

    boxed = held()
    with patch.object(processes, "stopped", lambda _pid: False):
        return Try(boxed, held())


@attack
def stop_everything_for_ever() -> Try:
    """Whatever is stopped in the box, its command ends at its limit, and the box goes."""
    stopping = "sleep 60 & python3 -c 'import os; os.kill(-1, 19); os.kill(os.getpid(), 19)'"
    box = sandbox.start([Path("/")])
    began = time.monotonic()
    try:
        ran = box.run(Command(("sh", "-c", stopping), 2))
    finally:
        box.close()
    boxed = ran.status is not None or time.monotonic() - began > 15
    with subprocess.Popen(["sh", "-c", "trap 'exit 0' TERM; echo; while :; do sleep 1; done"], stdout=-1) as bare:
        assert bare.stdout is not None
        bare.stdout.readline()
        bare.send_signal(signal.SIGSTOP)
        bare.terminate()
        try:
            bare.wait(0.5)
            return Try(boxed, False)
        except subprocess.TimeoutExpired:
            return Try(boxed, True)
        finally:
            bare.kill()


@attack
def exhaust_the_inodes() -> Try:
    """Empty files take no room on a disk, and memory of the kernel's all the same."""
    code = "\n".join(
        f"try:\n  for n in range(70_000): os.close(os.open({place!r} + str(n), os.O_CREAT))\n"
        f"  print({THROUGH!r}, {place!r})\nexcept OSError: pass"
        for place in ("/tmp/", "/dev/", "/dev/shm/", "/logs/verifier/")
    )
    boxed, said = in_box(f"import os\n{code}", limits=Limits(disk_mb=50))
    through, _ = in_box(f"import os\n{code}", limits=Limits(disk_mb=4000))
    return Try(boxed, through, said)


def _controlled(*wanted: str) -> bool:
    """Whether this person's boxes are in control groups for that: else rlimits hold each process by itself."""
    return set(wanted) <= set(cgroups.hierarchies()[0])


@attack
def fill_the_memory_from_many_processes() -> Try:
    if not _controlled("memory"):
        return Try(False, None, "no control groups")
    code = (
        "import os, time\nchildren = []\nfor n in range(8):\n  pid = os.fork()\n  if pid == 0:\n"
        "    x = bytearray(60_000_000)\n    for i in range(0, len(x), 4096): x[i] = 1\n    time.sleep(3); os._exit(7)\n"
        "  children.append(pid)\n"
        f"if all(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7 for pid in children): print({THROUGH!r})"
    )
    boxed, said = in_box(code, limits=Limits(memory_mb=150, disk_mb=32))
    return Try(boxed, in_box(code, limits=Limits(memory_mb=900, disk_mb=32))[0], said)


@attack
def use_more_processors_than_were_given() -> Try:
    if not _controlled("cpu"):
        return Try(False, None, "no control groups")
    code = (
        "import os, time\nfor n in range(2):\n  if os.fork() == 0:\n    end = time.monotonic() + 3\n"
        "    while time.monotonic() < end: pass\n    os._exit(0)\n"
        "for n in range(2): os.wait()\nused = os.times()\ntotal = used.children_user + used.children_system\n"
        f"print({THROUGH!r} if total > 0.4 else 'held', total)"
    )
    boxed, said = in_box(code, limits=Limits(cpus=0.05))
    return Try(boxed, in_box(code)[0], said)


@attack
def leave_the_control_group() -> Try:
    """Into a group that is there, or into one of a hierarchy of its own."""
    code = (
        "import ctypes, glob, os\nlibc = ctypes.CDLL(None)\nos.makedirs('/tmp/groups', exist_ok=True)\n"
        "for kind, options in ((b'cgroup2', None), (b'cgroup', b'memory'), (b'cgroup', b'pids')):\n"
        f"  if libc.mount(b'none', b'/tmp/groups', kind, 0, options) == 0: print({THROUGH!r}, kind)\n"
        "for file in glob.glob('/sys/fs/cgroup/**/cgroup.procs', recursive=True)[:2000]:\n"
        f"  try: os.close(os.open(file, os.O_WRONLY)); print({THROUGH!r}, file); break\n"
        "  except OSError: pass"
    )
    boxed, said = in_box(code)
    words = ["unshare", "-m", "python3", "-c", code]
    if not _controlled("pids"):
        return Try(boxed, None, said)
    with sandbox.start([Path("/")]) as box:
        inside = Path(f"/proc/{box.pid}/cgroup").read_text()
    bare = subprocess.run(words, capture_output=True, text=True, check=False)
    return Try(boxed or "foolsgold" not in inside, THROUGH in bare.stdout, said or inside)


def run_one(name: str) -> Try:
    try:
        return ATTACKS[name]()
    except Exception:
        return Try(True, None, traceback.format_exc())


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for chosen in sys.argv[1:] or ATTACKS:
        result = run_one(chosen)
        print(json.dumps([chosen, result.boxed, result.bare, result.said[-800:]]), flush=True)
