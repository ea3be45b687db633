"""Whatever is written into a quoted place, its own reader (bash, Python, YAML) reads exactly that."""

from __future__ import annotations

import ast
import json
import re
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from mutator.model import ByteEdit, Edit, FileText, Unwritable, Window, apply, apply_bytes
from mutator.shell.syntax import heredocs
from mutator.sources import decode, yaml_commands
from mutator.spelling.json import json_strings_window
from mutator.spelling.python import python_string_window
from mutator.spelling.shell import escaped_window, heredoc_window, word_window
from mutator.spelling.window import WindowBuilder, part_window

LINE = st.text(st.sampled_from(list("aE \tx\\$`'\"#<&;|(){}é%!-=1")), max_size=12)
BODY = st.lists(
    st.one_of(LINE, st.sampled_from(["EOF ", " EOF", "\tEOF", "EO", "cat <<EOF", "EOF\\", "\\EOF"])), max_size=6
)
DELIMITERS = st.sampled_from(["'EOF'", '"EOF"', "\\EOF", "EOF", "E'O'F"])


def bash(script: str) -> str:
    """What a harmless script prints: only cat and printf are ever run, with an empty environment."""
    done = subprocess.run(
        ["/bin/bash", "--norc", "-c", script],
        capture_output=True,
        timeout=20,
        env={"LC_ALL": "C.UTF-8", "PATH": "/bin"},
    )
    return done.stdout.decode("utf-8", "surrogateescape")


def rewritten(window: Window, edit: Edit) -> str:
    """The file's text with the edit applied in its own spelling."""
    root: Window | FileText = window
    while isinstance(root, Window):
        root = root.parent
    data = root.text.encode()
    return apply_bytes(data, (window.outward(edit),)).decode()


@st.composite
def an_edit(draw: st.DrawFn, text: str) -> Edit:
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(len(text), start + 12)))
    return Edit(
        start, end, draw(st.one_of(LINE, BODY.map("\n".join), BODY.map(lambda lines: "".join(f"{x}\n" for x in lines))))
    )


def no_expansions(text: str) -> bool:
    """Nothing in it would make bash run or expand something."""
    return "$" not in text.replace("\\$", "") and "`" not in text.replace("\\`", "")


@settings(max_examples=150, deadline=None)
@given(st.data(), DELIMITERS, st.booleans(), BODY)
def test_bash_reads_the_body_that_the_scanner_finds_and_any_text_written_into_it(
    data: st.DataObject, word: str, strips: bool, lines: list[str]
) -> None:
    quoted = word != "EOF"
    lines = [line for line in lines if quoted or no_expansions(line)]
    dash = "-" if strips else ""
    script = f"cat <<{dash}{word}\n" + "".join(f"{line}\n" for line in lines) + "EOF\nprintf ''\n"
    found = heredocs(script)[0]
    window = heredoc_window(FileText(script), found)
    if window.opaque:
        return
    assert bash(script[: found.close]) == window.text
    edit = data.draw(an_edit(window.text))
    try:
        changed = rewritten(window, edit)
    except Unwritable:
        return
    again = heredocs(changed)[0]
    assert bash(changed[: again.close]) == apply(window.text, (edit,))
    assert changed[again.close :] == script[found.close :]


@settings(max_examples=200, deadline=None)
@given(
    st.data(),
    st.lists(
        st.tuples(
            st.sampled_from(["'", '"', "$'", ""]), st.text(st.sampled_from(list("ab \n\\$`'\"é%*~{!")), max_size=6)
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_bash_reads_the_word_and_any_text_written_into_it(data: st.DataObject, parts: list[tuple[str, str]]) -> None:
    word = ""
    for quote, text in parts:
        if quote == "'":
            word += "'" + text.replace("'", "") + "'"
        elif quote == '"':
            word += '"' + "".join("\\" + char if char in '\\$`"' else char for char in text) + '"'
        elif quote == "$'":
            word += "$'" + text.replace("\\", "\\x5c").replace("'", "\\'").replace("\n", "\\n") + "'"
        else:
            word += "".join("\\" + char for char in text if char not in "\n\0")
    script = f"printf %s {word or chr(39) * 2}\n"
    window = word_window(FileText(script), 10, len(script) - 1)
    assert bash(script) == window.text
    edit = data.draw(an_edit(window.text))
    try:
        changed = rewritten(window, edit)
    except Unwritable:
        return
    assert bash(changed) == apply(window.text, (edit,))


@settings(max_examples=100, deadline=None)
@given(st.data(), st.text(st.sampled_from(list('ab %\\nté"$')), max_size=10), st.booleans())
def test_bash_prints_the_escaped_text_and_any_text_written_into_it(
    data: st.DataObject, text: str, percent: bool
) -> None:
    escaped = text.replace("\\", "\\\\").replace("%", "%%" if percent else "%")
    script = ("printf '" if percent else "echo -ne '") + escaped + "'\n"
    window = escaped_window(word_window(FileText(script), script.index("'"), len(script) - 1), percent=percent)
    assert bash(script) == window.text == text
    edit = data.draw(an_edit(window.text))
    try:
        changed = rewritten(window, edit)
    except Unwritable:
        return
    assert bash(changed) == apply(window.text, (edit,))


PREFIXES = st.sampled_from(["", "r", "u", "f", "rf"])
QUOTES = st.sampled_from(["'", '"', "'''", '"""'])


@settings(max_examples=300, deadline=None)
@given(
    st.data(),
    st.lists(
        st.tuples(PREFIXES, QUOTES, st.text(st.sampled_from(list("ab\\'\"é\n")), max_size=8)), min_size=1, max_size=3
    ),
)
def test_python_reads_the_string_and_any_text_written_into_it(
    data: st.DataObject, parts: list[tuple[str, str, str]]
) -> None:
    literals = []
    for prefix, quote, text in parts:
        literal = f"{prefix}{quote}{text if 'r' in prefix else text.encode('unicode_escape').decode()}{quote}"
        # Two in one, as in r"a"""", may turn into the beginning of a third kind; what does not parse is dropped later.
        if not re.fullmatch(rf"{quote}(?:\\.|(?!{quote}).)*{quote}", literal[len(prefix) :], re.DOTALL):
            return
        try:
            compile(literal, "", "eval")
        except SyntaxError:
            return
        literals.append(literal)
    source = "(" + " ".join(literals) + ")"
    window = python_string_window(FileText(source), 0, len(source))
    assert window is not None
    assert eval(source) == window.text
    edit = data.draw(an_edit(window.text))
    if "{" in edit.new or "}" in edit.new:
        return
    try:
        changed = rewritten(window, edit)
    except Unwritable:
        return
    assert ast.literal_eval(changed.replace("rf", "r").replace("f'", "'").replace('f"', '"')) == apply(
        window.text, (edit,)
    )


YAML_TEXT = st.text(st.sampled_from(list("ab :#'\"\\-é\n")), min_size=1, max_size=12).filter(lambda text: text.strip())


@settings(max_examples=200, deadline=None)
@given(st.data(), YAML_TEXT, st.sampled_from(["|", "|-", "'", '"', ""]))
def test_yaml_reads_the_command_and_any_text_written_into_it(data: st.DataObject, text: str, style: str) -> None:
    if style.startswith("|"):
        scalar = style + "\n" + "".join(f"      {line}\n" for line in text.lstrip(" \n").splitlines())
    elif style == "'":
        scalar = "'" + text.replace("\n", "").replace("'", "''") + "'\n"
    elif style == '"':
        scalar = '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"\n'
    else:
        scalar = "".join(char for char in text if char in "abé-").lstrip("-") + "x\n"
    source = f"- command: {scalar}  append_enter: true\n"
    yaml = YAML(typ="safe", pure=True)
    try:
        value = yaml.load(source)[0]["command"]
    except Exception:
        return
    windows = [window for window, _ in yaml_commands(FileText(source))]
    assert [window.text for window in windows] == [value]
    edit = data.draw(an_edit(value))
    try:
        changed = rewritten(windows[0], edit)
    except Unwritable:
        return
    assert yaml.load(changed)[0] == {"command": apply(value, (edit,)), "append_enter": True}


@given(st.data(), st.lists(LINE, min_size=1, max_size=5))
def test_a_dedented_part_gets_its_indent_back(data: st.DataObject, lines: list[str]) -> None:
    text = "".join(f"    {line}x\n" for line in lines)
    window = part_window(FileText(text), 0, len(text), "    ")
    assert window.text == "".join(f"{line}x\n" for line in lines)
    edit = data.draw(an_edit(window.text))
    changed = rewritten(window, edit)
    expected = apply(window.text, (edit,))
    assert [line.removeprefix("    ") for line in changed.split("\n")] == expected.split("\n")


@given(st.binary(max_size=200), st.data())
def test_any_file_that_is_text_maps_to_its_own_bytes(raw: bytes, data: st.DataObject) -> None:
    text = decode(raw)
    if text is None:
        assert b"\0" in raw
        return
    start = data.draw(st.integers(0, len(text.text)))
    end = data.draw(st.integers(start, len(text.text)))
    same = text.outward(Edit(start, end, text.text[start:end]))
    assert apply_bytes(raw, (same,)) == raw
    assert raw[same.start : same.end] == same.new


def test_a_long_text_with_wide_characters_maps_by_blocks() -> None:
    text = FileText("aé€😀\n" * 3000)
    position = text.text.index("😀", 9000)
    assert text.outward(Edit(position, position + 1, "")) == ByteEdit(
        len(text.text[:position].encode()), len(text.text[: position + 1].encode()), b""
    )


@pytest.mark.parametrize(
    ("script", "edit", "message"),
    [
        ("cat <<'EOF'\nEOFx\nEOF\n", Edit(3, 4, ""), "would end"),
        ("cat <<EOF\nport $PORT;\nEOF\n", Edit(7, 9, "X"), "inside an expansion"),
        ("cat <<-EOF\n\tx\n\tEOF\n", Edit(0, 0, "\t"), "takes leading tabs"),
        ("cat <<EOF\n$A \\$A\nEOF\n", Edit(5, 5, "$A"), "both an expansion and plain"),
    ],
)
def test_what_cannot_be_said_is_refused(script: str, edit: Edit, message: str) -> None:
    window = heredoc_window(FileText(script), heredocs(script)[0])
    with pytest.raises(Unwritable, match=message):
        window.outward(edit)


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (Edit(0, 4, "host"), "host $PORT; \\$uri \\\\ end\n"),
        (Edit(0, 10, "bind $PORT"), "bind $PORT; \\$uri \\\\ end\n"),
        (Edit(12, 16, "$uri$args"), "port $PORT; \\$uri\\$args \\\\ end\n"),
        (Edit(5, 10, "`x`"), "port \\`x\\`; \\$uri \\\\ end\n"),
    ],
)
def test_an_expansion_stays_one_and_a_plain_dollar_stays_plain(edit: Edit, expected: str) -> None:
    script = "cat <<EOF\nport $PORT; \\$uri \\\\ end\nEOF\n"
    window = heredoc_window(FileText(script), heredocs(script)[0])
    assert window.text == "port $PORT; $uri \\ end\n"
    assert rewritten(window, edit) == f"cat <<EOF\n{expected}EOF\n"


def test_pieces_of_one_parent_join_and_what_is_between_them_is_fixed() -> None:
    text = FileText("echo 'a'; echo \"b\"\n")
    builder = WindowBuilder(text)
    builder.include(word_window(text, 5, 8))
    builder.fixed("\n", 8)
    builder.include(word_window(text, 15, 18))
    window = builder.window()
    assert window.text == "a\nb"
    assert rewritten(window, Edit(2, 3, '"')) == 'echo \'a\'; echo "\\""\n'
    with pytest.raises(Unwritable):
        window.outward(Edit(0, 2, ""))


@settings(max_examples=300)
@given(st.data(), st.lists(st.text(max_size=8), min_size=1, max_size=4))
def test_what_is_written_into_strings_of_json_is_what_json_reads(data: st.DataObject, parts: list[str]) -> None:
    text = json.dumps(parts, ensure_ascii=data.draw(st.booleans()), indent=data.draw(st.sampled_from([None, 1])))
    spans, at = [], 0
    for _ in parts:
        at = text.index('"', at)
        _, end = json.JSONDecoder().raw_decode(text, at)
        spans.append((at, end))
        at = end
    window = json_strings_window(FileText(text), spans)
    assert window is not None
    assert window.text == "".join(parts)
    edit = data.draw(an_edit(window.text))
    assert "".join(json.loads(rewritten(window, edit))) == apply(window.text, (edit,))
