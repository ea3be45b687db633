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


def test_the_newest_stay():
    folder = a_folder()
    assert prune(folder, "--keep", "2").returncode == 0
    assert left(folder) == [*NAMES[-2:], "notes.txt"]


def test_every_deleted_file_has_its_line_oldest_first():
    done = prune(a_folder(), "--keep", "3")
    assert done.stdout == "".join(f"deleted {name}\n" for name in NAMES[:3])


def test_three_stay_where_nothing_is_said():
    folder = a_folder()
    prune(folder)
    assert left(folder) == [*NAMES[-3:], "notes.txt"]


def test_a_folder_with_fewer_backups_keeps_them_all():
    folder = a_folder()
    done = prune(folder, "--keep", "9")
    assert (done.returncode, done.stdout) == (0, "")
    assert left(folder) == [*NAMES, "notes.txt"]


def test_keeping_none_deletes_them_all():
    folder = a_folder()
    prune(folder, "--keep", "0")
    assert left(folder) == ["notes.txt"]


def test_a_negative_number_is_an_error():
    folder = a_folder()
    assert prune(folder, "--keep", "-1").returncode == 2
    assert left(folder) == [*NAMES, "notes.txt"]


def test_a_dry_run_deletes_nothing_and_says_what_it_would():
    folder = a_folder()
    done = prune(folder, "--keep", "4", "--dry-run")
    assert done.stdout == "".join(f"would delete {name}\n" for name in NAMES[:2])
    assert left(folder) == [*NAMES, "notes.txt"]
