"""What is told of a survivor: its effect, that the difference does not matter, or that none was seen."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

import pytest

from harness.judging.effects import About, Effect, Measured, measure
from harness.judging.varied import varied
from harness.trial.end_state import EndState
from harness.trial.watching.calls import TWISTS, Besides, Call, Observed

ABOUT = About("Write the sum to /app/out.txt.", "x = 1", "x = 1\nprint(x)\n")


def file(text: str, mode: str = "644", owner: str = "0 0") -> tuple[str, str]:
    data = text.encode()
    return f"f {mode} {owner}  {sha256(data).hexdigest()}", b64encode(data).decode()


def state(files: dict[str, tuple[str, str]], processes: tuple[str, ...] = ()) -> EndState:
    return EndState(
        {path: entry for path, (entry, _) in files.items()},
        processes,
        {path: text for path, (_, text) in files.items()},
    )


def run(*argv: str, status: int = 0, out: str = "", err: str = "", test: str = "t.py::test", wrote: str = "") -> Call:
    return Call("run", " ".join(argv), test, argv, "/app", "", status, out, err, (), wrote)


def seen(files: dict[str, tuple[str, str]] | None = None, *calls: Call, **more: object) -> Observed:
    return replace(Observed(state(files or {}), None, calls), **more)  # type: ignore[arg-type]


def measured(right: Observed, given: Observed, about: About = ABOUT) -> Measured:
    return measure(right, right, given, about)


# --- JSON


@pytest.mark.parametrize(
    ("one", "other", "instruction", "harmless"),
    [
        ('{"a": 1, "b": [2]}', '{\n  "b": [2],\n  "a": 1\n}\n', "Write the sum as JSON.", True),
        ('{"a": 1}', '{"a":1}', "Write JSON, indented by two.", False),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', "Write JSON with sorted keys.", False),
        ('{"a": 1}', '{"a": 2}', "Write the sum as JSON.", False),
        ('{"a": 1}', '{"a": "1"}', "Write the sum as JSON.", False),
        ('{"a": 1}', '{"a": true}', "Write the sum as JSON.", False),
        ("a: 1", "a:  1", "Write the sum.", False),
    ],
)
def test_another_layout_of_json_matters_only_where_one_is_asked_for(
    one: str, other: str, instruction: str, harmless: bool
) -> None:
    about = replace(ABOUT, instruction=instruction)
    found = measured(seen({"/app/out.json": file(one)}), seen({"/app/out.json": file(other)}), about)
    assert bool(found.harmless) is harmless
    assert bool(found.effect) is not harmless
    printed = measured(seen({}, run("/app/sum", out=one)), seen({}, run("/app/sum", out=other)), about)
    assert bool(printed.harmless) is harmless


# --- what is shown


def test_a_test_s_own_call_is_shown_with_what_differs() -> None:
    right, given = run("/app/sum", "1", "2", out="sum\n3\n"), run("/app/sum", "1", "2", out="sum\n4\n")
    assert measured(seen({}, right), seen({}, given)).effect == Effect("/app/sum 1 2", "prints `3`", "prints `4`")


def test_a_status_is_told_before_what_is_printed() -> None:
    right, given = run("/app/sum", status=2, err="no numbers"), run("/app/sum", status=0, out="0")
    found = measured(seen({}, right), seen({}, given)).effect
    assert found is not None
    assert found.expected.startswith("exits with 2")
    assert found.got == "exits with 0, prints `0`"


def test_an_answer_and_a_returned_value_are_told_in_their_own_words() -> None:
    right = Call("ask", "GET /health", "t", status=200, out="ok")
    given = Call("ask", "GET /health", "t", status=503, out="no")
    assert measured(seen({}, right), seen({}, given)).effect == Effect(
        "GET /health", "answers 200, answers `ok`", "answers 503, answers `no`"
    )
    right, given = Call("call", "add(a=1)", "t", out="2"), Call("call", "add(a=1)", "t", out="3")
    assert measured(seen({}, right), seen({}, given)).effect == Effect("add(a=1)", "returns `2`", "returns `3`")


def test_a_written_file_is_shown_by_its_first_other_line() -> None:
    found = measured(seen({"/app/out.txt": file("a\n3\n")}), seen({"/app/out.txt": file("a\n4\n")}))
    assert found.effect == Effect("/app/out.txt", "`3`", "`4`")


def test_a_file_that_is_missing_or_more_is_shown() -> None:
    out = {"/app/out.txt": file("3\n")}
    assert measured(seen(out), seen({})).effect == Effect("/app/out.txt", "is there", "is not written")
    assert measured(seen({}), seen(out)).effect == Effect("/app/out.txt", "is not written", "is there")


OUT = {"/app/out.txt": file("3\n")}
ON_THE_WAY = {**OUT, "/app/seen.txt": file("1 2\n")}


@pytest.mark.parametrize(
    ("right", "given", "harmless"),
    [
        (ON_THE_WAY, OUT, True),
        (OUT, ON_THE_WAY, True),
        (ON_THE_WAY, {**OUT, "/app/seen.txt": file("")}, True),
        # A program may need what lies beside it, and nobody names each file of a machine or a repository.
        ({**ON_THE_WAY, "/app/sum.py": file("print(3)\n")}, {**OUT, "/app/sum.py": file("print(3)\n")}, False),
        ({**OUT, "/etc/sum.conf": file("a\n")}, OUT, False),
        ({**OUT, "/app/.git/HEAD": file("a\n")}, OUT, False),
        # Without a file that is asked for by its name nobody knows which is by the way.
        ({"/app/seen.txt": file("1\n"), "/app/sum.txt": file("3\n")}, {"/app/sum.txt": file("3\n")}, False),
        (ON_THE_WAY, {**ON_THE_WAY, "/app/out.txt": file("4\n")}, False),
    ],
)
def test_a_file_that_nobody_asked_for_matters_only_beside_a_program(
    right: dict[str, tuple[str, str]], given: dict[str, tuple[str, str]], harmless: bool
) -> None:
    assert bool(measured(seen(right), seen(given)).harmless) is harmless


def test_what_is_left_over_matters_where_it_is_to_be_tidied_away() -> None:
    about = replace(ABOUT, instruction="Write the sum to /app/out.txt and remove what you made on the way.")
    assert not measured(seen(OUT), seen(ON_THE_WAY), about).harmless


def test_a_process_and_an_access_list_are_shown() -> None:
    serving = Observed(EndState({}, ("python3 server.py",)), None, ())
    found = measured(serving, Observed(EndState({}), None, ())).effect
    assert found == Effect("what runs after solving", "python3 server.py", "nothing")
    entry, text = file("3\n")
    listed = Observed(EndState({"/app/out.txt": f"{entry} {'a' * 64}"}, (), {"/app/out.txt": text}), None, ())
    found = measured(listed, seen({"/app/out.txt": (entry, text)})).effect
    assert found is not None
    assert found.expected == "has other attributes or access rights"


def test_the_call_that_uses_the_option_comes_first_and_the_others_are_counted() -> None:
    besides = [run("/app/tidy", "x", "--dry-run", out=out, test="") for out in ("would remove a", "removed a")]
    right = seen({}, run("/app/tidy", err="usage: [--dry-run]"), besides=(besides[0],))
    given = seen({}, run("/app/tidy", err="usage:"), besides=(besides[1],))
    found = measured(right, given, replace(ABOUT, words=frozenset({"--dry-run"}))).effect
    assert found == Effect("/app/tidy x --dry-run", "prints `would remove a`", "prints `removed a`", 1)


def test_what_is_written_besides_is_an_effect() -> None:
    right = seen({}, besides=(run("/app/tidy", "x", wrote="11 5 x/a\n12 6 x/b"),))
    given = seen({}, besides=(run("/app/tidy", "x", wrote="11 5 x/a"),))
    found = measured(right, given).effect
    assert found == Effect("/app/tidy x", "writes x/b (6 bytes)", "writes nothing more")
    gone = seen({}, besides=(run("/app/tidy", "x", wrote="11 5 x/a\ngone x/c\ngone x/d"),))
    found = measured(given, gone).effect
    assert found == Effect("/app/tidy x", "writes nothing more", "removes x/c and 1 more")


def test_what_differs_between_two_runs_of_the_reference_tells_nothing() -> None:
    one, other = run("/app/now", out="1"), run("/app/now", out="2")
    first, second = seen({"/app/key": file("a")}, one), seen({"/app/key": file("b")}, other)
    given = seen({"/app/key": file("c")}, run("/app/now", out="3"))
    assert measure(first, second, given, ABOUT) == Measured()
    moody = replace(second, besides=(run("/app/now", "x", out="4"),))
    assert measure(first, moody, replace(given, besides=(run("/app/now", "x", out="5"),)), ABOUT) == Measured()


def test_addresses_and_folders_of_this_run_are_no_difference() -> None:
    right, given = run("/app/a", "/tmp/tmpab12", out="at 0x7f"), run("/app/a", "/tmp/tmpcd34", out="at 0x8e")
    assert measured(seen({}, right), seen({}, given)) == Measured(same=True)


def test_the_line_on_which_an_edited_program_ends_is_no_effect() -> None:
    def ended(line: int, why: str) -> Observed:
        trace = (
            'Traceback (most recent call last):\n  File "/app/sum.py", line LINE, in <module>\n    total()\n    ^^^^^\n'
        )
        return seen({}, run("/app/sum.py", status=1, err=f"{trace.replace('LINE', str(line))}{why}\n"))

    assert measured(ended(12, "ValueError: empty"), ended(9, "ValueError: empty")).effect is None
    found = measured(ended(12, "ValueError: empty"), ended(9, "KeyError: 1")).effect
    assert found is not None
    assert (found.expected, found.got) == ("complains `ValueError: empty`", "complains `KeyError: 1`")
    places = [seen({}, run("/app/sum", status=2, err=f"/app/sum.sh: line {line}: x: unset\n")) for line in (3, 4)]
    assert measured(places[0], places[1]).effect is None


def test_an_edited_program_s_text_is_no_effect() -> None:
    right, given = {"/app/sum.py": file("a = 1\n")}, {"/app/sum.py": file("a = 2\n")}
    assert measured(seen(right), seen(given)) == Measured()
    assert measured(seen({"/app/sum": file("#!/bin/sh\n:\n")}), seen({"/app/sum": file("#!/bin/sh\n")})) == Measured()
    built = [seen({"/app/bin/sum": file(f"\x7fELF\0{text}", "755")}) for text in "ab"]
    assert measured(built[0], built[1]) == Measured()
    data = [seen({"/app/sum.bin": file(f"\0{text}")}) for text in "ab"]
    assert measured(data[0], data[1]).effect is not None
    # A text that is no program's is the output itself.
    assert measured(seen({"/app/sum.txt": file("1\n")}), seen({"/app/sum.txt": file("2\n")})).effect is not None


# --- what does not matter


def test_numbers_within_the_stated_tolerance() -> None:
    right, given = seen({"/app/out.txt": file("q 100.0\n")}), seen({"/app/out.txt": file("q 101.0\n")})
    about = replace(ABOUT, instruction="Write q, within 2% of the true value.")
    assert (
        measured(right, given, about).harmless
        == "its numbers differ by no more than the 2 % that the instruction allows"
    )
    assert measured(right, given, replace(about, instruction="Write q, within 0.5% of it.")).effect is not None
    assert measured(right, given).effect is not None
    both = seen({"/app/out.txt": file("q 101.0\n")}, run("/app/q", out="104"))
    assert measured(replace(right, calls=(run("/app/q", out="100"),)), both, about).effect is not None


@pytest.mark.parametrize(
    ("right", "given", "instruction", "harmless"),
    [
        ("mean 10.401472\n", "mean 10.401472312500859\n", "Write the mean.", True),
        ("mean 10.401472312500859\n", "mean 10.401472\n", "Write the mean.", True),
        ("mean 10.401472\n", "mean 10.401472312500859\n", "Write the exact mean.", False),
        ("mean 10.401472\n", "mean 10.401473312500859\n", "Write the mean.", False),
        ("count 3\n", "count 3.2\n", "Write the count.", False),
        ("mean 10.401472\n", "means 10.401472312500859\n", "Write the mean.", False),
    ],
)
def test_numbers_that_are_only_rounded_otherwise(right: str, given: str, instruction: str, harmless: bool) -> None:
    one, other = (seen({"/app/out.txt": file(text)}) for text in (right, given))
    assert bool(measured(one, other, replace(ABOUT, instruction=instruction)).harmless) is harmless
    one, other = (seen({}, run("/app/sum", out=text)) for text in (right, given))
    assert bool(measured(one, other, replace(ABOUT, instruction=instruction)).harmless) is harmless


def test_a_program_on_the_way_to_the_data_that_are_asked_for() -> None:
    programs = [{**OUT, "/app/sum.py": file(f"a = {number}\n")} for number in (1, 2)]
    right, given = (seen(files) for files in programs)
    assert measured(right, given).harmless
    assert not measured(right, given, replace(ABOUT, instruction="Write sum.py, which writes /app/out.txt.")).harmless

    def among(*observed: Observed) -> str:
        one, other = observed
        return measured(one, other).harmless

    assert not among(*(seen(files, run("python3", "/app/sum.py", out="3")) for files in programs))
    assert not among(*(replace(each, calls=None) for each in (right, given)))
    assert not among(
        *(replace(each, left=replace(each.left or state({}), processes=("sum",))) for each in (right, given))
    )
    # Nothing that is asked for is there: the program may be the work.
    assert not among(*(seen({"/app/sum.py": file(text)}) for text in "ab"))


def test_a_step_that_the_tests_repeat() -> None:
    program, out = file("a\n"), file("3\n")
    right = seen({"/app/out.txt": out}, after=state({"/app/out.txt": out}))
    given = seen({}, after=state({"/app/out.txt": out}))
    assert measured(right, given).harmless.startswith("the tests do this step themselves")
    # Where the tests take the file away, nobody has made it again.
    assert measured(replace(right, after=state({})), replace(given, after=state({}))).effect is not None
    other = replace(given, after=state({"/app/out.txt": file("4\n")}))
    assert measured(right, other).effect is not None
    assert measured(replace(right, after=None), given).effect is not None
    # A program whose text differs for good may do anything.
    left = seen({"/app/a.py": program}, after=state({"/app/a.py": program}))
    assert measured(left, seen({"/app/a.py": file("b\n")}, after=state({"/app/a.py": file("b\n")}))) == Measured()


@pytest.mark.parametrize(
    ("right", "given", "instruction", "harmless"),
    [
        (file("a"), file("a", "755"), "Write /app/out.txt.", True),
        (file("a"), file("a", owner="1000 1000"), "Write /app/out.txt.", True),
        (file("a", "755"), file("a"), "Run it with ./out.txt.", False),
        (file("a", "600"), file("a"), "Its permissions are 0600.", False),
        (file("a"), file("a", owner="1000 1000"), "It is owned by root.", False),
        (file("a", "755"), file("a", "777"), "Write /app/out.txt, an executable program. Run it with ./out.txt.", True),
        (file("a", "755"), file("a", "777"), "It is executable and only readable by root.", False),
        (file("a", "755"), file("a", "777"), "It is executable and private.", False),
        (file("a", "755"), file("a", "644"), "Write /app/out.txt, an executable program.", False),
        (file("a"), file("b", "755"), "Write /app/out.txt.", False),
    ],
)
def test_modes_and_owners_that_nobody_needs(
    right: tuple[str, str], given: tuple[str, str], instruction: str, harmless: bool
) -> None:
    about = replace(ABOUT, instruction=instruction)
    found = measured(seen({"/app/out.txt": right}), seen({"/app/out.txt": given}), about)
    assert bool(found.harmless) is harmless
    assert (found.effect is None) is harmless


def test_progress_that_nobody_asked_for() -> None:
    right, given = run("/app/sum.py", out="reading\n", err="x"), run("/app/sum.py", err="x")
    about = replace(ABOUT, removed='    print("reading")')
    files = {"/app/sum.py": file("a\n")}, {"/app/sum.py": file("b\n")}
    assert measured(seen(files[0], right), seen(files[1], given), about).harmless.startswith("only what it tells")
    assert measured(seen(files[0]), seen(files[1]), about).harmless.startswith("only what it tells")
    asked = replace(about, instruction="Print each file that is read.")
    assert measured(seen(files[0], right), seen(files[1], given), asked).effect is not None
    assert measured(seen(files[0], right), seen(files[1], replace(given, status=1)), about).effect is not None
    assert measured(seen(files[0], right), seen(files[1], given), replace(about, removed="x = 1")).effect is not None


def test_a_check_behind_which_something_else_refuses() -> None:
    about = replace(
        ABOUT,
        guard=True,
        removed="if not exists(p):",
        after='if not exists(p):\n    sys.exit("there is no such input")\n',
    )
    right = run("/app/sum", "x", status=1, err="there is no such input")
    behind = run("/app/sum", "x", status=1, err="Traceback: FileNotFoundError")
    assert measured(seen({}, right), seen({}, behind), about).harmless.endswith("refuses the same")
    for other in (replace(behind, status=2), replace(behind, out="3"), replace(behind, err="")):
        assert measured(seen({}, right), seen({}, other), about).effect is not None
    # Its words are asked for; it is no check; the call is about something else.
    said = replace(about, instruction='It says "there is no such input".')
    assert measured(seen({}, right), seen({}, behind), said).effect is not None
    assert measured(seen({}, right), seen({}, behind), replace(about, guard=False)).effect is not None
    assert measured(seen({}, replace(right, err="other")), seen({}, behind), about).effect is not None


# --- a few commands more


def test_a_program_of_the_solution_is_run_again_with_one_thing_changed() -> None:
    call = replace(run("python3", "/app/sum.py", "/tmp/data", "--limit", "3"), inputs=(("/k/0", "/tmp/data"),))
    found = varied([run("ls", "/app/sum.py"), run("git", "log"), call], ["/app/sum.py"], "`--dry-run` removes nothing.")
    assert {each.twist for each in found} == {"", *TWISTS}
    assert {each.twisted for each in found} == {"", "/tmp/data"}
    found = tuple(each for each in found if not each.twist)
    tried = [each.argv[2:] for each in found]
    assert all(each.argv[:2] == ("python3", "/app/sum.py") and each.inputs == call.inputs for each in found)
    assert tried[0] == ("/tmp/data", "--limit", "3", "--dry-run")
    for wanted in (
        (),
        ("/tmp/data", "--limit"),
        ("/tmp/data", "--limit", "4"),
        ("/tmp/data", "--limit", "2"),
        ("/tmp/data", "3"),
    ):
        assert wanted in tried
    assert len(tried) == len(set(tried)) <= 12


def test_a_copy_of_a_program_that_the_test_made_is_the_program() -> None:
    place = "/tmp/tmpab12"
    call = replace(run("/usr/bin/python3", f"{place}/sum.py", f"{place}/in"), inputs=(("/k/0", place),))
    assert Besides(("/usr/bin/python3", f"{place}/sum.py"), "/app", "", call.inputs) in varied(
        [call], ["/app/sum.py"], ""
    )
    assert varied([call], ["/app/other.py"], "") == ()
    # Ten copies of it are one program.
    more = replace(call, argv=("/usr/bin/python3", "/tmp/tmpcd34/sum.py"), inputs=(("/k/1", "/tmp/tmpcd34"),))
    assert varied([call, more], ["/app/sum.py"], "") == varied([call], ["/app/sum.py"], "")


def test_a_line_for_the_shell_is_cut_into_words_where_it_is_that_simple() -> None:
    plain, piped = run("sh", "-c", "./sum 2"), run("sh", "-c", "./sum 2 | sort")
    assert Besides(("./sum", "3"), "/app") in varied([plain], ["/app/sum"], "")
    assert varied([piped], ["/app/sum"], "") == ()


def test_what_only_a_service_beside_holds_is_shown_with_its_name() -> None:
    def beside(text: str, ended: tuple[str, ...] = ()) -> Observed:
        entries = {"/var/kept": file(text)[0], "/var/log/clerk.log": file(f"{text} at noon")[0]}
        return Observed(replace(state({}), beside={"clerk": entries}, ended=ended))

    assert measured(beside("word"), beside("word")).effect is None
    assert measured(beside("word"), beside("other")).effect == Effect(
        "/var/kept of the service clerk", "the solution's own content", "other content"
    )
    assert measured(beside("word"), beside("word", ("clerk",))).effect == Effect(
        "the services that have ended", "none", "clerk"
    )
