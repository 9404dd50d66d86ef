"""A signed KeyInfo, as other producers have it: it is taken along, and it is nobody's document."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace

import pytest
from lxml import etree

from signing import ETSI_BASELINE, Indication, SubIndication, sign_xml, verify_xml
from signing.algorithms import ecdsa_to_raw
from tests.unit.signing import xml_material as m

POLICY = replace(ETSI_BASELINE, revocation="not-checked")
DATA = re.compile(r'<ds:Reference Id="[^"]*" URI="">.*?</ds:Reference>', re.DOTALL)


def signed(*, with_data: bool, identified: bool) -> bytes:
    """An enveloped XAdES signature with one Reference more, to its KeyInfo; or with that in place of the document's."""
    key = m.issued("head", "ec-p256").signing_key()
    made = sign_xml(b"<a><b>1</b></a>", key, policy=m.DEFAULT_SIGNING, signing_time=m.NOW).decode()
    made = made.replace("<ds:KeyInfo>", '<ds:KeyInfo Id="key">')
    octets = etree.tostring(etree.fromstring(made).find(f".//{{{m.DS}}}KeyInfo"), method="c14n", exclusive=True)
    digest = base64.b64encode(hashlib.sha256(octets).digest()).decode()
    reference = (
        f'<ds:Reference {"Id=" + chr(34) + "of-key" + chr(34) + " " if identified else ""}URI="#key"><ds:Transforms>'
        f'<ds:Transform Algorithm="{m.EXC}"></ds:Transform></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{m.SHA256}"></ds:DigestMethod><ds:DigestValue>{digest}</ds:DigestValue>'
        "</ds:Reference>"
    )
    found = DATA.search(made)
    assert found is not None
    made = made.replace(found[0], (found[0] if with_data else "") + reference)
    signed_info = etree.fromstring(made).find(f".//{{{m.DS}}}SignedInfo")
    value = ecdsa_to_raw(key.sign(etree.tostring(signed_info, method="c14n", exclusive=True)), 256)
    return re.sub(
        r"(<ds:SignatureValue[^>]*>)[^<]*", lambda old: old[1] + base64.b64encode(value).decode(), made
    ).encode()


@pytest.mark.parametrize("identified", [True, False], ids=["with an Id", "without"])
def test_a_signed_key_info_needs_no_data_object_format(identified: bool) -> None:
    result = verify_xml(signed(with_data=True, identified=identified), policy=POLICY, anchors=m.anchors(), at=m.NOW)
    assert m.flaws(result.report) == {}
    assert result.report.indication is Indication.TOTAL_PASSED


def test_a_signature_over_its_own_key_info_alone_covers_nothing() -> None:
    document = signed(with_data=False, identified=False)
    result = verify_xml(document, policy=POLICY, anchors=m.anchors(), at=m.NOW)
    assert result.report.indication is Indication.TOTAL_FAILED
    assert result.report.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
    assert "xml.coverage" in m.flaws(result.report)
