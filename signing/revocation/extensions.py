"""Extensions of CRLs, their entries, OCSP answers and certificates as far as revocation reads them (RFC 5280, 4.2 and 5)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from signing import asn1
from signing.certificates import Certificate, Name, read_name, without_personal_number
from signing.certificates.distinguished_name import NameKey
from signing.errors import Malformed

AUTHORITY_INFO_ACCESS: Final = "1.3.6.1.5.5.7.1.1"
CRL_DISTRIBUTION_POINTS: Final = "2.5.29.31"
FRESHEST_CRL: Final = "2.5.29.46"
OCSP_ACCESS: Final = "1.3.6.1.5.5.7.48.1"

_URI: Final = 0x86
_DIRECTORY_NAME: Final = 0xA4
_RELATIVE_NAME: Final = 0xA1
_NULL_PARAMETERS: Final = b"\x05\x00"
MAX_DISTRIBUTION_POINTS: Final = 16
MAX_NAMES: Final = 64
MAX_SHOWN: Final = 300

ALL_REASONS: Final = frozenset(range(1, 9))
"""ReasonFlags (RFC 5280, 4.2.1.13): keyCompromise (1) to aACompromise (8); bit 0 is not used."""

ComparedName = tuple[str, object]
"""One general name in a form that compares: ("directory", key) or (tag in hex, octets)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extension:
    critical: bool
    value: bytes
    """DER inside the OCTET STRING, not yet walked."""


def read_extensions(listed: asn1.Der) -> dict[str, Extension]:
    """Extensions by OID; raises Malformed for one that stands there twice (RFC 5280, 4.2)."""
    found: dict[str, Extension] = {}
    for element in asn1.children(asn1.expect(listed, asn1.SEQUENCE)):
        fields = asn1.Fields(element)
        oid = asn1.oid(fields.take(asn1.OID))
        critical = fields.take_optional(asn1.BOOLEAN)
        if critical is not None and not asn1.boolean(critical):
            raise Malformed("asn1.not-der", rule="default value written out")
        value = asn1.octets(fields.take(asn1.OCTET_STRING))
        fields.end()
        if oid in found:
            raise Malformed("signing.extension-twice", extension=oid)
        found[oid] = Extension(critical=critical is not None, value=value)
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class DistributionPoint:
    """Where a certificate says its CRL is. `names` None when the name is left out; `reasons` are ReasonFlags bits."""

    names: frozenset[ComparedName] | None
    reasons: frozenset[int]
    crl_issuer: tuple[Name, ...]
    urls: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """issuingDistributionPoint (RFC 5280, 5.2.5); a CRL without it has the widest scope of its issuer."""

    names: frozenset[ComparedName] | None = None
    user_certificates_only: bool = False
    authority_certificates_only: bool = False
    attribute_certificates_only: bool = False
    reasons: frozenset[int] = ALL_REASONS
    indirect: bool = False
    shown_names: tuple[str, ...] = ()
    """`names` for people, in their order."""


@lru_cache(maxsize=1024)
def distribution_points(certificate: Certificate) -> tuple[DistributionPoint, ...]:
    """CRLDistributionPoints of a certificate; raises Malformed."""
    return _points(certificate, CRL_DISTRIBUTION_POINTS)


@lru_cache(maxsize=1024)
def freshest_crl_points(certificate: Certificate) -> tuple[DistributionPoint, ...]:
    """FreshestCRL of a certificate: where its delta CRL is; raises Malformed."""
    return _points(certificate, FRESHEST_CRL)


@lru_cache(maxsize=1024)
def ocsp_urls(certificate: Certificate) -> tuple[str, ...]:
    """URLs of OCSP responders in authorityInfoAccess (RFC 5280, 4.2.2.1); raises Malformed."""
    extension = certificate.extension(AUTHORITY_INFO_ACCESS)
    if extension is None:
        return ()
    found = []
    for element in asn1.children(asn1.expect(asn1.read_der(extension.value), asn1.SEQUENCE)):
        fields = asn1.Fields(element)
        method, location = asn1.oid(fields.take(asn1.OID)), fields.take()
        fields.end()
        if method == OCSP_ACCESS and location.tag == _URI:
            found += [url for url in (_url(location.content),) if url]
    return tuple(found)


def read_scope(value: bytes) -> Scope:
    """The issuingDistributionPoint in this DER, of a CRL whose issuer is `issuer`; raises Malformed.

    A name relative to the CRL issuer is kept as the relative name; `relative_to` completes it.
    """
    fields = asn1.Fields(asn1.read_der(value))
    point = fields.take_optional(0xA0)
    user, authority = _flag(fields.take_optional(0x81)), _flag(fields.take_optional(0x82))
    reasons = fields.take_optional(0x83)
    indirect, attribute = _flag(fields.take_optional(0x84)), _flag(fields.take_optional(0x85))
    fields.end()
    if user + authority + attribute > 1:
        raise Malformed("signing.crl-scope")
    return Scope(
        names=_names_of_point(point)[0] if point is not None else None,
        user_certificates_only=user,
        authority_certificates_only=authority,
        attribute_certificates_only=attribute,
        reasons=_reasons(reasons),
        indirect=indirect,
        shown_names=_shown_names(point) if point is not None else (),
    )


def relative_to(names: frozenset[ComparedName] | None, issuer: NameKey) -> frozenset[ComparedName] | None:
    """`names` with a name relative to the CRL issuer made whole."""
    if names is None:
        return None
    return frozenset(("directory", (*issuer, part)) if form == "relative" else (form, part) for form, part in names)


def directory_names(general_names: asn1.Der) -> tuple[Name, ...]:
    """The distinguished names in GeneralNames; other forms are left out."""
    listed = asn1.children(general_names)
    if len(listed) > MAX_NAMES:
        raise Malformed("asn1.too-many-elements", limit=str(MAX_NAMES))
    return tuple(read_name(only(each)) for each in listed if each.tag == _DIRECTORY_NAME)


def _points(certificate: Certificate, oid: str) -> tuple[DistributionPoint, ...]:
    extension = certificate.extension(oid)
    if extension is None:
        return ()
    listed = asn1.children(asn1.expect(asn1.read_der(extension.value), asn1.SEQUENCE))
    if not listed or len(listed) > MAX_DISTRIBUTION_POINTS:
        raise Malformed("signing.distribution-points", limit=str(MAX_DISTRIBUTION_POINTS))
    return tuple(_point(element) for element in listed)


def _point(element: asn1.Der) -> DistributionPoint:
    fields = asn1.Fields(element)
    name, reasons, issuer = fields.take_optional(0xA0), fields.take_optional(0x81), fields.take_optional(0xA2)
    fields.end()
    if name is None and issuer is None:
        raise Malformed("signing.distribution-points", limit=str(MAX_DISTRIBUTION_POINTS))
    names, urls = _names_of_point(name) if name is not None else (None, ())
    return DistributionPoint(
        names=names,
        reasons=_reasons(reasons),
        crl_issuer=directory_names(issuer) if issuer is not None else (),
        urls=urls,
    )


def _names_of_point(wrapped: asn1.Der) -> tuple[frozenset[ComparedName], tuple[str, ...]]:
    choice = only(wrapped)
    if choice.tag == _RELATIVE_NAME:
        relative = read_name(asn1.read_der(asn1.encode(asn1.SEQUENCE, asn1.encode(asn1.SET, choice.content))))
        return frozenset({("relative", relative.key[0])}), ()
    names = asn1.children(asn1.expect(choice, 0xA0))
    if not names or len(names) > MAX_NAMES:
        raise Malformed("asn1.too-many-elements", limit=str(MAX_NAMES))
    urls = [url for each in names if each.tag == _URI for url in (_url(each.content),) if url]
    return frozenset(_compared(each) for each in names), tuple(urls)


def _shown_names(wrapped: asn1.Der) -> tuple[str, ...]:
    """What `_names_of_point` has read, as lines for people: a stranger's text, cut and without what is not printable."""
    choice = only(wrapped)
    if choice.tag == _RELATIVE_NAME:
        relative = read_name(asn1.read_der(asn1.encode(asn1.SEQUENCE, asn1.encode(asn1.SET, choice.content))))
        return (_line(relative.shown()),)
    return tuple(_line(_shown(each)) for each in asn1.children(choice))


def _shown(name: asn1.Der) -> str:
    if name.tag == _DIRECTORY_NAME:
        return read_name(only(name)).shown()
    if name.tag == _URI:
        return _url(name.content)
    return f"{name.tag:02x}:{name.content[:MAX_SHOWN].hex()}"


def _line(text: str) -> str:
    printable = "".join(letter if letter.isprintable() else "\ufffd" for letter in text[:MAX_SHOWN])
    return without_personal_number(printable)


def _compared(name: asn1.Der) -> ComparedName:
    if name.tag == _DIRECTORY_NAME:
        return "directory", read_name(only(name)).key
    if name.tag == _URI:
        return "uri", _url(name.content)
    return f"{name.tag:02x}", name.content


def _url(content: bytes) -> str:
    """A URI up to its first white space: certificates of the national CA until 2022 pad it and add a second one."""
    parts = content.decode("ascii", "replace").split(None, 1)
    return parts[0] if parts else ""


def _reasons(element: asn1.Der | None) -> frozenset[int]:
    if element is None:
        return ALL_REASONS
    # an implicit tag hides the rules of a BIT STRING from the walk: it is walked again under its own
    return asn1.named_bits(asn1.read_der(asn1.encode(asn1.BIT_STRING, element.content))) & ALL_REASONS


def _flag(element: asn1.Der | None) -> bool:
    if element is None:
        return False
    if not asn1.boolean(asn1.read_der(asn1.encode(asn1.BOOLEAN, element.content))):
        raise Malformed("asn1.not-der", rule="default value written out")
    return True


def only(wrapped: asn1.Der) -> asn1.Der:
    """The one element inside an explicit tag; raises Malformed."""
    inside = asn1.children(wrapped)
    if len(inside) != 1:
        raise Malformed("asn1.structure", expected="one element", found=str(len(inside)))
    return inside[0]


def same_algorithm(inner: tuple[str, bytes | None], outer: tuple[str, bytes | None]) -> bool:
    """Whether two AlgorithmIdentifiers say the same; absent and NULL parameters are the same thing, as in paths."""
    return (inner[0], inner[1] or _NULL_PARAMETERS) == (outer[0], outer[1] or _NULL_PARAMETERS)
