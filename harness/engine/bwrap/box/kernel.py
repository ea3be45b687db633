"""A few system calls that Python lacks, for the process that prepares boxes. Standard library only."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MS_SLAVE = 0x80000
MNT_DETACH = 0x2

_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
"""The same numbers on every architecture."""
_AT_FDCWD, _AT_EMPTY_PATH = -100, 0x1000
_OPEN_TREE_CLONE, _MOVE_MOUNT_F_EMPTY_PATH = 1, 4
_READ_ONLY, _NO_SUID, _NO_DEVICES = 1, 2, 4
_PR_SET_PDEATHSIG = 1
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_SIOCSIFADDR = 0x8916
_SIOCSIFNETMASK = 0x891C
_IFF_UP = 0x1

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    encoded = data.encode("utf-8", "surrogateescape")
    if len(encoded) > 4095:
        raise OSError(f"mounting {kind} takes {len(encoded)} bytes of options, the kernel takes 4095")
    result = _libc.mount(
        os.fsencode(source), os.fsencode(target), kind.encode() or None, ctypes.c_ulong(flags), encoded or None
    )
    _checked(result, f"mount {kind or source} on {target}")


def unmount(target: str, flags: int = MNT_DETACH) -> None:
    _checked(_libc.umount2(os.fsencode(target), flags), f"umount {target}")


def read_only_tree(path: str) -> int:
    """What lies at `path` as a mount that stands nowhere yet: a descriptor. Needs Linux 5.12."""
    call = _libc.syscall
    fd = call(_OPEN_TREE, _AT_FDCWD, os.fsencode(path), ctypes.c_uint(_OPEN_TREE_CLONE | os.O_CLOEXEC))
    _checked(min(fd, 0), f"open the tree {path}")
    attributes = struct.pack("4Q", _READ_ONLY | _NO_SUID | _NO_DEVICES, 0, 0, 0)
    _checked(call(_MOUNT_SETATTR, fd, b"", _AT_EMPTY_PATH, attributes, len(attributes)), "make a tree read-only")
    return int(fd)


def attach(tree: int, target: str) -> None:
    """Mount what `read_only_tree` gave."""
    result = _libc.syscall(_MOVE_MOUNT, tree, b"", _AT_FDCWD, os.fsencode(target), _MOVE_MOUNT_F_EMPTY_PATH)
    _checked(result, f"mount a tree on {target}")


def unshare(flags: int) -> None:
    _checked(_libc.unshare(flags), "unshare")


def setns(fd: int, kind: int) -> None:
    _checked(_libc.setns(fd, kind), "setns")


def die_with_parent(signal: int) -> None:
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal, 0, 0, 0), "prctl")


def sync_filesystem(fd: int) -> None:
    _checked(_libc.syncfs(fd), "syncfs")


def loopback_up() -> None:
    """Bring up `lo` in the network namespace this process is in."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        _up(probe, b"lo")


def give_address(interface: str, address: str) -> None:
    """Give an interface of this process's network namespace an IPv4 address, `A.B.C.D/N`, and bring it up."""
    own, _, length = address.partition("/")
    mask = socket.inet_ntoa(struct.pack("!I", (0xFFFFFFFF << (32 - int(length))) & 0xFFFFFFFF))
    name = interface.encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for request, value in ((_SIOCSIFADDR, own), (_SIOCSIFNETMASK, mask)):
            packed = struct.pack("16sHH4s8s", name, socket.AF_INET, 0, socket.inet_aton(value), b"")
            fcntl.ioctl(probe, request, packed)
        _up(probe, name)


def _up(probe: socket.socket, interface: bytes) -> None:
    request = struct.pack("16sH14s", interface, 0, b"")
    _name, flags, _rest = struct.unpack("16sH14s", fcntl.ioctl(probe, _SIOCGIFFLAGS, request))
    fcntl.ioctl(probe, _SIOCSIFFLAGS, struct.pack("16sH14s", interface, flags | _IFF_UP, b""))
