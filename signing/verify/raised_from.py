"""Whether one container is another one raised to a higher level, and nothing else (ETSI EN 319 132-1, 5.4; 319 162-1, 4.4)."""

from __future__ import annotations

import hashlib

from signing import asic
from signing.asic.directory import Source
from signing.xades.signed_part import signed_part
from signing.xmldsig import StepError


def is_raised_from(higher: Source, lower: Source) -> bool:
    """Every entry of `lower` stands in `higher` byte for byte, and there is no other; in files of XAdES signatures the unsigned
    properties alone may differ.

    No signature is verified: where `higher` is TOTAL-PASSED, the signatures of `lower` are those very signatures. False for
    what is no such container, and for one without a XAdES signature. Raises SigningError signing.source-unreadable.
    """
    try:
        archives = [asic.open_archive(one, [], asic.DEFAULT_LIMITS, (asic.MIMETYPE,)) for one in (higher, lower)]
        names = [set(one.entries) for one in archives]
        if names[0] != names[1] or not any(asic.is_xades_file(name) for name in names[0]):
            return False
        return all(_agree(archives[0], archives[1], name) for name in sorted(names[0]))
    except StepError:
        return False


def _agree(higher: asic.Archive, lower: asic.Archive, name: str) -> bool:
    if not asic.is_xades_file(name):
        return _sha256(higher, name) == _sha256(lower, name)
    return signed_part(higher.read_markup(name), name) == signed_part(lower.read_markup(name), name)


def _sha256(archive: asic.Archive, name: str) -> bytes:
    digest = hashlib.sha256()
    for chunk in archive.chunks(name):
        digest.update(chunk)
    return digest.digest()
