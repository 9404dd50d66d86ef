"""The examples of the exchange reference, where it is at hand, pass the strict eyes; the twin is test_gateway's clean messages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.sandbox.conftest import Wire
from tests.unit.sandbox.soap import HREF, OTHER, document, envelope, meta, upload

REFERENCE = Path(__file__).resolve().parents[3] / ".." / "shared" / "exchange" / "esedo.md"


def examples() -> dict[str, str]:
    """Typed data elements by their type, flattened; in order of appearance the last of a type wins."""
    if not REFERENCE.exists():
        pytest.skip("the exchange reference is not at hand")
    text = REFERENCE.read_text(encoding="utf-8")
    found = re.findall(r'<data xsi:type="[a-z]:(\w+)".*?</data>', text, re.DOTALL)
    whole = re.finditer(r'<data xsi:type="[a-z]:\w+".*?</data>', text, re.DOTALL)
    flat = (re.sub(r">\s+<", "><", re.sub(r"\s+xmlns", " xmlns", one[0])) for one in whole)
    return dict(zip(found, flat, strict=True))


def test_the_documents_of_the_reference_are_clean(wire: Wire) -> None:
    data = examples()["docOutgoing"].replace("@@BASE64_CMS@@", "Q01T")
    first, second = wire.call(envelope(upload(b"a", b"b"), service="EDS_TEMP_FILES")).all("fileIdentifier")
    data = data.replace("TF-0000-EXAMPLE-0001", first).replace("TF-0000-EXAMPLE-0002", second)
    assert wire.call(envelope(data)).code == "SCSS001"
    assert wire.sandbox.protocol_findings() == ()


@pytest.mark.parametrize("kind", ["stateDelivered", "stateRegistered", "stateNotValid"])
def test_the_notices_of_the_reference_are_clean(wire: Wire, kind: str) -> None:
    wire.call(envelope(document(head=meta(performers=(90000003, OTHER)))))
    before = len(wire.sandbox.protocol_findings())
    data = re.sub("<href>[^<]*", f"<href>{HREF}", examples()[kind])
    assert wire.call(envelope(data, sender="mfa_test"), key=wire.keys.foreign).code == "SCSS001"
    assert len(wire.sandbox.protocol_findings()) == before
