"""Files of certificates and of revocation evidence, named on the command line or found in a folder that is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final as Constant

import signing
from adapter.composition.regular_files import read_file
from adapter.errors import Final, Place

CERTIFICATE_ENDINGS: Constant = (".pem", ".cer", ".crt", ".der")
CERTIFICATE_LABELS: Constant = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")
MAX_CERTIFICATES: Constant = 4_000_000
"""Octets of a file of certificates, as `signing` takes them for anchors: some two thousand of them."""
_CRL_LABELS: Constant = ("X509 CRL",)
_MAX_CRLS: Constant = 100_000_000
"""Octets of a file of CRLs; `signing` has its own limit for each list."""
_CODE: Constant = "verify.evidence-unreadable"


def files_of(paths: Sequence[Path], endings: Sequence[str]) -> tuple[Path, ...]:
    """Files as they are named; of a folder those with one of the endings, in order, each once."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            try:
                inside = sorted(one for one in path.iterdir() if one.suffix.lower() in endings)
            except OSError as error:
                raise Final("trust.unreadable", place=Place(file=path.name), params={"file": path.name}) from error
            found += [one for one in inside if one.is_file()]
        else:
            found.append(path)
    return tuple(dict.fromkeys(found))


def certificates_in(path: Path, code: str = _CODE) -> tuple[bytes, ...]:
    """DER of every certificate of a PEM file, or a DER file as it is.

    Raises Final with that code, `verify.not-a-file`, `file.too-large`.
    """
    return _ders(path, CERTIFICATE_LABELS, code, MAX_CERTIFICATES)


def crls_in(path: Path) -> tuple[bytes, ...]:
    """The same of CRLs. Raises Final `verify.evidence-unreadable` and the others."""
    return _ders(path, _CRL_LABELS, _CODE, _MAX_CRLS)


def _ders(path: Path, labels: Sequence[str], code: str, limit: int) -> tuple[bytes, ...]:
    content = read_file(path, code, limit=limit)
    if signing.is_der(content):
        return (content,)
    try:
        found = tuple(block.der() for block in signing.pem_blocks(content, labels))
    except ValueError as error:
        raise Final(code, place=Place(file=path.name), params={"file": path.name}) from error
    if not found:
        raise Final(code, place=Place(file=path.name), params={"file": path.name})
    return found
