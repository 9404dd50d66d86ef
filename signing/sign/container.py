"""Named data objects in, an ASiC-E container with a XAdES signature out; a signature more into such a container."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from signing import asic, xades
from signing.errors import SigningError
from signing.sign.container_copy import copied, data_names, open_container
from signing.xmldsig import StepError, signing_algorithms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from signing.asic import DataObject
    from signing.keys import SigningKey
    from signing.policy import SigningPolicy
    from signing.timestamp import TimeStampAuthority

_UNKNOWN_TYPE = "application/octet-stream"


def sign_container(
    objects: Sequence[DataObject],
    key: SigningKey,
    *,
    policy: SigningPolicy,
    signing_time: datetime,
    out: BinaryIO,
    time_stamps: TimeStampAuthority | None = None,
) -> None:
    """Write the container to `out`: empty, binary, seekable, readable by nobody until this returns.

    Data objects are streamed: memory does not grow with their size. One signature covers them all: level B-B, with
    `time_stamps` B-T; the levels above are reached by `augment_container`. Equal objects, key, time and time-stamps give
    equal bytes where the algorithm is deterministic. Raises SigningError, before anything is written where names, media
    types, key or time are the cause; an error later leaves a part that the caller discards.
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
    signature = xades.new_signature(digested, key, policy=policy, signing_time=signing_time, time_stamps=time_stamps)
    writer.add(asic.MANIFEST_NAME, asic.manifest(objects), deflate=False)
    writer.add(asic.SIGNATURE_NAME, _signature_file(signature), deflate=False)
    writer.finish()


def add_signature(
    source: BinaryIO | bytes,
    out: BinaryIO,
    key: SigningKey,
    *,
    policy: SigningPolicy,
    signing_time: datetime,
    time_stamps: TimeStampAuthority | None = None,
    names: Sequence[str] | None = None,
) -> None:
    """The container of `source` in `out` with one XAdES signature file more: META-INF/signaturesN.xml.

    Nothing that is signed in it changes, whoever signed it. The new signature covers every data object, or those of
    `names`; media types are those of the manifest. The signatures already there are not judged: who countersigns
    verifies first. Raises SigningError signing.not-a-container, signing.data-object-missing, and as `sign_container`.
    """
    _, digest = signing_algorithms(key.algorithm, policy.digest)
    xades.require_signable(key, signing_time)
    archive = open_container(source)
    if archive.media_type != asic.MIMETYPE:
        raise SigningError("signing.not-a-container", reason="ASiC-S")
    present = data_names(archive)
    missing = [name for name in names or () if name not in present]
    if missing or not present or (names is not None and not names):
        raise SigningError("signing.data-object-missing", names=" ".join(missing)[:1000])
    chosen = present if names is None else [name for name in present if name in names]
    try:
        listed = asic.read_manifest(archive) if asic.MANIFEST_NAME in archive.entries else {}
        digested = []
        for name in chosen:
            hasher = digest.new()
            for chunk in archive.chunks(name):
                hasher.update(chunk)
            digested.append(
                xades.DigestedObject(
                    uri=asic.reference_uri(name),
                    media_type=listed.get(name, _UNKNOWN_TYPE),
                    digest=hasher.digest(),
                )
            )
    except StepError as error:
        raise SigningError("signing.not-a-container", reason=error.check.id) from error
    signature = xades.new_signature(digested, key, policy=policy, signing_time=signing_time, time_stamps=time_stamps)
    copied(archive, out, {}, {_free_name(archive): _signature_file(signature)})


def _signature_file(signature: bytes) -> bytes:
    return (
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b'<asic:XAdESSignatures xmlns:asic="%b">%b</asic:XAdESSignatures>' % (asic.ASIC_NS.encode(), signature)
    )


def _free_name(archive: asic.Archive) -> str:
    taken = {name.casefold() for name in archive.entries}
    return next(
        name
        for name in (f"{asic.META_INF}signatures{number}.xml" for number in range(len(taken) + 1))
        if name.casefold() not in taken
    )
