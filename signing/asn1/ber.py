"""BER of others, brought to the one form that is read: definite minimal lengths, octet strings in one piece.

Programs that write while they read (openssl -stream, S/MIME, national tools of old) cannot know lengths beforehand and
leave them open (X.690, 8.1.3.6). Nothing else of BER is mended: whatever is still not DER afterwards is refused by the
strict reader. Elements that were in this form stay the octets they were.
"""

from __future__ import annotations

from typing import Final

from signing.asn1.reading import CONSTRUCTED, LONG_LENGTH, MAX_DEPTH, MAX_ELEMENTS, OCTET_STRING
from signing.asn1.writing import encode
from signing.errors import Malformed

_IN_PIECES: Final = OCTET_STRING | CONSTRUCTED
_MULTI_BYTE_TAG: Final = 0x1F
_MAX_LENGTH_OCTETS: Final = 8


class _Open:
    """A constructed element whose end has not been reached; `end` None: the two zero octets end it.

    `limit` is where the innermost element of known length around it ends.
    """

    __slots__ = ("end", "limit", "parts", "tag")

    def __init__(self, tag: int, end: int | None, limit: int) -> None:
        self.tag = tag
        self.end = end
        self.limit = limit if end is None else end
        self.parts: list[bytes] = []


def definite(data: bytes, *, max_depth: int = MAX_DEPTH, max_elements: int = MAX_ELEMENTS) -> bytes:
    """The one element of `data` with definite minimal lengths and whole octet strings; raises Malformed.

    Limits are held before an element is read; the work is bounded by octets times `max_depth`.
    """
    stack: list[_Open] = []
    position = elements = 0
    while True:
        if stack and stack[-1].end == position:
            whole = _close(stack)
        else:
            limit = stack[-1].limit if stack else len(data)
            tag, length, body = _header(data, position, limit)
            if tag == 0 and length == 0 and stack and stack[-1].end is None:
                position = body
                whole = _close(stack)
            else:
                elements += 1
                if elements > max_elements:
                    raise Malformed("asn1.too-many-elements", limit=str(max_elements))
                position, whole = _enter(stack, (tag, length, body), data, limit, max_depth)
        if whole is not None:
            if position != len(data):
                raise Malformed("asn1.trailing-bytes")
            return whole


def _enter(
    stack: list[_Open], header: tuple[int, int | None, int], data: bytes, limit: int, max_depth: int
) -> tuple[int, bytes | None]:
    """Take one element in: opened when it holds others, copied when it does not. Where the next one starts."""
    tag, length, body = header
    around = stack[-1].tag if stack else None
    if around == _IN_PIECES and tag not in (OCTET_STRING, _IN_PIECES):
        raise Malformed("asn1.not-der", rule="string in pieces")
    if tag & CONSTRUCTED:
        if len(stack) >= max_depth:
            raise Malformed("asn1.too-deep", limit=str(max_depth))
        stack.append(_Open(tag, None if length is None else body + length, limit))
        return body, None
    if length is None:
        raise Malformed("asn1.length")
    content = data[body : body + length]
    if around is None:
        return body + length, encode(tag, content)
    stack[-1].parts.append(content if around == _IN_PIECES else encode(tag, content))
    return body + length, None


def _close(stack: list[_Open]) -> bytes | None:
    """Hand the innermost element to the one around it; its octets when there is none around it."""
    done = stack.pop()
    in_pieces = done.tag == _IN_PIECES
    inner = bool(stack) and stack[-1].tag == _IN_PIECES
    # the pieces of a piece are pieces of the whole
    joined = (
        b"".join(done.parts) if in_pieces and inner else encode(OCTET_STRING if in_pieces else done.tag, *done.parts)
    )
    if not stack:
        return joined
    stack[-1].parts.append(joined)
    return None


def _header(data: bytes, position: int, limit: int) -> tuple[int, int | None, int]:
    """Identifier octet, length of the content (None: indefinite), where the content starts."""
    if position + 2 > limit:
        raise Malformed("asn1.truncated")
    tag, length = data[position], data[position + 1]
    body = position + 2
    if tag & _MULTI_BYTE_TAG == _MULTI_BYTE_TAG:
        raise Malformed("asn1.tag")
    if length == LONG_LENGTH:
        if not tag & CONSTRUCTED:
            raise Malformed("asn1.indefinite-length")
        return tag, None, body
    if length > LONG_LENGTH:
        count = length & 0x7F
        if count > _MAX_LENGTH_OCTETS or body + count > limit:
            raise Malformed("asn1.length")
        length = int.from_bytes(data[body : body + count], "big")
        body += count
    if body + length > limit:
        raise Malformed("asn1.truncated")
    return tag, length, body
