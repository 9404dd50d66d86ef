"""A SOAP envelope in, the verdict on its WS-Security signatures out: bytes as received, one parse, the very Body that
was signed.

Steps (EN 319 102-1, 5.2; the numbers of `verify.signature`):

1. format: "xml.accepted", "wss.envelope", "wss.signature-present", "xmldsig.unique-ids"; for each signature its
   structure and "wss.coverage", that its one target is the Body
2. the signer's certificate: "wss.key-info", "xmldsig.key-value", "wss.pinned"
4. cryptography: algorithms, "xmldsig.digests", "xmldsig.signature-value"
3, 5, 6, 7. `judge_signer`

Owed by the caller: that the message is new (the profile has no time; the journal knows ids and digests) and that the
pairs of namespace and xsi:type inside the Body are known ones (exclusive C14N does not sign a prefix used in a value
only).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import schemas
from signing import wss, xmldsig
from signing.certificates import Certificate
from signing.validation_data import NO_DATA
from signing.validation_report import Check, SubIndication, ValidationReport
from signing.verify.context import Context
from signing.verify.xml_signature import Examination, judge_algorithms, judge_key_value, judge_value, report_id
from signing.xmldsig import Canonicalizer, StepError, passed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from signing.fetcher import Fetcher
    from signing.policy import ValidationPolicy
    from signing.trust_anchors import TrustAnchors
    from signing.validation_data import ValidationData
    from signing.xmldsig import Element

CHECKS: Final = frozenset({"wss.pinned"})


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvelopeValidation:
    """The verdict and the tree it is about. `root` and `body` are None when the bytes were refused before or by their
    shape; they say nothing by themselves: read `report` first. `is_signed`: a signature stands where the profile puts
    it.
    """

    report: ValidationReport
    is_signed: bool
    root: Element | None
    body: Element | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What every signature of the message is judged against."""

    envelope: wss.Envelope
    ids: Mapping[str, Element]
    canonicalizer: Canonicalizer
    certificates: tuple[bytes, ...]
    pinned: tuple[bytes, ...]
    context: Context


def verify_envelope(
    message: bytes,
    *,
    policy: ValidationPolicy,
    anchors: TrustAnchors,
    at: datetime,
    pinned: Sequence[bytes] = (),
    data: ValidationData = NO_DATA,
    fetcher: Fetcher | None = None,
) -> EnvelopeValidation:
    """Judge every signature of a SOAP 1.1 message over the bytes as received.

    `pinned` (DER): when given, the signer must be one of these, and must have its path to an anchor all the same; a
    KeyInfo of issuer and serial number is looked up among them and the anchors' intermediates. An unsigned message is
    TOTAL-FAILED with is_signed False. Raises SigningError signing.naive-time; Malformed for a pinned certificate that
    is none.
    """
    context = Context(policy=policy, anchors=anchors, at=at, data=data, fetcher=fetcher)
    for der in pinned:  # the caller's own setting: a broken one must not speak against the message
        Certificate.from_der(der)
    checks: list[Check] = []
    root: Element | None = None
    envelope: wss.Envelope | None = None
    examinations: list[Examination] = []
    try:
        root = xmldsig.parse(message, schemas.ENVELOPE_LIMITS, "envelope")
        checks.append(passed("xml.accepted"))
        envelope = wss.read_envelope(root)
        checks.append(passed("wss.envelope"))
        if not envelope.signatures:
            raise xmldsig.malformed(
                "wss.signature-present", "no Security" if envelope.security is None else "no Signature"
            )
        checks.append(passed("wss.signature-present"))
        ids = xmldsig.unique_ids(root, message)
        checks.append(passed("xmldsig.unique-ids"))
        known = _Known(
            envelope=envelope,
            ids=ids,
            canonicalizer=Canonicalizer(len(message)),
            certificates=(*pinned, *anchors.intermediates),
            pinned=tuple(pinned),
            context=context,
        )
        for index, element in enumerate(envelope.signatures):
            examination = Examination(id=report_id(element, f"envelope#{index}"), format="XMLDSig", level="WSS-X.509")
            examinations.append(examination)
            try:
                _examine(examination, element, known)
            except StepError as error:
                examination.checks.append(error.check)
    except StepError as error:
        checks.append(error.check)
    report = ValidationReport.of(
        kind="envelope",
        policy=policy.name,
        anchors=anchors.label(),
        at=at,
        checks=checks,
        signatures=[each.report(context) for each in examinations],
    )
    return EnvelopeValidation(
        report=report,
        is_signed=envelope is not None and bool(envelope.signatures),
        root=root,
        body=envelope.body if envelope is not None else None,
    )


def _examine(
    examination: Examination,
    element: Element,
    known: _Known,
) -> None:
    """All of one signature; StepError where nothing can follow."""
    envelope, canonicalizer = known.envelope, known.canonicalizer
    signature = xmldsig.read_signature(element, examination.checks)
    reference = wss.require_body_covered(signature, envelope, known.ids)
    examination.checks.append(passed("wss.coverage"))
    candidates = wss.candidates_for_signer(signature.key_info, known.certificates, envelope, known.ids)
    examination.checks.append(passed("wss.key-info"))
    method, digests = judge_algorithms(examination, signature, known.context)
    signer = judge_value(examination, signature, method, candidates, canonicalizer) or candidates[0]
    examination.signer = signer
    examination.others = tuple(each for each in candidates if each != signer)
    judge_key_value(examination, signature, signer)
    if examination.has_failed:  # nobody makes us canonicalize megabytes with a forged value
        examination.checks.append(Check.not_performed("xmldsig.digests"))
    elif reference.digest_uri in digests and reference.canonicalization is not None:
        octets = canonicalizer.octets(envelope.body, reference.canonicalization)
        if digests[reference.digest_uri].of(octets) == reference.digest:
            examination.checks.append(passed("xmldsig.digests"))
            examination.covered = ("soap:Body",)
        else:
            examination.checks.append(
                Check.failed("xmldsig.digests", SubIndication.HASH_FAILURE, uri=reference.uri[:200])
            )
    else:
        examination.checks.append(Check.not_performed("xmldsig.digests"))
    if known.pinned:
        examination.take("wss.pinned", lambda: _require_pinned(signer.der, known.pinned))
    examination.is_complete = True


def _require_pinned(der: bytes, pinned: Sequence[bytes]) -> None:
    if der not in pinned:
        raise xmldsig.failed("wss.pinned", SubIndication.SIG_CONSTRAINTS_FAILURE, "another certificate")
