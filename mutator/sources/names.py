"""Which language a name stands for: of a file, by its extension, name or folder; of a program, by what it runs."""

from __future__ import annotations

import re
from posixpath import basename, splitext

_EXTENSIONS = {
    "py": "python", "pyw": "python", "pyi": "python", "sh": "shell", "bash": "shell", "zsh": "shell", "ksh": "shell",
    "json": "json", "jsonc": "json", "geojson": "json", "webmanifest": "json", "jsonl": "jsonl",
    "ndjson": "jsonl", "yaml": "yaml", "yml": "yaml", "toml": "toml", "ini": "ini", "cfg": "ini", "properties": "ini",
    "csv": "csv", "tsv": "csv", "env": "env", "service": "systemd", "timer": "systemd", "socket": "systemd",
    "target": "systemd", "mount": "systemd", "path": "systemd", "network": "systemd", "netdev": "systemd",
    "cron": "cron", "crontab": "cron", "dockerfile": "dockerfile", "sql": "sql", "psql": "sql", "ddl": "sql",
    "js": "javascript", "mjs": "javascript", "cjs": "javascript", "jsx": "javascript", "ts": "typescript",
    "mts": "typescript", "cts": "typescript", "tsx": "tsx", "go": "go", "rs": "rust", "c": "c", "h": "c",
    "cc": "cpp", "cpp": "cpp", "cxx": "cpp", "hpp": "cpp", "hh": "cpp", "hxx": "cpp", "ino": "cpp", "cu": "cpp",
    "java": "java", "rb": "ruby", "rake": "ruby", "gemspec": "ruby", "pl": "perl", "pm": "perl", "t": "perl",
    "awk": "awk", "sed": "sed", "patch": "diff", "diff": "diff", "nginx": "nginx", "vhost": "nginx", "jq": "jq",
    "txt": "text", "md": "text", "rst": "text", "log": "text", "kt": "kotlin", "kts": "kotlin", "cs": "csharp",
    "csx": "csharp", "php": "php", "phtml": "php", "lua": "lua", "tf": "hcl", "hcl": "hcl", "tfvars": "hcl",
    "nomad": "hcl", "mk": "makefile", "mak": "makefile", "ipynb": "notebook",
    # Known by name, that they may be called so where no family speaks them.
    "html": "html", "htm": "html", "xhtml": "html", "css": "css", "scss": "css", "less": "css", "xml": "xml",
    "svg": "xml", "xsd": "xml", "xsl": "xml", "xslt": "xml", "csproj": "xml", "plist": "xml", "tex": "tex",
    "bib": "bibtex", "r": "r", "rmd": "r", "jl": "julia", "scala": "scala", "swift": "swift",
    "proto": "protobuf", "rq": "sparql", "sparql": "sparql", "ttl": "turtle", "n3": "turtle", "cob": "cobol",
    "cbl": "cobol", "cpy": "cobol", "cobol": "cobol", "f": "fortran", "f77": "fortran",
    "f90": "fortran", "f95": "fortran", "f03": "fortran", "hs": "haskell", "lhs": "haskell", "ml": "ocaml",
    "mli": "ocaml", "ex": "elixir", "exs": "elixir", "erl": "erlang", "clj": "clojure", "cljs": "clojure",
    "lisp": "lisp", "lsp": "lisp", "cl": "lisp", "el": "lisp", "scm": "scheme", "rkt": "racket",
    "sv": "verilog", "vh": "verilog", "vhd": "vhdl", "vhdl": "vhdl", "lean": "lean", "thy": "isabelle", "dart": "dart",
    "zig": "zig", "nim": "nim", "d": "d", "pas": "pascal", "adb": "ada", "ads": "ada", "m": "matlab",
    "ps1": "powershell", "psm1": "powershell", "bat": "batch", "cmd": "batch", "groovy": "groovy",
    "gradle": "groovy", "vue": "vue", "svelte": "svelte", "stan": "stan", "vim": "vimscript", "s": "assembly",
    "asm": "assembly", "nasm": "assembly", "ll": "llvm", "wat": "wasm", "cmake": "cmake", "nix": "nix",
    "sol": "solidity", "graphql": "graphql", "gql": "graphql", "thrift": "thrift", "fbs": "flatbuffers",
    "tcl": "tcl", "gp": "gnuplot", "plt": "gnuplot", "ld": "linker script",
    "lds": "linker script", "pl6": "raku", "raku": "raku", "ahk": "autohotkey", "apl": "apl", "bas": "basic",
    "vb": "visual basic", "fs": "fsharp", "fsx": "fsharp", "mm": "objective-c", "metal": "metal", "glsl": "glsl",
    "vert": "glsl", "frag": "glsl", "hlsl": "hlsl", "wgsl": "wgsl", "dot": "graphviz", "gv": "graphviz",
    "puml": "plantuml", "rego": "rego", "cue": "cue", "jsonnet": "jsonnet", "libsonnet": "jsonnet", "dhall": "dhall",
    "bzl": "starlark", "star": "starlark", "pyx": "cython", "pxd": "cython", "hbs": "template", "mustache": "template",
    "pdf": "pdf", "ps": "postscript", "pem": "pem", "crt": "pem", "b64": "base64",
}  # fmt: skip
_NAMES = {
    ".env": "env", ".bashrc": "shell", ".profile": "shell", ".bash_profile": "shell", ".zshrc": "shell",
    "pkgbuild": "shell", "crontab": "cron", "dockerfile": "dockerfile", "containerfile": "dockerfile",
    "nginx.conf": "nginx", "my.cnf": "ini", ".gitconfig": "ini", ".npmrc": "ini", "pip.conf": "ini", "setup.cfg": "ini",
    ".flake8": "ini", ".editorconfig": "ini", "gemfile": "ruby", "rakefile": "ruby", "pipfile": "toml",
    "cargo.lock": "toml", "poetry.lock": "toml", ".prettierrc": "json", ".eslintrc": "json", ".babelrc": "json",
    "makefile": "makefile", "gnumakefile": "makefile", "cmakelists.txt": "cmake", "go.mod": "gomod", "go.sum": "gomod",
    "jenkinsfile": "groovy", "vagrantfile": "ruby", "caddyfile": "caddy", "meson.build": "meson", "build": "starlark",
    "build.bazel": "starlark", "workspace": "starlark", "environment": "env", "requirements.txt": "text",
    "supervisord.conf": "ini",
}  # fmt: skip
TEMPLATES = frozenset({"tmpl", "template", "j2", "jinja", "jinja2", "erb", "ejs", "tpl"})
"""What a program fills in before it is read as what the name before the extension says."""
_SUFFIXES = frozenset({"bak", "tmp", "new", "orig", "in", "example", "sample", "dist"})
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
    ("php", re.compile(r"^php[\d.]*$")),
    ("lua", re.compile(r"^lua(jit)?[\d.]*$")),
    ("r", re.compile(r"^(R|Rscript)$")),
    ("julia", re.compile(r"^julia$")),
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


def extension_of(path: str) -> str:
    """In lower case, without its dot; of `.bashrc` none."""
    return splitext(basename(path).lower())[1][1:]


def by_name(path: str) -> str:
    name = basename(path).lower()
    if not name:
        return ""
    if name in _NAMES:
        return _NAMES[name]
    if name.startswith(".env") or name.endswith(".env"):
        return "env"
    if name.startswith(("dockerfile.", "dockerfile-")) or name.endswith(".dockerfile"):
        return "dockerfile"
    if name.startswith(("makefile.", "makefile-")):
        return "makefile"
    for language, pattern in _FOLDERS:
        if pattern.search(path):
            return language
    extension = splitext(name)[1][1:]
    if extension in _SUFFIXES or extension in TEMPLATES:
        return by_name(splitext(path)[0])
    return _EXTENSIONS.get(extension, "")
