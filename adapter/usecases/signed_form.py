"""What a file claims to be, from its first bytes: the one question asked before a verifier is chosen.

Nothing is believed here. A file that claims to be what it is not goes to the verifier of its claim, and fails there.

    container   a ZIP archive (PK), or a name that ends as a container's
    envelope    XML whose root element is in the namespace of SOAP 1.1
    xml         any other XML
    cms         DER that begins with a SEQUENCE, or the same in PEM or bare Base64, as signing clients hand it out; what
                else it may be (a time-stamp, an OCSP answer, a CRL, a certificate) is told from its DER
    unknown     nothing of these; judged as a container, whose format check then fails
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final, Literal

Form = Literal["container", "envelope", "xml", "cms", "unknown"]

HEAD_BYTES: Final = 64 * 1024
"""Bytes in which the root element's start tag is looked for: prologue and comments of a real message are shorter."""

CONTAINER_ENDINGS: Final = (".asice", ".sce", ".asics", ".scs")
"""EN 319 162-1, 4.3.2 and 4.4.2 (sce, scs are the short forms)."""
CMS_ENDINGS: Final = (".p7s", ".p7m", ".cms", ".sig")

_BEFORE: Final = b" \t\r\n"
_MARK: Final = b"\xef\xbb\xbf"
_SOAP: Final = b"http://schemas.xmlsoap.org/soap/envelope/"
_ASIDE: Final = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
# nothing is given back once it is taken: 64 KB without a ">" would be gone through 64,000 times
_START_TAG: Final = re.compile(rb"<(?:([^\s/>:=\"']++):)?([^\s/>:=\"']++)([^>]*+)>")
_BASE64_OF_A_SEQUENCE: Final = re.compile(rb"MI[A-Za-z0-9+/=\s]+")
_ARMOUR: Final = re.compile(
    rb"\s*+-----BEGIN (CMS|PKCS7|PKCS #7 SIGNED DATA|CERTIFICATE|X509 CERTIFICATE|X509 CRL)-----"
    rb"(?P<body>[A-Za-z0-9+/=\s]++)-----END \1-----\s*"
)
_OF_SEVERAL: Final = re.compile(rb"-----BEGIN (?:(?:X509 )?CERTIFICATE|X509 CRL)-----")


def form_of(name: str, head: bytes) -> Form:
    """The form that `head`, the first HEAD_BYTES of the file `name`, claims."""
    start = head.lstrip(_BEFORE)
    if start.startswith(b"PK") or name.lower().endswith(CONTAINER_ENDINGS):
        return "container"
    marked = start.removeprefix(_MARK)
    if marked.startswith(b"<"):
        return "envelope" if _root_namespace(marked) == _SOAP else "xml"
    if head.startswith(b"\x30") or start.startswith(b"-----BEGIN") or _BASE64_OF_A_SEQUENCE.match(start):
        return "cms"
    return "unknown"


def der_of(content: bytes) -> bytes:
    """The DER of a CMS out of PEM or Base64; bytes that are neither pass through and are judged as they are."""
    if content.startswith(b"\x30"):
        return content
    armour = _ARMOUR.fullmatch(content)
    body = armour["body"] if armour else content
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except binascii.Error:
        return content


def armoured(content: bytes) -> int:
    """How many certificates and CRLs stand in a PEM text one after the other."""
    return len(_OF_SEVERAL.findall(content)) if content.lstrip(_BEFORE).startswith(b"-----BEGIN") else 0


def _root_namespace(markup: bytes) -> bytes | None:
    """The namespace that the root element's own start tag declares for it; None where it declares none."""
    aside = _ASIDE.match(markup)
    tag = _START_TAG.match(markup, aside.end() if aside else 0)
    if tag is None:
        return None
    prefix, _, attributes = tag.groups()
    declared = b"xmlns:" + prefix if prefix else b"xmlns"
    found = re.search(rb"(?:^|\s)" + re.escape(declared) + rb"\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", attributes)
    return (found[1] or found[2]) if found else None
