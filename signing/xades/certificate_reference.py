"""How a signature names the certificate it was made with: SigningCertificateV2, or its first version alone (step 5)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from signing import asn1
from signing.errors import Malformed
from signing.xades.names import XADES, local
from signing.xmldsig import DS, attributes, base64_text, children, leaf_text, malformed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lxml import etree

_CERT: Final = f"{{{XADES}}}Cert"
_CERT_DIGEST: Final = f"{{{XADES}}}CertDigest"
_DIGEST: Final = [f"{{{DS}}}DigestMethod", f"{{{DS}}}DigestValue"]
_ISSUER_SERIAL: Final = local("IssuerSerial")
_ISSUER_SERIAL_V2: Final = local("IssuerSerialV2")
_SERIAL_NUMBER: Final = f"{{{DS}}}X509SerialNumber"
_DECIMAL: Final = re.compile(r"-?[0-9]{1,60}")


def certificate_reference(properties: Mapping[str, etree._Element]) -> tuple[str, bytes, int | None]:
    """Digest algorithm, digest and serial number (if stated) of the first entry."""
    check_id = "xades.signing-certificate"
    found = [properties[name] for name in ("SigningCertificate", "SigningCertificateV2") if name in properties]
    if len(found) != 1:  # the older form beside the newer one could name another certificate
        raise malformed(check_id, "not exactly one")
    entries = children(found[0], check_id)
    if {entry.tag for entry in entries} != {_CERT}:
        raise malformed(check_id, "children")
    parts = children(entries[0], check_id)
    if not parts or parts[0].tag != _CERT_DIGEST:
        raise malformed(check_id, "children")
    uri, digest = digest_in(parts[0], check_id)
    return uri, digest, _serial_in(parts[1:], check_id)


def digest_in(element: etree._Element, check_id: str) -> tuple[str, bytes]:
    """URI of the algorithm and the digest of a DigestAlgAndValueType."""
    parts = children(element, check_id)
    if [part.tag for part in parts] != _DIGEST:
        raise malformed(check_id, "children")
    return attributes(parts[0], ("Algorithm",), (), check_id)["Algorithm"], base64_text(parts[1])


def _serial_in(parts: Sequence[etree._Element], check_id: str) -> int | None:
    """The serial number of IssuerSerial or of IssuerSerialV2 (RFC 5035, 4); the name beside it has many spellings."""
    if not parts:
        return None
    if len(parts) != 1:
        raise malformed(check_id, "children")
    if parts[0].tag == _ISSUER_SERIAL:
        inside = children(parts[0], check_id)
        spelled = leaf_text(inside[-1], check_id).strip(" \t\r\n") if inside else ""
        if not inside or inside[-1].tag != _SERIAL_NUMBER or not _DECIMAL.fullmatch(spelled):
            raise malformed(check_id, "serial number")
        return int(spelled)
    if parts[0].tag != _ISSUER_SERIAL_V2:
        raise malformed(check_id, "children")
    try:
        fields = asn1.Fields(asn1.read_der(base64_text(parts[0])))
        fields.take(asn1.SEQUENCE)
        return asn1.integer(fields.take(asn1.INTEGER))
    except Malformed as error:
        raise malformed(check_id, error.code) from error
