"""An ASiC-E container in, a verdict and the data objects that were really signed out.

Steps (EN 319 102-1, 5.2; the numbers of `verify.signature`):

1. format: the archive (`asic.reader`), "asic.signatures", "asic.manifest-entries"; each signature file "xml.accepted",
   "asic.signature-file", "xmldsig.unique-ids"; each signature its structure and qualifying properties,
   "asic.references", "asic.coverage" (every data object, no other thing; where the policy says so, every data object by
   one signature or another), "xades.data-object-format", "asic.media-types"
2. the signer's certificate: "xades.signing-certificate", "xmldsig.key-value"
4. cryptography: algorithms, "xmldsig.signature-value", "xmldsig.digests" last, in one streamed pass over each data
   object
3, 5, 6, 7. `judge_signer`

CMS over a manifest (`container_cades`) stand beside XAdES in the same container, each under the same demands.

Every signature file is judged and every signature must pass. Data objects are hashed only for a signature that has not
failed by then: nobody makes us read gigabytes with a forged value. Files under META-INF that are no signature and no
manifest are named as not looked at and never handed out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from signing import asic, xades
from signing.validation_data import NO_DATA
from signing.validation_report import Check, Indication, SubIndication, ValidationReport
from signing.verify import container_cades, container_objects, container_xades
from signing.verify.container_objects import (
    Known,
    Pending,
    SecondReading,
    all_covered_check,
    digests_check,
    hash_objects,
)
from signing.verify.context import Context
from signing.verify.verified_object import VerifiedObject
from signing.xmldsig import StepError, malformed, passed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from signing.asic import Archive, ContainerLimits
    from signing.fetcher import Fetcher
    from signing.policy import ValidationPolicy
    from signing.trust_anchors import TrustAnchors
    from signing.validation_data import ValidationData

CHECKS: Final = (
    frozenset({"asic.signatures", "asic.manifest-entries"})
    | container_objects.CHECKS
    | container_xades.CHECKS
    | container_cades.CHECKS
)
NOTES: Final = frozenset({"asic.meta-inf"}) | xades.NOTES | container_cades.NOTES
"""Ids of checks that are only ever NOT_PERFORMED: what stands there and was not looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerValidation:
    """The verdict; `objects` in the archive's order, empty unless it is TOTAL-PASSED."""

    report: ValidationReport
    objects: tuple[VerifiedObject, ...]


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
    pending: list[Pending] = []
    archive: Archive | None = None
    hashed: dict[str, dict[str, bytes]] = {}
    media_types: Mapping[str, str] = {}
    try:
        archive = asic.open_archive(
            source, checks, limits, _media_types_taken(policy), exact_layout=policy.exact_container_layout
        )
        names = _data_names(archive, checks)
        files = _signature_files(archive, checks, limits)
        listed = _manifest(archive, names, checks, policy)
        known = Known(archive, names, listed, limits, context, SecondReading(archive, names))
        for name in files:
            if asic.is_xades_file(name):
                pending.extend(container_xades.examine_file(known, name, checks))
                if len(pending) > limits.max_signatures:
                    raise malformed("asic.signatures", "too many", limit=str(limits.max_signatures))
        pending.extend(
            container_cades.examine_files(known, [name for name in files if asic.is_cades_file(name)], checks)
        )
        if not policy.every_signature_covers_everything:
            checks.append(all_covered_check(known, pending))
        media_types = _media_types(known, pending)
        hashed = hash_objects(known, pending, checks)
    except StepError as error:
        checks.append(error.check)
    report = ValidationReport.of(
        kind="container",
        policy=policy.name,
        anchors=anchors.label(),
        at=at,
        checks=checks,
        signatures=[
            report for each in pending for report in each.reports(digests_check(each, hashed), context, hashed)
        ],
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
        archive = asic.open_archive(source, [], limits, (asic.MIMETYPE, asic.SIMPLE_MIMETYPE), exact_layout=False)
        entry = archive.entries.get(name)
        return None if entry is None or entry.size > max_bytes else archive.read(name)
    except StepError:
        return None


def _media_types_taken(policy: ValidationPolicy) -> tuple[str, ...]:
    return (asic.MIMETYPE, asic.SIMPLE_MIMETYPE) if policy.accept_simple_containers else (asic.MIMETYPE,)


# --- 1: the container ----------------------------------------------------------------------------------------------
def _data_names(archive: Archive, checks: list[Check]) -> tuple[str, ...]:
    others = [
        name
        for name in archive.entries
        if name.startswith(asic.META_INF) and name != asic.MANIFEST_NAME and not _is_looked_at(name)
    ]
    if others:
        checks.append(Check.not_performed("asic.meta-inf", names=" ".join(others)[:1000]))
    names = tuple(name for name in archive.entries if not asic.is_reserved(name))
    if archive.media_type == asic.SIMPLE_MIMETYPE and len(names) != 1:
        raise malformed("asic.mimetype", "not exactly one data object")
    return names


def _is_looked_at(name: str) -> bool:
    return (
        asic.is_xades_file(name)
        or asic.is_cades_file(name)
        or asic.is_signature_manifest(name)
        or asic.is_archive_manifest(name)
        or asic.is_time_stamp_file(name)
    )


def _signature_files(archive: Archive, checks: list[Check], limits: ContainerLimits) -> list[str]:
    found = [name for name in archive.entries if asic.is_xades_file(name) or asic.is_cades_file(name)]
    if not found:
        raise malformed("asic.signatures", "none")
    if len(found) > limits.max_signatures:
        raise malformed("asic.signatures", "too many", limit=str(limits.max_signatures))
    checks.append(Check.passed("asic.signatures", files=str(len(found))))
    return found


def _manifest(
    archive: Archive, names: Sequence[str], checks: list[Check], policy: ValidationPolicy
) -> Mapping[str, str] | None:
    """What the manifest says, None when there is none or it cannot be read; the signatures are judged all the same."""
    # beside CMS the ASiCManifest says the same, and signed (4.4.3.2); XAdES has none
    optional = not policy.require_manifest or not any(asic.is_xades_file(name) for name in archive.entries)
    if asic.MANIFEST_NAME not in archive.entries and optional:
        checks.append(Check.not_performed("asic.manifest", reason="missing"))
        return None
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


def _media_types(known: Known, pending: Sequence[Pending]) -> dict[str, str]:
    """Of each data object, from the manifest, or from the first signature that names one."""
    found = dict.fromkeys(known.names, "application/octet-stream")
    for each in reversed(pending):
        found.update({name: media_type for name, media_type in each.media_types.items() if media_type})
    return {**found, **(known.listed or {})}
