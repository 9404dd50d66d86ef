"""Signed documents that fail by one thing alone, and those that pass: D and N rows of the attack list, A71 and A87 to A90."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

from signing import xmldsig
from signing.algorithms import ecdsa_to_raw
from signing.policy import KZ_DOCUMENT, ValidationPolicy
from signing.validation_data import ValidationData
from signing.validation_report import Conclusion, Indication, SubIndication
from signing.verify import xml as verify_xml_module
from signing.verify import xml_signature
from tests.unit.signing import xml_document_material as d
from tests.unit.signing import xml_material as m

F, I = Conclusion.FAILED, Conclusion.INDETERMINATE  # noqa: E741 - read as a column of the table
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
C14N_11 = "http://www.w3.org/2006/12/xml-c14n11"
DATA_TRANSFORMS = f"{d.ENVELOPED}{d.EXCLUSIVE}"
METHOD = f'<ds:CanonicalizationMethod Algorithm="{m.EXC}"></ds:CanonicalizationMethod>'
XSLT = '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"></ds:Transform>'


def _xpath(expression: str) -> str:
    return f'<ds:Transform Algorithm="{d.XPATH_SPACE}"><ds:XPath>{expression}</ds:XPath></ds:Transform>'


def _transforms(new: str) -> m.Edit:
    return m.replaced(DATA_TRANSFORMS, new)


def _uri(attributes: str) -> Callable[[], bytes]:
    return lambda: d.craft(signed_info=m.replaced(' URI=""', attributes))


def _doctype(declaration: str, document: str = "") -> Callable[[], bytes]:
    return lambda: d.edited(lambda text: f"{declaration}{document or text}")


def _laughs() -> str:
    entities = [f'<!ENTITY x{n + 1} "' + f"&x{n};" * 9 + '">' for n in range(9)]
    return f'<!DOCTYPE a [<!ENTITY x0 "ha">{"".join(entities)}]>'


def _crowd(count: int) -> str:
    return "<a " + " ".join(f'a{number}=""' for number in range(count)) + "></a>"


def _in(root: etree._Element, identifier: str) -> etree._Element:
    return next(each for each in root.iter() if each.get("Id") == identifier)


def _row_octets(root: etree._Element) -> bytes:
    return etree.tostring(_in(root, "r1"), method="c14n", exclusive=True)


def _only_a_row(rest: m.Edit = m.same) -> bytes:
    return d.craft(
        signed_info=lambda text: m.replaced(' URI=""', ' URI="#r1"')(m.replaced(d.ENVELOPED, "")(text)),
        octets=_row_octets,
        rest=rest,
    )


def _wrapped_row() -> bytes:
    """D42: the signed row moved into an Object, another one in its place."""
    text = _only_a_row().decode()
    row = '<row xmlns="urn:elshi:test" Id="r1"><amount>100</amount></row>'
    text = text.replace('<row Id="r1"><amount>100</amount></row>', "<row><amount>900</amount></row>")
    return text.replace("</ds:KeyInfo>", f"</ds:KeyInfo><ds:Object>{row}</ds:Object>").encode()


def _references(count: int) -> m.Edit:
    one = d.reference("#r1", b"x")
    return m.replaced("</ds:SignedInfo>", one * count + "</ds:SignedInfo>")


def _digest_value(edit: Callable[[str], str]) -> m.Edit:
    return lambda text: re.sub(r"(<ds:DigestValue>)([^<]*)", lambda f: f[1] + edit(f[2]), text, count=1)


def _own_digest(algorithm: str, name: str) -> bytes:
    return d.craft(signed_info=lambda text: text.replace(m.SHA256, algorithm), octets=d.without_signatures, digest=name)


def _method(inside: str = "", algorithm: str = m.EXC) -> m.Edit:
    new = f'<ds:CanonicalizationMethod Algorithm="{algorithm}">{inside}</ds:CanonicalizationMethod>'
    return m.replaced(METHOD, new)


def _prefixes(prefixes: str) -> str:
    return f'<ec:InclusiveNamespaces xmlns:ec="{m.EXC}" PrefixList="{prefixes}"></ec:InclusiveNamespaces>'


def _spare_bits(text: str) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    found = re.search(r"<ds:SignatureValue>[^<=]*(.)==</ds:SignatureValue>", text)
    assert found is not None
    at = found.start(1)
    return text[:at] + alphabet[alphabet.index(text[at]) + 1] + text[at + 1 :]


def _ec(edit: Callable[[bytes], bytes]) -> bytes:
    key = m.issued("head", "ec-p256").signing_key()
    return d.craft(key=key, sign=lambda octets: edit(key.sign(octets)))


def _hmac(key: bytes) -> Callable[[], bytes]:
    return lambda: d.craft(
        signed_info=m.replaced(m.RSA_SHA256, f"{MORE}hmac-sha256"),
        sign=lambda octets: hmac.new(key, octets, hashlib.sha256).digest(),
    )


def _pem() -> bytes:
    der = base64.encodebytes(m.head().certificate_chain[0])
    return b"-----BEGIN CERTIFICATE-----\n" + der + b"-----END CERTIFICATE-----\n"


def _public_key() -> bytes:
    from signing.certificates import Certificate

    return Certificate.from_der(m.head().certificate_chain[0]).public_key_info


def _weak_key() -> bytes:
    private = d.weak().private_key
    assert isinstance(private, rsa.RSAPrivateKey)
    document = d.DOCUMENT.replace("</report>", "")
    octets = etree.tostring(etree.fromstring(d.DOCUMENT), method="c14n", exclusive=True)
    own = d.over(
        [d.reference("", octets, DATA_TRANSFORMS)],
        key_info=d.x509_data(d.weak().certificate),
        sign=lambda message: private.sign(message, padding.PKCS1v15(), hashes.SHA256()),
    )
    return f"{document}{own}</report>".encode()


def _key_value(modulus: bytes) -> m.Edit:
    spelled = base64.b64encode(modulus).decode()
    value = f"<ds:RSAKeyValue><ds:Modulus>{spelled}</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue>"
    return m.replaced("<ds:KeyInfo>", f"<ds:KeyInfo><ds:KeyValue>{value}</ds:KeyValue>")


def _namespaces(count: int, names: str = "n") -> str:
    return "".join(f' xmlns:{names}{number}="urn:{names}:{number}"' for number in range(count))


def _hostile(document: str) -> Callable[[], bytes]:
    """Unsigned in truth: a Signature that nobody made, for those who need no key."""
    return lambda: document.replace("</a>", f"{d.over([d.reference('', b'')], sign=lambda _: b'0' * 256)}</a>").encode()


def _levels(count: int, declarations: int, inside: str) -> str:
    opened = "".join(f"<b{_namespaces(declarations, f'l{level}x')}>" for level in range(count))
    return f"<a>{opened}{inside}{'</b>' * count}</a>"


def _inclusive_cost() -> bytes:
    """Below every limit of an element, above the one of their product."""
    document = f"<a><b{_namespaces(31)}>{'<c/>' * 60_000}</b></a>"
    return d.craft(document=document, signed_info=_transforms(f"{d.ENVELOPED}{d.EXCLUSIVE.replace(m.EXC, d.C14N_10)}"))


# row and cause -> (input, {check: conclusion}); under a policy that asks for XAdES over the whole document
VECTORS: dict[str, tuple[Callable[[], bytes], dict[str, Conclusion]]] = {
    "no signature": (d.DOCUMENT.encode, {"xml.signatures": F}),
    "D02 content changed": (lambda: d.edited(m.replaced(">100<", ">900<")), {"xmldsig.digests": F}),
    "D02 white space beside the signature": (
        lambda: d.edited(m.replaced("<ds:Signature ", " <ds:Signature ")),
        {"xmldsig.digests": F},
    ),
    "D04 instruction inside a value": (lambda: d.edited(m.replaced(">100<", ">1<?x?>00<")), {"xml.accepted": F}),
    "D04a instruction before the root": (lambda: d.edited(lambda text: f"<?x?>{text}"), {"xml.accepted": F}),
    "D04a instruction behind the root": (lambda: d.edited(lambda text: f"{text}<?x?>"), {"xml.accepted": F}),
    "D05 internal entity": (_doctype('<!DOCTYPE a [<!ENTITY x "y">]>'), {"xml.accepted": F}),
    "D06 DTD unused": (_doctype("<!DOCTYPE report>"), {"xml.accepted": F}),
    "D07 external entity": (
        _doctype('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "<a>&x;</a>"),
        {"xml.accepted": F},
    ),
    "D08 billion laughs": (_doctype(_laughs(), "<a>&x9;</a>"), {"xml.accepted": F}),
    "D09 DTD that makes an ID": (_doctype('<!DOCTYPE a [<!ATTLIST row n ID "r9">]>'), {"xml.accepted": F}),
    "D10 K05 HMAC keyed with the certificate": (_hmac(_pem()), {"xmldsig.signature-algorithm": F}),
    "D11 K05 HMAC keyed with the public key": (_hmac(_public_key()), {"xmldsig.signature-algorithm": F}),
    "D12 HMACOutputLength": (
        lambda: d.craft(
            signed_info=m.replaced(
                "</ds:SignatureMethod>", "<ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>"
            )
        ),
        {"xmldsig.structure": F},
    ),
    "D13 rsa-sha1": (
        lambda: d.craft(signed_info=m.replaced(m.RSA_SHA256, f"{m.DS}rsa-sha1")),
        {"xmldsig.signature-algorithm": F},
    ),
    "D14 SHA-1 in a Reference": (lambda: _own_digest(m.SHA1, "sha1"), {"xmldsig.digest-algorithms": F}),
    "D15 rsa-md5": (
        lambda: d.craft(signed_info=m.replaced(m.RSA_SHA256, f"{MORE}rsa-md5")),
        {"xmldsig.signature-algorithm": F},
    ),
    "unknown algorithm": (
        lambda: d.craft(signed_info=m.replaced(m.RSA_SHA256, "urn:nobody")),
        {"xmldsig.signature-algorithm": I},
    ),
    "D20 XSLT": (lambda: d.craft(signed_info=_transforms(XSLT)), {"xmldsig.transforms": F}),
    "D21 XPath that leaves the amount out": (
        lambda: d.craft(signed_info=_transforms(_xpath("not(ancestor-or-self::amount)") + d.EXCLUSIVE)),
        {"xmldsig.transforms": F},
    ),
    "D21 even the well-known XPath, where the whole document is asked for": (
        lambda: d.craft(signed_info=_transforms(d.NO_SIGNATURE + d.EXCLUSIVE), octets=d.without_signatures),
        {"xmldsig.transforms": F},
    ),
    "D22 XPath that selects nothing": (
        lambda: d.craft(signed_info=_transforms(_xpath("not(1)") + d.EXCLUSIVE), octets=lambda _: b""),
        {"xmldsig.transforms": F},
    ),
    "D23 1,000 transforms": (
        lambda: d.craft(signed_info=_transforms(d.EXCLUSIVE * 1000)),
        {"xmldsig.limits": F},
    ),
    "D24 2,000 References": (lambda: d.craft(signed_info=_references(2000)), {"xmldsig.limits": F}),
    "D24 the same Reference twice": (
        lambda: d.craft(
            signed_info=lambda text: re.sub(
                r'(<ds:Reference [^>]*URI="">.*?</ds:Reference>)',
                lambda f: re.sub(r' Id="[^"]*"', "", f[1]) + f[1],
                text,
                count=1,
            )
        ),
        {"xml.references": F},
    ),
    "D25 other order": (lambda: d.craft(signed_info=_transforms(d.EXCLUSIVE + d.ENVELOPED)), {"xmldsig.transforms": F}),
    "D25 enveloped twice": (
        lambda: d.craft(signed_info=_transforms(d.ENVELOPED * 2 + d.EXCLUSIVE)),
        {"xmldsig.transforms": F},
    ),
    "D30 Reference to a file": (_uri(' URI="file:///etc/passwd"'), {"xml.references": F}),
    "D31 Reference to an absolute path": (_uri(' URI="/etc/passwd"'), {"xml.references": F}),
    "D32 Reference to the network": (_uri(' URI="http://127.0.0.1/"'), {"xml.references": F}),
    "D33 XPointer": (_uri(' URI="#xpointer(/)"'), {"xmldsig.reference-targets": I}),
    "D33 Reference without URI": (_uri(""), {"xmldsig.reference-targets": I}),
    "Reference to nobody's Id": (_uri(' URI="#nobody"'), {"xml.references": F}),
    "D40 only one row is signed": (_only_a_row, {"xml.coverage": F}),
    "whole document without canonicalization": (
        lambda: d.craft(
            signed_info=_transforms(d.ENVELOPED), octets=lambda root: d.without_signatures(root, inclusive=True)
        ),
        {"xml.coverage": F},
    ),
    "D41 no Reference at all": (
        lambda: d.craft(signed_info=m.removed(r"<ds:Reference .*</ds:Reference>")),
        {"xmldsig.structure": F},
    ),
    "D42 signed row moved away": (_wrapped_row, {"xml.coverage": F}),
    "D43 duplicate Id": (
        lambda: d.signed(d.DOCUMENT).replace(b'Id="r2"', b'Id="r1"'),
        {"xmldsig.unique-ids": F},
    ),
    "D44 ID against Id": (
        lambda: d.signed(d.DOCUMENT).replace(b'Id="r2"', b'ID="r1"'),
        {"xmldsig.unique-ids": F},
    ),
    "D45 Id of a foreign namespace": (
        lambda: d.signed(d.DOCUMENT).replace(b'Id="r2"', b'xmlns:e="urn:e" e:Id="r1"'),
        {"xmldsig.unique-ids": F},
    ),
    "D46 valid document in a bigger one": (
        lambda: d.edited(lambda text: f"<bigger><free/>{text}</bigger>"),
        {"xml.signatures": F},
    ),
    "D47 empty extra Signature first": (
        lambda: d.craft(document=m.replaced("<row ", f'<Signature xmlns="{m.DS}"/><row ')(d.DOCUMENT)),
        {"xmldsig.structure": F},
    ),
    "D48 second SignedInfo": (
        lambda: d.craft(
            rest=lambda text: re.sub(
                r"(<ds:SignedInfo .*?</ds:SignedInfo>)", lambda f: f[1] + f[1].replace("-r0", "-q0"), text
            )
        ),
        {"xmldsig.structure": F},
    ),
    "D49 first, forged SignedInfo": (
        lambda: d.craft(
            rest=lambda text: re.sub(
                r"(<ds:SignedInfo .*?</ds:SignedInfo>)", lambda f: f[1].replace("-r0", "-q0") + f[1], text
            )
        ),
        {"xmldsig.structure": F},
    ),
    "D50 comment with a forged digest": (
        lambda: d.craft(rest=_digest_value(lambda text: f"AAAA<!-- {text} -->")),
        {"xmldsig.structure": F},
    ),
    "D51 forged digest and comment": (
        lambda: d.craft(rest=_digest_value(lambda text: f"{text}<!-- x -->AAAA")),
        {"xmldsig.structure": F},
    ),
    "D52 relative namespace": (
        lambda: d.edited(m.replaced("<row ", '<row xmlns:r="relative" ')),
        {"xml.accepted": F},
    ),
    "D53 relative namespace, digest of nothing": (
        lambda: d.craft(signed_info=m.replaced("<ds:SignedInfo ", '<ds:SignedInfo xmlns:r="r" '), octets=lambda _: b""),
        {"xml.accepted": F},
    ),
    "D61 victim's certificate, attacker's value": (
        lambda: d.craft(sign=m.other_head().sign),
        {"xmldsig.signature-value": F},
    ),
    "D62 attacker's KeyValue": (lambda: d.craft(rest=_key_value(b"\x80" + bytes(255))), {"xmldsig.key-value": F}),
    "D64 ECDSA with an RSA key": (
        lambda: d.craft(signed_info=m.replaced(m.RSA_SHA256, f"{MORE}ecdsa-sha256")),
        {"xmldsig.signature-value": F},
    ),
    "D80 garbage in DigestValue": (
        lambda: d.craft(signed_info=_digest_value(lambda text: f"!{text}")),
        {"xmldsig.base64": F},
    ),
    "D81 garbage in SignatureValue": (
        lambda: d.craft(rest=m.replaced("<ds:SignatureValue>", "<ds:SignatureValue>*")),
        {"xmldsig.base64": F},
    ),
    "D82 zero byte before the value": (
        lambda: d.craft(value=lambda octets: b"\0" + octets),
        {"xmldsig.signature-value": F},
    ),
    "D83 spare bits": (lambda: d.craft(rest=_spare_bits), {"xmldsig.base64": F}),
    "D84 ECDSA in DER": (lambda: _ec(lambda der: der), {"xmldsig.signature-value": F}),
    "D84 r is zero": (lambda: _ec(lambda der: bytes(32) + ecdsa_to_raw(der, 256)[32:]), {"xmldsig.signature-value": F}),
    "D84 s is not below n": (
        lambda: _ec(lambda der: ecdsa_to_raw(der, 256)[:32] + b"\xff" * 32),
        {"xmldsig.signature-value": F},
    ),
    "D86 two DigestValues": (
        lambda: d.craft(
            signed_info=lambda text: re.sub(r"(<ds:DigestValue>[^<]*</ds:DigestValue>)", r"\1\1", text, count=1)
        ),
        {"xmldsig.structure": F},
    ),
    "D90 depth of 100,000": (lambda: b"<a>" * 100_000, {"xml.accepted": F}),
    "D92 200,000 attributes": (
        _hostile(_crowd(200_000)),
        {"xml.accepted": F},
    ),
    # --- XAdES, as far as a document has it otherwise than a container
    "A71 plain signature where a signed certificate is asked for": (
        lambda: d.good("xmldsig"),
        {"xml.signing-certificate": F},
    ),
    "A72 signed properties not referenced": (
        lambda: d.craft(signed_info=m.removed(r"<ds:Reference Type=.*</ds:Reference>")),
        {"xades.signed-properties": F},
    ),
    "A70 signed properties changed": (
        lambda: d.edited(m.replaced("T10:15:00Z", "T10:14:00Z")),
        {"xmldsig.digests": F},
    ),
    "A80 format for nothing": (
        lambda: d.craft(properties=m.replaced('-r0">', '-r7">')),
        {"xades.data-object-format": F},
    ),
    "A90 ds:Manifest": (_uri(f' Type="{m.DS}Manifest" URI="#r1"'), {"xml.references": I}),
    # --- canonicalization and denial of service
    "N01 1,000 declarations, 1,000 children": (
        _hostile(f"<a{_namespaces(1000)}>{'<b/>' * 1000}</a>"),
        {"xml.accepted": F},
    ),
    "N02 1,500 declarations, 1,500 children": (
        _hostile(f"<a{_namespaces(1500)}>{'<b/>' * 1500}</a>"),
        {"xml.accepted": F},
    ),
    "N03 1,000 declarations, 300 References": (
        lambda: _hostile(f"<a{_namespaces(1000)}></a>")().replace(
            b"</ds:SignedInfo>", (d.reference("", b"", d.EXCLUSIVE.replace(m.EXC, d.C14N_10)) * 300).encode()
        ),
        {"xml.accepted": F},
    ),
    "N04 the same, exclusive": (
        lambda: _hostile(f"<a{_namespaces(1000)}></a>")().replace(
            b"</ds:SignedInfo>", (d.reference("", b"") * 300).encode() + b"</ds:SignedInfo>"
        ),
        {"xml.accepted": F},
    ),
    "N05 50,000 attributes": (
        _hostile(_crowd(50_000)),
        {"xml.accepted": F},
    ),
    "N06 4,000 declarations, 4,000 children": (
        _hostile(f"<a{_namespaces(4000)}>{'<b/>' * 4000}</a>"),
        {"xml.accepted": F},
    ),
    "N07 declarations at each of 2,000 levels": (_hostile(_levels(2000, 1, "")), {"xml.accepted": F}),
    "N08 60 levels of 32 declarations": (_hostile(_levels(60, 32, "<c/>" * 2000)), {"xml.accepted": F}),
    "N08 below the limits, above their product": (_inclusive_cost, {"xmldsig.limits": F}),
    "N12 Canonical XML 1.1 under xml:base": (
        lambda: d.craft(
            document=m.replaced("<report ", '<report xml:base="urn:x" ')(d.DOCUMENT),
            signed_info=_method(algorithm=C14N_11),
        ),
        {"xmldsig.canonicalization": I},
    ),
    "N13 #default in the PrefixList of SignedInfo": (
        lambda: d.craft(signed_info=_method(_prefixes("#default"))),
        {"xmldsig.canonicalization": I},
    ),
    "N13 #default in the PrefixList of a Reference": (
        lambda: d.craft(
            signed_info=_transforms(d.ENVELOPED + d.EXCLUSIVE.replace("></", f">{_prefixes('#default')}</"))
        ),
        {"xmldsig.transforms": I},
    ),
    "N16 UTF-16": (lambda: d.good().decode().encode("utf-16"), {"xml.accepted": F}),
    "N16 UTF-7": (
        lambda: d.edited(lambda text: f'<?xml version="1.0" encoding="UTF-7"?>{text}'),
        {"xml.accepted": F},
    ),
    "N16 wrong name of the encoding": (
        lambda: d.edited(lambda text: f'<?xml version="1.0" encoding="ISO-8859-1"?>{text}'),
        {"xml.accepted": F},
    ),
    "N17 a million tiny elements and more": (lambda: b"<a>" + b"<b/>" * 1_000_001 + b"</a>", {"xml.accepted": F}),
    "N18 seventeen signatures": (
        lambda: d.edited(lambda text: text.replace("<row ", f'<x xmlns="{m.DS}">{"<Signature/>" * 16}</x><row ', 1)),
        {"xmldsig.limits": F},
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", VECTORS)
def test_a_document_fails_by_its_one_flaw(row: str) -> None:
    make, expected = VECTORS[row]
    result = d.judged(make())
    assert m.flaws(result.report) == expected
    assert (result.signed, result.document) == ((), None)
    wanted = Indication.TOTAL_FAILED if F in expected.values() else Indication.INDETERMINATE
    assert result.report.indication is wanted


# --- plain signatures, where the policy takes them -------------------------------------------------------------------
def _plain(edit: m.Edit = m.same, **edits: object) -> Callable[[], bytes]:
    return lambda: d.craft(form="xmldsig", rest=edit, **edits)  # type: ignore[arg-type]


def _key_info(inside: str) -> m.Edit:
    return lambda text: re.sub(r"<ds:X509Data>.*</ds:X509Data>", inside, text, flags=re.DOTALL)


def _unknown_second() -> bytes:
    """A88's honest sister: the second signature is of an algorithm we do not have."""
    return d.craft(
        document=d.good("xmldsig").decode(), form="xmldsig", signed_info=m.replaced(m.RSA_SHA256, "urn:gost")
    )


def _two() -> bytes:
    return d.signed(d.good("xmldsig"), "xmldsig", m.other_head())


def _second_broken() -> bytes:
    text = _two().decode()
    at = text.rindex("<ds:SignatureValue>\n") + len("<ds:SignatureValue>\n")
    return (text[:at] + ("B" if text[at] == "A" else "A") + text[at + 1 :]).encode()


PLAIN_VECTORS: dict[str, tuple[Callable[[], bytes], dict[str, Conclusion]]] = {
    "D02 content changed": (lambda: d.edited(m.replaced(">100<", ">900<"), "xmldsig"), {"xmldsig.digests": F}),
    "D16 RSA-1024": (_weak_key, {"xmldsig.signature-value": F, "path.keys": F}),
    "no KeyInfo": (_plain(m.removed(r"<ds:KeyInfo>.*</ds:KeyInfo>")), {"xml.key-info": I}),
    "D63 KeyName alone": (_plain(_key_info("<ds:KeyName>me</ds:KeyName>")), {"xml.key-info": I}),
    "D63 RetrievalMethod alone": (
        _plain(_key_info('<ds:RetrievalMethod URI="http://127.0.0.1/x509"/>')),
        {"xml.key-info": I},
    ),
    "certificate that is none": (
        _plain(_key_info("<ds:X509Data><ds:X509Certificate>QUJD</ds:X509Certificate></ds:X509Data>")),
        {"xml.key-info": F},
    ),
    "two SKIs and a serial number that is none": (
        _plain(
            _key_info(
                "<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=x</ds:X509IssuerName>"
                "<ds:X509SerialNumber>-1</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>"
            )
        ),
        {"xml.key-info": F},
    ),
    "later signature of an unknown algorithm": (
        _unknown_second,
        {"xmldsig.signature-algorithm": I, "xml.later-signatures": I},
    ),
    "A88 second co-signature invalid": (
        _second_broken,
        {"xmldsig.signature-value": F, "xmldsig.digests": F},
    ),
    "A89 content added between the two": (
        lambda: d.signed(
            d.good("xmldsig").replace(b"</ds:Signature></report>", b"</ds:Signature><row/></report>"), "xmldsig",
            m.other_head(),
        ),
        {"xmldsig.digests": F},
    ),
    "a Signature that is no child of the root": (
        lambda: d.edited(lambda text: text.replace("<ds:Signature ", "<row><ds:Signature ").replace(
            "</ds:Signature>", "</ds:Signature></row>"
        ), "xmldsig"),
        {"xml.signatures": F},
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", PLAIN_VECTORS)
def test_a_plain_signature_fails_by_its_one_flaw(row: str) -> None:
    make, expected = PLAIN_VECTORS[row]
    result = d.judged(make(), d.PLAIN_TAKEN)
    assert m.flaws(result.report) == expected
    assert (result.signed, result.document) == ((), None)


def test_a_weak_key_is_named_as_such() -> None:
    """D16."""
    report = d.judged(_weak_key(), d.PLAIN_TAKEN).report
    assert (report.indication, report.sub_indication) == (
        Indication.TOTAL_FAILED,
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
    )


def test_every_check_of_a_document_has_a_vector_that_fails_it_alone() -> None:
    alone = {next(iter(expected)) for _, expected in (*VECTORS.values(), *PLAIN_VECTORS.values()) if len(expected) == 1}
    # of two signatures each has its own flaw: the first one's is this
    first = d.judged(_unknown_second(), d.PLAIN_TAKEN).report.signatures[0]
    alone |= {check.id for check in first.checks if check.conclusion is I}
    assert (
        alone & (verify_xml_module.CHECKS | xmldsig.CHECKS | xml_signature.CHECKS)
        == verify_xml_module.CHECKS | xmldsig.CHECKS | xml_signature.CHECKS
    )


def test_reports_no_check_that_is_not_declared() -> None:
    ours = {"xml", "xmldsig"}
    declared = verify_xml_module.CHECKS | verify_xml_module.NOTES | xmldsig.CHECKS | xml_signature.CHECKS
    for make in (d.good, *(make for make, _ in PLAIN_VECTORS.values())):
        found = m.check_ids(d.judged(make(), d.PLAIN_TAKEN).report)
        assert {check for check in found if check.split(".")[0] in ours} <= declared


# --- what must pass --------------------------------------------------------------------------------------------------
CANONICAL = d.without_signatures(etree.fromstring(d.DOCUMENT))


def _inclusive(document: str = d.DOCUMENT, method: str = d.C14N_10) -> bytes:
    return d.craft(
        document=document,
        signed_info=lambda text: _transforms(d.ENVELOPED + d.EXCLUSIVE.replace(m.EXC, method))(
            _method(algorithm=method)(text)
        ),
        octets=lambda root: d.without_signatures(root, inclusive=True),
    )


def _counter_signed() -> bytes:
    nested = d.over([d.reference("#nobody", b"x")], identifier="C")
    unsigned = (
        "<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:CounterSignature>"
        f"{nested}</xades:CounterSignature></xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
    )
    return d.craft(rest=m.replaced("</xades:QualifyingProperties>", f"{unsigned}</xades:QualifyingProperties>"))


def _odd_spelling(text: str) -> str:
    return re.sub(r"(<ds:DigestValue>)(.{9})", "\\1&#13;\n\\2\t\n", text, count=1)


GOOD: dict[str, tuple[Callable[[], bytes], ValidationPolicy]] = {
    "D00 plain": (lambda: d.good("xmldsig"), d.PLAIN_TAKEN),
    "D01 XAdES": (d.good, d.XADES_ASKED),
    "D03 comment that splits a value": (lambda: d.edited(m.replaced(">100<", ">1<!-- -->00<")), d.XADES_ASKED),
    "D04a comment before and behind the root": (
        lambda: d.edited(lambda text: f"<!-- x -->{text}<!-- y -->"),
        d.XADES_ASKED,
    ),
    "D61 victim's certificate first, where nobody binds it": (
        lambda: d.craft(
            form="xmldsig",
            rest=_key_info(d.x509_data(m.other_head().certificate_chain[0], m.head().certificate_chain[0])),
        ),
        d.PLAIN_TAKEN,
    ),
    "D63 RetrievalMethod and KeyName beside the certificate": (
        lambda: d.craft(
            rest=m.replaced(
                "<ds:KeyInfo>",
                '<ds:KeyInfo><ds:KeyName>x</ds:KeyName><ds:RetrievalMethod URI="file:///etc/passwd"/>',
            )
        ),
        d.XADES_ASKED,
    ),
    "D85 one parse": (d.good, d.XADES_ASKED),
    "D93 empty xmlns stays where it is": (
        lambda: _inclusive('<report xmlns="urn:elshi:test"><row xmlns=""><amount/></row></report>'),
        d.XADES_ASKED,
    ),
    "A87 counter-signature": (_counter_signed, d.XADES_ASKED),
    "N09 many children under many namespaces, exclusive": (
        lambda: d.signed(f"<a{_namespaces(31)}>{'<b/>' * 20_000}</a>"),
        d.XADES_ASKED,
    ),
    "N10 inclusive under a default namespace": (_inclusive, d.XADES_ASKED),
    "N11 inclusive under xml:lang and xml:space": (
        lambda: _inclusive(m.replaced("<report ", '<report xml:lang="kk" xml:space="preserve" ')(d.DOCUMENT)),
        d.XADES_ASKED,
    ),
    "N11 Canonical XML 1.1 under xml:lang": (
        lambda: _inclusive(m.replaced("<report ", '<report xml:lang="kk" ')(d.DOCUMENT), C14N_11),
        d.XADES_ASKED,
    ),
    "N15 CR, tab, CDATA in values": (
        lambda: d.signed(m.replaced(">100<", ">&#13;\n\t<![CDATA[<1>]]>]]&gt;<")(d.DOCUMENT)),
        d.XADES_ASKED,
    ),
    "N15 odd spelling of base64": (lambda: d.craft(signed_info=_odd_spelling), d.XADES_ASKED),
    "N19 a schema far away is not asked for": (
        lambda: d.signed(
            m.replaced(
                "<report ",
                '<report xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
                'xsi:schemaLocation="urn:elshi:test http://127.0.0.1/huge.xsd" ',
            )(d.DOCUMENT)
        ),
        d.XADES_ASKED,
    ),
}


@pytest.mark.parametrize("row", GOOD)
def test_accepts(row: str) -> None:
    make, policy = GOOD[row]
    result = d.judged(make(), policy)
    assert m.flaws(result.report) == {}
    assert result.report.indication is Indication.TOTAL_PASSED
    assert result.document == result.signed[0].octets


def test_a_text_of_eleven_megabytes_is_no_attack() -> None:
    """D91."""
    document = b"<a>" + b"A" * 11_000_000 + b"</a>"
    result = d.judged(d.signed(document))
    assert result.report.indication is Indication.TOTAL_PASSED
    assert result.document == document


def test_hands_out_what_was_signed_and_no_comment() -> None:
    """D03, D85: what an application reads is the very octets that were hashed."""
    result = d.judged(d.edited(m.replaced(">100<", ">1<!-- -->00<")))
    assert result.document == CANONICAL
    assert [each.name for each in result.signed] == ["document"]
    assert result.report.signatures[0].covered == ("document",)


def test_n14_a_prefix_that_only_a_value_uses_is_not_in_what_is_handed_out() -> None:
    """N14: exclusive canonical form does not sign it, so nobody can read the rebound one from the signed octets."""
    typed = m.replaced("<report ", '<report xmlns:t="urn:type" xmlns:q="urn:q" ')(d.DOCUMENT).replace(
        "<amount>", '<amount q:type="t:money">'
    )
    rebound = d.signed(typed).replace(b"urn:type", b"urn:other")
    result = d.judged(rebound)
    assert result.report.indication is Indication.TOTAL_PASSED
    assert result.document is not None
    assert b"t:money" in result.document
    assert b"urn:other" not in result.document


def test_d60_a_stranger_s_certificate_has_no_path() -> None:
    """D60."""
    key = m.stranger_pki().issue("head", "Бөтен", "Бөтен", bin=m.BIN, key_of=m.issued("head")).signing_key()
    report = d.judged(d.signed(d.DOCUMENT, key=key)).report
    assert (report.indication, set(m.flaws(report))) == (Indication.INDETERMINATE, {"path.found"})


def test_of_several_certificates_the_one_whose_key_verifies_is_the_signer() -> None:
    """D61: nobody signs which one, so the report names the holder of the key and not the first in the list."""
    make, policy = GOOD["D61 victim's certificate first, where nobody binds it"]
    signer = d.judged(make(), policy).report.signatures[0].signer
    assert signer is not None
    assert signer.common_name == "Үлгі Б."


def test_a_signature_inside_another_is_nobody_s() -> None:
    """A87."""
    report = d.judged(_counter_signed()).report
    assert len(report.signatures) == 1
    notes = {check.id: dict(check.params) for check in report.checks if check.conclusion is Conclusion.NOT_PERFORMED}
    assert notes == {"xml.nested-signatures": {"signatures": "1"}}


def test_an_earlier_signature_is_not_known_to_be_wrong_where_a_later_one_cannot_be_judged() -> None:
    first, second = d.judged(_unknown_second(), d.PLAIN_TAKEN).report.signatures
    assert (first.indication, second.indication) == (Indication.INDETERMINATE, Indication.INDETERMINATE)
    assert first.sub_indication is SubIndication.SIGNED_DATA_NOT_FOUND


def test_co_signatures_are_for_policies_that_say_so() -> None:
    """Without that a signature made before another one stood there covers the other as well, and fails."""
    first, second = d.judged(_two(), d.PLAIN_TAKEN, co_signatures=False).report.signatures
    assert (first.sub_indication, second.indication) == (SubIndication.HASH_FAILURE, Indication.TOTAL_PASSED)


def test_the_text_behind_a_signature_stays_when_it_is_taken_out() -> None:
    first = d.signed(d.DOCUMENT, "xmldsig").replace(b"</ds:Signature>", b"</ds:Signature>\n")
    report = d.judged(d.signed(first, "xmldsig", m.other_head()), d.PLAIN_TAKEN).report
    assert [each.sub_indication for each in report.signatures] == [SubIndication.HASH_FAILURE, None]


def test_the_national_policy_takes_the_national_form() -> None:
    """It asks for a time-stamp and revocation status, which a plain signature cannot bring; never for a claimed time."""
    flaws = m.flaws(d.judged(d.good("xmldsig"), KZ_DOCUMENT, anchor_kinds=("sandbox",)).report)
    assert not {"xml.signing-certificate", "claims.signing-time", "xml.coverage"} & set(flaws)


WAYS = {
    "issuer and serial number": lambda: (
        "<ds:X509IssuerSerial><ds:X509IssuerName>CN=somebody</ds:X509IssuerName>"
        f"<ds:X509SerialNumber>{_certificate().serial}</ds:X509SerialNumber></ds:X509IssuerSerial>"
    ),
    "key identifier": lambda: (
        f"<ds:X509SKI>{base64.b64encode(_certificate().subject_key_id or b'').decode()}</ds:X509SKI>"
    ),
    "subject": lambda: f"<ds:X509SubjectName>{' '.join(each.value for each in _certificate().subject.attributes)}</ds:X509SubjectName>",
    "digest": lambda: (
        f'<x:X509Digest xmlns:x="http://www.w3.org/2009/xmldsig11#" Algorithm="{m.SHA256}">'
        f"{base64.b64encode(hashlib.sha256(_certificate().der).digest()).decode()}</x:X509Digest>"
    ),
}  # fmt: skip


def _certificate():  # type: ignore[no-untyped-def]
    from signing.certificates import Certificate

    return Certificate.from_der(m.head().certificate_chain[0])


@pytest.mark.parametrize("way", [*WAYS, None])
def test_a_certificate_that_is_only_named_is_looked_up_among_those_the_caller_gives(way: str | None) -> None:
    inside = "<ds:KeyName>x</ds:KeyName>" if way is None else f"<ds:X509Data>{WAYS[way]()}</ds:X509Data>"
    document = d.craft(form="xmldsig", rest=_key_info(inside))
    known = ValidationData(certificates=(b"broken", m.other_head().certificate_chain[0], _certificate().der))
    from signing.verify.xml import verify_xml

    found = verify_xml(document, policy=d.PLAIN_TAKEN, anchors=m.anchors(), at=m.NOW, data=known).report
    assert found.indication is Indication.TOTAL_PASSED
    assert m.flaws(d.judged(document, d.PLAIN_TAKEN).report) == {"xml.key-info": I}


# --- the list of rows --------------------------------------------------------------------------------------------------
ROWS = frozenset(
    [
        "D00",
        "D01",
        "D02",
        "D03",
        "D04",
        "D04a",
        "D05",
        "D06",
        "D07",
        "D08",
        "D09",
        "D10",
        "D11",
        "D12",
        "D13",
        "D14",
        "D15",
        "D16",
        "D20",
        "D21",
        "D22",
        "D23",
        "D24",
        "D25",
        "D30",
        "D31",
        "D32",
        "D33",
        "D40",
        "D41",
        "D42",
        "D43",
        "D44",
        "D45",
        "D46",
        "D47",
        "D48",
        "D49",
        "D50",
        "D51",
        "D52",
        "D53",
        "D60",
        "D61",
        "D62",
        "D63",
        "D64",
        "D80",
        "D81",
        "D82",
        "D83",
        "D84",
        "D85",
        "D86",
        "D90",
        "D91",
        "D92",
        "D93",
        "N01",
        "N02",
        "N03",
        "N04",
        "N05",
        "N06",
        "N07",
        "N08",
        "N09",
        "N10",
        "N11",
        "N12",
        "N13",
        "N14",
        "N15",
        "N16",
        "N17",
        "N18",
        "N19",
        "A71",
        "A87",
        "A88",
        "A89",
        "A90",
    ]
)
IN_DOCSTRINGS = (
    test_a_text_of_eleven_megabytes_is_no_attack,
    test_n14_a_prefix_that_only_a_value_uses_is_not_in_what_is_handed_out,
    test_d60_a_stranger_s_certificate_has_no_path,
)


def test_every_row_of_the_attack_list_has_its_test() -> None:
    named = " ".join((*VECTORS, *PLAIN_VECTORS, *GOOD, *(each.__doc__ or "" for each in IN_DOCSTRINGS)))
    assert ROWS - set(re.findall(r"\b[DNA]\d\da?\b", named)) == set()
