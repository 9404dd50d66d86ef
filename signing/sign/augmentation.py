"""The signatures of a container raised to a higher level, and kept there: archive time-stamps are renewed in time.

Steps, for each XAdES signature of the container (`xades_augmentation` says what each adds):

1. the archive is opened and the signature read; its value and every digest must hold
2. up to B-T where it has no signature time-stamp yet
3. up to B-LT: the path of the signer and of each authority, and what says that nobody in it was revoked (`gather`)
4. up to B-LTA: a time-stamp over everything; one that is there already is renewed, its authority's validation data first

The verdict on a signature is not formed here; verify before, and after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

import schemas
from signing import asic, xmldsig
from signing.certificates import Certificate
from signing.errors import Malformed, SigningError
from signing.sign.container_cades import signed_manifest
from signing.sign.container_copy import copied, data_names, open_container
from signing.sign.detached_augmentation import augment_detached
from signing.sign.gathering import gathered, readable
from signing.sign.xades_augmentation import AugmentedSignature, SignatureSource
from signing.timestamp import judge_token, read_token
from signing.validation_data import NO_DATA, ValidationData
from signing.xmldsig import malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from signing.fetcher import Fetcher
    from signing.policy import SignatureLevel, ValidationPolicy
    from signing.timestamp import TimeStampAuthority
    from signing.trust_anchors import TrustAnchors
    from signing.xmldsig import Element, Reference

_LEVELS: Final = ("B-B", "B-T", "B-LT", "B-LTA")


@dataclass(frozen=True, kw_only=True, slots=True)
class Augmentation:
    """What signatures are raised with. `anchors`, `policy`, `at` (aware) and `data` are those a verifier would use.

    `fetcher` is asked for revocation status that is neither in the signature nor in `data`; without it nothing is.
    """

    level: SignatureLevel
    time_stamps: TimeStampAuthority
    anchors: TrustAnchors
    policy: ValidationPolicy
    at: datetime
    data: ValidationData = NO_DATA
    fetcher: Fetcher | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise SigningError("signing.naive-time")
        if self.level == "B-B":
            raise SigningError("signing.level-reached", level=self.level)

    def raised(self, signature: AugmentedSignature) -> AugmentedSignature:
        """The signature at this level; one at B-LTA gets one archive time-stamp more.

        Raises SigningError signing.level-reached, signing.no-path, signing.certificate-revoked, signing.status-unavailable,
        signing.augmented-wrongly.
        """
        wanted, reached = _LEVELS.index(self.level), _LEVELS.index(signature.unsigned.level)
        if wanted <= reached and self.level != "B-LTA":
            raise SigningError("signing.level-reached", level=signature.unsigned.level)
        if reached < _LEVELS.index("B-T"):
            signature = signature.with_signature_time_stamp(self.time_stamps)
        if wanted >= _LEVELS.index("B-LT"):
            signature = self._with_validation_data(signature)
        if self.level == "B-LTA":
            signature = signature.with_archive_time_stamp(self.time_stamps)
        return signature

    def _with_validation_data(self, signature: AugmentedSignature) -> AugmentedSignature:
        """Below B-LT of the signer and of every authority; above it only of those that time-stamped since."""
        embedded = signature.unsigned.embedded
        came_along = (*signature.others, *(each for der in embedded.certificates for each in readable(der)))
        has_data = signature.unsigned.level in ("B-LT", "B-LTA")
        of_signer = NO_DATA if has_data else self._gathered(signature.certificate, came_along, embedded)
        of_time_stamps = []
        for stamp in signature.unsigned.time_stamps:
            if has_data and (stamp.kind != "archive" or stamp.embedded != NO_DATA):
                continue
            for token in stamp.tokens:
                authority, candidates = self._authority(token, came_along)
                of_time_stamps.append((stamp, self._gathered(authority, candidates, embedded)))
        return signature.with_validation_data(of_signer, of_time_stamps)

    def _gathered(
        self, certificate: Certificate, candidates: tuple[Certificate, ...], embedded: ValidationData
    ) -> ValidationData:
        return gathered(
            certificate,
            candidates,
            anchors=self.anchors,
            policy=self.policy,
            at=self.at,
            embedded=embedded,
            data=self.data,
            fetcher=self.fetcher,
        )

    def _authority(
        self, der: bytes, came_along: tuple[Certificate, ...]
    ) -> tuple[Certificate, tuple[Certificate, ...]]:
        """Who made a token, and the certificates its path may be found among."""
        try:
            token = read_token(der, accept_ber=True)
        except Malformed as error:
            raise SigningError("signing.not-augmentable", reason=error.code) from error
        own = tuple(each for one in token.embedded.certificates for each in readable(one))
        given = tuple(each for one in self.data.certificates for each in readable(one))
        candidates = (*own, *came_along, *given)
        _, authority = judge_token(token, lambda _: token.imprint, candidates, policy=self.policy, at=self.at)
        if authority is None:
            raise SigningError("signing.not-augmentable", reason="timestamp.signing-certificate")
        return authority, candidates


def augment_container(
    source: BinaryIO | bytes,
    out: BinaryIO,
    *,
    level: SignatureLevel,
    time_stamps: TimeStampAuthority,
    anchors: TrustAnchors,
    policy: ValidationPolicy,
    at: datetime,
    data: ValidationData = NO_DATA,
    fetcher: Fetcher | None = None,
) -> None:
    """The container of `source` in `out`, each of its signatures raised to `level`; renewed where it is B-LTA.

    Data objects are streamed and copied as they are packed: memory does not grow with their size. A signature that has
    the level already, below B-LTA, stays as it is; when all have it, the answer is signing.level-reached. Raises
    SigningError signing.not-a-container, signing.not-augmentable, signing.naive-time, signing.no-path,
    signing.certificate-revoked, signing.status-unavailable, signing.augmented-wrongly, and what the authority and the
    fetcher raise; `out` then holds nothing.
    """
    how = Augmentation(
        level=level, time_stamps=time_stamps, anchors=anchors, policy=policy, at=at, data=data, fetcher=fetcher
    )
    archive = open_container(source)
    replaced: dict[str, bytes] = {}
    for name in [name for name in archive.entries if asic.is_xades_file(name)]:
        content = _raised_file(archive, name, how)
        if content is not None:
            replaced[name] = content
    for name in [name for name in archive.entries if asic.is_cades_file(name)]:
        content = _raised_cms(archive, name, how)
        if content is not None:
            replaced[name] = content
    if not replaced:
        raise SigningError("signing.level-reached", level=level)
    copied(archive, out, replaced, {})


def _raised_file(archive: asic.Archive, name: str, how: Augmentation) -> bytes | None:
    """The file with each of its signatures raised, None where none had to be."""
    try:
        document = archive.read(name)
        count = len(xmldsig.children(xmldsig.parse(document, schemas.SIGNATURE_LIMITS, name)))
    except xmldsig.StepError as error:
        raise SigningError("signing.not-augmentable", reason=error.check.id) from error
    changed = False
    names = frozenset(data_names(archive))
    for number in range(count):
        source = SignatureSource(
            find=_nth(number),
            octets_of=lambda _, reference: _octets_of(archive, names, reference),
            limits=schemas.SIGNATURE_LIMITS,
            max_references=max(xmldsig.MAX_REFERENCES, len(names) + 1),
        )
        signature = AugmentedSignature.read(document, source)
        try:
            document = how.raised(signature).document
            changed = True
        except SigningError as error:
            if error.code != "signing.level-reached":
                raise
    return document if changed else None


def _raised_cms(archive: asic.Archive, name: str, how: Augmentation) -> bytes | None:
    """The CMS with each of its signers raised over its manifest, None where none had to be."""
    try:
        content = signed_manifest(archive, name)
        return augment_detached(
            archive.read(name),
            [content],
            level=how.level,
            time_stamps=how.time_stamps,
            anchors=how.anchors,
            policy=how.policy,
            at=how.at,
            data=how.data,
            fetcher=how.fetcher,
        )
    except xmldsig.StepError as error:
        raise SigningError("signing.not-augmentable", reason=error.check.id) from error
    except Malformed as error:
        raise SigningError("signing.not-augmentable", reason=error.code) from error
    except SigningError as error:
        if error.code != "signing.level-reached":
            raise
        return None


def _nth(number: int) -> Callable[[Element], Element]:
    return lambda root: xmldsig.children(root)[number]


def _octets_of(archive: asic.Archive, names: frozenset[str], reference: Reference) -> Iterator[bytes]:
    name = asic.referenced_name(reference.uri)
    if name is None or name not in names or reference.canonicalization is not None:
        raise malformed("asic.references", "no data object", uri=reference.uri[:255])
    return archive.chunks(name)
