"""Packagings that the European baseline takes beside the enveloped one: what is covered is said, and only that is handed out."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from lxml import etree

from signing import xades
from signing.policy import DEFAULT_SIGNING
from signing.validation_report import Conclusion, Indication
from signing.wss import WSU
from tests.unit.signing import xml_document_material as d
from tests.unit.signing import xml_material as m

F, I = Conclusion.FAILED, Conclusion.INDETERMINATE  # noqa: E741 - read as a column of the table
DATA = '<data xmlns="urn:data" Id="d"><sum>100</sum></data>'
FILTER = "http://www.w3.org/2002/06/xmldsig-filter2"
SUBTRACTED = (
    f'<ds:Transform Algorithm="{FILTER}"><f:XPath xmlns:f="{FILTER}" Filter="subtract">/descendant::ds:Signature</f:XPath>'
    "</ds:Transform>"
)
BASE64 = f'<ds:Transform Algorithm="{m.DS}base64"></ds:Transform>'


def _object(inside: str, identifier: str = "o") -> str:
    return f'<ds:Object xmlns:ds="{m.DS}" Id="{identifier}">{inside}</ds:Object>'


def _enveloping(transforms: str = "", inside: str = DATA, octets: bytes | None = None) -> str:
    return d.over([d.reference("#o", octets or _object(inside).encode(), transforms)], objects=_object(inside))


def _enveloping_base64(spelled: str = "aGVsbG8=", octets: bytes = b"hello") -> str:
    return _enveloping(BASE64, spelled, octets)


def _beside(data: str = DATA, reference: str | None = None) -> str:
    return f"<r>{data}{d.over([reference or d.reference('#d', DATA.encode())])}<free/></r>"


def _around_itself() -> str:
    """An ancestor of the Signature that is not the root."""
    octets = b'<part Id="p">x</part>'
    own = d.over([d.reference("#p", octets, d.ENVELOPED + d.EXCLUSIVE)])
    return f'<r><part Id="p">x{own}</part><free/></r>'


def _root_by_id() -> str:
    octets = b'<r Id="all"><x></x></r>'
    return f'<r Id="all"><x/>{d.over([d.reference("#all", octets, d.ENVELOPED + d.EXCLUSIVE)])}</r>'


def _parallel(transform: str) -> str:
    """Neither covers the other, whichever was first."""
    octets = b"<r><x></x></r>"
    first, second = (
        d.over([d.reference("", octets, transform + d.EXCLUSIVE)], identifier=name, key=key)
        for name, key in (("A", m.head()), ("B", m.other_head()))
    )
    return f"<r><x/>{first}{second}</r>"


def _several() -> str:
    references = [
        d.reference("#d", DATA.encode()),
        d.reference("#d", DATA.encode(), d.EXCLUSIVE.replace(m.EXC, d.C14N_10)),
        d.reference("#o", _object("text").encode()),
    ]
    return f"<r>{DATA}{d.over(references, objects=_object('text'))}</r>"


def _xades_enveloping() -> str:
    """As the European Commission's tools write it: the Object with its Id, base64, properties signed as ever."""
    content = xades.DigestedObject(uri="#o", media_type="text/plain", digest=_sha256(_object("text").encode()))
    text = xades.new_signature([content], m.head(), policy=DEFAULT_SIGNING, signing_time=m.NOW).decode()
    return text.replace("</ds:Signature>", f"{_object('text')}</ds:Signature>")


def _with_instruction() -> str:
    own = d.over([d.reference("", b"<?x y?>\n<r></r>", d.ENVELOPED + d.EXCLUSIVE)])
    return f"<?x y?><r>{own}</r>"


def _manifest() -> str:
    reference = d.reference("#o", _object("").encode(), "", f' Type="{m.DS}Manifest"')
    return f"<r>{d.over([reference], objects=_object(''))}</r>"


def _unnamed_manifest(uri: str = "#m") -> str:
    """The Type is only a hint: what a Manifest names is not signed before somebody has compared it."""
    inside = f'<ds:Manifest xmlns:ds="{m.DS}" Id="m">{d.reference("#d", b"another")}</ds:Manifest>'
    whole = _object(inside)
    octets = etree.tostring(etree.fromstring(inside if uri == "#m" else whole), method="c14n", exclusive=True)
    return f"<r>{DATA}{d.over([d.reference(uri, octets)], objects=whole)}</r>"


def _sha256(octets: bytes) -> bytes:
    return m.digested("", "", octets).digest


# row -> (input, what each signature covers, what is handed out)
GOOD: dict[str, tuple[Callable[[], str], list[tuple[str, ...]], list[tuple[str, bytes]]]] = {
    "enveloping, no transform": (_enveloping, [("#o (Object)",)], [("#o (Object)", _object(DATA).encode())]),
    "enveloping, exclusive": (
        lambda: _enveloping(d.EXCLUSIVE),
        [("#o (Object)",)],
        [("#o (Object)", _object(DATA).encode())],
    ),
    "enveloping, base64": (_enveloping_base64, [("#o (Object)",)], [("#o (Object)", b"hello")]),
    "enveloping inside a document": (
        lambda: f"<r>{_enveloping()}<free/></r>",
        [("#o (Object)",)],
        [("#o (Object)", _object(DATA).encode())],
    ),
    "XAdES, enveloping": (_xades_enveloping, [("#o (Object)",)], [("#o (Object)", _object("text").encode())]),
    "beside the data": (_beside, [("#d (data)",)], [("#d (data)", DATA.encode())]),
    "a part around the signature": (
        _around_itself,
        [("#p (part)",)],
        [("#p (part)", b'<part Id="p">x</part>')],
    ),
    "the root by its Id": (_root_by_id, [("document",)], [("document", b'<r Id="all"><x></x></r>')]),
    "parallel, XPath": (
        lambda: _parallel(d.NO_SIGNATURE),
        [("document",), ("document",)],
        [("document", b"<r><x></x></r>")],
    ),
    "parallel, XPath Filter 2.0": (
        lambda: _parallel(SUBTRACTED),
        [("document",), ("document",)],
        [("document", b"<r><x></x></r>")],
    ),
    "several References": (
        _several,
        [("#d (data)", "#o (Object)")],
        [("#d (data)", DATA.encode()), ("#o (Object)", _object("text").encode())],
    ),
    "instruction inside what is signed": (
        _with_instruction,
        [("document",)],
        [("document", b"<?x y?>\n<r></r>")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", GOOD)
def test_takes_a_packaging_and_hands_out_what_it_covers(row: str) -> None:
    make, covered, handed_out = GOOD[row]
    result = d.judged(make().encode(), d.PARTS_TAKEN)
    assert m.flaws(result.report) == {}
    assert result.report.indication is Indication.TOTAL_PASSED
    assert [each.covered for each in result.report.signatures] == covered
    assert [(each.name, each.octets) for each in result.signed] == handed_out
    assert result.document == (handed_out[0][1] if handed_out[0][0] == "document" else None)


@pytest.mark.parametrize("row", ["enveloping, no transform", "beside the data", "a part around the signature"])
def test_the_same_is_refused_where_the_whole_document_is_asked_for(row: str) -> None:
    """D40, D42, D46."""
    found = m.flaws(d.judged(GOOD[row][0]().encode(), d.PLAIN_TAKEN).report)
    assert set(found) <= {"xml.signatures", "xml.coverage"}
    assert found


def _two(second: str) -> str:
    first = d.over([d.reference("#d", DATA.encode())], identifier="A")
    return f"<r>{DATA}{first}{second}</r>"


def _counter_signature() -> str:
    """A87: a Signature over the value of another one is nobody's signature under the document."""
    value = etree.fromstring(_two(""))[1][1]
    octets = etree.tostring(value, method="c14n", exclusive=True, with_tail=False)
    kind = ' Type="http://uri.etsi.org/01903#CountersignedSignature"'
    return _two(d.over([d.reference("#A-v", octets, attributes=kind)], identifier="B", key=m.other_head()))


BAD: dict[str, tuple[Callable[[], str], dict[str, Conclusion]]] = {
    "D02 data changed": (lambda: _beside().replace(">100<", ">900<"), {"xmldsig.digests": F}),
    "D02 content of an Object changed": (lambda: _enveloping().replace(">100<", ">900<"), {"xmldsig.digests": F}),
    "D04a instruction added": (lambda: f"<?x?>{GOOD['parallel, XPath'][0]()}", {"xmldsig.digests": F}),
    "D20 XSLT": (
        lambda: _enveloping('<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"></ds:Transform>'),
        {"xmldsig.transforms": F},
    ),
    "D21 foreign XPath": (
        lambda: _parallel(d.NO_SIGNATURE.replace("ds:Signature)", "ds:Signature) and not(self::sum)")),
        {"xmldsig.transforms": F},
    ),
    "D24 the same Reference twice": (
        lambda: f"<r>{DATA}{d.over([d.reference('#d', DATA.encode())] * 2)}</r>",
        {"xml.references": F},
    ),
    "D42 signed data moved, another in its place": (
        lambda: _beside().replace(DATA, '<data xmlns="urn:data"><sum>900</sum></data>').replace("<free/>", DATA.replace(' Id="d"', ' Id="e"')),
        {"xml.references": F},
    ),
    "D43 the data twice": (lambda: _beside().replace("<free/>", DATA), {"xmldsig.unique-ids": F}),
    "D80 base64 that is none": (
        lambda: _enveloping_base64().replace(">aGVsbG8=<", ">aGVsbG8!<"),
        {"xmldsig.base64": F},
    ),
    "D83 base64 with spare bits": (
        lambda: _enveloping_base64().replace(">aGVsbG8=<", ">aGVsbG9=<"),
        {"xmldsig.base64": F},
    ),
    "base64 of elements": (lambda: _enveloping_base64("<a/>"), {"xml.references": F}),
    "a part of its own signature": (
        lambda: f"<r>{d.over([d.reference('#S-v', b'x')])}</r>",
        {"xml.references": F},
    ),
    "its own Signature": (lambda: f"<r>{d.over([d.reference('#S', b'x')])}</r>", {"xml.references": F}),
    "enveloped-signature over what does not hold it": (
        lambda: _beside(reference=d.reference("#d", DATA.encode(), d.ENVELOPED + d.EXCLUSIVE)),
        {"xml.references": F},
    ),
    "A87 counter-signature beside the signature": (_counter_signature, {"xml.references": F}),
    "A90 ds:Manifest": (
        _manifest,
        {"xml.references": I},
    ),
    "A90 ds:Manifest without its Type": (_unnamed_manifest, {"xml.references": I}),
    "A90 ds:Manifest in an Object": (lambda: _unnamed_manifest("#o"), {"xml.references": I}),
    "D45 found by an Id of a foreign namespace": (
        lambda: _beside(DATA.replace(' Id="d"', ' e:Id="d" xmlns:e="urn:e"')),
        {"xml.references": F},
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", BAD)
def test_a_packaging_fails_by_its_one_flaw(row: str) -> None:
    make, expected = BAD[row]
    result = d.judged(make().encode(), d.PARTS_TAKEN)
    assert m.flaws(result.report) == expected
    assert (result.signed, result.document) == ((), None)


def test_nothing_but_properties_signed_is_nothing_signed() -> None:
    text = d.craft(
        signed_info=m.removed(r"<ds:Reference Id=.*</ds:Reference>(?=<ds:Reference Type)"),
        properties=m.replaced("<xades:DataObjectFormat ", "<xades:DataObjectFormat "),
    )
    found = m.flaws(d.judged(text, d.PARTS_TAKEN).report)
    assert found == {"xml.coverage": F, "xades.data-object-format": F}


def test_a_signed_document_inside_an_object_is_data() -> None:
    """The inner signature is part of what the outer one covers, and nobody is counted as a signer for it."""
    inner = d.good("xmldsig").decode()
    octets = etree.tostring(etree.fromstring(_object(inner)), method="c14n", exclusive=True)
    report = d.judged(_enveloping(d.EXCLUSIVE, inner, octets).encode(), d.PARTS_TAKEN).report
    assert (report.indication, len(report.signatures)) == (Indication.TOTAL_PASSED, 1)
    assert "xml.nested-signatures" in m.check_ids(report)


def test_base64_in_an_object_may_be_wrapped() -> None:
    spelled = base64.encodebytes(bytes(range(256))).decode()
    result = d.judged(_enveloping_base64(spelled, bytes(range(256))).encode(), d.PARTS_TAKEN)
    assert [each.octets for each in result.signed] == [bytes(range(256))]


@pytest.mark.parametrize("identifier", ["signature#1", "a&#10;TOTAL-PASSED", "1", ""])
def test_a_signature_is_called_by_its_id_only_where_that_is_a_name(identifier: str) -> None:
    """Whatever is called like another signature could be taken for its signer; D85 for reports."""
    first = d.over([d.reference("#d", DATA.encode())], identifier="A").replace('Id="A"', f'Id="{identifier}"', 1)
    octets = '<data xmlns="urn:data" Id="e"><sum>100</sum></data>'
    second = d.over([d.reference("#e", octets.encode())], identifier="B", key=m.other_head()).replace(' Id="B"', "", 1)
    result = d.judged(f"<r>{DATA}{octets}{first}{second}</r>".encode(), d.PARTS_TAKEN)
    assert result.report.indication is Indication.TOTAL_PASSED
    assert [each.id for each in result.report.signatures] == ["signature#0", "signature#1"]
    assert [each.signatures for each in result.signed] == [("signature#0",), ("signature#1",)]


@pytest.mark.parametrize("name", ["xml:id", "wsu:Id", "ID", "id"])
def test_what_every_reader_takes_for_an_identifier_leads_to_its_element(name: str) -> None:
    declared = f' xmlns:wsu="{WSU}"' if name.startswith("wsu") else ""
    data = f'<data xmlns="urn:data"{declared} {name}="d"></data>'
    result = d.judged(f"<r>{data}{d.over([d.reference('#d', data.encode())])}</r>".encode(), d.PARTS_TAKEN)
    assert result.report.indication is Indication.TOTAL_PASSED
