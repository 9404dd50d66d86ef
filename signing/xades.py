"""XAdES B-B (EN 319 132-1): qualifying properties, built and read back. Which object they qualify is the container's
question.

What level B-B asks, each step with its own check id; absent is never accepted:

1. "xades.qualifying-properties"  exactly one in the Signature, Target is this Signature, known children in order
2. "xades.signed-properties"      exactly one Reference of the Type, to this very element, canonicalized, not XPointer
3. "xades.signature-policy"       none: ours is implied nowhere, a foreign one cannot be judged here
4. "xades.signing-time"           a dateTime with its offset; a claim, never the reference time
5. "xades.signing-certificate"    SigningCertificateV2, first entry, is a certificate in KeyInfo; its digest on the
                                  allow-list
6. "xades.data-object-format"     one for each data Reference, with a media type

Unsigned properties are listed as not looked at: levels above B-B are not in this release.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from signing.certificates import Certificate
from signing.errors import Malformed, SigningError
from signing.validation_report import SubIndication
from signing.xmldsig import (
    DS,
    NewReference,
    attributes,
    base64_text,
    certificates_in,
    children,
    digest_algorithm,
    escape_attribute,
    failed,
    leaf_text,
    local_name,
    malformed,
    new_signature_value,
    new_signed_info,
    passed,
    signing_algorithms,
    unsupported,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lxml import etree

    from signing.keys import SigningKey
    from signing.policy import SigningPolicy
    from signing.validation_report import Check
    from signing.xmldsig import Reference, Signature

XADES: Final = "http://uri.etsi.org/01903/v1.3.2#"
SIGNED_PROPERTIES_TYPE: Final = "http://uri.etsi.org/01903#SignedProperties"

CHECKS: Final = frozenset(
    {
        "xades.qualifying-properties",
        "xades.signed-properties",
        "xades.signature-policy",
        "xades.signing-time",
        "xades.signing-certificate",
        "xades.data-object-format",
    }
)

MAX_UNSIGNED_PROPERTIES: Final = 64
_SPACE: Final = f"{{{XADES}"
_QUALIFYING_PROPERTIES: Final = f"{{{XADES}}}QualifyingProperties"
_CERT: Final = f"{{{XADES}}}Cert"
_CERT_DIGEST: Final = f"{{{XADES}}}CertDigest"
_DIGEST: Final = [f"{{{DS}}}DigestMethod", f"{{{DS}}}DigestValue"]
_MIME_TYPE: Final = f"{{{XADES}}}MimeType"
_DATE_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")
# children of SignedSignatureProperties in schema order (EN 319 132-1, 4.3.4 and annex C)
_SIGNATURE_PROPERTIES: Final = (
    "SigningTime",
    "SigningCertificate",
    "SigningCertificateV2",
    "SignaturePolicyIdentifier",
    "SignatureProductionPlace",
    "SignatureProductionPlaceV2",
    "SignerRole",
    "SignerRoleV2",
)
_PROPERTIES: Final = ("SignedProperties", "UnsignedProperties")
_GROUPS: Final = ("SignedSignatureProperties", "SignedDataObjectProperties")
_OBJECT_PROPERTIES: Final = ("DataObjectFormat", "CommitmentTypeIndication")


@dataclass(frozen=True, kw_only=True, slots=True)
class QualifyingProperties:
    """What the signer signed besides the data; nothing here is believed before the Reference to it is checked.

    `media_types`: Id of a ds:Reference -> MimeType. `unsigned`: local names of unsigned properties, not looked at.
    """

    signed_properties: etree._Element
    reference: Reference
    signing_time: datetime
    certificate_digest_uri: str
    certificate_digest: bytes
    media_types: dict[str, str]
    unsigned: tuple[str, ...]


# --- reading -------------------------------------------------------------------------------------------------------
def read_qualifying_properties(signature: Signature, checks: list[Check]) -> QualifyingProperties:
    """Steps 1 to 4 and the shape of 5 and 6; appends a check for each of 1 to 4 that passed."""
    qualifying = _only_qualifying_properties(signature)
    parts = dict(_known_children(qualifying, _PROPERTIES))
    signed = parts.get("SignedProperties")
    if signed is None:
        raise malformed("xades.qualifying-properties", "children", element="QualifyingProperties")
    identifier = attributes(signed, ("Id",), (), "xades.qualifying-properties")["Id"]
    groups = dict(_known_children(signed, _GROUPS))
    if len(groups) != len(_GROUPS):
        raise malformed("xades.qualifying-properties", "children", element="SignedProperties")
    properties = dict(_known_children(groups["SignedSignatureProperties"], _SIGNATURE_PROPERTIES))
    formats = _known_children(groups["SignedDataObjectProperties"], _OBJECT_PROPERTIES, repeated=True)
    unsigned_names = _unsigned_names(parts.get("UnsignedProperties"))
    checks.append(passed("xades.qualifying-properties"))
    reference = _signed_properties_reference(signature, identifier)
    checks.append(passed("xades.signed-properties"))
    if "SignaturePolicyIdentifier" in properties:
        raise unsupported("xades.signature-policy", SubIndication.SIGNATURE_POLICY_NOT_AVAILABLE, "present")
    checks.append(passed("xades.signature-policy"))
    signing_time = _signing_time(properties.get("SigningTime"))
    checks.append(passed("xades.signing-time"))
    digest_uri, digest = _certificate_digest(properties)
    return QualifyingProperties(
        signed_properties=signed,
        reference=reference,
        signing_time=signing_time,
        certificate_digest_uri=digest_uri,
        certificate_digest=digest,
        media_types=_media_types(item for name, item in formats if name == "DataObjectFormat"),
        unsigned=unsigned_names,
    )


def signing_certificate(
    signature: Signature, properties: QualifyingProperties
) -> tuple[Certificate, list[Certificate]]:
    """(the signer's certificate, the others in KeyInfo); step 5, "xades.signing-certificate".

    Not checked here: that its key verifies the value, that it may be trusted.
    """
    algorithm = digest_algorithm(properties.certificate_digest_uri, "xades.signing-certificate")
    given = certificates_in(signature.key_info)
    if not given:
        raise unsupported(
            "xades.signing-certificate", SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "no certificate in KeyInfo"
        )
    named = next((der for der in given if algorithm.of(der) == properties.certificate_digest), None)
    if named is None:
        raise failed(
            "xades.signing-certificate", SubIndication.SIG_CONSTRAINTS_FAILURE, "names no certificate in KeyInfo"
        )
    try:
        others = [Certificate.from_der(der) for der in dict.fromkeys(given) if der != named]
        return Certificate.from_der(named), others
    except Malformed as error:
        raise malformed("xades.signing-certificate", error.code) from error


def require_formats(references: Iterable[Reference], properties: QualifyingProperties) -> None:
    """Step 6: each data Reference has its one DataObjectFormat, and each of those its Reference."""
    identifiers = [reference.id for reference in references]
    if None in identifiers or len(set(identifiers)) != len(identifiers):
        raise malformed("xades.data-object-format", "Reference without its own Id")
    if set(identifiers) != properties.media_types.keys():
        raise malformed("xades.data-object-format", "not one to one")


def _only_qualifying_properties(signature: Signature) -> etree._Element:
    found = list(signature.element.iter(_QUALIFYING_PROPERTIES))
    if len(found) != 1:  # a second one, wherever it stands, could be the one another reader finds first
        raise malformed("xades.qualifying-properties", "absent" if not found else "more than one")
    parent = found[0].getparent()
    if not any(parent is item for item in signature.objects) or parent is None or len(children(parent)) != 1:
        raise malformed("xades.qualifying-properties", "position")
    target = attributes(found[0], ("Target",), ("Id",), "xades.qualifying-properties")["Target"]
    if signature.id is None or target != f"#{signature.id}":
        raise malformed("xades.qualifying-properties", "Target")
    return found[0]


def _known_children(
    element: etree._Element, names: Sequence[str], *, repeated: bool = False
) -> list[tuple[str, etree._Element]]:
    """Children of the XAdES namespace with their local names in the given order, each at most once unless `repeated`."""
    found, order = [], []
    for child in children(element, "xades.qualifying-properties"):
        space, _, name = str(child.tag).rpartition("}")
        if space != _SPACE or name not in names:
            raise malformed("xades.qualifying-properties", "unknown property", element=name[:100])
        found.append((name, child))
        order.append(names.index(name))
    if order != sorted(order) or (not repeated and len(set(order)) != len(order)):
        raise malformed("xades.qualifying-properties", "order of properties", element=local_name(element))
    if not found:
        raise malformed("xades.qualifying-properties", "empty", element=local_name(element))
    return found


def _unsigned_names(unsigned: etree._Element | None) -> tuple[str, ...]:
    if unsigned is None:
        return ()
    found = [item for part in unsigned.iterchildren("*") for item in part.iterchildren("*")]
    if len(found) > MAX_UNSIGNED_PROPERTIES:
        raise malformed("xmldsig.limits", "unsigned properties", limit=str(MAX_UNSIGNED_PROPERTIES))
    return tuple(local_name(item) for item in found)


def _signed_properties_reference(signature: Signature, identifier: str) -> Reference:
    of_type = [reference for reference in signature.references if reference.type == SIGNED_PROPERTIES_TYPE]
    if len(of_type) != 1:
        raise malformed("xades.signed-properties", "not exactly one Reference of the Type")
    if of_type[0].uri != f"#{identifier}":
        raise malformed("xades.signed-properties", "Reference to another element")
    if of_type[0].canonicalization is None:  # without one XMLDSig says C14N 1.0; level B-B says it must be named
        raise malformed("xades.signed-properties", "no canonicalization")
    return of_type[0]


def _signing_time(element: etree._Element | None) -> datetime:
    if element is None:
        raise malformed("xades.signing-time", "absent")
    spelled = leaf_text(element, "xades.signing-time").strip(" \t\r\n")
    try:
        if not _DATE_TIME.fullmatch(spelled):
            raise malformed("xades.signing-time", "no dateTime with an offset")
        return datetime.fromisoformat(spelled).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise malformed("xades.signing-time", "no such time") from error


def _certificate_digest(properties: dict[str, etree._Element]) -> tuple[str, bytes]:
    check_id = "xades.signing-certificate"
    if "SigningCertificate" in properties or "SigningCertificateV2" not in properties:
        # the older form beside the newer one could name another certificate; alone it is not level B-B
        raise malformed(check_id, "not exactly SigningCertificateV2")
    entries = children(properties["SigningCertificateV2"], check_id)
    if not entries or any(entry.tag != _CERT for entry in entries):
        raise malformed(check_id, "children")
    parts = children(entries[0], check_id)
    if not parts or parts[0].tag != _CERT_DIGEST:
        raise malformed(check_id, "children")
    digest = children(parts[0], check_id)
    if [part.tag for part in digest] != _DIGEST:
        raise malformed(check_id, "children")
    return attributes(digest[0], ("Algorithm",), (), check_id)["Algorithm"], base64_text(digest[1])


def _media_types(formats: Iterable[etree._Element]) -> dict[str, str]:
    check_id = "xades.data-object-format"
    found: dict[str, str] = {}
    for element in formats:
        target = attributes(element, ("ObjectReference",), (), check_id)["ObjectReference"]
        media_types = [part for part in children(element, check_id) if part.tag == _MIME_TYPE]
        if len(media_types) != 1 or not target.startswith("#") or target[1:] in found:
            raise malformed(check_id, "MimeType or ObjectReference")
        found[target[1:]] = leaf_text(media_types[0], check_id)
    return found


# --- building ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True, slots=True)
class DigestedObject:
    """A data object as its Reference will name it; `digest` by the signing policy's algorithm."""

    uri: str
    media_type: str
    digest: bytes


def require_signable(key: SigningKey, signing_time: datetime) -> None:
    """Refuse before anything is written. Raises SigningError signing.naive-time, signing.no-certificate; Malformed."""
    if signing_time.tzinfo is None:
        raise SigningError("signing.naive-time")
    if not key.certificate_chain:
        raise SigningError("signing.no-certificate")
    Certificate.from_der(key.certificate_chain[0])


def new_signature(
    objects: Sequence[DigestedObject], key: SigningKey, *, policy: SigningPolicy, signing_time: datetime
) -> bytes:
    """A ds:Signature of level B-B over detached objects, as UTF-8 XML without declaration.

    Identifiers come from digests, so equal input gives equal bytes where the algorithm is deterministic (RSA PKCS#1,
    Ed25519). SignedInfo and SignedProperties stand in it in their canonical form, so that what is hashed is a slice of
    what is written. Raises SigningError signing.naive-time, signing.no-certificate, signing.algorithm-refused,
    signing.own-signature-wrong.
    """
    require_signable(key, signing_time)
    algorithm, digest = signing_algorithms(key.algorithm, policy.digest)
    chain = key.certificate_chain if policy.include_chain else key.certificate_chain[:1]
    certificate = Certificate.from_der(chain[0])
    claimed = signing_time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    seed = hashlib.sha256(claimed.encode() + certificate.der)
    for item in objects:
        seed.update(f"{item.uri}\n{item.media_type}\n".encode() + item.digest)
    name = f"S-{seed.hexdigest()[:32]}"

    properties = _new_signed_properties(name, claimed, digest.xml_uri, digest.of(certificate.der), objects)
    references = [
        NewReference(id=f"{name}-r{index}", uri=item.uri, digest=item.digest) for index, item in enumerate(objects)
    ]
    references.append(
        NewReference(type=SIGNED_PROPERTIES_TYPE, uri=f"#{name}-sp", digest=digest.of(properties), canonical=True)
    )
    signed_info = new_signed_info(algorithm, digest, references)
    value = new_signature_value(key.sign, algorithm, certificate, signed_info)
    certificates = b"".join(b"<ds:X509Certificate>%b</ds:X509Certificate>" % base64.b64encode(der) for der in chain)
    return (
        f'<ds:Signature xmlns:ds="{DS}" Id="{name}">'.encode()
        + signed_info
        + b"<ds:SignatureValue>%b</ds:SignatureValue>" % base64.b64encode(value)
        + b"<ds:KeyInfo><ds:X509Data>%b</ds:X509Data></ds:KeyInfo>" % certificates
        + f'<ds:Object><xades:QualifyingProperties xmlns:xades="{XADES}" Target="#{name}">'.encode()
        + properties
        + b"</xades:QualifyingProperties></ds:Object></ds:Signature>"
    )


def _new_signed_properties(
    name: str, claimed: str, digest_uri: str, certificate_digest: bytes, objects: Sequence[DigestedObject]
) -> bytes:
    """xades:SignedProperties in exclusive canonical form."""
    formats = "".join(
        f'<xades:DataObjectFormat ObjectReference="#{name}-r{index}">'
        f"<xades:MimeType>{escape_attribute(item.media_type)}</xades:MimeType></xades:DataObjectFormat>"
        for index, item in enumerate(objects)
    )
    return (
        f'<xades:SignedProperties xmlns:xades="{XADES}" Id="{name}-sp"><xades:SignedSignatureProperties>'
        f"<xades:SigningTime>{claimed}</xades:SigningTime>"
        "<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"
        f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{digest_uri}"></ds:DigestMethod>'
        f'<ds:DigestValue xmlns:ds="{DS}">{base64.b64encode(certificate_digest).decode()}</ds:DigestValue>'
        "</xades:CertDigest></xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties>"
        f"<xades:SignedDataObjectProperties>{formats}</xades:SignedDataObjectProperties></xades:SignedProperties>"
    ).encode()
