"""Keys and certificates from files; what `signing` says of them becomes an error of ours at this edge."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import signing
from adapter.composition.regular_files import read_file
from adapter.composition.trust_files import MAX_CERTIFICATES
from adapter.errors import Final, Place
from signing.keys import national, pem, pkcs12

Made = TypeVar("Made")
TestKeys = national.TestKeys


def load_key(content: bytes, password: bytes | None, *, file: str, test_keys: TestKeys = False) -> signing.SigningKey:
    """A key from PKCS#12 or PEM bytes; what is wrong becomes Final with the signing error's own code.

    `test_keys` lets a national key sign in plain Python, in a time that depends on it: True this key, "of-a-sandbox" one
    whose certificates carry the sandbox's mark in their issuer's name.
    """
    if signing.is_der(content):
        return signing_errors(lambda: pkcs12.load(content, password or b"", test_keys=test_keys), file=file)
    return signing_errors(lambda: pem.load(content, password, test_keys=test_keys), file=file)


def signing_errors(make: Callable[[], Made], *, file: str | None = None) -> Made:
    """Errors of `signing` become ours at this edge: same code, same parameters."""
    try:
        return make()
    except signing.SigningError as error:
        raise Final(error.code, place=Place(file=file), params=dict(error.params)) from error


def certificates(path: Path) -> tuple[bytes, ...]:
    """One certificate in DER, or every one of a PEM text, as DER. Raises as `certificate` does."""
    content = read_file(path, "trust.unreadable", limit=MAX_CERTIFICATES)
    if signing.is_der(content):
        return (content,)
    try:
        found = tuple(block.der() for block in signing.pem_blocks(content, ("CERTIFICATE",)))
    except ValueError:
        found = ()
    if not found:
        raise Final("trust.not-one-certificate", place=Place(file=path.name), params={"file": path.name})
    return found


def certificate(path: Path) -> bytes:
    """One certificate, PEM or DER, as DER.

    Raises Final `trust.unreadable`, `trust.not-one-certificate`, and as `read_file` does.
    """
    content = read_file(path, "trust.unreadable", limit=MAX_CERTIFICATES)
    if signing.is_der(content):
        return content
    try:
        return ssl.PEM_cert_to_DER_cert(content.decode("ascii").strip())
    except ValueError as error:
        raise Final("trust.not-one-certificate", place=Place(file=path.name), params={"file": path.name}) from error
