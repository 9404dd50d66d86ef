"""ds:KeyInfo: certificates to choose from and a key to compare with; no more than a hint.

A certificate stands there, or is named (issuer and serial number, key identifier, subject, digest) and looked up among
those the caller knows. KeyName, RetrievalMethod, KeyInfoReference, DEREncodedKeyValue, X509CRL and the rest are never
followed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from signing import algorithms
from signing.certificates import Certificate
from signing.errors import Malformed
from signing.validation_report import SubIndication
from signing.xmldsig.steps import DS, failed, malformed, unsupported
from signing.xmldsig.structure import (
    attributes,
    base64_octets,
    base64_text,
    children,
    decoded,
    leaf_text,
    local_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lxml import etree

    from signing.certificates import Attribute

MAX_CERTIFICATES: Final = 10
MAX_CERTIFICATE_BYTES: Final = 64 * 1024

_REMEMBERED_TEXT: Final = 8 * 1024
_X509_DATA: Final = f"{{{DS}}}X509Data"
_X509_CERTIFICATE: Final = f"{{{DS}}}X509Certificate"
_X509_ISSUER_SERIAL: Final = f"{{{DS}}}X509IssuerSerial"
_ISSUER_SERIAL: Final = [f"{{{DS}}}X509IssuerName", f"{{{DS}}}X509SerialNumber"]
_X509_SUBJECT_NAME: Final = f"{{{DS}}}X509SubjectName"
_X509_SKI: Final = f"{{{DS}}}X509SKI"
_X509_DIGEST: Final = "{http://www.w3.org/2009/xmldsig11#}X509Digest"
_KEY_VALUE: Final = f"{{{DS}}}KeyValue"
_MAX_SERIAL_DIGITS: Final = 50  # 20 octets in decimal are 49


def certificates_in(key_info: etree._Element | None) -> tuple[bytes, ...]:
    """DER certificates of ds:X509Data in document order; all else in KeyInfo is left where it is."""
    if key_info is None:
        return ()
    found = [
        certificate
        for group in key_info.iterchildren(_X509_DATA)
        for certificate in group.iterchildren(_X509_CERTIFICATE)
    ]
    if len(found) > MAX_CERTIFICATES:
        raise malformed("xmldsig.limits", "certificates", limit=str(MAX_CERTIFICATES))
    return tuple([certificate_text(element) for element in found])


def certificate_text(element: etree._Element) -> bytes:
    """The octets of one embedded certificate, under its limit."""
    octets = decoded(element, _certificate_octets)
    if len(octets) > MAX_CERTIFICATE_BYTES:
        raise malformed("xmldsig.limits", "certificate size", limit=str(MAX_CERTIFICATE_BYTES))
    return octets


def _certificate_octets(text: str) -> bytes:
    # the same few issuers and signers come again and again; what a stranger may make us remember is bounded
    return _remembered(text) if len(text) <= _REMEMBERED_TEXT else base64_octets(text)


_remembered = lru_cache(maxsize=256)(base64_octets)


def certificates_named(key_info: etree._Element, known: Iterable[bytes], check_id: str) -> tuple[Certificate, ...]:
    """Those of `known` (DER) that a ds:X509Data names in one of its ways; best first, empty when none is.

    Not checked here: that one of them verifies the value. What is broken in `known` is passed over: it is the caller's
    and must not speak against the document.
    """
    ways = [
        _way(part, check_id)
        for group in key_info.iterchildren(_X509_DATA)
        for part in group.iterchildren(_X509_ISSUER_SERIAL, _X509_SKI, _X509_SUBJECT_NAME, _X509_DIGEST)
    ]
    if len(ways) > MAX_CERTIFICATES:
        raise malformed("xmldsig.limits", "certificates", limit=str(MAX_CERTIFICATES))
    if not ways:
        return ()
    certificates = readable_certificates(known)
    found = {each: distance for way in ways for each in certificates if (distance := way(each)) is not None}
    return tuple(sorted(found, key=found.__getitem__))


def issuer_and_serial(element: etree._Element, check_id: str) -> tuple[str, int]:
    """The two leaves of a ds:X509IssuerSerial."""
    parts = children(element, check_id)
    if [part.tag for part in parts] != _ISSUER_SERIAL:
        raise malformed(check_id, "children", element=local_name(element))
    issuer, serial = (leaf_text(part, check_id).strip(" \t\r\n") for part in parts)
    if not (serial.isascii() and serial.isdigit() and len(serial) <= _MAX_SERIAL_DIGITS):
        raise malformed(check_id, "serial number")
    return issuer, int(serial)


def _way(element: etree._Element, check_id: str) -> Callable[[Certificate], int | None]:
    """How far a certificate is from what one element names, None when it is another.

    Names as text differ between programs (order, names of attributes, escapes), so an issuer beside its serial number
    only sorts: whose words all stand in it comes first. A subject alone must have all its words there.
    """
    if element.tag == _X509_ISSUER_SERIAL:
        issuer, serial = issuer_and_serial(element, check_id)
        return lambda each: _words_missing(each.issuer.attributes, issuer) if each.serial == serial else None
    if element.tag == _X509_SUBJECT_NAME:
        subject = leaf_text(element, check_id)
        return lambda each: (
            0 if each.subject.attributes and not _words_missing(each.subject.attributes, subject) else None
        )
    if element.tag == _X509_SKI:
        identifier = base64_text(element)
        return lambda each: 0 if each.subject_key_id == identifier else None
    algorithm = algorithms.digest_by_uri(attributes(element, ("Algorithm",), (), check_id)["Algorithm"])
    digest = base64_text(element)
    if algorithm is None or algorithm.standing is not algorithms.Standing.TRUSTED:
        return lambda _: None
    return lambda each: 0 if algorithm.of(each.der) == digest else None


def _words_missing(names: Sequence[Attribute], text: str) -> int:
    return sum(item.value not in text for item in names)


def readable_certificates(known: Iterable[bytes]) -> tuple[Certificate, ...]:
    """Those of the caller's own certificates that can be read; the rest says nothing about anybody's signature."""
    found = []
    for der in dict.fromkeys(known):
        try:
            found.append(Certificate.from_der(der))
        except Malformed:
            continue
    return tuple(found)


def require_key_value(key_info: etree._Element | None, certificate: Certificate) -> None:
    """A ds:KeyValue, if there is one, must be the certificate's own key ("xmldsig.key-value"); it is never used."""
    for value in () if key_info is None else key_info.iterchildren(_KEY_VALUE):
        given = children(value)
        if len(given) != 1:
            raise malformed("xmldsig.structure", "children", element="KeyValue")
        expected = _key_numbers(certificate.public_key_info)
        leaves = {local_name(leaf): leaf for leaf in children(given[0])}
        if expected is None or leaves.keys() - {"NamedCurve"} != expected.keys():
            raise unsupported("xmldsig.key-value", SubIndication.GENERIC, "form", element=local_name(given[0]))
        if any(base64_text(leaves[name]) != octets for name, octets in expected.items()):
            raise failed("xmldsig.key-value", SubIndication.SIG_CONSTRAINTS_FAILURE, "another key")


def _key_numbers(public_key_info: bytes) -> dict[str, bytes] | None:
    """The leaves an RSAKeyValue or ECKeyValue of this key must have (XMLDSig 1.1, 4.5.2); None for other keys."""
    try:
        key = load_der_public_key(public_key_info)
    except (ValueError, UnsupportedAlgorithm):
        return None
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        pairs = {"Modulus": numbers.n, "Exponent": numbers.e}
        return {name: number.to_bytes((number.bit_length() + 7) // 8, "big") for name, number in pairs.items()}
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {"PublicKey": key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)}
    return None
