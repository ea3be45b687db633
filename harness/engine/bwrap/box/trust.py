"""Proxies and trusted certificates of this machine, for boxes with a network.

Only those that this machine's environment names, and never for a box without a network.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy")
_BUNDLES = (
    "AWS_CA_BUNDLE",
    "CARGO_HTTP_CAINFO",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
)
_FOLDER = "/dev/.trust"
"""The path of a certificate bundle in the box: on a separate filesystem, so that it never gets into a layer."""


def carried(
    environment: Mapping[str, str] | None = None, *, proxies: bool = True
) -> tuple[dict[str, str], dict[str, Path]]:
    """Variables for the box, and the files to bind there (box path -> host path). `proxies`: they can be reached."""
    given = os.environ if environment is None else environment
    variables: dict[str, str] = {}
    files: dict[str, Path] = {}
    for name in (*_PROXIES, *(name.upper() for name in _PROXIES)) if proxies else ():
        if given.get(name):
            variables[name] = given[name]
    places: dict[Path, str] = {}
    for name in _BUNDLES:
        bundle = Path(given.get(name, ""))
        if bundle.is_absolute() and bundle.is_file():
            place = places.setdefault(bundle.resolve(), f"{_FOLDER}/{len(places)}.crt")
            variables[name] = place
            files[place] = bundle.resolve()
    return variables, files
