"""What the data and nginx operators make is still of the format, as its own parsers see it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import crossplane
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from mutator.model import Candidate, Edit, Family, apply
from mutator.operators import data, nginx
from mutator.operators.code import sql, sql_tokens

YAML_TEXT = """\
# a service
version: "3"
services:
  web:
    image: nginx
    ports:
      - "80:80"   # public
      - 443:443
    environment: {MODE: prod, DEBUG: no}
    command: >-
      run it
      all
  db:
    image: &base postgres
    healthy: true
    retries: 3
jobs:
- name: one
  steps: [a, b, "c d"]
- name: two
  steps:
    - x: 1

    - y: 2.5
empty:
text: |
  line one
  line two
last: 'it''s'
"""
TOML_TEXT = """\
title = "x"   # name
numbers = [ 1, 2, 3, ]

[server]
host = '127.0.0.1'
ports = [
    8001,  # first
    8002,
]
limits = { rate = 10, burst = 1.5 }
"quoted key" = true

[[plugin]]
name = "a"
since = 1979-05-27

[[plugin]]
name = '''
raw'''
[server.tls]
on = false
"""
JSON_TEXT = json.dumps(
    {"a": {"b": [1, -2.5, 1e3, "x,y", {"c": None}], "d é": True}, "e": "\u2028", "f": [[], {}, [1]], "g": False},
    indent=2,
)
NGINX_TEXT = """\
worker_processes auto;
events { worker_connections 1024; }
http {
    log_format main '$remote_addr - "$request" $status';
    limit_req_zone $binary_remote_addr zone=api:10m rate=10r/s;
    map $http_upgrade $connection_upgrade { default upgrade; '' close; }
    upstream app { server 127.0.0.1:9000 weight=2; server 127.0.0.1:9001 backup; }
    server {
        listen 8080 default_server;
        server_name _;
        error_page 404 /404.html; # not found
        location / { limit_req zone=api burst=20 nodelay; proxy_pass http://app; proxy_set_header Host $host; }
        location = /health { access_log off; return 200 "ok; }"; }
        location ~* \\.(png|jpe?g)$ { expires 30d; add_header Cache-Control "public, immutable" always; }
        location /admin/ { auth_basic "Admin"; auth_basic_user_file /etc/nginx/.htpasswd; allow 10.0.0.0/8; deny all; }
        if ($request_method !~ ^(GET|POST)$) { return 405; }
    }
}
"""


def read_yaml(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def mutants(family: Family, text: str, language: str) -> list[tuple[str, Candidate, str]]:
    tree = family.parse(text, language)
    assert tree is not None
    return [
        (op.id, candidate, apply(text, candidate.edits))
        for op in family.operators
        if language in op.languages
        for candidate in op.propose(tree)
        if family.valid(tree, candidate)
    ]


@pytest.mark.parametrize(
    ("text", "language", "read"),
    [(YAML_TEXT, "yaml", read_yaml), (TOML_TEXT, "toml", tomllib.loads), (JSON_TEXT, "json", json.loads)],
    ids=["yaml", "toml", "json"],
)
def test_every_mutant_of_a_document_parses_and_says_something_else(
    text: str, language: str, read: Callable[[str], Any]
) -> None:
    original = read(text)
    made = mutants(data.FAMILY, text, language)
    assert len(made) > 25
    for operator, _, mutated in made:
        assert read(mutated) != original, (operator, mutated)


def test_every_nginx_mutant_parses_for_crossplane(tmp_path: Path) -> None:
    made = mutants(nginx.FAMILY, NGINX_TEXT, "nginx")
    assert len(made) > 50
    for operator, _, mutated in made:
        file = tmp_path / "nginx.conf"
        file.write_text(mutated)
        parsed = crossplane.parse(str(file), check_ctx=False, check_args=False, single=True)
        assert parsed["status"] == "ok", (operator, parsed["errors"], mutated)


def test_braces_in_a_lua_block_s_strings_and_comments_are_no_braces() -> None:
    lua = "return \"}\" .. '{' .. [[ } ]] -- }\n"
    config = nginx.parse(f"access_by_lua_block {{ {lua} }} root /srv;")
    assert config is not None
    assert [directive.name for directive in config.all] == ["access_by_lua_block", "root"]


@pytest.mark.parametrize(
    ("text", "new", "valid"),
    [
        ("server_tokens off;", "on", True),
        ("server_tokens off;", "off on", False),
        ("autoindex off;", "maybe", False),
        ("server_tokens off;", "'a", False),
        ("limit_req zone=a;", "zone=a nodelay", True),
        ("a_module_s_own off;", "1 2 3", True),
    ],
)
def test_a_directive_keeps_to_the_arguments_nginx_knows_for_it(text: str, new: str, valid: bool) -> None:
    config = nginx.parse(text)
    assert config is not None
    word = config.all[0].args[0]
    assert nginx.FAMILY.valid(config, Candidate((Edit(word.start, word.end, new),))) is valid


@pytest.mark.parametrize(
    ("text", "edit", "valid"),
    [
        ("SELECT a FROM t; SELECT b FROM u", Edit(7, 8, "b"), True),
        ("SELECT a FROM t; SELECT b FROM u", Edit(9, 13, "FRO M M"), False),
        ("SELECT a FROM t; SELECT b FROM u", Edit(17, 32, ""), True),
        # The grammar does not read it as it is: nothing can be said.
        ("SELECT TOP 10 [a b] FROM t", Edit(7, 10, "TOPP"), True),
    ],
)
def test_a_statement_that_the_grammar_reads_is_read_after_the_change(text: str, edit: Edit, valid: bool) -> None:
    script = sql_tokens.parse(text, "sql")
    assert script is not None
    assert sql.FAMILY.valid(script, Candidate((edit,))) is valid


def test_the_rows_of_a_dump_are_no_sql() -> None:
    text = "COPY t (a, b) FROM stdin;\n1\tit's; (\n2\t\\N\n\\.\nUPDATE t SET a = 'x' WHERE b = 2;\n"
    script = sql_tokens.parse(text, "sql")
    assert script is not None
    assert [script.tokens[start].word for start in script.starts] == ["COPY", "UPDATE"]
    rows = [fields["row"] for op, fields in proposals(script) if op == "sql.drop-row"]
    assert rows == ["1 it's; (", "2 \\N"]


def proposals(script: sql_tokens.Script) -> list[tuple[str, Mapping[str, str]]]:
    return [(op.id, each.fields) for op in sql.FAMILY.operators for each in op.propose(script)]


def test_nginx_directives_are_those_crossplane_sees(tmp_path: Path) -> None:
    file = tmp_path / "nginx.conf"
    file.write_text(NGINX_TEXT)
    parsed = crossplane.parse(str(file), check_ctx=False, check_args=False, single=True)
    seen: list[str] = []

    def walk(block: list[dict[str, Any]]) -> None:
        for directive in block:
            seen.append(directive["directive"])
            walk(directive.get("block", []))

    walk(parsed["config"][0]["parsed"])
    config = nginx.parse(NGINX_TEXT)
    assert config is not None
    assert [directive.name.strip("'") for directive in config.all] == seen


@given(
    st.text(alphabet=st.sampled_from("ab1 :-={}[]\"'\n\t,#;|&*.é\x00"), max_size=80),
    st.sampled_from(sorted(data.FAMILY.languages)),
)
def test_no_data_operator_raises_on_any_text(text: str, language: str) -> None:
    tree = data.FAMILY.parse(text, language)
    if tree is None:
        return
    for op in data.FAMILY.operators:
        if language in op.languages:
            for candidate in op.propose(tree):
                data.FAMILY.valid(tree, candidate)
                apply(text, candidate.edits)
                assert op.sentence.format_map(candidate.fields)


@given(st.text(alphabet=st.sampled_from("ab1 {};#\"'\n\\$~=/"), max_size=80))
def test_no_nginx_operator_raises_on_any_text(text: str) -> None:
    tree = nginx.FAMILY.parse(text, "nginx")
    if tree is not None:
        for op in nginx.FAMILY.operators:
            for candidate in op.propose(tree):
                apply(text, candidate.edits)


def test_a_change_to_an_entry_leaves_every_other_byte_alone() -> None:
    for _, candidate, mutated in mutants(data.FAMILY, YAML_TEXT, "yaml"):
        first, last = candidate.edits[0].start, candidate.edits[-1].end
        assert mutated.startswith(YAML_TEXT[:first])
        assert mutated.endswith(YAML_TEXT[last:])
