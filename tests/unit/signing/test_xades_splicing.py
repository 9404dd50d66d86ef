"""Where an end tag is found in the bytes, compared with a parser that counts bytes itself."""

from __future__ import annotations

import random
from xml.parsers import expat

import pytest
from lxml import etree

from signing.errors import SigningError
from signing.xades.splicing import end_tag


def _by_expat(document: bytes) -> list[tuple[int, int]]:
    """Start and end tag of each element, in the order of start tags."""
    parser = expat.ParserCreate()
    places: list[list[int]] = []
    open_: list[int] = []

    def start(_name: str, _attributes: object) -> None:
        open_.append(len(places))
        places.append([parser.CurrentByteIndex, -1])

    def end(_name: str) -> None:
        places[open_.pop()][1] = parser.CurrentByteIndex

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(document, True)
    return [(first, last) for first, last in places]


def _check(document: bytes) -> None:
    expected = _by_expat(document)
    elements = list(etree.fromstring(document).iter("*"))
    assert len(elements) == len(expected)
    for element, (start, end) in zip(elements, expected, strict=True):
        is_empty_tag = not len(element) and not element.text and document[start:end].endswith(b"/>")
        if not is_empty_tag:
            assert document[end : end + 2] == b"</"
            assert end_tag(document, element) == end
        else:
            with pytest.raises(SigningError):
                end_tag(document, element)


@pytest.mark.parametrize(
    "document",
    [
        b"<a></a>",
        b"<a/>",
        b'<?xml version="1.0"?>\n<!-- <b></b> --><a><b></b><b/></a><!-- </a> -->',
        b"<a><![CDATA[</a><b>]]><b>x</b></a>",
        b"<a><?pi </a> ?><b c='>' d=\"'/>\"></b></a >",
        "<ә б='/ә>'><!-- - </ә> --><в\n г = '1'\n/></ә\t>".encode(),
        b"<a x='1'/>".replace(b"/>", b"><a/><a><a/></a></a>"),
        b"<a>]]&gt;&lt;/a><b>/></b></a>",
        b"\xef\xbb\xbf<a><b></b></a>",
    ],
)
def test_an_end_tag_is_where_the_parser_says(document: bytes) -> None:
    _check(document)


def test_an_end_tag_is_where_the_parser_says_in_anything_well_formed() -> None:
    source = random.Random(7)
    pieces = ["x", ">", "]]&gt;", "&amp;", "<!-- <b> </a> -->", "<![CDATA[<b></b>]]>", "<?p <b/> ?>", "\n", "й"]

    def made(depth: int) -> str:
        name = source.choice(["a", "b", "x:c", "d-e.f"])
        attributes = "".join(
            source.choice([f' {key}="\'>"', f" {key}='/>\"'", f'\n{key} = "y"'])
            for key in source.sample("klmn", source.randrange(3))
        )
        declared = ' xmlns:x="urn:x"' if depth == 0 else ""
        if depth > 4 or source.random() < 0.2:
            return f"<{name}{declared}{attributes}{source.choice(['', ' '])}/>"
        inside = "".join(
            made(depth + 1) if source.random() < 0.5 else source.choice(pieces) for _ in range(source.randrange(5))
        )
        return f"<{name}{declared}{attributes}>{inside}</{name}{source.choice(['', ' ', chr(10)])}>"

    for _ in range(150):
        _check(made(0).encode())
