"""CMS signature files of a container: META-INF/*signature*.p7s over an ASiCManifest (EN 319 162-1, 4.4.3.2, 4.4.4).

The CMS signs the octets of its manifest, the manifest states digests of data objects. Steps 1, 2 and 4 of
`verify.container` for each: manifest and CMS first, which are small; the data objects last, once for all signatures.
In ASiC-S (4.3.3.2) the CMS is over the one data object itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from signing import algorithms, asic
from signing.asic import StatedDigest
from signing.errors import Malformed
from signing.validation_report import Check, Conclusion, SubIndication
from signing.verify import cms_form, cms_signature
from signing.verify.archive_manifest import digest_of_small, read_archive_manifests
from signing.verify.cms_form import apart_check, format_checks, format_failure, hash_content, read_cms
from signing.verify.cms_signature import examine_cms_signer
from signing.verify.container_objects import require_coverage
from signing.verify.cryptographic_verification import worst_of
from signing.verify.signature import algorithm_check
from signing.xmldsig import StepError, failed, malformed, passed, passed_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from signing.algorithms import DigestAlgorithm
    from signing.asic import SignatureManifest
    from signing.validation_data import ValidationData
    from signing.validation_report import SignatureReport
    from signing.verify.archive_manifest import ArchiveManifest
    from signing.verify.cms_form import ReadCms
    from signing.verify.cms_signature import ExaminedSigner
    from signing.verify.container_objects import Hashed, Known
    from signing.verify.context import Context

CHECKS: Final = (
    cms_form.CHECKS
    | cms_signature.CHECKS
    | {
        "asic.signature-manifest",
        "asic.references",
        "asic.media-types",
        "asic.manifest-algorithms",
        "asic.manifest-digests",
    }
)
NOTES: Final = cms_form.NOTES | cms_signature.NOTES | {"asic.archive-manifest", "asic.time-assertion"}

_FAILED: Final = Conclusion.FAILED


@dataclass(kw_only=True, slots=True)
class PendingCms:
    """One CMS whose data objects are still to be hashed: implements `container_objects.Pending`."""

    digests_id: ClassVar[str] = "asic.manifest-digests"

    name: str
    manifest: SignatureManifest | None
    checks: list[Check] = field(default_factory=list)
    read: ReadCms | None = None
    signers: tuple[ExaminedSigner, ...] = ()
    references: dict[str, StatedDigest] = field(default_factory=dict)
    digests: dict[str, DigestAlgorithm] = field(default_factory=dict)
    media_types: dict[str, str] = field(default_factory=dict)
    archives: tuple[ArchiveManifest, ...] = ()

    @property
    def wants_data(self) -> bool:
        fine = all(check.conclusion is not _FAILED for check in self.checks)
        return fine and any(not signer.has_failed for signer in self.signers)

    def take(self, check_id: str, step: Callable[[], None]) -> None:
        """Run one step that others do not depend on; its Check is appended, whatever it is."""
        try:
            step()
        except StepError as error:
            self.checks.append(error.check)
        else:
            self.checks.append(passed(check_id))

    def reports(self, digests: Check, context: Context, hashed: Hashed) -> list[SignatureReport]:
        needed = {self.name, *self.references, *([self.manifest.name] if self.manifest is not None else [])}
        stamps = tuple(
            each.time_stamp(self.name, needed, self._objects(each), place=place, hashed=hashed)
            for place, each in enumerate(self.archives)
        )
        return [
            signer.report(context, before=self.checks, after=[digests], time_stamps=stamps) for signer in self.signers
        ]

    def _objects(self, archive: ArchiveManifest) -> Iterator[bytes]:
        """What lies in the files that an archive manifest names: of the CMS, of its time-stamps, of earlier ones."""
        for signer in self.signers:
            yield from _in(signer.claims.embedded)
            for stamp in signer.claims.time_stamps:
                yield stamp.token
                yield from _in(stamp.embedded)
        for other in self.archives:
            if other.manifest.signature in archive.manifest.references:
                yield other.token
                yield from _in(other.embedded)


def _in(data: ValidationData) -> tuple[bytes, ...]:
    return (*data.certificates, *data.crls, *data.ocsp_responses)


def examine_files(known: Known, names: list[str], checks: list[Check]) -> list[PendingCms]:
    """The CMS files of these names with their manifests; what belongs to no signature is a check of the container."""
    manifests = _manifests(known, checks)
    archives = read_archive_manifests(known, checks)
    found = []
    for name in names:
        try:
            pending = _examine_file(known, name, manifests.get(name), checks)
        except StepError as error:
            checks.append(error.check)
            continue
        pending.archives = tuple(each for each in archives if name in each.manifest.references)
        found.append(pending)
        if sum(len(each.signers) for each in found) > known.limits.max_signatures:
            raise malformed("asic.signatures", "too many", limit=str(known.limits.max_signatures))
    return found


# --- manifests ---------------------------------------------------------------------------------------------------------
def _manifests(known: Known, checks: list[Check]) -> dict[str, SignatureManifest]:
    """Name of a signature file -> its manifest."""
    names = [name for name in known.archive.entries if asic.is_signature_manifest(name)]
    if len(names) > known.limits.max_signatures:
        raise malformed("asic.signature-manifest", "too many", limit=str(known.limits.max_signatures))
    found: dict[str, SignatureManifest] = {}
    for name in names:
        try:
            manifest = asic.read_signature_manifest(known.archive, name)
            if asic.is_time_stamp_file(manifest.signature):
                checks.append(Check.not_performed("asic.time-assertion", file=name))
                continue
            if manifest.signature in found or not asic.is_cades_file(manifest.signature):
                raise malformed("asic.signature-manifest", "SigReference", file=name)
        except StepError as error:
            checks.append(error.check)
            continue
        found[manifest.signature] = manifest
        checks.append(passed_in("asic.signature-manifest", name))
    return found


def _examine_file(known: Known, name: str, manifest: SignatureManifest | None, checks: list[Check]) -> PendingCms:
    pending = PendingCms(name=name, manifest=manifest)
    try:
        read = read_cms(known.archive.read(name), known.context.policy)
    except Malformed as error:
        raise StepError(format_failure(error, file=name)) from error
    pending.read = read
    of_format = list(format_checks(read))
    if not read.signers:
        checks += of_format
    pending.checks += of_format
    if manifest is not None:
        content = hash_content([manifest.octets], _wanted(read))
        _take_references(pending, known, manifest)
    elif known.archive.media_type == asic.SIMPLE_MIMETYPE:
        content = _simple(pending, known, read)
    else:
        raise malformed("asic.signature-manifest", "missing", file=name)
    pending.checks.append(apart_check(read, content, known.context.policy))
    pending.signers = tuple(
        examine_cms_signer(
            signer,
            read,
            content,
            signer_id=f"{name}#signer-{index}",
            covered=tuple(pending.references),
            context=known.context,
        )
        for index, signer in enumerate(read.signers, start=1)
    )
    return pending


def _wanted(read: ReadCms) -> dict[str, DigestAlgorithm]:
    wanted = read.wanted()
    if read.signed.content is not None:
        wanted |= {each.id: each for each in (algorithms.digest_algorithm("sha256"),) if each is not None}
    return wanted


def _simple(pending: PendingCms, known: Known, read: ReadCms) -> dict[str, bytes]:
    """The CMS of ASiC-S, over the data object itself: what was read for it is what is handed out, by its digest."""
    (name,) = known.names
    sha256 = algorithms.digest_algorithm("sha256")
    assert sha256 is not None
    wanted = _wanted(read) | {sha256.id: sha256}
    missing = {each: digest for each, digest in wanted.items() if (name, each) not in known.remembered}
    if missing:  # thirty CMS over the same object are hashed with it once
        found = hash_content(known.archive.chunks(name), missing)
        known.remembered.update({(name, each): digest for each, digest in found.items()})
    content = {each: known.remembered[name, each] for each in wanted}
    pending.references = {name: StatedDigest(name, "", sha256.xml_uri, content[sha256.id])}
    pending.digests = {sha256.xml_uri: sha256}
    return content


def _take_references(pending: PendingCms, known: Known, manifest: SignatureManifest) -> None:
    """Checks "asic.references", "asic.coverage", "asic.media-types", "asic.manifest-algorithms"."""
    names = frozenset(known.names)
    for name, stated in manifest.references.items():
        if name in names:
            pending.references[name] = stated
    pending.media_types = {name: stated.media_type for name, stated in pending.references.items()}
    pending.take("asic.references", lambda: _require_references(known, manifest, names))
    pending.take("asic.coverage", lambda: require_coverage(pending.references, known))
    if known.listed is not None:
        listed = known.listed
        pending.take("asic.media-types", lambda: _require_media_types(pending.media_types, listed))
    pending.checks.append(_algorithms_check(pending, known, manifest))


def _require_references(known: Known, manifest: SignatureManifest, names: frozenset[str]) -> None:
    """Only files of this container: data objects, whose digests come later, and files under META-INF, which are small."""
    for name, stated in manifest.references.items():
        if name in names:
            continue
        if name not in known.archive.entries or not name.startswith(asic.META_INF):
            raise malformed("asic.references", "no data object", uri=name[:255])
        if digest_of_small(known, name, stated) != stated.digest:
            raise failed("asic.references", SubIndication.HASH_FAILURE, "digest", uri=name[:255])


def _require_media_types(signed: Mapping[str, str], listed: Mapping[str, str]) -> None:
    for name, media_type in signed.items():
        if media_type and name in listed and media_type != listed[name]:
            raise malformed("asic.media-types", "differs from the manifest", name=name)


def _algorithms_check(pending: PendingCms, known: Known, manifest: SignatureManifest) -> Check:
    """The worst of the hashes the manifest names; gives those that may be computed with to `pending`."""
    policy, day = known.context.policy, known.context.at.date()
    checks = []
    for uri in dict.fromkeys(stated.digest_uri for stated in manifest.references.values()):
        digest = algorithms.digest_by_uri(uri)
        checks.append(algorithm_check("asic.manifest-algorithms", digest, named=uri, day=day, policy=policy))
        if digest is not None and digest.standing is algorithms.Standing.TRUSTED:
            pending.digests[uri] = digest
    return worst_of(checks, passed("asic.manifest-algorithms"))
