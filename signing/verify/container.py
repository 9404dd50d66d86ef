"""An ASiC-E container in, a verdict and the data objects that were really signed out.

Steps (EN 319 102-1, 5.2; the numbers of `verify.signature`):

1. format: the archive (`asic.reader`), "asic.signatures", "asic.manifest-entries"; each signature file "xml.accepted",
   "asic.signature-file", "xmldsig.unique-ids"; each signature its structure and qualifying properties,
   "asic.references", "asic.coverage" (every data object, no other thing), "xades.data-object-format",
   "asic.media-types"
2. the signer's certificate: "xades.signing-certificate", "xmldsig.key-value"
4. cryptography: algorithms, "xmldsig.signature-value", "xmldsig.digests" last, in one streamed pass over each data
   object
3, 5, 6, 7. `judge_signer`

Every signature file is judged and every signature must pass. Data objects are hashed only for a signature that has not
failed by then: nobody makes us read gigabytes with a forged value. Files under META-INF that are no signature and no
manifest are named as not looked at and never handed out.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Final

import schemas
from signing import asic, xades, xmldsig
from signing.validation_data import NO_DATA
from signing.validation_report import Check, Indication, SubIndication, ValidationReport
from signing.verify.context import Context
from signing.verify.verified_object import VerifiedObject
from signing.verify.xml_signature import Examination, judge_algorithms, judge_key_value, judge_value
from signing.xmldsig import Canonicalizer, StepError, failed, malformed, passed, passed_in, unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from signing.algorithms import DigestAlgorithm, Hash
    from signing.asic import Archive, ContainerLimits
    from signing.fetcher import Fetcher
    from signing.policy import ValidationPolicy
    from signing.trust_anchors import TrustAnchors
    from signing.validation_data import ValidationData
    from signing.xmldsig import Element, Reference

CHECKS: Final = frozenset(
    {
        "asic.signatures",
        "asic.manifest-entries",
        "asic.signature-file",
        "asic.references",
        "asic.coverage",
        "asic.media-types",
    }
)
NOTES: Final = frozenset({"asic.meta-inf", "xades.unsigned-properties"})
"""Ids of checks that are only ever NOT_PERFORMED: what stands there and was not looked at."""

_SIGNATURE_FILE: Final = re.compile(r"META-INF/[^/]*signatures[^/]*\.xml", re.IGNORECASE)
_XADES_SIGNATURES: Final = f"{{{asic.ASIC_NS}}}XAdESSignatures"


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerValidation:
    """The verdict; `objects` in the archive's order, empty unless it is TOTAL-PASSED."""

    report: ValidationReport
    objects: tuple[VerifiedObject, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """What every signature of the container is judged against; `listed` None when the manifest cannot be read."""

    archive: Archive
    names: tuple[str, ...]
    listed: Mapping[str, str] | None
    limits: ContainerLimits
    context: Context


@dataclass(kw_only=True, slots=True)
class _Pending:
    """One signature whose data objects are still to be hashed."""

    examination: Examination
    references: dict[str, Reference] = field(default_factory=dict)
    digests: dict[str, DigestAlgorithm] = field(default_factory=dict)

    @property
    def wants_data(self) -> bool:
        return self.examination.is_complete and not self.examination.has_failed

    def algorithm(self, name: str) -> DigestAlgorithm | None:
        return self.digests.get(self.references[name].digest_uri)


def verify_container(
    source: BinaryIO | bytes,
    *,
    policy: ValidationPolicy,
    anchors: TrustAnchors,
    at: datetime,
    limits: ContainerLimits = asic.DEFAULT_LIMITS,
    data: ValidationData = NO_DATA,
    fetcher: Fetcher | None = None,
) -> ContainerValidation:
    """Judge the container; memory does not grow with the size of data objects.

    `source` is bytes or a seekable binary file, not written to by anybody meanwhile. Raises SigningError
    signing.naive-time, signing.source-unreadable; everything wrong inside the container is a verdict.
    """
    context = Context(policy=policy, anchors=anchors, at=at, data=data, fetcher=fetcher)
    checks: list[Check] = []
    pending: list[_Pending] = []
    archive: Archive | None = None
    media_types: dict[str, str] = {}
    hashed: dict[str, dict[str, bytes]] = {}
    try:
        archive = asic.open_archive(source, checks, limits)
        names = _data_names(archive, checks)
        files = _signature_files(archive, checks, limits)
        listed = _manifest(archive, names, checks)
        media_types = listed or {}
        for name in files:
            pending.extend(_examine_file(_Known(archive, names, listed, limits, context), name, checks))
        hashed = _hash_objects(archive, names, pending, checks)
    except StepError as error:
        checks.append(error.check)
    for each in pending:
        each.examination.checks.append(_digests_check(each, hashed))
    report = ValidationReport.of(
        kind="container",
        policy=policy.name,
        anchors=anchors.label(),
        at=at,
        checks=checks,
        signatures=[each.examination.report(context) for each in pending],
    )
    if archive is None or report.indication is not Indication.TOTAL_PASSED:
        return ContainerValidation(report=report, objects=())
    objects = tuple(
        VerifiedObject(
            name=name,
            media_type=media_types[name],
            size=archive.entries[name].size,
            sha256=digests["sha256"],
            _archive=archive,
        )
        for name, digests in hashed.items()
    )
    return ContainerValidation(report=report, objects=objects)


def unverified_content(
    source: BinaryIO | bytes, name: str, *, max_bytes: int, limits: ContainerLimits = asic.DEFAULT_LIMITS
) -> bytes | None:
    """One entry as it lies in the archive, whoever wrote it: no signature is looked at.

    For one use: to decide that nothing of the container may be kept, before or without a verdict. Nothing may be taken
    over from what this gives. None when the archive is malformed, has no such entry, or the entry is longer than
    `max_bytes`. Raises SigningError signing.source-unreadable.
    """
    try:
        archive = asic.open_archive(source, [], limits)
        entry = archive.entries.get(name)
        return None if entry is None or entry.size > max_bytes else archive.read(name)
    except StepError:
        return None


# --- 1: the container ----------------------------------------------------------------------------------------------
def _data_names(archive: Archive, checks: list[Check]) -> tuple[str, ...]:
    others = [
        name
        for name in archive.entries
        if name.startswith(asic.META_INF) and name != asic.MANIFEST_NAME and not _SIGNATURE_FILE.fullmatch(name)
    ]
    if others:
        checks.append(Check.not_performed("asic.meta-inf", names=" ".join(others)[:1000]))
    return tuple(name for name in archive.entries if not asic.is_reserved(name))


def _signature_files(archive: Archive, checks: list[Check], limits: ContainerLimits) -> list[str]:
    found = [name for name in archive.entries if _SIGNATURE_FILE.fullmatch(name)]
    if not found:
        raise malformed("asic.signatures", "none")
    if len(found) > limits.max_signatures:
        raise malformed("asic.signatures", "too many", limit=str(limits.max_signatures))
    checks.append(Check.passed("asic.signatures", files=str(len(found))))
    return found


def _manifest(archive: Archive, names: Sequence[str], checks: list[Check]) -> dict[str, str] | None:
    """What the manifest says, None when it cannot be read; the signatures are judged all the same."""
    try:
        listed = asic.read_manifest(archive)
    except StepError as error:
        checks.append(error.check)
        return None
    checks.append(passed("asic.manifest"))
    difference = sorted(listed.keys() ^ set(names))
    if difference:
        checks.append(
            Check.failed("asic.manifest-entries", SubIndication.FORMAT_FAILURE, names=" ".join(difference)[:1000])
        )
    else:
        checks.append(passed("asic.manifest-entries"))
    return listed


def _examine_file(known: _Known, name: str, checks: list[Check]) -> list[_Pending]:
    """Each signature of one file; a file that is no list of signatures is a failed check of the container."""
    try:
        content = known.archive.read(name)
        root = xmldsig.parse(content, schemas.SIGNATURE_LIMITS, name)
        checks.append(passed_in("xml.accepted", name))
        elements = xmldsig.children(root, "asic.signature-file")
        if root.tag != _XADES_SIGNATURES or not elements or any(part.tag != xmldsig.SIGNATURE for part in elements):
            raise malformed("asic.signature-file", "not a list of signatures", file=name)
        if len(elements) > known.limits.max_signatures_per_file:
            raise malformed("asic.signature-file", "too many", limit=str(known.limits.max_signatures_per_file))
        checks.append(passed_in("asic.signature-file", name))
        xmldsig.unique_ids(root)
        checks.append(passed_in("xmldsig.unique-ids", name))
    except StepError as error:
        checks.append(error.check)
        return []
    canonicalizer = Canonicalizer(len(content))
    found = []
    for index, element in enumerate(elements):
        pending = _Pending(
            examination=Examination(id=f"{name}#{element.get('Id') or index}", format="XAdES", level="B-B")
        )
        try:
            _examine(pending, element, known, canonicalizer)
        except StepError as error:
            pending.examination.checks.append(error.check)
        found.append(pending)
    return found


# --- 1, 2, 4: one signature ----------------------------------------------------------------------------------------
def _examine(pending: _Pending, element: Element, known: _Known, canonicalizer: Canonicalizer) -> None:
    """All but the digests of data objects, cheap steps first; StepError where nothing can follow."""
    examination, names, listed = pending.examination, known.names, known.listed
    most = max(xmldsig.MAX_REFERENCES, len(names) + 1)
    signature = xmldsig.read_signature(element, examination.checks, max_references=most)
    properties = xades.read_qualifying_properties(signature, examination.checks)
    if properties.unsigned:
        named = " ".join(properties.unsigned)[:1000]
        examination.checks.append(Check.not_performed("xades.unsigned-properties", names=named))
    examination.signing_time = properties.signing_time
    examination.signer, others = xades.signing_certificate(signature, properties)
    examination.others = tuple(others)
    examination.checks.append(passed("xades.signing-certificate"))
    data = [reference for reference in signature.references if reference is not properties.reference]
    pending.references = _references(data, names)
    examination.checks.append(passed("asic.references"))
    examination.take("asic.coverage", lambda: _require_covered(pending.references, names))
    examination.take("xades.data-object-format", lambda: xades.require_formats(data, properties))
    if listed is not None:
        examination.take(
            "asic.media-types", lambda: _require_media_types(pending.references, properties.media_types, listed)
        )
    judge_key_value(examination, signature, examination.signer)
    method, pending.digests = judge_algorithms(examination, signature, known.context)
    judge_value(examination, signature, method, [examination.signer], canonicalizer)
    algorithm = pending.digests.get(properties.reference.digest_uri)
    if algorithm is not None and properties.reference.canonicalization is not None:
        octets = canonicalizer.octets(properties.signed_properties, properties.reference.canonicalization)
        if algorithm.of(octets) != properties.reference.digest:
            raise failed("xmldsig.digests", SubIndication.HASH_FAILURE, "signed properties")
    examination.covered = tuple(pending.references)
    examination.is_complete = True


def _references(data: Sequence[Reference], names: Sequence[str]) -> dict[str, Reference]:
    """Check "asic.references": data objects of this container only, as they are, each once."""
    known = set(names)
    found: dict[str, Reference] = {}
    for reference in data:
        if reference.type == f"{xmldsig.DS}Manifest":
            raise unsupported("asic.references", SubIndication.SIGNED_DATA_NOT_FOUND, "ds:Manifest")
        xmldsig.fragment(reference.uri)
        name = asic.referenced_name(reference.uri)
        if name is None or name not in known:
            raise malformed("asic.references", "no data object", uri=reference.uri[:255])
        if reference.canonicalization is not None:
            raise malformed("asic.references", "Transforms", uri=reference.uri[:255])
        if name in found:
            raise malformed("asic.references", "twice", uri=reference.uri[:255])
        found[name] = reference
    return found


def _require_covered(references: Mapping[str, Reference], names: Sequence[str]) -> None:
    missing = [name for name in names if name not in references]
    if missing or not names:
        raise failed(
            "asic.coverage", SubIndication.SIG_CONSTRAINTS_FAILURE, "not signed", names=" ".join(missing)[:1000]
        )


def _require_media_types(
    references: Mapping[str, Reference], media_types: Mapping[str, str], listed: Mapping[str, str]
) -> None:
    for name, reference in references.items():
        signed = media_types.get(reference.id or "")
        if signed is not None and name in listed and signed != listed[name]:
            raise malformed("asic.media-types", "differs from the manifest", name=name)


# --- 4: data objects -----------------------------------------------------------------------------------------------
def _hash_objects(
    archive: Archive, names: Sequence[str], pending: Sequence[_Pending], checks: list[Check]
) -> dict[str, dict[str, bytes]]:
    """Name -> id of a digest algorithm -> digest, each object read once; empty when no signature is left to ask."""
    asking = [each for each in pending if each.wants_data]
    if not asking:
        checks.append(Check.not_performed("asic.content"))
        return {}
    found = {}
    for name in names:
        hashers: dict[str, Hash] = {"sha256": hashlib.sha256()}
        for each in asking:
            algorithm = each.algorithm(name) if name in each.references else None
            if algorithm is not None and algorithm.id not in hashers:
                hashers[algorithm.id] = algorithm.new()
        for chunk in archive.chunks(name):
            for hasher in hashers.values():
                hasher.update(chunk)
        found[name] = {identifier: hasher.digest() for identifier, hasher in hashers.items()}
    checks.append(passed("asic.content"))
    return found


def _digests_check(pending: _Pending, hashed: Mapping[str, Mapping[str, bytes]]) -> Check:
    """Check "xmldsig.digests": never passed for data that was not read."""
    if not pending.wants_data:
        return Check.not_performed("xmldsig.digests")
    for name, reference in pending.references.items():
        algorithm = pending.algorithm(name)
        actual = None if algorithm is None else hashed.get(name, {}).get(algorithm.id)
        if actual is None:
            return Check.indeterminate("xmldsig.digests", SubIndication.SIGNED_DATA_NOT_FOUND, name=name)
        if actual != reference.digest:
            return Check.failed("xmldsig.digests", SubIndication.HASH_FAILURE, name=name)
    return Check.passed("xmldsig.digests", objects=str(len(pending.references)))
