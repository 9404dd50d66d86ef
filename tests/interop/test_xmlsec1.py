"""An envelope signed by xmlsec1, a program that shares no code with us, is judged by us.

The other direction, xmlsec1 judging what we sign, stands in `cases`.
"""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from lxml import etree

from tests.interop import tools
from tests.unit.signing import xml_material as m

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(tools.why_absent("xmlsec1") is not None, reason=tools.why_absent("xmlsec1") or ""),
]


@pytest.mark.parametrize("prefixes", ["", "soap d"])
def test_we_accept_an_envelope_that_xmlsec1_signed(tmp_path: Path, prefixes: str) -> None:
    """A foreign signer: template in, signature out; with and without PrefixList."""
    root = etree.fromstring(m.good_envelope())
    for name in ("DigestValue", "SignatureValue"):
        for element in root.iter(f"{{{m.DS}}}{name}"):
            element.text = None
    if prefixes:
        transform = next(root.iter(f"{{{m.DS}}}Transform"))
        etree.SubElement(transform, f"{{{m.EXC}}}InclusiveNamespaces", PrefixList=prefixes, nsmap={"ec": m.EXC})
    (tmp_path / "template.xml").write_bytes(etree.tostring(root))
    (tmp_path / "key.pem").write_bytes(m.issued("information-system").pem().split(b"-----BEGIN CERT")[0])
    result = tools.run(
        tmp_path,
        *("xmlsec1", "--sign", "--id-attr:Id", f"{m.SOAP}:Body", "--privkey-pem", "key.pem"),
        *("--output", "signed.xml", "template.xml"),
    )
    assert result.returncode == 0, result.stderr
    signed = (tmp_path / "signed.xml").read_bytes()
    assert b"".join(base64.b64encode(m.system().certificate_chain[0]).split()) in signed
    assert m.flaws(m.judged_envelope(signed).report) == {}
