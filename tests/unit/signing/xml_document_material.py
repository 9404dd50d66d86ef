"""Signed documents, and the tools to break them one way at a time; signed again after an edit, as a forger with a key would.

`craft` edits our own enveloped signature; `over` writes a plain Signature over whatever References it is given.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from signing.keys import SigningKey
from signing.policy import DEFAULT_SIGNING, ETSI_BASELINE, SANDBOX_DOCUMENT, ValidationPolicy
from signing.sandbox_pki import IssuedKey
from signing.sign.xml import sign_xml
from signing.verify.xml import XmlValidation, verify_xml
from tests.unit.signing import xml_material as m
from tests.unit.signing.xml_material import Edit, same

Form = Literal["xades", "xmldsig"]
C14N_10 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = f'<ds:Transform Algorithm="{m.DS}enveloped-signature"></ds:Transform>'
EXCLUSIVE = f'<ds:Transform Algorithm="{m.EXC}"></ds:Transform>'
XPATH_SPACE = "http://www.w3.org/TR/1999/REC-xpath-19991116"
NO_SIGNATURE = (
    f'<ds:Transform Algorithm="{XPATH_SPACE}"><ds:XPath>not(ancestor-or-self::ds:Signature)</ds:XPath></ds:Transform>'
)
DOCUMENT = (
    '<report xmlns="urn:elshi:test"><row Id="r1"><amount>100</amount></row>'
    '<row Id="r2"><amount>200</amount></row></report>'
)

XADES_ASKED = SANDBOX_DOCUMENT
PLAIN_TAKEN = replace(SANDBOX_DOCUMENT, require_signing_certificate=False)
PARTS_TAKEN = replace(ETSI_BASELINE, revocation="not-checked", require_signing_certificate=False)


def judged(document: bytes, policy: ValidationPolicy = XADES_ASKED, **changes: object) -> XmlValidation:
    return verify_xml(
        document,
        policy=replace(policy, **changes),  # type: ignore[arg-type]
        anchors=m.anchors(),
        at=m.NOW,
    )


@cache
def good(form: Form = "xades") -> bytes:
    return signed(DOCUMENT, form)


def signed(document: str | bytes, form: Form = "xades", key: SigningKey | None = None) -> bytes:
    octets = document.encode() if isinstance(document, str) else document
    return sign_xml(octets, key or m.head(), policy=DEFAULT_SIGNING, signing_time=m.NOW, form=form)


def edited(edit: Edit, form: Form = "xades") -> bytes:
    """The good document changed after it was signed."""
    return edit(good(form).decode()).encode()


def craft(
    *,
    document: str = DOCUMENT,
    form: Form = "xades",
    key: SigningKey | None = None,
    properties: Edit = same,
    signed_info: Edit = same,
    octets: Callable[[etree._Element], bytes] | None = None,
    digest: str = "sha256",
    value: Callable[[bytes], bytes] = lambda octets: octets,
    sign: Callable[[bytes], bytes] | None = None,
    rest: Edit = same,
) -> bytes:
    """Our own signature with its parts edited and everything that follows from them computed again.

    `octets`: what the first Reference is to be the digest of; without it, of the document as it was signed.
    """
    key = key or m.head()
    text = signed(document, form, key).decode()
    start = text.rindex("<ds:Signature ")
    before, own = text[:start], text[start:]
    found = re.search(r"<xades:SignedProperties .*</xades:SignedProperties>", own, re.DOTALL)
    if found is not None:
        new = properties(found[0])
        old_digest = base64.b64encode(hashlib.sha256(found[0].encode()).digest()).decode()
        element = etree.fromstring(f'<w xmlns:xades="{m.XADES}" xmlns:ds="{m.DS}">{new}</w>')[0]
        canonical = etree.tostring(element, method="c14n", exclusive=True)
        own = own.replace(found[0], new)
        own = own.replace(old_digest, base64.b64encode(hashlib.new(digest, canonical).digest()).decode())
    info = re.search(r"<ds:SignedInfo.*?</ds:SignedInfo>", own, re.DOTALL)
    assert info is not None
    own = own.replace(info[0], signed_info(info[0]))
    if octets is not None:
        spelled = base64.b64encode(hashlib.new(digest, octets(etree.fromstring((before + own).encode()))).digest())
        own = re.sub(r"(<ds:DigestValue>)[^<]*", lambda each: each[1] + spelled.decode(), own, count=1)
    signed_octets = last_signed_info(before + own)
    spelled = base64.b64encode(value((sign or key.sign)(signed_octets)))
    own = re.sub(r"(<ds:SignatureValue>)[^<]*", lambda each: each[1] + spelled.decode(), own, count=1)
    return (before + rest(own)).encode()


def last_signed_info(document: str) -> bytes:
    """Canonical form of the last SignedInfo, by the library in place or on the sub-element alone with what it inherits."""
    try:
        root = etree.fromstring(document.encode())
    except etree.XMLSyntaxError:
        return b"void"
    element = list(root.iter(f"{{{m.DS}}}SignedInfo"))[-1]
    method = element[0].get("Algorithm", "")
    try:
        if method.startswith(m.EXC):
            prefixes = [prefix for part in element[0] for prefix in part.get("PrefixList", "").split()]
            return etree.tostring(element, method="c14n", exclusive=True, inclusive_ns_prefixes=prefixes or None)
        alone = etree.fromstring(etree.tostring(element, with_tail=False))
        for name, text in root.attrib.items():
            if str(name).startswith("{http://www.w3.org/XML/1998/namespace}"):
                alone.set(name, text)
        return etree.tostring(alone, method="c14n")
    except etree.LxmlError:
        return b"void"


def without_signatures(root: etree._Element, *, inclusive: bool = False) -> bytes:
    """The document in canonical form with every Signature really taken out of the tree."""
    for each in list(root.iter(f"{{{m.DS}}}Signature")):
        parent, before = each.getparent(), each.getprevious()
        if parent is None:
            continue
        if before is None:
            parent.text = (parent.text or "") + (each.tail or "")
        else:
            before.tail = (before.tail or "") + (each.tail or "")
        each.tail = None
        parent.remove(each)
    return etree.tostring(root.getroottree(), method="c14n", exclusive=not inclusive, with_comments=False)


# --- a Signature over whatever it is told ----------------------------------------------------------------------------
def reference(uri: str, octets: bytes, transforms: str = EXCLUSIVE, attributes: str = "") -> str:
    digest = base64.b64encode(hashlib.sha256(octets).digest()).decode()
    inside = f"<ds:Transforms>{transforms}</ds:Transforms>" if transforms else ""
    return (
        f'<ds:Reference{attributes} URI="{uri}">{inside}<ds:DigestMethod Algorithm="{m.SHA256}"></ds:DigestMethod>'
        f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>"
    )


def over(
    references: Sequence[str],
    *,
    objects: str = "",
    identifier: str = "S",
    key: SigningKey | None = None,
    key_info: str | None = None,
    method: str = m.RSA_SHA256,
    sign: Callable[[bytes], bytes] | None = None,
) -> str:
    key = key or m.head()
    info = (
        f'<ds:SignedInfo xmlns:ds="{m.DS}"><ds:CanonicalizationMethod Algorithm="{m.EXC}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{method}"></ds:SignatureMethod>{"".join(references)}</ds:SignedInfo>'
    )
    value = base64.b64encode((sign or key.sign)(info.encode())).decode()
    if key_info is None:
        key_info = x509_data(*key.certificate_chain[:1])
    return (
        f'<ds:Signature xmlns:ds="{m.DS}" Id="{identifier}">{info}<ds:SignatureValue Id="{identifier}-v">{value}'
        f"</ds:SignatureValue><ds:KeyInfo>{key_info}</ds:KeyInfo>{objects}</ds:Signature>"
    )


def x509_data(*certificates: bytes) -> str:
    inside = "".join(
        f"<ds:X509Certificate>{base64.b64encode(der).decode()}</ds:X509Certificate>" for der in certificates
    )
    return f"<ds:X509Data>{inside}</ds:X509Data>"


@cache
def weak() -> IssuedKey:
    """D16: a certificate of our own authority over a modulus of 1024 bits."""
    given = m.issued("head")
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    return m.pki().issue("head", "Әлсіз", "Үлгі", bin=m.BIN, key_of=replace(given, private_key=key))
