"""Which language a piece is in: by its target's name, its shebang, or what it looks like."""

# ruff: noqa: E501 - a pattern split over lines is harder to read than a long one
from __future__ import annotations

import ast
import json
import re
import warnings
from posixpath import basename, splitext

_EXTENSIONS = {
    "py": "python", "pyw": "python", "pyi": "python", "sh": "shell", "bash": "shell", "zsh": "shell", "ksh": "shell",
    "json": "json", "jsonc": "json", "geojson": "json", "ipynb": "json", "webmanifest": "json", "jsonl": "jsonl",
    "ndjson": "jsonl", "yaml": "yaml", "yml": "yaml", "toml": "toml", "ini": "ini", "cfg": "ini", "properties": "ini",
    "csv": "csv", "tsv": "csv", "env": "env", "service": "systemd", "timer": "systemd", "socket": "systemd",
    "target": "systemd", "mount": "systemd", "path": "systemd", "network": "systemd", "netdev": "systemd",
    "cron": "cron", "crontab": "cron", "dockerfile": "dockerfile", "sql": "sql", "psql": "sql", "ddl": "sql",
    "js": "javascript", "mjs": "javascript", "cjs": "javascript", "jsx": "javascript", "ts": "typescript",
    "mts": "typescript", "cts": "typescript", "tsx": "tsx", "go": "go", "rs": "rust", "c": "c", "h": "c",
    "cc": "cpp", "cpp": "cpp", "cxx": "cpp", "hpp": "cpp", "hh": "cpp", "hxx": "cpp", "ino": "cpp", "cu": "cpp",
    "java": "java", "rb": "ruby", "rake": "ruby", "gemspec": "ruby", "pl": "perl", "pm": "perl", "t": "perl",
    "awk": "awk", "sed": "sed", "patch": "diff", "diff": "diff", "nginx": "nginx", "vhost": "nginx", "jq": "jq",
    "txt": "text", "md": "text", "html": "text", "htm": "text", "css": "text", "xml": "text", "rst": "text",
    "tex": "text", "svg": "text", "log": "text",
}  # fmt: skip
_NAMES = {
    ".env": "env", ".bashrc": "shell", ".profile": "shell", ".bash_profile": "shell", ".zshrc": "shell",
    "pkgbuild": "shell", "crontab": "cron", "dockerfile": "dockerfile", "containerfile": "dockerfile",
    "nginx.conf": "nginx", "my.cnf": "ini", ".gitconfig": "ini", ".npmrc": "ini", "pip.conf": "ini", "setup.cfg": "ini",
    ".flake8": "ini", ".editorconfig": "ini", "gemfile": "ruby", "rakefile": "ruby", "pipfile": "toml",
    "cargo.lock": "toml", "poetry.lock": "toml", ".prettierrc": "json", ".eslintrc": "json", ".babelrc": "json",
    "makefile": "text", "cmakelists.txt": "text", "environment": "env", "requirements.txt": "text",
    "supervisord.conf": "ini",
}  # fmt: skip
_FOLDERS = (
    ("nginx", re.compile(r"(^|/)(nginx)/(.*/)?[^/]*$|/sites-(available|enabled)/")),
    ("systemd", re.compile(r"/systemd/(system|user)/|/systemd/.*\.conf$")),
    ("cron", re.compile(r"/etc/cron\.d/|/var/spool/cron/")),
    ("shell", re.compile(r"/etc/(cron\.(hourly|daily|weekly|monthly)|init\.d|profile\.d)/|/hooks/[a-z-]+$")),
    ("env", re.compile(r"/etc/default/")),
    ("ini", re.compile(r"/supervisor/.*\.conf$|/etc/php/|/mysql/.*\.cnf$|\.cnf$")),
)
_INTERPRETERS = (
    ("python", re.compile(r"^(python|pypy)[\d.]*$|^uv$")),
    ("shell", re.compile(r"^(ba|da|z|k|a)?sh$|^busybox$")),
    ("javascript", re.compile(r"^(node|nodejs|bun|deno|mongosh|mongo)$")),
    ("typescript", re.compile(r"^(ts-node|tsx)$")),
    ("perl", re.compile(r"^perl[\d.]*$")),
    ("ruby", re.compile(r"^(ruby[\d.]*|irb)$")),
    ("awk", re.compile(r"^(g|m|n|original-)?awk$")),
    ("sed", re.compile(r"^g?sed$")),
    ("jq", re.compile(r"^jq$")),
    ("sql", re.compile(r"^(psql|mysql|mariadb|sqlite3?|duckdb|clickhouse-client|sqlcmd|sqlplus)$")),
)


def interpreter_language(name: str) -> str:
    """The language that a program of this name runs, or nothing."""
    base = basename(name)
    return next((language for language, pattern in _INTERPRETERS if pattern.match(base)), "")


def language_of(path: str, text: str, fallback: str = "") -> str:
    """The language of a file at `path` (which may be empty) with this text."""
    shebang = _shebang(text)
    if shebang:
        return shebang
    named = _by_name(path)
    if named == "nginx" and not re.search(r"[;{}]", text):
        named = ""
    if named == "c" and path.endswith(".h") and re.search(r"^\s*(class|namespace|template)\b", text, re.MULTILINE):
        return "cpp"
    if named == "json" and "\n" in text.strip() and not _is_json(text) and _is_jsonl(text):
        return "jsonl"
    if named == "shell" or not named:
        return fallback or named or sniff(text, path)
    return named


def _shebang(text: str) -> str:
    match = re.match(r"#!\s*(\S+)(?:[ \t]+([^\r\n]*))?", text)
    if match is None:
        return ""
    program = basename(match[1])
    if program == "env":
        words = [word for word in (match[2] or "").split() if not word.startswith("-") and "=" not in word]
        program = basename(words[0]) if words else ""
    return interpreter_language(program)


def _by_name(path: str) -> str:
    name = basename(path).lower()
    if not name:
        return ""
    if name in _NAMES:
        return _NAMES[name]
    if name.startswith(".env") or name.endswith(".env"):
        return "env"
    if name.startswith(("dockerfile.", "dockerfile-")) or name.endswith(".dockerfile"):
        return "dockerfile"
    for language, pattern in _FOLDERS:
        if pattern.search(path):
            return language
    extension = splitext(name)[1][1:]
    if extension in ("bak", "tmp", "new", "orig", "tmpl", "template", "j2", "in", "example", "sample", "dist"):
        return _by_name(splitext(path)[0])
    return _EXTENSIONS.get(extension, "")


_SIGNS = (
    ("diff", r"^(diff --git |--- [^\n]+\n\+\+\+ |Index: )"),
    ("nginx", r"^\s*(server|http|upstream\s+\S+|location\s+\S+|events)\s*\{"),
    ("systemd", r"^\[(Unit|Service|Install|Timer|Socket)\]"),
    ("dockerfile", r"\A(#[^\n]*\n|\s|ARG [^\n]*\n)*FROM \S+[^;\n]*\n"),
    ("cron", r"^(@(reboot|daily|hourly|weekly|monthly)|[\d*/,-]+\s+[\d*/,-]+\s+[\d*/,-]+\s+[\d*/,a-zA-Z-]+\s+[\d*/,a-zA-Z-]+)\s+\S"),
    ("cpp", r"^\s*#include\s*<(iostream|vector|string|map|memory|algorithm)>|^\s*using namespace |^template\s*<"),
    ("c", r"^\s*#include\s*[<\"]"),
    ("go", r"^package\s+\w+\s*$"),
    ("java", r"^\s*(public\s+(final\s+|abstract\s+)?(class|interface|enum)|import java)"),
    ("rust", r"^\s*(pub\s+)?fn\s+\w+.*\{|^use\s+[\w:]+(::\{.*\})?;"),
    ("sql", r"(?i)^\s*(select\s.*\bfrom\b|insert\s+into\s|create\s+(or\s+replace\s+)?(table|view|database|user|index|function|role|trigger|temp|unique|extension)|update\s+\S+\s+set\s|delete\s+from\s|alter\s+\w+\s|drop\s+\w+\s|grant\s.*\bto\b|pragma\s|begin;|copy\s.*\b(from|to)\b)"),
    ("javascript", r"^\s*(const|let|var)\s+[\w{\[].*=|require\(['\"]|^\s*(export\s+(default|const|function|class)|module\.exports)|^\s*(async\s+)?function\s+\w*\s*\(|=>\s*[{(]"),
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
        return "env"
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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
