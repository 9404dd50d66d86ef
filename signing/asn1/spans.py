"""Elements by their place in the octets they came in: nothing is copied, and what is opaque to the reader stays unread.

For structures that hold other people's whole objects, each of megabytes: an attachment, a revocation list of half a
million entries. Whoever reads such an object walks it then (`Span.read`, or a reader of its own).
"""

from __future__ import annotations

from typing import NamedTuple

from signing.asn1.reading import CONSTRUCTED, MAX_DEPTH, MAX_ELEMENTS, Der, header, read_der
from signing.errors import Malformed


class Span(NamedTuple):
    """The identifier octet, where the element begins, where its content does, and where it ends."""

    data: bytes
    tag: int
    start: int
    body: int
    end: int

    @property
    def raw(self) -> bytes:
        """The element with its header, a copy."""
        return self.data[self.start : self.end]

    @property
    def content(self) -> bytes:
        """Content octets, a copy."""
        return self.data[self.body : self.end]

    def read(self, *, max_depth: int = MAX_DEPTH, max_elements: int = MAX_ELEMENTS) -> Der:
        """The element walked to its last leaf; raises Malformed."""
        return read_der(self.raw, max_depth=max_depth, max_elements=max_elements)


def span(data: bytes) -> Span:
    """The one element `data` consists of: only its header is read. Raises Malformed."""
    tag, body, end = header(data, 0, len(data))
    if end != len(data):
        raise Malformed("asn1.trailing-bytes")
    return Span(data, tag, 0, body, end)


_MOST_FIELDS: int = 64
"""No structure has more; what has more is refused before it is taken apart."""


class SpanFields:
    """Reads the elements of a constructed element in order, as `Fields` does with what was walked."""

    __slots__ = ("_elements",)

    def __init__(self, element: Span, tag: int) -> None:
        if element.tag != tag:
            raise Malformed("asn1.structure", expected=f"{tag:02x}", found=f"{element.tag:02x}")
        self._elements = list(reversed(inside(element, limit=_MOST_FIELDS)))

    def take(self, *tags: int) -> Span:
        """The next element, of one of these tags."""
        element = self.take_optional(*tags)
        if element is None:
            found = f"{self._elements[-1].tag:02x}" if self._elements else "nothing"
            raise Malformed("asn1.structure", expected="/".join(f"{tag:02x}" for tag in tags), found=found)
        return element

    def take_optional(self, *tags: int) -> Span | None:
        """The next element if it has one of these tags, else None and nothing is taken."""
        if self._elements and self._elements[-1].tag in tags:
            return self._elements.pop()
        return None

    def end(self) -> None:
        if self._elements:
            raise Malformed("asn1.structure", expected="end", found=f"{self._elements[-1].tag:02x}")


def inside(element: Span, *, limit: int = MAX_ELEMENTS) -> tuple[Span, ...]:
    """The elements inside a constructed element, headers only; raises Malformed, also for more than `limit` of them."""
    if not element.tag & CONSTRUCTED:
        raise Malformed("asn1.structure", expected="constructed", found=f"{element.tag:02x}")
    data, position, found = element.data, element.body, []
    while position < element.end:
        tag, body, end = header(data, position, element.end)
        found.append(Span(data, tag, position, body, end))
        if len(found) > limit:
            raise Malformed("asn1.too-many-elements", limit=str(limit))
        position = end
    return tuple(found)
