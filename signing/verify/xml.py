"""An XML document in, the verdict on the signatures inside it and the octets that were really signed out.

Steps (EN 319 102-1, 5.2; the numbers of `verify.signature`):

1. format: "xml.accepted", "xml.signatures" (how many, and where), "xmldsig.unique-ids"; for each signature its structure,
   qualifying properties where it is XAdES, "xml.references", "xml.coverage", "xades.data-object-format"
2. the signer's certificate: "xades.signing-certificate", or for plain XMLDSig "xml.signing-certificate" (whether the policy
   does without a signed reference to it) and "xml.key-info"; "xmldsig.key-value"
4. cryptography: algorithms, "xmldsig.signature-value", then "xmldsig.digests", for a signature that has not failed by
   then: nobody makes us canonicalize megabytes with a forged value
3, 5, 6, 7. `judge_signer`

Where the policy takes co-signatures (national practice), signatures are judged from the last to the first and one is
taken out of what the earlier ones are judged on only after its steps 1, 2 and 4 passed. What an earlier one says while a
later one cannot be judged is not known: "xml.later-signatures".

A Signature inside another one (a counter-signature, a signed document in an Object) is part of that one and no signer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import schemas
from signing import xades, xmldsig
from signing.certificates import Certificate
from signing.errors import Malformed
from signing.validation_data import NO_DATA
from signing.validation_report import Check, Conclusion, Indication, SubIndication, ValidationReport
from signing.verify.context import Context
from signing.verify.xml_signature import (
    Examination,
    certificate_reference_check,
    judge_algorithms,
    judge_key_value,
    judge_value,
    report_id,
    take_what_was_added,
)
from signing.xmldsig import Canonicalizer, StepError, TransformProfile, failed, malformed, passed, unsupported
from signing.xmldsig.targets import (
    SignedDocument,
    Target,
    leaves_no_signature,
    octets_of,
    others_covered,
    outer_signatures,
    require_document,
    require_something,
    targets_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from signing.algorithms import DigestAlgorithm
    from signing.fetcher import Fetcher
    from signing.policy import ValidationPolicy
    from signing.trust_anchors import TrustAnchors
    from signing.validation_data import ValidationData
    from signing.validation_report import SignatureReport
    from signing.xmldsig import Element, Reference, Signature

CHECKS: Final = frozenset(
    {
        "xml.signatures",
        "xml.references",
        "xml.coverage",
        "xml.signing-certificate",
        "xml.key-info",
        "xml.later-signatures",
    }
)
NOTES: Final = frozenset({"xml.nested-signatures"})
"""Ids of checks that are only ever NOT_PERFORMED: what stands there and was not looked at."""

MAX_SIGNATURES: Final = 16
MAX_CANDIDATES: Final = 16
"""Certificates of the caller's that are tried where KeyInfo names none."""

_FAILED: Final = Conclusion.FAILED
_INDETERMINATE: Final = Conclusion.INDETERMINATE
_QUALIFYING_PROPERTIES: Final = f"{{{xades.XADES}}}QualifyingProperties"
_PARTS_LIMITS: Final = replace(schemas.DOCUMENT_LIMITS, allow_processing_instructions=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedXml:
    """Octets that were hashed for a Reference: canonical XML without comments, or what base64 in a ds:Object spells.

    `name` as in the report: "document", or the fragment with the name of its element. `signatures` are the ids of the
    reports on those who signed these very octets.
    """

    name: str
    octets: bytes
    signatures: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class XmlValidation:
    """The verdict; `signed` in document order, and empty unless it is TOTAL-PASSED.

    `document` is the whole document without any Signature, in canonical form, where a signature covers just that; None
    where what was signed is something else.
    """

    report: ValidationReport
    signed: tuple[SignedXml, ...]
    document: bytes | None


@dataclass(kw_only=True, slots=True)
class _Examined:
    """One signature with what it was found to sign."""

    examination: Examination
    signed: list[tuple[Target, list[bytes | memoryview], bool]]


def verify_xml(
    document: bytes,
    *,
    policy: ValidationPolicy,
    anchors: TrustAnchors,
    at: datetime,
    data: ValidationData = NO_DATA,
    fetcher: Fetcher | None = None,
) -> XmlValidation:
    """Judge every signature of an XML document (UTF-8, no DTD) over the bytes as received, XAdES and plain XMLDSig.

    Certificates in `data` also serve to find a signer that a signature names without carrying its certificate. Raises
    SigningError signing.naive-time; everything wrong with the document is a verdict. Owed by the caller: to use what
    is handed out and not another reading of the document; any schema; that pairs of namespace and xsi:type are known
    ones (exclusive C14N does not sign a prefix that only a value uses).
    """
    context = Context(policy=policy, anchors=anchors, at=at, data=data, fetcher=fetcher)
    checks: list[Check] = []
    reports: list[SignatureReport] = []
    examined: list[_Examined] = []
    try:
        parsed = _read(document, context, checks)
        _judge(parsed, context, examined, reports)
    except StepError as error:
        checks.append(error.check)
    report = ValidationReport.of(
        kind="xml",
        policy=policy.name,
        anchors=anchors.label(),
        at=at,
        checks=checks,
        signatures=reports[::-1],
    )
    if report.indication is not Indication.TOTAL_PASSED:
        return XmlValidation(report=report, signed=(), document=None)
    return _handed_out(report, examined[::-1])


def _handed_out(report: ValidationReport, examined: Iterable[_Examined]) -> XmlValidation:
    signers: dict[tuple[str, bytes], list[str]] = {}
    document: bytes | None = None
    for each in examined:
        for target, pieces, is_whole in each.signed:
            octets = bytes(pieces[0]) if len(pieces) == 1 else b"".join(pieces)
            signers.setdefault((target.name, octets), []).append(each.examination.id)
            if is_whole and document is None:
                document = octets
    return XmlValidation(
        report=report,
        signed=tuple(
            SignedXml(name=name, octets=octets, signatures=tuple(ids)) for (name, octets), ids in signers.items()
        ),
        document=document,
    )


# --- 1: the document -----------------------------------------------------------------------------------------------
def _read(document: bytes, context: Context, checks: list[Check]) -> SignedDocument:
    takes_parts = context.policy.xml_coverage == "signed-parts"
    root = xmldsig.parse(document, _PARTS_LIMITS if takes_parts else schemas.DOCUMENT_LIMITS, "document")
    checks.append(passed("xml.accepted"))
    every = list(root.iter(xmldsig.SIGNATURE))
    if not every:
        raise malformed("xml.signatures", "none")
    if len(every) > MAX_SIGNATURES:
        raise malformed("xmldsig.limits", "signatures", limit=str(MAX_SIGNATURES))
    outer = tuple(every) if len(every) == 1 else outer_signatures(root)
    if not takes_parts and any(each.getparent() is not root for each in outer):
        # wrapped in a bigger document, or around a smaller one: what an application reads may be unsigned
        raise malformed("xml.signatures", "not a child of the root")
    checks.append(passed("xml.signatures"))
    if len(outer) != len(every):
        checks.append(Check.not_performed("xml.nested-signatures", signatures=str(len(every) - len(outer))))
    ids = xmldsig.unique_ids(root, document)
    checks.append(passed("xmldsig.unique-ids"))
    return SignedDocument(root=root, ids=ids, signatures=outer, canonicalizer=Canonicalizer(len(document), document))


def _judge(
    document: SignedDocument, context: Context, examined: list[_Examined], reports: list[SignatureReport]
) -> None:
    """Every signature, the last one first; each is reported on before another one is taken out from under it."""
    later = Conclusion.PASSED
    for index in range(len(document.signatures) - 1, -1, -1):
        element = document.signatures[index]
        examination = Examination(id=report_id(element, f"signature#{index}"), format="XMLDSig", level="plain")
        each = _Examined(examination=examination, signed=[])
        try:
            _examine(each, element, document, context, later)
        except StepError as error:
            examination.checks.append(error.check)
        examined.append(each)
        is_plain = examination.format == "XMLDSig"
        reports.append(examination.report(_without_claims(context) if is_plain else context))
        if context.policy.co_signatures and index:
            later = _worst(later, examination)
            if later is Conclusion.PASSED:
                document.taken_out.append(element)


def _worst(later: Conclusion, examination: Examination) -> Conclusion:
    """What is known of all the signatures from this one on, as far as steps 1, 2 and 4 go."""
    conclusions = [later, *[check.conclusion for check in examination.checks]]
    for worst in (_FAILED, _INDETERMINATE):
        if worst in conclusions:
            return worst
    return later


def _without_claims(context: Context) -> Context:
    """A plain XML signature has no place for a claimed time: a policy that takes one at all cannot ask for that."""
    if not context.policy.require_signing_time:
        return context
    return replace(context, policy=_timeless(context.policy))


@lru_cache(maxsize=64)
def _timeless(policy: ValidationPolicy) -> ValidationPolicy:
    return replace(policy, require_signing_time=False)


# --- 1, 2, 4: one signature ----------------------------------------------------------------------------------------
def _examine(each: _Examined, element: Element, document: SignedDocument, context: Context, later: Conclusion) -> None:
    """All of one signature; StepError where nothing can follow."""
    examination, policy = each.examination, context.policy
    takes_parts = policy.xml_coverage == "signed-parts"
    signature, properties = _read_signature(examination, element, document, policy)
    own = None if properties is None else properties.reference
    data = [reference for reference in signature.references if reference is not own]
    targets = targets_of(signature.element, data, document)
    examination.checks.append(passed("xml.references"))
    # a signed KeyInfo, as some producers have it, is no data: it covers nothing and needs no DataObjectFormat
    of_key_info = [target.reference for target in targets if target.element is signature.key_info]
    data = [reference for reference in data if not any(reference is each for each in of_key_info)]
    examination.take(
        "xml.coverage",
        lambda: require_something(data) if takes_parts else require_document(targets, document),
    )
    candidates: Sequence[Certificate]
    others: Sequence[Certificate]
    if properties is not None:
        take_what_was_added(
            examination,
            signature,
            properties,
            document.canonicalizer,
            lambda reference: _octets_for_time_stamps(reference, each, targets, signature, document),
        )
        examination.take(
            "xades.data-object-format",
            lambda: xades.require_formats(
                data, properties, others=of_key_info, is_required=policy.require_data_object_formats
            ),
        )
        known = (*examination.embedded.certificates, *context.data.certificates)
        signer, others = xades.signing_certificate(signature, properties, known)
        examination.checks.append(certificate_reference_check(properties, context))
        candidates = [signer]
    else:
        examination.take("xml.signing-certificate", lambda: _require_no_reference(policy))
        candidates = others = _candidates(signature, context)
        examination.checks.append(passed("xml.key-info"))
    method, digests = judge_algorithms(examination, signature, context)
    signer = judge_value(examination, signature, method, candidates, document.canonicalizer) or candidates[0]
    examination.signer = signer
    examination.others = tuple(other for other in others if other != signer)
    judge_key_value(examination, signature, signer)
    if own is not None and properties is not None:
        _compare_properties(examination, properties, digests, document)
    if later is Conclusion.INDETERMINATE:
        examination.checks.append(
            Check.indeterminate("xml.later-signatures", SubIndication.SIGNED_DATA_NOT_FOUND, reason="not judged")
        )
        examination.checks.append(Check.not_performed("xmldsig.digests"))
    else:
        _compare_digests(each, signature, targets, digests, document)
    examination.is_complete = True


def _read_signature(
    examination: Examination, element: Element, document: SignedDocument, policy: ValidationPolicy
) -> tuple[Signature, xades.QualifyingProperties | None]:
    read = xades.read_own_form(
        element, examination.checks, policy=policy, canonicalizer=document.canonicalizer, takes_enveloped=True
    )
    if read is not None:
        examination.format, examination.level, examination.value = "XAdES", "B-B", read[0].value
        return read
    signature = xmldsig.read_signature(
        element,
        examination.checks,
        profile=TransformProfile.EUROPEAN if policy.xml_coverage == "signed-parts" else TransformProfile.ENVELOPED,
    )
    examination.value = signature.value
    return signature, _qualifying_properties(examination, signature, policy)


def _qualifying_properties(
    examination: Examination, signature: Signature, policy: ValidationPolicy
) -> xades.QualifyingProperties | None:
    """None for plain XMLDSig: neither properties in an Object of its own nor a Reference that says there are."""
    inside = any(
        next(item.iterancestors(xmldsig.SIGNATURE), None) is signature.element
        for item in signature.element.iter(_QUALIFYING_PROPERTIES)
    )
    if not inside and all(reference.type != xades.SIGNED_PROPERTIES_TYPE for reference in signature.references):
        return None
    examination.format, examination.level = "XAdES", "B-B"
    return xades.read_qualifying_properties(signature, examination.checks, policy)


def _require_no_reference(policy: ValidationPolicy) -> None:
    if policy.require_signing_certificate:
        raise failed("xml.signing-certificate", SubIndication.SIG_CONSTRAINTS_FAILURE, "not signed")


def _candidates(signature: Signature, context: Context) -> tuple[Certificate, ...]:
    """Certificates that may be the signer's, best first ("xml.key-info"); which one is, its key decides."""
    known = (*context.data.certificates, *context.anchors.intermediates)
    given = xmldsig.certificates_in(signature.key_info)
    try:
        found = tuple(Certificate.from_der(der) for der in dict.fromkeys(given))
    except Malformed as error:
        raise malformed("xml.key-info", error.code) from error
    if not found and signature.key_info is not None:
        found = xmldsig.certificates_named(signature.key_info, known, "xml.key-info")
    if not found:
        found = xmldsig.readable_certificates(context.data.certificates[:MAX_CANDIDATES])
    if not found:
        raise unsupported("xml.key-info", SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "no certificate")
    return found


def _compare_properties(
    examination: Examination,
    properties: xades.QualifyingProperties,
    digests: Mapping[str, DigestAlgorithm],
    document: SignedDocument,
) -> None:
    reference: Reference = properties.reference
    algorithm = digests.get(reference.digest_uri)
    if algorithm is None or examination.has_failed:
        return
    octets = document.canonicalizer.octets(properties.signed_properties, reference.transforms.of_nodes())
    if algorithm.of(octets) != reference.digest:
        raise failed("xmldsig.digests", SubIndication.HASH_FAILURE, "signed properties")


def _compare_digests(
    each: _Examined,
    signature: Signature,
    targets: Sequence[Target],
    digests: Mapping[str, DigestAlgorithm],
    document: SignedDocument,
) -> None:
    """Check "xmldsig.digests"."""
    checks = each.examination.checks
    if each.examination.has_failed or any(target.reference.digest_uri not in digests for target in targets):
        checks.append(Check.not_performed("xmldsig.digests"))
        return
    covered: list[str] = []
    for target in targets:
        pieces = octets_of(target, signature.element, document)
        state = digests[target.reference.digest_uri].new()
        for piece in pieces:
            state.update(piece)
        if state.digest() != target.reference.digest:
            uri = target.reference.uri[:200]
            checks.append(Check.failed("xmldsig.digests", SubIndication.HASH_FAILURE, uri=uri))
            return
        is_whole = leaves_no_signature(target, signature.element, document)
        each.signed.append((target, pieces, is_whole))
        covered.append(target.name)
        if not is_whole:
            covered += [_named(other, document) for other in others_covered(target, signature.element, document)]
    each.examination.covered = tuple(dict.fromkeys(covered))
    checks.append(Check.passed("xmldsig.digests", objects=str(len(targets))))


def _octets_for_time_stamps(
    reference: Reference, each: _Examined, targets: Sequence[Target], signature: Signature, document: SignedDocument
) -> list[bytes | memoryview]:
    """The same octets for a time-stamp over them; not for a signature that has failed."""
    target = next((target for target in targets if target.reference is reference), None)
    if target is None or each.examination.has_failed:
        raise malformed("xades.time-stamps", "data object not read")
    return octets_of(target, signature.element, document)


def _named(element: Element, document: SignedDocument) -> str:
    return f"Signature {report_id(element, f'#{document.signatures.index(element)}')}"
