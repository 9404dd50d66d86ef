"""The recipe for inclusive canonical form of a sub-element, the budgets before it, and a foreign signature read with it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from lxml import etree

from signing import algorithms, xmldsig
from signing.certificates import Certificate
from signing.xmldsig import C14N_10, C14N_11, Canonicalization, Canonicalizer, StepError
from tests.unit.signing import xml_material as m

INCLUSIVE = Canonicalization(uri=C14N_10)
INCLUSIVE_11 = Canonicalization(uri=C14N_11)
FOREIGN = Path(__file__).resolve().parents[4] / "shared" / "pki" / "vectors" / "xml"
FOREIGN_RSA = FOREIGN / "RSA256_11c707bd54cbfcccb3815e39c4eb57b1dc7dfea9.xml"


def _octets(text: str, method: Canonicalization = INCLUSIVE) -> bytes:
    root = etree.fromstring(text)
    return Canonicalizer(len(text)).octets(next(root.iter("{*}apex")), method)


def _refused(text: str, method: Canonicalization = INCLUSIVE) -> tuple[str, str]:
    with pytest.raises(StepError) as caught:
        _octets(text, method)
    return caught.value.check.id, caught.value.check.params["reason"]


# worked by hand from Canonical XML 1.0, 2.3 and 2.4; the third is what the library gets wrong in place
@pytest.mark.parametrize(
    ("document", "canonical"),
    [
        ("<r><apex b='2' a='1'/></r>", '<apex a="1" b="2"></apex>'),
        ('<r xmlns:p="urn:p"><apex/>tail</r>', '<apex xmlns:p="urn:p"></apex>'),
        ('<r xmlns="urn:d"><apex><c/></apex></r>', '<apex xmlns="urn:d"><c></c></apex>'),
        ('<r xmlns="urn:d"><apex xmlns=""><c/></apex></r>', "<apex><c></c></apex>"),
        ('<r xml:lang="kk"><s xml:lang="ru"><apex/></s></r>', '<apex xml:lang="ru"></apex>'),
        ('<r xml:lang="kk"><apex xml:lang="en"/></r>', '<apex xml:lang="en"></apex>'),
        ("<r xml:id='i' xml:space='preserve'><apex/></r>", '<apex xml:id="i" xml:space="preserve"></apex>'),
        ("<r><apex>a<!-- x -->b</apex></r>", "<apex>ab</apex>"),
    ],
)
def test_inclusive_form_of_a_sub_element(document: str, canonical: str) -> None:
    assert _octets(document) == canonical.encode()


def test_version_1_1_inherits_lang_and_space_and_no_id() -> None:
    document = "<r xml:id='i' xml:lang='kk' xml:space='preserve'><apex/></r>"
    assert _octets(document, INCLUSIVE_11) == b'<apex xml:lang="kk" xml:space="preserve"></apex>'


def test_version_1_1_with_xml_base_is_named_as_unsupported() -> None:
    assert _refused("<r xml:base='urn:x'><apex/></r>", INCLUSIVE_11) == (
        "xmldsig.canonicalization",
        "Canonical XML 1.1 with xml:base",
    )


def test_refuses_namespaces_that_would_take_too_long_before_taking_long() -> None:
    """N08: below every limit of one element, 60 levels of declarations and 2,000 children below them."""
    declared = {
        level: " ".join(f'xmlns:n{level}x{number}="urn:{number}"' for number in range(8)) for level in range(60)
    }
    opened = "".join(f"<a{level} {declared[level]}>" for level in declared)
    closed = "".join(f"</a{level}>" for level in reversed(range(60)))
    found = _refused(f"<r><apex>{opened}{'<b/>' * 2000}{closed}</apex></r>")
    assert found == ("xmldsig.limits", "namespaces for inclusive canonicalization")


def test_refuses_more_canonical_bytes_than_the_budget() -> None:
    """N18: each sibling repeats a long declaration; the input is small."""
    text = f'<r xmlns:p="urn:{"x" * 2000}"><apex>{"<p:a/>" * 2000}</apex></r>'
    assert _refused(text, xmldsig.EXCLUSIVE) == ("xmldsig.limits", "canonical bytes")


def test_a_relative_namespace_is_a_failure_and_never_an_empty_form() -> None:
    """D52, D53: behind the door that refuses it as well."""
    assert _refused('<r xmlns:p="relative"><apex><p:a/></apex></r>', xmldsig.EXCLUSIVE)[0] == "xmldsig.canonicalization"


def _value_verifies(document: bytes) -> bool:
    signature = next(etree.fromstring(document).iter(xmldsig.SIGNATURE))
    texts: dict[str, str] = {}
    for part in signature.iter("{*}SignatureValue", "{*}X509Certificate"):
        texts.setdefault(part.tag, "".join((part.text or "").split()))  # the signer's own certificate stands first
    certificate = Certificate.from_der(base64.b64decode(texts[f"{{{xmldsig.DS}}}X509Certificate"]))
    octets = Canonicalizer(len(document)).octets(signature[0], INCLUSIVE)
    method = algorithms.signature_algorithm_by_uri(signature[0][1].get("Algorithm") or "")
    assert method is not None
    value = base64.b64decode(texts[f"{{{xmldsig.DS}}}SignatureValue"])
    return algorithms.verify_signature(method, certificate, octets, value, form="xmldsig")


@pytest.mark.skipif(
    not FOREIGN_RSA.exists(), reason="the public samples of the national tools are not beside the project"
)
def test_reads_a_signature_of_the_national_tool_as_it_was_signed() -> None:
    assert _value_verifies(FOREIGN_RSA.read_bytes())


def test_reads_an_inclusive_signature_as_it_was_signed() -> None:
    """The same on our own material, under a root whose namespace the canonical form must show."""
    text = m.craft_signature(signed_info=m.replaced(f'Algorithm="{m.EXC}"', f'Algorithm="{C14N_10}"'))
    assert _value_verifies(m.wrapped(text))
