"""An XML document in, the same document with an enveloped signature before its root's end tag out.

Two forms. "xades": XAdES B-B in exclusive canonical form throughout, independent of where it stands. "xmldsig": the shape
of the national tools (inclusive canonical form, line ends after each tag, base64 in lines of 76), which carries no claim
and binds no certificate.

No byte of the document changes; only an empty root (`<a/>`) is opened. A document that is signed already gets one more
signature behind the others, which it covers (a co-signature).
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final, Literal

import schemas
from signing import xades, xmldsig
from signing.certificates import Certificate
from signing.errors import SigningError
from signing.xmldsig import (
    C14N_10,
    DS,
    ENVELOPED_SIGNATURE,
    EXCLUSIVE,
    SIGNATURE,
    Canonicalization,
    Canonicalizer,
    StepError,
    new_signature_value,
    signing_algorithms,
)

if TYPE_CHECKING:
    from datetime import datetime

    from signing.keys import SigningKey
    from signing.policy import SigningPolicy
    from signing.timestamp import TimeStampAuthority

MAX_SIGNATURES: Final = 16
"""As many as a verifier reads in one document."""

_INCLUSIVE: Final = Canonicalization(uri=C14N_10)
_SPACE: Final = b" \t\r\n"


def sign_xml(
    document: bytes,
    key: SigningKey,
    *,
    policy: SigningPolicy,
    signing_time: datetime,
    form: Literal["xades", "xmldsig"] = "xades",
    media_type: str = "application/xml",
    time_stamps: TimeStampAuthority | None = None,
) -> bytes:
    """The document with one more signature over all of it.

    `document` is UTF-8 XML without DTD and without processing instructions; comments may stand in it, unsigned. The form
    "xmldsig" states no time: `signing_time` is not used there. "xades" is level B-B, with `time_stamps` B-T; the levels above
    are reached by `augment_xml`. Equal input gives equal bytes where the algorithm is
    deterministic. Raises SigningError signing.document-unreadable, signing.document-structure, signing.naive-time,
    signing.no-certificate, signing.algorithm-refused, signing.own-signature-wrong, and what `TimeStampAuthority.stamp` raises.
    """
    xades.require_signable(key, signing_time)
    _, digest = signing_algorithms(key.algorithm, policy.digest)
    if form == "xmldsig":
        if time_stamps is not None:
            raise SigningError("signing.document-structure", reason="no place for a time-stamp in this form")
        return _national(document, key, policy)
    root = _parsed(document)
    if b"Signature" in document:
        _require_room(root)
    try:
        octets = Canonicalizer(len(document)).octets(root, EXCLUSIVE, is_document=True)
    except StepError as error:
        raise _refused(error) from error
    whole = xades.DigestedObject(uri="", media_type=media_type, digest=digest.of(octets), is_around=True)
    before, after = _around(document)
    if not after.startswith(f"</{_qualified_name(root)}".encode()):
        raise SigningError("signing.document-structure", reason="the root's end tag was not found")
    signature = xades.new_signature([whole], key, policy=policy, signing_time=signing_time, time_stamps=time_stamps)
    return before + signature + after


def _national(document: bytes, key: SigningKey, policy: SigningPolicy) -> bytes:
    """Digest and value are computed on the document as it will be, read as a verifier reads it; then they are filled in.

    Inclusive canonical form takes over namespaces and xml:* attributes from around, so what is signed depends on where
    the Signature stands.
    """
    algorithm, digest = signing_algorithms(key.algorithm, policy.digest)
    certificate = Certificate.from_der(key.certificate_chain[0])
    # no base64 of ours, and as long: what is filled in changes neither tags nor the budget of canonical octets
    open_digest = "~" * len(base64.b64encode(b"\0" * digest.size))
    unfilled = _national_signature(algorithm.xmldsig_uri or "", digest.xml_uri, open_digest, certificate)
    before, after = _around(document)
    if not before:  # the Signature alone would be well-formed
        raise SigningError("signing.document-unreadable", reason="xml.empty")
    root = _parsed(before + unfilled + after)
    _require_room(root, already=1)
    signature = root[-1]
    canonicalizer = Canonicalizer(len(document), before + unfilled + after)
    try:
        pieces = canonicalizer.pieces_without(root, _INCLUSIVE, [signature], is_document=True)
        signed_info = canonicalizer.octets(signature[0], _INCLUSIVE)
    except StepError as error:
        raise _refused(error) from error
    state = digest.new()
    for piece in pieces:
        state.update(piece)
    placeholder, filled = b">%b<" % open_digest.encode(), b">%b<" % base64.b64encode(state.digest())
    value = new_signature_value(key.sign, algorithm, certificate, signed_info.replace(placeholder, filled))
    signed = unfilled.replace(placeholder, filled)
    end = signed.index(b"</ds:SignatureValue>")
    return before + signed[:end] + base64.encodebytes(value) + signed[end:] + after


def _national_signature(method: str, digest_method: str, digest: str, certificate: Certificate) -> bytes:
    lines = (
        f'<ds:Signature xmlns:ds="{DS}">',
        "<ds:SignedInfo>",
        f'<ds:CanonicalizationMethod Algorithm="{C14N_10}"/>',
        f'<ds:SignatureMethod Algorithm="{method}"/>',
        '<ds:Reference URI="">',
        "<ds:Transforms>",
        f'<ds:Transform Algorithm="{ENVELOPED_SIGNATURE}"/>',
        f'<ds:Transform Algorithm="{C14N_10}#WithComments"/>',
        "</ds:Transforms>",
        f'<ds:DigestMethod Algorithm="{digest_method}"/>',
        f"<ds:DigestValue>{digest}</ds:DigestValue>",
        "</ds:Reference>",
        "</ds:SignedInfo>",
        "<ds:SignatureValue>",
        "</ds:SignatureValue>",
        "<ds:KeyInfo>",
        "<ds:X509Data>",
        "<ds:X509Certificate>",
        base64.encodebytes(certificate.der).decode() + "</ds:X509Certificate>",
        "</ds:X509Data>",
        "</ds:KeyInfo>",
        "</ds:Signature>",
    )
    return "\n".join(lines).encode()


def _parsed(document: bytes) -> xmldsig.Element:
    """The tree of what is or will be signed: what our own verifier would refuse does not leave."""
    try:
        root = schemas.parse_untrusted(document)
        xmldsig.unique_ids(root, document)
    except schemas.XmlRefused as error:
        raise SigningError("signing.document-unreadable", reason=error.code) from error
    except StepError as error:
        raise _refused(error) from error
    return root


def _require_room(root: xmldsig.Element, already: int = 0) -> None:
    found = list(root.iter(SIGNATURE))
    if root.tag == SIGNATURE or any(each.getparent() is not root for each in found):
        raise SigningError("signing.document-structure", reason="a Signature that is no child of the root")
    if len(found) - already >= MAX_SIGNATURES:
        raise SigningError("signing.document-structure", reason="signatures")


def _qualified_name(root: xmldsig.Element) -> str:
    name = xmldsig.local_name(root)
    return f"{root.prefix}:{name}" if root.prefix else name


def _refused(error: StepError) -> SigningError:
    return SigningError("signing.document-structure", reason=error.check.params.get("reason", error.check.id))


def _around(document: bytes) -> tuple[bytes, bytes]:
    """What stands before and behind the place of a new Signature: right before the root's end tag.

    That is the last tag, with nothing but white space and comments behind it. Bytes that are no XML are cut somewhere,
    and are refused when they are parsed.
    """
    end = len(document.rstrip(_SPACE))
    while document.endswith(b"-->", 0, end):  # no comment has two hyphens inside: the last "<!--" before it opens it
        start = document.rfind(b"<!--", 0, end)
        if start < 0 or b"--" in document[start + 4 : end - 3]:  # the end tag of a root named so
            break
        end = len(document[:start].rstrip(_SPACE))
    if document.endswith(b"/>", 0, end):
        tag = document[document.rfind(b"<", 0, end) + 1 : end - 2].split(maxsplit=1)
        name = tag[0] if tag else b""
        return document[: end - 2] + b">", b"</%b>" % name + document[end:]
    at = max(document.rfind(b"</", 0, end), 0)
    return document[:at], document[at:]
