"""Signatures: Ed25519 by the library `cryptography`, whose public keys let anybody check what only one can sign."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.untrusted import visible

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ALGORITHM = "ed25519"


def private_key(path: Path) -> Ed25519PrivateKey:
    """From PEM, as `openssl genpkey -algorithm ed25519` writes it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = _loaded(path, public=False)
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} holds no private Ed25519 key.", hint=_MAKE)
    return key


def public_key(path: Path) -> str:
    """In hexadecimal, from a public or a private key's PEM."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    key = _loaded(path, public=b"PUBLIC KEY" in _bytes(path))
    if isinstance(key, Ed25519PrivateKey):
        key = key.public_key()
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"{path} holds no Ed25519 key.", hint=_MAKE)
    return key.public_bytes_raw().hex()


def signed(label: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    signature = {
        "algorithm": ALGORITHM,
        "public_key": key.public_key().public_bytes_raw().hex(),
        "value": key.sign(_payload(label)).hex(),
    }
    return {**label, "signature": signature}


def signature_problem(label: Mapping[str, Any], by: str | None) -> str:
    """'' where it is signed, by `by` where somebody is named. Without anybody named a missing signature is none."""
    signature = label.get("signature")
    if signature is None:
        return "it is not signed" if by else ""
    _must_be_there()
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        if signature["algorithm"] != ALGORITHM:
            return f"it is signed by {visible(str(signature['algorithm']))}, which this foolsgold does not know"
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature["public_key"]))
        key.verify(bytes.fromhex(signature["value"]), _payload(label))
    except InvalidSignature:
        return "it was changed after it was signed"
    except (KeyError, TypeError, ValueError):
        return "its signature cannot be read"
    return "it is signed by another key" if by is not None and signature["public_key"] != by else ""


def _payload(label: Mapping[str, Any]) -> bytes:
    """What is signed: everything but the signature, in one spelling."""
    told = {key: value for key, value in label.items() if key != "signature"}
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


_MAKE = "Make one with: openssl genpkey -algorithm ed25519 -out key.pem"


def _loaded(path: Path, *, public: bool) -> object:
    _must_be_there()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

    try:
        return load_pem_public_key(_bytes(path)) if public else load_pem_private_key(_bytes(path), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError(f"{path} holds no key that can be read: {error}", hint=_MAKE) from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error


def _must_be_there() -> None:
    try:
        import cryptography  # noqa: F401 - whether it is there
    except ImportError as error:
        raise UsageError(
            "Signatures need the library cryptography.", hint="Install it: pip install 'foolsgold[sign]'."
        ) from error
