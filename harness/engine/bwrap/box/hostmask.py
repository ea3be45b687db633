"""Hides the private parts of this machine's root from boxes: an overlay layer on top of the root.

Only the top-level folders of an allow-list are visible. Below /etc, /opt and /usr/local everything is hidden that some
user of this machine may not read; below /var only package databases keep their contents. This runs in the process that
makes the mounts, and needs only the standard library.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

SHOWN = ("bin", "etc", "gnu", "lib", "lib32", "lib64", "libx32", "nix", "opt", "sbin", "usr", "var")
"""The only top-level entries of the host that a box sees."""

_EMPTY = {"root": 0o700, "tmp": 0o1777, "home": 0o755, "mnt": 0o755, "media": 0o755, "srv": 0o755, "boot": 0o755}
_EMPTY |= {"run": 0o755, "proc": 0o555, "sys": 0o555, "dev": 0o755}

_VAR_KEPT = frozenset({"lib", "cache"})
_VAR_LIB_KEPT = frozenset(
    "alternatives apt aspell dictionaries-common dnf dpkg emacsen-common gems ghc ispell javascript-common mecab misc "
    "pacman pam python rpm sgml-base shells.state tex-common texmf ucf vim xml-core yum".split()
)
_VAR_CACHE_KEPT = frozenset({"fontconfig", "ldconfig"})

_ETC_GONE = frozenset(
    """
    apt/auth.conf apt/auth.conf.d boto.cfg buildkite-agent cloud cni consul.d containerd containers credstore
    credstore.encrypted crypttab cups datadog-agent docker exports fstab gitlab-runner group- gshadow- ipsec.d
    ipsec.secrets krb5.keytab kubernetes letsencrypt libvirt machine-id mysql/debian.cnf NetworkManager netplan netrc
    nomad.d openvpn passwd- ppp rancher samba security/opasswd shadow- ssh ssl/private subgid- subuid- sudoers sudoers.d
    telegraf vault.d wireguard wpa_supplicant
    """.split()
)
_TRIES = 20
_COPIED = 8 << 20
"""Size of the largest file that is copied if it cannot be part of an overlay."""
_ETC_BLANK = frozenset({"environment", "hostname", "hosts", "resolv.conf", "motd"})
"""Files that every program expects, but whose contents are about this machine."""


def build(layer: Path, *, host: Path = Path("/"), userxattr: bool = False, hidden: Iterable[Path] = ()) -> None:
    """Fill the empty folder `layer`. `hidden` are further host paths that no box may see."""
    hidden = tuple(hidden)
    for left in reversed(range(_TRIES)):
        try:
            _build(layer, host, userxattr, hidden)
            return
        except FileNotFoundError:
            if not left:
                raise
        # A file of this machine disappeared while it was read: start again.
        for entry in tuple(layer.iterdir()):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def _build(layer: Path, host: Path, userxattr: bool, hidden: tuple[Path, ...]) -> None:
    mask = _Mask(host, layer, userxattr)
    mask.top()
    mask.etc()
    mask.var()
    for folder, depth in (("opt", 3), ("usr/local/etc", 3), ("usr/local/lib", 1), ("usr/local", 1)):
        mask.unreadable(Path(folder), depth)
    for path in hidden:
        with suppress(ValueError):
            mask.hide(path.relative_to(host))
    if userxattr:
        mask.own()


def pieces(layer: Path, *, host: Path = Path("/")) -> list[str]:
    """The host folders that a box gets as separate overlays, if one overlay for the whole root is impossible.

    In a user namespace a folder with mounts below it cannot be part of an overlay. Then each of its folders becomes an
    overlay, and its files are copied into the mask `layer`. Below /var only the folders that keep their contents are
    listed, because the layers may themselves be kept below /var.
    """
    mounted = [host / line.split()[4].lstrip("/") for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    tops = [Path(name) for name in SHOWN if name != "var"]
    tops += [Path("var/lib", name) for name in sorted(_VAR_LIB_KEPT)]
    found: list[str] = []
    for top in tops:
        if (host / top).is_dir() and not (host / top).is_symlink():
            _split(top, host, layer, mounted, found)
    return found


def _split(folder: Path, host: Path, layer: Path, mounted: list[Path], found: list[str]) -> None:
    if not any((host / folder) in mount.parents for mount in mounted):
        found.append(str(folder))
        return
    with suppress(OSError), os.scandir(host / folder) as entries:
        (layer / folder).mkdir(parents=True, exist_ok=True)
        for entry in entries:
            path = folder / entry.name
            masked = os.path.lexists(layer / path)
            if entry.is_dir(follow_symlinks=False):
                if not masked or not any(os.scandir(layer / path)):
                    _split(path, host, layer, mounted, found)
            elif not masked and (entry.is_symlink() or entry.stat().st_size <= _COPIED):
                with suppress(OSError):
                    shutil.copy2(host / path, layer / path, follow_symlinks=False)


class _Mask:
    def __init__(self, host: Path, layer: Path, userxattr: bool) -> None:
        self.host = host
        self.layer = layer
        self.userxattr = userxattr
        self.opaque = "user.overlay.opaque" if userxattr else "trusted.overlay.opaque"

    def top(self) -> None:
        for name in sorted({entry.name for entry in self.host.iterdir()} | set(_EMPTY)):
            if name in _EMPTY:
                self.empty(Path(name), _EMPTY[name])
                if name == "run":
                    (self.layer / "run/lock").mkdir()
                    (self.layer / "run/lock").chmod(0o1777)
            elif name not in SHOWN:
                self.gone(Path(name))
            elif (self.host / name).is_symlink():
                (self.layer / name).symlink_to((self.host / name).readlink())
            else:
                self.parents(Path(name) / "x")

    def etc(self) -> None:
        etc = Path("etc")
        for name in sorted(_ETC_GONE):
            if os.path.lexists(self.host / etc / name):
                self.hide(etc / name)
        for name in sorted(_ETC_BLANK):
            if os.path.lexists(self.host / etc / name):
                self.file(etc / name, b"", 0o644)
        for name in ("shadow", "gshadow"):
            original = self.host / etc / name
            if original.exists():
                self.file(etc / name, self.without_secrets(name), 0o640, like=original)
        self.unreadable(etc, 8)

    def without_secrets(self, name: str) -> bytes:
        """shadow or gshadow with all accounts and no passwords. Made from passwd or group, which everybody may read."""
        source, tail = {"shadow": ("passwd", b":*:19000:0:99999:7:::"), "gshadow": ("group", b":*::")}[name]
        with suppress(OSError):
            accounts = (self.host / "etc" / source).read_bytes().splitlines()
            return b"".join(line.split(b":")[0] + tail + b"\n" for line in accounts if b":" in line)
        return b""

    def var(self) -> None:
        var = Path("var")
        for entry in self.entries(var):
            if entry.is_symlink():
                continue
            if entry.name in _VAR_KEPT and entry.is_dir():
                kept = _VAR_LIB_KEPT if entry.name == "lib" else _VAR_CACHE_KEPT
                for below in self.entries(var / entry.name):
                    if below.name not in kept:
                        self.hide(var / entry.name / below.name, inner=True)
            else:
                self.hide(var / entry.name, inner=True)
        if (self.host / "var/cache").is_dir():
            self.empty(Path("var/cache/apt/archives/partial"), 0o700)
        self.unreadable(var / "lib/apt", 3)

    def unreadable(self, folder: Path, depth: int) -> None:
        """Hide everything that some user may not read, down to `depth` levels."""
        for entry in self.entries(folder):
            path = folder / entry.name
            if entry.is_symlink() or os.path.lexists(self.layer / path):
                if entry.is_dir(follow_symlinks=False) and not self.is_opaque(path) and depth > 1:
                    self.unreadable(path, depth - 1)
                continue
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                if mode & 0o005 != 0o005:
                    self.hide(path)
                elif depth > 1:
                    self.unreadable(path, depth - 1)
            elif not mode & 0o004 or not stat.S_ISREG(mode):
                self.gone(path)

    def own(self) -> None:
        """In a user namespace the host's files belong to nobody. A folder is writable if the mask has its own version
        of it, and a file if the mask has a copy. With these, useradd, pip and, mostly, apt work."""
        self.own_folders(Path("usr"), 3)
        self.own_folders(Path("usr/local"), 10)
        self.own_folders(Path("opt"), 2)
        self.own_folders(Path("etc"), 10, copies=10)
        for name in sorted(_VAR_LIB_KEPT):
            self.own_folders(Path("var/lib", name), 3, copies=1)
        if (self.host / "etc/apt/apt.conf.d").is_dir():
            self.file(Path("etc/apt/apt.conf.d/99-one-user"), b'APT::Sandbox::User "root";\n', 0o644)

    def own_folders(self, folder: Path, depth: int, *, copies: int = 0) -> None:
        if not (self.host / folder).is_dir() or self.is_opaque(folder):
            return
        self.parents(folder / "x")
        for entry in self.entries(folder):
            path = folder / entry.name
            if entry.is_dir(follow_symlinks=False):
                if depth > 1:
                    self.own_folders(path, depth - 1, copies=max(0, copies - 1))
            elif (
                copies
                and not os.path.lexists(self.layer / path)
                and entry.stat(follow_symlinks=False).st_size < _COPIED
            ):
                with suppress(OSError):
                    shutil.copy2(self.host / path, self.layer / path, follow_symlinks=False)

    def is_opaque(self, path: Path) -> bool:
        with suppress(OSError):
            return os.getxattr(self.layer / path, self.opaque) == b"y"
        return False

    def entries(self, folder: Path) -> list[os.DirEntry[str]]:
        with suppress(OSError), os.scandir(self.host / folder) as found:
            return sorted(found, key=lambda entry: entry.name)
        return []

    def hide(self, path: Path, *, inner: bool = False) -> None:
        """Replace a folder by an empty one, and remove a file. `inner`: keep the folder's subfolders, empty, because
        services expect them."""
        original = self.host / path
        if original.is_symlink() or not original.is_dir():
            if os.path.lexists(original):
                self.gone(path)
            return
        self.empty(path, stat.S_IMODE(original.stat().st_mode), like=original)
        if inner:
            for entry in self.entries(path):
                if entry.is_dir(follow_symlinks=False):
                    mode = stat.S_IMODE(entry.stat().st_mode)
                    self.empty(path / entry.name, mode, like=original / entry.name)

    def parents(self, path: Path) -> None:
        for parent in reversed(path.parents):
            target = self.layer / parent
            if not os.path.lexists(target):
                status = (self.host / parent).stat()
                target.mkdir()
                self.dress(target, stat.S_IMODE(status.st_mode), status)

    def dress(self, target: Path, mode: int, status: os.stat_result | None) -> None:
        # In a user namespace the host's owners appear as nobody, who must own nothing.
        if status is not None and not self.userxattr:
            os.chown(target, status.st_uid, status.st_gid)
        target.chmod(mode)

    def empty(self, path: Path, mode: int, *, like: Path | None = None) -> None:
        target = self.layer / path
        if os.path.lexists(target):
            return
        for parent in reversed(path.parents):
            if not os.path.lexists(self.layer / parent) and not (self.host / parent).exists():
                (self.layer / parent).mkdir(mode=0o755)
        self.parents(path)
        target.mkdir()
        self.dress(target, mode, like.stat() if like else None)
        try:
            os.setxattr(target, self.opaque, b"y")
        except OSError:
            # This filesystem has no user.* attributes (tmpfs before Linux 6.6): hide the whole folder.
            target.rmdir()
            os.mknod(target, stat.S_IFCHR, os.makedev(0, 0))

    def file(self, path: Path, content: bytes, mode: int, *, like: Path | None = None) -> None:
        self.parents(path)
        target = self.layer / path
        target.write_bytes(content)
        self.dress(target, mode, like.stat() if like else None)

    def gone(self, path: Path) -> None:
        target = self.layer / path
        if os.path.lexists(target):
            return
        self.parents(path)
        os.mknod(target, stat.S_IFCHR, os.makedev(0, 0))
