from __future__ import annotations

import pytest

from mutator.model import ByteEdit, FaultClass, Mutant, Tier
from mutator.relevance import Relevance, requirements, sentences, tokens_of

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


def test_an_empty_instruction_has_no_requirements() -> None:
    assert requirements("") == ()
    assert Relevance("").links(mutant("a", "b")) == ()


def test_numbers_keep_their_unit() -> None:
    assert "10r/s" in tokens_of("rate=10r/s")
    assert "5second" in tokens_of("5 seconds")
    assert tokens_of("status 404")["404"] > tokens_of("about 40 rows")["40"]
