import subprocess
import tempfile
from pathlib import Path

NAMES = [f"2026-01-0{day}.bak" for day in range(1, 7)]


def a_folder():
    folder = Path(tempfile.mkdtemp())
    for name in [*NAMES, "notes.txt"]:
        (folder / name).write_text(name)
    return folder


def prune(folder, *options):
    return subprocess.run(["/app/prune", folder, *options], capture_output=True, text=True)


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_newest_stays_and_the_oldest_goes():
    folder = a_folder()
    assert prune(folder, "--keep", "2").returncode == 0
    assert NAMES[-1] in left(folder)
    assert NAMES[0] not in left(folder)


def test_what_is_deleted_is_said():
    done = prune(a_folder(), "--keep", "4")
    assert "deleted" in done.stdout
