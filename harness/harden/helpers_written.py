"""Functions that new tests call, written into their file where it has none of that name. Pure."""

from __future__ import annotations

from collections.abc import Sequence

_HELPERS = {
    "ask_quickly": '''\
def ask_quickly(host, port, method, path, times=1, client="127.0.0.1", tries=1):
    """So many requests in a row from one loopback address: their statuses counted, the first answer. Where the machine
    was too busy for a row of them, it is tried again from another address."""
    for number in range(tries):
        found = types.SimpleNamespace(counts={}, headers={}, body="")
        start = time.monotonic()
        network, _, last = client.rpartition(".")
        source = (f"{network}.{int(last) + 60 * number}", 0)
        for _ in range(times):
            connection = http.client.HTTPConnection(host, port, timeout=20, source_address=source)
            connection.request(method, path)
            response = connection.getresponse()
            body = response.read().decode("utf-8", "replace")
            connection.close()
            if not found.counts:
                found.body = body
                found.headers = {name.lower(): value for name, value in response.getheaders()}
            found.counts[response.status] = found.counts.get(response.status, 0) + 1
        found.seconds = time.monotonic() - start
        if found.seconds < 0.75:
            break
    return found
''',
    "tar_members": """\
def tar_members(path):
    with tarfile.open(path) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive if member.isreg()}
""",
    "zip_members": """\
def zip_members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
""",
    "rows_of": """\
def rows_of(path, query):
    with contextlib.closing(sqlite3.connect(path)) as opened:
        return opened.execute(query).fetchall()
""",
}


def helpers_of(codes: Sequence[str], text: str) -> list[str]:
    """Of those that this code calls, what the text of a file lacks."""
    called = [name for name in _HELPERS if any(f"{name}(" in code for code in codes)]
    return [_HELPERS[name] for name in called if f"def {name}(" not in text]
