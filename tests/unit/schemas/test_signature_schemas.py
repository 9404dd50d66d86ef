"""XAdES and ASiC as we write them: the shape is accepted, and every departure that would weaken it is not."""

from __future__ import annotations

import pytest

import schemas

DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
ECDSA = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"

DIGEST = f'<ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue>VGVzdA==</ds:DigestValue>'
STAMP = (
    f"<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:SignatureTimeStamp>"
    f'<ds:CanonicalizationMethod Algorithm="{EXC}"/><xades:EncapsulatedTimeStamp>VGVzdA==</xades:EncapsulatedTimeStamp>'
    "</xades:SignatureTimeStamp></xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
)
PROPERTIES = (
    f'<xades:QualifyingProperties xmlns:xades="{XADES}" xmlns:ds="{DS}" Target="#S-1"><xades:SignedProperties Id="S-1-sp">'
    "<xades:SignedSignatureProperties><xades:SigningTime>2026-11-22T10:00:00Z</xades:SigningTime>"
    f"<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>{DIGEST}</xades:CertDigest></xades:Cert>"
    "</xades:SigningCertificateV2></xades:SignedSignatureProperties><xades:SignedDataObjectProperties>"
    '<xades:DataObjectFormat ObjectReference="#S-1-r0"><xades:MimeType>application/xml</xades:MimeType>'
    "</xades:DataObjectFormat></xades:SignedDataObjectProperties></xades:SignedProperties></xades:QualifyingProperties>"
)
STAMPED = PROPERTIES.replace("</xades:SignedProperties>", "</xades:SignedProperties>" + STAMP)
SIGNATURES = (
    f'<asic:XAdESSignatures xmlns:asic="http://uri.etsi.org/02918/v1.2.1#"><ds:Signature xmlns:ds="{DS}" Id="S-1">'
    f'<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXC}"/><ds:SignatureMethod Algorithm="{ECDSA}"/>'
    f'<ds:Reference Id="S-1-r0" URI="report.xml">{DIGEST}</ds:Reference>'
    f'<ds:Reference URI="#S-1-sp" Type="http://uri.etsi.org/01903#SignedProperties"><ds:Transforms>'
    f'<ds:Transform Algorithm="{EXC}"/></ds:Transforms>{DIGEST}</ds:Reference></ds:SignedInfo>'
    "<ds:SignatureValue>VGVzdA==</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>VGVzdA=="
    f"</ds:X509Certificate></ds:X509Data></ds:KeyInfo><ds:Object>{PROPERTIES}</ds:Object></ds:Signature>"
    "</asic:XAdESSignatures>"
)
MANIFEST = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
ENTRIES = (
    '<m:file-entry m:full-path="/" m:media-type="application/vnd.etsi.asic-e+zip"/>'
    '<m:file-entry m:full-path="report.xml" m:media-type="application/xml"/>'
)


def manifest(entries: str = ENTRIES) -> str:
    return f'<m:manifest xmlns:m="{MANIFEST}">{entries}</m:manifest>'


def codes(document: str, schema_id: str) -> list[str]:
    return [violation.code for violation in schemas.validate(document.encode(), schema_id)]


def test_accepts_the_qualifying_properties_that_we_write_with_and_without_a_time_stamp() -> None:
    assert codes(PROPERTIES, "xades/1.3.2") == []
    assert codes(STAMPED, "xades/1.3.2") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("10:00:00Z", "15:00:00+05:00"),
        ("10:00:00Z", "10:00:00"),
        (' Target="#S-1"', ""),
        ('Target="#S-1"', 'Target="other.xml#S-1"'),
        (' Id="S-1-sp"', ""),
        ('ObjectReference="#S-1-r0"', 'ObjectReference="report.xml"'),
        ("<xades:SigningTime>2026-11-22T10:00:00Z</xades:SigningTime>", ""),
        ("<xades:MimeType>application/xml</xades:MimeType>", ""),
        ("<xades:MimeType>application/xml<", "<xades:MimeType><"),
        ("xades:SigningCertificateV2", "xades:SigningCertificate"),
        ("xades:CertDigest", "xades:CertDigests"),
        ("VGVzdA==", "not base64"),
    ],
)
def test_refuses_qualifying_properties_that_we_never_write(old: str, new: str) -> None:
    assert old in PROPERTIES
    assert codes(PROPERTIES.replace(old, new), "xades/1.3.2") != []


def test_a_signature_file_is_checked_down_to_the_properties_inside_its_object() -> None:
    assert codes(SIGNATURES, "asic/1.2.1") == []
    (violation,) = schemas.validate(SIGNATURES.replace("10:00:00Z", "10:00:00").encode(), "asic/1.2.1")
    assert violation.code == "xsd.bad-pattern"
    assert violation.xpath.endswith("/SignedSignatureProperties/SigningTime")


def test_refuses_a_signature_file_without_signature() -> None:
    assert codes('<a:XAdESSignatures xmlns:a="http://uri.etsi.org/02918/v1.2.1#"/>', "asic/1.2.1") == [
        "xsd.missing-element"
    ]


def test_refuses_two_parts_of_a_signature_file_with_one_identifier() -> None:
    assert codes(SIGNATURES.replace('Id="S-1-r0"', 'Id="S-1"'), "asic/1.2.1") == ["xsd.duplicate"]


def test_a_manifest_names_each_data_object_once_with_its_media_type() -> None:
    assert codes(manifest(), "asic/manifest") == []
    assert codes(manifest(ENTRIES * 2), "asic/manifest") == ["xsd.duplicate", "xsd.duplicate"]
    assert codes(manifest(ENTRIES.replace(' m:media-type="application/xml"', "")), "asic/manifest") == [
        "xsd.missing-attribute"
    ]
    assert codes(manifest(""), "asic/manifest") == ["xsd.missing-element"]
