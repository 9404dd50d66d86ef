"""A PKCS#12 file taken apart before any password is used, and a safe taken apart after: rule 5 of the package."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from signing.asn1 import reading as asn1
from signing.asn1.ber import definite
from signing.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA: Final = "1.2.840.113549.1.7.1"
ENCRYPTED_DATA: Final = "1.2.840.113549.1.7.6"
KEY_BAG: Final = "1.2.840.113549.1.12.10.1.1"
SHROUDED_KEY_BAG: Final = "1.2.840.113549.1.12.10.1.2"
SAFE_CONTENTS_BAG: Final = "1.2.840.113549.1.12.10.1.6"
CERTIFICATE_BAG: Final = "1.2.840.113549.1.12.10.1.3"
X509_CERTIFICATE: Final = "1.2.840.113549.1.9.22.1"

MAX_SAFES: Final = 32
MAX_BAGS: Final = 256
"""Files in the field have two safes and a handful of bags."""

_IN_PIECES: Final = 0xA0
_IN_ONE_PIECE: Final = 0x80
_VERSION: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Encrypted:
    """What a password opens: the scheme's OID, DER of its parameters (None: absent), and the octets encrypted."""

    scheme: str
    parameters: bytes | None
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Bags:
    """What lies in safes: DER of each PrivateKeyInfo, shrouded keys, DER of each X.509 certificate.

    Lists of revoked certificates, secrets, and whatever else may lie there is left where it is.
    """

    keys: tuple[bytes, ...]
    shrouded_keys: tuple[Encrypted, ...]
    certificates: tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pkcs12Parts:
    """What stands in a PKCS#12 file before any password is used (RFC 7292, 4)."""

    authenticated_safe: bytes
    """Octets the MAC is over."""
    mac_digest: str | None
    """OID of the MAC's hash, or of what stands in its place (PBMAC1, RFC 9579); None when the file has no MAC."""
    mac_value: bytes
    mac_salt: bytes
    mac_iterations: int
    bags: Bags
    """Of the safes that are not encrypted, where every known tool puts the key."""
    encrypted_safes: tuple[Encrypted, ...]


def read_pkcs12(content: bytes) -> Pkcs12Parts:
    """Take a PKCS#12 file apart without its password; raises Malformed.

    BER is read as far as `definite` brings it to DER, in the file and once more in what the MAC is over.
    """
    fields = asn1.Fields(asn1.read_der(definite(content)))
    if asn1.integer(fields.take(asn1.INTEGER)) != _VERSION:
        raise Malformed("asn1.pkcs12")
    kind, safe = _content_info(fields.take(asn1.SEQUENCE))
    mac = fields.take_optional(asn1.SEQUENCE)
    fields.end()
    if kind != DATA or safe is None:
        raise Malformed("asn1.pkcs12")
    octets = asn1.octets(safe)
    plain, encrypted = [], []
    for part in _listed(octets, MAX_SAFES):
        kind, inside = _content_info(part)
        if kind == DATA:
            plain.append(read_safe(asn1.octets(asn1.expect(inside, asn1.OCTET_STRING))))
        elif kind == ENCRYPTED_DATA:
            encrypted.append(_encrypted_data(asn1.expect(inside, asn1.SEQUENCE)))
        # enveloped data is opened by a key, not by a password
    return _parts(octets, mac, joined(plain), tuple(encrypted))


def read_safe(content: bytes) -> Bags:
    """The bags of SafeContents in DER or BER, those of bags of bags included, nothing opened; raises Malformed."""
    keys, shrouded, certificates = [], [], []
    waiting = deque(_listed(content, MAX_BAGS))
    count = 0
    while waiting:
        bag = waiting.popleft()
        count += 1
        if count > MAX_BAGS:
            raise Malformed("asn1.too-many-elements", limit=str(MAX_BAGS))
        fields = asn1.Fields(bag)
        oid, value = asn1.oid(fields.take(asn1.OID)), _only(fields.take(0xA0))
        fields.take_optional(asn1.SET)
        fields.end()
        if oid == KEY_BAG:
            keys.append(asn1.expect(value, asn1.SEQUENCE).raw)
        elif oid == SHROUDED_KEY_BAG:
            shrouded.append(_encrypted_key(asn1.Fields(value)))
        elif oid == SAFE_CONTENTS_BAG:
            waiting.extend(asn1.children(asn1.expect(value, asn1.SEQUENCE)))
        elif oid == CERTIFICATE_BAG:
            certificate = asn1.Fields(value)
            form, holder = asn1.oid(certificate.take(asn1.OID)), certificate.take(0xA0)
            certificate.end()
            if form == X509_CERTIFICATE:
                certificates.append(asn1.octets(_only(holder)))
    return Bags(keys=tuple(keys), shrouded_keys=tuple(shrouded), certificates=tuple(certificates))


def joined(safes: list[Bags]) -> Bags:
    return Bags(
        keys=tuple(each for bags in safes for each in bags.keys),
        shrouded_keys=tuple(each for bags in safes for each in bags.shrouded_keys),
        certificates=tuple(each for bags in safes for each in bags.certificates),
    )


def read_encrypted_key(content: bytes) -> Encrypted:
    """An EncryptedPrivateKeyInfo in DER or BER (RFC 5208, 6); raises Malformed."""
    return _encrypted_key(asn1.Fields(asn1.read_der(definite(content))))


def _parts(octets: bytes, mac: asn1.Der | None, bags: Bags, encrypted: tuple[Encrypted, ...]) -> Pkcs12Parts:
    digest, value, salt, iterations = None, b"", b"", 0
    if mac is not None:
        fields = asn1.Fields(mac)
        hashed = asn1.Fields(fields.take(asn1.SEQUENCE))
        digest = asn1.oid(asn1.Fields(hashed.take(asn1.SEQUENCE)).take(asn1.OID))
        value, salt = asn1.octets(hashed.take(asn1.OCTET_STRING)), asn1.octets(fields.take(asn1.OCTET_STRING))
        stated = fields.take_optional(asn1.INTEGER)
        iterations = 1 if stated is None else asn1.integer(stated)  # DEFAULT 1 (RFC 7292, 4)
        hashed.end()
        fields.end()
    return Pkcs12Parts(
        authenticated_safe=octets,
        mac_digest=digest,
        mac_value=value,
        mac_salt=salt,
        mac_iterations=iterations,
        bags=bags,
        encrypted_safes=encrypted,
    )


def _listed(content: bytes, limit: int) -> Iterator[asn1.Der]:
    found = asn1.children(asn1.expect(asn1.read_der(definite(content)), asn1.SEQUENCE))
    if len(found) > limit:
        raise Malformed("asn1.too-many-elements", limit=str(limit))
    return iter(found)


def _content_info(element: asn1.Der) -> tuple[str, asn1.Der | None]:
    """Type and content of a ContentInfo (RFC 2315, 7)."""
    fields = asn1.Fields(element)
    oid, holder = asn1.oid(fields.take(asn1.OID)), fields.take_optional(0xA0)
    fields.end()
    return oid, None if holder is None else _only(holder)


def _encrypted_data(element: asn1.Der) -> Encrypted:
    """EncryptedData (RFC 2315, 13): version 0, one EncryptedContentInfo of the type data."""
    fields = asn1.Fields(element)
    fields.take(asn1.INTEGER)
    content = asn1.Fields(fields.take(asn1.SEQUENCE))
    fields.take_optional(0xA1)
    fields.end()
    if asn1.oid(content.take(asn1.OID)) != DATA:
        raise Malformed("asn1.pkcs12")
    scheme, parameters = _algorithm(content.take(asn1.SEQUENCE))
    octets = content.take(_IN_ONE_PIECE, _IN_PIECES)
    content.end()
    # an octet string in pieces under its own tag: what `definite` cannot know for one
    in_pieces = asn1.children(octets) if octets.tag == _IN_PIECES else ()
    whole = b"".join(asn1.octets(each) for each in in_pieces) if in_pieces else octets.content
    return Encrypted(scheme=scheme, parameters=parameters, content=whole)


def _encrypted_key(fields: asn1.Fields) -> Encrypted:
    scheme, parameters = _algorithm(fields.take(asn1.SEQUENCE))
    content = asn1.octets(fields.take(asn1.OCTET_STRING))
    fields.end()
    return Encrypted(scheme=scheme, parameters=parameters, content=content)


def _algorithm(element: asn1.Der) -> tuple[str, bytes | None]:
    fields = asn1.Fields(element)
    oid = asn1.oid(fields.take(asn1.OID))
    rest = asn1.children(element)[1:]
    if len(rest) > 1:
        raise Malformed("asn1.structure", expected="end", found=f"{rest[1].tag:02x}")
    return oid, rest[0].raw if rest else None


def _only(element: asn1.Der) -> asn1.Der:
    found = asn1.children(element)
    if len(found) != 1:
        raise Malformed("asn1.structure", expected="one element", found=str(len(found)))
    return found[0]
