"""Carried into a box: runs the cases of a file and writes down what is seen, a line of JSON for each.

It runs with whatever Python (3.7 and later) the task has, and imports nothing but the standard library. Each case has
a folder of its own, which is called {folder} wherever it occurs.
"""

from __future__ import annotations

import ast
import atexit
import base64
import contextlib
import hashlib
import http.client
import importlib
import importlib.util
import json
import os
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict  # noqa: UP035 - dict[str, Any] is no value in old versions of Python

PATIENCE = 10.0
HANGS = 5
"""Cases that did not end, after which nothing more is to be learnt."""
LONGEST = 6_000
LARGEST = 2_000
MOST_FILES = 60
FOLDER = "{folder}"
_OF_THE_MOMENT = {"date", "last-modified", "etag", "expires", "age", "set-cookie", "connection", "keep-alive"}

Case = Dict[str, Any]  # noqa: UP006 - as above


def text(data: bytes) -> str:
    return data[: 4 * LONGEST].decode("utf-8", "replace")[:LONGEST]


def put(folder: str, files: list[Case]) -> None:
    now = time.time()
    for file in files:
        path = Path(folder, file["path"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file["text"].encode("latin-1" if file.get("binary") else "utf-8"))
    for file in files:
        if file.get("age"):
            os.utime(str(Path(folder, file["path"])), (now, now - file["age"]))


def there(folder: str) -> dict[str, str]:
    """The files of the case's folder by name: their text, or a digest of what is long or no text."""
    found = {}
    for path in sorted(Path(folder).rglob("*"))[:MOST_FILES]:
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            name = str(path.relative_to(folder))
            try:
                found[name] = data.decode("utf-8") if len(data) <= LARGEST and b"\0" not in data else digest(data)
            except UnicodeDecodeError:
                found[name] = digest(data)
    return found


def inside(path: Path) -> Case | None:
    # Most processes that this file is run in have no need of it.
    found: Case | None = importlib.import_module("foolsgold_inside").inside(path)
    return found


def digest(data: bytes) -> str:
    return "sha256 " + hashlib.sha256(data).hexdigest()


def run(case: Case) -> Case:
    folder, aside = tempfile.mkdtemp(prefix="case-"), tempfile.mkdtemp(prefix="case-")
    fixed, outputs = [file["path"] for file in case.get("places", [])], case.get("outputs", [])
    before = set_aside(aside, [*fixed, *outputs])
    try:
        put(folder, case["files"])
        put("/", case.get("places", []))
        for path in outputs:
            remove(path)
        seen: Case = {"ends": False}
        for _ in range(case.get("times", 1)):
            seen = started(case, folder)
        if seen["ends"] and (fixed or outputs):
            seen["left"] = {path: state(path) for path in outputs}
        moved: Case = json.loads(json.dumps(seen).replace(folder, FOLDER))
        return moved
    finally:
        put_back(before)
        for each in (folder, aside):
            shutil.rmtree(each, ignore_errors=True)


def started(case: Case, folder: str) -> Case:
    argv = [word.replace(FOLDER, folder) for word in case["argv"]]
    cwd = case["cwd"].replace(FOLDER, folder) or folder
    pipe = subprocess.PIPE
    process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, cwd=cwd, start_new_session=True)
    try:
        out, err = process.communicate(case["stdin"].encode("utf-8"), timeout=case["patience"])
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return {"ends": False}
    files = there(folder)
    seen: Case = {"ends": True, "status": process.returncode, "out": text(out), "err": text(err), "files": files}
    seen["inside"] = {name: inside(Path(folder, name)) for name in files if files[name].startswith("sha256 ")}
    if is_data(out):
        seen["data"] = out[: LARGEST + 1].decode("latin-1")
    return seen


def is_data(out: bytes) -> bool:
    """Whether it is no text."""
    try:
        out.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return b"\0" in out


def set_aside(folder: str, paths: list[str]) -> dict[str, str]:
    """Each path with its copy; '' where there was no file."""
    found = {}
    for number, path in enumerate(paths):
        found[path] = str(shutil.copy2(path, f"{folder}/{number}")) if Path(path).is_file() else ""
    return found


def put_back(before: dict[str, str]) -> None:
    for path, copy in before.items():
        if not copy:
            remove(path)
        elif Path(path).is_file():  # whose it is stays as it was
            shutil.copyfile(copy, path)
            shutil.copystat(copy, path)
        else:
            shutil.copy2(copy, path)


def remove(path: str) -> None:
    if Path(path).is_file() or Path(path).is_symlink():
        Path(path).unlink()


loaded: dict[str, subprocess.Popen[bytes]] = {}
"""A file of tests -> the process that has loaded it: a copy of it does each case, for loading takes long."""


def own(case: Case) -> Case:
    folder = tempfile.mkdtemp(prefix="case-")
    endless: Case = {"passed": False, "ends": False}
    try:
        put(folder, case.get("files", []))
        process = loaded.get(case["module"])
        if process is None or process.poll() is not None:
            argv = [sys.executable, str(Path(__file__).resolve()), "--own", case["module"], str(case["patience"])]
            pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
            process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=nowhere, start_new_session=True)
            loaded[case["module"]] = process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"case": case, "folder": folder}).encode("utf-8") + b"\n")
        process.stdin.flush()
        told = process.stdout.readline()
        seen: Case = json.loads(told) if told else endless
        return seen
    except BrokenPipeError:
        return endless
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def end_loaded() -> None:
    for process in loaded.values():
        process.kill()
        process.communicate()


def call(case: Case) -> Case:
    """In a process of its own: a function may do anything to the one it runs in."""
    python = case["python"] if os.access(case["python"] or "-", os.X_OK) else sys.executable
    folder = tempfile.mkdtemp(prefix="case-")
    try:
        put(folder, case.get("files", []))
        given = json.dumps({"case": case, "folder": folder}).encode("utf-8")
        argv = [python, str(Path(__file__).resolve()), "--call"]
        pipe = subprocess.PIPE
        process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            out, _ = process.communicate(given, timeout=case["patience"])
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.communicate()
            return {"ends": False, "steps": []}
        seen: Case = json.loads(out.splitlines()[-1])
        return seen
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def serve_own(path: str, patience: float) -> None:
    """A line for each case. What never ends is ended: the loading by a signal, and each case's own process."""
    asked, told = os.fdopen(os.dup(0), "rb"), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for own_end in (0, 1):  # the tests read nothing of it, and what they print is not the result
        os.dup2(nowhere, own_end)
    signal.alarm(int(patience) + 1)
    module = load(path)
    signal.alarm(0)
    for line in asked:
        os.write(told, in_copy(module, json.loads(line.decode("utf-8")), patience) + b"\n")


def in_copy(module: Any, given: Case, patience: float) -> bytes:
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        seen = run_own(module, given["case"], Path(given["folder"]))
        os.write(theirs, json.dumps(seen, default=repr).encode("utf-8"))
        os._exit(0)
    os.close(theirs)
    told, end, ended = b"", time.monotonic() + patience, False
    while not ended and select.select([ours], [], [], max(0.0, end - time.monotonic()))[0]:
        data = os.read(ours, 65_536)
        told, ended = told + data, not data
    os.close(ours)
    for kill in (os.killpg, os.kill):  # and what it has started
        with contextlib.suppress(OSError):
            kill(child, 9)
    os.waitpid(child, 0)
    if told:
        return told
    return json.dumps(
        {"passed": False, "why": "its process ended"} if ended else {"passed": False, "ends": False}
    ).encode()


def load(path: str) -> Any:
    """The module, or why it cannot be loaded."""
    try:
        where = str(Path(path).parent)
        os.chdir(where)
        sys.path.insert(0, where)
        spec = importlib.util.spec_from_file_location("tests_on_other_input", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module
    except BaseException as error:
        return f"{type(error).__name__}: {error}"[:300]


def run_own(module: Any, case: Case, folder: Path) -> Case:
    notes: list[Any] = []
    try:
        if isinstance(module, str):
            return {"passed": False, "why": module}
        names = module.__dict__
        given_names = {name: eval(value, {"folder": folder}) for name, value in case["set"].items()}  # noqa: S307 - ours
        names.update(given_names)
        names["foolsgold_note"] = notes.append
        exec(case["source"], names)  # noqa: S102 - the task's own test
        names[case["function"]](folder, *[folder for _ in case["arguments"]])
        return {"passed": True, "notes": notes}
    except BaseException as error:
        return {"passed": False, "why": f"{type(error).__name__}: {error}"[:300]}


def run_call(case: Case, folder: Path) -> Case:
    """The steps one after the other, to the first that raises."""
    seen: list[Case] = []
    made: Any = None
    try:
        os.chdir(case["cwd"] if os.path.isdir(case["cwd"]) else str(folder))  # noqa: PTH112 - no folder, too, is one to Path
        sys.path.insert(0, case["root"])
        module: Any = importlib.import_module(case["module"])
        for step in case["steps"]:
            function = getattr(made if step["on"] else module, step["name"])
            args = [ast.literal_eval(value) for value in step["args"]]
            named = {name: ast.literal_eval(value) for name, value in step["named"].items()}
            result = function(*args, **named)
            if step["makes"]:
                made = result
            seen.append(written(result))
        return {"ends": True, "steps": seen}
    except BaseException as error:
        return {"ends": True, "steps": [*seen, {"raises": type(error).__name__}]}


def written(value: Any) -> Case:
    """As it is written in Python, where it is of plain types or an array of them."""
    listed = not isinstance(value, (str, bytes)) and hasattr(value, "tolist")
    plain = value.tolist() if listed else value
    text = repr(plain)
    try:
        same = len(text) <= LONGEST and ast.literal_eval(text) == plain
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        same = False
    return {"value": text, "listed": listed} if same is True else {"type": type(value).__name__}


def run_apart() -> None:
    given = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    told = sys.stdout
    with Path(os.devnull).open("w") as nowhere:  # what they print is not the result
        sys.stdout = nowhere
        seen = run_call(given["case"], Path(given["folder"]))
        sys.stdout = told
    sys.stdout.write("\n" + json.dumps(seen, default=repr) + "\n")
    sys.stdout.flush()


def look(case: Case) -> Case:
    return {path: state(path) for path in case["paths"]}


def state(path: str) -> Case:
    try:
        found = os.lstat(path)
    except OSError:
        return {"kind": "none"}
    mode = format(stat.S_IMODE(found.st_mode), "o")
    if stat.S_ISLNK(found.st_mode):
        return {"kind": "link", "to": os.readlink(path)}  # noqa: PTH115 - Python 3.7 has no other
    if stat.S_ISDIR(found.st_mode):
        return {"kind": "folder", "mode": mode, "names": sorted(os.listdir(path))[:200]}
    if not stat.S_ISREG(found.st_mode) or found.st_size > 1 << 20:
        return {"kind": "file", "mode": mode}
    data = Path(path).read_bytes()
    try:
        read = data.decode("utf-8") if b"\0" not in data and len(data) <= 60_000 else None
    except UnicodeDecodeError:
        read = None
    more = {} if read is not None else {"inside": inside(Path(path))}
    return {"kind": "file", "mode": mode, "text": read, "digest": digest(data), **more}


def ask(case: Case) -> Case:
    """Each step asks so many times in a row as one client: the statuses counted, the first answer, and whether the
    answers were held back."""
    seen: list[Case] = []
    for step in case["steps"]:
        if step.get("sleep"):
            time.sleep(step["sleep"])
            seen.append({})
            continue
        tries = [step] if sum(each.get("client") == step.get("client") for each in case["steps"]) > 1 else again(step)
        for one in tries:  # a machine that was busy is no server that holds back
            said = burst(case, one)
            if not said["slow"]:
                break
        seen.append(said)
    return {"steps": seen}


def again(step: Case) -> list[Case]:
    """The same as other clients."""
    first, _, last = step["client"].rpartition(".")
    return [{**step, "client": "%s.%d" % (first, int(last) + 60 * number)} for number in range(3)]  # noqa: UP031


def burst(case: Case, step: Case) -> Case:
    counts: dict[str, int] = {}
    first: Case = {}
    start = time.monotonic()
    for _ in range(step["times"]):
        status, headers, body = answer(case, step)
        counts[str(status)] = counts.get(str(status), 0) + 1
        first = first or {"headers": headers, "body": body}
    return {"counts": counts, "slow": time.monotonic() - start > 0.75, **first}


def answer(case: Case, step: Case) -> tuple[Any, dict[str, str], str]:
    source = (step["client"], 0) if step.get("client") else None
    connection = http.client.HTTPConnection(case["host"], case["port"], timeout=PATIENCE, source_address=source)
    try:
        body = base64.b64decode(step["body"]) if step.get("body") else None
        connection.request(step["method"], step["path"], body=body, headers=step.get("headers") or {})
        response = connection.getresponse()
        read = text(response.read())
        headers = {name.lower(): value for name, value in response.getheaders()}
        return response.status, {name: headers[name] for name in headers if name not in _OF_THE_MOMENT}, read
    except OSError as error:
        return type(error).__name__, {}, ""
    finally:
        connection.close()


def main() -> None:
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    end = time.monotonic() + given["seconds"]
    atexit.register(end_loaded)
    hangs = 0
    for case in given["cases"]:
        if time.monotonic() > end or hangs >= HANGS:
            break
        case["patience"] = given["patience"]
        try:
            seen = {"own": own, "run": run, "look": look, "ask": ask, "call": call}[case["kind"]](case)
        except Exception as error:
            seen = {"trouble": repr(error)[:300]}
        hangs += seen.get("ends") is False
        sys.stdout.write(json.dumps({"id": case["id"], "seen": seen}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1] == "--call":
        run_apart()
    elif sys.argv[1] == "--own":
        serve_own(sys.argv[2], float(sys.argv[3]))
    else:
        main()
