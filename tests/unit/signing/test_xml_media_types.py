"""Signatures that do not state the media type of what they sign, and such whose certificate stands elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace

import pytest

from signing import ETSI_BASELINE, Indication
from signing.validation_report import Conclusion
from tests.unit.signing import xml_document_material as d
from tests.unit.signing import xml_material as m

EUROPEAN = replace(ETSI_BASELINE, revocation="not-checked")
FORMATS = re.compile(r"<xades:SignedDataObjectProperties>.*?</xades:SignedDataObjectProperties>", re.DOTALL)
MIME_TYPE = re.compile(r"<xades:MimeType>.*?</xades:MimeType>")


def without_formats() -> bytes:
    return d.craft(properties=lambda text: FORMATS.sub("", text))


def without_media_type() -> bytes:
    described = "<xades:Description>a report</xades:Description>"
    return d.craft(properties=lambda text: MIME_TYPE.sub(described, text))


@pytest.mark.parametrize("make", [without_formats, without_media_type])
def test_an_unstated_media_type_is_for_policies_that_say_so(make):
    assert d.judged(make(), EUROPEAN).report.indication is Indication.TOTAL_PASSED
    assert d.judged(make()).report.indication is Indication.TOTAL_FAILED


def test_what_is_stated_must_be_about_what_is_signed_all_the_same():
    document = d.craft(properties=m.replaced('-r0">', '-r7">'))
    assert m.flaws(d.judged(document, EUROPEAN).report) == {"xades.data-object-format": Conclusion.FAILED}


def test_the_signer_is_found_among_the_certificates_that_were_added_to_the_signature():
    """No certificate in KeyInfo: the signed digest names one of CertificateValues (EN 319 102-1, 5.2.3.4)."""
    own = base64.b64encode(m.head().certificate_chain[0]).decode()
    values = (
        f"<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:CertificateValues>"
        f"<xades:EncapsulatedX509Certificate>{own}</xades:EncapsulatedX509Certificate></xades:CertificateValues>"
        "</xades:UnsignedSignatureProperties></xades:UnsignedProperties></xades:QualifyingProperties>"
    )

    def moved(text: str) -> str:
        text = re.sub(r"<ds:KeyInfo>.*?</ds:KeyInfo>", "", text, flags=re.DOTALL)
        return text.replace("</xades:QualifyingProperties>", values)

    judged = d.judged(d.craft(key=m.head(), rest=moved), EUROPEAN)
    assert judged.report.indication is Indication.TOTAL_PASSED
    signer = judged.report.signatures[0].signer
    assert signer is not None
    assert signer.sha256 == hashlib.sha256(m.head().certificate_chain[0]).hexdigest()
