"""What a solution may have changed where its tests go on from a preparation that was kept."""

from __future__ import annotations

import pytest

from harness.engine.changes import FILE, GONE, Changes
from harness.trial.untouched import why_not

PATH = "/usr/local/bin:/usr/bin:/bin:/root/.local/bin:/opt/tools/bin"
FOLDER = "755 0:0"
APT = ("apt-get update", "apt-get install -y curl", "curl -LsSf https://astral.sh/uv/0.8.15/install.sh | sh")
KEPT = Changes(
    {
        "/usr/bin/curl": FILE,
        "/var/lib/dpkg/status": FILE,
        "/usr/share/doc/curl": FOLDER,
        "/usr/share/doc/curl/copyright": FILE,
        "/root/.cache/uv": FOLDER,
        "/root/.cache/uv/archive": FILE,
        "/app/.venv": FOLDER,
        "/app/.venv/pyvenv.cfg": FILE,
        "/usr/lib/python3/__pycache__/os.cpython-311.pyc": FILE,
        "/var/lib/apt/lists/old": GONE,
    },
    frozenset({"/", "/usr", "/usr/bin", "/root", "/app", "/var", "/var/lib", "/var/lib/dpkg", "/usr/share"}),
)


@pytest.mark.parametrize(
    "path",
    [
        "/app/out.txt",
        "/app/src/main.py",
        "/srv/www/index.html",
        "/tmp/scratch",
        "/home/user/work/a.txt",
        "/var/log/app.log",
        "/etc/nginx/nginx.conf",
        "/etc/service_config.ini",
        "/etc/limits.json",
        "/var/lib/postgresql/data/base",
        "/opt/service/run.py",
        "/root/.bash_history",
        "/root/.cache/matplotlib/fontlist.json",
        "/usr/lib/python3/__pycache__/os.cpython-311.pyc",
    ],
)
def test_the_solutions_own_places_do_not_matter(path: str) -> None:
    assert why_not(Changes({path: FILE}), KEPT, PATH, APT) == ""


@pytest.mark.parametrize(
    "path",
    [
        "/usr/bin/curl",
        "/usr/bin/other",  # it may shadow what an installer calls
        "/usr/local/bin/python3",
        "/opt/tools/bin/pip",
        "/var/lib/dpkg/status",
        "/var/lib/apt/extended_states",
        "/etc/apt/sources.list",
        "/etc/passwd",
        "/etc/uv.toml",
        "/etc/apt/own.json",
        "/etc/environment",
        "/etc/pip.conf",
        "/etc/ssl/certs/new.pem",
        "/root/.config/pip/pip.conf",
        "/root/.curlrc",
        "/root/.local/bin/uv",
        "/root/.cache/uv/other",
        "/app/pyproject.toml",
        "/app/.venv/lib/x.py",
        "/app/.python-version",
        "/pyproject.toml",
        "/app/bin/pip",
        "/srv/tools/python3.12",
        "/srv/other/pyproject.toml",
        "/tests/conftest.py",
        "/usr/share/doc/curl/copyright",
        "/usr/share/doc/curl",
        "/usr/lib/python3/os.py",
    ],
)
def test_what_installers_read_or_write_matters(path: str) -> None:
    assert why_not(Changes({path: FILE}), KEPT, PATH, APT) != ""


@pytest.mark.parametrize(
    "entries",
    [
        {"/app": GONE},  # removed, or replaced as a whole
        {"/root": "700 0:0"},  # another mode of a folder that the preparation's files go into
        {"/app/.venv": FOLDER, "/app/.venv/bin": FOLDER, "/app/.venv/pyvenv.cfg": FILE},
    ],
)
def test_folders_count_as_well(entries: dict[str, str]) -> None:
    assert why_not(Changes(entries), KEPT, PATH, APT) != ""


@pytest.mark.parametrize(
    ("path", "reads"),
    [
        ("/app/go.mod", "go install example.org/tool@v1"),
        ("/app/package.json", "npm install -g mocha"),
        ("/etc/package.json", "npm install -g mocha"),
        ("/app/node_modules/left/index.js", "npx --yes mocha"),
        ("/app/Cargo.toml", "cargo install nextest"),
        ("/app/Gemfile", "gem install rspec"),
    ],
)
def test_a_tools_own_settings_matter_where_it_is_called(path: str, reads: str) -> None:
    done = Changes({path: FILE})
    assert why_not(done, KEPT, PATH, APT) == ""
    assert why_not(done, KEPT, PATH, (*APT, reads)) != ""
    assert why_not(done, KEPT, PATH, (*APT, "curl -sSf https://sh.example.org | sh -s -- -y")) != ""
    assert why_not(done, KEPT, PATH, ("wget -qO install.sh https://example.org/i\nbash install.sh",)) != ""


OTHER = Changes({"/srv/data": FOLDER, "/srv/data/b": FILE})


def test_two_that_made_the_same_folder_do_not_disagree() -> None:
    one = Changes({"/srv/data": FOLDER, "/srv/data/a": FILE})
    assert one.meeting(OTHER) == ""
    assert one.meeting(Changes({"/srv/data": "700 0:0"})) == "/srv/data"
    assert one.meeting(Changes({"/srv/data": GONE})) != ""
