from __future__ import annotations

from dataclasses import replace
from time import process_time

import pytest

from mutator.generate import generate
from mutator.model import ByteEdit, Edit, FaultClass, FileText, Mutant, Source, SourceKind, Tier
from mutator.operators import FAMILIES
from mutator.relevance import Relevance, requirements, sentences, tokens_of
from mutator.relevance.amounts import Amounts
from mutator.relevance.concepts import stated
from mutator.relevance.surroundings import Surroundings

INSTRUCTION = """\
# Cleaner

Write `/app/clean.py`, a tool that removes old files. It takes these options:

- `--older-than DAYS`: files younger than this stay.
- `--dry-run`: print what would be removed, remove nothing.
- `--verbose`: say more.

## Exit status

Exit with status 3 if the folder does not exist, e.g. when it was mistyped. Reports go to `/var/log/clean.json`
with the keys `removed` and "kept_back". At most 10 requests per second are sent.

```
clean.py --older-than 30 /srv/data
```
"""


def mutant(before: str, after: str, sentence: str = "", scope: str = "", target: str = "") -> Mutant:
    return Mutant(
        id="0",
        operator="x.y",
        fault=FaultClass.WRONG_VALUE,
        tier=Tier.COARSE,
        source="solve.sh",
        file="solve.sh",
        target=target,
        scope=scope,
        line=1,
        edits=(ByteEdit(0, 0, b""),),
        sentence=sentence,
        before=before,
        after=after,
        digest="0",
    )


def source(text: str, language: str = "python", target: str = "/app/clean.py") -> Source:
    kind = SourceKind.SCRIPT if language == "shell" else SourceKind.SIBLING
    return Source("solve.sh", kind, language, target, FileText(text), 1)


def first(instruction: str, code: Source, removed: str, new: str = "", scope: str = "") -> str:
    """The sentence that a change of the source's text is linked to first."""
    start = code.text.index(removed)
    edit = Edit(start, start + len(removed), new)
    whole = mutant(code.text, code.text[:start] + new + code.text[edit.end :], scope=scope, target=code.target)
    changed = Mutant(**{name: getattr(whole, name) for name in Mutant.__slots__} | {"changes": (edit,)})
    relevance = Relevance(instruction, [code])
    links = relevance.links(changed)
    return relevance.requirements[links[0].requirement].text if links else ""


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (mutant('p.add_argument("--dry-run", action="store_true")', ""), "`--dry-run`: print what would be removed"),
        (mutant("sys.exit(3)", "sys.exit(0)"), "Exit with status 3"),
        (mutant('{"removed": n, "kept_back": k}', '{"removed": n}'), "Reports go to"),
        (mutant("limit_req rate=10r/s", "limit_req rate=1000r/s"), "At most 10 requests per second"),
        (mutant('open("/var/log/clean.json")', 'open("/var/log/other.json")'), "Reports go to"),
        (mutant("if args.verbose:", "if False:"), "`--verbose`: say more"),
    ],
)
def test_a_mutant_is_linked_to_the_sentence_it_breaks(changed: Mutant, expected: str) -> None:
    relevance = Relevance(INSTRUCTION)
    links = relevance.links(changed)
    assert links
    assert relevance.requirements[links[0].requirement].text.startswith(expected)
    assert links[0].evidence


def test_a_mutant_that_touches_nothing_stated_has_no_link() -> None:
    assert Relevance(INSTRUCTION).links(mutant("i += 1", "i += 2")) == ()


def test_headings_are_context_and_list_items_are_sentences_with_their_line() -> None:
    found = {requirement.text: requirement for requirement in requirements(INSTRUCTION)}
    dry = found["`--dry-run`: print what would be removed, remove nothing."]
    assert (dry.line, dry.heading) == (6, "Cleaner")
    assert "Exit status" not in found
    assert dry.example == ""
    assert "clean.py --older-than 30 /srv/data" not in found
    assert found["At most 10 requests per second are sent."].example == "clean.py --older-than 30 /srv/data"


def test_a_sentence_does_not_end_in_an_abbreviation_or_a_code_span() -> None:
    text = "Use tools, e.g. Sed or `a. B`. Then stop."
    assert sentences(text) == ["Use tools, e.g. Sed or `a. B`.", "Then stop."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is 1.5 s at most. Then it stops.", ["It is 1.5 s at most.", "Then it stops."]),
        ("see https://a.org/x. Write it.", ["see https://a.org/x.", "Write it."]),
        ("all in lower case. no capital begins a sentence.", ["all in lower case.", "no capital begins a sentence."]),
        ("Cut off after approx. five rows.", ["Cut off after approx. five rows."]),
    ],
)
def test_numbers_links_and_lower_case_are_cut_as_a_person_would(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_what_introduces_a_list_is_the_context_of_its_items() -> None:
    found = requirements("The report, which comes last, lists:\n\n- the host,\n  - and its port\n- the owner\n")
    assert [(one.text, one.leads) for one in found] == [
        ("The report, which comes last, lists:", True),
        ("the host,", False),
        ("and its port", False),
        ("the owner", False),
    ]
    assert "report" in found[1].context
    assert "host" in found[2].context
    assert "host" not in found[3].context


def test_a_row_of_a_table_is_a_requirement_and_its_head_is_not() -> None:
    found = requirements("| key | meaning |\n|---|---|\n| `size` | bytes |\n| `age` | days |\n")
    assert [(one.text, one.line) for one in found] == [("`size` | bytes", 3), ("`age` | days", 4)]


def test_indented_and_fenced_code_is_the_example_of_the_sentence_before_it() -> None:
    found = requirements("Print all of them just so:\n\n    a: 1\n    b: 2\n\nThen exit.\n\n~~~json\n{}\n~~~\n")
    assert [(one.text, one.example.split()) for one in found] == [
        ("Print all of them just so:", ["a:", "1", "b:", "2"]),
        ("Then exit.", ["{}"]),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "You are given a folder with logs.",
        "You have access to a shell.",
        "Good luck!",
        "There is a database in `/srv/db`.",
        "<!-- not for readers -->",
    ],
)
def test_what_asks_for_nothing_is_no_requirement(text: str) -> None:
    assert requirements(text) == ()


def test_a_sentence_that_says_where_things_are_and_what_must_hold_is_one() -> None:
    assert len(requirements("There is a database in `/srv/db`, which must stay as it is.")) == 1


def test_an_empty_instruction_has_no_requirements() -> None:
    assert requirements("") == ()
    assert Relevance("").links(mutant("a", "b")) == ()
    assert Relevance("").served == {}


def test_numbers_keep_their_unit() -> None:
    assert "10r/s" in tokens_of("rate=10r/s")
    assert "5second" in tokens_of("5 seconds")
    assert tokens_of("status 404")["404"] > tokens_of("about 40 rows")["40"]


def test_an_exit_status_is_the_same_in_code_and_in_a_sentence() -> None:
    assert "status 3" in tokens_of("It exits with status 3.")
    assert "status 3" in tokens_of("sys.exit(3)", code=True)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("sort -u a > b", "Each message once."),
        ("names.sort()", "in alphabetical order"),
        ("chmod 600 key", "readable by its owner only, mode 600"),
        ("systemctl enable app", "It survives a reboot."),
        ("if size >= limit:", "files of at least that size"),
    ],
)
def test_code_and_sentences_share_a_concept(code: str, sentence: str) -> None:
    assert set(stated(code, code=True)) & set(stated(sentence))


PROGRAM = """\
import sys

LIMIT = 40


def spared(items, n):
    # Files younger than this stay.
    return [each for each in items if each.x >= n]


def report(removed, kept):
    \"\"\"What the report holds.\"\"\"
    lines = {}
    lines["removed"] = removed
    lines["kept_back"] = kept
    lines["at"] = 1
    return lines


if len(sys.argv) < 2:
    print("usage: clean.py --verbose")
"""


def test_a_comment_says_what_a_statement_is_for() -> None:
    assert first(INSTRUCTION, source(PROGRAM), "each.x >= n", "each.x").startswith("`--older-than DAYS`")


def test_only_what_changes_counts_and_not_its_neighbours() -> None:
    assert first(INSTRUCTION, source(PROGRAM), '    lines["kept_back"] = kept\n').startswith("Reports go to")
    assert first(INSTRUCTION, source(PROGRAM), '    lines["at"] = 1\n') == ""


def test_the_path_of_the_program_itself_says_nothing_of_a_part_of_it() -> None:
    code = source('open("/app/clean.py")\nvalue = 1\nother = 2\nlast = 3\nmore = 4\nend = 5\n')
    assert first(INSTRUCTION, code, "value = 1\n") == ""
    assert first(INSTRUCTION, code, code.text, "pass\n").startswith("Write `/app/clean.py`")


SCRIPT = """\
cat > /app/clean.py <<'PY'
import verbose
print(verbose.kept_back)
one = 1
two = 2
three = 3
PY
chmod +x /app/clean.py
/app/clean.py --older-than 30 /srv/data
test -s /var/log/clean.json
"""


def test_a_here_document_left_out_breaks_what_asks_for_its_file() -> None:
    script = source(SCRIPT, "shell", "/solution/solve.sh")
    assert first(INSTRUCTION, script, SCRIPT[: SCRIPT.index("chmod")]).startswith("Write `/app/clean.py`")


def test_a_step_that_only_tries_or_looks_breaks_nothing() -> None:
    script = source(SCRIPT, "shell", "/solution/solve.sh")
    assert first("Keep `/var/log/clean.json`. Write `/srv/x`.", script, "test -s /var/log/clean.json\n") == ""
    assert first("Use `--dry-run`. Print `/srv/data` twice.", script, "/app/clean.py --older-than 30 /srv/data\n") == ""


def test_a_mode_breaks_only_what_speaks_of_permissions() -> None:
    script = source(SCRIPT, "shell", "/solution/solve.sh")
    assert first("Write `/app/clean.py`.", script, "chmod +x /app/clean.py\n") == ""
    assert first("Make `/app/clean.py` executable.", script, "chmod +x /app/clean.py\n") != ""


def test_a_name_that_stands_on_many_lines_ties_none_of_them_by_itself() -> None:
    lines = "".join(f'x{number} = grouped("lot_id", {number})\n' for number in range(40))
    told = "Each lot has a `lot_id`. A lot is sold once. No lot is sold below its price."
    assert first(told, source(lines), 'x7 = grouped("lot_id", 7)\n') == ""
    few = lines.replace("lot_id", "other", 38)
    assert first(told, source(few), 'x39 = grouped("lot_id", 39)\n') == "Each lot has a `lot_id`."


def test_a_comment_at_the_head_of_a_program_is_about_all_of_it() -> None:
    told = "Keep the `frame_count` of a run. Write `/srv/x`."
    text = "#!/usr/bin/env python3\n# keeps the frame_count of a run\nimport sys\nout = []\nout.clear()\n"
    assert first(told, source(text), "out.clear()\n") == ""
    beside = text.replace("out.clear", "# keeps the frame_count of a run\nout.clear")
    assert first(told, source(beside), "out.clear()\n") == "Keep the `frame_count` of a run."


def test_an_option_dropped_from_a_command_breaks_what_it_did() -> None:
    script = source("cut -f 2 log | sort -u > names.txt\n", "shell", "/solution/solve.sh")
    instruction = "Write all names to `names.txt`. Show each name once in `names.txt`. Count them."
    assert first(instruction, script, " -u").startswith("Show each name once")


def test_a_sentence_of_the_past_stands_behind_one_that_asks() -> None:
    code = source('rows["price"] = price\nother = 1\n')
    told = "We lost the `price` of some rows last week. Every row has a `price` column."
    assert first(told, code, 'rows["price"] = price\n') == "Every row has a `price` column."


def test_mutants_know_their_edits_in_their_source() -> None:
    code = source(PROGRAM)
    found = list(generate([code], {"solve.sh": PROGRAM.encode()}, FAMILIES))
    assert found
    for one in found:
        old = "".join(code.text[edit.start : edit.end] for edit in one.changes)
        data = b"".join(PROGRAM.encode()[edit.start : edit.end] for edit in one.edits)
        assert old == data.decode()


def test_what_serves_a_requirement_is_known_by_its_lines() -> None:
    code = source(PROGRAM)
    relevance = Relevance(INSTRUCTION, [code])
    told = {relevance.requirements[index].text.split()[0]: parts for index, parts in relevance.served.items()}
    lines = [code.text[part.start : part.end].strip() for part in told["Reports"]]
    assert 'lines["removed"] = removed\n    lines["kept_back"] = kept' in lines
    assert not any("sys" in line or "LIMIT" in line for line in lines)


def test_a_change_is_widened_to_whole_words_and_signs_to_their_operands() -> None:
    around = Surroundings("rate=10r/s\nif age >= days:\n")
    assert around.widened(Edit(7, 7, "00")) == ("rate=10r/s"[5:], "1000r/s")
    assert around.widened(Edit(18, 20, ">")) == ("age >= days", "age > days")


@pytest.mark.parametrize("text", ["`" * 200_000, "a. " * 70_000, "x" * 200_000, "/a" * 100_000, "- [ ] a.b, " * 20_000])
def test_a_large_instruction_takes_no_seconds(text: str) -> None:
    began = process_time()
    Relevance(text)
    assert process_time() - began < 3


def test_an_entry_of_a_stated_file_is_what_the_sentence_about_the_file_asks_for() -> None:
    instruction = "Write a summary to `/app/summary.json`. Be done soon."
    data = '{\n  "mode": 1,\n  "kind": 2,\n  "a": 3,\n  "b": 4\n}\n'
    assert first(instruction, source(data, "json", "/app/summary.json"), '  "kind": 2,\n').startswith("Write a summary")
    assert first(instruction, source(data, "text", "/app/summary.R"), '  "kind": 2,\n') == ""


def test_the_evidence_is_said_in_the_words_of_the_instruction() -> None:
    links = Relevance("Encrypting archives is needed. Be done soon.").links(mutant("encrypt_archive(x)", "pass"))
    assert links[0].evidence[0] == "Encrypting archives"


def test_what_a_command_is_given_through_a_pipe_says_what_it_does() -> None:
    instruction = "- The `deploy` user gets the password `blue-heron`.\n- The report is sorted.\n"
    script = source('echo "deploy:blue-heron" | chpasswd\nsort report\n', "shell")
    assert "password" in first(instruction, script, 'echo "deploy:blue-heron" | chpasswd\n')
    looked_at = source('echo "deploy:blue-heron" | sort\nsort report\n', "shell")
    assert not first(instruction, looked_at, 'echo "deploy:blue-heron" | sort\n')


def test_what_is_removed_is_named_by_its_path() -> None:
    instruction = "- Disable the default site that comes with the package.\n- Listen on port 8080.\n"
    script = source("rm -f /etc/nginx/sites-enabled/default\nnginx\n", "shell")
    assert "default site" in first(instruction, script, "rm -f /etc/nginx/sites-enabled/default\n")


def test_a_service_and_its_daemon_are_one() -> None:
    instruction = "- SSH logins of root are refused.\n- The web page says hello.\n"
    script = source("sshd_option PermitRootLogin no\ncurl localhost\n", "shell")
    assert "SSH" in first(instruction, script, "sshd_option PermitRootLogin no\n")


def test_a_remark_serves_nothing() -> None:
    instruction = "- Files in `/srv/data` older than `--older-than` days are removed.\n- Print a total.\n"
    program = '"""Removes files in /srv/data that are older."""\n# files of /srv/data --older-than\n\nprint(1)\n'
    assert 0 not in Relevance(instruction, [source(program)]).served


def test_a_part_of_a_line_that_says_nothing_is_linked_by_its_line() -> None:
    instruction = "- Files younger than `min_age` days stay in the spool folder.\n- Print a total.\n"
    program = "def keep(spool, min_age):\n    return [f for f in spool if f.age_in_days < min_age or f == 1]\n"
    assert "younger" in first(instruction, source(program), "== 1", "!= 1")


def test_a_function_serves_the_command_that_a_sentence_begins_with() -> None:
    instruction = "- RENEW <client> <deadline> is for whoever holds the lease.\n- TICK <now> frees what is over.\n"
    program = "fun renew(who: String): Boolean {\n    return held == who\n}\n"
    assert "RENEW" in first(instruction, source(program, "kotlin"), "held == who", "true", scope="Lease.renew")


MAP = """n = struct.unpack_from("<II", data, 12)
sx, sy = struct.unpack_from("<ff", data, 20)
count = total / plateau
area = count * sx * sy
used += child.margin
child.start = offset
"""
MAPS = """
- At byte 12 stand two counts of cells, nx and ny.
- At byte 20 stand two floats, sx sy, for the metres of a cell.
- Each child adds its margin to the used width.
- A child's margin is at least nothing, and its width is told.
- The start of a child is recorded at the current offset.
"""


@pytest.mark.parametrize(
    ("removed", "expected"),
    [
        (" * sy", "At byte 20 stand two floats, sx sy, for the metres of a cell."),
        ("child.start = offset", "The start of a child is recorded at the current offset."),
        ("used += child.margin", "Each child adds its margin to the used width."),
    ],
)
def test_short_names_that_are_listed_and_statements_said_in_full_are_links(removed: str, expected: str) -> None:
    assert first(MAPS, source(MAP), removed) == expected


def test_two_letters_that_are_words_are_no_names() -> None:
    assert "=sx" in tokens_of("Two floats, sx and sy.")
    assert not any(token.startswith("=") for token in tokens_of("If it is so, do as we do: go on or up."))


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("Windows hold at most 5 samples.", True),
        ("Grading tolerance is at most 5 samples.", False),
        ("The verifier allows at most 5 samples of error.", False),
        ("Last year at most 5 samples were taken.", False),
        ("The team tried at least 5 samples.", False),
    ],
)
def test_how_a_solver_is_graded_states_no_number_that_a_solution_goes_by(text: str, stated: bool) -> None:
    amounts = Amounts(requirements(f"- {text}\n"))
    assert (amounts.find("5", "samples = max(5, given)") is not None) is stated


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("Requirements: 1. Read a.csv 2. Write b.json", ["Requirements:", "Read a.csv", "Write b.json"]),
        ("It answers 5. Then it stops.", ["It answers 5.", "Then it stops."]),
        ("The sizes are x, y and z. Then J. Doe asks.", ["The sizes are x, y and z.", "Then J. Doe asks."]),
        (
            '- Create a page with the content:\n  "Not found"\n- Serve it',
            ['Create a page with the content: "Not found"', "Serve it"],
        ),
        ("- Do:\n   - Limit the rate\n   Place it in /etc/x.conf.", ["Limit the rate", "Place it in /etc/x.conf."]),
        (
            "Serve it, so that I can run\n    git clone host:/srv\nand pull.",
            ["Serve it, so that I can run", "and pull."],
        ),
        ('The shape is\n{\n    "name": "x"\n}', ['The shape is { "name": "x" }']),
        ("tool add NAME\ntool drop NAME", ["tool add NAME", "tool drop NAME"]),
        (
            "ADD id - adds it\nHIDE id - hides it. It stays.",
            ["ADD id - adds it", "HIDE id - hides it.", "It stays."],
        ),
        (
            (
                "The report is an object with the key `total` and one more for each shop of the list, must never"
                " hold a shop twice, and should end with a newline."
            ),
            [
                "The report is an object with the key `total` and one more for each shop of the list",
                "must never hold a shop twice",
                "should end with a newline.",
            ],
        ),
        (
            (
                "OPEN opens a box that nobody has yet, SHUT shuts it if it is open and does nothing else, MOVE takes"
                " it to another place of the same house."
            ),
            [
                "OPEN opens a box that nobody has yet",
                "SHUT shuts it if it is open and does nothing else",
                "MOVE takes it to another place of the same house.",
            ],
        ),
        (
            (
                "The layout of it: four bytes of a fixed mark, four bytes (a, b, c and d) of a version number,"
                " eight bytes of a size if there is one, `nx`, `ny` and `nz`, then the rows themselves."
            ),
            [
                "The layout of it: four bytes of a fixed mark",
                "four bytes (a, b, c and d) of a version number",
                "eight bytes of a size if there is one, `nx`, `ny` and `nz`",
                "the rows themselves.",
            ],
        ),
        (
            (
                "If the folder is missing, print an error to stderr and exit with status 3, and write nothing at all"
                " to the output folder."
            ),
            [
                (
                    "If the folder is missing, print an error to stderr and exit with status 3, and write nothing at"
                    " all to the output folder."
                )
            ],
        ),
        (
            'Keys:\n\n    "min": least seconds.\n    "max": most seconds.',
            ['"min": least seconds.', '"max": most seconds.'],
        ),
    ],
)
def test_an_instruction_is_cut_where_its_author_meant_to(instruction: str, expected: list[str]) -> None:
    assert [requirement.text for requirement in requirements(instruction)] == expected


@pytest.mark.parametrize(
    ("number", "line", "beside", "expected"),
    [
        ("0.35", "keep = mass >= 0.35 * largest", "", (0, ("0.35", "mass"))),
        ("3.0", "flat = side <= 35 and side <= 3.0 * other", "", (1, ("3.0", "side", "other", "35"))),
        ("2.1", "DENSITY = 2.1", "", (2, ("2.1",))),
        ("780.0", "CONST = 780.0", "return CONST / volume", (3, ("780.0", "volume"))),
        ("404", "return missing, 404", "get_parcel", (5, ("404", "parcel"))),
        ("256", 'open("aes-256-cbc")', "", None),
        ("35", "keep(kept, tries=4, wait=35, side=1)", "", None),
        ("56", "wide = side > 56", "", None),
        ("12", "wide = side > 12", "", None),
    ],
)
def test_a_number_is_stated_with_the_words_and_numbers_beside_it(
    number: str, line: str, beside: str, expected: tuple[int, tuple[str, ...]] | None
) -> None:
    texts = (
        "Drop what has less than 0.35 times the mass of the largest."
        "\n\nA piece is kept with a side of at most 35 and at most 3 times its other side (e.g., 56 by 8)."
        "\n\nMultiply by two point one for the micrograms."
        "\n\nThe pressure is 780 divided by the volume."
        "\n\nAnswer 404 for an unknown letter."
        "\n\nAnswer 404 for an unknown parcel."
        "\n\nUse aes-256-cbc."
    )
    found = Amounts(requirements(texts)).find(number, line, beside)
    assert (found and (found.requirement, found.evidence)) == expected


@pytest.mark.parametrize(
    ("instruction", "text", "removed", "new", "expected"),
    [
        ("- It is /a.\n- It must be executable (`chmod +x`).", "chmod +x /b\n", "chmod +x /b\n", "", "It must"),
        ("- `sx`, `sy` and `sz` differ.\n- Be quick.", "v = n * sx * sy\n", " * sy", "", "`sx`"),
        (
            """- OFFERS: a list of `{"version": ..., "needs": {name: least version}}`; `needs` may be left out.
- A package stays back when the version that it has is older than LEAST, or what it needs is not there.""",
            "if name not in versions or key(versions[name]) < key(least):\n    stay()\n", "<", "<=", "A package",
        ),
    ],
)  # fmt: skip
def test_a_link_names_the_sentence_that_speaks_of_what_changes(
    instruction: str, text: str, removed: str, new: str, expected: str
) -> None:
    language = "shell" if text.startswith("chmod") else "python"
    code = source(text, language)
    start = text.index(removed)
    changed = replace(
        mutant(text.split("\n")[0], ""),
        operator="python.boundary" if new == "<=" else "x.y",
        changes=(Edit(start, start + len(removed), new),),
    )
    relevance = Relevance(instruction, [code])
    links = relevance.links(changed)
    assert (relevance.requirements[links[0].requirement].text[: len(expected)] if links else "") == expected


def test_what_other_arguments_are_called_is_not_what_one_is_about() -> None:
    text = "def train(self, state_size=4, rate=0.001):\n    pass\n"
    start = text.index("0.001")
    zones = Surroundings(text).zones((Edit(start, start + 5, "1.0"),), "")
    assert not [zone for zone in zones if "state" in zone.text and not zone.concepts]


def test_a_step_is_about_the_file_that_it_writes_and_not_the_one_that_it_reads() -> None:
    line = "awk '{ n++ } END { print n }' /srv/rows.csv > /srv/means.csv\n"
    instruction = (
        "- Write `/srv/rows.csv`.\n- Write the mean of each to `/srv/means.csv`, with two columns.\n- Be quick."
    )
    assert first(instruction, source(line, "shell", "/solution/solve.sh"), line).startswith("Write the mean")


@pytest.mark.parametrize(
    ("said", "linked"),
    [
        ("Do not modify `state.kt` or `Lease.kt`.", False),
        ("Never hold a `Lease` whose `state` is over.", True),
    ],
)
def test_how_the_work_may_not_be_done_is_broken_by_nothing_that_is_left_out(said: str, linked: bool) -> None:
    code = source("if (lease.state == Lease.OVER) {\n    drop(lease)\n}\n", "kotlin", "/app/Store.kt")
    assert (
        bool(first(f"- {said}\n- Be quick.\n- Write `/srv/x`.", code, "lease.state == Lease.OVER", "false")) is linked
    )


def test_a_year_alone_ties_nothing() -> None:
    for number, linked in (("2024", False), ("4048", True)):
        code = source(f'found = {{\n    "at": {number},\n    "x": 1,\n}}\n')
        said = first(f"- It is {number}.\n- Be quick.", code, f'    "at": {number},\n')
        assert bool(said) is linked


def test_a_name_that_is_left_out_is_tied_by_the_number_it_stands_for() -> None:
    text = "DENSITY = 2.1\n\n\ndef mass(n, sx, sy):\n    return n * sx * sy * DENSITY\n"
    instruction = "- The widths are `sx` and `sy`.\n- Multiply by two point one.\n- Be quick."
    assert first(instruction, source(text), " * DENSITY") == "Multiply by two point one."


def test_an_entry_left_out_is_not_about_the_line_before_it() -> None:
    text = 'found = {\n    "word_count": word_count(text.split()),\n    "most": most(text),\n}\n'
    instruction = "- `word_count` splits the text.\n- `most_seen` is the most common one.\n- Be quick."
    assert first(instruction, source(text), ',\n    "most": most(text)') == ""


def test_an_entry_left_out_is_what_its_key_says_before_its_value() -> None:
    text = 'rows.append({"origin": "/srv/in/second.json", "row_count": len(second)})\n'
    instruction = (
        "- Merge `/srv/in/first.json` and `/srv/in/second.json`.\n- Each row carries origin and row_count.\n- Be quick."
    )
    start = text.index('"origin"')
    gone = replace(
        mutant(text.strip(), ""),
        fault=FaultClass.DROPPED_OUTPUT,
        changes=(Edit(start, text.index('"row_count"'), ""),),
    )
    relevance = Relevance(instruction, [source(text)])
    assert relevance.requirements[relevance.links(gone)[0].requirement].text == "Each row carries origin and row_count."


def test_of_a_program_in_one_line_the_part_that_changes_is_what_counts() -> None:
    text = "/opened/ { opened += $3; doors[$1]++ } END { print opened }"
    zones = Surroundings(text, "awk").zones((Edit(text.index("doors"), text.index("doors") + 11, ""),), "")
    assert not [zone for zone in zones if "print" in zone.text and not zone.concepts]


def test_one_parameter_is_not_linked_by_the_others_and_an_option_is_by_its_name() -> None:
    instruction = "- There is a state size (4) and an action size (2) of the agent.\n- `--days`: how long.\n- Be quick."
    code = source("def agent(self, state_size=4, action_size=2, slow=0.001):\n    pass\n")
    assert first(instruction, code, "0.001", "1.0") == ""
    option = source('def main(p):\n    p.add_argument("--days", type=int, required=True)\n')
    assert first(instruction, option, "required=True", "required=False").startswith("`--days`")


def test_a_guard_that_is_gone_breaks_what_states_its_answer() -> None:
    text = 'def get(n):\n    if n < 0:\n        return {"error": "n is negative"}, 400\n    return run(n)\n'
    instruction = "- Without a number answer with error 400.\n- A negative number is an error: 400.\n- Be quick."
    start = text.index("n < 0")
    gone = replace(
        mutant("    if n < 0:", "    if False:"),
        operator="python.guard-disarmed",
        changes=(Edit(start, start + 5, "False"),),
    )
    (link,) = Relevance(instruction, [source(text)]).links(gone)
    assert link.requirement == 1
