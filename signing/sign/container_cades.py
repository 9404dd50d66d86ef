"""ASiC-E with CAdES (EN 319 162-1, 4.4.3.2): a CMS over an ASiCManifest that states the digests of the data objects.

The manifest follows from the container and the policy alone, so whoever signs elsewhere is given `cades_manifest` and
the CMS that comes back is put in by `add_cms`, which makes the same manifest again and holds the CMS to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from signing import asic
from signing.algorithms import NATIONAL_KEYS, Standing, digest_algorithm, signature_algorithm
from signing.errors import SigningError
from signing.sign.container_copy import copied, data_names, open_container
from signing.sign.detached import sign_detached, take_cms
from signing.xmldsig import StepError, malformed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from signing.algorithms import DigestAlgorithm
    from signing.asic import Archive, DataObject
    from signing.keys import SigningKey
    from signing.policy import SigningPolicy
    from signing.timestamp import TimeStampAuthority

_UNKNOWN_TYPE = "application/octet-stream"


def sign_container_cades(
    objects: Sequence[DataObject],
    key: SigningKey,
    *,
    policy: SigningPolicy,
    signing_time: datetime,
    out: BinaryIO,
    time_stamps: TimeStampAuthority | None = None,
) -> None:
    """As `sign_container`, with a CMS over a manifest in place of XAdES: level B-B, with `time_stamps` B-T.

    Raises as `sign_container` and `sign_detached`.
    """
    digest = _digest(policy, key)
    writer, stated = _written(objects, digest, out)
    content = asic.encode_signature_manifest(_signature_name(0), stated, digest)
    signature = sign_detached([content], key, policy=policy, signing_time=signing_time, time_stamps=time_stamps)
    writer.add(_manifest_name(0), content, deflate=False)
    writer.add(_signature_name(0), signature, deflate=False)
    writer.finish()


def write_unsigned_container(objects: Sequence[DataObject], out: BinaryIO) -> None:
    """A container of these objects that nobody has signed yet, to be signed in steps: `cades_manifest`, `add_cms`.

    It passes no verification as it is. Raises as `sign_container`.
    """
    writer, _ = _written(objects, _digest(None), out)
    writer.finish()


def cades_manifest(source: BinaryIO | bytes, *, policy: SigningPolicy, names: Sequence[str] | None = None) -> bytes:
    """The octets of the ASiCManifest that the next CMS signer of this container signs, detached.

    Over every data object, or those of `names`; media types are those of manifest.xml. Data objects are streamed. The
    same container gives the same octets. Raises SigningError signing.not-a-container, signing.data-object-missing,
    signing.algorithm-refused.
    """
    archive = open_container(source)
    return _next_manifest(archive, names, _digest(policy))[1]


def add_cms(
    source: BinaryIO | bytes,
    out: BinaryIO,
    signature: bytes,
    *,
    policy: SigningPolicy,
    names: Sequence[str] | None = None,
) -> None:
    """The container of `source` in `out` with a CMS made elsewhere over its `cades_manifest` (same policy and names).

    The CMS is taken as `take_cms` does: its signers must be intact over exactly this manifest. Nothing signed in the
    container changes. Raises SigningError as `cades_manifest` and `take_cms`, and Malformed.
    """
    archive = open_container(source)
    number, content = _next_manifest(archive, names, _digest(policy))
    taken = take_cms(signature, [content])
    copied(archive, out, {}, {_manifest_name(number): content, _signature_name(number): taken})


def add_cades_signature(
    source: BinaryIO | bytes,
    out: BinaryIO,
    key: SigningKey,
    *,
    policy: SigningPolicy,
    signing_time: datetime,
    time_stamps: TimeStampAuthority | None = None,
    names: Sequence[str] | None = None,
) -> None:
    """The container of `source` in `out` with one CMS signature more over a manifest of its own.

    The signatures already there, XAdES or CAdES, are not judged: who countersigns verifies first. Raises as
    `cades_manifest` and `sign_detached`.
    """
    archive = open_container(source)
    number, content = _next_manifest(archive, names, _digest(policy, key))
    signature = sign_detached([content], key, policy=policy, signing_time=signing_time, time_stamps=time_stamps)
    copied(archive, out, {}, {_manifest_name(number): content, _signature_name(number): signature})


def signed_manifest(archive: Archive, signature: str) -> bytes:
    """The octets of the manifest a CMS of the container is over.

    StepError where there is none; SigningError signing.not-augmentable when an archive manifest states the digest of
    the CMS, which must stay as it is then.
    """
    for name in archive.entries:
        if asic.is_archive_manifest(name) and signature in asic.read_signature_manifest(archive, name).references:
            raise SigningError("signing.not-augmentable", reason="ASiCArchiveManifest")
    for name in archive.entries:
        if asic.is_signature_manifest(name):
            found = asic.read_signature_manifest(archive, name)
            if found.signature == signature:
                return found.octets
    raise malformed("asic.signature-manifest", "missing", file=signature)


def _written(
    objects: Sequence[DataObject], digest: DigestAlgorithm, out: BinaryIO
) -> tuple[asic.ContainerWriter, list[tuple[str, str, bytes]]]:
    """The data objects and manifest.xml; (name, media type, digest) of each object."""
    asic.require_data_objects(objects)
    writer = asic.ContainerWriter(out)
    stated = []
    for item in objects:
        hasher = digest.new()
        writer.add_object(item, hasher)
        stated.append((item.name, item.media_type, hasher.digest()))
    writer.add(asic.MANIFEST_NAME, asic.manifest(objects), deflate=False)
    return writer, stated


def _next_manifest(archive: Archive, names: Sequence[str] | None, digest: DigestAlgorithm) -> tuple[int, bytes]:
    """The first number that no file of the container bears, and the manifest of that number."""
    if archive.media_type != asic.MIMETYPE:
        raise SigningError("signing.not-a-container", reason="ASiC-S")
    present = data_names(archive)
    missing = [name for name in names or () if name not in present]
    if missing or not present or (names is not None and not names):
        raise SigningError("signing.data-object-missing", names=" ".join(missing)[:1000])
    taken = {name.casefold() for name in archive.entries}
    number = next(
        number
        for number in range(len(taken) + 1)
        if taken.isdisjoint({_manifest_name(number).casefold(), _signature_name(number).casefold()})
    )
    try:
        listed = asic.read_manifest(archive) if asic.MANIFEST_NAME in archive.entries else {}
        stated = []
        for name in present:
            if names is None or name in names:
                hasher = digest.new()
                for chunk in archive.chunks(name):
                    hasher.update(chunk)
                stated.append((name, listed.get(name, _UNKNOWN_TYPE), hasher.digest()))
    except StepError as error:
        raise SigningError("signing.not-a-container", reason=error.check.id) from error
    return number, asic.encode_signature_manifest(_signature_name(number), stated, digest)


def _signature_name(number: int) -> str:
    return f"{asic.META_INF}signature{number + 1:03d}.p7s"


def _manifest_name(number: int) -> str:
    return f"{asic.META_INF}ASiCManifest{number + 1:03d}.xml"


def _digest(policy: SigningPolicy | None, key: SigningKey | None = None) -> DigestAlgorithm:
    """The hash of manifests: the policy's, for a national key its own."""
    named = policy.digest if policy is not None else "sha256"
    algorithm = signature_algorithm(key.algorithm) if key is not None else None
    if algorithm is not None and algorithm.key_type in NATIONAL_KEYS:
        named = algorithm.digest or ""
    digest = digest_algorithm(named)
    if digest is None or digest.standing is not Standing.TRUSTED or not digest.xml_uri:
        raise SigningError("signing.algorithm-refused", algorithm=named)
    return digest
