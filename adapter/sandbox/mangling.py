"""How texts come out of the real exchange: through a wrong code page, and where a code was agreed.

The notices seen had Cyrillic that went through CP1251, the gateway's own texts were UTF-8 read as Latin-1 and encoded
again (reference, 2.7 and trap 7). The damage is done before signing, so the signature covers the damaged text.
"""

from __future__ import annotations

import re

from adapter.sandbox.writing import written

_TEXT = re.compile(r">([^<>]+)<")
_REASON = re.compile(r"(<isValidReason[^>]*>)[^<]*(</isValidReason>)")
_REGISTERED_AS = re.compile(r"<regNo[^>]*>[^<]*</regNo>")
_HREF = re.compile(r"(<href[^>]*>)[^<]*(</href>)")
_TEXTS = ("description", "isValidReason", "regNo", "executive", "author", "resultText", "controlTypeNameKz")
_CYRILLIC = re.compile("[\u0400-\u04ff]")


def with_reason_text(data: str, text: str) -> str:
    """A stateNotValid whose reason is `text`; any other notice as it is."""
    return _REASON.sub(lambda found: f"{found[1]}{written(text)}{found[2]}", data)


def contradicted(data: str, kind: str) -> str:
    """The opposite of a stateRegistered or a stateNotValid, from the same speaker about the same document.

    A registration becomes a refusal for the rules (reason 3), a refusal a registration under a number of the sandbox.
    """
    if kind == "stateRegistered":
        said, own = _REGISTERED_AS.sub("<isValidReason>3</isValidReason>", data), "stateNotValid"
    else:
        said, own = _REASON.sub("<regNo>SBX-CONTRADICTION</regNo>", data), "stateRegistered"
    return said.replace(f":{kind}", f":{own}", 1)


def with_href(data: str, href: str) -> str:
    """The same about another document."""
    return _HREF.sub(lambda found: f"{found[1]}{written(href)}{found[2]}", data, count=1)


def mangled(data: str, form: str, text: str) -> str:
    """Every text with Cyrillic through a wrong code page; `text`, when given, first replaces the first text field."""
    if text:
        for name in _TEXTS:
            field = re.compile(rf"(<{name}[^>/]*>)[^<]*(</{name}>)")
            if field.search(data):
                data = field.sub(lambda found: f"{found[1]}{written(text)}{found[2]}", data, count=1)
                break
    return _TEXT.sub(lambda found: f">{_damaged(found[1], form) if _CYRILLIC.search(found[1]) else found[1]}<", data)


def double_encoded(text: str) -> str:
    """UTF-8 read as Latin-1, as the gateway's own texts are."""
    return text.encode().decode("latin-1")


def _damaged(text: str, form: str) -> str:
    if form == "cp1251-as-latin1":
        return text.encode("cp1251", errors="replace").decode("latin-1")
    if form == "cp1251-as-utf8":
        return text.encode("cp1251", errors="replace").decode("utf-8", errors="replace")
    # 0x98 is the one byte that CP1251 leaves unassigned; readers keep it as the control character of the same number
    return "".join(chr(byte) if byte == 0x98 else bytes([byte]).decode("cp1251") for byte in text.encode())  # noqa: PLR2004 - the byte named above
