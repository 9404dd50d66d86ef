"""Bytes become a tree, or XmlRefused names what they broke: every limit, every hostile row, any bytes at all.

Row numbers (D05, N01 ...) are those of the list of attacks. Sizes are bounded so that a limit that quietly stopped
holding shows as a slow test, not as a machine that hangs.
"""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from schemas import DOCUMENT_LIMITS, ENVELOPE_LIMITS, SIGNATURE_LIMITS, Limits, XmlRefused, parse_untrusted
from schemas.parser import _refuse_document_type_of


def refusal(data: bytes, limits: Limits = DOCUMENT_LIMITS) -> XmlRefused:
    with pytest.raises(XmlRefused) as caught:
        parse_untrusted(data, limits)
    return caught.value


def declarations(count: int, prefix: str = "n") -> bytes:
    return b"".join(f' xmlns:{prefix}{number}="urn:x-test:{number}"'.encode() for number in range(count))


def attributes(count: int) -> bytes:
    return b"".join(f' a{number}=""'.encode() for number in range(count))


# Both roads of the door: limits proved by counting bytes, and counted event by event. A limit that differs from the
# parser's own sends every document down the second.
SLOW = dataclasses.replace(DOCUMENT_LIMITS, max_depth=255)
both_roads = pytest.mark.parametrize("limits", [DOCUMENT_LIMITS, SLOW], ids=["at once", "counting"])


# --- what is accepted ------------------------------------------------------------------------------------------------


@both_roads
@pytest.mark.parametrize(
    "data",
    [
        b"<a/>",
        b"\n <a/>\n",
        b'<?xml version="1.0" encoding="UTF-8"?><a/>',
        b"<?xml version='1.0' encoding='utf-8' standalone='yes'?><a/>",
        b"\xef\xbb\xbf<?xml version='1.0'?><a/>",
        b"<!-- before --><a><!-- <!DOCTYPE a> --><![CDATA[<!DOCTYPE a> <?pi?>]]></a><!-- after -->",
        b'<a xmlns="urn:x-test:a"><b xmlns=""/></a>',
        b"<a xmlns='&#117;rn:x-test:a'/>",
        "<мәтін ә='ө'>ұқ&amp;&#1201;</мәтін>".encode(),
        b"<a>" + b"=" * 500 + b"</a>",
    ],
)
def test_accepts_plain_documents(data: bytes, limits: Limits) -> None:
    read = parse_untrusted(data, limits).getroottree()
    assert etree.tostring(read, method="c14n") == etree.tostring(
        etree.ElementTree(etree.fromstring(data)), method="c14n"
    )


def test_keeps_the_line_of_every_element() -> None:
    root = parse_untrusted(b"<a>\n<b/>\n\n<c/>" + b"\n" * 70_000 + b"<d/></a>")
    assert [child.sourceline for child in root] == [2, 4, 70_004]


@both_roads
def test_accepts_what_stands_exactly_at_a_limit(limits: Limits) -> None:
    assert sum(1 for _ in parse_untrusted(b"<a>" * 255 + b"</a>" * 255, limits).iter()) == 255
    assert len(parse_untrusted(b"<a" + attributes(64) + b"/>", limits).attrib) == 64
    assert len(parse_untrusted(b"<a" + declarations(32) + b"/>", limits).nsmap) == 32
    inner = parse_untrusted(b"<a" + declarations(32) + b"><b" + declarations(32, "m") + b"/></a>", limits)[0]
    assert len(inner.nsmap) == 64


def test_d91_accepts_eleven_megabytes_in_one_text_node() -> None:
    root = parse_untrusted(b"<a>" + b"QUJD" * 2_750_000 + b"</a>")
    assert len(root.text or "") == 11_000_000


def test_redeclaring_one_prefix_at_every_level_brings_nothing_new_into_scope() -> None:
    root = parse_untrusted(b'<p:a xmlns:p="urn:x-test:p">' * 100 + b"</p:a>" * 100)
    assert [one.nsmap for one in root.iter()] == [{"p": "urn:x-test:p"}] * 100


# --- encoding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        "<a>ә</a>".encode("utf-16"),
        "<a>ә</a>".encode("utf-16-le"),
        "<a>ә</a>".encode("utf-16-be"),
        "<a>ә</a>".encode("utf-32"),
        "<a>ә</a>".encode("utf-32-le"),
        b"<?xml version='1.0' encoding='UTF-16'?><a/>",
        b"<?xml version='1.0' encoding='UTF-7'?><a>+AOk-</a>",
        b"<?xml version='1.0' encoding='windows-1251'?><a>\xe0</a>",
        b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>",
        b"<?xml version='1.0' encoding='x-user-defined'?><a/>",
        b"<a>\xe9</a>",
        b"<?xml version='1.0' encoding='UTF-8'?><a>\xff\xfe</a>",
        b"<a>\xed\xa0\x80</a>",
        b"<a>\xc0\x80</a>",
        b"<\x00a/>",
    ],
)
def test_n16_refuses_every_encoding_but_utf8(data: bytes) -> None:
    assert refusal(data).code == "xml.not-utf-8"


def test_n16_refuses_ebcdic() -> None:
    assert refusal("<?xml version='1.0'?><a/>".encode("cp037")).code == "xml.not-well-formed"


@pytest.mark.parametrize(
    "data", [b"<?xml version='1.1'?><a/>", b"<?xml encoding='UTF-8'?><a/>", b"<?xml version='1.0'"]
)
def test_refuses_a_declaration_of_anything_but_xml_1_0(data: bytes) -> None:
    assert refusal(data).code == "xml.declaration"


# --- document types and entities -------------------------------------------------------------------------------------

HOSTILE_TYPES = {
    "D05 internal entity": b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    "D06 unused": b"<!DOCTYPE a><a/>",
    "D07 external entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "D07 external subset": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
    "D08 billion laughs": b'<!DOCTYPE a [<!ENTITY a "ha">'
    + b"".join(f'<!ENTITY {new} "{f"&{old};" * 10}">'.encode() for old, new in zip("abcdefgh", "bcdefghi", strict=True))
    + b"]><a>&i;</a>",
    "D09 attribute made an ID": b"<!DOCTYPE a [<!ATTLIST a i ID #IMPLIED>]><a i='x'/>",
    "after a comment": b"<?xml version='1.0'?>\n<!-- <a> -->\n<!DOCTYPE a><a/>",
    "after an instruction": b"<?p <a>?><!DOCTYPE a><a/>",
    "after a byte order mark": b"\xef\xbb\xbf<!DOCTYPE a><a/>",
}


@pytest.mark.parametrize("name", HOSTILE_TYPES)
def test_refuses_every_document_type(name: str) -> None:
    assert refusal(HOSTILE_TYPES[name]).code == "xml.dtd"


@pytest.mark.parametrize("name", ["D06 unused", "D07 external subset", "D09 attribute made an ID"])
def test_a_second_look_at_the_tree_finds_a_document_type_too(name: str) -> None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    with pytest.raises(XmlRefused) as caught:
        _refuse_document_type_of(etree.fromstring(HOSTILE_TYPES[name], parser))
    assert caught.value.code == "xml.dtd"


def test_refuses_an_entity_that_nobody_declared() -> None:
    assert refusal(b"<a>&x;</a>").code == "xml.not-well-formed"


def test_does_not_include_what_xinclude_names() -> None:
    data = b'<a xmlns:i="http://www.w3.org/2001/XInclude"><i:include href="file:///etc/passwd" parse="text"/></a>'
    assert len(parse_untrusted(data)) == 1
    assert parse_untrusted(data)[0].tag == "{http://www.w3.org/2001/XInclude}include"


# --- form ------------------------------------------------------------------------------------------------------------


@both_roads
@pytest.mark.parametrize(
    "data",
    [b"text", b"<a>", b"<a><b></a>", b"<a/><b/>", b"<a/>text", b"<a x='1' x='2'/>", b"<a x='<'/>", b"<p:a/>", b"<a p:x=''/>",
     b"<a:b:c xmlns:a='urn:x'/>", b"<a>\x01</a>", b"<a>&#0;</a>", b"<a>\xef\xbf\xbe</a>", b"<a xmlns:p=''/>", b"</a>", b"<",
     b"<a xmlns:p='urn:x' xmlns:q='urn:x' p:y='' q:y=''/>", b" <?xml version='1.0'?><a/>", b"<a b='1'c='2'/>",
     b"<a>]]></a>", b"<a><!-- -- --></a>"],
)  # fmt: skip
def test_refuses_what_is_not_well_formed(data: bytes, limits: Limits) -> None:
    assert refusal(data, limits).code == "xml.not-well-formed"


def test_names_the_line_of_what_is_not_well_formed() -> None:
    assert refusal(b"<a>\n<b>\n</a>").line == 3


@pytest.mark.parametrize("data", [b"", b"  \n"])
def test_refuses_nothing_at_all(data: bytes) -> None:
    assert refusal(data).code == "xml.empty"


@both_roads
@pytest.mark.parametrize("data", [b"<?p x?><a/>", b"<a><?p x?></a>", b"<a/><?p x?>"])
def test_processing_instructions_are_allowed_only_where_a_limit_says_so(data: bytes, limits: Limits) -> None:
    assert refusal(data, limits).code == "xml.processing-instruction"
    parse_untrusted(data, dataclasses.replace(limits, allow_processing_instructions=True))


@pytest.mark.parametrize("data", [b"<!-- c --><a/>", b"<a><!-- c --></a>", b"<a/><!-- c -->"])
def test_comments_are_refused_only_where_a_limit_says_so(data: bytes) -> None:
    parse_untrusted(data)
    assert refusal(data, dataclasses.replace(DOCUMENT_LIMITS, allow_comments=False)).code == "xml.comment"


# --- limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limits", [DOCUMENT_LIMITS, SIGNATURE_LIMITS, ENVELOPE_LIMITS])
def test_refuses_more_bytes_than_the_limit_before_looking_at_them(limits: Limits) -> None:
    assert refusal(b"\0" * (limits.max_bytes + 1), limits).code == "xml.too-large"


HOSTILE_SIZES = {
    "N01": (b"<a" + declarations(1000) + b">" + b"<b/>" * 1000 + b"</a>", "xml.too-many-namespaces"),
    "N02": (b"<a" + declarations(1500) + b">" + b"<b/>" * 1500 + b"</a>", "xml.too-many-namespaces"),
    "N05": (b"<a" + attributes(50_000) + b"/>", "xml.too-many-attributes"),
    "N06": (b"<a" + declarations(4000) + b">" + b"<b/>" * 4000 + b"</a>", "xml.too-many-namespaces"),
    "N07": (
        b"".join(f'<a xmlns:p{level}="urn:x-test:{level}">'.encode() for level in range(2000)) + b"</a>" * 2000,
        "xml.too-many-namespaces-in-scope",
    ),
    "N08": (
        b"".join(b"<a" + declarations(32, f"n{level}_") + b">" for level in range(60)) + b"<b/>" * 2000 + b"</a>" * 60,
        "xml.too-many-namespaces-in-scope",
    ),
    "D90": (b"<a>" * 100_000 + b"</a>" * 100_000, "xml.too-deep"),
    "D92": (b"<a" + attributes(200_000) + b"/>", "xml.too-many-attributes"),
    "one attribute too many": (b"<a" + attributes(65) + b"/>", "xml.too-many-attributes"),
    "one attribute too many, deep in the document": (
        b"<a>" + b"<b c=''/>" * 100 + b"<b" + attributes(65) + b"/></a>",
        "xml.too-many-attributes",
    ),
    "one level too many": (b"<a>" * 257 + b"</a>" * 257, "xml.too-deep"),
    "one declaration too many": (b"<a" + declarations(33) + b"/>", "xml.too-many-namespaces"),
    "one namespace in scope too many": (
        b"<a" + declarations(32) + b"><b" + declarations(32, "m") + b"><c xmlns='urn:x-test:c'/></b></a>",
        "xml.too-many-namespaces-in-scope",
    ),
    "a long value": (b"<a x='" + b"y" * 65_537 + b"'/>", "xml.name-or-value-too-long"),
    "a long value of another quote": (b'<a x = "' + b"y'" * 40_000 + b'"/>', "xml.name-or-value-too-long"),
    "a long name": (b"<" + b"y" * 70_000 + b"/>", "xml.name-or-value-too-long"),
    "a long namespace": (b"<a xmlns='urn:" + b"y" * 2048 + b"'/>", "xml.namespace-uri-too-long"),
    "a relative namespace": (b"<a xmlns='foo/bar'/>", "xml.relative-namespace"),
    "a relative namespace of a prefix": (b"<a><b xmlns:p='#x'/></a>", "xml.relative-namespace"),
    "a relative namespace behind a reference": (b"<a xmlns='&#102;oo'/>", "xml.relative-namespace"),
}


@both_roads
@pytest.mark.parametrize("name", HOSTILE_SIZES)
def test_refuses_what_breaks_a_limit(name: str, limits: Limits) -> None:
    data, code = HOSTILE_SIZES[name]
    assert refusal(data, limits).code == code


@pytest.mark.parametrize("name", ["N03", "N04"])
def test_many_references_are_no_matter_of_parsing_but_their_declarations_are(name: str) -> None:
    references = b"<r/>" * 300
    data = (
        b"<a" + (declarations(1000) if name == "N03" else declarations(1000, "exclusive")) + b">" + references + b"</a>"
    )
    assert refusal(data).code == "xml.too-many-namespaces"


def test_n09_the_check_is_not_the_attack(monkeypatch: pytest.MonkeyPatch) -> None:
    data, _ = HOSTILE_SIZES["N06"]
    looked: list[int] = []

    class Watched(etree.XMLPullParser):
        def feed(self, chunk: bytes) -> None:
            looked.append(len(chunk))
            super().feed(chunk)

    monkeypatch.setattr("schemas.parser.etree.XMLPullParser", Watched)
    refusal(data)
    assert sum(looked) <= 3 * 64 * 1024  # it stopped where the breach was, in chunks


@pytest.mark.parametrize(
    "data", [b"<a>" + b"<b/>" * 3000 + b"</a>", b"<a>" + b"<!---->" * 3000 + b"</a>"], ids=["N17", "comments"]
)
def test_n17_the_number_of_nodes_is_limited(data: bytes) -> None:
    assert refusal(data, dataclasses.replace(DOCUMENT_LIMITS, max_elements=2999)).code == "xml.too-many-elements"
    parse_untrusted(data, dataclasses.replace(DOCUMENT_LIMITS, max_elements=3001))


@pytest.mark.parametrize("hidden", [b"<!--%b-->", b"<![CDATA[%b]]>"], ids=["comment", "CDATA"])
def test_what_only_looks_like_markup_counts_for_nothing(hidden: bytes) -> None:
    crowded = b"<q" + attributes(200) + b"/>"
    data = b"<a>" + hidden % (crowded + b"<b/>" * 3000) + b"</a>"
    parse_untrusted(data, dataclasses.replace(DOCUMENT_LIMITS, max_elements=100))


@pytest.mark.parametrize("before", [b"", b"<!-- -->"], ids=["plain", "behind a comment"])
def test_a_flood_of_attributes_is_refused_before_a_parser_holds_them(
    before: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schemas.parser.etree.XMLPullParser", None)  # nobody asks it
    data = before + b"<a" + attributes(200_000) + b"/>"
    assert refusal(data).code == "xml.too-many-attributes"


def test_n08_many_namespaces_over_many_elements_are_refused_below_the_caps() -> None:
    """60 in scope and 14,000 elements: each cap holds, what canonical form would cost does not."""
    two_levels = b"".join(
        b"<a" + b"".join(b' xmlns:n%d_%d="u:%d"' % (level, each, each) for each in range(30)) + b">"
        for level in range(2)
    )
    assert refusal(two_levels + b"<b/>" * 14_000 + b"</a></a>").code == "xml.too-many-namespaces-in-scope"
    parse_untrusted(two_levels + b"<b/>" * 13_000 + b"</a></a>")


def test_the_number_of_attributes_in_all_is_limited() -> None:
    data = b"<a>" + (b"<b" + attributes(60) + b"/>") * 10 + b"</a>"
    assert (
        refusal(data, dataclasses.replace(DOCUMENT_LIMITS, max_elements=299)).code == "xml.too-many-attributes-in-all"
    )


def test_the_length_of_one_text_is_limited() -> None:
    limits = dataclasses.replace(DOCUMENT_LIMITS, max_text=1000)
    parse_untrusted(b"<a>" + b"x" * 1000 + b"<b/>" + b"y" * 1000 + b"</a>", limits)
    assert refusal(b"<a>" + b"x" * 1001 + b"</a>", limits).code == "xml.text-too-long"
    assert refusal(b"<a><b/>" + b"x" * 1001 + b"</a>", limits).code == "xml.text-too-long"


def test_a_looser_depth_is_really_looser() -> None:
    parse_untrusted(b"<a>" * 400 + b"</a>" * 400, dataclasses.replace(DOCUMENT_LIMITS, max_depth=400))
    data = b"<a>" * 401 + b"</a>" * 401
    assert refusal(data, dataclasses.replace(DOCUMENT_LIMITS, max_depth=400)).code == "xml.too-deep"


@pytest.mark.parametrize(
    "data",
    [
        b"<a>" + b"=\"='" * 250_000 + b"</a>",
        b"<a " + b"x=" * 500_000,
        b"<a>" + b"xmlns='" * 140_000 + b"</a>",
        b"<a>" + b"xmlns " * 160_000 + b"</a>",
        b"<!--" * 250_000 + b"<!DOCTYPE a><a/>",
        b"<!---->" * 140_000 + b"<!DOCTYPE a><a/>",
        b" " * 1_000_000 + b"<!DOCTYPE a><a/>",
        b"<?xml version='1.0'" + b" " * 1_000_000 + b"?><a/>",
        b"<a>" + b"&#x41;" * 160_000 + b"</a>",
        b"<?xml " * 100_000,
        b"<![CDATA[" * 100_000,
    ],
)
def test_a_megabyte_made_to_keep_the_byte_searches_busy_ends(data: bytes) -> None:
    try:
        parse_untrusted(data)
    except XmlRefused as refused:
        assert refused.code.startswith("xml.")  # noqa: PT017 - either end is right; that it ends is the promise


# --- anything at all -------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [b"<a>", b"</a>", b"<b x='1'/>", b"<", b">", b"&", b"&amp;", b"&x;", b"'", b'"', b"=", b"xmlns", b" xmlns:p='urn:x'", b"<!--",
     b"-->", b"<![CDATA[", b"]]>", b"<?p ?>", b"<?xml version='1.0'?>", b"<?xml version='1.0' encoding='x'?>", b"<!DOCTYPE a>",
     b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b"\xd3\x99", b"\xed\xa0\x80", b" ", b"\n", b"text", b"<p:a>", b"</p:a>"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=30).map(b"".join)))
@example(b"<")
@example(b"<?xml")
@example(b"<?xml?><a/>")
@example(b"<?xmlx?><a/>")
def test_any_bytes_end_in_a_tree_or_a_refusal_on_both_roads_alike(data: bytes) -> None:
    ends = []
    for limits in (DOCUMENT_LIMITS, SLOW):
        try:
            ends.append(etree.tostring(parse_untrusted(data, limits).getroottree()))
        except XmlRefused as refused:
            ends.append(refused.code)
    # Of two things wrong one road may meet the other first; but never does one road accept what the other refuses.
    assert ends[0] == ends[1] or all(isinstance(end, str) for end in ends)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=100))
def test_text_comes_out_as_it_went_in(text: str) -> None:
    element = etree.Element("a")
    element.text = text.replace("\ufffe", "").replace("\uffff", "")
    assert (parse_untrusted(etree.tostring(element, encoding="utf-8")).text or "") == element.text


@pytest.mark.parametrize("aside", [b"<!--x-->", b"<!--x-->\n", b"<?x y?>"])
def test_a_flood_before_the_root_is_refused_before_anything_is_counted(aside: bytes) -> None:
    flood = aside * 200_000 + b"<a/>"
    with pytest.raises(XmlRefused) as refused:
        parse_untrusted(flood, dataclasses.replace(DOCUMENT_LIMITS, max_elements=100_000))
    assert refused.value.code == "xml.too-many-elements"


@pytest.mark.parametrize("opened", [b"<!--", b"<![CDATA[", b"<?x "])
def test_what_is_opened_a_million_times_and_never_closed_is_read_once(opened: bytes) -> None:
    assert refusal(b"<a>" + opened * 300_000).code == "xml.not-well-formed"
