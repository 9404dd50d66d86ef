"""The XAdES signatures inside an XML document raised to a higher level, and kept there.

A signature that another one covers stays as it is: what is added to it would break the other. So of signatures made one
after another the last is raised, of parallel ones each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import schemas
from signing import xades, xmldsig
from signing.errors import SigningError
from signing.sign.augmentation import Augmentation
from signing.sign.xades_augmentation import AugmentedSignature, SignatureSource
from signing.validation_data import NO_DATA
from signing.xmldsig import Canonicalizer, StepError, TransformProfile
from signing.xmldsig.targets import SignedDocument, octets_of, others_covered, outer_signatures, targets_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from signing.fetcher import Fetcher
    from signing.policy import SignatureLevel, ValidationPolicy
    from signing.timestamp import TimeStampAuthority
    from signing.trust_anchors import TrustAnchors
    from signing.validation_data import ValidationData
    from signing.xmldsig import Element, Reference


def augment_xml(
    document: bytes,
    *,
    level: SignatureLevel,
    time_stamps: TimeStampAuthority,
    anchors: TrustAnchors,
    policy: ValidationPolicy,
    at: datetime,
    data: ValidationData = NO_DATA,
    fetcher: Fetcher | None = None,
) -> bytes:
    """The document with each XAdES signature that no other one covers raised to `level`; renewed where it is B-LTA.

    Nothing that is signed changes. Plain signatures have no level and stay. Raises SigningError signing.level-reached when
    there is nothing to raise, signing.not-augmentable, signing.naive-time, signing.no-path, signing.certificate-revoked,
    signing.status-unavailable, signing.augmented-wrongly, and what the authority and the fetcher raise.
    """
    how = Augmentation(
        level=level, time_stamps=time_stamps, anchors=anchors, policy=policy, at=at, data=data, fetcher=fetcher
    )
    raised = document
    for index in _free(document):
        source = SignatureSource(
            find=_nth(index),
            octets_of=_octets_of,
            limits=schemas.DOCUMENT_LIMITS,
            profile=TransformProfile.EUROPEAN,
        )
        try:
            raised = how.raised(AugmentedSignature.read(raised, source)).document
        except SigningError as error:
            if error.code != "signing.level-reached":
                raise
    if raised == document:
        raise SigningError("signing.level-reached", level=level)
    return raised


def _free(document: bytes) -> list[int]:
    """Which of the outer signatures are XAdES and in nobody's Reference."""
    try:
        root = xmldsig.parse(document, schemas.DOCUMENT_LIMITS, "document")
        parsed = _signed_document(root)
        covered: set[Element] = set()
        forms = []
        for index, element in enumerate(parsed.signatures):
            signature = xmldsig.read_signature(element, [], profile=TransformProfile.EUROPEAN)
            own = [each for each in signature.references if each.type == xades.SIGNED_PROPERTIES_TYPE]
            forms.append(bool(own))
            data = [each for each in signature.references if each not in own]
            for target in targets_of(element, data, parsed):
                # an earlier one did not sign what came after it, whatever its empty URI takes in now
                covered.update(set(parsed.signatures[:index]).intersection(others_covered(target, element, parsed)))
    except StepError as error:
        raise SigningError("signing.not-augmentable", reason=error.check.id) from error
    return [
        index
        for index, (element, is_xades) in enumerate(zip(parsed.signatures, forms, strict=True))
        if is_xades and element not in covered
    ]


def _signed_document(root: Element) -> SignedDocument:
    return SignedDocument(
        root=root,
        ids=xmldsig.unique_ids(root),
        signatures=outer_signatures(root),
        canonicalizer=Canonicalizer(schemas.DOCUMENT_LIMITS.max_bytes),
    )


def _nth(index: int) -> Callable[[Element], Element]:
    return lambda root: outer_signatures(root)[index]


def _octets_of(element: Element, reference: Reference) -> list[bytes | memoryview]:
    document = _signed_document(element.getroottree().getroot())
    (target,) = targets_of(element, [reference], document)
    return octets_of(target, element, document)
