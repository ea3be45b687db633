"""What a Dockerfile sees of its folder, which files a COPY names, and how they land in a layer."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engine.bwrap.image.copying import CannotCopy, Copier, Manner, open_archive, parse_mode, unpack
from harness.engine.recipe.context import (
    BuildContext,
    SourceMissing,
    fingerprint,
    ignore_rules,
    match_pattern,
    read_ignore,
    resolve,
    select,
    walk,
)
from harness.engine.stack import Layer, Stack


def make(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name.rstrip("/")
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
    return root


@pytest.mark.parametrize(
    ("pattern", "hidden", "shown"),
    [
        ("a", ["a", "a/b", "a/b/c"], ["b/a", "ab"]),
        ("/a", ["a", "a/b"], ["b/a"]),
        ("a/", ["a/b"], ["b/a"]),
        ("./a/../b", ["b"], ["a"]),
        ("*.txt", ["x.txt"], ["d/x.txt", "x.txtt"]),
        ("*/x", ["d/x", "d/x/y"], ["x", "d/e/x"]),
        ("**/x", ["x", "d/x", "d/e/x", "d/x/y"], ["xx", "d/yx"]),
        ("**.log", ["a.log", "d/a.log"], ["a.logs"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "ab"]),
        ("a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["z", "b/z"]),
        ("**", ["a", "a/b"], []),
        ("a?c", ["abc"], ["a/c", "ac"]),
        ("[a-c]x", ["ax", "cx/y"], ["dx"]),
        ("[^a]x", ["bx"], ["ax"]),
        ("a\\*", ["a*"], ["ab"]),
        ("a.b", ["a.b"], ["axb"]),
        ("a+(b)", ["a+(b)"], ["aab"]),
    ],
)
def test_an_ignore_pattern_hides(pattern: str, hidden: list[str], shown: list[str]) -> None:
    rules = ignore_rules([pattern])
    assert [path for path in [*hidden, *shown] if rules.hides(path)] == hidden


@pytest.mark.parametrize(
    ("lines", "path", "hides"),
    [
        (["*", "!a"], "a/b", False),
        (["*", "!a"], "c", True),
        (["!a", "*"], "a", True),
        (["a", "!a/keep", "a/keep/not"], "a/keep/x", False),
        (["a", "!a/keep", "a/keep/not"], "a/keep/not", True),
        (["# a", "", "  ", "  b  "], "b", True),
        (["# a"], "# a", False),
        (["\ufeffa"], "a", True),
        (["*.md", "!README*.md", "README-secret.md"], "README-secret.md", True),
        (["*.md", "!README*.md"], "README.md", False),
    ],
)
def test_the_last_matching_line_decides(lines: list[str], path: str, hides: bool) -> None:
    assert ignore_rules(lines).hides(path) == hides


@given(st.lists(st.text(alphabet="ab*?[]^-!\\/.# ", max_size=8), max_size=4))
def test_any_ignore_file_is_read_or_is_a_value_error(lines: list[str]) -> None:
    with suppress(ValueError):
        ignore_rules(lines).hides("a/b")


def test_the_dockerfiles_own_ignore_file_wins(tmp_path: Path) -> None:
    make(tmp_path, "Dockerfile", "x.Dockerfile", "a", "b")
    (tmp_path / ".dockerignore").write_text("a\n")
    (tmp_path / "x.Dockerfile.dockerignore").write_text("b\n")
    for dockerfile, hidden in (("Dockerfile", "a"), ("x.Dockerfile", "b")):
        rules = read_ignore(tmp_path, tmp_path / dockerfile)
        assert [name for name in ("a", "b") if rules.hides(name)] == [hidden]


def test_a_hidden_folder_shows_only_its_exceptions(tmp_path: Path) -> None:
    make(tmp_path, "gone/a", "gone/keep/b", "gone/c/d", "empty/")
    tree = BuildContext(tmp_path, ignore_rules(["gone", "!gone/keep", "empty"]))
    assert list(walk(tree, "/")) == ["/", "/gone", "/gone/keep", "/gone/keep/b"]
    assert tree.hidden("/gone/a")
    assert not tree.hidden("/nothing")


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("*.py", ["a.py", ".py"], ["a/b.py", "a.pyc"]),
        ("a[b-d]", ["ab", "ad"], ["ae", "a-"]),
        ("a[^b]", ["ac"], ["ab", "a/"]),
        ("a[!b]", ["a!", "ab"], ["ac"]),
        ("\\*", ["*"], ["a"]),
        ("[\\]]", ["]"], ["a"]),
        ("**", ["ab"], ["a/b"]),
    ],
)
def test_copy_patterns_are_gos(pattern: str, matching: list[str], other: list[str]) -> None:
    regex = match_pattern(pattern)
    assert regex is not None
    assert [name for name in [*matching, *other] if regex.fullmatch(name)] == matching


@pytest.mark.parametrize("pattern", ["[", "[a", "a\\", "[]a]", "[-]", "[a-]"])
def test_a_malformed_pattern_is_none(pattern: str) -> None:
    assert match_pattern(pattern) is None


def test_a_source_names_files_and_links_are_followed_inside_the_tree(tmp_path: Path) -> None:
    make(tmp_path / "context", "a.txt", "d/b.txt", "d/e/c.txt")
    make(tmp_path, "secret")
    tree = BuildContext(tmp_path / "context")
    (tree.root / "in").symlink_to("d/e")
    (tree.root / "out").symlink_to("../secret")
    (tree.root / "abs").symlink_to("/a.txt")
    assert select(tree, "*.txt") == [("a.txt", "/a.txt")]
    assert select(tree, "*/*.txt") == [("b.txt", "/d/b.txt")]
    assert select(tree, "in/c.txt") == [("c.txt", "/d/e/c.txt")]
    assert select(tree, "in") == [("in", "/d/e")]
    assert select(tree, "abs") == [("abs", "/a.txt")]
    assert select(tree, "../../a.txt") == [("a.txt", "/a.txt")]
    assert select(tree, "none*") == []
    for name in ("out", "none", "d/none", "none/*"):
        with pytest.raises(SourceMissing):
            select(tree, name)


def test_links_in_a_circle_are_an_error_not_a_hang(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(ValueError, match="link in a circle"):
        resolve(BuildContext(tmp_path), "/a/x")


def test_a_fingerprint_knows_names_modes_and_contents_and_no_times(tmp_path: Path) -> None:
    make(tmp_path, "d/a", "d/b")
    tree = BuildContext(tmp_path)
    before = fingerprint(tree, "/d")
    os.utime(tmp_path / "d/a", (1, 1))
    assert fingerprint(tree, "/d") == before
    seen = {before}
    for change in (
        lambda: (tmp_path / "d/a").chmod(0o700),
        lambda: (tmp_path / "d/a").write_text("other"),
        lambda: (tmp_path / "d/b").rename(tmp_path / "d/c"),
        lambda: (tmp_path / "d/empty").mkdir(),
        lambda: (tmp_path / "d/l").symlink_to("a"),
    ):
        change()
        seen.add(fingerprint(tree, "/d"))
    assert len(seen) == 6


# --- layers ---------------------------------------------------------------------------------------------------------


def layers(tmp_path: Path, count: int) -> list[Path]:
    found = [tmp_path / f"layer{number}" for number in range(count)]
    for folder in found:
        folder.mkdir()
    return found


def opaque(path: Path) -> None:
    os.setxattr(path, "user.overlay.opaque", b"y")


def whiteout(path: Path) -> None:
    os.mknod(path, stat.S_IFCHR, os.makedev(0, 0))


def test_a_stack_merges_as_the_kernel_does(tmp_path: Path) -> None:
    low, middle, top = layers(tmp_path, 3)
    make(low, "d/low", "d/gone", "file/x", "hidden/a", "whole/a")
    make(middle, "d/middle", "hidden/b", "file2")
    whiteout(middle / "d/gone")
    opaque(middle / "hidden")
    whiteout(middle / "whole")
    make(top, "d/low", "whole/b", "file2/inner")
    (top / "d/low").write_text("top")
    stack = Stack([low, middle, top])
    assert list(walk(stack, "/"))[1:] == [
        "/d", "/d/low", "/d/middle", "/file", "/file/x", "/file2", "/file2/inner", "/hidden", "/hidden/b", "/whole",
        "/whole/b",
    ]  # fmt: skip
    assert stack.host("/d/low") == top / "d/low"
    assert stack.host("/d/middle") == middle / "d/middle"
    assert stack.host("/d/gone") is None
    assert stack.host("/d/low/below-a-file") is None


def test_a_renamed_folder_is_found_where_it_came_from(tmp_path: Path) -> None:
    low, top = layers(tmp_path, 2)
    make(low, "old/a", "deep/old/b")
    make(top, "new/c", "moved/")
    os.setxattr(top / "new", "user.overlay.redirect", b"old")
    os.setxattr(top / "moved", "user.overlay.redirect", b"/deep/old")
    assert Stack([low, top]).names("/new") == ["a", "c"]
    assert Stack([low, top]).names("/moved") == ["b"]


def test_a_new_layer_takes_over_what_it_changes(tmp_path: Path) -> None:
    low, top = layers(tmp_path, 2)
    make(low, "d/e/file", "real/")
    (low / "d").chmod(0o711)
    (low / "link").symlink_to("real")
    layer = Layer([low], top)
    assert layer.folder("/d/e/new") == "/d/e/new"
    assert layer.folder("/link/x") == "/real/x"
    assert stat.S_IMODE((top / "d").stat().st_mode) == 0o711
    assert sorted(path.relative_to(top).as_posix() for path in top.rglob("*")) == [
        "d",
        "d/e",
        "d/e/new",
        "real",
        "real/x",
    ]
    with pytest.raises(NotADirectoryError):
        layer.folder("/d/e/file/x")
    with pytest.raises(IsADirectoryError):
        layer.place("/d/e")


def copied(tree: BuildContext, top: Path, source: str, dest: str, manner: Manner) -> list[str]:
    Copier(tree, Layer([], top), manner).copy(source, dest)
    return sorted(path.relative_to(top).as_posix() for path in top.rglob("*"))


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ([], ["d", "d/a.md", "d/sub", "d/sub/b.md", "d/sub/c"]),
        (["*.md"], ["d", "d/sub", "d/sub/b.md", "d/sub/c"]),
        (["**/*.md"], ["d", "d/sub", "d/sub/c"]),
        (["sub"], ["d", "d/a.md"]),
    ],
)
def test_exclude_leaves_out(tmp_path: Path, patterns: list[str], expected: list[str]) -> None:
    make(tmp_path / "context", "tree/a.md", "tree/sub/b.md", "tree/sub/c")
    (top,) = layers(tmp_path, 1)
    manner = Manner((0, 0), exclude=ignore_rules(patterns))
    assert copied(BuildContext(tmp_path / "context"), top, "tree", "/d", manner) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a/b/c.txt", ["d", "d/a", "d/a/b", "d/a/b/c.txt"]),
        ("a/./b/c.txt", ["d", "d/b", "d/b/c.txt"]),
        ("a/*/c.txt", ["d", "d/a", "d/a/b", "d/a/b/c.txt"]),
        ("**/c.txt", ["d", "d/a", "d/a/b", "d/a/b/c.txt"]),
        ("a/b", ["d", "d/a", "d/a/b", "d/a/b/c.txt", "d/a/b/e", "d/a/b/e/f"]),
    ],
)
def test_parents_keeps_the_path(tmp_path: Path, source: str, expected: list[str]) -> None:
    make(tmp_path / "context", "a/b/c.txt", "a/b/e/f", "a/x")
    (top,) = layers(tmp_path, 1)
    Copier(BuildContext(tmp_path / "context"), Layer([], top), Manner((0, 0))).copy_with_parents(source, "/d/")
    assert sorted(path.relative_to(top).as_posix() for path in top.rglob("*")) == expected


@pytest.mark.parametrize(
    ("text", "mode", "folder", "expected"),
    [
        ("755", 0o600, False, 0o755),
        ("0644", 0o777, True, 0o644),
        ("4755", 0, False, 0o4755),
        ("u+x", 0o644, False, 0o744),
        ("+x", 0o644, False, 0o755),
        ("go-rwx", 0o777, False, 0o700),
        ("a=r", 0o777, False, 0o444),
        ("u=rwX,go=rX", 0o600, False, 0o644),
        ("u=rwX,go=rX", 0o600, True, 0o755),
        ("g=u", 0o740, False, 0o770),
        ("u+s,o+t", 0o755, False, 0o5755),
    ],
)
def test_chmod_takes_octal_and_symbolic_modes(text: str, mode: int, folder: bool, expected: int) -> None:
    assert parse_mode(text)(mode, folder) == expected


@pytest.mark.parametrize("text", ["99", "10000", "x+u", "u", "u+q", "", "rwx"])
def test_another_chmod_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="chmod"):
        parse_mode(text)


def archive_of(*members: tarfile.TarInfo) -> io.BytesIO:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size))
    whole.seek(0)
    return whole


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size
    return info


@pytest.mark.parametrize(
    "members",
    [
        [member("../../escape", size=1)],
        [member("/escape", size=1)],
        [member("l", tarfile.SYMTYPE, "/"), member("l/escape", size=1)],
        [member("l", tarfile.SYMTYPE, "../../.."), member("l/escape", size=1)],
        [member("d", tarfile.DIRTYPE), member("d/l", tarfile.SYMTYPE, "../.."), member("d/l/escape", size=1)],
    ],
)
def test_nothing_in_an_archive_leaves_the_layer(tmp_path: Path, members: list[tarfile.TarInfo]) -> None:
    (top,) = layers(tmp_path, 1)
    with tarfile.open(fileobj=archive_of(*members)) as archive:
        unpack(archive, Layer([], top), "/d")
    assert [path.name for path in tmp_path.iterdir()] == ["layer0"]
    assert len(list(top.rglob("escape"))) == 1


def test_a_hard_link_out_of_an_archive_takes_nothing_of_the_host(tmp_path: Path) -> None:
    (top,) = layers(tmp_path, 1)
    with (
        tarfile.open(fileobj=archive_of(member("h", tarfile.LNKTYPE, "/etc/passwd"))) as archive,
        pytest.raises(CannotCopy),
    ):
        unpack(archive, Layer([], top), "/d")


def test_devices_stay_out_of_layers(tmp_path: Path) -> None:
    (top,) = layers(tmp_path, 1)
    disk = member("disk", tarfile.BLKTYPE)
    disk.devmajor, disk.devminor = 8, 0
    with tarfile.open(fileobj=archive_of(disk, member("file", size=1))) as archive:
        unpack(archive, Layer([], top), "/")
    assert [path.name for path in top.iterdir()] == ["file"]


@pytest.mark.parametrize("content", [b"", b"no", b"\x1f\x8b\x08truncated", b"BZh9", b"\xfd7zXZ\x00", b"\0" * 1024])
def test_what_is_no_archive_is_just_a_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "f").write_bytes(content)
    assert open_archive(tmp_path / "f") is None
