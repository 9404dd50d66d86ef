"""Bytes broken on purpose: changes read from a script of octets, so that a random generator and a fuzzer drive the same ones.

A change of octets alone seldom comes past the first length field. So DER is also changed by element, with the lengths
around it put right again, XML by pieces of markup, archives by entry with a directory that agrees.
"""

from __future__ import annotations

import io
import random
import zipfile
import zlib
from collections.abc import Callable
from typing import Final, Literal

from signing import asn1
from signing.errors import Malformed
from tests.unit.signing import xml_material as m

Kind = Literal["der", "xml", "zip", "bytes"]

SNIPPETS: Final = (
    b"<", b">", b"&", b'"', b"<!-- -->", b"<?x?>", b"<a/>", b"\0", b"\xff", b" Id='id-1'", b"&#13;", b"]]>", b"<![CDATA[x]]>",
    b"xmlns:q='urn:q' ", b"xmlns='' ", b"#", b"%", b"%2e%2e/", b"ds:", b"=", b"\xe2\x80\xae", b"</ds:Object>", b" xml:base='urn:x' ",
    b"<!DOCTYPE a>", b"&lt;", b"\r", b"\xef\xbb\xbf", b"AAAA", b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04",
)  # fmt: skip
NUMBERS: Final = (
    b"\x00",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\x00\x80",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff\xff\xff\xff\xff",
)
TAGS: Final = (
    0x01,
    0x02,
    0x03,
    0x04,
    0x05,
    0x06,
    0x0C,
    0x17,
    0x18,
    0x30,
    0x31,
    0x80,
    0x81,
    0xA0,
    0xA1,
    0xA2,
    0xA3,
    0x1F,
)


class Script:
    """Numbers read from octets one after another; when they are used up, every further one is 0."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def number(self, below: int) -> int:
        """0 up to `below`, exclusive."""
        size = 1 if below <= 1 << 8 else 2 if below <= 1 << 16 else 4
        chunk = self._octets[self._at : self._at + size]
        self._at += size
        return int.from_bytes(chunk, "big") % below if below > 0 else 0

    def octets(self, most: int) -> bytes:
        count = self.number(most + 1)
        found = self._octets[self._at : self._at + count]
        self._at += count
        return found

    @property
    def is_over(self) -> bool:
        return self._at >= len(self._octets)


def random_script(generator: random.Random) -> bytes:
    return generator.randbytes(generator.randint(4, 40))


def mutated(seed: bytes, kind: Kind, script: bytes) -> bytes:
    """`seed` with one to four changes."""
    steps = Script(script)
    content = seed
    for _ in range(1 + steps.number(4)):
        change = _CHANGES[kind][steps.number(len(_CHANGES[kind]))]
        content = change(content, steps)
        if steps.is_over:
            break
    return content


def _octets(content: bytes, steps: Script) -> bytes:
    at = steps.number(len(content) + 1)
    put = SNIPPETS[steps.number(len(SNIPPETS))] if steps.number(2) else steps.octets(6)
    return content[:at] + put + content[at + steps.number(8) :]


def _bit(content: bytes, steps: Script) -> bytes:
    if not content:
        return b"\0"
    at = steps.number(len(content))
    return content[:at] + bytes((content[at] ^ (1 << steps.number(8)),)) + content[at + 1 :]


def _cut(content: bytes, steps: Script) -> bytes:
    return content[: steps.number(len(content) + 1)]


def _twice(content: bytes, steps: Script) -> bytes:
    start = steps.number(len(content) + 1)
    piece = content[start : start + steps.number(200)]
    at = steps.number(len(content) + 1)
    return content[:at] + piece + content[at:]


def _element(content: bytes, steps: Script) -> bytes:
    """One element of DER taken out, doubled, emptied, or given another tag or content; lengths around it agree."""
    try:
        root = asn1.read_der(content)
    except Malformed:
        return _octets(content, steps)
    path: list[tuple[asn1.Der, int]] = []
    here = root
    while here.tag & 0x20:
        inside = asn1.children(here)
        if not inside or (path and steps.number(4) == 0):
            break
        chosen = steps.number(len(inside))
        path.append((here, chosen))
        here = inside[chosen]
    new = _changed_element(here, steps)
    for parent, chosen in reversed(path):
        inside = [each.raw for each in asn1.children(parent)]
        inside[chosen] = new
        new = asn1.encode(parent.tag, *inside)
    return new


def _changed_element(element: asn1.Der, steps: Script) -> bytes:
    deeds: tuple[Callable[[], bytes], ...] = (
        lambda: b"",
        lambda: element.raw * 2,
        lambda: asn1.encode(element.tag, b""),
        lambda: asn1.encode(TAGS[steps.number(len(TAGS))], element.content),
        lambda: asn1.encode(element.tag, NUMBERS[steps.number(len(NUMBERS))]),
        lambda: asn1.encode(element.tag, steps.octets(24)),
        lambda: asn1.encode(element.tag, _bit(element.content, steps)),
        lambda: asn1.encode(0x30, element.raw),
    )
    return deeds[steps.number(len(deeds))]()


def _entry(content: bytes, steps: Script) -> bytes:
    """One file of an archive changed as its own kind, the archive written again around it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    except (
        zipfile.BadZipFile,
        zlib.error,
        ValueError,
        NotImplementedError,  # what zipfile raises for a method or version it does not know
        RuntimeError,
        EOFError,
        OSError,
        IndexError,
    ):
        # what the standard library makes of a broken archive
        return _octets(content, steps)
    if not parts:
        return content
    name = sorted(parts)[steps.number(len(parts))]
    inner = parts[name]
    kind: Kind = "xml" if inner[:1] == b"<" else "der" if inner[:1] == b"\x30" else "bytes"
    parts[name] = mutated(inner, kind, steps.octets(30))
    return m.raw_zip(m.raw_entries(parts))


_BYTES: Final = (_octets, _bit, _cut, _twice)
_CHANGES: Final[dict[Kind, tuple[Callable[[bytes, Script], bytes], ...]]] = {
    "bytes": _BYTES,
    "xml": (_octets, _octets, _bit, _twice, _cut),
    "der": (_element, _element, _element, _octets, _bit, _cut),
    "zip": (_entry, _entry, _entry, _octets, _bit, _cut),
}
