"""From a case and its pins to a plain test, and from tests to the changed file. Pure."""

from __future__ import annotations

import ast
import base64
import difflib
import hashlib
import io
import re
import string
import textwrap
import tokenize
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.harden.brought import name_beside
from harness.harden.helpers_written import helpers_of
from harness.harden.model import FOLDER, BoxCase, Pin, Written
from harness.harden.sides import called

LONGEST_NAME, QUOTE = 66, 100


@dataclass(frozen=True, slots=True)
class Style:
    """How the tests of a file are written, as far as a new one has to fit."""

    pytest: bool
    """Otherwise the functions are called with whatever the task's own runner has for them."""
    double_quotes: bool
    names: frozenset[str]
    """That the file has already."""


def style_of(text: str, *, pytest: bool) -> Style:
    tree = ast.parse(text)
    names = {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    return Style(pytest, text.count('"') > text.count("'"), frozenset(names))


def name_of(requirement: str, says: str, taken: Iterable[str]) -> str:
    words = re.findall(r"[A-Za-z0-9]+", requirement or says)
    name = "test_"
    for word in words:
        if len(name) + len(word) > LONGEST_NAME:
            break
        name += f"{word.lower()}_"
    name = name.rstrip("_") if words else "test_it_does_what_is_asked"
    used, number, found = set(taken), 2, name
    while found in used:
        found, number = f"{name}_{number}", number + 1
    return found


def write_test(
    case: BoxCase, pins: Sequence[Pin], catches: Sequence[str], requirement: str, style: Style, taken: Iterable[str]
) -> Written:
    name = name_of(requirement, pins[0].says, {*style.names, *taken})
    said = " ".join(requirement.split())
    quote = textwrap.wrap(f'"{said}"' if said else "", QUOTE)
    needs = {module for pin in pins for module in pin.needs}
    body = {"run": _run_body, "look": _look_body, "ask": _ask_body, "own": _own_body, "call": _call_body}[case.kind](
        case, pins, style, needs
    )
    arguments = _arguments(case, style)
    lines = [f"def {name}({arguments}):", *(f"    # {line}" for line in quote), *(f"    {line}" for line in body)]
    code = "\n".join(line.rstrip() for line in lines) + "\n"
    code = _double_quoted(code) if style.double_quotes else code
    return Written(name, requirement, case, tuple(pins), code, tuple(sorted(needs)), tuple(sorted(catches)))


def _double_quoted(code: str) -> str:
    """Plain texts in double quotes where nothing in them would have to be escaped for that."""
    lines = code.splitlines(keepends=True)
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(code).readline))):
        word, (row, start), (last, end) = token.string, token.start, token.end
        if token.type == tokenize.STRING and row == last and word[0] == word[-1] == "'" and '"' not in word:
            line = lines[row - 1]
            if not word.startswith("'''") and "\\'" not in word:
                lines[row - 1] = f'{line[:start]}"{word[1:-1]}"{line[end:]}'
    return "".join(lines)


def _arguments(case: BoxCase, style: Style) -> str:
    if not style.pytest:
        return "*_given"
    wanted = {"run": "tmp_path", "own": "tmp_path, monkeypatch", "look": "", "ask": "", "call": ""}[case.kind]
    return wanted if case.kind != "run" or _has_folder(case) else ""


def _has_folder(case: BoxCase) -> bool:
    body = case.body
    return bool(body.get("files")) or FOLDER in " ".join([*body["argv"], body["cwd"]])


def _asserted(pins: Sequence[Pin]) -> list[str]:
    lines = list(dict.fromkeys(line for pin in pins for line in pin.code))
    return [
        re.sub(r"(result\.std(?:out|err))", rf"\1.replace(str(folder), {FOLDER!r})", line) if FOLDER in line else line
        for line in lines
    ]


def _word(word: str) -> str:
    if FOLDER not in word:
        return repr(word)
    if word == FOLDER:
        return "str(folder)"
    return (
        repr(word) + f".replace({FOLDER!r}, str(folder))"
        if word.count(FOLDER) > 1 or not word.startswith(FOLDER)
        else (f"str(folder / {word[len(FOLDER) :].lstrip('/')!r})")
    )


def _run_body(case: BoxCase, pins: Sequence[Pin], style: Style, needs: set[str]) -> list[str]:
    body, lines = case.body, []
    folder = _has_folder(case)
    needs.add("subprocess")
    if folder:
        lines += _folder(style, needs)
    inside = [*_files(body["files"], needs)]
    data = body.get("data")  # what it prints is no text
    options = ["capture_output=True", *([] if data else ["text=True"]), "timeout=30", "check=False"]
    if body["cwd"]:
        options.insert(0, f"cwd={_word(body['cwd'])}" if body["cwd"] != FOLDER else "cwd=folder")
    if body["stdin"]:
        options.insert(0, f"input={body['stdin']!r}" + (".encode()" if data else ""))
    else:
        options.insert(0, "stdin=subprocess.DEVNULL")
    argv = "[" + ", ".join(_word(word) for word in body["argv"]) + "]"
    start = ["result = subprocess.run(", f"    {argv},", *(f"    {each}," for each in options), ")"]
    if body.get("times"):
        start = [f"for _ in range({body['times']}):", *(f"    {line}" for line in start)]
    inside += start
    asserted = _asserted(pins)
    inside += [line.replace("result.stderr", "result.stderr.decode()") for line in asserted] if data else asserted
    if body.get("places") or body.get("outputs"):
        needs |= {"contextlib", "pathlib"}
        inside = [*_placed(body), *(f"    {line}" for line in inside)]
    if folder and not style.pytest:
        return [*lines, *(f"    {line}" for line in inside)]
    return [*lines, *inside]


def _placed(body: Mapping[str, Any]) -> list[str]:
    """What lies at fixed places is another for a while."""
    if not body.get("places"):
        return [f"with files_for_now({{}}, {list(body['outputs'])!r}):"]
    lines = ["placed = {"]
    for file in body["places"]:
        beside = f"Path(__file__).with_name({name_beside(file)!r}).read_bytes()"
        written = f"{_text(str(file['text']))}.encode()"
        lines.append(f"    {file['path']!r}: {beside if file.get('binary') else written},")
    return [*lines, "}", f"with files_for_now(placed, {list(body['outputs'])!r}):"]


def _folder(style: Style, needs: set[str]) -> list[str]:
    if style.pytest:
        return ["folder = tmp_path"]
    needs |= {"tempfile", "pathlib"}
    return ["with tempfile.TemporaryDirectory() as scratch:", "    folder = Path(scratch)"]


def _files(files: Sequence[Mapping[str, Any]], needs: set[str]) -> list[str]:
    folders = sorted({str(file["path"]).rpartition("/")[0] for file in files} - {""})
    lines = [f"(folder / {folder!r}).mkdir(parents=True, exist_ok=True)" for folder in folders]
    for file in files:
        place = f"(folder / {file['path']!r})"
        if file.get("binary"):
            needs.add("pathlib")
            lines.append(f"{place}.write_bytes(Path(__file__).with_name({name_beside(file)!r}).read_bytes())")
        else:
            lines.append(f"{place}.write_text({_text(str(file['text']))})")
    aged = {file["path"]: file["age"] for file in files if file["age"]}
    if aged:
        needs |= {"os", "time"}
        lines.append("ages = {  # in seconds")
        lines += [f"    {name!r}: {age}," for name, age in aged.items()]
        lines += ["}", "for name, age in ages.items():"]
        lines.append("    os.utime(folder / name, (time.time() - age, time.time() - age))")
    return lines


def _text(text: str) -> str:
    if len(text) > 8 and len(set(text)) == 1:
        return f"{text[0]!r} * {len(text)}"
    return repr(text)


def _look_body(case: BoxCase, pins: Sequence[Pin], style: Style, needs: set[str]) -> list[str]:
    return _asserted(pins)


def _ask_body(case: BoxCase, pins: Sequence[Pin], style: Style, needs: set[str]) -> list[str]:
    needs |= {"http.client", "time", "types"}
    body, lines = case.body, ["answers = []"]
    for step in body["steps"]:
        if step.get("sleep"):
            lines += [f"time.sleep({step['sleep']})", "answers.append(None)"]
            continue
        alone = sum(each.get("client") == step["client"] for each in body["steps"]) == 1
        more = f", times={step['times']}" if step["times"] > 1 else ""
        more += f", client={step['client']!r}" + (", tries=3" if alone and step["times"] > 1 else "")
        place = f"{body['host']!r}, {body['port']}, {step['method']!r}, {step['path']!r}"
        lines.append(f"answers.append(ask_quickly({place}{more}))")
    return [*lines, *_asserted(pins)]


def _own_body(case: BoxCase, pins: Sequence[Pin], style: Style, needs: set[str]) -> list[str]:
    body = case.body
    needs.add("sys")
    lines = ["folder = tmp_path"] if style.pytest else []
    lines += _files(body["files"], needs)
    for name, value in body["set"].items():
        lines.append(f"monkeypatch.setattr(sys.modules[__name__], {name!r}, {value})")
    lines += str(body["code"]).splitlines()
    return lines


def _call_body(case: BoxCase, pins: Sequence[Pin], style: Style, needs: set[str]) -> list[str]:
    body = case.body
    needs.add("sys")
    steps = body["steps"]
    lines = [f"sys.path.insert(0, {body['root']!r})", f"from {body['module']} import {body['imports']}", ""]
    if steps and steps[0]["makes"]:
        lines.append(f"made = {called(steps[0])}")
        if len(steps) > 1:
            calls = [f"    made.{called(step)}," for step in steps[1:]]
            lines += ["results = [", "    None,  # so that the first call is the first", *calls, "]"]
    elif steps:
        lines.append(f"result = {called(steps[0])}")
    return [*lines, *_asserted(pins)]


# --- the file

_MAIN = """

if __name__ == "__main__":
    failed = 0
    for name, test in sorted(globals().items()):
        if name.startswith("test_"):
            try:
                test()
            except Exception as error:
                failed += 1
                print("failed", name, repr(error)[:300])
            else:
                print("passed", name)
    raise SystemExit(failed > 0)
"""


def as_program(tests: Sequence[Written]) -> str:
    """The tests as a program of their own, which needs nothing but Python."""
    return (
        with_tests('"""Run where the task was solved: each test says what holds of the reference."""\n', tests) + _MAIN
    )


_FROM = {"pathlib": "from pathlib import Path"}
_BOUND = {"pathlib": "Path", "http.client": "http"}


def with_tests(text: str, tests: Sequence[Written]) -> str:
    """The file with the tests at its end, and what they import at its top."""
    tree = ast.parse(text)
    needs = sorted({module for test in tests for module in test.imports})
    missing = [module for module in needs if not _imported(tree, module)]
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    at = _after_imports(tree)
    lines[at:at] = [f"{_FROM[module]}\n" for module in missing if module in _FROM]
    plain = _after_plain_imports(tree, at)
    lines[plain:plain] = [f"import {module}\n" for module in missing if module not in _FROM]
    blocks = [*helpers_of([test.code for test in tests], text), *(test.code for test in tests)]
    guard = _main_guard(tree)
    new = "".join(f"\n\n{block}" for block in blocks)
    if guard is None:
        return "".join(lines) + new
    cut = guard - 1 + len(missing) if guard > at else guard - 1
    return "".join(lines[:cut]).rstrip("\n") + "\n" + new + "\n\n" + "".join(lines[cut:])


def _main_guard(tree: ast.Module) -> int | None:
    """The line of `if __name__ == "__main__"`, behind which nothing would be defined in time."""
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.If) and "__name__" in ast.dump(last.test):
        return last.lineno
    return None


def _imported(tree: ast.Module, module: str) -> bool:
    wanted = _BOUND.get(module, module)
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if (alias.asname or alias.name) == module or (alias.asname is None and alias.name == module):
                    return True
        if isinstance(node, ast.ImportFrom) and any((alias.asname or alias.name) == wanted for alias in node.names):
            return node.module == module
    return False


def _after_imports(tree: ast.Module) -> int:
    """The line behind the last import at the top, else behind the docstring."""
    at = 0
    for number, node in enumerate(tree.body):
        if isinstance(node, ast.Import | ast.ImportFrom):
            at = node.end_lineno or at
        elif not (number == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            break
        else:
            at = node.end_lineno or at
    return at


def _after_plain_imports(tree: ast.Module, at: int) -> int:
    """The line behind the last `import` at the top, before the first `from`, else `at`: the line behind them all."""
    top = [node for node in tree.body if (node.end_lineno or 0) <= at]
    plain = [node.end_lineno for node in top if isinstance(node, ast.Import) and node.end_lineno]
    froms = [node.lineno - 1 for node in top if isinstance(node, ast.ImportFrom) and node.module != "__future__"]
    return plain[-1] if plain else froms[0] if froms else at


def patch_of(changed: Mapping[str, tuple[str | None, str]], data: Mapping[str, bytes] | None = None) -> str:
    """A patch that `git apply` takes. Path -> the text before, None for a new file, and after; besides, new data."""
    parts = []
    for path, (before, after) in sorted(changed.items()):
        head = [f"diff --git a/{path} b/{path}\n"] + (["new file mode 100644\n"] if before is None else [])
        old = "/dev/null" if before is None else f"a/{path}"
        lines = difflib.unified_diff(
            (before or "").splitlines(keepends=True), after.splitlines(keepends=True), old, f"b/{path}"
        )
        parts += [
            *head,
            *(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines),
        ]
    return "".join([*parts, *(_new_data(path, content) for path, content in sorted((data or {}).items()))])


def _new_data(path: str, content: bytes) -> str:
    """A new file as git writes it that is no text."""
    name = hashlib.sha1(b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()
    packed = zlib.compress(content)
    head = f"diff --git a/{path} b/{path}\nnew file mode 100644\nindex {'0' * 40}..{name}\nGIT binary patch\n"
    lines = [packed[at : at + 52] for at in range(0, len(packed), 52)]
    body = "".join(f"{_LENGTHS[len(line) - 1]}{base64.b85encode(line, pad=True).decode()}\n" for line in lines)
    return f"{head}literal {len(content)}\n{body}\nliteral 0\nHcmV?d00001\n\n"


_LENGTHS = string.ascii_uppercase + string.ascii_lowercase
