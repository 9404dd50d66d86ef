"""PEM (RFC 7468): the blocks in a text of any kind, found in a time that grows with its length and no faster.

1. A block goes from its BEGIN line to the next END line of the same label. What stands outside of blocks is not read.
2. A second BEGIN line of the same label belongs to the block, which is then no base64: a block that was cut off is damage
   and never left out quietly. One of another label begins a block anew.
3. Headers (RFC 1421, 4.6) stand above the first empty line.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from signing.asn1.reading import LONG_LENGTH, SEQUENCE

if TYPE_CHECKING:
    from collections.abc import Collection

# no `.*?` from BEGIN to END: a text of nothing but BEGIN lines was read to its end from each of them
_BOUNDARY: Final = re.compile(rb"-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----")
_EMPTY_LINE: Final = re.compile(rb"\r?\n[ \t]*+\r?\n")
_HEADER_OCTETS: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class PemBlock:
    """One block; never printed, for it may be a private key."""

    label: str
    headers: bytes
    body: bytes
    """Base64 with its line ends, not looked at yet."""

    def der(self) -> bytes:
        """The octets of the body; ValueError when it is no base64."""
        return base64.b64decode(b"".join(self.body.split()), validate=True)

    def __repr__(self) -> str:
        return f"PemBlock({self.label})"


def pem_blocks(content: bytes, labels: Collection[str] | None = None) -> tuple[PemBlock, ...]:
    """Every block, or every one with one of the labels, in order."""
    found: list[PemBlock] = []
    label, start = b"", 0
    for line in _BOUNDARY.finditer(content):
        if line[1] == b"BEGIN":
            if line[2] != label:
                label, start = line[2], line.end()
        elif line[2] == label:
            found.append(_block(label.decode("ascii"), content[start : line.start()]))
            label = b""
    return tuple(block for block in found if labels is None or block.label in labels)


def is_der(content: bytes) -> bool:
    """Whether this begins as a SEQUENCE in DER or BER does; a text that begins with the digit 0 does not.

    The second octet is a length of several octets, which no text in ASCII has there, or the length of the whole.
    """
    if len(content) < _HEADER_OCTETS or content[0] != SEQUENCE:
        return False
    return content[1] >= LONG_LENGTH or content[1] == len(content) - _HEADER_OCTETS


def _block(label: str, text: bytes) -> PemBlock:
    parts = _EMPTY_LINE.split(text, maxsplit=1) if b":" in text else [text]
    return PemBlock(label=label, headers=parts[0] if parts[1:] else b"", body=parts[-1])
