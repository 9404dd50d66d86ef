"""What was added to a signature after it was made (EN 319 132-1, 5.3 to 5.5): read under limits, nothing believed.

1. "xades.validation-data"  CertificateValues, RevocationValues, AttrAuthoritiesCertValues, AttributeRevocationValues,
                            TimeStampValidationData, AnyValidationData: DER as it was received
2. "xades.time-stamps"      SignatureTimeStamp and ArchiveTimeStamp of version 1.4.1: the tokens, and which canonical form
                            their imprint is over

Nobody signs these properties, a time-stamp behind them may cover them. All else (references without values, the
time-stamps over them, counter-signatures, the archive time-stamp of version 1.3.2, renewed digests, a policy store) is
named as not looked at: a counter-signature is never counted as a signer.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from signing.validation_data import NO_DATA, ValidationData
from signing.xades.names import (
    MAX_ARCHIVE_TIME_STAMPS,
    MAX_CRL_BYTES,
    MAX_OCSP_BYTES,
    MAX_TOKEN_BYTES,
    MAX_UNSIGNED_PROPERTIES,
    MAX_VALUES,
    local,
    local141,
)
from signing.xmldsig import (
    C14N_10,
    DS,
    Canonicalization,
    attributes,
    base64_text,
    certificate_text,
    children,
    local_name,
    malformed,
    passed,
    read_canonicalization,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml import etree

    from signing.policy import SignatureLevel
    from signing.validation_report import Check

_SIGNATURE_PROPERTIES: Final = local("UnsignedSignatureProperties")
_OBJECT_PROPERTIES: Final = local("UnsignedDataObjectProperties")
_CERTIFICATE_VALUES: Final = local("CertificateValues")
_REVOCATION_VALUES: Final = local("RevocationValues")
VALUES: Final = frozenset({_CERTIFICATE_VALUES, _REVOCATION_VALUES})
"""Tags of the properties of which a signature has one at most."""
_CERTIFICATES: Final = frozenset({_CERTIFICATE_VALUES, local("AttrAuthoritiesCertValues")})
_REVOCATION: Final = frozenset({_REVOCATION_VALUES, local("AttributeRevocationValues")})
_BOTH: Final = frozenset({local141("TimeStampValidationData"), local141("AnyValidationData")})
_CERTIFICATE: Final = local("EncapsulatedX509Certificate")
_CRL_VALUES: Final = local("CRLValues")
_CRL: Final = local("EncapsulatedCRLValue")
_OCSP_VALUES: Final = local("OCSPValues")
_OCSP: Final = local("EncapsulatedOCSPValue")
_OTHERS: Final = frozenset({local("OtherCertificate"), local("OtherValues")})
_TIME_STAMPS: Final[dict[str, Literal["signature", "archive"]]] = {
    local("SignatureTimeStamp"): "signature",
    local141("ArchiveTimeStamp"): "archive",
}
_INCLUDE: Final = local("Include")
_METHOD: Final = f"{{{DS}}}CanonicalizationMethod"
_TOKEN: Final = local("EncapsulatedTimeStamp")
_XML_TOKEN: Final = local("XMLTimeStamp")
_ENCODING: Final = "http://uri.etsi.org/01903/v1.2.2#DER"
# EN 319 132-1, 4.5: what is meant where no canonicalization is named
_STANDARD_METHOD: Final = Canonicalization(uri=C14N_10)


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeStampProperty:
    """A XAdESTimeStampType as read: `tokens` in DER; `includes` are the Ids of References (content time-stamps only).

    `place` is its place among the unsigned signature properties, -1 for a property that is signed.
    """

    name: str
    id: str | None
    place: int
    kind: Literal["content", "signature", "archive"]
    canonicalization: Canonicalization
    tokens: tuple[bytes, ...]
    includes: tuple[str, ...] = ()
    embedded: ValidationData = NO_DATA


@dataclass(frozen=True, kw_only=True, slots=True)
class UnsignedProperties:
    """`elements` are all unsigned signature properties in order; `objects[n]` what the n-th of them holds, each by the
    hex SHA-256 of its DER.
    """

    elements: tuple[etree._Element, ...] = ()
    objects: tuple[tuple[str, ...], ...] = ()
    time_stamps: tuple[TimeStampProperty, ...] = ()
    embedded: ValidationData = NO_DATA
    not_looked_at: tuple[str, ...] = ()

    @property
    def level(self) -> SignatureLevel:
        """The baseline level whose properties are there (EN 319 132-1, 6.3); whether they hold is judged elsewhere."""
        kinds = {each.kind for each in self.time_stamps}
        if "signature" not in kinds:
            return "B-B"
        if not (self.embedded.crls or self.embedded.ocsp_responses):
            return "B-T"
        return "B-LTA" if "archive" in kinds else "B-LT"


@dataclass(slots=True)
class _Reading:
    """What has been found so far."""

    elements: list[etree._Element]
    objects: list[tuple[str, ...]] = field(default_factory=list)
    time_stamps: list[TimeStampProperty] = field(default_factory=list)
    for_time_stamps: list[tuple[str | None, ValidationData]] = field(default_factory=list)
    embedded: list[ValidationData] = field(default_factory=list)
    not_looked_at: list[str] = field(default_factory=list)


def read_unsigned_properties(element: etree._Element | None, checks: list[Check]) -> UnsignedProperties:
    """`element` is xades:UnsignedProperties, None where there is none; appends both checks where something was read."""
    if element is None:
        return UnsignedProperties()
    elements, elsewhere = _properties(element)
    reading = _Reading(elements=elements, not_looked_at=elsewhere)
    for place, item in enumerate(elements):
        kind = _TIME_STAMPS.get(str(item.tag))
        if kind is not None:
            _take_time_stamp(reading, item, place, kind)
        else:
            _take_validation_data(reading, item)
    if sum(each.kind == "archive" for each in reading.time_stamps) > MAX_ARCHIVE_TIME_STAMPS:
        raise malformed("xmldsig.limits", "archive time-stamps", limit=str(MAX_ARCHIVE_TIME_STAMPS))
    if reading.embedded:
        checks.append(passed("xades.validation-data"))
    if reading.time_stamps:
        checks.append(passed("xades.time-stamps"))
    return UnsignedProperties(
        elements=tuple(elements),
        objects=tuple(reading.objects),
        time_stamps=tuple(reading.time_stamps),
        embedded=NO_DATA.joined(*reading.embedded),
        not_looked_at=tuple(reading.not_looked_at),
    )


def read_content_time_stamps(
    elements: Iterable[etree._Element],
) -> tuple[tuple[TimeStampProperty, ...], tuple[str, ...]]:
    """AllDataObjectsTimeStamp and IndividualDataObjectsTimeStamp, and the names of those not looked at."""
    found: list[TimeStampProperty] = []
    skipped: list[str] = []
    for item in elements:
        read = _time_stamp(item, -1, "content")
        individual = local_name(item) == "IndividualDataObjectsTimeStamp"
        if read is None or individual != bool(read.includes):
            skipped.append(local_name(item))
        else:
            found.append(read)
    return tuple(found), tuple(skipped)


def _properties(element: etree._Element) -> tuple[list[etree._Element], list[str]]:
    check_id = "xades.validation-data"
    parts = children(element, check_id)
    tags = [part.tag for part in parts]
    if tags not in ([_SIGNATURE_PROPERTIES], [_SIGNATURE_PROPERTIES, _OBJECT_PROPERTIES], [_OBJECT_PROPERTIES]):
        raise malformed(check_id, "children", element="UnsignedProperties")
    found = [child for part in parts for child in children(part, check_id)]
    if len(found) > MAX_UNSIGNED_PROPERTIES:
        raise malformed("xmldsig.limits", "unsigned properties", limit=str(MAX_UNSIGNED_PROPERTIES))
    split = len(found) if tags[-1] == _SIGNATURE_PROPERTIES else len(found) - len(parts[-1])
    return found[:split], [local_name(item) for item in found[split:]]


# --- 1: validation data --------------------------------------------------------------------------------------------
def _take_validation_data(reading: _Reading, item: etree._Element) -> None:
    read = _validation_data(item, reading.not_looked_at)
    if read is None:
        reading.not_looked_at.append(local_name(item))
        reading.objects.append(())
        return
    reading.embedded.append(read)
    reading.objects.append(
        tuple(hashlib.sha256(der).hexdigest() for der in (*read.certificates, *read.crls, *read.ocsp_responses))
    )
    if local_name(item) == "TimeStampValidationData":
        _give_to_time_stamp(reading, item.get("URI"), read)


def _give_to_time_stamp(reading: _Reading, uri: str | None, read: ValidationData) -> None:
    """Without a URI it belongs to the time-stamp right before it (EN 319 132-1, 5.5.1)."""
    stamps = reading.time_stamps
    for index in range(len(stamps) - 1, -1, -1):
        each = stamps[index]
        if uri is None or (each.id is not None and uri == f"#{each.id}"):
            stamps[index] = TimeStampProperty(
                name=each.name,
                id=each.id,
                place=each.place,
                kind=each.kind,
                canonicalization=each.canonicalization,
                tokens=each.tokens,
                includes=each.includes,
                embedded=each.embedded.joined(read),
            )
            return


def _validation_data(item: etree._Element, not_looked_at: list[str]) -> ValidationData | None:
    """What one property holds, None for a property of another kind."""
    if item.tag in _CERTIFICATES:
        return ValidationData(certificates=_certificates(item, not_looked_at))
    if item.tag in _REVOCATION:
        return _revocation(item, not_looked_at)
    if item.tag not in _BOTH:
        return None
    read = NO_DATA
    for part in children(item, "xades.validation-data"):
        if part.tag == _CERTIFICATE_VALUES:
            read = read.joined(ValidationData(certificates=_certificates(part, not_looked_at)))
        elif part.tag == _REVOCATION_VALUES:
            read = read.joined(_revocation(part, not_looked_at))
        else:
            raise malformed("xades.validation-data", "children", element=local_name(item))
    return read


def _certificates(item: etree._Element, not_looked_at: list[str]) -> tuple[bytes, ...]:
    return tuple(certificate_text(value) for value in _values(item, _CERTIFICATE, not_looked_at))


def _revocation(item: etree._Element, not_looked_at: list[str]) -> ValidationData:
    crls: list[bytes] = []
    ocsp_responses: list[bytes] = []
    for part in children(item, "xades.validation-data"):
        if part.tag == _CRL_VALUES:
            crls += (_octets(value, MAX_CRL_BYTES) for value in _values(part, _CRL, not_looked_at))
        elif part.tag == _OCSP_VALUES:
            ocsp_responses += (_octets(value, MAX_OCSP_BYTES) for value in _values(part, _OCSP, not_looked_at))
        elif part.tag in _OTHERS:
            not_looked_at.append(local_name(part))
        else:
            raise malformed("xades.validation-data", "children", element=local_name(item))
    return ValidationData(crls=tuple(crls), ocsp_responses=tuple(ocsp_responses))


def _values(item: etree._Element, tag: str, not_looked_at: list[str]) -> list[etree._Element]:
    """The encapsulated values of one kind; those in an encoding other than DER are named as not looked at."""
    found = children(item, "xades.validation-data")
    if len(found) > MAX_VALUES:
        raise malformed("xmldsig.limits", "values", element=local_name(item), limit=str(MAX_VALUES))
    values = []
    for value in found:
        if value.tag in _OTHERS or (value.tag == tag and value.get("Encoding", _ENCODING) != _ENCODING):
            not_looked_at.append(local_name(value))
        elif value.tag != tag:
            raise malformed("xades.validation-data", "children", element=local_name(item))
        else:
            values.append(value)
    return values


def _octets(value: etree._Element, most: int) -> bytes:
    octets = base64_text(value)
    if len(octets) > most:
        raise malformed("xmldsig.limits", "value size", element=local_name(value), limit=str(most))
    return octets


# --- 2: time-stamps ------------------------------------------------------------------------------------------------
def _take_time_stamp(
    reading: _Reading, item: etree._Element, place: int, kind: Literal["signature", "archive"]
) -> None:
    read = _time_stamp(item, place, kind)
    if read is None or read.includes:  # the distributed case: properties that another reader would look for elsewhere
        reading.not_looked_at.append(local_name(item))
        reading.objects.append(())
        return
    reading.time_stamps.append(read)
    reading.objects.append(tuple(hashlib.sha256(token).hexdigest() for token in read.tokens))


def _time_stamp(
    item: etree._Element, place: int, kind: Literal["content", "signature", "archive"]
) -> TimeStampProperty | None:
    """None for one in XML, or over parts chosen in a way we do not read."""
    check_id = "xades.time-stamps"
    parts = children(item, check_id)
    includes: list[str] = []
    while parts and parts[0].tag == _INCLUDE:
        named = attributes(parts.pop(0), ("URI",), ("referencedData",), check_id)
        if not named["URI"].startswith("#") or (kind == "content" and named.get("referencedData") not in ("true", "1")):
            return None
        includes.append(named["URI"][1:])
    method = _STANDARD_METHOD
    if parts and parts[0].tag == _METHOD:
        method = read_canonicalization(parts.pop(0), check_id)
    if not parts or any(part.tag not in (_TOKEN, _XML_TOKEN) for part in parts):
        raise malformed(check_id, "children", element=local_name(item))
    if any(part.tag == _XML_TOKEN or part.get("Encoding", _ENCODING) != _ENCODING for part in parts):
        return None
    if len(parts) > MAX_ARCHIVE_TIME_STAMPS:
        raise malformed("xmldsig.limits", "tokens", limit=str(MAX_ARCHIVE_TIME_STAMPS))
    return TimeStampProperty(
        name=local_name(item),
        id=item.get("Id"),
        place=place,
        kind=kind,
        canonicalization=method,
        tokens=tuple(_octets(part, MAX_TOKEN_BYTES) for part in parts),
        includes=tuple(includes),
    )
