"""ds:KeyInfo: certificates to choose from and a key to compare with; no more than a hint."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from signing.validation_report import SubIndication
from signing.xmldsig.steps import DS, failed, malformed, unsupported
from signing.xmldsig.structure import base64_octets, base64_text, children, decoded, local_name

if TYPE_CHECKING:
    from lxml import etree

    from signing.certificates import Certificate

MAX_CERTIFICATES: Final = 10
MAX_CERTIFICATE_BYTES: Final = 64 * 1024

_REMEMBERED_TEXT: Final = 8 * 1024
_X509_DATA: Final = f"{{{DS}}}X509Data"
_X509_CERTIFICATE: Final = f"{{{DS}}}X509Certificate"
_KEY_VALUE: Final = f"{{{DS}}}KeyValue"


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
    return tuple(certificate_text(element) for element in found)


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
