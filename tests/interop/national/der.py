"""DER as the judge reads it: one value after the other, each with its own octets. asn1crypto cuts, nothing is interpreted."""

from __future__ import annotations

from typing import NamedTuple

from asn1crypto import core, parser

INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, SEQUENCE, SET = 2, 3, 4, 5, 6, 0x30, 0x31
ENUMERATED = 10


class Unreadable(Exception):
    """Not what the standard says stands there."""


class Value(NamedTuple):
    """`tag` is the first octet, `whole` the value with tag and length, `content` without."""

    tag: int
    whole: bytes
    content: bytes

    def values(self) -> list[Value]:
        return values(self.content)

    def of(self, tag: int) -> Value:
        """Itself, when this is its tag."""
        if self.tag != tag:
            raise Unreadable(f"tag {self.tag:02x} where {tag:02x} belongs")
        return self

    def oid(self) -> str:
        text: str = core.ObjectIdentifier.load(self.of(OID).whole).dotted
        return text

    def bits(self) -> bytes:
        """Of a BIT STRING of whole octets."""
        if self.of(BIT_STRING).content[:1] != b"\0":
            raise Unreadable("a BIT STRING of broken octets")
        return self.content[1:]


def values(octets: bytes) -> list[Value]:
    found = []
    while octets:
        length = parser.peek(octets)
        _, _, _, _, content, trailer = parser.parse(octets[:length], strict=True)
        if trailer:
            raise Unreadable("an open length")
        found.append(Value(octets[0], octets[:length], content))
        octets = octets[length:]
    return found


def value(octets: bytes) -> Value:
    """The one value that these octets are."""
    (only,) = values(octets)
    return only


def written(tag: int, *contents: bytes) -> bytes:
    """For the keys that foreign libraries are handed: 256 octets and less of content."""
    content = b"".join(contents)
    length = bytes([len(content)]) if len(content) < 0x80 else bytes([0x81, len(content)])
    return bytes([tag]) + length + content


def written_oid(text: str) -> bytes:
    octets: bytes = core.ObjectIdentifier(text).dump()
    return octets
