"""Text that was read in the wrong encoding, made readable for a person; never before verification, never kept instead.

Seen (reference, 2.7 and 9): the gateway's own status texts are UTF-8 read as Latin-1 and encoded again, and signed in
that form; notices are UTF-8 read as CP1251, or CP1251 read as Latin-1. It can go when the operator says that texts are
sound.
"""

from __future__ import annotations

import re

_CYRILLIC_WORD = re.compile(r"[Ѐ-ӿ]{2,}")
_STRANGE = re.compile(r"[\x80-\xffЀ-ӿ‘-„†-‰‹›€№™ŒœŠšŸŽžƒˆ˜]")
_LATIN_WORD_WITH_ACCENT = re.compile(r"[A-Za-z][À-ÿ]|[À-ÿ][A-Za-z]")
_HIGH_CYRILLIC = re.compile(r"[À-ÿ]{2,}")


def repaired(text: str) -> str:
    """`text` as it was probably meant; unchanged unless a reading in another encoding gives plain Cyrillic."""
    if not _STRANGE.search(text):
        return text
    for wrongly_read_as in ("latin-1", "cp1252", "cp1251"):
        content = _bytes(text, wrongly_read_as)
        if content is None:
            continue
        try:
            meant = content.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if meant != text and _CYRILLIC_WORD.search(meant):
            return meant
    return _cp1251_read_as_latin(text)


def _cp1251_read_as_latin(text: str) -> str:
    if not _HIGH_CYRILLIC.search(text) or _LATIN_WORD_WITH_ACCENT.search(text):
        return text  # a French or a German word has accents among plain letters, a mangled Russian one has nothing else
    content = _bytes(text, "latin-1") or _bytes(text, "cp1252")
    try:
        return text if content is None else content.decode("cp1251")
    except UnicodeDecodeError:
        return text


def _bytes(text: str, encoding: str) -> bytes | None:
    """The bytes that reading in `encoding` turned into `text`; None when it cannot have been that encoding.

    A byte that the encoding leaves open was passed through as a control character by some readers (0x98 in CP1251, half
    of the letter И).
    """
    content = bytearray()
    for letter in text:
        try:
            content += letter.encode(encoding)
        except UnicodeEncodeError:
            if not "\x80" <= letter <= "\x9f":
                return None
            content.append(ord(letter))
    return bytes(content)
