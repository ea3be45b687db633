"""SQL: clauses, orders, joins, aggregates, constraints and rows."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace

from mutator.model import Candidate, Edit, FaultClass, Tier, apply
from mutator.operators.code.sql_tokens import Script, Token, parse, reads
from mutator.operators.code.tree import nearby
from mutator.operators.define import operator, operators_in

LANGUAGES = frozenset({"sql"})
_CLAUSES = frozenset(
    "WHERE GROUP HAVING ORDER LIMIT OFFSET UNION INTERSECT EXCEPT WINDOW RETURNING FETCH FOR ON SET VALUES FROM".split()
)


def _end_of_clause(script: Script, index: int) -> int:
    """The index of the token that ends the clause begun at `index`."""
    first = script.tokens[index]
    for later in range(index + 1, len(script.tokens)):
        token = script.tokens[later]
        if token.statement != first.statement or token.depth < first.depth or token.text == ";":
            return later
        if token.depth == first.depth and token.word in _CLAUSES and later > index + 1:
            return later
    return len(script.tokens)


def _clause(script: Script, name: str) -> Iterator[Candidate]:
    for index, token in enumerate(script.tokens):
        if token.word != name:
            continue
        if name in ("GROUP", "ORDER") and not _next_is(script, index, "BY"):
            continue
        end = _end_of_clause(script, index)
        if end - index < 2:
            continue
        start, last = token.start, script.tokens[end - 1]
        if index > 1 and script.tokens[index - 2].word in ("FILTER", "GROUP") and script.tokens[index - 1].text == "(":
            index, end = index - 2, end + 1
            if script.tokens[index].word == "GROUP" or end > len(script.tokens):
                continue
            start, last = script.tokens[index].start, script.tokens[end - 1]
        while start > 0 and script.text[start - 1] in " \t":
            start -= 1
        clause = " ".join(script.text[token.start : last.end].split())
        fields = {"clause": clause if len(clause) <= 70 else clause[:67] + "..."}
        yield Candidate((Edit(start, last.end, ""),), fields, script.scope(token))


def _next_is(script: Script, index: int, *words: str) -> bool:
    return index + 1 < len(script.tokens) and script.tokens[index + 1].word in words


@operator(
    "sql.drop-where",
    FaultClass.WRONG_LOGIC,
    Tier.COARSE,
    LANGUAGES,
    "`{clause}` is left out",
    ("SELECT a FROM t WHERE b = 1 ORDER BY a;", ("SELECT a FROM t ORDER BY a;",)),
    (
        "DELETE FROM t WHERE a IN (SELECT x FROM y WHERE z)",
        ("DELETE FROM t", "DELETE FROM t WHERE a IN (SELECT x FROM y)"),
    ),
    ("SELECT count(*) FILTER (WHERE a > 1) FROM t", ("SELECT count(*) FROM t",)),
)
def drop_where(script: Script) -> Iterator[Candidate]:
    yield from _clause(script, "WHERE")


@operator(
    "sql.drop-order",
    FaultClass.WRONG_ORDER,
    Tier.COARSE,
    LANGUAGES,
    "`{clause}` is left out",
    ("SELECT a FROM t ORDER BY a DESC LIMIT 3;", ("SELECT a FROM t LIMIT 3;",)),
)
def drop_order(script: Script) -> Iterator[Candidate]:
    yield from _clause(script, "ORDER")


@operator(
    "sql.drop-having",
    FaultClass.WRONG_LOGIC,
    Tier.COARSE,
    LANGUAGES,
    "`{clause}` is left out",
    ("SELECT a FROM t GROUP BY a HAVING COUNT(*) > 1", ("SELECT a FROM t GROUP BY a",)),
)
def drop_having(script: Script) -> Iterator[Candidate]:
    yield from _clause(script, "HAVING")


@operator(
    "sql.drop-limit",
    FaultClass.WRONG_LOGIC,
    Tier.COARSE,
    LANGUAGES,
    "`{clause}` is left out",
    ("SELECT a FROM t LIMIT 5;", ("SELECT a FROM t;",)),
)
def drop_limit(script: Script) -> Iterator[Candidate]:
    yield from _clause(script, "LIMIT")


def _becomes(script: Script, token: Token, end: int, new: str) -> Candidate:
    """Words replaced, in the case of what they stand for."""
    shown = new.lower() if token.text.islower() else new
    fields = {"old": script.text[token.start : end], "new": shown, "around": nearby(script.text, token.start, end)}
    return Candidate((Edit(token.start, end, shown),), fields, script.scope(token))


def _replace(script: Script, choices: dict[str, str]) -> Iterator[Candidate]:
    for token in script.tokens:
        new = choices.get(token.word or token.text)
        if new is not None and token.kind != "text":
            yield _becomes(script, token, token.end, new)


@operator(
    "sql.drop-distinct",
    FaultClass.WRONG_LOGIC,
    Tier.COARSE,
    LANGUAGES,
    "DISTINCT is left out of `{around}`",
    ("SELECT DISTINCT a FROM t", ("SELECT a FROM t",)),
)
def drop_distinct(script: Script) -> Iterator[Candidate]:
    for index, token in enumerate(script.tokens):
        if token.word == "DISTINCT" and index + 1 < len(script.tokens):
            edit = Edit(token.start, script.tokens[index + 1].start, "")
            yield Candidate((edit,), {"around": nearby(script.text, token.start, token.end)}, script.scope(token))


_TABLE_RULES = frozenset({"CONSTRAINT", "FOREIGN", "PRIMARY", "UNIQUE", "CHECK", "KEY"})


@operator(
    "sql.drop-statement",
    FaultClass.DROPPED_STEP,
    Tier.COARSE,
    LANGUAGES,
    "`{statement}` is left out",
    ("CREATE TABLE a (x);\nINSERT INTO a VALUES (1);\n", ("INSERT INTO a VALUES (1);\n", "CREATE TABLE a (x);\n")),
)
def drop_statement(script: Script) -> Iterator[Candidate]:
    for number, first in enumerate(script.starts):
        token = script.tokens[first]
        if token.word in ("BEGIN", "COMMIT", "PRAGMA", "SET", "START", "END", "USE", "EXPLAIN"):
            continue
        last = script.starts[number + 1] - 1 if number + 1 < len(script.starts) else len(script.tokens) - 1
        if len(script.starts) < 2:
            continue
        said = " ".join(script.text[token.start : script.tokens[last].end].split())
        end = script.tokens[last].end
        rest = re.compile(r"[ \t]*\n").match(script.text, end)
        if rest is not None and script.text[: token.start].rpartition("\n")[2].strip() == "":
            end = rest.end()
        fields = {"statement": said if len(said) <= 70 else said[:67] + "..."}
        tier = Tier.FINE if _TIDIES.match(said) else None
        yield Candidate((Edit(token.start, end, ""),), fields, script.scope(token), tier=tier)


_TIDIES = re.compile(r"DROP\s.*\bIF\s+EXISTS\b|ANALYZE|VACUUM|LOCK|UNLOCK", re.IGNORECASE)
"""Statements without which a database that was just made is the same."""


@operator(
    "sql.drop-constraint",
    FaultClass.NOOP_GUARD,
    Tier.COARSE,
    LANGUAGES,
    "`{constraint}` of {column} is left out",
    (
        "CREATE TABLE t (a INT NOT NULL UNIQUE, b INT CHECK (b > 0))",
        (
            "CREATE TABLE t (a INT UNIQUE, b INT CHECK (b > 0))",
            "CREATE TABLE t (a INT NOT NULL, b INT CHECK (b > 0))",
            "CREATE TABLE t (a INT NOT NULL UNIQUE, b INT)",
        ),
    ),
)
def drop_constraint(script: Script) -> Iterator[Candidate]:
    for index, token in enumerate(script.tokens):
        if script.tokens[script.starts[token.statement]].word not in ("CREATE", "ALTER") or not token.depth:
            continue
        if (token.word == "NOT" and _next_is(script, index, "NULL")) or (
            token.word == "PRIMARY" and _next_is(script, index, "KEY") and script.tokens[index - 1].text not in ",("
        ):
            end = script.tokens[index + 1].end
        elif token.word == "UNIQUE" and index and script.tokens[index - 1].text not in ",(":
            end = token.end
        elif token.word == "CHECK" and _next_is_mark(script, index, "("):
            end = _closing(script, index + 1)
        elif token.word == "ON" and _next_is(script, index, "DELETE", "UPDATE") and index + 2 < len(script.tokens):
            wide = script.tokens[index + 2].word in ("SET", "NO")
            end = script.tokens[min(index + 3, len(script.tokens) - 1) if wide else index + 2].end
        else:
            continue
        before = script.tokens[index - 1]
        if before.text == "," and token.word == "CHECK":
            start = before.start
        else:
            start = before.end
        yield Candidate(
            (Edit(start, end, ""),),
            {"constraint": " ".join(script.text[token.start : end].split()), "column": _column(script, index)},
            script.scope(token),
        )


def _column(script: Script, index: int) -> str:
    """What a constraint is put on: the first word after the comma or bracket before it, else the table."""
    depth = script.tokens[index].depth
    for earlier in range(index, 0, -1):
        before = script.tokens[earlier - 1]
        if before.depth < depth or (before.depth == depth and before.text == ","):
            said = script.tokens[earlier].text
            return "the table" if earlier == index or said.upper() in _TABLE_RULES else said
    return "the table"


def _next_is_mark(script: Script, index: int, mark: str) -> bool:
    return index + 1 < len(script.tokens) and script.tokens[index + 1].text == mark


def _closing(script: Script, opening: int) -> int:
    depth = script.tokens[opening].depth
    for later in range(opening + 1, len(script.tokens)):
        if script.tokens[later].text == ")" and script.tokens[later].depth == depth:
            return script.tokens[later].end
    return script.tokens[opening].end


@operator(
    "sql.change-join",
    FaultClass.WRONG_LOGIC,
    Tier.COARSE,
    LANGUAGES,
    "{old} becomes {new} in `{around}`",
    (
        "SELECT * FROM a LEFT JOIN b ON x JOIN c ON y",
        ("SELECT * FROM a INNER JOIN b ON x JOIN c ON y", "SELECT * FROM a LEFT JOIN b ON x LEFT JOIN c ON y"),
    ),
)
def change_join(script: Script) -> Iterator[Candidate]:
    for index, token in enumerate(script.tokens):
        if token.word in ("LEFT", "RIGHT", "FULL") and _next_is(script, index, "JOIN", "OUTER"):
            outer = script.tokens[index + 1]
            yield _becomes(script, token, outer.end if outer.word == "OUTER" else token.end, "INNER")
        elif token.word == "INNER" and _next_is(script, index, "JOIN"):
            yield _becomes(script, token, token.end, "LEFT")
        elif token.word == "JOIN" and index and not _is_joined(script, index):
            yield _becomes(script, token, token.end, "LEFT JOIN")


def _is_joined(script: Script, index: int) -> bool:
    return script.tokens[index - 1].word in _JOINED or _next_is_mark(script, index, "=")


@operator(
    "sql.drop-row",
    FaultClass.DROPPED_OUTPUT,
    Tier.MEDIUM,
    LANGUAGES,
    "the row `{row}` is left out",
    ("INSERT INTO t VALUES (1), (2), (3);", ("INSERT INTO t VALUES (2), (3);", "INSERT INTO t VALUES (1), (2);")),
    (
        "COPY t (a, b) FROM stdin;\n1\tit's\n2\tb\n\\.\n",
        ("COPY t (a, b) FROM stdin;\n2\tb\n\\.\n", "COPY t (a, b) FROM stdin;\n1\tit's\n\\.\n"),
    ),
)
def drop_row(script: Script) -> Iterator[Candidate]:
    """One row of several in a VALUES list."""
    for index, token in enumerate(script.tokens):
        if token.word != "VALUES":
            continue
        rows: list[tuple[int, int]] = []
        at = index + 1
        while at < len(script.tokens) and script.tokens[at].text == "(":
            end = _closing(script, at)
            rows.append((script.tokens[at].start, end))
            while at < len(script.tokens) and script.tokens[at].end <= end:
                at += 1
            if at < len(script.tokens) and script.tokens[at].text == ",":
                at += 1
            else:
                break
        if len(rows) > 1:
            for number in sorted({0, len(rows) - 1}):
                start, end = rows[number]
                edit = Edit(start, rows[number + 1][0], "") if number == 0 else Edit(rows[number - 1][1], end, "")
                yield Candidate((edit,), {"row": script.text[start:end][:60]}, script.scope(token))
    for statement, first, last in script.copied:
        lines = script.text[first:last].splitlines(keepends=True)
        if len(lines) > 1:
            for start, line in ((first, lines[0]), (last - len(lines[-1]), lines[-1])):
                fields = {"row": " ".join(line.split())[:60]}
                yield Candidate((Edit(start, start + len(line), ""),), fields, script.scope_of(statement))


@operator(
    "sql.swap-values",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    LANGUAGES,
    "{one} and {two} change places",
    ("INSERT INTO t VALUES (1, 'a', 'b'), (2, 'c', 'd');", ("INSERT INTO t VALUES (1, 'b', 'a'), (2, 'c', 'd');",)),
)
def swap_values(script: Script) -> Iterator[Candidate]:
    """Neighbours of one kind in the first row of a VALUES list."""
    for index, token in enumerate(script.tokens):
        if token.word != "VALUES" or not _next_is_mark(script, index, "("):
            continue
        for at in range(index + 2, len(script.tokens) - 2):
            one, comma, two = script.tokens[at : at + 3]
            if one.text == ")":
                break
            alike = one.kind == two.kind and one.kind in ("text", "number") and one.text != two.text
            if alike and comma.text == "," and script.tokens[at - 1].text in "(," and script.tokens[at + 3 : at + 4]:
                edit = Edit(one.start, two.end, two.text + script.text[one.end : two.start] + one.text)
                if script.tokens[at + 3].text in ",)":
                    yield Candidate((edit,), {"one": one.text[:40], "two": two.text[:40]}, script.scope(token))


@operator(
    "sql.flip-boolean",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    LANGUAGES,
    "{old} becomes {new} in `{around}`",
    ("UPDATE t SET a = true", ("UPDATE t SET a = false",)),
)
def flip_boolean(script: Script) -> Iterator[Candidate]:
    yield from _replace(script, {"TRUE": "FALSE", "FALSE": "TRUE"})


_JOINED = frozenset({"LEFT", "RIGHT", "FULL", "OUTER", "INNER", "CROSS", "NATURAL"})


@operator(
    "sql.change-direction",
    FaultClass.WRONG_ORDER,
    Tier.MEDIUM,
    LANGUAGES,
    "{old} becomes {new} in `{around}`",
    ("SELECT a FROM t ORDER BY a desc", ("SELECT a FROM t ORDER BY a asc",)),
)
def change_direction(script: Script) -> Iterator[Candidate]:
    yield from _replace(script, {"ASC": "DESC", "DESC": "ASC"})


@operator(
    "sql.change-aggregate",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    LANGUAGES,
    "{old} becomes {new} in `{around}`",
    (
        "SELECT SUM(a), COUNT(*), min(b) FROM t",
        ("SELECT COUNT(a), COUNT(*), min(b) FROM t", "SELECT SUM(a), COUNT(*), max(b) FROM t"),
    ),
)
def change_aggregate(script: Script) -> Iterator[Candidate]:
    other = {"SUM": "COUNT", "COUNT": "SUM", "MIN": "MAX", "MAX": "MIN", "AVG": "SUM"}
    for index, token in enumerate(script.tokens):
        following = [one.text for one in script.tokens[index + 1 : index + 3]]
        if token.word in other and following[:1] == ["("] and following != ["(", "*"]:
            yield _becomes(script, token, token.end, other[token.word])


@operator(
    "sql.change-comparison",
    FaultClass.BOUNDARY,
    Tier.MEDIUM,
    LANGUAGES,
    "{old} becomes {new} in `{around}`",
    (
        "SELECT a FROM t WHERE b >= 1 AND c = 2",
        ("SELECT a FROM t WHERE b > 1 AND c = 2", "SELECT a FROM t WHERE b >= 1 AND c <> 2"),
    ),
    ("UPDATE t SET a = 1", ()),
)
def change_comparison(script: Script) -> Iterator[Candidate]:
    other = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "<>": "=", "!=": "=", "==": "<>"}
    yield from _replace(script, other)
    for index, token in enumerate(script.tokens):
        if token.text == "=" and _in_condition(script, index):
            yield _becomes(script, token, token.end, "<>")


def _in_condition(script: Script, index: int) -> bool:
    for earlier in range(index - 1, -1, -1):
        token = script.tokens[earlier]
        if token.statement != script.tokens[index].statement:
            return False
        if token.word in ("WHERE", "ON", "HAVING", "AND", "OR", "WHEN"):
            return True
        if token.word in ("SET", "SELECT", "VALUES", "PRAGMA"):
            return False
    return False


@operator(
    "sql.change-logic",
    FaultClass.WRONG_LOGIC,
    Tier.MEDIUM,
    LANGUAGES,
    "{old} becomes {new} in `{around}`",
    ("SELECT a FROM t WHERE b BETWEEN 1 AND 2 AND c", ("SELECT a FROM t WHERE b BETWEEN 1 AND 2 OR c",)),
)
def change_logic(script: Script) -> Iterator[Candidate]:
    for index, token in enumerate(script.tokens):
        if token.word == "OR":
            if _next_is(script, index, "REPLACE", "IGNORE", "ABORT", "ROLLBACK", "FAIL"):
                continue
            new = "AND"
        elif token.word == "AND" and not _after_between(script, index):
            new = "OR"
        else:
            continue
        yield _becomes(script, token, token.end, new)


def _after_between(script: Script, index: int) -> bool:
    for earlier in range(index - 1, max(index - 8, -1), -1):
        if script.tokens[earlier].word == "BETWEEN":
            return True
        if script.tokens[earlier].word in ("AND", "OR", "WHERE", "ON"):
            return False
    return False


@operator(
    "sql.change-number",
    FaultClass.WRONG_VALUE,
    Tier.MEDIUM,
    LANGUAGES,
    "{new} stands for {old} in `{around}`",
    ("SELECT a FROM t LIMIT 5", ("SELECT a FROM t LIMIT 6",)),
)
def change_number(script: Script) -> Iterator[Candidate]:
    for token in script.tokens:
        if token.kind == "number" and "." not in token.text:
            new = str(int(token.text) + 1)
            yield replace(_becomes(script, token, token.end, new), stated=token.text)


class Sql:
    name = "sql"
    languages = LANGUAGES
    operators = operators_in(globals())

    def parse(self, text: str, language: str) -> Script | None:
        return parse(text, language)

    def valid(self, tree: Script, candidate: Candidate) -> bool:
        """Whether the statements around the edits are read as well as they were."""
        offsets = tree.offsets
        first = max(bisect_right(offsets, candidate.edits[0].start) - 1, 0)
        last = max(bisect_right(offsets, max(candidate.edits[-1].end - 1, candidate.edits[0].start)) - 1, first)
        start, end = offsets[first], offsets[last + 1]
        if candidate.edits[0].start < start or not all(map(tree.reads, range(first, last + 1))):
            return True
        changed = apply(
            tree.text[start:end], tuple(Edit(e.start - start, e.end - start, e.new) for e in candidate.edits)
        )
        return reads(changed)


FAMILY = Sql()
