"""Reading Dockerfiles: what BuildKit reads, with its lines, and a typed error for what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.engine.recipe.dockerfile import Dockerfile, find_stage, global_arguments, pairs, parse, read, stages
from harness.engine.recipe.words import Syntax, expand, split
from harness.errors import BuildFailed


def shape(text: str) -> list[tuple[str, str, int, int]]:
    return [(each.name, each.text, each.line, each.end_line) for each in parse(text).instructions]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a\n", [("FROM", "a", 1, 1)]),
        ("from a as B\n", [("FROM", "a as B", 1, 1)]),
        ("# c\n\nFROM a # no comment\n".replace(" # no comment", ""), [("FROM", "a", 3, 3)]),
        ("FROM a\nRUN one \\\n  two\n", [("FROM", "a", 1, 1), ("RUN", "one   two", 2, 3)]),
        ("FROM a\nRUN one \\\n# why\n\n   # why not\n  two\n", [("FROM", "a", 1, 1), ("RUN", "one   two", 2, 6)]),
        ("FROM a\nRUN one \\ \t\n two", [("FROM", "a", 1, 1), ("RUN", "one  two", 2, 3)]),
        ("FROM a\nRUN echo \\\\\nRUN x\n", [("FROM", "a", 1, 1), ("RUN", "echo \\\\", 2, 2), ("RUN", "x", 3, 3)]),
        ("# escape=`\nFROM a\nRUN one `\n two\\\n", [("FROM", "a", 2, 2), ("RUN", "one  two\\", 3, 4)]),
        ("# syntax=docker/dockerfile:1\n# escape=`\nFROM a`\n:1\n", [("FROM", "a:1", 3, 4)]),
        ("# just words\n# escape=`\nFROM a\nRUN b`\n", [("FROM", "a", 3, 3), ("RUN", "b`", 4, 4)]),
        ("\ufeffFROM a\r\nRUN b \\\r\n c\r\n", [("FROM", "a", 1, 1), ("RUN", "b  c", 2, 3)]),
        ("FROM a\n  RUN b\n\tRUN c\n", [("FROM", "a", 1, 1), ("RUN", "b", 2, 2), ("RUN", "c", 3, 3)]),
        ("ARG A=1\nFROM a\nONBUILD RUN x\n", [("ARG", "A=1", 1, 1), ("FROM", "a", 2, 2), ("ONBUILD", "RUN x", 3, 3)]),
    ],
)
def test_lines_become_instructions(text: str, expected: list[tuple[str, str, int, int]]) -> None:
    assert shape(text) == expected


@pytest.mark.parametrize(
    ("line", "bodies", "expands", "text"),
    [
        ("RUN <<EOF\none\ntwo\nEOF", ["one\ntwo\n"], [True], "<<EOF"),
        ("RUN <<'EOF'\n$x\nEOF", ["$x\n"], [False], "<<'EOF'"),
        ('RUN <<"EOF" bash\n$x\nEOF', ["$x\n"], [False], '<<"EOF" bash'),
        ("RUN <<-EOF\n\tone\n\tEOF", ["one\n"], [True], "<<-EOF"),
        ("RUN python3 - <<PY && echo done\nprint()\nPY", ["print()\n"], [True], "python3 - <<PY && echo done"),
        ("COPY <<A <<'B' /d/\n1\nA\n2\nB", ["1\n", "2\n"], [True, False], "<<A <<'B' /d/"),
        (
            "COPY --chmod=755 <<run.sh /bin/\n# not a comment\n\nrun.sh",
            ["# not a comment\n\n"],
            [True],
            "<<run.sh /bin/",
        ),
        ("RUN cat <<EOF \\\n > f\nbody \\\nEOF", ["body \\\n"], [True], "cat <<EOF  > f"),
        ("RUN echo '<<EOF'", [], [], "echo '<<EOF'"),
        ("RUN echo $((1<<2))", [], [], "echo $((1<<2))"),
        ('RUN cat <<<"here string"', [], [], 'cat <<<"here string"'),
        ("ENV A=<<EOF", [], [], "A=<<EOF"),
    ],
)
def test_heredocs_belong_to_their_instruction(line: str, bodies: list[str], expands: list[bool], text: str) -> None:
    first, second, last = parse(f"FROM a\n{line}\nUSER after\n").instructions
    assert (first.name, last.name, last.text) == ("FROM", "USER", "after")
    assert [heredoc.content for heredoc in second.heredocs] == bodies
    assert [heredoc.expand for heredoc in second.heredocs] == expands
    assert second.text == text


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('CMD ["a", "b c"]', ("a", "b c")),
        ("CMD [ ]", ()),
        ("CMD a b", None),
        ("RUN [ -f x ] && y", None),
        ("CMD ['a']", None),
        ('COPY ["a b", "/c"]', ("a b", "/c")),
        ('ENTRYPOINT ["\\u00e9"]', ("é",)),
    ],
)
def test_the_exec_form_is_json_or_it_is_words(line: str, expected: tuple[str, ...] | None) -> None:
    assert parse(f"FROM a\n{line}\n").instructions[1].json == expected


def test_flags_stand_before_the_arguments() -> None:
    copy = parse("FROM a\nCOPY --from=b --chown='x y' --link --exclude=1 --exclude=2 c --d /e\n").instructions[1]
    assert copy.text == "c --d /e"
    assert (copy.flag("from"), copy.flag("chown"), copy.all_flags("exclude")) == ("b", "x y", ("1", "2"))
    assert copy.on("link")
    assert not copy.on("parents")
    assert str(copy) == "COPY --from=b --chown=x y --link --exclude=1 --exclude=2 c --d /e"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", None, "no instructions"),
        ("# only\n", None, "no instructions"),
        ("RUN x\nFROM a\n", 1, "before the first FROM"),
        ("ARG A\n", 1, "no FROM"),
        ("FROM a\nRUNN x\n", 2, "unknown instruction: RUNN"),
        ("FROM a b\n", 1, "FROM takes"),
        ("FROM a as 1x\n", 1, "not a stage name"),
        ("FROM a AS x\nFROM b AS X\n", 2, "two stages named x"),
        ("FROM a\nCOPY x\n", 2, "a source and a destination"),
        ("FROM a\n\nRUN\n", 3, "needs an argument"),
        ("FROM a\nRUN <<EOF\nx\n", 2, "never ended"),
        ("FROM a\nCOPY --form=b x /y\n", 2, "no flag --form"),
        ("FROM a\nENV A\n", 2, "has no value"),
        ("FROM a\nENV A=1 B\n", 2, "has no '='"),
        ("FROM a\nCMD [1]\n", 2, "only strings"),
        ("FROM a\nSHELL bash\n", 2, "JSON list"),
        ("FROM a\nONBUILD ONBUILD RUN x\n", 2, "ONBUILD"),
        ("# escape=x\nFROM a\n", 1, "escape character"),
        ("# escape=`\n# escape=`\nFROM a\n", 2, "given twice"),
        ("FROM ${X}\n", 1, "is empty"),
        ("FROM ${X\n", 1, "modifier"),
    ],
)
def test_what_buildkit_refuses_is_a_certain_failure_with_its_line(text: str, line: int | None, words: str) -> None:
    with pytest.raises(BuildFailed) as raised:
        stages(parse(text), {})
    assert words in raised.value.message
    assert raised.value.line == line
    assert raised.value.certain
    assert raised.value.file == "Dockerfile"


def test_a_file_that_is_not_text_says_where(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(b"FROM a\nRUN \xff\n")
    with pytest.raises(BuildFailed, match="Dockerfile:2: this is not UTF-8") as raised:
        read(tmp_path / "Dockerfile")
    assert raised.value.line == 2


VALUES = {"A": "1", "E": "", "P": "a/b/c.tar.gz", "S": "x y"}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("$A-${A}", "1-1"),
        ("${B:-d}${B-d}${E:-d}${E-d}", "ddd"),
        ("${A:+p}|${E:+p}|${E+p}|${B+p}", "p||p|"),
        ("${B:-$A${P##*/}}", "1c.tar.gz"),
        ("'$A' \"$A\" \\$A", "$A 1 $A"),
        ('"a\\"b\\n"', 'a"b\\n'),
        ("a\\ b", "a b"),
        ("${P#*/} ${P##*/} ${P%.*} ${P%%.*}", "b/c.tar.gz c.tar.gz a/b/c.tar a/b/c"),
        ("${P/a/z} ${P//[/z} ${P//c/z} ${P//./}", "z/b/c.tar.gz a/b/c.tar.gz a/b/z.tar.gz a/b/ctargz"),
        ("${A:?no} $", "1 $"),
        ("$1$A_B$AB", ""),
        ("${B:-'q \"q'}", 'q "q'),
    ],
)
def test_variables_are_replaced_as_in_buildkit(word: str, expected: str) -> None:
    assert expand(word, VALUES) == expected


@pytest.mark.parametrize("word", ["${", "${}", "${A", "${:x}", "${B:?no}", "${A^}", "'a", '"a', "${P/a"])
def test_a_bad_substitution_is_an_error(word: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        expand(word, VALUES)


def test_words_split_where_blanks_are_not_quoted() -> None:
    assert split("a $S 'b c' d\\ e \"$S\"", VALUES) == ["a", "x", "y", "b c", "d e", "x y"]


def test_another_escape_character_leaves_backslashes_alone() -> None:
    assert expand("C:\\x`$A", VALUES, Syntax("`")) == "C:\\x$A"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1 B='x y' C=a\\ b", [("A", "1"), ("B", "'x y'"), ("C", "a\\ b")]),
        ("A the rest = as it is", [("A", "the rest = as it is")]),
        ("A=", [("A", "")]),
        ('A="x=y" B=', [("A", '"x=y"'), ("B", "")]),
    ],
)
def test_env_has_two_forms(text: str, expected: list[tuple[str, str]]) -> None:
    assert pairs(text, Syntax()) == expected


def stages_of(text: str, build_args: Mapping[str, str] | None = None) -> tuple[Dockerfile, list[tuple[str, str, int]]]:
    dockerfile = parse(text)
    values = global_arguments(dockerfile, build_args or {}, {"TARGETARCH": "amd64"})
    return dockerfile, [(each.name, each.base, len(each.body)) for each in stages(dockerfile, values)]


def test_global_arguments_reach_from_lines_and_build_arguments_win() -> None:
    text = "ARG V=1\nARG I=py:${V}\nFROM $I AS One\nRUN x\nRUN y\nFROM ${I}-${TARGETARCH}\nFROM one\n"
    assert stages_of(text)[1] == [("one", "py:1", 2), ("", "py:1-amd64", 0), ("", "one", 0)]
    assert stages_of(text, {"V": "2", "UNKNOWN": "x"})[1][0] == ("one", "py:2", 2)


def test_a_stage_is_found_by_name_in_any_case_and_by_number() -> None:
    known = stages(parse("FROM a AS One\nFROM b\n"), {})
    assert [find_stage(known, name) is None for name in ("ONE", "1", "2", "b")] == [False, False, True, True]


FRAGMENTS = [
    "FROM a\n",
    "FROM a AS b\n",
    "RUN ",
    "echo hi ",
    "\\\n",
    "\\\\\n",
    " \\ \n",
    "# c\n",
    "  # ind\n",
    "\n",
    "<<EOF ",
    "<<-'X' ",
    "EOF\n",
    "\tX\n",
    "X\n",
    "COPY ",
    "ADD ",
    "--chown=a:b ",
    "--from=x ",
    "--exclude='a b' ",
    "a b\n",
    '"q r" ',
    "'s' ",
    '["a", "b"]',
    "ENV ",
    "a=b ",
    'c="d e" ',
    "f\\ g=h\n",
    "ARG x\n",
    "\r\n",
    "`\n",
    "# escape=`\n",
    "# syntax=z\n",
    'CMD ["x"] y\n',
    "LABEL a=b\n",
    "USER u\n",
    "$x ",
    "${y:-z} ",
    "cat <<A <<B > f\n",
    "A\n",
    "B\n",
    "<<< ",
    "3<<Q\n",
    "Q\n",
    '"',
    "'",
    "HEALTHCHECK NONE\n",
    "EXPOSE 1 2\n",
    "WORKDIR /x\n",
    'SHELL ["a"]\n',
    'VOLUME ["/a"]\n',
]
FILES = st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join)


@given(st.one_of(FILES, FILES.map(lambda text: "FROM a\n" + text), st.text()))
@settings(max_examples=400)
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    with suppress(BuildFailed):
        for stage in stages(parse(text), {}):
            assert stage.instruction.line <= len(text.split("\n"))


@given(st.text(alphabet="ab${}:-+?/#%'\"\\ *@1_", max_size=30))
@settings(max_examples=400)
def test_any_word_expands_or_is_a_value_error(word: str) -> None:
    with suppress(ValueError):
        expand(word, {"a": "x", "b": ""})


OURS_ALONE = ("needs a", "FROM takes", "not a stage", "unknown instruction", "no flag", "before the first", "no FROM")
"""Checks that BuildKit makes in a later step than its parser."""


@given(FILES.map(lambda text: "FROM a\n" + text))
@settings(max_examples=600, deadline=None)
def test_the_official_parser_reads_the_same(text: str) -> None:
    official = pytest.importorskip("dockerfile", reason="the official parser has no wheel for this machine")
    try:
        theirs = official.parse_string(text)
    except (official.GoParseError, ValueError) as error:
        refused = str(error)
    else:
        refused = ""
    try:
        ours, complaint = parse(text).instructions, ""
    except BuildFailed as error:
        ours, complaint = (), error.message
    if complaint:
        assert refused or any(words in complaint for words in OURS_ALONE), complaint
        return
    assert not refused, refused
    assert [(each.name, each.line, each.end_line) for each in ours] == [
        (each.cmd.upper(), each.start_line, each.end_line) for each in theirs
    ]
    for mine, other in zip(ours, theirs, strict=True):
        assert [f"--{name}={value}" if value else f"--{name}" for name, value in mine.flags] == list(other.flags)
        assert [(each.name, each.body) for each in mine.heredocs] == [(h.name, h.content) for h in other.heredocs]
        assert (mine.json is not None) == other.json
        if mine.json is not None:
            assert mine.json == other.value
        elif mine.name in ("RUN", "CMD", "USER", "WORKDIR"):
            assert mine.text == other.value[0]
