"""WS-Security X.509 token profile as SHEP uses it (exchange reference 2.6, 2.7): built and read back.

1. One wsu:Id on the Body, one Reference to it, exclusive canonicalization, prefix `ds` literally: peers search for it.
2. The header is spliced into the bytes given; no other byte changes. What is hashed is the Body of the very bytes that
   leave.
3. Read: one Envelope, one Body, at most one Header and Security ("wss.envelope"); a Signature must be there
   ("wss.signature-present"); each signature has the Body, by identity of the node, as its one target ("wss.coverage").
4. The signer is named by KeyIdentifier (the certificate itself), by a Reference to a BinarySecurityToken in the Security
   header, by X509Data, or by issuer and serial number; all of them are hints, the key of the certificate found must verify
   the value ("wss.key-info").

The profile has no time, no signed certificate reference and covers nothing but the Body: headers are unsigned.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lxml import etree

import schemas
from signing.certificates import Certificate
from signing.errors import Malformed, SigningError
from signing.validation_report import SubIndication
from signing.xmldsig import (
    DS,
    EXCLUSIVE,
    SIGNATURE,
    Canonicalizer,
    NewReference,
    StepError,
    attributes,
    certificate_text,
    certificates_in,
    failed,
    fragment,
    issuer_and_serial,
    malformed,
    new_signature_value,
    new_signed_info,
    signing_algorithms,
    unique_ids,
    unsupported,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from signing.keys import SigningKey
    from signing.policy import SigningPolicy
    from signing.xmldsig import Reference, Signature

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_OASIS: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE: Final = f"{_OASIS}wssecurity-secext-1.0.xsd"
WSU: Final = f"{_OASIS}wssecurity-utility-1.0.xsd"
X509V3: Final = f"{_OASIS}x509-token-profile-1.0#X509v3"
BASE64_BINARY: Final = f"{_OASIS}soap-message-security-1.0#Base64Binary"

CHECKS: Final = frozenset({"wss.envelope", "wss.signature-present", "wss.coverage", "wss.key-info"})

MAX_SIGNATURES: Final = 16
MAX_BODY_ID: Final = 128

_BINARY_SECURITY_TOKEN: Final = f"{{{WSSE}}}BinarySecurityToken"
_WSU_ID: Final = f"{{{WSU}}}Id"
_BODY_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")
# Tags of bytes already to be parsed by the one door: only their places are taken from here, never their meaning.
_TOKEN: Final = re.compile(
    rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
    rb"|<(?P<close>/?)(?P<name>[^\s/>!?\"'=]++)(?P<attributes>(?:[^>\"'/]++|\"[^\"]*+\"|'[^']*+'|/(?!>))*)(?P<empty>/?)>",
    re.DOTALL,
)


# --- reading -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """A SOAP 1.1 envelope of exactly the shape the profile allows; `signatures` in document order."""

    root: etree._Element
    body: etree._Element
    security: etree._Element | None
    signatures: tuple[etree._Element, ...]


def read_envelope(root: etree._Element) -> Envelope:
    """Check "wss.envelope": SOAP 1.1, children Header (optional) and Body, no second of them or Envelope anywhere."""
    if root.tag != f"{{{SOAP}}}Envelope":
        raise malformed("wss.envelope", "root element")
    parts = list(root.iterchildren("*"))
    tags = [part.tag for part in parts]
    if tags not in ([f"{{{SOAP}}}Body"], [f"{{{SOAP}}}Header", f"{{{SOAP}}}Body"]):
        raise malformed("wss.envelope", "children")
    body = parts[-1]
    if sum(1 for _ in root.iter(f"{{{SOAP}}}Envelope", f"{{{SOAP}}}Body", f"{{{SOAP}}}Header")) != 1 + len(parts):
        raise malformed("wss.envelope", "a second Envelope, Header or Body")
    if next(body.iter(etree.Comment), None) is not None:
        # canonical form leaves comments out, so anybody may put one in; it would split the text an application reads
        raise malformed("wss.envelope", "comment in the Body")
    securities = list(root.iter(f"{{{WSSE}}}Security"))
    if len(securities) > 1:
        raise malformed("wss.envelope", "a second Security")
    if not securities:
        return Envelope(root=root, body=body, security=None, signatures=())
    if len(parts) == 1 or securities[0].getparent() is not parts[0]:
        raise malformed("wss.envelope", "Security outside the Header")
    signatures = tuple(securities[0].iterchildren(SIGNATURE))
    if len(signatures) > MAX_SIGNATURES:
        raise malformed("xmldsig.limits", "signatures", limit=str(MAX_SIGNATURES))
    return Envelope(root=root, body=body, security=securities[0], signatures=signatures)


def require_body_covered(signature: Signature, envelope: Envelope, ids: Mapping[str, etree._Element]) -> Reference:
    """Check "wss.coverage": exactly one Reference, and what it points to is the Body that the application will read."""
    if len(signature.references) != 1:
        raise failed("wss.coverage", SubIndication.SIG_CONSTRAINTS_FAILURE, "not exactly one Reference")
    reference = signature.references[0]
    identifier = fragment(reference.uri)
    if identifier is None or ids.get(identifier) is not envelope.body:
        raise failed("wss.coverage", SubIndication.SIG_CONSTRAINTS_FAILURE, "not the Body", uri=reference.uri[:200])
    if reference.canonicalization is None:
        raise failed("wss.coverage", SubIndication.SIG_CONSTRAINTS_FAILURE, "no canonicalization")
    return reference


def candidates_for_signer(
    key_info: etree._Element | None, known: Iterable[bytes], envelope: Envelope, ids: Mapping[str, etree._Element]
) -> tuple[Certificate, ...]:
    """Check "wss.key-info": certificates KeyInfo may mean, best first; `known` (DER) is searched for issuer and serial.

    Not checked here: that one of them verifies the value.
    """
    if key_info is None:
        raise unsupported("wss.key-info", SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "no KeyInfo")
    holders = [key_info, *key_info.iterchildren(f"{{{WSSE}}}SecurityTokenReference")]
    given: list[bytes] = []
    named: list[tuple[str, int]] = []
    for holder in holders:
        given.extend(_key_identifier(part) for part in holder.iterchildren(f"{{{WSSE}}}KeyIdentifier"))
        given.extend(_token(part, envelope, ids) for part in holder.iterchildren(f"{{{WSSE}}}Reference"))
        given.extend(certificates_in(holder))
        serials = holder.iterfind(f"{{{DS}}}X509Data/{{{DS}}}X509IssuerSerial")
        named.extend(issuer_and_serial(part, "wss.key-info") for part in serials)
    if len(given) + len(named) > 1 and not (given and not named):
        raise malformed("wss.key-info", "more than one signer named")
    try:
        if given:
            return tuple(Certificate.from_der(der) for der in dict.fromkeys(given))
        if not named:
            raise unsupported("wss.key-info", SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "form of KeyInfo")
        return _named_among(known, *named[0])
    except Malformed as error:
        raise malformed("wss.key-info", error.code) from error


def _key_identifier(element: etree._Element) -> bytes:
    types = attributes(element, ("ValueType",), ("EncodingType", _WSU_ID), "wss.key-info")
    if types["ValueType"] != X509V3 or types.get("EncodingType", BASE64_BINARY) != BASE64_BINARY:
        raise unsupported(
            "wss.key-info", SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "KeyIdentifier", type=types["ValueType"][:200]
        )
    return certificate_text(element)


def _token(element: etree._Element, envelope: Envelope, ids: Mapping[str, etree._Element]) -> bytes:
    """The certificate of a wsse:BinarySecurityToken (X.509 token profile 1.1, 3.1); nothing says that it was signed."""
    named = attributes(element, ("URI",), ("ValueType", _WSU_ID), "wss.key-info")
    token = ids.get(fragment(named["URI"]) or "")
    if token is None or token.tag != _BINARY_SECURITY_TOKEN or token.getparent() is not envelope.security:
        raise malformed("wss.key-info", "no BinarySecurityToken", uri=named["URI"][:200])
    types = attributes(token, ("ValueType",), ("EncodingType", _WSU_ID, "Id"), "wss.key-info")
    if types["ValueType"] != X509V3 or types.get("EncodingType", BASE64_BINARY) != BASE64_BINARY:
        raise unsupported(
            "wss.key-info",
            SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
            "BinarySecurityToken",
            type=types["ValueType"][:200],
        )
    return certificate_text(token)


def _named_among(known: Iterable[bytes], issuer: str, serial: int) -> tuple[Certificate, ...]:
    """By serial number, 20 random octets in the national profile. The issuer's text form differs between programs
    (order, names of attributes, escapes), so it only sorts: whose words all stand in the issuer's name comes first.
    """
    found = [Certificate.from_der(der) for der in dict.fromkeys(known)]
    found = [certificate for certificate in found if certificate.serial == serial]
    if not found:
        raise unsupported(
            "wss.key-info", SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "certificate not known", serial=f"{serial:x}"
        )
    return tuple(sorted(found, key=lambda each: sum(item.value not in issuer for item in each.issuer.attributes)))


# --- building ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True, slots=True)
class _Places:
    """Offsets in the envelope's bytes. `header`: where the Header's start tag ends, None when there is no Header."""

    after_root_tag: int
    root_prefix: bytes
    header: re.Match[bytes] | None
    body: re.Match[bytes]


def new_signed_envelope(envelope: bytes, key: SigningKey, *, policy: SigningPolicy, body_id: str) -> bytes:
    """The envelope with `wsu:Id` on its Body and a wsse:Security header; all its other bytes as they were.

    Raises SigningError signing.body-id, signing.envelope-unreadable, signing.envelope-structure,
    signing.envelope-signed, signing.envelope-prefix, signing.no-certificate, signing.algorithm-refused,
    signing.own-signature-wrong.
    """
    if len(body_id) > MAX_BODY_ID or not _BODY_ID.fullmatch(body_id):
        raise SigningError("signing.body-id", value=body_id[:MAX_BODY_ID])
    if not key.certificate_chain:
        raise SigningError("signing.no-certificate")
    places = _places(envelope)
    identified = _with_body_id(envelope, places, body_id)
    root, body = _require_ours(identified, body_id)

    algorithm, digest = signing_algorithms(key.algorithm, policy.digest)
    certificate = Certificate.from_der(key.certificate_chain[0])
    octets = Canonicalizer(len(identified)).octets(body, EXCLUSIVE)
    reference = NewReference(uri=f"#{body_id}", digest=digest.of(octets), canonical=True)
    signed_info = new_signed_info(algorithm, digest, [reference])
    value = new_signature_value(key.sign, algorithm, certificate, signed_info)
    holder = next(root.iterchildren(f"{{{SOAP}}}Header"), root)
    security = _security(_soap_prefix(holder), signed_info, value, certificate.der)
    return _with_header(identified, places, security)


def _places(envelope: bytes) -> _Places:
    depth = 0
    root = header = None
    for token in _TOKEN.finditer(envelope):
        if token["name"] is None:
            continue
        if token["close"]:
            depth -= 1
            continue
        local = token["name"].rpartition(b":")[2]
        if depth == 0 and root is None:
            root = token
        elif depth == 1 and root is not None:
            if local == b"Body":
                prefix = root["name"].rpartition(b":")[0]
                return _Places(after_root_tag=root.end(), root_prefix=prefix, header=header, body=token)
            if local != b"Header" or header is not None:
                break
            header = token
        depth += 0 if token["empty"] else 1
    raise SigningError("signing.envelope-structure", reason="Envelope, Header and Body not found")


def _with_body_id(envelope: bytes, places: _Places, body_id: str) -> bytes:
    declared = re.search(rb"\sxmlns:wsu\s*=", places.body["attributes"]) is not None
    declaration = b"" if declared else f' xmlns:wsu="{WSU}"'.encode()
    at = places.body.end("attributes")
    return envelope[:at] + declaration + f' wsu:Id="{body_id}"'.encode() + envelope[at:]


def _require_ours(identified: bytes, body_id: str) -> tuple[etree._Element, etree._Element]:
    """Root and Body of the bytes that will be signed: what our own verifier would refuse does not leave."""
    try:
        root = schemas.parse_untrusted(identified, schemas.ENVELOPE_LIMITS)
        envelope = read_envelope(root)
        unique_ids(root)
    except schemas.XmlRefused as error:
        raise SigningError("signing.envelope-unreadable", reason=error.code) from error
    except StepError as error:
        raise SigningError("signing.envelope-structure", reason=error.check.params.get("reason", "")) from error
    if envelope.security is not None:
        raise SigningError("signing.envelope-signed")
    if root.nsmap.get("wsu", WSU) != WSU or envelope.body.get(_WSU_ID) != body_id:
        # ours would take the prefix away from names inside the Body that mean something else by it
        raise SigningError("signing.envelope-prefix", prefix="wsu")
    return root, envelope.body


def _soap_prefix(holder: etree._Element) -> str | None:
    return next((prefix for prefix, uri in holder.nsmap.items() if prefix and uri == SOAP), None)


def _security(soap_prefix: str | None, signed_info: bytes, value: bytes, certificate: bytes) -> bytes:
    declaration = "" if soap_prefix else f' xmlns:soap="{SOAP}"'
    return (
        f'<wsse:Security xmlns:wsse="{WSSE}"{declaration} {soap_prefix or "soap"}:mustUnderstand="1">'
        f'<ds:Signature xmlns:ds="{DS}">'.encode()
        + signed_info
        + b"<ds:SignatureValue>%b</ds:SignatureValue>" % base64.b64encode(value)
        + f'<ds:KeyInfo><wsse:SecurityTokenReference><wsse:KeyIdentifier EncodingType="{BASE64_BINARY}"'
        f' ValueType="{X509V3}">'.encode()
        + base64.b64encode(certificate)
        + b"</wsse:KeyIdentifier></wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature></wsse:Security>"
    )


def _with_header(identified: bytes, places: _Places, security: bytes) -> bytes:
    if places.header is None:
        name = places.root_prefix + b":Header" if places.root_prefix else b"Header"
        at = places.after_root_tag
        return identified[:at] + b"<%b>%b</%b>" % (name, security, name) + identified[at:]
    at = places.header.end()
    if not places.header["empty"]:
        return identified[:at] + security + identified[at:]
    return identified[: at - 2] + b">%b</%b>" % (security, places.header["name"]) + identified[at:]
