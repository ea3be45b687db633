"""The small process that starts boxes.

Its forks are cheap, however large the tool is. It mounts in a private namespace, and when the tool ends, it ends with
all boxes. For an ordinary user it is root in a user namespace of its own, so that the rest of the code is the same for
root and for ordinary users. A request is a message with descriptors; the answer to a start is a pid and a pidfd.
Standard library only.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import socket
import stat
import subprocess
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from harness.engine import rootpath
from harness.engine.bwrap.box import hostmask, kernel
from harness.engine.lists import walls

STAGE = "stage"
PART_SLASH = "+"
"""Replaces / in the name of a part, which holds what the box wrote below one top-level folder."""
RUN_SHELL = ("/bin/sh",)
OUT = "/dev/.out"
"""The folder in the box for the output of commands, where tools that search filesystems do not look."""
_DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
_SYS_SHOWN = ("devices/system", "kernel/mm/transparent_hugepage")
_SMALL = "mode=755,size=65536k,nr_inodes=16384"


def _room(disk: int) -> str:
    """Mount options for so many bytes, and for as many files as a disk of that size has: each takes the kernel memory,
    however empty it is."""
    return f"size={disk},nr_inodes={max(disk >> 14, 1 << 16)}"


def main(control: int, home: str) -> None:
    """Serve requests on the socket `control` until the tool closes its end. `home` is a private folder."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)  # the tool decides when boxes end
    with socket.socket(fileno=control) as tool:
        try:
            pad = _Launchpad(Path(home), tool)
        except OSError as error:
            tool.send(json.dumps({"error": str(error), "errno": error.errno}).encode())
            return
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies
        tool.send(json.dumps({"ok": True}).encode())
        while True:
            data, descriptors, _flags, _address = socket.recv_fds(tool, 16, 16)
            if not data:
                return
            pad.serve(descriptors)


class _Launchpad:
    def __init__(self, home: Path, tool: socket.socket) -> None:
        self.tool = tool
        self.root = os.geteuid() == 0
        if not self.root:
            kernel.unshare(kernel.CLONE_NEWUSER)
            tool.send(b"map")
            if tool.recv(16) != b"mapped":
                raise OSError("the user namespace got no id map")
            os.setresgid(0, 0, 0)
            os.setresuid(0, 0, 0)
            with suppress(OSError):  # denied where only one id is mapped
                os.setgroups([])
        # In a network namespace of its own, an ordinary user's root may enter its other namespaces and return.
        kernel.unshare(kernel.CLONE_NEWNS | (0 if self.root else kernel.CLONE_NEWNET))
        kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_SLAVE)
        os.umask(0o022)
        kernel.mount("tmpfs", str(home), "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=700,size=512m")
        self.home = home
        self.stage = home / STAGE
        self.stage.mkdir()
        self.mask: tuple[frozenset[str], Path] | None = None
        self.host: list[Path] = []
        """The masked host root: one mount, or, if no overlay can be stacked on that mount, its layers."""
        self.pieces: list[str] = []
        """Otherwise the host folders, each of which is a separate overlay."""

    def serve(self, descriptors: list[int]) -> None:
        """The first descriptor is a memory file with the request, whatever its size."""
        try:
            with os.fdopen(os.dup(descriptors[0]), "rb") as whole:
                whole.seek(0)
                request = json.load(whole)
            getattr(self, f"do_{request['do']}")(request, descriptors)
        except Exception as error:
            traceback.print_exc()
            self.answer({"error": f"{type(error).__name__}: {error}"})
        finally:
            for fd in descriptors:
                os.close(fd)

    def answer(self, value: dict[str, Any], descriptors: tuple[int, ...] = ()) -> None:
        socket.send_fds(self.tool, [json.dumps(value).encode()], list(descriptors))

    def do_start(self, request: dict[str, Any], descriptors: list[int]) -> None:
        if request["host"]:
            self.prepare_host(request["hidden"])
        pid = os.fork()
        if pid == 0:
            self.become(request, descriptors)
        try:
            pidfd = os.pidfd_open(pid)
        except ProcessLookupError:
            self.answer({"pid": pid})
            return
        self.answer({"pid": pid}, (pidfd,))
        os.close(pidfd)

    def do_namespace(self, request: dict[str, Any], _descriptors: list[int]) -> None:
        """A new network namespace with loopback up; its descriptor."""
        with _and_back():
            kernel.unshare(kernel.CLONE_NEWNET)
            kernel.loopback_up()
            values = {"ipv6/conf/default/disable_ipv6": "1", "ipv6/conf/default/accept_ra": "0"}
            values["ipv4/ip_forward"] = "1" if request["forward"] else "0"
            for name, value in values.items():
                with suppress(FileNotFoundError):  # a kernel without IPv6
                    Path("/proc/sys/net", name).write_text(value)
            made = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.answer({}, (made,))
        os.close(made)

    def do_listeners(self, _request: dict[str, Any], descriptors: list[int]) -> None:
        """The sockets of a gate, in the network namespace that the second descriptor is."""
        with _and_back():
            kernel.setns(descriptors[1], kernel.CLONE_NEWNET)
            tcp, udp = walls.listeners()
        with tcp, udp:
            self.answer({}, (tcp.fileno(), udp.fileno()))

    def do_volumes(self, request: dict[str, Any], _descriptors: list[int]) -> None:
        """Folders in memory that several boxes are to have."""
        path = self.home / f"volumes-{request['name']}"
        path.mkdir()
        flags = kernel.MS_NOSUID | kernel.MS_NODEV
        kernel.mount("tmpfs", str(path), "tmpfs", flags, f"mode=755,{_room(request['size'])}")
        for number in range(request["count"]):
            (path / str(number)).mkdir(mode=0o755)
        self.answer({"path": str(path)})

    def do_forget_volumes(self, request: dict[str, Any], _descriptors: list[int]) -> None:
        kernel.unmount(request["path"])
        Path(request["path"]).rmdir()
        self.answer({})

    def do_remove(self, request: dict[str, Any], _descriptors: list[int]) -> None:
        """Delete a folder with files of mapped ids, which can be deleted only from this namespace."""
        path = Path(request["path"])
        for folder, _names, _files in os.walk(path):
            Path(folder).chmod(0o700)
        shutil.rmtree(path, ignore_errors=True)
        self.answer({"left": os.path.lexists(path)})

    def do_show(self, request: dict[str, Any], descriptors: list[int]) -> None:
        """Mount a folder of the host, read-only, in the box whose first process the second descriptor is."""

        def show() -> None:
            tree = kernel.read_only_tree(request["path"])
            kernel.setns(descriptors[1], kernel.CLONE_NEWNS)
            Path(request["target"]).mkdir(mode=0o700)
            kernel.attach(tree, request["target"])

        self.answer({"error": said} if (said := _in_child(show)) else {})

    def do_hide(self, request: dict[str, Any], descriptors: list[int]) -> None:
        """Take away what `do_show` mounted."""

        def hide() -> None:
            kernel.setns(descriptors[1], kernel.CLONE_NEWNS)
            kernel.unmount(request["target"])
            Path(request["target"]).rmdir()

        self.answer({"error": said} if (said := _in_child(hide)) else {})

    def prepare_host(self, hidden: list[str]) -> None:
        names = frozenset(os.listdir("/")) | frozenset(hidden)
        if self.mask is not None and self.mask[0] == names:
            return
        layer = self.home / f"mask{len(os.listdir(self.home))}"
        layer.mkdir()
        layer.chmod(0o755)
        hostmask.build(layer, userxattr=not self.root, hidden=[Path(path) for path in hidden])
        self.mask = (names, layer)
        self.host = []
        if self.root:
            base, probe = (self.home / f"{name}{len(os.listdir(self.home))}" for name in ("host", "probe"))
            base.mkdir()
            probe.mkdir()
            flat = [Path("/"), layer]
            for host in ([base], flat):
                # A root filesystem that is itself an overlay, like a container's, does not allow as many levels as
                # others.
                with suppress(OSError):
                    if host == [base]:
                        self.overlay(flat, base)
                    self.overlay([*host, self.stage], probe)
                    kernel.unmount(str(probe))
                    self.host = host
                    return
        self.pieces = hostmask.pieces(layer)

    # The rest runs in the forked child, which becomes bubblewrap or exits.

    def become(self, request: dict[str, Any], descriptors: list[int]) -> None:
        try:
            kernel.die_with_parent(signal.SIGKILL)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"):
                signal.signal(getattr(signal, name), signal.SIG_DFL)
            for target, fd in zip((0, 1, 2), descriptors[1:4], strict=True):
                os.dup2(fd, target)
            info = os.dup(descriptors[4])
            network = os.dup(descriptors[5]) if len(descriptors) > 5 else None
            # Joining a group waits for every processor of this machine, which mostly takes longer than all the rest.
            joining = _Joining(request["cgroups"])
            joining.start()
            self.limits(request)
            if network is not None:
                kernel.setns(network, kernel.CLONE_NEWNET)
            else:
                kernel.unshare(kernel.CLONE_NEWNET)
                kernel.loopback_up()
            for interface, address in request["addresses"]:
                kernel.give_address(interface, address)
            self.sysctls()
            kernel.unshare(kernel.CLONE_NEWNS)
            root = self.make_root(request)
            arguments = [
                *request["bwrap"],
                "--dev-bind",
                str(root),
                "/",
                "--proc",
                "/proc",
                "--mqueue",
                "/dev/mqueue",
                *self.proc_masks(),
            ]
            filter_fd = _memory_file(b"seccomp", bytes.fromhex(request["seccomp"]))
            arguments += ["--seccomp", str(filter_fd), "--info-fd", str(info), "--chdir", request["workdir"]]
            for name, value in request["env"].items():
                arguments += ["--setenv", name, value]
            # bubblewrap splits its options at NUL bytes: with a NUL byte in a value, a task could add options.
            if any("\0" in argument for argument in arguments):
                raise ValueError("an environment variable or path for the box holds a NUL byte")
            joined = b"".join(os.fsencode(argument) + b"\0" for argument in arguments)
            arguments_fd = _memory_file(b"args", joined)
            joining.done()
            keep = {0, 1, 2, info, filter_fd, arguments_fd}
            for fd in keep:
                os.set_inheritable(fd, True)
            _close_others(keep)
            # bubblewrap's own loader must not see the box's environment.
            argv = ["bwrap", "--args", str(arguments_fd), "--", *RUN_SHELL]
            os.execve(request["program"], argv, {"PATH": "/usr/bin:/bin"})  # noqa: S606 - no shell is wanted
        except BaseException as error:
            with suppress(BaseException):
                os.write(2, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(111)

    def limits(self, request: dict[str, Any]) -> None:
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("500")  # if memory runs out, the kernel kills the box first
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for name, (soft, hard) in request["rlimits"].items():
            number = getattr(resource, name)
            try:
                resource.setrlimit(number, (soft, hard))
            except ValueError:  # we may not raise this process's own limit
                ceiling = resource.getrlimit(number)[1]
                resource.setrlimit(number, (min(soft, ceiling), min(hard, ceiling)))

    def sysctls(self) -> None:
        """As in container runtimes, every user of the box may bind port 80 and ping."""
        for name, value in (("ip_unprivileged_port_start", "0"), ("ping_group_range", "0 65534")):
            with suppress(OSError):
                Path("/proc/sys/net/ipv4", name).write_text(value)

    def make_root(self, request: dict[str, Any]) -> Path:
        stage = self.stage
        kernel.mount(
            "tmpfs", str(stage), "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, f"mode=755,{_room(request['disk'])}"
        )
        for name in ("root", "upper", "work", "out", "files", "mounts"):
            (stage / name).mkdir(mode=0o755)
        (stage / "out").chmod(0o700)
        root = stage / "root"
        kept = Path(request["upper"]) if request["upper"] else None
        layers = [Path(layer) for layer in request["layers"]]
        upper = kept or stage / "upper"
        work = Path(f"{kept}.work") if kept else stage / "work"
        if request["host"] and not self.host:
            self.split_root(root, layers, upper, work, Path(f"{kept}.parts") if kept else stage / "parts")
        else:
            lowers = [*(self.host if request["host"] else []), *layers]
            self.overlay(lowers, root, upper, work, renames=request["renames"])
        self.furnish(root, request)
        return root

    def overlay(
        self,
        lowest_first: list[Path],
        target: Path,
        upper: Path | None = None,
        work: Path | None = None,
        *,
        renames: bool = False,
    ) -> None:
        """`renames`: folders of the layers can be renamed as those of the image cannot; only for root."""
        descriptors = [os.open(layer, os.O_PATH | os.O_DIRECTORY) for layer in reversed(lowest_first)]
        try:
            # Descriptors keep the option string short, and free of special characters in paths.
            options = "lowerdir=" + ":".join(f"/proc/self/fd/{fd}" for fd in descriptors)
            if upper and work:
                for path, name in ((upper, "upperdir"), (work, "workdir")):
                    path.mkdir(mode=0o755, exist_ok=True)
                    descriptors.append(os.open(path, os.O_PATH | os.O_DIRECTORY))
                    options += f",{name}=/proc/self/fd/{descriptors[-1]}"
                options += ",index=off,volatile"
            if not self.root:
                options += ",userxattr"
            elif renames:
                options += ",redirect_dir=on"
            flags = kernel.MS_NODEV | kernel.MS_NOSUID | (0 if upper else kernel.MS_RDONLY)
            kernel.mount("overlay", str(target), "overlay", flags, options)
        finally:
            for fd in descriptors:
                os.close(fd)

    def split_root(self, root: Path, layers: list[Path], upper: Path, work: Path, parts: Path) -> None:
        """The host's root if it cannot be one overlay: several folders, each as a separate overlay."""
        assert self.mask is not None
        mask = self.mask[1]
        self.overlay([mask, *layers], root, upper, work)
        parts.mkdir(exist_ok=True)
        top = os.open(root, os.O_PATH | os.O_DIRECTORY)
        for name in self.pieces:
            stack = [Path("/"), mask, *layers]
            lowers = [layer / name for layer in stack if _is_folder(layer / name)]
            part = parts / name.replace("/", PART_SLASH)
            part.mkdir(exist_ok=True)
            part.chmod(stat.S_IMODE(lowers[-1].stat().st_mode))
            with _shown(rootpath.make_folders(top, f"/{name}")) as target:
                self.overlay(lowers, Path(target), part, parts / f"{part.name}.work")
        os.close(top)

    def furnish(self, root: Path, request: dict[str, Any]) -> None:
        """Mount what a container runtime mounts on top of the image."""
        self.top = os.open(root, os.O_PATH | os.O_DIRECTORY)
        quiet = kernel.MS_NOSUID | kernel.MS_NODEV
        for name in ("dev", "proc", "sys"):
            # The image may have a link there, which must not lead this process out of the image.
            if (root / name).is_symlink():
                (root / name).unlink()
                (root / name).mkdir()
        self.mount_at("/dev", "tmpfs", "tmpfs", kernel.MS_NOSUID, _SMALL)
        dev = root / "dev"
        for name, numbers in _DEVICES.items():
            if self.root:
                # New nodes: root in the box could change the mode of this machine's nodes.
                os.mknod(dev / name, stat.S_IFCHR | 0o666, os.makedev(*numbers))
                (dev / name).chmod(0o666)
            else:
                (dev / name).touch()
                kernel.mount(f"/dev/{name}", str(dev / name), "", kernel.MS_BIND)
        for link, target in (
            ("fd", "/proc/self/fd"),
            ("stdin", "/proc/self/fd/0"),
            ("stdout", "/proc/self/fd/1"),
            ("stderr", "/proc/self/fd/2"),
            ("core", "/proc/kcore"),
            ("ptmx", "pts/ptmx"),
        ):
            (dev / link).symlink_to(target)
        for name in ("pts", "shm", "mqueue", ".out"):
            (dev / name).mkdir()
        kernel.mount("devpts", str(dev / "pts"), "devpts", kernel.MS_NOSUID | kernel.MS_NOEXEC, request["devpts"])
        kernel.mount("tmpfs", str(dev / "shm"), "tmpfs", quiet, "mode=1777,size=65536k,nr_inodes=16384")
        kernel.mount(str(self.stage / "out"), str(dev / ".out"), "", kernel.MS_BIND)
        self.mount_at("/sys", "tmpfs", "tmpfs", quiet, "mode=755,size=4k,nr_inodes=64")
        for name in _SYS_SHOWN:
            if Path("/sys", name).is_dir():
                shown = root / "sys" / name
                shown.mkdir(parents=True)
                self.bind(f"/sys/{name}", str(shown), read_only=True)
        kernel.mount("none", str(root / "sys"), "", kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | quiet)
        os.close(rootpath.make_folders(self.top, "/proc"))
        self.put_over(request)
        for path in (*request["folders"], request["workdir"]):
            os.close(self.folder(path))
        os.close(self.top)

    def put_over(self, request: dict[str, Any]) -> None:
        """The tool's own files, empty mounts, volumes and folders of the host."""
        for number, (path, content) in enumerate(request["files"].items()):
            source = self.stage / "files" / str(number)
            source.write_text(content)
            source.chmod(0o644)
            self.bind_file(str(source), path)
        for number, path in enumerate(request["mounts"]):
            source = self.stage / "mounts" / str(number)
            source.mkdir()
            source.chmod(0o777)
            self.mount_at(path, str(source), "", kernel.MS_BIND)
        for path, volume, writable in request["volumes"]:
            in_image = rootpath.exists(self.top, path)
            with _shown(self.folder(path)) as target:
                if in_image and not os.listdir(volume):
                    _begin_like(target, volume)
                self.bind(volume, target, read_only=not writable)
        for path, host in request["binds"].items():
            if Path(host).is_dir():
                with _shown(self.folder(path)) as target:
                    self.bind(host, target, read_only=True)
            else:
                self.bind_file(host, path, read_only=True)

    def folder(self, path: str) -> int:
        return rootpath.make_folders(self.top, path)

    def mount_at(self, path: str, source: str, kind: str, flags: int, data: str = "") -> None:
        with _shown(self.folder(path)) as target:
            kernel.mount(source, target, kind, flags, data)

    def bind(self, source: str, target: str, *, read_only: bool) -> None:
        kernel.mount(source, target, "", kernel.MS_BIND)
        if read_only:
            # By its name: the descriptor still refers to the folder below the new mount.
            real = str(Path(target).readlink()) if target.startswith("/proc/self/fd/") else target
            # In a user namespace the flags with which the source was mounted must stay.
            inherited = os.statvfs(source).f_flag & (os.ST_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME | os.ST_RELATIME)
            flags = kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV | _mount_flags(inherited)
            kernel.mount("none", real, "", kernel.MS_REMOUNT | kernel.MS_BIND | flags)

    def bind_file(self, source: str, path: str, *, read_only: bool = False) -> None:
        """Bind over the file at `path`, which is made if it is missing; a link there (such as resolv.conf) is
        replaced."""
        parent, _, name = path.rpartition("/")
        folder = self.folder(parent or "/")
        try:
            with suppress(FileNotFoundError):
                if stat.S_ISLNK(os.lstat(name, dir_fd=folder).st_mode):
                    os.unlink(name, dir_fd=folder)
            os.close(os.open(name, os.O_CREAT | os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644, dir_fd=folder))
            with _shown(os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=folder)) as target:
                self.bind(source, target, read_only=read_only)
        finally:
            os.close(folder)

    def proc_masks(self) -> list[str]:
        """Options that make this machine's settings below /proc read-only or empty: the box's root could write to those
        that need no capability."""
        arguments = []
        for name in ("sys", "sysrq-trigger", "bus", "irq", "mtrr", "dynamic_debug", "driver", "tty"):
            if Path("/proc", name).exists():
                arguments += ["--ro-bind", f"/proc/{name}", f"/proc/{name}"]
        for name in (
            "kcore",
            "keys",
            "key-users",
            "latency_stats",
            "timer_list",
            "sched_debug",
            "kmsg",
            "kpagecount",
            "kpageflags",
        ):
            if Path("/proc", name).exists():
                arguments += ["--ro-bind", "/dev/null", f"/proc/{name}"]
        for name in ("acpi", "scsi", "asound", "fs"):
            if Path("/proc", name).is_dir():
                arguments += ["--size", "4096", "--perms", "0555", "--tmpfs", f"/proc/{name}"]
                arguments += ["--remount-ro", f"/proc/{name}"]
        return arguments


class _Joining(threading.Thread):
    """Puts this process into its control groups in parallel. It must be done before anything of the box runs."""

    def __init__(self, files: list[str]) -> None:
        super().__init__()
        self.files = files
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            for file in self.files:
                Path(file).write_text("0")
        except Exception as error:
            self.error = error

    def done(self) -> None:
        self.join()
        if self.error is not None:
            raise self.error


@contextmanager
def _and_back() -> Iterator[None]:
    """Back in this process's own network namespace at the end."""
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        yield
    finally:
        kernel.setns(own, kernel.CLONE_NEWNET)
        os.close(own)


def _in_child(work: Callable[[], None]) -> str:
    """Do it in a process of its own, which may end up in another namespace. What went wrong, '' for nothing."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        said = b""
        try:
            work()
        except BaseException as error:
            said = f"{type(error).__name__}: {error}".encode()
        finally:
            with suppress(OSError):
                os.write(writing, said or b"ok")
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        answer = told.read().decode()
    return "" if answer == "ok" else answer or "the process ended"


@contextmanager
def _shown(fd: int) -> Iterator[str]:
    """A path that refers to the open `fd`, which is closed afterwards."""
    try:
        yield f"/proc/self/fd/{fd}"
    finally:
        os.close(fd)


def _begin_like(image: str, volume: str) -> None:
    """As in Docker, an empty volume begins with what the image has at its place. Compose makes all containers before it
    starts one, so that what a service has done to a volume is not undone for the next."""
    begun = Path(f"{volume}-begun")
    if begun.exists() and not os.listdir(image):
        return
    begun.touch()
    status = Path(image).stat()
    copied = subprocess.run(["cp", "-a", "--", f"{image}/.", volume], pass_fds=(int(Path(image).name),), check=False)
    if copied.returncode != 0:
        raise OSError(f"the image's files cannot be copied into a volume (cp: {copied.returncode})")
    os.chown(volume, status.st_uid, status.st_gid)
    Path(volume).chmod(stat.S_IMODE(status.st_mode))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _mount_flags(statvfs: int) -> int:
    """statvfs(3)'s flags as flags for mount(2); only relatime has another number."""
    relatime = 4096
    return (statvfs & ~relatime) | (1 << 21 if statvfs & relatime else 0)


def _memory_file(name: bytes, content: bytes) -> int:
    fd = os.memfd_create(name.decode())
    with os.fdopen(os.dup(fd), "wb") as file:
        file.write(content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _close_others(keep: set[int]) -> None:
    low = 0
    for fd in sorted(keep):
        if low < fd:  # Python reads closerange(0, 0) as "all of them"
            os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, 1 << 20)
