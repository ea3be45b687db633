"""Carried into a box: a pytest plugin that writes down what the tests run, ask and call, and what comes back.

It runs with whatever Python (3.7 and later) and pytest (5 and later) the task has, changes no result, and imports
nothing but the standard library. Where the tests are a program of their own, `plain` does what can be done without
pytest.
"""

from __future__ import annotations

import ast
import atexit
import functools
import http.client
import inspect
import json
import os
import reprlib
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Callable, Dict, Generator  # noqa: UP035 - collections.abc has no such types in old versions of Python

try:
    import pytest
except ImportError:
    pytest = None  # type: ignore[assignment]

OUT = os.environ.get("FOOLSGOLD_LOOK", "")
MOST = 400
"""Calls that are written down; a loop of a test soon makes more than anybody compares."""
LONGEST = 4_000
LIBRARY = str(Path(os.__file__).parent)
GENERATORS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
short = reprlib.Repr()
short.maxlevel, short.maxlist, short.maxtuple, short.maxdict, short.maxset = 6, 100, 100, 100, 100
short.maxstring = short.maxother = short.maxlong = 400

Event = Dict[str, Any]  # noqa: UP006 - dict[str, Any] is no value in old versions of Python
KEPT = os.path.join(os.path.dirname(OUT), "kept")  # noqa: PTH118, PTH120 - OUT may be ''
TEXTS = os.environ.get("FOOLSGOLD_TEXTS", "")
"""Set where the texts of what programs work on are to be written down, too."""
MOST_KEPT, MOST_OF_A_PROGRAM, LARGEST = (80, 24, 1 << 20) if TEXTS else (24, 4, 1 << 20)
"""Inputs that are kept for later, and how often for the same program, and bytes of one."""
kept: dict[tuple[str, ...], int] = {}
now: list[Event] = []
"""Of the test that runs: an answer is read to its end only after it has come."""
told = 0
roots: set[str] = set()


def text(value: Any) -> str:
    if isinstance(value, (bytes, bytearray)):
        value = bytes(value[: 4 * LONGEST]).decode("utf-8", "replace")
    return value[:LONGEST] if isinstance(value, str) else ""


def keep(kind: str, what: str, **more: Any) -> Event:
    event: Event = {"kind": kind, "what": what[:LONGEST], **more}
    if len(now) < MOST:
        now.append(event)
    return event


def tell(**said: Any) -> None:
    if not OUT:
        return
    try:
        file = os.open(OUT, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(file, (json.dumps(said) + "\n").encode("utf-8", "replace"))
        finally:
            os.close(file)
    except OSError:
        pass


def quietly(function: Callable[..., Any]) -> Callable[..., None]:
    """Whatever goes wrong in writing down is no business of the test's."""

    @functools.wraps(function)
    def call(*arguments: Any) -> None:
        try:
            function(*arguments)
        except Exception as error:
            tell(trouble=repr(error)[:300])

    return call


# --- programs


@quietly
def begun(process: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    given = arguments[0] if arguments else named.get("args", "")
    shell = named.get("shell", arguments[8] if len(arguments) > 8 else False)
    if isinstance(given, (str, bytes, os.PathLike)):
        argv = ["sh", "-c", os.fsdecode(given)] if shell else [os.fsdecode(given)]
    else:
        argv = [os.fsdecode(word) for word in given]
    cwd = named.get("cwd") or (arguments[9] if len(arguments) > 9 else None) or "."
    cwd = str(Path(os.fsdecode(cwd)).absolute())
    words = [word[:LONGEST] for word in argv[:100]]
    process.foolsgold = {"argv": words, "cwd": cwd, "stdin": "", "inputs": inputs(words, cwd)}
    if TEXTS:
        process.foolsgold["texts"] = texts(process.foolsgold["inputs"])


MOST_TEXTS, LONGEST_TEXTS, LONGEST_DATA = 40, 24_000, 120_000


def texts(places: list[list[str]]) -> list[list[Any]]:
    """[path, text, age in seconds, whether it is no text: then each character is a byte] of each file there; nothing
    where they are long or many."""
    found: list[list[Any]] = []
    for _, place in places:
        files = (
            [each for each in sorted(Path(place).rglob("*")) if each.is_file()]
            if Path(place).is_dir()
            else [Path(place)]
        )
        for file in files[: MOST_TEXTS + 1]:
            data = file.read_bytes()
            age = max(0.0, time.time() - file.stat().st_mtime)
            found.append([str(file), *as_text(data), age])
    longest = {binary: sum(len(each[1]) for each in found if each[2] is binary) for binary in (False, True)}
    fits = len(found) <= MOST_TEXTS and longest[False] <= LONGEST_TEXTS and longest[True] <= LONGEST_DATA
    return [[path, written, age, binary] for path, written, binary, age in found] if fits else []


def as_text(data: bytes) -> tuple[str, bool]:
    try:
        return data.decode("utf-8"), False
    except UnicodeDecodeError:
        return data.decode("latin-1"), True


def is_program(path: Path) -> bool:
    return os.access(str(path), os.X_OK) or path.suffix in (".py", ".sh", ".js", ".rb", ".pl", ".php", ".R", ".lua")


def inputs(argv: list[str], cwd: str) -> list[list[str]]:
    """What the test gave the program to work on, as it was before: [the copy, its place]."""
    program = tuple(argv[:2])
    if not OUT or kept.get(program, 0) >= MOST_OF_A_PROGRAM:
        return []
    found: list[list[str]] = []
    folder = str(Path(tempfile.gettempdir()).resolve())
    for word in [cwd, *argv[1:]]:
        path = Path(cwd, word)
        inside = any(str(path).startswith(place + os.sep) or str(path) == place for _, place in found)
        if inside or len(word) > 500 or not path.exists():
            continue
        # Of the folders that were there before no copy is made, nor of programs.
        if not str(path.resolve()).startswith(folder + os.sep) and (not path.is_file() or is_program(path)):
            continue
        files = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
        if len(files) > 200 or sum(each.stat().st_size for each in files) > LARGEST or sum(kept.values()) >= MOST_KEPT:
            continue
        copy = f"{KEPT}/{sum(kept.values())}"
        if path.is_dir():
            shutil.copytree(str(path), copy, symlinks=True)
        else:
            shutil.copy2(str(path), copy)
        kept[program] = kept.get(program, 0) + 1
        found.append([copy, str(path)])
    return found


@quietly
def ended(process: Any, out: Any, err: Any) -> None:
    event = process.__dict__.pop("foolsgold", None)
    if event is not None:
        what = " ".join(event["argv"])
        keep("run", what, **event, status=process.returncode, out=text(out), err=text(err))


@quietly
def given(process: Any, value: Any) -> None:
    event = getattr(process, "foolsgold", None)
    if event is not None:
        event["stdin"] = text(value)


def watch_programs() -> None:
    init, communicate, wait = subprocess.Popen.__init__, subprocess.Popen.communicate, subprocess.Popen.wait

    @functools.wraps(init)
    def new_init(self: Any, *arguments: Any, **named: Any) -> None:
        begun(self, arguments, named)
        init(self, *arguments, **named)

    @functools.wraps(communicate)
    def new_communicate(self: Any, input: Any = None, timeout: Any = None) -> Any:  # noqa: A002 - its own name for it
        given(self, input)
        self.foolsgold_talks = True
        try:
            out, err = communicate(self, input, timeout)
        finally:
            self.foolsgold_talks = False
        ended(self, out, err)
        return out, err

    @functools.wraps(wait)
    def new_wait(self: Any, timeout: Any = None) -> Any:
        status = wait(self, timeout)
        if not getattr(self, "foolsgold_talks", False):
            ended(self, "", "")
        return status

    subprocess.Popen.__init__ = new_init  # type: ignore[method-assign]
    subprocess.Popen.communicate = new_communicate  # type: ignore[method-assign]
    subprocess.Popen.wait = new_wait  # type: ignore[method-assign]


# --- servers


@quietly
def asked(connection: Any, method: str, url: str) -> None:
    to = str(connection.host) + ":" + str(connection.port)
    connection.foolsgold = keep("ask", method + " " + url, status=None, out="", err="", to=to)


@quietly
def answered(connection: Any, response: Any) -> None:
    event = getattr(connection, "foolsgold", None)
    if event is not None:
        event["status"] = response.status
        response.foolsgold = event


@quietly
def read(response: Any, data: Any) -> None:
    event = getattr(response, "foolsgold", None)
    if event is not None and len(event["out"]) < LONGEST:
        event["out"] += text(data)


def watch_servers() -> None:
    put, get = http.client.HTTPConnection.putrequest, http.client.HTTPConnection.getresponse
    take = http.client.HTTPResponse.read

    @functools.wraps(put)
    def new_put(self: Any, method: str, url: str, *arguments: Any, **named: Any) -> None:
        asked(self, method, url)
        put(self, method, url, *arguments, **named)

    @functools.wraps(get)
    def new_get(self: Any) -> Any:
        response = get(self)
        answered(self, response)
        return response

    @functools.wraps(take)
    def new_take(self: Any, amt: Any = None) -> bytes:
        data = take(self, amt)
        read(self, data)
        return data

    http.client.HTTPConnection.putrequest = new_put  # type: ignore[method-assign]
    http.client.HTTPConnection.getresponse = new_get  # type: ignore[method-assign]
    http.client.HTTPResponse.read = new_take  # type: ignore[method-assign]


# --- functions of the solution's own, as a test calls them

kinds: dict[CodeType, bool] = {}
open_calls: dict[int, Event] = {}
objects: dict[int, int] = {}
"""Of the test that runs: the id of an object of the solution's -> how many were made before it. A new object may have
the id of one that is gone, and is known anew by its `__init__`."""
LONGEST_VALUE, LONGEST_CALLS = 2_000, 400_000
"""Characters of one value, and of all that are written down."""
room = LONGEST_CALLS
VARIABLE = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


def own(code: CodeType) -> bool:
    """Whether the function is neither a library's nor the tests'."""
    if code not in kinds:
        file = code.co_filename
        kinds[code] = not (
            file.startswith(("<", LIBRARY))
            or "-packages" in file
            or "foolsgold_" in file
            or code.co_name.startswith("<")
            or code.co_flags & GENERATORS
            or in_tests(file)
        )
    return kinds[code]


def in_tests(file: str) -> bool:
    return any(file.startswith(root) for root in roots)


@quietly
def entered(frame: FrameType) -> None:
    code = frame.f_code
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    values = ", ".join(f"{name}={short.repr(frame.f_locals[name])}" for name in names if name in frame.f_locals)
    name = getattr(code, "co_qualname", code.co_name)
    more = {"called": called(frame)} if TEXTS else {}
    open_calls[id(frame)] = keep("call", f"{name}({values})", status=None, out="", err="", **more)


def called(frame: FrameType) -> Event | None:
    """The call as it can be made again; None where something about it is no plain value."""
    code = frame.f_code
    count = code.co_argcount + code.co_kwonlyargcount
    values = {name: frame.f_locals[name] for name in code.co_varnames[:count]}
    owner = values.pop("self", None) if code.co_varnames[:1] == ("self",) else None
    module = frame.f_globals
    found = getattr(type(owner), code.co_name, None) if owner is not None else module.get(code.co_name)
    found = inspect.unwrap(found) if callable(found) else None
    if getattr(found, "__code__", None) is not code or code.co_flags & VARIABLE:
        return None
    if owner is not None and (type(owner).__module__ != module["__name__"] or "." in type(owner).__qualname__):
        return None
    made = owner is not None and code.co_name == "__init__"
    if made:
        objects[id(owner)] = len(objects)
    elif owner is not None and id(owner) not in objects:
        return None
    positional, named = as_given(found, values, code.co_argcount - (owner is not None))
    if positional is None:
        return None
    global room
    room -= sum(map(len, [*positional, *named.values()]))
    if room < 0:
        return None
    name = type(owner).__name__ if made else code.co_name
    on = objects[id(owner)] if owner is not None else -1
    where = {"file": str(Path(code.co_filename).resolve()), "module": str(module["__name__"]), "cwd": str(Path.cwd())}
    return {
        **where,
        "python": sys.executable,
        "name": name,
        "args": positional,
        "named": named,
        "on": on,
        "makes": made,
    }


def as_given(function: Any, values: dict[str, Any], positional: int) -> tuple[list[str] | None, dict[str, str]]:
    """Arguments as literals, without those that are the function's own defaults: another solution may have others."""
    names = list(values)
    defaults = dict(zip(names[:positional][::-1], (function.__defaults__ or ())[::-1]))  # noqa: B905 - not in Python 3.7
    defaults.update(function.__kwdefaults__ or {})
    first: list[str] = []
    rest: dict[str, str] = {}
    left_out = False
    for number, name in enumerate(names):
        if name in defaults and values[name] is defaults[name]:
            left_out = True
            continue
        written = literal(values[name])
        if written is None:
            return None, {}
        if number < positional and not left_out:
            first.append(written)
        else:
            rest[name] = written
    return first, rest


def literal(value: Any) -> str | None:
    """How the value is written in Python; None where that is no value of plain types."""
    if isinstance(value, (str, bytes, list, tuple, dict, set)) and len(value) > LONGEST_VALUE:
        return None
    written = repr(value)
    try:
        same = len(written) <= LONGEST_VALUE and ast.literal_eval(written) == value
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return written if same is True else None


def profile(frame: FrameType, event: str, argument: Any) -> None:
    if event == "call":
        before = frame.f_back
        if before is not None and len(now) < MOST and own(frame.f_code) and in_tests(before.f_code.co_filename):
            entered(frame)
    elif event == "return" and open_calls:
        found = open_calls.pop(id(frame), None)
        if found is not None:
            try:
                found["out"] = short.repr(argument)[:LONGEST]
            except Exception:
                found["out"] = "?"


# --- a runner that is no pytest


def plain() -> None:
    tell(begun=True)
    watch_programs()
    watch_servers()
    atexit.register(tell_all)


def tell_all() -> None:
    for event in now:
        tell(test="", **event)


# --- pytest


def around(function: Callable[..., Any]) -> Callable[..., Any]:
    """pytest's mark of a hook around others, where there is a pytest."""
    return pytest.hookimpl(hookwrapper=True, tryfirst=True)(function) if pytest is not None else function


def pytest_configure() -> None:
    tell(begun=True)
    watch_programs()
    watch_servers()


def pytest_collection_modifyitems(items: list[Any]) -> None:
    for item in items:
        # Old versions know no `path`, and newer ones warn of what they had.
        file = str(item.path if hasattr(item, "path") else item.fspath)
        roots.add(str(Path(file).parent) + os.sep)


@around
def pytest_runtest_protocol(item: Any) -> Generator[None, None, None]:
    global told
    now.clear()
    open_calls.clear()
    objects.clear()
    before = sys.getprofile()
    sys.setprofile(profile)
    yield
    sys.setprofile(before)
    for event in now[: max(0, MOST - told)]:
        tell(test=item.nodeid, **event)
    told += len(now)
