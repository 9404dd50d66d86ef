"""What other producers legitimately write: taken under the European baseline, refused under the national profile."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Callable
from dataclasses import replace

import pytest
from lxml import etree

from signing.policy import ETSI_BASELINE, SANDBOX_DOCUMENT, ValidationPolicy
from signing.validation_data import ValidationData
from signing.validation_report import Conclusion, Indication
from tests.unit.signing import levels_material as lm
from tests.unit.signing import xml_material as m

EUROPEAN = replace(ETSI_BASELINE, revocation="not-checked")
SIMPLE = b"application/vnd.etsi.asic-s+zip"
C14N_10 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
SP_TRANSFORMS = f'<ds:Transforms><ds:Transform Algorithm="{m.EXC}"></ds:Transform></ds:Transforms>'


def _indication(container: bytes, policy: ValidationPolicy) -> Indication:
    return lm.judged(container, policy).report.indication


def _mimetype(**changes: object) -> bytes:
    first, *rest = m.raw_entries()
    return m.raw_zip([replace(first, **changes), *rest])  # type: ignore[arg-type]


def _without_canonicalization() -> bytes:
    """The signed properties in Canonical XML 1.0, as XMLDSig says where nothing is named."""

    def signed_info(text: str) -> str:
        assert SP_TRANSFORMS in text
        text = text.replace(SP_TRANSFORMS, "")
        signature = m.signature_text()
        root = etree.fromstring(m.wrapped(signature))
        (properties,) = root.iter(f"{{{m.XADES}}}SignedProperties")
        alone = etree.fromstring(etree.tostring(properties, with_tail=False))
        digest = base64.b64encode(hashlib.sha256(etree.tostring(alone, method="c14n")).digest()).decode()
        return re.sub(r"(<ds:Reference Type.*<ds:DigestValue>)[^<]*", lambda found: found[1] + digest, text)

    return m.crafted(signed_info=signed_info)


def _signed_key_info(*, is_described: bool = False) -> bytes:
    """KeyInfo is signed too, by a Reference of its own, to which a DataObjectFormat may belong."""

    def named(text: str) -> str:
        return text.replace("<ds:KeyInfo>", '<ds:KeyInfo Id="key">')

    key_info = re.search(r"<ds:KeyInfo.*</ds:KeyInfo>", named(m.signature_text()), re.DOTALL)
    assert key_info is not None
    octets = key_info[0].replace("<ds:KeyInfo ", f'<ds:KeyInfo xmlns:ds="{m.DS}" ').encode()
    digest = base64.b64encode(hashlib.sha256(octets).digest()).decode()
    reference = (
        f'<ds:Reference Id="of-key" URI="#key">{SP_TRANSFORMS}<ds:DigestMethod Algorithm="{m.SHA256}"></ds:DigestMethod>'
        f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    )
    described = '<xades:DataObjectFormat ObjectReference="#of-key"><xades:MimeType>text/xml</xades:MimeType>'
    ends = "</xades:SignedDataObjectProperties>"
    return m.crafted(
        properties=m.replaced(ends, f"{described}</xades:DataObjectFormat>{ends}") if is_described else m.same,
        signed_info=m.replaced("</ds:SignedInfo>", reference),
        rest=named,
    )


def _signed_object() -> bytes:
    """Something in an Object of the Signature is signed too, and has a format."""
    inside = '<q xmlns="urn:q" Id="inside">1</q>'
    digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
    reference = (
        f'<ds:Reference Id="r-inside" URI="#inside">{SP_TRANSFORMS}<ds:DigestMethod Algorithm="{m.SHA256}">'
        f"</ds:DigestMethod><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    )
    form = (
        '<xades:DataObjectFormat ObjectReference="#r-inside"><xades:MimeType>text/xml</xades:MimeType>'
        "</xades:DataObjectFormat></xades:SignedDataObjectProperties>"
    )
    return m.crafted(
        properties=m.replaced("</xades:SignedDataObjectProperties>", form),
        signed_info=m.replaced("</ds:SignedInfo>", reference),
        rest=m.replaced("</ds:Signature>", f"<ds:Object>{inside}</ds:Object></ds:Signature>"),
    )


def _first_version(serial: int | None = None) -> bytes:
    """SigningCertificate in place of SigningCertificateV2."""
    from signing.certificates import Certificate

    number = Certificate.from_der(m.head().certificate_chain[0]).serial if serial is None else serial
    issuer = (
        f'<xades:IssuerSerial><ds:X509IssuerName xmlns:ds="{m.DS}">CN=x</ds:X509IssuerName>'
        f'<ds:X509SerialNumber xmlns:ds="{m.DS}">{number}</ds:X509SerialNumber></xades:IssuerSerial>'
    )

    def properties(text: str) -> str:
        text = text.replace("SigningCertificateV2", "SigningCertificate")
        return text.replace("</xades:CertDigest>", f"</xades:CertDigest>{issuer}")

    return m.crafted(properties=properties)


def _simple(names: int = 1) -> bytes:
    """ASiC-S: one data object, META-INF/signatures.xml, no manifest."""
    objects = (m.DataObject.of("a.pdf", "application/pdf", m.PDF), m.DataObject.of("b.pdf", "application/pdf", m.PDF))
    parts = m.parts_of(m.signed(objects[:names]))
    parts["mimetype"] = SIMPLE
    del parts[m.MANIFEST]
    return m.raw_zip(m.raw_entries({name.replace("signatures0", "signatures"): each for name, each in parts.items()}))


def _two_that_cover_a_half_each() -> bytes:
    report = m.signature_text((m.data_objects()[0],))
    pdf = m.signature_text((m.data_objects()[1],), key=m.other_head())
    parts = m.parts_of(m.changed(signatures=m.wrapped(report)))
    return m.raw_zip([*m.raw_entries(parts), m.Raw(name=b"META-INF/signatures1.xml", content=m.wrapped(pdf))])


def _unqualified_manifest() -> bytes:
    manifest = m.parts_of(m.good())[m.MANIFEST]
    return m.changed(
        manifest=manifest.replace(b"manifest:full-path", b"full-path").replace(b"manifest:media-type", b"media-type")
    )


# what it is -> (input, also taken by the national profile)
TAKEN: dict[str, tuple[Callable[[], bytes], bool]] = {
    "mimetype missing": (lambda: m.raw_zip(m.raw_entries()[1:]), False),
    "mimetype not first": (lambda: m.raw_zip([*m.raw_entries()[1:], m.raw_entries()[0]]), False),
    "mimetype deflated": (lambda: _mimetype(deflate=True), False),
    "mimetype with extra field": (lambda: _mimetype(extra=struct.pack("<HH", 0xCAFE, 0)), False),
    "comment of some program": (lambda: m.raw_zip(m.raw_entries(), comment=b"made by nobody"), False),
    "no manifest": (lambda: m.changed(manifest=None), False),
    "manifest without prefixes": (_unqualified_manifest, True),
    "signed properties in the canonical form of XMLDSig": (_without_canonicalization, False),
    "KeyInfo signed": (_signed_key_info, False),
    "KeyInfo signed, with its media type": (lambda: _signed_key_info(is_described=True), False),
    "something in an Object signed": (_signed_object, False),
    "SigningCertificate of the first version": (_first_version, True),
    "ASiC-S": (_simple, False),
    "the name of the list as it was first printed": (
        lambda: m.changed(signatures=m.parts_of(m.good())[m.SIGNATURES].replace(b"/02918/", b"/2918/")),
        False,
    ),
    "two signatures, a half each": (_two_that_cover_a_half_each, False),
    "folders": (
        lambda: m.raw_zip(
            [
                *m.raw_entries(),
                m.Raw(name=b"META-INF/", content=b"", attributes=0o040755 << 16 | 0x10),
                m.Raw(name=b"docs/", content=b"", deflate=True, attributes=0x10),
            ]
        ),
        True,
    ),
}


@pytest.mark.parametrize("what", TAKEN)
def test_takes_what_others_write(what: str) -> None:
    make, nationally = TAKEN[what]
    container = make()
    result = lm.judged(container, EUROPEAN)
    assert m.flaws(result.report) == {}
    assert result.report.indication is Indication.TOTAL_PASSED
    assert {item.read() for item in result.objects} <= {m.REPORT, m.PDF}
    assert all("/" in item.media_type for item in result.objects)
    national = _indication(container, SANDBOX_DOCUMENT)
    assert national is (Indication.TOTAL_PASSED if nationally else Indication.TOTAL_FAILED)


REFUSED: dict[str, Callable[[], bytes]] = {
    "Z02 same name twice": lambda: m.with_part("docs/a.pdf", b"evil"),
    "Z10 data object nobody signed": lambda: m.with_part("extra.txt", b"x"),
    "Z11 listed and unsigned": lambda: m.raw_zip(
        m.raw_entries({**m.in_manifest(m.parts_of(m.good()), "extra.txt"), "extra.txt": b"x"})
    ),
    "Z13 manifest lacks an entry": lambda: m.changed(
        manifest=re.sub(
            rb'<manifest:file-entry manifest:full-path="docs/a.pdf"[^>]*/>', b"", m.parts_of(m.good())[m.MANIFEST]
        )
    ),
    "Z18 mimetype of another kind": lambda: _mimetype(content=b"application/zip"),
    "Z19 content changed": lambda: m.changed(pdf=m.PDF + b" "),
    "Z21 bytes after the archive": lambda: m.raw_zip(m.raw_entries(), after=b"\n"),
    "Z35 end record in a comment": lambda: m.raw_zip(m.raw_entries(), comment=b"PK\x05\x06" + b"\0" * 18),
    "ASiC-S with two data objects": lambda: _simple(2),
    "A70 signed properties without canonicalization changed": lambda: m.changed(
        signatures=m.parts_of(_without_canonicalization())[m.SIGNATURES].replace(b"T10:15:00Z", b"T10:14:00Z")
    ),
    "signed KeyInfo changed": lambda: m.changed(
        signatures=m.parts_of(_signed_key_info())[m.SIGNATURES].replace(b"<ds:X509Data>", b"<ds:X509Data> ")
    ),
    "something signed in an Object changed": lambda: m.changed(
        signatures=m.parts_of(_signed_object())[m.SIGNATURES].replace(b'Id="inside">1<', b'Id="inside">2<')
    ),
    "another serial number": lambda: _first_version(7),
    "Z10 a file called META-INF": lambda: m.with_part("META-INF", b"x"),
    "mimetype in other case": lambda: m.raw_zip([*m.raw_entries()[1:], m.Raw(name=b"MIMETYPE", content=b"evil")]),
    "folder with content": lambda: m.with_part("docs/", b"x"),
    "folder of the name of a file": lambda: m.with_part("docs/a.pdf/", b""),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refuses_what_no_producer_may_write(what: str) -> None:
    result = lm.judged(REFUSED[what](), EUROPEAN)
    assert result.report.indication is Indication.TOTAL_FAILED
    assert result.objects == ()


def test_a_form_before_the_baseline_is_named_so() -> None:
    report = lm.only(_first_version(), EUROPEAN)
    assert report.level == "BES"
    assert ("xades.baseline", Conclusion.NOT_PERFORMED) in [(check.id, check.conclusion) for check in report.checks]


def test_a_signer_who_is_not_in_key_info_is_looked_for_among_the_caller_s_certificates() -> None:
    container = m.crafted(rest=m.removed(r"<ds:KeyInfo>.*</ds:KeyInfo>"))
    own, *issuers = m.head().certificate_chain
    for policy in (EUROPEAN, SANDBOX_DOCUMENT):
        assert lm.judged(container, policy).report.indication is Indication.INDETERMINATE
        given = ValidationData(certificates=(*issuers, m.other_head().certificate_chain[0], own))
        assert lm.judged(container, policy, data=given).report.indication is Indication.TOTAL_PASSED
        other = ValidationData(certificates=m.other_head().certificate_chain)
        assert lm.judged(container, policy, data=other).report.indication is Indication.INDETERMINATE


def test_each_signature_says_what_it_covers() -> None:
    report = lm.judged(_two_that_cover_a_half_each(), EUROPEAN).report
    assert [each.covered for each in report.signatures] == [(m.REPORT_NAME,), ("docs/a.pdf",)]


def test_what_was_not_as_it_should_be_is_said() -> None:
    report = lm.judged(m.raw_zip(m.raw_entries()[1:]), EUROPEAN).report
    notes = {
        check.id: check.params["reason"] for check in report.checks if check.conclusion is Conclusion.NOT_PERFORMED
    }
    assert notes == {"asic.mimetype": "missing"}


# --- signature policy ----------------------------------------------------------------------------------------------
URN = "urn:oid:1.2.398.3.3.99"


def _with_policy(identifier: str | None) -> bytes:
    inside = "<xades:SignaturePolicyImplied></xades:SignaturePolicyImplied>"
    if identifier is not None:
        inside = (
            f"<xades:SignaturePolicyId><xades:SigPolicyId><xades:Identifier>{identifier}</xades:Identifier>"
            "</xades:SigPolicyId><xades:SigPolicyHash>"
            f'<ds:DigestMethod xmlns:ds="{m.DS}" Algorithm="{m.SHA256}"></ds:DigestMethod>'
            f'<ds:DigestValue xmlns:ds="{m.DS}">{base64.b64encode(bytes(32)).decode()}</ds:DigestValue>'
            "</xades:SigPolicyHash></xades:SignaturePolicyId>"
        )
    policy = f"<xades:SignaturePolicyIdentifier>{inside}</xades:SignaturePolicyIdentifier>"
    return m.crafted(properties=m.replaced("</xades:SigningCertificateV2>", f"</xades:SigningCertificateV2>{policy}"))


@pytest.mark.parametrize(
    ("expected", "container", "wanted"),
    [
        pytest.param(URN, lambda: _with_policy(URN), Indication.TOTAL_PASSED, id="A82 the policy expected"),
        pytest.param(URN, m.good, Indication.TOTAL_FAILED, id="A82 absent"),
        pytest.param(URN, lambda: _with_policy(URN + ".1"), Indication.TOTAL_FAILED, id="A82 another"),
        pytest.param(URN, lambda: _with_policy(None), Indication.TOTAL_FAILED, id="A82 implied"),
        pytest.param(None, lambda: _with_policy(URN), Indication.INDETERMINATE, id="A82 none expected, one stated"),
        pytest.param(None, lambda: _with_policy(None), Indication.INDETERMINATE, id="A82 none expected, one implied"),
    ],
)
def test_signature_policy(expected: str | None, container: Callable[[], bytes], wanted: Indication) -> None:
    for policy in (EUROPEAN, SANDBOX_DOCUMENT):
        report = lm.judged(container(), replace(policy, expected_signature_policy=expected)).report
        assert report.indication is wanted
        assert set(m.flaws(report)) == (set() if wanted is Indication.TOTAL_PASSED else {"xades.signature-policy"})
