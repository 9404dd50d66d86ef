"""Signing a document puts a signature before its root's end tag and touches no other byte."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal

import pytest
from lxml import etree

from signing.errors import SigningError
from signing.policy import DEFAULT_SIGNING, SANDBOX_DOCUMENT
from signing.sign.xml import sign_xml
from signing.validation_report import Indication
from signing.verify.xml import XmlValidation, verify_xml
from tests.unit.signing import xml_document_material as d
from tests.unit.signing import xml_material as m

Form = Literal["xades", "xmldsig"]
FORMS: tuple[Form, ...] = ("xades", "xmldsig")
PLAIN = replace(SANDBOX_DOCUMENT, require_signing_certificate=False)

SHAPES = {
    "plain": "<a><b>1</b></a>",
    "empty root": "<a/>",
    "empty root with attributes": '<p:a xmlns:p="urn:p" b="/>"\n />',
    "declaration, line end": '<?xml version="1.0" encoding="UTF-8"?>\n<a>т</a>\n',
    "comments behind the root": "<!-- </a> --><a>1</a><!-- </a> -->\n<!--<b></b>-->\n",
    "space in the end tag": "<a>1</a\n >\n",
    "default namespace, inherited attributes": (
        '<a xmlns="urn:d" xmlns:z="urn:z" xml:lang="kk" xml:space="preserve"><b xmlns=""/>text</a>'
    ),
    "prefix ds means something else": '<ds:a xmlns:ds="urn:mine"><ds:b/></ds:a>',
    "CDATA at the end": "<a><![CDATA[</a>]]></a>",
    "byte order mark": "\ufeff<a>1</a>",
    "end tag in an attribute": "<a><b c='&lt;/a>'/></a>",
}


def _sign(document: str | bytes, form: Form = "xades", key: str = "rsa-2048") -> bytes:
    octets = document.encode() if isinstance(document, str) else document
    signer = m.issued("head", key).signing_key()
    return sign_xml(octets, signer, policy=DEFAULT_SIGNING, signing_time=m.NOW, form=form)


def _judged(document: bytes) -> XmlValidation:
    return verify_xml(document, policy=PLAIN, anchors=m.anchors(), at=m.NOW)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", SHAPES)
def test_what_leaves_verifies_and_every_given_byte_is_still_there(shape: str, form: Form) -> None:
    given = SHAPES[shape].encode()
    signed = _sign(given, form)
    result = _judged(signed)
    assert m.flaws(result.report) == {}
    assert result.report.indication is Indication.TOTAL_PASSED
    start, end = signed.index(b"<ds:Signature "), signed.rindex(b"</ds:Signature>") + len(b"</ds:Signature>")
    rest = signed[:start] + signed[end:]
    assert rest == given or etree.tostring(etree.fromstring(rest)) == etree.tostring(etree.fromstring(given))
    assert shape.startswith("empty root") or rest == given


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", ["ec-p256", "ec-p384", "ec-p521", "ed25519"])
def test_every_kind_of_key_signs(key: str, form: Form) -> None:
    assert _judged(_sign(SHAPES["plain"], form, key)).report.indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize("form", FORMS)
def test_the_same_document_gives_the_same_bytes(form: Form) -> None:
    assert _sign(SHAPES["plain"], form) == _sign(SHAPES["plain"], form)


@pytest.mark.parametrize("form", FORMS)
def test_a_second_signature_stands_behind_the_first_and_covers_it(form: Form) -> None:
    once = _sign(SHAPES["declaration, line end"], form)
    twice = sign_xml(once, m.other_head(), policy=DEFAULT_SIGNING, signing_time=m.NOW, form=form)
    result = _judged(twice)
    assert result.report.indication is Indication.TOTAL_PASSED
    first, second = result.report.signatures
    assert [each.signer.common_name for each in (first, second) if each.signer] == ["Үлгі Б.", "Басқа Б."]
    assert first.covered == ("document",)
    assert second.covered == ("document", f"Signature {first.id}" if form == "xades" else "Signature #0")
    assert result.document == "<a>т</a>".encode()
    assert [each.signatures for each in result.signed] == [(first.id,), (second.id,)]


def test_the_national_form_is_the_one_the_national_tools_write() -> None:
    signed = _sign("<a>1</a>", "xmldsig").decode()
    lines = signed.split("\n")
    assert lines[0] == f'<a>1<ds:Signature xmlns:ds="{m.DS}">'
    assert lines[-1] == "</ds:Signature></a>"
    assert [line for line in lines if line.startswith("<ds:Transform ")] == [
        f'<ds:Transform Algorithm="{m.DS}enveloped-signature"/>',
        '<ds:Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"/>',
    ]
    assert max(len(line) for line in lines if not line.startswith("<")) == 76


def test_the_claimed_time_is_the_one_given() -> None:
    report = _judged(_sign("<a/>")).report.signatures[0]
    assert (report.format, report.level, report.signing_time) == ("XAdES", "B-B", m.NOW)
    assert _judged(_sign("<a/>", "xmldsig")).report.signatures[0].signing_time is None


BAD: dict[str, list[str]] = {
    "signing.document-unreadable": ["", "text", "<a>", "<a></b>", "<!DOCTYPE a><a/>", "<a><?x y?></a>", "<a/><b/>", "-->", "/>"],
    "signing.document-structure": [
        '<a><b Id="i"/><b ID="i"/></a>',
        f'<a><b><Signature xmlns="{m.DS}"/></b></a>',
        f'<Signature xmlns="{m.DS}"/>',
        f'<a xmlns:ds="{m.DS}">{"<ds:Signature/>" * 16}</a>',
    ],
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("code", "document"), [(code, each) for code, several in BAD.items() for each in several])
def test_refuses_to_sign_what_our_own_verifier_would_refuse(code: str, document: str, form: Form) -> None:
    with pytest.raises(SigningError) as caught:
        _sign(document, form)
    assert caught.value.code == code


@pytest.mark.parametrize("form", FORMS)
def test_refuses_a_time_without_its_zone(form: Form) -> None:
    naive = datetime(2026, 1, 1)
    with pytest.raises(SigningError) as caught:
        sign_xml(b"<a/>", m.head(), policy=DEFAULT_SIGNING, signing_time=naive, form=form)
    assert caught.value.code == "signing.naive-time"


@pytest.mark.parametrize(
    "document",
    [
        "<a-->1</a-->",
        "<a--><!-- x -->1</a-->\n",
        "<a--/>",
        "<a>1</a><!--x</a--> <!-- b -->",
        "<p:a-- xmlns:p='urn:x'><b/></p:a-- >\n<!-- -->",
    ],
)
@pytest.mark.parametrize("form", ["xades", "xmldsig"])
def test_a_root_and_a_comment_that_look_like_each_other_are_told_apart(document: str, form: d.Form) -> None:
    assert d.judged(d.signed(document, form), d.PLAIN_TAKEN).report.indication is Indication.TOTAL_PASSED


def test_where_the_root_s_end_tag_is_not_found_nothing_is_signed() -> None:
    with pytest.raises(SigningError) as refused:
        d.signed("<a--><![CDATA[<!--]]></a-->")
    assert refused.value.code == "signing.document-structure"
