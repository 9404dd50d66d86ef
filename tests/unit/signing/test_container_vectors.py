"""Containers that fail by one thing alone: D, A, N and Z rows of the attack list that are about signatures."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signing import asic, xades, xmldsig
from signing.validation_report import Conclusion, Indication
from signing.verify import container, container_cades, container_xades, xml_signature
from tests.unit.signing import xml_material as m

F, I = Conclusion.FAILED, Conclusion.INDETERMINATE  # noqa: E741 - read as a column of the table
SP_TYPE = ' Type="http://uri.etsi.org/01903#SignedProperties"'
SP_TRANSFORM = f'<ds:Transform Algorithm="{m.EXC}"></ds:Transform>'
XSLT = '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"></ds:Transform>'
XPATH = (
    '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>not(1)</ds:XPath></ds:Transform>'
)
PDF_URI = ' URI="docs/a.pdf"'
QUALIFYING = f'<xades:QualifyingProperties xmlns:xades="{m.XADES}" Target="#S-0"></xades:QualifyingProperties>'


def _signatures(edit: m.Edit) -> bytes:
    """The good signature edited without signing again."""
    return m.changed(signatures=m.wrapped(edit(m.signature_text())))


def _second_file(content: bytes) -> bytes:
    return m.with_part("META-INF/signatures1.xml", content)


def _unsigned_but_listed() -> bytes:
    parts = m.in_manifest(m.parts_of(m.good()), "extra.txt")
    return m.raw_zip(m.raw_entries({**parts, "extra.txt": b"unsigned"}))


def _not_in_manifest() -> bytes:
    """Signed, in the archive, and absent from the manifest."""
    return m.changed(
        manifest=re.sub(
            rb'<manifest:file-entry manifest:full-path="docs/a.pdf"[^>]*/>', b"", m.parts_of(m.good())[m.MANIFEST]
        )
    )


def _pdf_reference(attributes: str) -> Callable[[], bytes]:
    """The Reference to the PDF with these attributes in place of its URI, signed again."""
    return lambda: m.crafted(signed_info=m.replaced(PDF_URI, attributes))


def _twice_referenced(text: str) -> str:
    """A second Reference to the PDF before the true one; its digest is that of other bytes."""
    start = text.index('<ds:Reference Id="', text.index("-r0"))
    end = text.index("</ds:Reference>", start) + len("</ds:Reference>")
    other = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    false = re.sub(r"(<ds:DigestValue>)[^<]*", lambda found: found[1] + other, text[start:end])
    return text[:start] + re.sub(r' Id="[^"]*"', "", false) + text[start:]


def _commitment_alone(text: str) -> str:
    commitment = (
        "<xades:CommitmentTypeIndication><xades:CommitmentTypeId><xades:Identifier>urn:x</xades:Identifier>"
        "</xades:CommitmentTypeId><xades:AllSignedDataObjects></xades:AllSignedDataObjects></xades:CommitmentTypeIndication>"
    )
    return re.sub(r"<xades:DataObjectFormat .*</xades:DataObjectFormat>", commitment, text, flags=re.DOTALL)


def _signature_over_nothing() -> bytes:
    """No data object in the archive, none in the manifest, none signed: everything there is agrees."""
    signature = m.craft_signature(
        properties=_commitment_alone,
        signed_info=m.removed(r"<ds:Reference Id=.*</ds:Reference>(?=<ds:Reference Type)"),
    )
    manifest = re.sub(
        rb'<manifest:file-entry manifest:full-path="[^"/]+[^>]*/>', b"", m.parts_of(m.good())[m.MANIFEST]
    ).replace("есеп/".encode(), b"")
    return m.changed(report=None, pdf=None, manifest=manifest, signatures=m.wrapped(signature))


def _media_type() -> bytes:
    return m.changed(manifest=m.parts_of(m.good())[m.MANIFEST].replace(b'"application/pdf"', b'"text/html"'))


def _sha1_certificate(text: str) -> str:
    digest = base64.b64encode(hashlib.sha1(m.head().certificate_chain[0]).digest()).decode()
    text = text.replace(f'Algorithm="{m.SHA256}"', f'Algorithm="{m.SHA1}"', 1)
    return re.sub(r"(<ds:DigestValue [^>]*>)[^<]*", lambda found: found[1] + digest, text)


def _other_certificate(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(m.other_head().certificate_chain[0]).digest()).decode()
    return re.sub(r"(<ds:DigestValue [^>]*>)[^<]*", lambda found: found[1] + digest, text)


def _in_key_info(text: str) -> m.Edit:
    return m.replaced("<ds:KeyInfo>", f"<ds:KeyInfo>{text}")


def _attackers_key_value() -> bytes:
    number = m.other_head().certificate_chain[0][-256:]
    modulus = base64.b64encode(b"\x80" + number[1:]).decode()
    value = f"<ds:RSAKeyValue><ds:Modulus>{modulus}</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue>"
    return m.crafted(rest=_in_key_info(f"<ds:KeyValue>{value}</ds:KeyValue>"))


def _own_key_value() -> bytes:
    key = m.issued("head").private_key.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    modulus = base64.b64encode(key.public_numbers().n.to_bytes(256, "big")).decode()
    value = f"<ds:RSAKeyValue><ds:Modulus>{modulus}</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue>"
    return m.crafted(rest=_in_key_info(f"<ds:KeyValue>{value}</ds:KeyValue>"))


def _references(count: int) -> str:
    one = f'<ds:Reference URI="docs/a.pdf"><ds:DigestMethod Algorithm="{m.SHA256}"></ds:DigestMethod><ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>'
    return one * count + "</ds:SignedInfo>"


def _reference_value(edit: Callable[[str], str]) -> m.Edit:
    """Edit the first DigestValue of SignedInfo."""

    def apply(text: str) -> str:
        return re.sub(r"(<ds:DigestValue>)([^<]*)", lambda found: found[1] + edit(found[2]), text, count=1)

    return apply


def _unknown_then_sha1(text: str) -> str:
    """Cannot tell about the first Reference, surely wrong about the second: the worse of the two is the verdict."""
    return text.replace(m.SHA256, "urn:nobody", 1).replace(m.SHA256, m.SHA1, 1)


def _data_digest(algorithm: str, name: str) -> m.Edit:
    """SignedInfo whose references to data use another digest, rightly computed."""

    def apply(text: str) -> str:
        text = text.replace(m.SHA256, algorithm)
        for content in (m.REPORT, m.PDF):
            old = base64.b64encode(hashlib.sha256(content).digest()).decode()
            text = text.replace(old, base64.b64encode(hashlib.new(name, content).digest()).decode())
        return text

    return apply


def _ec_value(edit: Callable[[bytes], bytes]) -> bytes:
    """A signature of an EC key; crafted with the raw form of the value, then edited."""
    from signing.algorithms import ecdsa_to_raw

    key = m.issued("head", "ec-p256").signing_key()
    return m.crafted(
        key=key, sign=lambda octets: edit(key.sign(octets) if edit is _as_der else ecdsa_to_raw(key.sign(octets), 256))
    )


def _as_der(octets: bytes) -> bytes:
    return octets


def _spare_bits(text: str) -> str:
    """The last letter before the padding changed in bits that no octet uses."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    found = re.search(r"<ds:SignatureValue>[^<=]*(.)==</ds:SignatureValue>", text)
    assert found is not None
    at = found.start(1)
    return text[:at] + alphabet[alphabet.index(text[at]) + 1] + text[at + 1 :]


def _many(count: int) -> bytes:
    return m.changed(signatures=m.wrapped(*(m.signature_text().replace("S-", f"S{n}-") for n in range(count))))


def _without_format(text: str) -> str:
    return m.removed(r"<xades:DataObjectFormat .*?</xades:DataObjectFormat>")(text)


def _policy(text: str) -> str:
    policy = "<xades:SignaturePolicyIdentifier><xades:SignaturePolicyImplied></xades:SignaturePolicyImplied></xades:SignaturePolicyIdentifier>"
    return m.replaced("</xades:SigningCertificateV2>", f"</xades:SigningCertificateV2>{policy}")(text)


def _version_1(text: str) -> str:
    old = "<xades:SigningCertificate><xades:Cert></xades:Cert></xades:SigningCertificate>"
    return m.replaced("<xades:SigningCertificateV2>", f"{old}<xades:SigningCertificateV2>")(text)


def _moved(text: str) -> str:
    """SignedProperties under another parent, Id kept."""
    found = re.search(r"<xades:SignedProperties .*</xades:SignedProperties>", text, re.DOTALL)
    assert found is not None
    return text.replace(found[0], "").replace("</ds:KeyInfo>", f"</ds:KeyInfo><ds:Object>{found[0]}</ds:Object>")


C14N_10 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_11 = "http://www.w3.org/2006/12/xml-c14n11"
METHOD = f'<ds:CanonicalizationMethod Algorithm="{m.EXC}"></ds:CanonicalizationMethod>'


def _method(inside: str = "", algorithm: str = m.EXC) -> m.Edit:
    new = f'<ds:CanonicalizationMethod Algorithm="{algorithm}">{inside}</ds:CanonicalizationMethod>'
    return m.replaced(METHOD, new)


def _prefixes(prefixes: str) -> str:
    return f'<ec:InclusiveNamespaces xmlns:ec="{m.EXC}" PrefixList="{prefixes}"></ec:InclusiveNamespaces>'


def _algorithm(uri: str) -> bytes:
    return m.crafted(signed_info=m.replaced(m.RSA_SHA256, uri))


MORE = "http://www.w3.org/2001/04/xmldsig-more#"
DSIG = "http://www.w3.org/2000/09/xmldsig#"

# row and cause -> (input, {check: conclusion}); nothing else may be wrong with it
VECTORS: dict[str, tuple[Callable[[], bytes], dict[str, Conclusion]]] = {
    # --- container
    "Z10 extra file, unsigned, not listed": (
        lambda: m.with_part("extra.txt", b"x"),
        {"asic.manifest-entries": F, "asic.coverage": F},
    ),
    "Z11 extra file, listed, unsigned": (_unsigned_but_listed, {"asic.coverage": F}),
    "Z12 file missing": (lambda: m.changed(pdf=None), {"asic.manifest-entries": F, "asic.references": F}),
    "Z13 manifest lacks an entry": (_not_in_manifest, {"asic.manifest-entries": F}),
    "Z14 media type in the manifest": (_media_type, {"asic.media-types": F}),
    "Z19, D02 content changed": (lambda: m.changed(pdf=m.PDF + b" "), {"xmldsig.digests": F}),
    "Z28 second signature file, forged": (
        lambda: _second_file(m.wrapped(re.sub(r"(<ds:SignatureValue>)..", r"\1AA", m.signature_text()))),
        {"xmldsig.signature-value": F},
    ),
    "Z29 no signature": (lambda: m.changed(signatures=None), {"asic.signatures": F}),
    "Z30 DTD in the signature file": (
        lambda: m.changed(signatures=b"<!DOCTYPE a>" + m.parts_of(m.good())[m.SIGNATURES].split(b"\n", 1)[1]),
        {"xml.accepted": F},
    ),
    "Z37 DTD in the manifest": (lambda: m.changed(manifest=b"<!DOCTYPE a><a/>"), {"xml.accepted": F}),
    "Z38 signature file of another package": (
        lambda: m.changed(
            signatures=m.wrapped(
                m.signature_text(
                    (
                        m.DataObject.of(m.REPORT_NAME, "application/xml", b"<other/>"),
                        m.DataObject.of("docs/a.pdf", "application/pdf", b"other"),
                    )
                )
            )
        ),
        {"xmldsig.digests": F},
    ),
    "Z40 Reference with Transforms": (
        lambda: m.crafted(
            signed_info=m.replaced(f"{PDF_URI}>", f"{PDF_URI}><ds:Transforms>{SP_TRANSFORM}</ds:Transforms>")
        ),
        {"asic.references": F},
    ),
    "Z40 Reference to mimetype": (_pdf_reference(' URI="mimetype"'), {"asic.references": F}),
    "Z40 Reference to META-INF": (_pdf_reference(f' URI="{m.MANIFEST}"'), {"asic.references": F}),
    "Z40 Reference to a folder": (_pdf_reference(' URI="docs/"'), {"asic.references": F}),
    "Z40 Reference with a query": (_pdf_reference(' URI="docs/a.pdf?x"'), {"asic.references": F}),
    "Z40 Reference with a fragment": (_pdf_reference(' URI="docs/a.pdf#x"'), {"asic.references": F}),
    "Z40 percent-encoding cut off": (_pdf_reference(' URI="docs/a.pdf%2"'), {"asic.references": F}),
    "signature file of another vocabulary": (lambda: m.changed(signatures=b"<a/>"), {"asic.signature-file": F}),
    "signature file without signatures": (lambda: m.changed(signatures=m.wrapped()), {"asic.signature-file": F}),
    "N18 seventeen signatures": (lambda: _many(17), {"asic.signature-file": F}),
    # --- XMLDSig
    "D10 HMAC": (lambda: _algorithm(MORE + "hmac-sha256"), {"xmldsig.signature-algorithm": F}),
    "D12 HMACOutputLength": (
        lambda: m.crafted(
            signed_info=m.replaced(
                "</ds:SignatureMethod>", "<ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>"
            )
        ),
        {"xmldsig.structure": F},
    ),
    "D13 rsa-sha1": (lambda: _algorithm(DSIG + "rsa-sha1"), {"xmldsig.signature-algorithm": F}),
    "D15 rsa-md5": (lambda: _algorithm(MORE + "rsa-md5"), {"xmldsig.signature-algorithm": F}),
    "unknown signature algorithm": (lambda: _algorithm("urn:nobody"), {"xmldsig.signature-algorithm": I}),
    "national algorithm over an RSA key": (
        lambda: _algorithm(MORE + "gost34310-gost34311"),
        {"xmldsig.signature-value": F},
    ),
    "D14 SHA-1 in a Reference": (
        lambda: m.crafted(signed_info=_data_digest(m.SHA1, "sha1"), digest="sha1"),
        {"xmldsig.digest-algorithms": F},
    ),
    "D14 SHA-1 behind a digest that nobody knows": (
        lambda: m.crafted(signed_info=_unknown_then_sha1),
        {"xmldsig.digest-algorithms": F},
    ),
    "D20 XSLT": (lambda: m.crafted(signed_info=m.replaced(SP_TRANSFORM, XSLT)), {"xmldsig.transforms": F}),
    "D22 XPath": (lambda: m.crafted(signed_info=m.replaced(SP_TRANSFORM, XPATH)), {"xmldsig.transforms": F}),
    "D23 1,000 transforms": (
        lambda: m.crafted(signed_info=m.replaced(SP_TRANSFORM, SP_TRANSFORM * 1000)),
        {"xmldsig.limits": F},
    ),
    "D24 2,000 References": (
        lambda: m.crafted(signed_info=m.replaced("</ds:SignedInfo>", _references(2000))),
        {"xmldsig.limits": F},
    ),
    "D25 two canonicalizations": (
        lambda: m.crafted(signed_info=m.replaced(SP_TRANSFORM, SP_TRANSFORM * 2)),
        {"xmldsig.transforms": F},
    ),
    "D30 Reference to file": (_pdf_reference(' URI="file:///etc/passwd"'), {"asic.references": F}),
    "D31 Reference to an absolute path": (_pdf_reference(' URI="/etc/passwd"'), {"asic.references": F}),
    "D32 Reference to the network": (_pdf_reference(' URI="http://127.0.0.1/"'), {"asic.references": F}),
    "D33 XPointer": (_pdf_reference(' URI="#xpointer(/)"'), {"xmldsig.reference-targets": I}),
    "D33 Reference without URI": (_pdf_reference(""), {"xmldsig.reference-targets": I}),
    "D41 no Reference": (
        lambda: m.crafted(signed_info=m.removed(r"<ds:Reference .*</ds:Reference>")),
        {"xmldsig.structure": F},
    ),
    "D43 duplicate Id": (
        lambda: _signatures(lambda text: re.sub(r"<ds:KeyInfo>", f'<ds:KeyInfo Id="{_id(text)}">', text)),
        {"xmldsig.unique-ids": F},
    ),
    "D45 Id of a foreign namespace": (
        lambda: _signatures(
            lambda text: text.replace("<ds:KeyInfo>", f'<ds:KeyInfo xmlns:e="urn:e" e:ID="{_id(text)}">')
        ),
        {"xmldsig.unique-ids": F},
    ),
    "D48 second SignedInfo": (
        lambda: _signatures(
            lambda text: re.sub(
                r"(<ds:SignedInfo .*?</ds:SignedInfo>)", lambda f: f[1] + f[1].replace("-r", "-q"), text
            )
        ),
        {"xmldsig.structure": F},
    ),
    "D47 empty extra Signature": (
        lambda: m.changed(signatures=m.wrapped(f'<ds:Signature xmlns:ds="{m.DS}"/>', m.signature_text())),
        {"xmldsig.structure": F},
    ),
    "D50 comment inside DigestValue": (
        lambda: m.crafted(signed_info=_reference_value(lambda text: f"{text}<!-- x -->")),
        {"xmldsig.structure": F},
    ),
    "text between the children": (
        lambda: m.crafted(rest=m.replaced("<ds:KeyInfo>", "text<ds:KeyInfo>")),
        {"xmldsig.structure": F},
    ),
    "comment between the children": (
        lambda: m.crafted(rest=m.replaced("<ds:KeyInfo>", "<!-- x --><ds:KeyInfo>")),
        {"xmldsig.structure": F},
    ),
    "unknown attribute": (
        lambda: m.crafted(rest=m.replaced("<ds:SignatureValue>", '<ds:SignatureValue x="1">')),
        {"xmldsig.structure": F},
    ),
    "D52 relative namespace": (
        lambda: m.crafted(signed_info=m.replaced("<ds:SignedInfo ", '<ds:SignedInfo xmlns:r="relative" ')),
        {"xml.accepted": F},
    ),
    "D61 victim's certificate, attacker's value": (
        lambda: m.crafted(sign=m.other_head().sign),
        {"xmldsig.signature-value": F},
    ),
    "D62 attacker's KeyValue": (_attackers_key_value, {"xmldsig.key-value": F}),
    "D64 ECDSA with an RSA key": (lambda: _algorithm(MORE + "ecdsa-sha256"), {"xmldsig.signature-value": F}),
    "D80 garbage in DigestValue": (
        lambda: m.crafted(signed_info=_reference_value(lambda text: f"!{text}")),
        {"xmldsig.base64": F},
    ),
    "D81 garbage in SignatureValue": (
        lambda: m.crafted(rest=m.replaced("<ds:SignatureValue>", "<ds:SignatureValue>*")),
        {"xmldsig.base64": F},
    ),
    "D82 zero byte before the value": (
        lambda: m.crafted(value=lambda octets: b"\0" + octets),
        {"xmldsig.signature-value": F},
    ),
    "D83 spare bits": (lambda: m.crafted(rest=_spare_bits), {"xmldsig.base64": F}),
    "D84 ECDSA in DER": (lambda: _ec_value(_as_der), {"xmldsig.signature-value": F}),
    "D84 r is zero": (lambda: _ec_value(lambda raw: bytes(32) + raw[32:]), {"xmldsig.signature-value": F}),
    "unknown canonicalization": (
        lambda: m.crafted(signed_info=_method(algorithm="urn:nobody")),
        {"xmldsig.canonicalization": F},
    ),
    "N13 #default in PrefixList": (
        lambda: m.crafted(signed_info=_method(_prefixes("#default"))),
        {"xmldsig.canonicalization": I},
    ),
    "33 prefixes": (
        lambda: m.crafted(signed_info=_method(_prefixes(" ".join(f"p{n}" for n in range(33))))),
        {"xmldsig.limits": F},
    ),
    "eleven certificates": (
        lambda: m.crafted(
            rest=lambda text: re.sub(r"(<ds:X509Certificate>[^<]*</ds:X509Certificate>)", r"\1" * 6, text)
        ),
        {"xmldsig.limits": F},
    ),
    # --- XAdES
    "A70 signed properties changed": (
        lambda: _signatures(m.replaced("T10:15:00Z", "T10:14:00Z")),
        {"xmldsig.digests": F},
    ),
    "A71 no SigningCertificateV2": (
        lambda: m.crafted(properties=m.removed(r"<xades:SigningCertificateV2>.*</xades:SigningCertificateV2>")),
        {"xades.signing-certificate": F},
    ),
    "A72 signed properties not referenced": (
        lambda: m.crafted(signed_info=m.removed(r"<ds:Reference Type=.*</ds:Reference>")),
        {"xades.signed-properties": F},
    ),
    "A73 Reference without Type": (
        lambda: m.crafted(signed_info=m.replaced(SP_TYPE, "")),
        {"xades.signed-properties": F},
    ),
    "signed properties without canonicalization": (
        lambda: m.crafted(signed_info=m.removed(r"<ds:Transforms>.*</ds:Transforms>")),
        {"xades.signed-properties": F},
    ),
    "A74 second QualifyingProperties": (
        lambda: m.crafted(rest=m.replaced("<ds:Object>", f"<ds:Object>{QUALIFYING}</ds:Object><ds:Object>")),
        {"xades.qualifying-properties": F},
    ),
    "A75 Target elsewhere": (
        lambda: m.crafted(rest=lambda text: re.sub(r'Target="#[^"]*"', 'Target="#other"', text)),
        {"xades.qualifying-properties": F},
    ),
    "A76, Z39 digest of another certificate": (
        lambda: m.crafted(properties=_other_certificate),
        {"xades.signing-certificate": F},
    ),
    "A77 its digest is SHA-1": (
        lambda: m.crafted(properties=_sha1_certificate),
        {"xades.signing-certificate": F},
    ),
    "A78 V1 beside V2": (lambda: m.crafted(properties=_version_1), {"xades.signing-certificate": F}),
    "no certificate in KeyInfo": (
        lambda: m.crafted(rest=m.removed(r"<ds:KeyInfo>.*</ds:KeyInfo>")),
        {"xades.signing-certificate": I},
    ),
    "A79 empty SignedProperties": (
        lambda: m.crafted(
            properties=m.removed(r"(?<=<xades:SignedSignatureProperties>).*(?=</xades:SignedSignatureProperties>)")
        ),
        {"xades.qualifying-properties": F},
    ),
    "properties in another order": (
        lambda: m.crafted(
            properties=lambda text: re.sub(
                r"(<xades:SigningTime>.*</xades:SigningTime>)(.*)(</xades:SignedSignatureProperties>)", r"\2\1\3", text
            )
        ),
        {"xades.qualifying-properties": F},
    ),
    "no SigningTime": (
        lambda: m.crafted(properties=m.removed(r"<xades:SigningTime>.*</xades:SigningTime>")),
        {"xades.signing-time": F},
    ),
    "SigningTime without offset": (
        lambda: m.crafted(properties=m.replaced(":00Z<", ":00<")),
        {"xades.signing-time": F},
    ),
    "SigningTime that never was": (
        lambda: m.crafted(properties=m.replaced("2026-11-20T", "2026-02-30T")),
        {"xades.signing-time": F},
    ),
    "A80 Reference without format": (
        lambda: m.crafted(properties=_without_format),
        {"xades.data-object-format": F},
    ),
    "A80 two formats for one": (
        lambda: m.crafted(properties=m.replaced('-r1">', '-r0">')),
        {"xades.data-object-format": F},
    ),
    "A80 format for nothing": (
        lambda: m.crafted(properties=m.replaced('-r1">', '-r7">')),
        {"xades.data-object-format": F},
    ),
    "A81 signed properties moved": (lambda: m.crafted(rest=_moved), {"xades.qualifying-properties": F}),
    "A82 signature policy": (lambda: m.crafted(properties=_policy), {"xades.signature-policy": I}),
    "A83 signing time in the future": (
        lambda: m.crafted(properties=m.replaced("2026-11-20T", "2027-11-20T")),
        {"claims.signing-time": I},
    ),
    "A84 nothing signed but the properties": (_signature_over_nothing, {"asic.coverage": F}),
    "D24 one data object referenced twice": (
        lambda: m.crafted(signed_info=_twice_referenced),
        {"asic.references": F},
    ),
    "A90 ds:Manifest": (_pdf_reference(f' Type="{m.DS}Manifest" URI="docs/a.pdf"'), {"asic.references": I}),
}


def _id(text: str) -> str:
    return re.search(r'Id="(S-[^"]*)"', text)[1]  # type: ignore[index]


def _xml_base() -> bytes:
    signature = m.craft_signature(signed_info=_method(algorithm=C14N_11))
    return m.changed(
        signatures=m.wrapped(signature).replace(b"<asic:XAdESSignatures ", b'<asic:XAdESSignatures xml:base="urn:x" ')
    )


def _added(properties: str) -> Callable[[], bytes]:
    """The good signature with unsigned properties added, as anybody could."""
    inside = f"<xades:UnsignedSignatureProperties>{properties}</xades:UnsignedSignatureProperties>"
    return lambda: _signatures(
        m.replaced("</xades:QualifyingProperties>", f"{m.unsigned(inside)}</xades:QualifyingProperties>")
    )


VECTORS |= {
    "validation data of another shape": (
        _added("<xades:CertificateValues><xades:Cert/></xades:CertificateValues>"),
        {"xades.validation-data": F},
    ),
    "a time-stamp without token": (
        _added("<xades:SignatureTimeStamp></xades:SignatureTimeStamp>"),
        {"xades.time-stamps": F},
    ),
    "65 unsigned properties": (
        _added("<xades:CertificateValues></xades:CertificateValues>" * 65),
        {"xmldsig.limits": F},
    ),
    "17 archive time-stamps": (
        _added(
            '<a:ArchiveTimeStamp xmlns:a="http://uri.etsi.org/01903/v1.4.1#">'
            "<xades:EncapsulatedTimeStamp>AAAA</xades:EncapsulatedTimeStamp></a:ArchiveTimeStamp>" * 17
        ),
        {"xmldsig.limits": F},
    ),
    "a certificate over 64 KB": (
        _added(
            "<xades:CertificateValues><xades:EncapsulatedX509Certificate>"
            f"{'AAAA' * 22_000}</xades:EncapsulatedX509Certificate></xades:CertificateValues>"
        ),
        {"xmldsig.limits": F},
    ),
    "an OCSP answer over 256 KB": (
        _added(
            "<xades:RevocationValues><xades:OCSPValues><xades:EncapsulatedOCSPValue>"
            f"{'AAAA' * 90_000}</xades:EncapsulatedOCSPValue></xades:OCSPValues></xades:RevocationValues>"
        ),
        {"xmldsig.limits": F},
    ),
}

VECTORS["N12 Canonical XML 1.1 with xml:base"] = (_xml_base, {"xmldsig.canonicalization": I})


@pytest.mark.parametrize("row", VECTORS)
def test_a_container_fails_by_its_one_flaw(row: str) -> None:
    make, expected = VECTORS[row]
    result = m.judged(make())
    assert m.flaws(result.report) == expected
    assert result.objects == ()
    wanted = Indication.TOTAL_FAILED if F in expected.values() else Indication.INDETERMINATE
    assert result.report.indication is wanted


def test_every_check_of_a_container_has_a_vector_that_fails_it_alone() -> None:
    alone = {next(iter(expected)) for _, expected in VECTORS.values() if len(expected) == 1}
    of_cms = container_cades.CHECKS - container_xades.CHECKS  # test_container_cades counts these
    emitted = (container.CHECKS | xades.CHECKS | xmldsig.CHECKS | xml_signature.CHECKS) - {"asic.content"} - of_cms
    assert emitted - alone == set()


def test_reports_no_check_that_is_not_declared() -> None:
    declared = container.CHECKS | container.NOTES | asic.CHECKS | xades.CHECKS | xmldsig.CHECKS | xml_signature.CHECKS
    ours = {
        check
        for check in m.check_ids(m.judged(m.good()).report)
        if check.split(".")[0] in {"asic", "xades", "xmldsig", "xml"}
    }
    assert ours <= declared
    for make, _ in VECTORS.values():
        found = m.check_ids(m.judged(make()).report)
        assert {check for check in found if check.split(".")[0] in {"asic", "xades", "xmldsig", "xml"}} <= declared


# --- what must pass ------------------------------------------------------------------------------------------------
def _counter_signature() -> bytes:
    nested = m.signature_text().replace("S-", "S9-").split("<ds:Object>")[0] + "</ds:Signature>"
    unsigned = (
        "<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:CounterSignature>"
        f"{nested}</xades:CounterSignature></xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
    )
    return m.crafted(rest=m.replaced("</xades:QualifyingProperties>", f"{unsigned}</xades:QualifyingProperties>"))


GOOD: dict[str, Callable[[], bytes]] = {
    "Z00, D01 ours": m.good,
    "ours, P-256": lambda: m.signed(key=m.issued("head", "ec-p256").signing_key()),
    "ours, P-384": lambda: m.signed(key=m.issued("head", "ec-p384").signing_key()),
    "ours, Ed25519": lambda: m.signed(key=m.issued("head", "ed25519").signing_key()),
    "D63 RetrievalMethod, KeyName never followed": lambda: m.crafted(
        rest=_in_key_info('<ds:KeyName>x</ds:KeyName><ds:RetrievalMethod URI="file:///etc/passwd"/>')
    ),
    "own KeyValue": _own_key_value,
    "W07 PrefixList in SignedInfo": lambda: m.crafted(signed_info=_method(_prefixes("ds asic"))),
    "N15 line ends in base64": lambda: m.crafted(
        signed_info=_reference_value(lambda text: f"&#xD;\n{text[:9]}\n{text[9:]}\t")
    ),
    "SHA-512 references": lambda: m.crafted(
        signed_info=_data_digest("http://www.w3.org/2001/04/xmlenc#sha512", "sha512"), digest="sha512"
    ),
    "URI not encoded": lambda: m.crafted(
        signed_info=lambda text: re.sub(r'URI="%D0[^"]*"', f'URI="{m.REPORT_NAME}"', text)
    ),
    "A87 counter-signature is not counted": _counter_signature,
    "two signers in one file": lambda: m.changed(
        signatures=m.wrapped(m.signature_text(), m.signature_text(key=m.other_head()))
    ),
    "second signer in a second file": lambda: _second_file(m.wrapped(m.signature_text(key=m.other_head()))),
    "comment before the root": lambda: m.changed(
        signatures=m.parts_of(m.good())[m.SIGNATURES].replace(b"\n<asic", b"<!-- x --><asic")
    ),
}


@pytest.mark.parametrize("row", GOOD)
def test_accepts(row: str) -> None:
    result = m.judged(GOOD[row]())
    assert m.flaws(result.report) == {}
    assert result.report.indication is Indication.TOTAL_PASSED
    assert {item.name: item.read() for item in result.objects} == {m.REPORT_NAME: m.REPORT, "docs/a.pdf": m.PDF}


def test_each_of_two_signers_is_judged() -> None:
    report = m.judged(GOOD["second signer in a second file"]()).report
    assert [each.signer.common_name for each in report.signatures if each.signer] == ["Үлгі Б.", "Басқа Б."]


@pytest.mark.parametrize("algorithm", [C14N_10, C14N_11, C14N_10 + "#WithComments"])
def test_inclusive_canonicalization_of_a_sub_element_follows_the_recipe(algorithm: str) -> None:
    """N10, N11: made by an independent road: the sub-element alone, with what it inherits written onto it."""
    text = m.craft_signature(signed_info=_method(algorithm=algorithm))
    info = re.search(r"<ds:SignedInfo .*?</ds:SignedInfo>", text, re.DOTALL)[0]  # type: ignore[index]
    asic_ns = 'xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" '
    octets = info.replace("<ds:SignedInfo ", f"<ds:SignedInfo {asic_ns}").replace(
        f'xmlns:ds="{m.DS}">', f'xmlns:ds="{m.DS}" xml:lang="kk">', 1
    )
    value = base64.b64encode(m.head().sign(octets.encode())).decode()
    text = re.sub(r"(<ds:SignatureValue>)[^<]*", lambda found: found[1] + value, text)
    signatures = m.wrapped(text).replace(b"<asic:XAdESSignatures ", b'<asic:XAdESSignatures xml:lang="kk" ')
    assert m.flaws(m.judged(m.changed(signatures=signatures)).report) == {}


def test_a_stranger_s_certificate_has_no_path() -> None:
    """D60."""
    key = m.stranger_pki().issue("head", "Бөтен", "Бөтен", bin=m.BIN, key_of=m.issued("head")).signing_key()
    report = m.judged(m.signed(key=key)).report
    assert report.indication is Indication.INDETERMINATE
    assert set(m.flaws(report)) == {"path.found"}


def test_k03_the_public_key_info_is_what_the_certificate_says() -> None:
    """K03: no key of the message is ever used; KeyValue is compared with this."""
    key = m.issued("head").private_key.public_key()
    from signing.certificates import Certificate

    own = Certificate.from_der(m.head().certificate_chain[0])
    assert own.public_key_info == key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
