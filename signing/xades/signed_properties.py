"""What the signer signed besides the data: the signed properties of level B-B (EN 319 132-1), read under policy.

What level B-B asks, each step with its own check id; absent is never accepted:

1. "xades.qualifying-properties"  exactly one in the Signature, Target is this Signature, known children in order
2. "xades.signed-properties"      exactly one Reference of the Type, to this very element, canonicalized, not XPointer
3. "xades.signature-policy"       the one the caller expects, by its identifier; none where none is expected: a foreign
                                  one cannot be judged here
4. "xades.signing-time"           a dateTime with its offset; a claim, never the reference time
5. "xades.signing-certificate"    SigningCertificateV2, or the first version alone, whose first entry is a certificate in
                                  KeyInfo; its digest on the allow-list, its serial number, where given, the same
6. "xades.data-object-format"     one for each data Reference, with a media type

Claims that decide nothing (place, roles, commitments) are read for their place only. The first version of the reference
to the certificate is no property of the baseline: "xades.baseline" says so.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from signing.validation_report import Check
from signing.xades.certificate_reference import certificate_reference
from signing.xades.names import SIGNED_PROPERTIES_TYPE, XADES, local
from signing.xades.signature_policy import policy_check
from signing.xmldsig import (
    attributes,
    children,
    leaf_text,
    local_name,
    malformed,
    passed,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lxml import etree

    from signing.policy import ValidationPolicy
    from signing.xmldsig import Reference, Signature

_QUALIFYING_PROPERTIES: Final = f"{{{XADES}}}QualifyingProperties"
_MIME_TYPE: Final = f"{{{XADES}}}MimeType"
_DATE_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")
_UNSIGNED_PROPERTIES: Final = local("UnsignedProperties")


def _in_order(*names: str) -> dict[str, tuple[int, str]]:
    """Tag -> place in the order of the schema, and local name."""
    return {local(name): (place, name) for place, name in enumerate(names)}


_PROPERTIES: Final = _in_order("SignedProperties", "UnsignedProperties")
_GROUPS: Final = _in_order("SignedSignatureProperties", "SignedDataObjectProperties")
_SIGNATURE_PROPERTIES: Final = _in_order(  # EN 319 132-1, 4.3.4 and annex C
    "SigningTime",
    "SigningCertificate",
    "SigningCertificateV2",
    "SignaturePolicyIdentifier",
    "SignatureProductionPlace",
    "SignatureProductionPlaceV2",
    "SignerRole",
    "SignerRoleV2",
)
_OBJECT_PROPERTIES: Final = _in_order(
    "DataObjectFormat", "CommitmentTypeIndication", "AllDataObjectsTimeStamp", "IndividualDataObjectsTimeStamp"
)
_COUNTER_SIGNATURE: Final = local("CounterSignature")


class QualifyingProperties(NamedTuple):
    """What the signer signed besides the data; nothing here is believed before the Reference to it is checked.

    `serial` is the serial number that the reference to the certificate states, None where it states none;
    `is_first_version`: that reference is SigningCertificate of XAdES before EN 319 132-1. `media_types`: Id of a
    ds:Reference -> MimeType. `content_time_stamps`: the elements, in order. `unsigned`: UnsignedProperties, not looked
    into.
    """

    signed_properties: etree._Element
    reference: Reference
    signing_time: datetime
    certificate_digest_uri: str
    certificate_digest: bytes
    serial: int | None
    is_first_version: bool
    media_types: dict[str, str]
    content_time_stamps: tuple[etree._Element, ...]
    unsigned: etree._Element | None


def read_qualifying_properties(
    signature: Signature, checks: list[Check], policy: ValidationPolicy | None
) -> QualifyingProperties:
    """Steps 1 to 4 and the shape of 5 and 6; appends a check for each of 1 to 4 that passed.

    The document of the signature policy that `policy` expects is not here, so the hash of it that was signed is not
    compared with anything. None: the signature is read and not judged, step 3 is left out.
    """
    qualifying = _only_qualifying_properties(signature)
    parts = dict(_known_children(qualifying, _PROPERTIES))
    signed = parts.get("SignedProperties")
    if signed is None:
        raise malformed("xades.qualifying-properties", "children", element="QualifyingProperties")
    identifier = attributes(signed, ("Id",), (), "xades.qualifying-properties")["Id"]
    groups = dict(_known_children(signed, _GROUPS))
    has_formats = policy is None or policy.require_data_object_formats
    if "SignedSignatureProperties" not in groups or (has_formats and len(groups) != len(_GROUPS)):
        raise malformed("xades.qualifying-properties", "children", element="SignedProperties")
    properties = dict(_known_children(groups["SignedSignatureProperties"], _SIGNATURE_PROPERTIES))
    about = groups.get("SignedDataObjectProperties")
    about_objects = _known_children(about, _OBJECT_PROPERTIES, repeated=True) if about is not None else []
    checks.append(passed("xades.qualifying-properties"))
    is_named = policy is not None and policy.require_named_canonicalization
    reference = _signed_properties_reference(signature, identifier, is_named=is_named)
    checks.append(passed("xades.signed-properties"))
    if policy is not None:
        checks.append(policy_check(properties.get("SignaturePolicyIdentifier"), policy.expected_signature_policy))
    signing_time = _signing_time(properties.get("SigningTime"))
    checks.append(passed("xades.signing-time"))
    digest_uri, digest, serial = certificate_reference(properties)
    return QualifyingProperties(
        signed_properties=signed,
        reference=reference,
        signing_time=signing_time,
        certificate_digest_uri=digest_uri,
        certificate_digest=digest,
        serial=serial,
        is_first_version="SigningCertificate" in properties,
        media_types=_media_types(
            [item for name, item in about_objects if name == "DataObjectFormat"], is_required=has_formats
        ),
        content_time_stamps=tuple([item for name, item in about_objects if name.endswith("TimeStamp")]),
        unsigned=parts.get("UnsignedProperties"),
    )


def require_formats(
    references: Iterable[Reference],
    properties: QualifyingProperties,
    *,
    others: Iterable[Reference] = (),
    is_required: bool = True,
) -> None:
    """Step 6: each data Reference has its one DataObjectFormat, and each of those its Reference.

    `others` are References to parts of the Signature itself, which may have one as well. Where none `is_required`, those
    that are there still need their Reference.
    """
    identifiers = [reference.id for reference in references]
    if not is_required:
        if properties.media_types.keys() - {*identifiers, *(reference.id for reference in others)}:
            raise malformed("xades.data-object-format", "not one to one")
        return
    if None in identifiers or len(set(identifiers)) != len(identifiers):
        raise malformed("xades.data-object-format", "Reference without its own Id")
    described = properties.media_types.keys() - {reference.id for reference in others}
    if set(identifiers) != described:
        raise malformed("xades.data-object-format", "not one to one")


def _only_qualifying_properties(signature: Signature) -> etree._Element:
    found = [item for item in signature.element.iter(_QUALIFYING_PROPERTIES) if not _is_countersigned(item, signature)]
    if len(found) != 1:  # a second one, wherever it stands, could be the one another reader finds first
        raise malformed("xades.qualifying-properties", "absent" if not found else "more than one")
    parent = found[0].getparent()
    if not any(parent is item for item in signature.objects) or parent is None or len(children(parent)) != 1:
        raise malformed("xades.qualifying-properties", "position")
    target = attributes(found[0], ("Target",), ("Id",), "xades.qualifying-properties")["Target"]
    if signature.id is None or target != f"#{signature.id}":
        raise malformed("xades.qualifying-properties", "Target")
    return found[0]


def _is_countersigned(qualifying: etree._Element, signature: Signature) -> bool:
    """Whether these are the properties of a counter-signature inside our unsigned ones: its own affair, not ours."""
    above = [item for item in qualifying.iterancestors() if item is not signature.element]
    tags = [item.tag for item in above]
    return _COUNTER_SIGNATURE in tags and _UNSIGNED_PROPERTIES in tags[tags.index(_COUNTER_SIGNATURE) :]


def _known_children(
    element: etree._Element, known: Mapping[str, tuple[int, str]], *, repeated: bool = False
) -> list[tuple[str, etree._Element]]:
    """Children with their local names, in the order of `known`, each at most once unless `repeated`."""
    found = []
    last = -1
    for child in children(element, "xades.qualifying-properties"):
        expected = known.get(child.tag)
        if expected is None:
            raise malformed("xades.qualifying-properties", "unknown property", element=local_name(child))
        place, name = expected
        if place < last or (place == last and not repeated):
            raise malformed("xades.qualifying-properties", "order of properties", element=local_name(element))
        last = place
        found.append((name, child))
    if not found:
        raise malformed("xades.qualifying-properties", "empty", element=local_name(element))
    return found


def _signed_properties_reference(signature: Signature, identifier: str, *, is_named: bool) -> Reference:
    of_type = [reference for reference in signature.references if reference.type == SIGNED_PROPERTIES_TYPE]
    if len(of_type) != 1:
        raise malformed("xades.signed-properties", "not exactly one Reference of the Type")
    if of_type[0].uri != f"#{identifier}":
        raise malformed("xades.signed-properties", "Reference to another element")
    if of_type[0].canonicalization is None and is_named:  # without one XMLDSig says C14N 1.0: said aloud is safer
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


def _media_types(formats: Iterable[etree._Element], *, is_required: bool) -> dict[str, str]:
    """Id of a Reference -> MimeType, empty where none is stated and none `is_required`."""
    check_id = "xades.data-object-format"
    found: dict[str, str] = {}
    for element in formats:
        target = attributes(element, ("ObjectReference",), (), check_id)["ObjectReference"]
        media_types = [part for part in children(element, check_id) if part.tag == _MIME_TYPE]
        counts = (1,) if is_required else (0, 1)
        if len(media_types) not in counts or not target.startswith("#") or target[1:] in found:
            raise malformed(check_id, "MimeType or ObjectReference")
        found[target[1:]] = leaf_text(media_types[0], check_id) if media_types else ""
    return found
