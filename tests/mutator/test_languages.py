"""A text is in the language that its name says, or its content where the name says nothing; never in a third."""

from __future__ import annotations

import pytest

from mutator.model import SourceKind
from mutator.sources import read_sources
from mutator.sources.languages import language_of

PLAIN = "one line\nand another\n"
BRACES = "x = 1;\nif (x) {\n  go();\n}\nlet y = 2;\n"
BLOB = "H4sIAAAAAAAAA09bXPbRo5Kv8KRnPnkonCWHbitmr1zLRp3GaapJ0kvc48q12==\n" * 5


@pytest.mark.parametrize(
    ("path", "text", "language"),
    [
        ("main.tf", 'resource "x" "y" {\n  let = "const a = 1"\n}\n', "hcl"),
        ("/app/Main.kt", "package a.b\nfun main() { val f = { x -> x } }\n", "kotlin"),
        ("Store.cs", "public class Store { }\n", "csharp"),
        ("index.php", "<?php const A = 1;\n", "php"),
        ("plot.R", "x <- 1\nlet <- function(y) y\n", "r"),
        ("api.proto", 'syntax = "proto3";\nmessage A { }\n', "protobuf"),
        ("q.rq", "SELECT ?a WHERE { ?a ?b ?c }\n", "sparql"),
        ("PAY.CBL", "       IDENTIFICATION DIVISION.\n", "cobol"),
        ("proof.v", "Require Import Arith.\nTheorem a : b.\n", "coq"),
        ("adder.v", "module adder(input a);\nendmodule\n", "verilog"),
        ("go.mod", "module a\n\ngo 1.21\n", "gomod"),
        ("Makefile.linux", "all:\n\techo a\n", "makefile"),
        ("page.html", "<p>a</p>\n", "html"),
        ("page.html", PLAIN, "text"),
        ("nginx.conf.j2", "server { listen {{ port }}; }\n", "template"),
        ("nginx.conf.j2", "server { listen 80; }\n", "nginx"),
        ("a.odd", BRACES, "odd"),
        ("a.odd", PLAIN, "text"),
        ("a.odd", '{"a": 1}', "json"),
        ("sshd.conf", "a b;\nc d;\ne f;\ng h;\n", "text"),
        ("odd", BRACES.replace("let y", "set y"), "unknown code"),
        ("odd", BLOB, "base64"),
        ("key.txt", BLOB, "base64"),
        ("notes", "Some words in a sentence.\n" * 9, "text"),
        ("run", "#!/usr/bin/expect -f\nspawn a\n", "expect"),
        ("run.sh", "#!/usr/bin/env python3\nprint(1)\n", "python"),
        ("run", "#!/usr/bin/env -S lua5.4\nprint(1)\n", "lua"),
        ("", "FLAG=True\n", "python"),
        ("", "FLAG=true\n", "env"),
        ("nb.ipynb", '{"cells": []}', "notebook"),
    ],
)
def test_a_text_is_in_the_language_that_its_name_or_content_says(path: str, text: str, language: str) -> None:
    assert language_of(path, text) == language


def test_what_changes_a_file_is_in_the_language_that_the_file_was_written_in() -> None:
    script = (
        "cat > /app/run.sh <<'A'\n#!/usr/bin/env python3\nx = 1\nif x == 1:\n    pass\nA\n"
        "python3 - <<'B'\np = '/app/run.sh'\ns = open(p).read()\n"
        "s = s.replace('x == 1:', 'if x in (1, 2):')\nopen(p, 'w').write(s)\nB\n"
    )
    sources = read_sources({"solve.sh": script.encode()}, "solve.sh")
    assert [one.language for one in sources if one.kind is SourceKind.REPLACEMENT] == ["python"]
