"""Putting an unsigned property into a signature that is already there: every other byte of the document stays.

A tree is never written out again: what is signed is bytes, and what wrote them may have had its own habits. Places are
found by walking the tags of the very bytes the tree was parsed from, so that the n-th start tag is the n-th element.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from signing.errors import SigningError
from signing.xades.augmenting import new_unsigned_properties
from signing.xades.names import local

if TYPE_CHECKING:
    from lxml import etree

    from signing.xades.signed_properties import QualifyingProperties

# Tags of bytes already to be parsed by the one door: only their places are taken from here, never their meaning.
_TOKEN: Final = re.compile(
    rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
    rb"|<(?P<close>/?)[^\s/>!?\"'=]++(?:[^>\"'/]++|\"[^\"]*+\"|'[^']*+'|/(?!>))*(?P<empty>/?)>",
    re.DOTALL,
)
_MARKS: Final = (b"<!", b"<?")


def with_properties(document: bytes, properties: QualifyingProperties, added: bytes) -> bytes:
    """`document` with `added` as the last of the unsigned signature properties of this signature.

    `properties` were read from the tree `document` was parsed to. Raises SigningError signing.not-augmentable where
    there is no place for them.
    """
    unsigned = properties.unsigned
    if unsigned is not None:
        holder = next(unsigned.iterchildren(local("UnsignedSignatureProperties")), None)
        if holder is None:
            raise SigningError("signing.not-augmentable", reason="UnsignedProperties")
        at = end_tag(document, holder)
        return document[:at] + added + document[at:]
    qualifying = properties.signed_properties.getparent()
    assert qualifying is not None
    at = end_tag(document, qualifying)
    return document[:at] + new_unsigned_properties(added) + document[at:]


def end_tag(document: bytes, element: etree._Element) -> int:
    """Where the end tag of `element` begins in the bytes its tree was parsed from.

    Raises SigningError signing.not-augmentable for an element written as one empty tag.
    """
    number = next(count for count, each in enumerate(element.getroottree().getroot().iter("*")) if each is element)
    depth = inside = -1
    for token in _TOKEN.finditer(document):
        if token[0].startswith(_MARKS):
            continue
        if token["close"]:
            if inside == 0:
                return token.start()
            inside -= inside > 0
            continue
        depth += 1
        if depth == number:
            if token["empty"]:
                break
            inside = 0
        elif inside >= 0 and not token["empty"]:
            inside += 1
    raise SigningError("signing.not-augmentable", reason="empty tag")
