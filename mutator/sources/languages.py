"""Which language a piece is in: by its target's name, its shebang, or what it looks like."""

# ruff: noqa: E501 - a pattern split over lines is harder to read than a long one
from __future__ import annotations

import ast
import json
import re
from posixpath import basename, splitext

from mutator.quiet import quietly
from mutator.sources.names import TEMPLATES, by_name, extension_of, interpreter_language


def language_of(path: str, text: str, fallback: str = "") -> str:
    """The language of a file at `path` (which may be empty) with this text; its extension where nobody knows it."""
    shebang = _shebang(text)
    if shebang:
        return shebang
    named = by_name(path)
    extension = extension_of(path)
    if named == "nginx" and not re.search(r"[;{}]", text):
        named = ""
    if extension == "h" and re.search(r"^\s*(class|namespace|template)\b", text, re.MULTILINE):
        return "cpp"
    if named in ("html", "xml") and "<" not in text:
        named = "text"
    if extension == "v":
        named = "coq" if re.search(r"^\s*(Require|Theorem|Lemma|Proof|Definition)\b", text, re.MULTILINE) else "verilog"
    if extension in TEMPLATES and _FILLED_IN.search(text):
        return "template"
    if named == "json" and "\n" in text.strip() and not _is_json(text) and _is_jsonl(text):
        return "jsonl"
    if named in ("", "text") and (encoded := _encoded(text)):
        return encoded
    if named == "shell" or not named:
        return fallback or named or _unnamed(text, path, extension)
    return named


_FILLED_IN = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|<%.*?%>", re.DOTALL)
_LOOSE = frozenset({"conf", "cfg", "cf", "config", "rules", "zone", "local", "list", "out", "dat", "data", "lock"})
"""Extensions that say nothing about a language: configuration and data of every kind."""


def _unnamed(text: str, path: str, extension: str) -> str:
    """By content, where the name says nothing; an extension that nobody knows is no other language's."""
    guess = sniff(text, path)
    strange = bool(re.fullmatch(r"[a-z][a-z0-9_+-]{0,11}", extension)) and extension not in _LOOSE
    if strange and (guess in _PROGRAMS or (guess == "text" and _looks_like_code(text))):
        return extension
    return "unknown code" if guess == "text" and not strange and not extension and _looks_like_code(text) else guess


def _looks_like_code(text: str) -> bool:
    lines = [line.strip() for line in text[:_SNIFFED].splitlines() if line.strip()]
    ends = sum(line.endswith((";", "{", "}")) or "<-" in line for line in lines)
    return len(lines) > 3 and ends * 5 > len(lines) * 2


def _encoded(text: str) -> str:
    """What was written by a program, of which no line can go."""
    if text.startswith("%PDF-"):
        return "pdf"
    head = text[:_SNIFFED]
    words = head.split()
    if len(head) < 200 or len(words) * 40 > len(head) or not all(map(_BASE64.fullmatch, words)):
        return ""
    return "base64" if all(re.search(kind, head) for kind in ("[A-Z]", "[a-z]", r"\d")) else ""


_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")


def _shebang(text: str) -> str:
    """What the first line says: a language, or a program by its name."""
    match = re.match(r"#!\s*(/\S+)(?:[ \t]+([^\r\n]*))?", text)
    if match is None:
        return ""
    program = basename(match[1])
    if program == "env":
        words = [word for word in (match[2] or "").split() if not word.startswith("-") and "=" not in word]
        program = basename(words[0]) if words else ""
    return interpreter_language(program) or re.sub(r"[\d.]+$", "", program).lower()


_SIGNS = (
    ("diff", r"^(diff --git |--- [^\n]+\n\+\+\+ |Index: )"),
    ("nginx", r"^\s*(server|http|upstream\s+\S+|location\s+\S+|events)\s*\{"),
    ("systemd", r"^\[(Unit|Service|Install|Timer|Socket)\]"),
    ("dockerfile", r"\A(#[^\n]*\n|\s|ARG [^\n]*\n)*FROM \S+[^;\n]*\n"),
    ("cron", r"^(@(reboot|daily|hourly|weekly|monthly)|[\d*/,-]+\s+[\d*/,-]+\s+[\d*/,-]+\s+[\d*/,a-zA-Z-]+\s+[\d*/,a-zA-Z-]+)\s+\S"),
    ("cpp", r"^\s*#include\s*<(iostream|vector|string|map|memory|algorithm)>|^\s*using namespace |^template\s*<"),
    ("c", r"^\s*#include\s*[<\"]"),
    ("html", r"\A\s*(<!--.*?-->\s*)?(<!doctype\s+html|<html)\b"),
    ("xml", r"\A\s*<\?xml\s"),
    ("php", r"\A\s*<\?php\b"),
    ("expect", r"^\s*(spawn\s+\S|expect\s+[\"{-]|send\s+[\"-])"),
    ("protobuf", r"^syntax\s*=\s*[\"']proto[23]"),
    ("cobol", r"(?i)^.{0,8}IDENTIFICATION\s+DIVISION\s*\."),
    ("sparql", r"(?i)^\s*PREFIX\s+[\w-]*:\s*<|^\s*(SELECT|CONSTRUCT|ASK)\b[^\n;]*[?{]"),
    ("hcl", r"^(terraform|locals|(resource|data)\s+\"[^\"]+\"\s+\"[^\"]+\"|(provider|variable|module|output)\s+\"[^\"]+\")\s*\{"),
    ("csharp", r"^\s*using\s+(static\s+)?[A-Z][\w.]*;|^\s*namespace\s+[A-Z][\w.]*\s*[;{]?\s*$"),
    ("kotlin", r"^\s*((private|public|internal|override|suspend|inline)\s+)*fun\s+(<.*>\s*)?[\w.]+\(|^\s*data\s+class\s"),
    ("go", r"^package\s+\w+\s*$"),
    ("java", r"^\s*(public\s+(final\s+|abstract\s+)?(class|interface|enum)|import java)"),
    ("rust", r"^\s*(pub\s+)?fn\s+\w+.*\{|^use\s+[\w:]+(::\{.*\})?;"),
    ("sql", r"(?i)^\s*(select\s.*\bfrom\b|insert\s+into\s|create\s+(or\s+replace\s+)?(table|view|database|user|index|function|role|trigger|temp|unique|extension)|update\s+\S+\s+set\s|delete\s+from\s|alter\s+\w+\s|drop\s+\w+\s|grant\s.*\bto\b|pragma\s|begin;|copy\s.*\b(from|to)\b)"),
    ("javascript", r"^\s*(const|let|var)\s+[\w{\[].*=|require\(['\"]|^\s*(export\s+(default|const|function|class)|module\.exports)|^\s*(async\s+)?function\s+\w*\s*\(|=>\s*[{(]"),
    ("lua", r"^\s*local\s+(function\s+)?\w+(\s*,\s*\w+)*\s*(=[^=]|\()"),
    ("r", r"^\s*(library|require)\([\w.]+\)\s*$|^\s*[\w.]+\s*<-\s*(function\s*\(|[\w.\"'-])"),
    ("makefile", r"^\.PHONY\s*:|^[\w./%$(){}-]+\s*:(?![:=])[^\n]*\n\t\S"),
    ("perl", r"^\s*use\s+(strict|warnings);|^\s*(my|our)\s+[$@%]"),
    ("ruby", r"^\s*(require\s+['\"]|def\s+\w+[^:]*$|class\s+[A-Z]\w*(\s*<\s*\w+)?\s*$|puts\s)"),
)  # fmt: skip
_PATTERNS = tuple((language, re.compile(pattern, re.MULTILINE)) for language, pattern in _SIGNS)
_PYTHON = re.compile(
    r"^\s*(import\s+\w|from\s+[\w.]+\s+import|(async\s+)?def\s+\w+\s*\(.*:\s*$|class\s+\w+.*:\s*$|print\(|if\s.*:\s*$|for\s.*:\s*$|\w+\s*=\s*)",
    re.MULTILINE,
)
_SHELL = re.compile(
    r"^\s*(export\s+\w+=|if\s+\[|for\s+\w+\s+in\s|while\s.*do$|fi$|done$|set\s+-|(sudo|echo|cd|mkdir|cp|mv|rm|apt-get|curl|chmod)\s)",
    re.MULTILINE,
)
_SNIFFED = 20_000
_PROGRAMS = frozenset(language for language, _ in _SIGNS) - {"diff", "nginx", "systemd", "dockerfile", "cron"}
_PROGRAMS |= {"python", "shell"}


def sniff(text: str, path: str = "") -> str:
    """By content alone: `text` where nothing fits."""
    head = text[:_SNIFFED]
    if not head.strip():
        return "text"
    if head.lstrip()[:1] in "{[" and len(text) <= 1_000_000:
        if _is_json(text):
            return "json"
        if _is_jsonl(text):
            return "jsonl"
    for language, pattern in _PATTERNS:
        if pattern.search(head):
            if language in ("ruby", "javascript", "rust") and _is_python(text):
                return "python"
            return language
    if _PYTHON.search(head) and _is_python(text):
        assigns_only = not re.search(r"\(|^\s*(import|from)\s", head, re.MULTILINE)
        if not assigns_only or re.search(r"^\w+ = ", head, re.MULTILINE):
            if assigns_only and re.search(r"^\[\w", head, re.MULTILINE):
                return "toml"
            return "ini" if assigns_only and splitext(path)[1] else "python"
    if _SHELL.search(head):
        return "shell"
    lines = [line for line in head.splitlines() if line.strip() and not line.lstrip().startswith(("#", ";"))]
    if lines and re.match(r"\s*\[[\w.\" -]+\]\s*$", lines[0]):
        return (
            "toml"
            if all(re.search(r"=\s*([\"'\[{\d]|true|false)|^\s*\[|^[\s\]},\"']", one) for one in lines)
            else "ini"
        )
    if lines and all(re.match(r"(export\s+)?[A-Za-z_][A-Za-z0-9_.]*=", line) for line in lines):
        # A patch of a program without an extension: Python's names and displays are no words of an environment.
        return "python" if re.search(r"=\s*(True|False|None|[{\[(].*)\s*$", lines[0]) and _is_python(text) else "env"
    if lines and all(re.match(r"\s*(- |[\w\"'./-]+:(\s|$)|[}\]#]|---$)", line) for line in lines[:40]):
        return "yaml"
    if len(lines) > 1 and len({line.count(",") for line in lines}) == 1 and "," in lines[0]:
        return "csv"
    return "text"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_jsonl(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip()]
    return len(lines) > 1 and all(line.lstrip()[:1] in "{[" for line in lines) and all(_is_json(one) for one in lines)


def _is_python(text: str) -> bool:
    return parse_python(text) is not None


def parse_python(text: str) -> ast.Module | None:
    try:
        with quietly():
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
