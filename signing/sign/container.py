"""Named data objects in, an ASiC-E container with one XAdES B-B signature out."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from signing import asic, xades
from signing.xmldsig import signing_algorithms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from signing.asic import DataObject
    from signing.keys import SigningKey
    from signing.policy import SigningPolicy


def sign_container(
    objects: Sequence[DataObject],
    key: SigningKey,
    *,
    policy: SigningPolicy,
    signing_time: datetime,
    out: BinaryIO,
) -> None:
    """Write the container to `out`: empty, binary, seekable, readable by nobody until this returns.

    Data objects are streamed: memory does not grow with their size. One signature covers them all. Equal objects, key
    and time give equal bytes where the algorithm is deterministic. Raises SigningError, before anything is written
    where names, media types, key or time are the cause; an error later leaves a part that the caller discards.
    """
    asic.require_data_objects(objects)
    _, digest = signing_algorithms(key.algorithm, policy.digest)
    xades.require_signable(key, signing_time)
    writer = asic.ContainerWriter(out)
    digested = []
    for item in objects:
        hasher = digest.new()
        writer.add_object(item, hasher)
        digested.append(
            xades.DigestedObject(uri=asic.reference_uri(item.name), media_type=item.media_type, digest=hasher.digest())
        )
    signature = xades.new_signature(digested, key, policy=policy, signing_time=signing_time)
    writer.add(asic.MANIFEST_NAME, asic.manifest(objects), deflate=False)
    writer.add(
        asic.SIGNATURE_NAME,
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b'<asic:XAdESSignatures xmlns:asic="%b">%b</asic:XAdESSignatures>' % (asic.ASIC_NS.encode(), signature),
        deflate=False,
    )
    writer.finish()
