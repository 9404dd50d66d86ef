"""The strict reader of DER: rules 1 and 2 of the package."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from signing.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_DEPTH: Final = 64
MAX_ELEMENTS: Final = 100_000
MAX_OID_OCTETS: Final = 128
"""The longest in the field has some 30; an arc of a megabyte is a number that takes seconds to write out."""

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
ENUMERATED, UTF8_STRING, PRINTABLE_STRING, T61_STRING, IA5_STRING = 0x0A, 0x0C, 0x13, 0x14, 0x16
UTC_TIME, GENERALIZED_TIME, VISIBLE_STRING, UNIVERSAL_STRING, BMP_STRING = 0x17, 0x18, 0x1A, 0x1C, 0x1E
SEQUENCE, SET = 0x30, 0x31

CONSTRUCTED = 0x20
_MULTI_BYTE_TAG = 0x1F
LONG_LENGTH = 0x80
_MAX_LENGTH_OCTETS = 4  # 4 GB is more than any limit above us
_CLASS_BITS = 0xC0
_CONSTRUCTED_IN_DER = frozenset({SEQUENCE, SET, 0x28, 0x2B})  # the last two: EXTERNAL, EMBEDDED PDV
_NEVER_PRIMITIVE = frozenset({0x00, 0x08, 0x0B, 0x10, 0x11})


class Der(NamedTuple):
    """One element of walked DER: identifier octet, content octets, and both with their header as received."""

    tag: int
    content: bytes
    raw: bytes


def read_der(data: bytes, *, max_depth: int = MAX_DEPTH, max_elements: int = MAX_ELEMENTS) -> Der:
    """The one element `data` consists of, walked to its last leaf; raises Malformed at the first breach of rule 1."""
    _walk(data, max_depth, max_elements)
    tag, start, _ = header(data, 0, len(data))
    return Der(tag, data[start:], data)


def children(element: Der) -> tuple[Der, ...]:
    """The elements inside a constructed element of a tree that `read_der` has walked."""
    if not element.tag & CONSTRUCTED:
        raise Malformed("asn1.structure", expected="constructed", found=f"{element.tag:02x}")
    content, position, found = element.content, 0, []
    while position < len(content):
        tag, start, end = header(content, position, len(content))
        found.append(Der(tag, content[start:end], content[position:end]))
        position = end
    return tuple(found)


def expect(element: Der | None, tag: int) -> Der:
    """`element`, which must be there and have exactly this identifier octet."""
    if element is None or element.tag != tag:
        raise Malformed(
            "asn1.structure", expected=f"{tag:02x}", found="nothing" if element is None else f"{element.tag:02x}"
        )
    return element


class Fields:
    """Reads the elements of a SEQUENCE in order: each is taken once, and at the end nothing may be left."""

    __slots__ = ("_at", "_elements")

    def __init__(self, element: Der, tag: int = SEQUENCE) -> None:
        self._elements = children(expect(element, tag))
        self._at = 0

    def take(self, *tags: int) -> Der:
        """The next element, of one of these tags (any tag when none is named)."""
        if self._at >= len(self._elements):
            raise Malformed("asn1.structure", expected=_tags(tags), found="nothing")
        element = self._elements[self._at]
        if tags and element.tag not in tags:
            raise Malformed("asn1.structure", expected=_tags(tags), found=f"{element.tag:02x}")
        self._at += 1
        return element

    def take_optional(self, *tags: int) -> Der | None:
        """The next element if it has one of these tags, else None and nothing is taken."""
        if self._at < len(self._elements) and self._elements[self._at].tag in tags:
            return self.take()
        return None

    def end(self) -> None:
        if self._at != len(self._elements):
            raise Malformed("asn1.structure", expected="end", found=f"{self._elements[self._at].tag:02x}")


def integer(element: Der, *, max_octets: int | None = None) -> int:
    """An INTEGER of any length; where it is going to be written out, `max_octets` says how long it may be at most."""
    content = expect(element, INTEGER).content
    if max_octets is not None and len(content) > max_octets:
        raise Malformed("asn1.structure", expected=f"at most {max_octets} octets", found=f"{len(content)} octets")
    return int.from_bytes(content, "big", signed=True)


def enumerated(element: Der) -> int:
    """An ENUMERATED of one octet: no list that is read here has more than 128 entries."""
    content = expect(element, ENUMERATED).content
    if len(content) != 1:
        raise Malformed("asn1.structure", expected="one octet", found=f"{len(content)} octets")
    return int.from_bytes(content, "big", signed=True)


def oid(element: Der) -> str:
    """Dotted form of an OBJECT IDENTIFIER."""
    return _dotted(expect(element, OID).content)


@lru_cache(maxsize=512)
def _dotted(content: bytes) -> str:
    arcs: list[int] = []
    value = 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def boolean(element: Der) -> bool:
    return expect(element, BOOLEAN).content == b"\xff"


def octets(element: Der) -> bytes:
    return expect(element, OCTET_STRING).content


def bit_string_octets(element: Der) -> bytes:
    """The octets of a BIT STRING that is a whole number of octets, as keys and signatures are."""
    content = expect(element, BIT_STRING).content
    if content[0] != 0:
        raise Malformed("asn1.structure", expected="whole octets", found="spare bits")
    return content[1:]


def named_bits(element: Der) -> frozenset[int]:
    """Positions of the bits that are set, bit 0 first."""
    content = expect(element, BIT_STRING).content
    return frozenset(
        8 * index + bit for index, octet in enumerate(content[1:]) for bit in range(8) if octet & (0x80 >> bit)
    )


def time(element: Der) -> datetime:
    """UTCTime or GeneralizedTime in the one form RFC 5280, 4.1.2.5 allows: to the second, in Z; fractions are
    refused.
    """
    text = element.content.decode("ascii", "replace")
    if element.tag == UTC_TIME and len(text) == len("YYMMDDHHMMSSZ"):
        text = ("19" if text[:2] >= "50" else "20") + text
    elif element.tag != GENERALIZED_TIME or len(text) != len("YYYYMMDDHHMMSSZ"):
        raise Malformed("asn1.time")
    if not (text[:14].isascii() and text[:14].isdigit() and text[14] == "Z"):
        raise Malformed("asn1.time")
    numbers = [int(text[:4]), *(int(text[at : at + 2]) for at in range(4, 14, 2))]
    try:
        return datetime(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], tzinfo=UTC)
    except ValueError as error:
        raise Malformed("asn1.time") from error


_CODECS = {
    UTF8_STRING: "utf-8",
    PRINTABLE_STRING: "ascii",
    IA5_STRING: "ascii",
    VISIBLE_STRING: "ascii",
    0x12: "ascii",  # NumericString
    T61_STRING: "latin-1",
    BMP_STRING: "utf-16-be",
    UNIVERSAL_STRING: "utf-32-be",
}


def text(element: Der) -> str:
    codec = _CODECS.get(element.tag)
    if codec is None:
        raise Malformed("asn1.structure", expected="string", found=f"{element.tag:02x}")
    try:
        return element.content.decode(codec)
    except UnicodeDecodeError as error:
        raise Malformed("asn1.string") from error


def is_string(element: Der) -> bool:
    return element.tag in _CODECS


# --- the walk ------------------------------------------------------------------------------------------------------
def _tags(tags: Sequence[int]) -> str:
    return "/".join(f"{tag:02x}" for tag in tags) or "element"


def header(data: bytes, position: int, limit: int) -> tuple[int, int, int]:
    """Identifier octet, start and end of the content of the element at `position`, which ends by `limit`.

    Only for lists too long to walk to the leaves (CRLs of 20 MB): what is inside is not looked at. Raises Malformed.
    """
    if position + 2 > limit:
        raise Malformed("asn1.truncated")
    tag, length = data[position], data[position + 1]
    start = position + 2
    if tag & _MULTI_BYTE_TAG == _MULTI_BYTE_TAG:
        raise Malformed("asn1.tag")  # no structure we read has a tag number over 30
    if length >= LONG_LENGTH:
        count = length & 0x7F
        if count == 0:
            raise Malformed("asn1.indefinite-length")
        if count > _MAX_LENGTH_OCTETS or start + count > limit:
            raise Malformed("asn1.length")
        length = int.from_bytes(data[start : start + count], "big")
        start += count
        if length < LONG_LENGTH or length.bit_length() <= 8 * (count - 1):
            raise Malformed("asn1.length")
    end = start + length
    if end > limit:
        raise Malformed("asn1.truncated")
    return tag, start, end


def _walk(data: bytes, max_depth: int, max_elements: int) -> None:
    ends = [len(data)]
    position = elements = 0
    while True:
        while position == ends[-1]:
            ends.pop()
            if not ends:
                if elements == 0:
                    raise Malformed("asn1.truncated")
                return
        if len(ends) == 1 and elements:
            raise Malformed("asn1.trailing-bytes")
        tag, start, end = header(data, position, ends[-1])
        elements += 1
        if elements > max_elements:
            raise Malformed("asn1.too-many-elements", limit=str(max_elements))
        if tag & CONSTRUCTED:
            if len(ends) > max_depth:
                raise Malformed("asn1.too-deep", limit=str(max_depth))
            if tag not in _CONSTRUCTED_IN_DER and not tag & _CLASS_BITS:
                raise Malformed("asn1.not-der", rule="string in pieces")
            ends.append(end)
            position = start
        else:
            _check_primitive(tag, data, start, end)
            position = end


def _check_primitive(tag: int, data: bytes, start: int, end: int) -> None:
    """The encodings X.690, 8 and 11 leave one form for."""
    if tag in _NEVER_PRIMITIVE:
        raise Malformed("asn1.not-der", rule="primitive")
    rule = _RULES.get(tag)
    if rule is not None and not rule[1](data[start:end]):
        raise Malformed("asn1.not-der", rule=rule[0])


def _is_integer(content: bytes) -> bool:
    """At least one octet, and the first nine bits are not all equal: they would fit in one octet less."""
    return bool(content) and (len(content) == 1 or int.from_bytes(content[:2], "big") >> 7 not in (0, 0x1FF))


def _is_oid(content: bytes) -> bool:
    """Complete arcs, none of which starts with 0x80, a leading zero; a longer one than any in use is refused."""
    if not content or len(content) > MAX_OID_OCTETS or content[-1] & 0x80:
        return False
    at = content.find(b"\x80")
    while at >= 0:
        if at == 0 or not content[at - 1] & 0x80:
            return False
        at = content.find(b"\x80", at + 1)
    return True


def _is_bit_string(content: bytes) -> bool:
    """One octet that counts the spare bits of the last, which are all zero."""
    if not content or content[0] > 7 or (len(content) == 1 and content[0]):  # noqa: PLR2004 - bits of an octet
        return False
    return len(content) == 1 or not content[-1] & ((1 << content[0]) - 1)


_RULES: Final[dict[int, tuple[str, Callable[[bytes], bool]]]] = {
    BOOLEAN: ("boolean", lambda content: content in (b"\x00", b"\xff")),
    INTEGER: ("integer", _is_integer),
    BIT_STRING: ("bit string", _is_bit_string),
    NULL: ("null", lambda content: not content),
    OID: ("object identifier", _is_oid),
}
