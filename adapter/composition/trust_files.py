"""Files of certificates and of revocation evidence, named on the command line or found in a folder that is."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final as Constant

from adapter.composition.key_files import DER_START, read_file
from adapter.errors import Final, Place

CERTIFICATE_ENDINGS: Constant = (".pem", ".cer", ".crt", ".der")
_CERTIFICATE: Constant = re.compile(
    rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----(.*?)-----END (?:TRUSTED |X509 )?CERTIFICATE-----", re.DOTALL
)
_CRL: Constant = re.compile(rb"-----BEGIN X509 CRL-----(.*?)-----END X509 CRL-----", re.DOTALL)
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
    """DER of every certificate of a PEM file, or a DER file as it is. Raises Final with that code."""
    return _ders(path, _CERTIFICATE, code)


def crls_in(path: Path) -> tuple[bytes, ...]:
    """The same of CRLs. Raises Final `verify.evidence-unreadable`."""
    return _ders(path, _CRL, _CODE)


def _ders(path: Path, armour: re.Pattern[bytes], code: str) -> tuple[bytes, ...]:
    content = read_file(path, code)
    if content.startswith(DER_START):
        return (content,)
    try:
        found = tuple(base64.b64decode(b"".join(body.split()), validate=True) for body in armour.findall(content))
    except binascii.Error as error:
        raise Final(code, place=Place(file=path.name), params={"file": path.name}) from error
    if not found:
        raise Final(code, place=Place(file=path.name), params={"file": path.name})
    return found
