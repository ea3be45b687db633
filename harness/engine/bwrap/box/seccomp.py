"""The system calls that a box may not make, as a classic BPF program for `bwrap --seccomp`.

These are the calls that container runtimes refuse to a process without CAP_SYS_ADMIN and similar capabilities, by
number for each architecture. Calls newer than these tables are answered with "not implemented", which programs can
handle.
"""

from __future__ import annotations

import platform
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.errors import EngineUnavailable

_EPERM = 1
_ENOSYS = 38
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_KILL = 0x80000000

_LOAD = 0x20
_JUMP = 0x05
_IF_EQUAL = 0x15
_IF_AT_LEAST = 0x35
_AND = 0x54
_RETURN = 0x06

_NUMBER = 0
_ARCHITECTURE = 4
_FIRST_ARGUMENT = 16
"""Offset of the lower half of the first argument; every supported machine is little-endian."""

_CLONE_NAMESPACES = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. (NEWTIME exists only for clone3 and unshare.)"""
_AF_VSOCK = 40
_PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)

NEWEST = 469
"""The last system call number that these tables know (file_setattr, Linux 6.17)."""

# Numbers that every architecture shares.
_SHARED = {
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "quotactl_fd": 443,
    "set_mempolicy_home_node": 450,
    "open_tree_attr": 467,
}


@dataclass(frozen=True, slots=True)
class Machine:
    audit: int
    """AUDIT_ARCH_*, which the kernel passes to the filter."""
    clone: int
    socket: int
    personality: int
    denied: Mapping[str, int]
    socketcall: int | None = None
    clone3: int = 435


# fmt: off
_X86_64 = Machine(0xC000003E, clone=56, socket=41, personality=135, denied=_SHARED | {
    "syslog": 103, "uselib": 134, "ustat": 136, "sysfs": 139, "vhangup": 153, "pivot_root": 155, "_sysctl": 156,
    "acct": 163, "settimeofday": 164, "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169,
    "sethostname": 170, "setdomainname": 171, "iopl": 172, "ioperm": 173, "create_module": 174, "init_module": 175,
    "delete_module": 176, "get_kernel_syms": 177, "query_module": 178, "quotactl": 179, "nfsservctl": 180,
    "lookup_dcookie": 212, "clock_settime": 227, "mbind": 237, "set_mempolicy": 238, "get_mempolicy": 239,
    "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250, "migrate_pages": 256, "unshare": 272,
    "move_pages": 279, "perf_event_open": 298, "fanotify_init": 300, "open_by_handle_at": 304, "clock_adjtime": 305,
    "setns": 308, "kcmp": 312, "finit_module": 313, "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323,
})
_X86_32 = Machine(0x40000003, clone=120, socket=359, personality=136, socketcall=102, denied=_SHARED | {
    "mount": 21, "umount": 22, "stime": 25, "acct": 51, "umount2": 52, "ustat": 62, "sethostname": 74,
    "settimeofday": 79, "uselib": 86, "swapon": 87, "reboot": 88, "ioperm": 101, "syslog": 103, "iopl": 110,
    "vhangup": 111, "vm86old": 113, "swapoff": 115, "setdomainname": 121, "create_module": 127, "init_module": 128,
    "delete_module": 129, "get_kernel_syms": 130, "quotactl": 131, "sysfs": 135, "_sysctl": 149, "vm86": 166,
    "query_module": 167, "nfsservctl": 169, "pivot_root": 217, "lookup_dcookie": 253, "clock_settime": 264,
    "mbind": 274, "get_mempolicy": 275, "set_mempolicy": 276, "kexec_load": 283, "add_key": 286, "request_key": 287,
    "keyctl": 288, "migrate_pages": 294, "unshare": 310, "move_pages": 317, "perf_event_open": 336,
    "fanotify_init": 338, "open_by_handle_at": 342, "clock_adjtime": 343, "setns": 346, "kcmp": 349,
    "finit_module": 350, "bpf": 357, "userfaultfd": 374, "clock_settime64": 404, "clock_adjtime64": 405,
})
_AARCH64 = Machine(0xC00000B7, clone=220, socket=198, personality=92, denied=_SHARED | {
    "lookup_dcookie": 18, "umount2": 39, "mount": 40, "pivot_root": 41, "nfsservctl": 42, "vhangup": 58,
    "quotactl": 60, "acct": 89, "unshare": 97, "kexec_load": 104, "init_module": 105, "delete_module": 106,
    "clock_settime": 112, "syslog": 116, "reboot": 142, "sethostname": 161, "setdomainname": 162,
    "settimeofday": 170, "add_key": 217, "request_key": 218, "keyctl": 219, "swapon": 224, "swapoff": 225,
    "mbind": 235, "get_mempolicy": 236, "set_mempolicy": 237, "migrate_pages": 238, "move_pages": 239,
    "perf_event_open": 241, "fanotify_init": 262, "open_by_handle_at": 265, "clock_adjtime": 266, "setns": 268,
    "kcmp": 272, "finit_module": 273, "bpf": 280, "userfaultfd": 282, "kexec_file_load": 294,
})
# fmt: on

MACHINES: Mapping[str, tuple[Machine, ...]] = {"x86_64": (_X86_64, _X86_32), "aarch64": (_AARCH64,)}
"""The kernel's name of a machine -> the architectures whose programs it runs. Programs of others are killed."""


def program(machine: str = "") -> bytes:
    """The filter for `machine`, by default this one."""
    name = machine or platform.machine()
    name = {"arm64": "aarch64", "amd64": "x86_64"}.get(name.lower(), name)
    if name not in MACHINES:
        raise EngineUnavailable(
            f"The bwrap engine has no system call filter for {name}.",
            hint="It runs on x86_64 and aarch64. Use --engine docker.",
        )
    code: list[bytes] = []
    for known in MACHINES[name]:
        section = list(_section(known))
        code += [_op(_LOAD, _ARCHITECTURE), _op(_IF_EQUAL, known.audit, 1, 0), _op(_JUMP, len(section)), *section]
    return b"".join([*code, _op(_RETURN, _KILL)])


def _section(machine: Machine) -> Iterable[bytes]:
    yield _op(_LOAD, _NUMBER)
    # Also the x32 calls, whose numbers carry a high bit.
    yield from _decide(_IF_AT_LEAST, NEWEST + 1, _ERRNO | _ENOSYS)
    # Its flags are behind a pointer, which a filter cannot read; programs fall back to clone.
    yield from _decide(_IF_EQUAL, machine.clone3, _ERRNO | _ENOSYS)
    if machine.socketcall is not None:
        yield from _decide(_IF_EQUAL, machine.socketcall, _ERRNO | _ENOSYS)
    for number in sorted(machine.denied.values()):
        yield from _decide(_IF_EQUAL, number, _ERRNO | _EPERM)
    no_namespaces = (_op(_AND, _CLONE_NAMESPACES), *_decide(_IF_EQUAL, 0, _ALLOW), _op(_RETURN, _ERRNO | _EPERM))
    yield from _by_argument(machine.clone, no_namespaces)
    # vsock belongs to no network namespace: in a virtual machine it reaches the host.
    no_vsock = (*_decide(_IF_EQUAL, _AF_VSOCK, _ERRNO | _EPERM), _op(_RETURN, _ALLOW))
    yield from _by_argument(machine.socket, no_vsock)
    harmless = [operation for value in _PERSONALITIES for operation in _decide(_IF_EQUAL, value, _ALLOW)]
    yield from _by_argument(machine.personality, (*harmless, _op(_RETURN, _ERRNO | _EPERM)))
    yield _op(_RETURN, _ALLOW)


def _by_argument(number: int, body: Iterable[bytes]) -> Iterable[bytes]:
    """`body` looks at the call's first argument and always returns."""
    inner = (_op(_LOAD, _FIRST_ARGUMENT), *body)
    yield _op(_IF_EQUAL, number, 0, len(inner))
    yield from inner


def _decide(test: int, value: int, verdict: int) -> tuple[bytes, bytes]:
    return _op(test, value, 0, 1), _op(_RETURN, verdict)


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, value)
